"""Quantiles of Student's t distribution, for error bars that know how many numbers their noise comes from."""

import math
from functools import lru_cache

import numpy as np

__all__ = ["quantile", "quantiles"]

MOST = 40
"""Degrees of freedom beyond which the quantile is that of MOST: 2.70 where the normal distribution has 2.58."""


@lru_cache(maxsize=1024)
def quantile(freedom: int, confidence: float) -> float:
    """Return q with P(|t| ≤ q) = confidence, to six digits, so that it is the same number on every machine.

    Parameters
    ----------
    freedom : int
        The degrees of freedom ν, at least 1.
    confidence : float
        Between 0 and 1.

    References
    ----------
    M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4: P(|t| ≤ q) as a finite
    series for odd and for even ν.

    Examples
    --------
    >>> quantile(1, 0.5), quantile(4, 0.99)
    (1.0, 4.60409)
    """
    low, high = 0.0, 1.0
    while _within(high, freedom) < confidence:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < confidence else (low, middle)
    return float(f"{high:.6g}")


def _within(q: float, freedom: int) -> float:
    """Return P(|t| ≤ q)."""
    cosine2 = freedom / (freedom + q * q)
    term = total = 1.0 if freedom > 1 else 0.0
    for k in range(freedom % 2 + 2, freedom - 1, 2):
        term *= cosine2 * (k - 1) / k
        total += term
    if not freedom % 2:
        return math.sqrt(1 - cosine2) * total
    theta = math.atan(q / math.sqrt(freedom))
    return (theta + math.sqrt(1 - cosine2) * math.sqrt(cosine2) * total) * 2 / math.pi


@lru_cache(maxsize=16)
def quantiles(confidence: float) -> np.ndarray:
    """Return the quantiles for 0, 1, … degrees of freedom, read-only: infinite for 0.

    Examples
    --------
    >>> quantiles(0.99)[[0, 1, 4]].tolist()
    [inf, 63.6567, 4.60409]
    """
    table = np.array([math.inf, *(quantile(nu, confidence) for nu in range(1, MOST + 1))])
    table.setflags(write=False)
    return table
