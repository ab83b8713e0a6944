"""How ways of writing one function are drawn: panels of curves for each function, rows of lost digits."""

from collections.abc import Mapping

import pandas as pd
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


def draw_pairs(fig: Canvas, data: pd.DataFrame, titles: Mapping[str, str]) -> None:
    """Draw a panel for each function: all ways of writing it, in two formats, and the shared truncation error."""
    formats = formats_of(data)[::-1]
    panels = draw.small_multiples(fig, list(titles.values()), columns=3, ylabel="relative error")
    styles = {
        (member, name): Style(color, marker, dash, f"{way}, {name}")
        for name, dash in zip(formats, _DASHES, strict=False)
        for member, (way, color, marker) in enumerate(WAYS)
    }
    for ax, key in zip(panels, titles, strict=True):
        part = data[data["formulation"] == key]
        shared = part[(part["format"] == formats[0]) & (part["truncation"] > 0)].sort_values("step_value")
        ax.plot(shared["step_value"], shared["truncation"], color=PALE, linewidth=5, zorder=1, label="_truncation")
        for (member, name), style in styles.items():
            one = part[(part["member"] == member) & (part["format"] == name)]
            if one.empty:
                continue
            width = _WIDTHS[member]
            draw.plot_errors(
                ax,
                one["step_value"],
                one["error"],
                style,
                "_way",
                status=one["status"].tolist(),
                markersize=3 + width / 2,
                linewidth=width,
            )
            if name == formats[0]:
                for best in rows_of(one[one["status"] == "ok"].nsmallest(1, "error")):
                    draw.mark_optimum(ax, best.step_value, best.error, "", color=style.text_color, size=8)
        ax.set_title("", loc="right")  # The caption says what the crosses are.
    low = 0.1 * data[data["status"] == "ok"]["error"].min()
    panels[0].set_ylim(low, 1e4)
    draw.outside_legend(fig, handles=draw.legend_entries([s.label for s in styles.values()], list(styles.values())))


def draw_losses(fig: Canvas, data: pd.DataFrame, titles: Mapping[str, str]) -> None:
    """Draw a row for each way of writing, grouped by function, and in it the digits lost in each format."""
    ax = fig.subplots()
    rows = list(dict.fromkeys(zip(data["formulation"], data["row"], data["member"], strict=True)))
    groups = list(dict.fromkeys(key for key, _, _ in rows))
    height = {row: number + 1.25 * groups.index(row[0]) for number, row in enumerate(rows)}
    names = formats_of(data)
    for number, name in enumerate(names):
        part = data[data["format"] == name]
        levels = [
            height[row] + 0.12 * (number - (len(names) - 1) / 2)
            for row in zip(part["formulation"], part["row"], part["member"], strict=True)
        ]
        ax.plot(
            part["lost"],
            levels,
            label=name,
            zorder=4,
            clip_on=False,
            **FORMAT_STYLE[name].line_options(linestyle="none", markersize=6),
        )
    for key in groups:
        top = min(level for row, level in height.items() if row[0] == key)
        ax.annotate(
            titles[key],
            (0, top - 0.8),
            xycoords=ax.get_yaxis_transform(),
            xytext=(-4, 0),
            textcoords="offset points",
            fontsize=9,
            weight="bold",
            va="center",
            ha="right",
        )
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
