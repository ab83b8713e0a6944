r"""The search for a derivative: which steps are taken, when it ends, and what is said of the result.

Each point has a *segment* of the ladder: neighbouring levels of one start. A search reads its segment (see `windows`)
and does one thing, until nothing helps or the budget ends:

    test        the noise that is seen is new: a pair of nodes far inside the segment shows whether it is noise;
    restart     no digit is seen: a new segment inside the old one;
    inward      the truncation error dominates: one more level on the inner side;
    outward     noise dominates: one more level on the outer side;
    jump        f is a line as far as the noise lets see: a new segment, eight times as wide.

**Noise is tested.** A kink, a peak or an oscillation that the levels do not resolve leaves residuals that look like
noise. But noise does not care how near two nodes are. With a pair at h/4096, if the difference of its values is that
of a line, to a tenth of the noise, and so is that of a pair at h/1024, then f is smooth there and the noise was none;
the search restarts inside. Where the two values are equal although the slope is not 0, f is rounded to few digits, and
the noise stands.

The widest step of a search is √|x|/8 for 53 bits, about the length over which f varies if nothing is known of it, and
it takes n levels, the smallest number for which the truncation error of a function with radius of convergence 1 is
below the rounding error, Π tₖ = c²ⁿ·2^(−n(n−1)) ≤ 2^(−p−8) where c is the first step; one for each derivative more.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np

from numdiff.adaptive import fast
from numdiff.adaptive.ladder import MULTIPLIERS, SLOTS, START, Scheme
from numdiff.adaptive.status import Status
from numdiff.adaptive.windows import UNSEEN, Noise, Reading, read
from numdiff.floats.formats import FloatFormat

__all__ = ["Estimates", "Plan", "estimate", "plan"]

Call = Callable[[np.ndarray, np.ndarray], np.ndarray]

FEWEST = 4
"""The levels of a new segment: the fewest that show noise and truncation apart."""
DOUBTED, SHRINKS = 0.2, 0.1
"""Residuals below so much of the noise are looked at again, and are none."""
NEAR, FAR = 4096, 1024
"""How far inside the innermost step the pairs of a test are."""
SWAMPED = 0.05
"""Noise of more than so much of |f| is an oscillation that is not resolved."""
DIGIT = 0.1
"""An error of so much of the value leaves no digit."""
GENERIC = 0.8537562
"""What a start of a power of two is multiplied by. With steps of few bits every node would have the low bits of x, and
an argument that f rounds, as 1 + x, would be rounded alike at all of them: an error that no difference shows."""
LIMIT = 48
"""The default of the largest number of evaluations at a point."""


@dataclass(frozen=True)
class Plan:
    """What a search in a format begins with.

    Attributes
    ----------
    fewest : int
        The levels of a new segment: the fewest that show noise and truncation apart.
    first : int
        The levels that are evaluated at once.
    levels : int
        The levels after which only the budget of difficult points is used.
    most : int
        The levels of the longest segment.
    scale : float
        The first step for |x| = 1.
    agreed : float
        The relative error above which a line is worth a wider segment.
    """

    fewest: int
    first: int
    levels: int
    most: int
    scale: float
    agreed: float


@cache
def plan(fmt: FloatFormat, scheme: Scheme) -> Plan:
    """Return how a search begins: see the module."""
    p, r = fmt.precision, scheme.coefficient
    c = 1 if p < 16 else 2 if p < 32 else 3
    power = scheme.series.power
    fewest = FEWEST + r
    enough = (n for n in range(fewest - r, SLOTS) if power * (2 * c * n + n * (n - 1)) >= 2 * (p + 8))
    levels = min(next(enough) + r, SLOTS - START - 1)
    first = levels if scheme.one_sided else min(levels, fewest + 1)
    return Plan(fewest, first, levels, min(max(levels + 1, 7), SLOTS - START), 2.0**-c, 2.0 ** (-p * 0.45))


@dataclass(frozen=True)
class Estimates:
    """What was found at each point; all arrays have the shape (n,).

    Attributes
    ----------
    value : ndarray of float64, or of longdouble for a wider format
    error : ndarray, likewise
        The bar: at the wanted confidence the error of `value`, rounded to the format, is at most that. Infinite: unknown.
    status : ndarray of int
        Codes of `numdiff.adaptive.status.Status`.
    evaluations : ndarray of int
        The points at which f was evaluated.
    step : ndarray
        The widest step that the value is made of.
    noise : ndarray
        The standard deviation of f, as seen.
    freedom : ndarray of int
        The degrees of freedom of `noise`.
    left, right : ndarray
        The one-sided slopes at a kink; NaN elsewhere.
    """

    value: np.ndarray
    error: np.ndarray
    status: np.ndarray
    evaluations: np.ndarray
    step: np.ndarray
    noise: np.ndarray
    freedom: np.ndarray
    left: np.ndarray
    right: np.ndarray


def estimate(
    call: Call,
    x: np.ndarray,
    fmt: FloatFormat,
    *,
    order: int = 1,
    lower: Any = -math.inf,
    upper: Any = math.inf,
    noise: Any = None,
    side: int = 0,
    budget: int | None = None,
    confidence: float = 0.99,
) -> Estimates:
    """Estimate a derivative of f at each point, with a bar.

    Parameters
    ----------
    call : callable
        ``call(nodes, rows)`` returns f at `nodes`, a contiguous 1-d array of the format; `rows` holds the index of the x
        to which each belongs.
    x : ndarray of the format, shape (n,)
        Finite, inside the domain.
    fmt : FloatFormat
    order : int
        m ≥ 1.
    lower, upper : float or ndarray, shape (n,)
        The ends of the domain. Nodes other than x lie strictly inside.
    noise : float or ndarray, shape (n,), optional
        The standard deviation of f, absolute: a floor of what is seen.
    side : {-1, 0, 1}
        Where nodes may lie: to the left of x, on both sides, to the right.
    budget : int, optional
        The largest number of evaluations at a point, `LIMIT` by default.
    confidence : float
        The probability that the bar covers the error.
    """
    budget = budget or LIMIT
    if order == 1 and not side and fmt.precision == 53 and noise is None and budget >= 2 * fast.LEVELS:
        return _fast_first(call, x, fmt, lower, upper, budget, confidence)
    search = Search(call, x, fmt, Scheme(order, side != 0), lower, upper, noise, side, budget, confidence)
    search.begin()
    return search.finished()


def _fast_first(
    call: Call, x: np.ndarray, fmt: FloatFormat, lower: Any, upper: Any, budget: int, confidence: float
) -> Estimates:
    """Take the first levels in the fast way, and search on where that is not enough."""
    scheme = Scheme(1)
    own = plan(fmt, scheme)
    start = _first_start(fmt, own, x, np.abs(x), np.minimum(x - lower, upper - x))
    tiny = float(fmt.smallest_subnormal)
    taken = fast.take(call, x, start, tiny, own.agreed, confidence)
    found = _estimates_of(taken.smooth, x.size)
    rest = np.flatnonzero(~np.asarray(taken.smooth.good))
    if not rest.size:
        return found
    ends = (end if np.ndim(end) == 0 else end[rest] for end in (lower, upper))
    search = Search(
        lambda nodes, rows: call(nodes, rest[rows]), x[rest], fmt, scheme, *ends, None, 0, budget, confidence
    )
    search.resume(taken.odd[:, rest], taken.mean[:, rest], taken.steps[:, rest], taken.largest[rest], start[rest])
    late = search.finished()
    if rest.size == x.size:
        return late
    for item in fields(late):
        getattr(found, item.name)[rest] = getattr(late, item.name)
    return found


def _estimates_of(smooth: fast.Smooth, size: int) -> Estimates:
    """Return what the fast way found, as if all of it were good."""
    value = np.array(smooth.value, float, ndmin=1)
    bar = smooth.bar + ROUNDINGS * abs(value)
    nan = np.full(size, np.nan)
    return Estimates(
        value, bar, np.zeros(size, np.intp), np.full(size, 2 * fast.LEVELS), np.array(smooth.step, float, ndmin=1),
        np.array(smooth.sigma, float, ndmin=1), np.array(smooth.freedom, np.intp, ndmin=1), nan, nan.copy(),
    )


ROUNDINGS = 2.0**-53 + 4 * 2.0**-52
"""The rounding of a result of float64: half an ulp, and four of the combination."""


def _first_start(fmt: FloatFormat, own: Plan, x: np.ndarray, size: np.ndarray, room: np.ndarray) -> np.ndarray:
    """Return the first starts: c√|x|, at least 64 ulps of x, inside the domain."""
    start = own.scale * GENERIC * np.sqrt(np.where(size == 0, 1, size))
    start = np.maximum(start, 64 * spacing(fmt, size))
    return np.minimum(start, GENERIC * room)


def spacing(fmt: FloatFormat, size: np.ndarray) -> np.ndarray:
    """Return the distance of neighbouring numbers of the format at a size, in the class of the size."""
    exponent = np.maximum(np.frexp(size)[1] - 1, fmt.min_exponent) - (fmt.precision - 1)
    return np.ldexp(size.dtype.type(1), exponent)


@dataclass(frozen=True)
class _Pair:
    """What pairs of near nodes say; arrays of shape (k,)."""

    residual: np.ndarray
    """The difference of the values less that of a line, of the deviation of f if it is noise."""
    mean: np.ndarray
    equal: np.ndarray
    """Whether the values are equal though the line is not flat."""
    slope: np.ndarray
    step: np.ndarray

    def rows(self, chosen: np.ndarray) -> "_Pair":
        """Return some of the points."""
        return _Pair(*(getattr(self, item.name)[chosen] for item in fields(self)))


class Search:
    """The state of all points of one call."""

    def __init__(
        self,
        call: Call,
        x: np.ndarray,
        fmt: FloatFormat,
        scheme: Scheme,
        lower: Any,
        upper: Any,
        noise: Any,
        side: int,
        budget: int,
        confidence: float,
    ) -> None:
        n, self.wide = x.size, np.dtype(np.longdouble if fmt.precision > 53 else np.float64)
        self.call, self.x, self.fmt, self.scheme, self.side = call, x, fmt, scheme, side
        self.budget, self.confidence, self.plan = budget, confidence, plan(fmt, scheme)
        self.at = x.astype(self.wide)
        self.size = np.abs(self.at)
        self.lower, self.upper = (np.broadcast_to(np.asarray(end, self.wide), x.shape) for end in (lower, upper))
        self.given = np.broadcast_to(np.asarray(0.0 if noise is None else noise, float), x.shape)
        self.unit_roundoff = float(fmt.unit_roundoff)
        self.tiny = self.wide.type(fmt.round(fmt.smallest_subnormal))
        self.room = self._room()
        shape = (SLOTS, n)
        self.numbers, self.companions, self.t = (np.full(shape, np.nan, self.wide) for _ in range(3))
        self.outer, self.inner = np.full(n, START), np.full(n, START - 1)
        self.largest, self.unit = np.zeros(n, self.wide), np.zeros(n, self.wide)
        self.center = np.zeros(n, self.wide)
        self.evaluations, self.jumps, self.fails = (np.zeros(n, np.intp) for _ in range(3))
        self.tested = np.zeros(n, bool)
        self.squares, self.freedom = np.zeros(n), np.zeros(n, np.intp)
        self.segment, self.best_segment = np.zeros(n, np.intp), np.full(n, -1)
        self.rank = np.full(n, -1)
        self.value, self.bar, self.total, self.step = (np.full(n, np.nan, self.wide) for _ in range(4))
        self.sigma, self.seen = np.zeros(n, self.wide), np.zeros(n, np.intp)
        self.kind = np.full(n, int(Status.OK))
        self.doubted = np.full((4, n), np.nan, self.wide)
        self.start = _first_start(fmt, self.plan, self.at, self.size, self.room)
        self.active = np.arange(n)

    # --- nodes ------------------------------------------------------------------------------------

    def _room(self) -> np.ndarray:
        if self.side:
            return self.upper - self.at if self.side > 0 else self.at - self.lower
        return np.minimum(self.at - self.lower, self.upper - self.at)

    def _spacing(self, size: np.ndarray) -> np.ndarray:
        return spacing(self.fmt, size)

    def _values(self, rows: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return f on both sides (or the side) at steps of shape (j, k), the steps as they came out, and what is outside."""
        x, at = self.x[rows], self.at[rows]
        grain = self._spacing(self.size[rows] + steps)
        steps = np.maximum(np.rint(steps / grain), 1) * grain
        signs = (self.side,) if self.side else (1, -1)
        nodes = np.stack([(at + sign * steps).astype(self.fmt.dtype) for sign in signs])
        exact = nodes.astype(self.wide)
        outside = ~((exact > self.lower[rows]) & (exact < self.upper[rows])).all(axis=0)
        nodes[:, outside] = np.broadcast_to(x, outside.shape)[outside]
        owners = np.broadcast_to(rows, nodes.shape)
        self.evaluations[rows] += nodes.shape[0] * nodes.shape[1]
        with np.errstate(all="ignore"):
            y = self.call(nodes.reshape(-1), owners.reshape(-1)).astype(self.wide).reshape(nodes.shape)
            steps = np.abs(exact[0] - exact[-1]) / 2 if not self.side else np.abs(exact[0] - at)
        return y, steps, outside

    def _put(self, rows: np.ndarray, slots: np.ndarray) -> None:
        """Evaluate levels: slots of shape (j, k) for k points."""
        y, steps, outside = self._values(rows, self.start[rows] * MULTIPLIERS[slots].astype(self.wide))
        numbers, companions, t = self._series(rows, y, steps)
        numbers[outside] = companions[outside] = np.nan
        self.numbers[slots, rows], self.companions[slots, rows], self.t[slots, rows] = numbers, companions, t
        size = np.abs(y)
        size[~np.isfinite(size)] = 0
        self.largest[rows] = np.maximum(self.largest[rows], size.max(axis=(0, 1)))

    def _series(self, rows: np.ndarray, y: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the numbers of the series and of its companion, and t."""
        with np.errstate(all="ignore"):
            if self.side:
                numbers = (y[0] - self.center[rows]) / steps
                return numbers, numbers.copy(), steps
            odd, mean, t = (y[0] - y[1]) / (2 * steps), y[0] / 2 + y[1] / 2, steps * steps
            return (odd, mean, t) if self.scheme.order % 2 else ((mean - self.center[rows]) / t, odd, t)

    def _fresh(self, rows: np.ndarray, start: np.ndarray, levels: int) -> None:
        """Begin a new segment."""
        if not rows.size:
            return
        self.start[rows] = start
        self.numbers[:, rows] = self.companions[:, rows] = self.t[:, rows] = np.nan
        self.outer[rows], self.inner[rows] = START, START + levels - 1
        self.largest[rows] = np.abs(self.center[rows]) if self.scheme.series.centered else 0
        self.segment[rows] += 1
        self.tested[rows] = False
        self._put(rows, np.broadcast_to(np.arange(START, START + levels)[:, None], (levels, rows.size)))

    def _forget(self, rows: np.ndarray) -> None:
        self.squares[rows], self.freedom[rows] = 0, 0
        self.unit[rows] = self._unit(rows)

    def _unit(self, rows: np.ndarray) -> np.ndarray:
        return np.where(self.largest[rows] > 0, self.largest[rows], 1)

    # --- the search -------------------------------------------------------------------------------

    def begin(self) -> None:
        """Evaluate f at x if the formula has it, and the first levels."""
        rows = self.active
        if self.scheme.series.centered:
            with np.errstate(all="ignore"):
                self.center[:] = self.call(self.x, rows).astype(self.wide)
            self.evaluations += 1
        self._fresh(rows, self.start, self.plan.first)
        self._forget(rows)

    def resume(
        self, numbers: np.ndarray, companions: np.ndarray, steps: np.ndarray, largest: np.ndarray, start: np.ndarray
    ) -> None:
        """Begin with levels that were taken: five, or six where the sixth is no NaN."""
        block = slice(START, START + len(numbers))
        self.numbers[block], self.companions[block], self.t[block] = numbers, companions, steps * steps
        count = np.where(np.isnan(numbers[-1]) & np.isfinite(numbers[:-1]).all(axis=0), fast.FIRST, fast.LEVELS)
        self.inner[:] = START + count - 1
        self.evaluations[:] = 2 * count
        self.start, self.segment[:] = start, 1
        self.largest[:] = np.where(np.isfinite(largest), largest, 0)
        self._forget(self.active)

    def finished(self) -> Estimates:
        """Search to the end."""
        while self.active.size:
            self.advance()
        if self.scheme.order == 1:
            self.connect()
        return self.result()

    def advance(self) -> None:
        """Read the segments of all active points, and do for each what helps."""
        going: list[np.ndarray] = []
        shape = self.outer[self.active] * SLOTS + self.inner[self.active]
        shapes = np.unique(shape) if shape.size > 1 else shape
        for key in shapes:
            rows = self.active if shapes.size == 1 else self.active[shape == key]
            rows = self._finite(rows, int(key) // SLOTS, int(key) % SLOTS, going)
            if rows.size:
                self._step(rows, int(key) // SLOTS, int(key) % SLOTS, going)
        self.active = np.concatenate(going) if going else self.active[:0]

    def _left(self, rows: np.ndarray, needed: int) -> np.ndarray:
        """Return for which points the budget has so many evaluations left."""
        return self.evaluations[rows] + needed <= self.budget

    def _cost(self, levels: int) -> int:
        return levels if self.side else 2 * levels

    def _finite(self, rows: np.ndarray, outer: int, inner: int, going: list[np.ndarray]) -> np.ndarray:
        """Restart where f is not finite; return the other points."""
        bad = ~np.isfinite(self.numbers[outer : inner + 1, rows]).all(axis=0)
        if not bad.any():
            return rows
        lost = rows[bad]
        again = lost[self._left(lost, self._cost(self.plan.fewest))]
        step = self.start[again] / 16
        # A function that ends at 0 is the commonest: then |x| is its length.
        crossed = (self.size[again] > 0) & (self.start[again] * 2 > self.size[again])
        self._fresh(again, np.where(crossed, np.minimum(step, self.size[again] / 4), step), self.plan.fewest)
        self._forget(again)
        going.append(again)
        none = lost[self.rank[lost] < 0]
        self.kind[none] = int(Status.NOT_FINITE)
        return rows[~bad]

    def _floor(self, rows: np.ndarray) -> np.ndarray:
        """Return the least deviation that values of this size have: half a unit roundoff, or a subnormal number."""
        return np.maximum(0.5 * self.unit_roundoff * self.largest[rows], self.tiny)

    def _read(self, rows: np.ndarray, outer: int, inner: int) -> Reading:
        floor = self._floor(rows)
        noise = Noise(floor, self.given[rows], self.squares[rows], self.freedom[rows], self.unit[rows])
        block = slice(outer, inner + 1)
        parts = (self.numbers[block, rows], self.companions[block, rows], self.t[block, rows])
        return read(self.scheme, outer, *parts, self.start[rows], noise, self.confidence)

    def _step(self, rows: np.ndarray, outer: int, inner: int, going: list[np.ndarray]) -> None:
        """Read one group of points with the same levels, keep what was read, and go on."""
        seen = self._read(rows, outer, inner)
        floor = self._floor(rows)
        noisy = seen.flat & (seen.sigma > UNSEEN * floor) & (seen.sigma > 3 * self.given[rows])
        self._keep(rows, seen, noisy)
        deep = self.start[rows] * MULTIPLIERS[inner] > 64 * 16 * self._spacing(self.size[rows])
        untested = noisy & deep & ~self.tested[rows] & self._left(rows, 2 * self._cost(1))
        if untested.any():
            self._test(rows[untested], seen.rows(untested), inner, going)
            rows, noisy, seen = rows[~untested], noisy[~untested], seen.rows(~untested)
        if rows.size:
            self._go_on(rows, seen, noisy, outer, inner, going)

    def _keep(self, rows: np.ndarray, seen: Reading, noisy: np.ndarray) -> None:
        """Keep a reading if it is of the same segment as the one that is kept, or better."""
        rank = self._rank(rows, seen, noisy)
        better = (rank > self.rank[rows]) | ((rank == self.rank[rows]) & ~(seen.total >= self.total[rows]))
        better |= self.best_segment[rows] == self.segment[rows]
        kept = rows[better]
        self.rank[kept], self.best_segment[kept] = rank[better], self.segment[kept]
        for own, found in (
            (self.value, seen.value), (self.bar, seen.bar), (self.total, seen.total), (self.step, seen.step),
            (self.sigma, seen.sigma), (self.seen, seen.freedom),
        ):
            own[kept] = found[better]

    def _rank(self, rows: np.ndarray, seen: Reading, noisy: np.ndarray) -> np.ndarray:
        """Return 2 for a value with digits, 1 for a sound one without, 0 for one that nothing supports."""
        swamped = noisy & (seen.used > SWAMPED * self.largest[rows])
        sound = (seen.noise_dominates | (seen.ratio < 0.5)) & np.isfinite(seen.total) & ~swamped
        # Inside a segment in which f was not constant, equal values show that f is rounded to few digits.
        block = self.numbers[self.outer[rows[0]] : self.inner[rows[0]] + 1, rows]
        sound &= (block != 0).any(axis=0) | (self.segment[rows] == self.jumps[rows] + 1)
        return np.where(sound, np.where(seen.total < DIGIT * np.abs(seen.value), 2, 1), 0)

    def _go_on(
        self, rows: np.ndarray, seen: Reading, noisy: np.ndarray, outer: int, inner: int, going: list[np.ndarray]
    ) -> None:
        """Do for each point of a group the first thing that helps."""
        size, total, levels = np.abs(seen.value), seen.total, inner - outer + 1
        u, rank = self.unit_roundoff, self._rank(rows, seen, noisy)
        dominated, resolved = seen.noise_dominates & seen.visible, rank == 2
        widest = self.start[rows] * MULTIPLIERS[outer]
        numbers = self.numbers[outer : inner + 1, rows]
        constant = (numbers == 0).all(axis=0)
        narrow = constant & (widest < 1e-3 * self.size[rows])
        more = seen.doubtful & (levels <= self.plan.levels) & (inner + 1 < SLOTS) & (levels < self.plan.most)
        done = ~more & (resolved & seen.visible & (total <= 2 * u * size)) | (constant & ~narrow)
        done |= ~self._left(rows, self._cost(1))
        budget = np.where(noisy & (total > 1e-3 * size), self.plan.levels * 3 // 2, self.plan.levels)
        soft = self.evaluations[rows] + self._cost(1) <= self._cost(budget) + self.scheme.series.centered
        room = (self.jumps[rows] < 3) & (self.room[rows] > 8 * widest) & self._left(rows, self._cost(self.plan.fewest))
        with np.errstate(all="ignore"):
            scatter = 3 * seen.used / (math.sqrt(2) * self.start[rows] * MULTIPLIERS[outer : inner + 1, None])
            line = (np.abs(numbers - seen.value) <= scatter).all(axis=0) & (self.scheme.order == 1)
        jump = ~done & room & ((resolved & seen.visible & line & (total > self.plan.agreed * size)) | narrow)
        free = ~done & ~jump
        lost = free & ~resolved & ~(dominated & (rank > 0)) & (total > DIGIT * size)
        again = lost & ((levels >= self.plan.fewest + 2) | (total > 0.5 * size)) 
        again |= free & (rank == 0) & ~dominated & ~soft
        again &= self._left(rows, self._cost(self.plan.fewest))
        free &= ~again
        inward = free & (inner + 1 < SLOTS) & (levels < self.plan.most)
        inward &= (~resolved & ~dominated) | (soft & ~(seen.noise_dominates & seen.visible))
        inward |= free & more
        outward = free & ~inward & (outer > 0) & (levels < self.plan.most) & dominated & (seen.ratio < 0.3)
        outward &= (total > 16 * u * size) & soft & (self.start[rows] * MULTIPLIERS[outer - 1] < self.room[rows])
        self._inward(rows[inward], inner, levels, going)
        self._outward(rows[outward], outer, going)
        self._jump(rows[jump], seen.rows(jump), narrow[jump], going)
        start = self.start[rows] * MULTIPLIERS[inner] / 8
        start = np.where((self.size[rows] > 0) & (seen.used > SWAMPED * self.largest[rows]), np.minimum(start, self.size[rows] / 8), start)
        self._again(rows[again], start[again], going)

    def _inward(self, rows: np.ndarray, inner: int, levels: int, going: list[np.ndarray]) -> None:
        if rows.size:
            count = min(max(self.plan.levels - levels, 1), SLOTS - 1 - inner, self.plan.most - levels)
            self._put(rows, np.broadcast_to(np.arange(inner + 1, inner + 1 + count)[:, None], (count, rows.size)))
            self.inner[rows] += count
            going.append(rows)

    def _outward(self, rows: np.ndarray, outer: int, going: list[np.ndarray]) -> None:
        if rows.size:
            self._put(rows, np.full((1, rows.size), outer - 1))
            self.outer[rows] -= 1
            going.append(rows)

    def _jump(self, rows: np.ndarray, seen: Reading, narrow: np.ndarray, going: list[np.ndarray]) -> None:
        """Begin a wider segment, with the noise that was seen."""
        if not rows.size:
            return
        self.jumps[rows] += 1
        known, tested = seen.flat, self.tested[rows]
        self.squares[rows] = np.where(known, seen.squares, self.squares[rows])
        self.freedom[rows] = np.where(known, seen.freedom, self.freedom[rows])
        start = self.start[rows] * np.where(narrow, 1024, 8)
        start = np.where(start * MULTIPLIERS[START] >= self.room[rows], self.room[rows] * 0.875, start)
        self._fresh(rows, start, self.plan.fewest)
        self.tested[rows] = tested
        going.append(rows)

    def _again(self, rows: np.ndarray, start: np.ndarray, going: list[np.ndarray]) -> None:
        """Begin a segment further inside."""
        start = np.maximum(start, 64 * self._spacing(self.size[rows]))
        # Where the format has no room for narrower steps, that was all.
        rows, start = (part[start < self.start[rows] / 2] for part in (rows, start))
        if rows.size:
            self._fresh(rows, start, self.plan.fewest)
            self._forget(rows)
            going.append(rows)

    # --- the test of noise ------------------------------------------------------------------------

    def _pair(self, rows: np.ndarray, seen: Reading, step: np.ndarray) -> "_Pair":
        """Return what a pair of near nodes says."""
        y, steps, _ = self._values(rows, step[None])
        first, last, h = y[0, 0], self.center[rows] if self.side else y[-1, 0], steps[0]
        rise = (first - last) / (1 if self.side else 2)
        slope = seen.value if self.scheme.order == 1 else np.zeros_like(rise)
        equal = (first == last) & (np.abs(slope) * h > 4 * self._floor(rows))
        return _Pair((rise - slope * h) * math.sqrt(2), first / 2 + last / 2, equal, rise / h, h)

    def _test(self, rows: np.ndarray, seen: Reading, inner: int, going: list[np.ndarray]) -> None:
        """Look whether noise is there at pairs of near nodes; if not, restart."""
        self.tested[rows] = True
        narrowest = self.start[rows] * MULTIPLIERS[inner]
        step = np.maximum(narrowest / NEAR, 16 * self._spacing(self.size[rows]))
        near = self._pair(rows, seen, step)
        doubt = ~near.equal & (np.abs(near.residual) <= DOUBTED * seen.sigma)
        self._stand(rows, near, ~doubt, going)
        rows, seen, near, narrowest, step = rows[doubt], seen.rows(doubt), near.rows(doubt), narrowest[doubt], step[doubt]
        if not rows.size:
            return
        far = self._pair(rows, seen, step * (NEAR / FAR))
        limit = SHRINKS * seen.sigma
        # Of a smooth f the residual is that of a slope: it grows as the step does.
        smooth = np.abs(far.residual - near.residual * (far.step / near.step)) <= limit
        smooth &= ~far.equal & (np.abs(far.mean - near.mean) <= 1.5 * limit)
        self._stand(rows, far, ~smooth, going)
        self._inside(rows[smooth], narrowest[smooth], near.rows(smooth), far.rows(smooth), going)

    def _stand(self, rows: np.ndarray, pair: "_Pair", chosen: np.ndarray, going: list[np.ndarray]) -> None:
        """Let the noise stand, and add what a pair says of it."""
        counted = chosen & ~pair.equal
        self.squares[rows[counted]] += (pair.residual[counted] / self.unit[rows[counted]]) ** 2
        self.freedom[rows[counted]] += 1
        going.append(rows[chosen])

    def _inside(
        self, rows: np.ndarray, narrowest: np.ndarray, near: "_Pair", far: "_Pair", going: list[np.ndarray]
    ) -> None:
        """Restart where what looked like noise was none: at the scale at which two slopes agree."""
        self.fails[rows] += 1
        self.kind[rows] = int(Status.OSCILLATES)
        self.doubted[:, rows] = self.value[rows], self.bar[rows], self.sigma[rows], narrowest
        self.rank[rows] = np.minimum(self.rank[rows], 0)
        self.bar[rows] = np.inf
        alike = np.abs(near.slope - far.slope) <= DIGIT * np.abs(near.slope)
        go = (self.fails[rows] <= 4) & self._left(rows, self._cost(self.plan.fewest))
        start = narrowest * np.where(alike, 4.0 / FAR, 2.0 / NEAR)
        # |x| is the next length to try where it is shorter still.
        start = np.where((self.size[rows] > 0) & ~alike, np.minimum(start, self.size[rows] / 8), start)
        self._again(rows[go], start[go], going)

    # --- what a restart left behind -----------------------------------------------------------------

    def connect(self) -> None:
        """Look where f leaves the line that was found inside of what looked like noise: gradually, or with a jump.

        A computed function can be smooth in pieces between jumps, as (1 − cos x)/x² is in a narrow format, where 1 − cos x
        is a multiple of u. Then the jumps are the noise after all, and the bar has to hold both slopes.
        """
        value, _, sigma, limit = self.doubted
        first = self.start * MULTIPLIERS[self.outer]
        rows = np.flatnonzero((self.rank == 2) & (self.fails > 0) & (limit > 4 * first) & self._left(slice(None), 10))
        if not rows.size:
            return
        ratio = (limit[rows] / first[rows]) ** (1 / 5)
        steps = first[rows] * ratio ** np.arange(6)[:, None]
        misfit = np.zeros_like(steps)
        misfit[1:] = self._misfit(rows, steps[1:])
        away = misfit > SHRINKS * sigma[rows]
        k, j = away.argmax(axis=0), np.arange(rows.size)
        before = np.maximum(misfit[np.maximum(k - 1, 0), j], 8 * self._floor(rows))
        sudden = (k > 0) & (before * ratio**6 < misfit[k, j])
        rows, high, low = rows[sudden], steps[k, j][sudden], steps[np.maximum(k - 1, 0), j][sudden]
        if rows.size:
            self._broken(rows, low, high, misfit[k, j][sudden])

    def _misfit(self, rows: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Return how far the difference of a pair is from that of the line that was found."""
        y, h, _ = self._values(rows, steps)
        rise = (y[0] - (self.center[rows] if self.side else y[1])) / (1 if self.side else 2)
        return np.abs(rise - self.value[rows] * h)

    def _broken(self, rows: np.ndarray, low: np.ndarray, high: np.ndarray, size: np.ndarray) -> None:
        """Narrow down where f leaves the line; if with a jump, let the bar hold the slope across the jumps too."""
        last, top = size, high
        for _ in range(5):
            middle = np.sqrt(low * high)
            found = self._misfit(rows, middle[None])[0]
            away = found > SHRINKS * self.doubted[2, rows]
            low, high, last = np.where(away, low, middle), np.where(away, middle, high), np.where(away, found, last)
        beyond = self._misfit(rows, 1.5 * top[None])[0]
        jump = np.where(high < top, last > 0.3 * size, beyond < 1.3 * size)
        rows = rows[jump]
        value, bar = self.doubted[0, rows], self.doubted[1, rows]
        self.bar[rows] = np.maximum(bar, np.abs(value - self.value[rows]) + self.bar[rows])
        self.value[rows], self.kind[rows], self.rank[rows] = value, int(Status.AMBIGUOUS), 1

    # --- the end ----------------------------------------------------------------------------------

    def result(self) -> Estimates:
        """Return what was found."""
        kink, jump, left, right = self._breaks()
        u = max(self.unit_roundoff, 2.0**-64)
        bar = self.bar + (u + 4 * float(np.finfo(self.wide).eps)) * np.abs(self.value)
        bar = np.where(self.rank > 0, bar, np.inf)
        bar = np.where(kink, np.maximum(np.where(np.isfinite(bar), bar, 0), np.abs(right - left) / 2), bar)
        bar = np.where(jump | ~np.isfinite(self.value), np.inf, bar)
        status = np.where(self.rank == 2, int(Status.OK), np.where((self.rank == 1) & (self.kind != int(Status.AMBIGUOUS)), int(Status.NO_DIGITS), self.kind))
        status = np.where((self.rank == 0) & (status == int(Status.OK)), int(Status.BUDGET), status)
        status = np.where(~np.isfinite(self.value), int(Status.NOT_FINITE), status)
        status = np.where(kink, int(Status.KINK), np.where(jump, int(Status.JUMP), status))
        return Estimates(
            self.value, bar, status, self.evaluations, self.step, self.sigma, self.seen,
            np.where(kink, left, np.nan), np.where(kink, right, np.nan),
        )

    def _breaks(self) -> tuple[np.ndarray, ...]:
        """Return where f has a kink or a jump at x, by the innermost four levels, and the slopes on both sides."""
        n = self.x.size
        none, nan = np.zeros(n, bool), np.full(n, np.nan, self.wide)
        if self.side or self.scheme.order != 1:
            return none, none, nan, nan
        k = np.arange(n)
        slots = self.inner - np.arange(FEWEST)[::-1, None]
        h, odd, mean = np.sqrt(self.t[slots, k]), self.numbers[slots, k], self.companions[slots, k]
        with np.errstate(all="ignore"):
            gap = np.abs(mean[:-1] - mean[1:]) / (h[:-1] - h[1:])
            steady = (gap[:-1] <= 1.2 * gap[1:]) & (gap[1:] <= 1.2 * gap[:-1])
            kink = steady.all(axis=0) & (gap[-1] * h[-1] > 100 * self.unit_roundoff * self.largest)
            rise = odd * h
            jump = (rise.max(axis=0) - rise.min(axis=0) <= 0.05 * np.abs(rise).max(axis=0)) & (rise[-1] != 0)
            jump &= np.abs(rise[-1]) > 100 * self.unit_roundoff * self.largest
            signed = (mean[0] - mean[-1]) / (h[0] - h[-1])
        return kink & ~jump, jump, odd[-1] - signed, odd[-1] + signed
