"""ECnoise: its formula, its verdicts, the accuracy its authors state, and the search for a spacing."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.rules.ecnoise import Spacing, ecnoise, noise_near
from numdiff.rules.evaluation import Probe

EVERYWHERE = (-math.inf, math.inf)


class Counted:
    """A function that keeps the sizes of its batches and its nodes."""

    def __init__(self, f: Any) -> None:
        self.f, self.sizes, self.nodes = f, [], []  # type: ignore[var-annotated]

    def __call__(self, x: Any) -> Any:
        self.sizes.append(x.size)
        self.nodes.append(np.asarray(x).astype(float))
        return self.f(x)


def near(f: Any, x: float, name: str = "float64", domain: tuple[float, float] = EVERYWHERE) -> Probe:
    fmt = FORMATS[name]
    return Probe(f, fmt.as_array(x)[()], fmt, domain)


# --- the verdict on given values ---------------------------------------------------------------------------------


def test_levels_are_scaled_differences(rng: np.random.Generator) -> None:
    values = 1 + 1e-3 * rng.random(9)
    found, table = ecnoise(values), values
    for k, level in enumerate(found.levels, start=1):
        table = np.diff(table)
        gamma = math.factorial(k) ** 2 / math.factorial(2 * k)
        assert level == pytest.approx(math.sqrt(gamma * np.mean(table**2)), rel=1e-13, abs=0)
    assert found.value in found.levels


def test_verdicts_on_the_examples_of_the_authors_repository() -> None:
    assert ecnoise(np.linspace(1.0, 2.0, 7)).spacing is Spacing.TOO_LONG
    assert ecnoise(np.full(7, 3.0)).spacing is Spacing.TOO_SHORT
    alternating = ecnoise([1.0, 1.01, 1.0, 1.01, 1.0, 1.01, 1.0])
    assert alternating.spacing is Spacing.DETECTED
    assert alternating.value == alternating.levels[0] == pytest.approx(0.01 / math.sqrt(2))


def test_noise_of_the_model_problem_is_within_a_factor_of_4_in_99_of_100_cases(rng: np.random.Generator) -> None:
    """‖x‖²(1 + 10⁻³R), R normal, nine values around (1, …, 1): the authors report 1 % failures."""
    spacings = np.arange(-4, 5)[None, :] * 1e-6 / 4
    slopes = 2 * np.sqrt(10) * rng.uniform(-1, 1, (2000, 1))
    values = (10 + slopes * spacings) * (1 + 1e-3 * rng.standard_normal((2000, 9)))
    ratios = np.array([ecnoise(row).value / 1e-3 / row[4] for row in values])
    assert np.mean((ratios >= 0.25) & (ratios <= 4)) >= 0.99
    assert np.median(ratios) == pytest.approx(1, abs=0.1)


def test_example_of_the_paper_has_the_standard_deviation_of_its_noise(rng: np.random.Generator) -> None:
    """Section 3, table 3.1: cos t + sin t + 10⁻³U, U uniform on [0, 2√3], at seven points 10⁻² apart."""
    t = np.arange(7) * 1e-2
    found = [ecnoise(np.cos(t) + np.sin(t) + 1e-3 * 2 * math.sqrt(3) * rng.random(7)) for _ in range(400)]
    detected = np.array([item.value for item in found if item.spacing is Spacing.DETECTED])
    assert detected.size > 300
    assert np.median(detected) == pytest.approx(1e-3, rel=0.25, abs=0)


@pytest.mark.parametrize("last, detected", [(0.0999, True), (0.1003, False)])
def test_values_may_differ_by_a_tenth_of_the_largest(last: float, detected: bool) -> None:
    values = [1.0, 1.0 - last, 1.0, 1.0 - last, 1.0, 1.0 - last, 1.0]
    assert (ecnoise(values).spacing is Spacing.DETECTED) == detected


@pytest.mark.parametrize("equal, spacing", [(3, Spacing.DETECTED), (4, Spacing.TOO_SHORT)])
def test_half_of_the_values_may_equal_their_neighbours(equal: int, spacing: Spacing) -> None:
    """Of seven values 3.5 is the half: four differences that are 0 are too many."""
    steps = [0.0] * equal + [1e-3, -1e-3, 1e-3, -1e-3, 1e-3, -1e-3][: 6 - equal]
    assert (ecnoise(1 + np.cumsum([0.0, *steps])).spacing is Spacing.TOO_SHORT) == (spacing is Spacing.TOO_SHORT)


def test_three_levels_in_a_row_are_within_a_factor_of_4(rng: np.random.Generator) -> None:
    """Of four values there is one such triple; the first differences have both signs throughout."""
    within, beyond = 0, 0
    for _ in range(3000):
        values = 1 + 1e-3 * np.cumsum([0.0, *(rng.uniform(0.1, 1, 3) * (1, 1, -1))])
        found = ecnoise(values)
        spread = found.levels.max() / found.levels.min()
        assert (found.spacing is Spacing.DETECTED) == (spread <= 4)
        within, beyond = within + (3.7 < spread <= 4), beyond + (4 < spread < 4.3)
    assert min(within, beyond) > 5


def test_a_smooth_function_without_noise_asks_for_a_shorter_spacing() -> None:
    assert ecnoise(np.exp(np.arange(7) * 1e-2)).spacing is Spacing.TOO_LONG


def test_tiny_values_do_not_underflow() -> None:
    large, tiny = (ecnoise(scale * (1 + 0.01 * np.array([0, 1, 0, 1, 1, 0, 1.0]))) for scale in (1.0, 2.0**-1000))
    assert tiny.value == large.value * 2.0**-1000


def test_other_values_are_refused() -> None:
    for values, message in (
        ([1.0, 2.0, 3.0], "at least 4 numbers"),
        (np.ones((2, 4)), "at least 4 numbers"),
        ([1.0, 2.0, 3.0, math.nan], "finite"),
    ):
        with pytest.raises(ValueError, match=message):
            ecnoise(values)


# --- the search for a spacing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "float80"])
def test_noise_of_a_rounded_exponential_is_about_a_third_of_its_unit_roundoff(name: str) -> None:
    """A rounding error is uniform on ±½ulp: 0.29 ulp, and ulp(f) is 2u here, where f is in [1, 2)."""
    if name not in FORMATS:
        pytest.skip(f"no {name} here")
    found = [noise_near(near(np.exp, x, name)).value for x in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)]
    u = float(FORMATS[name].unit_roundoff)
    assert 0.58 * u / 4 < float(np.median(found)) < 0.58 * u * 4


@pytest.mark.parametrize("level", [1e-12, 1e-8, 1e-4])
def test_added_noise_is_found(level: float) -> None:
    found = noise_near(near(lambda x: np.exp(x) + level * np.sin(1e14 * x), 0.5))
    assert found.spacing is Spacing.DETECTED
    assert level / math.sqrt(2) / 4 < found.value < 4 * level / math.sqrt(2)


def test_first_spacing_is_that_of_the_authors_script_and_the_next_a_hundredth_or_a_hundredfold() -> None:
    smooth = Counted(lambda x: 1 + x)  # exact values of a straight line: no noise, too long until it is too short
    noise_near(near(smooth, 0.5))
    gaps = [nodes[1] - nodes[0] for nodes in smooth.nodes]
    assert 0.5e-10 < gaps[0] < 2e-10
    assert gaps[0] / gaps[1] == pytest.approx(100, rel=0.5, abs=0)
    flat = Counted(lambda x: x * 0 + 1)
    noise_near(near(flat, 0.5))
    gaps = [nodes[1] - nodes[0] for nodes in flat.nodes]
    assert gaps[1] / gaps[0] == pytest.approx(100, rel=0.5, abs=0)


def test_where_the_verdict_changes_the_next_spacing_is_nearer() -> None:
    """1 + x² at 0: 1.2e-10 is too short and 1.5e-8 too long, and what lies between them is found."""
    counted = Counted(lambda x: x * x + 1)
    found = noise_near(near(counted, 0.0))
    gaps = [nodes[1] - nodes[0] for nodes in counted.nodes]
    assert found.spacing is Spacing.DETECTED
    assert [round(math.log2(b / a)) for a, b in pairwise(gaps)] == [7, -4, 2, 2, -1]


@pytest.mark.parametrize("f", [lambda x: x * 0 + 1, np.sin, lambda x: x, lambda x: x * np.nan])
def test_at_most_ten_batches_of_seven_values(f: Any) -> None:
    counted = Counted(f)
    found = noise_near(near(counted, 0.0))
    assert found.value == 0
    assert found.spacing is not Spacing.DETECTED
    assert len(counted.sizes) <= 10
    assert set(counted.sizes) == {7}


def test_nodes_are_equally_spaced_and_inside_the_domain() -> None:
    for x in (1e-20, 3.0, 1e20 / 3, 0.1):
        counted = Counted(np.log)
        found = noise_near(near(counted, x, domain=(0.0, math.inf)))
        assert found.spacing is Spacing.DETECTED
        for nodes in counted.nodes:
            assert (nodes > 0).all()
        assert len(set(np.diff(counted.nodes[-1]))) == 1


def test_a_value_that_is_not_finite_makes_the_spacing_too_long() -> None:
    found = noise_near(near(np.log, 1e-12))
    assert found.spacing is Spacing.DETECTED
    assert 0 < found.value < 1e-13
