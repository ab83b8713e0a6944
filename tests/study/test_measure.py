"""What is written down of a cell: nothing dropped, nothing invented, the same from both engines."""

import dataclasses
import math
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest
from flint import ctx

from numdiff.analysis.error_ledger import error_ledger
from numdiff.floats.formats import FORMATS
from numdiff.formulas.kernels import observe
from numdiff.formulas.stencil import ComplexStep
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS, general_problems
from numdiff.study import blocks as blocks_module
from numdiff.study.blocks import blocks_of
from numdiff.study.grids import neighbours
from numdiff.study.measure import SKIP_COLUMNS, Known, measure
from numdiff.study.records import FIELDS, PARTS
from numdiff.study.sweep import Sweep, plan

ENGINES = ("mpmath", "arb")
ALL = ("float16", "bfloat16", "float32", "float64", "float80")
MP: Any = mpmath.MPContext()
MP.dps = 400


@dataclass(frozen=True)
class Subject:
    """A function as a sweep wants it."""

    f: Callable[[Any], Any] = np.exp
    derivative: Callable[[Any], Any] | None = None
    points: tuple[float, ...] = (0.5,)
    domain: tuple[float, float] = (-math.inf, math.inf)
    name: str = "subject"
    exact: tuple[Callable[[Any], Any], ...] = ()


def cells(subject: Any, engine: Any = "arb", **fields: Any) -> pd.DataFrame:
    defaults: dict[str, Any] = {"methods": ("forward",), "formats": ("float64",), "all_points": True}
    return measure(plan(subject, Sweep("s", (), **{**defaults, **fields})), engine)[0]


def exact_total(row: Any, truth: Any) -> Fraction:
    fmt = FORMATS[row.format]
    sign, mantissa, exponent, _ = truth._mpf_
    return fmt.lift(fmt.from_hex(row.computed)) - (-1) ** sign * int(mantissa) * Fraction(2) ** exponent


# --- the two engines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", general_problems())
def test_both_engines_write_the_same_bytes(name: str) -> None:
    sweep = Sweep(
        "s",
        (name,),
        ("forward", "centered4", "complex_step"),
        ("bfloat16", "float64"),
        (),
        given_steps=(1 / 16, 1e-3),
        all_points=True,
        neighbourhood=name in ("exp", "runge"),
    )
    frames = [measure(plan(PROBLEMS[name], sweep), engine) for engine in ("mpmath", "arb")]
    assert len(frames[0][0]) > 0
    assert frames[0][0].to_csv() == frames[1][0].to_csv()
    assert frames[0][1].to_csv() == frames[1][1].to_csv()


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (lambda x: (1 - np.cos(x)) / x**2, None),
        (lambda x: (1 - np.cos(x)) / x**2, lambda x: (x * np.sin(x) - 2 * (1 - np.cos(x))) / x**3),
        (lambda x: (np.exp(x) - 1) / x, lambda x: (x * np.exp(x) - (np.exp(x) - 1)) / x**2),
        (lambda x: np.log(1 + x), lambda x: 1 / (1 + x)),
    ],
    ids=["1 - cos", "1 - cos, closed form", "expm1", "log1p"],
)
@pytest.mark.parametrize("x", [2.0**-20, 2.0**-40, 2.0**-44])
def test_both_engines_write_the_same_bytes_where_the_function_cancels(f: Any, derivative: Any, x: float) -> None:
    steps = (x / 4, x / 1000, x * 1e-9)
    both: dict[str, Any] = {"methods": ("forward", "centered"), "formats": ("float32", "float64")}
    written = [
        cells(Subject(f, derivative, (x,)), engine, given_steps=steps, grids=(), **both).to_csv() for engine in ENGINES
    ]
    assert written[0] == written[1]


# --- one evaluation an abscissa -----------------------------------------------------------------------------


class Census:
    """A callable that counts every exact point it is asked for, by engine and precision."""

    def __init__(self, f: Callable) -> None:
        self.f, self.seen = f, Counter[Any]()

    def __call__(self, x: Any) -> Any:
        if not isinstance(x, np.ndarray) and x.engine.name in ("mpmath", "Arb"):
            # mpmath has one engine a precision; Arb's is in its context.
            precision = id(x.engine) if x.engine.name == "mpmath" else ctx.prec
            self.seen.update((x.engine.name, precision, str(item)) for item in x.items)
        return self.f(x)


@pytest.mark.parametrize("engine", ENGINES)
def test_one_abscissa_is_evaluated_once_for_all_kernels_steps_and_formats(engine: Any) -> None:
    census = Census(np.exp)
    sweep = Sweep("s", (), ("forward", "backward", "centered", "centered4"), ALL, first_step=2, last_step=7)
    subject = Subject(census)
    frame, _ = measure(plan(subject, sweep), engine)
    assert len(frame) == 5 * 4 * 2 * 6
    assert set(census.seen.values()) == {1}
    # All cells settle at the first precision, so the points evaluated are the distinct nodes, and no other.
    assert len(census.seen) == len(distinct_nodes(Subject(), sweep)) * (2 if engine == "mpmath" else 1)


def distinct_nodes(subject: Any, sweep: Sweep) -> set[Fraction]:
    nodes: set[Fraction] = set()
    for task in plan(subject, sweep).batches:
        method, fmt = task.method, task.format
        assert not isinstance(method, ComplexStep)
        for x in task.points:
            seen = observe(method, subject.f, np.broadcast_to(x, task.steps.shape).copy(), task.steps)
            nodes |= {fmt.lift(at) for array in seen.abscissae for at in array}
            nodes |= {fmt.lift(x) + c * fmt.lift(h) for h in task.steps for c in method.offsets}
    return nodes


# --- nothing is dropped ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["exp", "tanh", "nash_log_near_zero", "signed_square", "squire_trapp_power"])
def test_there_is_a_record_for_every_cell_of_the_plan(name: str) -> None:
    sweep = Sweep("s", (name,), all_points=True, given_steps=(1e-4,), last_step=6, formats=ALL)
    frame, skips = measure(plan(PROBLEMS[name], sweep), "arb")
    todo = plan(PROBLEMS[name], sweep)
    assert len(frame) == todo.cells == sum(task.cells for task in todo.batches)
    assert len(skips) == len(todo.skips)
    keys = ["problem", "point", "format", "method", "grid", "k"]
    assert not frame.duplicated(keys).any()
    wanted = Counter(
        (t.format.name, t.method.name, grid, k, i)
        for t in todo.batches
        for grid, k in zip(t.grids, t.ks, strict=True)
        for i in t.point_indices
    )
    found = Counter(zip(frame["format"], frame["method"], frame["grid"], frame["k"], frame["point"], strict=True))
    assert found == wanted
    assert tuple(skips.columns) == SKIP_COLUMNS


@pytest.mark.parametrize("name", list(general_problems())[::2])
def test_a_missing_number_has_a_status_or_a_state_that_says_why(name: str) -> None:
    frame, _ = measure(
        plan(
            PROBLEMS[name],
            Sweep("s", (name,), formats=("float16", "float32"), all_points=True, grids=("generic",), last_step=4),
        ),
        "arb",
    )
    failed = frame["total"].isna()
    assert set(frame.loc[failed, "status"]) <= {"overflow", "nan", "outside-domain", "pole"}
    assert set(frame.loc[~failed, "status"]) <= {"ok", "absorbed"}
    for part in PARTS:
        missing = frame[part].isna()
        assert not (missing & ~failed).any()
    assert (frame.loc[~failed, "total"].abs() < math.inf).all()
    assert not (frame["ulps"].isna() & ~failed).any()
    assert set(frame.loc[frame["reference"].isna(), "state"]) <= {"out-of-domain"}


def test_failures_of_every_kind_are_records() -> None:
    with np.errstate(all="ignore"):
        overflow = cells(Subject(points=(12.0, 11.0)), formats=("float16",), last_step=4)
        nan = cells(Subject(lambda x: np.exp(x) / np.exp(x), points=(12.0,)), formats=("float16",), last_step=4)
    domain = cells(Subject(np.log, points=(0.25,)), methods=("centered",), grids=("dyadic",), last_step=4)
    pole = cells(Subject(lambda x: 1 / x, points=(0.0,)), methods=("centered",), last_step=4)
    absorbed = cells(Subject(points=(1.0,)), first_step=54, last_step=57)
    assert set(overflow["status"]) == {"overflow", "ok"}
    assert set(overflow.loc[overflow["point"] == 0, "status"]) == {"overflow"}
    assert set(nan["status"]) == {"nan"}
    assert domain["status"].tolist() == ["outside-domain", "pole", "ok", "ok"]
    assert set(pole["status"]) == {"pole"}
    assert set(absorbed["status"]) == {"absorbed"}
    assert absorbed["total"].notna().all()


def test_records_at_a_kink_hold_the_one_sided_truth_or_its_name() -> None:
    frame = cells(Subject(np.abs, points=(0.0,)), methods=("forward", "centered", "backward"), last_step=4)
    assert {(m, s) for m, s in zip(frame["method"], frame["status"], strict=True)} == {
        ("forward", "ok"),
        ("backward", "ok"),
        ("centered", "kink"),
    }
    assert frame.loc[frame["method"] == "forward", "reference"].unique().tolist() == [1.0]
    assert frame.loc[frame["method"] == "backward", "reference"].unique().tolist() == [-1.0]
    assert frame.loc[frame["status"] == "kink", ["reference", "total"]].isna().all(axis=None)
    jump = cells(Subject(np.sign, points=(0.0,)), methods=("forward",), last_step=4)
    assert set(jump["status"]) == set(jump["state"]) == {"jump"}


# --- ulps and relative error --------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("x", [0.5, -2.0, 2.0**-9])
def test_ulps_and_relative_error_are_their_formulas(name: str, x: float) -> None:
    fmt = FORMATS[name]
    frame = cells(Subject(np.exp, np.exp, (x,)), formats=(name,), grids=("generic",))
    truth = MP.exp(MP.mpf(x))
    exponent = int(MP.floor(MP.log(truth, 2)))
    spacing = Fraction(2) ** (exponent - fmt.precision + 1)
    for row in frame.itertuples():
        error = abs(exact_total(row, truth))
        assert row.ulps == pytest.approx(float(error / spacing), rel=2.0**-52)
        assert row.relative_error == pytest.approx(float(error) / float(truth), rel=2.0**-50)


@pytest.mark.parametrize("name", FORMATS)
def test_zero_derivative_has_no_relative_error_and_ulps_of_the_smallest_normal(name: str) -> None:
    fmt = FORMATS[name]
    subject = Subject(lambda x: x * x, lambda x: 2 * x, (0.0,))
    frame = cells(subject, formats=(name,), grids=("dyadic",), first_step=3, last_step=8)
    assert frame["relative_error"].isna().all()
    smallest = fmt.smallest_normal * fmt.machine_epsilon
    for row in frame.itertuples():
        assert Fraction(row.total) == Fraction(row.step_value)
        assert row.ulps == (
            float(Fraction(row.total) / smallest) if Fraction(row.total) / smallest < 2**1023 else math.inf
        )


def test_derivative_below_the_normal_numbers_has_the_ulp_of_the_smallest_normal() -> None:
    frame = cells(Subject(np.exp, np.exp, (-11.0,)), formats=("float16",), grids=("generic",), last_step=6)
    for row in frame.itertuples():
        assert row.ulps == pytest.approx(abs(row.total) * 2.0**24, rel=2.0**-52)


def test_ulp_is_that_of_the_derivative_and_not_of_the_double_nearest_to_it() -> None:
    """exp(−2⁻⁶⁰) is below 1, where the spacing is half of that of its double, 1."""
    frame = cells(Subject(np.exp, np.exp, (-(2.0**-60),)), grids=(), given_steps=(0.125,))
    assert frame["reference"].tolist() == [1.0]
    assert frame["ulps"][0] == pytest.approx(abs(frame["total"][0]) * 2.0**53, rel=2.0**-50)


@pytest.mark.skipif("float80" not in FORMATS, reason="needs a format with a wider exponent range than a double")
@pytest.mark.parametrize("x", [1000.0, 711.0, -800.0, -11000.0])
def test_errors_beyond_the_doubles_keep_their_relative_size(x: float) -> None:
    frame = cells(Subject(np.exp, np.exp, (x,)), formats=("float80",), grids=("generic",), first_step=8)
    truth = MP.exp(MP.mpf(x))
    spacing = Fraction(2) ** (int(MP.floor(MP.log(truth, 2))) - 63)
    for row in frame.itertuples():
        error = abs(exact_total(row, truth))
        _, mantissa, exponent, _ = truth._mpf_
        relative = error / (int(mantissa) * Fraction(2) ** exponent)
        assert row.relative_error == pytest.approx(float(relative), rel=2.0**-50)
        assert row.ulps == pytest.approx(float(error / spacing), rel=2.0**-50)


def test_slope_beyond_the_doubles_does_not_stop_the_sweep() -> None:
    frame = cells(Subject(lambda x: 1e307 * np.sin(1e5 * x), points=(0.0,)), grids=("generic",), last_step=5)
    assert (frame["reference"] == math.inf).all()
    assert (frame["total"] == -math.inf).all()
    assert (frame["relative_error"] <= 2).all()


# --- the numbers are those of the ledger -------------------------------------------------------------------


def test_record_repeats_the_ledger_of_its_cell() -> None:
    subject = Subject(np.sin, np.cos, (0.5, 0.1))
    frame = cells(subject, methods=("centered4",), formats=("float32",), grids=("generic",), last_step=6)
    for row in frame.itertuples():
        fmt = FORMATS["float32"]
        x, h = fmt.from_hex(row.x), fmt.from_hex(row.step)
        ledger = error_ledger(np.sin, x, h, METHODS["centered4"], "float32", "mpmath", derivative=np.cos)
        for name in (*PARTS, "total", "roundoff", "reference", "reference_radius", "effective_step"):
            assert getattr(row, name) == getattr(ledger, name)[()]
        assert fmt.from_hex(row.computed) == ledger.computed[()]
        assert (row.status, row.state, row.underflow) == ("ok", "certified", False)
        assert row.evaluations == 4
        assert row.reference_text == ledger.references[0].text


def test_cell_below_the_smallest_double_carries_the_flag() -> None:
    frame = cells(Subject(points=(1.0,)), methods=("complex_step",), grids=(), given_steps=(1e-200, 0.5))
    assert frame["underflow"].tolist() == [True, False]
    assert frame["truncation"].tolist()[0] == -5e-324


# --- neighbourhoods -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_neighbourhood_is_the_statistics_of_33_ledgers(name: str) -> None:
    fmt = FORMATS[name]
    subject = Subject(np.sin, np.cos, (0.625,))
    frame = cells(subject, formats=(name,), neighbourhood=True, first_step=3, last_step=6, given_steps=(0.01,))
    dyadic, others = frame[frame["grid"] == "dyadic"], frame[frame["grid"] != "dyadic"]
    assert dyadic["rms_error"].isna().all()
    assert (dyadic["neighbours"] == 0).all()
    near = neighbours(fmt, fmt.as_array(0.625)[()])
    for row in others.itertuples():
        ledger = error_ledger(np.sin, near, fmt.from_hex(row.step), METHODS["forward"], name, "arb", derivative=np.cos)
        errors = np.abs(ledger.total)
        assert (row.neighbours, row.failures) == (33, 0)
        assert row.rms_error == pytest.approx(math.sqrt(math.fsum(e * e for e in errors.tolist()) / 33), rel=2.0**-49)
        assert (row.median_error, row.max_error) == (np.median(errors), errors.max())


def test_failing_neighbours_are_counted_and_not_averaged() -> None:
    with np.errstate(all="ignore"):
        fields: dict[str, Any] = {"grids": ("generic",), "neighbourhood": True, "first_step": 9, "last_step": 9}
        frame = cells(Subject(points=(11.0,)), formats=("float16",), **fields)
        near = neighbours(FORMATS["float16"], np.float16(11.0))
        h = FORMATS["float16"].from_hex(frame["step"][0])
        errors = np.abs(error_ledger(np.exp, near, h, METHODS["forward"], "float16", "arb").total)
    finite = errors[np.isfinite(errors)]
    assert 0 < finite.size < 33
    assert (frame["neighbours"][0], frame["failures"][0]) == (33, 33 - finite.size)
    assert frame["max_error"][0] == finite.max()


def test_neighbour_beyond_the_largest_number_is_a_failure_not_an_exception() -> None:
    subject = Subject(np.sqrt, points=(64000.0,))
    frame = cells(subject, formats=("float16",), grids=("generic",), neighbourhood=True, first_step=-8, last_step=-6)
    assert len(frame) == 3
    # x(1 + 2⁻⁸r) is beyond 65504 from r = 7 on.
    assert frame["neighbours"].tolist() == [33] * 3
    assert (frame["failures"] >= 10).all()
    assert frame["rms_error"].notna().all()


def test_whole_neighbourhood_outside_the_domain_has_no_statistics() -> None:
    frame = cells(Subject(np.log, points=(-1.0,)), neighbourhood=True, grids=("generic",), last_step=3)
    assert frame["failures"].tolist() == [33] * 3
    assert frame[["rms_error", "median_error", "max_error"]].isna().all(axis=None)


# --- progress -----------------------------------------------------------------------------------------------


def test_progress_adds_up_to_all_cells() -> None:
    counted: list[int] = []
    sweep = Sweep("s", (), ("forward", "centered"), ALL, last_step=4)
    frame, _ = measure(plan(Subject(), sweep), "arb", counted.append)
    assert sum(counted) == len(frame) == plan(Subject(), sweep).cells


def test_frame_has_the_fields_of_the_record() -> None:
    assert list(cells(Subject(), last_step=2).columns) == list(FIELDS)
    nothing = cells(Subject(points=(1e9,)), formats=("float16",))
    assert (len(nothing), list(nothing.columns)) == (0, list(FIELDS))


# --- what sweeps share ----------------------------------------------------------------------------------------


def test_what_is_known_of_a_function_changes_no_record() -> None:
    """Caught: a batch of one sweep that is taken for one of another, and what depends on the cells beside it."""
    base = Sweep("shared", ("exp", "tanh"), ("forward", "centered"), ("float16", "float64"), last_step=20)
    sweeps = [
        base,
        dataclasses.replace(base, last_step=12),
        dataclasses.replace(base, neighbourhood=True),
        dataclasses.replace(base, neighbourhood=True, predictions=True),
        dataclasses.replace(base, arithmetics=("platform", "rounded")),
        dataclasses.replace(base, grids=("generic",), all_points=True),
        dataclasses.replace(base, methods=("centered", "centered4")),
    ]
    for engine in ("mpmath", "arb"):
        alone = [measure(plan(PROBLEMS[name], sweep), engine)[0] for name in base.problems for sweep in sweeps]
        for name in base.problems:
            known = Known(PROBLEMS[name], engine)
            for sweep in sweeps:
                pd.testing.assert_frame_equal(
                    measure(plan(PROBLEMS[name], sweep), engine, known=known)[0], alone.pop(0)
                )


def test_blocks_of_one_function_in_a_row_share_it_up_to_a_number_of_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = blocks_of(Sweep("first", ("exp",), ("forward",), ("float64",)), "arb")
    (second,) = blocks_of(Sweep("second", ("exp",), ("centered",), ("float64",)), "arb")
    (other,) = blocks_of(Sweep("first", ("tanh",), ("forward",), ("float64",)), "arb")
    known = blocks_module.known_of(first)
    assert blocks_module.known_of(second) is known
    assert blocks_module.known_of(other) is not known
    assert blocks_module.known_of(first) is not known
    monkeypatch.setattr(blocks_module, "LARGEST", first.cells + second.cells)
    known = blocks_module.known_of(dataclasses.replace(first, engine="mpmath"))
    assert blocks_module.known_of(dataclasses.replace(second, engine="mpmath")) is known
    assert blocks_module.known_of(dataclasses.replace(first, engine="mpmath")) is not known
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(blocks_module.known_of, first).result() is not blocks_module.known_of(first)
