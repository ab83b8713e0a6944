"""The noise is a function of the node alone, uniform, and leaves no trace of the node."""

import math

import numpy as np
import pytest

from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS
from numdiff.problems.noise import Noisy, deviation, uniform

NUMBERS = 20_000


def nodes(name="float64"):
    fmt = FORMATS[name]
    return 1 + fmt.as_array(np.arange(NUMBERS)) * fmt.as_array(fmt.machine_epsilon)


@pytest.mark.parametrize("name", FORMATS)
def test_noise_is_the_same_alone_in_an_array_and_from_the_other_side(name):
    x = nodes(name)[:100]
    together = uniform(x)
    assert [uniform(x[i : i + 1])[0] for i in range(len(x))] == together.tolist()
    assert uniform(x[::-1])[::-1].tolist() == together.tolist()


def test_noise_of_a_narrow_number_is_that_of_the_same_number_in_float64():
    x = FORMATS["float16"].as_array(np.linspace(-3, 3, 99))
    for name in ("bfloat16", "float32", "float64", "float80"):
        fmt = FORMATS.get(name)
        if fmt is not None and fmt.precision >= 11:
            assert uniform(x.astype(fmt.dtype)).tolist() == uniform(x).tolist()


def test_both_zeros_are_one_number():
    assert uniform(np.array([-0.0]))[0] == uniform(np.array([0.0]))[0]


def test_noise_of_neighbouring_numbers_is_uniform_and_independent():
    """Kolmogorov's distance at the 0.1 % level, moments and the correlation of neighbours within four deviations."""
    xi = uniform(nodes())
    ordered = np.sort(xi)
    expected = (np.arange(NUMBERS) + 0.5) / NUMBERS
    assert np.abs((ordered + 1) / 2 - expected).max() < 1.95 / math.sqrt(NUMBERS)
    assert np.abs(xi).max() < 1
    assert abs(xi.mean()) < 4 / math.sqrt(3 * NUMBERS)
    assert abs((xi**2).mean() - 1 / 3) < 4 * math.sqrt(4 / 45 / NUMBERS)
    assert abs((xi[1:] * xi[:-1]).mean()) < 4 / 3 / math.sqrt(NUMBERS)


@pytest.mark.skipif("float80" not in FORMATS, reason="no float80 here")
def test_every_bit_of_a_wide_number_counts():
    x = nodes("float80")
    assert len(np.unique(x.astype(np.float64))) < len(x) / 1000
    assert len(np.unique(uniform(x))) == len(x)


@pytest.mark.parametrize("name", ["float32", "float64", "float80"])
def test_the_level_is_the_largest_relative_change_and_the_deviation_is_what_is_told(name):
    fmt = FORMATS[name]
    x = fmt.as_array(np.linspace(0.5, 2, 4001))
    changes = (evaluate(fmt, Noisy(np.exp, 1e-4), x) / evaluate(fmt, np.exp, x)).astype(float) - 1
    rounding = 4 * float(fmt.unit_roundoff)
    assert 0.999e-4 - rounding < np.abs(changes).max() < 1e-4 + rounding
    assert np.sqrt((changes**2).mean()) == pytest.approx(deviation(1e-4, 1.0, False), rel=0.05)
    assert deviation(1e-4, -3.0, False) == pytest.approx(3e-4 / math.sqrt(3))


def test_absolute_noise_is_there_where_the_function_is_zero():
    x = np.linspace(-1e-3, 1e-3, 2001)
    seen = Noisy(lambda x: 0 * x, 1e-8, True)(x)
    assert 0.99e-8 < np.abs(seen).max() < 1e-8
    assert (Noisy(lambda x: 0 * x, 1e-8)(x) == 0).all()
    assert deviation(1e-8, 0.0, True) == pytest.approx(1e-8 / math.sqrt(3))
