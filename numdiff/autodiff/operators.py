"""The arithmetic operators as functions; shapes are broadcast, and `backward` may answer in the broadcast shape."""

from typing import Any

import numpy as np

from numdiff.autodiff.data import Array
from numdiff.autodiff.function import Function


class Neg(Function):
    """−x."""

    def forward(self, x: Array) -> Array:
        """Return −x."""
        return -x

    def backward(self, gradient: Array, z: Array, x: Array) -> Array:
        """Return −g."""
        return -gradient


class Add(Function):
    """x + y."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x + y."""
        return x + y

    def backward(self, gradient: Array, z: Array, x: Array, y: Array) -> Any:
        """Return g, g."""
        return gradient, gradient


class Sub(Function):
    """x − y."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x − y."""
        return x - y

    def backward(self, gradient: Array, z: Array, x: Array, y: Array) -> Any:
        """Return g, −g."""
        return gradient, lambda: -gradient


class Mul(Function):
    """x·y, elementwise."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x·y."""
        return x * y

    def backward(self, gradient: Array, z: Array, x: Array, y: Array) -> Any:
        """Return g·y, g·x."""
        return lambda: gradient * y, lambda: gradient * x


class Div(Function):
    """x/y."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x/y."""
        return x / y

    def backward(self, gradient: Array, z: Array, x: Array, y: Array) -> Any:
        """Return g/y, −g·(x/y)/y: without y², which would overflow and underflow long before y does."""
        return lambda: gradient / y, lambda: -gradient * z / y


class Pow(Function):
    """x**y; base and exponent may each be a Variable.

    At x = 0 the derivative with respect to y is taken as 0, its limit for y > 0; for x < 0 it does not exist and is
    NaN. It is computed only where the exponent needs a gradient.
    """

    def forward(self, x: Array, y: Array) -> Array:
        """Return x**y."""
        return x**y

    def backward(self, gradient: Array, z: Array, x: Array, y: Array) -> Any:
        """Return g·y·x^(y−1), g·xʸ·ln x."""
        # x⁰ has the derivative 0·x⁰, also at 0, where x⁻¹ is infinite; ln 1 stands for the logarithm of 0.
        return lambda: gradient * (y * x ** (y - (y != 0))), lambda: gradient * (z * _log(x, z))


def _log(x: Any, z: Array) -> Array:
    """Return ln x, and 0 for x = 0, in the dtype of z where x is a number: NumPy would take it for a float64."""
    base = x if hasattr(x, "shape") else np.full_like(z, x)
    return np.log(base + (base == 0))


class Maximum(Function):
    """max(x, y), elementwise; where x = y each of the two gets half of the gradient."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return max(x, y)."""
        return np.maximum(x, y)

    def backward(self, gradient: Array, z: Array, x: Array, y: Array) -> Any:
        """Return g, 0 where x > y; 0, g where x < y; g/2, g/2 where they are equal."""
        nothing, tie = np.zeros_like(gradient), np.where(x == y, gradient / 2, np.zeros_like(gradient))
        return lambda: np.where(x > y, gradient, nothing) + tie, lambda: np.where(x < y, gradient, nothing) + tie
