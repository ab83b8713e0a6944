"""What the pages of functions say: steps against their formulas, and the data files."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from experiments.functions import core_data, facts_of, function_files, steps_of, textbook_step
from experiments.step_sweep.step_sweep import SWEEP
from tests.study.sweeps import run_sweeps

PROBLEMS = ("exp", "saito_parabola", "signed_square")
"""A regular function, one whose third derivative is 0, one with a kink at its point."""
FORMATS = ("bfloat16", "float16", "float64")


@cache
def measured():
    return run_sweeps([replace(SWEEP, problems=PROBLEMS, formats=FORMATS)], "arb", progress=False)


def records():
    return measured()["step_sweep"].records


@pytest.mark.parametrize("fmt", [np.float16, np.float32, np.float64])
def test_textbook_steps_are_two_roots_of_the_unit_roundoff(fmt):
    """f = f″ = f‴ for the exponential function."""
    u = float(np.finfo(fmt).eps) / 2
    assert textbook_step("exp", "forward", fmt.__name__) == pytest.approx(2 * math.sqrt(u), rel=1e-14)
    assert textbook_step("exp", "centered", fmt.__name__) == pytest.approx(math.cbrt(3 * u), rel=1e-14)


def test_textbook_steps_minimise_the_two_terms():
    """Of tanh at 1/2: no smaller sum of both terms at a step a little longer or shorter."""
    value, slope = math.tanh(0.5), 1 - math.tanh(0.5) ** 2
    second, u = -2 * value * slope, 2.0**-53

    def two_terms(h):
        return h / 2 * abs(second) + 2 * u / h * abs(value)

    step = textbook_step("tanh", "forward", "float64")
    assert two_terms(step) < min(two_terms(step * 1.001), two_terms(step / 1.001))


def test_there_is_no_textbook_step_where_a_derivative_is_missing_or_0():
    assert math.isnan(textbook_step("saito_parabola", "centered", "float64"))
    assert math.isnan(textbook_step("signed_square", "forward", "float64"))
    steps = steps_of(records()).set_index(["problem", "method", "format"])
    assert steps.loc[("saito_parabola", "centered", "float64"), "textbook_step"] is None
    assert steps.loc[("signed_square", "forward", "float64"), "digits"] is None


def test_best_and_predicted_steps_are_those_of_the_records():
    steps = steps_of(records()).set_index(["problem", "method", "format"])
    cells = records().query("problem == 'exp' and method == 'centered' and format == 'float64' and grid == 'generic'")
    usable = cells[(cells["status"] == "ok") & (cells["failures"] == 0)]
    best = usable.loc[usable["rms_error"].idxmin()]
    row = steps.loc[("exp", "centered", "float64")]
    assert row["best_step"] == best["step_value"]
    assert row["predicted_step"] == best["predicted_step"]
    assert row["digits"] == pytest.approx(-math.log10(best["rms_error"] / best["reference"]), abs=1e-12)


def test_every_measured_function_has_a_page_and_no_other_has():
    assert list(function_files(measured())) == [f"functions/{name}.md" for name in ("README", *PROBLEMS)]
    assert function_files({}) == core_data({}) == {}
    assert [fact.name for fact in facts_of(records())] == list(PROBLEMS)


def test_data_files_have_every_cell_and_add_up_to_the_total():
    truncation, generic, roundoff = core_data(measured())["step_sweep"]
    assert [table.name for table in (truncation, generic, roundoff)] == ["truncation", "generic_truncation", "roundoff"]
    cells = records().query("grid == 'generic'")
    assert len(generic.frame) == len(roundoff.frame) == len(cells.drop_duplicates(["problem", "method", "k"]))
    keys = ["problem", "method", "k"]
    both = generic.frame.merge(roundoff.frame, on=keys, suffixes=("", "_roundoff"))
    total = cells[(cells["format"] == "float64") & (cells["status"] == "ok")].set_index(keys)["total"]
    checked = 0
    for row in both.to_dict("records"):
        if isinstance(row["float64_roundoff"], float):
            expected = total[row["problem"], row["method"], row["k"]]
            assert row["float64"] + row["float64_roundoff"] == pytest.approx(expected, rel=1e-12, abs=1e-300)
            checked += 1
    assert checked == len(total)
    dyadic = records().query("grid == 'dyadic' and format == 'float64' and method == 'forward'")
    assert truncation.frame["forward"].tolist() == dyadic["truncation"].tolist()
