"""How a series looks: one colour, marker and line style for each format, method and part of the error.

A series is distinguished by all three, so that with colour blindness, in a grey print or in a crowded panel at least
two remain.

References
----------
M. Okabe and K. Ito, Color Universal Design (2008), figure 16: the eight colours.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from numdiff.floats.formats import FORMATS, LONGDOUBLE
from numdiff.formulas.table import METHODS
from numdiff.style import (
    BLACK,
    BLUE,
    DASH,
    DASH_DOT,
    DOTS,
    FAINT,
    GREEN,
    INK,
    LONG_DASH,
    MUTED,
    ORANGE,
    PALE,
    PURPLE,
    VERMILLION,
    Style,
    spare_style,
)

__all__ = ["FORMAT_STYLE", "METHOD_STYLE", "PART_STYLE", "SIDES", "Style", "label_of", "rc_settings", "style_of"]
__all__ += ["BLACK", "BLUE", "FAINT", "GREEN", "INK", "MUTED", "ORANGE", "PALE", "PURPLE", "VERMILLION"]
__all__ += ["DASH", "DASH_DOT", "DOTS", "LONG_DASH"]


class _FormatStyles(Mapping[str, Style]):
    """The style column of the table of formats, with the formats that longdouble is on other machines."""

    def __getitem__(self, name: str) -> Style:
        return (FORMATS.get(name) or LONGDOUBLE[name]).style

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*FORMATS, *LONGDOUBLE)))

    def __len__(self) -> int:
        return len({*FORMATS, *LONGDOUBLE})


FORMAT_STYLE: Mapping[str, Style] = _FormatStyles()
"""The style of each floating-point format."""
METHOD_STYLE: Mapping[str, Style] = METHODS.styles
"""The style of each method."""

PART_STYLE: Mapping[str, Style] = MappingProxyType(
    {
        "truncation": Style(BLUE, "s", "-"),
        "abscissa": Style(ORANGE, "^", DASH),
        "evaluation": Style(VERMILLION, "o", LONG_DASH),
        "combination": Style(PURPLE, "v", DASH_DOT),
        "total": Style(BLACK, ".", "-"),
        "roundoff": Style(GREEN, "D", DASH_DOT),
    }
)
"""The style of each part of the error."""


def style_of(name: str, index: int = 0) -> Style:
    """Return the style of a format, method or part; any other name gets number `index` of a fixed cycle."""
    for styles in (FORMAT_STYLE, METHOD_STYLE, PART_STYLE):
        if name in styles:
            return styles[name]
    return spare_style(index)


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
