"""References: exact values of a callable and of its derivative, certified.

`ExactFunction` evaluates one callable at dyadic points and keeps every value, so that one abscissa is
evaluated once for all kernels, steps and formats. A value is a `Fraction` where the callable is rational
and otherwise a `Ball`, an enclosure from one of two engines:

- ``"mpmath"``, the reference that the tables quote. mpmath proves no bound, so its value v is taken as
  v ± 2^(16−P)·|v|, and Arb, run beside it at the same precision, certifies it: where the two differ by more,
  because the callable cancels inside, the radius grows to cover the difference. Arb alone decides
  whether there is a value; numbers with bits below 2**-LARGEST_EXPONENT are those of Arb.
- ``"arb"``, interval arithmetic in midpoint-radius form with proven radii.

Nothing here knows a kernel, a stencil or a problem: a reference is independent of the code that it is for.
"""

import math
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from numdiff.analysis.enclosures import (
    ExactValue,
    as_ball,
    at_exponent,
    certify,
    decimal_text,
    double_above,
    over_one_denominator,
    resolved_text,
)
from numdiff.analysis.lookup import Lookup, OneSided, Point
from numdiff.arithmetic import balls, multiprecision, rational
from numdiff.arithmetic.ball import LARGEST_EXPONENT, Ball, Undefined
from numdiff.arithmetic.one_sided import Direction
from numdiff.floats.callables import require_callable
from numdiff.floats.dyadic import (
    Dyadic,
    decided_double,
    dyadic_to_fraction,
    nearest_double,
    round_ratio,
    undecided_double,
)

Engine: TypeAlias = Literal["mpmath", "arb"]

START_PRECISION = 256
"""Bits of the first attempt: 53 for the double, 2·70 lost by a centered difference of step 2⁻⁷⁰, 16 of slack."""
MAX_PRECISION = 4096
"""Bits of the last attempt; what is unresolved there is zero for all that can be seen."""


class State(StrEnum):
    """How far a value can be trusted.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> nd.error_ledger(np.exp, 0.5, 0.25).state, nd.error_ledger(lambda x: x * x, 0.5, 0.25).state
    (<State.CERTIFIED: 'certified'>, <State.EXACT: 'exact'>)
    """

    CERTIFIED = "certified"
    """An enclosure fixes the nearest double, and Arb confirms it."""
    EXACT = "exact"
    """Computed in rational arithmetic."""
    GIVEN = "given"
    """From the mpmath callables that the user gave (`numdiff.analysis.twin`): checked, but not certified."""
    UNRESOLVED = "unresolved"
    """Still without one nearest double at 4096 bits: +0.0 with a bound, or the tie that it cannot be told from."""
    OUT_OF_DOMAIN = "out-of-domain"
    """The function or its derivative has no value there, or none that could be decided."""
    OUT_OF_RANGE = "out-of-range"
    """The function or its derivative has a value there, of 2**65536 or more: far beyond every format."""
    KINK = "kink"
    """There is no derivative from both sides: those from the right and from the left are proved to differ."""
    JUMP = "jump"
    """There is no derivative: f is proved not to be continuous at x, be it by the rounding of a constant (1/3)."""
    UNPROVED = "unproved"
    """The values on both sides agree to 4096 bits, and no closed form shows that they are the same number."""


STATES: Mapping[Undefined, State] = MappingProxyType(
    {
        Undefined.BEYOND: State.OUT_OF_RANGE,
        Undefined.KINK: State.KINK,
        Undefined.JUMP: State.JUMP,
        Undefined.UNPROVED: State.UNPROVED,
    }
)
"""What is said of a missing derivative; of any other reason, that it is out of the domain."""
NOT_SMOOTH = frozenset({Undefined.KINK, Undefined.JUMP, Undefined.POLE})
"""Why f is proved to have no derivative at a point of its domain."""


def precisions() -> Iterator[int]:
    """Yield the working precisions in bits: 256, 512, … 4096."""
    precision = START_PRECISION
    while precision <= MAX_PRECISION:
        yield precision
        precision *= 2


@dataclass(frozen=True)
class Reference:
    """A derivative at a point, as the tables quote it.

    Attributes
    ----------
    value : float
        The double nearest to f⁽ᵐ⁾(x); NaN outside the domain and beyond 2**65536.
    radius : float
        Radius of Arb's enclosure at the precision that decided, rounded up; 0 for an exact value. In the state `GIVEN`
        it is what the last doubling of the precision changed, with an allowance for rounding, and proves nothing.
    text : str
        The first 30 significant digits.
    state : State

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> reference = nd.error_ledger(np.exp, 1.0, 0.25).references[0]
    >>> reference.text, reference.state
    ('2.71828182845904523536028747135e+0', <State.CERTIFIED: 'certified'>)
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
        f′ as a NumPy callable. Without it the derivative comes from automatic
        differentiation, in rationals or in Arb.
    engine : {"mpmath", "arb"}
        The engine of the enclosures.

    Raises
    ------
    ValueError
        If `engine` is unknown.

    Examples
    --------
    >>> from fractions import Fraction
    >>> import numdiff as nd
    >>> nd.ExactFunction(lambda x: x**3).reference((1, -1)).value
    0.75
    """

    state = State.CERTIFIED
    """The state of a value that an enclosure fixes."""

    def __init__(
        self,
        f: Callable[[Any], Any],
        derivative: Callable[[Any], Any] | None = None,
        engine: Engine = "mpmath",
    ) -> None:
        if engine not in ("mpmath", "arb"):
            raise ValueError(f"engine must be 'mpmath' or 'arb', got {engine!r}")
        require_callable(f)
        if derivative is not None:
            require_callable(derivative, "derivative")
        self.f, self.given_derivative, self.engine = f, derivative, engine
        # What is looked up ends with its owner, and needs no collector for that: it is most of what a sweep holds.
        me = weakref.proxy(self)
        self._values = Lookup(
            lambda points: rational.values(f, points), lambda points, bits: me._values_of(f, points, bits)
        )
        self._imaginary_values = Lookup(
            lambda points: _imaginary_parts(rational.complex_values(f, points)),
            lambda points, bits: me._enclosed_imaginary_values(points, bits),
        )
        self._derivatives: dict[int, Lookup] = {}
        self._one_sided = OneSided(f)
        self._references: dict[tuple[Dyadic, int, Direction], Reference] = {}

    # --- values of f -------------------------------------------------------------------------------

    def values(self, points: Sequence[Point], precision: int) -> dict[Point, ExactValue]:
        """Return f at real points; the dictionary holds at least the given ones.

        Parameters
        ----------
        points : sequence of Dyadic
        precision : int
            Bits of working precision.
        """
        return self._values(points, precision)

    def imaginary_values(self, points: Sequence[Point], precision: int) -> dict[Point, ExactValue]:
        """Return Im f at complex points, each a pair (real part, imaginary part) of dyadic numbers."""
        return self._imaginary_values(points, precision)

    def derivative(
        self, points: Sequence[Point], precision: int, order: int = 1, direction: Direction = 0
    ) -> dict[Point, ExactValue]:
        """Return f⁽ᵐ⁾ at real points.

        Order 1 comes from the given f′ if there is one, certified by automatic differentiation; where the
        series has no value (x**4.5 at 0) the given f′ is certified by Arb's value of it. Where f has no series, the
        derivative is the one from the side of `direction`, or from both if they agree
        (`numdiff.arithmetic.one_sided`).

        Parameters
        ----------
        points : sequence of Dyadic
        precision : int
            Bits of working precision.
        order : int
            m.
        direction : {-1, 0, 1}
            Where the formula looks from x: to the left, to both sides, to the right.

        Raises
        ------
        ValueError
            If the given f′ and automatic differentiation exclude each other.
        """
        if order not in self._derivatives:
            if order == 1 and self.given_derivative is not None:
                self._derivatives[order] = self._lookup_of_given(self.given_derivative)
            else:
                f = self.f
                self._derivatives[order] = Lookup(
                    lambda points: rational.derivatives(f, points, order),
                    lambda points, bits: balls.derivatives(f, points, order, bits),
                )
        found = self._derivatives[order](points, precision)
        missing = [p for p in points if isinstance(found[p], Undefined) and found[p] is not Undefined.BEYOND]
        if not missing:
            return found
        sides = self._one_sided.derivatives(missing, precision, order, direction, precision >= MAX_PRECISION)
        return {**found, **{p: sides[p] for p in missing if sides[p] is not Undefined.UNDECIDED}}

    def _lookup_of_given(self, derivative: Callable[[Any], Any]) -> "Lookup":
        me = weakref.proxy(self)

        def exact(points: list[Any]) -> list[ExactValue]:
            return me._checked(points, list(rational.values(derivative, points)), START_PRECISION)

        def enclosed(points: list[Any], precision: int) -> list[ExactValue]:
            return me._checked(points, me._values_of(derivative, points, precision), precision)

        return Lookup(exact, enclosed)

    def _values_of(self, f: Callable[[Any], Any], points: list[Any], precision: int) -> list[ExactValue]:
        proven: list[ExactValue] = list(balls.values(f, points, precision))
        return self._certified(proven, lambda asked: multiprecision.values(f, asked, precision), points)

    def _enclosed_imaginary_values(self, points: list[Any], precision: int) -> list[ExactValue]:
        def computed(asked: list[Any]) -> list[ExactValue]:
            return _imaginary_parts(multiprecision.complex_values(self.f, asked, precision))

        return self._certified(_imaginary_parts(balls.complex_values(self.f, points, precision)), computed, points)

    def _certified(
        self, proven: list[ExactValue], compute: Callable[[list[Any]], Sequence[Any]], points: list[Any]
    ) -> list[ExactValue]:
        """Return what Arb proved; with the other engine, what that computes at the points, certified by it."""
        if self.engine == "mpmath":
            asked = _comparable(proven)
            for i, value in zip(asked, compute([points[i] for i in asked]), strict=True):
                proven[i] = certify(value, proven[i])
        return proven

    def _checked(self, points: list[Any], values: list[ExactValue], precision: int) -> list[ExactValue]:
        """Return values of the given f′; raise where automatic differentiation finds another derivative.

        Where f is proved to have no derivative (np.abs at 0), the given value is none either.
        """
        automatic = balls.derivatives(self.f, points, 1, precision)
        for i, (point, value, proof) in enumerate(zip(points, values, automatic, strict=True)):
            if isinstance(value, Undefined):
                continue
            known: ExactValue = proof if isinstance(proof, Ball) else self._one_sided.proof(point, precision)
            if isinstance(known, Undefined):
                values[i] = Undefined.UNDECIDED if known in NOT_SMOOTH else value
                continue
            difference, radius, midpoints = _distance(value, known, precision)
            if difference > radius:
                given, proved = (nearest_double(*middle.as_integer_ratio()) for middle in midpoints)
                raise ValueError(
                    f"derivative must be f', got {given!r} at x = {float(dyadic_to_fraction(point))!r}, where "
                    f"automatic differentiation proves {proved!r}"
                )
        return values

    # --- the reference -----------------------------------------------------------------------------

    def reference(self, point: Dyadic, order: int = 1, direction: Direction = 0) -> Reference:
        """Return f⁽ᵐ⁾(x) as the nearest double with its certified radius; `direction` as in `derivative`."""
        key = point, order, direction
        if key not in self._references:
            self._references[key] = self._reference(*key)
        return self._references[key]

    def _reference(self, point: Dyadic, order: int, direction: Direction) -> Reference:
        for precision in precisions():
            value = self.derivative([point], precision, order, direction)[point]
            if isinstance(value, Fraction):
                return Reference(nearest_double(*value.as_integer_ratio()), 0.0, decimal_text(value), State.EXACT)
            if isinstance(value, Ball):
                nearest, text = decided_double(*over_one_denominator(value)), resolved_text(value)
                if nearest is not None and text is not None:
                    radius = self._published_radius(point, precision, order, direction)
                    return Reference(nearest, radius, text, self.state)
            elif value is not Undefined.UNDECIDED:
                return Reference(math.nan, 0.0, value.value, STATES.get(value, State.OUT_OF_DOMAIN))
        return self._unresolved(value, point, order, direction)

    def _unresolved(self, value: ExactValue, point: Dyadic, order: int, direction: Direction) -> Reference:
        """Return what is published of a derivative that 4096 bits do not decide: 0 with a bound, or a tie."""
        proof = self._proof(point, MAX_PRECISION, order, direction)
        if not isinstance(value, Ball) or proof is None:
            return Reference(math.nan, 0.0, "undecided", State.OUT_OF_DOMAIN)
        nearest = undecided_double(*over_one_denominator(value))
        if not nearest:
            bound = abs(proof.midpoint) + proof.radius
            return Reference(0.0, double_above(*bound.as_integer_ratio()), "0", State.UNRESOLVED)
        # A tie between two doubles or between two texts; its 128 bits are those of the tie.
        numerator, _, denominator = over_one_denominator(value)
        tie = dyadic_to_fraction(round_ratio(numerator, denominator, 128, -(1 << 40)))
        state = State.UNRESOLVED if decided_double(*over_one_denominator(value)) is None else self.state
        return Reference(nearest, double_above(*proof.radius.as_integer_ratio()), decimal_text(tie), state)

    def _proof(self, point: Dyadic, precision: int, order: int, direction: Direction) -> Ball | None:
        """Return Arb's own enclosure of the derivative: by differentiation, of the given f′, or from the sides."""
        proof: ExactValue = balls.derivatives(self.f, [point], order, precision)[0]
        if not isinstance(proof, Ball) and self.given_derivative is not None:
            proof = balls.values(self.given_derivative, [point], precision)[0]
        if not isinstance(proof, Ball):
            proof = self.derivative([point], precision, order, direction)[point]
        return proof if isinstance(proof, Ball) else None

    def _published_radius(self, point: Dyadic, precision: int, order: int, direction: Direction) -> float:
        """Return the radius of Arb's own enclosure, rounded up."""
        proof = self._proof(point, precision, order, direction)
        return math.inf if proof is None else double_above(*proof.radius.as_integer_ratio())


def _imaginary_parts(values: Sequence[Any]) -> list[ExactValue]:
    return [value if isinstance(value, Undefined) else value[1] for value in values]


def _distance(value: ExactValue, proof: ExactValue, precision: int) -> tuple[int, int, tuple[Fraction, Fraction]]:
    """Return how far the midpoints of two enclosures are apart, the sum of their radii, and the midpoints."""
    left, right = (ball for v in (value, proof) if (ball := as_ball(v, precision)) is not None)
    exponent = min(left.exp, right.exp)
    mid, rad = at_exponent(left, exponent)
    proven_mid, proven_rad = at_exponent(right, exponent)
    return abs(mid - proven_mid), rad + proven_rad, (left.midpoint, right.midpoint)


def _comparable(proven: list[ExactValue]) -> list[int]:
    """Return the positions of the enclosures that mpmath can be compared with."""
    return [i for i, value in enumerate(proven) if type(value) is Ball and value.exp > -LARGEST_EXPONENT]
