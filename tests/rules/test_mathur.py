"""Mathur: pnd's examples, slopes at both sides of their tolerance, the grid, and functions without a slope."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import numdiff as nd
from numdiff.rules.evaluation import Probe
from numdiff.rules.mathur import MATHUR, TOLERANCES, Grid, leftmost_run, sampled
from numdiff.rules.run import run_rule

EVERYWHERE = (-math.inf, math.inf)
NARROW = TOLERANCES[0]


def near(f: Any, x: float) -> Probe:
    return Probe(f, np.float64(x), nd.get_format("float64"), EVERYWHERE)


def grid_of(ratios: list[float]) -> Grid:
    """A grid of powers of two whose errors have the given ratios of neighbours."""
    errors = np.append(np.nan, np.cumprod([1e-12, *ratios]))
    steps = 2.0 ** np.arange(-20.0, -20.0 + len(errors))
    return Grid(steps, steps * 0 + 1, steps * 0 + 1, steps * 0 + 1e-16, errors)


def test_the_estimated_error_of_sin_has_the_slope_2_of_the_vignette() -> None:
    """sin at π/4 between 2⁻⁹ and 2⁻⁸, where the vignette prints a slope of 2."""
    grid = sampled(near(np.sin, math.pi / 4), None)
    assert isinstance(grid, Grid)
    place = list(grid.steps).index(2.0**-8)
    assert math.log2(grid.errors[place] / grid.errors[place - 1]) == pytest.approx(2, abs=1e-4)
    assert grid.errors[place] == pytest.approx(math.cos(math.pi / 4) * 2.0**-16 / 6, rel=1e-4)


@pytest.mark.parametrize("f, x, first", [(np.sin, math.pi / 4, 0.5**0.5), (lambda x: x**4, 1.0, 4.0)])
def test_examples_of_pnd_are_differentiated_to_1e_8(f: Any, x: float, first: float) -> None:
    choice = run_rule(MATHUR, f, x)
    assert float(choice.derivative) == pytest.approx(first, rel=1e-8)
    assert choice.error is not None
    assert abs(float(choice.derivative) - first) < choice.error < 1e-8
    assert choice.reason == ""


def test_the_step_is_the_first_good_one_times_the_cube_root_of_a_quarter() -> None:
    grid = sampled(near(np.sin, 1.0), None)
    assert isinstance(grid, Grid)
    place = leftmost_run(grid, NARROW)
    assert place is not None
    choice = run_rule(MATHUR, np.sin, 1.0)
    h = grid.steps[place] * 0.25 ** (1 / 3)
    assert float(choice.step) == pytest.approx(h, rel=1e-15)
    assert choice.error == pytest.approx(grid.errors[place] * 0.25 ** (2 / 3) + grid.noise[place] / h, rel=1e-12, abs=0)
    # The five slopes before are those that are not good, somewhere.
    assert leftmost_run(Grid(*(part[: place + 4] for part in vars(grid).values())), NARROW) is None


@pytest.mark.parametrize("tolerance", TOLERANCES)
@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("share, good", [(0.999, True), (1.001, False)])
def test_slopes_are_good_within_their_tolerance(tolerance: Fraction, side: int, share: float, good: bool) -> None:
    ratio = 2.0 ** (2 * (1 + side * share * float(tolerance)))
    assert leftmost_run(grid_of([1.0, *[ratio] * 5, 1.0]), tolerance) == (3 if good else None)


def test_a_run_has_five_slopes_and_the_leftmost_one_counts() -> None:
    assert leftmost_run(grid_of([4.0] * 4), NARROW) is None
    assert leftmost_run(grid_of([4.0] * 5), NARROW) == 2
    assert leftmost_run(grid_of([4.0] * 4 + [1.0] + [4.0] * 5 + [1.0] + [4.0] * 9), NARROW) == 7


def steep(slope: float) -> Any:
    """At 0, D(h) = h^slope."""
    return lambda x: np.sign(x) * np.abs(x) ** (slope + 1)


@pytest.mark.parametrize(
    "slope, doubt", [(1.81, ""), (1.79, "off by 30 %"), (1.41, "off by 30 %"), (1.39, "no 5 slopes")]
)
def test_slopes_that_are_off_are_a_doubt(slope: float, doubt: str) -> None:
    choice = run_rule(MATHUR, steep(slope), 0.0)
    assert (doubt in choice.reason) == bool(doubt) or choice.reason == ""
    assert bool(choice.reason) == bool(doubt)


@pytest.mark.parametrize(
    "x, middle", [(1.0, -10), (0.0, -10), (-0.3, -10), (1000.0, 0), (1414.0, 0), (1415.0, 1), (1e20, 56)]
)
def test_the_grid_has_36_powers_of_two_below_and_24_above_a_thousandth_of_x(x: float, middle: int) -> None:
    """As far as x has digits: at 1e20 an ulp is 2¹⁴."""
    grid = sampled(near(np.cos, x), None)
    assert isinstance(grid, Grid)
    lowest = max(middle - 36, math.frexp(np.spacing(abs(x)))[1] - 1)
    assert grid.steps.tolist() == [2.0**k for k in range(lowest, middle + 25)]


def test_the_whole_grid_is_one_call() -> None:
    calls: list[int] = []
    choice = run_rule(MATHUR, lambda x: (calls.append(x.size), np.exp(x))[1], 1.0)
    assert calls[0] == 122
    assert choice.evaluations == 124


@pytest.mark.parametrize("f", [lambda x: x * x, lambda x: 3 * x + 1, lambda x: x * 0 + 1], ids=["x²", "line", "1"])
def test_without_a_truncation_error_the_step_is_that_of_the_rule_of_thumb(f: Any) -> None:
    choice = run_rule(MATHUR, f, 4.0)
    assert float(choice.step) == pytest.approx(4 * (3 * 2.0**-53) ** (1 / 3), rel=0.01)
    assert "no 5 slopes" in choice.reason
    noisy = run_rule(MATHUR, f, 4.0, noise=1e-6)
    assert float(noisy.step) == pytest.approx(4 * (3e-6 / float(f(np.array(4.0)))) ** (1 / 3), rel=0.01)
