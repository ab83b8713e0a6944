"""Further arguments of f, in gradients and their check."""

import numpy as np
import pytest

import numdiff as nd


def test_args_are_taken_by_gradients_and_their_check():
    x, a = np.array([0.5, 1.0]), 3.0
    for bound in (nd.gradient, nd.jacobian):
        found = bound(lambda x, a: np.sum(a * x**2), x, args=(a,))
        np.testing.assert_array_equal(found, bound(lambda x: np.sum(a * x**2), x))
    check = nd.check_gradient(lambda x, a: np.sum(a * x**2), lambda x, a: 2 * a * x, x, args=(a,))
    assert check.verdict is nd.Verdict.AGREE
    assert nd.check_gradient(lambda x, a: np.sum(a * x**2), 2 * a * x, x, args=(a,)).verdict is nd.Verdict.AGREE
    with pytest.raises(TypeError, match=r"args must be a tuple, got float 3.0; write args=\(3.0,\)"):
        nd.gradient(lambda x, a: np.sum(a * x), x, args=a)


def squares(x):
    return np.sum(np.asarray(x) ** 2)


@pytest.mark.parametrize("ends", [(5.0, 0.0), (np.nan, 5.0), (0.0, np.nan), ([0.0, 9.0], [5.0, 8.0])], ids=str)
@pytest.mark.parametrize("who", ["bounds", "domain"])
def test_ends_in_the_wrong_order_are_named_before_x(ends, who):
    with pytest.raises(ValueError, match=rf"{who} must have its lower end (below|at most) the upper one, got \("):
        nd.gradient(squares, [1.0, 2.0], **{who: ends})


def test_an_empty_domain_is_refused_and_a_coordinate_may_be_fixed_by_its_bounds():
    with pytest.raises(ValueError, match=r"domain must have its lower end below the upper one, got \(1.0, 1.0\)"):
        nd.gradient(squares, 1.0, domain=(1.0, 1.0))
    with pytest.warns(nd.NonFiniteGradientWarning, match="bounds leave no room"):
        found = nd.gradient(squares, [1.0, 2.0], bounds=([1.0, 0.0], [1.0, 5.0]))
    assert found[1] == pytest.approx(4.0)


def test_none_in_place_of_a_gradient_or_a_value_is_called_so():
    x = np.array([1.0, 2.0])
    with pytest.raises(TypeError, match=r"gradient must be a callable or an array of the shape of x, \(2,\), got None"):
        nd.check_gradient(squares, None, x)
    with pytest.raises(TypeError, match=r"gradient must return an array of the shape of x, \(2,\), got None"):
        nd.check_gradient(squares, lambda x: None, x)
    with pytest.raises(TypeError, match="f must return a real number, got None"):
        nd.check_gradient(lambda x: None, 2 * x, x)


@pytest.mark.parametrize(
    ("directions", "message"),
    [
        (np.ones((4, 3)), r"directions must have the shape \(k, 2\), got \(4, 3\)"),
        ([[1.0, np.nan]], "directions must be finite in float64, got nan"),
        ([[1.0, 1.0], [0.0, 0.0]], "directions must not be 0, got one that is: row 1"),
    ],
)
def test_directions_say_what_is_wrong_with_them(directions, message):
    x = np.array([1.0, 2.0])
    with pytest.raises(ValueError, match=message):
        nd.check_gradient(squares, 2 * x, x, directions=directions)


@pytest.mark.parametrize("name", ["w[0, 1]", "w[0,1]"])
def test_a_coordinate_of_a_tree_is_named_with_and_without_spaces(name):
    w = {"w": np.ones((2, 2)), "b": 1.0}
    check = nd.check_gradient(lambda p: squares(p["w"]) + p["b"], {"w": 2 * w["w"], "b": 1.0}, w, coordinates=name)
    assert [one.name for one in check.comparisons] == ["w[0, 1]"]
