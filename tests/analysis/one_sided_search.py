"""One-sided truth of random formulas against their difference quotients, in mpmath with steps down to 2⁻⁴⁰⁰.

Whatever is called certified or exact must be what the quotients tend to, a kink must have two different slopes, and a
jump an infinite one. It is the search ``one_sided`` of ``make campaign``.
"""

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from numdiff.analysis.reference import ExactFunction, Reference, State
from numdiff.arithmetic import multiprecision
from numdiff.arithmetic.ball import Ball
from numdiff.floats.formats import dyadic
from tests.campaign.found import Found

MP: Any = mpmath.MPContext()
MP.prec = 2600
UNARY = [getattr(np, name) for name in "absolute sqrt cbrt sin cos exp expm1 log1p sign arctan tanh negative".split()]
UNARY += [getattr(np, name) for name in "square log arccos arcsin sinh cosh reciprocal arcsinh tan exp2".split()]
BINARY = [getattr(np, name) for name in "add subtract multiply divide maximum minimum hypot fmax copysign".split()]
POINTS = (0.0, 0.0, 0.7, 1.0, -1.0)
F = Callable[[Any], Any]


def random_formula(draw: random.Random, depth: int) -> F:
    """Return a formula with kinks, gaps and ends of domains at the points above, as often as not."""
    kind = draw.random()
    if not depth or kind < 0.12:
        constant = draw.choice([0.0, 1.0, -1.0, 2.0, 0.5, 0.7, 1.5])
        return (lambda x: x) if draw.random() < 0.75 else (lambda x: np.full_like(x, constant))
    first, second, third = (random_formula(draw, depth - 1) for _ in range(3))
    if kind < 0.45:
        unary = draw.choice(UNARY)
        return lambda x: unary(first(x))
    if kind < 0.8:
        binary = draw.choice(BINARY)
        return lambda x: binary(first(x), second(x))
    if kind < 0.88:
        power = draw.choice([0.5, 1.5, 2, 3, 0.25, -1, 2.5])
        return lambda x: first(x) ** power
    compare, limit = draw.choice([np.less, np.less_equal, np.equal, np.greater]), draw.choice([0.0, 0.7, 1.0])
    return lambda x: np.where(compare(first(x), limit), second(x), third(x))


def quotient(f: F, x: float, side: int, k: int) -> Any:
    """Return the difference quotient of f on one side with the step 2⁻ᵏ; None where f has no value."""
    node = Fraction(x) + side * Fraction(1, 2**k)
    values = multiprecision.values(f, [(node.numerator, 1 - node.denominator.bit_length()), dyadic(x)], 2500)
    if not all(isinstance(value, Ball) for value in values):
        return None
    far, near = (MP.mpf(v.midpoint.numerator) / v.midpoint.denominator for v in values)  # type: ignore[union-attr]
    return (far - near) * side * MP.mpf(2) ** k


def agrees(f: F, x: float, side: int, found: Reference) -> bool:
    """Whether a reference agrees with the quotients on the sides that it is about."""
    slopes = [[quotient(f, x, s, k) for k in (100, 200, 400)] for s in ((side,) if side else (1, -1))]
    if found.state in (State.CERTIFIED, State.EXACT):
        value = Fraction(found.text)
        near = True
        for row in slopes:
            if None in row:
                return False
            first, second, third = (abs(slope - MP.mpf(value.numerator) / value.denominator) for slope in row)
            close = third < MP.mpf(10) ** -18 * (1 + abs(value.numerator) / value.denominator)
            near &= bool(close or (third < 0.9 * second and second < 0.9 * first))
        return near
    if found.state is State.KINK:
        return bool(abs(slopes[0][2] - slopes[1][2]) > MP.mpf(10) ** -25)
    if found.state is State.JUMP:
        return any(None in row or bool(abs(row[2]) > abs(row[1]) * MP.mpf(2) ** 150) for row in slopes)
    return True


def references(seed: int, formulas: int = 25) -> Iterator[tuple[str, State, bool]]:
    """Yield for random formulas and sides: which, the state of the truth, and whether the quotients agree."""
    draw = random.Random(seed)
    for number in range(formulas):
        f, x = random_formula(draw, 3), draw.choice(POINTS)
        for side in (1, -1, 0):
            found = ExactFunction(f, engine="arb").reference(dyadic(x), 1, side)  # type: ignore[arg-type]
            yield f"formula {number} at {x}, side {side}: {found}", found.state, agrees(f, x, side, found)


def search(seed: int) -> Found:
    """Compare the truth of some formulas with their quotients; a miss is one that does not agree."""
    found = list(references(seed))
    return Found(len(found), [text for text, _, agree in found if not agree])
