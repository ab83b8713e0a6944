"""What a function of the unseen set is: code that is measured, an exact twin, the derivative, and its points.

A formula is written once, as ``formula(x, m)`` with a namespace m. `NUMPY` computes it in the format of x. `EXACT`
computes it with 50 decimal digits, for a number of `CONTEXT` or for a dual number, whose second part is the derivative
by the chain rule: no difference is involved. A Python float in a formula means its binary value in both.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import scipy.special

__all__ = ["CONTEXT", "EXACT", "NUMPY", "POINTS", "Dual", "Unseen", "chain_rule", "formula", "summed"]

CONTEXT = mpmath.mp.clone()
"""A context of its own, so that no other code changes its digits."""
CONTEXT.dps = 50

POINTS = 100
"""Points a function."""


class Dual:
    """A number and its derivative by x: (a, a′)·(b, b′) = (a·b, a′·b + a·b′), and so on."""

    __slots__ = ("slope", "value")

    def __init__(self, value: Any, slope: Any = 0) -> None:
        self.value, self.slope = CONTEXT.mpf(value), CONTEXT.mpf(slope)

    def __add__(self, other: Any) -> "Dual":
        other = dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __neg__(self) -> "Dual":
        return Dual(-self.value, -self.slope)

    def __sub__(self, other: Any) -> "Dual":
        return self + -dual(other)

    def __rsub__(self, other: Any) -> "Dual":
        return dual(other) + -self

    def __mul__(self, other: Any) -> "Dual":
        other = dual(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __truediv__(self, other: Any) -> "Dual":
        other = dual(other)
        quotient = self.value / other.value
        return Dual(quotient, (self.slope - quotient * other.slope) / other.value)

    def __rtruediv__(self, other: Any) -> "Dual":
        return dual(other) / self

    def __pow__(self, power: int | float) -> "Dual":
        power = CONTEXT.mpf(power)
        return Dual(self.value**power, power * self.value ** (power - 1) * self.slope)

    def __rpow__(self, base: float) -> "Dual":
        value = CONTEXT.mpf(base) ** self.value
        return Dual(value, value * CONTEXT.log(base) * self.slope)

    def __abs__(self) -> "Dual":
        return -self if self.value < 0 else self

    def __lt__(self, other: Any) -> bool:
        return self.value < dual(other).value

    def __gt__(self, other: Any) -> bool:
        return self.value > dual(other).value

    def __le__(self, other: Any) -> bool:
        return self.value <= dual(other).value

    def __ge__(self, other: Any) -> bool:
        return self.value >= dual(other).value

    __radd__, __rmul__ = __add__, __mul__


def dual(number: Any) -> Dual:
    """Return a number as a constant, a dual number as it is."""
    return number if isinstance(number, Dual) else Dual(number)


def _table() -> dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]:
    c = CONTEXT
    return {
        "exp": (c.exp, c.exp),
        "expm1": (c.expm1, c.exp),
        "log": (c.log, lambda v: 1 / v),
        "log1p": (c.log1p, lambda v: 1 / (1 + v)),
        "log10": (lambda v: c.log(v) / c.log(10), lambda v: 1 / (v * c.log(10))),
        "sqrt": (c.sqrt, lambda v: 1 / (2 * c.sqrt(v))),
        "sin": (c.sin, c.cos),
        "cos": (c.cos, lambda v: -c.sin(v)),
        "tan": (c.tan, lambda v: c.sec(v) ** 2),
        "sinh": (c.sinh, c.cosh),
        "cosh": (c.cosh, c.sinh),
        "tanh": (c.tanh, lambda v: c.sech(v) ** 2),
        "arctan": (c.atan, lambda v: 1 / (1 + v * v)),
        "arccos": (c.acos, lambda v: -1 / c.sqrt(1 - v * v)),
        "arcsinh": (c.asinh, lambda v: 1 / c.sqrt(1 + v * v)),
        "ndtr": (c.ncdf, c.npdf),
        "gammaln": (c.loggamma, c.digamma),
    }


class _Exact:
    """The functions of NumPy that formulas use, for exact numbers and dual numbers."""

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        value, slope = _table()[name]

        def function(x: Any) -> Any:
            if isinstance(x, Dual):
                return Dual(value(x.value), slope(x.value) * x.slope)
            return value(CONTEXT.mpf(x))

        setattr(self, name, function)
        return function

    def where(self, condition: bool, a: Any, b: Any) -> Any:
        return a if condition else b

    def maximum(self, a: Any, b: Any) -> Any:
        return a if a > b else b

    def minimum(self, a: Any, b: Any) -> Any:
        return a if a < b else b

    def clip(self, x: Any, low: float, high: float) -> Any:
        return self.minimum(self.maximum(x, low), high)


class _Numpy:
    """NumPy with the special functions that formulas use."""

    ndtr, gammaln = staticmethod(scipy.special.ndtr), staticmethod(scipy.special.gammaln)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


EXACT, NUMPY = _Exact(), _Numpy()


def summed(terms: Any) -> Any:
    """Return the sum from left to right."""
    first, *rest = terms
    for term in rest:
        first = first + term
    return first


def chain_rule(computed: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    """Return the derivative of a formula, as a function of an exact number."""
    return lambda x: dual(computed(Dual(x, 1), EXACT)).slope


@dataclass(frozen=True)
class Unseen:
    """One function.

    Attributes
    ----------
    name, source : str
    f : callable
        From an array of one dimension to an array of the same shape and dtype.
    derivative, twin : callable
        f′ and f, from a number of `CONTEXT` to a number of `CONTEXT`.
    domain : (float, float)
        An open interval.
    span : (float, float)
        Where points are drawn; with an offset: the range of their distance from it.
    kind : str
        What it is like: smooth, pole (near a pole or a singular end), flat, narrow, kinked, noisy, solver, rounded.
    is_log : bool
        Whether points are uniform on the logarithmic scale.
    offset, sign : float
        A point is offset + sign·(number in span).
    formats : tuple of str
        The formats that make sense.
    noise : float
        Relative size of the error of f beyond rounding in the last place; 0 if there is none.
    noise_size : float
        Absolute size of such an error, where it does not shrink with f.
    reach : float
        The neighbours of the yardstick are x·(1 + δ) with |δ| at most this; smaller where features are narrower.
    yardstick_points : int
        Points at which the best centered difference is measured: fewer where f or its truth takes long.
    """

    name: str
    source: str
    f: Callable[[np.ndarray], np.ndarray]
    derivative: Callable[[Any], Any]
    twin: Callable[[Any], Any]
    domain: tuple[float, float]
    span: tuple[float, float]
    kind: str = "smooth"
    is_log: bool = False
    offset: float = 0.0
    sign: float = 1.0
    formats: tuple[str, ...] = ("float64", "float80")
    noise: float = 0.0
    noise_size: float = 0.0
    reach: float = 2.0**-6
    yardstick_points: int = POINTS

    def generator(self) -> np.random.Generator:
        """Return a generator whose seed is the name."""
        return np.random.default_rng(zlib.crc32(self.name.encode()))

    def points(self, dtype: Any = np.float64, size: int = POINTS) -> np.ndarray:
        """Return the points in a format: those of float64, rounded; the same ones at every call."""
        uniform = self.generator().random(size)
        low, high = self.span
        distance = low * (high / low) ** uniform if self.is_log else low + (high - low) * uniform
        x = (self.offset + self.sign * distance).astype(dtype)
        return x[(x > self.domain[0]) & (x < self.domain[1])]


def formula(computed: Callable[[Any, Any], Any], name: str, source: str, domain: Any, span: Any, **more: Any) -> Unseen:
    """Return the function that a formula is; the derivative comes from the chain rule unless it is given."""
    return Unseen(
        name=name,
        source=source,
        f=lambda x: computed(x, NUMPY),
        derivative=more.pop("derivative", chain_rule(computed)),
        twin=more.pop("twin", lambda x: computed(CONTEXT.mpf(x), EXACT)),
        domain=domain,
        span=span,
        **more,
    )
