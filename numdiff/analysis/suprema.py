"""The largest magnitude of a derivative over an interval, proved by balls that are cut until they are useful."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from numdiff.arithmetic.ball import Ball, Undefined, Value
from numdiff.arithmetic.balls import enclose_derivatives
from numdiff.floats.dyadic import TINY, nearest_double

Interval: TypeAlias = tuple[int, int, int]
"""(low, high, e): from low·2**e to high·2**e."""

PRECISION = 128
"""Bits of the enclosures."""
SLACK = 1.2
"""An enclosure is good enough when no number in it is known to be smaller by more than this factor."""
_LARGEST = 1100
_MOST_PIECES = 160
_MOST_CUTS = 48
_CUTS_AT_SINGULARITY = 12
"""An interval that no enclosure is found for after so many cuts contains a pole, a kink or the end of the domain."""


@dataclass
class _Search:
    """The state of one interval: pieces that matter, and what is known of the largest magnitude."""

    pieces: list[Interval]
    least: float = 0.0
    settled: float = 0.0
    made: int = 1
    bounds: list[float] = field(default_factory=list)

    def judge(self, values: Sequence[Value], cuts: int) -> list[Interval]:
        """Take in the enclosures of the pieces; return the pieces to cut, none at the end."""
        self.bounds = []
        for value in values:
            upper, lower = _magnitudes(value)
            self.bounds.append(upper)
            self.least = max(self.least, lower)
        limit = self.least * SLACK
        if max(self.bounds) == math.inf and (cuts >= _CUTS_AT_SINGULARITY or _is_outside(values)):
            return []
        if cuts >= _MOST_CUTS or self.made + len(self.pieces) > _MOST_PIECES:
            return []
        poor = [piece for piece, upper in zip(self.pieces, self.bounds, strict=True) if upper > limit]
        self.settled = max([self.settled, *(upper for upper in self.bounds if upper <= limit)])
        self.made += len(poor)
        self.bounds = []
        return poor

    @property
    def result(self) -> float:
        """The bound."""
        return max([self.settled, *self.bounds])


def _is_outside(values: Sequence[Value]) -> bool:
    """Whether f is known to have no value on some piece."""
    return Undefined.DOMAIN in values or Undefined.POLE in values


def _magnitudes(value: Value) -> tuple[float, float]:
    """Return doubles above and below all magnitudes in an enclosure."""
    if not isinstance(value, Ball):
        return math.inf, 0.0
    middle = abs(value.mid)
    if not middle and not value.rad:
        return 0.0, 0.0
    top = value.exp + (middle + value.rad).bit_length()
    if top > _LARGEST:  # beyond the doubles, and perhaps with more digits than there is memory
        return math.inf, 0.0
    if top < -_LARGEST:
        return TINY, 0.0
    scale, divisor = max(value.exp, 0), 1 << max(-value.exp, 0)
    upper = math.nextafter(nearest_double((middle + value.rad) << scale, divisor), math.inf)
    lower = middle - value.rad
    return upper, math.nextafter(nearest_double(lower << scale, divisor), 0.0) if lower > 0 else 0.0


def suprema(f: Callable[[Any], Any], order: int, intervals: Sequence[Interval]) -> list[float]:
    """Bound |f⁽ᵒʳᵈᵉʳ⁾| over intervals.

    Each interval is enclosed as a whole, then in halves, quarters, … as far as an enclosure exceeds a value that is
    certainly taken by more than `SLACK`.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function.
    order : int
    intervals : sequence of Interval

    Returns
    -------
    list of float
        Upper bounds, rounded up; infinity where there is a pole, a kink or the end of the domain in the interval,
        or so close to it that the subdivision does not tell.

    Raises
    ------
    TypeError
        If f uses a ufunc that has no exact evaluation, or an exact array in a way that is refused.
    """
    searches = [_Search([interval]) for interval in intervals]
    open_, cuts = list(searches), 0
    while open_:
        balls = [_ball(piece) for search in open_ for piece in search.pieces]
        values = iter(enclose_derivatives(f, balls, order, PRECISION))
        remaining = []
        for search in open_:
            poor = search.judge([next(values) for _ in search.pieces], cuts)
            if poor:
                search.pieces = [half for piece in poor for half in _halves(piece)]
                remaining.append(search)
        open_, cuts = remaining, cuts + 1
    return [search.result for search in searches]


def _ball(interval: Interval) -> Ball:
    low, high, exponent = interval
    return Ball(low + high, high - low, exponent - 1)


def _halves(interval: Interval) -> tuple[Interval, Interval]:
    low, high, exponent = interval
    return (2 * low, low + high, exponent - 1), (low + high, 2 * high, exponent - 1)


class Suprema:
    """`suprema` of one function, each interval once.

    Parameters
    ----------
    f : callable
    """

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f
        self._known: dict[int, dict[Interval, float]] = {}

    def of(self, order: int, intervals: Iterable[Interval]) -> Mapping[Interval, float]:
        """Return the bounds on |f⁽ᵒʳᵈᵉʳ⁾| by interval; the mapping holds at least the given ones."""
        known = self._known.setdefault(order, {})
        missing = [interval for interval in dict.fromkeys(intervals) if interval not in known]
        known.update(zip(missing, suprema(self.f, order, missing), strict=True))
        return known
