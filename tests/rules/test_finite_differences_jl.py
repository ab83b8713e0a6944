"""The adaptive rule of FiniteDifferences.jl: its documentation's figures to the last digits, and its edges."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import COMPLEX_STEP, FORWARD, Stencil, centered
from numdiff.rules import finite_differences_jl as module
from numdiff.rules.base import RuleStatus
from numdiff.rules.finite_differences_jl import FINITE_DIFFERENCES_JL
from numdiff.rules.run import run_rule
from tests.rules.obstacle_cases import elementwise, require_an_answer


def test_step_and_error_for_the_sine_at_1_are_those_of_the_documentation() -> None:
    """Documentation of FiniteDifferenceMethod: estimate_step(central_fdm(5, 1), sin, 1.0), and the error 2.1e-14."""
    choice = run_rule(FINITE_DIFFERENCES_JL, np.sin, 1.0)
    assert choice.step == pytest.approx(0.001065235154086019, rel=4e-15, abs=0)
    assert choice.error == pytest.approx(1.9541865128909085e-13, rel=4e-15, abs=0)
    assert choice.derivative - math.cos(1) == pytest.approx(2.098321516541546e-14, abs=1e-15)


def test_error_for_the_logarithm_with_a_limited_range_is_that_of_the_readme() -> None:
    """README, "Dealing with singularities": max_range = 9e-4 at 1e-3, and the error -4.0279e-10."""
    choice = run_rule(FINITE_DIFFERENCES_JL, np.log, 1e-3, domain=(0.0, math.inf))
    assert choice.derivative - 1000 == pytest.approx(-4.027924660476856e-10, rel=1e-2, abs=0)


def test_without_a_domain_the_logarithm_fails_at_the_node_of_the_readme() -> None:
    choice = run_rule(FINITE_DIFFERENCES_JL, np.log, 1e-3)
    assert choice.status is RuleStatus.NOT_FINITE
    assert "-0.0206959654659" in choice.reason


def plain_fdm(f: Callable[[float], float], x: float) -> tuple[float, float, float]:
    """Return derivative, step and error by (1) of the module, with weights from solved systems."""

    def weights(grid: list[int], order: int) -> list[float]:
        p = len(grid)
        rows = [[Fraction(g) ** i for g in grid] + [Fraction(math.factorial(order) * (i == order))] for i in range(p)]
        for i in range(p):  # Gauss and Jordan, with the pivot that is not 0
            pivot = next(j for j in range(i, p) if rows[j][i])
            rows[i], rows[pivot] = rows[pivot], rows[i]
            rows[i] = [entry / rows[i][i] for entry in rows[i]]
            for j in range(p):
                if j != i:
                    rows[j] = [a - rows[j][i] * b for a, b in zip(rows[j], rows[i], strict=True)]
        return [float(row[-1]) for row in rows]

    def best(grid: list[int], order: int, size: float, noise: float) -> tuple[float, float]:
        p, w = len(grid), weights(grid, order)
        c1 = noise * sum(map(abs, w))
        c2 = size * sum(abs(a * g**p) for a, g in zip(w, grid, strict=True)) / math.factorial(p)
        h = (order / (p - order) * c1 / c2) ** (1 / p)
        return h, c1 / h**order + c2 * h ** (p - order)

    wide, five = list(range(-3, 4)), list(range(-2, 3))
    k, _ = best(wide, 5, 10, 2.0**-52)
    values = [f(x + g * k) for g in wide]
    size = max(
        abs(sum(w * y for w, y in zip(weights([g - away for g in wide], 5), values, strict=True))) / k**5
        for away in (-1, 0, 1)
    )
    largest, default = max(map(abs, values)), best(five, 1, 10, 2.0**-52)
    h, error = best(five, 1, size, math.ulp(largest)) if size and largest else default
    if h > 1000 * default[0]:
        h, error = 1000 * default[0], math.nan
    return sum(w * f(x + g * h) for w, g in zip(weights(five, 1), five, strict=True)) / h, h, error


@pytest.mark.parametrize(
    "f, x",
    [
        (math.exp, 0.5),
        (math.cosh, -2.0),
        (lambda x: x**5 + 1, 1.3),
        (lambda x: 1 / (1 + x * x), 0.4),
        (lambda x: 0.0, 0.4),
        (lambda x: 3.0, 0.4),
        (lambda x: math.sin(x / 1e4), 0.4),
    ],
)
def test_rule_is_the_published_one(f: Callable[[float], float], x: float) -> None:
    choice = run_rule(FINITE_DIFFERENCES_JL, elementwise(f), x)
    derivative, step, error = plain_fdm(f, x)
    assert choice.evaluations == 12
    assert choice.step == pytest.approx(step, rel=1e-9, abs=0)
    assert choice.derivative == pytest.approx(derivative, abs=4 * 2.0**-53 * max(1.0, abs(f(x))) / step)
    assert choice.error is None if math.isnan(error) else choice.error == pytest.approx(error, rel=1e-9, abs=0)


@pytest.mark.parametrize("tiny, cut", [(1e-22, False), (1e-30, True)])
def test_a_step_longer_than_1000_default_steps_is_cut_and_has_no_error(tiny: float, cut: bool) -> None:
    """A straight line, but for `tiny` where it is 0, at the last node: the largest fifth difference is 3/2 of that."""
    bound, first = 7.231988488633702e-3, 6.841460118913099e-4  # the default steps

    def f(x: float) -> float:
        place = round((x - 0.5) / bound)
        return float(place - 3) or tiny

    choice = run_rule(FINITE_DIFFERENCES_JL, elementwise(f), 0.5)
    ideal = (27 / 4 * math.ulp(4.0) / (1.5 * tiny / bound**5)) ** 0.2
    assert choice.step == pytest.approx(1000 * first if cut else ideal, rel=1e-6, abs=0)
    assert (choice.error is None) == ("cut" in choice.reason) == cut == (ideal > 1000 * first)


def test_weights_are_those_of_the_stencils() -> None:
    first = dict(zip(centered(4).offsets, centered(4).weights, strict=True))
    assert list(module._weights(module._FIRST)) == [first.get(Fraction(g), Fraction(0)) for g in range(-2, 3)]
    assert module._multipliers(module._FIRST) == (Fraction(3, 2), Fraction(1, 18))
    for away in (-1, 0, 1):
        moments = [
            sum(
                w * Fraction(g - away) ** k
                for w, g in zip(module._weights(module._BOUND, away), range(-3, 4), strict=True)
            )
            for k in range(7)
        ]
        assert moments == [0, 0, 0, 0, 0, 120, 0]


def test_a_step_that_does_not_scale_is_lost_at_1e20() -> None:
    choice = run_rule(FINITE_DIFFERENCES_JL, np.sqrt, 1e20)
    assert choice.status is RuleStatus.STEP_LOST
    assert choice.derivative is None
    assert choice.evaluations == 0


@pytest.mark.parametrize("formula", [FORWARD, COMPLEX_STEP], ids=lambda m: m.name)
def test_other_formulas_are_refused(formula: Stencil) -> None:
    assert run_rule(FINITE_DIFFERENCES_JL, np.exp, 0.5, formula).status is RuleStatus.UNSUITABLE


@pytest.mark.parametrize("name", FORMATS)
def test_every_obstacle_has_an_answer_or_a_reason_and_at_most_12_evaluations(name: str) -> None:
    answers: list[Any] = require_an_answer(FINITE_DIFFERENCES_JL, name, 12)
    good = [choice for case, x, choice in answers if case == "exponential" and abs(float(x)) <= 3]
    assert good
    assert all(choice.status is RuleStatus.OK for choice in good)
