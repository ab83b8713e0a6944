"""The exact arithmetic of the ledger: t, a, b, c, d of every cell, as integers over one denominator.

The numbers of one kernel call are put on one binary scale, 2**exponent, where they are integers with integer radii and
stand over the denominators D·hᵐ (D: the common denominator of the weights), integers on the same scale. Cells that need
a much finer scale than others have one of their own; no part depends on the scale. Work goes by columns, an entry for
every cell: that is what Python does fastest with long integers. A part of the error is a difference of two of the
numbers, rounded once. It is resolved when both ends of its enclosure round to the same double (Ziv's test); a cell with
an unresolved part is computed again with twice the precision.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from operator import add, mul, sub, truediv
from typing import Any, NamedTuple, TypeAlias

from numdiff.analysis import ENTRIES
from numdiff.analysis.enclosures import ExactValue, as_ball, nearest_or_tiny
from numdiff.analysis.lookup import Point
from numdiff.analysis.reference import ExactFunction, precisions
from numdiff.arithmetic.ball import Ball, Undefined
from numdiff.floats.dyadic import Dyadic, decided_double, dyadic_to_fraction
from numdiff.formulas.stencil import Method

_ENDS = ((1, 0), (2, 1), (3, 2), (4, 3), (4, 0), (4, 1))
"""Each part of `ENTRIES` as (minuend, subtrahend) among t, a, b, c, d."""
_ABSCISSA = ENTRIES.index("abscissa")
_SPAN = 2048
"""Bits by which cells may be on a finer scale than their own numbers ask for: 256 bytes a number at most. On the scale
of one cell, the numbers of all others would be as long as its own are fine: x**20 at 2**-1000 asks for 2**-20000, which
is 2.5 kB for each of the ten numbers of every cell of the call. The exponents of doubles, down to -1074, and of
enclosures of some hundred bits are within one span, so that nearly every call has one scale."""

Integers: TypeAlias = list[int | None]
"""A column of the computation, an entry for every cell; None where there is no such number."""


@dataclass(frozen=True)
class LiftedCall:
    """One kernel call, lifted out of its format.

    Attributes
    ----------
    method : Stencil or ComplexStep
    points, steps : list of Dyadic
        x and h of every cell.
    exact_nodes : list of list of Point
        For every node of the formula, its place x + c·h in exact arithmetic in every cell (never None).
    rounded_nodes : list of list of Point or None
        For every node, where f was called; None where that overflowed.
    values : list of list of Dyadic or None
        For every node, what f returned; None where it is not finite.
    results : list of Dyadic or None
        What the kernel returned.
    absorbed : list of bool
        Whether two nodes may coincide.
    """

    method: Method
    points: list[Dyadic]
    steps: list[Dyadic]
    exact_nodes: list[list[Point | None]]
    rounded_nodes: list[list[Point | None]]
    values: list[list[Dyadic | None]]
    results: list[Dyadic | None]
    absorbed: list[bool]

    def only(self, cells: Sequence[int]) -> "LiftedCall":
        """Return the call with some of its cells."""

        def some(columns: Sequence[list[Any]]) -> list[list[Any]]:
            return [[column[i] for i in cells] for column in columns]

        points, steps, results, absorbed = some([self.points, self.steps, self.results, self.absorbed])
        nodes, rounded, values = some(self.exact_nodes), some(self.rounded_nodes), some(self.values)
        return LiftedCall(self.method, points, steps, nodes, rounded, values, results, absorbed)

    def divisors(self) -> list[Dyadic]:
        """Return D·hᵐ of every cell."""
        m, factor = self.method.derivative_order, self.method.denominator
        return [(mantissa**m * factor, exponent * m) for mantissa, exponent in self.steps]


class Numbers(NamedTuple):
    """t, a, b, c, d of every cell: integers with integer radii over a positive denominator."""

    mids: tuple[Integers, ...]
    rads: tuple[Integers, ...]
    denominators: list[int]
    exact: bool


@dataclass
class ExactParts:
    """What is known of the cells of a call, by columns.

    Attributes
    ----------
    mids : tuple of list of int or None
        t, a, b, c, d (the midpoint, where there is a radius) in units of 1/denominator.
    denominators : list of int
    parts : list of list of float
        The columns of `ENTRIES`, each number rounded once.
    exact, resolved, underflow : list of bool
        Whether a cell has no radius; whether each of its parts has one nearest double; whether one of them is
        nonzero below the smallest double.
    """

    mids: tuple[Integers, ...]
    denominators: list[int]
    parts: list[list[float]]
    exact: list[bool]
    resolved: list[bool]
    underflow: list[bool]

    def ratio(self, index: int, cell: int) -> tuple[int, int] | None:
        """Return part `index` of `ENTRIES` of one cell as numerator and denominator, not reduced."""
        upper, lower = (self.mids[end][cell] for end in _ENDS[index])
        return None if upper is None or lower is None else (upper - lower, self.denominators[cell])

    def replace(self, cells: Sequence[int], better: "ExactParts") -> None:
        """Put what another computation found in the place of some cells."""
        for column, improved in zip(self._columns(), better._columns(), strict=True):
            for i, value in zip(cells, improved, strict=True):
                column[i] = value

    @classmethod
    def without_numbers(cls, cells: int) -> "ExactParts":
        """Return parts of cells of which nothing is known yet."""
        mids: tuple[Integers, ...] = tuple([None] * cells for _ in range(5))
        parts = [[math.nan] * cells for _ in ENTRIES]
        return cls(mids, [0] * cells, parts, [False] * cells, [False] * cells, [False] * cells)

    def _columns(self) -> list[list[Any]]:
        return [*self.mids, self.denominators, *self.parts, self.exact, self.resolved, self.underflow]


def resolve(exact: ExactFunction, call: LiftedCall) -> ExactParts:
    """Compute every cell at rising precision until each of its parts has one nearest double."""
    first, *higher = precisions()
    result, unresolved = _computed(exact, call, first)
    for precision in higher:
        if not unresolved:
            break
        better, remaining = _computed(exact, call.only(unresolved), precision)
        result.replace(unresolved, better)
        unresolved = [unresolved[j] for j in remaining]
    return result


def _computed(exact: ExactFunction, call: LiftedCall, precision: int) -> tuple[ExactParts, list[int]]:
    """Compute every cell at one precision; return also the cells that more digits may change."""
    lookup = exact.imaginary_values if call.method.complex_nodes else exact.values
    nodes = {node for column in (*call.exact_nodes, *call.rounded_nodes) for node in column if node is not None}
    known = lookup(list(nodes), precision)
    values = {node: known[node] for node in nodes}
    derivatives = exact.derivative(call.points, precision, call.method.derivative_order, call.method.direction)
    truth = [derivatives[x] for x in call.points]
    if not (_are_rational(values.values()) and _are_rational(truth)):
        balls = {node: as_ball(value, precision) for node, value in values.items()}
        parts = _scaled_parts(call, balls, [as_ball(value, precision) for value in truth], False)
    elif all(map(_is_dyadic, values.values())) and all(map(_is_dyadic, truth)):
        points = {node: _point_ball(value) for node, value in values.items()}
        parts = _scaled_parts(call, points, list(map(_point_ball, truth)), True)
    else:
        parts = _round_parts(call, _rational_numbers(call, values, truth))
    undecided = _undecided(call, values, truth) if any(None in column for column in parts.mids) else ()
    return parts, [j for j, resolved in enumerate(parts.resolved) if not resolved or j in undecided]


def _are_rational(values: Iterable[ExactValue]) -> bool:
    return all(isinstance(value, (Fraction, Undefined)) for value in values)


def _undecided(call: LiftedCall, values: Mapping[Point, ExactValue], truth: list[ExactValue]) -> set[int]:
    """Return the cells that use a number which the precision did not decide."""
    found = {j for j, value in enumerate(truth) if value is Undefined.UNDECIDED}
    nodes = {node for node, value in values.items() if value is Undefined.UNDECIDED}
    for column in (*call.exact_nodes, *call.rounded_nodes) if nodes else ():
        found.update(j for j, node in enumerate(column) if node in nodes)
    return found


# --- enclosures ------------------------------------------------------------------------------------


def _is_dyadic(value: ExactValue) -> bool:
    return not isinstance(value, Fraction) or not (value.denominator & (value.denominator - 1))


def _point_ball(value: ExactValue) -> Ball | None:
    """Return a dyadic number as a ball without radius; None where there is no number."""
    return Ball(value.numerator, 0, 1 - value.denominator.bit_length()) if isinstance(value, Fraction) else None


def _scaled_parts(
    call: LiftedCall, balls: Mapping[Point, Ball | None], derivatives: list[Ball | None], exact: bool
) -> ExactParts:
    """Return the parts of a call, computed for the cells of about the same scale together."""
    scales = _scales(call, balls, derivatives)
    groups: dict[int, list[int]] = {}
    for i, scale in enumerate(scales):
        groups.setdefault(scale // _SPAN, []).append(i)
    if len(groups) <= 1:
        return _round_parts(call, _scaled_numbers(call, balls, derivatives, min(scales, default=0), exact))
    result = ExactParts.without_numbers(len(scales))
    for cells in groups.values():
        some, finest = call.only(cells), min(scales[i] for i in cells)
        nodes = {node for column in (*some.exact_nodes, *some.rounded_nodes) for node in column if node is not None}
        known = {node: balls[node] for node in nodes}
        numbers = _scaled_numbers(some, known, [derivatives[i] for i in cells], finest, exact)
        result.replace(cells, _round_parts(some, numbers))
    return result


def _scales(call: LiftedCall, balls: Mapping[Point, Ball | None], derivatives: Sequence[Ball | None]) -> list[int]:
    """Return the smallest exponent of the numbers of every cell."""
    scales = [
        e + min(0, 0 if t is None else t.exp, 0 if d is None else d[1])
        for (_, e), t, d in zip(call.divisors(), derivatives, call.results, strict=True)
    ]
    exponents: dict[Point | None, int | None] = {node: ball and ball.exp for node, ball in balls.items()}
    exponents[None] = None  # a node that overflowed
    columns = [[exponents[node] for node in column] for column in (*call.exact_nodes, *call.rounded_nodes)]
    columns += [[value and value[1] for value in column] for column in call.values]
    for column in columns:
        scales = [s if e is None or s < e else e for s, e in zip(scales, column, strict=True)]
    return scales


def _scaled_numbers(
    call: LiftedCall,
    balls: Mapping[Point, Ball | None],
    derivatives: Sequence[Ball | None],
    exponent: int,
    exact: bool,
) -> Numbers:
    """Return the numbers of a call on the scale 2**exponent, which is that of its smallest exponent."""
    divisors = call.divisors()
    # None stands for a node that overflowed, and for its value.
    mids: dict[Point | None, int | None] = {None: None}
    rads: dict[Point | None, int | None] = {None: None}
    for node, ball in balls.items():
        mids[node] = None if ball is None else ball.mid << (ball.exp - exponent)
        rads[node] = None if ball is None else ball.rad << (ball.exp - exponent)

    numerators = call.method.numerators
    sizes = tuple(map(abs, numerators))
    a = _combined(numerators, [[mids[node] for node in column] for column in call.exact_nodes])
    a_rad = _combined(sizes, [[rads[node] for node in column] for column in call.exact_nodes])
    b = _combined(numerators, [[mids[node] for node in column] for column in call.rounded_nodes])
    b_rad = _combined(sizes, [[rads[node] for node in column] for column in call.rounded_nodes])
    _cancel_coinciding(call, mids, rads, b, b_rad)
    c = _combined(numerators, [[v and v[0] << (v[1] - exponent) for v in column] for column in call.values])
    t: Integers = []
    t_rad: Integers = []
    d: Integers = []
    denominators = []
    for (factor, e), derivative, result in zip(divisors, derivatives, call.results, strict=True):
        shift = e - exponent
        denominators.append(factor << shift)
        t.append(None if derivative is None else (derivative.mid * factor) << (shift + derivative.exp))
        t_rad.append(None if derivative is None else (derivative.rad * factor) << (shift + derivative.exp))
        d.append(None if result is None else (result[0] * factor) << (shift + result[1]))
    zeros: Integers = [0] * len(c)
    return Numbers((t, a, b, c, d), (t_rad, a_rad, b_rad, zeros, zeros), denominators, exact)


def _combined(numerators: Sequence[int], columns: Sequence[Integers]) -> Integers:
    """Return Σ nⱼ·columnⱼ, cell by cell; None where one of them is None."""
    if any(None in column for column in columns):
        rows: Iterable[Any] = zip(*columns, strict=True)
        return [None if None in row else sum(map(mul, numerators, row)) for row in rows]
    total: list[Any] = [0] * len(columns[0])
    for n, column in zip(numerators, columns, strict=True):
        total = list(map(add, total, column if n == 1 else map(mul, repeat(n), column)))
    return total


def _cancel_coinciding(
    call: LiftedCall,
    mids: Mapping[Point | None, int | None],
    rads: Mapping[Point | None, int | None],
    b: Integers,
    b_rad: Integers,
) -> None:
    """Correct b where nodes coincide: f(x̂) − f(x̂) is 0, while a ball minus itself only encloses 0."""
    for i in [i for i, absorbed in enumerate(call.absorbed) if absorbed]:
        nodes = [column[i] for column in call.rounded_nodes]
        if b[i] is not None and len(set(nodes)) < len(nodes):
            net: dict[Point | None, int] = {}
            for n, node in zip(call.method.numerators, nodes, strict=True):
                net[node] = net.get(node, 0) + n
            b[i] = sum(n * (mids[node] or 0) for node, n in net.items())
            b_rad[i] = sum(abs(n) * (rads[node] or 0) for node, n in net.items())


# --- rational numbers ------------------------------------------------------------------------------


def _rational_numbers(call: LiftedCall, values: Mapping[Any, ExactValue], truth: list[ExactValue]) -> Numbers:
    """Return the numbers of a call of a rational function, without any radius."""
    numerators = call.method.numerators
    columns: tuple[Integers, ...] = ([], [], [], [], [])
    denominators = []
    for i, divisor in enumerate(call.divisors()):
        factor, t, d = dyadic_to_fraction(divisor), truth[i], call.results[i]
        seen = [None if (y := column[i]) is None else dyadic_to_fraction(y) for column in call.values]
        numbers = [
            t * factor if isinstance(t, Fraction) else None,
            _rational_sum(numerators, [values.get(column[i]) for column in call.exact_nodes]),
            _rational_sum(numerators, [values.get(column[i]) for column in call.rounded_nodes]),
            _rational_sum(numerators, seen),
            None if d is None else dyadic_to_fraction(d) * factor,
        ]
        common = math.lcm(factor.denominator, *(number.denominator for number in numbers if number is not None))
        for column, number in zip(columns, numbers, strict=True):
            column.append(None if number is None else int(number * common))
        denominators.append(int(factor * common))
    zeros: Integers = [0] * len(denominators)
    return Numbers(columns, (zeros,) * 5, denominators, True)


def _rational_sum(numerators: Sequence[int], values: Sequence[ExactValue | None]) -> Fraction | None:
    total = Fraction(0)
    for n, value in zip(numerators, values, strict=True):
        if not isinstance(value, Fraction):
            return None
        total += n * value
    return total


# --- rounding --------------------------------------------------------------------------------------


def _round_parts(call: LiftedCall, numbers: Numbers) -> ExactParts:
    """Round every part of every cell once; a part without one nearest double is unresolved."""
    mids, rads, denominators = numbers.mids, numbers.rads, numbers.denominators
    resolved, underflow, columns = [True] * len(denominators), [False] * len(denominators), []
    for index, (upper, lower) in enumerate(_ENDS):
        middles: list[Any] = [
            None if a is None or b is None else a - b for a, b in zip(mids[upper], mids[lower], strict=True)
        ]
        radii = [(a or 0) + (b or 0) for a, b in zip(rads[upper], rads[lower], strict=True)]
        if index == _ABSCISSA and any(radii):
            nodes: Any = zip(zip(*call.exact_nodes, strict=True), zip(*call.rounded_nodes, strict=True), strict=True)
            # Where all nodes are exact, b is a, by structure.
            radii = [0 if exact == rounded else radius for (exact, rounded), radius in zip(nodes, radii, strict=True)]
        column = _decided(middles, radii, denominators)
        if None in column or 0.0 in column:
            for j, value in enumerate(column):
                if not value:
                    column[j], decided, vanished = nearest_or_tiny(middles[j], radii[j], denominators[j])
                    resolved[j], underflow[j] = resolved[j] and decided, underflow[j] or vanished
        columns.append(column)
    return ExactParts(mids, denominators, columns, [numbers.exact] * len(denominators), resolved, underflow)


def _decided(middles: list[Any], radii: list[int], denominators: list[int]) -> list[Any]:
    """Return `decided_double` of every cell, or 0 where both ends round to 0; by columns where all are moderate."""
    if None not in middles:
        with suppress(OverflowError):
            if not any(radii):
                return list(map(truediv, middles, denominators))
            low = map(truediv, map(sub, middles, radii), denominators)
            high = map(truediv, map(add, middles, radii), denominators)
            return [a if a == b else None for a, b in zip(low, high, strict=True)]
    cells = zip(middles, radii, denominators, strict=True)
    return [math.nan if cell[0] is None else decided_double(*cell) for cell in cells]
