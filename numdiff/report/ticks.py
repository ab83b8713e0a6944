"""Logarithmic axes that can be read: powers of ten, as many as there is room for, in plain Unicode."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import Formatter, Locator, NullLocator

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_STRIDES = (1, 2, 3, 4, 5, 10, 20, 50, 100, 200, 500)
_MOST = 9
"""The largest number of ticks on an axis."""


def superscript(number: int) -> str:
    """Return an integer in superscript digits: ``"10" + superscript(-8)`` is ``10⁻⁸``."""
    return str(number).translate(_SUPERSCRIPTS)


def scientific(value: float, digits: int = 2) -> str:
    """Return a number for a label: ``6.1·10⁻⁶``; between 0.01 and 1000 as a decimal, zero as ``0``."""
    if not math.isfinite(value):
        return str(value)
    if value == 0 or 0.01 <= abs(value) < 1000:
        return f"{value:.{digits}g}"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    power = "10" + superscript(int(exponent))
    return power if float(mantissa) == 1 else f"{float(mantissa):g}·{power}"


class DecadeLocator(Locator):
    """Ticks at powers of ten, every second, third, … where more have no room; 1-2-5 within one decade."""

    def __call__(self) -> Sequence[float]:
        """Return the positions of the ticks in the present view."""
        if self.axis is None:
            raise ValueError("locator must belong to an axis, got none")
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Return the positions of the ticks between two positive limits."""
        low, high = sorted((vmin, vmax))
        if not (low > 0 and math.isfinite(high)):
            return []
        first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
        if last - first < 1:
            steps = [m * 10.0**e for e in range(first - 1, last + 1) for m in (1, 2, 5)]
            return [value for value in steps if low <= value <= high]
        room = _MOST if self.axis is None else max(2, min(_MOST, self.axis.get_tick_space()))
        # last // s and -(-first // s) are the outermost multiples of s inside.
        stride = next((s for s in _STRIDES if last // s + -first // s + 1 <= room), _STRIDES[-1])
        return [10.0**e for e in range(-(-first // stride) * stride, last + 1, stride)]


class DecadeFormatter(Formatter):
    """Powers of ten as ``10⁻⁸``, other values as ``2·10⁻⁸``."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label of the value x."""
        if x <= 0:
            return ""
        exponent = round(math.log10(x))
        if abs(x / 10.0**exponent - 1) > 1e-6:
            return scientific(x)
        return {0: "1", 1: "10"}.get(exponent, "10" + superscript(exponent))


def decade_ticks(ax: Axes, which: str = "both") -> Axes:
    """Make an axis (``"x"``, ``"y"`` or ``"both"``) logarithmic with readable ticks at powers of ten.

    Raises
    ------
    ValueError
        If `which` is none of the three.
    """
    if which not in ("x", "y", "both"):
        raise ValueError(f"which must be 'x', 'y' or 'both', got {which!r}")
    for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
        if which in (name, "both"):
            getattr(ax, f"set_{name}scale")("log")
            axis.set_major_locator(DecadeLocator())
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(DecadeFormatter())
    return ax
