"""What does the secant through two points do as h → 0?"""

import math
from functools import partial

import pandas as pd
from matplotlib.figure import Figure as Canvas

from experiments.drawing import draw_geometry, geometry_data, straight
from experiments.experiment import Experiment
from experiments.frames import blank, cells, exact_derivative, formats_of, optima
from experiments.words import listed, plain
from numdiff.analysis.orders import observed_order
from numdiff.arithmetic.rounded import rounded
from numdiff.problems import PROBLEMS
from numdiff.report.figures import FORMAT_STYLE, Figure, decade_ticks, small_multiples
from numdiff.report.styles import BLUE, FAINT, GREEN, INK, MUTED, VERMILLION
from numdiff.report.tables import Table
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

PROBLEM = PROBLEMS["exp"]
CURVE = rounded(PROBLEM.f)
SWEEP = Sweep("secant_to_tangent", (PROBLEM.name,), ("forward",), first_step=0, neighbourhood=True)
SECANTS = {1.0: ("h = 1", VERMILLION), 0.5: ("h = ½", BLUE), 0.25: ("h = ¼", GREEN)}
"""The steps of the secants in the picture, with their names and colours."""
SLOPES = ["k", "step_value", "computed_value", "total", "gain", "ratio", "status"]
ENDINGS = ["format", "step_value", "computed_value", "rms_error", "digits", "first_zero", "absorbed_from"]


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
            "secants_float64",
            "The secant of exp at x = 0.5 in float64, h halved again and again",
            "Dyadic steps h = 2⁻ᵏ. Gain: the error before over this one, 2 in theory. Error / h should tend "
            f"to f″(x)/2 = {limit:.6g}, until rounding drives it away.",
            halvings(measured.records)[SLOPES],
            {"computed_value": "g17", "ratio": "g6"},
            headings={"step_value": "h", "computed_value": "slope", "total": "error", "ratio": "error / h"},
            where={"format": "float64", "grid": "dyadic"},
        ),
        Table(
            "endings",
            "How far each format follows",
            "Generic steps. The best step has the smallest RMS error over 33 neighbouring points; digits are "
            "−log₁₀ of that error relative to f′(x). Then the largest step at which the slope reads 0, and "
            "the largest at which x + h = x.",
            endings(measured.records)[ENDINGS],
            {"computed_value": "g6"},
            headings={
                "step_value": "best h",
                "computed_value": "slope there",
                "first_zero": "slope 0 from h",
                "absorbed_from": "x + h = x from h",
            },
            kinds={"step_value": "platform", "computed_value": "platform"},
        ),
    ]


def figures(measured: Measured) -> list[Figure]:
    frame = cells(measured.records, format="float64", grid="dyadic")
    frame = frame[frame["step_value"].isin(SECANTS)]
    x, ends = frame["x_value"].iloc[0], (0.2, 1.7)
    lines = [
        straight(CURVE, SECANTS[h][0], slope, (x, x + h), ends, SECANTS[h][1], SECANTS[h][0])
        for h, slope in zip(frame["step_value"], frame["computed_value"], strict=True)
    ]
    lines.append(straight(CURVE, "tangent", frame["reference"].iloc[0], (x,), ends, INK))
    picture = geometry_data(CURVE, lines, (0.0, ends[1]))
    data = measured.records[["format", "grid", "step_value", "computed_value", "reference", "status"]]
    return [
        Figure(
            "turning_secants",
            "The secant turns into the tangent",
            f"Each secant of exp runs through the black point at x = {x:g} and a second point at distance h: "
            "the closer that is, the closer is its slope to the slope of the tangent.",
            f"exp at {x:g}: " + listed(f"{a.name}, slope {a.slope:.3f}" for a in lines) + ".",
            picture,
            partial(draw_geometry, lines=lines, bottom=-0.1),
        ),
        Figure(
            "slope_against_step",
            "The slope of the secant in every format",
            "From right to left: the slope settles on f′(x) (dashed), breaks into coarse steps, and is 0 in "
            "the grey range, where x + h rounds to x.",
            "; ".join(
                f"{e.format}: best at h = {plain(e.step_value)}, slope 0 from h = {plain(e.first_zero)} on"
                for e in endings(measured.records).itertuples()
            )
            + ".",
            data,
            draw_slopes,
            (7.2, 6.6),
        ),
    ]


def findings(measured: Measured) -> list[str]:
    frame, ends = halvings(measured.records), endings(measured.records)
    window = observed_order(frame["step_value"], frame["total"], frame["roundoff"])
    inside = frame[frame["step_value"].between(window.smallest_step, window.largest_step)]
    gains, last = pd.to_numeric(inside["gain"]), inside.iloc[-1]
    end = ends[ends["format"] == "float64"].iloc[0]
    early = ends[ends["first_zero"] > ends["absorbed_from"]]["format"]
    best = listed(f"{e.digits:.1f} digits in {e.format} (h = {plain(e.step_value)})" for e in ends.itertuples())
    lost = listed(f"{plain(e.absorbed_from)} in {e.format}" for e in ends.itertuples())
    sentences = [
        f"It turns towards the tangent, and then away again: in float64 each halving of h down to "
        f"{plain(window.smallest_step)} divides the error by {gains.min():.2f} to {gains.max():.2f}; the best "
        f"step, h = {plain(end.step_value)}, gives {end.digits:.1f} correct digits; and from "
        f"h = {plain(end.first_zero)} on the slope reads 0.",
        f"Error over h is {last.ratio:.5g} at h = {plain(last.step_value)}, where Taylor's theorem promises "
        f"f″(x)/2 = {exact_derivative(PROBLEM.name, 2) / 2:.5g}: the error is proportional to h.",
        f"At its best step the secant has {best}.",
        f"The largest generic step h that is lost altogether, x + h = x, is {lost}.",
    ]
    if len(early):
        sentences.append(f"In {listed(early)} the slope reads 0 already where x + h still differs from x.")
    return sentences


def draw_slopes(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the slope against the step, one row for each format; where x + h = x the ground is grey."""
    names = formats_of(data)
    low, high = data["step_value"].min() / 1e3, data["step_value"].max() * 1.5
    panels = small_multiples(fig, names, columns=1, log=False, ylabel="slope of the secant")
    panels[0].set(xlim=(low, high), yticks=(0, 1, 2, 3))
    for ax, name in zip(panels, names, strict=True):
        decade_ticks(ax, "x")
        part = data[data["format"] == name].sort_values("step_value")
        limit, lost = part["reference"].iloc[0], part[part["status"] == "absorbed"]["step_value"].max()
        ax.axhline(limit, color=INK, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
        ax.text(high * 1.3, limit, "f′(x)", va="center")
        if lost > 0:
            ax.axvspan(low, lost * 1.1, color=FAINT, linewidth=0)
            ax.text(math.sqrt(low * lost), limit, "x + h = x", ha="center", va="center", color=MUTED)
        options = FORMAT_STYLE[name].line_options(linestyle="-", markersize=3.4)
        ax.plot(part["step_value"], part["computed_value"], **options)


EXPERIMENT = Experiment(
    "secant_to_tangent",
    "From the secant to the tangent",
    "What does the secant through two points do as h → 0?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
)
