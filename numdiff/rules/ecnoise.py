r"""ECnoise: the noise of a function from the differences of a few equally spaced values. A tool, no rule.

If values have independent errors of standard deviation σ, and f itself varies so slowly that its k-th differences are
small, those of the values, Δᵏ, have the mean square σ²·(2k)!/(k!)². So

    σₖ² = γₖ·mean((Δᵏ)²),      γₖ = (k!)²/(2k)!,      k = 1, …, n − 1,                                              (1)

all estimate σ², from the k on for which the differences of f are small. The first σₖ with

    max(σₖ, σₖ₊₁, σₖ₊₂) ≤ 4·min(σₖ, σₖ₊₁, σₖ₊₂),  and Δᵏ of both signs,  k ≤ n − 3,                                 (2)

is the noise. The spacing is too short if half of the values or more are equal to their neighbours, and too long if the
values differ by more than a tenth of the largest, or if no k satisfies (2). The next spacing is then 100 times as long,
or as short. For an f that is 0 at x the values always differ by more than a tenth: there the noise is not found.

What the authors leave to the user is ours: the first spacing is u^(5/8)·max(1, |x|), the 1e-10 of their script in
float64; all spacings are rounded to powers of two, so that the nodes are equally spaced in the format; one that leaves
the domain, or at which f is not finite, is too long; where the verdict changes from too long to too short or back, the
factor 100 is replaced by its square root; and there are at most ten spacings, of seven evaluations each.

References
----------
J. J. Moré and S. M. Wild, Estimating computational noise, SIAM J. Sci. Comput. 33 (2011) 1292-1314, section 3.
J. J. Moré and S. M. Wild, ECNoise.m (2009), and its port in the repository POptUS/CNoise: (1), (2), 4, 1/10, 100.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

from numdiff.floats.fixed_order import power
from numdiff.rules.evaluation import Probe, root

__all__ = ["Noise", "Spacing", "ecnoise", "noise_near"]

_FACTOR = 4
_RANGE = Fraction(1, 10)
_NEXT = 100
_POINTS = 7
_SPACINGS = 10


class Spacing(StrEnum):
    """What ECnoise says of the spacing of the values."""

    DETECTED = "detected"
    """The noise was found."""
    TOO_SHORT = "too short"
    """Half of the values or more are equal to their neighbours."""
    TOO_LONG = "too long"
    """The values of f itself differ too much."""


@dataclass(frozen=True)
class Noise:
    """The noise of a function near a point.

    Attributes
    ----------
    value : scalar of float64 or longdouble
        σ, the standard deviation of a value, in the unit of f; 0 where it was not found.
    spacing : Spacing
        What the spacing of the (last) values was.
    levels : ndarray of shape (n - 1,)
        σ₁, …, σₙ₋₁ of (1); 0 where the verdict fell before they were computed.
    """

    value: Any
    spacing: Spacing
    levels: np.ndarray


def ecnoise(values: Any) -> Noise:
    """Return the noise of equally spaced values.

    Parameters
    ----------
    values : array_like of shape (n,), n ≥ 4, finite
        f(x₀), f(x₀ + h), …; the authors recommend n ≥ 7. They are computed with in float64, or in longdouble.

    Returns
    -------
    Noise

    Raises
    ------
    ValueError
        If there are fewer than four values, or not all are finite.

    Examples
    --------
    >>> found = ecnoise([1.0, 1.01, 1.0, 1.01, 1.0, 1.01, 1.0])
    >>> str(found.spacing), round(float(found.value), 6)
    ('detected', 0.007071)
    """
    table = np.array(values, dtype=np.longdouble if np.asarray(values).dtype == np.longdouble else np.float64)
    if table.ndim != 1 or table.size < 4:
        raise ValueError(f"values must be at least 4 numbers in a row, got an array of shape {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError(f"values must be finite, got {table!s:.60}")
    n, zero = table.size, table.dtype.type(0)
    levels, signs = np.zeros(n - 1, table.dtype), []
    if table.max() - table.min() > np.abs(table).max() * table.dtype.type(_RANGE.numerator) / _RANGE.denominator:
        return Noise(zero, Spacing.TOO_LONG, levels)
    for k in range(1, n):
        table = np.diff(table)
        if k == 1 and 2 * np.count_nonzero(table == 0) >= n:
            return Noise(zero, Spacing.TOO_SHORT, levels)
        levels[k - 1] = _root_mean_square(table) / np.sqrt(table.dtype.type(comb(2 * k, k)))
        signs.append(bool(table.min() < 0 < table.max()))
    for k in range(n - 3):
        if levels[k : k + 3].max() <= _FACTOR * levels[k : k + 3].min() and signs[k]:
            return Noise(levels[k], Spacing.DETECTED, levels)
    return Noise(zero, Spacing.TOO_LONG, levels)


def _root_mean_square(numbers: np.ndarray) -> Any:
    """Return √mean(t²) without overflow and underflow of the squares."""
    largest = np.abs(numbers).max()
    return largest * np.sqrt(np.square(numbers / largest).mean()) if largest else largest


def noise_near(near: Probe) -> Noise:
    """Return the noise of f near x, with the spacings that its verdicts ask for.

    Parameters
    ----------
    near : Probe
        What it is asked for, at most 70 values, in batches of seven.

    Returns
    -------
    Noise
        Its value is 0 where no spacing shows the noise.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> near = Probe(lambda x: np.exp(x) + 1e-6 * np.sin(1e12 * x), np.float64(0.5), nd.get_format("float64"), (0, 1))
    >>> bool(2e-7 < noise_near(near).value < 2e-6)
    True
    """
    length = root(power(near.u, 5), 8) * max(near.number(1), abs(near.x))
    factor, before = near.number(_NEXT), None
    found = Noise(near.number(0), Spacing.TOO_SHORT, np.zeros(_POINTS - 1, near.wide))
    for _ in range(_SPACINGS):
        length = max(length, 2 * near.spacing)
        found = _at_spacing(near, length)
        if found.spacing is Spacing.DETECTED:
            break
        if before not in (None, found.spacing):
            factor = np.sqrt(factor)
        if found.spacing is Spacing.TOO_LONG and length <= 2 * near.spacing:
            break
        before = found.spacing
        length = length / factor if found.spacing is Spacing.TOO_LONG else length * factor
    return found


def _at_spacing(near: Probe, length: Any) -> Noise:
    """Return what the values at x − 3h, …, x + 3h say, where h is the power of two nearest to a length."""
    significand, binade = np.frexp(length)
    # Nearest in its logarithm: below √½ the significand belongs to the power of two below.
    h = np.ldexp(near.number(1), int(binade) - bool(significand < np.sqrt(near.number(0.5))))
    reach = _POINTS // 2
    too_long = Noise(near.number(0), Spacing.TOO_LONG, np.zeros(_POINTS - 1, near.wide))
    if h > near.longest(reach, reach):
        return too_long
    values = near.at(h * np.arange(-reach, reach + 1))
    return ecnoise(values) if np.isfinite(values).all() else too_long
