"""Masked arrays: what stands behind a mask is no number, neither as a point nor as a value nor as a derivative."""

from typing import Any

import numpy as np


def masked_count(values: Any) -> int:
    """Return how many values are masked in an array or in a list that NumPy would make one of."""
    if isinstance(values, np.ma.MaskedArray):
        return int(np.ma.getmaskarray(values).sum())
    if isinstance(values, (list, tuple)):
        return sum(map(masked_count, values))
    return 0
