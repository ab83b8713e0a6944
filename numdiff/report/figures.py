"""A figure as data: values, drawing function, caption and text alternative; the same bytes in every process."""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

import matplotlib
import pandas as pd
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from numdiff.report import columns as column_kinds
from numdiff.report import svg
from numdiff.report.axes import (
    DecadeFormatter,
    DecadeLocator,
    decade_ticks,
    error_axes,
    floor_of,
    name_failures,
    plot_errors,
    plot_groups,
    scientific,
    superscript,
    zero_floor,
)
from numdiff.report.dark import dark
from numdiff.report.guides import mark_optimum, order_text, slope_guide
from numdiff.report.labels import Note, add_note, arrange, direct_labels, renderer_of
from numdiff.report.narrow import NarrowCanvas, columns_that_fit, extend, fit_labels, is_narrow
from numdiff.report.panels import (
    draw_panels,
    legend_entries,
    make_room_above,
    outside_legend,
    small_multiples,
    subject,
)
from numdiff.report.styles import (
    FORMAT_STYLE,
    METHOD_STYLE,
    PART_STYLE,
    ROLE_STYLE,
    SIDES,
    Style,
    all_styles,
    label_of,
    rc_settings,
    style_of,
)

__all__ = ["Figure", "Note", "Style", "add_note", "arrange", "direct_labels", "order_text"]
__all__ += ["FORMAT_STYLE", "METHOD_STYLE", "PART_STYLE", "ROLE_STYLE", "label_of", "style_of"]
__all__ += ["DecadeFormatter", "DecadeLocator", "decade_ticks", "scientific", "superscript"]
__all__ += ["error_axes", "floor_of", "name_failures", "plot_errors", "plot_groups", "zero_floor"]
__all__ += [
    "draw_panels",
    "legend_entries",
    "make_room_above",
    "mark_optimum",
    "outside_legend",
    "page_css",
    "slope_guide",
    "small_multiples",
    "subject",
]
__all__ += ["columns_that_fit", "extend", "is_narrow"]

NARROW = 3.8
"""Width in inches of a drawing for phones: 274 pt. A screen of 360 pixels has some 326 for it, 1.19 for a point."""
SMALLEST = 7.6
"""The least size of letters in it, in points: 9 pixels on that screen."""
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
    narrow : tuple of float, optional
        Width and height in inches of a second drawing for phones, into which `draw` draws the same data; see
        `numdiff.report.narrow.is_narrow`. Panels and legends make it as high as they need. By default `NARROW` wide
        and as high as the figure, or a little higher than wide where that is less; none where the figure is not much
        wider itself, or `narrow` is `size`.
    kinds, where : mapping of str to str
        Kinds and shared keys of the columns, where they do not follow from the names: see `numdiff.report.columns`.

    Raises
    ------
    ValueError
        If the name is not the stem of a file, kinds or where do not fit the data, title, caption or alt are empty, or
        alt repeats caption or title.
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
    narrow: tuple[float, float] | None = None
    _kept: dict[str, Element] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        check_name(self.name, "figure")
        for part in ("title", "caption", "alt"):
            if not getattr(self, part).strip():
                raise ValueError(f"{part} of figure {self.name!r} must not be empty")
        if self.alt.strip() in (self.caption.strip(), self.title.strip()):
            raise ValueError(
                f"alt of figure {self.name!r} must say what is seen, not repeat the caption or the title, "
                f"got {self.alt!r}"
            )
        column_kinds.check(f"figure {self.name!r}", list(self.data.columns), self.kinds, self.where)

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the drawing that is kept; a mapping may be one that does not pickle.
        parts = (self.name, self.title, self.caption, self.alt, self.data, self.draw, self.size)
        return Figure, (*parts, dict(self.kinds), dict(self.where), self.narrow)

    def to_svg(self) -> str:
        """Return the SVG file: the same bytes on each call, in each process, beside any matplotlibrc."""
        return svg.standalone(self._drawing(), self.title, self.alt)

    def to_inline_svg(self, prefix: str) -> str:
        """Return the SVG as an element for an HTML page, its ids behind a prefix that is unique in the page.

        Where the figure is too wide for a phone, two elements: `page_css` shows one of them.
        """
        if self.narrow_size is None:
            return svg.inline(self._drawing(), self.title, self.alt, prefix)
        wide = svg.inline(self._drawing(), self.title, self.alt, prefix, "wide")
        return wide + svg.inline(self._drawing("narrow"), self.title, self.alt, f"{prefix}n", "narrow")

    @property
    def narrow_size(self) -> tuple[float, float] | None:
        """Width and height in inches of the drawing for phones; None where the figure fits one as it is."""
        if self.narrow is None and self.size[0] > 1.2 * NARROW:
            # What is higher than the plot of a function is a list of rows, which need their height.
            is_list = self.size[1] > 0.75 * self.size[0]
            return NARROW, self.size[1] if is_list else min(self.size[1], 1.1 * NARROW)
        return None if self.narrow == self.size else self.narrow

    def drawings(self) -> list[Element]:
        """Return the drawings that a page shows, for `numdiff.report.svg.page_css`."""
        return [self._drawing(kind) for kind in ("wide", "narrow") if kind == "wide" or self.narrow_size]

    def adopt(self, drawings: Iterable[Element]) -> None:
        """Keep `drawings` of the same figure that were made in another process."""
        kinds = [kind for kind in ("wide", "narrow") if kind == "wide" or self.narrow_size]
        self._kept.update(zip(kinds, drawings, strict=True))

    def to_canvas(self, size: tuple[float, float] | None = None, *, narrow: bool = False) -> Canvas:
        """Return the drawing as a matplotlib figure, in another size (inches) if one is given, or as for a phone."""
        size = self.size if size is None else size
        with settings_of(size, salt=self.name, narrow=narrow):
            return paint(lambda canvas: self.draw(canvas, self.data), size, narrow)

    def _drawing(self, kind: str = "wide") -> Element:
        # A page needs the drawing up to three times, and drawing takes 100 times as long as writing.
        if kind not in self._kept:
            size = self.size if kind == "wide" else self.narrow_size
            stream, metadata = io.StringIO(), dict.fromkeys(("Creator", "Date", "Format", "Type"))
            with settings_of(size or self.size, salt=self.name, narrow=kind == "narrow"):
                canvas = self.to_canvas(size, narrow=kind == "narrow")
                mark_halos(canvas)
                canvas.savefig(stream, format="svg", metadata=metadata)
            self._kept[kind] = svg.tidy(stream.getvalue())
        return self._kept[kind]


def page_css(figures: Iterable[Figure]) -> str:
    """Return the style sheet that the inline drawings of a page need: font, dark colours, wide or narrow.

    It also has a variable ``--c-NAME`` with the colour of each format, method, part of the error and role, for words
    and drawings of the page itself; spaces in a name become hyphens.
    """
    return palette_css() + svg.page_css([drawing for figure in figures for drawing in figure.drawings()])


def palette_css() -> str:
    """Return the variables with the colours of the series, on white and on a dark ground."""
    colors = {f"--c-{name.replace(' ', '-')}": style.color for name, style in all_styles().items()}
    light = "".join(f"{name}:{color};" for name, color in colors.items())
    other = "".join(f"{name}:{dark(color)};" for name, color in colors.items())
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{other}}}}}"


def mark_halos(canvas: Canvas) -> None:
    """Replace the white rims of texts by a mark for `svg.tidy`: words with a path effect are drawn as outlines."""
    for text in canvas.findobj(Text):
        if text.get_path_effects():
            text.set_path_effects([])
            text.set_gid(svg.HALO)


@contextmanager
def settings_of(size: tuple[float, float], salt: str | None = None, narrow: bool = False) -> Iterator[None]:
    """Set matplotlib to its defaults plus ours, and restore the settings of the process at the end."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        settings: dict[Any, Any] = rc_settings(size, narrow) | {"svg.hashsalt": salt}
        matplotlib.rcParams.update(settings)
        yield


def paint(draw: Callable[[Canvas], object], size: tuple[float, float], narrow: bool = False) -> Canvas:
    """Return a new matplotlib figure that `draw` has drawn into: nothing cut off at its edge, notes in place.

    A narrow one is made for phones: no letter is smaller than `SMALLEST`.
    """
    canvas = NarrowCanvas(figsize=size) if narrow else Canvas(figsize=size)
    draw(canvas)
    if narrow:
        for text in canvas.findobj(Text):
            text.set_fontsize(max(SMALLEST, text.get_fontsize()))
        keep_inside(canvas)
        fit_labels(canvas)
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
    for ax in canvas.axes:
        # Matplotlib works out the limits, and with them the places of words, when they are asked for.
        ax.get_xlim(), ax.get_ylim()
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
