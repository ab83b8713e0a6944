"""The ufuncs on Arb balls, real and complex, and their derivatives."""

import math
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from flint import acb, arb, ctx, fmpz

from numdiff.arithmetic.engine import ARITHMETIC

Real = Any
Complex = Any


def order(left: Real, right: Real) -> float | None:
    """Return -1, 0 or 1 where it is certain for all numbers of two balls, None where it is not."""
    if left < right:
        return -1.0
    if left > right:
        return 1.0
    return 0.0 if left == right else None


def rounded_up(ball: Real) -> float:
    """Return a double that is not below the magnitude of any number of a ball."""
    upper = ball.abs_upper()
    if not upper.is_finite():
        return math.inf
    value = float(upper)
    if value < math.inf and arb(value) < upper:
        return math.nextafter(value, math.inf)
    return value


_LONGEST_INTEGER = 1 << 16
"""Bits of an exponent beyond which no power is a number of any format."""


def exact_integer(x: Real) -> int | None:
    """Return the integer that a ball is, None if it is anything else or too long to be of use."""
    if x.is_exact() and x.is_integer() and abs(x) < _power_of_two(_LONGEST_INTEGER):
        return int(x.unique_fmpz())
    return None


def integral(x: Real) -> bool | None:
    """Say whether a ball is an integer; undecided if it holds one among others."""
    if x.is_exact():
        return x.is_integer()
    return None if x.contains_integer() else False


def _power(base: Real, exponent: Real) -> Real:
    result = base**exponent
    if result.is_finite():
        return result
    # FLINT takes the logarithm of a ball around 0 even for a positive integer exponent.
    n = exact_integer(exponent)
    if n is None or not 0 < n <= 1 << 20:
        return result
    return _repeated_product(base, n)


def _repeated_product(base: Any, n: int) -> Any:
    result = base
    for bit in f"{n:b}"[1:]:
        result = result * result
        if bit == "1":
            result = result * base
    return result


def _cube_root(x: Real) -> Real:
    # NumPy's cube root is real for negative numbers. It increases, so the ends of the ball enclose it.
    if x > 0:
        return x.root(3)
    if x < 0:
        return -(-x).root(3)
    lower, upper = x.lower(), x.upper()
    below = -(-lower).root(3) if lower < 0 else arb(0)
    above = upper.root(3) if upper > 0 else arb(0)
    return below.union(above) if x.rad() > 0 else arb(0)


def _hypotenuse(x: Real, y: Real) -> Real:
    # Rounding may push the sum of two squares of balls around 0 below it.
    total = (x * x + y * y).nonnegative_part()
    return total.sqrt()


REAL: Mapping[str, Callable[..., Real]] = MappingProxyType(
    {
        **ARITHMETIC,
        "negative": operator.neg,
        "conjugate": lambda x: x,
        "absolute": abs,
        "sign": arb.sgn,
        "power": _power,
        "sqrt": arb.sqrt,
        "cbrt": _cube_root,
        "exp": arb.exp,
        "exp2": lambda x: arb(2) ** x,
        "expm1": arb.expm1,
        "log": arb.log,
        "log2": lambda x: x.log_base(2),
        "log10": lambda x: x.log_base(10),
        "log1p": arb.log1p,
        "sin": arb.sin,
        "cos": arb.cos,
        "tan": arb.tan,
        "arcsin": arb.asin,
        "arccos": arb.acos,
        "arctan": arb.atan,
        "sinh": arb.sinh,
        "cosh": arb.cosh,
        "tanh": arb.tanh,
        "arcsinh": arb.asinh,
        "arccosh": arb.acosh,
        "arctanh": arb.atanh,
        "arctan2": arb.atan2,
        "hypot": _hypotenuse,
        "maximum": arb.max,
        "minimum": arb.min,
        "deg2rad": lambda x: x * arb.pi() / 180,
        "rad2deg": lambda x: x * 180 / arb.pi(),
    }
)


def _complex_power(base: Complex, exponent: Complex) -> Complex:
    result = base**exponent
    if result.is_finite() or not exponent.imag.is_zero():
        return result
    n = exact_integer(exponent.real)
    if n is None or not 0 < n <= 1 << 20:
        return result
    return _repeated_product(base, n)


COMPLEX: Mapping[str, Callable[..., Complex]] = MappingProxyType(
    {
        **ARITHMETIC,
        "negative": operator.neg,
        "power": _complex_power,
        "sqrt": acb.sqrt,
        "exp": acb.exp,
        "exp2": lambda z: acb(2) ** z,
        "expm1": acb.expm1,
        "log": acb.log,
        "log2": lambda z: z.log() / arb.const_log2(),
        "log10": lambda z: z.log() / arb.const_log10(),
        "log1p": acb.log1p,
        "sin": acb.sin,
        "cos": acb.cos,
        "tan": acb.tan,
        "arcsin": acb.asin,
        "arccos": acb.acos,
        "arctan": acb.atan,
        "sinh": acb.sinh,
        "cosh": acb.cosh,
        "tanh": acb.tanh,
        "arcsinh": acb.asinh,
        "arccosh": acb.acosh,
        "arctanh": acb.atanh,
    }
)


def complex_order(left: Complex, right: Complex) -> float | None:
    """Order two real numbers; otherwise return 0 for equal, NaN for different, None where that is open."""
    if left.imag.is_zero() and right.imag.is_zero():
        return order(left.real, right.real)
    if left == right:
        return 0.0
    return None if left.overlaps(right) else float("nan")


@lru_cache(maxsize=4096)
def _power_of_two(exponent: int) -> Real:
    return arb((1, exponent))


def exact(mantissa: int, exponent: int) -> Real:
    """Return mantissa·2**exponent as an exact ball, whatever the precision is."""
    if mantissa.bit_length() <= ctx.prec:
        # The product is exact too, and takes a third of the time of the pair.
        return arb(mantissa) * _power_of_two(exponent)
    return arb((fmpz(mantissa), fmpz(exponent)))


def _inverse_root(x: Real) -> Real:
    return x.rsqrt()


SLOPES: Mapping[str, Callable[[Real], Real]] = MappingProxyType(
    {
        "exp": arb.exp,
        "exp2": lambda x: REAL["exp2"](x) * arb.const_log2(),
        "expm1": arb.exp,
        "log": lambda x: 1 / x,
        "log2": lambda x: 1 / (x * arb.const_log2()),
        "log10": lambda x: 1 / (x * arb.const_log10()),
        "log1p": lambda x: 1 / (1 + x),
        "cbrt": lambda x: 1 / (3 * REAL["cbrt"](x) ** 2),
        "sqrt": lambda x: x.rsqrt() / 2,
        "sin": arb.cos,
        "cos": arb.sin,
        "tan": lambda x: x.sec() ** 2,
        "arcsin": lambda x: _inverse_root((1 - x) * (1 + x)),
        "arccos": lambda x: _inverse_root((1 - x) * (1 + x)),
        "arctan": lambda x: 1 / (1 + x**2),
        "sinh": arb.cosh,
        "cosh": arb.sinh,
        "tanh": lambda x: x.sech() ** 2,
        "arcsinh": lambda x: _inverse_root(1 + x**2),
        "arccosh": lambda x: _inverse_root((x - 1) * (x + 1)),
        "arctanh": lambda x: 1 / ((1 - x) * (1 + x)),
        "deg2rad": lambda x: arb.pi() / 180,
        "rad2deg": lambda x: 180 / arb.pi(),
    }
)
"""|g′| by name of the ufunc, up to the sign, for the mean value theorem: not finite where a ball reaches the edge of
the domain or a pole."""
