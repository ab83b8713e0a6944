"""Real numbers that know how they were made, so that two of them can be proved equal.

Overlapping balls never prove that two numbers are equal. A `Number` therefore carries, beside its ball, a closed form:
a sum of products of powers of *atoms* with rational coefficients. An atom is a value such as sin(0.7) of which nothing
but its name is used. Sums and products of closed forms are those of polynomials, so that

    a = b  is proved  if their forms are the same polynomial, and
    a ≠ b  is proved  if the ball of a − b excludes 0;

otherwise nothing is known. That is sound whatever relations the atoms have (sin² + cos² = 1 among them), and not
complete: relations that no form shows are not found. Where a ball has no radius, the number is rational, and its form
is that number.

References
----------
H.-J. Boehm, Towards an API for the real numbers, PLDI 2020, section 4 (a rational factor and a symbolic part beside
the approximation, to decide equality).
"""

import math
from collections.abc import Callable, Hashable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from flint import arb, arb_series, ctx, fmpq

Monomial: TypeAlias = tuple[tuple[int, int], ...]
"""(atom, power), sorted by atom; powers may be negative."""
Form: TypeAlias = Mapping[Monomial, Any]
"""Coefficients by monomial, ``flint.fmpq``: forms of some ten terms are multiplied by the thousand."""

_MOST_TERMS = 48
"""A longer form becomes one atom: it costs the proofs that would need its parts."""
_LARGEST_SIZE = 1 << 16
"""Bits of a rational coefficient beyond which a computation is given up."""
_ONE: Monomial = ()
"""The empty product."""


class Undecidable(ArithmeticError):
    """What is asked needs the sign of a number that its ball and its form do not tell."""


class Number:
    """A real number: a ball that contains it, and its closed form.

    Parameters
    ----------
    field : Field
        Where its atoms are known.
    form : mapping of monomials to fmpq
        Without zeros; empty for 0.
    ball : arb
    """

    __slots__ = ("as_atom", "ball", "field", "form")

    def __init__(self, field: "Field", form: Form, ball: Any) -> None:
        self.field, self.form, self.ball = field, form, ball
        self.as_atom: Number | None = self if len(form) <= 1 else None
        """The number as one atom, once it was asked for."""

    @property
    def rational(self) -> Fraction | None:
        """The number, if its form is a rational number."""
        if not self.form:
            return Fraction(0)
        found = self.form.get(_ONE) if len(self.form) == 1 else None
        return None if found is None else Fraction(int(found.p), int(found.q))

    def sign(self) -> int | None:
        """Return the sign if it is proved, else None."""
        if not self.form:
            return 0
        return 1 if self.ball > 0 else -1 if self.ball < 0 else None

    def key(self) -> Hashable:
        """Return what equal forms have in common."""
        return frozenset((monomial, int(c.p), int(c.q)) for monomial, c in self.form.items())

    def scaled(self, factor: Fraction | int) -> "Number":
        """Return a rational multiple."""
        if factor == 1:
            return self
        multiple = _quotient(factor)
        form = {monomial: coefficient * multiple for monomial, coefficient in self.form.items()} if factor else {}
        return self.field.number(form, self.ball * arb(multiple))

    def __neg__(self) -> "Number":
        return self.scaled(-1)

    def __add__(self, other: "Number") -> "Number":
        form = dict(self.form)
        for monomial, coefficient in other.form.items():
            total = form[monomial] + coefficient if monomial in form else coefficient
            if total:
                form[monomial] = total
            else:
                del form[monomial]
        return self.field.number(form, self.ball + other.ball)

    def __sub__(self, other: "Number") -> "Number":
        return self + -other

    def __mul__(self, other: "Number") -> "Number":
        left, right = self, other
        if len(left.form) * len(right.form) > _MOST_TERMS:
            left, right = self.field.opaque(left), self.field.opaque(right)
        form: dict[Monomial, Any] = {}
        for first, a in left.form.items():
            for second, b in right.form.items():
                monomial = _product(first, second)
                form[monomial] = form[monomial] + a * b if monomial in form else a * b
        return self.field.number({m: c for m, c in form.items() if c}, left.ball * right.ball)

    def __truediv__(self, other: "Number") -> "Number":
        if self.form == other.form and other.sign():
            return self.field.rational(Fraction(1))
        return self * other.inverse()

    def inverse(self) -> "Number":
        """Return 1/self.

        Raises
        ------
        Undecidable
            If the number is not proved to differ from 0.
        """
        if not self.sign():
            raise Undecidable
        whole = self if len(self.form) == 1 else self.field.opaque(self)
        ((monomial, coefficient),) = whole.form.items()
        return self.field.number({tuple((atom, -power) for atom, power in monomial): 1 / coefficient}, 1 / self.ball)


class Field:
    """The atoms of one computation, by name; equal names stand for equal numbers."""

    def __init__(self) -> None:
        self._atoms: dict[Hashable, int] = {}

    def number(self, form: Form, ball: Any) -> Number:
        """Return a number with the sharpest ball that its form gives."""
        if not form:
            return Number(self, form, arb(0))
        if len(form) == 1 and _ONE in form:
            return self._rational(form[_ONE])
        if len(form) > _MOST_TERMS:
            return self.opaque(Number(self, form, ball))
        return Number(self, form, ball)

    def rational(self, value: Fraction) -> Number:
        """Return a rational number.

        Raises
        ------
        Undecidable
            If it has too many digits to be of use.
        """
        return self._rational(_quotient(value))

    def _rational(self, value: Any) -> Number:
        if value.p.bit_length() + value.q.bit_length() > _LARGEST_SIZE:
            raise Undecidable
        return Number(self, {_ONE: value} if value else {}, arb(value))

    def atom(self, name: Hashable, ball: Any) -> Number:
        """Return the number of a name, rational where the ball has no radius.

        Raises
        ------
        Undecidable
            If the ball is not finite.
        """
        if not ball.is_finite():
            raise Undecidable
        if ball.is_exact():
            mantissa, exponent = (int(part) for part in ball.mid().man_exp())
            if abs(exponent) > _LARGEST_SIZE:
                raise Undecidable
            return self.rational(Fraction(mantissa) * Fraction(2) ** exponent)
        index = self._atoms.setdefault(name, len(self._atoms))
        return Number(self, {((index, 1),): fmpq(1)}, ball)

    def opaque(self, number: Number) -> Number:
        """Return a number as one atom, if it is not a single product already."""
        if number.as_atom is None:
            number.as_atom = self.atom(number.key(), number.ball)
        return number.as_atom

    def pi(self) -> Number:
        """Return π."""
        return self.atom("pi", arb.pi())

    def taylor(self, name: str, function: Callable[[Any], Any], at: Number, length: int) -> list[Number]:
        """Return the first Taylor coefficients of an analytic function, given on series of balls.

        Parameters
        ----------
        name : str
            Of the ufunc; names the atoms.
        function : callable
            The ufunc on ``arb_series``.
        at : Number
            The point.
        length : int
            How many.

        Raises
        ------
        Undecidable
            If the series does not exist there.
        ZeroDivisionError, ValueError
            As `function` raises.
        """
        saved, ctx.cap = ctx.cap, length
        try:
            found = function(arb_series([at.ball, 1]))
            balls = [found[k] for k in range(length)] if found.prec >= length else []
        finally:
            ctx.cap = saved
        if not balls:
            raise Undecidable
        key, cycle = at.key(), _PERIODIC.get(name, ())
        if not cycle:
            return [self.atom((name, k, key), ball) for k, ball in enumerate(balls)]
        basis: dict[str, Number] = {}
        for ball, (atom, sign) in zip(balls, cycle, strict=False):
            basis.setdefault(atom, self.atom((atom, 0, key), ball if sign > 0 else -ball))
        turns = [cycle[k % len(cycle)] for k in range(length)]
        return [basis[atom].scaled(Fraction(sign, math.factorial(k))) for k, (atom, sign) in enumerate(turns)]


_PERIODIC: Mapping[str, tuple[tuple[str, int], ...]] = {
    "exp": (("exp", 1),),
    "sin": (("sin", 1), ("cos", 1), ("sin", -1), ("cos", -1)),
    "cos": (("cos", 1), ("sin", -1), ("cos", -1), ("sin", 1)),
    "sinh": (("sinh", 1), ("cosh", 1)),
    "cosh": (("cosh", 1), ("sinh", 1)),
}
"""The derivatives of order 0, 1, … of functions whose derivatives repeat, each as a function and a sign."""


def _quotient(value: Fraction | int) -> Any:
    return fmpq(value.numerator, value.denominator)


@lru_cache(maxsize=1 << 14)
def _product(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    powers = dict(left)
    for atom, power in right:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted((atom, power) for atom, power in powers.items() if power))
