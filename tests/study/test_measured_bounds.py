"""The bounds in the records: every record of every experiment's problems stays within them."""

import numpy as np
import pandas as pd
import pytest

from numdiff.problems import PROBLEMS, general_problems
from numdiff.study.measure import measure
from numdiff.study.records import BOUNDS
from numdiff.study.sweep import Sweep, plan

FORMATS = ("float16", "bfloat16", "float32", "float64", "float80")


def exceeded(records: pd.DataFrame) -> int:
    """How many errors are larger than their bound; an error that is missing is not."""
    over = [(records[name.removesuffix("_bound")].abs() > records[name]).sum() for name in BOUNDS]
    return int(sum(over) + (records["total"].abs() > records["a_priori_bound"]).sum())


@pytest.mark.parametrize("name", general_problems())
def test_no_record_of_a_problem_exceeds_a_bound(name: str) -> None:
    """Both grids, all points, every step of the experiments' sweeps, in the quick form of two formulas."""
    records, _ = measure(plan(PROBLEMS[name], Sweep("s", (name,), formats=FORMATS)), "arb")
    assert len(records) > 100
    assert exceeded(records) == 0


@pytest.mark.parametrize("name", ["exp", "runge", "squire_trapp_power"])
def test_halved_bounds_are_exceeded(name: str) -> None:
    records, _ = measure(plan(PROBLEMS[name], Sweep("s", (name,), formats=FORMATS)), "arb")
    assert exceeded(records.assign(**{name: records[name] / 2 for name in BOUNDS})) > 0


@pytest.mark.parametrize("name", ["exp", "runge", "nash_log_near_zero", "squire_trapp_power"])
def test_no_record_of_any_method_exceeds_a_bound(name: str) -> None:
    methods = ("backward", "forward2", "centered4", "centered8", "centered_richardson2", "second_centered")
    records, _ = measure(
        plan(PROBLEMS[name], Sweep("s", (name,), methods, FORMATS, ("generic",), all_points=True)), "arb"
    )
    assert exceeded(records) == 0
    assert np.isfinite(records.loc[records["status"] == "ok", "total_bound"]).mean() > 0.6


def test_the_complex_step_has_the_bounds_that_it_can_have() -> None:
    records, _ = measure(plan(PROBLEMS["exp"], Sweep("s", ("exp",), ("complex_step",), FORMATS, ("generic",))), "arb")
    assert len(records)
    assert exceeded(records) == 0
    assert (records["abscissa_bound"] == 0).all()
    assert np.isfinite(records["combination_bound"]).all()
    assert np.isinf(records[["truncation_bound", "evaluation_bound", "total_bound", "a_priori_bound"]]).all(axis=None)


def test_no_bound_is_missing_from_a_record() -> None:
    """Where there is none it is infinite, never NaN, whatever became of the cell."""
    records, _ = measure(plan(PROBLEMS["sigmoid"], Sweep("s", ("sigmoid",), formats=FORMATS, all_points=True)), "arb")
    assert (records["status"] != "ok").any()
    assert records[[*BOUNDS, "a_priori_bound"]].notna().all(axis=None)
    assert (records[[*BOUNDS, "a_priori_bound"]] >= 0).all(axis=None)
