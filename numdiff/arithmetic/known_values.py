"""What a format computes where IEEE 754 leaves no choice: correctly rounded operations on known numbers."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb

from numdiff.arithmetic.ball_functions import exact
from numdiff.floats.formats import Dyadic, FloatFormat, dyadic_to_fraction

Known = Any
"""A number of the format: a Python float up to 53 bits, beyond them a NumPy scalar."""


class KnownArithmetic:
    """Correctly rounded arithmetic of one format, number by number.

    Up to 53 bits a number is a Python float. A basic operation is done in double and rounded to the format. That is
    one rounding: products and (where they are subnormal) sums of narrower formats are exact in double, and for the
    others 53 ≥ 2·24 + 2 bits are enough (Figueroa 1995). Wider formats compute in their own scalars.

    Parameters
    ----------
    fmt : FloatFormat

    Attributes
    ----------
    round : callable
        float → float, rounded to the format: to nearest, ties to even; not finite where that overflows.
    """

    def __init__(self, fmt: FloatFormat) -> None:
        self.format = fmt
        self.wide = fmt.precision > 53
        self.round: Callable[[Known], Known] = _itself if fmt.precision >= 53 else _rounding(fmt)

    def constant(self, number: Dyadic) -> Known:
        """Return a dyadic number rounded to the format."""
        mantissa, exponent = number
        if not self.wide and mantissa.bit_length() <= 53 and -1000 < exponent < 900:
            return self.round(math.ldexp(mantissa, exponent))  # exact, and rounded once
        rounded = self.format.round(dyadic_to_fraction(number))
        return rounded if self.wide else float(rounded)

    def ball(self, known: Known) -> Any:
        """Return a number of the format as an exact Arb ball."""
        if not self.wide:
            return arb(known)
        numerator, denominator = known.as_integer_ratio()
        return exact(int(numerator), 1 - int(denominator).bit_length())

    def square_root(self, known: Known) -> Known:
        """Return the correctly rounded square root of a non-negative number."""
        return np.sqrt(known) if self.wide else self.round(math.sqrt(known))


def _itself(value: Known) -> Known:
    return value


def _rounding(fmt: FloatFormat) -> Callable[[float], float]:
    precision, lowest = fmt.precision, fmt.min_exponent - fmt.precision + 1
    largest = float(fmt.largest_finite)

    def rounded(value: float) -> float:
        if not math.isfinite(value):
            return value
        last = max(math.frexp(value)[1] - precision, lowest)
        result = math.ldexp(round(math.ldexp(value, -last)), last)
        return result if abs(result) <= largest else math.copysign(math.inf, value)

    return rounded
