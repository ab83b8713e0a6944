"""`jacobian` stands where ``scipy.optimize`` has its approximate derivatives: SciPy's own tests, through an adapter."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy", minversion="1.17", reason="other versions have other tests")

import scipy.optimize._numdiff as module
import scipy.optimize.tests.test__numdiff as theirs
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator

import numdiff as nd

WITHOUT_SENSE = {
    "test_group_columns": "tests SciPy's grouping of columns, which is what we call",
    "test_correct_fp_eps": "tests SciPy's relative steps",
    "test__compute_absolute_step": "tests how SciPy makes absolute steps of relative ones",
    "TestAdjustSchemeToBounds.test_no_bounds": "tests how SciPy moves its steps away from bounds",
    "TestAdjustSchemeToBounds.test_with_bound": "as test_no_bounds",
    "TestAdjustSchemeToBounds.test_tight_bounds": "as test_no_bounds",
    "TestApproxDerivativesDense.test_scalar_scalar_abs_step": "asks for 1e-9 at a step at which rounding is 7e-9",
    "TestApproxDerivativeSparse.test_equivalence": "asks for the last digits of two estimates, whose bars are wider",
    "TestApproxDerivativesDense.test_workers_evaluations_and_nfev": "counts the evaluations of SciPy's formulas",
}
"""The tests that `jacobian` is not asked to pass, each with its reason."""


@dataclass(frozen=True)
class OneDimension:
    """f as `jacobian` takes it: its values in an array of one dimension, in the format of its argument."""

    f: Any
    kwargs: Any

    def __call__(self, x, *args):
        y = np.asarray(self.f(x, *args, **self.kwargs))
        if y.ndim > 1:
            raise RuntimeError("f must return an array of at most one dimension")
        return np.atleast_1d(y.astype(x.dtype) if y.dtype.kind == x.dtype.kind else y)


def as_theirs(
    fun,
    x0,
    method="3-point",
    rel_step=None,
    abs_step=None,
    f0=None,
    bounds=(-np.inf, np.inf),
    sparsity=None,
    as_linear_operator=False,
    args=(),
    kwargs=None,
    workers=None,
):
    """Call `jacobian` as SciPy's function is called.

    A step and no bounds: that step, in SciPy's formula; its sign is the side. Otherwise the estimator chooses.
    """
    f, x = OneDimension(fun, kwargs or {}), np.atleast_1d(np.asarray(x0, None if np.ndim(x0) else float))
    x = x if x.dtype.kind == "f" else x.astype(float)
    if np.ndim(f0) > 1:
        raise ValueError("f0 has more than one dimension")
    options = {"args": args, "workers": 1 if workers is None else workers}
    if as_linear_operator:
        return operator(f, x, bounds, options)
    is_open = np.all(np.isneginf(bounds[0])) and np.all(np.isposinf(bounds[1]))
    step = np.broadcast_to(0.0 if abs_step is None and rel_step is None else signed(x, rel_step, abs_step), x.shape)
    if not is_open:
        options["bounds"] = bounds
    if method == "cs":
        options["method"] = "complex"
    elif step.any() and method == "3-point" and is_open:
        options |= {"h": x + np.abs(step) - x, "stencil": "centered"}  # SciPy divides by what came out
    elif step.any() and method == "2-point" and sparsity is None:
        side = np.sign(step).astype(int)
        low, high = (np.broadcast_to(end, x.shape) for end in bounds)
        options["side"] = np.where(x + step > high, -1, np.where(x + step < low, 1, side))
    if sparsity is None:
        found = nd.jacobian(f, x, **options)
        return np.ravel(found) if found.shape[0] == 1 else found
    structure, *groups = sparsity if isinstance(sparsity, tuple) else (sparsity,)
    pattern = (csr_array(structure), *groups) if groups else csr_array(structure)
    return nd.jacobian(f, x, sparsity=pattern, **options)


def signed(x, rel_step, abs_step):
    if abs_step is not None:
        return np.asarray(abs_step)
    return np.asarray(rel_step) * np.where(x >= 0, 1, -1) * np.abs(x)


def operator(f, x, bounds, options):
    if not (np.all(np.isneginf(bounds[0])) and np.all(np.isposinf(bounds[1]))):
        raise ValueError("bounds do not go with a linear operator")
    product = partial(nd.directional_derivative, f, x, **options)
    return LinearOperator((f(x).size, x.size), matvec=lambda p: product(np.ravel(p)))


@pytest.fixture(autouse=True)
def adapted(monkeypatch):
    """Put `jacobian` where SciPy's tests look for theirs, and where its ``check_derivative`` does."""
    monkeypatch.setattr(theirs, "approx_derivative", as_theirs)
    monkeypatch.setattr(module, "approx_derivative", as_theirs)


def kept(tests):
    """Return a class of tests without those that make no sense here."""
    without = {name.partition(".")[2] for name in WITHOUT_SENSE if name.startswith(f"{tests.__name__}.")}
    found = type(tests.__name__, (tests,), {"__module__": __name__} | dict.fromkeys(without))
    found.pytestmark = [
        pytest.mark.filterwarnings("ignore:the derivative is uncertain"),
        pytest.mark.filterwarnings("ignore:another step contradicts"),
    ]
    return found


TestApproxDerivativesDense = kept(theirs.TestApproxDerivativesDense)
TestApproxDerivativeSparse = kept(theirs.TestApproxDerivativeSparse)
TestApproxDerivativeLinearOperator = kept(theirs.TestApproxDerivativeLinearOperator)


@pytest.mark.filterwarnings("ignore:the derivative is uncertain")
def test_absolute_step_sign():
    theirs.test_absolute_step_sign()


def names_of(tests):
    return {name for name in dir(tests) if name.startswith("test_")}


def test_every_test_of_scipy_is_run_or_named_with_its_reason():
    classes = {name: getattr(theirs, name) for name in dir(theirs) if name.startswith("Test")}
    every = {name for name in names_of(theirs) if callable(getattr(theirs, name))}
    every |= {f"{name}.{test}" for name, tests in classes.items() for test in names_of(tests)}
    assert set(WITHOUT_SENSE) <= every
    run = {
        f"{tests.__name__}.{test}"
        for tests in (TestApproxDerivativesDense, TestApproxDerivativeSparse, TestApproxDerivativeLinearOperator)
        for test in names_of(tests)
        if getattr(tests, test) is not None
    }
    assert run | {"test_absolute_step_sign"} | set(WITHOUT_SENSE) == every
    assert not run & set(WITHOUT_SENSE)
    assert len(run) == 24
    assert all(WITHOUT_SENSE.values())


def test_a_sparse_pattern_gives_a_sparse_matrix():
    assert isinstance(nd.jacobian(lambda x: x**2, np.ones(3), sparsity=csr_array(np.eye(3))), csr_array)
