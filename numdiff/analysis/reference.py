"""Truth: exact values of a callable and of its derivative, certified.

`ExactFunction` evaluates one callable at dyadic points and keeps every value, so that one abscissa is
evaluated once for all kernels, steps and formats. A value is a `Fraction` where the callable is rational
and otherwise a `Ball`, an enclosure from one of two engines:

- ``"mpmath"``, the reference that the tables quote. mpmath proves no bound, so its value v is taken as
  v ± 2^(16−P)·|v|, and Arb, run beside it at the same precision, certifies it: where the two differ by more,
  because the callable cancels inside, the radius grows to cover the difference. Arb has the only word on whether
  there is a value, and on numbers with bits below 2**-LARGEST_EXPONENT: there mpmath is not asked.
- ``"arb"``, interval arithmetic in midpoint-radius form with proven radii.

Nothing here knows a kernel, a stencil or a problem: truth is not computed by the contestant.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from numdiff.arithmetic import balls, multiprecision, rational
from numdiff.arithmetic.ball import LARGEST_EXPONENT, Ball, Undefined
from numdiff.floats.dyadic import (
    Dyadic,
    dyadic_to_fraction,
    nearest_double,
    round_ratio,
    settled_double,
    unsettled_double,
)

Engine: TypeAlias = Literal["mpmath", "arb"]
ExactValue: TypeAlias = Fraction | Ball | Undefined
Point: TypeAlias = Dyadic | tuple[Dyadic, Dyadic]
"""A real abscissa, or the real and the imaginary part of a complex one."""

START_PRECISION = 256
"""Bits of the first attempt: 53 for the double, 2·70 lost by a centered difference of step 2⁻⁷⁰, 16 of slack."""
MAX_PRECISION = 4096
"""Bits of the last attempt; what is unresolved there is zero for all that can be seen."""
TEXT_DIGITS = 30
_TEXT_BITS = 90
"""A ball of a relative width above 2⁻⁹⁰ is wider than one unit of the last of 30 digits, at most 10⁻²⁹ < 2⁻⁹⁶."""


class State(StrEnum):
    """How far a value can be trusted."""

    CERTIFIED = "certified"
    """An enclosure fixes the nearest double, and Arb confirms it."""
    EXACT = "exact"
    """Computed in rational arithmetic."""
    STUCK = "stuck"
    """Still without one nearest double at 4096 bits: +0.0 with a bound, or the tie that it cannot be told from."""
    OUT_OF_DOMAIN = "out-of-domain"
    """The function or its derivative has no value there, or none that could be decided."""
    OUT_OF_RANGE = "out-of-range"
    """The function or its derivative has a value there, of 2**65536 or more: far beyond every format."""


def precisions() -> Iterator[int]:
    """Yield the working precisions in bits: 256, 512, … 4096."""
    precision = START_PRECISION
    while precision <= MAX_PRECISION:
        yield precision
        precision *= 2


def ball_of(value: Fraction, precision: int) -> Ball:
    """Enclose a rational number in a ball of about `precision` bits (radius 0 where it is dyadic)."""
    numerator, denominator = value.as_integer_ratio()
    if not denominator & (denominator - 1):
        return Ball(numerator, 0, 1 - denominator.bit_length())
    shift = max(precision + denominator.bit_length() - numerator.bit_length(), 0)
    return Ball((numerator << shift) // denominator, 1, -shift)


def _at_exponent(ball: Ball, exponent: int) -> tuple[int, int]:
    """Return midpoint and radius of a ball on a finer scale."""
    return ball.mid << (ball.exp - exponent), ball.rad << (ball.exp - exponent)


def certify(value: ExactValue, certificate: ExactValue) -> ExactValue:
    """Widen mpmath's enclosure until it covers Arb's ball; where one of them has none, what Arb proves counts."""
    if isinstance(value, Ball) and isinstance(certificate, Ball):
        if not certificate.rad:
            return certificate  # Arb proves the number itself
        exponent = min(value.exp, certificate.exp)
        mid, rad = _at_exponent(value, exponent)
        proven_mid, proven_rad = _at_exponent(certificate, exponent)
        distance = abs(mid - proven_mid) + proven_rad
        return value if distance <= rad else Ball(mid, distance, exponent)
    return certificate


@dataclass(frozen=True)
class Reference:
    """A derivative at a point, as the tables quote it.

    Attributes
    ----------
    value : float
        The double nearest to f⁽ᵐ⁾(x); NaN outside the domain and beyond 2**65536.
    radius : float
        Radius of Arb's enclosure at the precision that decided, rounded up; 0 for an exact value.
    text : str
        The first 30 significant digits.
    state : State
    """

    value: float
    radius: float
    text: str
    state: State


class ExactFunction:
    """One callable, evaluated exactly, each abscissa once.

    Parameters
    ----------
    f : callable
        An elementwise NumPy callable.
    derivative : callable, optional
        The closed form of f′ as a NumPy callable. Without it the derivative comes from automatic
        differentiation, in rationals or in Arb.
    engine : {"mpmath", "arb"}
        The engine of the enclosures.

    Raises
    ------
    ValueError
        If `engine` is unknown.
    """

    def __init__(
        self,
        f: Callable[[Any], Any],
        derivative: Callable[[Any], Any] | None = None,
        engine: Engine = "mpmath",
    ) -> None:
        if engine not in ("mpmath", "arb"):
            raise ValueError(f"engine must be 'mpmath' or 'arb', got {engine!r}")
        self.f, self.closed_form, self.engine = f, derivative, engine
        self._irrational: set[str] = set()
        self._cache: dict[tuple[str, int], dict[Point, ExactValue]] = {}
        self._references: dict[tuple[Dyadic, int], Reference] = {}

    # --- values of f -------------------------------------------------------------------------------

    def values(self, points: Sequence[Point], precision: int) -> dict[Point, ExactValue]:
        """Return f at real points; the dictionary holds at least the given ones.

        Parameters
        ----------
        points : sequence of Dyadic
        precision : int
            Bits of working precision.
        """
        return self._lookup("real", points, precision)

    def imaginary_values(self, points: Sequence[Point], precision: int) -> dict[Point, ExactValue]:
        """Return Im f at complex points, each a pair (real part, imaginary part) of dyadic numbers."""
        return self._lookup("imaginary", points, precision)

    def derivative(self, points: Sequence[Point], precision: int, order: int = 1) -> dict[Point, ExactValue]:
        """Return f⁽ᵐ⁾ at real points.

        Order 1 comes from the closed form if there is one, certified by automatic differentiation; where the
        series has no value (x**4.5 at 0) the closed form is certified by Arb's value of it.

        Raises
        ------
        ValueError
            If the closed form and automatic differentiation exclude each other.
        """
        return self._lookup(f"derivative{order}", points, precision)

    def _lookup(self, kind: str, points: Sequence[Point], precision: int) -> dict[Point, ExactValue]:
        if kind not in self._irrational:
            exact = self._cache.setdefault((kind, 0), {})
            missing = [p for p in dict.fromkeys(points) if p not in exact]
            try:
                if not exact:
                    self._rational(kind, missing[:1])  # most callables are not rational: find out on one point
                exact.update(zip(missing, self._rational(kind, missing), strict=True))
                return exact
            except rational.NotRational:
                self._irrational.add(kind)
        known = self._cache.setdefault((kind, precision), {})
        missing = [p for p in dict.fromkeys(points) if p not in known]
        if missing:
            known.update(zip(missing, self._enclosed(kind, missing, precision), strict=True))
        return known

    def _rational(self, kind: str, points: list[Any]) -> list[ExactValue]:
        if not points:
            return []
        if kind == "real":
            return list(rational.values(self.f, points))
        if kind == "imaginary":
            return [v if isinstance(v, Undefined) else v[1] for v in rational.complex_values(self.f, points)]
        order = int(kind.removeprefix("derivative"))
        if order == 1 and self.closed_form is not None:
            values: list[ExactValue] = list(rational.values(self.closed_form, points))
            self._check_closed_form(points, values, START_PRECISION)
            return values
        return list(rational.derivatives(self.f, points, order))

    def _enclosed(self, kind: str, points: list[Any], precision: int) -> list[ExactValue]:
        if kind == "real":
            return self._with_certificate(self.f, points, precision)
        if kind == "imaginary":
            return self._imaginary(points, precision)
        order = int(kind.removeprefix("derivative"))
        if order == 1 and self.closed_form is not None:
            values = self._with_certificate(self.closed_form, points, precision)
            self._check_closed_form(points, values, precision)
            return values
        return list(balls.derivatives(self.f, points, order, precision))

    def _with_certificate(self, f: Callable[[Any], Any], points: list[Any], precision: int) -> list[ExactValue]:
        proven: list[ExactValue] = list(balls.values(f, points, precision))
        if self.engine == "mpmath":
            asked = _within_reach(proven)
            values = multiprecision.values(f, [points[i] for i in asked], precision)
            for i, value in zip(asked, values, strict=True):
                proven[i] = certify(value, proven[i])
        return proven

    def _imaginary(self, points: list[Any], precision: int) -> list[ExactValue]:
        def parts(values: Sequence[Any]) -> list[ExactValue]:
            return [v if isinstance(v, Undefined) else v[1] for v in values]

        proven = parts(balls.complex_values(self.f, points, precision))
        if self.engine == "mpmath":
            asked = _within_reach(proven)
            values = parts(multiprecision.complex_values(self.f, [points[i] for i in asked], precision))
            for i, value in zip(asked, values, strict=True):
                proven[i] = certify(value, proven[i])
        return proven

    def _check_closed_form(self, points: list[Any], values: list[ExactValue], precision: int) -> None:
        """Raise where the closed form is not the derivative that automatic differentiation finds."""
        automatic = balls.derivatives(self.f, points, 1, precision)
        for point, value, proof in zip(points, values, automatic, strict=True):
            if isinstance(value, Undefined) or isinstance(proof, Undefined):
                continue
            ball = ball_of(value, precision) if isinstance(value, Fraction) else value
            exponent = min(ball.exp, proof.exp)
            mid, rad = _at_exponent(ball, exponent)
            proven_mid, proven_rad = _at_exponent(proof, exponent)
            if abs(mid - proven_mid) > rad + proven_rad:
                raise ValueError(
                    f"derivative must be f', got {nearest_double(*_ratio(ball))!r} at "
                    f"x = {float(dyadic_to_fraction(point))!r}, where automatic differentiation proves "
                    f"{nearest_double(*_ratio(proof))!r}"
                )

    # --- the reference -----------------------------------------------------------------------------

    def reference(self, point: Dyadic, order: int = 1) -> Reference:
        """Return f⁽ᵐ⁾(x) as the nearest double with its certified radius."""
        key = point, order
        if key not in self._references:
            self._references[key] = self._reference(point, order)
        return self._references[key]

    def _reference(self, point: Dyadic, order: int) -> Reference:
        for precision in precisions():
            value = self.derivative([point], precision, order)[point]
            if isinstance(value, Fraction):
                return Reference(nearest_double(*value.as_integer_ratio()), 0.0, decimal_text(value), State.EXACT)
            if isinstance(value, Ball):
                nearest, text = settled_double(*_scaled(value)), settled_text(value)
                if nearest is not None and text is not None:
                    return Reference(nearest, self._published_radius(point, precision, order), text, State.CERTIFIED)
            elif value is not Undefined.UNDECIDED:
                state = State.OUT_OF_RANGE if value is Undefined.BEYOND else State.OUT_OF_DOMAIN
                return Reference(math.nan, 0.0, value.value, state)
        return self._unsettled(value, point, order)

    def _unsettled(self, value: ExactValue, point: Dyadic, order: int) -> Reference:
        """Return what is published of a derivative that 4096 bits do not decide: 0 with a bound, or a tie."""
        proof = self._proof(point, MAX_PRECISION, order)
        if not isinstance(value, Ball) or proof is None:
            return Reference(math.nan, 0.0, "undecided", State.OUT_OF_DOMAIN)
        nearest = unsettled_double(*_scaled(value))
        if not nearest:
            bound = abs(proof.midpoint) + proof.radius
            return Reference(0.0, rounded_up(*bound.as_integer_ratio()), "0", State.STUCK)
        # A tie between two doubles or between two texts; its 128 bits are those of the tie.
        numerator, _, denominator = _scaled(value)
        tie = dyadic_to_fraction(round_ratio(numerator, denominator, 128, -(1 << 40)))
        state = State.STUCK if settled_double(*_scaled(value)) is None else State.CERTIFIED
        return Reference(nearest, rounded_up(*proof.radius.as_integer_ratio()), decimal_text(tie), state)

    def _proof(self, point: Dyadic, precision: int, order: int) -> Ball | None:
        """Return Arb's own enclosure of the derivative, by differentiation or else of the closed form."""
        proof = balls.derivatives(self.f, [point], order, precision)[0]
        if not isinstance(proof, Ball) and self.closed_form is not None:
            proof = balls.values(self.closed_form, [point], precision)[0]
        return proof if isinstance(proof, Ball) else None

    def _published_radius(self, point: Dyadic, precision: int, order: int) -> float:
        """Return the radius of Arb's own enclosure, rounded up; of the closed form, if need be."""
        proof = self._proof(point, precision, order)
        return math.inf if proof is None else rounded_up(*proof.radius.as_integer_ratio())


def _scaled(ball: Ball) -> tuple[int, int, int]:
    """Return midpoint and radius of a ball as integers over one denominator."""
    shift = max(ball.exp, 0)
    return ball.mid << shift, ball.rad << shift, 1 << max(-ball.exp, 0)


def _within_reach(proven: list[ExactValue]) -> list[int]:
    """Return the positions of the enclosures that mpmath can be held against."""
    return [i for i, value in enumerate(proven) if type(value) is Ball and value.exp > -LARGEST_EXPONENT]


def _ratio(ball: Ball) -> tuple[int, int]:
    """Return the midpoint of a ball as numerator and denominator."""
    return (ball.mid << ball.exp, 1) if ball.exp >= 0 else (ball.mid, 1 << -ball.exp)


def rounded_up(numerator: int, denominator: int) -> float:
    """Return the smallest of the doubles that are not below a non-negative ratio."""
    value = nearest_double(numerator, denominator)
    if math.isinf(value) or Fraction(value) * denominator >= numerator:
        return value
    return math.nextafter(value, math.inf)


def settled_text(ball: Ball) -> str | None:
    """Return the decimal text that all numbers of a ball round to; None if there is none."""
    if not ball.rad:
        return decimal_text(ball.midpoint)
    if abs(ball.mid).bit_length() - ball.rad.bit_length() < _TEXT_BITS:
        return None
    low = decimal_text(ball.midpoint - ball.radius)
    return low if low == decimal_text(ball.midpoint + ball.radius) else None


def decimal_text(value: Fraction, digits: int = TEXT_DIGITS) -> str:
    """Return a rational number in decimal with the given significant digits, correctly rounded."""
    if not value:
        return "0"
    magnitude = abs(value)
    numerator, denominator = magnitude.as_integer_ratio()
    power = math.floor((numerator.bit_length() - denominator.bit_length() - 1) * math.log10(2)) - 1
    while Fraction(10) ** (power + 1) <= magnitude:  # the estimate is at most three too low
        power += 1
    scaled = round(magnitude * Fraction(10) ** (digits - 1 - power))
    if scaled == 10**digits:  # 9.99… was rounded up
        scaled, power = scaled // 10, power + 1
    text = str(scaled)
    return f"{'-' if value < 0 else ''}{text[0]}.{text[1:]}e{power:+d}"
