"""`round_ratio` and its companions, held against a definition of rounding that shares no line with them."""

import bisect
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from numdiff.floats.dyadic import (
    dyadic,
    dyadic_product,
    dyadic_sum,
    dyadic_to_fraction,
    nearest_double,
    normalised,
    round_ratio,
)

INTEGERS = st.integers(-(2**200), 2**200)
EXPONENTS = st.integers(-1200, 1200)
FRACTIONS = st.builds(Fraction, INTEGERS, st.integers(1, 2**200))
DYADICS = st.builds(normalised, INTEGERS, EXPONENTS)


def grid(precision: int, min_exponent: int, top: int) -> list[Fraction]:
    """List every number ≥ 0 of a small format, from its definition: an integer significand times a power."""
    subnormal = Fraction(2) ** (min_exponent - precision + 1)
    numbers = {k * subnormal for k in range(2 ** (precision - 1))}
    for exponent in range(min_exponent, top + 1):
        unit = Fraction(2) ** (exponent - precision + 1)
        numbers |= {k * unit for k in range(2 ** (precision - 1), 2**precision + 1)}
    return sorted(numbers)


def nearest_even(value: Fraction, numbers: list[Fraction]) -> Fraction:
    """Choose the nearest number of a list by comparing distances; at a tie the one at an even place in it.

    The places alternate between even and odd significands: the list starts at 0 and each binade has an even
    number of members.
    """
    magnitude = abs(value)
    i = bisect.bisect_left(numbers, magnitude)
    low, high = numbers[max(i - 1, 0)], numbers[i]
    if high == magnitude:
        chosen = high
    elif magnitude - low != high - magnitude:
        chosen = low if magnitude - low < high - magnitude else high
    else:
        chosen = low if (i - 1) % 2 == 0 else high
    return -chosen if value < 0 else chosen


TINY = {(p, e): grid(p, e, 6) for p in (2, 3, 4, 8) for e in (-4, -1, 0)}


@pytest.mark.parametrize("precision, min_exponent", list(TINY))
def test_every_sixteenth_between_numbers_of_a_small_format_rounds_to_the_nearest(precision, min_exponent):
    numbers = TINY[precision, min_exponent]
    unit = Fraction(2) ** (min_exponent - precision + 1) / 16
    for k in range(-600, 601):
        value = k * unit
        rounded = dyadic_to_fraction(round_ratio(*value.as_integer_ratio(), precision, min_exponent))
        assert rounded == nearest_even(value, numbers), value


@given(st.sampled_from(list(TINY)), st.fractions(-64, 64))
def test_any_rational_rounds_to_the_nearest_number_of_a_small_format(shape, value):
    rounded = dyadic_to_fraction(round_ratio(*value.as_integer_ratio(), *shape))
    assert rounded == nearest_even(value, TINY[shape])


@given(FRACTIONS, st.integers(2, 120), st.integers(-200, 200))
def test_no_number_of_the_format_is_nearer_than_the_rounded_one(value, precision, min_exponent):
    mantissa, exponent = round_ratio(*value.as_integer_ratio(), precision, min_exponent)
    rounded = dyadic_to_fraction((mantissa, exponent))
    # A member of the format: at most `precision` bits, on the grid of gradual underflow.
    assert abs(mantissa).bit_length() <= precision
    assert not mantissa or exponent >= min_exponent - precision + 1
    # Distance at most half the spacing below the result, and at a tie an even significand.
    top = abs(mantissa).bit_length() - 1 + exponent
    spacing = Fraction(2) ** (max(top, min_exponent) - precision + 1)
    error = abs(rounded - value)
    assert error <= spacing / 2
    if abs(mantissa) == 1 and top > min_exponent and abs(value) < abs(rounded):
        assert error <= spacing / 4  # below a power of two the numbers are twice as dense
    if error == spacing / 2:
        assert (abs(rounded) / spacing) % 2 == 0


@given(FRACTIONS, st.integers(2, 120), st.integers(-200, 200))
def test_rounding_is_odd_and_idempotent(value, precision, min_exponent):
    n, d = value.as_integer_ratio()
    mantissa, exponent = round_ratio(n, d, precision, min_exponent)
    assert round_ratio(-n, d, precision, min_exponent) == (-mantissa, exponent)
    again = dyadic_to_fraction((mantissa, exponent)).as_integer_ratio()
    assert round_ratio(*again, precision, min_exponent) == (mantissa, exponent)


@given(FRACTIONS, FRACTIONS, st.integers(2, 60), st.integers(-200, 200))
def test_rounding_is_monotone(left, right, precision, min_exponent):
    low, high = sorted((left, right))
    rounded_low = round_ratio(*low.as_integer_ratio(), precision, min_exponent)
    rounded_high = round_ratio(*high.as_integer_ratio(), precision, min_exponent)
    assert dyadic_to_fraction(rounded_low) <= dyadic_to_fraction(rounded_high)


@given(FRACTIONS, st.integers(1, 2**80))
def test_rounding_depends_on_the_number_and_not_on_its_fraction(value, factor):
    n, d = value.as_integer_ratio()
    assert round_ratio(n * factor, d * factor, 24, -126) == round_ratio(n, d, 24, -126)


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_denominator_that_is_not_positive_is_refused(denominator):
    with pytest.raises(ValueError, match=f"denominator must be positive, got {denominator}"):
        round_ratio(1, denominator, 53, -1022)


# --- nearest_double ----------------------------------------------------------------------------------

LARGEST = Fraction(2**53 - 1) * 2**971
HALF_ULP = Fraction(2) ** 970  # of the largest double


def expected_double(n: int, d: int) -> float:
    mantissa, exponent = round_ratio(n, d, 53, -1022)
    overflows = abs(mantissa).bit_length() + exponent > 1024
    return math.copysign(math.inf if overflows else math.ldexp(mantissa, exponent), -1 if n < 0 else 1)


@settings(max_examples=300)
@given(st.integers(-(2**120), 2**120), st.integers(1, 2**120), st.integers(-1200, 1200))
@example(1, 1, -1075)  # a tie between 0 and the smallest subnormal
@example(3, 1, -1075)
@example(3, 2, -1075)
@example(-1, 3, -1074)
@example(2**54 - 1, 1, 970)  # rounds up to 2**1024
def test_nearest_double_is_round_ratio_for_float64(numerator, denominator, shift):
    n = numerator << shift if shift > 0 else numerator
    d = denominator << -shift if shift < 0 else denominator
    result, expected = nearest_double(n, d), expected_double(n, d)
    assert result == expected
    assert math.copysign(1, result) == math.copysign(1, expected)


@given(st.integers(-(2**60), 2**60), st.integers(1, 2**8), st.integers(1060, 1090))
def test_nearest_double_rounds_subnormal_results_once(numerator, odd, shift):
    """Dividing the rounded integers would round to 53 bits first and then again to the subnormal grid."""
    d = odd << shift
    assert nearest_double(numerator, d) == expected_double(numerator, d)


def test_dividing_in_two_steps_rounds_a_subnormal_twice_and_nearest_double_does_not():
    # 1 + 2**-60 + … halfway pushed up: to 53 bits it becomes the tie itself, which then goes to even.
    n, d = (1 << 60) + 1, 1 << (60 + 1075)
    twice = math.ldexp(float(n), -(60 + 1075))
    assert twice == 0.0
    assert nearest_double(n, d) == 2.0**-1074


@pytest.mark.parametrize("sign", [1, -1])
def test_nearest_double_overflows_at_half_an_ulp_beyond_the_largest(sign):
    assert nearest_double(sign * int(LARGEST), 1) == sign * float(2**53 - 1) * 2.0**971
    just_below = sign * (2 * int(LARGEST + HALF_ULP) - 1)
    assert nearest_double(just_below, 2) == sign * float(LARGEST)
    assert nearest_double(sign * int(LARGEST + HALF_ULP), 1) == sign * math.inf
    assert nearest_double(sign * 10**400, 1) == sign * math.inf
    assert nearest_double(10**400, sign) == sign * math.inf


def test_nearest_double_keeps_the_sign_of_a_number_that_underflows():
    assert math.copysign(1, nearest_double(-1, 10**400)) == -1
    assert math.copysign(1, nearest_double(1, 10**400)) == 1
    assert math.copysign(1, nearest_double(0, 7)) == 1


# --- dyadic numbers ----------------------------------------------------------------------------------


@given(INTEGERS, EXPONENTS)
def test_a_normalised_pair_has_an_odd_mantissa_and_the_same_value(mantissa, exponent):
    m, e = normalised(mantissa, exponent)
    assert m % 2 == 1 or (m, e) == (0, 0)
    assert Fraction(m) * Fraction(2) ** e == Fraction(mantissa) * Fraction(2) ** exponent


@given(DYADICS)
def test_dyadic_and_fraction_are_inverse(number):
    assert dyadic(dyadic_to_fraction(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_taken_at_its_exact_binary_value(value):
    assert dyadic_to_fraction(dyadic(value)) == Fraction(value)


@given(DYADICS, DYADICS)
def test_sum_and_product_of_dyadic_numbers_are_exact_and_normalised(left, right):
    a, b = dyadic_to_fraction(left), dyadic_to_fraction(right)
    assert dyadic_sum(left, right) == dyadic(a + b)
    assert dyadic_product(left, right) == dyadic(a * b)


@given(DYADICS)
def test_a_number_minus_itself_and_a_number_times_zero_are_the_one_zero(number):
    assert dyadic_sum(number, (-number[0], number[1])) == (0, 0)
    assert dyadic_product(number, (0, 0)) == dyadic_product((0, 0), number) == (0, 0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("inf")])
def test_a_number_that_is_not_finite_is_not_dyadic(value):
    with pytest.raises(ValueError, match="value must be finite"):
        dyadic(value)


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(-7, 6), Fraction(1, 10)])
def test_a_rational_that_is_not_dyadic_is_refused_with_its_value(value):
    with pytest.raises(ValueError, match=r"dyadic rational m\*2\*\*e, got Fraction"):
        dyadic(value)
