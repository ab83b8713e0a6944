r"""The code under test: difference quotients in the working format, from end to end.

The order of operations is fixed. With fl(·) for one rounding to the format of x, the offsets cⱼ and the
weights wⱼ = nⱼ/D (nⱼ, D integers) of the stencil, in the stencil's own order of nodes:

1. h is rounded to the format of x, once, if it is not one of its numbers.
2. Abscissae: x itself where cⱼ = 0 (no rounding); fl(x + h) and fl(x − h) where cⱼ = ±1 (one rounding);
   otherwise fl(x + fl(cⱼh)) (two; fl(cⱼh) is exact where cⱼ is a power of two and nothing underflows).
3. Values: yⱼ = f(x̂ⱼ), as f computes them in the format.
4. Terms: tⱼ = yⱼ where nⱼ = 1, −yⱼ where nⱼ = −1 (both exact), otherwise fl(nⱼyⱼ).
5. Sum, left to right: s₂ = fl(t₁ + t₂), sⱼ = fl(sⱼ₋₁ + tⱼ).
6. Result: fl(s / fl(D·h)), and for a derivative of order m > 1 divided by h another m − 1 times, one
   rounding each: h² is below the smallest number of float16 long before h is.

nⱼ and D are themselves rounded to the format, once, where it does not hold them (bfloat16 has 8 bits); a
stencil whose offsets it does not hold is refused.
FORWARD is thus fl(fl(ŷ₁ − ŷ₀) / h) and CENTERED is fl(fl(ŷ₁ − ŷ₂) / fl(2h)), which is what the plain
``(f(x + h) - f(x - h)) / (2 * h)`` computes. The complex step is one division, fl(Im f(x + ih) / h).

Elementwise functions are evaluated in blocks that fit the cache, and a point of every block and a few more of the
blocks 1, 4, 16, … and of the last one are computed alone to see whether f is elementwise. ``blocked=False`` hands
the whole array, in its own shape (of at least one dimension), to f unchecked: the result is then
Σ wⱼ f(x + cⱼh) / hᵐ of the whole array, the derivative along h of whatever f does with it.

Whether a step is absorbed is judged with x itself among the nodes: of the stencil's abscissae and x, no two
may be the same number (at x = 1, h = 2⁻⁵³, x − h moves, x + h does not, and the centered slope of x reads ½).
"""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from numdiff.floats.call import evaluate
from numdiff.floats.formats import FloatFormat, format_of
from numdiff.formulas.arguments import converted, largest_step, not_finite, points_of, refuse_steps, require
from numdiff.formulas.stencil import CENTERED, COMPLEX_STEP, FORWARD, ComplexStep, Method, Stencil

__all__ = ["Observation", "StepAbsorbedWarning", "abscissae", "absorbed_steps", "apply"]
__all__ += ["centered_difference", "combine", "complex_step", "difference", "forward_difference", "observe"]

BLOCK_BYTES = 524288
"""Bytes of one buffer: few enough that what a block needs stays in the cache, many enough that the fixed cost
of the calls (some 10 µs a block) vanishes beside the work. From half of this to twice as much, a million points of
exp take within 8 % of the same time; half of it cost 7 % more."""

_AGREEMENT = 8
"""Units in the last place by which an elementwise f may differ between an array and a single point: NumPy's
vector and scalar loops differ by an ulp or two, and f may amplify that."""

Function = Callable[[Any], Any]
Door = Callable[[Function, np.ndarray], np.ndarray]


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
    """

    def __init__(self, message: str, points: int, total: int, smallest_step: Any) -> None:
        super().__init__(message, points, total, smallest_step)  # all that pickling hands back
        self.points = points
        self.total = total
        self.smallest_step = smallest_step

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, eq=False)
class Observation:
    """A kernel call as recorded from inside; all arrays have the broadcast shape of x and h.

    Attributes
    ----------
    abscissae : list of ndarray
        For each node the realised argument that f was given (complex for the complex step).
    values : list of ndarray
        For each node what f returned.
    result : ndarray
        What the kernel made of it.
    absorbed : ndarray of bool
        Where two of the abscissae, x itself included, are the same number.
    """

    abscissae: list[np.ndarray]
    values: list[np.ndarray]
    result: np.ndarray
    absorbed: np.ndarray


def difference(f: Function, x: Any, h: Any, stencil: Stencil, *, blocked: bool = True) -> Any:
    """Approximate a derivative of f by a difference stencil, in the format of x.

    f⁽ᵐ⁾(x) ≈ Σ wⱼ f(x + cⱼh) / hᵐ, in the order of operations of this module.

    Parameters
    ----------
    f : callable
        Takes an array and returns one of the same shape and dtype. Elementwise, unless `blocked` is False.
    x : array_like
        The points, of any shape and format. Integers become float64.
    h : array_like
        The step or steps, finite and positive; broadcast against x, and rounded to the format of x.
    stencil : Stencil
        The formula.
    blocked : bool
        False hands the whole array to f at once, without the check that f is elementwise.

    Returns
    -------
    ndarray or scalar of the format of x
        Of the broadcast shape of x and h; a scalar where that is ``()``.

    Raises
    ------
    ValueError
        If x or h is not finite, h is not positive or too large for the format, x and h do not broadcast,
        or f changes the shape or is not elementwise.
    TypeError
        If f is not callable, x or h is not numeric, or f changes the dtype or writes into its argument.

    Warns
    -----
    StepAbsorbedWarning
        If two of x, x + c₁h, x + c₂h, … are the same number of the format.
    """
    if not isinstance(stencil, Stencil):
        raise TypeError(f"stencil must be a Stencil, got {type(stencil).__name__} {stencil!r:.60}")
    return _run(stencil, f, x, h, blocked)


def forward_difference(f: Function, x: Any, h: Any, *, blocked: bool = True) -> Any:
    """Approximate f′ by (f(x + h) − f(x)) / h; see `difference`."""
    return _run(FORWARD, f, x, h, blocked)


def centered_difference(f: Function, x: Any, h: Any, *, blocked: bool = True) -> Any:
    """Approximate f′ by (f(x + h) − f(x − h)) / 2h; see `difference`."""
    return _run(CENTERED, f, x, h, blocked)


def complex_step(f: Function, x: Any, h: Any, *, blocked: bool = True) -> Any:
    """Approximate f′ by Im f(x + ih) / h for an analytic f; see `difference`.

    The argument of f is complex with the parts x and h, both exact, so no step is ever absorbed.

    Raises
    ------
    TypeError
        If x is float16 or bfloat16, for which NumPy has no complex dtype, or f is not analytic.

    References
    ----------
    W. Squire and G. Trapp, Using complex variables to estimate derivatives of real functions, SIAM Rev. 40
    (1998) 110-112, equation (6).
    """
    return _run(COMPLEX_STEP, f, x, h, blocked)


def apply(method: Method, f: Function, x: Any, h: Any, *, blocked: bool = True) -> Any:
    """Approximate a derivative of f by any method, a stencil or the complex step; see `difference`."""
    return _run(method, f, x, h, blocked)


def observe(method: Method, f: Function, x: Any, h: Any) -> Observation:
    """Run the kernel on the whole array at once and record what went in and out of f.

    The result is, bit for bit, that of ``apply(method, f, x, h, blocked=False)``. An absorbed step is no
    warning here but the field `absorbed`, and NumPy's floating-point warnings are silent.

    Raises
    ------
    ValueError, TypeError
        As `difference`.
    """
    call = _prepare(method, f, x, h)
    plan, _, _, shape, _ = call
    item = plan.format
    abscissae: list[np.ndarray] = []
    values: list[np.ndarray] = []

    def recording(function: Function, at: np.ndarray) -> np.ndarray:
        y = evaluate(item, function, at)
        abscissae.append(at.reshape(shape, copy=True))
        values.append(y.reshape(shape, copy=True))
        return y

    out: np.ndarray = np.empty(shape, dtype=item.dtype)
    absorbed = np.zeros(shape, dtype=bool)
    with np.errstate(all="ignore"):
        for block in _blocks(call, out, blocked=False):
            if _suspicious(call, block):
                absorbed = _absorbed(plan, block).reshape(shape)
            _compute(plan, recording, f, block)
    if not out.size:
        empty = np.empty(shape, dtype=plan.complex_dtype or item.dtype)
        abscissae, values = [empty] * method.evaluations, [empty] * method.evaluations
    return Observation(abscissae, values, out, absorbed)


# --- what is known before f is called ------------------------------------------------------------------


class _Node(NamedTuple):
    """One term of a stencil: how f's argument is made and what becomes of its value."""

    move: np.ufunc | None  # np.add or np.subtract, of x and h or x and fl(factor·h); None: x itself
    factor: Any  # c, a scalar of the format; None: the operand is h
    combine: np.ufunc  # np.add or np.subtract, of the sum so far and the term
    numerator: Any  # n, a scalar of the format; None: the term is the value


class _Plan(NamedTuple):
    """A method in a format: its constants, rounded once."""

    format: FloatFormat
    evaluate: Door  # the call of f in the format
    complex_dtype: np.dtype | None  # of the abscissae of the complex step
    nodes: tuple[_Node, ...]
    ladder: tuple[_Node, ...]  # the nodes and x itself, from left to right
    denominator: Any  # D, a scalar of the format; None for 1
    derivative_order: int
    unscaled: bool  # all offsets are -1, 0 or 1
    gap: Fraction  # the smallest distance of two offsets, 0 included
    reach: Fraction  # the largest |c|
    largest: Any  # the largest finite number
    largest_step: Any  # the largest h for which D·h and all c·h are finite
    near: float  # no step is absorbed where |x| <= near·min(h) - far·max(h)
    far: float


# Plain tuples, since these are made in every call: a named one costs half a microsecond.

_Call: TypeAlias = tuple[_Plan, np.ndarray, np.ndarray, tuple[int, ...], Any]
"""The checked arguments: plan, x and h in the format, broadcast shape, and the limit up to which |x| is finite and
absorbs no step."""

_Block: TypeAlias = tuple[int, np.ndarray, np.ndarray, Sequence[Any], Any, Any, Any, Any]
"""A piece of the work: its start, x, h (0-dimensional or like x), for each node what is added to x or subtracted
from it (h or fl(c·h)), fl(D·h), two buffers for abscissae and the array of the result (or None for new arrays)."""


def _node(item: FloatFormat, offset: Fraction, numerator: int, first: bool) -> _Node:
    return _Node(
        None if not offset else np.subtract if offset == -1 else np.add,
        None if offset in (-1, 0, 1) else item.round(offset),
        np.subtract if numerator == -1 and not first else np.add,
        None if numerator == 1 or (numerator == -1 and not first) else item.round(numerator),
    )


@lru_cache(maxsize=256)
def _plan(item: FloatFormat, method: Method) -> _Plan:
    """Return the constants of a method in a format.

    The limit of `_Call`. fl is monotone, and two numbers that round to the same v are at most one spacing
    of v apart, which is at most ε|v|, or 0 where v is subnormal since sums are exact there. For integer
    offsets with gap g and reach C, two fl(c·h) are at least h(g − 2uC) ≥ gh/2 apart if 4uC ≤ g. Hence no two
    nodes coincide where ε(|x| + Ch(1 + u)) < gh/2, for which |x| ≤ gh/(4ε) − 2Ch suffices. Other offsets may
    underflow: their limit is negative, and the comparison of the abscissae decides everywhere.
    """
    require(method, item)
    exact = method.offsets if isinstance(method, Stencil) else ()
    numerators, denominator = method.numerators if exact else (), method.denominator
    ladder = sorted({*exact, Fraction(0)})
    gap = min((b - a for a, b in pairwise(ladder)), default=Fraction(1))
    reach = max(abs(c) for c in ladder)
    simple = all(c.denominator == 1 for c in exact) and 4 * item.unit_roundoff * reach <= gap
    return _Plan(
        item,
        partial(evaluate, item),
        None if exact else item.complex_dtype,
        tuple(_node(item, c, n, j == 0) for j, (c, n) in enumerate(zip(exact, numerators, strict=True))),
        tuple(_node(item, c, 1, False) for c in ladder),
        None if denominator == 1 else item.round(denominator),
        method.derivative_order,
        all(c in (-1, 0, 1) for c in exact),
        gap,
        reach,
        item.round(item.largest_finite).item(),
        largest_step(method, item).item(),
        # The parts of a complex abscissa are never added.
        float(gap / item.machine_epsilon / 4) if simple and exact else 0.0 if exact else math.inf,
        float(2 * reach) if simple else 1.0,
    )


def _prepare(method: Method, f: Function, x: Any, h: Any) -> _Call:
    """Check the arguments and convert them to the format of x."""
    if not callable(f):
        raise TypeError(f"f must be callable, got {type(f).__name__} {f!r:.60}")
    item, points = points_of(x)
    if not isinstance(method, Stencil):
        if not isinstance(method, ComplexStep):
            raise TypeError(f"method must be a Stencil or COMPLEX_STEP, got {type(method).__name__} {method!r:.60}")
        if item.complex_dtype is None:
            raise TypeError(f"x must have a format with a complex dtype for the complex step, got {item.name}")
    plan = _plan(item, method)
    steps = converted(item, h, "h")
    low, high = _extremes(steps)
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
        limit = plan.near * low - plan.far * high
    else:
        with np.errstate(over="ignore", invalid="ignore"):  # a longdouble, which is not silent
            limit = plan.near * low - plan.far * high
    return plan, points, steps, shape, limit if limit < plan.largest else plan.largest


def _extremes(array: np.ndarray) -> tuple[Any, Any]:
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


# --- the computation ------------------------------------------------------------------------------------


def _run(method: Method, f: Function, x: Any, h: Any, blocked: bool) -> Any:
    call = _prepare(method, f, x, h)
    plan, points, steps, shape, limit = call
    if points.size == 1 and not steps.ndim and abs(points.item()) <= limit:
        # Nothing to check, to cut or to share: what is left is the arithmetic.
        x = points if points.ndim else points.reshape(1)
        result = _compute(plan, plan.evaluate, f, (0, x, steps, *_scaled(plan, steps), None, None, None))
        if not shape:
            return result[0]
        return result if result.ndim == len(shape) else result.reshape(shape)  # h may have more dimensions than x
    out = np.empty(shape, plan.format.dtype)
    evaluate = plan.evaluate
    checked = blocked and out.size > 1
    absorbed, smallest = 0, None
    for number, block in enumerate(_blocks(call, out, blocked), 1):
        if _suspicious(call, block):
            hit = _absorbed(plan, block)
            found = int(np.count_nonzero(hit))
            if found:
                absorbed += found
                step = _smallest_step(plan, block[1][hit])
                smallest = step if smallest is None else max(smallest, step)
        if checked:
            probe = _Probe(evaluate, block[0], shape, _is_searched(number, block, out.size))
            _compute(plan, probe.door, f, block)
            probe.check(f)
        else:
            _compute(plan, evaluate, f, block)
    if absorbed:
        _warn(plan.format.name, absorbed, out.size, smallest)
    return out if shape else out[()]


def _blocks(call: _Call, out: np.ndarray, blocked: bool) -> Iterable[_Block]:
    """Cut the call into blocks: of one dimension in C order, or one in its own shape (at least 1-d)."""
    plan, x, h, shape, _ = call
    total = out.size
    dtype = plan.complex_dtype or out.dtype
    size = BLOCK_BYTES // dtype.itemsize
    if blocked and total > size:
        return _many_blocks(call, out, np.empty(size, dtype), np.empty(size, dtype))
    if not total:
        return ()
    whole = (total,) if blocked else shape or (1,)
    x = _laid_out(x, shape, whole)
    if h.ndim:
        h = _laid_out(h, shape, whole)
    operands, scaled = _scaled(plan, h)
    # Nothing to use again: every abscissa may have an array of its own.
    return ((0, x, h, operands, scaled, None, None, out if shape == whole else out.reshape(whole)),)


def _many_blocks(call: _Call, out: np.ndarray, left: np.ndarray, right: np.ndarray) -> Iterator[_Block]:
    plan, x, h, shape, _ = call
    total, size = out.size, left.size
    points, results = _slices(x, shape), out.reshape(-1)
    steps = _slices(h, shape) if h.ndim else None
    operands, scaled = _scaled(plan, h) if steps is None else ((), h)
    for start in range(0, total, size):
        stop = min(start + size, total)
        if steps is not None:
            h = steps[start:stop]
            operands, scaled = _scaled(plan, h)
        n = stop - start
        yield start, points[start:stop], h, operands, scaled, left[:n], right[:n], results[start:stop]


def _is_plain(array: np.ndarray, shape: tuple[int, ...]) -> bool:
    flags = array.flags
    return array.shape == shape and flags.c_contiguous and flags.aligned


def _laid_out(array: np.ndarray, shape: tuple[int, ...], whole: tuple[int, ...]) -> np.ndarray:
    """Return the array broadcast to `shape`, contiguous, in the shape `whole`: a view where there is one."""
    if not _is_plain(array, shape):
        array = np.array(np.broadcast_to(array, shape), order="C")
    return array if array.shape == whole else array.reshape(whole)


def _slices(array: np.ndarray, shape: tuple[int, ...]) -> Any:
    """Return something with contiguous slices: views where possible, else copies of a block at a time."""
    return array.reshape(-1) if _is_plain(array, shape) else np.broadcast_to(array, shape).flat


def _scaled(plan: _Plan, h: np.ndarray) -> tuple[Sequence[Any], Any]:
    """Return for each node what is added to x or subtracted from it, and fl(D·h)."""
    nodes = plan.nodes
    operands = (h,) * len(nodes) if plan.unscaled else [_operand(node, h) for node in nodes]
    # h[()] is a scalar where h has no dimension, and scalars multiply fast; an array remains itself.
    return operands, h if plan.denominator is None else h[()] * plan.denominator


def _operand(node: _Node, h: np.ndarray) -> Any:
    return h if node.factor is None else h[()] * node.factor


def _compute(plan: _Plan, door: Door, f: Function, block: _Block) -> np.ndarray:
    """Return a block of the result, in its array if it has one, in the order of operations of this module."""
    _, x, h, operands, scaled, buffer, other, out = block
    if plan.complex_dtype is not None:
        z = np.empty(x.shape, plan.complex_dtype) if buffer is None else buffer
        z.real, z.imag = x, h
        return np.divide(door(f, z).imag, h, out)
    first, second = plan.nodes[0], plan.nodes[1]
    y = door(f, x if first.move is None else first.move(x, operands[0], buffer))
    z = door(f, x if second.move is None else second.move(x, operands[1], other))
    if y is z or ((y.base is not None or z.base is not None) and np.may_share_memory(y, z)):
        raise ValueError(
            "f must return a new array from each call, got the same memory twice (an out= buffer that f "
            "keeps?); return a copy"
        )
    term = y if first.numerator is None else np.multiply(y, first.numerator, out)
    total = second.combine(term, z if second.numerator is None else np.multiply(z, second.numerator, other), out)
    for j in range(2, len(plan.nodes)):
        # A value may alias its buffer (f may return its argument), so two live values never share one. From
        # here on only the sum is live, in an array of its own, and the buffer is free again.
        node = plan.nodes[j]
        y = door(f, x if node.move is None else node.move(x, operands[j], buffer))
        total = node.combine(total, y if node.numerator is None else np.multiply(y, node.numerator, buffer), total)
    np.divide(total, scaled, total)
    for _ in range(1, plan.derivative_order):
        np.divide(total, h, total)
    return total


# --- absorbed steps -------------------------------------------------------------------------------------


def _suspicious(call: _Call, block: _Block) -> bool:
    """Whether some step of the block may be absorbed; raises where x is not finite."""
    plan, _, _, shape, limit = call
    start, x = block[0], block[1]
    if _is_clearly_below(limit, x):
        return False
    largest = _largest_magnitude(x)
    if largest <= limit:
        return False
    if not largest <= plan.largest:
        place = int(np.argmin(np.isfinite(x.reshape(-1))))
        index = tuple(map(int, np.unravel_index(start + place, shape))) if shape else ()
        raise not_finite(plan.format, x.reshape(-1)[place], index)
    return plan.complex_dtype is None


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
    low, high = _extremes(x)
    return max(-low, high) if low == low else low


def _absorbed(plan: _Plan, block: _Block) -> np.ndarray:
    """Return where two of the abscissae, x included, are the same finite number."""
    _, x, h, *_ = block
    hit, left = np.zeros(x.shape, dtype=bool), None
    with np.errstate(all="ignore"):
        for node in plan.ladder:
            right = x if node.move is None else node.move(x, _operand(node, h))
            if left is not None:
                hit |= (left == right) & np.isfinite(right)
            left = right
    return hit


def _smallest_step(plan: _Plan, x: np.ndarray) -> Any:
    """Return the smallest h of the format that none of these x absorbs.

    For offsets −1, 0, 1. x + h rounds to x as long as h is below half the distance to the next number of
    the format, or is that half and x is even (ties go to even): the answer is the half or the number after
    it. The same holds for x − h and the number before x. Where both move, x − h, x, x + h are three numbers.
    At the largest number of the format no step is of use, and the answer is infinite.

    For wider stencils. A power of two H with gap·H > spacing(v) for all |v| ≤ |x| + C·H: numbers further apart
    than the spacing do not round to the same one. Such an H is found by doubling; it is certain to do, but not
    the smallest.
    """
    item, one = plan.format, plan.format.dtype.type
    if plan.reach > 1 or plan.gap < 1:
        bound = item.lift(np.max(np.abs(x)))
        step = item.spacing(bound)
        while plan.gap * step <= item.spacing(bound + plan.reach * step) and step < item.largest_finite:
            step *= 2
        return item.round(step)
    smallest = one(0)
    with np.errstate(all="ignore"):
        for move in (node.move for node in plan.ladder if node.move is not None):
            half = np.abs(np.nextafter(x, move(one(0), one(math.inf))) - x) / one(2)
            moved = move(x, half) != x
            smallest = max(smallest, np.max(np.where(moved, half, np.nextafter(half, one(math.inf)))))
    return smallest


def _warn(name: str, absorbed: int, total: int, smallest: Any) -> None:
    advice = f"the smallest useful step is {smallest!s}" if np.isfinite(smallest) else "no step is useful"
    message = (
        f"h is absorbed at {absorbed} of {total} points: two of x and the abscissae x + c*h are the same "
        f"{name} number there; {advice}"
    )
    warnings.warn(StepAbsorbedWarning(message, absorbed, total, smallest), stacklevel=4)


# --- the parts of a kernel, for those who call f themselves ---------------------------------------------


def abscissae(stencil: Stencil, x: np.ndarray, h: np.ndarray) -> list[np.ndarray]:
    """Return the realised nodes of a stencil in its order (step 2 of this module); x itself where the offset is 0.

    Parameters
    ----------
    stencil : Stencil
    x, h : ndarray of one shape (of at least one dimension) and one format
    """
    plan = _plan(format_of(x), stencil)
    return [x if node.move is None else node.move(x, _operand(node, h)) for node in plan.nodes]


def combine(stencil: Stencil, values: Sequence[np.ndarray], h: np.ndarray) -> np.ndarray:
    """Return the quotient of the values at the nodes of a first-derivative stencil (steps 4 to 6 of this module).

    Parameters
    ----------
    stencil : Stencil
    values : sequence of ndarray
        One array for each node, in the order of the stencil; none of them is changed.
    h : ndarray of at least one dimension, of their format, broadcast against them
    """
    plan = _plan(format_of(h), stencil)
    terms = [y if node.numerator is None else y * node.numerator for node, y in zip(plan.nodes, values, strict=True)]
    total = terms[0]
    for node, term in zip(plan.nodes[1:], terms[1:], strict=True):
        total = node.combine(total, term)
    return total / _scaled(plan, h)[1]


def absorbed_steps(stencil: Stencil, x: np.ndarray, h: np.ndarray) -> tuple[int, Any]:
    """Return at how many points a step is absorbed, and the smallest step that keeps the nodes apart at these.

    Parameters
    ----------
    stencil : Stencil
    x, h : ndarray of one shape (of at least one dimension) and one format, finite
    """
    plan = _plan(format_of(x), stencil)
    hit = _absorbed(plan, (0, x, h, (), None, None, None, None))
    found = int(np.count_nonzero(hit))
    return found, _smallest_step(plan, x[hit]) if found else None


# --- is f elementwise? ----------------------------------------------------------------------------------

_ADVICE = "a function that closes over an array or needs its whole input takes blocked=False"


def _is_searched(number: int, block: _Block, total: int) -> bool:
    """Whether telling points are searched for in a block, as in 1, 4, 16, … and the last: few beside that of many."""
    return number in _POWERS_OF_4 or block[0] + block[1].size == total


_POWERS_OF_4 = frozenset(4**k for k in range(32))
_FEW = 16
"""Points that are all compared."""


def _telling(x: np.ndarray) -> list[int]:
    """Return the places of the points that are compared in a block that is searched.

    All of a few. Of more, by position the end, and one at a third, which a reversal moves. By value the smallest,
    the largest and one between them: what f takes from other points (their maximum, say) may by chance be the
    point's own at one of these, but not at the others, unless all points are equal.
    """
    if x.size <= _FEW:
        return list(range(x.size))
    if x.dtype.itemsize <= 2:
        x = x.astype(np.float32)  # exact, and comparing the numbers of narrow formats is slow
    low, high = int(np.argmin(x)), int(np.argmax(x))
    third, last = x.size // 3, x.size - 1
    smallest, largest = x[low], x[high]
    if not (smallest < x[third] < largest or smallest < x[last] < largest):
        return sorted({third, last, low, high, int(np.argmax((x != smallest) & (x != largest)))})
    return sorted({third, last, low, high})


class _Probe:
    """Compares a few values of the first evaluation of a block with those that f gives for the points alone.

    These are the telling points of a block that is searched, and the point at a third of any other.
    """

    def __init__(self, evaluate: Door, start: int, shape: tuple[int, ...], searched: bool) -> None:
        self.evaluate = evaluate
        self.start, self.shape, self.searched = start, shape, searched
        self.size = 0
        self.index: list[int] = []
        self.x = self.y = np.empty(0)

    def door(self, f: Function, x: np.ndarray) -> np.ndarray:
        """Evaluate f, and keep a few points and values of the first evaluation."""
        if self.size:
            return self.evaluate(f, x)
        try:
            y = self.evaluate(f, x)
        except (ValueError, IndexError) as error:
            if "blocked=False" in str(error):
                raise
            raise ValueError(
                f"f must be elementwise, but it failed on a block of {x.size} points ({error}); {_ADVICE}"
            ) from error
        self.size = x.size
        if not self.searched:
            third = x.size // 3
            self.index, self.x, self.y = [third], x[third : third + 1].copy(), y[third : third + 1].copy()
            return y
        with np.errstate(all="ignore"):
            self.index = _telling(x)
        self.x, self.y = x[self.index], y[self.index]
        return y

    def check(self, f: Function) -> None:
        """Raise ValueError if f is not elementwise."""
        with np.errstate(all="ignore"):
            for k, i in enumerate(self.index):
                try:
                    value = self.evaluate(f, self.x[k : k + 1])
                    if value.tobytes() == self.y[k : k + 1].tobytes():  # the usual case, at a tenth of the cost
                        continue
                    alone, x, y = value[0], self.x[k], self.y[k]
                    if _agree(alone, y) or self._is_excused(f, x, y):
                        continue
                except Exception as error:
                    raise ValueError(
                        f"f must be elementwise, but it failed on a part of x ({error!r:.200}); {_ADVICE}"
                    ) from error
                index = tuple(map(int, np.unravel_index(self.start + i, self.shape)))
                raise ValueError(
                    f"f must be elementwise, but at {x!s}, beside the other points, it gives {y!s} (index {index}) "
                    f"and alone {alone!s}; {_ADVICE}"
                )

    def _is_excused(self, f: Function, x: Any, y: Any) -> bool:
        """Whether a value that differs from that of the point alone is due to NumPy's loops.

        A point alone may take another path through NumPy's loops than a full vector, which an ill-conditioned f
        amplifies beyond any tolerance. Such an f is excused if arrays that are filled with the point give one value
        throughout, bit for bit the one in question. Two lengths of them, for a sum over equal points gives one
        value throughout as well, but (unlike a path) another one for each length.
        """
        for size in (self.size, 2 * self.size):
            filled = self.evaluate(f, np.full(size, x))
            if not np.all((filled == y) | ((filled != filled) & (y != y))):
                return False
        return True


def _agree(a: Any, b: Any) -> bool:
    """Whether two scalars agree to a few units in the last place, part by part, NaN with NaN."""
    if a.dtype.kind == "c":
        return _agree(a.real, b.real) and _agree(a.imag, b.imag)
    if a == b or (a != a and b != b):
        return True
    return bool(abs(a - b) <= _AGREEMENT * np.spacing(max(abs(a), abs(b))))
