"""The numbers of a narrow format: all bit patterns, their values, and arithmetic on indices."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from numdiff.floats.formats import FloatFormat

__all__ = ["Numbers", "numbers_of"]


@dataclass(frozen=True, eq=False)
class Numbers:
    """All numbers of a format of 8 or 16 bits.

    Attributes
    ----------
    format : FloatFormat
    values : ndarray of float64
        By bit pattern; NaN and infinities included.
    finite : ndarray of int64
        The bit patterns of the finite numbers by value, −0 before +0.
    sign_bit : int
    """

    format: FloatFormat
    values: np.ndarray
    finite: np.ndarray
    sign_bit: int

    def points(self, patterns: np.ndarray) -> np.ndarray:
        """Return the numbers with these bit patterns, in the format."""
        dtype = self.format.dtype
        return patterns.astype(unsigned(dtype)).view(dtype)

    def patterns(self, array: np.ndarray) -> np.ndarray:
        """Return the bit patterns of an array of the format, as indices."""
        return np.ascontiguousarray(array).view(unsigned(self.format.dtype)).astype(np.intp)


def unsigned(dtype: np.dtype) -> np.dtype:
    """Return the unsigned integers of the size of a format."""
    return np.dtype(f"u{dtype.itemsize}")


@cache
def numbers_of(item: FloatFormat) -> Numbers:
    """Return the numbers of a format.

    Raises
    ------
    ValueError
        If the format has more than 16 bits.
    """
    if item.dtype.itemsize > 2:
        raise ValueError(f"the format must have at most 16 bits, got {item.name}")
    size = 1 << (8 * item.dtype.itemsize)
    with np.errstate(invalid="ignore"):  # a signalling NaN is a pattern like any other
        values = np.arange(size).astype(unsigned(item.dtype)).view(item.dtype).astype(np.float64)
    finite = np.flatnonzero(np.isfinite(values))
    order = np.lexsort((~np.signbit(values[finite]), values[finite]))
    return Numbers(item, values, finite[order], size >> 1)
