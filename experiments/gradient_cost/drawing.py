"""How the cost of gradients is drawn: against the number of parameters, with the powers that theory gives."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from experiments.frames import log10
from numdiff.report.figures import (
    METHOD_STYLE,
    ROLE_STYLE,
    direct_labels,
    error_axes,
    is_narrow,
    outside_legend,
    scientific,
    slope_guide,
    subject,
)
from numdiff.report.labels import named_lines
from numdiff.report.styles import MUTED

NAMES = {"loss": "one evaluation", "estimator": "with error bars", "check": "a check"}
"""How ways to a gradient are shown whose name in the measured file is another one."""
BOTH = "differences"
"""The two differences where they cost the same."""
STYLES = {
    "one evaluation": ROLE_STYLE["one evaluation"],
    "back-propagation": ROLE_STYLE["back-propagation"],
    "forward": METHOD_STYLE["forward"],
    "centered": METHOD_STYLE["centered"],
    BOTH: METHOD_STYLE["centered"],
    "with error bars": ROLE_STYLE["a third way"],
    "a check": ROLE_STYLE["another way"],
}
"""The style of each way to a gradient."""
LARGE = 10**4
"""Parameters from which a power of n is fitted and drawn: arithmetic outweighs the calls of Python functions there."""
_NAMES = {0.5: "∝ √n", 1: "∝ n", 2: "∝ n²"}


def draw_cost(fig: Canvas, data: pd.DataFrame, column: str, ylabel: str, powers: Mapping[str, float]) -> None:
    """Draw a cost against the number of parameters; what was not measured but estimated is hollow and dashed.

    Parameters
    ----------
    fig : matplotlib Figure
    data : DataFrame
        Columns parameters, method, source and the one that is drawn.
    column, ylabel : str
    powers : mapping of str to float
        The power of n that is drawn beside the upper end of a method's curve.
    """
    ax = fig.subplots()
    error_axes(ax, xlabel="number n of parameters", ylabel=ylabel)
    for name, style in STYLES.items():
        rows = data[data["method"] == name].dropna(subset=column).sort_values("parameters")
        known, guessed = (rows[(rows["source"] == "estimated") == flag] for flag in (False, True))
        if len(known):
            ax.plot(known["parameters"], known[column], label=style.label or name, **style.line_options())
        if len(guessed):
            joined = pd.concat([known.tail(1), guessed])
            ax.plot(
                joined["parameters"],
                joined[column],
                label="_estimated",
                color=style.color,
                linewidth=1.1,
                linestyle=(0, (2, 2)),
            )
            ax.plot(
                guessed["parameters"],
                guessed[column],
                label="_estimated",
                linestyle="none",
                marker=style.marker,
                color=style.color,
                markerfacecolor="white",
                markersize=5,
            )
    subject(fig, "The gradient of a network with n parameters, by differences and by back-propagation:")
    _explain_hollow(ax, data)
    _guides(ax, data, column, powers)
    if _say_where_they_end(ax) and is_narrow(fig):
        outside_legend(fig, ax)
    else:
        direct_labels(ax)


def _explain_hollow(ax: Axes, data: pd.DataFrame) -> None:
    """Say what hollow marks are, where there are any."""
    if (data["source"] == "estimated").any():
        ax.annotate(
            "hollow: estimated, not measured",
            (0.02, 0.97),
            xycoords="axes fraction",
            va="top",
            fontsize=10,
            color=MUTED,
        )


def _say_where_they_end(ax: Axes) -> bool:
    """Add to the name of each curve that ends before the others how far it was measured; return whether any does."""
    lines = named_lines(ax)
    ends = [float(np.max(np.asarray(line.get_xdata(), dtype=float))) for line in lines]
    for line, end in zip(lines, ends, strict=True):
        goes_on = any(other.get_label() == "_estimated" and other.get_color() == line.get_color() for other in ax.lines)
        if end < max(ends) and not goes_on:
            line.set_label(f"{line.get_label()} (not measured beyond {scientific(end)})")
    return any("not measured" in str(line.get_label()) for line in lines)


def _guides(ax: Axes, data: pd.DataFrame, column: str, powers: Mapping[str, float]) -> None:
    """Draw the powers of n below the upper ends of the curves they belong to."""
    for name, power in powers.items():
        rows: Any = data[(data["method"] == name) & (data["parameters"] >= LARGE)].sort_values("parameters")
        if len(rows):
            start = (float(rows["parameters"].iloc[0]), float(rows[column].iloc[0]))
            decades = float(log10(rows["parameters"].iloc[-1] / start[0]))
            slope_guide(ax, power, start, _NAMES[power], decades=decades, shift=0.6 if power >= 1 else 0.2)
