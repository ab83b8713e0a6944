"""Rational callables: exact answers, and a clear no for all others."""

import importlib.util
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numdiff.arithmetic import NotRational, Undefined, balls, rational
from numdiff.floats.formats import dyadic, dyadic_to_fraction

DYADICS = st.tuples(st.integers(-(2**64), 2**64), st.integers(-70, 10))


@given(DYADICS)
@settings(max_examples=60, deadline=None)
def test_value_is_that_of_fraction_arithmetic(point):
    x = dyadic_to_fraction(point)
    f = lambda x: (x**3 - 0.5 * x) / (2 + x**2) - np.square(x) + np.reciprocal(x**2 + 1) - abs(x)
    assert rational.values(f, [point]) == [(x**3 - x / 2) / (2 + x**2) - x * x + 1 / (x * x + 1) - abs(x)]


@given(DYADICS, DYADICS)
@settings(max_examples=40, deadline=None)
def test_complex_value_is_the_one_that_arb_encloses(real, imaginary):
    f = lambda z: (z**5 - 2 * z + 0.25) / (z**2 + 3) + np.square(z) - (z + 9) ** -2
    exact, enclosed = (
        rational.complex_values(f, [(real, imaginary)])[0],
        balls.complex_values(f, [(real, imaginary)], 512)[0],
    )
    if not isinstance(enclosed, Undefined):
        assert enclosed[0].contains(exact[0])
        assert enclosed[1].contains(exact[1])


def test_complex_square_and_power_are_exact():
    half, quarter = Fraction(1, 2), Fraction(1, 4)
    point = [(dyadic(half), dyadic(quarter))]
    assert rational.complex_values(lambda z: z**2, point) == [(half**2 - quarter**2, 2 * half * quarter)]
    norm = half**2 + quarter**2
    assert rational.complex_values(lambda z: z**-1, point) == [(half / norm, -quarter / norm)]
    assert rational.complex_values(lambda z: z**0 + z * z**-1, point) == [(2, 0)]


@pytest.mark.parametrize(
    "f, word",
    [
        (np.exp, "exp"),
        (lambda x: x**0.5, "power"),
        (np.sqrt, "sqrt"),
        (lambda x: x**65, "power"),
        (lambda x: x**-65, "power"),
        (lambda x: x**x, "power"),
        (np.cbrt, "cbrt"),
        (lambda x: np.hypot(x, 1), "hypot"),
        (lambda x: np.where(x > 100, np.sin(x), x), "sin"),
    ],
)
def test_what_leaves_the_rationals_is_named(f, word):
    with pytest.raises(NotRational, match=word):
        rational.values(f, [dyadic(1.5)])


@pytest.mark.parametrize("f", [np.abs, np.sign, lambda z: np.maximum(z, 0), np.exp, lambda z: np.where(z > 0, z, 0)])
def test_complex_rationals_know_arithmetic_only(f):
    with pytest.raises(NotRational):
        rational.complex_values(f, [(dyadic(1.5), dyadic(1.0))])


def test_powers_of_powers_stop_before_they_explode():
    def tower(x):
        for _ in range(40):
            x = x * x
        return x

    for f in (tower, lambda x: (((x**64) ** 64) ** 64) ** 64):
        with pytest.raises(NotRational, match="bits"):
            rational.values(f, [dyadic(1.1)])
        with pytest.raises(NotRational, match="bits"):
            rational.complex_values(f, [(dyadic(1.1), dyadic(1.0))])


def test_division_by_zero_is_a_pole_and_zero_by_zero_outside_the_domain():
    assert rational.values(lambda x: 1 / x, [(0, 0), (1, 1)]) == [Undefined.POLE, Fraction(1, 2)]
    assert rational.values(lambda x: x / x, [(0, 0)]) == [Undefined.DOMAIN]
    assert rational.values(lambda x: x**-3, [(0, 0)]) == [Undefined.POLE]
    assert rational.complex_values(lambda z: 1 / (1 + z**2), [((0, 0), (1, 0))]) == [Undefined.POLE]
    assert rational.complex_values(lambda z: z**-1, [((0, 0), (0, 0))]) == [Undefined.POLE]


# --- derivatives ---------------------------------------------------------------------------------------

POINTS = [dyadic(x) for x in (0.5, -1.25, 3.0, 2.0**-20)]

RATIONAL = {
    "cubic": lambda x: x**3 - 2 * x + 1,
    "runge": lambda x: 1 / (1 + 25 * x**2),
    "reciprocal": np.reciprocal,
    "negative power": lambda x: (x + 7) ** -3,
    "square of a quotient": lambda x: np.square((x - 1) / (x + 5)),
    "where": lambda x: np.where(x > 0, x**2, -(x**3)),
    "abs": lambda x: np.abs(x) * x,
    "maximum": lambda x: np.maximum(x, x**2 - 10),
    "constant": lambda x: 0 * x + 3,
}


@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("name", RATIONAL)
def test_every_derivative_lies_in_the_ball_of_arb(name: str, order: int) -> None:
    exact = rational.derivatives(RATIONAL[name], POINTS, order)
    for value, ball in zip(exact, balls.derivatives(RATIONAL[name], POINTS, order, 300), strict=True):
        assert isinstance(value, Fraction)
        assert abs(value - ball.midpoint) <= ball.radius


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=6), st.integers(-1000, 1000), st.integers(0, 4))
def test_polynomials_are_differentiated_by_their_coefficients(coefficients: list[int], x: int, order: int) -> None:
    (found,) = rational.derivatives(
        lambda t: sum(c * t**k for k, c in enumerate(coefficients)) + 0 * t, [dyadic(x / 8)], order
    )
    polynomial = np.polynomial.Polynomial([Fraction(c) for c in coefficients])
    expected = Fraction(0)
    for k, c in enumerate(coefficients):
        if k >= order:
            factor = 1
            for j in range(order):
                factor *= k - j
            expected += c * factor * Fraction(x, 8) ** (k - order)
    assert found == expected
    assert polynomial.degree() == len(coefficients) - 1


@pytest.mark.parametrize("f", [np.abs, np.sign, lambda x: np.maximum(x, -x), lambda x: np.where(x > 0, x, 2 * x)])
def test_there_is_no_derivative_at_a_kink(f: object) -> None:
    assert rational.derivatives(f, [(0, 0)], 1) == [Undefined.UNDECIDED]  # type: ignore[arg-type]


def test_a_pole_is_a_pole() -> None:
    assert rational.derivatives(lambda x: 1 / x, [(0, 0)], 1) == [Undefined.POLE]


def test_what_is_not_rational_is_refused() -> None:
    with pytest.raises(NotRational):
        rational.derivatives(np.exp, [(1, 0)], 1)


def test_a_negative_order_is_refused() -> None:
    with pytest.raises(ValueError, match="order must not be negative, got -1"):
        rational.derivatives(np.square, [(1, 0)], -1)


def without_gmpy2(monkeypatch):
    """Return the module as the core has it, which computes with Fraction."""
    monkeypatch.setitem(sys.modules, "gmpy2", None)
    spec = importlib.util.spec_from_file_location("rational_of_the_core", rational.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module._kind() is Fraction
    return module


FORMULAS = [
    lambda x: (x**3 - 0.5 * x) / (2 + x**2) - np.square(x) + 1 / (x + 7),
    lambda x: np.floor(3 * x) + np.ceil(x / 3) * x - np.trunc(x) + np.rint(5 * x / 2),
    lambda x: np.remainder(x, 0.75) + np.fmod(x, -0.3) - abs(x) * np.sign(x - 1),
    lambda x: np.where(x > 1, np.maximum(x, 2) ** -3, np.minimum(x * x, x)) + np.reciprocal(x),
]


@pytest.mark.parametrize("f", FORMULAS)
def test_numbers_of_gmp_and_of_python_give_the_same_fractions(f, monkeypatch):
    core = without_gmpy2(monkeypatch)
    points = [(m, e) for m in (-7, -5, -3, -1, 0, 1, 3, 5, 11, 2**64 + 1) for e in (-70, -3, -2, -1, 0, 4)]
    kinds = (Fraction, Undefined)
    for order in (0, 1, 3):
        found = rational.derivatives(f, points, order)
        assert found == core.derivatives(f, points, order)
        assert all(type(item) in kinds for item in found)
    found = rational.values(f, points)
    assert found == core.values(f, points)
    assert all(type(item) in kinds and type(getattr(item, "numerator", 0)) is int for item in found)


def test_complex_numbers_of_gmp_and_of_python_give_the_same_fractions(monkeypatch):
    core = without_gmpy2(monkeypatch)
    f = lambda z: (z**5 - 2 * z + 0.25) / (z**2 + 3) + np.square(z) - np.reciprocal(z + 9) ** 2
    points = [((m, -3), (n, -70)) for m in (-3, 0, 5) for n in (0, 1, -9)]
    found = rational.complex_values(f, points)
    assert found == core.complex_values(f, points)
    assert {type(part) for pair in found for part in pair} == {Fraction}
