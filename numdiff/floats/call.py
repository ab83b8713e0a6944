"""The call of user code in a working format: what a function gets to see, and what may come back.

Kernels, gradients and checks of gradients call functions under test through this module alone, so that one set of
rules holds for all of them:

- The argument is a read-only array, so that an in-place function cannot change what is measured. It is contiguous and
  of at least one dimension in the kernels (`evaluate`), for NumPy computes differently on scalars and on strided
  arrays. A gradient is of a function of x as it is: its argument has the shape of x, also where that is ``()``.
- Python numbers are weak in every format: where NumPy's own promotion would leave the format, the argument is a
  `WeakScalarArray`. The complex step calls functions with a `HolomorphicArray`.
- What comes back is an array of the format, or what `numpy.asarray` makes one of: a scalar of the format, a list. A
  Python number is rounded to the format, once, and so is a NumPy scalar that an elementwise function returns in place
  of an array: it is a constant. Nothing in it may be masked.
- A function of one number (`pointwise`) is called for each element in turn, with a scalar of the format.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from numdiff.floats.callables import number_of, require_callable, shapes_for_numbers, takes_a_pair
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.floats.masks import masked_count
from numdiff.floats.views import HolomorphicArray, WeakScalarArray

__all__ = ["SPECIAL_FORMATS", "accepted", "complex_advice", "evaluate", "explain", "handed", "numbers_of", "pointwise"]
__all__ += ["promotion_advice", "refuse_masked"]

Function = Callable[[Any], Any]


def handed(item: FloatFormat, x: np.ndarray) -> np.ndarray:
    """Return an array of the format as a function gets it: made read-only in place, its Python numbers weak.

    A complex one is that of the complex step. The array must be the caller's own: a copy, or a view of one that others
    may go on to write to.
    """
    x.setflags(False)  # type: ignore[call-arg]  # positional: a keyword costs twice as much
    if item.weak_scalars:
        return x.view(WeakScalarArray)
    return x.view(HolomorphicArray) if x.dtype.kind == "c" else x


def evaluate(item: FloatFormat, f: Function, x: np.ndarray) -> np.ndarray:
    """Call an elementwise function in a format.

    Parameters
    ----------
    item : FloatFormat
        The working format.
    f : callable
        Takes an array and returns one of the same shape and dtype.
    x : ndarray, contiguous, at least 1-d, of the dtype of the format (or of its `complex_dtype`, for the complex step)
        NumPy computes differently on scalars and on strided arrays, so no others are let in.

    Returns
    -------
    ndarray
        f's own result, unchanged; a number that f returns is broadcast.

    Raises
    ------
    TypeError
        If x is of another dtype, or f writes into its argument, or returns anything but numbers of the same dtype, none
        of them masked.
    ValueError
        If x is 0-dimensional or not contiguous, or f returns another shape.
    """
    if not x.ndim or not x.flags.forc:
        raise ValueError(f"x must be a contiguous array of at least one dimension, got {_layout(x)}")
    view = x.view()
    view.setflags(False)  # type: ignore[call-arg]
    dtype = x.dtype
    if dtype is not item.dtype and dtype != item.dtype:
        if dtype != item.complex_dtype or item.complex_dtype is None:
            raise TypeError(f"x must have dtype {item.name}, got {dtype}")
        view = view.view(HolomorphicArray)
    elif item.weak_scalars:
        view = view.view(WeakScalarArray)
    try:
        y = f(view)
    except Exception as error:
        _advise(error, f, view)
        raise
    if type(y) is np.ndarray and (y.dtype is item.dtype or y.dtype == item.dtype) and y.shape == x.shape:
        return y
    return accepted(item, y, x)


def _advise(error: Exception, f: Function, x: np.ndarray) -> None:
    """Raise a clearer error where f failed because it was given an array; return where the error is its own."""
    # A floating-point event that np.errstate or a filter of warnings made an error, or no fault of the argument's kind.
    if isinstance(error, (ArithmeticError, Warning, MemoryError, OSError)):
        return
    if isinstance(error, TypeError) and "analytic" in str(error):
        return
    shapes = set() if isinstance(f, _Pointwise) or "read-only" in str(error) else shapes_for_numbers(f, x)
    what = f"f must take an array, but it failed on one of shape {x.shape} ({error!s:.200})"
    if shapes == {()} and takes_a_pair(f, x):
        return  # a value of x is at fault, not that x is an array
    if shapes == {()}:
        raise TypeError(
            f"{what}; f is a function of one number: write elementwise=False, which calls it point by point, in "
            "error_ledger and sweep beside its exact twin, exact=(f, f'); numdiff.gradient takes it as it is; or use "
            "np.exp instead of math.exp, np.where instead of if"
        ) from error
    if several := next((shape for shape in shapes if math.prod(shape) > 1), None):
        raise ValueError(
            f"{what}; for one number it returns shape {several}: a function that closes over an array or needs the "
            "whole input takes blocked=False; numdiff.jacobian differentiates one with several values"
        ) from error
    if isinstance(error, np.linalg.LinAlgError):
        raise ValueError(
            f"f must be elementwise, but it failed on an array of shape {x.shape} ({error}); numdiff.gradient and "
            "numdiff.jacobian differentiate functions of vectors and matrices"
        ) from error
    explain(error, f)


def explain(error: Exception, f: Function, who: str = "f") -> None:
    """Raise a clearer error where a function failed because of what it was handed; return where the error is its own.

    Parameters
    ----------
    error : Exception
        What the function raised.
    f : callable
        The function.
    who : str
        Its name in the message.
    """
    text = str(error)
    if isinstance(error, ValueError) and "read-only" in text:
        raise TypeError(
            f"{who} must not write into its argument (it got a read-only array); compute into a new array"
        ) from error
    if isinstance(error, TypeError) and "converted to Python scalars" in text:
        raise TypeError(
            f"{who} must take arrays, got {f!r:.60}, which wants one number: use np.exp instead of math.exp; the "
            "kernels, error_ledger and sweep take functions of one number with elementwise=False"
        ) from error
    if isinstance(error, TypeError) and "not supported for the input types" in text:
        raise TypeError(
            f"{who} must compute in the format of x, but a function in it does not ({text:.60}); {SPECIAL_FORMATS}"
        ) from error
    if isinstance(error, TypeError) and "required positional argument" in text:
        raise TypeError(
            f"{who} must take x as its one argument; write lambda x: f(x, …), or give the others as args=; "
            f"lambda x: f(*x) is for one that takes the numbers of a vector ({text:.80})"
        ) from error
    if isinstance(error, TypeError) and isinstance(f, type):
        raise TypeError(
            f"{who} must be a function, got the class {f.__name__}; write {f.__name__}() ({text:.80})"
        ) from error


def numbers_of(item: FloatFormat, y: Any, who: str = "f") -> np.ndarray:
    """Return what a function returned as a plain array of the format, of whatever shape.

    Raises
    ------
    TypeError
        If it is no array of the format, or something in it is masked.
    """
    if type(y) in (int, float):
        return np.asarray(item.constant(y))
    refuse_masked(y, f"{who} must not return")
    try:
        array: np.ndarray = np.asarray(y)
    except ValueError as error:  # a ragged list
        raise TypeError(f"{who} must return numbers of {item.name} in one array, got {y!r:.60}") from error
    if array.dtype != item.dtype:
        _refuse_dtype(item.dtype, item.name, array.dtype, y, who)
    return array


def refuse_masked(values: Any, what: str) -> None:
    """Refuse values of which some are masked: what stands behind a mask is no result."""
    count = masked_count(values)
    if count:
        total = values.size if isinstance(values, np.ma.MaskedArray) else len(values)
        raise TypeError(
            f"{what} masked values, got {count} of {total}; write .filled(np.nan), or compute without a mask"
        )


@dataclass(frozen=True)
class _Pointwise:
    """An elementwise function of arrays, made of a function of one number."""

    f: Function

    def __call__(self, x: np.ndarray) -> np.ndarray:
        out = np.empty(x.shape, x.dtype)
        item, flat = FORMATS.of_dtype(x.dtype), out.reshape(-1)
        for place in range(x.size):
            y = self.f(number_of(x, place))
            value = self._complex(y, x.dtype) if item is None else numbers_of(item, y)
            if value.size != 1:
                raise ValueError(
                    f"f must return one number for one number with elementwise=False, got shape {value.shape}; "
                    "numdiff.jacobian differentiates a function with several values"
                )
            flat[place] = value.reshape(())[()]
        return out if item is not None else out.view(type(x))

    @staticmethod
    def _complex(y: Any, dtype: np.dtype[Any]) -> np.ndarray:
        if type(y) in (int, float, complex):  # a constant, or what complex arithmetic of Python made
            return np.asarray(y, dtype)
        if isinstance(y, HolomorphicArray) and y.dtype == dtype:
            return y.view(np.ndarray)
        raise TypeError(
            f"f must keep the complex number that the complex step gives it, of dtype {dtype}, got "
            f"{type(y).__name__} {y!r:.60}; use a difference stencil for this function"
        )


def pointwise(f: Function) -> Function:
    """Return a function of one number as one of arrays, which calls it for each element in turn."""
    require_callable(f)
    return f if isinstance(f, _Pointwise) else _Pointwise(f)


def _refuse_dtype(wanted: np.dtype[Any], name: str, found: np.dtype[Any], y: Any, who: str) -> NoReturn:
    if found.kind not in "iufcb" and FORMATS.of_dtype(found) is None:
        raise TypeError(f"{who} must return numbers of {name}, got {type(y).__name__} {y!r:.60}")
    advice = promotion_advice(wanted, found)
    if wanted.kind != "c":
        advice = advice or complex_advice(found)
    if type(y).__module__.partition(".")[0] in ("jax", "jaxlib"):
        advice = f": {_JAX}"
    raise TypeError(f"{who} must keep the dtype of its argument, {wanted}, got {found}{advice}")


_JAX = (
    "JAX computes in float32 unless jax.config.update('jax_enable_x64', True) was called before; else round x to its "
    "format, dtype='float32'"
)
"""What to do about an array of JAX that is narrower than its argument."""


SPECIAL_FORMATS = "scipy.special computes in float32 and float64 alone: write dtype='float64'"
"""What to do about a function of SciPy in another format."""


def complex_advice(found: np.dtype[Any]) -> str:
    """Return what to do about complex values where real ones are wanted; nothing about others."""
    if found.kind != "c":
        return ""
    return "; take the real part in f: np.real(…), as scipy.special.lambertw(x).real"


def _layout(x: np.ndarray) -> str:
    return f"strides {x.strides} for shape {x.shape}" if x.ndim else "a 0-dimensional one"


def accepted(item: FloatFormat, y: Any, x: np.ndarray) -> np.ndarray:
    """Return what an elementwise function returned as a plain array of the shape of x, or say what is wrong with it."""
    if x.dtype != item.dtype:
        return _accepted_complex(y, x)
    # A plain number where an array was given is a constant; what is left of a view is a reduction of it.
    is_number = isinstance(y, np.generic) or (type(y) is np.ndarray and not y.ndim)
    if is_number and (y.dtype.kind in "iu" or FORMATS.of_dtype(y.dtype) is not None):
        y = item.as_array(y)  # rounded once, as the Python number that it is equal to
    array = numbers_of(item, y)
    if array.shape == x.shape:
        return array
    if not array.ndim and (is_number or not isinstance(y, np.ndarray)):
        return np.full(x.shape, array, dtype=x.dtype)
    raise _wrong_shape(x, array.shape)


def _wrong_shape(x: np.ndarray, found: tuple[int, ...]) -> ValueError:
    return ValueError(
        f"f must keep the shape of its argument, {x.shape}, got {found}; f must be elementwise: a function that closes "
        "over an array or needs the whole input takes blocked=False, a function of one number elementwise=False; "
        "numdiff.gradient and numdiff.jacobian differentiate functions of a vector"
    )


def _accepted_complex(y: Any, x: np.ndarray) -> np.ndarray:
    if type(y) in (int, float, complex):
        return np.full(x.shape, y, dtype=x.dtype)
    refuse_masked(y, "f must not return")
    if not isinstance(y, np.ndarray):
        advice = "; use a difference stencil, or the derivative of that library" if hasattr(y, "__array__") else ""
        if isinstance(y, np.generic):
            advice = "; write a constant as a Python number"
        raise TypeError(
            f"f must return a NumPy array of shape {x.shape} and dtype {x.dtype} in the complex step, got "
            f"{type(y).__name__} {y!r:.60}{advice}"
        )
    if y.shape != x.shape:
        raise _wrong_shape(x, y.shape)
    if y.dtype != x.dtype:
        _refuse_dtype(x.dtype, str(x.dtype), y.dtype, y, "f")
    if not isinstance(y, HolomorphicArray):
        # The view is what refuses np.abs and its kind, so a function that dropped it cannot be trusted.
        raise TypeError(
            "f must be analytic for the complex step, which cannot be seen after np.asarray or np.array; "
            "write np.asanyarray where f converts its input"
        )
    return y.view(np.ndarray)


_PROMOTING = {
    **dict.fromkeys("fF", "np.float32"),
    **dict.fromkeys("dD", "np.float64"),
    **dict.fromkeys("gG", "np.longdouble"),
}
"""By the type code of a result: the scalar type that widens a narrower array to it."""


def promotion_advice(given: np.dtype[Any], returned: np.dtype[Any]) -> str:
    """Return what may have widened the dtype and what to write instead; nothing where no constant can have."""
    constant = _PROMOTING.get(returned.char)
    if constant is None or (given.kind == "c") != (returned.kind == "c"):
        return ""
    try:
        if np.promote_types(given, returned) != returned:
            return ""
    except TypeError:  # no dtype holds both
        return ""
    widens = f"a {constant} constant promotes"
    item = FORMATS.of_dtype(given)
    if item is not None and item.weak_scalars and returned == np.float32:
        # Not the only way here: plain ml_dtypes, which is what np.asarray leaves, widens with Python numbers.
        widens = "a np.float64 constant promotes, a np.float32 one too, and after np.asarray any Python number"
    always = f", and dtype='{returned}' if f computes in it whatever it is given (a spline, an ODE solver)"
    always += f"; {SPECIAL_FORMATS}" if given.itemsize <= 2 else ""
    return (
        f": {widens}; write float(…), np.full_like(x, …) where np.where chooses among numbers, np.asanyarray "
        f"where f converts its input, floats for integer coefficients{always if given.kind != 'c' else ''}"
    )
