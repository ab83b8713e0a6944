"""What a Variable can hold: arrays of a floating-point format, of integers, and exact arrays."""

from typing import Any, TypeAlias

import numpy as np

from numdiff.floats.formats import FORMATS
from numdiff.floats.views import HolomorphicArray

Array: TypeAlias = Any
"""An ndarray or an exact array: the latter is known by its behaviour, so there is no class to name here."""


def is_exact(value: object) -> bool:
    """Whether `value` is an exact array: it answers to ufuncs, is no ndarray, and has no dtype."""
    speaks_ufuncs = callable(getattr(type(value), "__array_ufunc__", None))
    return speaks_ufuncs and not isinstance(value, np.ndarray) and not hasattr(value, "dtype")


def is_data(value: object) -> bool:
    """Whether a Variable can hold `value`."""
    if isinstance(value, np.ndarray):
        # Complex numbers enter only in the view of the complex step, which refuses what is not analytic.
        holds_numbers = value.dtype.kind in "fiu" or FORMATS.of_dtype(value.dtype) is not None
        return holds_numbers or isinstance(value, HolomorphicArray)
    return is_exact(value)


def is_differentiable(value: Array) -> bool:
    """Whether the numbers of an array can change by less than 1: all that Variables hold, but integers."""
    return not isinstance(value, np.ndarray) or value.dtype.kind not in "iu"


def describe(value: object) -> str:
    """Return class and dtype or text of a value, for messages."""
    kind = type(value).__name__
    if isinstance(value, np.ndarray):
        return f"{kind} of dtype {value.dtype}"
    return f"{kind} {value!r:.60}"


def as_array(x: Any) -> Array:
    """Return `x` as an array: numbers become 0-d arrays, arrays stay as they are.

    NumPy turns the result of an operation on 0-d arrays into a scalar; this turns it back.

    Parameters
    ----------
    x : ndarray, exact array, NumPy scalar, int or float

    Returns
    -------
    ndarray or exact array
        An array is returned itself, not copied; a NumPy scalar keeps its dtype.

    Raises
    ------
    TypeError
        If `x` is anything else, a list for example.
    """
    if isinstance(x, np.ndarray) or is_exact(x):
        return x
    if isinstance(x, (np.generic, int, float)):
        return np.asarray(x)
    raise TypeError(f"x must be an array or a number, got {describe(x)}")
