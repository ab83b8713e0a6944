"""The networks compute what they say, in the format they say, and their mistakes are mistakes."""

import itertools

import ml_dtypes
import numpy as np
import pytest

from experiments.gradient_check.networks import ACTIVATIONS, LOSSES, Mistake, NumpyNetwork, total
from numdiff.floats.fixed_order import matrix_product

FORMATS = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "float32": np.float32, "float64": np.float64}
KINDS = list(itertools.product(ACTIVATIONS, LOSSES))
SHAPES = ((3, 2), (3, 4, 2), (4, 5, 5, 3), (3, 6, 6, 6, 2))


def unit_roundoff(dtype):
    return float(ml_dtypes.finfo(dtype).eps) / 2


def network(kind, sizes=(4, 5, 5, 3), batch=5, seed=1):
    return NumpyNetwork(sizes, *kind, batch, seed)


def complex_step(net, theta):
    points = theta.astype(complex) + 1e-100j * np.eye(net.n)
    return np.array([net.loss(point).imag / 1e-100 for point in points])


def by_hand(net, theta):
    """The loss in Python floats, sample by sample."""
    inputs, targets = net.samples(np.float64)
    activate = {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z))}[net.activation]
    losses = []
    for x, t in zip(inputs, targets, strict=True):
        h, place = list(x), 0
        for k, (rows, columns) in enumerate(itertools.pairwise(net.sizes)):
            w, b = place, place + rows * columns
            z = [sum(h[i] * theta[w + i * columns + j] for i in range(rows)) + theta[b + j] for j in range(columns)]
            h = z if k == len(net.sizes) - 2 else [activate(v) for v in z]
            place = b + columns
        if net.loss_name == "squared":
            losses.append(sum((a - b) ** 2 for a, b in zip(h, t, strict=True)))
        else:
            losses.append(np.log(sum(np.exp(h))) - h[int(np.argmax(t))])
    return sum(losses) / len(losses)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", SHAPES)
def test_loss_is_the_formula(kind, sizes):
    net = network(kind, sizes)
    theta = net.theta()
    assert net.loss(theta) == pytest.approx(by_hand(net, theta), rel=1e-14)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("seed", [0, 1])
def test_gradient_is_that_of_the_complex_step(kind, sizes, seed):
    net = network(kind, sizes, seed=seed)
    theta = net.theta()
    exact = complex_step(net, theta)
    np.testing.assert_allclose(net.gradient(theta), exact, rtol=0, atol=100 * 2**-53 * np.linalg.norm(exact))


def sample_gradients(net, theta):
    """Return the sum of the norms of what the samples contribute to the gradient."""
    inputs, targets = net.samples(np.float64)
    parts = []
    for i in range(net.batch):
        alone = NumpyNetwork(
            net.sizes, net.activation, net.loss_name, 1, net.seed, (inputs[i : i + 1], targets[i : i + 1])
        )
        parts.append(np.linalg.norm(alone.gradient(theta)))
    return sum(parts) / net.batch


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
def test_narrow_gradient_is_within_units_of_the_wide_one(kind, name):
    """Not relative to the gradient, in which the samples may cancel, but to the sum of what they contribute.

    A hidden layer rounds nine times (forward product, bias, up to three times in a sigmoid; backward product, two in
    the slope, its product), the rest seven times, and each rounding moves a contribution by about u at most: 7 u to
    34 u for these shapes if all went one way. They do not: at most 2.1 u over 60 seeds, and twice that is the limit.
    """
    dtype = FORMATS[name]
    for sizes, seed, batch in itertools.product(SHAPES, range(3), (5, 200)):
        net = network(kind, sizes, batch, seed)
        theta = net.theta(dtype)
        wide = net.rounded(dtype)
        exact = wide.gradient(theta.astype(np.float64))
        error = np.linalg.norm(net.gradient(theta).astype(np.float64) - exact)
        assert error <= 4.2 * unit_roundoff(dtype) * sample_gradients(wide, theta.astype(np.float64))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FORMATS)
def test_everything_stays_in_the_format(kind, name):
    net, dtype = network(kind), np.dtype(FORMATS[name])
    theta = net.theta(dtype)
    before, held = net._forward(theta)
    assert {a.dtype for a in (*before, *held, *net.samples(dtype), net.gradient(theta))} == {dtype}
    assert type(net.loss(theta)) is dtype.type
    assert net.losses(theta[None]).dtype == dtype
    for mistake in Mistake:
        assert net.gradient(theta, mistake).dtype == dtype


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FORMATS)
def test_many_losses_are_those_taken_one_by_one(kind, name):
    """The same operations in the same format; how an elementary function is computed may depend on the place."""
    net, dtype = network(kind), FORMATS[name]
    rng = np.random.default_rng(3)
    thetas = (net.theta() + 0.1 * rng.normal(size=(7, net.n))).astype(dtype)
    one_by_one = np.array([net.loss(theta) for theta in thetas], np.float64)
    assert np.abs(net.losses(thetas).astype(np.float64) / one_by_one - 1).max() <= 4 * unit_roundoff(dtype)
    assert net.losses(thetas.reshape(7, 1, -1)).shape == (7, 1)


def test_losses_leave_their_arguments_alone():
    for kind in KINDS:
        net = network(kind)
        theta = net.theta()
        theta.flags.writeable = False
        for array in net.samples(np.float64):
            array.flags.writeable = False
        first = net.loss(theta), net.gradient(theta)
        assert net.loss(theta) == first[0]
        np.testing.assert_array_equal(net.gradient(theta), first[1])


def test_the_same_seed_gives_the_same_network_and_another_one_another():
    one, same, other = (network(KINDS[0], seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.theta(), same.theta())
    np.testing.assert_array_equal(one.samples(np.float64)[0], same.samples(np.float64)[0])
    assert not np.array_equal(one.theta(), other.theta())


def test_every_class_has_a_sample():
    for seed in range(20):
        targets = network(("tanh", "cross_entropy"), seed=seed).samples(np.float64)[1]
        assert (targets.sum(0) >= 1).all()
        assert (targets.sum(1) == 1).all()


def test_sums_of_narrow_formats_are_rounded_once():
    """256 + 1 + … + 1 in bfloat16, whose spacing there is 2: one by one, no 1 would be seen."""
    for dtype, big in ((ml_dtypes.bfloat16, 256), (np.float16, 2048)):
        values = np.array([big] + [1] * 64, dtype)
        assert float(total(values, 0)) == big + 64
        assert float(matrix_product(values[None], np.ones((65, 1), dtype))[0, 0]) == big + 64


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mistake", list(Mistake))
def test_a_mistake_changes_the_gradient_exactly_where_it_has_a_place(kind, mistake):
    for sizes, batch in (((4, 5, 5, 3), 5), ((3, 4, 2), 6), ((3, 2), 1)):
        net = network(kind, sizes, batch)
        theta = net.theta()
        changed = not np.array_equal(net.gradient(theta, mistake), net.gradient(theta))
        assert changed == net.has_place(mistake), (sizes, batch)


def test_every_mistake_has_a_place_somewhere():
    assert all(any(network(kind).has_place(mistake) for kind in KINDS) for mistake in Mistake)


SQUARED, ENTROPY = ("tanh", "squared"), ("tanh", "cross_entropy")


@pytest.mark.parametrize(
    "kind, mistake, factor",
    [
        (SQUARED, Mistake.SIGN, -1),
        (ENTROPY, Mistake.SIGN, -1),
        (SQUARED, Mistake.FACTOR_TWO, 0.5),
        (SQUARED, Mistake.BATCH_MEAN, 4),
        (ENTROPY, Mistake.BATCH_MEAN, 4),
    ],
)
def test_a_mistake_that_scales_scales_by_its_factor(kind, mistake, factor):
    net = network(kind, batch=4)
    theta = net.theta()
    np.testing.assert_array_equal(net.gradient(theta, mistake), factor * net.gradient(theta))


def places_that_change(kind, mistake, sizes=(4, 5, 5, 3)):
    net = network(kind, sizes)
    theta = net.theta()
    return set(np.flatnonzero(net.gradient(theta, mistake) != net.gradient(theta)).tolist())


def test_mistakes_change_their_own_places_only():
    first, second, last = network(SQUARED).layers
    biases = {i for layer in (first, second, last) for i in range(layer.middle, layer.stop)}
    assert places_that_change(SQUARED, Mistake.DROPPED_BIAS) == set(range(first.middle, first.stop))
    assert places_that_change(SQUARED, Mistake.OFF_BY_ONE) == set(range(first.middle - 1, first.stop))
    assert places_that_change(SQUARED, Mistake.LAST_SAMPLE) == biases
    assert places_that_change(SQUARED, Mistake.WRONG_AXIS) == biases - set(range(last.middle, last.stop))
    assert places_that_change(SQUARED, Mistake.TRANSPOSED) == set(range(first.stop))
    assert places_that_change(SQUARED, Mistake.CHAIN_FACTOR) == set(range(second.stop))
    assert places_that_change(SQUARED, Mistake.STALE_ACTIVATION) <= set(range(first.stop, last.stop)) - biases


@pytest.mark.parametrize(
    "arguments, message",
    [
        (((3, 2), "relu", "squared", 4, 0), "activation must be one of tanh, sigmoid, got 'relu'"),
        (((3, 2), "tanh", "absolute", 4, 0), "loss_name must be one of"),
        (((3,), "tanh", "squared", 4, 0), "sizes must be"),
        (((3, 0), "tanh", "squared", 4, 0), "sizes must be"),
        (((3, 2), "tanh", "squared", 0, 0), "sizes must be"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        NumpyNetwork(*arguments)
