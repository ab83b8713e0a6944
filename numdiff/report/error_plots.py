"""The errors of a sweep against the step: in a figure of its own, in a figure or subfigure, or in given axes.

A figure has a panel for each formula and point, and for each format where several parts of the error are drawn; its
curves are the formats, or the parts. In given axes all curves are together, and differ by colour, line and marker.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.figure import FigureBase, SubplotParams
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from numdiff.report.axes import error_axes, failure_rows, plot_errors, zero_floor
from numdiff.report.figures import keep_inside, settings_of
from numdiff.report.labels import renderer_of
from numdiff.report.narrow import inches_of
from numdiff.report.panels import outside_legend, point_labels, small_multiples
from numdiff.report.styles import DASH, DASH_DOT, DOTS, FORMAT_STYLE, LONG_DASH, MUTED, SIDES, Style, label_of, style_of
from numdiff.study.records import FIELDS, PARTS

__all__ = ["DRAWN", "draw_errors", "own_figure"]

DRAWN = (*PARTS, "total", "roundoff")
"""The parts of the error that can be drawn."""
_BOUNDS: Mapping[str, tuple[str, ...]] = {
    **{part: (f"{part}_bound",) for part in (*PARTS, "total")},
    "roundoff": tuple(f"{part}_bound" for part in PARTS[1:]),
}
"""The columns whose sum bounds a part."""
_VARYING = ("format", "part", "method", "point")
"""What curves may differ in. Of two that do, the first decides the colour, the second line and marker; of three, the
second decides the line and the third the marker; a single one decides all."""
_PANELS = ("method", "point", "format")
_LINES: tuple[Any, ...] = ("-", DASH, DOTS, DASH_DOT, LONG_DASH)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
_TITLE, _LEAST_TITLE = 10.5, 6.5
"""The size of the title of a panel in points, and the smallest that can be read."""
_EXTREMES = (1e-250, 1e250)
"""Errors beyond are drawn there: axes need room around the data, and doubles end at 1e±308."""
_BOUND_LINE: dict[str, Any] = {"linewidth": 0.9, "linestyle": (0, (1, 1.6)), "alpha": 0.9, "zorder": 2}
Target: TypeAlias = Axes | FigureBase | Sequence[Axes]


@dataclass(frozen=True)
class _Curve:
    """One curve: which part of which cells, and how it looks."""

    keys: Mapping[str, Any]
    rows: pd.DataFrame
    style: Style

    @property
    def part(self) -> str:
        """The part of the error."""
        return str(self.keys["part"])


def own_figure(records: pd.DataFrame, parts: Sequence[str], bounds: bool, title: str | None) -> Canvas:
    """Return a new figure of pyplot with the errors of some records, in the look of the report.

    Parameters
    ----------
    records : pandas.DataFrame
        With the columns of `numdiff.study.records.Record`; at least one row.
    parts : sequence of str
        Among `DRAWN`.
    bounds : bool
        Whether to draw the bound on each part.
    title : str or None
        In place of the one that names function, formula and point.
    """
    from matplotlib import pyplot

    panels = _panels(records, parts)
    across = 2 if len(panels) <= 4 else 3
    size = (7.2, 5.0) if len(panels) == 1 else (7.6, 1.6 + 2.4 * -(-len(panels) // across))
    with settings_of(size):
        figure = pyplot.figure(figsize=size)
        figure.set_facecolor("white")
        _fill(figure, records, parts, bounds, title)
        keep_inside(figure)
    return figure


def draw_errors(target: Target, records: pd.DataFrame, parts: Sequence[str], bounds: bool, title: str | None) -> None:
    """Draw the errors of some records into axes, into one axes for each panel, or into a figure or a subfigure.

    Parameters
    ----------
    target : Axes, sequence of Axes, Figure or SubFigure
    records, parts, bounds, title
        As in `own_figure`.

    Raises
    ------
    TypeError
        If the target is none of these.
    ValueError
        If a sequence of axes does not have one for each panel, or one axes cannot tell so many curves apart.
    """
    if isinstance(target, Axes):
        _draw_together(target, records, parts, bounds, title)
    elif isinstance(target, FigureBase):
        _fill(target, records, parts, bounds, title)
    else:
        panels = _panels(records, parts)
        axes = list(np.asarray(target, dtype=object).ravel())
        if not axes or not all(isinstance(ax, Axes) for ax in axes):
            advice = f"; write parts={target!r:.40}" if isinstance(target, str) else ""
            raise TypeError(f"ax must be axes, a figure, a subfigure or a sequence of axes, got {target!r:.80}{advice}")
        if len(axes) != len(panels):
            names = "; ".join(", ".join(_said(keys)) for keys, _ in panels)
            raise ValueError(f"ax must hold one axes for each of {len(panels)} panels ({names}), got {len(axes)}")
        floor = _floor(records, parts)
        for ax, (keys, rows) in zip(axes, panels, strict=True):
            error_axes(ax, xlabel=ax.get_xlabel() or "step h", ylabel=ax.get_ylabel() or _ylabel(parts))
            ax.set_title(", ".join(_said(keys)), loc="left", fontsize=10.5)
            _draw(ax, _curves(rows, parts), bounds, floor)
        _legend_inside(axes[0], _handles(_curves(records, parts, _apart(parts)), axes, bounds, _apart(parts)))
        if title is not None:
            axes[0].figure.suptitle(title)


# --- panels ----------------------------------------------------------------------------------------------


def _panels(records: pd.DataFrame, parts: Sequence[str]) -> list[tuple[dict[str, Any], pd.DataFrame]]:
    """Return the keys of each panel and its records."""
    names = list(_apart(parts))
    groups, points = records.groupby(names, sort=False), point_labels(records)
    return [(dict(zip(names, keys, strict=True)) | {"x": points[keys[1]]}, rows) for keys, rows in groups]


def _apart(parts: Sequence[str]) -> tuple[str, ...]:
    """Return what panels differ in, and so curves of one panel do not."""
    return _PANELS if len(parts) > 1 else _PANELS[:2]


def _ylabel(parts: Sequence[str]) -> str:
    return "absolute error" if len(parts) > 1 or parts[0] == "total" else f"absolute {parts[0]} error"


def _said(keys: Mapping[str, Any]) -> list[str]:
    names = [name for name in ("method", "format", "x") if name in keys]
    return [str(keys[name]) if name == "x" else label_of(str(keys[name])) for name in names]


def _fill(fig: Any, records: pd.DataFrame, parts: Sequence[str], bounds: bool, title: str | None) -> None:
    """Divide a figure into panels, draw them, and put one legend below them."""
    panels, floor = _panels(records, parts), _floor(records, parts)
    shared = {name for name in panels[0][0] if len({str(keys[name]) for keys, _ in panels}) == 1}
    common = [_function(records), *_said({name: panels[0][0][name] for name in panels[0][0] if name in shared})]
    titles = [", ".join(_said({k: v for k, v in keys.items() if k not in shared})) for keys, _ in panels]
    heading = ", ".join(filter(None, common)) if title is None else title
    ylabel, engine = _ylabel(parts), fig.get_layout_engine()
    if engine is None:
        width, height = inches_of(fig)
        top = SIDES["top"] + (0.28 if len(panels) > 1 and heading else 0)
        fig.subplotpars = SubplotParams(  # of its own: a subfigure shares those of its figure
            SIDES["left"] / width, SIDES["bottom"] / height, 1 - SIDES["right"] / width, 1 - top / height
        )
    if len(panels) == 1:
        axes = [error_axes(fig.subplots(), ylabel=ylabel)]
        axes[0].set_title(heading, loc="left", fontsize=11)
    else:
        axes = small_multiples(fig, titles, ylabel=ylabel) if engine is None else _outer_labelled(fig, titles, ylabel)
        if heading and engine is None:
            fig.suptitle(heading, x=SIDES["left"] / width, y=1 - 0.07 / height, ha="left", va="top", fontsize=11)
        elif heading:
            fig.suptitle(heading, fontsize=11)
    for ax, (_, rows) in zip(axes, panels, strict=True):
        _draw(ax, _curves(rows, parts), bounds, floor)
    handles = _handles(_curves(records, parts, _apart(parts)), axes, bounds, _apart(parts))
    if engine is None:
        legend = outside_legend(fig, axes, handles=handles, where="bottom")
        if legend is not None:
            legend.set_frame_on(False)
    else:
        fig.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4), frameon=False)


def _outer_labelled(fig: Any, titles: Sequence[str], ylabel: str) -> list[Axes]:
    """Return panels whose outer axes carry the labels: a layout engine makes room for these."""
    columns = 2 if len(titles) <= 4 else 3
    grid = fig.subplots(-(-len(titles) // columns), columns, sharex=True, sharey=True, squeeze=False)
    panels: list[Axes] = list(grid.flat)
    for index, (ax, name) in enumerate(zip(panels, titles, strict=False)):
        below = index + columns >= len(titles)
        error_axes(ax, xlabel="step h" if below else "", ylabel=ylabel if index % columns == 0 else "")
        ax.tick_params(labelbottom=below, labelsize=9)
        ax.set_title(name, loc="left", fontsize=10.5)
    for ax in panels[len(titles) :]:
        ax.set_axis_off()
    return panels[: len(titles)]


def _function(records: pd.DataFrame) -> str:
    return str(records["problem"].iloc[0])


# --- curves ----------------------------------------------------------------------------------------------


def _curves(records: pd.DataFrame, parts: Sequence[str], apart: Sequence[str] = ()) -> list[_Curve]:
    """Return the curves of some records, with the style of what they vary in; `apart` tells panels, not curves."""
    found, points = [], point_labels(records)
    for keys, rows in records.groupby(["method", "point", "format"], sort=False):
        named = dict(zip(("method", "point", "format"), keys, strict=True))
        found += [_Curve({**named, "part": part, "x": points[keys[1]]}, rows, style_of(part)) for part in parts]
    varying = _varying(found, apart)
    values = {name: list(dict.fromkeys(curve.keys[name] for curve in found)) for name in varying}
    first, *others = varying
    curves = []
    for curve in found:
        style = style_of(str(curve.keys[first]), values[first].index(curve.keys[first]))
        for place, name in zip(("line", "marker"), others, strict=False):
            looks, index = _LINES if place == "line" else _MARKERS, values[name].index(curve.keys[name])
            alone = {"marker": _MARKERS[index % len(_MARKERS)]} if len(others) == 1 else {}
            style = replace(style, **{place: looks[index % len(looks)]} | alone)
        curves.append(replace(curve, style=style))
    return curves


def _varying(curves: Sequence[_Curve], apart: Sequence[str] = ()) -> list[str]:
    """Return what curves differ in; the format if they do not."""
    names = [name for name in _VARYING if name not in apart]
    return [name for name in names if len({curve.keys[name] for curve in curves}) > 1] or [names[0]]


def _floor(records: pd.DataFrame, parts: Sequence[str]) -> float:
    return zero_floor(_within(np.abs(np.concatenate([records[part].to_numpy(float) for part in parts]))))


def _draw(ax: Axes, curves: Sequence[_Curve], bounds: bool, floor: float) -> None:
    failing: dict[tuple[Any, ...], str] = {}
    for curve in curves:
        rows = curve.rows.sort_values("step_value", kind="stable")
        portable = FIELDS[curve.part].metadata["kind"] == "portable"
        if portable:  # of the formula and its nodes: there also where the computation failed
            rows, status = rows[np.isfinite(rows[curve.part])], None
        elif failing.setdefault(tuple(curve.keys[name] for name in _PANELS), curve.part) == curve.part:
            status = rows["status"].tolist()
        else:  # the failures of a curve are marked once
            rows, status = rows[rows["status"] == "ok"], None
        if rows.empty:
            continue
        label = ", ".join(_labels_of(curve))
        errors = _within(np.abs(rows[curve.part].to_numpy(float)))
        plot_errors(ax, rows["step_value"], errors, curve.style, label, status=status, floor=floor)
        if bounds:
            _draw_bound(ax, rows, curve)
    _make_room_for_note(ax)
    if min((curve.rows["step_value"].min() for curve in curves), default=1.0) < _EXTREMES[0]:
        ax.set_xmargin(0)  # doubles have no room below
    ax.get_xlim()  # Matplotlib works out the limits when they are asked for.
    ax.get_ylim()


def _make_room_for_note(ax: Axes) -> None:
    """Make the title of a small panel smaller where it would run into the count of failures beside it."""
    title, note = ax.get_title("left"), ax.get_title("right")
    # A character is 0.6 em wide on average; the note has 9 pt, and one of them is left free.
    room = ax.get_window_extent().width * 72 / ax.figure.dpi - 0.6 * 9 * (len(note) + 1)
    size = room / (0.6 * len(title)) if title and note else _TITLE
    if size < _TITLE:
        ax.set_title(title, loc="left", fontsize=max(_LEAST_TITLE, size))
    if size < _LEAST_TITLE:
        ax.set_title("", loc="right")  # the legend has the words, and the marks are there


def _within(errors: np.ndarray) -> np.ndarray:
    """Return positive numbers within what can be drawn; 0, infinity and NaN are kept."""
    drawn: np.ndarray = np.clip(errors, *_EXTREMES)
    return np.where((errors > 0) & np.isfinite(errors), drawn, errors)


def _labels_of(curve: _Curve) -> list[str]:
    return [label_of(str(curve.keys[name])) for name in ("format", "part", "method")]


def _draw_bound(ax: Axes, rows: pd.DataFrame, curve: _Curve) -> None:
    bound = _bound_of(rows, curve.part)
    shown = np.where(np.isfinite(bound) & (bound > 0), _within(bound), np.nan)
    if np.isfinite(shown).any():
        ax.plot(rows["step_value"], shown, color=curve.style.color, label="_bound", **_BOUND_LINE)


# --- one axes, and legends -------------------------------------------------------------------------------


def _draw_together(ax: Axes, records: pd.DataFrame, parts: Sequence[str], bounds: bool, title: str | None) -> None:
    curves = _curves(records, parts)
    varying = _varying(curves)
    if len(varying) > 3:
        raise ValueError(
            f"one axes can tell curves apart by three things, got curves that differ in {', '.join(varying)}; name one "
            "of formats=, methods= or parts=, or hand a figure to ax="
        )
    error_axes(ax, ylabel=_ylabel(parts))
    first = curves[0].keys
    same = {name: first[name] for name in ("method", "format") if name not in varying}
    if "point" not in varying:
        same["x"] = first["x"]
    ax.set_title(", ".join(filter(None, [_function(records), *_said(same)])) if title is None else title, loc="left")
    _draw(ax, curves, bounds, _floor(records, parts))
    _legend_inside(ax, _handles(curves, [ax], bounds))


def _handles(curves: Sequence[_Curve], axes: Sequence[Axes], bounds: bool, apart: Sequence[str] = ()) -> list[Line2D]:
    """Return the entries of a legend: one for each value of what varies, in the look that it decides."""
    varying = _varying(curves, apart)
    handles = []
    for place, name in zip(("color", "line", "marker"), varying, strict=False):
        seen: dict[str, _Curve] = {}
        for curve in curves:
            seen.setdefault(str(curve.keys["x" if name == "point" else name]), curve)
        ordered = sorted(seen.items(), key=lambda item: _rank(item[0])) if name == "format" else list(seen.items())
        for text, curve in ordered:
            label = text if name == "point" else label_of(text)
            handles.append(Line2D([], [], **_look(curve.style, place, len(varying)), label=label))
    if any(map(_lost_its_words, axes)) and (words := _failed(curves)):
        handles.append(Line2D([], [], color=MUTED, linestyle="none", marker="x", markersize=5, label=words))
    if bounds and any(_has_bound(curve) for curve in curves):
        handles.append(Line2D([], [], color=MUTED, label="bound", **{**_BOUND_LINE, "linewidth": 1.3}))
    return handles


def _rank(name: str) -> int:
    """Return the place of a format among all, the least precise first, whose errors are the largest."""
    known = list(FORMAT_STYLE)
    return known.index(name) if name in known else len(known)


def _lost_its_words(ax: Axes) -> bool:
    """Whether axes have marks of failures, but no room for what they stand for."""
    return failure_rows(ax) > 0 and re.fullmatch(r"(× \d+( failed)?)?", ax.get_title("right")) is not None


def _failed(curves: Sequence[_Curve]) -> str:
    """Return in words what the crosses at the top edge stand for, the most frequent first; empty for none."""
    marked = (curve.rows["status"] for curve in curves if FIELDS[curve.part].metadata["kind"] != "portable")
    counts = sum((Counter(status[status != "ok"]) for status in marked), Counter())
    words = [word for word, _ in counts.most_common()]
    return ", ".join([*words[:3], *(["…"] if len(words) > 3 else [])])


def _look(style: Style, place: str, varying: int) -> dict[str, Any]:
    """Return the options of a legend entry: all of a style, or its colour, its line or its marker alone."""
    options = style.line_options()
    if varying == 1:
        return options
    if place == "color":
        return options | {"linestyle": "-", "marker": ""}
    if place == "marker":
        return options | {"color": MUTED, "linestyle": "none"}
    return options | {"color": MUTED} | ({"marker": ""} if varying == 3 else {})


def _has_bound(curve: _Curve) -> bool:
    return bool(np.isfinite(_bound_of(curve.rows, curve.part)).any())


def _bound_of(rows: pd.DataFrame, part: str) -> np.ndarray:
    with np.errstate(over="ignore"):  # as if there were none
        total: np.ndarray = np.sum([rows[name].to_numpy(float) for name in _BOUNDS[part]], axis=0)
    return total


def _legend_inside(ax: Axes, handles: Iterable[Line2D]) -> Legend:
    """Put a legend at the top of axes, above the data: the axes are made higher by as much as it needs."""
    entries, points = list(handles), ax.get_window_extent().height * 72 / ax.figure.dpi
    longest = max(len(str(entry.get_label())) for entry in entries)
    # A character is 0.6 em wide on average; the sample line and the gaps take 40 pt.
    columns = max(1, int(ax.get_window_extent().width * 72 / ax.figure.dpi / (0.6 * 8 * longest + 40)))
    top = 1 - failure_rows(ax) / points
    legend = ax.legend(
        handles=entries, loc="upper center", bbox_to_anchor=(0.5, top), ncols=min(columns, len(entries)), fontsize=8,
        frameon=False, borderaxespad=0.2, handlelength=2.4, columnspacing=1.2,
    )  # fmt: off
    box = legend.get_window_extent(renderer_of(ax.figure.figure))
    taken = min(0.6, 1 - top + 1.05 * box.height / ax.get_window_extent().height)
    low, high = ax.get_ylim()
    decades = math.log10(high) - math.log10(low)
    ax.set_ylim(low, 10 ** min(300.0, math.log10(low) + decades / (1 - taken)))
    return legend
