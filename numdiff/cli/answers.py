"""What ``numdiff advise`` says of a prediction: which step, how many digits, and what is to be known of it."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["answer_of", "failing"]

_MUCH = 100
"""How many times larger f, its derivative and its truncation error are nearby where that is said."""
_FLAT = (
    "f is flat at x, and rounding hides how it changes: at a maximum or minimum, ask for the second derivative; where "
    "f levels off, differentiate it without the constant (erfc(x) for erf(x), 2/(1 + exp(2*x)) for 1 - tanh(x)); or "
    "use a wider format"
)


def failing(found: Any) -> Any:
    """Return the assumption that matters to who asks for a step: a derivative without a digit before a lack of room.

    The library names the gravest first, for which the widest step may be the best of all. Where no step gives a digit,
    or every one gives the derivative of a constant, a wider one would change nothing.
    """
    if found.model is None or found.failed is None or not found.predicted_error:
        return found.failed if found.model is None else None
    from numdiff import FailedAssumption
    from numdiff.analysis.best_step import is_lost

    return FailedAssumption.NO_DIGIT if is_lost(found.model, found.predicted_error) else found.failed


def answer_of(
    found: Any, failed: Any, step: str, derivative: str, rows: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Return lines with their styles: the answer, then what is to be known of it.

    Parameters
    ----------
    found : Prediction
        With a step.
    failed : FailedAssumption or None
        As `failing` has it.
    step : str
        The step as it is to be written.
    derivative : str
        What is computed, as ``f′(2)``.
    rows : sequence of dict
        The columns of the command.
    """
    exact, size = rows[0]["exact"], f"about {found.predicted_error:.1g}"
    if not found.predicted_error:
        yield "take any step: expect no error", "bold"
        return
    is_flat = failed is not None and failed.name == "NO_DIGIT"
    if is_flat and exact:
        yield f"no step gives a digit: {derivative} is {exact:.2g}, its error {size} at best (h = {step})", "bold red"
        yield _FLAT, "red"
        return
    if is_flat:
        yield f"take h = {step}: expect an error of {size}; {derivative} is 0, of which no digit can be right", "bold"
    else:
        yield f"take h = {step}: expect {max(found.predicted_digits, 0.0):.1f} digits (error {size})", "bold"
    if float(step) != float(f"{float(step):.2g}"):
        yield "take all digits of h: with fewer, x ± h is rounded, and accuracy is lost", "dim"
    if _is_low_polynomial(found.model) and all(row["truncation"] == 0 for row in rows):
        yield "the formula has no truncation error for this f, at any step: rounding alone is left", "dim"
    elif failed is not None and not is_flat:
        yield f"but beware: {failed}; {failed.advice}", "red"
    if decay := _decay(found.model):
        yield decay, "dim"


def _is_low_polynomial(model: Any) -> bool:
    """Say whether the Taylor series at x and nearby end before the truncation error begins."""
    first = model.stencil.derivative_order + model.stencil.accuracy_order
    return all(not series.mantissas[first:].any() for series in (model.at, *model.series))


def _decay(model: Any) -> str:
    """Say that f and its derivatives are far larger near x than at x, so that the mean error there is larger too."""
    m, p = model.stencil.derivative_order, model.stencil.accuracy_order
    ratios = []
    for order in (0, m, m + p):
        here = abs(model.at.exact_derivative(order))
        beside = max(abs(series.exact_derivative(order)) for series in model.series)
        ratios.append(beside / here if here else math.inf)
    if not _MUCH < min(ratios) <= max(ratios) < math.inf:
        return ""
    radius = float(max(abs(z - model.x) for z in model.points))
    return (
        f"f is up to {float(ratios[0]):.0e} times larger within {radius:.2g} of x: the error that is expected is a "
        "mean over that neighbourhood, and at x itself it is smaller"
    )
