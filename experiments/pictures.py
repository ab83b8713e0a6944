"""How the drawings that are no plain error curves are made: geometry, rows of slopes, rows of dots.

Illustrations use correctly rounded functions: they are the same on every machine.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from experiments.words import listed, plain
from numdiff.arithmetic.rounded import rounded
from numdiff.formulas.kernels import centered_difference, forward_difference
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.figures import (
    FORMAT_STYLE,
    METHOD_STYLE,
    PART_STYLE,
    Figure,
    Style,
    decade_ticks,
    direct_labels,
    error_axes,
    label_of,
    mark_optimum,
    outside_legend,
    plot_errors,
    plot_groups,
    slope_guide,
    small_multiples,
    zero_floor,
)
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


def draw_geometry(fig: Canvas, data: pd.DataFrame, lines: Sequence[Straight], f: Function, bottom: float) -> None:
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
            ax.text(math.sqrt(low * lost), limit, "x + h = x", ha="center", va="center", color=MUTED)
        options = FORMAT_STYLE[name].line_options(linestyle="-", markersize=3.4)
        ax.plot(part["step_value"], part["computed_value"], **options)


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


def draw_parts(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the parts of an error, one row for each format; exact zeros stand on their own line at the left."""
    ax = fig.subplots()
    zero, floor = data["size"] == 0, zero_floor(data["size"]) / 10
    styles = {name: PART_STYLE[name] for name in dict.fromkeys(data["part"])}
    placed = data.assign(place=data["size"].mask(zero, floor), hollow=zero)
    dot_rows(ax, placed, styles, row="row", series="part", x="place", apart=0.15)
    decade_ticks(ax, "x")
    if zero.any():
        ax.set_xticks([tick for tick in ax.get_xticks() if tick > 3 * floor])
        ax.axvline(floor, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), label="_floor")
        ax.text(floor, -0.53, "exact zero", color=MUTED, fontsize=8, ha="center", va="bottom")
    ax.set_xlabel("size of the part")
    outside_legend(fig, ax)


def draw_digits(fig: Canvas, data: pd.DataFrame, limits: Mapping[str, float]) -> None:
    """Draw correct digits, one row for each formula, and as lines what the formats can hold."""
    ax = fig.subplots()
    styles = {name: FORMAT_STYLE[name] for name in limits}
    dot_rows(ax, data, styles, row="row", series="format", x="digits", apart=0.13)
    for number, (name, limit) in enumerate(limits.items()):
        ax.axvline(limit, color=styles[name].color, linewidth=1.2, linestyle=(0, (4, 2)), zorder=1)
        ax.annotate(
            f"{name}\n{limit:.1f}", (limit, 1), xycoords=ax.get_xaxis_transform(), xytext=(-1 if number else -6, 4),
            textcoords="offset points", ha="right" if not number else "left" if number == 1 else "center",
            fontsize=8.5, color=styles[name].text_color,
        )  # fmt: skip
    ax.set_xlabel("correct decimal digits at the best step")
    ax.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    ax.set_xlim(left=min(0.0, data["low"].min() - 0.3))
    fig.subplots_adjust(left=0.26, top=0.9)


def draw_truncation(fig: Canvas, data: pd.DataFrame, resolution: float) -> None:
    """Draw the truncation error of each formula, and the level below which a format sees nothing."""
    ax = error_axes(fig.subplots(), ylabel="absolute truncation error")
    for name, part in data.groupby("method", sort=False):
        plot_errors(ax, part["step_value"], part["truncation"], METHOD_STYLE[str(name)], str(name))
    ax.axhline(resolution, color=MUTED, linewidth=1.1, linestyle=(0, (4, 2)), label="_slope")
    ax.annotate(
        "last digit of f′(x) in float64", (data["step_value"].max(), resolution), xytext=(0, -4),
        textcoords="offset points", color=MUTED, fontsize=9, ha="right", va="top",
    )  # fmt: skip
    direct_labels(ax)


def draw_v(fig: Canvas, curves: pd.DataFrame, best: pd.DataFrame) -> None:
    """Draw total error against step for two formulas, with the slopes of theory and the best steps."""
    ax = error_axes(fig.subplots(), ylabel="RMS error over 33 points near x")
    plot_groups(ax, curves, by="method", y="rms_error")
    for e, side in zip(best.itertuples(), ("above", "below"), strict=True):
        part = curves[(curves["method"] == e.method) & (curves["step_value"] > 3e-4)].iloc[-1]
        order = METHODS[str(e.method)].accuracy_order
        slope_guide(ax, order, (part["step_value"], part["rms_error"]), side=side)
        color = METHOD_STYLE[str(e.method)].text_color
        mark_optimum(ax, e.step_value, e.rms_error, color=color)  # type: ignore[arg-type]
    small = curves[curves["step_value"] < 1e-13].iloc[0]
    slope_guide(ax, -1, (small["step_value"] / 100, small["rms_error"] * 100), decades=2, side="above")
    direct_labels(ax)


def draw_formulas(fig: Canvas, curves: pd.DataFrame, rings: pd.DataFrame) -> None:
    """Draw total error against step for many formulas; those with a ring are named at it."""
    ax = error_axes(fig.subplots(), ylabel="RMS error over 33 points near x")
    lines = dict(zip(dict.fromkeys(curves["method"]), plot_groups(ax, curves, by="method", y="rms_error"), strict=True))
    for ring in rings.to_dict("records"):
        name = ring["method"]
        lines[name].set_label(f"_{name}")
        color = METHOD_STYLE[name].text_color
        mark_optimum(ax, ring["step_value"], ring["rms_error"], label_of(name), color=color)
    direct_labels(ax, margin=False)


def draw_ledger(fig: Canvas, curves: pd.DataFrame, marked: float, text: str) -> None:
    """Draw the total error as a broad band, the parts before it, and a marked step."""
    ax = error_axes(fig.subplots(), ylabel="size of the error and of its parts")
    total = curves[curves["part"] == "total"]
    band = Style("#c3ccd6", "")
    plot_errors(ax, total["step_value"], total["error"], band, "total", status=total["status"], linewidth=7)
    plot_groups(ax, curves[curves["part"] != "total"], by="part", y="error")
    ax.axvline(marked, color=MUTED, linewidth=1, linestyle=(0, (4, 2)), zorder=1, label="_marked")
    ax.annotate(
        text, (marked, 1), xycoords=ax.get_xaxis_transform(), xytext=(4, -2), textcoords="offset points", va="top",
        color=MUTED,
    )  # fmt: skip
    direct_labels(ax)


def chord_and_secant(h: float = 0.5) -> Figure:
    """Tangent, secant and chord at one point; their slopes come from the kernels."""
    f, x = rounded(PROBLEMS["exp"].f), 0.75
    ends = (x - h - 0.15, x + h + 0.15)
    forward, centered = (float(d(f, np.array(x), h)) for d in (forward_difference, centered_difference))
    lines = [
        Straight("centered", centered, (x - h, x + h), ends, BLUE, "2h"),
        Straight("forward", forward, (x, x + h), ends, VERMILLION, "h"),
        Straight("tangent", float(rounded(PROBLEMS["exp"].derivative)(np.array([x]))[0]), (x,), ends, INK),
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
    f, true = rounded(problem.f), rounded(problem.derivative)(x)
    forward, centered = forward_difference(f, x, h), centered_difference(f, x, h)
    data = pd.DataFrame({"x": x, "derivative": true, "forward": forward, "centered": centered})

    def draw(fig: Canvas) -> None:
        ax = fig.subplots()
        ax.plot(x, true, color=INK, linewidth=5, alpha=0.3, label="true f′(x)")
        for name in ("forward", "centered"):
            ax.plot(x, data[name], color=METHOD_STYLE[name].color, linewidth=1.8, label=name)
        zero = np.pi / 2  # of f′; that of the forward difference lies h/2 before it
        ax.annotate("", (zero - h / 2, 0), (zero, 0), arrowprops={"arrowstyle": "->", "shrinkA": 0, "shrinkB": 0})
        ax.annotate("h/2", (zero - h / 2, 0), xytext=(-6, 0), textcoords="offset points", ha="right", va="center")
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
