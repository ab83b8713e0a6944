"""floor, ceil, trunc, rint, % and fmod are exact in every engine, and have a derivative off their jumps."""

from fractions import Fraction

import numpy as np
import pytest

from numdiff.arithmetic import Ball, Undefined, balls, multiprecision, rational
from numdiff.arithmetic.pieces import PIECES, QUOTIENTS, jumps_between
from numdiff.arithmetic.running_error import evaluation_errors
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS, dyadic, dyadic_to_fraction

POINTS = [
    0.0,
    0.5,
    1.5,
    2.5,
    -0.5,
    -1.5,
    -2.5,
    3.0,
    -3.0,
    0.49999999999999994,
    1e300,
    -1e-300,
    7.25,
    -7.75,
    4.5e15,
    5e-324,
]
DIVISORS = [1.0, 0.1, -0.3, 3.0, 1e-300, 2.0**60, -7.5]


def _exact(engine, f, x):
    # 3,000 bits: a multiple of 2⁻¹⁰⁷⁴ below 2¹⁰²⁴ is rounded nowhere.
    (value,) = engine.values(f, [dyadic(x)]) if engine is rational else engine.values(f, [dyadic(x)], 3000)
    return value.midpoint if isinstance(value, Ball) else value


@pytest.mark.parametrize("engine", [rational, multiprecision, balls])
@pytest.mark.parametrize("name", sorted(PIECES))
def test_rounding_to_integers_is_that_of_numpy(name, engine):
    for x in POINTS:
        assert _exact(engine, getattr(np, name), x) == Fraction(float(getattr(np, name)(x)))


@pytest.mark.parametrize("engine", [rational, multiprecision, balls])
@pytest.mark.parametrize("y", DIVISORS)
def test_remainders_are_exact(y, engine):
    for x in POINTS:
        exact = Fraction(x) % Fraction(y)
        assert _exact(engine, lambda t: t % y, x) == exact
        assert _exact(engine, lambda t: np.fmod(t, y), x) == Fraction(float(np.fmod(x, y)))


@pytest.mark.parametrize("name", sorted(QUOTIENTS))
def test_a_remainder_by_zero_is_outside_the_domain(name):
    for engine in (rational, multiprecision, balls):
        assert _exact(engine, lambda x: getattr(np, name)(x, 0.0), 1.0) is Undefined.DOMAIN


SLOPES = {
    "floor": (lambda x: x * np.floor(3.0 * x), lambda x: Fraction(int(np.floor(3.0 * x)))),
    "ceil": (lambda x: np.ceil(x) * x, lambda x: Fraction(int(np.ceil(x)))),
    "rint": (lambda x: x - np.rint(x), lambda x: Fraction(1)),
    "trunc": (lambda x: np.trunc(x) + x * x, lambda x: 2 * Fraction(x)),
    "%": (lambda x: (x % 0.25) ** 2, lambda x: 2 * (Fraction(x) % Fraction(1, 4))),
    "% x": (lambda x: 2.0 % x, lambda x: Fraction(-int(np.floor(2.0 / x)))),
    "fmod": (lambda x: np.fmod(x, 0.75), lambda x: Fraction(1)),
}


@pytest.mark.parametrize("name", SLOPES)
def test_derivatives_off_the_jumps(name):
    f, slope = SLOPES[name]
    for x in (0.3, 1.7, -0.9, -2.2, 12.3):
        (found,) = balls.derivatives(f, [dyadic(x)], 1, 128)
        assert abs(found.midpoint - slope(x)) <= found.radius
        assert rational.derivatives(f, [dyadic(x)], 1) == [slope(x)]


@pytest.mark.parametrize(
    "f, x",
    [
        (np.floor, 2.0),
        (np.ceil, 0.0),
        (np.trunc, -1.0),
        (np.rint, 2.5),
        (lambda x: x % 0.5, 1.5),
        (lambda x: np.fmod(x, 0.5), 1.5),
        (lambda x: np.floor(x) * 0.0, 3.0),
    ],
)
def test_there_is_no_derivative_at_a_jump(f, x):
    assert balls.derivatives(f, [dyadic(x)], 1, 128) == [Undefined.UNDECIDED]
    assert rational.derivatives(f, [dyadic(x)], 1) == [Undefined.UNDECIDED]


def test_trunc_and_fmod_are_smooth_around_zero_and_rint_around_integers():
    for f in (np.trunc, np.rint, lambda x: np.fmod(x, 0.5) - x):
        assert balls.derivatives(f, [dyadic(0.0)], 1, 128)[0].contains(0)
        assert rational.derivatives(f, [dyadic(0.0)], 1) == [0]


def test_jumps_are_found_at_the_ends_of_an_interval():
    assert jumps_between("floor", (1, 0), (3, -1))
    assert not jumps_between("floor", (5, -2), (7, -2))
    assert jumps_between("rint", (1, -1), (3, -2))
    assert not jumps_between("rint", (3, -2), (5, -2))
    assert not jumps_between("trunc", (-1, -1), (1, -1))
    assert jumps_between("trunc", (-1, 0), (1, -1))


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x % 0.3,
        lambda x: np.exp(x) % 0.7,
        lambda x: x * np.floor(4.0 * x),
        lambda x: np.fmod(x, 1.0 / 3.0) - x,
        lambda x: np.rint(10.0 * x) / 10.0,
    ],
)
def test_bounds_of_formulas_with_pieces_hold(f, fmt):
    x = fmt.as_array(np.random.default_rng(3).uniform(-5, 5, 200))
    points = fmt.lift_array(x)
    bounds, tight = evaluation_errors(f, points, fmt), 0
    for y, value, bound in zip(fmt.lift_array(evaluate(fmt, f, x)), balls.values(f, points, 256), bounds, strict=True):
        assert abs(dyadic_to_fraction(y) - value.midpoint) <= bound
        tight += bound < 300 * fmt.unit_roundoff
    assert tight > 100


TABLE = ([-1.0, 0.1, 0.7, 2.0], [3.0, -0.3, 0.2, 1e-3])


@pytest.mark.parametrize("ends", [{}, {"left": -7.0, "right": 0.5}])
def test_interpolation_in_a_table_is_that_of_numpy(ends):
    """np.interp computes in float64 alone."""
    fmt, f = FORMATS["float64"], lambda x: np.interp(x, *TABLE, **ends)
    x = np.concatenate([np.random.default_rng(8).uniform(-2, 3, 200), TABLE[0]])
    points = fmt.lift_array(x)
    for y, value, bound in zip(f(x), balls.values(f, points, 256), evaluation_errors(f, points, fmt), strict=True):
        assert abs(Fraction(float(y)) - value.midpoint) <= bound < 1e-14
    assert balls.derivatives(f, [dyadic(0.1)], 1, 128) == [Undefined.UNDECIDED]
    (slope,) = balls.derivatives(f, [dyadic(0.5)], 1, 128)
    truth = (Fraction(0.2) - Fraction(-0.3)) / (Fraction(0.7) - Fraction(0.1))
    assert abs(slope.midpoint - truth) <= slope.radius
    assert rational.derivatives(f, [dyadic(0.5)], 1) == [truth]


def test_interpolation_is_refused_where_it_is_not_a_function_of_x_alone():
    for f in (
        lambda x: np.interp(0.5, x, TABLE[1]),
        lambda x: np.interp(x, *TABLE, period=1.0),
        lambda x: np.interp(x, [1.0, 0.0], [0.0, 1.0]),
    ):
        with pytest.raises(TypeError, match=r"np\.interp"):
            balls.values(f, [dyadic(0.5)], 64)


@pytest.mark.parametrize("name", sorted(PIECES))
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_number_below_all_formats_is_rounded_as_any_small_one(name, sign):
    for exponent in (-3, -4, -(2**40)):  # of which the last could not be shifted to an integer's place
        assert PIECES[name]((sign, exponent)) == PIECES[name]((sign, -2)) == float(getattr(np, name)(sign / 8))
        for low, high in [((-1, 0), (sign, exponent)), ((sign, exponent), (1, 0))]:
            short = [(end[0], max(end[1], -3)) for end in (low, high)]
            assert jumps_between(name, low, high) == jumps_between(name, *short)
