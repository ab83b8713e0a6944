r"""Kinks and jumps at x, from all levels of the last segment of a centered first or second derivative.

At a kink of f the mean E(h) = (f(x+h) + f(x−h))/2 begins with half the difference of the slopes of both sides,

    E(h) = f(x) + s·h + (f″(x+) + f″(x−))/4·h² + …,   s = (f′(x+) − f′(x−))/2,

where a smooth f has even powers of h alone. The polynomial in h through some neighbouring levels gives s; as many
polynomials as there are windows of levels give as many s, which agree at a kink. Where f is smooth, s is a truncation
error, and differs from window to window by its order. Where windows agree, f(x) and two pairs more decide:
(E(h) − f(x))/h falls as h does where f is smooth, and stays at a kink. The slopes of both sides are D(0) ± s, with
D(h) = (f(x+h) − f(x−h))/(2h) taken to h = 0 by the same polynomial.

For a second derivative, D(h) is what E(h) is for the first one: at a kink of f′ it begins with a quarter of the jump of
f″ times h, and f″ of both sides are 2(E(h) − f(x))/h² at 0, minus and plus twice that slope.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from numdiff.adaptive.ladder import MULTIPLIERS, SLOTS, START
from numdiff.adaptive.nodes import evaluate
from numdiff.adaptive.plan import first_start
from numdiff.adaptive.state import State
from numdiff.adaptive.student import quantile
from numdiff.floats.fixed_order import power

__all__ = ["Breaks", "breaks"]

AGREED = 0.5
"""Slopes s of windows that agree to so much may be one, and are looked at. With 0.2, half of the kinks of a tenth of
the slope are missed in float32, where a segment has few levels."""
RISE = 0.05
"""Differences f(x+h) − f(x−h) that agree to so much at all levels are a jump; those of a slope fall as h does."""
SEEN = 100.0
"""A kink and a jump are larger than so many unit roundoffs of f: else they may be its rounding."""
NOISE = 8.0
"""Unit roundoffs of f, as they show in s, that s exceeds where a kink is looked for."""
CERTAIN = quantile(2, 0.975)
"""Deviations of its noise that s exceeds, of a noise that two numbers show: by chance in one case of forty. With one in
a thousand, half of the kinks of a tenth of the slope are missed in float32."""
DEVIATIONS, RESOLVED = 10.0, 4.0
"""A pair is as far from x as a kink of s exceeds so many deviations of the noise, if it is inside the innermost level;
where it exceeds fewer than RESOLVED there, the pair is noise, and nothing is said of a kink."""
INSIDE, STAYS = 4.0, 0.5
"""The steps of two pairs have this ratio, and at a kink the least ratio of their (E(h) − f(x))/h is that: a smooth f
keeps a quarter, and a kink all but its curvature."""
INNERMOST = 4
"""The levels that show a jump."""


@dataclass(frozen=True)
class Breaks:
    """Where f has a kink or a jump at x, the slopes on both sides, and how far they may be off; arrays (n,)."""

    kink: np.ndarray
    jump: np.ndarray
    left: np.ndarray
    right: np.ndarray
    doubt: np.ndarray

    @classmethod
    def none(cls, n: int, wide: np.dtype) -> "Breaks":
        """Return that there are none."""
        return cls(np.zeros(n, bool), np.zeros(n, bool), *(np.full(n, np.nan, wide) for _ in range(3)))


def breaks(state: State) -> Breaks:
    """Return where f has a kink or a jump at x, or f′ a kink; a kink is looked at with two pairs more."""
    own = state.setting
    found = Breaks.none(state.start.size, own.wide)
    if own.side or own.scheme.order > 2:
        return found
    put = _put if own.scheme.order == 1 else _put_second
    shape = state.outermost * SLOTS + state.innermost
    for key in np.unique(shape).tolist():
        rows, (outer, inner) = np.flatnonzero(shape == key), divmod(key, SLOTS)
        put(found, state, rows, outer, inner)
    return found


def _put(found: Breaks, state: State, rows: np.ndarray, outer: int, inner: int) -> None:
    """Look at points with the same levels."""
    block, start = slice(outer, inner + 1), state.start[rows]
    h, odd, mean = np.sqrt(state.t[block, rows]), state.numbers[block, rows], state.companions[block, rows]
    least = state.setting.unit_roundoff * state.largest[rows]
    rise = odd[-INNERMOST:] * h[-INNERMOST:]
    jump = rise.max(axis=0) - rise.min(axis=0) <= RISE * np.abs(rise).max(axis=0)
    jump &= np.abs(rise[-1]) > SEEN * least
    seen = _seen(_lines(h, mean - mean[-1], odd), _constants(outer, inner, 1), start, 1, least)
    kink = (seen.doubt < np.abs(seen.half)) & ~jump
    if kink.any():
        kink[kink] = _stays(state, rows[kink], h[:, kink], seen, kink)
    found.kink[rows], found.jump[rows], found.doubt[rows] = kink, jump, seen.doubt
    found.left[rows], found.right[rows] = seen.slope - seen.half, seen.slope + seen.half


def _put_second(found: Breaks, state: State, rows: np.ndarray, outer: int, inner: int) -> None:
    """Look for kinks of f′ at points with the same levels."""
    block, start = slice(outer, inner + 1), state.start[rows]
    h, slope, second = np.sqrt(state.t[block, rows]), state.companions[block, rows], 2 * state.numbers[block, rows]
    least = state.setting.unit_roundoff * state.largest[rows]
    seen = _seen(_lines(h, slope - slope[-1], second), _constants(outer, inner, 2), start, 2, least)
    kink = seen.doubt < np.abs(seen.half)
    if kink.any():
        kink[kink] = _slope_stays(state, rows[kink], h[:, kink], seen, kink)
    found.kink[rows], found.doubt[rows] = kink, 2 * seen.doubt
    found.left[rows], found.right[rows] = seen.slope - 2 * seen.half, seen.slope + 2 * seen.half


@dataclass(frozen=True)
class _Kinks:
    """What may be kinks; arrays of shape (k,).

    Attributes
    ----------
    half, slope : ndarray
        s and D(0).
    doubt : ndarray
        How far s may be off.
    sigma : ndarray
        The noise of f.
    """

    half: np.ndarray
    slope: np.ndarray
    doubt: np.ndarray
    sigma: np.ndarray


def _seen(lines: "_Lines", of: "_Constants", start: np.ndarray, order: int, least: np.ndarray) -> _Kinks:
    """Return the slope of the window that is most certain, of the windows and their noise."""
    parts = lines.last[0] * power(start, order - 1) / of.last[0], lines.last[1] * power(start, order) / of.last[1]
    large, small = (choose(np.abs(parts[0]), np.abs(parts[1])) for choose in (np.fmax, np.fmin))
    small = small / np.where(large > 0, large, 1)  # squares of large numbers would overflow
    sigma = large * np.sqrt((1 + small * small) / 2)
    noise = of.slopes / power(start, order) * np.fmax(NOISE * least, CERTAIN * sigma)
    spread = np.fmax(lines.apart / AGREED, noise)
    best = (spread.argmin(axis=0), np.arange(start.size))
    return _Kinks(lines.slopes[best], lines.odds[best], spread[best], sigma)


def _slope_stays(state: State, rows: np.ndarray, h: np.ndarray, seen: _Kinks, chosen: np.ndarray) -> np.ndarray:
    """Return where D(h) has the slope s between two pairs inside the innermost level: of a smooth f′ it falls as h."""
    own, size, half = state.setting, np.abs(seen.half[chosen]), seen.half[chosen]
    noise = np.maximum(SEEN * own.unit_roundoff * state.largest[rows] / DEVIATIONS, seen.sigma[chosen]) / size
    near = np.minimum(h[-1] / INSIDE, np.sqrt(DEVIATIONS * noise))
    can = (near * near >= RESOLVED * noise) & (state.evaluations[rows] + 4 <= own.allowed[rows])
    result, rows = np.zeros(rows.shape, bool), rows[can]
    if rows.size:
        found = evaluate(state, rows, near[can] * np.array([[1.0], [INSIDE]]))
        d = (found.y[0] - found.y[1]) / 2 / found.steps
        slope = (d[1] - d[0]) / (found.steps[1] - found.steps[0])
        result[can] = np.abs(slope - half[can]) <= STAYS * size[can]
    return result


def _stays(state: State, rows: np.ndarray, h: np.ndarray, seen: _Kinks, chosen: np.ndarray) -> np.ndarray:
    """Return where (E(h) − f(x))/h is s at two pairs, as far inside the step as rounding lets see it.

    Where the pairs show s and D(0) better, these are overwritten.
    """
    own, size = state.setting, np.abs(seen.half[chosen])
    least = SEEN * own.unit_roundoff * state.largest[rows]
    noise = seen.sigma[chosen] / size
    near = np.maximum(least / size, np.minimum(h[-1] / INSIDE, DEVIATIONS * noise))
    widest = first_start(own.fmt, own.plan, own.size[rows], own.room[rows], own.wanted[rows]) * MULTIPLIERS[START]
    can = (near * INSIDE <= np.maximum(widest, h[0])) & (near >= RESOLVED * noise)
    can &= state.evaluations[rows] + 5 <= own.allowed[rows]
    result = np.zeros(rows.shape, bool)
    rows, place = rows[can], np.flatnonzero(chosen)[can]
    if rows.size:
        center = own.call(own.x[rows], rows).astype(own.wide)
        state.evaluations[rows] += 1
        found = evaluate(state, rows, near[can] * np.array([[1.0], [INSIDE]]))
        inner, outer = (found.y[0] / 2 + found.y[1] / 2 - center) / found.steps
        stays = (inner / outer >= STAYS) & (np.abs(inner - seen.half[place]) <= STAYS * size[can])
        result[can] = stays
        apart = np.abs(inner - outer)
        better = stays & (apart < seen.doubt[place])
        seen.half[place[better]], seen.doubt[place[better]] = outer[better], apart[better]
        seen.slope[place[better]] = ((found.y[0, 1] - found.y[1, 1]) / 2 / found.steps[1])[better]
    return result


@dataclass(frozen=True)
class _Lines:
    """What polynomials in h say, for the windows of degree 2 and more.

    Attributes
    ----------
    slopes, odds, apart : ndarray, shape (w, k)
        s, D(0), and how far the two windows of one level less are from them.
    last : tuple of ndarray, shape (k,)
        The last correction of E(0) and of D(0).
    """

    slopes: np.ndarray
    odds: np.ndarray
    apart: np.ndarray
    last: tuple[np.ndarray, np.ndarray]


def _lines(h: np.ndarray, mean: np.ndarray, odd: np.ndarray) -> _Lines:
    """Return the polynomials through all windows of levels, by Neville's scheme and its derivative."""
    means, slopes, odds = mean, np.zeros_like(mean), odd
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    last = mean[0], odd[0]
    for j in range(1, len(h)):
        outer, inner, before, odds_before = h[:-j], h[j:], slopes, odds
        slopes = (means[:-1] - means[1:] + outer * slopes[1:] - inner * slopes[:-1]) / (outer - inner)
        last = means[1], odds[1]
        means, odds = ((outer * part[1:] - inner * part[:-1]) / (outer - inner) for part in (means, odds))
        last = means[0] - last[0], odds[0] - last[1]
        if j > 1:
            found.append((slopes, odds, np.maximum(_apart(slopes, before), _apart(odds, odds_before))))
    every, beside, apart = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return _Lines(every, beside, apart, last)


def _apart(numbers: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return how far the two windows of one level less are from each window."""
    return np.maximum(np.abs(numbers - before[:-1]), np.abs(numbers - before[1:]))


@dataclass(frozen=True)
class _Constants:
    """The deviations of what is in `_Lines` where those of f and the start are 1.

    Attributes
    ----------
    slopes : ndarray, shape (w, 1)
    last : tuple of float
    """

    slopes: np.ndarray
    last: tuple[float, float]


@cache
def _constants(outer: int, inner: int, order: int) -> _Constants:
    """Return the deviations for some levels: E and D·h have the deviation 1/√2, and 2(E − f(x)) has √6."""
    h = MULTIPLIERS[outer : inner + 1, None]
    ones = np.eye(len(h)) / math.sqrt(2)
    steps = np.broadcast_to(h, ones.shape)
    both = (ones, ones / steps) if order == 1 else (ones / steps, ones * math.sqrt(12) / (steps * steps))
    item = _lines(steps, *both)
    size = [float(np.sqrt((part * part).sum())) for part in item.last]
    return _Constants(np.sqrt((item.slopes * item.slopes).sum(axis=1))[:, None], (size[0], size[1]))
