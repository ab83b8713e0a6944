"""Multilayer perceptrons in plain NumPy, with back-propagation written by hand and the mistakes made in such code.

A network is data (inputs and targets) and the shape of its layers; its parameters are one flat vector θ, layer by
layer, the weights W (rows: inputs) before the bias b:

    h₀ = inputs,   zₖ = hₖ₋₁ Wₖ + bₖ,   hₖ = a(zₖ)   (the last layer is linear: h = z)
    squared loss        (1/B) Σ_samples Σ_outputs (z − t)²
    cross-entropy loss  (1/B) Σ_samples (log Σ exp z − z[label])

Everything stays in the format of θ: a sum or a product of matrices is accumulated in at least float32 and rounded
once, and every other operation is rounded. Products are summed from left to right, whatever the machine (see
`numdiff.floats.fixed_order`), and the elementary functions are correctly rounded: losses, gradients and what checkers
make of them are the same on every machine.
"""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import ml_dtypes
import numpy as np

from numdiff.arithmetic.correct_rounding import correctly_rounded
from numdiff.floats.fixed_order import matrix_product
from numdiff.floats.formats import format_of

NARROW = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))
"""The formats whose sums are accumulated in float32."""
ACTIVATIONS = ("tanh", "sigmoid")
LOSSES = ("squared", "cross_entropy")
LEARNING_RATE = 0.0625
"""The step of gradient descent that separates stale activations from fresh ones."""


class Mistake(StrEnum):
    """A mistake in a back-propagation, made where it is made in real code."""

    SIGN = "sign"
    FACTOR_TWO = "factor_two"
    BATCH_MEAN = "batch_mean"
    TARGET_IN_ONE_CLASS = "target_in_one_class"
    TRANSPOSED = "transposed"
    CHAIN_FACTOR = "chain_factor"
    PRE_ACTIVATION = "pre_activation"
    STALE_ACTIVATION = "stale_activation"
    NEGATIVE_INPUTS = "negative_inputs"
    WRONG_AXIS = "wrong_axis"
    DROPPED_BIAS = "dropped_bias"
    LAST_SAMPLE = "last_sample"
    OFF_BY_ONE = "off_by_one"


@dataclass(frozen=True)
class Layer:
    """Where a layer lies in θ: the ends of its weights and of its bias, and the shape of its weights."""

    start: int
    shape: tuple[int, int]

    @property
    def middle(self) -> int:
        """The place of the first bias."""
        return self.start + self.shape[0] * self.shape[1]

    @property
    def stop(self) -> int:
        """The place after the last bias."""
        return self.middle + self.shape[1]


def total(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the sum along an axis, accumulated in at least float32 and rounded once."""
    if values.dtype in NARROW:
        return np.add.reduce(values.astype(np.float32), axis=axis).astype(values.dtype)
    return np.add.reduce(values, axis=axis)


def elementary(name: str, x: np.ndarray) -> np.ndarray:
    """Return an elementary function of an array, correctly rounded; of complex numbers it is the platform's."""
    if x.dtype.kind == "c":
        return np.asarray(getattr(np, name)(x))
    return correctly_rounded(name, format_of(x), [x])


@dataclass(frozen=True, eq=False)
class NumpyNetwork:
    """A multilayer perceptron with its data.

    Parameters
    ----------
    sizes : tuple of int
        Numbers of units, the inputs first and the outputs last; at least two.
    activation : {"tanh", "sigmoid"}
        Of the hidden layers.
    loss_name : {"squared", "cross_entropy"}
        Cross-entropy is that of the softmax of the outputs.
    batch : int
        Number of samples.
    seed : int
        Of `numpy.random.default_rng`, from which data and parameters are drawn.
    data : tuple of ndarray, optional
        Inputs (batch, sizes[0]) and targets (batch, sizes[-1]; one-hot for cross-entropy) in float64; by default
        they are drawn.

    Raises
    ------
    ValueError
        If a name is unknown, or a number of units or samples is not positive.
    """

    sizes: tuple[int, ...]
    activation: str
    loss_name: str
    batch: int
    seed: int
    data: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False)
    _rounded: dict[np.dtype, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {self.activation!r}")
        if self.loss_name not in LOSSES:
            raise ValueError(f"loss_name must be one of {', '.join(LOSSES)}, got {self.loss_name!r}")
        if len(self.sizes) < 2 or min(self.sizes) < 1 or self.batch < 1:
            raise ValueError(
                f"sizes must be two or more positive numbers and batch positive, got {self.sizes}, {self.batch}"
            )

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Where the layers lie in θ."""
        found: list[Layer] = []
        for shape in zip(self.sizes, self.sizes[1:], strict=False):
            found.append(Layer(found[-1].stop if found else 0, shape))
        return tuple(found)

    @property
    def n(self) -> int:
        """The number of parameters."""
        return self.layers[-1].stop

    @cached_property
    def _drawn(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Parameters, inputs and targets as they were drawn, in float64.

        Weights have variance 1/inputs (LeCun's), so that no unit saturates; every class has a sample where there
        are samples enough.
        """
        rng = np.random.default_rng(self.seed)
        theta = np.empty(self.n)
        for layer in self.layers:
            theta[layer.start : layer.middle] = rng.normal(0, 1 / math.sqrt(layer.shape[0]), layer.middle - layer.start)
            theta[layer.middle : layer.stop] = rng.normal(0, 0.5, layer.stop - layer.middle)
        inputs = rng.normal(size=(self.batch, self.sizes[0]))
        if self.loss_name == "squared":
            return theta, inputs, rng.normal(size=(self.batch, self.sizes[-1]))
        labels = rng.permutation(np.arange(self.batch) % self.sizes[-1])
        return theta, inputs, np.eye(self.sizes[-1])[labels]

    def theta(self, dtype: Any = np.float64) -> np.ndarray:
        """Return the parameters that were drawn, rounded to a format."""
        return self._drawn[0].astype(dtype)

    def samples(self, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs and targets, rounded to a format."""
        dtype = np.dtype(dtype)
        if dtype not in self._rounded:
            inputs, targets = self._drawn[1:] if self.data is None else self.data
            self._rounded[dtype] = (inputs.astype(dtype), targets.astype(dtype))
        return self._rounded[dtype]

    def rounded(self, dtype: Any) -> "NumpyNetwork":
        """Return the network with the data that a format holds: what a wider format has to be compared with."""
        inputs, targets = self.samples(dtype)
        data = (inputs.astype(np.float64), targets.astype(np.float64))
        return NumpyNetwork(self.sizes, self.activation, self.loss_name, self.batch, self.seed, data)

    # --- forward -----------------------------------------------------------------------------------

    def loss(self, theta: np.ndarray) -> Any:
        """Return the loss at θ, a scalar in the format of θ, shape (n,)."""
        return self.losses(theta)[()]

    def losses(self, thetas: np.ndarray) -> np.ndarray:
        """Return the losses at many θ: (…, n) → (…), in the format of θ."""
        outputs, (_, targets) = self._forward(thetas)[0][-1], self.samples(thetas.dtype)
        one = thetas.dtype.type
        if self.loss_name == "squared":
            terms = outputs - targets
            terms *= terms
            terms = terms.reshape(*terms.shape[:-2], -1)
        else:
            shifted = outputs - np.maximum.reduce(outputs.real, axis=-1, keepdims=True)
            chosen = total(shifted * targets, -1)
            terms = elementary("log", total(elementary("exp", shifted), -1)) - chosen
        return total(terms, -1) / one(self.batch)

    def _forward(self, thetas: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return z and h of every layer; h starts with the inputs and has no entry for the linear last layer."""
        held = [self.samples(thetas.dtype)[0]]
        before: list[np.ndarray] = []
        lead = thetas.shape[:-1]
        for layer in self.layers:
            weights = thetas[..., layer.start : layer.middle].reshape(*lead, *layer.shape)
            z = matrix_product(held[-1], weights)
            z += thetas[..., None, layer.middle : layer.stop]
            before.append(z)
            if len(before) < len(self.layers):
                held.append(self._activate(z))
        return before, held

    def _activate(self, z: np.ndarray) -> np.ndarray:
        if self.activation == "tanh":
            return elementary("tanh", z)
        one = z.dtype.type(1)
        return one / (one + elementary("exp", -z))

    # --- backward ----------------------------------------------------------------------------------

    def gradient(self, theta: np.ndarray, mistake: Mistake | None = None) -> np.ndarray:
        """Return the gradient of the loss at θ by back-propagation, shape (n,), in the format of θ.

        Parameters
        ----------
        theta : ndarray of shape (n,)
        mistake : Mistake, optional
            A mistake to make on the way. It changes nothing where its place does not exist: see `has_place`.
        """
        before, held = self._forward(theta)
        # The caches of the step before, not refreshed.
        used = self._forward(self._previous(theta))[1] if mistake is Mistake.STALE_ACTIVATION else held
        result = np.zeros_like(theta)
        delta = self._output_delta(before[-1], mistake)
        for k in range(len(self.layers) - 1, -1, -1):
            layer = self.layers[k]
            result[layer.start : layer.middle] = matrix_product(used[k].T, delta).ravel()
            self._put_bias(result, layer, delta, mistake)
            if k:
                weights = theta[layer.start : layer.middle].reshape(layer.shape)
                square = layer.shape[0] == layer.shape[1]
                delta = matrix_product(delta, weights if mistake is Mistake.TRANSPOSED and square else weights.T)
                if mistake is not Mistake.CHAIN_FACTOR:
                    delta *= self._slope(before[k - 1], held[k], mistake)
        return result

    def has_place(self, mistake: Mistake) -> bool:
        """Whether the network has the place in which the mistake is made, in a form that raises no error."""
        hidden = len(self.sizes) > 2
        inner = zip(self.sizes[1:-1], self.sizes[2:], strict=False)
        return {
            Mistake.FACTOR_TWO: self.loss_name == "squared",
            Mistake.TARGET_IN_ONE_CLASS: self.loss_name == "cross_entropy",
            Mistake.BATCH_MEAN: self.batch > 1,
            Mistake.LAST_SAMPLE: self.batch > 1,
            Mistake.WRONG_AXIS: self.batch in self.sizes[1:] and self.batch > 1,
            Mistake.TRANSPOSED: any(a == b > 1 for a, b in inner),
            Mistake.CHAIN_FACTOR: hidden,
            Mistake.PRE_ACTIVATION: hidden,
            Mistake.STALE_ACTIVATION: hidden,
            Mistake.NEGATIVE_INPUTS: hidden,
        }.get(mistake, True)

    def _output_delta(self, z: np.ndarray, mistake: Mistake | None) -> np.ndarray:
        """Return the derivative of the loss with respect to the outputs, shape (batch, outputs)."""
        targets, number = self.samples(z.dtype)[1], z.dtype.type
        if self.loss_name == "squared":
            delta = z - targets
            if mistake is not Mistake.FACTOR_TWO:
                delta *= number(2)
        else:
            shares = elementary("exp", z - np.maximum.reduce(z, axis=-1, keepdims=True))
            delta = shares / total(shares, -1)[:, None]
            if mistake is Mistake.TARGET_IN_ONE_CLASS:
                delta[:, 1:] -= targets[:, 1:]
            else:
                delta -= targets
        if mistake is Mistake.SIGN:
            delta = -delta  # target − output
        if mistake is not Mistake.BATCH_MEAN:
            delta /= number(self.batch)
        return delta

    def _slope(self, z: np.ndarray, h: np.ndarray, mistake: Mistake | None) -> np.ndarray:
        """Return the derivative of the activation, from its value h = a(z)."""
        one = z.dtype.type(1)
        if mistake is Mistake.PRE_ACTIVATION:
            h = z
        if self.activation == "tanh":
            # h·|h| in place of h² is right where h is positive.
            return one - h * (np.abs(h) if mistake is Mistake.NEGATIVE_INPUTS else h)
        slope = h * (one - h)
        # A stable sigmoid has two branches; the one of negative inputs keeps the quotient and forgets its factor.
        return np.where(z < 0, h, slope) if mistake is Mistake.NEGATIVE_INPUTS else slope

    def _put_bias(self, result: np.ndarray, layer: Layer, delta: np.ndarray, mistake: Mistake | None) -> None:
        """Write the gradient of a bias into its place."""
        first = layer.start == 0
        if mistake is Mistake.DROPPED_BIAS and first:
            return
        start = layer.middle
        values = total(delta, 0)
        if mistake is Mistake.WRONG_AXIS and layer.shape[1] == self.batch:
            values = total(delta, 1)
        elif mistake is Mistake.LAST_SAMPLE:
            values = delta[-1]  # assigned in a loop over the samples, where it ought to be added
        elif mistake is Mistake.OFF_BY_ONE and first:
            start -= 1
        result[start : start + values.size] = values

    def _previous(self, theta: np.ndarray) -> np.ndarray:
        """Return parameters from which a step of gradient descent has led to about θ."""
        return theta + self.gradient(theta) * theta.dtype.type(LEARNING_RATE)
