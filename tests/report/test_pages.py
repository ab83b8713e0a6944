import base64
import hashlib
import itertools
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import Markup

from numdiff.report import Advice, Figure, Section, Table, write_report
from numdiff.report.appendix import merged
from numdiff.report.explorer import Explorer
from numdiff.report.prose import prose
from numdiff.report.tables import frame_from_csv
from numdiff.report.views import TableView
from tests.report import sample_report

VOID = {"meta", "link", "br", "img", "hr", "input", "path", "rect", "use"}


class Page(HTMLParser):
    """What a page consists of: tags with attributes, and a check that they are closed in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.stack, self.data = [], [], {}
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.stack.pop() == tag

    def handle_data(self, data):
        if self.stack:
            self.data.setdefault(self.stack[-1], []).append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def values(self, attribute):
        return [attributes[attribute] for _, attributes in self.tags if attribute in attributes]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    path = tmp_path_factory.mktemp("report")
    sample_report.write(path)
    return path


@pytest.fixture(scope="module")
def html(out):
    return (out / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


@pytest.fixture(scope="module")
def readme(out):
    return (out / "README.md").read_text(encoding="utf-8")


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_all_files_are_written_and_returned(out, tmp_path):
    written = sample_report.write(tmp_path)
    assert sorted(str(path.relative_to(tmp_path)) for path in written) == sorted(files(tmp_path))
    assert sorted(files(out)) == [
        "README.md",
        "columns.json",
        "figures/ledger/panels.csv",
        "figures/ledger/panels.svg",
        "figures/step_sweep/core.csv",
        "figures/step_sweep/core.svg",
        "provenance.json",
        "report.html",
        "tables/ledger/cells_by_status.csv",
        "tables/opening/best.csv",
        "tables/overview/formats.csv",
        "tables/step_sweep/cells_by_status.csv",
        "tables/step_sweep/optima.csv",
        "tables/step_sweep/total.csv",
        "values.json",
    ]


def test_bytes_are_the_same_in_another_process_with_another_hash_seed(out, tmp_path):
    root = Path(__file__).resolve().parents[2]
    subprocess.run(
        [sys.executable, root / "tests" / "report" / "sample_report.py", tmp_path / "other"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONHASHSEED": "99", "PYTHONPATH": str(root)},
        check=True,
    )
    assert files(tmp_path / "other") == files(out)


def test_page_asks_nobody_for_anything(page, html):
    fetched = [v for t, a in page.tags for k, v in a.items() if k in ("src", "srcset", "data", "poster", "action")]
    assert fetched == []
    assert not [t for t, _ in page.tags if t in ("link", "iframe", "img", "object", "embed", "base")]
    assert not re.search(r"@import|url\((?!#|data:)|//cdn|https?://(?!www\.w3\.org/)", html)


def test_content_security_policy_admits_the_scripts_of_the_page_alone(page, html):
    (policy,) = [a["content"] for a in page.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.S)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert re.findall(r"'sha256-([^']+)'", policy) == digests
    assert len(digests) == 1
    assert len(page.of("script")) == 1


def test_policy_names_the_script_of_the_explorer_too(tmp_path):
    end = '<script type="application/json">[1]</script><script>document.title += "!";</script>'
    html = '<section class="part" id="explorer"><h2>Explore</h2></section>'
    explorer = Explorer(Markup(html), Markup(end), Markup(".x-plot { color: red; }"), "'sha256-?'")
    sections = sample_report.sections()
    write_report(sections, {}, tmp_path, title="t", lead="l", command="c", explorer=explorer)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html in text
    assert end in text
    assert ".x-plot { color: red; }</style>" in text
    assert len(re.findall(r"'sha256-", text)) == 2
    assert '<a href="#explorer">' in text


def test_page_can_be_mailed_alone(page):
    ids = set(page.values("id"))
    links = [a["href"] for a in page.of("a")]
    assert links
    for link in links:
        assert link[1:] in ids if link.startswith("#") else link.startswith("data:text/csv;"), link


def test_short_data_are_part_of_the_page_and_long_ones_are_named(page, html, out):
    saved = {a["download"]: a["href"] for a in page.of("a") if "download" in a}
    assert "tables-step_sweep-optima.csv" in saved
    for name, link in saved.items():
        text = base64.b64decode(link.partition("base64,")[2])
        assert text == (out / Path(*name.split("-"))).read_bytes(), name
    assert "<code>figures/step_sweep/core.csv</code>" in html


def test_references_inside_svg_resolve(page, html):
    ids = set(page.values("id"))
    assert {a["href"][1:] for a in page.of("use")} <= ids
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= ids


def test_ids_are_unique(page):
    ids = page.values("id")
    assert len(set(ids)) == len(ids)


def test_contents_lead_to_every_section_figure_and_table(page):
    links = [a["href"] for a in page.of("a")]
    for section in sample_report.sections():
        places = [section.name]
        places += [f"figure-{section.name}-{figure.name}" for figure in section.figures]
        places += [f"table-{section.name}-{table.name}" for table in section.tables]
        assert {f"#{place}" for place in places} <= set(links)


def test_every_figure_and_table_has_a_heading(html):
    for label in ("Figure 1.1", "Figure 2.1", "Table 1.1", "Table 1.2", "Table Z.1", "Table Z.2"):
        assert re.search(rf'<h3 id="[^"]+"><span class="label">{label}</span> ', html), label


def test_every_figure_has_a_text_alternative(page):
    images = [a for a in page.of("svg") if a.get("role") == "img"]
    alts = [figure.alt for figure in sample_report.figures()]
    # The first one once more, as the picture of the opening; and each of them wide and narrow.
    assert sorted(a["aria-label"] for a in images) == sorted([*alts, alts[0]] * 2)
    assert len(page.of("svg")) == len(images)


def test_section_says_things_in_the_order_in_which_they_are_asked(html):
    text = html[html.index('<section class="part" id="step_sweep"') :]
    marks = (
        "How large is",
        "It is 3·10",
        "Figure 1.1</span>",
        "Take a generic step.",
        "One *finding*",
        # A long table and a wide one, in the fold.
        "Table 1.1</span>",
        "Table 1.2</span>",
        "240 cells.",
        "Three functions only.",
    )
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)


def test_opening_leads_to_its_sections_and_shows_its_picture_and_table(html):
    opening = html[html.index('<section class="opening"') : html.index('<section class="part brief reading"')]
    assert re.findall(r'<li>(.+?) <a href="#(\w+)">', opening) == [
        ("Use <code>float64</code>.", "step_sweep"),
        ("Read the ledger.", "ledger"),
    ]
    assert '<a href="#figure-step_sweep-core">Figure 1.1 explains the picture</a>' in opening
    assert "Rings are best steps." in opening
    assert '<h3 id="table-opening-best">' in opening


def test_what_happened_to_the_cells_of_all_sections_is_one_table(html):
    assert html.count("Cells by status.</h3>") == 1
    rows = re.findall(r'<tr><th scope="row">(\d)</th><td>float', html)
    assert rows == ["1", "1", "2"]


def test_appendix_tables_of_the_same_records_share_their_rows():
    table = Table("cells", "Cells", "", pd.DataFrame({"format": ["float32"], "cells": [3]}))
    other = Table("cells", "Cells", "", pd.DataFrame({"format": ["float32"], "cells": [4]}))
    parts = [Section(n, n, "q", "a", appendix=(t,)) for n, t in (("a", table), ("b", other), ("c", table))]
    (whole,) = merged(parts)
    assert whole.frame.to_dict("list") == {
        "section": ["1, 3", "2"],
        "format": ["float32", "float32"],
        "cells": [3, 4],
    }


def test_data_of_a_figure_is_the_file_beside_it(out):
    core = sample_report.figures()[0]
    path = out / "figures" / "step_sweep" / "core.csv"
    data = frame_from_csv(path)
    pd.testing.assert_frame_equal(data, core.data.reset_index(drop=True), check_dtype=False, check_exact=True)


def test_headings_are_in_order(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    # The contents come first, as navigation.
    inside = levels[levels.index(1) :]
    assert all(b - a <= 1 for a, b in itertools.pairwise(inside))


def test_page_says_its_language_title_and_width(page):
    assert page.of("html") == [{"lang": "en"}]
    assert page.data["title"][0] == sample_report.TITLE.replace("`", "")
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.of("meta")
    assert page.of("a")[0] == {"class": "skip", "href": "#content"}


def test_tables_stand_in_boxes_that_can_scroll_and_have_a_name(page):
    boxes = [a for t, a in page.tags if a.get("class") in ("scroll", "plot")]
    assert len(boxes) >= len(page.of("table"))
    assert all(a.get("aria-label") for a in boxes)
    # Whether one scrolls is known on the screen alone: the script makes those that do stops of the keyboard.
    assert page.values("tabindex") == []


def test_table_says_how_many_rows_there_are_and_where(html):
    rows = sum(r["problem"].nunique() * 40 for r in [sample_report.records()])
    assert f"Rows 1 to 40 of {rows}; all of them are in the project’s <code>results/tables/step_sweep/total.csv" in html


def test_long_and_wide_tables_are_not_printed_and_a_sentence_says_where_they_are(html):
    assert re.search(r'<p class="print-only"><strong>Table 1.1</strong> .*tables/step_sweep/total.csv', html)
    # The one to take away is printed; one that would scroll on a phone is folded, and not.
    assert re.search(r'<p class="print-only"><strong>Table 1.2</strong>', html)
    frame = pd.DataFrame({f"column_number_{i}": [0.5] for i in range(12)})
    assert TableView(Table("t", "T", "", frame), "s", "1").printed
    frame = pd.DataFrame({f"column_{i}": ["0123456789abcdef"] for i in range(12)})
    assert not TableView(Table("t", "T", "", frame), "s", "1").printed


def test_texts_are_escaped_and_code_is_marked(html):
    assert "<h1>A report | with &lt;marks&gt; &amp; <code>code</code></h1>" in html
    assert "How large is &lt;it&gt;?" in html
    assert "<here>" not in html
    assert prose("a `b<c` & d") == "a <code>b&lt;c</code> &amp; d"


def test_no_line_of_prose_ends_within_a_number_or_a_small_formula():
    assert prose("at h = 0.1 f′(x) is 50 % `h = 1 %`") == (
        "at h\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.1 f′\N{WORD JOINER}(x) is 50\N{NO-BREAK SPACE}% "
        "<code>h = 1 %</code>"
    )


def test_opening_that_names_what_there_is_not_is_refused(tmp_path):
    sections, opening = sample_report.sections(), sample_report.opening()
    options = {"title": "t", "lead": "l", "command": "c"}
    with pytest.raises(ValueError, match=r"hero of an opening must name .* got \('ledger', 'core'\)"):
        write_report(sections, {}, tmp_path, **options, opening=replace(opening, hero=("ledger", "core")))
    with pytest.raises(ValueError, match="advice must name a section or chapter of the report, got nowhere"):
        write_report(sections, {}, tmp_path, **options, opening=replace(opening, advice=(Advice("a", "nowhere"),)))
    with pytest.raises(ValueError, match="advice of an opening must have at least one piece"):
        replace(opening, advice=())


def test_chapter_is_part_of_page_and_readme(tmp_path):
    chapter = sample_report.Lesson()
    options = {"title": "t", "lead": "l", "command": "c"}
    write_report(sample_report.sections(), {}, tmp_path, **options, chapters=(chapter,))
    page, host = ((tmp_path / name).read_text(encoding="utf-8") for name in ("report.html", "README.md"))
    assert page.index('<section class="part chapter" id="lesson"') < page.index('id="step_sweep"')
    assert page.count('<span class="label">Figure A.1</span>') == 1
    assert '<a href="#lesson-limit">The limit</a>' in page
    assert "![A line.](figures/lesson/line.svg)" in host
    assert (tmp_path / "figures" / "lesson" / "line.svg").is_file()
    assert (tmp_path / "tables" / "lesson" / "steps.csv").is_file()


def test_partial_report_leaves_the_files_of_others_alone(tmp_path):
    sample_report.write(tmp_path)
    before = files(tmp_path)
    write_report(sample_report.sections()[1:], {}, tmp_path, title="t", lead="l", command="c")
    after = files(tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"README.md", "columns.json", "provenance.json", "report.html"}
    assert "step_sweep" not in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_report_without_figures_and_tables_can_be_written(tmp_path):
    write_report([Section("a", "A", "Q?", "B.")], {}, tmp_path, title="t", lead="l", command="c")
    Page((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_markdown_links_and_images_exist(readme, out):
    targets = re.findall(r"\]\(([^)#]+)\)", readme)
    assert "figures/step_sweep/core.svg" in targets
    assert all((out / target).is_file() for target in targets)


def test_markdown_contents_lead_to_headings(readme):
    headings = re.findall(r"^## (.+)$", readme, flags=re.M)
    plain = [re.sub(r"\\(.)", r"\1", heading) for heading in headings]
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}
    links = re.findall(r"^- \[.*\]\(#([^)]+)\)$", readme, flags=re.M)
    assert len(links) == len(headings) - 1  # all but the contents themselves
    assert set(links) <= anchors


def test_markdown_has_the_findings_and_every_text_alternative(readme):
    assert "One \\*finding\\* with_underscores." in readme
    assert "`x|x|`" in readme
    assert '![Four curves, "V" & all.](figures/step_sweep/core.svg)' in readme


def test_lines_end_with_a_line_feed_only(out):
    for name, content in files(out).items():
        assert b"\r" not in content, name
        assert content.endswith(b"\n"), name


def test_names_must_be_different():
    figure = Figure("a", "t", "c", "x", pd.DataFrame(), lambda fig, data: None)
    with pytest.raises(ValueError, match="different names"):
        Section("s", "t", "q", "a", figures=(figure, figure))
    with pytest.raises(ValueError, match="must not be empty"):
        Section("s", "t", "q", " ")
    with pytest.raises(ValueError, match="name of a section"):
        Section("s t", "t", "q", "a")
    section = Section("s", "t", "q", "a")
    with pytest.raises(ValueError, match="different names"):
        write_report([section, section], {}, Path("nowhere"), title="t", lead="l", command="c")
    with pytest.raises(ValueError, match="none of them in appendix"):
        write_report([Section("opening", "t", "q", "a")], {}, Path("nowhere"), title="t", lead="l", command="c")
