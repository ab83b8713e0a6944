"""Boost's finite differences: weights and errors proved as stencils, steps derived, the one that is not as derived."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import BACKWARD, CENTERED, COMPLEX_STEP, FORWARD, Stencil, centered
from numdiff.rules import boost
from numdiff.rules.base import RuleStatus
from numdiff.rules.boost import BOOST, Boost
from numdiff.rules.run import run_rule
from tests.rules.obstacle_cases import elementwise, require_an_answer

EVEN = (2, 4, 6, 8)
by_order = {rule.order: rule for rule in BOOST}


@pytest.mark.parametrize("order", EVEN)
def test_weights_are_those_of_the_centered_stencil(order: int) -> None:
    row = boost._TABLE[order]
    stencil = centered(order)
    weights = dict(zip(stencil.offsets, stencil.weights, strict=True))
    assert [w / row.divisor for w in row.derivative] == [weights[Fraction(k)] for k in range(1, order // 2 + 1)]


@pytest.mark.parametrize("order", EVEN)
def test_truncation_is_the_leading_error_term_by_a_difference_of_one_order_more(order: int) -> None:
    """Σ t·D/(divided·h) = |C|·f⁽ᵖ⁺¹⁾·hᵖ: a stencil for the derivative of order p + 1, times C of the formula."""
    row = boost._TABLE[order]
    factor = abs(centered(order).leading_error_constant) * row.divided
    offsets = [sign * k for k in range(1, len(row.truncation) + 1) for sign in (1, -1)]
    weights = [sign * row.truncation[k] / factor for k in range(len(row.truncation)) for sign in (1, -1)]
    proved = Stencil("truncation", tuple(map(Fraction, offsets)), tuple(weights), order + 1)
    assert proved.accuracy_order == 2


@pytest.mark.parametrize("order, noise", [(2, 1), (4, Fraction(3, 2)), (6, 5), (8, 7)])
def test_steps_minimise_the_error_apart_from_that_of_order_6(order: int, noise: Fraction) -> None:
    """|C|hᵖ + n·ε/h is smallest at hᵖ⁺¹ = n·ε/(p|C|); order 6 has 5/(6·140) in place of 5·140/6."""
    constant = abs(centered(order).leading_error_constant)
    step = noise / (order * constant)
    if order == 6:
        assert boost._TABLE[order].step == Fraction(noise) * constant / order == Fraction(1, 168)
        assert float(step / boost._TABLE[order].step) ** (1 / 7) == pytest.approx(4.1, abs=0.02)
    else:
        assert boost._TABLE[order].step == step
    if order in (2, 4):
        assert 2 * sum(boost._TABLE[order].noise) == noise


@pytest.mark.parametrize("name", ["float32", "float64", "float80"])
@pytest.mark.parametrize("rule", BOOST, ids=lambda rule: rule.name)
def test_step_is_that_of_the_format_whatever_x_is(name: str, rule: Boost) -> None:
    if name not in FORMATS:
        pytest.skip(f"no {name} here")
    epsilon = float(FORMATS[name].machine_epsilon)
    factor = {1: 4, 2: 3, 4: 11.25, 6: 1 / 168, 8: 551.25}[rule.order]
    for x in (0.0, -1.0, 2.0):
        choice = run_rule(rule, np.exp, x, FORWARD if rule.order == 1 else CENTERED, name)
        spacing = float(FORMATS[name].spacing(Fraction(3)))
        assert float(choice.step) == pytest.approx((factor * epsilon) ** (1 / (rule.order + 1)), rel=1e-6, abs=spacing)


def plain_boost(order: int, f: Callable[[float], float], x: float) -> tuple[float, float]:
    """Return derivative and error, from the table of the module's documentation."""
    eps = 2.0**-52
    h = {1: 2 * eps**0.5, 2: (3 * eps) ** (1 / 3), 4: (11.25 * eps) ** 0.2}.get(order, (551.25 * eps) ** (1 / 9))
    h = (eps / 168) ** (1 / 7) if order == 6 else h
    h = (x + h) - x
    d = [f(x + k * h) - f(x - k * h) for k in range(1, 6)]
    ends = abs(f(x + h)) + abs(f(x - h))
    if order == 1:
        error = abs(f(x + h) - 2 * f(x) + f(x - h)) / (2 * h) + (abs(f(x + h)) + abs(f(x))) * eps / h
        return (f(x + h) - f(x)) / h, error
    if order == 2:
        return d[0] / (2 * h), eps * ends / (2 * h) + abs(d[1] / 2 - d[0]) / (6 * h)
    if order == 4:
        far = abs(f(x + 2 * h)) + abs(f(x - 2 * h))
        truncation = abs(d[2] / 2 - 2 * d[1] + 5 * d[0] / 2) / (30 * h)
        return (8 * d[0] - d[1]) / (12 * h), truncation + eps * (far + 8 * ends) / (12 * h)
    if order == 6:
        truncation = abs(d[3] - 6 * d[2] + 14 * d[1] - 14 * d[0]) / (280 * h)
        return (45 * d[0] - 9 * d[1] + d[2]) / (60 * h), truncation + 5 * ends * eps / h
    truncation = abs(d[4] / 2 - 4 * d[3] + 27 * d[2] / 2 - 24 * d[1] + 21 * d[0]) / (630 * h)
    return (84 * d[0] - 21 * d[1] + 4 * d[2] - 3 * d[3] / 8) / (105 * h), truncation + 7 * ends * eps / h


@pytest.mark.parametrize("rule", BOOST, ids=lambda rule: rule.name)
def test_derivative_and_error_are_the_published_ones(rule: Boost) -> None:
    """The derivative up to the order of its sum, some roundings of f/h; hence the error to three digits alone."""
    for f, x in ((math.exp, 1.7), (math.sin, -0.7), (lambda x: 1 / (1 + x * x), 0.3)):
        choice = run_rule(rule, elementwise(f), x, FORWARD if rule.order == 1 else CENTERED)
        value, error = plain_boost(rule.order, f, x)
        assert choice.derivative == pytest.approx(value, abs=8 * 2.0**-53 * abs(f(x)) / float(choice.step))
        assert choice.error == pytest.approx(error, rel=1e-3, abs=0)


@pytest.mark.parametrize("rule", BOOST, ids=lambda rule: rule.name)
def test_example_of_the_documentation_has_its_digits(rule: Boost) -> None:
    """exp at 1.7, "basic usage"; the errors are said to be about ε^(p/(p + 1))."""
    choice = run_rule(rule, np.exp, 1.7, FORWARD if rule.order == 1 else CENTERED)
    assert abs(choice.derivative - math.exp(1.7)) < choice.error
    assert choice.error / math.exp(1.7) < 100 * 2.0 ** (-52 * rule.order / (rule.order + 1))


@pytest.mark.parametrize("order, evaluations", [(1, 3), (2, 4), (4, 6), (6, 8), (8, 10)])
def test_every_node_is_evaluated_once(order: int, evaluations: int) -> None:
    choice = run_rule(by_order[order], np.exp, 0.5, FORWARD if order == 1 else CENTERED)
    assert choice.evaluations == evaluations


def test_far_from_0_the_step_is_one_spacing_of_x_and_the_error_says_what_that_is_worth() -> None:
    for sign in (1, -1):
        choice = run_rule(by_order[2], lambda x: np.sqrt(np.abs(x)), sign * 1e20)
        assert choice.step == 16384
        assert abs(choice.derivative - sign * 5e-11) < choice.error


def test_order_1_backward_is_order_1_forward_mirrored() -> None:
    backward = run_rule(by_order[1], lambda x: np.exp(-x), -0.5, BACKWARD)
    forward = run_rule(by_order[1], np.exp, 0.5, FORWARD)
    assert (backward.derivative, backward.step, backward.error) == (-forward.derivative, forward.step, forward.error)


def test_near_an_end_of_the_domain_all_nodes_are_inside() -> None:
    choice = run_rule(by_order[8], np.log, 1e-3, domain=(0.0, math.inf))
    assert choice.step == pytest.approx(0.9e-3 / 5, rel=1e-6, abs=0)
    assert choice.derivative == pytest.approx(1000, rel=1e-3, abs=0)


def test_other_orders_and_formulas_are_refused() -> None:
    with pytest.raises(ValueError, match="order must be 1, 2, 4, 6 or 8, got 3"):
        Boost("boost3", 3)
    for rule in BOOST:
        wrong: tuple[Any, ...] = (CENTERED if rule.order == 1 else FORWARD, COMPLEX_STEP, centered(4))
        for formula in wrong:
            assert run_rule(rule, np.exp, 0.5, formula).status is RuleStatus.UNSUITABLE


@pytest.mark.parametrize("rule", BOOST, ids=lambda rule: rule.name)
@pytest.mark.parametrize("name", FORMATS)
def test_every_obstacle_has_an_answer_or_a_reason_and_at_most_10_evaluations(rule: Boost, name: str) -> None:
    answers = require_an_answer(rule, name, 10, FORWARD if rule.order == 1 else CENTERED)
    good = [choice for case, x, choice in answers if case == "exponential" and abs(float(x)) <= 3]
    assert good
    assert all(choice.status is RuleStatus.OK for choice in good)
