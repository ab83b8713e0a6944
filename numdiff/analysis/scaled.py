"""Doubles with exponents of their own, for sums of squares that neither under- nor overflow.

A number is mantissa·2**exponent. Sums are formed in the unit of their largest term, so that a multiplication of all
terms by one power of two changes nothing but exponents, and where plain doubles have room the results are theirs, bit
for bit: additions and square roots commute with exact scaling (by 4ᵏ for the latter).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_NOWHERE = -(1 << 40)
"""Below the exponent of every number: that of a sum that is 0."""
_FAR = 4000
"""Where doubles have long under- or overflowed."""


@dataclass(frozen=True, eq=False)
class Scaled:
    """Numbers mantissa·2**exponent.

    Attributes
    ----------
    mantissas : ndarray of float64
        Of moderate size, so that their squares are normal doubles; or 0 or infinite.
    exponents : ndarray of int64
        Of a shape that broadcasts with `mantissas`.
    """

    mantissas: np.ndarray
    exponents: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """The nearest doubles."""
        return shifted(self.mantissas, self.exponents)

    def times(self, factor: float) -> "Scaled":
        """Return the product with a factor of moderate size."""
        return Scaled(self.mantissas * factor, self.exponents)


def split(values: np.ndarray) -> Scaled:
    """Return doubles as mantissas in ±[½, 1) and exponents."""
    mantissas, exponents = np.frexp(values)
    return Scaled(mantissas, exponents.astype(np.int64))


def shifted(mantissas: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """Return mantissa·2**exponent as doubles, whatever the exponent."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.ldexp(mantissas, np.clip(exponents, -_FAR, _FAR)))


def _unit(terms: Sequence[Scaled]) -> np.ndarray:
    """Return the largest exponent of the terms that are neither 0 nor infinite."""
    unit = np.asarray(_NOWHERE)
    for term in terms:
        counts = (term.mantissas != 0) & np.isfinite(term.mantissas)
        unit = np.maximum(unit, np.where(counts, term.exponents, _NOWHERE))
    return unit


def total(terms: Sequence[Scaled]) -> Scaled:
    """Return the sum, added from the first term to the last."""
    unit = _unit(terms)
    result = np.zeros(unit.shape)
    for term in terms:
        result = result + shifted(term.mantissas, term.exponents - unit)
    return Scaled(result, unit)


def total_of_squares(terms: Sequence[Scaled]) -> Scaled:
    """Return the sum of the squares, added from the first term to the last."""
    unit = _unit(terms)
    result = np.zeros(unit.shape)
    with np.errstate(under="ignore"):
        for term in terms:
            part = shifted(term.mantissas, term.exponents - unit)
            result = result + part * part
    return Scaled(result, 2 * unit)


def root(number: Scaled) -> Scaled:
    """Return the square root."""
    odd = number.exponents & 1
    return Scaled(np.sqrt(np.ldexp(number.mantissas, odd)), (number.exponents - odd) >> 1)
