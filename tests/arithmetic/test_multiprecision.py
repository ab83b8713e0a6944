"""mpmath: exact points, honest radii, real and complex results."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from numdiff.arithmetic import NO_COMPLEX_STEP, Ball, Undefined, balls, multiprecision, ufuncs_used
from numdiff.floats.formats import dyadic


def test_points_and_constants_are_not_rounded_to_the_working_precision():
    point = ((1 << 300) + 1, -300)
    (value,) = multiprecision.values(lambda x: x - 1, [point], 64)
    assert value.contains(Fraction(1, 2**300))
    (value,) = multiprecision.values(lambda x: x - (2**300 + 1), [dyadic(0.0)], 400)
    assert value.contains(-(2**300 + 1))


@pytest.mark.parametrize("precision", [32, 64, 256, 1000])
def test_radius_is_the_value_shortened_by_16_bits(precision):
    where = [dyadic(v) for v in (1.0, 3.0, -1e300, 5e-324)]
    for value in multiprecision.values(lambda x: x / 3, where, precision):
        share = value.radius / abs(value.midpoint)
        assert Fraction(1, 2 ** (precision - 16)) <= share <= Fraction(3, 2 ** (precision - 15))
        assert abs(value.mid).bit_length() in (precision, precision + 1)


def test_value_zero_has_the_radius_of_terms_of_size_one():
    assert multiprecision.values(lambda x: np.cos(x) - np.cos(-x), [dyadic(0.3)], 100) == [Ball(0, 1, -84)]


def test_digits_are_those_of_a_printed_table():
    # e to 50 decimals, as in OEIS A001113.
    (value,) = multiprecision.values(np.exp, [dyadic(1.0)], 200)
    digits = "2.71828182845904523536028747135266249775724709369995"
    assert abs(value.midpoint - Fraction(digits)) <= value.radius + Fraction(1, 10**50)


def test_mpmath_contexts_are_left_alone():
    before = mpmath.mp.prec
    multiprecision.values(np.sin, [dyadic(1.0)], 777)
    assert mpmath.mp.prec == before


@pytest.mark.parametrize("engine", [multiprecision, balls])
@pytest.mark.parametrize(
    "f",
    [
        np.abs,
        np.sign,
        lambda x: np.maximum(x, 0),
        lambda x: np.minimum(x, 0),
        lambda x: np.where(x > 0, x, 0.0),
        lambda x: np.hypot(x, 1),
        lambda x: np.arctan2(x, 1),
        np.cbrt,
        np.fabs,
        lambda x: np.clip(x, 0, 1),
        np.conjugate,
        lambda x: np.where(True, x, 0.0),
        lambda x: np.heaviside(x, 0),
        lambda x: np.logaddexp(x, 1),
        np.deg2rad,
        np.degrees,
        lambda x: np.copysign(x, 1.0),
        lambda x: x == 1,
        lambda x: np.fmax(x, 1),
    ],
)
def test_function_without_complex_meaning_is_refused_by_name_and_announced_by_tracing(engine, f):
    if f(np.array([0.5])).dtype == bool:
        with pytest.raises(TypeError):
            engine.complex_values(f, [(dyadic(0.5), dyadic(0.25))], 64)
        return
    names = ufuncs_used(f)
    assert names & NO_COMPLEX_STEP
    with pytest.raises(TypeError, match="|".join(names)):
        engine.complex_values(f, [(dyadic(0.5), dyadic(0.25))], 64)


@pytest.mark.parametrize("engine", [multiprecision, balls])
def test_complex_value_is_missing_where_the_real_function_is(engine):
    step = dyadic(2.0**-30)
    for f, x, reason in [
        (np.log, -1.0, Undefined.DOMAIN),
        (np.log, 0.0, Undefined.POLE),
        (np.sqrt, -2.0, Undefined.DOMAIN),
        (np.arcsin, 2.0, Undefined.DOMAIN),
        (lambda z: z**0.5, -1.0, Undefined.DOMAIN),
        (np.reciprocal, 0.0, Undefined.POLE),
    ]:
        assert engine.complex_values(f, [(dyadic(x), step)], 64) == [reason]


@pytest.mark.parametrize("engine", [multiprecision, balls])
def test_complex_pole_away_from_the_real_axis_is_a_pole(engine):
    assert engine.complex_values(lambda z: 1 / (1 + z * z), [((0, 0), (1, 0))], 64) == [Undefined.POLE]


@pytest.mark.parametrize("engine", [multiprecision, balls])
def test_complex_points_of_different_magnitude_keep_their_order(engine):
    where = [(dyadic(x), (1, -k)) for x, k in ((0.5, 900), (0.75, 2), (0.25, 100), (1.5, 900))]
    together = engine.complex_values(np.exp, where, 128)
    assert [tuple(part.midpoint for part in value) for value in together] == [
        tuple(part.midpoint for part in engine.complex_values(np.exp, [point], 128)[0]) for point in where
    ]
    for value, (x, _) in zip(together, where, strict=True):
        (real,) = multiprecision.values(np.exp, [x], 128)
        assert abs(value[0].midpoint / real.midpoint - 1) < Fraction(1, 2**3)


def test_guard_bits_absorb_a_cancellation_of_40_bits():
    f, point = lambda x: (np.exp(x) - 1) / x, [dyadic(2.0**-40)]
    (value,), (truth,) = multiprecision.values(f, point, 128), balls.values(f, point, 512)
    assert abs(value.midpoint - truth.midpoint) + truth.radius <= value.radius
