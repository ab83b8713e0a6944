"""The course's Variable: a node with operators."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from numdiff.autodiff.array_functions import GetItem, MatMul, Mean, Reshape, Sum, Transpose
from numdiff.autodiff.backward import Node
from numdiff.autodiff.data import Array, is_data
from numdiff.autodiff.function import Add, Div, Function, Mul, Neg, Pow, Sub
from numdiff.floats.formats import FORMATS


class Variable(Node):
    """A node that holds an array, and its gradient after `backward`; operators and methods compute further ones.

    Operators work between Variables, and between a Variable and a number or array on either side. Types
    follow NumPy: a Python number takes the dtype of the data (in bfloat16 and its kin too, where plain ml_dtypes
    goes to float32), a NumPy scalar or array promotes. An operand that is no Variable is a constant: no gradient is
    computed for it.

    Parameters
    ----------
    data : ndarray or exact array, any shape, 0-d included
        Of one of the formats or integer; an exact array of
        `numdiff.arithmetic`; the view in which the complex step calls a function. Held as it is: not
        copied, not converted.

    Raises
    ------
    TypeError
        If `data` is anything else. Python numbers and NumPy scalars are refused as in the course:
        write ``Variable(np.array(0.5))``.

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff import Variable
    >>> x = Variable(np.array([1.0, 2.0]))
    >>> (x * x + 3 * x).sum().backward()
    >>> x.grad
    array([5., 7.])
    """

    def _holding(self, data: Array) -> "Variable":
        return Variable(data)

    def __neg__(self) -> "Variable":
        return Neg()(self)

    def __add__(self, other: Any) -> "Variable":
        return _binary(Add(), self, other)

    def __radd__(self, other: Any) -> "Variable":
        return _binary(Add(), other, self)

    def __sub__(self, other: Any) -> "Variable":
        return _binary(Sub(), self, other)

    def __rsub__(self, other: Any) -> "Variable":
        return _binary(Sub(), other, self)

    def __mul__(self, other: Any) -> "Variable":
        return _binary(Mul(), self, other)

    def __rmul__(self, other: Any) -> "Variable":
        return _binary(Mul(), other, self)

    def __truediv__(self, other: Any) -> "Variable":
        return _binary(Div(), self, other)

    def __rtruediv__(self, other: Any) -> "Variable":
        return _binary(Div(), other, self)

    def __pow__(self, other: Any) -> "Variable":
        return _binary(Pow(), self, other)

    def __rpow__(self, other: Any) -> "Variable":
        return _binary(Pow(), other, self)

    def __matmul__(self, other: Any) -> "Variable":
        return _binary(MatMul(), self, other)

    def __rmatmul__(self, other: Any) -> "Variable":
        return _binary(MatMul(), other, self)

    def __getitem__(self, index: Any) -> "Variable":
        return GetItem(index)(self)

    def __iter__(self) -> Iterator["Variable"]:
        return (self[i] for i in range(len(self)))  # len refuses a 0-d array, where indexing alone would end at once

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Variable":
        """Return the sum along some axes, over all elements by default; see `Sum`."""
        return Sum(axis, keepdims)(self)

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Variable":
        """Return the mean along some axes, over all elements by default; see `Mean`."""
        return Mean(axis, keepdims)(self)

    def reshape(self, *shape: Any) -> "Variable":
        """Return the same elements in another shape, given as a tuple or as several integers; see `Reshape`."""
        return Reshape(shape[0] if len(shape) == 1 else shape)(self)

    def transpose(self, axes: tuple[int, ...] | None = None) -> "Variable":
        """Return the array with its axes permuted, reversed by default; see `Transpose`."""
        return Transpose(axes)(self)

    @property
    def T(self) -> "Variable":
        """The array with its axes reversed."""
        return self.transpose()


class _Number(Variable):
    """A number beside a Variable, kept as it is: as a 0-d array a Python number would promote float32."""

    is_tracked = False

    def __init__(self, value: Any) -> None:
        self._data = value
        self.grad = self.creator = None


def constant(data: Array) -> Variable:
    """Return an array as a Variable that no gradient is computed for."""
    variable = Variable(data)
    variable.make_constant()
    return variable


def _operand(value: Any, partner: Variable) -> Variable | None:
    """Return an operand as a Variable, None where it cannot be one."""
    if isinstance(value, Variable):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, np.generic):
        dtype = getattr(partner.data, "dtype", None)
        item = None if dtype is None else FORMATS.of_dtype(dtype)
        return _Number(item.constant(value) if item is not None and item.weak_scalars else value)
    if isinstance(value, np.generic):
        return _Number(value) if is_data(np.asarray(value)) else None
    if isinstance(value, np.ma.MaskedArray):  # NotImplemented would leave it to NumPy, which drops the Variable
        return constant(value)
    return constant(value) if is_data(value) else None


def _binary(function: Function, left: Any, right: Any) -> Variable:
    """Apply a function of two Variables where one of them may be a number or an array."""
    partner = left if isinstance(left, Variable) else right
    x, y = _operand(left, partner), _operand(right, partner)
    if x is None or y is None:
        return NotImplemented
    return function(x, y)
