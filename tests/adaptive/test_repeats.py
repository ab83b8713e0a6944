"""Whether f is deterministic and elementwise: a few values are asked for again, and only where there is a doubt."""

import numpy as np
import pytest

import numdiff as nd
from numdiff.adaptive.repeats import LOUD
from numdiff.adaptive.status import DerivativeStatus
from tests.adaptive.canned import Canned, Recorded, answer_with

U = 2.0**-53


@pytest.fixture
def canned(monkeypatch):
    def put(**answers):
        estimator = Canned(**answers)
        answer_with(monkeypatch, estimator)
        return estimator

    return put


def noisy(scale=1e-6, seed=0):
    rng = np.random.default_rng(seed)
    return lambda x: np.exp(x) + scale * rng.standard_normal(np.shape(x))


@pytest.mark.parametrize("n", [1, 3, 16, 5000])
@pytest.mark.parametrize("batches", [1, 2])
def test_a_function_that_is_not_deterministic_is_named(canned, n, batches):
    canned(noise=1e-6, batches=batches)
    result = nd.derivative(noisy(), np.linspace(0.5, 1.0, n))
    assert np.all(result.status == DerivativeStatus.NOT_DETERMINISTIC)
    assert not np.any(result.success)
    assert "noise=" in result.message[0]
    assert np.all(np.isfinite(result.df))


def test_a_function_of_one_number_that_is_not_deterministic_is_named(canned):
    canned(noise=1e-6)
    rng = np.random.default_rng(1)
    for elementwise in (True, False):
        result = nd.derivative(lambda x: float(x) + rng.normal(), 0.5, elementwise=elementwise)
        assert result.status is DerivativeStatus.NOT_DETERMINISTIC


def test_complex_noise_is_named_too(canned):
    canned(noise=1e-6)
    f = noisy()
    result = nd.derivative(lambda x: 1j * f(x), 0.5)
    assert result.status is DerivativeStatus.NOT_DETERMINISTIC


@pytest.mark.parametrize("noise", [0.0, 1e-6])
def test_with_noise_given_nothing_is_asked_again(canned, noise):
    canned(noise=1e-6)
    f = Recorded(noisy())
    result = nd.derivative(f, 0.5, noise=noise)
    assert result.status is DerivativeStatus.OK
    assert f.shapes == [(2,)]


@pytest.mark.parametrize("batches", [1, 3])
def test_deterministic_noise_costs_two_evaluations_at_one_point(canned, batches):
    canned(noise=1e-6, batches=batches)
    f = Recorded(lambda x: np.exp(x) + 1e-6 * np.sin(1e9 * x))
    result = nd.derivative(f, 0.5)
    assert result.status is DerivativeStatus.OK
    assert result.nfev == 2 * batches + 2 == f.nodes.size
    assert set(f.calls[-1]) <= set(np.concatenate(f.calls[:-1]))


@pytest.mark.parametrize(("factor", "repeats"), [(1.0, 2), (1.0 / 256, 0)])
def test_noise_is_suspicious_where_it_exceeds_the_rounding_of_many_operations(canned, factor, repeats):
    # The largest value at x = 0 ± h is nearly 1, and the least nearly as large.
    canned(noise=4.0 * LOUD * U * factor)
    f = Recorded(np.exp)
    assert nd.derivative(f, 0.0).nfev == 2 + repeats


def product(x):
    """Return x⁶⁴ by as many multiplications, each with its rounding."""
    y = np.ones_like(x)
    for _ in range(64):
        y = y * x
    return y


def single(x):
    """Return exp(x), computed in single precision."""
    return np.exp(x.astype(np.float32)).astype(np.float64)


@pytest.mark.skipif("float80" not in nd.FORMATS, reason="the exact values need more bits")
@pytest.mark.parametrize(("f", "exact", "repeats"), [(product, lambda x: x**64, 0), (single, np.exp, 2)])
def test_rounding_of_64_operations_is_quiet_and_of_single_precision_loud(canned, f, exact, repeats):
    x = np.linspace(0.999, 1.0, 1001)
    noise = float(np.std(f(x) - exact(x.astype(np.longdouble))))
    assert noise > U  # more than one rounding
    canned(noise=noise)
    assert nd.derivative(f, 0.9995).nfev == 2 + repeats


def test_many_points_cost_two_evaluations_all_together(canned):
    canned(noise=1e-6)
    result = nd.derivative(lambda x: np.exp(x) + 1e-6 * np.sin(1e9 * x), np.linspace(0.5, 1.0, 1000))
    assert result.nfev.sum() == 2 * 1000 + 2
    assert np.median(result.nfev) == 2


@pytest.mark.parametrize("status", [DerivativeStatus.KINK, DerivativeStatus.AMBIGUOUS, DerivativeStatus.NO_DIGITS])
def test_a_doubtful_status_is_a_reason_to_ask_again(canned, status):
    canned(status=status, noise=0.0)
    assert nd.derivative(np.exp, 0.5).nfev == 4
    assert nd.derivative(np.exp, 0.5).status is status
    assert nd.derivative(noisy(), 0.5).status is DerivativeStatus.NOT_DETERMINISTIC


@pytest.mark.parametrize("status", [DerivativeStatus.NOT_FINITE, DerivativeStatus.TOUCHES_DOMAIN])
def test_a_status_with_another_cause_is_kept(canned, status):
    canned(status=status, noise=1e-6)
    assert nd.derivative(noisy(), 0.5).status is status


def test_values_that_are_not_finite_are_not_asked_for_again(canned):
    canned(status=DerivativeStatus.NOT_FINITE, noise=0.0)
    f = Recorded(lambda x: np.full_like(x, np.nan))
    assert nd.derivative(f, 0.5).nfev == 2
    assert f.shapes == [(2,)]


def test_a_function_whose_last_digits_depend_on_the_length_is_deterministic(canned):
    canned(noise=1e-6)
    f = Recorded(lambda x: np.exp(x) * (1.0 + x.size * U * 4))
    result = nd.derivative(f, np.linspace(0.5, 1.0, 40))
    assert np.all(result.success)
    assert f.shapes == [(80,), (2,), (2,)]


def softmax(x):
    return np.exp(x) / np.sum(np.exp(x))


@pytest.mark.parametrize("f", [softmax, lambda x: x * x.size, np.cumsum])
def test_a_function_that_is_not_elementwise_is_refused(canned, f):
    canned()
    match = r"f must be elementwise, but at \S+ it gave .* among many nodes and .* among 2.*numdiff\.jacobian"
    with pytest.raises(ValueError, match=match):
        nd.derivative(f, np.linspace(0.5, 1.0, 40))


def test_at_one_point_too_where_it_looks_noisy(canned):
    canned(noise=1.0, batches=2, step=0.25)
    with pytest.raises(ValueError, match="f must be elementwise"):
        nd.derivative(softmax, 0.5)


def test_a_result_with_noise_given_has_the_value_of_the_noisy_function(canned):
    canned(noise=1e-6, step=0.25)
    exact = np.exp(0.5) * np.sinh(0.25) / 0.25
    assert abs(nd.derivative(noisy(), 0.5, noise=1e-6).df - exact) < 20e-6


@pytest.mark.parametrize("n", [1, 40])
def test_noise_is_seen_in_memory_that_f_uses_again(canned, n):
    canned(noise=1e-6, batches=2)
    f, memory = noisy(), np.empty(400)
    result = nd.derivative(lambda t: np.multiply(1, f(t), out=memory[: t.size]), np.linspace(0.5, 1.0, n))
    assert np.all(result.status == DerivativeStatus.NOT_DETERMINISTIC)


@pytest.mark.parametrize("n", [1, 40, 5000])
def test_memory_that_f_uses_again_is_no_reason_to_call_it_not_elementwise(canned, n):
    canned(noise=1e-6, batches=2, step=0.25)
    memory = np.empty(2 * n)
    result = nd.derivative(lambda t: np.sin(t, out=memory[: t.size]), np.linspace(0.5, 1.0, n))
    assert np.all(result.success)
