"""A box: an array, its gradient, and the application of a function that made it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from numdiff.autodiff.backpropagation import add_gradients
from numdiff.autodiff.data import Array, describe, is_data, is_differentiable, is_exact

if TYPE_CHECKING:
    from numdiff.autodiff.backpropagation import Application
    from numdiff.autodiff.variable import Variable


class Box:
    """The base of `Variable`, without its operators; see there.

    A box refers to what it was made from, never to what is made from it. So there are no cycles, and a graph is
    freed with the last reference to its result, by reference counting alone.
    """

    # NumPy leaves ``ndarray * Variable`` to the operators of Variable, and refuses ``np.exp(Variable)``.
    __array_ufunc__ = None

    _is_constant = False
    """Whether no gradient is wanted although the data could have one."""

    def __init__(self, data: Array) -> None:
        self.data = data
        self.grad: Array | None = None
        """The gradient, an array of the shape and dtype of the data; None before `backward`."""
        self.creator: Application | None = None
        """The application of a function that made this Variable; None for one that was written down."""

    @property
    def data(self) -> Array:
        """The array in the box: always an ndarray or an exact array, never a scalar."""
        return self._data

    @data.setter
    def data(self, data: Array) -> None:
        if not is_data(data):
            advice = ""
            if isinstance(data, Box):
                advice = "; it is a Variable already"
            elif isinstance(data, np.generic):
                advice = "; NumPy turns results on 0-d arrays into scalars: write as_array(…)"
            elif isinstance(data, (int, float, list, tuple)):
                advice = f"; write np.array({data!r:.60})"
            raise TypeError(
                f"data must be an ndarray of floats or integers, or an exact array, got {describe(data)}{advice}"
            )
        self._data = data
        self.is_tracked = not self._is_constant and is_differentiable(data)
        """Whether gradients flow into this Variable: not for integers, and not for operands given as arrays."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the data."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions of the data."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements of the data."""
        return self.data.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the data; AttributeError for an exact array, which has none."""
        return self.data.dtype

    def __len__(self) -> int:
        return len(self.data)

    def make_constant(self) -> None:
        """Let no gradient flow into this Variable."""
        self._is_constant, self.is_tracked = True, False

    def _boxed(self, data: Array) -> "Variable":
        """Return data in a new Variable: that class has operators, which are Functions, which have to make it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        if is_exact(self.data):
            return f"Variable({self.data!r})"
        text = np.asarray(self.data).__str__().replace("\n", "\n" + " " * len("Variable("))
        usual = self.dtype in (np.dtype(np.float64), np.dtype(np.int64))
        return f"Variable({text})" if usual else f"Variable({text}, dtype={self.dtype.name})"

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        # Without this NumPy would wrap the box itself into an array of objects.
        raise TypeError("a Variable is not converted to an array silently; write .data")

    def backward(self, gradient: Any = None, *, keep_all: bool = False) -> None:
        """Propagate derivatives from here back to the Variables that this one was computed from.

        For y = f(x), `backward` of y adds Σᵢ gᵢ·∂yᵢ/∂xⱼ to ``x.grad`` for every Variable x that was written down
        (not computed), where g is `gradient`. It *adds*: the gradients of several losses may be collected, and a
        second call on the same y doubles them; `clear_gradient` starts anew.

        The derivatives are those of what was computed: a new array assigned to ``x.data`` afterwards does not
        change them. Numbers changed in place between the two, in an array that a formula needs, do so unseen.

        Parameters
        ----------
        gradient : ndarray, exact array or number, optional
            The g above, in the shape and dtype of y (a number is rounded to it). May be left out where y has one
            element; it is 1 then.
        keep_all : bool, optional
            Whether the Variables on the way, y itself included, get their gradients too.

        Raises
        ------
        TypeError
            If y is an integer or was computed from no Variable that can have a gradient, if `gradient` has another
            dtype, or if a function's `backward` returns no array or leaves the dtype.
        ValueError
            If y has several elements and no `gradient` is given, if a shape is wrong, or if ``x.grad`` is left
            from data of another shape.
        NotImplementedError
            If a function on the way defines no `backward`; its class is named.
        """
        add_gradients(self, gradient, keep_all=keep_all)

    def clear_gradient(self) -> None:
        """Forget the gradient."""
        self.grad = None
