"""What two or more experiments draw: rows of dots, error curves with their best steps."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.frames import RUN, of_grid, rows_of
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE, Style
from numdiff.report.styles import FAINT, INK, PALE, ROLE_STYLE

DASHED = (0, (4, 2))
"""The line style of bounds and limits."""
PREDICTED = ROLE_STYLE["predicted"].color
"""The colour of what is predicted."""


def dot_rows(
    ax: Axes, data: pd.DataFrame, styles: Mapping[str, Style], *, row: str, series: str, x: str, apart: float
) -> None:
    """Draw a row for each value of a column, the first at the top, and in it a dot for each series.

    Where the data have the columns `low` and `high`, a thin line shows the range.
    """
    rows = list(dict.fromkeys(data[row]))
    for number, (name, style) in enumerate(styles.items()):
        part = data[data[series] == name]
        heights = [rows.index(value) + apart * (number - (len(styles) - 1) / 2) for value in part[row]]
        if "low" in part:
            ax.hlines(heights, part["low"], part["high"], color=style.color, linewidth=1.2, zorder=3)
        options = style.line_options(linestyle="none", markersize=7)
        hollow = part["hollow"].to_numpy() if "hollow" in part else np.zeros(len(part), dtype=bool)
        ax.plot(np.where(hollow, np.nan, part[x]), heights, zorder=4, label=name, **options)
        options |= {"markerfacecolor": "white", "markeredgecolor": style.color, "markeredgewidth": 1.3}
        ax.plot(np.where(hollow, part[x], np.nan), heights, zorder=4, label="_hollow", **options)
    ax.set(yticks=range(len(rows)), ylim=(len(rows) - 0.5, -0.5))
    ax.set_yticklabels(rows)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    for border in range(1, len(rows)):
        ax.axhline(border - 0.5, color=FAINT, linewidth=0.8, zorder=0, label="_border")


def curves(records: pd.DataFrame, best: pd.DataFrame, problems, relative: bool = True) -> pd.DataFrame:
    """Return what the curves show at generic steps: RMS error over the neighbours, truncation error at x, the model.

    A predicted best step is shown where no assumption of the prediction fails.
    """
    chosen = of_grid(records, "generic")
    chosen = chosen[chosen["problem"].isin(problems)]
    size = chosen["reference"].abs() if relative else 1.0
    is_best = pd.MultiIndex.from_frame(chosen[[*RUN, "k"]]).isin(pd.MultiIndex.from_frame(best[[*RUN, "k"]]))
    holds = chosen["prediction"] == "ok"
    frame = chosen[[*RUN, "step_value", "status"]].assign(
        error=chosen["rms_error"] / size,
        truncation=chosen["truncation"].abs() / size,
        best=is_best,
        model=chosen["model_error"] / size,
        predicted_step=chosen["predicted_step"].where(holds),
        predicted_error=(chosen["predicted_error"] / size).where(holds),
        a_priori_bound=chosen["a_priori_bound"] / size,
    )
    return frame.reset_index(drop=True)


def draw_curves(ax: Axes, frame: pd.DataFrame, ring: float = 7, **options: Any) -> None:
    """Draw the truncation error as one broad line, before it the error of each format, rings at the best steps.

    `options` change how the curves are drawn.
    """
    shared = frame[frame["truncation"] > 0].sort_values("step_value")
    ax.plot(shared["step_value"], shared["truncation"], color=PALE, linewidth=5, zorder=1, label="_truncation")
    draw.plot_groups(ax, frame, y="error", **options)
    for mark in rows_of(frame[frame["best"]]):
        color = FORMAT_STYLE[mark.format].text_color
        draw.mark_optimum(ax, mark.step_value, mark.error, "", color=color, size=ring)


def draw_model(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw over the curves what the model says: a thin grey line for each format, a diamond at its minimum."""
    for _, part in frame.groupby("format", sort=False):
        shown = part[part["model"] <= 2 * frame["error"].max()].sort_values("step_value")
        ax.plot(
            shown["step_value"],
            shown["model"],
            color=PREDICTED,
            linestyle=DASHED,
            linewidth=1.0,
            zorder=5,
            label="_model",
        )
    draw_predicted(ax, frame)


def draw_predicted(ax: Axes, frame: pd.DataFrame, size: float = 5) -> None:
    """Draw a grey diamond at the predicted best step of each format."""
    for _, part in frame.groupby("format", sort=False):
        ax.plot(
            part["predicted_step"].iloc[:1],
            part["predicted_error"].iloc[:1],
            marker="D",
            markersize=size,
            color=PREDICTED,
            markeredgecolor="white",
            markeredgewidth=0.7,
            zorder=7,
            label="_predicted",
        )


def cut(ax: Axes, frame: pd.DataFrame) -> None:
    """End the axes below what any format reaches; the truncation error goes on far below."""
    ax.set_ylim(bottom=0.02 * frame["error"].min())


def key_entries(predictions: bool = True) -> list[Line2D]:
    """Return legend entries for what the curves of `draw_curves` and `draw_model` mean."""
    ring = Line2D([], [], color=INK, marker="o", markersize=9, fillstyle="none", linestyle="none", label="best step")
    entries = [Line2D([], [], color=PALE, linewidth=5, label="truncation error"), ring]
    if predictions:
        entries += [
            Line2D([], [], color=PREDICTED, linestyle=DASHED, linewidth=1.0, label="predicted error"),
            Line2D([], [], color=PREDICTED, marker="D", markersize=6, linestyle="none", label="predicted best step"),
        ]
    cross = Line2D([], [], color=INK, marker="x", markersize=5, linestyle="none", label="no result (x + h = x)")
    return [*entries, cross]
