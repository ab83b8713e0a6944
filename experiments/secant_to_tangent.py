"""What does the secant through two points do as h → 0?"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from experiments.experiment import Experiment
from experiments.frames import blank, cells, exact_derivative, formats_of, optima
from experiments.words import listed, plain, written
from numdiff.analysis.orders import observed_order
from numdiff.problems import PROBLEMS
from numdiff.report.figures import FORMAT_STYLE, Figure, decade_ticks, is_narrow, subject
from numdiff.report.styles import MUTED
from numdiff.report.tables import Table
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

PROBLEM = PROBLEMS["exp"]
SWEEP = Sweep("secant_to_tangent", (PROBLEM.name,), ("forward",), first_step=0, neighbourhood=True)
SLOPES = ["k", "step_value", "computed_value", "total", "gain", "ratio", "status"]
ENDINGS = ["format", "step_value", "computed_value", "rms_error", "digits", "first_zero", "absorbed_from"]
ANSWERED = "float64"
"""The format of the answer."""
LIMITS = (
    "One function at one point, eˣ at 0.5, where f, f′ and f″ have one size; the section on best steps measures many "
    "functions. The step belongs to |x| of about 1: for a large x it has to grow with x.",
    "The best step is taken from a grid in which neighbours differ by a factor of 2, so that it is known to that "
    "factor; the error around it is flat.",
    "An extrapolation in h (Richardson) or the complex step keep far more digits: see the section on formulas of "
    "higher order.",
    "Textbooks of numerical analysis show the same fall and rise of the error, mostly in float64: rows of several are "
    "among the published tables here. A computer algebra system takes the limit itself and needs no step.",
)


def halvings(records):
    """Return the secants of float64 on the dyadic grid, each compared with the one of twice its step."""
    frame = cells(records, format="float64", grid="dyadic").reset_index(drop=True)
    gain = (frame["total"].shift() / frame["total"]).abs()
    ratio = frame["total"] / frame["step_value"]
    return frame.assign(gain=blank(gain), ratio=ratio)


def endings(records):
    """Return, for each format, the best step and the largest steps at which slope and step are lost."""
    best = optima(records)
    frames = [cells(records, format=name, grid="generic") for name in best["format"]]
    zero = [frame[frame["computed_value"] == 0]["step_value"].max() for frame in frames]
    lost = [frame[frame["status"] == "absorbed"]["step_value"].max() for frame in frames]
    return best.assign(first_zero=zero, absorbed_from=lost)


def tables(measured: Measured) -> list[Table]:
    limit = exact_derivative(PROBLEM.name, 2) / 2
    return [
        Table(
            "endings",
            "How far each format follows the tangent",
            "Generic steps. The best step has the smallest RMS error over 33 neighbouring points; digits are "
            "−log₁₀ of that error relative to f′(x). Then the largest step at which the slope reads 0, and "
            "the largest at which x + h = x.",
            endings(measured.records)[ENDINGS],
            {"computed_value": "g6"},
            headings={
                "step_value": "best h",
                "computed_value": "slope there",
                "rms_error": "error there",
                "first_zero": "slope 0 from h",
                "absorbed_from": "x + h = x from h",
            },
            kinds={"step_value": "platform", "computed_value": "platform"},
        ),
        Table(
            "secants_float64",
            "The secant of eˣ at x = 0.5 in float64, h halved again and again",
            "Dyadic steps h = 2⁻ᵏ. Gain: the error before over this one, 2 in theory. Error / h should tend "
            f"to f″(x)/2 = {limit:.6g}, until rounding drives it away.",
            halvings(measured.records)[SLOPES],
            {"computed_value": "g17", "ratio": "g6"},
            headings={"step_value": "h", "computed_value": "slope", "total": "error", "ratio": "error / h"},
            where={"format": "float64", "grid": "dyadic"},
        ),
    ]


def figures(measured: Measured) -> list[Figure]:
    ends = endings(measured.records)
    data = measured.records[measured.records["grid"] == "generic"]
    return [
        Figure(
            "slope_against_step",
            "Every format follows the tangent down to a step of its own, and then falls to 0",
            "Read it from right to left: each slope settles on f′(x), breaks into coarse steps, and ends at 0. A "
            "hollow "
            "mark is a slope of 0 although x + h differs from x; × is the first step at which x + h = x.",
            "One curve for each format, all on the line f′(x) at the right; from right to left one after the other "
            "begins to scatter and drops to 0: "
            + listed(f"{e.format} at h = {plain(e.first_zero)}" for e in ends[::-1].itertuples())
            + ".",
            data[["format", "step_value", "computed_value", "reference", "status"]],
            draw_slopes,
        ),
    ]


def findings(measured: Measured) -> list[str]:
    frame, ends = halvings(measured.records), endings(measured.records)
    window = observed_order(frame["step_value"], frame["total"], frame["roundoff"])
    inside = frame[frame["step_value"].between(window.smallest_step, window.largest_step)]
    gains, last = pd.to_numeric(inside["gain"]), inside.iloc[-1]
    end = ends[ends["format"] == ANSWERED].iloc[0]
    early = ends[ends["first_zero"] > ends["absorbed_from"]]["format"]
    sentences = [
        "As h shrinks, the secant approaches the tangent until rounding takes over: in float64 that happens near "
        f"h = {plain(end.step_value)}, where the slope has {end.digits:.1f} correct digits.",
        f"At smaller steps the digits are lost again, and from h = {plain(end.first_zero)} on the slope is 0.",
        f"Before that the error is proportional to h: each halving divides it by {gains.min():.2f} to "
        f"{gains.max():.2f}. Error over h is {last.ratio:.5g} at h = {plain(last.step_value)}; Taylor's theorem says "
        f"f″(x)/2 = {exact_derivative(PROBLEM.name, 2) / 2:.5g}.",
    ]
    if len(early):
        sentences.append(f"In {listed(early)} the slope reads 0 already where x + h still differs from x.")
    return sentences


def advice(measured: Measured) -> list[str]:
    end = endings(measured.records).set_index("format").loc[ANSWERED]
    return [
        f"Do not make h as small as the format allows. For a one-sided difference in float64 take h near "
        f"{plain(end.step_value)}·max(1, |x|), and expect half of the digits.",
        "A numerical derivative of exactly 0 may say nothing about f: check that x + h differs from x.",
    ]


_HOLLOW: dict[str, Any] = {"linestyle": "none", "markersize": 6, "markerfacecolor": "white", "markeredgewidth": 1.3}
_LOST: dict[str, Any] = {"linestyle": "none", "marker": "x", "markersize": 7, "markeredgewidth": 1.8}
_HIGHEST = 2.25
"""The height of a lane in units of the derivative: the largest slope, where x + h is off by one rounding, is 2."""


def draw_slopes(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a lane for each format, the widest at the bottom: its slope, until x + h = x, over the line f′(x)."""
    names = formats_of(data)
    lanes = fig.subplots(len(names), 1, sharex=True, squeeze=False, gridspec_kw={"hspace": 0.12})[:, 0]
    limit = data["reference"].iloc[0]
    for ax, name in zip(lanes, names, strict=True):
        _draw_lane(ax, data[data["format"] == name], name, limit)
        ax.set_xscale("log")
        ax.set(ylim=(-0.3 * limit, _HIGHEST * limit), yticks=(0, limit))
        ax.set_yticklabels(["0", "f′(x)"], fontsize=9)
        ax.tick_params(axis="x", length=0)
    lanes[-1].set_xlim(data["step_value"].min() / 1e4, 2 * data["step_value"].max())
    lanes[-1].set_xlabel("step h")
    decade_ticks(lanes[-1], "x")
    fig.supylabel("slope of the secant", x=0.1 / fig.get_figwidth(), ha="left", fontsize=11)
    subject(
        fig, f"Slope of the secant of {written(PROBLEM.formula)} from x = 0.5 to x + h; it ends at 0, where x + h = x:"
    )


def _draw_lane(ax: Axes, part: pd.DataFrame, name: str, limit: float) -> None:
    """Draw the slope in one format: hollow where it is 0 before the step is lost, and a cross where that is."""
    part = part.sort_values("step_value", ascending=False)
    lost = part[part["status"] == "absorbed"]["step_value"]
    shown = part[part["step_value"] >= lost.max()] if len(lost) else part
    style, steps, slope = FORMAT_STYLE[name], shown["step_value"].to_numpy(), shown["computed_value"].to_numpy()
    ax.axhline(limit, color=MUTED, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
    ax.axhline(0, color=MUTED, linewidth=0.8, zorder=1)
    options: dict[str, Any] = style.line_options(linestyle="-", marker="", linewidth=1.8, zorder=3)
    ax.plot(steps, slope, **options)
    early = (slope == 0) & (shown["status"] != "absorbed").to_numpy()
    ax.plot(steps[early], slope[early], color=style.color, zorder=4, clip_on=False, marker="o", **_HOLLOW)
    ax.plot(lost[:1], [0] * len(lost[:1]), color=style.color, zorder=9, clip_on=False, **_LOST)
    words: dict[str, Any] = {"textcoords": "offset points", "fontsize": 9, "color": style.text_color, "va": "bottom"}
    if len(lost):
        text = "x + h = x" if early.any() or is_narrow(ax.figure) else "falls to 0: x + h = x"
        ax.annotate(text, (lost.iloc[0], 0), xytext=(-8, 1), ha="right", **words)
    if early.any():
        ax.annotate("0, though x + h ≠ x", (steps[early].max(), 0), xytext=(9, 1), ha="left", **words)
    if name == ANSWERED:
        middle = float(np.sqrt(steps[0] * steps[-1]))
        ax.annotate("follows the tangent", (middle, limit), xytext=(0, -4), ha="center", **words | {"va": "top"})
    # The upper left of a lane is free: there is no slope below its last step.
    left: dict[str, Any] = {"xycoords": ax.transAxes, "xytext": (6, 0), "textcoords": "offset points", "va": "center"}
    ax.annotate(name, (0, 0.75), fontsize=10.5, weight="bold", color=style.text_color, **left)


EXPERIMENT = Experiment(
    "secant_to_tangent",
    "From the secant to the tangent",
    "What does the secant through two points do as h → 0?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
    advice=advice,
    limits=LIMITS,
)
