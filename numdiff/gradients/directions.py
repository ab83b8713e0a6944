"""The gradient check along random directions: a fixed number of evaluations, however many coordinates there are.

Along a direction d with independent standard normal components a deviation δ of the gradient appears as ⟨δ, d⟩, which
is normal with standard deviation ‖δ‖: every pattern of δ is found. (With components ±1 two equal errors cancel in half
of the directions.) The points are x ± td and x ± 2td. The first direction is probed at a step for a function
that varies on the scale of x, and determines the step of the others. One further pair is left. If the first step was
too wide, it is halved, x ± (t/2)d; otherwise the pair x ± 3td is taken in the direction that disagrees, or else in the
one with the largest tolerance.

Every point is dithered, moved by some random units in the last place. At evenly spaced points the errors of a function
of few roundings are the sawtooth of a multiple of k: mostly odd in k, so that they change the slope and no even
difference detects them. The displacement is known, and so has no effect to first order.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from numdiff.floats.fixed_order import matrix_product
from numdiff.floats.formats import FloatFormat
from numdiff.gradients.estimates import SAFETY, Estimate, GivenGradient, estimated, offsets
from numdiff.gradients.noise import (
    as_longdouble,
    inflated,
    nearest_exponent,
    rounding_floor,
    typical_size,
    ulps_of,
)
from numdiff.gradients.probing import ScalarFunction

__all__ = ["DirectionProbe", "direction_estimates"]


RADIUS, WIDEST = 2, 3
"""Pairs of points on a line, and with the further one."""
DITHER, PART_OF_STEP = 1024, 64
"""The random displacement of a point: this many units in the last place, but at most this part of the step."""
FAR = 3
"""A deviation of more tolerances than this is not explained by rounding."""
KNOWN_NOISE = 100
"""Noise of more last roundings than this may be curvature."""


class DirectionProbe:
    """f along lines through one point.

    Parameters
    ----------
    function : ScalarFunction
    x : ndarray of the format
    at_x : longdouble
        f(x).
    gradient : GivenGradient
    directions : ndarray of longdouble, shape ``(k, *x.shape)``
    noise : longdouble or None
        The deviation of the rounding error of f; None to take it from the differences of order four.
    rng : Generator
        Moves the points.
    has_spare : bool
        Whether the further pair may be taken.
    """

    def __init__(
        self,
        function: ScalarFunction,
        x: np.ndarray,
        at_x: np.longdouble,
        gradient: GivenGradient,
        directions: np.ndarray,
        noise: np.longdouble | None,
        rng: np.random.Generator,
        has_spare: bool,
    ) -> None:
        self.function = function
        self.x = x
        self.wide = x.astype(np.longdouble)
        self.at_x = at_x
        self.gradient = gradient
        self.directions = directions
        self.own_noise = np.array([np.sqrt(np.sum((gradient.noise * line) ** 2)) for line in directions])
        self.given_noise = noise
        self.rng = rng
        self.has_spare = has_spare
        self.ulps = ulps_of(x, function.item)
        self.floor = rounding_floor(np.abs(at_x), function.result_item)
        count = len(directions)
        self.step = np.zeros(count, np.longdouble)
        self.values = np.full((count, 6), np.nan, np.longdouble)
        self.predicted = np.full((count, 6), np.nan, np.longdouble)

    @staticmethod
    def first_step_at(x: np.ndarray, item: FloatFormat) -> np.longdouble:
        """Return (8u)^(1/3) of the typical size of x: it balances t² and u/t where f varies on that scale."""
        return np.ldexp(typical_size(x), round((3 - item.precision) / 3))

    def remainders(self) -> tuple[np.ndarray, np.ndarray]:
        """Return t and 2t, and the mean remainders there over the lines with the smallest t and over both signs."""
        lines = self.step == self.step.min()
        sizes = np.abs(self.values - self.at_x - self.predicted)[lines]
        return self.step.min() * np.array([1, 2]), np.array([sizes[:, [2, 3]].mean(), sizes[:, [1, 4]].mean()])

    def probe(self, rows: np.ndarray, at: tuple[int, ...]) -> None:
        """Evaluate f on some lines at some of the offsets ±1, ±2, ±3."""
        columns = np.array([offsets(WIDEST).index(k) for k in at])
        predicted: list[np.longdouble] = []

        def points() -> Iterator[np.ndarray]:
            for row in rows:
                radius = np.minimum(DITHER * self.ulps, self.step[row] / PART_OF_STEP)
                for k in at:
                    displacement = k * self.step[row] * self.directions[row]
                    displacement += radius * self.rng.uniform(-1, 1, self.x.shape)
                    with np.errstate(over="ignore", invalid="ignore"):
                        point = (self.wide + displacement).astype(self.x.dtype)
                        predicted.append(np.sum(self.gradient.value * (point.astype(np.longdouble) - self.wide)))
                    yield point

        values = self.function.values(points(), len(rows) * len(at))
        chosen = np.ix_(rows, columns)
        self.values[chosen] = values.reshape(len(rows), -1)
        self.predicted[chosen] = np.array(predicted).reshape(len(rows), -1)

    def is_refuted_nearby(self, row: int, deviation: np.longdouble) -> bool:
        """Return whether the deviation of a line is absent at x ± sd, with an s at which it is just resolved.

        At s six standard deviations of the noise are half of it (or less, where the noise is so large that it may be
        curvature). It is absent if neither the left nor the right slope deviates by more than half of it.
        """
        least = rounding_floor(np.abs(self.at_x), self.function.result_item)
        noise = np.maximum(self.noise, least)
        noise = np.sqrt(noise * np.minimum(noise, KNOWN_NOISE * least))
        smallest = 8 * as_longdouble(self.function.item.unit_roundoff) * np.abs(self.wide).max()
        step = np.clip(2 * SAFETY * noise / (np.sqrt(np.longdouble(2)) * deviation), smallest, self.step[row] / 2)
        points = [(self.wide + sign * step * self.directions[row]).astype(self.x.dtype) for sign in (-1, 1)]
        values = self.function.values(points, 2)
        predicted = [np.sum(self.gradient.value * (point.astype(np.longdouble) - self.wide)) for point in points]
        with np.errstate(invalid="ignore"):
            slopes = np.abs(values - self.at_x - predicted) / step
        return bool(np.any(values != self.at_x) and np.all(slopes <= deviation / 2))

    def halve(self, row: int) -> None:
        """Halve the step of a line: the values at ±1 are those at ±2 now, and ±1 is evaluated anew."""
        for array in (self.values, self.predicted):
            array[row, [1, 4]] = array[row, [2, 3]]
        self.step[row] /= 2
        self.probe(np.array([row]), (-1, 1))

    def estimate(self, rows: np.ndarray, radius: int, noise: np.longdouble) -> Estimate:
        """Return the deviations along some lines that have been probed."""
        at = np.ix_(rows, np.arange(1, 5) if radius == RADIUS else np.arange(6))
        found = estimated(
            self.values[at], self.at_x, self.predicted[at], self.step[rows], noise, self.function.result_item
        )
        return found.allow(self.own_noise[rows], self.gradient.limit)

    @property
    def noise(self) -> np.longdouble:
        """The assumed standard deviation of the noise: the last rounding, and twice what the lines have beyond it."""
        if self.given_noise is not None:
            return self.given_noise
        # Over a wide step the differences hold curvature as well as noise.
        finite = np.isfinite(self.values[:, 1:5]).all(axis=1) & (self.step == self.step.min())
        if not finite.any():
            return np.longdouble(0)
        signs = np.array([[1], [-4], [-4], [1]], np.longdouble)
        differences = matrix_product(self.values[finite, 1:5] - self.at_x, signs)
        measured = np.sqrt(np.mean(differences**2) / 70)
        floor = rounding_floor(np.abs(self.values[finite, 1:5]).max(), self.function.result_item)
        return inflated(floor, measured)

    def adapted(self, estimate: Estimate) -> np.longdouble:
        """Return the step that balances truncation, of O(t²), and rounding on a line like one that was probed."""
        if not np.isfinite(estimate.tolerance[0]):
            return estimate.step[0] / 8
        exponent = min(int(nearest_exponent(estimate.rounding_ratio[:1], 3, 3)[0]), 0)
        return np.ldexp(estimate.step[0], exponent)


def direction_estimates(probe: DirectionProbe) -> Estimate:
    """Return the deviation of the gradient along every direction."""
    rows = np.arange(len(probe.directions))
    first = rows[:1]
    probe.step[:] = probe.first_step_at(probe.x, probe.function.item)
    probe.probe(first, offsets(RADIUS))
    pilot = probe.estimate(first, RADIUS, probe.given_noise or np.longdouble(0))
    probe.step[1:] = probe.adapted(pilot)
    probe.probe(rows[1:], offsets(RADIUS))
    is_too_wide = bool(probe.step[1] < probe.step[0])
    found = _with_common_truncation(probe.estimate(rows, RADIUS, probe.noise))
    if not probe.has_spare:
        return found
    if np.any(_excess(found) > 1):
        _recheck_one(probe, found)
    elif not is_too_wide:
        _widen_one(probe, found)
    else:
        probe.halve(0)
        found = probe.estimate(rows, RADIUS, probe.noise)
        if np.isfinite(pilot.tolerance[0]):
            # The difference from the estimate at the wide step is truncation.
            found.truncation[0] = np.maximum(found.truncation[0], abs(found.deviation[0] - pilot.deviation[0]))
        found = _with_common_truncation(found)
    return found


def _excess(found: Estimate) -> np.ndarray:
    tolerance = found.tolerance
    return np.where(np.isfinite(tolerance), np.abs(found.deviation) / tolerance, 0)


def _widen_one(probe: DirectionProbe, found: Estimate) -> None:
    """Take a third pair on the line with the largest tolerance, for a smaller one."""
    row = np.array([found.tolerance.argmax()])
    probe.probe(row, (-WIDEST, WIDEST))
    further = probe.estimate(row, WIDEST, probe.noise)
    if further.tolerance[0] < found.tolerance[row[0]]:
        found.put(row, further)


def _recheck_one(probe: DirectionProbe, found: Estimate) -> None:
    """Take a third pair on the line that disagrees most; where it finds no disagreement, widen the tolerances.

    A deviation a little beyond its tolerance may be rounding, and a wider pair is less sensitive to it. A deviation far
    beyond is an error of the gradient, found at the smallest steps that resolve it too, or the effect of a step wider
    than a feature of f, absent there: then the tolerances of all lines that disagree are widened.
    """
    excess = _excess(found)
    row = np.array([excess.argmax()])
    if excess.max() <= FAR:
        probe.probe(row, (-WIDEST, WIDEST))
        further = probe.estimate(row, WIDEST, probe.noise)
        if np.abs(further.deviation[0]) <= further.tolerance[0]:
            found.truncation[row] += np.abs(further.deviation - found.deviation[row])
    elif probe.is_refuted_nearby(row[0], np.abs(found.deviation[row[0]])):
        found.truncation[excess > 1] += np.abs(found.deviation[excess > 1])


def _with_common_truncation(found: Estimate) -> Estimate:
    """Return the estimate with the truncation of each line, or that of all lines together if it is larger.

    A single difference of nested slopes may vanish by accident. Random directions have one distribution, so the root
    mean square of truncation/t² applies to each of them.
    """
    known = np.isfinite(found.truncation)
    if not known.any():
        return found
    common = np.sqrt(np.mean((found.truncation[known] / found.step[known] ** 2) ** 2))
    return replace(found, truncation=np.maximum(found.truncation, common * found.step**2))
