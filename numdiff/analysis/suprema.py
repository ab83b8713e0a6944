r"""What bounds the truncation error of a stencil: the largest magnitude of a derivative, and the Peano constant.

The largest magnitude of a derivative over an interval is proved by balls that are cut until they are useful.

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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from numdiff.arithmetic.ball import Ball, Undefined, Value
from numdiff.arithmetic.balls import enclose_centred, enclose_derivatives
from numdiff.floats.dyadic import TINY, nearest_double
from numdiff.formulas.stencil import Stencil

Interval: TypeAlias = tuple[int, int, int]
"""(low, high, e): from low·2**e to high·2**e."""

# What follows decides how tight a bound is and what it costs; that it is a bound does not depend on any of it.

PRECISION = 128
"""Bits of the enclosures: enough for all digits of a double where a third of them cancels; with 64 some bounds lose
their last digits."""
SLACK = 1.2
"""An enclosure is good enough when no number in it is known to be smaller by more than this factor.

The truncation bound is larger than the error anyway by what f⁽ᵐ⁺ᵖ⁾ changes between the nodes. 1.1 costs more pieces.
"""
TERMS = 6
"""Terms of Taylor's formula where a plain enclosure is not good enough.

For eight functions that cancel or have poles nearby 1, 2, 4, 6 and 8 terms took 75, 43, 16, 10 and 8 thousand pieces; 4
to 8 the same time, a quarter of that of the mean value form.
"""
_LARGEST = 1100
"""Exponent beyond which no double is: 1074 is enough."""
_MOST_PIECES = 160
"""Pieces that one interval is cut into: a bound on the work. Where it ends a search, the bound may be several times too
large. The ninth derivative of Runge's function over [−1, 1] needs 80."""
_CUTS_AT_SINGULARITY = 12
"""An interval that no enclosure is found for after so many cuts contains a pole, a kink or the end of the domain, or
comes closer to it than a few times 2⁻²⁴ of its width, as Taylor's formula reaches that far beyond."""


@dataclass
class _Search:
    """The state of one interval: pieces that matter, and what is known of the largest magnitude."""

    plain: list[Interval]
    centred: list[Interval] = field(default_factory=list)
    least: float = 0.0
    done: float = 0.0
    made: int = 1
    bounds: list[float] = field(default_factory=list)

    def narrow(self, sizes: Sequence["_Size"], cuts: int) -> bool:
        """Take in the sizes of f⁽ᵒʳᵈᵉʳ⁾ on the pieces, plain ones first; say whether any are left for another round.

        Taylor's formula comes next for a piece that is bounded, but poorly; halves for one that had it. It needs a
        bound itself: halves of a piece without one are enclosed plainly again.
        """
        pieces = [*((piece, True) for piece in self.plain), *((piece, False) for piece in self.centred)]
        self.plain, self.centred = [], []
        self.bounds = [size.upper for size in sizes]
        self.least = max(self.least, *(size.lower for size in sizes))
        limit = self.least * SLACK
        if max(self.bounds) == math.inf and (cuts >= _CUTS_AT_SINGULARITY or any(size.is_outside for size in sizes)):
            return False
        if self.made + len(pieces) > _MOST_PIECES:
            return False
        for (piece, is_plain), upper in zip(pieces, self.bounds, strict=True):
            if upper <= limit:
                self.done = max(self.done, upper)
            elif is_plain and upper < math.inf:
                self.centred.append(piece)
            else:
                self.made += 1
                (self.plain if upper == math.inf else self.centred).extend(_halves(piece))
        self.bounds = []
        return bool(self.plain or self.centred)

    @property
    def result(self) -> float:
        """The bound."""
        return max([self.done, *self.bounds])


class _Size(NamedTuple):
    """What is known of all magnitudes in an enclosure: doubles above and below, and whether f has no value there."""

    upper: float
    lower: float
    is_outside: bool = False


Known: TypeAlias = dict[Interval, _Size]
"""Sizes by piece."""


def _size_of(value: Value) -> _Size:
    if not isinstance(value, Ball):
        return _Size(math.inf, 0.0, value is Undefined.DOMAIN or value is Undefined.POLE)
    middle = abs(value.mid)
    if not middle and not value.rad:
        return _Size(0.0, 0.0)
    top = value.exp + (middle + value.rad).bit_length()
    if top > _LARGEST:  # beyond the doubles, and perhaps with more digits than there is memory
        return _Size(math.inf, 0.0)
    if top < -_LARGEST:
        return _Size(TINY, 0.0)
    scale, divisor = max(value.exp, 0), 1 << max(-value.exp, 0)
    upper = math.nextafter(nearest_double((middle + value.rad) << scale, divisor), math.inf)
    lower = middle - value.rad
    return _Size(upper, math.nextafter(nearest_double(lower << scale, divisor), 0.0) if lower > 0 else 0.0)


def suprema(
    f: Callable[[Any], Any], order: int, intervals: Sequence[Interval], known: tuple[Known, Known] | None = None
) -> list[float]:
    """Bound |f⁽ᵒʳᵈᵉʳ⁾| over intervals.

    Each interval is enclosed as a whole, then by Taylor's formula, and by that in halves, quarters, … as far as an
    enclosure exceeds a value that is certainly taken by more than `SLACK`.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function.
    order : int
    intervals : sequence of Interval
    known : tuple of dict, optional
        The sizes of the same derivative on pieces, in lowest terms: by plain enclosures, and by Taylor's formula; is
        added to. The intervals of a ladder of steps lie in one another, and a third of their pieces are pieces of
        others.

    Returns
    -------
    list of float
        Upper bounds, rounded up; infinity where there is a pole, a kink or the end of the domain in the interval,
        or so close to it that the subdivision does not tell.

    Raises
    ------
    TypeError
        If f uses a ufunc that has no exact evaluation, or an exact array in a way that is refused.
    """
    plain, centred = ({}, {}) if known is None else known
    searches = [_Search([_reduced(interval)]) for interval in intervals]
    open_, cuts = list(searches), 0
    while open_:
        _add_missing(plain, [piece for search in open_ for piece in search.plain], partial(_sizes_of, f, order))
        _add_missing(centred, [piece for s in open_ for piece in s.centred], partial(_centred_sizes_of, f, order))
        open_ = [
            search
            for search in open_
            if search.narrow([*(plain[p] for p in search.plain), *(centred[p] for p in search.centred)], cuts)
        ]
        cuts += 1
    return [search.result for search in searches]


def _add_missing(known: Known, pieces: Sequence[Interval], sizes_of: Callable[[list[Ball]], list["_Size"]]) -> None:
    """Find the sizes that are not known, in one evaluation of f."""
    missing = [piece for piece in dict.fromkeys(pieces) if piece not in known]
    if missing:
        known.update(zip(missing, sizes_of([_ball(piece) for piece in missing]), strict=True))


def _sizes_of(f: Callable[[Any], Any], order: int, balls: list[Ball]) -> list[_Size]:
    return [_size_of(enclosure) for enclosure in enclose_derivatives(f, balls, order, PRECISION)]


def _centred_sizes_of(f: Callable[[Any], Any], order: int, balls: list[Ball]) -> list[_Size]:
    """Return the sizes by Taylor's formula; what is taken at the midpoint is taken in the piece."""
    found = []
    for over, middle in enclose_centred(f, balls, order, PRECISION, TERMS):
        size = _size_of(over)
        found.append(size._replace(lower=max(size.lower, _size_of(middle).lower)))
    return found


def _ball(interval: Interval) -> Ball:
    low, high, exponent = interval
    return Ball(low + high, high - low, exponent - 1)


def _halves(interval: Interval) -> tuple[Interval, Interval]:
    low, high, exponent = interval
    return _reduced((2 * low, low + high, exponent - 1)), _reduced((low + high, 2 * high, exponent - 1))


def _reduced(interval: Interval) -> Interval:
    """Return an interval in lowest terms: one name for one interval."""
    low, high, exponent = interval
    both = low | high
    shift = (both & -both).bit_length() - 1
    return (low >> shift, high >> shift, exponent + shift) if both else (0, 0, 0)


class Suprema:
    """`suprema` of one function, each interval once.

    Parameters
    ----------
    f : callable or None
        None for a function that cannot be traced: every bound is infinite.
    """

    def __init__(self, f: Callable[[Any], Any] | None) -> None:
        self.f = f
        self._known: dict[int, dict[Interval, float]] = {}
        self._pieces: dict[int, tuple[Known, Known]] = {}

    def of(self, order: int, intervals: Iterable[Interval]) -> Mapping[Interval, float]:
        """Return the bounds on |f⁽ᵒʳᵈᵉʳ⁾| by interval; the mapping holds at least the given ones."""
        if self.f is None:
            return dict.fromkeys(intervals, math.inf)
        known = self._known.setdefault(order, {})
        missing = [interval for interval in dict.fromkeys(intervals) if interval not in known]
        pieces = self._pieces.setdefault(order, ({}, {}))
        known.update(zip(missing, suprema(self.f, order, missing, pieces), strict=True))
        return known


# --- the Peano constant -----------------------------------------------------------------------------

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
    pieces = [piece for p, width in peano_kernel(stencil) for piece in _signed(p, width)]
    if all(p is not None for p, _ in pieces):
        integrals = [_integral(p, width) for p, width in pieces if p is not None]
        if all(v >= 0 for v in integrals) or all(v <= 0 for v in integrals):
            return abs(stencil.leading_error_constant)
        return sum(map(abs, integrals), Fraction(0))
    return sum((abs(_integral(p, width)) if p is not None else width for p, width in pieces), Fraction(0))


def peano_kernel(stencil: Stencil) -> list[tuple[Polynomial, Fraction]]:
    """Return K between neighbouring nodes (0 included), from left to right.

    Returns
    -------
    list of (polynomial in s, width)
        K(left end + s) for 0 < s < width.
    """
    p = stencil.accuracy_order
    last = stencil.derivative_order + p - 1
    terms = [(c, w / math.factorial(last), last) for c, w in zip(stencil.offsets, stencil.weights, strict=True)]
    terms.append((Fraction(0), Fraction(-1, math.factorial(p - 1)), p - 1))
    pieces: list[tuple[Polynomial, Fraction]] = []
    total = [Fraction(0)] * (last + 1)
    for left, right in reversed(list(pairwise(sorted({*stencil.offsets, Fraction(0)})))):
        width = right - left
        total = _shifted(total, -width)  # K of the piece to the right goes on, and the terms of its left end come in
        for _, factor, degree in (term for term in terms if term[0] == right):
            for k in range(degree + 1):  # (right − left − s)**degree
                total[k] += factor * math.comb(degree, k) * width ** (degree - k) * (-1) ** k
        pieces.append((total, width))
    return pieces[::-1]


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
    """Return p(by + s), by Horner's rule on integers: those of p(s/d), d the denominator of the shift."""
    last, scale = len(p) - 1, math.lcm(*(c.denominator for c in p))
    units = [scale * by.denominator ** (last - k) for k in range(last + 1)]
    whole = [c.numerator * (unit // c.denominator) for c, unit in zip(p, units, strict=True)]
    for first in range(last):
        for k in range(last - 1, first - 1, -1):
            whole[k] += by.numerator * whole[k + 1]
    return [Fraction(c, unit) for c, unit in zip(whole, units, strict=True)]


def _mirrored(p: Polynomial, width: Fraction) -> Polynomial:
    """Return p(width − s)."""
    return [c * (-1) ** k for k, c in enumerate(_shifted(p, width))]


def _without_zero(p: Polynomial) -> Polynomial:
    """Divide by s as often as possible."""
    first = next((k for k, c in enumerate(p) if c), len(p) - 1)
    return p[first:]


def _integral(p: Polynomial, width: Fraction) -> Fraction:
    return sum((c * width ** (k + 1) / (k + 1) for k, c in enumerate(p)), Fraction(0))
