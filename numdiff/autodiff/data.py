"""The data of Variables: arrays of a floating-point format, of integers, and exact arrays; their sums and products.

NumPy adds float16 numbers along the contiguous axis in float32 and rounds once; along other axes it rounds after
every term, and plain ml_dtypes does so always in bfloat16, where a sum of ones stays at 256. Here the formats that are
narrower than float32 are added in float32 and rounded once, along every axis; wider formats are left to NumPy.
"""

from typing import Any, TypeAlias

import numpy as np

from numdiff.floats.formats import FORMATS
from numdiff.floats.masks import masked_count
from numdiff.floats.views import HolomorphicArray

Array: TypeAlias = Any
"""An ndarray or an exact array: the latter is known by its behaviour, so there is no class to name here."""

Axis: TypeAlias = int | tuple[int, ...] | None

_FLOAT32 = FORMATS["float32"]


def is_exact(value: object) -> bool:
    """Whether `value` is an exact array: it answers to ufuncs, is no ndarray, and has no dtype."""
    speaks_ufuncs = callable(getattr(value, "__array_ufunc__", None))  # of the object: a Variable has None
    return speaks_ufuncs and not isinstance(value, np.ndarray) and not hasattr(value, "dtype")


def is_data(value: object) -> bool:
    """Whether a Variable can hold `value`: nothing in it may be masked."""
    if isinstance(value, np.ndarray):
        if masked_count(value):
            return False
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
        masked = ", masked at some of its places" if masked_count(value) else ""
        return f"{kind} of dtype {value.dtype}{masked}"
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

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> nd.as_array(np.float32(2.5)), nd.as_array(np.array([1.0, 2.0]))
    (array(2.5, dtype=float32), array([1., 2.]))
    """
    if isinstance(x, np.ndarray) or is_exact(x):
        return x
    if isinstance(x, (np.generic, int, float)):
        return np.asarray(x)
    advice = f"; write np.array({x!r:.60})" if isinstance(x, (list, tuple)) else ""
    raise TypeError(f"x must be an array or a number, got {describe(x)}{advice}")


def _is_narrow(x: Array) -> bool:
    """Whether an array is of a format that is narrower than float32."""
    dtype = getattr(x, "dtype", None)
    item = None if dtype is None else FORMATS.of_dtype(dtype)
    return item is not None and item.precision < _FLOAT32.precision


def widened(x: Array) -> Array:
    """Return an array of a narrow format in float32, any other one itself."""
    return x.astype(np.float32) if _is_narrow(x) else x


def narrowed(x: Any, like: Array) -> Any:
    """Return a result that was computed with widened arrays, rounded to the dtype of the array `like`."""
    return x.astype(like.dtype) if _is_narrow(like) else x


def total(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """Return Σx along some axes, as ``np.sum``, narrow formats in float32 and rounded once."""
    return narrowed(np.sum(widened(x), axis=axis, keepdims=keepdims), x)


def product(x: Array, y: Array) -> Any:
    """Return ``np.matmul(x, y)``; two arrays of one narrow format are multiplied in float32, rounded once."""
    if getattr(x, "dtype", None) == getattr(y, "dtype", None):
        return narrowed(np.matmul(widened(x), widened(y)), x)
    return np.matmul(x, y)


def summed_to(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Return the sum over the axes along which an array of some shape was broadcast to that of `gradient`."""
    added = gradient.ndim - len(shape)
    stretched = [added + i for i, n in enumerate(shape) if n == 1 and gradient.shape[added + i] != 1]
    axes = (*range(added), *stretched)
    return np.reshape(total(gradient, axis=axes, keepdims=True), shape) if axes else np.reshape(gradient, shape)


def kept(y: Array, ndim: int, axis: Axis) -> Array:
    """Return the result of a sum with the axes back that were summed over, with length 1."""
    if y.ndim == ndim:
        return y
    axes = range(ndim) if axis is None else ([axis] if isinstance(axis, int) else axis)
    return np.expand_dims(y, tuple(axes))


def has_dtype(value: Any) -> bool:
    """Whether a value is of NumPy's."""
    return isinstance(value, (np.ndarray, np.generic))


def broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether NumPy stretches one shape to another."""
    pairs = zip(reversed(shape), reversed(to), strict=False)
    return len(shape) <= len(to) and all(short in (1, long) for short, long in pairs)
