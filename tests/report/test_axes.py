import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from numdiff.report.axes import (
    DecadeFormatter,
    DecadeLocator,
    decade_ticks,
    error_axes,
    floor_of,
    name_failures,
    plot_errors,
    plot_groups,
    scientific,
    superscript,
    zero_floor,
)
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


def test_failures_are_explained_beside_their_crosses_on_either_side():
    ax = axes()
    status = ["domain", "ok", "ok", "ok", "ok", "ok", "absorbed", "absorbed"]
    plot_errors(ax, STEPS, STEPS**2, STYLE, status=status)
    assert "×" in ax.get_title("right")
    name_failures(ax, "x + h = x", "outside of the domain")
    assert ax.get_title("right") == ""
    placed = {text.get_text(): text for text in ax.texts if text.get_gid() == "failures"}
    left, right = placed["x + h = x"], placed["outside of the domain"]
    assert (left.xy[0], left.get_horizontalalignment()) == (STEPS[6], "left")
    assert (right.xy[0], right.get_horizontalalignment()) == (STEPS[0], "right")
    for line in marks(ax, "_failures"):
        assert left.xy[1] == pytest.approx(line.get_ydata()[0])


def test_without_failures_there_are_no_words_for_them():
    ax = axes()
    plot_errors(ax, STEPS, STEPS**2, STYLE)
    name_failures(ax, right="outside")
    assert not ax.texts


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


# --- ticks -------------------------------------------------------------------------------------------


EXPONENTS = st.floats(-300, 290)


def ticks_of(low, length):
    """The limits of an axis from their exponents, and the ticks between them."""
    limits = 10.0**low, 10.0 ** min(low + length, 308)
    return limits, DecadeLocator().tick_values(*limits)


@given(EXPONENTS, st.floats(0.1, 200))
def test_ticks_are_few_and_inside(low, length):
    (bottom, top), ticks = ticks_of(low, length)
    assert len(ticks) <= 9
    assert all(bottom * (1 - 1e-6) <= tick <= top * (1 + 1e-6) for tick in ticks)


@given(EXPONENTS, st.floats(2, 200))
def test_ticks_over_decades_are_powers_of_ten_evenly_apart(low, length):
    _, ticks = ticks_of(low, length)
    exponents = [round(math.log10(tick)) for tick in ticks]
    assert np.allclose([math.log10(tick) for tick in ticks], exponents)
    assert len(set(np.diff(exponents))) <= 1


def test_ticks_within_a_decade_are_one_two_five():
    assert DecadeLocator().tick_values(0.15, 0.9) == [0.2, 0.5]


@pytest.mark.parametrize(("value", "label"), [(1.0, "1"), (10.0, "10"), (1e-8, "10⁻⁸"), (2e-8, "2·10⁻⁸"), (0, "")])
def test_tick_labels_are_plain_unicode(value, label):
    assert DecadeFormatter()(value) == label


@pytest.mark.parametrize(
    ("value", "text"),
    [(6.06e-6, "6.1·10⁻⁶"), (1e-4, "10⁻⁴"), (0.077, "0.077"), (0.0, "0"), (123.0, "1.2e+02"), (math.nan, "nan")],
)
def test_scientific_numbers(value, text):
    assert scientific(value) == text


def test_superscripts():
    assert superscript(-1024) == "⁻¹⁰²⁴"


@pytest.mark.parametrize("width", [1.6, 3.0, 7.2])
@pytest.mark.parametrize("span", [(1e-17, 2.0), (1e-3, 1.0), (1e-300, 1e300), (0.3, 0.8)])
def test_tick_labels_do_not_overlap(width, span):
    fig = Canvas(figsize=(width, 2.5))
    renderer = FigureCanvasAgg(fig).get_renderer()
    ax = decade_ticks(fig.subplots())
    ax.set_xlim(span)
    ax.set_ylim(span)
    for axis, side in ((ax.xaxis, "x"), (ax.yaxis, "y")):
        boxes = [label.get_window_extent(renderer) for label in axis.get_ticklabels() if label.get_text()]
        for a, b in itertools.pairwise(boxes):
            assert getattr(a, f"{side}1") < getattr(b, f"{side}0")


def test_which_must_name_an_axis():
    with pytest.raises(ValueError, match="which must be"):
        decade_ticks(Canvas().subplots(), "z")


@pytest.mark.parametrize("level", [1e-16, 1e-300, 5.0, 1e250])
def test_a_single_level_has_a_decade_on_either_side(level):
    low, high = DecadeLocator().nonsingular(level, level)
    assert (low, high) == (level / 10, 10 * level)
    assert DecadeLocator().nonsingular(10 * level, level) == (level, 10 * level)
