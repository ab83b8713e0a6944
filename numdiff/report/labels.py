"""Labels at the curves instead of a legend: each is placed where it covers least of curves and other labels."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import matplotlib.colors
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from numpy.typing import ArrayLike, NDArray

from numdiff.report.narrow import is_narrow
from numdiff.report.styles import Style

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in pixels."""


class Anchor(NamedTuple):
    """The place of a label around its point: direction, horizontal and vertical alignment."""

    dx: float
    dy: float
    ha: str
    va: str


AROUND = (
    Anchor(0, 1, "center", "bottom"),
    Anchor(0, -1, "center", "top"),
    Anchor(-1, 0, "right", "center"),
    Anchor(1, 0, "left", "center"),
    Anchor(0.7, 0.7, "left", "bottom"),
    Anchor(-0.7, 0.7, "right", "bottom"),
    Anchor(0.7, -0.7, "left", "top"),
    Anchor(-0.7, -0.7, "right", "top"),
)
_SHIFT = {"left": 0.0, "bottom": 0.0, "center": 0.5, "right": 1.0, "top": 1.0}
_CLEAR = 15.0
"""Pixels (at 100 dpi) around the point of a name within which no other curve should run."""


class Note(Annotation):
    """A label with several possible points of the axes, placed at the best of them.

    Parameters
    ----------
    text : str
        The text.
    points : array_like, shape (n, 2)
        The possible points of the text in data coordinates, the preferred ones first.
    reach : float
        Distance between point and text in points.
    owner : matplotlib.lines.Line2D, optional
        The curve that the text names: a point that only this curve is near is preferred.
    rank : int
        Notes of low rank are placed first.
    anchors : sequence of Anchor
        The places around a point, the preferred ones first.
    """

    def __init__(
        self,
        text: str,
        points: ArrayLike,
        *,
        reach: float = 5.0,
        owner: Line2D | None = None,
        rank: int = 0,
        anchors: Sequence[Anchor] = AROUND,
        **options: Any,
    ) -> None:
        self.points = np.asarray(points, dtype=float).reshape(-1, 2)
        self.reach, self.owner, self.rank, self.anchors = reach, owner, rank, tuple(anchors)
        point = (float(self.points[0, 0]), float(self.points[0, 1]))
        super().__init__(text, point, xytext=(0, 0), textcoords="offset points", annotation_clip=False, **options)
        self.put(point, self.anchors[0])

    def put(self, point: tuple[float, float], anchor: Anchor) -> None:
        """Move the label to a point, on the given side of it."""
        self.xy = point
        self.set_position((self.reach * anchor.dx, self.reach * anchor.dy))
        self.set_horizontalalignment(anchor.ha)  # type: ignore[arg-type]
        self.set_verticalalignment(anchor.va)  # type: ignore[arg-type]


def add_note(ax: Axes, note: Note) -> Note:
    """Add a note to axes; `arrange` finds its place."""
    note.set_path_effects([withStroke(linewidth=2.6, foreground="white")])
    note.set_zorder(7)
    ax.add_artist(note)
    return note


def named_lines(ax: Axes) -> list[Line2D]:
    """Return the lines of the axes that carry a name (helper lines have labels that begin with ``_``)."""
    return [line for line in ax.lines if not str(line.get_label()).startswith("_")]


def direct_labels(ax: Axes, *, fontsize: float = 10.0, margin: bool | None = None) -> None:
    """Write the name of each named line beside it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes, with all their curves.
    fontsize : float
        Size of the text in points.
    margin : bool, optional
        Whether the names are in a column beside the right edge. By default they do when all curves end there,
        far enough from one another; otherwise each is placed where it covers least.
    """
    ax.get_xlim()  # Matplotlib works out the limits when they are asked for.
    ax.get_ylim()
    lines = [line for line in named_lines(ax) if len(_pixels(line))]
    ends = {line: max(_pixels(line).tolist()) for line in lines}
    ordered = sorted(lines, key=lambda line: ends[line][1])
    frame, gap = ax.get_window_extent(), fontsize * 1.25 * ax.figure.dpi / 72
    wanted = [ends[line][1] for line in ordered]
    levels = spread(wanted, gap, frame.y0, frame.y1)
    if margin is None:
        near = all(x > frame.x1 - 0.1 * frame.width for x, _ in ends.values())
        apart = all(b - a > 0.4 * gap for a, b in pairwise(wanted))
        margin = (
            not is_narrow(ax.figure)
            and near
            and apart
            and all(abs(a - b) <= gap for a, b in zip(wanted, levels, strict=True))
        )
    for line, level in zip(ordered, levels, strict=True):
        text, color = str(line.get_label()), text_color(line)
        if margin:
            point = (1, (level - frame.y0) / frame.height)
            beside: dict[str, Any] = {"xytext": (4, 0), "textcoords": "offset points", "ha": "left", "va": "center"}
            ax.annotate(text, point, xycoords="axes fraction", fontsize=fontsize, color=color, **beside)
        else:
            add_note(ax, Note(text, _stations(line), owner=line, rank=2, fontsize=fontsize, color=color))


def text_color(line: Line2D) -> str:
    """Return a colour for text that belongs to a line: its own, dark enough to be read on white."""
    return Style(matplotlib.colors.to_hex(line.get_color()), "").text_color


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return ascending positions at least `gap` apart, near the wanted ones and, if they fit, in [low, high]."""
    groups: list[tuple[float, int]] = []
    for position in wanted:
        # A group of n labels is centred on the mean of the wanted positions; groups that touch are merged.
        groups.append((position, 1))
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * (groups[-1][1] + groups[-2][1]) / 2:
            (b, n), (a, m) = groups.pop(), groups.pop()
            groups.append(((a * m + b * n) / (m + n), m + n))
    placed = [centre + gap * (i - (n - 1) / 2) for centre, n in groups for i in range(n)]
    for index, position in enumerate(placed):
        placed[index] = max(position, low if index == 0 else placed[index - 1] + gap)
    for index in reversed(range(len(placed))):
        placed[index] = min(placed[index], high if index == len(placed) - 1 else placed[index + 1] - gap)
    return placed


def _pixels(line: Line2D) -> NDArray[np.float64]:
    """Return the finite points of a line in pixels, shape (n, 2)."""
    data = np.column_stack([np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)])
    # On a logarithmic axis a value that is not positive has no place.
    with np.errstate(divide="ignore", invalid="ignore"):
        points: NDArray[np.float64] = np.asarray(line.get_transform().transform(data), float)
    return points[np.isfinite(points).all(axis=1)]


def _stations(line: Line2D, most: int = 24) -> NDArray[np.float64]:
    """Return the possible points of the name of a line: the left end, the right end, points between."""
    data = np.column_stack([np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)])
    data = data[np.isfinite(data).all(axis=1)]
    data = data[np.argsort(data[:, 0], kind="stable")]
    between = np.linspace(0, len(data) - 1, min(len(data), most)).round().astype(int)[1:-1]
    return data[[0, len(data) - 1, *between.tolist()]]


def arrange(ax: Axes) -> None:
    """Put each note of the axes where it covers least; the limits of the axes must be final."""
    notes = sorted((text for text in ax.texts if isinstance(text, Note)), key=lambda note: note.rank)
    if not notes:
        return
    ax.get_xlim()
    ax.get_ylim()
    renderer = renderer_of(ax.figure.figure)
    scale = ax.figure.dpi / 72
    curves = {line: _outline(line, scale) for line in ax.lines}
    taken = [_box(text, renderer) for text in ax.texts if not isinstance(text, Note)]
    for note in notes:
        left, bottom, right, top = _box(note, renderer)
        size = (right - left, top - bottom)
        obstacles = np.concatenate([np.empty((0, 2)), *curves.values()])
        rivals = _rivals(note, curves)
        best = min(_places(ax, note, size, scale), key=lambda place: _cost(ax, place, obstacles, rivals, taken))
        note.put(best.point, best.anchor)
        taken.append(best.box)


def renderer_of(figure: Any) -> Any:
    """Return a renderer to measure text with; a figure of pyplot keeps its canvas, and with it its window."""
    canvas = figure.canvas
    if hasattr(canvas, "get_renderer"):
        return canvas.get_renderer()
    try:
        return FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    finally:
        figure.set_canvas(canvas)


_NO_RIVALS = ("_slope", "_floor")


def _rivals(note: Note, curves: dict[Line2D, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the points of the other named curves: near them a name would be ambiguous."""
    if note.owner is None:
        return np.empty((0, 2))
    others = [
        points for line, points in curves.items() if line is not note.owner and line.get_label() not in _NO_RIVALS
    ]
    return np.concatenate([np.empty((0, 2)), *others])


class _Place(NamedTuple):
    """A candidate: the point in data and in pixels, the side, the box, and the rank (0: preferred)."""

    point: tuple[float, float]
    pixel: tuple[float, float]
    anchor: Anchor
    box: Box
    rank: float


def _places(ax: Axes, note: Note, size: tuple[float, float], scale: float) -> Iterator[_Place]:
    for index, point in enumerate(note.points):
        x, y = ax.transData.transform(point)
        for side, anchor in enumerate(note.anchors):
            left = x + scale * note.reach * anchor.dx - size[0] * _SHIFT[anchor.ha]
            bottom = y + scale * note.reach * anchor.dy - size[1] * _SHIFT[anchor.va]
            box = (left, bottom, left + size[0], bottom + size[1])
            far = 2 if max(abs(anchor.dx), abs(anchor.dy)) > 1 else 0
            rank = min(index, 2) + far + 0.1 * side
            yield _Place((float(point[0]), float(point[1])), (x, y), anchor, box, rank)


def _cost(
    ax: Axes, place: _Place, obstacles: NDArray[np.float64], rivals: NDArray[np.float64], taken: list[Box]
) -> float:
    """Return what is wrong with a place: curves and words it hides, other curves near it, leaving the axes."""
    frame = ax.get_window_extent()
    left, bottom, right, top = place.box
    beyond = (frame.x0 + 4 - left, frame.y0 + 4 - bottom, right - frame.x1, top - frame.y1)
    outside = sum(max(0.0, length) for length in beyond)
    covered = sum(40 + _overlap(place.box, other) for other in taken if _overlap(place.box, other))
    hidden = _inside(obstacles, place.box, 2.0)
    # Of two free places the one with more air is better.
    near = _inside(obstacles, place.box, 6.0)
    x, y = place.pixel
    unclear = _inside(rivals, (x, y, x, y), _CLEAR)
    return 3 * hidden + 0.3 * near + 4 * unclear + covered + 9 * outside + 1.5 * place.rank


def _inside(points: NDArray[np.float64], box: Box, air: float) -> int:
    left, bottom, right, top = box
    x, y = points[:, 0], points[:, 1]
    within = (x > left - air) & (x < right + air) & (y > bottom - air) & (y < top + air)
    return int(np.count_nonzero(within))


def _overlap(a: Box, b: Box) -> float:
    """Return the width of the common part of two boxes; 0 where there is none, or only of their empty rims."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return width if width > 1.5 and height > 1.5 else 0.0


def _outline(line: Line2D, scale: float) -> NDArray[np.float64]:
    """Return points, in pixels, that labels should not cover: along a curve, around a single ring."""
    points = _pixels(line)
    if len(points) != 1:
        return dense(points)
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    radius = 0.5 * float(line.get_markersize()) * scale
    return np.concatenate([points, points + radius * np.column_stack([np.cos(angles), np.sin(angles)])])


def dense(points: NDArray[np.float64], spacing: float = 4.0) -> NDArray[np.float64]:
    """Return points along a polyline, at most `spacing` pixels apart (400 on one segment at most)."""
    if len(points) < 2:
        return points
    pieces = []
    for start, end in pairwise(points):
        number = min(400, max(1, int(np.ceil(np.hypot(*(end - start)) / spacing))))
        pieces.append(np.linspace(start, end, number, endpoint=False))
    return np.concatenate([*pieces, points[-1:]])


def _box(text: Any, renderer: Any) -> Box:
    box = text.get_window_extent(renderer)
    return (box.x0, box.y0, box.x1, box.y1)
