"""How formulas of higher order are drawn: the digits of each in each format, and the curves of some."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from experiments.drawing import dot_rows
from experiments.words import plain
from numdiff.report.figures import (
    FORMAT_STYLE,
    METHOD_STYLE,
    error_axes,
    is_narrow,
    legend_entries,
    mark_optimum,
    name_failures,
    outside_legend,
    plot_errors,
    subject,
)
from numdiff.report.styles import MUTED

_NAMED_AT: Mapping[str, tuple[float, tuple[float, float], str, str]] = {
    "forward": (0.5, (-8, 2), "right", "bottom"),
    "centered": (0.33, (-8, 0), "right", "center"),
    "centered4": (0.3, (-8, 0), "right", "center"),
    "centered8": (0.4, (9, 0), "left", "center"),
    "complex_step": (0.0, (0, 6), "left", "bottom"),
}
"""Where on its arm a formula is named, as a share of it; on which side, in points."""
_ON_A_PHONE: Mapping[str, tuple[float, tuple[float, float], str, str]] = {
    "centered": (0.55, (0, 0), "center", "center"),
    "centered4": (0.35, (0, 0), "center", "center"),
}
"""The same on a narrow canvas, where there is no room beside these: they are named in their lines."""
_SHORT = {
    "forward": "forward, O(h)",
    "centered": "centered,\nO(h²)",
    "centered4": "O(h⁴)",
    "centered8": "centered,\nO(h⁸)",
    "complex_step": "complex step: no rounding arm",
}
"""The names of formulas in the figure of curves."""


def draw_digits(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw correct digits, one row for each formula, and as lines what the formats can hold."""
    ax, limits = fig.subplots(), dict(zip(data["format"], data["limit"], strict=True))
    styles = {name: FORMAT_STYLE[name] for name in limits}
    dot_rows(ax, data, styles, row="row", series="format", x="digits", apart=0.13)
    narrow = is_narrow(fig)
    for number, (name, limit) in enumerate(limits.items()):
        ax.axvline(limit, color=styles[name].color, linewidth=1.2, linestyle=(0, (4, 2)), zorder=1)
        ax.annotate(
            f"{limit:.1f}" if narrow else f"{name}\n{limit:.1f}",
            (limit, 1),
            xycoords=ax.get_xaxis_transform(),
            xytext=(-1 if number else -6, 4),
            textcoords="offset points",
            ha="right" if not number else "left" if number == 1 else "center",
            fontsize=8.5,
            color=styles[name].text_color,
        )
    ax.set_xlabel("correct decimal digits at the best step")
    ax.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    ax.set_xlim(left=min(0.0, data["low"].min() - 0.3))
    fig.subplots_adjust(left=0.26, top=0.9)
    if narrow:
        outside_legend(fig, handles=legend_entries(list(limits)), where="bottom")
    subject(fig, "Mark: median of six functions; line: worst to best; dashed: what the format holds", gap=14)


def draw_formulas(fig: Canvas, data: pd.DataFrame, rings: pd.DataFrame, drawn: str) -> None:
    """Draw the error of some formulas: the right arms strong and named, the left ones, which coincide, faint."""
    ax = error_axes(fig.subplots(), ylabel="absolute error")
    best = dict(zip(rings["method"], rings["step_value"], strict=True))
    for name in dict.fromkeys(data["method"]):
        part, style = data[data["method"] == name], METHOD_STYLE[name]
        look: dict[str, Any] = {"status": part["status"].tolist(), "markersize": 0, "linewidth": 0.9, "alpha": 0.45}
        if name == "complex_step":
            # It is drawn over the centered difference, whose right arm it shares.
            look |= {"linewidth": 1.8, "alpha": 1.0, "zorder": 4}
        line = plot_errors(ax, part["step_value"], part["rms_error"], style, "_formula", linestyle="-", **look)
        if name == "complex_step":
            line.set_linestyle((0, (2, 1.4)))
        else:
            arm = part[(part["step_value"] >= best[name]) & (part["status"] == "ok")].sort_values("step_value")
            ax.plot(arm["step_value"], arm["rms_error"], color=style.color, linewidth=2.6, label="_arm", zorder=3)
        _name_arm(ax, line, str(name))
    for number, (name, ring) in enumerate(zip(rings["method"], rings.to_dict("records"), strict=True)):
        _name_ring(ax, ring, METHOD_STYLE[name].text_color, first=number == 0)
    ax.set_xlim(right=30)
    _name_left_arms(ax, data)
    name_failures(ax, right="" if is_narrow(fig) else "outside of the domain", fontsize=8.5)
    subject(fig, drawn)


def _name_ring(ax: Axes, ring: Any, color: str, first: bool) -> None:
    """Draw a ring at a best step, and the step at its lower left; beside the first one, what it means."""
    mark_optimum(ax, ring["step_value"], ring["rms_error"], "", color=color)
    text = f"ring: best step\n{plain(ring['step_value'])}" if first else plain(ring["step_value"])
    if is_narrow(ax.figure):
        text = "ring: best step" if first else ""
    look: dict[str, Any] = {"xytext": (-6, -8), "textcoords": "offset points", "ha": "right", "va": "top"}
    halo = [withStroke(linewidth=2.6, foreground="white")]
    ax.annotate(text, (ring["step_value"], ring["rms_error"]), fontsize=9, color=color, path_effects=halo, **look)


def _name_left_arms(ax: Axes, data: pd.DataFrame) -> None:
    """Say what the left arms of all differences are."""
    part = data[(data["method"] == "forward") & (data["status"] == "ok")].sort_values("step_value")
    at = part.iloc[round(0.13 * (len(part) - 1))]
    look: dict[str, Any] = {"xytext": (10, 8), "textcoords": "offset points", "ha": "left", "va": "bottom"}
    text = "rounding:\nall differences" if is_narrow(ax.figure) else "rounding, O(1/h): all differences"
    ax.annotate(text, (at["step_value"], at["rms_error"]), fontsize=9.5, color=MUTED, **look)


def _name_arm(ax: Axes, line: Line2D, name: str) -> None:
    """Write the name of a formula beside its right arm; that of the complex step over its level part."""
    steps, errors = (np.asarray(values, dtype=float) for values in (line.get_xdata(), line.get_ydata()))
    lowest, last = int(np.nanargmin(errors)), int(np.flatnonzero(np.isfinite(errors))[-1])
    share, offset, ha, va = _NAMED_AT[name]
    if is_narrow(ax.figure):
        share, offset, ha, va = _ON_A_PHONE.get(name, _NAMED_AT[name])
    # The arm of the complex step begins at its level part.
    index = round(share * lowest) if name == "complex_step" else lowest + round(share * (last - lowest))
    halo = [withStroke(linewidth=2.6, foreground="white")]
    look: dict[str, Any] = {"fontsize": 10, "color": METHOD_STYLE[name].text_color, "path_effects": halo}
    words = _SHORT[name].partition(":")[0].splitlines()[-1] if is_narrow(ax.figure) else _SHORT[name]
    ax.annotate(words, (steps[index], errors[index]), offset, textcoords="offset points", ha=ha, va=va, **look)
