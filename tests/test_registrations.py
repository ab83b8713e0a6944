"""A format, a formula, a problem is one entry: registered here, they run through the whole suite."""

import ast
import dataclasses
import operator
import os
import subprocess
import sys
import warnings
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import numdiff as nd
from numdiff.arithmetic.accuracy import limits_of
from numdiff.arithmetic.numpy_functions import BINARY
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS, FloatFormat, get_format
from numdiff.formulas.arguments import beyond, largest_step
from numdiff.formulas.differences import apply
from numdiff.formulas.kernels import observe, plan_of
from numdiff.formulas.stencil import ComplexStep, Stencil
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.styles import FORMAT_STYLE, METHOD_STYLE, label_of
from numdiff.report.tables import wide
from numdiff.study.records import BOUNDS, FIELDS
from numdiff.study.sweep import ALL_FORMATS, Sweep
from tests.arithmetic.accuracy_search import ELEMENTARY, all_patterns, worst
from tests.extra_rows import EXTRA_FORMATS, EXTRA_METHODS, FLOAT8_E4M3FN, FLOAT8_E5M2, WITCH
from tests.study.sweeps import run_sweeps

ROOT = Path(__file__).resolve().parents[1]
SHIPPED_METHODS = tuple(METHODS.values())
TENTH, _, THIRD = EXTRA_METHODS
BOTH = pytest.mark.parametrize("item", EXTRA_FORMATS, ids=lambda item: item.name)
OPERATORS = (operator.add, operator.sub, operator.mul, operator.truediv)


@pytest.fixture(autouse=True)
def registered():
    """Register all the rows for the length of a test."""
    with FORMATS.holding(*EXTRA_FORMATS), METHODS.holding(*EXTRA_METHODS), PROBLEMS.holding(WITCH):
        yield
    assert (*FORMATS.added(), *METHODS.added(), *PROBLEMS.added()) == ()


def exactly(item: FloatFormat, numbers) -> list[Fraction]:
    return [Fraction(float(number)) for number in numbers] if item.precision <= 53 else list(map(item.lift, numbers))


# --- the registries ------------------------------------------------------------------------------------------


def test_what_was_added_is_known_and_can_be_taken_out_again():
    assert FORMATS.added() == EXTRA_FORMATS
    assert METHODS.added() == EXTRA_METHODS
    assert PROBLEMS.added() == (WITCH,)
    for registry, name in ((FORMATS, "float8_e5m2"), (METHODS, "centered10"), (PROBLEMS, "witch_of_agnesi")):
        item = registry.remove(name)
        assert name not in registry
        registry.register(item)
    with pytest.raises(ValueError, match="name must be that of a format that was added, got 'float64'; added: 'float8"):
        FORMATS.remove("float64")


def test_a_registry_is_restored_after_an_error_in_its_block():
    row = dataclasses.replace(WITCH, name="another")
    with pytest.raises(ValueError, match="a second time"), PROBLEMS.holding(row, WITCH):
        pass
    assert "another" not in PROBLEMS


@pytest.mark.parametrize(
    "registry, kind", [(FORMATS, "FloatFormat"), (METHODS, "Stencil or ComplexStep"), (PROBLEMS, "Problem")]
)
@pytest.mark.parametrize("item", [None, 3, "centered", WITCH.f, dataclasses.make_dataclass("Named", ["name"])("x")])
def test_what_is_of_another_kind_is_refused(registry, kind, item):
    size = len(registry)
    with pytest.raises(TypeError, match=f"must be a {kind}, got {type(item).__name__}"):
        registry.register(item)
    assert len(registry) == size


@pytest.mark.parametrize("column", [field.name for field in dataclasses.fields(FloatFormat)])
def test_a_format_with_a_forgotten_column_is_refused(column):
    row = {field.name: getattr(FLOAT8_E5M2, field.name) for field in dataclasses.fields(FloatFormat)}
    del row[column]
    with pytest.raises(TypeError, match=f"missing 1 required positional argument: '{column}'"):
        FloatFormat(**row)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"precision": 3}, "the machine epsilon is 1/4 by the row, and 1/8"),
        ({"min_exponent": -7}, "the smallest subnormal number is 1/1024 by the row, and 1/512"),
        ({"max_exponent": 9}, "the largest finite number is 896 by the row, and None"),
        ({"max_exponent": 7}, "the number after the largest is None by the row, and 240"),
        ({"reserved": 0}, "the largest finite number is 480 by the row, and None"),
        ({"reserved": 2}, "the number after the largest is None by the row, and 448"),
        ({"has_infinity": True}, "has_infinity is True by the row, and False"),
        ({"weak_scalars": False}, "weak_scalars is False by the row, and True"),
        ({"complex_dtype": np.dtype(complex)}, "complex numbers with such parts is float8_e4m3fn by the row"),
        ({"limits": nd.Limits(through="bfloat16")}, "a format with limits of its own, got 'bfloat16'"),
    ],
)
def test_a_row_that_its_dtype_contradicts_is_refused(change, message):
    FORMATS.remove("float8_e4m3fn")
    try:
        with pytest.raises(ValueError, match=message):
            FORMATS.register(dataclasses.replace(FLOAT8_E4M3FN, **change))
        assert "float8_e4m3fn" not in FORMATS
        assert FORMATS.of_dtype(FLOAT8_E4M3FN.dtype) is None
    finally:
        FORMATS.register(FLOAT8_E4M3FN)


def test_a_dtype_has_one_row():
    with pytest.raises(ValueError, match=r"dtype of a format must be new, got .*, which is that of float8_e5m2"):
        FORMATS.register(dataclasses.replace(FLOAT8_E5M2, name="another"))


def test_a_format_without_a_negative_zero_is_refused():
    fnuz = dataclasses.replace(
        FLOAT8_E4M3FN,
        name="fnuz",
        dtype=np.dtype(ml_dtypes.float8_e4m3fnuz),
        min_exponent=-7,
        max_exponent=7,
        reserved=0,
    )
    with pytest.raises(ValueError, match="a negative zero is True by the row, and False"):
        FORMATS.register(fnuz)


def test_a_plain_import_has_the_five_formats_of_the_package():
    assert not set(ALL_FORMATS) & {item.name for item in EXTRA_FORMATS}


def test_there_is_one_largest_step():
    found = []
    for path in sorted((ROOT / "numdiff").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.strip("_") in ("largest_step", "limit_of_step"):
                found.append(path.name)
    assert found == ["arguments.py"]


# --- formats: numbers ----------------------------------------------------------------------------------------


@BOTH
def test_every_pattern_is_lifted_rounded_and_written_exactly(item):
    numbers = all_patterns(item)
    for number, exact in zip(numbers, exactly(item, numbers), strict=True):
        assert item.lift(number) == exact
        assert item.round(exact) == number
        assert item.from_hex(item.hex(number)) == number
    assert max(exactly(item, numbers)) == item.largest_finite


@BOTH
def test_numbers_between_are_rounded_to_nearest_and_ties_to_even(item):
    numbers = np.sort(all_patterns(item).astype(np.float64))
    numbers = np.unique(numbers)
    for low, high in pairwise(numbers):
        middle = (Fraction(low) + Fraction(high)) / 2
        near = abs(Fraction(high) - Fraction(low)) / 1000
        assert float(item.round(middle - near)) == low
        assert float(item.round(middle + near)) == high
        bits = np.array([item.round(middle)]).view("u1")[0]
        assert bits & 1 == 0
        for source in (known.dtype.type for known in FORMATS.values() if not known.weak_scalars):
            with np.errstate(all="ignore"):
                given = source(float(middle))
            if np.isfinite(given) and Fraction(*given.as_integer_ratio()) == middle:
                assert item.as_array(np.array([given]))[0] == item.round(middle)


@BOTH
def test_what_overflows_is_infinite_or_nan(item):
    last = item.spacing(item.largest_finite)
    # The number after the largest would be odd in float8_e4m3fn, and even elsewhere: the tie goes to the even one.
    tie_stays = bool(item.reserved)
    at_tie = item.round(item.largest_finite + last / 2)
    assert np.isfinite(at_tie) == tie_stays
    beyond_it = item.round(item.largest_finite + last / 2 + last / 100)
    assert np.isinf(beyond_it) == item.has_infinity
    assert np.isnan(beyond_it) != item.has_infinity
    assert not np.isfinite(item.as_array(10**6))
    assert not np.isfinite(item.as_array(np.array([1e6]))[0])
    for text in ("inf", "-inf"):
        if item.has_infinity:
            assert item.from_hex(text) == float(text)
        else:
            with pytest.raises(ValueError, match="text must be a hexadecimal number"):
                item.from_hex(text)


def test_the_encoding_of_nan_is_no_number_of_float8_e4m3fn():
    assert FLOAT8_E4M3FN.largest_finite == 448
    assert not FLOAT8_E4M3FN.holds((15, 5))  # 480
    with pytest.raises(ValueError, match="text must be a number of float8_e4m3fn"):
        FLOAT8_E4M3FN.from_hex("0x1.ep+8")


@BOTH
@pytest.mark.parametrize("source", list(FORMATS), ids=str)
def test_conversion_from_every_format_rounds_once(item, source):
    other = FORMATS[source]
    for value in np.concatenate([np.linspace(-500, 500, 301), np.geomspace(1e-7, 1e5, 301)]):
        number = other.round(Fraction(float(value)))
        if np.isfinite(number):
            found, expected = item.as_array(np.array([number]))[0], item.round(other.lift(number))
            assert found == expected or (found != found and expected != expected)


# --- formats: operations and functions -----------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("operation", OPERATORS, ids=lambda operation: operation.__name__)
def test_every_operation_on_every_pair_is_rounded_once(item, operation):
    x = all_patterns(item)
    exact = exactly(item, x)
    for constant in (3.0, 0.1, -1.75, 7):
        weak = item.constant(constant)
        with np.errstate(all="ignore"):
            y = evaluate(item, lambda v, c=constant: operation(v, c), x)
            reverse = evaluate(item, lambda v, c=constant: operation(c, v), x)
        assert y.dtype == reverse.dtype == item.dtype
        for a, left, right in zip(exact, y, reverse, strict=True):
            expected = item.round(operation(a, item.lift(weak)))
            assert left == expected or (left != left and expected != expected)
            if a or operation is not operator.truediv:
                expected = item.round(operation(item.lift(weak), a))
                assert right == expected or (right != right and expected != expected)


@BOTH
@pytest.mark.parametrize("name", [name for name in ELEMENTARY if name not in BINARY])
def test_functions_of_8_bits_hold_their_limit_at_every_argument(name, item):
    assert 0.4 < worst(name, item, all_patterns(item)) <= limits_of(item)[name]


@BOTH
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * 2.0,
        lambda x: 1 / (1.0 + np.exp(-x)),
        lambda x: np.where(x > 0, x, 0.1),
        lambda x: np.clip(x, -0.3, 0.7),
        lambda x: np.clip(x, None, 0.7) if False else np.minimum(x, 0.7),
        lambda x: np.select([x > 1, x > 0], [x, 0.25], 0.1),
        lambda x: np.full_like(x, 0.1) + x,
        lambda x: np.nan_to_num(x / 0.0, nan=1.0),
        lambda x: np.maximum(0.0, np.sqrt(abs(x))) ** 0.5,
        lambda x: x**2 + x**3 - 2**x,
        lambda x: np.tanh(x) + np.sin(x) * np.cos(x) - np.log(abs(x) + 1.5),
        lambda x: np.radians(x) + np.degrees(x),
        lambda x: np.nextafter(x, 1.0) + np.spacing(x),
        lambda x: np.sign(x) * np.rint(x) + np.floor(x),
        lambda x: np.heaviside(x, 0.5) + np.copysign(0.5, x),
        lambda x: np.zeros_like(x) + np.ones_like(x),
        lambda x: np.where(np.isfinite(x) & (x != 0), 1.0, x),
        lambda x: (x > 0) * x,
    ],
    ids=range(18),
)
def test_no_function_of_arrays_leaves_the_format(item, f):
    x = item.as_array([-2.0, -0.5, 0.0, 0.25, 0.75, 1.5])
    with np.errstate(all="ignore"):
        y = evaluate(item, f, x)
    assert (type(y), y.dtype, y.shape) == (np.ndarray, item.dtype, x.shape)


@BOTH
def test_choices_are_exact_and_constants_rounded_once(item):
    x = item.as_array([-2.0, 0.25, 1.5])
    tenth, third = float(item.constant(0.1)), float(item.constant(1 / 3))
    assert evaluate(item, lambda v: np.where(v > 0, v, 0.1), x).tolist() == [tenth, 0.25, 1.5]
    assert evaluate(item, lambda v: np.clip(v, 0.1, 1 / 3), x).tolist() == [tenth, 0.25, third]
    assert evaluate(item, lambda v: np.select([v > 1], [v], 1 / 3), x).tolist() == [third, third, 1.5]


@BOTH
@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "tanh", "sin"])
def test_correctly_rounded_functions_are_nearest_at_every_argument(item, name):
    x = all_patterns(item)
    with np.errstate(all="ignore"):
        found = evaluate(item, nd.rounded(getattr(np, name)), x)
        double = getattr(np, name)(x.astype(np.float64))
    for y, wide_y in zip(found, double, strict=True):
        expected = item.constant(float(wide_y))  # no value of 8 bits lies within 2**-50 of a tie
        assert y == expected or (y != y and expected != expected)


# --- formulas --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*FORMATS, *(item.name for item in EXTRA_FORMATS)])
@pytest.mark.parametrize("method", [*SHIPPED_METHODS, *EXTRA_METHODS], ids=lambda method: method.name)
def test_no_step_up_to_the_largest_overflows_in_a_formula(name, method):
    item = get_format(name)
    if isinstance(method, ComplexStep) or beyond(method, item):
        pytest.skip("the format cannot hold the formula")
    largest = largest_step(method, item)
    factors = [item.round(c) for c in method.offsets] + [item.round(method.denominator)]
    x = np.zeros(1, item.dtype)
    with np.errstate(all="ignore"):
        following = np.nextafter(largest, item.round(item.largest_finite))
        for h in (largest, np.nextafter(largest, item.dtype.type(0)), item.round(item.lift(largest) * Fraction(2, 3))):
            assert all(np.isfinite(np.array([h]) * np.array([factor], item.dtype))[0] for factor in factors)
            observe(method, lambda v: v * 0.0, x, h)
        if np.isfinite(following) and following > largest:
            assert max(abs(item.lift(f)) for f in factors) * item.lift(following) > item.largest_finite
            with pytest.raises(ValueError, match="h must be at most"):
                apply(method, lambda v: v * 0.0, x, following)


def test_a_sweep_hands_no_step_to_a_kernel_that_it_refuses():
    """centered(10) and centered(12) have a D that narrow formats round; a given step at the limit shows it."""
    formats = (*FORMATS, *(item.name for item in EXTRA_FORMATS))
    for method in EXTRA_METHODS:
        limits = [
            FORMATS[name].lift(largest_step(method, FORMATS[name]))
            for name in dict.fromkeys(formats)
            if not beyond(method, FORMATS[name])
        ]
        steps = tuple(dict.fromkeys(limit * factor for limit in limits for factor in (1, 1 + Fraction(1, 300))))
        for name in dict.fromkeys(formats):
            done = nd.sweep(lambda x: x * 0.5, 1.0, steps, dtype=[name], stencil=[method.name])
            assert len(done.records) + len(done.skips)


def test_the_effective_step_is_known_where_the_distance_of_the_outer_nodes_overflows():
    h = float(largest_step(THIRD, get_format("float64")))
    assert nd.error_ledger(lambda x: x * 0.5, 0.0, h, THIRD).effective_step[()] == h


def test_a_formula_that_a_format_cannot_hold_is_skipped_with_the_reason_and_refused_elsewhere():
    reason = "stencil must have weights n/D with |n| and D at most 448 in float8_e4m3fn, got -600"
    done = nd.sweep(np.exp, 0.5, dtype=["float8_e4m3fn"], stencil=["centered10"])
    assert done.records.empty
    assert done.skips["reason"].tolist() == [reason]
    for call in (nd.error_bounds, nd.error_ledger):
        with pytest.raises(ValueError, match=r"at most 448 in float8_e4m3fn, got"):
            call(np.exp, FLOAT8_E4M3FN.constant(0.5), 0.25, TENTH)
    with pytest.raises(ValueError, match=r"at most 448 in float8_e4m3fn, got"):
        nd.optimal_step(np.exp, FLOAT8_E4M3FN.constant(0.5), stencil=TENTH)


def kernel_in_fractions(method: Stencil, item: FloatFormat, f, x: Fraction, h: Fraction) -> Fraction:
    """Return what a kernel has to return: fractions, rounded after every operation, in the documented order."""

    def fl(value: Fraction) -> Fraction:
        number = item.round(value)
        if not np.isfinite(number):
            raise OverflowError
        return item.lift(number)

    total = None
    for c, n in zip(method.offsets, method.numerators, strict=True):
        at = x if not c else fl(x + (h * c if abs(c) == 1 else fl(h * c)))
        y = f(at, fl)
        term = y if n == 1 else -y if n == -1 else fl(fl(Fraction(n)) * y)
        total = term if total is None else fl(total + term)
    total = fl(total / (h if method.denominator == 1 else fl(h * fl(Fraction(method.denominator)))))
    for _ in range(1, method.derivative_order):
        total = fl(total / h)
    return total


@pytest.mark.parametrize("name", ["float8_e5m2", "float8_e4m3fn", "bfloat16", "float16", "float64"])
@pytest.mark.parametrize("method", [nd.FORWARD, nd.CENTERED, nd.centered(4), *EXTRA_METHODS], ids=lambda m: m.name)
def test_a_kernel_is_its_operations_rounded_one_by_one(name, method):
    item = get_format(name)
    if beyond(method, item):
        pytest.skip("the format cannot hold the formula")
    for x in (Fraction(1, 2), Fraction(3, 4), Fraction(-5, 4)):
        for h in (Fraction(1, 4), Fraction(3, 16), Fraction(1, 8)):
            try:
                expected = kernel_in_fractions(method, item, lambda v, fl: fl(fl(v * v) * v), x, h)
            except OverflowError:
                expected = None
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore", nd.StepAbsorbedWarning)
                found = nd.difference(lambda v: v * v * v, item.round(x), item.round(h), method)
            assert np.isfinite(found) == (expected is not None)
            assert expected is None or item.lift(found) == expected


# --- the whole way -----------------------------------------------------------------------------------------------

CASES = [
    *((item.name, "centered") for item in EXTRA_FORMATS),
    *((name, method) for name in ("bfloat16", "float32", "float64") for method in ("centered10", "third_centered")),
    ("float8_e5m2", "third_centered"),
    ("float8_e5m2", "centered10"),
]
ALL_THE_WAY = pytest.mark.parametrize("name, method", CASES, ids=lambda value: value)


@ALL_THE_WAY
def test_the_parts_of_the_error_sum_to_the_total_exactly(name, method):
    item, formula = get_format(name), METHODS[method]
    x, h = item.as_array([[0.5], [0.75], [1.25]]), item.as_array([0.25, 0.125, 0.1875])
    ledger = nd.error_ledger(np.exp, x, h, formula)
    assert ledger.format is item
    for index in range(x.size * h.size):
        parts = ledger.exact_parts(index)
        if parts["total"] is not None:
            assert parts["total"] == sum(parts[p] for p in ("truncation", "abscissa", "evaluation", "combination"))
    assert (ledger.status == "ok").any()


@ALL_THE_WAY
def test_a_sweep_has_all_columns_and_no_error_exceeds_its_bound(name, method):
    sweep = Sweep(
        "s",
        ("witch_of_agnesi", "exp", "sigmoid"),
        (method,),
        (name,),
        all_points=True,
        neighbourhood=True,
        predictions=True,
        arithmetics=("platform", "rounded"),
    )
    records = run_sweeps([sweep], "arb", workers=1, progress=False)["s"].records
    assert list(records) == list(FIELDS)
    assert set(records["problem"]) == set(sweep.problems)
    assert set(records["format"]) == {name}
    assert (records["status"] == "ok").sum() > 5
    for part in BOUNDS:
        assert not (records[part.removesuffix("_bound")].abs() > records[part]).any(), part
    assert not (records["total"].abs() > records["a_priori_bound"]).any()
    if name in ("float32", "float64"):
        assert np.isfinite(records.loc[records["status"] == "ok", "a_priori_bound"]).mean() > 0.5


@ALL_THE_WAY
def test_the_predicted_step_is_near_the_best_one_or_the_failed_assumption_is_named(name, method):
    """The error at the predicted step is at most twice that of the best of 78, and in 3 bits four times.

    The model takes roundings for small and independent, and with u = 1/8 they are neither.
    """
    item, formula = get_format(name), METHODS[method]
    found = nd.optimal_step(np.exp, item.constant(0.75), stencil=formula)
    assert found.step.dtype == item.dtype
    if not np.isfinite(found.step):
        assert found.failed is not None
        return
    x = item.as_array(0.75 * (1 + np.arange(-8, 9) / 64))
    wide_steps = [Fraction(2) ** k * m for k in range(-24, 2) for m in (1, Fraction(5, 4), Fraction(3, 2))]
    steps = item.as_array([float(h) for h in wide_steps])
    steps = steps[(steps > 0) & (steps <= largest_step(formula, item))]
    here = np.append(steps, found.step).astype(item.dtype)
    errors = np.abs(nd.error_ledger(np.exp, x[:, None], here, formula).total)
    rms = np.sqrt(np.mean(np.where(np.isfinite(errors), errors, np.inf) ** 2, axis=0))
    factor = 4 if item.precision == 3 else 2
    assert rms[-1] <= factor * rms[:-1].min() or found.failed is not None


@ALL_THE_WAY
def test_a_table_and_a_figure_show_what_was_registered(name, method):
    done = nd.sweep(WITCH.f, 1.0, dtype=[name, "float32"] if name != "float32" else [name], stencil=[method])
    chosen = done.records[done.records["status"] == "ok"]
    table = wide(chosen, ["k"], "format", "total", columns=[name])
    assert name in table
    assert table[name].notna().any()
    figure = done.plot()
    (ax, *_) = figure.axes
    colours = {line.get_color() for line in ax.lines}
    assert FORMAT_STYLE[name].color in colours
    assert label_of(method) in ax.get_title(loc="left")


def test_registered_rows_have_styles_that_can_be_told_apart():
    for styles in (FORMAT_STYLE, METHOD_STYLE):
        assert len({(style.color, str(style.line)) for style in styles.values()}) == len(styles)
        assert len({style.marker for style in styles.values()}) == len(styles)
    METHODS.remove("centered12")
    assert "centered12" not in METHOD_STYLE
    METHODS.register(EXTRA_METHODS[1])


def test_a_sweep_over_all_formats_takes_in_those_that_were_registered():
    done = nd.sweep(WITCH.f, 1.0, 0.25)
    assert set(done.records["format"]) == set(FORMATS)


def test_the_tables_of_experiments_take_in_what_was_registered():
    from experiments.frames import in_order, widths
    from experiments.overview import formats_table, references_table

    frame = formats_table().frame.set_index("format")
    assert frame.loc["float8_e4m3fn", "largest"] == "7·2⁶"
    assert widths()[:2] == ["float8_e5m2", "float8_e4m3fn"]
    sweep = Sweep("s", ("witch_of_agnesi",), ("third_centered",), ("float64", "float8_e5m2"), given_steps=(0.25,))
    records = run_sweeps([sweep], "arb", progress=False)["s"].records
    assert in_order(records)["format"].iloc[0] == "float8_e5m2"
    assert set(references_table(records).frame["derivative"]) == {"third"}


@BOTH
def test_gradients_are_computed_and_checked_in_8_bits(item):
    x = item.as_array([0.5, 0.75, 1.0])
    found = nd.gradient(lambda v: (v * v).sum(), x, h=0.25)
    expected = [
        item.round(Fraction(f) - Fraction(g))
        for f, g in zip(*([_sum_of_squares(item, x, i, sign) for i in range(3)] for sign in (1, -1)), strict=True)
    ]
    assert found.dtype == item.dtype
    assert found.tolist() == [float(item.round(item.lift(difference) * 2)) for difference in expected]
    right = nd.check_gradient(lambda v: (v * v).sum(), lambda v: v * 2.0, x)
    assert right.verdict is not nd.Verdict.DISAGREE


def _sum_of_squares(item: FloatFormat, x: np.ndarray, index: int, sign: int) -> float:
    moved = x.copy()
    moved[index] = item.constant(float(moved[index]) + sign * 0.25)
    total = item.constant(0.0)
    for number in moved:
        total = item.constant(float(total) + float(item.constant(float(number) ** 2)))
    return float(total)


@BOTH
def test_the_course_computes_in_8_bits(item):
    x = item.as_array([0.5, 0.75, 1.5])
    slope = nd.gradient_of(lambda v: (v * v * 3).sum())(x)
    assert slope.dtype == item.dtype
    assert slope.tolist() == [3.0, float(item.constant(4.5)), 9.0 if item.precision > 3 else float(item.constant(9.0))]


def test_a_machine_without_a_wide_longdouble_can_be_had_for_tests():
    program = (
        "import numdiff as nd, numpy as np\n"
        "assert 'float80' not in nd.FORMATS and 'NUMDIFF_HIDE_LONGDOUBLE' in nd.UNAVAILABLE['float80']\n"
        "done = nd.sweep(np.exp, 0.5, 0.25)\n"
        "assert sorted(set(done.records['format'])) == ['bfloat16', 'float16', 'float32', 'float64']\n"
        "print(nd.gradient(lambda x: (x * x).sum(), np.ones(2)).round(9).tolist())\n"
    )
    environment = os.environ | {"NUMDIFF_HIDE_LONGDOUBLE": "1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout == "[2.0, 2.0]\n", done.stderr


@pytest.mark.parametrize(
    "name, last, bits",
    [("float16", "1.5", 13), ("bfloat16", "0.5", 16), ("float8_e5m2", "0.5", 21), ("float8_e4m3fn", "0.5", 20)],
)
def test_a_limit_through_float32_is_its_own_rounding_and_that_of_float32(name, last, bits):
    for function, limit in (("exp", "2.6"), ("tan", "4"), ("sin", "1.5")):
        assert limits_of(FORMATS[name])[function] == Fraction(last) + Fraction(limit) / 2**bits


@pytest.mark.parametrize(
    "item", [*EXTRA_FORMATS, *map(get_format, ("bfloat16", "float16"))], ids=lambda item: item.name
)
@pytest.mark.parametrize("method", ["forward", "backward", "centered", "second_centered", "centered4"])
def test_the_step_that_a_warning_names_is_of_use_and_half_of_it_is_not(item, method):
    """At numbers of every size, the largest included: there is no such step, and no infinity in every format."""
    one = item.dtype.type
    largest = item.round(item.largest_finite)
    numbers = [one(0), one(1), one(-1), one(16), one(-13), item.round(item.smallest_normal), largest, -largest]
    lost = plan_of(item, METHODS[method]).lost
    for x in numbers:
        at = np.array([x], dtype=item.dtype)
        step = lost.smallest_step(at)
        if abs(x) == largest:
            inward = {"forward": -largest, "backward": largest}.get(method)
            assert method == "centered4" or np.isfinite(step) == (x == inward)
            continue
        assert 0 < step <= lost.largest_step
        assert not lost.at(at, np.array([step], dtype=item.dtype))[0]
        below = np.nextafter(step, one(0))
        if method != "centered4" and below > 0:
            assert lost.at(at, np.array([below], dtype=item.dtype))[0]
