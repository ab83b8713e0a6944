"""`derivative` stands where ``scipy.differentiate.derivative`` stood: SciPy's own tests of it, through an adapter."""

import numpy as np
import pytest

pytest.importorskip("scipy", minversion="1.17", reason="other versions have other tests")

import scipy.differentiate.tests.test_differentiate as theirs

import numdiff as nd

WITHOUT_SENSE = {
    "test_vectorization": "compares `nit`, the number of iterations, and counts one more call for it",
    "test_flags": "asks for the codes with which SciPy's iteration ends: error increased, iterations used up",
    "test_flags_preserve_shape": "as test_flags, with preserve_shape",
    "test_preserve_shape": "f returns several values for one x: nd.jacobian",
    "test_convergence": "a tighter tolerance has to give a smaller error; here is none, and every value is as good",
    "test_step_parameters": "smaller steps have to give a smaller error in one iteration; steps are chosen here",
    "test_initial_step": "as test_step_parameters",
    "test_maxiter_callback": "counts the iterations and the evaluations of SciPy's algorithm",
    "test_input_validation": "asks for SciPy's words about its own arguments; ours are tested in test_derivative",
    "test_special_cases": "counts iterations; gives a step of 0, the side NaN, and `args` that is no tuple",
    "test_saddle_gh18811": "an expected failure in SciPy: it gives `atol`, which is no argument of SciPy's derivative",
}
"""The tests of ``TestDerivative`` that `derivative` is not asked to pass, each with its reason."""


def as_theirs(f, x, *, args=(), step_direction=0, callback=None, order=8):
    """Call `derivative` as SciPy's function is called; what it chooses itself is left out.

    The callback of the tests that are run looks at the fields of the result, and so does what follows in these tests.
    """
    result = nd.derivative(f, x, args=args, side=np.sign(np.asarray(step_direction)).astype(int))
    if callback is not None:
        callback(result)
    return result


@pytest.fixture(autouse=True)
def adapted(monkeypatch):
    """Put `derivative` where SciPy's tests look for theirs."""
    monkeypatch.setattr(theirs, "derivative", as_theirs)


@pytest.fixture
def xp():
    return np


Kept = type(
    "TestOfSciPy",
    (theirs.TestDerivative,),
    {"__module__": __name__} | dict.fromkeys(WITHOUT_SENSE),  # what is None is not collected
)
Kept.pytestmark = []  # which array libraries are skipped: here is NumPy alone
TestOfSciPy = Kept
del Kept


def names_of(tests):
    return {name for name in dir(tests) if name.startswith("test_")}


def test_every_test_of_scipy_is_run_or_named_with_its_reason():
    assert set(WITHOUT_SENSE) <= names_of(theirs.TestDerivative)
    run = {name for name in names_of(TestOfSciPy) if getattr(TestOfSciPy, name) is not None}
    assert run == {
        "test_basic",
        "test_accuracy",
        "test_step_direction",
        "test_vectorized_step_direction_args",
        "test_dtype",
    }
    assert run | set(WITHOUT_SENSE) == names_of(theirs.TestDerivative)
    assert all(WITHOUT_SENSE.values())
