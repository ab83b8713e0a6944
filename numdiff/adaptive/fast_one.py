"""The fast way for one point: Python numbers, a third of the time of arrays of one number. See `fast`."""

import math
from dataclasses import dataclass

import numpy as np

from numdiff.adaptive.fast import (
    CERTAIN,
    DECAY,
    DECAY_ROOT,
    DEGREES,
    FIRST,
    HALF_UNIT,
    LEVELS,
    REACHED,
    SHARES,
    SIZES,
    SPREAD,
    STEPS,
    TAIL,
    WEIGHTS,
    WEIGHTS_SIX,
    Levels,
    Smooth,
    reaches,
)
from numdiff.adaptive.noise import LUCK, PRIOR, PRIOR_RATIO, SLOWER, TOLD, UNSEEN, VISIBLE
from numdiff.adaptive.state import Call
from numdiff.adaptive.windows import SAFETY, SIGMAS

__all__ = ["take_one"]

_SCATTER = tuple(SIGMAS * spread for spread in SPREAD)
_APART = tuple(SIGMAS * (SPREAD[k] + SPREAD[k + 1]) for k in range(len(SPREAD) - 1))
_ROWS = np.zeros(2 * FIRST, np.intp)
_ROWS.setflags(write=False)
Table = list[list[float]]
"""The values or the corrections of the windows: by degree, then from the outermost."""


def take_one(call: Call, x: float, start: float, agreed: float, confidence: float) -> Smooth | Levels:
    """Take and read the first levels of one point; return what they say, or the levels where that is not enough.

    Parameters
    ----------
    call : callable
        As in `numdiff.adaptive.engine.estimate`.
    x, start : float
    agreed : float
        The relative total up to which a search ends.
    confidence : float
    """
    widest = abs(x) + start * STEPS[0]
    power = math.ldexp(0.5, math.frexp(widest)[1]) if widest <= REACHED[1] else math.inf
    if not (REACHED[0] <= power <= REACHED[1] and start >= power * (CERTAIN * 2.0**-52)):
        return _levels([], [], [math.nan] * LEVELS, math.nan)
    big = 1.5 * power
    steps = [(start * step + big) - big for step in STEPS]
    right, left = _pairs(call, x, steps[:FIRST])
    odd = [(a - b) / (h + h) for a, b, h in zip(right, left, steps, strict=False)]
    about = right[-1] + left[-1]
    total = [a + b - about for a, b in zip(right, left, strict=True)]
    largest = _largest(right + left)
    tables = _tables(odd), _tables(total)
    squares = _squares(tables[0][1], tables[1][1], start)
    floor = largest * HALF_UNIT
    calm = squares[0] <= floor * floor * (2 * UNSEEN * UNSEEN) or squares[1] > squares[0] * TAIL
    if calm and SIZES[0] <= largest <= SIZES[1]:
        (more,), (less,) = _pairs(call, x, steps[FIRST:])
        odd.append((more - less) / (steps[FIRST] + steps[FIRST]))
        total.append(more + less - about)
        largest = _largest([largest, more, less])
        if largest <= SIZES[1]:
            for (values, corrections), number in zip(tables, (odd[FIRST], total[FIRST]), strict=True):
                _extend(values, corrections, number)
            noise = _noise(tables[0][1], tables[1][1], start, largest * HALF_UNIT, squares, confidence)
            smooth = noise and _smooth(tables[0][0], tables[0][1], start, noise, agreed)
            if smooth:
                return smooth
    return _levels(odd, [(number + about) * 0.5 for number in total], steps, largest)


def _largest(numbers: list[float]) -> float:
    """Return the largest |f|, NaN if one is NaN."""
    sizes = [abs(number) for number in numbers]
    return max(sizes) if all(size == size for size in sizes) else math.nan


def _pairs(call: Call, x: float, steps: list[float]) -> tuple[list[float], list[float]]:
    """Return f on both sides of a point."""
    nodes = np.array([x + h for h in steps] + [x - h for h in steps])
    y = call(nodes, _ROWS[: nodes.size]).tolist()
    return y[: len(steps)], y[len(steps) :]


def _levels(odd: list[float], mean: list[float], steps: list[float], largest: float) -> Levels:
    """Return the levels for the search, the missing ones as NaN."""
    pad = [math.nan] * (LEVELS - len(odd))
    return Levels(
        rows=np.zeros(1, np.intp),
        odd=np.array(odd + pad)[:, None],
        mean=np.array(mean + pad)[:, None],
        steps=np.array(steps)[:, None],
        taken=np.array([len(odd)]),
        largest=np.array([largest]),
    )


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
    """Return the squares of the last three residuals of five levels, the last one first."""
    squares = []
    for p, weights in zip((4, 3, 2), WEIGHTS, strict=True):
        c, e = odd[p][0] * weights[0][0], mean[p][0] * weights[0][1]
        for j, (of_odd, of_mean) in enumerate(weights[1:], start=p + 1):
            c, e = c + odd[j][0] * of_odd, e + mean[j][0] * of_mean
        c *= start
        squares.append(c * c + e * e)
    return squares[0], squares[1], squares[2]


@dataclass(frozen=True)
class _Noise:
    """What the residuals say of the noise: σ, its freedom; σ for decisions and the reach of the bar, over the start."""

    sigma: float
    freedom: int
    used: float
    reach: float


def _noise(
    odd: Table, mean: Table, start: float, floor: float, before: tuple[float, float, float], confidence: float
) -> _Noise | None:
    """Return the noise, or None where it is not that of rounding."""
    second, third, fourth = before
    c, e = odd[5][0] * WEIGHTS_SIX[0] * start, mean[5][0] * WEIGHTS_SIX[1]
    last, unit = c * c + e * e, floor * floor
    two = second <= last * TAIL
    count, squares = 2 + 2 * two, second * two + last
    near = squares <= unit * VISIBLE * VISIBLE * count
    # The last residual is not small by chance, see `windows`.
    sure = near if two else second >= last * LUCK or second * fourth <= third * third * SLOWER
    if not (sure and last > 0):
        return None
    alone, few, many = reaches(confidence)
    if near:
        count += PRIOR
        sigma = math.sqrt((squares + unit * (PRIOR * PRIOR_RATIO * PRIOR_RATIO)) / count)
        reach, used = (two * (many - few) + few) * sigma, max(floor, sigma)
    else:
        # Truncation errors, still: the bar counts them as noise, the choice of the window does not.
        count, sigma = 2, math.sqrt(last * 0.5)
        reach, used = alone * sigma, floor
    return _Noise(sigma, count, used / start, max(reach, floor * TOLD) / start)


def _smooth(values: Table, odd: Table, start: float, noise: _Noise, agreed: float) -> Smooth | None:
    """Return what six levels say, or None where the search has to go on."""
    value = bar = total = math.nan
    sound = False
    for k, j in enumerate(DEGREES):
        own, parent, grandparent = abs(odd[j][0]), abs(odd[j - 1][1]), abs(odd[j - 2][2])
        if not (parent > 0 and grandparent > 0):
            return None
        q = min(max(own / parent * DECAY, math.sqrt(own / grandparent) * DECAY_ROOT), 1.0)
        error = max(own, min(parent, parent * (DECAY * (parent / grandparent)))) * q * SAFETY
        if k:
            apart = abs(values[j + 1][0] - values[j][0])
            error = max(error, apart - noise.used * _APART[k - 1])
        scatter = noise.used * _SCATTER[k]
        if not k or scatter + error < total:
            value, total, bar = values[j][0], scatter + error, noise.reach * SPREAD[k] + error
            sound = scatter >= error or q < 0.5
    if not (sound and total - abs(value) * agreed <= 0):
        return None
    return Smooth(
        value=np.array([value]),
        bar=np.array([bar]),
        step=np.array([start * STEPS[0]]),
        sigma=np.array([noise.sigma]),
        freedom=np.array([noise.freedom], np.intp),
    )
