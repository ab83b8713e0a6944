"""A function of Variables: `forward` on the arrays inside, `backward` for the chain rule."""

from typing import TYPE_CHECKING, Any

import numpy as np

from numdiff.autodiff.backpropagation import Application
from numdiff.autodiff.box import Box
from numdiff.autodiff.data import Array, describe, is_data

if TYPE_CHECKING:
    from numdiff.autodiff.variable import Variable


class Function:
    """A box that maps Variables to a Variable; subclasses define `forward` and `backward` on the arrays inside.

    Composition is calling: ``C(B(A(x)))``. A Function keeps nothing of a call, so one may be applied many times.

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff import Variable
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
    """

    def __call__(self, *variables: Box) -> "Variable":
        """Unpack the arrays, apply `forward`, box the result.

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
            if not isinstance(variable, Box):
                raise TypeError(
                    f"{type(self).__name__} takes Variables, but argument {position} is "
                    f"{describe(variable)}; write Variable(np.array(…)), or "
                    "hand on_arrays(f) to what calls f with arrays"
                )
        if not variables:
            raise TypeError(f"{type(self).__name__} takes Variables, but there is no argument")
        inputs = tuple(variable.data for variable in variables)
        result = variables[0]._boxed(self._checked(self.forward(*inputs), inputs))
        for variable in variables:
            if variable.is_tracked:
                result.creator = Application(self, variables, inputs, result.data)
                return result
        result.make_constant()
        return result

    def forward(self, *arrays: Any) -> Any:
        """Compute the result from the arrays in the boxes; every subclass defines this.

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

        Every class that back-propagation is to pass defines this.

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
