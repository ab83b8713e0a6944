import json
import re
from pathlib import Path

import pandas as pd

from numdiff import definitions
from numdiff.report import Section, provenance, write_report
from numdiff.report.chapters import mathml
from numdiff.report.function_pages import FunctionFacts, function_page, function_pages
from numdiff.report.tables import Table
from tests.report.test_core_tables import FORMATS, METHODS, all_records, records


def facts(name="exp", **changes):
    steps = pd.DataFrame({"method": ["forward"], "format": ["float64"], "textbook_step": [2.1e-8], "best_step": [None]})
    known = {
        "name": name,
        "formula": "exp(x)",
        "reason": "A reason.",
        "source": "A source, p. 3",
        "x": 0.5,
        "derivative": "1.64872127070012814684865078781e+0",
        "radius": 1.7e-77,
        "steps": Table("steps", "Steps", "A caption.", steps, dict.fromkeys(("textbook_step", "best_step"), "e3")),
    }
    return FunctionFacts(**(known | changes))


def test_pages_are_named_after_their_functions_and_linked_from_the_list():
    pages = function_pages(all_records(), [facts("exp"), facts("kostyrka_line")], METHODS, FORMATS)
    assert list(pages) == ["functions/README.md", "functions/exp.md", "functions/kostyrka_line.md"]
    assert "[exp](exp.md) | exp(x) | 0.5 | 1.648721270700128 |" in pages["functions/README.md"]
    assert definitions.DEFINITIONS in pages["functions/README.md"]


def test_page_says_what_the_function_is_and_has_a_table_for_every_run():
    page = function_page(records("exp"), facts(), METHODS, FORMATS)
    for words in ("A reason.", "A source, p. 3", "x = 0.5", "1.64872127070012814684865078781", "radius of 1.7e-77"):
        assert words in page
    wanted = [f"{method.capitalize()} difference, {name}" for method in METHODS for name in FORMATS]
    assert re.findall(r"^### (.*)$", page, re.MULTILINE) == wanted
    assert page.count("|total|truncation|roundoff|") == len(wanted)
    assert page.count("<details>") == page.count("</details>") == len(wanted)
    assert "|3|2⁻³|" in page.partition("## Truncation error at dyadic steps")[2]
    assert "|forward|float64|2.10e-08|–|" in page


def test_exact_derivative_is_said_to_be_exact_and_short():
    page = function_page(records("exp"), facts(derivative="8.0" + 28 * "0" + "e-1", radius=0.0), METHODS, FORMATS)
    assert "f′(x) = 0.8 (30 digits; computed exactly, as a fraction)" in page


def test_page_is_the_same_text_each_time_and_has_no_padding():
    page = function_page(records("exp"), facts(), METHODS, FORMATS)
    assert page == function_page(records("exp").sample(frac=1, random_state=3), facts(), METHODS, FORMATS)
    assert not re.search("[\u2007\u2008]", page)
    assert "undefined" not in page
    assert "nan" not in page


def test_definitions_have_formulas_of_all_parts_and_name_where_truth_comes_from():
    text = definitions.DEFINITIONS
    for word in (
        "truncation",
        "abscissa",
        "evaluation",
        "combination",
        "mpmath",
        "Arb",
        "forward",
        "centered",
        "model",
    ):
        assert word in text, word
    for formula in (
        r"2\sqrt{\varepsilon |f/f''|}",
        r"\sqrt[3]{3\varepsilon",
        r"\frac{f(x+h) - f(x-h)}{2h}",
    ):
        assert formula in text, formula
    assert text.count("$$") % 2 == 0
    assert text.replace("$$", "").count("$") % 2 == 0


def test_definitions_can_be_shown_on_the_page_with_formulas():
    displayed = re.findall(r"\$\$(.+?)\$\$", definitions.DEFINITIONS, re.DOTALL)
    inline = re.findall(r"\$([^$]+)\$", re.sub(r"\$\$.+?\$\$", "", definitions.DEFINITIONS, flags=re.DOTALL))
    assert len(displayed) == 6
    assert len(inline) > 15
    for formula in (*displayed, *inline):
        # Raises on a command that the page could not show.
        assert mathml(formula).startswith("<math")


def test_report_writes_pages_and_tables_that_are_files_alone(tmp_path):
    section = Section("one", "One", "Why?", "So.")
    table = Table(
        "all_digits", "All", "A caption.", pd.DataFrame({"k": [1], "truncation": [0.5]}), where={"grid": "dyadic"}
    )
    origin = provenance.collect(Path("requirements.lock"), "make", {})
    written = write_report(
        [section],
        origin,
        tmp_path,
        title="T",
        lead="L",
        command="make",
        data={"one": [table]},
        files={"functions/exp.md": "# exp\n"},
    )
    names = {path.relative_to(tmp_path).as_posix() for path in written}
    assert {"functions/exp.md", "tables/one/all_digits.csv"} <= names
    assert (tmp_path / "functions/exp.md").read_text() == "# exp\n"
    entry = json.loads((tmp_path / "columns.json").read_text())["tables/one/all_digits.csv"]
    assert entry["columns"] == {"k": "portable", "truncation": "portable"}
    assert "all_digits" not in (tmp_path / "README.md").read_text()
