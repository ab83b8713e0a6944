"""The best step of each function, formula and format, observed and predicted, and what h = 1e-4 costs instead."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from experiments.drawing import curves
from experiments.experiment import Experiment
from experiments.frames import (
    RUN,
    blank,
    cells,
    formats_of,
    in_order,
    measured_of,
    methods_of,
    of_grid,
    optima,
    rows_of,
)
from experiments.optimal_step import predicted_steps
from experiments.optimal_step.drawing import draw_anatomy, draw_best_steps, draw_given_step, draw_orders
from experiments.optimal_step.predicted_steps import pointwise, rule
from experiments.step_sweep import step_sweep
from experiments.words import PROVED, counted, listed, percent, plain
from numdiff.analysis.metrics import loss_of_accuracy, performance_ratio
from numdiff.analysis.orders import observed_order
from numdiff.formulas.table import METHODS
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.run import Measured

ANATOMY = ("squire_trapp_quotient", "exp")
NEAR = 10
"""A step is good when its error is within this factor of the smallest one."""
OFF = 0.25
"""An observed order that differs from the theory by more is named."""


def tables(measured: Measured) -> list[Table]:
    records = measured.records
    return [
        Table(
            "verdict",
            "How good is h = 1e-4?",
            "RMS error over 33 neighbours at h = fl(1e-4), divided by the smallest one on the generic grid (1: nothing "
            f"better on the grid); functions whose ratio is at most {NEAR}; median of the decimal digits lost. Failed "
            "cells are counted, not averaged: where all of them failed there is no ratio.",
            blank(verdict(records)),
            {"digits_lost": "g3"},
            headings={"within": f"within {NEAR}×"},
        ),
        Table(
            "observed_optima",
            "The observed best steps",
            "Generic grid. step and rms_error: the smallest RMS error over the 33 points x(1 + 2⁻⁸r); at_edge: it is "
            "the largest or smallest step with a result, the true optimum may lie beyond. pointwise: the smallest "
            "|total| at x alone, often a lucky zero crossing.",
            observed_optima(records),
            kinds={"step": "platform"},
        ),
        Table(
            "observed_orders",
            "The observed orders of accuracy",
            "Slope of log|total| against log h with its 95 % half-width, fitted where roundoff is at most 2 % of the "
            "error and neighbouring slopes agree; generic grid, at x. No window, no order: the reason is given.",
            blank(orders(records)),
        ),
        *predicted_steps.tables(records),
    ]


def at_given_step(records: pd.DataFrame) -> pd.DataFrame:
    """The cells of h = 1e-4 with the ratio of their RMS error to the smallest one."""
    best = optima(records).set_index(RUN)["rms_error"]
    frame = of_grid(records, "given")
    smallest = best.reindex(pd.MultiIndex.from_frame(frame[RUN])).to_numpy()
    good = (frame["status"] == "ok") & (frame["failures"] == 0)
    ratio = pd.Series(performance_ratio(frame["rms_error"], smallest), frame.index).where(good)
    return frame.assign(ratio=ratio)[[*RUN, "step_value", "status", "ratio"]]


def verdict(records: pd.DataFrame) -> pd.DataFrame:
    """One row for each format and formula: how h = 1e-4 does."""
    rows = []
    for (name, method), group in at_given_step(records).groupby(["format", "method"], sort=False):
        ratio = group["ratio"].dropna()
        failed = group.loc[group["ratio"].isna(), "status"].replace("ok", "failed neighbours").value_counts()
        rows.append(
            {
                "format": name,
                "method": method,
                "functions": len(group),
                "measured": len(ratio),
                "failures": ", ".join(f"{count} {word}" for word, count in failed.items()),
                "within": int((ratio <= NEAR).sum()),
                "median_ratio": ratio.median() if len(ratio) else None,
                "worst_ratio": ratio.max() if len(ratio) else None,
                "worst_function": group.set_index("problem")["ratio"].idxmax() if len(ratio) else "",
                "digits_lost": float(loss_of_accuracy(ratio.median(), 1.0)) if len(ratio) else None,
            }
        )
    return in_order(pd.DataFrame(rows), "format", "method")


def observed_optima(records: pd.DataFrame) -> pd.DataFrame:
    best = optima(records).drop(columns="step").rename(columns={"step_value": "step"})
    return best[[*RUN, "step", "rms_error", "at_edge"]].merge(pointwise(records), on=RUN, how="left")


def orders(records: pd.DataFrame) -> pd.DataFrame:
    """The observed order of every run, beside the one that theory expects."""
    frame = of_grid(records, "generic")
    steps, roundoff = frame["step_value"].to_numpy(), frame["roundoff"].to_numpy()
    errors = frame["total"].where(frame["status"] == "ok").to_numpy()
    rows = []
    runs: dict[Any, Any] = dict(frame.groupby(RUN, sort=False).indices)
    for key, group in runs.items():
        found = observed_order(steps[group], errors[group], roundoff[group])
        fitted = (found.order, found.halfwidth, found.smallest_step, found.largest_step) if found.points else [None] * 4
        rows.append((*key, METHODS[key[1]].accuracy_order, *fitted, found.points, found.reason))
    names = [*RUN, "expected", "order", "halfwidth", "from_step", "to_step", "points", "reason"]
    return in_order(pd.DataFrame(rows, columns=names))


def figures(measured: Measured) -> list[Figure]:
    best = optima(measured.records)
    return [
        anatomy(measured.records, best),
        *predicted_steps.figures(measured.records),
        verdict_figure(measured.records),
        best_steps(best),
        orders_figure(orders(measured.records)),
    ]


def anatomy(records: pd.DataFrame, best: pd.DataFrame) -> Figure:
    name = measured_of(records, ANATOMY)[0]
    item = "float64" if "float64" in set(records["format"]) else formats_of(records)[-1]
    frame = curves(cells(records, format=item), cells(best, format=item), [name])
    steps = frame[frame["best"]].set_index("method")

    pairs = listed(
        f"{row.Index} {plain(row.predicted_step)} (observed {plain(row.step_value)})" for row in rows_of(steps)
    )
    return Figure(
        "anatomy",
        f"What is known before any run: {name} in {item}",
        "RMS error over 33 neighbouring points at generic steps; the black line is the model of it, with its minimum "
        f"(diamond), the dashed one the bound at the point itself ({PROVED}). Both come from derivatives and bounds "
        "of rounding errors alone. Grey: the truncation error.",
        f"The predicted best steps are {pairs}.",
        frame,
        draw_anatomy,
        (7.6, 4.2),
    )


def best_steps(best: pd.DataFrame) -> Figure:
    frame = best[[*RUN, "step_value", "at_edge"]]
    rules = {(name, method): rule(name, method) for name in formats_of(frame) for method in methods_of(frame)}

    medians = frame.groupby(["format", "method"])["step_value"].median()
    return Figure(
        "best_steps",
        "The observed best steps, and where h = 1e-4 lies",
        "A dot for each function at its best generic step (RMS error); pale bars are medians. Black "
        "triangles are the rules of thumb √u for the forward and ∛u for the centered difference, with the "
        "unit roundoff u.",
        f"The best steps shrink with the width of the format: their medians lie between {plain(medians.min())} and "
        f"{plain(medians.max())}, so that no single step, h = 1e-4 or another, suits all formats and formulas.",
        frame,
        partial(draw_best_steps, marked=1e-4, rules=rules),
        (7.6, 5.6),
        kinds={"step_value": "platform"},
    )


def verdict_figure(records: pd.DataFrame) -> Figure:
    frame = at_given_step(records)
    rows = verdict(records)
    ends = dict(zip(zip(rows["format"], rows["method"], strict=True), rows["failures"], strict=True))

    return Figure(
        "verdict_on_1e4",
        "How much is lost with h = 1e-4",
        "A dot for each function: RMS error at h = fl(1e-4) over the smallest one on the generic grid; pale "
        "bars are medians of the functions that have a result. At the right: those that have none, and why.",
        good_share(records),
        frame,
        partial(draw_given_step, near=NEAR, ends=ends),
        (7.6, 5.6),
    )


def orders_figure(found: pd.DataFrame) -> Figure:
    frame = found[found["points"] > 0].reset_index(drop=True).astype({"order": float})
    frame["as_expected"] = (frame["order"] - frame["expected"]).abs() <= OFF
    windows, runs = frame.groupby(["format", "method"]).size(), found.groupby(["format", "method"]).size()
    ends = {pair: f"{windows.get(pair, 0)} of {runs[pair]}" for pair in runs.index}

    return Figure(
        "observed_orders",
        "The observed orders of accuracy",
        "A dot for each function with an asymptotic window, their number at the right; pale bars are medians "
        "(of three or more), dashed lines the orders that theory gives. Named are the functions that are off by more "
        f"than {OFF:g}: a kink, or a derivative that is (nearly) 0 in the leading term.",
        orders_sentence(found),
        frame.drop(columns="reason"),
        partial(draw_orders, ends=ends),
        (7.6, 6.4),
        kinds={"*": "platform"},
    )


def findings(measured: Measured) -> list[str]:
    records, best = measured.records, optima(measured.records)
    return [
        f"{best_sentence(best)} {good_share(records)}",
        edge_sentence(best),
        *verdicts(records),
        orders_sentence(orders(records)),
        rule_sentence(best),
        *predicted_steps.findings(records),
    ]


def best_sentence(best: pd.DataFrame) -> str:
    medians = best.groupby(["method", "format"])["step_value"].median()
    parts = [
        f"{method} difference " + listed(f"{plain(medians[method, name])} ({name})" for name in formats_of(best))
        for method in step_sweep.SWEEP.method_names
    ]
    return f"The best step is a matter of format and formula; its median over the functions is: {'; '.join(parts)}."


def good_share(records: pd.DataFrame) -> str:
    """In how many runs h = 1e-4 is good, by format, in words."""
    counts = verdict(records).groupby("format", sort=False)[["within", "functions"]].sum()
    names = listed(f"{percent(row.within / row.functions)} in {row.Index}" for row in rows_of(counts))
    return f"With h = 1e-4 the error is within {NEAR}× of the best one in this share of the runs: {names}."


def edge_sentence(best: pd.DataFrame) -> str:
    """How many optima the grid does not enclose, and whose."""
    edge = best[best["at_edge"]]
    names = f" ({', '.join(dict.fromkeys(edge['problem']))})" if len(edge) else ""
    return (
        f"In {len(edge)} of {len(best)} runs the best step is the largest or smallest one of the grid, so that the "
        f"true optimum may lie beyond{names}; where the formula has no truncation error, no step is too large."
    )


def verdicts(records: pd.DataFrame) -> list[str]:
    """One sentence for each format."""
    rows = verdict(records)
    return [verdict_sentence(name, rows[rows["format"] == name]) for name in formats_of(rows)]


def verdict_sentence(name: str, rows: pd.DataFrame) -> str:
    share = rows["within"].sum() / rows["functions"].sum()
    word = "poor" if share < 0.5 else "mixed" if share < 0.9 else "good"
    parts = []
    for row in rows_of(rows):
        text = f"within {NEAR}× of the best error for {row.within} of {row.functions} functions"
        if row.measured:
            text += (
                f" (median ratio {plain(row.median_ratio)}, worst {plain(row.worst_ratio)} for {row.worst_function})"
            )
        parts.append(f"{row.method} {text}" + (f", without a result: {row.failures}" if row.failures else ""))
    return f"h = 1e-4 in {name}: {word}; {'; '.join(parts)}."


def orders_sentence(found: pd.DataFrame) -> str:
    fitted = found[found["points"] > 0]
    off = fitted[(fitted["order"].astype(float) - fitted["expected"]).abs() > OFF]
    names = list(dict.fromkeys(off["problem"]))
    return (
        f"An order of accuracy can be observed in {len(fitted)} of {len(found)} runs; elsewhere rounding, or the "
        "function's own scale, leaves no stretch of steps that shows one. It agrees with the theory to within "
        f"{OFF:g} in {len(fitted) - len(off)} of them"
        + (f"; it differs for {counted(len(names), 'function')} ({', '.join(names)})." if names else ".")
    )


def rule_sentence(best: pd.DataFrame) -> str:
    """How far the rule of thumb is from the observed best step."""
    rules = np.array([rule(name, method) for name, method in zip(best["format"], best["method"], strict=True)])
    ratio = best["step_value"] / rules
    return (
        f"The rule of thumb √u (forward) or ∛u (centered) lies within {NEAR}× of the observed best step in "
        f"{percent(ratio.between(1 / NEAR, NEAR).mean())} of {len(best)} runs; the best step is between "
        f"{plain(ratio.min())} and {plain(ratio.max())} times it."
    )


EXPERIMENT = Experiment(
    "optimal_step",
    "The best step, and the verdict on h = 1e-4",
    "Which step is best, can it be predicted, and how good is h = 1e-4 in each format?",
    tables,
    figures,
    findings,
    sweeps=(step_sweep.SWEEP,),
)
