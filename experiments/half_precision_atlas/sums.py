"""Sums of doubles that know how far they can be off.

A sum is kept as hi + lo. A term is added by two error-free transformations; what the second one drops is the only
error, and its magnitude is added up. So a sum without rounding has the bound 0, and a sum that cancels to nothing keeps
twice the bits of a double.

References
----------
T. Ogita, S. M. Rump and S. Oishi, Accurate sum and dot product, SIAM J. Sci. Comput. 26 (2005) 1955-1988, algorithm 2.1
(TwoSum, after Knuth), which is exact also where numbers are subnormal.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["SLACK", "Enclosed", "Sum", "two_sum"]

SLACK = 1.0 + 2.0**-40
"""What a bound is multiplied by for its own rounding: fewer than 2¹² additions and products of positive doubles."""


def two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """Return fl(a + b) and its error, whose sum is a + b exactly where nothing overflows."""
    total = a + b
    virtual = total - a
    return total, (a - (total - virtual)) + (b - virtual)


@dataclass
class Enclosed:
    """Numbers and how far each can be off.

    Attributes
    ----------
    value, bound : ndarray of float64
        |exact − value| ≤ bound. NaN or infinite bounds prove nothing.
    """

    value: np.ndarray
    bound: np.ndarray

    def scaled(self, factor: float) -> "Enclosed":
        """Return the product with a power of two, with an allowance where that underflows."""
        inexact = (self.bound > 0) | ((self.value != 0) & (np.abs(self.value) * factor < 2.0**-1020))
        return Enclosed(self.value * factor, self.bound * factor + np.where(inexact, 2.0**-1070, 0.0))


class Sum:
    """A running sum of doubles, or of arrays of them.

    Parameters
    ----------
    start : ndarray of float64
        The first term.
    """

    def __init__(self, start: Any) -> None:
        self.hi, self.lo, self.bound = start, np.zeros_like(start), np.zeros_like(start)

    def add(self, *terms: Any) -> "Sum":
        """Add terms that are exact."""
        for term in terms:
            self.hi, error = two_sum(self.hi, term)
            self.lo, dropped = two_sum(self.lo, error)
            self.bound = self.bound + np.abs(dropped)
        return self

    def allow(self, *bounds: Any) -> "Sum":
        """Allow for the errors of terms."""
        for bound in bounds:
            self.bound = self.bound + bound
        return self

    def enclosed(self) -> Enclosed:
        """Return the sum rounded to doubles."""
        value, dropped = two_sum(self.hi, self.lo)
        return Enclosed(value, (self.bound + np.abs(dropped)) * SLACK)
