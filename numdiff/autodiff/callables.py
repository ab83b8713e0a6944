"""Functions of Variables as NumPy callables: their values, and their gradients by back-propagation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.autodiff.backpropagation import gradients
from numdiff.autodiff.data import Array, as_array, describe, is_differentiable
from numdiff.autodiff.variable import Variable, constant


@dataclass(frozen=True)
class _OnArrays:
    """What `on_arrays` returns: a class and not a closure, so that it can be pickled."""

    function: Callable[[Variable], Variable]

    def __call__(self, x: Any) -> Array:
        y = self.function(constant(as_array(x)))
        if not isinstance(y, Variable):
            raise TypeError(f"function must return a Variable, got {describe(y)}; a NumPy callable needs no on_arrays")
        return y.data

    @property
    def __name__(self) -> str:
        function = self.function
        return getattr(function, "__name__", type(function).__name__)

    def __repr__(self) -> str:
        return f"on_arrays({self.function!r})"


def on_arrays(function: Callable[[Variable], Variable]) -> Callable[[Any], Array]:
    """Return a function of Variables as a NumPy callable on arrays.

    With it a `Function`, or a composition of them, can be swept, judged and evaluated exactly like any
    NumPy function: it computes ``function(Variable(x)).data``, and keeps no graph for `backward`.

    Parameters
    ----------
    function : Function or callable
        Takes a Variable and returns one. A NumPy callable is not passed through: it is one already.

    Returns
    -------
    callable
        Takes an ndarray or an exact array (or a number, as a 0-d array) and returns the array that
        `function` makes of it; the kind of array and its shape stay. It can be pickled if `function` can.

    Raises
    ------
    TypeError
        If `function` is not callable, or is a NumPy ufunc; when called, if it does not return a Variable.

    Examples
    --------
    >>> from numdiff import Square
    >>> on_arrays(Square())(np.array([1.0, 3.0]))
    array([1., 9.])
    """
    if isinstance(function, np.ufunc):
        raise TypeError(f"function must take Variables, got np.{function.__name__}, which takes arrays")
    if not callable(function):
        raise TypeError(f"function must be callable, got {describe(function)}")
    return _OnArrays(function)


@dataclass(frozen=True)
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
        # Not through `backward`: Variables that f refers to shall not collect gradients by the way.
        found = gradients(y).get(variable) if y.is_tracked else None
        if found is None:
            raise ValueError(
                "f must compute its result from its argument through Functions and operators, but none leads back to x"
            )
        return found.taken()

    @property
    def __name__(self) -> str:
        function = self.function
        return f"gradient_of_{getattr(function, '__name__', type(function).__name__)}"

    def __repr__(self) -> str:
        return f"gradient_of({self.function!r})"


def gradient_of(f: Callable[[Variable], Variable]) -> Callable[[Any], Array]:
    """Return the gradient of a scalar function of a Variable, by back-propagation, as a callable on arrays.

    One evaluation of f and one walk back through its graph, whatever the number of variables.

    Parameters
    ----------
    f : Function or callable
        Takes a Variable of any shape and returns one with a single element.

    Returns
    -------
    callable
        Takes a floating ndarray (or a number, as a 0-d array) and returns an ndarray of its shape and dtype, which is
        the caller's own. It can be pickled if `f` can.

    Raises
    ------
    TypeError
        If `f` is not callable, or is a NumPy ufunc; when called, if x is no floating array, or f returns no Variable.
    ValueError
        When called, if f returns several elements, or something that does not depend on x through Variables.

    Examples
    --------
    >>> gradient_of(lambda x: (x * x).sum())(np.array([1.0, 3.0]))
    array([2., 6.])
    """
    if isinstance(f, np.ufunc):
        raise TypeError(f"f must take Variables, got np.{f.__name__}, which takes arrays")
    if not callable(f):
        raise TypeError(f"f must be callable, got {describe(f)}")
    return _GradientOf(f)
