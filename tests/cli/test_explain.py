"""``numdiff explain``: words with a paragraph, a formula and a place in the report."""

import re

import pytest

from numdiff.adaptive.status import DerivativeStatus
from numdiff.cli.explain import COLUMNS, senses
from numdiff.cli.words import VERDICTS, WORDS, plain_text
from numdiff.definitions import DEFINITIONS, LEDGER_IN_SHORT
from numdiff.gradients.rule import Verdict
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
    known = {heading.replace("\N{NO-BREAK SPACE}", " ") for heading in headings}
    assert {re.findall("“(.*)”", sense["report"])[0] for sense in senses()} <= known


def test_each_term_has_a_paragraph_and_a_formula_of_its_own():
    for kind in ("text", "formula"):
        texts = [getattr(word, kind) for word in WORDS.values()]
        assert all(texts)
        assert sorted(set(texts)) == sorted(texts)


def test_every_other_word_has_a_paragraph_of_its_own_and_a_place_in_the_report():
    known = list(senses())
    assert all(sense["meaning"] and sense["report"] for sense in known)
    for kind in ("status of a derivative", "assumption of advise that fails", "status of a step rule"):
        texts = [sense["meaning"] for sense in known if sense["kind"] == kind]
        assert sorted(set(texts)) == sorted(texts)
    formulas = [sense for sense in known if sense["kind"] == "formula"]
    assert len({(sense["meaning"], sense["formula"]) for sense in formulas}) == len(formulas)
    (row,) = call("explain", "second_centered", "--json").rows
    assert row["meaning"] == "a formula for f″ from 3 values of f, with an error of order h^2"


def test_the_parts_are_those_of_the_report_and_add_up():
    parts = {"truncation": "a − t", "abscissa": "b − a", "evaluation": "c − b", "combination": "d − c"}
    for part, difference in {**parts, "roundoff": "d − a", "total": "d − t"}.items():
        assert WORDS[part].formula.startswith(f"{part} = {difference}")
        assert f"*{part}*" in LEDGER_IN_SHORT.lower()
    for part, difference in parts.items():
        assert f"{part} ${difference.replace('−', '-')}$" in DEFINITIONS


def test_the_leading_terms_of_truncation_are_those_of_the_formulas():
    pytest.importorskip("flint")
    import numdiff as nd

    forward, centered = (nd.error_ledger(lambda x: x**3, 2.0, 0.5, name).truncation for name in ("forward", "centered"))
    assert "forward ≈ h/2·f″(x), centered ≈ h²/6·f‴(x)" in WORDS["truncation"].formula
    assert forward == 0.5 / 2 * 12 + 0.5**2 / 6 * 6
    assert centered == 0.5**2 / 6 * 6


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


def test_a_step_rule_is_explained_with_its_source():
    pytest.importorskip("flint")
    pytest.importorskip("scipy")
    (row,) = call("explain", "gill_murray", "--json").rows
    assert row["kind"] == "step rule"
    assert "Gill" in row["meaning"]


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


def test_every_verdict_of_a_check_is_explained():
    assert list(VERDICTS) == [str(verdict) for verdict in Verdict]
    for verdict, (meaning, _) in VERDICTS.items():
        done = call("explain", verdict)
        assert meaning in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("word", "command"),
    [("expected_digits", "advise"), ("df_hex", "derivative"), ("d_hex", "ledger"), ("verdict_here", "check")],
)
def test_columns_of_every_answer_are_explained(word, command):
    kinds = [row["kind"] for row in call("explain", word, "--json").rows]
    assert kinds == [f"column of numdiff {command}"]


def test_a_term_is_explained_once_and_not_for_each_command_that_has_it_as_a_column():
    kinds = [row["kind"] for row in call("explain", "truncation", "--json").rows]
    assert kinds[0] == "term"
    assert set(kinds) <= {"term", "column of numdiff sweep"}
