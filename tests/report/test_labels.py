import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from numdiff.report.axes import error_axes, plot_errors
from numdiff.report.guides import mark_optimum, order_text, slope_guide
from numdiff.report.labels import AROUND, Note, add_note, arrange, dense, direct_labels, spread
from numdiff.report.styles import FORMAT_STYLE, Style

H = 1.2357 * 2.0 ** -np.arange(50.0)


def v_shapes(names=("float16", "float32", "float64")):
    fig = Canvas(figsize=(7.2, 4.6))
    ax = error_axes(fig.subplots())
    for name, u in zip(names, (2.0**-11, 2.0**-24, 2.0**-53), strict=False):
        steps = H[u / 4 < H]
        plot_errors(ax, steps, steps**2 / 6 + u / steps, FORMAT_STYLE[name], name)
    return fig, ax


def boxes(fig, texts):
    renderer = FigureCanvasAgg(fig).get_renderer()
    return [text.get_window_extent(renderer) for text in texts]


def overlap(a, b, rim=1.5):
    """Whether two boxes have more in common than their empty rims."""
    return min(a.x1, b.x1) - max(a.x0, b.x0) > rim and min(a.y1, b.y1) - max(a.y0, b.y0) > rim


def test_words_cover_neither_one_another_nor_curves():
    fig, ax = v_shapes()
    slope_guide(ax, 2, (1e-4, 1e-9))
    mark_optimum(ax, 6e-6, 2e-11)
    direct_labels(ax)
    arrange(ax)
    notes = [text for text in ax.texts if isinstance(text, Note)]
    assert len(notes) == 5
    found = boxes(fig, notes)
    assert not any(overlap(a, b) for a, b in itertools.combinations(found, 2))
    for line in ax.lines:
        points = ax.transData.transform(np.column_stack([line.get_xdata(), line.get_ydata()]))
        for box in found:
            inside = box.count_contains(points)
            assert inside == 0, (line.get_label(), box)


def test_words_stay_in_the_axes():
    fig, ax = v_shapes()
    direct_labels(ax)
    arrange(ax)
    frame = ax.get_window_extent()
    for box in boxes(fig, [text for text in ax.texts if isinstance(text, Note)]):
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1
        assert frame.y0 <= box.y0
        assert box.y1 <= frame.y1


def test_a_name_stands_nearest_to_its_own_curve():
    fig, ax = v_shapes()
    direct_labels(ax)
    arrange(ax)
    curves = {
        line.get_label(): dense(ax.transData.transform(np.column_stack([line.get_xdata(), line.get_ydata()])))
        for line in ax.lines
    }
    for note in (text for text in ax.texts if isinstance(text, Note)):
        box = boxes(fig, [note])[0]
        middle = np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2])
        nearest = min(curves, key=lambda name: np.hypot(*(curves[name] - middle).T).min())
        assert nearest == note.get_text()


def square_axes():
    fig = Canvas(figsize=(5, 5))
    ax = fig.subplots()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    return fig, ax


@pytest.mark.parametrize("side", range(4))
def test_a_word_leaves_its_preferred_side_to_a_curve(side):
    fig, ax = square_axes()
    anchors = [AROUND[side], *AROUND[:side], *AROUND[side + 1 : 4]]
    dx, dy = anchors[0].dx, anchors[0].dy
    # A curve that crosses the preferred side only.
    middle = np.array([0.5 + 0.08 * dx, 0.5 + 0.036 * dy])
    along = np.array([-dy, dx]) * 0.2
    (line,) = ax.plot(*np.array([middle - along, middle + along]).T)
    note = add_note(ax, Note("a word", [(0.5, 0.5)], anchors=anchors))
    points = dense(ax.transData.transform(line.get_xydata()))
    assert boxes(fig, [note])[0].count_contains(points) > 0
    arrange(ax)
    assert boxes(fig, [note])[0].count_contains(points) == 0


def test_words_at_one_point_do_not_overlap():
    fig, ax = square_axes()
    notes = [add_note(ax, Note("a word", [(0.5, 0.5)])) for _ in range(4)]
    arrange(ax)
    assert not any(overlap(a, b) for a, b in itertools.combinations(boxes(fig, notes), 2))


def test_a_word_stays_in_the_axes_where_its_preferred_side_does_not():
    fig, ax = square_axes()
    note = add_note(ax, Note("a word", [(1.0, 1.0)], anchors=AROUND))
    arrange(ax)
    box, frame = boxes(fig, [note])[0], ax.get_window_extent()
    assert box.x1 <= frame.x1
    assert box.y1 <= frame.y1


def test_a_name_prefers_points_without_other_curves():
    _, ax = square_axes()
    (own,) = ax.plot([0.2, 0.8], [0.5, 0.5])
    ax.plot([0.2, 0.2], [0.47, 0.53])
    note = add_note(ax, Note("own", [(0.2, 0.5), (0.8, 0.5)], owner=own))
    arrange(ax)
    assert note.xy == (0.8, 0.5)


def test_names_of_curves_that_end_apart_at_the_right_stand_in_the_margin():
    ax = Canvas(figsize=(6, 4)).subplots()
    for slope in (1, 2, 3):
        ax.plot([0, 1], [0, slope], label=f"slope {slope}")
    direct_labels(ax)
    assert [text.get_text() for text in ax.texts] == ["slope 1", "slope 2", "slope 3"]
    assert not any(isinstance(text, Note) for text in ax.texts)


def test_helper_lines_get_no_name():
    ax = v_shapes()[1]
    ax.axhline(1e-3, label="_limit")
    direct_labels(ax)
    assert {text.get_text() for text in ax.texts} == {"float16", "float32", "float64"}


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12), st.floats(0.1, 8))
def test_spread_keeps_order_and_distance(wanted, gap):
    placed = spread(sorted(wanted), gap, 0.0, 100.0)
    assert all(b - a >= gap * (1 - 1e-9) for a, b in itertools.pairwise(placed))
    assert all(-1e-9 <= position <= 100 + 1e-9 for position in placed)


def test_spread_leaves_what_is_apart():
    assert spread([1.0, 5.0, 9.0], 2.0, 0.0, 10.0) == [1.0, 5.0, 9.0]


def test_dense_points_follow_the_line():
    points = dense(np.array([[0.0, 0.0], [30.0, 40.0]]), spacing=5.0)
    assert np.hypot(*np.diff(points, axis=0).T).max() <= 5.0 * (1 + 1e-12)
    assert points[0].tolist() == [0, 0]
    assert points[-1].tolist() == [30, 40]


@pytest.mark.parametrize(
    ("order", "text"), [(1, "O(h)"), (2, "O(h²)"), (8, "O(h⁸)"), (-1, "O(1/h)"), (-2, "O(1/h²)"), (0, "O(1)")]
)
def test_order_in_words(order, text):
    assert order_text(order) == text


@pytest.mark.parametrize("order", [1, 2, -1])
@pytest.mark.parametrize("side", ["below", "above"])
def test_slope_guide_has_its_slope_and_keeps_off_the_data(order, side):
    ax = v_shapes()[1]
    line = slope_guide(ax, order, (1e-4, 1e-6), side=side)
    h, error = np.log10(line.get_xdata()), np.log10(line.get_ydata())
    assert np.allclose(np.diff(error) / np.diff(h), order)
    assert (error[0] < -6) == (side == "below")


def test_optimum_of_error_zero_stands_on_the_floor():
    ax = error_axes(Canvas().subplots())
    plot_errors(ax, [1e-2, 1e-3], [0.0, 1e-5], Style("#000000", "o"))
    mark_optimum(ax, 1e-2, 0.0)
    (ring,) = [line for line in ax.lines if line.get_label() == "_optimum"]
    assert list(ring.get_ydata()) == [1e-6]


@pytest.mark.parametrize(("h", "error"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (1.0, np.nan)])
def test_optimum_that_has_no_place_is_refused(h, error):
    with pytest.raises(ValueError, match="h and error must be"):
        mark_optimum(error_axes(Canvas().subplots()), h, error)


def test_guide_refuses_bad_arguments():
    ax = v_shapes()[1]
    with pytest.raises(ValueError, match="side must be"):
        slope_guide(ax, 1, (1e-3, 1e-3), side="left")
    with pytest.raises(ValueError, match="anchor must be"):
        slope_guide(ax, 1, (0.0, 1e-3))
