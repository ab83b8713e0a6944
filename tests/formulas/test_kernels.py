"""The kernels: their order of operations, how they call f, what they refuse, and what they warn of."""

import math
import pickle
import re
import tracemalloc
import warnings
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas import checks, parts
from numdiff.formulas.arguments import largest_step
from numdiff.formulas.blocks import BLOCK_BYTES
from numdiff.formulas.checks import StepAbsorbedWarning
from numdiff.formulas.differences import apply, centered_difference, complex_step, difference, forward_difference
from numdiff.formulas.kernels import observe
from numdiff.formulas.stencil import BACKWARD, CENTERED, COMPLEX_STEP, FORWARD, Stencil, backward, centered, forward

ALL = list(FORMATS.values())
PLAIN = [item for item in ALL if item.name != "bfloat16"]  # where plain arrays keep Python numbers weak
COMPLEX = [item for item in ALL if item.complex_dtype is not None]
STENCILS = [FORWARD, BACKWARD, CENTERED, forward(2), backward(3), centered(4), centered(6)]
STENCILS += [centered(2, 2), centered(4, 2), forward(1, 2), CENTERED.richardson()]
RNG = np.random.default_rng

every_format = pytest.mark.parametrize("item", ALL, ids=lambda item: item.name)
every_plain_format = pytest.mark.parametrize("item", PLAIN, ids=lambda item: item.name)
every_complex_format = pytest.mark.parametrize("item", COMPLEX, ids=lambda item: item.name)
every_stencil = pytest.mark.parametrize("stencil", STENCILS, ids=lambda stencil: stencil.name)


def points(item: FloatFormat, n: int, low: float = 0.5, high: float = 2.0) -> np.ndarray:
    """Return n points of the format; the conversion rounds twice in places, which is no matter here."""
    return RNG(n).uniform(low, high, n).astype(item.dtype)


def block_size(item: FloatFormat) -> int:
    return BLOCK_BYTES // item.dtype.itemsize


def sizes(item: FloatFormat) -> list[int]:
    block = block_size(item)
    return [1, 2, 3, 7, block - 1, block, block + 1, 2 * block + 5]


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are the same bit for bit but for the kind of NaN (longdouble has padding)."""
    return (
        a.dtype == b.dtype
        and a.shape == b.shape
        and bool(np.all((a == b) | ((a != a) & (b != b))))
        and bool(np.all(np.signbit(a) == np.signbit(b)))
    )


# --- the order of operations ------------------------------------------------------------------------------


@every_plain_format
@pytest.mark.parametrize("step", [2.0**-6, 0.013])
def test_forward_is_the_one_liner_bit_for_bit_at_every_size(item, step):
    h = item.as_array(step)[()]
    for n in sizes(item):
        x = points(item, n)
        assert same(forward_difference(np.exp, x, h), (np.exp(x + h) - np.exp(x)) / h)


@every_plain_format
@pytest.mark.parametrize("step", [2.0**-6, 0.013])
def test_centered_is_the_one_liner_bit_for_bit_at_every_size(item, step):
    h = item.as_array(step)[()]
    for n in sizes(item):
        x = points(item, n)
        assert same(centered_difference(np.exp, x, h), (np.exp(x + h) - np.exp(x - h)) / (2 * h))


@pytest.mark.parametrize("n", [1, 5, 40_000])
def test_bfloat16_is_the_one_liner_bit_for_bit_with_constants_of_the_format(n):
    item = FORMATS["bfloat16"]
    x, h, two = points(item, n), item.as_array(0.0625)[()], item.dtype.type(2)
    assert same(forward_difference(np.exp, x, h), (np.exp(x + h) - np.exp(x)) / h)
    assert same(centered_difference(np.exp, x, h), (np.exp(x + h) - np.exp(x - h)) / (two * h))


@every_complex_format
def test_complex_step_is_one_division_of_the_imaginary_part(item):
    h = item.as_array(1e-3)[()]
    for n in (1, 5, block_size(item) + 3):
        x = points(item, n)
        z = x.astype(item.complex_dtype)
        z.imag = h
        assert same(complex_step(np.exp, x, h), np.exp(z).imag / h)


def in_documented_order(f, x, h, stencil, item):
    """Return the result of the documented order of operations, written a second time and one by one."""
    one = item.dtype.type
    total = None
    for c, n in zip(stencil.offsets, stencil.numerators, strict=True):
        if c == 0:
            at = x
        elif abs(c) == 1:
            at = x + h if c == 1 else x - h
        else:
            at = x + one(item.round(c)) * h
        term = f(at) * one(item.round(n)) if abs(n) != 1 else f(at) if n == 1 else -f(at)
        total = term if total is None else total + term
    result = total / (one(item.round(stencil.denominator)) * h)
    for _ in range(stencil.derivative_order - 1):
        result = result / h
    return result


@every_format
@every_stencil
def test_stencils_follow_the_documented_order_of_operations(item, stencil):
    x, h = points(item, 300), item.as_array(0.043)[()]
    for blocked in (True, False):
        result = difference(np.exp, x, h, stencil, blocked=blocked)
        assert same(result, in_documented_order(np.exp, x, h, stencil, item))


def test_second_derivative_divides_by_h_twice_because_h_squared_underflows():
    """The second difference of |t| at 0 is 2/h."""
    h = np.float16(2.0**-13)
    assert h * h == 0
    assert difference(np.abs, np.float16(0), h, centered(2, 2)) == 2.0**14


@every_format
@given(st.integers(-15, 15), st.integers(-15, 15), st.integers(-15, 15), st.integers(-12, 12))
@settings(deadline=None, max_examples=40)
def test_centered_is_exact_for_quadratics_where_nothing_rounds(item, a, b, c, k):
    """x = k/4 and h = ½: all intermediate results are small multiples of 1/16."""
    x = item.as_array(np.array([k % 4 / 4.0, 0.5]))
    one = item.dtype.type

    def quadratic(t):
        return (one(a % 4) * t + one(b % 4)) * t + one(c % 4)

    result = centered_difference(quadratic, x, one(0.5))
    assert [item.lift(value) for value in result] == [2 * (a % 4) * item.lift(t) + b % 4 for t in x]


@every_stencil
def test_polynomials_below_the_order_are_differentiated_exactly_in_exact_arithmetic(stencil):
    """At x = 0 with h = 1 and float64, t^k at the integer nodes is exact, and so is the whole sum."""
    m = stencil.derivative_order
    for k in range(m + stencil.accuracy_order):
        expected = math.factorial(m) if k == m else 0
        assert difference(lambda t, k=k: t**k, np.zeros(1), 1.0, stencil)[0] == expected


# --- the format is kept ---------------------------------------------------------------------------------


@every_format
@every_stencil
def test_f_sees_the_format_of_x_and_a_contiguous_read_only_array(item, stencil):
    seen = []

    def probe(t):
        assert isinstance(t, np.ndarray)
        assert t.dtype == item.dtype
        assert t.ndim >= 1
        assert t.flags.c_contiguous
        assert not t.flags.writeable
        seen.append(t.size)
        return t * t

    for x in (
        item.as_array(1.25)[()],
        points(item, 40),
        points(item, 40)[::-2],
        points(item, 6).reshape(2, 3).T,
    ):
        for blocked in (True, False):
            result = difference(probe, x, 0.125, stencil, blocked=blocked)
            assert result.dtype == item.dtype
    assert len(seen) >= 8 * stencil.evaluations


@every_complex_format
def test_f_sees_the_complex_format_of_x_in_the_complex_step(item):
    def probe(t):
        assert t.dtype == item.complex_dtype
        assert not t.flags.writeable
        return t * t

    assert complex_step(probe, points(item, 9), 0.125).dtype == item.dtype


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
def test_a_kernel_in_a_narrow_format_has_the_error_of_that_format(name):
    """A kernel that computed in float64 would come within u of the exact quotient everywhere."""
    item = FORMATS[name]
    x, h = points(item, 200), item.as_array(2.0**-4)[()]
    result = centered_difference(np.exp, x, h).astype(np.float64)
    wide = centered_difference(np.exp, x.astype(np.float64), float(h))
    assert np.max(np.abs(result - wide)) > 4 * float(item.unit_roundoff) * np.max(np.abs(wide))


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
def test_a_function_that_promotes_is_refused(name):
    x = points(FORMATS[name], 5)
    with pytest.raises(TypeError, match=r"f must keep the dtype .*np\.float64 constant promotes"):
        centered_difference(lambda t: t * np.float64(2), x, 0.125)


def test_python_scalars_stay_weak_in_bfloat16():
    x = points(FORMATS["bfloat16"], 50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert centered_difference(lambda t: 1 / (1 + np.exp(-t * 2.0)), x, 0.125).dtype == ml_dtypes.bfloat16
        assert centered_difference(lambda t: np.where(t > 1, t, 0.5), x, 0.125).dtype == ml_dtypes.bfloat16


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16])
def test_integers_become_float64(dtype):
    x = np.array([1, 2, 3], dtype=dtype)
    result = centered_difference(np.square, x, 0.5)
    assert result.dtype == np.float64
    assert result.tolist() == [2.0, 4.0, 6.0]


@pytest.mark.parametrize("x", [2, 2.0, np.float64(2), np.array(2.0), np.int64(2)])
def test_a_python_or_numpy_scalar_gives_a_numpy_scalar(x):
    result = centered_difference(np.square, x, 0.5)
    assert type(result) is np.float64
    assert result == 4


@every_format
def test_a_scalar_of_a_format_gives_a_scalar_of_the_format(item):
    result = forward_difference(np.square, item.dtype.type(1), item.dtype.type(0.5))
    assert type(result) is item.dtype.type
    assert result == item.dtype.type(2.5)


@every_format
def test_h_is_rounded_to_the_format_of_x_once(item):
    x = points(item, 4)
    h = 0.013
    rounded = item.round(Fraction(h))
    assert same(centered_difference(np.exp, x, h), centered_difference(np.exp, x, rounded))
    assert same(centered_difference(np.exp, x, np.float64(h)), centered_difference(np.exp, x, rounded))
    assert same(centered_difference(np.exp, x, Fraction(h)), centered_difference(np.exp, x, rounded))


# --- shapes ---------------------------------------------------------------------------------------------


@every_format
def test_results_do_not_depend_on_the_memory_layout_of_x(item):
    n = block_size(item) + 12
    n += -n % 4
    x = points(item, n)
    expected = centered_difference(np.exp, x, 0.125)
    assert same(centered_difference(np.exp, x[::-1], 0.125), expected[::-1])
    assert same(centered_difference(np.exp, np.repeat(x, 2)[::2], 0.125), expected)
    grid = np.asfortranarray(x.reshape(4, -1))
    for blocked in (True, False):
        assert same(centered_difference(np.exp, grid, 0.125, blocked=blocked), expected.reshape(4, -1))
        turned = centered_difference(np.exp, x.reshape(4, -1).T, 0.125, blocked=blocked)
        assert same(turned, expected.reshape(4, -1).T)


def test_unaligned_and_read_only_x_is_right():
    raw = np.zeros(8 * 5 + 1, dtype=np.uint8)
    x = raw[1:].view(np.float64)
    x[:] = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert not x.flags.aligned
    x.flags.writeable = False
    assert centered_difference(np.square, x, 0.5).tolist() == [2, 4, 6, 8, 10]


BROADCAST = [((3, 1), (1, 60)), ((), (7,)), ((5,), (1,)), ((4, 1, 3), (5, 1)), ((2, 3), (2, 3)), ((1, 1), ())]
BROADCAST += [((100, 1), (1, 170)), ((1,), (1, 1)), ((1, 0), (3, 1))]


@pytest.mark.parametrize("blocked", [True, False])
@pytest.mark.parametrize("shapes", BROADCAST)
def test_x_and_h_broadcast(shapes, blocked):
    x = RNG(1).uniform(1, 2, shapes[0])
    h = RNG(2).uniform(0.01, 0.5, shapes[1])
    for method, expected in [
        (FORWARD, (np.exp(x + h) - np.exp(x)) / h),
        (CENTERED, (np.exp(x + h) - np.exp(x - h)) / (2 * h)),
        (centered(2, 2), None),
        (COMPLEX_STEP, np.exp(x + 1j * h).imag / h),
    ]:
        result = np.asarray(apply(method, np.exp, x, h, blocked=blocked))
        assert result.shape == np.broadcast_shapes(*shapes)
        if expected is not None:
            assert same(result, np.asarray(expected))
        flat = result.ravel()
        for i, (a, b) in list(enumerate(np.broadcast(x, h)))[:: 1 + flat.size // 20]:
            # np.exp of one point may differ by an ulp, which the division by h² magnifies.
            tolerance = 16 * math.e**3 * 2.0**-53 / b**2
            assert abs(flat[i] - apply(method, np.exp, float(a), float(b))) <= tolerance


@pytest.mark.parametrize("x", [np.empty(0), np.empty((3, 0), dtype=np.float32)])
def test_an_empty_x_gives_an_empty_result_and_no_call_of_f(x):
    def f(t):
        raise RuntimeError("called")

    result = centered_difference(f, x, 0.5)
    assert result.shape == x.shape
    assert result.dtype == x.dtype
    seen = observe(CENTERED, f, x, 0.5)
    assert [a.shape for a in seen.abscissae] == [x.shape] * 2


def test_whole_array_evaluation_keeps_the_shape_of_x():
    shapes = []

    def f(t):
        shapes.append(t.shape)
        return t * t

    for x in (np.ones((3, 4)), np.ones(()), np.ones((2, 1, 2), order="F")):
        centered_difference(f, x, 0.5, blocked=False)
    assert shapes == [(3, 4)] * 2 + [(1,)] * 2 + [(2, 1, 2)] * 2


# --- what f may do --------------------------------------------------------------------------------------

WELL_BEHAVED = {
    "identity": lambda t: t,
    "asarray": lambda t: np.asarray(t),
    "reshape": lambda t: t.reshape(-1, 1).reshape(t.shape),
    "view": lambda t: t[:],
    "where": lambda t: np.where(t > 0, t, t),
    "positive": np.positive,
}


@every_format
@every_stencil
@pytest.mark.parametrize("name", WELL_BEHAVED)
def test_functions_that_return_their_argument_have_slope_one(item, stencil, name):
    """At x = 0, ¼ with h = ⅛ everything is a small multiple of ⅛ and exact; second derivatives are 0."""
    f = WELL_BEHAVED[name]
    expected = 1 if stencil.derivative_order == 1 else 0
    few = item.as_array(np.array([0.0, 0.25, 0.0]))
    assert np.all(difference(f, few, 0.125, stencil) == item.dtype.type(expected))
    assert np.all(difference(f, few, 0.125, stencil, blocked=False) == item.dtype.type(expected))
    many = np.tile(few, block_size(item) // 2)
    assert np.all(difference(f, many, 0.125, stencil) == item.dtype.type(expected))
    assert difference(f, few[0], 0.125, stencil) == item.dtype.type(expected)


@every_complex_format
def test_the_identity_has_slope_one_in_the_complex_step(item):
    x = points(item, block_size(item))
    for f in (lambda t: t, lambda t: np.asanyarray(t), lambda t: t.reshape(t.shape)):
        assert np.all(complex_step(f, x, 0.125) == 1)
    with pytest.raises(TypeError, match=r"f must be analytic .* write np\.asanyarray"):
        complex_step(lambda t: np.asarray(t), x, 0.125)


def plus_equals(t):
    t += 1
    return t


def exp_in_place(t):
    return np.exp(t, out=t)


def assigns(t):
    t[0] = 0
    return t


@every_format
@pytest.mark.parametrize("f", [plus_equals, exp_in_place, assigns])
@pytest.mark.parametrize("n", [1, 4, 50_000])
def test_an_in_place_f_is_refused_and_leaves_x_alone(item, f, n):
    x = points(item, n)
    before = x.copy()
    for blocked in (True, False):
        with pytest.raises(TypeError, match="f must not write into its argument"):
            forward_difference(f, x, 0.125, blocked=blocked)
    assert same(x, before)


COUPLED = {
    "cumsum": np.cumsum,
    "scaled by the maximum": lambda t: t / np.max(t),
    "reversed": lambda t: t[::-1],
    "sorted": np.sort,
    "centered": lambda t: t - t.mean(),
    "differences": lambda t: np.diff(t, prepend=t[:1]),
    "rolled": lambda t: np.roll(t, 1),
    "softmax": lambda t: np.exp(t) / np.sum(np.exp(t)),
}


@pytest.mark.parametrize("name", COUPLED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_a_coupled_f_is_refused_at_every_size(name, dtype):
    block = BLOCK_BYTES // np.dtype(dtype).itemsize
    for n in (2, 3, 4, 5, 9, 100, block, 3 * block + 1):
        x = (2 - np.arange(n, dtype=dtype) / n) * (3 - np.arange(n, dtype=dtype) % 3)
        for method in (FORWARD, CENTERED):
            with pytest.raises(ValueError, match=r"f must be elementwise.*blocked=False"):
                apply(method, COUPLED[name], x, 2.0**-7)


BLOCK = BLOCK_BYTES // 8
"""Points of float64 in a block."""
LONG_CONSTANT_START = np.r_[np.ones(BLOCK), np.linspace(1, 2, BLOCK)]
"""Two blocks of float64, of which the first tells nothing of a function that couples its points."""
COUPLED_BUT_HIDDEN = {
    "scaled by the maximum, which the points at fixed places are": (lambda t: t / np.max(t), [2.0, 1, 2, 1, 1, 2]),
    "scaled by the minimum, likewise": (lambda t: t / np.min(t), [1.0, 2, 1, 2, 2, 1]),
    "minus the median": (lambda t: t - np.median(t), [1.0, 5, 1, 2, 2, 1]),
    "reversed difference": (lambda t: t**2 - t[::-1] ** 2 + t, LONG_CONSTANT_START),
    "centered": (lambda t: t - t.mean(), LONG_CONSTANT_START),
    "sorted downward": (lambda t: np.sort(t)[::-1], LONG_CONSTANT_START),
    "scaled by the maximum": (lambda t: t**2 * (t / t.max()), LONG_CONSTANT_START),
    "scaled by the maximum, constant ends": (
        lambda t: t**2 * (t / t.max()),
        np.r_[np.ones(BLOCK), np.linspace(1, 2, BLOCK), np.ones(3 * BLOCK)],
    ),
    "scaled by the maximum, in one block of five": (
        lambda t: t / t.max(),
        np.r_[np.ones(2 * BLOCK), np.linspace(1, 2, BLOCK), np.ones(2 * BLOCK)],
    ),
    "reversed, nearly a palindrome": (lambda t: t[::-1] ** 2, [1.0, 2, 3.5, 4, 5, 4, 3, 2, 1]),
    "scaled by the sum of equal points": (lambda t: t * t / np.sum(t), np.ones(6)),
    "scaled by the number of points": (lambda t: t * float(t.size), np.ones(6)),
}


@pytest.mark.parametrize("name", COUPLED_BUT_HIDDEN)
@pytest.mark.parametrize("method", [FORWARD, CENTERED, centered(4)], ids=lambda method: method.name)
def test_a_coupled_f_is_refused_where_the_points_at_fixed_places_of_the_first_block_hide_it(name, method):
    f, x = COUPLED_BUT_HIDDEN[name]
    with pytest.raises(ValueError, match=r"f must be elementwise.*blocked=False"):
        apply(method, f, x, 0.125)


def test_the_point_at_which_a_coupled_f_was_found_out_is_named():
    x = np.ones((4, BLOCK))  # a row is a block
    x[3, 5] = 2.0
    with pytest.raises(
        ValueError, match=r"at 1\.125, beside .*, it gives 0\.5294.* \(index \(3, 0\)\) and alone 1\.0;"
    ):
        centered_difference(lambda t: t / np.max(t), x, 0.125)


def test_a_cumulated_sum_of_equal_points_is_refused():
    """The point alone differs, and so do the elements of an array that is filled with it."""
    with pytest.raises(ValueError, match="f must be elementwise"):
        centered_difference(np.cumsum, np.ones(6), 0.125)


@every_complex_format
def test_a_coupled_f_is_refused_in_the_complex_step(item):
    x = points(item, 6)
    with pytest.raises(ValueError, match="f must be elementwise"):
        complex_step(np.cumsum, x, 0.125)
    with pytest.raises(ValueError, match="f must be elementwise"):
        complex_step(lambda t: t[::-1], x, 0.125)


def test_with_blocked_false_a_coupled_f_is_differentiated_along_h():
    x = np.array([1.0, 2.0, 4.0])
    assert centered_difference(np.cumsum, x, 0.5, blocked=False).tolist() == [1, 2, 3]
    assert centered_difference(lambda t: t[::-1], x, 0.5, blocked=False).tolist() == [1, 1, 1]


@pytest.mark.parametrize("n", [2, 3, 100, BLOCK_BYTES // 8, 100_000])
def test_a_closure_over_an_array_is_refused_with_advice_and_right_with_blocked_false(n):
    a, x = np.arange(1.0, n + 1), np.ones(n)
    for f in (lambda t: a * t, lambda t: np.where(a > 1, t, 0 * t)):
        with pytest.raises(ValueError, match="blocked=False"):
            centered_difference(f, x, 0.5)
    assert np.array_equal(centered_difference(lambda t: a * t, x, 0.5, blocked=False), a)


def test_a_closure_that_happens_to_have_the_length_of_a_block_is_refused():
    """100 000 points come in blocks of BLOCK_BYTES / 8, and each block would multiply with the same array."""
    a = np.arange(BLOCK_BYTES // 8, dtype=np.float64)
    with pytest.raises(ValueError, match="blocked=False"):
        centered_difference(lambda t: a[: t.size] * t, np.ones(4 * a.size), 0.5)


def test_a_mask_that_f_closes_over_is_refused_with_advice():
    mask = np.arange(10) > 4
    with pytest.raises(ValueError, match="blocked=False"):
        centered_difference(lambda t: np.concatenate([t[~mask], 2 * t[mask]]), np.ones(10), 0.5)


def test_a_function_of_the_axes_is_refused_with_advice():
    with pytest.raises(ValueError, match="blocked=False"):
        centered_difference(lambda t: t - t.sum(axis=1, keepdims=True), np.ones((3, 4)), 0.5)


@pytest.mark.parametrize("method", [FORWARD, CENTERED, centered(4)], ids=lambda method: method.name)
@pytest.mark.parametrize("n", [1, 5])
def test_a_scratch_array_that_f_returns_twice_is_refused(method, n):
    scratch = np.empty(n)
    for f in (lambda t: np.exp(t, out=scratch), lambda t: np.exp(t, out=scratch)[:]):
        for blocked in (True, False):
            with pytest.raises(ValueError, match=r"f must return a new array from each call.*return a copy"):
                apply(method, f, np.arange(1.0, n + 1), 0.5, blocked=blocked)
        with pytest.raises(ValueError, match="f must return a new array from each call"):
            observe(method, f, np.arange(1.0, n + 1), 0.5)


def test_overlapping_scratch_arrays_are_refused():
    scratch = np.empty(6)
    starts = iter([0, 1])

    def f(t):
        start = next(starts)
        return np.exp(t, out=scratch[start : start + 5])

    with pytest.raises(ValueError, match="f must return a new array"):
        centered_difference(f, np.ones(5), 0.5, blocked=False)


@every_stencil
def test_two_scratch_arrays_in_turn_are_right(stencil):
    """No value is needed any more when the second next one is computed."""
    ring, turn = [np.empty(5), np.empty(5)], iter(range(100))
    x = points(FORMATS["float64"], 5)
    result = difference(lambda t: np.exp(t, out=ring[next(turn) % 2]), x, 0.125, stencil, blocked=False)
    assert same(result, difference(np.exp, x, 0.125, stencil, blocked=False))


def test_a_scratch_array_is_right_in_the_complex_step():
    scratch, x = np.empty(5, dtype=complex), np.arange(5.0)
    result = complex_step(lambda t: np.exp(t, out=scratch), x, 0.5, blocked=False)
    assert same(result, complex_step(np.exp, x, 0.5))


@every_format
def test_a_constant_f_has_slope_zero(item):
    x = points(item, 5)
    for method in (FORWARD, CENTERED, centered(2, 2)):
        assert np.all(apply(method, lambda t: 3.0, x, 0.125) == 0)


@pytest.mark.parametrize("f", [lambda t: t[:-1], lambda t: t.sum(keepdims=True), lambda t: np.stack([t, t])])
def test_a_function_that_changes_the_shape_is_refused(f):
    with pytest.raises(ValueError, match=r"f must keep the shape of its argument, \(5,\), got"):
        centered_difference(f, np.ones(5), 0.5)


@pytest.mark.parametrize("f", [lambda t: None, lambda t: "1", lambda t: [t, t[:0]]])
def test_a_function_that_returns_no_numbers_is_refused(f):
    with pytest.raises(TypeError, match="f must return numbers of float64"):
        centered_difference(f, np.ones(5), 0.5)


@pytest.mark.parametrize("item", ALL)
@pytest.mark.parametrize(
    "constant", [3, 3.0, np.float64(3), np.float32(3), np.int64(3), np.array(3.0), np.longdouble(3)]
)
@pytest.mark.parametrize("n", [1, 5])
def test_a_constant_of_any_type_is_a_constant_function(item, constant, n):
    x = item.as_array(np.ones(n))
    found = centered_difference(lambda t: constant, x, 0.5)
    assert found.dtype == item.dtype
    assert found.tolist() == [0] * n


def test_a_constant_that_the_format_does_not_hold_is_rounded_once():
    seen = observe(FORWARD, lambda t: np.float64(0.1), np.float32(1), 0.5).values
    assert {value[()] for value in seen} == {np.float32(0.1)}


def test_a_masked_value_of_f_is_refused_at_whatever_point():
    with pytest.raises(TypeError, match="f must not return masked values, got 1 of 2"):
        centered_difference(lambda t: np.ma.masked_greater(t * t, 2.0), np.array([1.0, 2.0]), 1e-3)


def test_an_exception_of_f_comes_through():
    def f(t):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        centered_difference(f, np.ones(5), 0.5)


# --- the check that f is elementwise -------------------------------------------------------------------


@every_format
@pytest.mark.parametrize("ufunc", [np.exp, np.log, np.sin, np.tanh, np.sqrt, np.square, np.cbrt], ids=str)
def test_elementwise_functions_pass_the_check_at_every_size(item, ufunc):
    for n in sizes(item):
        assert centered_difference(ufunc, points(item, n), 2.0**-4).shape == (n,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_ill_conditioned_elementwise_f_passes_the_check(dtype):
    """log(exp(x²))·2²⁰ − … amplifies the ulp by which NumPy's paths may differ."""
    x = np.linspace(0.5, 3, 1000, dtype=dtype)
    big = float(2**12)
    for f in (
        lambda t: np.sin(np.exp(t) * big),
        lambda t: (np.exp(t) - (1 + t)) / (t * t),
        lambda t: np.log(np.exp(t * t)) - t * t,
    ):
        assert np.all(np.isfinite(centered_difference(f, x, 2.0**-5)))


def test_a_lone_value_that_is_off_is_accepted_only_if_the_filled_array_agrees():
    """A path of NumPy's loops that depends on the length alone, exaggerated."""

    def by_length(t):
        return t if t.size > 1 else t * 1.5

    def by_position(t):
        return t + (np.arange(t.size) > 2) if t.size > 1 else t * 1.5

    x = np.arange(1.0, 8.0)
    assert np.all(centered_difference(by_length, x, 0.5) == 1)
    with pytest.raises(ValueError, match="f must be elementwise"):
        centered_difference(by_position, x, 0.5)


@pytest.mark.parametrize("ulps, accepted", [(7, True), (9, False)])
def test_the_check_tolerates_eight_ulps(ulps, accepted):
    def off(t):
        if t.size == 1:
            return t + ulps * np.spacing(t)
        # An array that is filled with one value disagrees with itself: only the tolerance can save this f.
        return t if np.ptp(t) else t + np.arange(t.size)

    x = np.array([1.0, 1.25, 1.5]) + 2.0**-10
    if accepted:
        assert forward_difference(off, x, 0.5).shape == (3,)
    else:
        with pytest.raises(ValueError, match="f must be elementwise"):
            forward_difference(off, x, 0.5)


@pytest.mark.parametrize("points, compared", [(16, 16), (17, 4)])
def test_all_of_sixteen_points_are_compared_and_four_of_more(points, compared):
    sizes = []

    def f(t):
        sizes.append(t.size)
        return t * t

    forward_difference(f, np.linspace(1, 2, points)[np.random.default_rng(0).permutation(points)], 0.5)
    assert sizes.count(1) == compared


def test_nan_outside_the_domain_is_no_disagreement():
    x = np.array([-1.0, 2.0, -3.0])
    with np.errstate(invalid="ignore"):
        result = centered_difference(np.log, x, 0.25)
    assert np.isnan(result).tolist() == [True, False, True]


def test_a_single_point_and_blocked_false_are_not_checked():
    calls = []

    def f(t):
        calls.append(t.size)
        return t * t

    centered_difference(f, 1.0, 0.5)
    centered_difference(f, np.ones(9), 0.5, blocked=False)
    assert calls == [1, 1, 9, 9]


@pytest.mark.parametrize("blocks, searched", [(1, 1), (2, 2), (3, 2), (5, 3), (9, 3), (20, 4)])
def test_the_check_costs_a_point_of_every_block_and_a_few_of_the_blocks_1_4_16_and_the_last(blocks, searched):
    calls = []

    def f(t):
        calls.append(t.size)
        return t * t

    n = blocks * BLOCK_BYTES // 8
    for x, few in ((np.ones(n), 3), (np.sin(np.arange(1.0, n + 1)), 6)):
        calls.clear()
        centered_difference(f, x, 0.5)
        assert searched * 3 <= calls.count(1) - (blocks - searched) <= searched * few
        assert sum(calls) == 2 * n + calls.count(1)
        assert max(calls) == BLOCK_BYTES // 8


# --- what x and h must be -------------------------------------------------------------------------------

METHODS = [FORWARD, CENTERED, centered(4), COMPLEX_STEP]
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)


@every_method
@pytest.mark.parametrize("h", [0, 0.0, -1e-3, math.nan, math.inf, -math.inf])
def test_h_must_be_finite_and_positive(method, h):
    for x in (1.0, np.ones(3)):
        with pytest.raises(ValueError, match=rf"h must be finite and positive in \w+, got {h!s}"):
            apply(method, np.exp, x, h)
        with pytest.raises(ValueError, match="h must be finite and positive"):
            observe(method, np.exp, x, h)


@every_format
def test_one_bad_step_among_many_is_named_with_its_index(item):
    h = np.full((2, 3), 0.5, dtype=item.dtype)
    for bad in (0, -1, math.nan, math.inf):
        h[1, 2] = bad
        with pytest.raises(ValueError, match=r"h must be finite and positive in \w+, got .* at index \(1, 2\)"):
            centered_difference(np.exp, np.ones((2, 3), dtype=item.dtype), h)


@every_method
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_x_must_be_finite(method, bad):
    with pytest.raises(ValueError, match=rf"x must be finite in \w+, got {bad}"):
        apply(method, np.exp, bad, 0.5)
    x = np.ones((3, 4))
    x[1, 2] = bad
    with pytest.raises(ValueError, match=rf"x must be finite in \w+, got {bad} at index \(1, 2\)"):
        apply(method, np.exp, x, 0.5)
    with pytest.raises(ValueError, match=rf"x must be finite in \w+, got {bad} at index \(1, 2\)"):
        observe(method, np.exp, x, 0.5)


@every_format
def test_the_one_bad_point_in_a_late_block_is_named(item):
    n = 3 * block_size(item)
    for bad in (math.nan, math.inf, -math.inf):
        x = points(item, n)
        x[n - 7] = bad
        with pytest.raises(ValueError, match=rf"x must be finite in \w+, got {bad} at index \({n - 7},\)"):
            centered_difference(np.exp, x, 0.25)


NO_NUMBERS = ["1", None, 1j, [object()], *(np.array([value]) for value in (1j, "a", True, np.datetime64("2020-01-01")))]


@pytest.mark.parametrize("x", NO_NUMBERS)
def test_x_must_be_real_numbers(x):
    with pytest.raises(TypeError, match=r"x must be a real number or an array of them, got .* is none of float16, "):
        centered_difference(np.exp, x, 0.5)


@pytest.mark.parametrize("f", [3, None, "np.exp", np.ones(2)])
def test_f_must_be_callable(f):
    message = f"f must be callable, got {type(f).__name__} "
    for call in (forward_difference, centered_difference, complex_step):
        for x in (1.0, np.ones(3)):
            with pytest.raises(TypeError, match=message):
                call(f, x, 0.5)
    with pytest.raises(TypeError, match=message):
        difference(f, 1.0, 0.5, CENTERED)
    with pytest.raises(TypeError, match=message):
        observe(CENTERED, f, 1.0, 0.5)


@pytest.mark.parametrize("h", ["1", None, 1j, [object()], True, np.True_, np.array([True])])
def test_h_must_be_a_real_number(h):
    with pytest.raises(TypeError, match="h must be a real number or an array of them, got"):
        centered_difference(np.exp, 1.0, h)


def test_h_that_does_not_broadcast_is_refused():
    with pytest.raises(ValueError, match=r"h must broadcast against x of shape \(3,\), got shape \(2,\)"):
        centered_difference(np.exp, np.ones(3), np.ones(2))


def test_a_step_that_the_format_rounds_to_zero_is_refused():
    with pytest.raises(ValueError, match=r"h must be at least 6e-08 in float16, got 1e-08"):
        centered_difference(np.exp, np.float16(1), 1e-8)


@every_format
@pytest.mark.parametrize(
    "h, shown",
    [
        (Fraction(1, 2**20000), "2.51238805769874458518013504213e-6021"),
        (2**20000, "3.98027684033796659235430720619e+6020"),
        (10**50000, "1.000"),
    ],
    ids=["tiny", "huge", "huger"],
)
def test_a_step_far_out_of_range_is_refused_with_its_size_and_the_format(item, h, shown):
    bound = "least" if h < 1 else "most"
    with pytest.raises(ValueError, match=rf"h must be at {bound} .* in {item.name}, got {re.escape(shown)}"):
        centered_difference(np.exp, item.dtype.type(1), h)
    with pytest.raises(ValueError, match=r"h must be finite and positive in \w+, got -\d\.\d+e"):
        centered_difference(np.exp, item.dtype.type(1), -h)


@pytest.mark.parametrize(
    "h, message",
    [
        (Fraction(1, 10**9), "least 6e-08 in float16, got 1/1000000000"),
        (1e6, "most .* in float16, got 1000000.0"),
        (10**6, "most .* got 1000000$"),
        ([0.5, 1e-9], r"least .* got 1e-09 at index \(1,\)"),
    ],
)
def test_a_step_out_of_range_is_refused_as_it_was_given(h, message):
    with pytest.raises(ValueError, match="h must be at " + message):
        centered_difference(np.exp, np.float16(1), h)


@pytest.mark.parametrize(
    "name, h, largest",
    [
        ("float16", 4e4, 3.275e04),
        ("float32", 3e38, 1.7014117e38),
        ("float64", 1.7e308, 8.988465674311579e307),
    ],
)
def test_a_step_whose_double_overflows_is_refused_by_centered_and_not_by_forward(name, h, largest):
    x = FORMATS[name].as_array([0.0])
    text = re.escape(str(FORMATS[name].dtype.type(largest)))  # other versions of NumPy write 32750.0
    with pytest.raises(ValueError, match=f"h must be at most {text} for the formula 'centered' in"):
        centered_difference(lambda t: t, x, h)
    assert forward_difference(lambda t: t, x, h)[0] == 1


@every_format
def test_the_largest_step_is_sharp(item):
    """2h ≤ largest holds for half the largest number, and not for the next one."""
    one = item.dtype.type
    half = item.round(item.largest_finite / 2)
    assert centered_difference(lambda t: t, np.zeros(1, item.dtype), half)[0] == 1
    with pytest.raises(ValueError, match="h must be at most"):
        centered_difference(lambda t: t, np.zeros(1, item.dtype), np.nextafter(half, one(math.inf)))


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_complex_step_is_refused_where_there_is_no_complex_dtype(name):
    with pytest.raises(TypeError, match=f"x must have a format with a complex dtype for the complex step, got {name}"):
        complex_step(np.exp, FORMATS[name].as_array([1.0]), 0.5)


@pytest.mark.parametrize(
    "f",
    [np.abs, np.sign, lambda t: np.maximum(t, 0), lambda t: t.real, np.conj],
    ids=["abs", "sign", "maximum", "real", "conj"],
)
def test_complex_step_refuses_what_is_not_analytic(f):
    with pytest.raises(TypeError, match="f must be analytic for the complex step"):
        complex_step(f, np.ones(3), 0.5)


def test_difference_wants_a_stencil_and_apply_a_method():
    with pytest.raises(TypeError, match="stencil must be a Stencil, got int 2"):
        difference(np.exp, 1.0, 0.5, 2)
    for step in (COMPLEX_STEP, "complex_step"):
        with pytest.raises(
            TypeError, match=r"stencil must be a Stencil, got ComplexStep 'complex_step'; .* nd\.complex_step"
        ):
            difference(np.exp, 1.0, 0.5, step)
    with pytest.raises(
        ValueError, match=r"stencil must be a formula or the name of one, got 'centred'; did you mean 'centered'"
    ):
        difference(np.exp, 1.0, 0.5, "centred")
    with pytest.raises(TypeError, match="method must be a Stencil or COMPLEX_STEP, got"):
        apply("centered", np.exp, 1.0, 0.5)


def test_a_stencil_that_the_format_does_not_hold_is_refused():
    wide = Stencil("wide", (Fraction(257), Fraction(0)), (Fraction(1, 257), Fraction(-1, 257)))
    with pytest.raises(ValueError, match="stencil must have offsets that bfloat16 holds exactly, got 257"):
        difference(np.exp, FORMATS["bfloat16"].as_array(1.0), 0.5, wide)
    assert difference(lambda t: t, np.float64(1), 0.5, wide) == 1
    with pytest.raises(ValueError, match=r"\|n\| and D at most 65504 in float16, got -105105"):
        difference(np.exp, np.float16(1), 0.5, centered(14))


# --- absorbed steps -------------------------------------------------------------------------------------


def absorbed_by_definition(x, h, stencil):
    """Return where two of x and the abscissae coincide, by comparing all pairs."""
    nodes = [x] + [x + x.dtype.type(float(c)) * h for c in stencil.offsets if c]
    hit = np.zeros(np.broadcast_shapes(x.shape, np.shape(h)), dtype=bool)
    for i, a in enumerate(nodes):
        for b in nodes[:i]:
            hit |= (a == b) & np.isfinite(b)
    return hit


@every_format
@every_stencil
def test_absorbed_points_are_counted_exactly(item, stencil):
    """x in many binades and steps from far below to far above their spacing; many blocks and one."""
    exponents = np.arange(-3, 4) if item.name == "float16" else np.arange(-30, 31)
    x = (RNG(3).uniform(1, 2, 400) * 2.0 ** RNG(4).choice(exponents, 400)).astype(item.dtype)
    x[::7] = np.exp2(RNG(5).choice(exponents, x[::7].size)).astype(item.dtype)
    x[::11] *= item.dtype.type(-1)
    for k in (-3, -1, 0, 1, 3):
        for scale in (1.0, 1.25):
            h = item.dtype.type(scale * 2.0 ** (1 - item.precision + k))
            expected = absorbed_by_definition(x, h, stencil)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                difference(lambda t: t, x, h, stencil)
            counts = [w.message.points for w in caught if isinstance(w.message, StepAbsorbedWarning)]
            assert counts == ([int(expected.sum())] if expected.any() else [])
            assert np.array_equal(observe(stencil, lambda t: t, x, h).absorbed, expected)


@every_format
@every_stencil
def test_no_absorbed_point_escapes_the_quick_check(item, stencil):
    """One point at a time, so that no larger neighbour gives the block away; steps around the limit of the check."""
    one = item.dtype.type
    points_ = [item.round(Fraction(m)) for m in ("1", "-1", "5/4", "3/2", "-7/4", "255/128", "-255/128")]
    points_ += [np.nextafter(one(2), one(0)), np.nextafter(one(-1), one(0))]
    for x in points_:
        for k in range(-3, 5):
            h = item.round(Fraction(2) ** (k - item.precision) * Fraction(5, 4))
            expected = absorbed_by_definition(np.array([x]), h, stencil)
            assert np.array_equal(observe(stencil, lambda t: t, np.array([x]), h).absorbed, expected)


@pytest.mark.parametrize("blocks", [1, 3])
def test_one_warning_for_the_whole_call_names_points_total_and_step(blocks):
    n = blocks * BLOCK_BYTES // 8
    x = np.ones(n)
    x[n // 2 :] = 0.0
    with pytest.warns(StepAbsorbedWarning) as caught:
        result = forward_difference(lambda t: t, x, 1e-17)
    assert len(caught) == 1
    assert str(caught[0].message) == (
        f"h is absorbed at {n // 2} of {n} points: two of x and the abscissae x + c*h are the same float64 "
        "number there; the smallest useful step is 1.1102230246251568e-16"
    )
    message = caught[0].message
    assert (message.points, message.total, message.smallest_step) == (n // 2, n, math.nextafter(2.0**-53, 1))
    assert result[0] == 0
    assert result[-1] == 1


def test_the_warning_points_to_the_caller():
    calls = [
        lambda: forward_difference(np.exp, 1.0, 1e-17),
        lambda: centered_difference(np.exp, 1.0, 1e-17),
        lambda: difference(np.exp, 1.0, 1e-17, CENTERED),
        lambda: apply(CENTERED, np.exp, 1.0, 1e-17, blocked=False),
    ]
    for call in calls:
        with pytest.warns(StepAbsorbedWarning, match=r"1 of 1 points.*smallest useful step") as caught:
            call()
        assert caught[0].filename == __file__


def test_a_step_of_which_only_one_side_moves_is_absorbed():
    """At x = 1, h = 2⁻⁵³: x − h is a number, x + h is a tie and goes back to x; the slope of x reads ½."""
    with pytest.warns(StepAbsorbedWarning, match="1 of 1"):
        assert centered_difference(lambda t: t, 1.0, 2.0**-53) == 0.5


NARROW = [FORWARD, BACKWARD, CENTERED, centered(2, 2)]


@every_format
@pytest.mark.parametrize("stencil", NARROW, ids=lambda stencil: stencil.name)
@given(st.data())
@settings(deadline=None, max_examples=30)
def test_the_smallest_useful_step_is_the_smallest(item, stencil, data):
    """At it no step is absorbed; at the number of the format before it some step is."""
    one = item.dtype.type
    mantissa = st.integers(1 << (item.precision - 1), (1 << item.precision) - 1)
    pair = st.tuples(mantissa, st.integers(-6, 3), st.sampled_from([-1, 1]))
    drawn = data.draw(st.lists(pair, min_size=1, max_size=4))
    x = np.array([item.round(Fraction(s * m) * Fraction(2) ** (e - item.precision + 1)) for m, e, s in drawn])
    with np.errstate(all="ignore"), pytest.warns(StepAbsorbedWarning) as caught:
        difference(lambda t: t, x, item.round(item.smallest_subnormal * 3), stencil)
    step = caught[0].message.smallest_step
    assert step.dtype == item.dtype
    assert caught[0].message.points == x.size
    assert not observe(stencil, lambda t: t, x, step).absorbed.any()
    assert observe(stencil, lambda t: t, x, np.nextafter(step, one(0))).absorbed.any()
    assert not observe(stencil, lambda t: t, x, np.nextafter(step, one(math.inf))).absorbed.any()


@every_format
@pytest.mark.parametrize(
    "stencil",
    [forward(3), centered(4), centered(6), CENTERED.richardson(), centered(6, 2)],
    ids=lambda stencil: stencil.name,
)
@given(st.data())
@settings(deadline=None, max_examples=20)
def test_the_useful_step_of_a_wide_stencil_is_certain_to_do_and_not_far_off(item, stencil, data):
    mantissa = st.integers(1 << (item.precision - 1), (1 << item.precision) - 1)
    pair = st.tuples(mantissa, st.integers(-4, 2), st.sampled_from([-1, 1]))
    drawn = data.draw(st.lists(pair, min_size=1, max_size=4))
    x = np.array([item.round(Fraction(s * m) * Fraction(2) ** (e - item.precision + 1)) for m, e, s in drawn])
    with np.errstate(all="ignore"), pytest.warns(StepAbsorbedWarning) as caught:
        difference(lambda t: t, x, item.round(item.smallest_subnormal * 3), stencil)
    step = caught[0].message.smallest_step
    assert not observe(stencil, lambda t: t, x, step).absorbed.any()
    assert observe(stencil, lambda t: t, x, step / step.dtype.type(16)).absorbed.any()


def test_the_smallest_useful_step_is_that_of_all_blocks():
    n = 3 * BLOCK_BYTES // 8
    x = np.ones(n)
    x[n // 2] = 1024.0
    with pytest.warns(StepAbsorbedWarning, match=f"{n} of {n} points") as caught:
        centered_difference(lambda t: t, x, 1e-300)
    assert caught[0].message.smallest_step == math.nextafter(2.0**-43, 1)


@every_format
def test_at_the_largest_number_no_step_is_useful(item):
    with pytest.warns(StepAbsorbedWarning, match="no step is useful$"):
        forward_difference(lambda t: t, item.round(item.largest_finite), item.dtype.type(0.5))


@every_format
def test_subnormal_abscissae_are_never_absorbed(item):
    tiny = item.round(item.smallest_subnormal)
    x = np.array([item.round(item.smallest_subnormal * k) for k in (0, 1, 5, -3)])
    for stencil in STENCILS:
        if all(c.denominator == 1 for c in stencil.offsets) and stencil.denominator == 1:
            assert difference(lambda t: t, x, tiny, stencil).shape == (4,)
    assert np.all(forward_difference(lambda t: t, x, tiny) == 1)


def test_complex_steps_are_never_absorbed():
    assert complex_step(np.exp, 1.0, 1e-300) == pytest.approx(math.e, rel=2.0**-50)
    assert not observe(COMPLEX_STEP, np.exp, np.ones(3), 1e-300).absorbed.any()


def test_overflow_of_an_abscissa_flows_as_in_numpy():
    x = np.array([65504.0, 1.0], dtype=np.float16)
    with pytest.warns(RuntimeWarning, match="overflow encountered in add"):
        result = forward_difference(lambda t: t, x, np.float16(64))
    assert result.tolist() == [math.inf, 1.0]
    seen = observe(FORWARD, lambda t: t, x, np.float16(64))
    assert seen.abscissae[0].tolist() == [math.inf, 65.0]
    assert not seen.absorbed.any()
    seen = observe(centered(4), lambda t: t, x, np.float16(64))
    assert [a[0] for a in seen.abscissae].count(math.inf) == 2  # two nodes are lost, but not to absorption
    assert not seen.absorbed.any()


# --- observe ----------------------------------------------------------------------------------------------


@every_format
@every_stencil
def test_observe_gives_the_result_of_apply_and_what_went_in_and_out(item, stencil):
    x, h = points(item, 12).reshape(4, 3), item.as_array(np.array([0.125, 0.043, 0.25]))
    seen = observe(stencil, np.exp, x, h)
    assert same(seen.result, apply(stencil, np.exp, x, h, blocked=False))
    assert len(seen.abscissae) == len(seen.values) == stencil.evaluations
    for at, value, c in zip(seen.abscissae, seen.values, stencil.offsets, strict=True):
        assert same(at, np.broadcast_to(x + item.dtype.type(float(c)) * h if c else x, (4, 3)))
        assert same(value, np.exp(at))
    assert seen.absorbed.shape == (4, 3)


@every_complex_format
def test_observe_records_complex_abscissae_of_the_complex_step(item):
    x, h = points(item, 4).reshape(4, 1), item.as_array(np.array([0.125, 0.043]))
    seen = observe(COMPLEX_STEP, np.exp, x, h)
    assert same(seen.result, complex_step(np.exp, x, h, blocked=False))
    (at,), (value,) = seen.abscissae, seen.values
    assert at.dtype == value.dtype == item.complex_dtype
    assert same(at.real, np.broadcast_to(x, (4, 2)))
    assert same(at.imag, np.broadcast_to(h, (4, 2)))
    assert same(value.imag / h, seen.result)


def test_observe_records_what_f_returned_there_and_not_what_it_would_return_again():
    calls = iter(range(10))
    seen = observe(CENTERED, lambda t: t * 0 + next(calls), np.ones(3), 0.5)
    assert [v.tolist() for v in seen.values] == [[0, 0, 0], [1, 1, 1]]
    assert seen.result.tolist() == [-1, -1, -1]


def test_observations_are_copies():
    x = np.array([1.0, 2.0])
    seen = observe(FORWARD, lambda t: t, x, 0.5)
    everything = [*seen.abscissae, *seen.values, seen.result, x]
    for i, a in enumerate(everything):
        assert not any(np.shares_memory(a, b) for b in everything[:i])


def test_observe_is_silent_about_absorbed_steps_overflow_and_domain():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seen = observe(CENTERED, np.log, np.array([-1.0, 1.0, 0.0]), 1e-20)
    assert seen.absorbed.tolist() == [True, True, False]
    assert math.isnan(seen.result[0])


def test_observe_of_a_scalar_has_zero_dimensional_arrays():
    seen = observe(CENTERED, np.exp, 1.0, 0.5)
    assert [a.shape for a in (*seen.abscissae, *seen.values, seen.result, seen.absorbed)] == [()] * 6


# --- memory -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["scalar h", "array h", "strided x", "broadcast", "complex step", "absorbed"])
def test_memory_beyond_input_and_output_is_a_few_blocks(case):
    n = 64 * BLOCK_BYTES // 8
    x, h = np.ones(n), 0.5
    f, method = np.exp, centered(4)
    if case == "array h":
        h = np.full(n, 0.5)
    elif case == "strided x":
        x = np.ones(2 * n)[::2]
    elif case == "broadcast":
        x, h = np.ones((n // 64, 1)), np.full((1, 64), 0.5)
    elif case == "complex step":
        method = COMPLEX_STEP
    elif case == "absorbed":
        h = 1e-17
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StepAbsorbedWarning)
        apply(method, f, x[:9], h if np.ndim(h) == 0 or np.shape(h)[0] == 1 else h[:9])
        tracemalloc.start()
        try:
            result = apply(method, f, x, h)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak - result.nbytes < 16 * BLOCK_BYTES
    assert BLOCK_BYTES <= 2**19  # the sixteen are 8 MB


# --- the fast pass ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("place", [0, BLOCK // 3, BLOCK - 1])
def test_a_single_bad_point_of_a_full_block_is_seen(dtype, place):
    size = 2 * BLOCK_BYTES // np.dtype(dtype).itemsize
    for bad in (np.nan, np.inf, -np.inf):
        x = np.linspace(-1, 1, size).astype(dtype)
        x[place] = bad
        with pytest.raises(ValueError, match=rf"x must be finite in \w+, got {bad} at index \({place},\)"):
            centered_difference(np.square, x, dtype(0.125))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1.0, 2.0**-60, 2.0**60])
def test_a_single_absorbed_point_of_a_full_block_is_seen(dtype, scale):
    size = BLOCK_BYTES // np.dtype(dtype).itemsize + 1
    x = np.full(size, scale, dtype)
    h = dtype(scale * 2.0**-10)
    x[17] = scale * 2.0 ** (np.finfo(dtype).nmant - 8)  # half a spacing of it is 2h
    with pytest.warns(StepAbsorbedWarning) as caught:
        centered_difference(lambda t: t * 1.0, x, h)
    assert caught[0].message.points == 1


def test_the_fast_pass_proves_nothing_where_squares_vanish_or_overflow():
    tiny, huge = np.full(BLOCK, 1e-170), np.full(BLOCK, 1e160)
    assert not checks._is_clearly_below(1e-169, tiny)  # true, but the squares are 0
    assert not checks._is_clearly_below(1e-26, np.full(BLOCK, 1e-25, np.float32))  # false, and the squares are 0
    assert not checks._is_clearly_below(1e170, huge)  # true, but the squares are infinite
    assert not checks._is_clearly_below(1e10, np.full(BLOCK, np.nan))
    assert checks._is_clearly_below(1e10, np.ones(BLOCK))
    assert not checks._is_clearly_below(0.5, np.r_[np.zeros(BLOCK - 1), 0.5])


def test_a_warning_of_an_absorbed_step_travels_between_processes():
    with pytest.warns(StepAbsorbedWarning) as caught:
        centered_difference(np.exp, np.ones(3), 1e-20)
    given = caught[0].message
    copy = pickle.loads(pickle.dumps(given))
    assert str(copy) == str(given)
    assert "h is absorbed at 3 of 3 points" in str(copy)
    assert (copy.points, copy.total, copy.smallest_step) == (3, 3, given.smallest_step)


@pytest.mark.parametrize(
    "f",
    [
        lambda v: v * abs(v.item()),
        lambda v: v * abs(v.tolist()[0]),
        lambda v: v * abs(next(iter(v.flat))),
        lambda v: v * abs(complex(v[0])),
    ],
)
def test_the_complex_step_lets_no_python_number_escape(f):
    with pytest.raises(TypeError, match="f must be analytic for the complex step"):
        complex_step(f, 1.0, 0.1)


def test_the_byte_order_of_x_and_h_does_not_matter():
    x, h = np.linspace(0, 1, 5), np.full(5, 2.0**-10)
    expected = centered_difference(np.exp, x, h)
    result = centered_difference(np.exp, x.astype(">f8"), h.astype(">f8"))
    assert result.dtype == np.float64
    assert result.dtype.isnative
    assert result.tolist() == expected.tolist()


def test_masked_points_and_steps_are_refused_and_unmasked_ones_taken():
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    with pytest.raises(TypeError, match="x must not be masked anywhere"):
        centered_difference(np.exp, masked, 0.5)
    with pytest.raises(TypeError, match="h must not be masked anywhere"):
        centered_difference(np.exp, 1.0, masked)
    plain = np.ma.array([1.0, 2.0])
    assert centered_difference(np.square, plain, 0.5).tolist() == [2.0, 4.0]


# --- the parts of a kernel ------------------------------------------------------------------------------------

FIRST = [stencil for stencil in STENCILS if stencil.derivative_order == 1]


@every_format
@pytest.mark.parametrize("stencil", FIRST, ids=lambda stencil: stencil.name)
def test_abscissae_and_combine_are_the_two_halves_of_a_kernel(item, stencil):
    x = points(item, 20)
    h = item.as_array(np.linspace(0.01, 0.2, 20))
    nodes = parts.abscissae(stencil, x, h)
    assert all(map(same, nodes, observe(stencil, np.exp, x, h).abscissae))
    values = [np.exp(at) for at in nodes]
    kept = [y.copy() for y in values]
    assert same(parts.combine(stencil, values, h), difference(np.exp, x, h, stencil))
    assert all(map(same, values, kept))


@every_format
@pytest.mark.parametrize("stencil", FIRST, ids=lambda stencil: stencil.name)
def test_absorbed_steps_are_those_that_a_kernel_observes(item, stencil):
    x = points(item, 20)
    h = np.ldexp(np.ones(20), 10 - np.arange(20) - item.precision).astype(item.dtype)
    found, smallest = parts.absorbed_steps(stencil, x, h)
    assert found == np.count_nonzero(observe(stencil, np.exp, x, h).absorbed) > 0
    assert parts.absorbed_steps(stencil, x, np.full_like(x, smallest)) == (0, None)


@every_format
@pytest.mark.parametrize("stencil", FIRST, ids=lambda stencil: stencil.name)
def test_the_largest_step_is_the_last_that_a_kernel_takes(item, stencil):
    largest = largest_step(stencil, item)
    with np.errstate(all="ignore"):
        apply(stencil, lambda x: x * 0.0, item.as_array([0.0]), largest)
        with pytest.raises(ValueError, match="h must be"):
            apply(stencil, np.exp, item.as_array([0.0]), np.nextafter(largest, item.dtype.type(np.inf)))


# --- the complex step and the real domain -----------------------------------------------------------------

OUTSIDE = {
    "log": (np.log, -1.0),
    "log at 0": (np.log, 0.0),
    "log2": (np.log2, -2.0),
    "log10": (np.log10, -2.0),
    "log1p": (np.log1p, -2.0),
    "sqrt": (np.sqrt, -1.0),
    "power": (lambda x: x**4.5, -1.0),
    "variable power": (lambda x: x**x, -0.5),
    "negative power": (lambda x: x**-3, 0.0),
    "reciprocal": (lambda x: 1 / x, 0.0),
    "arcsin": (np.arcsin, 2.0),
    "arccos": (np.arccos, -1.5),
    "arccosh": (np.arccosh, 0.5),
    "arctanh": (np.arctanh, 1.5),
    "inside": (lambda x: x + 2 * np.log(np.sin(x)), -1.0),
    "of a difference": (lambda x: np.log(x) - np.log(x), -1.0),
    "after where": (lambda x: np.log(np.where(np.isfinite(x), x, 1.0)), -1.0),
    "after reshape": (lambda x: np.sqrt(x.reshape(-1, 1)).reshape(-1), -1.0),
    "of an element": (lambda x: np.log(x[...]), -1.0),
    "imaginary constant": (lambda x: x * 1j, 1.0),
    "imaginary result": (lambda x: 3j, 1.0),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_complex_step_is_nan_where_f_is_not_real(name):
    """Caught: log(−1 + ih) = iπ, and π/h was called a derivative."""
    f, x = OUTSIDE[name]
    with np.errstate(all="ignore"):
        assert np.isnan(complex_step(f, x, 1e-20))
        assert np.isnan(complex_step(f, [x, x], 1e-20)).all()
        assert np.isnan(observe(COMPLEX_STEP, f, [x], 1e-20).result).all()


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda x: np.log(x * x), -1.0, -2.0),
        (lambda x: x**3, -2.0, 12.0),
        (lambda x: x**-1, -2.0, -0.25),
        (lambda x: np.sqrt(1 - x), -3.0, -0.25),
        (lambda x: x**4.5, 0.0, 0.0),
        (lambda x: x / 2, 1.0, 0.5),
        (lambda x: 2**x, 0.0, math.log(2)),
        (lambda x: np.arcsin(x / 2), -1.0, -1 / math.sqrt(3) * -1),
    ],
)
def test_complex_step_is_the_derivative_where_f_is_real(f, x, slope):
    assert complex_step(f, x, 1e-20) == pytest.approx(slope, rel=2.0**-50, abs=1e-60)


def test_f_is_called_with_real_numbers_only_where_it_may_leave_its_domain():
    seen = []

    def f(x):
        seen.append(x.dtype.kind)
        return np.log(x)

    complex_step(f, 2.0, 0.125)
    assert seen == ["c"]
    complex_step(f, -2.0, 0.125)
    assert seen == ["c", "c", "f"]


def test_points_outside_the_domain_do_not_take_those_inside_with_them():
    result = complex_step(np.log, [-1.0, 2.0, 0.5], 1e-20)
    assert np.isnan(result[0])
    assert result[1:].tolist() == [0.5, 2.0]


# --- masks ------------------------------------------------------------------------------------------------

MASKED = np.ma.array([1.0, 2.0], mask=[False, True])
CALLS = {
    "forward": lambda f, x: forward_difference(f, x, 0.125),
    "centered": lambda f, x: centered_difference(f, x, 0.125),
    "whole": lambda f, x: difference(f, x, 0.125, forward(2), blocked=False),
    "observe": lambda f, x: observe(CENTERED, f, x, 0.125),
    "complex step": lambda f, x: complex_step(f, x, 0.125),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("x", [MASKED, [1.0, np.ma.masked], [[1.0], MASKED[1:]]], ids=["array", "list", "nested"])
def test_masked_points_are_refused(call, x):
    with pytest.raises(TypeError, match="x must not be masked anywhere"):
        call(np.exp, x)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    "f",
    [lambda x: np.ma.array(np.exp(x), mask=True), lambda x: np.ma.masked, lambda x: [np.ma.masked for _ in range(2)]],
    ids=["array", "constant", "list"],
)
def test_masked_values_are_refused(call, f):
    with pytest.raises(TypeError, match=r"f must not return masked values, got . of .|after np.asarray or np.array"):
        call(f, np.array([1.0, 2.0]))


def test_a_mask_that_masks_nothing_is_an_array():
    plain = np.array([1.0, 2.0])
    for x in (np.ma.array(plain), np.ma.array(plain, mask=[False, False])):
        assert same(forward_difference(np.exp, x, 0.125), forward_difference(np.exp, plain, 0.125))
    result = forward_difference(lambda x: np.ma.array(np.exp(x), mask=False), plain, 0.125)
    assert same(result, forward_difference(np.exp, plain, 0.125))


@pytest.mark.parametrize("x", [-1.0, -2.0, 0.0])
def test_complex_step_at_a_pole_of_digamma_is_nan(x):
    scipy_special = pytest.importorskip("scipy.special")
    assert np.isnan(complex_step(scipy_special.psi, x, 1e-25))
    assert np.isfinite(complex_step(scipy_special.psi, x - 0.5, 1e-25))


@pytest.mark.parametrize("constant", [np.nan, np.inf, -np.inf])
def test_complex_step_where_f_is_not_finite_is_nan(constant):
    assert np.isnan(complex_step(lambda x: x * x + constant, 1.0, 1e-25))
    assert np.isnan(complex_step(lambda x: np.exp(x) - constant, np.array([0.5, 1.5]), 1e-25)).all()
