"""Derivatives for parameters of any structure: they come back in the structure in which f takes its parameters."""

import sys
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

import numdiff as nd
from tests.gradients.test_check import Tensor

W, B = np.array([[1.0, 2.0], [3.0, 4.0]]), 0.5
TREE = {"W": W, "b": B}


def loss(p):
    return np.sum(p["W"] ** 2) * p["b"]


def slopes(p):
    return {"W": 2 * p["W"] * p["b"], "b": np.sum(p["W"] ** 2)}


def close(found, expected, **tolerance):
    assert type(found) is type(expected) or np.ndim(found) == np.ndim(expected) == 0
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        return all(close(found[key], expected[key], **tolerance) for key in expected)
    if isinstance(expected, (tuple, list)):
        return all(close(a, b, **tolerance) for a, b in zip(found, expected, strict=True))
    assert np.shape(found) == np.shape(expected)
    return np.allclose(found, expected, **({"rtol": 1e-9, "atol": 1e-9} | tolerance))


@pytest.mark.parametrize("options", [{}, {"h": 2.0**-10}, {"stencil": "centered"}, {"method": "complex"}], ids=str)
def test_a_gradient_has_the_structure_of_x_as_its_check_takes_it(options):
    found = nd.gradient(loss, TREE, **options)
    assert close(found, slopes(TREE))
    assert found["W"].flags.writeable
    assert nd.check_gradient(loss, found, TREE).verdict is nd.Verdict.AGREE
    assert close(nd.gradient(loss, TREE, vectorized=False, workers=2), found, rtol=1e-9)


class Pair(NamedTuple):
    first: np.ndarray
    second: np.ndarray


@pytest.mark.parametrize("kind", [list, tuple, lambda arrays: Pair(*arrays)], ids=["list", "tuple", "named"])
def test_arrays_in_a_row_are_apart_though_their_shapes_are_equal(kind):
    x = kind([np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    found = nd.gradient(lambda p: np.sum(p[0] * p[1]), x)
    assert type(found) is type(x)
    assert np.allclose(found[0], x[1])
    assert np.allclose(found[1], x[0])


def test_numbers_in_a_row_are_an_array():
    assert isinstance(nd.gradient(lambda p: p[0] * p[1], [np.float64(2), 3]), np.ndarray)


def test_a_jacobian_has_a_leaf_of_all_values_for_each_leaf():
    found = nd.jacobian(lambda p: p["W"][0] * p["b"], TREE)
    expected = np.zeros((2, 2, 2))
    expected[[0, 1], 0, [0, 1]] = B
    assert close(found, {"W": expected, "b": W[0]})


def test_a_hessian_is_a_tree_of_trees():
    found = nd.hessian(loss, TREE)
    both = 2 * B * np.eye(4).reshape(2, 2, 2, 2)
    assert close(found, {"W": {"W": both, "b": 2 * W}, "b": {"W": 2 * W, "b": 0.0}}, atol=1e-7)


def test_directions_are_trees_too():
    v = {"W": np.array([[1.0, -1.0], [0.0, 2.0]]), "b": 3.0}
    along = sum(np.sum(a * b) for a, b in zip(slopes(TREE).values(), v.values(), strict=True))
    assert nd.directional_derivative(loss, TREE, v) == pytest.approx(along)
    found = nd.hessian_vector_product(loss, TREE, v)
    assert close(found, {"W": 2 * B * v["W"] + 2 * W * v["b"], "b": np.sum(2 * W * v["W"])}, atol=1e-7)


def test_a_batch_has_a_leading_axis_in_every_leaf():
    found = nd.gradient(lambda p: np.sum(p["W"] ** 2, axis=(1, 2)) * p["b"], TREE, vectorized=True)
    assert close(found, slopes(TREE))


def test_scales_steps_and_bounds_have_the_structure_of_x():
    tree = {"a": np.array([0.0, 1.0]), "b": 2.0}

    def f(p):
        assert (p["a"] >= 0).all()
        assert p["b"] <= 2
        return np.sum(np.sin(p["a"] * [1e6, 1.0])) + p["b"] ** 2

    found = nd.gradient(
        f,
        tree,
        scale={"a": np.array([1e-6, 1.0]), "b": 1.0},
        bounds=({"a": np.zeros(2), "b": -9.0}, {"a": np.full(2, 9.0), "b": 2.0}),
    )
    assert close(found, {"a": np.array([1e6, np.cos(1)]), "b": 4.0}, rtol=1e-6)
    h = {"a": np.array([2.0**-30, 0.25]), "b": 0.5}
    assert close(nd.gradient(lambda p: np.sum(p["a"] ** 2) + p["b"], tree, h=h), {"a": 2 * tree["a"], "b": 1.0})


def test_all_bars_come_in_the_order_of_the_leaves():
    found = nd.gradient(loss, TREE, full=True)
    assert found.df.shape == found.error.shape == found.x.shape == (5,)
    assert np.all(abs(found.df - [*slopes(TREE)["W"].ravel(), slopes(TREE)["b"]]) <= found.error)


def test_a_warning_names_the_coordinate():
    with pytest.warns(nd.UncertainGradientWarning, match=r"in 1 of 5 entries, first at W\[0, 1\]: "):
        nd.gradient(lambda p: np.sum(abs(p["W"] - 2.0)) + p["b"], TREE)
    with pytest.warns(nd.UncertainGradientWarning, match=r"contradicts the quotient .* first at W\[0, 1\]: with h = "):
        nd.gradient(lambda p: np.sum(np.log(abs(p["W"] - 2 + 1e-9) + 1e-7)) + p["b"], TREE, h=2.0**-20)


@pytest.mark.parametrize(
    ("x", "options", "error", "message"),
    [
        (None, {}, ValueError, "x must have at least one coordinate, got no numbers in it"),
        ({}, {}, ValueError, "x must have at least one coordinate"),
        ({"a": "text"}, {}, TypeError, "x at a must hold arrays and numbers, in dicts"),
        (TREE, {"scale": {"W": W}}, ValueError, r"scale must have the structure of x, 2 items, got another: b"),
        (TREE, {"bounds": {"W": 0, "b": 1}}, ValueError, "bounds must be a pair"),
        ({"a": np.ones(2, np.float32), "b": np.ones(2)}, {}, TypeError, "x must be of one format"),
    ],
)
def test_a_tree_that_does_not_fit_is_refused(x, options, error, message):
    with pytest.raises(error, match=message):
        nd.gradient(lambda p: 1.0, x, **options)


@pytest.mark.parametrize("differentiate", [nd.gradient, nd.jacobian])
def test_a_tree_is_no_value_of_f(differentiate):
    with pytest.raises(TypeError, match=r"f must return numbers of float64, got dict \{'W': "):
        differentiate(lambda p: p, TREE)


def test_tensors_go_in_and_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(float64=np.float64))

    def f(x):
        assert isinstance(x, Tensor)
        return Tensor(np.sum(np.exp(x.data)))

    x = Tensor(np.array([0.5, 1.0]))
    found = nd.gradient(f, x)
    assert isinstance(found, Tensor)
    assert np.allclose(found.data, np.exp(x.data))
    assert np.allclose(nd.hessian(f, x).data, np.diag(np.exp(x.data)), atol=1e-6)
    with pytest.raises(TypeError, match="x must hold arrays of NumPy for the complex step, got Tensor; leave out"):
        nd.gradient(f, x, method="complex")


def test_a_leaf_without_numbers_has_second_derivatives():
    found = nd.hessian(lambda p: p["b"] ** 2, {"a": np.ones(0), "b": 1.0})
    assert found["a"]["a"].shape == (0, 0)
    assert found["a"]["b"].shape == found["b"]["a"].shape == (0,)
    assert abs(found["b"]["b"] - 2) < 1e-9


def test_a_second_derivative_of_a_tree_is_named_by_both_coordinates():
    with pytest.warns(nd.UncertainGradientWarning, match=r"first at a and b\[1\]:"):
        nd.hessian(lambda p: p["b"][0] ** 2 + np.abs(p["a"] * p["b"][1]), {"a": 1.0, "b": np.array([1.0, 0.0])})
