"""Derivatives at points where the Taylor series of f does not exist: from one side, or from both where they agree.

f is evaluated three times: at x, and as a germ (`numdiff.arithmetic.germs`) on the right and on the left of it,

    f(x + y) = c₀ + c₁y + … + cₘyᵐ + o(tᵐ),   y = s·t, t → 0+, s = ±1.

The derivative of order m from one side exists, and is m!·cₘ, if the series has no other exponents below m, and f is
continuous from there, f(x) = c₀. The derivative from both sides exists if moreover c₀ … cₘ are the same on both.

That is proved or refuted, never assumed. Two coefficients are the same if their closed forms are, and they differ if
the ball of their difference excludes 0 (`numdiff.arithmetic.closed_forms`). Where neither holds, however many digits
are taken, the values agree as far as anybody can see, and there is no derivative but `Undefined.UNPROVED`: an overlap
of two enclosures proves no equality. A missing derivative has its reason: `JUMP` where f(x) ≠ c₀, `KINK` where two
one-sided derivatives differ, `POLE` where one is infinite, `DOMAIN` where f has no values on a side.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from numdiff.arithmetic.ball import Ball, Undefined, combined, within_limits
from numdiff.arithmetic.balls import ball_of_arb, working
from numdiff.arithmetic.closed_forms import Field, Number, Undecidable
from numdiff.arithmetic.dispatch import evaluate_exactly
from numdiff.arithmetic.engine import checked_precision
from numdiff.arithmetic.germ_functions import Unsupported, engine_of
from numdiff.arithmetic.germs import Germ, Side
from numdiff.floats.formats import Dyadic, dyadic_to_fraction

Direction: TypeAlias = Literal[-1, 0, 1]
"""Where a formula looks from x: to the left, to both sides, to the right."""
Coefficients: TypeAlias = list[Number] | Undefined

_SPARE_TERMS = (3, 12)
"""Terms beyond the order of the derivative, which quotients such as (x − sin x)/x³ lose: few, and where those do not
suffice more."""


def one_sided_derivatives(
    f: Callable[[Any], Any], points: Sequence[Dyadic], order: int, direction: Direction, precision: int
) -> list[Fraction | Ball | Undefined]:
    """Return f⁽ᵒʳᵈᵉʳ⁾ at points from one side or from both, where that is proved.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function.
    points : sequence of Dyadic
    order : int
        At least 1.
    direction : {-1, 0, 1}
        The derivative from the left, from both sides, from the right.
    precision : int
        Bits of the midpoints, at least 32.

    Returns
    -------
    list of Fraction, Ball or Undefined
        The exact number where its closed form is rational. UNDECIDED where a germ is not known, or may be at a higher
        precision; UNPROVED where equal values are not known to be equal, which a higher precision may refute.
    """
    signs = (direction,) if direction else (1, -1)
    found: list[Fraction | Ball | Undefined] = [Undefined.UNDECIDED] * len(points)
    with working(checked_precision(precision), 2):
        field = Field()
        try:
            values = [_value(item, field) for item in _germs(f, points, Side(field, 0, order, order == 1))]
            known = [i for i, value in enumerate(values) if isinstance(value, Number)]
            for i, value in enumerate(values):
                found[i] = value if isinstance(value, Undefined) else found[i]
            for spare in _SPARE_TERMS:
                missing = [i for i in known if found[i] is Undefined.UNDECIDED]
                sides = [Side(field, sign, order + spare, order == 1) for sign in signs] if missing else []
                columns = [_germs(f, [points[i] for i in missing], side) for side in sides]
                for i, *items in zip(missing, *columns, strict=True):
                    found[i] = _derivative([_coefficients(item, values[i], order) for item in items], order, precision)
        except (Unsupported, Undecidable):  # the latter of a point or a constant with too many digits
            pass
    return found


def _germs(f: Callable[[Any], Any], points: Sequence[Dyadic], side: Side) -> list[Any]:
    """Return the germs of f on one side of points."""
    return evaluate_exactly(f, engine_of(side), [side.variable(dyadic_to_fraction(point)) for point in points])


def _value(item: Germ | Undefined, field: Field) -> Number | Undefined:
    """Return f(x), from an evaluation at x itself."""
    if isinstance(item, Undefined):
        return item
    return item.terms.get(0, field.rational(Fraction(0))) if item.limit == math.inf else Undefined.UNDECIDED


def _coefficients(item: Germ | Undefined, value: Number | Undefined, order: int) -> Coefficients:
    """Return c₀ … cₘ on one side, or why f has no derivative of that order from there."""
    if isinstance(value, Undefined):
        return value
    if isinstance(item, Undefined):
        return item
    germ, zero = item, value.field.rational(Fraction(0))
    lowest = min(germ.terms, default=0)
    if lowest < 0 or germ.limit <= 0:
        return Undefined.JUMP if lowest < 0 and germ.terms[lowest].sign() else Undefined.UNDECIDED
    start = (germ.terms.get(0, zero) - value).sign()
    if start != 0:
        return Undefined.JUMP if start else Undefined.UNPROVED
    between = sorted(e for e in germ.terms if e < order and e.denominator != 1)
    if between:
        return Undefined.POLE if germ.terms[between[0]].sign() else Undefined.UNDECIDED
    if germ.limit <= order:
        return Undefined.UNDECIDED
    return [germ.terms.get(k, zero) for k in range(order + 1)]


def _derivative(sides: list[Coefficients], order: int, precision: int) -> Fraction | Ball | Undefined:
    """Return the derivative that all sides have, or why there is none."""
    missing = [side for side in sides if isinstance(side, Undefined)]
    if Undefined.JUMP in missing:
        return Undefined.JUMP
    if missing:
        return combined(missing)
    *others, chosen = [side for side in sides if not isinstance(side, Undefined)]
    for other in others:
        for left, right in zip(other, chosen, strict=True):
            sign = (left - right).sign()
            if sign != 0:
                return Undefined.KINK if sign else Undefined.UNPROVED
    result = chosen[order].scaled(math.factorial(order))
    exact = result.rational
    return within_limits(ball_of_arb(result.ball, precision)) if exact is None else exact
