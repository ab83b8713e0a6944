"""How best steps are drawn: predicted and observed ones, single runs, lanes of dots for all runs."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from experiments.drawing import DASHED, cut, draw_curves, draw_model
from experiments.frames import cells, formats_of, methods_of
from experiments.words import percent
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE, METHOD_STYLE
from numdiff.report.styles import BLUE, FAINT, GREEN, INK, MUTED, VERMILLION

_LOOKS = (
    (BLUE, "-", 2.6),
    (VERMILLION, (0, (6, 2)), 1.6),
    (GREEN, (0, (3, 1, 1, 1)), 1.6),
    (MUTED, (0, (1, 1.2)), 1.6),
)
_WIDEST = 100
"""The right end of the axis of ratios."""


def draw_prediction(fig: Canvas, data: pd.DataFrame, ways: Mapping[str, str], within: float) -> None:
    """Draw predicted against observed steps, and for each way to choose a step the share of good ones."""
    left, right = fig.subplots(1, 2, gridspec_kw={"wspace": 0.3})
    fig.subplots_adjust(bottom=0.12, top=0.93)
    draw_steps(left, data, within)
    draw_profiles(right, data[data["regular"]], ways, within)
    draw.outside_legend(fig, handles=draw.legend_entries(formats_of(data)), where="bottom")


def draw_steps(ax: Axes, frame: pd.DataFrame, within: float) -> None:
    """Draw a mark for each run, the diagonal, and the band of a factor around it."""
    ax.set(xscale="log", yscale="log")
    known = frame.dropna(subset="model_step")
    steps = known[["observed_step", "model_step"]]
    ends = np.array([steps.min().min() / 3, steps.max().max() * 3])
    ax.fill_between(ends, ends / within, ends * within, color=FAINT, linewidth=0, zorder=0)
    ax.plot(ends, ends, color=INK, linewidth=1, zorder=1)
    for name in formats_of(known):
        for regular, part in known[known["format"] == name].groupby("regular"):
            options = FORMAT_STYLE[name].line_options(linestyle="none", markersize=5)
            if not regular:
                options |= {"markerfacecolor": "none", "markeredgecolor": options["color"]}
            ax.plot(part["observed_step"], part["model_step"], **options)
    draw.decade_ticks(ax, "x")
    draw.decade_ticks(ax, "y")
    ax.set(
        xlim=(ends[0], 3 * steps["observed_step"].max()),
        ylim=tuple(ends),
        xlabel="observed best step",
        ylabel="predicted best step",
    )


def draw_profiles(ax: Axes, frame: pd.DataFrame, ways: Mapping[str, str], within: float) -> None:
    """Draw for each way the share of runs whose error ratio is at most the abscissa."""
    ax.set_xscale("log")
    ax.axvline(within, color=INK, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
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
        ax.step(
            np.append(ratios, _WIDEST),
            np.append(shares, np.nan),
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
        ylabel="share of the regular runs",
    )
    ax.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    ax.minorticks_off()
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])


# --- runs and lanes of dots -------------------------------------------------------------------------------

FEWEST_FOR_MEDIAN = 3
"""The median of two dots lies where there is none."""


def draw_anatomy(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw one function in one format: a panel for each formula that has a best step."""
    (item,) = formats_of(data)
    groups = [(f"{method} difference", cells(data, method=method)) for method in methods_of(data[data["best"]])]
    panels = draw.draw_panels(fig, groups, draw_run, ylabel="relative error")
    cut(panels[0], data)
    entries = [
        Line2D([], [], **FORMAT_STYLE[item].line_options(label="measured")),
        Line2D([], [], color=INK, linewidth=0.9, label="model"),
        Line2D([], [], color=MUTED, linewidth=1.3, linestyle=DASHED, label="a priori bound"),
        Line2D([], [], color=INK, marker="D", linestyle="none", markersize=5, label="predicted best"),
        Line2D([], [], color=INK, marker="o", markersize=9, fillstyle="none", linestyle="none", label="best"),
    ]
    draw.outside_legend(fig, handles=entries, where="bottom")


def draw_best_steps(fig: Canvas, data: pd.DataFrame, marked: float, rules: Mapping[tuple[str, str], float]) -> None:
    """Draw a dot for each observed best step, a triangle at the rule of thumb of each lane, and a marked step."""
    fig.subplots_adjust(left=0.2)
    ax = draw.decade_ticks(fig.subplots(), "x")
    mark_values(ax, {marked: "h = 1e-4"})
    draw_lanes(ax, data, "step_value", np.log2(data["step_value"]).round())
    for lane, y in lanes_of(data).items():
        ax.plot([rules[lane]], [y - 0.13], marker="^", markersize=5, color=INK, linestyle="none")
    ax.set_xlabel("observed best step")


def draw_given_step(fig: Canvas, data: pd.DataFrame, near: float, ends: Mapping[tuple[str, str], str]) -> None:
    """Draw a dot for each performance ratio of the given step, and at the right the failures."""
    fig.subplots_adjust(left=0.2, right=0.87)
    ax = draw.decade_ticks(fig.subplots(), "x")
    mark_values(ax, {1: "best", near: f"{near}×"})
    bins = (4 * np.log10(data["ratio"])).round()
    draw_lanes(ax, data, "ratio", bins, ends)
    ax.set_xlabel("error at h = 1e-4, relative to the error at the best step")


def draw_orders(fig: Canvas, data: pd.DataFrame, ends: Mapping[tuple[str, str], str]) -> None:
    """Draw a dot for each observed order, named where it is not the one of theory."""
    fig.subplots_adjust(left=0.2, right=0.9)
    ax = fig.subplots()
    mark_values(ax, {order: draw.order_text(order) for order in sorted(set(data["expected"]))})
    draw_lanes(ax, data, "order", (20 * data["order"]).round(), ends)
    name_dots(ax, data[~data["as_expected"]], lanes_of(data), "order")
    ax.set_xlim(min(-0.2, data["order"].min() - 0.1), max(2.4, data["order"].max() + 0.1))
    ax.set_xlabel("observed order of accuracy")


def draw_run(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw one run with truncation error, model, a priori bound, and the observed and predicted best step."""
    draw_curves(ax, frame, ring=10)
    draw_model(ax, frame)
    shown = frame[np.isfinite(frame["a_priori_bound"]) & (frame["status"] == "ok")].sort_values("step_value")
    ax.plot(shown["step_value"], shown["a_priori_bound"], color=MUTED, linewidth=1.3, linestyle=DASHED, label="_bound")


def lanes_of(frame: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return the heights of lanes for each format and formula, the narrowest format on top."""
    methods = methods_of(frame)
    pairs = [(name, method) for name in formats_of(frame) for method in methods]
    return {pair: float(len(pairs) - 1 - i) - 0.12 * (i % len(methods) == 0) for i, pair in enumerate(pairs)}


def draw_lanes(
    ax: Axes, frame: pd.DataFrame, column: str, bins: pd.Series, ends: Mapping[tuple[str, str], str] | None = None
) -> None:
    """Draw one lane for each format and formula: a dot for each function, stacked where they meet; bar: their median.

    `bins` says which dots of a lane meet; `ends` is what stands at the right end of a lane.
    """
    lanes = lanes_of(frame)
    level = frame.groupby(["format", "method", bins]).cumcount()
    rise = 0.5 / max(8, int(level.max()) + 1)
    for (name, method), y in lanes.items():
        here = (frame["format"] == name) & (frame["method"] == method)
        values, color = frame.loc[here, column], METHOD_STYLE[method].color
        ax.axhline(y, color=FAINT, linewidth=0.8, zorder=0)
        ax.plot(
            values,
            y + 0.06 + rise * level[here],
            linestyle="none",
            marker="o",
            markersize=3.4,
            color=color,
            markeredgewidth=0,
            clip_on=False,
            zorder=4,
        )
        if values.notna().sum() >= FEWEST_FOR_MEDIAN:
            ax.plot([values.median()] * 2, [y, y + 0.68], color=color, linewidth=6, alpha=0.3, solid_capstyle="butt")
        if ends and ends[name, method]:
            ax.annotate(
                ends[name, method],
                (1, y + 0.25),
                xycoords=("axes fraction", "data"),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color=MUTED,
            )
    ax.set_yticks(list(lanes.values()), [f"{name}, {method}" for name, method in lanes], va="bottom")
    for label, (_, method) in zip(ax.get_yticklabels(), lanes, strict=True):
        label.set_color(METHOD_STYLE[method].text_color)
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.set_ylim(-0.35, max(lanes.values()) + 0.9)


def name_dots(ax: Axes, frame: pd.DataFrame, lanes: Mapping[tuple[str, str], float], column: str) -> None:
    """Write the names of some functions under their dots, close ones together."""
    middle = sum(ax.get_xlim()) / 2
    clusters = frame.groupby(["format", "method", (4 * frame[column]).round()], sort=False)
    for _, group in clusters:
        name, method = group["format"].iloc[0], group["method"].iloc[0]
        right = group[column].mean() > middle + 0.2
        ax.annotate(
            ", ".join(group["problem"]),
            (group[column].min(), lanes[name, method]),
            xytext=(-4 if right else 4, -2),
            textcoords="offset points",
            ha="right" if right else "left",
            va="top",
            fontsize=7.5,
            color=METHOD_STYLE[method].text_color,
            path_effects=[withStroke(linewidth=2.6, foreground="white")],
        )


def mark_values(ax: Axes, values: Mapping[float, str]) -> None:
    """Draw a vertical line at each value, its name above the axes."""
    for value, text in values.items():
        ax.axvline(value, color=INK, linewidth=1.1, linestyle=DASHED, zorder=1)
        ax.annotate(
            text,
            (value, 1),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
