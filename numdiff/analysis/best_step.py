"""The step at which the model of the error is smallest, among those that suit the format, the formula and f.

Steps are such that the format holds the nodes exactly, where there are such steps; no node leaves the piece around x in
which f is smooth; nothing overflows.
"""

import math
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from numdiff.analysis.error_model import ROUNDING, WIDE, ErrorModel, error_model
from numdiff.analysis.representable import binade, exactly_representable, short_steps
from numdiff.analysis.taylor import HIGHEST_LEADING, root, shifted, total_of_squares
from numdiff.analysis.typical_noise import KnownFunction
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import largest_step
from numdiff.formulas.stencil import Stencil

FINE = 8
"""Steps a binade on the first grid, and parts into which the refinement cuts its intervals: 6 bits after the first.

Near its minimum the error of two terms is (1 + mp/2·δ²) times the smallest one for a step that is off by eᵟ. The first
grid finds the right binade; then δ is at most ln 2/128, which loses 10⁻⁴ for m·p = 8.
"""
GAIN = 2.0
"""How much smaller the error of a step with exact nodes has to be for the step to be chosen for that alone.

Otherwise the step is the one that is best with rounded nodes too, moved to exact ones: it remains good when x or h
change a little, and loses at most this much. For sin at 10¹⁰ the gain is 10⁶, for the functions of the suite it is 1.5.
"""
_WIDER = 16
"""Binades by which the search goes on where the best step is within a binade of the widest; the first model knows 3."""
_WIDEST = 64
"""Binades above |x| and 1 at which the search ends: the error of a polynomial of low degree falls with h for ever."""
_SHORT = 8
"""Spacings of x up to which all steps are tried where the shortest of the grid, of 2 spacings or more, is the best."""
WORST = 20.0
"""How many times the smallest error the one at the predicted step may be before an assumption has to be named.

If the noise is κ times smaller than modelled, the best error is κ^(p/(m + p)) times smaller than the one at the step,
as it goes with that power of the noise. So κ may be 89 for a centered difference, and 400 for a forward one.
"""
_NORMAL = sys.float_info.min_exp - 1
"""The exponent of the smallest normal double."""
LEAST = Fraction(2) ** _NORMAL
"""The smallest normal double: no step is smaller."""


def next_step(step: float) -> float:
    """Return the next step of the first grid, no larger than the largest double."""
    return min(step * (1 + 1 / FINE), sys.float_info.max)


def beyond_series(stencil: Stencil) -> str:
    """Say that the truncation error begins too late in the Taylor series of f; empty where it does not."""
    leading = stencil.derivative_order + stencil.accuracy_order
    if leading <= HIGHEST_LEADING:
        return ""
    return (
        f"stencil must have derivative_order + accuracy_order of at most {HIGHEST_LEADING} for a prediction, got "
        f"{leading} ({stencil.name})"
    )


def searched(
    f: Callable[[Any], Any] | KnownFunction,
    x: Fraction,
    fmt: FloatFormat,
    stencil: Stencil,
    domain: tuple[float, float],
) -> tuple[ErrorModel | None, Fraction | None, float]:
    """Return the model, its minimiser (None where no step has a finite error), and the minimum.

    The model is widened as long as its widest step is the best one, by half or more.
    """
    known = f if isinstance(f, KnownFunction) else KnownFunction(f)
    wide, before = WIDE, math.inf
    while True:
        model = error_model(known, x, fmt, stencil, domain, wide)
        if model is None:
            return None, None, math.nan
        step, error = _minimum(model)
        if step is not None and (seen := model.looked_as_far_as(next_step(step))) is not model:
            if seen.room != model.room:
                step, error = _minimum(seen)
            model = seen
        at_end = step is not None and step >= float(model.noise_steps[-1]) / 2
        if not at_end or error > before / 2 or wide >= _WIDEST:
            return model, None if step is None else Fraction(step), error
        wide, before = wide + _WIDER, error


def _minimum(model: ErrorModel) -> tuple[float | None, float]:
    """Return the best step, and its error: of those that suit, and of the shortest where these are the best."""
    steps = usable_steps(model)
    step, error = (
        minimiser(model, steps, partial(_exact, model), model.generic_total) if steps.size else (None, math.nan)
    )
    if step is None or step <= 2 * steps[0]:
        short = short_steps(model.format, model.x, model.stencil, _SHORT)
        short = short[(short >= float(LEAST)) & (short <= float(_most(model)))]
        candidates = np.unique([*short, *([] if step is None else [step])])
        if candidates.size and np.isfinite(errors := model.total(candidates)).any():
            best = _last_smallest(errors)
            return float(candidates[best]), float(errors[best])
    return step, error


def usable_steps(model: ErrorModel) -> np.ndarray:
    """Return the steps 2ᵏ(1 + i/8) that the format allows: no node absorbed, nothing overflows.

    A step of at least 2·ulp(z) over the least distance of two nodes (z included) tells all of them apart. Each step is
    moved to the nearest one with exact nodes.
    """
    fmt, stencil = model.format, model.stencil
    offsets: list[Fraction] = sorted({*stencil.offsets, Fraction(0)})
    gap: Fraction = min(upper - lower for lower, upper in pairwise(offsets))
    least = max(2 * fmt.spacing(max(map(abs, model.points))) / gap, fmt.smallest_normal)
    most = _most(model)
    # From integers: as a double, the least step of a wide format may be 0.
    binades = np.ldexp(1.0, np.arange(max(binade(least), _NORMAL), binade(most) + 1))
    steps = _exact(model, (binades[:, np.newaxis] * (1 + np.arange(FINE) / FINE)).ravel())
    return steps[(steps >= float(least)) & (steps <= float(most)) & (steps > 0)]


def _most(model: ErrorModel) -> Fraction:
    return min(model.format.lift(largest_step(model.stencil, model.format)), Fraction(float(model.noise_steps[-1])))


def _exact(model: ErrorModel, steps: np.ndarray) -> np.ndarray:
    return exactly_representable(model.format, model.x, model.stencil, steps)


def minimiser(
    model: ErrorModel,
    steps: np.ndarray,
    moved: Callable[[np.ndarray], np.ndarray] = np.unique,
    generic: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda _, error: error,
) -> tuple[float | None, float]:
    """Return the step of the smallest modelled error and that error; of equal ones the widest.

    Parameters
    ----------
    model : ErrorModel
    steps : ndarray of float64
        Ascending.
    moved : callable
        Makes of steps those that suit the format, ascending.
    generic : callable
        Makes of steps and errors those of generic steps: they decide, unless that loses more than `GAIN`.

    Returns
    -------
    step : float or None
        Between the neighbours of the best of `steps`, with three bits more; None where no error is finite.
    error : float
    """
    error = model.total(steps)
    if not np.isfinite(error).any():
        return None, math.nan
    best, likely = _last_smallest(error), _last_smallest(generic(steps, error))
    is_generic = error[likely] <= GAIN * error[best]
    best = likely if is_generic else best
    low, high = steps[max(best - 1, 0)], steps[min(best + 1, len(steps) - 1)]
    parts = np.arange(FINE + 1) / FINE
    step = moved(np.concatenate([low + (steps[best] - low) * parts, steps[best] + (high - steps[best]) * parts]))
    error = model.total(step)
    best = _last_smallest(generic(step, error) if is_generic else error)
    return float(step[best]), float(error[best])


def _last_smallest(values: np.ndarray) -> int:
    return len(values) - 1 - int(np.argmin(values[::-1]))


def is_lost(model: ErrorModel, error: float) -> bool:
    """Say whether the derivative is smaller than the error, which is a mean over values of the size of f nearby.

    Where f is far smaller at x than the largest of these, and at one side of x, so is the error at x: exp(−x²) decays.
    """
    here, beside = _sizes(model, 0)
    size = abs(model.at.derivative(model.stencil.derivative_order))
    return size < error * min(1.0, max(here, beside))


def leading_vanishes(model: ErrorModel) -> bool:
    """Say whether f⁽ᵐ⁺ᵖ⁾ is 0 at x, or so much smaller than on both sides that `WORST` may be exceeded.

    The smallest error goes with its power m/(m + p): it may be 400 times smaller for a forward difference.
    """
    m, p = model.stencil.derivative_order, model.stencil.accuracy_order
    here, beside = _sizes(model, m + p)
    return not here or here * WORST ** ((m + p) / m) < beside


def _sizes(model: ErrorModel, order: int) -> tuple[float, float]:
    """Return how large a derivative is at x, and on both sides of it, beside its root mean square nearby."""
    values = [series.scaled_derivative(order) for series in (model.at, *model.series)]
    mean = root(total_of_squares(values[1:])).times(1 / math.sqrt(len(values) - 1))
    if not mean.mantissas:
        return float(abs(values[0].mantissas)), 0.0
    here, *nearby = (
        float(shifted(np.abs(value.mantissas) / mean.mantissas, value.exponents - mean.exponents)) for value in values
    )
    # `NEIGHBOURHOOD` holds pairs of points to the right and left of x.
    return here, max(min(pair) for pair in zip(nearby[::2], nearby[1::2], strict=True))


def loses_accuracy(model: ErrorModel) -> bool:
    """Say whether f is modelled with so much more error than its value and argument make that `WORST` may be exceeded.

    An accurate f has the error of two roundings: of its value, and of its argument or a number inside it, as x² in
    exp(x²), that f turns into an error of z·f′(z). Both are independent, so that their root mean square is
    ρu·√(f² + (z·f′)²), with the ρ by which the noise is modelled too: limits would be three times as large, and the
    noise is no limit. Here the largest of that nearby counts. A bound that adds up what cancels in Kahan's formulas
    exceeds it, and if nothing is left of the rest, the noise is overestimated by the quotient of the two.
    """
    values = [series.scaled_derivative(0) for series in model.series]
    slopes = [series.scaled_derivative(1).times(float(z)) for z, series in zip(model.points, model.series, strict=True)]
    sizes = [math.hypot(float(a.values), float(b.values)) for a, b in zip(values, slopes, strict=True)]
    accurate = ROUNDING * float(model.format.unit_roundoff) * max(sizes)
    if not 0 < accurate < math.inf:
        return False
    m, p = model.stencil.derivative_order, model.stencil.accuracy_order
    return (model.noise / accurate) ** (p / (m + p)) > WORST
