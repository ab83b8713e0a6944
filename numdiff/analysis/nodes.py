"""Where the nodes of a difference formula may lie: exact places, intervals around them, in integers."""

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

from numdiff.analysis.enclosures import broadcast_lift
from numdiff.analysis.suprema import Interval
from numdiff.arithmetic.ball import Ball
from numdiff.floats.dyadic import dyadic_product, dyadic_sum, dyadic_to_fraction
from numdiff.floats.formats import Dyadic, FloatFormat
from numdiff.formulas.stencil import Method, Stencil

_STEP_BITS = 10
_WIDTH_BITS = 6
"""A node is looked for within 2⁻⁶ of its distance from x, so that the formats share enclosures of f′."""
_SMALL_BITS = 8
"""For steps below 2⁻⁸, and below 2⁻⁸|x|, all nodes share one enclosure: f′ hardly changes between them."""


class Place(NamedTuple):
    """A node x + c·h, and how far rounding may move it.

    Attributes
    ----------
    exact : Dyadic
        The exact node.
    shift : Dyadic or None
        A bound on |fl(x + fl(c·h)) − (x + c·h)|; None where the node is a number of the format.
    interval : Interval or None
        Contains both, and often more; None with `shift`.
    ball : Ball
        Contains all that the node may be rounded to, and no more.
    may_overflow : bool
        Whether a number in `ball` is larger than the largest of the format.
    """

    exact: Dyadic
    shift: Dyadic | None
    interval: Interval | None
    ball: Ball
    may_overflow: bool


def step_above(h: Dyadic) -> Dyadic:
    """Return h > 0 rounded up to 10 bits: one number for the same step in several formats."""
    mantissa, exponent = h
    excess = mantissa.bit_length() - _STEP_BITS
    if excess <= 0:
        return h
    return -(-mantissa >> excess), exponent + excess


def exact_node(x: Dyadic, h: Dyadic, c: Dyadic) -> Dyadic:
    """Return x + c·h exactly."""
    return dyadic_sum(x, dyadic_product(c, h))


def between(low: Dyadic, high: Dyadic) -> Interval:
    """Return the interval [low, high] as two integers and their common exponent."""
    exponent = min(low[1], high[1])
    return low[0] << (low[1] - exponent), high[0] << (high[1] - exponent), exponent


def place_of(fmt: FloatFormat, x: Dyadic, h: Dyadic, c: Dyadic, span: int) -> Place:
    """Return where the node of offset c lies, of a formula whose nodes lie within span·h.

    fl(c·h) is off by at most half the spacing at |c|h, and not at all where the format holds c·h; the sum is off by
    at most half the spacing at the largest number that it may be.

    Parameters
    ----------
    fmt : FloatFormat
    x, h : Dyadic
        Point and step, numbers of the format.
    c : Dyadic
        The offset.
    span : int
        Not below any |offset| of the formula.

    Returns
    -------
    Place
    """
    move = dyadic_product(c, h)
    node = dyadic_sum(x, move)
    exact_move = fmt.holds(move)
    if exact_move and fmt.holds(node):
        return Place(node, None, None, Ball(node[0], 0, node[1]), False)
    shift = (0, 0) if exact_move else (1, _spacing(fmt, move) - 1)
    farthest = dyadic_sum((abs(node[0]), node[1]), shift)
    shift = dyadic_sum(shift, (1, _spacing(fmt, farthest) - 1))
    ball = _centred(node, shift)
    return Place(node, shift, _around(x, h, c, span, node, shift), ball, _may_overflow(fmt, ball))


def _may_overflow(fmt: FloatFormat, ball: Ball) -> bool:
    """Return whether a ball contains a number that is larger than the largest of the format."""
    top = abs(ball.mid) + ball.rad
    if top.bit_length() + ball.exp <= fmt.max_exponent:
        return False  # without a Fraction
    return dyadic_to_fraction((top, ball.exp)) > fmt.largest_finite


def _spacing(fmt: FloatFormat, number: Dyadic) -> int:
    """Return the exponent of the spacing of the format at a number."""
    return max(abs(number[0]).bit_length() + number[1], fmt.min_exponent + 1) - fmt.precision


def _centred(middle: Dyadic, radius: Dyadic) -> Ball:
    """Return the ball of two numbers that need not have the same exponent."""
    exponent = min(middle[1], radius[1])
    return Ball(middle[0] << (middle[1] - exponent), radius[0] << (radius[1] - exponent), exponent)


def _around(x: Dyadic, h: Dyadic, c: Dyadic, span: int, node: Dyadic, shift: Dyadic) -> Interval:
    """Return an interval around a node: one that other formats share, unless rounding may leave it."""
    low, high = dyadic_sum(node, (-shift[0], shift[1])), dyadic_sum(node, shift)
    step = step_above(h)
    size = min(0, abs(x[0]).bit_length() + x[1]) if x[0] else 0
    if step[0].bit_length() + step[1] <= size - _SMALL_BITS:
        centre, width = x, (span * step[0], step[1])
    else:
        move = dyadic_product(c, step)
        centre, width = dyadic_sum(x, move), (abs(move[0]), move[1] - _WIDTH_BITS)
    wide = between(dyadic_sum(centre, (-width[0], width[1])), dyadic_sum(centre, width))
    inside = _less_equal((wide[0], wide[2]), low) and _less_equal(high, (wide[1], wide[2]))
    return wide if inside else between(low, high)


def _less_equal(left: Dyadic, right: Dyadic) -> bool:
    """Return whether left ≤ right, exactly."""
    exponent = min(left[1], right[1])
    return left[0] << (left[1] - exponent) <= right[0] << (right[1] - exponent)


class NodePlaces:
    """Exact points, steps and nodes of all cells, in C order.

    Parameters
    ----------
    method : Method
    fmt : FloatFormat
    x, h : ndarray of the format
        Points and steps; broadcast to `shape`.
    shape : tuple of int
    lifted : (list of Dyadic, list of Dyadic), optional
        `points` and `steps`, where they are known.

    Attributes
    ----------
    shape : tuple of int
    points, steps : list of Dyadic, length `size`
    size : int
        The number of cells.
    sizes : (ndarray of float64, list of Dyadic)
        The steps as the nearest doubles, and exactly.
    """

    def __init__(
        self,
        method: Method,
        fmt: FloatFormat,
        x: np.ndarray,
        h: np.ndarray,
        shape: tuple[int, ...],
        lifted: tuple[list[Dyadic], list[Dyadic]] | None = None,
    ) -> None:
        self.format, self.method, self.shape = fmt, method, shape
        if lifted is None:
            lifted = broadcast_lift(fmt, x, shape), broadcast_lift(fmt, h, shape)
        self.points, self.steps = lifted
        self.size = len(self.points)
        with np.errstate(over="ignore", under="ignore"):
            nearest = np.broadcast_to(h, shape).ravel().astype(np.float64)
        self.sizes = nearest, self.steps

    @cached_property
    def places(self) -> list[list[Place]]:
        """The nodes of every cell, and how far rounding may move them; none for the complex step."""
        if not isinstance(self.method, Stencil):
            return [[] for _ in self.points]
        offsets, span = self.method.dyadic_offsets, math.ceil(max(map(abs, self.method.offsets))) + 1
        cells = zip(self.points, self.steps, strict=True)
        return [[place_of(self.format, x, h, c, span) for c in offsets] for x, h in cells]
