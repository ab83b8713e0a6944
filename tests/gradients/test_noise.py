"""The estimates of rounding noise: right for noise that is known, and never below the last rounding."""

from fractions import Fraction

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.gradients.noise import (
    function_noise,
    gradient_noise,
    nearest_exponent,
    rounding_floor,
    typical_size,
    ulps_of,
)
from numdiff.gradients.probing import AnalyticGradient, ArrayLibrary, ScalarFunction

X = np.random.default_rng(0).uniform(0.5, 2, 20)
LIBRARY = ArrayLibrary(X)


def measured(f, x=X, seed=0):
    function = ScalarFunction(f, FORMATS["float64"], LIBRARY, vectorized=False)
    noise = function_noise(function, x, function.value(x), np.random.default_rng(seed))
    return float(noise), function.evaluations - 1


def test_white_noise_is_measured_to_a_small_factor():
    """Three tables: of 200 estimates all are within a factor of five, and 95 % are above 0.4 of it."""
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        found.append(measured(lambda x, rng=rng: np.sum(x) + 1e-9 * rng.standard_normal(), seed=seed)[0] / 1e-9)
    assert min(found) > 1 / 5
    assert max(found) < 3
    assert np.quantile(found, 0.05) > 0.4
    assert 1 / 1.5 < np.median(found) < 1.5


@pytest.mark.skipif(np.finfo(np.longdouble).nmant == 52, reason="longdouble is float64 here: nothing rounds less")
def test_a_smooth_function_without_rounding_shows_nothing():
    """x₀⁴ of a wide format: fourth differences at the widest spacing, about 2⁻²⁶, are 4!·2⁻¹⁰⁴."""
    noise, evaluations = measured(lambda x: x[0].astype(np.longdouble) ** 4)
    assert noise < 1e-18
    assert evaluations == 18


def test_noise_that_a_large_intermediate_result_hides_is_found():
    noise, _ = measured(lambda x: (np.sum(x) + 1e8) - 1e8)
    ulp = 2.0 ** (26 - 52)
    assert ulp / 12 < noise < ulp


def test_a_constant_and_an_isolated_value_have_no_noise():
    assert measured(lambda x: 3.0)[0] == 0
    assert measured(lambda x: 3.0 if np.all(x == X) else np.nan)[0] == 0


def test_the_floor_is_an_ulp_over_the_root_of_twelve():
    for item in FORMATS.values():
        ulp = np.longdouble(2) ** (1 - item.precision)
        assert rounding_floor(np.longdouble(1), item) == ulp / np.sqrt(np.longdouble(12))
        assert rounding_floor(np.longdouble(0), item) > 0


@pytest.mark.parametrize("name", FORMATS)
def test_a_displacement_is_one_unit_in_the_last_place(name):
    item = FORMATS[name]
    x = item.as_array(np.array([1.0, -1.5, 3.0, 0.0, 2.0**-10]))
    ulps = ulps_of(x, item)
    for value, ulp in zip(x, ulps, strict=True):
        if value:
            assert Fraction(*ulp.as_integer_ratio()) == item.spacing(item.lift(value))
    assert ulps[3] == ulps[4]
    assert np.all(ulps_of(np.zeros(2, item.dtype), item) == 2 * np.longdouble(2) ** -item.precision)


def test_the_typical_size_is_the_root_mean_square_or_one():
    assert typical_size(np.array([3.0, 4.0])) == np.sqrt(np.longdouble(12.5))
    assert typical_size(np.zeros(3)) == 1


def test_the_noise_of_a_gradient_is_its_own_where_it_is_larger():
    rng = np.random.default_rng(1)
    sigma = np.where(np.arange(20) == 5, 1e-6, 1e-10)

    def gradient(x):
        return 1 + sigma * rng.standard_normal(20)

    analytic = AnalyticGradient(gradient, LIBRARY)
    noise = gradient_noise(analytic, X, np.ones(20, np.longdouble), FORMATS["float64"], np.random.default_rng(2))
    assert 1e-7 < noise[5] < 1e-5
    others = np.delete(noise, 5)
    assert np.all((others > 2e-11) & (others < 5e-10))


def test_an_array_is_taken_to_be_wrong_by_two_roundings():
    value = np.array([1.0, -4.0], np.longdouble)
    analytic = AnalyticGradient(value, LIBRARY)
    noise = gradient_noise(analytic, np.ones(2), value, FORMATS["float32"], np.random.default_rng(0))
    assert noise.tolist() == [2 * 2.0**-24 * 4] * 2


@pytest.mark.parametrize("root", [1, 3, 5])
def test_nearest_exponent_is_the_rounded_logarithm(root):
    """At every threshold 2^(root·(n + ½)) the longdoubles on either side belong to different exponents."""
    for n in range(-4, 4):
        threshold = np.exp2(np.longdouble(root * (2 * n + 1)) / 2)
        both = threshold * np.array([1 - 1e-15, 1 + 1e-15], np.longdouble)
        assert nearest_exponent(both, root, 5).tolist() == [n, n + 1]
        assert nearest_exponent(np.array([np.exp2(np.longdouble(root * n))]), root, 5).tolist() == [n]


def test_nearest_exponent_is_limited_and_takes_what_is_no_number():
    ratios = np.array([0, 1e-300, 1e300, np.inf, np.nan], np.longdouble)
    assert nearest_exponent(ratios, 3, 2).tolist() == [-2, -2, 2, 2, -2]
