"""What a function is on one side of a point: generalized power series of x + s·t for t → 0+, s = ±1.

A `Germ` is Σ cₑ·yᵉ + R with y = s·t for an integer exponent e and y = t for any other, finitely many real exponents
e < L, and a remainder R = O(t^(L − ε)) for every ε > 0. With integer exponents, coefficients of an analytic function
are therefore those of its Taylor series on both sides, the same closed forms. L = ∞ stands for a sum without remainder.
Logarithms fit in: log t is a remainder with L = 0.

The functions that can be made here of x and constants by arithmetic, exp, log, real powers and analytic functions of
finite arguments, with choices between them, are definable in an o-minimal structure; so their germs form a Hardy field.
In one, every germ has a sign, so that a comparison is decided near the point by the first coefficient that is not 0;
and g = o(tᵃ), a ≠ 0, implies g′ = o(tᵃ⁻¹), so that a series may be differentiated term by term.

References
----------
L. van den Dries and C. Miller, On the real exponential field with restricted analytic functions, Israel J. Math. 85
(1994) 19-56 (o-minimality). M. Rosenlicht, Hardy fields, J. Math. Anal. Appl. 93 (1983) 297-311, proposition 4
(asymptotic relations may be differentiated). A. Griewank and A. Walther, Evaluating Derivatives, 2nd ed., SIAM (2008),
table 13.2 (powers of series).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from numdiff.arithmetic.closed_forms import Field, Number, Undecidable

Exponent: TypeAlias = int | Fraction
Limit: TypeAlias = int | Fraction | float
"""An exponent, or infinity."""

_MOST_POWERS = 40
"""Terms of a series that is composed or raised to a power: they reach the order of the side, if exponents are not
small."""
_MOST_TERMS = 48
"""Terms of a germ, which sums of small exponents such as 0.1 and 0.13 would make thousands of."""


def _plain(exponent: Any) -> Any:
    """Return an exponent as an int where it is one: sums of integers are some twenty times as fast as of fractions."""
    return exponent.numerator if type(exponent) is Fraction and exponent.denominator == 1 else exponent


class Germ:
    """A generalized power series on one side of a point.

    Parameters
    ----------
    terms : mapping of exponent to Number
        Coefficients that are not proved to be 0.
    limit : int, Fraction or inf
        L; the terms have smaller exponents.
    """

    __slots__ = ("limit", "terms")

    def __init__(self, terms: Mapping[Exponent, Number], limit: Limit = math.inf) -> None:
        limit = _plain(limit)
        self.terms = {_plain(e): c for e, c in terms.items() if c.form and e < limit}
        if len(self.terms) > _MOST_TERMS:
            limit = sorted(self.terms)[_MOST_TERMS]
            self.terms = {e: c for e, c in self.terms.items() if e < limit}
        self.limit = limit

    @property
    def order(self) -> Limit:
        """An exponent that the germ is O of."""
        return min(self.terms, default=self.limit)

    @property
    def constant(self) -> Number | None:
        """The number that the germ is, None if it is none or not known to be one."""
        if self.limit != math.inf or any(self.terms.keys() - {0}):
            return None
        return self.terms.get(0)

    def truncated(self, limit: Limit) -> "Germ":
        """Return the germ as it is known below an exponent."""
        return self if limit >= self.limit else Germ(self.terms, limit)


@dataclass(frozen=True)
class Side:
    """One side of a point, where germs are computed.

    Parameters
    ----------
    field : Field
        Of the coefficients; one for all sides that are compared.
    sign : {-1, 0, 1}
        s; 0 for the point itself, where all germs are constants.
    order : int
        Terms are carried up to this exponent.
    may_oscillate : bool
        Whether remainders need not be differentiable, which is so where only f′ is wanted: f(x + s·t) = c₀ + c₁·s·t +
        o(t) suffices for it.
    """

    field: Field
    sign: int
    order: int
    may_oscillate: bool

    def number(self, value: Fraction | int) -> Number:
        """Return a rational number."""
        return self.field.rational(Fraction(value))

    def constant(self, value: Number | Fraction | int) -> Germ:
        """Return a number as a germ."""
        return Germ({0: value if isinstance(value, Number) else self.number(value)})

    def variable(self, point: Fraction) -> Germ:
        """Return x."""
        slope = self.number(1 if self.sign else 0)
        return Germ({0: self.number(point), 1: slope})

    def _parity(self, exponent: Exponent) -> int:
        """Return yᵉ/tᵉ."""
        return -1 if self.sign < 0 and exponent.denominator == 1 and exponent.numerator % 2 else 1

    def turn(self, *exponents: Exponent) -> int:
        """Return yᵃ·yᵇ·…/y^(a + b + …), a sign."""
        if self.sign >= 0 or all(type(exponent) is int for exponent in exponents):
            return 1
        return math.prod(map(self._parity, exponents)) * self._parity(sum(exponents, Fraction(0)))

    # --- arithmetic ------------------------------------------------------------------------------------

    def add(self, left: Germ, right: Germ) -> Germ:
        """Return left + right."""
        terms = dict(left.terms)
        for e, c in right.terms.items():
            terms[e] = terms[e] + c if e in terms else c
        return Germ(terms, min(left.limit, right.limit))

    def scaled(self, germ: Germ, factor: Number) -> Germ:
        """Return a multiple by a number."""
        return Germ({e: c * factor for e, c in germ.terms.items()}, germ.limit) if factor.form else Germ({})

    def negative(self, germ: Germ) -> Germ:
        """Return −germ."""
        return Germ({e: -c for e, c in germ.terms.items()}, germ.limit)

    def subtract(self, left: Germ, right: Germ) -> Germ:
        """Return left − right."""
        return Germ({}) if left is right else self.add(left, self.negative(right))

    def multiply(self, left: Germ, right: Germ) -> Germ:
        """Return left·right: exactly, as far as terms do not exceed the order of the side."""
        if any(germ.limit == math.inf and not germ.terms for germ in (left, right)):
            return Germ({})
        limit = min(left.order + right.limit, right.order + left.limit)
        if limit > self.order and max(left.terms, default=0) + max(right.terms, default=0) >= self.order:
            limit = self.order
        terms: dict[Exponent, Number] = {}
        for a, c in left.terms.items():
            for b, d in right.terms.items():
                if a + b < limit:
                    product = (c * d).scaled(self.turn(a, b))
                    terms[a + b] = terms[a + b] + product if a + b in terms else product
        return Germ(terms, limit)

    def leading(self, germ: Germ) -> tuple[Exponent, Number, int]:
        """Return exponent, coefficient and sign (of the germ) of the first term.

        Raises
        ------
        ZeroDivisionError
            If the germ is 0.
        Undecidable
            If the first term is not known.
        """
        if not germ.terms:
            if germ.limit == math.inf:
                raise ZeroDivisionError
            raise Undecidable
        exponent = min(germ.terms)
        coefficient = germ.terms[exponent]
        sign = coefficient.sign()
        if not sign:
            raise Undecidable
        return exponent, coefficient, sign * self._parity(exponent)

    def power(self, germ: Germ, r: Fraction, of_number: Callable[[Number, Fraction], Number]) -> Germ:
        """Return germʳ = (a·tᵛ)ʳ·Σ binomial(r, k)·uᵏ, where germ = a·tᵛ(1 + u).

        Parameters
        ----------
        germ : Germ
            Not 0; positive, unless r is an integer.
        r : Fraction
        of_number : callable
            (a, r) → aʳ.

        Raises
        ------
        ZeroDivisionError, Undecidable
            As `leading`; Undecidable also for a root of a negative germ.
        """
        v, c, sign = self.leading(germ)
        if sign < 0 and r.denominator != 1:
            raise Undecidable
        inverse = c.inverse()
        rest = {e - v: (d * inverse).scaled(self.turn(v, e - v)) for e, d in germ.terms.items() if e != v}
        u = Germ(rest, germ.limit - v)
        factors = [self.number(1)]
        for k in range(self.powers_needed(u, v * r)):
            factors.append(factors[-1].scaled((r - k) / (k + 1)))
        grown = self.composed(factors, u)
        whole = of_number(c.scaled(self._parity(v)), r).scaled(self._parity(v * r))
        shift = v * r
        return Germ(
            {e + shift: (d * whole).scaled(self.turn(e, shift)) for e, d in grown.terms.items()}, grown.limit + shift
        )

    # --- composition -----------------------------------------------------------------------------------

    def powers_needed(self, u: Germ, shift: Exponent = 0) -> int:
        """Return how many powers of u reach the order of the side, when it is multiplied by t^shift."""
        if u.order == math.inf:
            return 0
        if u.order <= 0:
            raise Undecidable  # not known to be small
        return max(1, min(_MOST_POWERS, math.ceil((self.order - min(shift, 0)) / u.order)))

    def composed(self, coefficients: Sequence[Number], u: Germ) -> Germ:
        """Return Σ cₖ·uᵏ for a germ u → 0; what comes after the coefficients is O(uⁿ), unless u is 0."""
        last = len(coefficients)
        result = Germ({})
        for c in reversed(coefficients):
            result = self.add(self.multiply(result, u), self.constant(c))
        return result.truncated(last * u.order) if u.order != math.inf else result

    def split(self, germ: Germ) -> tuple[Number, Germ]:
        """Return the limit of a germ and the rest, which tends to 0.

        Raises
        ------
        Undecidable
            If the limit is not known, or the germ is unbounded.
        """
        if germ.order < 0 or germ.limit <= 0:
            raise Undecidable
        rest = {e: c for e, c in germ.terms.items() if e}
        return germ.terms.get(0, self.number(0)), Germ(rest, germ.limit)

    def grows(self, germ: Germ) -> int:
        """Return ±1 for a germ that tends to ±∞ as a power of t, 0 for any other.

        Raises
        ------
        Undecidable
            If that is not known.
        """
        return self.leading(germ)[2] if germ.order < 0 else 0

    def order_of(self, left: Germ, right: Germ) -> float | None:
        """Return the sign of left − right near the point; 0 if they are the same, None where it is not known."""
        difference = self.subtract(left, right)
        try:
            return float(self.leading(difference)[2])
        except ZeroDivisionError:
            return 0.0
        except Undecidable:
            return None

    def common(self, left: Germ, right: Germ) -> Germ:
        """Return what two germs are both known to be."""
        difference = self.subtract(left, right)
        return left.truncated(min(difference.order, right.limit))
