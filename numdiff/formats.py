"""Floating-point formats: what a dtype can hold, exact lift out of it, correct rounding into it.

Every format is described by three integers, from which all else follows: the precision (significand
bits with the leading one) and the exponents of the smallest and the largest normal binade (IEEE
754-2019, section 3.3 and table 3.5; bfloat16: 8 bits of precision in the exponent range of float32).
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any

import ml_dtypes
import numpy as np

from numdiff.array_views import HolomorphicArray, WeakScalarArray
from numdiff.extras import require
from numdiff.rounding import Dyadic, dyadic, dyadic_to_fraction, normalised, round_ratio

__all__ = ["FORMATS", "UNAVAILABLE", "Dyadic", "FloatFormat", "dyadic", "dyadic_to_fraction", "format_of",
           "get_format"]  # fmt: skip

_CHUNK = 60  # bits that one step of the lift takes out of a significand; fits int64 with room


@dataclass(frozen=True)
class FloatFormat:
    """One binary floating-point format and its NumPy dtype.

    Parameters
    ----------
    name : str
        The name in tables and arguments.
    dtype : numpy.dtype
        The dtype that holds it.
    precision : int
        Significand bits, the leading one included.
    min_exponent, max_exponent : int
        Exponents of the smallest and of the largest normal binade.
    complex_dtype : numpy.dtype or None
        The complex dtype with such parts; None where NumPy has none.

    References
    ----------
    IEEE Std 754-2019, sections 3.3 to 3.5.
    """

    name: str
    dtype: np.dtype[Any]
    precision: int
    min_exponent: int
    max_exponent: int
    complex_dtype: np.dtype[Any] | None = None

    @cached_property
    def unit_roundoff(self) -> Fraction:
        """The unit roundoff u = 2**-precision: the largest relative error of one rounding."""
        return Fraction(1, 1 << self.precision)

    @cached_property
    def machine_epsilon(self) -> Fraction:
        """The machine epsilon ε = 2u: the distance from 1 to the next larger number."""
        return 2 * self.unit_roundoff

    @cached_property
    def smallest_normal(self) -> Fraction:
        """The smallest positive number with full precision."""
        return Fraction(2) ** self.min_exponent

    @cached_property
    def smallest_subnormal(self) -> Fraction:
        """The smallest positive number."""
        return self.smallest_normal * self.machine_epsilon

    @cached_property
    def largest_finite(self) -> Fraction:
        """The largest finite number."""
        return (2 - self.machine_epsilon) * Fraction(2) ** self.max_exponent

    def spacing(self, value: Fraction) -> Fraction:
        """Return the distance between neighbours of the format in the binade of `value` (ulp)."""
        magnitude = abs(value)
        if magnitude < self.smallest_normal:
            return self.smallest_subnormal
        n, d = magnitude.as_integer_ratio()
        top = n.bit_length() - d.bit_length()
        if Fraction(2) ** top > magnitude:
            top -= 1
        return Fraction(2) ** (top - self.precision + 1)

    # --- out of the format -------------------------------------------------------------------------

    def lift(self, value: Any) -> Fraction:
        """Return a value of the format as an exact `Fraction` (both zeros give 0).

        Parameters
        ----------
        value : scalar of this format, or another number that this format represents exactly

        Raises
        ------
        ValueError
            If `value` is not a scalar, not finite, or not a value of the format.
        """
        lifted = self._lift_scalar(self._member(value))
        if lifted is None:
            raise ValueError(f"value must be finite, got {value!r}")
        return dyadic_to_fraction(lifted)

    def _lift_scalar(self, scalar: np.ndarray) -> Dyadic | None:
        """Do for a 0-d array what `lift_array` does, at a fraction of its fixed cost."""
        number: Any = scalar[()] if self.precision > 53 else float(scalar)
        if number != number or abs(number) == np.inf:
            return None
        numerator, denominator = number.as_integer_ratio()
        return normalised(numerator, 1 - denominator.bit_length())

    def _member(self, value: Any) -> np.ndarray:
        """Return a number that the format holds exactly (or NaN or ±inf) as a 0-d array; refuse any other."""
        array = self._converted(value, "value")
        if array.ndim:
            raise ValueError(f"value must be a scalar, got an array of shape {array.shape}")
        if isinstance(value, (np.generic, np.ndarray)) and value.dtype == self.dtype:
            return array
        held = self._lift_scalar(array)
        exact: Fraction | None
        if isinstance(value, Fraction):
            exact = value
        elif (given := np.asarray(value)).dtype.kind in "iubO":
            exact = Fraction(int(value))
        else:
            pair = format_of(given)._lift_scalar(given)
            exact = None if pair is None else dyadic_to_fraction(pair)
        if exact != (None if held is None else dyadic_to_fraction(held)):
            raise ValueError(f"value must be a number of {self.name}, got {value!r:.60}")
        return array

    def lift_array(self, array: np.ndarray) -> list[Dyadic | None]:
        """Return the exact values of an array of this format, in C order; None where not finite.

        Raises
        ------
        TypeError
            If the array is of another dtype.
        """
        flat = np.ravel(array)
        if flat.dtype != self.dtype:
            raise TypeError(f"array must have dtype {self.name}, got {flat.dtype}")
        with np.errstate(invalid="ignore"):  # a signalling NaN is a pattern like any other
            finite = np.isfinite(flat)
            wide = flat if self.precision > 53 else flat.astype(np.float64)  # exact: float64 holds the rest
        fraction, exponent = np.frexp(np.where(finite, wide, 0))
        mantissas, exponents = _normalised_significands(fraction, exponent, self.precision)
        lifted = list(zip(mantissas, exponents, strict=True))
        if finite.all():
            return list(lifted)
        return [pair if ok else None for pair, ok in zip(lifted, finite.tolist(), strict=True)]

    def lift_mpf(self, value: Any, context: Any) -> Any:
        """Return a value of the format as an mpf of `context`, without rounding to its precision."""
        require("FloatFormat.lift_mpf", "mpmath")
        from mpmath.libmp import from_man_exp

        return context.make_mpf(from_man_exp(*dyadic(self.lift(value))))

    def lift_arb(self, value: Any) -> Any:
        """Return a value of the format as an exact Arb ball (radius 0)."""
        require("FloatFormat.lift_arb", "flint")
        from flint import arb

        return arb(dyadic(self.lift(value)))

    # --- into the format ---------------------------------------------------------------------------

    def round(self, exact: Fraction | int) -> Any:
        """Round an exact number to the format: nearest, ties to even, gradual underflow, overflow to ±inf.

        Parameters
        ----------
        exact : Fraction or int

        Returns
        -------
        scalar of `dtype`
            A negative number that underflows gives −0.0; zero gives +0.0.

        Raises
        ------
        TypeError
            If `exact` is neither a Fraction nor an int.
        """
        if not isinstance(exact, (Fraction, int)):
            raise TypeError(f"exact must be a Fraction or an int, got {type(exact).__name__} {exact!r}")
        numerator, denominator = exact.as_integer_ratio()
        mantissa, exponent = round_ratio(numerator, denominator, self.precision, self.min_exponent)
        if not mantissa:
            return self.dtype.type(-0.0 if numerator < 0 else 0.0)
        if mantissa.bit_length() + exponent - 1 > self.max_exponent:
            return self.dtype.type(math.copysign(math.inf, mantissa))
        return self._from_dyadic(mantissa, exponent)

    def _from_dyadic(self, mantissa: int, exponent: int) -> Any:
        if self.precision <= 53:
            return self.dtype.type(math.ldexp(mantissa, exponent))
        # np.longdouble(int) goes through a decimal string on some platforms: 32-bit pieces are always exact.
        total, magnitude, shift = self.dtype.type(0), abs(mantissa), 0
        while magnitude >> shift:
            piece = self.dtype.type((magnitude >> shift) & 0xFFFFFFFF)
            total = total + np.ldexp(piece, shift)
            shift += 32
        # Scaling in two halves: the exponent of a subnormal is out of the range of one exact power of two.
        half = exponent // 2
        scaled = np.ldexp(np.ldexp(total, half), exponent - half)
        return -scaled if mantissa < 0 else scaled

    def as_array(self, x: Any, argument: str = "x") -> np.ndarray:
        """Return `x` as an array of the format, each element rounded once.

        NumPy's own conversion rounds twice from float64 to bfloat16 (through float32) and from longdouble
        to float16; those go through `round`. The byte order of `x` does not matter; the result has the machine's.

        Raises
        ------
        TypeError
            If `x`, called `argument` in the message, is not numeric, or is masked somewhere.
        """
        return self._converted(x, argument)

    def _converted(self, x: Any, argument: str) -> np.ndarray:
        if isinstance(x, (Fraction, int)):
            return np.asarray(self.round(x))
        if np.ma.is_masked(x):
            raise TypeError(f"{argument} must not be masked anywhere, got {x!r}; write {argument}.compressed()")
        array = np.asarray(x)
        if array.dtype == self.dtype:
            return array
        if not array.dtype.isnative:
            return self._converted(array.astype(array.dtype.newbyteorder("=")), argument)
        source = next((known for known in FORMATS.values() if known.dtype == array.dtype), None)
        if source is None and array.dtype.kind not in "iub":
            raise TypeError(f"{argument} must be numeric, got dtype {array.dtype}")
        if source is None:
            once = self.precision >= 24  # one conversion of the machine; to bfloat16 it goes through float32
        else:  # exact, but for the narrower exponent range of float16, or rounded once
            once = source.precision <= self.precision or (self.name, source.name) in _ROUNDED_ONCE
        if once:
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                return array.astype(self.dtype)
        return self._round_array(array, source)

    def _round_array(self, array: np.ndarray, source: "FloatFormat | None") -> np.ndarray:
        if source is None:
            items = [self.round(int(item)) for item in array.ravel()]
        else:
            exact = source.lift_array(array)
            items = [
                self.dtype.type(item) if pair is None or not pair[0] else self.round(dyadic_to_fraction(pair))
                for item, pair in zip(array.ravel(), exact, strict=True)
            ]
        out = np.empty(array.size, dtype=self.dtype)
        for index, item in enumerate(items):
            out[index] = item
        return out.reshape(array.shape)

    # --- as text -----------------------------------------------------------------------------------

    def hex(self, value: Any) -> str:
        """Return a value of the format as exact hexadecimal text, e.g. ``0x1.8p+1``; `from_hex` reads it.

        Raises
        ------
        ValueError
            If `value` is not a scalar or not a value of the format.
        """
        scalar = self._member(value)
        sign = "-" if np.signbit(scalar) else ""
        lifted = self._lift_scalar(scalar)
        if lifted is None:
            return sign + "inf" if abs(scalar) == np.inf else "nan"
        mantissa, exponent = lifted
        if not mantissa:
            return sign + "0x0p+0"
        bits = abs(mantissa).bit_length() - 1
        digits = -(-bits // 4)
        tail = (abs(mantissa) - (1 << bits)) << (4 * digits - bits)
        return f"{sign}0x1{f'.{tail:0{digits}x}' if digits else ''}p{exponent + bits:+d}"

    def from_hex(self, text: str) -> Any:
        """Return the scalar that `hex` wrote.

        Raises
        ------
        ValueError
            If the text is not such a number or the format does not hold it exactly.
        """
        if text in ("nan", "inf", "-inf"):
            return self.dtype.type(float(text))
        match = re.fullmatch(r"(-?)0x([01])(?:\.([0-9a-f]+))?p([+-]\d+)", text)
        if match is None:
            raise ValueError(f"text must be a hexadecimal number like 0x1.8p+1, nan or inf, got {text!r}")
        sign, lead, tail, power = match[1], match[2], match[3] or "", int(match[4])
        mantissa, exponent = normalised(int(lead + tail, 16), power - 4 * len(tail))
        if not mantissa:
            return self.dtype.type(-0.0 if sign else 0.0)
        bits = mantissa.bit_length()
        in_range = self.min_exponent - self.precision < exponent and exponent + bits - 1 <= self.max_exponent
        if bits > self.precision or not in_range:
            raise ValueError(f"text must be a number of {self.name}, got {text!r}")
        return self._from_dyadic(-mantissa if sign else mantissa, exponent)

    # --- the door ----------------------------------------------------------------------------------

    def evaluate(self, f: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
        """Call f in this format: the one door through which a function under test is called.

        f sees a read-only view of at least one dimension, so that neither NumPy's scalar arithmetic nor an
        in-place f can change what is measured; in bfloat16 the view keeps Python numbers weak.

        Parameters
        ----------
        f : callable
            Takes an array and returns one of the same shape and dtype.
        x : ndarray, contiguous, at least 1-d, of `dtype` (or of `complex_dtype`, for the complex step)
            NumPy computes differently on scalars and on strided arrays, so no others are let in.

        Returns
        -------
        ndarray
            f's own result, unchanged; a Python number that f returns is broadcast.

        Raises
        ------
        TypeError
            If x is of another dtype, or f writes into its argument, or returns anything but an array of the
            same dtype.
        ValueError
            If x is 0-dimensional or not contiguous, or f returns another shape.
        """
        if not x.ndim or not x.flags.forc:
            raise ValueError(f"x must be a contiguous array of at least one dimension, got {_layout(x)}")
        view = x.view()
        view.setflags(False)  # type: ignore[call-arg]  # positional: a keyword costs twice as much
        dtype = x.dtype
        if dtype is not self.dtype and dtype != self.dtype:
            if x.dtype != self.complex_dtype or self.complex_dtype is None:
                raise TypeError(f"x must have dtype {self.name}, got {x.dtype}")
            view = view.view(HolomorphicArray)
        elif self.name == "bfloat16":
            view = view.view(WeakScalarArray)
        try:
            y = f(view)
        except ValueError as error:
            if "read-only" in str(error):
                raise TypeError(
                    "f must not write into its argument (it got a read-only array); compute into a new array"
                ) from error
            raise
        except TypeError as error:
            if "converted to Python scalars" in str(error):
                raise TypeError(
                    f"f must take arrays, got {f!r:.60}, which wants one number: use np.exp instead of math.exp"
                ) from error
            raise
        if type(y) is np.ndarray and (y.dtype is self.dtype or y.dtype == self.dtype) and y.shape == x.shape:
            return y
        if type(y) in (int, float) and x.dtype == self.dtype:
            return np.full(x.shape, self.as_array(y), dtype=x.dtype)
        return _accepted(y, x)


def _layout(x: np.ndarray) -> str:
    return f"strides {x.strides} for shape {x.shape}" if x.ndim else "a 0-dimensional one"


def _accepted(y: Any, x: np.ndarray) -> np.ndarray:
    """Return what f returned as a plain array, or say what is wrong with it."""
    if x.dtype.kind == "c" and type(y) in (int, float, complex):
        return np.full(x.shape, y, dtype=x.dtype)
    if not isinstance(y, np.ndarray):
        raise TypeError(
            f"f must return an array of shape {x.shape} and dtype {x.dtype}, got {type(y).__name__} {y!r:.60}"
        )
    if y.shape != x.shape:
        raise ValueError(
            f"f must keep the shape of its argument, {x.shape}, got {y.shape}; f must be elementwise: "
            "a function that closes over an array or needs the whole input takes blocked=False"
        )
    if y.dtype != x.dtype:
        raise TypeError(
            f"f must keep the dtype of its argument, {x.dtype}, got {y.dtype}{promotion_advice(x.dtype, y.dtype)}"
        )
    if x.dtype.kind == "c" and type(y) is np.ndarray:
        # The view is what refuses np.abs and its kind, so a function that dropped it cannot be trusted.
        raise TypeError(
            "f must be analytic for the complex step, which cannot be seen after np.asarray or np.array; "
            "write np.asanyarray where f converts its input"
        )
    return y.view(np.ndarray)


_PROMOTING = {
    **dict.fromkeys("fF", "np.float32"), **dict.fromkeys("dD", "np.float64"), **dict.fromkeys("gG", "np.longdouble"),
}  # fmt: skip
"""By the type code of a result: the scalar type that widens a narrower array to it."""


def promotion_advice(given: np.dtype[Any], returned: np.dtype[Any]) -> str:
    """Return what may have widened the dtype and what to write instead; nothing where no constant can have."""
    constant = _PROMOTING.get(returned.char)
    if constant is None or (given.kind == "c") != (returned.kind == "c"):
        return ""
    if np.promote_types(given, returned) != returned:
        return ""
    widens = f"a {constant} constant promotes"
    if given == ml_dtypes.bfloat16 and returned == np.float32:
        # Not the only way here: plain ml_dtypes, which is what np.asarray leaves, widens with Python numbers.
        widens = "a np.float64 constant promotes, a np.float32 one too, and after np.asarray any Python number"
    return (
        f": {widens}; write float(…), np.full_like(x, …) where np.where chooses among numbers, and np.asanyarray "
        "where f converts its input"
    )


def _normalised_significands(fraction: np.ndarray, exponent: np.ndarray, precision: int) -> tuple[list[int], list[int]]:
    """Return odd integers m and exponents e with fraction·2**exponent = m·2**e, for |fraction| < 1."""
    if precision > 64:
        total, bits = _wide_significands(fraction, precision)
        pairs = [normalised(m, e - bits) for m, e in zip(total, exponent.tolist(), strict=True)]
        return [m for m, _ in pairs], [e for _, e in pairs]
    whole = np.ldexp(np.abs(fraction), precision).astype(np.uint64)
    # The lowest set bit is a power of two, so its logarithm is exact.
    zeros = np.frexp((whole & (~whole + np.uint64(1))).astype(np.float64))[1] - 1
    odd = (whole >> np.maximum(zeros, 0).astype(np.uint64)).tolist()
    exponents = np.where(whole == 0, 0, exponent - precision + zeros).tolist()
    negative = fraction < 0
    if negative.any():
        odd = [-m if minus else m for m, minus in zip(odd, negative.tolist(), strict=True)]
    return odd, exponents


def _wide_significands(fraction: np.ndarray, precision: int) -> tuple[list[int], int]:
    """Return integers m and their common bit count b with fraction = m·2**-b, for |fraction| < 1."""
    total, rest, bits = [0] * fraction.size, fraction, 0
    while bits < precision:
        scaled = np.ldexp(rest, _CHUNK)
        whole = np.trunc(scaled)
        rest = scaled - whole
        bits += _CHUNK
        total = [(t << _CHUNK) + w for t, w in zip(total, whole.astype(np.int64).tolist(), strict=True)]
    return total, bits


_ROUNDED_ONCE = {("float32", "float64"), ("float16", "float64"), ("float16", "float32"),
                 ("bfloat16", "float32"), ("float64", "float80"), ("float32", "float80"),
                 ("float64", "float128"), ("float32", "float128")}  # fmt: skip
"""(target, source) pairs whose NumPy conversion rounds once (checked by a property test)."""


def _longdouble() -> tuple[FloatFormat | None, str]:
    """Return longdouble under its true name, or None and the reason why it is left out."""
    info = np.finfo(np.longdouble)
    name = {63: "float80", 112: "float128"}.get(info.nmant)
    if name is None:
        return None, (
            f"longdouble has {info.nmant} stored significand bits here: it is float64 (52) or a pair of "
            "doubles (105), not a wider IEEE format"
        )
    dtype, complex_dtype = np.dtype(np.longdouble), np.dtype(np.clongdouble)
    return FloatFormat(name, dtype, info.nmant + 1, -16382, 16383, complex_dtype), ""


def _formats() -> tuple[dict[str, FloatFormat], dict[str, str]]:
    """Return the formats of this machine by name, and the missing ones with the reason."""
    known = [
        FloatFormat("float16", np.dtype(np.float16), 11, -14, 15),
        FloatFormat("bfloat16", np.dtype(ml_dtypes.bfloat16), 8, -126, 127),
        FloatFormat("float32", np.dtype(np.float32), 24, -126, 127, np.dtype(np.complex64)),
        FloatFormat("float64", np.dtype(np.float64), 53, -1022, 1023, np.dtype(np.complex128)),
    ]
    wide, reason = _longdouble()
    if wide is None:
        return {item.name: item for item in known}, {"float80": reason}
    return {item.name: item for item in [*known, wide]}, {}


_available, _missing = _formats()
FORMATS: Mapping[str, FloatFormat] = MappingProxyType(_available)
"""The formats of this machine, by name, narrow to wide."""
UNAVAILABLE: Mapping[str, str] = MappingProxyType(_missing)
"""The formats that this machine lacks, with the reason."""


def get_format(spec: "str | np.dtype[Any] | type | FloatFormat") -> FloatFormat:
    """Return a format by name, dtype or scalar type.

    Parameters
    ----------
    spec : str, dtype, type or FloatFormat
        ``"float16"``, ``"bfloat16"``, ``"float32"``, ``"float64"``, ``"float80"``, ``"longdouble"`` (under
        its true name), or the dtype.

    Raises
    ------
    ValueError
        If there is no such format here; the message lists those that there are, or says why it is missing.
    """
    if spec is None:  # np.dtype(None) is float64
        raise ValueError(f"dtype must be one of {', '.join(FORMATS)}, got None")
    if isinstance(spec, FloatFormat):
        return spec
    if isinstance(spec, str):
        if spec in FORMATS:
            return FORMATS[spec]
        if spec in UNAVAILABLE:
            raise ValueError(f"dtype {spec!r} is not available here: {UNAVAILABLE[spec]}")
    try:
        dtype = np.dtype(spec)
    except (TypeError, ValueError, SyntaxError):  # NumPy parses text like "(2,)f8" as Python
        dtype = None
    for item in FORMATS.values():
        if dtype is not None and item.dtype == dtype:
            return item
    raise ValueError(f"dtype must be one of {', '.join(FORMATS)}, got {spec!r}")


def format_of(array: np.ndarray) -> FloatFormat:
    """Return the format of an array.

    Raises
    ------
    TypeError
        If the array's dtype is none of the formats.
    """
    for item in FORMATS.values():
        if item.dtype == array.dtype:
            return item
    raise TypeError(f"x must have one of the dtypes {', '.join(FORMATS)}, got {array.dtype}")
