"""How ways of writing one function are drawn: panels of curves with their formulas, rows of lost digits."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.row_names import names_above
from numdiff.report import figures as draw
from numdiff.report.figures import ROLE_STYLE
from numdiff.report.styles import INK, MUTED, PALE

WAYS = tuple(ROLE_STYLE[name] for name in ("usual way", "another way"))
"""The style of the usual form, and of every other one."""
_SHOWN = 0.03
"""The formula's error is drawn down to this share of the smallest error."""


def draw_pairs(fig: Canvas, data: pd.DataFrame, titles: Mapping[str, str], losses: Mapping[str, float]) -> None:
    """Draw a panel for each function: the curves of the usual and of the best form, named, and the digits lost."""
    panels = draw.small_multiples(fig, list(titles.values()), columns=2, ylabel="relative error")
    shown = data[data["status"] == "ok"]["error"]
    panels[0].set_ylim(_SHOWN * shown.min() / 1e4, 1e5 * shown.max())
    panels[0].set_xlim(data["step_value"].min() / 2, 300 * data["step_value"].max())
    for ax, key in zip(panels, titles, strict=True):
        part = data[data["formulation"] == key]
        shared = part[(part["member"] == 0) & (part["truncation"] > _SHOWN * part["error"].min())]
        shared = shared.sort_values("step_value")
        ax.plot(shared["step_value"], shared["truncation"], color=PALE, linewidth=6, zorder=1, label="_truncation")
        ends = [_draw_form(ax, part[part["member"] == member], member) for member in sorted(part["member"].unique())]
        _name_loss(ax, ends, losses[key])
        draw.name_failures(ax, fontsize=8.5)
        if ax is panels[0]:
            words: dict[str, Any] = {
                "xycoords": "axes fraction",
                "ha": "right",
                "va": "bottom",
                "fontsize": 9,
                "color": MUTED,
            }
            ax.annotate("grey: the formula's error", (0.98, 0.05), **words)
    item = data["format"].iloc[0]
    draw.subject(
        fig, f"Centered difference in {item}, usual form (orange) and best form (blue) of a function; rings: best steps"
    )


def _draw_form(ax: Axes, part: pd.DataFrame, member: int) -> Any:
    """Draw the curve of one form, its formula beside the left arm, a ring at its best step; return the best cell."""
    style = WAYS[min(member, 1)]
    options: dict[str, Any] = {"status": part["status"].tolist(), "markersize": 0, "linewidth": 2.0}
    draw.plot_errors(ax, part["step_value"], part["error"], style, "_form", linestyle="-", **options)
    fine = part[part["status"] == "ok"].sort_values("step_value", ignore_index=True)
    best = int(fine["error"].to_numpy().argmin())
    draw.mark_optimum(ax, fine["step_value"][best], fine["error"][best], "", color=style.text_color, size=9)
    # A usual form is above its curve, where no other one is; the best one in the lower left corner.
    place: dict[str, Any] = {"va": "bottom", "ha": "left"} if member else {"va": "top", "ha": "right"}
    formula = part["form"].iloc[0]
    if len(formula) > _LONG and draw.is_narrow(ax.figure):
        formula = formula.replace(" / ", " /\n")
    at = (0.03, 0.05) if member else (0.98, 0.87)
    ax.annotate(formula, at, xycoords="axes fraction", color=style.text_color, fontsize=9, **place)
    return fine.iloc[best]


def _name_loss(ax: Axes, ends: Sequence[Any], lost: float) -> None:
    """Write between the best steps of two forms by how many digits they differ."""
    usual, other = ends
    at = (usual["step_value"], (usual["error"] * other["error"]) ** 0.5)
    ax.annotate("", (at[0], other["error"]), (at[0], usual["error"]), arrowprops=_ARROW, zorder=6)
    look: dict[str, Any] = {"xytext": (6, -4), "textcoords": "offset points", "va": "center", "weight": "bold"}
    ax.annotate(f"{lost:.1f} digits\nlost", at, fontsize=9.5, color=INK, **look)


_LONG = 30
"""Letters of a formula that have no room in one line on a phone."""
_ARROW = {"arrowstyle": "<->", "color": INK, "linewidth": 1.1, "shrinkA": 2, "shrinkB": 0}


def draw_losses(fig: Canvas, data: pd.DataFrame, titles: Mapping[str, str], shown: str) -> None:
    """Draw a bar for each form, grouped by function: the digits lost in one format, and a line over all formats."""
    ax = fig.subplots()
    rows = list(dict.fromkeys(zip(data["formulation"], data["row"], data["member"], strict=True)))
    groups = list(dict.fromkeys(key for key, _, _ in rows))
    height = {row: number + 1.25 * groups.index(row[0]) for number, row in enumerate(rows)}
    bar = 0.34 if draw.is_narrow(fig) else 0.62
    for (key, form, member), level in height.items():
        part = data[(data["formulation"] == key) & (data["row"] == form)]
        one, color = float(part[part["format"] == shown]["lost"].iloc[0]), WAYS[min(member, 1)].color
        ax.barh(level, one, bar, color=color, zorder=2)
        ax.plot([part["lost"].min(), part["lost"].max()], [level] * 2, color=INK, linewidth=1.0, zorder=3)
        text = f"{one:.1f}" if one >= 0.05 else "0"
        beside: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": 9, "weight": "bold"}
        color = WAYS[min(member, 1)].text_color
        ax.annotate(text, (max(one, part["lost"].max()), level), (5, 0), color=color, **beside)
    tops = {titles[key]: min(level for row, level in height.items() if row[0] == key) for key in groups}
    _name_groups(fig, ax, tops)
    names_of_rows = [f"as it stands: {text}" if text == titles[key] else text for key, text, _ in rows]
    ax.set_yticks(list(height.values()), names_of_rows, fontsize=8.5)
    for name, (_, _, member) in zip(ax.get_yticklabels(), rows, strict=True):
        name.set_color(WAYS[0].text_color if member == 0 else INK)
    names_above(fig, ax)
    ax.set(xlabel="correct digits lost at the best step (0: the best form)", ylim=(max(height.values()) + 0.7, -1.3))
    ax.set_xlim(0, 1.08 * data["lost"].max())
    ax.axvline(0, color=MUTED, linewidth=0.9, zorder=1)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    _explain(fig, shown)


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


def _explain(fig: Canvas, shown: str) -> None:
    """Put what bars and lines are in a legend."""
    handles: list[Any] = [
        Patch(color=WAYS[0].color, label=f"usual form, {shown}"),
        Patch(color=WAYS[1].color, label=f"another form, {shown}"),
        Line2D([], [], color=INK, linewidth=1.0, label="from the least to the most of all formats"),
    ]
    draw.outside_legend(fig, handles=handles, where="bottom")
