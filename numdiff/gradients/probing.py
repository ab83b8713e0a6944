"""A scalar function and its gradient as the user gives them, called with NumPy arrays.

Arguments are copied here, calls are counted, and arrays of other libraries are converted to NumPy's and back. What a
function receives and may return: `numdiff.floats.call`.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from numdiff.floats.call import complex_advice, explain, handed, refuse_masked
from numdiff.floats.callables import require_callable
from numdiff.floats.formats import FORMATS, FloatFormat, format_of
from numdiff.formulas.arguments import points_of, refuse_not_finite
from numdiff.gradients.lines import BATCH_BYTES

__all__ = ["AnalyticGradient", "ArrayLibrary", "ScalarFunction", "starting_point"]


class ArrayLibrary:
    """The array library of the user, recognised by the methods of its arrays.

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
        """Return an array of the library with the dtype and the values of an ndarray that is the caller's own."""
        item = format_of(array)
        if self._tensor is not None:
            dtype = getattr(sys.modules["torch"], item.name)
            plain = array.astype(np.float32) if item.weak_scalars else array  # exact: they are narrower
            return self._tensor.new_tensor(plain, dtype=dtype)
        if self._namespace is not None:
            return self._namespace.asarray(array)
        return handed(item, array)

    def called(self, f: Callable[[Any], Any], who: str, x: np.ndarray) -> Any:
        """Call a function with a copy of x as an array of the library, and refuse one that writes into it."""
        given = self.from_numpy(x.copy())
        with np.errstate(all="ignore"):  # overflow and NaN enter the verdict; no warnings
            try:
                returned = f(given)
            except (ValueError, TypeError) as error:
                explain(error, f, who)
                raise
        if not isinstance(given, np.ndarray) and not np.array_equal(self.to_numpy(given, "x"), x):
            raise TypeError(f"{who} must not write into its argument, but did; compute into a new array")
        refuse_masked(returned, f"{who} must not return")
        return returned

    @staticmethod
    def to_numpy(value: Any, argument: str) -> np.ndarray:
        """Return an array, tensor or number, called `argument` in a message, as an ndarray of the same dtype."""
        if hasattr(value, "detach"):
            value = value.detach().cpu()
            item = FORMATS.get(str(value.dtype).removeprefix("torch."))
            if item is not None and item.weak_scalars:  # NumPy has no such dtype of its own
                return value.float().numpy().astype(item.dtype)
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
        None takes the format of x (float64 for integers, Python numbers and lists of them).

    Raises
    ------
    TypeError
        If x is complex, masked somewhere, or no array of numbers.
    ValueError
        If x is empty, or not finite somewhere in the format.
    """
    given = x if isinstance(x, np.ma.MaskedArray) else ArrayLibrary.to_numpy(x, "x")
    item, points = points_of(given, dtype)
    point = np.array(points, order="C", subok=False)
    if not point.size:
        raise ValueError(f"x must have at least one coordinate, got shape {point.shape}")
    refuse_not_finite(item, point, given)
    return point


def _place(index: tuple[Any, ...]) -> str:
    """Return a multi-index as text: ``x[3]``, ``x[0, 2]``, or ``x`` where there is none."""
    return f"x[{', '.join(str(int(i)) for i in index)}]" if index else "x"


class ScalarFunction:
    """f: ℝⁿ → ℝ in one format, counted and checked at every call.

    f gets a copy of the point that is its own. Values come back as longdouble, which holds those of every format.

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
        require_callable(f)
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
        returned = self.library.called(self.f, "f", block if self.vectorized else block[0])
        result = self.library.to_numpy(returned, "f(x)")
        self.evaluations += len(block)
        expected = (len(block),) if self.vectorized else ()
        if result.shape != expected:
            raise ValueError(
                f"f must return one number for every point (shape {expected}), got shape {result.shape}"
                + ("" if self.vectorized else "; sum it up, or check the components one by one")
            )
        if result.dtype.kind not in "iu" and FORMATS.of_dtype(result.dtype) is None:
            raise TypeError(f"f must return a real number, got dtype {result.dtype}{complex_advice(result.dtype)}")
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
            value = self.library.called(self.gradient, "gradient", point)
        refuse_masked(value, "gradient must not hold")
        array = self.library.to_numpy(value, "gradient")
        if array.dtype.kind not in "iu" and FORMATS.of_dtype(array.dtype) is None:
            raise TypeError(
                f"gradient must be an array of real numbers, got dtype {array.dtype}{complex_advice(array.dtype)}"
            )
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
