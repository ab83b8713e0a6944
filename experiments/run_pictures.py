"""How runs are drawn: error curves with their best steps, the four parts, lanes of dots, a map of digits."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patheffects import withStroke

from experiments.frames import RUN, cells, formats_of, log10, of_grid, rows_of
from experiments.words import plain
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE, METHOD_STYLE, PART_STYLE
from numdiff.report.labels import spread
from numdiff.report.styles import FAINT, INK, MUTED, PALE
from numdiff.study.records import PARTS

METHODS = ("forward", "centered")
FEWEST_FOR_MEDIAN = 3
"""The median of two dots lies where there is none."""
BROAD: Mapping[str, Any] = {"linewidth": 5, "alpha": 0.22, "marker": ""}
"""How the total looks behind its parts."""
_DASHED, _DOTTED = (0, (4, 2)), (0, (1, 2))


def curves(records: pd.DataFrame, best: pd.DataFrame, problems, relative: bool = True) -> pd.DataFrame:
    """Return what the curves show at generic steps: RMS error over the neighbours, truncation error at x, the model."""
    chosen = of_grid(records, "generic")
    chosen = chosen[chosen["problem"].isin(problems)]
    size = chosen["reference"].abs() if relative else 1.0
    is_best = pd.MultiIndex.from_frame(chosen[[*RUN, "k"]]).isin(pd.MultiIndex.from_frame(best[[*RUN, "k"]]))
    frame = chosen[[*RUN, "step_value", "status"]].assign(
        error=chosen["rms_error"] / size, truncation=chosen["truncation"].abs() / size, best=is_best,
        model=chosen["model_error"] / size, predicted_step=chosen["predicted_step"],
        predicted_error=chosen["predicted_error"] / size, envelope=chosen["envelope"] / size,
    )  # fmt: skip
    return frame.reset_index(drop=True)


def draw_envelopes(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw the error at the point itself for each formula, and dashed above it the bound that needs no run."""
    draw.plot_groups(ax, frame, by="method", y="error", linewidth=0.8, markersize=3)
    for method, part in frame.groupby("method", sort=False):
        shown = part[np.isfinite(part["envelope"])].sort_values("step_value")
        color = METHOD_STYLE[str(method)].color
        ax.plot(shown["step_value"], shown["envelope"], color=color, linewidth=1.3, linestyle=_DASHED, label="_bound")


def draw_anatomy(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw one run with its truncation error, the model, the envelope, and the observed and predicted best step."""
    draw_curves(ax, frame, ring=10)
    draw_model(ax, frame)
    shown = frame[np.isfinite(frame["envelope"]) & (frame["status"] == "ok")].sort_values("step_value")
    ax.plot(shown["step_value"], shown["envelope"], color=MUTED, linewidth=1.3, linestyle=_DASHED, label="_bound")


def draw_curves(ax: Axes, frame: pd.DataFrame, ring: float = 7) -> None:
    """Draw the truncation error as one broad line, before it the error of each format, rings at the best steps."""
    shared = frame[frame["truncation"] > 0].sort_values("step_value")
    ax.plot(shared["step_value"], shared["truncation"], color=PALE, linewidth=5, zorder=1, label="_truncation")
    draw.plot_groups(ax, frame, y="error")
    for mark in rows_of(frame[frame["best"]]):
        color = FORMAT_STYLE[mark.format].text_color
        draw.mark_optimum(ax, mark.step_value, mark.error, "", color=color, size=ring)


def draw_model(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw over the curves what the model says: a thin black line for each format, a diamond at its minimum."""
    for _, part in frame.groupby("format", sort=False):
        shown = part[part["model"] <= 2 * frame["error"].max()].sort_values("step_value")
        ax.plot(shown["step_value"], shown["model"], color=INK, linewidth=0.9, zorder=5, label="_model")
    draw_predicted(ax, frame)


def draw_predicted(ax: Axes, frame: pd.DataFrame, size: float = 5) -> None:
    """Draw a black diamond at the predicted optimum of each format."""
    for _, part in frame.groupby("format", sort=False):
        ax.plot(part["predicted_step"].iloc[:1], part["predicted_error"].iloc[:1], marker="D", markersize=size,
                color=INK, markeredgecolor="white", markeredgewidth=0.7, zorder=7, label="_predicted")  # fmt: skip


def cut(ax: Axes, frame: pd.DataFrame) -> None:
    """End the axes below what any format reaches; the truncation error goes on far below."""
    ax.set_ylim(bottom=0.02 * frame["error"].min())


def name_optima(ax: Axes, marks: pd.DataFrame) -> None:
    """Lead from each ring to a column of words at the right: format, digits, step."""
    ordered = marks.sort_values("error", kind="stable")
    low, high = np.log10(ax.get_ylim())
    wanted = (np.log10(ordered["error"]) - low) / (high - low)
    for mark, level in zip(rows_of(ordered), spread(wanted.tolist(), 0.085, 0.0, 1.0), strict=True):
        text = f"{mark.format}: {-log10(mark.error):.1f} digits\nat h = {plain(mark.step_value)}"
        color = FORMAT_STYLE[mark.format].text_color
        ax.annotate(
            text, (mark.step_value, mark.error), xytext=(1.03, level), textcoords="axes fraction", va="center",
            fontsize=9, color=color, linespacing=1.05,
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.7, "shrinkB": 6, "shrinkA": 0},
        )  # fmt: skip


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


def draw_digits_map(fig: Canvas, frame: pd.DataFrame, names: list[str]) -> None:
    """Draw a map of function and format for each formula, the digits written in its cells."""
    formats = formats_of(frame)
    fig.subplots_adjust(top=1 - 0.6 / fig.get_figheight(), bottom=0.01)
    panels = fig.subplots(1, len(METHODS), sharey=True, gridspec_kw={"wspace": 0.04})
    for ax, method in zip(panels, METHODS, strict=True):
        values = cells(frame, method=method).pivot(index="problem", columns="format", values="digits")
        grid = values.loc[names, formats].to_numpy()
        # Filled cells, not an image: the bytes of an embedded PNG depend on the compression library.
        edges = [np.arange(size + 1) - 0.5 for size in reversed(grid.shape)]
        shades = np.where(np.isfinite(grid), grid, np.nan)
        ax.pcolormesh(*edges, shades, cmap="YlGnBu", vmin=-1, vmax=16, linewidth=0.4, edgecolors="face")
        ax.set_ylim(len(names) - 0.5, -0.5)
        for (row, column), value in np.ndenumerate(grid):
            text = f"{round(value, 1) + 0:.1f}" if np.isfinite(value) else "f′ = 0" if value < 0 else "exact"
            color = "white" if np.isfinite(value) and value > 8 else INK
            ax.text(column, row, text, ha="center", va="center", fontsize=8, color=color)
        ax.set_title(f"{method} difference", pad=20)
        ax.set_xticks(range(len(formats)), formats, fontsize=8.5)
        ax.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], fontsize=8.5)
        ax.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
        ax.grid(False)
        ax.spines[:].set_visible(False)


def draw_parts(ax: Axes, frame: pd.DataFrame, floor: float) -> None:
    """Draw the parts over the step, the total as a broad line behind them, its bound, and the best step."""
    best = frame["best_step"].iloc[0]
    ax.axvline(best, color=MUTED, linewidth=0.9, linestyle=_DOTTED, zorder=1, label="_best")
    total = frame["part"] == "total"
    draw.plot_groups(ax, frame[total], by="part", y="error", floor=floor, **BROAD)
    draw.plot_groups(ax, frame[~total], by="part", y="error", floor=floor, linewidth=1.2)
    bounded = frame[total].sort_values("step_value")
    finite = bounded[np.isfinite(bounded["envelope"]) & (bounded["status"] == "ok")]
    ax.plot(finite["step_value"], finite["envelope"], color=INK, linewidth=1.1, linestyle=_DASHED, label="_envelope")


def draw_shares(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw the shares of the parts as stacked areas over the doublings of the step from the best one."""
    stack = [rows[f"{part}_share"] for part in PARTS]
    ax.stackplot(rows["octave"], stack, colors=[PART_STYLE[part].color for part in PARTS], linewidth=0)
    ax.axvline(0, color="white", linewidth=1.2, linestyle=_DASHED)
    ax.set_xticks([-10, -5, 0, 5], ["2⁻¹⁰", "2⁻⁵", "1", "2⁵"])
    ax.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    ax.set(xlim=(-12, 6), ylim=(0, 1))


def lanes_of(frame: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return the heights of lanes for each format and formula, the narrowest format on top."""
    pairs = [(name, method) for name in formats_of(frame) for method in METHODS]
    return {pair: float(len(pairs) - 1 - i) - 0.12 * (i % len(METHODS) == 0) for i, pair in enumerate(pairs)}


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
            values, y + 0.06 + rise * level[here], linestyle="none", marker="o", markersize=3.4, color=color,
            markeredgewidth=0, clip_on=False, zorder=4,
        )  # fmt: skip
        if values.notna().sum() >= FEWEST_FOR_MEDIAN:
            ax.plot([values.median()] * 2, [y, y + 0.68], color=color, linewidth=6, alpha=0.3, solid_capstyle="butt")
        if ends and ends[name, method]:
            ax.annotate(
                ends[name, method], (1, y + 0.25), xycoords=("axes fraction", "data"), xytext=(5, 0),
                textcoords="offset points", va="center", fontsize=8.5, color=MUTED,
            )  # fmt: skip
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
            ", ".join(group["problem"]), (group[column].min(), lanes[name, method]), xytext=(-4 if right else 4, -2),
            textcoords="offset points", ha="right" if right else "left", va="top", fontsize=7.5,
            color=METHOD_STYLE[method].text_color, path_effects=[withStroke(linewidth=2.6, foreground="white")],
        )  # fmt: skip


def mark_values(ax: Axes, values: Mapping[float, str]) -> None:
    """Draw a vertical line at each value, its name above the axes."""
    for value, text in values.items():
        ax.axvline(value, color=INK, linewidth=1.1, linestyle=_DASHED, zorder=1)
        ax.annotate(
            text, (value, 1), xycoords=ax.get_xaxis_transform(), xytext=(0, 4), textcoords="offset points",
            ha="center", fontsize=9,
        )  # fmt: skip
