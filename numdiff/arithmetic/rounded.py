"""Floats that are the same on every machine: arithmetic of the hardware, elementary functions correctly rounded.

`rounded(f)` is f with every elementary ufunc replaced by the correctly rounded one of the working format. What IEEE
754 prescribes (+ − × ÷ √, comparisons) is left to the hardware. NumPy computes float16, and ml_dtypes bfloat16, in
float32 and rounds again, which gives the correctly rounded result all the same: float32 has 24 ≥ 2p + 2 bits for
p = 11 and p = 8 (Figueroa). Among subnormal results sums are exact; a product of p-bit numbers has 2p ≤ 22 bits and
misses a tie of bfloat16 (a multiple of 2⁻¹³⁴) by at least 2⁻¹⁵⁰ if it lies below the smallest one, where both
roundings end at 0, and by 2⁻¹⁴⁹ elsewhere, which float32 resolves; a quotient x/y misses a tie by 2⁻¹³⁴/Y, Y < 2⁸
being the significand of y, while float32 errs by 2⁻¹⁵⁰. x87 computes extended precision in its own format.

``x**2`` is one product in NumPy and here: a product is rounded once, so it is the correctly rounded square. Other
powers are rounded once, too; ``x*x*x`` is rounded twice, as it is written.

References
----------
S. A. Figueroa, When is double rounding innocuous?, ACM SIGNUM Newsletter 30(3) (1995) 21-26.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np
from flint import arb

from numdiff.arithmetic.ball_functions import exact
from numdiff.arithmetic.correct_rounding import FUNCTIONS, correctly_rounded
from numdiff.arithmetic.special_names import shown, ufunc_key
from numdiff.floats.callables import name_of, with_arguments
from numdiff.floats.formats import FORMATS, Dyadic, FloatFormat, dyadic_to_fraction, format_of
from numdiff.floats.views import WeakScalarArray

Known = Any
"""A number of the format: a Python float up to 53 bits, beyond them a NumPy scalar."""


class KnownArithmetic:
    """Correctly rounded arithmetic of one format, number by number.

    Up to 53 bits a number is a Python float. A basic operation is done in double and rounded to the format. That is
    one rounding: products and (where they are subnormal) sums of narrower formats are exact in double, and for the
    others 53 ≥ 2·24 + 2 bits are enough (Figueroa 1995). Wider formats compute in their own scalars.

    Parameters
    ----------
    fmt : FloatFormat

    Attributes
    ----------
    round : callable
        float → float, rounded to the format: to nearest, ties to even; not finite where that overflows.
    """

    def __init__(self, fmt: FloatFormat) -> None:
        self.format = fmt
        self.wide = fmt.precision > 53
        self.round: Callable[[Known], Known] = _itself if fmt.precision >= 53 else _rounding(fmt)

    def constant(self, number: Dyadic) -> Known:
        """Return a dyadic number rounded to the format."""
        mantissa, exponent = number
        if not self.wide and mantissa.bit_length() <= 53 and -1000 < exponent < 900:
            return self.round(math.ldexp(mantissa, exponent))  # exact, and rounded once
        rounded = self.format.round(dyadic_to_fraction(number))
        return rounded if self.wide else float(rounded)

    def ball(self, known: Known) -> Any:
        """Return a number of the format as an exact Arb ball."""
        if not self.wide:
            return arb(known)
        numerator, denominator = known.as_integer_ratio()
        return exact(int(numerator), 1 - int(denominator).bit_length())

    def square_root(self, known: Known) -> Known:
        """Return the correctly rounded square root of a non-negative number."""
        return np.sqrt(known) if self.wide else self.round(math.sqrt(known))


def _itself(value: Known) -> Known:
    return value


def _rounding(fmt: FloatFormat) -> Callable[[float], float]:
    precision, lowest = fmt.precision, fmt.min_exponent - fmt.precision + 1
    largest = float(fmt.largest_finite)

    def rounded(value: float) -> float:
        if not math.isfinite(value):
            return value
        last = max(math.frexp(value)[1] - precision, lowest)
        result = math.ldexp(round(math.ldexp(value, -last)), last)
        return result if abs(result) <= largest else math.copysign(math.inf, value)

    return rounded


EXACT = frozenset(
    """
        add subtract multiply divide negative positive absolute fabs sign square reciprocal sqrt conjugate
        copysign heaviside clip fmax fmin maximum minimum greater greater_equal less less_equal equal not_equal
        isnan isinf isfinite signbit logical_and logical_or logical_xor logical_not bitwise_and bitwise_or
        bitwise_xor invert rint floor ceil trunc remainder fmod
    """.split()
)
"""Ufuncs whose result IEEE 754 prescribes to the last bit; the hardware computes them."""
ELEMENTWISE = frozenset(
    {
        np.where,
        np.select,
        np.piecewise,
        np.clip,
        np.polyval,
        np.sinc,
        np.nan_to_num,
        np.copy,
        np.copyto,
        np.zeros_like,
        np.ones_like,
        np.empty_like,
        np.full_like,
        np.reshape,
        np.ravel,
        np.squeeze,
        np.expand_dims,
        np.atleast_1d,
        np.broadcast_to,
        np.broadcast_arrays,
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
"""NumPy functions, besides ufuncs, that choose and move values, or are made of elementwise ufuncs."""


class RoundedArray(WeakScalarArray):
    """An array of a working format whose elementary functions are correctly rounded.

    Python numbers are weak in every format: they are rounded to it once, ties to even. Reductions and what else is not
    known to be the same everywhere are refused with TypeError.
    """

    _ALIASES: ClassVar[dict[np.ufunc, np.ufunc]] = {np.radians: np.deg2rad, np.degrees: np.rad2deg}

    def _no_numbers(self, *args: Any) -> NoReturn:
        raise TypeError(
            "f must keep to arrays: what it computes with Python numbers taken out of x (math.exp, float, item) is not "
            "rounded; use np.exp instead of math.exp"
        )

    item = tolist = __float__ = __int__ = __index__ = __complex__ = _no_numbers

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        ufunc = self._ALIASES.get(ufunc, ufunc)
        name = ufunc_key(ufunc)
        if method != "__call__":
            raise TypeError(f"{shown(name)}.{method} is not elementwise, and its rounding depends on the platform")
        if name in FUNCTIONS:
            return self._elementary(name, inputs, **kwargs)
        if name not in EXACT:
            raise TypeError(
                f"{shown(name)} has no correctly rounded version; those that have: {', '.join(sorted(FUNCTIONS))}, and "
                "what IEEE 754 prescribes"
            )
        if name in ("maximum", "minimum"):
            inputs = _ordered_zeros(name, *map(self._operand, inputs))
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __array_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: Iterable[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        if func not in ELEMENTWISE:
            raise TypeError(f"np.{func.__name__} is not elementwise or has no correctly rounded version")
        return super().__array_function__(func, types, args, kwargs)

    def _elementary(self, name: str, inputs: tuple[Any, ...], out: Any = None, **options: Any) -> Any:
        if options:
            raise TypeError(f"np.{name} with {', '.join(options)}= has no correctly rounded version")
        arrays = [np.asarray(operand) for operand in map(self._operand, inputs)]
        common = np.result_type(*arrays)
        fmt = format_of(np.empty(0, common))
        operands = np.broadcast_arrays(*(fmt.as_array(array) for array in arrays))
        result = correctly_rounded(name, fmt, operands)
        if out is not None:
            out[0][...] = result.view(type(self))
            return out[0]
        return result.view(type(self))


def _ordered_zeros(name: str, a: Any, b: Any) -> tuple[Any, Any]:
    """Return the operands of a maximum or minimum so that −0 < +0, as IEEE 754-2019, section 9.6, has it.

    Vector instructions return one of two zeros, which one depends on them.
    """
    both = (a == 0) & (b == 0)
    if not np.any(both):
        return a, b
    zero = a + b if name == "maximum" else -((-a) + (-b))  # the sum of zeros is −0 where both are
    return np.where(both, zero, a), np.where(both, zero, b)


@dataclass(frozen=True, repr=False)
class Rounded:
    """A callable whose elementary functions are correctly rounded; equal to that of an equal callable.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function.
    """

    f: Callable[[Any], Any]

    @property
    def __name__(self) -> str:
        return name_of(self.f)

    def __repr__(self) -> str:
        return f"rounded({name_of(self.f)})"

    def __call__(self, x: Any, *args: Any) -> Any:
        """Return f(x, *args), each operation correctly rounded.

        Parameters
        ----------
        x : real number, array_like of them, or exact array
            A Python number becomes float64, a NumPy scalar keeps its format; both give a NumPy scalar. An exact array
            is handed on as it is.
        *args
            What f takes after x, handed on as it is.

        Raises
        ------
        TypeError
            If x is complex or no real number, or f uses a reduction, a function that has no correctly rounded version,
            or one that cannot be seen: of Python numbers, or after ``np.asarray``.
        """
        if not isinstance(x, np.ndarray) and callable(getattr(x, "__array_ufunc__", None)) and not hasattr(x, "dtype"):
            return self.f(x, *args)
        array = _real_array(x)
        # Of one dimension at least: a function that drops the class would return a scalar, as a constant does.
        y = self.f(np.atleast_1d(array).view(RoundedArray), *args)
        if isinstance(y, np.ndarray) and not isinstance(y, RoundedArray):
            raise TypeError(
                "f must keep the class of its argument: what it computes after np.asarray or np.array is not seen, and "
                "not rounded; write np.asanyarray where f converts its input, np.full_like(x, …) for a constant"
            )
        if not isinstance(y, RoundedArray):
            return y
        y = y.view(np.ndarray) if array.ndim or y.shape != (1,) else y.view(np.ndarray).reshape(())
        return y if isinstance(x, np.ndarray) else y[()]

    def with_arguments(self, args: Sequence[Any]) -> "Rounded":
        """Return the function x ↦ f(x, *args), correctly rounded."""
        return Rounded(with_arguments(self.f, args))


def _real_array(x: Any) -> np.ndarray:
    """Return real numbers as an array of a format: Python numbers and integers in float64."""
    array = np.asarray(x)
    if array.dtype.kind == "c":
        raise TypeError("f must be real: complex elementary functions have no correctly rounded version")
    if array.dtype.kind in "iu":
        return FORMATS["float64"].as_array(array)
    if FORMATS.of_dtype(array.dtype.newbyteorder("=")) is None:
        raise TypeError(
            f"x must be a real number or an array of them, got {type(x).__name__} {x!r:.60}, which is not rounded"
        )
    return array


def rounded(f: Callable[[Any], Any]) -> Rounded:
    """Return f with correctly rounded elementary functions: the same floats on every machine.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function with Python constants.

    Returns
    -------
    callable
        It takes an ndarray of one of the formats and returns one, or a number and returns a scalar of its format
        (float64 for a Python number). It pickles where f does, and equals another such callable of the same f.

    Raises
    ------
    TypeError
        If f is not callable. When called, if f uses what cannot be rounded; see `Rounded.__call__`.

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff import rounded
    >>> rounded(np.exp)(np.array([1.0]))
    array([2.71828183])
    >>> rounded(np.exp)(np.float32(1.0))
    np.float32(2.7182817)
    """
    if not callable(f):
        raise TypeError(f"f must be callable, got {type(f).__name__} {f!r:.60}")
    return f if isinstance(f, Rounded) else Rounded(f)
