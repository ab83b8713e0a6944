"""The functions of the step sweep: what their pages say of them, and the data of their tables."""

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cache

import numpy as np
import pandas as pd

from experiments.frames import blank, exact_derivative, formats_of, in_order, methods_of, of_grid, optima, step_kinds
from experiments.frames import step_table as by_format
from experiments.words import written
from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import Stencil
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.core_tables import FORMULA_ONLY
from numdiff.report.function_pages import FunctionFacts, function_pages
from numdiff.report.tables import Table
from numdiff.rules.textbook import closed_form_step
from numdiff.study.run import Measured

SOURCE = "step_sweep"
"""The sweep that the pages show."""
STEPS = ("textbook_step", "predicted_step", "best_step")


def function_files(measured: Mapping[str, Measured]) -> dict[str, str]:
    """Return the pages of all functions that were measured, by name of file: for ``write_report(files=…)``."""
    if SOURCE not in measured:
        return {}
    records = measured[SOURCE].records
    return function_pages(records, facts_of(records), methods_of(records), formats_of(records))


def facts_of(records: pd.DataFrame) -> list[FunctionFacts]:
    """Return what the pages say of each function, in the order of the records."""
    steps = steps_of(records)
    return [_facts(str(name), cells, steps) for name, cells in records.groupby("problem", sort=False)]


def _facts(name: str, cells: pd.DataFrame, steps: pd.DataFrame) -> FunctionFacts:
    problem, first = PROBLEMS[name], cells.iloc[0]
    return FunctionFacts(
        name,
        written(problem.formula),
        problem.reason,
        problem.source,
        problem.points[0],
        first["reference_text"],
        first["reference_radius"],
        steps_table(steps[steps["problem"] == name].drop(columns="problem")),
    )


def steps_table(steps: pd.DataFrame) -> Table:
    """Return the steps of one function by formula and format."""
    return Table(
        "steps",
        "Steps",
        "Textbook: the formulas above with ε = u. Predicted: the step at which the model of the error is smallest; the "
        "model has all Taylor terms, a bound on the rounding error of f as it is written and the rounding of x ± h and "
        "of the quotient. Best: of the steps below, the one with the smallest RMS error over 33 points x(1 + 2⁻⁸r) "
        "beside x, and the correct digits there. A dash: there is no such step, because a derivative is 0, an "
        "assumption of the model fails, or f′(x) is 0 and has no correct digits.",
        steps,
        {**dict.fromkeys(STEPS, "e3"), "digits": "f1"},
        rows_shown=None,
        headings={"best_step": "best step", "digits": "digits there"},
    )


def steps_of(records: pd.DataFrame) -> pd.DataFrame:
    """Return the textbook, the predicted and the best step of every function, formula and format."""
    runs = in_order(of_grid(records, "generic").drop_duplicates(["problem", "method", "format"]))
    best = optima(records).set_index(["problem", "method", "format"])
    rows = []
    for run in runs.itertuples():
        key = (run.problem, run.method, run.format)
        found = best.loc[key] if key in best.index else None
        rows.append(
            {
                "problem": run.problem,
                "method": run.method,
                "format": run.format,
                "textbook_step": textbook_step(str(run.problem), str(run.method), str(run.format)),
                "predicted_step": run.predicted_step,
                "best_step": math.nan if found is None else found["step_value"],
                "digits": math.nan if found is None or not found["reference"] else found["digits"],
            }
        )
    return blank(pd.DataFrame(rows))


def textbook_step(problem: str, method: str, format: str) -> float:
    """Return 2√(u|f/f″|) for the forward and ∛(3u|f/f‴|) for the centered difference, NaN where there is none.

    f and its derivative are certified; u is the unit roundoff of the format.
    """
    formula = METHODS[method]
    if not isinstance(formula, Stencil):
        return math.nan
    value, leading = (exact(problem, order) for order in (0, formula.derivative_order + formula.accuracy_order))
    if not (math.isfinite(value) and math.isfinite(leading)):
        return math.nan
    noise = float(FORMATS[format].unit_roundoff) * abs(value)
    step = closed_form_step(formula, noise, leading)
    return math.nan if step is None else float(step)


@cache
def exact(problem: str, order: int) -> float:
    """Return the certified derivative of some order at the first point, NaN where there is none."""
    return exact_derivative(problem, order)
