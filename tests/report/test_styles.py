import itertools

import pytest

from numdiff.report.styles import FORMAT_STYLE, METHOD_STYLE, PART_STYLE, Style, label_of, style_of
from numdiff.study.records import PARTS


@pytest.mark.parametrize("styles", [FORMAT_STYLE, METHOD_STYLE, PART_STYLE], ids=["formats", "methods", "parts"])
def test_series_differ_in_colour_and_line_or_in_marker_and_line(styles):
    for (a, first), (b, second) in itertools.combinations(styles.items(), 2):
        assert first.marker != second.marker, (a, b)
        assert (first.color, first.line) != (second.color, second.line), (a, b)


def test_formats_differ_in_all_three_ways():
    styles = list(FORMAT_STYLE.values())
    for part in ("color", "marker", "line"):
        assert len({str(getattr(style, part)) for style in styles}) == len(styles)


def test_every_part_has_a_style():
    assert {*PARTS, "total", "roundoff"} == set(PART_STYLE)


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    "color", sorted({s.color for t in (FORMAT_STYLE, METHOD_STYLE, PART_STYLE) for s in t.values()})
)
def test_text_can_be_read_on_white(color):
    assert 1.05 / (luminance(Style(color, "o").text_color) + 0.05) >= 4.5


def test_unknown_names_take_turns():
    assert style_of("nobody", 0) != style_of("nobody", 1)
    assert style_of("nobody", 0) == style_of("somebody", 0)
    assert label_of("some_body") == "some body"
