"""The parts of `numdiff.analysis.bounds`, cell by cell: what the bounds are made of and share."""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.analysis.nodes import Place, between, place_of, shifted, step_above
from numdiff.analysis.peano import peano_constant
from numdiff.analysis.suprema import Suprema
from numdiff.arithmetic.ball_functions import exact
from numdiff.arithmetic.balls import working
from numdiff.arithmetic.running_error import evaluation_errors, operations_of, rounded_up, working_precision
from numdiff.arithmetic.running_operations import NOTHING, Operations, Running, Unbounded
from numdiff.formats import Dyadic, FloatFormat
from numdiff.rounding import dyadic
from numdiff.stencils import Method, Stencil


class BoundedFunction:
    """A function, with what its bounds need and cells share.

    Parameters
    ----------
    f : callable
        An elementwise NumPy callable with Python constants. What `rounded` makes has the bounds of correctly rounded
        functions.
    suprema : Suprema, optional
        Of the same exact function, to be shared by its arithmetics.
    """

    def __init__(self, f: Callable[[Any], Any], suprema: Suprema | None = None) -> None:
        self.f = f
        self.suprema = Suprema(f) if suprema is None else suprema
        self._errors: dict[str, dict[Dyadic | None, float]] = {}

    def errors(self, points: Sequence[Dyadic | None], fmt: FloatFormat) -> Mapping[Dyadic | None, float]:
        """Return the bounds on the rounding error of f by abscissa; infinite at None."""
        known = self._errors.setdefault(fmt.name, {None: math.inf})
        missing = [x for x in dict.fromkeys(points) if x is not None and x not in known]
        known.update(zip(missing, evaluation_errors(self.f, missing, fmt), strict=True))
        return known


# --- the cells -------------------------------------------------------------------------------------


class CellNodes:
    """Exact points, steps and nodes of all cells, in C order."""

    def __init__(self, method: Method, fmt: FloatFormat, x: np.ndarray, h: np.ndarray, shape: tuple[int, ...]) -> None:
        self.format, self.method = fmt, method
        self.points: list[Dyadic] = _lifted(fmt, x, shape)
        self.steps: list[Dyadic] = _lifted(fmt, h, shape)
        self.size = len(self.points)
        self.operations = operations_of(fmt.name)
        self._places: list[list[Place]] | None = None

    @property
    def places(self) -> list[list[Place]]:
        """The nodes of every cell, and how far rounding may move them."""
        if self._places is None:
            offsets = self.method.dyadic_offsets if isinstance(self.method, Stencil) else ()
            reach = math.ceil(max(map(abs, self.method.offsets))) + 1 if isinstance(self.method, Stencil) else 0
            self._places = [
                [place_of(self.format, x, h, c, reach) for c in offsets]
                for x, h in zip(self.points, self.steps, strict=True)
            ]
        return self._places

    def divisor(self, cell: int) -> Any:
        """Return D·hᵐ as a ball."""
        return exact(*self.steps[cell]) ** self.method.derivative_order * self.method.denominator


def _lifted(fmt: FloatFormat, array: np.ndarray, shape: tuple[int, ...]) -> list[Any]:
    """Return the exact values of an argument, broadcast, in C order."""
    lifted = fmt.lift_array(array)
    if array.shape == shape:
        return list(lifted)
    indices = np.broadcast_to(np.arange(array.size).reshape(array.shape), shape).ravel().tolist()
    return [lifted[index] for index in indices]


# --- the parts -------------------------------------------------------------------------------------


def truncation_bounds(function: BoundedFunction, cells: CellNodes, stencil: Stencil) -> list[float]:
    """Return hᵖ·∫|K|·max|f⁽ᵐ⁺ᵖ⁾| for every cell, over an interval for a step of 10 bits that formats share."""
    low, high = dyadic(min((*stencil.offsets, Fraction(0)))), dyadic(max((*stencil.offsets, Fraction(0))))
    order = stencil.accuracy_order
    wide = [step_above(h) for h in cells.steps]
    intervals = [between(shifted(x, h, low), shifted(x, h, high)) for x, h in zip(cells.points, wide, strict=True)]
    largest = function.suprema.of(order + stencil.derivative_order, intervals)
    constant = peano_constant(stencil)
    bounds = []
    with working(working_precision(cells.format)):
        factor = exact(constant.numerator, 0) / constant.denominator
        for h, interval in zip(cells.steps, intervals, strict=True):
            bounds.append(_scaled(exact(*h) ** order * factor, largest[interval]))
    return bounds


def _scaled(factor: Any, bound: float) -> float:
    """Return a bound times a positive ball, rounded up."""
    return bound if bound in (0.0, math.inf) else rounded_up(factor * exact(*dyadic(bound)))


def slopes(function: BoundedFunction, cells: CellNodes) -> list[list[Any]]:
    """Return for every node an upper bound on |f′| wherever it may be rounded to."""
    wanted = [place.interval for row in cells.places for place in row if place.interval is not None]
    known = function.suprema.of(1, wanted)
    return [[None if place.interval is None else known[place.interval] for place in row] for row in cells.places]


def abscissa_bounds(
    function: BoundedFunction, cells: CellNodes, stencil: Stencil, realised: list[list[Dyadic | None]]
) -> list[float]:
    """Return Σ|wⱼ||x̂ⱼ − xⱼ|·max|f′|/hᵐ for every cell."""
    limits_of_cells = slopes(function, cells)
    bounds = []
    with working(working_precision(cells.format)):
        for i, (row, limits) in enumerate(zip(cells.places, limits_of_cells, strict=True)):
            if None in [column[i] for column in realised]:
                bounds.append(math.inf)
                continue
            total = NOTHING
            for n, place, limit, column in zip(stencil.numerators, row, limits, realised, strict=True):
                if column[i] != place.nominal:
                    distance = exact(*column[i]) - exact(*place.nominal)  # type: ignore[misc]
                    total = total + abs(n * distance) * limit
            bounds.append(rounded_up(total / cells.divisor(i)))
    return bounds


def evaluation_bounds(
    function: BoundedFunction, cells: CellNodes, stencil: Stencil, realised: list[list[Dyadic | None]]
) -> list[float]:
    """Return Σ|wⱼ|Eⱼ/hᵐ for every cell."""
    known = function.errors([x for column in realised for x in column], cells.format)
    bounds = []
    with working(working_precision(cells.format)):
        for i in range(cells.size):
            errors = [known[column[i]] for column in realised]
            if math.inf in errors:
                bounds.append(math.inf)
                continue
            total = NOTHING
            for n, error in zip(stencil.numerators, errors, strict=True):
                if error:
                    total = total + exact(*dyadic(error)) * abs(n)
            bounds.append(rounded_up(total / cells.divisor(i)))
    return bounds


def combination_bounds(cells: CellNodes, method: Method, values: list[list[Dyadic | None]]) -> list[float]:
    """Return what the formula may lose with the function values that it saw, for every cell."""
    bounds = []
    with working(working_precision(cells.format)):
        formula = Formula(method, cells.operations)
        for h, row in zip(cells.steps, zip(*values, strict=True), strict=True):
            bounds.append(formula.rounding([None if y is None else Running(exact(*y), NOTHING) for y in row], h))
    return bounds


class Formula:
    """The operations of a method on elements of the running error analysis, in the order of the computation."""

    def __init__(self, method: Method, operations: Operations) -> None:
        self.method, self.operations = method, operations
        self.numerators = [operations.lift((n, 0)) for n in method.numerators]
        self.denominator = operations.lift((method.denominator, 0))

    def rounding(self, elements: Sequence[Running | None], step: Dyadic) -> float:
        """Bound how far the result may be from the formula of the exact values; None is no value."""
        if None in elements:
            return math.inf
        try:
            return rounded_up(self._result(elements, self.operations.lift(step)).error)
        except (Unbounded, ZeroDivisionError):
            return math.inf

    def _result(self, elements: Sequence[Any], h: Running) -> Running:
        apply = self.operations.functions
        total: Any = None
        for n, numerator, element in zip(self.method.numerators, self.numerators, elements, strict=True):
            plain = n == 1 or (n == -1 and total is not None)
            term = element if plain else apply["multiply"](element, numerator)
            total = term if total is None else apply["subtract" if n == -1 else "add"](total, term)
        total = apply["divide"](total, h if self.method.denominator == 1 else apply["multiply"](h, self.denominator))
        for _ in range(1, self.method.derivative_order):
            total = apply["divide"](total, h)
        return total


def sum_above(bounds: Sequence[float]) -> float:
    """Return the sum of non-negative doubles, rounded up."""
    try:
        total = math.fsum(bounds)
    except OverflowError:  # finite numbers whose sum is not
        return math.inf
    return math.nextafter(total, math.inf) if total else 0.0
