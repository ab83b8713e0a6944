"""Correctly rounded elementary functions: the number of a format that is nearest to the exact value.

An argument is evaluated in Arb at rising precision until both ends of the enclosure round to one number of the
format (Ziv's strategy). That ends, because the exact value is never half-way between two numbers, except

- where it is dyadic: powers xʸ where y = n/2ᵏ and x is the 2ᵏ-th power of a dyadic number, and logaddexp2(a, a) =
  a + 1, which are computed exactly; exp2 of integers, which Arb knows exactly; and hypot of Pythagorean numbers, where
  Arb's square root is exact as soon as the sum of squares is. (A cube root that needs p + 1 bits has a cube that needs
  3p, so it is no tie.);
- where it is 0, ±∞ or NaN: these are in `special_values`.

All other values are irrational, or small integers (log2 and log10 of powers of their base): roots that are not
dyadic; multiples of π; exp, log, the trigonometric and hyperbolic functions with their inverses, and log(eᵃ + eᵇ),
which are transcendental at all dyadic arguments but those named (Lindemann and Weierstrass); log2 and log10 of other
numbers, by unique factorisation; and log2(2ᵃ + 2ᵇ) with a ≠ b, because powers of 2 with distinct fractional parts of
the exponent are linearly independent over the rationals.

Most values need none of that: see `_quickly`. A wider format of the machine, and how far its functions may be off,
decide there only whether Arb is asked, never what is returned.

References
----------
A. Ziv, Fast evaluation of elementary mathematical functions with correctly rounded last bit, ACM Trans. Math.
Softw. 17 (1991) 410-423.
"""

import math
import platform
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from flint import arb

from numdiff.arithmetic.ball_functions import REAL, exact
from numdiff.arithmetic.balls import working
from numdiff.arithmetic.dispatch import EXACT_LOCK
from numdiff.arithmetic.special_values import AT_INFINITY, Number, is_odd_integer, special_value
from numdiff.floats.dyadic import dyadic_sum, dyadic_to_fraction, normalised, round_ratio
from numdiff.floats.formats import FORMATS, Dyadic, FloatFormat

GUARD = 20
"""Bits beyond those of the format with which the evaluation starts: one value in some 10⁵ needs more."""
LAST_PRECISION = 1 << 18
"""Bits at which the search is given up. arctan2 is the worst: at y/x half-way between two subnormal numbers of
float80 it differs from y/x by the factor 1 − 2⁻³²⁸⁹²."""
_FAR = 1 << 16
"""exp and 2ᵗ overflow every format beyond this argument, and underflow beyond its negative."""
_MOST_KEPT = 1 << 17
"""Values that are kept for one function and format."""

_EXPONENTIAL = frozenset({"exp", "exp2", "expm1", "sinh", "cosh", "tanh"})


def _logaddexp(a: Any, b: Any) -> Any:
    high, low = (a, b) if a > b else (b, a)
    return high + (low - high).max(arb(-_FAR)).exp().log1p()


def _logaddexp2(a: Any, b: Any) -> Any:
    high, low = (a, b) if a > b else (b, a)
    return high + (arb(2) ** (low - high).max(arb(-_FAR))).log1p() / arb.const_log2()


ENCLOSURES: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        **{name: REAL[name] for name in (*AT_INFINITY, "arctan", "arctan2", "hypot", "power")},
        "logaddexp": _logaddexp,
        "logaddexp2": _logaddexp2,
    }
)
"""The elementary functions by the name of their ufunc, on Arb balls."""


# --- values ---------------------------------------------------------------------------------------------


class _Case(NamedTuple):
    """One value to be found: ±name(*operands), with exact operands."""

    name: str
    operands: tuple[Dyadic, ...]
    negative: bool


def _lifted(x: Number) -> Dyadic:
    numerator, denominator = x.as_integer_ratio()
    return normalised(numerator, 1 - denominator.bit_length())


def _case(name: str, arguments: tuple[Number, ...]) -> _Case:
    """Reduce arguments to finite ones in the range that the enclosures are made for, by symmetry and monotony."""
    x, *others = arguments
    negative = False
    if name == "power":
        negative = bool(x < 0) and is_odd_integer(others[0])
        x = abs(x)
    elif name == "arctan2":
        negative = math.copysign(1.0, x) < 0
        x, other = abs(x), others[0]
        if math.inf in (x, abs(other)) or x == 0:  # along an axis or a diagonal only the direction counts
            infinite = math.inf in (x, abs(other))
            x = float(x == math.inf)
            other = math.copysign(float(not infinite or abs(other) == math.inf), other)
        others = [other]
    elif name == "arctan" and abs(x) == math.inf:
        return _Case("arctan2", ((1, 0), (0, 0)), bool(x < 0))
    elif name in _EXPONENTIAL:  # beyond, the function is monotone and rounds to what it does there
        x = min(max(x, -float(_FAR)), float(_FAR))
    return _Case(name, tuple(map(_lifted, (x, *others))), negative)


def exact_value(name: str, operands: tuple[Dyadic, ...], bits: int) -> Dyadic | None:
    """Return the value of power or logaddexp2 if it is a dyadic number of at most `bits` bits, else None.

    Parameters
    ----------
    name : str
    operands : tuple of Dyadic
        That of `power` is positive.
    bits : int
        Of the odd part of the value. A tie has one more than the format.
    """
    if name == "logaddexp2" and operands[0] == operands[1]:
        return dyadic_sum(operands[0], (1, 0))
    if name != "power":
        return None
    (mantissa, exponent), (n, k) = operands
    for _ in range(-k):
        root = math.isqrt(mantissa)
        if root * root != mantissa or exponent & 1:
            return None
        mantissa, exponent = root, exponent // 2
    n <<= max(k, 0)
    if mantissa == 1:
        return 1, min(max(exponent * n, -2 * _FAR), 2 * _FAR)  # beyond the range of every format
    if n < 0 or (mantissa.bit_length() - 1) * n >= bits:
        return None
    return mantissa**n, exponent * n


def _rounded(fmt: FloatFormat, mantissa: int, exponent: int) -> Dyadic:
    """Round m·2**e to the format; all that overflows is one number, ±2**(largest exponent + 1)."""
    # Scaled by 2**-e: the integers stay small, whatever the range of the format is.
    m, e = round_ratio(mantissa, 1, fmt.precision, fmt.min_exponent - exponent)
    e += exponent
    if m and fmt.overflows((m, e)):
        return (1 if m > 0 else -1), fmt.max_exponent + 1
    return (m, e) if m else (0, 0)


def _number(fmt: FloatFormat, pair: Dyadic, negative: bool) -> Number:
    """Return ±|m|·2**e as a number of the format, which holds it; zero and what overflowed have a sign too."""
    mantissa, exponent = abs(pair[0]), pair[1]
    size: Any = 0.0
    if exponent > fmt.max_exponent:
        size = math.inf
    elif mantissa and fmt.precision <= 53:
        size = math.ldexp(mantissa, exponent)
    elif mantissa:
        size = fmt.round(dyadic_to_fraction((mantissa, exponent)))
    return -size if negative else size


def settled(fmt: FloatFormat, ball: Any) -> tuple[Dyadic, bool] | None:
    """Return the one number that all of a ball rounds to, or None.

    Parameters
    ----------
    fmt : FloatFormat
    ball : arb
        Of a value that is not 0, so that a ball around 0 settles nothing.

    Returns
    -------
    (Dyadic, bool) or None
        The rounded number, and whether the value is negative, which a number that is rounded to 0 does not say.
    """
    if not ball.is_finite():
        return None
    (low, low_exponent), (high, high_exponent) = ball.lower().man_exp(), ball.upper().man_exp()
    if not (low > 0 or high < 0):
        return None
    below = _rounded(fmt, int(low), int(low_exponent))
    if not ball.is_exact() and below != _rounded(fmt, int(high), int(high_exponent)):
        return None
    return below, bool(low < 0)


def _attempt(fmt: FloatFormat, case: _Case) -> Number | None:
    """Return the value if the current precision settles it."""
    operands = [exact(*operand) for operand in case.operands]
    if case.name == "power":
        logarithm = operands[1] * operands[0].log_base(2)
        if abs(logarithm) > _FAR:
            return _number(fmt, (1, fmt.max_exponent + 1) if logarithm > 0 else (0, 0), case.negative)
    found = settled(fmt, ENCLOSURES[case.name](*operands))
    return None if found is None else _number(fmt, found[0], found[1] != case.negative)


def _solve(fmt: FloatFormat, cases: dict[Any, _Case]) -> dict[Any, Number]:
    """Return the values of cases, raising the precision for those that are not settled."""
    found: dict[Any, Number] = {}
    precision = fmt.precision + GUARD
    while cases:
        if precision > LAST_PRECISION:
            case = next(iter(cases.values()))
            raise ArithmeticError(f"np.{case.name} at {case.operands} is a tie that is not known to be one")
        with working(precision):
            found |= {key: value for key, case in cases.items() if (value := _attempt(fmt, case)) is not None}
        cases = {key: case for key, case in cases.items() if key not in found}
        precision *= 2
    return found


def nearest_values(name: str, fmt: FloatFormat, arguments: Mapping[Any, tuple[Number, ...]]) -> dict[Any, Number]:
    """Return the correctly rounded values of a function at some arguments.

    Parameters
    ----------
    name : str
        A key of `ENCLOSURES`.
    fmt : FloatFormat
    arguments : mapping of key to tuple of float or longdouble
        Numbers of the format.

    Returns
    -------
    dict
        By the same keys, numbers of the format: nearest, ties to even, gradual underflow, overflow to ±inf.

    Raises
    ------
    ArithmeticError
        If a value is not settled at `LAST_PRECISION`, which the module's docstring rules out.
    """
    found: dict[Any, Number] = {}
    cases: dict[Any, _Case] = {}
    for key, numbers in arguments.items():
        special = special_value(name, numbers)
        if special is not None:
            found[key] = special
            continue
        case = _case(name, numbers)
        dyadic = exact_value(case.name, case.operands, fmt.precision + 1)
        if dyadic is None:
            cases[key] = case
        else:
            found[key] = _number(fmt, _rounded(fmt, *dyadic), case.negative != (dyadic[0] < 0))
    return found | _solve(fmt, cases)


# --- arrays -----------------------------------------------------------------------------------------------

_KNOWN: dict[tuple[str, str], dict[Any, Number]] = {}
"""Values that were found, by function and format; guarded by `EXACT_LOCK`."""


def correctly_rounded(name: str, fmt: FloatFormat, operands: Sequence[np.ndarray]) -> np.ndarray:
    """Apply an elementary function to arrays of a format, each value rounded once from the exact one.

    Parameters
    ----------
    name : str
        A key of `ENCLOSURES`: the name of a ufunc.
    fmt : FloatFormat
    operands : sequence of ndarray, all of one shape, of the dtype of `fmt`

    Returns
    -------
    ndarray
        Of that shape and dtype. No floating-point warning is raised.
    """
    flat = [np.ravel(np.asarray(operand)) for operand in operands]  # plain: views have rules of their own
    result, is_settled = _quickly(name, fmt, flat)
    if not is_settled.all():
        rest = ~is_settled
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
    largest number, zeros and what is not finite are left to Arb, and so is whatever lies next to a tie: one value in
    2¹⁸ (float32), 2³³ (bfloat16) or 32 (float64).
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
        is_settled = (low == high) & is_inside & (np.abs(s) >= 2 ** (p - 1))
        return np.ldexp(low, exponent - p).astype(fmt.dtype), is_settled


_CANCELLING = frozenset({"logaddexp", "logaddexp2"})
"""Functions whose computed values have no limit in ulps."""


def _slowly(name: str, fmt: FloatFormat, flat: Sequence[np.ndarray]) -> np.ndarray:
    """Return values one by one, from enclosures; those that were found before are remembered."""
    wide = fmt.precision > 53
    with np.errstate(all="ignore"):
        columns = [list(column) if wide else column.astype(np.float64).tolist() for column in flat]
        plain = np.logical_and.reduce([np.isfinite(column) & (column != 0) for column in flat])
    arguments = list(zip(*columns, strict=True))
    keys: list[Any] = list(zip(*map(fmt.lift_array, flat), strict=True)) if wide else list(arguments)
    for i in np.flatnonzero(~plain).tolist():
        keys[i] = repr(arguments[i])  # as keys, -0.0 is 0.0 and NaN is not NaN
    with EXACT_LOCK:
        known = _KNOWN.setdefault((name, fmt.name), {})
        if len(known) > _MOST_KEPT:
            known.clear()
        missing = {key: numbers for key, numbers in zip(keys, arguments, strict=True) if key not in known}
        if missing:
            known.update(nearest_values(name, fmt, missing))
        values = [known[key] for key in keys]
    result = np.empty(len(values), dtype=fmt.dtype if wide else np.float64)
    for i, value in enumerate(values):
        result[i] = value
    with np.errstate(all="ignore"):
        return result.astype(fmt.dtype)
