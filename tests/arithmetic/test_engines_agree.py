"""mpmath and Arb evaluate the same callable: every ufunc of one is checked against the other."""

import random
import time
from fractions import Fraction

import numpy as np
import pytest

from numdiff.arithmetic import Ball, Undefined, balls, multiprecision
from numdiff.arithmetic.ball import LARGEST_EXPONENT
from numdiff.arithmetic.multiprecision_functions import CONTEXT, REAL, lifted, magnitude
from numdiff.arithmetic.numpy_functions import ANALYTIC, BINARY, UNARY
from numdiff.floats.formats import dyadic

PRECISION = 256
SIXTY_DIGITS = 200  # 60 digits are 199.3 bits

HARD = [
    dyadic(Fraction(value))
    for value in (
        0,
        1,
        -1,
        2,
        -2,
        -8,
        10,
        1000,
        700.5,
        -700.5,
        Fraction(1, 2),
        np.pi,
        np.pi / 2,
        1e22,
        1 + Fraction(1, 2**52),
        1 - Fraction(1, 2**53),
        -1 + Fraction(1, 2**53),
        1 + Fraction(1, 2**200),
        Fraction(1, 2**149),
        -Fraction(1, 2**1074),
        Fraction(1, 2**300),
        Fraction(2**60),
        -Fraction(1, 2**60),
    )
]


def points(seed, count=60):
    draw = random.Random(seed)

    def odd():
        return draw.choice((-1, 1)) * (draw.getrandbits(draw.choice((3, 11, 24, 53, 64))) | 1)

    return [(odd(), draw.randint(-80, -50)) for _ in range(count)]


def aligned(left, right):
    """Midpoints and radii as integers over one exponent."""
    low = min(left.exp, right.exp)
    shifts = left.exp - low, right.exp - low
    assert max(shifts) < 40_000, "the two engines differ by orders of magnitude"
    return (
        left.mid << shifts[0],
        left.rad << shifts[0],
        right.mid << shifts[1],
        right.rad << shifts[1],
    )


def assert_same(reference, enclosure, bits=SIXTY_DIGITS):
    """The reference agrees with the enclosure to `bits`, and its claimed radius is true."""
    if isinstance(reference, Undefined) or isinstance(enclosure, Undefined):
        assert reference is enclosure
        return
    if enclosure.exp < -2 * LARGEST_EXPONENT + 1:  # only the sign is kept
        assert reference == enclosure
        return
    mid, rad, centre, radius = aligned(reference, enclosure)
    outside = abs(mid - centre) - radius
    assert outside <= rad
    assert outside <= abs(mid) >> bits
    # What a certificate allows mpmath's own rounding: 2**(4 - precision).
    assert outside <= abs(mid) >> (PRECISION - 4)
    # An enclosure that is too wide would contain anything.
    assert radius <= abs(centre) >> bits or not mid


@pytest.mark.parametrize("name", sorted(UNARY))
def test_unary_ufunc_is_the_same_in_both_engines_to_60_digits(name):
    where = HARD + points(name)
    f = getattr(np, name)
    # Near the ends of their domains Arb's inverse hyperbolic functions keep fewer bits.
    pairs = zip(multiprecision.values(f, where, PRECISION), balls.values(f, where, 2 * PRECISION), strict=True)
    for reference, enclosure in pairs:
        assert_same(reference, enclosure)


@pytest.mark.parametrize("name", sorted(BINARY))
def test_binary_ufunc_is_the_same_in_both_engines_to_60_digits(name):
    ufunc = getattr(np, name)
    where = [number for number in HARD if abs(number[1]) < 100] + points(name, 25)
    constants = [0.0, 1.0, -1.0, 2.0, 3, -3, 0.5, -0.5, 2.5, 1 / 3, -0.1, np.pi]
    for constant in constants:
        for f in (lambda x, c=constant: ufunc(x, c), lambda x, c=constant: ufunc(c, x)):
            pairs = zip(multiprecision.values(f, where, PRECISION), balls.values(f, where, 2 * PRECISION), strict=True)
            for reference, enclosure in pairs:
                assert_same(reference, enclosure)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x**x,
        lambda x: np.hypot(x, x + 1),
        lambda x: np.arctan2(x, 1 - x),
        lambda x: np.maximum(x, x**2),
        lambda x: np.exp(x**2) ** 2,
        lambda x: 1 / (1 + np.exp(-x)),
        lambda x: np.exp(x) / (np.sin(x) ** 3 + np.cos(x) ** 3),
        lambda x: np.where(x > 0, np.log(x), np.sqrt(-x)),
        lambda x: np.select([x < -1, x < 1], [x, x**3], 1.0),
        lambda x: np.logaddexp(x, 1.0),
        lambda x: np.clip(x, -0.5, 0.5) * x,
        lambda x: (x > 0) * x,
        lambda x: np.heaviside(x, 0.5),
        lambda x: np.copysign(x, -1.0),
        lambda x: np.float_power(x, 3),
        lambda x: np.radians(x) + np.degrees(x),
        lambda x: np.logaddexp2(x, -x),
        lambda x: np.polyval([1.0, -2.0, 0.1], x),
    ],
)
def test_formula_is_the_same_in_both_engines_to_60_digits(f):
    where = [dyadic(v) for v in (0.0, 1.0, -1.0, 0.5)]
    where += [(m, e) for m, e in points(5, 40) if -8 < m * 2.0**e < 8]
    references, enclosures = multiprecision.values(f, where, PRECISION), balls.values(f, where, 2 * PRECISION)
    for reference, enclosure in zip(references, enclosures, strict=True):
        assert_same(reference, enclosure)


@pytest.mark.parametrize("name", sorted(ANALYTIC & UNARY))
@pytest.mark.parametrize("bits", [3, 40, 300, 1074])
def test_complex_ufunc_is_the_same_in_both_engines_in_each_part(name, bits):
    f = getattr(np, name)
    where = [(x, (1, -bits)) for x in points(name, 15) + [dyadic(v) for v in (0.5, 1.0, -1.0, 2.0, 0.0)]]
    found = zip(
        where,
        multiprecision.complex_values(f, where, PRECISION),
        balls.complex_values(f, where, 2 * PRECISION),
        strict=True,
    )
    checked = 0
    for _, reference, enclosure in found:
        if isinstance(reference, Undefined) or isinstance(enclosure, Undefined):
            assert reference is enclosure
            continue
        for part, enclosed in zip(reference, enclosure, strict=True):
            assert_same(part, enclosed)
        checked += 1
    assert checked


@pytest.mark.parametrize("exponent", [2, 3, -1, -4, 0, 0.5, 2.5, -1.5, 1 / 3])
def test_complex_power_is_the_same_in_both_engines_in_each_part(exponent):
    where = [(x, (3, -200)) for x in points(1, 20)]
    first = multiprecision.complex_values(lambda z: z**exponent, where, PRECISION)
    second = balls.complex_values(lambda z: z**exponent, where, 2 * PRECISION)
    for reference, enclosure in zip(first, second, strict=True):
        if isinstance(reference, Undefined):
            assert reference is enclosure
        else:
            for part, enclosed in zip(reference, enclosure, strict=True):
                assert_same(part, enclosed)


@pytest.mark.parametrize("name", ["exp", "log", "tan", "arctanh", "sqrt", "expm1"])
def test_imaginary_part_over_step_is_the_derivative(name):
    # Im f(x + ih)/h = f'(x) - f'''(x)h²/6 + …; with h = 2**-300 the second term is below 2**-500.
    f, x = getattr(np, name), dyadic(0.375)
    ((_, imaginary),) = multiprecision.complex_values(f, [(x, (1, -300))], PRECISION)
    (slope,) = balls.derivatives(f, [x], 1, 2 * PRECISION)
    assert_same(Ball(imaginary.mid, imaginary.rad, imaginary.exp + 300), slope)


@pytest.mark.parametrize(
    "f, x, reason",
    [
        (np.log, -1, Undefined.DOMAIN),
        (np.log, 0, Undefined.POLE),
        (np.log2, -1, Undefined.DOMAIN),
        (np.log10, 0, Undefined.POLE),
        (np.log1p, -2, Undefined.DOMAIN),
        (np.log1p, -1, Undefined.POLE),
        (np.sqrt, -1, Undefined.DOMAIN),
        (np.arcsin, 2, Undefined.DOMAIN),
        (np.arccos, -2, Undefined.DOMAIN),
        (np.arccosh, 0.5, Undefined.DOMAIN),
        (np.arctanh, 1, Undefined.POLE),
        (np.arctanh, -1, Undefined.POLE),
        (np.arctanh, 2, Undefined.DOMAIN),
        (np.reciprocal, 0, Undefined.POLE),
        (lambda x: 1 / x, 0, Undefined.POLE),
        (lambda x: x / x, 0, Undefined.DOMAIN),
        (lambda x: np.sin(x) / x, 0, Undefined.DOMAIN),
        (lambda x: x ** (1 / 3), -8, Undefined.DOMAIN),
        (lambda x: x**-2, 0, Undefined.POLE),
        (lambda x: x**-0.5, 0, Undefined.POLE),
        (lambda x: (-2.0) ** x, 0.5, Undefined.DOMAIN),
        (lambda x: 0.0**x, -1, Undefined.POLE),
        (lambda x: np.log(x) + 1 / (x + 1), -1, Undefined.DOMAIN),
        (lambda x: np.log(-np.exp(x)), 1, Undefined.DOMAIN),
        (lambda x: x + np.nan, 1, Undefined.DOMAIN),
        (lambda x: np.where(x > 0, x, -np.inf), -1, Undefined.POLE),
        (lambda x: np.sqrt(-x) * 0, 1, Undefined.DOMAIN),
        (lambda x: np.exp2(np.log(x)), 0, Undefined.POLE),
        (lambda x: np.log(x) ** 0, -1, Undefined.DOMAIN),
    ],
)
def test_missing_value_has_the_same_reason_in_both_engines(f, x, reason):
    point = [dyadic(x)]
    assert multiprecision.values(f, point, 128) == [reason]
    assert balls.values(f, point, 128) == [reason]
    assert balls.derivatives(f, point, 2, 128) == [reason]


@pytest.mark.parametrize(
    "f, x, value",
    [
        (np.cbrt, -8, -2),
        (lambda x: x**3, -2, -8),
        (lambda x: x**3.0, -2, -8),
        (lambda x: x**-3, -2, Fraction(-1, 8)),
        (lambda x: x**0, 0, 1),
        (lambda x: x**0.5, 0, 0),
        (lambda x: x**4.5, 0, 0),
        (lambda x: 2.0**x, -3, Fraction(1, 8)),
        (lambda x: (-2.0) ** x, 3, -8),
        (np.sqrt, 0, 0),
        (np.log2, 8, 3),
        (np.exp2, -2, Fraction(1, 4)),
        (lambda x: np.fmax(np.log(x), x), -1, -1),
        (lambda x: np.fmin(np.sqrt(x), 5), -1, 5),
        (np.sign, 0, 0),
        (lambda x: np.heaviside(x, 0.5), 0, Fraction(1, 2)),
        (lambda x: np.arctan2(x, x), 0, 0),
        (np.arccosh, 1, 0),
        (lambda x: np.clip(x, 0, np.inf), -2, 0),
        (lambda x: np.clip(x, None, 3), 7, 3),
        (lambda x: np.hypot(x, 4), 3, 5),
        (lambda x: np.where(np.isnan(np.log(x)), 1.0, 2.0), -1, 1),
        (lambda x: np.where(np.isinf(1 / x), x, 2.0), 0, 0),
        (lambda x: np.where(np.isfinite(1 / x), 3.0, 4.0), 0, 4),
    ],
)
def test_special_value_is_exact_where_numpy_has_it(f, x, value):
    point = [dyadic(x)]
    for engine in (multiprecision, balls):
        (found,) = engine.values(f, point, 128)
        assert found.contains(value)
        assert found.radius <= Fraction(1, 2**100) * max(abs(value), 2**12)


def test_argument_beyond_all_formats_is_undecided_and_does_not_exhaust_memory():
    f = lambda x: np.exp(np.exp(np.exp(x)))
    for engine in (multiprecision, balls):
        assert engine.values(f, [dyadic(200.0)], 128) == [Undefined.UNDECIDED]


@pytest.mark.parametrize("precision", [288, 1056])
@pytest.mark.parametrize("exponent", [(-(10**22), 0), (3**40, 5), (-(3**33), 12)])
def test_power_to_a_large_integer_keeps_its_digits_in_mpmath(precision, exponent):
    def digits_agree(found, truth):
        difference = CONTEXT.fsub(found, truth, prec=50)
        return not difference or magnitude(difference) <= magnitude(truth) - precision + 2

    x = lifted(exponent)
    with CONTEXT.workprec(precision):
        assert digits_agree(REAL["exp"](x), CONTEXT.exp(x, prec=precision + 100))
        assert digits_agree(REAL["sinh"](x), CONTEXT.sinh(x, prec=precision + 200))
        assert digits_agree(REAL["cosh"](x), CONTEXT.cosh(x, prec=precision + 200))
        for base in (3, -7, 12345):
            number = CONTEXT.mpf(base)
            with CONTEXT.extraprec(400):
                power = number**x
            assert digits_agree(REAL["power"](number, x), power)


def test_odd_power_of_a_negative_number_is_negative_however_large_the_exponent():
    n = 3**50
    for exponent, negative in ((n, True), (n + 1, False), (-n, True)):
        with CONTEXT.workprec(128):
            assert (REAL["power"](CONTEXT.mpf(-7), CONTEXT.mpf(exponent)) < 0) == negative


def test_exp_of_the_largest_float80_takes_no_more_than_its_digits():
    x = lifted((-(2**64 - 1), 16320))
    start = time.process_time()
    with CONTEXT.workprec(1056):
        found = REAL["exp"](x)
    assert time.process_time() - start < 5  # by repeated squaring it takes half a minute
    assert magnitude(found) < -(2**16384)


def test_sine_of_the_largest_float80_keeps_its_digits_in_mpmath():
    # float(sin(2**1000)) is known to the C library too; 2**16383 is reduced by the same code.
    huge, small = multiprecision.values(np.sin, [(1, 16383), (1, 1000)], 128)
    assert small.contains(small.midpoint)
    assert float(small.midpoint) == np.sin(2.0**1000)
    assert abs(huge.midpoint) <= 1
