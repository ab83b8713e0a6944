"""A callable with correctly rounded functions: what it computes, what it refuses, how it travels."""

import math
import pickle
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from scipy import special

from numdiff.arithmetic import balls
from numdiff.arithmetic.correct_rounding import correctly_rounded
from numdiff.arithmetic.numpy_functions import FUNCTIONS
from numdiff.arithmetic.rounded import Rounded, RoundedArray, rounded
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.differences import centered_difference, complex_step
from numdiff.problems import general_problems

ALL = pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
NARROW = [FORMATS["float16"], FORMATS["bfloat16"]]
X = np.array([0.1, 0.5, 1.0, 2.5, 3.75, 7.0])


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def polynomial(x: Any) -> Any:
    return np.where(x > 1, 0.3 * x**2 - x / 7, np.sqrt(x) + np.abs(-x)) - 1


def bits(array: np.ndarray) -> list[str]:
    return [FloatFormat.hex(FORMATS[name], v) for name in FORMATS if FORMATS[name].dtype == array.dtype for v in array]


# --- what it computes ------------------------------------------------------------------------------------


@ALL
def test_each_operation_is_rounded_once(fmt: FloatFormat) -> None:
    x = fmt.as_array(X)
    exp = correctly_rounded("exp", fmt, [-x])
    expected = [fmt.round(1 / fmt.lift(fmt.round(1 + fmt.lift(e)))) for e in exp]
    found = evaluate(fmt, rounded(sigmoid), x)
    assert type(found) is np.ndarray
    assert found.dtype == fmt.dtype
    assert bits(found) == bits(np.array(expected, dtype=fmt.dtype))


@ALL
def test_what_ieee_prescribes_is_what_the_hardware_computes(fmt: FloatFormat) -> None:
    x = fmt.as_array(X)
    assert bits(evaluate(fmt, rounded(polynomial), x)) == bits(evaluate(fmt, polynomial, x))


@ALL
def test_python_numbers_are_weak_and_rounded_once(fmt: FloatFormat) -> None:
    x = fmt.as_array(np.array([1.0]))
    for function, exact in (
        (lambda x: x * 0.1, Fraction(0.1)),
        (lambda x: np.where(x > 0, 0.3, x), Fraction(0.3)),
        (lambda x: x * 2049, Fraction(2049)),
        (lambda x: np.full_like(x, 0.7), Fraction(0.7)),
    ):
        assert evaluate(fmt, rounded(function), x)[0] == fmt.round(exact)
    constant = fmt.round(Fraction(0.3))
    by_power = evaluate(fmt, rounded(lambda x: (x + 1) ** 0.3), x)
    assert by_power[0] == correctly_rounded("power", fmt, [x + x, fmt.as_array([constant])])[0]


@ALL
def test_a_square_is_one_product(fmt: FloatFormat) -> None:
    x = fmt.as_array(X)
    square = [fmt.round(fmt.lift(v) ** 2) for v in x]
    for function in (lambda x: x**2, np.square, lambda x: x * x, lambda x: np.power(x, 2), lambda x: np.power(x, 2.0)):
        assert bits(evaluate(fmt, rounded(function), x)) == bits(np.array(square, dtype=fmt.dtype))


@pytest.mark.parametrize("fmt", NARROW, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
def test_rounding_twice_through_float32_is_innocuous(name: str, fmt: FloatFormat, rng: np.random.Generator) -> None:
    # Three sets: any numbers, small products and quotients of them, neighbours of ties among the smallest.
    patterns = rng.integers(0, 1 << 16, (2, 4000), dtype=np.uint16)
    patterns[1, 2000:3000] = patterns[0, 2000:3000] ^ rng.integers(0, 256, 1000, dtype=np.uint16)
    patterns[0, 3000:] = rng.integers(0, 1 << 8, 1000, dtype=np.uint16)
    x, y = patterns.view(fmt.dtype)
    with np.errstate(all="ignore"):
        fine = np.isfinite(x) & np.isfinite(y) & (y != 0)
        x, y = x[fine], y[fine]
        computed = evaluate(fmt, rounded(lambda x: getattr(np, name)(x, y)), x)
    operation = getattr(
        Fraction, {"add": "__add__", "subtract": "__sub__", "multiply": "__mul__", "divide": "__truediv__"}[name]
    )
    for a, b, c in zip(x, y, computed, strict=True):
        assert c == fmt.round(operation(fmt.lift(a), fmt.lift(b))), (a, b)


@pytest.mark.parametrize("operation", [np.multiply, np.divide], ids=["multiply", "divide"])
def test_all_significands_of_bfloat16_give_the_nearest_subnormal_number(operation: np.ufunc) -> None:
    # The double errs by less than 2⁻⁵³ of the result and a tie, if missed, is missed by 2⁻¹⁶ of it at least.
    fmt = FORMATS["bfloat16"]
    unit = 2.0 ** (fmt.min_exponent - fmt.precision + 1)
    x, y = (grid.ravel() for grid in np.meshgrid(np.arange(128, 256) / 128.0, np.arange(128, 256) / 128.0))
    for exponent in range(-136, -126):
        # Both factors are normal numbers, and the result is scaled into a binade at the lower end of the format.
        low, high = (-120, exponent + 120) if operation is np.multiply else (-60, -60 - exponent)
        left, right = np.ldexp(x, low), np.ldexp(y, high)
        a, b = left.astype(fmt.dtype), right.astype(fmt.dtype)
        found = evaluate(fmt, rounded(lambda v, b=b: operation(v, b)), a).astype(np.float64)
        exact = operation(left, right)
        small = exact < 2.0**fmt.min_exponent
        assert small.any()
        np.testing.assert_array_equal(found[small], np.rint(exact[small] / unit) * unit)


@pytest.mark.parametrize("fmt", NARROW, ids=lambda fmt: fmt.name)
def test_square_roots_of_all_numbers_are_rounded_once(fmt: FloatFormat) -> None:
    infinity = int(np.array(np.inf, dtype=fmt.dtype).view(np.uint16))
    x = np.arange(infinity, dtype=np.uint16).view(fmt.dtype)
    roots = evaluate(fmt, rounded(np.sqrt), x)
    with np.errstate(all="ignore"):
        below, above = (np.nextafter(roots, fmt.dtype.type(end)).astype(np.float64) for end in (-np.inf, np.inf))
    # float64 holds the squares of the midpoints: 2(p + 1) bits.
    low, high = (roots.astype(np.float64) + below) / 2, (roots.astype(np.float64) + above) / 2
    exact = x.astype(np.float64)
    assert ((low <= 0) | (low * low <= exact)).all()
    assert (exact <= high * high).all()


@ALL
def test_negative_zero_is_below_positive_zero(fmt: FloatFormat) -> None:
    x = fmt.as_array(np.array([-0.0, 0.0, -0.0, 1.0, np.nan]))
    y = fmt.as_array(np.array([0.0, -0.0, -0.0, -0.0, 0.0]))
    high = evaluate(fmt, rounded(lambda x: np.maximum(x, y)), x)
    low = evaluate(fmt, rounded(lambda x: np.minimum(x, y)), x)
    assert np.signbit(high[:4]).tolist() == [False, False, True, False]
    assert np.signbit(low[:4]).tolist() == [True, True, True, True]
    assert high[3] == 1
    assert math.isnan(high[4])
    assert math.isnan(low[4])
    assert not np.signbit(evaluate(fmt, rounded(lambda x: np.maximum(0.0, x)), x[:1]))[0]


@pytest.mark.parametrize("name", ["step4", "classic"])
@ALL
def test_every_problem_can_be_computed(fmt: FloatFormat, name: str) -> None:
    for problem in general_problems().values():
        if problem.family == name:
            x = fmt.as_array(np.array(problem.points[:1]))
            with np.errstate(all="ignore"):
                platform, exact = evaluate(fmt, problem.f, x), evaluate(fmt, rounded(problem.f), x)
            difference = abs(fmt.lift(platform[0]) - fmt.lift(exact[0]))
            scale = max(abs(fmt.lift(platform[0])), abs(fmt.lift(exact[0])), Fraction(1))
            assert difference <= 64 * fmt.machine_epsilon * scale, problem.name


def test_every_ufunc_of_the_exact_engines_is_known() -> None:
    x = np.array([0.5])
    for name in FUNCTIONS | {"logaddexp", "logaddexp2", "radians", "degrees", "fabs", "fmax", "fmin", "copysign"}:
        ufunc = getattr(np, name)
        f = ufunc if ufunc.nin == 1 else lambda x, ufunc=ufunc: ufunc(x, 0.25)
        at = x + 1 if name == "arccosh" else x
        np.testing.assert_allclose(rounded(f)(at), f(at), rtol=8 * 2.0**-53)


def test_operations_in_place_keep_the_array() -> None:
    def f(x: Any) -> Any:
        y = x.copy()
        y **= 0.3
        np.exp(y, out=y)
        y += 1
        return y

    expected = np.exp(X**0.3) + 1
    np.testing.assert_allclose(rounded(f)(X), expected, rtol=8 * 2.0**-53)


def test_a_derivative_in_bfloat16_is_that_of_the_kernel() -> None:
    x = np.array([0.5], dtype=ml_dtypes.bfloat16)
    slope = centered_difference(rounded(sigmoid), x, 0.125)
    assert slope.dtype == x.dtype
    assert abs(float(slope[0]) - 0.235) < 0.02


# --- what it refuses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f, message",
    [
        (lambda x: x - x.sum(), r"np\.add\.reduce is not elementwise"),
        (lambda x: np.multiply.accumulate(x), r"np\.multiply\.accumulate is not elementwise"),
        (lambda x: x / np.linalg.norm(x), r"np\.norm is not elementwise or"),
        (lambda x: np.dot(x, x) + x, r"np\.dot is not elementwise or"),
        (lambda x: x @ x + x, r"np\.matmul has no correctly rounded version"),
        (lambda x: np.floor_divide(x, 2), r"np\.floor_divide has no correctly rounded version"),
        (lambda x: np.exp(x, where=x > 0, out=x.copy()), r"np\.exp with where= has no"),
        (lambda x: np.exp(x, dtype=np.float32), r"np\.exp with dtype= has no"),
    ],
)
def test_what_depends_on_the_platform_is_refused(f: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        rounded(f)(X)


def test_complex_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="complex elementary functions have no correctly rounded version"):
        complex_step(rounded(np.exp), np.array([0.5]), 1e-8)


def test_a_constant_that_promotes_is_refused_by_the_door() -> None:
    x = X.astype(np.float32)
    with pytest.raises(TypeError, match=r"np\.float64 constant promotes"):
        evaluate(FORMATS["float32"], rounded(lambda x: np.power(x, np.float64(0.3))), x)


def test_f_must_be_callable() -> None:
    with pytest.raises(TypeError, match="f must be callable, got float"):
        rounded(0.5)  # type: ignore[arg-type]


# --- how it travels -----------------------------------------------------------------------------------------


def test_it_has_the_name_of_f_equals_its_like_and_pickles() -> None:
    f = rounded(sigmoid)
    assert f.__name__ == "sigmoid"
    assert f == rounded(sigmoid) == rounded(f)
    assert f != rounded(np.exp)
    assert len({f, rounded(sigmoid)}) == 1
    again = pickle.loads(pickle.dumps(f))
    assert isinstance(again, Rounded)
    np.testing.assert_array_equal(again(X), f(X))


def test_exact_arrays_pass_through() -> None:
    points = [(1, -1), (5, -3)]
    assert balls.values(rounded(sigmoid), points, 64) == balls.values(sigmoid, points, 64)


def test_the_view_does_not_escape() -> None:
    assert type(rounded(lambda x: x)(X)) is np.ndarray
    assert rounded(lambda x: 2.0)(X) == 2.0
    seen = []
    rounded(lambda x: seen.append(type(x)) or x)(X)
    assert seen == [RoundedArray]


# --- numbers -----------------------------------------------------------------------------------------------


@ALL
def test_a_scalar_is_rounded_as_an_array_is(fmt: FloatFormat, rng: np.random.Generator) -> None:
    x = fmt.as_array(rng.uniform(0.1, 4, 200))
    for f in (np.exp, np.log, lambda t: np.tanh(t) * 0.1 + t**0.3):
        expected = rounded(f)(x)
        for i, number in enumerate(x):
            found = rounded(f)(number)
            assert type(found) is fmt.dtype.type
            assert found == expected[i]


def test_python_numbers_are_rounded_in_float64() -> None:
    x = np.linspace(0, 4, 4001)
    expected = rounded(np.exp)(x)
    found = [rounded(np.exp)(number) for number in x.tolist()]
    assert {type(y) for y in found} == {np.float64}
    assert found == expected.tolist()
    assert [rounded(np.exp)(k) for k in (0, 1, 2)] == [rounded(np.exp)(float(k)) for k in (0, 1, 2)]


def test_lists_and_integers_are_arrays_of_float64() -> None:
    expected = rounded(np.exp)(np.array([1.0, 2.0]))
    for x in ([1.0, 2.0], (1, 2), np.array([1, 2]), np.array([1, 2], np.uint8)):
        found = rounded(np.exp)(x)
        assert found.dtype == np.float64
        assert found.tolist() == expected.tolist()


def test_an_array_without_dimensions_stays_one() -> None:
    found = rounded(np.exp)(np.array(1.0))
    assert type(found) is np.ndarray
    assert found.shape == ()


EVERY_KIND = [0.5, np.float32(0.5), 1, [0.5, 1.0], np.array([0.5, 1.0]), np.array(0.5)]


@pytest.mark.parametrize("x", EVERY_KIND, ids=[type(x).__name__ + str(np.shape(x)) for x in EVERY_KIND])
@pytest.mark.parametrize(
    "f",
    [
        special.erf,
        special.gamma,
        lambda x: special.expit(x) * 2,
        math.exp,
        lambda x: float(x) * 2,
        lambda x: x.item() if x.size == 1 else x.tolist(),
        lambda x: np.exp(np.asarray(x)),
        lambda x: np.array([math.exp(t) for t in np.asarray(x).ravel()]),
        np.sum,
        np.spacing,
        np.i0,
    ],
)
# Before NumPy 2.4 an array of one element still became a number, with this warning.
@pytest.mark.filterwarnings("ignore:Conversion of an array with ndim > 0:DeprecationWarning")
def test_what_cannot_be_rounded_is_refused_at_the_call(f: Any, x: Any) -> None:
    with pytest.raises(TypeError):
        rounded(f)(x)


@pytest.mark.parametrize("x", ["1", None, 1j, np.complex64(1), True, [True], [None], [1j], {1.0}, object()])
def test_what_is_no_real_number_is_refused(x: Any) -> None:
    with pytest.raises(TypeError, match=r"x must be a real number|f must be real"):
        rounded(np.exp)(x)


def test_a_branch_on_a_number_is_no_hindrance() -> None:
    f = rounded(lambda x: np.exp(x) if x > 0 else np.log(-x))
    assert f(0.5) == rounded(np.exp)(0.5)
    assert f(-0.5) == rounded(np.log)(0.5)
