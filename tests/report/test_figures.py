import base64
import io
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import matplotlib.font_manager
import numpy as np
import pandas as pd
import pytest
from fontTools.ttLib import TTFont

from numdiff.report.figures import (
    Figure,
    Note,
    add_note,
    error_axes,
    legend_entries,
    outside_legend,
    overflow,
    page_css,
    paint,
    plot_errors,
    settings_of,
    small_multiples,
)
from numdiff.report.font import font_face
from numdiff.report.labels import renderer_of
from numdiff.report.styles import FORMAT_STYLE, Style
from numdiff.report.svg import letters
from tests.report import sample_report

HOSTILE = """font.size: 23
font.family: monospace
lines.linewidth: 7
svg.fonttype: none
svg.hashsalt: another
axes.grid: False
axes.facecolor: red
figure.figsize: 2, 2
path.simplify: False
savefig.bbox: tight
figure.dpi: 33
savefig.dpi: 44
figure.autolayout: True
text.usetex: True
"""
PROGRAM = """
import sys
from tests.report import sample_report
import hashlib
print(*(hashlib.sha256(figure.to_svg().encode()).hexdigest() for figure in sample_report.figures()))
"""


def draw_line(fig, data):
    error_axes(fig.subplots()).plot(data["h"], data["error"])


def simple(draw=None, **options):
    data = pd.DataFrame({"h": [1.0, 0.1], "error": [0.1, 0.001]})
    draw = draw or draw_line
    return Figure("simple", "A title", "A caption.", 'Text <for> "all".', data, draw, **options)


@pytest.fixture(scope="module")
def texts():
    return [figure.to_svg() for figure in sample_report.figures()]


def test_svg_is_small(texts):
    assert max(map(len, texts)) < 150_000


def test_svg_is_wellformed_with_title_and_description(texts):
    for figure, text in zip(sample_report.figures(), texts, strict=True):
        root = ElementTree.fromstring(text)
        names = {element.tag.rpartition("}")[2]: element.text for element in root}
        assert root.get("role") == "img"
        assert names["title"] == figure.title
        assert names["desc"] == figure.alt


def test_svg_names_no_date_program_or_path(texts):
    for text in texts:
        assert not re.search(r"<metadata|<!--|[Mm]atplotlib|/usr|20\d\d-\d\d-\d\d", text)


def words_of(text):
    root = ElementTree.fromstring(text)
    return ["".join(element.itertext()) for element in root.iter() if element.tag.rpartition("}")[2] == "text"]


def draw_words(fig, data):
    ax = error_axes(fig.subplots(), xlabel="step h", ylabel="|f′ error|")
    plot_errors(ax, [1e-8, 1e-5, 1e-3], [1e-7, 1e-11, 1e-6], FORMAT_STYLE["float64"], "float64")
    add_note(ax, Note("truncation O(h²)", [(1e-5, 1e-9)]))
    ax.set_title("bold √u", weight="bold")


def test_words_of_the_drawing_are_text_that_can_be_found():
    words = words_of(simple(draw_words).to_svg())
    assert {"step h", "|f′ error|", "truncation O(h²)", "bold √u", "10⁻⁸"} <= set(words)


@pytest.mark.parametrize("weight", [400, 700])
def test_font_of_the_file_has_every_letter_of_its_words(weight):
    figure = simple(draw_words)
    face = next(rule for rule in figure.to_svg().split("@font-face") if f"font-weight:{weight}" in rule)
    font = TTFont(io.BytesIO(base64.b64decode(re.search(r"base64,([^)]*)\)", face)[1])))
    used = letters(figure.drawings()[:1])[weight]
    assert used
    assert {ord(character) for character in used} <= set(font.getBestCmap())


def test_words_with_a_rim_are_text_too_and_the_rim_has_the_colour_of_the_ground():
    text = simple(draw_words).to_svg()
    (element,) = (part for part in text.split("<text") if "truncation O(h²)" in part)
    assert 'paint-order="stroke"' in element
    assert 'stroke="#ffffff"' in element


def test_words_are_as_wide_as_the_room_that_was_left_for_them():
    # A browser sums the widths of the glyphs; matplotlib measured the same text with the same font.
    with settings_of((7.2, 4.6)):
        canvas = paint(lambda fig: draw_words(fig, None), (7.2, 4.6))
        canvas.set_dpi(72)
        renderer = renderer_of(canvas)
        (note,) = (text for text in canvas.axes[0].texts if isinstance(text, Note))
        measured, size = note.get_window_extent(renderer).width, note.get_fontsize()
    font = TTFont(matplotlib.font_manager.findfont("DejaVu Sans"))
    glyphs, cmap = font["hmtx"], font.getBestCmap()
    width = sum(glyphs[cmap[ord(c)]][0] for c in note.get_text()) * size / font["head"].unitsPerEm
    assert width == pytest.approx(measured, abs=0.02 * measured + 1)


def test_page_has_one_font_for_all_figures():
    figures = [simple(draw_words), *sample_report.figures()]
    sheet = page_css(figures)
    assert sheet.count("@font-face") == 2
    for weight in (400, 700):
        used = set().union(*(letters(figure.drawings())[weight] for figure in figures))
        assert font_face(used, weight) in sheet


def smallest_letters(svg_text, pixels):
    root = ElementTree.fromstring(svg_text)
    scale = pixels / float(root.get("viewBox").split()[2])
    sizes = [element.get("font-size") for element in root.iter() if element.get("font-size")]
    return min(float(size.removesuffix("px")) for size in sizes) * scale


def test_a_phone_gets_a_drawing_of_its_own_with_letters_of_9_pixels():
    def draw(fig, data):
        draw_words(fig, data)
        fig.axes[0].text(1e-5, 1e-8, "tiny", fontsize=5)
        fig.axes[0].tick_params(labelsize=6)

    pages = [figure.to_inline_svg("a-") for figure in (simple(draw), *sample_report.figures())]
    for page in pages:
        wide, narrow = page.split("</svg>")[:2]
        assert 'class="drawing wide"' in wide
        # A screen of 360 pixels, less the margins of page and card.
        assert smallest_letters(f"{narrow}</svg>", 326) >= 9.0
    assert smallest_letters(pages[0].split("</svg>")[0] + "</svg>", 326) < 9.0


def test_a_figure_that_fits_a_phone_or_wants_no_second_drawing_has_one():
    assert simple(size=(4.0, 3.0)).to_inline_svg("a-").count("<svg") == 1
    assert simple(narrow=(7.2, 4.6)).to_inline_svg("a-").count("<svg") == 1
    assert simple(narrow=(3.5, 5.0)).narrow_size == (3.5, 5.0)
    assert simple().to_svg().count("<svg") == 1


def test_ids_of_wide_and_narrow_do_not_collide():
    ids = re.findall(r'\bid="([^"]+)"', simple().to_inline_svg("a-"))
    assert ids
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("part", ["title", "caption"])
def test_text_alternative_that_repeats_is_refused(part):
    with pytest.raises(ValueError, match="alt of figure 'name' must say what is seen"):
        Figure("name", **{"title": "t", "caption": "c"} | {"alt": part[0]}, data=pd.DataFrame(), draw=draw_words)


def test_svg_needs_nothing_from_outside(texts):
    for text in texts:
        assert set(re.findall(r'(?:href|src)="(.)', text)) <= {"#"}
        assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}


def test_svg_references_resolve_and_ids_are_unique(texts):
    for text in texts:
        ids = re.findall(r'\bid="([^"]+)"', text)
        assert len(set(ids)) == len(ids)
        assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text)) <= {(i, "") for i in ids} | {
            ("", i) for i in ids
        }


def test_inline_ids_of_two_figures_do_not_collide():
    figure = simple()
    first, second = (set(re.findall(r'\bid="([^"]+)"', figure.to_inline_svg(p))) for p in ("a-", "b-"))
    assert first
    assert not first & second
    assert "<style" not in figure.to_inline_svg("a-")


def test_inline_svg_carries_the_text_alternative():
    drawings = ElementTree.fromstring(f"<div>{simple().to_inline_svg('x-')}</div>")
    assert len(drawings) == 2
    for root in drawings:
        assert root.get("role") == "img"
        assert root.get("aria-label") == simple().alt
        assert root.find("title").text == "A title"


def test_bytes_are_the_same_on_repeated_calls(texts):
    assert [figure.to_svg() for figure in sample_report.figures()] == texts


def test_bytes_do_not_depend_on_settings_of_the_process(texts):
    with matplotlib.rc_context():
        matplotlib.rcParams.update({"font.size": 30, "axes.grid": False, "svg.hashsalt": "x", "lines.marker": "x"})
        assert [figure.to_svg() for figure in sample_report.figures()] == texts


def test_settings_of_the_process_are_restored():
    with matplotlib.rc_context():
        matplotlib.rcParams["font.size"] = 17.5
        before = dict(matplotlib.rcParams)
        simple().to_svg()
        assert dict(matplotlib.rcParams) == before


def test_settings_are_restored_after_an_error():
    def fail(fig, data):
        raise RuntimeError("no")

    before = dict(matplotlib.rcParams)
    with pytest.raises(RuntimeError, match="no"):
        simple(fail).to_svg()
    assert dict(matplotlib.rcParams) == before


def test_bytes_do_not_depend_on_hash_seed_or_a_matplotlibrc_nearby(texts, tmp_path):
    (tmp_path / "matplotlibrc").write_text(HOSTILE)
    root = str(Path(__file__).resolve().parents[2])
    environment = os.environ | {"PYTHONHASHSEED": "4321", "PYTHONPATH": root}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    import hashlib

    assert done.stdout.split() == [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def test_the_hostile_settings_would_matter(tmp_path):
    (tmp_path / "matplotlibrc").write_text(HOSTILE)
    with matplotlib.rc_context(fname=tmp_path / "matplotlibrc"):
        assert matplotlib.rcParams["font.size"] == 23
        assert matplotlib.rcParams["text.usetex"]


def test_glyphs_come_from_the_font_that_matplotlib_ships():
    with settings_of((7, 4)):
        found = matplotlib.font_manager.findfont("DejaVu Sans")
    assert Path(found).is_relative_to(matplotlib.get_data_path())


def test_a_copy_that_was_pickled_is_drawn_with_the_same_bytes():
    figure = simple(kinds={"error": "platform"})
    text = figure.to_svg()
    copy = pickle.loads(pickle.dumps(figure))
    assert copy is not figure
    assert copy.to_svg() == text
    assert (copy.title, dict(copy.kinds), dict(copy.where)) == (figure.title, {"error": "platform"}, {})


def test_a_figure_is_drawn_larger_for_a_reader():
    figure = simple()
    canvas = figure.to_canvas((12.0, 8.0))
    assert canvas.get_size_inches().tolist() == [12.0, 8.0]
    assert figure.to_canvas().get_size_inches().tolist() == list(figure.size)


def test_figures_draw_once_for_file_and_page_and_once_for_phones():
    calls = []

    def draw(fig, data):
        calls.append(1)
        fig.subplots()

    figure = simple(draw)
    for _ in range(2):
        figure.to_svg()
        figure.to_inline_svg("a-")
    assert len(calls) == 2


def test_nothing_is_cut_off_at_the_edge():
    def draw(fig):
        ax = fig.subplots()
        ax.set_yticks([0, 1], ["a very long name of a category", "another long name"])
        ax.set_xlabel("x\n(in units of something)")

    with settings_of((5, 3)):
        canvas = paint(draw, (5, 3))
        assert max(overflow(canvas)) < 0.02


def test_words_in_the_data_do_not_move_the_margins_before_the_limits_are_known():
    def draw(fig):
        ax = error_axes(fig.subplots())
        ax.plot([1e-8, 1e-3], [1e-9, 1e-4])
        ax.text(1e-5, 1e-8, "inside")

    with settings_of((5, 3)):
        canvas = paint(draw, (5, 3))
        assert canvas.axes[0].get_window_extent().width > 0.7 * canvas.bbox.width


def test_sample_figures_fit():
    for figure in sample_report.figures():
        with settings_of(figure.size):
            assert max(overflow(figure.to_canvas())) < 0.02


@pytest.mark.parametrize("part", ["title", "caption", "alt"])
def test_empty_words_are_refused(part):
    words = {"title": "t", "caption": "c", "alt": "a"} | {part: " "}
    with pytest.raises(ValueError, match=part):
        Figure("name", **words, data=pd.DataFrame(), draw=lambda fig, data: None)


def test_name_that_is_no_file_stem_is_refused():
    with pytest.raises(ValueError, match="name of a figure"):
        Figure("a b", "t", "c", "a", pd.DataFrame(), lambda fig, data: None)


def draw_panels(fig, number, **options):
    panels = small_multiples(fig, number, **options)
    for ax in panels:
        plot_errors(ax, [1e-6, 1e-3], [1e-9, 1e-4], Style("#000000", "o"), "one")
    return panels


@pytest.mark.parametrize("number", [1, 2, 4, 5, 7, 9])
def test_panels_share_their_scales_and_hide_inner_labels(number):
    from matplotlib.figure import Figure as Canvas

    fig = Canvas(figsize=(7.6, 6))
    panels = draw_panels(fig, number)
    assert len(panels) == number
    assert len({ax.get_xlim() for ax in panels} | {ax.get_ylim() for ax in panels}) == 2
    columns = len({ax.get_position().x0 for ax in panels})
    with_labels = [ax.xaxis.get_major_ticks()[0].label1.get_visible() for ax in panels]
    assert with_labels == [i >= number - columns for i in range(number)]


@pytest.mark.parametrize("where", ["auto", "bottom", "top", "right"])
@pytest.mark.parametrize("number", [1, 4, 5])
def test_legend_stands_outside_of_the_data(number, where):
    with settings_of((7.6, 5)):
        canvas = paint(lambda fig: (draw_panels(fig, number), outside_legend(fig, where=where)), (7.6, 5))
        renderer = canvas.canvas.get_renderer() if hasattr(canvas.canvas, "get_renderer") else None
        (legend,) = canvas.legends
        box = legend.get_window_extent(renderer)
        for ax in canvas.axes:
            if ax.axison:
                frame = ax.get_window_extent()
                assert not (frame.x0 < box.x1 and box.x0 < frame.x1 and frame.y0 < box.y1 and box.y0 < frame.y1)


def test_legend_names_each_series_once_and_refuses_unknown_places():
    from matplotlib.figure import Figure as Canvas

    fig = Canvas(figsize=(7, 5))
    draw_panels(fig, 4)
    assert [text.get_text() for text in outside_legend(fig).get_texts()] == ["one"]
    with pytest.raises(ValueError, match="where must be"):
        outside_legend(fig, where="inside")
    with pytest.raises(ValueError, match="at least one panel"):
        small_multiples(fig, [])


def test_legend_entries_have_the_styles_of_their_names():
    (entry,) = legend_entries(["float16"])
    assert entry.get_color() == FORMAT_STYLE["float16"].color
    assert entry.get_label() == "float16"


def test_images_stay_in_the_file():
    def draw(fig, data):
        fig.subplots().imshow(np.arange(6.0).reshape(2, 3))

    text = simple(draw).to_svg()
    assert 'href="data:image/png;base64,' in text
