"""Operations on frames of records that two or more experiments share: order of rows, cells of a grid, best steps."""

import weakref
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from numdiff.analysis.metrics import correct_digits, observed_optimum
from numdiff.analysis.reference import ExactFunction
from numdiff.arithmetic.rounded import rounded
from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.tables import wide
from numdiff.step_table import FORMULA_ONLY
from numdiff.study.blocks import Measurement
from numdiff.study.grids import GENERIC_FACTOR
from numdiff.study.run import Measured

Columns = TypeVar("Columns", pd.Series, pd.DataFrame)
FrameFunction = Callable[[pd.DataFrame], pd.DataFrame]


def once(function: FrameFunction) -> FrameFunction:
    """Return a function of a frame that is computed once for each frame that is alive, and gives copies.

    Tables, figures and sentences of a section ask for the same rows again and again. Nobody may change the frame.
    """
    kept: dict[int, tuple[weakref.ref[pd.DataFrame], pd.DataFrame]] = {}

    @wraps(function)
    def found(frame: pd.DataFrame) -> pd.DataFrame:
        key = id(frame)
        if key not in kept or kept[key][0]() is not frame:
            kept[key] = weakref.ref(frame, lambda _: kept.pop(key, None)), function(frame)
        return kept[key][1].copy()

    return found


RUN = ["problem", "method", "format"]
"""A run: all steps of one function, formula and format, at the function's first point."""


def widths() -> list[str]:
    """Return all formats, narrow to wide."""
    return sorted(FORMATS, key=lambda name: FORMATS[name].precision)


def formats_of(records: pd.DataFrame) -> list[str]:
    """Return the formats that were measured, narrow to wide."""
    present = set(records["format"].unique())
    return [name for name in widths() if name in present]


def methods_of(records: pd.DataFrame) -> list[str]:
    """Return the formulas that were measured, as they are registered."""
    present = set(records["method"].unique())
    return [name for name in METHODS if name in present]


def in_order(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Sort rows: problems and methods as they are registered, formats narrow to wide, all else ascending."""
    tables: dict[str, list[str]] = {"problem": list(PROBLEMS), "method": list(METHODS), "format": widths()}
    ranks = {column: {name: rank for rank, name in enumerate(names)} for column, names in tables.items()}
    return frame.sort_values(
        list(columns or RUN),
        kind="stable",
        ignore_index=True,
        key=lambda column: column.map(ranks[str(column.name)]) if column.name in ranks else column,
    )


def cells(records: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    """Return the cells whose columns have the given values, largest step first."""
    for column, value in wanted.items():
        records = records[records[column] == value]
    return records.sort_values("step_value", ascending=False, kind="stable")


def of_grid(records: pd.DataFrame, grid: str) -> pd.DataFrame:
    """Return the cells of a step grid, whatever became of them, in the order of the tables."""
    return in_order(records[records["grid"] == grid], *RUN, "k")


def counting(records: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that statistics are taken of: the generic grid, status ok."""
    cells = of_grid(records, "generic")
    return cells[cells["status"] == "ok"].reset_index(drop=True)


def measured_of(records: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return those of some problems that were measured; in a run without any of them, the first that were."""
    present = list(records["problem"].unique())
    return [name for name in names if name in present] or present[: len(names)]


def with_smallest(records: pd.DataFrame, error: pd.Series, by: Sequence[str]) -> pd.DataFrame:
    """Return the cell of the smallest |error| for each value of the columns `by`; the larger step where errors tie.

    Parameters
    ----------
    records : DataFrame
        Its index is unique and ascending.
    error : Series
        Of the same index; NaN where a cell has no error to compare.
    by : sequence of str

    Returns
    -------
    DataFrame
        Rows of `records` in their order, with the column `at_edge`: it is the largest or the smallest step of its
        group, so that the true optimum may lie beyond. A group without any error has no row.
    """
    found = {}
    for _, group in records.groupby(list(by), sort=False):
        best = observed_optimum(group["step_value"].to_numpy(), error[group.index].to_numpy())
        if best.index >= 0:
            found[group.index[best.index]] = best.at_edge
    chosen = records.loc[sorted(found)]
    return chosen.assign(at_edge=[found[index] for index in chosen.index])


def best_cells(records: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the cell of the smallest RMS error over the 33 neighbours, for each value of the columns `by`.

    The smallest error at a single point is a zero crossing of the error, met by luck; and a cell that failed, at
    x or at a neighbour, has no error to compare.
    """
    usable = (records["status"] == "ok") & (records["neighbours"] > 0) & (records["failures"] == 0)
    return with_smallest(records, records["rms_error"].where(usable), by)


@once
def optima(records: pd.DataFrame) -> pd.DataFrame:
    """Return the generic cell of the smallest RMS error of each run.

    `at_edge` says that it is the largest or the smallest step that has a result, so that the true optimum may lie
    beyond; `digits` are the correct decimal digits there, minus infinity where the exact derivative is 0.
    """
    best = best_cells(counting(records), RUN)
    return in_order(best.assign(digits=correct_digits(best["rms_error"], best["reference"])))


def rounded_values(function: np.ufunc, numbers: Any) -> Any:
    """Return an elementary function of a Series or a number, the same double on every machine."""
    values = np.asarray(numbers, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        results = rounded(function)(values.reshape(-1)).reshape(values.shape)
    return pd.Series(results, index=numbers.index) if isinstance(numbers, pd.Series) else results[()]


def log10(numbers: Any) -> Any:
    """Return decimal logarithms of a Series or a number, the same doubles on every machine."""
    return rounded_values(np.log10, numbers)


_FACTORS = {"dyadic": 1.0, "generic": float(GENERIC_FACTOR)}


def step_table(records: pd.DataFrame, grid: str, part: str) -> pd.DataFrame:
    """Return a part of the error: a row for each function, formula and step, a column for each format."""
    chosen = in_order(of_grid(records, grid), "problem", "method", "k", "format")
    chosen["h"] = np.ldexp(_FACTORS[grid], -chosen["k"])
    shown = FORMULA_ONLY if part == "truncation" else ("ok",)
    return wide(chosen, ["problem", "method", "k", "h"], "format", part, shown=shown, columns=formats_of(records))


def step_kinds(records: pd.DataFrame, part: str) -> dict[str, str]:
    """Return the kinds of the columns of a table of steps."""
    kind = "portable" if part == "truncation" else part
    return {"h": "portable", **dict.fromkeys(formats_of(records), kind)}


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """Return the rows as named tuples."""
    return list(frame.itertuples())


def blank(columns: Columns) -> Columns:
    """Leave cells empty where there is nothing to say; another column or the caption gives the reason."""
    return columns.astype(object).where(columns.notna(), None)


def exact_derivative(problem: str, order: int) -> float:
    """Return the certified derivative of some order at the first point of a problem."""
    subject = PROBLEMS[problem]
    return ExactFunction(subject.f).reference(dyadic(subject.points[0]), order).value


def frame_beside(measured: Measured, name: str, measurements: Sequence[Measurement]) -> pd.DataFrame:
    """Return a frame that was measured beside the sweeps of an experiment; it is measured now if only they were."""
    if name in measured.frames:
        return measured.frames[name]
    return pd.concat([item.measure(lambda cells: None)[name] for item in measurements], ignore_index=True)
