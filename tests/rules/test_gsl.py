"""The differences of the GNU Scientific Library: the manual's output, the formulas, and both kinds of node."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import BACKWARD, CENTERED, COMPLEX_STEP, FORWARD
from numdiff.formulas.table import METHODS
from numdiff.rules.base import RuleStatus
from numdiff.rules.gsl import GSL_CENTRAL, GSL_FORWARD, GslCentral, GslForward
from numdiff.rules.run import run_rule
from numdiff.rules.textbook import nth_root
from tests.rules.obstacle_cases import elementwise, require_an_answer

EPS = 2.0**-52


def three_halves(x: float) -> float:
    """x^(3/2), rounded correctly."""
    return float(nth_root(Fraction(x) ** 3, 2)) if x else 0.0


def plain_central(f: Callable[[float], float], x: float, h: float) -> tuple[float, float, float]:
    """Return derivative, truncation and rounding as the library's source has them."""
    right, left, near_right, near_left = f(x + h), f(x - h), f(x + h / 2), f(x - h / 2)
    r3 = 0.5 * (right - left)
    r5 = (4 / 3) * (near_right - near_left) - (1 / 3) * r3
    e3 = (abs(right) + abs(left)) * EPS
    e5 = 2 * (abs(near_right) + abs(near_left)) * EPS + e3
    of_nodes = max(abs(r3 / h), abs(r5 / h)) * (abs(x) / h) * EPS
    return r5 / h, abs((r5 - r3) / h), abs(e5 / h) + of_nodes


def plain_forward(f: Callable[[float], float], x: float, h: float) -> tuple[float, float, float]:
    f1, f2, f3, f4 = (f(x + h * k / 4) for k in (1, 2, 3, 4))
    r2 = 2 * (f4 - f2)
    r4 = (22 / 3) * (f4 - f3) - (62 / 3) * (f3 - f2) + (52 / 3) * (f2 - f1)
    e4 = 2 * 20.67 * (abs(f4) + abs(f3) + abs(f2) + abs(f1)) * EPS
    of_nodes = max(abs(r2 / h), abs(r4 / h)) * abs(x / h) * EPS
    return r4 / h, abs((r4 - r2) / h), abs(e4 / h) + of_nodes


def adapted(
    difference: Any, f: Any, x: float, h: float, factor: float, degree: int, step: float
) -> tuple[float, float, int]:
    """Return derivative, error and evaluations; the second step is `step` where that is it but for its rounding."""
    value, truncation, rounding = difference(f, x, h)
    error = truncation + rounding
    if not 0 < rounding < truncation:
        return value, error, 4
    again = h * (factor * rounding / truncation) ** (1 / degree)
    other, truncation, rounding = difference(f, x, step if step == pytest.approx(again, rel=1e-13, abs=0) else again)
    if truncation + rounding < error and abs(other - value) < 4 * error:
        return other, truncation + rounding, 8
    return value, error, 8


def test_output_of_the_manuals_program_is_reproduced() -> None:
    """Chapter "Numerical Differentiation", examples: x^(3/2) with 1e-8, centered at 2 and forward at 0."""
    f = elementwise(three_halves)
    at_two = run_rule(GslCentral("g", step=1e-8), f, 2.0, CENTERED)
    assert f"{at_two.derivative:.10f} +/- {at_two.error:.10f}" == "2.1213203120 +/- 0.0000005006"
    at_zero = run_rule(GslForward("g", step=1e-8), f, 0.0, FORWARD, domain=(-1e-300, math.inf))
    assert f"{at_zero.derivative:.10f} +/- {at_zero.error:.10f}" == "0.0000000160 +/- 0.0000000339"


def test_error_of_the_older_manual_lacks_the_rounding_of_the_nodes() -> None:
    """Version 1 prints 0.0000004064: the difference is 2ε|f′||x|/h² with one ε, of 2.12·2/1e-8."""
    choice = run_rule(GslCentral("g", step=1e-8), elementwise(three_halves), 2.0, CENTERED)
    assert f"{choice.error - 1.5 * math.sqrt(2) * 2 / 1e-8 * EPS:.10f}" == "0.0000004064"


CASES: list[tuple[Callable[[float], float], float]] = [
    (math.exp, 0.5),
    (math.sin, 1.0),
    (math.tan, -1.3),
    (math.cosh, 3.0),
    (lambda x: math.atan(30 * x), 0.2),
    (lambda x: math.sqrt(x) + 1e-7 * math.sin(1e9 * x), 3.0),
    (lambda x: x**4 + 3 * x**2 - 10 * x, 0.99999),
    (lambda x: abs(x - 1), 1.0001),
]


@pytest.mark.parametrize("f, x", CASES)
@pytest.mark.parametrize("h", [1e-2, 1e-3, 1e-5])
def test_rules_are_the_published_ones(f: Callable[[float], float], x: float, h: float) -> None:
    for rule, formula, plain, factor, degree in (
        (GslCentral("g", step=h), CENTERED, plain_central, 0.5, 3),
        (GslForward("g", step=h), FORWARD, plain_forward, 1.0, 2),
    ):
        choice = run_rule(rule, elementwise(f), x, formula)
        value, error, evaluations = adapted(plain, f, x, h, factor, degree, float(choice.step))
        assert choice.derivative == value
        assert choice.error == pytest.approx(error, rel=1e-12, abs=0)
        assert choice.evaluations == evaluations


@pytest.mark.parametrize(
    "rule, formula, plain",
    [
        (GslCentral("g", step=2.0**-20), CENTERED, plain_central),
        (GslForward("g", step=2.0**-28), FORWARD, plain_forward),
    ],
)
def test_one_difference_has_the_published_weights_to_the_last_bit(rule: Any, formula: Any, plain: Any) -> None:
    """Steps so short that rounding dominates, and no second one is taken."""
    for f, x in CASES[:4]:
        choice = run_rule(rule, elementwise(f), x, formula)
        value, truncation, rounding = plain(f, x, rule.step)
        assert choice.evaluations == 4
        assert choice.derivative == value
        assert choice.error == pytest.approx(truncation + rounding, rel=1e-13, abs=0)


def test_the_second_step_is_as_long_as_the_ratio_of_the_errors_says() -> None:
    for rule, formula, plain, factor, degree in (
        (GslCentral("g", step=1e-2), CENTERED, plain_central, 0.5, 3),
        (GslForward("g", step=1e-2), FORWARD, plain_forward, 1.0, 2),
    ):
        choice = run_rule(rule, elementwise(math.exp), 0.5, formula)
        _, truncation, rounding = plain(math.exp, 0.5, 1e-2)
        assert choice.evaluations == 8
        assert choice.step == pytest.approx(1e-2 * (factor * rounding / truncation) ** (1 / degree), rel=1e-9, abs=0)


def test_a_second_derivative_far_from_the_first_is_not_taken() -> None:
    """|x|^(1/2) near 0 by its own slope at short steps: further away than four errors of the first."""
    wiggle = 2.0**-12

    def f(x: float) -> float:
        return math.sin(x) + 4 * wiggle * math.sin(x / wiggle) * (abs(x) < 64 * wiggle * wiggle)

    choice = run_rule(GslCentral("g", step=2.0**-6), elementwise(f), 0.0, CENTERED)
    value, truncation, rounding = plain_central(f, 0.0, 2.0**-6)
    assert choice.evaluations == 8
    assert choice.derivative == value
    assert choice.error == pytest.approx(truncation + rounding, rel=1e-13, abs=0)


def test_default_step_balances_the_fourth_power_and_the_rounding() -> None:
    for name in ("float32", "float64"):
        seen: list[float] = []

        def f(x: Any, seen: list[float] = seen) -> Any:
            seen.extend(x.astype(float).tolist())
            return x * 0 + 1

        run_rule(GSL_CENTRAL, f, 3.0, dtype=name)
        assert max(seen) - 3 == pytest.approx(3 * float(FORMATS[name].unit_roundoff) ** 0.2, rel=1e-3, abs=0)


def test_backward_is_forward_mirrored_and_stays_on_its_side() -> None:
    seen: list[float] = []

    def f(x: Any) -> Any:
        seen.extend(x.tolist())
        return np.sqrt(1 - x)

    choice = run_rule(GSL_FORWARD, f, 0.75, BACKWARD)
    mirrored = run_rule(GSL_FORWARD, lambda x: np.sqrt(1 + x), -0.75, FORWARD)
    assert max(seen) < 0.75
    assert choice.derivative == -mirrored.derivative
    assert (choice.step, choice.error) == (mirrored.step, mirrored.error)


def test_other_formulas_are_refused() -> None:
    for rule, formulas in ((GSL_CENTRAL, (FORWARD, COMPLEX_STEP, METHODS["centered4"])), (GSL_FORWARD, (CENTERED,))):
        for formula in formulas:
            assert run_rule(rule, np.exp, 0.5, formula).status is RuleStatus.UNSUITABLE


@pytest.mark.parametrize("rule, formula", [(GSL_CENTRAL, CENTERED), (GSL_FORWARD, FORWARD), (GSL_FORWARD, BACKWARD)])
@pytest.mark.parametrize("name", FORMATS)
def test_every_obstacle_has_an_answer_or_a_reason_and_at_most_8_evaluations(rule: Any, formula: Any, name: str) -> None:
    answers = require_an_answer(rule, name, 8, formula)
    good = [choice for case, x, choice in answers if case == "exponential" and abs(float(x)) <= 3]
    assert good
    assert all(choice.status is RuleStatus.OK for choice in good)
