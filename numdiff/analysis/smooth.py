"""How far a callable is smooth on both sides of a point: the nearest branch, pole or edge, found by bisection in Arb.

A derivative that Arb encloses over a whole interval exists there: no branch, pole or end of the domain lies in it. What
is not enclosed is cut until it is, or until the piece is so small that it has to be taken for the obstacle. One such
obstacle is none: a removable singularity, as that of sin(x)/x, beyond which f has the values of its Taylor series.

References
----------
W. Tucker, Validated Numerics, Princeton University Press (2011), section 5.1: bisection with enclosures.
F. Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic, IEEE Trans. Comput. 66 (2017)
1281-1292, section 6: power series of balls.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from numdiff.analysis.taylor import CONTINUED_BITS, Scaled, Series, converging, scaled_value, total
from numdiff.arithmetic.ball import Ball, Undefined
from numdiff.arithmetic.balls import enclose_derivatives, values
from numdiff.floats.dyadic import dyadic, nearest_double

PRECISION = 128
"""Bits of the enclosures: twice those of float80, so that shells of half a spacing are told from the point."""
CUTS = 12
"""A piece that is not enclosed after so many cuts is taken for the obstacle.

It is 2⁻¹² of a shell wide, and so less than 2⁻¹¹ of its distance from the point: what is lost of the room is no more.
"""
_MOST_PIECES = 160
"""Pieces that one shell is cut into: a bound on the work. What is left then counts as an obstacle."""


class Room(NamedTuple):
    """Distances from a point, to the left and to the right."""

    left: Fraction
    right: Fraction


NOWHERE = Room(Fraction(0), Fraction(0))
_SHORT_OF_END = 1 - Fraction(1, 4096)
"""Up to which share of the distance of an end of the domain one looks: at the end itself f need have no value."""
_NEAREST = Fraction(1, 2**70)
"""The nearest obstacle as a share of how far one looks: below the spacing of all formats beside x ≠ 0."""

Sides: TypeAlias = tuple[float, float]
"""What is so to the left and to the right of a point."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """A callable around a point at which it is smooth.

    Attributes
    ----------
    f : callable
        An elementwise NumPy callable.
    x : Fraction
        A dyadic number.
    series : Series
        The Taylor coefficients of f at x.
    order : int
        The highest derivative that has to exist.
    spacing : Fraction
        That of the format at x: an obstacle nearer than half of it is at x.
    domain : tuple of float
        The open interval in which f is said to be smooth; nothing is looked for beyond it.
    """

    f: Callable[[Any], Any]
    x: Fraction
    series: Series
    order: int
    spacing: Fraction
    domain: Sides

    def within(self, wanted: Room, known: Room = NOWHERE) -> tuple[Sides, Room]:
        """Return how far nodes may lie from x, and how far that was looked for.

        Parameters
        ----------
        wanted : Room
            How far to look, dyadic; 0 for a side that does not matter.
        known : Room
            Distances for which the answer is known to be yes.

        Returns
        -------
        room : tuple of float
            To the left and right: to the end of the domain, or less than the distance of the nearest obstacle, by at
            most 2⁻¹¹ of it where the enclosures are as narrow as f is smooth; 0 where it is at x.
        searched : Room
            As wanted, or short of the end of the domain.

        Raises
        ------
        TypeError
            If f uses a ufunc that has no exact evaluation.
        """
        ends = [None if math.isinf(end) else abs(Fraction(end) - self.x) for end in self.domain]
        sides = zip(wanted, ends, strict=True)
        looked = Room(*(far if end is None else min(far, end * _SHORT_OF_END) for far, end in sides))
        found = self._smooth(looked, known)
        left, right = (
            float(here) if here < far else math.inf if end is None else float(end)
            for end, here, far in zip(ends, found, looked, strict=True)
        )
        return (left, right), looked

    def beyond(self, wanted: Room, room: Sides, searched: Room) -> tuple[Sides, Room]:
        """Return the answer of `within` for more than was looked for; the last two arguments if it is no more."""
        further = Room(*map(_further, wanted, room, searched))
        if further == NOWHERE:
            return room, searched
        found, looked = self.within(further, searched)
        old, new = zip(room, searched, strict=True), zip(found, looked, strict=True)
        left, right = (after if far else before for before, after, far in zip(old, new, further, strict=True))
        return (left[0], right[0]), Room(left[1], right[1])

    def _smooth(self, wanted: Room, known: Room) -> Room:
        if self._are_smooth([(self.x - wanted.left, self.x + wanted.right)])[0]:
            return wanted
        left, right = (self._reach(*side) for side in zip((-1, 1), wanted, known, strict=True))
        return Room(left, right)

    def _reach(self, sign: int, wanted: Fraction, known: Fraction) -> Fraction:
        """Return the room on one side: shells that halve towards the point, and halves of those that fail."""
        if wanted <= known:
            return wanted
        least = max(self.spacing / 2, wanted * _NEAREST)
        edges = [wanted]
        while edges[-1] / 2 >= max(least, known):
            edges.append(edges[-1] / 2)
        shells = list(pairwise(reversed([*edges, known])))
        smooth = self._are_smooth([(self.x + sign * low, self.x + sign * high) for low, high in shells])
        for shell, good in zip(shells, smooth, strict=True):
            found = shell[1] if good else self._nearest_obstacle(sign, shell, wanted)
            if found < shell[1]:
                return found if found >= least else Fraction(0)
        return wanted

    def _nearest_obstacle(self, sign: int, shell: tuple[Fraction, Fraction], wanted: Fraction) -> Fraction:
        """Return where the first piece of a shell begins that no cut makes smooth, or the end of the shell."""
        waiting, made = [(*shell, 0, False)], 1
        while waiting:
            low, high, cuts, good = waiting.pop()
            if good or (cuts == CUTS and self._continues(sign, low, high, wanted)):
                continue
            if cuts == CUTS or made >= _MOST_PIECES:
                return low
            middle = (low + high) / 2
            halves = [(low, middle), (middle, high)]
            smooth = self._are_smooth([(self.x + sign * a, self.x + sign * b) for a, b in halves])
            waiting += [(*half, cuts + 1, one) for half, one in zip(reversed(halves), reversed(smooth), strict=True)]
            made += 2
        return shell[1]

    def _are_smooth(self, pieces: Sequence[tuple[Fraction, Fraction]]) -> list[bool]:
        """Say of each interval whether f⁽ᵒʳᵈᵉʳ⁾ is enclosed over it; a value beyond every format is one."""
        balls = [_ball(min(piece), max(piece)) for piece in pieces]
        found = enclose_derivatives(self.f, balls, self.order, PRECISION)
        return [isinstance(value, Ball) or value is Undefined.BEYOND for value in found]

    def _continues(self, sign: int, before: Fraction, beyond: Fraction, wanted: Fraction) -> bool:
        """Say whether f has the values of its Taylor series beyond what may be an obstacle.

        They are compared right behind it, as far as it is wide, where another branch would have begun; at twice its
        distance; and as far out as one looks and the series has the digits. Where it has not as many at twice the
        distance, as beside a pole, the answer is no. A branch that ends within the width of the obstacle, less than
        2⁻¹¹ of its distance, is not seen.
        """
        far = converging(self.series, max(wanted, 2 * beyond))
        if far < 2 * beyond:
            return False
        moves = [sign * (2 * beyond - before), sign * 2 * beyond, sign * far]
        expected = scaled_value(self.series, np.array([float(move) for move in moves]))
        found = values(self.f, [dyadic(self.x + move) for move in moves], PRECISION)
        return all(
            isinstance(ball, Ball) and _agree(Scaled(expected.mantissas[i], expected.exponents[i]), ball)
            for i, ball in enumerate(found)
        )


def _agree(expected: Scaled, ball: Ball) -> bool:
    """Say whether two numbers agree to `CONTINUED_BITS` bits."""
    bits = abs(ball.mid).bit_length()
    given = Scaled(np.asarray(nearest_double(ball.mid, 1 << bits)), np.asarray(ball.exp + bits))
    difference = total([expected, given.times(-1.0)])
    return bool(np.abs(difference.mantissas) <= 2.0**-CONTINUED_BITS)


def _further(wanted: Fraction, room: float, searched: Fraction) -> Fraction:
    """Return how far to look on one side; 0 where that has been done, or an obstacle is known there."""
    most = wanted if math.isinf(room) else min(wanted, Fraction(room) * _SHORT_OF_END)
    return most if most > searched and room >= searched else Fraction(0)


def _ball(low: Fraction, high: Fraction) -> Ball:
    """Return the interval as a ball; both ends are dyadic."""
    middle, radius = (low + high) / 2, (high - low) / 2
    denominator = max(middle.denominator, radius.denominator)
    return Ball(int(middle * denominator), int(radius * denominator), 1 - denominator.bit_length())
