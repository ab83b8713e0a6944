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
blocks 1, 4, 16, … and of the last one are computed alone to see whether f is elementwise. ``blocked=False`` passes
the whole array, in its own shape (of at least one dimension), to f unchecked: the result is then
Σ wⱼ f(x + cⱼh) / hᵐ of the whole array, the derivative along h of whatever f does with it.

A step is absorbed (lost) where two of the abscissae, x itself included, are the same number: at x = 1, h = 2⁻⁵³,
x − h differs from x and x + h does not, and the centered slope of x reads ½.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from numdiff.floats.call import evaluate, pointwise
from numdiff.floats.callables import require_callable, with_arguments
from numdiff.floats.formats import FloatFormat
from numdiff.floats.views import Watched
from numdiff.formulas.arguments import converted, extremes, points_of, refuse_steps, require_constants
from numdiff.formulas.blocks import blocks
from numdiff.formulas.checks import (
    Evaluation,
    Function,
    LostSteps,
    is_real_at,
    lost_steps_of,
    warn_absorbed,
)
from numdiff.formulas.elementwise import ElementwiseProbe, is_searched
from numdiff.formulas.stencil import ComplexStep, Method, Stencil
from numdiff.formulas.term import Term, term_of

__all__ = ["NOTHING", "Observation", "Plan", "observe", "plan_of", "run"]


@dataclass(frozen=True, eq=False)
class Observation:
    """A kernel call as recorded from inside; all arrays have the broadcast shape of x and h.

    Attributes
    ----------
    abscissae : list of ndarray
        For each node the rounded argument that f was given (complex for the complex step).
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


def observe(method: Method, f: Function, x: Any, h: Any, *, elementwise: bool = True) -> Observation:
    """Run the kernel on the whole array at once (point by point if not `elementwise`) and record f's arguments, values.

    The result is, bit for bit, that of ``apply(method, f, x, h, blocked=False)``. An absorbed step is no
    warning here but the field `absorbed`, and NumPy's floating-point warnings are silent.

    Raises
    ------
    ValueError, TypeError
        As `difference`.
    """
    if not elementwise:
        f = pointwise(f)
    plan, points, steps, shape, limit = _prepared(method, f, x, h)
    arguments: list[np.ndarray] = []
    values: list[np.ndarray] = []

    def recorded(function: Function, at: np.ndarray) -> np.ndarray:
        y = plan.evaluate(function, at)
        arguments.append(at.reshape(shape, copy=True))
        values.append(y.reshape(shape, copy=True))
        return y

    out: np.ndarray = np.empty(shape, dtype=plan.format.dtype)
    absorbed = np.zeros(shape, dtype=bool)
    with np.errstate(all="ignore"):
        for block in blocks(points, steps, out, plan.dtype, blocked=False):
            if plan.lost.may_occur(block.x, limit, block.start, shape):
                absorbed = plan.lost.at(block.x, block.h).reshape(shape)
            _compute(plan, recorded, f, *block[1:])
    if not out.size:
        empty = np.empty(shape, dtype=plan.dtype)
        arguments, values = [empty] * method.evaluations, [empty] * method.evaluations
    return Observation(arguments, values, out, absorbed)


NOTHING: Sequence[Any] = ()
"""The default for `args`: a look at what it is costs less than one at what it holds."""


# --- the computation ------------------------------------------------------------------------------------


class Plan(NamedTuple):
    """A method in a format: its constants, each rounded once."""

    format: FloatFormat
    evaluate: Evaluation
    """The call of f in the format."""
    dtype: np.dtype
    """Of the abscissae; complex for the complex step."""
    terms: tuple[Term, ...]
    """In the order of the formula; none for the complex step."""
    denominator: Any
    """D, a scalar of the format; None for 1."""
    derivative_order: int
    lost: LostSteps
    plain: bool
    """Whether f gets plain arrays: real ones, of a format that needs no class of its own."""

    def divisor(self, h: np.ndarray) -> Any:
        """Return fl(D·h), as an array: NumPy divides faster by one without dimensions than by a scalar."""
        return h if self.denominator is None else np.asarray(h[()] * self.denominator)


@lru_cache(maxsize=256)
def plan_of(item: FloatFormat, method: Method) -> Plan:
    """Return the constants of a method in a format."""
    require_constants(method, item)
    pairs = zip(method.offsets, method.numerators, strict=True) if isinstance(method, Stencil) else ()
    return Plan(
        format=item,
        evaluate=partial(evaluate, item),
        dtype=item.dtype if isinstance(method, Stencil) else item.complex_dtype or item.dtype,
        terms=tuple(term_of(item, c, n, j == 0) for j, (c, n) in enumerate(pairs)),
        denominator=None if method.denominator == 1 else item.round(method.denominator),
        derivative_order=method.derivative_order,
        lost=lost_steps_of(item, method),
        plain=isinstance(method, Stencil) and not item.weak_scalars,
    )


def _prepared(
    method: Method, f: Function, x: Any, h: Any, dtype: Any = None
) -> tuple[Plan, np.ndarray, np.ndarray, tuple[int, ...], Any]:
    """Check the arguments and convert them to the format of x, or to the one that is given.

    Returns
    -------
    plan : Plan
    points, steps : ndarray
        In the format; the steps have no dimension where there is one for all points.
    shape : tuple of int
        The broadcast shape of x and h.
    limit : float
        Where |x| does not exceed it, x is finite and loses no step.
    """
    if not callable(f):
        require_callable(f)
    item, points = points_of(x, dtype)
    if not isinstance(method, Stencil):
        if not isinstance(method, ComplexStep):
            raise TypeError(f"method must be a Stencil or COMPLEX_STEP, got {type(method).__name__} {method!r:.60}")
        if item.complex_dtype is None:
            raise TypeError(f"x must have a format with a complex dtype for the complex step, got {item.name}")
    plan = plan_of(item, method)
    steps = converted(item, h, "h")
    low, high = extremes(steps)
    if not (low > 0 and high <= plan.lost.largest_step):
        refuse_steps(item, steps, h, "h", method)
    shape = points.shape
    if steps.ndim:
        try:
            shape = np.broadcast_shapes(shape, steps.shape)
        except ValueError:
            raise ValueError(f"h must broadcast against x of shape {shape}, got shape {steps.shape}") from None
        if steps.size == 1:
            steps = steps.reshape(())
    return plan, points, steps, shape, plan.lost.limit(low, high)


def run(
    method: Method, f: Function, x: Any, h: Any, blocked: bool, dtype: Any, args: Sequence[Any], elementwise: bool
) -> Any:
    """Return the result of a method at all points, block by block; see `numdiff.formulas.differences`."""
    if args is not NOTHING:
        f = with_arguments(f, args)
    if not elementwise:
        f, blocked = pointwise(f), False
    plan, points, steps, shape, limit = _prepared(method, f, x, h, dtype)
    if points.size == 1 and not steps.ndim and abs(points.item()) <= limit:
        # Nothing to check, to cut or to share: what is left is the arithmetic.
        result = _compute(plan, plan.evaluate, f, points if points.ndim else points.reshape(1), steps)
        if not shape:
            return result[0]
        return result if result.ndim == len(shape) else result.reshape(shape)  # h may have more dimensions than x
    out = np.empty(shape, plan.format.dtype)
    checked = blocked and out.size > 1
    absorbed, smallest = 0, None
    for number, block in enumerate(blocks(points, steps, out, plan.dtype, blocked), 1):
        x, h, start = block.x, block.h, block.start
        if plan.lost.may_occur(x, limit, start, shape):
            hit = plan.lost.at(x, h)
            found = int(np.count_nonzero(hit))
            if found:
                absorbed += found
                step = plan.lost.smallest_step(x[hit])
                smallest = step if smallest is None else np.maximum(smallest, step)
        if checked:
            searched = is_searched(number, start + x.size == out.size)
            probe = ElementwiseProbe(plan.evaluate, start, shape, searched, plan.plain)
            _compute(plan, probe.evaluated, f, *block[1:])
            probe.check(f)
        else:
            _compute(plan, plan.evaluate, f, *block[1:])
    if absorbed:
        warn_absorbed(plan.format.name, absorbed, out.size, smallest)
    return out if shape else out[()]


def _compute(
    plan: Plan,
    evaluate: Evaluation,
    f: Function,
    x: np.ndarray,
    h: np.ndarray,
    out: np.ndarray | None = None,
    buffer: np.ndarray | None = None,
    other: np.ndarray | None = None,
) -> np.ndarray:
    """Return the result of a block, in its array if it has one, in the order of operations of this module."""
    if not plan.terms:
        z = np.empty(x.shape, plan.dtype) if buffer is None else buffer
        z.real, z.imag = x, h
        watched = Watched(f)
        y = evaluate(watched, z)
        quotient = np.divide(y.imag, h, out)
        if watched.left_domain or not np.isfinite(y.real).all():
            quotient[~is_real_at(plan.format, f, x)] = np.nan
        return quotient
    first, second = plan.terms[0], plan.terms[1]
    y = evaluate(f, first.argument(x, h, buffer))
    z = evaluate(f, second.argument(x, h, other))
    if y is z or ((y.base is not None or z.base is not None) and np.may_share_memory(y, z)):
        raise ValueError(
            "f must return a new array from each call, got the same memory twice (an out= buffer that f "
            "keeps?); return a copy"
        )
    total = second.combine(first.weighted(y, out), second.weighted(z, other), out)
    for term in plan.terms[2:]:
        # A value may alias its buffer (f may return its argument), so two live values never share one. From
        # here on only the sum is live, in an array of its own, and the buffer is free again.
        y = evaluate(f, term.argument(x, h, buffer))
        total = term.combine(total, term.weighted(y, buffer), total)
    np.divide(total, plan.divisor(h), total)
    for _ in range(1, plan.derivative_order):
        np.divide(total, h, total)
    return total
