"""Exact dyadic numbers and their correct rounding, in integers only."""

import math
from fractions import Fraction
from typing import TypeAlias

Dyadic: TypeAlias = tuple[int, int]
"""``(m, e)`` stands for m·2**e exactly, normalised: m is odd, or the pair is ``(0, 0)``."""

TINY = 5e-324
"""The smallest subnormal double: how a nonzero error that underflows is stored."""


def normalised(mantissa: int, exponent: int) -> Dyadic:
    """Return m·2**e as the one pair with an odd mantissa (zero is ``(0, 0)``)."""
    if not mantissa:
        return 0, 0
    zeros = (mantissa & -mantissa).bit_length() - 1
    return mantissa >> zeros, exponent + zeros


def dyadic(value: Fraction | int | float) -> Dyadic:
    """Return a dyadic rational as its normalised pair.

    Parameters
    ----------
    value : Fraction, int or float
        A finite number whose denominator is a power of two.

    Raises
    ------
    ValueError
        If `value` is not finite or not a dyadic rational.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"value must be finite, got {value!r}")
    numerator, denominator = value.as_integer_ratio()
    if denominator & (denominator - 1):
        raise ValueError(f"value must be a dyadic rational m*2**e, got {value!r}")
    return normalised(numerator, 1 - denominator.bit_length())


def dyadic_to_fraction(number: Dyadic) -> Fraction:
    """Return m·2**e as a `Fraction`."""
    mantissa, exponent = number
    return Fraction(mantissa << exponent) if exponent >= 0 else Fraction(mantissa, 1 << -exponent)


def dyadic_sum(left: Dyadic, right: Dyadic) -> Dyadic:
    """Return the exact sum of two dyadic numbers."""
    (m, e), (n, d) = left, right
    if e < d:
        total, low = m + (n << (d - e)), e
    else:
        total, low = (m << (e - d)) + n, d
    if total & 1:
        return total, low
    return normalised(total, low)


def dyadic_product(left: Dyadic, right: Dyadic) -> Dyadic:
    """Return the exact product of two dyadic numbers."""
    mantissa = left[0] * right[0]
    return (mantissa, left[1] + right[1]) if mantissa else (0, 0)


def round_ratio(numerator: int, denominator: int, precision: int, min_exponent: int) -> Dyadic:
    """Round numerator/denominator to `precision` bits, to nearest with ties to even.

    Below 2**min_exponent the spacing stays 2**(min_exponent - precision + 1), which is gradual
    underflow. There is no upper limit: overflow is the caller's to see.

    Parameters
    ----------
    numerator, denominator : int
        The exact number; `denominator` is positive.
    precision : int
        Significand bits of the target, the leading one included.
    min_exponent : int
        Exponent of the smallest normal number of the target.

    Returns
    -------
    Dyadic
        The rounded number, normalised.

    Raises
    ------
    ValueError
        If `denominator` is not positive.
    """
    if denominator <= 0:
        raise ValueError(f"denominator must be positive, got {denominator}")
    magnitude = abs(numerator)
    if not magnitude:
        return 0, 0
    top = magnitude.bit_length() - denominator.bit_length()
    below = magnitude << -top < denominator if top < 0 else magnitude < denominator << top
    last = max(top - below, min_exponent) - precision + 1
    scaled, divisor = (magnitude << -last, denominator) if last < 0 else (magnitude, denominator << last)
    quotient, remainder = divmod(scaled, divisor)
    excess = 2 * remainder - divisor
    if excess > 0 or (excess == 0 and quotient & 1):
        quotient += 1
    return normalised(-quotient if numerator < 0 else quotient, last)


def nearest_double(numerator: int, denominator: int) -> float:
    """Return the double nearest to numerator/denominator, ±inf beyond the largest.

    Python divides two integers with one correct rounding, subnormal results included, so this is
    `round_ratio` for float64 at the speed of the interpreter; a property test holds the two together.
    """
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if (numerator < 0) == (denominator < 0) else -math.inf


def settled_double(middle: int, radius: int, denominator: int) -> float | None:
    """Return the one double that all of (middle ± radius)/denominator rounds to; None if there is none.

    An enclosure of zero that is not exactly zero is never settled, however small: an error that is
    nonzero must not turn into 0 by underflow.

    Parameters
    ----------
    middle, radius, denominator : int
        `radius` is not negative, `denominator` is positive.
    """
    if not radius:
        return nearest_double(middle, denominator)
    if abs(middle) <= radius:
        return None
    try:
        low, high = (middle - radius) / denominator, (middle + radius) / denominator
    except OverflowError:
        low, high = nearest_double(middle - radius, denominator), nearest_double(middle + radius, denominator)
    return low if low == high else None


def unsettled_double(middle: int, radius: int, denominator: int) -> float:
    """Return what is reported for an enclosure that `settled_double` cannot settle at any precision.

    An enclosure that contains 0, or is wide, gives +0.0. A narrow one lies around the midpoint of two doubles, so
    closely that nothing tells the number from that tie: it is rounded as the tie, to even. The detour over 128 bits
    finds the tie, which has 54, from any two enclosures of it.
    """
    if abs(middle).bit_length() - radius.bit_length() < _NARROW:
        return 0.0
    mantissa, exponent = round_ratio(middle, denominator, 128, -(1 << 40))
    return nearest_double(mantissa << max(exponent, 0), 1 << max(-exponent, 0))


_NARROW = 256
"""Bits by which a number exceeds its radius where only a tie can explain that it has no nearest double."""
