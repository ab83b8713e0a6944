"""How far a gradient is off along a line, with the truncation and the rounding error of that statement.

With the remainders r(k) = f(x̂ₖ) − f(x) − ⟨g, x̂ₖ − x⟩ at the points x̂ₖ ≈ x + k·h·d, k = ±1, …, ±r, the slope of the
remainder along d is the numerical slope of f minus the analytic one. The displacements are those that the format could
represent, so a displacement that was rounded costs nothing to first order.

The centered stencils of accuracy order 2, 4, …, 2r are nested: the same values give all of them. The highest is the
estimate; its distance to the next lower one estimates the error of that lower one, and is taken for the truncation of
the highest: too large, as soon as h is small enough for the series to fall.
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

__all__ = ["ROUNDINGS", "SAFETY", "Claim", "Estimate", "judged", "offsets"]

SAFETY = 6
"""Standard deviations that a rounding error is allowed: chosen by trial over correct gradients in every format."""
ROUNDINGS = 1024
"""Roundings of its largest component that are believed of a computed gradient."""


def offsets(reach: int) -> tuple[int, ...]:
    """Return the offsets −r, …, −1, 1, …, r."""
    return (*range(-reach, 0), *range(1, reach + 1))


class Claim(NamedTuple):
    """The gradient that is claimed, and what is known of its rounding errors; arrays of longdouble, shape of x."""

    value: np.ndarray
    noise: np.ndarray
    """The deviation of the rounding error of each component."""
    limit: np.longdouble
    """The error of a slope that is believed to be rounding, whatever the noise that was seen."""


@dataclass
class Estimate:
    """Deviations of a gradient along some lines; all arrays of longdouble, shape (rows,)."""

    deviation: np.ndarray
    """The numerical slope minus the analytic one; NaN where there is none."""
    truncation: np.ndarray
    """The error of the formula as it is estimated; infinite where there is no value."""
    noise: np.ndarray
    """The deviation of the rounding error of a value of f that is reckoned with."""
    gain: np.ndarray
    """‖w‖₂/h: independent errors of deviation σ in the values become one of σ·gain in the slope."""
    step: np.ndarray
    left: np.ndarray
    right: np.ndarray
    one_sided: np.ndarray
    """Deviations from the points on one side alone, and the uncertainty of their difference."""
    seen_noise: np.ndarray
    """The deviation of the noise that the values of the line show themselves."""
    balance: np.ndarray
    """The rounding that is expected over all other error: above 1 a wider step would be better."""
    own: np.ndarray
    """The largest rounding error of the analytic slope itself that is reckoned with."""
    is_flat: np.ndarray
    """Whether f has the same value at all points of the line: it may be too coarse for the step. Of bool."""

    @property
    def rounding(self) -> np.ndarray:
        """The largest effect of rounding in f and in the gradient that is reckoned with."""
        return SAFETY * self.noise * self.gain + self.own

    @property
    def tolerance(self) -> np.ndarray:
        """Truncation and rounding together."""
        return self.truncation + self.rounding

    def allow(self, own_noise: np.ndarray, limit: np.longdouble) -> "Estimate":
        """Return the estimate with the rounding of the gradient allowed for.

        Never more than the numerical slope is off, or than `limit`: a gradient that is noisier than a difference
        quotient does not round, it jumps.
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


def judged(
    values: np.ndarray,
    at_x: np.longdouble,
    predicted: np.ndarray,
    step: np.ndarray,
    noise: np.longdouble,
    item: FloatFormat,
) -> Estimate:
    """Return how far the gradient is off along lines on which f has been evaluated.

    Parameters
    ----------
    values, predicted : ndarray of longdouble, shape (rows, 2·r), r = 2 or 3
        f(x̂ₖ) at `offsets(r)`, and ⟨g, x̂ₖ − x⟩ there.
    at_x, noise : longdouble
        f(x), and the deviation of the rounding error of f (0 if unknown).
    step : ndarray of longdouble, shape (rows,)
    item : FloatFormat
        In which the values of f come: no error is smaller than its last rounding.
    """  # fmt: skip
    reach = values.shape[1] // 2
    with np.errstate(all="ignore"):
        change = values - at_x
        is_flat = np.all(change == 0, axis=1)
        remainder = change - predicted
        nested = matrix_product(remainder, _centered(reach)).T / step
        floor = rounding_floor(np.maximum(np.abs(values).max(axis=1), np.abs(at_x)), item)
        expected = np.maximum(floor, noise)
        seen = np.abs(matrix_product(remainder, _highest_difference(reach))[:, 0])
        used = np.maximum(expected, seen)
        gain = np.sqrt(np.sum(_centered(reach)[:, 0] ** 2)) / step
        truncation = _truncation(nested, np.abs(change / offsets(reach)).max(axis=1) / step)
        balance = SAFETY * expected / (SAFETY * (used - expected) + truncation / gain)
        sides = _one_sided(remainder, step, SAFETY * expected)
    found = Estimate(nested[0], truncation, used, gain, step, *sides, seen, balance, np.zeros_like(step), is_flat)
    unusable = ~(np.isfinite(values).all(axis=1) & np.isfinite(predicted).all(axis=1) & np.isfinite(at_x))
    for array, value in ((found.truncation, np.inf), (found.noise, 0), (found.one_sided, np.inf),
                         (found.deviation, np.nan)):  # fmt: skip
        array[unusable] = value
    return found


def _truncation(nested: np.ndarray, variation: np.ndarray) -> np.ndarray:
    """Return an estimate of the truncation error of the first of nested slopes D₂ᵣ, D₂ᵣ₋₂, …, D₂.

    For r = 3 it is the larger of |D₆ − D₄| and (D₄ − D₂)²/V, where V is the largest mean slope of f over the steps:
    both are O(h⁴), and that one of them vanishes by accident does not matter. For r = 2 it is |D₄ − D₂|, of O(h²).
    """
    first = np.abs(nested[0] - nested[1])
    if len(nested) == 2:
        return first
    second = np.abs(nested[1] - nested[2])
    is_known = (second > 0) & (variation > 0)  # values that do not change leave the rounding of displacements alone
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


def _on(stencil: Stencil, reach: int) -> np.ndarray:
    """Return the weights of a stencil at `offsets(reach)`; that at 0 is not needed, where the remainder is 0."""
    weights = dict(zip(stencil.offsets, stencil.weights, strict=True))
    return np.array([float(weights.get(k, 0)) for k in offsets(reach)], np.longdouble)  # type: ignore[call-overload]


@cache
def _centered(reach: int) -> np.ndarray:
    """Return the weights of the centered stencils of order 2r, 2r − 2, …, 2 in columns."""
    return np.stack([_on(centered(order), reach) for order in range(2 * reach, 0, -2)], axis=1)


@cache
def _forward(reach: int) -> np.ndarray:
    """Return the weights of the forward stencils of order r and r − 1 in columns."""
    return np.stack([_on(forward(order), reach) for order in (reach, reach - 1)], axis=1)


@cache
def _highest_difference(reach: int) -> np.ndarray:
    """Return the weights of Δ²ʳ/√C(4r, 2r) in a column: independent errors become one of the same deviation.

    Where h is so wide that no polynomial of degree 2r − 1 describes f, it shows more than noise.
    """
    signs = [(-1) ** k * comb(2 * reach, k + reach) for k in offsets(reach)]
    return np.array(signs, np.longdouble)[:, None] / np.sqrt(np.longdouble(comb(4 * reach, 2 * reach)))
