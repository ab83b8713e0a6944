"""The noise that residuals show: what belongs to it, how large it is, and each constant on both sides of its value."""

import math

import numpy as np
import pytest

from numdiff.adaptive.noise import Known, Seen, seen_in

FALLING = [1e4, 1e1, 1e-3, 1e-8, 1e-14]
"""Mean squares of truncation errors: each falls more than the one before did."""


def known(n: int = 1, floor: float = 1e-12, given: float = 0.0, before: float = 0.0, freedom: int = 0) -> Known:
    return Known(np.full(n, floor), np.full(n, given), np.full(n, before), np.full(n, freedom), np.ones(n))


def seen(squares: list[float], confidence: float = 0.99, **options: float) -> Seen:
    return seen_in(np.array(squares, float)[:, None], known(**options), 2, confidence)


def test_the_mean_of_a_tail_of_one_noise_is_its_square():
    found = seen([1e6, 9e-6, 4e-6, 5e-6, 6e-6])
    assert found.flat[0]
    assert found.visible[0]
    assert found.freedom[0] == 8
    assert found.sigma[0] == pytest.approx(math.sqrt(6e-6), abs=0)
    assert found.used[0] == found.sigma[0]


def test_residuals_of_pure_noise_are_of_its_size_with_its_freedom(rng):
    n = 20000
    squares = (rng.standard_normal((2, 5, n)) ** 2).mean(axis=0)
    found = seen_in(squares, known(n), 2, 0.99)
    assert 0.9 < np.median(found.sigma) < 1  # the median of a mean square of ten numbers is 0.93
    assert found.flat.mean() > 0.94
    assert np.median(found.freedom) == 10


def test_truncation_errors_are_no_noise():
    found = seen(FALLING)
    assert not found.flat[0]
    assert not found.doubtful[0]
    assert found.freedom[0] == 2
    assert found.used[0] == 1e-12


def test_noise_below_the_floor_counts_as_the_floor():
    assert seen([1.0, 1e-4, 1e-30, 1e-30, 1e-30]).used[0] >= 1e-12


# The numbers in the following tests are those of the constants, halved and doubled: a constant that changes by more
# turns one of the two red.


def test_three_residuals_of_one_size_are_noise_and_two_are_not():
    assert seen([1e6, 1e0, 1e-6, 1e-6, 1e-6]).flat[0]
    assert not seen([1e4, 1e-1, 4e-5, 1e-6, 1e-6]).flat[0]
    assert seen([1e4, 1e-1, 4e-5, 1e-6, 1e-6]).freedom[0] == 4


@pytest.mark.parametrize(("fall", "is_flat"), [(100, True), (30, False)])
def test_a_fall_that_stops_begins_noise_if_it_is_by_50(fall, is_flat):
    last = 1e-6
    assert seen([1e9, 1e5, last * fall * 1.3, last * 1.3, last]).flat[0] == is_flat


@pytest.mark.parametrize(("after", "is_flat"), [(5, True), (20, False)])
def test_a_fall_begins_noise_if_it_is_ten_times_the_next(after, is_flat):
    assert seen([1e9, 1e5, 100 * after, after, 1.0]).flat[0] == is_flat


@pytest.mark.parametrize(("floors", "visible"), [(3, True), (12, False)])
def test_one_small_residual_is_rounding_up_to_six_floors(floors, visible):
    found = seen([1e4, 1e0, 1e-8, 1e-15, (floors * 1e-12) ** 2])
    assert found.visible[0] == visible
    assert (found.used[0] > 1e-12) == visible


def test_the_floor_is_weighed_in_twice_with_double_its_size_where_noise_is_that_of_rounding():
    floor, last = 1e-12, 1e-25
    found = seen([1e4, 1e0, 1e-8, 1e-15, last], floor=floor)
    assert found.sigma[0] == pytest.approx(math.sqrt((2 * last + 2 * (2 * floor) ** 2) / 4), abs=0)
    assert found.squares[0] == 2 * last
    assert found.freedom[0] == 2


@pytest.mark.parametrize(("luck", "is_doubtful"), [(200, True), (800, False)])
def test_a_last_residual_may_be_small_by_chance_up_to_one_case_in_400(luck, is_doubtful):
    last = 1e-16
    assert seen([1e3, 1e1, 1e-2 * luck * last, luck * last, last]).doubtful[0] == is_doubtful


@pytest.mark.parametrize(("slower", "is_doubtful"), [(20, True), (5, False)])
def test_a_residual_that_falls_ten_times_slower_is_no_truncation_error(slower, is_doubtful):
    first, second = 1e-4, 1e-8
    third = slower * second * second / first
    assert seen([1e3, first, second, third, third / 100]).doubtful[0] == is_doubtful


@pytest.mark.parametrize(("ratio", "is_pooled"), [(3, True), (12, False)])
def test_noise_that_was_seen_elsewhere_is_pooled_if_it_may_be_the_same(ratio, is_pooled):
    found = seen([1e4, 1e0, 1e-4, 1e-8, 1e-12 * ratio], before=4e-12, freedom=4)
    assert found.flat[0] == is_pooled
    assert found.freedom[0] == (6 if is_pooled else 2)


def test_the_bar_has_three_deviations_of_the_floor_at_least():
    found = seen([1.0, 1e-10, 1e-40, 1e-40, 1e-40])
    assert found.reach[0] >= 2.9e-12
    told = seen([1e4, 1e0, 1e-4, 1e-8, 1e-14], given=1e-6)
    assert told.reach[0] <= 3.01 * max(told.sigma[0], 1e-6)


def test_a_given_deviation_is_a_floor():
    found = seen([1e4, 1e0, 1e-14, 1e-14, 1e-14], given=1e-3)
    assert 1e-3 <= found.used[0] < 3e-3
    assert found.reach[0] >= 3e-3


def test_a_given_deviation_does_not_replace_a_larger_one():
    found = seen([1e4, 1e0, 1e-4, 1e-4, 1e-4], given=1e-4)
    assert found.sigma[0] == pytest.approx(1e-2)
    assert found.reach[0] > 0.9 * 2.6 * 1e-2


def test_the_bar_of_a_given_deviation_needs_no_quantile_of_few_residuals():
    alone = seen([1e4, 1e0, 1e-4, 1e-8, 1e-12], given=1e-6)
    untold = seen([1e4, 1e0, 1e-4, 1e-8, 1e-12])
    assert alone.reach[0] <= 3.01 * max(alone.sigma[0], 1e-6) < untold.reach[0]
