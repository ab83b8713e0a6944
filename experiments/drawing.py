"""What two or more experiments draw: lines through a curve, rows of dots, error curves with their best steps.

Illustrations use correctly rounded functions: they are the same on every machine.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from experiments.frames import RUN, of_grid, rows_of
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE, Style
from numdiff.report.labels import spread
from numdiff.report.styles import FAINT, INK, PALE

Curve = Callable[[np.ndarray], Any]
DASHED = (0, (4, 2))
"""The line style of bounds and limits."""
_ROW = 0.06
"""Distance between names, and between dimension lines, as a share of the height of the axes."""


class Straight(NamedTuple):
    """A line of a given slope through the curve at its nodes, drawn from x = ends[0] to ends[1].

    `heights` are the values of the curve at the nodes; `width` is written at the dimension line between them. A tangent
    has one node and no width.
    """

    name: str
    slope: float
    nodes: tuple[float, ...]
    heights: tuple[float, ...]
    ends: tuple[float, float]
    color: str
    width: str = ""


def straight(f: Curve, name: str, slope: float, nodes: tuple[float, ...], *looks: Any) -> Straight:
    """Return a line through the curve of f; `looks` are its ends, its colour and its width."""
    return Straight(name, slope, nodes, tuple(f(np.array(nodes)).tolist()), *looks)


def geometry_data(f: Curve, lines: Sequence[Straight], span: tuple[float, float]) -> pd.DataFrame:
    """Return what `draw_geometry` draws: the curve, and both ends of each line."""
    grid = np.linspace(*span, 82)
    parts = [pd.DataFrame({"line": "curve", "slope": np.nan, "x": grid, "y": f(grid)})]
    for line in lines:
        x = np.array(line.ends)
        y = line.heights[0] + line.slope * (x - line.nodes[0])
        parts.append(pd.DataFrame({"line": line.name, "slope": line.slope, "x": x, "y": y}))
    return pd.concat(parts, ignore_index=True)


def draw_geometry(fig: Canvas, data: pd.DataFrame, lines: Sequence[Straight], bottom: float) -> None:
    """Draw the curve, the lines with their names and slopes at the right, and the steps at the bottom."""
    ax = fig.subplots()
    fig.subplots_adjust(right=0.7)
    curve = data[data["line"] == "curve"]
    ax.plot(curve["x"], curve["y"], color=INK, linewidth=2.8, zorder=4)
    height = curve["y"].max() - bottom
    tips = {line: float(data[data["line"] == line.name]["y"].iloc[-1]) for line in lines}
    ordered = sorted(lines, key=tips.__getitem__)
    levels = spread([tips[line] for line in ordered], _ROW * height, bottom, bottom + height)
    for line, level in zip(ordered, levels, strict=True):
        ax.annotate(
            f"{line.name}: slope {line.slope:.3f}",
            (1, level),
            xycoords=ax.get_yaxis_transform(),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=line.color,
            weight="normal" if line.width else "bold",
        )
    for number, line in enumerate(lines):
        part, nodes, heights = data[data["line"] == line.name], np.array(line.nodes), np.array(line.heights)
        dashes: dict[str, Any] = {} if line.width else {"linestyle": (0, (5, 2)), "linewidth": 2.2}
        ax.plot(part["x"], part["y"], color=line.color, **{"linewidth": 1.7} | dashes)
        ax.plot(nodes, heights, "o", color=line.color, markersize=8 if line.width else 9, zorder=6 + number)
        if line.width:
            _dimension(ax, nodes, heights, bottom + (0.03 + _ROW * number) * height, line)
    ax.set(xlabel="x", ylabel="y", xlim=(curve["x"].min(), curve["x"].max()))
    ax.set_ylim(bottom, bottom + 1.02 * height)


def _dimension(ax: Axes, nodes: np.ndarray, values: np.ndarray, level: float, line: Straight) -> None:
    """Draw the dimension line between two nodes."""
    arrow = {"arrowstyle": "<->", "color": line.color, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (max(nodes), level), (min(nodes), level), arrowprops=arrow)
    ax.annotate(
        line.width, (max(nodes), level), xytext=(5, 0), textcoords="offset points", color=line.color, va="center"
    )
    ax.vlines(nodes, level, values, color=line.color, linewidth=0.9, linestyle=(0, (1, 2)))


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
    """Return what the curves show at generic steps: RMS error over the neighbours, truncation error at x, the model."""
    chosen = of_grid(records, "generic")
    chosen = chosen[chosen["problem"].isin(problems)]
    size = chosen["reference"].abs() if relative else 1.0
    is_best = pd.MultiIndex.from_frame(chosen[[*RUN, "k"]]).isin(pd.MultiIndex.from_frame(best[[*RUN, "k"]]))
    frame = chosen[[*RUN, "step_value", "status"]].assign(
        error=chosen["rms_error"] / size,
        truncation=chosen["truncation"].abs() / size,
        best=is_best,
        model=chosen["model_error"] / size,
        predicted_step=chosen["predicted_step"],
        predicted_error=chosen["predicted_error"] / size,
        a_priori_bound=chosen["a_priori_bound"] / size,
    )
    return frame.reset_index(drop=True)


def draw_curves(ax: Axes, frame: pd.DataFrame, ring: float = 7) -> None:
    """Draw the truncation error as one broad line, before it the error of each format, rings at the best steps."""
    shared = frame[frame["truncation"] > 0].sort_values("step_value")
    ax.plot(shared["step_value"], shared["truncation"], color=PALE, linewidth=5, zorder=1, label="_truncation")
    draw.plot_groups(ax, frame, y="error")
    for mark in rows_of(frame[frame["best"]]):
        color = FORMAT_STYLE[mark.format].text_color
        draw.mark_optimum(ax, mark.step_value, mark.error, "", color=color, size=ring)


def draw_model(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw over the curves what the model says: a thin black line for each format, a diamond at its minimum."""
    for _, part in frame.groupby("format", sort=False):
        shown = part[part["model"] <= 2 * frame["error"].max()].sort_values("step_value")
        ax.plot(shown["step_value"], shown["model"], color=INK, linewidth=0.9, zorder=5, label="_model")
    draw_predicted(ax, frame)


def draw_predicted(ax: Axes, frame: pd.DataFrame, size: float = 5) -> None:
    """Draw a black diamond at the predicted optimum of each format."""
    for _, part in frame.groupby("format", sort=False):
        ax.plot(
            part["predicted_step"].iloc[:1],
            part["predicted_error"].iloc[:1],
            marker="D",
            markersize=size,
            color=INK,
            markeredgecolor="white",
            markeredgewidth=0.7,
            zorder=7,
            label="_predicted",
        )


def cut(ax: Axes, frame: pd.DataFrame) -> None:
    """End the axes below what any format reaches; the truncation error goes on far below."""
    ax.set_ylim(bottom=0.02 * frame["error"].min())
