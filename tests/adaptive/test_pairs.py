"""The test of noise by pairs of near nodes: noise stands, and what is no noise does not."""

import math

import numpy as np
import pytest

from numdiff.adaptive.engine import estimate
from numdiff.adaptive.ladder import MULTIPLIERS, START
from numdiff.adaptive.status import Status
from numdiff.floats.formats import FORMATS
from tests.adaptive.estimating import Asked, estimated
from tests.adaptive.test_engine import hashed, noisy

F64 = FORMATS["float64"]


def widths(f, x: float) -> list[float]:
    asked = Asked(f, F64)
    estimate(asked, np.array([x]), F64)
    return [float(np.abs(nodes - x).max()) for nodes in asked.nodes]


def test_pairs_are_4096_and_1024_times_inside_the_narrowest_step():
    found = widths(lambda t: np.abs(t - 0.7013), 0.7)
    near, far = found[1:3]
    ratio = found[0] / MULTIPLIERS[START] * MULTIPLIERS[START + 4] / near
    assert 2000 < ratio < 8000
    assert 2 < far / near < 8


def test_noise_is_looked_at_again_in_one_case_of_six():
    again = total = 0
    for x in np.linspace(0.5, 1.5, 800):
        found = widths(noisy(lambda t: np.exp(t), 1e-5), x)
        if len(found) > 1 and found[1] < found[0] / 1000:
            total += 1
            again += len(found) > 2 and 2 < found[2] / found[1] < 8
    assert total > 600
    # P(|t| ≤ 0.2) = 0.16, of the normal distribution; four times the limit would be 0.58, a quarter 0.04.
    assert 0.08 < again / total < 0.3


def test_noise_stands():
    x = np.linspace(0.5, 2, 600)
    found = estimated(noisy(np.exp, 1e-5), x)
    assert np.median(found.noise / np.exp(x)) > 0.3 * 1e-5
    assert (np.abs(found.value - np.exp(x)) <= found.error).mean() > 0.98


def test_a_kink_a_peak_and_an_oscillation_are_no_noise():
    for f, df in (
        (lambda t: np.abs(t - 0.7013), -1.0),
        (lambda t: np.exp(-(((t - 0.7) / 1e-2) ** 2)) + t, 1.0),
        (lambda t: np.sin(1e4 * t), 1e4 * math.cos(7e3)),
    ):
        found = estimated(f, [0.7])
        assert abs(found.value[0] - df) <= found.error[0] < 1e-3 * max(abs(df), 1)


def test_equal_values_of_rounded_output_are_noise_that_stands():
    x = np.linspace(0.5, 2, 100)
    found = estimated(lambda t: np.round(np.exp(t), 5), x)
    assert (np.abs(found.value - np.exp(x)) <= found.error).mean() > 0.96
    assert np.median(found.error) < 1e-3
    assert np.quantile(found.error, 0.95) < 0.1


@pytest.mark.parametrize("digits", [2, 3, 4, 5])
@pytest.mark.parametrize("noise", [1e-12, 1e-9, 1e-7])
def test_stairs_with_a_little_noise_on_them_have_the_slope_across_them(digits, noise):
    x = np.linspace(0.5, 2, 200)
    found = estimated(noisy(lambda t: np.round(np.exp(t), digits), noise), x)
    assert (np.abs(found.value - np.exp(x)) <= found.error).mean() > 0.96
    assert np.isfinite(found.error).mean() > 0.97


@pytest.mark.parametrize("power", [0.2, 0.25, 0.3])
@pytest.mark.parametrize("center", [1.0, -0.3])
def test_a_cusp_that_is_nearer_than_the_pairs_is_no_noise(power, center):
    away = np.abs(center) * np.logspace(-7, -2, 40)
    x = np.concatenate([center - away, center + away])
    found = estimated(lambda t: np.abs(t - center) ** power + t * t / 2, x)
    truth = x + power * np.abs(x - center) ** (power - 1) * np.sign(x - center)
    assert (np.abs(found.value - truth) <= found.error).all()
    assert np.isfinite(found.error).mean() > 0.95
    assert not (found.status == Status.OK)[found.error > np.abs(found.value)].any()


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda t: (1 - np.cos(t)) / (t * t), 0.0),
        (lambda t: (np.exp(t) - 1) / t, 0.5),
        (lambda t: np.log(1 + t) / t, -0.5),
        (lambda t: ((1 + t) ** 5 - 1 - 5 * t) / (t * t), 10.0),
    ],
    ids=["cosine", "exponential", "logarithm", "power"],
)
def test_where_digits_cancel_no_smooth_piece_passes_for_the_function(f, slope):
    away = np.logspace(-9, -5, 60)
    for x in (away, -away):
        found = estimated(f, x)
        assert (np.abs(found.value - slope) <= found.error + 6 * away).mean() > 0.97
        assert (np.abs(found.value - slope) <= 3 * found.error + 6 * away)[found.status == Status.OK].all()


@pytest.mark.parametrize(("exponent", "is_tested"), [(67, True), (71, False)])
def test_noise_is_tested_where_the_narrowest_step_has_room_inside(exponent, is_tested):
    """The narrowest of five steps is 2⁴⁵ spacings of x over √x: 2¹¹ or so, and 2⁹."""
    x = 2.0**exponent
    asked = Asked(lambda t: 1 + 1e-3 * hashed(t), F64)
    estimate(asked, np.array([x]), F64)
    widest = np.abs(asked.nodes[0] - x).max()
    pairs = [nodes for nodes in asked.nodes if nodes.size == 2 and np.abs(nodes - x).max() < widest / 100]
    assert bool(pairs) == is_tested


@pytest.mark.parametrize("name", ["float64", "float32", "float16", "float80"])
def test_a_stationary_point_has_no_slope_at_the_nearest_nodes(monkeypatch, name):
    for f, x in (
        (lambda t: 1 / (1 + 25 * t * t), 0.0),
        (lambda t: np.cos(40 * t), 0.0),
        (lambda t: np.cosh(9 * t), 0.0),
        (lambda t: 1 / (1 + 25 * (t - 1) ** 2), 1.0),
        (lambda t: np.exp(-(((t - 2) * 8) ** 2)), 2.0),
    ):
        found = estimated(f, [x], name)
        with monkeypatch.context() as patch:
            patch.setattr("numdiff.adaptive.engine.look_nearest", lambda state: None)
            without = estimated(f, [x], name)
        assert (found.status[0], found.error[0]) == (without.status[0], without.error[0])


def test_noise_that_is_told_is_no_slope_at_the_nearest_nodes():
    x = np.linspace(-0.01, 0.01, 200)
    found = estimated(noisy(lambda t: np.cos(40 * t), 1e-10), x, noise=1e-10)
    assert (found.status == Status.AMBIGUOUS).mean() < 0.05


def test_an_answer_with_a_sign_is_kept_where_a_search_restarted():
    found = estimated(noisy(lambda t: np.sin(2.25 * (2 * t + 4.5) * (-0.625 * t * t)), 1e-4), [7.34353])
    u = 7.34353
    truth = -1.40625 * (6 * u * u + 9 * u) * np.cos(-1.40625 * (2 * u + 4.5) * u * u)
    assert abs(found.value[0] - truth) <= found.error[0] < abs(found.value[0])
