"""The deviation of a gradient along a line, with the truncation and the rounding error of this estimate.

With the remainders r(k) = f(x̂ₖ) − f(x) − ⟨g, x̂ₖ − x⟩ at the points x̂ₖ ≈ x + k·h·d, k = ±1, …, ±r, the slope of the
remainder along d is the numerical slope of f minus the analytic one. The displacements are those between the
rounded nodes, so their rounding has no effect to first order.

The centered stencils of accuracy order 2, 4, …, 2r are nested: the same values give all of them. The highest is the
estimate; its distance to the next lower one estimates the error of that lower one, and is used as the truncation of
the highest: an overestimate as soon as h is small enough for the series to fall.
"""

from dataclasses import dataclass, fields, replace
from functools import cache
from math import comb
from typing import NamedTuple

import numpy as np

from numdiff.floats.fixed_order import matrix_product
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Stencil, centered, forward
from numdiff.gradients.noise import rounding_floor

__all__ = ["ROUNDINGS", "SAFETY", "Estimate", "GivenGradient", "estimated", "offsets"]

SAFETY = 6
"""Standard deviations that a rounding error is allowed: chosen by trial over correct gradients in every format."""
ROUNDINGS = 1024
"""The largest rounding error assumed for a component of a computed gradient, in units of u·max|g|."""


def offsets(radius: int) -> tuple[int, ...]:
    """Return the offsets −r, …, −1, 1, …, r."""
    return (*range(-radius, 0), *range(1, radius + 1))


class GivenGradient(NamedTuple):
    """The gradient under test, and its estimated rounding errors; arrays of longdouble, shape of x."""

    value: np.ndarray
    noise: np.ndarray
    """The standard deviation of the rounding error of each component."""
    limit: np.longdouble
    """The largest error of a slope that can be rounding, whatever the noise that was measured."""


@dataclass
class Estimate:
    """Deviations of a gradient along some lines; all arrays of longdouble, shape (rows,)."""

    deviation: np.ndarray
    """The numerical slope minus the analytic one; NaN where there is none."""
    truncation: np.ndarray
    """The estimated error of the formula; infinite where there is no value."""
    noise: np.ndarray
    """The assumed standard deviation of the rounding error of a value of f."""
    amplification: np.ndarray
    """‖w‖₂/h: independent errors of deviation σ in the values become one of σ·amplification in the slope."""
    step: np.ndarray
    left: np.ndarray
    right: np.ndarray
    one_sided: np.ndarray
    """Deviations computed from the points on one side alone, and the uncertainty of their difference."""
    measured_noise: np.ndarray
    """The standard deviation of the noise, estimated from the values of the line alone."""
    rounding_ratio: np.ndarray
    """The ratio of the expected rounding error to all other error: above 1 a wider step would be better."""
    own: np.ndarray
    """The largest rounding error assumed for the analytic slope."""
    is_flat: np.ndarray
    """Whether f has the same value at all points of the line: the step may be below its resolution. Of bool."""

    @property
    def rounding(self) -> np.ndarray:
        """The largest effect assumed for rounding in f and in the gradient."""
        return SAFETY * self.noise * self.amplification + self.own

    @property
    def tolerance(self) -> np.ndarray:
        """Truncation and rounding together."""
        return self.truncation + self.rounding

    def allow(self, own_noise: np.ndarray, limit: np.longdouble) -> "Estimate":
        """Return the estimate with the rounding of the gradient added to its tolerance.

        At most the tolerance of the numerical slope, or `limit` if that is larger: noise of a gradient above that of a
        difference quotient is not rounding, the gradient jumps.
        """
        return replace(self, own=np.minimum(SAFETY * own_noise, np.maximum(self.tolerance, limit)))

    @property
    def is_kinked(self) -> np.ndarray:
        """Whether the slopes to the left and to the right of x clearly differ."""
        return np.abs(self.left - self.right) > 3 * self.one_sided

    @property
    def is_between(self) -> np.ndarray:
        """Whether the gradient lies between the slopes to the left and to the right."""
        below, above = np.minimum(self.left, self.right), np.maximum(self.left, self.right)
        return (below - self.one_sided <= 0) & (above + self.one_sided >= 0)

    def rows(self, chosen: np.ndarray) -> "Estimate":
        """Return some of the rows."""
        return Estimate(*(getattr(self, item.name)[chosen] for item in fields(self)))

    def put(self, chosen: np.ndarray, other: "Estimate") -> None:
        """Replace some of the rows by those of another estimate."""
        for item in fields(self):
            getattr(self, item.name)[chosen] = getattr(other, item.name)


def estimated(
    values: np.ndarray,
    at_x: np.longdouble,
    predicted: np.ndarray,
    step: np.ndarray,
    noise: np.longdouble,
    item: FloatFormat,
) -> Estimate:
    """Return the deviation of the gradient along lines on which f has been evaluated.

    Parameters
    ----------
    values, predicted : ndarray of longdouble, shape (rows, 2·r), r = 2 or 3
        f(x̂ₖ) at `offsets(r)`, and ⟨g, x̂ₖ − x⟩ there.
    at_x, noise : longdouble
        f(x), and the deviation of the rounding error of f (0 if unknown).
    step : ndarray of longdouble, shape (rows,)
    item : FloatFormat
        The format of the values of f: no error is smaller than its last rounding.
    """
    radius = values.shape[1] // 2
    with np.errstate(all="ignore"):
        change = values - at_x
        is_flat = np.all(change == 0, axis=1)
        remainder = change - predicted
        nested = matrix_product(remainder, _centered(radius)).T / step
        floor = rounding_floor(np.maximum(np.abs(values).max(axis=1), np.abs(at_x)), item)
        expected = np.maximum(floor, noise)
        measured = np.abs(matrix_product(remainder, _highest_difference(radius))[:, 0])
        used = np.maximum(expected, measured)
        amplification = np.sqrt(np.sum(_centered(radius)[:, 0] ** 2)) / step
        truncation = _truncation(nested, np.abs(change / offsets(radius)).max(axis=1) / step)
        rounding_ratio = SAFETY * expected / (SAFETY * (used - expected) + truncation / amplification)
        sides = _one_sided(remainder, step, SAFETY * expected)
    found = Estimate(
        nested[0], truncation, used, amplification, step, *sides, measured, rounding_ratio, np.zeros_like(step), is_flat
    )
    unusable = ~(np.isfinite(values).all(axis=1) & np.isfinite(predicted).all(axis=1) & np.isfinite(at_x))
    found.truncation[unusable] = found.one_sided[unusable] = np.inf
    found.noise[unusable], found.deviation[unusable] = 0, np.nan
    return found


def _truncation(nested: np.ndarray, variation: np.ndarray) -> np.ndarray:
    """Return an estimate of the truncation error of the first of nested slopes D₂ᵣ, D₂ᵣ₋₂, …, D₂.

    For r = 3 it is the larger of |D₆ − D₄| and (D₄ − D₂)²/V, where V is the largest mean slope of f over the steps:
    both are O(h⁴), and one of them may vanish by accident. For r = 2 it is |D₄ − D₂|, of O(h²).
    """
    first = np.abs(nested[0] - nested[1])
    if len(nested) == 2:
        return first
    second = np.abs(nested[1] - nested[2])
    is_known = (second > 0) & (
        variation > 0
    )  # where the values do not change, only the rounding of displacements is left
    return np.maximum(first, np.where(is_known, second * second / variation, 0))


def _one_sided(remainder: np.ndarray, step: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the deviations to the left and to the right, and the uncertainty of their difference.

    The uncertainty is the distance to the slopes of one order less, and the rounding `error` of the values.
    """
    weights = _forward(remainder.shape[1] // 2)
    right, right_lower = matrix_product(remainder, weights).T
    left, left_lower = -matrix_product(remainder[:, ::-1], weights).T  # mirrored: the slope of f(−x)
    spread = np.abs(right - right_lower) + np.abs(left - left_lower)
    size = np.sqrt(2 * np.sum(weights[:, 0] ** 2))
    return left / step, right / step, (spread + size * error) / step


def _on(stencil: Stencil, radius: int) -> np.ndarray:
    """Return the weights of a stencil at `offsets(radius)`; that at 0 is not needed, since the remainder is 0 there."""
    weights = dict(zip(stencil.offsets, stencil.weights, strict=True))
    return np.array([float(weights.get(k, 0)) for k in offsets(radius)], np.longdouble)  # type: ignore[call-overload]


@cache
def _centered(radius: int) -> np.ndarray:
    """Return the weights of the centered stencils of order 2r, 2r − 2, …, 2 in columns."""
    return np.stack([_on(centered(order), radius) for order in range(2 * radius, 0, -2)], axis=1)


@cache
def _forward(radius: int) -> np.ndarray:
    """Return the weights of the forward stencils of order r and r − 1 in columns."""
    return np.stack([_on(forward(order), radius) for order in (radius, radius - 1)], axis=1)


@cache
def _highest_difference(radius: int) -> np.ndarray:
    """Return the weights of Δ²ʳ/√C(4r, 2r) in a column: independent errors become one of the same deviation.

    Where h is so wide that no polynomial of degree 2r − 1 approximates f, the result is larger than the noise.
    """
    signs = [(-1) ** k * comb(2 * radius, k + radius) for k in offsets(radius)]
    return np.array(signs, np.longdouble)[:, None] / np.sqrt(np.longdouble(comb(4 * radius, 2 * radius)))
