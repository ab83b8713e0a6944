"""A method in a format, and the checked arguments of a call: all that is known before f is called."""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from numdiff.floats.call import evaluate
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import converted, largest_step, points_of, refuse_steps, require
from numdiff.formulas.stencil import ComplexStep, Method, Stencil

__all__ = ["Evaluation", "Function", "Node", "Plan", "extremes", "plan_of", "prepared"]

Function: TypeAlias = Callable[[Any], Any]
Evaluation: TypeAlias = Callable[[Function, np.ndarray], np.ndarray]
"""A call of f in a format: takes f and its argument, returns the checked values."""


class Node(NamedTuple):
    """One term of a formula: how the argument of f is made, and what becomes of its value."""

    shift: np.ufunc | None
    """np.add or np.subtract, of x and h or of x and fl(factor·h); None where the argument is x itself."""
    factor: Any
    """The offset c, a scalar of the format; None where h itself is added or subtracted."""
    combine: np.ufunc
    """np.add or np.subtract, of the sum so far and the term."""
    numerator: Any
    """The integer n of the weight n/D, a scalar of the format; None where the term is the value itself."""

    def argument(self, x: np.ndarray, h: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return the abscissa of the node; x itself where the offset is 0."""
        if self.shift is None:
            return x
        # h[()] is a scalar where h has no dimension, and scalars multiply fast; an array remains itself.
        return self.shift(x, h if self.factor is None else h[()] * self.factor, out)

    def term(self, value: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return fl(n·y)."""
        return value if self.numerator is None else np.multiply(value, self.numerator, out)


class Plan(NamedTuple):
    """A method in a format: its constants, each rounded once."""

    format: FloatFormat
    evaluate: Evaluation
    """The call of f in the format."""
    complex_dtype: np.dtype | None
    """Of the abscissae of the complex step."""
    nodes: tuple[Node, ...]
    """In the order of the formula."""
    sorted_nodes: tuple[Node, ...]
    """The nodes and x itself, from left to right."""
    denominator: Any
    """D, a scalar of the format; None for 1."""
    derivative_order: int
    smallest_gap: Fraction
    """The smallest distance of two offsets, 0 included."""
    largest_offset: Fraction
    """The largest |c|."""
    largest: Any
    """The largest finite number of the format."""
    largest_step: Any
    """The largest h for which D·h and all c·h are finite."""
    x_over_smallest_h: float
    x_over_largest_h: float
    """No step is absorbed where |x| ≤ x_over_smallest_h·min(h) − x_over_largest_h·max(h)."""

    def divisor(self, h: np.ndarray) -> Any:
        """Return fl(D·h)."""
        return h if self.denominator is None else h[()] * self.denominator


def _node(item: FloatFormat, offset: Fraction, numerator: int, first: bool) -> Node:
    return Node(
        None if not offset else np.subtract if offset == -1 else np.add,
        None if offset in (-1, 0, 1) else item.round(offset),
        np.subtract if numerator == -1 and not first else np.add,
        None if numerator == 1 or (numerator == -1 and not first) else item.round(numerator),
    )


@lru_cache(maxsize=256)
def plan_of(item: FloatFormat, method: Method) -> Plan:
    """Return the constants of a method in a format.

    The limit on |x| below which no step is absorbed: fl is monotone, and two numbers that round to the same v are at
    most one spacing of v apart, which is at most ε|v|, or 0 where v is subnormal since sums are exact there. For
    integer offsets with smallest gap g and largest offset C, two fl(c·h) are at least h(g − 2uC) ≥ gh/2 apart if
    4uC ≤ g. Hence no two nodes coincide where ε(|x| + Ch(1 + u)) < gh/2, for which |x| ≤ gh/(4ε) − 2Ch suffices.
    Other offsets may underflow: their limit is negative, and the comparison of the abscissae decides everywhere.
    """
    require(method, item)
    exact = method.offsets if isinstance(method, Stencil) else ()
    numerators, denominator = method.numerators if exact else (), method.denominator
    offsets = sorted({*exact, Fraction(0)})
    gap = min((b - a for a, b in pairwise(offsets)), default=Fraction(1))
    largest_offset = max(abs(c) for c in offsets)
    simple = all(c.denominator == 1 for c in exact) and 4 * item.unit_roundoff * largest_offset <= gap
    return Plan(
        format=item,
        evaluate=partial(evaluate, item),
        complex_dtype=None if exact else item.complex_dtype,
        nodes=tuple(_node(item, c, n, j == 0) for j, (c, n) in enumerate(zip(exact, numerators, strict=True))),
        sorted_nodes=tuple(_node(item, c, 1, False) for c in offsets),
        denominator=None if denominator == 1 else item.round(denominator),
        derivative_order=method.derivative_order,
        smallest_gap=gap,
        largest_offset=largest_offset,
        largest=item.round(item.largest_finite).item(),
        largest_step=largest_step(method, item).item(),
        # The parts of a complex abscissa are never added.
        x_over_smallest_h=float(gap / item.machine_epsilon / 4) if simple and exact else 0.0 if exact else math.inf,
        x_over_largest_h=float(2 * largest_offset) if simple else 1.0,
    )


def prepared(method: Method, f: Function, x: Any, h: Any) -> tuple[Plan, np.ndarray, np.ndarray, tuple[int, ...], Any]:
    """Check the arguments of a kernel and convert them to the format of x.

    Returns
    -------
    plan : Plan
    points, steps : ndarray
        In the format; the steps have no dimension where there is one for all points.
    shape : tuple of int
        The broadcast shape of x and h.
    limit : float
        Where |x| does not exceed it, x is finite and absorbs no step.
    """
    if not callable(f):
        raise TypeError(f"f must be callable, got {type(f).__name__} {f!r:.60}")
    item, points = points_of(x)
    if not isinstance(method, Stencil):
        if not isinstance(method, ComplexStep):
            raise TypeError(f"method must be a Stencil or COMPLEX_STEP, got {type(method).__name__} {method!r:.60}")
        if item.complex_dtype is None:
            raise TypeError(f"x must have a format with a complex dtype for the complex step, got {item.name}")
    plan = plan_of(item, method)
    steps = converted(item, h, "h")
    low, high = extremes(steps)
    if not (low > 0 and high <= plan.largest_step):
        refuse_steps(item, steps, h, "h", method)
    shape = points.shape
    if steps.ndim:
        try:
            shape = np.broadcast_shapes(shape, steps.shape)
        except ValueError:
            raise ValueError(f"h must broadcast against x of shape {shape}, got shape {steps.shape}") from None
        if steps.size == 1:
            steps = steps.reshape(())
    if isinstance(low, float):
        limit = plan.x_over_smallest_h * low - plan.x_over_largest_h * high
    else:
        with np.errstate(over="ignore", invalid="ignore"):  # a longdouble, which is not silent
            limit = plan.x_over_smallest_h * low - plan.x_over_largest_h * high
    return plan, points, steps, shape, limit if limit < plan.largest else plan.largest


def extremes(array: np.ndarray) -> tuple[Any, Any]:
    """Return the smallest and the largest element as fast scalars; a NaN shows in both."""
    if array.size == 1:
        value = array.item()
        return value, value
    if not array.size:
        return 1.0, 1.0
    if array.dtype.char in "efdg":
        return np.minimum.reduce(array, axis=None).item(), np.maximum.reduce(array, axis=None).item()
    with np.errstate(invalid="ignore"):  # the formats of ml_dtypes raise the flag for a quiet NaN
        return np.minimum.reduce(array, axis=None).item(), np.maximum.reduce(array, axis=None).item()
