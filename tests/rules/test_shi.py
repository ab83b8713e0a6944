"""The bisection of Shi, Xie, Xuan and Nocedal: testing ratios, their four functions, bounds, and where it fails."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import BACKWARD, CENTERED, COMPLEX_STEP, FORWARD, Method
from numdiff.rules import shi
from numdiff.rules.base import Rule, RuleStatus
from numdiff.rules.run import run_rule
from numdiff.rules.shi import SHI_CENTERED, SHI_FORWARD
from tests.rules.obstacle_cases import elementwise, require_an_answer

BOTH: list[tuple[Rule, Method]] = [(SHI_FORWARD, FORWARD), (SHI_CENTERED, CENTERED)]
THEIRS: dict[str, tuple[Callable[[float], float], float, tuple[float, float, float]]] = {
    "(exp(x) - 1)^2 at -8": (
        lambda x: math.expm1(x) ** 2,
        -8.0,
        (2 * math.exp(-8) * math.expm1(-8), 2 * math.exp(-8) * (2 * math.exp(-8) - 1), 2 * math.exp(-8)),
    ),
    "exp(100x) at 0.01": (lambda x: math.exp(100 * x), 0.01, (100 * math.e, 1e4 * math.e, 1e6 * math.e)),
    "x^4 + 3x^2 - 10x at 0.99999": (
        lambda x: x**4 + 3 * x**2 - 10 * x,
        0.99999,
        (4 * 0.99999**3 + 6 * 0.99999 - 10, 12 * 0.99999**2 + 6, 24 * 0.99999),
    ),
    "10000x^3 + 0.01x^2 + 5x at 1e-9": (
        lambda x: 1e4 * x**3 + 0.01 * x**2 + 5 * x,
        1e-9,
        (5 + 0.02e-9 + 3e-14, 0.02 + 6e-5, 6e4),
    ),
}
"""Page 14 of the article, as numericalderivative quotes it, with f′, f″ and f‴ there."""


@pytest.mark.parametrize("noise", [1e-8, 1e-5])
@pytest.mark.parametrize("case", THEIRS)
def test_steps_for_the_functions_of_the_article_are_near_the_best(case: str, noise: float) -> None:
    """Where 1.5 ≤ r ≤ 6, h is in [0.41, 1.5] times the best forward step if f″ is constant (equation 2.4 and after)."""
    f, x, (slope, second, third) = THEIRS[case]
    forward = run_rule(SHI_FORWARD, elementwise(f), x, FORWARD, noise=noise)
    centered = run_rule(SHI_CENTERED, elementwise(f), x, CENTERED, noise=noise)
    assert forward.status is centered.status is RuleStatus.OK
    if not case.startswith("10000"):  # where f″ is far from constant
        assert 0.3 < forward.step / (2 * math.sqrt(noise / abs(second))) < 1.6
    assert 0.5 < centered.step / (3 * noise / abs(third)) ** (1 / 3) < 1.5
    assert abs(forward.derivative - slope) < 1.5 * forward.error
    assert abs(centered.derivative - slope) < 1.5 * centered.error


def test_badly_scaled_exponential_has_a_step_of_its_scale() -> None:
    """exp(−x/10⁶) at 0.01, the example of numericalderivative: the best steps are 2e6·√e and 1e6·∛3e."""
    for (rule, formula), best in zip(BOTH, (2e6 * math.sqrt(1e-15), 1e6 * (3e-15) ** (1 / 3)), strict=True):
        choice = run_rule(rule, lambda x: np.exp(x * -1e-6), 0.01, formula, noise=1e-15)
        assert 0.4 < choice.step / best < 1.6
        assert abs(choice.derivative + 1e-6 * math.exp(-1e-8)) < choice.error


@pytest.mark.parametrize("ratio, order", [(shi._FORWARD, 2), (shi._CENTERED, 3)])
def test_ratio_is_3_at_the_best_step_and_noise_is_at_most_1(ratio: Any, order: int) -> None:
    """|Σ w·mᵏ|/k!·hᵏ|f⁽ᵏ⁾|/8e, lower powers 0; at hᵏ = 4e/|f″|, or 3e/|f‴|, and Σ|w| = 8."""
    pairs = list(zip(ratio.weights, ratio.multiples, strict=True))
    assert all(sum(w * m**k for w, m in pairs) == 0 for k in range(order))
    assert sum(abs(w) for w in ratio.weights) == 8
    best = {2: 4, 3: 3}[order]
    assert abs(Fraction(sum(w * m**order for w, m in pairs), math.factorial(order))) * best / 8 == 3
    # e/h·(2 + 2r/3) is 2e/h + h|f″|/2, and e/h·(1 + r/6) is e/h + h²|f‴|/6, with r = ¾h²|f″|/e and h³|f‴|/e.
    per_r = {2: Fraction(1, 2) / Fraction(3, 4), 3: Fraction(1, 6)}[order]
    assert (ratio.noise, ratio.slope) == ({2: 2, 3: 1}[order], per_r)


def plain_search(f: Callable[[float], float], x: float, e: float, kind: str, bounds: tuple[float, float]) -> Any:
    """Return the step and the number of steps tried: algorithm 2.1."""
    forward = kind == "forward"
    h, factor = (2 / math.sqrt(3) * math.sqrt(e), 4) if forward else ((3 * e) ** (1 / 3), 3)
    lower, upper = 0.0, math.inf
    for count in range(1, 41):
        if forward:
            r = abs(f(x + 4 * h) - 4 * f(x + h) + 3 * f(x)) / (8 * e)
        else:
            r = abs(f(x + 3 * h) - 3 * f(x + h) + 3 * f(x - h) - f(x - 3 * h)) / (8 * e)
        if bounds[0] <= r <= bounds[1]:
            return h, count
        lower, upper = (h, upper) if r < bounds[0] else (lower, h)
        h = factor * h if upper == math.inf else h / factor if not lower else (lower + upper) / 2
    return None, 40


@pytest.mark.parametrize("kind", ["forward", "centered"])
def test_rule_is_the_published_bisection_with_bounds_1_5_and_6(kind: str) -> None:
    rule, formula = BOTH[kind == "centered"]
    changed = {(1.4, 6.0): 0, (1.6, 6.0): 0, (1.5, 5.8): 0, (1.5, 6.2): 0}
    for scale in np.geomspace(1e-4, 1e4, 100):

        def f(x: float, scale: float = scale) -> float:
            return 2 + math.sin(scale * x) + math.cos(scale * x)

        choice = run_rule(rule, elementwise(f), 0.3, formula, noise=1e-7)
        step, count = plain_search(f, 0.3, 1e-7, kind, (1.5, 6.0))
        assert choice.step == pytest.approx(step, rel=1e-12, abs=0)
        assert choice.evaluations <= 2 + 4 * count
        for bounds in changed:
            changed[bounds] += plain_search(f, 0.3, 1e-7, kind, bounds)[0] != step
    assert min(changed.values()) > 0


@pytest.mark.parametrize("rule, formula", BOTH)
def test_a_node_that_was_evaluated_is_not_evaluated_again(rule: Rule, formula: Method) -> None:
    seen: list[float] = []

    def f(x: Any) -> Any:
        seen.extend(x.tolist())
        return np.exp(x * 2.0**-10)

    choice = run_rule(rule, f, 0.5, formula, noise=1e-6)
    of_the_rule = seen[: -formula.evaluations]
    assert choice.evaluations == len(seen)
    assert len(of_the_rule) == len(set(of_the_rule))


@pytest.mark.parametrize("rule, formula", BOTH)
def test_without_noise_it_is_the_rounding_of_the_values_compared(rule: Rule, formula: Method) -> None:
    for f, x in ((np.exp, 0.5), (np.sin, 0.0), (lambda x: x**5 + x, 0.0)):  # of the last two f(x) is 0
        choice = run_rule(rule, f, x, formula)
        assert choice.status is RuleStatus.OK
    choice = run_rule(rule, np.exp, 0.5, formula)
    told = run_rule(rule, np.exp, 0.5, formula, noise=2.0**-53 * math.exp(0.5))
    assert choice.step == pytest.approx(float(told.step), rel=1e-12, abs=0)


def test_what_has_no_leading_derivative_has_no_step() -> None:
    for f in (lambda x: x * 0 + 1.5, lambda x: x * 0.3 + 1, lambda x: x * 0):
        for rule, formula in BOTH:
            choice = run_rule(rule, f, 0.5, formula)
            assert choice.status is RuleStatus.NO_STEP
            assert "below 1.5" in choice.reason
    for f, x in ((lambda x: x * x, 1.0), (np.cos, 0.0)):
        assert run_rule(SHI_CENTERED, f, x, CENTERED).status is RuleStatus.NO_STEP
        assert run_rule(SHI_FORWARD, f, x, FORWARD).status is RuleStatus.OK


def test_there_are_at_most_forty_steps() -> None:
    """For a constant every step is 4 or 3 times the one before, and shares nodes with it, up to 10¹⁵ and 10¹³."""
    assert run_rule(SHI_FORWARD, lambda x: x * 0 + 1.5, 0.5, FORWARD).evaluations == 3 + 39
    assert run_rule(SHI_CENTERED, lambda x: x * 0 + 1.5, 0.5, CENTERED).evaluations == 5 + 2 * 39


@pytest.mark.parametrize("rule, formula", BOTH)
def test_noise_beyond_what_is_told_has_no_step(rule: Rule, formula: Method) -> None:
    def f(x: Any) -> Any:
        return np.exp(x) * (1 + 1e-8 * np.sin(1e14 * x))

    silent = run_rule(rule, f, 0.5, formula)
    assert silent.status is RuleStatus.NO_STEP
    assert "above 6" in silent.reason
    assert run_rule(rule, f, 0.5, formula, noise=2e-8).status is RuleStatus.OK


@pytest.mark.parametrize("rule, formula", BOTH)
def test_a_jump_has_no_step(rule: Rule, formula: Method) -> None:
    """Between the steps whose nodes see the jump and those that do not, r jumps."""
    choice = run_rule(rule, lambda x: 1.0 + (x > 0.501), 0.5, formula, noise=1e-3)
    assert choice.status is RuleStatus.NO_STEP
    assert "jumps" in choice.reason


def test_the_longest_step_with_room_is_taken_and_said_so() -> None:
    for rule, formula, reach in ((SHI_FORWARD, FORWARD, 4), (SHI_CENTERED, CENTERED, 3)):
        choice = run_rule(rule, np.exp, 0.5, formula, noise=1e-2, domain=(0.48, 0.52))
        assert choice.status is RuleStatus.OK
        assert 0.85 * 0.02 / reach < choice.step < 0.02 / reach
        assert "longest step that has room" in choice.reason


def test_values_that_are_not_finite_are_an_upper_bound() -> None:
    choice = run_rule(SHI_CENTERED, np.log, 1e-3, CENTERED)
    assert choice.status is RuleStatus.OK
    assert choice.derivative == pytest.approx(1000, rel=1e-8, abs=0)
    assert run_rule(SHI_FORWARD, lambda x: np.where(x == 0.5, np.nan, x), 0.5, FORWARD).status is RuleStatus.NOT_FINITE


def test_backward_is_forward_mirrored() -> None:
    backward = run_rule(SHI_FORWARD, lambda x: np.exp(-x), -0.5, BACKWARD)
    forward = run_rule(SHI_FORWARD, np.exp, 0.5, FORWARD)
    assert (backward.step, backward.error) == (forward.step, forward.error)
    assert backward.derivative == -forward.derivative


def test_other_formulas_are_refused() -> None:
    for rule, formulas in ((SHI_FORWARD, (CENTERED, COMPLEX_STEP)), (SHI_CENTERED, (FORWARD, COMPLEX_STEP))):
        for formula in formulas:
            assert run_rule(rule, np.exp, 0.5, formula).status is RuleStatus.UNSUITABLE


@pytest.mark.parametrize("rule, formula, most", [(SHI_FORWARD, FORWARD, 83), (SHI_CENTERED, CENTERED, 163)])
@pytest.mark.parametrize("name", FORMATS)
def test_every_obstacle_has_an_answer_or_a_reason(rule: Rule, formula: Method, most: int, name: str) -> None:
    answers = require_an_answer(rule, name, most, formula)
    good = [choice for case, x, choice in answers if case == "exponential" and abs(float(x)) <= 3]
    assert good
    assert all(choice.status is RuleStatus.OK for choice in good)
