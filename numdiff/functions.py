"""The course's boxes: a `Variable` holds an array, a `Function` maps Variables to a Variable.

The boxes are written as in the course, with plain NumPy operations inside, so that whatever speaks NumPy's
ufunc protocol can be put into them: an array of any floating-point format, but also an exact array.
`on_arrays` takes the boxes off again; so a `Function` is one more NumPy callable to be measured.

References
----------
K. Saito, *Zero kara tsukuru Deep Learning 3* (Deep Learning from Scratch 3), O'Reilly Japan, 2020: steps 1–3
(boxes, functions, composition), 4 (numerical differentiation), 9 (`as_array`), 20–22 (operators).
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from numdiff.array_views import HolomorphicArray
from numdiff.formats import format_of, get_format

__all__ = [
    "Add", "Cos", "Div", "Exp", "Function", "Log", "Mul", "Neg", "Pow", "Sigmoid", "Sin", "Square",
    "StableSigmoid", "StableTanh", "Sub", "Tanh", "Variable", "as_array", "numerical_diff", "on_arrays",
]  # fmt: skip

Array: TypeAlias = Any
"""An ndarray or an exact array: the latter is known by its behaviour, so there is no class to name here."""

_BFLOAT16 = get_format("bfloat16").dtype


def _is_exact(value: object) -> bool:
    """Whether `value` is an exact array: it answers to ufuncs, is no ndarray, and has no dtype."""
    speaks_ufuncs = callable(getattr(type(value), "__array_ufunc__", None))
    return speaks_ufuncs and not isinstance(value, np.ndarray) and not hasattr(value, "dtype")


def _is_data(value: object) -> bool:
    """Whether a Variable can hold `value`."""
    if isinstance(value, np.ndarray):
        # Complex numbers enter only in the view of the complex step, which refuses what is not analytic.
        holds_numbers = value.dtype.kind in "fiu" or value.dtype == _BFLOAT16
        return holds_numbers or isinstance(value, HolomorphicArray)
    return _is_exact(value)


def _describe(value: object) -> str:
    kind = type(value).__name__
    if isinstance(value, np.ndarray):
        return f"{kind} of dtype {value.dtype}"
    return f"{kind} {value!r:.60}"


def as_array(x: Any) -> Array:
    """Return `x` as an array: numbers become 0-d arrays, arrays stay as they are.

    NumPy turns the result of an operation on 0-d arrays into a scalar; this turns it back.

    Parameters
    ----------
    x : ndarray, exact array, NumPy scalar, int or float

    Returns
    -------
    ndarray or exact array
        An array is returned itself, not copied; a NumPy scalar keeps its dtype.

    Raises
    ------
    TypeError
        If `x` is anything else, a list for example.
    """
    if isinstance(x, np.ndarray) or _is_exact(x):
        return x
    if isinstance(x, (np.generic, int, float)):
        return np.asarray(x)
    raise TypeError(f"x must be an array or a number, got {_describe(x)}")


class Variable:
    """A box that holds an array.

    Operators work between Variables, and between a Variable and a number or array on either side. Types
    follow NumPy: a Python number takes the dtype of the data (in bfloat16 too, where plain ml_dtypes goes
    to float32), a NumPy scalar or array promotes.

    Parameters
    ----------
    data : ndarray or exact array, any shape, 0-d included
        Floating (float16, bfloat16, float32, float64, longdouble) or integer; an exact array of
        `numdiff.arithmetic`; the view in which the complex step calls a function. Held as it is: not
        copied, not converted.

    Raises
    ------
    TypeError
        If `data` is anything else. Python numbers and NumPy scalars are refused as in the course:
        write ``Variable(np.array(0.5))``.
    """

    # NumPy leaves ``ndarray * Variable`` to the operators below, and refuses ``np.exp(Variable)``.
    __array_ufunc__ = None

    def __init__(self, data: Array) -> None:
        self.data = data

    @property
    def data(self) -> Array:
        """The array in the box: always an ndarray or an exact array, never a scalar."""
        return self._data

    @data.setter
    def data(self, data: Array) -> None:
        if not _is_data(data):
            advice = ""
            if isinstance(data, Variable):
                advice = "; it is a Variable already"
            elif isinstance(data, np.generic):
                advice = "; NumPy turns results on 0-d arrays into scalars: write as_array(…)"
            elif isinstance(data, (int, float, list, tuple)):
                advice = f"; write np.array({data!r:.60})"
            raise TypeError(
                f"data must be an ndarray of floats or integers, or an exact array, got {_describe(data)}{advice}"
            )
        self._data = data

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

    def __repr__(self) -> str:
        if _is_exact(self.data):
            return f"Variable({self.data!r})"
        text = np.asarray(self.data).__str__().replace("\n", "\n" + " " * len("Variable("))
        usual = self.dtype in (np.dtype(np.float64), np.dtype(np.int64))
        return f"Variable({text})" if usual else f"Variable({text}, dtype={self.dtype.name})"

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        # Without this NumPy would wrap the box itself into an array of objects.
        raise TypeError("a Variable is not converted to an array silently; write .data")

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


class _Constant(Variable):
    """A number beside a Variable, kept as it is: as a 0-d array a Python number would promote float32."""

    def __init__(self, value: Any) -> None:
        self._data = value


def _operand(value: Any, partner: Variable) -> Variable | None:
    """Return an operand as a Variable, None where it cannot be one."""
    if isinstance(value, Variable):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, np.generic):
        in_bfloat16 = getattr(partner.data, "dtype", None) == _BFLOAT16
        return _Constant(format_of(partner.data).as_array(value)[()] if in_bfloat16 else value)
    if isinstance(value, np.generic):
        return _Constant(value) if _is_data(np.asarray(value)) else None
    return Variable(value) if _is_data(value) else None


def _binary(function: "Function", left: Any, right: Any) -> Variable:
    """Apply a function of two Variables where one of them may be a number or an array."""
    partner = left if isinstance(left, Variable) else right
    x, y = _operand(left, partner), _operand(right, partner)
    if x is None or y is None:
        return NotImplemented
    return function(x, y)


class Function:
    """A box that maps Variables to a Variable; subclasses define `forward` on the arrays inside.

    Composition is calling: ``C(B(A(x)))``.

    Examples
    --------
    >>> class Cube(Function):
    ...     def forward(self, x):
    ...         return x * x * x
    >>> Cube()(Variable(np.array(2.0)))
    Variable(8.0)
    """

    def __call__(self, *variables: Variable) -> Variable:
        """Unpack the arrays, apply `forward`, box the result.

        Parameters
        ----------
        *variables : Variable
            As many as `forward` takes.

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
            if not isinstance(variable, Variable):
                raise TypeError(
                    f"{type(self).__name__} takes Variables, but argument {position} is "
                    f"{_describe(variable)}; write Variable(np.array(…)), or "
                    "hand on_arrays(f) to what calls f with arrays"
                )
        inputs = [variable.data for variable in variables]
        return Variable(self._checked(self.forward(*inputs), inputs))

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

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _checked(self, result: Any, inputs: list[Array]) -> Array:
        """Return what `forward` returned as data of a Variable, or say what is wrong with it."""
        name = f"{type(self).__name__}.forward"
        array = np.asarray(result) if isinstance(result, np.generic) else result
        if not _is_data(array):
            raise TypeError(
                f"{name} must return an array of floats or integers, got {_describe(result)}; "
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


class Exp(Function):
    """eˣ."""

    def forward(self, x: Array) -> Array:
        """Return eˣ."""
        return np.exp(x)


class Square(Function):
    """x²."""

    def forward(self, x: Array) -> Array:
        """Return x²."""
        return x**2


class Sigmoid(Function):
    """The logistic function 1/(1 + e⁻ˣ), computed as the course writes it.

    e⁻ˣ overflows for large −x (float16: x < −11.1, float64: x < −709.8): the result is 0, with NumPy's
    warning, also where the format could hold eˣ ≈ σ(x). `StableSigmoid` computes it everywhere.
    """

    def forward(self, x: Array) -> Array:
        """Return 1/(1 + e⁻ˣ)."""
        return 1 / (1 + np.exp(-x))


class StableSigmoid(Function):
    """The logistic function as e^min(x, 0) / (1 + e^−|x|): no exponential overflows.

    For x ≥ 0 these are the very operations of `Sigmoid`; for x < 0 it is eˣ/(1 + eˣ). (The other common
    form, (1 + tanh(x/2))/2, does not overflow either, but cancels for x < 0.) |x| and min are not
    analytic: the complex step refuses this form.
    """

    def forward(self, x: Array) -> Array:
        """Return e^min(x, 0) / (1 + e^−|x|)."""
        return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


class Tanh(Function):
    """tanh x = (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ), computed as the course writes it.

    For small |x| the numerator cancels (absolute error about u, so the relative one is u/|x|); for large
    |x| an exponential overflows and the result is NaN (float16: |x| > 11.1, float64: |x| > 709.8), with
    NumPy's warnings. `StableTanh` does neither.
    """

    def forward(self, x: Array) -> Array:
        """Return (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)."""
        return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


class StableTanh(Function):
    """tanh x by NumPy's own function."""

    def forward(self, x: Array) -> Array:
        """Return tanh x."""
        return np.tanh(x)


class Sin(Function):
    """sin x, x in radians."""

    def forward(self, x: Array) -> Array:
        """Return sin x."""
        return np.sin(x)


class Cos(Function):
    """cos x, x in radians."""

    def forward(self, x: Array) -> Array:
        """Return cos x."""
        return np.cos(x)


class Log(Function):
    """The natural logarithm."""

    def forward(self, x: Array) -> Array:
        """Return ln x."""
        return np.log(x)


class Neg(Function):
    """−x."""

    def forward(self, x: Array) -> Array:
        """Return −x."""
        return -x


class Add(Function):
    """x + y."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x + y."""
        return x + y


class Sub(Function):
    """x − y."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x − y."""
        return x - y


class Mul(Function):
    """x·y, elementwise."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x·y."""
        return x * y


class Div(Function):
    """x/y."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x/y."""
        return x / y


class Pow(Function):
    """x**y; base and exponent may each be a Variable."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x**y."""
        return x**y


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
    >>> float(numerical_diff(Square(), Variable(np.array(2.0))))
    4.000000000004
    """
    if not callable(f):
        raise TypeError(f"f must be callable, got {_describe(f)}")
    if not isinstance(x, Variable):
        raise TypeError(f"x must be a Variable, got {_describe(x)}; write Variable(np.array(…))")
    data = x.data
    if isinstance(data, np.ndarray) and data.dtype.kind in "iu":
        data = data.astype(np.float64)
    eps = _step(eps, data)
    x0 = Variable(as_array(data - eps))
    x1 = Variable(as_array(data + eps))
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
        raise TypeError(f"eps must be a real number, got {_describe(eps)}")
    step: Any = format_of(data).as_array(eps)[()] if isinstance(data, np.ndarray) else eps
    if not (step > 0 and np.isfinite(step)):
        where = f" in {data.dtype}, where it is {step}" if isinstance(data, np.ndarray) else ""
        raise ValueError(f"eps must be positive and finite{where}, got {eps!r}")
    return step


def _values(f: Callable[[Variable], Variable], x: Variable) -> Array:
    """Return the array f(x), or say why it cannot enter a difference quotient."""
    y = f(x)
    if not isinstance(y, Variable):
        raise TypeError(f"f must return a Variable, got {_describe(y)}")
    if y.shape != x.shape:
        raise ValueError(f"f must keep the shape of x, {x.shape}, got {y.shape}: f must be elementwise")
    if isinstance(y.data, np.ndarray) and isinstance(x.data, np.ndarray) and y.dtype != x.dtype:
        raise TypeError(
            f"f must keep the dtype of x, {x.dtype}, got {y.dtype}: a NumPy constant promotes; write float(…)"
        )
    return y.data


@dataclass(frozen=True)
class _OnArrays:
    """What `on_arrays` returns: a class and not a closure, so that it can be pickled."""

    function: Callable[[Variable], Variable]

    def __call__(self, x: Any) -> Array:
        y = self.function(Variable(as_array(x)))
        if not isinstance(y, Variable):
            raise TypeError(f"function must return a Variable, got {_describe(y)}; a NumPy callable needs no on_arrays")
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
    NumPy function: it computes ``function(Variable(x)).data``.

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
    >>> on_arrays(Square())(np.array([1.0, 3.0]))
    array([1., 9.])
    """
    if isinstance(function, np.ufunc):
        raise TypeError(f"function must take Variables, got np.{function.__name__}, which takes arrays")
    if not callable(function):
        raise TypeError(f"function must be callable, got {_describe(function)}")
    return _OnArrays(function)
