"""Measures of accuracy, as pure functions of arrays.

=====================  ==================================================================
`correct_digits`       decimal digits of a result that are right
`loss_of_accuracy`     decimal digits that one result has less than another
`performance_ratio`    how many times larger an error or a cost is than the smallest one
`observed_order`       the slope of log|error| over log h, where the error is asymptotic
`observed_optimum`     the step of the smallest error
=====================  ==================================================================

Logarithms are correctly rounded and sums stand in a fixed order: the results are the same on every machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from numdiff.analysis.statistics import student_quantile
from numdiff.extras import require_extra
from numdiff.floats.fixed_order import fitted_slope
from numdiff.spellings import renamed

ROUNDOFF_SHARE = 0.02
"""A cell belongs to the asymptotic window only where roundoff is at most this share of truncation.

Roundoff of a share s at the smallest step has a share of at most s/4 at the double step, and s/16 at the next (order 1;
less for higher orders). It moves the difference of the two local slopes by at most log₂e·(s + 2s/4 + s/16): 0.045 for
2 %, less than half of `SLOPE_TOLERANCE`; 3 % would take more.
"""
SLOPE_TOLERANCE = 0.1
"""Neighbouring local slopes in the window differ by at most this: the next Taylor term is small.

Where that term is a share r of the leading one and falls with h, the slopes of two neighbouring intervals differ by
log₂((1 + r)(1 + r/4)/(1 + r/2)²): the tolerance admits r up to 0.42.
"""
FEWEST_POINTS = 4
"""A window with fewer cells is no evidence of an order: with three, and one degree of freedom, the 95 % interval is
±12.7 standard deviations; with four it is ±4.3."""
LEAST_ORDER = 0.5
"""An error that falls more slowly is saturated: the steps are wider than the scale of the function. It is the middle
between 0, a constant error, and 1, the lowest order of a formula."""


def correct_digits(error: npt.ArrayLike, reference: npt.ArrayLike) -> np.ndarray:
    """Return the correct decimal digits, −log₁₀(|error|/|reference|).

    Parameters
    ----------
    error, reference : array of float
        Of shapes that broadcast; the reference is the exact result.

    Returns
    -------
    ndarray of float64
        Infinite for an exact result, minus infinity where the reference is 0 and the error is not, NaN where both are
        0 or one is NaN.

    References
    ----------
    N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, section 1.2: relative error and
    correct significant digits.

    Examples
    --------
    >>> correct_digits([0.01, 0.0], 10.0).tolist()
    [3.0, inf]
    """
    return -loss_of_accuracy(error, reference)


def loss_of_accuracy(error: npt.ArrayLike, best: npt.ArrayLike) -> np.ndarray:
    """Return the decimal digits that are lost with one error against another, log₁₀(|error|/|best|).

    Parameters
    ----------
    error, best : array of float
        Of shapes that broadcast.

    Returns
    -------
    ndarray of float64
        Negative where `error` is the smaller one; infinite where only `best` is 0, minus infinity where only `error`
        is; NaN where both are 0 or one is NaN.

    Examples
    --------
    >>> loss_of_accuracy([1e-3, 1e-8], 1e-6).tolist()
    [3.0, -2.0]
    """
    require_extra("loss_of_accuracy", "flint")
    from numdiff.arithmetic.rounded import rounded

    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        ratio = np.abs(np.asarray(error, dtype=float)) / np.abs(np.asarray(best, dtype=float))
        found: np.ndarray = rounded(np.log10)(ratio.reshape(-1)).reshape(ratio.shape)
    return found


def performance_ratio(cost: npt.ArrayLike, best: npt.ArrayLike) -> np.ndarray:
    """Return how many times larger a cost (an error, a number of evaluations) is than the smallest one, cost/best.

    Parameters
    ----------
    cost : array of float
        Not negative; infinite for a failure, NaN where nothing was tried.
    best : array of float
        The smallest cost of all solvers for the same problem, of a shape that broadcasts.

    Returns
    -------
    ndarray of float64
        1 where the two are the same number, also 0; infinite for a failure, and where only `best` is 0; NaN where
        nothing was tried or every solver failed.

    References
    ----------
    E. D. Dolan, J. J. Moré, Benchmarking optimization software with performance profiles, Math. Program. 91 (2002)
    201-213, equation (2.1).

    Examples
    --------
    >>> performance_ratio([3e-9, 1e-9, float("inf")], 1e-9).tolist()
    [3.0, 1.0, inf]
    """
    costs, least = np.broadcast_arrays(np.asarray(cost, dtype=float), np.asarray(best, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        ratio = costs / least
    return np.where((costs == least) & np.isfinite(costs), 1.0, ratio)


@dataclass(frozen=True, repr=False)
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

    def __repr__(self) -> str:
        if self.reason:
            return f"ObservedOrder(reason={self.reason!r})"
        window = f"smallest_step={self.smallest_step!r}, largest_step={self.largest_step!r}, points={self.points}"
        return f"ObservedOrder(order={self.order!r}, halfwidth={self.halfwidth!r}, {window})"


@renamed(step="h")
def observed_order(
    h: Sequence[float] | np.ndarray,
    error: Sequence[float] | np.ndarray,
    roundoff: Sequence[float] | np.ndarray | None = None,
) -> ObservedOrder:
    """Fit the order of accuracy where, and only where, the error is asymptotic.

    The window is a run of neighbouring steps in which roundoff is at most 2 % of the error and the local slopes
    log(e₁/e₂)/log(h₁/h₂) of neighbours agree within 0.1. It begins at the smallest step of the longest run where
    roundoff is that small: a plateau among the large steps, below which the slope changes again, is not asymptotic.
    Fitting past the window would measure the rounding floor (slope −m), or the pre-asymptotic part, as an order.

    Parameters
    ----------
    h : array of float, shape (n,)
        Steps, positive and finite, in any order; of a step that is given twice, one cell counts.
    error : array of float, shape (n,)
        Total errors of one formula at one point; NaN for cells that failed.
    roundoff : array of float, shape (n,), optional
        The part of the error that is not truncation. Without it the window is the longest run in which the slopes agree
        and are not those of a rounding floor; roundoff may then tilt its lower end.

    Returns
    -------
    ObservedOrder
        With a reason in place of an order where there is no window, as where the errors of formulas of different orders
        are mixed.

    Raises
    ------
    ValueError
        If the arrays differ in length or have more than one dimension, or a step is not positive and finite.

    References
    ----------
    P. J. Roache, Verification and Validation in Computational Science and Engineering (1998), section 5.4:
    the observed order of accuracy and the asymptotic range. The confidence interval is that of simple linear
    regression.

    Examples
    --------
    >>> import numdiff as nd
    >>> found = nd.observed_order([0.5, 0.25, 0.125, 0.0625], [0.75, 0.1875, 0.046875, 0.01171875])
    >>> found.order, found.points
    (2.0, 4)
    >>> nd.observed_order([0.5, 0.25, 0.125], [0.75, 0.1875, 0.046875])
    ObservedOrder(reason='3 steps are given, and an order is observed in at least 4')
    """
    require_extra("observed_order", "flint", "scipy")
    known = np.zeros(np.shape(h)) if roundoff is None else roundoff
    every = list(zip(*(column.tolist() for column in _columns(h=h, error=error, roundoff=known)), strict=True))
    # A step that is given twice (as two x are, with one step) counts once: two points on one abscissa have no slope.
    cells = sorted({h: (h, e, r) for h, e, r in every}.values())
    if len(cells) < FEWEST_POINTS:
        return _no_window(f"{len(cells)} steps are given, and an order is observed in at least {FEWEST_POINTS}")
    found, usable = _fitted(cells, roundoff is not None), list(filter(_is_usable, every))
    doubtful = len(cells) < len(every) or 2 * found.points < len(usable)
    if doubtful and (orders := _mixed_orders(usable)):
        text = "errors of the orders {} and {} are mixed: give the cells of one formula at one point"
        return _no_window(text.format(*orders))
    return found


Cell = tuple[float, float, float]  # a step, the error there, and its roundoff


def _is_usable(cell: Cell) -> bool:
    _, e, r = cell
    return math.isfinite(e) and e != 0 and math.isfinite(r) and abs(r) <= ROUNDOFF_SHARE * abs(e)


def _fitted(cells: Sequence[Cell], roundoff_is_known: bool) -> ObservedOrder:
    """Return the order of cells that are sorted by their step, each with a step of its own."""
    usable = [_is_usable(cell) for cell in cells]
    if not any(usable):
        return _no_window("roundoff or an exact result everywhere")
    abscissae = _logarithms([h for h, _, _ in cells], [True] * len(cells))
    points = list(zip(abscissae, _logarithms([e for _, e, _ in cells], usable), strict=True))
    if roundoff_is_known:
        first, stop = _longest_run(usable)
        last = _end_of_window(points[:stop], first)
    else:
        first, last = _longest_window(points)
    if last - first + 1 < FEWEST_POINTS:
        return _no_window(f"fewer than {FEWEST_POINTS} steps before the slope changes")
    window = points[first : last + 1]
    order, deviation = fitted_slope([x for x, _ in window], [y for _, y in window])
    halfwidth = student_quantile(len(window) - 2, 0.975) * deviation
    if order < LEAST_ORDER:
        return _no_window("the error does not fall with h: all steps are wider than the scale of the function")
    return ObservedOrder(order, halfwidth, cells[first][0], cells[last][0], len(window))


def _longest_window(points: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """Return the first and last index of the longest run of steady slopes that rise; of equal ones that of larger h."""
    first, last = 0, -1
    for start in range(len(points) - 1):
        end = _end_of_window(list(points), start)
        rise = points[end][1] - points[start][1]
        if rise >= LEAST_ORDER * (points[end][0] - points[start][0]) and end - start >= last - first:
            first, last = start, end
    return first, last


def _mixed_orders(cells: Sequence[Cell]) -> tuple[int, int] | None:
    """Return two orders p < q of which the errors of a set of usable cells are mixed; None where they are not.

    Where e = C·hᵖ, log₂e − p·log₂h is one number. Cells are mixed if for two orders at least `FEWEST_POINTS` each share
    such a number, to `_SAME`, at interleaved steps, and three of four cells between belong to one or the other.
    """
    points = [(math.log2(h), math.log2(abs(e))) for h, e, _ in cells]
    found: dict[int, set[int]] = {}
    for p in range(1, _HIGHEST_ORDER + 1):
        level = [y - p * x for x, y in points]
        groups = [{i for i, v in enumerate(level) if low <= v <= low + _SAME} for low in level]
        found[p] = max(groups, key=len, default=set())
    for (p, low), (q, high) in combinations(found.items(), 2):
        one, other = low - high, high - low
        if min(len(one), len(other)) < FEWEST_POINTS:
            continue
        ends = [[points[i][0] for i in group] for group in (one, other)]
        start, stop = max(map(min, ends)), min(map(max, ends))
        between = [i for i, (x, _) in enumerate(points) if start <= x <= stop]
        both = [len(group.intersection(between)) for group in (one, other)]
        if min(both) >= FEWEST_POINTS and 4 * sum(both) >= 3 * len(between):
            return p, q
    return None


_SAME = 0.4
"""Binades within which log₂(e/hᵖ) is one number: the next Taylor term may change e by a quarter."""
_HIGHEST_ORDER = 10


def _columns(**given: Sequence[float] | np.ndarray) -> list[np.ndarray]:
    """Return the columns of cells as arrays of double; refuse what is not one cell a step."""
    arrays = {name: np.asarray(column, dtype=float) for name, column in given.items()}
    for name, array in arrays.items():
        if array.shape != (arrays["h"].size,):
            raise ValueError(
                f"{name} must be one-dimensional and as long as h, got shape {array.shape} "
                f"beside shape {arrays['h'].shape}"
            )
    steps = arrays["h"]
    bad = steps[~((steps > 0) & (steps < np.inf))]
    if bad.size:
        raise ValueError(f"h must be positive and finite, got {float(bad[0])!r}")
    return list(arrays.values())


def _no_window(reason: str) -> ObservedOrder:
    return ObservedOrder(math.nan, math.nan, math.nan, math.nan, 0, reason)


def _longest_run(usable: list[bool]) -> tuple[int, int]:
    """Return where the longest run of usable cells begins and ends; below it lie lucky single cells."""
    runs, start = [], 0
    for i, ok in enumerate([*usable, False]):
        if not ok:
            runs.append((start, i))
            start = i + 1
    return max(runs, key=lambda run: run[1] - run[0])


def _end_of_window(points: list[tuple[float, float]], first: int) -> int:
    """Return the last index of the run that begins at `first` and whose neighbouring local slopes agree."""
    slopes = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairwise(points[first:])]
    if not slopes or math.isnan(slopes[0]):
        return first
    steady = 1
    # A comparison with NaN, the slope at an unusable cell, is false and ends the run.
    while steady < len(slopes) and abs(slopes[steady] - slopes[steady - 1]) <= SLOPE_TOLERANCE:
        steady += 1
    return first + steady


def _logarithms(values: Sequence[float], usable: Sequence[bool]) -> list[float]:
    """Return log₂|v|, correctly rounded and so the same on every machine; NaN where a value is not usable."""
    from numdiff.arithmetic.rounded import rounded

    magnitudes = np.array([abs(v) if ok else 1.0 for v, ok in zip(values, usable, strict=True)])
    found: list[float] = rounded(np.log2)(magnitudes).tolist()
    return [v if ok else math.nan for v, ok in zip(found, usable, strict=True)]


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


@renamed(step="h")
def observed_optimum(h: Sequence[float] | np.ndarray, error: Sequence[float] | np.ndarray) -> Optimum:
    """Return the step of the smallest |error|; the larger step where errors tie.

    Parameters
    ----------
    h : array of float, shape (n,)
        Steps, positive and finite, in any order.
    error : array of float, shape (n,)
        Cells with a NaN or infinite error are passed over.

    Returns
    -------
    Optimum
        With index −1 where no cell has a finite error.

    Raises
    ------
    ValueError
        If the arrays differ in length or have more than one dimension, or a step is not positive and finite.

    Examples
    --------
    >>> import numdiff as nd
    >>> nd.observed_optimum([0.5, 0.25, 0.125], [0.4, -0.1, 0.2])
    Optimum(step=0.25, error=0.1, index=1, at_edge=False)
    """
    steps, errors = _columns(h=h, error=error)
    errors = np.abs(errors)
    finite = np.flatnonzero(np.isfinite(errors))
    if not finite.size:
        return Optimum(math.nan, math.nan, -1, False)
    best = min(finite.tolist(), key=lambda i: (errors[i], -steps[i]))
    edge = steps[best] in (steps.min(), steps.max())
    return Optimum(float(steps[best]), float(errors[best]), best, bool(edge))
