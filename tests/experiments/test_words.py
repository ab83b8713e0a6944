"""What the experiments share: empty cells, and formulas as they are written by hand."""

import pandas as pd
import pytest

from experiments.frames import blank
from experiments.words import PROVED, written
from numdiff.problems import PROBLEMS


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


def test_no_problem_is_shown_as_it_is_programmed():
    assert all(not set("*-") & set(written(problem.formula)) for problem in PROBLEMS.values())


def test_what_is_missing_is_an_empty_cell_and_nothing_else_changes():
    column = pd.Series([1.5, float("nan"), 0.0])
    assert blank(column).tolist() == [1.5, None, 0.0]
    frame = blank(pd.DataFrame({"a": column, "b": ["x", None, ""]}))
    assert frame.to_dict("list") == {"a": [1.5, None, 0.0], "b": ["x", None, ""]}


def test_a_proof_that_rests_on_limits_says_so():
    assert "limits of the elementary functions" in PROVED
