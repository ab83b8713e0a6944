"""The network whose gradient is to be computed: a perceptron of any size, with one flat vector of parameters."""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from numdiff.autodiff import Square, StableTanh, Variable

SAMPLES = 256
"""How many samples the loss is the mean over."""


def network_of(width: int, layers: int = 1) -> "VariableNetwork":
    """Return a network with as many inputs as units in each hidden layer, and one output; of width 0 a single unit."""
    return VariableNetwork((*[width] * (layers + 1), 1) if width else (1, 1))


@dataclass(frozen=True)
class VariableNetwork:
    """A perceptron with tanh units and no biases, and the mean squared error over some samples as its loss.

        loss(θ) = mean (X_L − T)²,  X_k = tanh(X_(k−1) W_k)

    The parameters θ are the matrices W_k, row by row, one after the other. Calling it gives the loss of a Variable.

    Parameters
    ----------
    sizes : tuple of int
        How many inputs, units of each layer and outputs there are: W_k has ``sizes[k-1]`` rows, ``sizes[k]`` columns.
    """

    sizes: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """The number of parameters."""
        return sum(rows * columns for rows, columns in pairwise(self.sizes))

    @property
    def products(self) -> int:
        """The multiplications of matrix elements in one evaluation: one for each parameter and sample."""
        return SAMPLES * self.parameters

    @property
    def products_back(self) -> int:
        """Those of the backward pass: for the gradient of every matrix, and for that of every input but the samples."""
        return SAMPLES * (2 * self.parameters - self.sizes[0] * self.sizes[1])

    @cached_property
    def samples(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs X₀ and targets T, the same in every run."""
        rng = np.random.default_rng(self.parameters)
        return rng.uniform(-1, 1, (SAMPLES, self.sizes[0])), rng.uniform(-1, 1, (SAMPLES, self.sizes[-1]))

    def start(self) -> np.ndarray:
        """Return parameters to differentiate at: of the size with which tanh neither saturates nor is linear."""
        rng = np.random.default_rng([self.parameters, 1])
        parts = [rng.normal(0, 1 / math.sqrt(rows), rows * columns) for rows, columns in pairwise(self.sizes)]
        return np.concatenate(parts)

    def __call__(self, theta: Variable) -> Variable:
        """Return the loss."""
        inputs, targets = self.samples
        x: Any = inputs
        begin = 0
        for rows, columns in pairwise(self.sizes):
            end = begin + rows * columns
            x = StableTanh()(x @ theta[begin:end].reshape(rows, columns))
            begin = end
        return Square()(x - targets).mean()
