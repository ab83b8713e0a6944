"""Errors of a sweep as a figure: of pyplot, in axes, in several axes, in a figure or a subfigure."""

from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import numdiff as nd
from numdiff.report.axes import failure_rows
from numdiff.report.labels import named_lines
from numdiff.report.styles import FORMAT_STYLE, PART_STYLE
from tests.core_environment import run_without


@pytest.fixture(scope="module")
def swept() -> nd.SweepResult:
    return nd.sweep(np.exp, 0.5, dtype=["bfloat16", "float32", "float64"])


def shown(figure: Any) -> list[Axes]:
    return [ax for ax in figure.axes if ax.axison]


def bounds_of(ax: Axes) -> list[Any]:
    return [line for line in ax.lines if line.get_label() == "_bound"]


def boxes_inside(figure: Figure) -> bool:
    figure.canvas.draw()
    whole, rim = figure.bbox, 0.02 * figure.dpi
    texts = [*figure.texts, *(item for ax in figure.axes for item in (ax.title, ax.xaxis.label, ax.yaxis.label))]
    boxes = [item.get_window_extent() for item in (*texts, *figure.legends)]
    boxes += [ax.yaxis.get_tightbbox() for ax in shown(figure)] + [ax.xaxis.get_tightbbox() for ax in shown(figure)]
    return all(
        box.x0 >= -rim and box.y0 >= -rim and box.x1 <= whole.x1 + rim and box.y1 <= whole.y1 + rim
        for box in boxes
        if box is not None and box.width > 0
    )


# --- a figure of its own -------------------------------------------------------------------------------------


def test_plot_belongs_to_pyplot_so_that_show_shows_it(swept: nd.SweepResult) -> None:
    before = plt.get_fignums()
    figure = swept.plot()
    assert plt.get_fignums() == [*before, figure.number]
    assert plt.gcf() is figure
    assert figure.canvas.manager is not None
    assert figure.canvas.manager.canvas is figure.canvas


def test_pyplot_is_imported_only_for_a_figure_of_its_own() -> None:
    program = (
        "import sys, os; os.environ['MPLBACKEND'] = 'Agg'\n"
        # Older versions of Matplotlib use names of pyparsing that newer ones of it deprecate.
        "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
        "import numpy as np, numdiff as nd\n"
        "from matplotlib.figure import Figure\n"
        "result = nd.sweep(np.exp, 0.5, 0.25, dtype=['float32'], stencil=['forward'])\n"
        "result.plot(ax=Figure().subplots()); result.plot(ax=Figure())\n"
        "print('matplotlib.pyplot' in sys.modules)\n"
        "result.plot(); print('matplotlib.pyplot' in sys.modules)"
    )
    done = run_without((), program)
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_settings_of_the_process_are_left_alone(swept: nd.SweepResult) -> None:
    plt.figure()
    before = matplotlib.rcParams.copy()
    swept.plot()
    assert matplotlib.rcParams == before


def test_there_is_a_panel_for_each_formula_and_a_curve_for_each_format(swept: nd.SweepResult) -> None:
    figure = swept.plot()
    panels = shown(figure)
    assert [ax.get_title("left") for ax in panels] == ["forward", "centered"]
    for ax in panels:
        assert [line.get_color() for line in named_lines(ax)] == [
            FORMAT_STYLE[name].color for name in ("bfloat16", "float32", "float64")
        ]
        assert ax.get_xscale() == ax.get_yscale() == "log"
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["bfloat16", "float32", "float64", "bound"]


def test_words_of_failures_are_in_the_legend_where_small_panels_have_no_room() -> None:
    result = nd.sweep(np.log, [0.5, 1e-3], dtype=["float64", "float16", "float32"])
    figure = result.plot(parts=("total", "truncation"))
    (legend,) = figure.legends
    statuses = set(result.records["status"]) - {"ok"}
    (words,) = [text.get_text() for text in legend.get_texts() if "absorbed" in text.get_text()]
    assert set(words.split(", ")) == statuses
    figure.canvas.draw()
    for ax in shown(figure):
        title, note = (ax._left_title, ax._right_title)  # type: ignore[attr-defined]
        assert title.get_window_extent().x1 < note.get_window_extent().x0
    plt.close(figure)


def test_formats_stand_in_a_legend_by_their_errors_whatever_the_order_of_the_call() -> None:
    (legend,) = nd.sweep(np.exp, 0.5, dtype=["float64", "float16", "float32"]).plot().legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names[:3] == ["float16", "float32", "float64"]


def test_point_has_the_digits_that_were_given_in_every_panel() -> None:
    result = nd.sweep(np.exp, [0.1, 0.5], 0.25, dtype=["float64", "float16"], stencil=["centered"])
    figure = result.plot(parts=("total", "truncation"))
    titles = [ax.get_title("left") for ax in shown(figure)]
    assert {title.split("x = ")[1] for title in titles} == {"0.1", "0.5"}


def test_curves_are_the_errors_against_the_steps(swept: nd.SweepResult) -> None:
    (ax,) = shown(swept.plot(methods="centered", formats="float64"))
    rows = swept.records.query("method == 'centered' and format == 'float64'").sort_values("step_value")
    (line,) = named_lines(ax)
    np.testing.assert_array_equal(line.get_xdata(), rows["step_value"])
    found = np.asarray(line.get_ydata(), float)
    drawn = np.isfinite(found)
    np.testing.assert_array_equal(found[drawn], rows["total"].abs().to_numpy()[drawn])
    assert set(rows["status"][~drawn & (rows["total"] != 0).to_numpy()]) <= {"absorbed"}
    (bound,) = bounds_of(ax)
    np.testing.assert_array_equal(bound.get_ydata(), rows["total_bound"])


def test_parts_are_curves_of_a_panel_for_each_format(swept: nd.SweepResult) -> None:
    parts = ("truncation", "abscissa", "evaluation", "combination", "roundoff")
    figure = swept.plot(parts=parts, methods="centered", formats=["float32", "float64"])
    panels = shown(figure)
    assert [ax.get_title("left") for ax in panels] == ["float32", "float64"]
    for ax in panels:
        assert [line.get_color() for line in named_lines(ax)] == [PART_STYLE[part].color for part in parts]
    rows = swept.records.query("method == 'centered' and format == 'float64'").sort_values("step_value")
    truncation = named_lines(panels[1])[0]
    np.testing.assert_array_equal(truncation.get_xdata(), rows["step_value"])  # also where the step is absorbed
    assert len(bounds_of(panels[1])) == 5
    ok = rows[rows["status"] == "ok"]
    roundoff = ok["abscissa_bound"] + ok["evaluation_bound"] + ok["combination_bound"]
    np.testing.assert_array_equal(bounds_of(panels[1])[4].get_ydata(), roundoff)


def test_failures_of_a_cell_are_marked_once(swept: nd.SweepResult) -> None:
    (ax,) = shown(swept.plot(parts=("total", "evaluation", "roundoff"), methods="forward", formats="float32"))
    count = (swept.records.query("method == 'forward' and format == 'float32'")["status"] == "absorbed").sum()
    assert ax.get_title("right") == f"× {count} absorbed"
    assert failure_rows(ax) > 0


def test_bounds_can_be_left_out_and_are_where_there_are_none(swept: nd.SweepResult) -> None:
    figure = swept.plot(bounds=False)
    assert not any(bounds_of(ax) for ax in figure.axes)
    assert "bound" not in {text.get_text() for text in figure.legends[0].get_texts()}
    complex_step = nd.sweep(np.exp, 0.5, dtype=["float64"], stencil=["complex_step"]).plot()
    assert not any(bounds_of(ax) for ax in complex_step.axes)
    assert "bound" not in {text.get_text() for text in complex_step.legends[0].get_texts()}


def test_title_names_function_formula_and_point_or_is_the_one_given(swept: nd.SweepResult) -> None:
    assert shown(swept.plot(methods="centered"))[0].get_title("left") == "exp, centered, x = 0.5"
    assert shown(swept.plot(methods="centered", title="Mine"))[0].get_title("left") == "Mine"
    assert swept.plot(title="Mine").get_suptitle() == "Mine"
    assert swept.plot().get_suptitle() == "exp, x = 0.5"
    unnamed = nd.sweep(lambda x: x * x * x, 0.5, 0.25, dtype=["float32"], stencil=["centered"])
    assert shown(unnamed.plot())[0].get_title("left") == "f, centered, x = 0.5"


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"methods": "centered"},
        {"parts": ("truncation", "roundoff")},
        {"parts": "evaluation", "formats": "float64", "bounds": False},
        {"title": "A title of my own"},
    ],
    ids=str,
)
def test_nothing_is_cut_off_at_the_edge(swept: nd.SweepResult, arguments: dict[str, Any]) -> None:
    assert boxes_inside(swept.plot(**arguments))


# --- in what the caller has --------------------------------------------------------------------------------


def test_given_axes_get_every_curve_told_apart_and_a_legend_above_the_data(swept: nd.SweepResult) -> None:
    figure, ax = plt.subplots()
    before = plt.get_fignums()
    assert swept.plot(ax=ax) is ax
    assert plt.get_fignums() == before
    lines = named_lines(ax)
    assert len(lines) == 6
    assert len({(line.get_color(), str(line.get_linestyle()), line.get_marker()) for line in lines}) == 6
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [
        *("bfloat16", "float32", "float64"),
        *("forward", "centered", "bound"),
    ]
    assert_legend_is_free(figure, ax)


@pytest.mark.parametrize("size", [(3.5, 3), (6.4, 4.8), (12, 3)])
@pytest.mark.parametrize("parts", [("total",), ("truncation", "roundoff")])
def test_legend_does_not_cover_data(swept: nd.SweepResult, size: tuple[float, float], parts: tuple[str, ...]) -> None:
    figure, ax = plt.subplots(figsize=size)
    swept.plot(ax=ax, parts=parts)
    assert_legend_is_free(figure, ax)


def assert_legend_is_free(figure: Any, ax: Axes) -> None:
    figure.canvas.draw()
    bottom = ax.get_legend().get_window_extent().y0
    heights = [ax.transData.transform(line.get_xydata())[:, 1] for line in ax.lines if line in named_lines(ax)]
    heights += [ax.transData.transform(line.get_xydata())[:, 1] for line in bounds_of(ax)]
    assert max(np.nanmax(column) for column in heights) <= bottom


def test_one_axes_for_each_panel(swept: nd.SweepResult) -> None:
    _, axes = plt.subplots(1, 2)
    assert swept.plot(ax=axes) is axes
    assert [ax.get_title("left") for ax in axes] == ["forward, x = 0.5", "centered, x = 0.5"]
    assert [len(named_lines(ax)) for ax in axes] == [3, 3]
    with pytest.raises(ValueError, match=r"one axes for each of 2 panels \(forward, x = 0\.5; centered.*\), got 1"):
        swept.plot(ax=[axes[0]])


def test_subfigure_is_filled_and_its_neighbour_is_left_alone(swept: nd.SweepResult) -> None:
    figure = plt.figure(figsize=(12, 5))
    left, right = figure.subfigures(1, 2)
    other = right.subplots()
    before = other.get_position().bounds
    assert swept.plot(ax=left) is left
    assert len(shown(left)) == 2
    assert other.get_position().bounds == before
    assert boxes_inside(figure)


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_figure_of_the_caller_is_filled(swept: nd.SweepResult, layout: Any) -> None:
    figure = plt.figure(figsize=(9, 5), layout=layout)
    assert swept.plot(ax=figure) is figure
    assert len(shown(figure)) == 2
    assert boxes_inside(figure)


def test_three_differences_share_colour_line_and_marker_and_a_fourth_is_refused(swept: nd.SweepResult) -> None:
    ax = plt.figure().subplots()
    swept.plot(ax=ax, parts=("truncation", "roundoff"))
    lines = named_lines(ax)
    assert len({(line.get_color(), str(line.get_linestyle()), line.get_marker()) for line in lines}) == 12
    several = nd.sweep(np.exp, [0.5, 1.0], [0.25, 0.125], dtype=["float32", "float64"])
    with pytest.raises(ValueError, match="by three things, got curves that differ in format, part, method, point"):
        several.plot(ax=ax, parts=("truncation", "roundoff"))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"parts": "truncaton"}, ValueError, "parts must be distinct and among truncation, .* got 'truncaton'"),
        ({"parts": ()}, ValueError, "parts must be distinct and among"),
        ({"parts": None}, ValueError, "parts must be distinct and among .*, got None"),
        ({"parts": 3}, ValueError, "parts must be distinct and among .*, got 3"),
        ({"parts": ("total", "total")}, ValueError, "parts must be distinct and among"),
        ({"formats": "float16"}, ValueError, "formats must be among bfloat16, float32, float64, got 'float16'"),
        ({"methods": "backward"}, ValueError, "methods must be among forward, centered, got 'backward'"),
        ({"ax": 3}, TypeError, "ax must be axes, a figure, a subfigure or a sequence of axes, got 3"),
        ({"ax": []}, TypeError, "ax must be axes, a figure"),
    ],
    ids=str,
)
def test_mistake_is_named(
    swept: nd.SweepResult, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        swept.plot(**arguments)


@pytest.mark.parametrize("bounds", [True, False])
def test_exact_zeros_are_on_a_floor_that_is_in_view(bounds: bool) -> None:
    result = nd.sweep(lambda x: x * x, 1.0, [0.5, 0.25, 0.125], dtype=["float32"], stencil=["centered"])
    figure = result.plot(bounds=bounds)
    (ax,) = shown(figure)
    assert "exact zero" in {text.get_text() for text in ax.texts}
    (floor,) = {line.get_ydata()[0] for line in ax.lines if line.get_label() == "_floor"}
    low, high = ax.get_ylim()
    assert low < floor < high
    assert high >= 10 * low
    assert boxes_inside(figure)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("f", "x"),
    [(np.log, 1e-300), (lambda x: x * 1e300, 1.0), (lambda x: x * 1e-300, 1.0), (lambda x: x * 0 + 3, 1.0)],
    ids=["small-x", "large-f", "small-f", "constant"],
)
def test_errors_at_the_ends_of_the_doubles_can_be_drawn(f: Any, x: float) -> None:
    result = nd.sweep(f, x, dtype=["float64"], stencil=["forward"])
    result.plot().canvas.draw()
    figure, ax = plt.subplots()
    result.plot(ax=ax, bounds=False)
    figure.canvas.draw()
    low, high = ax.get_ylim()
    assert 0 < low < high < np.inf
