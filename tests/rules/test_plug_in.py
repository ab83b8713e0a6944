"""The plug-in step: pnd's examples, the constants, and a third derivative that is 0 or small."""

import math
from typing import Any

import numpy as np
import pytest

from numdiff.rules.base import RuleStatus
from numdiff.rules.plug_in import PLUG_IN
from numdiff.rules.run import run_rule

U = 2.0**-53
K = (2 * U) ** 0.2
"""The step of the third derivative at 0 and at 1."""


@pytest.mark.parametrize(
    "f, x, first, third",
    [(lambda x: x**4, 2.0, 32.0, 48.0), (np.sin, math.pi / 3, 0.5, -0.5), (np.exp, 1.0, math.e, math.e)],
    ids=["x⁴", "sin", "exp"],
)
def test_examples_of_pnd_get_the_step_of_their_third_derivative(f: Any, x: float, first: float, third: float) -> None:
    """∛(1.5·ε_M|f/f‴|); the values at ±2k err by 3u|f| over k³, some 7e-7."""
    choice = run_rule(PLUG_IN, f, x)
    assert float(choice.step) == pytest.approx((1.5 * 2 * U * float(f(x)) / abs(third)) ** (1 / 3), rel=1e-3)
    assert float(choice.derivative) == pytest.approx(first, abs=choice.error)
    assert choice.evaluations == 4 + 2
    assert choice.reason == ""


def test_constants_are_those_of_both_sources() -> None:
    """x³ at 0, where f₃ is 6: h = ∛(3ε/6), with the error h² + ε/h."""
    e = 2.0**-30
    choice = run_rule(PLUG_IN, lambda x: x * x * x, 0.0, noise=e)
    h = (e / 2) ** (1 / 3)
    assert float(choice.step) == pytest.approx(h, rel=1e-12)
    assert choice.error == pytest.approx(h * h + e / h, rel=1e-12, abs=0)


@pytest.mark.parametrize("x, scale", [(1.0, 1.0), (0.0, 1.0), (-7.0, 7.0), (1e-20, 1.0)])
def test_the_step_of_the_third_derivative_is_the_fifth_root_of_the_precision(x: float, scale: float) -> None:
    seen: list[float] = []
    run_rule(PLUG_IN, lambda t: (seen.extend(np.abs(t - x)), np.exp(t))[1], x)
    assert seen[:4] == pytest.approx([c * K * scale for c in (2, 1, 1, 2)], rel=1e-9)


def test_a_third_derivative_of_0_gives_a_128th_of_x() -> None:
    for x, step in ((4.0, 4 / 128), (0.0, U ** (1 / 3))):
        choice = run_rule(PLUG_IN, lambda t: t * 0 + 1.5, x)
        assert float(choice.step) == pytest.approx(step, rel=1e-12)
        assert choice.reason == "the third derivative is 0"


@pytest.mark.parametrize("share, step", [(0.999, 1 / 256), (1.001, (3e-8 / 1.001e-4) ** (1 / 3))])
def test_a_third_derivative_below_the_root_of_the_noise_gives_a_256th_of_x(share: float, step: float) -> None:
    """1 + c(x − 1)³: f₃ = 6c, to be compared with √10⁻⁸ = 10⁻⁴."""
    c = share * 1e-4 / 6
    choice = run_rule(PLUG_IN, lambda x: 1 + c * (x - 1) ** 3, 1.0, noise=1e-8)
    assert float(choice.step) == pytest.approx(step, rel=1e-3)
    assert bool(choice.reason) == (share < 1)


def test_a_k_without_values_is_halved_and_the_number_of_halvings_is_bounded() -> None:
    choice = run_rule(PLUG_IN, lambda x: np.where(np.abs(x) < K / 3, np.exp(x), np.nan), 0.0)
    assert abs(float(choice.derivative) - 1) < 1e-9
    assert choice.evaluations == 4 * 4 + 2
    nowhere = run_rule(PLUG_IN, lambda x: np.where(x == 0, 1.0, np.nan), 0.0)
    assert nowhere.status is RuleStatus.NOT_FINITE
    assert nowhere.evaluations == 4 * 31
