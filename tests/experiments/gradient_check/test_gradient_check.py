"""The experiment on gradient checkers: what it says is what was counted, with and without the large runs."""

import numpy as np
import pandas as pd
import pytest

from experiments.gradient_check import findings as sentences
from experiments.gradient_check import gradient_check, ours
from experiments.gradient_check import tables as gradient_tables
from experiments.gradient_check.bugs import FORMATS
from experiments.gradient_check.drawing import draw_curve
from experiments.gradient_check.findings import DIRECTIONS
from experiments.gradient_check.limits import FACTOR, GROWING, LARGEST, SHAPES, by_checker, growing, smallest_found
from experiments.gradient_check.networks import NumpyNetwork
from experiments.gradient_check.rules import ALL_FORMATS, Checker, Decision, Outcome
from experiments.gradient_check.tables import curve_table, limits_table, mistakes_missed, ratios
from experiments.gradient_check.trials import BY, CORRECT, NETWORKS, VERDICTS, TrialPlan, counts, run_trials
from numdiff.report.figures import paint
from numdiff.report.tables import csv_text
from numdiff.study.run import Measured
from tests.experiments.sentences import check_section, numbers_of


def strict(limit):
    """Return a checker that calls a gradient wrong if its relative deviation is above a limit: it knows the truth."""

    def rule(f, gradient, x, seed):
        right = f.network.gradient(x).astype(float)
        off = np.linalg.norm(gradient(x).astype(float) - right) / np.linalg.norm(right)
        return Outcome(Decision.REJECTED if off > limit else Decision.PASSED)

    return Checker(f"strict {limit:g}", "1", "directions", ALL_FORMATS, rule)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("limit", [1.0, 1e-3])
def test_the_search_ends_within_a_factor_above_the_limit(shape, limit):
    network = NumpyNetwork(*NETWORKS["tanh_squared"], 3)
    found = smallest_found(strict(limit), network, FORMATS["float64"], shape, 3)
    assert limit < found <= limit / FACTOR * (1 + 1e-9)


def test_what_is_never_found_is_nan():
    network = NumpyNetwork(*NETWORKS["tanh_squared"], 3)
    assert np.isnan(smallest_found(strict(2 * LARGEST), network, FORMATS["float64"], "random direction", 0))


def test_the_search_gives_a_row_for_each_checker_network_seed_format_and_shape():
    rows = by_checker([strict(0.1)], ("tanh_squared", "sigmoid_squared"), (0, 1), 1)
    assert len(rows) == 2 * 2 * len(FORMATS) * len(SHAPES)
    assert rows["smallest"].between(0.1 * 0.9, 0.2).all()


def test_two_workers_find_the_same_limits_as_one():
    task = ours.ours()[-1:], ("tanh_squared",), (0,)
    pd.testing.assert_frame_equal(by_checker(*task, 2), by_checker(*task, 1))


def test_growing_networks_have_about_as_many_parameters_as_they_are_asked_for():
    for n in GROWING:
        assert 0.7 < growing(n, 0).n / n < 1.3


def limits():
    """Return searched limits of three checkers, of which one finds nothing in one case."""
    rows = [
        (name, "float32", network, seed, shape, value)
        for seed, network in enumerate("ab")
        for shape in SHAPES
        for name, value in (("numdiff", 1e-5), ("jax check_grads", 1e-2 if seed else np.nan), ("torch gradcheck", 1e-9))
    ]
    return pd.DataFrame(rows, columns=["checker", "format", "network", "seed", "shape", "smallest"])


def test_limits_are_compared_only_with_checkers_that_can_be_used():
    usable = {("numdiff", "float32"), ("jax check_grads", "float32")}
    table = limits_table(limits(), usable)
    assert set(table["checker"]) == {"numdiff", "jax check_grads"}
    assert table.set_index(["shape", "checker"]).loc[("random direction", "jax check_grads"), "not_found"] == 1


def test_only_checkers_that_compare_the_same_thing_are_compared():
    found = pd.concat([limits(), limits().query("checker == 'numdiff'").assign(checker=DIRECTIONS, smallest=1e-1)])
    usable = {("numdiff", "float32"), (DIRECTIONS, "float32"), ("jax check_grads", "float32")}
    table = ratios(found, usable, gradient_check.OURS, gradient_check.MODES)
    assert set(table["checker"]) == {"jax check_grads"}
    assert set(table["mode"]) == {"directions"}
    # Against ours along directions, not by coordinates. What is not found counts as found at the largest error tried.
    assert table["theirs_over_ours"].tolist() == [pytest.approx((1e-1 + LARGEST / 1e-1) / 2)] * 2


def test_where_ours_is_worse_the_sentence_says_larger():
    row = {"format": "float32", "checker": "jax check_grads", "mode": "directions", "shape": "random direction"}
    missed = pd.DataFrame(
        [("float32", name, 100, number, 0) for name, number in ((DIRECTIONS, 14), ("jax check_grads", 9))],
        columns=["format", "checker", "mistakes", "accepted", "undecided"],
    )
    for ratio, word in ((0.2, "5 times larger"), (5.0, "5 times smaller")):
        first, second = sentences.like_with_like(pd.DataFrame([row | {"theirs_over_ours": ratio}]), missed)
        assert word in first
        assert numbers_of(second) == ["14", "9"]


def own(**inconclusive):
    """Return the treatment of 100 correct gradients in some formats, of which so many are undecided."""
    rows = [("numdiff", name, 100, 1, number, 0.05, 0.06) for name, number in inconclusive.items()]
    columns = ["checker", "format", "gradients", "rejected", "inconclusive", "limit", "limit_decided"]
    return pd.DataFrame(rows, columns=columns)


def test_the_answer_says_what_is_undecided():
    text = sentences.answer(own(bfloat16=70, float16=20, float64=0))
    assert text.endswith("but it left most of those in bfloat16 and many of those in float16 undecided.")
    assert numbers_of(text) == ["3", "300"]
    assert sentences.answer(own(float64=0)).endswith("and left next to none undecided.")


def test_limits_are_given_over_all_and_over_decided_gradients():
    first, second = sentences.rejections(own(bfloat16=70, float64=0))
    assert numbers_of(first)[-1] == "5"
    assert numbers_of(second)[-1] == "6"


def test_the_contested_mistake_is_counted_apart():
    rows = [
        ("numdiff", "float64", "mistake", "sign", np.nan, 0, 10, 0),
        ("numdiff", "float64", "mistake", "narrower_format", np.nan, 3, 7, 0),
    ]
    counted = pd.DataFrame([(*row, 0, 0, 0) for row in rows], columns=[*BY, *VERDICTS])
    (row,) = mistakes_missed(counted, {("numdiff", "float64")}).itertuples()
    assert (row.mistakes, row.accepted, row.contested, row.contested_accepted) == (10, 0, 10, 3)
    assert "narrower_format" not in " ".join(sentences.mistakes(mistakes_missed(counted, {("numdiff", "float64")}))[:1])


def curve():
    rows = [
        (name, format_name, n, seed, 1e-4 * (seed + 1) / (10 if name == "numdiff" else 1))
        for name in ("numdiff", "numdiff, 4 directions")
        for format_name in FORMATS
        for n in ((10, 100) if name == "numdiff" else (10, 100, 1000))
        for seed in range(3)
    ]
    return pd.DataFrame(rows, columns=["checker", "format", "n", "seed", "smallest"])


def test_the_curve_has_the_median_over_the_seeds():
    table = curve_table(curve())
    assert (table["seeds"] == 3).all()
    directions = table[table["checker"] != "numdiff"]
    assert np.allclose(directions["median"], 2e-4)
    assert np.allclose(directions["largest"], 3e-4)
    directions_ax, coordinates_ax = paint(lambda fig: draw_curve(fig, table), (7.2, 4.4)).axes
    assert len(directions_ax.get_lines()) == len(coordinates_ax.get_lines()) == len(FORMATS)
    assert max(max(line.get_xdata()) for line in coordinates_ax.get_lines()) == 100


def small():
    """Return real verdicts of one network."""
    plan = TrialPlan(
        ("sigmoid_squared",),
        ("float32", "float64"),
        (0,),
        (CORRECT, "sign", "relative_1e-01"),
        gradient_check.PLAN.checkers,
    )
    return counts(run_trials(plan))


@pytest.fixture
def without_large_runs(tmp_path, monkeypatch):
    found = small()
    monkeypatch.setattr(gradient_check, "here", lambda measured: found)
    monkeypatch.setattr(gradient_tables, "ML", tmp_path)
    monkeypatch.setattr(gradient_check, "left_by_ml", lambda name: gradient_tables.left_by_ml(name, tmp_path))
    return tmp_path, found


def test_without_the_large_runs_the_small_one_speaks(without_large_runs):
    said = gradient_check.findings(None)
    assert "The large runs are absent: make experiments-ml makes them." in said
    assert said[0].startswith("`check_gradient` needs no tolerance and rejected 0 of 4 correct gradients")
    names = {table.name for table in gradient_check.tables(None)}
    assert {"own_verdicts", "false_positives", "mistakes_float64", "small_run", "bugs"} <= names
    assert "smallest_found" not in names
    assert [figure.name for figure in gradient_check.figures(None)] == ["verdicts", "errors_by_size"]


def test_the_large_runs_are_used_where_they_are(without_large_runs):
    folder, found = without_large_runs
    large = found.assign(passed=found["passed"] * 2500, rejected=found["rejected"] * 2500)
    for name, kept in (("correct", large["kind"] == "correct"), ("wrong", large["kind"] != "correct")):
        (folder / f"{name}.csv").write_text(csv_text(large[kept]), encoding="utf-8")
    (folder / "limits.csv").write_text(csv_text(limits()), encoding="utf-8")
    (folder / "curve.csv").write_text(csv_text(curve()), encoding="utf-8")
    said = gradient_check.findings(None)
    assert said[0].startswith("`check_gradient` needs no tolerance and rejected 0 of 10000 correct gradients")
    assert not any("absent" in sentence for sentence in said)
    assert any("made with numdiff unknown" in sentence for sentence in said)
    assert "smallest_found" in {table.name for table in gradient_check.tables(None)}
    assert "smallest_by_size" in {figure.name for figure in gradient_check.figures(None)}
    assert set(BY) <= set(large.columns)


def test_the_section_can_be_read_by_its_readers(monkeypatch):
    """With the large runs that are committed; the small one is that of one network."""
    found = small()
    monkeypatch.setattr(gradient_check, "here", lambda measured: found)
    section = gradient_check.EXPERIMENT.section(Measured())
    check_section(section)
    counted = gradient_tables.left_by_ml("correct")
    own = counted[counted["checker"].str.startswith("numdiff")]
    assert numbers_of(section.answer) == [str(own["rejected"].sum()), str(len(own) * 10_000)]
