"""How f is called: one batch one call, read-only and contiguous, every point counted, every error with its place."""

import cmath
import math
import pickle
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import numdiff as nd
from numdiff.adaptive import engine
from numdiff.adaptive.calls import Calls, arguments_of
from numdiff.floats.formats import FORMATS
from tests.adaptive.canned import Canned, Recorded, answer_with

FORMAT = pytest.mark.parametrize("fmt", FORMATS)
REAL = FORMATS["float64"]


@pytest.fixture
def canned(monkeypatch):
    """Put a canned estimator in the place of the real one; a test may put another one there."""

    def put(**answers):
        estimator = Canned(**answers)
        answer_with(monkeypatch, estimator)
        return estimator

    put()
    return put


def calls_of(f, x=(0.5,), args=(), fmt="float64", elementwise=True, workers=1):
    item = FORMATS[fmt]
    points = item.as_array(np.array(x))
    further = arguments_of(args, item)
    return Calls(f, item, points, further, elementwise, workers)


# --- what f gets ---------------------------------------------------------------------------------------------


@FORMAT
def test_f_gets_one_contiguous_read_only_array_of_the_format(fmt):
    seen = []

    def f(x):
        seen.append((x.dtype, x.ndim, x.flags.c_contiguous, x.flags.writeable))
        return x * x

    result = nd.derivative(f, 0.5, dtype=fmt)
    assert set(seen) == {(FORMATS[fmt].dtype, 1, True, False)}
    assert result.df.dtype == FORMATS[fmt].dtype


@FORMAT
def test_python_numbers_stay_weak_in_every_format(fmt, canned):
    result = nd.derivative(lambda x: 0.1 * x + 1 / (2.0 + x), 0.5, dtype=fmt)
    assert result.df.dtype == FORMATS[fmt].dtype


@pytest.mark.parametrize("n", [1, 7, 10_000])
def test_a_batch_is_one_call_of_f(n, canned):
    f = Recorded(np.exp)
    canned(batches=3)
    nd.derivative(f, np.linspace(0.0, 1.0, n), noise=0.0)
    assert f.shapes == [(2 * n,)] * 3


def test_a_batch_of_the_estimator_itself_is_one_call_of_f():
    f, asked = Recorded(np.exp), []
    calls = calls_of(f, np.linspace(0.0, 1.0, 50))

    def counted(nodes, rows):
        asked.append(nodes.shape)
        return calls(nodes, rows)

    engine.estimate(counted, calls.x, REAL)
    assert f.shapes == asked


def test_what_f_writes_into_its_argument_is_refused():
    def f(x):
        x += 1.0
        return x

    with pytest.raises(TypeError, match=r"f must not write into its argument.*compute into a new array"):
        nd.derivative(f, [0.5, 1.0])


def test_the_arguments_array_of_the_caller_is_left_alone():
    x = np.array([0.5, 1.0])
    result = nd.derivative(np.exp, x)
    x[:] = 7.0
    assert result.x.tolist() == [0.5, 1.0]


# --- every point is counted ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 3, 40])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "f",
    [
        np.exp,
        np.abs,
        lambda x: np.where(x > 0.3, 1.0, 0.0),
        lambda x: np.full_like(x, 2.0),
        lambda x: 2.0,
        lambda x: np.sqrt(x - 0.4),
        lambda x: np.sin(1e9 * x),
        lambda x: np.exp(1j * x),
        lambda x: np.exp(x) * (1 + 1e-6 * np.sin(1e12 * x)),
    ],
)
def test_evaluations_are_the_points_that_f_was_given(f, order, n):
    counted = Recorded(f)
    result = nd.derivative(counted, np.linspace(0.25, 0.75, n), order=order)
    assert np.sum(result.nfev) == counted.nodes.size
    assert np.all(result.nfev > 0)


def test_evaluations_of_a_function_of_one_number_are_its_calls():
    counted = Recorded(lambda x: math.exp(x) if x > 0 else 1.0)
    result = nd.derivative(counted, 0.5, elementwise=False)
    assert counted.shapes == [()] * result.nfev


# --- functions of one number ---------------------------------------------------------------------------------

ONE_NUMBER = {
    "math": lambda x: math.sin(x),
    "if": lambda x: np.sin(x) if x > -5.0 else 0.0,
    "float": lambda x: float(x) * math.cos(1.0) + 1.0,
    "determinant": lambda x: np.linalg.det(np.array([[x, 1.0], [2.0, x * x]])),
    "sum over a constant array": lambda x: np.sum(np.sin(x * np.arange(1.0, 4.0))),
    "reduction": lambda x: np.sqrt(np.sum(np.asarray(x) ** 2)),
    "maximum": lambda x: np.max(x) ** 2,
}


@pytest.mark.parametrize("name", ONE_NUMBER)
@pytest.mark.parametrize("x", [0.5, [0.5], [0.25, 0.5, 2.0]], ids=str)
def test_a_function_that_fails_on_arrays_is_found_out(name, x):
    f = ONE_NUMBER[name]
    found, asked = nd.derivative(f, x), nd.derivative(f, x, elementwise=False)
    np.testing.assert_array_equal(found.df, asked.df)
    np.testing.assert_array_equal(found.status, asked.status)
    wanted = [nd.centered_difference(f, item, 2.0**-17, elementwise=False) for item in np.atleast_1d(x)]
    np.testing.assert_allclose(np.atleast_1d(found.df), wanted, rtol=1e-6)


def test_it_is_found_out_once():
    f = Recorded(lambda x: math.exp(x))
    calls = calls_of(f)
    rows = np.zeros(4, dtype=int)
    calls(np.linspace(0.4, 0.6, 4), rows)
    assert f.shapes == [(4,), (), (), (), ()]
    calls(np.linspace(0.45, 0.55, 4), rows)
    assert f.shapes[5:] == [()] * 4


def test_a_number_for_all_nodes_is_a_constant_only_if_single_nodes_give_it_too(canned):
    assert nd.derivative(lambda x: 2.5, [0.5, 1.0]).df.tolist() == [0.0, 0.0]
    assert nd.derivative(lambda x: np.float32(2.5), 0.5).df == 0.0
    assert nd.derivative(lambda x: np.sum(x), 0.5).df == 1.0


def test_a_constant_is_asked_once_whether_it_is_one(canned):
    f = Recorded(lambda x: 2.0)
    canned(batches=3)
    result = nd.derivative(f, 0.5, noise=0.0)
    assert f.shapes == [(2,), (), (), (2,), (2,)]
    assert result.nfev == 8


def test_a_function_of_several_values_is_told_where_to_go():
    with pytest.raises(ValueError, match=r"f must return a number for each of its nodes.*numdiff\.jacobian"):
        nd.derivative(lambda x: np.outer(x, [1.0, 2.0]), 0.5)
    with pytest.raises(ValueError, match=r"one number for one number, got shape \(2,\).*numdiff\.jacobian"):
        nd.derivative(lambda x: [x, x], 0.5, elementwise=False)


# --- arguments -----------------------------------------------------------------------------------------------


def power(x, p, factor=1.0):
    return factor * x**p


def test_arguments_broadcast_with_x_and_go_with_their_nodes():
    x, p = np.array([[1.0], [2.0]]), [1.0, 2.0, 3.0]
    result = nd.derivative(power, x, args=(p, 2.0))
    assert result.df.shape == result.x.shape == (2, 3)
    np.testing.assert_allclose(result.df, 2.0 * np.array(p) * x ** (np.array(p) - 1), rtol=1e-8)


@pytest.mark.parametrize("elementwise", [True, False])
def test_a_function_of_one_number_gets_one_number_of_each_argument(elementwise):
    seen = []

    def f(x, p):
        seen.append(np.shape(p))
        return math.pow(x, p)

    result = nd.derivative(f, 2.0, args=([1.0, 2.0, 3.0],), elementwise=elementwise)
    np.testing.assert_allclose(result.df, [1.0, 4.0, 12.0], rtol=1e-8)
    assert set(seen[not elementwise :]) <= {(), seen[0]}
    assert seen[-1] == ()


def test_integers_of_an_argument_stay_integers_and_floats_go_into_the_format():
    seen = set()

    def f(x, k, c):
        seen.add((k.dtype.name, c.dtype.name))
        return c * x

    nd.derivative(f, np.float32(0.5), args=(np.arange(3), np.array([0.1, 0.2, 0.3])))
    assert seen == {("int64", "float32")}


@pytest.mark.parametrize("kind", [list, np.array])
@pytest.mark.parametrize("fmt", ["float32", "float64"])
def test_complex_arguments_go_with_their_nodes_in_the_format(kind, fmt):
    k = [1.0 + 2.0j, 2.0 - 1.0j, 3.0j]
    x = np.array([0.1, 0.2, 0.3], dtype=fmt)
    for factors, shape in ((k, (3,)), ([[factor] for factor in k], (3, 3))):
        result = nd.derivative(lambda t, k: np.exp(k * t), x, args=(kind(factors),))
        exact = np.array(factors) * np.exp(np.array(factors) * x)
        assert result.df.shape == shape
        assert result.df.dtype == FORMATS[fmt].complex_dtype
        assert np.all(abs(result.df.real - exact.real) <= result.error.real)
        assert np.all(abs(result.df.imag - exact.imag) <= result.error.imag)
    one = nd.derivative(lambda t, k: np.exp(k * t), x, args=(np.complex128(k[0]),))
    assert one.df.dtype == FORMATS[fmt].complex_dtype


def test_other_arguments_are_handed_over_as_they_are():
    table = {"factor": 3.0}
    result = nd.derivative(lambda x, t, word: t[word] * x, [0.5, 1.0], args=(table, "factor"))
    np.testing.assert_allclose(result.df, 3.0)
    beside = nd.derivative(lambda x, t, k: t["factor"] * k * x, [0.5, 1.0], args=(table, [1.0, 2.0]))
    np.testing.assert_allclose(beside.df, [3.0, 6.0])


def test_arguments_that_do_not_broadcast_are_named():
    with pytest.raises(ValueError, match=r"args\[0\] must broadcast with x, of shape \(3,\), got shape \(2,\); bind"):
        nd.derivative(power, [1.0, 2.0, 3.0], args=([1.0, 2.0],))
    with pytest.raises(TypeError, match=r"args must be a tuple, got int 3; write args=\(3,\)"):
        nd.derivative(power, 1.0, args=3)
    with pytest.raises(ValueError, match="args must be empty where f is a Problem"):
        nd.derivative(nd.PROBLEMS["exp"], 0.5, args=(1,))


# --- complex values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [0.5, [0.25, 0.5], []], ids=str)
@pytest.mark.parametrize("fmt", ["float32", "float64", "float80"])
def test_complex_values_have_a_derivative_with_a_bar_for_each_part(x, fmt):
    if fmt not in FORMATS:
        pytest.skip(nd.UNAVAILABLE[fmt])
    result = nd.derivative(lambda x: np.exp(2j * x), x, dtype=fmt)
    exact = 2j * np.exp(2j * np.asarray(result.x, np.longdouble))
    if not np.size(x):
        assert result.df.size == 0
        return
    assert result.df.dtype == FORMATS[fmt].complex_dtype
    assert result.error.dtype == FORMATS[fmt].complex_dtype
    assert np.all(abs(result.df.real - exact.real) <= result.error.real)
    assert np.all(abs(result.df.imag - exact.imag) <= result.error.imag)
    assert np.all(result.error.real < 1e-3)
    assert np.shape(result.status) == np.shape(result.nfev) == np.shape(x)


def test_nodes_of_the_real_part_are_not_evaluated_again_for_the_imaginary_part(canned):
    f = Recorded(lambda x: np.exp(1j * x))
    canned(batches=3)
    result = nd.derivative(f, [0.25, 0.5], noise=0.0)
    assert f.shapes == [(4,)] * 3
    assert result.nfev.tolist() == [6, 6]


@pytest.mark.parametrize(
    "f",
    [
        lambda t: np.exp(1j * t),
        lambda t: np.abs(t - 0.5) + 1j * np.sin(1e6 * t),
        lambda t: np.sin(1e5 * t) + 1j * np.round(np.exp(t), 5),
        lambda t: np.round(np.exp(1j * t), 4),
        lambda t: np.sqrt(t - 0.45) + 1j * np.sign(t - 0.5),
    ],
)
@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("budget", [20, 23, 30, 60, 100])
def test_both_parts_together_stay_within_the_budget(f, order, side, budget):
    for x in (0.5, [0.46, 0.5, 3.0]):
        recorded = Recorded(f)
        result = nd.derivative(recorded, x, order=order, side=side, max_evaluations=budget, domain=(0.45, 4))
        assert np.all(result.nfev <= budget)
        assert np.sum(result.nfev) == recorded.nodes.size
    wide = nd.derivative(lambda t: np.exp(1j * t), 0.5, order=order, side=side, max_evaluations=60)
    assert wide.success


@pytest.mark.parametrize("elementwise", [True, False])
def test_complex_numbers_of_python_are_taken(elementwise):
    result = nd.derivative(lambda x: cmath.exp(1j * x), 0.5, elementwise=elementwise)
    assert abs(result.df - 1j * cmath.exp(0.5j)) < 1e-6


def test_the_worse_status_of_the_two_parts_is_that_of_the_point(monkeypatch):
    def f(x):
        y = x.astype(complex)
        y.imag = np.where(x > 0.5, np.nan, x)
        return y

    statuses = iter([nd.DerivativeStatus.OK, nd.DerivativeStatus.OK, nd.DerivativeStatus.KINK])

    def estimate(call, x, fmt, **options):  # once to find out that f is complex, then once for each part
        return Canned(status=next(statuses))(call, x, fmt, **options)

    answer_with(monkeypatch, estimate)
    result = nd.derivative(f, [0.25, 0.5])
    assert result.df[1].real == 1.0
    assert np.isnan(result.df[1].imag)
    assert result.status.tolist() == [nd.DerivativeStatus.KINK] * 2


@pytest.mark.parametrize(
    ("f", "elementwise"),
    [
        (lambda x: np.emath.sqrt(x), True),
        (lambda x: cmath.sqrt(x) if x > 0.5 else math.exp(x), False),
    ],
)
def test_complex_at_some_nodes_only_is_refused_and_one_is_named(f, elementwise):
    calls = calls_of(f, elementwise=elementwise)
    if elementwise:
        calls(np.array([0.4, 0.6]), np.array([0, 0]))
        nodes = np.array([-0.25, 0.75])
        match = r"complex at -0\.25"
    else:
        nodes = np.array([0.4, 0.75])
        match = r"complex at 0\.75"
    with pytest.raises(TypeError, match=rf"f must be real everywhere, or complex everywhere.*{match}.*np\.real"):
        calls(nodes, np.array([0, 0]))


@pytest.mark.parametrize("elementwise", [True, False])
def test_complex_in_one_of_the_workers_only_is_refused_too(elementwise):
    calls = calls_of(np.emath.sqrt, elementwise=elementwise, workers=map)
    with pytest.raises(TypeError, match=r"complex everywhere.*complex at -0\.25"):
        calls(np.array([0.4, -0.25]), np.array([0, 0]))


def test_complex_values_in_a_format_without_complex_numbers_are_refused():
    with pytest.raises(TypeError, match=r"float16, which has no complex dtype.*write dtype='float32'"):
        nd.derivative(lambda x: np.exp(1j * x), 0.5, dtype="float16")


def test_complex_values_of_another_format_are_refused():
    with pytest.raises(TypeError, match=r"f must keep the format.*complex64"):
        nd.derivative(lambda x: np.exp(1j * x).astype(np.complex64), 0.5)


# --- what f must return --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "error", "match"),
    [
        (lambda x: None, TypeError, "f must return numbers of float64, got NoneType None"),
        (lambda x: "text", TypeError, "f must return numbers of float64, got str"),
        (lambda x: [1.0, [2.0]], TypeError, "f must return numbers of float64 in one array"),
        (lambda x: x.astype(np.float32), TypeError, "f must keep the dtype of its argument, float64, got float32"),
        (lambda x: np.ma.masked_less(x, 0.5), TypeError, "f must not return masked values"),
        (lambda x: x > 0, TypeError, "f must keep the dtype of its argument, float64, got bool"),
        (lambda x: x[:-1], ValueError, r"f must return a number for each of its nodes, of shape \(\d+,\), got"),
        (lambda x: x[:, None] * x, ValueError, "f must return a number for each of its nodes"),
    ],
)
def test_what_is_no_number_for_each_node_is_named(f, error, match):
    with pytest.raises(error, match=match):
        nd.derivative(f, 0.5)


@pytest.mark.parametrize(
    ("y", "error", "match"),
    [
        (None, TypeError, "f must return numbers of float64, got NoneType None"),
        ([1.0, 2.0], ValueError, r"one number for one number, got shape \(2,\)"),
        (np.float32(1.0), TypeError, "f must keep the dtype of its argument, float64, got float32"),
    ],
)
def test_what_is_no_number_for_a_number_is_named(y, error, match):
    with pytest.raises(error, match=match):
        nd.derivative(lambda x: y, 0.5, elementwise=False)


def test_a_promoted_result_is_answered_with_what_to_write():
    with pytest.raises(TypeError, match=r"float32, got float64.*constant promotes.*dtype='float64'"):
        nd.derivative(lambda x: x * np.float64(2.0), np.float32(0.5))


# --- errors of f ---------------------------------------------------------------------------------------------


class BeyondTable(ValueError):
    """An error that only f knows."""


def note_of(error):
    (note,) = [note for note in error.__notes__ if note.startswith("f was called")]
    return note


def beyond(limit):
    def f(x):
        if np.any(x > limit):
            raise BeyondTable("beyond the table")
        return np.exp(x)

    return f


@pytest.mark.parametrize("elementwise", [True, False])
def test_an_error_of_f_keeps_its_class_and_names_x(elementwise):
    with pytest.raises(BeyondTable, match="beyond the table") as caught:
        nd.derivative(beyond(3.0), [1.0, 3.0, 2.0], elementwise=elementwise)
    assert str(caught.value) == "beyond the table"
    note = note_of(caught.value)
    node = float(re.search(r"called at ([\d.e+-]+),", note)[1])
    assert node > 3.0
    assert note.endswith("for the derivative at x = 3.0")


@pytest.mark.parametrize("error", [ZeroDivisionError, MemoryError, OSError, KeyError, RuntimeError])
def test_an_error_of_any_class_names_the_nodes_and_the_points(error):
    def f(x):
        raise error("mine")

    with pytest.raises(error, match="mine") as caught:
        nd.derivative(f, [0.5, 0.75])
    assert "f was called" in note_of(caught.value)
    assert "x" in note_of(caught.value).partition("for the derivative at ")[2]


@pytest.mark.parametrize("error", [ZeroDivisionError, FloatingPointError, MemoryError, FileNotFoundError, UserWarning])
def test_an_error_that_no_array_has_caused_is_not_tried_again_with_numbers(error):
    seen = []

    def f(x):
        seen.append(x.shape)
        raise error("mine")

    with pytest.raises(error):
        nd.derivative(f, 0.5)
    assert len(seen) == 1


@FORMAT
@pytest.mark.parametrize("elementwise", [True, False])
def test_an_error_names_x_in_every_format(fmt, elementwise):
    def f(x):
        raise BeyondTable("always")

    with pytest.raises(BeyondTable) as caught:
        nd.derivative(f, [0.5, 0.5], dtype=fmt, elementwise=elementwise)
    assert note_of(caught.value).endswith("for the derivative at x = 0.5")


def test_an_error_for_arrays_of_what_has_several_values_for_a_number_is_its_own():
    def f(x):
        if np.ndim(x):
            raise ValueError("mine")
        return [x, x]

    with pytest.raises(ValueError, match="mine") as caught:
        nd.derivative(f, 0.5)
    assert note_of(caught.value)


def test_a_note_of_f_itself_stays_beside_ours():
    def f(x):
        error = RuntimeError("mine")
        error.add_note("see the manual")
        raise error

    with pytest.raises(RuntimeError) as caught:
        nd.derivative(f, 0.5)
    assert "see the manual" in caught.value.__notes__
    assert note_of(caught.value)


def test_an_error_that_is_the_same_object_twice_has_one_note():
    same = RuntimeError("mine")

    def f(x):
        raise same

    with pytest.raises(RuntimeError) as caught:
        nd.derivative(f, 0.5)
    assert len(caught.value.__notes__) == 1


def test_the_end_of_the_domain_of_math_is_named():
    with pytest.raises(ValueError, match=r"math domain error|expected a positive input") as caught:
        nd.derivative(lambda x: math.log(x), 1e-3)
    assert float(re.search(r"called at (\S+),", note_of(caught.value))[1]) <= 0.0


# --- workers -------------------------------------------------------------------------------------------------


def piecewise(x):
    return math.exp(x) if x > 0 else 1.0 + x


@pytest.mark.parametrize("workers", [1, 2, 3, map, np.int64(2)], ids=repr)
@pytest.mark.parametrize("elementwise", [True, False])
def test_workers_give_what_one_thread_gives(workers, elementwise):
    x = np.linspace(0.25, 1.0, 9)
    f = piecewise if not elementwise else lambda x: 0.5 * x * x
    alone, shared = (nd.derivative(f, x, elementwise=elementwise, workers=w) for w in (None, workers))
    np.testing.assert_array_equal(shared.df, alone.df)
    np.testing.assert_array_equal(shared.nfev, alone.nfev)


def test_a_function_of_one_number_is_found_out_among_workers_too():
    alone, shared = (nd.derivative(piecewise, [0.25, 0.5], workers=w) for w in (None, 2))
    np.testing.assert_array_equal(shared.df, alone.df)


def test_a_number_of_workers_is_a_number_of_threads():
    seen, gate = set(), threading.Barrier(2, timeout=20)

    def f(x):
        seen.add(threading.get_ident())
        gate.wait()
        return np.exp(x)

    calls = calls_of(f, workers=2)
    with calls.running():
        calls(np.linspace(0.4, 0.6, 8), np.zeros(8, dtype=int))
    assert len(seen) == 2
    assert threading.get_ident() not in seen


def test_a_map_gets_tasks_that_can_be_pickled():
    def through_pickles(function, works):
        for work in works:
            task, given = pickle.loads(pickle.dumps((function, work)))
            yield pickle.loads(pickle.dumps(task(given)))

    for f, elementwise in ((np.exp, True), (piecewise, False)):
        alone = nd.derivative(f, [0.25, 0.5], elementwise=elementwise)
        shared = nd.derivative(f, [0.25, 0.5], elementwise=elementwise, workers=through_pickles)
        np.testing.assert_allclose(shared.df, alone.df, rtol=1e-9)


def test_arguments_go_with_their_nodes_to_workers():
    p = np.array([1.0, 2.0, 3.0])
    for workers in (3, map):
        result = nd.derivative(power, 2.0, args=(p,), workers=workers)
        np.testing.assert_allclose(result.df, p * 2.0 ** (p - 1), rtol=1e-8)


@pytest.mark.parametrize("workers", [2, map])
@pytest.mark.parametrize("elementwise", [True, False])
def test_an_error_in_a_worker_names_x_too(workers, elementwise):
    with pytest.raises(BeyondTable) as caught:
        nd.derivative(beyond(3.0), [1.0, 3.0], elementwise=elementwise, workers=workers)
    assert note_of(caught.value).endswith("x = 3.0")


@pytest.mark.parametrize("workers", [0, -1, True, 1.5, "two", [2]])
def test_what_is_no_number_of_workers_is_refused(workers):
    with pytest.raises(ValueError, match="workers must be an integer of at least 1 or a callable like map"):
        nd.derivative(np.exp, 0.5, workers=workers)


def test_an_error_of_the_map_is_not_taken_for_one_of_f():
    def broken(function, works):
        raise pickle.PicklingError("cannot pickle a lambda")

    with pytest.raises(pickle.PicklingError, match="cannot pickle a lambda"):
        nd.derivative(np.exp, 0.5, workers=broken)


def test_a_map_that_loses_results_is_refused():
    def half(function, works):
        return list(map(function, works))[::2]

    with pytest.raises(ValueError, match="workers must return one result for each task"):
        nd.derivative(np.exp, 0.5, workers=half)


def test_threads_compute_without_warnings_of_their_own():
    with ThreadPoolExecutor(2) as pool:
        result = nd.derivative(np.sqrt, 1e-3, workers=pool.map)  # nodes below 0 give NaN
    assert result.x == 1e-3


# --- results that f keeps ------------------------------------------------------------------------------------


def reusing(f, size=1 << 16, dtype=float):
    """Return f as a function that writes its result into the same memory in every call."""
    memory = np.empty(size, dtype)
    return lambda t: np.multiply(1, f(t), out=memory[: t.size])


@pytest.mark.parametrize("workers", [None, map], ids=str)
@pytest.mark.parametrize("n", [1, 3, 40, 2000])
def test_a_function_may_return_the_same_memory_in_every_call(n, workers):
    x = np.linspace(0.5, 3.0, n)
    for f, dtype in (
        (np.sin, float),
        (lambda t: np.round(np.exp(t), 5), float),
        (lambda t: np.abs(t - 1), float),
        (lambda t: np.round(np.exp(1j * t), 5), complex),
    ):
        plain, reused = nd.derivative(f, x, workers=workers), nd.derivative(reusing(f, dtype=dtype), x, workers=workers)
        for field in ("df", "error", "status", "nfev"):
            np.testing.assert_array_equal(getattr(reused, field), getattr(plain, field))


def test_one_number_in_the_same_memory_is_no_constant_if_it_changes():
    memory = np.zeros(())

    def total(t):
        memory[...] = np.sum(t)
        return memory

    assert nd.derivative(total, 0.5).df == 1.0
