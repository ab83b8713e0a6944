"""Errors about x and h show the number that was given, not what the format made of it."""

import math
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from numdiff.analysis.error_bounds import error_bounds
from numdiff.analysis.error_ledger import error_ledger
from numdiff.autodiff import Exp, on_arrays
from numdiff.floats.formats import get_format
from numdiff.formulas.arguments import points_and_steps
from numdiff.formulas.differences import centered_difference


@pytest.mark.parametrize("call", [error_ledger, error_bounds])
@pytest.mark.parametrize(
    ("x", "h", "dtype", "error", "message"),
    [
        (1.0, 1e-9, "float16", ValueError, "h must be at least 6e-08 in float16, got 1e-09$"),
        (1.0, [0.5, 1e-9], "float16", ValueError, r"h must be at least 6e-08 in float16, got 1e-09 at index \(1,\)$"),
        (1.0, 1e6, "float16", ValueError, r"h must be at most 6(\.55e\+04|5500\.0) in float16, got 1000000\.0$"),
        (1.0, 0.0, "float64", ValueError, r"h must be finite and positive in float64, got 0\.0$"),
        (1.0, math.inf, "float64", ValueError, "h must be finite and positive in float64, got inf$"),
        (1.0, math.nan, "bfloat16", ValueError, "h must be finite and positive in bfloat16, got nan$"),
        (1.0, Fraction(1, 10**400), "float64", ValueError, r"h must be at least 5e-324 in float64, got 1e-400$"),
        (1e5, 1.0, "float16", ValueError, r"x must be finite in float16, got 100000\.0$"),
        ([0.5, 1e5], 1.0, "float16", ValueError, r"x must be finite in float16, got 100000\.0 at index \(1,\)$"),
        (10**5000, 1.0, "float64", ValueError, r"x must be finite in float64, got 1\.0+e\+5000$"),
        (True, 1.0, "float64", TypeError, "x must be a real number or an array of them, got bool True"),
        (1.0, np.array([True]), "float64", TypeError, "h must be a real number or an array of them, got ndarray"),
        ("a", 1.0, "float64", TypeError, "x must be a real number or an array of them, got str 'a'"),
        (1.0, "a", "float64", TypeError, "h must be a real number or an array of them, got str 'a'"),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), 1.0, "float64", TypeError, "x must not be masked anywhere"),
        (1.0, np.ma.array([1.0, 2.0], mask=[0, 1]), "float64", TypeError, "h must not be masked anywhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_number_that_was_given_is_named(
    call: Any, x: Any, h: Any, dtype: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(np.exp, x, h, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_arguments_are_rounded_once_and_keep_their_shapes(dtype: str) -> None:
    fmt = get_format(dtype)
    x, h = np.array([[0.1], [-3.3]]), [0.1, 0.2, 0.3]
    _, points, steps = points_and_steps(x, h, fmt)
    assert points.shape == (2, 1)
    assert steps.shape == (3,)
    assert points.dtype == steps.dtype == fmt.dtype
    assert [fmt.lift(item) for item in steps] == [fmt.lift(fmt.round(Fraction(item))) for item in h]


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("kind", ["f8", "f4", "f2", "i4"])
@pytest.mark.parametrize("target", ["float16", "bfloat16", "float64"])
def test_byte_order_does_not_matter(order: str, kind: str, target: str) -> None:
    plain = np.array([1, 2, 300]).astype(kind)
    _, found, _ = points_and_steps(plain.astype(order + kind), 1.0, target)
    _, expected, _ = points_and_steps(plain, 1.0, target)
    assert found.dtype == expected.dtype
    assert found.tobytes() == expected.tobytes()


def test_ledger_of_points_and_steps_of_foreign_byte_order_is_that_of_the_machine_s() -> None:
    x, h = np.array([0.5, 1.5]), np.array([0.25, 0.125])
    foreign = error_ledger(np.exp, x.astype(x.dtype.newbyteorder("S")), h.astype(h.dtype.newbyteorder("S")))
    assert foreign.total.tobytes() == error_ledger(np.exp, x, h).total.tobytes()


def test_masked_array_without_a_masked_element_is_an_array() -> None:
    x = np.array([0.5, 1.5])
    assert error_ledger(np.exp, np.ma.array(x), 0.25).total.tobytes() == error_ledger(np.exp, x, 0.25).total.tobytes()


# Before NumPy 2.4 an array of one element still became a number, with this warning; the exact array then refuses.
@pytest.mark.filterwarnings("ignore:Conversion of an array with ndim > 0:DeprecationWarning")
def test_function_of_one_number_is_named() -> None:
    refusal = r"f must take an array, .* elementwise=False, .* exact=.*gradient|an exact array cannot become a Python"
    with pytest.raises(TypeError, match=rf"({refusal}).* np\.exp instead of math"):
        error_ledger(math.exp, 0.0, 0.5)


def test_box_where_arrays_are_wanted_is_told_of_on_arrays() -> None:
    with pytest.raises(TypeError, match=r"Exp takes Variables, .* or hand on_arrays\(f\) to what calls f with arrays"):
        centered_difference(Exp(), 0.5, 1e-3)
    for f in (Exp(), on_arrays(Exp())):  # the ledger takes both
        assert error_ledger(f, 0.5, 1e-3).total == error_ledger(np.exp, 0.5, 1e-3).total


def test_bfloat16_scalars_are_numbers() -> None:
    item, points, _ = points_and_steps(ml_dtypes.bfloat16(0.5), 1.0)
    assert item.name == "bfloat16"
    assert points == 0.5
