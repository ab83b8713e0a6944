"""Layers and networks: classifiers, normalisation, attention, convolution, pooling, rectifiers."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from experiments.gradient_check.functions.case import WIDE, Data, Drawn, RealisticFunction, joined, mean, number
from numdiff.floats.fixed_order import matrix_product

__all__ = ["FUNCTIONS", "cross_entropy", "normalised", "perceptron", "perceptron_start", "squared_loss"]

Activation = Callable[[np.ndarray], tuple[np.ndarray, Callable[[], np.ndarray]]]
"""z → a(z), and a callable for a′(z)."""


# --- losses and layers ----------------------------------------------------------------------------------


def squared_loss(outputs: np.ndarray, targets: np.ndarray) -> tuple[Any, Callable[[], np.ndarray]]:
    """Return mean (o − t)², and a callable for its derivative with respect to the outputs."""
    off = outputs - targets
    return mean(off * off), lambda: off * number(off, 2 / off.size)


def cross_entropy(z: np.ndarray, targets: np.ndarray) -> tuple[Any, Callable[[], np.ndarray]]:
    """Return the mean over samples of log Σ exp z − z[label], targets one-hot, and a callable for its derivative."""
    top = z.max(axis=-1, keepdims=True)
    powers = np.exp(z - top)
    total = powers.sum(axis=-1, keepdims=True)
    losses = np.log(total) + top - (z * targets).sum(axis=-1, keepdims=True)
    return mean(losses), lambda: (powers / total - targets) / number(z, len(z))


def normalised(x: np.ndarray, axis: int, eps: float = 1e-5) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Return (x − mean)/√(variance + ε) along an axis, and its backward pass."""
    size = number(x, x.shape[axis])

    def average(values: np.ndarray) -> np.ndarray:
        return values.sum(axis=axis, keepdims=True) / size

    centered = x - average(x)
    inverse = number(x, 1) / np.sqrt(average(centered * centered) + number(x, eps))
    y = centered * inverse
    return y, lambda dy: inverse * (dy - average(dy) - y * average(dy * y))


def rectifier(z: np.ndarray) -> tuple[np.ndarray, Callable[[], np.ndarray]]:
    """max(z, 0)."""
    return np.maximum(z, number(z, 0)), lambda: (z > number(z, 0)).astype(z.dtype)


def gelu(z: np.ndarray) -> tuple[np.ndarray, Callable[[], np.ndarray]]:
    """z/2·(1 + tanh(√(2/π)(z + 0.044715 z³))), the form of Hendrycks and Gimpel (arXiv:1606.08415), section 2."""
    half, one, root, cubic = (number(z, c) for c in (0.5, 1, (2 / np.pi) ** 0.5, 0.044715))
    t = np.tanh(root * (z + cubic * z * z * z))
    slope = lambda: half * (one + t) + half * z * (one - t * t) * root * (one + number(z, 3) * cubic * z * z)  # noqa: E731
    return half * z * (one + t), slope


def perceptron(sizes: Sequence[int], activation: Activation) -> Callable[[np.ndarray, Data], Any]:
    """Return the squared loss of a perceptron; its parameters are W and b of each layer, one after the other."""
    shapes = list(pairwise(sizes))

    def run(x: np.ndarray, data: Data) -> tuple[Any, Callable[[], np.ndarray]]:
        start, h, kept = 0, data["inputs"], []
        for number_of, (rows, columns) in enumerate(shapes, start=1):
            weights = x[start : start + rows * columns].reshape(rows, columns)
            start += rows * columns
            z = matrix_product(h, weights) + x[start : start + columns]
            start += columns
            a, slope = activation(z) if number_of < len(shapes) else (z, None)
            kept.append((h, weights, slope))
            h = a
        loss, derivative = squared_loss(h, data["targets"])

        def back() -> np.ndarray:
            delta, parts = derivative(), []
            for inputs, weights, slope in reversed(kept):
                if slope is not None:
                    delta = delta * slope()
                parts += [delta.sum(axis=0), matrix_product(inputs.T, delta)]
                delta = matrix_product(delta, weights.T)
            return joined(*reversed(parts))

        return loss, back

    return run


def perceptron_start(sizes: Sequence[int], samples: int) -> Callable[[np.random.Generator], Drawn]:
    """Return what draws the data and the parameters of a perceptron: weights of variance 2/inputs (He's)."""

    def draw(rng: np.random.Generator) -> Drawn:
        parts = []
        for rows, columns in pairwise(sizes):
            parts += [rng.normal(0, np.sqrt(2 / rows), rows * columns), rng.normal(0.1, 0.1, columns)]
        inputs, targets = rng.normal(size=(samples, sizes[0])), rng.normal(size=(samples, sizes[-1]))
        return np.concatenate(parts), {"inputs": inputs, "targets": targets}

    return draw


# --- the functions --------------------------------------------------------------------------------------


def _classifier(x: np.ndarray, data: Data) -> tuple[Any, Callable[[], np.ndarray]]:
    inputs = data["inputs"]
    loss, derivative = cross_entropy(matrix_product(inputs, x[:12].reshape(4, 3)) + x[12:], data["targets"])

    def back() -> np.ndarray:
        delta = derivative()
        return joined(matrix_product(inputs.T, delta), delta.sum(axis=0))

    return loss, back


def _draw_classifier(rng: np.random.Generator) -> Drawn:
    targets = np.eye(3)[rng.integers(3, size=6)]
    return rng.normal(size=15), {"inputs": rng.normal(size=(6, 4)), "targets": targets}


def _layer_norm(x: np.ndarray, data: Data) -> tuple[Any, Callable[[], np.ndarray]]:
    y, through = normalised(x, 0)
    t = np.tanh(y)
    one = number(x, 1)
    return (data["weights"] * t).sum(), lambda: through(data["weights"] * (one - t * t))


def _draw_layer_norm(rng: np.random.Generator) -> Drawn:
    return 1000 + rng.normal(size=6), {"weights": rng.normal(size=6)}


def _attention(x: np.ndarray, data: Data) -> tuple[Any, Callable[[], np.ndarray]]:
    """Σ over one head: softmax(QKᵀ/√d)·V with Q, K, V = tokens times a matrix each."""
    tokens, scale = data["tokens"], number(x, 0.5**0.5)
    q, k, v = (matrix_product(tokens, x[i : i + 4].reshape(2, 2)) for i in (0, 4, 8))
    scores = matrix_product(q, np.ascontiguousarray(k.T)) * scale
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares = powers / powers.sum(axis=-1, keepdims=True)
    loss, derivative = squared_loss(matrix_product(shares, v), data["targets"])

    def back() -> np.ndarray:
        delta = derivative()
        d_shares = matrix_product(delta, v.T)
        d_scores = shares * (d_shares - (d_shares * shares).sum(axis=-1, keepdims=True)) * scale
        slopes = matrix_product(d_scores, k), matrix_product(d_scores.T, q), matrix_product(shares.T, delta)
        return joined(*(matrix_product(tokens.T, slope) for slope in slopes))

    return loss, back


def _draw_attention(rng: np.random.Generator) -> Drawn:
    return rng.normal(size=12), {"tokens": rng.normal(size=(3, 2)), "targets": rng.normal(size=(3, 2))}


def _windows(signal: np.ndarray) -> np.ndarray:
    """Return the windows of three elements, shape (length − 2, 3)."""
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(signal, 3))


def _convolution(x: np.ndarray, data: Data) -> tuple[Any, Callable[[], np.ndarray]]:
    windows = _windows(data["signal"])
    t = np.tanh(matrix_product(windows, x[:6].reshape(3, 2)) + x[6:])
    loss, derivative = squared_loss(t, data["targets"])

    def back() -> np.ndarray:
        delta = derivative() * (number(x, 1) - t * t)
        return joined(matrix_product(windows.T, delta), delta.sum(axis=0))

    return loss, back


def _draw_convolution(rng: np.random.Generator) -> Drawn:
    return rng.normal(0, 0.6, 8), {"signal": rng.normal(size=10), "targets": rng.uniform(-1, 1, (8, 2))}


def _max_pool(x: np.ndarray, data: Data) -> tuple[Any, Callable[[], np.ndarray]]:
    windows = _windows(data["signal"])
    z = (matrix_product(windows, x[:6].reshape(3, 2)) + x[6:]).reshape(4, 2, 2)
    top = z.max(axis=1)
    loss, derivative = squared_loss(top, data["targets"])

    def back() -> np.ndarray:
        first = z[:, 0] >= z[:, 1]  # of equal ones the first gets the gradient
        chosen = np.stack([first, ~first], axis=1).astype(z.dtype)
        delta = (chosen * derivative()[:, None]).reshape(8, 2)
        return joined(matrix_product(windows.T, delta), delta.sum(axis=0))

    return loss, back


def _draw_max_pool(rng: np.random.Generator) -> Drawn:
    return rng.normal(size=8), {"signal": rng.normal(size=10), "targets": rng.normal(size=(4, 2))}


def _rectified(name: str, sizes: tuple[int, ...], samples: int) -> RealisticFunction:
    layers = len(sizes) - 2
    text = f"A network of {layers} hidden layer{'s' * (layers > 1)} of ReLU units, squared loss"
    run = perceptron(sizes, rectifier)
    return RealisticFunction(name, text, perceptron_start(sizes, samples), run, smooth=False)


FUNCTIONS = (
    RealisticFunction(
        "softmax_cross_entropy", "A linear classifier with softmax and cross-entropy", _draw_classifier, _classifier
    ),
    RealisticFunction(
        "layer_norm_offset", "Layer norm of inputs about 1000, through tanh", _draw_layer_norm, _layer_norm, WIDE
    ),
    RealisticFunction("attention", "One attention head, gradient of its three matrices", _draw_attention, _attention),
    RealisticFunction("convolution", "A convolution with two kernels, tanh", _draw_convolution, _convolution),
    RealisticFunction(
        "max_pool", "A convolution and the larger of each pair of its outputs", _draw_max_pool, _max_pool, smooth=False
    ),
    _rectified("relu_1", (2, 4, 1), 4),
    _rectified("relu_2", (2, 3, 3, 1), 4),
    _rectified("relu_5", (2, 3, 3, 3, 3, 3, 1), 4),
    RealisticFunction(
        "gelu",
        "A network of a hidden layer of GELU units, squared loss",
        perceptron_start((2, 4, 1), 4),
        perceptron((2, 4, 1), gelu),
    ),
)
"""The functions of this module."""
