"""The derivatives of the elementary functions on Arb balls, for the mean value theorem.

Where a ball reaches the edge of the domain or a pole, the result is not finite.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flint import arb

from numdiff.arithmetic.ball_functions import REAL

Real = Any


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
"""|g′| by name of the ufunc, up to the sign."""
