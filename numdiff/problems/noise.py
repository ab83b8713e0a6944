"""Noise that is a function of the argument: f·(1 + εξ), with ξ uniform on (−1, 1) and made of the bits of the node.

The noisy function is deterministic, so that it is the same for every method and on every machine that computes the
same f; and it has no structure that a difference could see, for ξ is a hash. Where f is 0 at the point itself, relative
noise would be none: there the noise is absolute, f + εξ.

References
----------
G. L. Steele, D. Lea, C. H. Flood, Fast splittable pseudorandom number generators, OOPSLA 2014, figure 17: the mixing
function, variant 13 of Stafford's, that makes of 64 bits 64 others.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Noisy", "deviation", "uniform"]

_DEVIATION = 1 / math.sqrt(3)
"""The standard deviation of what is uniform on (−1, 1)."""
_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_INCREMENT = np.uint64(0x9E3779B97F4A7C15)


def _mixed(bits: np.ndarray) -> np.ndarray:
    """Return 64 bits mixed so that each depends on all; overflow is meant."""
    z = bits + _INCREMENT
    z = (z ^ (z >> np.uint64(30))) * _MULTIPLIERS[0]
    z = (z ^ (z >> np.uint64(27))) * _MULTIPLIERS[1]
    return z ^ (z >> np.uint64(31))


def uniform(x: np.ndarray) -> np.ndarray:
    """Return for each number of any format one in (−1, 1) that its bits alone decide; +0 and −0 are one number.

    Parameters
    ----------
    x : ndarray of a floating-point format

    Returns
    -------
    ndarray of float64
        Odd multiples of 2⁻⁵².

    Examples
    --------
    >>> import numpy as np
    >>> uniform(np.array([0.5, 0.5, 1.0])).tolist()
    [0.90889266776839, 0.90889266776839, 0.06908456782539862]
    """
    numbers = np.asarray(x) + np.asarray(x).dtype.type(0)  # −0 + 0 is +0
    with np.errstate(over="ignore", invalid="ignore"):
        high = numbers.astype(np.float64)
        low = (numbers - high).astype(np.float64) if numbers.dtype.itemsize > 8 else np.zeros_like(high)
    bits = _mixed(np.ascontiguousarray(high).view(np.uint64))
    if low.any():  # a double is hashed as one
        bits = np.where(low != 0, _mixed(bits ^ np.ascontiguousarray(low).view(np.uint64)), bits)
    return np.ldexp(2.0 * (bits >> np.uint64(12)).astype(np.float64) + 1, -52) - 1


@dataclass(frozen=True)
class Noisy:
    """A function with noise.

    Parameters
    ----------
    f : callable
        Elementwise.
    level : float
        ε: the largest noise, relative to f, or absolute.
    absolute : bool
        Whether it is.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0, 2.0])
    >>> bool(np.all(np.abs(Noisy(np.exp, 1e-4)(x) / np.exp(x) - 1) < 1e-4))
    True
    """

    f: Callable[[Any], Any]
    level: float
    absolute: bool = False

    def __call__(self, x: Any) -> Any:
        """Return f with its noise, in the format of x."""
        y = self.f(x)
        dtype = np.asarray(y).dtype
        noise = self.level * uniform(np.atleast_1d(np.asarray(x))).reshape(np.shape(x))
        return y + noise.astype(dtype) if self.absolute else y * (1 + noise).astype(dtype)


def deviation(level: float, value: float, absolute: bool) -> float:
    """Return the standard deviation of the noise where f has a value: ε|f|/√3, or ε/√3.

    Examples
    --------
    >>> round(deviation(1e-4, -2.0, absolute=False), 9)
    0.00011547
    """
    return level * _DEVIATION * (1.0 if absolute else abs(value))
