from xml.etree import ElementTree

import pytest

from numdiff.report.svg import inline, rename_ids, standalone, tidy

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
  <g transform="translate(1.23456 2) scale(0.015625 -0.1)">
   <use xlink:href="#marker" transform="translate(35.26 0)"/></g>
 </g>
 <defs><clipPath id="clip"><rect x="0" y="0" width="7.123" height="1"/></clipPath></defs>
</svg>"""


@pytest.fixture
def text():
    return standalone(tidy(SOURCE), "title <1>", 'alt "2"')


def test_what_nobody_needs_is_gone(text):
    for part in ("metadata", "when", "<style", "comment", "figure_1", "line_1", "version=", "xlink"):
        assert part not in text.split("?>", 1)[1]


def test_coordinates_are_rounded_and_factors_are_not(text):
    assert 'd="M 1.23 2 3.5 5 5 6"' in text
    assert 'transform="translate(1.23 2) scale(0.015625 -0.1)"' in text


def test_shift_of_a_glyph_is_an_attribute(text):
    assert '<use href="#i1" x="35.3"/>' in text


def test_style_that_all_markers_share_moves_to_their_group(text):
    assert (
        '<g clip-path="url(#i2)" style="fill:#fff"><use x="1.3" y="0" href="#i1"/><use x="2" y="3" href="#i1"/></g>'
        in text
    )


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
    assert '<rect width="72" height="36" fill="#fff"/>' in standalone(root, "t", "a")
    assert 'fill="#fff"/>' not in inline(root, "t", "a", "p-")


def test_inline_leaves_the_drawing_as_it_was():
    root = tidy(SOURCE)
    before = ElementTree.tostring(root)
    inline(root, "t", "a", "p-")
    assert ElementTree.tostring(root) == before
