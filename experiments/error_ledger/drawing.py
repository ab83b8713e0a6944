"""How the parts of the error are drawn: as shares of their sum, and as lines over the step."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.drawing import DASHED
from experiments.frames import cells, formats_of, methods_of, rows_of
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE, PART_STYLE
from numdiff.report.styles import INK, MUTED
from numdiff.study.records import PARTS

CAUSES = {
    "truncation": "truncation: the formula itself",
    "abscissa": "abscissa: rounding of x ± h",
    "evaluation": "evaluation: rounding inside f",
    "combination": "combination: rounding of the quotient",
}
"""The parts of the error, each with its cause."""
_FIRST = -12
"""The left end of the panels, in doublings of the best step."""
_BEST: dict[str, Any] = {"color": INK, "linewidth": 1.3, "linestyle": DASHED}
"""How the line at the best step looks."""


def draw_shares(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw the shares of the parts as stacked areas over the doublings of the step from the best one."""
    stack = [rows[f"{part}_share"] for part in PARTS]
    ax.stackplot(rows["octave"], stack, colors=[PART_STYLE[part].color for part in PARTS], linewidth=0)
    # A light rim keeps the dashes apart from any of the colours below.
    ax.axvline(0, color="white", linewidth=3)
    ax.axvline(0, **_BEST)
    start = rows["octave"].min()
    if start > _FIRST + 1:
        middle = (_FIRST + start) / 2
        ax.text(middle, 0.5, "x + h = x", rotation=90, ha="center", va="center", fontsize=8.5, color=MUTED)
    _name_areas(ax, rows)
    ax.set_xticks([-8, 0, 4], ["1/256", "1", "16"])
    ax.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    ax.set(xlim=(_FIRST, 6), ylim=(0, 1))
    ax.grid(visible=False)


def _name_areas(ax: Axes, rows: pd.DataFrame) -> None:
    """Write into the large areas what they are, at the left and at the right end."""
    left = rows[rows["octave"].between(-10, -5)].mean(numeric_only=True)
    words: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8.5, "color": "white", "weight": "bold"}
    if len(rows[rows["octave"] <= -10]):
        low = left["truncation_share"] + left["abscissa_share"]
        ax.text(-6.5, left["truncation_share"] + left["abscissa_share"] / 2, "x ± h", **words | {"color": INK})
        ax.text(-6.5, low + left["evaluation_share"] / 2, "inside f", **words)
    ax.text(3.4, 0.45, "formula", rotation=90, **words)


def draw_shares_by_step(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a row of panels for each formula, a column for each format."""
    formats, methods = formats_of(data), methods_of(data)
    narrow = draw.is_narrow(fig)
    fig.subplots_adjust(top=1 - 0.34 / fig.get_figheight(), bottom=1.45 / fig.get_figheight())
    fig.subplots_adjust(left=(0.9 if narrow else 1.1) / fig.get_figwidth())
    grid = fig.subplots(
        len(methods), len(formats), sharex=True, sharey=True, squeeze=False, gridspec_kw={"wspace": 0.1}
    )
    for (row, column), ax in np.ndenumerate(grid):
        rows = cells(data.assign(step_value=-data["octave"]), method=methods[row], format=formats[column])
        draw_shares(ax, rows)
        if narrow:
            ax.set_title(f"{formats[column]}, {methods[row]}", fontsize=8.5)
        else:
            ax.set_title(formats[column] if row == 0 else "")
            ax.set_ylabel(methods[row] if column == 0 else "")
    middle = (fig.subplotpars.bottom + fig.subplotpars.top) / 2
    fig.supylabel("share of the error", x=0.1 / fig.get_figwidth(), y=middle, ha="left", fontsize=10)
    below = 0.9 / fig.get_figheight()
    fig.supxlabel("step, as a multiple of the best step", y=below, fontsize=10)
    patches: list[Any] = [Patch(color=PART_STYLE[part].color, label=CAUSES[part]) for part in PARTS]
    fig.legend(handles=[*patches, Line2D([], [], label="best step", **_BEST)], loc="lower center", ncols=2)


def draw_rounding(fig: Canvas, data: pd.DataFrame, drawn: str) -> None:
    """Draw the truncation error once, and the rounding error of each format: they cross at the best steps."""
    ax = draw.error_axes(fig.subplots(), ylabel="size of the error")
    truncation = data[data["truncation"] > 0].drop_duplicates("step_value").sort_values("step_value")
    name = "truncation" if draw.is_narrow(fig) else "truncation: the formula itself"
    (line,) = ax.plot(truncation["step_value"], truncation["truncation"], label=name)
    line.set(color=PART_STYLE["truncation"].color, linewidth=3.2, zorder=2)
    for line in draw.plot_groups(ax, data, y="roundoff", linewidth=1.1):
        line.set_label(f"_{line.get_label()}")  # Named at its upper end.
    for mark in rows_of(data[data["best"]]):
        color = FORMAT_STYLE[mark.format].text_color
        draw.mark_optimum(ax, mark.step_value, max(mark.roundoff, mark.truncation), "", color=color, size=11)
    usable = data[(data["status"] == "ok") & (data["roundoff"] > 0)]
    ax.set_ylim(0.02 * usable["roundoff"].min(), 1e6 * usable["roundoff"].max())
    draw.subject(fig, drawn)
    _name_rounding(ax, usable)
    draw.direct_labels(ax, margin=False)
    draw.name_failures(ax, "" if draw.is_narrow(fig) else "x + h = x")


def _name_rounding(ax: Axes, usable: pd.DataFrame) -> None:
    """Name the rounding errors above their upper ends, and draw the slope of those of the widest format."""
    above: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": 10}
    for place, name in enumerate(formats_of(usable)):
        ends = usable[usable["format"] == name].sort_values("step_value").iloc[:3]
        point, color = (ends["step_value"].iloc[0], ends["roundoff"].max()), FORMAT_STYLE[name].text_color
        ax.annotate(name, point, xytext=(0, 7 + 13 * (place % 2)), color=color, **above)
    widest = usable[usable["format"] == formats_of(usable)[-1]].sort_values("step_value")
    middle = widest.iloc[len(widest) // 3]
    draw.slope_guide(ax, -1, (middle["step_value"], middle["roundoff"]), "O(1/h)", color=INK, shift=1.6)
