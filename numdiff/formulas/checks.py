"""What the kernels check of points: whether a step is lost there, and whether f is real."""

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from numdiff.floats.call import evaluate
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import largest_step, not_finite
from numdiff.formulas.stencil import Method, Stencil
from numdiff.formulas.term import Term, term_of
from numdiff.spellings import warn_user

__all__ = [
    "Evaluation",
    "Function",
    "LostSteps",
    "StepAbsorbedWarning",
    "is_real_at",
    "lost_steps_of",
    "warn_absorbed",
]

Function: TypeAlias = Callable[[Any], Any]
Evaluation: TypeAlias = Callable[[Function, np.ndarray], np.ndarray]
"""A call of f in a format: takes f and its argument, returns the checked values."""
_REAL_TO = 2.0**-16
"""An imaginary part that is smaller relative to the value is a rounding error: log(−1) has one that is not."""


class StepAbsorbedWarning(UserWarning):
    """The step is too small for the format at some points: x + c·h rounds to x, or to another node.

    Attributes
    ----------
    points : int
        At how many points.
    total : int
        Of how many.
    smallest_step : scalar of the format
        The smallest step that keeps all nodes apart at these points. Where the stencil has offsets other
        than −1, 0, 1 it is a power of two that is certain to do so, but not the smallest.

    Examples
    --------
    >>> import warnings
    >>> import numdiff as nd
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     nd.forward_difference(lambda x: x * x, 1.0, 1e-20)
    np.float64(0.0)
    >>> caught[0].category.__name__, f"{caught[0].message.smallest_step:.1e}"
    ('StepAbsorbedWarning', '1.1e-16')
    """

    def __init__(self, message: str, points: int, total: int, smallest_step: Any) -> None:
        super().__init__(message, points, total, smallest_step)  # all that pickling keeps
        self.points = points
        self.total = total
        self.smallest_step = smallest_step

    def __str__(self) -> str:
        return str(self.args[0])


# --- lost steps -----------------------------------------------------------------------------------------


_ROW = 8192
"""Numbers that one scalar product takes: few enough that BLAS keeps to one thread."""


def _is_clearly_below(limit: Any, x: np.ndarray) -> bool:
    """Whether one fast pass over a full block proves that |x| < limit throughout; False proves nothing.

    The pass is a sum of squares, for each row of n = 8192 numbers in the format of x, and of the rows in float64. A
    computed sum s is at least (1 − nu)·Σx² and 2nu < 1/100 in float32, hence max|x|² < 1.01·s; NaN and overflow make
    no s small. A square that underflows belongs to an |x| below 1e-18, far below every limit that is let in.

    That holds for any order in which a BLAS sums. What is not proved here is looked at by slower passes: the order
    decides about time alone, never about a result or a warning.
    """
    if x.dtype.char not in "fd" or x.size % _ROW or limit < 1e-15:
        return False
    rows = x.reshape(-1, _ROW)
    with np.errstate(all="ignore"):
        squares = np.vecdot(rows, rows)
    return sum(squares.tolist()) < limit * limit / 2


_MAGNITUDE = {1: (np.uint8, np.uint8(0x7F)), 2: (np.uint16, np.uint16(0x7FFF))}
"""By bytes of a format: the unsigned integers of that size, and all bits of them but that of the sign."""


def _largest_magnitude(x: np.ndarray) -> Any:
    """Return max|x| as a fast scalar, NaN if there is one: all that finiteness and absorption need of a block."""
    if x.size == 1:
        return abs(x.item())
    if x.dtype.itemsize <= 2:
        # Comparing the numbers of narrow formats is slow, but without their sign they are ordered as their bits are.
        unsigned, magnitude = _MAGNITUDE[x.dtype.itemsize]
        bits = np.maximum.reduce(x.view(unsigned) & magnitude, axis=None)
        return bits.view(x.dtype).item()
    low, high = x.item(x.argmin()), x.item(x.argmax())  # faster than reductions of a few points
    return low if low != low else max(-low, high)


class LostSteps(NamedTuple):
    """What decides whether a formula loses a step in a format: whether two nodes are the same number."""

    format: FloatFormat
    nodes: tuple[Term, ...]
    """The nodes of the formula and x itself, from left to right; none for the complex step, which adds nothing."""
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
    """No step is lost where |x| ≤ x_over_smallest_h·min(h) − x_over_largest_h·max(h)."""

    def limit(self, low: Any, high: Any) -> Any:
        """Return up to which |x| it is finite and loses no step between `low` and `high`."""
        if isinstance(low, float):
            limit = self.x_over_smallest_h * low - self.x_over_largest_h * high
        else:
            with np.errstate(over="ignore", invalid="ignore"):  # a longdouble, which is not silent
                limit = self.x_over_smallest_h * low - self.x_over_largest_h * high
        return limit if limit < self.largest else self.largest

    def may_occur(self, x: np.ndarray, limit: Any, start: int, shape: tuple[int, ...]) -> bool:
        """Whether some step of a block may be lost; raises where x is not finite.

        Parameters
        ----------
        x : ndarray
            The points of the block.
        limit : float
            That of `limit` for the steps.
        start : int
            The place of the block among all points, in C order.
        shape : tuple of int
            That of all points.
        """
        if not x.size % _ROW and _is_clearly_below(limit, x):
            return False
        largest = _largest_magnitude(x)
        if largest <= limit:
            return False
        if not largest <= self.largest:
            place = int(np.argmin(np.isfinite(x.reshape(-1))))
            index = tuple(map(int, np.unravel_index(start + place, shape))) if shape else ()
            raise not_finite(self.format, x.reshape(-1)[place], index)
        return bool(self.nodes)

    def at(self, x: np.ndarray, h: np.ndarray) -> np.ndarray:
        """Return where two of the abscissae, x included, are the same finite number."""
        lost, left = np.zeros(x.shape, dtype=bool), None
        with np.errstate(all="ignore"):
            for node in self.nodes:
                right = node.argument(x, h)
                if left is not None:
                    lost |= (left == right) & np.isfinite(right)
                left = right
        return lost

    def smallest_step(self, x: np.ndarray) -> Any:
        """Return the smallest h of the format with which none of these x loses the step.

        For offsets −1, 0, 1. x + h rounds to x as long as h is below half the distance to the next number of
        the format, or is that half and x is even (ties go to even): the answer is the half or the number after
        it. The same holds for x − h and the number before x. Where both move, x − h, x, x + h are three numbers.

        For wider stencils. A power of two H with gap·H > spacing(v) for all |v| ≤ |x| + C·H: numbers further apart
        than the spacing do not round to the same one. Such an H is found by doubling; it is certain to do, but not
        the smallest.

        Where no step is of use, as at the largest number of the format, the answer is infinite: NaN in a format
        without infinity.
        """
        item, one = self.format, self.format.dtype.type
        useless, largest = one(math.inf), one(self.largest)
        if self.largest_offset > 1 or self.smallest_gap < 1:
            bound, limit = item.lift(np.max(np.abs(x))), item.lift(one(self.largest_step))
            step = item.spacing(bound)
            while self.smallest_gap * step <= item.spacing(bound + self.largest_offset * step):
                if step > limit:
                    return useless
                step *= 2
            return item.round(step) if step <= limit else useless
        smallest = one(0)
        with np.errstate(all="ignore"):
            for shift in (node.shift for node in self.nodes if node.shift is not None):
                end = shift(one(0), largest)
                half = np.abs(np.nextafter(x, end) - x) / one(2)
                steps = np.where(shift(x, half) != x, half, np.nextafter(half, largest))
                smallest = np.maximum(smallest, np.max(np.where(x == end, useless, steps)))
        return smallest


def lost_steps_of(item: FloatFormat, method: Method) -> LostSteps:
    """Return what decides about lost steps.

    The limit on |x| below which no step is lost: fl is monotone, and two numbers that round to the same v are at
    most one spacing of v apart, which is at most ε|v|, or 0 where v is subnormal since sums are exact there. For
    integer offsets with smallest gap g and largest offset C, two fl(c·h) are at least h(g − 2uC) ≥ gh/2 apart if
    4uC ≤ g, and gh if all offsets are powers of two or 0. With that distance δh, no two nodes coincide where
    ε(|x| + Ch(1 + u)) < δh, for which |x| ≤ ¾δh/ε − 2Ch suffices: the last quarter is for the rounding of the limit.
    Other offsets may underflow: their limit is negative, and the comparison of the abscissae decides everywhere.
    """
    ends = item.round(item.largest_finite).item(), largest_step(method, item).item()
    if not isinstance(method, Stencil):  # the parts of a complex abscissa are never added
        return LostSteps(item, (), Fraction(1), Fraction(0), *ends, math.inf, 1.0)
    offsets = sorted({*method.offsets, Fraction(0)})
    nodes = tuple(term_of(item, offset) for offset in offsets)
    gap, reach = min(b - a for a, b in pairwise(offsets)), max(abs(c) for c in offsets)
    if all(c.denominator == 1 for c in offsets) and 4 * item.unit_roundoff * reach <= gap:
        apart = gap if all(abs(c.numerator).bit_count() <= 1 for c in offsets) else gap / 2
        limit = apart / item.machine_epsilon * Fraction(3, 4)
        return LostSteps(item, nodes, gap, reach, *ends, float(limit), float(2 * reach))
    return LostSteps(item, nodes, gap, reach, *ends, 0.0, 1.0)


def warn_absorbed(name: str, absorbed: int, total: int, smallest: Any) -> None:
    """Warn the caller of a kernel that a step is absorbed at some of the points.

    Parameters
    ----------
    name : str
        Of the format.
    absorbed, total : int
        Numbers of points.
    smallest : scalar of the format
        The smallest step that no point absorbs; not finite where there is none.
    """
    advice = f"the smallest useful step is {smallest!s}" if np.isfinite(smallest) else "no step is useful"
    message = (
        f"h is absorbed at {absorbed} of {total} points: two of x and the abscissae x + c*h are the same "
        f"{name} number there; {advice}"
    )
    warn_user(StepAbsorbedWarning(message, absorbed, total, smallest))


# --- is f real? -----------------------------------------------------------------------------------------


def is_real_at(item: FloatFormat, f: Function, x: np.ndarray) -> np.ndarray:
    """Say where f is a finite real number at real points, as the complex step presumes.

    NumPy's functions of real numbers answer NaN outside their domain. A function that takes complex numbers alone (it
    writes into a complex array of its own) gets the points as these; what is not real then has an imaginary part of
    more than rounding errors.
    """
    with np.errstate(all="ignore"):
        try:
            return np.isfinite(evaluate(item, f, x))
        except Exception:
            y = evaluate(item, f, x.astype(item.complex_dtype or item.dtype))
            return np.isfinite(y) & (abs(y.imag) <= _REAL_TO * abs(y))
