"""How the sweep is drawn: a V for each format, both formulas, bounds, many functions, a map of digits."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from experiments.drawing import DASHED, cut, draw_curves, draw_model, draw_predicted
from experiments.frames import cells, formats_of, log10, methods_of, rows_of
from experiments.words import plain, written
from numdiff.problems import PROBLEMS
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE, METHOD_STYLE
from numdiff.report.labels import spread
from numdiff.report.styles import INK


def draw_v_curves(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the curve of each format with its model, name the best steps at the right, and the slopes of theory."""
    fig.subplots_adjust(right=0.78)
    ax = draw.error_axes(fig.subplots(), ylabel="relative error")
    draw_curves(ax, data, ring=10)
    draw_model(ax, data)
    cut(ax, data)
    name_optima(ax, data[data["best"]])
    name_slopes(ax, data, 2)


def draw_both_formulas(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a panel for each formula, and in it the curve of each format."""
    groups = [(f"{method} difference", cells(data, method=method)) for method in methods_of(data)]
    panels = draw.draw_panels(fig, groups, draw_curves, ylabel="relative error")
    cut(panels[0], data)
    draw.outside_legend(fig, handles=draw.legend_entries(formats_of(data)), where="bottom")


def draw_bounds(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a panel for each format: the errors of both formulas and their a priori bounds."""
    groups = [(item, cells(data, format=item)) for item in formats_of(data)]
    draw.draw_panels(fig, groups, draw_errors_and_bound, columns=3, share=False)
    draw.outside_legend(fig, handles=draw.legend_entries(methods_of(data)))


def draw_many_functions(fig: Canvas, data: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw a panel for each function: the curve of each format, and the predicted best steps."""
    panels = draw.draw_panels(fig, [("", cells(data, problem=name)) for name in names], draw_curves, columns=3)
    for ax, name in zip(panels, names, strict=True):
        draw_predicted(ax, cells(data, problem=name), size=4)
    cut(panels[0], data)
    for ax, name in zip(panels, names, strict=True):
        point = f"{PROBLEMS[name].points[0]:.2g}".replace("-", "−")
        ax.set_title(f"{written(PROBLEMS[name].formula)}, x = {point}", fontsize=8.5)
        ax.set_title("", loc="right")  # The caption says what the crosses are.
    draw.outside_legend(fig, handles=draw.legend_entries(formats_of(data)), where="bottom")


def draw_errors_and_bound(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw the error at the point itself for each formula, and dashed above it the bound that needs no run."""
    draw.plot_groups(ax, frame, by="method", y="error", linewidth=0.8, markersize=3)
    for method, part in frame.groupby("method", sort=False):
        shown = part[np.isfinite(part["a_priori_bound"])].sort_values("step_value")
        color = METHOD_STYLE[str(method)].color
        ax.plot(
            shown["step_value"], shown["a_priori_bound"], color=color, linewidth=1.3, linestyle=DASHED, label="_bound"
        )


def name_optima(ax: Axes, marks: pd.DataFrame) -> None:
    """Lead from each ring to a column of words at the right: format, digits, step."""
    ordered = marks.sort_values("error", kind="stable")
    low, high = np.log10(ax.get_ylim())
    wanted = (np.log10(ordered["error"]) - low) / (high - low)
    for mark, level in zip(rows_of(ordered), spread(wanted.tolist(), 0.085, 0.0, 1.0), strict=True):
        text = f"{mark.format}: {-log10(mark.error):.1f} digits\nat h = {plain(mark.step_value)}"
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


def _words(value: float) -> str:
    """Return the digits as text, or why there are none: f′ = 0, an exact result, or a format that f has not."""
    if np.isfinite(value):
        return f"{round(value, 1) + 0:.1f}"
    return "–" if np.isnan(value) else "f′ = 0" if value < 0 else "exact"


def draw_digits_map(fig: Canvas, data: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw a map of function and format for each formula, the digits written in its cells."""
    formats = formats_of(data)
    fig.subplots_adjust(top=1 - 0.6 / fig.get_figheight(), bottom=0.01)
    methods = methods_of(data)
    panels = fig.subplots(1, len(methods), sharey=True, gridspec_kw={"wspace": 0.04})
    for ax, method in zip(panels, methods, strict=True):
        values = cells(data, method=method).pivot(index="problem", columns="format", values="digits")
        grid = values.loc[list(names), formats].to_numpy()
        # Filled cells, not an image: the bytes of an embedded PNG depend on the compression library.
        edges = [np.arange(size + 1) - 0.5 for size in reversed(grid.shape)]
        shades = np.where(np.isfinite(grid), grid, np.nan)
        ax.pcolormesh(*edges, shades, cmap="YlGnBu", vmin=-1, vmax=16, linewidth=0.4, edgecolors="face")
        ax.set_ylim(len(names) - 0.5, -0.5)
        for (row, column), value in np.ndenumerate(grid):
            color = "white" if np.isfinite(value) and value > 8 else INK
            ax.text(column, row, _words(value), ha="center", va="center", fontsize=8, color=color)
        ax.set_title(f"{method} difference", pad=20)
        ax.set_xticks(range(len(formats)), formats, fontsize=8.5)
        ax.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], fontsize=8.5)
        ax.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
        ax.grid(False)
        ax.spines[:].set_visible(False)
