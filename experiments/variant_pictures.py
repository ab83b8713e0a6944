"""How variants of one computation are drawn: panels of curves for each function, rows of lost digits."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from experiments.frames import formats_of, rows_of
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE, Style
from numdiff.report.styles import BLUE, FAINT, GREEN, INK, MUTED, PALE, VERMILLION

WAYS = (("usual way", VERMILLION, "o"), ("another way", BLUE, "s"), ("a third way", GREEN, "^"))
"""Name, colour and marker by the place in the formulation."""
_WIDTHS = (2.8, 1.9, 1.0)
"""Where curves coincide, the broad ones show beside the narrow ones before them."""
_DASHES = ("-", (0, (3.2, 1.4)))


def draw_pairs(fig: Canvas, curves: pd.DataFrame, titles: Mapping[str, str]) -> None:
    """Draw a panel for each function: all ways of writing it, in two formats, and the shared truncation error."""
    formats = formats_of(curves)[::-1]
    panels = draw.small_multiples(fig, list(titles.values()), columns=3, ylabel="relative error")
    styles = {
        (member, name): Style(color, marker, dash, f"{way}, {name}")
        for name, dash in zip(formats, _DASHES, strict=False)
        for member, (way, color, marker) in enumerate(WAYS)
    }
    for ax, key in zip(panels, titles, strict=True):
        part = curves[curves["formulation"] == key]
        shared = part[(part["format"] == formats[0]) & (part["truncation"] > 0)].sort_values("step_value")
        ax.plot(shared["step_value"], shared["truncation"], color=PALE, linewidth=5, zorder=1, label="_truncation")
        for (member, name), style in styles.items():
            one = part[(part["member"] == member) & (part["format"] == name)]
            if one.empty:
                continue
            width = _WIDTHS[member]
            draw.plot_errors(
                ax, one["step_value"], one["error"], style, "_way", status=one["status"].tolist(),
                markersize=3 + width / 2, linewidth=width,
            )  # fmt: skip
            if name == formats[0]:
                for best in rows_of(one[one["status"] == "ok"].nsmallest(1, "error")):
                    draw.mark_optimum(ax, best.step_value, best.error, "", color=style.text_color, size=8)
        ax.set_title("", loc="right")  # The caption says what the crosses are.
    low = 0.1 * curves[curves["status"] == "ok"]["error"].min()
    panels[0].set_ylim(low, 1e4)
    draw.outside_legend(fig, handles=draw.legend_entries([s.label for s in styles.values()], list(styles.values())))


def draw_losses(fig: Canvas, dots: pd.DataFrame, titles: Mapping[str, str]) -> None:
    """Draw a row for each way of writing, grouped by function, and in it the digits lost in each format."""
    ax = fig.subplots()
    rows = list(dict.fromkeys(zip(dots["formulation"], dots["row"], dots["member"], strict=True)))
    groups = list(dict.fromkeys(key for key, _, _ in rows))
    height = {row: number + 1.25 * groups.index(row[0]) for number, row in enumerate(rows)}
    names = formats_of(dots)
    for number, name in enumerate(names):
        part = dots[dots["format"] == name]
        levels = [
            height[row] + 0.12 * (number - (len(names) - 1) / 2)
            for row in zip(part["formulation"], part["row"], part["member"], strict=True)
        ]
        ax.plot(part["lost"], levels, label=name, zorder=4, clip_on=False,
                **FORMAT_STYLE[name].line_options(linestyle="none", markersize=6))  # fmt: skip
    for key in groups:
        top = min(level for row, level in height.items() if row[0] == key)
        ax.annotate(
            titles[key], (0, top - 0.8), xycoords=ax.get_yaxis_transform(), xytext=(-4, 0), textcoords="offset points",
            fontsize=9, weight="bold", va="center", ha="right",
        )  # fmt: skip
    ax.hlines(list(height.values()), 0, 1, transform=ax.get_yaxis_transform(), color=FAINT, linewidth=0.8, zorder=0)
    ax.set_yticks(list(height.values()), [text for _, text, _ in rows], fontsize=8.5)
    for text, (_, _, member) in zip(ax.get_yticklabels(), rows, strict=True):
        text.set_color(Style(VERMILLION, "").text_color if member == 0 else INK)
    ax.set(xlabel="correct digits lost at the best step", ylim=(max(height.values()) + 0.7, -1.3))
    ax.set_xlim(-0.1, None)
    ax.axvline(0, color=MUTED, linewidth=0.9, zorder=1)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    draw.outside_legend(fig, ax, where="bottom")


GRID_STYLES = {
    "decimal": Style(VERMILLION, "o", "-"),
    "nearest_power": Style(INK, "D", (0, (1, 1.3))),
    "realised": Style(BLUE, "s", (0, (3.2, 1.4))),
    "snapped": Style(GREEN, "^", (0, (5, 1.3, 1, 1.3))),
}
"""How the steps of the decimal grids are drawn."""
_SIZES = {"decimal": 4.4, "realised": 6.4, "snapped": 4.4, "nearest_power": 2.6}
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
                    ax, part["step_value"], part[column], GRID_STYLES[grid], "_grid", status=part["status"].tolist(),
                    markersize=_SIZES[grid], linestyle=dashes,
                )  # fmt: skip
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
    ax.annotate("exact\nzero", (0, middle), xycoords=ax.get_yaxis_transform(), xytext=(5, 0),
                textcoords="offset points", va="center", fontsize=8.5, color=MUTED)  # fmt: skip
    for lane, grid in enumerate(lanes):
        steps = zeros[zeros["grid"] == grid]["step_value"]
        level = top * 10 ** (-_LANE * (lane + 0.5))
        options = GRID_STYLES[grid].line_options(linestyle="none", markersize=4.2)
        ax.plot(steps, np.full(len(steps), level), label="_zeros", zorder=4, **options)
