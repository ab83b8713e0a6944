"""Derivatives of rational callables in rational numbers: Taylor coefficients carried through the arithmetic.

A jet (c₀, c₁, …) of a function at x + t has the coefficients cₖ = f⁽ᵏ⁾(x)/k!.

References
----------
Griewank & Walther 2008, Evaluating Derivatives, 2nd ed., section 13.2, tables 13.1 and 13.2 (product, quotient).
"""

import math
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.dispatch import EXACT_LOCK, evaluate
from numdiff.arithmetic.engine import Engine
from numdiff.arithmetic.rational import multiplied, not_rational, rational_exponent
from numdiff.floats.formats import Dyadic, dyadic_to_fraction

Jet: TypeAlias = tuple[Fraction, ...]


class _Constant(tuple[Fraction, ...]):
    """The jet of a number that does not depend on x."""


def _product(left: Jet, right: Jet) -> Jet:
    return tuple(sum((multiplied(left[i], right[k - i]) for i in range(k + 1)), Fraction(0)) for k in range(len(left)))


def _quotient(left: Jet, right: Jet) -> Jet:
    found: list[Fraction] = []
    for k, coefficient in enumerate(left):
        known = sum((multiplied(found[i], right[k - i]) for i in range(k)), Fraction(0))
        found.append((coefficient - known) / right[0])
    return tuple(found)


def _one(like: Jet) -> Jet:
    return (Fraction(1), *(Fraction(0) for _ in like[1:]))


def _power(base: Jet, exponent: Jet) -> Jet:
    if any(exponent[1:]):
        raise not_rational("power")
    n = rational_exponent(exponent[0])
    result = _one(base)
    for bit in f"{abs(n):b}":
        result = _product(result, result)
        if bit == "1":
            result = _product(result, base)
    return _quotient(_one(base), result) if n < 0 else result


def _compare(left: Jet, right: Jet) -> float | None:
    """Order two functions near the point: a tie of values is decided only between constants."""
    if left[0] == right[0] and not (isinstance(left, _Constant) and isinstance(right, _Constant)):
        return None
    return _value_order(left, right)


def _value_order(left: Jet, right: Jet) -> float:
    return float((left[0] > right[0]) - (left[0] < right[0]))


def _choose(wanted: int) -> Callable[[Jet, Jet], Jet]:
    def chosen(left: Jet, right: Jet) -> Jet:
        side = _value_order(left, right)
        if not side and tuple(left) != tuple(right):
            raise ArithmeticError  # a kink: there is no derivative
        return left if side == wanted else right

    return chosen


def _absolute(jet: Jet) -> Jet:
    if not jet[0] and any(jet):
        raise ArithmeticError  # a kink
    return tuple(map(operator.neg, jet)) if jet[0] < 0 else jet


def _sign(jet: Jet) -> Jet:
    if not jet[0] and any(jet):
        raise ArithmeticError  # a jump
    return _Constant((Fraction((jet[0] > 0) - (jet[0] < 0)), *(Fraction(0) for _ in jet[1:])))


def _engine(order: int) -> Engine:
    def lift(number: Dyadic) -> Jet:
        return _Constant((dyadic_to_fraction(number), *[Fraction(0)] * order))

    return Engine(
        name="rational jets",
        lift=lift,
        functions={
            "add": lambda a, b: tuple(map(operator.add, a, b)),
            "subtract": lambda a, b: tuple(map(operator.sub, a, b)),
            "multiply": _product,
            "divide": _quotient,
            "negative": lambda a: tuple(map(operator.neg, a)),
            "positive": lambda a: a,
            "conjugate": lambda a: a,
            "absolute": _absolute,
            "sign": _sign,
            "square": lambda a: _product(a, a),
            "reciprocal": lambda a: _quotient(_one(a), a),
            "power": _power,
            "maximum": _choose(1),
            "minimum": _choose(-1),
        },
        value_order=_value_order,
        integral=lambda a: a[0].denominator == 1,
        compare=_compare,
        failures=(ArithmeticError,),
        unsupported=not_rational,
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
        zeros = [Fraction(0)] * order
        items = [(dyadic_to_fraction(point), Fraction(1), *zeros)[: order + 1] for point in points]
        results = evaluate(f, _engine(order), items)
    factor = math.factorial(order)
    return [item if isinstance(item, Undefined) else item[order] * factor for item in results]
