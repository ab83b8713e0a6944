r"""A bound on each part of the error of a difference quotient, before it is measured or after.

With the notation of the ledger (nodes x + cⱼh, realised x̂ⱼ, exact f and computed f̂, wⱼ = nⱼ/D, accuracy order p,
derivative order m), the bound on

* the **truncation** error is hᵖ·∫|K|·max|f⁽ᵐ⁺ᵖ⁾| over the interval of the nodes and x, with the Peano kernel K of
  the stencil (`numdiff.analysis.peano`);
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

The *envelope* bounds the total error before anything is computed: it takes instead of x̂ⱼ all numbers that
fl(x + fl(cⱼh)) may be, and the roundings of f and of the formula together. Where xⱼ is a number of the format, so
is x̂ⱼ = xⱼ.

Truncation, abscissa and combination are proved outright; evaluation and envelope given the limits of the elementary
functions (`numdiff.arithmetic.accuracy`), which in float32 and wider are the worst that were found.

A bound is a double, rounded up, and infinite where there is none; `Bounds.reasons` says why. For the complex step
there is none for truncation and evaluation: the roundings of complex functions have no limits.

References
----------
N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM (2002), sections 2.2, 2.5 and 3.3.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.analysis import PARTS
from numdiff.analysis.part_bounds import (
    BoundedFunction,
    CellNodes,
    Formula,
    abscissa_bounds,
    combination_bounds,
    evaluation_bounds,
    slopes,
    sum_above,
    truncation_bounds,
)
from numdiff.arithmetic.ball_functions import exact
from numdiff.arithmetic.balls import working
from numdiff.arithmetic.running_elements import NOTHING
from numdiff.arithmetic.running_error import enclosed, rounded_up, working_precision
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import points_and_steps, require
from numdiff.formulas.stencil import CENTERED, Method, Stencil

__all__ = ["PARTS", "BoundedFunction", "Bounds", "bounds_of", "envelope_of", "error_bounds"]

NO_COMPLEX_LIMITS = "the functions have no limits for complex arguments"
_MISSING = {
    "truncation": "f^({n}) has no finite enclosure between the nodes: a pole, a kink or the end of the domain",
    "abscissa": "f' has no finite enclosure near a node, or a node overflows",
    "evaluation": "the rounding error of f has no bound at a node: overflow, a pole, a kink, the end of the domain, "
    "an undecided sign or a function without a limit",
    "combination": "a function value is not finite, or the sum may overflow",
}


@dataclass(frozen=True, eq=False)
class Bounds:
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
        For each node the realised arguments of f and what it returned, of the broadcast shape.

    Returns
    -------
    Bounds
    """
    shape = np.broadcast_shapes(x.shape, h.shape)
    cells = CellNodes(method, fmt, x, h, shape)
    if isinstance(method, Stencil):
        realised, seen = ([fmt.lift_array(column) for column in columns] for columns in (abscissae, values))
        columns = [
            truncation_bounds(function, cells, method),
            abscissa_bounds(function, cells, method, realised),
            evaluation_bounds(function, cells, method, realised),
            combination_bounds(cells, method, seen),
        ]
        reasons = _reasons(columns, method.derivative_order + method.accuracy_order)
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


def envelope_of(
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
        Of the broadcast shape of x and h; infinite where there is no bound, as for the complex step.
    """
    shape = np.broadcast_shapes(x.shape, h.shape)
    cells = CellNodes(method, fmt, x, h, shape)
    if not isinstance(method, Stencil):
        return np.full(shape, math.inf)
    truncation = truncation_bounds(function, cells, method)
    limits = slopes(function, cells)
    bounds = []
    with working(working_precision(fmt)):
        balls = [place.ball for row in cells.places for place in row]
        found = enclosed(function.f, balls, fmt)
        weights = [exact(abs(n), 0) for n in method.numerators]
        formula = Formula(method, cells.operations)
        for i, first in enumerate(truncation):
            if any(place.may_overflow for place in cells.places[i]):
                bounds.append(math.inf)
                continue
            rounding = formula.rounding(found[i * len(weights) : (i + 1) * len(weights)], cells.steps[i])
            moved = NOTHING
            for weight, place, slope in zip(weights, cells.places[i], limits[i], strict=True):
                if place.shift is not None:
                    moved = moved + weight * exact(*place.shift) * slope
            bounds.append(sum_above((first, rounded_up(moved / cells.divisor(i)), rounding)))
    return np.array(bounds, dtype=np.float64).reshape(shape)


def error_bounds(f: Callable[[Any], Any], x: Any, h: Any, stencil: Method = CENTERED, dtype: Any = None) -> np.ndarray:
    """Bound the total error of a difference quotient before it is computed: the envelope of the error.

    Parameters
    ----------
    f : callable
        An elementwise NumPy callable with Python constants.
    x, h : float or array
        Points and steps, broadcast against each other; each is rounded to the format first.
    stencil : Stencil or ComplexStep
        The formula.
    dtype : str, dtype or FloatFormat, optional
        The working format; by default that of x.

    Returns
    -------
    ndarray of float64
        No result of the formula in this format is further from f⁽ᵐ⁾(x); infinite where there is no bound.

    Raises
    ------
    ValueError
        If x or h is not finite in the format, h is not positive, or the format cannot hold the formula.
    TypeError
        If f uses a function that the exact arithmetics do not know.
    """
    fmt, points, steps = points_and_steps(x, h, dtype)
    require(stencil, fmt)
    return envelope_of(BoundedFunction(f), stencil, fmt, points, steps)


def _reasons(columns: list[list[float]], order: int) -> list[str]:
    """Say for every cell why the first part without a bound has none."""
    reasons = []
    for row in zip(*columns, strict=True):
        missing = next((part for part, bound in zip(PARTS, row, strict=True) if bound == math.inf), None)
        reasons.append("" if missing is None else f"{missing}: {_MISSING[missing].format(n=order)}")
    return reasons
