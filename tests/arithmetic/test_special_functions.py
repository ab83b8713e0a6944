"""SciPy's special functions in the exact engines: both engines agree, with SciPy at the edges and with derivatives."""

import math
import time
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import pytest
import scipy.special
from flint import arb, arb_series, ctx

from numdiff.arithmetic import (
    NO_COMPLEX_STEP,
    Ball,
    NotRational,
    Undefined,
    balls,
    multiprecision,
    rational,
    special_multiprecision,
    ufuncs_used,
)
from numdiff.arithmetic.multiprecision_functions import CONTEXT, TooLarge
from numdiff.arithmetic.rounded import rounded
from numdiff.arithmetic.running_error import scaled_evaluation_errors
from numdiff.arithmetic.special_balls import REAL_SPECIAL, ZETA_FAR_RIGHT
from numdiff.arithmetic.special_names import SPECIAL, SPECIAL_BINARY
from numdiff.arithmetic.special_series import COEFFICIENTS, SERIES_SPECIAL
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS, dyadic
from tests.arithmetic.test_engines_agree import HARD, PRECISION, assert_same, points


def _lambertw(x):
    return np.real(scipy.special.lambertw(x))


def _function(key):
    name = key.removeprefix("special.")
    if key == name:
        return getattr(np, name)
    return _lambertw if name == "lambertw" else getattr(scipy.special, name)


UNARY = {key: _function(key) for key in sorted(SPECIAL - SPECIAL_BINARY)}
EDGES = [
    *(-0.5, -2.5, -171.5, -3.0, 3.0, 40.0, -40.0, 150.0, -0.25, 0.25, 1e-300, 0.9999999999999999, 1.0000000001),
    1.4616321449683622,  # ψ is nearly 0
    0.37250741078136663,  # Ei, too
    2.404825557695773,  # J₀, too
    -2.4570247382208006,  # log|Γ|, too
    *(-0.36787944117144233, -0.3678794411714423, -0.367),  # both sides of -1/e
]
# Deep below 0, ζ comes from ζ(1 - x), whose argument must be told from 1.
TINY = dyadic(-Fraction(1, 2**1074))


def _assert_agreement(f, where):
    # Where a Bessel function or Γ cancels, Arb's enclosure is wide unless it has the bits that are lost.
    pairs = zip(multiprecision.values(f, where, PRECISION), balls.values(f, where, 6 * PRECISION), strict=True)
    for reference, enclosure in pairs:
        assert_same(reference, enclosure)


@pytest.mark.parametrize("key", UNARY)
def test_special_function_is_the_same_in_both_engines_to_60_digits(key):
    small = [point for point in points(key + "small", 60) if abs(point[0]) * 2.0 ** point[1] < 50]
    _assert_agreement(UNARY[key], HARD + points(key) + small + [dyadic(x) for x in EDGES])


@pytest.mark.parametrize("key", sorted(SPECIAL_BINARY))
@pytest.mark.parametrize("constant", [0.0, 1.0, -1.0, -3.0, 0.5, 1 / 3, -0.1, 1e-300])
def test_product_with_a_logarithm_is_the_same_in_both_engines_to_60_digits(key, constant):
    f = _function(key)
    where = [number for number in HARD if abs(number[1]) < 100] + points(key, 25)
    _assert_agreement(lambda x: f(x, constant), where)
    _assert_agreement(lambda x: f(constant, x), where)
    _assert_agreement(lambda x: f(x, x), where)


SLOPES_AT = [0.5, 0.1, 2.0, -0.7, 0.0, -2.5, 7.5, 30.0, -8.75]
TWO = {
    "xlogy(x, c)": lambda x: scipy.special.xlogy(x, 2.5),
    "xlogy(x, x)": lambda x: scipy.special.xlogy(x, x),
    "xlogy(0, x)": lambda x: scipy.special.xlogy(0.0, x),
    "xlog1py(x, x)": lambda x: scipy.special.xlog1py(x, x),
    "erf(exp(x) - 1)": lambda x: scipy.special.erf(np.exp(x) - 1),
}


@pytest.mark.parametrize("f", [*UNARY.values(), *TWO.values()], ids=[*UNARY, *TWO])
def test_derivatives_of_a_series_are_those_of_differences_at_high_precision(f):
    """With h = 2⁻¹⁰⁰ and 600 bits, the differences err by h² times the next derivatives but one."""
    h = Fraction(1, 2**100)
    compared = 0
    for x in SLOPES_AT:
        values = multiprecision.values(f, [dyadic(Fraction(x) + k * h) for k in range(-2, 3)], 600)
        point = [dyadic(x)]
        if any(isinstance(value, Undefined) for value in values):
            assert isinstance(balls.derivatives(f, point, 1, 300)[0], Undefined)
            continue
        a, b, c, d, e = (value.midpoint for value in values)
        for order, truth in (
            (1, (d - b) / (2 * h)),
            (2, (d - 2 * c + b) / h**2),
            (3, (e - 2 * d + 2 * b - a) / (2 * h**3)),
        ):
            (slope,) = balls.derivatives(f, point, order, 500)
            if isinstance(slope, Undefined):
                assert f in (UNARY["special.i0e"], UNARY["special.i1e"])
                assert x == 0  # |x| has a kink
                continue
            tolerance = (abs(truth) + Fraction(1, 2**20)) / 2**150
            assert abs(slope.midpoint - truth) <= slope.radius + tolerance
            assert slope.radius <= abs(truth) / 2**100 + Fraction(1, 2**300)
            compared += 1
    assert compared >= 6


@pytest.mark.parametrize("key", UNARY)
def test_enclosures_over_intervals_contain_the_values_and_slopes_inside(key):
    f, checked = UNARY[key], 0
    for low, high in (
        (0.25, 0.5),
        (0.5, 0.53125),
        (-0.25, -0.125),
        (1.5, 2.0),
        (-0.0625, 0.0625),
        (-3.5, -3.25),
        (20, 21),
    ):
        centre, radius = Fraction(low + high) / 2, Fraction(high - low) / 2
        scale = 2**20
        interval = Ball(int(centre * scale), int(radius * scale), -20)
        inside = [dyadic(centre + k * radius) for k in (-1, 0, 1)]
        inside += [dyadic(centre + radius * Fraction(k, 8)) for k in (-5, 3)]
        for order in (0, 1, 2):
            (enclosure,) = balls.enclose_derivatives(f, [interval], order, 128)
            if isinstance(enclosure, Undefined):
                continue
            for value in balls.derivatives(f, inside, order, 256):
                assert isinstance(value, Ball)
                assert abs(value.midpoint - enclosure.midpoint) <= enclosure.radius + value.radius
                checked += 1
    assert checked >= 10


CONVENTIONS = [
    0.0,
    -0.5,
    -1.0,
    -2.0,
    -3.0,
    1.0,
    2.0,
    3.0,
    0.5,
    -1e-300,
    1e-300,
    40.0,
    -40.0,
    171.5,
    -0.36787944117144233,
    1.5,
]


@pytest.mark.parametrize("key", UNARY)
def test_edges_and_poles_are_those_of_scipy(key):
    """NaN is DOMAIN, an infinity is POLE, unless the exact value is beyond the largest double."""
    f = UNARY[key]
    with np.errstate(all="ignore"):
        computed = f(np.array(CONVENTIONS))
    if key == "special.lambertw":
        x = np.array(CONVENTIONS)
        computed = np.where(scipy.special.lambertw(x).imag == 0, computed, np.nan)
    values = balls.values(f, [dyadic(x) for x in CONVENTIONS], 2048)
    tiny = Fraction(1, 10**16 if key == "sinc" else 10**300)  # sin(πx) is as good as the product
    for x, y, value in zip(CONVENTIONS, computed, values, strict=True):
        if np.isnan(y):
            assert value is Undefined.DOMAIN, x
        elif np.isinf(y):
            assert value is Undefined.POLE or abs(value.midpoint) > Fraction(np.finfo(float).max), x
        else:
            assert abs(value.midpoint - Fraction(y)) <= Fraction(abs(y)) / 10**11 + tiny, x


@pytest.mark.parametrize(
    "first, second", [(0, 0), (0, -1), (0, -2), (1, 0), (1, -1), (1, -2), (-1, 0), (2, 0.5), (-1, -1)]
)
@pytest.mark.parametrize("key", sorted(SPECIAL_BINARY))
def test_products_with_a_logarithm_are_those_of_scipy_at_the_edges(key, first, second):
    f = _function(key)
    with np.errstate(all="ignore"):
        computed = f(float(first), float(second))
    for engine in (multiprecision, balls):
        (value,) = engine.values(lambda x: f(x, float(second)), [dyadic(first)], 128)
        if np.isnan(computed):
            assert value is Undefined.DOMAIN
        elif np.isinf(computed):
            assert value is Undefined.POLE
        else:
            assert abs(value.midpoint - Fraction(computed)) <= Fraction(abs(computed)) / 10**12


def test_every_special_function_is_in_every_engine_for_real_numbers():
    assert REAL_SPECIAL.keys() == SPECIAL
    assert SERIES_SPECIAL.keys() == SPECIAL
    assert balls._REAL.functions.keys() >= SPECIAL
    assert multiprecision._REAL.functions.keys() >= SPECIAL
    assert SPECIAL <= NO_COMPLEX_STEP


def test_a_ufunc_is_known_by_what_it_is_and_not_by_its_name():
    assert ufuncs_used(lambda x: scipy.special.erf(x) + scipy.special.digamma(x) + np.sinc(x)) == {
        "add",
        "special.erf",
        "special.psi",
        "sinc",
    }
    assert ufuncs_used(lambda x: np.i0(x) * scipy.special.i0(x)) == {"i0", "multiply", "special.i0"}
    assert ufuncs_used(np.log1p) == {"log1p"}
    with pytest.raises(TypeError, match=r"scipy\.special\.log1p has no exact evaluation; write np\.log1p"):
        ufuncs_used(scipy.special.log1p)

    stranger = np.frompyfunc(lambda x: 7.0, 1, 1)
    with pytest.raises(TypeError, match="a ufunc of neither NumPy nor SciPy, has no exact evaluation"):
        ufuncs_used(stranger)


@pytest.mark.parametrize(
    "f",
    [
        scipy.special.lambertw,
        lambda x: scipy.special.lambertw(x) + 1,
        lambda x: np.imag(scipy.special.lambertw(x)),
        lambda x: np.abs(scipy.special.lambertw(x)),
        lambda x: np.real(scipy.special.lambertw(x, -1)),
        lambda x: np.asarray(scipy.special.lambertw(x)),
    ],
)
def test_lambertw_is_refused_unless_its_real_part_is_taken_at_once(f):
    with pytest.raises(TypeError, match=r"real part|np\.real|branch k = 0 alone"):
        balls.values(f, [dyadic(1.0)], 64)


def test_special_functions_are_refused_in_rational_and_in_complex_numbers():
    with pytest.raises(NotRational, match=r"scipy\.special\.erf leaves the rational numbers"):
        rational.values(scipy.special.erf, [dyadic(1.0)])
    for engine in (multiprecision, balls):
        with pytest.raises(TypeError, match=r"scipy\.special\.gamma is not available for complex arguments"):
            engine.complex_values(scipy.special.gamma, [(dyadic(1.5), dyadic(0.5))], 64)


@pytest.mark.parametrize("key", UNARY)
def test_arguments_beyond_all_formats_take_no_time(key):
    far = [
        (1, 1023),
        (-1, 1023),
        (3, 16380),
        (-3, 16380),
        (1, -16445),
        (-1, -16445),
        (5, 60000),
        (-5, 60000),
        (1, -60000),
    ]
    for engine in (multiprecision, balls):
        start = time.process_time()
        engine.values(UNARY[key], far, 256)
        assert time.process_time() - start < 5


@pytest.mark.parametrize("f", [scipy.special.erf, scipy.special.expit, scipy.special.log1p, scipy.special.cbrt])
def test_functions_of_scipy_have_no_correctly_rounded_version(f):
    with pytest.raises(TypeError, match=rf"scipy\.special\.{f.__name__} has no correctly rounded version"):
        rounded(f)(np.array([0.5]))
    assert rounded(np.log1p)(np.array([0.5])).shape == (1,)


def test_a_narrow_format_is_refused_with_the_formats_that_scipy_has():
    fmt = FORMATS["float16"]
    with pytest.raises(TypeError, match=r"got float64.*scipy\.special computes in float32 and float64"):
        evaluate(fmt, scipy.special.erf, fmt.as_array(np.array([0.5])))


@contextmanager
def precision_of(bits):
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def seconds_of(call):
    start = time.perf_counter()
    found = call()
    return found, time.perf_counter() - start


@pytest.mark.parametrize("x", [800, 1000, 1300.5])
def test_exp1_takes_no_seconds_at_many_bits_and_keeps_its_digits(x):
    with precision_of(4096):
        found, seconds = seconds_of(lambda: REAL_SPECIAL["special.exp1"](arb(x)))
    with precision_of(8192):
        assert found.overlaps(arb(x).gamma_upper(0))
    assert found.rel_accuracy_bits() > 4000
    assert seconds < 1.0


@pytest.mark.parametrize("x", [arb(1000), arb(3000, 900), arb(7, 2), arb(1.5, 0.25)])
def test_zeta_over_a_ball_is_bounded_by_its_ends(x):
    with precision_of(128):
        found = COEFFICIENTS["special.zeta"](x, 4)
        for part in range(11):
            inside = x.lower() + (x.upper() - x.lower()) * part / 10
            exact = arb_series([inside, 1], 4).zeta()
            assert all(found[k].contains(exact[k].mid()) for k in range(4))
        assert REAL_SPECIAL["special.zeta"](x).contains(arb(x.mid()).zeta().mid())
        assert all(c.is_finite() for c in found)


def test_zeta_far_to_the_right_is_1_to_all_bits_of_a_format_at_once():
    with precision_of(128):
        for x in (arb(70000), arb(10) ** 95, arb(10) ** 95 + arb(0, 1) * arb(10) ** 94):
            found, seconds = seconds_of(lambda x=x: COEFFICIENTS["special.zeta"](x, 10))
            assert seconds < 0.05
            assert (found[0] - 1).abs_upper() < arb(2) ** -65000
            assert all(c.contains(0) and c.abs_upper() < arb(2) ** -65000 for c in found[1:])
        last = arb_series([(1 << 16) + 1, 1], 10).zeta()
        assert all(last[k].abs_upper() < ZETA_FAR_RIGHT.abs_upper() for k in range(1, 10))


@pytest.mark.parametrize("x", [arb(0, 1) * arb(10) ** 95, arb(-70000, 5), arb(1, 0.5)])
def test_zeta_over_a_ball_that_reaches_far_to_the_left_or_over_its_pole_has_no_bounds_at_once(x):
    found, seconds = seconds_of(lambda: COEFFICIENTS["special.zeta"](x, 10))
    assert seconds < 0.05
    assert not any(c.is_finite() for c in found)


@pytest.mark.parametrize("name", ["special.k0", "special.k1"])
def test_sums_for_k_are_left_to_arb_where_they_take_seconds(name):
    function = special_multiprecision.REAL_SPECIAL[name]
    with CONTEXT.workprec(2048):
        assert function(CONTEXT.mpf(1.5)) > 0
    with CONTEXT.workprec(4096), pytest.raises(TooLarge):
        function(CONTEXT.mpf(1.5))
    with precision_of(4096):
        found, seconds = seconds_of(lambda: REAL_SPECIAL[name](arb(1.5)))
    assert found.rel_accuracy_bits() > 4000
    assert seconds < 1.0


def test_the_domain_of_lambertw_is_told_at_any_size() -> None:
    """Where e·x overflows, and no rounding error of it has a bound."""
    for format_name in ("float32", "float64"):
        fmt = FORMATS[format_name]
        largest = dyadic(fmt.largest_finite)
        points = [largest, (-largest[0], largest[1]), dyadic(-0.5), dyadic(-0.25)]
        found = scaled_evaluation_errors(_lambertw, points, fmt, "rounded")
        assert [math.isfinite(bound) for bound, _ in found] == [True, False, False, True]
