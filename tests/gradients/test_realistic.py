"""The check on realistic functions: right gradients are not rejected, and a wrong coordinate is never agreed to.

A few seeds of the functions of the development half; the trials of `experiments.gradient_check` have the rates, on
functions that no constant was chosen on.
"""

import pytest

from experiments.gradient_check.claims import FACTORS, RIGHT, TEN_BARS
from experiments.gradient_check.functions import DEVELOPMENT, FUNCTIONS, group_of
from experiments.gradient_check.ours import COORDINATES, ours
from experiments.gradient_check.rules import Decision, Line
from experiments.gradient_check.trials import TrialPlan, run_trials

TUNED = [name for name in FUNCTIONS if group_of(name) == DEVELOPMENT]


@pytest.fixture(scope="module", params=TUNED)
def trials(request):
    formats = [name for name in ("float16", "float32", "float64") if name in FUNCTIONS[request.param].formats]
    claims = (RIGHT, *FACTORS, TEN_BARS)
    return run_trials(TrialPlan((request.param,), formats, seeds=(0, 1), claims=claims, checkers=ours()))


def test_right_gradients_are_not_rejected_and_no_check_fails(trials):
    right = trials[trials["claim"] == RIGHT]
    assert not set(right["verdict"]) & {Decision.REJECTED, Decision.FAILED}
    assert (right["disagree"] == 0).all()


def test_a_wrong_coordinate_is_never_agreed_to(trials):
    wrong = trials[trials["claim"].isin(list(FACTORS)) & (trials["checker"] == COORDINATES)]
    assert not set(wrong["at"]) & {Line.AGREE, Line.INEXACT, ""}
    assert (wrong[wrong["claim"] != "zero"]["at"] != Line.ZERO).all()
    assert (wrong["verdict"] != Decision.PASSED).all()


def test_a_deviation_of_ten_bars_is_not_agreed_to(trials):
    wrong = trials[(trials["claim"] == TEN_BARS) & (trials["at"] != "")]
    assert not set(wrong["at"]) & {Line.AGREE, Line.ZERO}


def test_evaluations_are_as_few_as_promised(trials):
    right = trials[trials["claim"] == RIGHT]
    along = right[right["checker"] != COORDINATES]
    assert along["evaluations"].max() <= 100
    by = right[right["checker"] == COORDINATES]
    assert (by["evaluations"] / by["n"]).max() <= 60
