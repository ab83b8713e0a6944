import itertools
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from numdiff.report import Figure, Section, write_report
from numdiff.report.pages import prose
from numdiff.report.tables import frame_from_csv
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
        "tables/overview/formats.csv",
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
    assert not [t for t, _ in page.tags if t in ("script", "link", "iframe", "img", "object", "embed", "base")]
    assert not re.search(r"@import|url\((?!#)|//cdn|https?://(?!www\.w3\.org/2000/svg)", html)


def test_content_security_policy_forbids_requests(page):
    (policy,) = [a["content"] for a in page.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")


def test_links_lead_to_places_of_the_page_or_to_files_that_were_written(page, out):
    ids = set(page.values("id"))
    links = [a["href"] for a in page.of("a")]
    assert links
    for link in links:
        assert link[1:] in ids if link.startswith("#") else (out / link).is_file(), link


def test_references_inside_svg_resolve(page, html):
    ids = set(page.values("id"))
    assert {a["href"][1:] for a in page.of("use")} <= ids
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= ids


def test_ids_are_unique(page):
    ids = page.values("id")
    assert len(set(ids)) == len(ids)


def test_contents_list_names_every_section(page):
    links = [a["href"] for a in page.of("a")]
    for section in sample_report.sections():
        # Once in the column at the side, once in the fold of a small screen.
        assert links.count(f"#{section.name}") >= 2


def test_every_figure_has_a_text_alternative_and_a_data_table(page):
    images = [a for a in page.of("svg") if a.get("role") == "img"]
    alts = [figure.alt for figure in sample_report.figures()]
    assert sorted(a["aria-label"] for a in images) == sorted([*alts, alts[0]])
    assert len(page.of("svg")) == len(images)
    details = [a["aria-details"] for a in page.of("div") if "aria-details" in a]
    assert details == ["data-step_sweep-core", "data-ledger-panels"]
    assert set(details) <= {a.get("id") for a in page.of("details")}


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


def test_wide_content_scrolls_in_a_box_that_the_keyboard_reaches(page):
    parents = [a for t, a in page.tags if a.get("class") in ("scroll", "plot")]
    assert len(parents) >= len(page.of("table"))
    assert all(a.get("tabindex") == "0" and a.get("aria-label") for a in parents)


def test_table_says_how_many_rows_there_are_and_where(html):
    rows = sum(r["problem"].nunique() * 40 for r in [sample_report.records()])
    assert f'Rows 1 to 40 of {rows}; all of them are in the <a href="tables/step_sweep/total.csv">' in html


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


def test_hero_is_the_first_figure_or_the_chosen_one(tmp_path, html):
    assert html.index('href="#figure-step_sweep-core">Figure 1.1') < html.index('id="step_sweep"')
    sections = sample_report.sections()
    options = {"title": "t", "lead": "l", "command": "c"}
    write_report(sections, {}, tmp_path, **options, hero=("ledger", "panels"))
    assert 'href="#figure-ledger-panels">Figure 2.1' in (tmp_path / "report.html").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="hero must name"):
        write_report(sections, {}, tmp_path, **options, hero=("ledger", "core"))


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
    with pytest.raises(ValueError, match="none of them in overview"):
        write_report([Section("summary", "t", "q", "a")], {}, Path("nowhere"), title="t", lead="l", command="c")
