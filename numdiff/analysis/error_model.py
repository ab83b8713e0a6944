r"""A model of the total error of a difference quotient as a function of its step.

To the truncation error T(z, h) of `numdiff.analysis.taylor`, rounding adds independent errors of mean 0:

    evaluation    N₁² = Σ wᵢ²·σ(z + cᵢh)²/h²ᵐ,      σ = typical share · bound of the evaluation error,
    abscissa      N₂² = f′(z)²·Σ_{x + cᵢh rounded} wᵢ²·ulp(z + cᵢh)²/12/h²ᵐ,
    combination   N₃² = ρ²u²·(2·f⁽ᵐ⁾(z)² + f(z)²·(Σ′ wᵢ² + Σ sᵢ²)/h²ᵐ),

where Σ′ runs over the weights that are no power of two over their common denominator (their product is rounded) and
sᵢ are the partial sums of the weights in the order of the kernel; the last sum and the division are rounded relative
to the result. ρu|v| is the root mean square of one rounding error of v, see `ROUNDING`. The predicted error is

    E(h)² = mean over z of (T² + N₁² + N₂² + N₃²),                                                                (2)

a root mean square over a small neighbourhood of x, as the observed optimum is. At a single point the terms of T cancel
at some h, and a minimum there is a lucky zero.

References
----------
P. E. Gill, W. Murray, M. A. Saunders and M. H. Wright, Computing forward-difference intervals for numerical
optimization, SIAM J. Sci. Stat. Comput. 4 (1983) 310-321, section 2: the model of two terms that this one extends.
"""

import math
import sys
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import numpy as np

from numdiff.analysis.overflow import largest_safe_step, overflows
from numdiff.analysis.representable import binade, exact_nodes, reaches, ulp_exponents
from numdiff.analysis.smooth import Room, Sides, Surroundings
from numdiff.analysis.taylor import (
    Scaled,
    Series,
    root,
    scaled_truncation_errors,
    split,
    total,
    total_of_squared_rows,
    total_of_squares,
    truncation_error,
)
from numdiff.analysis.typical_noise import KnownFunction, noise_at
from numdiff.floats.dyadic import dyadic, dyadic_to_fraction
from numdiff.floats.formats import Dyadic, FloatFormat
from numdiff.formulas.stencil import FORWARD, Stencil

NEIGHBOURHOOD = tuple(Fraction(sign * t, 10**6) for t in (187592, 794654) for sign in (1, -1))
"""z = x + rt, t being the four nodes of Chebyshev's quadrature with equal weights (Abramowitz and Stegun, table 25.5).

So the mean square is that of the range x ± r, and z has a full significand in every format, where x often has few bits
and an exact f(x).
"""
RADIUS = Fraction(1, 16)
"""r in units of |x|, or r itself where x = 0: that of the 33 neighbours over which the study takes its statistics."""
_LOOK = Fraction(1, 8)
"""How far the model looks for obstacles of its own accord, in units of the power of two below |x|: at least r."""
_SHARE_OF_ROOM = Fraction(1, 8)
"""The largest r as a share of the room around x.

At a distance ρ from a pole f‴ goes with ρ⁻⁴. The points of the neighbourhood lie within 0.8r: with an eighth, by ρ/10
nearer to it than x, which makes f‴ 1.5 times as large and the best step 1.2 times as small; with a half, 8 and 2 times.
"""
ROUNDING = 0.4247
"""ρ, the root mean square of |fl(v) − v|/(u|v|) for mantissas 1 ≤ μ < 2 of density 1/(μ ln 2).

The error is uniform in ±ulp/2 with ulp = 2u|v|/μ, and E[μ⁻²] = 3/(8 ln 2): ρ² = 4/12·3/(8 ln 2) = 1/(8 ln 2).
"""
WIDE = 3
"""Binades above |x| (and above 1) up to which the model knows the noise, if no more are asked for.

It decides what a prediction costs, and not what it says: `numdiff.analysis.best_step` asks for more where the best step
is near the widest one. With 0, it does so for most functions in the narrow formats.
"""
_NOISE_BINADES = 6
"""Binades below |z| from where on the function values at the nodes are told from that at z.

Below, z ± h/|z| changes by less than 2⁻⁶, and the noise of a function by about its condition number times that. With
more binades no predicted error of the suite changes by 7.5 %, with one less some do.
"""
LARGEST = Fraction(sys.float_info.max)
"""The largest double: points and steps are no larger, whatever the format."""
_LOWEST = -1073
"""The binade of the least step of known noise: 1.5 times its power of two is a double too."""


@dataclass(frozen=True, eq=False)
class ErrorModel:
    """Equation (2) for one callable, point, format and stencil; its methods map arrays of doubles to such.

    Attributes
    ----------
    stencil : Stencil
    format : FloatFormat
    x : Fraction
    surroundings : Surroundings
        Of f at x.
    room : tuple of float
        How far a node may lie from x, to the left and to the right: less than that far. It ends with the domain, or
        before the nearest branch, pole or edge of f within `searched`.
    searched : Room
        How far f was looked at for such obstacles.
    at : Series
        The Taylor coefficients at x itself.
    points : tuple of Fraction
        The neighbourhood z, numbers of the format.
    series : tuple of Series
        The Taylor coefficients there.
    noise_steps : ndarray of float64, shape (r,)
        Steps at which the noise of the function values at the nodes is known; that of the first holds for all below.
    squares : Scaled, shape (r,)
        Mean over z of Σ wᵢ²σ(z + cᵢh)² there; infinite where a node has no bound.
    """

    stencil: Stencil
    format: FloatFormat
    x: Fraction
    surroundings: Surroundings
    room: Sides
    searched: Room
    at: Series
    points: tuple[Fraction, ...]
    series: tuple[Series, ...]
    noise_steps: np.ndarray
    squares: Scaled

    @property
    def noise(self) -> float:
        """The typical error of one function value near x."""
        weights = sum(float(w) * float(w) for w in self.stencil.weights)
        at_rest = Scaled(self.squares.mantissas[0] / weights, self.squares.exponents[0])
        return float(root(at_rest).values)

    def looked_as_far_as(self, step: float) -> "ErrorModel":
        """Return the model with the obstacles known as far as the nodes of a step reach; itself if they are already."""
        wanted = Room(*(reach * Fraction(step) for reach in reaches(self.stencil)))
        room, searched = self.surroundings.beyond(wanted, self.room, self.searched)
        return self if searched == self.searched else replace(self, room=room, searched=searched)

    def truncation(self, steps: np.ndarray) -> np.ndarray:
        """Return the root mean square of T; infinite where a step is too wide for the Taylor series."""
        return root(self._truncation(steps)).values

    def roundoff(self, steps: np.ndarray) -> np.ndarray:
        """Return √(N₁² + N₂² + N₃²); infinite where a node leaves the room or has no bound."""
        return root(self._roundoff(steps)).values

    def total(self, steps: np.ndarray) -> np.ndarray:
        """Return E(h); infinite where the step is not to be used."""
        parts = [root(self._truncation(steps)), root(self._roundoff(steps))]
        result = root(total_of_squares(parts)).values
        finite = np.isfinite(result)
        result[finite] = np.where(self.overflows(steps[finite]), np.inf, result[finite])
        return result

    def _truncation(self, steps: np.ndarray) -> Scaled:
        rows = scaled_truncation_errors(self.series, self.stencil, steps)
        return total_of_squared_rows(rows).times(1 / len(self.series))

    def _roundoff(self, steps: np.ndarray) -> Scaled:
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            abscissa = self._abscissa(steps, exact_nodes(self.format, self.x, self.stencil, steps))
            amplified = self._amplified(total([self._evaluation(steps), abscissa, self._sums]), steps)
            squares = total([total_of_squares([amplified]), self._quotient])
            return Scaled(np.where(self.inside(steps), squares.mantissas, np.inf), squares.exponents)

    def generic_total(self, steps: np.ndarray, total: np.ndarray) -> np.ndarray:
        """Return E(h) as it would be with steps of full significand beside these, whose nodes are all rounded."""
        with np.errstate(over="ignore"):
            squares = self._abscissa(steps, [np.zeros(steps.shape, dtype=bool)] * len(self.stencil.offsets))
        parts = [split(total), self._amplified(squares, steps)]
        return root(total_of_squares(parts)).values

    def overflows(self, steps: np.ndarray) -> np.ndarray:
        """Say at which steps a number inside the quotient overflows at x, f⁽ᵐ⁾(x) included."""
        hit = steps > self._safe_step
        if hit.any():
            hit[hit] = overflows(self.at, self.stencil, self.format, steps[hit])
        return hit

    @cached_property
    def _safe_step(self) -> float:
        return largest_safe_step(self.at, self.stencil, self.format)

    def inside(self, steps: np.ndarray) -> np.ndarray:
        """Say at which steps all nodes lie within the room."""
        left, right = self.room
        moves = [float(c) * steps for c in self.stencil.offsets]
        return np.logical_and.reduce([(-left < move) & (move < right) for move in moves])

    def _evaluation(self, steps: np.ndarray) -> Scaled:
        """Interpolate linearly between the steps of known noise."""
        right = np.clip(np.searchsorted(self.noise_steps, steps, side="left"), 1, len(self.noise_steps) - 1)
        low, high = self.noise_steps[right - 1], self.noise_steps[right]
        share = np.clip((steps - low) / (high - low), 0.0, 1.0)
        mantissas, exponents = self.squares.mantissas, self.squares.exponents
        # A step without bound counts only where it takes part: 0·∞ is not a number.
        left_part = np.where(share < 1, (1 - share) * mantissas[right - 1], 0.0)
        right_part = np.where(share > 0, share * mantissas[right], 0.0)
        parts = total([Scaled(left_part, exponents[right - 1]), Scaled(right_part, exponents[right])])
        return Scaled(np.where(steps > self.noise_steps[-1], np.inf, parts.mantissas), parts.exponents)

    def _amplified(self, squares: Scaled, steps: np.ndarray) -> Scaled:
        """Return the root of a mean square of the sum, divided by hᵐ."""
        result, divisor = root(squares), split(steps)
        for _ in range(self.stencil.derivative_order):
            result = Scaled(result.mantissas / divisor.mantissas, result.exponents - divisor.exponents)
        return result

    def _abscissa(self, steps: np.ndarray, exact: Sequence[np.ndarray]) -> Scaled:
        kept = [i for i, c in enumerate(self.stencil.offsets) if c and not exact[i].all()]
        offsets, weights = (
            np.array([float(numbers[i]) for i in kept])[:, np.newaxis]
            for numbers in (self.stencil.offsets, self.stencil.weights)
        )
        z = np.array([float(point) for point in self.points])[:, np.newaxis, np.newaxis]
        slopes = Scaled(*(np.array(part)[:, np.newaxis, np.newaxis] for part in self._slopes))
        held = np.array([exact[i] for i in kept]).reshape(len(kept), *steps.shape)
        exponents = slopes.exponents + ulp_exponents(self.format, z + offsets * steps)
        mantissas = np.where(held, 0.0, weights * slopes.mantissas)
        shape = (len(self.points) * len(kept), *steps.shape)
        squares = total_of_squared_rows(Scaled(mantissas.reshape(shape), exponents.reshape(shape)))
        return Scaled(squares.mantissas / (12 * len(self.points)), squares.exponents)

    @cached_property
    def _slopes(self) -> tuple[list[float], list[int]]:
        """f′ at the points of the neighbourhood, as mantissas and exponents."""
        return [float(s.mantissas[1]) for s in self.series], [int(s.exponents[1]) for s in self.series]

    @cached_property
    def _rho(self) -> float:
        return ROUNDING * float(self.format.unit_roundoff)

    @cached_property
    def _sums(self) -> Scaled:
        return self._mean_square(0).times(self._rho * self._rho * _rounded_sums(self.stencil))

    @cached_property
    def _quotient(self) -> Scaled:
        return self._mean_square(self.stencil.derivative_order).times(2 * self._rho * self._rho)

    def _mean_square(self, j: int) -> Scaled:
        return total_of_squares([series.scaled_derivative(j) for series in self.series]).times(1 / len(self.series))


@cache
def _rounded_sums(stencil: Stencil) -> float:
    """Return Σ′ wᵢ² + Σ sᵢ²; it is 0 for two nodes of weights ±w."""
    total, partial = Fraction(0), 0
    for i, n in enumerate(stencil.numerators):
        partial += n
        if abs(n) & (abs(n) - 1):
            total += Fraction(n, stencil.denominator) ** 2
        if 0 < i < len(stencil.numerators) - 1:
            total += Fraction(partial, stencil.denominator) ** 2
    return float(total)


def error_model(
    f: Callable[[Any], Any] | KnownFunction,
    x: Fraction,
    fmt: FloatFormat,
    stencil: Stencil,
    domain: tuple[float, float] = (-math.inf, math.inf),
    wide: int = WIDE,
) -> ErrorModel | None:
    """Return the model of a callable at a point; None where f has no Taylor series there or near it.

    Parameters
    ----------
    f : callable or KnownFunction
        An elementwise NumPy callable with Python constants; or what models share.
    x : Fraction
        A number of the format.
    fmt : FloatFormat
    stencil : Stencil
    domain : tuple of float
        The open interval in which f is smooth.
    wide : int
        The model reaches this many binades above |x| and above 1.

    Raises
    ------
    TypeError
        If f uses a function that the exact arithmetics do not know.
    """
    known = f if isinstance(f, KnownFunction) else KnownFunction(f)
    here = known.series([dyadic(x)])[0]
    if here is None:
        return None
    look = Fraction(2) ** binade(abs(x) or Fraction(1)) * _LOOK
    order = stencil.derivative_order + stencil.accuracy_order
    around = Surroundings(known.f, x, here, order, fmt.spacing(abs(x)), domain)
    room, searched = around.within(Room(look, look))
    radius = _radius(here, x, fmt, room)
    nodes = [_in_format(fmt, x + radius * t) for t in NEIGHBOURHOOD]
    points = tuple(dyadic_to_fraction(node) for node in nodes if node is not None)
    series = tuple(item for item in known.series(list(map(dyadic, points))) if item is not None)
    if len(series) < len(NEIGHBOURHOOD):
        return None
    noise_steps = _noise_steps(x, points, wide, room, fmt, stencil)
    squares = noise_at(known, points, noise_steps, stencil, fmt)
    steps = np.array([float(h) for h in noise_steps])
    return ErrorModel(stencil, fmt, x, around, room, searched, here, points, series, steps, squares)


def _noise_steps(
    x: Fraction, points: Sequence[Fraction], wide: int, room: Sides, fmt: FloatFormat, stencil: Stencil
) -> list[Fraction]:
    """Return 2ᵏ and 1.5·2ᵏ from `_NOISE_BINADES` below x or the nearest obstacle on, as far as there is room."""
    top, nearest = binade(max(map(abs, points))), min(room)
    first = min(top, binade(Fraction(nearest)) + 1) if 0 < nearest < math.inf else top
    exponents = range(max(first - _NOISE_BINADES, _LOWEST), max(top, 0) + wide + 1)
    noise_steps = [step for k in exponents for step in (_scaled(1, k), _scaled(3, k - 1))]
    most = max(min(fmt.largest_finite, LARGEST, _widest(x, points, room, stencil)), noise_steps[0])
    below = bisect_left(noise_steps, most)
    return noise_steps[:below] + ([most] if below < len(noise_steps) else [])


def _scaled(mantissa: int, exponent: int) -> Fraction:
    """Return mantissa·2**exponent."""
    return Fraction(mantissa << max(exponent, 0), 1 << max(-exponent, 0))


def _widest(x: Fraction, points: Sequence[Fraction], room: Sides, stencil: Stencil) -> Fraction:
    """Return the step at which no node of a point nearby has left the room, less a part in 64 of it."""
    away = max(abs(z - x) for z in points)
    sides = [
        (Fraction(side) - away) / reach * Fraction(63, 64)
        for side, reach in zip(room, reaches(stencil), strict=True)
        if reach > 0 and math.isfinite(side)
    ]
    return min(sides, default=LARGEST)


def _radius(here: Series, x: Fraction, fmt: FloatFormat, room: Sides) -> Fraction:
    """Return r: `RADIUS`, or less so that neither the room nor the Taylor series of f at x ends on the way."""
    radius = RADIUS * (abs(x) or 1)
    for side in room:
        if math.isfinite(side):
            radius = min(radius, Fraction(side) * _SHARE_OF_ROOM)
    # Below half the spacing, all points of the neighbourhood are x.
    while 2 * radius > fmt.spacing(abs(x)):
        if np.isfinite(truncation_error(here, FORWARD, np.array([float(radius)])))[0]:
            break
        radius /= 2
    return radius


def _in_format(fmt: FloatFormat, exact: Fraction) -> Dyadic | None:
    """Return an exact number rounded to the format; None where it overflows."""
    return fmt.rounded(*exact.as_integer_ratio())
