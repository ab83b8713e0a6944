"""Aims for other derivatives than f′ follow from formulas that exist; tables and sentences count what was put in."""

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest

from experiments.error_bars.aims import AIMS, EVALUATIONS, most_evaluations, ratio_aim
from experiments.error_bars.error_bars import details
from experiments.error_bars.findings import findings
from experiments.error_bars.further import further_sentences, further_tables, with_aims
from experiments.error_bars.scores import bars, ours_by_format, ours_further
from experiments.league.schedule import COLUMNS
from experiments.league.tasks import FIRST, FURTHER, TASKS
from numdiff.adaptive.engine import estimate
from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import centered, forward
from tests.experiments.league.fabricated import cases, measured, player

PAIR = (("float64", "none"), ("float32", "none"))
LEAST = "second"
"""Where the bars of the fabricated estimator hold least often, in float32."""


@cache
def found():
    return cases(("league", "coverage"), PAIR, problems=2, tasks=(FIRST, *FURTHER))


@cache
def played(ratio=1e-4, evaluations=10):
    frame = found()
    turn = np.arange(len(frame)) % 10
    is_narrow = (frame["format"] == "float32") & (frame["task"] == LEAST) & (turn == 0)
    return measured(
        frame, player(frame, "numdiff", "ours", ratio, np.where(is_narrow, 0.5, 10.0), evaluations=evaluations)
    )


@pytest.mark.parametrize("name", FORMATS)
def test_a_smooth_derivative_takes_the_evaluations_that_the_aims_begin_with(name):
    fmt = FORMATS[name]
    x = fmt.as_array(np.linspace(0.25, 3, 40))
    taken = [estimate(lambda nodes, rows, f=f: f(nodes), x, fmt).evaluations for f in (np.exp, np.sin, np.tanh)]
    assert np.median(np.concatenate(taken)) == EVALUATIONS[name]


@pytest.mark.parametrize("task", FURTHER)
@pytest.mark.parametrize("name", EVALUATIONS)
def test_a_formula_of_as_many_nodes_has_the_accuracy_order_of_the_aim(name, task):
    number, asked = EVALUATIONS[name], TASKS[task]
    stencil = forward(number - 1) if asked.side else centered(number, derivative_order=asked.order)
    assert most_evaluations(name, task) == stencil.evaluations


def test_the_aim_of_accuracy_is_half_of_the_digits_that_theory_lets_gain():
    """Worked by hand: u^(12/14) over u^(2/4) for f″ in float64, u^(11/12) over u^(1/2) from one side."""
    assert math.log2(ratio_aim("float64", "second")) == pytest.approx(-53 * (12 / 14 - 2 / 4) / 2)
    assert math.log2(ratio_aim("float64", "first, left")) == pytest.approx(-53 * (11 / 12 - 1 / 2) / 2)
    assert ratio_aim("float32", "third") > ratio_aim("float64", "third") > ratio_aim("float80", "third")


def test_every_column_of_the_league_without_noise_has_aims():
    assert set(EVALUATIONS) == {format for format, noise in COLUMNS if noise == "none"}
    assert {(format, "none") for format in EVALUATIONS} <= set(AIMS)


def test_other_derivatives_do_not_count_as_first_ones():
    frame = found()
    alone = frame[frame["task"] == FIRST].reset_index(drop=True)
    first = measured(alone, player(alone, "numdiff", "ours", 1e-4, 10.0, evaluations=10))
    pd.testing.assert_frame_equal(ours_by_format(first), ours_by_format(played()))
    assert bars(played())["bars"].sum() == bars(first)["bars"].sum()
    assert further_tables(first) == further_sentences(first) == []
    assert ours_further(first).empty


def test_each_task_has_a_row_for_each_half_and_format():
    frame = ours_further(played())
    assert len(frame) == 2 * len(PAIR) * len(FURTHER)
    assert not frame.duplicated(["half", "format", "task"]).any()
    assert frame["median"].to_numpy() == pytest.approx(1e-4, rel=1e-3)
    asked = found()
    chosen = (asked["set"] == "league") & (asked["format"] == "float64") & (asked["task"] == "third")
    row = frame[(frame["format"] == "float64") & (frame["task"] == "third")]
    assert row["cases"].sum() == chosen.sum()


def test_useful_is_that_on_the_league():
    assert (ours_further(played())["useful"] == 1).all()
    assert (ours_further(played(ratio=2.0))["useful"] < 0.2).all()


def test_missed_aims_are_named():
    good = with_aims(ours_further(played()))
    assert set(good["missed"]) == {""}
    wide = with_aims(ours_further(played(ratio=2.0)))
    assert set(wide["missed"]) == {"median, 90 %"}
    long = with_aims(ours_further(played(evaluations=13)))
    taken = dict(zip(long["derivative"] + " " + long["format"], long["missed"], strict=True))
    assert (taken["second float64"], taken["first, left float64"]) == ("", "evaluations")
    narrow = good[~good["held"]]
    assert set(zip(narrow["format"], narrow["derivative"], strict=True)) == {("float32", LEAST)}


def test_the_sentences_say_where_bars_hold_least_often_and_how_many_aims_are_met():
    said, accuracy = further_sentences(played())
    assert "in 18 of 20 rows" in said
    assert "all of float64 among them" in said
    assert "float32 (second derivative: 90 %)" in said
    assert accuracy.startswith("In float64 their median error is 1.0·10⁻⁴ to 1.0·10⁻⁴ of that of")
    assert "meets its aim in 20 rows, and the 90 % quantile in 20." in accuracy
    assert "meets its aim in 0 rows, and the 90 % quantile in 0." in further_sentences(played(ratio=2.0))[1]
    assert set((said, accuracy)) < set(findings(played()))


def test_the_tables_stand_in_the_appendix_with_their_aims():
    by_name = {table.name: table for table in details(played())}
    accuracy, trust = (by_name[f"further_{part}"].frame for part in ("accuracy", "bars"))
    assert accuracy["aim"].tolist() == [
        ratio_aim(*pair) for pair in zip(accuracy["format"], accuracy["derivative"], strict=True)
    ]
    assert (trust["low"] <= trust["coverage"]).all()
    assert (trust["coverage"] <= trust["high"]).all()
    assert set(trust["meant"]) == {0.99}
