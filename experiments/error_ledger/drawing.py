"""How the parts of the error are drawn: over the step, by format, and as shares of their sum."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.drawing import DASHED
from experiments.frames import cells, formats_of, methods_of
from numdiff.report import figures as draw
from numdiff.report.figures import PART_STYLE
from numdiff.report.styles import INK, MUTED
from numdiff.study.records import PARTS

BROAD: Mapping[str, Any] = {"linewidth": 5, "alpha": 0.22, "marker": ""}
"""How the total looks behind its parts."""


def draw_parts(ax: Axes, frame: pd.DataFrame, floor: float) -> None:
    """Draw the parts over the step, the total as a broad line behind them, its bound, and the best step."""
    best = frame["best_step"].iloc[0]
    ax.axvline(best, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1, label="_best")
    total = frame["part"] == "total"
    draw.plot_groups(ax, frame[total], by="part", y="error", floor=floor, **BROAD)
    draw.plot_groups(ax, frame[~total], by="part", y="error", floor=floor, linewidth=1.2)
    bounded = frame[total].sort_values("step_value")
    finite = bounded[np.isfinite(bounded["a_priori_bound"]) & (bounded["status"] == "ok")]
    ax.plot(finite["step_value"], finite["a_priori_bound"], color=INK, linewidth=1.1, linestyle=DASHED, label="_bound")


def draw_shares(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw the shares of the parts as stacked areas over the doublings of the step from the best one."""
    stack = [rows[f"{part}_share"] for part in PARTS]
    ax.stackplot(rows["octave"], stack, colors=[PART_STYLE[part].color for part in PARTS], linewidth=0)
    ax.axvline(0, color="white", linewidth=1.2, linestyle=DASHED)
    ax.set_xticks([-10, -5, 0, 5], ["2⁻¹⁰", "2⁻⁵", "1", "2⁵"])
    ax.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    ax.set(xlim=(-12, 6), ylim=(0, 1))


def draw_four_parts(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the parts of one format with the bound, the model, the observed and the predicted best step."""
    ax = draw.error_axes(fig.subplots())
    draw_parts(ax, data, draw.zero_floor(data["error"]))
    best, predicted = data["best_step"].iloc[0], data["predicted_step"].iloc[0]
    ax.plot(
        [predicted],
        [0],
        marker="D",
        markersize=7,
        color=INK,
        transform=ax.get_xaxis_transform(),
        clip_on=False,
        zorder=8,
        label="_predicted",
    )
    ax.annotate(
        f"best step {draw.scientific(best)}\n◆ predicted {draw.scientific(predicted)}",
        (best, 1),
        xycoords=ax.get_xaxis_transform(),
        xytext=(4, -4),
        textcoords="offset points",
        va="top",
        fontsize=8.5,
        color=MUTED,
    )
    total = data[data["part"] == "total"].sort_values("step_value")
    ax.plot(total["step_value"], total["model_error"], color=INK, linewidth=0.9, zorder=6, label="_model")
    bounded = data[(data["part"] == "total") & (data["status"] == "ok") & np.isfinite(data["a_priori_bound"])]
    if len(bounded):
        row = bounded.sort_values("step_value").iloc[len(bounded) // 4]
        ax.annotate(
            "a priori bound, known before any run",
            (row["step_value"], row["a_priori_bound"]),
            xytext=(4, 7),
            textcoords="offset points",
            fontsize=9,
            color=INK,
        )
    draw.direct_labels(ax)


def draw_parts_by_format(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a panel for each format."""
    groups = [(item, cells(data, format=item)) for item in formats_of(data)]
    # Down to the rounding parts only: truncation alone would take half of each panel.
    floor = draw.zero_floor(data.loc[data["part"] != "truncation", "error"]) / 100
    panels = draw.draw_panels(fig, groups, partial(draw_parts, floor=floor), columns=2)
    panels[0].set_ylim(floor / 10)
    total = Line2D([], [], color="black", label="total", **BROAD)
    bound = Line2D([], [], color="black", label="its bound", linewidth=1.1, linestyle="--")
    draw.outside_legend(fig, handles=[total, bound, *draw.legend_entries(PARTS)])


def draw_shares_by_step(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a row of panels for each formula, a column for each format."""
    formats, methods = formats_of(data), methods_of(data)
    fig.subplots_adjust(top=1 - 0.34 / fig.get_figheight(), bottom=1.05 / fig.get_figheight())
    grid = fig.subplots(
        len(methods), len(formats), sharex=True, sharey=True, squeeze=False, gridspec_kw={"wspace": 0.1}
    )
    for (row, column), ax in np.ndenumerate(grid):
        rows = cells(data.assign(step_value=-data["octave"]), method=methods[row], format=formats[column])
        draw_shares(ax, rows)
        ax.set_title(formats[column] if row == 0 else "")
        ax.set_ylabel(methods[row] if column == 0 else "")
    below = 0.46 / fig.get_figheight()
    fig.supxlabel("step, relative to the best step of the function in the format", y=below, fontsize=10)
    patches = [Patch(color=PART_STYLE[part].color, label=part) for part in PARTS]
    fig.legend(handles=patches, loc="lower center", ncols=len(PARTS))
