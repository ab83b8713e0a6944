"""Steps of the grids and neighbours of a point: each is rounded once, from the exact number."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.study.grids import common_steps, neighbours, step_indices


def exact(value: Any) -> Fraction:
    """Return a NumPy scalar exactly, without the code under test."""
    return Fraction(*(float(value) if value.dtype.name == "bfloat16" else value).as_integer_ratio())


def nearest(value: Fraction, precision: int, smallest: int) -> Fraction:
    """Round to `precision` bits, ties to even, with gradual underflow below 2**smallest: slow and obvious."""
    exponent = 0
    while Fraction(2) ** (exponent + 1) <= value:
        exponent += 1
    while Fraction(2) ** exponent > value:
        exponent -= 1
    unit = Fraction(2) ** (max(exponent, smallest) - precision + 1)
    return round(value / unit) * unit  # round() of a Fraction takes ties to even


@pytest.mark.parametrize("name", FORMATS)
def test_dyadic_steps_are_powers_of_two(name: str) -> None:
    ks = tuple(range(1, 25))
    steps = common_steps(FORMATS[name], "dyadic", ks)
    assert steps.dtype == FORMATS[name].dtype
    assert [exact(h) for h in steps] == [Fraction(1, 2**k) for k in ks]


@pytest.mark.parametrize("name", FORMATS)
def test_generic_steps_are_rounded_once_from_the_decimal_to_the_format(name: str) -> None:
    """A step that was cast by way of another format has other bits: in every format but the narrowest."""
    fmt = FORMATS[name]
    ks = tuple(range(1, 25 if name == "float16" else 70))
    steps = common_steps(fmt, "generic", ks)
    assert steps.dtype == fmt.dtype
    expected = [nearest(Fraction(12357, 10000) / 2**k, fmt.precision, fmt.min_exponent) for k in ks]
    assert [exact(h) for h in steps] == expected


@pytest.mark.parametrize("name", FORMATS)
def test_generic_step_of_every_format_differs_from_that_of_every_other(name: str) -> None:
    """Otherwise the claim above could not see a cast."""
    mine = exact(common_steps(FORMATS[name], "generic", (3,))[0])
    assert all(exact(common_steps(f, "generic", (3,))[0]) != mine for key, f in FORMATS.items() if key != name)


def test_steps_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        common_steps(FORMATS["float64"], "generic", (1, 2))[0] = 1.0


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("x", [1.0, -0.375, 0.1])
def test_neighbours_are_33_points_around_x_each_rounded_once(name: str, x: float) -> None:
    fmt = FORMATS[name]
    point = fmt.as_array(x)
    found = [exact(item) for item in neighbours(fmt, point[()])]
    assert len(found) == 33
    for r, item in zip(range(-16, 17), found, strict=True):
        wanted = exact(point[()]) * (1 + Fraction(r, 256))
        assert item == (1 if x > 0 else -1) * nearest(abs(wanted), fmt.precision, fmt.min_exponent)
    assert found[16] == exact(point[()])


def test_neighbours_of_zero_are_absolute() -> None:
    fmt = FORMATS["float64"]
    assert [exact(item) for item in neighbours(fmt, np.float64(0))] == [Fraction(r, 256) for r in range(-16, 17)]


@pytest.mark.parametrize("name", FORMATS)
def test_a_grid_ends_with_four_steps_that_are_lost_on_both_sides_of_1(name: str) -> None:
    fmt = FORMATS[name]
    one = fmt.as_array(np.array([1.0]))
    steps = common_steps(fmt, "dyadic", tuple(step_indices(fmt, one)))
    lost = [one[0] + h == one[0] and one[0] - h == one[0] for h in steps]
    assert lost == [False] * (len(lost) - 4) + [True] * 4
