"""Several panels that share their scales, and one legend for all of them; the same, stacked, on a narrow canvas."""

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from numdiff.report.axes import error_axes
from numdiff.report.labels import named_lines
from numdiff.report.narrow import LEAST_PANEL, columns_that_fit, extend, inches_of, is_narrow, widest_entry
from numdiff.report.styles import INK, SIDES, Style, style_of

_XLABEL = "common-xlabel"
_TITLE = 10.5
_TALL_PANEL, _LOW_PANEL = 1.9, 1.4
"""Heights in inches of a panel on a narrow canvas: one of up to three that are stacked, one of more."""
_SUBJECT = 10.0
"""Size of the letters of what stands above a drawing, in points."""
_PLACES = ("auto", "bottom", "top", "right")


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
    """Divide a figure into panels; with shared scales only the outer ones carry tick labels.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        The figure.
    titles : sequence of str or int
        The title of each panel, or only their number.
    columns : int, optional
        Panels in a row; by default 2 for up to four panels, 3 for more. On a narrow canvas as many of them as have
        room for their titles, and the canvas becomes as high as they need.
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
    # Inches between panels, converted to matplotlib's unit, the size of the mean panel.
    across, down = (0.22, 0.42) if share else (0.62, 0.62)
    # A title and the number of failures beside it; a character is 0.6 em wide on average.
    least = max(LEAST_PANEL, 0.6 * _TITLE * (max(map(len, names)) + 5) / 72)
    columns = columns_that_fit(fig, columns, least, across)
    rows = -(-len(names) // columns)
    if is_narrow(fig):
        _make_high(fig, rows, columns, down)
    width, height = inches_of(fig)
    wide, tall = width - SIDES["left"] - SIDES["right"], height - SIDES["bottom"] - SIDES["top"]
    grid = {
        "wspace": across * columns / (wide - across * (columns - 1)),
        "hspace": down * rows / (tall - down * (rows - 1)),
    }
    panels: list[Axes] = list(
        fig.subplots(rows, columns, sharex=share, sharey=share, squeeze=False, gridspec_kw=grid).flat
    )
    _finish(panels, names, columns, log)
    middle = (SIDES["left"] + wide / 2) / width
    fig.supxlabel(xlabel, x=middle, y=0.1 / height, va="bottom", fontsize=11, gid=_XLABEL)
    fig.supylabel(ylabel, x=0.1 / width, y=(SIDES["bottom"] + tall / 2) / height, ha="left", fontsize=11)
    return panels[: len(names)]


def _make_high(fig: Canvas, rows: int, columns: int, gap: float) -> None:
    """Give a narrow canvas the height that its panels need; gap is between them, in inches."""
    panel = _TALL_PANEL if columns == 1 and rows <= 3 else _LOW_PANEL
    height = SIDES["bottom"] + SIDES["top"] + rows * panel + (rows - 1) * gap
    extend(fig, height - inches_of(fig)[1])
    fig.subplots_adjust(bottom=SIDES["bottom"] / height, top=1 - SIDES["top"] / height)


def _finish(panels: Sequence[Axes], names: Sequence[str], columns: int, log: bool) -> None:
    """Give the panels their titles and ticks, and hide those that are too many."""
    for ax, name in zip(panels, names, strict=False):
        if log:
            error_axes(ax, xlabel="", ylabel="")
        ax.set_title(name, loc="left", fontsize=_TITLE)
        ax.tick_params(labelsize=9)
    for ax in panels[len(names) :]:
        ax.set_axis_off()
    for ax in panels[len(names) - columns : len(names)]:
        # The last panel of each column, which is not always in the last row.
        ax.tick_params(labelbottom=True)


def draw_panels(
    fig: Canvas,
    groups: Iterable[tuple[str, pd.DataFrame]],
    draw: Callable[[Axes, pd.DataFrame], Any],
    **options: Any,
) -> list[Axes]:
    """Draw one panel for each (title, frame) of `groups`; `options` go to `small_multiples`."""
    pairs = list(groups)
    panels = small_multiples(fig, [title for title, _ in pairs], **options)
    for ax, (_, frame) in zip(panels, pairs, strict=True):
        draw(ax, frame)
    return panels


def legend_entries(names: Sequence[str], styles: Sequence[Style] | None = None) -> list[Line2D]:
    """Return legend handles for names of formats, methods or parts, without drawing anything."""
    chosen = styles or [style_of(name, index) for index, name in enumerate(names)]
    return [
        Line2D([], [], **style.line_options(label=style.label or name.replace("_", " ")))
        for name, style in zip(names, chosen, strict=True)
    ]


def outside_legend(
    fig: Canvas,
    axes: Sequence[Axes] | Axes | None = None,
    *,
    where: str = "auto",
    handles: Sequence[Line2D] | None = None,
    title: str | None = None,
) -> Legend | None:
    """Put one legend for all axes outside of the data, and make room for it.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        The figure.
    axes : sequence of Axes, optional
        Where named lines are looked up; by default in all axes. A name that occurs twice is shown once.
    where : str
        ``"bottom"``, ``"top"``, ``"right"``; ``"auto"`` is the place of a missing panel, or the bottom.
    handles : sequence of Line2D, optional
        The entries, where they shall not be looked up.
    title : str, optional
        A title of the legend.

    Returns
    -------
    matplotlib.legend.Legend or None
        The legend; None where there is nothing to name.

    Raises
    ------
    ValueError
        If `where` is none of the places.
    """
    if where not in _PLACES:
        raise ValueError(f"where must be one of {', '.join(_PLACES)}, got {where!r}")
    chosen = fig.axes if axes is None else [axes] if isinstance(axes, Axes) else list(axes)
    if handles is None:
        handles = list({str(line.get_label()): line for ax in chosen for line in named_lines(ax)}.values())
    if not handles:
        return None
    width, height = inches_of(fig)
    widest = widest_entry(handles)
    free = [ax for ax in fig.axes if not ax.axison]
    if is_narrow(fig):
        where = "bottom" if where == "right" else where
        free = [ax for ax in free if ax.get_position().width * width > widest]
    if where == "auto" and free:
        box = free[0].get_position()
        return fig.legend(
            handles=handles, title=title, loc="upper left", bbox_to_anchor=(box.x0, box.y1), borderaxespad=0.0
        )
    if where == "right":
        fig.subplots_adjust(right=1 - (widest + 0.1) / width)
        _move_xlabel(fig)
        return fig.legend(handles=handles, loc="center right", title=title, borderaxespad=0.4)
    columns = max(1, min(len(handles), int((width - 0.4) / widest)))
    band = 0.23 * -(-len(handles) // columns) + (0.22 if title else 0) + 0.06
    options: dict[str, Any] = {"ncols": columns, "title": title, "borderaxespad": 0.2, "columnspacing": 1.4}
    if where == "top" and not is_narrow(fig):
        fig.subplots_adjust(top=1 - (SIDES["top"] + band) / height)
        return fig.legend(handles=handles, loc="upper center", **options)
    _make_room_below(fig, band)
    return fig.legend(handles=handles, loc="lower center", **options)


def _make_room_below(fig: Canvas, band: float) -> None:
    """Free a band (inches) at the bottom: a narrow canvas becomes higher, in others the panels become lower."""
    if is_narrow(fig):
        extend(fig, band)
    else:
        height = inches_of(fig)[1]
        fig.subplots_adjust(bottom=fig.subplotpars.bottom + band / height)
        _move_xlabel(fig, up=band / height)


def _move_xlabel(fig: Canvas, up: float = 0.0) -> None:
    """Put the common label of the horizontal axes under the middle of the panels again, and higher."""
    for text in fig.texts:
        if text.get_gid() == _XLABEL:
            margins = fig.subplotpars
            text.set_position(((margins.left + margins.right) / 2, text.get_position()[1] + up))


def subject(fig: Canvas, text: str, gap: float = 0.0) -> None:
    """Write above everything what is drawn: formula, function, point and format.

    So that a drawing can be read where its title and its caption are not at hand. The panels become lower by the lines
    that it takes; a narrow canvas becomes higher.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        The figure, with its panels.
    text : str
        The words; they are broken into the lines that fit.
    gap : float
        Distance in points to the panels beyond the usual one: where something else stands above them.
    """
    width = inches_of(fig)[0]
    lines = textwrap.wrap(text, int(72 * (width - 0.2) / (0.58 * _SUBJECT)))
    # Without titles of panels some of the margin above them is free.
    free = 0 if any(ax.get_title(loc="left") for ax in fig.axes) else 12
    make_room_above(fig, (1.25 * _SUBJECT * len(lines) + 3 - free + gap) / 72)
    height = inches_of(fig)[1]
    place: dict[str, Any] = {"ha": "left", "va": "top", "linespacing": 1.15}
    fig.text(0.08 / width, 1 - 0.05 / height, "\n".join(lines), fontsize=_SUBJECT, color=INK, gid=_SUBJECT_ID, **place)


_SUBJECT_ID = "subject"


def make_room_above(fig: Canvas, inches: float) -> None:
    """Free a band at the top: the panels become lower, or a narrow canvas higher and all in it stays as it is."""
    margins = fig.subplotpars
    if is_narrow(fig):
        extend(fig, inches)
        height, margins = fig.get_figheight(), fig.subplotpars
        for text in fig.texts:
            x, y = text.get_position()
            text.set_position((x, y - inches / height))
        fig.subplots_adjust(bottom=margins.bottom - inches / height, top=margins.top - inches / height)
    else:
        fig.subplots_adjust(top=margins.top - inches / fig.get_figheight())


def point_labels(records: pd.DataFrame) -> dict[Any, str]:
    """Return each point as text; of the numbers that formats round it to, the one with the fewest digits.

    Records with a column ``place`` are of all points together, and it has the text.
    """
    if "place" in records:
        return dict(zip(records["point"], records["place"], strict=True))
    numbers = records.drop_duplicates(["point", "x_value"]).groupby("point")["x_value"]
    return {point: "x = " + min((f"{x:.6g}" for x in xs), key=len) for point, xs in numbers}
