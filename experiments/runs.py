"""What the experiments over all functions, formulas and formats share: order of rows, observed optima, digits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.common import best_cells
from numdiff.arithmetic.rounded import rounded
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.figures import superscript
from numdiff.report.tables import wide
from numdiff.study.grids import GENERIC_FACTOR

RUN = ["problem", "method", "format"]
"""A run: all steps of one function, formula and format, at the function's first point."""


def widths() -> list[str]:
    """Return all formats, narrow to wide."""
    return sorted(FORMATS, key=lambda name: FORMATS[name].precision)


def formats_of(records: pd.DataFrame) -> list[str]:
    """Return the formats that were measured, narrow to wide."""
    present = set(records["format"].unique())
    return [name for name in widths() if name in present]


def in_order(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Sort rows: problems and methods as they are registered, formats narrow to wide, all else ascending."""
    tables: dict[str, list[str]] = {"problem": list(PROBLEMS), "method": list(METHODS), "format": widths()}
    ranks = {column: {name: rank for rank, name in enumerate(names)} for column, names in tables.items()}
    return frame.sort_values(
        list(columns or RUN), kind="stable", ignore_index=True,
        key=lambda column: column.map(ranks[str(column.name)]) if column.name in ranks else column,
    )  # fmt: skip


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


def optima(records: pd.DataFrame) -> pd.DataFrame:
    """Return the generic cell of the smallest RMS error of each run.

    `at_edge` says that it is the largest or the smallest step that has a result, so that the true optimum may lie
    beyond; `digits` are the correct decimal digits there, minus infinity where the exact derivative is 0.
    """
    cells = counting(records)
    best = best_cells(cells, RUN)
    ends = cells.groupby(RUN, sort=False)["step_value"].agg(["min", "max"])
    ends = ends.loc[pd.MultiIndex.from_frame(best[RUN])]
    edge = (best["step_value"].to_numpy()[:, np.newaxis] == ends.to_numpy()).any(axis=1)
    return in_order(best.assign(at_edge=edge, digits=digits(best["rms_error"], best["reference"])))


def correctly_rounded(function: np.ufunc, numbers: Any) -> Any:
    """Return an elementary function of a Series or a number, the same double on every machine."""
    values = np.asarray(numbers, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        results = rounded(function)(values.reshape(-1)).reshape(values.shape)
    return pd.Series(results, index=numbers.index) if isinstance(numbers, pd.Series) else results[()]


def log10(numbers: Any) -> Any:
    """Return decimal logarithms of a Series or a number, the same doubles on every machine."""
    return correctly_rounded(np.log10, numbers)


def digits(error: pd.Series, reference: pd.Series) -> pd.Series:
    """Return the correct decimal digits, −log₁₀ of the relative error; minus infinity where the reference is 0."""
    return -log10(error.abs() / reference.abs())


PROVED = "proved, given the limits of the elementary functions"
"""What a bound is, in captions: the limits are held against the worst that was found (`arithmetic.accuracy`)."""
ENDS = "An empty cell: the grid of the format ends before this step, about four halvings after x + h = x."
"""The note under a table of steps."""
_FACTORS = {"dyadic": 1.0, "generic": float(GENERIC_FACTOR)}
_FORMULA_ONLY = ("ok", "absorbed", "overflow", "nan")
"""The statuses in which the truncation error is known: it does not depend on what the format did."""


def step_table(records: pd.DataFrame, grid: str, part: str) -> pd.DataFrame:
    """Return a part of the error: a row for each function, formula and step, a column for each format."""
    chosen = in_order(of_grid(records, grid), "problem", "method", "k", "format")
    chosen["h"] = np.ldexp(_FACTORS[grid], -chosen["k"])
    shown = _FORMULA_ONLY if part == "truncation" else ("ok",)
    return wide(chosen, ["problem", "method", "k", "h"], "format", part, shown=shown, columns=formats_of(records))


def step_kinds(records: pd.DataFrame, part: str) -> dict[str, str]:
    """Return the kinds of the columns of a table of steps."""
    kind = "portable" if part == "truncation" else part
    return {"h": "portable", **dict.fromkeys(formats_of(records), kind)}


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """Return the rows as named tuples."""
    return list(frame.itertuples())


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 function``, ``2 functions``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def plain(value: float) -> str:
    """Return a positive number for a sentence: two digits, in powers of ten where it is far from 1."""
    if not np.isfinite(value) or 0.01 <= value < 1e5:
        return f"{float(f'{value:.2g}'):g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}·10{superscript(int(exponent))}"


def percent(share: float) -> str:
    """Return a share for a sentence; only all is 100 % and only nothing is 0 %."""
    if 0 < share < 0.005:
        return "less than 1 %"
    return "more than 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"
