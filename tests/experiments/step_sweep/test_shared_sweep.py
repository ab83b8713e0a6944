"""The sweep, the ledger and the best steps keep their promises on a small run."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from experiments import experiment
from experiments.error_ledger import error_ledger
from experiments.frames import RUN, counting, formats_of, in_order, of_grid, optima
from experiments.registry import EXPERIMENTS
from experiments.step_sweep import step_sweep
from experiments.words import percent, plain
from numdiff.study.records import PARTS
from numdiff.study.run import run_sweeps

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
    assert [(name, block.problem) for name, block in asked] == [("step_sweep", p) for p in step_sweep.SWEEP.problems]


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
        ("step_sweep", {"truncation", "roundoff", "attained_accuracy"}),
        ("error_ledger", {"dominating_part", "median_shares", "cancellation", "tightness", "tightness_by_problem"}),
        (
            "optimal_step",
            {
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
    frame = tables("step_sweep")[name].frame
    filled = sum(int((frame[format_name] != "").sum()) for format_name in FORMATS)
    assert filled == len(of_grid(measured().records, grid))


def test_failed_cells_show_their_status():
    frame = tables("step_sweep")["roundoff"].frame
    bad = of_grid(measured().records, "generic").query("status != 'ok'")
    shown = sum(int(frame[name].isin(bad["status"].unique()).sum()) for name in FORMATS)
    assert shown == len(bad) > 0


def test_truncation_is_shown_where_the_step_is_absorbed():
    frame = tables("step_sweep")["truncation"].frame
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
    absorbed = (of_grid(measured().records, "given")["status"] != "ok").sum()
    assert (frame["functions"] - frame["measured"]).sum() == absorbed > 0
    assert (frame["within"] <= frame["measured"]).all()


def test_the_best_step_of_a_narrow_format_is_larger():
    best = optima(measured().records).set_index(RUN)["step_value"]
    assert best["exp", "centered", "bfloat16"] > best["exp", "centered", "float32"] > best["exp", "centered", "float64"]
    assert formats_of(measured().records) == ["bfloat16", "float16", "float32", "float64"]


def test_numbers_read_well_in_a_sentence():
    assert [plain(0.077), plain(8326.1), plain(2.36e6), plain(1.0)] == ["0.077", "8300", "2.4·10⁶", "1"]
    assert [percent(0), percent(0.001), percent(0.5), percent(0.999), percent(1)] == [
        "0 %",
        "less than 1 %",
        "50 %",
        "more than 99 %",
        "100 %",
    ]
