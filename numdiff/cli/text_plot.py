"""A small plot for a terminal: errors against the step, both logarithmic, in characters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from numdiff.digits import power_of_ten

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["Curve", "text_plot"]

_MARGIN = 7
"""Characters of the labels at the left."""


@dataclass(frozen=True)
class Curve:
    """Points that are drawn with one character; those that are not positive and finite are left out.

    Parameters
    ----------
    points : sequence of tuple of float
        Step and error.
    character : str
    style : str
        Of rich.
    """

    points: Sequence[tuple[float, float]]
    character: str
    style: str = ""

    def logarithms(self) -> list[tuple[float, float]]:
        """Return the decimal logarithms of what can be drawn."""
        return [
            (math.log10(h), math.log10(error)) for h, error in self.points if 0 < h < math.inf and 0 < error < math.inf
        ]


def text_plot(curves: Sequence[Curve], width: int, height: int = 14) -> "Text":
    """Return the plot as lines of text; later curves cover earlier ones.

    Parameters
    ----------
    curves : sequence of Curve
    width, height : int
        Of the whole, and of the area inside, in characters.

    Examples
    --------
    >>> print(text_plot([Curve([(1e-3, 1e-6), (1e-1, 1e-2)], "*")], width=24, height=3).plain)
      10⁻² ┤               *
           │
      10⁻⁶ ┤*
           └┬──────────────┬
            10⁻³      10⁻¹ h
    """
    from rich.text import Text

    drawn = [(curve, curve.logarithms()) for curve in curves]
    everything = [point for _, points in drawn for point in points]
    if not everything:
        return Text("nothing to draw: no error is positive and finite")
    inside = width - _MARGIN - 1
    low_h, high_h = _ends([h for h, _ in everything])
    low, high = _ends([error for _, error in everything])
    cells: dict[tuple[int, int], Curve] = {}
    for curve, points in drawn:
        for h, error in points:
            column = round((h - low_h) / (high_h - low_h) * (inside - 1))
            row = round((high - error) / (high - low) * (height - 1))
            cells[row, column] = curve
    labels = _ticks(low, high, height)
    text = Text()
    for row in range(height):
        label = labels.get(row, "")
        text.append(f"{label:>{_MARGIN - 1}} {'┤' if label else '│'}", "dim")
        for column in range(inside):
            here = cells.get((row, column))
            text.append(" " if here is None else here.character, "" if here is None else here.style)
        text.rstrip()
        text.append("\n")
    axis, below = _axis(low_h, high_h, inside)
    text.append(f"{' ' * _MARGIN}└{axis}\n{' ' * (_MARGIN + 1)}{below}", "dim")
    return text


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis, apart also where all values are one."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ticks(low: float, high: float, height: int) -> dict[int, str]:
    """Return powers of ten by row, at most one for every third row."""
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    stride = max(1, math.ceil((last - first) / max(height / 3, 1)))
    return {
        round((high - power) / (high - low) * (height - 1)): power_of_ten(power)
        for power in range(last, first - 1, -stride)
    }


def _axis(low: float, high: float, inside: int) -> tuple[str, str]:
    """Return the line of the axis of h with its ticks, and the line of their labels."""
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    stride = max(1, math.ceil((last - first) * 10 / inside))
    line, below = ["─"] * inside, ""
    for power in range(first, last + 1, stride):
        place = round((power - low) / (high - low) * (inside - 1))
        label = power_of_ten(power)
        start = min(place, inside - len(label) - 2)
        if start >= len(below) + bool(below):
            below = below.ljust(start) + label
            line[place] = "┬"
    return "".join(line), f"{below:<{inside - 1}}h"
