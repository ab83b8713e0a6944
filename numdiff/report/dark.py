"""The colours of a drawing on a dark ground, from those that were chosen for white.

A colour keeps its hue, and its contrast to the ground grows a little, since thin lines look dimmer on dark. A contrast
ratio of WCAG is a quotient of luminances, so the contrast between any two colours of a drawing stays, too: white words
on a blue cell become dark words on a light one.

References
----------
B. Ottosson, A perceptual color space for image processing (2020): Oklab and its matrices.
"""

import math
from collections.abc import Sequence
from functools import cache

from numdiff.style import luminance, rgb_text

__all__ = ["GROUND", "dark"]

GROUND = "#14181d"
"""The dark ground of the page."""
_LIFT, _MOST = 1.15, 15.5
"""The factor of the contrast, and the contrast at which it ends: white on this ground has 17.8, which dazzles."""
_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_OKLAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_FROM_OKLAB = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_FROM_CONES = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)
_HALVINGS = 20
"""Halvings of an interval of length 1: to 10⁻⁶, where a colour has steps of 1/255."""


@cache
def dark(color: str) -> str:
    """Return the colour on the dark ground that stands for ``#rrggbb`` on white.

    Examples
    --------
    >>> dark("#ffffff"), dark("#000000")
    ('#14181d', '#f0f0f0')
    """
    if color == "#ffffff":
        return GROUND
    contrast = min(_MOST, _LIFT * 1.05 / (luminance(color) + 0.05))
    wanted = contrast * (luminance(GROUND) + 0.05) - 0.05
    lightness, green_red, blue_yellow = _oklab(color)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        lightness = (low + high) / 2
        if luminance(_within(lightness, green_red, blue_yellow)) < wanted:
            low = lightness
        else:
            high = lightness
    return _within(high, green_red, blue_yellow)


def _within(lightness: float, green_red: float, blue_yellow: float) -> str:
    """Return the colour of this lightness and hue, with as much of its chroma as sRGB can show."""
    low, high = 0.0, 1.0
    if not _shown(_linear(lightness, green_red, blue_yellow)):
        for _ in range(_HALVINGS):
            share = (low + high) / 2
            if _shown(_linear(lightness, share * green_red, share * blue_yellow)):
                low = share
            else:
                high = share
        green_red, blue_yellow = low * green_red, low * blue_yellow
    channels = [min(1.0, max(0.0, c)) for c in _linear(lightness, green_red, blue_yellow)]
    curved = [12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in channels]
    return rgb_text(round(255 * c) for c in curved)


def _shown(channels: Sequence[float]) -> bool:
    return all(-1e-6 <= c <= 1 + 1e-6 for c in channels)


def _linear(lightness: float, green_red: float, blue_yellow: float) -> list[float]:
    """Return the linear sRGB channels of a colour in Oklab."""
    cones = [c**3 for c in _product(_FROM_OKLAB, (lightness, green_red, blue_yellow))]
    return _product(_FROM_CONES, cones)


def _oklab(color: str) -> list[float]:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return _product(_TO_OKLAB, [math.cbrt(c) for c in _product(_TO_CONES, linear)])


def _product(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]
