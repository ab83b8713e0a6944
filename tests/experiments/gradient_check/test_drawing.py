"""The pictures of the trials draw what was counted."""

import pandas as pd
import pytest

from experiments.gradient_check.drawing import (
    USABLE,
    _percent,
    draw_errors_by_size,
    draw_verdicts,
    errors_by_size,
    short_name,
    verdict_shares,
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


def test_checkers_that_reject_correct_gradients_have_words_and_no_cells(counted):
    errors = errors_by_size(counted)
    canvas = Figure("errors", "t", "c.", "a.", errors, draw_errors_by_size, size=(8.4, 5.4)).to_canvas()
    seen = 0
    for ax, (_, part) in zip(canvas.axes, errors.groupby("format", sort=False), strict=True):
        right = part[part["error"] == "false positive"].set_index("checker")["rate"]
        rows = [label.get_text() for label in ax.get_yticklabels()]
        assert rows == [short_name(name) for name in right.index if right[name] < USABLE]
        said = " ".join(text.get_text().replace("\n", " ") for text in ax.texts)
        for name, rate in right.items():
            if short_name(name) not in rows:
                seen += 1
                assert short_name(name) in said, name
                assert "not available" in said if pd.isna(rate) else f"{_percent(rate)} %" in said
    assert seen > 5


def test_a_size_at_which_no_error_is_left_has_no_cells():
    shown = [("correct", float("nan"), (9, 0, 0)), *(("relative", size, (1, 8, 0)) for size in (0.1, 0.01))]
    lost = [("relative", size, (0, 0, 0)) for size in (1e-3, 1e-4)]
    rows = [("a", "float16", kind, "none", size, *given) for kind, size, given in (*shown, *lost)]
    errors = errors_by_size(pd.DataFrame([(*row, 0, 0, 0) for row in rows], columns=[*BY, *VERDICTS]))
    (ax,) = Figure("errors", "t", "c.", "a.", errors, draw_errors_by_size, size=(8.4, 5.4)).to_canvas().axes
    assert {int(patch.get_x()) for patch in ax.patches} == {0, 1}
    assert "smaller errors round away" in {text.get_text() for text in ax.texts}


def test_verdict_shares_add_up_and_leave_the_contested_mistake_out(counted):
    table = verdict_shares(counted)
    given = table[table["trials"] > 0]
    # Three quotients with one denominator.
    assert ((given[["accepted", "undecided", "rejected"]].sum(axis=1) - 1).abs() <= 2.0**-51).all()
    blind = table[(table["format"] == "bfloat16") & (table["checker"] == "autograd check_grads")]
    assert blind["trials"].tolist() == [0, 0]
    without = verdict_shares(counted[counted["bug"] != "narrower_format"])
    pd.testing.assert_frame_equal(table, without)
    all_mistakes = counted[(counted["kind"] == "mistake") & (counted["checker"] == RULES[0].name)]
    assert "narrower_format" in set(all_mistakes["bug"])


def test_picture_of_verdicts_has_a_full_bar_for_every_checker(counted):
    table = verdict_shares(counted)
    figure = Figure("shares", "t", "c.", "a.", table, draw_verdicts, size=(7.6, 9.4))
    canvas = figure.to_canvas()
    for ax in canvas.axes[:8]:
        ends = {}
        for patch in ax.patches:
            ends[patch.get_y()] = max(ends.get(patch.get_y(), 0), patch.get_x() + patch.get_width())
        blind = sum(text.get_text() == "not available" for text in ax.texts)
        assert len(ends) + blind == table["checker"].nunique()
        assert all(end == pytest.approx(100) for end in ends.values())


def test_undecided_verdicts_on_correct_gradients_are_drawn():
    rows = [
        ("a", "float16", "correct", "none", float("nan"), 6, 1, 3),
        ("a", "float16", "mistake", "sign", float("nan"), 1, 7, 2),
    ]
    table = verdict_shares(pd.DataFrame([(*row, 0, 0, 0) for row in rows], columns=[*BY, *VERDICTS]))
    figure = Figure("shares", "t", "c.", "a.", table, draw_verdicts, size=(7.6, 9.4))
    right, wrong, *_ = figure.to_canvas().axes
    assert [(patch.get_x(), patch.get_width()) for patch in right.patches] == [(0, 60), (60, 30), (90, 10)]
    assert [(patch.get_x(), patch.get_width()) for patch in wrong.patches] == [(0, 10), (10, 20), (30, 70)]
    # A right verdict is pale on both sides, an undecided one grey; false positives and misses have their own.
    colors = [[patch.get_facecolor() for patch in ax.patches] for ax in (right, wrong)]
    assert colors[0][0] == colors[1][2]
    assert colors[0][1] == colors[1][1]
    assert len({colors[0][2], colors[1][0], *colors[0][:2]}) == 4


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
    shares = verdict_shares(filled)
    assert shares[["accepted", "undecided", "rejected"]].to_numpy().tolist() == [[6 / 8, 2 / 8, 0]]


def test_a_share_that_is_not_nothing_does_not_read_so():
    assert [_percent(share) for share in (0, 0.001, 0.4, 0.999, 1)] == ["0", "<1", "40", ">99", "100"]
