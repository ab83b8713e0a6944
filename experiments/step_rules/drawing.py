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
_HOLLOW = Style(MUTED, "s", "-")
KIND_WORDS: Mapping[str, str] = {"ours": "numdiff", "rule": "published rules", "peer": "libraries"}
_CURVES = ("-", (0, (6, 1.6)), (0, (3.2, 1.4)), (0, (1, 1.3)), (0, (5, 1.3, 1, 1.3)))
_COLOURS = (VERMILLION, BLUE, "#009e73", MAROON, "#a06c00")


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
    draw.subject(fig, "First derivatives of black boxes: what rules and libraries cost, and how exact they are")
    handles = kind_handles(data)
    if not np.isfinite(data["median"]).all():
        words = "hollow: no result in half of the cases"
        handles.append(Line2D([], [], linestyle="none", label=words, **mark(_HOLLOW) | {"markerfacecolor": "white"}))
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
    known = part[np.isfinite(part["median"]) & (part["median"] > 0)]
    shown = (known["front"] & (known["median"] < NAMED)) | (known["kind"] == "ours")
    best_complex = known[known["complex"].astype(bool)].nsmallest(1, "median")
    for row in rows_of(pd.concat([known[shown], best_complex])):
        words = "complex step" if row.complex else str(row.contestant).replace("_", " ").replace(" (", "\n(")
        point = [(row.evaluations, row.median)]
        draw.add_note(ax, Note(words, point, reach=6, fontsize=8.5, color=KIND_STYLE[row.kind].text_color))


def kind_handles(data: pd.DataFrame) -> list[Line2D]:
    """Return what a legend shows of the kinds of contestants that there are."""
    return [
        Line2D([], [], linestyle="none", label=words, **mark(KIND_STYLE[kind]))
        for kind, words in KIND_WORDS.items()
        if (data["kind"] == kind).any()
    ]


def mark(style: Style) -> dict[str, Any]:
    return {"color": style.color, "marker": style.marker, "markersize": 6, "markeredgewidth": 1.0}


def draw_profiles(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the profiles: the named ones in colour, the others pale."""
    ax = fig.subplots()
    ax.set_xscale("log")
    ax.set(ylim=(0, 1.02), xlabel="within this factor of the smallest error", ylabel="share of the cases")
    draw.decade_ticks(ax, "x")
    chosen = data["named"].astype(bool)
    pale = data[~chosen]
    for _, part in pale.groupby("contestant", sort=False):
        ax.step(part["factor"], part["share"], where="post", color=PALE, linewidth=0.7, zorder=2, label="_other")
    handles: list[Line2D] = []
    for number, (name, part) in enumerate(data[chosen].groupby("contestant", sort=False)):
        width, dashes, color = 2.4 if not number else 1.6, _CURVES[number], _COLOURS[number]
        words = str(name).replace("_", " ")
        handles += ax.step(
            part["factor"], part["share"], where="post", color=color, linestyle=dashes, linewidth=width, label=words
        )
    ax.set_xlim(data["factor"].min(), data["factor"].max())
    others = pale["contestant"].nunique()
    handles.append(Line2D([], [], color=PALE, label=f"{others} other rules and libraries"))
    draw.subject(fig, "First derivatives in float64: the higher on the left, the more often near the best")
    draw.outside_legend(fig, handles=handles, where="bottom")


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
    label = "error / error of the best step of the same formula"
    ax.set(ylim=(len(data) - 0.4, -0.6), xlim=(0.3, top), xlabel=label)
    words = "mark: median; line: up to the worst case of ten; at 1 the step is as good as the best"
    draw.subject(fig, f"First derivatives in float64, with the step that each rule chooses ({words})")
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
