"""Warnings of derivatives: of what a bar does not resolve, and of nothing where f is flat."""

import warnings

import numpy as np
import pytest

import numdiff as nd


def quadratic(v):
    return np.sum(v**2)


def mixed(v):
    return np.exp(v).sum() + v[0] * v[1]


UNRESOLVED = {
    "a scale that is much too long": lambda **k: nd.gradient(quadratic, [1.0, 2.0], scale=1e20, **k),
    "at a minimum, too": lambda **k: nd.gradient(quadratic, [1e-3, 2.0], scale=1e20, **k),
    "a scale that is much too short": lambda **k: nd.hessian(mixed, [1.0, 2.0], scale=1e-6, **k),
    "off the diagonal": lambda **k: nd.hessian(mixed, [1.0, 2.0], scale=1e-8, **k),
    "a product": lambda **k: nd.hessian_vector_product(mixed, [1.0, 2.0], [1.0, 1.0], scale=1e-8, **k),
    "a direction": lambda **k: nd.directional_derivative(mixed, [1.0, 2.0], [1.0, 1.0], order=2, scale=1e-8, **k),
    "a jacobian": lambda **k: nd.jacobian(lambda v: v**2, [1.0, 2.0], scale=1e20, **k),
    "a sparse jacobian": lambda **k: nd.jacobian(lambda v: v**2, [1.0, 2.0], scale=1e20, sparsity=np.eye(2), **k),
}


@pytest.mark.parametrize("name", UNRESOLVED)
def test_a_value_that_its_bar_does_not_resolve_is_told_with_its_coordinate_and_bar(name):
    found = UNRESOLVED[name](full=True)
    with pytest.warns(nd.UncertainGradientWarning, match="full=True") as caught:
        UNRESOLVED[name]()
    first = np.flatnonzero(np.ravel(found.status) != 0)[0]
    index = tuple(map(int, np.unravel_index(first, np.shape(found.df)))) if np.ndim(found.df) else ()
    assert f"first at index {index}: the value is {np.ravel(found.df)[first]!s} with a bar of" in str(caught[0].message)
    assert f"with a bar of {np.ravel(found.error)[first]!s}; " in str(caught[0].message)


def test_nan_off_the_diagonal_is_told():
    with pytest.warns(
        nd.NonFiniteGradientWarning, match=r"first at index \(0, 1\): the value is nan with a bar of inf"
    ):
        found = nd.hessian(quadratic, [1.0, 2.0], scale=1e-300)
    assert np.isnan(found[0, 1])


FLAT = {
    "constant": lambda v: 3 + 0 * v[0],
    "large constant": lambda v: 10000 + 0 * v[0],
    "zero": lambda v: 0 * v[0],
    "minimum at x": lambda v: ((v - 1) ** 2).sum(),
    "minimum with an offset": lambda v: 1 + ((v - 1) ** 2).sum(),
    "constant but for its rounding": lambda v: np.sin(v[0]) ** 2 + np.cos(v[0]) ** 2,
    "of another coordinate": lambda v: np.exp(v[1]),
    "rectified": lambda v: (np.maximum(v - 3, 0) ** 2).sum(),
    "fourth power": lambda v: ((v - 1) ** 4).sum(),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("function", [nd.gradient, nd.hessian])
@pytest.mark.parametrize("name", FLAT)
def test_a_slope_of_0_is_no_cause_for_a_warning(name, function, dtype):
    x = np.ones(2, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = function(FLAT[name], x)
    assert np.abs(found[0, ...].ravel()[0]) < 1e-3 or function is nd.hessian


@pytest.mark.parametrize("x", [1e-30, 1e-17, 0.0])
def test_a_number_of_rounding_in_place_of_0_is_no_cause_where_a_scale_is_given(x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.abs(nd.gradient(lambda v: 1 + np.sum(v**2), [x, 1.0], scale=1.0)[0]) < 1e-14


@pytest.mark.parametrize(
    ("f", "options", "message"),
    [
        (quadratic, {"h": 1e-3}, r"h is too wide, .* leave out h: by itself it is 1.1e-16 of \|x\|"),
        (lambda v: np.sum(1 / (v - 1)), {}, "2 of 2 entries: f of the real x is not finite$"),
    ],
)
def test_a_complex_step_without_a_derivative_is_told_with_its_cause(f, options, message):
    with pytest.warns(nd.NonFiniteGradientWarning, match=message):
        found = nd.gradient(f, [1.0, 2.0], method="complex", **options)
    assert not np.isfinite(found).any()
    assert np.isfinite(nd.gradient(quadratic, [1.0, 2.0], method="complex", h=1e-8)).all()


@pytest.mark.parametrize("function", [nd.gradient, nd.hessian])
def test_a_tuple_is_told_how_to_be_one_number(function):
    for returned in (lambda v: (v.sum(), v), lambda v: (v.sum(), {"a": 1}), lambda v: (v.sum(), v.sum())):
        with pytest.raises(TypeError, match=r"f must return one number, got a tuple of 2 .* lambda \*p: f\(\*p\)\[0\]"):
            function(returned, [1.0, 2.0])
        with pytest.raises(TypeError, match="f must return one number, got a tuple of 2"):
            nd.check_gradient(returned, np.ones(2), [1.0, 2.0])


def test_lists_of_different_lengths_are_told_where_f_fails_with_them():
    with pytest.raises(TypeError) as caught:
        nd.gradient(lambda x: (x - 1).sum(), [[1.0, 2.0], [3.0]])
    assert any("a list of 2 parts that make no array" in note for note in caught.value.__notes__)
    with pytest.raises(TypeError) as caught:
        nd.gradient(lambda x: x["a"] + "b", {"a": 1.0})
    assert not getattr(caught.value, "__notes__", [])


@pytest.mark.parametrize("given", ["h", "step", "eps"])
def test_a_step_of_second_derivatives_and_directions_is_none(given):
    x = [1.0, 2.0]
    for function, rest in ((nd.hessian, ()), (nd.hessian_vector_product, (x,)), (nd.directional_derivative, (x,))):
        with pytest.raises(TypeError, match=f"has no argument {given}; no step is given, .* or give scale="):
            function(quadratic, x, *rest, **{given: 0.1})
