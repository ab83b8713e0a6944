"""The ufuncs on germs: what series of balls do not decide at a kink, a joint or the end of a domain is decided here.

Where a function is analytic at the limit of its argument, its Taylor coefficients are those of
`numdiff.arithmetic.series`. Elsewhere its behaviour is written down: roots and powers of germs that tend to 0, the
logarithm there, exp, tanh and arctan of germs that tend to infinity, inverse functions at the end of their domain, and
the functions that choose: abs, sign, maximum, floor and their kin.

The inverse functions follow from 1 − cos θ = 2 sin²(θ/2) and cosh θ − 1 = 2 sinh²(θ/2):

    arccos(y) = 2 arcsin(√((1 − y)/2)),  arcsin(y) = π/2 − arccos(y),  arccosh(y) = 2 arcsinh(√((y − 1)/2)).

References
----------
NIST Digital Library of Mathematical Functions, equations 4.21.10 and 4.35.9 (half angles).
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Any

from numdiff.arithmetic import series
from numdiff.arithmetic.closed_forms import Number, Undecidable
from numdiff.arithmetic.engine import Engine
from numdiff.arithmetic.germs import Germ, Side
from numdiff.floats.formats import dyadic_to_fraction

FAILURES = (Undecidable, ZeroDivisionError, ValueError)
_LARGEST_EXPONENT = 64
_HALF = Fraction(1, 2)


class Unsupported(TypeError):
    """The callable uses something that has no germs."""


def _unsupported(name: str) -> TypeError:
    return Unsupported(f"np.{name} has no germs")


def analytic(side: Side, name: str, germ: Germ) -> Germ:
    """Return F(g) where F is analytic at the limit of g, from the Taylor coefficients of F there."""
    at, rest = side.split(germ)
    length = side.powers_needed(rest) + 1
    return side.composed(side.field.taylor(name, series.FUNCTIONS[name], at, length), rest)


def _only_analytic(side: Side, name: str, *operands: Germ) -> Germ:
    if len(operands) != 1:
        raise Undecidable
    return analytic(side, name, *operands)


# --- powers ---------------------------------------------------------------------------------------------


def _number_power(base: Number, r: Fraction) -> Number:
    """Return baseʳ of a number that is not 0; positive, unless r is an integer.

    An irrational power has the closed form exp(r·log(base)), that of a power with a variable exponent.
    """
    if r.denominator == 1 and abs(r) <= _LARGEST_EXPONENT:
        result = base.field.rational(Fraction(1))
        for _ in range(abs(int(r))):
            result = result * base
        return result if r >= 0 else result.inverse()
    field = base.field
    if r == _HALF and base.ball.sqrt().is_exact():
        return field.atom("root", base.ball.sqrt())
    logarithm = field.taylor("log", series.FUNCTIONS["log"], base, 1)[0]
    return field.taylor("exp", series.FUNCTIONS["exp"], logarithm.scaled(r), 1)[0]


def _power(side: Side, base: Germ, exponent: Germ) -> Germ:
    number = side.number(0) if exponent.order == math.inf else exponent.constant
    r = None if number is None else number.rational
    if r is None:
        return analytic(side, "exp", side.multiply(exponent, analytic(side, "log", base)))
    if r.denominator == 1 and 0 <= r <= _LARGEST_EXPONENT:
        result = side.constant(1)
        for bit in f"{int(r):b}":
            result = side.multiply(result, result)
            result = side.multiply(result, base) if bit == "1" else result
        return result
    return _real_power(side, r, base)


def _real_power(side: Side, r: Fraction, base: Germ) -> Germ:
    if r > 0 and base.order == math.inf:
        return base  # 0
    return side.power(base, r, _number_power)


def _cube_root(side: Side, germ: Germ) -> Germ:
    sign = _sign_of(side, germ)
    third = partial(_real_power, side, Fraction(1, 3))
    return third(germ) if sign >= 0 else side.negative(third(side.negative(germ)))


def _divide(side: Side, left: Germ, right: Germ) -> Germ:
    if left is right:
        side.leading(right)  # raises where it may be 0
        return side.constant(1)
    return side.multiply(left, _real_power(side, Fraction(-1), right))


def _hypot(side: Side, x: Germ, y: Germ) -> Germ:
    return _real_power(side, _HALF, side.add(side.multiply(x, x), side.multiply(y, y)))


# --- choices --------------------------------------------------------------------------------------------


def _sign_of(side: Side, germ: Germ) -> int:
    if germ.order == math.inf:
        return 0
    return side.leading(germ)[2]


def _absolute(side: Side, germ: Germ) -> Germ:
    if not germ.terms and germ.limit < math.inf:
        return germ  # its sign is not known, but it is as small
    return side.negative(germ) if _sign_of(side, germ) < 0 else germ


def _larger(side: Side, wanted: int, left: Germ, right: Germ) -> Germ:
    order = side.order_of(left, right)
    if order is None:
        return side.common(left, right)
    return left if order in (0, wanted) else right


def _floor(side: Side, germ: Germ) -> Germ:
    """Return the largest integer below: at an integer it depends on the side."""
    at, rest = side.split(germ)
    exact = at.rational
    if exact is not None:
        below = exact.denominator == 1 and _sign_of(side, rest) < 0
        return side.constant(exact.numerator // exact.denominator - below)
    low = at.ball.floor()
    if not low.is_exact():
        raise Undecidable
    return side.constant(int(low.unique_fmpz()))


def _ceil(side: Side, germ: Germ) -> Germ:
    return side.negative(_floor(side, side.negative(germ)))


def _trunc(side: Side, germ: Germ) -> Germ:
    return _ceil(side, germ) if _sign_of(side, germ) < 0 else _floor(side, germ)


def _rint(side: Side, germ: Germ) -> Germ:
    """Round to the nearest integer; only a constant can stay halfway between two."""
    number = germ.constant
    if number is not None and number.rational is not None:
        return side.constant(round(number.rational))
    return _floor(side, side.add(germ, side.constant(_HALF)))


def _remainder(rounding: Callable[[Side, Germ], Germ], side: Side, x: Germ, y: Germ) -> Germ:
    return side.subtract(x, side.multiply(y, rounding(side, _divide(side, x, y))))


# --- where functions are not analytic --------------------------------------------------------------------


def _grown(side: Side, name: str, germ: Germ) -> Germ:
    """Return exp, exp2 or expm1: at −∞ what is smaller than all powers, a remainder at the end of the series."""
    direction = side.grows(germ)
    if not direction:
        return analytic(side, name, germ)
    if direction > 0:
        raise Undecidable  # larger than all powers
    return Germ({0: side.number(-1 if name == "expm1" else 0)}, side.order)


def _logarithm(side: Side, name: str, start: int, germ: Germ) -> Germ:
    """Return a logarithm; of what tends to 0 or ∞ it is O(t^−ε) for every ε > 0, and nothing else is known."""
    shifted = side.add(germ, side.constant(start))
    exponent, _, sign = side.leading(shifted)
    if not exponent:
        return analytic(side, name, germ)
    if sign < 0:
        raise Undecidable
    return Germ({}, 0)


def _tanh(side: Side, germ: Germ) -> Germ:
    direction = side.grows(germ)
    return Germ({0: side.number(direction)}, side.order) if direction else analytic(side, "tanh", germ)


def _arctan(side: Side, germ: Germ) -> Germ:
    """Return arctan, as ±π/2 − arctan(1/g) for g → ±∞."""
    direction = side.grows(germ)
    if not direction:
        return analytic(side, "arctan", germ)
    limit = side.constant(side.field.pi().scaled(direction * _HALF))
    return side.subtract(limit, analytic(side, "arctan", _divide(side, side.constant(1), germ)))


def _wave(side: Side, name: str, germ: Germ) -> Germ:
    """Return sin or cos, which are bounded wherever their argument goes."""
    try:
        return analytic(side, name, germ)
    except Undecidable:
        if not side.may_oscillate:
            raise
        return Germ({}, 0)


def _arccos(side: Side, germ: Germ) -> Germ:
    at, _ = side.split(germ)
    if at.rational not in (1, -1):
        return analytic(side, "arccos", germ)
    near_one = germ if at.rational == 1 else side.negative(germ)
    angle = _half_angle(side, "arcsin", side.subtract(side.constant(1), near_one))
    return angle if at.rational == 1 else side.subtract(side.constant(side.field.pi()), angle)


def _half_angle(side: Side, name: str, distance: Germ) -> Germ:
    """Return 2 F(√(d/2)) of the distance from the end of a domain."""
    half = side.scaled(distance, side.number(_HALF))
    return side.scaled(analytic(side, name, _real_power(side, _HALF, half)), side.number(2))


def _arcsin(side: Side, germ: Germ) -> Germ:
    at, _ = side.split(germ)
    if at.rational not in (1, -1):
        return analytic(side, "arcsin", germ)
    return side.subtract(side.constant(side.field.pi().scaled(_HALF)), _arccos(side, germ))


def _arccosh(side: Side, germ: Germ) -> Germ:
    at, _ = side.split(germ)
    if at.rational != 1:
        return analytic(side, "arccosh", germ)
    return _half_angle(side, "arcsinh", side.subtract(germ, side.constant(1)))


def _arctan2(side: Side, y: Germ, x: Germ) -> Germ:
    """Return the angle of (x, y), from arctan of the quotient that is finite near the point or grows as a power."""
    right, up = _sign_of(side, x), _sign_of(side, y)
    if right > 0:
        return _arctan(side, _divide(side, y, x))
    pi = side.field.pi()
    if up:
        return side.subtract(side.constant(pi.scaled(up * _HALF)), _arctan(side, _divide(side, x, y)))
    return side.constant(pi if right < 0 else 0)


def _in_half_turns(side: Side, germ: Germ, *, inverse: bool = False) -> Germ:
    factor = side.field.pi().scaled(Fraction(1, 180))
    return side.scaled(germ, factor.inverse() if inverse else factor)


_NOT_ANALYTIC: Mapping[str, Callable[..., Germ]] = {
    "add": Side.add,
    "subtract": Side.subtract,
    "multiply": Side.multiply,
    "divide": _divide,
    "negative": Side.negative,
    "positive": lambda side, g: g,
    "conjugate": lambda side, g: g,
    "absolute": _absolute,
    "sign": lambda side, g: side.constant(_sign_of(side, g)),
    "square": lambda side, g: side.multiply(g, g),
    "reciprocal": lambda side, g: _divide(side, side.constant(1), g),
    "power": _power,
    "sqrt": lambda side, g: _real_power(side, _HALF, g),
    "cbrt": _cube_root,
    "exp": lambda side, g: _grown(side, "exp", g),
    "exp2": lambda side, g: _grown(side, "exp2", g),
    "expm1": lambda side, g: _grown(side, "expm1", g),
    "log": lambda side, g: _logarithm(side, "log", 0, g),
    "log2": lambda side, g: _logarithm(side, "log2", 0, g),
    "log10": lambda side, g: _logarithm(side, "log10", 0, g),
    "log1p": lambda side, g: _logarithm(side, "log1p", 1, g),
    "sin": lambda side, g: _wave(side, "sin", g),
    "cos": lambda side, g: _wave(side, "cos", g),
    "tanh": _tanh,
    "arctan": _arctan,
    "arcsin": _arcsin,
    "arccos": _arccos,
    "arccosh": _arccosh,
    "arctan2": _arctan2,
    "hypot": _hypot,
    "maximum": lambda side, a, b: _larger(side, 1, a, b),
    "minimum": lambda side, a, b: _larger(side, -1, a, b),
    "floor": _floor,
    "ceil": _ceil,
    "trunc": _trunc,
    "rint": _rint,
    "remainder": partial(_remainder, _floor),
    "fmod": partial(_remainder, _trunc),
    "deg2rad": lambda side, g: _in_half_turns(side, g),
    "rad2deg": lambda side, g: _in_half_turns(side, g, inverse=True),
}


def engine_of(side: Side) -> Engine:
    """Return the number system of the germs on one side of all points; to be used inside `balls.working`."""
    functions: dict[str, Callable[..., Any]] = {name: partial(_only_analytic, side, name) for name in series.FUNCTIONS}
    functions |= {name: partial(function, side) for name, function in _NOT_ANALYTIC.items()}
    return Engine(
        name="germs",
        lift=lambda number: side.constant(dyadic_to_fraction(number)),
        functions=MappingProxyType(functions),
        value_order=side.order_of,
        integral=_integral,
        compare=side.order_of,
        failures=FAILURES,
        union=side.common,
        unsupported=_unsupported,
    )


def _integral(germ: Germ) -> bool | None:
    if germ.order == math.inf:
        return True
    number = germ.constant
    if number is None or number.rational is None:
        return None
    return number.rational.denominator == 1
