"""Suprema of derivatives: never below a value that is taken, near the largest, infinite at a singularity."""

import math
from fractions import Fraction

import numpy as np
import pytest

from numdiff.analysis.suprema import SLACK, Suprema, suprema
from numdiff.arithmetic import balls
from numdiff.floats.formats import dyadic

CASES = {
    "exp": np.exp,
    "sin(50x)": lambda x: np.sin(50.0 * x),
    "peak": lambda x: 1 / (1 + 25 * x * x),
    "tanh": np.tanh,
    "root": lambda x: np.sqrt(1 + x * x),
    "composition": lambda x: np.exp(x**2) ** 2,
}


def interval(low, high):
    return int(Fraction(low) * 2**40), int(Fraction(high) * 2**40), -40


@pytest.mark.parametrize("order", [1, 3, 5])
@pytest.mark.parametrize("low, high", [(0.25, 0.75), (-1.0, 1.5), (-(2.0**-20), 2.0**-20), (1.0, 1.0 + 2.0**-30)])
@pytest.mark.parametrize("name", CASES)
def test_a_supremum_is_above_all_samples_and_near_the_largest(name, low, high, order):
    (bound,) = suprema(CASES[name], order, [interval(low, high)])
    points = [dyadic(low + (high - low) * i / 64) for i in range(65)]
    samples = [abs(value.midpoint) for value in balls.derivatives(CASES[name], points, order, 128)]
    assert bound >= max(samples)
    # Over wide intervals balls of high derivatives stay coarse, with as many pieces as are allowed.
    assert bound <= {1: 1.2 * SLACK, 3: 2, 5: 12}[order] * float(max(samples))


def test_a_polynomial_of_lower_degree_has_the_supremum_0():
    f = lambda x: -0.1 * x**4 - 0.15 * x**3 - 0.5 * x**2 - 0.25 * x + 1.2
    assert suprema(f, 5, [interval(-1, 1), interval(0.5, 0.5625)]) == [0.0, 0.0]


@pytest.mark.parametrize(
    "f", [np.log, np.sqrt, np.reciprocal, lambda x: x * np.abs(x), np.arcsin, lambda x: np.where(x > 0, x, -x)]
)
def test_there_is_none_over_a_pole_a_kink_or_the_end_of_a_domain(f):
    assert suprema(f, 2, [interval(-0.25, 1.5)]) == [math.inf]


def test_it_is_found_close_to_a_pole():
    (bound,) = suprema(np.reciprocal, 3, [interval(2.0**-8, 1)])
    assert 6 * 2.0**32 <= bound <= 6 * 2.0**32 * SLACK * 1.01


def test_a_derivative_beyond_the_doubles_has_none():
    assert suprema(lambda x: np.exp(np.exp(x * 100.0)), 3, [interval(0.5, 1)]) == [math.inf]


def test_each_interval_is_searched_once():
    calls = []
    known = Suprema(lambda x: calls.append(len(x)) or np.exp(x))
    first = dict(known.of(2, [interval(0, 1), interval(0, 1), interval(0, 0.5)]))
    made = len(calls)
    assert dict(known.of(2, [interval(0, 0.5)])) == first
    assert len(calls) == made
