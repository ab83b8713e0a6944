"""What exact nodes are worth over h = 10⁻ᵏ: the figures of the experiment `decimal_steps`."""

from functools import cache

import numpy as np
import pandas as pd

from experiments.frames import blank, formats_of, in_order
from experiments.words import EXACT_STEPS, written
from numdiff.analysis.metrics import loss_of_accuracy
from numdiff.problems import PROBLEMS
from numdiff.study.grids import DECIMAL_GRIDS
from numdiff.study.run import Measured

CURVE = ["problem", "at", "method", "format"]
GAINS = ("nearest_power", "representable", "representable_outward", "representable_at_1")
WRITTEN = {"decimal": "h = 10⁻ᵏ", "nearest_power": "nearest 2⁻ʲ", **EXACT_STEPS}


def at_points(records: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with the point as it was written, and whether x + h and x − h are both exact."""
    at = [PROBLEMS[name].points[index] for name, index in zip(records["problem"], records["point"], strict=True)]
    return records.assign(at=np.array(at, dtype=float), exact=records["abscissa"] == 0)


def within(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of the decimal grids with a result and h ≤ |x|, where an exact step exists."""
    usable = frame[frame["grid"].isin(DECIMAL_GRIDS) & (frame["status"] == "ok")]
    return usable[usable["step_value"] <= usable["x_value"].abs()]


def exactness(frame: pd.DataFrame) -> pd.DataFrame:
    """Return for every point, formula and grid the share of cells without abscissa error, in each format."""
    keys = ["problem", "at", "method", "grid"]
    share = within(frame).groupby([*keys, "format"])["exact"].mean().unstack("format")
    share = share[formats_of(frame)].reset_index()
    order = share["grid"].map({grid: i for i, grid in enumerate(DECIMAL_GRIDS)})
    share = in_order(share.assign(order=order), "problem", "at", "method", "order")
    share = share.assign(grid=share["grid"].map(WRITTEN)).drop(columns="order")
    share.insert(0, "function", [written(PROBLEMS[name].formula) for name in share.pop("problem")])
    return blank(share)


@cache
def gains(measured: Measured) -> pd.DataFrame:
    """Return how many digits each grid gains over decimal steps, on both sides of the best decimal step.

    Left of it: the median of RMS error times h, because the steps are not the same. Right of it, and at the best
    steps: the RMS error itself.
    """
    frame = at_points(measured.records)
    frame = frame[frame["grid"].isin(DECIMAL_GRIDS)]
    error, step = errors_and_steps(frame)
    best = error["decimal"].dropna().groupby(CURVE).idxmin()
    best_k = best.map(lambda key: key[-1]).reindex(error.reset_index("k").index).to_numpy()
    k = error.index.get_level_values("k")
    left, right = (error * step)[k > best_k], error[k < best_k]
    least = error.groupby(CURVE).min()
    rows = pd.DataFrame({"best_h": step["decimal"].loc[best].to_numpy()}, index=best.index)
    rows.insert(0, "condition", condition_numbers(frame[frame["status"] == "ok"]).reindex(rows.index))
    rows["left_steps"] = left["decimal"].groupby(CURVE).count().reindex(rows.index, fill_value=0)
    for name in GAINS:
        rows[f"left_{name}"] = gain(left, name)
    for name in ("representable", "representable_outward"):
        rows[f"right_{name}"] = gain(right, name)
    rows["best_representable"] = loss_of_accuracy(least["decimal"], least["representable"])
    return in_order(rows.reset_index(), *CURVE)


def errors_and_steps(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the RMS error and the step of each grid, by curve and k, where the decimal step has a result.

    A step of another grid without a result, or that is 0 there, counts as the worst: its error is infinite. An exact
    result is left out.
    """
    failed = (frame["status"] != "ok") | (frame["failures"] > 0)
    cells = frame.assign(
        error=frame["rms_error"].mask(failed, np.inf),
        exact=(~failed & (frame["rms_error"] == 0)).astype(float),
    )
    table = cells.pivot(index=[*CURVE, "k"], columns="grid", values=["error", "exact", "step_value"])
    # A grid without any cell has an empty column.
    error, exact, step = (
        pd.DataFrame(table[name], columns=list(DECIMAL_GRIDS)) for name in ("error", "exact", "step_value")
    )
    error = error.fillna(np.inf).mask(exact == 1)
    has_result = np.isfinite(error["decimal"])
    step = step.apply(lambda column: column.fillna(step["decimal"]))
    return error[has_result], step[has_result]


def gain(table: pd.DataFrame, grid: str) -> pd.Series:
    """Return by how many digits the median of a grid's column is smaller than that of decimal steps.

    It is minus infinity where the grid has no result at most of these steps.
    """
    median = table[["decimal", grid]].dropna().groupby(CURVE).median()
    return pd.Series(loss_of_accuracy(median["decimal"], median[grid]), median.index)


def condition_numbers(frame: pd.DataFrame) -> pd.Series:
    """Return the condition |x f′/f| of the function at each point; infinite where f is 0."""
    one = frame.drop_duplicates(CURVE).set_index(CURVE)
    values = [
        float(PROBLEMS[name].f(np.array([x]))[0])
        for name, x in zip(one.index.get_level_values("problem"), one["x_value"], strict=True)
    ]
    with np.errstate(divide="ignore"):
        return (one["x_value"] * one["reference"] / np.array(values)).abs()
