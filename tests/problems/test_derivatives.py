"""Every closed-form derivative is proved against Arb's automatic differentiation of f.

Two enclosures of f′(x) are computed independently, one from the code of f and one from the code of f′. If
they are disjoint, one of the two is wrong. Both are so tight that a slip in the last bit of a constant
separates them: the mutations below show it.
"""

import math
from fractions import Fraction

import numpy as np
import pytest

from numdiff.arithmetic import balls, rational
from numdiff.arithmetic.ball import Ball, Undefined
from numdiff.floats.formats import dyadic
from numdiff.problems import PROBLEMS, general_problems

BITS = 400
TIGHT = Fraction(1, 2**200)
UNIT_ROUNDOFF = Fraction(1, 2**53)

CASES = [(name, x) for name, problem in general_problems().items() for x in problem.points]
NO_SERIES = {("signed_square", 0.0)}  # |x| has no Taylor series at 0; certified by its difference quotients
CERTIFIED = [case for case in CASES if case not in NO_SERIES]
STATIONARY = {
    ("oliver_narrow_peak", 0.0),
    ("gill_sum_of_squares", 0.0),
    ("shi_quartic", 1.0),
    ("burden_faires_x_exp", -1.0),
    ("signed_square", 0.0),
}


def from_f(name: str, x: float, order: int = 1) -> Ball:
    return balls.derivatives(PROBLEMS[name].f, [dyadic(x)], order, BITS)[0]


def from_derivative(name: str, x: float, change=lambda y: y) -> Ball:
    return balls.values(lambda t: change(PROBLEMS[name].derivative(t)), [dyadic(x)], BITS)[0]


def disjoint(a: Ball, b: Ball) -> bool:
    return abs(a.midpoint - b.midpoint) > a.radius + b.radius


def tight(ball: Ball) -> bool:
    """Relative radius below 2**-200; absolute where the ball contains 0."""
    return ball.radius <= TIGHT * (1 if ball.contains(0) else abs(ball.midpoint))


@pytest.mark.parametrize("name, x", CERTIFIED)
def test_the_derivative_is_certified_by_automatic_differentiation(name, x):
    a, b = from_f(name, x), from_derivative(name, x)
    assert isinstance(a, Ball)
    assert isinstance(b, Ball)
    assert not disjoint(a, b)
    assert tight(a)
    assert tight(b)


@pytest.mark.parametrize("name, x", sorted(NO_SERIES))
def test_the_exceptions_have_no_series_there(name, x):
    assert isinstance(from_f(name, x), Undefined)


def test_signed_square_has_slope_0_at_0_because_its_difference_quotients_are_the_step():
    """(f(h) − f(0))/h = |h| exactly, so the limit is 0."""
    problem = PROBLEMS["signed_square"]
    steps = [(sign, -k) for k in range(1, 60) for sign in (1, -1)]
    values = rational.values(problem.f, steps)
    (start,) = rational.values(problem.f, [(0, 0)])
    for (sign, exponent), value in zip(steps, values, strict=True):
        h = sign * Fraction(2) ** exponent
        assert (value - start) / h == abs(h)
    assert rational.values(problem.derivative, [(0, 0)]) == [0]


@pytest.mark.parametrize("name, x", [case for case in CERTIFIED if case not in STATIONARY])
def test_a_derivative_that_is_wrong_by_2_to_minus_52_is_refuted(name, x):
    assert disjoint(from_f(name, x), from_derivative(name, x, lambda y: y * (1 + 2.0**-52)))


@pytest.mark.parametrize("name, x", sorted(STATIONARY - NO_SERIES))
def test_a_derivative_that_misses_an_exact_zero_is_refuted(name, x):
    assert from_derivative(name, x).contains(0)
    assert disjoint(from_f(name, x), from_derivative(name, x, lambda y: y + 2.0**-52))


def test_the_rounded_product_of_two_constants_is_not_their_product():
    """The slip that the binary value of constants invites: 3·0.15 written as 0.45."""

    def wrong(x):
        return -0.4 * x**3 - 0.45 * x**2 - x - 0.25

    for x in PROBLEMS["chapra_canale_quartic"].points:
        assert disjoint(from_f("chapra_canale_quartic", x), balls.values(wrong, [dyadic(x)], BITS)[0])


@pytest.mark.parametrize("name, x", CERTIFIED)
def test_the_derivative_in_float64_agrees_to_its_condition(name, x):
    """|computed − f′| ≤ 32u (|f′| + |x f″| + c).

    Each of the few operations is good to a few u, and an error that enters at an argument is carried on with
    the sensitivity |x f″| of f′. c is the size of terms that cancel, for the one f′ that has them.
    """
    slope, curvature = from_f(name, x).midpoint, from_f(name, x, 2).midpoint
    computed = Fraction(float(PROBLEMS[name].derivative(np.array([x]))[0]))
    cancelling = 1 / Fraction(x) if name.startswith("cosine_quotient") else 0
    assert abs(computed - slope) <= 32 * UNIT_ROUNDOFF * (abs(slope) + abs(Fraction(x) * curvature) + cancelling)


@pytest.mark.parametrize("name, x", CASES)
def test_the_formula_in_print_is_the_function(name, x):
    words = "exp log sqrt sin cos tan arctan abs tanh log1p expm1 minimum where"
    names = {word: getattr(np, word) for word in words.split()}
    code = compile(PROBLEMS[name].formula, name, "eval")

    def printed(t):
        return eval(code, {"__builtins__": {}}, {**names, "pi": math.pi, "e": math.e, "x": t})

    a, b = (balls.values(f, [dyadic(x)], BITS)[0] for f in (printed, PROBLEMS[name].f))
    assert not disjoint(a, b)
    assert tight(a)
    assert tight(b)


@pytest.mark.parametrize("name", ["square", "saito_parabola", "kostyrka_line"])
def test_f_has_no_third_derivative(name):
    """A centered difference of such an f has no truncation error."""
    assert all(from_f(name, x, 3) == from_f(name, x, 3)._replace(mid=0, rad=0) for x in PROBLEMS[name].points)


@pytest.mark.parametrize(
    "name, x, order",
    [
        ("sigmoid", 0.0, 2),
        ("oliver_square_log", 0.6065306597126334, 1),
        ("oliver_sin_of_square", 1.2533141373155001, 1),
        ("oliver_square_of_sin", 1.5707963267948966, 1),
        ("oliver_narrow_peak", 0.05773502691896258, 2),
        ("oliver_narrow_peak", 0.0, 1),
        ("dumontet_vignes_log", 1.0, 0),
        ("dumontet_vignes_arctan", 0.5773502691896258, 3),
        ("gill_sum_of_squares", 0.0, 0),
        ("gill_sum_of_squares", 0.0, 1),
        ("shi_quartic", 1.0, 1),
        ("gsl_gaussian", 0.7071067811865476, 2),
        ("chapra_canale_quartic", -0.27584504648804953, 1),
        ("burden_faires_x_exp", -1.0, 1),
        ("kostyrka_sextic", 1.4142135623730951, 1),
        ("runge", 0.11547005383792516, 2),
        ("arctan_wave_front", 0.0, 2),
    ],
)
def test_what_the_reason_calls_0_is_0_up_to_the_rounding_of_x(name, x, order):
    """|f⁽ᵐ⁾(x)| ≤ 2u |x f⁽ᵐ⁺¹⁾(x)|: no double is much nearer to the zero."""
    assert x in PROBLEMS[name].points
    here, change = (from_f(name, x, m) for m in (order, order + 1))
    assert abs(here.midpoint) <= here.radius + 2 * UNIT_ROUNDOFF * abs(Fraction(x) * change.midpoint)
