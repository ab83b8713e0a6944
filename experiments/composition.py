"""Square∘Exp∘Square at 0.5: the course's number, and where its error comes from."""

import math
import re
import textwrap
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from experiments.drawing import dot_rows
from experiments.experiment import Experiment
from experiments.frames import cells, in_order, optima
from experiments.words import listed, plain
from numdiff.analysis.metrics import correct_digits
from numdiff.report.figures import (
    PART_STYLE,
    Figure,
    Style,
    decade_ticks,
    error_axes,
    is_narrow,
    mark_optimum,
    name_failures,
    outside_legend,
    plot_errors,
    scientific,
    subject,
)
from numdiff.report.styles import INK, MUTED, PALE
from numdiff.report.tables import Table
from numdiff.study.records import PARTS
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

EPS = 1e-4
SWEEP = Sweep("composition", ("composition",), given_steps=(EPS,), neighbourhood=True)
NEGLIGIBLE = 1e-5
"""A part that is smaller, beside the smallest total error of any step, is not drawn."""
ANSWERED = "float64"
"""The format of the answer."""
LIMITS = (
    "One function at one point, that of the course. Its derivatives are large (f‴ is 32 times f), so that truncation "
    "counts for more than it does for a flat function.",
    "The factors between eps and the best step are RMS errors over 33 neighbouring points: at a single point an error "
    "can be small by luck.",
    "Back-propagation gives all digits of this derivative, without a step: see the section on the cost of a gradient.",
    "CADNA and Verrou estimate the rounding part of such an error in a whole program, where no exact derivative is "
    "known; truncation, which decides here, they do not see.",
)


CAUSES = {
    "truncation": "truncation, the formula's own error",
    "abscissa": "the rounding of x ± h",
    "evaluation": "rounding inside f",
    "combination": "the rounding of difference and quotient",
}
"""The parts of an error as a sentence names them."""
LABELS = {
    "truncation": "the formula (truncation)",
    "abscissa": "rounding of x ± h",
    "evaluation": "rounding inside f",
    "combination": "rounding of the quotient",
}
"""The parts of an error as a figure names them."""
DRAWN = ("truncation", "roundoff")
"""The parts in the figure of curves: what the formula does, and what all rounding adds."""
ARMS = {"truncation": "truncation: the formula's own error", "roundoff": "rounding, all of it"}
"""How they are named there."""


def at_eps(records):
    """Return the cells at the course's step, narrow formats first, with the name of the largest part."""
    frame = in_order(cells(records, grid="given"), "method", "format")
    return frame.assign(largest=frame[list(PARTS)].abs().idxmax(axis=1))


def best_steps(records):
    """Return the best step of each formula and format beside the course's."""
    given = at_eps(records).set_index(["method", "format"])[["rms_error", "reference"]]
    best = in_order(optima(records), "method", "format").set_index(["method", "format"])
    best = best[["step_value", "rms_error", "digits"]].join(given.rename(columns={"rms_error": "rms_error_eps"}))
    best["digits_eps"] = np.maximum(correct_digits(best["rms_error_eps"], best.pop("reference")), 0.0)
    return best.assign(times=best["rms_error_eps"] / best["rms_error"]).reset_index()


def tables(measured: Measured) -> list[Table]:
    ledger = at_eps(measured.records)[["method", "format", "computed_value", "total", *PARTS, "largest", "status"]]
    return [
        Table(
            "ledger",
            "The derivative at 0.5 with eps = 1e-4, and the four parts of its error",
            "eps is rounded once to each format. truncation (of the formula) + abscissa (rounding of x ± h) + "
            "evaluation "
            "(rounding inside f) + combination (rounding of difference and quotient) = total. Absorbed: x + h or x − h "
            "rounds to x.",
            ledger,
            {"computed_value": "g17"},
            headings={"computed_value": "computed"},
            where={"grid": "given"},
        ),
        Table(
            "best_steps",
            "How good is eps = 1e-4 here?",
            "RMS errors over 33 neighbouring points: at the best generic step h, and at eps; times: how many times "
            "larger the error at eps is. 0 digits: an error as large as the derivative.",
            best_steps(measured.records),
            headings={
                "step_value": "best h",
                "rms_error": "error at best h",
                "rms_error_eps": "error at eps",
                "digits_eps": "digits at eps",
            },
            kinds={"step_value": "platform"},
        ),
    ]


def figures(measured: Measured) -> list[Figure]:
    curves = parts_against_step(measured.records)
    cell = at_eps(measured.records).query("method == 'centered'").set_index("format").loc[ANSWERED]
    dots = parts_of_formats(measured.records)
    rows: Any = dots.drop_duplicates("format")
    return [
        Figure(
            "parts_against_step",
            "At eps = 10⁻⁴ truncation is far above rounding",
            "The two parts of the error of the centered difference in float64; the broad band is the total. At the "
            "best step they are as large as each other. Truncation of 10⁻⁵ of the smallest total and less is left out.",
            "Truncation falls steeply to the left and rounding rises; they cross near the best step. At eps truncation "
            f"is {plain(abs(cell['truncation']))} and rounding {plain(abs(cell['roundoff']))}.",
            curves,
            partial(draw_ledger, marked=EPS, sizes={name: float(abs(cell[name])) for name in DRAWN}),
            kinds={"step_value": "platform"},  # which steps are drawn depends on the sizes of the parts
        ),
        Figure(
            "parts_by_format",
            "Which part decides the error at eps = 10⁻⁴ depends on the format",
            "Centered difference. The rightmost mark of a row is the part that decides. "
            "Where x + h rounds to x, the quotient is 0 and the whole derivative is lost.",
            "A row of marks for each format; the rightmost is "
            + listed(f"{e.largest} in {e.format} ({plain(e.largest_size)})" for e in rows.itertuples())
            + ".",
            dots,
            draw_parts_by_format,
            narrow=(3.8, 5.2),
        ),
    ]


def parts_against_step(records) -> pd.DataFrame:
    """Return total, truncation and rounding at generic steps, without what is NEGLIGIBLE beside the smallest total."""
    curves = cells(records, method="centered", format=ANSWERED, grid="generic")
    best = optima(records)
    lowest = cells(best, method="centered", format=ANSWERED)["step_value"].iloc[0]
    curves = curves.melt(["step_value", "status"], [*DRAWN, "total"], "part", "error")
    # The parts of a cell whose step is lost are known; only the total is the failure.
    curves["status"] = curves["status"].where(curves["part"] == "total", "ok")
    curves["best"] = (curves["part"] == "total") & (curves["step_value"] == lowest)
    size = curves["error"].abs()
    return curves[(curves["part"] == "total") | (size >= NEGLIGIBLE * size[curves["part"] == "total"].min())]


def parts_of_formats(records) -> pd.DataFrame:
    """Return the size of each part of the centered difference at eps for each format, narrow formats first."""
    parts = at_eps(records).query("method == 'centered'")
    sizes = parts[list(PARTS)].abs()
    parts = parts.assign(**sizes.to_dict("series"), largest_size=sizes.max(axis=1))
    dots = parts.melt(["format", "status", "largest", "largest_size"], [*PARTS], "part", "size")
    dots["row"] = dots["format"] + dots["status"].map(lambda word: "" if word == "ok" else "\nx + h = x")
    return dots


def findings(measured: Measured) -> list[str]:
    frame, best = at_eps(measured.records), best_steps(measured.records)
    given = frame[frame["format"] == ANSWERED].set_index("method")
    cell, forward = given.loc["centered"], given.loc["forward"]
    rest = sum(cell[name] for name in PARTS if name != cell["largest"])
    parts = frame[frame["method"] == "centered"].groupby("largest", sort=False)["format"].agg(list)
    times = best[best["method"] == "centered"].set_index("format")["times"]
    return [
        f"The number of the course, {float(cell['computed_value'])!r}, is {plain(abs(cell['total']))} too "
        f"{'large' if cell['total'] > 0 else 'small'}, and in float64 nearly all of that is "
        f"{CAUSES[cell['largest']]}.",
        f"The derivative is {cell['reference_text'][:18]}…. The {cell['largest']} part of the error is "
        f"{plain(abs(cell[cell['largest']]))}; the other three add up to {plain(abs(rest))}.",
        f"The forward difference returns {float(forward['computed_value'])!r} at the same step: its error is "
        f"{plain(abs(forward['total'] / cell['total']))} times as large.",
        "Which part decides the error of the centered difference at this step depends on the format: "
        + listed(f"{name} in {listed(formats)}" for name, formats in parts.items())
        + ".",
        f"The best step would make the error in float64 {plain(times[ANSWERED])} times smaller; the table has the "
        "other "
        "formats.",
    ]


def advice(measured: Measured) -> list[str]:
    best = best_steps(measured.records)
    row = best[best["method"] == "centered"].set_index("format").loc[ANSWERED]
    lost = at_eps(measured.records).query("method == 'centered' and status == 'absorbed'")["format"]
    sentences = [
        f"eps = 1e-4 is a safe choice in float64 with the centered difference: about {row['digits_eps']:.1f} digits "
        "here. "
        f"A step near {plain(row['step_value'])} gives {row['digits']:.1f}.",
        "Where the error is truncation, a formula of higher order or a smaller step helps; where it is rounding inside "
        "f, "
        "only a larger step or a better way to compute f does.",
    ]
    if len(lost):
        sentences.append(
            f"Never use eps = 1e-4 in {listed(lost)}: x + eps rounds to x, and the derivative reads 0. Compute in "
            "float32 "
            "or float64, or take a step that the format can see."
        )
    return sentences


def draw_ledger(fig: Canvas, data: pd.DataFrame, marked: float, sizes: Mapping[str, float]) -> None:
    """Draw the total error as a broad band, before it truncation and rounding, and their sizes at a marked step."""
    ax = error_axes(fig.subplots(), ylabel="size of the error")
    total = data[data["part"] == "total"]
    band: dict[str, Any] = {"status": total["status"], "color": PALE, "linewidth": 8}
    plot_errors(ax, total["step_value"], total["error"], Style(MUTED, ""), "_total", **band)
    for name in DRAWN:
        part, style = data[data["part"] == name], PART_STYLE[name]
        shown = part[part["step_value"] >= total[total["status"] == "ok"]["step_value"].min()]
        plot_errors(ax, shown["step_value"], shown["error"], style, "_part", linestyle="-", linewidth=1.8, markersize=0)
        color = style.text_color
        ax.plot([marked], [sizes[name]], "o", markersize=7, color=style.color, zorder=6, label="_size")
        at: dict[str, Any] = {"textcoords": "offset points", "fontsize": 9.5, "color": color}
        at |= {"xytext": (8, -9), "va": "top"} if name == "truncation" else {"xytext": (8, 7), "va": "bottom"}
        ax.annotate(scientific(sizes[name]), (marked, sizes[name]), ha="left", weight="bold", **at)
    _name_arms(ax, data)
    _mark_step(ax, marked, sizes)
    for ring in total[total["best"]].to_dict("records"):
        text = f"ring: best step\nh = {plain(ring['step_value'])}"
        mark_optimum(ax, ring["step_value"], abs(ring["error"]), "", size=11)
        left: dict[str, Any] = {"xytext": (-34, -10), "textcoords": "offset points", "ha": "right", "va": "center"}
        line = {"arrowstyle": "-", "linewidth": 0.7, "color": INK, "shrinkB": 6}
        ax.annotate(text, (ring["step_value"], abs(ring["error"])), fontsize=9.5, arrowprops=line, **left)
    name_failures(ax)
    subject(fig, f"Centered difference of (Square∘Exp∘Square)(x) = exp(x²)² at x = 0.5, {ANSWERED}:")


def _name_arms(ax: Axes, data: pd.DataFrame) -> None:
    """Write beside the curves what they are; the total beside the end of its band."""
    places = {"truncation": (0.06, (-8, -2), "right"), "roundoff": (0.3, (16, 8), "left")}
    narrow = is_narrow(ax.figure)
    for name, (share, offset, ha) in places.items():
        part = data[(data["part"] == name) & (data["error"] != 0)].sort_values("step_value")
        at = part.iloc[round(share * (len(part) - 1))]
        words = re.split("[:,]", ARMS[name])[0] if narrow else ARMS[name]
        look: dict[str, Any] = {"fontsize": 10, "color": PART_STYLE[name].text_color, "va": "bottom", "ha": ha}
        ax.annotate(words, (at["step_value"], abs(at["error"])), offset, textcoords="offset points", **look)
    total = data[(data["part"] == "total") & (data["status"] == "ok")].sort_values("step_value")
    at = total.iloc[round(0.96 * (len(total) - 1))]
    beside: dict[str, Any] = {"xytext": (-10, 2), "textcoords": "offset points", "ha": "right", "va": "bottom"}
    ax.annotate("grey: total", (at["step_value"], abs(at["error"])), fontsize=10, color=MUTED, **beside)


def _mark_step(ax: Axes, marked: float, sizes: Mapping[str, float]) -> None:
    """Draw the step of the course, and by how much one part is larger there than the other."""
    ax.axvline(marked, color=MUTED, linewidth=1, linestyle=(0, (4, 2)), zorder=1, label="_marked")
    right: dict[str, Any] = {"textcoords": "offset points", "ha": "left", "color": INK, "fontsize": 10}
    low = {"xycoords": ax.get_xaxis_transform(), "xytext": (5, 4), "va": "bottom"}
    ax.annotate("eps = 10⁻⁴", (marked, 0), **right | low)
    middle = math.sqrt(sizes["truncation"] * sizes["roundoff"])
    times = f"{round(sizes['truncation'] / sizes['roundoff'], -3):,.0f} times".replace(",", " ")
    ax.annotate(times, (marked, middle), xytext=(8, 0), va="center", **right)
    ends = (marked, sizes["truncation"]), (marked, sizes["roundoff"])
    arrow = {"arrowstyle": "<->", "color": INK, "linewidth": 1.2, "shrinkA": 4, "shrinkB": 4}
    ax.annotate("", ends[0], ends[1], arrowprops=arrow, zorder=5)


def draw_parts_by_format(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the sizes of the parts of an error, one row for each format; exact zeros are named below their row."""
    ax = fig.subplots()
    styles = {LABELS[name]: PART_STYLE[name] for name in dict.fromkeys(data["part"])}
    placed = data.assign(size=data["size"].mask(data["size"] == 0), part=data["part"].map(LABELS))
    dot_rows(ax, placed, styles, row="row", series="part", x="size", apart=0)
    for line in ax.lines:
        if line.get_label() == LABELS["truncation"]:
            line.set_markersize(10)  # seen behind a part that is as large
    for level, row in enumerate(dict.fromkeys(data["row"])):
        _name_largest(ax, data[data["row"] == row], level)
        zeros = data[(data["row"] == row) & (data["size"] == 0)]["part"]
        if len(zeros):
            text = f"exactly 0: {listed(LABELS[name] for name in zeros)}"
            ax.annotate(
                textwrap.fill(text, 28) if is_narrow(fig) else text,
                (0, level),
                xycoords=ax.get_yaxis_transform(),
                xytext=(5, -5),
                textcoords="offset points",
                va="top",
                fontsize=9,
                color=MUTED,
            )
    decade_ticks(ax, "x")
    ax.set_xlabel("size of the part at h = 10⁻⁴")
    outside_legend(fig, ax)
    subject(fig, "Centered difference of exp(x²)² at x = 0.5 with h = 10⁻⁴:")


def _name_largest(ax: Axes, row: pd.DataFrame, level: int) -> None:
    """Name the largest part of a row beside its mark, which decides."""
    at, part = float(row["largest_size"].iloc[0]), str(row["largest"].iloc[0])
    beside: dict[str, Any] = {"textcoords": "offset points", "va": "bottom", "fontsize": 9, "weight": "bold"}
    right = at < 1e-5
    text = f"{SHORT[part]} decides"
    place: dict[str, Any] = {"xytext": (9, 4), "ha": "left"} if right else {"xytext": (-7, 5), "ha": "right"}
    ax.annotate(text, (at, level), color=PART_STYLE[part].text_color, **beside | place)


SHORT = {"truncation": "the formula", "abscissa": "rounding of x ± h"}
SHORT |= {"evaluation": "rounding inside f", "combination": "the quotient"}
"""The same in a word."""


EXPERIMENT = Experiment(
    "composition",
    "The course's composition",
    "Square∘Exp∘Square at 0.5 gives 3.2974426293330694 at eps = 1e-4: where does its error come from?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
    advice=advice,
    limits=LIMITS,
)
