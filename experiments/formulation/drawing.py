"""How ways of writing one function are drawn: panels of curves with their formulas, rows of lost digits."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

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
"""The formula's error is drawn down to this share of the smallest error; the formulas stand below."""
_LINE = 12.5
"""Distance in points between the formulas of a panel."""


def draw_pairs(fig: Canvas, data: pd.DataFrame, titles: Mapping[str, str]) -> None:
    """Draw a panel for each function: a curve for each form, its formula below, and the shared truncation error."""
    panels = draw.small_multiples(fig, list(titles.values()), columns=2, ylabel="relative error")
    for ax, key in zip(panels, titles, strict=True):
        part = data[data["formulation"] == key]
        shared = part[(part["member"] == 0) & (part["truncation"] > _SHOWN * part["error"].min())]
        shared = shared.sort_values("step_value")
        ax.plot(shared["step_value"], shared["truncation"], color=PALE, linewidth=6, zorder=1, label="_truncation")
        members = sorted(part["member"].unique())
        for member in members:
            _draw_form(ax, part[part["member"] == member], member)
        for place, member in enumerate(reversed(members)):
            _name_form(ax, part[part["member"] == member]["form"].iloc[0], member, place)
        ax.set_title("", loc="right")  # The caption says what the crosses are.
    panels[0].set_ylim(1e-7 * data[data["status"] == "ok"]["error"].min(), 1e3)
    panels[0].set_xlim(data["step_value"].min() / 2, 4 * data["step_value"].max())


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
    """Write a formula, behind the marker of its curve, in the free corner below the curves."""
    style = WAYS[member]
    ax.annotate(
        f"{_GLYPHS[style.marker]} {formula}",
        (0, 0),
        xycoords="axes fraction",
        xytext=(6, 9 + _LINE * place),
        textcoords="offset points",
        va="center",
        fontsize=9,
        color=style.text_color,
    )


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
            (0, top - (1.05 if draw.is_narrow(fig) else 0.8)),
            xycoords=ax.get_yaxis_transform(),
            xytext=(-4, 0),
            textcoords="offset points",
            fontsize=9,
            weight="bold",
            va="center",
            ha="left" if draw.is_narrow(fig) else "right",
        )
    ax.hlines(list(height.values()), 0, 1, transform=ax.get_yaxis_transform(), color=FAINT, linewidth=0.8, zorder=0)
    ax.set_yticks(list(height.values()), [text for _, text, _ in rows], fontsize=8.5)
    for text, (_, _, member) in zip(ax.get_yticklabels(), rows, strict=True):
        text.set_color(WAYS[0].text_color if member == 0 else INK)
    names_above(fig, ax)
    ax.set(xlabel="correct digits lost at the best step", ylim=(max(height.values()) + 0.7, -1.3))
    ax.set_xlim(-0.1, None)
    ax.axvline(0, color=MUTED, linewidth=0.9, zorder=1)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    draw.outside_legend(fig, ax, where="bottom")
