"""How fast derivatives of many variables are beside the libraries that find their own steps, and how exact.

One run measures all in turns, and checks in the same run that the largest error, relative to the largest derivative, is
no larger than that of the library, or that of twelve digits. SciPy's three-point formula is no such library: what the
bars and the digits cost beside it has a limit of its own. Batches may not be slower than one point at a time.
"""

import warnings
from collections.abc import Callable
from functools import cache, partial
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import pytest

import numdiff as nd
from bench.interleave import interleaved, median_ratio
from numdiff.floats.formats import FORMATS
from numdiff.gradients.arrays import ArrayFunction
from numdiff.gradients.lines import coordinates

EQUAL = 1.1
"""Errors that differ by less than a tenth are equal."""
ENOUGH = 1e-12
"""Where all have twelve digits, the faster one is the better one."""


def rosenbrock(x: np.ndarray) -> Any:
    """Return Σ 100·(xₖ₊₁ − xₖ²)² + (1 − xₖ)²."""
    a, b = x[..., 1:] - x[..., :-1] ** 2, 1.0 - x[..., :-1]
    return 100.0 * np.vecdot(a, a) + np.vecdot(b, b)


def gradient_of_rosenbrock(x: np.ndarray) -> np.ndarray:
    a, b, found = x[1:] - x[:-1] ** 2, 1.0 - x[:-1], np.zeros_like(x)
    found[1:] += 200.0 * a
    found[:-1] -= 400.0 * a * x[:-1] + 2.0 * b
    return found


def hessian_of_rosenbrock(x: np.ndarray) -> np.ndarray:
    from scipy.optimize import rosen_hess

    return rosen_hess(x)


def layer(x: np.ndarray) -> Any:
    """Return tanh(A·x) with 2n values."""
    return np.tanh(_matrix(x.size) @ x)


def jacobian_of_layer(x: np.ndarray) -> np.ndarray:
    matrix = _matrix(x.size)
    return matrix / np.cosh(matrix @ x)[:, None] ** 2


def squares(x: np.ndarray) -> Any:
    return x * x


@cache
def _matrix(n: int) -> np.ndarray:
    return np.random.default_rng(n).normal(size=(2 * n, n)) / n


class Case(NamedTuple):
    """A function, its derivatives, ours and theirs."""

    f: Callable[[Any], Any]
    exact: Callable[[np.ndarray], np.ndarray]
    ours: Callable[..., Any]
    theirs: Callable[..., Any]


def numdifftools(kind: str, f: Callable[[Any], Any], x: np.ndarray) -> Any:
    import numdifftools

    return getattr(numdifftools, kind)(f)(x)


def jacobi(f: Callable[[Any], Any], x: np.ndarray) -> Any:
    from jacobi import jacobi as theirs

    return theirs(f, x)[0]


def three_points(f: Callable[[Any], Any], x: np.ndarray) -> Any:
    from scipy.optimize._numdiff import approx_derivative

    return approx_derivative(f, x, method="3-point")


def jax_grad(f: Callable[[Any], Any], x: np.ndarray) -> Any:
    import jax

    return np.asarray(jax.grad(f)(x))


CASES = {
    "gradient/Gradient of numdifftools": Case(
        rosenbrock, gradient_of_rosenbrock, nd.gradient, partial(numdifftools, "Gradient")
    ),
    "gradient/jacobi": Case(rosenbrock, gradient_of_rosenbrock, nd.gradient, jacobi),
    "jacobian/Jacobian of numdifftools": Case(layer, jacobian_of_layer, nd.jacobian, partial(numdifftools, "Jacobian")),
    "jacobian/jacobi": Case(layer, jacobian_of_layer, nd.jacobian, jacobi),
    "hessian/Hessian of numdifftools": Case(
        rosenbrock, hessian_of_rosenbrock, nd.hessian, partial(numdifftools, "Hessian")
    ),
}
SIZES = (5, 20)
LIMITS = {
    "gradient/Gradient of numdifftools": (4.0, 1.2),
    "gradient/jacobi": (1.7, 0.6),
    "jacobian/Jacobian of numdifftools": (2.5, 3.5),
    "jacobian/jacobi": (1.6, 1.6),
    "hessian/Hessian of numdifftools": (1.5, 0.8),
}
"""Of the time of the library, for both sizes. On a busy machine 1.6 to 2.7 and 0.3 were measured, 1.0 and 0.2, 1.7
and 2.1, 1.0 and 0.9, 0.9 and 0.4: half as much again, at least. Below some hundred derivatives the calls of NumPy
cost more than the evaluations, 60 of ours where numdifftools has 151."""


def error_of(found: Any, exact: np.ndarray) -> float:
    """Return the largest error beside the largest derivative."""
    return float(np.abs(np.asarray(found) - exact).max() / np.abs(exact).max())


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", CASES)
def test_derivatives_are_faster_than_a_library_that_is_no_more_exact(benchmark, name, n):
    pytest.importorskip("numdifftools" if "numdifftools" in name else "jacobi")
    case, x = CASES[name], np.random.default_rng(n).uniform(0.5, 0.9, n)
    ours, theirs = partial(case.ours, case.f, x), partial(case.theirs, case.f, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        errors = error_of(ours(), case.exact(x)), error_of(theirs(), case.exact(x))
        assert errors[0] <= max(EQUAL * errors[1], ENOUGH)
        times = interleaved({"ours": ours, "theirs": theirs}, 40 if n < 10 else 15)
    benchmark.pedantic(ours, rounds=3)
    for candidate, seconds in times.items():
        benchmark.extra_info[f"median_microseconds_{candidate}"] = 1e6 * median(seconds)
    benchmark.extra_info.update(errors=errors, gate=f"{name}, n = {n}", sense="<=")
    benchmark.extra_info.update(ratio=median_ratio(times, "ours", "theirs"), limit=LIMITS[name][SIZES.index(n)])


@pytest.mark.parametrize("f", [layer, squares], ids=["dense", "diagonal"])
def test_a_jacobian_with_bars_costs_a_bounded_multiple_of_three_points(benchmark, f):
    pytest.importorskip("scipy")
    n = 100
    x = np.random.default_rng(n).uniform(0.5, 0.9, n)
    exact = jacobian_of_layer(x) if f is layer else np.diag(2 * x)
    ours, theirs = partial(nd.jacobian, f, x), partial(three_points, f, x)
    assert error_of(ours(), exact) <= EQUAL * error_of(theirs(), exact)
    times = interleaved({"ours": ours, "theirs": theirs}, 9)
    benchmark.pedantic(ours, rounds=3)
    kind, limit = ("dense", 85.0) if f is layer else ("diagonal", 22.0)  # 45 to 59 and 14 were measured
    gate = f"jacobian of a {kind} matrix, n = {n}: jacobian/three points of SciPy"
    benchmark.extra_info.update(gate=gate, ratio=median_ratio(times, "ours", "theirs"), limit=limit, sense="<=")


def test_a_gradient_is_as_exact_as_back_propagation(benchmark):
    pytest.importorskip("jax", reason="JAX is not installed: make experiments-ml has it")
    import jax

    n = 20
    x = np.random.default_rng(n).uniform(0.5, 0.9, n)
    with jax.enable_x64(True):
        theirs = partial(jax_grad, lambda x: jax.numpy.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), x)
        assert error_of(nd.gradient(rosenbrock, x), theirs()) <= ENOUGH
        times = interleaved({"ours": partial(nd.gradient, rosenbrock, x), "theirs": theirs}, 5)
    benchmark.pedantic(partial(nd.gradient, rosenbrock, x), rounds=3)
    benchmark.extra_info["ratio_to_jax_grad"] = median_ratio(times, "ours", "theirs")


BATCHES = {100: 0.3, 1000: 0.6, 10_000: 1.25, 100_000: 1.25}
"""Of the time of single points. From n = 7936 on a batch holds one point: with more, the arrays that f makes of it are
larger than 128 KiB, which the C library takes from the system each time; NumPy takes somewhat longer for an array of
shape (1, n) than for one of shape (n,)."""


@pytest.mark.parametrize("n", BATCHES)
@pytest.mark.parametrize("name", ["Rosenbrock", "sum of squares"])
def test_batches_are_not_slower_than_points(benchmark, name, n):
    f = {"Rosenbrock": rosenbrock, "sum of squares": lambda x: np.sum(x * x, axis=-1)}[name]
    x = np.random.default_rng(n).uniform(0.5, 0.9, n)
    count = min(2000, max(40, 2_000_000 // n))
    nodes, places = np.full(count, 0.7), np.arange(count) % n
    calls = {
        vectorized: partial(
            coordinates(ArrayFunction(f, FORMATS["float64"], x.shape, vectorized, True), x).evaluated, nodes, places
        )
        for vectorized in (False, True)
    }
    # The order of a sum may be another one.
    np.testing.assert_allclose(calls[True](), calls[False](), rtol=n * 2.0**-53)
    times = interleaved({"points": calls[False], "batches": calls[True]}, 15)
    benchmark.pedantic(calls[True], rounds=3)
    gate = f"{name}, n = {n}: batches/points"
    benchmark.extra_info.update(gate=gate, ratio=median_ratio(times, "batches", "points"), limit=BATCHES[n], sense="<=")
