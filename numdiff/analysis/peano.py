r"""The Peano kernel of a stencil, and the exact constant ∫|K| of its remainder.

The error functional of a stencil vanishes on polynomials of degree below n = m + p. So (Peano)

    Σ wⱼ f(x + cⱼh)/hᵐ − f⁽ᵐ⁾(x) = hᵖ ∫ K(t) f⁽ⁿ⁾(x + th) dt,
    K(t) = Σ wⱼ (cⱼ − t)₊ⁿ⁻¹/(n − 1)! − (−t)₊ᵖ⁻¹/(p − 1)!,

with the integral from the leftmost to the rightmost of the nodes cⱼ and 0: apply the functional to Taylor's formula
with the remainder ∫ (s − t)₊ⁿ⁻¹ f⁽ⁿ⁾(t) dt/(n − 1)!. Hence |error| ≤ hᵖ ∫|K| max|f⁽ⁿ⁾|, and no smaller constant will
do. Where K keeps its sign, ∫|K| = |∫K| is the leading error constant.

References
----------
P. J. Davis, Interpolation and Approximation, Dover (1975), theorem 3.7.1 (Peano's kernel) and corollary 3.7.3.
"""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from numdiff.formulas.stencil import Stencil

Polynomial = list[Fraction]
"""Coefficients of 1, s, s², …"""

_FINEST = 40
"""Bisections after which an interval around a sign change is bounded instead of cut again."""


@lru_cache(maxsize=256)
def peano_constant(stencil: Stencil) -> Fraction:
    """Return ∫|K|, exactly where K keeps its sign, and otherwise from above to a relative 2⁻³⁰ or better.

    Parameters
    ----------
    stencil : Stencil

    Returns
    -------
    Fraction
    """
    pieces = [piece for p, width in kernel(stencil) for piece in _signed(p, width)]
    if all(p is not None for p, _ in pieces):
        integrals = [_integral(p, width) for p, width in pieces if p is not None]
        if all(v >= 0 for v in integrals) or all(v <= 0 for v in integrals):
            return abs(stencil.leading_error_constant)
        return sum(map(abs, integrals), Fraction(0))
    return sum((abs(_integral(p, width)) if p is not None else width for p, width in pieces), Fraction(0))


def kernel(stencil: Stencil) -> list[tuple[Polynomial, Fraction]]:
    """Return K between neighbouring nodes (0 included), from left to right.

    Returns
    -------
    list of (polynomial in s, width)
        K(left end + s) for 0 < s < width.
    """
    n = stencil.derivative_order + stencil.accuracy_order
    nodes = sorted({*stencil.offsets, Fraction(0)})
    pieces = []
    for left, right in pairwise(nodes):
        total = [Fraction(0)] * n
        terms = [(c, w / math.factorial(n - 1), n - 1) for c, w in zip(stencil.offsets, stencil.weights, strict=True)]
        p = stencil.accuracy_order
        terms.append((Fraction(0), Fraction(-1, math.factorial(p - 1)), p - 1))
        for c, factor, degree in terms:
            if c >= right:
                for k in range(degree + 1):  # (c − left − s)**degree
                    total[k] += factor * math.comb(degree, k) * (c - left) ** (degree - k) * (-1) ** k
        pieces.append((total, right - left))
    return pieces


def _signed(p: Polynomial, width: Fraction) -> Iterator[tuple[Polynomial | None, Fraction]]:
    """Cut [0, width] into pieces on which a polynomial keeps its sign.

    Yields
    ------
    polynomial, width
        The polynomial on the piece, from its left end; or None and a bound on ∫|p| over a piece too short to cut.
    """
    # Zeros at the ends change no sign inside; what is left of p has none there, so that bisection ends.
    core = _without_zero(_mirrored(_without_zero(_mirrored(p, width)), width))
    yield from _cut(p, core, width, 0)


def _cut(p: Polynomial, core: Polynomial, width: Fraction, depth: int) -> Iterator[tuple[Polynomial | None, Fraction]]:
    half = width / 2
    middle, *rest = _shifted(core, half)
    if abs(middle) >= sum((abs(c) * half ** (k + 1) for k, c in enumerate(rest)), Fraction(0)):
        yield p, width
    elif depth == _FINEST:
        yield None, width * sum((abs(c) * half**k for k, c in enumerate(_shifted(p, half))), Fraction(0))
    else:
        yield from _cut(p, core, half, depth + 1)
        yield from _cut(_shifted(p, half), _shifted(core, half), half, depth + 1)


def _shifted(p: Sequence[Fraction], by: Fraction) -> Polynomial:
    """Return p(by + s)."""
    result = [Fraction(0)] * len(p)
    for k, c in enumerate(p):
        for i in range(k + 1):
            result[i] += c * math.comb(k, i) * by ** (k - i)
    return result


def _mirrored(p: Polynomial, width: Fraction) -> Polynomial:
    """Return p(width − s)."""
    return [c * (-1) ** k for k, c in enumerate(_shifted(p, width))]


def _without_zero(p: Polynomial) -> Polynomial:
    """Divide by s as often as possible."""
    first = next((k for k, c in enumerate(p) if c), len(p) - 1)
    return p[first:]


def _integral(p: Polynomial, width: Fraction) -> Fraction:
    return sum((c * width ** (k + 1) / (k + 1) for k, c in enumerate(p)), Fraction(0))
