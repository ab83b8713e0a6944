"""The error ledger: where the error of a difference quotient comes from.

With the exact function f, the computed one f̂, the nodes x + cⱼh and their floating-point images x̂ⱼ,

    t = f⁽ᵐ⁾(x)                    what is wanted
    a = Σ wⱼ f(x + cⱼh) / hᵐ       the formula in exact arithmetic
    b = Σ wⱼ f(x̂ⱼ) / hᵐ            at the abscissae that the format could represent
    c = Σ wⱼ f̂(x̂ⱼ) / hᵐ            with the values that the format computed
    d                              what the kernel returned

    truncation = a − t, abscissa = b − a, evaluation = c − b, combination = d − c,
    total = d − t = their sum, roundoff = d − a.

All five numbers of a cell are put over one denominator, D·hᵐ times a power of two (D: the common
denominator of the weights), as integers with an integer radius; a part is a difference of two of them,
rounded once. It is settled when both ends of its enclosure round to the same double; otherwise the cell
is computed again with twice the precision. So the two engines give the same doubles.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from numdiff.analysis.reference import (
    Engine,
    ExactFunction,
    ExactValue,
    Point,
    Reference,
    State,
    ball_of,
    precisions,
)
from numdiff.arithmetic.ball import Ball, Undefined
from numdiff.formats import FloatFormat, get_format
from numdiff.kernels import Observation, observe
from numdiff.rounding import TINY, Dyadic, dyadic_product, dyadic_sum, dyadic_to_fraction, nearest_double, settled_double
from numdiff.stencils import CENTERED, ComplexStep, Method, Stencil

PARTS = ("truncation", "abscissa", "evaluation", "combination", "total", "roundoff")
_ENDS = ((1, 0), (2, 1), (3, 2), (4, 3), (4, 0), (4, 1))
"""Each part of `PARTS` as (minuend, subtrahend) among t, a, b, c, d."""


class Status(StrEnum):
    """What happened in a cell, in the working format."""

    OK = "ok"
    ABSORBED = "absorbed"
    """Of the nodes of the formula and x itself, two fell on one floating-point number."""
    OVERFLOW = "overflow"
    """A node, a function value or the result is infinite."""
    NAN = "nan"
    """A function value or the result is not a number."""
    OUTSIDE_DOMAIN = "outside-domain"
    """A node lies where the exact function has no value."""
    POLE = "pole"
    """A node, or x itself, is a pole of f or of its derivative."""


class Cell(NamedTuple):
    """One cell of the ledger: t, a, b, c, d over one denominator, each with its radius; None where undefined."""

    numbers: tuple[tuple[int, int] | None, ...]
    denominator: Fraction
    exact: bool

    def part(self, index: int) -> Fraction | None:
        """Return part `index` of `PARTS` as a rational number (the midpoint, where there is a radius)."""
        upper, lower = (self.numbers[end] for end in _ENDS[index])
        if upper is None or lower is None:
            return None
        return (upper[0] - lower[0]) / self.denominator


@dataclass(frozen=True)
class Ledger:
    """The ledger of an array of cells. All arrays have the shape of x broadcast against h.

    Attributes
    ----------
    format : FloatFormat
    method : Stencil or ComplexStep
    x, h, computed : ndarray of the format
        The point, the step, and d.
    reference : ndarray of float64
        The double nearest to t.
    reference_radius : ndarray of float64
        The certified radius of t.
    truncation, abscissa, evaluation, combination, total, roundoff : ndarray of float64
        The parts, each rounded once; NaN where the status or the state says that there is none. A nonzero
        part that underflows is stored as ±4.9e-324 and flagged.
    status : ndarray of str
        A `Status` for each cell.
    state : ndarray of str
        A `State` for each cell.
    underflow : ndarray of bool
        Whether a part was nonzero below the smallest subnormal double.
    effective_step : ndarray of float64
        (x̂_max − x̂_min)/(c_max − c_min), the step that the realised abscissae have.
    cells : tuple of Cell
        The exact numbers, in C order.
    """

    format: FloatFormat
    method: Method
    x: np.ndarray
    h: np.ndarray
    computed: np.ndarray
    reference: np.ndarray
    reference_radius: np.ndarray
    truncation: np.ndarray
    abscissa: np.ndarray
    evaluation: np.ndarray
    combination: np.ndarray
    total: np.ndarray
    roundoff: np.ndarray
    status: np.ndarray
    state: np.ndarray
    underflow: np.ndarray
    effective_step: np.ndarray
    references: tuple[Reference, ...]
    cells: tuple[Cell, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of x broadcast against h."""
        return self.total.shape

    def exact_parts(self, index: int = 0) -> dict[str, Fraction | None]:
        """Return the parts of one cell (C order) as rational numbers; they sum to the total exactly."""
        return {name: self.cells[index].part(i) for i, name in enumerate(PARTS)}


def error_ledger(
    f: Callable[[Any], Any],
    x: Any,
    h: Any,
    stencil: Method = CENTERED,
    dtype: Any = "float64",
    engine: Engine = "mpmath",
    *,
    derivative: Callable[[Any], Any] | None = None,
) -> Ledger:
    """Split the error of a difference quotient into its four parts.

    Parameters
    ----------
    f : callable
        An elementwise NumPy callable with Python constants.
    x : float or array
        The points; rounded to the format first, and truth is f⁽ᵐ⁾ there.
    h : float or array
        The steps, broadcast against `x`; rounded to the format.
    stencil : Stencil or ComplexStep
        The formula.
    dtype : str, dtype or FloatFormat
        The working format.
    engine : {"mpmath", "arb"}
        The exact arithmetic; both give the same doubles.
    derivative : callable, optional
        f′ in closed form, a NumPy callable. Without it, automatic differentiation.

    Returns
    -------
    Ledger

    Raises
    ------
    ValueError
        If x or h is not finite in the format, h ≤ 0, the engine is unknown, or `derivative` is not f′.
    TypeError
        If f uses a function that the exact arithmetics do not know, or the format has no complex numbers.
    """
    fmt = get_format(dtype)
    xs, hs = fmt.as_array(x), fmt.as_array(h)
    observation = observe(stencil, f, xs, hs)
    return ledger_of(ExactFunction(f, derivative, engine), observation, xs, hs, stencil, fmt)


def ledger_of(
    exact: ExactFunction, observation: Observation, x: np.ndarray, h: np.ndarray, method: Method, fmt: FloatFormat
) -> Ledger:
    """Judge one observed kernel call; `exact` carries its abscissae over from call to call."""
    shape = observation.result.shape
    x_full, h_full = np.broadcast_to(x, shape), np.broadcast_to(h, shape)
    points, steps = _finite(fmt, x_full, "x"), _finite(fmt, h_full, "h")
    nominal = _nominal(method, points, steps)
    realised = _realised(method, observation, points, steps, fmt)
    values = _captured(method, observation, fmt)
    results = fmt.lift_array(observation.result)
    references = {p: exact.reference(p, method.derivative_order) for p in dict.fromkeys(points)}

    cells = _settle(exact, method, points, steps, nominal, realised, values, results)
    parts, underflow, states = _rounded(cells)
    status = _statuses(method, observation, realised, cells, exact, points)
    columns = {name: column.reshape(shape) for name, column in zip(PARTS, parts, strict=True)}
    per_point = [references[p] for p in points]
    return Ledger(
        format=fmt,
        method=method,
        x=x_full,
        h=h_full,
        computed=observation.result,
        reference=np.array([r.value for r in per_point]).reshape(shape),
        reference_radius=np.array([r.radius for r in per_point]).reshape(shape),
        **columns,
        status=np.array(status, dtype=object).reshape(shape),
        state=np.array(states, dtype=object).reshape(shape),
        underflow=underflow.reshape(shape),
        effective_step=_effective_steps(method, observation, h_full, fmt),
        references=tuple(per_point),
        cells=tuple(cell for cell, _ in cells),
    )


# --- what the exact engines are asked for ----------------------------------------------------------


def _finite(fmt: FloatFormat, array: np.ndarray, name: str) -> list[Dyadic]:
    lifted = fmt.lift_array(array)
    for pair, item in zip(lifted, array.ravel(), strict=True):
        if pair is None:
            raise ValueError(f"{name} must be finite in {fmt.name}, got {item!r}")
    return [pair for pair in lifted if pair is not None]


def _nominal(method: Method, points: list[Dyadic], steps: list[Dyadic]) -> list[list[Point]]:
    """Return the nodes of every cell in exact arithmetic."""
    if isinstance(method, ComplexStep):
        return [[(x, h)] for x, h in zip(points, steps, strict=True)]
    offsets = method.dyadic_offsets
    return [
        [dyadic_sum(x, dyadic_product(c, h)) if c[0] else x for c in offsets]
        for x, h in zip(points, steps, strict=True)
    ]


def _realised(
    method: Method, observation: Observation, points: list[Dyadic], steps: list[Dyadic], fmt: FloatFormat
) -> list[list[Point | None]]:
    """Return the nodes at which the kernel called f; None where a node overflowed."""
    if isinstance(method, ComplexStep):
        return [[(x, h)] for x, h in zip(points, steps, strict=True)]
    return [list(nodes) for nodes in zip(*map(fmt.lift_array, observation.abscissae), strict=True)]


def _captured(method: Method, observation: Observation, fmt: FloatFormat) -> list[list[Dyadic | None]]:
    """Return what f returned inside the kernel (its imaginary part, for the complex step)."""
    arrays = [v.imag if isinstance(method, ComplexStep) else v for v in observation.values]
    return [list(values) for values in zip(*map(fmt.lift_array, arrays), strict=True)]


# --- one cell --------------------------------------------------------------------------------------


def _settle(
    exact: ExactFunction,
    method: Method,
    points: list[Dyadic],
    steps: list[Dyadic],
    nominal: list[list[Point]],
    realised: list[list[Point | None]],
    values: list[list[Dyadic | None]],
    results: list[Dyadic | None],
) -> list[tuple[Cell, bool]]:
    """Compute every cell at rising precision until its parts are settled; say which ones were."""
    cells: list[tuple[Cell, bool]] = [(Cell((), Fraction(1), False), False)] * len(points)
    pending = list(range(len(points)))
    lookup = exact.imaginary_values if isinstance(method, ComplexStep) else exact.values
    for precision in precisions():
        wanted = [node for i in pending for node in (*nominal[i], *realised[i]) if node is not None]
        known = lookup(wanted, precision)
        truths = exact.derivative([points[i] for i in pending], precision, method.derivative_order)
        unsettled = []
        for i in pending:
            ours = [known[node] for node in nominal[i]]
            theirs = [Undefined.DOMAIN if node is None else known[node] for node in realised[i]]
            same = nominal[i] == realised[i]
            weights = _merged(method.numerators, realised[i])
            cell = _cell(
                method, truths[points[i]], ours, theirs, weights, same, values[i], results[i], steps[i], precision
            )
            settled = _is_settled(cell, ours, theirs, truths[points[i]])
            cells[i] = (cell, settled)
            if not settled:
                unsettled.append(i)
        pending = unsettled
        if not pending:
            break
    return cells


def _is_settled(cell: Cell, *values: Any) -> bool:
    """Return whether no value is undecided and every part has one nearest double."""
    for value in values:
        if value is Undefined.UNDECIDED or (isinstance(value, list) and Undefined.UNDECIDED in value):
            return False
    if cell.exact:
        return True
    numerator, denominator = cell.denominator.as_integer_ratio()
    for upper, lower in _ENDS:
        high, low = cell.numbers[upper], cell.numbers[lower]
        if high is None or low is None:
            continue
        if high is not low and settled_double((high[0] - low[0]) * denominator, (high[1] + low[1]) * denominator, numerator) is None:
            return False
    return True


def _cell(
    method: Method,
    truth: ExactValue,
    ours: list[ExactValue],
    theirs: list[ExactValue],
    weights: Sequence[int],
    same: bool,
    values: list[Dyadic | None],
    result: Dyadic | None,
    step: Dyadic,
    precision: int,
) -> Cell:
    """Put t, a, b, c, d of one cell over the denominator D·hᵐ·2**-e."""
    scale = _power(step, method.derivative_order)
    scale = (scale[0] * method.denominator, scale[1])
    if isinstance(truth, Fraction) and all(isinstance(v, Fraction) for v in (*ours, *theirs)):
        return _rational_cell(method, truth, ours, theirs, values, result, scale)
    a = _weighted(method.numerators, ours, precision)
    b = a if same else _weighted(weights, theirs, precision)
    c = _weighted_values(method.numerators, values)
    t = _scaled(truth, scale, precision)
    d = None if result is None else Ball(result[0] * scale[0], 0, result[1] + scale[1])
    present = [ball for ball in (t, a, b, c, d) if ball is not None]
    exponent = min((ball.exp for ball in present), default=0)

    def place(ball: Ball | None) -> tuple[int, int] | None:
        if ball is None:
            return None
        shift = ball.exp - exponent
        return ball.mid << shift, ball.rad << shift

    placed_a = place(a)
    numbers = (place(t), placed_a, placed_a if same else place(b), place(c), place(d))
    return Cell(numbers, dyadic_to_fraction((scale[0], scale[1] - exponent)), False)


def _merged(numerators: Sequence[int], nodes: list[Point | None]) -> Sequence[int]:
    """Return the numerators with those of coinciding nodes added up at the first of them, 0 at the others.

    f(x̂) − f(x̂) is 0, while a ball minus itself is only an enclosure of 0.
    """
    if len(set(nodes)) == len(nodes):
        return numerators
    return [
        0 if node in nodes[:j] else sum(n for n, other in zip(numerators, nodes, strict=True) if other == node)
        for j, node in enumerate(nodes)
    ]


def _power(step: Dyadic, order: int) -> Dyadic:
    return step[0] ** order, step[1] * order


def _weighted(numerators: Sequence[int], values: list[ExactValue], precision: int) -> Ball | None:
    """Return Σ nⱼ·valueⱼ as a ball; None where a value is undefined."""
    balls = [ball_of(v, precision) if isinstance(v, Fraction) else v for v in values]
    if any(isinstance(ball, Undefined) for ball in balls):
        return None
    exponent = min(ball.exp for ball in balls)  # type: ignore[union-attr]
    mid = rad = 0
    for n, (m, r, e) in zip(numerators, balls, strict=True):  # type: ignore[misc]
        mid += n * (m << (e - exponent))
        if r and n:
            rad += abs(n) * (r << (e - exponent))
    return Ball(mid, rad, exponent)


def _weighted_values(numerators: Sequence[int], values: list[Dyadic | None]) -> Ball | None:
    """Return Σ nⱼ·valueⱼ of computed values, exactly; None where one is not finite."""
    if None in values:
        return None
    exponent = min(e for _, e in values)  # type: ignore[misc]
    total = sum(n * (m << (e - exponent)) for n, (m, e) in zip(numerators, values, strict=True))  # type: ignore[misc]
    return Ball(total, 0, exponent)


def _scaled(truth: ExactValue, scale: Dyadic, precision: int) -> Ball | None:
    if isinstance(truth, Undefined):
        return None
    ball = ball_of(truth, precision) if isinstance(truth, Fraction) else truth
    return Ball(ball.mid * scale[0], ball.rad * scale[0], ball.exp + scale[1])


def _rational_cell(
    method: Method,
    truth: Fraction,
    ours: list[Any],
    theirs: list[Any],
    values: list[Dyadic | None],
    result: Dyadic | None,
    scale: Dyadic,
) -> Cell:
    """Put the numbers of a cell over one integer denominator, without any radius."""
    factor = dyadic_to_fraction(scale)
    c = _weighted_values(method.numerators, values)
    numbers = [
        truth * factor,
        sum((n * v for n, v in zip(method.numerators, ours, strict=True)), Fraction(0)),
        sum((n * v for n, v in zip(method.numerators, theirs, strict=True)), Fraction(0)),
        None if c is None else dyadic_to_fraction((c.mid, c.exp)),
        None if result is None else dyadic_to_fraction(result) * factor,
    ]
    common = math.lcm(*(number.denominator for number in numbers if number is not None))
    over_common = tuple(None if number is None else (int(number * common), 0) for number in numbers)
    return Cell(over_common, factor * common, True)


# --- from cells to arrays --------------------------------------------------------------------------


def _rounded(cells: list[tuple[Cell, bool]]) -> tuple[list[np.ndarray], np.ndarray, list[State]]:
    """Round every part of every cell once."""
    parts = [np.full(len(cells), np.nan) for _ in PARTS]
    underflow = np.zeros(len(cells), dtype=bool)
    states = []
    for i, (cell, settled) in enumerate(cells):
        numerator, denominator = cell.denominator.as_integer_ratio()
        missing = stuck = False
        for column, (upper, lower) in zip(parts, _ENDS, strict=True):
            high, low = cell.numbers[upper], cell.numbers[lower]
            if high is None or low is None:
                missing = missing or lower <= 1
                continue
            middle, radius = (high[0] - low[0]) * denominator, (high[1] + low[1]) * denominator
            if high is low:
                column[i] = 0.0
                continue
            value = nearest_double(middle, numerator)
            if not settled and settled_double(middle, radius, numerator) is None:
                value, stuck = 0.0, True
            elif not value and middle:
                value, underflow[i] = math.copysign(TINY, middle), True
            column[i] = value if value else 0.0
        states.append(_state(cell, stuck))
    return parts, underflow, states


def _state(cell: Cell, stuck: bool) -> State:
    if cell.numbers[0] is None or cell.numbers[1] is None:
        return State.OUT_OF_DOMAIN
    if cell.exact:
        return State.EXACT
    return State.STUCK if stuck else State.CERTIFIED


def _statuses(
    method: Method,
    observation: Observation,
    realised: list[list[Point | None]],
    cells: list[tuple[Cell, bool]],
    exact: ExactFunction,
    points: list[Dyadic],
) -> list[Status]:
    """Say what happened in each cell; the first of the following that holds."""
    finite_values = np.logical_and.reduce([np.isfinite(v).ravel() for v in observation.values])
    any_nan = np.logical_or.reduce([np.isnan(v).ravel() for v in (*observation.values, observation.result)])
    finite_result = np.isfinite(observation.result).ravel()
    absorbed = observation.absorbed.ravel()
    statuses = []
    for i, (cell, _) in enumerate(cells):
        nodes = realised[i]
        if cell.numbers[0] is None or cell.numbers[1] is None or (None not in nodes and cell.numbers[2] is None):
            statuses.append(_outside(exact, method, points[i], nodes))
        elif absorbed[i]:
            statuses.append(Status.ABSORBED)
        elif any_nan[i]:
            statuses.append(Status.NAN)
        elif None in nodes or not finite_values[i] or not finite_result[i]:
            statuses.append(Status.OVERFLOW)
        else:
            statuses.append(Status.OK)
    return statuses


def _outside(exact: ExactFunction, method: Method, point: Dyadic, nodes: list[Point | None]) -> Status:
    precision = next(precisions())
    found = [exact.derivative([point], precision, method.derivative_order)[point]]
    if isinstance(method, Stencil):
        finite = [node for node in nodes if node is not None]
        known = exact.values(finite, precision)
        found += [known[node] for node in finite]
    return Status.POLE if Undefined.POLE in found and Undefined.DOMAIN not in found else Status.OUTSIDE_DOMAIN


def _effective_steps(method: Method, observation: Observation, h: np.ndarray, fmt: FloatFormat) -> np.ndarray:
    """Return (x̂_max − x̂_min)/(c_max − c_min) as doubles; h itself for the complex step."""
    if isinstance(method, ComplexStep):
        return h.astype(np.float64)
    low = min(range(len(method.offsets)), key=method.offsets.__getitem__)
    high = max(range(len(method.offsets)), key=method.offsets.__getitem__)
    span = method.offsets[high] - method.offsets[low]
    steps = []
    for top, bottom in zip(
        fmt.lift_array(observation.abscissae[high]), fmt.lift_array(observation.abscissae[low]), strict=True
    ):
        if top is None or bottom is None:
            steps.append(math.nan)
            continue
        width = dyadic_to_fraction(dyadic_sum(top, (-bottom[0], bottom[1]))) / span
        steps.append(nearest_double(*width.as_integer_ratio()))
    return np.array(steps).reshape(h.shape)
