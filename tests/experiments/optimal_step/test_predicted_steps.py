"""The prediction keeps its promise on a part of the suite, and the tables say honestly where it does not."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from experiments.experiment import QUICK_PROBLEMS
from experiments.frames import RUN, of_grid
from experiments.optimal_step import predicted_steps
from experiments.optimal_step.predicted_steps import (
    WAYS,
    WITHIN,
    at_nearest_step,
    compared,
    quality,
    reason,
    ways,
    worst,
)
from experiments.step_sweep import step_sweep
from experiments.step_sweep.step_sweep import FUNCTIONS
from experiments.words import percent
from tests.study.sweeps import run_sweeps

NAMES = tuple(dict.fromkeys([*FUNCTIONS[:QUICK_PROBLEMS], *FUNCTIONS[6::6], "signed_square", "kostyrka_line"]))
"""The quick set, every sixth problem, one with a kink and one without truncation error."""
AIM = 0.95


@cache
def records():
    sweep = replace(step_sweep.SWEEP, problems=NAMES, grids=("generic",), given_steps=())
    return run_sweeps([sweep], "arb", progress=False)["step_sweep"].records


@cache
def frame():
    return compared(records())


def test_error_at_the_predicted_step_is_within_3_of_the_smallest_in_95_percent_of_the_regular_runs():
    regular = frame()[frame()["regular"]]
    assert len(regular) >= 70
    assert (regular["model_ratio"] <= WITHIN).mean() >= AIM


@pytest.mark.parametrize("problem", FUNCTIONS[:QUICK_PROBLEMS])
def test_the_quick_set_meets_the_aim_function_by_function(problem):
    regular = frame()[frame()["regular"] & (frame()["problem"] == problem)]
    assert (regular["model_ratio"] <= WITHIN).all()


def test_the_predicted_error_is_the_observed_one():
    regular = frame()[frame()["regular"]]
    assert 1 / 1.5 < (regular["predicted_error"] / regular["error_at_model"]).median() < 1.5


def test_the_model_misses_at_most_half_as_often_as_the_rule_of_thumb():
    missed = 1 - ways(frame()).set_index(["runs", "way"])["share"]
    assert missed["regular", WAYS["rule_of_thumb"]] > 0
    assert missed["regular", WAYS["model"]] <= missed["regular", WAYS["rule_of_thumb"]] / 2


def test_every_run_is_counted_once_and_the_irregular_ones_are_counted():
    found = quality(frame())
    assert found["runs"].iloc[:-1].sum() == found["runs"].iloc[-1] == len(frame())
    assert found["regular"].iloc[:-1].sum() == found["regular"].iloc[-1] == frame()["regular"].sum()
    assert set(frame().loc[frame()["problem"] == "signed_square", "prediction"]) == {"not smooth"}
    assert set(frame().loc[frame()["problem"] == "kostyrka_line", "prediction"]) == {"leading derivative = 0"}


def test_ratio_is_that_of_the_cell_nearest_in_the_logarithm():
    for row in frame().dropna(subset="model_step").iloc[::7].itertuples():
        cells = of_grid(records(), "generic").set_index(RUN).loc[[(row.problem, row.method, row.format)]]
        steps = cells["step_value"].to_numpy()
        cell = cells.iloc[int(np.argmin(np.abs(np.log(steps / row.model_step))))]
        if cell["status"] == "ok" and not cell["failures"]:
            assert row.model_ratio == cell["rms_error"] / row.smallest_error
            assert row.model_ratio >= 1
        else:
            assert row.model_ratio == np.inf


def test_a_failed_cell_is_infinitely_bad_and_no_step_has_no_ratio():
    cells = pd.DataFrame(
        {
            "problem": "exp",
            "method": "forward",
            "format": "float64",
            "grid": "generic",
            "k": [1, 2, 3],
            "step_value": [4.0, 2.0, 1.0],
            "rms_error": [1.0, 2.0, 3.0],
            "model_error": [1.0, 2.0, 3.0],
            "status": ["ok", "ok", "absorbed"],
            "failures": [0, 1, 0],
        }
    )

    def error(step):
        run = pd.DataFrame({"problem": ["exp"], "method": ["forward"], "format": ["float64"], "step": [step]})
        return at_nearest_step(cells, run)["error"].iloc[0]

    assert error(100.0) == 1  # beyond the grid: its end
    assert error(2.9) == 1  # √8 = 2.83 is halfway
    assert error(2.8) == np.inf  # a neighbour failed
    assert error(0.1) == np.inf
    assert np.isnan(error(np.nan))


def test_worst_cases_are_all_that_miss_the_aim_each_with_a_reason():
    found = worst(frame())
    assert len(found) == (~(frame()["model_ratio"] <= WITHIN)).sum()
    assert found["reason"].str.len().min() > 10
    assert set(found.loc[found["problem"] == "signed_square", "reason"]) == {"no prediction: not smooth"}


@pytest.mark.parametrize(
    "noise, dip, model, words",
    [(4.0, 2.0, 0.5, "4× as much error"), (1.5, 3.0, 1.1, "3× less error"), (1.0, 1.0, 5.0, "itself loses 5×")],
)
def test_reason_is_the_largest_factor(noise, dip, model, words):
    row = {"noise": noise, "dip": dip, "model": model, "model_ratio": noise * dip * model, "regular": True}
    cases = pd.DataFrame([row | {"prediction": "ok"}, row | {"regular": False, "prediction": "f = 0"}])
    regular, irregular = (reason(item) for item in cases.itertuples())
    assert words in regular
    assert irregular == f"f = 0; {regular}"


def test_findings_quote_shares_of_all_runs():
    """A run without a prediction counts as a miss: no share is one of survivors."""
    ratio = frame()["model_ratio"]
    share = percent(float(np.sum(ratio <= WITHIN)) / len(frame()))
    assert ratio.isna().any()
    text = " ".join(predicted_steps.findings(records()))
    assert f"in {share} of {len(frame())} runs" in text
    assert not re.search(r"\b(nan|inf)\b", text)


def test_the_textbook_steps_minimise_the_two_terms_that_the_sentence_names():
    (sentence,) = [text for text in predicted_steps.findings(records()) if "textbook" in text]
    for text in ("h|f″|/2 + 2ε|f|/h", "2√(ε|f/f″|)", "h²|f‴|/6 + ε|f|/h", "∛(3ε|f/f‴|)"):
        assert text in sentence
    f, second, third, epsilon = 3.0, 5.0, 7.0, 2.0**-53
    forward, centered = 2 * np.sqrt(epsilon * f / second), np.cbrt(3 * epsilon * f / third)
    # The derivatives by h of the two sums vanish there, to a few roundings of each term.
    assert abs(second / 2 - 2 * epsilon * f / forward**2) <= 8 * 2.0**-53 * second
    assert abs(centered * third / 3 - epsilon * f / centered**2) <= 16 * 2.0**-53 * centered * third


def test_bars_of_the_ways_are_shares_of_all_runs_and_what_has_no_result_is_their_last_part():
    (figure,) = predicted_steps.figures(records())
    ax = figure.to_canvas().axes[1]
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(len(WAYS), 3)
    ratios = [frame()[f"{way}_ratio"].fillna(np.inf) for way in WAYS]
    # Each width is a mean of len(frame()) zeros and ones.
    for row, ratio in zip(widths, ratios, strict=True):
        far = float((ratio > 10 * WITHIN).mean())
        assert row == pytest.approx([(ratio <= WITHIN).mean(), 1 - (ratio <= WITHIN).mean() - far, far], abs=1e-12)
    assert any(np.isinf(ratio).any() for ratio in ratios)


def test_figure_is_drawn_with_all_runs():
    (figure,) = predicted_steps.figures(records())
    assert len(figure.data) == len(frame())
    assert figure.to_svg().startswith("<?xml")
