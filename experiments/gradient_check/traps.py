"""Two traps, measured: what SciPy and JAX see of correct gradients in narrow formats."""

from collections.abc import Iterable
from itertools import product

import numpy as np
import pandas as pd

from experiments.gradient_check.bugs import FORMATS
from experiments.gradient_check.networks import NumpyNetwork
from experiments.gradient_check.rules import JAX_EPS, jax_direction
from experiments.gradient_check.subjects import NETWORKS, SMALL, NetworkCase
from numdiff.floats.fixed_order import dot, norm

__all__ = ["jax_trap", "scipy_trap"]


def scipy_trap(formats: Iterable[str] = FORMATS, networks: Iterable[str] = SMALL, seed: int = 0) -> pd.DataFrame:
    """Return what `scipy.optimize.check_grad` says of correct gradients, beside the norm of the gradient.

    Its step, 1.49e-8, is below the resolution of a narrow format at most parameters: the difference of the values
    is 0 there, and what is returned is (nearly) the norm of the whole gradient.
    """
    from scipy.optimize import approx_fprime, check_grad

    rows = []
    for format_name, name in product(formats, networks):
        network = NumpyNetwork(*NETWORKS[name], seed)
        theta, loss = network.theta(FORMATS[format_name]), NetworkCase(network, format_name).f
        gradient = network.gradient(theta).astype(np.float64)
        value = lambda point, loss=loss: float(loss(point))  # noqa: E731
        numeric = approx_fprime(theta.astype(np.float64), value)
        rows.append(
            {
                "format": format_name,
                "network": name,
                "n": network.n,
                "zeros": int(np.sum(numeric == 0)),
                "returned": float(check_grad(value, lambda point, g=gradient: g, theta.astype(np.float64))),
                "norm": norm(gradient),
            }
        )
    return pd.DataFrame(rows).assign(ratio=lambda table: table["returned"] / table["norm"])


def jax_trap(formats: Iterable[str] = FORMATS, networks: Iterable[str] = SMALL, seed: int = 0) -> pd.DataFrame:
    """Return how many of the coordinates `jax.test_util.check_grads` moves in each format, and the slope it reads."""
    rows = []
    for format_name, name in product(formats, networks):
        network, dtype = NumpyNetwork(*NETWORKS[name], seed), FORMATS[format_name]
        theta, loss = network.theta(dtype), NetworkCase(network, format_name).f
        tangent, _ = jax_direction(theta)
        step = tangent * dtype.type(JAX_EPS)
        slope = (loss(theta + step) - loss(theta - step)) * dtype.type(0.5 / JAX_EPS)
        rows.append(
            {
                "format": format_name,
                "network": name,
                "n": network.n,
                "moved": int(np.sum((theta + step != theta) | (theta - step != theta))),
                "numeric": float(slope),
                "claimed": float(dot(tangent.astype(np.float64), network.gradient(theta).astype(np.float64))),
            }
        )
    return pd.DataFrame(rows)
