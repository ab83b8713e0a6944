"""A contestant that lies, or refuses, gets the columns of the league that it deserves."""

import math

import numpy as np
import pandas as pd
import pytest

from experiments.league.contestants import Estimator, RuleContestant
from experiments.league.matches import play
from experiments.league.table import in_words, summary, with_errors, worst_functions
from numdiff.formulas.stencil import CENTERED, FORWARD
from numdiff.rules.base import Choice, RuleStatus
from tests.experiments.league.known_cases import known_cases

HERE = "tests.experiments.league.small_estimators"


@pytest.fixture(scope="module")
def cases():
    found = known_cases("league", "float64")
    return found[found["problem"].isin(["exp", "runge", "shi_quartic", "kostyrka_line", "stepleman_winarsky_sqrt"])]


def played(function, cases):
    return play(Estimator(function, f"{HERE}:{function}"), cases)


def test_the_small_estimator_is_better_than_the_best_centered_difference(cases):
    row = summary(played("richardson", cases))
    assert row["cases"] == len(cases)
    assert row["median"] < 0.1
    assert row["evaluations"] == 12
    assert (row["no_result"], row["flagged"], row["refused"]) == (0, 0, 0)
    assert 0.5 < row["coverage"] <= 1
    assert row["low"] <= row["coverage"] <= row["high"]


def test_who_reports_a_bar_of_zero_covers_nothing_and_fails_silently(cases):
    honest, liar = (summary(played(name, cases)) for name in ("richardson", "no_bar"))
    assert liar["median"] == honest["median"]
    assert liar["coverage"] < 0.2
    assert liar["silent"] == liar["beyond"] > len(cases) / 2
    assert liar["sharpness"] == 0


def test_who_reports_an_infinite_bar_refuses_and_has_no_coverage(cases):
    row = summary(played("no_commitment", cases))
    assert row["refused"] == len(cases)
    assert row["bars"] == row["covered"] == row["silent"] == 0
    assert math.isnan(row["coverage"])
    assert row["useful"] == 0


def test_who_returns_nothing_with_the_status_ok_is_the_worst_everywhere(cases):
    row = summary(played("no_value", cases))
    assert row["median"] == row["p90"] == row["worst"] == math.inf
    assert row["no_result"] == row["silent"] == len(cases)
    assert row["flat_good"] == 0


def test_the_worst_input_is_named_exactly(cases):
    frame = played("richardson", cases)
    row = summary(frame)
    worst = frame.loc[frame["ratio"].idxmax()]
    assert (row["worst_function"], row["worst_x"], row["worst"]) == (worst["problem"], worst["x"], worst["ratio"])
    assert float.fromhex(row["worst_x"]) == worst_number(worst)


def worst_number(row):
    return float.fromhex(row["x"])


def test_a_derivative_of_zero_has_no_ratio_and_its_own_columns(cases):
    frame = played("richardson", cases)
    flat = frame[frame["truth"] == 0]
    assert list(flat["problem"]) == ["shi_quartic"]
    assert flat["ratio"].isna().all()
    row = summary(frame)
    good = (flat["error"] <= flat["bar"]) & (flat["bar"] <= 10 * flat["yardstick"])
    assert (row["flat"], row["flat_good"]) == (1, int(good.sum()))


def test_the_worst_covered_function_comes_first(cases):
    frame = played("richardson", cases)
    found = worst_functions(frame, 2)
    assert len(found) == 2
    assert found["coverage"].tolist() == sorted(found["coverage"])
    assert found["coverage"].iloc[0] == summary(frame)["least_covered"]


def test_a_rule_is_played_point_by_point_and_counts_its_evaluations(cases):
    centered, forward = (play(RuleContestant("thumb", "thumb", m), cases) for m in (CENTERED, FORWARD))
    assert (centered["evaluations"] == 2).all()
    assert (forward["evaluations"] == 2).all()
    row = summary(centered)
    assert row["refused"] is None
    assert row["beyond"] is None
    assert math.isnan(row["useful"])
    assert forward["forward_ratio"].median() < forward["ratio"].median()


def raising(f, x, fmt, formula, noise, domain):
    raise RuntimeError("no luck")


def refusing(f, x, fmt, formula, noise, domain):
    return Choice(status=RuleStatus.NO_STEP, reason="never")


class Named:
    def __init__(self, rule):
        self.name, self._rule = rule.__name__, rule

    def __call__(self, f, x, fmt, formula, noise, domain):
        return self._rule(f, x, fmt, formula, noise, domain)


def test_what_a_rule_raises_or_refuses_is_an_outcome_with_its_message(cases):
    raised = play(RuleContestant("raising", Named(raising)), cases)
    assert set(raised["status"]) == {"raised"}
    assert set(raised["message"]) == {"RuntimeError: no luck"}
    assert np.isinf(raised["ratio"][raised["truth"] != 0]).all()
    refused = play(RuleContestant("refusing", Named(refusing)), cases)
    assert set(refused["status"]) == {"no step"}
    assert set(refused["message"]) == {"never"}
    assert summary(refused)["flagged"] == len(cases)


def test_errors_are_formed_from_both_parts_of_value_and_truth():
    row = {"value": 1.0, "value_low": 2e-17, "truth": 1.0, "truth_low": 5e-17, "yardstick": 1e-17, "forward": 3e-17}
    found = with_errors(pd.DataFrame([row]))
    assert found["error"].tolist() == [pytest.approx(3e-17)]
    assert found["ratio"].tolist() == [pytest.approx(3.0)]
    assert found["forward_ratio"].tolist() == [pytest.approx(1.0)]


def test_who_is_told_the_noise_has_another_name():
    assert (in_words("shi", False), in_words("shi", True)) == ("shi", "shi, noise told")
