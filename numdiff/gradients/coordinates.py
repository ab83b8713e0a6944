"""The gradient check coordinate by coordinate: a step of its own for each, adapted until its error is balanced.

Each coordinate is probed at x ± h, x ± 2h, x ± 3h. Truncation falls as h⁴, rounding grows as 1/h; where one is much
larger than the other, h moves by the fifth root of their ratio, and the estimate with the smallest sum is kept. What
disagrees is probed once more with another step, so that a truncation that happens to look small, or a rare rounding
error, is not taken for a bug.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from numdiff.gradients.estimates import Claim, Estimate, judged, offsets
from numdiff.gradients.noise import typical_size, ulps_of
from numdiff.gradients.probing import ScalarFunction

__all__ = ["CoordinateProbe", "best_estimates", "second_opinion"]

REACH = 3
FEW = 8
SMALL = 1e-3
ROUNDS = 8
"""Steps tried for a coordinate, at most."""
OTHER_STEP = 0.7
"""The step of the second opinion in terms of the first."""


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
        return np.clip(self.start * np.exp2(-round(self.function.item.precision / 7)), self.smallest, self.widest)

    def estimate(self, rows: np.ndarray, step: np.ndarray) -> Estimate:
        """Return the deviations in some coordinates, each at its step."""
        at = self.x.ravel()[rows].astype(np.longdouble)
        with np.errstate(over="ignore"):
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
        better = latest.tolerance < best.tolerance[rows]
        best.put(rows[better], latest.rows(better))
        # A wider step that made it clearly worse has passed the balance: there is nothing farther out.
        going_on = (latest.tolerance < 2 * best.tolerance[rows]) | (factor < 1)
        rows, latest = rows[going_on], latest.rows(going_on)
    return _with_common_noise(best)


def _factor(estimate: Estimate) -> np.ndarray:
    """Return by which power of two each step should change; 1 where the balance is near."""
    with np.errstate(all="ignore"):
        exponent = np.round(np.log2(estimate.balance) / 5)
    # Without values (outside the domain, overflow) the step was much too wide.
    return np.exp2(np.where(np.isfinite(estimate.tolerance), np.clip(exponent, -3, 3), -6))


def _power_of_two(size: np.ndarray) -> np.ndarray:
    return np.exp2(np.floor(np.log2(size)))


def _with_common_noise(estimate: Estimate) -> Estimate:
    """Return the estimate with the noise that the lines show together, where that is more than was reckoned with.

    Its deviation is their median over 0.6745, the median of |N(0, 1)|; of a few lines it would say little.
    """
    seen = estimate.seen_noise[np.isfinite(estimate.tolerance)]
    if len(seen) < FEW:
        return estimate
    return replace(estimate, noise=np.maximum(estimate.noise, np.median(seen) / 0.6745))


def second_opinion(probe: CoordinateProbe, first: Estimate, suspects: np.ndarray) -> None:
    """Probe some coordinates at another step; where that does not find them wrong, widen the first tolerance.

    Parameters
    ----------
    first : Estimate
        Changed in place: the distance of the two opinions is added to its truncation.
    suspects : ndarray of int
        The rows in question.
    """
    second = probe.estimate(suspects, first.step[suspects] * OTHER_STEP)
    agrees = np.abs(second.deviation) <= second.tolerance
    distance = np.abs(second.deviation - first.deviation[suspects])
    first.truncation[suspects[agrees]] += distance[agrees]
