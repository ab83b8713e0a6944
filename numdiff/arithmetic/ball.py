"""What the exact engines answer: a ball that contains the number, or the reason why there is none."""

from collections.abc import Sequence
from enum import Enum
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from numdiff.floats.formats import Dyadic, dyadic_to_fraction


class Undefined(Enum):
    """Why a value is missing."""

    DOMAIN = "outside the real domain"
    POLE = "pole"
    INDEFINITE = "what NumPy makes of a pole"
    """It depends on the sign of an infinity, or on more than one of them: it may be NaN, infinite or a number."""
    UNDECIDED = "the precision did not suffice"
    BEYOND = "beyond every format"
    """There is a value, of 2**LARGEST_EXPONENT or more in magnitude."""
    JUMP = "the value of f differs from its limit"
    """f is not continuous there, from a side that counts."""
    KINK = "the one-sided derivatives differ"
    UNPROVED = "the one-sided values agree, but that is not proved"
    """Nothing tells the values of both sides apart, and no closed form shows that they are the same."""


class Ball(NamedTuple):
    """A real number in [mid - rad, mid + rad]·2**exp; ``rad == 0`` means that it is exact."""

    mid: int
    rad: int
    exp: int

    @property
    def midpoint(self) -> Fraction:
        """The midpoint mid·2**exp."""
        return dyadic_to_fraction((self.mid, self.exp))

    @property
    def radius(self) -> Fraction:
        """The radius rad·2**exp."""
        return dyadic_to_fraction((self.rad, self.exp))

    def contains(self, value: Fraction | int) -> bool:
        """Say whether an exact number lies in the ball."""
        return abs(value - self.midpoint) <= self.radius


LARGEST_EXPONENT = 1 << 16
"""Exponents beyond ±65536 are four times beyond those of float80."""
_TINY_EXPONENT = -2 * LARGEST_EXPONENT
"""No number that a format or a ball within the limits can express, times hᵐ, is nonzero and below 2 to this."""

Value: TypeAlias = Ball | Undefined
ComplexValue: TypeAlias = tuple[Ball, Ball] | Undefined

_PRECEDENCE = (
    Undefined.DOMAIN,
    Undefined.UNDECIDED,
    Undefined.INDEFINITE,
    Undefined.POLE,
    Undefined.BEYOND,
    Undefined.JUMP,
    Undefined.KINK,
    Undefined.UNPROVED,
)


def combined(reasons: list[Undefined]) -> Undefined:
    """Return the one reason for a result whose operands are undefined for `reasons`.

    DOMAIN wins, because nothing that the other operands may turn out to be repairs it. UNDECIDED
    comes before POLE: at a higher precision it may still turn into DOMAIN.
    """
    return min(reasons, key=_PRECEDENCE.index)


def within_limits(ball: Ball) -> Value:
    """Bound the exponents: what is far beyond every format would need integers of millions of digits.

    A number of 2**LARGEST_EXPONENT or more is BEYOND. One below 2**-LARGEST_EXPONENT keeps its sign and nothing else:
    if it is not 0, it is represented by a ball from 2**(-2·LARGEST_EXPONENT) to 2**(1 - LARGEST_EXPONENT), which
    contains all that could be told from it, though not always the number itself; else it is enclosed together with 0.
    """
    mid, rad, exp = ball
    top = exp + max(mid.bit_length(), rad.bit_length())
    if -LARGEST_EXPONENT <= top <= LARGEST_EXPONENT or not (mid or rad):
        return ball
    low = abs(mid) - rad
    if top > 0:
        return Undefined.BEYOND if low > 0 and exp + low.bit_length() > LARGEST_EXPONENT else Undefined.UNDECIDED
    if low <= 0:
        return Ball(0, 1, -LARGEST_EXPONENT)
    half = 1 << LARGEST_EXPONENT
    return Ball(half if mid > 0 else -half, half - 1, _TINY_EXPONENT)


def complex_within_limits(real: Ball, imaginary: Ball) -> ComplexValue:
    """Bound the exponents of both parts; where one of them is undefined, so is the number."""
    parts = within_limits(real), within_limits(imaginary)
    missing = [part for part in parts if isinstance(part, Undefined)]
    return combined(missing) if missing else parts  # type: ignore[return-value]


def complex_point_groups(points: Sequence[tuple[Dyadic, Dyadic]]) -> list[tuple[int, list[int]]]:
    """Group points by the bits that the smaller part needs beyond the precision.

    Many complex functions are computed with an error relative to |z| or to 1, while the complex step
    lives from the imaginary part: with h = 2**-k it would keep k bits less. So k more bits are
    carried; k is rounded up to a power of two, or to a multiple of 512, which leaves few groups.

    Returns
    -------
    list of (int, list of int)
        Extra bits, and the positions of the points that need them.
    """
    groups: dict[int, list[int]] = {}
    for position, parts in enumerate(points):
        sizes = [_magnitude(part) for part in parts if part[0]]
        lost = max(1, *sizes) - min(sizes) if sizes else 0
        groups.setdefault(_rounded_up(lost), []).append(position)
    return sorted(groups.items())


def outside_real_domain(values: Sequence[Value]) -> dict[int, Undefined]:
    """Return the positions where a function has no real value, with the reasons."""
    return {
        position: value
        for position, value in enumerate(values)
        if isinstance(value, Undefined) and value is not Undefined.UNDECIDED
    }


def _rounded_up(bits: int) -> int:
    if bits <= 0:
        return 0
    return 1 << (bits - 1).bit_length() if bits <= 512 else -(-bits // 512) * 512


def _magnitude(number: Dyadic) -> int:
    return number[0].bit_length() + number[1]
