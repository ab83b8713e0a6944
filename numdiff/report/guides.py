"""Predictions of theory, drawn beside the data: slopes and best steps."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from numdiff.report.axes import floor_of, scientific, superscript
from numdiff.report.labels import Anchor, Note, add_note
from numdiff.report.styles import INK, MUTED

_LOWER_RIGHT, _UPPER_LEFT = Anchor(0.7, -0.7, "left", "top"), Anchor(-0.7, 0.7, "right", "bottom")
_LOWER_LEFT, _UPPER_RIGHT = Anchor(-0.7, -0.7, "right", "top"), Anchor(0.7, 0.7, "left", "bottom")
_BELOW, _ABOVE = Anchor(0, -1, "center", "top"), Anchor(0, 1, "center", "bottom")
_LEFT, _RIGHT = Anchor(-1, 0, "right", "center"), Anchor(1, 0, "left", "center")
_FAR_BELOW, _FAR_ABOVE = Anchor(0, -2.6, "center", "top"), Anchor(0, 2.6, "center", "bottom")
_FAR_LEFT, _FAR_RIGHT = Anchor(-2, -1.4, "right", "top"), Anchor(2, -1.4, "left", "top")


def order_text(order: float) -> str:
    """Return ``O(h²)`` for 2, ``O(h)`` for 1, ``O(1/h)`` for −1."""
    if order == 0:
        return "O(1)"
    power = superscript(abs(int(order))) if order == int(order) else f"^{abs(order):g}"
    base = "h" if abs(order) == 1 else f"h{power}"
    return f"O({base})" if order > 0 else f"O(1/{base})"


def slope_guide(
    ax: Axes,
    order: float,
    anchor: tuple[float, float],
    label: str | None = None,
    *,
    decades: float = 2.5,
    side: str = "below",
    shift: float = 0.9,
    color: str = MUTED,
) -> Line2D:
    """Draw the slope that theory gives, beside the data: a line of errors proportional to h to the power `order`.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Log-log axes.
    order : float
        The slope: 2 for O(h²), −1 for roundoff u/h.
    anchor : (float, float)
        A point (h, error) of the data at the left end of the stretch.
    label : str, optional
        The text; by default ``O(h²)`` and the like, from the order.
    decades : float
        Length of the line along the axis of h.
    side : str
        ``"below"`` or ``"above"`` the data.
    shift : float
        How far the line is moved off the data, in decades of the error.
    color : str
        Colour of line and text.

    Returns
    -------
    matplotlib.lines.Line2D
        The line.

    Raises
    ------
    ValueError
        If `side` is neither ``"below"`` nor ``"above"``, or the anchor is not positive.
    """
    if side not in ("below", "above"):
        raise ValueError(f"side must be 'below' or 'above', got {side!r}")
    if not (anchor[0] > 0 and anchor[1] > 0):
        raise ValueError(f"anchor must be a point with positive coordinates, got {anchor!r}")
    h = anchor[0] * 10.0 ** np.linspace(0, decades, 9)
    errors = anchor[1] * 10.0 ** (-shift if side == "below" else shift) * (h / h[0]) ** order
    (line,) = ax.plot(h, errors, color=color, linewidth=1.1, linestyle=(0, (4, 2)), zorder=2, label="_slope")
    rising = (_LOWER_RIGHT, _UPPER_LEFT, _RIGHT, _LEFT) if order > 0 else (_LOWER_LEFT, _UPPER_RIGHT, _LEFT, _RIGHT)
    if side == "above":
        rising = (rising[1], rising[0], rising[3], rising[2])
    points = np.column_stack([h, errors])[[4, 3, 5, 8, 0, 6, 2]]
    add_note(
        ax,
        Note(label or order_text(order), points, reach=4, rank=1, anchors=rising, fontsize=10, color=color),
    )
    return line


def mark_optimum(
    ax: Axes, h: float, error: float, label: str | None = None, *, color: str = INK, size: float = 10.0
) -> None:
    """Put a ring around the best point of a curve, and its step beside it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Log-log axes.
    h, error : float
        The point; the sign of the error does not matter. An error of 0 is put on the floor of the axes, where they
        have one.
    label : str, optional
        The text; by default the step, ``h = 6·10⁻⁶``; empty for none.
    color : str
        Colour of ring and text: `Style.text_color` of the series.
    size : float
        Diameter of the ring in points.

    Raises
    ------
    ValueError
        If h is not positive, or the error is 0 and the axes have no floor.
    """
    height = abs(error) if error else floor_of(ax)
    if not (h > 0 and height > 0):
        raise ValueError(f"h and error must be a point that log-log axes can show, got ({h!r}, {error!r})")
    ring: dict[str, Any] = {"marker": "o", "markersize": size, "markerfacecolor": "none", "markeredgecolor": color}
    ax.plot([h], [height], linestyle="none", markeredgewidth=1.3, label="_optimum", zorder=5, **ring)
    text = f"h = {scientific(h)}" if label is None else label
    if text:
        near = (_BELOW, _LOWER_LEFT, _LOWER_RIGHT, _LEFT, _RIGHT, _UPPER_LEFT, _UPPER_RIGHT, _ABOVE)
        anchors = (*near, _FAR_BELOW, _FAR_RIGHT, _FAR_LEFT, _FAR_ABOVE)
        reach = 0.5 * size + 3
        add_note(ax, Note(text, [(h, height)], reach=reach, rank=0, anchors=anchors, fontsize=9.5, color=color))
