"""Likelihoods, losses and measures of statistics."""

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.gradient_check.functions.case import WIDE, Data, Drawn, RealisticFunction, joined, mean, number
from numdiff.floats.fixed_order import matrix_product

__all__ = ["FUNCTIONS", "linear_model"]

Found = tuple[Any, Callable[[], np.ndarray]]


def _logsumexp(x: np.ndarray, data: Data) -> Found:
    top = x.max()
    powers = np.exp(x - top)
    total = powers.sum()
    return top + np.log(total), lambda: powers / total


def _draw_logsumexp(rng: np.random.Generator) -> Drawn:
    return rng.normal(0, 3, 10), {}


def _cosine(x: np.ndarray, data: Data) -> Found:
    a, b = x[:6], x[6:]
    product, square_a, square_b = (a * b).sum(), (a * a).sum(), (b * b).sum()
    size = np.sqrt(square_a) * np.sqrt(square_b)
    value = product / size
    return value, lambda: joined(b / size - a * (value / square_a), a / size - b * (value / square_b))


def _draw_cosine(rng: np.random.Generator) -> Drawn:
    return rng.normal(size=12), {}


def _variance(x: np.ndarray, data: Data) -> Found:
    centered = x - mean(x)
    return mean(centered * centered), lambda: centered * number(x, 2 / x.size)


def _draw_variance(rng: np.random.Generator) -> Drawn:
    return 100 + rng.normal(size=8), {}


# --- a Gaussian process ---------------------------------------------------------------------------------


def _cholesky(matrix: np.ndarray) -> np.ndarray:
    """Return the lower triangular L with L·Lᵀ = matrix, in any format."""
    rest, lower = matrix.copy(), np.zeros_like(matrix)
    for k in range(len(matrix)):
        lower[k:, k] = rest[k:, k] / np.sqrt(rest[k, k])
        rest[k:, k:] -= lower[k:, k, None] * lower[None, k:, k]
    return lower


def _solved(lower: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return L⁻¹·right for several columns."""
    found = np.zeros_like(right)
    for k in range(len(lower)):
        found[k] = (right[k] - (lower[k, :k, None] * found[:k]).sum(axis=0)) / lower[k, k]
    return found


def _gaussian_process(x: np.ndarray, data: Data) -> Found:
    """−log p(y) with K = a²·exp(−r²/2l²) + s²·1; x has log l, log a, log s."""
    length, amplitude, noise = np.exp(x + x)  # squares
    squares = (data["places"][:, None] - data["places"][None]) ** 2
    ratios = squares / length
    kernel = amplitude * np.exp(ratios * number(x, -0.5))
    one = np.eye(len(squares), dtype=x.dtype)
    lower = _cholesky(kernel + noise * one)
    white = _solved(lower, data["values"][:, None])[:, 0]
    value = (white * white).sum() * number(x, 0.5) + np.log(np.diagonal(lower)).sum()

    def back() -> np.ndarray:
        inverse = _solved(lower, one)
        alpha = (inverse * white[:, None]).sum(axis=0)
        gap = (matrix_product(inverse.T, inverse) - alpha[:, None] * alpha) * number(x, 0.5)
        two = number(x, 2)
        return np.array([(gap * part).sum() for part in (kernel * ratios, two * kernel, two * noise * one)])

    return value, back


def _draw_gaussian_process(rng: np.random.Generator) -> Drawn:
    places = np.sort(rng.uniform(0, 3, 6))
    values = np.sin(2 * places) + rng.normal(0, 0.2, 6)
    return rng.normal([-0.3, 0.0, -1.5], 0.3), {"places": places, "values": values}


# --- linear models --------------------------------------------------------------------------------------


def linear_model(
    losses: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, Callable[[], np.ndarray]]],
) -> Callable[[np.ndarray, Data], Found]:
    """Return the sum of losses of A·x and y; `losses` takes both, returns them and a callable for their slopes."""

    def run(x: np.ndarray, data: Data) -> Found:
        design = data["design"]
        values, slopes = losses(matrix_product(design, x[:, None])[:, 0], data["y"])
        return values.sum(), lambda: matrix_product(design.T, slopes()[:, None])[:, 0]

    return run


def _huber(predicted: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, Callable[[], np.ndarray]]:
    off, limit, half = predicted - y, number(y, 0.5), number(y, 0.5)
    size = np.abs(off)
    values = np.where(size <= limit, half * off * off, limit * (size - half * limit))
    return values, lambda: np.minimum(np.maximum(off, -limit), limit)


def _quantile(predicted: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, Callable[[], np.ndarray]]:
    off, share = y - predicted, number(y, 0.7)
    rest = share - number(y, 1)
    return np.maximum(share * off, rest * off), lambda: -np.where(off > number(y, 0), share, rest)


def _poisson(predicted: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, Callable[[], np.ndarray]]:
    rates = np.exp(predicted)
    return rates - y * predicted, lambda: rates - y


def _draw_regression(rng: np.random.Generator) -> Drawn:
    return rng.normal(size=5), {"design": rng.normal(size=(10, 5)), "y": rng.normal(size=10)}


def _draw_poisson(rng: np.random.Generator) -> Drawn:
    design = rng.normal(size=(10, 5))
    return rng.normal(0, 0.4, 5), {"design": design, "y": rng.poisson(2.0, 10).astype(float)}


def _factorisation(x: np.ndarray, data: Data) -> Found:
    """Σ over the known elements of (M − U·Vᵀ)², and 0.05 times the squares of all parameters."""
    u, v = x[:8].reshape(4, 2), x[8:].reshape(3, 2)
    off = (matrix_product(u, np.ascontiguousarray(v.T)) - data["matrix"]) * data["known"]
    decay = number(x, 0.05)

    def back() -> np.ndarray:
        two = number(x, 2)
        slopes = joined(matrix_product(off, v), matrix_product(off.T, u))
        return two * slopes + two * decay * x

    return (off * off).sum() + decay * (x * x).sum(), back


def _draw_factorisation(rng: np.random.Generator) -> Drawn:
    known = (rng.random((4, 3)) < 0.8).astype(float)
    return rng.normal(size=14), {"matrix": rng.normal(size=(4, 3)), "known": known}


FUNCTIONS = (
    RealisticFunction("logsumexp", "log Σ exp x, with x of standard deviation 3", _draw_logsumexp, _logsumexp),
    RealisticFunction("cosine_similarity", "The cosine of the angle of two vectors", _draw_cosine, _cosine),
    RealisticFunction("variance_offset", "The variance of numbers about 100", _draw_variance, _variance, WIDE),
    RealisticFunction(
        "gaussian_process",
        "The marginal likelihood of a Gaussian process, in three logarithms",
        _draw_gaussian_process,
        _gaussian_process,
        WIDE,
    ),
    RealisticFunction(
        "huber", "A linear regression with Huber's loss", _draw_regression, linear_model(_huber), smooth=False
    ),
    RealisticFunction(
        "quantile", "A linear regression of the 0.7 quantile", _draw_regression, linear_model(_quantile), smooth=False
    ),
    RealisticFunction("poisson", "A Poisson regression", _draw_poisson, linear_model(_poisson)),
    RealisticFunction(
        "matrix_factorisation", "A matrix of rank 2 fitted to known elements", _draw_factorisation, _factorisation
    ),
)
"""The functions of this module."""
