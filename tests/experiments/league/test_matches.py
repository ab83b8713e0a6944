"""Matches are stored under all that they hang on, and found again; every contestant takes part with its formula."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.league import matches
from experiments.league import roster as module
from experiments.league.cases import COVERAGE_FUNCTIONS, COVERAGE_POINTS, LEVELS
from experiments.league.contestants import Estimator
from experiments.league.matches import Match, cases_of
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
from experiments.league.yardsticks import CASE, Yardsticks
from numdiff.floats.formats import FORMATS
from numdiff.rules.base import Choice
from numdiff.rules.run import RULES
from numdiff.study.run import run
from numdiff.study.store import Store

THUMB = "thumb (centered)"


class OwnDerivative:
    """A rule with a derivative and a bar of its own, which heeds the noise."""

    name = "own_derivative"

    def __call__(self, f, x, fmt, formula, noise, domain):
        y = f(np.array([x + fmt.dtype.type(0.01), x - fmt.dtype.type(0.01)]))
        return Choice(derivative=(y[0] - y[1]) / fmt.dtype.type(0.02), error=noise or 1e-3)


@pytest.fixture
def own_rule():
    with RULES.holding(OwnDerivative()):
        roster.cache_clear()
        yield "own_derivative"
    roster.cache_clear()


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


def test_packages_of_peers_that_are_missing_are_named(monkeypatch):
    class Absent:
        name, modules = "absent", ("no_such_package",)

    monkeypatch.setattr(module, "_peers", lambda: [Absent()])
    assert module.absent() == ["no_such_package"]


def test_matches_are_stored_and_found_again(tmp_path):
    match, store = Match(THUMB, "league", "float32", every=THINNED), Store(tmp_path)
    first = run([match], store=store, progress=False)[0]["matches"]
    assert (tmp_path / "measured" / match.key()).exists()
    again = run([match], store=store, progress=False)[0]["matches"]
    assert again.equals(first)


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
    cases = cases_of("league", "float64")
    chosen = Match(THUMB, "league", "float64", every=THINNED).chosen(cases)
    firsts = cases.groupby("problem", sort=False).head(1)
    assert set(firsts.index) <= set(chosen.index)
    assert 0.3 < len(chosen) / len(cases) < 0.5


def test_the_functions_of_one_half_can_be_met_alone():
    cases = cases_of("coverage", "float64")
    whole, part = Match(THUMB, "coverage", "float64"), Match(THUMB, "coverage", "float64", half="judgement")
    assert part.chosen(cases).index.tolist() == cases.index[cases["half"] == "judgement"].tolist()
    assert part.cells == whole.cells / 2


def test_every_bar_is_measured_at_400_points_of_15_functions_in_two_formats():
    asked = [item for item in bar_measures() if isinstance(item, Match) and item.set == "coverage"]
    barred = {name for name, item in roster().items() if item.bars}
    for format in ("float64", "float32"):
        cases = cases_of("coverage", format)
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
    cases = cases_of("adversarial", "float32")
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
    assert len(out.read_text().splitlines()) == 1 + len(cases_of("league", "float64"))
    assert (
        main(["--contestant", "thumb", "--formula", "forward", "--records", str(tmp_path), "--set", "adversarial"]) == 0
    )
    assert "good" in capsys.readouterr().out


def test_a_bar_that_is_no_double_is_rounded_up():
    from experiments.league.contestants import _as_doubles

    wide = np.array([np.longdouble(1) / 3, np.longdouble(2) / 3])
    assert (_as_doubles(wide) >= wide).all()
    assert math.isinf(_as_doubles(np.array([np.inf]))[0])


def test_a_call_that_does_not_return_is_not_made_and_counts_as_no_result(monkeypatch):
    cases = cases_of("adversarial", "float32")
    first = cases.iloc[0]
    monkeypatch.setattr(matches, "NO_RETURN", {("small", first["problem"], first["x"])})
    found = matches.play(Estimator("small", "tests.experiments.league.small_estimators:richardson"), cases)
    assert found["status"].tolist().count("no return") == 1
    assert (found.iloc[0]["status"], found.iloc[0]["ok"], found.iloc[0]["evaluations"]) == ("no return", False, 0)
    assert np.isnan(found.iloc[0]["value"])
    assert found["problem"].equals(cases["problem"])
