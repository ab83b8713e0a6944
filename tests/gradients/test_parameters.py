"""Parameters of any structure are one vector, and go back into the structure and the arrays they came in."""

import sys
from collections import OrderedDict, namedtuple
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.gradients.parameters import Parameters

Pair = namedtuple("Pair", "weight bias")
LEAVES = st.one_of(
    st.floats(-10, 10, width=32),
    st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=3),
    st.tuples(st.integers(1, 3), st.integers(1, 2)).map(lambda shape: np.full(shape, 0.5)),
)
TREES = st.recursive(
    LEAVES,
    lambda below: st.one_of(
        st.dictionaries(st.sampled_from("abcd"), below, min_size=1, max_size=3),
        st.lists(below, min_size=1, max_size=3),
        st.tuples(below, below),
        st.builds(Pair, below, below),
        st.tuples(below, st.none()),
    ),
    max_leaves=6,
)


def back(point, vector=None):
    return point.tree(point.leaves(point.vector if vector is None else vector))


def same(one, other):
    if isinstance(one, dict):
        return type(one) is type(other) and list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)) and not isinstance(other, np.ndarray):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return one is other or np.array_equal(np.asarray(one, float), np.asarray(other, float))


@given(TREES)
def test_tree_goes_back_into_its_structure(tree):
    point = Parameters(tree)
    made = back(point)
    assert same(tree, made)
    np.testing.assert_array_equal(point.flat(made, "gradient"), point.vector)
    names = [point.name(i) for i in range(point.vector.size)]
    assert len(set(names)) == len(names)
    for index, name in enumerate(names):
        assert point.chosen([name]).tolist() == [index]


def test_names_are_paths():
    x = {"layers": [{"W": np.ones((2, 3))}, Pair([1.0, 2.0], 3.0)], "scale": 1.0, 7: np.ones(1)}
    point = Parameters(x)
    assert [point.name(i) for i in (5, 6, 8, 9, 10)] == [
        "layers[0].W[1, 2]",
        "layers[1].weight[0]",
        "layers[1].bias",
        "scale",
        "x[7][0]",
    ]
    assert point.chosen(["layers[1]"]).tolist() == [6, 7, 8]
    assert Parameters([np.ones((2, 2)), np.ones(1)]).name(3) == "x[0][1, 1]"
    assert (Parameters(0.5).name(0), Parameters([1.0, 2.0]).name(1)) == ("x", "x[1]")


def test_dict_of_a_kind_stays_of_its_kind():
    made = back(Parameters(OrderedDict(b=1.0, a=[2.0])))
    assert type(made) is OrderedDict
    assert list(made) == ["b", "a"]


@pytest.mark.parametrize(
    "x, name",
    [
        ([1, 2], "float64"),
        (np.float32(1), "float32"),
        ([np.float32(1), np.float32(2)], "float32"),
        ({"a": np.float32(1), "b": 2.0, "c": [1, 2]}, "float32"),
        ({"a": 1, "b": np.array([2])}, "float64"),
        ({"a": np.ones(2, ml_dtypes.bfloat16), "b": 0.5}, "bfloat16"),
    ],
)
def test_python_numbers_and_integers_take_the_format_of_the_others(x, name):
    assert Parameters(x).item.name == name


def test_leaves_of_several_formats_need_a_dtype():
    x = {"a": np.ones(2, np.float32), "b": np.ones(2)}
    with pytest.raises(TypeError, match="one format, got float32 in x at a, float64 in x at b; write dtype="):
        Parameters(x)
    assert Parameters(x, "float32").vector.dtype == np.float32


def test_numpy_leaves_are_read_only_copies():
    x = np.ones(3)
    point = Parameters({"a": x})
    (leaf,) = point.leaves(point.vector)
    assert not leaf.flags.writeable
    x[:] = 7
    assert back(point)["a"].tolist() == [1, 1, 1]


def test_batches_have_a_leading_axis_in_every_leaf():
    point = Parameters({"W": np.ones((2, 3)), "b": 0.5})
    made = back(point, np.stack([point.vector, 2 * point.vector]))
    assert (made["W"].shape, made["b"].tolist()) == ((2, 2, 3), [0.5, 1.0])


@pytest.mark.parametrize(
    "tree, text",
    [
        ({"W": np.ones((2, 2))}, "structure of x, 2 items, got another: b is in one alone"),
        ({"W": np.ones((2, 2)), "b": 1.0, "c": 2.0}, "structure of x, 2 items, got another: c is in one alone"),
        ([np.ones((2, 2)), 1.0], "structure of x, a dict, got list"),
        (np.ones(5), "structure of x, a dict, got ndarray"),
        ({"W": np.ones((4,)), "b": 1.0}, r"shape of x at W, \(2, 2\), got \(4,\)"),
        ({"W": [np.ones(2), np.ones(2)], "b": np.ones(1)}, r"shape of x at b, \(\), got \(1,\)"),
    ],
)
def test_tree_of_another_structure_is_refused(tree, text):
    with pytest.raises(ValueError, match=f"gradient must have the {text}"):
        Parameters({"W": np.ones((2, 2)), "b": 0.5}).flat(tree, "gradient")


def test_missing_gradient_of_a_leaf_is_named():
    with pytest.raises(TypeError, match="gradient must be an array of real numbers at b, got dtype object"):
        Parameters({"W": np.ones(2), "b": 0.5}).flat({"W": np.ones(2), "b": None}, "gradient")


def test_tuple_serves_as_gradient_of_a_list():
    assert Parameters([np.array(1.0), np.array(2.0)]).flat((3.0, 4.0), "gradient").tolist() == [3.0, 4.0]


@pytest.mark.parametrize("x", [{"a": object()}, {"a": {1.0}}, {"a": "text"}, {"a": np.array([True])}])
def test_what_holds_no_numbers_is_refused(x):
    with pytest.raises(TypeError, match="x at a must"):
        Parameters(x)


def test_infinite_leaf_is_named():
    with pytest.raises(ValueError, match=r"x at a must be finite in float64, got inf"):
        Parameters({"a": np.array([1.0, np.inf])})


class Module:
    """A node that a registry knows, as JAX knows dataclasses and modules."""

    def __init__(self, weight, bias):
        self.weight, self.bias = weight, bias


def registry():
    def flatten(tree, is_leaf):
        assert is_leaf(tree.weight)
        assert not is_leaf(tree)
        rebuild = SimpleNamespace(unflatten=lambda children: Module(*children))
        return [((".weight",), tree.weight), ((".bias",), tree.bias)], rebuild

    return SimpleNamespace(
        all_leaves=lambda trees: not isinstance(trees[0], Module),
        tree_flatten_with_path=flatten,
        keystr=lambda path: "".join(path),
    )


def test_nodes_that_jax_knows_are_nodes_where_jax_is_imported(monkeypatch):
    x = {"dense": Module(np.ones((1, 2)), 3.0)}
    with pytest.raises(TypeError, match="x at dense must hold arrays and numbers"):
        Parameters(x)
    monkeypatch.setitem(sys.modules, "jax.tree_util", registry())
    point = Parameters(x)
    assert [point.name(i) for i in range(3)] == ["dense.weight[0, 0]", "dense.weight[0, 1]", "dense.bias"]
    assert isinstance(back(point)["dense"], Module)
    assert point.flat({"dense": Module(np.zeros((1, 2)), 1.0)}, "gradient").tolist() == [0, 0, 1]
