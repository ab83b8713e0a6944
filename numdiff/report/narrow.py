"""A canvas as narrow as a phone: panels are stacked, legends get fewer columns, and it grows as high as they need."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.legend import Legend
from matplotlib.text import Text

from numdiff.report.styles import SIDES

__all__ = ["LEAST_PANEL", "NarrowCanvas", "columns_that_fit", "extend", "fit_labels", "inches_of", "is_narrow"]

LEAST_PANEL = 1.25
"""The least width in inches of a panel on a narrow canvas."""
_EM = 0.6
"""The mean width of a character of DejaVu Sans, in units of the size of the letters."""
_LEGEND_ROW = 0.23


class NarrowCanvas(Canvas):
    """A figure for phones, which lays out for itself what was asked for a wide one."""

    def subplots(self, nrows: int = 1, ncols: int = 1, **options: Any) -> Any:
        """Return axes in the shape that is asked for; where a row has no room for them, they are stacked."""
        # Panels with scales of their own need room for the ticks between them.
        shared = options.get("sharex", False) is not False and options.get("sharey", False) is not False
        across = columns_that_fit(self, ncols) if shared else 1
        if across == ncols:
            return super().subplots(nrows, ncols, **options)
        squeeze, grid = options.pop("squeeze", True), dict(options.pop("gridspec_kw", None) or {})
        for name in ("width_ratios", "height_ratios"):
            grid.pop(name, None)
            options.pop(name, None)
        rows = -(-nrows * ncols // across)
        height = inches_of(self)[1]
        below = height * grid.pop("bottom", self.subplotpars.bottom)
        above = height * (1 - grid.pop("top", self.subplotpars.top))
        extend(self, (height - below - above) * (rows / nrows - 1))
        taller = inches_of(self)[1]
        self.subplots_adjust(bottom=below / taller, top=1 - above / taller)
        made = super().subplots(rows, across, squeeze=False, gridspec_kw=grid | {"hspace": 0.3}, **options)
        chosen = made.ravel()[: nrows * ncols]
        for spare in made.ravel()[nrows * ncols :]:
            spare.set_axis_off()
        axes = chosen.reshape(nrows, ncols)
        return np.squeeze(axes) if squeeze else axes

    def legend(self, *arguments: Any, **options: Any) -> Legend:
        """Return a legend with as many columns as have room; further rows below make the figure higher."""
        handles: Sequence[Any] = options.get("handles") or ()
        wanted = options.get("ncols", 1)
        if handles and wanted > 1:
            across = max(1, min(wanted, int((inches_of(self)[0] - 0.2) / widest_entry(handles))))
            options["ncols"] = across
            more = -(-len(handles) // across) - -(-len(handles) // wanted)
            if more and str(options.get("loc", "")).startswith("lower"):
                extend(self, _LEGEND_ROW * more)
        return super().legend(*arguments, **options)


def is_narrow(fig: Any) -> bool:
    """Return whether a drawing function draws for a phone: few columns, short labels, legends below."""
    return isinstance(fig, NarrowCanvas)


def widest_entry(handles: Sequence[Any]) -> float:
    """Return the width in inches of the widest entry of a legend: its name, the sample line and the gaps (52 pt)."""
    return (max(_EM * 10 * len(str(handle.get_label())) for handle in handles) + 52) / 72


def extend(fig: Canvas, inches: float) -> None:
    """Make a figure higher at its bottom; what is in it keeps its size and its distance from the top.

    Axes in a grid with margins of its own are stretched.
    """
    width, height = fig.get_size_inches()
    taller, margins = height + inches, fig.subplotpars
    for text in fig.texts:
        x, y = text.get_position()
        text.set_position((x, (y * height + inches) / taller))
    fig.set_size_inches(width, taller)
    fig.subplots_adjust(
        bottom=(margins.bottom * height + inches) / taller, top=(margins.top * height + inches) / taller
    )


def fit_labels(fig: Canvas) -> None:
    """Break the labels of axes, and the words of the figure that stand upright, that are longer than it has room."""
    width, height = inches_of(fig)
    for ax in fig.axes:
        place = ax.get_position()
        middle = (place.x0 + place.x1) / 2
        _break(ax.xaxis.label, 2 * width * min(middle, 1 - middle))
        _break(ax.yaxis.label, height * place.height + 0.6)
    for text in fig.texts:
        # What stands in lines already was broken when it was written.
        if not text.get_rotation() and "\n" not in text.get_text() and (lines := _break(text, width)):
            line = 1.2 * float(text.get_fontsize()) / 72
            extend(fig, lines * line)
            x, y = text.get_position()
            text.set_position((x, y - lines * line / inches_of(fig)[1]))


def _break(text: Text, room: float) -> int:
    """Break a text that is longer than the room (inches), and return how many lines it got more."""
    most, before = int(72 * room / (_EM * float(text.get_fontsize()))), text.get_text()
    if len(before) > most:
        text.set_text(textwrap.fill(before, most))
    return text.get_text().count("\n") - before.count("\n")


def columns_that_fit(fig: Canvas, wanted: int, least: float = LEAST_PANEL, gap: float = 0.22) -> int:
    """Return how many panels of at least a width (inches) stand in a row: all that are wanted, unless it is narrow."""
    if not is_narrow(fig):
        return wanted
    room = inches_of(fig)[0] - SIDES["left"] - SIDES["right"]
    return max(1, min(wanted, int((room + gap) / (least + gap))))


def inches_of(fig: Any) -> tuple[float, float]:
    """Return width and height of a figure or a subfigure in inches."""
    if isinstance(fig, Canvas):
        width, height = fig.get_size_inches()
        return width, height
    return fig.bbox.width / fig.figure.dpi, fig.bbox.height / fig.figure.dpi
