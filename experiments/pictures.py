"""How the drawings that are no plain error curves are made: geometry, rows of slopes, rows of dots."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from experiments.common import listed
from experiments.runs import plain
from numdiff.kernels import centered_difference, forward_difference
from numdiff.problems import PROBLEMS
from numdiff.report.figures import FORMAT_STYLE, METHOD_STYLE, Figure, Style, decade_ticks
from numdiff.report.figures import direct_labels, error_axes, plot_errors, small_multiples
from numdiff.report.labels import spread
from numdiff.report.styles import BLUE, FAINT, INK, MUTED, VERMILLION

_ROW = 0.06
"""Distance between names, and between dimension lines, as a share of the height of the axes."""


class Straight(NamedTuple):
    """A line of a given slope through the curve at its nodes, drawn from x = ends[0] to ends[1].

    `width` is written at the dimension line between the nodes; a tangent has one node and no width.
    """

    name: str
    slope: float
    nodes: tuple[float, ...]
    ends: tuple[float, float]
    color: str
    width: str = ""


Function = Callable[[Any], Any]


def geometry_data(f: Function, lines: Sequence[Straight], span: tuple[float, float]) -> pd.DataFrame:
    """Return what `draw_geometry` draws: the curve, and both ends of each line."""
    grid = np.linspace(*span, 82)
    parts = [pd.DataFrame({"line": "curve", "slope": np.nan, "x": grid, "y": f(grid)})]
    for line in lines:
        x = np.array(line.ends)
        y = f(np.array(line.nodes[:1])) + line.slope * (x - line.nodes[0])
        parts.append(pd.DataFrame({"line": line.name, "slope": line.slope, "x": x, "y": y}))
    return pd.concat(parts, ignore_index=True)


def draw_geometry(
    fig: Canvas, data: pd.DataFrame, lines: Sequence[Straight], f: Function, bottom: float
) -> None:
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
            f"{line.name}: slope {line.slope:.3f}", (1, level), xycoords=ax.get_yaxis_transform(),
            xytext=(6, 0), textcoords="offset points", va="center", color=line.color,
            weight="normal" if line.width else "bold",
        )  # fmt: skip
    for number, line in enumerate(lines):
        part, nodes = data[data["line"] == line.name], np.array(line.nodes)
        dashes: dict[str, Any] = {} if line.width else {"linestyle": (0, (5, 2)), "linewidth": 2.2}
        ax.plot(part["x"], part["y"], color=line.color, **{"linewidth": 1.7} | dashes)
        ax.plot(nodes, f(nodes), "o", color=line.color, markersize=8 if line.width else 9, zorder=6 + number)
        if line.width:
            _dimension(ax, nodes, f(nodes), bottom + (0.03 + _ROW * number) * height, line)
    ax.set(xlabel="x", ylabel="y", xlim=(curve["x"].min(), curve["x"].max()))
    ax.set_ylim(bottom, bottom + 1.02 * height)


def _dimension(ax: Axes, nodes: np.ndarray, values: np.ndarray, level: float, line: Straight) -> None:
    """Draw the dimension line between two nodes."""
    arrow = {"arrowstyle": "<->", "color": line.color, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (max(nodes), level), (min(nodes), level), arrowprops=arrow)
    ax.annotate(
        line.width, (max(nodes), level), xytext=(5, 0), textcoords="offset points", color=line.color,
        va="center",
    )  # fmt: skip
    ax.vlines(nodes, level, values, color=line.color, linewidth=0.9, linestyle=(0, (1, 2)))


def draw_slopes(fig: Canvas, data: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw the slope against the step, one row for each format; where x + h = x the ground is grey."""
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
            ax.text((low * lost) ** 0.5, limit, "x + h = x", ha="center", va="center", color=MUTED)
        options = FORMAT_STYLE[name].line_options(linestyle="-", markersize=3.4)
        ax.plot(part["step_value"], part["computed_value"], **options)


def dot_rows(
    ax: Axes, data: pd.DataFrame, styles: Mapping[str, Style], *, row: str, series: str, x: str, apart: float
) -> None:
    """Draw one row for each value of a column and in it one dot for each series, the first row at the top."""
    rows = list(dict.fromkeys(data[row]))
    for number, (name, style) in enumerate(styles.items()):
        part = data[data[series] == name]
        heights = [rows.index(value) + apart * (number - (len(styles) - 1) / 2) for value in part[row]]
        ax.plot(part[x], heights, zorder=4, **style.line_options(linestyle="none", markersize=7.5, label=name))
    ax.set(yticks=range(len(rows)), ylim=(len(rows) - 0.5, -0.5))
    ax.set_yticklabels(rows)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    for border in range(1, len(rows)):
        ax.axhline(border - 0.5, color=FAINT, linewidth=0.8, zorder=0)


def draw_truncation(fig: Canvas, data: pd.DataFrame, resolution: float) -> None:
    """Draw the truncation error of each formula, and the level below which a format sees nothing."""
    ax = error_axes(fig.subplots(), ylabel="absolute truncation error")
    for name, part in data.groupby("method", sort=False):
        plot_errors(ax, part["step_value"], part["truncation"], METHOD_STYLE[str(name)], str(name))
    ax.axhline(resolution, color=MUTED, linewidth=1.1, linestyle=(0, (4, 2)), label="_slope")
    ax.annotate(
        "last digit of f′(x) in float64", (data["step_value"].min(), resolution), xytext=(0, 4),
        textcoords="offset points", color=MUTED, fontsize=9,
    )  # fmt: skip
    direct_labels(ax)


def chord_and_secant(h: float = 0.5) -> Figure:
    """Tangent, secant and chord at one point; their slopes come from the kernels."""
    f, x = PROBLEMS["exp"].f, 0.75
    ends = (x - h - 0.15, x + h + 0.15)
    forward, centered = (float(d(f, np.array(x), h)) for d in (forward_difference, centered_difference))
    lines = [
        Straight("centered", centered, (x - h, x + h), ends, BLUE, "2h"),
        Straight("forward", forward, (x, x + h), ends, VERMILLION, "h"),
        Straight("tangent", float(PROBLEMS["exp"].derivative(np.array([x]))[0]), (x,), ends, INK),
    ]
    data = geometry_data(f, lines, ends)
    return Figure(
        "chord_and_secant", "The centered chord is nearly parallel to the tangent",
        f"y = exp(x) at x = {x:g} with a big step, h = {h:g}: the secant to one side (forward) is too steep; the "
        "chord from x − h to x + h (centered) has nearly the slope of the tangent.",
        "Slopes: " + listed(f"{line.name} {line.slope:.3f}" for line in lines) + ".",
        data, lambda fig: draw_geometry(fig, data, lines, f, 0.0),
    )  # fmt: skip


def over_an_interval(h: float = 0.5) -> Figure:
    """f′ and both differences over a period of sin, computed by the kernels."""
    problem, x = PROBLEMS["ascher_greif_sin"], np.linspace(0.0, 2 * np.pi, 121)
    true, forward = problem.derivative(x), forward_difference(problem.f, x, h)
    centered = centered_difference(problem.f, x, h)
    data = pd.DataFrame({"x": x, "derivative": true, "forward": forward, "centered": centered})

    def draw(fig: Canvas) -> None:
        ax = fig.subplots()
        ax.plot(x, true, color=INK, linewidth=5, alpha=0.3, label="true f′(x)")
        for name in ("forward", "centered"):
            ax.plot(x, data[name], color=METHOD_STYLE[name].color, linewidth=1.8, label=name)
        ax.set(xlabel="x", ylabel="slope", xlim=(x[0], x[-1]))
        direct_labels(ax)

    return Figure(
        "over_an_interval", "The forward difference runs half a step ahead",
        f"f = sin with h = {h:g}: the forward difference is a derivative half a step further on; the centered "
        "one stands in the right place, a little too flat.",
        f"Largest distance from f′: forward {plain(float(np.abs(forward - true).max()))}, centered "
        f"{plain(float(np.abs(centered - true).max()))}.",
        data, draw,
    )  # fmt: skip
