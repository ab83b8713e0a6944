"""What is claimed: a gradient with the error of its own rounding, and the directions along which it is seen best."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.adaptive.ladder import Scheme
from numdiff.adaptive.plan import GENERIC, natural_start, plan, spacing
from numdiff.floats.formats import FloatFormat
from numdiff.gradients.functions import Function, Gradient
from numdiff.gradients.lines import Lines
from numdiff.gradients.parameters import Parameters

__all__ = [
    "LUCK",
    "Claim",
    "Directions",
    "Roundings",
    "chosen_directions",
    "claimed",
    "roundings_of",
    "scatter_along",
    "scatter_of",
]

UNITS = (2, 16, 128)
"""Displacements, in units in the last place, by half more or less: see `numdiff.gradients.rule`."""
GRAIN_UNITS = (1, 1, 1, 2, 8, 32)
"""Displacements by which the grain of f is looked for. With 1, every other x moves. Of the twelve changes, some of the
first are of a few units in the last place of f, if the rounding of x and that of f are alike; where f loses digits, its
grain is as coarse."""
SCATTER_UNITS = UNITS * 2
"""Displacements by which the rounding of f is looked for in addition: by few units, sums of 8 or 16 numbers are often
exact, and by more they are not."""
ALONG = ((3, 13), (57, 21), (97, 151), (34, 57), (151, 13), (21, 89))
"""Displacements to the left and right along one coordinate, in units in the last place. With equal ones, the roundings
of a sum are each other's opposite, and not seen."""
LUCK = 3.0
"""Noise of v that is so many times less than the rounding of f beside x is so by luck: the largest of six roundings is
1.6 deviations in the median, and a deviation that is estimated from two residuals comes out as half of itself in one
case of eleven, which Student's quantile in the bar of v allows for, but no more."""
KINDS = 4
"""The kinds of directions: see `chosen_directions`."""


@dataclass(frozen=True)
class Claim:
    """A gradient at x, as it is claimed.

    Parameters
    ----------
    value : ndarray, shape (n,)
        g.
    scatter : ndarray, shape (k, n)
        (g(x + δ) + g(x − δ) − 2g(x))/√6 for some δ; none for a claim that is given as an array.
    x : ndarray, shape (n,)
        In the class of g.
    unit : float
        The unit roundoff.
    is_random : bool
        Whether the gradient was another one when it was asked for again.
    """

    value: np.ndarray
    scatter: np.ndarray
    x: np.ndarray
    unit: float
    is_random: bool = False

    def at(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the claims for some coordinates, and R = 2r + 2u|c|."""
        largest = np.abs(self.scatter[:, places]).max(axis=0, initial=0.0)
        return self.value[places], 2 * largest + 2 * self.unit * np.abs(self.value[places])

    def along(self, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the claims ⟨g, d⟩ along some directions, and R without the part of the arguments.

        The components of g are rounded one by one, so that ‖g∘d‖ takes the place of |c| where it is larger.
        """
        found = []
        for move in moves.astype(self.value.dtype):
            parts = self.value * move
            largest = max((abs((row * move).sum()) for row in self.scatter), default=0.0)
            size = max(abs(parts.sum()), math.sqrt(np.square(parts).sum()))
            found.append((parts.sum(), 2 * largest + 2 * self.unit * size))
        claims, roundings = np.array(found, self.value.dtype).T
        return claims, roundings

    @property
    def reach(self) -> float:
        """‖x∘g‖: what f changes by where all x are rounded, in units of roundoff."""
        return math.sqrt(float(np.square(self.x * self.value).sum()))


def claimed(
    gradient: Gradient,
    point: Parameters,
    rng: np.random.Generator,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
) -> Claim:
    """Return the gradient at x, and its scatter over a few units in the last place; eight calls of a callable.

    Parameters
    ----------
    gradient : Gradient
    point : Parameters
    rng : Generator
        Of the displacements.
    lower, upper : ndarray of the format, shape (n,), or None
        Closed bounds, which no argument leaves.
    """
    value = gradient.at(point, point.vector)
    scatter = scatter_of(gradient, point, value, rng, lower=lower, upper=upper)
    is_random = gradient.is_callable and bool(np.any(gradient.at(point, point.vector) != value))
    return Claim(value, scatter, point.vector.astype(value.dtype), float(point.item.unit_roundoff), is_random)


def scatter_of(
    gradient: Gradient,
    point: Parameters,
    value: np.ndarray,
    rng: np.random.Generator,
    *,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
    rounds: int = 1,
) -> np.ndarray:
    """Return (g(x + δ) + g(x − δ) − 2g(x))/√6 for three δ in each round; six calls of a callable, none of an array.

    Parameters
    ----------
    gradient : Gradient
    point : Parameters
    value : ndarray, shape (n,)
        g(x).
    rng : Generator
    lower, upper : ndarray of the format, shape (n,), or None
        Closed bounds, which no argument leaves.
    rounds : int

    Returns
    -------
    ndarray, shape (k, n)
        0 where g is not finite beside x.
    """
    if not gradient.is_callable:
        return np.empty((0, value.size), value.dtype)
    rows, item = [], point.item
    most = math.sqrt(1 / (16 * float(item.unit_roundoff)))
    for units in UNITS * rounds:
        about = units if units <= most else UNITS[0]
        with np.errstate(all="ignore"):
            beside = _beside(point.vector, item, about, rng, lower, upper)
            sides = [gradient.at(point, vector, False) for vector in beside]
            rows.append((sides[0] - value + (sides[1] - value)) / math.sqrt(6))
    scatter = np.array(rows)
    return np.where(np.isfinite(scatter), scatter, 0)


@dataclass(frozen=True)
class Roundings:
    """What f is seen to be rounded by, over a few units in the last place of all x.

    Parameters
    ----------
    grain : float
        The smallest change of f that is seen; infinite where there is none. An f that prints its values, or rounds
        them, does not change over so little, or else by a tread.
    scatter : float
        The largest |f(x + δ) + f(x − δ) − 2f(x)|/√6: the linear part of f is not in it, and three roundings are.
    evaluations : int
    """

    grain: float = math.inf
    scatter: float = 0.0
    evaluations: int = 0


def roundings_of(
    function: Function,
    at_x: Any,
    rng: np.random.Generator,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
    *,
    is_short: bool = False,
) -> Roundings:
    """Return what f is rounded by beside x; 24 evaluations.

    Parameters
    ----------
    function : Function
        Of one value.
    at_x : number
        f(x).
    rng : Generator
    lower, upper : ndarray of the format, shape (n,), or None
        Closed bounds, which no argument leaves.
    is_short : bool
        Whether only six evaluations are taken, which tell the scatter and not the grain.
    """
    point, least, largest = function.point, math.inf, 0.0
    most = math.sqrt(1 / (16 * float(point.item.unit_roundoff)))
    chosen = UNITS if is_short else GRAIN_UNITS + SCATTER_UNITS
    for units in chosen:
        about = units if units <= most else UNITS[0]
        beside = np.array(_beside(point.vector, point.item, about, rng, lower, upper))
        changes = function.values(beside)[:, 0] - at_x
        if np.isfinite(changes).all():
            largest = max(largest, abs(float(changes.sum())) / math.sqrt(6))
        known = np.abs(changes[np.isfinite(changes) & (changes != 0)])
        least = min(least, float(known.min(initial=math.inf)))
    return Roundings(math.inf if is_short else least, largest, 2 * len(chosen))


def scatter_along(
    lines: Lines, fmt: FloatFormat, noise: np.ndarray, scatter: float, interval: tuple[Any, Any]
) -> np.ndarray:
    """Return the rounding of f beside x along each line, where that of all x makes it worth a look; 0 elsewhere.

    A sum of many terms is rounded less where one of them moves. Along directions, and next to a bound, it is that of
    all x.

    Parameters
    ----------
    lines : Lines
        k lines, of an f with one value.
    fmt : FloatFormat
    noise : ndarray, shape (k,)
        The noise of f that is known on each line.
    scatter : float
        That of all x.
    interval : tuple
        Two ends, between which all nodes lie: numbers, or arrays of shape (k,).
    """
    worth, at = noise < scatter / LUCK, lines.at.astype(noise.dtype)
    seen = np.where(worth, scatter, 0).astype(at.dtype)
    (low, high), widest = interval, 2 * ALONG[2][1] * spacing(fmt, np.abs(at))
    rows = np.flatnonzero(worth & (low < at - widest) & (at + widest < high))
    if lines.moves is not None or not rows.size:
        return seen
    x, unit, largest = at[rows], spacing(fmt, np.abs(at))[rows], np.zeros(rows.size, at.dtype)
    for before, after in ALONG:
        left, right = ((x + count * unit).astype(lines.at.dtype) for count in (-before, after))
        values = lines(np.concatenate((left, right)), np.concatenate((rows, rows))) - lines.at_x()[0]
        a, b = x - left, right - x
        with np.errstate(all="ignore"):
            bent = (a * values[rows.size :] + b * values[: rows.size]) / np.sqrt(a * a + b * b + (a + b) ** 2)
        largest = np.fmax(largest, np.abs(bent))
    seen[rows] = np.minimum(seen[rows], largest)
    return seen


def _beside(
    vector: np.ndarray,
    item: FloatFormat,
    units: int,
    rng: np.random.Generator,
    lower: np.ndarray | None,
    upper: np.ndarray | None,
) -> list[np.ndarray]:
    """Return x + δ and x − δ, δ of about so many units in the last place, by half more or less, of random signs."""
    wide = vector.astype(np.longdouble if item.precision > 53 else np.float64)
    step = _signs(rng, wide.size) * rng.integers(units // 2, units + units // 2 + 1, wide.size) * _units(wide, item)
    if lower is not None and upper is not None:
        step[(wide - np.abs(step) < lower) | (wide + np.abs(step) > upper)] = 0
    return [(wide + way * step).astype(vector.dtype) for way in (1, -1)]


def _signs(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return random signs; by integers in a tenth of the time of `Generator.choice`."""
    return rng.integers(0, 2, n, dtype=np.int8) * np.int8(2) - np.int8(1)


def _units(wide: np.ndarray, item: FloatFormat) -> np.ndarray:
    """Return the unit in the last place of every coordinate; of a zero that of the smallest other one, or of 1.

    Its own is too small to have an effect.
    """
    size = np.abs(wide)
    return spacing(item, np.where(size > 0, size, size[size > 0].min() if size.any() else size.dtype.type(1)))


@dataclass(frozen=True)
class Directions:
    """Directions, and where a search along them begins.

    Parameters
    ----------
    moves : ndarray of the format, shape (k, n)
    start : ndarray, shape (k,), or None
        The first steps; None for those of `numdiff.gradients.lines`.
    is_kept : ndarray of bool, shape (k,), or True
        Which directions any other claim would have had too.
    """

    moves: np.ndarray
    start: np.ndarray | None = None
    is_kept: np.ndarray | bool = True


def chosen_directions(point: Parameters, claim: np.ndarray, count: int, rng: np.random.Generator) -> Directions:
    """Return directions along which mistakes of all scales are seen.

    All have random signs. In turn: the coordinates of the lower half by |xᵢgᵢ| move by |xᵢ|, those of the upper half
    do, all move by the root mean square of x, all move by 1. A coordinate whose claim is 0 is in the lower half, where
    no larger one hides it; scaling by |xᵢ| shows mixed scales, and the others show coordinates that are 0 or small.

    The first step along the halves is the part c of `numdiff.adaptive.plan` of x, as where x is 1, and along the others
    that of the first coordinate; but at most c times what the coordinates differ by (their median deviation from their
    median), for f may depend on that alone, as a variance does: then 1000 ± 1 varies over 1.

    Parameters
    ----------
    point : Parameters
    claim : ndarray, shape (n,)
        The gradient that is claimed. The choice may depend on it: the slopes along the directions do not.
    count : int
    rng : Generator
    """
    wide = point.vector.astype(claim.dtype)
    size, n = np.abs(wide), wide.size
    known = size[size > 0]
    typical = np.median(known) if known.size else claim.dtype.type(1)
    length = np.where(size > 0, size, typical)
    largest = length.max()
    with np.errstate(over="ignore", under="ignore"):
        square = largest * np.sqrt(np.mean(np.square(size / largest))) or claim.dtype.type(1)
        order = np.argpartition(np.abs(wide * claim), (n - 1) // 2)
    is_lower = np.zeros(n, bool)
    is_lower[order[: (n + 1) // 2]] = True
    scales = (
        np.where(is_lower, length, 0),
        np.where(is_lower, 0, length) if n > 1 else length,
        np.full(n, square),
        np.ones(n, claim.dtype),
    )
    own = plan(point.item, Scheme(1))
    spread = np.median(np.abs(wide - np.median(wide))) or typical
    first = float(natural_start(own, size).min())
    parts = (min(1.0, spread / typical),) * 2 + tuple(
        min(first / own.scale, spread) / scale for scale in (square, claim.dtype.type(1))
    )
    moves, starts = np.empty((count, n), point.vector.dtype), np.empty(count, claim.dtype)
    for row in range(count):
        kind = row % KINDS
        moves[row] = (_signs(rng, n) * scales[kind]).astype(moves.dtype)
        starts[row] = own.scale * GENERIC * parts[kind]
    return Directions(moves, starts, np.arange(count) % KINDS >= KINDS // 2)
