import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure as Canvas

from numdiff.report.axes import error_axes, floor_of, plot_errors, plot_groups, zero_floor
from numdiff.report.styles import FORMAT_STYLE, Style

STYLE = Style("#0072b2", "o")
STEPS = 2.0 ** -np.arange(8.0)


def axes():
    return error_axes(Canvas(figsize=(6, 4)).subplots())


def marks(ax, kind):
    return [line for line in ax.lines if line.get_label() == kind]


def test_exact_zeros_stand_on_a_marked_floor():
    ax = axes()
    errors = np.where(np.arange(8) == 3, 0.0, STEPS**2)
    line = plot_errors(ax, STEPS, errors, STYLE)
    (zeros,) = marks(ax, "_zeros")
    assert list(zeros.get_xdata()) == [STEPS[3]]
    assert set(zeros.get_ydata()) == {floor_of(ax)} == {zero_floor(errors)}
    assert floor_of(ax) < np.nanmin(line.get_ydata())
    assert [text.get_text() for text in ax.texts] == ["exact zero"]


def test_no_zero_no_floor():
    ax = axes()
    plot_errors(ax, STEPS, STEPS, STYLE)
    assert np.isnan(floor_of(ax))
    assert not ax.texts


def test_one_floor_for_all_series_is_the_lowest():
    ax = axes()
    plot_errors(ax, STEPS, [0, 1, 1, 1, 1, 1, 1, 1], STYLE, floor=1e-3)
    plot_errors(ax, STEPS, [1, 0, 1, 1, 1, 1, 1, 1], STYLE, floor=1e-9)
    plot_errors(ax, STEPS, [1, 0, 1, 1, 1, 1, 1, 1], STYLE, floor=1e-6)
    assert floor_of(ax) == 1e-9
    assert {float(y) for line in marks(ax, "_zeros") for y in line.get_ydata()} == {1e-9}
    assert len(ax.texts) == 1
    assert ax.texts[0].xy[1] == 1e-9


def test_failed_cells_stand_at_the_top_edge_and_are_counted_by_word():
    ax = axes()
    status = ["ok", "absorbed", "absorbed", "overflow", "ok", "ok", "ok", "ok"]
    errors = [1e-3, 1.0, 1.0, np.nan, np.inf, 1e-3, 1e-3, 1e-3]
    line = plot_errors(ax, STEPS, errors, STYLE, status=status)
    (failures,) = marks(ax, "_failures")
    assert sorted(failures.get_xdata()) == sorted(STEPS[1:5])
    assert failures.get_transform() == ax.get_xaxis_transform()
    assert all(0.9 < y < 1 for y in failures.get_ydata())
    assert ax.get_title("right") == "× 2 absorbed, 1 not finite, 1 overflow"
    assert np.isfinite(line.get_ydata()).sum() == 4


def test_failures_of_several_series_have_lanes_of_their_own():
    ax = axes()
    for _ in range(3):
        plot_errors(ax, STEPS, STEPS, STYLE, status=["nan"] * 8)
    assert len({float(line.get_ydata()[0]) for line in marks(ax, "_failures")}) == 3
    assert ax.get_title("right") == "× 24 nan"


def test_failures_that_do_not_meet_share_a_lane():
    ax = axes()
    for first, last in ((0, 3), (4, 6), (2, 5)):
        status = ["absorbed" if first <= i <= last else "ok" for i in range(8)]
        plot_errors(ax, STEPS, STEPS, STYLE, status=status)
    heights = [float(line.get_ydata()[0]) for line in marks(ax, "_failures")]
    assert heights[0] == heights[1] > heights[2]


def test_note_of_failures_is_shortened_where_there_is_no_room():
    ax = error_axes(Canvas(figsize=(2.2, 2)).subplots())
    ax.set_title("a title", loc="left")
    plot_errors(ax, STEPS, STEPS, STYLE, status=["overflow", "outside-domain", *["absorbed"] * 6])
    assert ax.get_title("right") == "× 8 failed"


@pytest.mark.parametrize("width", [1.5, 7.0])
def test_every_cell_is_drawn_once(width, rng):
    ax = error_axes(Canvas(figsize=(width, 3)).subplots())
    steps = 2.0 ** -np.arange(200.0)
    errors = np.where(rng.random(200) < 0.3, 0.0, rng.normal(size=200))
    status = np.where(rng.random(200) < 0.2, "absorbed", "ok")
    line = plot_errors(ax, steps, errors, STYLE, status=list(status))
    on_floor, failed = marks(ax, "_zeros")[0], marks(ax, "_failures")[0]
    shown = np.isfinite(line.get_ydata())
    assert shown.sum() + len(on_floor.get_xdata()) + len(failed.get_xdata()) == 200
    # A point between two gaps has no line to be seen by, so it needs its marker.
    alone = shown & ~np.r_[False, shown[:-1]] & ~np.r_[shown[1:], False]
    assert set(np.flatnonzero(alone)) <= set(line.get_markevery())


def test_line_is_broken_where_the_error_is_zero():
    ax = axes()
    line = plot_errors(ax, STEPS, [1, 1, 1, 0, 1, 1, 1, 1], STYLE)
    assert np.isnan(line.get_ydata()[4])


def test_sign_of_the_error_does_not_matter():
    ax = axes()
    assert np.array_equal(
        plot_errors(ax, STEPS, STEPS, STYLE).get_ydata(), plot_errors(ax, STEPS, -STEPS, STYLE).get_ydata()
    )


def test_floor_is_a_power_of_ten_below_all_errors():
    assert zero_floor([0.0, 3e-5, -2e-9, np.nan, np.inf]) == 1e-10
    assert zero_floor([0.0]) == 1e-16
    assert zero_floor([5e-324]) > 0


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="one length, got 8, 8 and 7"):
        plot_errors(axes(), STEPS, STEPS, STYLE, status=["ok"] * 7)


def test_groups_are_drawn_in_order_of_appearance_with_their_styles():
    ax = axes()
    names = ["float64", "float16"]
    frame = pd.concat(pd.DataFrame({"format": n, "step_value": STEPS, "total": STEPS}) for n in names)
    lines = plot_groups(ax, frame)
    assert [line.get_label() for line in lines] == names
    assert [line.get_color() for line in lines] == [FORMAT_STYLE[n].color for n in names]
