"""Derivatives of rational callables in rational numbers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.arithmetic import Undefined, balls
from numdiff.arithmetic.jets import derivatives
from numdiff.arithmetic.rational import NotRational
from numdiff.floats.formats import dyadic

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
    exact = derivatives(RATIONAL[name], POINTS, order)
    for value, ball in zip(exact, balls.derivatives(RATIONAL[name], POINTS, order, 300), strict=True):
        assert isinstance(value, Fraction)
        assert abs(value - ball.midpoint) <= ball.radius


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=6), st.integers(-1000, 1000), st.integers(0, 4))
def test_polynomials_are_differentiated_by_their_coefficients(coefficients: list[int], x: int, order: int) -> None:
    (found,) = derivatives(lambda t: sum(c * t**k for k, c in enumerate(coefficients)) + 0 * t, [dyadic(x / 8)], order)
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
    assert derivatives(f, [(0, 0)], 1) == [Undefined.UNDECIDED]  # type: ignore[arg-type]


def test_a_pole_is_a_pole() -> None:
    assert derivatives(lambda x: 1 / x, [(0, 0)], 1) == [Undefined.POLE]


def test_what_is_not_rational_is_refused() -> None:
    with pytest.raises(NotRational):
        derivatives(np.exp, [(1, 0)], 1)


def test_a_negative_order_is_refused() -> None:
    with pytest.raises(ValueError, match="order must not be negative, got -1"):
        derivatives(np.square, [(1, 0)], -1)
