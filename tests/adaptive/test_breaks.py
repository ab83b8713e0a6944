"""Kinks and jumps at x: told from curvature, from noise, and from each other, in every format."""

import numpy as np
import pytest

import numdiff as nd
from numdiff.adaptive.breaks import breaks
from numdiff.adaptive.ladder import MULTIPLIERS, START
from numdiff.adaptive.status import Status
from numdiff.problems.noise import uniform
from tests.adaptive.test_ending import LEVELS, state_of

CURVES = {
    "exp": np.exp,
    "cos": lambda x: np.cos(3 * x),
    "line": lambda x: 1 + x,
    "square": lambda x: x * x,
    "tanh": np.tanh,
    "log1p": np.log1p,
    "runge": lambda x: 1 / (1 + 25 * x * x),
}


def test_a_smooth_function_has_no_breaks():
    for f in (np.exp, np.sin, lambda h: 3 * h + 1, lambda h: 0 * h + 2, lambda h: h * h):
        with np.errstate(all="ignore"):
            found = breaks(state_of(f))
        assert not found.kink[0]
        assert not found.jump[0]


def test_a_kink_has_the_slopes_of_both_sides():
    found = breaks(state_of(lambda h: 2 * np.abs(h) + 5 * h + 1))
    assert found.kink[0]
    assert found.left[0] == pytest.approx(3)
    assert found.right[0] == pytest.approx(7)


@pytest.mark.parametrize(("unit_roundoffs", "is_kink"), [(5, False), (1000, True)])
def test_a_kink_is_larger_than_the_rounding_of_f(unit_roundoffs, is_kink):
    narrowest = 1e-3 * MULTIPLIERS[START + LEVELS - 1]
    size = unit_roundoffs * 2.0**-53
    state = state_of(lambda h: np.abs(h) * size / narrowest)
    state.largest[:] = 1
    assert breaks(state).kink[0] == is_kink


@pytest.mark.parametrize(("unit_roundoffs", "is_jump"), [(50, False), (200, True)])
def test_a_jump_is_larger_than_a_hundred_roundings_of_f(unit_roundoffs, is_jump):
    state = state_of(lambda h: np.sign(h) * unit_roundoffs * 2.0**-53)
    state.largest[:] = 1
    assert breaks(state).jump[0] == is_jump


@pytest.mark.parametrize(("spread", "is_jump"), [(0.025, True), (0.1, False)])
def test_a_jump_has_differences_that_agree_to_a_twentieth(spread, is_jump):
    h = 1e-3 * MULTIPLIERS[START + 1 : START + LEVELS]
    slope = spread / (h[0] * (1 - spread) - h[-1])
    assert breaks(state_of(lambda t: np.sign(t) + slope * t)).jump[0] == is_jump


@pytest.mark.parametrize(("power", "is_kink"), [(1, True), (1.1, True), (1.6, False), (2, False), (3, False)])
def test_a_kink_has_a_second_difference_over_h_that_stays(power, is_kink):
    assert breaks(state_of(lambda h: np.abs(h) ** power)).kink[0] == is_kink


def test_derivatives_of_higher_orders_have_no_breaks():
    for order in (3, 4):
        assert not breaks(state_of(np.abs, order=order)).kink[0]


RAMPS = {
    "ramp": (lambda t: np.maximum(t - 1, 0) ** 2, 0, 2),
    "both": (lambda t: (t - 1) * np.abs(t - 1) + np.exp(t), np.e - 2, np.e + 2),
    "huber": (lambda t: np.where(np.abs(t) <= 1, t * t / 2, np.abs(t) - t.dtype.type(0.5)), 1, 0),
}


@pytest.mark.parametrize("name", RAMPS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float80"])
def test_a_second_derivative_has_a_kink_where_the_slope_has_one(name, dtype):
    f, left, right = RAMPS[name]
    found = nd.derivative(f, 1.0, order=2, dtype=dtype)
    assert found.status == Status.KINK
    assert [found.left, found.right] == pytest.approx([left, right], abs=5e-3 if dtype == "float32" else 1e-6)
    assert found.error >= abs(right - left) / 2 * (1 - 1e-4)


def test_a_second_derivative_of_a_smooth_function_has_no_kink():
    x = np.geomspace(1e-3, 3, 60)
    for name, f in CURVES.items():
        for dtype in ("float64", "float32", "float80"):
            found = nd.derivative(f, x, order=2, dtype=dtype)
            assert not (found.status == Status.KINK).any(), (name, dtype)
        for noise in (1e-8, 1e-4):
            found = nd.derivative(lambda t, f=f, noise=noise: f(t) * (1 + noise * uniform(t)), x, order=2)
            assert np.count_nonzero(found.status == Status.KINK) <= 1, (name, noise)


@pytest.mark.parametrize(
    ("dtype", "size", "least"), [("float64", 1, 0.95), ("float64", 0.1, 0.85), ("float32", 1, 0.3)]
)
def test_a_kink_of_the_slope_of_a_curve_is_seen(dtype, size, least):
    seen = total = 0
    for f in CURVES.values():
        for at in np.linspace(0.13, 1.9, 20):
            x = nd.FORMATS[dtype].as_array(np.array(at))[()]
            found = nd.derivative(
                lambda t, f=f, x=x: f(t) + t.dtype.type(size / 2) * np.maximum(t - x, 0) ** 2, x, order=2, dtype=dtype
            )
            seen, total = seen + (found.status == Status.KINK), total + 1
    assert seen >= least * total


def test_a_curve_without_kink_has_none_at_points_of_any_size():
    x = np.geomspace(1e-3, 3, 60)
    for name, f in CURVES.items():
        for dtype in ("float64", "float32", "float80"):
            found = nd.derivative(f, x, dtype=dtype)
            assert not (found.status == Status.KINK).any(), (name, dtype)


@pytest.mark.parametrize("noise", [1e-8, 1e-4])
def test_noise_is_no_kink(noise):
    """At most one point in two hundred: two numbers tell how large the noise is, and pairs confirm."""
    x, kinks = np.linspace(0.1, 2.1, 200), 0
    for f in CURVES.values():
        found = nd.derivative(lambda t, f=f: f(t) * (1 + noise * uniform(t)), x)
        kinks += np.count_nonzero(found.status == Status.KINK)
    assert kinks <= len(CURVES)


@pytest.mark.parametrize(
    ("dtype", "size", "least"),
    [("float64", 1, 1), ("float64", 1e-3, 1), ("float80", 1e-3, 1), ("float32", 1, 1), ("float32", 0.1, 0.8)],
)
def test_a_kink_on_a_curve_is_seen(dtype, size, least):
    seen = total = 0
    for f in CURVES.values():
        for at in np.linspace(0.13, 1.9, 20):
            x = nd.FORMATS[dtype].as_array(np.array(at))[()]
            found = nd.derivative(lambda t, f=f, x=x: f(t) + t.dtype.type(size) * np.abs(t - x), x, dtype=dtype)
            seen, total = seen + (found.status == Status.KINK), total + 1
    assert seen >= least * total


@pytest.mark.parametrize("dtype", ["float64", "float32", "float80"])
def test_the_slopes_of_a_kink_are_those_of_both_sides(dtype):
    found = nd.derivative(lambda t: np.exp(t) + np.abs(t - t.dtype.type(0.5)), 0.5, dtype=dtype)
    assert found.status == Status.KINK
    slope = np.exp(0.5)
    assert [found.left, found.right] == pytest.approx([slope - 1, slope + 1], rel=6e-3 if dtype == "float32" else 1e-6)
    assert found.error >= 1


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("budget", range(20, 40))
def test_the_look_for_kinks_keeps_within_the_budget(budget, order):
    found = nd.derivative(lambda t: np.exp(t) + np.abs(t - 0.5) ** order, 0.5, order=order, max_evaluations=budget)
    assert found.nfev <= budget


@pytest.mark.parametrize(
    ("f", "x", "dtype"),
    [
        (lambda t: 1 / (1 + 25 * t * t), np.linspace(-0.3, 0.3, 601), "bfloat16"),
        (lambda t: t / (1 + np.abs(t)), np.linspace(-0.1, 0.1, 401), "float16"),
        (lambda t: 1 + 1e-13 * np.abs(t - 1), 1.0, "float64"),
    ],
    ids=["a peak", "a kink of the second derivative", "a kink below rounding"],
)
def test_pairs_beyond_the_levels_show_no_kink(f, x, dtype):
    assert not np.any(nd.derivative(f, x, dtype=dtype).status == Status.KINK)
