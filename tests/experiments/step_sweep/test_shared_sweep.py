"""The sweep, the ledger and the best steps keep their promises on a small run."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from experiments import experiment
from experiments.drawing import curves
from experiments.error_ledger import error_ledger
from experiments.frames import RUN, counting, formats_of, in_order, of_grid, optima, step_table
from experiments.optimal_step.drawing import LOSSES
from experiments.optimal_step.optimal_step import at_given_step, verdict
from experiments.optimal_step.predicted_steps import WAYS, ways
from experiments.registry import EXPERIMENTS
from experiments.step_sweep import sensitivity, step_sweep
from experiments.words import percent, plain
from numdiff.study.grids import GENERIC_FACTOR
from numdiff.study.records import PARTS
from tests.study.sweeps import run_sweeps

NAMES = ("step_sweep", "error_ledger", "optimal_step")
PROBLEMS = ("exp", "nash_log_near_zero", "saito_parabola", "signed_square")
"""A regular function, one with a domain, one without truncation error, one with a kink and f′ = 0."""
FORMATS = ("float16", "bfloat16", "float32", "float64")


@cache
def measured():
    sweep = replace(step_sweep.SWEEP, problems=PROBLEMS, formats=FORMATS)
    return run_sweeps([sweep], "arb", progress=False)["step_sweep"]


@cache
def tables(name):
    return {table.name: table for table in EXPERIMENTS[name].tables(measured())}


@cache
def figures(name):
    return {figure.name: figure for figure in EXPERIMENTS[name].figures(measured())}


def test_three_experiments_read_one_sweep_which_is_measured_once(monkeypatch):
    chosen = [EXPERIMENTS[name] for name in NAMES]
    assert {item.source for item in chosen} == {"step_sweep"}
    asked = []
    monkeypatch.setattr(experiment, "run_named", lambda named, **options: asked.extend(named) or {})
    experiment.measure_experiments(chosen, "arb")
    wanted = [("step_sweep", problem) for problem in (*step_sweep.SWEEP.problems, *sensitivity.FUNCTIONS)]
    assert [(name, block.problem) for name, block in asked] == wanted


def test_sections_of_one_sweep_name_its_values():
    sections = [EXPERIMENTS[name].section(measured()) for name in ("step_sweep", "error_ledger")]
    assert [(section.name, section.source) for section in sections] == [
        ("step_sweep", "step_sweep"),
        ("error_ledger", "step_sweep"),
    ]


def test_the_sweeps_of_an_experiment_have_one_name():
    with pytest.raises(ValueError, match="sweeps of experiment 'optimal_step' must have one name"):
        replace(EXPERIMENTS["optimal_step"], sweeps=(step_sweep.SWEEP, replace(step_sweep.SWEEP, name="other")))


@pytest.mark.parametrize(
    "name, expected",
    [
        ("step_sweep", {"digits_by_format", "extremes", "sensitivity", "attained_accuracy"}),
        (
            "error_ledger",
            {"sides", "dominating_part", "median_shares", "cancellation", "tightness", "tightness_by_problem"},
        ),
        (
            "optimal_step",
            {
                "step_by_format",
                "verdict",
                "observed_optima",
                "observed_orders",
                "prediction_quality",
                "ways_to_choose",
                "worst_predictions",
                "predicted_steps",
            },
        ),
    ],
)
def test_the_promised_tables_have_rows(name, expected):
    assert set(tables(name)) == expected
    for table in tables(name).values():
        assert len(table.frame)
        assert "undefined" not in table.to_markdown()


@pytest.mark.parametrize("name", NAMES)
def test_findings_are_sentences_with_numbers_and_without_nan(name):
    findings = EXPERIMENTS[name].findings(measured())
    assert len(findings) >= 4
    for sentence in findings:
        assert sentence.endswith(".")
        words = set(sentence.replace(",", " ").replace(")", " ").split())
        assert not {"nan", "inf", "None"} & words, sentence
    assert any(character.isdigit() for character in findings[0])


@pytest.mark.parametrize("name", NAMES)
def test_figures_have_data_and_words_without_nan(name):
    for figure in figures(name).values():
        assert len(figure.data)
        assert " nan" not in figure.alt + figure.caption


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_drawn(name):
    for figure in figures(name).values():
        assert figure.to_svg().startswith("<?xml")


@pytest.mark.parametrize("name, grid", [("truncation", "dyadic"), ("roundoff", "generic")])
def test_wide_tables_keep_every_cell(name, grid):
    frame = step_table(measured().records, grid, name)
    filled = sum(int((frame[format_name] != "").sum()) for format_name in FORMATS)
    assert filled == len(of_grid(measured().records, grid))


def test_failed_cells_show_their_status():
    frame = step_table(measured().records, "generic", "roundoff")
    bad = of_grid(measured().records, "generic").query("status != 'ok'")
    shown = sum(int(frame[name].isin(bad["status"].unique()).sum()) for name in FORMATS)
    assert shown == len(bad) > 0


def test_truncation_is_shown_where_the_step_is_absorbed():
    frame = step_table(measured().records, "dyadic", "truncation")
    assert not frame[list(FORMATS)].isin(["absorbed"]).any(axis=None)


def test_accuracy_is_absolute_where_the_derivative_is_zero():
    frame = tables("step_sweep")["attained_accuracy"].frame.set_index(["problem", "method"])
    assert set(frame.loc["signed_square", "measure"]) == {"absolute"}
    assert set(frame.loc["exp", "measure"]) == {"relative"}
    assert np.isfinite(frame[list(FORMATS)].to_numpy(dtype=float)).all()


def test_rows_stand_in_a_fixed_order():
    frame = tables("optimal_step")["observed_optima"].frame
    assert list(frame["format"][:4]) == ["bfloat16", "float16", "float32", "float64"]
    shuffled = frame.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(in_order(shuffled), frame)


def test_optima_are_those_of_the_definition():
    best = optima(measured().records).set_index(RUN)
    for key, group in counting(measured().records).groupby(RUN):
        usable = group[group["failures"] == 0].dropna(subset="rms_error")
        expected = usable.sort_values(["rms_error", "step_value"], ascending=[True, False], kind="stable").iloc[0]
        assert best.loc[key, "step_value"] == expected["step_value"]
        assert best.loc[key, "rms_error"] == expected["rms_error"]
        edges = (group["step_value"].min(), group["step_value"].max())
        assert best.loc[key, "at_edge"] == (expected["step_value"] in edges)


def test_only_cells_with_status_ok_are_counted():
    frame = error_ledger.shares(measured().records)
    assert set(frame["status"]) == {"ok"}
    assert len(frame) == len(counting(measured().records))


def test_shares_sum_to_one():
    frame = error_ledger.shares(measured().records)
    total = frame.loc[~frame["exact"], [f"{part}_share" for part in PARTS]].sum(axis=1)
    # Four quotients and three sums, each rounded once.
    assert np.abs(total - 1).max() <= 8 * 2.0**-53
    drawn = figures("error_ledger")["shares_by_step"].data
    means = drawn[[f"{part}_share" for part in PARTS]].sum(axis=1)
    assert np.abs(means - 1).max() <= (8 + len(PROBLEMS)) * 2.0**-53


def test_exact_cells_have_no_shares_and_no_dominating_part():
    records = measured().records.copy()
    first = counting(records).iloc[0]
    keys = [*RUN, "grid", "k"]
    here = records[keys] == first[keys]
    records.loc[here.all(axis=1), [*PARTS, "total", "roundoff"]] = 0.0
    frame = error_ledger.shares(records)
    assert list(frame.loc[frame["exact"], "dominating"]) == ["none"]
    assert frame.loc[frame["exact"], "truncation_share"].isna().all()
    assert error_ledger.dominating(frame)["exact"].sum() == 1


def test_the_counts_of_dominating_parts_add_up():
    frame = tables("error_ledger")["dominating_part"].frame
    assert (frame[[*PARTS, "exact"]].sum(axis=1) == frame["cells"]).all()
    assert frame["cells"].sum() == len(counting(measured().records))


def test_the_shares_by_side_are_those_of_the_counts_by_format():
    counts = tables("error_ledger")["dominating_part"].frame.groupby(["method", "region"])[[*PARTS]].sum()
    sides = tables("error_ledger")["sides"].frame.set_index(["method", "region"])
    assert len(sides) == 6
    for key, row in counts.iterrows():
        assert np.array_equal(sides.loc[key, list(PARTS)], row / row.sum())
        assert sides.loc[key, "cells"] == row.sum()


def test_truncation_dominates_right_of_the_optimum():
    frame = error_ledger.shares(measured().records)
    above = frame[(frame["region"] == "above") & (frame["problem"] == "exp")]
    assert (above["dominating"] == "truncation").all()


def test_cancellation_counts_totals_below_half_of_a_part():
    records = measured().records
    frame = error_ledger.shares(records)
    rows = frame[frame["cancels"]]
    assert (np.sign(rows["truncation"]) == -np.sign(rows["roundoff"])).all()
    assert tables("error_ledger")["cancellation"].frame["cancelling"].sum() == len(rows)


def test_orders_are_one_and_two_where_theory_holds():
    frame = tables("optimal_step")["observed_orders"].frame.set_index(RUN)
    for method, order in (("forward", 1), ("centered", 2)):
        row = frame.loc[("exp", method, "float64")]
        assert abs(row["order"] - order) < 0.05
        assert row["points"] >= 4
        assert row["reason"] == ""
    assert frame.loc[("signed_square", "centered", "float64"), "order"] == pytest.approx(1, abs=0.05)
    without = frame.loc[("saito_parabola", "centered", "float64")]
    assert without["reason"]
    assert without["points"] == 0


def test_the_verdict_accounts_for_every_function():
    frame = tables("optimal_step")["verdict"].frame
    assert (frame["functions"] == len(PROBLEMS)).all()
    assert (frame[list(LOSSES)].sum(axis=1) == frame["functions"]).all()
    given = of_grid(measured().records, "given")
    failed = (given["status"] != "ok") | (given["failures"] > 0)
    assert frame["without"].sum() == failed.sum() > 0


def test_a_function_without_a_result_counts_as_the_worst():
    """Else the few that have one would make float16 look best: they are those to which h = 1e-4 is suited."""
    records = measured().records
    given = (records["grid"] == "given") & (records["format"] == "float64")
    before = verdict(records).set_index(["format", "method"]).loc[("float64", "centered")]
    best = at_given_step(records).query("format == 'float64' and method == 'centered'").set_index("problem")["ratio"]
    changed = records.copy()
    changed.loc[given & (records["problem"] != best.idxmin()), "status"] = "absorbed"
    after = verdict(changed).set_index(["format", "method"]).loc[("float64", "centered")]
    assert isinstance(before["digits_lost"], float)
    assert (after["median_ratio"], after["digits_lost"]) == ("no result", "all")
    assert (after["without"], after["functions"]) == (len(PROBLEMS) - 1, len(PROBLEMS))
    assert after["few"] <= before["few"]


def test_a_way_without_a_step_counts_as_the_worst():
    frame = pd.DataFrame({"regular": [True, True, True], "closed_form_ratio": [1.0, np.nan, np.nan]})
    frame = frame.assign(**{f"{way}_ratio": 1.0 for way in WAYS if way != "closed_form"})
    row = ways(frame).set_index(["runs", "way"]).loc[("all", WAYS["closed_form"])]
    assert (row["within"], row["without_step"], row["median_ratio"], row["worst_ratio"]) == (1, 2, np.inf, "no result")


def test_a_bar_for_each_format_and_formula_is_full():
    (ax,) = figures("optimal_step")["verdict_on_1e4"].to_canvas().axes
    widths = {}
    for patch in ax.patches:
        middle = round(patch.get_y() + patch.get_height() / 2)
        widths[middle] = widths.get(middle, 0) + patch.get_width()
    assert len(widths) == 2 * len(FORMATS)
    assert np.abs(np.array(list(widths.values())) - 1).max() <= 8 * 2.0**-53


def test_a_prediction_whose_assumption_fails_is_not_drawn():
    records, best = measured().records, optima(measured().records)
    frame = curves(records, best, PROBLEMS)
    holds = of_grid(records, "generic")["prediction"].to_numpy() == "ok"
    assert 0 < holds.sum() < len(frame)
    assert (frame["predicted_step"].notna() == holds).all()
    parabola = (frame["problem"] == "saito_parabola") & (frame["method"] == "centered")
    assert frame.loc[parabola, "predicted_step"].isna().all()


def test_the_best_step_of_a_narrow_format_is_larger():
    best = optima(measured().records).set_index(RUN)["step_value"]
    assert best["exp", "centered", "bfloat16"] > best["exp", "centered", "float32"] > best["exp", "centered", "float64"]
    assert formats_of(measured().records) == ["bfloat16", "float16", "float32", "float64"]


@pytest.mark.parametrize("name", NAMES)
def test_a_section_answers_in_one_sentence_with_at_most_two_numbers(name):
    answer = EXPERIMENTS[name].findings(measured())[0]
    assert not re.search(r"[.?!] [A-Z]", answer), answer
    assert 1 <= len(numbers_in(answer)) <= 2, answer


def numbers_in(sentence):
    """Return the numbers of a sentence, without those that are names: float64, h = 1e-4."""
    return re.findall(r"\d+(?:\.\d+)?", re.sub(r"·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|float\d+|\bh = 1e-4", "", sentence))


@pytest.mark.parametrize("name", NAMES)
def test_a_section_gives_advice_and_says_what_it_does_not_cover(name):
    section = EXPERIMENTS[name].section(measured())
    assert len(section.advice) >= 2
    assert len(section.limits) >= 3
    for sentence in (*section.advice, *section.limits):
        assert sentence.endswith("."), sentence
        assert not {"nan", "inf", "None"} & set(sentence.replace(",", " ").split()), sentence


@pytest.mark.parametrize("name", NAMES)
def test_text_alternatives_differ(name):
    alternatives = [figure.alt for figure in figures(name).values()]
    assert len(set(alternatives)) == len(alternatives)


def test_the_digits_of_the_answer_are_those_of_the_records():
    """Ten times the errors are one digit less, and the sentence says so."""
    records = measured().records
    worse = replace(measured(), records=records.assign(rms_error=10 * records["rms_error"]))
    before, after = (
        [float(text) for text in re.findall(r"\d+\.\d", EXPERIMENTS["step_sweep"].findings(item)[0])]
        for item in (measured(), worse)
    )
    assert len(before) == 2
    assert np.allclose(np.array(before) - after, 1, atol=0.11)  # each is rounded to a tenth


def test_digits_by_format_are_medians_of_the_smallest_errors():
    records = measured().records
    usable = counting(records).query("failures == 0 and neighbours > 0 and reference != 0")
    smallest = usable.groupby(RUN)["rms_error"].min() / usable.groupby(RUN)["reference"].first().abs()
    frame = tables("step_sweep")["digits_by_format"].frame.set_index(["method", "format"])
    for key, ratio in smallest.groupby(["method", "format"]):
        expected = np.median(-np.log10(ratio))
        # Decimal logarithms of NumPy may be an ulp off; the median of an even number is a sum of two.
        assert abs(frame.loc[key, "digits"] - expected) <= 4 * 2.0**-52 * 16


def test_the_step_of_the_answer_is_the_median_of_the_observed_ones():
    best = optima(measured().records)
    answer = EXPERIMENTS["optimal_step"].findings(measured())[0]
    for method in ("forward", "centered"):
        steps = best[(best["format"] == "float64") & (best["method"] == method)]["step_value"]
        assert plain(float(np.median(steps))) in answer


def test_the_rounding_of_the_quotient_does_not_grow_like_that_of_f():
    """A sentence that said 1/h of both would be wrong: combination is relative to the result."""
    sentence = next(text for text in EXPERIMENTS["error_ledger"].findings(measured()) if "median factor" in text)
    evaluation, combination = (float(text) for text in re.findall(r"(?:factor of|by) (\d+(?:\.\d+)?)", sentence)[:2])
    assert evaluation > 30
    assert combination < 10


def test_choices_of_the_suite_give_the_best_step_of_the_suite():
    frame = sensitivity.Choices("exp").measure()["choices"]
    best = optima(measured().records).set_index(RUN)
    usual = frame[(frame["choice"] == "factor") & (frame["value"] == float(GENERIC_FACTOR))]
    assert len(usual) == 6
    for row in usual.itertuples():
        known = best.loc[("exp", row.method, row.format)]
        assert row.h == known["step_value"]
        # The exact slopes are rounded to doubles here: relative to an error of at least 10⁻¹² that is below 10⁻³.
        assert row.error == pytest.approx(known["rms_error"] / abs(known["reference"]), rel=1e-3)


def test_other_choices_are_measured_and_compared():
    frame = sensitivity.Choices("exp").measure()["choices"]
    table = sensitivity.summary(sensitivity.compared(replace(measured(), frames={"choices": frame})))
    rows = table.set_index(["choice", "value"])
    assert (rows.loc[("factor", float(GENERIC_FACTOR))] == [0, 0, 1]).all()
    assert (rows.loc[("neighbours", 33.0)] == [0, 0, 1]).all()
    assert len(rows) == len(sensitivity.FACTORS) + len(sensitivity.COUNTS)
    others = rows.drop([("factor", float(GENERIC_FACTOR)), ("neighbours", 33.0)])
    assert (others["largest_change"] > 0).all()


def test_numbers_read_well_in_a_sentence():
    assert [plain(0.077), plain(8326.1), plain(2.36e6), plain(1.0)] == ["0.077", "8300", "2.4·10⁶", "1"]
    assert [percent(0), percent(0.001), percent(0.5), percent(0.999), percent(1)] == [
        "0 %",
        "less than 1 %",
        "50 %",
        "more than 99 %",
        "100 %",
    ]
