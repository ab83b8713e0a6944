"""A figure as data: values, drawing function, caption and text alternative; the same bytes in every process."""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

import matplotlib
import pandas as pd
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Canvas
from matplotlib.transforms import Bbox

from numdiff.report import columns as column_kinds
from numdiff.report import svg
from numdiff.report.axes import (
    DecadeFormatter,
    DecadeLocator,
    decade_ticks,
    error_axes,
    floor_of,
    plot_errors,
    plot_groups,
    scientific,
    superscript,
    zero_floor,
)
from numdiff.report.guides import mark_optimum, order_text, slope_guide
from numdiff.report.labels import Note, add_note, arrange, direct_labels, renderer_of
from numdiff.report.panels import draw_panels, legend_entries, outside_legend, small_multiples
from numdiff.report.styles import (
    FORMAT_STYLE,
    METHOD_STYLE,
    PART_STYLE,
    SIDES,
    Style,
    label_of,
    rc_settings,
    style_of,
)

__all__ = ["Figure", "Note", "Style", "add_note", "arrange", "direct_labels", "order_text"]
__all__ += ["FORMAT_STYLE", "METHOD_STYLE", "PART_STYLE", "label_of", "style_of"]
__all__ += ["DecadeFormatter", "DecadeLocator", "decade_ticks", "scientific", "superscript"]
__all__ += ["error_axes", "floor_of", "plot_errors", "plot_groups", "zero_floor"]
__all__ += ["draw_panels", "legend_entries", "mark_optimum", "outside_legend", "slope_guide", "small_multiples"]

NAME = re.compile(r"[A-Za-z0-9_]+")
"""The form of the name of a figure, table or section: the stem of a file."""


def check_name(name: str, what: str) -> None:
    """Raise ValueError unless the name can be the stem of a file on every system."""
    if not NAME.fullmatch(name):
        raise ValueError(f"name of a {what} must consist of letters, digits and underscores, got {name!r}")


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure of the report.

    Parameters
    ----------
    name : str
        Stem of its files: letters, digits, underscores; unique in its experiment.
    title : str
        The title that is shown.
    caption : str
        One sentence with the observation to make.
    alt : str
        The text alternative: the finding, for readers who do not see the picture.
    data : pandas.DataFrame
        The values that are drawn, no others; they become the data table.
    draw : callable
        (matplotlib figure, data) → draws the data into the figure, without pyplot. A function of a module, or a
        `functools.partial` of one whose arguments are plain data: then the figure pickles, and can be drawn in any
        process.
    size : tuple of float
        Width and height in inches.
    kinds, where : mapping of str to str
        Kinds and shared keys of the columns, where they do not follow from the names: see `numdiff.report.columns`.

    Raises
    ------
    ValueError
        If the name is not the stem of a file, kinds or where do not fit the data, or title, caption or alt are empty.
    """

    name: str
    title: str
    caption: str
    alt: str
    data: pd.DataFrame
    draw: Callable[[Canvas, pd.DataFrame], object]
    size: tuple[float, float] = (7.2, 4.6)
    kinds: Mapping[str, str] = field(default_factory=lambda: column_kinds.NOTHING)
    where: Mapping[str, str] = field(default_factory=lambda: column_kinds.NOTHING)
    _kept: list[Element] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        check_name(self.name, "figure")
        for part in ("title", "caption", "alt"):
            if not getattr(self, part).strip():
                raise ValueError(f"{part} of figure {self.name!r} must not be empty")
        column_kinds.check(f"figure {self.name!r}", list(self.data.columns), self.kinds, self.where)

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the drawing that is kept; a mapping may be one that does not pickle.
        parts = (self.name, self.title, self.caption, self.alt, self.data, self.draw, self.size)
        return Figure, (*parts, dict(self.kinds), dict(self.where))

    def to_svg(self) -> str:
        """Return the SVG file: the same bytes on each call, in each process, beside any matplotlibrc."""
        return svg.standalone(self._drawing(), self.title, self.alt)

    def to_inline_svg(self, prefix: str) -> str:
        """Return the SVG as an element for an HTML page, its ids behind a prefix that is unique in the page."""
        return svg.inline(self._drawing(), self.title, self.alt, prefix)

    def to_canvas(self, size: tuple[float, float] | None = None) -> Canvas:
        """Return the drawing as a matplotlib figure, in another size (inches) if one is given."""
        size = self.size if size is None else size
        with settings_of(size, salt=self.name):
            return paint(lambda canvas: self.draw(canvas, self.data), size)

    def _drawing(self) -> Element:
        # A page needs the drawing up to three times, and drawing takes 100 times as long as writing.
        if not self._kept:
            stream, metadata = io.StringIO(), dict.fromkeys(("Creator", "Date", "Format", "Type"))
            with settings_of(self.size, salt=self.name):
                self.to_canvas().savefig(stream, format="svg", metadata=metadata)
            self._kept.append(svg.tidy(stream.getvalue()))
        return self._kept[0]


@contextmanager
def settings_of(size: tuple[float, float], salt: str | None = None) -> Iterator[None]:
    """Set matplotlib to its defaults plus ours, and restore the settings of the process at the end."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        settings: dict[Any, Any] = rc_settings(size) | {"svg.hashsalt": salt}
        matplotlib.rcParams.update(settings)
        yield


def paint(draw: Callable[[Canvas], object], size: tuple[float, float]) -> Canvas:
    """Return a new matplotlib figure that `draw` has drawn into: nothing cut off at its edge, notes in place."""
    canvas = Canvas(figsize=size)
    draw(canvas)
    keep_inside(canvas)
    for ax in canvas.axes:
        arrange(ax)
    return canvas


def overflow(canvas: Canvas) -> tuple[float, float, float, float]:
    """Return by how many inches the content exceeds the figure: left, bottom, right, top; 0 where it fits.

    Only what can exceed it is measured: measuring ticks takes as long as drawing them.
    """
    renderer = renderer_of(canvas)
    shown = [ax for ax in canvas.axes if ax.axison]
    places = {ax: ax.get_position() for ax in shown}
    left = min((box.x0 for box in places.values()), default=0.0)
    bottom = min((box.y0 for box in places.values()), default=0.0)
    width_in, height_in = canvas.get_size_inches()
    # The margins of `styles.SIDES` were made for powers of ten.
    roomy = left * width_in > 0.99 * SIDES["left"], bottom * height_in > 0.99 * SIDES["bottom"]
    rim = [ax.yaxis for ax in shown if places[ax].x0 == left and not (roomy[0] and _in_decades(ax.yaxis))]
    rim_below = [ax.xaxis for ax in shown if places[ax].y0 == bottom and not (roomy[1] and _in_decades(ax.xaxis))]
    boxes = [axis.get_tightbbox(renderer) for axis in (*rim, *rim_below)]
    words = [*canvas.texts, *canvas.legends, *(text for ax in shown for text in [ax.title, *ax.texts])]
    boxes += [word.get_window_extent(renderer) for word in words if not isinstance(word, Note)]
    finite = [box for box in boxes if box is not None and box.width > 0 and box.height > 0]
    if not finite:
        return (0.0, 0.0, 0.0, 0.0)
    whole, width, height = Bbox.union(finite), canvas.bbox.width, canvas.bbox.height
    beyond = [max(0.0, length / canvas.dpi) for length in (-whole.x0, -whole.y0, whole.x1 - width, whole.y1 - height)]
    return beyond[0], beyond[1], beyond[2], beyond[3]


def _in_decades(axis: Axis) -> bool:
    return isinstance(axis.get_major_formatter(), DecadeFormatter) and "\n" not in axis.get_label_text()


def keep_inside(canvas: Canvas) -> None:
    """Enlarge the margins of a figure where something would be cut off at its edge."""
    left, bottom, right, top = overflow(canvas)
    if max(left, bottom, right, top) > 0.01:
        width, height = canvas.get_size_inches()
        margins = canvas.subplotpars
        canvas.subplots_adjust(
            left=margins.left + (left + 0.04 * (left > 0)) / width,
            right=margins.right - (right + 0.04 * (right > 0)) / width,
            bottom=margins.bottom + (bottom + 0.04 * (bottom > 0)) / height,
            top=margins.top - (top + 0.04 * (top > 0)) / height,
        )
