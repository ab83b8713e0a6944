"""Lanes of dots: a lane for each format and formula, in it a dot for each function."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from experiments.drawing import DASHED
from experiments.frames import formats_of, methods_of
from experiments.words import written
from numdiff.problems import PROBLEMS
from numdiff.report.figures import METHOD_STYLE, is_narrow
from numdiff.report.styles import FAINT, INK, MUTED

FEWEST_FOR_MEDIAN = 3
"""The median of two dots lies where there is none."""


def lanes_of(frame: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return the heights of lanes for each format and formula, the narrowest format on top."""
    methods = methods_of(frame)
    pairs = [(name, method) for name in formats_of(frame) for method in methods]
    return {pair: float(len(pairs) - 1 - i) - 0.12 * (i % len(methods) == 0) for i, pair in enumerate(pairs)}


def draw_lanes(
    ax: Axes, frame: pd.DataFrame, column: str, bins: pd.Series, ends: Mapping[tuple[str, str], str] | None = None
) -> None:
    """Draw one lane for each format and formula: a dot for each function, stacked where they meet; bar: their median.

    `bins` says which dots of a lane meet; `ends` is what stands at the right end of a lane.
    """
    lanes = lanes_of(frame)
    level = frame.groupby(["format", "method", bins]).cumcount()
    rise = 0.62 / max(8, int(level.max()) + 1)
    for (name, method), y in lanes.items():
        here = (frame["format"] == name) & (frame["method"] == method)
        values, color = frame.loc[here, column], METHOD_STYLE[method].color
        ax.axhline(y, color=FAINT, linewidth=0.8, zorder=0)
        ax.plot(values, y + 0.06 + rise * level[here], color=color, clip_on=False, zorder=4, **_DOT)
        if values.notna().sum() >= FEWEST_FOR_MEDIAN:
            ax.plot([values.median()] * 2, [y, y + 0.72], color=color, linewidth=6, alpha=0.3, solid_capstyle="butt")
        if ends and ends[name, method]:
            beside: dict[str, Any] = {
                "xycoords": ("axes fraction", "data"),
                "xytext": (5, 0),
                "textcoords": "offset points",
            }
            ax.annotate(ends[name, method], (1, y + 0.25), va="center", fontsize=8.5, color=MUTED, **beside)
    _name_lanes(ax, lanes)


_DOT: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 3.4, "markeredgewidth": 0}


def _name_lanes(ax: Axes, lanes: Mapping[tuple[str, str], float]) -> None:
    between = "\n" if is_narrow(ax.figure) else ", "
    ax.set_yticks(list(lanes.values()), [f"{name}{between}{method}" for name, method in lanes], va="bottom")
    for label, (_, method) in zip(ax.get_yticklabels(), lanes, strict=True):
        label.set_color(METHOD_STYLE[method].text_color)
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.set_ylim(-0.35, max(lanes.values()) + 0.9)


def lane_key() -> list[Line2D]:
    """Return legend entries for what a dot and a bar are."""
    dot = Line2D([], [], color=INK, label="one function (equal ones stacked)", **_DOT)
    return [dot, Line2D([], [], color=INK, alpha=0.3, linewidth=6, label="median of the functions")]


def name_dots(ax: Axes, frame: pd.DataFrame, lanes: Mapping[tuple[str, str], float], column: str) -> None:
    """Write the formulas of some functions under their dots, close ones together."""
    middle = sum(ax.get_xlim()) / 2
    clusters = frame.groupby(["format", "method", (4 * frame[column]).round()], sort=False)
    for _, group in clusters:
        name, method = group["format"].iloc[0], group["method"].iloc[0]
        right = group[column].mean() > middle + 0.2
        ax.annotate(
            ", ".join(formula_of(problem) for problem in group["problem"]),
            (group[column].max() if right else group[column].min(), lanes[name, method]),
            xytext=(4 if right else -4, -2),
            textcoords="offset points",
            ha="right" if right else "left",
            va="top",
            fontsize=7.6,
            color=METHOD_STYLE[method].text_color,
            path_effects=[withStroke(linewidth=2.6, foreground="white")],
        )


def formula_of(problem: str, most: int = 26) -> str:
    """Return the formula of a problem as it is written by hand, or its name where that is long."""
    text = written(PROBLEMS[problem].formula)
    return text if len(text) <= most else problem.replace("_", " ")


def mark_values(ax: Axes, values: Mapping[float, str]) -> None:
    """Draw a vertical line at each value, its name above the axes."""
    above: dict[str, Any] = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center", "fontsize": 9}
    for value, text in values.items():
        ax.axvline(value, color=INK, linewidth=1.1, linestyle=DASHED, zorder=1, label="_value")
        ax.annotate(text, (value, 1), xycoords=ax.get_xaxis_transform(), **above)
