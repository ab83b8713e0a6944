"""A catalogue of wrong gradients: the mistakes that people make in back-propagation, and errors of known size.

Where a mistake has been made in public, `source` says in which thread it is described. A bug is compared with the
correct gradient in the same format; where that is the same array (an error of 1e-8 in float16 rounds away, two
swapped elements are equal), it is no bug there, and `deviation` is 0.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from experiments.gradient_check.networks import Mistake, NumpyNetwork
from numdiff.floats import formats
from numdiff.floats.fixed_order import norm
from numdiff.registry import Registry

SIZES = tuple(float(f"1e-{k}") for k in range(1, 9))
"""Relative errors, from 1e-1 down to 1e-8."""
CONTESTED = ("narrower_format",)
"""Mistakes that are counted apart: a gradient computed in a narrower format is correct to that format."""
MANY = 10_000
"""So many parameters are needed to have one wrong in ten thousand."""
NARROWER: dict[np.dtype, np.dtype] = {
    np.dtype(np.longdouble): np.dtype(np.float64),
    np.dtype(np.float64): np.dtype(np.float32),
    np.dtype(np.float32): np.dtype(np.float16),
}
"""The format in which a gradient is computed by mistake."""

Wrong = Callable[[NumpyNetwork, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Bug:
    """A way of getting a gradient wrong.

    Parameters
    ----------
    name : str
    kind : {"mistake", "relative", "coordinate"}
        A mistake in the code, or an error of known relative size in the whole gradient or in one coordinate.
    description : str
        What is wrong, in one line.
    wrong : callable
        (network, θ) → the wrong gradient, in the format of θ.
    fits : callable
        (network, dtype) → whether the network has the place for it.
    size : float or None
        The relative error that was put in, for the kinds that have one.
    source : str
        Where it happened, with the address of the thread.
    """

    name: str
    kind: str
    description: str
    wrong: Wrong
    fits: Callable[[NumpyNetwork, np.dtype], bool]
    size: float | None = None
    source: str = ""


def deviation(wrong: np.ndarray, right: np.ndarray) -> float:
    """Return ‖wrong − right‖ / ‖right‖, formed in float64; where `right` is 0, 0 if `wrong` is too, else infinity."""
    exact = right.astype(np.float64)
    distance, size = norm(wrong.astype(np.float64) - exact), norm(exact)
    return distance / size if size else math.inf * distance if distance else 0.0


def injected(kind: Mistake, description: str, source: str = "") -> Bug:
    """Return the bug of a mistake in the code of `NumpyNetwork.gradient`."""
    return Bug(
        kind.value,
        "mistake",
        description,
        lambda network, theta: network.gradient(theta, kind),
        lambda network, dtype: network.has_place(kind),
        source=source,
    )


def scaled(size: float) -> Bug:
    """Return the bug of a relative error in the whole gradient."""

    def wrong(network: NumpyNetwork, theta: np.ndarray) -> np.ndarray:
        return (network.gradient(theta).astype(np.float64) * (1 + size)).astype(theta.dtype)

    return Bug(f"relative_{size:.0e}", "relative", f"Everything times 1 + {size:.0e}.", wrong, anywhere, size)


def one_coordinate(size: float) -> Bug:
    """Return the bug of a relative error in the largest element of the gradient."""

    def wrong(network: NumpyNetwork, theta: np.ndarray) -> np.ndarray:
        gradient = network.gradient(theta)
        i = int(np.argmax(np.abs(gradient.astype(np.float64))))
        gradient[i] = (gradient[i : i + 1].astype(np.float64) * (1 + size)).astype(theta.dtype)[0]
        return gradient

    description = f"The largest element times 1 + {size:.0e}."
    return Bug(f"coordinate_{size:.0e}", "coordinate", description, wrong, anywhere, size)


def anywhere(network: NumpyNetwork, dtype: np.dtype) -> bool:
    """Return that a bug fits every network."""
    return True


def swapped(network: NumpyNetwork, theta: np.ndarray) -> np.ndarray:
    """Return the gradient with its first two elements in each other's place."""
    gradient = network.gradient(theta)
    gradient[[0, 1]] = gradient[[1, 0]]
    return gradient


def one_in_many(network: NumpyNetwork, theta: np.ndarray) -> np.ndarray:
    """Return the gradient with the sign of its element of median size turned: neither the easiest nor the hardest."""
    gradient = network.gradient(theta)
    i = int(np.argsort(np.abs(gradient.astype(np.float64)), kind="stable")[network.n // 2])
    gradient[i] = -gradient[i]
    return gradient


def narrower(network: NumpyNetwork, theta: np.ndarray) -> np.ndarray:
    """Return the gradient that was computed in a narrower format."""
    return network.gradient(theta.astype(NARROWER[theta.dtype])).astype(theta.dtype)


MISTAKES = (
    injected(
        Mistake.SIGN,
        "Target minus output in place of output minus target.",
        "a minus became a plus in the backward pass of a dice loss: https://github.com/milesial/Pytorch-UNet/issues/35",
    ),
    injected(
        Mistake.FACTOR_TWO,
        "The 2 of the derivative of a square is missing.",
        "the 2 in the derivative of a Barlow Twins loss: https://github.com/davisking/dlib/pull/2518",
    ),
    injected(
        Mistake.BATCH_MEAN,
        "The loss is a mean over the samples, its gradient a sum.",
        "a center loss divides by the batch, its gradient did not: "
        "https://github.com/jxgu1016/MNIST_center_loss_pytorch/issues/9",
    ),
    injected(
        Mistake.TARGET_IN_ONE_CLASS,
        "Softmax without the target subtracted in the first class.",
        "a softmax loss left a gradient at the elements of one label, the ignored one: "
        "https://github.com/PaddlePaddle/Paddle/pull/28622",
    ),
    injected(
        Mistake.TRANSPOSED,
        "W in place of its transpose, in a square layer, where no shape complains.",
        "weight gradients transposed in the wrong order: https://github.com/nntrainer/nntrainer/issues/705",
    ),
    injected(
        Mistake.CHAIN_FACTOR,
        "The derivative of the activation is missing in the chain.",
        "the derivative of a sigmoid is missing: https://github.com/Bot-Academy/NeuralNetworkFromScratch/pull/3",
    ),
    injected(
        Mistake.PRE_ACTIVATION,
        "The derivative is taken from z where its formula wants a(z).",
        "the other way round, a(z) where the formula wants z: https://github.com/benoitfragit/libBrain/issues/78",
    ),
    injected(
        Mistake.STALE_ACTIVATION,
        "Activations cached before the last step of gradient descent.",
        "deltas computed with weights that were updated in between: "
        "https://github.com/joelgrus/data-science-from-scratch/issues/31",
    ),
    injected(
        Mistake.NEGATIVE_INPUTS,
        "The derivative of the activation is right for positive inputs only.",
        "an exponential linear unit, wrong for x < 0: https://github.com/apache/mxnet/pull/1265",
    ),
    injected(
        Mistake.WRONG_AXIS,
        "The gradient of a bias is summed over the units, where both axes have the same length.",
        "a bias gradient summed over the axes of another memory layout: "
        "https://github.com/deeplearning4j/deeplearning4j/issues/8280",
    ),
    injected(
        Mistake.DROPPED_BIAS,
        "The gradient of the first bias is never written and stays 0.",
        "the gradient of a bias was always 0: https://github.com/OpenANN/OpenANN/issues/76",
    ),
    injected(
        Mistake.LAST_SAMPLE,
        "The gradient of a bias is assigned sample by sample, where it ought to be added.",
        "gradients of a shared parameter assigned in place of accumulated: "
        "https://github.com/NVIDIA/TransformerEngine/pull/3552",
    ),
    injected(
        Mistake.OFF_BY_ONE,
        "The gradient of the first bias is written one place too early.",
        "a wrong index in the backward pass of a convolution: https://github.com/NervanaSystems/neon/issues/111",
    ),
    Bug(
        "swapped",
        "mistake",
        "The first two elements stand in each other's place.",
        swapped,
        anywhere,
        source="two partial derivatives switched: https://github.com/openturns/openturns/issues/1556",
    ),
    Bug(
        "narrower_format",
        "mistake",
        "Computed in the next narrower format (float32 for float64, float16 for float32).",
        narrower,
        lambda network, dtype: dtype in NARROWER,
        source="a float64 pooling whose precision was that of float32: https://github.com/chainer/chainer/pull/7922",
    ),
    Bug(
        "one_in_ten_thousand",
        "mistake",
        "The element of median size has the wrong sign, among ten thousand.",
        one_in_many,
        lambda network, dtype: network.n >= MANY,
    ),
)
"""The mistakes, each as it is made in code."""

BUGS: Registry[Bug] = Registry("bug", [*MISTAKES, *map(scaled, SIZES), *map(one_coordinate, SIZES)])
"""All of them."""

FORMATS = {name: formats.FORMATS[name].dtype for name in ("bfloat16", "float16", "float32", "float64")}
"""The formats of the trials, narrow ones first."""
