"""Correctly rounded elementary functions: the number of a format that is nearest to the exact value.

MPFR computes them in the precision and the range of the format, subnormal numbers included, with the special values of
C99, which are those of NumPy (IEEE 754-2019, section 9.2.1). For four functions that it does not have, Arb encloses
the value at rising precision until both ends of the enclosure round to one number (Ziv's strategy). That ends, because
the exact value is never half-way between two numbers. Multiples of π are irrational, and log(eᵃ + eᵇ) is
transcendental (Lindemann and Weierstrass). log2(2ᵃ + 2ᵇ) is irrational for a ≠ b, because powers of 2 with distinct
fractional parts of the exponent are linearly independent over the rationals; a = b gives a + 1, which is exact.

Most values need none of that: see `_quickly`. A wider format of the machine, and how far its functions may be off,
decide there only whether MPFR or Arb is asked, never what is returned.

References
----------
L. Fousse, G. Hanrot, V. Lefèvre, P. Pélissier and P. Zimmermann, MPFR: a multiple-precision binary floating-point
library with correct rounding, ACM Trans. Math. Softw. 33 (2007) 13.
A. Ziv, Fast evaluation of elementary mathematical functions with correctly rounded last bit, ACM Trans. Math.
Softw. 17 (1991) 410-423.
"""

import math
import platform
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

import gmpy2
import numpy as np
from flint import arb

from numdiff.arithmetic.ball_functions import REAL, exact
from numdiff.arithmetic.balls import working
from numdiff.floats.dyadic import Dyadic, dyadic_sum, lift_numbers
from numdiff.floats.formats import FORMATS, FloatFormat

_MPFR: Mapping[str, str] = MappingProxyType(
    {name: name for name in ("cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "hypot")}
    | {name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}
    | {f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")}
    | {"power": "pow"}
)
"""The functions of MPFR by the name of the ufunc."""

_FAR = 1 << 16
"""exp and 2ᵗ underflow below every format at the negative of this argument."""


def _logaddexp(a: Any, b: Any) -> Any:
    high, low = (a, b) if a > b else (b, a)
    return high + (low - high).max(arb(-_FAR)).exp().log1p()


def _logaddexp2(a: Any, b: Any) -> Any:
    high, low = (a, b) if a > b else (b, a)
    return high + (arb(2) ** (low - high).max(arb(-_FAR))).log1p() / arb.const_log2()


_ENCLOSURES: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"deg2rad": REAL["deg2rad"], "rad2deg": REAL["rad2deg"], "logaddexp": _logaddexp, "logaddexp2": _logaddexp2}
)
"""The functions that MPFR does not have, on Arb balls."""

FUNCTIONS = frozenset({*_MPFR, *_ENCLOSURES})
"""The ufuncs that have a correctly rounded version."""


def correctly_rounded(name: str, fmt: FloatFormat, operands: Sequence[np.ndarray]) -> np.ndarray:
    """Apply an elementary function to arrays of a format, each value rounded once from the exact one.

    Parameters
    ----------
    name : str
        One of `FUNCTIONS`: the name of a ufunc.
    fmt : FloatFormat
    operands : sequence of ndarray, all of one shape, of the dtype of `fmt`

    Returns
    -------
    ndarray
        Of that shape and dtype: nearest, ties to even, gradual underflow, overflow to ±inf (NaN where the format has
        no infinity). No floating-point warning is raised.

    Raises
    ------
    ArithmeticError
        If a value is not decided at `LAST_PRECISION` bits, which the module's docstring rules out.
    """
    flat = [np.ravel(np.asarray(operand)) for operand in operands]  # plain: views have rules of their own
    result, is_decided = _quickly(name, fmt, flat)
    if not is_decided.all():
        rest = ~is_decided
        result[rest] = _slowly(name, fmt, [column[rest] for column in flat])
    return result.reshape(operands[0].shape)


_MARGINS = {"float64": 1 << 10, "float80": 1 << 5}
"""Units in the last place by which a function of a wider format may be off, beyond doubt: the worst that are known are
below 4 (`numdiff.arithmetic.accuracy`)."""


@cache
def _wider(name: str) -> FloatFormat | None:
    """Return the format in which the functions are computed first; None where there is none that is known well enough.

    The elementary functions of longdouble are those of the C library, and some libraries compute them as doubles.
    """
    if FORMATS[name].precision <= 24:
        return FORMATS["float64"]
    is_known = name == "float64" and platform.libc_ver()[0] == "glibc"
    return FORMATS.get("float80") if is_known else None


def _quickly(name: str, fmt: FloatFormat, flat: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return values that a wider format settles, and where it does.

    With the precisions p and P of both, a value of the wider one is s·2ᵏ with 2ᵖ⁻¹ ≤ |s| < 2ᵖ. Its functions are off
    by at most M of its ulps, which are 2ᵖ⁻ᴾ of these units. If s − M·2ᵖ⁻ᴾ and s + M·2ᵖ⁻ᴾ round to one integer, the
    exact value does, and that integer is the significand of the nearest number. Subnormal results, those next to the
    largest number, zeros and what is not finite are left to the others, and so is whatever lies next to a tie: one
    value in 2¹⁸ (float32), 2³³ (bfloat16) or 32 (float64).
    """
    empty = np.empty(flat[0].shape, fmt.dtype)
    wide = None if name in _CANCELLING else _wider(fmt.name)
    if wide is None:
        return empty, np.zeros(empty.shape, bool)
    p, margin = fmt.precision, np.ldexp(wide.dtype.type(_MARGINS[wide.name]), fmt.precision - wide.precision)
    with np.errstate(all="ignore"):
        w = getattr(np, name)(*(column.astype(wide.dtype) for column in flat))
        fraction, exponent = np.frexp(w)
        s = np.ldexp(fraction, p)
        low, high = np.rint(s - margin), np.rint(s + margin)
        is_inside = (exponent > fmt.min_exponent + 1) & (exponent < fmt.max_exponent) & np.isfinite(w)
        is_decided = (low == high) & is_inside & (np.abs(s) >= 2 ** (p - 1))
        return np.ldexp(low, exponent - p).astype(fmt.dtype), is_decided


_CANCELLING = frozenset({"logaddexp", "logaddexp2"})
"""Functions whose computed values have no limit in ulps."""


def _slowly(name: str, fmt: FloatFormat, flat: Sequence[np.ndarray]) -> np.ndarray:
    """Return values one by one, whatever they are."""
    return (_by_mpfr if name in _MPFR else _by_enclosures)(name, fmt, flat)


# --- MPFR -----------------------------------------------------------------------------------------------


@cache
def _context_of(fmt: FloatFormat) -> Any:
    """Return a context of MPFR that rounds once to a format, subnormal numbers included.

    MPFR's significands lie in [½, 1), also that of the smallest subnormal number, 2 to min_exponent − precision + 1.
    """
    lowest = fmt.min_exponent - fmt.precision + 2
    return gmpy2.context(precision=fmt.precision, emin=lowest, emax=fmt.max_exponent + 1, subnormalize=True)


def _scaled(context: Any, mantissa: int, exponent: int) -> Any:
    """Return m·2**e, rounded once by a context."""
    return context.mul_2exp(mantissa, exponent) if exponent >= 0 else context.div_2exp(mantissa, -exponent)


def _by_mpfr(name: str, fmt: FloatFormat, flat: Sequence[np.ndarray]) -> np.ndarray:
    context = _context_of(fmt)
    return _array_of(list(map(getattr(context, _MPFR[name]), *(_operands(column, context) for column in flat))), fmt)


def _operands(column: np.ndarray, context: Any) -> list[Any]:
    """Return the elements of an array as numbers that gmpy2 takes exactly."""
    if column.dtype.itemsize <= 8:
        return _doubles(column).tolist()
    pairs = zip(_doubles(column).tolist(), lift_numbers(column), strict=True)
    return [_scaled(context, *pair) if pair and pair[0] else double for double, pair in pairs]


def _doubles(column: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return column.astype(np.float64)


def _array_of(found: Sequence[Any], fmt: FloatFormat) -> np.ndarray:
    """Return numbers of MPFR, rounded to a format, as an array of it."""
    result = np.fromiter(map(float, found), np.float64, len(found))
    result[np.isnan(result)] = math.nan  # one pattern for all, without a sign
    if fmt.reserved:  # MPFR takes what the largest significands stand for as numbers
        result[np.abs(result) > float(fmt.largest_finite)] *= math.inf
    with np.errstate(all="ignore"):
        result = result.astype(fmt.dtype)
    if fmt.precision > 53:
        ordinary = [i for i, value in enumerate(found) if gmpy2.is_finite(value) and not gmpy2.is_zero(value)]
        pairs = [found[i].as_mantissa_exp() for i in ordinary]
        sizes = np.array([abs(int(mantissa)) for mantissa, _ in pairs], np.uint64).astype(fmt.dtype)
        sizes = np.ldexp(sizes, np.array([int(exponent) for _, exponent in pairs], np.intc))
        result[ordinary] = np.copysign(sizes, result[ordinary])
    return result


# --- enclosures -----------------------------------------------------------------------------------------

GUARD = 20
"""Bits beyond those of the format with which an enclosure starts: one value in some 10⁵ needs more."""
LAST_PRECISION = 1 << 18
"""Bits at which the search is given up."""


def _by_enclosures(name: str, fmt: FloatFormat, flat: Sequence[np.ndarray]) -> np.ndarray:
    lifted = list(zip(*map(lift_numbers, flat), strict=True))
    cases = {i: operands for i, operands in enumerate(lifted) if all(operands) and operands != ((0, 0),)}
    # What is left: zero, infinity and NaN, which go through as they are, or the larger of two numbers.
    with np.errstate(all="ignore"):
        result = np.maximum(*flat) + fmt.dtype.type(0) if len(flat) == 2 else flat[0].copy()
    result[np.isnan(result)] = math.nan
    values = _decided(name, _context_of(fmt), cases)
    result[list(values)] = _array_of(list(values.values()), fmt)
    return result


def _decided(name: str, context: Any, cases: Mapping[int, Sequence[Dyadic]]) -> dict[int, Any]:
    """Return the values of cases, raising the precision for those that are not decided."""
    found = {}
    if name == "logaddexp2":
        found = {i: _scaled(context, *dyadic_sum(a, (1, 0))) for i, (a, b) in cases.items() if a == b}
    precision = context.precision + GUARD
    while left := {i: operands for i, operands in cases.items() if i not in found}:
        if precision > LAST_PRECISION:
            raise ArithmeticError(f"np.{name} at {next(iter(left.values()))} is a tie that is not known to be one")
        with working(precision):
            balls = {i: _ENCLOSURES[name](*(exact(*operand) for operand in operands)) for i, operands in left.items()}
            found |= {i: value for i, ball in balls.items() if (value := _rounded(context, ball)) is not None}
        precision *= 2
    return found


def _rounded(context: Any, ball: Any) -> Any:
    """Return the one number that all of a ball rounds to; None if there is none, or the ball contains 0."""
    if not ball.is_finite() or not (ball > 0 or ball < 0):
        return None
    low, high = (_scaled(context, *map(int, end.man_exp())) for end in (ball.lower(), ball.upper()))
    return low if low == high else None
