"""How a series is drawn: colour, marker, line and label, a column of the tables of formats and of formulas.

A colour means one thing in all drawings. Formats are a ramp from blue to violet, the darker the more precise; formulas
are brown where they look to one side and teal where they are centered, the darker the higher their order; truncation is
green, and what rounding adds is pink. The colours of Okabe and Ito are for everything else: what is right and wrong,
several ways of doing one thing. Predictions and theory are grey.

References
----------
M. Okabe and K. Ito, Color Universal Design (2008), figure 16: the eight colours.
C. Brewer, ColorBrewer 2 (2013): the pairs brown and teal, pink and green, which stay apart in colour blindness.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

__all__ = ["Style", "luminance", "rgb_text", "spare_style", "style_beside"]

ORANGE, SKY, GREEN, BLUE = "#e69f00", "#56b4e9", "#009e73", "#0072b2"
VERMILLION, PURPLE, BLACK = "#d55e00", "#cc79a7", "#000000"
"""The colours of Okabe and Ito, in their order, without yellow, which cannot be read on white."""
MAROON = "#590a0f"
"""A dark colour beside them."""
INK, MUTED, PALE, FAINT = "#1f2933", "#5b6673", "#ccd4dd", "#dfe4ea"
"""Text, secondary text and guides, broad lines behind the data, grid lines."""
LONG_DASH, DASH, DOTS, DASH_DOT = (0, (6, 1.6)), (0, (3.2, 1.4)), (0, (1, 1.3)), (0, (5, 1.3, 1, 1.3))
"""Line styles of matplotlib: (offset, (on, off, …)) in units of the line width."""


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

    Examples
    --------
    >>> import numdiff as nd
    >>> nd.METHODS.styles["centered4"].label
    'centered, h⁴'
    >>> nd.Style("#0072b2", "o").line_options()["linestyle"]
    '-'
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
        while 1.05 / (luminance(rgb_text(channels)) + 0.05) < 4.5:
            channels = [int(0.94 * c) for c in channels]
        return rgb_text(channels)


def rgb_text(channels: Iterable[int]) -> str:
    """Return ``#rrggbb`` for three channels from 0 to 255."""
    return "#" + "".join(f"{c:02x}" for c in channels)


def luminance(color: str) -> float:
    """Return the relative luminance of a colour ``#rrggbb`` (WCAG 2.2), from 0 for black to 1 for white."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


_SPARE = tuple(
    Style(color, marker, line)
    for color, marker, line in zip(
        (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK, MUTED),
        ("o", "s", "^", "D", "v", "P", "X", "p"),
        ("-", DASH, DASH_DOT, LONG_DASH, DOTS, "-", DASH, DASH_DOT),
        strict=True,
    )
)


def spare_style(index: int) -> Style:
    """Return number `index` of a fixed cycle of styles, for series that have none of their own."""
    return _SPARE[index % len(_SPARE)]


_FURTHER_MARKERS = ("<", ">", "d", "H", "8", "p", "h", "X")


def style_beside(others: Iterable[Style]) -> Style:
    """Return a spare style that can be told from others: by its marker, and by its colour and line together.

    When the markers or the pairs of colour and line are all taken, they are used again in turns.
    """
    taken = list(others)
    colours = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK, MUTED)
    lines: tuple[Any, ...] = (LONG_DASH, DOTS, DASH, DASH_DOT, "-")
    markers = {style.marker for style in taken}
    series = {(style.color, str(style.line)) for style in taken}
    marker = next((m for m in _FURTHER_MARKERS if m not in markers), _FURTHER_MARKERS[len(taken) % 8])
    free = ((c, line) for line, c in product(lines, colours) if (c, str(line)) not in series)
    color, line = next(free, (colours[len(taken) % 8], lines[len(taken) % 5]))
    return Style(color, marker, line)
