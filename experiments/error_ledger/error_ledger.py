"""The four parts of the error, added up exactly: which of them dominates at which step."""

import numpy as np
import pandas as pd

from experiments.error_ledger import tightness
from experiments.error_ledger.drawing import draw_four_parts, draw_parts_by_format, draw_shares_by_step
from experiments.experiment import Experiment
from experiments.frames import RUN, cells, counting, formats_of, in_order, measured_of, of_grid, optima
from experiments.step_sweep import step_sweep
from experiments.words import PROVED, counted, listed, percent, plain
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.records import PARTS
from numdiff.study.run import Measured

REGIONS = ("below", "near", "above")
FEWEST = 5
"""A share is drawn where at least so many functions have a cell."""


def shares(records: pd.DataFrame) -> pd.DataFrame:
    """The generic cells with the share of each part in the sum of their sizes, seen from the observed optimum.

    `octave` counts doublings of the step from the optimum of the run. A cell without any error has no shares.
    """
    frame = counting(records).merge(optima(records)[[*RUN, "k"]], on=RUN, suffixes=("", "_best"))
    sizes = frame[list(PARTS)].abs()
    whole = sizes.sum(axis=1)
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
            "dominating_part",
            "The largest part, by format and region of the step",
            "Cells in which each part is the largest; generic grid, status ok, all functions; below: h < h_opt/4, "
            "near: in between, above: h > 4 h_opt, where h_opt has the smallest RMS error over 33 neighbours. exact: "
            "all four parts are 0.",
            dominating(frame),
            kinds=dict.fromkeys(PARTS, "platform"),
        ),
        Table(
            "median_shares",
            "How large the parts are, by format and region of the step",
            "Median over the cells of |part| / Σ|parts|; medians of different parts need not sum to 1. Cells as in the "
            "table before, without the exact ones.",
            medians(frame),
            dict.fromkeys(percent, "percent"),
        ),
        Table(
            "cancellation",
            "How often truncation and roundoff partly cancel",
            "Cells in which |total| is less than half of the larger of |truncation| and |roundoff|, because the two "
            "have opposite signs; generic grid, status ok. The last column is the share near the optimum.",
            cancellation(frame),
            {"share": "percent", "share_near_optimum": "percent"},
        ),
        *tightness.tables(measured.records),
    ]


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
    name = measured_of(measured.records, step_sweep.SHOWCASE)[0]
    best = cells(optima(measured.records), problem=name, method="centered")
    chosen = of_grid(cells(measured.records, problem=name, method="centered"), "generic")
    keys = ["format", "step_value", "status", "a_priori_bound", "model_error"]
    frame = chosen[[*keys, "total", *PARTS]].melt(keys, var_name="part", value_name="error")
    # A part of a failed cell is not drawn: the cross of its total stands for the cell.
    frame = frame[(frame["part"] == "total") | (frame["status"] == "ok")].reset_index(drop=True)
    frame["best_step"] = frame["format"].map(best.set_index("format")["step_value"])
    frame["predicted_step"] = frame["format"].map(best.set_index("format")["predicted_step"])
    one = "float64" if "float64" in set(frame["format"]) else formats_of(frame)[-1]
    return [
        four_parts(frame[frame["format"] == one], name, one),
        parts_by_format(frame, name),
        shares_by_step(shares(measured.records)),
    ]


def four_parts(frame: pd.DataFrame, name: str, one: str) -> Figure:
    ok = frame[frame["status"] == "ok"].pivot(index="step_value", columns="part", values="error").abs()
    left, right = ok[ok.index < frame["best_step"].iloc[0]], ok[ok.index > frame["best_step"].iloc[0]]

    return Figure(
        "four_parts",
        f"The four parts of the error: {name}, centered difference, {one}",
        "Absolute size of each part at the point itself, generic steps. Truncation falls with h and has no noise; the "
        "rounding parts grow like 1/h and jump from step to step. The broad line is their sum, the total; where it "
        "dips below them, parts of opposite sign cancel. The dashed line is the a priori bound: one on the total that "
        f"needs no run ({PROVED}). The thin black line is the model of the error, the diamond its minimum.",
        f"To the right of the best step, {plain(frame['best_step'].iloc[0])}, the largest part is {ranking(right)}. To "
        f"the left the largest part is {ranking(left)}.",
        frame,
        draw_four_parts,
        (7.2, 4.8),
        kinds={"*": "platform"},
    )


def ranking(sizes: pd.DataFrame) -> str:
    """In how many of some cells each part is the largest, in words."""
    counts = sizes[list(PARTS)].idxmax(axis=1).value_counts(sort=False)
    ordered = counts.sort_values(ascending=False, kind="stable")
    return listed([f"{part} at {counted(int(count), 'step')}" for part, count in ordered.items()] or ["none"])


def parts_by_format(frame: pd.DataFrame, name: str) -> Figure:
    return Figure(
        "parts_by_format",
        f"The same ledger in every format: {name}, centered difference",
        "Absolute size of each part, generic steps, common scales; the dotted line is the best step of the format. The "
        "truncation error is the same curve in all panels; a wider format only lowers the rounding parts. The dashed "
        f"line is the bound on the total ({PROVED}). Where it is smaller than all rounding parts the truncation error "
        "is cut off.",
        "The truncation curve is the same in all formats. The rounding parts have the same slope and lie lower the "
        "wider the format is, so that they meet it at a smaller step.",
        frame,
        draw_parts_by_format,
        (7.6, 7.4),
        kinds={"*": "platform"},
    )


def mean_shares(frame: pd.DataFrame, first: int = -12, last: int = 6) -> pd.DataFrame:
    """Average the shares over the functions, for each formula, format and distance from the optimum."""
    some = frame[~frame["exact"] & frame["octave"].between(first, last)]
    groups = some.groupby(["method", "format", "octave"])
    table = groups[[f"{part}_share" for part in PARTS]].mean().assign(functions=groups.size())
    enough = table["functions"] >= min(FEWEST, frame["problem"].nunique())
    return in_order(table[enough].reset_index(), "method", "format", "octave")


def shares_by_step(frame: pd.DataFrame) -> Figure:
    means = mean_shares(frame)
    at_best = means[means["octave"] == 0]["truncation_share"]

    return Figure(
        "shares_by_step",
        "Which part makes up the error, left and right of the best step",
        f"Mean over the functions of |part| / Σ|parts|; generic steps, drawn where at least {FEWEST} functions have a "
        "cell. The white dashed line is the best step of each function. Truncation takes over to the right of it, the "
        "rounding parts to the left, in every format.",
        f"At the best step truncation makes up {100 * at_best.min():.0f} to {100 * at_best.max():.0f} % of the sum of "
        "the parts, depending on formula and format; its share grows to the right and vanishes to the left.",
        means,
        draw_shares_by_step,
        (9.0, 4.4),
        kinds={"*": "platform"},
    )


def findings(measured: Measured) -> list[str]:
    frame = shares(measured.records)
    regions = " ".join(largest(frame, region) for region in reversed(REGIONS))
    return [
        f"Which part dominates depends on which side of the best step one is. {regions}",
        cancellation_sentence(frame),
        hidden_abscissa(measured.records, frame),
        combination(frame),
        tightness.finding(measured.records),
    ]


def largest(frame: pd.DataFrame, region: str) -> str:
    """Which parts are the largest in one region, in words."""
    rows = frame[(frame["region"] == region) & ~frame["exact"]]
    part = rows["dominating"].value_counts(normalize=True, sort=False).reindex(PARTS, fill_value=0.0)
    ordered = part.sort_values(ascending=False, kind="stable")
    words = listed(f"{name} in {percent(value)}" for name, value in ordered.items() if value >= 0.005)
    where = {"below": "More than 4× below it", "near": "Within 4× of it", "above": "More than 4× above it"}[region]
    return f"{where} the largest part is {words} of {counted(len(rows), 'cell')}." if len(rows) else ""


def cancellation_sentence(frame: pd.DataFrame) -> str:
    near = frame[frame["region"] == "near"]
    by_format = near.groupby("format")["cancels"].mean()
    names = listed(f"{percent(by_format[name])} in {name}" for name in formats_of(near))
    return (
        f"In {int(frame['cancels'].sum())} of {len(frame)} cells truncation and roundoff cancel to less than half of "
        f"the larger one; within a factor of 4 of the best step it is {names}. "
        "The ledger shows it, a V-shaped plot cannot."
    )


def hidden_abscissa(records: pd.DataFrame, frame: pd.DataFrame) -> str:
    dyadic = records[(records["grid"] == "dyadic") & (records["status"] == "ok")]
    zero, generic = (dyadic["abscissa"] == 0).mean(), (frame["abscissa"] == 0).mean()
    below = frame[(frame["region"] == "below") & ~frame["exact"]]
    return (
        f"The abscissa error (x + h is not representable) is exactly 0 in {percent(zero)} of the cells with dyadic "
        f"steps and in {percent(generic)} of those with generic ones; there, more than 4× below the best "
        "step, its median share is "
        f"{percent(below['abscissa_share'].median())}, beside {percent(below['evaluation_share'].median())} of the "
        "evaluation error. Statistics here are therefore taken on generic steps."
    )


def combination(frame: pd.DataFrame) -> str:
    rows = frame[~frame["exact"]]
    count = int((rows["dominating"] == "combination").sum())
    return (
        f"Combination (rounding in the difference and in the division) is the largest part in {count} of "
        f"{counted(len(rows), 'cell')}; its median share is {percent(rows['combination_share'].median())}. "
        f"All four parts are exactly 0 in {int(frame['exact'].sum())} of {len(frame)}."
    )


EXPERIMENT = Experiment(
    "error_ledger",
    "The error ledger: which part of the error dominates where",
    "Which of the four parts – truncation, abscissa, evaluation, combination – dominates where?",
    tables,
    figures,
    findings,
    sweeps=(step_sweep.SWEEP,),
)
