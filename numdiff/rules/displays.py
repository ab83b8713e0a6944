"""What a predicted step shows of itself: the step, the error there, and what may be wrong with both."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from numdiff.display import ELLIPSIS, Shown, View, columns_of, counted, few, number
from numdiff.floats.formats import FORMATS


class PredictionShown(Shown):
    """A prediction for one point, or for an array of them: one row a point."""

    def _view(self) -> View:
        steps = np.asarray(self.step)  # type: ignore[attr-defined]
        fmt = FORMATS.of_dtype(steps.dtype)
        where = f" in {fmt.name}" if fmt is not None else ""
        return _one(self, where) if steps.ndim == 0 else _many(self, where)

    def _columns(self) -> Mapping[str, Any]:
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return columns_of(self, [field.name for field in fields if field.repr])


def _one(found: Any, where: str) -> View:
    failed = [] if found.failed is None else [f"failed assumption: {found.failed}; {found.failed.advice}"]
    if np.isnan(found.step):
        return View((f"Prediction{where}: no step", *failed))
    lines = [
        f"Prediction{where}: step {number(found.step)}, error {number(found.predicted_error)} "
        f"({_digits(found.predicted_error, found.predicted_digits)})"
    ]
    if not np.isnan(found.closed_form_step):
        closed = number(found.closed_form_step), number(found.closed_form_error)
        lines.append("closed form of two terms: step {}, error {}".format(*closed))
    return View((*lines, *(failed or ["no assumption fails"])))


def _digits(error: Any, digits: Any) -> str:
    """Return how many digits are right: none can be counted of a derivative that is 0."""
    if not error:
        return "the formula is exact"
    return f"{digits:.1f} digits" if np.isfinite(digits) else "no digits: the derivative is 0"


def _count(digits: Any) -> str:
    if np.isfinite(digits):
        return f"{digits:.1f}"
    return "all" if digits > 0 else "none"


def _many(found: Any, where: str) -> View:
    """Return the view of an array of predictions: its first and its last points."""
    steps, errors, digits = (
        np.asarray(getattr(found, name)) for name in ("step", "predicted_error", "predicted_digits")
    )
    failed = np.broadcast_to(np.asarray(found.failed, dtype=object), steps.shape).ravel()
    words = ["ok" if item is None else str(item) for item in failed]
    dots = (ELLIPSIS,) * 5
    rows = [
        dots if i is None else (str(i), number(steps.flat[i]), number(errors.flat[i]), _count(digits.flat[i]), words[i])
        for i in few(steps.size)
    ]
    line = f"Predictions{where}: {steps.size} points; {counted(words)}"
    return View((line,), ("point", "step", "error", "digits", "failed assumption") if rows else (), rows)
