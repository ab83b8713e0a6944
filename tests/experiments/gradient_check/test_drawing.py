"""The pictures of the trials draw what was counted."""

import pandas as pd
import pytest

from experiments.gradient_check.drawing import (
    _percent,
    draw_errors_by_size,
    draw_found_and_rejected,
    errors_by_size,
    found_and_rejected,
    short_name,
)
from experiments.gradient_check.rules import RULES
from experiments.gradient_check.trials import BY, VERDICTS, TrialPlan, counts, run_trials
from numdiff.report.figures import Figure


@pytest.fixture(scope="module")
def counted():
    return counts(run_trials(TrialPlan(networks=("sigmoid_squared", "tanh_cross_entropy"), seeds=(0,))))


def texts(figure):
    return [text.get_text() for ax in figure.to_canvas().axes for text in ax.texts]


def test_errors_by_size_are_false_positives_and_misses(counted):
    errors = errors_by_size(counted)
    assert set(errors["error"]) == {"false positive", "miss"}
    assert errors[errors["error"] == "false positive"]["nominal"].isna().all()
    torch = errors[(errors["checker"] == "torch gradcheck") & (errors["format"] == "float64")].set_index("nominal")
    assert torch.loc[[1e-1, 1e-2], "rate"].tolist() == [0, 0]  # rtol is 1e-3
    assert torch.loc[[1e-4, 1e-8], "rate"].tolist() == [1, 1]
    assert not errors.duplicated(["checker", "format", "nominal"]).any()


def test_picture_of_errors_has_a_number_for_every_rate(counted):
    errors = errors_by_size(counted)
    figure = Figure("errors", "t", "c.", "a.", errors, draw_errors_by_size, size=(8.4, 5.4))
    assert len(texts(figure)) == errors["rate"].notna().sum()


def test_found_and_rejected_are_shares_with_an_interval(counted):
    table = found_and_rejected(counted)
    decided = table.dropna()
    assert (decided["low"] <= decided["rejected"]).all()
    assert (decided["rejected"] <= decided["high"]).all()
    assert decided["found"].between(0, 1).all()
    blind = table[(table["format"] == "bfloat16") & (table["checker"] == "autograd check_grads")]
    assert blind[["correct", "wrong"]].to_numpy().tolist() == [[0, 0]]
    figure = Figure("shares", "t", "c.", "a.", table, draw_found_and_rejected, size=(8.4, 5.0))
    assert texts(figure) == ["not decided"] * 2


def test_short_names_are_those_of_the_libraries():
    assert [short_name(rule.name) for rule in RULES] == ["torch", "jax", "scipy", "autograd", "chainer"]
    assert short_name("torch gradcheck (library)") == "torch\n(library)"
    assert short_name("numdiff, 4 directions") == "numdiff,\n4 directions"


def test_undecided_is_a_share_of_its_own_and_part_of_the_misses():
    """Eight trials of each: of the correct ones 2 are undecided, of the wrong ones 1 is missed and 5 are undecided."""
    rows = [("a", "float16", "correct", "none", float("nan"), 6, 0, 2), ("a", "float16", "relative", "r", 0.1, 1, 2, 5)]
    filled = pd.DataFrame([(*row, 0, 0, 0) for row in rows], columns=[*BY, *VERDICTS])
    errors = errors_by_size(filled)
    assert errors["rate"].tolist() == [0, 6 / 8]
    assert errors["undecided"].tolist() == [2 / 8, 5 / 8]
    figure = Figure("errors", "t", "c.", "a.", errors, draw_errors_by_size, size=(8.4, 5.4))
    assert texts(figure) == ["25", "75"]


def test_a_share_that_is_not_nothing_does_not_read_so():
    assert [_percent(share) for share in (0, 0.001, 0.4, 0.999, 1)] == ["0", "<1", "40", ">99", "100"]
