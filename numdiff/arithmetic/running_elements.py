"""The elements of the running error analysis, and how large they are in powers of two."""

import math
from typing import Any

from flint import arb

from numdiff.arithmetic.known_values import Known

Real = Any

NOTHING: Real = arb(0)
_UNIT: Real = arb(0, 1)
FAR = 1 << 20
"""An exponent beyond those of all formats."""


class Unbounded(ValueError):
    """An operation whose rounding error has no bound here."""


class Running:
    """One element: an enclosure of the exact value, a bound on the error, and the computed value where it is known.

    Attributes
    ----------
    value : arb
    error : arb
        Its upper end is the bound.
    known : float, NumPy scalar or None
    """

    __slots__ = ("error", "known", "value")

    def __init__(self, value: Real, error: Real, known: Known | None = None) -> None:
        self.value = value
        self.error = error
        self.known = known

    @property
    def span(self) -> Real:
        """A ball that contains the exact and the computed value."""
        return self.value + self.error * _UNIT

    @property
    def reach(self) -> Real:
        """A ball whose upper end is not below the magnitude of the computed value."""
        return abs(self.value) + self.error


def binade(upper: Real) -> int:
    """Return floor(log₂ v) of a non-negative number (rounding v to a double does not lower it)."""
    value = float(upper)
    if 1e-300 < value < 1e300:
        return math.frexp(value)[1] - 1
    if not upper.is_finite():
        raise Unbounded
    mantissa, exponent = upper.man_exp()
    return int(mantissa).bit_length() + int(exponent) - 1 if mantissa else -FAR


def binade_below(lower: Real) -> int:
    """Return floor(log₂ v) of a positive number, or one less."""
    value = float(lower)
    if 1e-300 < value < 1e300:
        return math.frexp(math.nextafter(value, 0.0))[1] - 1
    mantissa, exponent = lower.man_exp()
    return int(mantissa).bit_length() + int(exponent) - 1


def is_power_of_two(known: Known | None) -> bool:
    """Return whether a computed value is known to be ±2ᵏ."""
    return known is not None and math.frexp(known)[0] in (0.5, -0.5) and float(known) == known
