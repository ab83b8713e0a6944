"""The parts of the error in all cells of one step, each with a proved bound.

With the nodes x̂ⱼ of a difference, c₁ > c₂, D = 1/|wⱼ| and δⱼ = (x + cⱼh) − x̂ⱼ, which is a number of the format,

    D·h·evaluation  = (f̂₁ − f(x̂₁)) − (f̂₂ − f(x̂₂))                                    from the tables
    D·h·combination = D·h·d − (f̂₁ − f̂₂)                                               exactly
    D·h·abscissa    = −Δ₁ + Δ₂,  Δⱼ = f(x̂ⱼ + δⱼ) − f(x̂ⱼ) = Σₖ f⁽ᵏ⁾(x̂ⱼ)δⱼᵏ/k!       from the series at x̂ⱼ
    truncation      = Σₖ (c₁ᵏ − c₂ᵏ)/D · f⁽ᵏ⁾(x)hᵏ⁻¹/k!, k ≥ 2                       from the series at x, or
    D·h·truncation  = f(x̂₁) + Δ₁ − f(x̂₂) − Δ₂ − D·h·t                               from the tables
    total           = d − t                                                          from the tables

A series ends at order ORDER; what follows is bounded by the supremum of the next derivative between x and the node. Of
the two truncations the one with the smaller bound is taken. Where x̂₂ = −x̂₁ and δ₂ = δ₁ the parity of f says which
terms of the difference vanish: there they are left out of the bounds as well.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from experiments.half_precision_atlas.certified import ORDER, Table, table_of
from experiments.half_precision_atlas.forms import FORMS, Form
from experiments.half_precision_atlas.numbers import Numbers, numbers_of
from experiments.half_precision_atlas.sums import SLACK, Enclosed, Sum, two_sum
from experiments.half_precision_atlas.suprema import Suprema, suprema_of
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.kernels import Observation, observe
from numdiff.formulas.stencil import Stencil
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS

__all__ = ["PARTS", "Cells", "Subject", "measured"]

PARTS = ("truncation", "abscissa", "evaluation", "combination", "total")
_ROUNDING = 2.0**-47
"""Above γ₃₂ = 32·2⁻⁵³, relative to the sum of the magnitudes of the terms: Horner's rule with at most 11 coefficients,
each off by 2⁻⁵² of it, in δ² or h, which are exact, and at most four multiplications and additions more."""
_UNDERFLOW = 2.0**-1000
"""Above what underflow does to a sum of at most 12 terms: 2⁻¹⁰⁷⁴ each, times later factors, which are at most 2¹² six
times (δ = 64 between two numbers of float8_e5m2 below 720), and h where that is above 1."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A function in a format, with all that is known of it beforehand.

    Attributes
    ----------
    problem, format : str
    form : Form
    numbers : Numbers
    table : Table
    remainder : ndarray of float64
        By bit pattern, a bound of |f⁽ᵏ⁾|/k!, k = ORDER + 1, up to the neighbouring numbers.
    next, after : Suprema
        Of the derivatives of order ORDER + 1 and ORDER + 2.
    """

    problem: str
    format: str
    form: Form
    numbers: Numbers
    table: Table
    remainder: np.ndarray
    next: Suprema
    after: Suprema

    @classmethod
    def of(cls, problem: str, fmt: str) -> "Subject":
        """Return a function of the course in a format."""
        form, numbers = FORMS[problem], numbers_of(FORMATS[fmt])
        following = suprema_of(problem, ORDER + 1)
        table = table_of(form, numbers)
        remainder = np.full(numbers.values.size, np.inf)
        remainder[numbers.finite] = following.over(*_neighbours(numbers.values[numbers.finite]))
        remainder[table.tail > 0] = 0.0
        return cls(problem, fmt, form, numbers, table, remainder, following, suprema_of(problem, ORDER + 2))

    @cached_property
    def points(self) -> np.ndarray:
        """All finite numbers of the format, by value."""
        return self.numbers.points(self.numbers.finite)


@dataclass(eq=False)
class Cells:
    """All cells of one function, kernel, format and step, a row for each finite number of the format.

    Attributes
    ----------
    subject : Subject
    method : Stencil
    step : float
    x : ndarray of float64
    observation : Observation
        The call of the kernel.
    given : ndarray of bool
        Where the kernel returned a finite number from finite values and f and f′ have values in the ledger.
    parts : dict of str to Enclosed
        By the names of `PARTS`; NaN where not `given`.
    status : ndarray of str
        That of the ledger.
    slope : ndarray of float64
        f′(x), rounded to a double; NaN where it is not tabulated.
    points : ndarray of the format
        x.
    """

    subject: Subject
    method: Stencil
    step: float
    x: np.ndarray
    observation: Observation
    given: np.ndarray
    parts: dict[str, Enclosed]
    status: np.ndarray
    slope: np.ndarray
    points: np.ndarray

    @property
    def format(self) -> FloatFormat:
        """The working format."""
        return self.subject.numbers.format


def measured(subject: Subject, method_name: str, step: float, at: np.ndarray | None = None) -> Cells:
    """Call the kernel at all numbers, or at those with some bit patterns, and split its errors."""
    method = METHODS[method_name]
    if not isinstance(method, Stencil):
        raise TypeError(f"method must be a stencil of two nodes, got {method_name}")
    x = subject.points if at is None else subject.numbers.points(at)
    observation = observe(method, PROBLEMS[subject.problem].f, x, x.dtype.type(step))
    call = _Call(subject, method, step, x, observation)
    given = call.given()
    with np.errstate(all="ignore"):
        parts = call.parts()
    for part in parts.values():
        part.value[~given] = np.nan
        part.bound[~given] = np.nan
    slope = subject.table.slope_high[call.at_x]
    return Cells(subject, method, step, call.x, observation, given, parts, call.status(), slope, x)


@dataclass(eq=False)
class _Node:
    """One node in all cells: the bit patterns of x̂, δ, and the values of f that the kernel saw."""

    at: np.ndarray
    rounded: np.ndarray
    shift: np.ndarray
    seen: np.ndarray


class _Call:
    """One call of a kernel."""

    def __init__(self, subject: Subject, method: Stencil, step: float, x: np.ndarray, observation: Observation) -> None:
        numbers = subject.numbers
        self.subject, self.table, self.form, self.step = subject, subject.table, subject.form, step
        self.at_x = numbers.patterns(x)
        self.x = numbers.values[self.at_x]
        self.observation = observation
        self.offsets = [float(c) for c in method.offsets]
        self.divisor = method.denominator * step
        self.nodes = []
        for c, abscissa, value in zip(self.offsets, observation.abscissae, observation.values, strict=True):
            at = numbers.patterns(abscissa)
            rounded = numbers.values[at]
            with np.errstate(all="ignore"):
                shift = _distance(self.x, c * step, rounded)
            self.nodes.append(_Node(at, rounded, shift, numbers.values[numbers.patterns(value)]))
        self.computed = numbers.values[numbers.patterns(observation.result)]
        right, left = self.nodes
        self.opposite = (left.rounded == -right.rounded) & (right.rounded != 0)
        self.mirrored = self.opposite & (left.shift == right.shift) & bool(self.form.parity)
        self.same = left.rounded == right.rounded

    def given(self) -> np.ndarray:
        """Return where there are parts."""
        found = np.isfinite(self.computed) & ~self._beyond()
        for node in self.nodes:
            found &= np.isfinite(node.seen) & np.isfinite(node.rounded)
        return found

    def _beyond(self) -> np.ndarray:
        """Return where the ledger lacks a value, because it is 2**65536 or more."""
        low, high = self.form.beyond
        found = (self.x < low) | (self.x > high)
        for c, node in zip(self.offsets, self.nodes, strict=True):
            for place in (self.x + c * self.step, np.where(np.isfinite(node.rounded), node.rounded, 0.0)):
                found |= (place < low) | (place > high)
        return found

    def status(self) -> np.ndarray:
        """Return the status of each cell, as the ledger has it."""
        nan, finite = np.zeros(self.x.shape, dtype=bool), np.isfinite(self.computed)
        for node in self.nodes:
            nan |= np.isnan(node.seen)
            finite &= np.isfinite(node.seen) & np.isfinite(node.rounded)
        status = np.where(finite, "ok", np.where(nan, "nan", "overflow"))
        status[self.observation.absorbed] = "absorbed"
        status[self._beyond()] = "overflow"
        return status

    def parts(self) -> dict[str, Enclosed]:
        """Return all parts."""
        scale = 1.0 / self.divisor
        moves = self._moves()
        return {
            "truncation": self._truncation(moves),
            "abscissa": self._abscissa(moves).scaled(scale),
            "evaluation": self._evaluation().scaled(scale),
            "combination": self._combination().scaled(scale),
            "total": self._total(),
        }

    # --- parts by look-up --------------------------------------------------------------------------

    def _combination(self) -> Enclosed:
        right, left = self.nodes
        return Sum(self.computed * self.divisor).add(-right.seen, left.seen).enclosed()

    def _total(self) -> Enclosed:
        table, at = self.table, self.at_x
        found = Sum(self.computed).add(-table.slope_high[at], -table.slope_low[at])
        return found.allow(table.slope_error[at]).enclosed()

    def _evaluation(self) -> Enclosed:
        right, left = self.nodes
        found = Sum(right.seen.copy()).add(-left.seen)
        self._add_values(found, -1.0)
        return found.enclosed()

    def _add_values(self, found: Sum, sign: float) -> None:
        """Add ±(f(x̂₁) − f(x̂₂)); where both are the same by structure no error is left."""
        table, (right, left) = self.table, self.nodes
        equal = self.same | (self.opposite if self.form.parity > 0 else False)
        for name in ("base", "high", "low"):
            column = getattr(table, name)
            found.add(*(np.where(equal, 0.0, s * column[node.at]) for node, s in ((right, sign), (left, -sign))))
        found.allow(np.where(equal, 0.0, table.error[right.at] + table.error[left.at]))

    # --- parts by series ---------------------------------------------------------------------------

    def _moves(self) -> list[tuple[list[np.ndarray], np.ndarray]]:
        """Return exact terms whose sum is Δ of each node, but for a bound."""
        odd, even = np.ones(self.x.shape), np.ones(self.x.shape)
        if self.form.parity:
            odd[self.mirrored] = 2.0 if self.form.parity > 0 else 0.0
            even[self.mirrored] = 2.0 - odd[self.mirrored]
        left = np.where(self.mirrored, 0.0, 1.0)
        return [self._move(self.nodes[0], odd, even), self._move(self.nodes[1], left, left)]

    def _move(self, node: _Node, odd: np.ndarray, even: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Return Δ of a node, its terms of odd and of even order weighted."""
        terms, bound = [np.zeros(self.x.shape) for _ in range(4)], np.zeros(self.x.shape)
        moved = np.flatnonzero(node.shift != 0)  # NaN counts
        at, shift = node.at[moved], node.shift[moved]
        table = self.table
        odd, even = odd[moved], even[moved]
        linear = odd * shift
        terms[0][moved], terms[1][moved] = linear * table.upper[at], linear * table.lower[at]
        terms[2][moved] = linear * table.slope_low[at]
        coefficients = [c[at] for c in table.coefficients]
        value, size = _weighted_series(coefficients, shift, odd, even)
        terms[3][moved] = value
        if not self.form.exact:
            error = _ROUNDING * (size + np.abs(terms[2][moved])) + np.abs(linear) * table.slope_error[at]
            # A power of a smaller δ would underflow.
            rest = self.subject.remainder[at] * np.maximum(np.abs(shift), 2.0**-75) ** (ORDER + 1)
            error += np.where(self.mirrored[moved] & (odd + even > 0), 2.0, odd) * rest
            bound[moved] = (error + table.tail[at] + _UNDERFLOW) * SLACK
            far = table.tail[at] > 0
            for term in terms:
                term[moved[far]] = 0.0
            bound[moved[far]] = 2 * table.tail[at[far]]
        return terms, bound

    def _abscissa(self, moves: list[tuple[list[np.ndarray], np.ndarray]]) -> Enclosed:
        found = Sum(np.zeros(self.x.shape))
        for (terms, bound), sign in zip(moves, (-1.0, 1.0), strict=True):
            found.add(*(sign * term for term in terms)).allow(bound)
        return found.enclosed()

    def _truncation(self, moves: list[tuple[list[np.ndarray], np.ndarray]]) -> Enclosed:
        series, direct = self._truncation_by_series(), self._truncation_by_values(moves)
        better = series.bound <= direct.bound
        better |= np.isnan(direct.bound)
        return Enclosed(np.where(better, series.value, direct.value), np.where(better, series.bound, direct.bound))

    def _truncation_by_values(self, moves: list[tuple[list[np.ndarray], np.ndarray]]) -> Enclosed:
        table, at = self.table, self.at_x
        found = Sum(np.zeros(self.x.shape))
        self._add_values(found, 1.0)
        for (terms, bound), sign in zip(moves, (1.0, -1.0), strict=True):
            found.add(*(sign * term for term in terms)).allow(bound)
        found.add(-self.divisor * table.slope_high[at], -self.divisor * table.slope_low[at])
        return found.allow(self.divisor * table.slope_error[at]).enclosed().scaled(1.0 / self.divisor)

    def _truncation_by_series(self) -> Enclosed:
        coefficients = [c[self.at_x] for c in self.table.coefficients]
        h = self.step
        centered = self.offsets == [1.0, -1.0]
        weights = [0.0 if centered and k % 2 == 0 else 1.0 for k in range(2, ORDER + 1)]
        value, size = np.zeros(self.x.shape), np.zeros(self.x.shape)
        for coefficient, weight in zip(reversed(coefficients), reversed(weights), strict=True):
            value = value * h + weight * coefficient
            size = size * h + weight * np.abs(coefficient)
        if self.form.exact:
            return Enclosed(value * h, np.zeros(self.x.shape))
        rest = self.subject.next.over(self.x - h if centered else self.x, self.x + h)
        if centered and self.form.parity > 0:
            reach = np.abs(self.x) + h
            rest = np.minimum(rest, (ORDER + 2) * np.abs(self.x) * self.subject.after.over(-reach, reach))
        bound = (_ROUNDING * size * h + rest * h**ORDER + _UNDERFLOW * max(h, 1.0) ** ORDER) * SLACK
        return Enclosed(value * h, bound)


def _neighbours(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each of some ascending numbers the next smaller and the next larger one, infinite at the ends."""
    distinct = np.unique(values)
    places = np.searchsorted(distinct, values)
    ends = np.concatenate([[-np.inf], distinct, [np.inf]])
    return ends[places], ends[places + 2]


def _distance(x: np.ndarray, move: float, rounded: np.ndarray) -> np.ndarray:
    """Return x + move − x̂, NaN where a double does not hold it."""
    total, rest = two_sum(x, move)
    gap, lost = two_sum(total, -rounded)
    shift, dropped = two_sum(gap, rest)
    return np.where((lost == 0) & (dropped == 0), shift, np.nan)


def _weighted_series(
    coefficients: list[np.ndarray], shift: np.ndarray, odd: np.ndarray, even: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return Σ wₖcₖδᵏ for k ≥ 2 and the sum of the magnitudes, with the weights of odd and of even k."""
    square = shift * shift
    magnitude = np.abs(shift)
    results = []
    for first in (0, 1):  # even k, odd k
        value = size = np.zeros(shift.shape)
        for coefficient in reversed(coefficients[first::2]):
            value = value * square + coefficient
            size = size * square + np.abs(coefficient)
        results.append((value, size))
    (even_value, even_size), (odd_value, odd_size) = results
    value = square * (even * even_value + odd * (shift * odd_value))
    return value, square * (even * even_size + odd * (magnitude * odd_size))
