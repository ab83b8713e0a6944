r"""The first six levels of a centered first derivative, for the points at which nothing stands in the way.

Most functions are smooth over the first steps and computed to about the last digit. Then the search (see `engine`)
takes five levels, sees no noise above the rounding of f, takes the sixth, and ends with the window of degree 3, 4 or 5
at the outermost level. This is that way alone, written out: `fast_one` for one point with Python numbers, `fast_many`
for many with arrays, by the same operations in the same order, so that both give the same numbers. Where a residual, a
ratio or a total is not as it is for such functions, or a number is 0 by which another one is divided, the search goes
on from the levels that were taken.

What is written out: E and D of five levels; Neville's scheme for both; the last three mean squares of residuals, of two
degrees of freedom each (see `windows`); the sixth level, and with it

    noise       σ² of the last mean square, or of the last two, with the floor weighed in;
    truncation  2·likely·q of the windows (0, 5), (0, 4), (0, 3), and by how much the next one differs;
    value       of the window with the smallest sum of truncation and 4σK/h.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from numdiff.adaptive.ladder import MULTIPLIERS, START, Ladder, Scheme, ladder
from numdiff.adaptive.noise import PRIOR, growth
from numdiff.adaptive.student import quantile
from numdiff.floats.fixed_order import power

__all__ = [
    "CERTAIN",
    "DECAY",
    "DECAY_ROOT",
    "DEGREES",
    "FIRST",
    "HALF_UNIT",
    "LEVELS",
    "REACHED",
    "SHARES",
    "SIZES",
    "SPREAD",
    "STEPS",
]
__all__ += ["TAIL", "WEIGHTS", "WEIGHTS_SIX", "Levels", "Smooth", "reaches"]

FIRST, LEVELS = 5, 6
DEGREES = (5, 4, 3)
"""The degrees of the windows at the outermost level, in the order in which they are tried."""
STEPS = tuple(float(step) for step in MULTIPLIERS[START : START + LEVELS])
SHARES = tuple(tuple(1 / (power(STEPS[i] / STEPS[i + j], 2) - 1) for i in range(LEVELS - j)) for j in range(1, LEVELS))
"""What the difference of two windows is multiplied by in Neville's scheme: by degree, then from the outermost."""
DECAY = power(STEPS[0] / STEPS[1], 2)
"""t₀/t₁, the g of `windows`."""
DECAY_ROOT = DECAY * math.sqrt(DECAY)


def _companions(item: Ladder) -> np.ndarray:
    """Return the rows of the companion, which a centered series has."""
    return np.asarray(item.companions)


_FIVE, _SIX = ladder(Scheme(1), START, FIRST), ladder(Scheme(1), START, LEVELS)
SPREAD = tuple(float(_SIX.noise[_SIX.first[j], 0]) for j in DEGREES)
"""K of these windows."""
_ROWS = np.stack([_FIVE.residuals, _companions(_FIVE) / 2])
WEIGHTS = tuple(tuple(tuple(_ROWS[:, p, q].tolist()) for q in range(p, FIRST - 1)) for p in (3, 2, 1))
"""For each of the residuals c₄, c₃, c₂ of five levels, the weights of the corrections from the one of its degree on: of
D (times the start) and of 2E."""
WEIGHTS_SIX = (float(_SIX.residuals[-1, -1]), float(_companions(_SIX)[-1, -1]) / 2)
"""The weights of the correction of degree 5 in c₅ of six levels."""
TAIL = growth(2)[0]
"""The last mean square times this is the largest that is of one noise with it."""
HALF_UNIT = 2.0**-54
"""Half a unit roundoff of float64, the format for which this is written."""
CERTAIN = 32.0
"""The least start in spacings of float64 at x: below, steps would come out as 0 or beyond the end of the domain."""
REACHED = (2.0**-400, 2.0**400)
SIZES = (2.0**-400, 2.0**400)
"""Between these are |x| + h and the largest |f|: no square and no quotient of two of them overflows or loses digits."""


@dataclass(frozen=True)
class Smooth:
    """What six levels say; arrays of shape (n,).

    Attributes
    ----------
    value : ndarray
    bar : ndarray
        At the wanted confidence, without the rounding of the result.
    step : ndarray
        The widest step.
    sigma : ndarray
        The standard deviation of f.
    freedom : ndarray of int
        Its degrees of freedom, those of the floor included.
    """

    value: np.ndarray
    bar: np.ndarray
    step: np.ndarray
    sigma: np.ndarray
    freedom: np.ndarray


@dataclass(frozen=True)
class Levels:
    """The levels of points at which the search goes on.

    Attributes
    ----------
    rows : ndarray of int, shape (k,)
        The points.
    odd, mean, steps : ndarray, shape (6, k)
        D, E and h; D and E of the sixth level are NaN where it was not taken.
    taken : ndarray of int, shape (k,)
        How many levels were taken: 5 or 6; 0 where the search has to begin from the start.
    largest : ndarray, shape (k,)
        The largest |f|; infinite or NaN where a value is.
    """

    rows: np.ndarray
    odd: np.ndarray
    mean: np.ndarray
    steps: np.ndarray
    taken: np.ndarray
    largest: np.ndarray


@lru_cache(maxsize=16)
def reaches(confidence: float) -> tuple[float, float, float]:
    """Return the quantiles of Student's distribution for one mean square alone, and for one and two with the floor."""
    return quantile(2, confidence), quantile(2 + PRIOR, confidence), quantile(4 + PRIOR, confidence)
