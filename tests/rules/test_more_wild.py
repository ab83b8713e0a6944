"""The step of Moré and Wild for noisy functions: its constants from the model, its two estimates, and its edges."""

import math
from typing import Any

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import BACKWARD, CENTERED, COMPLEX_STEP, FORWARD
from numdiff.rules.base import RuleStatus
from numdiff.rules.ecnoise import noise_near
from numdiff.rules.evaluation import Probe
from numdiff.rules.more_wild import MORE_WILD
from numdiff.rules.run import run_rule
from tests.rules.obstacle_cases import elementwise, require_an_answer


def plain_curvature(f: Any, x: float, sigma: float, signal: float = 100, part: float = 0.1) -> float | None:
    """Return μ by two second differences, as the authors' code has it, None where they are not accepted."""

    def second(k: float) -> tuple[float, bool]:
        right, middle, left = f(x + k), f(x), f(x - k)
        delta = abs(right - 2 * middle + left)
        short = all(abs(end - middle) <= part * max(abs(middle), abs(end)) for end in (right, left))
        return delta / k**2, delta >= signal * sigma and short

    first, holds = second(sigma**0.25)
    if holds:
        return first
    other, holds = second((sigma / first) ** 0.25)
    return other if holds or abs(first - other) <= 0.5 * other else None


CASES = [
    (math.exp, 0.5, 1e-6),
    (math.exp, 0.5, 1e-12),
    (math.cos, 0.3, 1e-8),
    (lambda x: math.exp(100 * x), 0.01, 1e-6),
    (lambda x: x**4 + 3 * x**2 - 10 * x, 0.99999, 1e-6),
    (lambda x: 1e-4 * x * x + 1, 0.1, 1e-8),
    (lambda x: 1e6 * x * x + 1, 0.1, 1e-8),
    (lambda x: 1 + 1e-3 * math.sin(300 * x), 0.1, 1e-6),
    (lambda x: 1e4 * x**3 + 0.01 * x**2 + 5 * x, 1e-9, 1e-9),
]


@pytest.mark.parametrize("f, x, sigma", CASES)
def test_step_is_the_fourth_root_of_8_times_the_root_of_noise_over_curvature(f: Any, x: float, sigma: float) -> None:
    choice, curvature = run_rule(MORE_WILD, elementwise(f), x, FORWARD, noise=sigma), plain_curvature(f, x, sigma)
    if curvature is None:
        assert choice.status is RuleStatus.NO_STEP
        return
    assert choice.step == pytest.approx(8**0.25 * math.sqrt(sigma / curvature), rel=1e-6, abs=0)
    assert choice.error == pytest.approx(2**0.25 * math.sqrt(sigma * curvature), rel=1e-6, abs=0)


def test_the_constants_minimise_the_mean_square_error_of_the_model() -> None:
    sigma, mu = 1e-6, 3.0
    h = 8**0.25 * math.sqrt(sigma / mu)

    def mean_square(h: float) -> float:
        return (h * mu / 2) ** 2 + 2 * (sigma / h) ** 2

    assert mean_square(h) < min(mean_square(1.01 * h), mean_square(0.99 * h))
    assert math.sqrt(mean_square(h)) == pytest.approx(2**0.25 * math.sqrt(sigma * mu), rel=1e-12, abs=0)
    assert round(8**0.25, 2) == 1.68  # as the authors' codes have it


@pytest.mark.parametrize("signal, part", [(50, 0.1), (200, 0.1), (100, 0.05), (100, 0.2)])
def test_the_cases_below_tell_100_and_a_tenth_from_other_limits(signal: float, part: float) -> None:
    """Second differences of ½μ(x − x₀)² near both limits: the first estimate is taken or the second."""
    sigma, changed = 1e-8, 0
    for mu in np.geomspace(1e-3, 1e3, 120):
        for slope in (0.0, 3.0, 9.0):

            def f(x: float, mu: float = mu, slope: float = slope) -> float:
                return 1 + slope * x + mu * (1 - math.cos(40 * x)) / 1600

            ours = run_rule(MORE_WILD, elementwise(f), 0.01, FORWARD, noise=sigma)
            expected, other = plain_curvature(f, 0.01, sigma), plain_curvature(f, 0.01, sigma, signal, part)
            changed += expected != other
            if expected is not None:
                assert ours.step == pytest.approx(8**0.25 * math.sqrt(sigma / expected), rel=1e-6, abs=0)
            else:
                assert ours.step is None
    assert changed


def test_noise_that_is_not_given_is_that_of_ecnoise() -> None:
    def f(x: Any) -> Any:
        return np.exp(x) * (1 + 1e-8 * np.sin(1e14 * x))

    sigma = noise_near(Probe(f, np.float64(0.5), FORMATS["float64"], (-math.inf, math.inf))).value
    own, told = run_rule(MORE_WILD, f, 0.5, FORWARD), run_rule(MORE_WILD, f, 0.5, FORWARD, noise=float(sigma))
    assert own.step == told.step
    assert own.evaluations == told.evaluations + 7
    assert abs(own.derivative - math.exp(0.5)) < 5 * own.error


def test_error_is_that_of_many_noisy_differences(rng: np.random.Generator) -> None:
    """The root mean square of the errors of exp with normal noise of 1e-6 is the one that is told."""
    errors = []
    for _ in range(300):
        choice = run_rule(
            MORE_WILD, lambda x: np.exp(x) + 1e-6 * rng.standard_normal(x.shape), 0.5, FORWARD, noise=1e-6
        )
        errors.append((choice.derivative - math.exp(0.5)) / choice.error)
    assert 0.7 < math.sqrt(np.mean(np.square(errors))) < 1.3


def test_backward_is_forward_mirrored() -> None:
    backward = run_rule(MORE_WILD, lambda x: np.exp(-x), -0.5, BACKWARD, noise=1e-6)
    forward = run_rule(MORE_WILD, np.exp, 0.5, FORWARD, noise=1e-6)
    assert backward.step == forward.step
    assert backward.derivative == -forward.derivative


@pytest.mark.parametrize("f", [lambda x: x * 0 + 1.5, lambda x: x * 0.5 + 1])
def test_straight_lines_have_no_step(f: Any) -> None:
    for noise in (None, 1e-6):
        choice = run_rule(MORE_WILD, f, 0.5, FORWARD, noise=noise)
        assert choice.status is RuleStatus.NO_STEP
        assert "ECnoise" in choice.reason or "straight line" in choice.reason
    assert "ECnoise" in run_rule(MORE_WILD, lambda x: x * 0 + 1.5, 0.5, FORWARD).reason
    assert "straight line" in run_rule(MORE_WILD, f, 0.5, FORWARD, noise=1e-6).reason


def test_other_formulas_are_refused() -> None:
    for formula in (CENTERED, COMPLEX_STEP):
        assert run_rule(MORE_WILD, np.exp, 0.5, formula).status is RuleStatus.UNSUITABLE


@pytest.mark.parametrize("name", FORMATS)
def test_every_obstacle_has_an_answer_or_a_reason_and_at_most_78_evaluations(name: str) -> None:
    answers = require_an_answer(MORE_WILD, name, 78, FORWARD)
    good = [choice for case, x, choice in answers if case == "exponential" and x == 0.5]
    assert good
    assert all(choice.status is RuleStatus.OK for choice in good)
