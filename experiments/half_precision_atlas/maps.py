"""Maps: the worst of the correct digits in groups of neighbouring numbers."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from experiments.half_precision_atlas.cells import Cells
from experiments.half_precision_atlas.maxima import scale_of
from experiments.half_precision_atlas.numbers import numbers_of
from numdiff.floats.formats import FORMATS

__all__ = ["COARSE", "EXACT", "NOTHING", "PER_DIGIT", "SMALL", "codes_of", "runs_of", "worst_in_groups"]

PER_DIGIT = 32
"""A code is a number of correct digits in units of 1/32, rounded down."""
SMALL, EXACT, NOTHING = 253, 254, 255
"""The codes of an |f′| and an error that are both below the smallest normal number, of an error of 0, and of no
computed derivative."""


def codes_of(cells: Cells) -> np.ndarray:
    """Return the proved correct digits of each cell as codes.

    The relative total error is at most 10 to the power of −code/32, by its bound; the code is 0 where no digit is
    proved, and `EXACT` where the error is proved to be 0.
    """
    total, scale = cells.parts["total"], scale_of(cells)
    with np.errstate(all="ignore"):
        highest = (np.abs(total.value) + total.bound) / scale
        # The allowance is a thousand times what quotient and logarithm can be off by.
        codes = np.floor(np.clip(-np.log10(highest) * PER_DIGIT - 1e-9, 0, SMALL - 1))
        codes = np.where((np.abs(cells.slope) < scale) & (highest < 1), SMALL, codes)
    codes = np.where((total.value == 0) & (total.bound == 0), EXACT, codes)
    return np.where(cells.given, codes, NOTHING).astype(np.uint8)


def worst_in_groups(codes: np.ndarray, groups: int) -> np.ndarray:
    """Return the smallest code of each group of neighbours; where most have no derivative, that."""
    edges = np.arange(groups + 1) * codes.size // groups
    missing = np.add.reduceat((codes == NOTHING).astype(int), edges[:-1])
    worst = np.minimum.reduceat(codes, edges[:-1])
    return np.where(2 * missing > np.diff(edges), NOTHING, worst).astype(np.uint8)


COARSE, MOST = 128, 3
"""Columns of a map on the page, and the digits that it tells apart: float16 has 3.3."""
_WORDS = {SMALL: "below the smallest normal number", EXACT: "error 0", NOTHING: "no finite derivative"}


def runs_of(codes: np.ndarray, fmt: str) -> Iterator[dict[str, Any]]:
    """Yield runs of equal correct digits in one row of a map, in halves of digits and fewer columns.

    Parameters
    ----------
    codes : ndarray of uint8
        Of neighbouring groups of the finite numbers of the format.
    fmt : str

    Yields
    ------
    dict
        ``first``, ``last``: the columns, of `COARSE`; ``x_first``, ``x_last``: the numbers in them; ``digits``: at
        least so many, as a text, or what stands in their place.
    """
    coarse = worst_in_groups(codes, COARSE).astype(int)
    halves = np.minimum(coarse // (PER_DIGIT // 2) * (PER_DIGIT // 2), MOST * PER_DIGIT)
    halves = np.where(coarse < SMALL, halves, coarse)
    starts = np.flatnonzero(np.concatenate([[True], halves[1:] != halves[:-1]]))
    numbers = numbers_of(FORMATS[fmt])
    ordered = numbers.values[numbers.finite]
    for start, end in pairwise([*starts.tolist(), COARSE]):
        code = int(halves[start])
        first, last = start * ordered.size // COARSE, end * ordered.size // COARSE - 1
        yield {
            "first": start,
            "last": end - 1,
            "x_first": float(ordered[first]),
            "x_last": float(ordered[last]),
            "digits": _WORDS.get(code, f"{code / PER_DIGIT:g}"),
        }
