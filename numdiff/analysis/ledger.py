"""The error ledger: where the error of a difference quotient comes from.

With the exact function f, the computed one f̂, the nodes x + cⱼh and their floating-point images x̂ⱼ,

    t = f⁽ᵐ⁾(x)                    what is wanted; where f has none, the one from the side that all nodes lie on
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
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.analysis import ENTRIES
from numdiff.analysis.cells import ExactParts, LiftedCall, resolve
from numdiff.analysis.displays import LEDGER_COLUMNS, ledger_view
from numdiff.analysis.enclosures import broadcast_lift
from numdiff.analysis.reference import STATES, ExactFunction, Reference, State, precisions
from numdiff.analysis.twin import Twin
from numdiff.arithmetic.ball import Undefined
from numdiff.display import Shown, View, columns_of
from numdiff.floats.callables import scalar_of
from numdiff.floats.dyadic import dyadic_product, dyadic_sum, dyadic_to_fraction, nearest_double
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.kernels import Observation
from numdiff.formulas.stencil import ComplexStep, Method


class Status(StrEnum):
    """What happened in a cell, in the working format.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> nd.error_ledger(np.log, 0.5, [0.25, 1.0, 1e-30]).status.tolist()
    [<Status.OK: 'ok'>, <Status.OUTSIDE_DOMAIN: 'outside-domain'>, <Status.ABSORBED: 'absorbed'>]
    """

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
    KINK = "kink"
    """The formula looks to both sides of x, where f is proved to have different derivatives."""
    JUMP = "jump"
    """f is proved not to be continuous at x, from a side that the formula looks to."""
    UNPROVED = "unproved"
    """The formula looks to both sides of x, where the values of f or its derivatives agree to 4096 bits, which proves
    nothing."""


@dataclass(frozen=True, eq=False, repr=False)
class Ledger(Shown):
    """The ledger of an array of cells. All arrays have the shape of x broadcast against h; scalars if that is ().

    Attributes
    ----------
    format : FloatFormat
    method : Stencil or ComplexStep
    x, h, computed : ndarray of the format
        The point, the step, and d.
    reference : ndarray of float64
        The double nearest to t.
    reference_radius : ndarray of float64
        The certified radius of t; one that is only estimated where the state is `given`.
    truncation, abscissa, evaluation, combination, total, roundoff : ndarray of float64
        The parts, each rounded once; NaN where the status or the state says that there is none. A nonzero
        part that underflows is stored as ±4.9e-324 and flagged; one that 4096 bits do not tell from 0, or that is the
        difference of two numbers below 2**-65536, reads +0.0 in the state `unresolved`.
    status : ndarray of str
        A `Status` for each cell.
    state : ndarray of str
        A `State` for each cell.
    underflow : ndarray of bool
        Whether a part was nonzero below the smallest subnormal double.
    effective_step : ndarray of float64
        (x̂_max − x̂_min)/(c_max − c_min), the step of the rounded nodes.
    references : tuple of Reference
        The reference of every cell, in C order.
    exact : ExactParts
        The exact numbers, by columns in C order.

    Examples
    --------
    >>> import numdiff as nd
    >>> nd.error_ledger(lambda x: x**3, 1.0, [0.5, 0.25])
    Ledger of centered in float64: 2 cells; 2 ok; truth: 2 exact
    x     h   total  truncation  abscissa  evaluation  combination  status
    1   0.5    0.25        0.25         0           0            0  ok
    1  0.25  0.0625      0.0625         0           0            0  ok
    smallest |total|: 0.0625 at x = 1, h = 0.25
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
    exact: ExactParts

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, scalar_of(value))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of x broadcast against h."""
        return self.total.shape

    def exact_parts(self, index: int = 0) -> dict[str, Fraction | None]:
        """Return the parts of one cell (C order) as rational numbers; they sum to the total exactly."""
        size = self.total.size
        if not isinstance(index, (int, np.integer)):
            rule = "index must be an integer, the cell in C order"
            raise TypeError(f"{rule}, got {index!r}; write np.ravel_multi_index(index, ledger.shape) for a tuple")
        if not -size <= index < size:
            raise IndexError(f"index must be less than the number of cells, {size}, got {index}")
        ratios = {name: self.exact.ratio(i, index) for i, name in enumerate(ENTRIES)}
        return {name: None if ratio is None else Fraction(*ratio) for name, ratio in ratios.items()}

    def _view(self) -> View:
        return ledger_view(self)

    def _columns(self) -> Mapping[str, Any]:
        names = {"format": [self.format.name] * self.total.size, "method": [self.method.name] * self.total.size}
        return names | columns_of(self, LEDGER_COLUMNS)


def ledger_of(
    exact: ExactFunction,
    observation: Observation,
    x: np.ndarray,
    h: np.ndarray,
    method: Method,
    fmt: FloatFormat,
    call: LiftedCall | None = None,
) -> Ledger:
    """Split the errors of one observed kernel call; `exact` carries its function values over from call to call."""
    shape = observation.result.shape
    call = lifted_call(observation, x, h, method, fmt) if call is None else call
    parts = resolve(exact, call)
    if isinstance(exact, Twin):
        exact.compare(call.rounded_nodes, call.values, fmt)
    missing = _missing(call, parts, exact)
    known = {
        point: exact.reference(point, method.derivative_order, method.direction) for point in dict.fromkeys(call.points)
    }
    references = tuple(known[point] for point in call.points)
    return Ledger(
        format=fmt,
        method=method,
        x=np.broadcast_to(x, shape),
        h=np.broadcast_to(h, shape),
        computed=observation.result,
        reference=np.array([r.value for r in references]).reshape(shape),
        reference_radius=np.array([r.radius for r in references]).reshape(shape),
        **{name: np.array(column).reshape(shape) for name, column in zip(ENTRIES, parts.parts, strict=True)},
        status=np.array(_statuses(observation, parts, missing), dtype=object).reshape(shape),
        state=np.array(_states(parts, missing, exact.state), dtype=object).reshape(shape),
        underflow=np.array(parts.underflow, dtype=bool).reshape(shape),
        effective_step=np.array(_effective_steps(call, observation)).reshape(shape),
        references=references,
        exact=parts,
    )


def lifted_call(observation: Observation, x: np.ndarray, h: np.ndarray, method: Method, fmt: FloatFormat) -> LiftedCall:
    """Return the exact numbers of a kernel call, with the nodes where exact arithmetic has them."""
    shape = observation.result.shape
    points, steps = (broadcast_lift(fmt, array, shape) for array in (x, h))
    for name, array, numbers in (("x", x, points), ("h", h, steps)):
        if None in numbers:
            raise ValueError(f"{name} must be finite in {fmt.name}, got {array[~np.isfinite(array)][0]!r}")
    exact_nodes: Any
    rounded_nodes: Any
    if isinstance(method, ComplexStep):  # of its values the imaginary part counts
        exact_nodes = rounded_nodes = [list(zip(points, steps, strict=True))]
        *values, results = _lift_together(fmt, [observation.values[0].imag, observation.result])
    else:
        exact_nodes = [
            [dyadic_sum(x, dyadic_product(c, h)) for x, h in zip(points, steps, strict=True)] if c[0] else points
            for c in method.dyadic_offsets
        ]
        *lifted, results = _lift_together(fmt, [*observation.abscissae, *observation.values, observation.result])
        rounded_nodes, values = lifted[: len(exact_nodes)], lifted[len(exact_nodes) :]
    absorbed = observation.absorbed.ravel().tolist()
    return LiftedCall(method, points, steps, exact_nodes, rounded_nodes, values, results, absorbed)


def _lift_together(fmt: FloatFormat, arrays: list[np.ndarray]) -> list[list[Any]]:
    """Return the exact numbers of arrays of one shape, lifted in one call: the call costs more than the numbers."""
    flat, size = fmt.lift_array(np.stack(arrays)), arrays[0].size
    return [flat[i * size : (i + 1) * size] for i in range(len(arrays))]


# --- from cells to arrays --------------------------------------------------------------------------


_STATUSES = {
    Undefined.POLE: Status.POLE,
    Undefined.JUMP: Status.JUMP,
    Undefined.KINK: Status.KINK,
    Undefined.UNPROVED: Status.UNPROVED,
}


def _missing(call: LiftedCall, parts: ExactParts, exact: ExactFunction) -> dict[int, Undefined]:
    """Return the cells that lack an exact number, not only because a node overflowed, with the reason."""
    return {
        i: _reason(call, i, exact)
        for i, (t, a, b) in enumerate(zip(*parts.mids[:3], strict=True))
        if t is None or a is None or (b is None and None not in [column[i] for column in call.rounded_nodes])
    }


def _reason(call: LiftedCall, i: int, exact: ExactFunction) -> Undefined:
    """Say why a cell has no exact value: it leaves the domain, meets a pole, or is beyond all formats."""
    point = call.points[i]
    nodes = [n for column in (*call.exact_nodes, *call.rounded_nodes) if (n := column[i]) is not None]
    lookup = exact.imaginary_values if call.method.complex_nodes else exact.values
    for precision in precisions():  # all were looked up before
        known = lookup(nodes, precision)
        found = [known[node] for node in nodes]
        found.append(exact.derivative([point], precision, call.method.derivative_order, call.method.direction)[point])
        if Undefined.UNDECIDED not in found:
            break
    reasons = (Undefined.DOMAIN, Undefined.POLE, Undefined.BEYOND, *_STATUSES)
    return next((reason for reason in reasons if reason in found), Undefined.UNDECIDED)


def _states(parts: ExactParts, missing: dict[int, Undefined], decided: State) -> list[State]:
    """Say how far the exact side of each cell can be trusted."""
    states = []
    for i, (t, a, exact, resolved) in enumerate(zip(*parts.mids[:2], parts.exact, parts.resolved, strict=True)):
        if t is None or a is None:
            states.append(STATES.get(missing[i], State.OUT_OF_DOMAIN))
        elif exact:
            states.append(State.EXACT)
        else:
            states.append(decided if resolved else State.UNRESOLVED)
    return states


def _statuses(observation: Observation, parts: ExactParts, missing: dict[int, Undefined]) -> list[Status]:
    """Say what happened in each cell; the first that holds of what is missing, absorbed, NaN, or infinite."""
    nan = np.logical_or.reduce([np.isnan(value).ravel() for value in observation.values])
    finite = np.logical_and.reduce([np.isfinite(value).ravel() for value in observation.values])
    absorbed = observation.absorbed.ravel()
    statuses = [Status.OK] * finite.size
    incomplete = [i for i, row in enumerate(zip(*parts.mids, strict=True)) if None in row]
    for i in {*np.flatnonzero(~finite | ~np.isfinite(observation.result).ravel() | absorbed).tolist(), *incomplete}:
        reason = missing.get(i)
        if reason is Undefined.UNDECIDED and not finite[i] and not nan[i]:
            reason = Undefined.BEYOND  # the format has found an infinity where nothing else is known
        if reason is Undefined.BEYOND:
            statuses[i] = Status.OVERFLOW
        elif reason is not None:
            statuses[i] = _STATUSES.get(reason, Status.OUTSIDE_DOMAIN)
        elif absorbed[i]:
            statuses[i] = Status.ABSORBED
        else:
            statuses[i] = Status.NAN if nan[i] else Status.OVERFLOW
    return statuses


def _effective_steps(call: LiftedCall, observation: Observation) -> list[float]:
    """Return (x̂_max − x̂_min)/(c_max − c_min) of every cell; h itself for the complex step."""
    if isinstance(call.method, ComplexStep):
        return [nearest_double(*dyadic_to_fraction(h).as_integer_ratio()) for h in call.steps]
    offsets, nodes = call.method.offsets, call.rounded_nodes
    low, high = offsets.index(min(offsets)), offsets.index(max(offsets))
    span = offsets[high] - offsets[low]
    right, left = (observation.abscissae[i].ravel() for i in (high, low))
    if right.dtype.itemsize <= 8 and not span.numerator & (span.numerator - 1):
        with np.errstate(over="ignore", invalid="ignore"):
            widths = right.astype(np.float64) - left.astype(np.float64)
        finite = np.isfinite(right) & np.isfinite(left)
        if np.isfinite(widths[finite]).all():  # rounded once: dividing by a power of two is exact
            return list(np.where(finite, widths / float(span), math.nan).tolist())
    steps = []
    top: Any
    bottom: Any
    for top, bottom in zip(nodes[high], nodes[low], strict=True):
        if top is None or bottom is None:
            steps.append(math.nan)
            continue
        width, exponent = dyadic_sum(top, (-bottom[0], bottom[1]))
        numerator, denominator = width * span.denominator, span.numerator
        steps.append(nearest_double(numerator << max(exponent, 0), denominator << max(-exponent, 0)))
    return steps
