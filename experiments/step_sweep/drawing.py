"""How the sweep is drawn: a V for each format, the digits of all functions, the V of some functions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from experiments.drawing import PREDICTED, cut, draw_curves, draw_model, draw_predicted, key_entries
from experiments.frames import cells, formats_of, log10, methods_of, rows_of
from experiments.lanes import draw_lanes, formula_of, hollow_dot, lane_key, lanes_of
from experiments.words import plain, written
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE
from numdiff.report.labels import spread
from numdiff.report.styles import INK, MUTED

_ABOVE = 3e2
"""How far above an error of 100 % the axes of the first figure go: room for the marks of lost steps."""


def draw_v_curves(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the curve of each format with its model, name the best steps at the right, and the slopes of theory."""
    narrow = draw.is_narrow(fig)
    fig.subplots_adjust(right=0.74 if narrow else 0.78)
    ax = draw.error_axes(fig.subplots(), ylabel="relative error")
    draw_curves(ax, data, ring=10)
    draw_model(ax, data)
    cut(ax, data)
    ax.set_ylim(top=_ABOVE)
    ax.set_title("", loc="right")  # The key says what the crosses are.
    name_optima(ax, data[data["best"]], narrow)
    if narrow:
        draw.outside_legend(fig, handles=key_entries(), where="bottom")
    else:
        name_slopes(ax, data, 2)
        ax.legend(handles=key_entries(), loc="lower left", fontsize=9, borderaxespad=0.6)


def draw_digits(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a lane for each format and formula: a dot for each function, and a line at what the format holds."""
    fig.subplots_adjust(left=0.2, right=0.96)
    ax = fig.subplots()
    looks = np.where(data["truncation"] == 0, "o", "")
    draw_lanes(ax, data.assign(look=looks), "digits", (5 * data["digits"]).round())
    lanes = lanes_of(data)
    for name in formats_of(data):
        own = [y for (item, _), y in lanes.items() if item == name]
        limit = -log10(float(FORMATS[name].unit_roundoff))
        ax.plot([limit] * 2, [min(own) - 0.1, max(own) + 0.75], color=INK, linewidth=2, label="_limit")
        ax.annotate(
            f"{limit:.1f}",
            (limit, sum(own) / len(own) + 0.3),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
        for method in methods_of(data):
            order, y = METHODS[method].accuracy_order, lanes[name, method]
            ax.plot([limit * order / (order + 1)], [y - 0.04], zorder=6, label="_theory", **_THEORY)
    ax.set_xlim(min(-0.3, data["digits"].min() - 0.2), max(data["digits"].max() + 0.5, 20.5))
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    ax.set_xlabel("correct decimal digits at the best step")
    if not draw.is_narrow(fig):
        name_exceptions(ax, data, lanes)
    held_line = Line2D([], [], color=INK, linewidth=2, label="what the format holds")
    share = Line2D([], [], label="theory: half, two thirds of that", **_THEORY)
    exact = Line2D([], [], color=INK, label="no truncation error", **hollow_dot("o"))
    draw.outside_legend(fig, handles=[*lane_key(methods_of(data)), exact, held_line, share], where="bottom")


_THEORY: dict[str, Any] = {"linestyle": "none", "marker": "D", "markersize": 5.5, "color": PREDICTED}
_THEORY |= {"markeredgecolor": "white"}


def name_exceptions(ax: Axes, data: pd.DataFrame, lanes: Mapping[tuple[str, str], float]) -> None:
    """Say in the lanes of one format which function has the fewest digits, and why some have so many."""
    name = "float64" if "float64" in set(data["format"]) else formats_of(data)[-1]
    beside: dict[str, Any] = {
        "textcoords": "offset points",
        "va": "center",
        "ha": "right",
        "fontsize": 8,
        "color": MUTED,
    }
    for method in methods_of(data):
        lane, y = cells(data, format=name, method=method), lanes[name, method] + 0.09
        exact = lane[lane["truncation"] == 0]
        if len(exact):
            ax.annotate("no truncation\nerror", (exact["digits"].min(), y + 0.22), xytext=(-6, 0), **beside)
        lowest = lane.sort_values("digits", kind="stable").iloc[0]
        ax.annotate(formula_of(lowest["problem"]), (lowest["digits"], y), xytext=(-6, 0), **beside)


def draw_many_functions(fig: Canvas, data: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw a panel for each function: the curve of each format, and the predicted best steps."""
    titles = [f"{written(PROBLEMS[name].formula)}, x = {_point(name)}" for name in names]
    groups = [(title, cells(data, problem=name)) for title, name in zip(titles, names, strict=True)]
    panels = draw.draw_panels(fig, groups, draw_curves, columns=3, ylabel="relative error")
    for ax, name, title in zip(panels, names, titles, strict=True):
        draw_predicted(ax, cells(data, problem=name), size=5)
        explain(ax, cells(data, problem=name), name)
        ax.set_title(title, fontsize=9)
        ax.set_title("", loc="right")  # The key says what the crosses are.
    cut(panels[0], data)
    key = [entry for entry in key_entries() if entry.get_label() != "predicted error"]
    draw.outside_legend(fig, handles=[*draw.legend_entries(formats_of(data)), *key], where="bottom")


def explain(ax: Axes, frame: pd.DataFrame, name: str) -> None:
    """Say in a panel that there is no truncation error, or that points x ± h lie outside the domain of f."""
    words: dict[str, Any] = {"fontsize": 8, "color": MUTED}
    if (frame.loc[frame["status"] == "ok", "truncation"] == 0).all():
        ax.annotate("no truncation\nerror", (0.05, 0.08), xycoords="axes fraction", va="bottom", **words)
    low, high = PROBLEMS[name].domain
    # The difference is centered: both x − h and x + h have to lie inside.
    room = min(PROBLEMS[name].points[0] - low, high - PROBLEMS[name].points[0])
    outside = frame.loc[(frame["status"] != "ok") & (frame["step_value"] >= room), "step_value"]
    if len(outside):
        middle = np.sqrt(outside.min() * outside.max())
        line = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.7}
        place: dict[str, Any] = {"xycoords": ax.get_xaxis_transform(), "textcoords": "axes fraction", "ha": "right"}
        ax.annotate("outside\nthe domain", (middle, 0.86), xytext=(0.99, 0.3), arrowprops=line, **place, **words)


def _point(name: str) -> str:
    return f"{PROBLEMS[name].points[0]:.2g}".replace("-", "−")


def name_optima(ax: Axes, marks: pd.DataFrame, narrow: bool = False) -> None:
    """Lead from each ring to a column of words at the right: format, digits and, where there is room, the step."""
    ordered = marks.sort_values("error", kind="stable")
    low, high = np.log10(ax.get_ylim())
    wanted = (np.log10(ordered["error"]) - low) / (high - low)
    for mark, level in zip(rows_of(ordered), spread(wanted.tolist(), 0.085, 0.0, 1.0), strict=True):
        digits = f"{-log10(mark.error):.1f} digits"
        text = f"{mark.format}: {digits}\nat h = {plain(mark.step_value)}"
        text = f"{mark.format}\n{digits}" if narrow else text
        color = FORMAT_STYLE[mark.format].text_color
        ax.annotate(
            text,
            (mark.step_value, mark.error),
            xytext=(1.03, level),
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            color=color,
            linespacing=1.05,
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.7, "shrinkB": 6, "shrinkA": 0},
        )


def name_slopes(ax: Axes, frame: pd.DataFrame, order: int) -> None:
    """Draw the slopes of theory beside the widest format: 1/h where rounding rules, hᵖ where truncation does."""
    widest = frame[(frame["format"] == formats_of(frame)[-1]) & (frame["status"] == "ok")]
    rounding = widest[widest["truncation"] < 1e-4 * widest["error"]]
    truncation = widest[widest["truncation"] > 10 * widest["error"].min()]
    if len(rounding) and len(truncation):
        middle, last = rounding.iloc[len(rounding) // 2], truncation.iloc[-1]
        draw.slope_guide(ax, -1, (middle["step_value"], middle["error"]), "rounding O(1/h)")
        text = f"truncation {draw.order_text(order)}"
        draw.slope_guide(ax, order, (last["step_value"], last["truncation"]), text)
