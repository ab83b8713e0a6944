"""Exact numbers and enclosures: they are made, compared, widened, rounded to doubles and written in decimal."""

import math
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from numdiff.arithmetic.ball import Ball, Undefined
from numdiff.floats.dyadic import TINY, decided_double, nearest_double, undecided_double
from numdiff.floats.formats import FloatFormat

ExactValue: TypeAlias = Fraction | Ball | Undefined
"""What is known of an exact number: all, an enclosure, or why there is none."""
TEXT_DIGITS = 30
_TEXT_BITS = 90
"""A ball of a relative width above 2⁻⁹⁰ is wider than one unit of the last of 30 digits, at most 10⁻²⁹ < 2⁻⁹⁶."""


def broadcast_lift(fmt: FloatFormat, array: np.ndarray, shape: tuple[int, ...]) -> list[Any]:
    """Return the numbers of an argument as `Dyadic`, broadcast to a shape, in C order; None for what is not finite."""
    lifted: list[Any] = fmt.lift_array(array)
    if array.shape == shape:
        return lifted
    return [lifted[i] for i in np.broadcast_to(np.arange(array.size).reshape(array.shape), shape).ravel().tolist()]


_DIGITS = 120
"""Bits to which a number is known that is told as the sum of two doubles: those that they have, and slack."""


def two_doubles(value: ExactValue) -> tuple[float, float] | None:
    """Return a number as the sum of two doubles; None if more precision may tell it.

    The first is the nearest double t̂, the second the one nearest to what it lacks: the sum is off by less than
    2⁻¹⁰⁵|t̂|, where the second is no subnormal number. Both are NaN where there is no number.
    """
    if isinstance(value, Undefined):
        return None if value is Undefined.UNDECIDED else (math.nan, math.nan)
    if isinstance(value, Ball):
        if value.rad and abs(value.mid) >> _DIGITS < value.rad:
            return None
        numerator, denominator = value.mid << max(value.exp, 0), 1 << max(-value.exp, 0)
    else:
        numerator, denominator = value.as_integer_ratio()
    high = nearest_double(numerator, denominator)
    if not math.isfinite(high):
        return high, 0.0
    n, d = high.as_integer_ratio()
    return high, nearest_double(numerator * d - n * denominator, denominator * d)


def split(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of any format as sums of two doubles, which hold those of 106 bits exactly."""
    with np.errstate(invalid="ignore", over="ignore"):
        high = np.asarray(values).astype(np.float64)
        if values.dtype.itemsize <= 8:
            return high, np.zeros_like(high)
        return high, (values - high).astype(np.float64)


def ball_of(value: Fraction, precision: int) -> Ball:
    """Enclose a rational number in a ball of about `precision` bits (radius 0 where it is dyadic)."""
    numerator, denominator = value.as_integer_ratio()
    if not denominator & (denominator - 1):
        return Ball(numerator, 0, 1 - denominator.bit_length())
    shift = max(precision + denominator.bit_length() - numerator.bit_length(), 0)
    return Ball((numerator << shift) // denominator, 1, -shift)


def as_ball(value: ExactValue, precision: int) -> Ball | None:
    """Return a value as a ball; None where there is none."""
    if isinstance(value, Ball):
        return value
    return ball_of(value, precision) if isinstance(value, Fraction) else None


def at_exponent(ball: Ball, exponent: int) -> tuple[int, int]:
    """Return midpoint and radius of a ball on a finer scale."""
    return ball.mid << (ball.exp - exponent), ball.rad << (ball.exp - exponent)


def certify(value: ExactValue, certificate: ExactValue) -> ExactValue:
    """Widen mpmath's enclosure until it covers Arb's ball; where one of them has none, what Arb proves counts."""
    if isinstance(value, Ball) and isinstance(certificate, Ball):
        if not certificate.rad:
            return certificate  # Arb proves the number itself
        exponent = min(value.exp, certificate.exp)
        mid, rad = at_exponent(value, exponent)
        proven_mid, proven_rad = at_exponent(certificate, exponent)
        distance = abs(mid - proven_mid) + proven_rad
        return value if distance <= rad else Ball(mid, distance, exponent)
    return certificate


def over_one_denominator(ball: Ball) -> tuple[int, int, int]:
    """Return midpoint and radius of a ball as integers over one denominator."""
    shift = max(ball.exp, 0)
    return ball.mid << shift, ball.rad << shift, 1 << max(-ball.exp, 0)


def double_above(numerator: int, denominator: int) -> float:
    """Return the smallest of the doubles that are not below a non-negative ratio."""
    value = nearest_double(numerator, denominator)
    if math.isinf(value) or Fraction(value) * denominator >= numerator:
        return value
    return math.nextafter(value, math.inf)


def nearest_or_tiny(middle: int, radius: int, denominator: int) -> tuple[float, bool, bool]:
    """Round (middle ± radius)/denominator to a double; say whether it is resolved, and whether it underflowed.

    A nonzero number that rounds to 0 is stored as the smallest double of its sign.
    """
    value = decided_double(middle, radius, denominator)
    if value is None:
        return undecided_double(middle, radius, denominator), False, False
    if value or not middle:
        return value or 0.0, True, False
    return (-TINY if middle < 0 else TINY), True, True


def resolved_text(ball: Ball) -> str | None:
    """Return the decimal text that all numbers of a ball round to; None if there is none."""
    if not ball.rad:
        return decimal_text(ball.midpoint)
    if abs(ball.mid).bit_length() - ball.rad.bit_length() < _TEXT_BITS:
        return None
    low = decimal_text(ball.midpoint - ball.radius)
    return low if low == decimal_text(ball.midpoint + ball.radius) else None


def decimal_text(value: Fraction, digits: int = TEXT_DIGITS) -> str:
    """Return a rational number in decimal with the given significant digits, correctly rounded."""
    if not value:
        return "0"
    magnitude = abs(value)
    numerator, denominator = magnitude.as_integer_ratio()
    power = math.floor((numerator.bit_length() - denominator.bit_length() - 1) * math.log10(2)) - 1
    while Fraction(10) ** (power + 1) <= magnitude:  # the estimate is at most three too low
        power += 1
    integer = round(magnitude * Fraction(10) ** (digits - 1 - power))
    if integer == 10**digits:  # 9.99… was rounded up
        integer, power = integer // 10, power + 1
    text = str(integer)
    return f"{'-' if value < 0 else ''}{text[0]}.{text[1:]}e{power:+d}"
