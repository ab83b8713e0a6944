"""How a series looks: one colour, marker and line style for each format, method, part of the error and role.

A series is distinguished by all three, so that with colour blindness, in a grey print or in a crowded panel at least
two remain. `numdiff.style` says which family has which colours.
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
    MAROON,
    MUTED,
    ORANGE,
    PALE,
    PURPLE,
    VERMILLION,
    Style,
    spare_style,
)

__all__ = [
    "FORMAT_STYLE",
    "METHOD_STYLE",
    "PART_STYLE",
    "ROLE_STYLE",
    "SIDES",
    "Style",
    "label_of",
    "rc_settings",
    "style_of",
]
__all__ += ["BLACK", "BLUE", "FAINT", "GREEN", "INK", "MAROON", "MUTED", "ORANGE", "PALE", "PURPLE", "VERMILLION"]
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
        "truncation": Style("#4d9221", "s", "-"),
        "abscissa": Style("#dd6fa9", "^", DASH),
        "evaluation": Style("#cc1f84", "o", LONG_DASH),
        "combination": Style("#800f55", "v", DASH_DOT),
        "total": Style(INK, ".", "-"),
        "roundoff": Style("#a8186f", "D", DASH_DOT),
    }
)
"""The style of each part of the error."""

ROLE_STYLE: Mapping[str, Style] = MappingProxyType(
    {
        "observed": Style(INK, "o", LONG_DASH),
        "predicted": Style(MUTED, "D", DASH),
        "bound": Style(MUTED, "h", DOTS),
        # Several ways of doing one thing: of writing a function, of choosing a step.
        "usual way": Style(VERMILLION, "o", "-"),
        "another way": Style(BLUE, "s", DASH),
        "a third way": Style(MAROON, "^", DASH_DOT),
        # What a check says of a gradient.
        "false positive": Style(VERMILLION, "X", "-"),
        "missed": Style(BLUE, "P", DASH),
        "undecided": Style("#7b8794", "d", DOTS),
        # The cost of a gradient.
        "back-propagation": Style(BLUE, "D", "-"),
        "one evaluation": Style(INK, "p", DASH),
    }
)
"""The style of each series that is no format, method or part of the error."""


def style_of(name: str, index: int = 0) -> Style:
    """Return the style of a format, method, part or role; any other name gets number `index` of a fixed cycle."""
    for styles in (FORMAT_STYLE, METHOD_STYLE, PART_STYLE, ROLE_STYLE):
        if name in styles:
            return styles[name]
    return spare_style(index)


def label_of(name: str) -> str:
    """Return the name as it is shown: the label of its style, or the name with spaces."""
    return style_of(name).label or name.replace("_", " ")


SIDES: Mapping[str, float] = MappingProxyType({"left": 0.82, "right": 0.2, "bottom": 0.56, "top": 0.3})
"""Margins of a figure in inches: fixed, so that the axes are where they are before anything is drawn."""


def rc_settings(size: tuple[float, float], narrow: bool = False) -> dict[str, Any]:
    """Return the matplotlib settings of a figure of the given size in inches; smaller letters in one for phones."""
    width, height = size
    text = 9.5 if narrow else 11.0
    small = text - 1.0
    return {
        "svg.fonttype": "none",
        "svg.image_inline": True,
        "path.simplify": True,
        "font.family": ["DejaVu Sans"],
        "font.size": text,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.labelsize": text,
        "axes.titlesize": text,
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
        "xtick.labelsize": small,
        "ytick.labelsize": small,
        "legend.fontsize": small,
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
