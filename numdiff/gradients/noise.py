"""How noisy is a computed function? An estimate from differences of high order over neighbouring numbers.

Over points a few ulps apart a smooth function is a polynomial of low degree, and its differences of order four and
more vanish: what remains is rounding. With f(xⱼ) = g(xⱼ) + εⱼ and independent εⱼ of variance σ²,

    E[(Δᵏε)²] = σ²·C(2k, k),

so every order k gives an estimate of σ.

References
----------
J. J. Moré, S. M. Wild, Estimating computational noise, SIAM J. Sci. Comput. 33(3), 2011, 1292–1314,
doi:10.1137/100786125: theorem 2.3 and section 3 (the difference table).
R. W. Hamming, Introduction to Applied Numerical Analysis, 1971, chapter 1.7 (noise in a difference table).
"""

from collections.abc import Iterator
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.gradients.probing import AnalyticGradient, ScalarFunction

__all__ = [
    "function_noise",
    "gradient_noise",
    "inflated",
    "nearest_exponent",
    "rounding_floor",
    "typical_size",
    "ulps_of",
]

RADIUS = 3
"""Points on either side of x: seven with x itself, as many as Moré and Wild recommend."""
ORDERS = (4, 5, 6)
TABLES = 3


def typical_size(x: np.ndarray) -> np.longdouble:
    """Return the root mean square of x, or 1 where x is all zeros: the scale on which x is varied."""
    size = x.astype(np.longdouble)
    return np.sqrt(np.mean(size * size)) or np.longdouble(1)


def ulps_of(x: np.ndarray, item: FloatFormat) -> np.ndarray:
    """Return for every coordinate a displacement that changes it by one unit in the last place.

    The unit of a zero is too small to have an effect: it moves by that of the smallest other coordinate, or of 1.

    Returns
    -------
    ndarray of longdouble, the shape of x, positive
    """
    size = np.abs(x.astype(np.longdouble))
    size = np.where(size > 0, size, np.min(size, where=size > 0, initial=np.inf))
    _, exponent = np.frexp(np.where(np.isfinite(size), size, 1))
    smallest = item.min_exponent - item.precision + 1
    return np.ldexp(np.longdouble(1), np.maximum(exponent - item.precision, smallest))


def nearest_exponent(ratio: np.ndarray, root: int, limit: int) -> np.ndarray:
    """Return round(log₂(ratio)/root), at most ±limit, from exponent and significand: no logarithm decides a step.

    With ratio = μ·2ᵉ and ½ ≤ μ < 1 it is ⌊(k + root)/(2 root)⌋ for k = ⌊2 log₂ ratio⌋, which is 2e − 1 or 2e − 2.

    Parameters
    ----------
    ratio : ndarray of longdouble
        Not negative; −limit where it is 0 or NaN.
    root, limit : int
        Positive.
    """
    is_usual = (ratio > 0) & np.isfinite(ratio)
    mantissa, exponent = np.frexp(np.where(is_usual, ratio, 1))
    twice = 2 * exponent.astype(np.int64) - 2 + (mantissa >= np.sqrt(np.longdouble(0.5)))
    nearest = np.clip((twice + root) // (2 * root), -limit, limit)
    return np.where(is_usual, nearest, np.where(ratio > 0, limit, -limit))


def rounding_floor(sizes: Any, item: FloatFormat) -> Any:
    """Return the standard deviation of the last rounding alone, for function values of these sizes.

    A rounded value is wrong by a uniformly distributed amount between −½ and ½ ulp, which has the deviation
    ulp/√12, and ulp ≤ 2u·|value|. It is at least the smallest subnormal number.

    Parameters
    ----------
    sizes : longdouble, or ndarray of it
        Not negative.
    item : FloatFormat
    """
    ulp = 2 * as_longdouble(item.unit_roundoff) * sizes
    return np.maximum(ulp / np.sqrt(np.longdouble(12)), as_longdouble(item.smallest_subnormal))


def as_longdouble(value: Fraction) -> np.longdouble:
    """Return a power of two, which may be beyond the range of float64, as a longdouble."""
    return np.ldexp(np.longdouble(1), value.numerator.bit_length() - value.denominator.bit_length())


def inflated(floor: Any, measured: Any) -> Any:
    """Return a deviation that was estimated from few differences, its part above the last rounding doubled.

    From few values a deviation is easily underestimated by a factor of two.
    """
    return floor + 2 * np.maximum(measured - floor, 0)


def function_noise(
    function: ScalarFunction, x: np.ndarray, at_x: np.longdouble, rng: np.random.Generator
) -> np.longdouble:
    """Estimate the standard deviation of the rounding error of f near x.

    All coordinates move at once, each with a random sign, so that every intermediate result is rounded anew; in three
    tables of seven points that are 1, about u^(-1/4) and about u^(-1/2) ulps apart. A table over which f does
    not change at all (a large intermediate result absorbs the change) is left out. The largest
    estimate of the orders 4, 5 and 6, each pooled over the tables, is returned; it is 0 if no table is left.

    Parameters
    ----------
    function : ScalarFunction
        Called 18 times.
    x : ndarray of the format
    at_x : longdouble
        f(x).
    rng : Generator
        Draws the signs.
    """
    ulps, wide = ulps_of(x, function.item), x.astype(np.longdouble)
    spacings = [2 ** round(function.item.precision * part / 4) for part in range(TABLES)]

    def points() -> Iterator[np.ndarray]:
        for spacing in spacings:
            step = rng.choice((-1, 1), size=x.shape) * ulps * spacing
            for j in (*range(-RADIUS, 0), *range(1, RADIUS + 1)):
                with np.errstate(over="ignore"):
                    point = (wide + j * step).astype(x.dtype)
                yield point

    values = function.values(points(), 2 * RADIUS * TABLES).reshape(TABLES, 2 * RADIUS)
    table = np.insert(values, RADIUS, at_x, axis=1)
    table = table[np.isfinite(table).all(axis=1) & (np.ptp(table, axis=1) > 0)]
    if not len(table):
        return np.longdouble(0)
    return max(np.sqrt(np.mean(np.diff(table, k, axis=1) ** 2) / comb(2 * k, k)) for k in ORDERS)


def gradient_noise(
    gradient: AnalyticGradient, x: np.ndarray, at_x: np.ndarray, item: FloatFormat, rng: np.random.Generator
) -> np.ndarray:
    """Estimate the standard deviation of the rounding error in each component of a computed gradient.

    From second differences over one ulp, twice. These are few, so the variance of a component is the mean of its own
    and of that of the median over all components (the median of a squared normal number is 0.4549 of its variance). It
    is at least that of one rounding of the component. A gradient given as an array cannot be evaluated again: its error
    is taken to be two units of roundoff of its largest component.

    Returns
    -------
    ndarray of longdouble, the shape of x
    """
    u = as_longdouble(item.unit_roundoff)
    if not gradient.is_callable:
        return np.full(x.shape, 2 * u * np.abs(at_x).max())
    ulps, wide = ulps_of(x, item), x.astype(np.longdouble)
    squares = np.zeros(x.shape, np.longdouble)
    for _ in range(2):
        step = rng.choice((-1, 1), size=x.shape) * ulps
        second = gradient.at((wide + step).astype(x.dtype)) - 2 * at_x + gradient.at((wide - step).astype(x.dtype))
        squares += second * second / 12  # 12: C(4, 2) and the mean of two
    return np.maximum(np.sqrt((squares + np.median(squares) / 0.4549) / 2), u * np.abs(at_x))
