"""The four parts of the error, added up exactly: which of them dominates at which step."""

import operator
from functools import partial, reduce

import numpy as np
import pandas as pd

from experiments.error_ledger import tightness
from experiments.error_ledger.drawing import draw_rounding, draw_shares_by_step
from experiments.experiment import Experiment
from experiments.frames import RUN, cells, counting, in_order, measured_of, of_grid, optima
from experiments.step_sweep import step_sweep
from experiments.step_sweep.figures import PANEL_FORMATS, SHOWCASE
from experiments.words import percent, plain, written
from numdiff.problems import PROBLEMS
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.records import PARTS
from numdiff.study.run import Measured

REGIONS = ("below", "near", "above")
FEWEST = 5
"""A share is drawn where at least so many functions have a cell."""
DOWN = 8
"""How many halvings below the best step the growth of the parts is measured."""
LIMITS = (
    "The parts are those of one evaluation order, that of the kernels: another order of the sum gives another "
    "combination error. What f rounds inside is one part; the ledger does not say which operation of f did it.",
    "The functions are those of the step sweep, each at one point; the shares are means over them.",
    "The bounds use measured limits of the platform's elementary functions (proved only given those limits), and they "
    "are worst cases: typical errors lie far below.",
    "CADNA and Verrou estimate the rounding errors of whole programs by running them with random rounding, without a "
    "reference, and Herbgrind traces them to single operations, which the ledger cannot.",
)


def shares(records: pd.DataFrame) -> pd.DataFrame:
    """The generic cells with the share of each part in the sum of their sizes, seen from the observed optimum.

    `octave` counts doublings of the step from the optimum of the run. A cell without any error has no shares.
    """
    frame = counting(records).merge(optima(records)[[*RUN, "k"]], on=RUN, suffixes=("", "_best"))
    sizes = frame[list(PARTS)].abs()
    # One after the other: how sum(axis=1) groups them hangs on how the frame lies in memory.
    whole = reduce(operator.add, (sizes[part].fillna(0.0) for part in PARTS))
    frame["octave"] = frame["k_best"] - frame["k"]
    frame["region"] = np.select([frame["octave"] < -2, frame["octave"] > 2], ["below", "above"], "near")
    frame["exact"] = whole == 0
    frame[[f"{part}_share" for part in PARTS]] = sizes.div(whole.mask(frame["exact"]), axis=0)
    frame["dominating"] = np.where(frame["exact"], "none", sizes.idxmax(axis=1))
    larger = frame[["truncation", "roundoff"]].abs().max(axis=1)
    frame["cancels"] = ~frame["exact"] & (frame["total"].abs() < 0.5 * larger)
    return frame


def tables(measured: Measured) -> list[Table]:
    frame = shares(measured.records)
    percent = [f"{part}_share" for part in PARTS]
    return [
        Table(
            "sides",
            "Which part of the error is the largest, left and right of the best step",
            "Share of the measurements (function, format and step) in which each part is the largest. Below: steps "
            "under a quarter of the best one; near: in between; above: over 4 times it. Truncation: the formula "
            "itself; abscissa: rounding of x ± h; evaluation: rounding inside f; combination: rounding of difference "
            "and quotient.",
            by_side(frame),
            dict.fromkeys(PARTS, "percent"),
            headings={"cells": "measurements"},
            kinds={"*": "platform"},
        ),
        Table(
            "dominating_part",
            "The largest part of the error, by format and side of the best step",
            "Number of measurements (function and step) in which each part is the largest. Below: steps under a "
            "quarter of the best one; near: in between; above: over 4 times it. Exact: all four parts are 0.",
            dominating(frame),
            headings={"cells": "measurements"},
            kinds=dict.fromkeys(PARTS, "platform"),
        ),
        Table(
            "median_shares",
            "How large the parts are, by format and side of the best step",
            "Median of the size of a part over the sum of the four sizes; medians of different parts need not sum to "
            "100 %. Measurements as in the table before, without the exact ones.",
            medians(frame),
            dict.fromkeys(percent, "percent"),
        ),
        Table(
            "cancellation",
            "How often truncation and rounding cancel by luck",
            "Measurements in which |total| is less than half of the larger of |truncation| and |roundoff|, because the "
            "two have opposite signs. The last column is the share within a factor of 4 of the best step.",
            cancellation(frame),
            {"share": "percent", "share_near_optimum": "percent"},
            headings={"cells": "measurements", "share_near_optimum": "share near the best step"},
        ),
        *tightness.tables(measured.records),
    ]


def by_side(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each formula and side of the best step: the share of the cells in which each part is the largest."""
    some = frame[~frame["exact"]]
    groups = some.groupby(["method", "region"])["dominating"]
    table = groups.value_counts(normalize=True).unstack().reindex(columns=list(PARTS)).fillna(0.0)
    table.insert(0, "cells", groups.size())
    ordered = table.reset_index().assign(rank=lambda rows: rows["region"].map(REGIONS.index))
    return in_order(ordered, "method", "rank").drop(columns="rank")


def dominating(frame: pd.DataFrame) -> pd.DataFrame:
    counts = frame.groupby(["method", "format", "region", "dominating"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=[*PARTS, "none"], fill_value=0).rename(columns={"none": "exact"})
    counts.insert(0, "cells", counts.sum(axis=1))
    return by_region(counts.reset_index())


def medians(frame: pd.DataFrame) -> pd.DataFrame:
    groups = frame[~frame["exact"]].groupby(["method", "format", "region"])
    return by_region(groups[[f"{part}_share" for part in PARTS]].median().reset_index())


def by_region(table: pd.DataFrame) -> pd.DataFrame:
    """Sort by formula, format and region from small to large steps."""
    ordered = table.assign(rank=table["region"].map(REGIONS.index))
    return in_order(ordered, "method", "format", "rank").drop(columns="rank")


def cancellation(frame: pd.DataFrame) -> pd.DataFrame:
    groups = frame.groupby(["method", "format"])["cancels"]
    near = frame[frame["region"] == "near"].groupby(["method", "format"])["cancels"].mean()
    table = groups.agg(["size", "sum", "mean"]).set_axis(["cells", "cancelling", "share"], axis=1)
    return in_order(table.assign(share_near_optimum=near).reset_index(), "method", "format")


def figures(measured: Measured) -> list[Figure]:
    """The figures of the section, the one that answers first."""
    return [shares_by_step(shares(measured.records)), truncation_and_rounding(measured.records)]


def mean_shares(frame: pd.DataFrame, first: int = -12, last: int = 6) -> pd.DataFrame:
    """Average the shares over the functions, for each formula, format and distance from the optimum."""
    some = frame[~frame["exact"] & frame["octave"].between(first, last)]
    groups = some.groupby(["method", "format", "octave"])
    table = groups[[f"{part}_share" for part in PARTS]].mean().assign(functions=groups.size())
    enough = table["functions"] >= min(FEWEST, frame["problem"].nunique())
    return in_order(table[enough].reset_index(), "method", "format", "octave")


def shares_by_step(frame: pd.DataFrame) -> Figure:
    """The mean share of each part over the distance from the best step."""
    means = mean_shares(frame)
    means = means[means["format"].isin(PANEL_FORMATS)].reset_index(drop=True)
    at_best = means[means["octave"] == 0]["truncation_share"]
    left = means[means["octave"] == -8]["truncation_share"].max() if (means["octave"] == -8).any() else np.nan
    rest = f", and less than {100 * left + 1:.0f} % at 1/256 of it" if np.isfinite(left) else ""

    return Figure(
        "shares_by_step",
        "Right of the best step the formula makes the error, left of it the rounding of f and of x ± h",
        "Mean over the functions of the size of each part over the sum of the four sizes; the dashed line is the "
        f"best step of each function. Drawn where at least {FEWEST} functions have a result, so that the narrow "
        "formats, where x + h = x soon, end early at the left.",
        "In each panel the colour of truncation fills the right side; on the left those of evaluation and abscissa "
        "have about half each, and combination is a thin rim. Truncation has "
        f"{100 * at_best.min():.0f} to {100 * at_best.max():.0f} % of the sum at the best step{rest}.",
        means,
        draw_shares_by_step,
        (9.0, 4.6),
        kinds={"*": "platform"},
    )


def truncation_and_rounding(records: pd.DataFrame) -> Figure:
    """One function: the truncation error, and what rounding adds in each format."""
    name = measured_of(records, SHOWCASE)[0]
    chosen = of_grid(cells(records, problem=name, method="centered"), "generic")
    best = cells(optima(records), problem=name, method="centered")
    frame = chosen[["format", "step_value", "status"]].assign(
        truncation=chosen["truncation"].abs(), roundoff=chosen["roundoff"].abs()
    )
    frame["best"] = frame["step_value"] == frame["format"].map(best.set_index("format")["step_value"])
    frame = frame.reset_index(drop=True)
    where = f"{written(PROBLEMS[name].formula)} at x = {PROBLEMS[name].points[0]:g}"
    return Figure(
        "truncation_and_rounding",
        "One truncation error for all formats, a rounding error for each: the best step is where they cross",
        f"The two parts of the error of the centered difference of {where}, at x itself. Rounding "
        "(abscissa, evaluation and combination together) grows like 1/h and jumps from step to step; the "
        "rings are the observed best steps.",
        "One straight line falls to the left like h². Five ragged lines, one for each format, rise to the left like "
        "1/h, lower the wider the format, and each ring lies where one of them crosses the straight line.",
        frame,
        partial(draw_rounding, drawn=f"Centered difference of {where}; rings: best steps"),
        (7.2, 4.8),
        kinds={"*": "platform"},
    )


def findings(measured: Measured) -> list[str]:
    """The answer, and what else was found."""
    frame = shares(measured.records)
    return [
        sides(frame),
        "Four parts make the error. Truncation is the error of the formula in exact arithmetic; "
        "abscissa comes from rounding x ± h; evaluation from rounding inside f; combination from rounding the "
        "difference and the quotient.",
        near_the_best(frame),
        growth(frame),
        cancellation_sentence(frame),
        hidden_abscissa(measured.records),
        tightness.finding(measured.records),
    ]


def largest(frame: pd.DataFrame, region: str) -> pd.Series:
    """The share of the cells of a region in which each part is the largest."""
    rows = frame[(frame["region"] == region) & ~frame["exact"]]
    return rows["dominating"].value_counts(normalize=True, sort=False).reindex(PARTS, fill_value=0.0)


def sides(frame: pd.DataFrame) -> str:
    """Which part is the largest on either side of the best step."""
    above, below = largest(frame, "above"), largest(frame, "below")
    return (
        f"Well above the best step truncation is the largest part of the error, in {percent(above['truncation'])} of "
        f"the measurements; well below it the largest is the rounding inside f or of x ± h, in "
        f"{percent(below['evaluation'] + below['abscissa'])}."
    )


def near_the_best(frame: pd.DataFrame) -> str:
    """Which part is the largest close to the best step."""
    near, below = largest(frame, "near"), largest(frame, "below")
    return (
        f"Close to the best step truncation is the largest part in {percent(near['truncation'])} of the measurements "
        f"and evaluation in {percent(near['evaluation'])}. Below it, evaluation leads in "
        f"{percent(below['evaluation'])}, abscissa in {percent(below['abscissa'])} and combination in "
        f"{percent(below['combination'])}."
    )


def growth(frame: pd.DataFrame) -> str:
    """How the rounding of f and that of the quotient grow as the step shrinks."""
    sizes = frame[~frame["exact"]].assign(**{part: frame[part].abs() for part in PARTS})
    ends = [sizes[sizes["octave"] == octave].set_index(RUN)[list(PARTS)] for octave in (-DOWN, 0)]
    ratio = (ends[0] / ends[1].where(ends[1] > 0)).median()
    return (
        f"From the best step down to 1/{2**DOWN} of it the evaluation error grows by a median factor of "
        f"{plain(ratio['evaluation'])}, the combination error by {plain(ratio['combination'])}: rounding the quotient "
        "costs about the same at every step."
    )


def cancellation_sentence(frame: pd.DataFrame) -> str:
    """How often the error looks smaller than its parts."""
    near = frame[frame["region"] == "near"]
    return (
        f"Truncation and rounding cancel by luck to less than half of the larger one in "
        f"{percent(frame['cancels'].mean())} of all measurements, and in {percent(near['cancels'].mean())} of those "
        "within a factor of 4 of the best step: a small error at a single step proves little."
    )


def hidden_abscissa(records: pd.DataFrame) -> str:
    """Why the steps are no powers of two."""
    counted_cells = records[records["status"] == "ok"]
    zero = (counted_cells["abscissa"] == 0).groupby(counted_cells["grid"]).mean()
    return (
        "We use steps that are not powers of two, because powers of two hide the error of x ± h: it is exactly 0 in "
        f"{percent(zero['dyadic'])} of the measurements with them, and in {percent(zero['generic'])} of ours."
    )


def advice(measured: Measured) -> list[str]:
    """What to do."""
    return [
        "Is your error truncation or rounding? Halve the step: if the derivative changes in the same direction by a "
        "fixed ratio, it is truncation, and a smaller step or a higher order helps. If it jumps about, it is rounding, "
        "and only a larger step or a better way to compute f helps.",
        "Do not work on the difference and the quotient. What costs digits is the rounding inside f, and at small "
        "steps that of x ± h.",
        "`nd.error_ledger(f, x, h)` splits the error of your own function.",
    ]


EXPERIMENT = Experiment(
    "error_ledger",
    "Truncation or rounding: which part of the error dominates where",
    "Which of the four parts – truncation, abscissa, evaluation, combination – dominates where?",
    tables,
    figures,
    findings,
    sweeps=(step_sweep.SWEEP,),
    advice=advice,
    limits=LIMITS,
)
