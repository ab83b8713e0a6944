"""Arb: enclosures, undecided comparisons, derivatives of any order, and the global precision."""

import threading
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numdiff.arithmetic import Ball, Undefined, balls, multiprecision, rational
from numdiff.floats.formats import dyadic, dyadic_to_fraction

POINT = dyadic(0.625)
DYADICS = st.tuples(st.integers(-(2**64), 2**64), st.integers(-70, -50))

# f, its derivatives of order 1, 2, 3 as NumPy callables
CLOSED_FORMS = {
    "exp": (np.exp, [np.exp, np.exp, np.exp]),
    "exp2": (np.exp2, [lambda x: np.exp2(x) * np.log(0 * x + 2)]),
    "expm1": (np.expm1, [np.exp, np.exp, np.exp]),
    "log": (np.log, [lambda x: 1 / x, lambda x: -(x**-2), lambda x: 2 * x**-3]),
    "log2": (np.log2, [lambda x: 1 / (x * np.log(0 * x + 2))]),
    "log10": (np.log10, [lambda x: 1 / (x * np.log(0 * x + 10))]),
    "log1p": (np.log1p, [lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2, lambda x: 2 / (1 + x) ** 3]),
    "sqrt": (np.sqrt, [lambda x: 1 / (2 * np.sqrt(x)), lambda x: -(x**-1.5) / 4, lambda x: 3 * x**-2.5 / 8]),
    "cbrt": (np.cbrt, [lambda x: 1 / (3 * np.cbrt(x) ** 2), lambda x: -2 / (9 * np.cbrt(x) ** 5)]),
    "square": (np.square, [lambda x: 2 * x, lambda x: 2.0, lambda x: 0.0]),
    "reciprocal": (np.reciprocal, [lambda x: -(x**-2), lambda x: 2 * x**-3, lambda x: -6 * x**-4]),
    "sin": (np.sin, [np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x)]),
    "cos": (np.cos, [lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin]),
    "tan": (np.tan, [lambda x: 1 + np.tan(x) ** 2, lambda x: 2 * np.tan(x) * (1 + np.tan(x) ** 2)]),
    "arcsin": (np.arcsin, [lambda x: 1 / np.sqrt(1 - x**2), lambda x: x * (1 - x**2) ** -1.5]),
    "arccos": (np.arccos, [lambda x: -1 / np.sqrt(1 - x**2), lambda x: -x * (1 - x**2) ** -1.5]),
    "arctan": (np.arctan, [lambda x: 1 / (1 + x**2), lambda x: -2 * x / (1 + x**2) ** 2]),
    "sinh": (np.sinh, [np.cosh, np.sinh, np.cosh]),
    "cosh": (np.cosh, [np.sinh, np.cosh, np.sinh]),
    "tanh": (np.tanh, [lambda x: np.cosh(x) ** -2, lambda x: -2 * np.tanh(x) / np.cosh(x) ** 2]),
    "arcsinh": (np.arcsinh, [lambda x: 1 / np.sqrt(1 + x**2), lambda x: -x * (1 + x**2) ** -1.5]),
    "arccosh": (lambda x: np.arccosh(2 + x), [lambda x: 1 / np.sqrt((2 + x) ** 2 - 1)]),
    "arctanh": (np.arctanh, [lambda x: 1 / (1 - x**2), lambda x: 2 * x / (1 - x**2) ** 2]),
    "arctan2": (lambda x: np.arctan2(x, 2 - x), [lambda x: 2 / (x**2 + (2 - x) ** 2)]),
    "arctan2 left": (lambda x: np.arctan2(1.0, -x), [lambda x: 1 / (1 + x**2)]),
    "hypot": (lambda x: np.hypot(x, 2.0), [lambda x: x / np.hypot(x, 2), lambda x: 4 * np.hypot(x, 2) ** -3]),
    "power rational": (lambda x: x**4.5, [lambda x: 4.5 * x**3.5, lambda x: 15.75 * x**2.5]),
    "power real": (lambda x: x**0.1, [lambda x: np.float64(0.1) * (x**0.1 / x)]),
    "power of x": (lambda x: x**x, [lambda x: x**x * (np.log(x) + 1)]),
    "power base": (lambda x: 3.0**x, [lambda x: 3.0**x * np.log(0 * x + 3)]),
    "absolute": (lambda x: np.abs(-x), [lambda x: 1.0, lambda x: 0.0]),
    "maximum": (lambda x: np.maximum(x**2, x**3), [lambda x: 2 * x, lambda x: 2.0]),
    "minimum": (lambda x: np.minimum(x**2, x**3), [lambda x: 3 * x**2, lambda x: 6 * x]),
    "sign": (lambda x: np.sign(x) * x, [lambda x: 1.0, lambda x: 0.0]),
    "deg2rad": (np.deg2rad, [lambda x: np.deg2rad(0 * x + 1)]),
    "rad2deg": (np.rad2deg, [lambda x: np.rad2deg(0 * x + 1)]),
    "where": (lambda x: np.where(x > 0, x**3, np.log(x - 1)), [lambda x: 3 * x**2, lambda x: 6 * x]),
    "composition": (lambda x: np.exp(x**2) ** 2, [lambda x: 4 * x * np.exp(2 * x**2)]),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), [lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2]),
}


def overlap(left, right):
    return abs(left.midpoint - right.midpoint) <= left.radius + right.radius


@pytest.mark.parametrize("name", CLOSED_FORMS)
@pytest.mark.parametrize("x", [0.625, 0.03125, 0.9990234375])
def test_derivative_is_its_closed_form_to_60_digits(name, x):
    f, closed = CLOSED_FORMS[name]
    for order, g in enumerate(closed, start=1):
        (found,) = balls.derivatives(f, [dyadic(x)], order, 300)
        (expected,) = balls.values(g, [dyadic(x)], 300)
        assert overlap(found, expected)
        assert found.radius <= abs(found.midpoint) / 2**200
        assert expected.radius <= abs(expected.midpoint) / 2**200


@pytest.mark.parametrize("x", [-0.625, -0.9990234375])
@pytest.mark.parametrize("name", ["cbrt", "arctan", "tanh", "arcsinh", "arctanh", "arcsin", "expm1", "log1p", "sinh"])
def test_derivative_at_a_negative_point_is_its_closed_form(name, x):
    f, closed = CLOSED_FORMS[name]
    for order, g in enumerate(closed, start=1):
        (found,) = balls.derivatives(f, [dyadic(x)], order, 300)
        (expected,) = balls.values(g, [dyadic(x)], 300)
        assert overlap(found, expected)
        assert found.radius <= abs(found.midpoint) / 2**200


@pytest.mark.parametrize(
    "f, g",
    [
        (np.exp, mpmath.exp),
        (np.tanh, mpmath.tanh),
        (np.arcsinh, mpmath.asinh),
        (np.log1p, lambda x: mpmath.log(1 + x)),
        (np.cbrt, mpmath.cbrt),
        (np.expm1, mpmath.expm1),
        (np.exp2, lambda x: mpmath.mpf(2) ** x),
        (lambda x: x**4.5, lambda x: x ** mpmath.mpf(4.5)),
        (np.arctanh, mpmath.atanh),
        (np.arccos, mpmath.acos),
        (lambda x: np.exp(x) / (np.sin(x) ** 3 + 2), lambda x: mpmath.exp(x) / (mpmath.sin(x) ** 3 + 2)),
        (lambda x: np.hypot(x, 1 - x), lambda x: mpmath.hypot(x, 1 - x)),
        (lambda x: np.arctan2(x, 1 - x), lambda x: mpmath.atan2(x, 1 - x)),
    ],
)
def test_derivatives_of_orders_0_to_6_agree_with_taylor_coefficients_from_mpmath(f, g):
    # mpmath differentiates by finite differences: a cross-check to 20 digits, not a reference.
    with mpmath.workdps(60):
        coefficients = mpmath.taylor(g, mpmath.mpf(0.625), 6)
        for order, coefficient in enumerate(coefficients):
            (found,) = balls.derivatives(f, [POINT], order, 200)
            expected = coefficient * mpmath.factorial(order)
            middle = mpmath.mpf(found.midpoint.numerator) / found.midpoint.denominator
            assert abs(middle - expected) <= mpmath.mpf(10) ** -20 * max(1, abs(expected))


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=8), DYADICS, st.integers(0, 8))
@settings(max_examples=40, deadline=None)
def test_polynomial_is_differentiated_exactly(coefficients, point, order):
    x = dyadic_to_fraction(point)
    expected = Fraction(0)
    for power, coefficient in enumerate(reversed(coefficients)):
        if power >= order:
            factor = Fraction(coefficient)
            for k in range(order):
                factor *= power - k
            expected += factor * x ** (power - order)
    (found,) = balls.derivatives(lambda x: np.polyval(coefficients, x), [point], order, 1024)
    assert found.contains(expected)
    assert found.radius <= max(abs(expected), 2**128) / 2**500


@given(DYADICS)
@settings(max_examples=60, deadline=None)
def test_arb_contains_the_rational_value_and_mpmath_is_within_its_radius(point):
    smooth = lambda x: (x**3 - 2 * x + 0.1) / (1 + x**2)
    f = lambda x: smooth(x) + np.maximum(x, -x) * np.sign(x) - np.where(x > 1, x, 1 / 3)
    (truth,) = rational.values(f, [point])
    (enclosure,) = balls.values(f, [point], 400)
    (reference,) = multiprecision.values(f, [point], 400)
    assert enclosure.contains(truth)
    assert enclosure.radius <= max(abs(truth), 1) / 2**300
    assert abs(reference.midpoint - truth) <= max(abs(truth), 1) / 2**384


KINKS = [
    (np.abs, 0),
    (lambda x: x * np.abs(x), 0),
    (np.sign, 0),
    (lambda x: np.maximum(x, 0), 0),
    (np.sqrt, 0),
    (lambda x: np.minimum(x, x), 1),
    (lambda x: np.where(x >= 0, x, -x), 0),
    (lambda x: x**4.5, 0),
    (np.cbrt, 0),
    (lambda x: np.hypot(x, 0), 0),
    (np.arccosh, 1),
    (np.arcsin, 1),
    (np.arccos, -1),
    (lambda x: np.sqrt(x**2), 0),
    (lambda x: np.where(x**5 > 0, x, -x), 0),
    (lambda x: (-2.0) ** (x**5 + 2), 0),
    (lambda x: (-2.0) ** x, 2),
    (lambda x: np.arctan2(x, -1.0), 0),
    (lambda x: np.arctan2(x, x), 0),
    (lambda x: x**x, 0),
    (lambda x: 0.0**x, 1),
]


@pytest.mark.parametrize("f, x", KINKS)
@pytest.mark.parametrize("order", [1, 2, 4])
def test_kink_or_end_of_a_domain_has_a_value_but_no_derivative(f, x, order):
    assert not isinstance(balls.derivatives(f, [dyadic(x)], 0, 128)[0], Undefined)
    assert balls.derivatives(f, [dyadic(x)], order, 128) == [Undefined.UNDECIDED]


def test_comparison_of_two_constants_does_not_spoil_the_derivative():
    f = lambda x: np.where(np.zeros_like(x) >= np.zeros_like(x), x**2, x)
    assert balls.derivatives(f, [dyadic(1.5)], 1, 64) == [Ball(3, 0, 0)]


# exp(x) - exp(x) is a ball around 0: its sign stays open at every precision.
noise = lambda x: np.exp(x) - np.exp(x)


def test_undecided_condition_gives_the_union_of_both_branches():
    (value,) = balls.values(lambda x: np.where(noise(x) > 0, 1.0, 3.0), [POINT], 128)
    assert value.contains(1)
    assert value.contains(3)
    assert value.radius < Fraction(3, 2)
    (same,) = balls.values(lambda x: np.where(noise(x) > 0, x, x), [POINT], 128)
    assert same == Ball(5, 0, -3)
    (product,) = balls.values(lambda x: (noise(x) > 0) * x, [POINT], 128)
    assert product.contains(0)
    assert product.contains(Fraction(5, 8))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.log(noise(x)),
        lambda x: np.sqrt(noise(x)),
        lambda x: 1 / noise(x),
        lambda x: noise(x) / noise(x),
        lambda x: np.arccosh(1 + noise(x)),
        lambda x: np.arctanh(1 + noise(x)),
        lambda x: np.arcsin(1 + noise(x)),
        lambda x: noise(x) ** 0.3,
        lambda x: noise(x) ** -1,
        lambda x: (noise(x) - 1) ** (1 / noise(x)),
        lambda x: np.where(noise(x) > 0, np.log(-x), 1.0),
        lambda x: np.where(noise(x) > 0, 1.0, np.log(-x)),
        lambda x: (-2.0) ** (2 + noise(x)),
        lambda x: np.where(np.where(noise(x) > 0, x > 0, x < 0), x, np.log(-x)),
    ],
)
def test_ball_that_touches_the_edge_of_a_domain_is_undecided(f):
    assert balls.values(f, [POINT], 128) == [Undefined.UNDECIDED]


@pytest.mark.parametrize("n", [2, 3, 7])
def test_integer_power_of_a_ball_around_zero_is_finite(n):
    (value,) = balls.values(lambda x: noise(x) ** n, [POINT], 128)
    assert value.contains(0)
    assert value.radius <= Fraction(1, 2**100)


def test_cube_root_of_a_ball_around_zero_contains_both_signs():
    (value,) = balls.values(lambda x: np.cbrt(noise(x)), [POINT], 128)
    assert value.contains(0)
    assert 0 < value.radius <= Fraction(1, 2**40)
    assert value.contains(value.radius / 2)
    assert value.contains(-value.radius / 2)


@pytest.mark.parametrize("name", [n for n in CLOSED_FORMS if n not in ("where", "maximum", "minimum")])
@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_enclosure_over_an_interval_contains_the_derivative_at_its_points(name, order):
    f, _ = CLOSED_FORMS[name]
    width = 8
    interval = Ball(5 * width, 1, -6)  # 0.625 ± 2**-6
    (enclosure,) = balls.enclose_derivatives(f, [interval], order, 128)
    inside = [dyadic(Fraction(5 * width * 16 + k, 2**10)) for k in range(-16, 17, 8)]
    assert not isinstance(enclosure, Undefined)
    for value in balls.derivatives(f, inside, order, 256):
        distance = abs(value.midpoint - enclosure.midpoint) + value.radius
        assert distance <= enclosure.radius + Fraction(1, 2**200)


def test_interval_with_a_kink_or_a_pole_has_no_derivative():
    wide = [Ball(0, 1, 0)]  # [-1, 1]
    kinked = [np.abs, lambda x: np.where(x > 0, x, -x), lambda x: np.maximum(x, 0)]
    for f in [*kinked, lambda x: 1 / x, np.log, np.sqrt]:
        assert balls.enclose_derivatives(f, wide, 1, 64) == [Undefined.UNDECIDED]
    (value,) = balls.enclose_derivatives(lambda x: np.where(x > 0, x, -x), wide, 0, 64)
    assert value.contains(0)
    assert value.contains(1)
    assert value.contains(-1)


def test_negative_order_is_refused():
    with pytest.raises(ValueError, match="order must not be negative, got -1"):
        balls.derivatives(np.exp, [POINT], -1, 64)


@pytest.mark.parametrize("order", [0, 1, 5])
def test_precision_and_length_of_flint_are_restored(order):
    before = flint.ctx.prec, flint.ctx.cap
    balls.derivatives(np.exp, [POINT], order, 512)
    with pytest.raises(TypeError):
        balls.derivatives(np.spacing, [POINT], order, 512)
    assert (flint.ctx.prec, flint.ctx.cap) == before


def test_points_are_not_rounded_to_the_working_precision():
    point = ((1 << 200) + 1, -200)
    assert balls.values(lambda x: x - 1, [point], 64) == [Ball(1, 0, -200)]


def test_midpoint_and_radius_that_lie_far_apart_still_give_a_ball():
    (tiny,) = balls.values(lambda x: 1 + np.exp(-np.exp(x)) * noise(x), [dyadic(20.0)], 64)
    assert tiny.contains(1)
    assert tiny.rad > 0
    assert tiny.mid.bit_length() < 1000
    (wide,) = balls.enclose_derivatives(lambda x: x, [Ball(1, 1 << 3000, -3000)], 0, 64)
    assert wide.contains(Fraction(1, 2**3000))
    assert wide.contains(1)


def test_four_threads_at_four_precisions_give_what_one_thread_gives():
    f = lambda x: np.exp(np.sin(x)) + np.log1p(x**2)
    where = [dyadic(k / 64) for k in range(1, 40)]
    precisions = [64, 192, 500, 1111]

    def work(precision):
        return (
            multiprecision.values(f, where, precision),
            balls.values(f, where, precision),
            balls.derivatives(f, where, 2, precision),
            balls.complex_values(f, [(x, (1, -50)) for x in where], precision),
        )

    serial = {precision: work(precision) for precision in precisions}
    found = {precision: [] for precision in precisions}
    start = threading.Barrier(len(precisions))

    def run(precision):
        start.wait()
        for _ in range(4):
            found[precision].append(work(precision))

    threads = [threading.Thread(target=run, args=(precision,)) for precision in precisions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for precision in precisions:
        assert found[precision] == [serial[precision]] * 4


# --- Taylor's formula over intervals ---------------------------------------------------------------------


@pytest.mark.parametrize("terms", [1, 2, 6])
@pytest.mark.parametrize("order", [0, 1, 3])
def test_taylors_formula_encloses_the_derivative_at_every_point_and_is_no_wider(order: int, terms: int) -> None:
    f = lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
    rng = np.random.default_rng(order + terms)
    for _ in range(20):
        mid, exponent = int(rng.integers(-(1 << 20), 1 << 20)), int(rng.integers(-22, -17))
        interval = Ball(mid, int(rng.integers(1, 1 << 12)), exponent)
        ((over, middle),) = balls.enclose_centred(f, [interval], order, 128, terms)
        (plain,) = balls.enclose_derivatives(f, [interval], order, 128)
        assert over.radius <= plain.radius * (1 + Fraction(1, 1 << 20))
        assert abs(middle.midpoint - over.midpoint) <= over.radius + middle.radius
        for at in (interval.mid - interval.rad, interval.mid + interval.rad, interval.mid + interval.rad // 3):
            (value,) = balls.derivatives(f, [(at, exponent)], order, 256)
            assert abs(value.midpoint - over.midpoint) <= over.radius + value.radius


def test_taylors_formula_says_nothing_where_the_interval_has_a_pole_a_kink_or_an_end() -> None:
    around_zero = [Ball(1, 2, -4)]
    for f in (np.reciprocal, np.abs, np.sqrt, np.log):
        ((over, middle),) = balls.enclose_centred(f, around_zero, 2, 128, 6)
        assert isinstance(over, Undefined)
        assert isinstance(middle, Undefined)
