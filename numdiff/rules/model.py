r"""The optimal step of a difference quotient, predicted by minimising a model of the total error.

The model, `numdiff.analysis.error_model`, keeps all Taylor terms and all sources of rounding, and averages over a small
neighbourhood, because of which f⁽ᵐ⁺ᵖ⁾(x) = 0 does no harm. Its minimum is found on a grid of eight steps a binade over
all that the format and the domain allow, refined to 64. Beside it stands the textbook's closed form, with the same
noise and derivative.

These are the two rules that see inside f: their noise and their derivatives are those of exact arithmetic,
which no rule for black boxes has.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.analysis.best_step import (
    LEAST,
    beyond_series,
    is_lost,
    leading_vanishes,
    loses_accuracy,
    next_step,
    searched,
    usable_steps,
)
from numdiff.analysis.error_model import LARGEST, ErrorModel
from numdiff.analysis.typical_noise import KnownFunction
from numdiff.arithmetic.promotion import refuse_unsuitable
from numdiff.arithmetic.rounded import rounded
from numdiff.autodiff import Function as CourseFunction
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import is_format, points_of, refuse_not_finite, require_constants, stencil_of
from numdiff.formulas.stencil import CENTERED, Method, Stencil
from numdiff.problems import Problem
from numdiff.problems.given import common_domain, traceable
from numdiff.rules.assumptions import BeyondDoublesError, FailedAssumption
from numdiff.rules.base import Choice, Domain, Function, RuleStatus, nothing_to_balance
from numdiff.rules.displays import PredictionShown
from numdiff.rules.textbook import closed_form_error, closed_form_step
from numdiff.spellings import hinted, reordered


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


@dataclass(frozen=True, eq=False, repr=False)
class Predictions(PredictionShown):
    """The predicted optima at an array of points: what `Prediction` has of each, as arrays of the shape of x.

    Attributes
    ----------
    step, closed_form_step : ndarray of the format
        `step` can be handed to a kernel as it is, with x, where it is not NaN.
    predicted_error, predicted_digits, closed_form_error : ndarray of float64
    failed : ndarray of object
        Of FailedAssumption or None.
    model : ndarray of object
        Of ErrorModel or None.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> found = nd.optimal_step(np.exp, np.array([0.5, 2.0]), dtype="float32")
    >>> found.step.shape, found.step.dtype, found.failed.tolist()
    ((2,), dtype('float32'), [None, None])
    """

    step: np.ndarray
    predicted_error: np.ndarray
    predicted_digits: np.ndarray
    closed_form_step: np.ndarray
    closed_form_error: np.ndarray
    failed: np.ndarray
    model: np.ndarray = field(repr=False)


@hinted
@reordered(2, is_format, "dtype")
def optimal_step(
    f: Callable[..., Any] | CourseFunction | Problem,
    x: Any,
    stencil: Stencil | str = CENTERED,
    dtype: Any = None,
    *,
    args: Sequence[Any] = (),
    domain: tuple[float, float] = (-math.inf, math.inf),
) -> Prediction | Predictions:
    """Predict the best step of a difference quotient, without a difference quotient.

    No node leaves the piece around x in which f is smooth: the nearest branch, pole or edge of f within the reach of
    the step is found, and no number inside the quotient overflows. Steps are such that the format holds the nodes
    exactly, where there are such steps.

    Parameters
    ----------
    f : callable, Function or Problem
        An elementwise NumPy callable with Python constants, a `Function` of `numdiff.autodiff`, or a `Problem`. It is
        traced: for a function that cannot be there is no prediction.
    x : number or array
        The point or points; each is rounded to the format first.
    stencil : Stencil or str
        The formula, or its name in ``METHODS``.
    dtype : str, dtype or FloatFormat, optional
        The working format; by default that of x, and float64 for Python numbers. Before `stencil`, as it once stood, it
        is still taken, with a DeprecationWarning.
    args : tuple
        What f takes after x: ``f(x, *args)``. Numbers should be Python numbers.
    domain : tuple of float
        The open interval in which f is smooth; no node leaves it. Beside a problem, what it has in common with the
        problem's.

    Returns
    -------
    Prediction
        Or Predictions where x has a dimension.

    Raises
    ------
    ValueError
        If x is no finite number of the format or lies outside of the domain; if the format cannot hold the formula, or
        its orders are too high for the series of f that are summed.
    BeyondDoublesError
        A ValueError: if no normal double holds what the prediction consists of: |x|, the steps beside it, or f⁽ᵐ⁾(x).
    TypeError
        If f uses a function that the exact arithmetics do not know, or `stencil` is no `Stencil`.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> found = nd.optimal_step(np.exp, 0.5)
    >>> bool(2.0**-18 < found.step < 2.0**-16)
    True
    >>> nd.optimal_step(np.exp, np.array([0.5, 2.0])).step.shape
    (2,)
    """
    stencil = stencil_of(stencil)
    domain = common_domain(f, domain)
    f = traceable(f, args, "optimal_step")
    fmt, here = points_of(x, dtype)
    refuse_not_finite(fmt, here, x)
    require_constants(stencil, fmt)
    if reason := beyond_series(stencil):
        raise ValueError(reason)
    refuse_unsuitable(f, fmt)
    if not here.ndim:
        return prediction_at(f, here, x, fmt, stencil, domain)
    given = np.asarray(x)
    known = KnownFunction(f)
    found = [prediction_at(known, here[index], given[index], fmt, stencil, domain) for index in np.ndindex(here.shape)]
    columns: dict[str, np.ndarray] = {}
    for column, dtype in _COLUMNS.items():
        columns[column] = np.empty(here.shape, dtype or fmt.dtype)
        columns[column].ravel()[:] = [getattr(item, column) for item in found]
    return Predictions(**columns)


_COLUMNS: dict[str, Any] = {
    "step": None,
    "predicted_error": np.float64,
    "predicted_digits": np.float64,
    "closed_form_step": None,
    "closed_form_error": np.float64,
    "failed": object,
    "model": object,
}
"""The fields of `Predictions`, and their dtypes; None is the format."""


def prediction_at(
    f: Callable[[Any], Any] | KnownFunction,
    here: np.ndarray,
    x: Any,
    fmt: FloatFormat,
    stencil: Stencil,
    domain: tuple[float, float],
) -> Prediction:
    """Return the prediction at one point, as rounded and as given."""
    point = fmt.lift(here)
    if abs(point) > LARGEST:
        raise BeyondDoublesError(f"x must not exceed the largest double, {float(LARGEST)!r}, got {x!r}; scale it")
    if not domain[0] < point < domain[1]:
        raise ValueError(f"x must lie in the open domain {domain!r}, got {x!r} ({float(point)!r} in {fmt.name})")
    model, step, error = searched(f, point, fmt, stencil, domain)
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
        failed=_failed(model, step, error),
        model=model,
    )


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
    """Return why there is no prediction: where the values near x have a bound, all steps overflow or are too wide."""
    if model is None:
        return FailedAssumption.NOT_SMOOTH
    if not math.isfinite(model.noise):
        return FailedAssumption.NO_BOUND
    return _cut_off(model, usable_steps(model))


def _cut_off(model: ErrorModel, steps: np.ndarray) -> FailedAssumption:
    """Return why none of some steps has a finite error: overflow if that is all that is wrong with one of them."""
    other = model.inside(steps) & np.isfinite(model.truncation(steps))
    return FailedAssumption.OVERFLOW if (other & model.overflows(steps)).any() else FailedAssumption.NO_ROOM


def _failed(model: ErrorModel, step: Fraction, error: float) -> FailedAssumption | None:
    """Return the gravest assumption that fails where there is a prediction."""
    # The next step of the first grid, or with exact nodes: if it cannot be used, this one is the widest.
    spacing = model.format.spacing(abs(model.x))
    wider = np.array([max(next_step(float(step)), float(min(step + spacing, LARGEST)))])
    if not np.isfinite(model.total(wider))[0]:
        return _cut_off(model, wider)
    checks = (
        (is_lost(model, error), FailedAssumption.NO_DIGIT),
        (not model.x, FailedAssumption.POINT_ZERO),
        (not model.at.mantissas[0], FailedAssumption.FUNCTION_ZERO),
        (leading_vanishes(model), FailedAssumption.LEADING_DERIVATIVE_ZERO),
        (loses_accuracy(model), FailedAssumption.LOST_ACCURACY),
    )
    return next((assumption for fails, assumption in checks if fails), None)


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
        if reason := beyond_series(formula):
            return Choice(status=RuleStatus.UNSUITABLE, reason=reason)
        try:
            found = prediction_at(f, fmt.as_array(x), x, fmt, formula, domain)
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
