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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from numdiff.analysis import PARTS
from numdiff.analysis.bounded_function import BoundedFunction
from numdiff.analysis.displays import bounds_view
from numdiff.analysis.formula_rounding import Formula
from numdiff.analysis.nodes import NodePlaces, Place, between, exact_node, step_above
from numdiff.analysis.suprema import peano_constant
from numdiff.analysis.unbounded import NO_COMPLEX_LIMITS, reasons_of
from numdiff.analysis.upward import magnitude_above, product_above, products, quotients
from numdiff.arithmetic.balls import working
from numdiff.arithmetic.running_columns import Column
from numdiff.arithmetic.running_error import working_precision
from numdiff.display import Shown, View, columns_of
from numdiff.floats.dyadic import Dyadic, dyadic, dyadic_sum, dyadic_to_fraction
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method, Stencil

__all__ = ["PARTS", "Bounds", "a_priori_bounds", "both_bounds", "bounds_of"]


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

    Returns
    -------
    Bounds
    """
    cells = NodePlaces(method, fmt, x, h, np.broadcast_shapes(x.shape, h.shape))
    if isinstance(method, Stencil):
        nodes, seen = ([fmt.lift_array(column) for column in columns] for columns in (abscissae, values))
    else:
        nodes, seen = [], [fmt.lift_array(values[0].imag)]
    (combination,) = combination_bounds(cells, [_seen(cells, seen)])
    return _bounds(function, cells, abscissae, values, nodes, combination)


def a_priori_bounds(
    function: BoundedFunction, method: Method, fmt: FloatFormat, x: np.ndarray, h: np.ndarray
) -> np.ndarray:
    """Bound the total error of a difference quotient before it is computed.

    Parameters
    ----------
    function, method, fmt, x, h
        As in `bounds_of`.

    Returns
    -------
    ndarray of float64
        Of the broadcast shape of x and h; infinite where there is no bound, as for the complex step and for a
        function that cannot be traced.
    """
    cells = NodePlaces(method, fmt, x, h, np.broadcast_shapes(x.shape, h.shape))
    if function.untraced or not isinstance(method, Stencil):
        return np.full(cells.shape, math.inf)
    function.ufuncs(fmt)  # refuses what the format does not compute, before anything is enclosed
    (rounding,) = combination_bounds(cells, [_possible(function, cells)])
    return _a_priori(function, cells, method, truncation_bounds(function, cells, method), rounding)


def both_bounds(
    function: BoundedFunction,
    cells: NodePlaces,
    abscissae: Sequence[np.ndarray],
    values: Sequence[np.ndarray],
    nodes: list[list[Dyadic | None]],
    seen: list[list[Dyadic | None]],
) -> tuple[Bounds, np.ndarray]:
    """Return `bounds_of` and `a_priori_bounds` of cells whose arguments and values are lifted already.

    They have the truncation in common, and the formula is gone through once.

    Parameters
    ----------
    function : BoundedFunction
    cells : NodePlaces
    abscissae, values : sequence of ndarray
        As in `bounds_of`.
    nodes, seen : list of list of Dyadic or None
        The same as exact numbers, by node and cell; of the values of a complex step the imaginary parts.

    Returns
    -------
    bounds : Bounds
    a_priori : ndarray of float64
    """
    method, sets = cells.method, [_seen(cells, seen)]
    if isinstance(method, Stencil) and not function.untraced:
        sets.append(_possible(function, cells))
    combination, *rounding = combination_bounds(cells, sets)
    bounds = _bounds(function, cells, abscissae, values, nodes, combination)
    if not (rounding and isinstance(method, Stencil)):
        return bounds, np.full(cells.shape, math.inf)
    return bounds, _a_priori(function, cells, method, bounds.truncation.ravel().tolist(), rounding[0])


def _bounds(
    function: BoundedFunction,
    cells: NodePlaces,
    abscissae: Sequence[np.ndarray],
    values: Sequence[np.ndarray],
    nodes: list[list[Dyadic | None]],
    combination: np.ndarray,
) -> Bounds:
    method = cells.method
    if isinstance(method, Stencil):
        columns = [
            truncation_bounds(function, cells, method),
            abscissa_bounds(function, cells, method, nodes),
            evaluation_bounds(function, cells, method, nodes),
            combination.tolist(),
        ]
        order = method.derivative_order + method.accuracy_order
        reasons = reasons_of(columns, order, abscissae, values, function.unlimited(cells.format))
    else:
        none, zero = [math.inf] * cells.size, [0.0] * cells.size
        columns = [none, zero, none, combination.tolist()]
        reasons = [NO_COMPLEX_LIMITS] * cells.size
    total = [sum_above(row) for row in zip(*columns, strict=True)]
    parts = {
        name: np.array(column, dtype=np.float64).reshape(cells.shape)
        for name, column in zip((*PARTS, "total"), (*columns, total), strict=True)
    }
    return Bounds(**parts, reasons=np.array(reasons, dtype=object).reshape(cells.shape))


def _a_priori(
    function: BoundedFunction, cells: NodePlaces, stencil: Stencil, truncation: list[float], rounding: np.ndarray
) -> np.ndarray:
    moved = moved_bounds(function, cells, stencil, [[place.shift for place in column] for column in _by_node(cells)])
    rounding[[any(place.may_overflow for place in row) for row in cells.places]] = math.inf
    bounds = [sum_above(row) for row in zip(truncation, moved.tolist(), rounding.tolist(), strict=True)]
    return np.array(bounds, dtype=np.float64).reshape(cells.shape)


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


def combination_bounds(cells: NodePlaces, sets: Sequence[list[Column]]) -> list[np.ndarray]:
    """Return what the formula may lose with the function values of each set, by node: `_seen` or `_possible`.

    It is infinite where a value is missing or an operation may overflow.
    """
    with working(working_precision(cells.format)), np.errstate(all="ignore"):
        elements = [reduce(Column.joined, columns) for columns in zip(*sets, strict=True)]
        rounding = Formula(cells.method, cells.format).rounding(elements, cells.steps * len(sets))
    return np.split(rounding, len(sets))


def _seen(cells: NodePlaces, values: list[list[Dyadic | None]]) -> list[Column]:
    """Return the function values that the formula saw, by node."""
    with working(working_precision(cells.format)), np.errstate(all="ignore"):
        return [Column.exact(column) for column in values]


def _possible(function: BoundedFunction, cells: NodePlaces) -> list[Column]:
    """Return the function values that the formula may see, by node, with their rounding errors."""
    with working(working_precision(cells.format)), np.errstate(all="ignore"):
        return [function.enclosed([place.ball for place in column], cells.format) for column in _by_node(cells)]


def sum_above(bounds: Sequence[float]) -> float:
    """Return the sum of non-negative doubles, rounded up; infinite where it exceeds the doubles."""
    try:
        total = math.fsum(bounds)
    except OverflowError:  # finite numbers whose sum is not
        return math.inf
    return math.nextafter(total, math.inf) if total else 0.0
