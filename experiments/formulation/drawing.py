"""How ways of writing one function are drawn: panels of curves with their formulas, rows of lost digits."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from experiments.frames import formats_of, rows_of
from experiments.row_names import names_above
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE, ROLE_STYLE
from numdiff.report.styles import FAINT, INK, MUTED, PALE

WAYS = tuple(ROLE_STYLE[name] for name in ("usual way", "another way", "a third way"))
"""The style of each form by its place in the formulation."""
_WIDTHS = (2.6, 1.9, 1.2)
"""Where curves coincide, the broad ones show beside the narrow ones before them."""
_GLYPHS = {"o": "●", "s": "■", "^": "▲"}
"""The markers of the forms, as letters."""
_SHOWN = 0.03
"""The formula's error is drawn down to this share of the smallest error."""
_LINE = 12.5
"""Distance in points between the formulas above a panel."""
_PAD = 4.0
"""Distance in points between them and the panel."""
_GAP = 0.4
"""Distance in inches between a panel and the title below it."""


def draw_pairs(fig: Canvas, data: pd.DataFrame, titles: Mapping[str, str]) -> None:
    """Draw a panel for each function: a curve for each form, its formula above, and the shared truncation error."""
    panels = draw.small_multiples(fig, list(titles.values()), columns=2, ylabel="relative error")
    lines = 1 + int(data["member"].max())
    _make_room_above(fig, panels, (_LINE * lines + _PAD) / 72)
    for ax, key in zip(panels, titles, strict=True):
        part = data[data["formulation"] == key]
        shared = part[(part["member"] == 0) & (part["truncation"] > _SHOWN * part["error"].min())]
        shared = shared.sort_values("step_value")
        ax.plot(shared["step_value"], shared["truncation"], color=PALE, linewidth=6, zorder=1, label="_truncation")
        members = sorted(part["member"].unique())
        for member in members:
            _draw_form(ax, part[part["member"] == member], member)
        for member in members:
            _name_form(ax, part[part["member"] == member]["form"].iloc[0], member, lines - member)
        ax.set_title("", loc="right")  # The legend says what the crosses are.
        ax.set_title(ax.get_title(loc="left"), loc="left", pad=5 + _LINE * lines + _PAD)
    shown = data[data["status"] == "ok"]["error"]
    panels[0].set_ylim(_SHOWN * shown.min() / 10, 1e3 * shown.max())
    panels[0].set_xlim(data["step_value"].min() / 2, 4 * data["step_value"].max())
    draw.outside_legend(fig, handles=_meanings(lines), where="bottom")


def _make_room_above(fig: Canvas, panels: Sequence[Axes], inches: float) -> None:
    """Move the panels apart by a height for their formulas; they get lower, or a narrow canvas higher."""
    grid: Any = panels[0].get_gridspec()
    if draw.is_narrow(fig):
        draw.extend(fig, grid.nrows * inches)
        _shift_bottom(fig, grid.nrows * inches)
    height, margins = fig.get_figheight(), fig.subplotpars
    top = margins.top - inches / height
    gap = inches + _GAP
    panel = ((top - margins.bottom) * height - (grid.nrows - 1) * gap) / grid.nrows
    grid.update(hspace=gap / panel)
    fig.subplots_adjust(top=top)


def _shift_bottom(fig: Canvas, inches: float) -> None:
    """Give the height by which a canvas was extended to its panels, and move their common labels there."""
    height, margins = fig.get_figheight(), fig.subplotpars
    for text in fig.texts:
        x, y = text.get_position()
        text.set_position((x, y - (inches / 2 if text.get_rotation() else inches) / height))
    fig.subplots_adjust(bottom=margins.bottom - inches / height)


def _meanings(lines: int) -> list[Line2D]:
    """Return legend entries for the forms by their place, the rings, the grey band and the crosses."""
    names = ("usual form", "another form", "a third form")[:lines]
    options: dict[str, Any] = {"color": INK, "linestyle": "none"}
    return [
        *draw.legend_entries(names, WAYS[:lines]),
        Line2D([], [], marker="o", markersize=9, fillstyle="none", label="best step", **options),
        Line2D([], [], color=PALE, linewidth=6, label="the formula's error"),
        Line2D([], [], marker="x", markersize=4, label="no usable result", **options),
    ]


def _draw_form(ax: Axes, part: pd.DataFrame, member: int) -> None:
    """Draw the curve of one form, and a ring at its best step."""
    style, width = WAYS[member], _WIDTHS[member]
    draw.plot_errors(
        ax,
        part["step_value"],
        part["error"],
        style,
        "_form",
        status=part["status"].tolist(),
        markersize=2.2 + width / 2,
        linewidth=width,
    )
    for best in rows_of(part[part["status"] == "ok"].nsmallest(1, "error")):
        draw.mark_optimum(ax, best.step_value, best.error, "", color=style.text_color, size=9)


def _name_form(ax: Axes, formula: str, member: int, place: int) -> None:
    """Write a formula, behind the marker of its curve, above the panel and below its title."""
    style = WAYS[member]
    ax.annotate(
        f"{_GLYPHS[style.marker]} {formula}",
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, _LINE * (place - 0.5) + _PAD),
        textcoords="offset points",
        va="center",
        fontsize=9,
        color=style.text_color,
    )


_SPREAD = 0.06
"""Distance between the formats of a row, as a share of the distance between rows."""


def draw_losses(fig: Canvas, data: pd.DataFrame, titles: Mapping[str, str]) -> None:
    """Draw a row for each form, grouped by function, and in it the digits lost in each format."""
    ax = fig.subplots()
    rows = list(dict.fromkeys(zip(data["formulation"], data["row"], data["member"], strict=True)))
    groups = list(dict.fromkeys(key for key, _, _ in rows))
    height = {row: number + 1.25 * groups.index(row[0]) for number, row in enumerate(rows)}
    names = formats_of(data)
    for number, name in enumerate(names):
        part = data[data["format"] == name]
        levels = [
            height[row] + _SPREAD * (number - (len(names) - 1) / 2)
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
    tops = {titles[key]: min(level for row, level in height.items() if row[0] == key) for key in groups}
    _name_groups(fig, ax, tops)
    half = 0.25 if draw.is_narrow(fig) else 0.42
    for level in height.values():
        ax.axhspan(level - half, level + half, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
    names_of_rows = [f"as it stands: {text}" if text == titles[key] else text for key, text, _ in rows]
    ax.set_yticks(list(height.values()), names_of_rows, fontsize=8.5)
    for text, (_, _, member) in zip(ax.get_yticklabels(), rows, strict=True):
        text.set_color(WAYS[0].text_color if member == 0 else INK)
    names_above(fig, ax)
    ax.set(xlabel="correct digits lost at the best step (0: the best form)", ylim=(max(height.values()) + 0.7, -1.3))
    ax.set_xlim(-0.1, None)
    ax.axvline(0, color=MUTED, linewidth=0.9, zorder=1)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    _explain(fig, names)


def _name_groups(fig: Canvas, ax: Axes, tops: Mapping[str, float]) -> None:
    """Write the function of each group above its first row."""
    narrow = draw.is_narrow(fig)
    for words, top in tops.items():
        ax.annotate(
            f"f(x) = {words}",
            (0, top - (1.05 if narrow else 0.8)),
            xycoords=ax.get_yaxis_transform(),
            xytext=(-4, 0),
            textcoords="offset points",
            fontsize=9,
            weight="bold",
            va="center",
            ha="left" if narrow else "right",
        )


def _explain(fig: Canvas, names: Sequence[str]) -> None:
    """Put the formats, and what the coloured names of rows are, in a legend."""
    usual = Line2D([], [], color=WAYS[0].color, linestyle="none", label="orange: usual form")
    handles = [*draw.legend_entries(names), usual]
    for handle in handles[:-1]:
        handle.set(linestyle="none", markersize=6)
    legend = draw.outside_legend(fig, handles=handles, where="bottom")
    if legend is not None:
        legend.get_texts()[-1].set_color(WAYS[0].text_color)
