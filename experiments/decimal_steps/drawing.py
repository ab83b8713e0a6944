"""How the grids of decimal steps are drawn: a panel for each function and point, lanes for exact zeros."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from numdiff.report import figures as draw
from numdiff.report.figures import Style
from numdiff.report.styles import BLUE, FAINT, GREEN, INK, MUTED, VERMILLION

GRID_STYLES = {
    "decimal": Style(VERMILLION, "o", "-"),
    "nearest_power": Style(INK, "D", (0, (1, 1.3))),
    "representable": Style(BLUE, "s", (0, (3.2, 1.4))),
    "representable_outward": Style(GREEN, "^", (0, (5, 1.3, 1, 1.3))),
}
"""How the steps of the decimal grids are drawn."""


_SIZES = {"decimal": 4.4, "representable": 6.4, "representable_outward": 4.4, "nearest_power": 2.6}
"""Sizes of the markers: where curves coincide, the small ones stand before the large ones."""


_LANE = 1.4
"""Decades from one lane of exact zeros to the next."""


def draw_grids(fig: Canvas, data: pd.DataFrame, names: Mapping[str, str], column: str, ylabel: str) -> None:
    """Draw a panel for each value of `panel`, and in it a curve for each grid; exact zeros have a lane for each."""
    titles = list(dict.fromkeys(data["panel"]))
    panels = draw.small_multiples(fig, titles, columns=2, ylabel=ylabel)
    grids = [grid for grid in GRID_STYLES if grid in set(data["grid"])]
    for ax, title in zip(panels, titles, strict=True):
        for grid in sorted(grids, key=lambda grid: -_SIZES[grid]):
            here = data[(data["panel"] == title) & (data["grid"] == grid)]
            part = here[here[column] != 0]
            # A line from one nonzero error to the next would hide the zeros between them.
            dashes = GRID_STYLES[grid].line if len(part) > 0.8 * len(here) else "none"
            if len(part):
                draw.plot_errors(
                    ax,
                    part["step_value"],
                    part[column],
                    GRID_STYLES[grid],
                    "_grid",
                    status=part["status"].tolist(),
                    markersize=_SIZES[grid],
                    linestyle=dashes,
                )
        ax.set_title("", loc="right")  # The caption says what the crosses are.
    zeros = data[data[column] == 0]
    if len(zeros):
        lanes = [grid for grid in grids if grid in set(zeros["grid"])]
        top = draw.zero_floor(data[column]) / 3
        for ax, title in zip(panels, titles, strict=True):
            _draw_zeros(ax, zeros[zeros["panel"] == title], lanes, top)
        panels[0].set_xlim(data["step_value"].min() / 3e3, data["step_value"].max() * 3)
        panels[0].set_ylim(top * 10 ** (-_LANE * len(lanes)), 3 * data[column].max())
        panels[0].set_yticks([tick for tick in panels[0].get_yticks() if tick > top])
    entries = [GRID_STYLES[grid] for grid in grids]
    draw.outside_legend(fig, handles=draw.legend_entries([names[grid] for grid in grids], entries), where="bottom")


def _draw_zeros(ax: Axes, zeros: pd.DataFrame, lanes: Sequence[str], top: float) -> None:
    """Draw the exact zeros of each grid in a lane of its own, on grey ground below all curves."""
    bottom = top * 10 ** (-_LANE * len(lanes))
    ax.axhspan(bottom, top, color=FAINT, alpha=0.55, linewidth=0, zorder=0)
    middle = math.sqrt(top * bottom)
    ax.annotate(
        "exact\nzero",
        (0, middle),
        xycoords=ax.get_yaxis_transform(),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        color=MUTED,
    )
    for lane, grid in enumerate(lanes):
        steps = zeros[zeros["grid"] == grid]["step_value"]
        level = top * 10 ** (-_LANE * (lane + 0.5))
        options = GRID_STYLES[grid].line_options(linestyle="none", markersize=4.2)
        ax.plot(steps, np.full(len(steps), level), label="_zeros", zorder=4, **options)
