"""The kink of the error curve: pnd's examples, the fit, its branches, and curves without one."""

import math
from typing import Any

import numpy as np
import pytest

from numdiff.arithmetic.rounded import rounded
from numdiff.rules.kink_robust import KINK_ROBUST, _log2, branches, fitted
from numdiff.rules.mathur import Grid
from numdiff.rules.run import run_rule


@pytest.mark.parametrize(
    "f, x, first",
    [(np.sin, math.pi / 4, 0.5**0.5), (np.sin, 1.0, math.cos(1)), (np.exp, 1.0, math.e), (np.arctan, 1.0, 0.5)],
    ids=["sin π/4", "sin 1", "exp", "arctan"],
)
def test_examples_of_pnd_are_differentiated_as_in_its_tests(f: Any, x: float, first: float) -> None:
    choice = run_rule(KINK_ROBUST, f, x)
    assert float(choice.derivative) == pytest.approx(first, rel=1e-10)
    assert choice.error is not None
    assert 1e-13 * abs(first) < choice.error < 1e-9 * abs(first)
    assert choice.reason == ""


@pytest.mark.parametrize(
    "f, first",
    [(lambda x: x**3 + 1 / x, 2.0), (lambda x: 6 * x**5 - 56 * x**3 + 1 / x**2, -140.0)],
    ids=["x³ + 1/x", "quintic"],
)
def test_the_two_tricky_functions_of_pnd_have_no_third_derivative_and_ten_digits_all_the_same(
    f: Any, first: float
) -> None:
    assert float(run_rule(KINK_ROBUST, f, 1.0).derivative) == pytest.approx(first, rel=1e-10)


def check(theta: np.ndarray, kink: float, level: float) -> np.ndarray:
    return level + np.where(theta < kink, kink - theta, 2 * (theta - kink))


@pytest.mark.parametrize("kink", [-17.25, -20.0, -12.0625])
def test_the_fit_finds_a_kink_that_is_there_and_is_not_moved_by_outliers(kink: float) -> None:
    theta = np.arange(-40.0, -4.0)
    tau = check(theta, kink, -35.0)
    assert fitted(theta, tau) == (kink, -35.0)
    tau[::6] -= 12
    found = fitted(theta, tau)
    assert abs(found[0] - kink) <= 0.25
    noisy = check(theta, kink, -35.0) + np.random.default_rng(1).normal(0, 0.7, theta.size)
    assert abs(fitted(theta, noisy)[0] - kink) < 0.6


def test_the_step_is_that_of_least_error_and_the_error_the_sum_of_both_branches() -> None:
    """Where 2^(τ₀ − θ + θ₀) + 2^(τ₀ + 2(θ − θ₀)) is least."""
    choice = run_rule(KINK_ROBUST, np.exp, 1.0)
    assert choice.error is not None
    best = (3 * 2.0**-53) ** (1 / 3)
    assert 0.5 < float(choice.step) / best < 2
    s = np.linspace(0.5, 1.5, 100001)
    total = 1 / s + s**2
    assert s[np.argmin(total)] == pytest.approx(0.5 ** (1 / 3), abs=1e-4)
    kink = float(choice.step) / 0.5 ** (1 / 3)
    assert math.log2(kink) * 16 == pytest.approx(round(math.log2(kink) * 16), abs=1e-9)
    assert choice.error / total.min() == pytest.approx(math.e / 6 * kink**2, rel=0.5)


def curve(slopes: list[float]) -> Grid:
    """Errors over powers of two with the given slopes between neighbours."""
    errors = np.append(np.nan, 2.0 ** np.cumsum([-30.0, *slopes]))
    steps = 2.0 ** np.arange(-30.0, -30.0 + len(errors))
    return Grid(steps, steps * 0 + 1, steps * 0 + 1, steps * 0 + 1e-16, errors)


@pytest.mark.parametrize("slope, good", [(1.801, True), (1.799, False), (2.199, True), (2.201, False)])
def test_the_truncation_branch_has_slopes_within_a_tenth_of_2(slope: float, good: bool) -> None:
    used = branches(curve([-1.0] * 8 + [slope] * 8))
    assert (used is not None) == good
    if used is not None:
        assert used.tolist() == list(range(1, 18))


def test_the_truncation_branch_has_five_steps_and_ends_what_is_used() -> None:
    """A run of slopes of n steps, the two beside it included."""
    assert branches(curve([-1.0] * 8 + [2.0] * 3 + [0.0] * 8)) is None
    used = branches(curve([-1.0] * 8 + [2.0] * 4 + [0.0] * 8))
    assert used is not None
    assert used.tolist() == list(range(1, 14))
    longest = branches(curve([-1.0] * 4 + [2.0] * 4 + [-1.0] * 4 + [2.0] * 7 + [0.0] * 8))
    assert longest is not None
    assert longest[-1] == 1 + 4 + 4 + 4 + 7


@pytest.mark.parametrize("f", [lambda x: x * x, lambda x: 3 * x + 1, lambda x: x * 0 + 1], ids=["x²", "line", "1"])
def test_without_a_truncation_branch_the_step_is_that_of_the_rule_of_thumb(f: Any) -> None:
    choice = run_rule(KINK_ROBUST, f, 4.0)
    assert float(choice.step) == pytest.approx(4 * (3 * 2.0**-53) ** (1 / 3), rel=0.01)
    assert "fewer than 5 steps" in choice.reason


def test_logarithms_are_the_exact_ones_to_twenty_bits() -> None:
    significands = np.append(np.random.default_rng(1).random(4000) / 2 + 0.5, [0.5, 1 - 2.0**-53, 0.5 + 2.0**-53])
    exact = rounded(np.log2)(significands)
    assert np.array_equal(_log2(significands), np.round(exact * 2.0**20) / 2.0**20)
