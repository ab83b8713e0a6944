"""The estimate along one line: exact where the formula is, wide where it is not, and aware of kinks."""

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.gradients.estimates import SAFETY, estimated, offsets
from numdiff.gradients.remainders import fitted
from numdiff.gradients.result import SlopeComparison, Verdict

ITEM = FORMATS["float64"]
BOTH = pytest.mark.parametrize("radius", [2, 3])


def line(f, radius=3, step=0.25, slope=0.0, noise=0.0):
    """Return the estimate for f at 0 with a claimed slope."""
    t = step * np.array([offsets(radius)], np.longdouble)
    zero = np.longdouble(0)
    return estimated(f(t), f(zero), slope * t, np.array([step], np.longdouble), np.longdouble(noise), ITEM)


@BOTH
def test_polynomials_below_the_order_are_exact(radius):
    """The stencil of order 2r differentiates degree 2r; where the nested ones agree, no truncation is seen."""
    for degree in range(1, 2 * radius + 1):
        found = line(lambda t, d=degree: 1 + 3 * t + t**d, radius, slope=3.0 + (degree == 1))
        assert abs(found.deviation[0]) < 1e-17
        if degree <= 2 or degree % 2 == 0:
            assert found.truncation[0] < 1e-17


@BOTH
def test_the_deviation_is_the_numerical_slope_minus_the_analytic(radius):
    found = line(np.exp, radius, step=2.0**-6, slope=0.75)
    assert found.deviation[0] == pytest.approx(0.25, abs=1e-6)


@BOTH
def test_the_truncation_estimate_covers_the_truncation(radius):
    for step in 2.0 ** -np.arange(1, 8):
        for f, slope in ((np.exp, 1), (lambda t: 1 / (1 - t / 4), 0.25), (lambda t: np.sin(2 * t + 1), 2 * np.cos(1))):
            found = line(f, radius, step, slope)
            assert abs(found.deviation[0]) <= found.truncation[0] + 1e-15


def test_an_accident_of_one_difference_does_not_hide_truncation():
    """The fifth derivative of t³ + t⁷ vanishes at 0; the third, and the truncation, do not."""
    found = line(lambda t: t**3 + t**7, 3, 0.5)
    assert found.truncation[0] >= abs(found.deviation[0])


@BOTH
def test_rounding_is_allowed_for_by_the_amplification_of_the_formula(radius):
    found = line(lambda t: 2 * t, radius, step=2.0**-4, noise=1e-8)
    norm = {2: np.sqrt(130) / 12, 3: np.sqrt(2 * (45**2 + 9**2 + 1)) / 60}[radius]
    assert found.rounding[0] == pytest.approx(SAFETY * 1e-8 * norm * 16, rel=1e-12)


def test_noise_that_the_values_show_counts():
    """Six values of noise: their highest difference has, in the mean of squares, their own deviation."""
    rng, seen = np.random.default_rng(0), []
    for _ in range(400):
        found = line(lambda t: 1e-6 * rng.standard_normal(np.shape(t)), step=0.5)
        seen.append(found.measured_noise[0] ** 2)
        assert found.noise[0] >= found.measured_noise[0]
    assert np.mean(seen) == pytest.approx(1e-12, rel=0.3)


def test_a_kink_is_seen_and_a_bend_is_not():
    kink = line(np.abs)
    assert kink.is_kinked[0]
    assert kink.is_between[0]
    assert (kink.left[0], kink.right[0]) == pytest.approx((-1, 1))
    outside = line(np.abs, slope=2.0)
    assert outside.is_kinked[0]
    assert not outside.is_between[0]
    for f in (np.exp, np.sin, lambda t: t**2, lambda t: np.sqrt(1 + t)):
        assert not line(f, step=2.0**-5).is_kinked[0]


def test_lines_without_values_have_no_estimate():
    found = line(lambda t: np.where(t > 0.6, np.nan, t))
    assert np.isinf(found.tolerance[0])
    assert np.isnan(found.deviation[0])


def test_excess_is_a_number_in_every_case():
    def excess(numeric, analytic, tolerance):
        return SlopeComparison((0,), numeric, analytic, tolerance, 0, 0, 1, Verdict.AGREE).excess

    assert excess(1.0, 3.0, 0.5) == 4
    assert excess(1.0, 1.0, 0.0) == 0
    assert excess(1.0, 2.0, 0.0) == np.inf
    assert excess(np.nan, 2.0, np.inf) == 0


def test_the_power_of_a_remainder_is_fitted_above_the_noise_only():
    steps = np.exp2(-np.arange(6)).astype(np.longdouble)
    square = fitted(steps, 3 * steps**2 + 1e-3, np.longdouble(1e-3))
    assert square.slope == pytest.approx(2, abs=0.2)
    assert fitted(steps, np.full(6, 1e-3, np.longdouble), np.longdouble(1e-3)).slope is None
    assert fitted(steps, 2 * steps, np.longdouble(0)).slope == pytest.approx(1)
