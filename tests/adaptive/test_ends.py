"""Near an end of the domain: the smaller of two bars, and the status that names the end."""

import math
import re

import numpy as np
import pytest

import numdiff as nd
from numdiff.adaptive import blocks
from numdiff.adaptive.engine import LIMIT, LOOK, estimate
from numdiff.adaptive.status import Status
from numdiff.floats.formats import FORMATS
from tests.adaptive.estimating import Asked, estimated

F64 = FORMATS["float64"]


def on(x: float, f=np.exp, **options):
    """Return the estimate at a point of the domain (0, ∞), and whether nodes were one-sided."""
    asked = Asked(f, F64)
    found = estimate(asked, np.array([x]), F64, lower=0.0, **options)
    return found, bool((asked.all_nodes() > 3 * x).any())


@pytest.mark.parametrize(("x", "side"), [(1e-9, 1), (1 - 1e-9, -1)])
def test_beside_an_end_the_other_side_gives_the_digits(x, side):
    found = estimated(np.exp, [x], lower=0.0, upper=1.0)
    assert abs(found.value[0] - math.exp(x)) <= found.error[0] < 1e-8
    assert found.status[0] == Status.OK
    assert found.step[0] > 1e-6


def test_evaluations_on_both_sides_add_up_within_the_budget():
    for budget in (None, 20, 25, 30, 40):
        found = estimated(np.exp, [1e-9, 1e-8, 0.5], lower=0.0, budget=budget)
        assert (found.evaluations <= (budget or LIMIT + LOOK)).all()
    assert found.evaluations[0] > 12


def test_a_function_whose_length_is_its_distance_from_the_end_keeps_both_sides():
    for f, df in ((np.log, lambda x: 1 / x), (np.sqrt, lambda x: 0.5 / np.sqrt(x))):
        for x in (1e-3, 1e-6, 1e-9):
            found, looked_away = on(x, f)
            assert not looked_away
            assert abs(found.value[0] - df(x)) <= found.error[0] < 1e-7 * df(x)


@pytest.mark.parametrize(("rooms", "looks"), [(2.0**-8, True), (2.0**-5, False)])
def test_the_other_side_is_tried_below_a_64th_of_the_first_step(rooms, looks):
    """A function that wants wider steps than the room, so that the bar of both sides is large."""
    upper = 1.0
    x = upper - rooms * 0.125
    asked = Asked(lambda t: np.round(np.exp(t), 4), F64)
    estimate(asked, np.array([x]), F64, upper=upper)
    assert bool((asked.all_nodes() < x - 3 * (upper - x)).any()) == looks


@pytest.mark.parametrize(("rooms", "looks"), [(1, False), (4, False), (16, True)])
def test_the_other_side_is_tried_where_it_has_eight_times_the_room(rooms, looks):
    asked = Asked(lambda t: np.round(np.exp(t), 4), F64)
    estimate(asked, np.array([1.0]), F64, lower=1 - 1e-6 * rooms, upper=1 + 1e-6)
    assert bool((asked.all_nodes() <= 1 - 1e-6).any()) == looks


def test_a_bar_that_an_end_makes_large_touches_the_domain():
    found = estimated(np.exp, [1.0], lower=1 - 1e-12, upper=1 + 1e-12)
    assert found.status[0] == Status.TOUCHES_DOMAIN
    assert abs(found.value[0] - math.e) <= found.error[0] < 0.1


def test_a_small_bar_beside_an_end_is_a_success():
    found = estimated(np.exp, [1e-3], lower=0.0)
    assert found.status[0] == Status.OK
    assert found.error[0] < 1e-6


@pytest.mark.parametrize(("width", "touches"), [(1e-8, False), (1e-11, True)])
def test_the_bar_that_blames_an_end_is_a_millionth_of_the_value(width, touches):
    found = estimated(np.exp, [1.0], lower=1 - width, upper=1 + width)
    assert (found.status[0] == Status.TOUCHES_DOMAIN) == touches
    assert (found.error[0] > 1e-6 * math.e) == touches


def test_an_end_that_is_far_away_is_not_blamed():
    found = estimated(lambda x: np.round(np.exp(x), 2), [1.0], lower=-5.0, upper=5.0)
    assert found.status[0] != Status.TOUCHES_DOMAIN


def test_a_kink_beside_an_end_stays_a_kink():
    found = estimated(lambda x: np.abs(x - 1e-7), [1e-7], lower=0.0)
    assert found.status[0] == Status.KINK
    assert found.left[0] == pytest.approx(-1)
    assert found.right[0] == pytest.approx(1)


def test_ends_may_differ_from_point_to_point():
    x = np.array([0.5, 1.0, 2.0])
    lower, upper = x - np.array([1e-9, 1.0, 10.0]), x + np.array([1.0, 1e-9, 10.0])
    asked = Asked(np.exp, F64)
    found = estimate(asked, x, F64, lower=lower, upper=upper)
    rows = np.concatenate(asked.rows)
    assert (asked.all_nodes() > lower[rows]).all()
    assert (asked.all_nodes() < upper[rows]).all()
    assert (np.abs(found.value - np.exp(x)) <= found.error).all()
    assert (found.error < 1e-9).all()


def ends(x, count: int):
    """Return the numbers that are so many beyond a number on either side, as floats."""
    low = high = x
    for _ in range(count):
        low, high = np.nextafter(low, x.dtype.type(-np.inf)), np.nextafter(high, x.dtype.type(np.inf))
    return float(low), float(high)


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("side", [-1, 0, 1])
def test_a_domain_without_room_is_named_and_costs_few_evaluations(name, count, order, side):
    fmt = FORMATS[name]
    for at in (1.0, 3.0, 1 - 2.0**-53 if name == "float64" else 0.3):
        x = fmt.dtype.type(at)
        low, high = ends(x, count)
        result = nd.derivative(np.exp, x, domain=(low, high), order=order, side=side)
        assert result.status is Status.TOUCHES_DOMAIN
        assert result.nfev <= 24
        result = nd.derivative(np.exp, x, domain=(-np.inf, high), order=order, side=side)
        assert (result.status is Status.TOUCHES_DOMAIN) or side <= 0


def test_f_is_not_evaluated_at_x_in_the_place_of_nodes_outside():
    for x in (0.5, 1.0, 3.0):
        for count in (1, 2, 3):
            low, high = ends(np.float64(x), count)
            asked = Asked(np.exp, F64)
            found = estimate(asked, np.array([x, 8.0]), F64, lower=np.array([low, 0.0]), upper=np.array([high, 9.0]))
            assert (asked.all_nodes() != x).all()
            assert found.status.tolist() == [Status.TOUCHES_DOMAIN, Status.OK]


def test_f_that_is_not_finite_stays_so_where_there_is_room():
    found = estimated(lambda t: np.where(t == t, np.nan, t), [1.0], lower=1 - 1e-12, upper=2.0)
    assert found.status[0] == Status.NOT_FINITE


def test_a_complex_function_at_points_without_room_has_no_values(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 2)
    low, high = ends(np.float64(1.0), 1)
    for side in (0, [-1, -1, 1, 1, 0]):
        result = nd.derivative(lambda t: np.exp(1j * t), [1.0] * 5, domain=(low, 4.0), side=side)
        wide = np.array(side) != -1
        assert (np.isfinite(result.df) == wide).all()
        assert np.all((result.status == Status.TOUCHES_DOMAIN) | wide)
    assert np.isnan(nd.derivative(lambda t: np.exp(1j * t), [1.0] * 3, domain=(low, high)).df).all()


@pytest.mark.parametrize("factor", [1, 1j, 1 + 1j])
def test_a_part_near_0_does_not_touch_the_domain_if_the_whole_does_not(factor):
    x = 1e-3
    plain = nd.derivative(np.exp, x, domain=(0, math.inf))
    assert plain.status is Status.OK
    for tiny in (0, 1e-3, 1e-12):
        found = nd.derivative(lambda t, tiny=tiny: factor * (np.exp(t) + 1j * tiny * t * t), x, domain=(0, math.inf))
        assert found.status is Status.OK
    cramped = nd.derivative(lambda t: factor * np.exp(t), 1.0, domain=(1 - 1e-12, 1 + 1e-12))
    assert cramped.status is Status.TOUCHES_DOMAIN


def test_the_status_gives_its_advice():
    assert re.search("move x inward", Status.TOUCHES_DOMAIN.message)
