"""An error of f's own stays what it is: advice is for what an array, or a wrong argument, has caused."""

from fractions import Fraction

import numpy as np
import pytest

import numdiff as nd
from numdiff.analysis.statistics import binomial_interval, binomial_limit, power_law


class BeyondTable(ValueError):
    """An error that only f knows."""


def table(x):
    if np.any((x > 1.4) & (x < 1.41)):
        raise BeyondTable("beyond the table")
    return x * x


@pytest.mark.parametrize("size", [10, 1001])
def test_an_error_at_some_values_is_not_taken_for_one_of_arrays(size):
    x = np.append(np.linspace(0.0, 3.0, size), [1.405, 3.0])
    with pytest.raises(BeyondTable, match="beyond the table"):
        nd.centered_difference(table, x, 1e-3)


def test_a_function_of_one_number_is_still_told_where_to_go():
    with pytest.raises(TypeError, match="elementwise=False"):
        nd.centered_difference(lambda x: x if x > 0 else -x, np.linspace(1.0, 2.0, 5), 1e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: nd.error_ledger(np.exp, 1.0, 0.25, derivative=3),
        lambda: nd.sweep(np.exp, 1.0, h=0.25, derivative=3),
        lambda: nd.ExactFunction(np.exp, 3),
    ],
)
def test_a_derivative_that_cannot_be_called_is_named(call):
    with pytest.raises(TypeError, match="derivative must be callable, got int 3"):
        call()


@pytest.mark.parametrize("domain", [3, (2.0, 1.0), (0.0, 1.0, 2.0), ("a", "b"), None, (0.0, float("nan"))])
@pytest.mark.parametrize("call", [nd.optimal_step, nd.sweep])
def test_a_domain_that_is_no_interval_is_named(call, domain):
    with pytest.raises((TypeError, ValueError), match="domain must be a pair of ends"):
        call(np.exp, 1.0, domain=domain)


def test_lengths_and_confidence_are_named():
    with pytest.raises(ValueError, match="values must be as many as n, got 3 and 4"):
        power_law([1, 2, 3, 4], [1, 2, 3])
    for function in (binomial_interval, binomial_limit):
        with pytest.raises(ValueError, match=r"confidence must lie between 0 and 1, got 1\.5"):
            function(1, 10, 1.5)


@pytest.mark.skipif("float80" not in nd.FORMATS, reason="longdouble is float64 here")
def test_steps_below_the_doubles_do_not_break_what_a_sweep_shows():
    result = nd.sweep(lambda x: x * x, Fraction(1, 10**400), dtype="float80", stencil="forward")
    assert "float80" in repr(result)
    assert (result.best["step"] > 0).all()
    assert len(result.order) == 1
