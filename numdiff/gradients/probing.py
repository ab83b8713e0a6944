"""The doors to what the user hands in: a scalar function and its gradient, as NumPy sees them.

Values come and go through this module alone, so it is here that arguments are copied, results are checked, calls are
counted, and arrays of other libraries are turned into NumPy's and back.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from numdiff.array_views import WeakScalarArray
from numdiff.formats import FORMATS, FloatFormat, format_of, get_format
from numdiff.gradients.evaluation import BATCH_BYTES

__all__ = ["AnalyticGradient", "ArrayLibrary", "ScalarFunction", "starting_point"]


class ArrayLibrary:
    """The library whose arrays the user works with, known by what its arrays can do.

    Whatever follows the array API standard (JAX, CuPy) offers ``__array_namespace__``; a PyTorch tensor offers
    ``new_tensor``, which keeps its device. Everything else gets ndarrays.

    Parameters
    ----------
    x : array of the library
    """

    def __init__(self, x: Any) -> None:
        self._tensor = x if hasattr(x, "new_tensor") else None
        speaks_standard = not isinstance(x, (np.ndarray, np.generic)) and hasattr(x, "__array_namespace__")
        self._namespace: Any = x.__array_namespace__() if speaks_standard else None

    def from_numpy(self, array: np.ndarray) -> Any:
        """Return an array of the library with the dtype and the values of an ndarray."""
        if self._tensor is not None:
            dtype = getattr(sys.modules["torch"], format_of(array).name)
            plain = array if array.dtype.kind == "f" else array.astype(np.float32)  # exact: bfloat16 is narrower
            return self._tensor.new_tensor(plain, dtype=dtype)
        if self._namespace is not None:
            return self._namespace.asarray(array)
        return array.view(WeakScalarArray) if array.dtype == FORMATS["bfloat16"].dtype else array

    @staticmethod
    def to_numpy(value: Any, argument: str) -> np.ndarray:
        """Return an array, tensor or number, called `argument` in a message, as an ndarray of the same dtype."""
        if hasattr(value, "detach"):
            value = value.detach().cpu()
            if str(value.dtype) == "torch.bfloat16":
                return value.float().numpy().astype(FORMATS["bfloat16"].dtype)
            return value.numpy()
        try:
            array = np.asarray(value)
        except ValueError as error:  # lists of different lengths
            raise ValueError(f"{argument} must be an array, got {type(value).__name__} {value!r:.60}") from error
        native = array.dtype.newbyteorder("=")  # = the machine's own
        return array.astype(native, copy=False).view(np.ndarray)


def starting_point(x: Any, dtype: Any) -> np.ndarray:
    """Return x as an ndarray of the format in which the check is made.

    Parameters
    ----------
    x : array of floats of any library, or a number
    dtype : format or None
        None takes the format of x (float64 for Python numbers and lists of them).

    Raises
    ------
    TypeError
        If x is complex, of integers, or no array of numbers.
    ValueError
        If x is empty, or not finite somewhere in the format.
    """
    given = ArrayLibrary.to_numpy(x, "x")
    if given.dtype.kind in "iub":
        raise TypeError(
            f"x must be an array of floats, got dtype {given.dtype}: a step h added to integers is lost; "
            "write x.astype(float)"
        )
    if given.dtype.kind == "c":
        raise TypeError(f"x must be real, got dtype {given.dtype}; check real and imaginary part as two real arrays")
    item = format_of(given) if dtype is None else get_format(dtype)
    point = np.array(item.as_array(given), order="C")
    if not point.size:
        raise ValueError(f"x must have at least one element, got shape {point.shape}")
    bad = np.flatnonzero(~np.isfinite(point))
    if bad.size:
        index = np.unravel_index(bad[0], point.shape)
        raise ValueError(f"x must be finite in {item.name}, got {given[index]!r} at {_place(index)}")
    return point


def _refuse_writing(who: str, after: np.ndarray, before: np.ndarray) -> None:
    if not np.array_equal(after, before):
        raise TypeError(f"{who} must not write into its argument, but did; compute into a new array")


def _place(index: tuple[Any, ...]) -> str:
    """Return a multi-index as text: ``x[3]``, ``x[0, 2]``, or ``x`` where there is none."""
    return f"x[{', '.join(str(int(i)) for i in index)}]" if index else "x"


class ScalarFunction:
    """f: ℝⁿ → ℝ in one format, counted and checked at every call.

    f gets a copy of the point that is its own; whether it has changed it is found out afterwards, so that the message
    can say so. Values come back as longdouble, which holds those of every format.

    Parameters
    ----------
    f : callable
        Takes an array of the shape of x and returns a real scalar (0-d array, or number). With `vectorized` it takes
        an array of shape ``(b, *x.shape)`` and returns b scalars in an array of shape ``(b,)``.
    item : FloatFormat
        The format of the points.
    library : ArrayLibrary
        In whose arrays f is called.
    vectorized : bool

    Raises
    ------
    TypeError
        If f is not callable; on a call, if f returns no real number, or writes into its argument.
    ValueError
        On a call, if f returns no scalar (or with `vectorized`, not one for every point).
    """

    def __init__(self, f: Callable[[Any], Any], item: FloatFormat, library: ArrayLibrary, vectorized: bool) -> None:
        if not callable(f):
            raise TypeError(f"f must be callable, got {type(f).__name__} {f!r:.60}")
        self.f = f
        self.item = item
        self.library = library
        self.vectorized = vectorized
        self.evaluations = 0
        self.result_item = item
        """The format in which the values come."""

    def value(self, point: np.ndarray) -> np.longdouble:
        """Return f at one point of the shape of x."""
        return self.values([point], 1)[0]

    def values(self, points: Iterable[np.ndarray], count: int) -> np.ndarray:
        """Return f at `count` points, each of the shape of x, as longdouble of shape ``(count,)``.

        Points are drawn from the iterable when they are needed: at no time are there more than a block of them.
        """
        out = np.empty(count, np.longdouble)
        done = 0
        for block in self._blocks(iter(points)):
            out[done : done + len(block)] = self._called(block)
            done += len(block)
        return out

    def _blocks(self, points: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the points in arrays of shape ``(b, *x.shape)``; b is 1 where f takes one at a time."""
        for first in points:
            rows = max(1, BATCH_BYTES // max(1, first.nbytes)) if self.vectorized else 1
            yield np.stack([first, *islice(points, rows - 1)])

    def _called(self, block: np.ndarray) -> np.ndarray:
        """Return f at the points of a block, after all checks."""
        handed = self.library.from_numpy(block.copy() if self.vectorized else block[0].copy())
        with np.errstate(all="ignore"):  # overflow and NaN are part of the verdict, not noise on the screen
            returned = self.f(handed)
        result = self.library.to_numpy(returned, "f(x)")
        self.evaluations += len(block)
        _refuse_writing("f", self.library.to_numpy(handed, "x"), block if self.vectorized else block[0])
        expected = (len(block),) if self.vectorized else ()
        if result.shape != expected:
            raise ValueError(
                f"f must return one number for every point (shape {expected}), got shape {result.shape}"
                + ("" if self.vectorized else "; sum it up, or check the components one by one")
            )
        if result.dtype.kind not in "fiu" and result.dtype != FORMATS["bfloat16"].dtype:
            raise TypeError(f"f must return a real number, got dtype {result.dtype}")
        if type(returned) not in (int, float) and result.dtype != self.result_item.dtype:
            self.result_item = format_of(result) if result.dtype.kind not in "iu" else self.item
        return result.astype(np.longdouble)


class AnalyticGradient:
    """The gradient that is to be checked: a callable of x, or an array.

    Parameters
    ----------
    gradient : callable or array
        A callable takes an array of the shape and dtype of x; it and the array have the shape of x.
    library : ArrayLibrary

    Raises
    ------
    TypeError
        If a value is no array of real numbers, or the callable writes into its argument.
    ValueError
        If a value has another shape than x, or is not finite.
    """

    def __init__(self, gradient: Any, library: ArrayLibrary) -> None:
        self.gradient = gradient
        self.library = library
        self.is_callable = callable(gradient)

    def at(self, point: np.ndarray) -> np.ndarray:
        """Return the gradient at a point as longdouble of the shape of x."""
        value = self.gradient
        if self.is_callable:
            handed = self.library.from_numpy(point.copy())
            with np.errstate(all="ignore"):
                value = self.gradient(handed)
            _refuse_writing("gradient", self.library.to_numpy(handed, "x"), point)
        array = self.library.to_numpy(value, "gradient")
        if array.dtype.kind not in "fiu" and array.dtype != FORMATS["bfloat16"].dtype:
            raise TypeError(f"gradient must be an array of real numbers, got dtype {array.dtype}")
        if array.shape != point.shape:
            raise ValueError(f"gradient must have the shape of x, {point.shape}, got {array.shape}")
        bad = np.flatnonzero(~np.isfinite(array))
        if bad.size:
            index = np.unravel_index(bad[0], array.shape)
            raise ValueError(
                f"gradient must be finite, got {array[index]} at {_place(index)}"
                + (f" and {bad.size - 1} more" if bad.size > 1 else "")
            )
        return array.astype(np.longdouble)
