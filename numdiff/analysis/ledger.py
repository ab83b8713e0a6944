"""The error ledger: where the error of a difference quotient comes from.

With the exact function f, the computed one f̂, the nodes x + cⱼh and their floating-point images x̂ⱼ,

    t = f⁽ᵐ⁾(x)                    what is wanted
    a = Σ wⱼ f(x + cⱼh) / hᵐ       the formula in exact arithmetic
    b = Σ wⱼ f(x̂ⱼ) / hᵐ            at the abscissae that the format could represent
    c = Σ wⱼ f̂(x̂ⱼ) / hᵐ            with the values that the format computed
    d                              what the kernel returned

    truncation = a − t, abscissa = b − a, evaluation = c − b, combination = d − c,
    total = d − t = their sum, roundoff = d − a.

Every difference is formed in exact arithmetic and rounded once (`numdiff.analysis.cells`), so that the two
engines give the same doubles. c uses the function values that were captured inside the kernel call.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.analysis.cells import Call, Cells, settle
from numdiff.analysis.parts import ENTRIES
from numdiff.analysis.reference import Engine, ExactFunction, ExactValue, Point, Reference, State, precisions
from numdiff.arithmetic.ball import Undefined
from numdiff.floats.dyadic import Dyadic, dyadic_product, dyadic_sum, nearest_double
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import points_and_steps
from numdiff.formulas.kernels import Observation, observe
from numdiff.formulas.stencil import CENTERED, ComplexStep, Method


class Status(StrEnum):
    """What happened in a cell, in the working format."""

    OK = "ok"
    ABSORBED = "absorbed"
    """Of the nodes of the formula and x itself, two fell on one floating-point number."""
    OVERFLOW = "overflow"
    """A node or a function value is infinite, or the sum of finite ones overflows, or an exact number is 2**65536 or
    more, which overflows every format."""
    NAN = "nan"
    """A function value is not a number."""
    OUTSIDE_DOMAIN = "outside-domain"
    """A node lies where the exact function, or x where its derivative, has no value that could be decided, and no
    function value is infinite."""
    POLE = "pole"
    """A node, or x itself, is a pole of f or of its derivative."""


@dataclass(frozen=True, eq=False)
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
        part that underflows is stored as ±4.9e-324 and flagged; one that 4096 bits do not tell from 0, or that is the
        difference of two numbers below 2**-65536, reads +0.0 in the state `stuck`.
    status : ndarray of str
        A `Status` for each cell.
    state : ndarray of str
        A `State` for each cell.
    underflow : ndarray of bool
        Whether a part was nonzero below the smallest subnormal double.
    effective_step : ndarray of float64
        (x̂_max − x̂_min)/(c_max − c_min), the step that the realised abscissae have.
    references : tuple of Reference
        The reference of every cell, in C order.
    cells : Cells
        The exact numbers, by columns in C order.
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
    cells: Cells

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of x broadcast against h."""
        return self.total.shape

    def exact_parts(self, index: int = 0) -> dict[str, Fraction | None]:
        """Return the parts of one cell (C order) as rational numbers; they sum to the total exactly."""
        return {name: self.cells.part(i, index) for i, name in enumerate(ENTRIES)}


def error_ledger(
    f: Callable[[Any], Any],
    x: Any,
    h: Any,
    stencil: Method = CENTERED,
    dtype: Any = None,
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
    dtype : str, dtype or FloatFormat, optional
        The working format; by default that of x.
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
        If f uses a function that the exact arithmetics do not know, the format has no complex numbers, or x or h does
        not hold real numbers.
    """
    fmt, xs, hs = points_and_steps(x, h, dtype)
    observation = observe(stencil, f, xs, hs)
    return ledger_of(ExactFunction(f, derivative, engine), observation, xs, hs, stencil, fmt)


def ledger_of(
    exact: ExactFunction, observation: Observation, x: np.ndarray, h: np.ndarray, method: Method, fmt: FloatFormat
) -> Ledger:
    """Judge one observed kernel call; `exact` carries its abscissae over from call to call."""
    shape = observation.result.shape
    x_full, h_full = np.broadcast_to(x, shape), np.broadcast_to(h, shape)
    points, steps = _finite(fmt, x, shape, "x"), _finite(fmt, h, shape, "h")
    call = Call(
        method,
        points,
        steps,
        _nominal(method, points, steps),
        *_lifted(method, observation, points, steps, fmt),
        observation.absorbed.ravel().tolist(),
    )
    references = {p: exact.reference(p, method.derivative_order) for p in dict.fromkeys(points)}

    cells = settle(exact, call)
    columns = {name: np.array(column).reshape(shape) for name, column in zip(ENTRIES, cells.parts, strict=True)}
    missing = _missing(call, cells, exact)
    status = _statuses(call, observation, cells, missing)
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
        state=np.array(_states(cells, missing), dtype=object).reshape(shape),
        underflow=np.array(cells.underflow, dtype=bool).reshape(shape),
        effective_step=_effective_steps(call, observation, h_full),
        references=tuple(per_point),
        cells=cells,
    )


# --- what the exact engines are asked for ----------------------------------------------------------


def _finite(fmt: FloatFormat, array: np.ndarray, shape: tuple[int, ...], name: str) -> list[Dyadic]:
    """Return the exact values of an argument, broadcast, in C order."""
    lifted = fmt.lift_array(array)
    if None in lifted:
        raise ValueError(f"{name} must be finite in {fmt.name}, got {array.ravel()[lifted.index(None)]!r}")
    if array.shape == shape:
        return lifted  # type: ignore[return-value]
    indices = np.broadcast_to(np.arange(array.size).reshape(array.shape), shape).ravel().tolist()
    return [lifted[index] for index in indices]  # type: ignore[misc]


def _nominal(method: Method, points: list[Dyadic], steps: list[Dyadic]) -> list[list[Point | None]]:
    """Return for every node its place in exact arithmetic in every cell."""
    if isinstance(method, ComplexStep):
        return [list(zip(points, steps, strict=True))]
    return [
        [dyadic_sum(x, dyadic_product(c, h)) for x, h in zip(points, steps, strict=True)] if c[0] else list(points)
        for c in method.dyadic_offsets
    ]


def _lifted(
    method: Method, observation: Observation, points: list[Dyadic], steps: list[Dyadic], fmt: FloatFormat
) -> tuple[list[list[Point | None]], list[list[Dyadic | None]], list[Dyadic | None]]:
    """Return for every node where f was called and what it returned there, in every cell, and the results.

    None stands for what is not finite. Of the complex step's values the imaginary part counts.
    """
    if isinstance(method, ComplexStep):
        lifted = fmt.lift_array(np.stack([observation.values[0].imag, observation.result]))
        nodes: list[list[Point | None]] = [list(zip(points, steps, strict=True))]
        return nodes, [lifted[: len(points)]], lifted[len(points) :]
    lifted = fmt.lift_array(np.stack([*observation.abscissae, *observation.values, observation.result]))
    size, count = len(points), len(method.offsets)
    rows = [lifted[k * size : (k + 1) * size] for k in range(2 * count + 1)]
    realised: list[list[Point | None]] = [list(row) for row in rows[:count]]
    return realised, rows[count : 2 * count], rows[-1]


# --- from cells to arrays --------------------------------------------------------------------------


def _states(cells: Cells, missing: Mapping[int, Undefined]) -> list[State]:
    """Say how far the exact side of each cell can be trusted."""
    states = []
    for i, (t, a, exact, settled) in enumerate(
        zip(cells.mids[0], cells.mids[1], cells.exact, cells.settled, strict=True)
    ):
        if t is None or a is None:
            states.append(State.OUT_OF_RANGE if missing[i] is Undefined.BEYOND else State.OUT_OF_DOMAIN)
        elif exact:
            states.append(State.EXACT)
        else:
            states.append(State.CERTIFIED if settled else State.STUCK)
    return states


def _statuses(call: Call, observation: Observation, cells: Cells, missing: Mapping[int, Undefined]) -> list[Status]:
    """Say what happened in each cell; the first of the following that holds."""
    finite_values = np.logical_and.reduce([np.isfinite(v).ravel() for v in observation.values])
    any_nan = np.logical_or.reduce([np.isnan(v).ravel() for v in observation.values])
    finite_result = np.isfinite(observation.result).ravel()
    absorbed = observation.absorbed.ravel()
    fine = finite_values & finite_result & ~absorbed
    statuses = [Status.OK] * len(cells.denominators)
    suspects = set(np.flatnonzero(~fine).tolist())
    suspects.update(i for column in cells.mids if None in column for i, number in enumerate(column) if number is None)
    for i in suspects:
        reason = missing.get(i)
        if reason is Undefined.UNDECIDED and not finite_values[i] and not any_nan[i]:
            reason = Undefined.BEYOND  # the format has found an infinity where nothing else is known
        if reason is Undefined.BEYOND:
            statuses[i] = Status.OVERFLOW
        elif reason is not None:
            statuses[i] = Status.POLE if reason is Undefined.POLE else Status.OUTSIDE_DOMAIN
        elif absorbed[i]:
            statuses[i] = Status.ABSORBED
        elif any_nan[i]:
            statuses[i] = Status.NAN
        else:
            statuses[i] = Status.OVERFLOW
    return statuses


def _missing(call: Call, cells: Cells, exact: ExactFunction) -> dict[int, Undefined]:
    """Return the cells that lack an exact number, not only because a node overflowed, with the reason."""
    if not any(None in column for column in cells.mids[:3]):
        return {}
    return {
        i: _reason(call, i, exact)
        for i, (t, a, b) in enumerate(zip(*cells.mids[:3], strict=True))
        if t is None or a is None or (b is None and None not in [column[i] for column in call.realised])
    }


def _reason(call: Call, i: int, exact: ExactFunction) -> Undefined:
    """Say why a cell has no exact value: it leaves the domain, meets a pole, or is beyond all formats."""
    point, nodes = call.points[i], [n for column in (*call.nominal, *call.realised) if (n := column[i]) is not None]
    lookup = exact.imaginary_values if call.method.complex_nodes else exact.values
    found: list[ExactValue] = []
    for precision in precisions():  # all were looked up before
        known = lookup(nodes, precision)
        found = [known[node] for node in nodes]
        found.append(exact.derivative([point], precision, call.method.derivative_order)[point])
        if Undefined.UNDECIDED not in found:
            break
    reasons = (Undefined.DOMAIN, Undefined.POLE, Undefined.BEYOND)
    return next((reason for reason in reasons if reason in found), Undefined.UNDECIDED)


def _effective_steps(call: Call, observation: Observation, h: np.ndarray) -> np.ndarray:
    """Return (x̂_max − x̂_min)/(c_max − c_min) as doubles; h itself for the complex step."""
    method = call.method
    if isinstance(method, ComplexStep):
        return h.astype(np.float64)
    low = min(range(len(method.offsets)), key=method.offsets.__getitem__)
    high = max(range(len(method.offsets)), key=method.offsets.__getitem__)
    span = method.offsets[high] - method.offsets[low]
    upper, lower = observation.abscissae[high], observation.abscissae[low]
    if upper.dtype.itemsize <= 8 and span.numerator & (span.numerator - 1) == 0:
        # A difference of doubles is rounded once, and the division by a power of two is exact.
        with np.errstate(over="ignore", invalid="ignore"):
            width = upper.astype(np.float64) - lower.astype(np.float64)
        if not np.any(np.isinf(width) & np.isfinite(upper) & np.isfinite(lower)):  # else the width alone overflows
            return np.where(np.isfinite(width), width / float(span), math.nan)
    steps = []
    for top, bottom in zip(call.realised[high], call.realised[low], strict=True):
        if top is None or bottom is None:
            steps.append(math.nan)
            continue
        distance, exponent = _difference(top, bottom)  # type: ignore[arg-type]
        distance *= span.denominator
        steps.append(nearest_double(distance << max(exponent, 0), span.numerator << max(-exponent, 0)))
    return np.array(steps).reshape(h.shape)


def _difference(left: Dyadic, right: Dyadic) -> Dyadic:
    """Return left − right, not normalised."""
    exponent = min(left[1], right[1])
    return (left[0] << (left[1] - exponent)) - (right[0] << (right[1] - exponent)), exponent
