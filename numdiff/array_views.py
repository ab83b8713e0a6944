"""The arrays that a function under test gets to see where a plain ndarray would mislead it.

`WeakScalarArray` keeps Python numbers weak in bfloat16. NumPy promotes them without rounding for its
own formats, but plain ml_dtypes turns ``x * 2.0`` and ``1 / (1 + np.exp(-x))`` into float32 and
``np.where(x > 0, x, 0.0)`` into float64, so a kernel would report the accuracy of another format.

`HolomorphicArray` is the complex array of the complex step. It refuses the operations whose complex
meaning is not the analytic continuation of the real one: np.abs would drop the imaginary part that
carries the derivative, silently.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from numdiff.rounding import round_ratio

NOT_HOLOMORPHIC = frozenset(
    {
        "absolute", "fabs", "sign", "maximum", "minimum", "fmax", "fmin", "greater", "greater_equal",
        "less", "less_equal", "equal", "not_equal", "conjugate", "hypot", "arctan2", "copysign",
        "heaviside", "signbit", "clip",
    }
)  # fmt: skip
"""Ufuncs that rule the complex step out."""


def _bare(value: Any) -> Any:
    """Return the plain ndarray behind a view, anything else as it is."""
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        return value.view(np.ndarray)
    return value


class _View(np.ndarray):
    """An ndarray whose ufuncs pass through `_operand`, and whose results are views again."""

    def _operand(self, value: Any) -> Any:
        return _bare(value)

    def _again(self, result: Any) -> Any:
        if isinstance(result, np.ndarray) and type(result) is np.ndarray and result.dtype == self.dtype:
            return result.view(type(self))
        return result

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            kwargs["out"] = tuple(_bare(out) for out in kwargs["out"])
        result = getattr(ufunc, method)(*map(self._operand, inputs), **kwargs)
        if isinstance(result, tuple):
            return tuple(map(self._again, result))
        return self._again(result)


class WeakScalarArray(_View):
    """A bfloat16 array in which Python numbers take the format of the array, rounded once."""

    _CHOOSERS: ClassVar[dict[Callable[..., Any], tuple[int, ...]]] = {
        np.where: (1, 2), np.full_like: (1,), np.clip: (1, 2),
    }  # fmt: skip

    def _operand(self, value: Any) -> Any:
        return self._constant(value) if type(value) in (float, int) else _bare(value)

    def _constant(self, value: float) -> Any:
        if isinstance(value, float) and (value != value or value in (np.inf, -np.inf)):
            return self.dtype.type(value)
        mantissa, exponent = round_ratio(*value.as_integer_ratio(), 8, -126)
        # The rounded constant has 8 significant bits: float64 holds it, and bfloat16 takes it unchanged.
        return self.dtype.type(np.ldexp(float(mantissa), exponent))

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        positions = self._CHOOSERS.get(func)
        if positions is not None:
            args = tuple(self._operand(a) if i in positions else _bare(a) for i, a in enumerate(args))
            kwargs = {name: self._operand(value) for name, value in kwargs.items()}
            return self._again(func(*args, **kwargs))
        if func is np.select:
            return self._again(self._select(*args, **kwargs))
        return super().__array_function__(func, types, args, kwargs)

    def _select(self, condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
        chosen = [self._operand(choice) for choice in choicelist]
        return np.select([_bare(c) for c in condlist], chosen, self._operand(default))


class HolomorphicArray(_View):
    """A complex array that refuses what has no analytic continuation."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc.__name__ in NOT_HOLOMORPHIC:
            raise TypeError(
                f"f must be analytic for the complex step, but it uses np.{ufunc.__name__}; "
                "use a difference stencil for this function"
            )
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    @property
    def real(self) -> Any:
        raise TypeError("f must be analytic for the complex step, but it takes the real part of x")

    @property
    def imag(self) -> Any:
        raise TypeError("f must be analytic for the complex step, but it takes the imaginary part of x")
