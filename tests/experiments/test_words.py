"""How formulas and bounds read in a sentence."""

import pytest

from experiments.words import PROVED, short_number, written
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
