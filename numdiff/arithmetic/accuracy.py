r"""How accurate the elementary functions of NumPy are: one limit per format and function, in ulp.

A limit L says that for every argument of the format the computed ŷ of the exact y = g(x) satisfies

    |ŷ − y| ≤ L·ulp(|y|(1 + 2Lu)),

ulp(v) being the spacing of the format in the binade of v and never less than the smallest subnormal number. The
factor allows for a ŷ that has crossed into the next binade, where the library counts its units.

**Proved.** ``+ − × ÷ sqrt square reciprocal`` are rounded to nearest in IEEE 754 arithmetic: ½. The 16-bit formats
compute them in float32 and round again, which is the same (24 ≥ 2·11 + 2 bits; Figueroa). Moving, choosing and
changing the sign is exact: 0. ``deg2rad`` is one product with a rounded constant c = fl(π/180): |x||c − π/180| ≤
u·|y| ≤ ½·2 ulp(y), plus ½ for the product, 3/2 with second-order terms below 2.

**Derived from float32.** The functions of float16, of bfloat16 and of what else ml_dtypes has are computed in float32
and rounded once, so they err by half a unit of the narrow format of p bits and L₃₂ units of float32, each 2⁻⁽²⁴⁻ᵖ⁾ of
the narrow one: ½ + 2⁻⁽²⁴⁻ᵖ⁾L₃₂. Where NumPy uses the half-precision instructions (feature AVX512_SPR) it promises one
more unit in float16: its test suite compares all 65,536 arguments. That unit is part of the limit on every machine,
so that a bound of one machine holds on the others.

The limits themselves are a column of the table of formats, `numdiff.floats.formats.Limits`.

**Held against the worst that was found.** No library proves its functions in float32, float64 and float80. The limits
are rounded up from the largest errors found (beside them in the table) with NumPy 2.4 and glibc 2.36 on x86-64, in
NumPy's variants for AVX-512, for AVX2 and without either. In float32 NumPy's own functions were compared at all
2³² arguments: exp, log, sin, cos and tanh (the same for AVX-512 and AVX2), and the others that it has for AVX-512;
so were exp, log, tanh and arctan of glibc (0.502, 0.818, 2.189, 0.853), the rest of it at every argument of a magnitude
from 2⁻¹⁴ to 2¹⁰. Elsewhere and in the wider formats the arguments were random, dense near zeros, extrema and the ends
of domains. The errors of glibc alone agree with the largest known
ones. Functions that are the C library's on some machines keep a margin for other C libraries. The tests repeat a
part of the search, and ``tests/arithmetic/accuracy_search.py`` all of it.

The logarithm of float32 needs its limit near log 1 = 0 only; where its value is large, a smaller one holds.

**Correctly rounded.** The functions of `numdiff.arithmetic.rounded` err by half a unit, in every format and on every
machine: ½, proved.

There is no limit for ``logaddexp`` and ``logaddexp2``, whose error near a result of 0 has none in ulp; for
``copysign``, since exact numbers do not know the sign of a computed zero; and none for complex arguments: the real
limits do not hold there, for a part of the result may cancel.

References
----------
IEEE Std 754-2019, sections 5.4.1 and 9.2.
S. A. Figueroa, When is double rounding innocuous?, ACM SIGNUM Newsletter 30 (1995) 21-26, theorems for + − × ÷ √.
P. Zimmermann, Accuracy of mathematical functions in single, double, extended double and quadruple precision,
preprint hal-03141101 (2021): the largest known errors of several libraries, in float32 over all arguments.
NumPy 2.4, ``_core/tests/test_umath_accuracy.py``, test_validate_fp16_transcendentals.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from numdiff.arithmetic.numpy_functions import FUNCTIONS, ufuncs_used
from numdiff.arithmetic.pieces import PIECES, QUOTIENTS
from numdiff.arithmetic.rounded import Rounded
from numdiff.arithmetic.special_accuracy import with_limit
from numdiff.arithmetic.special_names import SPECIAL
from numdiff.floats.formats import FORMATS, FloatFormat, Limits

EXACT = frozenset({"negative", "positive", "absolute", "conjugate", "sign", "maximum", "minimum", *PIECES})
"""Ufuncs whose result is one of the numbers that went in, or its negative, or −1, 0, 1, or an integer next to it."""
CORRECTLY_ROUNDED = frozenset({"add", "subtract", "multiply", "divide", "sqrt", "square", "reciprocal", *QUOTIENTS})
"""Ufuncs whose result is the number of the format next to the exact one. The remainder of C is exact; where its sign is
not that of the divisor, NumPy adds the divisor, rounded once."""


WITHOUT = frozenset({"logaddexp", "logaddexp2", "copysign"})
"""Ufuncs that have no limit in any format, although there is an exact evaluation."""

Arithmetic = Literal["platform", "rounded"]
"""Whose elementary functions they are: NumPy's on this machine, or the correctly rounded ones."""


def arithmetic_of(f: Callable[[Any], Any]) -> Arithmetic:
    """Return whose elementary functions a callable uses: those of `Rounded` are correctly rounded."""
    return "rounded" if isinstance(f, Rounded) else "platform"


def smaller_limits_of(fmt: FloatFormat, arithmetic: Arithmetic = "platform") -> dict[str, list[tuple[int, Fraction]]]:
    """Return by ufunc the limits of a format that hold for large values only: (k, limit) where |y| ≥ 2ᵏ, k ascending.

    Parameters
    ----------
    fmt : FloatFormat
    arithmetic : {"platform", "rounded"}
        Whose elementary functions.
    """
    found: dict[str, list[tuple[int, Fraction]]] = {}
    for name, k, limit in fmt.limits.large if arithmetic == "platform" else ():
        found.setdefault(name, []).append((k, Fraction(limit)))
    return found


@cache
def limits_of(fmt: FloatFormat, arithmetic: Arithmetic = "platform") -> Mapping[str, Fraction]:
    """Return the limits of a format in ulp, by name of the ufunc; what is missing has none.

    Parameters
    ----------
    fmt : FloatFormat
    arithmetic : {"platform", "rounded"}
        Whose elementary functions.
    """
    if arithmetic == "rounded":
        nearest = dict.fromkeys(FUNCTIONS, Fraction(1, 2))
        return MappingProxyType(nearest | dict.fromkeys(EXACT, Fraction(0)))
    rounded = dict.fromkeys(EXACT, Fraction(0)) | dict.fromkeys(CORRECTLY_ROUNDED, Fraction(1, 2))
    if not fmt.limits.through:
        return MappingProxyType(_found(fmt.limits) | rounded)
    wide = FORMATS[fmt.limits.through]
    last, unit = Fraction(1, 2) + fmt.limits.extra, wide.unit_roundoff / fmt.unit_roundoff
    narrow = {function: last + unit * limit for function, limit in _found(wide.limits).items()}
    return MappingProxyType(narrow | rounded)


def _found(limits: Limits) -> dict[str, Fraction]:
    """Return the limits that were searched for, by function."""
    others = FUNCTIONS - EXACT - CORRECTLY_ROUNDED if limits.rest else frozenset()
    found = dict.fromkeys(others, Fraction(limits.rest or 0))
    for limit, names in limits.found:
        found |= dict.fromkeys(names.split(), Fraction(limit))
    return found


def without_limit(
    f: Callable[[Any], Any],
    fmt: FloatFormat,
    arithmetic: Arithmetic | None = None,
    used: frozenset[str] | None = None,
) -> frozenset[str]:
    """Return the ufuncs that a callable uses and that have no limit in the format.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function.
    fmt : FloatFormat
    arithmetic : {"platform", "rounded"}, optional
        Whose elementary functions are reckoned with; by default those that f uses.
    used : frozenset of str, optional
        The names of the ufuncs of f, where they are known.

    Returns
    -------
    frozenset of str
        Empty where every rounding of f can be bounded.

    Raises
    ------
    TypeError
        If f uses a ufunc that has no exact evaluation, or an exact array in a way that is refused.
    """
    return (ufuncs_used(f) if used is None else used) & _unlimited(fmt, arithmetic or arithmetic_of(f))


@cache
def _unlimited(fmt: FloatFormat, arithmetic: Arithmetic) -> frozenset[str]:
    """Return all ufuncs that have no limit in a format."""
    limited = limits_of(fmt, arithmetic).keys() | with_limit(fmt, rounded=arithmetic == "rounded")
    return frozenset((FUNCTIONS | WITHOUT | SPECIAL) - limited)
