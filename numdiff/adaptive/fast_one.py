"""The fast way for one point: Python numbers, a third of the time of arrays of one number. See `fast`."""

import math

import numpy as np

from numdiff.adaptive.fast import CERTAIN, DECAY, DECAY_ROOT, FIRST, HALF_UNIT, LEVELS, SHARES, SPREAD, STEPS, TAIL
from numdiff.adaptive.fast import WEIGHTS, WEIGHTS_SIX, WIDEST_AT, Levels, Smooth, reaches
from numdiff.adaptive.state import Call
from numdiff.adaptive.windows import LUCK, PRIOR, PRIOR_RATIO, SAFETY, SIGMAS, SLOWER, TOLD, UNSEEN, VISIBLE

__all__ = ["take_one"]

_ROWS = np.zeros(2 * FIRST, np.intp)
_ROWS.setflags(write=False)
Table = list[list[float]]
"""The values or the corrections of the windows: by degree, then from the outermost."""


def take_one(
    call: Call, x: float, start: float, tiny: float, agreed: float, confidence: float
) -> tuple[Smooth | None, Levels | None]:
    """Take and read the first levels of one point: one of the results is None.

    Parameters
    ----------
    call : callable
        As in `numdiff.adaptive.engine.estimate`.
    x, start : float
    tiny : float
        The least error of a value: the smallest subnormal number.
    agreed : float
        The relative total up to which a search ends.
    confidence : float
    """
    widest = abs(x) + start * STEPS[0]
    power = math.ldexp(0.5, math.frexp(widest)[1]) if widest < math.inf else math.inf
    if not (WIDEST_AT[0] <= power < WIDEST_AT[1] and start >= CERTAIN * 2.0**-52 * power):
        return None, _levels([], [], [math.nan] * LEVELS, math.nan)
    big = 1.5 * power
    steps = [(start * step + big) - big for step in STEPS]
    right, left = _pairs(call, x, steps[:FIRST])
    odd = [(a - b) / (h + h) for a, b, h in zip(right, left, steps, strict=False)]
    about = right[-1] * 0.5 + left[-1] * 0.5
    mean = [a * 0.5 + b * 0.5 - about for a, b in zip(right, left, strict=True)]
    largest = max(map(abs, right + left))
    if not (largest < math.inf and all(y == y for y in mean)):
        return None, _levels(odd, [number + about for number in mean], steps, math.inf)
    tables = _tables(odd), _tables(mean)
    before = _squares(tables[0][1], tables[1][1], start)
    limit = UNSEEN * max(HALF_UNIT * largest, tiny)
    if before[1] <= TAIL * before[0] and before[0] > limit * limit:
        return None, _levels(odd, [number + about for number in mean], steps, largest)
    (more,), (less,) = _pairs(call, x, steps[FIRST:])
    odd.append((more - less) / (steps[FIRST] + steps[FIRST]))
    mean.append(more * 0.5 + less * 0.5 - about)
    largest = max(largest, abs(more), abs(less))
    if largest < math.inf and more == more and less == less:
        for (values, corrections), number in zip(tables, (odd[FIRST], mean[FIRST]), strict=True):
            _extend(values, corrections, number)
        floor = max(HALF_UNIT * largest, tiny)
        smooth = _smooth(tables[0][0], tables[0][1], tables[1][1], start, floor, before, agreed, confidence)
        if smooth is not None:
            return smooth, None
    return None, _levels(odd, [number + about for number in mean], steps, largest)


def _pairs(call: Call, x: float, steps: list[float]) -> tuple[list[float], list[float]]:
    """Return f on both sides of a point."""
    nodes = np.array([x + h for h in steps] + [x - h for h in steps])
    y = call(nodes, _ROWS[: nodes.size]).tolist()
    return y[: len(steps)], y[len(steps) :]


def _levels(odd: list[float], mean: list[float], steps: list[float], largest: float) -> Levels:
    """Return the levels for the search, the missing ones as NaN."""
    pad = [math.nan] * (LEVELS - len(odd))
    columns = [np.array(numbers)[:, None] for numbers in (odd + pad, mean + pad, steps)]
    return Levels(np.zeros(1, np.intp), *columns, np.array([len(odd)]), np.array([largest]))


def _tables(numbers: list[float]) -> tuple[Table, Table]:
    """Return the values and the corrections of Neville's scheme."""
    values, corrections = [numbers], [numbers]
    for shares in SHARES[: len(numbers) - 1]:
        last = values[-1]
        change = [(last[i + 1] - last[i]) * shares[i] for i in range(len(last) - 1)]
        corrections.append(change)
        values.append([last[i + 1] + change[i] for i in range(len(change))])
    return values, corrections


def _extend(values: Table, corrections: Table, number: float) -> None:
    """Add a level to the tables; the numbers of degree 0 have it."""
    values.append([])
    corrections.append([])
    inner = number
    for j, shares in enumerate(SHARES, start=1):
        change = (inner - values[j - 1][FIRST - j]) * shares[FIRST - j]
        inner += change
        corrections[j].append(change)
        values[j].append(inner)


def _squares(odd: Table, mean: Table, start: float) -> tuple[float, float, float]:
    """Return the mean squares of the last three residuals of five levels, the last one first."""
    squares = []
    for p, weights in zip((4, 3, 2), WEIGHTS, strict=True):
        c, e = odd[p][0] * weights[0][0], mean[p][0] * weights[0][1]
        for j, (of_odd, of_mean) in enumerate(weights[1:], start=p + 1):
            c, e = c + odd[j][0] * of_odd, e + mean[j][0] * of_mean
        c *= start
        squares.append((c * c + e * e) * 0.5)
    return squares[0], squares[1], squares[2]


def _smooth(
    values: Table,
    odd: Table,
    mean: Table,
    start: float,
    floor: float,
    before: tuple[float, float, float],
    agreed: float,
    confidence: float,
) -> Smooth | None:
    """Return what six levels say, or None where the search has to go on."""
    second, third, fourth = before
    c, e = odd[5][0] * WEIGHTS_SIX[0] * start, mean[5][0] * WEIGHTS_SIX[1]
    last = (c * c + e * e) * 0.5
    two, limit = second <= TAIL * last, VISIBLE * floor
    squares = (second * two + last) * 2
    near = squares <= limit * limit * (2 + 2 * two)
    if not (abs(values[5][0]) < math.inf and 0 < last < math.inf and (near or not two)):
        return None
    # The last residual is not small by chance, see `windows`.
    if not (two or second >= LUCK * last or second * fourth <= SLOWER * third * third):
        return None
    alone, few, many = reaches(confidence)
    if near:
        freedom, prior = 2 + PRIOR + 2 * two, PRIOR_RATIO * floor
        sigma = math.sqrt((squares + PRIOR * prior * prior) / freedom)
        reach, used = (many if two else few) * sigma, max(floor, sigma) / start
    else:
        # Truncation errors, still: the bar counts them as noise, the choice of the window does not.
        freedom, sigma = 2, math.sqrt(last)
        reach, used = alone * sigma, floor / start
    reach = max(reach, TOLD * floor) / start
    value = bar = total = math.nan
    sound = False
    for k, j in enumerate((5, 4, 3)):
        own, parent, grandparent = abs(odd[j][0]), abs(odd[j - 1][1]), abs(odd[j - 2][2])
        if not (parent > 0 and grandparent > 0):
            return None
        q = min(max(own / parent * DECAY, math.sqrt(own / grandparent) * DECAY_ROOT), 1.0)
        error = max(own, min(parent, parent * parent / grandparent * DECAY)) * q * SAFETY
        if k:
            apart = abs(values[j + 1][0] - values[j][0])
            error = max(error, apart - used * (SIGMAS * (SPREAD[k - 1] + SPREAD[k])))
        scatter = used * (SIGMAS * SPREAD[k])
        if not k or scatter + error < total:
            value, total, bar = values[j][0], scatter + error, reach * SPREAD[k] + error
            sound = scatter >= error or q < 0.5
    if not (sound and total <= agreed * abs(value)):
        return None
    numbers = (np.array([number]) for number in (value, bar, start * STEPS[0], sigma))
    return Smooth(*numbers, np.array([freedom], np.intp))
