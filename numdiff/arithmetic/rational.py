"""Exact evaluation in rational numbers, for callables that use nothing but arithmetic: values and derivatives.

Derivatives are Taylor coefficients carried through the arithmetic: a jet (c₀, c₁, …) of a function at x + t has the
coefficients cₖ = f⁽ᵏ⁾(x)/k!.

The numbers inside are those of GMP where gmpy2 is installed, whose sums and products take a twentieth of the time; the
core has no gmpy2 and computes with `Fraction`. Both are exact, and what is returned are `Fraction`.

References
----------
Griewank & Walther 2008, Evaluating Derivatives, 2nd ed., section 13.2, tables 13.1 and 13.2 (product, quotient).
"""

import math
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.dispatch import EXACT_LOCK, evaluate_exactly
from numdiff.arithmetic.engine import AMBIGUOUS, Engine
from numdiff.arithmetic.special_names import shown
from numdiff.floats.formats import Dyadic

Number: TypeAlias = Any
"""A rational number of `_kind`."""
Gaussian: TypeAlias = tuple[Number, Number]

_LARGEST_EXPONENT = 64
# Beyond this size a rational number costs more than 4096 bits of mpmath: 2**14 bits are x**256 in float64.
_LARGEST_SIZE = 1 << 18


class NotRational(TypeError):
    """The callable uses something that leaves the rational numbers, or grows beyond use in them."""


def not_rational(name: str) -> NotRational:
    """Return the error for a function that leaves the rational numbers."""
    return NotRational(f"{shown(name)} leaves the rational numbers")


@cache
def _kind() -> Callable[..., Number]:
    """Return the type of the numbers: asked for when the first is made, so that nobody loads gmpy2 for nothing."""
    try:
        from gmpy2 import mpq
    except ImportError:  # the core
        return Fraction
    return mpq


@cache
def _whole(number: int) -> Number:
    """Return 0 or 1, which every jet has."""
    return _kind()(number)


def _lifted(number: Dyadic) -> Number:
    mantissa, exponent = number
    return _kind()(mantissa << exponent) if exponent >= 0 else _kind()(mantissa, 1 << -exponent)


def _as_fraction(number: Number) -> Fraction:
    return Fraction(int(number.numerator), int(number.denominator))


def multiplied(left: Number, right: Number) -> Number:
    """Return a product, unless it grows beyond use."""
    product = left * right
    if product.numerator.bit_length() + product.denominator.bit_length() > _LARGEST_SIZE:
        raise NotRational(f"an intermediate result has more than {_LARGEST_SIZE} bits")
    return product


def rational_exponent(exponent: Number) -> int:
    """Return an exponent that keeps a power rational and of use."""
    if exponent.denominator != 1 or abs(exponent) > _LARGEST_EXPONENT:
        reason = "leaves the rational numbers or grows beyond use"
        bits = exponent.numerator.bit_length(), exponent.denominator.bit_length()
        shown = str(exponent) if max(bits) < 200 else f"of {bits[0]} over {bits[1]} bits"
        raise NotRational(f"np.power with the exponent {shown} {reason}")
    return int(exponent.numerator)


def _power(base: Number, exponent: Number) -> Number:
    n = rational_exponent(exponent)
    size = base.numerator.bit_length() + base.denominator.bit_length()
    if abs(n) * size > _LARGEST_SIZE:
        raise NotRational(f"an intermediate result has more than {_LARGEST_SIZE} bits")
    return base**n


def _order(left: Number, right: Number) -> int:
    return (left > right) - (left < right)


_REAL = Engine(
    name="rational numbers",
    lift=_lifted,
    functions={
        "add": operator.add,
        "subtract": operator.sub,
        "multiply": multiplied,
        "divide": operator.truediv,
        "negative": operator.neg,
        "positive": operator.pos,
        "conjugate": operator.pos,
        "absolute": abs,
        "sign": lambda x: _kind()(_order(x, _whole(0))),
        "square": lambda x: multiplied(x, x),
        "reciprocal": lambda x: 1 / x,
        "power": _power,
        "maximum": max,
        "minimum": min,
        "floor": lambda x: _kind()(math.floor(x)),
        "ceil": lambda x: _kind()(math.ceil(x)),
        "trunc": lambda x: _kind()(math.trunc(x)),
        "rint": lambda x: _kind()(round(x)),
        "remainder": lambda x, y: x - y * math.floor(x / y),
        "fmod": lambda x, y: x - y * math.trunc(x / y),
    },
    value_order=_order,
    integral=lambda x: x.denominator == 1,
    compare=_order,
    failures=(ZeroDivisionError,),
    unsupported=not_rational,
)


def values(f: Callable[[Any], Any], points: Sequence[Dyadic]) -> list[Fraction | Undefined]:
    """Evaluate a rational callable exactly.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function; it is called once, with all points.
    points : sequence of Dyadic

    Returns
    -------
    list of Fraction or Undefined

    Raises
    ------
    NotRational
        If f uses anything but arithmetic, integer powers up to ±64, abs, sign, comparisons, maximum,
        minimum, rounding to integers, remainders and ``np.where``, or if a number grows beyond 2**18 bits.
    """
    with EXACT_LOCK:
        found = evaluate_exactly(f, _REAL, [_lifted(point) for point in points])
    return [item if isinstance(item, Undefined) else _as_fraction(item) for item in found]


def _complex_product(left: Gaussian, right: Gaussian) -> Gaussian:
    (a, b), (c, d) = left, right
    return multiplied(a, c) - multiplied(b, d), multiplied(a, d) + multiplied(b, c)


def _complex_reciprocal(z: Gaussian) -> Gaussian:
    a, b = z
    norm = multiplied(a, a) + multiplied(b, b)
    return a / norm, -b / norm


def _complex_power(base: Gaussian, exponent: Gaussian) -> Gaussian:
    if exponent[1]:
        raise NotRational("np.power with a complex exponent leaves the rational numbers")
    n = rational_exponent(exponent[0])
    if n < 0:
        return _complex_reciprocal(_complex_power(base, (-exponent[0], exponent[1])))
    result: Gaussian = (_whole(1), _whole(0))
    for bit in f"{n:b}":
        result = _complex_product(result, result)
        if bit == "1":
            result = _complex_product(result, base)
    return result


def _complex_order(left: Gaussian, right: Gaussian) -> float:
    if not left[1] and not right[1]:
        return _order(left[0], right[0])
    return 0.0 if left == right else float("nan")


_COMPLEX = Engine(
    name="complex rational numbers",
    lift=lambda number: (_lifted(number), _whole(0)),
    functions={
        "add": lambda z, w: (z[0] + w[0], z[1] + w[1]),
        "subtract": lambda z, w: (z[0] - w[0], z[1] - w[1]),
        "multiply": _complex_product,
        "divide": lambda z, w: _complex_product(z, _complex_reciprocal(w)),
        "negative": lambda z: (-z[0], -z[1]),
        "positive": lambda z: z,
        "square": lambda z: _complex_product(z, z),
        "reciprocal": _complex_reciprocal,
        "power": _complex_power,
    },
    value_order=_complex_order,
    integral=lambda z: not z[1] and z[0].denominator == 1,
    failures=(ZeroDivisionError,),
    unsupported=not_rational,
)


def complex_values(
    f: Callable[[Any], Any], points: Sequence[tuple[Dyadic, Dyadic]]
) -> list[tuple[Fraction, Fraction] | Undefined]:
    """Evaluate a rational callable exactly at complex points.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function; it is called once, with all points.
    points : sequence of (Dyadic, Dyadic)
        Real and imaginary parts.

    Returns
    -------
    list of (Fraction, Fraction) or Undefined
        Real and imaginary parts.

    Raises
    ------
    NotRational
        If f uses anything but arithmetic and integer powers up to ±64, or if a number grows beyond
        2**18 bits.
    """
    with EXACT_LOCK:
        items = [(_lifted(real), _lifted(imaginary)) for real, imaginary in points]
        found = evaluate_exactly(f, _COMPLEX, items)
    return [item if isinstance(item, Undefined) else (_as_fraction(item[0]), _as_fraction(item[1])) for item in found]


Jet: TypeAlias = tuple[Number, ...]


class _Constant(tuple[Number, ...]):
    """The jet of a number that does not depend on x."""


def _jet_product(left: Jet, right: Jet) -> Jet:
    return tuple(sum((multiplied(left[i], right[k - i]) for i in range(k + 1)), _whole(0)) for k in range(len(left)))


def _jet_quotient(left: Jet, right: Jet) -> Jet:
    found: list[Number] = []
    for k, coefficient in enumerate(left):
        known = sum((multiplied(found[i], right[k - i]) for i in range(k)), _whole(0))
        found.append((coefficient - known) / right[0])
    return tuple(found)


def _unit_jet(like: Jet) -> Jet:
    return (_whole(1), *(_whole(0) for _ in like[1:]))


def _jet_power(base: Jet, exponent: Jet) -> Jet:
    if not isinstance(exponent, _Constant):
        raise not_rational("power")
    n = rational_exponent(exponent[0])
    result = _unit_jet(base)
    for bit in f"{abs(n):b}":
        result = _jet_product(result, result)
        if bit == "1":
            result = _jet_product(result, base)
    return _jet_quotient(_unit_jet(base), result) if n < 0 else result


def _jet_compare(left: Jet, right: Jet) -> float | None:
    """Order two functions near the point: a tie of values is decided only between constants."""
    if left[0] == right[0] and not (isinstance(left, _Constant) and isinstance(right, _Constant)):
        return None
    return _jet_value_order(left, right)


def _jet_value_order(left: Jet, right: Jet) -> float:
    return float((left[0] > right[0]) - (left[0] < right[0]))


def _chosen_jet(wanted: int) -> Callable[[Jet, Jet], Jet]:
    def chosen(left: Jet, right: Jet) -> Jet:
        side = _jet_value_order(left, right)
        if not side and tuple(left) != tuple(right):
            raise ArithmeticError  # a kink: there is no derivative
        return left if side == wanted else right

    return chosen


def _jet_absolute(jet: Jet) -> Jet:
    if not jet[0] and any(jet):
        raise ArithmeticError  # a kink
    return tuple(map(operator.neg, jet)) if jet[0] < 0 else jet


def _jet_sign(jet: Jet) -> Jet:
    if not jet[0] and not isinstance(jet, _Constant):
        raise ArithmeticError  # a jump, at x or behind the order of the jet
    return _Constant((_kind()((jet[0] > 0) - (jet[0] < 0)), *(_whole(0) for _ in jet[1:])))


def _jet_piece(rounding: Callable[[Number], int], x: Number) -> Number:
    """Return a piecewise constant function off its jumps: where it is the same on both sides."""
    value = rounding(x)
    small = _kind()(1, 4 * x.denominator)
    if not rounding(x - small) == value == rounding(x + small):
        raise ArithmeticError  # a jump
    return _kind()(value)


def _piece_of_jet(rounding: Callable[[Number], int]) -> Callable[[Jet], Jet]:
    def function(jet: Jet) -> Jet:
        is_constant = isinstance(jet, _Constant)  # any other may move behind the order of the jet
        value = _kind()(rounding(jet[0])) if is_constant else _jet_piece(rounding, jet[0])
        return _Constant((value, *(_whole(0) for _ in jet[1:])))

    return function


def _remainder_of_jets(rounding: Callable[[Number], int]) -> Callable[[Jet, Jet], Jet]:
    def function(x: Jet, y: Jet) -> Jet:
        quotient = x[0] / y[0]
        is_constant = isinstance(x, _Constant) and isinstance(y, _Constant)
        q = _kind()(rounding(quotient)) if is_constant else _jet_piece(rounding, quotient)
        return tuple(a - multiplied(q, b) for a, b in zip(x, y, strict=True))

    return function


@cache
def _jet_engine(order: int) -> Engine:
    def lift(number: Dyadic) -> Jet:
        return _Constant((_lifted(number), *[_whole(0)] * order))

    return Engine(
        name="rational jets",
        lift=lift,
        functions={
            "add": lambda a, b: tuple(map(operator.add, a, b)),
            "subtract": lambda a, b: tuple(map(operator.sub, a, b)),
            "multiply": _jet_product,
            "divide": _jet_quotient,
            "negative": lambda a: tuple(map(operator.neg, a)),
            "positive": lambda a: a,
            "conjugate": lambda a: a,
            "absolute": _jet_absolute,
            "sign": _jet_sign,
            "square": lambda a: _jet_product(a, a),
            "reciprocal": lambda a: _jet_quotient(_unit_jet(a), a),
            "power": _jet_power,
            "maximum": _chosen_jet(1),
            "minimum": _chosen_jet(-1),
            "floor": _piece_of_jet(math.floor),
            "ceil": _piece_of_jet(math.ceil),
            "trunc": _piece_of_jet(math.trunc),
            "rint": _piece_of_jet(round),
            "remainder": _remainder_of_jets(math.floor),
            "fmod": _remainder_of_jets(math.trunc),
        },
        value_order=_jet_value_order,
        integral=lambda a: a[0].denominator == 1,
        compare=_jet_compare,
        failures=(ArithmeticError,),
        unsupported=not_rational,
        ambiguous=AMBIGUOUS,
    )


def derivatives(f: Callable[[Any], Any], points: Sequence[Dyadic], order: int) -> list[Fraction | Undefined]:
    """Differentiate a rational callable exactly.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function; it is called once, with all points.
    points : sequence of Dyadic
    order : int
        The order of the derivative, 0 for the values.

    Returns
    -------
    list of Fraction or Undefined
        UNDECIDED at a kink, and where a comparison ties.

    Raises
    ------
    NotRational
        As `rational.values`.
    ValueError
        If `order` is negative.
    """
    if order < 0:
        raise ValueError(f"order must not be negative, got {order}")
    with EXACT_LOCK:
        zeros = [_whole(0)] * order
        items = [(_lifted(point), _whole(1), *zeros)[: order + 1] for point in points]
        results = evaluate_exactly(f, _jet_engine(order), items)
    factor = math.factorial(order)
    return [item if isinstance(item, Undefined) else _as_fraction(item[order] * factor) for item in results]
