"""A function of one array, called at rows of points: strictly in the format of x, as the kernels call f.

A point is an array of its own, and stays what it was: an f that keeps its argument (to compare the next one with it, or
in a list) sees none of it modified. It is read-only, like every array that this project hands to a function under test.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from numdiff.floats.call import explain, handed, numbers_of, refuse_masked
from numdiff.floats.formats import FloatFormat
from numdiff.floats.views import HolomorphicArray

__all__ = ["ArrayFunction"]


class ArrayFunction:
    """f at points, as `numdiff.gradients.lines` calls it; it pickles if f does.

    Parameters
    ----------
    f : callable
        Takes an array of the shape of x and returns a scalar, or an array of always the same shape; with `vectorized`
        an array of shape ``(b, *x.shape)``, and returns b of them.
    item : FloatFormat
    x_shape : tuple of int
    vectorized : bool
    scalar : bool
        Whether f has to return a scalar.

    Attributes
    ----------
    shape : tuple of int or None
        The shape of f(x); None until it is known.

    Examples
    --------
    >>> from numdiff.floats.formats import FORMATS
    >>> function = ArrayFunction(lambda x: x[0] * x, FORMATS["float64"], (2,), False, False)
    >>> function.values(np.array([[2.0, 3.0]])).tolist(), function.shape
    ([[4.0, 6.0]], (2,))
    """

    def __init__(
        self, f: Callable[[Any], Any], item: FloatFormat, x_shape: tuple[int, ...], vectorized: bool, scalar: bool
    ) -> None:
        self.f, self.item, self.x_shape, self.vectorized, self.scalar = f, item, x_shape, vectorized, scalar
        self.shape: tuple[int, ...] | None = () if scalar else None
        self._quick = item.dtype.type if scalar else None

    def values(self, points: np.ndarray) -> np.ndarray:
        """Return f at points, an array of shape (b, n), as one of shape (b, m) of the same dtype.

        Raises
        ------
        TypeError
            If f returns anything but numbers of the format, or writes into its argument.
        ValueError
            If f returns another shape than it should.
        """
        if not self.vectorized and len(points) > 1:
            return np.concatenate([self.values(point[None].copy()) for point in points])
        count = len(points)
        batch = points.reshape((count, *self.x_shape) if self.vectorized else self.x_shape)
        try:
            y = self.f(self._handed(batch))
        except (ValueError, TypeError) as error:
            explain(error, self.f)
            raise
        if type(y) is self._quick and not self.vectorized:
            found = np.empty((1, 1), points.dtype)
            found[0, 0] = y
            return found
        wanted = (count, *(self.shape or ())) if self.vectorized else self.shape
        if (
            type(y) is np.ndarray
            and y.dtype == points.dtype
            and y.shape == wanted
            and y.size
            and self.shape is not None
        ):
            return y.reshape(count, -1).copy()  # what all the rest comes to in most calls
        return self._accepted(y, points.dtype, count if self.vectorized else None).reshape(count, -1).copy()

    def _handed(self, batch: np.ndarray) -> np.ndarray:
        if batch.dtype.kind != "c":
            return handed(self.item, batch)
        batch.setflags(write=False)
        return batch.view(HolomorphicArray)

    def _accepted(self, y: Any, dtype: np.dtype, count: int | None) -> np.ndarray:
        """Return what f returned as an array of the format, or say what is wrong with it."""
        array = _complex(y, dtype) if dtype.kind == "c" else numbers_of(self.item, y)
        before = () if count is None else (count,)
        if self.shape is None and array.shape[: len(before)] == before:
            self.shape = array.shape[len(before) :]
            # Of no values there is nothing to reshape to rows.
            return array if math.prod(self.shape) else array.reshape(count or 1, 0)
        if array.shape == (*before, *(self.shape or ())):
            return array
        if self.scalar:
            each = f" of {count} values, one for each point," if before else ""
            raise ValueError(
                f"f must return {f'an array{each}' if before else 'a scalar'} for a gradient, got an array of shape "
                f"{array.shape}; use jacobian for a function with several values"
            )
        if before and array.shape[:1] != before:
            raise ValueError(
                f"f must return {count} values for {count} points (vectorized=True), got an array of shape "
                f"{array.shape}"
            )
        shape = array.shape[len(before) :]
        raise ValueError(f"f must return the same shape for every point, {self.shape}, got {shape}")


def _complex(y: Any, dtype: np.dtype) -> np.ndarray:
    """Return values of the complex step; real ones are constants."""
    refuse_masked(y, "f must not return")
    array = np.asarray(y)
    if array.dtype != dtype and (array.dtype.kind not in "iuf" or isinstance(y, np.ndarray)):
        raise TypeError(
            f"f must keep the dtype of its argument for the complex step, {dtype}, got {array.dtype}; use a difference "
            "stencil for this function"
        )
    return array.astype(dtype, copy=False)
