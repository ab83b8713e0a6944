"""Sums of many terms: of the contributions to a gradient, and in the formats that cannot hold partial sums.

NumPy adds float16 numbers along the contiguous axis in float32 and rounds once; along other axes it rounds after
every term, and plain ml_dtypes does so always in bfloat16, where a sum of ones stays at 256. Here the formats that are
narrower than float32 are added in float32 and rounded once, along every axis; wider formats are left to NumPy.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.autodiff.data import Array, as_array, is_exact
from numdiff.floats.formats import FORMATS

_FLOAT32 = FORMATS["float32"]


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


@dataclass(frozen=True)
class Part:
    """A gradient that is zero but at an index: what `GetItem` sends back.

    A vector of parameters is taken to pieces by many indices; each piece costs what it holds, not the whole vector.
    """

    values: Array
    index: Any

    def add_to(self, whole: Array) -> None:
        """Add the values to an array at the index, in place; values that meet at one place are all added."""
        if self._names_each_once():
            whole[self.index] += self.values
            return
        wide = widened(whole)
        np.add.at(wide, self.index, widened(self.values))
        if wide is not whole:
            whole[...] = narrowed(wide, whole)

    def _names_each_once(self) -> bool:
        """Whether the index consists of slices and integers, so that no element can be meant twice."""
        parts = self.index if isinstance(self.index, tuple) else (self.index,)
        return all(part is None or part is Ellipsis or isinstance(part, (slice, int, np.integer)) for part in parts)


class Gradient:
    """The gradient of one Variable while contributions come in.

    Parameters
    ----------
    data : ndarray or exact array
        The data of the Variable.
    """

    def __init__(self, data: Array) -> None:
        self._data = data
        self.value: Array = None
        """The sum so far; None before the first contribution."""
        self._is_own = False

    def add(self, contribution: "Array | Part") -> None:
        """Add a contribution, in place only where the array was made here."""
        if isinstance(contribution, Part):
            if not self._is_own:
                self.value = np.zeros_like(self._data) if self.value is None else self.value.copy()
            contribution.add_to(self.value)
        elif self.value is None:
            self.value = contribution
            return
        elif self._is_own:
            np.add(self.value, contribution, out=self.value)
        else:
            self.value = as_array(self.value + contribution)
        self._is_own = isinstance(self.value, np.ndarray)

    def taken(self) -> Array:
        """Return the sum as an array that nobody else holds."""
        return self.value if self._is_own or is_exact(self.value) else self.value.copy()


def summed_to(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Return the sum over the axes along which an array of some shape was broadcast to that of `gradient`."""
    added = gradient.ndim - len(shape)
    stretched = [added + i for i, n in enumerate(shape) if n == 1 and gradient.shape[added + i] != 1]
    axes = (*range(added), *stretched)
    return np.reshape(total(gradient, axis=axes, keepdims=True), shape) if axes else np.reshape(gradient, shape)
