"""What the exact engines answer: a ball that contains the number, or the reason why there is none."""

from enum import Enum
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from numdiff.formats import dyadic_to_fraction


class Undefined(Enum):
    """Why a value is missing."""

    DOMAIN = "outside the real domain"
    POLE = "pole"
    UNDECIDED = "the precision did not suffice"


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


Value: TypeAlias = Ball | Undefined
ComplexValue: TypeAlias = tuple[Ball, Ball] | Undefined

_PRECEDENCE = (Undefined.DOMAIN, Undefined.UNDECIDED, Undefined.POLE)


def combined(reasons: list[Undefined]) -> Undefined:
    """Return the one reason for a result whose operands are undefined for `reasons`.

    DOMAIN wins, because nothing that the other operands may turn out to be repairs it. UNDECIDED
    comes before POLE: at a higher precision it may still turn into DOMAIN.
    """
    return min(reasons, key=_PRECEDENCE.index)
