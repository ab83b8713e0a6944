"""The pictures of the chapter: lines through a curve, a rate of change, the graph of back-propagation.

Curves and values are of correctly rounded functions: they are the same on every machine.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from numdiff.formulas.table import METHODS
from numdiff.report.figures import (
    METHOD_STYLE,
    direct_labels,
    error_axes,
    mark_optimum,
    plot_groups,
    slope_guide,
    subject,
)
from numdiff.report.labels import spread
from numdiff.report.styles import BLUE, INK, MUTED, PALE

Curve = Callable[[np.ndarray], Any]
_NARROW = 5.0
"""Width in inches of a drawing below which it is for a phone."""
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
    curve = data[data["line"] == "curve"]
    ax.plot(curve["x"], curve["y"], color=INK, linewidth=2.8, zorder=4)
    left = (curve["x"].iloc[0], curve["y"].iloc[0])
    ax.annotate("f", left, xytext=(6, 7), textcoords="offset points", style="italic", weight="bold", color=INK)
    height = curve["y"].max() - bottom
    _name_lines(fig, ax, data, lines, (bottom, height))
    for number, line in enumerate(lines):
        part, nodes, heights = data[data["line"] == line.name], np.array(line.nodes), np.array(line.heights)
        dashes: dict[str, Any] = {} if line.width else {"linestyle": (0, (5, 2)), "linewidth": 2.2}
        ax.plot(part["x"], part["y"], color=line.color, **{"linewidth": 1.7} | dashes)
        ax.plot(nodes, heights, "o", color=line.color, markersize=8 if line.width else 9, zorder=6 + number)
        if line.width:
            _dimension(ax, nodes, heights, bottom + (0.03 + _ROW * number) * height, line)
    ax.set(xlabel="x", ylabel="y", xlim=(curve["x"].min(), curve["x"].max()))
    ax.set_ylim(bottom, bottom + 1.02 * height)
    subject(fig, "f(x) = eˣ")


def is_narrow(fig: Canvas) -> bool:
    """Whether a drawing is for a phone."""
    return bool(fig.get_size_inches()[0] < _NARROW)


def _name_lines(
    fig: Canvas, ax: Axes, data: pd.DataFrame, lines: Sequence[Straight], span: tuple[float, float]
) -> None:
    """Write names and slopes beside the ends of the lines; above the curve, where there is no room beside."""
    bottom, height = span
    tips = {line: float(data[data["line"] == line.name]["y"].iloc[-1]) for line in lines}
    ordered = sorted(lines, key=tips.__getitem__)
    if is_narrow(fig):
        levels = [bottom + (0.99 - 1.3 * _ROW * place) * height for place in reversed(range(len(lines)))]
    else:
        fig.subplots_adjust(right=0.7)
        levels = list(spread([tips[line] for line in ordered], _ROW * height, bottom, bottom + height))
    for line, level in zip(ordered, levels, strict=True):
        ax.annotate(
            f"{line.name}: slope {line.slope:.3f}",
            (0 if is_narrow(fig) else 1, level),
            xycoords=ax.get_yaxis_transform(),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=line.color,
            weight="normal" if line.width else "bold",
        )


def _dimension(ax: Axes, nodes: np.ndarray, values: np.ndarray, level: float, line: Straight) -> None:
    """Draw the dimension line between two nodes, its name at the left, where no line ends at the frame."""
    arrow = {"arrowstyle": "<->", "color": line.color, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (max(nodes), level), (min(nodes), level), arrowprops=arrow)
    place: dict[str, Any] = {"xytext": (-5, 0), "textcoords": "offset points", "ha": "right", "va": "center"}
    ax.annotate(line.width, (min(nodes), level), color=line.color, **place)
    ax.vlines(nodes, level, values, color=line.color, linewidth=0.9, linestyle=(0, (1, 2)))


def draw_rate(fig: Canvas, data: pd.DataFrame, x: float, dx: float, slope: float) -> None:
    """Draw a curve with its tangent, and beside the tangent how far y moves with x."""
    ax = fig.subplots()
    curve, tangent = (data[data["line"] == name] for name in ("curve", "tangent"))
    ax.plot(curve["x"], curve["y"], color=INK, linewidth=2.8, zorder=4, label="y = exp(x²)²")
    ax.plot(tangent["x"], tangent["y"], color=INK, linewidth=1.9, linestyle=(0, (5, 2)), zorder=5, label="tangent")
    y = float(np.interp(x, tangent["x"], tangent["y"]))
    corner, top = (x + dx, y), (x + dx, y + slope * dx)
    ax.fill([x, corner[0], top[0]], [y, corner[1], top[1]], color=PALE, alpha=0.6, zorder=1)
    ax.plot([x, corner[0], top[0]], [y, corner[1], top[1]], color=MUTED, linewidth=1.4, zorder=3)
    ax.plot([x], [y], "o", color=INK, markersize=9, zorder=6)
    aside: dict[str, Any] = {"textcoords": "offset points", "fontsize": 11}
    across, up = "x changes by 1 part", f"y changes by\n{slope:.3f} parts"
    if is_narrow(fig):
        across, up = "x: 1", f"y: {slope:.3f}"
    ax.annotate(across, (x, y), xytext=(9, -6), ha="left", va="top", **aside)
    ax.annotate(up, (corner[0], y + slope * dx / 2), xytext=(7, 0), ha="left", va="center", **aside)
    ax.annotate(f"x = {x:g}", (x, y), xytext=(-8, 8), ha="right", va="bottom", **aside)
    ax.set(xlabel="x", ylabel="y", xlim=(curve["x"].min(), curve["x"].max()), ylim=(0, curve["y"].max()))
    direct_labels(ax)


def draw_over_an_interval(fig: Canvas, data: pd.DataFrame, h: float) -> None:
    """Draw the derivative broadly, before it both differences, and by how much the forward one runs ahead."""
    ax, x = fig.subplots(), data["x"].to_numpy()
    ax.plot(x, data["derivative"], color=INK, linewidth=5, alpha=0.3, label="true f′(x)")
    for name in ("forward", "centered"):
        ax.plot(x, data[name], color=METHOD_STYLE[name].color, linewidth=1.8, label=name)
    zero = np.pi / 2  # of f′; that of the forward difference lies h/2 before it
    ax.annotate("", (zero - h / 2, 0), (zero, 0), arrowprops={"arrowstyle": "->", "shrinkA": 0, "shrinkB": 0})
    ax.annotate("h/2", (zero - h / 2, 0), xytext=(-6, 0), textcoords="offset points", ha="right", va="center")
    ax.set(xlabel="x", ylabel="slope", xlim=(x[0], x[-1]), ylim=(-1.2, 1.2))
    subject(fig, f"The slope of sin x, and its differences with h = {h:g}:")
    direct_labels(ax)


def draw_v(fig: Canvas, data: pd.DataFrame, best: pd.DataFrame, eps: float) -> None:
    """Draw total error against step for two formulas, with the slopes of theory, the best steps and the course's."""
    ax = error_axes(fig.subplots(), ylabel="error (RMS over 33 points near x)")
    plot_groups(ax, data, by="method", y="rms_error")
    for e, side in zip(best.itertuples(), ("above", "below"), strict=True):
        part = data[(data["method"] == e.method) & (data["step_value"] > 3e-4)].iloc[-1]
        order = METHODS[str(e.method)].accuracy_order
        slope_guide(ax, order, (part["step_value"], part["rms_error"]), side=side)
        color = METHOD_STYLE[str(e.method)].text_color
        mark_optimum(ax, e.step_value, e.rms_error, color=color)  # type: ignore[arg-type]
    small = data[data["step_value"] < 1e-13].iloc[0]
    slope_guide(ax, -1, (small["step_value"] / 100, small["rms_error"] * 100), decades=2, side="above")
    ax.axvline(eps, color=MUTED, linewidth=1, linestyle=(0, (1, 2)), zorder=1, label="_eps")
    place: dict[str, Any] = {"xytext": (-4, -4), "textcoords": "offset points", "ha": "right", "va": "top"}
    ax.annotate("the course's h = 10⁻⁴", (eps, 1), xycoords=ax.get_xaxis_transform(), color=MUTED, **place)
    subject(fig, "exp(x²)² at x = 0.5 in float64; rings: the best steps")
    direct_labels(ax)


def draw_graph(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the chain of functions: values flow to the right above, derivatives to the left below.

    On a phone they flow down at the left and up at the right.
    """
    narrow, rows = is_narrow(fig), list(data.itertuples())
    if narrow:
        fig.set_size_inches(fig.get_size_inches()[0], 5.6)
    ax = fig.add_axes((0.01, 0.01, 0.98, 0.98))
    ax.set(xlim=(-1.9, 1.9) if narrow else (0, 6.2), ylim=(6.3, -0.2) if narrow else (-1.45, 1.2))
    ax.set_axis_off()
    circle: dict[str, Any] = {"boxstyle": "circle,pad=0.35", "facecolor": "white", "edgecolor": INK, "linewidth": 1.4}
    square = circle | {"boxstyle": "round,pad=0.5", "facecolor": PALE}
    words: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 12, "zorder": 5}

    def place(along: float, beside: float) -> tuple[float, float]:
        return (-1.9 * beside, along) if narrow else (along, beside)

    # Distances from the chain: values, derivatives, and the gap between a box and its arrows.
    value, derivative, gap = (0.57, -0.57, 0.24) if narrow else (0.62, -0.86, 0.42)
    for number, row in enumerate(rows):
        at = 0.55 + 1.7 * number
        ax.text(*place(at, 0), str(row.variable), bbox=circle, style="italic", **words)
        ax.text(*place(at, value), f"{row.variable} = {row.value:.4g}", color=INK, **words)
        ax.text(*place(at, derivative), f"dy/d{row.variable} = {row.derivative:.4g}", color=BLUE, **words)
        if number:
            ax.text(*place(at - 0.85, 0), str(row.function), bbox=square, **words | {"fontsize": 11})
            ax.text(*place(at - 0.85, -0.5), f"× {row.rule}", color=BLUE, **words)
            for left, right in ((at - 1.46, at - 0.85 - gap), (at - 0.85 + gap, at - 0.24)):
                _arrow(ax, place(left, 0.1), place(right, 0.1), INK)
                _arrow(ax, place(right, -0.1), place(left, -0.1), BLUE)
    begin, end = ((0.0, 0.5), (6.1, -0.5)) if narrow else ((0.6, 1.08), (5.4, -1.3))
    ax.text(*place(*begin), "forward: values", color=INK, **words | {"fontsize": 11})
    ax.text(*place(*end), "backward: derivatives", color=BLUE, **words | {"fontsize": 11})


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    """Draw an arrow."""
    arrow = {"arrowstyle": "-|>", "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 13, "color": color}
    ax.annotate("", end, start, arrowprops=arrow)
