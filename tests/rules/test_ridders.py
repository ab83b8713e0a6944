"""Ridders' extrapolation: the published algorithm, its constants, and what it does where they do not fit."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import CENTERED, COMPLEX_STEP, FORWARD, Stencil
from numdiff.rules.base import RuleStatus
from numdiff.rules.ridders import RIDDERS
from numdiff.rules.run import run_rule
from tests.rules.obstacle_cases import elementwise, require_an_answer

CASES: list[tuple[Callable[[float], float], float]] = [
    (math.exp, 0.5),
    (math.sin, 1.0),
    (math.tan, 1.0),
    (lambda x: math.exp(x) / (math.sin(x) - x * x), 1.0),
    (lambda x: math.sqrt(x) + 1e-7 * math.sin(1e9 * x), 3.0),
    (lambda x: x**4 + 3 * x**2 - 10 * x, 0.99999),
    (lambda x: math.atan(30 * x), 0.2),
    (lambda x: abs(x - 1), 1.02),
]


def plain_ridders(f: Callable[[float], float], x: float, safe: float = 2.0) -> tuple[float, float, float, int]:
    """Return derivative, error, step and evaluations: ten rows, the ratio 1.4, rows ended by `safe`."""
    h = float(np.float64(1) / 10 * max(1.0, abs(x)))
    table = [[(f(x + h) - f(x - h)) / (2 * h)]]
    best, error, step = table[0][0], math.inf, h
    for i in range(1, 10):
        h = h / 1.4
        row = [(f(x + h) - f(x - h)) / (2 * h)]
        gain = 1.96
        for j in range(1, i + 1):
            row.append((gain * row[j - 1] - table[i - 1][j - 1]) / (gain - 1))
            gain *= 1.96
            distance = max(abs(row[j] - row[j - 1]), abs(row[j] - table[i - 1][j - 1]))
            if distance <= error:
                best, error, step = row[j], distance, h
        table.append(row)
        if abs(row[i] - table[i - 1][i - 1]) >= safe * error:
            break
    return best, error, step, 2 * len(table)


@pytest.mark.parametrize("f, x", CASES)
def test_rule_is_the_published_algorithm_with_ten_rows_and_the_ratio_1_4(f: Callable[[float], float], x: float) -> None:
    choice = run_rule(RIDDERS, elementwise(f), x)
    assert (choice.derivative, choice.error, choice.step, choice.evaluations) == plain_ridders(f, x)


def test_the_cases_tell_2_from_other_factors_that_end_the_table() -> None:
    for factor in (1.5, 3.0):
        assert any(plain_ridders(f, x, factor) != plain_ridders(f, x) for f, x in CASES)


def test_the_tangent_at_1_has_the_digits_of_a_published_example() -> None:
    """D. Burkett's port for a calculator of 14 decimals: 3.42551882081 ± 1.4e-12, with h₀ = 0.1."""
    choice = run_rule(RIDDERS, np.tan, 1.0)
    assert choice.derivative == pytest.approx(3.42551882081, abs=6e-12)
    assert choice.error < 1.4e-12
    assert choice.derivative == pytest.approx(1 / math.cos(1) ** 2, rel=1e-13, abs=0)


def test_the_error_is_no_bound() -> None:
    choices = [(run_rule(RIDDERS, np.exp, x), math.exp(x)) for x in np.linspace(0.5, 2, 50)]
    missed = [abs(choice.derivative - truth) > choice.error for choice, truth in choices]
    assert 0.1 < np.mean(missed) < 0.9


def test_table_ends_above_four_spacings_of_x() -> None:
    """At 1 in bfloat16 they are 2⁻⁵: of 0.1/1.4ⁱ the first four are longer; the front alone would end the fifth row."""
    choice = run_rule(RIDDERS, lambda x: np.arctan(x * 30.0 - 30.0), 1.0, CENTERED, "bfloat16")
    assert choice.evaluations == 2 * 4


def test_a_flat_pair_of_lost_steps_is_not_taken_for_a_derivative_of_0() -> None:
    choice = run_rule(RIDDERS, lambda x: x, 1.0, CENTERED, "bfloat16")
    assert abs(float(choice.derivative) - 1) < 0.2


def test_the_first_step_is_cut_to_nine_tenths_of_the_room() -> None:
    seen: list[float] = []

    def log(x: Any) -> Any:
        seen.extend(x.tolist())
        return np.log(x)

    choice = run_rule(RIDDERS, log, 1e-3, domain=(0.0, math.inf))
    assert min(seen) == pytest.approx(1e-4, rel=1e-9, abs=0)
    assert choice.derivative == pytest.approx(1000, rel=1e-3, abs=0)


@pytest.mark.parametrize("formula", [FORWARD, COMPLEX_STEP], ids=lambda m: m.name)
def test_other_formulas_are_refused(formula: Stencil) -> None:
    assert run_rule(RIDDERS, np.exp, 0.5, formula).status is RuleStatus.UNSUITABLE


@pytest.mark.parametrize("name", FORMATS)
def test_every_obstacle_has_an_answer_or_a_reason_and_at_most_20_evaluations(name: str) -> None:
    answers = require_an_answer(RIDDERS, name, 20)
    good = [choice for case, x, choice in answers if case == "exponential" and abs(float(x)) <= 3]
    assert good
    assert all(choice.status is RuleStatus.OK for choice in good)
