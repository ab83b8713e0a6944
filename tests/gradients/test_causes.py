"""A cause of a wrong gradient is named only where the slopes show it."""

from fractions import Fraction

import numpy as np
import pytest

from numdiff import check_gradient
from numdiff.gradients.causes import Evidence, diagnosis


def named(numeric, claim, x, tolerance=1e-9):
    """Return the cause of slopes beside claims, in coordinates."""
    arrays = (np.array(array, float) for array in (x, claim))
    bars = np.broadcast_to(np.array(tolerance, float), len(numeric)).copy()
    return diagnosis(Evidence(*arrays, None, np.array(numeric, float), bars, "x[{}]".format))


@pytest.mark.parametrize("text", ["2", "1/3", "3/2", "7", "1/64", "1e-04", "5e-04", "3/10"])
def test_plain_factor_of_two_slopes_is_named(text):
    number = float(Fraction(text))
    assert f"multiplied by {text}" in named([number * 0.7, -number * 1.3], [0.7, -1.3], [0.1, 0.2], 1e-13)


@pytest.mark.parametrize("number", [-2 / 97, 11 / 37, 3836.5, np.pi])
def test_number_that_no_mistake_is_made_of_is_not_named(number):
    assert "multiplied" not in named([number * 0.7, -number * 1.3], [0.7, -1.3], [0.1, 0.2], 1e-13)


def test_one_wrong_number_is_not_explained_by_another():
    check = check_gradient(lambda v: np.exp(v[0]), lambda v: np.exp(v) + 0.25, np.array([0.5]))
    assert (check.verdict, check.cause) == ("disagree", "")
    assert named([2.0, 1.0], [1.0, 1.0], [1.0, 0.0]) == "wrong in one coordinate only, x[0]"


def test_sign_of_one_number_is_named():
    assert named([2.0], [-2.0], [0.5]) == "sign: the gradient points the other way"


def test_undecided_coordinate_is_not_counted_as_wrong():
    assert "x[1]" in named([2.0, 5.0, 1.0], [2.0, 4.0, 9.0], [1.0, 2.0, 3.0], [1e-9, 1e-9, np.inf])
    # Steps that see the wave of x[0] are shorter than those of its slope: its right claim is off, and undecided.

    def f(v):
        return v[0] ** 2 + 1e-5 * np.sin(1e6 * v[0]) + np.sin(v[1]) + v[2] ** 3

    def gradient(v):
        return np.array([2 * v[0] + 10 * np.cos(1e6 * v[0]), np.cos(v[1]), 1.7])

    check = check_gradient(f, gradient, np.array([0.7, 1.0, 2.0]))
    assert [str(one.verdict) for one in check.comparisons] == ["undecided", "agree", "disagree"]
    assert check.comparisons[0].excess > 1
    assert check.cause == "wrong in one coordinate only, x[2]"
