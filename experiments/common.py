"""What several experiments need: picking cells, the exact derivative, and how numbers read in a sentence."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import pandas as pd

from numdiff.analysis.reference import ExactFunction
from numdiff.floats.dyadic import dyadic
from numdiff.problems import PROBLEMS
from numdiff.report.figures import superscript
from numdiff.study.blocks import Measurement
from numdiff.study.run import Measured

Columns = TypeVar("Columns", pd.Series, pd.DataFrame)

EXACT_STEPS = {"realised": "(x + h) − x", "snapped": "(|x| + h) − |x|", "snapped_at_1": "(h + 1) − 1"}
"""The grids whose steps are made exact, as they are written."""


def cells(records: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    """Return the cells whose columns have the given values, largest step first."""
    for column, value in wanted.items():
        records = records[records[column] == value]
    return records.sort_values("step_value", ascending=False, kind="stable")


def best_cells(records: pd.DataFrame, by: Iterable[str]) -> pd.DataFrame:
    """Return the cell of the smallest RMS error over the 33 neighbours, for each value of the columns `by`.

    The smallest error at a single point is a zero crossing of the error, met by luck; and a cell that failed, at
    x or at a neighbour, has no error to compare.
    """
    usable = records[(records["status"] == "ok") & (records["neighbours"] > 0) & (records["failures"] == 0)]
    ordered = usable.dropna(subset="rms_error").sort_values(
        ["rms_error", "step_value"], ascending=[True, False], kind="stable"
    )
    return ordered.groupby(list(by), sort=False).head(1).sort_index()


def blank(columns: Columns) -> Columns:
    """Leave cells empty where there is nothing to say; another column or the caption gives the reason."""
    return columns.astype(object).where(columns.notna(), None)


def written(formula: str) -> str:
    """Return the formula of a problem as it is written by hand: x³ for x**3, 2·x for 2*x, − for -."""
    powers = re.sub(r"\*\*(\d+)(?![\d.])", lambda found: superscript(int(found[1])), formula)
    return powers.replace("**", "^").replace("*", "·").replace("-", "−")


def exact_derivative(problem: str, order: int) -> float:
    """Return the certified derivative of some order at the first point of a problem."""
    subject = PROBLEMS[problem]
    return ExactFunction(subject.f).reference(dyadic(subject.points[0]), order).value


def listed(words: Iterable[str]) -> str:
    """Return words as a list in a sentence: ``a, b and c``."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def frame_beside(measured: Measured, name: str, measurements: Sequence[Measurement]) -> pd.DataFrame:
    """Return a frame that was measured beside the sweeps of an experiment; it is measured now if only they were."""
    if name in measured.frames:
        return measured.frames[name]
    return pd.concat([item.measure(lambda cells: None)[name] for item in measurements], ignore_index=True)
