"""How the grids of decimal steps are drawn: a panel for each function and point, and a bar for each grid."""

from collections.abc import Mapping

import pandas as pd
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
_SIZES = {"decimal": 4.4, "representable": 6.4, "representable_outward": 4.4, "nearest_power": 2.6}
"""Sizes of the markers: where curves coincide, the small ones stand before the large ones."""


def draw_grids(fig: Canvas, data: pd.DataFrame, names: Mapping[str, str], notes: Mapping[str, str]) -> None:
    """Draw a panel for each value of `panel`, in it a curve for each grid, and below them what the panel shows."""
    titles = list(dict.fromkeys(data["panel"]))
    panels = draw.small_multiples(fig, titles, columns=2, ylabel="relative error")
    grids = [grid for grid in GRID_STYLES if grid in set(data["grid"])]
    for ax, title in zip(panels, titles, strict=True):
        for grid in sorted(grids, key=lambda grid: -_SIZES[grid]):
            part = data[(data["panel"] == title) & (data["grid"] == grid)]
            draw.plot_errors(
                ax,
                part["step_value"],
                part["error"],
                GRID_STYLES[grid],
                "_grid",
                status=part["status"].tolist(),
                markersize=_SIZES[grid],
            )
        ax.set_title("", loc="right")  # The legend says what the crosses are.
        ax.text(0.02, 0.04, notes[title], transform=ax.transAxes, fontsize=9, color=INK, va="bottom")
    panels[0].set_ylim(bottom=1e-5 * data[data["status"] == "ok"]["error"].min())
    entries = draw.legend_entries([names[grid] for grid in grids], [GRID_STYLES[grid] for grid in grids])
    failed = Line2D([], [], color=INK, marker="x", markersize=4, linestyle="none", label="no result")
    draw.outside_legend(fig, handles=[*entries, failed], where="bottom")


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
