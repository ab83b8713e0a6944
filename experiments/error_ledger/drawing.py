"""How the parts of the error are drawn: as shares of their sum, and as lines over the step."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
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


def draw_shares(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw the shares of the parts as stacked areas over the doublings of the step from the best one."""
    stack = [rows[f"{part}_share"] for part in PARTS]
    ax.stackplot(rows["octave"], stack, colors=[PART_STYLE[part].color for part in PARTS], linewidth=0)
    ax.axvline(0, color="white", linewidth=1.6, linestyle=DASHED)
    ax.set_xticks([-8, 0, 4], ["1/256", "1", "16"])
    ax.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    ax.set(xlim=(-12, 6), ylim=(0, 1))


def draw_shares_by_step(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a row of panels for each formula, a column for each format."""
    formats, methods = formats_of(data), methods_of(data)
    fig.subplots_adjust(top=1 - 0.34 / fig.get_figheight(), bottom=1.2 / fig.get_figheight())
    grid = fig.subplots(
        len(methods), len(formats), sharex=True, sharey=True, squeeze=False, gridspec_kw={"wspace": 0.1}
    )
    narrow = draw.is_narrow(fig)
    for (row, column), ax in np.ndenumerate(grid):
        rows = cells(data.assign(step_value=-data["octave"]), method=methods[row], format=formats[column])
        draw_shares(ax, rows)
        if narrow:
            ax.set_title(f"{formats[column]}, {methods[row]}", fontsize=8.5)
        else:
            ax.set_title(formats[column] if row == 0 else "")
            ax.set_ylabel(methods[row] if column == 0 else "")
    below = 0.66 / fig.get_figheight()
    fig.supxlabel("step, as a multiple of the best step", y=below, fontsize=10)
    patches = [Patch(color=PART_STYLE[part].color, label=CAUSES[part]) for part in PARTS]
    fig.legend(handles=patches, loc="lower center", ncols=2)


def draw_rounding(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the truncation error once, and the rounding error of each format: they cross at the best steps."""
    ax = draw.error_axes(fig.subplots(), ylabel="size of the error")
    truncation = data[data["truncation"] > 0].drop_duplicates("step_value").sort_values("step_value")
    name = "truncation" if draw.is_narrow(fig) else "truncation: the formula itself"
    (line,) = ax.plot(truncation["step_value"], truncation["truncation"], label=name)
    line.set(color=PART_STYLE["truncation"].color, linewidth=3.2, zorder=2)
    draw.plot_groups(ax, data, y="roundoff", linewidth=1.1)
    for mark in rows_of(data[data["best"]]):
        color = FORMAT_STYLE[mark.format].text_color
        draw.mark_optimum(ax, mark.step_value, max(mark.roundoff, mark.truncation), "", color=color, size=11)
    usable = data[(data["status"] == "ok") & (data["roundoff"] > 0)]
    ax.set_ylim(0.02 * usable["roundoff"].min(), 300 * usable["roundoff"].max())
    ax.set_title("× x + h = x", loc="right", fontsize=9, color=MUTED)
    _name_rounding(ax, usable)
    draw.direct_labels(ax, margin=False)


def _name_rounding(ax: Axes, usable: pd.DataFrame) -> None:
    """Draw the slope of the rounding errors of the widest format beside them."""
    widest = usable[usable["format"] == formats_of(usable)[-1]].sort_values("step_value")
    middle = widest.iloc[len(widest) // 3]
    draw.slope_guide(ax, -1, (middle["step_value"], middle["roundoff"]), "O(1/h)", color=INK, shift=1.6)
