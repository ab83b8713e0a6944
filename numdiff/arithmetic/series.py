"""The ufuncs on truncated power series of balls: automatic differentiation of any order.

A series c₀ + c₁t + c₂t² + … of a function at x + t has the coefficients cₖ = f⁽ᵏ⁾(x)/k!; where x is a
ball, each coefficient encloses that quotient at every point of the ball. FLINT's ``arb_series`` lacks
the hyperbolic functions and others; they are made of what it has, with the constant coefficient always
taken from the ball function itself, so that nothing cancels.

References
----------
Griewank & Walther 2008, Evaluating Derivatives, 2nd ed., chapter 13 (Taylor arithmetic).
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flint import arb, arb_series

from numdiff.arithmetic import ball_functions
from numdiff.arithmetic.ball import Undefined

Series = Any
_REAL = ball_functions.REAL


class Constant(arb_series):
    """A function that is known to be constant, not only up to the order of the series."""

    # python-flint 0.8 knows no subclass on the right of an operator; Python asks a subclass that has these first.
    def __radd__(self, left: Any) -> Series:
        return left + arb_series(self)

    def __rsub__(self, left: Any) -> Series:
        return left - arb_series(self)

    def __rmul__(self, left: Any) -> Series:
        return left * arb_series(self)

    def __rtruediv__(self, left: Any) -> Series:
        return left / arb_series(self)


_ONES: dict[int, Series] = {}
_SHORT = 12
"""Coefficients up to which one product takes less time than a look at each of them."""


def finite(series: Series) -> bool:
    """Say whether all coefficients are finite; a series without value at its point has others.

    The last coefficient of the product with 1 + t + t² + … is their sum, and Arb makes no finite sum of numbers that
    are not.
    """
    n = series.prec
    if not 0 < n <= _SHORT:
        return all(map(arb.is_finite, series.coeffs()))
    ones = _ONES.get(n)
    if ones is None:
        ones = _ONES[n] = arb_series([1] * n, prec=n)
    return bool((series * ones)[n - 1].is_finite())


def compare(left: Series, right: Series) -> float | None:
    """Order two functions near the point: decided only where their values differ.

    Where the values are equal, a comparison changes its answer nearby, and the function that it chooses
    for may have a kink. Two constants compare as numbers.
    """
    side = ball_functions.order(left[0], right[0])
    if side == 0 and not (type(left) is Constant and type(right) is Constant):
        return None
    return side


def value_order(left: Series, right: Series) -> float | None:
    """Order two functions by their values at the point."""
    return ball_functions.order(left[0], right[0])


def with_constant(series: Series, value: Any) -> Series:
    """Return the series with another constant coefficient."""
    return arb_series([value, *series.coeffs()[1:]])


def _lifted(name: str, derivative: Callable[[Series, Series], Series]) -> Callable[[Series], Series]:
    """Return F(s) as F(s₀) + ∫ F′(s) s′ dt, given the ball function F and (s, s′) → F′(s) s′."""
    value = _REAL[name]

    def function(series: Series) -> Series:
        tail = derivative(series, series.derivative()).integral()
        return with_constant(tail, value(series[0]))

    return function


def _replaced(name: str, function: Callable[[Series], Series]) -> Callable[[Series], Series]:
    """Return `function` with the constant coefficient of the ball function, which is sharper."""
    value = _REAL[name]
    return lambda series: with_constant(function(series), value(series[0]))


def _quotient(numerator: Series, denominator: Series) -> Series:
    # FLINT would divide out a common zero, and give sin(x)/x a value at 0 that it does not have.
    if denominator[0].contains(0):
        raise ZeroDivisionError
    return numerator / denominator


def _reciprocal(series: Series) -> Series:
    return _quotient(arb_series([1]), series)


def _square_root(series: Series) -> Series:
    if series[0].contains(0):
        raise ZeroDivisionError
    return series.sqrt()


def _inverse_root(series: Series) -> Series:
    if not series[0] > 0:
        raise ZeroDivisionError
    return series.rsqrt()


def _power(base: Series, exponent: Series) -> Series:
    fixed = type(exponent) is Constant
    n = ball_functions.exact_integer(exponent[0]) if fixed else None
    if n is not None:
        if n < 0 and base[0].contains(0):
            raise ZeroDivisionError
        return base**n
    if not base[0] > 0:
        raise ZeroDivisionError
    power = base ** exponent[0] if fixed else (exponent * base.log()).exp()
    return with_constant(power, base[0] ** exponent[0])


def _cube_root(series: Series) -> Series:
    if series[0] > 0:
        root = (series.log() / 3).exp()
    elif series[0] < 0:
        root = -((-series).log() / 3).exp()
    else:
        raise ZeroDivisionError
    return with_constant(root, _REAL["cbrt"](series[0]))


def _hyperbolic(series: Series) -> tuple[Series, Series]:
    """Return sinh and cosh at x + t from those of x and of t, where e^t and e^-t do not cancel."""
    sinh, cosh = series[0].sinh_cosh()
    grown = with_constant(series, arb(0)).exp()
    shrunk = with_constant(-series, arb(0)).exp()
    odd, even = (grown - shrunk) / 2, (grown + shrunk) / 2
    return even * sinh + odd * cosh, even * cosh + odd * sinh


def _arctan2(y: Series, x: Series) -> Series:
    value = _REAL["arctan2"](y[0], x[0])
    if not x[0] > 0 and y[0].contains(0):
        raise ZeroDivisionError
    slope = (x * y.derivative() - y * x.derivative()) * _reciprocal(x * x + y * y)
    return with_constant(slope.integral(), value)


def _hypot(x: Series, y: Series) -> Series:
    return _square_root(x * x + y * y)


def _absolute(series: Series) -> Series:
    return series * _sign(series)


def _sign(series: Series) -> Series:
    side = compare(series, arb_series([0]))
    if side is None:
        raise ZeroDivisionError
    return arb_series([int(side)])


def _maximum(left: Series, right: Series) -> Series:
    side = compare(left, right)
    if side is None:
        raise ZeroDivisionError
    return left if side > 0 else right


def _minimum(left: Series, right: Series) -> Series:
    return -_maximum(-left, -right)


def _scaled(factor: Callable[[], Any]) -> Callable[[Series], Series]:
    return lambda series: series * factor()


FUNCTIONS: Mapping[str, Callable[..., Series]] = MappingProxyType(
    {
        "add": lambda s, t: s + t,
        "subtract": lambda s, t: s - t,
        "multiply": lambda s, t: s * t,
        "divide": _quotient,
        "negative": lambda s: -s,
        "positive": lambda s: s,
        "conjugate": lambda s: s,
        "absolute": _absolute,
        "sign": _sign,
        "square": lambda s: s * s,
        "reciprocal": _reciprocal,
        "power": _power,
        "sqrt": _square_root,
        "cbrt": _cube_root,
        "exp": arb_series.exp,
        "exp2": _replaced("exp2", lambda s: (s * arb.const_log2()).exp()),
        "expm1": _replaced("expm1", arb_series.exp),
        "log": arb_series.log,
        "log2": _replaced("log2", lambda s: s.log() / arb.const_log2()),
        "log10": _replaced("log10", lambda s: s.log() / arb.const_log10()),
        "log1p": _replaced("log1p", lambda s: (s + 1).log()),
        "sin": arb_series.sin,
        "cos": arb_series.cos,
        "tan": arb_series.tan,
        "arcsin": _lifted("arcsin", lambda s, d: d * _inverse_root((1 - s) * (1 + s))),
        "arccos": _lifted("arccos", lambda s, d: -d * _inverse_root((1 - s) * (1 + s))),
        "arctan": arb_series.atan,
        "sinh": lambda s: _hyperbolic(s)[0],
        "cosh": lambda s: _hyperbolic(s)[1],
        "tanh": _lifted("tanh", lambda s, d: d * _reciprocal(_hyperbolic(s)[1]) ** 2),
        "arcsinh": _lifted("arcsinh", lambda s, d: d * _inverse_root(1 + s * s)),
        "arccosh": _lifted("arccosh", lambda s, d: d * _inverse_root((s - 1) * (s + 1))),
        "arctanh": _lifted("arctanh", lambda s, d: d * _reciprocal((1 - s) * (1 + s))),
        "arctan2": _arctan2,
        "hypot": _hypot,
        "maximum": _maximum,
        "minimum": _minimum,
        "deg2rad": _scaled(lambda: arb.pi() / 180),
        "rad2deg": _scaled(lambda: 180 / arb.pi()),
    }
)


def derivative_of(series: Series, order: int) -> Any:
    """Return order!·c_order, the derivative of that order."""
    if series.prec <= order:
        return Undefined.UNDECIDED
    return series[order] * math.factorial(order)
