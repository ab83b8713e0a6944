r"""The first six levels of a centered first derivative, for the points at which nothing stands in the way.

Most functions are smooth over the first steps and computed to about the last digit. Then the search (see `engine`) takes
five levels, sees no noise above the rounding of f, takes the sixth, and ends with the window of degree 3, 4 or 5 at the
outermost level. This is that way alone, written out: for one point with Python numbers, for many with arrays, by the
same operations in the same order, so that both give the same numbers. Where a residual, a ratio or a total is not as it
is for such functions, or a number is 0 by which another one is divided, the search goes on from the levels that were
taken.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np

from numdiff.adaptive.ladder import MEAN, MULTIPLIERS, ODD, START, Scheme, ladder, residual_weights
from numdiff.adaptive.student import quantile
from numdiff.adaptive.windows import LUCK, PRIOR, PRIOR_RATIO, SAFETY, SIGMAS, SLOWER, TOLD, UNSEEN, VISIBLE, growth

__all__ = [
    "FIRST",
    "LEVELS",
    "Levels",
    "Operations",
    "Smooth",
    "of_arrays",
    "of_numbers",
    "read_five",
    "read_six",
    "take",
]

FIRST, LEVELS = 5, 6
STEPS = tuple(float(step) for step in MULTIPLIERS[START : START + LEVELS])
_SHARES = [[1 / ((STEPS[i] / STEPS[i + j]) ** 2 - 1) for i in range(LEVELS - j)] for j in range(1, LEVELS)]
_DECAY = [(STEPS[i] / STEPS[i + 1]) ** 2 for i in range(LEVELS - 1)]
_ITEM = ladder(Scheme(1), START, LEVELS)
_SPREAD = [float(_ITEM.noise[_ITEM.first[j], 0]) for j in range(LEVELS)]
_LAST = {(kind, n): residual_weights(series, START, n) for kind, series in enumerate((ODD, MEAN)) for n in (5, 6)}
_FIVE = [[_LAST[kind, 5][-1 - k].tolist() for k in range(3)] for kind in range(2)]
_SIX = [_LAST[kind, 6][-1].tolist() for kind in range(2)]
_TAIL = growth(2)[0]
_ZEROS = np.zeros(2 * FIRST, np.intp)
HALF_UNIT = 2.0**-54
"""Half a unit roundoff of float64, the format for which this is written."""


@dataclass(frozen=True)
class Operations:
    """What numbers and arrays do not have in common."""

    least: Callable[[Any, Any], Any]
    most: Callable[[Any, Any], Any]
    root: Callable[[Any], Any]
    choose: Callable[[Any, Any, Any], Any]


def _chosen(condition: bool, left: Any, right: Any) -> Any:
    return left if condition else right


def _overwritten(condition: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return right with left where the condition holds, in the memory of right: a third of the time of `numpy.where`."""
    np.copyto(right, left, where=condition)
    return right


of_numbers = Operations(min, max, math.sqrt, _chosen)
of_arrays = Operations(np.minimum, np.maximum, np.sqrt, _overwritten)


@dataclass(frozen=True)
class Smooth:
    """What six levels say: numbers, or arrays of shape (k,)."""

    good: Any
    """Whether the search would end here; where not, nothing else holds."""
    value: Any
    bar: Any
    step: Any
    """The widest step, of which every window is."""
    sigma: Any
    freedom: Any


BLOCK = 2048
"""Points whose arrays stay in the cache."""
_NOTHING = Smooth(False, math.nan, math.inf, math.nan, math.nan, 0)


def _dot(weights: Sequence[float], numbers: Sequence[Any]) -> Any:
    total = weights[0] * numbers[0]
    for weight, number in zip(weights[1:], numbers[1:], strict=True):
        total = total + weight * number
    return total


def read_five(odd: Sequence[Any], mean: Sequence[Any], start: Any) -> tuple[Any, Any, Any]:
    """Return the mean squares of the last three residuals of five levels, the last one first.

    Parameters
    ----------
    odd, mean : sequence of five numbers or arrays
        D and E, from the widest step to the narrowest.
    start : number or array
    """
    squares = []
    for k in range(3):
        c, e = _dot(_FIVE[0][k], odd) * start, _dot(_FIVE[1][k], mean)
        squares.append((c * c + e * e) / 2)
    return squares[0], squares[1], squares[2]


def read_six(
    odd: Sequence[Any],
    mean: Sequence[Any],
    start: Any,
    floor: Any,
    before: Any,
    agreed: float,
    confidence: float,
    do: Operations,
) -> Smooth:
    """Return what six levels say.

    Parameters
    ----------
    odd, mean : sequence of six numbers or arrays
    start, floor : number or array
        The start of the ladder, and half a unit roundoff of the largest value.
    before : tuple
        What `read_five` gave.
    agreed : float
        The relative total up to which the search ends.
    confidence : float
    do : Operations
    """
    table, changes = [list(odd)], [list(odd)]
    for shares in _SHARES:
        last = table[-1]
        change = [(last[i + 1] - last[i]) * share for i, share in enumerate(shares)]
        table.append([last[i + 1] + difference for i, difference in enumerate(change)])
        changes.append([abs(difference) for difference in change])
    good, sigma, used, reach, freedom = _noise(odd, mean, start, floor, before, confidence, do)
    value = bar = total = None
    for j in (5, 4, 3):
        spread = _SPREAD[j] / start
        error, q, clean = _truncation(changes, j, do)
        if j < 5:
            wider = abs(table[j + 1][0] - table[j][0]) - SIGMAS * used * (_SPREAD[j + 1] / start + spread)
            error = do.most(error, wider)
        scatter = SIGMAS * used * spread
        sound = clean & ((scatter >= error) | (q < 0.5))
        own_bar, own_total = reach * spread + error, scatter + error
        if total is None:
            value, bar, total, supported = table[j][0], own_bar, own_total, sound  # new arrays, not views
        else:
            better = own_total < total
            value, bar = do.choose(better, table[j][0], value), do.choose(better, own_bar, bar)
            total, supported = do.choose(better, own_total, total), do.choose(better, sound, supported)
    good = good & supported & (total <= agreed * abs(value))
    return Smooth(good, value, bar, start * STEPS[0], sigma, freedom)


def _noise(
    odd: Sequence[Any], mean: Sequence[Any], start: Any, floor: Any, before: Any, confidence: float, do: Operations
) -> tuple[Any, ...]:
    """Return whether the noise is that of rounding, its size, that for decisions, its reach, and its freedom."""
    c, e = _dot(_SIX[0], odd) * start, _dot(_SIX[1], mean)
    last, (second, third, fourth) = (c * c + e * e) / 2, before
    two = second <= _TAIL * last
    freedom = 2 + PRIOR + 2 * two
    squares = 2 * last + 2 * (second * two)
    limit = VISIBLE * floor
    good = (squares <= limit * limit * (freedom - PRIOR)) & (last > 0)
    # The last residual is not small by chance, see `windows`.
    good = good & (two | (second >= LUCK * last) | (second * fourth <= SLOWER * third * third))
    squares = squares + PRIOR * (PRIOR_RATIO * floor) * (PRIOR_RATIO * floor)
    sigma = do.root(squares / freedom)
    few, many = quantile(2 + PRIOR, confidence), quantile(4 + PRIOR, confidence)
    reach = (few + (many - few) * two) * sigma
    return good, sigma, do.most(floor, sigma), do.most(reach, TOLD * floor), freedom


def _truncation(changes: Sequence[Sequence[Any]], j: int, do: Operations) -> tuple[Any, Any, Any]:
    """Return the truncation error of the window of degree j, its ratio q, and whether nothing was divided by 0."""
    own, parent, grandparent, decay = changes[j][0], changes[j - 1][1], changes[j - 2][2], _DECAY[0]
    clean = (parent > 0) & (grandparent > 0)
    q = do.least(do.most(decay * own / parent, decay**1.5 * do.root(own / grandparent)), 1.0)
    likely = do.most(own, do.least(parent, decay * parent * parent / grandparent))
    return SAFETY * likely * q, q, clean


@dataclass(frozen=True)
class Levels:
    """The levels that were taken; arrays of shape (6, k) and (k,), the sixth level NaN where noise was seen before.

    Attributes
    ----------
    odd, mean, steps : ndarray
        D, E and h.
    largest : ndarray
        The largest |f|.
    smooth : Smooth
        What they say; its arrays have the shape (k,) too.
    """

    odd: np.ndarray
    mean: np.ndarray
    steps: np.ndarray
    largest: np.ndarray
    smooth: Smooth


Call = Callable[[np.ndarray, np.ndarray], np.ndarray]


def take(call: Call, x: np.ndarray, start: np.ndarray, tiny: float, agreed: float, confidence: float) -> Levels:
    """Take and read the first levels.

    Parameters
    ----------
    call : callable
        As in `numdiff.adaptive.engine.estimate`.
    x, start : ndarray of float64, shape (k,)
    tiny : float
        The least error of a value: the smallest subnormal number.
    agreed : float
        The relative total up to which a search ends.
    confidence : float
    """
    if x.size == 1:
        return _take_one(call, x, start, tiny, agreed, confidence)
    parts = []
    for first in range(0, x.size, BLOCK):
        own = slice(first, first + BLOCK)
        parts.append(_take_many(partial(_shifted, call, first), x[own], start[own], tiny, agreed, confidence))
    return parts[0] if len(parts) == 1 else _joined(parts)


def _shifted(call: Call, first: int, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return call(nodes, rows + first)


def _joined(parts: list[Levels]) -> Levels:
    arrays = [
        np.concatenate([getattr(part, name) for part in parts], -1) for name in ("odd", "mean", "steps", "largest")
    ]
    smooth = [
        np.concatenate([np.broadcast_to(getattr(part.smooth, item.name), part.largest.shape) for part in parts])
        for item in fields(Smooth)
    ]
    return Levels(*arrays, Smooth(*smooth))


def _take_one(call: Call, x: np.ndarray, start: np.ndarray, tiny: float, agreed: float, confidence: float) -> Levels:
    at, first = float(x[0]), float(start[0])
    big = math.ldexp(1.5, math.frexp(abs(at) + first * STEPS[0])[1] - 1)
    steps = [(first * step + big) - big for step in STEPS]
    plus, minus = _pair(call, at, steps[:FIRST])
    odd = [(a - b) / (h + h) for a, b, h in zip(plus, minus, steps, strict=False)]
    mean = [a / 2 + b / 2 for a, b in zip(plus, minus, strict=True)]
    largest = max(map(abs, plus + minus))
    floor, smooth = max(HALF_UNIT * largest, tiny), _NOTHING
    if largest < math.inf:  # false for NaN
        before = read_five(odd, mean, first)
        if not _is_noisy(before, floor):
            more, less = _pair(call, at, steps[FIRST:])
            odd.append((more[0] - less[0]) / (steps[-1] + steps[-1]))
            mean.append(more[0] / 2 + less[0] / 2)
            largest = max(largest, abs(more[0]), abs(less[0]))
            floor = max(HALF_UNIT * largest, tiny)
            try:
                smooth = read_six(odd, mean, first, floor, before, agreed, confidence, of_numbers)
            except ZeroDivisionError:
                smooth = _NOTHING
    pad = [math.nan] * (LEVELS - len(odd))
    columns = (np.array([[number] for number in numbers]) for numbers in (odd + pad, mean + pad, steps))
    return Levels(*columns, np.array([largest]), smooth)


def _pair(call: Call, at: float, steps: list[float]) -> tuple[list[float], list[float]]:
    """Return f on both sides of a point."""
    nodes = np.array([at + h for h in steps] + [at - h for h in steps])
    y = call(nodes, _ZEROS[: nodes.size]).tolist()
    return y[: len(steps)], y[len(steps) :]


def _is_noisy(before: tuple[Any, Any, Any], floor: Any) -> Any:
    """Return whether the last two residuals may be a noise that is more than the rounding of f."""
    limit = UNSEEN * floor
    return (before[1] <= _TAIL * before[0]) & (before[0] > limit * limit)


def _take_many(call: Call, x: np.ndarray, start: np.ndarray, tiny: float, agreed: float, confidence: float) -> Levels:
    big = np.ldexp(1.5, np.frexp(np.abs(x) + start * STEPS[0])[1] - 1)
    steps, odd, mean = (np.empty((LEVELS, x.size)) for _ in range(3))
    for step, row in zip(STEPS, steps, strict=True):
        np.multiply(start, step, out=row)
        row += big
        row -= big
    rows = np.arange(x.size)
    largest = _put(call, x, rows, steps[:FIRST], odd[:FIRST], mean[:FIRST])
    before = read_five(odd[:FIRST], mean[:FIRST], start)
    go = ~_is_noisy(before, np.maximum(HALF_UNIT * largest, tiny)) & np.isfinite(largest)
    if not go.all():
        rows = np.flatnonzero(go)
        part = _take_sixth(call, x, rows, steps, odd, mean, largest)
        start, before = start[rows], tuple(square[rows] for square in before)
    else:
        np.maximum(largest, _put(call, x, rows, steps[FIRST:], odd[FIRST:], mean[FIRST:]), out=largest)
        part = odd, mean, largest
    floor = np.maximum(HALF_UNIT * part[2], tiny)
    smooth = read_six(part[0], part[1], start, floor, before, agreed, confidence, of_arrays)
    return Levels(odd, mean, steps, largest, smooth if rows.size == x.size else _spread(smooth, rows, x.size))


def _put(
    call: Call, x: np.ndarray, rows: np.ndarray, steps: np.ndarray, odd: np.ndarray, mean: np.ndarray
) -> np.ndarray:
    """Evaluate levels, put their numbers in place, and return the largest |f|."""
    n = len(steps)
    nodes = np.empty((2, n, x.size))
    np.add(x, steps, out=nodes[0])
    np.subtract(x, steps, out=nodes[1])
    y = call(nodes.reshape(-1), np.broadcast_to(rows, nodes.shape).reshape(-1)).reshape(nodes.shape)
    np.subtract(y[0], y[1], out=odd)
    odd /= 2 * steps
    np.add(y[0] / 2, y[1] / 2, out=mean)
    return np.abs(y).max(axis=(0, 1))


def _take_sixth(
    call: Call,
    x: np.ndarray,
    rows: np.ndarray,
    steps: np.ndarray,
    odd: np.ndarray,
    mean: np.ndarray,
    largest: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take the sixth level of some points; return their numbers and their largest |f|."""
    odd[FIRST:] = mean[FIRST:] = np.nan
    own = [np.ascontiguousarray(array[:, rows]) for array in (odd, mean)]
    if rows.size:
        found = _put(call, x[rows], rows, steps[FIRST:, rows], own[0][FIRST:], own[1][FIRST:])
        largest[rows] = np.maximum(largest[rows], found)
        odd[FIRST, rows], mean[FIRST, rows] = own[0][FIRST], own[1][FIRST]
    return own[0], own[1], largest[rows]


def _spread(smooth: Smooth, rows: np.ndarray, size: int) -> Smooth:
    """Return what some points say as arrays for all."""
    arrays = []
    for item in fields(smooth):
        part = getattr(smooth, item.name)
        whole = np.zeros(size, part.dtype)
        whole[rows] = part
        arrays.append(whole)
    return Smooth(*arrays)
