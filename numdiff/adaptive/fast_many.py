"""The fast way for many points: arrays with a row for each level or window, in blocks that stay in the cache. See `fast`.

Every operation is that of `fast_one`, in its order: both give the same numbers.
"""

from dataclasses import dataclass

import numpy as np

from numdiff.adaptive.fast import CERTAIN, DECAY, DECAY_ROOT, DEGREES, FIRST, HALF_UNIT, LEVELS, SHARES, SPREAD, STEPS
from numdiff.adaptive.fast import TAIL, WEIGHTS, WEIGHTS_SIX, WIDEST_AT, Levels, Smooth, reaches
from numdiff.adaptive.plan import power_below
from numdiff.adaptive.state import Call
from numdiff.adaptive.windows import LUCK, PRIOR, PRIOR_RATIO, SAFETY, SIGMAS, SLOWER, TOLD, UNSEEN, VISIBLE

__all__ = ["BLOCK", "take_many"]

BLOCK = 1024
"""Points of a block: a row is 8 kB, and all rows of a block stay in the second cache. With a quarter, the calls of NumPy
cost more than what they do; with four times as many, rows come from the third cache, and from pages that are new."""


def _column(numbers: tuple[float, ...]) -> np.ndarray:
    return np.array(numbers)[:, None]


_STEPS = _column(STEPS)
_SHARES = tuple(_column(shares) for shares in SHARES)
_WEIGHTS = tuple(tuple(_column(pair) for pair in weights) for weights in WEIGHTS)
_WEIGHTS_SIX = _column(WEIGHTS_SIX)
_SPREAD, _SCATTER = _column(SPREAD), _column(tuple(SIGMAS * spread for spread in SPREAD))
_APART = _column(tuple(SIGMAS * (SPREAD[k] + SPREAD[k + 1]) for k in range(len(SPREAD) - 1)))


@dataclass(frozen=True)
class _Work:
    """Memory for the rows of a block of k points, used by one block after the other.

    Attributes
    ----------
    steps : ndarray, shape (6, k)
    numbers : ndarray, shape (2, 6, k)
        D, and E less that of the fifth level.
    table : ndarray, shape (2, 6, k)
        Neville's scheme in place: a window is where its innermost level is. In the end, the windows at the outermost
        level, by degree.
    ends : ndarray, shape (5, 2, k)
        The windows whose innermost level is the fifth, by degree.
    change, values : ndarray, shape (2, 5, k)
    residuals : ndarray, shape (3, 2, k)
        c₄, c₃, c₂ of both series.
    own, parent, grandparent : ndarray, shape (3, k)
        The size of the last corrections of the windows at the outermost level, and of the windows inside.
    """

    steps: np.ndarray
    numbers: np.ndarray
    table: np.ndarray
    ends: np.ndarray
    change: np.ndarray
    values: np.ndarray
    residuals: np.ndarray
    own: np.ndarray
    parent: np.ndarray
    grandparent: np.ndarray

    @classmethod
    def of(cls, size: int) -> "_Work":
        """Return memory for blocks of so many points."""
        pairs, windows = (2, FIRST, size), (len(DEGREES), size)
        return cls(
            steps=np.empty((LEVELS, size)),
            numbers=np.empty((2, LEVELS, size)),
            table=np.empty((2, LEVELS, size)),
            ends=np.empty((FIRST, 2, size)),
            change=np.empty(pairs),
            values=np.empty(pairs),
            residuals=np.empty((len(WEIGHTS), 2, size)),
            own=np.empty(windows),
            parent=np.empty(windows),
            grandparent=np.empty(windows),
        )


def take_many(
    call: Call, x: np.ndarray, start: np.ndarray, tiny: float, agreed: float, confidence: float
) -> tuple[Smooth, Levels]:
    """Take and read the first levels of many points.

    Parameters
    ----------
    call : callable
        As in `numdiff.adaptive.engine.estimate`.
    x, start : ndarray of float64, shape (n,)
    tiny : float
        The least error of a value: the smallest subnormal number.
    agreed : float
        The relative total up to which a search ends.
    confidence : float

    Returns
    -------
    Smooth
        Of all points; it holds where the search ends.
    Levels
        Of the points at which it does not.
    """
    n = x.size
    whole = Smooth(
        value=np.empty(n), bar=np.empty(n), step=start * STEPS[0], sigma=np.empty(n), freedom=np.empty(n, np.intp)
    )
    rest, work = [], _Work.of(min(n, BLOCK))
    for first in range(0, n, BLOCK):
        part = slice(first, first + BLOCK)
        if n - first < BLOCK:
            work = _Work.of(n - first)
        out = Smooth(whole.value[part], whole.bar[part], whole.step[part], whole.sigma[part], whole.freedom[part])
        levels = _Block(call, first, x[part], start[part], tiny, agreed, confidence, work, out).take()
        if levels.rows.size:
            rest.append(levels)
    return whole, _joined(rest)


def _joined(parts: list[Levels]) -> Levels:
    if not parts:
        none, nobody = np.empty((LEVELS, 0)), np.empty(0, np.intp)
        return Levels(rows=nobody, odd=none, mean=none, steps=none, taken=nobody, largest=np.empty(0))
    return Levels(
        rows=np.concatenate([part.rows for part in parts]),
        odd=np.concatenate([part.odd for part in parts], axis=1),
        mean=np.concatenate([part.mean for part in parts], axis=1),
        steps=np.concatenate([part.steps for part in parts], axis=1),
        taken=np.concatenate([part.taken for part in parts]),
        largest=np.concatenate([part.largest for part in parts]),
    )


@dataclass(frozen=True)
class _Block:
    """Some of the points; arrays of shape (k,), and where the result goes."""

    call: Call
    first: int
    x: np.ndarray
    start: np.ndarray
    tiny: float
    agreed: float
    confidence: float
    work: _Work
    out: Smooth

    def take(self) -> Levels:
        """Take the levels, write what they say, and return those of the points at which that is not enough."""
        work, start = self.work, self.start
        widest = np.abs(self.x)
        widest += self.out.step
        power = power_below(widest)
        sure = (power >= WIDEST_AT[0]) & (power < WIDEST_AT[1]) & (start >= power * (CERTAIN * 2.0**-52))
        power *= 1.5
        steps, mean = np.multiply(_STEPS, start, out=work.steps), work.numbers[1]
        steps += power
        steps -= power
        largest = self._put(sure, slice(0, FIRST))
        about = mean[FIRST - 1].copy()
        mean[:FIRST] -= about
        squares = _read_five(work, start)
        limit = np.maximum(largest * HALF_UNIT, self.tiny)
        limit *= UNSEEN
        limit *= limit
        go = (squares[1] > squares[0] * TAIL) | (squares[0] <= limit)
        go &= largest < np.inf
        np.maximum(largest, self._put(go, slice(FIRST, LEVELS)), out=largest, where=go)
        mean[FIRST] -= about
        _read_six(work)
        noise = _noise(self, np.maximum(largest * HALF_UNIT, self.tiny), squares)
        good = _truncation(self, noise)
        good &= noise.good
        good &= go
        bad = np.flatnonzero(~good)
        taken = np.where(go[bad], LEVELS, np.where(sure[bad], FIRST, 0))
        odd, mean = work.numbers[:, :, bad]
        return Levels(bad + self.first, odd, mean + about[bad], steps[:, bad], taken, largest[bad])

    def _put(self, chosen: np.ndarray, levels: slice) -> np.ndarray:
        """Evaluate levels of some points, put their numbers in place, NaN for the others, and return the largest |f|."""
        numbers, steps = self.work.numbers[:, levels], self.work.steps[levels]
        if chosen.all():
            return self._evaluate(np.arange(self.x.size), self.x, steps, numbers)
        numbers[:] = np.nan
        rows, largest = np.flatnonzero(chosen), np.full(chosen.shape, np.nan)
        if rows.size:
            part = np.empty((2, len(steps), rows.size))
            largest[rows] = self._evaluate(rows, self.x[rows], steps[:, rows], part)
            numbers[:, :, rows] = part
        return largest

    def _evaluate(self, rows: np.ndarray, x: np.ndarray, steps: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Put D and E in place, and return the largest |f|."""
        nodes = np.empty((2, *steps.shape))
        np.add(x, steps, out=nodes[0])
        np.subtract(x, steps, out=nodes[1])
        owners = np.empty(nodes.shape, np.intp)
        owners[...] = rows + self.first
        y = self.call(nodes.reshape(-1), owners.reshape(-1)).reshape(nodes.shape)
        half = self.work.values[:, : len(steps), : x.size]
        np.multiply(y, 0.5, out=half)
        np.add(half[0], half[1], out=out[1])
        np.subtract(y[0], y[1], out=out[0])
        np.add(steps, steps, out=half[0])
        out[0] /= half[0]
        np.abs(y, out=half)
        return np.maximum.reduce(np.maximum.reduce(half, axis=0), axis=0)


def _read_five(work: _Work, start: np.ndarray) -> np.ndarray:
    """Make the table of five levels, and return the mean squares of its last three residuals, the last one first."""
    table, residuals = work.table, work.residuals
    table[:] = work.numbers
    for j in range(1, FIRST):
        n = FIRST - j
        work.ends[j - 1] = table[:, FIRST - 1]
        change = work.change[:, :n]
        np.subtract(table[:, j:FIRST], table[:, j - 1 : FIRST - 1], out=change)
        change *= _SHARES[j - 1][:n]
        table[:, j:FIRST] += change
        for i, sizes in enumerate((work.own, work.parent, work.grandparent)):
            if i < n and i + j in DEGREES:
                np.abs(change[0, i], out=sizes[LEVELS - 1 - i - j])
        for residual, p, weights in zip(residuals, (4, 3, 2), _WEIGHTS, strict=True):
            if p == j:
                np.multiply(change[:, 0], weights[0], out=residual)
            elif p < j:
                residual += change[:, 0] * weights[j - p]
    work.ends[FIRST - 1] = table[:, FIRST - 1]
    residuals[:, 0] *= start
    residuals *= residuals
    squares = residuals[:, 0] + residuals[:, 1]
    squares *= 0.5
    return squares


def _read_six(work: _Work) -> None:
    """Add the sixth level to the table; the last change is left in place."""
    inner, change = work.table[:, FIRST], work.change[:, 0]
    inner[:] = work.numbers[:, FIRST]
    for j in range(1, LEVELS):
        np.subtract(inner, work.ends[j - 1], out=change)
        change *= SHARES[j - 1][FIRST - j]
        inner += change
        if j >= LEVELS - len(DEGREES):
            np.abs(change[0], out=(work.own, work.parent, work.grandparent)[FIRST - j][0])


@dataclass(frozen=True)
class _Noise:
    """What the residuals say of the noise; arrays of shape (k,).

    Attributes
    ----------
    good : ndarray of bool
        Whether it is that of rounding.
    used, reach : ndarray
        σ for decisions, and the reach of the bar, over the start.
    """

    good: np.ndarray
    used: np.ndarray
    reach: np.ndarray


def _noise(block: _Block, floor: np.ndarray, before: np.ndarray) -> _Noise:
    """Write the noise and its freedom, and return what follows from them."""
    second, third, fourth = before
    work, sigma, freedom = block.work, block.out.sigma, block.out.freedom
    c, e = work.change[:, 0] * _WEIGHTS_SIX
    c *= block.start
    c *= c
    e *= e
    c += e
    last = c * 0.5
    two, limit = second <= last * TAIL, floor * VISIBLE
    squares = second * two
    squares += last
    squares *= 2
    np.multiply(two, 2, out=freedom)
    freedom += 2
    limit *= limit
    limit *= freedom
    near = squares <= limit
    good = (last > 0) & (last < np.inf) & (near | ~two) & (np.abs(work.table[0, FIRST]) < np.inf)
    # The last residual is not small by chance, see `windows`.
    chance = second < last * LUCK
    chance &= second * fourth > third * third * SLOWER
    good &= two | ~chance
    freedom += PRIOR
    prior = floor * PRIOR_RATIO
    prior *= prior
    prior *= PRIOR
    squares += prior
    squares /= freedom
    np.sqrt(squares, out=sigma)
    alone, few, many = reaches(block.confidence)
    reach = np.where(two, many, few)
    used = np.maximum(floor, sigma)
    if not near.all():
        # Truncation errors, still: the bar counts them as noise, the choice of the window does not.
        far = ~near
        sigma[far], freedom[far], reach[far], used[far] = np.sqrt(last[far]), 2, alone, floor[far]
    used /= block.start
    reach *= sigma
    np.maximum(reach, floor * TOLD, out=reach)
    reach /= block.start
    return _Noise(good, used, reach)


def _truncation(block: _Block, noise: _Noise) -> np.ndarray:
    """Write the best value and its bar, and return where they are sound and the total is small."""
    own, parent, grandparent = block.work.own, block.work.parent, block.work.grandparent
    value = block.work.table[0, LEVELS - len(DEGREES) :][::-1]
    sound = (parent > 0) & (grandparent > 0)
    clean = sound.all(axis=0)
    error = parent * parent
    error /= grandparent
    error *= DECAY
    np.minimum(parent, error, out=error)
    np.maximum(own, error, out=error)
    q = np.divide(own, grandparent, out=grandparent)
    np.sqrt(q, out=q)
    q *= DECAY_ROOT
    ratio = np.divide(own, parent, out=parent)
    ratio *= DECAY
    np.maximum(ratio, q, out=q)
    np.minimum(q, 1.0, out=q)
    error *= q
    error *= SAFETY
    apart = np.abs(value[:-1] - value[1:])
    apart -= noise.used * _APART
    np.maximum(error[1:], apart, out=error[1:])
    scatter = noise.used * _SCATTER
    sound = (scatter >= error) | (q < 0.5)
    scatter += error
    error += noise.reach * _SPREAD
    value, bar, total = value[0], error[0], scatter[0]
    best = sound[0]
    for k in range(1, len(DEGREES)):
        better = scatter[k] < total
        np.copyto(bar, error[k], where=better)
        np.copyto(total, scatter[k], where=better)
        np.copyto(best, sound[k], where=better)
        np.copyto(value, block.work.table[0, FIRST - k], where=better)
    block.out.value[:], block.out.bar[:] = value, bar
    best &= clean
    best &= total <= np.abs(value) * block.agreed
    return best
