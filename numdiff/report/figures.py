"""A figure as data: what is drawn, how, and what to see; the same bytes wherever and whenever it is drawn."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

import matplotlib
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.transforms import Bbox

from numdiff.report import svg
from numdiff.report.axes import (
    DecadeFormatter,
    DecadeLocator,
    decade_ticks,
    draw_panels,
    error_axes,
    floor_of,
    halo,
    mark_optimum,
    order_text,
    plot_errors,
    plot_groups,
    scientific,
    slope_guide,
    small_multiples,
    superscript,
    zero_floor,
)
from numdiff.report.labels import direct_labels, legend_entries, outside_legend
from numdiff.report.styles import (
    FORMAT_STYLE,
    METHOD_STYLE,
    PART_STYLE,
    Style,
    label_of,
    rc_settings,
    style_of,
)

__all__ = [
    "FORMAT_STYLE", "METHOD_STYLE", "PART_STYLE", "DecadeFormatter", "DecadeLocator", "Figure", "Style",
    "decade_ticks", "direct_labels", "draw_panels", "error_axes", "floor_of", "halo", "label_of", "legend_entries",
    "mark_optimum", "order_text", "outside_legend", "plot_errors", "plot_groups", "scientific", "slope_guide",
    "small_multiples", "style_of", "superscript", "zero_floor",
]  # fmt: skip

NAME = re.compile(r"[A-Za-z0-9_]+")
"""What the name of a figure, table or section may be: the stem of a file."""


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
        One sentence with what to see.
    alt : str
        The text alternative: the finding, for somebody who does not see the picture.
    data : pandas.DataFrame
        Exactly what is drawn; it becomes the data table.
    draw : callable
        Draws into the matplotlib figure that it is given. It must not use pyplot.
    size : tuple of float
        Width and height in inches.

    Raises
    ------
    ValueError
        If the name is not the stem of a file, or title, caption or alt are empty.
    """

    name: str
    title: str
    caption: str
    alt: str
    data: pd.DataFrame
    draw: Callable[[Canvas], object]
    size: tuple[float, float] = (7.2, 4.6)
    _kept: list[Element] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        check_name(self.name, "figure")
        for part in ("title", "caption", "alt"):
            if not getattr(self, part).strip():
                raise ValueError(f"{part} of figure {self.name!r} must not be empty")

    def to_svg(self) -> str:
        """Return the SVG file: the same bytes on each call, in each process, beside any matplotlibrc."""
        return svg.standalone(self._drawing(), self.title, self.alt)

    def to_inline_svg(self, prefix: str) -> str:
        """Return the SVG as an element for an HTML page, its ids behind a prefix that is unique in the page."""
        return svg.inline(self._drawing(), self.title, self.alt, prefix)

    def to_png(self, dpi: int = 150) -> bytes:
        """Return the figure as PNG, to look at it; its bytes are not promised."""
        return self._render("png", dpi=dpi)

    def _drawing(self) -> Element:
        # A page needs the drawing up to three times, and drawing takes 100 times as long as writing.
        if not self._kept:
            metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
            self._kept.append(svg.tidy(self._render("svg", metadata=metadata).decode()))
        return self._kept[0]

    def _render(self, kind: str, **options: object) -> bytes:
        """Draw under the defaults of matplotlib plus ours, whatever the process has set, and restore that."""
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(rc_settings(self.size) | {"svg.hashsalt": self.name})
            canvas = Canvas(figsize=self.size)
            FigureCanvasAgg(canvas)
            self.draw(canvas)
            keep_inside(canvas)
            stream = io.BytesIO()
            canvas.savefig(stream, format=kind, **options)  # type: ignore[arg-type]
        return stream.getvalue()


def overflow(canvas: Canvas) -> tuple[float, float, float, float]:
    """Return by how many inches the content exceeds the figure: left, bottom, right, top (0 where it fits)."""
    renderer = canvas.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = [box for ax in canvas.axes if (box := ax.get_tightbbox(renderer)) is not None]
    boxes += [artist.get_window_extent(renderer) for artist in [*canvas.texts, *canvas.legends]]
    finite = [box for box in boxes if box.width > 0 and box.height > 0]
    if not finite:
        return (0.0, 0.0, 0.0, 0.0)
    whole = Bbox.union(finite)
    width, height = canvas.bbox.width, canvas.bbox.height
    beyond = (-whole.x0, -whole.y0, whole.x1 - width, whole.y1 - height)
    return tuple(max(0.0, value / canvas.dpi) for value in beyond)  # type: ignore[return-value]


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
