"""The tuned constants of the analysis: what each buys, and that its neighbours do not."""

import math
from typing import Any

import numpy as np
import pytest

from numdiff.analysis import error_model, suprema, taylor
from numdiff.analysis.metrics import (
    FEWEST_POINTS,
    LEAST_ORDER,
    ROUNDOFF_SHARE,
    SLOPE_TOLERANCE,
    observed_order,
)
from numdiff.analysis.statistics import student_quantile
from numdiff.floats.dyadic import dyadic
from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.rules import model
from numdiff.rules.model import optimal_step

STEPS = 2.0 ** -np.arange(1, 12)
NOTHING = np.zeros_like(STEPS)


# --- the observed order -----------------------------------------------------------------------------------


def test_roundoff_takes_less_than_half_of_the_tolerance_and_a_percent_more_would_not() -> None:
    def turned(share: float) -> float:
        return math.log2(math.e) * share * (1 + 2 / 4 + 1 / 16)

    assert turned(ROUNDOFF_SHARE) < SLOPE_TOLERANCE / 2 < turned(ROUNDOFF_SHARE + 0.01)


@pytest.mark.parametrize("share, kept", [(0.95, True), (1.05, False)])
def test_a_cell_leaves_the_window_at_two_percent_of_roundoff(share: float, kept: bool) -> None:
    error, roundoff = STEPS**2, NOTHING.copy()
    roundoff[-1] = 0.02 * share * error[-1]
    assert (observed_order(STEPS, error, roundoff).smallest_step == STEPS[-1]) == kept


@pytest.mark.parametrize("share, kept", [(0.95, True), (1.05, False)])
def test_the_window_ends_where_the_slope_turns_by_a_tenth(share: float, kept: bool) -> None:
    """The slope of the widest interval is off by 0.1 times `share`: error = h²·2**(0.1·share) there."""
    error = STEPS**2
    error[0] *= 2 ** (0.1 * share)
    assert (observed_order(STEPS, error, NOTHING).largest_step == STEPS[0]) == kept


def test_the_tolerance_admits_a_next_term_of_42_percent() -> None:
    for share, kept in ((0.4, True), (0.44, False)):
        error = STEPS * (1 + share * STEPS / STEPS[0])
        assert (observed_order(STEPS, error, NOTHING).largest_step == STEPS[0]) == kept


def test_three_cells_are_no_evidence_and_four_are() -> None:
    assert student_quantile(FEWEST_POINTS - 3, 0.975) > 10 > 5 > student_quantile(FEWEST_POINTS - 2, 0.975)
    for points, found in ((3, False), (4, True)):
        assert math.isfinite(observed_order(STEPS[:points], STEPS[:points] ** 2, NOTHING[:points]).order) is found


@pytest.mark.parametrize("order, found", [(0.45, False), (0.55, True)])
def test_an_error_that_falls_more_slowly_than_the_root_of_h_has_no_order(order: float, found: bool) -> None:
    assert LEAST_ORDER == (0 + 1) / 2
    assert math.isfinite(observed_order(STEPS, STEPS**order, NOTHING).order) is found


# --- Taylor series ------------------------------------------------------------------------------------------


def test_steps_up_to_096_of_the_radius_are_summed_to_15_percent_and_wider_ones_refused() -> None:
    (series,) = taylor.taylor_series(lambda x: 1 / (1 - x), [dyadic(0.0)])
    assert series is not None
    steps = np.array([0.5, 0.9, 0.95, 0.96, 0.97, 1.0, 1.5])
    found, exact = taylor.truncation_error(series, FORWARD, steps), steps / (1 - np.minimum(steps, 0.99))
    assert np.isfinite(found).tolist() == [True] * 4 + [False] * 3
    assert np.abs(found[:4] / exact[:4] - 1).max() < 0.15


def test_eight_terms_see_every_series_with_a_gap_of_up_to_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(period: int) -> bool:
        (series,) = taylor.taylor_series(lambda x: 1 / (1 - x**period), [dyadic(0.0)])
        assert series is not None
        return math.isinf(taylor.truncation_error(series, FORWARD, np.array([1.25]))[0])

    assert all(refused(period) for period in range(1, 9))
    monkeypatch.setattr(taylor, "_LAST", 6)
    assert not refused(7)


# --- the model of the error ----------------------------------------------------------------------------------


def predicted(name: str, method: str) -> float:
    stencil = METHODS[method]
    assert isinstance(stencil, Stencil)
    problem = PROBLEMS[name]
    return optimal_step(problem.f, problem.points[0], "float16", stencil, domain=problem.domain).predicted_error


CASES = [
    ("gsl_sin_reciprocal", "centered"),
    ("saito_parabola", "forward"),
    ("burden_faires_x_exp", "forward"),
    ("oscillation", "centered"),
    ("binomial_horner", "forward"),
    ("exp", "centered"),
]


def test_six_binades_of_noise_below_x_are_enough_and_five_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {case: predicted(*case) for case in CASES}

    def change(binades: int) -> float:
        monkeypatch.setattr(error_model, "_NOISE_BINADES", binades)
        return max(abs(predicted(*case) / error - 1) for case, error in here.items())

    assert change(12) < 0.02 < change(5)


def test_how_wide_the_model_begins_decides_nothing_from_two_binades_on(monkeypatch: pytest.MonkeyPatch) -> None:
    here = [predicted(*case) for case in [*CASES, ("saito_parabola", "centered")]]
    for wide, same in ((2, True), (6, True), (1, False)):
        monkeypatch.setattr(model, "WIDE", wide)
        assert ([predicted(*case) for case in [*CASES, ("saito_parabola", "centered")]] == here) is same


def test_the_search_for_a_wider_step_ends_after_64_binades() -> None:
    found = optimal_step(lambda x: x * 0 + 1.5, 1.0)
    assert found.failed is model.FailedAssumption.NO_ROOM
    assert 2.0**64 <= float(found.step) < 2.0**80


def test_the_refinement_loses_less_than_a_thousandth() -> None:
    for stencil in (FORWARD, CENTERED, METHODS["centered8"]):
        assert isinstance(stencil, Stencil)
        found = optimal_step(np.exp, 0.5, "float64", stencil)
        assert found.model is not None
        h = float(found.step)
        steps = np.linspace(h / 1.1, h * 1.1, 4001)
        coarse = 2.0 ** (np.arange(-80, 1) / 2)
        assert found.predicted_error <= 1.001 * found.model.total(steps).min()
        if stencil.accuracy_order == 8:
            assert found.model.total(coarse).min() > 1.001 * found.predicted_error


# --- suprema -------------------------------------------------------------------------------------------------


def runge(x: Any) -> Any:
    return 1 / (1 + 25 * x * x)


def test_an_interval_may_come_as_close_to_a_singularity_as_twelve_cuts_tell() -> None:
    for exponent, finite in ((15, True), (16, False)):
        (bound,) = suprema.suprema(lambda x: np.sqrt(x - x * x * 0.25), 2, [(1, 2**exponent, -exponent)])
        assert math.isfinite(bound) is finite


def test_the_number_of_pieces_ends_a_search_that_would_need_twice_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    largest = max(abs(_fifth_derivative_of_runge(x)) for x in np.linspace(-1, 1, 4001))
    results = {}
    for pieces in (80, 160, 320, 640):
        monkeypatch.setattr(suprema, "_MOST_PIECES", pieces)
        (results[pieces],) = suprema.suprema(runge, 5, [(-1, 1, 0)])
    assert largest <= results[640] == results[320] < suprema.SLACK * largest < results[160] < results[80]


def _fifth_derivative_of_runge(x: float) -> float:
    """Im of the fifth derivative of 1/(1 − 5ix)·… by partial fractions: f = Re 1/(1 − 5ix)."""
    return (math.factorial(5) * (5j) ** 5 / (1 - 5j * x) ** 6).real


def test_a_smaller_slack_is_tighter_and_a_lower_precision_looser(monkeypatch: pytest.MonkeyPatch) -> None:
    (here,) = suprema.suprema(runge, 3, [(-1, 1, 0)])
    monkeypatch.setattr(suprema, "SLACK", 1.1)
    (tighter,) = suprema.suprema(runge, 3, [(-1, 1, 0)])
    assert tighter < here < 1.2 * tighter
    monkeypatch.setattr(suprema, "SLACK", 1.2)
    for precision, same in ((96, True), (64, False)):
        monkeypatch.setattr(suprema, "PRECISION", precision)
        assert (suprema.suprema(runge, 3, [(-1, 1, 0)]) == [here]) is same
