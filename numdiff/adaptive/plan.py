r"""What a search begins with: the first step, and how many levels.

The widest step of a search is c√|x|, about the length over which f varies if nothing is known of it: 1/8 for 53 bits.
It takes n levels, the smallest number for which the truncation error of a function with radius of convergence 1 is
below the rounding error, Π tₖ = c²ⁿ·2^(−n(n−1)) ≤ 2^(−p−8); one for each derivative more.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from numdiff.adaptive.ladder import MULTIPLIERS, SLOTS, START, Scheme
from numdiff.floats.formats import FloatFormat

__all__ = [
    "APART",
    "FEW",
    "FEWEST",
    "GENERIC",
    "GRAINS",
    "REACH",
    "Plan",
    "first_start",
    "grains",
    "natural_start",
    "near_bar",
    "plan",
    "power_below",
    "spacing",
]

FEWEST = 4
"""The levels of a new segment of a first derivative. Three leave two residuals: noise and truncation error fit any two
numbers. Five cost two evaluations more at each restart and each jump."""
GENERIC = 0.8537562
"""What a start of a power of two is multiplied by. With steps of few bits every node would have the low bits of x, and
an argument that f rounds, as 1 + x, would be rounded alike at all of them: an error that no difference shows. Any
number with many bits will do. The size of the first step stands here and in `Plan.scale`: four times as wide, bars of
float64 are a hundred times as wide and twice as many peaks are missed; a quarter doubles the errors."""
GRAINS = 64.0
"""The least first step of up to six levels, in spacings of the format at x: the narrowest is 1/32 of it, two spacings,
and is still a step of its own. With four times as much, 3 % instead of 0.6 % of the points of float16 are refused; a
quarter makes neighbouring levels one."""
APART = 2.0
"""By how many spacings the innermost steps of more levels differ at least, and from 0: nearer, rounding makes them
equal, and equal steps have no extrapolation. With a quarter, one-sided formulas are refused beyond 1e26 in float64."""
REACH = 2.0**-3
"""The least first step of more levels is at most an eighth to a quarter of |x|, where that is more than `GRAINS`: twice
this, times the power of two below |x|. With half, 9.7 instead of 3.8 % of the fourth derivatives of float16 on one side
are refused; twice as much changes little."""
FEW = 6
"""The levels up to which `GRAINS` is enough."""
_EXPONENT = np.int64(0x7FF) << np.int64(52)


@dataclass(frozen=True)
class Plan:
    """What a search in a format begins with.

    Attributes
    ----------
    fewest : int
        The levels of a new segment: the fewest that show noise and truncation apart.
    first : int
        The levels that are evaluated at once.
    levels : int
        The levels after which only the budget of difficult points is used.
    most : int
        The levels of the longest segment.
    scale : float
        The first step for |x| = 1.
    agreed : float
        The relative error above which a line is worth a wider segment.
    near : float
        The relative bar above which a domain that cuts the steps is to blame: 1e-6 for 53 bits.
    least : float
        The |x| below which the first step is that for |x| = 1: √u, as in `numdiff.rules.evaluation`.
    """

    fewest: int
    first: int
    levels: int
    most: int
    scale: float
    agreed: float
    near: float
    least: float


@cache
def plan(fmt: FloatFormat, scheme: Scheme) -> Plan:
    """Return how a search begins: see the module.

    Parameters
    ----------
    fmt : FloatFormat
    scheme : Scheme

    Examples
    --------
    >>> from numdiff.floats.formats import FORMATS
    >>> found = plan(FORMATS["float64"], Scheme(1))
    >>> found.fewest, found.first, found.levels, found.most, found.scale
    (4, 5, 6, 7, 0.125)
    """
    p, r = fmt.precision, scheme.coefficient
    c = 1 if p < 16 else 2 if p < 32 else 3
    power = scheme.series.power
    fewest = FEWEST + r
    enough = (n for n in range(fewest - r, SLOTS) if power * (2 * c * n + n * (n - 1)) >= 2 * (p + 8))
    levels = min(next(enough) + r, SLOTS - START - 1)
    first = levels if scheme.one_sided else min(levels, fewest + 1)
    most = min(max(levels + 1, 7), SLOTS - START)
    return Plan(fewest, first, levels, most, 2.0**-c, _two_to(-p * 0.45), near_bar(fmt), _two_to(-p * 0.5))


def _two_to(exponent: float) -> float:
    """Return a power of two, the same on every machine: to six digits if it is not exact."""
    return 2.0**exponent if exponent == int(exponent) else float(f"{2.0**exponent:.6g}")


def near_bar(fmt: FloatFormat) -> float:
    """Return the relative bar above which a domain that cuts the steps is to blame.

    Examples
    --------
    >>> from numdiff.floats.formats import FORMATS
    >>> f"{near_bar(FORMATS['float64']):.0e}"
    '1e-06'
    """
    return _two_to(-fmt.precision * 0.375)


def natural_start(own: Plan, size: np.ndarray) -> np.ndarray:
    """Return c√|x|, the start of a ladder that nothing limits; c where |x| < √u, which says nothing of a length of f.

    Where f has the length x all the same, the search comes down to it; up to a length of 1 it would not find from √|x|,
    where a second derivative has no digit.
    """
    return own.scale * GENERIC * np.sqrt(np.where(size < own.least, 1, size))


@cache
def grains(fmt: FloatFormat, levels: int) -> float:
    """Return the least start of so many levels, in spacings of the format at x.

    Examples
    --------
    >>> from numdiff.floats.formats import FORMATS
    >>> [round(grains(FORMATS["float64"], levels)) for levels in (4, 6, 9)]
    [64, 64, 630]
    """
    if levels <= FEW:
        return GRAINS
    steps = np.append(MULTIPLIERS[START : START + levels], 0)
    apart = APART / float((steps[:-1] - steps[1:]).min())
    return max(GRAINS, min(apart, REACH * 2.0**fmt.precision))


def first_start(fmt: FloatFormat, own: Plan, size: np.ndarray, room: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the first starts: the wanted ones, at least some spacings of the format at x, inside the domain.

    Parameters
    ----------
    fmt : FloatFormat
    own : Plan
    size : ndarray, shape (n,)
        |x|.
    room : ndarray, shape (n,)
        The distance of the nearest end of the domain.
    wanted : ndarray, shape (n,)
        What they would be if nothing limited them: given, or those of `natural_start`.
    """
    start = np.maximum(wanted, grains(fmt, own.levels) * spacing(fmt, size))
    return np.minimum(start, GENERIC * room)


def spacing(fmt: FloatFormat, size: np.ndarray) -> np.ndarray:
    """Return the distance of neighbouring numbers of the format at a size, in the class of the size.

    Examples
    --------
    >>> from numdiff.floats.formats import FORMATS
    >>> spacing(FORMATS["float16"], np.array([1.0, 1000.0])).tolist()
    [0.0009765625, 0.5]
    """
    if size.dtype == np.float64:
        return np.maximum(power_below(size), 2.0**fmt.min_exponent) * 2.0 ** (1 - fmt.precision)
    exponent = np.maximum(np.frexp(size)[1] - 1, fmt.min_exponent) - (fmt.precision - 1)
    return np.ldexp(size.dtype.type(1), exponent)


def power_below(size: np.ndarray) -> np.ndarray:
    """Return the largest power of two that is not above a positive float64, by its bits; 0 for a subnormal number.

    A tenth of the time of `numpy.frexp` and `numpy.ldexp`.

    Examples
    --------
    >>> power_below(np.array([1.0, 5.0, 0.3])).tolist()
    [1.0, 4.0, 0.25]
    """
    return (size.view(np.int64) & _EXPONENT).view(np.float64)
