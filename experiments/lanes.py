"""Lanes of dots: a lane for each format and formula, in it a dot for each function."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.drawing import DASHED
from experiments.frames import formats_of, methods_of, rows_of
from experiments.words import written
from numdiff.problems import PROBLEMS
from numdiff.report.figures import METHOD_STYLE, is_narrow
from numdiff.report.styles import FAINT, INK, MUTED

FEWEST_FOR_MEDIAN = 3
"""The median of two dots lies where there is none."""


def lanes_of(frame: pd.DataFrame, by: str = "format") -> dict[tuple[str, str], float]:
    """Return the heights of lanes for each format and formula, the narrowest format on top.

    By ``"format"`` the lanes of one format stand together, by ``"method"`` those of one formula, a little apart.
    """
    methods, names = methods_of(frame), formats_of(frame)
    if by == "method":
        groups = [[(name, method) for name in names] for method in methods]
        pairs, gap = [pair for group in groups for pair in group], 0.75
        return {pair: len(pairs) - 1 - i + gap * (len(groups) - 1 - i // len(names)) for i, pair in enumerate(pairs)}
    pairs = [(name, method) for name in names for method in methods]
    return {pair: float(len(pairs) - 1 - i) - 0.08 * (i % len(methods) == 0) for i, pair in enumerate(pairs)}


def draw_lanes(
    ax: Axes,
    frame: pd.DataFrame,
    column: str,
    bins: pd.Series,
    ends: Mapping[tuple[str, str], str] | None = None,
    by: str = "format",
) -> None:
    """Draw one lane for each format and formula: a dot for each function, stacked where they meet; ▼: their median.

    `bins` says which dots of a lane meet; `ends` is what stands at the right end of a lane; `by` is the order of the
    lanes, as in `lanes_of`. Where the frame has the column `look`, it is the marker of a hollow dot, or empty for a
    full one.
    """
    lanes = lanes_of(frame, by)
    level = frame.groupby(["format", "method", bins]).cumcount()
    rise = 0.56 / max(8, int(level.max()) + 1)
    looks = frame["look"] if "look" in frame else pd.Series("", frame.index)
    for (name, method), y in lanes.items():
        here = (frame["format"] == name) & (frame["method"] == method)
        values, color = frame.loc[here, column], METHOD_STYLE[method].color
        ax.axhline(y, color=FAINT, linewidth=0.8, zorder=0)
        for look in dict.fromkeys(looks[here]):
            part = values[looks[here] == look]
            dots = hollow_dot(look) | {"markeredgecolor": color} if look else _DOT
            ax.plot(part, y + 0.08 + rise * level[part.index], color=color, clip_on=False, zorder=4, **dots)
        if values.notna().sum() >= FEWEST_FOR_MEDIAN:
            ax.plot([values.median()], [y + 0.24 + rise * level[here].max()], zorder=6, label="_median", **_MEDIAN)
        if ends and ends[name, method]:
            beside: dict[str, Any] = {
                "xycoords": ("axes fraction", "data"),
                "xytext": (5, 0),
                "textcoords": "offset points",
            }
            ax.annotate(ends[name, method], (1, y + 0.25), va="center", fontsize=8.5, color=MUTED, **beside)
    _name_lanes(ax, lanes)


def draw_bars(ax: Axes, frame: pd.DataFrame, column: str, bins: pd.Series) -> None:
    """Draw one lane for each format and formula: a bar for each bin, the one of the median full.

    The axes are logarithmic, `bins` are logarithms to base 2. The number stands above the highest bar of a lane.
    """
    lanes = lanes_of(frame)
    sizes = frame.groupby(["format", "method", bins])[column].transform("size")
    rise = 0.62 / sizes.max()
    for (name, method), y in lanes.items():
        ax.axhline(y, color=FAINT, linewidth=0.8, zorder=0)
        here = (frame["format"] == name) & (frame["method"] == method)
        if not here.any():
            continue
        middle, color = frame.loc[here, column].median(), METHOD_STYLE[method].color
        bars = pd.DataFrame({"place": frame[column], "functions": sizes})[here].groupby(bins[here]).median()
        nearest = np.log(bars["place"] / middle).abs().idxmin()
        for bar in rows_of(bars):
            left, width = bar.place * 2**-_HALF, bar.place * (2**_HALF - 2**-_HALF)
            opacity = 1.0 if bar.Index == nearest else _LIGHT
            ax.bar(left, rise * bar.functions, width, y, align="edge", color=color, alpha=opacity, linewidth=0)
        top = rows_of(bars.nlargest(1, "functions"))[0]
        above: dict[str, Any] = {"xytext": (0, 1), "textcoords": "offset points", "ha": "center", "va": "bottom"}
        ax.annotate(f"{top.functions:g}", (top.place, y + rise * top.functions), fontsize=7.6, **above)
    _name_lanes(ax, lanes)


_DOT: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 3.4, "markeredgewidth": 0}
_MEDIAN: dict[str, Any] = {"linestyle": "none", "marker": "v", "markersize": 6, "color": INK, "markeredgewidth": 0}
_HALF, _LIGHT = 0.36, 0.5
"""Half the width of a bar, in doublings of the step; the opacity of the bars without the median."""


def hollow_dot(marker: str) -> dict[str, Any]:
    """Return the look of a dot that differs from the others of its lane."""
    return {"linestyle": "none", "marker": marker, "markersize": 5, "markerfacecolor": "white", "markeredgewidth": 1.2}


def _name_lanes(ax: Axes, lanes: Mapping[tuple[str, str], float]) -> None:
    between = "\n" if is_narrow(ax.figure) else ", "
    ax.set_yticks(list(lanes.values()), [f"{name}{between}{method}" for name, method in lanes], va="bottom")
    for label, (_, method) in zip(ax.get_yticklabels(), lanes, strict=True):
        label.set_color(METHOD_STYLE[method].text_color)
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.set_ylim(-0.35, max(lanes.values()) + 0.9)


def lane_key(methods: Sequence[str]) -> list[Line2D]:
    """Return legend entries for what a dot of each formula and the mark of the median are."""
    dots = [Line2D([], [], color=METHOD_STYLE[name].color, label=f"one function, {name}", **_DOT) for name in methods]
    return [*dots, Line2D([], [], label="median of the functions", **_MEDIAN)]


def bar_key() -> list[Patch]:
    """Return legend entries for what a pale and a full bar are."""
    light = Patch(color=INK, alpha=_LIGHT, linewidth=0, label="number of functions with this best step")
    return [light, Patch(color=INK, linewidth=0, label="the median is here")]


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
