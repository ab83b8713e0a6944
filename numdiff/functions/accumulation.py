"""Sums and products of many terms, in the formats that cannot hold their partial sums.

NumPy adds float16 numbers along the contiguous axis in float32 and rounds once; along other axes it rounds after
every term, and plain ml_dtypes does so always in bfloat16, where a sum of ones stays at 256. Here both formats of 16
bits are added in float32 and rounded once, along every axis; wider formats are left to NumPy.
"""

from typing import Any

import numpy as np

from numdiff.functions.data import BFLOAT16, Array

_NARROW = (np.dtype(np.float16), BFLOAT16)


def widened(x: Array) -> Array:
    """Return an array of 16 bits in float32, any other one itself."""
    return x.astype(np.float32) if getattr(x, "dtype", None) in _NARROW else x


def narrowed(x: Any, like: Array) -> Any:
    """Return a result that was computed with widened arrays, rounded to the dtype of the array `like`."""
    return x.astype(like.dtype) if getattr(like, "dtype", None) in _NARROW else x


def total(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """Return Σx along some axes, as ``np.sum``, formats of 16 bits in float32 and rounded once."""
    return narrowed(np.sum(widened(x), axis=axis, keepdims=keepdims), x)


def product(x: Array, y: Array) -> Any:
    """Return ``np.matmul(x, y)``; two arrays of one format of 16 bits are multiplied in float32, rounded once."""
    if x.dtype == y.dtype:
        return narrowed(np.matmul(widened(x), widened(y)), x)
    return np.matmul(x, y)


def scattered(values: Array, index: Any, shape: tuple[int, ...]) -> Array:
    """Return zeros of a shape with values added at an index; values that fall on one place add up."""
    wide = widened(values)
    result = np.zeros_like(wide, shape=shape)
    if _names_each_once(index):
        result[index] = wide
    else:
        np.add.at(result, index, wide)
    return narrowed(result, values)


def _names_each_once(index: Any) -> bool:
    """Whether an index consists of slices and integers, so that no element can be meant twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(part is None or part is Ellipsis or isinstance(part, (slice, int, np.integer)) for part in parts)


def summed_to(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Return the sum over the axes along which an array of some shape was broadcast to that of `gradient`."""
    added = gradient.ndim - len(shape)
    stretched = [added + i for i, n in enumerate(shape) if n == 1 and gradient.shape[added + i] != 1]
    axes = (*range(added), *stretched)
    return np.reshape(total(gradient, axis=axes, keepdims=True), shape) if axes else np.reshape(gradient, shape)
