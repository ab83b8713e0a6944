r"""The optimal step of a difference quotient, predicted by minimising a model of the total error.

The model, `numdiff.analysis.error_model`, keeps all Taylor terms and all sources of rounding, and averages over a small
neighbourhood, because of which f⁽ᵐ⁺ᵖ⁾(x) = 0 does no harm. Its minimum is found on a grid of eight steps a binade over
all that the format and the domain allow, refined to 64. Beside it stands the textbook's closed form, with the same
noise and derivative.

These are the two rules that see inside f: their noise and their derivatives are those of exact arithmetic,
which no rule for black boxes has.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from numdiff.analysis.error_model import LARGEST, WIDE, ErrorModel, binade, error_model
from numdiff.arithmetic.rounded import rounded
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import largest_step, points_of, refuse_not_finite, require_constants
from numdiff.formulas.stencil import CENTERED, Method, Stencil
from numdiff.rules.base import Choice, Domain, Function, RuleStatus, nothing_to_balance
from numdiff.rules.displays import PredictionShown
from numdiff.rules.textbook import closed_form_error, closed_form_step

FINE = 8
"""Steps a binade on the first grid, and parts into which the refinement cuts its intervals: 6 bits after the first.

Near its minimum the error of two terms is (1 + mp/2·δ²) times the smallest one for a step that is off by eᵟ. The first
grid finds the right binade; then δ is at most ln 2/128, which loses 10⁻⁴ for m·p = 8.
"""
_WIDER = 16
"""Binades by which the search goes on where the widest step is the best one: the first model knows three."""
_WIDEST = 64
"""Binades above |x| and 1 at which the search ends: the error of a polynomial of low degree falls with h for ever."""
_NORMAL = sys.float_info.min_exp - 1
"""The exponent of the smallest normal double."""
LEAST = Fraction(2) ** _NORMAL
"""The smallest normal double: no step is smaller."""


class FailedAssumption(StrEnum):
    """Why a prediction may be wrong, gravest first; `advice` says what follows.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> nd.optimal_step(np.abs, 0.0).failed
    <FailedAssumption.NOT_SMOOTH: 'not smooth'>
    """

    NOT_SMOOTH = "not smooth"
    """f has no Taylor series at x, or none near it."""
    NO_BOUND = "no bound"
    """The rounding error of f has no bound near x."""
    NO_ROOM = "no room"
    """The best step is cut off, or none is left: by the domain of f, the format, or the radius of the Taylor series."""
    POINT_ZERO = "x = 0"
    """There is no |x| to compare the step with."""
    FUNCTION_ZERO = "f = 0"
    """The rounding error at x is not that of the values nearby."""
    LEADING_DERIVATIVE_ZERO = "leading derivative = 0"
    """f⁽ᵐ⁺ᵖ⁾(x) = 0, so that the truncation error at x is not of order p."""

    @property
    def advice(self) -> str:
        """What it means for the prediction, and what to do."""
        return _ADVICE[self]


_ADVICE = {
    FailedAssumption.NOT_SMOOTH: (
        "no prediction: f has a kink, a pole or an end of its domain at x; choose another x, or a smooth f that is "
        "equal to it on the side that the stencil sees"
    ),
    FailedAssumption.NO_BOUND: (
        "no prediction: nothing bounds the rounding error of f near x (overflow, or a function without a known "
        "accuracy); rewrite f"
    ),
    FailedAssumption.NO_ROOM: (
        "the step is the widest that the domain of f, its Taylor series or the format has room for, if there is any; a "
        "one-sided stencil that points away from the obstacle may do better, or a scaled argument"
    ),
    FailedAssumption.POINT_ZERO: (
        "x = 0 gives no length scale: the prediction is for |x| ≤ 1/16; scale the argument if f varies over less"
    ),
    FailedAssumption.FUNCTION_ZERO: (
        "f(x) = 0: at x itself the rounding error of f may be far smaller than nearby, and so may the best step"
    ),
    FailedAssumption.LEADING_DERIVATIVE_ZERO: (
        "the leading truncation term vanishes at x: the closed form has no answer, and the model goes by the other "
        "terms and by what is nearby"
    ),
}


class BeyondDoublesError(ValueError):
    """The model computes in doubles, and no normal double holds x, f⁽ᵐ⁾(x), or the steps beside x."""


@dataclass(frozen=True, repr=False)
class Prediction(PredictionShown):
    """The predicted optimum of a difference quotient.

    Attributes
    ----------
    step : scalar of the format
        The minimiser of the model; NaN where there is no prediction.
    predicted_error : float
        The error there, a root mean square over the neighbourhood of x.
    predicted_digits : float
        −log₁₀ of that error relative to |f⁽ᵐ⁾(x)|; minus infinity where that is 0.
    closed_form_step : scalar of the format
        The closed form, rounded to the format; NaN where it has no value.
    closed_form_error : float
        The error of its own two terms there.
    failed : FailedAssumption or None
        The gravest assumption that fails.
    model : ErrorModel or None
        The model, for its curve.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> found = nd.optimal_step(np.exp, 0.5)
    >>> found.failed is None, bool(1e-6 < found.step < 1e-4), found.predicted_error < 1e-10
    (True, True, True)
    """

    step: Any
    predicted_error: float
    predicted_digits: float
    closed_form_step: Any
    closed_form_error: float
    failed: FailedAssumption | None
    model: ErrorModel | None = field(repr=False, compare=False)


def optimal_step(
    f: Callable[[Any], Any],
    x: Any,
    dtype: Any = None,
    stencil: Stencil = CENTERED,
    *,
    domain: tuple[float, float] = (-math.inf, math.inf),
) -> Prediction:
    """Predict the best step of a difference quotient, without a difference quotient.

    Parameters
    ----------
    f : callable
        An elementwise NumPy callable with Python constants.
    x : number
        The point; rounded to the format first.
    dtype : str, dtype or FloatFormat, optional
        The working format; by default that of x.
    stencil : Stencil
        The formula.
    domain : tuple of float
        The open interval in which f is smooth; no node leaves it.

    Returns
    -------
    Prediction

    Raises
    ------
    ValueError
        If x is no finite number of the format or lies outside of the domain; if the format cannot hold the formula.
    BeyondDoublesError
        A ValueError: if no normal double holds what the prediction consists of: |x|, the steps beside it, or f⁽ᵐ⁾(x).
    TypeError
        If f uses a function that the exact arithmetics do not know, or `stencil` is no `Stencil`.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> best = nd.optimal_step(np.sin, 1.0, "float32")
    >>> best.step.dtype, best.predicted_digits > 4
    (dtype('float32'), True)
    """
    if not isinstance(stencil, Stencil):
        raise TypeError(f"stencil must be a Stencil, got {type(stencil).__name__} {stencil!r:.60}")
    fmt, here = points_of(x, dtype)
    if here.ndim:
        raise ValueError(f"x must be one number, got an array of shape {here.shape}")
    refuse_not_finite(fmt, here, x)
    require_constants(stencil, fmt)
    point = fmt.lift(here)
    if abs(point) > LARGEST:
        raise BeyondDoublesError(f"x must not exceed the largest double, {float(LARGEST)!r}, got {x!r}; scale it")
    if not domain[0] < point < domain[1]:
        raise ValueError(f"x must lie in the open domain {domain!r}, got {x!r} ({float(point)!r} in {fmt.name})")
    model, step, error = _searched(f, point, fmt, stencil, domain)
    if step is None and 0 < abs(point) < LEAST and fmt.smallest_normal < LEAST:
        raise BeyondDoublesError(
            f"x must be 0 or at least {float(LEAST)!r} where f varies over |x|, got {x!r}; scale it"
        )
    if model is None or step is None:
        if model is not None:
            _require_double(model, x)
        nothing = fmt.dtype.type(math.nan)
        return Prediction(nothing, math.nan, math.nan, nothing, math.nan, _missing(model), None)
    _require_double(model, x)
    leading = model.at.exact_derivative(stencil.derivative_order + stencil.accuracy_order)
    closed, its_error = _closed_form(model, leading)
    return Prediction(
        step=fmt.round(step),
        predicted_error=error,
        predicted_digits=_digits(error, model),
        closed_form_step=fmt.dtype.type(math.nan) if closed is None else fmt.round(closed),
        closed_form_error=its_error,
        failed=_failed(model, step, leading),
        model=model,
    )


def _searched(
    f: Callable[[Any], Any], x: Fraction, fmt: FloatFormat, stencil: Stencil, domain: tuple[float, float]
) -> tuple[ErrorModel | None, Fraction | None, float]:
    """Return the model, its minimiser (None where no step has a finite error), and the minimum.

    The model is widened as long as its widest step is the best one, by half or more.
    """
    wide, before = WIDE, math.inf
    while True:
        model = error_model(f, x, fmt, stencil, domain, wide)
        if model is None:
            return None, None, math.nan
        steps = usable_steps(model)
        step, error = minimiser(model, steps) if steps.size else (None, math.nan)
        at_end = step is not None and step >= steps[-min(FINE, steps.size)]
        if not at_end or error > before / 2 or wide >= _WIDEST:
            return model, None if step is None else Fraction(step), error
        wide, before = wide + _WIDER, error


def usable_steps(model: ErrorModel) -> np.ndarray:
    """Return the steps 2ᵏ(1 + i/8) that the format allows: no node absorbed, nothing overflows.

    A step of at least 2·ulp(z) over the least distance of two nodes (z included) tells all of them apart.
    """
    fmt, stencil = model.format, model.stencil
    offsets: list[Fraction] = sorted({*stencil.offsets, Fraction(0)})
    gap: Fraction = min(upper - lower for lower, upper in pairwise(offsets))
    least = max(2 * fmt.spacing(max(map(abs, model.points))) / gap, fmt.smallest_normal)
    most = min(fmt.lift(largest_step(stencil, fmt)), Fraction(float(model.noise_steps[-1])))
    # From integers: as a double, the least step of a wide format may be 0.
    binades = np.ldexp(1.0, np.arange(max(binade(least), _NORMAL), binade(most) + 1))
    steps = (binades[:, np.newaxis] * (1 + np.arange(FINE) / FINE)).ravel()
    return steps[(steps >= float(least)) & (steps <= float(most)) & (steps > 0)]


def minimiser(model: ErrorModel, steps: np.ndarray) -> tuple[float | None, float]:
    """Return the step of the smallest modelled error and that error; of equal ones the widest.

    Parameters
    ----------
    model : ErrorModel
    steps : ndarray of float64
        Ascending.

    Returns
    -------
    step : float or None
        Between the neighbours of the best of `steps`, with three bits more; None where no error is finite.
    error : float
    """
    step, error = steps, model.total(steps)
    if not np.isfinite(error).any():
        return None, math.nan
    best = _last_smallest(error)
    low, high = steps[max(best - 1, 0)], steps[min(best + 1, len(steps) - 1)]
    parts = np.arange(FINE + 1) / FINE
    step = np.concatenate([low + (steps[best] - low) * parts, steps[best] + (high - steps[best]) * parts])
    error = model.total(step)
    best = _last_smallest(error)
    return float(step[best]), float(error[best])


def _last_smallest(values: np.ndarray) -> int:
    return len(values) - 1 - int(np.argmin(values[::-1]))


def _closed_form(model: ErrorModel, leading: Fraction) -> tuple[Fraction | None, float]:
    """Return the step of the closed form and its error; None and NaN where it has no value, or none among doubles."""
    closed = closed_form_step(model.stencil, model.noise, leading)
    if closed is None or closed > LARGEST or not float(closed):
        return None, math.nan
    return closed, closed_form_error(model.stencil, model.noise, leading, float(closed))


def _digits(error: float, model: ErrorModel) -> float:
    size = abs(model.at.derivative(model.stencil.derivative_order))
    if not size:
        return -math.inf
    ratio = error / size
    return -float(rounded(np.log10)(np.array([ratio]))[0]) if ratio else math.inf


def _require_double(model: ErrorModel, x: Any) -> None:
    """Refuse a derivative that the format of x may hold, but no normal double: its error would be no double either."""
    order = model.stencil.derivative_order
    size = abs(model.at.exact_derivative(order))
    beyond = size > LARGEST and model.format.largest_finite > LARGEST
    if 0 < size < LEAST or beyond:
        low, high = float(LEAST), float(LARGEST)
        raise BeyondDoublesError(
            f"derivative {order} of f at x must be 0 or of a size from {low!r} to {high!r}, but is not at x = {x!r}; "
            "scale f or its argument"
        )


def _missing(model: ErrorModel | None) -> FailedAssumption:
    """Return why there is no prediction: where the values near x have a bound, all steps are too wide."""
    if model is None:
        return FailedAssumption.NOT_SMOOTH
    return FailedAssumption.NO_ROOM if math.isfinite(model.noise) else FailedAssumption.NO_BOUND


def _failed(model: ErrorModel, step: Fraction, leading: Fraction) -> FailedAssumption | None:
    """Return the gravest assumption that fails where there is a prediction."""
    # The next step of the first grid: if it cannot be used, this one is the widest.
    wider = np.array([float(step) * (1 + 1 / FINE)])
    if not np.isfinite(model.total(wider))[0]:
        return FailedAssumption.NO_ROOM
    if not model.x:
        return FailedAssumption.POINT_ZERO
    if not model.at.mantissas[0]:
        return FailedAssumption.FUNCTION_ZERO
    if not leading:
        return FailedAssumption.LEADING_DERIVATIVE_ZERO
    return None


# --- as rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """Take the minimiser of the model, or of the closed form; neither evaluates f in the format.

    The noise is that of the model, whatever noise is given.

    Attributes
    ----------
    name : str
    closed_form : bool
        Whether to take the closed form.
    """

    name: str
    closed_form: bool

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step and its predicted error; `reason` names the assumption that fails, if one does."""
        if not isinstance(formula, Stencil):
            return nothing_to_balance(formula)
        try:
            found = optimal_step(f, x, fmt, formula, domain=domain)
        except (BeyondDoublesError, TypeError) as refusal:  # TypeError: f is none that exact arithmetic can follow
            return Choice(status=RuleStatus.UNSUITABLE, reason=str(refusal))
        doubt = "" if found.failed is None else str(found.failed)
        if math.isnan(found.step):
            return Choice(status=RuleStatus.NO_STEP, reason=doubt)
        if not self.closed_form:
            return Choice(found.step, None, found.predicted_error, reason=doubt)
        if math.isnan(found.closed_form_step):
            reason = "noise or leading derivative are 0, or the closed form is no double"
            return Choice(status=RuleStatus.NO_STEP, reason=reason)
        return Choice(found.closed_form_step, None, found.closed_form_error, reason=doubt)


MODEL = Model("model", closed_form=False)
CLOSED_FORM = Model("closed_form", closed_form=True)
