"""The values of elementary functions that are 0, infinite, NaN or given by an infinite argument.

They are exact by definition, so no enclosure is asked for them.

References
----------
IEEE Std 754-2019, section 9.2.1: special values of the elementary functions.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.domains import diagnose

Number: TypeAlias = Any
"""A number of a format: a Python float, or a longdouble where that is wider."""

_ODD = frozenset(
    {
        "sin", "tan", "arcsin", "arctan", "sinh", "tanh", "arcsinh", "arctanh", "cbrt", "expm1", "log1p", "deg2rad",
        "rad2deg",
    }
)  # fmt: skip
"""f(±0) = ±0. (expm1 and log1p are not odd, but have this in common with those that are.)"""
_ZERO_AT_ONE = frozenset({"log", "log2", "log10", "arccos", "arccosh"})
AT_INFINITY: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "exp": (0.0, math.inf), "exp2": (0.0, math.inf), "expm1": (-1.0, math.inf), "log": (math.nan, math.inf),
        "log2": (math.nan, math.inf), "log10": (math.nan, math.inf), "log1p": (math.nan, math.inf),
        "sin": (math.nan, math.nan), "cos": (math.nan, math.nan), "tan": (math.nan, math.nan),
        "arcsin": (math.nan, math.nan), "arccos": (math.nan, math.nan), "arctanh": (math.nan, math.nan),
        "sinh": (-math.inf, math.inf), "cosh": (math.inf, math.inf), "tanh": (-1.0, 1.0),
        "arcsinh": (-math.inf, math.inf), "arccosh": (math.nan, math.inf), "cbrt": (-math.inf, math.inf),
        "deg2rad": (-math.inf, math.inf), "rad2deg": (-math.inf, math.inf),
    }
)  # fmt: skip
"""Values at −∞ and at +∞; arctan is not here, because its values are not exact."""


class _Numbers:
    """What `domains` needs to know about floating-point numbers."""

    @staticmethod
    def order(left: Number, right: int) -> float:
        return float(left > right) - float(left < right)

    @staticmethod
    def integral(value: Number) -> bool:
        return bool(value == np.floor(value))


def is_odd_integer(y: Number) -> bool:
    """Say whether a finite number is an odd integer, however large."""
    numerator, denominator = y.as_integer_ratio()
    return denominator == 1 and bool(numerator & 1)


def _power_limit(x: Number, y: Number) -> float | None:
    if y == 0 or x == 1:
        return 1.0
    if x != x or y != y:
        return math.nan
    if abs(y) == math.inf:
        return 1.0 if abs(x) == 1 else math.inf if (abs(x) > 1) == (y > 0) else 0.0
    if x != 0 and abs(x) != math.inf:
        return None
    size = math.inf if (x != 0) == (y > 0) else 0.0
    return math.copysign(size, x) if is_odd_integer(y) else size


def _hypot_limit(x: Number, y: Number) -> float | None:
    if math.inf in (abs(x), abs(y)):
        return math.inf
    if x != x or y != y:
        return math.nan
    return 0.0 if x == y == 0 else None


def _arctan2_limit(y: Number, x: Number) -> float | None:
    if x != x or y != y:
        return math.nan
    if y == 0 or (x == math.inf and abs(y) != math.inf):
        return None if math.copysign(1.0, x) < 0 else math.copysign(0.0, y)
    return None


def _logaddexp_limit(a: Number, b: Number) -> Number | None:
    if a != a or b != b:
        return math.nan
    if math.inf in (a, b):
        return math.inf
    if -math.inf in (a, b):
        return max(a, b) + 0.0  # the logarithm of exp(-0) is +0
    return None


_LIMITS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "power": _power_limit, "hypot": _hypot_limit, "arctan2": _arctan2_limit,
        "logaddexp": _logaddexp_limit, "logaddexp2": _logaddexp_limit,
    }
)  # fmt: skip


def special_value(name: str, arguments: tuple[Number, ...]) -> Number | None:
    """Return a value that is 0, infinite, NaN or given by an infinite argument; None where it is an ordinary number.

    Parameters
    ----------
    name : str
        Of a ufunc that `correct_rounding` knows.
    arguments : tuple of float or longdouble
    """
    x = arguments[0]
    if name in _LIMITS:
        found = _LIMITS[name](*arguments)
        if found is not None:
            return found
    elif x != x:
        return math.nan
    elif abs(x) == math.inf:
        return AT_INFINITY[name][int(x > 0)] if name in AT_INFINITY else None
    elif x == 0 and name in _ODD:
        return math.copysign(0.0, x)
    elif x == 1 and name in _ZERO_AT_ONE:
        return 0.0
    reason = diagnose(_Numbers(), name, arguments)
    if reason is Undefined.DOMAIN:
        return math.nan
    if reason is Undefined.POLE:  # the logarithms and arctanh: those of power are limits
        return math.copysign(math.inf, x) if name == "arctanh" else -math.inf
    return None
