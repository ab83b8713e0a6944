"""A function of Variables, `forward` and `backward`, and the functions behind operators and methods of `Variable`.

Sums and products of matrices in the formats of 16 bits are accumulated in float32 and rounded once; see `data`. Where
shapes are broadcast, `backward` may answer in the broadcast shape.
"""

from copy import copy
from typing import Any, TypeVar

import numpy as np

from numdiff.autodiff.backward import Application, Node
from numdiff.autodiff.course import takes_gradient_alone
from numdiff.autodiff.data import Array, describe, is_data

N = TypeVar("N", bound=Node)


class Function:
    """A function of Variables with a Variable as its value; subclasses define `forward` and `backward` on arrays.

    Composition is calling: ``C(B(A(x)))``. A Function keeps nothing of a call, so one may be applied many times. The
    chain rule may be written as in the course, too, as ``backward(self, gy)``: while it is called, ``self.input``
    (``self.inputs`` where there are several) and ``self.output`` are the Variables of the application.

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff import Function, Variable
    >>> class Cube(Function):
    ...     def forward(self, x):
    ...         return x * x * x
    ...     def backward(self, gradient, y, x):
    ...         return gradient * 3 * x * x
    >>> x = Variable(np.array(2.0))
    >>> y = Cube()(x)
    >>> y
    Variable(8.0)
    >>> y.backward()
    >>> x.grad
    array(12.)
    >>> class Exp(Function):
    ...     def forward(self, x):
    ...         return np.exp(x)
    ...     def backward(self, gy):
    ...         return np.exp(self.input.data) * gy
    >>> x = Variable(np.array(0.0))
    >>> Exp()(x).backward()
    >>> x.grad
    array(1.)
    """

    takes_gradient_alone = False
    """Whether `backward` is written as in the course, of gy alone; found when a class is made."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.takes_gradient_alone = takes_gradient_alone(cls)

    def __call__(self, *variables: N) -> N:
        """Apply `forward` to the arrays of the Variables, and return the result as a Variable.

        Parameters
        ----------
        *variables : Variable
            As many as `forward` takes, at least one.

        Returns
        -------
        Variable
            With data of the dtype of the inputs where they agree on a floating one.

        Raises
        ------
        TypeError
            If an argument is no Variable, if `forward` returns no array, or if it leaves the dtype.
        NotImplementedError
            If the class defines no `forward`.
        """
        for position, variable in enumerate(variables):
            if not isinstance(variable, Node):
                raise TypeError(
                    f"{type(self).__name__} takes Variables, but argument {position} is "
                    f"{describe(variable)}; write Variable(np.array(…)), or "
                    "hand on_arrays(f) to what calls f with arrays"
                )
        if not variables:
            raise TypeError(f"{type(self).__name__} takes Variables, but there is no argument")
        inputs = tuple(variable.data for variable in variables)
        result: Any = variables[0]._holding(self._checked(self.forward(*inputs), inputs))
        for variable in variables:
            if variable.is_tracked:
                # In the course's form `forward` may leave on self what `backward` needs: each call keeps its own.
                function = copy(self) if self.takes_gradient_alone else self
                result.creator = Application(function, variables, inputs, result.data)
                return result
        result.make_constant()
        return result

    def forward(self, *arrays: Any) -> Any:
        """Compute the result from the arrays of the Variables; every subclass defines this.

        Parameters
        ----------
        *arrays : ndarray or exact array
            The data of the Variables, not copied. A number that is an operand of a Python operator comes
            as it is.

        Returns
        -------
        ndarray or exact array
            A NumPy scalar is taken for a 0-d array. Write constants as Python numbers, best as integers
            (plain ml_dtypes promotes bfloat16 for ``2.0 * x``, not for ``2 * x``).

        Raises
        ------
        NotImplementedError
            Here, always.
        """
        raise NotImplementedError(f"{type(self).__name__} must define forward(*arrays)")

    def backward(self, gradient: Array, output: Array, *arrays: Any) -> Any:
        """Return the gradient of each input, given that of the output: the chain rule for this function.

        Every class that is to be differentiated defines this.

        Parameters
        ----------
        gradient : ndarray or exact array
            Of shape and dtype of the output. Not to be changed.
        output : ndarray or exact array
            What `forward` returned.
        *arrays : ndarray, exact array or number
            What `forward` got.

        Returns
        -------
        array, or tuple of an array for each input
            In place of an array a callable without arguments that returns it, where it is worth something: it is
            called only if the input needs a gradient (a constant does not). An array of the shape of the output
            is summed over the axes along which the input was broadcast.

        Raises
        ------
        NotImplementedError
            Here, always.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define backward(gradient, output, *arrays) to be differentiated"
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _checked(self, result: Any, inputs: tuple[Array, ...]) -> Array:
        """Return what `forward` returned as data of a Variable, or say what is wrong with it."""
        name = f"{type(self).__name__}.forward"
        array = np.asarray(result) if isinstance(result, np.generic) else result
        if not is_data(array):
            raise TypeError(
                f"{name} must return an array of floats or integers, got {describe(result)}; "
                "NumPy functions return one and keep the dtype"
            )
        expected = {array.dtype for array in inputs if hasattr(array, "dtype")}
        if isinstance(array, np.ndarray) and len(expected) == 1:
            (dtype,) = expected
            if dtype.kind not in "iu" and array.dtype != dtype:
                raise TypeError(
                    f"{name} must keep the dtype of its input, {dtype}, got {array.dtype}: a NumPy constant "
                    "promotes, in bfloat16 a Python float too; write 2 or x.dtype.type(0.5)"
                )
        return array


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
