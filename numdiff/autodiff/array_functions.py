"""Functions of whole arrays: sums, products of matrices, and other shapes."""

from typing import Any

import numpy as np

from numdiff.autodiff.backward import Part
from numdiff.autodiff.data import Array, Axis, kept, narrowed, product, summed_to, total, widened
from numdiff.autodiff.function import Function


class Sum(Function):
    """Σx along some axes.

    Parameters
    ----------
    axis : int or tuple of int, optional
        All axes by default.
    keepdims : bool, optional
        Whether the axes stay, with length 1.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> nd.Sum(axis=0)(x)
    Variable([4. 6.])
    """

    def __init__(self, axis: Axis = None, keepdims: bool = False) -> None:
        self.axis, self.keepdims = axis, keepdims

    def forward(self, x: Array) -> Array:
        """Return Σx."""
        return total(x, self.axis, self.keepdims)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g for each element that was added."""
        return np.broadcast_to(kept(gradient, x.ndim, self.axis), x.shape)


class Mean(Sum):
    """Σx/n along some axes; parameters as for `Sum`.

    The formats of 16 bits are divided in float32 too: n may be beyond them, and so may the sum.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([1.0, 2.0, 6.0, 7.0]))
    >>> nd.Mean()(x).backward()
    >>> x.grad
    array([0.25, 0.25, 0.25, 0.25])
    """

    def forward(self, x: Array) -> Array:
        """Return Σx/n."""
        wide = widened(x)
        sums = np.sum(wide, axis=self.axis, keepdims=self.keepdims)
        return narrowed(sums / (wide.size // max(np.size(sums), 1)), x)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g/n for each element that was added."""
        share = widened(gradient) / (x.size // max(gradient.size, 1))
        return super().backward(narrowed(share, gradient), y, x)


class MatMul(Function):
    """The product of matrices, with the shapes of ``np.matmul``: vectors, matrices, and stacks that broadcast.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> w, x = nd.Variable(np.array([[1.0, 2.0], [3.0, 4.0]])), nd.Variable(np.array([1.0, -1.0]))
    >>> nd.MatMul()(w, x).sum().backward()
    >>> w.grad.tolist(), x.grad.tolist()
    ([[1.0, -1.0], [1.0, -1.0]], [4.0, 6.0])
    """

    def forward(self, x: Array, y: Array) -> Array:
        """Return the product XY."""
        return product(x, y)

    def backward(self, gradient: Array, z: Array, x: Array, y: Array) -> Any:
        """Return GYᵀ and XᵀG, summed over the stacks along which X or Y was broadcast."""
        # A vector is a matrix of one row on the left and of one column on the right.
        left, right = (x[np.newaxis, :] if x.ndim == 1 else x), (y[:, np.newaxis] if y.ndim == 1 else y)
        stack = gradient.shape[: gradient.ndim - (x.ndim > 1) - (y.ndim > 1)]
        g = gradient.reshape((*stack, *left.shape[-2:-1], *right.shape[-1:]))
        return (
            lambda: summed_to(product(g, np.swapaxes(right, -1, -2)), left.shape).reshape(x.shape),
            lambda: summed_to(product(np.swapaxes(left, -1, -2), g), right.shape).reshape(y.shape),
        )


class Reshape(Function):
    """The elements in another shape.

    Parameters
    ----------
    shape : int or tuple of int
        One length may be -1: whatever is left.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> nd.Reshape((2, 2))(nd.Variable(np.array([1.0, 2.0, 3.0, 4.0]))).data.tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """

    def __init__(self, shape: int | tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Array:
        """Return x in the new shape."""
        return np.reshape(x, self.shape)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g in the shape of x."""
        return np.reshape(gradient, x.shape)


class Transpose(Function):
    """The axes in another order.

    Parameters
    ----------
    axes : tuple of int, optional
        ``axes[i]`` is the old axis that becomes axis i; reversed by default.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> nd.Transpose()(nd.Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))).data.tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """

    def __init__(self, axes: tuple[int, ...] | None = None) -> None:
        self.axes = axes

    def forward(self, x: Array) -> Array:
        """Return x with its axes permuted."""
        return np.transpose(x, self.axes)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g with the axes where they came from."""
        if self.axes is None:
            return np.transpose(gradient)
        return np.transpose(gradient, np.argsort([axis % x.ndim for axis in self.axes]))


class BroadcastTo(Function):
    """The elements repeated until they fill a larger shape.

    Parameters
    ----------
    shape : tuple of int

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([1.0, 2.0]))
    >>> nd.BroadcastTo((3, 2))(x).sum().backward()
    >>> x.grad
    array([3., 3.])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Array:
        """Return x, stretched."""
        return np.broadcast_to(x, self.shape)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g; it is summed over the repetitions."""
        return summed_to(gradient, x.shape)


class GetItem(Function):
    """Some of the elements.

    Parameters
    ----------
    index : int, slice, Ellipsis, None, array of integers or booleans, or a tuple of these
        As for an ndarray; an element may be chosen several times.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([1.0, 2.0, 3.0]))
    >>> nd.GetItem(1)(x).backward()
    >>> x.grad
    array([0., 1., 0.])
    """

    def __init__(self, index: Any) -> None:
        self.index = index

    def forward(self, x: Array) -> Array:
        """Return x[index]."""
        return x[self.index]

    def backward(self, gradient: Array, y: Array, x: Array) -> Part:
        """Return g where the elements were, and zero elsewhere."""
        return Part(gradient, self.index)
