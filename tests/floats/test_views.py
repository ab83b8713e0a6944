"""The two views that f may get: bfloat16 with weak Python numbers, and complex without what is not analytic."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS
from numdiff.floats.views import HolomorphicArray, WeakScalarArray

BF = ml_dtypes.bfloat16
BFLOAT16, FLOAT16, FLOAT32, FLOAT64 = (FORMATS[n] for n in ("bfloat16", "float16", "float32", "float64"))
X = np.array([-3.25, -1.5, -0.5, -0.0, 0.0, 0.25, 0.8125, 1.0, 1.75, 2.0, 5.5], BF)
Y = np.abs(X) + BF(0.5)  # positive
# Above a tie of bfloat16 by less than half an ulp of float32: rounds twice to 1, once to 1 + 2**-7.
TWICE = 1 + 2.0**-8 + 2.0**-30
ONCE = 1 + 2.0**-7

Callback = Callable[[Any], Any]


def b(value: float) -> Any:
    """Return a bfloat16 scalar, rounded once by the integer rounder."""
    return BFLOAT16.round(Fraction(value))


def same(left: np.ndarray, right: np.ndarray) -> bool:
    """Compare bit for bit, all NaNs alike."""
    if left.dtype != BF or right.dtype != BF or left.shape != right.shape:
        return False
    nan = np.isnan(left)
    return bool((nan == np.isnan(right)).all()) and left[~nan].tobytes() == right[~nan].tobytes()


def run(f: Callback, x: np.ndarray = X) -> np.ndarray:
    with np.errstate(all="ignore"):
        return evaluate(BFLOAT16, f, x)


def plain(f: Callback, x: np.ndarray = X) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(f(x))


# --- bfloat16: the weak constants --------------------------------------------------------------------

# What a user writes, beside the same in plain ml_dtypes with every constant spelled out in bfloat16.
EXPRESSIONS: dict[str, tuple[Callback, Callback]] = {
    "x*2.0": (lambda x: x * 2.0, lambda x: x * b(2)),
    "2.0*x": (lambda x: 2.0 * x, lambda x: b(2) * x),
    "x*3": (lambda x: x * 3, lambda x: x * b(3)),
    "0.1+x": (lambda x: 0.1 + x, lambda x: b(0.1) + x),
    "1-x": (lambda x: 1 - x, lambda x: b(1) - x),
    "x/3": (lambda x: x / 3, lambda x: x / b(3)),
    "1/x": (lambda x: 1 / x, lambda x: b(1) / x),
    "x//0.5": (lambda x: x // 0.5, lambda x: x // b(0.5)),
    "x%0.75": (lambda x: x % 0.75, lambda x: x % b(0.75)),
    "2%x": (lambda x: 2 % x, lambda x: b(2) % x),
    "divmod quotient": (lambda x: divmod(x, 0.75)[0], lambda x: divmod(x, b(0.75))[0]),
    "divmod remainder": (lambda x: divmod(x, 0.75)[1], lambda x: divmod(x, b(0.75))[1]),
    "x**0.5": (lambda x: x**0.5, lambda x: np.sqrt(x)),
    "x**1.5": (lambda x: x**1.5, lambda x: np.power(x, b(1.5))),
    "x**2": (lambda x: x**2, lambda x: np.square(x)),
    "x**3": (lambda x: x**3, lambda x: np.power(x, b(3))),
    "x**-1": (lambda x: x**-1, lambda x: np.reciprocal(x)),
    "x**-2": (lambda x: x**-2, lambda x: np.power(x, b(-2))),
    "2.0**x": (lambda x: 2.0**x, lambda x: np.power(b(2), x)),
    "pow": (lambda x: pow(x, 2), lambda x: np.square(x)),
    "-x": (lambda x: -x, lambda x: np.negative(x)),
    "+x": (lambda x: +x, lambda x: x),
    "abs": (lambda x: abs(x), lambda x: np.abs(x)),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: b(1) / (b(1) + np.exp(-x))),
    "gaussian": (lambda x: np.exp(-0.5 * x**2), lambda x: np.exp(b(-0.5) * np.square(x))),
    "runge": (lambda x: 1 / (1 + 25 * x**2), lambda x: b(1) / (b(1) + b(25) * np.square(x))),
    "np.pi": (lambda x: np.sin(np.pi * x), lambda x: np.sin(b(math.pi) * x)),
    "np.multiply": (lambda x: np.multiply(x, 0.1), lambda x: np.multiply(x, b(0.1))),
    "np.add": (lambda x: np.add(0.1, x), lambda x: np.add(b(0.1), x)),
    "np.power": (lambda x: np.power(x, 3), lambda x: np.power(x, b(3))),
    "np.hypot": (lambda x: np.hypot(x, 0.1), lambda x: np.hypot(x, b(0.1))),
    "np.arctan2": (lambda x: np.arctan2(x, 0.7), lambda x: np.arctan2(x, b(0.7))),
    "np.heaviside": (lambda x: np.heaviside(x, 0.3), lambda x: np.heaviside(x, b(0.3))),
    "np.copysign": (lambda x: np.copysign(x, -1.0), lambda x: np.copysign(x, b(-1))),
    "np.logaddexp": (lambda x: np.logaddexp(x, 0.1), lambda x: np.logaddexp(x, b(0.1))),
    "np.fmod": (lambda x: np.fmod(x, 0.7), lambda x: np.fmod(x, b(0.7))),
    "np.maximum": (lambda x: np.maximum(x, 0.0), lambda x: np.maximum(x, b(0))),
    "np.minimum": (lambda x: np.minimum(0.1, x), lambda x: np.minimum(b(0.1), x)),
    "np.fmax": (lambda x: np.fmax(x, 0.1), lambda x: np.fmax(x, b(0.1))),
    "np.where": (lambda x: np.where(x > 0, x, 0.0), lambda x: np.where(x > 0, x, b(0))),
    "np.where left": (lambda x: np.where(x > 0.1, 0.1, x), lambda x: np.where(x > b(0.1), b(0.1), x)),
    "np.where nan": (lambda x: np.where(x > 0, x, np.nan), lambda x: np.where(x > 0, x, BF(np.nan))),
    "np.where inf": (lambda x: np.where(x > 0, x, np.inf), lambda x: np.where(x > 0, x, BF(np.inf))),
    "leaky relu": (lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, x, b(0.01) * x)),
    "np.clip": (lambda x: np.clip(x, 0.1, 1), lambda x: np.minimum(np.maximum(x, b(0.1)), b(1))),
    "np.clip low": (lambda x: np.clip(x, 0.1, None), lambda x: np.maximum(x, b(0.1))),
    "np.clip names": (lambda x: np.clip(x, min=-1, max=0.1), lambda x: np.minimum(np.maximum(x, b(-1)), b(0.1))),
    "x.clip": (lambda x: x.clip(0.0, 0.1), lambda x: np.minimum(np.maximum(x, b(0)), b(0.1))),
    "np.clip arrays": (lambda x: np.clip(x, -x, x), lambda x: np.minimum(np.maximum(x, -x), x)),
    "np.select": (
        lambda x: np.select([x > 1, x > 0], [x, 0.1 * x], 0.3),
        lambda x: np.select([x > 1, x > 0], [x, b(0.1) * x], b(0.3)),
    ),
    "np.select constants": (
        lambda x: np.select([x > 1, x > 0], [0.1, x], default=0.3),
        lambda x: np.select([x > 1, x > 0], [b(0.1), x], default=b(0.3)),
    ),
    "np.piecewise": (
        lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda t: 0.1 * t, 0.3]),
        lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda t: b(0.1) * t, b(0.3)]),
    ),
    "np.full_like": (lambda x: np.full_like(x, 0.1) + x, lambda x: np.full_like(x, b(0.1)) + x),
    "np.full_like name": (lambda x: np.full_like(x, fill_value=0.1), lambda x: np.full_like(x, b(0.1))),
    "np.ones_like": (lambda x: np.ones_like(x) * 0.1, lambda x: np.full_like(x, b(0.1))),
    "np.zeros_like": (lambda x: np.zeros_like(x) + 0.1, lambda x: np.full_like(x, b(0.1))),
    "np.sinc": (lambda x: np.sinc(x + 7), lambda x: np.sin(b(math.pi) * (x + b(7))) / (b(math.pi) * (x + b(7)))),
    "np.radians": (lambda x: np.radians(x), lambda x: np.deg2rad(x)),
    "np.degrees": (lambda x: np.degrees(x), lambda x: np.rad2deg(x)),
    "np.nan_to_num": (lambda x: np.nan_to_num(x / x, nan=0.1), lambda x: np.where(x == 0, b(0.1), b(1))),
    "np.copy": (lambda x: np.copy(x) * 0.1, lambda x: x * b(0.1)),
    "x.copy": (lambda x: x.copy() * 0.1, lambda x: x * b(0.1)),
    "np.asanyarray": (lambda x: np.asanyarray(x) * 0.1, lambda x: x * b(0.1)),
    "np.atleast_1d": (lambda x: np.atleast_1d(x) * 0.1, lambda x: x * b(0.1)),
    "reshape": (lambda x: (x.reshape(-1, 1) * 0.1).reshape(-1), lambda x: x * b(0.1)),
    "np.ravel": (lambda x: np.ravel(x) * 0.1, lambda x: x * b(0.1)),
    "np.broadcast_to": (lambda x: np.broadcast_to(x, x.shape) * 0.1, lambda x: x * b(0.1)),
    "np.concatenate": (lambda x: np.concatenate([x[:2], x[2:]]) * 0.1, lambda x: x * b(0.1)),
    "np.stack": (lambda x: np.stack([x, x])[0] * 0.1, lambda x: x * b(0.1)),
    "np.sum": (lambda x: np.sum([x, x, 0.1 * x], axis=0), lambda x: np.sum([x, x, b(0.1) * x], axis=0)),
    "sum": (lambda x: sum([x, 0.1 * x]), lambda x: b(0) + x + b(0.1) * x),
    "horner": (lambda x: (0.1 * x + 0.7) * x - 3, lambda x: (b(0.1) * x + b(0.7)) * x - b(3)),
    "np.modf": (lambda x: np.modf(x)[0] * 0.1, lambda x: np.modf(x)[0] * b(0.1)),
    "np.frexp": (lambda x: np.frexp(x)[0] * 0.1, lambda x: np.frexp(x)[0] * b(0.1)),
    "mask": (lambda x: (x > 0) * x * 0.1, lambda x: (x > 0) * x * b(0.1)),
    "x.real": (lambda x: x.real * 0.1, lambda x: x * b(0.1)),
    "softmax-like": (lambda x: x / (0.1 + np.max(x)), lambda x: x / (b(0.1) + np.max(x))),
    "mean": (lambda x: x - 0.1 * x.mean(), lambda x: x - b(0.1) * x.mean()),
    "sum of squares": (lambda x: x / (1e-3 + np.sum(x**2)), lambda x: x / (b(1e-3) + np.sum(np.square(x)))),
    "element": (lambda x: x * (x[-1] * 0.1), lambda x: x * (x[-1] * b(0.1))),
    "identity": (lambda x: x, lambda x: x),
    "large int": (lambda x: x + 10**30, lambda x: x + b(10**30)),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_with_python_numbers_is_the_one_with_bfloat16_constants(name):
    written, spelled_out = EXPRESSIONS[name]
    x = Y if name in ("x**0.5", "x**1.5") else X
    assert same(run(written, x), plain(spelled_out, x))


UNARY = """
    abs absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil cos cosh deg2rad exp exp2 expm1 fabs floor log
    log10 log1p log2 negative positive rad2deg reciprocal rint round sign sin sinh spacing sqrt square tan tanh trunc
""".split()


@pytest.mark.parametrize("name", UNARY)
def test_elementary_functions_are_those_of_ml_dtypes(name):
    function = getattr(np, name)
    assert same(run(function), plain(function))


def test_plain_ml_dtypes_would_report_another_format():
    """The reason for the view: without it a Python number is float32, and in np.where float64."""
    assert (X * 2.0).dtype == np.float32
    assert (Y**0.5).dtype == np.float32
    assert (1 / (1.0 + np.exp(-X))).dtype == np.float32
    assert np.where(X > 0, X, 0.0).dtype == np.float64
    assert np.clip(X, BF(0), BF(1)).dtype == np.float32


WITNESSES: dict[str, Callback] = {
    "operator": lambda x: TWICE * np.ones_like(x),
    "ufunc": lambda x: np.multiply(np.ones_like(x), TWICE),
    "np.where": lambda x: np.where(x == x, TWICE, x),
    "np.full_like": lambda x: np.full_like(x, TWICE),
    "np.select": lambda x: np.select([x > 100], [x], TWICE),
    "np.clip": lambda x: np.clip(np.zeros_like(x), TWICE, 100.0),
    "np.piecewise": lambda x: np.piecewise(x, [x == x], [TWICE]),
    "constant": lambda x: TWICE,
    "np.nan_to_num": lambda x: np.nan_to_num(x * np.nan, nan=TWICE),
}


@pytest.mark.parametrize("name", WITNESSES)
def test_a_constant_is_rounded_once_and_not_through_float32(name):
    assert BF(TWICE) == 1  # ml_dtypes rounds twice
    assert run(WITNESSES[name]).tolist() == [ONCE] * X.size


def test_a_constant_that_is_assigned_is_rounded_once():
    def by_item(x):
        y = np.zeros_like(x)
        y[:] = TWICE
        return y

    def by_fill(x):
        y = x.copy()
        y.fill(TWICE)
        return y

    assert run(by_item).tolist() == run(by_fill).tolist() == [ONCE] * X.size


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_python_float_becomes_the_nearest_bfloat16(value):
    ones = np.ones(1, BF)
    result = run(lambda x: x * value, ones)
    assert result[0] == BFLOAT16.round(Fraction(value))
    assert np.signbit(result[0]) == (math.copysign(1, value) < 0)


@given(st.integers(-(2**140), 2**140))
def test_any_python_integer_becomes_the_nearest_bfloat16(value):
    assert run(lambda x: x * value, np.ones(1, BF))[0] == BFLOAT16.round(value)


@pytest.mark.parametrize("value", [-0.0, 0.0, math.inf, -math.inf, math.nan, -1e-300])
def test_special_constants_keep_their_nature(value):
    for f in (lambda x: np.where(x == x, value, x), lambda x: np.full_like(x, 1) * value, lambda x: value):
        result = run(f)
        assert same(result, np.full_like(X, BF(value)))
        if not math.isnan(value):
            assert set(np.signbit(result).tolist()) == {math.copysign(1, value) < 0}


def test_numpy_scalars_and_arrays_stay_strong():
    """np.float64(2) promotes in every format of NumPy; it is the user's mistake here as it is there."""
    for f in (
        lambda x: x * np.float64(2),
        lambda x: x * np.float32(2),
        lambda x: np.where(x > 0, x, np.float64(0)),
        lambda x: np.maximum(x, np.array(0.0)),
        lambda x: np.full(x.shape, 2.0) * x,
    ):
        with pytest.raises(TypeError, match="f must keep the dtype of its argument, bfloat16, got float"):
            run(f)
    assert same(run(lambda x: x * BF(3)), X * BF(3))


@pytest.mark.parametrize(
    "f", [lambda x: np.asarray(x) * 2.0, lambda x: np.array(x) / 3.0, lambda x: 1 / (1.0 + np.exp(-np.asarray(x)))]
)
def test_a_conversion_that_drops_the_view_is_refused_and_not_silently_float32(f):
    with pytest.raises(TypeError, match=r"bfloat16, got float32: a np\.float64 constant promotes.*np\.asanyarray"):
        run(f)


def test_a_conversion_without_constants_is_right():
    assert same(run(lambda x: np.asarray(x) * np.asarray(x)), X * X)


@pytest.mark.parametrize("item", [FLOAT16, BFLOAT16], ids=["float16", "bfloat16"])
@pytest.mark.parametrize(
    "f",
    [lambda x: np.where(x > 0, 1.0, 0.0), lambda x: (x > 0) * 1.0, lambda x: np.polyval([1.0, 2.0], x)],
)
def test_bfloat16_promotes_where_numpys_own_half_precision_does(item, f):
    """Two Python numbers in np.where are float64 in NumPy too, and its polyval makes an array of the coefficients."""
    with pytest.raises(TypeError, match=r"got float64: .*np\.full_like"):
        evaluate(item, f, X.astype(item.dtype))


# --- bfloat16: writing, out=, reductions -------------------------------------------------------------


def test_the_input_cannot_be_written_through_the_view():
    def add(x):
        x += 1
        return x

    def put(x):
        x[0] = 1.0
        return x

    before = X.copy()
    for f in (add, put, lambda x: np.exp(x, out=x), lambda x: np.clip(x, 0, 1, out=x), lambda x: x.fill(1)):
        with pytest.raises(TypeError, match="f must not write into its argument"):
            run(f)
    with pytest.raises(TypeError, match="f must not write into its argument"):
        run(lambda x: np.nan_to_num(x, copy=False))
    assert same(X, before)


def test_an_array_that_f_made_can_be_updated_in_place():
    def f(x):
        y = x * 1.0
        y += 0.1
        y *= TWICE
        y[y > 2] = 0.3
        return y

    expected = (X + b(0.1)) * b(TWICE)
    assert same(run(f), np.where(expected > 2, b(0.3), expected))


def test_out_is_filled_and_returned():
    def f(x):
        y = np.empty_like(x)
        z = np.multiply(x, 0.1, out=y)
        assert z.base is y or z is y or np.shares_memory(z, y)
        return np.add(y, 0.7, out=y)

    assert same(run(f), X * b(0.1) + b(0.7))
    plain_out = np.empty(X.shape, BF)
    assert same(run(lambda x: np.clip(x, 0.1, 1.0, out=plain_out)), np.minimum(np.maximum(X, b(0.1)), b(1)))
    assert same(plain_out, np.minimum(np.maximum(X, b(0.1)), b(1)))


def test_where_in_a_ufunc_keeps_what_out_held():
    f = lambda x: np.divide(1.0, x, where=x != 0, out=np.full_like(x, 0.1))
    assert same(run(f), plain(lambda x: np.where(x == 0, b(0.1), b(1) / x)))


def test_reductions_stay_weak_and_have_the_values_of_ml_dtypes():
    for reduce in (np.sum, np.max, np.min, np.prod, np.mean):
        seen: list[Any] = []

        def f(x, reduce=reduce, seen=seen):
            seen.append(reduce(x) * 0.1)
            return x

        run(f)
        assert seen[0].dtype == BF
        assert seen[0] == reduce(X) * b(0.1)
    assert same(run(lambda x: np.cumsum(x) * 0.1), np.cumsum(X) * b(0.1))
    assert same(run(lambda x: np.add.accumulate(x) * 0.1), np.cumsum(X) * b(0.1))


def test_a_reduction_as_the_result_is_refused():
    for f in (lambda x: np.sum(x), lambda x: x[0], lambda x: x.max() * 0.1):
        with pytest.raises(ValueError, match=r"f must keep the shape of its argument, \(11,\), got \(\)"):
            run(f)


def test_intermediate_results_are_views_and_the_final_one_is_a_plain_array():
    kinds: list[type] = []

    def f(x):
        for y in (x, x * 2.0, np.exp(x), np.where(x > 0, x, 0.0), x[1:], x[x > 0], np.modf(x)[0], np.full_like(x, 1)):
            kinds.append(type(y))
        return np.exp(x)

    assert type(run(f)) is np.ndarray
    assert kinds == [WeakScalarArray] * 8
    assert type(X[:3].view(WeakScalarArray) > 0) is not WeakScalarArray


def test_full_like_of_another_dtype_is_left_to_numpy():
    view = X.view(WeakScalarArray)
    assert np.full_like(view, 2**53, dtype=np.int64).tolist() == [2**53] * X.size
    assert np.full_like(view, 0.1, shape=(2, 2)).shape == (2, 2)


def test_nan_to_num_replaces_as_in_numpys_own_formats():
    x = np.array([math.nan, math.inf, -math.inf, 1.5], BF)
    largest = float(BFLOAT16.largest_finite)
    assert run(lambda v: np.nan_to_num(v), x).tolist() == [0, largest, -largest, 1.5]
    assert run(lambda v: np.nan_to_num(v, nan=2, posinf=3.0, neginf=-4), x).tolist() == [2, 3, -4, 1.5]


@given(
    st.lists(st.floats(-100, 100, width=16), min_size=1, max_size=8),
    st.floats(-4, 4),
    st.sampled_from(
        [lambda x, c: c * x + 1, lambda x, c: np.sqrt(np.square(c - x / 7)), lambda x, c: np.maximum(x, c) ** 2]
    ),
)
def test_each_operation_is_float32_arithmetic_rounded_to_bfloat16(points, constant, f):
    """ml_dtypes computes one operation in float32 and rounds: repeated here by hand, step by step.

    With operations that IEEE 754 prescribes: the exponential of float32 is another one in NumPy and in ml_dtypes, and
    next to a tie of bfloat16 that shows.
    """
    x = np.array(points, BF)
    wide: list[np.ndarray] = []

    class Step:
        """Rounds after every operation."""

        def __init__(self, value):
            self.value = np.asarray(value, np.float32).astype(BF).astype(np.float32)

        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            bare = [i.value if isinstance(i, Step) else np.float32(b(i)) for i in inputs]
            return Step(ufunc(*bare))

        __mul__ = __rmul__ = lambda s, o: np.multiply(s, o)
        __add__ = lambda s, o: np.add(s, o)
        __truediv__ = lambda s, o: np.divide(s, o)
        __rsub__ = lambda s, o: np.subtract(o, s)
        __pow__ = lambda s, o: np.square(s)

    with np.errstate(all="ignore"):
        wide.append(f(Step(x), constant).value)
    assert same(run(lambda v: f(v, constant), x), wide[0].astype(BF))


# --- the complex step --------------------------------------------------------------------------------

Z = np.array([0.5 + 1e-3j, -1.25 + 1e-3j, 2.0 + 1e-3j])


def run_complex(f: Callback, z: np.ndarray = Z) -> np.ndarray:
    with np.errstate(all="ignore"):
        return evaluate(FLOAT64, f, z)


ANALYTIC: dict[str, Callback] = {
    name: getattr(np, name)
    for name in """
        exp exp2 expm1 log log2 log10 log1p sqrt square reciprocal sin cos tan sinh cosh tanh arcsin arccos arctan
        arcsinh arccosh arctanh negative positive
    """.split()
}
ANALYTIC |= {
    "operators": lambda x: (2 * x - 1) / (x + 3.0) - (1 - x),
    "x**2": lambda x: x**2,
    "x**3": lambda x: x**3,
    "x**-1": lambda x: x**-1,
    "x**4.5": lambda x: x**4.5,
    "2.0**x": lambda x: 2.0**x,
    "np.power": lambda x: np.power(x, 3),
    "composition": lambda x: np.exp(x**2) ** 2,
    "where on the index": lambda x: np.where(np.arange(x.size) > 0, x * x, 1 / x),
    "where finite": lambda x: np.where(np.isfinite(x), np.exp(x), 0.0),
    "piecewise": lambda x: np.piecewise(x, [np.isfinite(x)], [np.exp, 0]),
    "select": lambda x: np.select([np.isfinite(x)], [np.exp(x)], 1.0),
    "polyval": lambda x: np.polyval([1.0, 2.0, 3.0], x),
    "zeros_like": lambda x: np.zeros_like(x) + x,
    "full_like": lambda x: np.full_like(x, 0.5) * x,
    "copy": lambda x: np.copy(x) * 2,
    "asanyarray": lambda x: np.asanyarray(x) * 2,
    "reshape": lambda x: (x.reshape(-1, 1) * 2).reshape(-1),
    "reductions": lambda x: x / np.sum(x) + np.cumsum(x) * np.prod(x),
    "indexing": lambda x: x * x[0],
    "out": lambda x: np.exp(x, out=np.empty_like(x)),
    "astype": lambda x: (x.astype(np.complex64) ** 2).astype(np.complex128),
    "identity": lambda x: x,
}
if np.lib.NumpyVersion(np.__version__) >= "2.3.0":  # before, it compared with 0, which is refused
    ANALYTIC["sinc"] = np.sinc


@pytest.mark.parametrize("name", ANALYTIC)
def test_an_analytic_function_passes_with_the_value_of_plain_numpy(name):
    f = ANALYTIC[name]
    with np.errstate(all="ignore"):
        expected = np.asarray(f(Z))
    result = run_complex(f)
    assert type(result) is np.ndarray
    assert result.tobytes() == expected.tobytes()


@pytest.mark.parametrize("constant", [1, 2.5, 3j])
def test_a_constant_is_broadcast(constant):
    assert run_complex(lambda x: constant).tolist() == [constant] * 3


REFUSED: dict[str, tuple[Callback, str]] = {
    "abs": (lambda x: abs(x) * x, r"np\.absolute"),
    "np.abs": (lambda x: np.abs(x) * x, r"np\.absolute"),
    "np.fabs": (lambda x: np.fabs(x), r"np\.fabs"),
    "np.sign": (lambda x: np.sign(x) * x, r"np\.sign"),
    "np.maximum": (lambda x: np.maximum(x, 0.0), r"np\.maximum"),
    "np.maximum right": (lambda x: np.maximum(0.0, x), r"np\.maximum"),
    "np.minimum": (lambda x: np.minimum(x, 1), r"np\.minimum"),
    "np.fmax": (lambda x: np.fmax(x, 1), r"np\.fmax"),
    "np.fmin": (lambda x: np.fmin(x, 1), r"np\.fmin"),
    "x>0": (lambda x: np.where(x > 0, x, 0.0), r"np\.greater"),
    "x>=0": (lambda x: (x >= 0) * x, r"np\.greater_equal"),
    "0<x": (lambda x: (0 < x) * x, r"np\.greater"),  # noqa: SIM300
    "x<1": (lambda x: (x < 1) * x, r"np\.less"),
    "x<=1": (lambda x: (x <= 1) * x, r"np\.less_equal"),
    "x==0": (lambda x: (x == 0) * x, r"np\.equal"),
    "x!=0": (lambda x: (x != 0) * x, r"np\.not_equal"),
    "np.conj": (lambda x: np.conj(x) * x, r"np\.conjugate"),
    "x.conj()": (lambda x: x.conj() * x, r"np\.conjugate"),
    "x.real": (lambda x: x.real * x, "takes the real part"),
    "x.imag": (lambda x: x.imag * x, "takes the imaginary part"),
    "np.real": (lambda x: np.real(x) * x, "np.real|real part"),
    "np.imag": (lambda x: np.imag(x) * x, "np.imag|imaginary part"),
    "np.angle": (lambda x: np.angle(x) * x, "np.angle|imaginary part"),
    "np.hypot": (lambda x: np.hypot(x, 1.0), r"np\.hypot"),
    "np.arctan2": (lambda x: np.arctan2(x, 1.0), r"np\.arctan2"),
    "np.copysign": (lambda x: np.copysign(1.0, x), r"np\.copysign"),
    "np.heaviside": (lambda x: np.heaviside(x, 0.5), r"np\.heaviside"),
    "np.rint": (lambda x: np.rint(x), r"np\.rint"),
    "np.round": (lambda x: np.round(x), r"np\.round|np\.around"),
    "x.round()": (lambda x: x.round(), "real part"),
    "np.clip": (lambda x: np.clip(x, 0, 1), r"np\.clip"),
    "x.clip": (lambda x: x.clip(0, 1), r"np\.clip"),
    "np.nan_to_num": (lambda x: np.nan_to_num(x), r"np\.nan_to_num"),
    "np.real_if_close": (lambda x: np.real_if_close(x), r"np\.real_if_close"),
    "np.isclose": (lambda x: np.isclose(x, 0) * x, r"np\.isclose"),
    "np.array_equal": (lambda x: np.array_equal(x, x) * x, r"np\.array_equal"),
    "np.isreal": (lambda x: np.isreal(x) * x, r"np\.isreal"),
    "np.linalg.norm": (lambda x: x / np.linalg.norm(x), r"norm"),
    "np.vdot": (lambda x: np.vdot(x, x) * x, r"np\.vdot"),
    "np.sort": (lambda x: np.sort(x), r"np\.sort"),
    "np.max": (lambda x: x / np.max(x), r"np\.max|np\.amax"),
    "x.max()": (lambda x: x / x.max(), r"np\.maximum"),
    "np.maximum.reduce": (lambda x: np.maximum.reduce(x) * x, r"np\.maximum"),
    "abs of a sum": (lambda x: abs(x.sum()) * x, r"np\.absolute"),
    "abs of an element": (lambda x: abs(x[0]) * x, r"np\.absolute"),
    "abs of a part": (lambda x: abs(x[1:])[0] * x, r"np\.absolute"),
    "abs of a copy": (lambda x: np.abs(np.copy(x)) * x, r"np\.absolute"),
    "abs of a where": (lambda x: np.abs(np.where(np.isfinite(x), x, 0)) * x, r"np\.absolute"),
    "abs of concatenation": (lambda x: np.abs(np.concatenate([x[:1], x[1:]])) * x, r"np\.absolute"),
    "abs into out": (lambda x: np.absolute(x, out=np.empty(3)) * x, r"np\.absolute"),
    "astype": (lambda x: x.astype(float) * x, "turns x into float64"),
    "np.vecdot": (lambda x: np.vecdot(x[:, None], x[:, None]), r"np\.vecdot"),
    "np.vecmat": (lambda x: np.vecmat(x[:, None], x[:, None, None])[:, 0], r"np\.vecmat"),
    "np.vectorize": (np.vectorize(lambda t: t * t), "vectorized"),
    "x.view(float)": (lambda x: x.view(float)[::2] * x, "views x as float64"),
    "x.argsort()": (lambda x: x * x.argsort(), "sorts or searches"),
    "x.argmax()": (lambda x: x * x.argmax(), "sorts or searches"),
    "x.tobytes()": (lambda x: x * np.frombuffer(x.tobytes())[0], "Python numbers"),
    "x.data": (lambda x: x * np.asarray(x.data).real, "Python numbers"),
    "np.asarray": (lambda x: np.abs(np.asarray(x)) * np.asarray(x), r"np\.asanyarray"),
    "np.array": (lambda x: np.sign(np.array(x)), r"np\.asanyarray"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_analytic_is_refused_by_name(name):
    f, culprit = REFUSED[name]
    with pytest.raises(TypeError, match=culprit) as caught:
        run_complex(f)
    assert "f must be analytic for the complex step" in str(caught.value)


def test_the_refusal_is_what_prevents_a_wrong_derivative():
    """|x|·x has the derivative 2|x|; with NumPy's complex abs the complex step would find |x|."""
    z = np.array([0.5 + 1e-20j])
    assert (np.abs(z) * z).imag[0] / 1e-20 == pytest.approx(0.5)
    with pytest.raises(TypeError, match="analytic"):
        run_complex(lambda x: np.abs(x) * x, z)


def test_the_complex_view_is_read_only_and_its_results_are_views():
    kinds: list[type] = []

    def f(x):
        assert not x.flags.writeable
        for y in (x, x * 2, np.exp(x), x[1:], x.sum(), np.where(np.isfinite(x), x, 0)):
            kinds.append(type(y))
        return x * 2

    run_complex(f)
    assert kinds == [HolomorphicArray] * 6
    with pytest.raises(TypeError, match="f must not write into its argument"):
        run_complex(lambda x: np.exp(x, out=x))


def test_a_complex_result_of_another_precision_is_refused():
    with pytest.raises(TypeError, match="f must keep the dtype of its argument, complex64, got complex128"):
        evaluate(FLOAT32, lambda x: x * np.float64(2), Z.astype(np.complex64))


def test_the_views_can_be_printed():
    assert "0.5" in repr(Z.view(HolomorphicArray))
    assert "0.5" in str(Z.view(HolomorphicArray))
    assert "5.5" in repr(X.view(WeakScalarArray))
