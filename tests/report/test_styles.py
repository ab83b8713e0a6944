"""The simulation is that of G. Machado et al. (2009), table 1, severity 1.0: matrices for linear RGB."""

import itertools

import numpy as np
import pytest

from numdiff.report.dark import dark
from numdiff.report.styles import FORMAT_STYLE, METHOD_STYLE, PART_STYLE, ROLE_STYLE, Style, label_of, style_of
from numdiff.study.records import PARTS

FAMILIES = {"formats": FORMAT_STYLE, "methods": METHOD_STYLE, "parts": PART_STYLE}
SEEN = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(color, eyes):
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return TO_OKLAB @ np.cbrt(TO_CONES @ np.clip(np.asarray(SEEN[eyes]) @ linear, 0, 1))


def distance(first, second, eyes="normal"):
    """Distance in Oklab: black and white are 1 apart; 0.02 can just be told apart side by side."""
    return float(np.linalg.norm(oklab(first, eyes) - oklab(second, eyes)))


@pytest.mark.parametrize("shown", [str, dark], ids=["light", "dark"])
@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize(("family", "least"), [("formats", 0.06), ("parts", 0.06), ("methods", 0.045)])
def test_colours_of_a_family_stay_apart_in_colour_blindness(family, least, eyes, shown):
    # A series is told by marker and line as well; the colour has to help, not to do it alone.
    for (a, first), (b, second) in itertools.combinations(FAMILIES[family].items(), 2):
        assert distance(shown(first.color), shown(second.color), eyes) >= least, (a, b)


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize(("a", "b"), [("forward", "centered"), ("truncation", "evaluation"), ("truncation", "total")])
def test_pairs_that_are_compared_most_are_far_apart(a, b, eyes):
    assert distance(style_of(a).color, style_of(b).color, eyes) >= 0.09


@pytest.mark.parametrize("shown", [str, dark], ids=["light", "dark"])
def test_no_colour_has_two_meanings(shown):
    for one, other in itertools.combinations((*FAMILIES.values(), ROLE_STYLE), 2):
        for (a, first), (b, second) in itertools.product(one.items(), other.items()):
            # At the dark end there is room for one black: those that share it share neither marker nor line.
            black = max(luminance(first.color), luminance(second.color)) < 0.03
            apart = black and first.marker != second.marker and str(first.line) != str(second.line)
            assert apart or distance(shown(first.color), shown(second.color)) >= 0.05, (a, b)


def test_a_name_has_one_style():
    names = [name for styles in (*FAMILIES.values(), ROLE_STYLE) for name in styles]
    assert len(set(names)) == len(names)


def test_the_simulation_confuses_what_people_confuse():
    assert distance("#a04000", "#606000", "deuteranopia") < 0.05 < distance("#a04000", "#606000")


ROLES = (
    ("observed", "predicted", "bound"),
    ("usual way", "another way", "a third way"),
    ("false positive", "missed", "undecided"),
    ("back-propagation", "one evaluation"),
)
SERIES = [*FAMILIES.values(), *({name: ROLE_STYLE[name] for name in names} for names in ROLES)]


def test_every_role_belongs_to_a_group():
    assert {name for names in ROLES for name in names} == set(ROLE_STYLE)


@pytest.mark.parametrize("styles", SERIES, ids=[*FAMILIES, *(names[0] for names in ROLES)])
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


@pytest.mark.parametrize("color", sorted({s.color for t in (*FAMILIES.values(), ROLE_STYLE) for s in t.values()}))
def test_text_can_be_read_on_white(color):
    assert 1.05 / (luminance(Style(color, "o").text_color) + 0.05) >= 4.5


def test_unknown_names_take_turns():
    assert style_of("nobody", 0) != style_of("nobody", 1)
    assert style_of("nobody", 0) == style_of("somebody", 0)
    assert label_of("some_body") == "some body"
