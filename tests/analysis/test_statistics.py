"""Exponents and probabilities with their intervals, against what is known of them."""

import math

import numpy as np
import pytest
from scipy.stats import binom, binomtest, linregress

from numdiff.analysis.statistics import PowerLaw, binomial_interval, binomial_limit, power_law


def test_a_power_law_is_found_exactly():
    n = [10, 100, 1000, 10_000]
    assert power_law(n, [3 * k**2 for k in n]) == PowerLaw(2.0, 0.0, 4)
    assert power_law(n, [7] * 4) == PowerLaw(0.0, 0.0, 4)


def test_interval_is_that_of_linear_regression():
    rng = np.random.default_rng(1)
    n = np.array([1e3, 3e3, 1e4, 4e4, 1e5])
    values = n**1.5 * np.exp(rng.normal(0, 0.2, 5))
    known = linregress(np.log10(n), np.log10(values))
    found = power_law(n, values)
    assert found.exponent == pytest.approx(known.slope, abs=1e-8)
    assert found.half_width == pytest.approx(3.1824463052842638 * known.stderr, abs=1e-8)  # t of 3 degrees, 97.5 %


def test_interval_holds_the_exponent_in_95_of_100_cases():
    rng = np.random.default_rng(2)
    n = 10.0 ** np.arange(2, 8)
    trials = [power_law(n, n * np.exp(rng.normal(0, 0.3, n.size))) for _ in range(400)]
    held = np.mean([abs(t.exponent - 1) <= t.half_width for t in trials])
    assert abs(held - 0.95) <= 3 * math.sqrt(0.95 * 0.05 / 400)


@pytest.mark.parametrize("n", [[1, 2], [5, 5, 5]])
def test_too_few_points_are_refused(n):
    with pytest.raises(ValueError, match="at least three points that are not all the same"):
        power_law(n, [1.0] * len(n))


@pytest.mark.parametrize("n, values, name", [([1, 2, 0], [1, 1, 1], "n"), ([1, 2, 3], [1, math.inf, 1], "values")])
def test_a_power_law_needs_positive_numbers(n, values, name):
    with pytest.raises(ValueError, match=f"{name} must be positive and finite"):
        power_law(n, values)


# --- binomial ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hits, trials_made", [(0, 10), (1, 10), (5, 10), (10, 10), (0, 10_000), (3, 10_000)])
def test_interval_is_that_of_clopper_and_pearson(hits, trials_made):
    low, high = binomial_interval(hits, trials_made)
    exact = binomtest(hits, trials_made).proportion_ci(0.95, "exact")
    assert (low, high) == pytest.approx((exact.low, exact.high), rel=1e-9, abs=1e-15)
    if hits:
        assert binom.sf(hits - 1, trials_made, low) == pytest.approx(0.025, rel=1e-9)
    if hits < trials_made:
        assert binom.cdf(hits, trials_made, high) == pytest.approx(0.025, rel=1e-9)


def test_no_hit_in_ten_thousand_proves_three_in_ten_thousand():
    limit = binomial_limit(0, 10_000)
    assert limit == pytest.approx(1 - 0.05**1e-4, rel=1e-12)
    assert limit < 3e-4
    assert binom.cdf(2, 50, binomial_limit(2, 50)) == pytest.approx(0.05, rel=1e-9)
    assert binomial_limit(7, 7) == 1


@pytest.mark.parametrize("hits, trials_made", [(0, 0), (3, 2), (-1, 2)])
def test_impossible_counts_are_refused(hits, trials_made):
    for function in (binomial_interval, binomial_limit):
        with pytest.raises(ValueError, match="hits must be"):
            function(hits, trials_made)
