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
from numdiff.gradients.functions import called, refuse_several
from numdiff.gradients.parameters import Parameters, has_structure, to_numpy

__all__ = ["ArrayFunction", "coupled", "is_far"]


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
    point : Parameters or None
        The structure in which f takes its parameters, if that is no array of NumPy.

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
        self,
        f: Callable[[Any], Any],
        item: FloatFormat,
        x_shape: tuple[int, ...],
        vectorized: bool,
        scalar: bool,
        point: Parameters | None = None,
    ) -> None:
        self.f, self.item, self.x_shape, self.vectorized, self.scalar = f, item, x_shape, vectorized, scalar
        self.point = point
        self.shape: tuple[int, ...] | None = () if scalar else None
        self._quick = item.dtype.type if scalar else None
        self._is_compared = False

    def values(self, points: np.ndarray) -> np.ndarray:
        """Return f at points, an array of shape (b, n), as one of shape (b, m) of the same dtype, or refuse it."""
        if not self.vectorized and len(points) > 1:
            return np.concatenate([self.values(point[None].copy()) for point in points])
        count = len(points)
        if count > 1 and not self._is_compared:
            return self._compared(points)
        y = self._returned(points)
        if type(y) is self._quick and not self.vectorized:
            return np.array([[y]], points.dtype)
        wanted = (count, *(self.shape or ())) if self.vectorized else self.shape
        if (
            self.shape is not None
            and type(y) is np.ndarray
            and y.dtype == points.dtype
            and y.shape == wanted
            and y.size
        ):
            return y.reshape(count, -1).copy()  # what all the rest comes to in most calls
        return self._accepted(y, points.dtype, count if self.vectorized else None).reshape(count, -1).copy()

    def _returned(self, points: np.ndarray) -> Any:
        """Return what f returns for points: as it is, of other libraries as an array."""
        if self.point is not None:
            y = called(self.f, "f", self.point, points if self.vectorized else points[0])
            return to_numpy(y, "f(x)") if has_structure(y) and not isinstance(y, (dict, list, tuple)) else y
        batch = points
        if not (self.vectorized and len(self.x_shape) == 1):
            batch = points.reshape((len(points), *self.x_shape) if self.vectorized else self.x_shape)
        try:
            return self.f(handed(self.item, batch))
        except (ValueError, TypeError) as error:
            explain(error, self.f)
            if self.vectorized:
                error.add_note(f"numdiff called f with {len(points)} points, of shape {batch.shape} (vectorized=True)")
            raise

    def _compared(self, points: np.ndarray) -> np.ndarray:
        """Return f at the first batch, and refuse an f that returns another value for a point when it is alone.

        Sums may be formed in another order: half of the digits must be the same. An f that returns another value when
        it is asked again is random, which is looked for elsewhere.
        """
        self._is_compared = True
        last = points[-1:].copy()
        found, alone = self.values(points), self.values(last.copy())
        parts = (np.real, np.imag) if found.dtype.kind == "c" else (np.asarray,)
        far = np.any([is_far(part(found), part(alone[0]), self.item) for part in parts], axis=0)
        if far.any() and np.array_equal(alone, self.values(last), equal_nan=True):
            k = int(np.argmax(far))
            raise ValueError(coupled(found[-1, k], alone[0, k], len(points)))
        return found

    def _accepted(self, y: Any, dtype: np.dtype, count: int | None) -> np.ndarray:
        """Return what f returned as an array of the format, or say what is wrong with it."""
        if self.scalar:
            refuse_several(y)
        array = _complex(y, dtype) if dtype.kind == "c" else numbers_of(self.item, y)
        before = () if count is None else (count,)
        if self.shape is None and array.shape[: len(before)] == before:
            self.shape = array.shape[len(before) :]
            # Of no values there is nothing to reshape to rows.
            return array if math.prod(self.shape) else array.reshape(count or 1, 0)
        if array.shape == (*before, *(self.shape or ())):
            return array
        if self.scalar:
            each = f" of {count} values, one for each point" if before else ""
            instead = "; use jacobian for a function with several values"
            if before and not array.ndim:
                instead = "; sums go over the axes after the first one (x.sum(axis=-1))"
            elif array.size == (count or 1):
                instead = f"; write y.reshape({'len(x)' if before else '()'}) for y"
            raise ValueError(
                f"f must return {f'an array{each}' if before else 'a scalar'}, got an array of shape "
                f"{array.shape}{instead}"
            )
        if before and array.shape[:1] != before:
            raise ValueError(
                f"f must return {count} values for {count} points (vectorized=True), got an array of shape "
                f"{array.shape}"
            )
        shape = array.shape[len(before) :]
        raise ValueError(f"f must return the same shape for every point, {self.shape}, got {shape}")


def is_far(found: np.ndarray, alone: Any, item: FloatFormat) -> Any:
    """Return which values of the last point of a batch differ from those of the point alone, by half of the digits."""
    most = np.abs(found[np.isfinite(found)]).max(initial=0)
    with np.errstate(all="ignore"):
        near = np.abs(found[-1] - alone) <= 2.0 ** (-item.precision / 2) * most
    return ~(near | (found[-1] == alone) | (np.isnan(found[-1]) & np.isnan(alone)))


def coupled(among: Any, alone: Any, count: int) -> str:
    """Return what is said of an f that returns one value for a point among several, and another for it alone."""
    return (
        "f must return for each point of a batch what it returns for that point alone (vectorized=True), got "
        f"{among!s} among {count} points and {alone!s} alone; sums go over the axes after the first one "
        "(x.sum(axis=-1)), and x[..., i] is a coordinate; or leave out vectorized"
    )


def _complex(y: Any, dtype: np.dtype) -> np.ndarray:
    """Return values of the complex step; of real ones only numbers of Python are constants."""
    refuse_masked(y, "f must not return")
    array: np.ndarray = np.asarray(y)
    parts = y if isinstance(y, (list, tuple)) else (y,)
    if array.dtype != dtype and not all(type(part) in (int, float, complex) for part in parts):
        raise TypeError(
            f"f must keep the dtype of its argument for the complex step, {dtype}, got {array.dtype}; use a difference "
            "stencil for this function, or write a constant as a Python number"
        )
    return array.astype(dtype, copy=False)
