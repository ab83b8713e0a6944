import itertools

import pytest

from numdiff.report.dark import GROUND, dark
from numdiff.report.styles import FORMAT_STYLE, METHOD_STYLE, PART_STYLE, ROLE_STYLE, Style
from numdiff.style import FAINT, INK, MUTED, PALE

STYLES = [style for table in (FORMAT_STYLE, METHOD_STYLE, PART_STYLE, ROLE_STYLE) for style in table.values()]
COLOURS = sorted({style.color for style in STYLES} | {INK, MUTED})


def channels(color):
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def contrast(first, second):
    light = []
    for color in (first, second):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(color)]
        light.append(sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05)
    return max(light) / min(light)


def test_ground_of_the_paper_is_the_ground_of_the_screen():
    assert dark("#ffffff") == GROUND


@pytest.mark.parametrize("color", COLOURS)
def test_lines_can_be_seen_on_both_grounds(color):
    assert contrast(color, "#ffffff") >= 3
    assert contrast(dark(color), GROUND) >= 3


@pytest.mark.parametrize("color", COLOURS)
def test_text_can_be_read_on_both_grounds(color):
    text = Style(color, "o").text_color
    assert contrast(text, "#ffffff") >= 4.5
    assert contrast(dark(text), GROUND) >= 4.5


@pytest.mark.parametrize(("first", "second"), [("#ffffff", "#3690c0"), (MUTED, FAINT), (INK, PALE), ("#c51b7d", PALE)])
def test_contrast_of_two_colours_is_kept(first, second):
    # Each of the 8 bits of a channel moves a luminance by 2 % at most where it matters here.
    kept = contrast(dark(first), dark(second))
    lifted = 1.15 if "#ffffff" in (first, second) else 1
    most = 1.0 if first != INK else 15.5 / (1.15 * contrast(INK, "#ffffff"))
    assert kept == pytest.approx(contrast(first, second) * lifted * most, rel=0.03)


def test_order_of_the_formats_is_the_order_of_their_contrast_on_both_grounds():
    names = ["bfloat16", "float16", "float32", "float64", "float80"]
    for ground, shown in (("#ffffff", str), (GROUND, dark)):
        values = [contrast(shown(FORMAT_STYLE[name].color), ground) for name in names]
        assert all(a < b for a, b in itertools.pairwise(values))


def test_grey_stays_grey():
    assert len(set(channels(dark("#808080")))) == 1
