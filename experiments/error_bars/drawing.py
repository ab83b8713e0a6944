"""How coverage is drawn: against the width of the bars, and function by function."""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from experiments.drawing import DASHED
from experiments.error_bars.findings import HELD
from experiments.frames import rows_of
from experiments.step_rules.drawing import KIND_STYLE, kind_handles, mark
from experiments.words import function_name
from numdiff.report import figures as draw
from numdiff.report.figures import Note
from numdiff.report.styles import BLUE, FAINT, MUTED, VERMILLION

_FLOOR = 1e-4
"""Where those stand of whose bars all held."""
_AIM = 0.01
_WIDTHS = (0.05, 2000.0)
"""The ends of the axis of widths; what lies beyond stands at an end."""
_KNOWN = ("numdifftools", "jacobi", "scipy_derivative")
"""Libraries that are named also where their bars do not hold: the defaults of those that most people use."""
_NAMED = 0.9
"""Functions whose bars hold less often are named."""
_LONGEST = 20
"""Characters of a line of a name: a long one in one line covers the dots of others."""
_HALF_WORDS = {"judgement": "functions that no constant was chosen on", "development": "the other half"}
_HALVES = {"judgement": (VERMILLION, -0.16), "development": (BLUE, 0.16)}


def draw_coverage(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a panel for each column: the share of bars that do not hold against the median of bar over error."""
    titles = list(dict.fromkeys(data["title"])) or [""]
    panels = draw.small_multiples(
        fig,
        titles,
        columns=2,
        xlabel="width of the error bars: bar / error, median",
        ylabel="share of bars below the error",
    )
    for ax, title in zip(panels, titles, strict=True):
        part = data[(data["title"] == title) & np.isfinite(data["sharpness"]) & (data["sharpness"] > 0)]
        ax.axhline(_AIM, color=MUTED, linewidth=1, linestyle=DASHED, zorder=1)
        ax.axvline(1, color=FAINT, linewidth=1, zorder=0)
        for row in rows_of(part):
            _draw_contestant(ax, row)
        ax.set(xlim=(_WIDTHS[0] / 1.5, _WIDTHS[1] * 1.5), ylim=(_FLOOR / 2.5, 1.5))
        if (part["coverage"] >= 1).any():
            ax.text(0.02, 1.4 * _FLOOR, "none", transform=ax.get_yaxis_transform(), fontsize=8, color=MUTED)
    draw.subject(fig, "Error bars of first derivatives: how many are below the error, and how wide they are")
    handles = kind_handles(data)
    handles.append(Line2D([], [], color=MUTED, linewidth=1, linestyle=DASHED, label="1 %: a bar at 99 %"))
    draw.outside_legend(fig, handles=handles, where="bottom")


def _draw_contestant(ax: Axes, row) -> None:
    """Draw a dot; with interval and name if at least `HELD` but not all of its bars hold, or it is `_KNOWN`."""
    style = KIND_STYLE[row.kind]
    width, missed = min(max(row.sharpness, _WIDTHS[0]), _WIDTHS[1]), max(1 - row.coverage, _FLOOR)
    is_named = (row.coverage >= HELD and missed > _FLOOR) or row.contestant in _KNOWN
    if is_named:
        ax.vlines(width, max(1 - row.high, _FLOOR), max(1 - row.low, _FLOOR), color=style.color, linewidth=1)
    size = {} if is_named else {"markersize": 4, "alpha": 0.55}
    ax.plot([width], [missed], linestyle="none", zorder=4, label="_contestant", **mark(style) | size)
    if is_named:
        words = fill(str(row.contestant).replace("_", " "), _LONGEST)
        draw.add_note(ax, Note(words, [(width, missed)], reach=8, rank=-len(words), fontsize=8, color=style.text_color))


def draw_functions(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a column of dots for each format: a dot is the coverage of one function; the halves beside each other."""
    narrow = draw.is_narrow(fig)
    fig.subplots_adjust(bottom=0.34 if narrow else 0.24)
    ax = fig.subplots()
    titles = list(dict.fromkeys(data["title"]))
    for level, claim in ((0.99, "99 %: what a bar claims"), (0.95, "95 %")):
        ax.axhline(level, color=MUTED, linewidth=1, linestyle=DASHED, zorder=1)
        ax.text(0.01, level - 0.006, claim, transform=ax.get_yaxis_transform(), va="top", fontsize=8, color=MUTED)
    for half, (color, shift) in _HALVES.items():
        part = data[data["half"] == half]
        places = [titles.index(title) + shift for title in part["title"]]
        ax.plot(
            places,
            part["coverage"],
            linestyle="none",
            marker="o",
            markersize=4.5,
            markerfacecolor="none",
            color=color,
            label=_HALF_WORDS[half],
            zorder=3,
        )
        for place, row in zip(places, rows_of(part), strict=True):
            if row.coverage < _NAMED:
                name = Note(function_name(row.problem), [(place, row.coverage)], reach=6, fontsize=8, color=color)
                draw.add_note(ax, name)
    ticks = titles if narrow else [title.replace(", ", "\n") for title in titles]
    ax.set_xticks(range(len(titles)), ticks, fontsize=8 if narrow else 9, rotation=90 if narrow else 0)
    ax.set(xlim=(-0.5, len(titles) - 0.5), ylabel="share of bars that hold")
    ax.grid(visible=False, axis="x")
    draw.subject(fig, "Error bars of nd.derivative: a ring for each function, at some 400 points")
    draw.outside_legend(fig, ax, where="bottom")
