"""Infinite constants, poles behind poles, and zeros with a sign: what NumPy makes of them, or a refusal."""

import numpy as np
import pytest

import numdiff as nd
from numdiff.analysis.reference import ExactFunction, State

STEP = 0.25


def slope(f, x, h=STEP):
    ledger = nd.error_ledger(f, x, h, "forward")
    return str(ledger.status), float(ledger.reference), float(ledger.computed)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: np.minimum(x, np.inf), 1.0),
        (lambda x: np.maximum(-np.inf, x), 1.0),
        (lambda x: np.where(x < np.inf, x * x, 0.0), 2.0),
        (lambda x: np.where(np.inf <= x, 0.0, x * x), 2.0),
        (lambda x: np.where(x != -np.inf, x * x, 0.0), 2.0),
        (lambda x: np.where(x > 0, x, -np.inf), 1.0),
        (lambda x: np.clip(x, -np.inf, np.inf), 1.0),
    ],
)
def test_an_infinite_constant_that_does_not_bind_changes_nothing(f, expected):
    assert slope(f, 1.0)[:2] == ("ok", expected)


@pytest.mark.parametrize("f", [lambda x: np.maximum(x, np.inf), lambda x: x + np.inf, lambda x: x * -np.inf])
def test_an_infinite_value_is_a_pole(f):
    assert slope(f, 1.0)[0] == "pole"


@pytest.mark.skipif("float80" not in nd.FORMATS, reason="longdouble is float64 here")
def test_a_longdouble_beyond_the_doubles_is_no_infinity():
    large = np.longdouble(2) ** 2000
    for f in (lambda x: np.clip(x, -large, large), lambda x: np.minimum(x, large)):
        ledger = nd.error_ledger(f, 2 * large, large, "forward", dtype="longdouble")
        assert (str(ledger.status), float(ledger.reference)) == ("ok", 0.0)


@pytest.mark.parametrize("f", [lambda x: np.hypot(x, np.inf), lambda x: x / np.inf, lambda x: np.arctan2(x, np.inf)])
def test_other_functions_of_an_infinite_constant_are_refused(f):
    with pytest.raises(TypeError, match="infinite constant"):
        nd.error_ledger(f, 1.0, STEP)


def test_what_follows_a_pole_is_not_taken_for_a_number():
    """NumPy has NaN for ∞ − ∞ and 0 for 1/∞: no branch that asks for it is chosen for certain."""
    for f in (
        lambda x: np.where(np.isnan(1 / x - 1 / x), 1.0, 2.0),
        lambda x: np.where(np.isfinite(1 / (1 / x)), 1.0, 2.0),
        lambda x: np.where(np.isinf((1 / x) / (1 / x)), 1.0, 2.0),
    ):
        assert np.isnan(nd.error_ledger(f, 0.0, STEP, "forward").reference)


def test_zero_times_a_pole_is_not_a_number_as_in_numpy():
    value = ExactFunction(lambda x: np.where(np.isnan(x * np.log(x)), 3.0, 5.0)).values([(0, 0)], 256)[0, 0]
    assert value.midpoint == 3


def test_copysign_takes_the_sign_of_a_constant_zero():
    assert slope(lambda x: np.copysign(x, -0.0), 1.0) == ("ok", -1.0, -1.0)
    assert slope(lambda x: np.copysign(x, 0.0), 1.0) == ("ok", 1.0, 1.0)


def test_an_angle_of_a_negative_zero_is_refused():
    with pytest.raises(TypeError, match="sign of a zero"):
        nd.error_ledger(lambda x: x * np.arctan2(-0.0, x), -1.0, STEP)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.ceil(x * x),
        lambda x: np.floor(x**3),
        lambda x: np.remainder(-x * x, 1.0),
        lambda x: np.fmod(1.0 - x * x, 1.0),
        lambda x: np.rint(x * x + 0.5),
        lambda x: np.sign(x * x),
    ],
)
def test_a_jump_behind_the_order_of_the_derivative_is_seen(f):
    """f′ and the argument of the jump are 0 there: Taylor coefficients of order 1 do not show it."""
    assert ExactFunction(f).reference((0, 0)).state is State.JUMP


def test_an_exponent_that_moves_behind_the_order_of_the_derivative_is_no_constant():
    assert np.isnan(ExactFunction(lambda x: (x - 2.0) ** (x * x)).reference((0, 0)).value)


@pytest.mark.parametrize("x", [0.0, 0.25, 0.5, 1.0, -0.25, 1.5, -1.5])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.rint(x) * x,
        lambda x: np.fmod(x, 1.5) * x,
        lambda x: np.remainder(x, -1.5),
        lambda x: np.remainder(np.abs(x), 1.0),
        lambda x: (x % 1.0) ** 2 * x,
        lambda x: np.rint(np.full_like(x, 2.5)) + x * np.fmod(x * x, 0.25),
    ],
)
def test_one_sided_derivatives_of_remainders_are_those_of_differences(f, x):
    """All are polynomials of degree 3 or less beside x, whose difference at 2⁻³⁰ is off by 2⁻²⁴; or there is a jump."""
    at, step = float(f(np.array([x]))[0]), 2.0**-30
    for direction in (-1, 1):
        quotient = (float(f(np.array([x + direction * step]))[0]) - at) / (direction * step)
        numerator, denominator = x.as_integer_ratio()
        point = (numerator, 1 - denominator.bit_length()) if numerator else (0, 0)
        found = ExactFunction(f).reference(point, 1, direction)
        if abs(quotient) > 2.0**20:
            assert found.state is State.JUMP
        else:
            assert found.value == pytest.approx(quotient, abs=2.0**-24)
