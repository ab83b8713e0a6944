"""The section on step rules says who leads and where ours does not, and counts what has no result as the worst."""

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

from experiments.league.results import common
from experiments.registry import EXPERIMENTS
from experiments.step_rules import findings as module
from experiments.step_rules import step_rules
from experiments.step_rules.findings import findings
from experiments.step_rules.scores import answers, league
from experiments.step_rules.tables import details, tables
from experiments.words import plain
from tests.experiments.league.fabricated import cases, measured, player
from tests.experiments.sentences import check_section

COLUMNS = (("float64", "none"), ("float64", "1e-8"), ("float32", "none"))


@cache
def played(ours=0.01):
    """Return a league in which ours has a given ratio, and a rule with fewer evaluations one of 0.1."""
    found = cases(columns=COLUMNS)
    lost = np.where(np.arange(len(found)) % 2, 4.0, np.inf)
    return measured(
        found,
        player(found, "numdiff", "ours", ours, 5.0, evaluations=12),
        player(found, "cheap", "rule", 0.1, evaluations=8, formula="centered"),
        player(found, "forward rule", "rule", 2000.0, evaluations=2, formula="forward"),
        player(found, "library", "peer", 0.02, 1.5, evaluations=31),
        player(found, "lucky", "peer", lost, 2.0, evaluations=4, message="it raised"),
        player(found, "complex", "peer", 1e-6, evaluations=2, complex=True),
    )


@cache
def without_ours():
    result = played()
    matches = result.frames["matches"]
    return measured(result.frames["cases"], matches[matches["kind"] != "ours"])


def row(scores, contestant, half="judgement", format="float64", noise="none"):
    chosen = scores["contestant"].eq(contestant) & scores["half"].eq(half)
    return scores[chosen & scores["format"].eq(format) & scores["noise"].eq(noise)].iloc[0]


def test_medians_are_those_that_were_put_in_and_no_result_counts():
    scores = league(played())
    assert row(scores, "numdiff")["median"] == pytest.approx(0.01)
    assert row(scores, "cheap")["p90"] == pytest.approx(0.1)
    assert row(scores, "lucky")["p90"] == np.inf
    assert row(scores, "lucky")["no_result"] > 0
    assert set(scores["half"]) == {"judgement", "development"}


def test_regret_of_a_forward_rule_is_against_the_best_forward_step():
    scores = league(played())
    assert row(scores, "forward rule")["regret"] == pytest.approx(2.0)
    assert row(scores, "cheap")["regret"] == pytest.approx(0.1)
    assert np.isnan(row(scores, "library")["regret"])


def test_all_contestants_are_compared_on_the_same_cases():
    scores = league(played())
    assert scores.groupby(["half", "format", "noise"])["cases"].nunique().max() == 1
    found = played().frames["cases"]
    numbers = found.groupby(["set", "problem", "format", "noise"]).cumcount()
    chosen = common(found.assign(number=numbers))
    assert len(chosen) < len(found) / 2
    assert set(found.groupby(["set", "problem", "format", "noise"]).head(1).index) <= set(chosen.index)


def test_where_ours_leads_it_says_so_and_names_who_costs_more():
    text = " ".join(findings(played()))
    assert "`numdiff.derivative` has the smallest median error" in findings(played())[0]
    assert "is more accurate than `numdiff`, in the median or at 90 %, in float64 (judgement)" in text
    assert "More accurate than `numdiff` with" not in text


def test_where_ours_does_not_lead_it_says_so():
    said = findings(played(ours=0.05))
    assert "a larger median error than `library`" in said[0]
    assert any(
        text.startswith("Smaller medians on the judgement half, with more") and "`library`" in text for text in said
    )
    behind = findings(played(ours=0.5))
    assert any(text.startswith("More accurate than `numdiff` with at most as many evaluations") for text in behind)
    assert any("`cheap` (median and 90 %) in float64 (judgement)" in text for text in behind)


def test_the_complex_step_is_no_rival():
    assert not any("`complex`" in text for text in findings(played()))


def test_without_ours_the_best_of_the_others_is_named():
    assert "`library` has the smallest median error of all methods for black boxes" in findings(without_ours())[0]


def test_the_table_to_take_away_has_the_judgement_half_the_best_first():
    first = tables(played())[0]
    assert first.name == "league_float64"
    assert first.frame["contestant"].tolist()[:3] == ["complex", "numdiff", "library"]
    assert first.frame.set_index("contestant").loc["lucky", "worst"] == "no result"
    assert first.frame.set_index("contestant").loc["complex", "kind"] == "complex step"


def test_worst_inputs_are_exact():
    frame = next(table.frame for table in details(played()) if table.name == "worst_inputs")
    assert all(np.isfinite(float.fromhex(text)) for text in frame["worst_x"])


def test_every_status_is_listed_with_a_message():
    found = played().frames["matches"]
    lost = found.assign(
        ok=found["contestant"] != "lucky", status=np.where(found["contestant"] == "lucky", "raised", "ok")
    )
    frame = next(t.frame for t in details(measured(played().frames["cases"], lost)) if t.name == "outcomes")
    assert len(frame) == len(
        lost.merge(played().frames["cases"])[["contestant", "set", "format", "noise"]].drop_duplicates()
    )
    frame = frame[frame["cases"] > 0]
    assert set(frame["contestant"]) == {"lucky"}
    assert set(frame["message"]) == {"it raised"}
    assert frame["cases"].sum() == (found["contestant"] == "lucky").sum()


def test_adversarial_answers_are_graded_and_undecidable_problems_left_out():
    found = answers(played())
    assert set(found["verdict"]) <= {"good", "useless", "wrong", "silent failure"}
    assert found["undecidable"].any()
    table = next(t.frame for t in details(played()) if t.name == "adversarial").set_index(["contestant", "format"])
    decidable = found[~found["undecidable"] & (found["format"] == "float64") & (found["contestant"] == "numdiff")]
    assert table.loc[("numdiff", "float64")].sum() == len(decidable)


def test_on_the_front_nobody_else_is_cheaper_and_better():
    data = step_rules.costs_figure(league(played())).data
    front = set(data[data["front"] & (data["title"] == "float64")]["contestant"])
    assert {"numdiff", "cheap"} <= front
    assert not front & {"library", "complex"}


def test_profiles_begin_with_the_best_and_end_with_any_result():
    data = step_rules.profiles_figure(played()).data
    ends = data[data["factor"] == data["factor"].max()].set_index("contestant")["share"]
    starts = data[data["factor"] == 1].set_index("contestant")["share"]
    assert starts["numdiff"] == 1
    assert starts["library"] == 0
    assert 0.3 < ends["lucky"] < 0.7
    assert "complex" not in ends


@pytest.mark.parametrize("result", [played, without_ours])
def test_the_section_has_the_form_of_the_others(result):
    check_section(EXPERIMENTS["step_rules"].section(result()))


def altered(seed):
    """Return the scores of some contestants in float64 on the judgement half, drawn at random."""
    draw = np.random.default_rng(seed)
    number = int(draw.integers(1, 8))
    names = ["scaled_thumb (centered)", *(f"c{k}" for k in range(1, number))]
    return pd.DataFrame(
        {
            "contestant": names,
            "kind": ["ours" if k == 1 and seed % 3 else "rule" for k in range(number)],
            "half": "judgement",
            "format": "float64",
            "noise": "none",
            "told": False,
            "complex": [k == 2 for k in range(number)],
            "formula": draw.choice(["centered", "forward", ""], number),
            "median": draw.choice([1e-6, 0.5, 2.0, 30.0, np.inf], number),
            "p90": draw.choice([3.0, 40.0, np.inf], number),
            "regret": draw.choice([1.5, 4.0, np.inf, np.nan], number),
            "regret_p90": 5.0,
            "evaluations": draw.choice([2.0, 8.0, 31.0], number),
            "cases": 40,
            "no_result": draw.choice([0, 4, 30], number),
        }
    )


@pytest.mark.parametrize("seed", range(60))
def test_with_other_scores_every_sentence_is_still_true(seed):
    scores = altered(seed)
    usual = scores[~scores["complex"]].set_index("contestant")
    ours = usual[usual["kind"] == "ours"]
    said = module.answer(scores)
    mine = ours if len(ours) else usual.sort_values("median")
    if np.isinf(mine["median"].iloc[0]):
        assert "no result in half" in said
    else:
        assert ("smallest median error of all methods for black boxes" in said) == (
            mine["median"].iloc[0] == usual["median"].min()
        )
        assert f" {plain(mine['median'].iloc[0])} times" in said
    sentences = [
        *module.lead_sentences(scores),
        *module.thumb_sentence(scores),
        *module.rules_sentences(scores),
        *module.failure_sentences(scores),
        *module.cheapest_sentence(scores),
    ]
    assert not [text for text in [said, *sentences] if re.search(r"\b(nan|inf)\b", text)]
    cheap = usual[(usual["kind"] != "ours") & (usual["evaluations"] <= 2) & np.isfinite(usual["median"])]
    for text in module.cheapest_sentence(scores):
        name = re.search(r"`(.+)` has the smallest median", text)[1]
        assert cheap["median"][name] == cheap["median"].min()
        assert ("∛u" in text) == name.startswith("scaled_thumb")
    assert len(module.cheapest_sentence(scores)) == bool(len(cheap))
    for text in module.failure_sentences(scores):
        assert ("every method for black boxes" in text) == (usual["no_result"] == 0).all()
    for text in module.rules_sentences(scores):
        formula, name = re.search(r"^Of the (\w+) rules `(.+)` has", text).groups()
        regrets = scores[scores["formula"] == formula].set_index("contestant")["regret"]
        assert f": {plain(regrets.min())} times" in text
        assert regrets[name] == regrets.min()


@pytest.mark.parametrize(
    "quantile, words", [(40.0, "it is about 40 times that, or more"), (np.inf, "there is no result")]
)
def test_what_a_tenth_of_the_cases_has_is_said_also_without_a_result(quantile, words):
    scores = altered(1).assign(median=2.0, p90=quantile)
    (said,) = module.thumb_sentence(scores)
    assert said.endswith(f"2 times the yardstick in the median; in one case of ten {words}.")
