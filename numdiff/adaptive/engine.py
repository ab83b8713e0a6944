"""The estimator: nodes, value and error bar for each point.

A fixed ladder of steps with Richardson extrapolation and the last correction as the bar: a placeholder for the
estimator proper, with its interface.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.adaptive.status import Status
from numdiff.floats.formats import FloatFormat

__all__ = ["Estimates", "estimate"]

_LEVELS = 9
"""Steps of a ladder, each half of the one before."""


@dataclass(frozen=True)
class Estimates:
    """What was found at each point; all arrays have the shape (n,)."""

    value: np.ndarray
    error: np.ndarray
    status: np.ndarray
    evaluations: np.ndarray
    step: np.ndarray
    noise: np.ndarray
    freedom: np.ndarray
    left: np.ndarray
    right: np.ndarray


def estimate(
    call: Callable[[np.ndarray, np.ndarray], np.ndarray],
    x: np.ndarray,
    fmt: FloatFormat,
    *,
    order: int = 1,
    lower: Any = -math.inf,
    upper: Any = math.inf,
    noise: Any = None,
    side: Any = 0,
    budget: int | None = None,
    confidence: float = 0.99,
) -> Estimates:
    """Estimate a derivative of f at each point, with a bar."""
    wide = np.longdouble if fmt.dtype.itemsize > 8 else np.float64
    levels = _LEVELS if budget is None else min(_LEVELS, max(2, budget // (order + 1)))
    at, u = x.astype(wide), float(fmt.unit_roundoff)
    room = np.minimum(at - lower, upper - at)
    reach = (0.25 if fmt.precision > 24 else 0.5) * np.where(at == 0, 1.0, np.sqrt(np.abs(at)))
    sides = np.broadcast_to(np.asarray(side), x.shape)
    sides = np.where((sides == 0) & (room < reach), np.where(at - lower > upper - at, -1, 1), sides)
    free = np.where(sides < 0, at - lower, np.where(sides > 0, upper - at, room))
    start = np.minimum(reach, 0.375 * free)
    k = np.arange(order + 1)
    weights = np.array([(-1) ** (order - i) * math.comb(order, i) for i in k], dtype=wide)
    offsets = np.where(sides[:, None] == 0, 2 * k - order, k * np.where(sides < 0, -1, 1)[:, None]) / order
    steps = start[:, None] / 2.0 ** np.arange(levels)
    with np.errstate(all="ignore"):
        nodes: np.ndarray = (at[:, None, None] + steps[:, :, None] * offsets[:, None, :]).astype(fmt.dtype)
        inside = (nodes.astype(wide) > lower) & (nodes.astype(wide) < upper)
        nodes = np.where(inside, nodes, x[:, None, None])
        rows = np.repeat(np.arange(x.size), levels * (order + 1))
        values: np.ndarray = call(np.ascontiguousarray(nodes.reshape(-1)), rows).astype(wide).reshape(nodes.shape)
        exact: np.ndarray = nodes.astype(wide)
        spacing = (exact[:, :, -1] - exact[:, :, 0]) / order
        column = (values * weights).sum(axis=2) / spacing**order
        scatter = u * np.abs(values).max(axis=(1, 2)) if noise is None else np.maximum(noise, u)
        rounding = np.abs(weights).sum() * scatter[:, None] / np.abs(spacing) ** order
        power = np.where(sides == 0, 2, 1)[:, None]
        best, bar = column[:, 0], np.full(x.shape, np.inf, wide)
        for j in range(1, levels):
            factor = 2.0 ** (power * j)
            following = column[:, 1:] + (column[:, 1:] - column[:, :-1]) / (factor - 1)
            error = 4 * (np.abs(following - column[:, 1:]) + rounding[:, j:])
            for i in range(following.shape[1]):
                better = error[:, i] < bar
                best, bar = np.where(better, following[:, i], best), np.where(better, error[:, i], bar)
            column = following
    bar = bar + u * np.abs(best)
    finite = np.isfinite(best) & np.isfinite(bar)
    status = np.where(finite, np.where(bar < 0.1 * np.abs(best), Status.OK, Status.NO_DIGITS), Status.NOT_FINITE)
    nothing = np.full(x.shape, np.nan)
    count = np.full(x.shape, levels * (order + 1))
    bar = np.where(finite, bar, np.inf)
    return Estimates(best, bar, status, count, steps[:, -1], scatter, np.ones(x.shape), nothing, nothing)
