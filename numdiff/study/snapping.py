"""Decimal step grids, and the steps that a format makes of them: nearest powers of two, realised, snapped.

All are indexed by the k of 10⁻ᵏ, so that cells of one k belong together. With fl for rounding to the format:

- ``decimal``: h = fl(10⁻ᵏ);
- ``nearest_power``: the power of two that is nearest to 10⁻ᵏ, in ratio;
- ``realised``: (x + h) − x, the step that the forward difference really makes;
- ``snapped``: (|x| + h) − |x|, the same on the side away from 0;
- ``snapped_at_1``: (h + 1) − 1, the trick without x.

**What is exact.** Let h ≤ |x|, and all below the overflow threshold. Then s − a is exact for a = x or |x| and
s = fl(a + h), because h ≤ |a| (Dekker's theorem). So the realised step h′ is the exact distance of x from
x̂ = fl(x + h), and x + h′ = x̂ has no rounding error. That is one node of the centered difference; the other, x − h′,
may miss. With the snapped step both nodes are exact: s = fl(|x| + h) and |x| are multiples of the spacing at |x|, so
h′ is one, and so is |x| − h′, which is not larger than |x| and therefore a number of the format. At x < 0 the realised
step is taken on the inner side, where below a power of two the numbers lie twice as close: h′ can be an odd multiple
of half the spacing at |x|, and x − h′ is not representable. (h + 1) − 1 is a multiple of the spacing of 1 whatever x
is: of no use where |x| is larger, and 0 where h is at most the unit roundoff.

Where h > |x| and x has bits below the last place of h, no step of about that size is exact.

NumPy rounds each result of an array operation to the format. C needs ``volatile``, which keeps a compiler from
cancelling x, and from holding x + h in a wider register.

References
----------
W. H. Press, S. A. Teukolsky, W. T. Vetterling and B. P. Flannery, Numerical Recipes, 3rd ed., Cambridge (2007),
section 5.7: ``temp = x + h; h = temp - x`` with a volatile temp.
T. J. Dekker, A floating-point technique for extending the available precision, Numer. Math. 18 (1971) 224-242.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat

DECIMAL_GRIDS = ("decimal", "nearest_power", "snapped_at_1", "realised", "snapped")
"""The grids that are indexed by the k of 10⁻ᵏ."""
POINTWISE_GRIDS = ("realised", "snapped")
"""Those among them whose steps depend on the point."""


def decimal_indices(binary: range) -> tuple[int, ...]:
    """Return the k for which 10⁻ᵏ lies between the ends of a binary grid.

    Parameters
    ----------
    binary : range
        The k of 2⁻ᵏ.

    Returns
    -------
    tuple of int
        All k with 2⁻ˡ ≤ 10⁻ᵏ ≤ 2⁻ᶠ for the first f and the last l of `binary`; empty where that is empty.
    """
    if not binary:
        return ()
    # A power of ten is a power of two only for k = 0, where both sides are 0: the rounding of the logarithm is safe.
    return tuple(range(math.ceil(binary[0] * math.log10(2)), math.floor(binary[-1] * math.log10(2)) + 1))


@cache
def decimal_steps(fmt: FloatFormat, grid: str, ks: tuple[int, ...]) -> np.ndarray:
    """Return the steps of a decimal grid that does not depend on the point; the array is read-only.

    Parameters
    ----------
    fmt : FloatFormat
    grid : {"decimal", "nearest_power", "snapped_at_1"}
    ks : tuple of int, length n

    Returns
    -------
    ndarray, shape (n,), of the dtype of `fmt`
        0 where the step vanishes in the format.
    """
    base = [Fraction(2) ** -round(k * math.log2(10)) if grid == "nearest_power" else Fraction(10) ** -k for k in ks]
    steps = np.array([fmt.round(h) for h in base], dtype=fmt.dtype)
    if grid == "snapped_at_1":
        steps = _distance(fmt.round(1), steps)
    steps.flags.writeable = False
    return steps


def steps_at(fmt: FloatFormat, grids: Sequence[str], ks: Sequence[int], points: np.ndarray) -> np.ndarray:
    """Return the steps of pointwise grids at some points.

    Parameters
    ----------
    fmt : FloatFormat
    grids : sequence of str, length n
        Each ``"realised"`` or ``"snapped"``.
    ks : sequence of int, length n
    points : ndarray, shape (m,), of the dtype of `fmt`
        All finite.

    Returns
    -------
    ndarray, shape (m, n), of the dtype of `fmt`
        0 where x + h = x.
    """
    x = points[:, np.newaxis]
    outward = np.array([grid == "snapped" for grid in grids])
    return _distance(np.where(outward, np.abs(x), x), decimal_steps(fmt, "decimal", tuple(ks)))


def _distance(anchor: Any, steps: np.ndarray) -> np.ndarray:
    """Return (anchor + h) − anchor, rounded to the format after each operation."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray((anchor + steps) - anchor)
