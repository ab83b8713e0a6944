"""How best steps are drawn: predicted and observed ones, single runs, all runs, what a given step costs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.drawing import DASHED, PREDICTED, cut, draw_curves, draw_model, key_entries
from experiments.frames import cells, formats_of, methods_of, rows_of
from experiments.lanes import draw_lanes, lane_key, lanes_of, mark_values, name_dots
from experiments.words import percent
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE, METHOD_STYLE
from numdiff.report.styles import BLUE, FAINT, GREEN, INK, MUTED, ROLE_STYLE, VERMILLION
from numdiff.style import luminance

_LOOKS = (
    (BLUE, "-", 2.6),
    (VERMILLION, (0, (6, 2)), 1.6),
    (GREEN, (0, (3, 1, 1, 1)), 1.6),
    (MUTED, (0, (1, 1.2)), 1.6),
)
_WIDEST = 100
"""The right end of the axis of ratios."""
NEWLINE = "\n"
LOSSES: Mapping[str, tuple[str, str]] = {
    "few": ("at most 1 digit lost", "#dfe4ea"),
    "some": ("1 to 3 digits lost", "#aab4c0"),
    "many": ("more than 3 digits lost", "#5b6673"),
    "without": ("no result", VERMILLION),
}
"""Columns of the data of the bars: words and colour, the darker the worse."""


def draw_prediction(fig: Canvas, data: pd.DataFrame, ways: Mapping[str, str], within: float) -> None:
    """Draw predicted against observed steps, and for each way to choose a step the share of good ones."""
    left, right = fig.subplots(1, 2, gridspec_kw={"wspace": 0.3})
    fig.subplots_adjust(bottom=0.12, top=0.93)
    draw_steps(left, data, within)
    draw_profiles(right, data, ways, within)
    marks: dict[str, Any] = {"linestyle": "none"}
    handles = [
        Line2D([], [], **FORMAT_STYLE[name].line_options(label=name, markersize=6, **marks))
        for name in formats_of(data)
    ]
    hollow: dict[str, Any] = {"marker": "o", "markerfacecolor": "none", "markeredgecolor": INK}
    handles.append(Line2D([], [], label="hollow: an assumption fails", **hollow, **marks))
    draw.outside_legend(fig, handles=handles, where="bottom")


def draw_steps(ax: Axes, frame: pd.DataFrame, within: float) -> None:
    """Draw a mark for each run, the diagonal, and the band of a factor around it."""
    ax.set(xscale="log", yscale="log")
    known = frame.dropna(subset="model_step")
    low = known[["observed_step", "model_step"]].min().min() / 3
    # A prediction beyond the grid is drawn at the top edge.
    high = 30 * known["observed_step"].max()
    ends = np.array([low, high])
    ax.fill_between(ends, ends / within, ends * within, color=FAINT, linewidth=0, zorder=0)
    ax.plot(ends, ends, color=MUTED, linewidth=1, zorder=1, label="_equal")
    for name in formats_of(known):
        for regular, part in known[known["format"] == name].groupby("regular"):
            options = FORMAT_STYLE[name].line_options(linestyle="none", markersize=5)
            if not regular:
                options |= {"markerfacecolor": "none", "markeredgecolor": options["color"]}
            ax.plot(part["observed_step"], part["model_step"].clip(upper=high / 2), clip_on=False, **options)
    draw.decade_ticks(ax, "x")
    draw.decade_ticks(ax, "y")
    ax.set(xlim=(low, high), ylim=(low, high), xlabel="observed best step", ylabel="predicted best step")
    beside: dict[str, Any] = {"textcoords": "offset points", "fontsize": 8.5, "color": MUTED}
    ax.annotate(f"band: within {within}×", (low * 30, low * 30), xytext=(10, -10), va="top", **beside)
    words = "no truncation error:\nany large step is good"
    ax.annotate(words, (known["observed_step"].max(), high / 2), xytext=(-12, 0), ha="right", va="center", **beside)


def draw_profiles(ax: Axes, frame: pd.DataFrame, ways: Mapping[str, str], within: float) -> None:
    """Draw for each way the share of all runs whose error ratio is at most the abscissa; no result is the worst."""
    ax.set_xscale("log")
    ax.axvline(within, color=MUTED, linewidth=1, linestyle=DASHED, zorder=1)
    ax.annotate(
        f"{within:g}×",
        (within, 1),
        xycoords=ax.get_xaxis_transform(),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        fontsize=9,
    )
    for number, ((way, words), (color, dashes, width)) in enumerate(zip(ways.items(), _LOOKS, strict=True)):
        ratios = np.sort(frame[f"{way}_ratio"].fillna(np.inf).to_numpy())
        shares = np.arange(1, len(ratios) + 1) / len(ratios)
        reached = np.isfinite(ratios)
        ax.step(
            np.append(ratios[reached], max(_WIDEST, ratios[reached].max(initial=1))),
            np.append(shares[reached], np.mean(reached)),
            where="post",
            color=color,
            linestyle=dashes,
            linewidth=width,
            zorder=6 - number,
        )
        good = percent(float(np.mean(ratios <= within)))
        ax.annotate(
            f"{words}: {good}",
            (0.97, 0.34 - 0.085 * number),
            xycoords="axes fraction",
            ha="right",
            color=color,
            fontsize=9,
            weight="bold" if number == 0 else "normal",
        )
    ax.set(
        xlim=(0.9, _WIDEST),
        ylim=(0, 1.02),
        xlabel="error at the step, over the smallest one",
        ylabel="share of all runs",
    )
    ax.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    ax.minorticks_off()
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])


# --- single runs, lanes of dots, shares --------------------------------------------------------------------


def draw_anatomy(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw one function in one format: a panel for each formula that has a best step."""
    (item,) = formats_of(data)
    groups = [(f"{method} difference", cells(data, method=method)) for method in methods_of(data[data["best"]])]
    panels = draw.draw_panels(fig, groups, draw_run, ylabel="relative error")
    cut(panels[0], data)
    bound = ROLE_STYLE["bound"]
    entries = [
        Line2D([], [], **FORMAT_STYLE[item].line_options(label="measured")),
        *key_entries(),
        Line2D([], [], color=bound.color, linewidth=1.3, linestyle=bound.line, label="bound: no error is larger"),
    ]
    draw.outside_legend(fig, handles=entries, where="bottom")


def draw_run(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw one run with truncation error, model, a priori bound, and the observed and predicted best step."""
    draw_curves(ax, frame, ring=10)
    draw_model(ax, frame)
    ax.set_title("", loc="right")  # The key says what the crosses are.
    shown = frame[np.isfinite(frame["a_priori_bound"]) & (frame["status"] == "ok")].sort_values("step_value")
    bound = ROLE_STYLE["bound"]
    look: dict[str, Any] = {"color": bound.color, "linewidth": 1.3, "linestyle": bound.line, "label": "_bound"}
    ax.plot(shown["step_value"], shown["a_priori_bound"], **look)


def draw_best_steps(fig: Canvas, data: pd.DataFrame, marked: float, rules: Mapping[tuple[str, str], float]) -> None:
    """Draw a dot for each observed best step, a diamond at the rule of thumb of each lane, and a marked step."""
    fig.subplots_adjust(left=0.2)
    ax = draw.decade_ticks(fig.subplots(), "x")
    mark_values(ax, {marked: "h = 1e-4"})
    draw_lanes(ax, data, "step_value", np.log2(data["step_value"]).round())
    rule: dict[str, Any] = {"marker": "D", "markersize": 6, "color": PREDICTED, "markeredgecolor": "white"}
    for lane, y in lanes_of(data).items():
        ax.plot([rules[lane]], [y - 0.1], linestyle="none", zorder=6, label="_rule", **rule)
    ax.set_xlabel("observed best step")
    words = Line2D([], [], linestyle="none", label="rule of thumb: √u forward, ∛u centered", **rule)
    draw.outside_legend(fig, handles=[*lane_key(), words], where="bottom")


def draw_given_step(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a bar for each format and formula: how many functions lose few, some or many digits, or have no result."""
    fig.subplots_adjust(left=0.2, right=0.97)
    ax = fig.subplots()
    names = [f"{row.format}{NEWLINE if draw.is_narrow(fig) else ', '}{row.method}" for row in rows_of(data)]
    heights, left = np.arange(len(data)), np.zeros(len(data))
    for column, (words, color) in LOSSES.items():
        share = (data[column] / data["functions"]).to_numpy()
        ax.barh(heights, share, 0.7, left=left, color=color, edgecolor="white", linewidth=0.8, label=words)
        for y, start, width, number in zip(heights.tolist(), left.tolist(), share.tolist(), data[column], strict=True):
            if number:
                ink = "white" if luminance(color) < 0.4 else INK
                ax.text(start + width / 2, y, f"{number}", ha="center", va="center", fontsize=8.5, color=ink)
        left = left + share
    ax.set_yticks(heights, names)
    for label, method in zip(ax.get_yticklabels(), data["method"], strict=True):
        label.set_color(METHOD_STYLE[method].text_color)
    ax.set(ylim=(len(data) - 0.5, -0.5), xlim=(0, 1), xlabel="share of the functions, their number in the bar")
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False)
    patches: list[Any] = [Patch(color=color, label=words) for words, color in LOSSES.values()]
    draw.outside_legend(fig, handles=patches, where="bottom")


def draw_orders(fig: Canvas, data: pd.DataFrame, ends: Mapping[tuple[str, str], str]) -> None:
    """Draw a dot for each observed order, named where it is not the one of theory."""
    fig.subplots_adjust(left=0.2, right=0.9)
    ax = fig.subplots()
    mark_values(ax, {order: draw.order_text(order) for order in sorted(set(data["expected"]))})
    draw_lanes(ax, data, "order", (20 * data["order"]).round(), ends)
    ax.set_xlim(min(0.6, data["order"].min() - 0.1), max(2.25, data["order"].max() + 0.1))
    name_dots(ax, data[~data["as_expected"]], lanes_of(data), "order")
    ax.set_xlabel("observed order of accuracy")
    draw.outside_legend(fig, handles=lane_key(), where="bottom")
