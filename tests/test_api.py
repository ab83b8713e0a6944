"""`sweep` on one's own functions: what a notebook user types, and what a mistaken one is told."""

import math
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from typing import Any

import ml_dtypes
import mpmath as mp
import numpy as np
import pandas as pd
import pytest

import numdiff as nd
from numdiff.api import SweepResult
from numdiff.autodiff import Exp
from numdiff.floats.formats import FORMATS
from numdiff.study.records import FIELDS
from tests.study.in_this_process import in_this_process


def test_lambda_needs_no_registry() -> None:
    found = nd.sweep(lambda x: np.exp(x) * x, 0.5, dtype=["float64"])
    assert isinstance(found, SweepResult)
    frame = found.to_pandas()
    assert list(frame.columns) == list(FIELDS)
    assert set(frame["grid"]) == {"generic"}
    assert set(frame["method"]) == {"forward", "centered"}
    assert frame["total"].abs().min() < 1e-9


def test_all_formats_of_the_machine_are_swept_unless_told_otherwise() -> None:
    frame = nd.sweep(np.sin, 0.5, 1 / 16).to_pandas()
    assert list(dict.fromkeys(frame["format"])) == list(FORMATS)


@pytest.mark.parametrize(
    ("function", "plain"),
    [
        (nd.Exp(), np.exp),
        (nd.Square(), lambda x: x * x),
        (nd.Tanh(), lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))),
        (nd.Sin(), np.sin),
    ],
)
def test_function_gives_what_its_formula_gives(function: Any, plain: Any) -> None:
    ours, theirs = (nd.sweep(f, 0.5, [0.25, 1e-3], dtype=["float32", "float64"]).records for f in (function, plain))
    assert ours["problem"].unique().tolist() == [type(function).__name__]
    columns = [name for name in FIELDS if name not in ("problem", "reference_radius", "state")]
    assert ours[columns].to_csv() == theirs[columns].to_csv()


def test_composition_of_functions_is_swept_with_its_published_digits() -> None:
    composed = nd.on_arrays(lambda x: nd.Square()(nd.Exp()(nd.Square()(x))))
    frame = nd.sweep(composed, 0.5, 1e-4, stencil=["centered"], dtype=["float64"]).records
    assert frame["computed_value"].tolist() == [3.2974426293330694]


def test_given_steps_are_the_steps() -> None:
    frame = nd.sweep(np.exp, 1.0, [0.5, 1e-3, 1e-9], dtype=["float32"], stencil=["forward"]).records
    assert frame["grid"].unique().tolist() == ["given"]
    assert frame["k"].tolist() == [0, 1, 2]
    assert frame["step_value"].tolist() == [float(np.float32(h)) for h in (0.5, 1e-3, 1e-9)]


def test_single_step_and_single_point_may_be_numbers() -> None:
    frame = nd.sweep(np.exp, 1, 0.5, dtype=["float64"], stencil=["forward"]).records
    assert (frame["x_value"].tolist(), frame["step_value"].tolist()) == ([1.0], [0.5])
    assert frame["computed_value"].tolist() == [(math.exp(1.5) - math.exp(1)) / 0.5]


def test_several_points_are_all_swept() -> None:
    points = [0.5, 0.1, -2.0]
    frame = nd.sweep(np.exp, points, 0.25, dtype=["float16", "float64"], stencil=["forward"]).records
    assert frame["point"].tolist() == [0, 1, 2] * 2
    assert frame.loc[frame["format"] == "float64", "x_value"].tolist() == points
    assert frame.loc[frame["format"] == "float16", "x_value"].tolist() == [float(np.float16(x)) for x in points]
    assert nd.sweep(np.exp, np.array(points), 0.25, dtype=["float64"]).records.shape[0] == 6


@pytest.mark.parametrize("name", FORMATS)
def test_large_point_has_cells_that_are_not_absorbed(name: str) -> None:
    x = 1e10 if name != "float16" else 3e4
    found = nd.sweep(np.sqrt, x, dtype=[name], stencil=["forward"])
    assert len(found.skips) == 0
    assert {"ok", "absorbed"} <= set(found.records["status"])
    assert found.records["step_value"].max() <= 0.62 * x


def test_every_point_meets_its_absorbed_steps() -> None:
    frame = nd.sweep(np.exp, [8.0, 0.125], dtype=["float32"], stencil=["forward"]).records
    assert set(frame.loc[frame["status"] == "absorbed", "point"]) == {0, 1}


@pytest.mark.skipif("float80" not in FORMATS, reason="longdouble is no format of its own here")
@pytest.mark.parametrize(
    "kind", [lambda x: x, lambda x: [x], lambda x: np.array([x]), lambda x: FORMATS["float80"].lift(x)]
)
def test_longdouble_points_and_steps_keep_all_their_digits(kind: Any) -> None:
    x, h = np.longdouble(1) / 3, np.longdouble(1) / 4096 / 3
    assert (float(x) != x, float(h) != h) == (True, True)
    frame = nd.sweep(np.exp, kind(x), kind(h), dtype=["float80", "float64"]).records
    wide = FORMATS["float80"]
    rows = frame[frame["format"] == "float80"]
    assert (set(rows["x"]), set(rows["step"])) == ({wide.hex(x)}, {wide.hex(h)})
    assert set(frame.loc[frame["format"] == "float64", "x_value"]) == {float(x)}


def test_numbers_of_any_kind_are_rounded_once_to_each_format() -> None:
    x = 1 + Fraction(1, 2**11) + Fraction(1, 2**60)  # by way of a double it is a tie, which goes to even
    frame = nd.sweep(
        np.exp,
        [x, 2**60 + 1, Decimal("0.1"), np.float16(0.5), ml_dtypes.bfloat16(0.25)],
        x,
        dtype=["float16", "float64"],
        stencil=["forward"],
    ).records
    assert frame.loc[frame["format"] == "float16", "x_value"].tolist() == [
        1 + 2**-10,
        float(np.float16(0.1)),
        0.5,
        0.25,
    ]
    assert frame.loc[frame["format"] == "float64", "x_value"].tolist() == [1 + 2**-11, 2.0**60, 0.1, 0.5, 0.25]
    assert frame["step_value"].tolist() == [1 + 2**-10] * 4 + [1 + 2**-11] * 5


def test_number_beyond_the_doubles_is_skipped_where_it_overflows() -> None:
    found = nd.sweep(np.sqrt, [Fraction(10) ** 5000, 1.0], 0.5, dtype=["float64"], stencil=["forward"])
    assert found.records["x_value"].tolist() == [1.0]
    assert found.skips["reason"].tolist() == ["x = 1.00000000000000000000000000000e+5000 overflows float64"]


def test_truth_of_a_function_without_closed_form_is_that_of_the_closed_form() -> None:
    fields: dict[str, Any] = {"dtype": ["float64"], "grids": ["dyadic", "generic"]}
    plain = nd.sweep(np.arctan, 0.25, **fields).records
    closed = nd.sweep(np.arctan, 0.25, derivative=lambda x: 1 / (1 + x * x), **fields).records
    columns = [name for name in FIELDS if name not in ("reference_radius", "state")]
    assert plain[columns].to_csv() == closed[columns].to_csv()


def test_engines_give_the_same_records() -> None:
    ours, theirs = (nd.sweep(np.tanh, 0.5, engine=engine, dtype=["float64"]).records for engine in ("mpmath", "arb"))
    assert ours.to_csv() == theirs.to_csv()


def test_ledger_shows_the_four_parts_and_what_happened() -> None:
    ledger = nd.sweep(np.log, 0.25, [0.5, 0.125], stencil=["centered"], dtype=["float64"]).ledger
    assert {"truncation", "abscissa", "evaluation", "combination", "total", "status", "state"} <= set(ledger.columns)
    assert ledger["status"].tolist() == ["outside-domain", "ok"]
    assert math.isnan(ledger["total"][0])


def test_frames_are_copies() -> None:
    found = nd.sweep(np.exp, 0.5, 0.25, dtype=["float64"])
    for frame in (found.to_pandas(), found.ledger):
        frame["total"] = 0.0
    assert (found.records["total"] != 0).all()


def test_notebook_shows_a_table() -> None:
    html = nd.sweep(np.exp, 0.5, 0.25, dtype=["float64"])._repr_html_()
    assert "<table" in html
    assert "truncation" in html


def test_skips_say_what_could_not_be_run() -> None:
    found = nd.sweep(np.abs, [1.0, 1e6], 0.5, stencil=["forward", "complex_step"], dtype=["float16", "float64"])
    reasons = set(found.skips["reason"])
    assert "x = 1000000.0 overflows float16" in reasons
    assert "float16 has no complex dtype" in reasons
    assert any("absolute" in reason for reason in reasons)
    assert isinstance(found.skips, pd.DataFrame)


@pytest.mark.skipif("float80" not in FORMATS, reason="longdouble is no format of its own here")
def test_longdouble_goes_under_its_true_name() -> None:
    found = nd.sweep(np.exp, 0.5, 0.25, dtype=["longdouble"])
    assert set(found.records["format"]) == {"float80"}
    assert len(found.skips) == 0


def test_domain_keeps_points_out() -> None:
    found = nd.sweep(np.exp, [0.5, 2.0], 0.25, domain=(0.0, 1.0), dtype=["float64"])
    assert set(found.records["x_value"]) == {0.5}
    assert found.skips["point"].tolist() == ["2.0"] * 2


def test_result_without_a_cell_says_so_and_why() -> None:
    found = nd.sweep(np.exp, 1e6, dtype=["float16"])
    assert found.records.empty
    reason = "x = 1000000.0 overflows float16"
    with pytest.raises(ValueError, match=f"nothing to plot: .* the reason in .skips: {reason}$"):
        found.plot()
    assert reason in " ".join(repr(found).split())
    assert reason in found._repr_html_()
    full = nd.sweep(np.exp, 0.5, 0.25, dtype=["float64"])
    assert repr(full).startswith("Sweep of exp at x = 0.5: 2 cells, 2 ok; no skips\n")


def test_results_can_be_compared_and_hashed() -> None:
    one, two = (nd.sweep(np.exp, 0.5, 0.25, dtype=["float64"]) for _ in range(2))
    assert one == one
    assert one != two
    assert len({one, two}) == 2


# --- formulas, problems and names ------------------------------------------------------------------------------


MINE = nd.Stencil("mine", (1, -1), (Fraction(1, 2), Fraction(-1, 2)))
"""The centered difference under another name, made by hand."""
FEW: dict[str, Any] = {"h": [0.25, 1e-3], "dtype": ["float32", "float64"]}


def without(frame: pd.DataFrame, *columns: str) -> str:
    return frame.drop(columns=list(columns)).to_csv(index=False)


def test_formulas_are_taken_as_names_and_as_objects_also_mixed() -> None:
    mixed = nd.sweep(np.exp, 0.5, stencil=["forward", nd.CENTERED, nd.COMPLEX_STEP, nd.centered(4)], **FEW)
    named = nd.sweep(np.exp, 0.5, stencil=["forward", "centered", "complex_step", "centered4"], **FEW)
    assert without(mixed.records) == without(named.records)
    assert list(dict.fromkeys(mixed.records["method"])) == ["forward", "centered", "complex_step", "centered4"]


def test_formula_of_ones_own_is_measured_under_its_name() -> None:
    mine = nd.sweep(np.exp, 0.5, stencil=[MINE], **FEW).records
    theirs = nd.sweep(np.exp, 0.5, stencil=["centered"], **FEW).records
    assert set(mine["method"]) == {"mine"}
    assert without(mine, "method") == without(theirs, "method")
    assert "mine" not in nd.METHODS
    unregistered = nd.centered(14)
    assert nd.sweep(np.exp, 0.5, stencil=[unregistered], **FEW).records["method"].unique() == [unregistered.name]


@pytest.mark.parametrize(
    ("stencil", "error", "message"),
    [
        ([nd.Stencil("forward", (1, -1), (0.5, -0.5))], ValueError, "name of another one in METHODS, .* 'forward'"),
        ([MINE, MINE], ValueError, "stencil must name each only once, got 'mine' twice"),
        ([MINE, nd.Stencil("mine", (1, 0), (1, -1))], ValueError, "stencil must name each only once, got 'mine'"),
        ([nd.CENTERED, "centered"], ValueError, "stencil must name each only once, got 'centered' twice"),
        ([nd.Stencil(" ", (1, 0), (1, -1))], ValueError, "a formula must have a name"),
        ([nd.Stencil(3, (1, 0), (1, -1))], ValueError, "a formula must have a name"),  # type: ignore[arg-type]
        ([3], TypeError, "stencil must be a Stencil, got int 3"),
        ([nd.centered], TypeError, "stencil must be a Stencil, got function"),
    ],
    ids=["taken", "twice", "alike", "name", "blank", "number", "three", "maker"],
)
def test_formula_that_cannot_stand_in_the_records_is_refused(stencil: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        nd.sweep(np.exp, 0.5, stencil=stencil, **FEW)


def test_problem_brings_derivative_points_domain_and_name() -> None:
    problem = nd.PROBLEMS["exp"]
    ours = nd.sweep(problem, **FEW)
    x = list(problem.points)
    plain = nd.sweep(problem.f, x, derivative=problem.derivative, domain=problem.domain, name="exp", **FEW)
    assert without(ours.records) == without(plain.records)
    assert set(ours.records["problem"]) == {"exp"}
    assert nd.sweep(problem, 0.75, **FEW).records["x_value"].unique().tolist() == [0.75]
    assert set(nd.sweep(problem, 0.75, name="other", **FEW).records["problem"]) == {"other"}


def test_problem_that_is_not_registered_is_taken_and_its_domain_holds() -> None:
    problem = nd.Problem(
        "square_root", "sqrt(x)", np.sqrt, lambda x: 0.5 / np.sqrt(x), (0.5, 0.25), (0.125, 2.0), "ours", "r.", "own"
    )
    found = nd.sweep(problem, [0.5, 3.0], **FEW)
    assert found.records["x_value"].unique().tolist() == [0.5]
    assert all("outside the domain (0.125, 2.0)" in reason for reason in found.skips["reason"])
    narrower = nd.sweep(problem, domain=(0.3, 5.0), **FEW)
    assert narrower.records["x_value"].unique().tolist() == [0.5]
    assert "(0.3, 2.0)" in narrower.skips["reason"].iloc[0]
    with pytest.raises(
        ValueError, match=r"domain must overlap that of the problem 'square_root', .* got \(3\.0, 4\.0\)"
    ):
        nd.sweep(problem, domain=(3.0, 4.0), **FEW)
    with pytest.raises(ValueError, match="derivative must be left out where f is a Problem"):
        nd.sweep(problem, derivative=np.cos, **FEW)


def test_name_is_that_of_records_tables_and_figures() -> None:
    found = nd.sweep(lambda x: x * x, 1.0, name="my square", **FEW)
    assert set(found.records["problem"]) == {"my square"}
    assert "of my square, formula centered" in found.table(methods="centered").caption
    assert repr(found).startswith("Sweep of my square at x = 1: ")
    skipped = nd.sweep(np.exp, 1e6, 0.5, dtype=["float16"], name="large")
    assert set(skipped.skips["problem"]) == {"large"}


@pytest.mark.parametrize(("name", "error"), [("", ValueError), ("  ", ValueError), (3, TypeError)])
def test_name_must_be_a_text(name: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="name must"):
        nd.sweep(np.exp, 0.5, name=name, **FEW)


# --- workers -------------------------------------------------------------------------------------------------


def test_lambda_with_workers_is_refused_before_anything_starts() -> None:
    started = time.perf_counter()
    with pytest.raises(ValueError, match=r"f must be importable as module:function when workers > 1, got <function"):
        nd.sweep(lambda x: x, 0.5, workers=2)
    with pytest.raises(ValueError, match="derivative must be importable as module:function"):
        nd.sweep(np.exp, 0.5, derivative=lambda x: np.exp(x), workers=2)
    with pytest.raises(ValueError, match="f must be importable"):
        nd.sweep(nd.on_arrays(nd.Exp()), 0.5, workers=2)
    with pytest.raises(
        ValueError, match=r"f must be importable .* the Function Square\(\); write a function `return on"
    ):
        nd.sweep(nd.Square(), 0.5, workers=2)
    assert time.perf_counter() - started < 0.5  # a process takes longer to start


def test_importable_function_goes_to_workers_with_the_same_records(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = in_this_process(monkeypatch)
    fields: dict[str, Any] = {"derivative": np.cos, "dtype": ["float32", "float64"], "domain": (0.0, 1.0)}
    serial, parallel = (nd.sweep(np.sin, 0.5, [0.25, 1e-3], workers=workers, **fields) for workers in (1, 2))
    assert asked == [2]
    assert parallel.records.to_csv() == serial.records.to_csv()
    assert parallel.skips.to_csv() == serial.skips.to_csv()


@pytest.mark.parametrize(
    "subject",
    [
        nd.PROBLEMS["exp"],
        nd.Problem("own_sine", "sin(x)", np.sin, np.cos, (0.5,), (0.0, 3.0), "ours", "r.", "own"),
    ],
    ids=["registered", "own"],
)
def test_problems_own_formulas_and_names_go_to_workers(monkeypatch: pytest.MonkeyPatch, subject: nd.Problem) -> None:
    asked = in_this_process(monkeypatch)
    fields: dict[str, Any] = {"stencil": [MINE, "forward", nd.centered(14)], "name": "nick", **FEW}
    serial, parallel = (nd.sweep(subject, workers=workers, **fields) for workers in (1, 2))
    assert asked == [2]
    assert without(parallel.records) == without(serial.records)
    assert set(parallel.records["problem"]) == {"nick"}
    assert parallel.table().to_csv() == serial.table().to_csv()


def test_problem_of_local_functions_with_workers_is_refused_before_anything_starts() -> None:
    problem = nd.Problem("local", "x", lambda x: x, lambda x: 1 + 0 * x, (0.5,), (0.0, 1.0), "ours", "r.", "own")
    with pytest.raises(ValueError, match="f of the problem 'local' must be importable as module:function"):
        nd.sweep(problem, workers=2, **FEW)
    half = nd.Problem("half", "sin(x)", np.sin, lambda x: np.cos(x), (0.5,), (0.0, 1.0), "ours", "r.", "own")
    with pytest.raises(ValueError, match="derivative of the problem 'half' must be importable"):
        nd.sweep(half, workers=2, **FEW)


def test_progress_counts_all_cells(capsys: pytest.CaptureFixture[str]) -> None:
    found = nd.sweep(np.exp, 0.5, dtype=["float64"], progress=True)
    assert f"{len(found.records)}/{len(found.records)}" in capsys.readouterr().err
    nd.sweep(np.exp, 0.5, 0.25, dtype=["float64"])
    assert capsys.readouterr().err == ""


# --- mistakes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"f": 3}, TypeError, "f must be callable, got int 3"),
        ({"f": "exp"}, TypeError, "f must be callable, got str 'exp'"),
        ({"x": math.nan}, ValueError, "x must hold finite numbers, got nan$"),
        ({"x": [0.5, math.inf]}, ValueError, "x must hold finite numbers, got inf at index 1$"),
        ({"x": []}, ValueError, r"x must hold at least one number, in one dimension, got \[\]$"),
        ({"x": "a"}, TypeError, "x must be a number or a sequence of numbers, got 'a'"),
        ({"x": [[1.0, 2.0]]}, ValueError, r"x must hold .* in one dimension, got an array of shape \(1, 2\)$"),
        ({"x": np.zeros((30, 40))}, ValueError, r"x must hold .* in one dimension, got an array of shape \(30, 40\)$"),
        ({"x": np.zeros(0)}, ValueError, r"x must hold at least one number, .* got array\(\[\], dtype=float64\)$"),
        ({"x": ["a"] * 300}, TypeError, r"x must be a number or a sequence of numbers, got \['a', .{53}…$"),
        ({"x": 1j}, TypeError, "x must be a number or a sequence of numbers"),
        ({"h": 0.0}, ValueError, r"h must be positive, got 0\.0"),
        ({"h": [0.1, -1.0]}, ValueError, r"h must be positive, got -1\.0 at index 1$"),
        ({"h": math.inf}, ValueError, "h must hold finite numbers, got inf"),
        ({"h": []}, ValueError, r"h must hold at least one number, .* got \[\]"),
        ({"h": "small"}, TypeError, "h must be a number or a sequence of numbers, got 'small'"),
        ({"dtype": ["float8"]}, ValueError, "must be one of float16, .* got 'float8'"),
        ({"dtype": []}, ValueError, "dtype must name at least one, got none"),
        (
            {"stencil": ["central"]},
            ValueError,
            "stencil must be a formula or the name of one, got 'central'; did you mean",
        ),
        ({"stencil": 3}, TypeError, "stencil must be a Stencil, got int 3"),
        ({"args": 2.0}, TypeError, "args must be a tuple, got float"),
        ({"grids": ["octal"]}, ValueError, "grids must be among dyadic, generic, decimal, .* got 'octal'"),
        ({"grids": "general"}, ValueError, "grids must be among dyadic, generic, .*, got 'general'"),
        ({"engine": "sympy"}, ValueError, "engine must be 'mpmath' or 'arb', got 'sympy'"),
        ({"domain": (1.0, 0.0)}, ValueError, r"domain must be a pair of ends .* got \(1\.0, 0\.0\)"),
        ({"domain": (1.0, math.nan)}, ValueError, r"domain must be a pair of ends"),
        ({"domain": 3}, TypeError, r"domain must be a pair of ends \(low, high\) with low < high, got 3"),
        ({"domain": (1, 2, 3)}, ValueError, r"domain must be a pair of ends .* got \(1, 2, 3\)"),
        ({"domain": ("a", 2)}, TypeError, r"domain must be a pair of ends .* got \('a', 2\)"),
        ({"domain": (0, 2**60 + 1)}, ValueError, "domain must have ends that are doubles"),
        ({"x": "0.5"}, TypeError, "x must be a number or a sequence of numbers, got '0.5'"),
        ({"x": [0.5, [1.0, 2.0]]}, TypeError, "x must be a number or a sequence of numbers"),
        ({"x": None}, TypeError, "x must be a number or a sequence of numbers, got None"),
        ({"h": np.longdouble(-1) / 3}, ValueError, "h must be positive"),
        ({"x": np.longdouble(math.inf)}, ValueError, "x must hold finite numbers, got inf"),
        (
            {"f": math.exp},
            TypeError,
            r"f is a function of one number: .*elementwise=False.*exact=.*gradient.* np\.exp instead of math\.exp",
        ),
        ({"x": True}, TypeError, "x must be a number or a sequence of numbers, got True"),
        ({"h": np.array([True])}, TypeError, "h must be a number or a sequence of numbers"),
        (
            {"x": np.ma.array([0.5, 1.0], mask=[0, 1])},
            TypeError,
            "x must be a number or a sequence of numbers, got mask",
        ),
        ({"stencil": []}, ValueError, "stencil must name at least one, got none"),
        ({"grids": ()}, ValueError, "grids must name at least one, got none"),
        ({"dtype": ["float64", "double"]}, ValueError, "dtype must name each only once, got 'float64' twice"),
        ({"stencil": ["forward", "forward"]}, ValueError, "stencil must name each only once, got 'forward' twice"),
        ({"grids": ["generic"] * 2}, ValueError, "grids must name each only once, got 'generic' twice"),
        ({"f": np.spacing}, TypeError, "spacing"),
        ({"derivative": np.cos}, ValueError, r"derivative must be f', got .* at x = 0\.5"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_mistake_is_named(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    call: dict[str, Any] = {"f": np.exp, "x": 0.5, "dtype": ["float64"], **arguments}
    with pytest.raises(error, match=message):
        nd.sweep(call.pop("f"), call.pop("x"), call.pop("h", None), **call)


@pytest.mark.parametrize(
    ("dtype", "stencil"),
    [
        ("float32", "centered"),
        (np.float32, nd.CENTERED),
        (np.dtype("float32"), [nd.CENTERED]),
        ([nd.FORMATS["float32"]], ("centered",)),
    ],
)
def test_one_format_and_one_formula_need_no_list_and_may_be_objects(dtype: Any, stencil: Any) -> None:
    found = nd.sweep(np.exp, 0.5, 0.25, dtype=dtype, stencil=stencil).records
    assert found.to_csv() == nd.sweep(np.exp, 0.5, 0.25, dtype=["float32"], stencil=["centered"]).records.to_csv()
    assert (set(found["format"]), set(found["method"])) == ({"float32"}, {"centered"})


def test_formats_and_methods_are_still_understood() -> None:
    now = nd.sweep(np.exp, 0.5, 0.25, dtype=["float32"], stencil=["centered4"]).records
    with pytest.warns(DeprecationWarning, match=r"the argument (methods|formats) of sweep") as said:
        before = nd.sweep(np.exp, 0.5, 0.25, methods=["centered4"], formats=["float32"]).records
    assert now.to_csv() == before.to_csv()
    assert [str(w.message) for w in said] == [
        "the argument methods of sweep() is called stencil now",
        "the argument formats of sweep() is called dtype now",
    ]
    assert {w.filename for w in said} == {__file__}


def power(x: Any, k: int, factor: float = 1.0) -> Any:
    return factor * x**k


def test_args_are_what_f_takes_after_x() -> None:
    options: dict[str, Any] = {"dtype": "float64", "stencil": "centered"}
    found = nd.sweep(
        power, 0.75, [0.25, 1e-3], args=(3, 2.0), derivative=lambda x, k, c: c * k * x**2, **options
    ).records
    plain = nd.sweep(lambda x: 2.0 * x**3, 0.75, [0.25, 1e-3], derivative=lambda x: 6.0 * x**2, **options).records
    assert set(found["problem"]) == {"power"}
    columns = [name for name in FIELDS if name != "problem"]
    assert found[columns].to_csv() == plain[columns].to_csv()
    with pytest.raises(ValueError, match="args must be empty when workers > 1"):
        nd.sweep(power, 0.75, args=(3,), workers=2, **options)


def test_composition_of_functions_is_told_of_on_arrays() -> None:
    with pytest.raises(TypeError, match=r"Exp takes Variables, .* or hand on_arrays\(f\) to what calls f with arrays"):
        nd.sweep(lambda x: Exp()(x), 0.5, dtype=["float64"])


def test_importable_function_goes_to_an_executor_with_the_same_records() -> None:
    fields: dict[str, Any] = {"dtype": ("float32", "float64"), "derivative": np.cos}
    with ThreadPoolExecutor(2) as executor:
        elsewhere = nd.sweep(np.sin, 0.5, [0.25, 1e-3], executor=executor, **fields)
        pd.testing.assert_frame_equal(elsewhere.records, nd.sweep(np.sin, 0.5, [0.25, 1e-3], **fields).records)
        with pytest.raises(ValueError, match="f must be importable as module:function"):
            nd.sweep(lambda x: x, 0.5, executor=executor)
        with pytest.raises(ValueError, match="executor must be None where elementwise=False"):
            nd.sweep(math.sin, 0.5, 0.25, exact=(mp.sin, mp.cos), elementwise=False, executor=executor)
        with pytest.raises(ValueError, match="workers must be 1 beside an executor"):
            nd.sweep(np.sin, 0.5, 0.25, workers=2, executor=executor)
    with pytest.raises(TypeError, match=r"executor must be a concurrent\.futures\.Executor, got 2"):
        nd.sweep(np.sin, 0.5, 0.25, executor=2)  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [0, -2, 1.5, True])
@pytest.mark.parametrize("f", [np.exp, lambda x: x], ids=["importable", "lambda"])
def test_workers_must_be_positive(f: Any, workers: Any) -> None:
    with pytest.raises(ValueError, match="workers must be an integer of at least 1"):
        nd.sweep(f, 0.5, 0.25, workers=workers)


def test_grids_are_not_asked_for_where_steps_are_given() -> None:
    assert len(nd.sweep(np.exp, 0.5, 0.25, dtype=["float64"], stencil=["forward"], grids=()).records) == 1


@pytest.mark.parametrize("progress", [True, False])
def test_function_that_is_not_elementwise_is_refused(progress: bool) -> None:
    with pytest.raises((TypeError, ValueError)):
        nd.sweep(np.cumsum, [0.5, 0.25], 0.25, dtype=["float64"], progress=progress)
