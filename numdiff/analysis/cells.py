"""The exact arithmetic of the ledger: t, a, b, c, d of every cell, as integers over one denominator.

All numbers of one kernel call are put on one binary scale, 2**exponent, where they are integers with integer radii
and stand over the denominators D·hᵐ (D: the common denominator of the weights), integers on the same scale. Work
goes by columns, an entry for every cell: that is what Python does fastest with long integers. A part of the error
is a difference of two of the numbers, rounded once. It is settled when both ends of its enclosure round to the same
double; a cell with an unsettled part is computed again with twice the precision.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from operator import add, mul, sub
from typing import Any, NamedTuple, TypeAlias

from numdiff.analysis.parts import ENTRIES
from numdiff.analysis.reference import ExactFunction, ExactValue, Point, ball_of, precisions
from numdiff.arithmetic.ball import Ball, Undefined
from numdiff.floats.dyadic import TINY, Dyadic, dyadic_to_fraction, settled_double, unsettled_double
from numdiff.formulas.stencil import Method

_ENDS = ((1, 0), (2, 1), (3, 2), (4, 3), (4, 0), (4, 1))
"""Each part of `ENTRIES` as (minuend, subtrahend) among t, a, b, c, d."""
_ABSCISSA = ENTRIES.index("abscissa")

Integers: TypeAlias = list[int | None]
"""A column of the computation, an entry for every cell; None where there is no such number."""


@dataclass(frozen=True)
class Call:
    """One kernel call, lifted out of its format.

    Attributes
    ----------
    method : Stencil or ComplexStep
    points, steps : list of Dyadic
        x and h of every cell.
    nominal : list of list of Point
        For every node, its place in exact arithmetic in every cell (never None).
    realised : list of list of Point or None
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
    nominal: list[list[Point | None]]
    realised: list[list[Point | None]]
    values: list[list[Dyadic | None]]
    results: list[Dyadic | None]
    absorbed: list[bool]

    def only(self, indices: Sequence[int]) -> "Call":
        """Return the call with some of its cells."""

        def chosen(column: list[Any]) -> list[Any]:
            return [column[i] for i in indices]

        return Call(
            self.method,
            chosen(self.points),
            chosen(self.steps),
            [chosen(column) for column in self.nominal],
            [chosen(column) for column in self.realised],
            [chosen(column) for column in self.values],
            chosen(self.results),
            chosen(self.absorbed),
        )

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
class Cells:
    """What is known of the cells of a call, by columns.

    Attributes
    ----------
    mids : list of list of int or None
        t, a, b, c, d (the midpoint, where there is a radius) in units of 1/denominator.
    denominators : list of int
    parts : list of list of float
        The columns of `ENTRIES`, each number rounded once.
    exact, settled, underflow : list of bool
        Whether a cell has no radius; whether each of its parts has one nearest double; whether one of them is
        nonzero below the smallest double.
    """

    mids: list[Integers]
    denominators: list[int]
    parts: list[list[float]]
    exact: list[bool]
    settled: list[bool]
    underflow: list[bool]

    def part(self, index: int, cell: int) -> Fraction | None:
        """Return part `index` of `ENTRIES` of one cell as a rational number."""
        ratio = self.ratio(index, cell)
        return None if ratio is None else Fraction(*ratio)

    def ratio(self, index: int, cell: int) -> tuple[int, int] | None:
        """Return part `index` of `ENTRIES` of one cell as numerator and denominator, not reduced."""
        upper, lower = (self.mids[end][cell] for end in _ENDS[index])
        return None if upper is None or lower is None else (upper - lower, self.denominators[cell])

    def columns(self) -> list[list[Any]]:
        """Return all columns."""
        return [*self.mids, self.denominators, *self.parts, self.exact, self.settled, self.underflow]

    def replace(self, indices: Sequence[int], better: "Cells") -> None:
        """Put the cells of another computation in the place of some of these."""
        for column, improved in zip(self.columns(), better.columns(), strict=True):
            for i, value in zip(indices, improved, strict=True):
                column[i] = value


def settle(exact: ExactFunction, call: Call) -> Cells:
    """Compute every cell at rising precision until each of its parts has one nearest double."""
    lookup = exact.imaginary_values if call.method.complex_nodes else exact.values
    cells: Cells | None = None
    pending: Sequence[int] = range(len(call.points))
    part = call
    for precision in precisions():
        wanted = {node for column in (*part.nominal, *part.realised) for node in column if node is not None}
        known = lookup(list(wanted), precision)
        values = {node: known[node] for node in wanted}
        truths = exact.derivative(part.points, precision, call.method.derivative_order)
        truth = [truths[x] for x in part.points]
        if _are_rational(values.values()) and _are_rational(truth):
            numbers = _rational_numbers(part, values, truth)
        else:
            numbers = _enclosed_numbers(part, values, truth, precision)
        rounded = _rounded(part, numbers)
        if cells is None:
            cells = rounded
        else:
            cells.replace(pending, rounded)
        open_ = _undecided(part, values, truth) if any(None in column for column in numbers.mids) else ()
        unsettled = [j for j, settled in enumerate(rounded.settled) if not settled or j in open_]
        if not unsettled:
            break
        pending = [pending[j] for j in unsettled]
        part = part.only(unsettled)
    if cells is None:
        raise RuntimeError("there is no working precision")
    return cells


def _are_rational(values: Iterable[ExactValue]) -> bool:
    return all(isinstance(value, (Fraction, Undefined)) for value in values)


def _undecided(call: Call, values: Mapping[Point, ExactValue], truth: list[ExactValue]) -> set[int]:
    """Return the cells that use a number which the precision did not decide."""
    found = {j for j, value in enumerate(truth) if value is Undefined.UNDECIDED}
    nodes = {node for node, value in values.items() if value is Undefined.UNDECIDED}
    if nodes:
        for column in (*call.nominal, *call.realised):
            found.update(j for j, node in enumerate(column) if node in nodes)
    return found


# --- enclosures ------------------------------------------------------------------------------------


def _enclosed_numbers(
    call: Call, values: Mapping[Point, ExactValue], truth: list[ExactValue], precision: int
) -> Numbers:
    """Return the numbers of a call on the finest scale, 2**exponent, that any of them needs."""
    balls = {node: _ball(value, precision) for node, value in values.items()}
    proofs = [_ball(value, precision) for value in truth]
    divisors, results = call.divisors(), call.results
    exponent = min(
        [ball.exp for ball in balls.values() if ball is not None]
        + [value[1] for column in call.values for value in column if value is not None]
        + [
            e + min(0, 0 if t is None else t.exp, 0 if d is None else d[1])
            for (_, e), t, d in zip(divisors, proofs, results, strict=True)
        ],
        default=0,
    )
    # None stands for a node that overflowed, and for its value.
    mids: dict[Point | None, int | None] = {None: None}
    rads: dict[Point | None, int | None] = {None: None}
    for node, ball in balls.items():
        mids[node] = None if ball is None else ball.mid << (ball.exp - exponent)
        rads[node] = None if ball is None else ball.rad << (ball.exp - exponent)

    numerators = call.method.numerators
    sizes = tuple(map(abs, numerators))
    a = _combined(numerators, [[mids[node] for node in column] for column in call.nominal])
    a_rad = _combined(sizes, [[rads[node] for node in column] for column in call.nominal])
    b = _combined(numerators, [[mids[node] for node in column] for column in call.realised])
    b_rad = _combined(sizes, [[rads[node] for node in column] for column in call.realised])
    _cancel_coinciding(call, mids, rads, b, b_rad)
    c = _combined(numerators, [[v and v[0] << (v[1] - exponent) for v in column] for column in call.values])
    t: Integers = []
    t_rad: Integers = []
    d: Integers = []
    denominators = []
    for (factor, e), proof, result in zip(divisors, proofs, results, strict=True):
        shift = e - exponent
        denominators.append(factor << shift)
        t.append(None if proof is None else (proof.mid * factor) << (shift + proof.exp))
        t_rad.append(None if proof is None else (proof.rad * factor) << (shift + proof.exp))
        d.append(None if result is None else (result[0] * factor) << (shift + result[1]))
    zeros: Integers = [0] * len(c)
    return Numbers((t, a, b, c, d), (t_rad, a_rad, b_rad, zeros, zeros), denominators, False)


def _ball(value: ExactValue, precision: int) -> Ball | None:
    if isinstance(value, Ball):
        return value
    return ball_of(value, precision) if isinstance(value, Fraction) else None


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
    call: Call,
    mids: Mapping[Point | None, int | None],
    rads: Mapping[Point | None, int | None],
    b: Integers,
    b_rad: Integers,
) -> None:
    """Correct b where nodes coincide: f(x̂) − f(x̂) is 0, while a ball minus itself only encloses 0."""
    for i in [i for i, absorbed in enumerate(call.absorbed) if absorbed]:
        nodes = [column[i] for column in call.realised]
        if b[i] is not None and len(set(nodes)) < len(nodes):
            net: dict[Point | None, int] = {}
            for n, node in zip(call.method.numerators, nodes, strict=True):
                net[node] = net.get(node, 0) + n
            b[i] = sum(n * (mids[node] or 0) for node, n in net.items())
            b_rad[i] = sum(abs(n) * (rads[node] or 0) for node, n in net.items())


# --- rational numbers ------------------------------------------------------------------------------


def _rational_numbers(call: Call, values: Mapping[Any, ExactValue], truth: list[ExactValue]) -> Numbers:
    """Return the numbers of a call of a rational function, without any radius."""
    numerators = call.method.numerators
    columns: tuple[Integers, ...] = ([], [], [], [], [])
    denominators = []
    for i, divisor in enumerate(call.divisors()):
        factor, t, d = dyadic_to_fraction(divisor), truth[i], call.results[i]
        numbers = [
            t * factor if isinstance(t, Fraction) else None,
            _rational_sum(numerators, [values.get(column[i]) for column in call.nominal]),
            _rational_sum(numerators, [values.get(column[i]) for column in call.realised]),
            _rational_sum(numerators, [_fraction(column[i]) for column in call.values]),
            None if d is None else dyadic_to_fraction(d) * factor,
        ]
        common = math.lcm(factor.denominator, *(number.denominator for number in numbers if number is not None))
        for column, number in zip(columns, numbers, strict=True):
            column.append(None if number is None else int(number * common))
        denominators.append(int(factor * common))
    zeros: Integers = [0] * len(denominators)
    return Numbers(columns, (zeros,) * 5, denominators, True)


def _fraction(value: Dyadic | None) -> Fraction | None:
    return None if value is None else dyadic_to_fraction(value)


def _rational_sum(numerators: Sequence[int], values: Sequence[ExactValue | None]) -> Fraction | None:
    total = Fraction(0)
    for n, value in zip(numerators, values, strict=True):
        if not isinstance(value, Fraction):
            return None
        total += n * value
    return total


# --- rounding --------------------------------------------------------------------------------------


def _rounded(call: Call, numbers: Numbers) -> Cells:
    """Round every part of every cell once; a part without one nearest double is unsettled."""
    size = len(numbers.denominators)
    settled, underflow = [True] * size, [False] * size
    columns: list[Any] = []
    for upper, lower in _ENDS:
        middles = _pairwise(sub, numbers.mids[upper], numbers.mids[lower])
        radii = _pairwise(add, numbers.rads[upper], numbers.rads[lower])
        if len(columns) == _ABSCISSA:
            radii = _without_radius_where_representable(call, radii)
        if None in middles:
            found = [
                math.nan if m is None else settled_double(m, r or 0, denominator)
                for m, r, denominator in zip(middles, radii, numbers.denominators, strict=True)
            ]
        else:
            found = list(map(settled_double, middles, radii, numbers.denominators))  # type: ignore[arg-type]
        if None in found or 0.0 in found:
            for j, value in enumerate(found):
                if value is None:
                    settled[j] = False
                    found[j] = unsettled_double(middles[j], radii[j], numbers.denominators[j])  # type: ignore[arg-type]
                elif not value:
                    underflow[j] = underflow[j] or bool(middles[j])
                    found[j] = _least(middles[j])
        columns.append(found)
    return Cells(list(numbers.mids), numbers.denominators, columns, [numbers.exact] * size, settled, underflow)


def _without_radius_where_representable(call: Call, radii: Integers) -> Integers:
    """Return the radii of b − a, with 0 where every node is representable: there b is a, by structure."""
    nodes: Any = zip(zip(*call.nominal, strict=True), zip(*call.realised, strict=True), radii, strict=True)
    return [0 if nominal == realised else radius for nominal, realised, radius in nodes]


def _pairwise(operation: Callable[[Any, Any], Any], left: Integers, right: Integers) -> Integers:
    if None in left or None in right:
        return [None if a is None or b is None else operation(a, b) for a, b in zip(left, right, strict=True)]
    return list(map(operation, left, right))


def _least(middle: int | None) -> float:
    """Return what is stored for a part that rounds to zero: the smallest double of its sign, unless it is zero."""
    return 0.0 if not middle else -TINY if middle < 0 else TINY
