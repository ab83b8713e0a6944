"""Names of rows on a narrow canvas: a phone has no room beside the axes, so they stand in them, above their rows."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from numdiff.report.figures import is_narrow

_LEFT = 0.25
"""The margin in inches that is left."""


def names_above(fig: Canvas, ax: Axes, above: float = 15.0) -> None:
    """On a narrow canvas, move the labels of the vertical axis into the axes; elsewhere nothing is changed.

    Parameters
    ----------
    fig : matplotlib Figure
    ax : matplotlib Axes
        Its rows have ticks with labels.
    above : float
        How many points a name stands above its row.
    """
    if not is_narrow(fig):
        return
    levels: Sequence[float] = list(ax.get_yticks())
    for level, label in zip(levels, ax.get_yticklabels(), strict=True):
        ax.annotate(
            label.get_text(),
            (0, level),
            xycoords=ax.get_yaxis_transform(),
            xytext=(3, above),
            textcoords="offset points",
            fontsize=8,
            color=label.get_color(),
            va="center",
            zorder=5,
        )
    ax.set_yticks(levels, [""] * len(levels))
    fig.subplots_adjust(left=_LEFT / fig.get_figwidth())
