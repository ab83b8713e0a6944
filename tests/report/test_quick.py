"""The figure of a notebook shows a panel for each method and point, and a curve for each format."""

import matplotlib
import numpy as np
import pytest

import numdiff as nd
from numdiff.report.labels import named_lines
from numdiff.report.quick import error_figure


def records(**options):
    formats = ("float32", "float64")
    return nd.sweep(np.exp, 0.5, [1e-1, 1e-2, 1e-3], derivative=np.exp, formats=formats, **options).records


def test_a_panel_for_each_method_and_a_curve_for_each_format():
    figure = error_figure(records())
    shown = [ax for ax in figure.axes if ax.axison]
    assert len(shown) == 2
    for ax in shown:
        assert [line.get_label() for line in named_lines(ax)] == ["float32", "float64"]
        assert ax.get_xscale() == ax.get_yscale() == "log"


def test_the_curve_is_the_total_error_against_the_step():
    frame = records(methods=("centered",))
    (ax,) = error_figure(frame).axes
    rows = frame[frame["format"] == "float64"].sort_values("step_value")
    line = named_lines(ax)[1]
    np.testing.assert_array_equal(line.get_xdata(), rows["step_value"])
    np.testing.assert_array_equal(line.get_ydata(), rows["total"].abs())


def test_it_is_drawn_for_a_notebook_and_leaves_the_settings_alone():
    before = matplotlib.rcParams.copy()
    figure = error_figure(records(methods=("centered",)))
    assert figure.get_facecolor() == (1.0, 1.0, 1.0, 1.0)
    assert matplotlib.rcParams == before


def test_the_result_of_a_sweep_plots_itself():
    result = nd.sweep(np.exp, 0.5, 1e-3, derivative=np.exp, formats=("float64",), methods=("forward",))
    assert len(result.plot().axes) == 1


def test_no_records_is_an_error():
    with pytest.raises(ValueError, match="at least one row"):
        error_figure(records().iloc[:0])
