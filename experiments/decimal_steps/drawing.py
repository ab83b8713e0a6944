"""How the grids of decimal steps are drawn: a panel for each function and point, and a bar for each grid."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from numdiff.report import figures as draw
from numdiff.report.figures import ROLE_STYLE, Style
from numdiff.report.styles import DOTS, INK, MUTED, PALE

GRID_STYLES = {
    "decimal": ROLE_STYLE["usual way"],
    "representable": ROLE_STYLE["another way"],
    "representable_outward": ROLE_STYLE["a third way"],
    "nearest_power": Style(INK, "D", DOTS),
}
"""How the steps of the decimal grids are drawn."""
_WIDTHS = {"nearest_power": 1.4, "decimal": 2.2, "representable": 1.8}
"""Widths of the curves, in the order in which they are drawn; where two coincide, the second covers the first."""


def draw_grids(
    fig: Canvas, data: pd.DataFrame, names: Mapping[str, str], gains: Mapping[str, str], subject: str
) -> None:
    """Draw a panel for each value of `panel`, in it a curve for each grid, and what the representable step gains.

    The names of the curves stand in the first panel that has room for them between the curves; the power of two is
    drawn where it differs from the representable step.
    """
    titles = list(dict.fromkeys(data["panel"]))
    panels = draw.small_multiples(fig, titles, columns=2, ylabel="relative error")
    for ax, title in zip(panels, titles, strict=True):
        part = data[data["panel"] == title]
        lines = {
            grid: draw.plot_errors(
                ax,
                rows["step_value"],
                rows["error"],
                GRID_STYLES[grid],
                "_grid",
                status=rows["status"].tolist(),
                linewidth=_WIDTHS[grid],
                markersize=0,
                linestyle=":" if grid == "nearest_power" else "-",
            )
            for grid in _WIDTHS
            if len(rows := part[part["grid"] == grid])
        }
        _shade(ax, part)
        draw.name_failures(ax, fontsize=8.5)
        words: dict[str, Any] = {"transform": ax.transAxes, "va": "bottom", "color": INK}
        gain, _, why = gains[title].partition("\n")
        ax.text(0.03, 0.17 if why else 0.05, gain, fontsize=10, weight="bold", **words)
        ax.text(0.03, 0.05, why, fontsize=9, **words)
        if ax is panels[0] or "nearest_power" in lines:
            _name_grids(ax, lines, names, every=ax is panels[0])
    panels[0].set_ylim(bottom=1e-5 * data[data["status"] == "ok"]["error"].min())
    draw.subject(fig, subject)


def _shade(ax: Axes, part: pd.DataFrame) -> None:
    """Fill what lies between the curves of decimal and of representable steps: what is gained."""
    fine = part[part["status"] == "ok"].set_index("k")
    upper, lower = (fine[fine["grid"] == grid] for grid in ("decimal", "representable"))
    both = upper.index.intersection(lower.index)
    upper, lower = upper.loc[both], lower.loc[both[::-1]]
    x, y = [*upper["step_value"], *lower["step_value"]], [*upper["error"], *lower["error"]]
    ax.fill(x, y, color=PALE, alpha=0.8, linewidth=0, zorder=1)


def _name_grids(ax: Axes, lines: Mapping[str, Line2D], names: Mapping[str, str], every: bool) -> None:
    """Write the names of the curves at their left arms: that of the decimal steps above, the others below."""
    places = {"decimal": (0.42, 8, 6, "left", "bottom"), "representable": (0.68, -7, -4, "right", "top")}
    shown = places if every else {"nearest_power": (0.55, -6, -4, "right", "top")}
    for grid, (share, dx, dy, ha, va) in shown.items():
        points = np.asarray(lines[grid].get_data(), dtype=float).T
        points = points[np.isfinite(points).all(axis=1)]
        lowest = int(points[:, 1].argmin())
        at = points[round(share * lowest)]
        look: dict[str, Any] = {"ha": ha, "va": va, "fontsize": 9.5, "color": GRID_STYLES[grid].text_color}
        ax.annotate(names[grid], at, (dx, dy), textcoords="offset points", **look)


def draw_exact(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a bar for each kind of step: in how many of its cells all nodes are exact."""
    ax = fig.subplots()
    fig.subplots_adjust(left=0.2)
    rows = range(len(data))
    ax.barh(rows, 100.0, height=0.62, color=PALE, alpha=0.55, zorder=1)
    ax.barh(rows, data["share"], height=0.62, color=GRID_STYLES["representable"].color, zorder=2)
    for row, share, exact, total in zip(rows, data["share"], data["exact"], data["cells"], strict=True):
        # Beside the bar where it is short, in it where it is long.
        inside = share > 50
        ax.text(
            share - 1.5 if inside else share + 1.5,
            row,
            f"{exact} of {total}",
            ha="right" if inside else "left",
            va="center",
            color="white" if inside else INK,
            zorder=3,
        )
    ax.set_yticks(list(rows), data["step"])
    ax.set(xlim=(0, 100), ylim=(len(data) - 0.5, -0.5), xlabel="differences with x + h and x − h exact, in %")
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", colors=MUTED)
    ax.grid(visible=False)
