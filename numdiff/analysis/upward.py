r"""Sums and products of bounds for many cells at once, rounded upward.

As in `numdiff.arithmetic.running_columns`: + × ÷ of float64 alone, which are the same on every machine, and no
reduction. With u = 2⁻⁵³ a product or sum of non-negative numbers that is neither subnormal nor infinite is off by at
most u of itself. Each step here has at most four such operations on its way and is multiplied by c = 1 + 2⁻⁵⁰ = 1 + 8u,
or by 1 − 2⁻⁵⁰ where a lower bound is wanted: fl(r·c) ≥ r(1 + 8u)(1 − u) ≥ r(1 − u)⁻⁶. A power is a product that is
extended factor by factor; all its partial products lie between its first and its last, so that it is known by these
two that none of them was subnormal or infinite.

Where a number is not between 2⁻¹⁰⁰⁰ and 2¹⁰⁰⁰, the bound is formed exactly, in fractions, and rounded up.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.analysis.enclosures import double_above
from numdiff.floats.dyadic import Dyadic, dyadic_to_fraction

_UP, _DOWN = 1 + 2.0**-50, 1 - 2.0**-50
_LEAST, _MOST = 2.0**-1000, 2.0**1000
_SMALL = 2.0**-1001
"""What stands for all numbers below it."""
_BITS = 53
"""Bits of the significand of a double."""


def is_normal(size: np.ndarray) -> Any:
    """Return where a number is between 2⁻¹⁰⁰⁰ and 2¹⁰⁰⁰."""
    return (size >= _LEAST) & (size <= _MOST)


def magnitude_above(number: Dyadic) -> float:
    """Return a double that is not below the magnitude of a number, 0 for 0 alone, infinite beyond the doubles."""
    mantissa, exponent = abs(number[0]), number[1]
    excess = max(0, mantissa.bit_length() - _BITS)
    top = mantissa.bit_length() + exponent
    if top > 1023:
        return math.inf
    if not mantissa:
        return 0.0
    return math.ldexp(-(-mantissa >> excess), exponent + excess) if top > -1001 else _SMALL


def product_above(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return upper bounds on products of non-negative doubles; 0 of 0.

    Where a number is not normal, it is 2¹⁰⁰¹, which is not normal either: whoever uses it has to form it exactly.
    """
    with np.errstate(all="ignore"):
        result = a * b * _UP
    shown = np.where(is_normal(a) & is_normal(b) & is_normal(result), result, 2.0 * _MOST)
    return np.where((a == 0) | (b == 0), 0.0, np.where((a == np.inf) | (b == np.inf), np.inf, shown))


def quotients(
    terms: Sequence[tuple[int, np.ndarray]],
    steps: tuple[np.ndarray, Sequence[Dyadic]],
    order: int,
    denominator: int,
    exactly: Callable[[int], Fraction] | None = None,
) -> np.ndarray:
    """Return upper bounds on Σ|n|·t/(D·hᵐ).

    Parameters
    ----------
    terms : sequence of (int, ndarray of float64)
        n and t ≥ 0 by cell, infinite where there is none.
    steps : (ndarray of float64, sequence of Dyadic)
        h as the nearest doubles and exactly.
    order, denominator : int
        m and D > 0.
    exactly : callable, optional
        Returns a bound on the sum of a cell, where it is less than that of the terms.

    Returns
    -------
    ndarray of float64
        Infinite where a term is.
    """
    with np.errstate(all="ignore"):
        total = np.zeros(len(steps[1]))
        for n, term in terms:
            total = (total + np.where(term == 0, 0.0, abs(float(n)) * term)) * _UP
        divisor = np.full(total.shape, float(denominator))
        for _ in range(order):
            divisor = divisor * steps[0] * _DOWN
        result = np.where(total == 0, 0.0, total / (divisor * _DOWN) * _UP)
        known = (total == 0) | (is_normal(total) & is_normal(divisor) & is_normal(result))
    for i in np.flatnonzero(~known).tolist():
        if any(term[i] == np.inf for _, term in terms):
            result[i] = np.inf
            continue
        whole = exactly(i) if exactly else sum((abs(n) * Fraction(float(t[i])) for n, t in terms), Fraction(0))
        result[i] = _fraction_above(whole / (denominator * dyadic_to_fraction(steps[1][i]) ** order))
    return result


def products(
    largest: np.ndarray, factor: Fraction, steps: tuple[np.ndarray, Sequence[Dyadic]], order: int
) -> np.ndarray:
    """Return upper bounds on hᵖ·C·M, M being given as doubles, of which 0 and infinity stay what they are.

    Parameters
    ----------
    largest : ndarray of float64
        M ≥ 0.
    factor : Fraction
        C > 0.
    steps, order
        h and p, as in `quotients`.
    """
    with np.errstate(all="ignore"):
        first = largest * (factor.numerator / factor.denominator) * _UP
        result = first
        for _ in range(order):
            result = result * steps[0] * _UP
        fixed = (largest == 0) | (largest == np.inf)
        known = fixed | (is_normal(first) & is_normal(result))
        result = np.where(fixed, largest, result)
    for i in np.flatnonzero(~known).tolist():
        result[i] = _fraction_above(Fraction(float(largest[i])) * factor * dyadic_to_fraction(steps[1][i]) ** order)
    return result


def _fraction_above(number: Fraction) -> float:
    return double_above(number.numerator, number.denominator)
