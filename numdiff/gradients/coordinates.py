"""The gradient check coordinate by coordinate: a step of its own for each, adapted until its error is balanced.

Each coordinate is probed at x ± h, x ± 2h, x ± 3h. Truncation falls as h⁴, rounding grows as 1/h; where one is much
larger than the other, h moves by the fifth root of their ratio, and the estimate with the smallest sum is kept. A
coordinate that disagrees is probed again with other steps, so that an underestimated truncation, a feature of f that is
narrower than a step, or a rare rounding error gives no false positive: a wrong gradient is wrong at every step.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from numdiff.gradients.estimates import SAFETY, Estimate, GivenGradient, estimated, offsets
from numdiff.gradients.noise import nearest_exponent, rounding_floor, typical_size, ulps_of
from numdiff.gradients.probing import ScalarFunction

__all__ = ["CoordinateProbe", "best_estimates", "recheck"]

RADIUS = 3
FEW = 8
SMALL = 1e-3
BEYOND_NOISE = 4
USUAL_NOISE = 30
"""The noise of most functions is at most this many last roundings."""
ROUNDS = 8
"""Steps tried for a coordinate, at most."""
OTHER_STEP = (math.sqrt(5) - 1) / 2
"""The step of the recheck in terms of the first: the most irrational number. The values of a quantised function may lie
on a straight line by accident at one step, and then they do at all simple fractions of it."""


class CoordinateProbe:
    """f along the coordinates of one point.

    Parameters
    ----------
    function : ScalarFunction
    x : ndarray of the format
    at_x, noise : longdouble
        f(x), and the deviation of its rounding error.
    gradient : GivenGradient
    """

    def __init__(
        self,
        function: ScalarFunction,
        x: np.ndarray,
        at_x: np.longdouble,
        noise: np.longdouble,
        gradient: GivenGradient,
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
            probed = (at[:, None] + step[:, None] * np.array(offsets(RADIUS))).astype(self.x.dtype)
            predicted = self.gradient.value.ravel()[rows, None] * (probed.astype(np.longdouble) - at[:, None])
        values = self.function.values(self._points(rows, probed), probed.size).reshape(probed.shape)
        found = estimated(values, self.at_x, predicted, step, self.noise, self.function.result_item)
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
        # Where a wider step is clearly worse, truncation dominates already: still wider ones are not tried.
        going_on = (latest.tolerance < 2 * best.tolerance[rows]) | latest.is_flat | (factor < 1)
        rows, latest = rows[going_on], latest.rows(going_on)
    return _with_common_noise(best)


def _is_better(a: Estimate, b: Estimate) -> np.ndarray:
    """Return where a is the better estimate: of smaller tolerance, or with a change of f where b has none."""
    smaller = a.tolerance < b.tolerance
    return np.where(a.is_flat == b.is_flat, smaller, np.where(b.is_flat, _outweighs(a, b), ~_outweighs(b, a)))


def _outweighs(changing: Estimate, flat: Estimate) -> np.ndarray:
    """Return where a step at which f changes is preferred to one at which it does not.

    f may be constant around x but not farther out, beyond a kink: then the flat estimate is right. Or its resolution is
    too coarse for the step: then the gradient is clearly not 0, and the other estimate resolves it.
    """
    resolves = _disagrees(flat) & (changing.tolerance < np.abs(flat.deviation))
    return (_disagrees(changing) | resolves) & ~changing.is_kinked


def _disagrees(estimate: Estimate) -> np.ndarray:
    return np.abs(estimate.deviation) > estimate.tolerance


def _factor(estimate: Estimate) -> np.ndarray:
    """Return the power of two by which each step should change; 1 where truncation and rounding are nearly balanced."""
    # The ratio is unknown as long as f does not change.
    exponent = np.where(estimate.is_flat, 3, nearest_exponent(estimate.rounding_ratio, 5, 3))
    # Without values (outside the domain, overflow) the step was much too wide.
    return np.ldexp(np.longdouble(1), np.where(np.isfinite(estimate.tolerance), exponent, -6))


def _power_of_two(size: np.ndarray) -> np.ndarray:
    """Return the largest power of two that is not above a positive number; infinity stays."""
    return np.where(np.isfinite(size), np.ldexp(np.longdouble(1), np.frexp(size)[1] - 1), size)


def _with_common_noise(estimate: Estimate) -> Estimate:
    """Return the estimate with the noise estimated from all lines together, where that is larger than assumed.

    Its deviation is their median over 0.6745, the median of |N(0, 1)|; with few lines it would be too uncertain.
    """
    measured = estimate.measured_noise[np.isfinite(estimate.tolerance)]
    if len(measured) < FEW:
        return estimate
    return replace(estimate, noise=np.maximum(estimate.noise, np.median(measured) / 0.6745))


def recheck(probe: CoordinateProbe, first: Estimate, suspects: np.ndarray) -> None:
    """Probe coordinates that disagree at other steps, and widen the tolerance where these do not confirm it.

    First at a step near the first one. Where a deviation D remains, the coordinate is probed at the step at which D is
    just resolved under the assumed rounding: there an error of the gradient is still found, and about as large. The
    assumed rounding may be too large, if f bends so much between neighbouring numbers that its curvature was measured
    as noise; so two still smaller steps follow. They are accepted if both estimates agree, or the smallest alone where
    the noise is larger than that of most functions.

    Parameters
    ----------
    first : Estimate
        Changed in place. If the step near the first one gives another result, the distance of the two estimates is
        added to the truncation; an estimate that a smaller step has refuted is replaced.
    suspects : ndarray of int
        The rows in question.
    """
    second = probe.estimate(suspects, first.step[suspects] * OTHER_STEP)
    _reconcile(first, suspects, second, np.abs(second.deviation) <= second.tolerance)
    rows = _disagreeing(first, suspects)
    if not rows.size:
        return
    known = _at_resolving_steps(probe, first, rows, 0)
    half = np.abs(first.deviation[rows]) / 2
    refuted = ~np.isfinite(known.tolerance) | (_error_of(known, probe) <= half)
    _reconcile(first, rows, known, np.abs(known.deviation - first.deviation[rows]) > half)
    first.put(rows[refuted], known.rows(refuted))
    rows = _disagreeing(first, rows)
    if not rows.size:
        return
    near, nearest = _at_resolving_steps(probe, first, rows, 0.5), _at_resolving_steps(probe, first, rows, 1)
    refuted = _refute(probe, first, rows, near, nearest)
    nearest.truncation += np.abs(nearest.deviation)
    first.put(rows[refuted], nearest.rows(refuted))


def _disagreeing(estimate: Estimate, rows: np.ndarray) -> np.ndarray:
    return rows[_disagrees(estimate.rows(rows))]


def _reconcile(first: Estimate, rows: np.ndarray, other: Estimate, agrees: np.ndarray) -> None:
    """Add the distance of two estimates to the truncation of the first, where the other finds no disagreement."""
    distance = np.abs(other.deviation - first.deviation[rows])
    first.truncation[rows[agrees]] += distance[agrees]


def _at_resolving_steps(probe: CoordinateProbe, first: Estimate, rows: np.ndarray, part: float) -> Estimate:
    """Return estimates at the steps at which `SAFETY` standard deviations of the noise are half of the deviation.

    `part` chooses the noise: 0 for the assumed one, 1 for the last rounding alone, ½ for their geometric mean.
    """
    least = rounding_floor(np.abs(probe.at_x), probe.function.result_item)
    suspect = first.rows(rows)
    noise, factor = _between(suspect.noise, least, part), _between(1, OTHER_STEP, part)
    step = 2 * SAFETY * noise * suspect.amplification * suspect.step / np.abs(suspect.deviation) * factor
    smallest = probe.smallest[rows] / _between(OTHER_STEP * OTHER_STEP, 1, part)
    return probe.estimate(rows, np.maximum(smallest, np.minimum(step, suspect.step * OTHER_STEP)))


def _between(first: Any, second: Any, part: float) -> Any:
    """Return the first of two positive numbers for part 0, the second for 1, and their geometric mean for ½."""
    if part in (0, 1):
        return second if part else first
    return np.sqrt(first) * np.sqrt(second)


def _error_of(estimate: Estimate, probe: CoordinateProbe) -> np.ndarray:
    """Return the largest error of the gradient that is consistent with the values of an estimate alone."""
    least = rounding_floor(np.abs(probe.at_x), probe.function.result_item)
    noise = np.maximum(estimate.measured_noise, least)
    return np.abs(estimate.deviation) + estimate.truncation + SAFETY * noise * estimate.amplification


def _refute(probe: CoordinateProbe, first: Estimate, rows: np.ndarray, near: Estimate, nearest: Estimate) -> np.ndarray:
    """Return whether deviations D are refuted by estimates at small steps, whose noise comes from their own values.

    An estimate refutes D if it is at most D/2, is four standard deviations of its noise away from D, and the values
    change: where they do not, the resolution of f may be too coarse for the step. Where f is not finite so near to x,
    D counts as refuted.
    """
    deviation = first.deviation[rows]
    least = rounding_floor(np.abs(probe.at_x), probe.function.result_item)

    def noise_of(estimate: Estimate) -> np.ndarray:
        return np.maximum(estimate.measured_noise, least) * estimate.amplification

    def is_refuted_by(estimate: Estimate, noise: np.ndarray) -> np.ndarray:
        measured = np.abs(estimate.deviation) + estimate.truncation
        is_far = np.abs(deviation - estimate.deviation) >= BEYOND_NOISE * noise
        return (measured <= np.abs(deviation) / 2) & is_far & ~estimate.is_flat

    with np.errstate(invalid="ignore"):
        common = np.sqrt((noise_of(near) ** 2 + noise_of(nearest) ** 2) / 2)
        by_both = is_refuted_by(near, common) & is_refuted_by(nearest, common)
        by_nearest = is_refuted_by(nearest, noise_of(nearest)) & (first.noise[rows] > USUAL_NOISE * least)
    return by_both | by_nearest | ~np.isfinite(nearest.tolerance)
