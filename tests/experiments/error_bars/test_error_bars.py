"""The section on error bars counts what was put in: coverage, refusals, widths; and says where ours misses its aim."""

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

from experiments.error_bars import error_bars
from experiments.error_bars import findings as module
from experiments.error_bars.error_bars import details, tables
from experiments.error_bars.findings import advice, exact_percent, findings
from experiments.error_bars.scores import bars, by_function, ours_by_format
from experiments.registry import EXPERIMENTS
from experiments.words import function_name
from tests.experiments.league.fabricated import cases, measured, player
from tests.experiments.sentences import check_section

COLUMNS = (("float64", "none"), ("float64", "1e-8"), ("float32", "none"))


def widths(number, narrow, width=10.0):
    """Return bars in errors of which every so many is too narrow."""
    return np.where(np.arange(number) % narrow, width, 0.5)


@cache
def played(narrow=200):
    found = cases(("league", "coverage"), COLUMNS, problems=2)
    refused = np.where(np.arange(len(found)) % 4, 5.0, np.inf)
    return measured(
        found,
        player(found, "numdiff", "ours", 0.01, widths(len(found), narrow), evaluations=12),
        player(found, "sharp", "rule", 0.1, widths(len(found), 2, 2.0)),
        player(found, "wide", "peer", 0.1, 400.0),
        player(found, "timid", "peer", 0.1, refused),
        player(found, "silent", "peer", 0.1),
    )


@cache
def without_bars():
    found = cases(("league", "coverage"), COLUMNS[:1], problems=2)
    return measured(found, player(found, "silent", "rule", 0.1))


def row(scores, contestant):
    chosen = scores["contestant"].eq(contestant) & scores["half"].eq("judgement")
    return scores[chosen & scores["format"].eq("float64") & scores["noise"].eq("none")].iloc[0]


def test_coverage_is_the_share_of_finite_bars_that_hold():
    scores = bars(played())
    assert row(scores, "sharp")["coverage"] == pytest.approx(0.5, abs=0.01)
    assert row(scores, "numdiff")["coverage"] == pytest.approx(0.995, abs=0.003)
    assert row(scores, "wide")["coverage"] == 1
    assert row(scores, "wide")["sharpness"] == pytest.approx(400)


def test_refusals_are_counted_and_not_covered():
    timid = row(bars(played()), "timid")
    assert timid["refused"] / timid["cases"] == pytest.approx(0.25, abs=0.01)
    assert timid["bars"] + timid["refused"] == timid["cases"]
    assert timid["coverage"] == 1


def test_who_has_no_bars_is_not_listed():
    assert "silent" not in set(bars(played())["contestant"])


def test_the_sharpest_is_sought_among_those_that_hold():
    said = next(text for text in findings(played()) if text.startswith("Of those that cover"))
    assert "`timid` in float64 (5)" in said
    assert "sharp`" not in said


def test_a_missed_aim_is_named_and_a_met_one_too():
    assert any("hold as often as they are meant to in each format" in text for text in findings(played()))
    missed = findings(played(narrow=20))
    assert any("hold less often than they are meant to" in text and "float32, judgement" in text for text in missed)


def test_the_answer_counts_ours_and_the_others():
    assert "covers the error in 99." in findings(played())[0]
    assert "; most of the others do in at least 98 %" in findings(played())[0]


def test_only_all_is_100_percent():
    assert (exact_percent(1.0), exact_percent(0.9999), exact_percent(0.985)) == ("100 %", "99.9 %", "98.5 %")


def test_ours_has_a_row_for_each_half_and_column():
    frame = ours_by_format(played())
    assert len(frame) == 2 * len(COLUMNS)
    assert frame["median"].between(0.0099, 0.0101).all()
    assert frame["useful"].between(0.99, 1).all()


def test_each_function_has_its_coverage():
    frame = by_function(played())
    chosen = frame[(frame["contestant"] == "sharp") & (frame["format"] == "float64") & (frame["noise"] == "none")]
    assert len(chosen) == 4
    assert chosen["coverage"].between(0.4, 0.6).all()
    assert (chosen["bars"] >= 400).all()


def test_tables_have_both_halves():
    by_name = {table.name: table for table in (*tables(played()), *details(played()))}
    assert set(by_name["excesses"].frame["half"]) == {"judgement", "development"}
    assert set(by_name["own_bars"].frame["half"]) == {"judgement", "development"}
    assert by_name["coverage"].frame["contestant"].iloc[0] == "numdiff"


@pytest.mark.parametrize("result", [played, without_bars])
def test_the_section_has_the_form_of_the_others_also_when_nobody_has_bars(result):
    check_section(EXPERIMENTS["error_bars"].section(result()))


def test_errors_far_beyond_the_bar_are_counted_with_the_function_that_has_most():
    assert any("beyond 10 bars" in text and "none of" in text for text in findings(played()))
    found = cases(("league", "coverage"), COLUMNS[:1], problems=2)
    worst = found.loc[found["set"] == "coverage", "problem"].iloc[-1]
    bar = np.where((found["problem"] == worst) & (found["set"] == "coverage"), 0.09, 5.0)
    said = findings(measured(found, player(found, "numdiff", "ours", 0.01, bar)))
    number = int(((found["set"] == "coverage") & (found["problem"] == worst)).sum())
    assert any(f"{number} of them with {function_name(worst)}." in text for text in said)


def altered(seed):
    """Return scores of some contestants, drawn at random."""
    draw = np.random.default_rng(seed)
    number = int(draw.integers(1, 12))
    coverage = draw.choice([np.nan, 0.0, 0.3, 0.979, 0.98, 0.995, 1.0], number)
    return pd.DataFrame(
        {
            "contestant": [f"c{k}" for k in range(number)],
            "kind": ["ours" if seed % 3 and not k else "peer" for k in range(number)],
            "half": "judgement",
            "format": "float64",
            "noise": "none",
            "told": False,
            "coverage": coverage,
            "sharpness": draw.choice([0.5, 2.0, 40.0, np.inf], number),
        }
    )


@pytest.mark.parametrize("seed", range(40))
def test_with_other_scores_every_sentence_is_still_true(seed):
    scores = altered(seed)
    others = scores[scores["kind"] != "ours"]
    held = int((others["coverage"] >= 0.98).sum())
    said = module.answer(scores)
    if len(others):
        words = {"none": (0, 0), "few": (0, 1 / 3), "some": (1 / 3, 2 / 3), "most": (2 / 3, 1), "all": (1, 1)}
        least, most = words[re.search(r"(none|few|some|most|all) of the", said)[1]]
        assert least <= held / len(others) <= most
    else:
        assert "others" not in said
    assert "nan" not in said
    if len(others) < len(scores):
        mine = scores["coverage"].iloc[0]
        assert ("no finite error bar" in said) == np.isnan(mine)
        assert np.isnan(mine) or f"in {exact_percent(mine)} of the cases" in said
    for sharpest in module.width_sentence(scores):
        name, width = re.search(r"is `(\w+)` in float64 \(([\d.]+)\)", sharpest).groups()
        good = scores[scores["coverage"] >= 0.98]
        assert float(width) == good["sharpness"].min() == good.set_index("contestant")["sharpness"][name]
    for aims in module.aims_sentence(scores):
        assert ("less often" in aims) == bool((scores["coverage"] < 0.99).any())


def test_sentences_follow_the_limit_that_they_name(monkeypatch):
    for where in (module, error_bars):
        monkeypatch.setattr(where, "HELD", 0.9)
    figure = error_bars.coverage_figure(bars(played()))
    said = " ".join([*findings(played()), figure.alt])
    assert "98 %" not in said
    assert said.count("at least 90 %") >= 3


@pytest.mark.parametrize("narrow, above", [(200, 4), (20, 0)])
def test_the_share_of_functions_above_99_percent_is_counted(narrow, above):
    own = by_function(played(narrow))
    own = own[(own["kind"] == "ours") & (own["format"] == "float64") & (own["noise"] == "none")]
    assert f"{above} of {len(own)} at 99 % or above" in error_bars.functions_figure(own).alt


def test_advice_names_the_aims_that_the_bars_have(monkeypatch):
    assert "hold in 97 % to 99 % of the cases" in advice(played())[-1]
    monkeypatch.setattr(module, "AIMS", {("float64", "none"): 0.9})
    assert "hold in 90 % to 99 % of the cases" in advice(played())[-1]
