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
    once,
    optima,
    rows_of,
)
from experiments.lanes import formula_of
from experiments.optimal_step import predicted_steps
from experiments.optimal_step.drawing import LOSSES, draw_anatomy, draw_best_steps, draw_given_step, draw_orders
from experiments.optimal_step.predicted_steps import pointwise, rule
from experiments.step_sweep import step_sweep
from experiments.words import PROVED, counted, listed, percent, plain, written
from numdiff.analysis.metrics import loss_of_accuracy, performance_ratio
from numdiff.analysis.orders import observed_order
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.run import Measured

ANATOMY = ("squire_trapp_quotient", "exp")
NEAR, FAR = 10, 1000
"""A step loses at most one digit when its error is within the first factor of the smallest one, three within the other.
"""
OFF = 0.25
"""An observed order that differs from the theory by more is named."""


LIMITS = (
    "The best step is that of a point and a function; the functions are those of the step sweep, each at one point of "
    "order 1 for the most part. A step for many points needs max(1, |x|), or the scale of f.",
    "The model needs the Taylor coefficients of f and the rounding errors of its operations, which `numdiff` "
    "gets from a NumPy function. A black box has neither; then a rule must estimate them from values of f.",
    "Observed best steps are a factor of 2 apart, and the error is flat near its minimum: a ratio of two steps below "
    "about 3 says little, the ratio of the errors says more.",
    "A run without a result, or a rule without a step, counts as the worst in the medians and shares of this section; "
    "what is said of regular runs alone, whose assumptions hold, is marked so.",
    "For a black box, FiniteDifferences.jl chooses the step from an estimated bound of a higher derivative; "
    "numdifftools and scipy.differentiate work with several steps and give an error estimate. They do not need the "
    "source of f. FiniteDiff.jl takes √ε or ∛ε times max(1, |x|), ε the machine epsilon.",
)


def tables(measured: Measured) -> list[Table]:
    """The tables of the section, the one to take away first."""
    records = measured.records
    return [
        Table(
            "step_by_format",
            "Which step to take, by format and formula",
            "Best step: median over the functions, and the range of eight of ten. Rule of thumb: √u forward, ∛u "
            "centered, with the unit roundoff u. Digits lost: median over the functions of what h = 1e-4 costs beside "
            "the best step; a function without a result counts as the worst.",
            step_by_format(records),
            headings={
                "step": "best h",
                "low": "from",
                "high": "to",
                "rule_of_thumb": "rule of thumb",
                "digits_lost": "digits lost at 1e-4",
            },
            kinds={"step": "platform", "rule_of_thumb": "portable"},
        ),
        Table(
            "verdict",
            "How good is h = 1e-4?",
            "Number of functions by the digits that h = fl(1e-4) loses beside the best step (RMS error over 33 "
            "neighbours). Without a result: x + h or x − h rounds to x, unless another reason is given. "
            "Median ratio: error over the smallest one, a function without a result counting as the worst.",
            verdict(records),
            headings={"few": "at most 1", "some": "1 to 3", "many": "more than 3", "without": "without a result"},
        ),
        Table(
            "observed_optima",
            "The observed best steps",
            "Step and RMS error: the smallest RMS error over the 33 points x(1 + 2⁻⁸r). At edge: it is the largest or "
            "smallest step with a result, a better one may lie beyond. Pointwise: the smallest error at x alone, often "
            "a lucky one.",
            observed_optima(records),
            kinds={"step": "platform"},
        ),
        Table(
            "observed_orders",
            "The observed orders of accuracy",
            "Slope of log|error| against log h with its 95 % half-width, fitted where rounding is at most 2 % of the "
            "error and neighbouring slopes agree, at x. No window, no order: the reason is given.",
            blank(orders(records)),
        ),
        *predicted_steps.tables(records),
    ]


def step_by_format(records: pd.DataFrame) -> pd.DataFrame:
    """A row for each format and formula: the best steps of the functions, the rule of thumb, what h = 1e-4 costs."""
    groups = optima(records).groupby(["format", "method"])["step_value"]
    table = pd.DataFrame({"step": groups.median(), "low": groups.quantile(0.1), "high": groups.quantile(0.9)})
    table = in_order(table.reset_index(), "format", "method")
    table["rule_of_thumb"] = [rule(name, method) for name, method in zip(table["format"], table["method"], strict=True)]
    return table.merge(verdict(records)[["format", "method", "digits_lost"]], on=["format", "method"], how="left")


@once
def at_given_step(records: pd.DataFrame) -> pd.DataFrame:
    """The cells of h = 1e-4 with the ratio of their RMS error to the smallest one: infinite without a result."""
    best = optima(records).set_index(RUN)["rms_error"]
    frame = of_grid(records, "given")
    smallest = best.reindex(pd.MultiIndex.from_frame(frame[RUN])).to_numpy()
    good = (frame["status"] == "ok") & (frame["failures"] == 0)
    ratio = pd.Series(performance_ratio(frame["rms_error"], smallest), frame.index)
    return frame.assign(ratio=ratio.where(good, np.inf))[[*RUN, "step_value", "status", "ratio"]]


@once
def verdict(records: pd.DataFrame) -> pd.DataFrame:
    """One row for each format and formula: how h = 1e-4 does."""
    rows = []
    for (name, method), group in at_given_step(records).groupby(["format", "method"], sort=False):
        ratio, middle = group["ratio"], group["ratio"].median()
        lost = group.loc[np.isinf(ratio), "status"].replace("ok", "failed neighbours").value_counts()
        rows.append(
            {
                "format": name,
                "method": method,
                "functions": len(group),
                "few": int((ratio <= NEAR).sum()),
                "some": int(ratio.between(NEAR, FAR, inclusive="right").sum()),
                "many": int(((ratio > FAR) & np.isfinite(ratio)).sum()),
                "without": int(np.isinf(ratio).sum()),
                "reasons": ", ".join(f"{count} {word}" for word, count in lost.items() if word != "absorbed"),
                "median_ratio": middle if np.isfinite(middle) else "no result",
                "digits_lost": float(loss_of_accuracy(middle, 1.0)) if np.isfinite(middle) else "all",
            }
        )
    table = in_order(pd.DataFrame(rows), "format", "method")
    return table if table["reasons"].any() else table.drop(columns="reasons")


def observed_optima(records: pd.DataFrame) -> pd.DataFrame:
    best = optima(records).drop(columns="step").rename(columns={"step_value": "step"})
    return best[[*RUN, "step", "rms_error", "at_edge"]].merge(pointwise(records), on=RUN, how="left")


@once
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
    """The figures of the section, the one that answers first."""
    best = optima(measured.records)
    return [
        best_steps(best),
        verdict_figure(measured.records),
        *predicted_steps.figures(measured.records),
        anatomy(measured.records, best),
        orders_figure(orders(measured.records)),
    ]


def anatomy(records: pd.DataFrame, best: pd.DataFrame) -> Figure:
    """One function in one format, with all that is known before any run."""
    name = measured_of(records, ANATOMY)[0]
    item = "float64" if "float64" in set(records["format"]) else formats_of(records)[-1]
    frame = curves(cells(records, format=item), cells(best, format=item), [name])
    steps = frame[frame["best"]].set_index("method")

    pairs = listed(
        f"{row.Index} {plain(row.predicted_step)} (observed {plain(row.step_value)})" for row in rows_of(steps)
    )
    return Figure(
        "anatomy",
        f"What is known before any run: the error, its bound and the best step, in {item}",
        f"{written(PROBLEMS[name].formula)} at x = {PROBLEMS[name].points[0]:g}, a function whose derivatives grow "
        "fast (a classic of Squire and Trapp). The model follows the measured error on both arms; the bound, "
        f"{PROVED}, lies above every error at the point itself.",
        "Two panels, each with a V. The dashed predicted curve lies on the measured one, the dotted bound a little "
        f"above it, and the diamond in the ring. Predicted best steps: {pairs}.",
        frame,
        partial(draw_anatomy, drawn=f"{written(PROBLEMS[name].formula)} at x = {PROBLEMS[name].points[0]:g}, {item}:"),
        (7.6, 4.6),
    )


def best_steps(best: pd.DataFrame) -> Figure:
    """The observed best steps of all runs."""
    frame = best[[*RUN, "step_value", "at_edge"]]
    rules = {(name, method): rule(name, method) for name in formats_of(frame) for method in methods_of(frame)}

    medians = frame.groupby(["format", "method"])["step_value"].median()
    return Figure(
        "best_steps",
        "The best step depends on format and formula; h = 1e-4 suits almost none of them",
        "How many functions have their best step where, in each format and with each formula; the number is that of "
        "the highest bar. At the right end are functions without a truncation error, for which the largest step of the "
        "grid is best.",
        "Ten lanes of bars. The wider the format, the farther left they lie, and the centered lane is always right of "
        f"the forward one: the medians go from {plain(medians.max())} to {plain(medians.min())}. The line at h = 1e-4 "
        "passes between the lanes of float32 and of float64, through the middle of none. The diamonds of the rule of "
        "thumb lie near the medians.",
        frame,
        partial(draw_best_steps, marked=1e-4, rules=rules),
        (7.6, 7.0),
        kinds={"step_value": "platform"},
    )


def verdict_figure(records: pd.DataFrame) -> Figure:
    """What h = 1e-4 costs, in digits."""
    frame = verdict(records)[["format", "method", "functions", *LOSSES]]
    parts = frame.groupby("format", sort=False)[["functions", *LOSSES]].sum()
    shares = listed(f"{name} {percent(row['few'] / row['functions'])}" for name, row in parts.iterrows())

    return Figure(
        "verdict_on_1e4",
        "With h = 1e-4 most 16-bit runs have no result, and float64 loses 1 to 3 digits or more",
        "Decimal digits lost at h = 1e-4, beside the best step of each function. No result: x + h or x − h rounds to "
        "x, and the quotient is 0 or useless.",
        f"Ten bars, each divided by digits lost. At most one digit is lost in: {shares}. In the 16-bit formats most of "
        "each bar stands for no result; in float64 and float80 hardly any function keeps its digits.",
        frame,
        draw_given_step,
        (7.6, 4.6),
    )


def orders_figure(found: pd.DataFrame) -> Figure:
    frame = found[found["points"] > 0].reset_index(drop=True).astype({"order": float})
    frame["as_expected"] = (frame["order"] - frame["expected"]).abs() <= OFF
    windows, runs = frame.groupby(["format", "method"]).size(), found.groupby(["format", "method"]).size()
    ends = {pair: f"{windows.get(pair, 0)} of {runs[pair]}" for pair in runs.index}

    return Figure(
        "observed_orders",
        "Where rounding leaves room, the error follows the power of h that theory gives",
        "A dot for each function whose error follows a power of h over a stretch of steps; at the right, how many do. "
        f"Hollow marks are the functions that are off by more than {OFF:g}: they have a kink, or the derivative in the "
        "leading term is (nearly) 0.",
        "In the forward lanes the dots are stacked at order 1, in the centered ones at order 2, with few exceptions. "
        f"{len(frame)} of {len(found)} runs have a dot.",
        frame.drop(columns="reason"),
        partial(draw_orders, ends=ends),
        (7.6, 7.2),
        kinds={"*": "platform"},
    )


def findings(measured: Measured) -> list[str]:
    """The answer, and what else was found."""
    records, best = measured.records, optima(measured.records)
    return [
        answer(best),
        given_step(records),
        *predicted_steps.findings(records),
        rule_sentence(best),
        edge_sentence(best),
        orders_sentence(orders(records)),
    ]


def usual_steps(best: pd.DataFrame) -> tuple[str, pd.Series]:
    """The format that everybody uses, and the median best step of each formula in it."""
    name = "float64" if "float64" in set(best["format"]) else formats_of(best)[-1]
    return name, best[best["format"] == name].groupby("method")["step_value"].median()


def answer(best: pd.DataFrame) -> str:
    """Which step is best."""
    name, step = usual_steps(best)
    return (
        f"In {name} the best step is usually near {plain(step['centered'])} for the centered and "
        f"{plain(step['forward'])} for the forward difference; it can be predicted, and the customary h = 1e-4 is far "
        "too large for most functions."
    )


def given_step(records: pd.DataFrame) -> str:
    """In how many runs h = 1e-4 is good, and where it has no result."""
    counts = verdict(records).groupby("format", sort=False)[["few", "without", "functions"]].sum()
    share = counts["few"] / counts["functions"]
    lost = listed(f"{percent(row.without / row.functions)} in {row.Index}" for row in rows_of(counts) if row.without)
    text = (
        f"h = 1e-4 comes within a factor of {NEAR} of the smallest error in {percent(share.max())} of the runs in "
        f"{share.idxmax()}, and in {percent(share.drop(share.idxmax()).max())} at most in any other format"
    )
    return f"{text}; it has no result, because x + h rounds to x, in {lost}." if lost else f"{text}."


def edge_sentence(best: pd.DataFrame) -> str:
    """How many best steps the grid does not enclose, and whose."""
    edge = best[best["at_edge"]]
    names = list(dict.fromkeys(edge["problem"]))
    return (
        f"In {len(edge)} of {len(best)} runs, of {counted(len(names), 'function')}, the best step is the largest or "
        "smallest one of the grid, and a better one may lie beyond: where the formula has no truncation error, no step "
        "is too large."
    )


def orders_sentence(found: pd.DataFrame) -> str:
    """In how many runs the error follows a power of h, and whether it is the power of theory."""
    fitted = found[found["points"] > 0]
    off = fitted[(fitted["order"].astype(float) - fitted["expected"]).abs() > OFF]
    names = list(dict.fromkeys(off["problem"]))
    return (
        f"In {len(fitted)} of {len(found)} runs the error follows a clean power of h; in the others rounding starts "
        f"too early. The power is that of theory to within {OFF:g} in {len(fitted) - len(off)} of them"
        + (f"; it is not for {listed(formula_of(name) for name in names)}." if names else ".")
    )


def rule_sentence(best: pd.DataFrame) -> str:
    """How far the rule of thumb is from the observed best step."""
    rules = np.array([rule(name, method) for name, method in zip(best["format"], best["method"], strict=True)])
    ratio = best["step_value"] / rules
    return (
        f"The rule of thumb, h = √u forward and ∛u centered, lies within a factor of {NEAR} of the best step in "
        f"{percent(ratio.between(1 / NEAR, NEAR).mean())} of {len(best)} runs; it knows neither x nor f, and the best "
        f"step is between {plain(ratio.min())} and {plain(ratio.max())} times it."
    )


def advice(measured: Measured) -> list[str]:
    """What to do."""
    records = measured.records
    name, step = usual_steps(optima(records))
    sentences = [
        f"Take a step that belongs to format and formula: in {name} about {plain(step['centered'])}·max(1, |x|) "
        f"centered, {plain(step['forward'])}·max(1, |x|) forward. The table has the other formats.",
    ]
    rows = verdict(records)
    chosen = rows[(rows["format"] == name) & (rows["method"] == "centered")].iloc[0]
    if isinstance(chosen["digits_lost"], float):
        sentences.append(
            f"Do not keep a default of 1e-4: with the centered difference in {name} it gives away "
            f"{chosen['digits_lost']:.1f} digits in the median."
        )
    lost = list(dict.fromkeys(rows.loc[rows["without"] > rows["functions"] / 2, "format"]))
    if lost:
        sentences.append(f"Never use it in {listed(lost)}: for most functions x + h = x, and the derivative reads 0.")
    return [
        *sentences,
        "If you know the size of f, f″ and f‴ roughly, use 2√(ε|f/f″|) or ∛(3ε|f/f‴|), ε the relative error of f; "
        "`nd.optimal_step` does the whole calculation for a NumPy function.",
    ]


EXPERIMENT = Experiment(
    "optimal_step",
    "The best step, and the verdict on h = 1e-4",
    "Which step is best, can it be predicted, and how good is h = 1e-4 in each format?",
    tables,
    figures,
    findings,
    sweeps=(step_sweep.SWEEP,),
    advice=advice,
    limits=LIMITS,
)
