"""Functions of whole arrays: sums and products, and views that move elements.

Sums and products of the formats of 16 bits are accumulated in float32 and rounded once; see `accumulation`.
"""

from typing import Any

import numpy as np

from numdiff.autodiff.accumulation import Part, narrowed, product, summed_to, total, widened
from numdiff.autodiff.data import Array
from numdiff.autodiff.function import Function

Axis = int | tuple[int, ...] | None


class Sum(Function):
    """Σx along some axes.

    Parameters
    ----------
    axis : int or tuple of int, optional
        All axes by default.
    keepdims : bool, optional
        Whether the axes stay, with length 1.
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
    """The product of matrices, with the shapes of ``np.matmul``: vectors, matrices, and stacks that broadcast."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return the product XY."""
        return product(x, y)

    def backward(self, gradient: Array, z: Array, x: Array, y: Array) -> Any:
        """Return GYᵀ and XᵀG, summed over the stacks along which X or Y was broadcast."""
        # A vector is a matrix of one row on the left and of one column on the right.
        left, right = (x[np.newaxis, :] if x.ndim == 1 else x), (y[:, np.newaxis] if y.ndim == 1 else y)
        g = gradient.reshape((*gradient.shape[: gradient.ndim - (x.ndim > 1) - (y.ndim > 1)],
                              *left.shape[-2:-1], *right.shape[-1:]))  # fmt: skip
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
    """

    def __init__(self, index: Any) -> None:
        self.index = index

    def forward(self, x: Array) -> Array:
        """Return x[index]."""
        return x[self.index]

    def backward(self, gradient: Array, y: Array, x: Array) -> Part:
        """Return g where the elements were, and zero elsewhere."""
        return Part(gradient, self.index)


def kept(y: Array, ndim: int, axis: Axis) -> Array:
    """Return the result of a sum with the axes back that were summed over, with length 1."""
    if y.ndim == ndim:
        return y
    axes = range(ndim) if axis is None else ([axis] if isinstance(axis, int) else axis)
    return np.expand_dims(y, tuple(axes))
