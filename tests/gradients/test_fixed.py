"""Gradients by a fixed step or formula: what is computed, how f is called, how often, and what is refused."""

import io
import math
import multiprocessing
import pickle
import random
import threading
import time
import tracemalloc
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.checks import StepAbsorbedWarning
from numdiff.formulas.differences import difference
from numdiff.formulas.stencil import Stencil, backward, centered, forward, from_offsets
from numdiff.formulas.table import METHODS
from numdiff.gradients import NonFiniteGradientWarning, UncertainGradientWarning, gradient, jacobian
from numdiff.gradients.fixed_looks import LOOKED_AT, is_symmetric
from numdiff.gradients.lines import BATCH_BYTES
from tests.core_environment import needs_everything

STENCILS = [item for item in METHODS.values() if isinstance(item, Stencil) and item.derivative_order == 1]
STENCILS += [backward(3), from_offsets("halves", [Fraction(1, 2), Fraction(-1, 2), 1])]

pytestmark = pytest.mark.filterwarnings("ignore:another step contradicts")
every_format = pytest.mark.parametrize("item", FORMATS.values(), ids=lambda item: item.name)
every_stencil = pytest.mark.parametrize("stencil", STENCILS, ids=lambda stencil: stencil.name)
both_modes = pytest.mark.parametrize("vectorized", [False, True], ids=["points", "batches"])


@pytest.fixture
def strict():
    """Make every warning an error, that of a contradiction too."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def unseen(monkeypatch):
    """Leave out the look at another step, which evaluates f at nodes of its own."""
    monkeypatch.setattr("numdiff.gradients.fixed.look", lambda *arguments: None)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays of numbers are equal bit for bit (longdouble has padding, so not by bytes)."""
    return a.dtype == b.dtype and a.shape == b.shape and bool(np.all(a == b) and np.all(np.signbit(a) == np.signbit(b)))


def points(item: FloatFormat, n: int, low: float = 0.5, high: float = 1.9) -> np.ndarray:
    return np.random.default_rng(n).uniform(low, high, n).astype(item.dtype)


def cubic(x):
    """Return a function of every element by operations that NumPy rounds correctly in any loop."""
    return x * x * x - x


def total(x):
    """Return Σ x³ − x, in the order of the last axis, for a point or for a batch."""
    y = cubic(x)
    out = y[..., 0]
    for k in range(1, y.shape[-1]):
        out = out + y[..., k]
    return out


# --- the result is that of the kernels ----------------------------------------------------------------------


@every_format
@every_stencil
@both_modes
@pytest.mark.parametrize("step", [2.0**-3, 0.07])
def test_a_separable_function_has_the_quotients_of_the_kernel_bit_for_bit(item, stencil, vectorized, step):
    x = points(item, 9)
    h = item.as_array(step)[()]
    found = jacobian(cubic, x, h=step, stencil=stencil, vectorized=vectorized)
    assert found.shape == (9, 9)
    assert same(np.diagonal(found), difference(cubic, x, h, stencil))


@every_format
@every_stencil
def test_one_coordinate_has_the_quotient_of_the_kernel_bit_for_bit(item, stencil):
    x, h = item.as_array([0.7]), item.as_array(2.0**-4)[()]
    assert same(gradient(lambda x: np.exp(x)[0], x, h=h, stencil=stencil), difference(np.exp, x, h, stencil))


@every_format
def test_every_coordinate_may_have_its_own_step(item):
    x, h = points(item, 6).reshape(2, 3), (2.0 ** -np.arange(1, 7)).astype(item.dtype).reshape(2, 3)
    diagonal = np.diagonal(jacobian(cubic, x, h=h).reshape(6, 6))
    assert same(diagonal, difference(cubic, x, h, METHODS["centered"]).ravel())


@both_modes
@pytest.mark.parametrize("shape", [(), (1,), (12,), (3, 4), (2, 1, 6)])
def test_the_gradient_has_the_shape_of_x_and_f_gets_points_of_it(shape, vectorized):
    seen = []

    def f(x):
        seen.append(x.shape)
        return np.sum(x * x, axis=tuple(range(1, x.ndim))) if vectorized else np.sum(x * x)

    x = np.arange(1.0, math.prod(shape) + 1).reshape(shape)
    assert np.array_equal(gradient(f, x, h=0.5, vectorized=vectorized), 2 * x)  # small integers: all exact
    assert {s[1:] if vectorized else s for s in seen} == {shape}


@both_modes
@pytest.mark.parametrize("stencil", ["centered", "forward"])
def test_the_jacobian_has_the_shape_of_f_and_x(vectorized, stencil):
    matrix = np.arange(24.0).reshape(2, 3, 4)

    def f(x):  # (2, 3) values of a (2, 2) point
        return (x.reshape(*x.shape[:-2], 1, 1, 4) * matrix).sum(axis=-1)

    found = jacobian(f, np.ones((2, 2)), h=0.25, stencil=stencil, vectorized=vectorized)
    assert np.array_equal(found, matrix.reshape(2, 3, 2, 2))


@both_modes
@pytest.mark.parametrize("stencil", ["centered", "forward"])
def test_a_function_without_values_has_an_empty_jacobian(vectorized, stencil):
    assert jacobian(lambda x: x[..., :0], np.ones(3), stencil=stencil, vectorized=vectorized).shape == (0, 3)


def test_the_jacobian_of_a_scalar_function_is_its_gradient():
    x = points(FORMATS["float64"], 5)
    assert same(jacobian(total, x), gradient(total, x))
    assert same(jacobian(total, x, vectorized=True), gradient(total, x))


@every_format
@both_modes
def test_everything_happens_in_the_format_of_x_or_in_the_one_asked_for(item, vectorized):
    def f(x):
        assert x.dtype == item.dtype
        y = total(2.0 * x)
        assert y.dtype == item.dtype
        return y

    x = points(item, 4)
    assert gradient(f, x, vectorized=vectorized).dtype == item.dtype
    wide = np.array([0.7, 1.3, 1.1])
    rounded = gradient(f, wide, dtype=item.name, vectorized=vectorized)
    assert same(rounded, gradient(f, item.as_array(wide), vectorized=vectorized))


def test_layout_and_byte_order_of_x_do_not_matter():
    x = points(FORMATS["float64"], 12)
    expected = gradient(total, x)
    assert same(gradient(total, np.repeat(x, 2)[::2]), expected)
    assert same(gradient(total, x.astype(">f8")), expected)
    assert same(gradient(total, x.tolist()), expected)
    matrix = np.asfortranarray(x.reshape(3, 4))
    assert same(gradient(lambda x: total(x.reshape(-1)), matrix), expected.reshape(3, 4))


# --- how accurate it is ----------------------------------------------------------------------------------------


def rounding_bound(item: FloatFormat, stencil: Stencil, magnitude: float, relative: float, h: float, reach: float):
    """Return what rounding contributes at most to a quotient.

    With u the unit roundoff, values of at most `magnitude` and a relative error `relative` of each, and slopes times
    abscissae of at most `reach`: the k terms of a stencil are each rounded at most k + 3 times (numerator, its own
    rounding, k - 1 sums, divisor, quotient), and each abscissa at most twice. 1.1 covers the products of such terms.
    """
    u = float(item.unit_roundoff)
    terms = stencil.evaluations
    return 1.1 * float(stencil.weight_sum) * (magnitude * (relative + (terms + 3) * u) + 2 * u * reach) / h


@every_format
@every_stencil
@both_modes
def test_a_polynomial_of_degree_p_has_only_rounding_errors(item, stencil, vectorized, rng):
    """The truncation error contains only the derivatives beyond p: of degree < m + p nothing is left of it."""
    degree, n, h = stencil.accuracy_order, 4, 2.0**-2
    coefficients = rng.integers(-3, 4, degree + 1).tolist()
    x = points(item, n, -1.0, 1.0)

    def f(x):
        out = x * 0.0
        for a in coefficients:
            out = out * x + float(a)
        y = out[..., 0]
        for k in range(1, n):
            y = y + out[..., k]
        return y

    found = gradient(f, x, h=h, stencil=stencil, vectorized=vectorized)
    largest = 1 + h * float(max(map(abs, stencil.offsets)))
    size = sum(abs(a) * largest ** (degree - k) for k, a in enumerate(coefficients))
    slope = sum(abs(a) * (degree - k) * largest ** (degree - k) for k, a in enumerate(coefficients))
    u = float(item.unit_roundoff)
    bound = rounding_bound(item, stencil, n * size, 1.1 * (2 * degree + 2 + n) * u, h, slope)
    for value, at in zip(found, x, strict=True):
        exact = sum(a * (degree - k) * item.lift(at) ** max(degree - k - 1, 0) for k, a in enumerate(coefficients))
        assert abs(item.lift(value) - exact) <= bound + u * abs(exact)


FUNCTIONS = {
    # f, a bound on |f⁽ᵏ⁾| for all k within distance r of x
    "exp": (np.exp, lambda x, k, r: math.exp(x + r)),
    "sin": (np.sin, lambda x, k, r: 1.0),
    "reciprocal": (lambda x: 1.0 / x, lambda x, k, r: math.factorial(k) / (x - r) ** (k + 1)),
}


@every_format
@every_stencil
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_chosen_step_keeps_the_error_within_truncation_and_rounding_of_it(item, stencil, name):
    """Against certified references: Lagrange's remainder at the chosen step, and the rounding of three ulps of f."""
    f, derivative_bound = FUNCTIONS[name]
    x = points(item, 5, 4.0, 4.6) if name == "reciprocal" else points(item, 5)
    p, reach = stencil.accuracy_order, float(max(map(abs, stencil.offsets)))
    h = chosen_step(item, stencil) * (4 if name == "reciprocal" else 1)
    found = np.diagonal(jacobian(f, x, stencil=stencil))
    exact = pytest.importorskip("numdiff.analysis.reference", exc_type=ModuleNotFoundError).ExactFunction(f)
    u = float(item.unit_roundoff)
    for value, at in zip(found, x, strict=True):
        center = float(at)
        if name == "reciprocal" and reach * h > 2:
            continue  # too near the pole for a bound
        truth = exact.reference(dyadic(item.lift(at))).value
        size = [derivative_bound(center, k, reach * h) for k in (0, 1, p + 1)]
        tail = sum(abs(w * c ** (p + 1)) for w, c in zip(stencil.weights, stencil.offsets, strict=True))
        truncation = float(tail) * size[2] * h**p / math.factorial(p + 1)
        bound = truncation + rounding_bound(item, stencil, size[0], 6 * u, h, size[1] * (center + reach * h))
        assert abs(float(value) - truth) <= bound + (u + 2.0**-53) * abs(truth)


def chosen_step(item: FloatFormat, stencil: Stencil) -> float:
    """Return the power of two nearest to the minimum of C·hᵖ + W·u/h, found by trying (a tie goes up)."""
    p, c = stencil.accuracy_order, abs(float(stencil.leading_error_constant))
    best = (float(stencil.weight_sum) * float(item.unit_roundoff) / (p * c)) ** (1 / (p + 1))
    return min((2.0**e for e in range(-60, 9)), key=lambda h: (round(abs(math.log2(h / best)), 9), -h))


@every_format
@every_stencil
def test_the_chosen_step_is_the_power_of_two_nearest_to_the_modelled_minimum(item, stencil, unseen):
    """The step is seen from outside: f notes its arguments."""
    seen = []

    def f(x):
        seen.append(x.copy())
        return x[0]

    x = item.as_array([0.0, 1.5, 6.0, 2.0**-20])
    gradient(f, x, stencil=stencil)
    h = chosen_step(item, stencil)
    for place, scale in enumerate([1, 1, 4, 1]):
        moved = [y[place] for y in seen if np.all(np.delete(y, place) == np.delete(x, place)) and y[place] != x[place]]
        expected = [item.lift(x[place]) + c * Fraction(h) * scale for c in stencil.offsets if c]
        assert [item.lift(y) for y in moved] == [item.lift(item.round(y)) for y in expected]


@pytest.mark.parametrize(("name", "power"), [("forward", -25), ("centered", -17)])
def test_the_chosen_steps_of_float64_are_the_classic_ones(name, power):
    """2√u = 2^-25.5 and (3u)^(1/3) = 2^-17.1."""
    seen = []
    gradient(lambda x: seen.append(float(x[0])) or x[0], np.zeros(1), stencil=name)
    assert 2.0**power in seen


@given(st.floats(-(2.0**20), 2.0**20), st.sampled_from(["forward", "centered"]))
def test_chosen_steps_are_added_exactly_unless_the_binade_changes(x, name):
    nodes = []
    gradient(lambda y: nodes.append(float(y[0])) or y[0], np.array([x]), stencil=name)
    h = max(1.0, 2.0 ** (math.frexp(x)[1] - 1)) * chosen_step(FORMATS["float64"], METHODS[name])
    offsets = {"forward": (0, 1), "centered": (1, -1)}[name]
    for offset, node in zip(offsets, nodes, strict=False):  # what follows is the look at another step
        exact = Fraction(x) + offset * Fraction(h)
        grows = math.frexp(float(exact))[1] > math.frexp(x)[1]
        assert grows or Fraction(node) == exact


def test_no_chosen_step_overflows_where_x_is_large():
    """In float16, where D = 840 leaves room for h = 64 only: 2^14 times the step for x = 1 would be 16384."""
    item, slope, seen = FORMATS["float16"], 2.0**-10, []
    x = item.as_array([30000.0, -40000.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = gradient(lambda x: seen.append(x.copy()) or x[0] * slope, x, stencil="centered8")
    quotients = seen[: 2 * 8]  # what follows looks at another step, or at one where the rounding of f is small
    assert max(abs(float(y[0]) - 30000) for y in quotients) == 4 * 64
    assert all(np.isfinite(y).all() for y in seen)
    assert abs(float(found[0]) - slope) <= rounding_bound(item, METHODS["centered8"], 31000 * slope, 0.0, 64.0, 0.0)
    assert found[1] == 0


@pytest.mark.parametrize("stencil", [forward(), centered(), forward(2), centered(4)], ids=lambda s: s.name)
def test_the_error_falls_with_the_order_of_the_stencil(stencil):
    """With e(h) = C·hᵖ·(1 + O(h)) the quotient of two errors is 2ᵖ but for O(h); the rounding is far below."""
    x, p = points(FORMATS["float64"], 20), stencil.accuracy_order
    coarse, fine = (
        np.abs(np.diagonal(jacobian(np.exp, x, h=h, stencil=stencil)) - np.exp(x)) for h in (2.0**-5, 2.0**-6)
    )
    assert np.all(np.abs(np.log2(coarse / fine) - p) <= 2.0**-4)


@pytest.mark.parametrize("n", [1, 7, 100])
def test_forward_differences_are_those_of_scipy(n):
    """Bit for bit where x + h is exact; otherwise SciPy divides by (x + h) − x, which is off by u·|x + h| at most."""
    approx_fprime = pytest.importorskip("scipy.optimize").approx_fprime
    x, u = points(FORMATS["float64"], n, 1.0, 1.9), 2.0**-53
    assert same(gradient(total, x, h=2.0**-26, stencil="forward"), approx_fprime(x, total, 2.0**-26))
    h = 1.2357e-8
    ours, theirs = gradient(total, x, h=h, stencil="forward"), approx_fprime(x, total, h)
    assert np.all(np.abs(ours - theirs) <= (u * (x + h) / h + 3 * u) * np.abs(theirs))
    assert not np.array_equal(ours, theirs)


# --- how f is called -------------------------------------------------------------------------------------------


@every_stencil
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("differentiate", [gradient, jacobian])
def test_f_is_evaluated_once_for_each_node_and_once_for_x(stencil, workers, differentiate):
    lock, seen = threading.Lock(), []

    def f(x):
        with lock:
            seen.append(x.tobytes())
        return total(x)

    x = points(FORMATS["float64"], 11, low=1.0)  # no minimum is near, where the bend would be looked at once more
    differentiate(f, x, stencil=stencil, workers=workers)
    moving = sum(c != 0 for c in stencil.offsets)
    assert len(seen) == (11 + LOOKED_AT) * moving + (0 in stencil.offsets or is_symmetric(stencil))
    assert len(set(seen)) == len(seen)  # no point twice


@every_stencil
@pytest.mark.parametrize("n", [11, 1000])
@pytest.mark.parametrize("differentiate", [gradient, jacobian])
def test_a_batch_function_gets_as_many_points_in_blocks_of_bounded_memory(stencil, n, differentiate):
    rows, largest = 0, 0

    def f(x):
        nonlocal rows, largest
        rows, largest = rows + len(x), max(largest, x.nbytes)
        return x[:, 0] * x[:, 1]

    differentiate(f, points(FORMATS["float64"], n), stencil=stencil, vectorized=True)
    moving = sum(c != 0 for c in stencil.offsets)
    at_x, alone = 0 in stencil.offsets or is_symmetric(stencil), 1  # alone: one point of the first batch
    assert rows == (n + LOOKED_AT) * moving + at_x + alone
    assert largest <= BATCH_BYTES


def test_the_values_of_a_batch_are_bounded_too(unseen):
    rows = []

    def f(x):
        rows.append(len(x))
        return np.repeat(x[:, :1], 5000, axis=1)

    assert jacobian(f, np.ones(20), h=0.5, vectorized=True).shape == (5000, 20)
    assert sum(rows) == 41
    assert max(rows) * 5000 * 8 <= BATCH_BYTES


@every_format
def test_arguments_that_f_keeps_stay_what_they_were(item):
    kept = []

    def f(x):
        kept.append((x, x.copy()))
        return total(x)

    gradient(f, points(item, 6, low=1.5), h=0.125)
    assert len({id(x) for x, _ in kept}) == 25
    assert all(same(np.asarray(x), np.asarray(then)) for x, then in kept)


def test_an_f_that_remembers_its_last_argument_is_not_deceived():
    class Remembering:
        last, value = None, None

        def __call__(self, x):
            if self.last is None or not np.array_equal(x, self.last):
                self.last, self.value = x, total(x)
            return self.value

    x = points(FORMATS["float64"], 6)
    assert same(gradient(Remembering(), x), gradient(total, x))


def test_changing_the_x_of_the_caller_changes_nothing():
    x = points(FORMATS["float64"], 6)
    expected = gradient(total, x)

    def f(y):
        x[:] = 0.0
        return total(y)

    assert same(gradient(f, x), expected)


@both_modes
@pytest.mark.parametrize("differentiate", [gradient, jacobian])
def test_f_may_return_the_same_buffer_each_time(vectorized, differentiate):
    buffers = {}

    def f(x):
        y = total(x) if differentiate is gradient else cubic(x)
        buffer = buffers.setdefault(np.shape(y), np.empty(np.shape(y)))
        buffer[...] = y
        return buffer

    x = points(FORMATS["float64"], 6)
    expected = differentiate(total if differentiate is gradient else cubic, x, stencil="centered4")
    assert same(differentiate(f, x, stencil="centered4", vectorized=vectorized), expected)


@both_modes
def test_a_function_that_writes_into_its_argument_is_refused(vectorized):
    def f(x):
        x *= 2.0
        return total(x)

    x = np.ones(3)
    with pytest.raises(TypeError, match="f must not write into its argument"):
        gradient(f, x, vectorized=vectorized)
    assert np.array_equal(x, np.ones(3))


@every_format
def test_python_numbers_are_rounded_to_the_format(item):
    x = item.as_array([0.5, 1.5])
    assert same(gradient(lambda x: float(x[0]) * 2, x, h=0.25), item.as_array([2.0, 0.0]))
    assert same(gradient(lambda x: 3, x, h=0.25), item.as_array([0.0, 0.0]))


def test_lists_and_foreign_arrays_are_taken_as_numpy_takes_them():
    class Foreign:
        def __init__(self, data):
            self.data = data

        def __array__(self, dtype=None, copy=None):
            return np.asarray(self.data, dtype)

    x = np.array([3.0, 4.0])
    assert np.array_equal(jacobian(lambda x: [x[0] * x[1], x[1]], x, h=0.5), [[4.0, 3.0], [0.0, 1.0]])
    assert np.array_equal(gradient(lambda x: Foreign(x[0] * x[1]), x, h=0.5), [4.0, 3.0])


# --- memory ----------------------------------------------------------------------------------------------------


class Enough(Exception):
    """Raised to leave a run that has shown what memory it takes."""


def peak_of(n: int, dtype: type, limit: int, **options) -> int:
    """Return the peak of the memory in bytes up to coordinate `limit`."""

    def watch(done, all_coordinates):
        if done >= limit:
            raise Enough

    x = np.ones(n, dtype)
    gradient(lambda x: x[..., 0], x[:10], **options)  # imports and caches
    tracemalloc.start()
    try:
        gradient(lambda x: x[..., 0], x, progress=watch, **options)
    except Enough:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


FIXED = 3 << 20
"""Bytes that do not depend on n: the blocks of the check of the steps, and of the values."""


@pytest.mark.parametrize(
    ("n", "dtype", "limit"),
    [(10**4, np.float64, 10**4), (10**5, np.float16, 10**5), (10**5, np.float64, 2000), (10**6, np.float64, 100)],
)
def test_memory_is_a_few_copies_of_x(n, dtype, limit):
    """A copy of x, the point that is handed to f, the next one while f's argument is still alive, and the result."""
    peak = peak_of(n, dtype, limit, stencil="forward")
    assert peak <= 5 * n * np.dtype(dtype).itemsize + FIXED


@pytest.mark.parametrize("workers", [1, 2])
def test_memory_of_batches_is_bounded_by_block_and_nodes(workers):
    peak = peak_of(10**5, np.float64, 200, vectorized=True, workers=workers, stencil="centered")
    assert peak <= (3 + 2 * 2 * workers) * 8 * 10**5 + FIXED  # two nodes, the next batch before the last is gone


# --- workers and progress ----------------------------------------------------------------------------------------


def shuffled(function, tasks):
    tasks = list(tasks)
    random.Random(1).shuffle(tasks)
    return [function(task) for task in tasks]


@pytest.mark.parametrize("n", [5, 300, 1000])
@pytest.mark.parametrize("differentiate", [gradient, jacobian])
@both_modes
@pytest.mark.filterwarnings("ignore:the derivative is uncertain")
@pytest.mark.parametrize("stencil", [None, "centered"])
def test_the_result_is_the_same_for_any_workers(n, differentiate, vectorized, stencil, rng):
    matrix = rng.normal(size=(n, 7))

    def f(x):  # in a batch of another size BLAS may sum in another order: here the size is seen for certain
        y = np.tanh(x @ matrix) * (1.0 + 2.0**-44 * x.size)
        return y if differentiate is jacobian else np.vecdot(y, y)

    x = rng.normal(size=n)
    expected = differentiate(f, x, vectorized=vectorized, stencil=stencil)
    with ThreadPoolExecutor(3) as pool:
        for workers in (2, 5, np.int64(3), map, shuffled, pool.map):
            found = differentiate(f, x, vectorized=vectorized, workers=workers, stencil=stencil)
            assert found.tobytes() == expected.tobytes()
    watched = differentiate(f, x, vectorized=vectorized, progress=lambda done, total: None, stencil=stencil)
    assert watched.tobytes() == expected.tobytes()


def test_processes_can_be_the_workers():
    x = points(FORMATS["float64"], 20)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert same(gradient(np.linalg.norm, x, workers=pool.map), gradient(np.linalg.norm, x))


def test_threads_evaluate_at_the_same_time(unseen):
    barrier = threading.Barrier(2, timeout=60)

    def f(x):
        barrier.wait()  # passes only if two calls meet
        return x[0]

    assert np.array_equal(gradient(f, np.ones(2), h=0.5, workers=2), [1.0, 0.0])


def test_threads_do_not_run_far_ahead_of_who_takes_the_results():
    """Two tasks a thread, of 1000 // 256 coordinates with two nodes each; all of them would pile up their results."""
    calls, ahead = [], []

    def f(x):
        calls.append(None)
        return x[0]

    def watch(done, n):
        if not ahead:
            time.sleep(0.2)
            ahead.append(len(calls))

    gradient(f, np.ones(1000), workers=2, progress=watch, stencil="centered")
    assert ahead[0] <= 2 * 2 * 3 * 2
    assert len(calls) == 2000 + 2 * LOOKED_AT + 1


def test_an_error_of_f_in_a_thread_is_raised():
    def f(x):
        raise LookupError("no such weight")

    with pytest.raises(LookupError, match="no such weight"):
        gradient(f, np.ones(600), workers=2)


@pytest.mark.parametrize(
    ("workers", "error", "message"),
    [
        (lambda function, tasks: [function(task) for task in list(tasks)[1:]], ValueError, "one result for each task"),
        (lambda function, tasks: [], ValueError, "got results for 0 of 4"),
        (lambda function, tasks: [0.0 for _ in tasks], TypeError, "what the mapped callable returns, got 0.0"),
    ],
)
def test_a_map_that_loses_results_is_found_out(workers, error, message):
    with pytest.raises(error, match=message):
        gradient(total, np.ones(4), workers=workers)


@pytest.mark.parametrize("n", [1, 10, 1000])
@pytest.mark.parametrize("workers", [1, 2])
def test_progress_counts_up_to_all_coordinates(n, workers):
    told = []
    gradient(lambda x: x[0], np.ones(n), workers=workers, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (n, n)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert len(told) >= min(n, 256)  # a long run is seen to move


class Terminal(io.StringIO):
    def isatty(self):
        return True


@needs_everything
@pytest.mark.parametrize(("screen", "shown"), [(Terminal, True), (io.StringIO, False)])
def test_a_bar_is_shown_on_terminals_only(monkeypatch, screen, shown):
    pytest.importorskip("tqdm")
    stream = screen()
    monkeypatch.setattr("sys.stderr", stream)
    gradient(total, np.ones(3), progress=True)
    assert ("3/3" in stream.getvalue()) == shown


# --- events ----------------------------------------------------------------------------------------------------


@both_modes
def test_nan_of_f_is_reported_with_its_coordinate_and_spoils_no_other(vectorized):
    def f(x):
        return np.where(x[..., 2] > 1.0, np.nan, total(x))

    x = np.ones(4)
    with pytest.warns(NonFiniteGradientWarning, match=r"in 1 of 4 coordinates, first at index \(2,\)") as caught:
        found = gradient(f, x, h=0.25, vectorized=vectorized)
    assert "c = 1 is nan" in str(caught[0].message)
    assert caught[0].filename == __file__
    assert np.array_equal(found, np.where(np.arange(4) == 2, np.nan, gradient(total, x, h=0.25)), equal_nan=True)
    again = pickle.loads(pickle.dumps(caught[0].message))
    assert (again.coordinates, again.total, str(again)) == (1, 4, str(caught[0].message))


def test_infinity_of_f_at_x_itself_is_reported():
    with pytest.warns(NonFiniteGradientWarning, match=r"in 2 of 2 .* \(0, 0\), where .* c = 0 is inf"):
        gradient(lambda x: np.float64(np.inf) if np.all(x == 1.0) else x[0, 0], np.ones((1, 2)), stencil="forward")


def test_a_quotient_that_overflows_is_reported_as_such():
    with pytest.warns(NonFiniteGradientWarning, match="quotient of finite values overflows float16"):
        gradient(lambda x: x[0] * 60000.0 * 4.0, np.zeros(1, np.float16), h=2.0**-9, workers=2)


def test_no_value_of_a_jacobian_is_overlooked():
    with pytest.warns(NonFiniteGradientWarning, match=r"in 300 of 300 .* c = 1 is nan"):
        found = jacobian(lambda x: np.array([x[0], np.nan]), np.ones(300), h=0.5)
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[0]).all()


def test_absorbed_steps_are_counted_and_the_smallest_useful_one_is_named():
    x = np.array([0.0, 1.0, 1.0, 2.0**40])
    with pytest.warns(StepAbsorbedWarning, match="h is absorbed in 3 of 4 coordinates") as caught:
        gradient(total, x, h=2.0**-60)
    message = caught[0].message
    assert (message.points, message.total) == (3, 4)
    assert caught[0].filename == __file__
    # It moves x by one spacing, and the quotient is half as large again as the slope: that is told too.
    with pytest.warns(UncertainGradientWarning, match="another step contradicts the quotient in 1 of 4"):
        gradient(total, x, h=float(np.nextafter(message.smallest_step, 1)))
    with pytest.warns(StepAbsorbedWarning, match="h is absorbed in 1 of 4"):
        gradient(total, x, h=float(message.smallest_step) / 2)


def test_an_absorbed_step_is_told_before_f_is_called():
    def f(x):
        raise LookupError

    with pytest.raises(LookupError), pytest.warns(StepAbsorbedWarning, match="in 3 of 3"):
        gradient(f, np.ones(3), h=1e-30)


# --- the look at another step ----------------------------------------------------------------------------------


def one(x):
    return np.array([x])


NOISE = np.random.default_rng(5)
CONTRADICTED = {
    "log at 1e-5": (lambda v: np.log(v[0]), one(1e-5), {}),
    "sin at 1e6": (lambda v: np.sin(v[0]), one(1e6), {}),
    "1/x at 1e-5": (lambda v: 1 / v[0], one(1e-5), {}),
    "noise": (lambda v: v @ v + 1e-3 * NOISE.standard_normal(), np.array([1.0, 2.0]), {}),
    "a wide step": (lambda v: np.sin(v[0]), one(0.3), {"h": 2.0}),
    "forward": (lambda v: np.sum(np.exp(3 * v)), np.zeros(3), {"h": 0.5, "stencil": "forward"}),
    "one of many": (lambda v: np.sum(np.log(v)), np.where(np.arange(50) == 37, 1e-5, 1.0), {}),
    "float32": (lambda v: np.log(v[0]), np.array([1e-2], np.float32), {}),
}


STRADDLED = {
    "abs": (lambda v: np.sum(np.abs(v)), np.zeros(3), 3),
    "relu": (lambda v: np.sum(np.maximum(v - 1, 0)), np.ones(2, np.float32), 2),
    "beside slopes": (lambda v: np.abs(v[0] - 2) + np.exp(v[1]) + 3 * v[0], np.array([2.0, 1.0]), 1),
    "offset": (lambda v: 100 + np.max(np.abs(v)), np.array([0.0, 0.0]), 2),
}
SMOOTH = {
    "a minimum": lambda v: np.sum((v - v.dtype.type(0.5)) ** 2),
    "a minimum of fourth order": lambda v: np.sum((v - v.dtype.type(0.5)) ** 4),
    "cosh": lambda v: np.sum(np.cosh(4 * (v - v.dtype.type(0.5)))),
    "power 3/2": lambda v: np.sum(np.abs(v - v.dtype.type(0.5)) ** v.dtype.type(1.5)),
    "offset": lambda v: v.dtype.type(1000) + np.sum((v - v.dtype.type(0.5)) ** 2),
    "constant": lambda v: 0 * v[0],
}


@pytest.mark.parametrize("case", STRADDLED)
@pytest.mark.parametrize("stencil", ["centered", "centered4"])
@pytest.mark.parametrize("h", [None, 1e-2])
def test_a_kink_that_a_formula_straddles_is_told(case, stencil, h):
    f, x, count = STRADDLED[case]
    with pytest.warns(UncertainGradientWarning, match=rf"kink at x in {count} of .* leave out h") as told:
        gradient(f, x, stencil=stencil, h=h)
    assert told[0].filename == __file__
    assert (told[0].message.coordinates, told[0].message.total) == (count, x.size)


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("case", SMOOTH)
@pytest.mark.parametrize("item", [item for item in FORMATS.values() if item.precision > 20], ids=lambda item: item.name)
@pytest.mark.parametrize("stencil", ["centered", "centered4"])
@pytest.mark.parametrize("h", [None, 1e-2])
def test_a_smooth_minimum_is_no_kink(case, item, stencil, h):
    gradient(SMOOTH[case], item.as_array([0.5, 0.5]), stencil=stencil, h=h)


def test_a_function_that_is_not_defined_far_away_is_not_asked_there():
    """Where the quotient may be rounding, a wide step would tell; it is not the caller's."""

    def f(v):
        if abs(v[0] - 1) > 1e-3:
            raise ArithmeticError("outside of the table")
        return np.float32(1e4) + v[0] * v[0]

    assert np.isfinite(gradient(f, np.ones(1, np.float32), h=1e-4)).all()


@pytest.mark.parametrize("case", CONTRADICTED)
@both_modes
def test_a_step_that_does_not_fit_is_told(case, vectorized):
    f, x, options = CONTRADICTED[case]
    options = {"stencil": "centered"} | options

    def batch(points):
        return np.array([f(point) for point in points], points.dtype)

    with pytest.warns(UncertainGradientWarning, match="another step contradicts .*; leave out h") as told:
        found = gradient(batch if vectorized else f, x, vectorized=vectorized, **options)
    assert told[0].filename == __file__
    assert told[0].message.coordinates >= 1
    assert told[0].message.total == x.size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        default = gradient(f, x)
    assert found.shape == default.shape


@pytest.mark.usefixtures("strict")
@every_format
@every_stencil
@pytest.mark.parametrize("f", [np.exp, np.sin, lambda x: 3.0 * x, lambda x: 0.0 * x])
def test_a_chosen_step_that_fits_is_not_contradicted(item, stencil, f):
    jacobian(f, points(item, 12), stencil=stencil)


@pytest.mark.usefixtures("strict")
def test_slopes_of_0_are_no_contradiction():
    gradient(lambda v: 1 + np.sum((v - 1) ** 2), np.ones(4), stencil="forward")
    gradient(lambda v: np.cos(v[0]), np.zeros(1), stencil="centered")
    gradient(lambda v: np.sum(v) * 0 + 1e6, np.ones(3), stencil="centered4")
    gradient(lambda v: 1e6 + np.sum(np.sin(v)), np.linspace(1.57, 1.5716, 8), stencil="centered")


@pytest.mark.usefixtures("strict")
def test_a_step_that_is_right_to_a_digit_is_the_choice_of_the_user():
    found = gradient(lambda v: np.sum(np.sin(v)), np.array([0.3, 0.5]), h=0.5)
    assert 0.01 < np.abs(found / np.cos([0.3, 0.5]) - 1).max() < 0.05


def test_the_look_stays_within_the_bounds():
    def f(v):
        assert 0 <= v[0] <= 1
        return np.sqrt(v[0])

    assert np.isfinite(gradient(f, np.zeros(1), stencil="forward", bounds=(0, 1)))
    with pytest.raises(ValueError, match=r"keep x \+ c\*h within the bounds, but x = 0.0 .* leave out h and stencil"):
        gradient(f, np.zeros(1), stencil="centered", bounds=(0, 1))


# --- refusals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.array([True]), TypeError, "x must be a real number .* of dtype bool"),
        (np.array([1j]), TypeError, "x must be a real number .* of dtype complex128"),
        (np.array(["a"]), TypeError, "x must be a real number .* of dtype <U1"),
        (np.empty((0, 3)), ValueError, r"at least one coordinate, got shape \(0, 3\)"),
        (np.array([[1.0, np.nan]]), ValueError, r"x must be finite in float64, got nan at index \(0, 1\)"),
        (np.ma.masked_array([1.0, 2.0], [False, True]), TypeError, "x must not be masked"),
    ],
)
@pytest.mark.parametrize("differentiate", [gradient, jacobian])
def test_an_unsuitable_x_is_refused(x, error, message, differentiate):
    with pytest.raises(error, match=message):
        differentiate(total, x)


@pytest.mark.parametrize("differentiate", [gradient, jacobian])
def test_integers_become_float64(differentiate):
    found = differentiate(total, [1, 2], h=0.25)
    assert found.dtype == np.float64
    assert found.tobytes() == differentiate(total, np.array([1.0, 2.0]), h=0.25).tobytes()


@pytest.mark.parametrize("differentiate", [gradient, jacobian])
def test_the_old_name_of_h_is_still_understood(differentiate):
    with pytest.warns(DeprecationWarning, match=r"the argument step of \w+\(\) is called h now") as said:
        found = differentiate(total, np.array([1.0, 2.0]), step=0.25)
    assert said[0].filename == __file__
    assert found.tobytes() == differentiate(total, np.array([1.0, 2.0]), h=0.25).tobytes()


def test_an_x_that_leaves_the_format_is_refused():
    with pytest.raises(ValueError, match=r"x must be finite in float16, got 100000.0 at index \(1,\)"):
        gradient(total, np.array([1.0, 1e5]), dtype="float16")


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (0.0, ValueError, "h must be finite and positive in float64, got 0.0"),
        (-1e-3, ValueError, "h must be finite and positive in float64, got -0.001"),
        (np.nan, ValueError, "got nan"),
        (np.inf, ValueError, "got inf"),
        (1e-400, ValueError, "got 0.0"),
        ([1e-3, 1e-3], ValueError, r"h must be one number or of the shape of x, \(3,\), got shape \(2,\)"),
        ([1e-3, -1.0, 1.0], ValueError, r"got -1.0 at index \(1,\)"),
        (1e308, ValueError, "at most 8.98.*e.307 for the formula 'centered' in float64"),
        (True, TypeError, "h must be a real number or an array of them, got bool True"),
        ("1e-3", TypeError, "got str '1e-3'"),
        (1e-3j, TypeError, "got complex"),
    ],
)
def test_an_unsuitable_step_is_refused(step, error, message):
    with pytest.raises(error, match=message):
        gradient(total, np.ones(3), h=step)


def test_a_step_that_underflows_in_the_format_is_refused():
    with pytest.raises(ValueError, match=r"h must be at least 6e-08 in float16, got 1e-08"):
        gradient(total, np.ones(3, np.float16), h=1e-8)


def test_nodes_beyond_the_format_are_refused():
    with pytest.raises(ValueError, match=r"within float16, but x = .*6.* \(coordinate 1 .* and c = 1 do not"):
        gradient(total, np.array([1, 65504], np.float16), h=64.0)


@pytest.mark.parametrize(
    ("stencil", "error", "message"),
    [
        ("central", ValueError, "stencil must be .*got 'central'; did you mean 'centered'"),
        ("second_centered", ValueError, "first derivative, got 'second_centered' of order 2"),
        ("complex_step", TypeError, "stencil must be a difference stencil or the name of one, got 'complex_step'"),
        (METHODS["complex_step"], TypeError, "stencil must be a difference stencil"),
        (2, TypeError, "stencil must be a Stencil, got int 2"),
    ],
)
def test_an_unsuitable_stencil_is_refused(stencil, error, message):
    with pytest.raises(error, match=message):
        gradient(total, np.ones(3), stencil=stencil)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_unsuitable_workers_are_refused(workers):
    with pytest.raises(ValueError, match="workers must be an integer of at least 1 or a callable like map"):
        gradient(total, np.ones(3), workers=workers)


def test_an_unsuitable_progress_is_refused():
    with pytest.raises(TypeError, match="progress must be a bool or a callable"):
        gradient(total, np.ones(3), progress=5)


def test_an_f_that_is_no_callable_is_refused():
    with pytest.raises(TypeError, match="f must be callable, got float"):
        gradient(1.0, np.ones(3))


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda x: x, ValueError, r"f must return a scalar, got an array of shape \(3,\); use jacobian"),
        (lambda x: x[:1], ValueError, r"got an array of shape \(1,\); write y\.reshape\(\(\)\) for y"),
        (lambda x: [x[0]], ValueError, r"got an array of shape \(1,\); write y\.reshape\(\(\)\) for y"),
        (lambda x: None, TypeError, "f must return numbers of float32, got NoneType None"),
        (lambda x: "1", TypeError, "got str '1'"),
        (lambda x: True, TypeError, "got bool"),
        (lambda x: [[x[0]], [x[1], x[2]]], TypeError, "numbers of float32 in one array, got "),
        (lambda x: np.float64(2) * x[0], TypeError, "keep the dtype .* float32, got float64: a np.float64 constant"),
        (lambda x: np.int64(1), TypeError, "keep the dtype of its argument, float32, got int64"),
        (lambda x: x[0] * 1j, TypeError, "float32, got complex64"),
    ],
)
def test_an_unsuitable_value_of_f_is_refused(f, error, message):
    with pytest.raises(error, match=message):
        gradient(f, np.ones(3, np.float32))


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x, r"an array of 6 values, one for each point, got an array of shape \(6, 3\)"),
        (lambda x: x.sum(axis=1, keepdims=True), r"of shape \(6, 1\); write y\.reshape\(len\(x\)\) for y"),
        (lambda x: x[0], r"got an array of shape \(3,\)"),
        (lambda x: np.sum(x), r"got an array of shape \(\)"),
    ],
)
def test_an_unsuitable_value_of_a_batch_function_is_refused(f, message):
    with pytest.raises(ValueError, match=message):
        gradient(f, np.ones(3), vectorized=True, h=0.25)


def test_a_batch_function_without_one_value_a_point_is_refused_by_jacobian():
    with pytest.raises(ValueError, match=r"f must return 2 values for 2 points .* got an array of shape \(3,\)"):
        jacobian(lambda x: x[0], np.ones(3), vectorized=True, h=0.25)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("when", [1, 2, 5, 11])
def test_a_shape_that_changes_between_calls_is_refused(when, workers):
    calls = iter(range(100))

    def f(x):
        return x[:2] if next(calls) < when else x[:3]

    with pytest.raises(ValueError, match=r"same shape for every point, \(2,\), got \(3,\)"):
        jacobian(f, np.ones(6), workers=workers)
