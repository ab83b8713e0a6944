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
from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import Dyadic, FloatFormat
from numdiff.formulas.stencil import Method, Stencil


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
        """Return the bounds on the rounding error of f by abscissa.

        Parameters
        ----------
        points : sequence of Dyadic or None
            Numbers of the format; None stands for an abscissa that overflowed.
        fmt : FloatFormat

        Returns
        -------
        mapping of Dyadic or None to float
            At least the points that were asked for; doubles, rounded up; infinite at None.

        Raises
        ------
        TypeError
            As `evaluation_errors`.
        """
        known = self._errors.setdefault(fmt.name, {None: math.inf})
        missing = [x for x in dict.fromkeys(points) if x is not None and x not in known]
        known.update(zip(missing, evaluation_errors(self.f, missing, fmt), strict=True))
        return known


# --- the cells -------------------------------------------------------------------------------------


class CellNodes:
    """Exact points, steps and nodes of all cells, in C order.

    Parameters
    ----------
    method : Method
    fmt : FloatFormat
    x, h : ndarray of the format
        Points and steps; broadcast to `shape`.
    shape : tuple of int

    Attributes
    ----------
    points, steps : list of Dyadic, length `size`
    size : int
        The number of cells.
    operations : Operations
        Those of the format, of which a formula uses the basic ones only.
    """

    def __init__(self, method: Method, fmt: FloatFormat, x: np.ndarray, h: np.ndarray, shape: tuple[int, ...]) -> None:
        self.format, self.method = fmt, method
        self.points: list[Dyadic] = _lifted(fmt, x, shape)
        self.steps: list[Dyadic] = _lifted(fmt, h, shape)
        self.size = len(self.points)
        self.operations = operations_of(fmt)
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
        """Return D·hᵐ as an Arb ball, by which the sum over nⱼ = D·wⱼ is divided; to be called inside `working`."""
        return exact(*self.steps[cell]) ** self.method.derivative_order * self.method.denominator


def _lifted(fmt: FloatFormat, array: np.ndarray, shape: tuple[int, ...]) -> list[Any]:
    """Return the exact values of an argument of the format, broadcast to `shape`, in C order."""
    lifted = fmt.lift_array(array)
    if array.shape == shape:
        return list(lifted)
    indices = np.broadcast_to(np.arange(array.size).reshape(array.shape), shape).ravel().tolist()
    return [lifted[index] for index in indices]


# --- the parts -------------------------------------------------------------------------------------


def truncation_bounds(function: BoundedFunction, cells: CellNodes, stencil: Stencil) -> list[float]:
    """Return hᵖ·∫|K|·max|f⁽ᵐ⁺ᵖ⁾| for every cell, over an interval for a step of 10 bits that formats share.

    Parameters
    ----------
    function : BoundedFunction
    cells : CellNodes
    stencil : Stencil

    Returns
    -------
    list of float, one for each cell
        Rounded up; infinite where f⁽ᵐ⁺ᵖ⁾ has no finite enclosure over the interval.
    """
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
    """Return for every node an upper bound on |f′| wherever it may be rounded to.

    Returns
    -------
    list of list of float or None
        By cell and node; None where the node is a number of the format, so that no bound is needed.
    """
    wanted = [place.interval for row in cells.places for place in row if place.interval is not None]
    known = function.suprema.of(1, wanted)
    return [[None if place.interval is None else known[place.interval] for place in row] for row in cells.places]


def abscissa_bounds(
    function: BoundedFunction, cells: CellNodes, stencil: Stencil, realised: list[list[Dyadic | None]]
) -> list[float]:
    """Return Σ|wⱼ||x̂ⱼ − xⱼ|·max|f′|/hᵐ for every cell.

    Parameters
    ----------
    function : BoundedFunction
    cells : CellNodes
    stencil : Stencil
    realised : list of list of Dyadic or None
        By node and cell, the abscissae x̂ⱼ that the format held; None where one overflowed.

    Returns
    -------
    list of float, one for each cell
        Rounded up, and exactly 0 where all nodes are realised; infinite where there is no bound.
    """
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
    """Return Σ|wⱼ|Eⱼ/hᵐ for every cell, Eⱼ being the bound on the error of f at x̂ⱼ.

    Parameters
    ----------
    function : BoundedFunction
    cells : CellNodes
    stencil : Stencil
    realised : list of list of Dyadic or None
        By node and cell, the abscissae x̂ⱼ that the format held; None where one overflowed.

    Returns
    -------
    list of float, one for each cell
        Rounded up; infinite where a value has no bound.
    """
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
    """Return what the formula may lose with the function values that it saw, for every cell.

    Parameters
    ----------
    cells : CellNodes
    method : Method
    values : list of list of Dyadic or None
        By node and cell, the values that the kernel computed with; None where one is not finite.

    Returns
    -------
    list of float, one for each cell
        Rounded up; infinite where a value is missing or an operation may overflow.
    """
    bounds = []
    with working(working_precision(cells.format)):
        formula = Formula(method, cells.operations)
        for h, row in zip(cells.steps, zip(*values, strict=True), strict=True):
            bounds.append(formula.rounding([None if y is None else Running(exact(*y), NOTHING) for y in row], h))
    return bounds


class Formula:
    """The operations of a method on elements of the running error analysis, in the order of the computation.

    Parameters
    ----------
    method : Method
    operations : Operations
        Those of the working format.
    """

    def __init__(self, method: Method, operations: Operations) -> None:
        self.method, self.operations = method, operations
        self.numerators = [operations.lift((n, 0)) for n in method.numerators]
        self.denominator = operations.lift((method.denominator, 0))

    def rounding(self, elements: Sequence[Running | None], step: Dyadic) -> float:
        """Bound how far the result may be from the formula of the exact values.

        Parameters
        ----------
        elements : sequence of Running or None
            The function values at the nodes; None is no value.
        step : Dyadic
            A number of the format.

        Returns
        -------
        float
            Rounded up; infinite where a value is missing or an operation may overflow.
        """
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
    """Return the sum of non-negative doubles, rounded up; infinite where it exceeds the doubles."""
    try:
        total = math.fsum(bounds)
    except OverflowError:  # finite numbers whose sum is not
        return math.inf
    return math.nextafter(total, math.inf) if total else 0.0
