"""A method that lies, or refuses, gets the columns that it deserves."""

import math

import numpy as np
import pytest

from numdiff.analysis.scores import (
    bar_scores,
    error_ratio,
    is_good_where_flat,
    performance_profile,
    ranked_quantile,
)

INF, NAN = math.inf, math.nan


def scores(error, bar, ok=True, yardstick=1.0):
    return bar_scores(np.asarray(error, dtype=float), bar, ok, yardstick)


def test_no_result_is_the_worst_and_an_exact_one_the_best():
    assert error_ratio([NAN, INF, 0.0, 2.0], [1.0, 1.0, 1.0, 4.0]).tolist() == [INF, INF, 0.0, 0.5]
    assert error_ratio([1.0, NAN], INF).tolist() == [0.0, INF]
    assert np.isnan(error_ratio([1.0, NAN], NAN)).all()


def test_quantiles_are_values_and_infinities_count():
    assert ranked_quantile([3.0, 1.0, 2.0, INF], 0.5) == 2.0
    assert ranked_quantile([3.0, 1.0, 2.0, INF], 0.75) == 3.0
    assert ranked_quantile([3.0, 1.0, 2.0, INF], 0.9) == INF
    assert ranked_quantile(range(1, 11), 0.9) == 9.0
    assert math.isnan(ranked_quantile([], 0.5))


def test_a_bar_of_zero_covers_exact_values_alone():
    found = scores([1.0, 0.0, 1.0], 0.0)
    assert (found.bars, found.covered, found.refused, found.silent, found.beyond) == (3, 1, 0, 2, 2)
    assert found.sharpness == 0.0


def test_an_infinite_bar_is_a_refusal_and_buys_no_coverage():
    found = scores([1.0, 1.0, 1.0, 1.0], [INF, INF, INF, 0.5])
    assert (found.bars, found.covered, found.refused, found.coverage) == (1, 0, 3, 0.0)
    all_refused = scores([1.0, 1.0], INF)
    assert (all_refused.bars, all_refused.refused) == (0, 2)
    assert math.isnan(all_refused.coverage)
    assert math.isnan(all_refused.sharpness)
    assert all_refused.useful == 0.0


def test_no_value_is_a_refusal_and_with_the_status_ok_a_silent_failure():
    found = scores([NAN, NAN, INF], [1.0, NAN, 1.0], [True, False, True])
    assert (found.bars, found.refused, found.silent) == (0, 3, 2)


def test_a_finite_bar_counts_whatever_its_status():
    found = scores([2.0, 0.5], 1.0, False)
    assert (found.bars, found.covered, found.silent) == (2, 1, 0)


def test_an_error_beyond_three_bars_is_silent_and_beyond_ten_counted_apart():
    found = scores([3.0, 3.1, 10.0, 10.1], 1.0)
    assert (found.silent, found.beyond) == (3, 1)


def test_a_negative_bar_covers_nothing():
    assert (scores([0.0, 1.0], -1.0).covered, scores([0.0, 1.0], -1.0).beyond) == (0, 2)


def test_a_bar_is_useful_within_ten_yardsticks_and_a_refusal_never_is():
    assert scores([1.0] * 4, [10.0, 10.1, INF, 1.0]).useful == 0.5
    assert scores([1.0] * 4, [10.0, 10.1, INF, 1.0], yardstick=[1.0, 1.0, NAN, NAN]).useful == 0.5


def test_coverage_has_the_interval_of_clopper_and_pearson():
    """The interval for 9 of 10, as printed in tables of binomial limits: 0.5550 to 0.9975."""
    found = scores([0.5] * 9 + [2.0], 1.0)
    assert (found.coverage, round(found.low, 4), round(found.high, 4)) == (0.9, 0.5550, 0.9975)


def test_sharpness_is_the_median_of_bar_over_error():
    assert scores([1.0, 1.0, 1.0], [2.0, 5.0, 0.5]).sharpness == 2.0
    assert scores([0.0, 0.0, 1.0], [2.0, 0.0, 3.0]).sharpness == 3.0  # of infinity, 1 and 3


def test_where_the_derivative_is_zero_the_bar_must_cover_and_be_useful():
    good = is_good_where_flat([1.0, 1.0, 1.0, NAN, 0.0], [2.0, 0.5, 20.0, 1.0, NAN], 1.0)
    assert good.tolist() == [True, False, False, False, False]


def test_profiles_count_shares_within_a_factor_of_the_best():
    costs = [[1.0, 3.0], [2.0, 1.0], [INF, NAN], [0.0, 0.0]]
    profile = performance_profile(costs, [1, 2, 3])
    assert profile.tolist() == [[0.5, 0.5], [0.75, 0.5], [0.75, 0.75]]


@pytest.mark.parametrize("factor", [1.0, 1e300])
def test_a_method_that_always_fails_has_no_share(factor):
    assert performance_profile([[INF, 1.0], [NAN, 1.0]], [factor]).tolist() == [[0.0, 1.0]]
