"""An answer to an adversarial problem is good, useless, wrong or a silent failure, by what it says of itself."""

import math

import pytest

from experiments.league.adversaries import Verdict, graded, verdict
from experiments.league.contestants import Estimator, RuleContestant
from experiments.league.matches import play
from numdiff.problems.adversarial import ADVERSARIAL
from tests.experiments.league.known_cases import known_cases

INF, NAN = math.inf, math.nan
LINE, KINK, JUMP = (ADVERSARIAL[name] for name in ("line", "relu", "unit_step"))
EDGE = ADVERSARIAL["log_at_its_edge"]
HERE = "tests.experiments.league.small_estimators"


def said(adversary, value, bar, status="ok", truth=2.0, named=True):
    return verdict(adversary, truth, value, abs(value - truth), bar, status == "ok", status, named)


def test_a_small_error_is_good_if_its_bar_holds_or_there_is_none():
    assert said(LINE, 2.0 + 1e-9, 1e-8) is Verdict.GOOD
    assert said(LINE, 2.0 + 1e-9, NAN) is Verdict.GOOD
    assert said(LINE, 2.0 + 1e-9, 0.9e-9) is Verdict.WRONG
    assert said(LINE, 2.0 + 1e-9, 0.35e-9) is Verdict.WRONG
    assert said(LINE, 2.0 + 1e-9, 0.3e-9) is Verdict.SILENT


def test_a_large_error_is_useless_with_a_bar_that_holds_and_wrong_without():
    assert said(LINE, 3.0, 2.0) is Verdict.USELESS
    assert said(LINE, 3.0, INF) is Verdict.USELESS
    assert said(LINE, 3.0, NAN) is Verdict.WRONG
    assert said(LINE, 3.0, 0.1) is Verdict.SILENT


def test_a_status_is_honest_only_where_the_problem_names_it():
    assert said(EDGE, 3.0, INF, "touches_domain") is Verdict.GOOD
    assert said(EDGE, 3.0, INF, "no_digits") is Verdict.USELESS
    assert said(EDGE, 3.0, NAN, "no step", named=False) is Verdict.GOOD
    assert said(LINE, 3.0, NAN, "no step", named=False) is Verdict.WRONG


def test_a_status_does_not_excuse_a_bar_that_does_not_hold():
    assert said(EDGE, 3.0, 0.5, "touches_domain") is Verdict.WRONG


def test_no_value_is_good_with_an_honest_status_and_silent_with_none():
    assert said(EDGE, NAN, NAN, "touches_domain") is Verdict.GOOD
    assert said(LINE, NAN, NAN, "no_digits") is Verdict.WRONG
    assert said(LINE, NAN, NAN) is Verdict.SILENT
    assert said(JUMP, NAN, NAN) is Verdict.SILENT


def test_at_a_kink_the_status_or_a_bar_over_both_slopes_is_good():
    assert said(KINK, 0.5, NAN, "kink", NAN) is Verdict.GOOD
    assert said(KINK, 0.5, 0.5, "ok", NAN) is Verdict.GOOD
    assert said(KINK, 0.5, 0.1, "ok", NAN) is Verdict.SILENT
    assert said(KINK, 0.5, NAN, "ok", NAN) is Verdict.WRONG
    assert said(KINK, 0.5, 0.1, "kink", NAN) is Verdict.WRONG


def test_at_a_jump_no_finite_bar_is_good():
    assert said(JUMP, 1e5, INF, "jump", NAN) is Verdict.GOOD
    assert said(JUMP, 1e5, 1e5, "jump", NAN) is Verdict.WRONG
    assert said(JUMP, 1e5, 1e9, "ok", NAN) is Verdict.SILENT
    assert said(JUMP, 1e5, NAN, "ok", NAN) is Verdict.WRONG


def test_the_adversarial_set_is_played_and_graded():
    cases = known_cases("adversarial", "float64")
    assert set(cases["problem"]) == {name for name, item in ADVERSARIAL.items() if item.runs_in("float64")}
    found = graded(play(Estimator("liar", f"{HERE}:no_bar"), cases), named=True)
    kinks = found[found["problem"].map(lambda name: ADVERSARIAL[name].slopes is not None)]
    assert (kinks["verdict"] == "silent failure").all()
    rule = graded(play(RuleContestant("thumb", "thumb"), cases), named=False)
    assert "silent failure" not in set(rule["verdict"])  # it has no bars to break
    assert rule.loc[rule["problem"] == "line", "verdict"].tolist() == ["good", "good"]


def test_who_is_told_the_noise_gets_the_deviation_of_each_point():
    seen = []

    class Listening(Estimator):
        def run(self, f, x, fmt, noise, domain):
            seen.append(None if noise is None else noise.tolist())
            return super().run(f, x, fmt, noise, domain)

    cases = known_cases("adversarial", "float64")
    cases = cases[cases["problem"].isin(["line", "noise_of_1em4"])]
    for told in (True, False):
        play(Listening("small", f"{HERE}:richardson"), cases, told)
    noise = ADVERSARIAL["noise_of_1em4"]
    assert seen == [None, [noise.deviation(x) for x in noise.points], None, None]


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float80"])
def test_there_are_adversarial_cases_in_every_format(name):
    if name != "float80" or name in __import__("numdiff").FORMATS:
        assert len(known_cases("adversarial", name)) >= 5
