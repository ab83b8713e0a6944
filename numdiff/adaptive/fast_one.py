"""The fast way for one point: Python numbers, a tenth of the time of arrays of one number. See `fast`.

The scheme is written out number by number: c₂₁ is the correction of degree 2 of the window that begins one level
inside the outermost one, v₂₁ the value of that window.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from numdiff.adaptive.fast import (
    CERTAIN,
    DECAY,
    DECAY_ROOT,
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

__all__ = ["One", "read_one", "take_one"]

(_S10, _S11, _S12, _S13, _S14), (_S20, _S21, _S22, _S23), (_S30, _S31, _S32), (_S40, _S41), (_S50,) = SHARES
((_W44, _M44),), ((_W33, _M33), (_W34, _M34)), ((_W22, _M22), (_W23, _M23), (_W24, _M24)) = WEIGHTS
_BIG = 1.5 * 2.0**52
"""A number plus so many spacings, less them, is rounded to the spacing."""
_LOW, _HIGH = (1.5 * reached for reached in REACHED)
_CALM = 2 * UNSEEN * UNSEEN
_PRIOR_SQUARES = PRIOR * PRIOR_RATIO * PRIOR_RATIO
_SCATTER = tuple(SIGMAS * spread for spread in SPREAD)
_APART = (0.0, *(SIGMAS * (SPREAD[k] + SPREAD[k + 1]) for k in range(len(SPREAD) - 1)))
_FACTORS = tuple(zip(SPREAD, _SCATTER, _APART, strict=True))
"""By degree: K of the window, and what σ is multiplied by for its scatter and for its distance from the one before."""
_ROWS = np.zeros(2 * FIRST, np.intp)
_ROWS.setflags(write=False)
Numbers = tuple[float, ...]


class _Table(NamedTuple):
    """Neville's scheme of five levels of one series.

    Attributes
    ----------
    ends : tuple of float
        The windows whose innermost level is the fifth, by degree: v₀₄, v₁₃, v₂₂, v₃₁, v₄₀.
    last : tuple of float
        The last corrections of the windows at the outermost level: c₂₀, c₃₀, c₄₀.
    inside : tuple of float
        Those of windows inside, c₁₂, c₂₁, c₂₂, c₃₁.
    value : float
        v₃₀.
    """

    ends: Numbers
    last: Numbers
    inside: Numbers
    value: float


class _Noise(NamedTuple):
    """What the residuals say of the noise: σ, its freedom; σ for decisions and the reach of the bar, over the start."""

    sigma: float
    freedom: int
    used: float
    reach: float


class One(NamedTuple):
    """What six levels say of one point: as in `Smooth`, and the largest |f| of the first five levels."""

    value: float
    bar: float
    step: float
    sigma: float
    freedom: int
    largest: float


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

    def values(nodes: list[float]) -> list[float]:
        return call(np.array(nodes), _ROWS[: len(nodes)]).tolist()

    found = read_one(values, x, start, agreed, confidence)
    if isinstance(found, Levels):
        return found
    return Smooth(
        value=np.array([found.value]),
        bar=np.array([found.bar]),
        step=np.array([found.step]),
        sigma=np.array([found.sigma]),
        freedom=np.array([found.freedom], np.intp),
    )


def read_one(
    values: Callable[[list[float]], list[float]], x: float, start: float, agreed: float, confidence: float
) -> One | Levels:
    """Return what six levels say, or the levels where that is not enough; `values` returns f at a list of nodes."""
    widest = abs(x) + start * STEPS[0]
    unit = math.ulp(widest) if widest <= REACHED[1] else math.inf
    big = unit * _BIG
    if not (_LOW <= big <= _HIGH and start >= unit * CERTAIN):
        return _levels([], [math.nan] * LEVELS)
    steps = [start * step + big - big for step in STEPS]
    a, b, c, d, e, h = steps
    y = values([x + a, x + b, x + c, x + d, x + e, x - a, x - b, x - c, x - d, x - e])
    p, q, r, s, t, u, v, w, z, o = y
    about = t + o
    odd = _five((p - u) / (a + a), (q - v) / (b + b), (r - w) / (c + c), (s - z) / (d + d), (t - o) / (e + e))
    total = _five(p + u - about, q + v - about, r + w - about, s + z - about, about - about)
    first = max(map(abs, y))
    squares = _squares(odd.last, total.last, start)
    # With a NaN among the values the squares are NaN, and neither is true.
    calm = squares[0] <= first * HALF_UNIT * (first * HALF_UNIT) * _CALM or squares[1] > squares[0] * TAIL
    if not (calm and SIZES[0] <= first <= SIZES[1]):
        return _levels(y, steps)
    more, less = values([x + h, x - h])
    largest = max(first, abs(more), abs(less))
    added = _six(odd.ends, (more - less) / (h + h))
    last = added[2] * WEIGHTS_SIX[0] * start, _six(total.ends, more + less - about)[2] * WEIGHTS_SIX[1]
    noise = _noise(last, largest * HALF_UNIT, squares, start, confidence)
    best = _best(odd, added, noise, agreed) if noise and largest <= SIZES[1] else None
    if noise is None or best is None:
        return _levels([*y[:FIRST], more, *y[FIRST:], less], steps)
    return One(best[0], best[1], start * STEPS[0], noise.sigma, noise.freedom, first)


def _levels(y: list[float], steps: list[float]) -> Levels:
    """Return the levels for the search, the missing ones as NaN; y holds f on the right, then on the left."""
    taken = len(y) // 2
    pairs, pad = list(zip(y[:taken], y[taken:], steps, strict=False)), [math.nan] * (LEVELS - taken)
    about = sum(pairs[FIRST - 1][:2]) if pairs else math.nan
    odd = [(a - b) / (h + h) for a, b, h in pairs]
    mean = [(a + b - about + about) * 0.5 for a, b, _ in pairs]
    largest = max(map(abs, y)) if y and all(value == value for value in y) else math.nan
    return Levels(
        rows=np.zeros(1, np.intp),
        odd=np.array(odd + pad)[:, None],
        mean=np.array(mean + pad)[:, None],
        steps=np.array(steps)[:, None],
        taken=np.array([taken]),
        largest=np.array([largest]),
    )


def _five(a: float, b: float, c: float, d: float, e: float) -> _Table:
    """Return Neville's scheme of five numbers, from the outermost level."""
    c10, c11, c12, c13 = (b - a) * _S10, (c - b) * _S11, (d - c) * _S12, (e - d) * _S13
    v10, v11, v12, v13 = b + c10, c + c11, d + c12, e + c13
    c20, c21, c22 = (v11 - v10) * _S20, (v12 - v11) * _S21, (v13 - v12) * _S22
    v20, v21, v22 = v11 + c20, v12 + c21, v13 + c22
    c30, c31 = (v21 - v20) * _S30, (v22 - v21) * _S31
    v30, v31 = v21 + c30, v22 + c31
    c40 = (v31 - v30) * _S40
    return _Table((e, v13, v22, v31, v31 + c40), (c20, c30, c40), (c12, c21, c22, c31), v30)


def _six(ends: Numbers, number: float) -> Numbers:
    """Return the last corrections that a sixth number adds, c₃₂, c₄₁, c₅₀, and v₅₀."""
    v04, v13, v22, v31, v40 = ends
    inner = number + (number - v04) * _S14
    inner += (inner - v13) * _S23
    c32 = (inner - v22) * _S32
    inner += c32
    c41 = (inner - v31) * _S41
    inner += c41
    c50 = (inner - v40) * _S50
    return c32, c41, c50, inner + c50


def _squares(odd: Numbers, mean: Numbers, start: float) -> Numbers:
    """Return the squares of the last three residuals of five levels, the last one first."""
    c20, c30, c40 = odd
    m20, m30, m40 = mean
    c4, e4 = c40 * _W44 * start, m40 * _M44
    c3, e3 = (c30 * _W33 + c40 * _W34) * start, m30 * _M33 + m40 * _M34
    c2, e2 = (c20 * _W22 + c30 * _W23 + c40 * _W24) * start, m20 * _M22 + m30 * _M23 + m40 * _M24
    return c4 * c4 + e4 * e4, c3 * c3 + e3 * e3, c2 * c2 + e2 * e2


def _noise(last: Numbers, floor: float, before: Numbers, start: float, confidence: float) -> _Noise | None:
    """Return the noise, or None where it is not that of rounding; `last` is the last residual of both series."""
    c, e = last
    second, third, fourth = before
    square, unit = c * c + e * e, floor * floor
    two = second <= square * TAIL
    count, squares = (4, second + square) if two else (2, square)
    near = squares <= unit * VISIBLE * VISIBLE * count
    # The last residual is not small by chance, see `windows`.
    sure = near if two else second >= square * LUCK or second * fourth <= third * third * SLOWER
    if not (sure and square > 0):
        return None
    alone, few, many = reaches(confidence)
    if near:
        count += PRIOR
        sigma = math.sqrt((squares + unit * _PRIOR_SQUARES) / count)
        reach, used = (many - few + few if two else few) * sigma, max(floor, sigma)
    else:
        # Truncation errors, still: the bar counts them as noise, the choice of the window does not.
        count, sigma = 2, math.sqrt(square * 0.5)
        reach, used = alone * sigma, floor
    return _Noise(sigma, count, used / start, max(reach, floor * TOLD) / start)


def _best(odd: _Table, added: Numbers, noise: _Noise, agreed: float) -> tuple[float, float] | None:
    """Return the value and the bar of the best window, or None where the search has to go on."""
    _, c30, c40 = odd.last
    c12, c21, c22, c31 = odd.inside
    c32, c41, c50, v50 = added
    windows = (c50, c41, c32, v50), (c40, c31, c22, odd.ends[4]), (c30, c21, c12, odd.value)
    value = bar = before = math.nan
    total, sound = math.inf, False
    for (own, parent, grandparent, here), (spread, of_scatter, of_apart) in zip(windows, _FACTORS, strict=True):
        own, parent, grandparent = abs(own), abs(parent), abs(grandparent)
        if not (parent > 0 and grandparent > 0):
            return None
        q = min(max(own / parent * DECAY, math.sqrt(own / grandparent) * DECAY_ROOT), 1.0)
        error = max(own, min(parent, parent * (DECAY * (parent / grandparent)))) * q * SAFETY
        error = max(error, abs(before - here) - noise.used * of_apart)  # the first one has none before: NaN
        scatter = noise.used * of_scatter
        if scatter + error < total:
            value, total, bar = here, scatter + error, noise.reach * spread + error
            sound = scatter >= error or q < 0.5
        before = here
    return (value, bar) if sound and total - abs(value) * agreed <= 0 else None
