"""A problem, or a Function of Variables, goes where a function does."""

from dataclasses import replace

import numpy as np
import pytest
from mpmath import mp

import numdiff as nd

PROBLEM = nd.PROBLEMS["exp"]


@pytest.mark.parametrize(
    "call",
    [
        lambda f: nd.centered_difference(f, 0.5, 0.25),
        lambda f: nd.complex_step(f, 0.5, 0.25),
        lambda f: nd.difference(f, [0.5, 1.0], 0.25, "centered4", dtype="float16"),
        lambda f: nd.gradient(f, 0.5),
        lambda f: nd.jacobian(f, np.array([0.5, 1.0])),
        lambda f: nd.check_gradient(f, f, 0.5),
        lambda f: nd.error_bounds(f, 0.5, 0.25),
        lambda f: nd.error_ledger(f, 0.5, [0.25, 2.0**-20]).total,
        lambda f: nd.optimal_step(f, 0.5),
        lambda f: nd.rounded(f)(np.array([0.5])),
    ],
)
def test_a_problem_goes_where_its_function_does(call):
    np.testing.assert_equal(repr(call(PROBLEM)), repr(call(PROBLEM.f)))


@pytest.mark.parametrize(
    "call",
    [
        lambda f: nd.error_bounds(f, 0.5, 0.25),
        lambda f: nd.error_ledger(f, 0.5, 0.25).total,
        lambda f: nd.optimal_step(f, 0.5),
    ],
)
def test_a_function_of_variables_goes_where_it_is_traced(call):
    np.testing.assert_equal(repr(call(nd.Exp())), repr(call(nd.on_arrays(nd.Exp()))))


def test_a_problem_brings_its_derivative_and_no_other_is_taken_beside_it():
    with pytest.raises(ValueError, match="derivative"):  # that it is not f' is seen, so it was taken
        nd.error_ledger(replace(PROBLEM, derivative=np.sin), 0.5, 0.25)
    for call in (nd.sweep, nd.error_ledger):
        with pytest.raises(ValueError, match="derivative must be left out where f is a Problem"):
            call(PROBLEM, 0.5, 0.25, derivative=np.exp)


def test_a_problem_takes_no_further_arguments():
    for call in (nd.sweep, nd.error_ledger, nd.error_bounds):
        with pytest.raises(ValueError, match="args must be empty where f is a Problem"):
            call(PROBLEM, 0.5, 0.25, args=(2,))


def test_the_step_of_a_problem_stays_in_its_domain():
    narrow = replace(PROBLEM, points=(0.5,), domain=(0.4375, 0.5625))
    free, bound = nd.optimal_step(PROBLEM, 0.5, dtype="bfloat16"), nd.optimal_step(narrow, 0.5, dtype="bfloat16")
    assert free.step > 0.0625 >= bound.step
    assert bound.step == nd.optimal_step(PROBLEM.f, 0.5, dtype="bfloat16", domain=narrow.domain).step
    with pytest.raises(ValueError, match="domain must overlap that of the problem"):
        nd.optimal_step(narrow, 0.5, domain=(1.0, 2.0))


def test_what_sees_inside_f_refuses_a_problem_that_is_known_by_its_twin():
    twin = replace(PROBLEM, derivative=None, exact=(mp.exp, mp.exp))
    assert nd.error_ledger(twin, 0.5, 0.25).state == "given"
    for call in (nd.error_bounds, nd.optimal_step):
        arguments = (twin, 0.5, 0.25) if call is nd.error_bounds else (twin, 0.5)
        with pytest.raises(
            TypeError, match=r"f must be a formula that can be traced in .* error_ledger and sweep take"
        ):
            call(*arguments)
