"""Which cells are measured, with which steps, and what is left out for which reason."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS, UNAVAILABLE, FloatFormat
from numdiff.formulas.arguments import largest_step
from numdiff.formulas.kernels import observe
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS, general_problems
from numdiff.study import sweep as module
from numdiff.study.grids import common_steps, step_indices
from numdiff.study.measure import measure
from numdiff.study.subject import compatible, representable
from numdiff.study.sweep import Sweep, plan
from tests.study.test_grids import exact, nearest


@dataclass(frozen=True)
class Subject:
    """A function as a sweep wants it."""

    f: Callable[[Any], Any] = np.exp
    points: tuple[float, ...] = (0.5,)
    domain: tuple[float, float] = (-math.inf, math.inf)
    name: str = "subject"
    derivative: Callable[[Any], Any] | None = None
    exact: tuple[Callable[[Any], Any], ...] = ()


# --- grids ---------------------------------------------------------------------------------------------


def test_steps_in_the_records_are_those_of_the_grids() -> None:
    frame, _ = measure(plan(Subject(), Sweep("s", (), first_step=3, last_step=6)), "arb")
    for (name, grid, k), rows in frame.groupby(["format", "grid", "k"]):
        fmt = FORMATS[str(name)]
        factor = Fraction(1) if grid == "dyadic" else Fraction(12357, 10000)
        step = nearest(factor / 2 ** int(k), fmt.precision, fmt.min_exponent)  # type: ignore[call-overload]
        assert {fmt.lift(fmt.from_hex(text)) for text in rows["step"]} == {step}
    assert set(frame["k"]) == {3, 4, 5, 6}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("x", [0.5, 2.0, 0.0, -3.0])
def test_grid_reaches_the_step_that_is_lost_in_x_and_not_much_further(name: str, x: float) -> None:
    fmt = FORMATS[name]
    point = fmt.as_array(np.array([x]))
    ks = step_indices(fmt, point)
    smallest = common_steps(fmt, "dyadic", tuple(ks))[-1]
    assert smallest > 0
    held = smallest == fmt.dtype.type(float(fmt.smallest_subnormal))
    if x and not held:
        assert point[0] + smallest == point[0]
        assert point[0] + smallest * fmt.dtype.type(64) != point[0]


@pytest.mark.parametrize("name", FORMATS)
def test_no_step_of_a_grid_vanishes(name: str) -> None:
    fmt = FORMATS[name]
    for grid in ("dyadic", "generic"):
        ks = tuple(step_indices(fmt, fmt.as_array(np.array([1e-6]))))
        assert all(exact(h) > 0 for h in common_steps(fmt, grid, ks))
        assert len({exact(h) for h in common_steps(fmt, grid, ks)}) == len(ks)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("points", [(8.0, 0.125), (0.125, 8.0), (0.0, -0.125, 8.0)])
def test_every_point_but_zero_reaches_its_absorbed_steps(name: str, points: tuple[float, ...]) -> None:
    fmt = FORMATS[name]
    xs = fmt.as_array(np.array(points))
    smallest = common_steps(fmt, "dyadic", tuple(step_indices(fmt, xs)))[-1]
    assert all(x + smallest == x for x in xs if x or smallest == 0)
    assert smallest > fmt.dtype.type(float(fmt.smallest_subnormal)) or name == "float16"


@pytest.mark.parametrize("name", ["bfloat16", "float32", "float64"])
@pytest.mark.parametrize(
    ("points", "first"), [((1e10,), -32), ((-1e10, 1e-3), -32), ((2.0,), 0), ((1.5,), 1), ((0.5, 0.25), 1), ((0.0,), 1)]
)
def test_open_first_step_scales_with_the_largest_point(name: str, points: tuple[float, ...], first: int) -> None:
    fmt = FORMATS[name]
    xs = fmt.as_array(np.array(points))
    ks = step_indices(fmt, xs, None)
    assert ks[0] == first
    coarsest = common_steps(fmt, "generic", (first,))[0]
    assert xs[0] + coarsest != xs[0]
    assert float(coarsest) <= max(0.62 * float(np.abs(xs).max()), 0.62)


@pytest.mark.parametrize("name", FORMATS)
def test_first_step_of_a_registered_problem_is_the_one_of_its_sweep(name: str) -> None:
    fmt = FORMATS[name]
    for problem in general_problems().values():
        ks = step_indices(fmt, fmt.as_array(np.array(problem.points[:1])))
        x = abs(Fraction(problem.points[0])) or Fraction(1)
        binade = math.floor(math.log2(x))  # exact: x has at most 8 bits
        assert ks[0] == 1
        assert ks[-1] == min(fmt.precision + 4 - binade, fmt.precision - 1 - fmt.min_exponent)


# --- what cannot be run ------------------------------------------------------------------------------------


def reasons(subject: Subject, **fields: Any) -> set[str]:
    defaults: dict[str, Any] = {"methods": ("centered",), "formats": ("float16",), "all_points": True}
    return {skip.reason for skip in plan(subject, Sweep("s", (), **{**defaults, **fields})).skips}


def test_point_that_overflows_the_format_is_skipped_with_the_reason() -> None:
    subject = Subject(points=(1.0, 70000.0))
    assert reasons(subject) == {"x = 70000.0 overflows float16"}
    assert reasons(subject, formats=("float32",)) == set()
    assert plan(subject, Sweep("s", (), formats=("float16",), all_points=True)).batches[0].point_indices == (0,)


def test_point_that_rounds_out_of_the_domain_is_skipped_with_the_reason() -> None:
    subject = Subject(f=np.log, points=(1e-9,), domain=(0.0, math.inf))
    assert reasons(subject) == {"x = 1e-09 rounds to 0.0 in float16, outside the domain (0.0, inf)"}
    assert reasons(subject, formats=("bfloat16", "float32")) == set()
    assert representable(1.0, (0.0, 1.0), FORMATS["float64"]) != ""  # the domain is open


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_format_without_complex_numbers_has_no_complex_step(name: str) -> None:
    assert reasons(Subject(), formats=(name,), methods=("complex_step",)) == {f"{name} has no complex dtype"}


@pytest.mark.parametrize(
    ("f", "ufunc"),
    [
        (lambda x: x * np.abs(x), "absolute"),
        (lambda x: np.where(x > 0, x, -x), "greater"),
        (lambda x: np.maximum(x, 0.0), "maximum"),
        (lambda x: np.sign(x) * x, "sign"),
        (np.cbrt, "cbrt"),
        (lambda x: np.hypot(x, 1.0), "hypot"),
        (lambda x: np.logaddexp(x, 0.0), "logaddexp"),
        (lambda x: np.sin(np.deg2rad(x)), "deg2rad"),
    ],
)
def test_function_without_a_complex_meaning_has_no_complex_step(f: Any, ufunc: str) -> None:
    subject = Subject(f=f, points=(0.75,))
    reason = compatible(subject, METHODS["complex_step"], FORMATS["float64"])
    assert ufunc in reason
    frame, skips = measure(plan(subject, Sweep("s", (), ("complex_step",), ("float64",))), "arb")
    assert (len(frame), skips["reason"].tolist()) == (0, [reason])


@pytest.mark.parametrize("name", ["exp", "runge", "oscillation", "composition"])
def test_what_compatible_lets_through_runs(name: str) -> None:
    problem = PROBLEMS[name]
    assert compatible(problem, METHODS["complex_step"], FORMATS["float64"]) == ""
    frame, skips = measure(plan(problem, Sweep("s", (), ("complex_step",), ("float64",), last_step=3)), "arb")
    assert len(frame) > 0
    assert len(skips) == 0


def test_missing_format_is_skipped_with_the_reason_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer: dict[str, FloatFormat] = {name: f for name, f in FORMATS.items() if name != "float80"}
    monkeypatch.setattr(module, "FORMATS", fewer)
    monkeypatch.setattr(module, "UNAVAILABLE", {"float80": "longdouble is float64 here"})
    skips = plan(Subject(), Sweep("s", (), formats=("float64", "float80"))).skips
    assert [(s.format, s.method, s.reason) for s in skips] == [
        ("float80", method, "longdouble is float64 here") for method in ("forward", "centered")
    ]


def test_other_longdouble_is_known_and_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer: dict[str, FloatFormat] = {name: f for name, f in FORMATS.items() if name != "float80"}
    monkeypatch.setattr(module, "FORMATS", fewer)
    monkeypatch.setattr(module, "UNAVAILABLE", {})
    skips = plan(Subject(), Sweep("s", (), ("forward",), ("float80",))).skips
    assert [(s.format, s.reason) for s in skips] == [("float80", "longdouble is another format on this machine")]


def test_default_formats_are_those_of_the_machine_and_the_missing_ones() -> None:
    assert Sweep("s", ()).formats == (*FORMATS, *UNAVAILABLE)
    assert Sweep("s", ()).formats[:4] == ("float16", "bfloat16", "float32", "float64")
    assert len(Sweep("s", ()).formats) == 5


def test_number_that_no_double_holds_is_rounded_once() -> None:
    """1 + 2⁻¹¹ + 2⁻⁶⁰ rounds up in float16; by way of a double it is a tie and rounds down."""
    x = 1 + Fraction(1, 2**11) + Fraction(1, 2**60)
    (task,) = plan(
        Subject(points=(x,)),
        Sweep("s", (), ("forward",), ("float16",), (), given_steps=(x,)),  # type: ignore[arg-type]
    ).batches
    assert exact(task.points[0]) == exact(task.steps[0]) == 1 + Fraction(1, 2**10)
    assert float(x) == 1 + 2.0**-11


def test_skip_shows_a_number_that_no_double_holds_in_digits() -> None:
    huge = Fraction(10) ** 400
    assert reasons(Subject(points=(huge,)), formats=("float64",)) == {  # type: ignore[arg-type]
        "x = 1.00000000000000000000000000000e+400 overflows float64"
    }
    assert reasons(Subject(), grids=(), given_steps=(huge,)) == {
        "h = 1.00000000000000000000000000000e+400 is zero or infinite in float16"
    }


def test_given_step_that_vanishes_in_the_format_is_skipped_with_the_reason() -> None:
    fields: dict[str, Any] = {"grids": (), "given_steps": (1e-4, 1e-9, 1e6), "methods": ("forward",)}
    assert reasons(Subject(), **fields) == {
        "h = 1e-09 is zero or infinite in float16",
        "h = 1000000.0 is zero or infinite in float16",
    }
    tasks = plan(Subject(), Sweep("s", (), formats=("float16",), **fields)).batches
    assert [(task.ks, exact(task.steps[0])) for task in tasks] == [((0,), exact(np.float16(1e-4)))]


@pytest.mark.parametrize(
    ("method", "h", "kept"),
    [("centered", 40000.0, 0), ("centered", 30000.0, 1), ("forward", 40000.0, 1), ("centered4", 30000.0, 0)],
)
def test_step_that_overflows_inside_the_formula_is_skipped_not_raised(method: str, h: float, kept: int) -> None:
    sweep = Sweep("s", (), (method,), ("float16",), (), given_steps=(h,))
    frame, skips = measure(plan(Subject(f=lambda x: x / 4), sweep), "arb")
    assert (len(frame), len(skips)) == (kept, 1 - kept)
    assert all("overflows" in reason for reason in skips["reason"])
    assert largest_step(METHODS[method], FORMATS["float16"]) >= h or not kept


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("method", [name for name in METHODS if name != "complex_step"])
def test_largest_step_is_the_largest_that_the_kernel_takes(name: str, method: str) -> None:
    fmt = FORMATS[name]
    limit = largest_step(METHODS[method], fmt)
    below = limit
    x = np.zeros(1, dtype=fmt.dtype)
    observe(METHODS[method], lambda x: x, x, below)
    with np.errstate(over="ignore"):
        above = np.nextafter(below, fmt.dtype.type(math.inf))
    with pytest.raises(ValueError, match="h must be"):
        observe(METHODS[method], lambda x: x, x, above)


def test_point_too_large_for_any_step_of_the_grid_is_not_dropped_in_silence() -> None:
    frame, skips = measure(
        plan(Subject(f=np.sqrt, points=(64000.0,)), Sweep("s", (), ("forward",), ("float16",))), "arb"
    )
    assert len(frame) == 0
    assert skips["reason"].tolist() == ["no step of the grid is large enough to move x in float16"]


@pytest.mark.parametrize("name", general_problems())
def test_every_cell_of_the_product_is_planned_or_skipped(name: str) -> None:
    """Problem × point × method × format: each is a task or a row of the skips, never neither."""
    problem = PROBLEMS[name]
    sweep = Sweep("s", (name,), ("forward", "complex_step"), all_points=True)
    result = plan(problem, sweep)
    for format_name in sweep.formats:
        for method in sweep.methods:
            skipped = [s for s in result.skips if (s.format, s.method) == (format_name, method)]
            tasks = [t for t in result.batches if (t.format.name, t.method.name) == (format_name, method)]
            points = {i for t in tasks for i in t.point_indices}
            named = {problem.points.index(float(s.point)) for s in skipped if s.point}
            assert points.isdisjoint(named)
            if not any(s.point == "" for s in skipped):
                assert points | named == set(range(len(problem.points)))


# --- validation ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"problems": "exp"}, TypeError, "problems must be a tuple of names, got 'exp'"),
        ({"problems": (PROBLEMS["exp"],)}, TypeError, "problems must be a tuple of names"),
        ({"formats": "float64"}, TypeError, "formats must be a tuple of names, got 'float64'"),
        ({"formats": (np.float64,)}, TypeError, "formats must be a tuple of names"),
        ({"formats": ("float23",)}, ValueError, "formats must be among float16, bfloat16, .* got 'float23'"),
        ({"methods": ("sideways",)}, ValueError, "method must be a registered name, got 'sideways'"),
        ({"problems": ("exp", "exp")}, ValueError, "problems must name each only once, got 'exp' twice"),
        ({"methods": ("forward",) * 2}, ValueError, "methods must name each only once, got 'forward' twice"),
        (
            {"grids": ("octal",)},
            ValueError,
            "grids must be among dyadic, generic, decimal, .* representable_outward, got 'octal'",
        ),
        ({"given_steps": (0.0,)}, ValueError, r"given_steps must be positive and finite, got 0\.0"),
        ({"given_steps": (0.1, -1.0)}, ValueError, r"given_steps must be positive and finite, got -1\.0"),
        ({"given_steps": (math.nan,)}, ValueError, "given_steps must be positive and finite, got nan"),
        ({"given_steps": (math.inf,)}, ValueError, "given_steps must be positive and finite, got inf"),
        ({"first_step": 5, "last_step": 4}, ValueError, "last_step must be at least first_step=5, got 4"),
        ({"problems": None}, TypeError, "problems must be a tuple of names, got None"),
        ({"grids": "generic"}, TypeError, "grids must be a tuple of names, got 'generic'"),
        ({"grids": (None,)}, TypeError, r"grids must be a tuple of names, got \(None,\)"),
        ({"arithmetics": "platform"}, TypeError, "arithmetics must be a tuple of names, got 'platform'"),
        ({"arithmetics": ([],)}, TypeError, r"arithmetics must be a tuple of names, got \(\[\],\)"),
        ({"methods": "forward"}, TypeError, "methods must be a tuple, got str 'forward'"),
        ({"given_steps": 0.1}, TypeError, r"given_steps must be a tuple, got float 0\.1"),
        ({"given_steps": ("a",)}, TypeError, "given_steps must hold real numbers, got str 'a'"),
        ({"first_step": "1"}, TypeError, "first_step must be an integer, a k of the grid, or None, got '1'"),
        ({"last_step": 2.5}, TypeError, r"last_step must be an integer, a k of the grid, or None, got 2\.5"),
    ],
)
def test_bad_field_is_named(fields: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Sweep(**{"name": "s", "problems": (), **fields})


def test_time_to_plan_grows_as_the_given_steps_do() -> None:
    def seconds(count: int) -> float:
        steps = tuple(np.linspace(0.25, 0.5, count).tolist())
        asked = Sweep("s", (), ("forward",), ("float64",), (), given_steps=steps)
        times = []
        for _ in range(3):
            start = time.perf_counter()
            assert plan(Subject(), asked).cells == count
            times.append(time.perf_counter() - start)
        return min(times)

    few, many = seconds(2000), seconds(16_000)
    assert many < 24 * few, (few, many)  # 8 where time is linear, 64 where each step is looked for among all


def test_format_without_a_step_in_the_range_gives_no_cell() -> None:
    frame, _ = measure(
        plan(Subject(), Sweep("s", (), ("forward",), ("float16", "float64"), first_step=30, last_step=31))
    )
    assert set(frame["format"]) == {"float64"}
    assert len(frame) == 4


def test_steps_above_one_are_a_grid_too() -> None:
    frame, skips = measure(
        plan(Subject(f=lambda x: x / 4), Sweep("s", (), ("centered",), ("float16",), first_step=-20, last_step=-1))
    )
    assert (frame["step_value"] > 1).all()
    assert (frame["k"] >= -14).all()
    assert len(frame) + len(skips) == 40
