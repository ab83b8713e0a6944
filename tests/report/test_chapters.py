"""A chapter gets its numbers, figures and tables from elsewhere, and says so when one is missing."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest
from markupsafe import Markup

from numdiff.report.chapters import Chapter, mathml
from numdiff.report.figures import Figure
from numdiff.report.tables import Table

TEXT = """The slope is {{ slope }}.

### The limit of $f$

$$
\\lim\\limits_{h \\to 0} \\frac{f(x + h) - f(x)}{h}
$$

::figure curve

### Code & more

```python
>>> 1 + 1
{{ two }}
```

::table rows

See [the other part](section:other), a < b.

<details>
<summary>Answer</summary>

It is *{{ two }}*.

</details>
"""
VALUES = {"slope": "3.297", "two": "2"}


def draw_nothing(fig, data):
    fig.subplots()


FIGURE = Figure("curve", "A curve", "See.", "A line.", pd.DataFrame({"x": [1.0]}), draw_nothing)
TABLE = Table("rows", "Rows", "All.", pd.DataFrame({"x": [1.0]}))


def chapter(text=TEXT, values=VALUES, figures=(FIGURE,), tables=(TABLE,), **options):
    return Chapter("course", "The course", text, values, figures, tables, **options)


def html(item=None):
    shown = chapter() if item is None else item
    return str(shown.to_html(lambda f: Markup("<figure>{}</figure>").format(f.title), lambda t: Markup(t.to_html())))


def markdown(item=None):
    return (chapter() if item is None else item).to_markdown(lambda f: f"![{f.alt}](curve.svg)", Table.to_markdown)


def test_numbers_stand_where_their_placeholders_were():
    for text in (html(), markdown()):
        assert "The slope is 3.297." in text
        assert "{{" not in text


def test_figures_and_tables_stand_where_their_lines_were():
    page, host = html(), markdown()
    assert page.index("</math>") < page.index("<figure>A curve</figure>") < page.index("course-code-more")
    assert page.index("<pre tabindex") < page.index("<table>") < page.index("<details>")
    assert "<p><figure>" not in page
    assert "::" not in page
    assert host.index("### The limit") < host.index("![A line.](curve.svg)") < host.index("### Code")
    assert "| ---: |" in host
    assert "::" not in host


def test_the_page_is_well_formed():
    shown = chapter().to_html(lambda f: Markup("<figure/>"), lambda t: Markup("<table/>"))
    ElementTree.fromstring(f"<main>{shown}</main>")


def test_headings_have_ids_that_the_page_uses_and_the_text_without_markup():
    headings = chapter().headings
    assert [(h.id, h.text) for h in headings] == [
        ("course-the-limit-of-f", "The limit of f"),
        ("course-code-more", "Code & more"),
    ]
    assert re.findall(r'<h3 id="([^"]*)"', html()) == [h.id for h in headings]


def test_formulas_are_mathml_on_the_page_and_latex_on_a_code_host():
    page, host = html(), markdown()
    assert page.count("<math ") == 2
    assert "<munder><mo>lim</mo>" in page
    assert "$" not in page
    assert "\\lim\\limits_{h \\to 0}" in host
    assert "of $f$" in host


def test_links_lead_to_the_anchors_that_the_report_gives_to_its_sections():
    assert '<a href="#other">the other part</a>' in html()
    assert "[the other part](#3-other)" in chapter().to_markdown(
        lambda f: "", lambda t: "", anchor=lambda name: f"3-{name}"
    )
    assert chapter().sections == ("other",)


def test_what_the_text_says_cannot_become_markup():
    assert "a &lt; b" in html()


def test_code_holds_its_numbers():
    assert chapter().code() == (">>> 1 + 1\n2\n",)


def test_a_line_in_code_is_no_figure():
    text = TEXT + "\n```\n::figure other\n```\n"
    assert "::figure other" in html(chapter(text))
    assert "::figure other" in markdown(chapter(text))


def test_an_unknown_or_unused_number_is_refused_by_its_name():
    with pytest.raises(ValueError, match=r"values of chapter 'course' .*does not get \['two'\]"):
        chapter(values={"slope": "1"})
    with pytest.raises(ValueError, match=r"does not name \['third'\]"):
        chapter(values=VALUES | {"third": "3"})


@pytest.mark.parametrize("value", ["<b>", "a*b", "$x$", "`x`", "a_b", "two\nlines", "&amp;"])
def test_a_number_with_markup_is_refused(value):
    with pytest.raises(ValueError, match="value 'slope' of chapter 'course' must be plain text"):
        chapter(values=VALUES | {"slope": value})


def test_a_figure_or_table_that_is_missing_unused_or_shown_twice_is_refused():
    with pytest.raises(ValueError, match=r"figures of chapter .*does not get \['curve'\]"):
        chapter(figures=())
    with pytest.raises(ValueError, match=r"tables of chapter .*does not name \['rows'\]"):
        chapter(TEXT.replace("::table rows", ""))
    with pytest.raises(ValueError, match=r"figures of chapter .*twice \['curve'\]"):
        chapter(TEXT + "\n::figure curve\n")


def test_headings_of_another_level_or_with_one_id_are_refused():
    with pytest.raises(ValueError, match="must be ### headings, got 'Too high'"):
        chapter(TEXT + "\n## Too high\n")
    with pytest.raises(ValueError, match="different ids"):
        chapter(TEXT + "\n### Code more\n")


def test_sources_belong_to_what_is_shown():
    made = chapter(sources={"rows": "composition"})
    assert (made.source_of(TABLE), made.source_of(FIGURE)) == ("composition", "")
    with pytest.raises(ValueError, match=r"sources of chapter .*\['nothing'\]"):
        chapter(sources={"nothing": "composition"})


def test_the_title_and_the_name_are_checked():
    with pytest.raises(ValueError, match="title of chapter 'course' must not be empty"):
        Chapter("course", " ", "", {})
    with pytest.raises(ValueError, match="name of a chapter"):
        Chapter("the course", "Title", "", {})


@pytest.mark.parametrize("latex", [r"\foo", r"\begin{aligned} a &= b \end{aligned}", r"\frac{1}", r"\color{red}"])
def test_a_formula_that_would_be_shown_as_it_is_written_is_refused(latex):
    with pytest.raises(ValueError, match="a formula must consist of commands that become MathML"):
        mathml(latex)


def test_primes_are_not_raised_twice():
    assert '<mi>f</mi><mo lspace="0" rspace="0">′′′</mo>' in mathml("h^2 f'''")
    assert "<msup><mi>h</mi>" in mathml("h^2 f'''")


def test_bars_and_strokes_stand_close():
    assert mathml("|f|/h").count('lspace="0"') == 3
