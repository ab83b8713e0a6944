"""The constants of a formula, and their exact values."""

import math
from typing import Any

import numpy as np

from numdiff.arithmetic.ball import Undefined
from numdiff.floats.formats import Dyadic, dyadic


def is_constant(value: Any) -> bool:
    """Say whether `value` is a number or an array without dimensions."""
    if isinstance(value, np.ndarray):
        return value.ndim == 0
    return isinstance(value, (int, float, complex, np.generic))


def lift_constant(value: Any) -> Dyadic | Undefined:
    """Return the exact binary value of a Python or NumPy number.

    NaN and the infinities have none: they become DOMAIN and POLE, which is what they stand for in
    ``np.where(x > 0, np.log(x), -np.inf)``.

    Parameters
    ----------
    value : bool, int, float, NumPy integer or floating scalar (bfloat16 included), or 0-d array of these

    Raises
    ------
    TypeError
        If `value` is anything else.
    """
    if type(value) is float and math.isfinite(value):
        return (0, 0) if value == 0 else _reduced(*value.as_integer_ratio())
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (int, np.integer, np.bool_)):
        return dyadic(int(value))
    if isinstance(value, np.generic) and not isinstance(value, (np.floating, np.complexfloating)):
        # bfloat16 and its kin know no integer ratio, but every one of their values is a double.
        value = _small_float(value)
    if not isinstance(value, (float, np.floating)):
        kind = type(value).__name__
        raise TypeError(f"a constant must be a Python number or a real NumPy scalar, got {kind}: {value!r}")
    if not np.isfinite(value):
        return Undefined.DOMAIN if value != value else Undefined.POLE
    numerator, denominator = value.as_integer_ratio()
    return (0, 0) if numerator == 0 else _reduced(int(numerator), int(denominator))


def _reduced(numerator: int, denominator: int) -> Dyadic:
    zeros = (numerator & -numerator).bit_length() - 1
    return numerator >> zeros, zeros + 1 - denominator.bit_length()


def _small_float(value: np.generic) -> Any:
    return float(value) if value.dtype.kind in "fV" and value.dtype.itemsize <= 2 else value


def uniform_constant(array: np.ndarray, shape: tuple[int, ...]) -> Any:
    """Return the one number that an array of `shape` repeats, None if there is no such number.

    ``np.zeros(x.shape)`` is a constant in disguise and harmless. Any other array in a formula ties its
    values to the positions of x, so that f is not elementwise.
    """
    if array.shape != shape or not array.size:
        return None
    first = array.reshape(-1)[0]
    same = bool((array == first).all()) or (first != first and bool((array != array).all()))
    return first if same else None


def is_infinite_constant(value: Any) -> bool:
    """Say whether `value` is an infinite number."""
    if type(value) is float:
        return math.isinf(value)
    return isinstance(value, (float, np.floating)) and bool(np.isinf(value))  # math.isinf makes doubles of longdoubles


def is_negative_zero(value: Any) -> bool:
    """Say whether `value` is the number −0.0, which is 0 in exact arithmetic."""
    return isinstance(value, (float, np.floating)) and value == 0 and bool(np.signbit(value))


def is_unbounded(value: Any) -> bool:
    """Say whether `value` is None or an infinite float: a bound that does not bind."""
    return value is None or is_infinite_constant(value)
