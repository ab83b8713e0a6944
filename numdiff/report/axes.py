"""Log-log axes on which nothing is lost: exact zeros have a floor, failures a place at the top edge."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import Formatter, Locator, NullLocator
from numpy.typing import ArrayLike, NDArray

from numdiff.report.styles import INK, MUTED, SIDES, Style, label_of, style_of

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_STRIDES = (1, 2, 3, 4, 5, 10, 20, 50, 100, 200, 500)
_OK = ("ok", "")


def superscript(number: int) -> str:
    """Return an integer in superscript digits: ``10⁻⁸`` is ``"10" + superscript(-8)``."""
    return str(number).translate(_SUPERSCRIPTS)


def scientific(value: float, digits: int = 2) -> str:
    """Return a number for a label: ``6.1·10⁻⁶``; between 0.01 and 1000 in plain decimals, zero as ``0``."""
    if not math.isfinite(value):
        return str(value)
    if value == 0 or 0.01 <= abs(value) < 1000:
        return f"{value:.{digits}g}"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    power = "10" + superscript(int(exponent))
    if float(mantissa) == 1:
        return power
    return power if mantissa == "1" else f"{mantissa}·{power}"


class DecadeLocator(Locator):
    """Ticks at powers of ten, every second, third, … where more have no room; 1-2-5 on less than two decades.

    Parameters
    ----------
    most : int
        The largest number of ticks.
    """

    def __init__(self, most: int = 9) -> None:
        self.most = most

    def __call__(self) -> NDArray[np.float64]:
        """Return the positions of the ticks in the present view."""
        axis = self.axis
        if axis is None:
            raise ValueError("locator must belong to an axis")
        return self.tick_values(*axis.get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> NDArray[np.float64]:
        """Return the positions of the ticks between two positive limits."""
        low, high = sorted((vmin, vmax))
        if not (low > 0 and math.isfinite(high)):
            return np.array([])
        first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
        if last - first >= 1:
            room = max(2, min(self.most, self.axis.get_tick_space() if self.axis is not None else self.most))
            stride = next((s for s in _STRIDES if last // s - -(-first // s) + 1 <= room), _STRIDES[-1])
            return np.array([10.0**e for e in range(-(-first // stride) * stride, last + 1, stride)])
        steps = [m * 10.0**e for e in range(first - 1, last + 1) for m in (1, 2, 5)]
        return np.array([value for value in steps if low <= value <= high])


class DecadeFormatter(Formatter):
    """Powers of ten as ``10⁻⁸``, other values as ``2·10⁻⁸``."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label of the value x."""
        if x <= 0:
            return ""
        exponent = math.floor(math.log10(x) + 1e-9)
        mantissa = x / 10.0**exponent
        power = "1" if exponent == 0 else "10" if exponent == 1 else "10" + superscript(exponent)
        return power if abs(mantissa - 1) < 1e-6 else scientific(x, 2)


def decade_ticks(ax: Axes, which: str = "both") -> Axes:
    """Make an axis (``"x"``, ``"y"`` or ``"both"``) logarithmic with readable ticks at powers of ten."""
    for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
        if which in (name, "both"):
            getattr(ax, f"set_{name}scale")("log")
            axis.set_major_locator(DecadeLocator())
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(DecadeFormatter())
    return ax


def error_axes(ax: Axes, *, xlabel: str = "step h", ylabel: str = "absolute error") -> Axes:
    """Prepare axes for errors against steps: log-log, ticks at powers of ten, a light grid.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.
    xlabel, ylabel : str
        What the axes show; empty for none.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    decade_ticks(ax)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.margins(x=0.04, y=0.09)
    return ax


class _Zeros(Line2D):
    """The marks of exact zeros of one series, on the floor."""


class _Failures(Line2D):
    """The marks of the failed cells of one series, at the top edge."""

    counts: Counter[str]


def zero_floor(errors: ArrayLike) -> float:
    """Return where exact zeros are drawn: a power of ten, about a decade below the smallest nonzero |error|."""
    magnitudes = np.abs(np.asarray(errors, dtype=float))
    positive = magnitudes[np.isfinite(magnitudes) & (magnitudes > 0)]
    exponent = math.floor(math.log10(positive.min()) - 0.7) if positive.size else -16
    return 10.0 ** max(exponent, -307)


def plot_errors(
    ax: Axes,
    h: ArrayLike,
    error: ArrayLike,
    style: Style,
    label: str | None = None,
    *,
    status: Sequence[str] | pd.Series | None = None,
    floor: float | None = None,
    **options: Any,
) -> Line2D:
    """Draw |error| against the step; zeros stand on a floor, failed cells at the top edge, none is dropped.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes from `error_axes`.
    h : array_like, shape (n,)
        Steps.
    error : array_like, shape (n,)
        Errors; the sign does not matter. NaN and infinity count as failed.
    style : Style
        Colour, marker and line.
    label : str, optional
        Name of the series for `direct_labels` and legends.
    status : sequence of str, optional
        Status of each cell; anything but ``"ok"`` is a failure and is marked as one, whatever its error.
    floor : float, optional
        Where zeros are drawn; by default the floor that the axes have, or `zero_floor` of these errors. Give the
        same number to all panels that share an axis.
    **options
        Changes to the options of `Axes.plot`.

    Returns
    -------
    matplotlib.lines.Line2D
        The line of the series.

    Raises
    ------
    ValueError
        If the lengths of `h`, `error` and `status` differ.
    """
    steps, magnitudes = np.asarray(h, dtype=float), np.abs(np.asarray(error, dtype=float))
    words = np.asarray(["ok"] * len(steps) if status is None else [str(word) for word in status])
    if not len(steps) == len(magnitudes) == len(words):
        raise ValueError(
            f"h, error and status must have one length, got {len(steps)}, {len(magnitudes)} and {len(words)}"
        )
    order = np.argsort(steps, kind="stable")
    steps, magnitudes, words = steps[order], magnitudes[order], words[order]
    failed = ~np.isfinite(magnitudes) | ~np.isin(words, _OK)
    zero = ~failed & (magnitudes == 0)
    # NaN interrupts the line: it must not run through a place where there is no nonzero error.
    shown = np.where(failed | zero, np.nan, magnitudes)
    (line,) = ax.plot(steps, shown, **(style.line_options(label=label or "_series", zorder=3) | options))
    if zero.any():
        _mark_zeros(ax, steps[zero], zero_floor(magnitudes[~failed]) if floor is None else floor, style)
    if failed.any():
        words = np.where(failed & np.isin(words, _OK), "not finite", words)
        _mark_failures(ax, steps[failed], words[failed], style)
    return line


def _mark_zeros(ax: Axes, steps: NDArray[np.float64], floor: float, style: Style) -> None:
    present = [line for line in ax.lines if isinstance(line, _Zeros)]
    if present:
        level = min(floor, *(float(np.asarray(line.get_ydata())[0]) for line in present))
    else:
        level = floor
        ax.axhline(level, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1, gid="floor", label="_floor")
        ax.annotate(
            "exact zero", (1, level), xycoords=ax.get_yaxis_transform(), xytext=(-2, 3),
            textcoords="offset points", ha="right", va="bottom", fontsize=8, color=MUTED, gid="floor",
        )  # fmt: skip
    marks = _Zeros(
        steps, np.full(len(steps), level), color=style.color, marker=style.marker, linestyle="none", markersize=4.2,
        markerfacecolor="white", markeredgewidth=1.0, label="_zeros", zorder=4, clip_on=False,
    )  # fmt: skip
    ax.add_line(marks)
    ax.autoscale_view()
    if present and level < floor_of(ax):
        _lower_floor(ax, level)


def floor_of(ax: Axes) -> float:
    """Return the height of the floor of exact zeros of the axes; NaN where there is none."""
    for line in ax.lines:
        if line.get_gid() == "floor":
            return float(np.asarray(line.get_ydata())[0])
    return math.nan


def _lower_floor(ax: Axes, level: float) -> None:
    for line in ax.lines:
        if line.get_gid() == "floor" or isinstance(line, _Zeros):
            line.set_ydata(np.full(len(np.asarray(line.get_ydata())), level))
    for text in ax.texts:
        if text.get_gid() == "floor":
            text.xy = (1, level)  # type: ignore[attr-defined]


def _mark_failures(ax: Axes, steps: NDArray[np.float64], words: NDArray[np.str_], style: Style) -> None:
    """Draw crosses in a lane of their own at the top edge, and say in the corner above what they are."""
    lanes = [line for line in ax.lines if isinstance(line, _Failures)]
    level = ax.get_xaxis_transform()
    marks = _Failures(
        steps, np.full(len(steps), 1 - 0.016 * (len(lanes) + 0.6)), transform=level, color=style.color, marker="x",
        linestyle="none", markersize=3.4, markeredgewidth=1.0, label="_failures", zorder=4,
    )  # fmt: skip
    marks.counts = Counter(words.tolist())
    ax.add_line(marks)
    ax.autoscale_view()
    total = sum((line.counts for line in [*lanes, marks]), Counter())
    words_by_number = ", ".join(f"{n} {word}" for word, n in sorted(total.items(), key=lambda item: (-item[1], item[0])))
    ax.set_title(f"× {words_by_number}", loc="right", fontsize=8, color=MUTED)


def plot_groups(
    ax: Axes,
    frame: pd.DataFrame,
    *,
    by: str = "format",
    x: str = "step_value",
    y: str = "total",
    status: str | None = "status",
    styles: Mapping[str, Style] | None = None,
    floor: float | None = None,
    **options: Any,
) -> list[Line2D]:
    """Draw one error curve for each value of a column, in the order of first appearance.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes from `error_axes`.
    frame : pandas.DataFrame
        Records, or a frame with the columns that are named here.
    by : str
        The column that names the series.
    x, y : str
        The columns of the steps and of the errors.
    status : str, optional
        The column of the status, where the frame has it.
    styles : mapping, optional
        Style of each series; by default the one of the format, method or part of that name.
    floor : float, optional
        See `plot_errors`; by default one floor for all the series.
    **options
        Changes to the options of `Axes.plot`.

    Returns
    -------
    list of matplotlib.lines.Line2D
        The lines.
    """
    if floor is None:
        floor = zero_floor(frame[y])
    lines = []
    for index, name in enumerate(dict.fromkeys(frame[by])):
        rows = frame[frame[by] == name]
        style = (styles or {}).get(name) or style_of(name, index)
        words = list(rows[status]) if status is not None and status in rows else None
        label = style.label or label_of(str(name))
        lines.append(plot_errors(ax, rows[x], rows[y], style, label, status=words, floor=floor, **options))
    return lines


def halo(width: float = 2.5) -> list[withStroke]:
    """Return path effects that set text off from what lies behind it."""
    return [withStroke(linewidth=width, foreground="white")]


def slope_guide(
    ax: Axes,
    order: float,
    anchor: tuple[float, float],
    label: str | None = None,
    *,
    decades: float = 2.5,
    side: str = "below",
    color: str = MUTED,
) -> Line2D:
    """Draw the slope that theory gives, beside the data: a line of error proportional to h to the power `order`.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Log-log axes.
    order : float
        The slope: 2 for O(h²), −1 for roundoff u/h.
    anchor : tuple of float
        A point (h, error) of the data at the left end of the stretch; the line is moved off it.
    label : str, optional
        The text; by default ``O(h²)`` from the order.
    decades : float
        Length of the line along the axis of h.
    side : str
        ``"below"`` or ``"above"`` the data.
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
    shift = 10.0 ** (-0.9 if side == "below" else 0.9)
    h = np.array([anchor[0], anchor[0] * 10.0**decades])
    errors = anchor[1] * shift * (h / h[0]) ** order
    (line,) = ax.plot(h, errors, color=color, linewidth=1.1, linestyle=(0, (4, 2)), zorder=2, label="_slope")
    # The text stands at the middle, on the side away from the data; there a rising line leaves its right free.
    away_right = (order > 0) == (side == "below")
    ax.annotate(
        label or order_text(order), (float(np.sqrt(h[0] * h[1])), float(np.sqrt(errors[0] * errors[1]))),
        xytext=(5 if away_right else -5, -2 if side == "below" else 2), textcoords="offset points",
        ha="left" if away_right else "right", va="top" if side == "below" else "bottom",
        fontsize=9, color=color, path_effects=halo(), gid="slope",
    )  # fmt: skip
    return line


def order_text(order: float) -> str:
    """Return ``O(h²)`` for 2, ``O(h)`` for 1, ``O(1/h)`` for −1."""
    if order == 1:
        return "O(h)"
    if order < 0:
        return "O(1/h)" if order == -1 else f"O(1/h{superscript(int(-order))})"
    return f"O(h{superscript(int(order))})" if order == int(order) else f"O(h^{order:g})"


def mark_optimum(
    ax: Axes, h: float, error: float, label: str | None = None, *, color: str = INK, below: bool = True
) -> None:
    """Put a ring around the best point of a curve, and its step beside it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Log-log axes.
    h, error : float
        The point. An error of 0 is put on the floor of the axes, where they have one.
    label : str, optional
        The text; by default the step, ``h = 6·10⁻⁶``; empty for none.
    color : str
        Colour of ring and text: `Style.text_color` of the series.
    below : bool
        Whether the text stands below the point, or above.
    """
    height = abs(error) or floor_of(ax)
    if not (h > 0 and height > 0):
        return
    ax.plot(
        [h], [height], marker="o", markersize=10, markerfacecolor="none", markeredgecolor=color, markeredgewidth=1.3,
        linestyle="none", label="_optimum", zorder=5,
    )  # fmt: skip
    text = f"h = {scientific(h)}" if label is None else label
    if text:
        ax.annotate(
            text, (h, height), xytext=(0, -8 if below else 8), textcoords="offset points", ha="center",
            va="top" if below else "bottom", fontsize=8.5, color=color, path_effects=halo(), zorder=6, gid="optimum",
        )  # fmt: skip


def small_multiples(
    fig: Canvas,
    titles: Sequence[str] | int,
    *,
    columns: int | None = None,
    xlabel: str = "step h",
    ylabel: str = "absolute error",
    log: bool = True,
    share: bool = True,
) -> list[Axes]:
    """Divide a figure into panels that share their scales; only the outer ones carry tick labels.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        The figure.
    titles : sequence of str or int
        The title of each panel, or only their number.
    columns : int, optional
        Panels in a row; by default 2 for up to four panels, 3 for more.
    xlabel, ylabel : str
        Written once for the whole figure.
    log : bool
        Whether the panels are log-log, as `error_axes` makes them.
    share : bool
        Whether all panels have the same scales.

    Returns
    -------
    list of matplotlib.axes.Axes
        The panels, row by row.

    Raises
    ------
    ValueError
        If there is no panel.
    """
    names = [""] * titles if isinstance(titles, int) else list(titles)
    if not names:
        raise ValueError("titles must name at least one panel, got none")
    columns = min(len(names), columns or (2 if len(names) <= 4 else 3))
    rows = -(-len(names) // columns)
    width, height = fig.get_size_inches()
    inner = (width - SIDES["left"] - SIDES["right"]) / columns
    tall = (height - SIDES["bottom"] - SIDES["top"]) / rows
    spacing = {"wspace": 0.22 / inner if share else 0.62 / inner, "hspace": (0.42 if share else 0.62) / tall}
    grid = fig.subplots(rows, columns, sharex=share, sharey=share, squeeze=False, gridspec_kw=spacing)
    panels: list[Axes] = list(grid.flat)
    for ax, name in zip(panels, names, strict=False):
        if log:
            error_axes(ax, xlabel="", ylabel="")
        ax.set_title(name)
    for ax in panels[len(names) :]:
        ax.set_axis_off()
    for index in range(len(names) - columns, len(names)):
        # The last panel of each column, which is not always in the last row.
        panels[index].tick_params(labelbottom=True)
    centre = (SIDES["left"] + (width - SIDES["left"] - SIDES["right"]) / 2) / width
    fig.supxlabel(xlabel, x=centre, y=0.12 / height, va="bottom", fontsize=10)
    fig.supylabel(ylabel, x=0.1 / width, y=(SIDES["bottom"] + rows * tall / 2) / height, ha="left", fontsize=10)
    return panels[: len(names)]


def draw_panels(
    fig: Canvas, groups: Iterable[tuple[str, pd.DataFrame]], draw: Callable[[Axes, pd.DataFrame], Any], **options: Any
) -> list[Axes]:
    """Draw one panel for each (title, frame) of `groups`; `options` go to `small_multiples`."""
    pairs = list(groups)
    panels = small_multiples(fig, [title for title, _ in pairs], **options)
    for ax, (_, frame) in zip(panels, pairs, strict=True):
        draw(ax, frame)
    return panels
