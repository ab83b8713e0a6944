"""How best steps are drawn: predicted and observed ones, single runs, all runs, what a given step costs."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.drawing import DASHED, PREDICTED, cut, draw_predicted
from experiments.frames import cells, formats_of, methods_of, rows_of
from experiments.lanes import bar_key, draw_bars, draw_lanes, formula_of, hollow_dot, lane_key, lanes_of, mark_values
from experiments.words import percent, plain
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE, METHOD_STYLE
from numdiff.report.styles import INK, MUTED, PALE, ROLE_STYLE, VERMILLION
from numdiff.style import luminance

NEWLINE = "\n"
LOSSES: Mapping[str, tuple[str, str]] = {
    "few": ("at most 1 digit lost", "#dfe4ea"),
    "some": ("1 to 3 digits lost", "#aab4c0"),
    "many": ("more than 3 digits lost", "#5b6673"),
    "without": ("no result", VERMILLION),
}
"""Columns of the data of the bars: words and colour, the darker the worse."""


def draw_prediction(fig: Canvas, data: pd.DataFrame, ways: Mapping[str, str], within: float) -> None:
    """Draw predicted against observed steps, and for each way to choose a step how near its error is to the best."""
    left, right = fig.subplots(1, 2, gridspec_kw={"wspace": 0.62, "width_ratios": [1, 1.05]})
    if not draw.is_narrow(fig):
        fig.subplots_adjust(bottom=0.12, top=0.91)
    draw_steps(left, data, within)
    draw_shares(right, data, ways, within)
    draw.subject(fig, f"{len(data)} runs: forward and centered differences of many functions in five formats")


def draw_steps(ax: Axes, frame: pd.DataFrame, within: float) -> None:
    """Draw a mark for each run, hollow where an assumption of the prediction fails, the diagonal, a band around it."""
    ax.set(xscale="log", yscale="log")
    known = frame.dropna(subset="model_step")
    low = known[["observed_step", "model_step"]].min().min() / 3
    # A prediction beyond the grid is drawn at the top edge.
    high = 100 * known["observed_step"].max()
    edge = high / 6
    ends = np.array([low, high])
    ax.fill_between(ends, ends / within, ends * within, color=PALE, alpha=0.8, linewidth=0, zorder=0)
    for regular, part in known.groupby("regular"):
        look: dict[str, Any] = {"linestyle": "none", "marker": "o", "color": INK, "markersize": 3.4, "alpha": 0.55}
        if not regular:
            look |= {"markersize": 5.5, "markerfacecolor": "none", "markeredgewidth": 1.1, "alpha": 1.0}
        ax.plot(part["observed_step"], part["model_step"].clip(upper=edge), clip_on=False, zorder=4, **look)
    draw.decade_ticks(ax)
    ax.set(xlim=(low, high), ylim=(low, high), xlabel="observed best step", ylabel="predicted best step")
    title = "Predicted and best step" if draw.is_narrow(ax.figure) else "The predicted step is near the best one"
    ax.set_title(title, fontsize=10.5, weight="bold")
    words: dict[str, Any] = {"textcoords": "offset points", "fontsize": 9, "color": INK}
    ax.annotate(f"band: within {within}×", (low * 1e4, low * 1e4), (12, -6), va="top", color=MUTED, **_less(words))
    ax.annotate("● one run", (0.04, 0.8), (0, 0), xycoords="axes fraction", va="center", **words)
    ax.annotate("○ an assumption fails", (0.04, 0.72), (0, 0), xycoords="axes fraction", va="center", **words)
    top = "no truncation error:\nany large step is good"
    at = (known["observed_step"].max(), edge)
    ax.annotate(top, at, (-14, 0), ha="right", va="center", color=MUTED, **_less(words))


def _less(words: dict[str, Any]) -> dict[str, Any]:
    """Return options of text without its colour."""
    return {key: value for key, value in words.items() if key != "color"}


def draw_shares(ax: Axes, frame: pd.DataFrame, ways: Mapping[str, str], within: float) -> None:
    """Draw a bar for each way: in how many of all runs its error is near the smallest, far from it, or not there."""
    for level, way in enumerate(ways):
        ratios, start = frame[f"{way}_ratio"].fillna(np.inf), 0.0
        for (low, high), color in _NEARNESS.items():
            share = float(((ratios > low * within) & (ratios <= high * within)).mean())
            ax.barh(level, share, 0.6, left=start, color=color, edgecolor="white", linewidth=0.8)
            start += share
        good = float((ratios <= within).mean())
        ax.text(good - 0.02, level, percent(good), ha="right", va="center", color="white", weight="bold", fontsize=10)
    ax.set_yticks(range(len(ways)), [words.replace(" ", "\n", 1) for words in ways.values()], fontsize=9.5)
    ax.set(xlim=(0, 1), ylim=(len(ways) - 0.5, -0.5), xlabel="share of all runs")
    ax.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False)
    ax.set_title("Error at the step that is chosen", fontsize=10.5, weight="bold")
    names = (f"at most {within}× the smallest error", f"{within}× to {10 * within}×", "more, or no result")
    handles: list[Any] = [Patch(color=color, label=text) for color, text in zip(_NEARNESS.values(), names, strict=True)]
    draw.outside_legend(ax.figure.figure, handles=handles, where="bottom")


_NEARNESS: Mapping[tuple[float, float], str] = {(-1, 1): "#33506b", (1, 10): "#aab4c0", (10, np.inf): VERMILLION}
"""Colours of shares by the error over the smallest one, in units of what counts as near; infinite without a result."""


# --- single runs, lanes of dots, shares --------------------------------------------------------------------


def draw_anatomy(fig: Canvas, data: pd.DataFrame, drawn: str) -> None:
    """Draw one function in one format: a panel for each formula that has a best step, its curves named in the first."""
    (item,) = formats_of(data)
    groups = [(f"{method} difference", cells(data, method=method)) for method in methods_of(data[data["best"]])]
    panels = draw.draw_panels(fig, groups, draw_run, ylabel="relative error")
    cut(panels[0], data)
    measured = Line2D([], [], color=FORMAT_STYLE[item].color, linewidth=2.2, label="measured error")
    predicted = Line2D([], [], color=INK, linewidth=1.2, linestyle=DASHED, label="predicted error")
    grey = Line2D([], [], color=PALE, linewidth=5, label="truncation error")
    dots = ROLE_STYLE["bound"]
    bound = Line2D([], [], color=dots.color, linewidth=1.3, linestyle=dots.line, label="proved bound")
    draw.outside_legend(fig, handles=[measured, predicted, bound, grey], where="bottom")
    draw.subject(fig, drawn)


def draw_run(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw one run with truncation error, model, a priori bound, and the observed and predicted best step."""
    shared = frame[frame["truncation"] > 0].sort_values("step_value")
    ax.plot(shared["step_value"], shared["truncation"], color=PALE, linewidth=6, zorder=1, label="_truncation")
    draw.plot_groups(ax, frame, y="error", markersize=0, linestyle="-", linewidth=2.2)
    shown = frame[frame["model"] <= 2 * frame["error"].max()].sort_values("step_value")
    look: dict[str, Any] = {"color": INK, "linewidth": 1.2, "linestyle": DASHED, "zorder": 5, "label": "_model"}
    ax.plot(shown["step_value"], shown["model"], **look)
    shown = frame[np.isfinite(frame["a_priori_bound"]) & (frame["status"] == "ok")].sort_values("step_value")
    bound = ROLE_STYLE["bound"]
    look = {"color": bound.color, "linewidth": 1.3, "linestyle": bound.line, "label": "_bound"}
    ax.plot(shown["step_value"], shown["a_priori_bound"], **look)
    for mark in rows_of(frame[frame["best"]]):
        color = FORMAT_STYLE[mark.format].text_color
        draw.mark_optimum(ax, mark.step_value, mark.error, "", color=color, size=12)
        words = f"ring: best step {plain(mark.step_value)}\n◆: predicted {plain(mark.predicted_step)}"
        inside: dict[str, Any] = {"xytext": (0.58, 0.84), "textcoords": "axes fraction", "ha": "center", "va": "center"}
        line = {"arrowstyle": "-", "linewidth": 0.7, "color": MUTED, "shrinkB": 7, "relpos": (0.5, 0)}
        ax.annotate(words, (mark.step_value, mark.error), fontsize=9, arrowprops=line, **inside)
    draw_predicted(ax, frame, size=6)
    draw.name_failures(ax, "x + h = x")


def draw_best_steps(fig: Canvas, data: pd.DataFrame, marked: float, rules: Mapping[tuple[str, str], float]) -> None:
    """Draw bars for the observed best steps, a diamond at the rule of thumb of each lane, and a marked step."""
    fig.subplots_adjust(left=0.2)
    ax = draw.decade_ticks(fig.subplots(), "x")
    mark_values(ax, {marked: "h = 1e-4"})
    draw_bars(ax, data, "step_value", np.log2(data["step_value"]).round())
    rule: dict[str, Any] = {"marker": "D", "markersize": 5.5, "color": PREDICTED, "markeredgecolor": "white"}
    for lane, y in lanes_of(data).items():
        ax.plot([rules[lane]], [y - 0.1], linestyle="none", zorder=6, label="_rule", **rule)
    ax.set(xlabel="observed best step", xlim=(0.3 * data["step_value"].min(), 5 * data["step_value"].max()))
    _name_edge(ax, data)
    label = f"rule of thumb: √u forward, ∛u centered{NEWLINE if draw.is_narrow(fig) else ' '}(u = unit roundoff)"
    handles: list[Any] = [*bar_key(), Line2D([], [], linestyle="none", label=label, **rule)]
    draw.outside_legend(fig, handles=handles, where="bottom")


def _name_edge(ax: Axes, data: pd.DataFrame) -> None:
    """Say in the first lane of the widest format why best steps lie at the end of the grid, where some do."""
    lane = (formats_of(data)[-1], methods_of(data)[0])
    steps, last = cells(data, format=lane[0], method=lane[1])["step_value"], data["step_value"].max()
    if steps.max() > last / 2:
        narrow = draw.is_narrow(ax.figure)
        words = "no\ntruncation\nerror: any\nlarge step" if narrow else "no truncation error:\nany large step"
        beside: dict[str, Any] = {"xytext": (-8, 0), "textcoords": "offset points", "ha": "right", "va": "center"}
        ax.annotate(words, (last, lanes_of(data)[lane] + 0.4), fontsize=8, color=MUTED, **beside)


def draw_given_step(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a bar for each format and formula: how many functions lose few, some or many digits, or have no result."""
    fig.subplots_adjust(left=0.2, right=0.97)
    ax = fig.subplots()
    ax.set_xlim(0, 1)
    names = [f"{row.format}{NEWLINE if draw.is_narrow(fig) else ', '}{row.method}" for row in rows_of(data)]
    heights, left = np.arange(len(data)), np.zeros(len(data))
    for column, (words, color) in LOSSES.items():
        share = (data[column] / data["functions"]).to_numpy()
        ax.barh(heights, share, _BAR, left=left, color=color, edgecolor="white", linewidth=0.8, label=words)
        for y, start, width, number in zip(heights.tolist(), left.tolist(), share.tolist(), data[column], strict=True):
            if number:
                _write_number(ax, (start + width / 2, y), width, f"{number}", color)
        left = left + share
    ax.set_yticks(heights, names)
    whole = "" if draw.is_narrow(fig) else "share of "
    for label, method in zip(ax.get_yticklabels(), data["method"], strict=True):
        label.set_color(METHOD_STYLE[method].text_color)
    ax.set(ylim=(len(data) - 0.5, -0.6), xlabel=f"{whole}functions by digits lost at h = 1e-4")
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False)
    patches: list[Any] = [Patch(color=color, label=words) for words, color in LOSSES.values()]
    draw.outside_legend(fig, handles=patches, where="bottom")


_BAR = 0.62
"""The height of a bar, a part of the distance of two."""


def _write_number(ax: Axes, middle: tuple[float, float], width: float, number: str, color: str) -> None:
    """Write a number into a part of a bar, or above it where the part is too narrow."""
    x, y = middle
    room = width * ax.get_window_extent().width * 72 / ax.figure.dpi
    if room < 6 * len(number) + 4:
        ax.text(x, y - _BAR / 2, number, ha="center", va="bottom", fontsize=7.6, color=INK)
    else:
        ink = "white" if luminance(color) < 0.4 else INK
        ax.text(x, y, number, ha="center", va="center", fontsize=8.5, color=ink)


def draw_orders(fig: Canvas, data: pd.DataFrame, ends: Mapping[tuple[str, str], str]) -> None:
    """Draw a dot for each observed order; where it is not the one of theory, a hollow mark that the key names."""
    fig.subplots_adjust(left=0.2, right=0.87)
    ax = fig.subplots()
    mark_values(ax, {order: draw.order_text(order) for order in sorted(set(data["expected"]))})
    names = data.loc[~data["as_expected"], "problem"]
    looks = dict(zip(names.unique(), cycle(_EXCEPTIONS), strict=False))
    marked = data.assign(look=data["problem"].map(looks).where(~data["as_expected"], "").fillna(""))
    draw_lanes(ax, marked, "order", (20 * data["order"]).round(), ends, "method")
    above: dict[str, Any] = {"xytext": (5, 4), "textcoords": "offset points", "fontsize": 8.5, "color": MUTED}
    ax.annotate("functions\nwith an\norder", (1, 1), xycoords="axes fraction", va="bottom", **above)
    ax.set_xlim(min(0.6, data["order"].min() - 0.1), max(2.25, data["order"].max() + 0.1))
    ax.set_xlabel("observed order of accuracy")
    if draw.is_narrow(fig):
        draw.outside_legend(fig, handles=[*lane_key(methods_of(data)), *_exceptions(looks)], where="bottom")
    else:
        _name_exceptions(ax, marked)
        draw.outside_legend(fig, handles=lane_key(methods_of(data)), where="bottom")


def _name_exceptions(ax: Axes, marked: pd.DataFrame) -> None:
    """Write the formula of each function with a mark of its own beside the first of its marks."""
    lanes = lanes_of(marked, "method")
    middle = float(marked["expected"].mean())
    for _, rows in marked[marked["look"] != ""].groupby("problem", sort=False):
        first = max(rows_of(rows), key=lambda row: lanes[row.format, row.method])
        inward = first.order > middle
        look: dict[str, Any] = {"xytext": (-8 if inward else 8, 2), "textcoords": "offset points", "va": "center"}
        look |= {"ha": "right" if inward else "left", "fontsize": 8.5, "color": METHOD_STYLE[first.method].text_color}
        ax.annotate(formula_of(first.problem), (first.order, lanes[first.format, first.method] + 0.12), **look)


_EXCEPTIONS: Sequence[str] = ("s", "^", "D", "P", "p", "h")
"""Markers of the functions whose order is not that of theory."""


def _exceptions(looks: Mapping[str, str]) -> list[Line2D]:
    """Return legend entries for the functions with a mark of their own."""
    words = {f"another order: {formula_of(name)}": marker for name, marker in looks.items()}
    return [Line2D([], [], color=INK, label=label, **hollow_dot(marker)) for label, marker in words.items()]
