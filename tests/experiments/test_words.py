"""How formulas and bounds read in a sentence."""

import pandas as pd
import pytest

from experiments.words import PROVED, function_name, named, short_number, words_of, written
from numdiff.problems import PROBLEMS, general_problems
from numdiff.report.tables import Table


@pytest.mark.parametrize(
    "formula, by_hand",
    [
        ("x**2 * cos(2*x)", "x² · cos(2·x)"),
        ("(x - 2)**9", "(x − 2)⁹"),
        ("x**1.5", "x^1.5"),
        ("x**12.5 + x**12", "x^12.5 + x¹²"),
        ("x**n", "x^n"),
        ("exp(-x)", "exp(−x)"),
    ],
)
def test_powers_products_and_signs_are_written_by_hand(formula, by_hand):
    assert written(formula) == by_hand


@pytest.mark.parametrize(
    "value, text",
    [(2.0**-10, "2⁻¹⁰"), (-12.0, "−12"), (0.5, "0.5"), (0.125, "0.125"), (0.0625, "2⁻⁴"), (0.001, "0.001"), (0.0, "0")],
)
def test_points_read_well(value, text):
    assert short_number(value) == text


def test_no_problem_is_shown_as_it_is_programmed():
    assert all(not set("*-") & set(written(problem.formula)) for problem in PROBLEMS.values())


def test_a_proof_that_rests_on_limits_says_so():
    assert "limits of the elementary functions" in PROVED


def test_a_function_is_called_by_its_formula_and_no_two_are_called_alike():
    names = [function_name(name) for name in general_problems()]
    assert len(set(names)) == len(names)
    assert function_name("oscillation") == "sin(50·x)"
    assert function_name("dumontet_vignes_log") == "log(x) at x = 1"
    # A published table has the function of another problem.
    assert function_name("higham_table_1_2") == "exp(x) at x = 0"


def test_tables_show_names_and_their_files_keep_the_identifiers():
    frame = pd.DataFrame(
        {
            "problem": ["oscillation", "no_problem"],
            "method": ["centered4", "complex_step"],
            "bug": ["stale_activation", "sign"],
            "reason": ["the step of the grid representable_at_1 is 0", ""],
            "note": ["a_b", "c"],
        }
    )
    (table,) = named([Table("t", "T", "", frame, words={"note": {"c": "see"}})])
    rows = [line.strip("| ").split(" | ") for line in table.to_markdown().splitlines()[2:]]
    assert rows[0][:4] == ["sin(50·x)", "centered, h⁴", "stale activation", "the step of the grid (h + 1) − 1 is 0"]
    assert rows[1][:2] == [r"no_problem", "complex step"]
    assert [row[-1] for row in rows] == ["a_b", "see"]
    for text in (table.to_html(), table.to_latex()):
        assert "stale activation" in text
    assert table.to_csv().splitlines()[1].startswith("oscillation,centered4,stale_activation,")
    assert words_of(pd.DataFrame({"method": [1.0, None]})) == {"method": {}}
