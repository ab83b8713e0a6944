"""One set of names: x, h, stencil, dtype, args in all public functions, a formula by object or by name."""

import inspect
import math
from functools import partial

import ml_dtypes
import numpy as np
import pytest

import numdiff as nd
from numdiff.analysis.ledger import Ledger


def wave(x, k, shift=0.0):
    return np.sin(k * x + shift)


def wave_prime(x, k, shift=0.0):
    return k * np.cos(k * x + shift)


def outcome(result):
    """Return what a function found as something that compares."""
    if isinstance(result, Ledger):
        return result.format.name, result.total.tolist(), result.computed.tolist(), np.array(result.state).tolist()
    if isinstance(result, nd.Prediction):
        return result.step, result.predicted_error, result.failed
    return type(result), np.asarray(result).dtype.name, np.asarray(result).tolist()


def same(a, b):
    return repr(outcome(a)) == repr(outcome(b))


CALLS = {
    "difference": lambda f, x, **k: nd.difference(f, x, 2.0**-4, k.pop("stencil", nd.CENTERED), **k),
    "error_ledger": lambda f, x, **k: nd.error_ledger(f, x, 2.0**-4, **k),
    "error_bounds": lambda f, x, **k: nd.error_bounds(f, x, 2.0**-4, **k),
    "optimal_step": nd.optimal_step,
}
EACH = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@pytest.mark.parametrize(
    "function",
    [
        nd.difference,
        nd.error_ledger,
        nd.error_bounds,
        nd.optimal_step,
        nd.forward_difference,
        nd.complex_step,
        nd.derivative,
    ],
)
def test_arguments_have_one_set_of_names(function):
    names = set(inspect.signature(function).parameters)
    assert {"f", "x", "dtype", "args"} <= names
    assert not names & {"method", "methods", "step", "format", "formats", "formula"}


@EACH
@pytest.mark.parametrize("name", ["forward", "centered4", "second_centered"])
def test_a_formula_is_given_by_object_or_by_name(call, name):
    assert same(call(np.exp, 0.5, stencil=name), call(np.exp, 0.5, stencil=nd.METHODS[name]))


@pytest.mark.parametrize("call", [nd.error_ledger, nd.error_bounds])
def test_the_complex_step_is_given_by_object_or_by_name(call):
    assert same(call(np.exp, 0.5, 1e-20, "complex_step"), call(np.exp, 0.5, 1e-20, nd.COMPLEX_STEP))


@EACH
def test_a_wrong_formula_is_named(call):
    with pytest.raises(
        ValueError, match=r"stencil must be a formula or the name of one, got 'centred'; did you mean 'centered'"
    ):
        call(np.exp, 0.5, stencil="centred")
    with pytest.raises(TypeError, match="stencil must be a Stencil, got int 2"):
        call(np.exp, 0.5, stencil=2)


@EACH
def test_args_are_what_f_takes_after_x(call):
    assert same(call(wave, 0.5, args=(3, 0.25)), call(lambda x: wave(x, 3, 0.25), 0.5))


def test_args_reach_the_derivative_too():
    found = nd.error_ledger(wave, 0.5, 1e-3, args=(3,), derivative=wave_prime)
    assert same(found, nd.error_ledger(lambda x: np.sin(3 * x), 0.5, 1e-3, derivative=lambda x: 3 * np.cos(3 * x)))
    with pytest.raises(ValueError, match="derivative"):
        nd.error_ledger(wave, 0.5, 1e-3, args=(3,), derivative=lambda x, k: 2 * k * np.cos(k * x))


@EACH
def test_args_of_a_correctly_rounded_function_stay_correctly_rounded(call):
    assert same(call(nd.rounded(wave), 0.5, args=(3,)), call(nd.rounded(lambda x: np.sin(3 * x)), 0.5))


@EACH
def test_args_must_be_a_tuple(call):
    with pytest.raises(TypeError, match=r"args must be a tuple, got float 2\.0; write args=\(2\.0,\)"):
        call(wave, 0.5, args=2.0)


X = [
    (0.5, "float64"),
    (1, "float64"),
    (np.int32(1), "float64"),
    (np.float32(0.5), "float32"),
    (np.float16(0.5), "float16"),
    (ml_dtypes.bfloat16(0.5), "bfloat16"),
    (np.longdouble(0.5), "float80"),
    (np.array(0.5, np.float32), "float32"),
    (np.array(0.5, ml_dtypes.bfloat16), "bfloat16"),
]
X = [(x, name) for x, name in X if name in nd.FORMATS]


@EACH
@pytest.mark.parametrize("x, name", X, ids=[f"{type(x).__name__}-{name}" for x, name in X])
def test_the_format_of_x_decides(call, x, name):
    array = nd.FORMATS[name].as_array(np.asarray(x))
    assert same(call(np.exp, x), call(np.exp, array))
    assert same(call(np.exp, x), call(np.exp, x, dtype=name))


@pytest.mark.parametrize("call", [CALLS[name] for name in ("difference", "error_ledger", "error_bounds")])
@pytest.mark.parametrize("x, name", X, ids=[f"{type(x).__name__}-{name}" for x, name in X])
def test_the_format_of_a_list_decides(call, x, name):
    for many in ([x, x], (x, x)):
        assert same(call(np.exp, many), call(np.exp, nd.FORMATS[name].as_array(np.asarray(many))))


@pytest.mark.parametrize("x, name", X, ids=[f"{type(x).__name__}-{name}" for x, name in X])
def test_no_error_exceeds_the_bound_in_the_format_of_x(x, name):
    ledger = nd.error_ledger(np.exp, x, 2.0**-4)
    assert ledger.format.name == name
    assert abs(ledger.total) <= nd.error_bounds(np.exp, x, 2.0**-4)
    assert ledger.computed == nd.centered_difference(np.exp, x, 2.0**-4)


@EACH
@pytest.mark.parametrize("name", nd.FORMATS)
def test_dtype_rounds_x_of_another_format_first(call, name):
    x = np.float64(0.1) if name != "float64" else np.float32(0.1)
    assert same(call(np.exp, x, dtype=name), call(np.exp, nd.FORMATS[name].as_array(x)))


def test_the_step_is_rounded_to_the_format_of_x():
    for h in (0.1, np.float32(0.1), np.longdouble("0.1")):
        assert nd.error_ledger(np.exp, np.float16(0.5), h).h == np.float16(0.1)


@pytest.mark.parametrize(
    "constant", [3.0, 3, np.float64(3.0), np.float32(3.0), np.int64(3)], ids=lambda constant: type(constant).__name__
)
@pytest.mark.parametrize("x", [0.5, np.float32(0.5), ml_dtypes.bfloat16(0.5)], ids=lambda x: type(x).__name__)
def test_constants_of_all_types_are_treated_alike(constant, x):
    f = lambda t: constant
    assert nd.centered_difference(f, x, 0.25) == 0
    ledger = nd.error_ledger(f, x, 0.25)
    assert (ledger.total, ledger.reference, ledger.status) == (0, 0, "ok")
    assert nd.error_bounds(f, x, 0.25) == 0
    assert np.all(nd.gradient(lambda v: 3.0, [0.5, 1.0]) == 0)


def test_gradients_take_integers_as_the_kernels_do():
    f = lambda v: np.sum(v * v)
    for x in ([1, 2], (1, 2), np.array([1, 2], np.int8), np.array([1, 2], np.uint64)):
        found = nd.gradient(f, x)
        assert found.dtype == np.float64
        assert np.allclose(found, [2, 4], rtol=1e-8)
        assert nd.jacobian(lambda v: v * v, x).dtype == np.float64
    assert nd.gradient(f, 3) == pytest.approx(6)


def test_partial_functions_are_no_worse_than_args():
    assert same(nd.error_ledger(partial(wave, k=3), 0.5, 1e-3), nd.error_ledger(wave, 0.5, 1e-3, args=(3,)))
    assert math.isfinite(nd.error_ledger(partial(wave, k=3), 0.5, 1e-3).total)
