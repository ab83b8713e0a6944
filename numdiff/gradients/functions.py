"""A function of parameters and its gradient as the user gives them, called with flat vectors.

Parameters go to the function in their own structure and arrays (see `numdiff.gradients.parameters`), and what it
returns comes back as numbers of NumPy, checked. What a function receives and may return: `numdiff.floats.call`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.floats.call import complex_advice, explain, refuse_masked
from numdiff.floats.formats import FORMATS, FloatFormat, format_of
from numdiff.gradients.parameters import Parameters, to_numpy

__all__ = ["Function", "Gradient", "called", "refuse_several"]


def refuse_several(returned: Any) -> None:
    """Refuse a tuple of which one part alone is a number to differentiate, as (loss, aux) of JAX."""
    if isinstance(returned, tuple) and len(returned) > 1:
        raise TypeError(
            f"f must return one number, got a tuple of {len(returned)} ({returned!r:.60}); of (loss, aux) take "
            "lambda *p: f(*p)[0], and a tuple of values is differentiated by numdiff.jacobian as np.stack of it"
        )


def called(f: Callable[[Any], Any], who: str, point: Parameters, vector: np.ndarray) -> Any:
    """Call a function with a copy of a vector of shape (…, n), in the structure of a point.

    A TypeError, in which it is called `who`, where it writes into its argument, or returns something masked.
    """
    leaves = point.leaves(vector)
    given = point.tree(leaves)
    with np.errstate(all="ignore"):  # overflow and NaN enter the result; no warnings
        try:
            returned = f(given)
        except (ValueError, TypeError) as error:
            explain(error, f, who)
            if isinstance(given, (list, tuple)):  # rows of different lengths are meant for one array
                parts, kind = len(given), type(given).__name__
                error.add_note(
                    f"x is a {kind} of {parts} parts that make no array, and f gets it so: a {kind} of arrays"
                )
            raise
    if point.differs(leaves, vector):
        raise TypeError(f"{who} must not write into its argument, but did; compute into a new array")
    refuse_masked(returned, f"{who} must not return")
    return returned


@dataclass(frozen=True)
class Function:
    """f of vectors, in one format; it pickles where f and the parameters do.

    Parameters
    ----------
    f : callable
        Takes the parameters and returns a real scalar (a 0-d array, or a number). With `vectorized` all leaves have a
        leading axis of b points, and so has what f returns.
    point : Parameters
    vectorized : bool

    Examples
    --------
    >>> import numpy as np
    >>> function = Function(lambda x: np.sum(x * x), Parameters([1.0, 2.0]))
    >>> function.values(np.array([[1.0, 2.0], [0.0, 3.0]]))
    array([[5.],
           [9.]])
    """

    f: Callable[[Any], Any]
    point: Parameters
    vectorized: bool = False

    def values(self, vectors: np.ndarray) -> np.ndarray:
        """Return f at b points as numbers of shape (b, 1), float64 or longdouble for a wider format, or refuse it."""
        if self.vectorized:
            found = self._checked(called(self.f, "f", self.point, vectors), len(vectors))
        else:
            found = np.stack([self._checked(called(self.f, "f", self.point, vector)) for vector in vectors])
        return found.reshape(len(vectors), -1).astype(self.point.item.wide)

    def opened(self) -> tuple[np.ndarray, FloatFormat]:
        """Return f(x) in its own shape, and the format in which f computes; it may be another one than that of x."""
        vector, item = self.point.vector, self.point.item
        returned = called(self.f, "f", self.point, vector[None] if self.vectorized else vector)
        found = self._checked(returned, 1 if self.vectorized else 0)
        is_exact = type(returned) in (int, float) or found.dtype.kind in "iu"  # weak: of any format
        return found[0] if self.vectorized else found, item if is_exact else format_of(found)

    def _checked(self, returned: Any, count: int = 0) -> np.ndarray:
        """Return what f returned for so many points (0: for one, without an axis) as an array, or say what is wrong."""
        refuse_several(returned)
        if returned is None:
            raise TypeError("f must return a real number, got None")
        result = to_numpy(returned, "f(x)")
        expected = (count,) if count else ()
        if result.shape != expected:
            raise ValueError(
                f"f must return one number for every point (shape {expected}), got shape {result.shape}"
                + ("" if self.vectorized else "; sum it up, or differentiate it by numdiff.jacobian")
            )
        if result.dtype.kind not in "iu" and FORMATS.of_dtype(result.dtype) is None:
            raise TypeError(f"f must return a real number, got dtype {result.dtype}{complex_advice(result.dtype)}")
        return result


@dataclass(frozen=True)
class Gradient:
    """The gradient that is to be checked: a callable of the parameters, or its value.

    Parameters
    ----------
    gradient : callable, array or tree
        A value has the structure and the shapes of x.

    Raises
    ------
    TypeError
        On a call, if a value is None or no array of real numbers, or the callable writes into its argument.
    ValueError
        On a call, if a value has another structure or shape than x, or is not finite.
    """

    gradient: Any

    @property
    def is_callable(self) -> bool:
        """Whether it can be evaluated elsewhere."""
        return callable(self.gradient)

    def at(self, point: Parameters, vector: np.ndarray, is_finite: bool = True) -> np.ndarray:
        """Return the gradient at a vector, as a vector of float64 (longdouble for a wider format).

        Parameters
        ----------
        point : Parameters
        vector : ndarray of the format, shape (n,)
        is_finite : bool
            Whether it has to be.
        """
        value = called(self.gradient, "gradient", point, vector) if self.is_callable else self.gradient
        if value is None:
            wanted = "return" if self.is_callable else "be a callable or"
            raise TypeError(f"gradient must {wanted} an array of the shape of x, {point.shape}, got None")
        array = point.flat(value, "gradient")
        bad = np.flatnonzero(~np.isfinite(array))
        if is_finite and bad.size:
            raise ValueError(
                f"gradient must be finite, got {array[bad[0]]} at {point.name(bad[0])}"
                + (f" and {bad.size - 1} more" if bad.size > 1 else "")
            )
        return array
