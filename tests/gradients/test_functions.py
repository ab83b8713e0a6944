"""What a function of parameters gets and may return."""

import numpy as np
import pytest

from numdiff.gradients.functions import Function, Gradient
from numdiff.gradients.parameters import Parameters


def test_values_are_those_of_f_for_one_point_many_points_and_batches():
    point = Parameters(np.ones((2, 2), np.float32))
    points = np.arange(12, dtype=np.float32).reshape(3, 4)
    one = Function(lambda x: (x * x).sum(), point).values(points)
    many = Function(lambda x: (x * x).sum(axis=(1, 2)), point, vectorized=True).values(points)
    np.testing.assert_array_equal(one, (points.astype(float) ** 2).sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(one, many)
    assert one.dtype == np.float64


@pytest.mark.parametrize(
    "f, name",
    [
        (lambda x: x.sum(), "float64"),
        (lambda x: 1.5, "float64"),
        (lambda x: 1, "float64"),
        (lambda x: np.float32(x.sum()), "float32"),
        (lambda x: x.astype(np.float16).sum(), "float16"),
    ],
)
def test_format_in_which_f_computes_is_seen(f, name):
    assert Function(f, Parameters([1.0, 2.0])).opened()[1].name == name


def test_numpy_arguments_cannot_be_written_into():
    def spoils(p):
        p["a"][0] = 0
        return p["a"].sum()

    with pytest.raises(TypeError, match="f must not write into its argument"):
        Function(spoils, Parameters({"a": np.ones(2)})).values(np.ones((1, 2)))


def test_a_dict_that_f_changes_is_its_own():
    def takes(p):
        return p.pop("a").sum() + p.pop("b")

    function = Function(takes, Parameters({"a": np.ones(2), "b": 1.0}))
    assert function.values(np.ones((2, 3))).tolist() == [[3.0], [3.0]]


def test_gradient_is_finite_where_it_has_to_be():
    point = Parameters([0.0, 1.0])
    gradient = Gradient(lambda x: 1 / x)
    with pytest.raises(ValueError, match=r"gradient must be finite, got inf at x\[0\]"):
        gradient.at(point, point.vector)
    assert np.isinf(gradient.at(point, point.vector, False)[0])
    assert Gradient([1, 2]).at(point, point.vector).tolist() == [1.0, 2.0]
