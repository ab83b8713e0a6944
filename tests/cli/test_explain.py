"""``numdiff explain``: words with a paragraph, a formula and a place in the report."""

import re

import pytest

from numdiff.adaptive.status import DerivativeStatus
from numdiff.cli.explain import COLUMNS, senses
from numdiff.cli.words import WORDS, plain_text
from numdiff.definitions import DEFINITIONS, LEDGER_IN_SHORT
from numdiff.rules.assumptions import FailedAssumption
from tests.cli.calls import ROOT, call, names_of


@pytest.mark.parametrize("word", WORDS)
def test_a_term_has_a_paragraph_without_markup_and_a_place_in_the_report(word):
    done = call("explain", *word.split())
    assert done.status == 0
    text = " ".join(done.out.split())
    assert text.startswith(f"{word} (term)")
    assert plain_text(WORDS[word].text) in text
    assert not re.search(r"[\\$*{}`]", plain_text(WORDS[word].text))
    assert f"“{WORDS[word].section}”" in text


def test_sections_are_headings_of_the_report():
    report = ROOT / "results" / "README.md"
    if not report.exists():
        pytest.skip("the report is part of a checkout")
    headings = {
        re.sub(r"^\d+\. ", "", heading)
        for heading in re.findall(r"^#+ (.*)$", report.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {word.section for word in WORDS.values()} <= {
        heading.replace("\N{NO-BREAK SPACE}", " ") for heading in headings
    }


def test_the_parts_are_explained_in_the_words_of_the_report():
    assert LEDGER_IN_SHORT in DEFINITIONS
    for part in ("truncation", "roundoff", "abscissa", "evaluation", "combination", "total"):
        assert WORDS[part].text == LEDGER_IN_SHORT
        assert WORDS[part].formula.startswith(f"{part} = ")


def test_statuses_are_explained_with_their_advice_as_options_of_the_command():
    for status in DerivativeStatus:
        done = call("explain", status.label)
        assert status.meaning in " ".join(done.out.split())
    assert "--side left" in call("explain", "kink").out
    for assumption in FailedAssumption:
        assert str(assumption) in call("explain", str(assumption)).out


@pytest.mark.parametrize(
    "word", ["float32", "centered4", "composition", "outside domain", "TRUNCATION", "unit_roundoff"]
)
def test_names_and_spellings_are_found(word):
    assert call("explain", word).status == 0


def test_columns_of_a_sweep_are_explained():
    pytest.importorskip("pandas")
    (row,) = call("explain", "a_priori_bound", "--json").rows
    assert "needs no run" in row["meaning"]


def test_an_unknown_word_names_near_ones_with_status_2():
    done = call("explain", "truncatoin")
    assert done.status == 2
    assert "did you mean 'truncation'" in done.err
    assert "numdiff explain lists all words" in call("explain", "qqqqqq").err


def test_without_a_word_all_are_listed():
    done = call("explain")
    assert done.status == 0
    text = " ".join(done.out.split())
    assert all(sense["word"] in text for sense in senses())


def test_rows_have_the_columns_of_the_help():
    assert list(call("explain", "truncation", "--csv").rows[0]) == names_of(COLUMNS)


def test_formulas_in_latex_become_plain_characters():
    assert plain_text(r"$h = 2\sqrt{\varepsilon |f/f''|} \quad\text{(forward)}$") == "h = 2√(ε |f/f''|) (forward)"
    assert plain_text(r"$\tfrac{h^2}{6}|f'''|$ and **bold** `code`") == "h²·|f'''|/6 and bold code"


@pytest.mark.parametrize(("asked", "word"), [("h", "step"), ("u", "unit roundoff"), ("Rounding", "roundoff")])
def test_a_symbol_is_explained_by_its_word(asked, word):
    assert call("explain", asked).out == call("explain", word).out


def test_every_status_and_state_of_a_cell_is_explained():
    pytest.importorskip("mpmath")
    pytest.importorskip("flint")
    from numdiff import State, Status

    known = {sense["word"] for sense in senses()}
    assert {str(item) for item in (*Status, *State)} - {"ok"} <= known
