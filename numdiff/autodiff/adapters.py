"""Functions of Variables as NumPy callables: values and gradients; the course's numerical derivative."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.autodiff.backward import gradients
from numdiff.autodiff.data import Array, as_array, describe, is_differentiable
from numdiff.autodiff.variable import Variable, constant
from numdiff.floats.callables import name_of, scalar_of
from numdiff.floats.formats import format_of
from numdiff.spellings import hinted, warn_user


def _shown(function: Any) -> str:
    """Return a function by its name, a `Function` as the call that makes it."""
    return name_of(function) if hasattr(function, "__name__") else repr(function)


@dataclass(frozen=True, repr=False)
class _OnArrays:
    """What `on_arrays` returns: a class and not a closure, so that it can be pickled."""

    function: Callable[[Variable], Variable]

    def __call__(self, x: Any) -> Array:
        y = self.function(constant(as_array(x)))
        if not isinstance(y, Variable):
            raise TypeError(f"function must return a Variable, got {describe(y)}; a NumPy callable needs no on_arrays")
        return scalar_of(y.data)

    @property
    def __name__(self) -> str:
        return name_of(self.function)

    def __repr__(self) -> str:
        return f"on_arrays({_shown(self.function)})"


def on_arrays(function: Callable[[Variable], Variable]) -> Callable[[Any], Array]:
    """Return a function of Variables as a NumPy callable on arrays.

    With it a `Function`, or a composition of them, can be swept, measured and evaluated like any NumPy
    function: it computes ``function(Variable(x)).data``, and keeps no graph for `backward`.

    Parameters
    ----------
    function : Function or callable
        Takes a Variable and returns one. A NumPy callable is not passed through: it is one already.

    Returns
    -------
    callable
        Takes an ndarray or an exact array (or a number) and returns the array that `function` makes of it, or the NumPy
        scalar where it has no dimension; the kind of array and its shape stay. It can be pickled if `function` can.

    Raises
    ------
    TypeError
        If `function` is not callable, or is a NumPy ufunc; when called, if it does not return a Variable.

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff import Square, on_arrays
    >>> on_arrays(Square())(np.array([1.0, 3.0]))
    array([1., 9.])
    """
    if isinstance(function, np.ufunc):
        raise TypeError(f"function must take Variables, got np.{function.__name__}, which takes arrays")
    if not callable(function):
        raise TypeError(f"function must be callable, got {describe(function)}")
    return _OnArrays(function)


@dataclass(frozen=True, repr=False)
class _GradientOf:
    """What `gradient_of` returns: a class, so that it can be pickled."""

    function: Callable[[Variable], Variable]

    def __call__(self, x: Any) -> Array:
        variable = Variable(as_array(x))
        if not is_differentiable(variable.data):
            raise TypeError(f"x must be floating, got {describe(variable.data)}: integers have no gradient")
        y = self.function(variable)
        if not isinstance(y, Variable):
            raise TypeError(f"f must return a Variable, got {describe(y)}")
        if y.size != 1:
            raise ValueError(f"f must return a scalar Variable, got one of shape {y.shape}; take its sum or mean")
        # Not through `Variable.backward`: other Variables that f refers to shall not collect gradients.
        found = gradients(y).get(variable) if y.is_tracked else None
        if found is None:
            raise ValueError(
                "f must compute its result from its argument through Functions and operators, but none leads back to x"
            )
        return scalar_of(found.taken())

    @property
    def __name__(self) -> str:
        return f"gradient_of_{name_of(self.function)}"

    def __repr__(self) -> str:
        return f"gradient_of({_shown(self.function)})"


def gradient_of(f: Callable[[Variable], Variable]) -> Callable[[Any], Array]:
    """Return the gradient of a scalar function of a Variable, by back-propagation, as a callable on arrays.

    One evaluation of f and one backward pass through its graph, whatever the number of variables.

    Parameters
    ----------
    f : Function or callable
        Takes a Variable of any shape and returns one with a single element.

    Returns
    -------
    callable
        Takes a floating ndarray (or a number) and returns an ndarray of its shape and dtype, which is the caller's own;
        a NumPy scalar where x has no dimension. It can be pickled if `f` can.

    Raises
    ------
    TypeError
        If `f` is not callable, or is a NumPy ufunc; when called, if x is no floating array, or f returns no Variable.
    ValueError
        When called, if f returns several elements, or something that does not depend on x through Variables.

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff import gradient_of
    >>> gradient_of(lambda x: (x * x).sum())(np.array([1.0, 3.0]))
    array([2., 6.])
    """
    if isinstance(f, np.ufunc):
        raise TypeError(f"f must take Variables, got np.{f.__name__}, which takes arrays")
    if not callable(f) or isinstance(f, type):
        raise TypeError(
            f"f must be a function of a Variable, got {describe(f)}; gradient_of(f) is a function, whose value at x is "
            "gradient_of(f)(x)"
        )
    return _GradientOf(f)


@hinted
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
    >>> import numpy as np
    >>> from numdiff import Square, Variable, numerical_diff
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
            message = (
                f"eps = {eps} is absorbed at {absorbed.sum()} of {data.size} points: x ± eps rounds to x in "
                f"{data.dtype}; choose a larger eps"
            )
            warn_user(UserWarning(message))
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
