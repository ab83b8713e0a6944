"""The ladder: what is linear in the values of f, against exact rational arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest

from numdiff.adaptive import ladder as rooms
from numdiff.adaptive.ladder import EVEN, MEAN, ODD, SIDE, SLOTS, START, STEPS, Ladder, Scheme, Series, ladder

SCHEMES = [Scheme(m, side) for m in (1, 2, 3, 4) for side in (False, True)]


def of_values(series: Series, steps: list[Fraction]) -> np.ndarray:
    """Return the matrix that makes the numbers of levels of f(x+h₁), …, f(x−h₁), …, f(x), of shape (n, 2n+1)."""
    n = len(steps)
    matrix = np.zeros((n, 2 * n + 1))
    for k, step in enumerate(steps):
        scale = float(step) ** series.pole
        if series is SIDE:
            matrix[k, k], matrix[k, -1] = 1 / scale, -1 / scale
        elif series is ODD:
            matrix[k, k], matrix[k, n + k] = 0.5 / scale, -0.5 / scale
        else:
            matrix[k, [k, n + k]] = 0.5 / scale
            matrix[k, -1] = -1 / scale if series is EVEN else 0
    return matrix


def neville(steps: list[Fraction], series: Series, numbers: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """Return the values at t = 0 of all windows (i, j), by the textbook."""
    t = [float(step) ** series.power for step in steps]
    table = {(i, 0): numbers[i] for i in range(len(t))}
    for j in range(1, len(t)):
        for i in range(len(t) - j):
            inner, outer = table[i + 1, j - 1], table[i, j - 1]
            table[i, j] = inner + (inner - outer) / (t[i] / t[i + j] - 1)
    return table


def places(item: Ladder) -> dict[tuple[int, int], int]:
    return {(int(i), int(j)): k for k, (i, j) in enumerate(zip(item.outer, item.degree, strict=True))}


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_windows_reproduce_the_polynomials_of_their_degree_exactly(scheme):
    steps = STEPS[START : START + 6]
    t = [step**scheme.series.power for step in steps]
    r = scheme.coefficient
    for (i, j), weights in rooms._weights(t, r).items():
        for power in range(j + 1):
            found = sum((w * tk**power for w, tk in zip(weights, t, strict=True)), Fraction(0))
            assert found == (1 if power == r and j >= r else 0), (i, j, power)
        assert all(w == 0 for k, w in enumerate(weights) if not i <= k <= i + j)


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_the_series_of_a_monomial_has_the_power_that_the_scheme_says(scheme):
    m, series = scheme.order, scheme.series
    steps = STEPS[START : START + 6]
    h = np.array([float(step) for step in steps])
    values = np.concatenate([h**m, (-h) ** m, [0.0]])
    numbers = of_values(series, list(steps)) @ values
    assert numbers == pytest.approx(h ** (series.power * scheme.coefficient), rel=1e-13)


@pytest.mark.parametrize("scheme", [Scheme(1), Scheme(1, True), Scheme(2)], ids=str)
@pytest.mark.parametrize(("outermost", "levels"), [(START, 6), (2, 5), (START, 7)])
def test_the_noise_of_a_window_is_the_norm_of_its_weights(scheme, outermost, levels):
    steps = list(STEPS[outermost : outermost + levels])
    item = ladder(scheme, outermost, levels)
    table = neville(steps, scheme.series, of_values(scheme.series, steps))
    for window, k in places(item).items():
        norm = math.factorial(scheme.order) * np.sqrt((table[window] ** 2).sum())
        assert item.noise[k, 0] == pytest.approx(norm, rel=1e-9), window


@pytest.mark.parametrize("scheme", [Scheme(1), Scheme(2), Scheme(3), Scheme(1, True)], ids=str)
def test_residuals_of_independent_errors_have_deviation_1_and_correlation_0(scheme):
    levels = 6
    steps, item = list(STEPS[START : START + levels]), ladder(scheme, START, levels)
    rows = []
    for series, weights in ((scheme.series, item.residuals), (scheme.companion, item.companions)):
        if series is None:
            continue
        table = neville(steps, series, of_values(series, steps))
        corrections = np.array([table[0, j] - table[1, j - 1] for j in range(1, levels)])
        rows.append(weights @ corrections)
    matrix = np.concatenate(rows)
    assert matrix @ matrix.T == pytest.approx(np.eye(len(matrix)), abs=1e-9)
    assert np.allclose(np.tril(item.residuals, -1), 0)


def test_residuals_of_simulated_errors_have_variance_1(rng):
    steps, item = list(STEPS[START : START + 6]), ladder(Scheme(1), START, 6)
    n = 40000
    values = rng.standard_normal((13, n))
    table = neville(steps, ODD, of_values(ODD, steps) @ values)
    residuals = item.residuals @ np.array([table[0, j] - table[1, j - 1] for j in range(1, 6)])
    assert residuals.var(axis=1) == pytest.approx(np.ones(5), abs=5 * math.sqrt(2 / n))
    assert np.corrcoef(residuals) == pytest.approx(np.eye(5), abs=5 / math.sqrt(n))


def test_the_noise_of_the_companion_is_that_of_its_last_corrections():
    steps, item = list(STEPS[START : START + 5]), ladder(Scheme(1), START, 5)
    table = neville(steps, MEAN, of_values(MEAN, steps))
    for (i, j), k in places(item).items():
        expected = np.sqrt(((table[i, j] - table[i + 1, j - 1]) ** 2).sum()) if j else math.inf
        assert item.companion_noise[k, 0] == pytest.approx(expected, rel=1e-9)


def test_neighbours_of_a_window_are_where_the_tables_say():
    item = ladder(Scheme(1), START, 5)
    place = places(item)
    for (i, j), k in place.items():
        assert item.first[j] + i == k
        assert j == 0 or item.parent[k] == place[i + 1, j - 1]
        assert j < 2 or item.grandparent[k] == place[i + 2, j - 2]
        assert item.widest[k] == ((i, j + 1) not in place)
        assert item.widest[k] or item.wider[k] == place[i, j + 1]


def test_steps_fall_by_about_two_and_no_period_divides_them_all():
    ratios = [STEPS[k] / STEPS[k + 1] for k in range(SLOTS - 1)]
    assert all(Fraction(5, 4) <= ratio <= Fraction(5, 2) for ratio in ratios)
    assert STEPS[START] < 1 < STEPS[0]
    for k in range(SLOTS - 4):
        multiples = [step / STEPS[k + 4] for step in STEPS[k : k + 5]]
        assert any(multiple.denominator > 1 for multiple in multiples)
