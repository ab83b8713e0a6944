"""Logarithmic axes with readable ticks, and error curves on them: exact zeros on a floor, failures at the top edge."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import Formatter, Locator, NullLocator
from numpy.typing import ArrayLike, NDArray

from numdiff.report.styles import MUTED, Style, label_of, style_of

_OK = ("ok", "")
_LANE = 4.4
"""Height in points of the row of failures that each series has at the top edge."""
_MARKER_DISTANCE = 6.0
"""Least mean distance of the markers of a series in points; closer ones would cover each other and the line."""
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

    def nonsingular(self, v0: float, v1: float) -> tuple[float, float]:
        """Return limits with room between them: a decade on either side of a single level, however small."""
        low, high = sorted((v0, v1))
        if not (low > 0 and math.isfinite(high)):
            return super().nonsingular(v0, v1)
        return (low, high) if high > 1.001 * low else (low / 10, 10 * high)


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


_MARKS: dict[str, Any] = {"linestyle": "none", "markeredgewidth": 0.9, "zorder": 4}
"""The options that the marks of zeros and of failures share."""


class _Zeros(Line2D):
    """The marks of the exact zeros of one series, on the floor."""


class _Failures(Line2D):
    """The marks of the failed cells of one series, at the top edge."""

    counts: Counter[str]
    lane: int


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


def zero_floor(errors: ArrayLike) -> float:
    """Return where exact zeros are drawn: a power of ten about a decade below the least nonzero |error|."""
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
    """Draw |error| against the step; exact zeros are on a floor, failed cells at the top edge; no cell is dropped.

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
        Status of each cell; anything but ``"ok"`` is marked as a failure, whatever its error.
    floor : float, optional
        Where zeros are drawn; by default `zero_floor` of these errors. The lowest floor of the series in
        the axes counts. Give one number to all panels that share an axis.
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
    words = np.asarray(["ok"] * len(steps) if status is None else [str(word) for word in status], dtype=str)
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
    options = style.line_options(label=label or "_series", zorder=3, markevery=_markers(ax, shown)) | options
    (line,) = ax.plot(steps, shown, **options)
    if zero.any():
        level = zero_floor(magnitudes[~failed]) if floor is None else floor
        _mark_zeros(ax, steps[zero], level, style, options["markersize"])
    if failed.any():
        words = np.where(failed & np.isin(words, _OK), "not finite", words)
        _mark_failures(ax, steps[failed], words[failed], style)
    return line


def _markers(ax: Axes, values: NDArray[np.float64]) -> list[int]:
    """Return which points get a marker: so many that they stand apart, and all that no line leads to."""
    width = ax.get_window_extent().width * 72 / ax.figure.dpi
    stride = max(1, math.ceil(_MARKER_DISTANCE * len(values) / width))
    gap = np.isnan(np.concatenate([[np.nan], values, [np.nan]]))
    alone = gap[:-2] & gap[2:]
    return [i for i in range(len(values)) if i % stride == 0 or alone[i]]


def _mark_zeros(ax: Axes, steps: NDArray[np.float64], floor: float, style: Style, size: float) -> None:
    level = np.fmin(floor, floor_of(ax))
    if math.isnan(floor_of(ax)):
        ax.axhline(level, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1, label="_floor")
        shift: dict[str, Any] = {"xytext": (-2, 3), "textcoords": "offset points", "ha": "right", "va": "bottom"}
        edge = ax.get_yaxis_transform()
        ax.annotate("exact zero", (1, level), xycoords=edge, gid="floor", fontsize=9, color=MUTED, **shift)
    look: dict[str, Any] = {"marker": style.marker, "markersize": size, "markerfacecolor": "white", "clip_on": False}
    marks = _Zeros(steps, np.full(len(steps), level), color=style.color, label="_zeros", **look, **_MARKS)
    ax.add_line(marks)
    for line in ax.lines:
        if isinstance(line, _Zeros) or line.get_label() == "_floor":
            line.set_ydata(np.full(len(np.asarray(line.get_xdata())), level))
    for text in ax.texts:
        if text.get_gid() == "floor":
            text.xy = (1, level)  # type: ignore[attr-defined]
    _want_limits(ax)


def _want_limits(ax: Axes) -> None:
    """Have the limits worked out when they are needed; autoscale_view would do it each time."""
    ax.autoscale(enable=None)  # type: ignore[arg-type]  # None is documented: leave on or off as it is


def floor_of(ax: Axes) -> float:
    """Return the height of the floor of exact zeros of the axes; NaN where there is none."""
    levels = [np.asarray(line.get_ydata())[0] for line in ax.lines if line.get_label() == "_floor"]
    return float(levels[0]) if levels else math.nan


def _mark_failures(ax: Axes, steps: NDArray[np.float64], words: NDArray[np.str_], style: Style) -> None:
    """Draw crosses at the top edge, in the first free row, and count the failures by status in the corner above."""
    present = [line for line in ax.lines if isinstance(line, _Failures)]
    points = ax.get_window_extent().height * 72 / ax.figure.dpi
    lane = min(_LANE, 0.022 * points)
    crossing = {line.lane for line in present if _overlap(np.asarray(line.get_xdata()), steps)}
    free = next(number for number in range(len(crossing) + 1) if number not in crossing)
    level = np.full(len(steps), 1 - lane * (free + 0.6) / points)
    look: dict[str, Any] = {"marker": "x", "markersize": 0.72 * lane, "transform": ax.get_xaxis_transform()}
    marks = _Failures(steps, level, color=style.color, label="_failures", **look, **_MARKS)
    marks.counts, marks.lane = Counter(words.tolist()), free
    ax.add_line(marks)
    _want_limits(ax)
    total: Counter[str] = sum((line.counts for line in [*present, marks]), Counter())
    ordered = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    number = sum(total.values())
    words_in_full = "× " + ", ".join(f"{count} {word}" for word, count in ordered)
    # The first that fits beside the title; a character is 0.6 em wide on average.
    room = ax.get_window_extent().width * 72 / ax.figure.dpi - 0.6 * 11 * (len(ax.get_title("left")) + 1)
    notes = (words_in_full, f"× {number} failed", f"× {number}")
    note = next((text for text in notes if 0.6 * 9 * len(text) <= room), notes[-1])
    ax.set_title(note, loc="right", fontsize=9, color=MUTED)


def name_failures(ax: Axes, left: str = "no result: x + h = x", right: str = "", fontsize: float = 9.0) -> None:
    """Write beside the crosses at the top edge what they mean, and take their number out of the corner above.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes with `plot_errors` in them.
    left, right : str
        What the crosses at small and at large steps mean: those left and right of the middle of the axis. Empty for no
        words.
    fontsize : float
        Size of the letters in points.
    """
    ax.set_title("", loc="right")
    marks = [line for line in ax.lines if isinstance(line, _Failures)]
    if not marks:
        return
    steps = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in marks])
    level = float(np.mean([np.asarray(line.get_ydata())[0] for line in marks]))
    low, high = ax.get_xlim()
    middle = math.sqrt(low * high)
    below, above = steps[steps < middle], steps[steps >= middle]
    look: dict[str, Any] = {"xycoords": ax.get_xaxis_transform(), "textcoords": "offset points", "va": "center"}
    look |= {"fontsize": fontsize, "color": MUTED, "gid": "failures"}
    if left and len(below):
        ax.annotate(left, (below.max(), level), xytext=(7, 0), ha="left", **look)
    if right and len(above):
        ax.annotate(right, (above.min(), level), xytext=(-7, 0), ha="right", **look)


def failure_rows(ax: Axes) -> float:
    """Return the height in points that the marks of failures take at the top edge of axes; 0 where there are none."""
    marks = [line for line in ax.lines if isinstance(line, _Failures)]
    return _LANE * (max(line.lane for line in marks) + 1.5) if marks else 0.0


def _overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return bool(a.min() <= b.max() and b.min() <= a.max())


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
    for index, name in enumerate(dict.fromkeys(frame[by].tolist())):
        rows = frame[frame[by] == name]
        style = (styles or {}).get(name) or style_of(str(name), index)
        words = rows[status].tolist() if status is not None and status in rows else None
        label = style.label or label_of(str(name))
        lines.append(plot_errors(ax, rows[x], rows[y], style, label, status=words, floor=floor, **options))
    return lines
