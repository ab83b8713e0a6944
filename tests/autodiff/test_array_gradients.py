"""Functions of many variables, backward: against the complex step, alone and in random graphs and networks."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numdiff.autodiff import (
    BroadcastTo,
    Cos,
    Exp,
    Function,
    GetItem,
    Log,
    LogSumExp,
    MatMul,
    Maximum,
    Mean,
    Neg,
    Reshape,
    Sigmoid,
    SigmoidCrossEntropy,
    Sin,
    Sqrt,
    Square,
    StableSigmoid,
    StableTanh,
    Sum,
    Tanh,
    Transpose,
    Variable,
    gradient_of,
    on_arrays,
)
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS
from numdiff.floats.views import HolomorphicArray

U = 2.0**-53
STEP = 2.0**-300
"""Of the complex step: its truncation error, of the order of STEP², is far below U."""

each_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS.keys())


def directional(f, x: np.ndarray, direction: np.ndarray) -> float:
    """Return f′(x)·direction of a scalar function of a Variable by the complex step, to a few rounding errors."""
    z = (x + 1j * STEP * direction).view(HolomorphicArray)
    return float(np.asarray(on_arrays(f)(z)).imag) / STEP


def agrees(f, x: np.ndarray, operations: float, reference=None, seed: int = 0) -> None:
    """Check the gradient along random directions and every coordinate that it has up to 30.

    The tolerance: `operations` rounding errors of the sum of the sizes of the terms, |g|·|direction|, and of the
    largest part of the gradient (inside f terms may cancel).
    """
    g = gradient_of(f)(x)
    assert (g.shape, g.dtype) == (x.shape, x.dtype)
    rng = np.random.default_rng(seed)
    directions = [rng.normal(size=x.shape) for _ in range(3)]
    directions += [np.eye(x.size)[i].reshape(x.shape) for i in range(min(x.size, 30))]
    largest = float(np.abs(g).max())
    for d in directions:
        scale = float(np.sum(np.abs(g * d))) + largest * float(np.abs(d).max())
        assert abs(float(np.sum(g * d)) - directional(reference or f, x, d)) <= operations * U * scale


def sample(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).uniform(0.25, 1.75, shape)


def weighted(y: Variable) -> Variable:
    """Return a scalar in which every element of an array counts differently."""
    return (y * np.linspace(0.5, 2, y.size).reshape(y.shape)).sum()


# --- each function ---------------------------------------------------------------------------------

ARRAY_FUNCTIONS = {
    "sum": Sum(),
    "sum 0": Sum(0),
    "sum -1": Sum(-1),
    "sum (0, 2)": Sum((0, 2)),
    "sum kept": Sum(1, True),
    "mean": Mean(),
    "mean 1": Mean(1),
    "mean (0, -1) kept": Mean((0, -1), keepdims=True),
    "reshape": Reshape((4, -1)),
    "flat": Reshape(-1),
    "transpose": Transpose(),
    "permuted": Transpose((2, 0, 1)),
    "permuted from the end": Transpose((-2, -1, 0)),
    "broadcast": BroadcastTo((5, 2, 3, 4)),
    "logsumexp": LogSumExp(),
    "logsumexp 1": LogSumExp(1),
    "logsumexp (0, 2) kept": LogSumExp((0, 2), keepdims=True),
    "slice": GetItem(np.s_[:, 1:, ::2]),
    "element": GetItem((1, 2, 3)),
    "negative steps": GetItem(np.s_[::-1, ..., 0]),
    "new axis": GetItem(np.s_[:, None, 1]),
    "integers": GetItem(np.array([0, 1, 1, 0, 1])),
    "pairs": GetItem((np.array([0, 1, 1]), np.array([2, 0, 0]))),
    "a list": GetItem([1, 1]),
    "mask": GetItem(np.arange(24).reshape(2, 3, 4) % 3 == 0),
}


@pytest.mark.parametrize("function", ARRAY_FUNCTIONS.values(), ids=ARRAY_FUNCTIONS)
def test_functions_of_an_array_have_the_gradient_of_the_complex_step(function):
    agrees(lambda v: weighted(function(Exp()(v))), sample(2, 3, 4), operations=32)


@pytest.mark.parametrize("function", ARRAY_FUNCTIONS.values(), ids=ARRAY_FUNCTIONS)
@each_format
def test_functions_of_an_array_keep_the_dtype_of_values_and_gradients(function, fmt):
    x = Variable(fmt.as_array(sample(2, 3, 4)))
    y = function(x)
    y.backward(np.ones_like(y.data))
    assert y.dtype == x.grad.dtype == fmt.dtype
    assert x.grad.shape == x.shape
    assert type(x.grad) is np.ndarray


SHAPES = [((4,), (4,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((1, 1), (1, 1)), ((5, 2, 3), (5, 3, 4))]
SHAPES += [((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((6, 1, 2, 3), (5, 3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2))]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_products_of_all_shapes_have_the_gradient_of_the_complex_step(shapes):
    left, right = (sample(*shape) for shape in shapes)
    assert (Variable(left) @ Variable(right)).data.tolist() == np.matmul(left, right).tolist()
    agrees(lambda v: weighted(Exp()(v) @ right), left, operations=64)
    agrees(lambda v: weighted(left @ Exp()(v)), right, operations=64)


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@each_format
def test_products_keep_the_dtype_on_both_sides(shapes, fmt):
    left, right = (Variable(fmt.as_array(sample(*shape))) for shape in shapes)
    y = left @ right
    y.sum().backward()
    assert y.dtype == left.grad.dtype == right.grad.dtype == fmt.dtype
    assert (left.grad.shape, right.grad.shape) == shapes


def test_a_matrix_times_itself_gets_both_gradients():
    agrees(lambda v: weighted(v @ v), sample(3, 3), operations=32)
    agrees(lambda v: weighted(v.T @ v), sample(4, 3), operations=32)


def test_repeated_indices_accumulate():
    x = Variable(np.arange(3.0))
    x[np.array([0, 2, 0, 0])].backward(np.array([1.0, 10.0, 100.0, 1000.0]))
    assert x.grad.tolist() == [1101, 0, 10]


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_narrow_formats_accumulate_in_float32_and_round_once(name):
    fmt = FORMATS[name]
    n = 3000
    ones = Variable(np.ones((n, 2), fmt.dtype))
    exact = fmt.lift(fmt.round(n))
    for y in (ones.sum(axis=0), ones.T.sum(axis=1), np.ones(n, fmt.dtype) @ ones):
        assert y.dtype == fmt.dtype
        assert [fmt.lift(value) for value in y.data] == [exact, exact]
    assert fmt.lift(ones.mean().data) == 1
    x = Variable(np.ones(2, fmt.dtype))
    x[np.zeros(n, int)].sum().backward()
    assert [fmt.lift(value) for value in x.grad] == [exact, 0]


def test_the_mean_of_float16_numbers_exists_where_their_sum_and_number_do_not():
    x = Variable(np.full(100_000, 2.0, np.float16))
    y = x.mean()
    y.backward(2.0**10)
    assert y.data == 2
    exact = 2.0**10 / 100_000
    assert (abs(x.grad.astype(float) - exact) <= 2.0**-11 * exact).all()


def test_logsumexp_neither_overflows_nor_loses_the_softmax():
    x = Variable(np.array([1000.0, 1000.0, -1000.0]))
    y = LogSumExp()(x)
    y.backward()
    assert y.data == pytest.approx(1000 + np.log(2), rel=4 * U)
    assert x.grad.tolist() == [0.5, 0.5, 0.0]
    assert LogSumExp()(Variable(np.array([-np.inf, 0.0]))).data == 0
    with pytest.warns(RuntimeWarning, match="divide by zero"):  # the logarithm of an empty sum
        assert LogSumExp()(Variable(np.array([-np.inf]))).data == -np.inf


def test_maximum_gives_the_gradient_to_the_larger_and_halves_it_in_a_tie():
    a, b = Variable(np.array([1.0, 2.0, 3.0])), Variable(np.array([2.0, 2.0, 2.0]))
    y = Maximum()(a, b)
    y.backward(np.array([1.0, 10.0, 100.0]))
    assert y.data.tolist() == [2, 2, 3]
    assert (a.grad.tolist(), b.grad.tolist()) == ([0, 5, 100], [1, 5, 0])


# --- the operators ---------------------------------------------------------------------------------


def test_operators_on_whole_arrays_are_numpys():
    data = sample(2, 3, 4)
    v = Variable(data)
    pairs = [
        (v.sum(), data.sum()),
        (v.sum(1, keepdims=True), data.sum(1, keepdims=True)),
        (v.mean(-1), data.mean(-1)),
        (v.reshape(6, 4), data.reshape(6, 4)),
        (v.reshape((6, 4)), data.reshape(6, 4)),
        (v.reshape(-1), data.ravel()),
        (v.T, data.T),
        (v.transpose((1, 0, 2)), data.transpose(1, 0, 2)),
        (v[1, ::2], data[1, ::2]),
        (v @ data.transpose(0, 2, 1), data @ data.transpose(0, 2, 1)),
        (data[0].T @ v, data[0].T @ data),
    ]
    for got, expected in pairs:
        assert isinstance(got, Variable)
        assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(got.data, expected, rtol=16 * U)


def test_iteration_gives_the_elements_of_the_first_axis_as_variables():
    x = Variable(np.array([1.0, 2.0]))
    a, b = x
    (a * b).backward()
    assert x.grad.tolist() == [2, 1]
    with pytest.raises(TypeError, match="unsized"):
        iter(Variable(np.array(1.0)))


def test_a_number_is_no_factor_of_a_matrix_product():
    with pytest.raises(ValueError, match="matmul"):
        Variable(np.eye(2)) @ 2


# --- random graphs ---------------------------------------------------------------------------------

SMOOTH = (
    *(Sin(), Cos(), StableTanh(), Tanh(), Sigmoid(), Neg()),
    lambda v: v * v,
    lambda v: v * 0.5 + 1,
    lambda v: 1 / (2 + v * v),
    lambda v: Log()(3 + Sin()(v)),
    lambda v: Sqrt()(2 + Cos()(v)),
    lambda v: v.T.T,
    lambda v: v[::-1],
    lambda v: v - v.mean(),
    lambda v: v.reshape(-1, 1).sum(1),
    lambda v: Square()(v) / 4,
    lambda v: v[np.array([0, 0, 1])],
    lambda v: LogSumExp()(v) - v,
    lambda v: (1 + v * v) ** 0.5,
)
JOINING = (
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (2 + b * b),
    lambda a, b: (1.5 + Sin()(a)) ** b,
    lambda a, b: (a.reshape(3, 1) @ b.reshape(1, 3)).sum(0) / 3,
)


@st.composite
def graphs(draw):
    """Return a scalar function of three variables: a random walk in which any node may be used again."""
    choices = draw(
        st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=8)
    )

    def f(v: Variable) -> Variable:
        nodes = [v, Exp()(v * 0.25)]
        for kind, i, j in choices:
            a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
            if kind % 2:
                node = SMOOTH[kind // 2 % len(SMOOTH)](a)
            else:
                node = JOINING[kind // 2 % len(JOINING)](a, b)
            nodes.append(StableTanh()(node))  # nothing grows
        return weighted(nodes[-1]) + nodes[-2].sum() * 0.5

    return f


@settings(max_examples=150, deadline=None)
@given(graphs(), st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_random_graphs_have_the_gradient_of_the_complex_step(f, values):
    x = np.array(values)
    g = gradient_of(f)(x)
    for d in np.eye(3):
        # Ten layers of at most twenty operations; the terms that cancel inside are bounded by |g| + 1.
        assert abs(float(np.sum(g * d)) - directional(f, x, d)) <= 10 * 20 * 8 * U * (1 + float(np.abs(g).max()))


# --- networks --------------------------------------------------------------------------------------

SIZES = (5, 7, 4, 3)
INPUTS = sample(6, 5)
TARGETS = np.eye(3)[[0, 1, 2, 0, 1, 1]]
LABELS = np.array([0, 1, 2, 0, 1, 1])
N = sum(m * k + k for m, k in pairwise(SIZES))
START = np.random.default_rng(3).normal(0, 0.6, N)


def perceptron(theta: Variable, activation: Function, inputs=INPUTS) -> Variable:
    """Return the logits of a multilayer perceptron whose weights and biases are one flat vector."""
    x, begin = inputs, 0
    for layer, (m, k) in enumerate(pairwise(SIZES)):
        weights = theta[begin : begin + m * k].reshape(m, k)
        bias = theta[begin + m * k : begin + m * k + k]
        x = x @ weights + bias
        if layer < len(SIZES) - 2:
            x = activation(x)
        begin += m * k + k
    return x


def squared(logits: Variable) -> Variable:
    return Square()(logits - TARGETS).mean()


def softmax_cross_entropy(logits: Variable) -> Variable:
    return (LogSumExp(axis=1)(logits) - logits[np.arange(len(LABELS)), LABELS]).mean()


def sigmoid_cross_entropy(logits: Variable) -> Variable:
    return SigmoidCrossEntropy(TARGETS)(logits).sum()


def naive_sigmoid_cross_entropy(logits: Variable) -> Variable:
    return (Log()(1 + Exp()(logits)) - TARGETS * logits).sum()


def tanh_network(theta: Variable) -> Variable:
    """At the top of a module, so that it can be pickled."""
    return squared(perceptron(theta, StableTanh()))


LOSSES = {
    "squared": (squared, squared),
    "softmax": (softmax_cross_entropy, softmax_cross_entropy),
    "sigmoid": (sigmoid_cross_entropy, naive_sigmoid_cross_entropy),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize(
    "activation",
    [(Tanh(), Tanh()), (StableTanh(), StableTanh()), (Sigmoid(), Sigmoid()), (StableSigmoid(), Sigmoid())],
    ids=str,
)
def test_networks_have_the_gradient_of_the_complex_step(loss, activation):
    (ours, analytic), (function, analytic_activation) = loss, activation
    # Along one path: 3 layers with sums of at most 7 products, and 18 terms of the loss, on both sides.
    agrees(
        lambda v: ours(perceptron(v, function)),
        START,
        2 * (3 * 20 + 18) * 2,
        reference=lambda v: analytic(perceptron(v, analytic_activation)),
    )


@pytest.mark.parametrize("loss", [squared, softmax_cross_entropy])
@each_format
def test_networks_have_gradients_in_every_format(loss, fmt):
    def f(v: Variable) -> Variable:
        logits = perceptron(v, StableTanh(), fmt.as_array(INPUTS))
        return Square()(logits - fmt.as_array(TARGETS)).mean() if loss is squared else softmax_cross_entropy(logits)

    theta = fmt.as_array(START)
    g = gradient_of(f)(theta)
    assert (g.shape, g.dtype) == (theta.shape, fmt.dtype)
    exact = gradient_of(lambda v: loss(perceptron(v, StableTanh())))(theta.astype(np.float64))
    u = float(fmt.unit_roundoff)
    # The inputs are rounded, and about 50 operations of a path are: against the largest element.
    assert np.abs(g.astype(np.float64) - exact).max() <= 50 * (u + U) * np.abs(exact).max()


def test_parameters_in_separate_variables_have_the_same_gradients():
    flat = gradient_of(tanh_network)(START)
    begin, x, parts = 0, INPUTS, []
    for layer, (m, k) in enumerate(pairwise(SIZES)):
        weights, bias = START[begin : begin + m * k].reshape(m, k), START[begin + m * k : begin + m * k + k]
        parts += [Variable(weights.copy()), Variable(bias.copy())]
        x = x @ parts[-2] + parts[-1]
        x = StableTanh()(x) if layer < 2 else x
        begin += m * k + k
    squared(x).backward()
    assert np.concatenate([part.grad.ravel() for part in parts]).tolist() == flat.tolist()


def test_descent_trains_a_network():
    theta, gradient, loss = START.copy(), gradient_of(tanh_network), on_arrays(tanh_network)
    before = float(loss(theta))
    for _ in range(200):
        theta -= 0.2 * gradient(theta)
    assert float(loss(theta)) < before / 10


# --- gradient_of -----------------------------------------------------------------------------------


def test_gradient_of_can_be_pickled_and_is_named():
    g = gradient_of(tanh_network)
    copy = pickle.loads(pickle.dumps(g))
    assert copy(START).tolist() == g(START).tolist()
    assert g.__name__ == "gradient_of_tanh_network"
    assert repr(gradient_of(Square())) == "gradient_of(Square())"


def test_gradient_of_leaves_no_gradients_in_other_variables():
    w = Variable(np.array([2.0, 3.0]))
    assert gradient_of(lambda v: (v * w).sum())(np.array([1.0, 1.0])).tolist() == [2, 3]
    assert w.grad is None


def test_gradient_of_returns_an_array_of_ones_own():
    x = np.array([1.0, 2.0])
    x.flags.writeable = False
    for f in (Sum(), lambda v: v[0], lambda v: (v * v).sum()):
        g = gradient_of(f)(x)
        g += 1
        assert not np.shares_memory(g, x)


def test_gradient_of_takes_numbers_as_0d_arrays():
    g = gradient_of(Square())(0.5)
    assert (g, g.shape, g.dtype) == (1.0, (), np.float64)


def test_gradient_of_says_what_it_needs():
    with pytest.raises(TypeError, match="f must be a function of a Variable, got float"):
        gradient_of(0.5)
    with pytest.raises(TypeError, match=r"f must take Variables, got np\.sum|got np\.exp"):
        gradient_of(np.exp)
    with pytest.raises(TypeError, match="x must be floating, got ndarray of dtype int64"):
        gradient_of(Square())(np.array(1))
    with pytest.raises(TypeError, match="f must return a Variable, got"):
        gradient_of(lambda v: v.data)(np.array([1.0]))
    with pytest.raises(ValueError, match=r"f must return a scalar Variable, got one of shape \(2,\)"):
        gradient_of(Square())(np.array([1.0, 2.0]))
    for f in (
        lambda v: Variable(v.data * 2),
        lambda v: Variable(np.array([1.0])) * 2,
        lambda v: Exp()(Variable(v.data)),
    ):
        with pytest.raises(ValueError, match="none leads back to x"):
            gradient_of(f)(np.array([1.0]))


def test_gradient_of_goes_through_the_door_of_every_format():
    # `evaluate` hands out a read-only array, in bfloat16 a view that keeps Python numbers weak.
    for fmt in FORMATS.values():
        x = fmt.as_array([0.5, 0.25])
        y = evaluate(fmt, gradient_of(lambda v: (v * v * 3).sum()), x)
        assert (y.dtype, y.astype(float).tolist()) == (fmt.dtype, [3.0, 1.5])


def test_a_second_derivative_is_the_complex_step_of_a_gradient():
    z = np.array([0.5 + 1j * STEP]).view(HolomorphicArray)
    g = gradient_of(lambda v: (Exp()(v) * Sin()(v)).sum())(z)
    assert float(np.asarray(g).imag[0]) / STEP == pytest.approx(2 * np.exp(0.5) * np.cos(0.5), rel=8 * U)


def test_matrix_product_is_public_as_a_function_too():
    a, b = Variable(sample(2, 3)), Variable(sample(3, 2))
    assert MatMul()(a, b).data.tolist() == (a @ b).data.tolist()
