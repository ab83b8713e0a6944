"""Names at the curves instead of a legend, where there is room; a legend outside of the data where there is not."""

from collections.abc import Sequence
from typing import Any

import matplotlib.colors
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text
from numpy.typing import NDArray

from numdiff.report.axes import halo
from numdiff.report.styles import SIDES, Style, style_of

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in pixels."""

_GAP = 5.0
"""Points between a curve and its name."""
_ANCHORS = (
    (-1.0, 0.0, "right", "center"), (1.0, 0.0, "left", "center"), (0.0, 1.0, "center", "bottom"),
    (0.0, -1.0, "center", "top"), (-0.7, 0.7, "right", "bottom"), (0.7, 0.7, "left", "bottom"),
    (-0.7, -0.7, "right", "top"), (0.7, -0.7, "left", "top"),
)  # fmt: skip
"""Where a name may stand around a point of its curve: direction, horizontal and vertical alignment."""


def named_lines(ax: Axes) -> list[Line2D]:
    """Return the lines of the axes that carry a name (helper lines have labels that begin with ``_``)."""
    return [line for line in ax.lines if not str(line.get_label()).startswith("_")]


def direct_labels(ax: Axes, *, fontsize: float = 9.0, margin: bool | None = None) -> list[Text]:
    """Write the name of each named line beside it, clear of all curves and of one another.

    Call it last: the limits of the axes are kept as they are now. Each name tries places around its curve (the
    ends first) and takes the one that hides least.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.
    fontsize : float
        Size of the text in points.
    margin : bool, optional
        Write the names in a column at the right edge, in the order of the curves' ends, instead. By default they
        are written there when the curves end at the right edge far enough from one another.

    Returns
    -------
    list of matplotlib.text.Text
        The names.
    """
    lines = [line for line in named_lines(ax) if np.isfinite(_points(ax, line)).all(axis=1).any()]
    ax.set_xlim(ax.get_xlim())
    ax.set_ylim(ax.get_ylim())
    curves = {line: _points(ax, line) for line in lines}
    scale = ax.figure.dpi / 72
    height = fontsize * 1.25 * scale
    if margin or (margin is None and _ends_apart(ax, list(curves.values()), height)):
        return _label_margin(ax, curves, fontsize, height)
    return _label_curves(ax, curves, fontsize, scale)


def _points(ax: Axes, line: Line2D) -> NDArray[np.float64]:
    """Return the points of a line in pixels, shape (n, 2)."""
    data = np.column_stack([np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)])
    points: NDArray[np.float64] = np.asarray(ax.transData.transform(data), float)
    return points[np.isfinite(points).all(axis=1)]


def _ends_apart(ax: Axes, curves: list[NDArray[np.float64]], height: float) -> bool:
    box = ax.get_window_extent()
    ends = [points[np.argmax(points[:, 0])] for points in curves]
    heights = sorted(float(y) for _, y in ends)
    reach = all(x > box.x1 - 0.08 * box.width for x, _ in ends)
    return reach and all(b - a >= height for a, b in zip(heights, heights[1:], strict=False))


def _color(line: Line2D) -> str:
    return Style(matplotlib.colors.to_hex(line.get_color()), "").text_color


def _label_margin(
    ax: Axes, curves: dict[Line2D, NDArray[np.float64]], fontsize: float, height: float
) -> list[Text]:
    """Write the names to the right of the axes, moved apart where they are too close."""
    box = ax.get_window_extent()
    ordered = sorted(curves, key=lambda line: float(curves[line][np.argmax(curves[line][:, 0])][1]))
    wanted = [float(curves[line][np.argmax(curves[line][:, 0])][1]) for line in ordered]
    placed = spread(wanted, height, box.y0, box.y1)
    _make_room(ax, max(text_width(str(line.get_label()), fontsize) for line in ordered) + 8)
    texts = []
    for line, y in zip(ordered, placed, strict=True):
        level = (y - box.y0) / box.height
        texts.append(
            ax.annotate(
                str(line.get_label()), (1, level), xycoords="axes fraction", xytext=(5, 0), textcoords="offset points",
                ha="left", va="center", fontsize=fontsize, color=_color(line), gid="label",
            )  # fmt: skip
        )
    return texts


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return ascending positions at least `gap` apart, near the wanted ones and, if they fit, in [low, high]."""
    groups: list[tuple[float, int]] = []
    for position in wanted:
        # A group of n labels is centred on the mean of their wishes; groups that touch are merged.
        groups.append((position, 1))
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * (groups[-1][1] + groups[-2][1]) / 2:
            (b, n), (a, m) = groups.pop(), groups.pop()
            groups.append(((a * m + b * n) / (m + n), m + n))
    placed = [centre + gap * (i - (n - 1) / 2) for centre, n in groups for i in range(n)]
    for index in range(len(placed)):
        floor = low if index == 0 else placed[index - 1] + gap
        placed[index] = max(placed[index], floor)
    for index in reversed(range(len(placed))):
        roof = high if index == len(placed) - 1 else placed[index + 1] - gap
        placed[index] = min(placed[index], roof)
    return placed


def text_width(text: str, fontsize: float) -> float:
    """Return about how wide a text is, in points: DejaVu Sans has 0.6 em on average."""
    return 0.6 * fontsize * max(map(len, text.split("\n")), default=0)


def _make_room(ax: Axes, points: float) -> None:
    """Move the right edge of a single subplot inwards so that a column of names fits beside it."""
    canvas = ax.figure
    if isinstance(canvas, Canvas) and len(canvas.axes) == 1:
        width = canvas.get_size_inches()[0]
        canvas.subplots_adjust(right=min(canvas.subplotpars.right, 1 - (points / 72 + 0.08) / width))


def _label_curves(
    ax: Axes, curves: dict[Line2D, NDArray[np.float64]], fontsize: float, scale: float
) -> list[Text]:
    """Write each name at the place around its curve that hides least."""
    obstacles = np.concatenate([dense(points) for points in curves.values()] or [np.empty((0, 2))])
    marks = [_points(ax, line) for line in ax.lines if str(line.get_label()) in ("_zeros", "_failures", "_slope")]
    obstacles = np.concatenate([obstacles, *(dense(points) for points in marks if len(points))])
    taken = _boxes_of_texts(ax)
    frame = ax.get_window_extent()
    inside = (frame.x0, frame.y0, frame.x1, frame.y1)
    texts = []
    for line, points in curves.items():
        size = (text_width(str(line.get_label()), fontsize) * scale, fontsize * 1.2 * scale)
        _, box, place = min(
            (
                (_cost(box, rank, obstacles, taken, inside), box, place)
                for rank, box, place in _places(points, size, _GAP * scale)
            ),
            key=lambda item: item[0],
        )
        taken.append(box)
        (x, y), (dx, dy, ha, va) = place
        texts.append(
            ax.annotate(
                str(line.get_label()), tuple(ax.transData.inverted().transform((x, y))), xytext=(_GAP * dx, _GAP * dy),
                textcoords="offset points", ha=ha, va=va, fontsize=fontsize, color=_color(line),
                path_effects=halo(), zorder=7, gid="label",
            )  # fmt: skip
        )
    return texts


def _places(points: NDArray[np.float64], size: tuple[float, float], gap: float) -> list[tuple[int, Box, Any]]:
    """Return the candidate places of a name: rank (0: best), box in pixels, and (point, anchor)."""
    ordered = points[np.argsort(points[:, 0], kind="stable")]
    inner = np.linspace(0, len(ordered) - 1, min(len(ordered), 14)).round().astype(int)[1:-1]
    places = []
    for rank, index in enumerate([0, len(ordered) - 1, *inner.tolist()]):
        x, y = ordered[index]
        for dx, dy, ha, va in _ANCHORS:
            left = x + gap * dx - size[0] * {"left": 0.0, "center": 0.5, "right": 1.0}[ha]
            bottom = y + gap * dy - size[1] * {"bottom": 0.0, "center": 0.5, "top": 1.0}[va]
            box = (left, bottom, left + size[0], bottom + size[1])
            places.append((min(rank, 2), box, ((x, y), (dx, dy, ha, va))))
    return places


def _cost(box: Box, rank: int, obstacles: NDArray[np.float64], taken: list[Box], inside: Box) -> float:
    """Return what is wrong with a place: curves it hides, texts it covers, how far it leaves the axes."""
    left, bottom, right, top = box
    hit = (obstacles[:, 0] > left) & (obstacles[:, 0] < right) & (obstacles[:, 1] > bottom) & (obstacles[:, 1] < top)
    covered = sum(_overlap(box, other) for other in taken)
    outside = max(0, inside[0] - left) + max(0, inside[1] - bottom) + max(0, right - inside[2]) + max(0, top - inside[3])
    # Near misses count a little: of two free places the one with more air is better.
    air = 6.0
    near = (
        (obstacles[:, 0] > left - air) & (obstacles[:, 0] < right + air)
        & (obstacles[:, 1] > bottom - air) & (obstacles[:, 1] < top + air)
    )  # fmt: skip
    return 1.0 * hit.sum() + 0.15 * near.sum() + 40 * (covered > 0) + covered + 3 * outside + 2.0 * rank


def _overlap(a: Box, b: Box) -> float:
    """Return the width of the common part of two boxes; 0 where there is none."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return width if width > 0 and height > 0 else 0.0


def dense(points: NDArray[np.float64], spacing: float = 4.0) -> NDArray[np.float64]:
    """Return points along a polyline, at most `spacing` pixels apart."""
    if len(points) < 2:
        return points
    ordered = points[np.argsort(points[:, 0], kind="stable")]
    counts = np.maximum(1, np.ceil(np.hypot(*np.diff(ordered, axis=0).T) / spacing)).astype(int).clip(max=400)
    pieces = [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(ordered, ordered[1:], counts, strict=False)]
    return np.concatenate([*pieces, ordered[-1:]])


def _boxes_of_texts(ax: Axes) -> list[Box]:
    """Return the boxes of the texts that the axes have already."""
    renderer = FigureCanvasAgg(ax.figure.figure).get_renderer()  # type: ignore[arg-type]
    boxes = [text.get_window_extent(renderer) for text in ax.texts]
    return [(box.x0, box.y0, box.x1, box.y1) for box in boxes]


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
    where: str = "bottom",
    handles: Sequence[Line2D] | None = None,
    title: str | None = None,
) -> Legend | None:
    """Put one legend for all axes outside of the data, and make room for it.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        The figure.
    axes : sequence of Axes, optional
        Where the named lines are looked up; by default in all axes. A name that occurs twice is shown once.
    where : str
        ``"bottom"``, ``"top"`` or ``"right"``.
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
        If `where` is not one of the three places.
    """
    if where not in ("bottom", "top", "right"):
        raise ValueError(f"where must be 'bottom', 'top' or 'right', got {where!r}")
    chosen = fig.axes if axes is None else [axes] if isinstance(axes, Axes) else list(axes)
    if handles is None:
        handles = list({str(line.get_label()): line for ax in chosen for line in named_lines(ax)}.values())
    if not handles:
        return None
    width, height = fig.get_size_inches()
    widest = (max(text_width(str(handle.get_label()), 9) for handle in handles) + 48) / 72
    if where == "right":
        fig.subplots_adjust(right=1 - (widest + 0.1) / width)
        return fig.legend(handles=handles, loc="center right", title=title, borderaxespad=0.4)
    columns = max(1, min(len(handles), int((width - 0.4) / widest)))
    band = 0.21 * -(-len(handles) // columns) + (0.22 if title else 0) + 0.06
    options: dict[str, Any] = {"ncols": columns, "title": title, "borderaxespad": 0.2, "columnspacing": 1.4}
    if where == "top":
        fig.subplots_adjust(top=1 - (SIDES["top"] + band) / height)
        return fig.legend(handles=handles, loc="upper center", **options)
    _lift(fig, band / height)
    return fig.legend(handles=handles, loc="lower center", **options)


def _lift(fig: Canvas, share: float) -> None:
    """Move axes and the common x label up by a share of the height, to make room at the bottom."""
    fig.subplots_adjust(bottom=fig.subplotpars.bottom + share)
    label = fig._supxlabel if hasattr(fig, "_supxlabel") else None
    if label is not None:
        label.set_y(label.get_position()[1] + share)
