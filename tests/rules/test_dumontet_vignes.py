"""Dumontet and Vignes: their functions, the limits of L, both constants, and no third derivative at all."""

import math
from typing import Any

import numpy as np
import pytest

import numdiff as nd
from numdiff.rules.base import RuleStatus
from numdiff.rules.dumontet_vignes import DUMONTET_VIGNES, third_derivative
from numdiff.rules.evaluation import Probe
from numdiff.rules.run import run_rule
from numdiff.rules.working import third_nodes

U = 2.0**-53
FIRST = U**0.2
"""The first k at 0."""

PAPER: list[tuple[Any, float, float, float]] = [
    (np.exp, 1.0, math.e, math.e),
    (np.log, 1.1, 1 / 1.1, 2 / 1.1**3),
    (np.sqrt, 1.0, 0.5, 0.375),
    (np.arctan, 0.5, 0.8, -0.256),
    (np.sin, 1.0, math.cos(1), -math.cos(1)),
]
"""Problems 1 to 5 of page 23 with the points of numericalderivative; f′ and f‴."""


@pytest.mark.parametrize("f, x, first, third", PAPER, ids=["exp", "log", "sqrt", "arctan", "sin"])
def test_functions_of_the_paper_get_the_step_of_equation_36(f: Any, x: float, first: float, third: float) -> None:
    """A rounding error of f₃ between 1/3 and 7/8 of it, at most, is one of its cube root of less than a half."""
    choice = run_rule(DUMONTET_VIGNES, f, x)
    best = (1.68 * U * abs(float(f(x))) / abs(third)) ** (1 / 3)
    assert 0.6 < float(choice.step) / best < 1.7
    assert choice.error is not None
    # The error says nothing of the rounding of x ± h, which at log(1.1) = 0.095 is larger than that of f.
    assert abs(float(choice.derivative) - first) < 4 * choice.error < 4e-10
    assert choice.reason == ""


def test_the_badly_scaled_exponential_of_numericalderivative_gets_its_long_step() -> None:
    """exp(−x/10⁶): ∛(3·10⁻¹⁶·10¹⁸) = 6.694, by the other constant; by (36) ∛(1.68·100) = 5.518."""
    for x in (1e-2, 1.0):
        choice = run_rule(DUMONTET_VIGNES, lambda x: np.exp(-x / 1e6), x, noise=1e-16)
        assert float(choice.step) == pytest.approx(6.694 * (1.68 / 3) ** (1 / 3), rel=0.4)
        assert float(choice.derivative) == pytest.approx(-1e-6 * math.exp(-x / 1e6), abs=1e-15)


def test_the_bounds_of_the_third_derivative_are_those_of_numericalderivative() -> None:
    """sin at 1, k = 10⁻³: both bounds are −cos 1 to 1e-5 in its test; L is near 1."""
    near = Probe(np.sin, np.float64(1.0), nd.get_format("float64"), (-math.inf, math.inf))
    third = third_derivative(near, np.float64(1e-3), near.at(third_nodes(np.float64(1e-3))), None)
    assert third.derivative == pytest.approx(-math.cos(1), rel=1e-5)
    assert 1 < third.spread < 1 + 1e-5


def cubic(e: float) -> dict[str, Any]:
    """x³ at 0: A = 8k³ and B = −2k³, so that L = (6 + 10e)/(6 − 10e), with e = ε/8k³ at the first k."""
    k = float(nd.get_format("float64").constant(FIRST))
    return {"rule": DUMONTET_VIGNES, "f": lambda x: x * x * x, "x": 0.0, "noise": 8 * k**3 * e}


@pytest.mark.parametrize("e, accepted", [(0.2001, True), (0.1999, False), (0.5249, True), (0.5251, False)])
def test_rounding_errors_with_a_ratio_from_2_to_15_are_accepted(e: float, accepted: bool) -> None:
    """L is 2 for e = 1/5, and 15 for e = 21/40."""
    assert (run_rule(**cubic(e)).evaluations == 4 + 2) == accepted


def test_the_constant_is_that_of_equation_36() -> None:
    arguments = cubic(0.3)
    choice = run_rule(**arguments)
    h = (1.68 * arguments["noise"] / 6) ** (1 / 3)
    assert float(choice.step) == pytest.approx(h, rel=1e-12)
    assert choice.error == pytest.approx(h**2 + arguments["noise"] / h, rel=1e-12, abs=0)


@pytest.mark.parametrize("f", [lambda x: x * 0 + 1.5, lambda x: 3 * x + 1, np.cos], ids=["constant", "line", "even"])
def test_without_a_third_derivative_the_bound_of_its_noise_gives_a_long_step(f: Any) -> None:
    """k grows to 10⁶ times the first, and h = ∛(1.68/6)·k."""
    choice = run_rule(DUMONTET_VIGNES, f, 0.0)
    assert float(choice.step) == pytest.approx((1.68 / 6) ** (1 / 3) * 1e6 * FIRST, rel=1e-5)
    assert "smaller than its rounding error" in choice.reason
    assert float(choice.derivative) == (3 if f(0.0) == 1 and f(1.0) == 4 else 0)
    assert choice.evaluations == 4 * 24 + 2


def test_small_functions_get_the_step_of_large_ones() -> None:
    """An absolute bound on f₃ would stop at once for 2⁻¹⁰⁰·exp."""
    large, small = (run_rule(DUMONTET_VIGNES, lambda x, c=c: c * np.exp(x), 1.0) for c in (1.0, 2.0**-100))
    assert large.step == small.step


def test_a_zero_function_and_one_without_values_have_no_step() -> None:
    assert run_rule(DUMONTET_VIGNES, lambda x: x * 0, 1.0).status is RuleStatus.NO_STEP
    nowhere = run_rule(DUMONTET_VIGNES, lambda x: np.where(x == 1, 1.0, np.nan), 1.0)
    assert nowhere.status is RuleStatus.NOT_FINITE
