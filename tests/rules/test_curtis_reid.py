"""Curtis and Reid: the numbers of the vignette, the limits of the ratio, and where the search ends."""

from typing import Any

import numpy as np
import pytest

from numdiff.rules.base import RuleStatus
from numdiff.rules.curtis_reid import CURTIS_REID, CurtisReid
from numdiff.rules.run import run_rule


def test_the_example_of_pnd_is_reproduced() -> None:
    """sin at 1 from h = 1e-4: the vignette prints 1.490116e-07 for the next step, where it ends.

    There ε is u|f(1)|, and here u|f(1 + h)|: the root of that makes the step longer by h/(2 tan 1) = 3.2e-5.
    """
    choice = run_rule(CurtisReid("it", start=1e-4), np.sin, 1.0)
    assert float(choice.step) == pytest.approx(1.490116e-07 * (1 + 0.5e-4 / np.tan(1.0)), rel=1e-6)
    assert choice.evaluations == 5 + 2
    assert choice.reason == ""


def test_the_fourth_power_has_the_derivative_and_the_error_of_pnds_tests() -> None:
    """x⁴ at 2: 32 to a relative 1e-8, with an error estimate below 1e-5; the other has its minimum at √2."""
    choice = run_rule(CURTIS_REID, lambda x: x * x * x * x, 2.0)
    assert float(choice.derivative) == pytest.approx(32, rel=1e-8)
    assert choice.error is not None
    assert 1e-9 < choice.error < 1e-5
    flat = run_rule(CurtisReid("it", start=2.0**-16), lambda x: x**6 - 2 * x**4 - 4 * x**2, np.sqrt(2.0))
    assert abs(float(flat.derivative)) < 1e-8


def parabola(ratio: float, start: float) -> dict[str, Any]:
    """x²: at 0 the ratio T/R is h²/ε, which is `ratio` at the start."""
    return {"rule": CurtisReid("it", start=start), "f": lambda x: x * x, "x": 0.0, "noise": start**2 / ratio}


@pytest.mark.parametrize("ratio, accepted", [(10.001, True), (9.999, False), (999.9, True), (1000.1, False)])
def test_ratios_from_10_to_1000_are_accepted(ratio: float, accepted: bool) -> None:
    choice = run_rule(**parabola(ratio, 0.25))
    assert (choice.step == 0.25) == accepted
    assert choice.evaluations == (5 if accepted else 7)
    if not accepted:
        assert float(choice.step) == pytest.approx(0.25 * np.sqrt(100 / ratio), rel=1e-12)


def test_a_step_grows_by_10_and_shrinks_by_1000_at_most() -> None:
    """From a ratio of 1/2, h is multiplied by 10, and the ratio of 50 is accepted; from 1e13 h is divided by 1000."""
    assert float(run_rule(**parabola(0.5, 0.25)).step) == pytest.approx(2.5, rel=1e-12)
    seen: list[float] = []
    arguments = parabola(1e13, 0.25) | {"f": lambda x: (seen.extend(np.abs(x)), x * x)[1]}
    run_rule(**arguments)
    assert seen[1:4:2] == pytest.approx([0.25, 0.25 / 1000], rel=1e-12)


@pytest.mark.parametrize("x, scale", [(1.0, 1.0), (0.0, 1.0), (-7.0, 7.0)])
def test_the_search_begins_at_the_cube_root_of_the_precision(x: float, scale: float) -> None:
    seen: list[float] = []
    run_rule(CURTIS_REID, lambda t: (seen.extend(np.abs(t - x)), np.exp(t))[1], x)
    assert seen[1:3] == pytest.approx([2.0 ** (-53 / 3) * scale] * 2, rel=1e-9)


def test_where_the_second_difference_is_0_the_step_is_16_times_as_long() -> None:
    choice = run_rule(CurtisReid("it", start=0.25), lambda x: 3 * x + 1, 1.0)
    assert choice.step == 4
    assert "linear, or odd" in choice.reason
    epsilon = 2.0**-52
    for ratio, factor in ((0.9 * epsilon**0.8, 16), (1.1 * epsilon**0.8, 1e5)):
        assert float(run_rule(**parabola(ratio, 2.0**-20)).step) == pytest.approx(factor * 2.0**-20, rel=1e-12)


def test_the_search_ends_at_100000_times_its_start_with_a_doubt() -> None:
    choice = run_rule(**parabola(1e-12, 2.0**-20))
    assert float(choice.step) == pytest.approx(1e5 * 2.0**-20, rel=1e-12)
    assert choice.reason == "T/R is 0.01"


def test_a_step_without_values_is_divided_by_100_and_the_search_is_bounded() -> None:
    seen: list[float] = []

    def f(x: Any) -> Any:
        seen.extend(np.abs(x))
        return np.where(np.abs(x) < 1e-3, np.exp(x), np.nan)

    choice = run_rule(CurtisReid("it", start=0.25), f, 0.0)
    assert seen[1:7:2] == pytest.approx([0.25, 0.25e-2, 0.25e-4], rel=1e-12)
    assert abs(float(choice.derivative) - 1) < 1e-8
    assert choice.reason == ""
    tiny = run_rule(CurtisReid("it", start=0.25), lambda x: np.where(np.abs(x) < 1e-12, np.exp(x), np.nan), 0.0)
    assert float(tiny.step) == pytest.approx(0.25e-12, rel=1e-12)
    nowhere = run_rule(CURTIS_REID, lambda x: np.where(x == 0, 1.0, np.nan), 0.0)
    assert nowhere.status is RuleStatus.NOT_FINITE
    assert nowhere.evaluations == 1 + 2 * 20
