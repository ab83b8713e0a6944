"""What a sweep over steps shows: the observed order of accuracy and the observed optimal step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

ROUNDOFF_SHARE = 0.02
"""A cell belongs to the asymptotic window only where roundoff is at most this share of truncation."""
SLOPE_TOLERANCE = 0.1
"""Neighbouring local slopes in the window differ by at most this: the next Taylor term is small."""
FEWEST_POINTS = 4
"""A window with fewer cells is no evidence of an order."""


@dataclass(frozen=True)
class ObservedOrder:
    """The slope of log|error| over log h inside the asymptotic window.

    Attributes
    ----------
    order : float
        The fitted slope; NaN where there is no window.
    halfwidth : float
        Half the width of its 95 % confidence interval (Student's t, n − 2 degrees of freedom).
    smallest_step, largest_step : float
        The window.
    points : int
        Cells in the window.
    reason : str
        Why there is no window; empty where there is one.
    """

    order: float
    halfwidth: float
    smallest_step: float
    largest_step: float
    points: int
    reason: str = ""


def observed_order(
    step: Sequence[float] | np.ndarray, error: Sequence[float] | np.ndarray, roundoff: Sequence[float] | np.ndarray
) -> ObservedOrder:
    """Fit the order of accuracy where, and only where, the error is asymptotic.

    The window is the longest run of neighbouring steps in which roundoff is at most 2 % of the error and the
    local slopes log(e₁/e₂)/log(h₁/h₂) of neighbours agree within 0.1. Fitting past it would measure the
    rounding floor (slope −m), or the pre-asymptotic part, as if it were an order.

    Parameters
    ----------
    step : array of float, shape (n,)
        Steps, in any order.
    error : array of float, shape (n,)
        Total errors; NaN for cells that failed.
    roundoff : array of float, shape (n,)
        The part of the error that is not truncation.

    Returns
    -------
    ObservedOrder

    References
    ----------
    P. J. Roache, Verification and Validation in Computational Science and Engineering (1998), section 5.4:
    the observed order of accuracy and the asymptotic range. The confidence interval is that of simple linear
    regression.
    """
    cells = sorted(zip(*(np.asarray(a, dtype=float).tolist() for a in (step, error, roundoff)), strict=True))
    usable = [
        math.isfinite(e) and e != 0 and math.isfinite(r) and abs(r) <= ROUNDOFF_SHARE * abs(e) for _, e, r in cells
    ]
    points = [
        (math.log2(h), math.log2(abs(e)) if ok else math.nan) for (h, e, _), ok in zip(cells, usable, strict=True)
    ]
    first, last = _longest_window(points)
    if last - first + 1 < FEWEST_POINTS:
        reason = "no window" if any(usable) else "roundoff or an exact result everywhere"
        return ObservedOrder(math.nan, math.nan, math.nan, math.nan, 0, reason)
    window = points[first : last + 1]
    order, halfwidth = _slope([x for x, _ in window], [y for _, y in window])
    return ObservedOrder(order, halfwidth, cells[first][0], cells[last][0], len(window))


def _longest_window(points: list[tuple[float, float]]) -> tuple[int, int]:
    """Return first and last index of the longest run whose neighbouring local slopes agree."""
    slopes = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairwise(points)]
    best, first = (0, -1), 0
    for i, slope in enumerate(slopes):
        if math.isnan(slope):
            first = i + 1
            continue
        if i > first and abs(slope - slopes[i - 1]) > SLOPE_TOLERANCE:
            first = i
        if i + 1 - first > best[1] - best[0]:
            best = (first, i + 1)
    return best


def _slope(x: list[float], y: list[float]) -> tuple[float, float]:
    """Return the least-squares slope and half the width of its 95 % confidence interval."""
    from scipy.stats import t as student

    n = len(x)
    mean_x, mean_y = math.fsum(x) / n, math.fsum(y) / n
    sxx = math.fsum((a - mean_x) ** 2 for a in x)
    slope = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sxx
    residuals = [(b - mean_y) - slope * (a - mean_x) for a, b in zip(x, y, strict=True)]
    deviation = math.sqrt(math.fsum(r * r for r in residuals) / (n - 2))
    return slope, float(student.ppf(0.975, n - 2)) * deviation / math.sqrt(sxx)


@dataclass(frozen=True)
class Optimum:
    """The best step of a sweep.

    Attributes
    ----------
    step, error : float
        NaN where no cell has a finite error.
    index : int
        Position in the arrays given; −1 where there is none.
    at_edge : bool
        Whether it is the largest or smallest step of the sweep, so that the true optimum may lie beyond.
    """

    step: float
    error: float
    index: int
    at_edge: bool


def observed_optimum(step: Sequence[float] | np.ndarray, error: Sequence[float] | np.ndarray) -> Optimum:
    """Return the step of the smallest |error|; the larger step where errors tie.

    Parameters
    ----------
    step, error : array of float, shape (n,)
        Cells with a NaN error are passed over.
    """
    steps, errors = np.asarray(step, dtype=float), np.abs(np.asarray(error, dtype=float))
    finite = np.flatnonzero(np.isfinite(errors))
    if not finite.size:
        return Optimum(math.nan, math.nan, -1, False)
    best = min(finite.tolist(), key=lambda i: (errors[i], -steps[i]))
    edge = steps[best] in (steps.min(), steps.max())
    return Optimum(float(steps[best]), float(errors[best]), best, bool(edge))
