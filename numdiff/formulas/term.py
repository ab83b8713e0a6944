"""One term of a formula in a format."""

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from numdiff.floats.formats import FloatFormat

__all__ = ["Term", "term_of"]


class Term(NamedTuple):
    """One term of a formula: how the argument of f is made, and what becomes of its value."""

    shift: np.ufunc | None
    """np.add or np.subtract, of x and h or of x and fl(factor·h); None where the argument is x itself."""
    factor: Any
    """The offset c, a scalar of the format; None where h itself is added or subtracted."""
    combine: np.ufunc
    """np.add or np.subtract, of the sum so far and the term."""
    numerator: Any
    """The integer n of the weight n/D, a scalar of the format; None where the term is the value itself."""

    def argument(self, x: np.ndarray, h: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return the abscissa of the node; x itself where the offset is 0."""
        if self.shift is None:
            return x
        # h[()] is a scalar where h has no dimension, and scalars multiply fast; an array remains itself.
        return self.shift(x, h if self.factor is None else h[()] * self.factor, out)

    def weighted(self, value: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return fl(n·y)."""
        return value if self.numerator is None else np.multiply(value, self.numerator, out)


def term_of(item: FloatFormat, offset: Fraction, numerator: int = 1, first: bool = False) -> Term:
    """Return the term with an offset and a numerator, each rounded once; the first one of a sum may be negative."""
    return Term(
        None if not offset else np.subtract if offset == -1 else np.add,
        None if offset in (-1, 0, 1) else item.round(offset),
        np.subtract if numerator == -1 and not first else np.add,
        None if numerator == 1 or (numerator == -1 and not first) else item.round(numerator),
    )
