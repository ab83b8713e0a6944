"""How predictions are drawn: predicted against observed steps, shares of good steps, model curves."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from experiments.frames import formats_of
from experiments.words import percent
from numdiff.report import figures as draw
from numdiff.report.figures import FORMAT_STYLE
from numdiff.report.styles import BLUE, FAINT, GREEN, INK, MUTED, VERMILLION

_LOOKS = (
    (BLUE, "-", 2.6),
    (VERMILLION, (0, (6, 2)), 1.6),
    (GREEN, (0, (3, 1, 1, 1)), 1.6),
    (MUTED, (0, (1, 1.2)), 1.6),
)
_WIDEST = 100
"""The right end of the axis of ratios."""


def draw_prediction(fig: Canvas, frame: pd.DataFrame, ways: Mapping[str, str], within: float) -> None:
    """Draw predicted against observed steps, and for each way to choose a step the share of good ones."""
    left, right = fig.subplots(1, 2, gridspec_kw={"wspace": 0.3})
    fig.subplots_adjust(bottom=0.12, top=0.93)
    draw_steps(left, frame, within)
    draw_shares(right, frame[frame["regular"]], ways, within)
    draw.outside_legend(fig, handles=draw.legend_entries(formats_of(frame)), where="bottom")


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
    ax.set(xlim=(ends[0], 3 * steps["observed_step"].max()), ylim=tuple(ends), xlabel="observed best step",
           ylabel="predicted best step")  # fmt: skip


def draw_shares(ax: Axes, frame: pd.DataFrame, ways: Mapping[str, str], within: float) -> None:
    """Draw for each way the share of runs whose error ratio is at most the abscissa."""
    ax.set_xscale("log")
    ax.axvline(within, color=INK, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
    ax.annotate(f"{within:g}×", (within, 1), xycoords=ax.get_xaxis_transform(), xytext=(0, 4),
                textcoords="offset points", ha="center", fontsize=9)  # fmt: skip
    for number, ((way, words), (color, dashes, width)) in enumerate(zip(ways.items(), _LOOKS, strict=True)):
        ratios = np.sort(frame[f"{way}_ratio"].fillna(np.inf).to_numpy())
        shares = np.arange(1, len(ratios) + 1) / len(ratios)
        ax.step(np.append(ratios, _WIDEST), np.append(shares, np.nan), where="post", color=color, linestyle=dashes,
                linewidth=width, zorder=6 - number)  # fmt: skip
        good = percent(float(np.mean(ratios <= within)))
        ax.annotate(f"{words}: {good}", (0.97, 0.34 - 0.085 * number), xycoords="axes fraction", ha="right",
                    color=color, fontsize=9, weight="bold" if number == 0 else "normal")  # fmt: skip
    ax.set(xlim=(0.9, _WIDEST), ylim=(0, 1.02), xlabel="error at the step, over the smallest one",
           ylabel="share of the regular runs")  # fmt: skip
    ax.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    ax.minorticks_off()
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
