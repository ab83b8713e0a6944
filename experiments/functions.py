"""The functions of the step sweep: what their pages say of them, and the data of their tables."""

import math
from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd

from experiments.frames import (
    RUN,
    blank,
    exact_derivative,
    formats_of,
    in_order,
    methods_of,
    of_grid,
    optima,
    step_kinds,
)
from experiments.frames import step_table as by_format
from experiments.words import written
from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import Stencil
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.core_tables import truncation_format
from numdiff.report.function_pages import FunctionFacts, function_pages
from numdiff.report.tables import Table, wide
from numdiff.rules.textbook import closed_form_step
from numdiff.step_table import FORMULA_ONLY
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


def core_data(measured: Mapping[str, Measured]) -> dict[str, list[Table]]:
    """Return the core tables with all digits, which the report has as files alone: for ``write_report(data=…)``."""
    if SOURCE not in measured:
        return {}
    records = measured[SOURCE].records
    generic = {
        part: Table(
            name,
            f"{part.capitalize()} error at generic steps",
            f"h = fl(1.2357·2⁻ᵏ), shown before it is rounded to each format; with {other} it adds up to the total.",
            by_format(records, "generic", part),
            kinds=step_kinds(records, part),
            where={"grid": "generic"},
        )
        for name, part, other in (
            ("generic_truncation", "truncation", "roundoff"),
            ("roundoff", "roundoff", "generic_truncation"),
        )
    }
    return {SOURCE: [dyadic_truncation(records), *generic.values()]}


def dyadic_truncation(records: pd.DataFrame) -> Table:
    """Return the truncation error of all functions at dyadic steps, which is the same in every format."""
    cells = of_grid(records, "dyadic")
    widest = cells[cells["format"] == truncation_format(cells)].assign(h=lambda kept: np.ldexp(1.0, -kept["k"]))
    widest = in_order(widest, "problem", "k", "method")
    return Table(
        "truncation",
        "Truncation error at dyadic steps",
        "h = 2⁻ᵏ: the same number in every format. A word: f(x ± h) does not exist.",
        wide(widest, ["problem", "k", "h"], "method", "truncation", shown=FORMULA_ONLY, columns=methods_of(records)),
        kinds={"h": "portable", **dict.fromkeys(methods_of(records), "portable")},
        where={"grid": "dyadic"},
    )


def steps_table(steps: pd.DataFrame) -> Table:
    """Return the steps of one function by formula and format."""
    return Table(
        "steps",
        "Steps",
        "Textbook: 2√(ε|f/f″|) for the forward and ∛(3ε|f/f‴|) for the centered difference, with ε = u, the unit "
        "roundoff of the format. Predicted: where the model of the error is smallest (all Taylor terms, a bound on the "
        "rounding error of f as it is written). Best: of the steps below, the one with the smallest RMS error over 33 "
        "points beside x, and the correct digits there. A dash: there is no such step, because a derivative is 0 or an "
        "assumption of the model fails, or f′(x) is 0 and has no correct digits.",
        steps,
        {**dict.fromkeys(STEPS, "e3"), "digits": "f1"},
        rows_shown=None,
        headings={"best_step": "best step", "digits": "digits there"},
    )


def steps_of(records: pd.DataFrame) -> pd.DataFrame:
    """Return the textbook, the predicted and the best step of every function, formula and format."""
    runs = in_order(of_grid(records, "generic").drop_duplicates(RUN), *RUN)
    best = optima(records)[[*RUN, "step_value", "reference", "digits"]].rename(columns={"step_value": "best_step"})
    frame = runs[[*RUN, "predicted_step"]].merge(best, "left", on=RUN, validate="one_to_one")
    frame["textbook_step"] = [textbook_step(*run) for run in frame[RUN].itertuples(index=False)]
    frame["digits"] = frame["digits"].where(frame["reference"] != 0)
    return blank(frame[[*RUN, *STEPS, "digits"]])


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
