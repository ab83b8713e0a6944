from xml.etree import ElementTree

import pytest

from numdiff.report.dark import dark
from numdiff.report.svg import colours, inline, letters, page_css, rename_ids, standalone, style_sheet, tidy

SOURCE = """<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 72 36"
 width="72pt" height="36pt" version="1.1">
 <metadata>when and where</metadata>
 <defs><style type="text/css">*{stroke-linejoin: round}</style></defs>
 <g id="figure_1"><!-- a comment -->
  <g id="line_1">
   <path d="M 1.23456 2.00001 L 3.5 4.999 L 5 6" clip-path="url(#clip)" style="fill: none; stroke: #000"/>
   <defs><path id="marker" d="M 0 1.005 L 1 2"/></defs>
   <g clip-path="url(#clip)">
    <use xlink:href="#marker" x="1.26" y="-0.01" style="fill: #fff"/>
    <use xlink:href="#marker" x="2.0" y="3.0" style="fill: #fff"/>
   </g>
  </g>
  <g id="text_1"><text style="font-size: 10px; font-family: 'DejaVu Sans'; text-anchor: middle; fill: #1f2933"
    x="1.26" y="2" transform="rotate(-0 1.26 2)">step &lt; 10⁻⁸</text></g>
  <g id="halo_2"><text style="font-weight: 700; fill: #abc" transform="rotate(-90 1 2)">O(h²)</text></g>
  <g transform="translate(1.23456 2) scale(0.015625 -0.1)">
   <use xlink:href="#marker" transform="translate(35.26 0)"/></g>
 </g>
 <defs><clipPath id="clip"><rect x="0" y="0" width="7.123" height="1"/></clipPath></defs>
</svg>"""


@pytest.fixture
def text():
    return standalone(tidy(SOURCE), "title <1>", 'alt "2"')


def test_what_nobody_needs_is_gone(text):
    for part in ("metadata", "when", "text/css", "comment", "DejaVu Sans'", "figure_1", "line_1", "version=", "xlink"):
        assert part not in text.split("?>", 1)[1]


def test_coordinates_are_rounded_and_factors_are_not(text):
    assert 'd="M 1.23 2 3.5 5 5 6"' in text
    assert 'transform="translate(1.23 2) scale(0.015625 -0.1)"' in text


def test_shift_of_a_glyph_is_an_attribute(text):
    assert '<use href="#i1" x="35.3"/>' in text


def test_style_that_all_markers_share_moves_to_their_group(text):
    assert (
        '<g clip-path="url(#i2)" fill="#ffffff"><use x="1.3" y="0" href="#i1"/><use x="2" y="3" href="#i1"/></g>'
    ) in text


def test_words_are_text_without_what_the_drawing_says_for_all(text):
    assert '<text x="1.3" y="2" font-size="10px" text-anchor="middle" fill="#1f2933">step &lt; 10⁻⁸</text>' in text


def test_words_with_a_halo_have_a_rim_of_the_ground_painted_below(text):
    (halo,) = (line for line in text.split("<text") if "O(h²)" in line)
    assert 'paint-order="stroke"' in halo
    assert 'stroke="#ffffff"' in halo
    assert 'transform="rotate(-90 1 2)"' in halo


def test_letters_are_counted_by_weight():
    assert letters([tidy(SOURCE)]) == {400: set("step < 10⁻⁸"), 700: set("O(h²)")}


def test_every_colour_has_a_dark_one_in_the_file_and_in_the_page():
    root = tidy(SOURCE)
    assert colours([root]) == [
        ("fill", "#000000"),
        ("fill", "#1f2933"),
        ("fill", "#aabbcc"),
        ("fill", "#ffffff"),
        ("stroke", "#000000"),
        ("stroke", "#ffffff"),
    ]
    for sheet in (style_sheet([root]), page_css([root]), standalone(root, "t", "a")):
        for name, color in colours([root]):
            assert f'[{name}="{color}"]{{{name}:{dark(color)}}}' in sheet.replace("&quot;", '"')
        assert "@media screen and (prefers-color-scheme:dark)" in sheet


def test_page_shows_one_of_wide_and_narrow():
    assert ".narrow.drawing{display:none}" in page_css([])
    assert ".wide.drawing{display:none}.narrow.drawing{display:block}" in page_css([])
    assert 'class="drawing narrow"' in inline(tidy(SOURCE), "t", "a", "p-", "narrow")
    assert 'class="drawing"' in inline(tidy(SOURCE), "t", "a", "p-")


def test_ids_are_numbered_in_document_order_behind_the_prefix():
    root = tidy(SOURCE)
    rename_ids(root, "p-")
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert ids == ["p-1", "p-2"]


def test_style_sheet_becomes_properties_of_the_root(text):
    root = ElementTree.fromstring(text)
    assert root.get("stroke-linejoin") == "round"


def test_file_and_page_get_the_same_size():
    root = tidy(SOURCE)
    assert 'width="72pt" height="36pt"' in standalone(root, "t", "a")
    assert 'width="96" height="48"' in inline(root, "t", "a", "p-")


def test_file_has_a_white_ground_and_the_page_gives_its_own():
    root = tidy(SOURCE)
    ground = '<rect width="72" height="36" fill="#ffffff"/>'
    assert ground in standalone(root, "t", "a")
    assert ground not in inline(root, "t", "a", "p-")


def test_inline_leaves_the_drawing_as_it_was():
    root = tidy(SOURCE)
    before = ElementTree.tostring(root)
    inline(root, "t", "a", "p-")
    assert ElementTree.tostring(root) == before
