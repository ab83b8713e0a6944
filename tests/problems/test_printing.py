"""What is printed of a number is what the formatting of Python prints, as an exact number."""

from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.problems.printing import Print, half_unit, printed, unit_of

DOUBLES = st.floats(min_value=1e-300, max_value=1e300) | st.floats(min_value=-1e300, max_value=-1e-300)
ULP = Fraction(1, 2**52)


@given(DOUBLES, st.integers(1, 18))
def test_significant_digits_are_those_of_python(x, digits):
    assert printed(np.float64(x), Print("significant", digits)) == Fraction(f"{x:.{digits - 1}e}")


@given(st.floats(min_value=-1e12, max_value=1e12), st.integers(0, 15))
def test_fixed_digits_are_those_of_python(x, digits):
    assert printed(np.float64(x), Print("fixed", digits)) == Fraction(f"{x:.{digits}f}")


@given(DOUBLES)
def test_shortest_form_is_that_of_python_and_numpy(x):
    assert printed(np.float64(x), Print("shortest", 17)) == Fraction(repr(x))
    single = np.float32(0.1)
    assert printed(single, Print("shortest", 9)) == Fraction("0.1") != Fraction(float(single))


@given(DOUBLES, st.integers(1, 17))
def test_truncation_drops_digits_toward_zero(x, digits):
    cut = Context(prec=digits, rounding=ROUND_DOWN).create_decimal(Decimal(x))
    assert printed(np.float64(x), Print("significant", digits), truncate=True) == Fraction(cut)


def test_zero_prints_as_zero():
    for kind in ("shortest", "fixed", "significant"):
        assert printed(np.float64(0), Print(kind, 6)) == 0


@given(DOUBLES, st.integers(1, 17))
def test_unit_is_that_of_the_last_significant_digit(x, digits):
    exponent = int(f"{Decimal(x):.50e}".partition("e")[2])
    assert unit_of(Fraction(x), Print("significant", digits)) == Fraction(10) ** (exponent - digits + 1)


@pytest.mark.parametrize("x", [1, 10, 0.5, 0.125, 999, 1000, 0.001])
def test_unit_is_right_at_powers_of_ten(x):
    exponent = int(f"{x:e}".partition("e")[2])
    assert unit_of(Fraction(x), Print("significant", 1)) == Fraction(10) ** exponent


@pytest.mark.parametrize(
    "text, how, expected",
    [
        ("0.877583", Print("fixed", 6), Fraction(1, 2 * 10**6)),
        ("4.716676e-2", Print("significant", 7), Fraction(1, 2 * 10**8)),
        ("4.0539", Print("significant", 6), Fraction(1, 2 * 10**5)),  # 4.05390, its zero not printed
        ("0.0", Print("significant", 6), Fraction(0)),
        ("1.0", Print("shortest", 17), ULP / 2),
        ("-105.440216", Print("shortest", 9), ULP / 2),
        ("0.3", Print("shortest", 17), ULP / 2),
    ],
)
def test_half_a_unit_is_at_most_that_of_the_last_printed_digit(text, how, expected):
    assert half_unit(text, how, ULP) == expected
    places = len(text.partition("e")[0].partition(".")[2]) - int(text.partition("e")[2] or 0)
    assert half_unit(text, how, ULP) <= Fraction(10) ** -places / 2


def test_shortest_form_has_no_unit_and_is_not_truncated():
    with pytest.raises(ValueError, match="how must be fixed or significant"):
        unit_of(Fraction(1), Print("shortest", 17))
    with pytest.raises(ValueError, match="truncate must be False"):
        printed(np.float64(1), Print("shortest", 17), truncate=True)
