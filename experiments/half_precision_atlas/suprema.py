"""Bounds of a high derivative over intervals, for remainders of Taylor series.

The axis is cut into intervals of one width; Arb encloses the derivative over each. The largest bound over a run of them
is looked up in a table of maxima over 2ⁱ intervals.
"""

from functools import cache

import numpy as np

from experiments.half_precision_atlas.forms import FORMS, Form
from numdiff.arithmetic import balls
from numdiff.arithmetic.ball import Ball
from numdiff.floats.dyadic import dyadic, nearest_double

__all__ = ["Suprema", "suprema_of"]

_MARGIN = 8.0
"""How far beyond the tables derivatives are enclosed: two numbers of bfloat16 at 720."""
_NEAR, _PIECE = 4.0, 2.0**-9
"""Where poles are near the axis, at ±iπ and ±iπ/2, enclosures over wide intervals grow: there they are put together of
pieces."""


class Suprema:
    """Bounds of |f⁽ᵏ⁾|/k! over intervals.

    Parameters
    ----------
    start : float
        The left end of the first interval of the partition.
    width : float
        A power of two.
    bounds : ndarray of float64
        One for each interval.
    """

    def __init__(self, start: float, width: float, bounds: np.ndarray) -> None:
        self.start, self.width, self.size = start, width, bounds.size
        self.levels = [bounds]
        while 2 ** len(self.levels) <= bounds.size:
            last, reach = self.levels[-1], 2 ** (len(self.levels) - 1)
            self.levels.append(np.maximum(last[:-reach], last[reach:]))

    def over(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return a bound over [low, high], infinite where that leaves the partition."""
        with np.errstate(invalid="ignore"):
            # One interval more on either side covers the rounding of the ends.
            first = np.floor((low - self.start) / self.width) - 1
            last = np.floor((high - self.start) / self.width) + 1
        inside = (first >= 0) & (last < self.size)
        first = np.where(inside, first, 0).astype(np.intp)
        count = np.where(inside, last, 0).astype(np.intp) - first + 1
        level = np.frexp(np.maximum(count, 1))[1] - 1
        found = np.full(np.shape(first), np.inf)
        for i in np.unique(level[inside]):
            at = inside & (level == i)
            row = self.levels[i]
            found[at] = np.maximum(row[first[at]], row[first[at] + count[at] - 2**i])
        return found


@cache
def suprema_of(name: str, order: int) -> Suprema:
    """Return bounds of |f⁽ᵏ⁾|/k! for a function of the course."""
    form = FORMS[name]
    if form.exact:  # derivatives of x² beyond the second
        return Suprema(-(2.0**200), 2.0**195, np.zeros(64))
    first = 0.0 if form.parity else form.low - _MARGIN
    ends = np.arange(first, form.high + (_MARGIN if form.right_tail or form.parity == 0 else 1.0), form.width)
    near = np.abs(ends) < _NEAR
    bounds = np.empty(ends.size)
    bounds[~near] = _enclosed(form, ends[~near], form.width, order)
    starts = ends[near][:, None] + np.arange(0.0, form.width, _PIECE)
    bounds[near] = _enclosed(form, starts.ravel(), _PIECE, order).reshape(starts.shape).max(axis=1)
    if form.parity:
        return Suprema(-float(ends[-1]) - form.width, form.width, np.concatenate([bounds[::-1], bounds]))
    return Suprema(float(ends[0]), form.width, bounds)


def _enclosed(form: Form, starts: np.ndarray, width: float, order: int) -> np.ndarray:
    """Return bounds over the intervals of a width that begin at dyadic numbers."""
    intervals = []
    radius = dyadic(width / 2)
    for start in starts.tolist():
        m, e = dyadic(start + width / 2)
        low = min(e, radius[1])
        intervals.append(Ball(m << (e - low), radius[0] << (radius[1] - low), low))
    return np.array(
        [_magnitude(ball, order) for ball in balls.enclose_derivatives(form.function, intervals, order, 64)]
    )


def _magnitude(ball: object, order: int) -> float:
    """Return a double above all |f⁽ᵏ⁾|/k! of an enclosure."""
    if not isinstance(ball, Ball):
        return np.inf
    factorial = 1
    for j in range(2, order + 1):
        factorial *= j
    top = abs(ball.mid) + ball.rad
    value = nearest_double(top << max(ball.exp, 0), factorial << max(-ball.exp, 0))
    return value * (1 + 2.0**-50) + 2.0**-1070
