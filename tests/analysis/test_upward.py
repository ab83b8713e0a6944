"""Sums, products and quotients of bounds by cells: never below the exact ones, and hardly above."""

import math
from fractions import Fraction

import numpy as np
import pytest

from numdiff.analysis.upward import magnitude_above, product_above, products, quotients
from numdiff.floats.dyadic import dyadic_to_fraction, normalised

TIGHT = 1 + Fraction(1, 1 << 40)
RANGES = pytest.mark.parametrize("reach", [3, 60, 900, 16000])


def steps_of(rng, size, reach):
    """Steps with as many as 64 bits, as the nearest doubles and exactly."""
    exact = [
        normalised(int(rng.integers(2**63, 2**64, dtype=np.uint64)), int(e)) for e in rng.integers(-reach, 3, size)
    ]
    nearest = [math.ldexp(float(m), max(e, -5000)) for m, e in exact]
    return np.array(nearest), exact


def is_just_above(found, truth):
    if found == math.inf:
        return truth > Fraction(2) ** 1023
    return truth <= Fraction(float(found)) <= max(truth * TIGHT, truth + Fraction(1, 1 << 1074))


@RANGES
@pytest.mark.parametrize("order", [1, 2, 4])
def test_quotients_are_just_above(reach, order):
    rng = np.random.default_rng(reach + order)
    size = 60
    h = steps_of(rng, size, reach)
    terms = [(n, np.ldexp(rng.uniform(1, 2, size), rng.integers(-300, 0, size))) for n in (1, -8, 3 * 10**12, 5)]
    terms.append((-1, np.where(rng.random(size) < 0.5, 0.0, 5e-324)))
    found = quotients(terms, h, order, 12)
    for i in range(size):
        total = sum(abs(n) * Fraction(float(t[i])) for n, t in terms)
        assert is_just_above(found[i], total / (12 * dyadic_to_fraction(h[1][i]) ** order))


def test_quotients_of_nothing_are_0_and_of_infinity_infinite():
    h = steps_of(np.random.default_rng(1), 3, 900)
    found = quotients([(1, np.array([0.0, math.inf, math.inf])), (2, np.array([0.0, 0.0, 1.0]))], h, 2, 3)
    assert found.tolist() == [0.0, math.inf, math.inf]


def test_a_sum_that_is_known_better_is_used_where_the_doubles_end():
    h = (np.array([0.0, 1.0]), [(1, -5000), (1, 0)])
    terms = [(1, np.array([5e-324, 1.0]))]
    found = quotients(terms, h, 1, 1, exactly=lambda i: Fraction(1, 1 << 5000))
    assert found[0] == 1.0
    assert 1.0 < found[1] < 1.0 + 1e-14


@RANGES
@pytest.mark.parametrize("order", [1, 2, 8])
def test_products_are_just_above(reach, order):
    rng = np.random.default_rng(reach + order)
    size = 60
    h = steps_of(rng, size, reach)
    largest = np.ldexp(rng.uniform(1, 2, size), rng.integers(-1000, 1000, size))
    largest[:2] = 0.0, math.inf
    found = products(largest, Fraction(7, 180), h, order)
    assert found[:2].tolist() == [0.0, math.inf]
    for i in range(2, size):
        truth = Fraction(float(largest[i])) * Fraction(7, 180) * dyadic_to_fraction(h[1][i]) ** order
        assert is_just_above(found[i], truth)


def test_a_product_that_is_no_normal_number_is_marked_as_one():
    a, b = np.array([0.0, 3.0, 1e-200, 1e300, math.inf]), np.array([math.inf, 5.0, 1e-200, 1e300, 1.0])
    found = product_above(a, b)
    assert found[0] == 0
    assert 15 < found[1] < 15 * float(TIGHT)
    assert found[2] == found[3] == 2.0**1001
    assert found[4] == math.inf


def test_magnitudes_are_above():
    rng = np.random.default_rng(5)
    for bits in (1, 40, 53, 54, 64, 200):
        for exponent in (-1300, -1075, -1050, *range(-1035, -1025), -300, 0, 300, 2000):
            mantissa = int(rng.integers(1, 2**31)) << bits | 1
            found = magnitude_above((-mantissa, exponent))
            truth = dyadic_to_fraction((mantissa, exponent))
            assert found == math.inf or truth <= Fraction(found)
            if Fraction(2) ** -1000 < truth < Fraction(2) ** 1000:
                assert Fraction(found) <= truth * TIGHT
    assert magnitude_above((0, 0)) == 0
