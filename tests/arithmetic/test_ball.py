"""What is kept of numbers that no format comes near."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.arithmetic.ball import LARGEST_EXPONENT, Ball, Undefined, complex_within_limits, within_limits

FAR = 10**300


@given(st.integers(-(2**300), 2**300), st.integers(0, 2**300), st.integers(-3000, 3000))
def test_ball_within_the_limits_is_kept(mid: int, rad: int, exp: int) -> None:
    assert within_limits(Ball(mid, rad, exp)) == Ball(mid, rad, exp)


def test_limits_lie_beyond_all_formats_and_the_squares_of_their_numbers() -> None:
    # float80 ends at 2**16384 and at 2**-16445.
    assert LARGEST_EXPONENT > 2 * 16445


@pytest.mark.parametrize("sign", [1, -1])
def test_number_below_the_limits_keeps_its_sign_and_stays_below_every_double(sign: int) -> None:
    kept = within_limits(Ball(sign * 5, 1, -FAR))
    assert isinstance(kept, Ball)
    ends = kept.midpoint - kept.radius, kept.midpoint + kept.radius
    assert all(0 < sign * end <= Fraction(2) ** (1 - LARGEST_EXPONENT) for end in ends)


@pytest.mark.parametrize("bits", [100, 4096])
@pytest.mark.parametrize("sign", [1, -1])
def test_representative_of_a_tiny_number_is_below_all_that_a_ball_within_the_limits_resolves(
    sign: int, bits: int
) -> None:
    """No difference of such numbers is told from the tiny one by its size, only by its sign."""
    kept = within_limits(Ball(sign * 5, 1, -FAR))
    assert isinstance(kept, Ball)
    # The last bit of a ball at the limit, its radius spelled out, times (smallest number of float80)².
    resolved = Fraction(2) ** (-LARGEST_EXPONENT - 5 * bits - 2 * 16445)
    low, high = sorted((abs(kept.midpoint - kept.radius), abs(kept.midpoint + kept.radius)))
    assert low < resolved < high


def test_ball_around_zero_below_the_limits_stays_around_zero() -> None:
    assert within_limits(Ball(1, 1, -FAR)) == within_limits(Ball(0, 3, -FAR)) == Ball(0, 1, -LARGEST_EXPONENT)
    assert within_limits(Ball(0, 0, -FAR)).rad == 0  # type: ignore[union-attr]


def test_number_above_the_limits_is_beyond_and_a_ball_that_may_hold_smaller_ones_is_undecided() -> None:
    assert within_limits(Ball(5, 1, FAR)) is within_limits(Ball(-5, 1, FAR)) is Undefined.BEYOND
    assert within_limits(Ball(1, 0, LARGEST_EXPONENT)) is Undefined.BEYOND
    assert within_limits(Ball(1, 0, LARGEST_EXPONENT - 1)) == Ball(1, 0, LARGEST_EXPONENT - 1)
    assert within_limits(Ball(1, 1, FAR)) is within_limits(Ball(0, 3, FAR)) is Undefined.UNDECIDED


def test_complex_number_with_a_part_beyond_the_limits_is_beyond() -> None:
    one = Ball(1, 0, 0)
    assert complex_within_limits(one, one) == (one, one)
    assert complex_within_limits(one, Ball(5, 1, FAR)) is Undefined.BEYOND
    assert complex_within_limits(Ball(0, 3, FAR), Ball(5, 1, FAR)) is Undefined.UNDECIDED
