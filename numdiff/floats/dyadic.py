"""Exact dyadic numbers: lifted out of arrays, rounded in integers only, put into a dtype, written as text."""

import math
import re
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

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


def decided_double(middle: int, radius: int, denominator: int) -> float | None:
    """Return the one double that all of (middle ± radius)/denominator rounds to; None if there is none.

    An enclosure of zero that is not exactly zero is never decided, however small: an error that is
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


def undecided_double(middle: int, radius: int, denominator: int) -> float:
    """Return what is reported for an enclosure that `decided_double` cannot decide at any precision.

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


def lift_number(scalar: np.ndarray) -> Dyadic | None:
    """Return a floating-point number in an array without dimensions exactly; None if it is not finite."""
    number: Any = scalar[()] if scalar.dtype.itemsize > 8 else float(scalar)
    if number != number or abs(number) == np.inf:
        return None
    numerator, denominator = number.as_integer_ratio()
    return normalised(numerator, 1 - denominator.bit_length())


def lift_numbers(flat: np.ndarray) -> list[Dyadic | None]:
    """Do what `lift_number` does for each element of a one-dimensional array, at a fraction of the cost for each."""
    wide = flat.dtype.itemsize > 8
    with np.errstate(invalid="ignore"):  # a signalling NaN is a pattern like any other
        finite = np.isfinite(flat)
        numbers = flat if wide else flat.astype(np.float64)  # exact: float64 holds the rest
    fraction, exponent = np.frexp(np.where(finite, numbers, 0))
    precision = 64 if wide else 53
    whole = np.ldexp(np.abs(fraction), precision).astype(np.uint64)
    # The lowest set bit is a power of two, so its logarithm is exact.
    zeros = np.frexp((whole & (~whole + np.uint64(1))).astype(np.float64))[1] - 1
    odd = (whole >> np.maximum(zeros, 0).astype(np.uint64)).tolist()
    exponents = np.where(whole == 0, 0, exponent - precision + zeros).tolist()
    negative = fraction < 0
    if negative.any():
        odd = [-m if minus else m for m, minus in zip(odd, negative.tolist(), strict=True)]
    lifted = list(zip(odd, exponents, strict=True))
    if finite.all():
        return list(lifted)
    return [pair if ok else None for pair, ok in zip(lifted, finite.tolist(), strict=True)]


def scalar_of(dtype: np.dtype[Any], number: Dyadic) -> Any:
    """Return a dyadic number as a scalar of a floating-point dtype that holds it."""
    mantissa, exponent = number
    if dtype.itemsize <= 8:
        return dtype.type(math.ldexp(mantissa, exponent))
    # np.longdouble(int) goes through a decimal string on some platforms: 32-bit pieces are always exact.
    total, magnitude, shift = dtype.type(0), abs(mantissa), 0
    while magnitude >> shift:
        piece = dtype.type((magnitude >> shift) & 0xFFFFFFFF)
        total = total + np.ldexp(piece, shift)
        shift += 32
    # Scaling in two halves: the exponent of a subnormal is out of the range of one exact power of two.
    half = exponent // 2
    scaled = np.ldexp(np.ldexp(total, half), exponent - half)
    return -scaled if mantissa < 0 else scaled


def hex_digits(number: Dyadic) -> str:
    """Return the magnitude of a number as hexadecimal text, e.g. ``0x1.8p+1``."""
    mantissa, exponent = abs(number[0]), number[1]
    if not mantissa:
        return "0x0p+0"
    bits = mantissa.bit_length() - 1
    digits = -(-bits // 4)
    tail = (mantissa - (1 << bits)) << (4 * digits - bits)
    return f"0x1{f'.{tail:0{digits}x}' if digits else ''}p{exponent + bits:+d}"


def parsed_hex(text: str) -> tuple[bool, Dyadic]:
    """Return whether hexadecimal text has a minus sign, and the magnitude of its number.

    Raises
    ------
    ValueError
        If the text is not such a number.
    """
    match = re.fullmatch(r"(-?)0x([01])(?:\.([0-9a-f]+))?p([+-]\d+)", text)
    if match is None:
        raise ValueError(f"text must be a hexadecimal number like 0x1.8p+1, nan or inf, got {text!r}")
    sign, lead, tail, power = match[1], match[2], match[3] or "", int(match[4])
    return sign == "-", normalised(int(lead + tail, 16), power - 4 * len(tail))
