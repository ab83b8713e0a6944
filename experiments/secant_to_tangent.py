"""What does the secant through two points do as h → 0?"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from experiments.experiment import Experiment
from experiments.frames import blank, cells, exact_derivative, formats_of, optima
from experiments.words import listed, plain
from numdiff.analysis.orders import observed_order
from numdiff.problems import PROBLEMS
from numdiff.report.figures import FORMAT_STYLE, Figure, decade_ticks, outside_legend
from numdiff.report.styles import INK, MUTED
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


_HOLLOW: dict[str, Any] = {"linestyle": "none", "markersize": 7, "markerfacecolor": "white", "markeredgewidth": 1.3}
_LOST: dict[str, Any] = {"linestyle": "none", "marker": "x", "markersize": 8, "markeredgewidth": 2}


def draw_slopes(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the slope against the step; each format ends where x + h = x, and is named there."""
    ax, limit = fig.subplots(), data["reference"].iloc[0]
    names = formats_of(data)
    ax.set_xscale("log")
    ax.axhline(limit, color=INK, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
    for place, name in enumerate(reversed(names)):
        part = data[data["format"] == name].sort_values("step_value", ascending=False)
        lost = part[part["status"] == "absorbed"]["step_value"]
        shown = part[part["step_value"] >= lost.max()] if len(lost) else part
        style, slope = FORMAT_STYLE[name], shown["computed_value"].to_numpy()
        options: dict[str, Any] = style.line_options(linestyle="-", markersize=4, linewidth=1.2, zorder=3 + place)
        hollow = (slope == 0) & (shown["status"] != "absorbed").to_numpy()
        ax.plot(shown["step_value"], np.where(hollow, np.nan, slope), **options | {"linestyle": "none"})
        ax.plot(shown["step_value"], slope, **options | {"marker": ""})
        rim = options | _HOLLOW | {"markeredgecolor": style.color}
        ax.plot(shown["step_value"], np.where(hollow, slope, np.nan), **rim)
        ax.plot(lost[:1], [0] * len(lost[:1]), color=style.color, zorder=9, **_LOST)
        end = shown["step_value"].iloc[-1]
        text: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "top", "color": style.text_color}
        ax.annotate(name, (end, 0), xytext=(0, -9 - 13 * (place % 2)), **text)
    ax.annotate("f′(x)", (1, limit), xycoords=ax.get_yaxis_transform(), xytext=(5, 0), textcoords="offset points")
    ax.axhline(0, color=MUTED, linewidth=0.8, zorder=1)
    ax.set(xlabel="step h", ylabel="slope of the secant", ylim=(-0.55, 2.3 * limit), yticks=(0, 1, 2, 3))
    ax.set_xlim(data["step_value"].min() / 30, 2 * data["step_value"].max())
    decade_ticks(ax, "x")
    outside_legend(fig, handles=_key(data), where="bottom")


def _key(data: pd.DataFrame) -> list[Line2D]:
    """Return legend entries for a slope of 0 and for a lost step; the first has the marker of a format that has one."""
    early = data[(data["computed_value"] == 0) & (data["status"] != "absorbed")]
    words = {"first step with x + h = x": _LOST}
    if len(early):
        marker = {"marker": FORMAT_STYLE[early["format"].iloc[0]].marker}
        words = {"slope 0, although x + h ≠ x": _HOLLOW | marker} | words
    return [Line2D([], [], color=INK, label=label, **look) for label, look in words.items()]


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
