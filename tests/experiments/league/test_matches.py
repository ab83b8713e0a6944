"""Matches are stored under all that they hang on, and found again; every contestant takes part with its formula."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.league import matches
from experiments.league.cases import COVERAGE_FUNCTIONS, COVERAGE_POINTS, LEVELS, points_of, subject_of
from experiments.league.contestants import RuleContestant
from experiments.league.matches import Match
from experiments.league.roster import OURS, PEER, RULE, entry, roster
from experiments.league.schedule import (
    BARRED,
    COLUMNS,
    SPARSE,
    THINNED,
    bar_measures,
    league_measures,
    quick_measures,
)
from experiments.league.tasks import FIRST
from experiments.league.yardsticks import CASE, Yardsticks, x_of
from numdiff.floats.formats import FORMATS
from numdiff.problems import PROBLEMS
from numdiff.rules.base import Choice
from numdiff.rules.peers import PEERS
from numdiff.rules.run import RULES
from numdiff.study.run import run
from numdiff.study.store import Store
from tests.experiments.league.known_cases import known_cases

THUMB = "thumb (centered)"


class OwnDerivative:
    """A rule with a derivative and a bar of its own, which heeds the noise."""

    name = "own_derivative"

    def __call__(self, f, x, fmt, formula, noise, domain):
        y = f(np.array([x + fmt.dtype.type(0.01), x - fmt.dtype.type(0.01)]))
        return Choice(derivative=(y[0] - y[1]) / fmt.dtype.type(0.02), error=noise or 1e-3)


class Platform(OwnDerivative):
    platform = True


@pytest.fixture
def own_rule():
    with RULES.holding(OwnDerivative()):
        roster.cache_clear()
        yield "own_derivative"
    roster.cache_clear()
    matches._code_of.cache_clear()


def test_rules_take_part_with_each_formula_that_they_are_for():
    known = roster()
    assert known[THUMB].contestant.formula == "centered"
    assert known["thumb (forward)"].contestant.formula == "forward"
    assert {item.kind for item in known.values()} <= {OURS, RULE, PEER}
    assert not any("model" in name or "closed_form" in name for name in known)  # they look inside f


def test_a_rule_with_a_derivative_of_its_own_takes_part_once(own_rule):
    item = entry(own_rule)
    assert item.contestant.formula == ""
    assert item.bars
    assert item.heeds_noise
    assert not item.needs_complex
    assert f"{own_rule} (forward)" not in roster()


def test_a_rule_that_is_registered_is_in_the_schedule(own_rule):
    for measures in (league_measures(), bar_measures()):
        names = [(item.set, item.told) for item in measures if isinstance(item, Match) and item.contestant == own_rule]
        assert names
    told = [item for item in league_measures() if isinstance(item, Match) and item.contestant == own_rule and item.told]
    assert {item.noise for item in told} == {"1e-8", "1e-4"}


def test_an_unknown_contestant_is_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match=r"contestant must be one of .*thumb"):
        entry("nobody")


def test_peers_whose_packages_are_missing_take_no_part(own_rule):
    class Absent(Platform):
        name, modules = "absent_peer", ("no_such_package",)

    roster.cache_clear()
    with PEERS.holding(Absent()):
        assert "absent_peer" not in roster()


def test_matches_are_stored_and_found_again(tmp_path):
    match, store = Match(THUMB, "league", "float32", every=THINNED), Store(tmp_path)
    first = run([match], store=store, progress=False)[0]["matches"]
    assert (tmp_path / "measured" / match.key()).exists()
    again = run([match], store=store, progress=False)[0]["matches"]
    assert again.equals(first)


class Shifted:
    """A rule of somebody else: its options are in no name and in no repr."""

    name = "shifted"

    def __init__(self, derivative):
        self.derivative = derivative

    def __call__(self, f, x, fmt, formula, noise, domain):
        return Choice(derivative=fmt.dtype.type(self.derivative))


def test_a_contestant_of_somebody_else_is_measured_anew_when_its_options_change(tmp_path, own_rule):
    found = []
    for derivative in (1.0, 2.0):
        roster.cache_clear()
        matches._code_of.cache_clear()
        with RULES.holding(Shifted(derivative)):
            match = Match("shifted", "adversarial", "float32")
            found.append(run([match], store=Store(tmp_path), progress=False)[0]["matches"]["value"])
            assert not match.is_stable
    assert (found[0] == 1).all()
    assert (found[1] == 2).all()


def test_contestants_of_the_project_are_told_apart_by_their_options():
    """Their keys name the options: no repr has an address, and no two of one kind are the same."""
    rules = {name: repr(item.contestant.rule) for name, item in roster().items() if item.kind != OURS}
    assert not [text for text in rules.values() if " at 0x" in text]
    assert all(Match(name, "league", "float64").is_stable for name in roster())


def test_yardsticks_of_a_problem_of_somebody_else_are_not_stored():
    usual = Yardsticks("league", ("exp",), "float32", "none")
    assert usual.is_stable
    with PROBLEMS.holding(replace(PROBLEMS["exp"], name="own_exp")):
        assert not replace(usual, problems=("exp", "own_exp")).is_stable


def test_keys_differ_where_anything_asked_for_does():
    match = Match(THUMB, "league", "float64")
    others = [
        replace(match, contestant="thumb (forward)"),
        replace(match, set="coverage"),
        replace(match, format="float32"),
        replace(match, noise="1e-8"),
        replace(match, told=True),
        replace(match, every=2),
        replace(match, half="judgement"),
    ]
    assert len({item.key() for item in (match, *others)}) == len(others) + 1


def test_of_each_function_the_first_of_so_many_cases_is_met():
    cases = known_cases("league", "float64")
    chosen = Match(THUMB, "league", "float64", every=THINNED).chosen(cases)
    firsts = cases.groupby("problem", sort=False).head(1)
    assert set(firsts.index) <= set(chosen.index)
    assert 0.3 < len(chosen) / len(cases) < 0.5


def test_the_functions_of_one_half_can_be_met_alone():
    cases = known_cases("coverage", "float64")
    whole, part = Match(THUMB, "coverage", "float64"), Match(THUMB, "coverage", "float64", half="judgement")
    assert part.chosen(cases).index.tolist() == cases.index[cases["half"] == "judgement"].tolist()
    assert part.cells == whole.cells / 2


def test_every_bar_is_measured_at_400_points_of_15_functions_in_two_formats():
    asked = [item for item in bar_measures() if isinstance(item, Match) and item.set == "coverage"]
    barred = {name for name, item in roster().items() if item.bars}
    for format in ("float64", "float32"):
        cases = known_cases("coverage", format)
        for name in barred:
            met = [item for item in asked if (item.contestant, item.format, item.noise) == (name, format, "none")]
            frames = [item.chosen(cases) for item in met if item.task == FIRST]
            frame = pd.concat(frames)
            assert not frame.index.duplicated().any(), name
            counts = frame[frame["half"] == "judgement"].groupby("problem").size()
            assert len(counts) == COVERAGE_FUNCTIONS, name
            assert (counts >= COVERAGE_POINTS).all(), name
            assert frame["problem"].nunique() == 2 * COVERAGE_FUNCTIONS, name


def test_with_noise_and_on_the_other_half_bars_are_measured_at_some_points():
    met = {
        (item.noise, item.half): item.every
        for item in bar_measures()
        if isinstance(item, Match) and item.contestant == "ridders" and item.format == "float64"
    }
    assert met == {
        ("none", "judgement"): 1,
        ("none", "development"): SPARSE,
        ("1e-8", "judgement"): BARRED["float64", "1e-8"],
        ("1e-8", "development"): SPARSE,
    }


def test_every_match_of_the_schedule_meets_cases_that_are_measured():
    for measures in (list(league_measures()), list(bar_measures()), list(quick_measures())):
        yardsticks = {
            (item.set, item.format, item.noise, item.task) for item in measures if isinstance(item, Yardsticks)
        }
        matches = [item for item in measures if isinstance(item, Match)]
        assert {(item.set, item.format, item.noise, item.task) for item in matches} <= yardsticks
        assert len(set(matches)) == len(matches)


def test_noise_is_only_where_the_format_resolves_it():
    for format, noise in COLUMNS:
        if format in FORMATS and LEVELS[noise]:
            assert LEVELS[noise] > 8 * float(FORMATS[format].unit_roundoff)


def test_outcomes_carry_the_names_of_their_cases():
    found = Match(THUMB, "adversarial", "float32").measure()["matches"]
    cases = known_cases("adversarial", "float32")
    assert found[CASE].equals(cases[CASE])
    assert set(found["kind"]) == {RULE}
    assert not found["bars"].any()


def test_figures_of_a_library_are_part_of_what_a_match_hangs_on(monkeypatch, own_rule):
    match = Match(own_rule, "adversarial", "float32")
    assert not match.values()["subject"].str.startswith("figures of").any()
    monkeypatch.setattr(OwnDerivative, "platform", True, raising=False)
    roster.cache_clear()
    here = match.values()
    assert here["subject"].iloc[-1] == "figures of own_derivative"
    monkeypatch.setattr(OwnDerivative, "__call__", lambda self, f, x, fmt, formula, noise, domain: Choice(derivative=x))
    matches._figures_of.cache_clear()
    assert match.values()["digest"].iloc[-1] != here["digest"].iloc[-1]


def test_the_judge_prints_the_row_of_a_contestant(capsys, tmp_path):
    from experiments.league.judge import main

    out = tmp_path / "all.csv"
    asked = ["--contestant", "tests.experiments.league.small_estimators:richardson", "--records", str(tmp_path)]
    assert main([*asked, "--half", "both", "--out", str(out), "--worst", "2"]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("development", "judgement", "median", "coverage", "useful"))
    assert len(out.read_text().splitlines()) == 1 + len(known_cases("league", "float64"))
    assert (
        main(["--contestant", "thumb", "--formula", "forward", "--records", str(tmp_path), "--set", "adversarial"]) == 0
    )
    assert "good" in capsys.readouterr().out


def test_a_bar_that_is_no_double_is_rounded_up():
    from experiments.league.contestants import _as_doubles

    wide = np.array([np.longdouble(1) / 3, np.longdouble(2) / 3])
    assert (_as_doubles(wide) >= wide).all()
    assert math.isinf(_as_doubles(np.array([np.inf]))[0])


def test_libraries_alone_are_called_in_a_process_of_their_own(own_rule):
    known = {name: matches.is_library(getattr(item.contestant, "rule", "")) for name, item in roster().items()}
    assert {name for name, apart in known.items() if apart} == {n for n, item in roster().items() if item.kind == PEER}
    assert matches.is_library("scipy_3_point")
    with PEERS.holding(own := Platform()):
        assert not matches.is_library(own)  # another process does not know it


def test_a_library_answers_in_a_process_of_its_own_as_it_does_in_this_one():
    item = entry("scipy_3_point")
    cases = known_cases("league", "float32").head(30)
    cases = cases[cases["problem"] == cases["problem"].iloc[0]]
    subject = subject_of(cases["problem"].iloc[0])
    here = item.contestant.run(subject.f, x_of(cases), FORMATS["float32"], None, subject.domain)
    there = matches.play(item.contestant, cases)[here.columns]
    assert there.equals(here)


@pytest.mark.parametrize("raises", [False, True])
def test_messages_are_on_one_line_and_without_measured_numbers(raises):
    said = "an error of -1.23456789e-05\n  at 0.5, NaN there"

    def rule(f, x, fmt, formula, noise, domain):
        if raises:
            raise OSError(said)
        return Choice(derivative=x, reason=said)

    found = RuleContestant("talkative", rule).run(np.exp, np.ones(1), FORMATS["float64"], None, (-1, 2))
    assert found["message"][0] == "OSError: " * raises + "an error of … at 0.5, not a number there"


def test_points_are_found_once_and_nobody_can_change_them():
    points = points_of("exp", FORMATS["float32"], 4)
    assert points is points_of("exp", FORMATS["float32"], 4)
    with pytest.raises(ValueError, match="read-only"):
        points[0] = 1
