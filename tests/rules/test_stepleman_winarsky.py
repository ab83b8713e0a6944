"""Stepleman and Winarsky: their functions, the sequence of steps, and the window of the first one."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import numdiff as nd
from numdiff.rules.base import RuleStatus
from numdiff.rules.evaluation import Probe
from numdiff.rules.run import run_rule
from numdiff.rules.stepleman_winarsky import STEPLEMAN_WINARSKY, SteplemanWinarsky, searched_start

PAPER: list[tuple[Any, float, float]] = [
    (np.sqrt, 1.0, 0.5),
    (np.exp, 1.0, math.e),
    (np.log, 2.0, 0.5),
    (np.arctan, 0.5, 0.8),
    (np.sin, 1.0, math.cos(1)),
]
"""Functions of page 1263 with their derivatives."""


@pytest.mark.parametrize("f, x, first", PAPER, ids=["sqrt", "exp", "log", "arctan", "sin"])
def test_functions_of_the_paper_are_differentiated_to_two_thirds_of_the_digits(f: Any, x: float, first: float) -> None:
    choice = run_rule(STEPLEMAN_WINARSKY, f, x)
    assert float(choice.derivative) == pytest.approx(first, rel=20 * (2.0**-53) ** (2 / 3))
    assert 2.0**-21 < choice.step < 2.0**-15
    assert choice.reason == ""


@pytest.mark.parametrize("f, x, first", PAPER, ids=["sqrt", "exp", "log", "arctan", "sin"])
def test_the_step_is_the_last_before_the_differences_grow(f: Any, x: float, first: float) -> None:
    """The sequence 1/4, 1/16, … written out."""
    steps = [4.0**-i for i in range(1, 24)]
    quotients = [float(f(np.array([x + h]))[0] - f(np.array([x - h]))[0]) / (2 * h) for h in steps]
    changes = [math.inf, *(abs(after - before) for before, after in pairwise(quotients))]
    stop = next(i for i in range(2, len(steps)) if changes[i] > changes[i - 1] or changes[i] == 0)
    choice = run_rule(SteplemanWinarsky("it", start=0.25), f, x)
    assert choice.step == steps[stop - 1]
    assert choice.evaluations == 2 * (stop + 1) + 2
    noise = 2.0**-53 * max(float(f(np.array([x + side * steps[stop - 1]]))[0]) for side in (1, -1))
    assert choice.error == pytest.approx(changes[stop - 1] / 15 + noise / steps[stop - 1], rel=1e-12, abs=0)


def test_examples_of_pnd_and_numericalderivative() -> None:
    """x⁴ at 2 to 1e-8; sin at π/4; exp(−x/10⁶) from 10⁸, where the derivative is right to 1e-15."""
    assert float(run_rule(STEPLEMAN_WINARSKY, lambda x: x**4, 2.0).derivative) == pytest.approx(32, rel=1e-8)
    assert float(run_rule(STEPLEMAN_WINARSKY, np.sin, math.pi / 4).derivative) == pytest.approx(0.5**0.5, rel=1e-10)
    low = run_rule(SteplemanWinarsky("it", start=1e-9), lambda x: x**4, 2.0)
    assert float(low.step) <= 1e-9
    choice = run_rule(SteplemanWinarsky("it", start=1e8), lambda x: np.exp(-x / 1e6), 1.0)
    assert float(choice.derivative) == pytest.approx(-1e-6 * math.exp(-1e-6), abs=1e-15)
    assert 0.1 < float(choice.step) < 100


def line(slope: float) -> Probe:
    """1 + slope·x at 0: δ(h) is 2·slope·h."""
    return Probe(lambda x: 1 + slope * x, np.float64(0.0), nd.get_format("float64"), (-math.inf, math.inf))


@pytest.mark.parametrize(
    "slope, factor", [(0.0801, 1.0), (0.0799, 2.0), (1.999, 1.0), (2.001, 0.25)], ids=["in", "small", "in", "large"]
)
def test_the_first_step_loses_digits_but_not_too_many(slope: float, factor: float) -> None:
    """For e = 10⁻⁶ the least δ is 4·10⁻² = 2·0.08·¼, and 2·4·10⁻²/δ takes a step that is too short to twice of it."""
    found = searched_start(line(slope), np.float64(1.0), np.float64(0.25), 1e-6)
    assert float(found) == pytest.approx(0.25 * factor, rel=0.01 if factor == 2 else 1e-12)


def test_without_a_first_step_the_search_ends_and_says_so() -> None:
    for f in (lambda x: x * 0 + 1.5, np.cos):
        choice = run_rule(STEPLEMAN_WINARSKY, f, 0.0)
        assert choice.step == 0.25
        assert "loses as many digits" in choice.reason
        assert choice.derivative == 0
        assert choice.evaluations == 1 + 2 * 12 + 4 + 2


def test_the_sequence_is_bounded_where_the_differences_always_shrink() -> None:
    """D(h) = h² for x³ at 0."""
    choice = run_rule(SteplemanWinarsky("it", start=1.0), lambda x: x * x * x, 0.0)
    assert choice.step == 4.0**-39
    assert "shortest step" in choice.reason
    assert choice.evaluations == 2 * 40 + 2


def test_values_that_are_missing_far_away_only_delay_the_sequence() -> None:
    choice = run_rule(STEPLEMAN_WINARSKY, lambda x: np.where(np.abs(x - 1) < 1e-2, np.exp(x), np.nan), 1.0)
    assert float(choice.derivative) == pytest.approx(math.e, rel=1e-9)
    nowhere = run_rule(STEPLEMAN_WINARSKY, lambda x: np.where(x == 1, 1.0, np.nan), 1.0)
    assert nowhere.status is RuleStatus.NOT_FINITE
