"""Gill, Murray, Saunders and Wright: their example, the limits of the condition errors, the cases without a step."""

import math
from typing import Any

import numpy as np
import pytest

from numdiff.formulas.stencil import BACKWARD, CENTERED, FORWARD
from numdiff.rules.base import Choice, RuleStatus
from numdiff.rules.gill_murray import GILL_MURRAY
from numdiff.rules.run import run_rule

E = 2.0**-20
"""The noise; the first h is 20√E at 0, where f is 0."""
FIRST = 20 * math.sqrt(E)


def forward(f: Any, x: float, **options: Any) -> Choice:
    return run_rule(GILL_MURRAY, f, x, FORWARD, **options)


def example(x: Any) -> Any:
    """Equation (4) of the paper."""
    return (np.exp(x) - 1) ** 2 + (1 / np.sqrt(1 + x * x) - 1) ** 2


def test_the_example_of_the_paper_gets_the_step_of_its_second_derivative() -> None:
    """C(Φ) ≤ 0.1 bounds the error of Φ by a tenth, and that of h by a twentieth."""
    x, t = 1.0, 1 / math.sqrt(2) - 1
    value = (math.e - 1) ** 2 + t**2
    first = 2 * math.e * (math.e - 1) - 2 * x * t / 2**1.5
    second = 2 * math.e**2 + 2 * math.e * (math.e - 1) + 6 * t / 2**2.5 + 2 / 2**3 - 2 * t / 2**1.5
    for name, u in (("float32", 2.0**-24), ("float64", 2.0**-53)):
        choice = forward(example, 1.0, dtype=name)
        best = 2 * math.sqrt(u * value / second)
        assert float(choice.step) == pytest.approx(best, rel=0.1)
        assert choice.error is not None
        # The error says nothing of the rounding of x + h, of u·x·f′/h.
        assert abs(float(choice.derivative) - first) < choice.error + u * first / float(choice.step)
        assert choice.reason == ""


def test_the_badly_scaled_exponential_of_numericalderivative_gets_its_long_step() -> None:
    """exp(−x/10⁶) at 10⁻², ε = 10⁻¹⁶: 2√(ε·10¹²) = 0.02."""
    choice = forward(lambda x: np.exp(-x / 1e6), 1e-2, noise=1e-16)
    assert float(choice.step) == pytest.approx(0.02, rel=0.1)
    assert float(choice.derivative) == pytest.approx(-1e-6, abs=4 * 1e-16 / 0.02)


def parabola(curvature: float, slope: float) -> Any:
    """At 0: Φ is the curvature, and C(Φ) = 4E/(400E·Φ) = 0.01/Φ at the first h."""
    return lambda x: curvature / 2 * x * x + slope * x


@pytest.mark.parametrize("curvature, moves", [(0.1001, 0), (0.0999, 1), (9.99, 0), (10.01, 1)])
def test_a_condition_error_of_the_second_derivative_from_a_thousandth_to_a_tenth_is_accepted(
    curvature: float, moves: int
) -> None:
    choice = forward(parabola(curvature, 1.0), 0.0, noise=E)
    assert choice.evaluations == 1 + 2 * (1 + moves) + 2
    assert float(choice.step) == pytest.approx(2 * math.sqrt(E / curvature), rel=1e-12)
    assert choice.error == pytest.approx(2 * math.sqrt(E * curvature), rel=1e-12)


@pytest.mark.parametrize("factor, moves", [(1.001, 0), (0.999, 1)])
def test_a_condition_error_of_the_first_derivatives_of_a_tenth_is_accepted(factor: float, moves: int) -> None:
    """The backward difference changes by 20√E·slope − 200E: it is 20E, and C(φ) a tenth, for a slope of 11√E."""
    choice = forward(parabola(1.0, 10 * math.sqrt(E) + factor * math.sqrt(E)), 0.0, noise=E)
    assert choice.evaluations == 1 + 2 * (1 + moves) + 2


def steps_seen(f: Any) -> list[float]:
    seen: list[float] = []
    forward(lambda x: (seen.extend(np.abs(x)), f(x))[1], 0.0, noise=E)
    return seen[1:-2:2]


def test_steps_are_multiplied_or_divided_by_10() -> None:
    assert steps_seen(parabola(1e-5, 1.0)) == pytest.approx([FIRST * 10.0**i for i in range(3)], rel=1e-12)
    assert steps_seen(parabola(1e5, 1.0)) == pytest.approx([FIRST * 10.0**-i for i in range(3)], rel=1e-12)


def test_where_a_shorter_step_has_too_large_an_error_the_one_before_is_taken() -> None:
    """|x|³ + 100x, ε = 1: Φ = 2h, and C(Φ) = 2/h³ is 0.00025 at the first h = 20, and 0.25 at the next."""
    choice = forward(lambda x: np.abs(x) ** 3 + 100 * x, 0.0, noise=1.0)
    assert choice.evaluations == 1 + 2 * 2 + 2
    assert float(choice.step) == pytest.approx(2 * math.sqrt(1 / (2 * 20)), rel=1e-12)


def test_a_constant_gets_the_well_scaled_step_after_six_moves() -> None:
    choice = forward(lambda x: x * 0 + 1.5, 3.0, noise=E)
    assert float(choice.step) == pytest.approx(2 * 4 * math.sqrt(E / 2.5), rel=1e-12)
    assert "nearly constant" in choice.reason
    assert choice.evaluations == 1 + 2 * 7 + 2
    own = forward(lambda x: x * 0 + 1.5, 3.0)
    assert float(own.step) == pytest.approx(8 * 2.0**-26.5, rel=1e-12)


@pytest.mark.parametrize("f", [lambda x: x, np.sin], ids=["line", "odd"])
def test_a_line_gets_the_first_step_with_a_good_first_derivative(f: Any) -> None:
    choice = forward(f, 0.0, noise=E)
    assert float(choice.step) == pytest.approx(FIRST, rel=1e-12)
    assert "nearly linear, or odd" in choice.reason
    assert choice.error == pytest.approx(2 * E / FIRST, rel=1e-12)


@pytest.mark.parametrize("slope, moves", [(1.01, 0), (0.99, 1)])
def test_the_first_derivative_of_a_line_is_good_from_a_condition_error_of_a_tenth(slope: float, moves: int) -> None:
    """C(φ) = 2E/(20√E·slope) is a tenth for a slope of √E."""
    choice = forward(lambda x: slope * math.sqrt(E) * x, 0.0, noise=E)
    assert float(choice.step) == pytest.approx(FIRST * 10**moves, rel=1e-12)


def test_where_the_second_derivative_grows_the_last_step_is_taken() -> None:
    """|x|: Φ = 2/h, so that C(Φ) = 2E/h stays below a thousandth for all six moves."""
    e = 2.0**-70
    choice = forward(np.abs, 0.0, noise=e)
    assert float(choice.step) == pytest.approx(20 * math.sqrt(e) * 1e-6, rel=1e-12)
    assert "grows as h falls" in choice.reason


@pytest.mark.parametrize("share, doubt", [(1.01, False), (0.99, True)])
def test_an_error_of_more_than_half_of_the_derivative_is_a_doubt(share: float, doubt: bool) -> None:
    """For Φ = 1 the error is 2√E."""
    choice = forward(parabola(1.0, share * 4 * math.sqrt(E)), 0.0, noise=E)
    assert choice.evaluations == 5
    assert ("more than half" in choice.reason) == doubt


def test_a_derivative_below_its_error_is_a_doubt() -> None:
    choice = forward(np.cos, 0.0)
    assert "more than half" in choice.reason
    assert choice.error is not None
    assert abs(float(choice.derivative)) <= choice.error


def test_the_rule_serves_the_backward_difference_and_no_other() -> None:
    assert run_rule(GILL_MURRAY, np.exp, 1.0, BACKWARD).step == forward(np.exp, 1.0).step
    refused = run_rule(GILL_MURRAY, np.exp, 1.0, CENTERED)
    assert refused.status is RuleStatus.UNSUITABLE
    assert "forward and backward" in refused.reason


def test_a_first_step_without_values_is_divided_by_100() -> None:
    choice = forward(lambda x: np.where(np.abs(x) < 1e-9, np.exp(x), np.nan), 0.0)
    assert abs(float(choice.derivative) - 1) < 1e-5
    nowhere = forward(lambda x: np.where(x == 0, 1.0, np.nan), 0.0)
    assert nowhere.status is RuleStatus.NOT_FINITE
    assert nowhere.evaluations == 1 + 2 * 9
