"""Germs: one-sided series against known expansions, against mpmath's limits, and where they must stay silent."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numdiff.arithmetic import balls, rational
from numdiff.arithmetic.ball import Ball, Undefined
from numdiff.arithmetic.balls import working
from numdiff.arithmetic.closed_forms import Field
from numdiff.arithmetic.germ_functions import FAILURES, engine_of
from numdiff.arithmetic.germs import Germ, Side
from numdiff.arithmetic.one_sided import one_sided_derivatives
from numdiff.floats.formats import dyadic

BOTH: tuple[int, ...] = (1, -1)


def derivative(f: Callable[[Any], Any], x: float, order: int = 1, side: int = 0, bits: int = 256) -> Any:
    return one_sided_derivatives(f, [dyadic(x)], order, side, bits)[0]  # type: ignore[arg-type]


SMOOTH: dict[str, Callable[[Any], Any]] = {
    name: getattr(np, name)
    for name in "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh".split()
} | {
    "arctanh": np.arctanh,
    "arccosh": lambda x: np.arccosh(1 + x),
    "cbrt": np.cbrt,
    "sqrt": np.sqrt,
    "power": lambda x: x**2.5 / x**0.25,
    "x**x": lambda x: x**x,
    "arctan2": lambda x: np.arctan2(x, x - 1) + np.arctan2(-x, x - 2),
    "hypot": lambda x: np.hypot(x, 1 + x),
    "degrees": lambda x: np.rad2deg(x) * np.deg2rad(x * x),
    "composition": lambda x: np.exp(np.sin(x * x)) / (1 + np.tanh(x)) - np.log(np.cosh(x)),
    "negative powers": lambda x: x**-3 + 2 / x,
    "logaddexp": lambda x: np.logaddexp(x, -x),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_where_f_is_smooth_both_sides_have_the_derivative_of_the_taylor_series(name: str) -> None:
    for order in (1, 2, 3):
        known = balls.derivatives(SMOOTH[name], [dyadic(0.625)], order, 256)[0]
        assert isinstance(known, Ball)
        for side in (-1, 0, 1):
            found = derivative(SMOOTH[name], 0.625, order, side)
            assert isinstance(found, (Ball, Fraction)), (order, side, found)
            middle, radius = (found.midpoint, found.radius) if isinstance(found, Ball) else (found, 0)
            assert abs(middle - known.midpoint) <= radius + known.radius
            assert radius < abs(middle) / 2**150


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=6), st.integers(-8, 8))
def test_a_polynomial_has_its_exact_derivatives_from_both_sides(coefficients: list[int], numerator: int) -> None:
    x = numerator / 4
    f = lambda v: np.polyval(coefficients, v)
    for order in (1, 2):
        assert derivative(f, x, order) == rational.derivatives(f, [dyadic(x)], order)[0]


SECOND: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "x|x|": (lambda x: x * np.abs(x), 2, -2),
    "|x|**3": (lambda x: np.abs(x) ** 3, 0, 0),
    "|x|**2.5": (lambda x: np.abs(x) ** 2.5, 0, 0),
    "x**1.5": (lambda x: x**1.5, Undefined.POLE, Undefined.DOMAIN),
    "sinc": (lambda x: np.where(x == 0, 1.0, np.sin(x) / np.where(x == 0, 1.0, x)), Fraction(-1, 3), Fraction(-1, 3)),
    "relu**3 exp": (lambda x: np.maximum(x, 0.0) ** 3 * np.exp(x), 0, 0),
    "x**3 sin(1/x)": (
        lambda x: np.where(x == 0, 0.0, x**3 * np.sin(1 / x)),
        Undefined.UNDECIDED,
        Undefined.UNDECIDED,
    ),
    "cos and its parabola": (lambda x: np.where(x > 0, np.cos(x), 1 - x**2 / 2), -1, -1),
    "cos and a parabola": (lambda x: np.where(x > 0, np.cos(x), 1 + x**2), -1, 2),
}


@pytest.mark.parametrize("name", SECOND)
def test_second_derivatives_need_the_lower_ones_to_agree(name: str) -> None:
    f, right, left = SECOND[name]
    assert derivative(f, 0.0, 2, 1) == right
    assert derivative(f, 0.0, 2, -1) == left
    both = derivative(f, 0.0, 2)
    if isinstance(right, Undefined) or isinstance(left, Undefined):
        assert isinstance(both, Undefined)
    else:
        assert both == (right if right == left else Undefined.KINK)


def test_a_kink_of_a_lower_derivative_is_one_of_the_higher() -> None:
    assert derivative(lambda x: np.abs(x) + x**2, 0.0, 2) is Undefined.KINK
    assert derivative(lambda x: np.abs(x) + x**2, 0.0, 2, 1) == 2


@pytest.mark.parametrize("bits", [64, 256, 1024])
def test_equality_of_two_closed_forms_is_never_taken_from_digits(bits: int) -> None:
    """sin² and 1 − cos² agree to all digits; nothing here knows that they are the same."""
    f = lambda x: np.where(x > 0.7, np.sin(x) ** 2, 1 - np.cos(x) ** 2)
    assert derivative(f, 0.7, bits=bits) is Undefined.UNPROVED
    assert isinstance(derivative(f, 0.7, side=-1, bits=bits), Ball)


def test_sides_that_differ_in_the_hundredth_digit_are_told_apart() -> None:
    tiny = 2.0**-300
    f = lambda x: np.where(x > 0.7, np.sin(x) + tiny * (x - 0.7), np.sin(x))
    assert derivative(f, 0.7, bits=1024) is Undefined.KINK


def test_a_value_that_differs_in_the_seventeenth_digit_is_a_jump() -> None:
    """np.sin(0.7) is a double, and no limit of sin."""
    assert derivative(lambda x: np.where(x == 0.7, float(np.sin(0.7)), np.sin(x)), 0.7) is Undefined.JUMP


def test_what_no_germ_is_known_of_is_undecided() -> None:
    assert derivative(lambda x: np.where(x == 0, 0.0, x * np.sin(1 / x)), 0.0) is Undefined.UNDECIDED
    assert derivative(lambda x: np.where(x > 0, x ** (1 + x), 0.0), 0.0) is Undefined.UNDECIDED
    assert derivative(lambda x: np.where(x == 0, 1.0, 2 ** (x * np.sin(1 / x))), 0.0) is Undefined.UNDECIDED
    assert derivative(lambda x: np.where(np.exp(x) - np.exp(x) > 0, 1.0, x), 0.5) is Undefined.UNDECIDED


def test_functions_equal_to_all_orders_that_are_carried_are_not_ordered() -> None:
    """x¹⁰⁰ > 0 is not seen in the series; what both branches have in common is all that is used."""
    f = lambda x: np.where(np.sin(x) ** 2 + np.cos(x) ** 2 > 1, x**3, x**3 + x**2)
    assert derivative(f, 0.0) == 0
    assert derivative(f, 0.0, 2) is Undefined.UNDECIDED


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.where(np.isnan((x * x + x) / x), 0.0, (x * x + x) / x - 1), 0.0),
        (lambda x: np.fmax((x * x + x) / x, 0.0), 0.0),
        (lambda x: np.where(np.isfinite(np.expm1(x) / x), np.expm1(x) / x, 1.0), 0.0),
    ],
    ids=["isnan", "fmax", "isfinite"],
)
def test_a_guard_that_holds_at_one_point_is_no_branch_nearby(f: Callable[[Any], Any], x: float) -> None:
    """Caught: the guard's constant was taken for f around the point, and its derivative, 0, for f′."""
    assert balls.derivatives(f, [dyadic(x)], 1, 256) == [Undefined.UNDECIDED]
    assert derivative(f, x) not in (0, Undefined.UNDECIDED)


def test_sign_of_a_square_jumps_though_its_series_has_no_first_term() -> None:
    """Caught: rational jets of order 1 took x² for 0 around 0, and the derivative of its sign for 0."""
    assert rational.derivatives(lambda x: np.sign(x**2), [(0, 0)], 1) == [Undefined.UNDECIDED]
    assert derivative(lambda x: np.sign(x**2), 0.0) is Undefined.JUMP


def test_floor_and_its_kin_depend_on_the_side_at_integers_alone() -> None:
    with working(128, 2):
        field = Field()
        for x, name, right, left in [
            (2, "floor", 2, 1),
            (2, "ceil", 3, 2),
            (2, "trunc", 2, 1),
            (-2, "trunc", -1, -2),
            (Fraction(5, 2), "floor", 2, 2),
        ]:
            for sign, value in ((1, right), (-1, left)):
                side = Side(field, sign, 4, True)
                found = engine_of(side).functions[name](side.variable(Fraction(x)))
                assert found.constant is not None
                assert found.constant.rational == value


def test_remainders_shrink_with_every_operation_that_loses_terms() -> None:
    """(1 + t + O(t⁴))·t is known to t⁴, its quotient by t² to t²."""
    with working(128, 2):
        side = Side(Field(), 1, 20, True)
        t = side.variable(Fraction(0))
        known = side.add(t, side.constant(1)).truncated(4)
        product = side.multiply(known, t)
        assert product.limit == 5
        quotient = side.multiply(product, side.power(side.multiply(t, t), Fraction(-1), lambda a, r: a.inverse()))
        assert quotient.limit == 3
        assert set(quotient.terms) == {-1, 0}


def test_sign_of_a_germ_without_a_known_term_is_refused() -> None:
    with working(128, 2):
        side = Side(Field(), 1, 20, True)
        with pytest.raises(FAILURES):
            side.leading(Germ({}, 3))
        assert side.order_of(Germ({}, 3), Germ({})) is None
        assert side.order_of(Germ({}), Germ({})) == 0


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([0.0, 0.7, -1.25]),
    st.lists(st.tuples(st.integers(-3, 3), st.sampled_from([1, 2, 3, 1.5, 2.5])), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(-3, 3), st.sampled_from([1, 2, 3, 1.5, 2.5])), min_size=1, max_size=3),
)
def test_joints_of_power_sums_have_the_derivatives_of_their_first_powers(c: float, right: Any, left: Any) -> None:
    def side(x: Any, terms: Any, sign: int) -> Any:
        return sum((n * np.abs(x - c) ** p for n, p in terms), 0 * x)

    f = lambda x: np.where(x > c, side(x, right, 1), side(x, left, -1)) + np.exp(x)
    slopes = [s * sum(n for n, p in terms if p == 1) for s, terms in ((1, right), (-1, left))]
    found = derivative(f, c)
    if slopes[0] != slopes[1]:
        assert found is Undefined.KINK
    else:
        smooth = balls.derivatives(np.exp, [dyadic(c)], 1, 256)[0]
        assert isinstance(smooth, Ball)
        value = found.midpoint if isinstance(found, Ball) else found
        assert abs(value - smooth.midpoint - slopes[0]) < Fraction(1, 2**200)


def test_dense_exponents_do_not_make_a_series_without_end() -> None:
    f = lambda x: np.exp(np.abs(x) ** 0.1 + np.abs(x) ** 0.13) * x * np.abs(x)
    assert derivative(f, 0.0) == 0
    assert derivative(f, 0.0, 2) in (Undefined.UNDECIDED, Undefined.POLE, Undefined.KINK)
    assert derivative(lambda x: np.exp(np.abs(x) ** 0.1) * x, 0.0) == 1
    assert derivative(lambda x: np.exp(np.abs(x) ** 0.1), 0.0) is Undefined.POLE


@pytest.mark.parametrize("exponent", [-70000, 70000])
def test_points_and_constants_with_too_many_digits_are_undecided(exponent: int) -> None:
    assert one_sided_derivatives(np.abs, [(1, exponent), (0, 0)], 1, 0, 256)[0] is Undefined.UNDECIDED


def test_no_series_is_made_at_a_point_whose_value_is_not_known() -> None:
    asked: list[int] = []

    def f(x: Any) -> Any:
        asked.append(len(x))
        return np.floor(x**x)

    found = one_sided_derivatives(f, [dyadic(1000.0), dyadic(1.5)], 1, 0, 256)
    assert found == [Undefined.UNDECIDED, 0]  # 1000¹⁰⁰⁰ has more than 256 bits
    assert asked[0] == 2
    assert set(asked[1:]) == {1}
