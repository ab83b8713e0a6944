"""Functions with a kink, a joint, a gap or an end at c, and their one-sided derivatives there, written by hand.

A truth is a function of c in mpmath, or the reason why there is no derivative: "jump" (f is not continuous at c from
that side), "pole" (the derivative is infinite), "domain" (f has no values there), "unknown" (no series is known).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np

MP: Any = mpmath.MPContext()
MP.prec = 600
F = Callable[[Any], Any]


class Case(NamedTuple):
    """f for a joint c, and f′ from the right and from the left of it; `both` only where it does not follow."""

    f: Callable[[float], F]
    right: Any
    left: Any
    both: str = ""


def _guarded(quotient: F, value: float) -> Callable[[float], F]:
    return lambda c: lambda x: np.where(x == 0, value, quotient(x))


def _safe(numerator: F, value: float) -> Callable[[float], F]:
    """The trick: a denominator that is never 0, in the branch that is not taken."""
    return lambda c: lambda x: np.where(x == 0, value, numerator(x) / np.where(x == 0, 1.0, x))


def _plain(f: F) -> Callable[[float], F]:
    return lambda c: f


def _nan_guard(x: Any) -> Any:
    y = np.expm1(x) / x
    return np.where(np.isnan(y), 1.0, y)


ZERO = lambda c: 0
ONE = lambda c: 1
MINUS = lambda c: -1
HALF = lambda c: MP.mpf(1) / 2

AT_ZERO: dict[str, Case] = {
    "abs": Case(_plain(np.abs), ONE, MINUS),
    "fabs": Case(_plain(np.fabs), ONE, MINUS),
    "relu": Case(_plain(lambda x: np.maximum(x, 0.0)), ONE, ZERO),
    "relu by where": Case(_plain(lambda x: np.where(x > 0, x, 0.0)), ONE, ZERO),
    "relu by a product": Case(_plain(lambda x: x * (x > 0)), ONE, ZERO),
    "leaky relu": Case(_plain(lambda x: np.where(x >= 0, x, 0.125 * x)), ONE, lambda c: MP.mpf(1) / 8),
    "minimum": Case(_plain(lambda x: np.minimum(3 * x, x)), ONE, lambda c: 3),
    "fmax": Case(_plain(lambda x: np.fmax(x, -x)), ONE, MINUS),
    "clip": Case(_plain(lambda x: np.clip(x, 0.0, 1.0)), ONE, ZERO),
    "x|x|": Case(_plain(lambda x: x * np.abs(x)), ZERO, ZERO),
    "|x|**3": Case(_plain(lambda x: np.abs(x) ** 3), ZERO, ZERO),
    "|x|**1.5": Case(_plain(lambda x: np.abs(x) ** 1.5), ZERO, ZERO),
    "|x|**0.5": Case(_plain(lambda x: np.abs(x) ** 0.5), "pole", "pole"),
    "|x|**1.1": Case(_plain(lambda x: np.abs(x) ** 1.1), ZERO, ZERO),
    "relu**2": Case(_plain(lambda x: np.maximum(x, 0.0) ** 2), ZERO, ZERO),
    "x**2 with its sign": Case(_plain(lambda x: np.where(x > 0, x**2, -(x**2))), ZERO, ZERO),
    "sign(x) x": Case(_plain(lambda x: np.sign(x) * x), ONE, MINUS),
    "copysign": Case(_plain(lambda x: np.copysign(x**2, x)), ZERO, ZERO),
    "sqrt(x**2)": Case(_plain(lambda x: np.sqrt(x**2)), ONE, MINUS),
    "sqrt(x**4)": Case(_plain(lambda x: np.sqrt(x**4)), ZERO, ZERO),
    "sqrt(x**2 + x**4)": Case(_plain(lambda x: np.sqrt(x**2 + x**4)), ONE, MINUS),
    "hypot": Case(_plain(lambda x: np.hypot(x, x)), lambda c: MP.sqrt(2), lambda c: -MP.sqrt(2)),
    "arccos(cos)": Case(_plain(lambda x: np.arccos(np.cos(x))), ONE, MINUS),
    "arcsin(cos)": Case(_plain(lambda x: np.arcsin(np.cos(x))), MINUS, ONE),
    "arccosh(cosh)": Case(_plain(lambda x: np.arccosh(np.cosh(x))), ONE, MINUS),
    "cbrt": Case(_plain(np.cbrt), "pole", "pole"),
    "cbrt(x**3)": Case(_plain(lambda x: np.cbrt(x**3)), ONE, ONE),
    "cbrt(x) x": Case(_plain(lambda x: np.cbrt(x) * x), ZERO, ZERO),
    "|sin|": Case(_plain(lambda x: np.abs(np.sin(x))), ONE, MINUS),
    "|sin|**3 exp": Case(_plain(lambda x: np.abs(np.sin(x)) ** 3 * np.exp(x)), ZERO, ZERO),
    "exp|x|": Case(_plain(lambda x: np.exp(np.abs(x))), ONE, MINUS),
    "cos sqrt|x|": Case(_plain(lambda x: np.cos(np.sqrt(np.abs(x)))), lambda c: -MP.mpf(1) / 2, HALF),
    "x**1.5": Case(_plain(lambda x: x**1.5), ZERO, "domain"),
    "x**4.5": Case(_plain(lambda x: x**4.5), ZERO, "domain"),
    "sqrt": Case(_plain(np.sqrt), "pole", "domain"),
    "sqrt cubed": Case(_plain(lambda x: np.sqrt(x) ** 3), ZERO, "domain"),
    "sqrt squared": Case(_plain(lambda x: np.sqrt(x) ** 2), ONE, "domain"),
    "x sqrt(-x)": Case(_plain(lambda x: x * np.sqrt(-x)), "domain", ZERO),
    "sin(sqrt)**2": Case(_plain(lambda x: np.sin(np.sqrt(x)) ** 2), ONE, "domain"),
    "x sqrt(sin)": Case(_plain(lambda x: x * np.sqrt(np.sin(x))), ZERO, "domain"),
    "sinc": Case(_guarded(lambda x: np.sin(x) / x, 1.0), ZERO, ZERO),
    "sinc, safe": Case(_safe(np.sin, 1.0), ZERO, ZERO),
    "expm1(x)/x": Case(_guarded(lambda x: np.expm1(x) / x, 1.0), HALF, HALF),
    "expm1(x)/x, safe": Case(_safe(np.expm1, 1.0), HALF, HALF),
    "expm1(x)/x, isnan": Case(_plain(_nan_guard), HALF, HALF),
    "(exp(x) - 1)/x": Case(_safe(lambda x: np.exp(x) - 1, 1.0), HALF, HALF),
    "log1p(x)/x": Case(_safe(np.log1p, 1.0), lambda c: -MP.mpf(1) / 2, lambda c: -MP.mpf(1) / 2),
    "(1 - cos)/x**2": Case(_guarded(lambda x: (1 - np.cos(x)) / x**2, 0.5), ZERO, ZERO),
    "tan(x)/x, select": Case(_plain(lambda x: np.select([x == 0, x != 0], [1.0, np.tan(x) / x])), ZERO, ZERO),
    "x/expm1": Case(_guarded(lambda x: x / np.expm1(x), 1.0), lambda c: -MP.mpf(1) / 2, lambda c: -MP.mpf(1) / 2),
    "(tan - sin)/x**2": Case(_guarded(lambda x: (np.tan(x) - np.sin(x)) / x**2, 0.0), HALF, HALF),
    "1/x - 1/tan": Case(
        _guarded(lambda x: 1 / x - 1 / np.tan(x), 0.0), lambda c: MP.mpf(1) / 3, lambda c: MP.mpf(1) / 3
    ),
    "gap with another value": Case(_guarded(lambda x: np.sin(x) / x, 0.0), "jump", "jump"),
    "reciprocal with a value": Case(_guarded(lambda x: 1 / x, 0.0), "jump", "jump"),
    "exp(-1/x)": Case(_plain(lambda x: np.where(x > 0, np.exp(-1 / np.where(x > 0, x, 1.0)), 0.0)), ZERO, ZERO),
    "exp(-1/x**2)": Case(_guarded(lambda x: np.exp(-1 / x**2), 0.0), ZERO, ZERO),
    "x**2 sin(1/x)": Case(_guarded(lambda x: x**2 * np.sin(1 / x), 0.0), ZERO, ZERO),
    "x sin(1/x)": Case(_guarded(lambda x: x * np.sin(1 / x), 0.0), "unknown", "unknown"),
    "x arctan(1/x)": Case(_guarded(lambda x: x * np.arctan(1 / x), 0.0), lambda c: MP.pi / 2, lambda c: -MP.pi / 2),
    "x tanh(1/x)": Case(_guarded(lambda x: x * np.tanh(1 / x), 0.0), ONE, MINUS),
    "x**2 log|x|": Case(_guarded(lambda x: x**2 * np.log(np.abs(x)), 0.0), ZERO, ZERO),
    "x log x": Case(_guarded(lambda x: x * np.log(x), 0.0), "unknown", "domain"),
    "elu": Case(_plain(lambda x: np.where(x > 0, x, np.exp(x) - 1)), ONE, ONE),
    "elu of another scale": Case(_plain(lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))), ONE, HALF),
    "sign": Case(_plain(np.sign), "jump", "jump"),
    "sign(x**2)": Case(_plain(lambda x: np.sign(x**2)), "jump", "jump"),
    "heaviside 1": Case(_plain(lambda x: np.heaviside(x, 1.0)), ZERO, "jump"),
    "heaviside 0": Case(_plain(lambda x: np.heaviside(x, 0.0)), "jump", ZERO),
    "heaviside 1/2": Case(_plain(lambda x: np.heaviside(x, 0.5)), "jump", "jump"),
    "step of x": Case(_plain(lambda x: np.where(x >= 0, x + 1, x)), ONE, "jump"),
    "max of equals": Case(_plain(lambda x: np.maximum(np.sin(x), np.sin(x))), ONE, ONE),
    "max of x**3 and x**2": Case(_plain(lambda x: np.maximum(x**3, x**2)), ZERO, ZERO),
    "max of exp and its tangent": Case(_plain(lambda x: np.maximum(np.exp(x), 1 + x)), ONE, ONE),
    "sign of a difference": Case(_plain(lambda x: x * np.sign(np.sin(x) - x)), MINUS, ONE),
    "arctan2": Case(_plain(lambda x: np.arctan2(x, x**2)), "jump", "jump"),
    "sqrt(-x**2)": Case(_plain(lambda x: np.sqrt(-(x**2))), "domain", "domain"),
    "degrees": Case(_plain(lambda x: np.abs(np.rad2deg(x))), lambda c: 180 / MP.pi, lambda c: -180 / MP.pi),
    "float_power": Case(_plain(lambda x: np.float_power(np.abs(x), 2.5)), ZERO, ZERO),
    "logical": Case(_plain(lambda x: np.where((x > 0) & (x < 1), 2 * x, x)), lambda c: 2, ONE),
}
"""At c = 0."""

AT_JOINT: dict[str, Case] = {
    "abs": Case(lambda c: lambda x: np.abs(x - c), ONE, MINUS),
    "x|x| + sin": Case(lambda c: lambda x: (x - c) * np.abs(x - c) + np.sin(x), MP.cos, MP.cos),
    "relu**2 exp": Case(lambda c: lambda x: np.maximum(x - c, 0.0) ** 2 * np.exp(x), ZERO, ZERO),
    "relu exp": Case(lambda c: lambda x: np.maximum(x - c, 0.0) * np.exp(x), MP.exp, ZERO),
    "relu**2 + exp(sin)": Case(
        lambda c: lambda x: np.maximum(x - c, 0.0) ** 2 + np.exp(np.sin(x)),
        lambda c: MP.cos(c) * MP.exp(MP.sin(c)),
        lambda c: MP.cos(c) * MP.exp(MP.sin(c)),
    ),
    "relu + tanh": Case(
        lambda c: lambda x: np.maximum(x - c, 0.0) + np.tanh(x),
        lambda c: 1 + MP.sech(c) ** 2,
        lambda c: MP.sech(c) ** 2,
    ),
    "|x - c|**1.5 + sigmoid": Case(
        lambda c: lambda x: np.abs(x - c) ** 1.5 + 1 / (1 + np.exp(-x)),
        lambda c: MP.exp(-c) / (1 + MP.exp(-c)) ** 2,
        lambda c: MP.exp(-c) / (1 + MP.exp(-c)) ** 2,
    ),
    "huber": Case(
        lambda c: lambda x: np.where(np.abs(x) <= c, x**2 / 2, c * (np.abs(x) - c / 2)), lambda c: c, lambda c: c
    ),
    "exp and its tangent": Case(
        lambda c: lambda x: np.where(x > c, np.exp(np.full_like(x, c)) * (1 + (x - c)), np.exp(x)), MP.exp, MP.exp
    ),
    "exp and a line": Case(
        lambda c: lambda x: np.where(x > c, np.exp(np.full_like(x, c)) + (x - c), np.exp(x)), ONE, MP.exp
    ),
    "sin and a parabola": Case(
        lambda c: lambda x: np.where(x < c, np.sin(x), np.sin(x) + 3 * (x - c) ** 2), MP.cos, MP.cos
    ),
    "three pieces": Case(
        lambda c: lambda x: np.select([x < c, x < c + 1], [x**2, c * (2 * x - c)], 0.0),
        lambda c: 2 * c,
        lambda c: 2 * c,
    ),
    "value that is missing": Case(
        lambda c: lambda x: np.where(x == c, 2 * c, (x - c) * (x + c) / np.where(x == c, 1.0, x - c)), ONE, ONE
    ),
    "value that is wrong": Case(lambda c: lambda x: np.where(x == c, 5.0, np.sin(x)), "jump", "jump"),
    "value of the right": Case(lambda c: lambda x: np.where(x >= c, np.exp(x), np.sin(x)), MP.exp, "jump"),
    "clip": Case(lambda c: lambda x: np.clip(np.sin(x), -1.0, np.sin(np.full_like(x, c))), ZERO, MP.cos),
    "power of another branch": Case(
        lambda c: lambda x: np.where(x > c, (x - c) ** 2.5, (c - x) ** 3) + np.log(x), lambda c: 1 / c, lambda c: 1 / c
    ),
    "one-sided root": Case(lambda c: lambda x: (x - c) ** 1.5 + x, ONE, "domain"),
    "slopes of another closed form": Case(
        lambda c: lambda x: np.where(x > c, (x - c) * np.sin(x) ** 2, (x - c) * (1 - np.cos(x) ** 2)),
        lambda c: MP.sin(c) ** 2,
        lambda c: MP.sin(c) ** 2,
        "unproved",
    ),
    "not the same closed form": Case(
        lambda c: lambda x: np.where(x > c, np.sin(x) ** 2, 1 - np.cos(x) ** 2),
        "unproved",
        lambda c: 2 * MP.sin(c) * MP.cos(c),
        "unproved",
    ),
}
"""At a c that is a number of the format, near 0.7."""


def expected(case: Case, side: int) -> Any:
    """Return the truth for a formula that looks to the right (1), to the left (−1) or to both sides (0)."""
    if side:
        return case.right if side > 0 else case.left
    if case.both:
        return case.both
    missing = [truth for truth in (case.right, case.left) if isinstance(truth, str)]
    order = ("jump", "domain", "unknown", "pole")
    return min(missing, key=order.index) if missing else case.right
