"""One floating-point format: what a dtype can hold, exact lift out of it, correct rounding into it.

A format is described by three integers, from which all else follows: the precision (significand
bits with the leading one) and the exponents of the smallest and the largest normal binade (IEEE
754-2019, section 3.3 and table 3.5; bfloat16: 8 bits of precision in the exponent range of float32).
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from numdiff.floats.dyadic import (
    Dyadic,
    dyadic,
    dyadic_to_fraction,
    hex_digits,
    lift_number,
    lift_numbers,
    parsed_hex,
    round_ratio,
    scalar_of,
)
from numdiff.style import Style


@dataclass(frozen=True)
class Limits:
    """How far the elementary functions of a format may be off, in ulp; `numdiff.arithmetic.accuracy` has the meaning.

    Either the format has functions of its own, whose limits were compared with a search, or it computes them in a
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

    Examples
    --------
    >>> import numdiff as nd
    >>> nd.Limits(through="float32").through
    'float32'
    >>> nd.Limits(found=(("0.501", "sqrt"),), rest="4").rest
    '4'
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

    Examples
    --------
    >>> import numdiff as nd
    >>> fmt = nd.get_format("float16")
    >>> fmt.as_array(0.1), fmt.unit_roundoff
    (array(0.1, dtype=float16), Fraction(1, 2048))
    >>> fmt.lift(fmt.as_array(0.1))
    Fraction(819, 8192)
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

    @property
    def wide(self) -> type[Any]:
        """The type in which numbers of the format are combined: float64, or longdouble for a wider format."""
        return np.longdouble if self.precision > 53 else np.float64

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
        lifted = lift_number(self._member(value))
        if lifted is None:
            raise ValueError(f"value must be finite, got {value!r}")
        return dyadic_to_fraction(lifted)

    def _member(self, value: Any) -> np.ndarray:
        """Return a number that the format holds exactly (or NaN or ±inf) as a 0-d array; refuse any other."""
        if isinstance(value, np.generic) and value.dtype == self.dtype:
            return np.asarray(value)
        array = self.as_array(value, "value")
        if array.ndim:
            raise ValueError(f"value must be a scalar, got an array of shape {array.shape}")
        if isinstance(value, (np.generic, np.ndarray)) and value.dtype == self.dtype:
            return array
        held = lift_number(array)
        exact: Fraction | None
        if isinstance(value, Fraction):
            exact = value
        elif (given := np.asarray(value)).dtype.kind in "iubO":
            exact = Fraction(int(value))
        else:
            pair = lift_number(given)
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
        return lift_numbers(flat)

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
        return scalar_of(self.dtype, rounded)

    def rounded(self, numerator: int, denominator: int) -> Dyadic | None:
        """Return numerator/denominator rounded to the format, exactly; None where it overflows."""
        result = round_ratio(numerator, denominator, self.precision, self.min_exponent)
        return None if self.overflows(result) else result

    def constant(self, value: float) -> Any:
        """Return a Python number (of the type float or int) rounded to the format, once."""
        if value != value or abs(value) == math.inf:  # math.isfinite cannot take a large int
            return self.dtype.type(value)
        return self._nearest(*value.as_integer_ratio()) if value else self.dtype.type(value)

    def as_array(self, x: Any, argument: str = "x") -> np.ndarray:
        """Return `x` as an array of the format, each element rounded once.

        NumPy's own conversion rounds twice from float64 to bfloat16 (through float32) and from longdouble
        to float16; those go through `round`. The byte order of `x` does not matter; the result has the machine's.

        Raises
        ------
        TypeError
            If `x`, called `argument` in the message, is not numeric, or is masked somewhere.
        """
        if type(x) is not np.ndarray and not isinstance(x, np.generic):  # neither exact nor masked, told at once
            if isinstance(x, (Fraction, int)):
                return np.asarray(self.round(x))
            if np.ma.is_masked(x):
                raise TypeError(f"{argument} must not be masked anywhere, got {x!r}; write {argument}.compressed()")
        array = np.asarray(x)
        if array.dtype == self.dtype:
            return array
        if not array.dtype.isnative:
            return self.as_array(array.astype(array.dtype.newbyteorder("=")), argument)
        source = BY_DTYPE.get(array.dtype)
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
        known = self._sources.get(source.dtype)
        if known is None:
            known = source.name in self.rounded_once_from or self.holds_all_of(source)
            self._sources[source.dtype] = known
        return known

    @cached_property
    def _sources(self) -> dict[np.dtype, bool]:
        """The formats that were asked about, with the answer: libraries hand over one number at a time."""
        return {}

    def _round_array(self, array: np.ndarray, source: "FloatFormat | None") -> np.ndarray:
        if source is None:
            items = [self.round(int(item)) for item in array.ravel()]
            out = np.empty(array.size, dtype=self.dtype)
            for index, item in enumerate(items):
                out[index] = item
            return out.reshape(array.shape)
        with np.errstate(all="ignore"):
            return self._rounded_wide(array.astype(source.wide)).astype(self.dtype)

    def _rounded_wide(self, wide: np.ndarray) -> np.ndarray:
        """Return numbers of a format with more bits rounded to this one, and still in the other.

        In units of the spacing here a number has at most `precision` bits before the point, and all bits behind it:
        what `numpy.rint` rounds is exact, and so is the result, since it is scaled by a power of two. Zeros, infinities
        and NaN are what they were.
        """
        last = np.maximum(np.frexp(wide)[1] - 1, self.min_exponent) - (self.precision - 1)
        rounded: np.ndarray = np.ldexp(np.rint(np.ldexp(wide, -last)), last)
        beyond = np.abs(rounded) > scalar_of(wide.dtype, dyadic(self.largest_finite))
        return np.where(beyond, np.copysign(np.inf, wide), rounded)

    def hex(self, value: Any) -> str:
        """Return a value of the format as exact hexadecimal text, e.g. ``0x1.8p+1``; `from_hex` reads it.

        Raises
        ------
        ValueError
            If `value` is not a scalar or not a value of the format.
        """
        scalar = self._member(value)
        sign = "-" if np.signbit(scalar) else ""
        lifted = lift_number(scalar)
        if lifted is None:
            return sign + "inf" if abs(scalar) == np.inf else "nan"
        return sign + hex_digits(lifted)

    def from_hex(self, text: str) -> Any:
        """Return the scalar that `hex` wrote.

        Raises
        ------
        ValueError
            If the text is not such a number or the format does not hold it exactly.
        """
        if text == "nan" or (text in ("inf", "-inf") and self.has_infinity):
            return self.dtype.type(float(text))
        is_negative, number = parsed_hex(text)
        if not number[0]:
            return self.dtype.type(-0.0 if is_negative else 0.0)
        if not self.holds(number):
            raise ValueError(f"text must be a number of {self.name}, got {text!r}")
        return scalar_of(self.dtype, (-number[0] if is_negative else number[0], number[1]))


BY_DTYPE: dict[np.dtype[Any], FloatFormat] = {}
"""The formats by dtype, as `numdiff.floats.formats.FORMATS` holds them: what an array may be converted from."""
