"""How a series looks: one colour, marker and line style for each format, method and part of the error.

A series is told apart three times over, so that colour blindness, a grey print or a crowded panel takes away one
of the three at most.

References
----------
M. Okabe and K. Ito, Color Universal Design (2008), figure 16: the eight colours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE, BLACK = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#000000",
)  # fmt: skip
"""The colours of Okabe and Ito, in their order."""
INK, MUTED, PALE, FAINT = "#1f2933", "#5b6673", "#ccd4dd", "#dfe4ea"
"""Text, secondary text and guides, broad lines behind the data, grid lines."""


@dataclass(frozen=True)
class Style:
    """Colour, marker and line style of a series.

    Parameters
    ----------
    color : str
        A colour as ``#rrggbb``.
    marker : str
        A marker of matplotlib.
    line : str or tuple
        A line style of matplotlib; a dash pattern is (offset, (on, off, …)) in units of the line width.
    label : str
        The name that is shown, where it differs from the key.
    """

    color: str
    marker: str
    line: Any = "-"
    label: str = ""

    def line_options(self, **changes: Any) -> dict[str, Any]:
        """Return the options of `Axes.plot` for this style: a thin line with small, white-rimmed markers."""
        options: dict[str, Any] = {
            "color": self.color,
            "marker": self.marker,
            "linestyle": self.line,
            "linewidth": 1.5,
            "markersize": 4.2,
            "markeredgecolor": "white",
            "markeredgewidth": 0.4,
        }
        return options | changes

    @property
    def text_color(self) -> str:
        """The colour for text of this series: as dark as is needed to be read on white (4.5 : 1, WCAG 1.4.3)."""
        channels = [int(self.color[i : i + 2], 16) for i in (1, 3, 5)]
        while _contrast_with_white(channels) < 4.5:
            channels = [int(0.94 * c) for c in channels]
        return "#" + "".join(f"{c:02x}" for c in channels)


def _contrast_with_white(channels: list[int]) -> float:
    """Return the contrast ratio of an sRGB colour against white (WCAG 2.2, relative luminance)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in channels)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)


_LONG_DASH, _DASH, _DOTS, _DASH_DOT = (0, (6, 1.6)), (0, (3.2, 1.4)), (0, (1, 1.3)), (0, (5, 1.3, 1, 1.3))
_EXTENDED = Style(BLACK, "v", _DOTS)

FORMAT_STYLE: Mapping[str, Style] = MappingProxyType(
    {
        "float16": Style(VERMILLION, "o", "-"),
        "bfloat16": Style(PURPLE, "s", _DASH),
        "float32": Style(GREEN, "^", _DASH_DOT),
        "float64": Style(BLUE, "D", _LONG_DASH),
        "float80": _EXTENDED,
        "float128": _EXTENDED,
    }
)
"""The style of each floating-point format."""

METHOD_STYLE: Mapping[str, Style] = MappingProxyType(
    {
        "forward": Style(VERMILLION, "o", "-"),
        "backward": Style(ORANGE, "v", _DASH),
        "centered": Style(BLUE, "s", "-"),
        "forward2": Style(PURPLE, "p", _DASH_DOT, "forward, h²"),
        "centered4": Style(GREEN, "^", _LONG_DASH, "centered, h⁴"),
        "centered6": Style(SKY, "D", _DASH_DOT, "centered, h⁶"),
        "centered8": Style(BLACK, "P", _DASH, "centered, h⁸"),
        "centered_richardson2": Style(ORANGE, "X", _DOTS, "Richardson"),
        "complex_step": Style("#7a5195", "*", _DOTS, "complex step"),
        "second_centered": Style(SKY, "h", _LONG_DASH, "second derivative"),
    }
)
"""The style of each method."""

PART_STYLE: Mapping[str, Style] = MappingProxyType(
    {
        "truncation": Style(BLUE, "s", "-"),
        "abscissa": Style(ORANGE, "^", _DASH),
        "evaluation": Style(VERMILLION, "o", _LONG_DASH),
        "combination": Style(PURPLE, "v", _DASH_DOT),
        "total": Style(BLACK, ".", "-"),
        "roundoff": Style(GREEN, "D", _DASH_DOT),
    }
)
"""The style of each part of the error."""

_SPARE = (
    Style(BLUE, "o", "-"), Style(VERMILLION, "s", _DASH), Style(GREEN, "^", _DASH_DOT), Style(PURPLE, "D", _LONG_DASH),
    Style(ORANGE, "v", _DOTS), Style(SKY, "P", "-"), Style(BLACK, "X", _DASH), Style(MUTED, "p", _DASH_DOT),
)  # fmt: skip


def style_of(name: str, index: int = 0) -> Style:
    """Return the style of a format, method or part; any other name gets number `index` of a fixed cycle."""
    for styles in (FORMAT_STYLE, METHOD_STYLE, PART_STYLE):
        if name in styles:
            return styles[name]
    return _SPARE[index % len(_SPARE)]


def label_of(name: str) -> str:
    """Return the name as it is shown: the label of its style, or the name with spaces."""
    return style_of(name).label or name.replace("_", " ")


SIDES: Mapping[str, float] = MappingProxyType({"left": 0.82, "right": 0.2, "bottom": 0.56, "top": 0.3})
"""Margins of a figure in inches: fixed, so that the axes are where they are before anything is drawn."""


def rc_settings(size: tuple[float, float]) -> dict[str, Any]:
    """Return the matplotlib settings of a figure of the given size in inches."""
    width, height = size
    return {
        "svg.fonttype": "path",
        "svg.image_inline": True,
        "path.simplify": True,
        "font.family": ["DejaVu Sans"],
        "font.size": 11.0,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.labelsize": 11.0,
        "axes.titlesize": 11.0,
        "axes.titlelocation": "left",
        "axes.titlepad": 5.0,
        # Matplotlib measures all ticks to find a height for a title that is not given one.
        "axes.titley": 1.0,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.grid.which": "major",
        "grid.color": FAINT,
        "grid.linewidth": 0.7,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.labelsize": 10.0,
        "ytick.labelsize": 10.0,
        "legend.fontsize": 10.0,
        "legend.frameon": False,
        "legend.handlelength": 2.6,
        "lines.solid_capstyle": "round",
        # The ground is the page's, or a white rectangle in the file.
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "figure.subplot.left": SIDES["left"] / width,
        "figure.subplot.right": 1 - SIDES["right"] / width,
        "figure.subplot.bottom": SIDES["bottom"] / height,
        "figure.subplot.top": 1 - SIDES["top"] / height,
    }
