"""What NumPy computes in another format than the working one is refused by name; what is exact in it is let through."""

from functools import partial

import numpy as np
import pytest

from numdiff.analysis.error_bounds import error_bounds
from numdiff.analysis.error_ledger import error_ledger
from numdiff.arithmetic.promotion import OtherFormatError, refuse_unsuitable
from numdiff.arithmetic.rounded import rounded
from numdiff.floats.formats import FORMATS
from numdiff.formulas.differences import centered_difference
from numdiff.formulas.stencil import COMPLEX_STEP
from numdiff.study.subject import UserFunction
from numdiff.study.sweep import Sweep, plan

every_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
F64 = FORMATS["float64"]


def two(first, second):
    """Return a function of x that NumPy gives the dtype of its branches, whatever x is."""
    return lambda x: np.where(x > 0, first, second)


TWO, NARROW = two(2, 3), two(np.float32(1), np.float32(2))
REFUSED = {
    "an integer reciprocal": (lambda x: x * np.reciprocal(TWO(x)), "np.reciprocal(np.where((x > 0), 2, 3))"),
    "an integer that wraps": (lambda x: x * (two(2**62, 3)(x) * 4), "2**53"),
    "an 8-bit integer that wraps": (lambda x: x * (two(np.int8(100), np.int8(3))(x) * 2), "int8"),
    "an unsigned difference": (lambda x: x * (two(np.uint8(1), np.uint8(3))(x) - 2), "uint8"),
    "an unsigned change of sign": (lambda x: x * -two(np.uint8(1), np.uint8(3))(x), "uint8"),
    "an integer quotient": (lambda x: x * (TWO(x) // 2), "int64"),
    "an integer remainder": (lambda x: x * (TWO(x) % 2), "int64"),
    "an integer power": (lambda x: x * TWO(x) ** TWO(x), "int64"),
    "the root of integers of 16 bits": (lambda x: x * np.sqrt(two(np.int8(2), np.int8(3))(x)), "float16"),
    "a number plus a mask, in bool": (lambda x: x * (True + (x > 0)), "(True + (x > 0))"),
    "a mask plus a mask": (lambda x: x * ((x > 0) + (x > 1)), "write |"),
    "the larger of two masks": (lambda x: x * np.maximum(x > 0, x > 1), "np.maximum"),
    "exp of a mask": (lambda x: x * np.exp((x > 0) * np.bool_(1)), "float16"),
    "a float32 quotient": (lambda x: x * (NARROW(x) / np.float32(3)), "float32"),
    "a float32 function": (lambda x: x * np.exp(NARROW(x)), "np.exp("),
    "a float32 sum with a Python number": (lambda x: x * (NARROW(x) + 0.5), "float32"),
    "a float16 power": (lambda x: x * two(np.float16(1), np.float16(2))(x) ** 2.5, "float16"),
    "a constant that a choice rounds to float32": (lambda x: x * two(np.float32(1), 0.1)(x), "rounds 0.1 to float32"),
    "a constant that a comparison rounds": (lambda x: x * (NARROW(x) > 0.1), "rounds 0.1 to float32"),
    "a bound that np.clip rounds": (lambda x: x * np.clip(NARROW(x), 0.1, 1.5), "float32"),
    "half, filled into a mask": (lambda x: x + np.full_like(x > 0, 0.5), "rounds 0.5 to bool"),
    "2.5, filled into integers": (lambda x: x * np.full_like(TWO(x), 2.5), "rounds 2.5 to int64"),
    "a chosen integer beyond 2**53": (lambda x: x * two(2**53 + 1, 1)(x), "2**53"),
    "a selected float32 quotient": (
        lambda x: x * (np.select([x > 0, x > 1], [np.float32(1), np.float32(3)], np.float32(2)) / np.float32(3)),
        "np.select",
    ),
    "a sum stored in place": (lambda x: x * np.add(NARROW(x), 1), "float32"),
}
ACCEPTED = {
    "masks as factors": lambda x: (x > 0) * x - (x < 1) * 2.0 * x,
    "a product of masks": lambda x: (x > 0) * (x < 1) * x,
    "a mask times a float": lambda x: x * ((x > 0) * 1.5),
    "integers as a factor": lambda x: x * TWO(x),
    "small integer arithmetic": lambda x: x * (2 * TWO(x) - 7),
    "the square of integers": lambda x: x * TWO(x) ** 2,
    "integers as exponents": lambda x: x ** TWO(x),
    "a quotient of integers, in float64": lambda x: x * (TWO(x) / 3),
    "a function of integers, in float64": lambda x: x * np.sqrt(TWO(x)),
    "float32 constants, widened": lambda x: x * two(np.float32(0.1), np.float32(0.2))(x),
    "float32 constants with their sign changed": lambda x: x * -NARROW(x),
    "float32 constants compared with what float32 holds": lambda x: x * (NARROW(x) > 1.5),
    "float32 constants cut off": lambda x: x * np.clip(NARROW(x), 0.5, 1.5),
    "a choice between x and a constant": lambda x: np.where(x > 0.3, x, 2),
    "select": lambda x: np.select([x > 1, x > 0], [x, x * x], 0.5),
    "connected conditions": lambda x: np.where((x > 0) & ~(x > 1) | (x < -3), x, -x),
    "zeros_like and full_like": lambda x: np.zeros_like(x) + np.full_like(x, 0.1) * x,
    "a polynomial": lambda x: np.polyval([2, 0.5, 1], x),
    "a number": lambda x: 3.0,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_float64_would_not_compute_is_refused_with_its_expression(name):
    f, words = REFUSED[name]
    for run in (
        lambda: refuse_unsuitable(f, F64),
        lambda: error_ledger(f, 1.0, 1e-3),
        lambda: error_bounds(f, 1.0, 1e-3),
    ):
        with np.errstate(all="ignore"), pytest.raises(OtherFormatError) as caught:
            run()
        assert words in str(caught.value)


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_computed_in_float64_or_exact_is_accepted_and_bounded(name):
    f = ACCEPTED[name]
    ledger = error_ledger(f, [0.75, 1.25, -0.4], 2.0**-10, engine="arb")
    bounds = error_bounds(f, [0.75, 1.25, -0.4], 2.0**-10)
    usable = ledger.status == "ok"
    assert usable[:2].all()
    assert (np.abs(ledger.total[usable]) <= bounds[usable]).all()


@every_format
def test_python_numbers_masks_and_choices_are_accepted_in_every_format(fmt):
    for f in (
        lambda x: np.exp(x) * (x > 0) + 0.1,
        lambda x: np.where(x > 0.5, x, 1 / (1.0 + np.exp(-x))),
        lambda x: np.select([x > 1, x > 0], [x, 2 * x], 0.25),
        lambda x: np.clip(x, -1, 1.5) ** 3,
    ):
        refuse_unsuitable(f, fmt)
        refuse_unsuitable(rounded(f), fmt)


def test_the_format_decides_whether_a_float32_quotient_is_of_another_format():
    f = lambda x: x * (NARROW(x) / np.float32(3))
    refuse_unsuitable(f, FORMATS["float32"])
    with pytest.raises(OtherFormatError, match="float32, not in float64"):
        refuse_unsuitable(f, F64)


def test_python_constants_of_a_choice_make_float64_arrays_and_are_refused_in_narrower_formats():
    f = lambda x: x * np.where(x > 0, 2.0, 3.0)
    refuse_unsuitable(f, F64)
    with pytest.raises(OtherFormatError, match="computed in float64, not in float32"):
        refuse_unsuitable(f, FORMATS["float32"])


def test_float_power_makes_float64_of_narrow_formats_and_is_refused_there():
    f = lambda x: np.float_power(x, 2.0)
    refuse_unsuitable(f, F64)
    with pytest.raises(TypeError, match="float64"):
        refuse_unsuitable(f, FORMATS["float32"])


def test_a_result_stored_into_another_dtype_is_refused():
    def f(x):
        y = -NARROW(x)
        y *= np.float64(3)
        return x * y

    with pytest.raises(OtherFormatError, match="stored in float32"):
        refuse_unsuitable(f, F64)


def test_a_sweep_leaves_out_the_formats_that_f_is_not_computed_in_and_says_why():
    planned = plan(UserFunction("f", lambda x: x * np.where(x > 0, 2.0, 3.0), None, (0.5,)), Sweep("one", ("f",)))
    assert {batch.format.name for batch in planned.batches} == {"float64", "float80"} & set(FORMATS)
    assert all("not in float32" in skip.reason for skip in planned.skips if skip.format == "float32")
    assert {"float16", "float32"} <= {skip.format for skip in planned.skips if "x * np.where" in skip.reason}


@pytest.mark.parametrize("f", [lambda x: x * x[0], lambda x: x * x[::-1], lambda x: x[1:2] * x, lambda x: x * x[-1]])
def test_a_function_of_other_points_is_refused_by_the_ledger_as_by_the_kernels(f):
    x = np.array([1.0, 2.0, 4.0])
    with pytest.raises(ValueError, match="elementwise"):
        centered_difference(f, x, 1e-3)
    with pytest.raises(TypeError, match="takes some points for others, so that f is not elementwise"):
        error_ledger(f, x, 1e-3)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * x.size,
        lambda x: x * len(x),
        lambda x: x ** x.shape[0],
        lambda x, calls=[]: calls.append(x) or x * len(calls),
        lambda x: np.exp(x) * 0.5 ** (x.size - 1),  # powers of two differ in their exponents alone
        lambda x: x * (1.0 - x.size),
    ],
)
def test_a_function_of_the_number_of_points_or_of_the_call_is_refused(f):
    for run in (error_ledger, error_bounds, partial(error_ledger, stencil=COMPLEX_STEP)):
        with pytest.raises(ValueError, match="f must be elementwise, but its value at a point depends on other points"):
            run(f, [1.0, 1.0, 2.0], 1e-3)


def test_an_index_that_keeps_every_point_in_its_place_is_accepted():
    ledger = error_ledger(lambda x: x[...] * x[:] + x[()], [1.0, 2.0], 2.0**-10)
    assert (ledger.reference == [3.0, 5.0]).all()
