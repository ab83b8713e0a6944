r"""A bound on each part of the error of a difference quotient, before it is measured or after.

With the notation of the ledger (nodes x + cⱼh, rounded ones x̂ⱼ, exact f and computed f̂, wⱼ = nⱼ/D, accuracy order p,
derivative order m), the bound on

* the **truncation** error is hᵖ·∫|K|·max|f⁽ᵐ⁺ᵖ⁾| over the interval of the nodes and x, with the Peano kernel K of
  the stencil (`numdiff.analysis.suprema`);
* the **abscissa** error is Σ|wⱼ||x̂ⱼ − xⱼ|·max|f′|/hᵐ, over an interval that contains xⱼ and x̂ⱼ; exactly 0 where
  the nodes are numbers of the format;
* the **evaluation** error is Σ|wⱼ|Eⱼ/hᵐ, |f̂(x̂ⱼ) − f(x̂ⱼ)| ≤ Eⱼ (`numdiff.arithmetic.running_error`);
* the **combination** error is carried through the formula in the order that the computation has, from the function
  values ŷⱼ that it saw:

      terms      tⱼ = ŷⱼ where nⱼ = 1, −ŷⱼ where nⱼ = −1, otherwise fl(fl(nⱼ)·ŷⱼ)
      sum        s₁ = t₁, sⱼ = fl(sⱼ₋₁ + tⱼ), in the order of the nodes
      quotient   fl(s / fl(fl(D)·h)), then m − 1 times fl(·/h)

  with half a unit for each rounding, but none in a difference of neighbours (Sterbenz), nor in the product with a
  power of two. For the complex step it is the one quotient Im ŷ/h.

The *a priori* bound is one on the total error before anything is computed: it takes instead of x̂ⱼ all numbers that
fl(x + fl(cⱼh)) may be, and the roundings of f and of the formula together. Where xⱼ is a number of the format, so
is x̂ⱼ = xⱼ.

Truncation, abscissa and combination are proved outright; evaluation and the a priori bound given the limits of the
elementary functions (`numdiff.arithmetic.accuracy`), which in float32 and wider are the worst that were found.

A bound is a double, rounded up, and infinite where there is none; `Bounds.reasons` says why. For the complex step
there is none for truncation and evaluation: the roundings of complex functions have no limits.

References
----------
N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM (2002), sections 2.2, 2.5 and 3.3.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.analysis import PARTS
from numdiff.analysis.displays import bounds_view
from numdiff.analysis.formula_rounding import Formula
from numdiff.analysis.nodes import NodePlaces, Place, between, exact_node, step_above
from numdiff.analysis.suprema import Suprema, peano_constant
from numdiff.analysis.unbounded import NO_COMPLEX_LIMITS, reasons_of
from numdiff.analysis.upward import magnitude_above, product_above, products, quotients
from numdiff.arithmetic.accuracy import without_limit
from numdiff.arithmetic.ball import Ball
from numdiff.arithmetic.balls import working
from numdiff.arithmetic.promotion import refuse_unsuitable
from numdiff.arithmetic.running_columns import Column
from numdiff.arithmetic.running_error import enclosed, evaluation_errors, working_precision
from numdiff.display import Shown, View, columns_of
from numdiff.floats.dyadic import Dyadic, dyadic, dyadic_sum, dyadic_to_fraction
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method, Stencil

__all__ = ["PARTS", "BoundedFunction", "Bounds", "a_priori_bounds", "bounds_of"]


class BoundedFunction:
    """A function, with what its bounds need and cells share.

    Parameters
    ----------
    f : callable
        An elementwise NumPy callable with Python constants. What `rounded` makes has the bounds of correctly rounded
        functions.
    suprema : Suprema, optional
        Of the same exact function, to be shared by its arithmetics.
    untraced : bool
        Whether f is known by the values of a twin alone: what needs its formula has no bound then.
    """

    def __init__(self, f: Callable[[Any], Any], suprema: Suprema | None = None, untraced: bool = False) -> None:
        self.f, self.untraced = f, untraced
        self.suprema = Suprema(None if untraced else f) if suprema is None else suprema
        self._errors: dict[str, dict[Dyadic | None, float]] = {}
        self._used: dict[str, frozenset[str]] = {}
        self._enclosed: dict[str, tuple[dict[Ball, int], Column]] = {}

    def ufuncs(self, fmt: FloatFormat) -> frozenset[str]:
        """Return the ufuncs of f; raise OtherFormatError (a TypeError) where it is not computed in the format."""
        if fmt.name not in self._used:
            self._used[fmt.name] = refuse_unsuitable(self.f, fmt)
        return self._used[fmt.name]

    def unlimited(self, fmt: FloatFormat) -> frozenset[str] | None:
        """Return the functions that f uses and whose rounding error has no limit; None where f is not traced."""
        return None if self.untraced else without_limit(self.f, fmt, used=self.ufuncs(fmt))

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
        if self.untraced:
            return dict.fromkeys(points, math.inf)
        used = self.ufuncs(fmt)
        known = self._errors.setdefault(fmt.name, {None: math.inf})
        missing = [x for x in dict.fromkeys(points) if x is not None and x not in known]
        known.update(zip(missing, evaluation_errors(self.f, missing, fmt, used), strict=True))
        return known

    def enclosed(self, places: Sequence[Ball], fmt: FloatFormat) -> Column:
        """Enclose values and rounding errors where a node may be rounded to; `Undefined` where there is none.

        To be called inside ``balls.working(working_precision(fmt))``. Formulas and steps share most places.
        """
        known, elements = self._enclosed.setdefault(fmt.name, ({}, Column([])))
        missing = [place for place in dict.fromkeys(places) if place not in known]
        if missing:
            more = enclosed(self.f, missing, fmt, self.ufuncs(fmt))
            known.update(zip(missing, range(len(elements), len(elements) + len(missing)), strict=True))
            elements = elements.joined(more)
            self._enclosed[fmt.name] = known, elements
        return elements.take([known[place] for place in places])


@dataclass(frozen=True, eq=False, repr=False)
class Bounds(Shown):
    """Bounds on the parts of the error of an array of cells. All arrays have the shape of x broadcast against h.

    Attributes
    ----------
    truncation, abscissa, evaluation, combination, total : ndarray of float64
        Bounds on |part|, rounded up; infinite where there is none.
    reasons : ndarray of str
        Why the first part that has no bound has none; empty where all have one.
    """

    truncation: np.ndarray
    abscissa: np.ndarray
    evaluation: np.ndarray
    combination: np.ndarray
    total: np.ndarray
    reasons: np.ndarray

    def _view(self) -> View:
        return bounds_view(self)

    def _columns(self) -> Mapping[str, Any]:
        return columns_of(self, (*PARTS, "total", "reasons"))


def bounds_of(
    function: BoundedFunction,
    method: Method,
    fmt: FloatFormat,
    x: np.ndarray,
    h: np.ndarray,
    abscissae: Sequence[np.ndarray],
    values: Sequence[np.ndarray],
    cells: NodePlaces | None = None,
) -> Bounds:
    """Bound the parts of the error of a computed difference quotient.

    Parameters
    ----------
    function : BoundedFunction
    method : Stencil or ComplexStep
    fmt : FloatFormat
    x, h : ndarray of the format
        Points and steps, finite; broadcast against each other.
    abscissae, values : sequence of ndarray
        For each node the rounded arguments of f and what it returned, of the broadcast shape.
    cells : NodePlaces, optional
        Those of method, fmt, x and h, where they are known.

    Returns
    -------
    Bounds
    """
    shape = np.broadcast_shapes(x.shape, h.shape)
    cells = NodePlaces(method, fmt, x, h, shape) if cells is None else cells
    if isinstance(method, Stencil):
        rounded_nodes, seen = ([fmt.lift_array(column) for column in columns] for columns in (abscissae, values))
        columns = [
            truncation_bounds(function, cells, method),
            abscissa_bounds(function, cells, method, rounded_nodes),
            evaluation_bounds(function, cells, method, rounded_nodes),
            combination_bounds(cells, method, seen),
        ]
        order = method.derivative_order + method.accuracy_order
        reasons = reasons_of(columns, order, abscissae, values, function.unlimited(fmt))
    else:
        none, zero = [math.inf] * cells.size, [0.0] * cells.size
        columns = [none, zero, none, combination_bounds(cells, method, [fmt.lift_array(values[0].imag)])]
        reasons = [NO_COMPLEX_LIMITS] * cells.size
    total = [sum_above(row) for row in zip(*columns, strict=True)]
    parts = {
        name: np.array(column, dtype=np.float64).reshape(shape)
        for name, column in zip((*PARTS, "total"), (*columns, total), strict=True)
    }
    return Bounds(**parts, reasons=np.array(reasons, dtype=object).reshape(shape))


def a_priori_bounds(
    function: BoundedFunction,
    method: Method,
    fmt: FloatFormat,
    x: np.ndarray,
    h: np.ndarray,
    known: tuple[NodePlaces, Bounds] | None = None,
) -> np.ndarray:
    """Bound the total error of a difference quotient before it is computed.

    Parameters
    ----------
    function, method, fmt, x, h
        As in `bounds_of`.
    known : (NodePlaces, Bounds), optional
        The nodes of the same cells, and their bounds, of which this one has the truncation in common.

    Returns
    -------
    ndarray of float64
        Of the broadcast shape of x and h; infinite where there is no bound, as for the complex step and for a
        function that cannot be traced.
    """
    shape = np.broadcast_shapes(x.shape, h.shape)
    cells = NodePlaces(method, fmt, x, h, shape) if known is None else known[0]
    if function.untraced or not isinstance(method, Stencil):
        return np.full(shape, math.inf)
    function.ufuncs(fmt)  # refuses what the format does not compute, before anything is enclosed
    truncation = truncation_bounds(function, cells, method) if known is None else known[1].truncation.ravel().tolist()
    columns = _by_node(cells)
    with working(working_precision(fmt)), np.errstate(all="ignore"):
        found = [function.enclosed([place.ball for place in column], fmt) for column in columns]
        rounding = Formula(method, fmt).rounding(found, cells.steps)
    moved = moved_bounds(function, cells, method, [[place.shift for place in column] for column in columns])
    rounding[[any(place.may_overflow for place in row) for row in cells.places]] = math.inf
    bounds = [sum_above(row) for row in zip(truncation, moved.tolist(), rounding.tolist(), strict=True)]
    return np.array(bounds, dtype=np.float64).reshape(shape)


# --- the parts -------------------------------------------------------------------------------------
# Each returns a bound for every cell, rounded up, and infinite where there is none. By node and cell, `rounded_nodes`
# and `values` hold where f was called and what it returned; None where that is not finite.


def truncation_bounds(function: BoundedFunction, cells: NodePlaces, stencil: Stencil) -> list[float]:
    """Return hᵖ·∫|K|·max|f⁽ᵐ⁺ᵖ⁾|, over an interval for a step of 10 bits that formats share."""
    low, high = dyadic(min((*stencil.offsets, Fraction(0)))), dyadic(max((*stencil.offsets, Fraction(0))))
    order = stencil.accuracy_order
    wide = [step_above(h) for h in cells.steps]
    intervals = [
        between(exact_node(x, h, low), exact_node(x, h, high)) for x, h in zip(cells.points, wide, strict=True)
    ]
    largest = function.suprema.of(order + stencil.derivative_order, intervals)
    sizes = np.array([largest[interval] for interval in intervals], dtype=np.float64)
    return products(sizes, peano_constant(stencil), cells.sizes, order).tolist()


def abscissa_bounds(
    function: BoundedFunction, cells: NodePlaces, stencil: Stencil, rounded_nodes: list[list[Dyadic | None]]
) -> list[float]:
    """Return Σ|wⱼ||x̂ⱼ − xⱼ|·max|f′|/hᵐ; exactly 0 where all nodes are numbers of the format."""
    distances: list[list[Dyadic | None]] = []
    for column, places in zip(rounded_nodes, _by_node(cells), strict=True):
        pairs = zip(column, places, strict=True)
        distances.append([None if x is None or x == place.exact else _between(x, place.exact) for x, place in pairs])
    bounds = moved_bounds(function, cells, stencil, distances)
    bounds[[None in row for row in zip(*rounded_nodes, strict=True)]] = math.inf
    return bounds.tolist()


def _by_node(cells: NodePlaces) -> list[list[Place]]:
    return [[row[j] for row in cells.places] for j in range(len(cells.method.numerators))]


def _between(x: Dyadic, y: Dyadic) -> Dyadic:
    return dyadic_sum(x, (-y[0], y[1]))


def moved_bounds(
    function: BoundedFunction, cells: NodePlaces, stencil: Stencil, distances: list[list[Dyadic | None]]
) -> np.ndarray:
    """Return Σ|wⱼ|·dⱼ·max|f′|/hᵐ for nodes that are moved by dⱼ, None for none; by cell."""
    wanted = [place.interval for row in cells.places for place in row if place.interval is not None]
    known: Mapping[Any, float] = function.suprema.of(1, wanted)
    columns = []
    for column, places in zip(distances, _by_node(cells), strict=True):
        pairs = list(zip(column, places, strict=True))
        sizes = np.array([0.0 if move is None else magnitude_above(move) for move, _ in pairs])
        slopes = np.array([0.0 if move is None else known[place.interval] for move, place in pairs])
        columns.append((sizes, slopes))
    numerators = stencil.numerators

    def exactly(i: int) -> Fraction:
        moves = [column[i] for column in distances]
        slopes = [Fraction(float(slope[i])) for _, slope in columns]
        lengths = [Fraction(0) if move is None else abs(dyadic_to_fraction(move)) for move in moves]
        return sum((abs(n) * d * s for n, d, s in zip(numerators, lengths, slopes, strict=True)), Fraction(0))

    terms = [(n, product_above(*column)) for n, column in zip(numerators, columns, strict=True)]
    return quotients(terms, cells.sizes, stencil.derivative_order, stencil.denominator, exactly)


def evaluation_bounds(
    function: BoundedFunction, cells: NodePlaces, stencil: Stencil, rounded_nodes: list[list[Dyadic | None]]
) -> list[float]:
    """Return Σ|wⱼ|Eⱼ/hᵐ, Eⱼ being the bound on the error of f at x̂ⱼ."""
    known = function.errors([x for column in rounded_nodes for x in column], cells.format)
    errors = [np.array([known[x] for x in column], dtype=np.float64) for column in rounded_nodes]
    terms = list(zip(stencil.numerators, errors, strict=True))
    return quotients(terms, cells.sizes, stencil.derivative_order, stencil.denominator).tolist()


def combination_bounds(cells: NodePlaces, method: Method, values: list[list[Dyadic | None]]) -> list[float]:
    """Return what the formula may lose with the function values that it saw.

    It is infinite where a value is missing or an operation may overflow.
    """
    with working(working_precision(cells.format)), np.errstate(all="ignore"):
        seen = [Column.exact(column) for column in values]
        return Formula(method, cells.format).rounding(seen, cells.steps).tolist()


def sum_above(bounds: Sequence[float]) -> float:
    """Return the sum of non-negative doubles, rounded up; infinite where it exceeds the doubles."""
    try:
        total = math.fsum(bounds)
    except OverflowError:  # finite numbers whose sum is not
        return math.inf
    return math.nextafter(total, math.inf) if total else 0.0
