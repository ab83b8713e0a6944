r"""The kink of the error curve, found by a robust fit: rule K of pnd.

On the grid of `numdiff.rules.mathur` the estimated error T of the centered difference falls like 1/h where rounding
rules, and grows like h² where truncation does. In log₂h = θ and log₂T that is a check function with the slopes −1 and
2, which is fitted to the estimates by its kink (θ₀, τ₀):

    c(θ) = τ₀ − (θ − θ₀) for θ < θ₀,    τ₀ + 2(θ − θ₀) for θ ≥ θ₀.                                                 (1)

Its loss is the mean of r²(√(1 + (d/r)²) − 1) over the residuals d (pseudo-Huber) with r the median of |d|. It is
minimised over 16 values of θ₀ a binade, with τ₀ the median that makes half of the residuals positive. At the kink of
(1) truncation and rounding are equal; the sum is least where they are as 1 to 2,

    h = 2^θ₀·(m/a)^(1/(m + a)) = 2^θ₀·(½)^(1/3).                                                                   (2)

The fit is to the valid truncation branch (the longest run of steps at which the mean of the two slopes beside is
within 10 % of 2, with a step more at each end; at least 5) and to all that is left of it. Without such a branch, the
step is the `fallback` of `numdiff.rules.mathur`, with a doubt.

The error is the sum of both branches there, 2^τ₀·((½)^(2/3) + (½)^(−1/3)).

pnd (R, step.K), of which the rule is the author's own invention and "experimental", is the only source. There (1) is
fitted by BFGS from the median of the five lowest estimates; here by a search over a grid, which has no start to depend
on. Its estimates T are of third differences, here (1) of `numdiff.rules.mathur`.

References
----------
A. Kostyrka, pnd: parallel numerical derivatives in R, version 0.1.1 (2025), R/stepK.R.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import CENTERED, Method
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.evaluation import Probe, only_for_centered, root, settled
from numdiff.rules.mathur import Grid, fallback, sampled

__all__ = ["KINK_ROBUST", "KinkRobust", "branches", "fitted"]

TOLERANCE = 0.1
"""How far a slope of the truncation branch may be from 2, relatively."""
LEAST = 5
"""How many steps the truncation branch has at least."""
PER_BINADE = 16
_BITS = 20
_GRAIN = 2.0**-20
"""To what logarithms are rounded: a bit is a squaring in `_log2`, and a square root in `_power`."""


@dataclass(frozen=True)
class KinkRobust:
    """Fit the check function (1) and take (2); for the centered difference of two points.

    Attributes
    ----------
    name : str
    """

    name: str

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step and its error."""
        if refusal := only_for_centered(self.name, formula):
            return refusal
        near = Probe(f, x, fmt, domain)
        grid = sampled(near, noise)
        if isinstance(grid, Choice):
            return grid
        used = branches(grid)
        if used is None:
            return fallback(near, grid, f"the truncation error grows with the slope 2 over fewer than {LEAST} steps")
        kink, level = fitted(*logarithms(grid, used))
        shrink = root(near.number(0.5), 3)
        h = _power(near, kink) * shrink
        error = _power(near, level) * (shrink * shrink + 1 / shrink)
        return settled(near, CENTERED, h, error)


def branches(grid: Grid) -> np.ndarray | None:
    """Return the indices of the estimates to which (1) is fitted, or None where there is no truncation branch."""
    usable = np.flatnonzero(np.isfinite(grid.errors) & (grid.errors > 0))
    if len(usable) < LEAST:
        return None
    theta, tau = logarithms(grid, usable)
    slopes = np.diff(tau) / np.diff(theta)
    local = np.concatenate([slopes[:1], (slopes[:-1] + slopes[1:]) / 2, slopes[-1:]])
    valid = np.abs(local - 2) <= 2 * TOLERANCE
    first, last = _longest_run(valid)
    if first < 0:
        return None
    first, last = max(first - 1, 0), min(last + 1, len(usable) - 1)
    return usable[: last + 1] if last - first + 1 >= LEAST else None


def _longest_run(valid: np.ndarray) -> tuple[int, int]:
    """Return the first and the last index of the longest run of True, the leftmost of equals; (−1, −1) without any."""
    best, start = (-1, -1), 0
    for place, good in enumerate([*valid, False]):
        if not good:
            if place - start > best[1] - best[0] + (best[0] >= 0):
                best = (start, place - 1)
            start = place + 1
    return best


def logarithms(grid: Grid, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log₂h and log₂T, rounded to 2⁻²⁰."""
    numbers = []
    for values in (grid.steps[places], grid.errors[places]):
        significand, binade = np.frexp(values)
        numbers.append(binade + _log2(significand.astype(np.float64)))
    return numbers[0], numbers[1]


def _log2(significands: np.ndarray) -> np.ndarray:
    """Return the logarithms of numbers in [½, 1), to `_BITS` bits, the same on every machine."""
    # Of y in [1, 2), the first bit of log₂y is whether y² ≥ 2. Each squaring doubles the error: 2⁻³⁰ in the end.
    y, bits = 2 * significands, np.zeros(significands.shape)
    for _ in range(_BITS + 1):
        y = y * y
        carried = y >= 2
        y, bits = np.where(carried, y / 2, y), 2 * bits + carried
    return np.floor((bits + 1) / 2) * _GRAIN - 1


def fitted(theta: np.ndarray, tau: np.ndarray) -> tuple[float, float]:
    """Return the kink (θ₀, τ₀) of the check function (1) with the least loss, the leftmost of equals."""
    kinks = float(theta[0]) + np.arange(round(float(theta[-1] - theta[0]) * PER_BINADE) + 1) / PER_BINADE
    # A row for each estimate, a column for each kink; sums go down the rows, one after the other.
    away = theta[:, None] - kinks
    heights = tau[:, None] - np.where(away < 0, -away, 2 * away)
    levels = np.median(heights, axis=0)
    residuals = np.abs(heights - levels)
    radii = np.maximum(np.median(residuals, axis=0), _GRAIN)
    losses = np.add.reduce(np.square(radii) * (np.sqrt(1 + np.square(residuals / radii)) - 1), axis=0)
    place = int(np.argmin(losses))
    return float(kinks[place]), float(levels[place])


def _power(near: Probe, exponent: float) -> Any:
    """Return 2 to a multiple of 2⁻²⁰ or of a sixteenth, the same on every machine."""
    whole = int(np.floor(exponent))
    power = near.number(1)
    fraction, factor = exponent - whole, near.number(2)
    for _ in range(_BITS + 1):
        factor, fraction = np.sqrt(factor), fraction * 2
        if fraction >= 1:
            power, fraction = power * factor, fraction - 1
    return np.ldexp(power, whole)


KINK_ROBUST = KinkRobust("kink_robust")
