"""How good values and their error bars are, as pure functions of arrays.

=====================  ====================================================================
`error_ratio`          error over a yardstick; infinite where there is no result
`ranked_quantile`      a quantile that is one of the values, so that failures count as worst
`bar_scores`           coverage, sharpness, refusals and excesses of error bars
`is_good_where_flat`   the rule for points where the derivative is 0
`performance_profile`  in which share of the cases a method is within a factor of the best
=====================  ====================================================================

A method without a result, or without an error bar where it promises one, is never left out: it counts as the worst.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from numdiff.analysis.metrics import performance_ratio
from numdiff.analysis.statistics import binomial_interval

__all__ = ["SILENT", "SLACK", "BarScores", "bar_scores", "error_ratio", "is_good_where_flat", "performance_profile"]
__all__ += ["ranked_quantile"]

SILENT = 3.0
"""An error beyond so many bars with a status that says nothing is a silent failure."""
SLACK = 10.0
"""A bar of at most so many yardsticks is useful; an error beyond so many bars must not happen."""


def error_ratio(error: npt.ArrayLike, yardstick: npt.ArrayLike) -> np.ndarray:
    """Return |error|/yardstick: 0 for an exact result, infinite for none.

    Parameters
    ----------
    error : array of float
        NaN or infinite where there is no result.
    yardstick : array of float
        Of a shape that broadcasts; infinite where no difference has a result, so that any result is better, and NaN
        where it is unknown.

    Returns
    -------
    ndarray of float64
        NaN where the yardstick is.

    Examples
    --------
    >>> error_ratio([2e-9, -1e-9, float("nan"), 0.0], 1e-9).tolist()
    [2.0, 1.0, inf, 0.0]
    """
    errors, scales = np.broadcast_arrays(np.abs(np.asarray(error, dtype=float)), np.asarray(yardstick, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        ratio = np.where(errors == 0, 0.0, errors / scales)
    return np.where(np.isnan(scales), math.nan, np.where(np.isfinite(errors), ratio, math.inf))


def ranked_quantile(values: npt.ArrayLike, share: float) -> float:
    """Return the smallest of the values that at least a share of them do not exceed; NaN of none.

    No two values are averaged, so that infinities stay what they are.

    Examples
    --------
    >>> ranked_quantile([1.0, 2.0, float("inf")], 0.5), ranked_quantile([1.0, 2.0, float("inf")], 0.9)
    (2.0, inf)
    """
    ordered = np.sort(np.asarray(values, dtype=float).ravel())
    if not ordered.size:
        return math.nan
    # The product may be off by an ulp: 0.9·10 must be 9.
    return float(ordered[max(math.ceil(share * ordered.size * (1 - 2.0**-50)), 1) - 1])


@dataclass(frozen=True)
class BarScores:
    """What error bars are worth.

    Attributes
    ----------
    cases : int
        All of them.
    bars : int
        Values with a finite bar, whatever the status.
    covered : int
        Of these, those whose error is within the bar.
    coverage, low, high : float
        Their share, and its interval of Clopper and Pearson at 95 %; NaN where there is no bar.
    sharpness : float
        The median of bar/error over finite bars: 1 where both are 0, infinite where the error alone is.
    refused : int
        Cases without a value, or with a bar that is not finite.
    silent : int
        Errors beyond 3 bars with the status OK, and values that are not finite with it.
    beyond : int
        Errors beyond 10 bars.
    useful : float
        The share of all cases with a yardstick in which the bar is at most 10 yardsticks; NaN where there is none.
    """

    cases: int
    bars: int
    covered: int
    coverage: float
    low: float
    high: float
    sharpness: float
    refused: int
    silent: int
    beyond: int
    useful: float


def bar_scores(error: npt.ArrayLike, bar: npt.ArrayLike, ok: npt.ArrayLike, yardstick: npt.ArrayLike) -> BarScores:
    """Return what the error bars of a method are worth.

    Parameters
    ----------
    error : array of float, shape (n,)
        |value − truth|; NaN or infinite where there is no value.
    bar : array of float, shape (n,)
        NaN or infinite where the method does not commit itself. A negative bar covers nothing.
    ok : array of bool, shape (n,)
        Whether the method says that all is well.
    yardstick : array of float, shape (n,)
        NaN where it is unknown.

    Returns
    -------
    BarScores

    Examples
    --------
    >>> scores = bar_scores([1e-9, 1e-9, 1e-9], [2e-9, 1e-10, float("inf")], [True, True, False], 1e-9)
    >>> scores.coverage, scores.refused, scores.silent, scores.beyond
    (0.5, 1, 1, 0)
    """
    errors, bars, fine, scales = np.broadcast_arrays(
        np.abs(np.asarray(error, dtype=float)),
        np.asarray(bar, dtype=float),
        np.asarray(ok, dtype=bool),
        np.asarray(yardstick, dtype=float),
    )
    there = np.isfinite(errors) & np.isfinite(bars)
    covered = there & (errors <= bars)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        sharpness = np.where(errors == bars, 1.0, bars / errors)[there]
        beyond = there & ~(errors <= SLACK * bars)
        silent = fine & ((there & ~(errors <= SILENT * bars)) | ~np.isfinite(errors))
        useful = there & (bars <= SLACK * scales)
    known = ~np.isnan(scales)
    hits, trials = int(covered.sum()), int(there.sum())
    low, high = binomial_interval(hits, trials) if trials else (math.nan, math.nan)
    return BarScores(
        cases=errors.size,
        bars=trials,
        covered=hits,
        coverage=hits / trials if trials else math.nan,
        low=low,
        high=high,
        sharpness=ranked_quantile(sharpness, 0.5),
        refused=int(errors.size - trials),
        silent=int(silent.sum()),
        beyond=int(beyond.sum()),
        useful=float(useful[known].mean()) if known.any() else math.nan,
    )


def is_good_where_flat(error: npt.ArrayLike, bar: npt.ArrayLike, yardstick: npt.ArrayLike) -> np.ndarray:
    """Return where a value for a derivative of 0 is good: error ≤ bar ≤ 10 yardsticks.

    There the yardstick has no floor and symmetric functions have no error, so that a ratio of errors says nothing.
    """
    errors, bars, scales = (np.asarray(column, dtype=float) for column in (error, bar, yardstick))
    return (np.abs(errors) <= bars) & (bars <= SLACK * scales)


def performance_profile(costs: npt.ArrayLike, factors: npt.ArrayLike) -> np.ndarray:
    """Return in which share of the cases each method is within a factor of the best of all methods.

    Parameters
    ----------
    costs : array of float, shape (cases, methods)
        Errors, or anything else that is not negative; infinite or NaN for a failure.
    factors : array of float, shape (k,)
        At least 1.

    Returns
    -------
    ndarray of float64, shape (k, methods)
        A case in which every method fails counts as one, and for none of them.

    References
    ----------
    E. D. Dolan, J. J. Moré, Benchmarking optimization software with performance profiles, Math. Program. 91 (2002)
    201-213, equations (2.1) and (2.2).

    Examples
    --------
    >>> performance_profile([[1.0, 2.0], [4.0, 1.0], [1.0, float("nan")]], [1.0, 2.0, 4.0]).tolist()
    [[0.6666666666666666, 0.3333333333333333], [0.6666666666666666, 0.6666666666666666], [1.0, 0.6666666666666666]]
    """
    table = np.asarray(costs, dtype=float)
    table = np.where(np.isfinite(table), table, math.inf)
    ratios = performance_ratio(table, table.min(axis=1, keepdims=True))
    return np.array([np.mean(ratios <= factor, axis=0) for factor in np.asarray(factors, dtype=float)])
