"""How the league is drawn: accuracy against cost, performance profiles, step regret."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from experiments.frames import rows_of
from numdiff.report import figures as draw
from numdiff.report.figures import METHOD_STYLE, Note, Style
from numdiff.report.styles import BLUE, FAINT, MAROON, MUTED, PALE, VERMILLION

KIND_STYLE: Mapping[str, Style] = {
    "ours": Style(VERMILLION, "D", "-"),
    "rule": Style(BLUE, "s", "--"),
    "peer": Style(MAROON, "^", ":"),
}
"""How each kind of contestant is drawn."""
KIND_WORDS: Mapping[str, str] = {"ours": "numdiff", "rule": "published rules", "peer": "libraries"}
_CURVES = ("-", (0, (6, 1.6)), (0, (3.2, 1.4)), (0, (1, 1.3)), (0, (5, 1.3, 1, 1.3)), (0, (2, 1)), (0, (8, 2)), "-")
_COLOURS = (VERMILLION, BLUE, MAROON, "#009e73", "#cc79a7", "#5b6673", "#e69f00", "#1f2933")


NAMED = 0.1
"""Medians below which a contestant that no other beats is named: above, the names would hide the marks."""


def draw_costs(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a panel for each column of the league: the median ratio against the evaluations."""
    titles = list(dict.fromkeys(data["title"])) or [""]
    panels = draw.small_multiples(
        fig, titles, columns=2, xlabel="evaluations of f, median", ylabel="error / best centered difference, median"
    )
    finite = data["median"][np.isfinite(data["median"]) & (data["median"] > 0)]
    edge = 10 * finite.max() if len(finite) else 1.0
    for ax, title in zip(panels, titles, strict=True):
        _draw_cost(ax, data[data["title"] == title], edge)
    handles = [
        Line2D([], [], linestyle="none", label=words, **mark(KIND_STYLE[kind]))
        for kind, words in KIND_WORDS.items()
        if (data["kind"] == kind).any()
    ]
    draw.outside_legend(fig, handles=handles, where="bottom")


def _draw_cost(ax: Axes, part: pd.DataFrame, edge: float) -> None:
    """Draw one panel; a median that is infinite is drawn at the edge, hollow, and an exact one is left out."""
    ax.axhline(1, color=MUTED, linewidth=0.8, zorder=1)
    for kind, style in KIND_STYLE.items():
        rows = part[(part["kind"] == kind) & (part["evaluations"] > 0)]
        shown = rows[np.isfinite(rows["median"]) & (rows["median"] > 0)]
        lost = rows[~np.isfinite(rows["median"])]
        ax.plot(shown["evaluations"], shown["median"], linestyle="none", zorder=4, label="_kind", **mark(style))
        hollow = mark(style) | {"markerfacecolor": "white", "markeredgecolor": style.color}
        ax.plot(lost["evaluations"], np.full(len(lost), edge), linestyle="none", zorder=4, label="_lost", **hollow)
    for row in rows_of(part[part["front"] & (part["median"] < NAMED)]):
        words = str(row.contestant).replace("_", " ").replace(" (", "\n(")
        point = [(row.evaluations, row.median)]
        draw.add_note(ax, Note(words, point, reach=6, fontsize=8.5, color=KIND_STYLE[row.kind].text_color))


def mark(style: Style) -> dict[str, Any]:
    return {"color": style.color, "marker": style.marker, "markersize": 6, "markeredgewidth": 1.0}


def draw_profiles(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the profiles: the best ones in colour, with names, the others grey."""
    ax = fig.subplots()
    ax.set_xscale("log")
    ax.set(ylim=(0, 1.02), xlabel="factor of the smallest error", ylabel="share of the cases")
    draw.decade_ticks(ax, "x")
    grey = data[~data["named"].astype(bool)]
    for _, part in grey.groupby("contestant", sort=False):
        ax.step(part["factor"], part["share"], where="post", color=PALE, linewidth=0.9, zorder=2, label="_other")
    chosen = data[data["named"].astype(bool)]
    order = chosen.groupby("contestant", sort=False)["share"].mean().sort_values(ascending=False, kind="stable").index
    for name, color, dashes in zip(order, _COLOURS, _CURVES, strict=False):
        part = chosen[chosen["contestant"] == name]
        ax.step(part["factor"], part["share"], where="post", color=color, linestyle=dashes, linewidth=1.7, label=name)
    ax.set_xlim(data["factor"].min(), data["factor"].max())
    draw.outside_legend(fig, ax, where="bottom")


def draw_regrets(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a row for each rule: the median regret, and a line to the 90 % quantile."""
    narrow = draw.is_narrow(fig)
    fig.subplots_adjust(left=0.36 if narrow else 0.26)
    ax = fig.subplots()
    ax.set_xscale("log")
    draw.decade_ticks(ax, "x")
    ax.axvline(1, color=MUTED, linewidth=1, zorder=1)
    finite = data[["regret", "regret_p90"]].replace(np.inf, np.nan)
    top = 10 * float(np.nanmax(finite.to_numpy())) if finite.notna().any().any() else 10.0
    for level, row in enumerate(rows_of(data)):
        style = METHOD_STYLE[row.formula]
        ax.hlines(level, row.regret, min(row.regret_p90, top), color=style.color, linewidth=1.4, zorder=3)
        ax.plot([row.regret], [level], linestyle="none", zorder=4, label="_rule", **mark(style))
    names = [str(name).replace("_", " ").replace(" (", "\n(" if narrow else " (") for name in data["contestant"]]
    ax.set_yticks(range(len(data)), names, fontsize=8.5)
    ax.set(ylim=(len(data) - 0.4, -0.6), xlim=(0.3, top), xlabel="step regret")
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    for border in range(1, len(data)):
        ax.axhline(border - 0.5, color=FAINT, linewidth=0.6, zorder=0, label="_border")
    handles = [
        Line2D([], [], linestyle="none", label=f"{name} difference", **mark(METHOD_STYLE[name]))
        for name in ("centered", "forward")
        if (data["formula"] == name).any()
    ]
    draw.outside_legend(fig, handles=handles, where="bottom")
