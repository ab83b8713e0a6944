"""Maps: the worst of the correct digits in groups of neighbouring numbers."""

import numpy as np

from experiments.half_precision_atlas.cells import Cells
from experiments.half_precision_atlas.maxima import scale_of

__all__ = ["EXACT", "NOTHING", "PER_DIGIT", "SMALL", "codes_of", "worst_in_groups"]

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
