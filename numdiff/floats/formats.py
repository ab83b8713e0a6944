"""Floating-point formats: what a dtype can hold, exact lift out of it, correct rounding into it.

Every format is described by three integers, from which all else follows: the precision (significand
bits with the leading one) and the exponents of the smallest and the largest normal binade (IEEE
754-2019, section 3.3 and table 3.5; bfloat16: 8 bits of precision in the exponent range of float32).
"""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any

import ml_dtypes
import numpy as np

from numdiff.extras import require
from numdiff.floats.dyadic import Dyadic, dyadic, dyadic_to_fraction, normalised, round_ratio
from numdiff.registry import Registry
from numdiff.style import BLACK, BLUE, DASH, DASH_DOT, DOTS, GREEN, LONG_DASH, PURPLE, VERMILLION, Style

__all__ = ["FORMATS", "LONGDOUBLE", "UNAVAILABLE", "Dyadic", "FloatFormat", "Formats", "Limits", "dyadic",
           "dyadic_to_fraction", "format_of", "get_format"]  # fmt: skip

HIDE_LONGDOUBLE = "NUMDIFF_HIDE_LONGDOUBLE"
"""The environment variable that makes this machine one whose longdouble is float64, when it is 1: for tests of what
the suite does there. It is read once, at import."""
_CHUNK = 60  # bits that one step of the lift takes out of a significand; fits int64 with room


@dataclass(frozen=True)
class Limits:
    """How far the elementary functions of a format may be off, in ulp; `numdiff.arithmetic.accuracy` has the meaning.

    Either the format has functions of its own, whose limits were held against a search, or it computes them in a
    wider format and rounds once (`through`), so that its limits follow from those of the wider one.

    Parameters
    ----------
    found : tuple of (str, str)
        A limit as a decimal, and the ufuncs that have it.
    rest : str
        The limit of all other functions; empty where they have none.
    large : tuple of (str, int, str)
        Ufunc, k, and a smaller limit that holds where the exact value is at least 2ᵏ in size; k ascending.
    through : str
        The name of the format in which the functions are computed; empty where there is none.
    extra : Fraction
        Units of the narrow format that may be lost beyond the function of the wide one and the rounding.
    """

    found: tuple[tuple[str, str], ...] = ()
    rest: str = ""
    large: tuple[tuple[str, int, str], ...] = ()
    through: str = ""
    extra: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        if self.through and (self.found or self.rest or self.large):
            raise ValueError(f"limits must be found or come through another format, got both ({self.through!r})")


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
    reserved : int
        How many of the largest significands of the largest binade stand for something else than numbers: none in
        IEEE 754, and one, which is NaN, in float8_e4m3fn.
    has_infinity : bool
        Whether what overflows becomes infinite; otherwise it becomes NaN.
    complex_dtype : numpy.dtype or None
        The complex dtype with such parts; None where NumPy has none.
    weak_scalars : bool
        Whether a view has to keep Python numbers weak: plain ml_dtypes promotes ``x * 2.0`` to float32.
    rounded_once_from : tuple of str
        The formats, wider or of another range, whose conversion into this one by NumPy rounds once, and ``"int"``
        where that of integers does; all others are rounded here.
    limits : Limits
        How far the elementary functions of the platform may be off.
    style : Style
        How a series of this format is drawn; its label is the name where it has none.

    References
    ----------
    IEEE Std 754-2019, sections 3.3 to 3.5.
    P. Micikevicius et al., FP8 formats for deep learning, arXiv:2209.05433 (2022), table 1: the formats of 8 bits.
    """

    name: str
    dtype: np.dtype[Any]
    precision: int
    min_exponent: int
    max_exponent: int
    reserved: int
    has_infinity: bool
    complex_dtype: np.dtype[Any] | None
    weak_scalars: bool
    rounded_once_from: tuple[str, ...]
    limits: Limits = field(repr=False)
    style: Style = field(repr=False)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        # Kept, because formats are keys of what is computed once for each of them.
        return hash((self.name, self.precision, self.min_exponent, self.max_exponent))

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
        return (2 - (1 + self.reserved) * self.machine_epsilon) * Fraction(2) ** self.max_exponent

    def holds(self, number: Dyadic) -> bool:
        """Return whether a dyadic number in lowest terms is a number of the format."""
        bits, exponent = abs(number[0]).bit_length(), number[1]
        if not bits:
            return True
        fits = bits <= self.precision and exponent > self.min_exponent - self.precision
        return fits and not self.overflows(number)

    def holds_all_of(self, other: "FloatFormat") -> bool:
        """Return whether every number of another format is one of this format."""
        inside = other.smallest_subnormal >= self.smallest_subnormal and other.largest_finite <= self.largest_finite
        return other.precision <= self.precision and inside and (self.has_infinity or not other.has_infinity)

    def overflows(self, rounded: Dyadic) -> bool:
        """Return whether a number of at most `precision` bits is larger than the largest."""
        top = abs(rounded[0]).bit_length() + rounded[1] - 1
        if top != self.max_exponent or not self.reserved:
            return top > self.max_exponent
        return abs(dyadic_to_fraction(rounded)) > self.largest_finite

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
        """Round an exact number to the format: nearest, ties to even, gradual underflow.

        Parameters
        ----------
        exact : Fraction or int

        Returns
        -------
        scalar of `dtype`
            A negative number that underflows gives −0.0; zero gives +0.0. What overflows gives ±inf, and NaN in a
            format without infinity.

        Raises
        ------
        TypeError
            If `exact` is neither a Fraction nor an int.
        """
        if not isinstance(exact, (Fraction, int)):
            raise TypeError(f"exact must be a Fraction or an int, got {type(exact).__name__} {exact!r}")
        return self._nearest(*exact.as_integer_ratio())

    def _nearest(self, numerator: int, denominator: int) -> Any:
        rounded = self.rounded(numerator, denominator)
        if rounded is None:
            return self.dtype.type(-math.inf if numerator < 0 else math.inf)
        if not rounded[0]:
            return self.dtype.type(-0.0 if numerator < 0 else 0.0)
        return self._from_dyadic(*rounded)

    def rounded(self, numerator: int, denominator: int) -> Dyadic | None:
        """Return numerator/denominator rounded to the format, exactly; None where it overflows."""
        result = round_ratio(numerator, denominator, self.precision, self.min_exponent)
        return None if self.overflows(result) else result

    def constant(self, value: float) -> Any:
        """Return a Python number (of the type float or int) rounded to the format, once."""
        if value != value or abs(value) == math.inf:  # math.isfinite cannot take a large int
            return self.dtype.type(value)
        return self._nearest(*value.as_integer_ratio()) if value else self.dtype.type(value)

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
        source = FORMATS.of_dtype(array.dtype)
        if source is None and array.dtype.kind not in "iub":
            raise TypeError(f"{argument} must be numeric, got dtype {array.dtype}")
        if self._converts_once(source):
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                return array.astype(self.dtype)
        return self._round_array(array, source)

    def _converts_once(self, source: "FloatFormat | None") -> bool:
        """Whether NumPy's conversion is exact or rounds once; of integers where there is no source."""
        if source is None:
            return "int" in self.rounded_once_from
        return source.name in self.rounded_once_from or self.holds_all_of(source)

    def _round_array(self, array: np.ndarray, source: "FloatFormat | None") -> np.ndarray:
        if source is None:
            items = [self.round(int(item)) for item in array.ravel()]
        else:
            exact = source.lift_array(array)
            items = [
                # Zeros, infinities and NaN are the same in all formats; not all of ml_dtypes take each other's scalars.
                self.dtype.type(float(item)) if pair is None or not pair[0] else self.round(dyadic_to_fraction(pair))
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
        if text == "nan" or (text in ("inf", "-inf") and self.has_infinity):
            return self.dtype.type(float(text))
        match = re.fullmatch(r"(-?)0x([01])(?:\.([0-9a-f]+))?p([+-]\d+)", text)
        if match is None:
            raise ValueError(f"text must be a hexadecimal number like 0x1.8p+1, nan or inf, got {text!r}")
        sign, lead, tail, power = match[1], match[2], match[3] or "", int(match[4])
        mantissa, exponent = normalised(int(lead + tail, 16), power - 4 * len(tail))
        if not mantissa:
            return self.dtype.type(-0.0 if sign else 0.0)
        if not self.holds((mantissa, exponent)):
            raise ValueError(f"text must be a number of {self.name}, got {text!r}")
        return self._from_dyadic(-mantissa if sign else mantissa, exponent)


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


# --- the table ---------------------------------------------------------------------------------------

_ONE_MORE_UNIT = Fraction(1)
"""Where NumPy uses the half-precision instructions (AVX512_SPR) it promises one more unit in float16."""

_OF_FLOAT32 = Limits(
    found=(
        ("4", "tan log10 arcsin arctan2"),  # 3.90 3.49 3.12 3.20
        ("3.9", "log"),  # 3.832
        ("3", "exp2 expm1 cosh arctan tanh log2 arccos arccosh"),  # 2.84 2.62 2.48 2.30 2.19 2.12 2.10 2.00
        ("2.6", "exp"),  # 2.54
        ("2.5", "cbrt sinh log1p power arctanh arcsinh"),  # 1.94 1.89 1.96 1.7 1.72 1.78
        ("2", "deg2rad rad2deg"),
        ("1.5", "sin cos"),  # 1.487 1.489
        ("1", "hypot"),
    ),
    # NumPy's logarithm errs by a part of ln of the significand, so that its ulps grow near log 1 = 0 only.
    large=(("log", -1, "1.9"), ("log", 0, "1.3"), ("log", 1, "1")),  # 1.871 1.229 0.878
)
_OF_FLOAT64 = Limits(
    found=(
        ("4", "cbrt"),  # 3.29
        ("2.5", "tanh arccosh"),  # 2.15 2.00
        ("2", "sinh cosh log10 arcsinh arctanh deg2rad rad2deg"),
    ),
    rest="1",  # at most 0.84
)
_OF_FLOAT80 = Limits(
    found=(
        ("4", "tanh sinh arcsinh arccosh arctanh expm1 log1p power"),
        # 2.74 2.6 2.6 2.6 2.6 2.45 2.25 3.17 (power: with the exponent -3; 0.9 with random ones)
        ("2", "cosh tan arccos log10 sin cos deg2rad rad2deg"),
        # 1.54 1.54 1.22 1.29 1.38 0.99 0.6 0.6
    ),
    rest="1.5",  # at most 1.01
)

LONGDOUBLE: Mapping[str, FloatFormat] = MappingProxyType(
    {
        name: FloatFormat(
            name,
            np.dtype(np.longdouble),
            precision,
            min_exponent=-16382,
            max_exponent=16383,
            reserved=0,
            has_infinity=True,
            complex_dtype=np.dtype(np.clongdouble),
            weak_scalars=False,
            rounded_once_from=("int",),
            limits=limits,
            style=Style(BLACK, "v", DOTS),
        )
        for name, precision, limits in (("float80", 64, _OF_FLOAT80), ("float128", 113, Limits()))
    }
)
"""What longdouble may be; a machine has at most one of them."""

_NATIVE = (
    FloatFormat(
        "float16",
        np.dtype(np.float16),
        precision=11,
        min_exponent=-14,
        max_exponent=15,
        reserved=0,
        has_infinity=True,
        complex_dtype=None,
        weak_scalars=False,
        rounded_once_from=("bfloat16", "float32", "float64"),
        limits=Limits(through="float32", extra=_ONE_MORE_UNIT),
        style=Style(VERMILLION, "o", "-"),
    ),
    FloatFormat(
        "bfloat16",
        np.dtype(ml_dtypes.bfloat16),
        precision=8,
        min_exponent=-126,
        max_exponent=127,
        reserved=0,
        has_infinity=True,
        complex_dtype=None,
        weak_scalars=True,
        rounded_once_from=("float32",),
        limits=Limits(through="float32"),
        style=Style(PURPLE, "s", DASH),
    ),
    FloatFormat(
        "float32",
        np.dtype(np.float32),
        precision=24,
        min_exponent=-126,
        max_exponent=127,
        reserved=0,
        has_infinity=True,
        complex_dtype=np.dtype(np.complex64),
        weak_scalars=False,
        rounded_once_from=("int", "float64", "float80", "float128"),
        limits=_OF_FLOAT32,
        style=Style(GREEN, "^", DASH_DOT),
    ),
    FloatFormat(
        "float64",
        np.dtype(np.float64),
        precision=53,
        min_exponent=-1022,
        max_exponent=1023,
        reserved=0,
        has_infinity=True,
        complex_dtype=np.dtype(np.complex128),
        weak_scalars=False,
        rounded_once_from=("int", "float80", "float128"),
        limits=_OF_FLOAT64,
        style=Style(BLUE, "D", LONG_DASH),
    ),
)


def _longdouble() -> tuple[FloatFormat | None, str]:
    """Return longdouble under its true name, or None and the reason why it is left out."""
    if os.environ.get(HIDE_LONGDOUBLE) == "1":
        return None, f"longdouble is hidden, because the environment variable {HIDE_LONGDOUBLE} is 1"
    bits = np.finfo(np.longdouble).nmant + 1
    found = next((item for item in LONGDOUBLE.values() if item.precision == bits), None)
    if found is not None:
        return found, ""
    return None, (
        f"longdouble has {bits - 1} stored significand bits here: it is float64 (52) or a pair of "
        "doubles (105), not a wider IEEE format"
    )


class Formats(Registry[FloatFormat]):
    """The table of formats: each row is held against its dtype before it is let in.

    Examples
    --------
    >>> import ml_dtypes, numpy as np
    >>> row = FloatFormat(
    ...     "float8_e5m2", np.dtype(ml_dtypes.float8_e5m2), precision=3, min_exponent=-14, max_exponent=15, reserved=0,
    ...     has_infinity=True, complex_dtype=None, weak_scalars=True, rounded_once_from=(),
    ...     limits=Limits(through="float32"), style=Style("#8c564b", "<", ":"),
    ... )
    >>> with FORMATS.holding(row):
    ...     float(FORMATS["float8_e5m2"].largest_finite)
    57344.0
    """

    def __init__(self, items: tuple[FloatFormat, ...]) -> None:
        self._by_dtype: dict[np.dtype[Any], FloatFormat] = {}
        super().__init__("format", items, FloatFormat)

    def register(self, item: FloatFormat) -> FloatFormat:
        """Add a format that behaves as its row says, and return it.

        Raises
        ------
        TypeError
            If it is no `FloatFormat`.
        ValueError
            If its name or dtype is taken, or the dtype behaves otherwise; the message says in what.
        """
        super().register(item)
        self._by_dtype[item.dtype] = item
        return item

    def remove(self, name: str) -> FloatFormat:
        """Take a format that was added out again, and return it."""
        item = super().remove(name)
        del self._by_dtype[item.dtype]
        return item

    def of_dtype(self, dtype: np.dtype[Any]) -> FloatFormat | None:
        """Return the format of a dtype, None where it is none of the formats."""
        return self._by_dtype.get(dtype)

    def _check(self, item: Any) -> None:
        super()._check(item)
        if item.dtype in self._by_dtype:
            taken = self._by_dtype[item.dtype].name
            raise ValueError(f"dtype of a format must be new, got {item.dtype}, which is that of {taken}")
        through = item.limits.through
        wide = self.get(through)
        has_own = through in _OWN_LIMITS if wide is None else not wide.limits.through
        if through and not has_own:
            raise ValueError(
                f"limits of {item.name} must come through a format with limits of its own, got {through!r}"
            )
        _verify(item)


_OWN_LIMITS = tuple(item.name for item in _NATIVE if not item.limits.through)


def _verify(item: FloatFormat) -> None:
    """Hold a row against its dtype; ValueError where they differ."""
    number = item.dtype.type
    with np.errstate(all="ignore"):
        one, two = np.array([1], item.dtype), np.array([2], item.dtype)
        ulp = np.nextafter(one, two) - one
        least = np.nextafter(one - one, one)
        half = ulp / two
        largest = np.array([item.round(item.largest_finite)], item.dtype)
        next_one = largest + np.array([item.round(item.spacing(item.largest_finite))], item.dtype)
        zero = -(one - one)
        facts: list[tuple[str, Any, Any]] = [
            ("the machine epsilon", item.machine_epsilon, _as_fraction(item, ulp)),
            ("the smallest subnormal number", item.smallest_subnormal, _as_fraction(item, least)),
            ("the largest finite number", item.largest_finite, _as_fraction(item, largest)),
            ("the number after the largest", None, _as_fraction(item, next_one)),
            ("has_infinity", item.has_infinity, bool(np.isinf(next_one)[0])),
            ("a negative zero", True, bool(np.signbit(zero)[0])),
            ("ties to even", (True, True), (bool((one + half == one)[0]), bool((one + ulp + half > one + ulp)[0]))),
            ("weak_scalars", item.weak_scalars, (one * 2.0).dtype != item.dtype),
            ("a signed unit", -1, _as_fraction(item, np.array([number(-1)], item.dtype))),
        ]
    if item.complex_dtype is not None:
        facts.append(("complex numbers with such parts", item.dtype, np.zeros(1, item.complex_dtype).real.dtype))
    for what, said, found in facts:
        if said != found:
            raise ValueError(
                f"format {item.name!r} must be as its dtype behaves: {what} is {said!s} by the row, and {found!s} in "
                f"{item.dtype}"
            )


def _as_fraction(item: FloatFormat, array: np.ndarray) -> Fraction | None:
    """Return one element exactly, None where it is not finite."""
    number: Any = array[0] if item.dtype.itemsize > 8 else float(array[0])
    return Fraction(*number.as_integer_ratio()) if np.isfinite(number) else None


_wide, _why_not = _longdouble()
FORMATS = Formats(_NATIVE if _wide is None else (*_NATIVE, _wide))
"""The formats of this machine, by name, narrow to wide; ``FORMATS.register`` adds one."""
UNAVAILABLE: Mapping[str, str] = MappingProxyType({} if _wide is not None else {"float80": _why_not})
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
    item = None if dtype is None else FORMATS.of_dtype(dtype)
    if item is not None:
        return item
    raise ValueError(f"dtype must be one of {', '.join(FORMATS)}, got {spec!r}")


def format_of(array: np.ndarray) -> FloatFormat:
    """Return the format of an array.

    Raises
    ------
    TypeError
        If the array's dtype is none of the formats.
    """
    item = FORMATS.of_dtype(array.dtype)
    if item is not None:
        return item
    raise TypeError(f"x must have one of the dtypes {', '.join(FORMATS)}, got {array.dtype}")
