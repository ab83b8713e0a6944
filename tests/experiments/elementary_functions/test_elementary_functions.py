"""What the library's ulps cost: the measurement of the ulps, and the comparison of the two arithmetics."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from experiments.command import parser, partial_command
from experiments.elementary_functions import elementary_functions as module
from experiments.elementary_functions import ulps
from experiments.frames import RUN, optima
from experiments.registry import EXPERIMENTS
from numdiff.arithmetic.rounded import rounded
from numdiff.floats.formats import FORMATS
from tests.experiments.sentences import check_section, numbers_of
from tests.study.sweeps import run_sweeps

PROBLEMS = ("exp", "gsl_gaussian", "nash_log_near_zero")


@cache
def measured():
    sweep = replace(module.SWEEP, problems=PROBLEMS, formats=("float16", "float32", "float64"))
    return run_sweeps([sweep], "arb", progress=False)[sweep.name]


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    monkeypatch.setattr(ulps, "SAMPLES", 48)
    module.digest.cache_clear()
    yield
    module.digest.cache_clear()


@pytest.mark.parametrize("name", ulps.FUNCTIONS)
def test_correctly_rounded_functions_are_within_half_an_ulp(name, monkeypatch):
    # The enclosures of the measurement are not those of the rounding: another precision, another rounder.
    monkeypatch.setattr(ulps, "FUNCTIONS", {name: rounded(ulps.FUNCTIONS[name])})
    for fmt in FORMATS.values():
        errors = ulps.errors_in_ulps(name, fmt)
        assert len(errors) == ulps.SAMPLES
        assert max(errors) <= ulps.HALF
        assert max(errors) > 0.3  # as many errors as are here come near to the half


def test_a_value_that_is_moved_by_an_ulp_is_seen(monkeypatch):
    fmt = FORMATS["float32"]
    fair = rounded(np.exp)
    monkeypatch.setattr(ulps, "FUNCTIONS", {"exp": fair})
    before = ulps.errors_in_ulps("exp", fmt)
    monkeypatch.setattr(
        ulps,
        "FUNCTIONS",
        {"exp": lambda x: np.nextafter(fair(x), np.float32(np.inf)) if isinstance(x, np.ndarray) else fair(x)},
    )
    after = ulps.errors_in_ulps("exp", fmt)
    changes = np.abs(np.array(after) - np.array(before))
    assert max(after) > 1
    # From e below to 1 + e above or from e above to 1 - e below; exactly at a power of 2 the spacing is doubled.
    assert np.allclose(np.minimum(np.abs(changes - 1), np.abs(np.array(after) + before - 1)), 0, atol=2.0**-20)


def test_every_argument_is_in_the_domain_and_no_two_are_alike():
    for name, function in ulps.FUNCTIONS.items():
        x = ulps.arguments(name, FORMATS["float64"])
        assert len(set(x.tolist())) == ulps.SAMPLES
        assert np.isfinite(function(x)).all()


def test_cells_of_both_arithmetics_are_compared_one_to_one():
    both = module.pairs(measured().records)
    assert len(both) > 50
    assert (both["arithmetic"] == "rounded").all()
    assert (both["arithmetic_platform"] == "platform").all()
    assert (both["step"] == both["step_platform"]).all()
    assert (both["truncation"] == both["truncation_platform"]).all()
    best = optima(measured().records.query("arithmetic == 'rounded'")).set_index(RUN)["step_value"]
    assert (both.groupby(RUN)["step_value"].max() == best.loc[both.groupby(RUN).size().index]).all()


def test_costs_are_ratios_of_root_mean_squares():
    frame = module.costs(measured().records).set_index(RUN)
    both = module.pairs(measured().records).set_index(RUN)
    for key, row in frame.iterrows():
        cells = both.loc[[key]]
        squares = [((cells[f"rms_error{s}"] * cells["step_value"]) ** 2).sum() for s in ("_platform", "")]
        # Square roots, a quotient and a logarithm, and sums of as many squares in any order.
        assert row["bits"] == pytest.approx(np.log2(squares[0] / squares[1]) / 2, abs=len(cells) * 2.0**-50)
        assert row["other"] == (cells["computed"] != cells["computed_platform"]).mean()


def test_exact_functions_cost_nothing_and_worse_ones_cost_bits():
    records = measured().records.copy()
    rounded_cells = records[records["arithmetic"] == "rounded"]
    same = module.costs(stacked(rounded_cells, rounded_cells.assign(arithmetic="platform")))
    assert (same[["bits", "bits_at_best", "other"]] == 0).all(axis=None)
    worse = rounded_cells.assign(arithmetic="platform", rms_error=4 * rounded_cells["rms_error"])
    found = module.costs(stacked(rounded_cells, worse))
    assert (found[["bits", "bits_at_best"]] == 2).all(axis=None)


def stacked(*frames):
    return pd.concat(frames, ignore_index=True)


def test_tables_findings_and_figures_hold_together():
    experiment = EXPERIMENTS["elementary_functions"]
    tables = {table.name: table for table in experiment.tables(measured())}
    assert list(tables) == ["factor_by_format", "factor_by_function", "largest_errors", "not_nearest", "costs"]
    for table in tables.values():
        assert "undefined" not in table.to_markdown()
    assert len(tables["factor_by_function"].frame) == len(PROBLEMS)
    findings = experiment.findings(measured())
    assert len(findings) >= 3
    for sentence in findings:
        assert sentence.endswith(".")
        assert not {"nan", "inf", "None"} & set(sentence.replace(",", " ").split()), sentence
    assert str(int((measured().records["arithmetic"] == "rounded").sum())) in findings[-1]
    for figure in experiment.figures(measured()):
        assert len(figure.data)
        assert figure.to_svg().startswith("<?xml")


def test_the_answer_is_the_largest_factor_of_any_function():
    costs = module.costs(measured().records)
    largest, median = numbers_of(module.findings(measured())[0])
    assert float(largest) == pytest.approx(2 ** costs["bits"].max(), abs=0.05)
    assert float(median) == pytest.approx(2 ** costs.groupby("format")["bits"].median().max(), abs=0.005)


def test_factors_are_powers_of_the_bits():
    short = module.summary(module.costs(measured().records))
    table = module.factors(short)
    assert np.allclose(np.log2(table["largest"]), short["most_bits"], atol=2.0**-50)
    assert np.allclose(np.log2(table["median_at_best"]), short["bits_at_best"], atol=2.0**-50)


def test_formats_in_which_no_result_differs_are_left_out_of_the_picture():
    first, second = EXPERIMENTS["elementary_functions"].figures(measured())
    short = module.summary(module.costs(measured().records)).set_index("format")
    assert set(first.data["format"]) == {name for name in short.index if short.loc[name, "other"] > 0}
    assert "float16" not in set(first.data["format"])
    assert "float16" in first.caption
    assert first.alt != second.alt


def test_every_experiment_can_be_asked_for_correctly_rounded():
    for experiment in EXPERIMENTS.values():
        expected = ("platform", "rounded") if experiment.name == "elementary_functions" else ("rounded",)
        assert {sweep.arithmetics for sweep in experiment.correctly_rounded().sweeps} <= {expected}
        assert len(experiment.correctly_rounded().sweeps) == len(experiment.sweeps)
    options = parser(EXPERIMENTS).parse_args(["composition", "--quick", "--arithmetic", "rounded"])
    assert partial_command(options) == "python -m experiments composition --quick --arithmetic rounded"


def test_higher_orders_are_presented_without_the_complex_step():
    experiment = EXPERIMENTS["higher_order"].correctly_rounded()
    sweep = replace(experiment.sweeps[0], problems=("exp", "runge"), formats=("float16", "float64"))
    result = run_sweeps([sweep], "arb", progress=False)["higher_order"]
    assert "complex_step" not in set(result.records["method"])
    assert not any("complex step" in sentence for sentence in experiment.findings(result))
    assert len(experiment.figures(result)) == 2


def test_the_section_can_be_read_by_its_readers():
    check_section(EXPERIMENTS["elementary_functions"].section(measured()))
