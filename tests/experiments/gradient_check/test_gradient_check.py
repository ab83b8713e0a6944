"""The experiment on gradient checkers: what it says is what was counted, with and without the large runs."""

import numpy as np
import pandas as pd
import pytest

from experiments.gradient_check import findings as sentences
from experiments.gradient_check import gradient_check, tables
from experiments.gradient_check.bugs import FORMATS
from experiments.gradient_check.claims import FACTORS, RIGHT, TEN_BARS
from experiments.gradient_check.drawing import draw_curve
from experiments.gradient_check.limits import FACTOR, LARGEST, SHAPES, searches, smallest_found
from experiments.gradient_check.ours import COORDINATES, DIRECTIONS, ours
from experiments.gradient_check.rules import ALL_FORMATS, Checker, Decision, Outcome
from experiments.gradient_check.subjects import SUBJECTS
from experiments.gradient_check.tables import curve_table
from experiments.gradient_check.trials import TrialPlan, run_trials
from numdiff.report.figures import paint
from numdiff.report.tables import csv_text
from numdiff.study.run import Measured
from tests.experiments.sentences import check_section, numbers_of


def strict(limit):
    """Return a checker that calls a gradient wrong if its relative deviation is above a limit: it knows the truth."""

    def rule(f, gradient, x, seed):
        right = f.case.gradient(x).astype(float)
        off = np.linalg.norm(gradient(x).astype(float) - right) / np.linalg.norm(right)
        return Outcome(Decision.REJECTED if off > limit else Decision.PASSED)

    return Checker(f"strict {limit:g}", "1", "directions", ALL_FORMATS, rule)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("limit", [1.0, 1e-3])
def test_the_search_ends_within_a_factor_above_the_limit(shape, limit):
    case = SUBJECTS["attention"].case("float64", 3)
    found = smallest_found(strict(limit), case, shape, 3)
    assert limit < found <= limit / FACTOR * (1 + 1e-9)


def test_what_is_never_found_is_nan():
    case = SUBJECTS["attention"].case("float64", 3)
    assert np.isnan(smallest_found(strict(2 * LARGEST), case, "random direction", 0))


def test_the_search_gives_a_row_for_each_checker_function_seed_format_and_shape():
    items = list(searches([strict(0.1)], ("attention", "stairs"), ("float32", "float16"), (0, 1)))
    rows = pd.concat([item.measure()["smallest"] for item in items])
    assert len(rows) == (2 + 1) * 2 * len(SHAPES)
    assert rows["smallest"].between(0.1 * 0.9, 0.3).all()
    assert not rows["objects"].any()


def test_who_objects_to_the_right_gradient_finds_nothing():
    (item,) = searches([strict(-1)], ("attention",), ("float32",), (0,))
    rows = item.measure()["smallest"]
    assert rows["objects"].all()
    assert rows["smallest"].isna().all()


def test_large_functions_are_searched_along_directions_alone():
    (item,) = searches(ours(), ("growing_300",), ("float32",), (0,))
    assert [checker.name for checker in item.checkers] == [DIRECTIONS]


# --- sentences ------------------------------------------------------------------------------------------


def own(**shares):
    """Return 100 right gradients in each of some formats, one rejected, and the share of open checks."""
    rows = [
        (name, "coordinates", 100, 1, 0.05, 0, 1, share, share / 2, share / 3, 0.0, 12, 40)
        for name, share in shares.items()
    ]
    columns = ["format", "mode", "right", "rejected", "limit", "failed", "of_smooth", "open_checks", "open_lines"]
    return pd.DataFrame(rows, columns=[*columns, "oracle", "inexact", "evaluations", "most"])


def test_the_answer_says_what_is_undecided_beside_what_is_rejected():
    text = sentences.answer(own(float64=0.0, float16=0.2, bfloat16=0.7))
    assert numbers_of(text) == ["3", "30"]
    assert text.endswith("30 % of their checks, most of those in bfloat16.")
    assert "rejects none" in sentences.answer(own(float64=0.5).assign(rejected=0))


def test_each_format_has_its_share_of_undecided_coordinates_and_narrow_ones_their_oracle():
    first, second, third = sentences.own_sentences(own(float64=0.1, bfloat16=0.6))
    assert numbers_of(first) == ["2", "200"]
    assert second.endswith(
        ": 5 % in float64 and 30 % in bfloat16; two values of f at perfect steps would leave 20 % in bfloat16."
    )
    assert numbers_of(third) == ["2", "2"]


def test_checks_that_fail_are_told():
    assert sentences.own_sentences(own(float64=0.1).assign(failed=2))[-1].startswith(
        "2 checks of right gradients ended"
    )


def test_wrong_coordinates_and_ten_bars_are_told_with_what_is_undecided():
    columns = ["format", "mode", "wrong", "accepted", "open", "ten_bars", "ten_found", "ten_open"]
    rows = [
        ("float64", "coordinates", 100, 2, 0.1, 50, 47, 2),
        ("float64", "directions", 100, 5, 0.2, None, None, None),
    ]
    by, along, ten = sentences.wrong(pd.DataFrame(rows, columns=columns))
    assert numbers_of(by) == ["100", "2", "10"]
    assert numbers_of(along) == ["100", "5", "20"]
    assert numbers_of(ten)[:3] == ["50", "3", "2"]


def test_where_ours_is_worse_the_sentence_says_larger():
    row = {
        "format": "float32",
        "checker": "jax check_grads (repeated)",
        "mode": "directions",
        "shape": "one coordinate",
    }
    for ratio, word in ((0.2, "5 times larger"), (5.0, "5 times smaller")):
        (text,) = sentences.like_with_like(pd.DataFrame([row | {"theirs_over_ours": ratio}]))
        assert word in text
        assert "as many evaluations" in text


def test_the_advice_names_the_format_that_leaves_the_least_undecided():
    assert "Check gradients in float32" in sentences.advice(own(float64=0.2, float32=0.1))[0]


# --- the section ----------------------------------------------------------------------------------------


def curve():
    rows = [
        (name, format_name, n, seed, 1e-4 * (seed + 1) / (10 if name == COORDINATES else 1))
        for name in (COORDINATES, DIRECTIONS)
        for format_name in FORMATS
        for n in ((10, 100) if name == COORDINATES else (10, 100, 1000))
        for seed in range(3)
    ]
    return pd.DataFrame(rows, columns=["checker", "format", "n", "seed", "smallest"])


def test_the_curve_has_the_median_over_the_seeds():
    table = curve_table(curve())
    assert (table["seeds"] == 3).all()
    directions = table[table["checker"] != COORDINATES]
    assert np.allclose(directions["median"], 2e-4)
    assert np.allclose(directions["largest"], 3e-4)
    directions_ax, coordinates_ax = paint(lambda fig: draw_curve(fig, table), (7.2, 4.4)).axes
    assert len(directions_ax.get_lines()) == len(coordinates_ax.get_lines()) == len(FORMATS)
    assert max(max(line.get_xdata()) for line in coordinates_ax.get_lines()) == 100


@pytest.fixture(scope="module")
def measured():
    claims = (RIGHT, *FACTORS, TEN_BARS, "sign", "relative_1e-01", "narrower_format")
    formats = ("float16", "float32", "float64")
    trials = run_trials(TrialPlan(("attention", "gru", "sigmoid_squared"), formats, claims=claims))
    return Measured(frames={"trials": trials})


@pytest.fixture(autouse=True)
def without_large_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ML", tmp_path)
    gradient_check.found.cache_clear()
    yield tmp_path
    gradient_check.found.cache_clear()


def test_without_the_large_runs_the_small_one_speaks(measured):
    said = gradient_check.findings(measured)
    assert "The large runs are absent: make experiments-ml makes them." in said
    assert "`check_gradient` needs no tolerance; it rejects none of the right gradients" in said[0]
    assert {table.name for table in gradient_check.tables(measured)} == {
        "own_verdicts",
        "wrong_coordinates",
        "like_with_like",
    }
    names = {table.name for table in gradient_check.details(measured)}
    assert {"by_function", "contested", "mistakes_float64", "small_run", "bugs", "functions"} <= names
    assert [figure.name for figure in gradient_check.figures(measured)] == ["verdicts", "errors_by_size"]


def test_the_large_runs_are_used_where_they_are(measured, without_large_runs):
    small = tables.trials_found(measured.frames["trials"])
    large = small.counted.copy()
    numbers = large.select_dtypes("number").columns.drop("most")
    large[numbers] *= 5000
    for name, frame in (("verdicts", large), ("functions", small.functions), ("evaluations", small.evaluations)):
        (without_large_runs / f"{name}.csv").write_text(csv_text(frame), encoding="utf-8")
    (without_large_runs / "curve.csv").write_text(csv_text(curve()), encoding="utf-8")
    gradient_check.found.cache_clear()
    said = gradient_check.findings(measured)
    assert any("of 30000 right gradients" in sentence for sentence in said)
    assert not any("absent" in sentence for sentence in said)
    assert any("made with numdiff unknown" in sentence for sentence in said)
    assert "smallest_by_size" in {figure.name for figure in gradient_check.figures(measured)}
    check_section(gradient_check.EXPERIMENT.section(measured))


def test_the_section_can_be_read_by_its_readers(measured):
    section = gradient_check.EXPERIMENT.section(measured)
    check_section(section)
    assert numbers_of(section.answer)
