"""A sweep measures special functions where SciPy computes them, and skips the rest with the reason."""

import numpy as np
import pytest
import scipy.special

from numdiff.arithmetic.numpy_functions import outside_format
from numdiff.problems import PROBLEMS, SPECIAL
from numdiff.study.measure import measure
from numdiff.study.sweep import Sweep, plan

NAMES = tuple(problem.name for problem in SPECIAL)


@pytest.mark.parametrize("name", NAMES)
def test_formats_that_scipy_does_not_compute_in_are_skipped_with_the_reason(name):
    sweep = Sweep(
        "special", (name,), ("centered",), first_step=8, last_step=9, formats=("float16", "float32", "float64")
    )
    planned = plan(PROBLEMS[name], sweep)
    measured = {batch.format.name for batch in planned.batches}
    assert measured == ({"float64"} if name == "lambert_w" else {"float32", "float64"})
    assert all(skip.reason.startswith("scipy.special.") for skip in planned.skips)
    assert {skip.format for skip in planned.skips} == {"float16", "float32", "float64"} - measured


@pytest.mark.parametrize("name", ["gelu", "bessel_j0", "log_gamma", "lambert_w"])
def test_both_engines_measure_the_same_records_within_the_bounds(name):
    sweep = Sweep(
        "special", (name,), ("forward", "centered"), ("float64",), first_step=4, last_step=12, all_points=True
    )
    mpmath, _ = measure(plan(PROBLEMS[name], sweep), "mpmath")
    arb, _ = measure(plan(PROBLEMS[name], sweep), "arb")
    assert len(mpmath) > 30
    assert (mpmath["status"] == "ok").all()
    for column in ("truncation", "abscissa", "evaluation", "combination", "total"):
        assert (mpmath[column] == arb[column]).all()
    assert (mpmath["total"].abs() <= mpmath["total_bound"]).all()
    assert np.isfinite(mpmath["total_bound"]).mean() > 0.8


def test_complex_step_and_rounded_arithmetic_are_skipped():
    sweep = Sweep("special", ("gelu",), ("complex_step",), ("float64",), arithmetics=("rounded",))
    assert {skip.reason for skip in plan(PROBLEMS["gelu"], sweep).skips} == {"no complex step through special.ndtr"}
    sweep = Sweep("special", ("gelu",), ("centered",), ("float64",), arithmetics=("rounded",))
    planned = plan(PROBLEMS["gelu"], sweep)
    assert not planned.batches
    assert {skip.reason for skip in planned.skips} == {"scipy.special.ndtr has no correctly rounded version"}


def test_formats_of_a_function_are_those_that_scipy_has_loops_for():
    assert outside_format(scipy.special.expit, "float80") == ""
    assert outside_format(np.sinc, "float16") == ""
    assert outside_format(lambda x: scipy.special.jv(2, x), "float16") == ""  # nothing is known of it
    reason = "scipy.special.erf computes in float32 and float64, not in float80"
    assert outside_format(scipy.special.erf, "float80") == reason
