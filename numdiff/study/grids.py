"""Steps and points as numbers of a format: the steps of the grids, given ones, the neighbours of a point."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from numdiff.analysis.reference import decimal_text
from numdiff.floats.formats import FloatFormat
from numdiff.study.snapping import DECIMAL_GRIDS, decimal_steps

Number: TypeAlias = float | Fraction
"""A point or a step as it was given: a float, or exactly where no double holds it."""

GENERIC_FACTOR = Fraction(12357, 10000)
"""The generic steps are this times a power of two, so that h has a full significand in every format."""
NEIGHBOURS = 33
"""Points x(1 + 2⁻⁸r), r = −16 … 16, over which the observed optimum takes the RMS error."""


@cache
def steps_of(fmt: FloatFormat, grid: str, ks: tuple[int, ...]) -> np.ndarray:
    """Return the steps of a grid in the format, each rounded once; the array is read-only.

    Parameters
    ----------
    fmt : FloatFormat
    grid : str
        Any grid that does not depend on the point.
    ks : tuple of int, length n

    Returns
    -------
    ndarray, shape (n,), of the dtype of `fmt`
        0 where a step of a decimal grid vanishes.
    """
    if grid in DECIMAL_GRIDS:
        return decimal_steps(fmt, grid, ks)
    factor = Fraction(1) if grid == "dyadic" else GENERIC_FACTOR
    steps = np.empty(len(ks), dtype=fmt.dtype)
    for index, k in enumerate(ks):
        steps[index] = fmt.round(factor / Fraction(2) ** k)
    steps.flags.writeable = False
    return steps


def rounded(fmt: FloatFormat, numbers: Sequence[Number]) -> np.ndarray:
    """Return numbers in the format, each rounded once: shape (n,), of the dtype of `fmt`."""
    return np.array([fmt.as_array(number)[()] for number in numbers], dtype=fmt.dtype)


def shown(number: Number) -> str:
    """Return a given number as text: that of the float, or 30 digits where no double holds it."""
    return decimal_text(number) if isinstance(number, Fraction) else repr(number)


def given(fmt: FloatFormat, steps: Sequence[Number]) -> tuple[tuple[int, ...], np.ndarray]:
    """Return the indices of the steps that the format can hold (not 0, not infinite), and those steps.

    Returns
    -------
    indices : tuple of int, length m
        Positions in `steps`.
    steps : ndarray, shape (m,), of the dtype of `fmt`
        Each rounded once.
    """
    found = rounded(fmt, steps)
    indices = tuple(i for i, h in enumerate(found) if h > 0 and np.isfinite(h))
    return indices, found[list(indices)]


def neighbours(fmt: FloatFormat, x: Any) -> np.ndarray:
    """Return the 33 points x(1 + 2⁻⁸r), r = −16 … 16, each rounded once; 2⁻⁸r itself where x = 0.

    Parameters
    ----------
    fmt : FloatFormat
    x : scalar of the dtype of `fmt`, finite

    Returns
    -------
    ndarray, shape (33,), of the dtype of `fmt`
        Infinite where a neighbour is beyond the largest number.
    """
    exact = fmt.lift(x)
    points = np.empty(NEIGHBOURS, dtype=fmt.dtype)
    for index in range(NEIGHBOURS):
        r = Fraction(index - NEIGHBOURS // 2, 256)
        points[index] = fmt.round(exact * (1 + r) if exact else r)
    return points
