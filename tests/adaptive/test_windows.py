"""The value and the bar of a few levels: pure noise, pure truncation, and both."""

import math

import numpy as np
import pytest

from numdiff.adaptive.ladder import MULTIPLIERS, START, Scheme, ladder
from numdiff.adaptive.noise import Known
from numdiff.adaptive.windows import Reading, read

LEVELS = 6


def of_values(
    right, left, center, start: float, scheme: Scheme, sigma_floor: float = 1e-300, confidence=0.99, sizes=None
) -> Reading:
    """Read levels of values f(x ± h), of shape (n, k); f is as large at all levels, or as `sizes`, and 0 at x."""
    h = (start * MULTIPLIERS[START : START + len(right)])[:, None] * np.ones(right.shape[1])
    if scheme.one_sided:
        numbers = companions = (right - center) / h
        t = h
    else:
        odd, mean, t = (right - left) / (2 * h), (right + left) / 2, h * h
        numbers, companions = (odd, mean) if scheme.order % 2 else ((mean - center) / t, odd)
    n = right.shape[1]
    known = Known(np.full(n, sigma_floor), np.zeros(n), np.zeros(n), np.zeros(n, int), np.ones(n))
    with np.errstate(all="ignore"):
        large = np.ones((len(t) + 1, n)) if sizes is None else np.vstack((sizes, np.zeros(n)))
        return read(scheme, START, numbers, companions, t, large, np.full(n, start), known, confidence)


def of_function(f, start: float, scheme: Scheme, levels: int = LEVELS, **options) -> Reading:
    h = (start * MULTIPLIERS[START : START + levels])[:, None]
    return of_values(f(h), f(-h), f(0 * h[:1]), start, scheme, **options)


@pytest.mark.parametrize("confidence", [0.9, 0.99, 0.999])
@pytest.mark.parametrize("scheme", [Scheme(1), Scheme(1, True), Scheme(2)], ids=str)
def test_the_bar_of_pure_noise_covers_as_often_as_it_says(scheme, confidence, rng):
    n = 40000
    right, left, center = (rng.standard_normal(shape) for shape in ((LEVELS, n), (LEVELS, n), n))
    found = of_values(right, left, center, 1.0, scheme, confidence=confidence)
    missed = (np.abs(found.value) > found.bar).mean()
    allowed = 1 - confidence
    assert missed <= allowed + 4 * math.sqrt(allowed / n)


def test_the_bar_of_pure_noise_is_not_much_wider_than_it_has_to_be(rng):
    n = 40000
    right, left, center = (rng.standard_normal(shape) for shape in ((LEVELS, n), (LEVELS, n), n))
    found = of_values(right, left, center, 1.0, Scheme(1))
    assert np.median(found.bar) / np.quantile(np.abs(found.value), 0.99) < 2


@pytest.mark.parametrize("scheme", [Scheme(1), Scheme(1, True)], ids=str)
def test_noise_that_grows_with_f_is_covered(scheme, rng):
    """Relative noise beside a zero of f: the residuals of the inner levels say too little of the outer ones."""
    n = 40000
    sizes = MULTIPLIERS[START : START + LEVELS][:, None] * np.ones(n)
    right, left = (sizes * rng.standard_normal(sizes.shape) for _ in range(2))
    missed = []
    for known in (sizes, None):
        found = of_values(right, left, np.zeros(n), 1.0, scheme, sizes=known)
        missed.append((np.abs(found.value) > found.bar).mean())
    assert missed[0] <= 0.012
    assert missed[1] > 0.03


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("one_sided", [False, True])
def test_the_bar_of_a_truncation_error_covers_it(order, one_sided):
    scheme = Scheme(order, one_sided)
    for f, value in (
        (lambda h: np.exp(h), 1.0),
        (lambda h: np.sin(h + 1), [math.cos(1), -math.sin(1), -math.cos(1), math.sin(1)][order - 1]),
        (lambda h: 1 / (1 - 0.3 * h), math.factorial(order) * 0.3**order),
    ):
        wide = of_function(lambda h, f=f: f(h.astype(np.longdouble)), 0.5, scheme, sigma_floor=1e-20)
        assert (
            abs(float(wide.value[0]) - value) <= float(wide.bar[0]) <= (0.2 if order < 4 else 3) * max(abs(value), 0.1)
        )


def test_a_polynomial_of_the_degree_of_the_levels_has_no_truncation_error():
    found = of_function(lambda h: 1 + 2 * h - 3 * h**3 + h**5, 0.5, Scheme(1), sigma_floor=1e-16)
    assert found.value[0] == pytest.approx(2, abs=1e-14)
    assert found.bar[0] < 1e-13


def test_the_window_weighs_noise_against_truncation(rng):
    right_of = np.exp(0.5 * MULTIPLIERS[START : START + LEVELS])[:, None] * np.ones(2000)
    left_of = np.exp(-0.5 * MULTIPLIERS[START : START + LEVELS])[:, None] * np.ones(2000)
    errors = []
    # A single reading: where noise begins among truncation errors, only a search covers 99 %.
    for sigma, least in ((1e-12, 0.99), (1e-6, 0.99), (1e-4, 0.98), (1e-3, 0.94)):
        noise = sigma * rng.standard_normal((2, LEVELS, 2000))
        found = of_values(right_of + noise[0], left_of + noise[1], np.ones(2000), 0.5, Scheme(1))
        errors.append(np.median(np.abs(found.value - 1)) / sigma)
        assert (np.abs(found.value - 1) <= found.bar).mean() > least
    assert max(errors) < 60  # noise is amplified by the steps, not by a degree that it cannot afford


def test_noise_counts_with_four_deviations_where_a_window_is_chosen(rng):
    """With one, the window of a noisy series is noisier than it has to be; with sixteen, wider."""
    right, left = 1 + rng.standard_normal((2, LEVELS, 500)) * 1e-3
    found = of_values(right, left, np.ones(500), 1.0, Scheme(1))
    spread = ladder(Scheme(1), START, LEVELS).noise[:, 0]
    deviations = found.noise / found.used
    assert all(np.isclose(deviation, 4 * spread, rtol=1e-9).any() for deviation in deviations)


def test_a_last_correction_that_is_small_by_chance_does_not_make_the_bar_small():
    """Of random series, some have a correction that is nearly 0: the window with one level more tells of it."""
    n, degrees = 40000, np.arange(7)[:, None]
    coefficients = np.random.default_rng(3).standard_normal((7, n)) * 0.5**degrees
    h = MULTIPLIERS[START : START + LEVELS, None]
    values = h * sum(c * h ** (2 * k) for k, c in enumerate(coefficients))
    found = of_values(values, -values, np.zeros(n), 1.0, Scheme(1), sigma_floor=1e-6)
    error = np.abs(found.value - coefficients[0])
    assert (error <= found.bar).mean() > 0.99
    assert (error > 3 * found.bar).mean() < 0.002
