"""Exact values that are looked up, each computed once: of functions, and of derivatives from one side."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from numdiff.analysis.enclosures import ExactValue
from numdiff.arithmetic import rational
from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.one_sided import Direction, one_sided_derivatives
from numdiff.floats.dyadic import Dyadic

Point: TypeAlias = Dyadic | tuple[Dyadic, Dyadic]
"""A real abscissa, or the real and the imaginary part of a complex one."""


class Lookup:
    """One quantity at exact points, each evaluated once: in rationals where that is possible, else at a precision."""

    def __init__(
        self,
        rational_values: Callable[[list[Any]], Sequence[ExactValue]],
        enclosures: Callable[[list[Any], int], Sequence[ExactValue]],
    ) -> None:
        self._rational_values, self._enclosures = rational_values, enclosures
        self._is_rational = True
        self._exact: dict[Point, ExactValue] = {}
        self._enclosed: dict[int, dict[Point, ExactValue]] = {}

    def __call__(self, points: Sequence[Point], precision: int) -> dict[Point, ExactValue]:
        """Return the quantity at some points; the dictionary holds at least these."""
        if self._is_rational:
            missing = [p for p in dict.fromkeys(points) if p not in self._exact]
            try:
                if missing and not self._exact:
                    self._rational_values(missing[:1])  # most callables are not rational: find out on one point
                if missing:
                    self._exact.update(zip(missing, self._rational_values(missing), strict=True))
                return self._exact
            except rational.NotRational:
                self._is_rational = False
        known = self._enclosed.setdefault(precision, {})
        missing = [p for p in dict.fromkeys(points) if p not in known]
        if missing:
            known.update(zip(missing, self._enclosures(missing, precision), strict=True))
        return known


class OneSided:
    """Derivatives of one function from one side or from both, where its Taylor series does not exist.

    Parameters
    ----------
    f : callable
    """

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f
        self._known: dict[tuple[int, int, Direction], dict[Point, ExactValue]] = {}

    def derivatives(
        self, points: Sequence[Any], precision: int, order: int, direction: Direction, last: bool
    ) -> dict[Point, ExactValue]:
        """Return f⁽ᵐ⁾ by point; what is not proved is undecided, unless it is the last precision."""
        known = self._known.setdefault((precision, order, direction), {})
        missing = [p for p in dict.fromkeys(points) if p not in known]
        if missing:
            found = one_sided_derivatives(self.f, missing, order, direction, precision)
            known.update(zip(missing, found, strict=True))
        return {p: Undefined.UNDECIDED if known[p] is Undefined.UNPROVED and not last else known[p] for p in points}

    def proof(self, point: Dyadic, precision: int) -> ExactValue:
        """Return f′ from both sides, or at an end of the domain from the inside, or why there is none."""
        directions: tuple[Direction, ...] = (0, 1, -1)
        for direction in directions:
            found = self.derivatives([point], precision, 1, direction, False)[point]
            if found is not Undefined.DOMAIN:
                break
        return found
