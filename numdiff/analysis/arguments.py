"""The arguments x and h of the public functions, rounded to the working format; errors show what was given."""

from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.analysis.reference import decimal_text
from numdiff.formats import FloatFormat

_LONG = 200
"""Bits from which an integer or a fraction is shown by 30 digits: Python refuses to print the longest."""


def points_and_steps(fmt: FloatFormat, x: Any, h: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return x and h as arrays of the format, each element rounded once.

    Parameters
    ----------
    fmt : FloatFormat
    x, h : real number or array of them

    Returns
    -------
    ndarray, ndarray
        Of the dtype of `fmt`, in the shapes that were given.

    Raises
    ------
    TypeError
        If x or h does not hold real numbers (truth values are none), or is masked somewhere.
    ValueError
        If x or h is not finite in the format, or h is not positive there.
    """
    points, steps = _rounded(fmt, x, "x"), _rounded(fmt, h, "h")
    if (bad := _first(~np.isfinite(points))) is not None:
        raise ValueError(f"x must be finite in {fmt.name}, got {_shown(x, bad)}")
    with np.errstate(invalid="ignore"):  # bfloat16 raises the flag for a quiet NaN
        positive, finite = steps > 0, np.isfinite(steps)
    if (bad := _first(~(positive & finite))) is not None:
        given = np.asarray(h)[bad]
        requirement = "finite and positive"
        if given > 0 and given != np.inf:
            limit = fmt.smallest_subnormal if finite[bad] else fmt.largest_finite
            requirement = f"at {'least' if finite[bad] else 'most'} {fmt.round(limit)!s}"
        raise ValueError(f"h must be {requirement} in {fmt.name}, got {_shown(h, bad)}")
    return points, steps


def _rounded(fmt: FloatFormat, given: Any, argument: str) -> np.ndarray:
    if np.asarray(given).dtype.kind == "b":
        raise TypeError(f"{argument} must be a real number or an array of them, got {type(given).__name__} {given!r}")
    return fmt.as_array(given, argument)


def _first(bad: np.ndarray) -> tuple[int, ...] | None:
    """Return the index of the first true element."""
    return tuple(map(int, np.argwhere(bad)[0])) if bad.any() else None


def _shown(given: Any, index: tuple[int, ...]) -> str:
    """Return one element as it was given, and its index if there is one."""
    number = np.asarray(given)[index]
    text = str(number) if not isinstance(number, int | Fraction) else _exact_text(Fraction(number))
    return f"{text} at index {index}" if index else text


def _exact_text(number: Fraction) -> str:
    long = max(number.numerator.bit_length(), number.denominator.bit_length()) > _LONG
    return decimal_text(number) if long else str(number)
