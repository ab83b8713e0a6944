"""What the exact arithmetics cannot speak for: parts that NumPy computes in another format, functions of other points.

The number systems of this room know real numbers alone. NumPy knows dtypes: a mask plus a mask is a mask, integers wrap
and divide to 0, a float32 array divided by a float32 number has 24 bits also where x has 53, and ``np.exp`` of a mask
is float16. `refuse_unsuitable` runs f on ordinary arrays of the working format that watch their own operations
(so that NumPy itself does the promotion, NEP 50 with its weak Python numbers included), and lets through

- what is computed in the working format, from operands that it holds exactly: a mask is 0 or 1, an integer at most
  2⁵³ (and within the digits of the format), a narrower float any of its values;
- what is exact in whatever dtype: comparisons, the choice of ``np.where``, sums, differences and products of signed
  integers that can neither wrap nor lose a digit, the product of two masks, a change of sign.

Everything else is refused, with the sub-expression in its message. The magnitude of an integer array is carried as a
bound over all values that it may take, whichever branch a point is in.

A function that takes its value from other points, or from how many there are, differs between a point alone and the
same point behind another one; that is tried with numbers that are nothing but the way they came about.

References
----------
NumPy Enhancement Proposal 50, Promotion rules for Python scalars.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from numdiff.arithmetic.numpy_functions import Trace, traced
from numdiff.arithmetic.rounded import Rounded, RoundedArray
from numdiff.arithmetic.special_names import PREFIX, shown, ufunc_key
from numdiff.floats.call import SPECIAL_FORMATS, explain, numbers_of
from numdiff.floats.formats import FloatFormat
from numdiff.floats.views import ArrayView, WeakScalarArray

__all__ = ["OtherFormatError", "refuse_not_elementwise", "refuse_unsuitable"]

_LARGEST_INTEGER = 2**53
"""Integers up to this are converted without an error, whatever NumPy makes of the rest."""
_PREDICATES = frozenset(
    """
        less less_equal equal not_equal greater greater_equal isnan isinf isfinite signbit
        logical_and logical_or logical_xor logical_not
    """.split()
)
_EXACT_IN_ANY_FLOAT = frozenset(
    """
        positive negative absolute fabs sign conjugate maximum minimum fmax fmin copysign clip rint floor ceil trunc
    """.split()
)
"""Ufuncs that round nothing, in any floating-point dtype that holds their operands."""
_SYMBOLS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**", "less": "<", "greater": ">"}
_SYMBOLS |= {"less_equal": "<=", "greater_equal": ">=", "equal": "==", "not_equal": "!=", "remainder": "%"}
_SYMBOLS |= {"bitwise_and": "&", "bitwise_or": "|", "bitwise_xor": "^", "floor_divide": "//"}
_INTEGER_BOUNDS: Mapping[str, Callable[..., int]] = {
    "positive": lambda a: a,
    "negative": lambda a: a,
    "absolute": lambda a: a,
    "sign": lambda a: 1,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a + b,
    "multiply": lambda a, b: a * b,
    "square": lambda a: a * a,
    "maximum": max,
    "minimum": max,
    "clip": max,
}
"""A bound on the magnitude of the result from those of the operands, for the operations on signed integers."""
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "where": ("1", "2"),
    "select": ("1", "2", "default"),
    "clip": ("0", "1", "2", "a_min", "a_max", "min", "max"),
    "full_like": ("1", "fill_value"),
}
"""NumPy functions that choose among values: which of their arguments these are."""


class OtherFormatError(TypeError):
    """A part of a function is not computed in the working format."""


class _Typed(ArrayView):
    """What the watched arrays share, whichever view of the format they stand for.

    Attributes
    ----------
    bound : int or None
        No magnitude in an array of integers or truth values is larger; None where that is not known.
    source : tuple
        What the array is the value of: the name of a function and its operands.
    """

    format: ClassVar[FloatFormat]
    bound: int | None = None
    source: tuple[Any, ...] = ("…",)

    def _again(self, result: Any) -> Any:
        if not isinstance(result, (np.ndarray, np.generic)):
            return result
        typed = np.asarray(result).view(type(self))
        typed.bound = 1 if typed.dtype.kind == "b" else None
        return typed

    def __array_finalize__(self, source: Any) -> None:
        if isinstance(source, _Typed):
            self.bound, self.source = source.bound, source.source

    def _speaker(self, operands: Iterable[Any]) -> "_Typed":
        """Return the operand whose rules NumPy would follow: one of the working format, if there is one."""
        own = self.format.dtype
        return next((one for one in operands if isinstance(one, _Typed) and one.dtype == own), self)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        speaker = self._speaker(inputs)
        result = super(_Typed, speaker).__array_ufunc__(ufunc, method, *inputs, **kwargs)
        if method != "__call__" or not isinstance(result, _Typed):
            return result
        name = ufunc_key(ufunc)
        result.source = (name, *inputs)
        self._check(name, inputs, result)
        if out is None:
            return result
        if out[0].dtype != result.dtype:
            raise _refused(result, f"is computed in {result.dtype} and stored in {out[0].dtype}", "rebind it")
        out[0].bound, out[0].source = result.bound, result.source
        return out[0]

    def __array_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: Any, kwargs: Mapping[str, Any]
    ) -> Any:
        speaker = self._speaker(_flat((*args, *kwargs.values())))
        result = super(_Typed, speaker).__array_function__(func, types, args, kwargs)
        name = func.__name__
        if isinstance(result, _Typed) and name in (*_CHOICES, "zeros_like", "ones_like"):
            chosen = [args[int(key)] for key in _CHOICES.get(name, ()) if key.isdigit() and int(key) < len(args)]
            chosen += [kwargs[key] for key in _CHOICES.get(name, ()) if key in kwargs]
            values = [value for value in _flat(chosen) if value is not None]
            result.source = (name, *args, *kwargs.values())
            self._keep(result, values)
            result.bound = _largest(values) if values else 1
        return result

    # --- what is let through --------------------------------------------------------------------------

    def _check(self, name: str, operands: tuple[Any, ...], result: "_Typed") -> None:
        """Refuse a ufunc whose result is not that of real numbers, rounded once to the working format."""
        for operand in operands:
            if isinstance(operand, _Typed) and operand.dtype.kind in "iu" and not _is_small(operand.bound):
                raise _refused(operand, f"may be an integer beyond 2**53 ({operand.dtype})", "write floats")
        dtype = result.dtype
        if dtype.kind not in "biufcV" or name == "special.lambertw":
            return  # no numbers, or complex ones of which the real part is to be taken: the exact arithmetics know
        kinds: set[str] = {operand.dtype.kind for operand in operands if isinstance(operand, _Typed)}
        if name in _PREDICATES or name.startswith("bitwise_") or name == "invert":
            others = [one.dtype for one in operands if isinstance(one, _Typed) and one.dtype.kind not in "biu"]
            if others and self.format.dtype not in others:
                self._hold(operands, np.result_type(*others), result)
            return
        if dtype == self.format.dtype:
            for operand in operands:
                self._convert(operand, result)
        elif dtype.kind == "b":
            if name != "multiply":
                cure = "write | for “or”" if name == "add" else "write np.where(condition, 1.0, 0.0)"
                raise _refused(result, "joins truth values (bool) instead of adding numbers", cure)
        elif dtype.kind == "i":
            result.bound = self._integer_bound(name, operands, result)
        elif name in _EXACT_IN_ANY_FLOAT and dtype.kind not in "cu" and kinds <= set("fV"):
            self._hold(operands, dtype, result)
        else:
            raise _refused(result, f"is computed in {dtype}, not in {self.format.name}", _cure(name, kinds, dtype))

    def _convert(self, operand: Any, text: Any) -> None:
        """Refuse an operand that is rounded on its way into the working format, and is no constant."""
        if isinstance(operand, _Typed) and operand.dtype.kind in "iu":
            if (operand.bound or 0) > min(_LARGEST_INTEGER, 2**self.format.precision):
                raise _refused(operand, f"has integers that {self.format.name} does not hold", "write floats")
        elif isinstance(operand, _Typed) and operand.dtype.kind != "b" and not self._holds_all(operand.dtype):
            raise _refused(text, f"rounds {operand.dtype} to {self.format.name}", "write Python floats")

    def _holds_all(self, dtype: np.dtype[Any]) -> bool:
        try:
            return bool(np.promote_types(dtype, self.format.dtype) == self.format.dtype)
        except TypeError:
            return False

    def _integer_bound(self, name: str, operands: tuple[Any, ...], result: "_Typed") -> int:
        known = _INTEGER_BOUNDS.get(name)
        bounds = [_largest([operand]) for operand in operands]
        if known is None or any(bound is None for bound in bounds):
            cure = "write floats: 2.0 instead of 2 in np.where"
            raise _refused(result, f"is computed in {result.dtype}, in integers", cure)
        bound = known(*bounds)
        if bound > min(_LARGEST_INTEGER, 2**self.format.precision, np.iinfo(result.dtype).max):
            raise _refused(result, f"may wrap or lose digits in {result.dtype}", "write floats")
        return int(bound)

    def _keep(self, result: "_Typed", values: list[Any]) -> None:
        """Refuse a choice among values of which NumPy rounds one, other than constants to the working format."""
        if result.dtype != self.format.dtype:
            self._hold(values, result.dtype, result)
            return
        for value in values:
            self._convert(value, result)

    def _hold(self, values: Iterable[Any], dtype: np.dtype[Any], text: Any) -> None:
        """Refuse a number that a dtype other than the working one does not hold."""
        for value in values:
            array = np.asarray(value)
            if isinstance(value, _Typed) or array.dtype == object:
                continue
            here = array.astype(dtype)
            if not all(_same(a, b) for a, b in zip(array.ravel(), here.ravel(), strict=True)):
                raise _refused(text, f"rounds {_text(value)} to {dtype}", "write the constant as a Python float")


def _same(a: Any, b: Any) -> bool:
    """Whether two numbers of different types are equal, exactly (NumPy would round a long integer)."""
    if a != a or b != b:
        return bool(a != a and b != b)
    if np.isinf(a) or np.isinf(b):
        return bool(a == b)
    return _ratio(a) == _ratio(b)


def _ratio(value: Any) -> tuple[int, int]:
    if isinstance(value, (np.bool_, np.integer)):
        return int(value), 1
    known = value if hasattr(value, "as_integer_ratio") else float(value)  # the numbers of ml_dtypes are doubles
    top, bottom = known.as_integer_ratio()
    return int(top), int(bottom)


def _largest(values: Iterable[Any]) -> int | None:
    """Return a bound on the magnitude of integers; None where one is not known, or something is no integer."""
    bound = 0
    for value in values:
        if isinstance(value, _Typed):
            if value.bound is None:
                return None
            bound = max(bound, value.bound)
            continue
        array = np.asarray(value)
        if array.dtype.kind not in "biu":
            return None
        bound = max(bound, *(abs(int(number)) for number in array.ravel()), 0)
    return bound


def _is_small(bound: int | None) -> bool:
    return bound is not None and bound <= _LARGEST_INTEGER


def _flat(values: Iterable[Any]) -> list[Any]:
    """Return values with the members of lists and tuples among them in their place."""
    flat: list[Any] = []
    for value in values:
        flat += _flat(value) if isinstance(value, (list, tuple)) else [value]
    return flat


def _cure(name: str, kinds: set[str], dtype: np.dtype[Any]) -> str:
    if name.startswith(PREFIX):
        return SPECIAL_FORMATS
    if "b" in kinds:
        return "write np.where(condition, 1.0, 0.0) for a truth value"
    if "i" in kinds or "u" in kinds:
        return "write floats: np.full_like(x, 2.0) instead of 2 in np.where"
    return "write Python floats, which take the format of x"


def _refused(part: Any, what: str, cure: str) -> OtherFormatError:
    return OtherFormatError(f"f must compute in the format of x, but {_text(part):.160} {what}; {cure}")


def _text(value: Any) -> str:
    """Return how an operand is written in a message."""
    if isinstance(value, _Typed):
        return _expression(*value.source)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, np.ndarray) and value.ndim:
        return f"array of {value.dtype}"
    if isinstance(value, np.generic):
        return f"np.{type(value).__name__}({value})"
    return repr(value)


def _expression(name: str, *operands: Any) -> str:
    if not operands:
        return name
    texts = [_text(operand) for operand in operands]
    if len(texts) == 2 and name in _SYMBOLS:
        return f"({texts[0]} {_SYMBOLS[name]} {texts[1]})"
    return f"(-{texts[0]})" if name == "negative" else f"{shown(name)}({', '.join(texts)})"


def refuse_unsuitable(f: Callable[[Any], Any], fmt: FloatFormat) -> frozenset[str]:
    """Refuse a function that is not elementwise, or of which NumPy computes a part in another format.

    Parameters
    ----------
    f : callable
        An elementwise NumPy callable; it is called a few times, with two or three points.
    fmt : FloatFormat
        The working format.

    Returns
    -------
    frozenset of str
        The names of the ufuncs that f uses, as `numdiff.arithmetic.ufuncs_used`.

    Raises
    ------
    OtherFormatError
        If a part of f is computed in another dtype, and not exactly so; the message names the sub-expression.
    ValueError
        If f(x) depends on other points than x, or on how many there are, or changes from call to call.
    TypeError
        If f uses what has no exact evaluation, NumPy refuses an operation, or f returns no array of the format.
    """
    try:
        trace = traced(f)
    except TypeError as unknown:
        try:
            _watch(f, fmt)
        except OtherFormatError:  # it knows better what is wrong
            raise
        except Exception:
            raise unknown from None
        raise
    if not trace.is_plain:
        _watch(f, fmt)
    return _elementwise(trace)


def refuse_not_elementwise(f: Callable[[Any], Any]) -> frozenset[str]:
    """Refuse a function whose value at a point depends on other points; return and raise as `refuse_unsuitable`."""
    return _elementwise(traced(f))


def _elementwise(trace: Trace) -> frozenset[str]:
    if not trace.is_elementwise:
        raise ValueError(
            "f must be elementwise, but its value at a point depends on other points, on how many there are, or on the "
            "call: it computes otherwise where the same point stands behind another one"
        )
    return trace.used


def _watch(f: Callable[[Any], Any], fmt: FloatFormat) -> None:
    """Run f on an array that refuses what is computed in another format."""
    base: type[np.ndarray] = WeakScalarArray if fmt.weak_scalars else ArrayView
    if isinstance(f, Rounded):
        f, base = f.f, RoundedArray
    x: Any = np.ones(2, dtype=fmt.dtype).view(_watched(fmt, base))  # type: ignore[arg-type]
    x.source = ("x",)
    with np.errstate(all="ignore"):
        try:
            y = f(x)
        except TypeError as error:
            explain(error, f)
            raise
    if np.ndim(y):  # a number is a constant, which is rounded once
        numbers_of(fmt, y)


@lru_cache(maxsize=64)
def _watched(fmt: FloatFormat, base: Any) -> type[_Typed]:
    """Return the class of watched arrays of a format that keeps the rules of another view."""
    return type("_TypedArray", (_Typed,) if base is ArrayView else (_Typed, base), {"format": fmt})
