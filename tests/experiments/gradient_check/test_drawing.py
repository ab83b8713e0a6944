"""The pictures of the trials draw what was counted."""

import pandas as pd
import pytest

from experiments.gradient_check.bugs import FORMATS, SIZES
from experiments.gradient_check.claims import FACTORS, RIGHT
from experiments.gradient_check.counts import counts
from experiments.gradient_check.drawing import (
    USABLE,
    _percent,
    draw_errors_by_size,
    draw_verdicts,
    errors_by_size,
    short_name,
    verdict_shares,
)
from experiments.gradient_check.ours import ours
from experiments.gradient_check.rules import RULES
from experiments.gradient_check.trials import TrialPlan, run_trials
from numdiff.report.figures import Figure

FUNCTIONS = ("attention", "poisson")
SIZED = tuple(f"relative_{size:.0e}" for size in SIZES)


@pytest.fixture(scope="module")
def counted():
    plan = TrialPlan(
        (*FUNCTIONS, "sigmoid_squared"), tuple(FORMATS), claims=(RIGHT, *FACTORS, *SIZED, "narrower_format")
    )
    return counts(run_trials(plan))


def made_up(*rows):
    """Return counts from (checker, format, kind, claim, passed, rejected, inconclusive, called inexact)."""
    frame = counts(run_trials(TrialPlan(("poisson",), ("float64",), claims=(RIGHT,), checkers=RULES[:1])))
    frame = pd.concat([frame] * len(rows), ignore_index=True)
    columns = ["checker", "format", "kind", "claim", "passed", "rejected", "inconclusive", "called inexact"]
    frame[columns] = pd.DataFrame(list(rows), columns=columns)
    frame["group"] = ["judgement" if kind in ("right", "one coordinate") else "networks" for kind in frame["kind"]]
    return frame


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
        assert rows == [short_name(name).replace("\n", " ") for name in right.index if right[name] < USABLE]
        said = " ".join(text.get_text().replace("\n", " ") for text in ax.texts).replace("\N{NO-BREAK SPACE}%", " %")
        assert "\n%" not in " ".join(text.get_text() for text in ax.texts)
        for name, rate in right.items():
            shown = short_name(name).replace("\n", " ")
            if shown not in rows:
                seen += 1
                assert shown in said, name
                assert "not available" in said if pd.isna(rate) else f"{_percent(rate)} %" in said
    assert seen > 5


def test_a_size_at_which_no_error_is_left_has_no_cells():
    shown = [("error", claim, 1, 8, 0, 0) for claim in SIZED[:2]]
    lost = [("error", claim, 0, 0, 0, 0) for claim in SIZED[2:4]]
    rows = [("a", "float16", *row) for row in (("right", RIGHT, 9, 0, 0, 0), *shown, *lost)]
    errors = errors_by_size(made_up(*rows))
    (ax,) = Figure("errors", "t", "c.", "a.", errors, draw_errors_by_size, size=(8.4, 5.4)).to_canvas().axes
    assert {int(patch.get_x()) for patch in ax.patches} == {0, 1}
    assert "smaller errors round away" in {text.get_text() for text in ax.texts}


def test_verdict_shares_add_up_and_are_those_of_functions_used_for_no_constant(counted):
    table = verdict_shares(counted)
    given = table[table["trials"] > 0]
    # Three quotients with one denominator.
    assert ((given[["accepted", "undecided", "rejected"]].sum(axis=1) - 1).abs() <= 2.0**-51).all()
    blind = table[(table["format"] == "bfloat16") & (table["checker"] == "autograd check_grads")]
    assert blind["trials"].tolist() == [0, 0]
    pd.testing.assert_frame_equal(table, verdict_shares(counted[counted["claim"] != "narrower_format"]))
    pd.testing.assert_frame_equal(table, verdict_shares(counted[counted["group"] != "networks"]))
    assert "narrower_format" in set(counted["claim"])


def test_what_is_called_inexact_is_on_the_right_side_of_both():
    rows = [("a", "float32", kind, name, 0, 0, 0, 4) for kind, name in (("right", RIGHT), ("one coordinate", "zero"))]
    shares = verdict_shares(made_up(*rows))
    assert shares[["accepted", "rejected"]].to_numpy().tolist() == [[1, 0], [0, 1]]


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
        ("a", "float16", "right", RIGHT, 6, 1, 3, 0),
        ("a", "float16", "one coordinate", "zero", 1, 7, 2, 0),
    ]
    table = verdict_shares(made_up(*rows))
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
    assert [short_name(rule.name) for rule in RULES] == [
        "torch",
        "jax",
        "jax\n(repeated)",
        "scipy",
        "autograd",
        "chainer",
    ]
    assert short_name("torch gradcheck (library)") == "torch\n(library)"
    assert [short_name(checker.name) for checker in ours()] == ["numdiff", "numdiff,\ndirections"]


def test_undecided_is_a_share_of_its_own_and_part_of_the_misses():
    """Eight trials of each: of the right ones 2 are undecided, of the wrong ones 1 is missed and 5 are undecided."""
    rows = [("a", "float16", "right", RIGHT, 6, 0, 2, 0), ("a", "float16", "error", SIZED[0], 1, 2, 5, 0)]
    errors = errors_by_size(made_up(*rows))
    assert errors["rate"].tolist() == [0, 6 / 8]
    assert errors["undecided"].tolist() == [2 / 8, 5 / 8]


def test_a_share_that_is_not_nothing_does_not_read_so():
    assert [_percent(share) for share in (0, 0.001, 0.4, 0.999, 1)] == ["0", "<1", "40", ">99", "100"]
