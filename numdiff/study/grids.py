"""Step grids, and points and steps as numbers of a format.

There are two binary grids. Dyadic steps h = 2⁻ᵏ show truncation purely, but they leave abscissa and combination errors
at 0 in nearly all cells and correlate the evaluation errors; generic steps h = fl(1.2357·2⁻ᵏ) are for all statistics.
The decimal grids are indexed by the k of 10⁻ᵏ, so that cells of one k belong together. With fl for rounding to the
format:

- ``decimal``: h = fl(10⁻ᵏ);
- ``nearest_power``: the power of two that is nearest to 10⁻ᵏ, in ratio;
- ``representable``: (x + h) − x, the step that the forward difference really makes;
- ``representable_outward``: (|x| + h) − |x|, the same on the side away from 0;
- ``representable_at_1``: (h + 1) − 1, the trick without x.

**What is exact.** Let h ≤ |x|, and all below the overflow threshold. Then s − a is exact for a = x or |x| and s = fl(a
+ h), because h ≤ |a| (Dekker's theorem). So this step h′ is the exact distance of x from x̂ = fl(x + h), and x + h′ =
x̂ has no rounding error. That is one node of the centered difference; the other, x − h′, may miss. With the step
``representable_outward`` both nodes are exact: s = fl(|x| + h) and |x| are multiples of the spacing at |x|, so h′ is
one, and so is |x| − h′, which is not larger than |x| and therefore a number of the format. At x < 0 the step
``representable`` is taken on the inner side, where below a power of two the numbers lie twice as close: h′ can be an
odd multiple of half the spacing at |x|, and x − h′ is not representable. (h + 1) − 1 is a multiple of the spacing of 1
whatever x is: of no use where |x| is larger, and 0 where h is at most the unit roundoff.

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
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from numdiff.analysis.enclosures import decimal_text
from numdiff.floats.formats import FloatFormat

Number: TypeAlias = float | Fraction
"""A point or a step as it was given: a float, or exactly where no double holds it."""

GRIDS = ("dyadic", "generic")
"""The binary grids, which a sweep has that names none."""
DECIMAL_GRIDS = ("decimal", "nearest_power", "representable_at_1", "representable", "representable_outward")
"""The grids that are indexed by the k of 10⁻ᵏ."""
POINTWISE_GRIDS = ("representable", "representable_outward")
"""Those among them whose steps depend on the point."""
KNOWN_GRIDS = (*GRIDS, *DECIMAL_GRIDS)
GENERIC_FACTOR = Fraction(12357, 10000)
"""The generic steps are this times a power of two, so that h has a full significand in every format."""
STEPS_PAST_PRECISION = 4
"""A grid ends so many binades below the unit roundoff times |x|: there x + h = x.

A step of half the spacing is the first that is lost; two more show that nothing comes back, and one is for x next to a
power of two, where the spacing on the inner side is half as wide.
"""
NEIGHBOURS = 33
"""Points x(1 + 2⁻⁸r), r = −16 … 16, over which the observed optimum takes the RMS error."""


# --- which k ------------------------------------------------------------------------------------------------


def step_indices(
    fmt: FloatFormat, points: np.ndarray, first_step: int | None = 1, last_step: int | None = None
) -> range:
    """Return the k of a binary grid: from the first step to where it is lost in x, or cannot be represented.

    Parameters
    ----------
    fmt : FloatFormat
    points : ndarray, shape (n,), of the dtype of `fmt`
        All finite. The grid ends where x + h = x for the smallest of them, 0 apart, and so for every one.
    first_step, last_step : int or None
        As in `numdiff.study.sweep.Sweep`.

    Returns
    -------
    range
        Empty where the grid begins beyond its end.
    """
    binades = [
        # Of a dyadic number this is the exponent of its binade, exactly.
        m.numerator.bit_length() - m.denominator.bit_length()
        for m in (abs(fmt.lift(x)) for x in points)
        if m
    ] or [0]
    first = min(1, 1 - max(binades)) if first_step is None else first_step
    last = fmt.precision + STEPS_PAST_PRECISION - min(binades) if last_step is None else last_step
    smallest = fmt.smallest_subnormal.denominator.bit_length() - 1
    return range(first, min(last, smallest) + 1)


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


def nominal_step(grid: str, k: int) -> Fraction:
    """Return the step of a grid before it is rounded or made representable: cells of one k belong to it.

    Examples
    --------
    >>> nominal_step("dyadic", 3), nominal_step("nearest_power", 2)
    (Fraction(1, 8), Fraction(1, 100))
    """
    if grid in DECIMAL_GRIDS:
        return Fraction(1, 10) ** k
    return (Fraction(1) if grid == "dyadic" else GENERIC_FACTOR) / Fraction(2) ** k


def grid_formula(grid: str) -> str:
    """Return how a person writes the steps of a grid: ``= 1.2357·2⁻ᵏ``."""
    if grid in DECIMAL_GRIDS:
        return "= 10⁻ᵏ" if grid == "decimal" else "near 10⁻ᵏ"
    return {"dyadic": "= 2⁻ᵏ", "generic": "= 1.2357·2⁻ᵏ"}.get(grid, "as given")


# --- steps --------------------------------------------------------------------------------------------------


@cache
def common_steps(fmt: FloatFormat, grid: str, ks: tuple[int, ...]) -> np.ndarray:
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


@cache
def decimal_steps(fmt: FloatFormat, grid: str, ks: tuple[int, ...]) -> np.ndarray:
    """Return the steps of a decimal grid that does not depend on the point; the array is read-only.

    Parameters
    ----------
    fmt : FloatFormat
    grid : {"decimal", "nearest_power", "representable_at_1"}
    ks : tuple of int, length n

    Returns
    -------
    ndarray, shape (n,), of the dtype of `fmt`
        0 where the step vanishes in the format.
    """
    base = [Fraction(2) ** -round(k * math.log2(10)) if grid == "nearest_power" else Fraction(10) ** -k for k in ks]
    steps = np.array([fmt.round(h) for h in base], dtype=fmt.dtype)
    if grid == "representable_at_1":
        steps = _distance(fmt.round(1), steps)
    steps.flags.writeable = False
    return steps


def steps_at(fmt: FloatFormat, grids: Sequence[str], ks: Sequence[int], points: np.ndarray) -> np.ndarray:
    """Return the steps of pointwise grids at some points.

    Parameters
    ----------
    fmt : FloatFormat
    grids : sequence of str, length n
        Each ``"representable"`` or ``"representable_outward"``.
    ks : sequence of int, length n
    points : ndarray, shape (m,), of the dtype of `fmt`
        All finite.

    Returns
    -------
    ndarray, shape (m, n), of the dtype of `fmt`
        0 where x + h = x.
    """
    x = points[:, np.newaxis]
    outward = np.array([grid == "representable_outward" for grid in grids])
    return _distance(np.where(outward, np.abs(x), x), decimal_steps(fmt, "decimal", tuple(ks)))


def _distance(anchor: Any, steps: np.ndarray) -> np.ndarray:
    """Return (anchor + h) − anchor, rounded to the format after each operation."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray((anchor + steps) - anchor)


def given(fmt: FloatFormat, steps: Sequence[Number]) -> tuple[tuple[int, ...], np.ndarray]:
    """Return the indices of the steps that the format can hold (not 0, not infinite), and those steps.

    Returns
    -------
    indices : tuple of int, length m
        Positions in `steps`.
    steps : ndarray, shape (m,), of the dtype of `fmt`
        Each rounded once.
    """
    found = in_format(fmt, steps)
    indices = tuple(i for i, h in enumerate(found) if h > 0 and np.isfinite(h))
    return indices, found[list(indices)]


class GridSteps(NamedTuple):
    """Steps of some grids: for each the grid it is from, its k there, and the step in the format."""

    grids: tuple[str, ...]
    ks: tuple[int, ...]
    steps: np.ndarray


def grid_steps(
    fmt: FloatFormat,
    points: np.ndarray,
    grids: Sequence[str],
    binary: range,
    more: Sequence[Number],
) -> tuple[GridSteps, list[GridSteps]]:
    """Return the steps that some points share, and for each point those of its own.

    Parameters
    ----------
    fmt : FloatFormat
    points : ndarray, shape (n,), of the dtype of `fmt`
        All finite.
    grids : sequence of str
    binary : range
        The k of the binary grids, as `step_indices` returns them.
    more : sequence of float or Fraction
        Given steps, the grid ``"given"``, of which k is the index; those that the format cannot hold are left out.
    """
    decimal = decimal_indices(binary)
    pieces = []
    for grid in grids:
        if grid not in POINTWISE_GRIDS:
            ks = decimal if grid in DECIMAL_GRIDS else tuple(binary)
            pieces.append((grid, ks, common_steps(fmt, grid, ks)))
    pieces.append(("given", *given(fmt, more)))
    names = tuple(grid for grid, ks, _ in pieces for _ in ks)
    ks = tuple(k for _, ks, _ in pieces for k in ks)
    shared = GridSteps(names, ks, np.concatenate([steps for _, _, steps in pieces]))
    pointwise = [grid for grid in grids if grid in POINTWISE_GRIDS]
    names, ks = tuple(grid for grid in pointwise for _ in decimal), decimal * len(pointwise)
    return shared, [GridSteps(names, ks, steps) for steps in steps_at(fmt, names, ks, points)]


# --- points -------------------------------------------------------------------------------------------------


def in_format(fmt: FloatFormat, numbers: Sequence[Number]) -> np.ndarray:
    """Return numbers in the format, each rounded once: shape (n,), of the dtype of `fmt`."""
    if all(type(number) is float for number in numbers):
        return fmt.as_array(np.array(numbers, dtype=np.float64))
    return np.array([fmt.as_array(number)[()] for number in numbers], dtype=fmt.dtype)


def shown(number: Number) -> str:
    """Return a given number as text: that of the float, or 30 digits where no double holds it."""
    return decimal_text(number) if isinstance(number, Fraction) else repr(number)


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
    return _neighbours(fmt, fmt.lift(x)).copy()


@lru_cache(maxsize=64)
def _neighbours(fmt: FloatFormat, exact: Fraction) -> np.ndarray:
    """Return the neighbours, which all formulas of a sweep ask for, and the digests of its values before them."""
    points = np.empty(NEIGHBOURS, dtype=fmt.dtype)
    for index in range(NEIGHBOURS):
        r = Fraction(index - NEIGHBOURS // 2, 256)
        points[index] = fmt.round(exact * (1 + r) if exact else r)
    return points
