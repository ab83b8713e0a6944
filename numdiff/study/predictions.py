"""What the model of the total error says about the cells of a task, as columns of records."""

import math
from typing import Any

import numpy as np

from numdiff.formulas.stencil import Stencil
from numdiff.rules.model import optimal_step
from numdiff.study.sweep import Task

OK = "ok"
NOT_ASKED = "not-asked"
"""No prediction was wanted, or there is none for the method: the complex step has no rounding error to balance."""
_VALUES = {
    "predicted_step": "step", "predicted_error": "predicted_error", "closed_form_step": "closed_form_step",
}  # fmt: skip
"""Columns, and where a `Prediction` has them."""


def prediction_columns(task: Task) -> dict[str, list[Any]]:
    """Return the columns of a task that are predicted, points outermost.

    Parameters
    ----------
    task : Task

    Returns
    -------
    dict
        ``model_error`` for each cell (NaN where the model has no value); ``predicted_step``, ``predicted_error``,
        ``closed_form_step`` and ``prediction`` for each point, repeated. ``prediction`` is `OK`, `NOT_ASKED` or the
        assumption that fails.
    """
    if not task.predictions or not isinstance(task.method, Stencil):
        nothing = [math.nan] * task.cells
        return {"model_error": nothing, **dict.fromkeys(_VALUES, nothing), "prediction": [NOT_ASKED] * task.cells}
    columns: dict[str, list[Any]] = {name: [] for name in ("model_error", *_VALUES, "prediction")}
    with np.errstate(over="ignore", under="ignore"):
        steps = task.steps.astype(np.float64)
    for x in task.points:
        found = optimal_step(task.subject.f, x, task.format, task.method, domain=task.subject.domain)
        modelled = np.full(steps.shape, math.nan) if found.model is None else found.model.total(steps)
        columns["model_error"] += np.where(np.isfinite(modelled), modelled, math.nan).tolist()
        for name, attribute in _VALUES.items():
            columns[name] += [float(getattr(found, attribute))] * len(steps)
        columns["prediction"] += [str(found.failed or OK)] * len(steps)
    return columns
