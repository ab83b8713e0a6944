"""The site: every public name, every column and every link of its pages; what is cited is true."""

import datetime
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import numdiff as nd
from docs.extensions import command_help, data_dictionary
from docs.extensions.public_names import bars_escaped, docstring_of
from docs.extensions.repository_links import linked_paths, rewritten, target_of
from numdiff.cli.program import COMMANDS
from numdiff.study.records import FIELDS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("tutorials/*.md")])


def test_every_public_name_is_documented_once():
    page = (DOCS / "api.rst").read_text(encoding="utf-8")
    blocks = re.findall(r"^\.\. public-names::\n\n((?:   .*\n)+)", page, re.MULTILINE)
    assert sorted(" ".join(blocks).split()) == sorted(nd.__all__)


def test_every_public_name_has_a_first_sentence():
    for name in nd.__all__:
        assert docstring_of(name).split("\n\n")[0].rstrip().endswith((".", ":")), name


@pytest.mark.parametrize(
    ("line", "escaped"),
    [
        ("if |x| is 0", r"if \|x\| is 0"),
        ("``|x|`` and |y|", r"``|x|`` and \|y\|"),
        ("`a|b`", "`a|b`"),
    ],
)
def test_absolute_values_are_no_substitutions(line, escaped):
    assert bars_escaped([line]) == [escaped]


def test_code_keeps_its_bars():
    lines = [">>> a | b", "c | d", "", "|x|", "as in::", "", "    |z|", "|y|"]
    assert bars_escaped(lines) == [">>> a | b", "c | d", "", r"\|x\|", "as in::", "", "    |z|", r"\|y\|"]


# --- links ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("[a](results/README.md)", "[a](site:report.html)"),
        ("[a](docs/tutorials/course.md)", "[a](site:tutorials/course.html)"),
        ("[a](examples/numdiff-plugin)", "[a](site:source/examples/numdiff-plugin.html)"),
        (
            "[![a](results/figures/a.svg)](results/README.md)",
            "[![a](../results/figures/a.svg)](site:report.html)",
        ),
        ("[a](#b)", "[a](#b)"),
    ],
)
def test_links_of_the_readme_lead_to_the_site(link, address):
    assert rewritten(link) == address


def test_links_of_a_tutorial_lead_to_the_site_from_where_it_is():
    text = "[a](../../results/README.md) [b](gradient.md) [c](../../examples/numdiff-plugin) [d](https://example.org/x)"
    assert rewritten(text, "../../", "../") == (
        "[a](site:../report.html) [b](gradient.md) [c](site:../source/examples/numdiff-plugin.html) "
        "[d](https://example.org/x)"
    )


def test_a_heading_of_the_report_is_found_in_its_page():
    address = target_of("results/README.md", "#16-checking-a-gradient")
    assert address == "part:report.html#gradient_check-title"


@pytest.mark.parametrize(("path", "heading"), [("numdiff/no_such.py", ""), ("results/README.md", "#no-such-heading")])
def test_a_link_to_nothing_is_refused(path, heading):
    with pytest.raises(ValueError, match=r"no.such"):
        target_of(path, heading)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_of_the_pages_hold_in_the_checkout_too(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path = link.partition("#")[0]
        assert "://" in link or (page.parent / path).exists(), link


def test_what_is_linked_to_is_there():
    assert "examples/numdiff-plugin" in linked_paths()
    assert all((ROOT / path).exists() for path in linked_paths())


# --- the data dictionary --------------------------------------------------------------------------------------


def test_every_column_of_the_results_has_a_meaning():
    stored = json.loads((ROOT / "results" / "columns.json").read_text(encoding="utf-8"))
    found = data_dictionary.files()
    results = ROOT / "results"
    assert found.keys() == {path.relative_to(results).as_posix() for path in results.rglob("*.csv")}
    for file, columns in found.items():
        assert {column.name for column in columns} == set(data_dictionary.heads(results / file))
        assert all(column.meaning and not column.meaning.endswith(".") for column in columns)
    for file, entry in stored.items():
        assert {column.name: column.kind for column in found[file]} == entry["columns"]


def test_the_dictionary_has_no_words_that_no_file_needs():
    columns = {file: {column.name for column in listed} for file, listed in data_dictionary.files().items()}
    known = data_dictionary.words()
    assert set(known["columns"]) <= set().union(*columns.values())
    for place, names in known["in"].items():
        assert set(names) <= set().union(*(found for file, found in columns.items() if file.startswith(place))), place
    assert {name for name in known["units"] if FIELDS[name].metadata["unit"]} == set()


def test_every_number_of_a_record_has_a_unit():
    keys = {name for name, field in FIELDS.items() if field.metadata["kind"] == "key"}
    numbers = {name for name, field in FIELDS.items() if field.type in (float, int)} - keys
    assert {name for name in numbers if not data_dictionary.unit_of(name)} == set()


def test_a_column_without_a_meaning_is_named():
    with pytest.raises(ValueError, match=r"the column 'no_such' of results/tables/a\.csv"):
        data_dictionary.described("tables/a.csv", "no_such")


def test_what_is_said_of_a_file_goes_before_what_is_said_of_a_name():
    general = data_dictionary.described("tables/step_rules/league.csv", "median")
    assert data_dictionary.described("figures/gradient_check/smallest_by_size.csv", "median") != general
    assert data_dictionary.described("tables/a.csv", "total") == ("computed minus exact derivative", "f/x")


def test_records_page_names_every_file_of_the_results():
    page = (DOCS / "records.md").read_text(encoding="utf-8")
    for path in (ROOT / "results").iterdir():
        assert f"`{path.name}`" in page or f"`{path.name}/" in page, path.name


# --- the command --------------------------------------------------------------------------------------------


def test_the_help_of_every_command_is_on_its_page():
    found = command_help.pages()
    assert list(found) == ["", *COMMANDS]
    assert all("Usage: numdiff" in text for text in found.values())
    assert max(len(line) for text in found.values() for line in text.splitlines()) <= command_help.WIDTH


# --- how to cite ------------------------------------------------------------------------------------------


def test_the_citation_keeps_the_rules_of_its_format():
    """Of the Citation File Format 1.2.0: the keys that must be there, and those that may, with their kinds."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation.keys() <= {
        *("cff-version", "message", "type", "title", "abstract", "authors", "version", "license", "keywords"),
        *("date-released", "doi", "repository-code", "url", "identifiers", "references"),
    }
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert all(set(author) == {"name"} and author["name"] for author in citation["authors"])
    assert len(set(citation["keywords"])) == len(citation["keywords"])
    assert isinstance(citation.get("date-released", datetime.date.min), datetime.date)


def test_the_citation_says_what_the_package_says_and_has_a_date_only_once_there_is_a_release():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["license"] == project["license"]
    assert str(citation["version"]) == project["version"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in project["authors"]]
    assert set(project["keywords"]) == set(citation["keywords"])
    page = (DOCS / "citing.md").read_text(encoding="utf-8")
    assert f"title   = {{{citation['title']}}}" in page
    assert f"version = {{{project['version']}}}" in page
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert ("date-released" in citation) is (f"## Unreleased ({project['version']})" not in changes)


def test_a_warning_ends_the_build_and_the_check_runs_it():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"^docs:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert "--fail-on-warning" in recipe
    assert "nitpicky = True" in (DOCS / "conf.py").read_text(encoding="utf-8")
    assert "\nmake docs\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
