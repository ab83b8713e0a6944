"""Tightness of the bounds: what is compared, and that a bound that is exceeded shows."""

from dataclasses import replace

import numpy as np

from experiments.error_ledger import tightness
from experiments.step_sweep.step_sweep import SWEEP
from experiments.words import PROVED
from tests.study.sweeps import run_sweeps


def records():
    sweep = replace(SWEEP, problems=("exp", "signed_square", "saito_parabola"), formats=("float16", "float32"))
    return run_sweeps([sweep], "arb", progress=False)[sweep.name].records


RECORDS = records()


def test_no_bound_is_exceeded_and_the_medians_are_within_ten():
    table = tightness.by_part(tightness.ratios(RECORDS))
    assert not table["exceeded"].any()
    assert (table["median_ratio"].dropna() <= 10).all()
    assert (table["median_ratio"].dropna() >= 1).all()
    assert f"No part of any error exceeds its bound ({PROVED})" in tightness.finding(RECORDS)


def test_a_halved_bound_is_exceeded_and_said_so():
    halved = RECORDS.assign(total_bound=RECORDS["total_bound"] / 2, truncation_bound=RECORDS["truncation_bound"] / 2)
    table = tightness.by_part(tightness.ratios(halved)).groupby("part")["exceeded"].sum()
    assert table["truncation"] > 0
    assert table["evaluation"] == 0
    assert "are exceeded in" in tightness.finding(halved)


def test_zeros_that_were_observed_are_not_compared():
    frame = tightness.ratios(RECORDS)
    table = tightness.summary(frame, ("part",)).set_index("part")
    zeros = frame[frame["part"] == "truncation"]["observed"] == 0
    assert zeros.any()
    missing = table["without_bound"]["truncation"]
    assert table["compared"]["truncation"] == len(zeros) - zeros.sum() - missing
    assert missing > 0  # the kink


def test_the_table_by_problem_has_a_row_for_each_function_and_format():
    table = tightness.by_problem(tightness.ratios(RECORDS))
    assert len(table) == 6
    nothing = table["compared"] == 0  # the kink lies between the nodes of every cell
    assert set(table.loc[nothing, "problem"]) == {"signed_square"}
    assert table.loc[nothing, "median_ratio"].isna().all()
    assert np.isfinite(table.loc[~nothing, "median_ratio"].astype(float)).all()
