"""How the sweep is drawn: a V for each format, the digits of all functions, the V of some functions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from experiments.drawing import DASHED, cut, draw_curves, draw_model, draw_predicted, key_entries
from experiments.frames import cells, formats_of, log10, methods_of, rows_of
from experiments.lanes import draw_lanes, hollow_dot, lane_key, lanes_of
from experiments.words import plain, written
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE, METHOD_STYLE
from numdiff.report.labels import spread
from numdiff.report.styles import INK, MUTED, PALE

_ABOVE = 3e2
"""How far above an error of 100 % the axes of the first figure go: room for the marks of lost steps."""


def draw_v_curves(fig: Canvas, data: pd.DataFrame, drawn: str) -> None:
    """Draw the curve of each format with its model, name the best steps at the right, and the slopes of theory."""
    narrow = draw.is_narrow(fig)
    fig.subplots_adjust(right=0.74 if narrow else 0.78)
    ax = draw.error_axes(fig.subplots(), ylabel="relative error")
    draw.subject(fig, drawn)
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
    """Draw a lane for each formula and format: a dot for each function, at the share of digits that it keeps."""
    narrow = draw.is_narrow(fig)
    fig.subplots_adjust(left=0.19, right=0.79 if narrow else 0.82)
    ax = fig.subplots()
    looks = np.where(data["truncation"] == 0, "o", "")
    lanes, held = lanes_of(data, "method"), data["held"].groupby(data["format"]).first()
    medians = data.groupby(["format", "method"])["digits"].median()
    ends = {pair: _median_text(medians[pair], held[pair[0]], narrow) for pair in lanes}
    draw_lanes(ax, data.assign(look=looks), "share", (40 * data["share"]).round(), ends, "method")
    for method in methods_of(data):
        order = METHODS[method].accuracy_order
        heights = [y for (_, name), y in lanes.items() if name == method]
        _mark_theory(ax, order / (order + 1), (min(heights) - 0.1, max(heights) + 0.85), method)
    ax.set(xlim=(min(-0.02, data["share"].min() - 0.02), 1.02), ylim=(-0.35, max(lanes.values()) + 1.5))
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    ax.set_xlabel("correct digits at the best step / digits of the format")
    above: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "fontsize": 8.5}
    words = "median\ndigits" if narrow else "median, in digits"
    ax.annotate(words, (1, max(lanes.values()) + 0.95), xytext=(5, 0), va="center", color=MUTED, **above)
    ax.set_yticks(list(lanes.values()), [name for name, _ in lanes], va="bottom")
    if narrow:
        exact = Line2D([], [], color=INK, label="no truncation error", **hollow_dot("o"))
        draw.outside_legend(fig, handles=[*lane_key(methods_of(data)), exact], where="bottom")
    else:
        _explain_marks(ax, data, lanes)


def _median_text(digits: float, held: float, narrow: bool) -> str:
    return f"{digits:.1f}\nof {held:.1f}" if narrow else f"{digits:.1f} of {held:.1f}"


def _mark_theory(ax: Axes, share: float, ends: tuple[float, float], method: str) -> None:
    """Draw where theory puts the dots of one formula, and above it the name of the formula and the share."""
    ax.plot([share] * 2, ends, color=INK, linewidth=1.3, linestyle=DASHED, zorder=1, label="_theory")
    words = {1 / 2: "one half", 2 / 3: "two thirds"}.get(share, f"{share:.2f}")
    text = f"{method} difference: {words}"
    color = METHOD_STYLE[method].text_color
    look: dict[str, Any] = {"xytext": (0, 2), "textcoords": "offset points", "ha": "center", "va": "bottom"}
    ax.annotate(text, (share, ends[1]), fontsize=10, weight="bold", color=color, **look)


def _explain_marks(ax: Axes, data: pd.DataFrame, lanes: Mapping[tuple[str, str], float]) -> None:
    """Say beside a dot, a median and a hollow dot of one format what they are."""
    name = "float64" if "float64" in set(data["format"]) else formats_of(data)[-1]
    first = methods_of(data)[0]
    lane, y = cells(data, format=name, method=first), lanes[name, first]
    look: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": 8.5, "color": MUTED}
    ax.annotate("● one function", (lane["share"].min(), y + 0.1), xytext=(-7, 0), ha="right", **look)
    median = (lane["share"].median(), y + 0.62)
    ax.annotate("▼ median", median, xytext=(12, 0), ha="left", **look)
    exact = lane[lane["truncation"] == 0]
    if len(exact):
        text = "○ no truncation\nerror"
        ax.annotate(text, (exact["share"].min(), y + 0.3), xytext=(-8, 0), ha="right", **look)


def draw_many_functions(fig: Canvas, data: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw a panel for each function: the curve of each format, the best steps, and that of the widest in words."""
    titles = [f"{written(PROBLEMS[name].formula)}, x = {_point(name)}" for name in names]
    groups = [(title, cells(data, problem=name)) for title, name in zip(titles, names, strict=True)]
    panels = draw.draw_panels(fig, groups, _draw_function, columns=3, ylabel="relative error")
    cut(panels[0], data)
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low / 100, high)
    widest = formats_of(data)[-1]
    for ax, name, title in zip(panels, names, titles, strict=True):
        explain(ax, cells(data, problem=name), name)
        ax.set_title(title, fontsize=9.5)
        ax.set_title("", loc="right")  # The words above all panels say what the crosses are.
        (best,) = rows_of(cells(data, problem=name, format=widest, best=True)) or [None]
        if best is not None:
            color = FORMAT_STYLE[widest].text_color
            words: dict[str, Any] = {"xycoords": "axes fraction", "fontsize": 9, "weight": "bold", "color": color}
            ax.annotate(f"best h = {plain(best.step_value)}", (0.03, 0.04), **words)
    look: dict[str, Any] = {"marker": "", "linestyle": "-", "linewidth": 2}
    formats = [Line2D([], [], **FORMAT_STYLE[name].line_options(label=name, **look)) for name in formats_of(data)]
    grey = Line2D([], [], color=PALE, linewidth=5, label="truncation error")
    draw.outside_legend(fig, handles=[*formats, grey], where="bottom")
    draw.subject(fig, f"Centered difference; ring: best step (in words: {widest}), ◆: predicted, ×: no result")


def _draw_function(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw the truncation error broadly, before it the error of each format without markers, and the best steps."""
    draw_curves(ax, frame, markersize=0, linestyle="-")
    draw_predicted(ax, frame, size=5)


def explain(ax: Axes, frame: pd.DataFrame, name: str) -> None:
    """Say in a panel that there is no truncation error, or that points x ± h lie outside the domain of f."""
    words: dict[str, Any] = {"fontsize": 8, "color": MUTED}
    if (frame.loc[frame["status"] == "ok", "truncation"] == 0).all():
        ax.annotate("no truncation\nerror", (0.05, 0.22), xycoords="axes fraction", va="bottom", **words)
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
