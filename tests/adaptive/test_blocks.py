"""Many points are searched in blocks: the same answers, memory that is flat in their number."""

import tracemalloc

import numpy as np
import pytest

import numdiff as nd
from numdiff.adaptive import blocks
from numdiff.adaptive.status import DerivativeStatus
from tests.adaptive.canned import Canned, Recorded, answer_with


@pytest.fixture
def canned(monkeypatch):
    estimator = Canned()
    answer_with(monkeypatch, estimator)
    return estimator


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 8)


def test_ten_thousand_points_are_one_block(canned):
    nd.derivative(np.exp, np.linspace(0.0, 1.0, 10_000))
    assert [options["x"].size for options in canned.asked] == [10_000]


def test_more_points_are_several_blocks_with_the_same_answers(canned, small):
    x = np.linspace(0.5, 2.0, 21).reshape(3, 7)
    result = nd.derivative(lambda x, p: x**p, x, args=(np.arange(7.0),), noise=np.linspace(0.1, 0.3, 21).reshape(3, 7))
    assert [options["x"].size for options in canned.asked] == [8, 8, 5]
    np.testing.assert_array_equal(np.concatenate([options["x"] for options in canned.asked]), x.ravel())
    np.testing.assert_array_equal(
        np.concatenate([options["noise"] for options in canned.asked]), np.linspace(0.1, 0.3, 21)
    )
    np.testing.assert_allclose(result.df, np.arange(7.0) * x ** (np.arange(7.0) - 1), rtol=1e-5)


def test_blocks_and_sides_go_together(canned, small):
    side = np.tile([1, -1, 0], 10)
    result = nd.derivative(lambda x: x * x, np.arange(1.0, 31.0), side=side)
    assert [(options["side"], options["x"].size) for options in canned.asked] == [
        (-1, 8),
        (-1, 2),
        (0, 8),
        (0, 2),
        (1, 8),
        (1, 2),
    ]
    np.testing.assert_allclose(result.df, 2 * np.arange(1.0, 31.0), rtol=1e-9)


@pytest.mark.parametrize("n", [1, 8, 9, 30])
def test_a_complex_function_has_both_parts_in_every_block(small, n):
    f = Recorded(lambda x: np.exp(2j * x))
    result = nd.derivative(f, np.linspace(0.25, 1.0, n))
    np.testing.assert_allclose(result.df, 2j * np.exp(2j * result.x), rtol=1e-6)
    assert result.nfev.sum() == f.nodes.size
    assert np.all(result.nfev > 0)


def test_a_function_that_is_complex_from_some_block_on_is_refused(canned, small):
    with pytest.raises(TypeError, match="f must be real everywhere, or complex everywhere"):
        nd.derivative(np.emath.sqrt, np.linspace(20.0, -20.0, 40))


def test_a_function_that_is_not_deterministic_is_named_in_every_block(monkeypatch, small):
    answer_with(monkeypatch, Canned(noise=1e-6))
    rng = np.random.default_rng(0)
    result = nd.derivative(lambda x: x + 1e-6 * rng.normal(size=x.shape), np.linspace(0.5, 1.0, 30))
    assert np.all(result.status == DerivativeStatus.NOT_DETERMINISTIC)


@pytest.mark.parametrize("f", [np.exp, lambda x: np.exp(1j * x)])
def test_memory_beside_input_and_result_is_flat_in_the_number_of_points(monkeypatch, f):
    monkeypatch.setattr(blocks, "BLOCK", 512)

    def beside(n):
        x = np.linspace(0.5, 1.0, n)
        nd.derivative(f, x[:10])
        tracemalloc.start()
        result = nd.derivative(f, x)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        names = ("df", "error", "status", "nfev", "x", "step", "noise", "freedom", "left", "right")
        return peak, sum(getattr(result, name).nbytes for name in names)

    (little, small_result), (much, large_result) = beside(2_000), beside(20_000)
    # Beyond the result itself, the parts and codes that it is put together from: twice as much again at most.
    assert much - little < 3 * (large_result - small_result)
