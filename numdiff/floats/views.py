"""The arrays that a function under test gets to see where a plain ndarray would mislead it.

`WeakScalarArray` keeps Python numbers weak in the formats of ml_dtypes. NumPy promotes them without rounding for its
own formats, but plain ml_dtypes turns ``x * 2.0`` and ``1 / (1.0 + np.exp(-x))`` into float32 and
``np.where(x > 0, x, 0.0)`` into float64, so a kernel would report the accuracy of another format.

`HolomorphicArray` is the complex array of the complex step. It refuses the operations whose complex
meaning is not the analytic continuation of the real one: np.abs would drop the imaginary part that
carries the derivative, silently.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, NoReturn

import numpy as np

from numdiff.floats.formats import FORMATS, format_of

HOLOMORPHIC = frozenset(
    """
        add subtract multiply divide negative positive power float_power square reciprocal matmul matvec
        sqrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh
        isnan isinf isfinite
        dawsn erf erfc erfcx erfi exp1 log_ndtr loggamma ndtr psi xlog1py xlogy
    """.split()
)
"""Ufuncs that the complex step may use, by name: NumPy's, and those of SciPy whose imaginary parts near the real axis
are those of the derivative of the real function. Not so are those of ive and wofz, nor in SciPy 1.17 those of expi, and
of gamma, rgamma and jv for some arguments. A list of what is refused could never be complete: vecdot and vecmat
conjugate.
"""

_ANALYTIC = frozenset(
    {
        np.where,
        np.select,
        np.piecewise,
        np.polyval,
        np.sinc,
        np.copy,
        np.copyto,
        np.zeros_like,
        np.ones_like,
        np.empty_like,
        np.full_like,
        np.sum,
        np.prod,
        np.mean,
        np.cumsum,
        np.cumprod,
        np.diff,
        np.trapezoid,
        np.dot,
        np.inner,
        np.outer,
        np.tensordot,
        np.einsum,
        np.convolve,
        np.reshape,
        np.ravel,
        np.squeeze,
        np.transpose,
        np.swapaxes,
        np.moveaxis,
        np.expand_dims,
        np.atleast_1d,
        np.broadcast_to,
        np.broadcast_arrays,
        np.concatenate,
        np.stack,
        np.hstack,
        np.vstack,
        np.split,
        np.roll,
        np.flip,
        np.take,
        np.shape,
        np.ndim,
        np.size,
        np.result_type,
        np.iscomplexobj,
        np.isrealobj,
        np.may_share_memory,
        np.shares_memory,
    }
)
"""NumPy functions, besides ufuncs, that move, combine or choose values and never split a complex number."""


_CLIP = sys.modules[np.add.__class__.__module__ + "._core.umath"].clip
"""The ufunc behind np.clip, which has no public name."""


def _is_holomorphic(ufunc: np.ufunc) -> bool:
    """Whether a ufunc is one of `HOLOMORPHIC`: NumPy's or SciPy's itself, not another one of the same name.

    SciPy is asked for nothing but what f has already imported from it.
    """
    name = ufunc.__name__
    modules = (np, sys.modules.get("scipy.special"))
    return name in HOLOMORPHIC and any(getattr(module, name, None) is ufunc for module in modules)


def _name(ufunc: np.ufunc) -> str:
    """Return how a message calls a ufunc."""
    if ufunc is _CLIP or ufunc is getattr(np, ufunc.__name__, None):
        return f"np.{ufunc.__name__}"
    return f"a ufunc {ufunc.__name__} that is not NumPy's"


def _bare(value: Any) -> Any:
    """Return the plain ndarray behind a view, anything else as it is."""
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        return value.view(np.ndarray)
    return value


class ArrayView(np.ndarray):
    """An ndarray whose ufuncs pass through `_operand`, and whose results pass through `_again`: views like it."""

    def _operand(self, value: Any) -> Any:
        return _bare(value)

    def _again(self, result: Any) -> Any:
        if isinstance(result, self.dtype.type):
            result = np.asarray(result)  # a NumPy scalar would lose what the view takes care of
        if type(result) is np.ndarray and result.dtype == self.dtype:
            return result.view(type(self))
        return result

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_bare(self)!r})"  # NumPy's own would split complex numbers

    def __str__(self) -> str:
        return str(_bare(self))

    def __getitem__(self, key: Any) -> Any:
        return self._again(super().__getitem__(key))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            kwargs["out"] = tuple(_bare(out) for out in kwargs["out"])
        result = getattr(ufunc, method)(*map(self._operand, inputs), **kwargs)
        if isinstance(result, tuple):
            return tuple(map(self._again, result))
        return self._again(result)

    def __array_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: Iterable[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        return self._again(super().__array_function__(func, types, args, kwargs))


class WeakScalarArray(ArrayView):
    """An array of a format in which Python numbers take the format of the array, rounded once."""

    _ALIASES: ClassVar[dict[np.ufunc, np.ufunc]] = {np.radians: np.deg2rad, np.degrees: np.rad2deg}
    """Ufuncs that ml_dtypes computes in float32, and their twins that it computes in the format."""

    def _operand(self, value: Any) -> Any:
        return self._constant(value) if type(value) in (float, int) else _bare(value)

    def _constant(self, value: float) -> Any:
        item = FORMATS.of_dtype(self.dtype)
        return value if item is None else item.constant(value)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc is _CLIP and method == "__call__":  # ml_dtypes has none and would take float32
            value, low, high = inputs
            return np.minimum(np.maximum(value, low), high, **kwargs)
        return super().__array_ufunc__(self._ALIASES.get(ufunc, ufunc), method, *inputs, **kwargs)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, self._operand(value))

    def fill(self, value: Any) -> None:
        """Fill the array with a value, a Python number rounded once."""
        super().fill(self._operand(value))

    def __array_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: Iterable[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        if func is np.where:
            return self._again(np.where(*map(self._operand, args)))
        if func is np.select:
            return self._again(self._select(*args, **kwargs))
        if func is np.full_like:
            return self._full_like(*args, **kwargs)
        if func is np.nan_to_num:
            return self._nan_to_num(*args, **kwargs)
        return super().__array_function__(func, types, args, kwargs)

    def _full_like(self, a: Any, fill_value: Any, dtype: Any = None, **kwargs: Any) -> Any:
        if dtype is None or np.dtype(dtype) == self.dtype:
            fill_value = self._operand(fill_value)
        return self._again(np.full_like(_bare(a), fill_value, dtype, **kwargs))

    def _nan_to_num(self, x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
        # NumPy's own does not take such a format for a floating-point type and leaves NaN and infinities standing.
        item = format_of(self)
        largest = item.round(item.largest_finite)
        y = x.copy() if copy else x
        y[np.isnan(x)] = nan
        y[x == np.inf] = largest if posinf is None else posinf
        y[x == -np.inf] = -largest if neginf is None else neginf
        return y

    def _select(self, condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
        chosen = [self._operand(choice) for choice in choicelist]
        return np.select([_bare(c) for c in condlist], chosen, self._operand(default))


_AT_MOST = {name: 0.0 for name in ("log", "log2", "log10", "sqrt")} | {"log1p": -1.0, "arccosh": 1.0}
"""Real parts up to this number are outside the open real domain, where a complex function need not be real."""
_ANYWHERE = frozenset({"exp1", "loggamma", "xlog1py", "xlogy"})
_RATIOS = {"divide": 1, "reciprocal": 0}
"""Ufuncs with a pole, and which operand is 0 there."""
_UNITS = frozenset({"arcsin", "arccos", "arctanh"})
_POWERS = frozenset({"power", "float_power"})
_WATCHED = frozenset({*_AT_MOST, *_ANYWHERE, *_RATIOS, *_UNITS, *_POWERS, "psi"})


class Watched:
    """A function for the complex step, and whether a function in it met the end of its real domain.

    Parameters
    ----------
    f : callable
        Takes a `HolomorphicArray`.
    """

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f, self.left_domain = f, False

    def __call__(self, z: "HolomorphicArray") -> Any:
        """Return f(z)."""
        z.watch = self
        result = self.f(z)
        self.left_domain |= isinstance(result, complex)
        return result

    def __repr__(self) -> str:
        return repr(self.f)

    def see(self, name: str, inputs: Sequence[Any]) -> None:
        """Take note of a ufunc and of what it is applied to; constants that are not real lead out of the domain too."""
        for value in inputs:
            if isinstance(value, complex):
                self.left_domain = True
        if name in _WATCHED and not self.left_domain:
            self.left_domain = bool(np.any(_outside(name, [_bare(value) for value in inputs])))


def _outside(name: str, operands: Sequence[Any]) -> Any:
    """Return where operands are outside the open real domain of a ufunc."""
    if name in _AT_MOST:
        return np.real(operands[0]) <= _AT_MOST[name]
    if name in _UNITS:
        return abs(np.real(operands[0])) >= 1
    if name in _RATIOS:
        return np.real(operands[_RATIOS[name]]) == 0
    if name in _POWERS:
        base, exponent = map(np.real, operands)
        return (base == 0) | ((base < 0) & (exponent != np.rint(exponent)))
    if name == "psi":
        z = np.real(operands[0])
        return (z <= 0) & (z == np.rint(z))
    return True


class HolomorphicArray(ArrayView):
    """A complex array that refuses what has no analytic continuation."""

    watch: Watched | None = None

    def __array_finalize__(self, source: Any) -> None:
        self.watch = getattr(source, "watch", None)

    def _again(self, result: Any) -> Any:
        result = super()._again(result)
        if isinstance(result, HolomorphicArray):
            result.watch = self.watch
        return result

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if not _is_holomorphic(ufunc):
            raise TypeError(
                f"f must be analytic for the complex step, but it uses {_name(ufunc)}, which is not known to be; "
                "use a difference stencil for this function"
            )
        for value in inputs:
            if type(value) is np.ndarray and value.dtype.kind == "c" and value.ndim:
                raise TypeError(
                    "f must be analytic for the complex step, which cannot be seen after np.asarray or np.array; "
                    "write np.asanyarray where f converts its input"
                )
        if self.watch is not None and method == "__call__":
            self.watch.see(ufunc.__name__, inputs)
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __array_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: Iterable[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        # A list of what is allowed: np.round and np.clip answer a TypeError of their method (a refusal from
        # here) by falling back to the plain array, and np.linalg.norm starts from it.
        if func not in _ANALYTIC:
            raise TypeError(
                f"f must be analytic for the complex step, but it uses np.{func.__name__}, which is not "
                "known to be; use a difference stencil for this function"
            )
        return super().__array_function__(func, types, args, kwargs)

    @property  # type: ignore[misc]  # read-only on purpose
    def real(self) -> Any:
        """Refused: it would drop the part that carries the derivative."""
        raise TypeError("f must be analytic for the complex step, but it takes the real part of x")

    @property  # type: ignore[misc]
    def imag(self) -> Any:
        """Refused, like `real`."""
        raise TypeError("f must be analytic for the complex step, but it takes the imaginary part of x")

    def _no_numbers(self, *args: Any) -> NoReturn:
        raise TypeError(
            "f must be analytic for the complex step, but it takes Python numbers out of x, which nothing keeps from "
            "being split; use a difference stencil for this function"
        )

    item = tolist = __complex__ = __float__ = __int__ = tobytes = tofile = dump = dumps = getfield = _no_numbers  # type: ignore[assignment]
    flat = data = ctypes = property(_no_numbers)

    def _no_order(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(
            "f must be analytic for the complex step, but it sorts or searches x, and complex numbers have no order; "
            "use a difference stencil for this function"
        )

    sort = argsort = partition = argpartition = searchsorted = argmax = argmin = _no_order

    def view(self, *args: Any, **kwargs: Any) -> Any:
        """Return the array as another class of array; another dtype, which would split the numbers, is refused."""
        result: Any = super().view(*args, **kwargs)
        if result.dtype != self.dtype:
            raise TypeError(f"f must be analytic for the complex step, but it views x as {result.dtype}")
        return result

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the array in another complex dtype; a real one is refused."""
        if np.dtype(dtype).kind != "c":
            raise TypeError(f"f must be analytic for the complex step, but it turns x into {np.dtype(dtype)}")
        return super().astype(dtype, *args, **kwargs)
