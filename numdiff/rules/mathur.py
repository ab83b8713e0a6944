r"""Mathur 2012 (AutoDX): the shortest step at which the truncation error still falls as it should.

With D(h) the centered difference and the shrink factor s = ½, the error of D(h) is estimated from the next step,

    T(h) = |D(h) − D(sh)| / (1 − s²),                                                                              (1)

on the grid h = 2ᵏ from 2⁻³⁶ to 2²⁴ times a start of about |x|/1000 (1/1000 for |x| < 1), as far as domain and format
have room for it. Where truncation rules, T(h) ~ h²: log₂T has the slope 2. The slopes from T(h/2) to T(h) that are
within 10 % of 2 make runs; h₀ is the h of the first slope in the leftmost run of at least 5. Where there is no such
run, one of slopes within 30 % is taken, with a doubt. The step is a little shorter than h₀, for T overestimates the
error where rounding begins,

    h = h₀·(1/t*)^(1/3),    t* = (1 + 1/s)/(1 − s²) = 4.                                                           (2)

Where there is no run at all, as for a parabola, for f‴ = 0, or with few digits: pnd takes 128 times its default step if
the rounding error of f grows with h, and else the step with the rounding error that would be best for f‴ = 1; here it
is ∛(3ε/|f|), the step for |f‴| = |f|, times the |x| of the grid, with a doubt.

The error is T(h₀)·(h/h₀)² + ε/h.

The thesis was not to be had. Sources: pnd (R, step.M) and its vignette, both by A. Kostyrka: there is no second, so
that the 10 %, 30 % and 5 are his; his code estimates T from third differences of 6 or 8 points, the vignette by (1).

References
----------
R. Mathur, An analytical approach to computing step sizes for finite-difference derivatives, dissertation, University
of Texas at Austin (2012).
A. Kostyrka, pnd: parallel numerical derivatives in R, version 0.1.1 (2025), R/stepM.R, vignettes/step-size-selection.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import CENTERED, Method
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.evaluation import Probe, no_step, not_finite, only_for_centered, root, settled
from numdiff.rules.textbook import nth_root

__all__ = ["MATHUR", "Grid", "Mathur", "fallback", "leftmost_run", "sampled"]

START = 0.001
SHRINK = 0.5
DOWN, UP = 36, 24
"""How many powers of two the grid has below and above its start: 2·61 evaluations at most."""
TOLERANCES = (Fraction(1, 10), Fraction(3, 10))
"""How far a slope may be from 2, relatively."""
RUN = 5


@dataclass(frozen=True)
class Grid:
    """Centered differences over the grid, h ascending; NaN where f is not finite.

    Attributes
    ----------
    steps, quotients, sizes, noise : ndarray of one length
        h, D(h), the larger one of |f(x − h)| and |f(x + h)|, and ε.
    errors : ndarray
        T(h) of (1), from the second step on; NaN for the first.
    """

    steps: np.ndarray
    quotients: np.ndarray
    sizes: np.ndarray
    noise: np.ndarray
    errors: np.ndarray


@dataclass(frozen=True)
class Mathur:
    """Search the grid for (2); for the centered difference of two points.

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
        for tolerance in TOLERANCES:
            found = leftmost_run(grid, tolerance)
            if found is not None:
                doubt = "" if tolerance == TOLERANCES[0] else "the slopes of the truncation error are off by 30 %"
                return _answer(near, grid, found, doubt)
        return fallback(near, grid, f"no {RUN} slopes of the truncation error in a row are near 2")


def sampled(near: Probe, noise: float | None) -> Grid | Choice:
    """Evaluate f over the grid, in one call; say why if there are not two steps with finite values."""
    one = near.number(1)
    significand, binade = np.frexp(near.number(START) * max(abs(near.x), one))
    middle = int(binade) - bool(significand < np.sqrt(near.number(0.5)))  # the nearest power of two
    with np.errstate(over="ignore"):
        steps = np.ldexp(one, np.arange(middle - DOWN, middle + UP + 1)).astype(near.wide)
    steps = steps[(steps >= near.spacing) & (steps <= near.longest(1, 1))]
    steps = steps[near.are_steps(steps)]
    if len(steps) < 2:
        return no_step("there is no room for two steps")
    offsets = np.concatenate([-steps, steps])
    values = near.at(offsets)
    left, right = values.reshape(2, -1)
    bad = ~(np.isfinite(left) & np.isfinite(right))
    with np.errstate(all="ignore"):
        quotients = np.where(bad, near.number(np.nan), (right - left) / 2 / steps)
        size = np.maximum(np.abs(left), np.abs(right))
        errors = np.append(near.number(np.nan), np.abs(np.diff(quotients)) / (1 - SHRINK * SHRINK))
    if bad.sum() > len(steps) - 2:
        return not_finite(near, offsets, values)
    given = near.u * size if noise is None else np.full(size.shape, near.number(noise))
    return Grid(steps, quotients, size, given, np.where(np.isfinite(errors), errors, near.number(np.nan)))


def leftmost_run(grid: Grid, tolerance: Fraction) -> int | None:
    """Return the index of the h with the first slope of the leftmost run of at least `RUN` slopes near 2, or None."""
    with np.errstate(all="ignore"):
        ratios = grid.errors[1:] / grid.errors[:-1]
    # A slope within a part t of 2 is a ratio of two neighbours between 2^(2(1 − t)) and 2^(2(1 + t)).
    least, most = (_power_of_four(1 + sign * tolerance) for sign in (-1, 1))
    good = (ratios >= least) & (ratios <= most)
    for place in range(len(good) - RUN + 1):
        if good[place : place + RUN].all():
            return place + 1
    return None


def _power_of_four(exponent: Fraction) -> float:
    """Return 4 to a power, the same on every machine."""
    return float(nth_root(Fraction(4**exponent.numerator), exponent.denominator))


def _answer(near: Probe, grid: Grid, place: int, doubt: str) -> Choice:
    """Return the step (2)."""
    shrink = root(1 / near.number((1 + 1 / SHRINK) / (1 - SHRINK * SHRINK)), 3)
    h = grid.steps[place] * shrink
    error = grid.errors[place] * shrink * shrink + grid.noise[place] / h
    return settled(near, CENTERED, h, error, doubt)


def fallback(near: Probe, grid: Grid, doubt: str) -> Choice:
    """Return the step for |f‴| = |f| over the length of the grid, where the estimates of the error are of no use."""
    place = int(np.flatnonzero(np.isfinite(grid.quotients))[0])
    relative = grid.noise[place] / grid.sizes[place] if grid.sizes[place] else near.u
    h = root(3 * min(relative, near.number(1)), 3) * max(abs(near.x), near.number(1))
    return settled(near, CENTERED, h, None, doubt)


MATHUR = Mathur("mathur")
