import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from numdiff.report.ticks import DecadeFormatter, DecadeLocator, decade_ticks, scientific, superscript

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
