"""The experiment on gradient checkers: what it says is what was counted, with and without the large runs."""

import numpy as np
import pandas as pd
import pytest

from experiments.gradient_check import gradient_check, ours
from experiments.gradient_check import tables as gradient_tables
from experiments.gradient_check.bugs import FORMATS
from experiments.gradient_check.drawing import draw_curve
from experiments.gradient_check.limits import FACTOR, GROWING, LARGEST, SHAPES, by_checker, growing, smallest_found
from experiments.gradient_check.networks import NumpyNetwork
from experiments.gradient_check.rules import ALL_FORMATS, Checker, Decision, Outcome
from experiments.gradient_check.tables import curve_table, limits_table, ratios
from experiments.gradient_check.trials import BY, CORRECT, NETWORKS, TrialPlan, counts, run_trials
from numdiff.report.figures import paint
from numdiff.report.tables import csv_text


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
    (row,) = ratios(limits(), usable, "numdiff", "float32").itertuples(index=False)
    assert (row.checker, row.pairs) == ("jax check_grads", 2)
    # What is not found counts as found at the largest error of the search.
    assert row.smallest == pytest.approx(1e-2 / 1e-5)
    assert row.median == pytest.approx((1e3 + LARGEST / 1e-5) / 2)


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
    (ax,) = paint(lambda fig: draw_curve(fig, table), (7.2, 4.4)).axes
    assert len(ax.get_lines()) >= 2 * len(FORMATS)


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
    assert said[0].startswith("check_gradient calls 0 of 4 correct gradients wrong")
    names = {table.name for table in gradient_check.tables(None)}
    assert {"false_positives", "mistakes_float64", "small_run", "bugs"} <= names
    assert "smallest_found" not in names
    assert [figure.name for figure in gradient_check.figures(None)] == ["found_and_rejected", "errors_by_size"]


def test_the_large_runs_are_used_where_they_are(without_large_runs):
    folder, found = without_large_runs
    large = found.assign(passed=found["passed"] * 2500, rejected=found["rejected"] * 2500)
    for name, kept in (("correct", large["kind"] == "correct"), ("wrong", large["kind"] != "correct")):
        (folder / f"{name}.csv").write_text(csv_text(large[kept]), encoding="utf-8")
    (folder / "limits.csv").write_text(csv_text(limits()), encoding="utf-8")
    (folder / "curve.csv").write_text(csv_text(curve()), encoding="utf-8")
    said = gradient_check.findings(None)
    assert said[0].startswith("check_gradient calls 0 of 10000 correct gradients wrong")
    assert not any("absent" in sentence for sentence in said)
    assert any("made with numdiff unknown" in sentence for sentence in said)
    assert any("times smaller" in sentence and "jax check_grads" in sentence for sentence in said)
    assert "smallest_found" in {table.name for table in gradient_check.tables(None)}
    assert "smallest_by_size" in {figure.name for figure in gradient_check.figures(None)}
    assert set(BY) <= set(large.columns)
