"""Piecewise constant functions and remainders on balls and on power series."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flint import arb, arb_series

from numdiff.arithmetic.ball_functions import exact
from numdiff.arithmetic.pieces import PIECES, QUOTIENTS, jumps_between, remainder
from numdiff.arithmetic.series import Constant
from numdiff.floats.formats import Dyadic

Real = Any
Series = Any

NOWHERE: Real = arb("nan")
_FAR = 1 << 17
"""Exponents beyond those of all formats and of all their products."""


def _dyadic(x: Real) -> Dyadic:
    """Return an exact ball as a dyadic number."""
    mantissa, exponent = x.man_exp()
    if exponent > _FAR:
        raise OverflowError
    return int(mantissa), int(exponent)


def _ends(x: Real) -> tuple[Dyadic, Dyadic]:
    return _dyadic(x.lower()), _dyadic(x.upper())


def piece(name: str, x: Real) -> int | None:
    """Return the one value of a function over a ball; None where it jumps within the ball."""
    low, high = map(PIECES[name], _ends(x))
    return low if low == high else None


def _value(name: str) -> Callable[[Real], Real]:
    def function(x: Real) -> Real:
        if not x.is_finite():
            return NOWHERE
        low, high = map(PIECES[name], _ends(x))
        return arb(low) if low == high else arb(low).union(arb(high))

    return function


def _remainder(name: str) -> Callable[[Real, Real], Real]:
    quotient = _value(QUOTIENTS[name])

    def function(x: Real, y: Real) -> Real:
        if x.is_exact() and y.is_exact():
            return exact(*remainder(name, _dyadic(x), _dyadic(y)))
        return x - y * quotient(x / y)

    return function


BALL_PIECES: Mapping[str, Callable[..., Real]] = MappingProxyType(
    {name: _value(name) for name in PIECES} | {name: _remainder(name) for name in QUOTIENTS}
)
"""The functions on balls."""


def _smooth_piece(name: str, x: Real) -> Real:
    low, high = _ends(x)
    if jumps_between(name, low, high):
        raise ZeroDivisionError
    return arb(PIECES[name](low))


def _constant_series(name: str) -> Callable[[Series], Series]:
    def function(series: Series) -> Series:
        if type(series) is Constant:
            return Constant([BALL_PIECES[name](series[0])])
        return arb_series([_smooth_piece(name, series[0])])

    return function


def _remainder_series(name: str) -> Callable[[Series, Series], Series]:
    def function(x: Series, y: Series) -> Series:
        if type(x) is Constant and type(y) is Constant:
            return Constant([BALL_PIECES[name](x[0], y[0])])
        if y[0].contains(0):
            raise ZeroDivisionError
        return x - _smooth_piece(QUOTIENTS[name], x[0] / y[0]) * y

    return function


SERIES_PIECES: Mapping[str, Callable[..., Series]] = MappingProxyType(
    {name: _constant_series(name) for name in PIECES} | {name: _remainder_series(name) for name in QUOTIENTS}
)
"""The functions on power series: a jump at the point is no number."""
