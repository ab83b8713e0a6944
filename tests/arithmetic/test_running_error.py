"""Running error bounds: no observed error exceeds one, they are 0 where nothing is rounded, and none is vacuous."""

import math
from fractions import Fraction

import flint
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from numdiff.analysis.error_ledger import error_ledger
from numdiff.arithmetic import Ball, balls, column_forms, running_error, running_operations
from numdiff.arithmetic.accuracy import limits_of, without_limit
from numdiff.arithmetic.balls import working
from numdiff.arithmetic.numpy_functions import BINARY as BINARY_UFUNCS
from numdiff.arithmetic.rounded import rounded
from numdiff.arithmetic.running_error import (
    enclosed,
    evaluation_errors,
    scaled_evaluation_errors,
    working_precision,
)
from numdiff.arithmetic.running_operations import Running
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS, dyadic, dyadic_to_fraction
from tests.arithmetic.accuracy_search import ELEMENTARY

ALL = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
FUNCTIONS = {
    "polynomial": lambda x: 3.1 * x**3 - 2.7 * x**2 + x / 3.0 - 0.1,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh by exp": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    "1 - cos": lambda x: (1 - np.cos(x)) / (x * x),
    "log near 1": lambda x: np.log(1.0 + x),
    "log": lambda x: np.log(np.abs(x)),
    "log of exp": lambda x: np.log(np.exp(x)),
    "kink": lambda x: x * np.abs(x),
    "where": lambda x: np.where(x > 0.1, np.sin(x), np.cos(x) - 0.1),
    "where on a computed value": lambda x: np.where(np.sin(x) > 0.5 * x, x**2, -x),
    "maximum": lambda x: np.maximum(np.sin(x), np.cos(x)) - np.minimum(x, 0.3),
    "clip": lambda x: np.clip(np.exp(x), 0.5, 2.0),
    "select": lambda x: np.select([x < -1, x < 1], [-x, x * x], x),
    "real power": lambda x: np.abs(x) ** 0.1 + np.abs(x) ** 2.3,
    "integer powers": lambda x: x**7 - x**-3 + x**1 + x**0,
    "power of x": lambda x: np.abs(x) ** x,
    "power of a rounded base": lambda x: (0.1 * x) ** 3 + 1.1**x,
    "power of an array": lambda x: x ** np.full_like(x, 2.0),
    "root": lambda x: np.sqrt(np.abs(0.3 * x)) + np.cbrt(0.7 * x),
    "root by power": lambda x: np.abs(x) ** 0.5,
    "float_power's kin": lambda x: np.power(np.abs(x), 0.5) + np.power(x, 2) + np.power(x, -1.0),
    "cancelling": lambda x: (1.0 + x) - 1.0,
    "product that underflows": lambda x: (x * x) * (x * x) * 1e3,
    "quotient that underflows": lambda x: x / 300.0 / 700.0,
    "exp far left": lambda x: np.exp(-np.abs(x)) * x,
    "trigonometric": lambda x: np.sin(50.0 * x) + np.tan(x) * np.arctan(100.0 * x),
    "inverse": lambda x: np.arcsin(x / 3.0) + np.arccos(0.9 * x) * np.arctanh(x / 2),
    "hyperbolic": lambda x: np.sinh(x) + np.cosh(x) - np.tanh(0.1 * x) + np.arcsinh(x) + np.arccosh(1.1 + x * x),
    "two arguments": lambda x: np.hypot(x, 0.3) + np.arctan2(x, 0.7) - np.arctan2(0.1, x),
    "other bases": lambda x: np.exp2(x) - np.expm1(0.3 * x) + np.log2(x * x + 0.1) * np.log10(3.0 + x * x),
    "log1p": lambda x: np.log1p(x / 7.0),
    "degrees": lambda x: np.deg2rad(x) + np.rad2deg(0.1 * x) + np.radians(x) - np.degrees(x),
    "sign": lambda x: np.sign(x) * np.sqrt(np.abs(x)) + 0.1 * np.heaviside(x, 0.5),
    "fmax": lambda x: np.fmax(x, 0.1) - np.fmin(0.2, x) + np.fabs(x),
    "gill": lambda x: (np.exp(x) - 1.0) ** 2 + (1.0 / np.sqrt(1.0 + x * x) - 1.0) ** 2,
    "horner": lambda x: (x - 3.1) * x + 2,
    "large constants": lambda x: x * 12345678901234567 - (2**60 + 2**36 + 1),
    "constant": lambda x: np.full_like(x, 0.1),
}


def arguments(fmt, size, rng):
    """Ordinary points, points close to 0 and to 1, and the corners of the format."""
    wide = np.concatenate(
        [
            rng.uniform(-3, 3, size),
            rng.choice([-1, 1], size) * 2.0 ** rng.uniform(-30, 0, size),
            1 + rng.choice([-1, 1], size) * 2.0 ** rng.uniform(-fmt.precision, 0, size),
        ]
    )
    corners = [
        0,
        1,
        -1,
        2,
        fmt.smallest_subnormal,
        3 * fmt.smallest_subnormal,
        fmt.smallest_normal,
        fmt.largest_finite,
        -fmt.largest_finite,
        fmt.smallest_normal * 3,
        Fraction(10),
        Fraction(-700),
        1 - fmt.unit_roundoff,
        1 + fmt.machine_epsilon,
    ]
    return np.concatenate([fmt.as_array(wide), np.array([fmt.round(Fraction(c)) for c in corners], fmt.dtype)])


def compared(f, x, fmt):
    """Return for each point that has an exact value the error and its bound; None: the result is not finite."""
    with np.errstate(all="ignore"):
        computed = fmt.lift_array(evaluate(fmt, f, x))
    points = fmt.lift_array(x)
    # Far below the subnormals of the format nothing is left to see, far above its largest number neither.
    exact = balls.values(f, points, 2 * fmt.precision + 256)
    pairs = []
    for y, value, bound in zip(computed, exact, evaluation_errors(f, points, fmt), strict=True):
        if not isinstance(value, Ball) or value.exp > 1 << 17:
            continue  # no exact value, or one far beyond the format: nothing to compare
        if value.exp < -1 << 17:
            value = Ball(0, 1, -1 << 17)
        error = None if y is None else abs(dyadic_to_fraction(y) - value.midpoint) - value.radius
        pairs.append((None if error is None else max(Fraction(0), error), bound))
    return pairs


def exceeded(pairs):
    """Return the pairs whose error is not bounded; a finite bound promises a finite result."""
    return [(error, bound) for error, bound in pairs if bound < math.inf and (error is None or error > Fraction(bound))]


@ALL
@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_error_exceeds_its_bound(name, fmt):
    x = arguments(fmt, 60, np.random.default_rng(len(name)))
    assert not exceeded(compared(FUNCTIONS[name], x, fmt))


@ALL
@pytest.mark.parametrize("name", FUNCTIONS)
def test_there_is_a_bound_near_the_errors(name, fmt):
    """No bound is vacuous: most points have one, and it is near what is seen."""
    x = arguments(fmt, 60, np.random.default_rng(1))[:120]
    with np.errstate(all="ignore"):
        usual = np.isfinite(evaluate(fmt, FUNCTIONS[name], x))
    pairs = compared(FUNCTIONS[name], x[usual], fmt)
    finite = [(error, bound) for error, bound in pairs if bound < math.inf and error is not None]
    assert len(finite) >= 0.6 * len(pairs)
    ratios = sorted(Fraction(bound) / error for error, bound in finite if error)
    # Where a format has few digits most roundings of a formula are exact, and the bound does not know which.
    assert not ratios or ratios[len(ratios) // 2] <= (30 if fmt.precision >= 24 else 100)


@ALL
def test_a_bound_covers_whatever_lies_below_the_normal_numbers(fmt):
    """Products, quotients and functions round to the spacing of the subnormal numbers; sums are exact there."""
    tiny = np.array([fmt.round(fmt.smallest_subnormal * k) for k in range(1, 200)], fmt.dtype)
    for f in (lambda x: x * 0.3, lambda x: x / 3.0, np.sin, np.arctan, np.expm1, np.tanh, lambda x: 0.7 * x - 0.3 * x):
        pairs = compared(f, tiny, fmt)
        assert not exceeded(pairs)
        assert all(bound < math.inf for _, bound in pairs)
    sums = compared(lambda x: (x + x) - (x - 0.0), tiny, fmt)
    assert {bound for _, bound in sums} == {0.0}


@ALL
def test_what_rounds_nothing_has_no_error(fmt):
    x = fmt.as_array(np.array([0.75, -1.25, 1.5, 0.0]))
    for f in (
        lambda x: x,
        lambda x: -4 * x,
        lambda x: x / 8,
        lambda x: np.abs(x) + 1,
        lambda x: x**2 - x,
        lambda x: np.where(x > 1, x, -x),
        lambda x: np.maximum(x, 0.5) * 2.0,
        np.zeros_like,
    ):
        assert evaluation_errors(f, fmt.lift_array(x), fmt) == [0.0] * 4


@ALL
def test_the_difference_of_neighbours_is_exact(fmt):
    """Sterbenz: the error of cos(x) − 1 is that of cos(x), where cos(x) is between ½ and 2."""
    points = fmt.lift_array(fmt.as_array(np.array([0.1, 0.5, 1.0])))
    alone = evaluation_errors(np.cos, points, fmt)
    assert evaluation_errors(lambda x: np.cos(x) - 1.0, points, fmt) == alone
    assert evaluation_errors(lambda x: np.cos(x) - 3.0, points, fmt) > alone


@ALL
def test_a_constant_that_the_format_rounds_costs_its_rounding(fmt):
    points = fmt.lift_array(fmt.as_array(np.array([1.0])))
    lost = abs(fmt.lift(fmt.round(Fraction(0.1))) - Fraction(0.1))
    (bound,) = evaluation_errors(lambda x: x * 0.1, points, fmt)
    assert Fraction(bound) >= lost
    assert Fraction(bound) <= lost * (1 + Fraction(1, 1 << 50))


@ALL
def test_there_is_no_bound_where_a_result_may_be_infinite_or_undefined(fmt):
    top = fmt.lift_array(np.array([fmt.round(fmt.largest_finite)]))
    one = fmt.lift_array(fmt.as_array(np.array([1.0])))
    assert evaluation_errors(lambda x: x + x, top, fmt) == [math.inf]
    assert evaluation_errors(lambda x: np.cbrt(x**2) + 1.0, top, fmt) == [math.inf]
    assert evaluation_errors(lambda x: np.exp(2e4 * x) * 0.0, one, fmt) == [math.inf]
    assert evaluation_errors(lambda x: np.log(np.sin(x) - np.sin(x)), one, fmt) == [math.inf]
    assert evaluation_errors(lambda x: np.sqrt(np.sin(x) - np.sin(x)), one, fmt) == [math.inf]
    assert evaluation_errors(lambda x: 1 / (np.sin(x) - np.sin(x)), one, fmt) == [math.inf]
    assert evaluation_errors(lambda x: np.sign(np.sin(x) - np.sin(x)), one, fmt) == [math.inf]
    assert evaluation_errors(lambda x: np.arctan2(x - x, -x), one, fmt) == [math.inf]


@ALL
def test_an_undecided_branch_costs_the_distance_to_the_other(fmt):
    one = fmt.lift_array(fmt.as_array(np.array([1.0])))
    (bound,) = evaluation_errors(lambda x: np.where(np.sin(x) < np.sin(1.0 * x), x, x + 5), one, fmt)
    assert 5 <= bound <= 5.1


def test_a_function_without_a_limit_is_named_and_has_no_bound():
    fmt = FORMATS["float64"]
    f = lambda x: np.logaddexp(x, 0.1) + np.copysign(1.0, x) + np.sin(x)
    assert without_limit(f, fmt) == {"logaddexp", "copysign"}
    assert evaluation_errors(f, [(1, 0)], fmt) == [math.inf]
    assert without_limit(np.sin, fmt) == frozenset()
    assert without_limit(f, fmt, "rounded") == {"logaddexp", "copysign"}
    assert scaled_evaluation_errors(f, [(1, 0)], fmt, "rounded") == [(math.inf, 0)]


def test_bound_with_correctly_rounded_functions_is_that_of_the_rounded_callable():
    points = [(3, -2), (5, -1)]
    for f in (np.tan, lambda x: np.exp(np.tanh(x)) / (1 + np.log(x + 2))):
        for fmt in FORMATS.values():
            found = scaled_evaluation_errors(f, points, fmt, "rounded")
            assert found == scaled_evaluation_errors(rounded(f), points, fmt)
            assert [s * 2.0**e for s, e in found] < [s * 2.0**e for s, e in scaled_evaluation_errors(f, points, fmt)]


def enclosed_errors(f, intervals, fmt):
    """Bound the rounding error at all numbers of a format in whole intervals."""
    with working(working_precision(fmt)):
        return enclosed(f, intervals, fmt).bounds.tolist()


def test_an_unknown_function_is_refused():
    with pytest.raises(TypeError, match="spacing"):
        evaluation_errors(np.spacing, [(1, 0)], FORMATS["float64"])


@ALL
@pytest.mark.parametrize("name", ["polynomial", "sigmoid", "1 - cos", "where", "real power", "trigonometric"])
def test_the_bound_of_an_interval_holds_for_all_numbers_in_it(name, fmt):
    f, rng = FUNCTIONS[name], np.random.default_rng(5)
    for low, high in ((0.25, 0.3125), (1.0, 1.0625), (-2.0, -1.9375)):
        scale = 1 << 40
        middle, radius = int((low + high) / 2 * scale), int((high - low) / 2 * scale)
        (bound,) = enclosed_errors(f, [Ball(middle, radius, -40)], fmt)
        x = fmt.as_array(rng.uniform(low, high, 50))
        errors = [error for error, _ in compared(f, x, fmt)]
        assert max(errors) <= Fraction(bound)
        assert bound < math.inf


CACHED = (running_error.operations_of, running_error.forms_of, running_error._engine)


@pytest.fixture
def fresh_operations():
    """Let the operations be made anew, before and after a test that spoils them."""
    for cached in CACHED:
        cached.cache_clear()
    yield
    for cached in CACHED:
        cached.cache_clear()


@ALL
@pytest.mark.parametrize("name", ELEMENTARY)
def test_each_limit_is_needed(name, fmt, monkeypatch, fresh_operations):
    """With the limit of one function set to 0, the error of that function exceeds its bound."""
    zero = {**limits_of(fmt), name: Fraction(0)}
    monkeypatch.setattr(running_operations, "limits_of", lambda *_: zero)
    x = fmt.as_array(np.random.default_rng(3).uniform(0.1, 0.9, 40) + (name == "arccosh"))
    function = getattr(np, name)
    assert exceeded(compared((lambda x: function(x, 1.3)) if name in BINARY_UFUNCS else function, x, fmt))


def test_a_large_logarithm_has_a_smaller_limit_and_an_interval_the_larger_one_of_its_ends():
    fmt = FORMATS["float32"]
    for x, units in ((2.0**-10, 1), (0.375, Fraction("1.9")), (0.25, Fraction("1.3")), (0.75, Fraction("3.9"))):
        (bound,) = evaluation_errors(np.log, [dyadic(Fraction(x))], fmt)
        assert Fraction(bound) == pytest.approx(units * fmt.spacing(Fraction(math.log(x))), rel=2.0**-50)
    (across,) = enclosed_errors(np.log, [Ball(5, 1, -3)], fmt)  # from ½ to ¾, where ln ¾ = −0.29 has the larger limit
    assert Fraction(across) >= Fraction("3.9") * fmt.spacing(Fraction(1, 2))


def test_an_error_that_may_lead_below_a_threshold_has_the_larger_limit():
    """ln 1.65 = 0.5008 is above ½, but with an error of 0.01 in 1.65 the computed logarithm need not be."""
    with balls.working(running_error.working_precision(FORMATS["float32"])):
        rounding = []
        for error in (0.01, 2.0**-24):
            item = Running(flint.arb(1.65), flint.arb(error))
            result = running_error.operations_of(FORMATS["float32"]).functions["log"](item)
            rounding.append(float((result.error - running_operations._propagated("log", item)) * 2**24))
    assert rounding == pytest.approx([3.9, 1.9], rel=1e-9)


@ALL
def test_half_a_unit_is_needed(fmt, monkeypatch, fresh_operations):
    """Without the roundings of the basic operations the error of a polynomial exceeds its bound."""
    monkeypatch.setattr(running_operations.Operations, "_power_of_two", lambda self, exponent: flint.arb(0))
    monkeypatch.setattr(column_forms.ColumnForms, "_with_units", lambda self, error, last, units: (error, False))
    x = fmt.as_array(np.random.default_rng(3).uniform(0.1, 0.9, 40))
    assert exceeded(compared(lambda x: x * (1 / np.exp(0.0 * x) + x * x), x, fmt))


@ALL
def test_the_square_is_a_product_for_operator_and_function(fmt):
    """The short cut of NumPy that the bound of ``x**2`` rests on."""
    x = arguments(fmt, 3000, np.random.default_rng(8))
    two = fmt.round(2)
    with np.errstate(all="ignore"):
        assert np.array_equal(evaluate(fmt, lambda x: x**2, x), x * x)
        assert np.array_equal(evaluate(fmt, lambda x: np.power(x, two), x), x * x)


# --- random compositions ---------------------------------------------------------------------------------

CONSTANTS = st.sampled_from([0.1, 0.5, 1.0, 2.0, 3.0, -1.3, 7.7, 1e-3, math.pi, 100.0])
UNARY = tuple(
    """
    exp log sqrt sin cos tan tanh arctan abs square cbrt log1p expm1 negative reciprocal arcsinh cosh exp2 log2
""".split()
)
BINARY = ("add", "subtract", "multiply", "divide", "maximum", "minimum", "hypot", "arctan2")


def expressions():
    """Trees of ufuncs over x and constants, as functions that take x."""
    leaves = st.one_of(st.just(lambda x: x), CONSTANTS.map(lambda c: lambda x: c + 0 * x))

    def grown(children):
        unary = st.tuples(st.sampled_from(UNARY), children).map(lambda t: lambda x: getattr(np, t[0])(t[1](x)))
        binary = st.tuples(st.sampled_from(BINARY), children, children).map(
            lambda t: lambda x: getattr(np, t[0])(t[1](x), t[2](x))
        )
        constant = st.tuples(st.sampled_from(BINARY[:4]), children, CONSTANTS).map(
            lambda t: lambda x: getattr(np, t[0])(t[1](x), t[2])
        )
        power = st.tuples(children, st.sampled_from([2, 3, -1, 0.5, 1.5, 0.1])).map(lambda t: lambda x: t[0](x) ** t[1])
        choice = st.tuples(children, children, children).map(
            lambda t: lambda x: np.where(t[0](x) > t[1](x), t[1](x), t[2](x))
        )
        return st.one_of(unary, binary, constant, power, choice)

    return st.recursive(leaves, grown, max_leaves=8)


@settings(max_examples=400, deadline=None)
@given(expressions(), st.sampled_from(list(FORMATS)), st.integers(0, 2**32))
def test_no_error_of_a_random_composition_exceeds_its_bound(f, name, seed):
    fmt = FORMATS[name]
    x = arguments(fmt, 8, np.random.default_rng(seed))
    pairs = compared(f, x, fmt)
    assume(any(bound < math.inf for _, bound in pairs))
    assert not exceeded(pairs)


@pytest.mark.parametrize("precision", [53, 300])
def test_bounds_do_not_depend_on_the_precision_at_which_a_format_is_first_used(precision):
    fmt = FORMATS["float32"]
    points = [dyadic(Fraction(k, 64)) for k in range(1, 40)]

    def f(x):
        return np.exp(np.sin(x) * 3.0) / (1.0 + x)

    expected = evaluation_errors(f, points, fmt)
    for cached in CACHED:
        cached.cache_clear()
    with balls.working(precision):
        running_error.operations_of(fmt)
    assert evaluation_errors(f, points, fmt) == expected


HOSTILE = {
    "fmax over a negative root": (lambda x: np.fmax(np.sqrt((x * 0.3) * 10 - 3 * x), -100.0) + x, 1.105331242084503),
    "isnan of a root near 0": (
        lambda x: np.where(np.isnan(np.sqrt(((x + 1) * 1.1 - 1.1) - 1.1 * x - 1e-25)), x, 2 * x),
        1.764663040637970,
    ),
    "isinf of a reciprocal near a pole": (lambda x: np.where(np.isinf(1 / (((x + 0.1) - 0.1) - x)), x, 2 * x), 1.7),
    "isinf of the reciprocal of a pole": (lambda x: np.where(np.isinf(1 / (1 / (x - x))), x, 2 * x), 3.0),
    "isfinite of arctan of a pole": (lambda x: np.where(np.isfinite(np.arctan(1 / (x - x))), x, 2 * x), 3.0),
    "fmin over a swallowed NaN": (lambda x: np.fmin(np.abs(np.arcsin(2 + x * x)) ** np.cbrt(x - x) + x, 7), 1.0),
    "heaviside of NaN": (lambda x: np.heaviside(np.exp(x) / np.exp(x), 0.5) * x, 1000.0),
    "float_power": (lambda x: np.float_power(x, 2), 1.487376491480932),
    "an array of exponents": (lambda x: x ** np.full(x.shape, 2.0), 1.368759937846823),
    "a cube in the denominator": (lambda x: x**-3, 1.598858721358123),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("item", ["float64", "float80"])
def test_what_makes_numbers_out_of_nan_or_takes_no_short_cut_is_bounded_or_not_at_all(name, item):
    if item not in FORMATS:
        pytest.skip("longdouble is another format on this machine")
    f, near = HOSTILE[name]
    fmt = FORMATS[item]
    x = fmt.as_array(near * (1 + np.arange(400) * 2.0**-47))
    points = fmt.lift_array(x)
    with np.errstate(all="ignore"):
        values = fmt.lift_array(evaluate(fmt, f, x))
    bounds = evaluation_errors(f, points, fmt)
    exact = balls.values(f, points, 512)
    for value, truth, bound in zip(values, exact, bounds, strict=True):
        if bound < math.inf:
            assert value is not None
            assert isinstance(truth, Ball)
            assert abs(dyadic_to_fraction(value) - truth.midpoint) <= Fraction(bound) + truth.radius


def test_powers_with_exponents_beyond_use_neither_crash_nor_hang():
    for x in (2.0**36, 1e12, 1e15):
        assert error_ledger(lambda v: np.abs(v) ** np.exp2(v), x, 1.0).status != "ok"
    if "float80" in FORMATS:
        tiny = np.longdouble(2) ** -16000
        error_ledger(lambda v: 2.0**v, tiny, tiny / 1024, dtype="float80")
