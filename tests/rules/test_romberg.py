"""Romberg's scheme for a derivative: the textbooks' tables, the constants, and where it ends."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import COMPLEX_STEP, FORWARD, Stencil
from numdiff.rules.base import RuleStatus
from numdiff.rules.romberg import ROMBERG, Romberg
from numdiff.rules.run import run_rule
from tests.rules.obstacle_cases import elementwise, require_an_answer

CASES: list[tuple[Callable[[float], float], float]] = [
    (math.exp, 0.5),
    (math.sin, 1.0),
    (math.tan, 1.0),
    (lambda x: math.sqrt(x) + 1e-7 * math.sin(1e9 * x), 3.0),
    (lambda x: x**4 + 3 * x**2 - 10 * x, 0.99999),
    (lambda x: abs(x - 1), 1.02),
]


def plain_romberg(f: Callable[[float], float], x: float, rows: int = 12) -> tuple[float, float, float, int]:
    """Return derivative, error, step and evaluations of the textbook's program, with its tolerance as here."""
    h = float(np.float64(1) / 10 * max(1.0, abs(x)))
    before, error = [(f(x + h) - f(x - h)) / (2 * h)], math.nan
    for i in range(1, rows):
        h /= 2
        row = [(f(x + h) - f(x - h)) / (2 * h)]
        for j in range(1, i + 1):
            row.append(row[j - 1] + (row[j - 1] - before[j - 1]) / (4.0**j - 1))
        error = abs(row[i] - before[i - 1])
        relative = 2 * error / (abs(row[i]) + abs(before[i - 1]) + 2.0**-52)
        before = row
        if relative <= 2.0 ** (-53 * 13 / 16):
            break
    return before[-1], error, h, 2 * len(before)


@pytest.mark.parametrize("f, x", CASES)
def test_rule_is_the_textbooks_program(f: Callable[[float], float], x: float) -> None:
    choice = run_rule(ROMBERG, elementwise(f), x)
    assert (choice.derivative, choice.error, choice.step, choice.evaluations) == plain_romberg(f, x)


def test_a_kink_takes_all_twelve_rows() -> None:
    assert [plain_romberg(*CASES[-1], rows=rows)[3] for rows in (11, 12)] == [22, 24]
    assert run_rule(ROMBERG, elementwise(CASES[-1][0]), CASES[-1][1]).evaluations in (22, 24)
    assert max(run_rule(ROMBERG, elementwise(f), x).evaluations for f, x in CASES) == 24


def test_table_of_burden_and_faires_is_reproduced() -> None:
    """Section 4.2, table 4.6: x·eˣ at 2 with h = 0.2: the quotients 22.414160, 22.228786, 22.182564 give 22.167168.

    Its last digits are cut, not rounded.
    """
    seen: list[float] = []

    def f(x: Any) -> Any:
        seen.extend(x.tolist())
        return x * np.exp(x)

    choice = run_rule(Romberg("r", step=Fraction(1, 10)), f, 2.0)  # times |x|
    assert [abs(node - 2) for node in seen[:6:2]] == pytest.approx([0.2, 0.1, 0.05])
    values = [node * math.exp(node) for node in seen[:6]]
    quotients = [(values[2 * i] - values[2 * i + 1]) / (2 * (seen[2 * i] - 2)) for i in range(3)]
    assert quotients == pytest.approx([22.414160, 22.228786, 22.182564], abs=1.1e-6)
    second = [quotients[i + 1] + (quotients[i + 1] - quotients[i]) / 3 for i in range(2)]
    assert second == pytest.approx([22.166995, 22.167157], abs=1.1e-6)
    assert round(second[1] + (second[1] - second[0]) / 15, 6) == 22.167168
    assert round(float(choice.derivative), 6) == 22.167168
    assert choice.derivative == pytest.approx(3 * math.exp(2), rel=1e-12, abs=0)


def test_exercise_of_mathews_and_fink_has_thirteen_decimals() -> None:
    """The exercise that goes with their program: sin(x³ − 7x² + 6x + 8) at (1 − √5)/2, started with h = 1."""
    x = (1 - math.sqrt(5)) / 2
    choice = run_rule(Romberg("r", step=Fraction(1)), lambda x: np.sin(x**3 - 7 * x**2 + 6 * x + 8), x)
    truth = (3 * x * x - 14 * x + 6) * math.cos(x**3 - 7 * x**2 + 6 * x + 8)
    assert choice.derivative == pytest.approx(truth, rel=1e-11, abs=0)
    assert choice.evaluations <= 24


def test_noise_is_extrapolated_and_the_error_shows_it() -> None:
    choice = run_rule(ROMBERG, elementwise(CASES[3][0]), CASES[3][1])
    assert choice.evaluations == 24
    assert 1e-7 < choice.error < 1


def test_table_ends_above_four_spacings_of_x() -> None:
    """At 1 in float16 they are 2⁻⁸: of 0.1/2ⁱ the first five are longer."""
    choice = run_rule(ROMBERG, lambda x: np.abs(x - 1.02), 1.0, dtype="float16")
    assert choice.evaluations == 2 * 5


def test_tolerance_is_u_to_the_13_sixteenths() -> None:
    """A cubic is exact in the second row, but for the rounding: 4 evaluations and one row to see it."""
    for name in ("float32", "float64"):
        choice = run_rule(ROMBERG, lambda x: x * x * x, 1.0, dtype=name)
        u = float(FORMATS[name].unit_roundoff)
        assert choice.evaluations == 6
        assert choice.error <= 3 * u ** (13 / 16)


@pytest.mark.parametrize("formula", [FORWARD, COMPLEX_STEP], ids=lambda m: m.name)
def test_other_formulas_are_refused(formula: Stencil) -> None:
    assert run_rule(ROMBERG, np.exp, 0.5, formula).status is RuleStatus.UNSUITABLE


@pytest.mark.parametrize("name", FORMATS)
def test_every_obstacle_has_an_answer_or_a_reason_and_at_most_24_evaluations(name: str) -> None:
    answers = require_an_answer(ROMBERG, name, 24)
    good = [choice for case, x, choice in answers if case == "exponential" and abs(float(x)) <= 3]
    assert good
    assert all(choice.status is RuleStatus.OK for choice in good)
