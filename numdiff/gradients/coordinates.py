"""The gradient check coordinate by coordinate: a step of its own for each, adapted until its error is balanced.

Each coordinate is probed at x ± h, x ± 2h, x ± 3h. Truncation falls as h⁴, rounding grows as 1/h; where one is much
larger than the other, h moves by the fifth root of their ratio, and the estimate with the smallest sum is kept. What
disagrees is probed again with other steps, so that a truncation that happens to look small, a feature of f that is
narrower than a step, or a rare rounding error, is not taken for a bug: a wrong gradient is wrong at every step.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from numdiff.gradients.estimates import SAFETY, Claim, Estimate, judged, offsets
from numdiff.gradients.noise import nearest_exponent, rounding_floor, typical_size, ulps_of
from numdiff.gradients.probing import ScalarFunction

__all__ = ["CoordinateProbe", "best_estimates", "second_opinion"]

REACH = 3
FEW = 8
SMALL = 1e-3
BEYOND_NOISE = 4
USUAL_NOISE = 30
"""Last roundings that the noise of most functions has at most."""
ROUNDS = 8
"""Steps tried for a coordinate, at most."""
OTHER_STEP = (math.sqrt(5) - 1) / 2
"""The step of the second opinion in terms of the first: the most irrational number, since the values of a quantised
function may follow a straight line by accident at one step, and then do at all simple fractions of it."""


class CoordinateProbe:
    """f along the coordinates of one point.

    Parameters
    ----------
    function : ScalarFunction
    x : ndarray of the format
    at_x, noise : longdouble
        f(x), and the deviation of its rounding error.
    gradient : Claim
    """

    def __init__(
        self, function: ScalarFunction, x: np.ndarray, at_x: np.longdouble, noise: np.longdouble, gradient: Claim
    ) -> None:
        self.function = function
        self.x = x
        self.at_x = at_x
        self.noise = noise
        self.gradient = gradient
        size = np.abs(x.ravel().astype(np.longdouble))
        typical = typical_size(x)
        self.widest = _power_of_two(np.maximum(size, typical)) / 2
        self.smallest = 4 * ulps_of(x, function.item).ravel()
        # A coordinate far below the others may be small on purpose: its step may grow, but starts from its own size.
        self.start = _power_of_two(
            np.where(size > SMALL * typical, np.maximum(size, typical), np.where(size > 0, size, typical))
        )

    def first_steps(self) -> np.ndarray:
        """Return u^(1/7) of the size of each coordinate: it balances h⁶ and u/h where f varies on the scale of x."""
        return np.clip(np.ldexp(self.start, -round(self.function.item.precision / 7)), self.smallest, self.widest)

    def estimate(self, rows: np.ndarray, step: np.ndarray) -> Estimate:
        """Return the deviations in some coordinates, each at its step."""
        at = self.x.ravel()[rows].astype(np.longdouble)
        with np.errstate(over="ignore", invalid="ignore"):
            probed = (at[:, None] + step[:, None] * np.array(offsets(REACH))).astype(self.x.dtype)
            predicted = self.gradient.value.ravel()[rows, None] * (probed.astype(np.longdouble) - at[:, None])
        values = self.function.values(self._points(rows, probed), probed.size).reshape(probed.shape)
        found = judged(values, self.at_x, predicted, step, self.noise, self.function.result_item)
        return found.allow(self.gradient.noise.ravel()[rows], self.gradient.limit)

    def _points(self, rows: np.ndarray, coordinates: np.ndarray) -> Iterator[np.ndarray]:
        for row, values in zip(rows, coordinates, strict=True):
            for value in values:
                point = self.x.copy()
                point.reshape(-1)[row] = value
                yield point


def best_estimates(probe: CoordinateProbe) -> Estimate:
    """Return the estimate with the smallest tolerance that was found for every coordinate of x."""
    rows = np.arange(probe.x.size)
    best = probe.estimate(rows, probe.first_steps())
    latest = replace(best)
    for _ in range(ROUNDS - 1):
        factor = _factor(latest)
        wanted = np.clip(latest.step * factor, probe.smallest[rows], probe.widest[rows])
        moving = wanted != latest.step
        if not moving.any():
            break
        rows, factor = rows[moving], factor[moving]
        latest = probe.estimate(rows, wanted[moving])
        better = _is_better(latest, best.rows(rows))
        best.put(rows[better], latest.rows(better))
        # A wider step that made it clearly worse has passed the balance: there is nothing farther out.
        going_on = (latest.tolerance < 2 * best.tolerance[rows]) | latest.is_flat | (factor < 1)
        rows, latest = rows[going_on], latest.rows(going_on)
    return _with_common_noise(best)


def _is_better(a: Estimate, b: Estimate) -> np.ndarray:
    """Return where a says more than b: its tolerance is smaller, or f changes there and not at b, and that matters."""
    smaller = a.tolerance < b.tolerance
    return np.where(a.is_flat == b.is_flat, smaller, np.where(b.is_flat, _outweighs(a, b), ~_outweighs(b, a)))


def _outweighs(changing: Estimate, flat: Estimate) -> np.ndarray:
    """Return where a step at which f changes is to be believed, and not one at which it does not.

    f may be constant around x and not farther out, beyond a kink: then the flat one is right. Or it is too coarse to
    change at once: then the gradient is clearly not 0, and the other one can see it.
    """
    resolves = _disagrees(flat) & (changing.tolerance < np.abs(flat.deviation))
    return (_disagrees(changing) | resolves) & ~changing.is_kinked


def _disagrees(estimate: Estimate) -> np.ndarray:
    return np.abs(estimate.deviation) > estimate.tolerance


def _factor(estimate: Estimate) -> np.ndarray:
    """Return by which power of two each step should change; 1 where the balance is near."""
    # Nothing is known before f changes.
    exponent = np.where(estimate.is_flat, 3, nearest_exponent(estimate.balance, 5, 3))
    # Without values (outside the domain, overflow) the step was much too wide.
    return np.ldexp(np.longdouble(1), np.where(np.isfinite(estimate.tolerance), exponent, -6))


def _power_of_two(size: np.ndarray) -> np.ndarray:
    """Return the largest power of two that is not above a positive number; infinity stays."""
    return np.where(np.isfinite(size), np.ldexp(np.longdouble(1), np.frexp(size)[1] - 1), size)


def _with_common_noise(estimate: Estimate) -> Estimate:
    """Return the estimate with the noise that the lines show together, where that is more than was reckoned with.

    Its deviation is their median over 0.6745, the median of |N(0, 1)|; of a few lines it would say little.
    """
    seen = estimate.seen_noise[np.isfinite(estimate.tolerance)]
    if len(seen) < FEW:
        return estimate
    return replace(estimate, noise=np.maximum(estimate.noise, np.median(seen) / 0.6745))


def second_opinion(probe: CoordinateProbe, first: Estimate, suspects: np.ndarray) -> None:
    """Probe some coordinates at other steps; where they do not find them wrong, believe them.

    First at a step near the first one. What still disagrees, by D, is probed where D can just be seen, for the rounding
    that is reckoned with: a bug is still there, and about as large. Rounding may be reckoned too large, if f bends so
    much between neighbouring numbers that it passed for noise; so two still smaller steps follow. They are believed if
    both are of one mind, or the smallest alone where the noise is larger than that of most functions.

    Parameters
    ----------
    first : Estimate
        Changed in place. If it is the step near the first one that disagrees with the first, the distance of the two
        opinions is added to its truncation; an estimate that a smaller step has refuted is replaced.
    suspects : ndarray of int
        The rows in question.
    """
    second = probe.estimate(suspects, first.step[suspects] * OTHER_STEP)
    _reconcile(first, suspects, second, np.abs(second.deviation) <= second.tolerance)
    rows = _disagreeing(first, suspects)
    if not rows.size:
        return
    known = _telling(probe, first, rows, 0)
    half = np.abs(first.deviation[rows]) / 2
    refuted = ~np.isfinite(known.tolerance) | (_error_of(known, probe) <= half)
    _reconcile(first, rows, known, np.abs(known.deviation - first.deviation[rows]) > half)
    first.put(rows[refuted], known.rows(refuted))
    rows = _disagreeing(first, rows)
    if not rows.size:
        return
    near, nearest = _telling(probe, first, rows, 0.5), _telling(probe, first, rows, 1)
    refuted = _refute(probe, first, rows, near, nearest)
    nearest.truncation += np.abs(nearest.deviation)
    first.put(rows[refuted], nearest.rows(refuted))


def _disagreeing(estimate: Estimate, rows: np.ndarray) -> np.ndarray:
    return rows[_disagrees(estimate.rows(rows))]


def _reconcile(first: Estimate, rows: np.ndarray, other: Estimate, agrees: np.ndarray) -> None:
    """Add the distance of two opinions to the truncation of the first, where the other does not find a bug."""
    distance = np.abs(other.deviation - first.deviation[rows])
    first.truncation[rows[agrees]] += distance[agrees]


def _telling(probe: CoordinateProbe, first: Estimate, rows: np.ndarray, part: float) -> Estimate:
    """Return estimates at the steps at which rounding, allowing for it sixfold, hides half of the deviations.

    Of the noise that is taken for it, `part` 0 is the one reckoned with, 1 the last rounding alone, and ½ their
    geometric mean.
    """
    least = rounding_floor(np.abs(probe.at_x), probe.function.result_item)
    doubted = first.rows(rows)
    noise, factor = _between(doubted.noise, least, part), _between(1, OTHER_STEP, part)
    step = 2 * SAFETY * noise * doubted.gain * doubted.step / np.abs(doubted.deviation) * factor
    smallest = probe.smallest[rows] / _between(OTHER_STEP * OTHER_STEP, 1, part)
    return probe.estimate(rows, np.maximum(smallest, np.minimum(step, doubted.step * OTHER_STEP)))


def _between(first: Any, second: Any, part: float) -> Any:
    """Return the first of two positive numbers for part 0, the second for 1, and their geometric mean for ½."""
    if part in (0, 1):
        return second if part else first
    return np.sqrt(first) * np.sqrt(second)


def _error_of(estimate: Estimate, probe: CoordinateProbe) -> np.ndarray:
    """Return how far off a gradient can be by the values of an estimate alone."""
    least = rounding_floor(np.abs(probe.at_x), probe.function.result_item)
    noise = np.maximum(estimate.seen_noise, least)
    return np.abs(estimate.deviation) + estimate.truncation + SAFETY * noise * estimate.gain


def _refute(probe: CoordinateProbe, first: Estimate, rows: np.ndarray, near: Estimate, nearest: Estimate) -> np.ndarray:
    """Return whether deviations D are refuted by estimates at small steps, whose noise is known from them alone.

    An estimate refutes if it sees no more than D/2, is four deviations of its noise away from D, and the values change:
    where they do not, f may be too coarse for such a step. Where f is not finite so near to x, nothing holds.
    """
    deviation = first.deviation[rows]
    least = rounding_floor(np.abs(probe.at_x), probe.function.result_item)

    def noise_of(estimate: Estimate) -> np.ndarray:
        return np.maximum(estimate.seen_noise, least) * estimate.gain

    def is_refuted_by(estimate: Estimate, noise: np.ndarray) -> np.ndarray:
        seen = np.abs(estimate.deviation) + estimate.truncation
        is_far = np.abs(deviation - estimate.deviation) >= BEYOND_NOISE * noise
        return (seen <= np.abs(deviation) / 2) & is_far & ~estimate.is_flat

    with np.errstate(invalid="ignore"):
        common = np.sqrt((noise_of(near) ** 2 + noise_of(nearest) ** 2) / 2)
        by_both = is_refuted_by(near, common) & is_refuted_by(nearest, common)
        by_nearest = is_refuted_by(nearest, noise_of(nearest)) & (first.noise[rows] > USUAL_NOISE * least)
    return by_both | by_nearest | ~np.isfinite(nearest.tolerance)
