"""The observed order of a formula: the slope of log|error| over log h, where the error is asymptotic.

Logarithms are correctly rounded and sums stand in a fixed order: the results are the same on every machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from numdiff.analysis.metrics import columns_of_numbers
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
_SAME = 0.4
"""Binades within which log₂(e/hᵖ) is one number: the next Taylor term may change e by a quarter."""
_HIGHEST_ORDER = 10

Cell = tuple[float, float, float]  # a step, the error there, and its roundoff


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
    every = list(
        zip(*(column.tolist() for column in columns_of_numbers(h=h, error=error, roundoff=known)), strict=True)
    )
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
