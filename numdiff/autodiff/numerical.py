"""The course's numerical derivative, written out: the boxes need no kernel."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from numdiff.autodiff.data import Array, as_array, describe
from numdiff.autodiff.variable import Variable, constant
from numdiff.floats.formats import format_of


def numerical_diff(f: Callable[[Variable], Variable], x: Variable, eps: float = 1e-4) -> Any:
    """Differentiate f at x by the centered difference quotient, as the course does.

        f′(x) ≈ (f(x + eps) − f(x − eps)) / (2·eps)

    The truncation error is f‴(x)·eps²/6 to first order, the rounding error of the order of u·|f(x)|/eps;
    the default suits float64 only roughly, and the narrow formats not at all.

    Parameters
    ----------
    f : Function or callable
        Takes a Variable, returns one of the same shape and dtype, elementwise.
    x : Variable, any shape, of a floating format or integer (which becomes float64), or an exact array
    eps : float, optional
        The step, positive, in the units of x; rounded to the format of x.

    Returns
    -------
    ndarray or NumPy scalar
        Of the shape and dtype of x; a scalar where x is 0-d (as NumPy returns it); an exact array for one.

    Raises
    ------
    TypeError
        If f is not callable, x no Variable of real numbers, eps no real number, or f(x) no Variable of the dtype of x.
    ValueError
        If eps is not positive and finite in the format of x, or f(x) has another shape.

    Warns
    -----
    UserWarning
        If x + eps or x − eps rounds to x somewhere: the quotient there says nothing about f′.

    References
    ----------
    K. Saito, Deep Learning from Scratch 3, step 4.

    Examples
    --------
    >>> from numdiff import Square
    >>> float(numerical_diff(Square(), Variable(np.array(2.0))))
    4.000000000004
    """
    if not callable(f):
        raise TypeError(f"f must be callable, got {describe(f)}")
    if not isinstance(x, Variable):
        raise TypeError(f"x must be a Variable, got {describe(x)}; write Variable(np.array(…))")
    data = x.data
    if isinstance(data, np.ndarray) and data.dtype.kind in "iu":
        data = data.astype(np.float64)
    eps = _step(eps, data)
    x0 = constant(as_array(data - eps))
    x1 = constant(as_array(data + eps))
    if isinstance(data, np.ndarray):
        absorbed = np.isfinite(data) & ((x0.data == data) | (x1.data == data))
        if absorbed.any():
            warnings.warn(
                f"eps = {eps} is absorbed at {absorbed.sum()} of {data.size} points: x ± eps rounds to x in "
                f"{data.dtype}; choose a larger eps",
                stacklevel=2,
            )
    y0 = _values(f, x0)
    y1 = _values(f, x1)
    return (y1 - y0) / (2 * eps)


def _step(eps: Any, data: Array) -> Any:
    """Return eps as a number of the format of the data, checked."""
    if isinstance(eps, bool) or not isinstance(eps, (int, float, np.generic)):
        raise TypeError(f"eps must be a real number, got {describe(eps)}")
    step: Any = format_of(data).as_array(eps)[()] if isinstance(data, np.ndarray) else eps
    if not (step > 0 and np.isfinite(step)):
        where = f" in {data.dtype}, where it is {step}" if isinstance(data, np.ndarray) else ""
        raise ValueError(f"eps must be positive and finite{where}, got {eps!r}")
    return step


def _values(f: Callable[[Variable], Variable], x: Variable) -> Array:
    """Return the array f(x), or say why it cannot enter a difference quotient."""
    y = f(x)
    if not isinstance(y, Variable):
        raise TypeError(f"f must return a Variable, got {describe(y)}")
    if y.shape != x.shape:
        raise ValueError(f"f must keep the shape of x, {x.shape}, got {y.shape}: f must be elementwise")
    if isinstance(y.data, np.ndarray) and isinstance(x.data, np.ndarray) and y.dtype != x.dtype:
        raise TypeError(
            f"f must keep the dtype of x, {x.dtype}, got {y.dtype}: a NumPy constant promotes; write float(…)"
        )
    return y.data
