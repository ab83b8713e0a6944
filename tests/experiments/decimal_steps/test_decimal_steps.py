"""The experiment on decimal steps keeps its promises on a small run."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from experiments.decimal_steps import decimal_steps
from experiments.decimal_steps.gains import errors_and_steps, gain
from experiments.registry import EXPERIMENTS
from numdiff.study.grids import DECIMAL_GRIDS
from tests.experiments.sentences import check_section, numbers_of
from tests.study.sweeps import run_sweeps

PROBLEMS = ("exp", "dumontet_vignes_log", "oliver_arsinh", "oscillation")
FORMATS = ("float16", "float32", "float64")


@cache
def measured():
    sweep = replace(decimal_steps.SWEEP, problems=PROBLEMS, formats=FORMATS)
    return run_sweeps([sweep], "arb", progress=False)["decimal_steps"]


@cache
def tables():
    return {table.name: table for table in decimal_steps.tables(measured())}


def gains(problem, at, method="centered", fmt="float64"):
    rows = decimal_steps.gains(measured()).set_index(["problem", "at", "method", "format"])
    return rows.loc[problem, at, method, fmt]


def shares(at, grid, method="centered"):
    frame = tables()["exactness"].frame
    chosen = frame[(frame["at"] == at) & (frame["grid"] == decimal_steps.WRITTEN[grid]) & (frame["method"] == method)]
    return chosen[list(FORMATS)].astype(float).to_numpy()


def test_the_experiment_is_in_the_registry_and_takes_all_decimal_grids():
    assert EXPERIMENTS["decimal_steps"] is decimal_steps.EXPERIMENT
    assert set(decimal_steps.WRITTEN) == set(DECIMAL_GRIDS) == set(decimal_steps.SWEEP.grids)


def test_tables_have_rows_and_no_undefined_cell():
    assert list(tables()) == ["by_format", "gains", "gains_of_other_steps", "exactness", "casting"]
    for table in tables().values():
        assert len(table.frame)
        assert "undefined" not in table.to_markdown()
        assert table.to_csv().count("\n") == len(table.frame) + 1


def test_the_section_of_the_report_names_every_grid():
    section = EXPERIMENTS["decimal_steps"].section(measured())
    for text in ("10⁻ᵏ", "powers of two", "(h + 1) − 1", "(x + h) − x", "(|x| + h) − |x|", "given"):
        assert text in section.method_note


def test_figures_have_data_and_draw():
    figures = decimal_steps.figures(measured())
    assert len(figures) == 2
    for figure in figures:
        assert len(figure.data)
        assert "<svg" in figure.to_svg()
        assert " nan" not in figure.alt + figure.caption


def test_findings_are_sentences_with_numbers():
    findings = decimal_steps.findings(measured())
    assert len(findings) >= 8
    for sentence in findings:
        assert sentence.endswith(".")
        assert not {"nan", "inf", "None"} & set(sentence.replace(",", " ").replace(")", " ").split()), sentence
        assert any(character.isdigit() for character in sentence)


def test_the_answer_has_the_gain_at_the_best_steps():
    best = decimal_steps.centered_rows(decimal_steps.gains(measured()), "float64")["best_representable"]
    numbers = numbers_of(decimal_steps.findings(measured())[0])
    assert numbers == [f"{best.median():.1f}"]


def test_summary_has_a_row_for_each_format_with_the_median_over_the_points():
    frame = tables()["by_format"].frame.set_index("format")
    assert list(frame.index) == list(FORMATS)
    left = decimal_steps.centered_rows(decimal_steps.gains(measured()), "float64")["left_representable"]
    assert frame.loc["float64", "left_median"] == left.median()
    assert frame.loc["float64", "left_largest"] == left.max()


def test_bars_count_the_cells_of_every_kind_of_step():
    frame = decimal_steps.exact_nodes(decimal_steps.at_points(measured().records)).set_index("step")
    assert len(frame) == len(DECIMAL_GRIDS)
    near = decimal_steps.within(decimal_steps.at_points(measured().records))
    decimal = near[(near["grid"] == "decimal") & (near["method"] == "centered")]
    assert frame.loc["h = 10⁻ᵏ", "cells"] == len(decimal)
    assert frame.loc["h = 10⁻ᵏ", "exact"] == (decimal["abscissa"] == 0).sum()
    assert frame.loc["(|x| + h) − |x|", "share"] == 100


@pytest.mark.parametrize("at", [0.1, 0.5, 2.0, 1.0, 10.0, 0.75, -2.0, 5.0])
@pytest.mark.parametrize("method", ["forward", "centered"])
def test_representable_outward_steps_and_powers_of_two_have_exact_nodes_everywhere(at, method):
    for grid in ("representable_outward", "nearest_power"):
        share = shares(at, grid, method)
        assert len(share) >= 1
        assert (share[np.isfinite(share)] == 1).all()


def test_representable_step_is_exact_on_one_side_only():
    assert (shares(-2.0, "representable", "forward") == 1).all()
    assert (shares(-2.0, "representable") < 1).any()
    assert (shares(5.0, "representable") == 1).all()


def test_trick_without_x_misses_beyond_1():
    assert (shares(10.0, "representable_at_1")[:, 1:] < 0.5).all()
    assert (shares(0.5, "representable_at_1") == 1).all()


def test_representable_step_pays_where_f_is_ill_conditioned_and_only_left_of_the_optimum():
    assert gains("dumontet_vignes_log", 1.0)["left_representable"] > 1
    for problem, at in (("exp", 0.1), ("exp", 0.5), ("oliver_arsinh", 0.75)):
        row = gains(problem, at)
        assert row["condition"] < 1
        assert abs(row["left_representable"]) < 0.2
    rows = decimal_steps.gains(measured())
    right = rows[rows["format"] == "float64"]["right_representable"].dropna()
    assert len(right)
    # An exact node moves h by u|x|/h at most, and the truncation error by twice that; median over the steps.
    assert right.abs().max() < 1e-5


def test_a_step_without_a_result_counts_as_the_worst_and_an_exact_result_is_left_out():
    """Caught: medians over the steps that had a result called (h + 1) − 1, which gives 0 for small h, a gain."""
    rows = [
        # k, grid, status, failures, RMS error
        (1, "decimal", "ok", 0, 1e-3),
        (1, "representable", "ok", 0, 1e-4),
        (2, "decimal", "ok", 0, 1e-2),
        (2, "representable", "absorbed", 0, 1e-9),
        (3, "decimal", "ok", 0, 1e-1),  # the other step is 0 there, and has no cell
        (4, "decimal", "absorbed", 0, 1.0),
        (4, "representable", "ok", 0, 1e-5),
        (5, "decimal", "ok", 0, 1.0),
        (5, "representable", "ok", 0, 0.0),
    ]
    frame = pd.DataFrame(rows, columns=["k", "grid", "status", "failures", "rms_error"])
    frame = frame.assign(problem="exp", at=1.0, method="centered", format="float64", step_value=0.5)
    error, step = errors_and_steps(frame)
    assert error["decimal"].tolist() == [1e-3, 1e-2, 1e-1, 1.0]
    assert error["representable"].fillna(-1).tolist() == [1e-4, np.inf, np.inf, -1]
    assert (step["representable"] == 0.5).all()
    assert gain(error, "representable").tolist() == [-np.inf]
    assert gain(error[:1], "representable").tolist() == pytest.approx([1.0])


def test_condition_is_that_of_the_function():
    assert gains("exp", 0.5)["condition"] == pytest.approx(0.5, rel=2.0**-50)
    assert gains("dumontet_vignes_log", 10.0)["condition"] == pytest.approx(1 / np.log(10), rel=2.0**-50)
    assert gains("dumontet_vignes_log", 1.0)["condition"] == np.inf


def test_powers_of_two_pay_where_f_rounds_its_own_argument():
    row = gains("oscillation", 1.0)
    assert row["left_nearest_power"] > row["left_representable"] + 1


def test_casting_table_tells_the_traps():
    frame = tables()["casting"].frame.set_index("h")
    assert frame.loc["1e-8", "float16"] == "becomes 0"
    assert 0.1 < frame.loc["1e-7", "float16"] < 0.25
    # 10⁻ᵏ is no binary number, and a cast of a normal number moves it by at most u.
    assert all(0 < shift <= 2.0**-24 for shift in frame["float32"])
    assert frame.loc["1e-8", "float32"] == pytest.approx(abs(float(np.float32(1e-8)) / 1e-8 - 1), rel=1e-6)
    assert all(0 < shift <= 2.0**-53 for shift in frame["float64"])


def test_abscissa_of_decimal_steps_is_as_large_as_its_unit_says():
    """|abscissa| is at most u|x ± h||f′| / h for each node, and 0 for few of them."""
    near = decimal_steps.within(decimal_steps.at_points(measured().records))
    part = near[(near["grid"] == "decimal") & (near["problem"] == "exp") & (near["format"] == "float64")]
    slope = np.exp(part["x_value"] + part["step_value"])
    bound = 2.0**-53 * (part["x_value"] + part["step_value"]) * slope / part["step_value"]
    assert (part["abscissa"].abs() <= bound * (1 + 2.0**-40)).all()
    assert (part["abscissa"].abs() > bound / 1000).mean() > 0.8


def test_the_section_can_be_read_by_its_readers():
    check_section(EXPERIMENTS["decimal_steps"].section(measured()))
