import pytest
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from numdiff.report.figures import keep_inside, legend_entries, outside_legend, overflow, paint, settings_of
from numdiff.report.labels import renderer_of
from numdiff.report.narrow import NarrowCanvas, columns_that_fit, extend, inches_of, is_narrow
from numdiff.report.panels import small_multiples, subject

SIZE = (3.8, 4.2)


def drawn(draw):
    with settings_of(SIZE, narrow=True):
        return paint(draw, SIZE, narrow=True)


def boxes(fig):
    return [ax.get_window_extent() for ax in fig.axes if ax.axison]


def overlap(a, b):
    return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1


def test_only_the_canvas_for_phones_is_narrow():
    assert is_narrow(NarrowCanvas(figsize=SIZE))
    # A small figure of a reader is not: its size stays.
    assert not is_narrow(Canvas(figsize=(3, 3)))
    assert columns_that_fit(Canvas(figsize=(3, 3)), 5) == 5


@pytest.mark.parametrize(("titles", "columns"), [(["a", "b", "c", "d"], 2), (["a title of some length"] * 4, 1)])
def test_panels_stand_in_as_few_columns_as_their_titles_need(titles, columns):
    fig = drawn(lambda fig: small_multiples(fig, titles))
    assert len({round(box.x0) for box in boxes(fig)}) == columns


@pytest.mark.parametrize("number", [1, 2, 5, 9])
def test_panels_make_the_canvas_as_high_as_they_need(number):
    fig = drawn(lambda fig: small_multiples(fig, ["a title of some length"] * number))
    assert inches_of(fig)[0] == SIZE[0]
    assert min(box.height for box in boxes(fig)) > 1.2 * fig.dpi


def test_panels_with_scales_of_their_own_are_stacked_whoever_asks():
    def draw(fig):
        left, right = fig.subplots(1, 2)
        left.plot([1, 2])
        right.plot([2, 1])

    fig = drawn(draw)
    first, second = boxes(fig)
    assert first.x0 == second.x0
    assert first.y0 > second.y1


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 1), (1, 5), (2, 5), (3, 3)])
def test_axes_come_in_the_shape_that_was_asked_for(rows, columns):
    grid = NarrowCanvas(figsize=SIZE).subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    assert grid.shape == (rows, columns)
    assert len(set(grid.ravel())) == rows * columns


@pytest.mark.parametrize("where", ["auto", "bottom", "right", "top"])
@pytest.mark.parametrize("number", [1, 3, 5])
def test_legend_stands_below_the_panels_and_inside_the_canvas(number, where):
    names = ["float16", "bfloat16", "float32", "float64", "float80"]

    def draw(fig):
        small_multiples(fig, ["panel"] * number)
        outside_legend(fig, handles=legend_entries(names), where=where)

    fig = drawn(draw)
    box = fig.legends[0].get_window_extent()
    assert not any(overlap(box, frame) for frame in boxes(fig))
    assert max(overflow(fig)) < 0.02


def test_legend_of_one_long_row_is_broken_and_gets_room():
    handles = [Line2D([], [], label=f"a series with a name {i}") for i in range(4)]

    def draw(fig):
        fig.subplots()
        fig.legend(handles=handles, loc="lower center", ncols=4)

    fig = drawn(draw)
    box = fig.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= fig.bbox.width
    assert inches_of(fig)[1] > SIZE[1] + 0.4


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize(
    "text", ["float64:", "Centered difference of a function with a long name at a point, in float64:"]
)
def test_what_is_drawn_stands_above_the_panels_and_inside_the_canvas(narrow, text):
    def draw(fig):
        small_multiples(fig, ["one", "two"])
        subject(fig, text)

    with settings_of(SIZE, narrow=narrow):
        fig = paint(draw, SIZE, narrow)
    (words,) = [item for item in fig.texts if item.get_gid() == "subject"]
    assert words.get_text().replace("\n", " ") == text
    box = words.get_window_extent(renderer_of(fig))
    assert max(overflow(fig)) < 0.03
    for ax in fig.axes:
        assert not overlap(box, ax.title.get_window_extent(renderer_of(fig)))
        assert not overlap(box, ax._left_title.get_window_extent(renderer_of(fig)))


def test_a_narrow_canvas_grows_by_the_lines_of_what_is_drawn():
    def height(text):
        fig = NarrowCanvas(figsize=SIZE)
        (ax,) = [fig.subplots()]
        before = ax.get_position().height * inches_of(fig)[1]
        subject(fig, text)
        assert ax.get_position().height * inches_of(fig)[1] == pytest.approx(before)
        return inches_of(fig)[1]

    assert height("a " * 60) > height("a") + 0.1


def test_extending_keeps_what_is_there_as_it_is():
    fig = NarrowCanvas(figsize=SIZE)
    ax = fig.subplots()
    text = fig.text(0.5, 0.5, "words")
    before, from_top = ax.get_window_extent().frozen(), SIZE[1] * 0.5
    extend(fig, 1.5)
    after = ax.get_window_extent()
    assert after.height == pytest.approx(before.height)
    assert after.y0 == pytest.approx(before.y0 + 1.5 * fig.dpi)
    assert (1 - text.get_position()[1]) * (SIZE[1] + 1.5) == pytest.approx(from_top)


def test_label_below_axes_that_stand_at_the_right_fits_too():
    def draw(fig):
        ax = fig.subplots()
        ax.set_yticks([0, 1], ["a name of a row that takes half the width", "another"])
        ax.set_xlabel("correct digits lost at the best step")

    fig = drawn(draw)
    box = fig.axes[0].xaxis.label.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= fig.bbox.width


def test_long_labels_are_broken_to_fit():
    def draw(fig):
        fig.subplots().set_xlabel("error at the step h = 1e-4, relative to the error at the best step of the function")
        fig.supxlabel("a label for all of the panels that is by far too long for the screen of a phone", y=0.02)

    fig = drawn(draw)
    keep_inside(fig)
    assert "\n" in fig.axes[0].get_xlabel()
    assert "\n" in fig._supxlabel.get_text()
    assert max(overflow(fig)) < 0.02
