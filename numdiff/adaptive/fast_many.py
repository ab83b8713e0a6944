"""The fast way for many points: arrays with a row for each level or window, in blocks. See `fast`.

Every operation is that of `fast_one`, in its order: both give the same numbers.
"""

import threading
from dataclasses import dataclass, fields

import numpy as np

from numdiff.adaptive.fast import (
    CERTAIN,
    DECAY,
    DECAY_ROOT,
    DEGREES,
    FIRST,
    HALF_UNIT,
    LEVELS,
    REACHED,
    SHARES,
    SIZES,
    SPREAD,
    STEPS,
    TAIL,
    WEIGHTS,
    WEIGHTS_SIX,
    Levels,
    Smooth,
    reaches,
)
from numdiff.adaptive.noise import LUCK, PRIOR, PRIOR_RATIO, SLOWER, TOLD, UNSEEN, VISIBLE
from numdiff.adaptive.plan import power_below
from numdiff.adaptive.state import Call
from numdiff.adaptive.windows import SAFETY, SIGMAS

__all__ = ["BLOCK", "take_many"]

BLOCK = 3400
"""Points of a block. The calls of NumPy cost 0.2 ms a block, what they do 0.5 ms: with a quarter of the points the
calls cost more, with four times as many the rows come from slower memory."""
PIECE = 1140
"""Points that f gets at once, a third of a block. Nodes, rows and values, ten each, have 91 kB. Near the 128 kB
from which the allocator asks for new pages (1300 points and more), it gives pages back and asks for them again, as long
as the process has not freed a larger array: the fast way takes up to twice the time of the processor."""
_spare = threading.local()
"""The memory that the last call left for the next one of its thread: new pages cost a third of the time."""


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
        D, and 2E less that of the fifth level.
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
    found : ndarray, shape (2, 3, k)
        The values of these windows, and their bars.
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
    found: np.ndarray

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
            found=np.empty((2, *windows)),
        )

    def cut(self, size: int) -> "_Work":
        """Return memory for fewer points."""
        return _Work(*(getattr(self, item.name)[..., :size] for item in fields(self)))


def take_many(call: Call, x: np.ndarray, start: np.ndarray, agreed: float, confidence: float) -> tuple[Smooth, Levels]:
    """Take and read the first levels of many points.

    Parameters
    ----------
    call : callable
        As in `numdiff.adaptive.engine.estimate`.
    x, start : ndarray of float64, shape (n,)
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
    # Taken, not borrowed: f may differentiate, too.
    memory, _spare.memory = getattr(_spare, "memory", None), None
    if n < BLOCK or memory is None:
        memory = _Work.of(min(n, BLOCK))
    rest, blocks = [], max(1, -(-n // BLOCK))
    size = max(1, -(-n // blocks))
    for first in range(0, n, size):
        part = slice(first, min(first + size, n))
        out = Smooth(whole.value[part], whole.bar[part], whole.step[part], whole.sigma[part], whole.freedom[part])
        work = memory.cut(part.stop - first)
        rest.append(_Block(call, first, x[part], start[part], agreed, confidence, work, out).take())
    if n >= BLOCK:
        _spare.memory = memory
    return whole, _joined([levels for levels in rest if levels.rows.size])


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
        sure = (power >= REACHED[0]) & (power <= REACHED[1]) & (start >= power * (CERTAIN * 2.0**-52))
        power *= 1.5
        steps, total = np.multiply(_STEPS, start, out=work.steps), work.numbers[1]
        steps += power
        steps -= power
        largest = self._put(sure, slice(0, FIRST))
        about = total[FIRST - 1].copy()
        total[:FIRST] -= about
        squares = _read_five(work, start)
        floor = largest * HALF_UNIT
        go = squares[0] <= floor * floor * (2 * UNSEEN * UNSEEN)
        go |= squares[1] > squares[0] * TAIL
        go &= (largest >= SIZES[0]) & (largest <= SIZES[1])
        np.maximum(largest, self._put(go, slice(FIRST, LEVELS)), out=largest, where=go)
        total[FIRST] -= about
        _read_six(work)
        noise = _noise(self, largest * HALF_UNIT, squares)
        good = _truncation(self, noise)
        good &= noise.good
        good &= largest <= SIZES[1]
        bad = np.flatnonzero(~good)
        odd, total = work.numbers[:, :, bad]
        mean = (total + about[bad]) * 0.5
        taken = np.where(go[bad], LEVELS, np.where(sure[bad], FIRST, 0))
        return Levels(bad + self.first, odd, mean, steps[:, bad], taken, largest[bad])

    def _put(self, chosen: np.ndarray, levels: slice) -> np.ndarray:
        """Evaluate levels of some points, put their numbers in place (else NaN), and return the largest |f|."""
        numbers, steps = self.work.numbers[:, levels], self.work.steps[levels]
        whole, largest = np.count_nonzero(chosen) == chosen.size, np.empty(chosen.shape)
        if not whole:
            numbers[:], largest[:] = np.nan, np.nan
        for first in range(0, chosen.size, PIECE):
            piece = slice(first, first + PIECE)
            if whole:
                rows = np.arange(first, min(first + PIECE, chosen.size))
                largest[piece] = self._evaluate(rows, self.x[piece], steps[:, piece], numbers[..., piece])
                continue
            rows = np.flatnonzero(chosen[piece]) + first
            if rows.size:
                part = np.empty((2, len(steps), rows.size))
                largest[rows] = self._evaluate(rows, self.x[rows], steps[:, rows], part)
                numbers[:, :, rows] = part
        return largest

    def _evaluate(self, rows: np.ndarray, x: np.ndarray, steps: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Put D and 2E in place, and return the largest |f|."""
        nodes = np.empty((2, *steps.shape))
        np.add(x, steps, out=nodes[0])
        np.subtract(x, steps, out=nodes[1])
        owners = np.empty(nodes.shape, np.intp)
        owners[...] = rows + self.first
        y = self.call(nodes.reshape(-1), owners.reshape(-1)).reshape(nodes.shape)
        work = self.work.values[:, : len(steps), : x.size]
        np.subtract(y[0], y[1], out=out[0])
        out[0] /= np.add(steps, steps, out=work[0])
        np.add(y[0], y[1], out=out[1])
        np.abs(y, out=work)
        return np.maximum.reduce(np.maximum.reduce(work, axis=0), axis=0)


def _read_five(work: _Work, start: np.ndarray) -> np.ndarray:
    """Make the table of five levels, and return the squares of its last three residuals, the last one first."""
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
    return residuals[:, 0] + residuals[:, 1]


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
    work, start, sigma, freedom = block.work, block.start, block.out.sigma, block.out.freedom
    odd, mean = work.change[:, 0] * _WEIGHTS_SIX
    odd *= start
    odd *= odd
    mean *= mean
    last = odd + mean
    two = second <= last * TAIL
    both, unit = two.astype(float), floor * floor
    count = both * 2
    count += 2
    squares = second * both
    squares += last
    near = squares <= unit * VISIBLE * VISIBLE * count
    # The last residual is not small by chance, see `windows`.
    good = second >= last * LUCK
    good |= second * fourth <= third * third * SLOWER
    good &= ~two
    good |= two & near
    good &= last > 0
    squares += unit * (PRIOR * PRIOR_RATIO * PRIOR_RATIO)
    count += PRIOR
    freedom[:] = count
    squares /= count
    np.sqrt(squares, out=sigma)
    alone, few, many = reaches(block.confidence)
    reach = both * (many - few)
    reach += few
    used = np.maximum(floor, sigma)
    if np.count_nonzero(near) < near.size:
        # Truncation errors, still: the bar counts them as noise, the choice of the window does not.
        far = np.flatnonzero(~near)
        sigma[far], freedom[far], reach[far], used[far] = np.sqrt(last[far] * 0.5), 2, alone, floor[far]
    reach *= sigma
    np.maximum(reach, floor * TOLD, out=reach)
    reach /= start
    used /= start
    return _Noise(good, used, reach)


def _ratio_and_error(own: np.ndarray, parent: np.ndarray, grandparent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return q of the windows and their truncation errors; the sizes of parents and grandparents are overwritten."""
    error = parent / grandparent
    error *= DECAY
    error *= parent
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
    return q, error


def _truncation(block: _Block, noise: _Noise) -> np.ndarray:
    """Write the best value and its bar, and return where they are sound and the total is small."""
    own, parent, grandparent = block.work.own, block.work.parent, block.work.grandparent
    clean = np.minimum.reduce(np.minimum(parent, grandparent), axis=0) > 0
    q, error = _ratio_and_error(own, parent, grandparent)
    found = block.work.found
    value, bar = found
    value[:] = block.work.table[0, LEVELS - len(DEGREES) :][::-1]
    apart = value[:-1] - value[1:]
    np.abs(apart, out=apart)
    apart -= noise.used * _APART
    np.maximum(error[1:], apart, out=error[1:])
    total = noise.used * _SCATTER
    sound = total >= error
    sound |= q < 0.5
    total += error
    np.multiply(noise.reach, _SPREAD, out=bar)
    bar += error
    best, least, is_sound = found[:, 0], total[0], sound[0]
    for k in range(1, len(DEGREES)):
        better = total[k] < least
        np.minimum(least, total[k], out=least)
        is_sound = (sound[k] & better) | (is_sound & ~better)
        # Products with 0 and 1: a third of the time of `numpy.copyto` with a mask.
        this = better.astype(float)
        best *= 1 - this
        best += found[:, k] * this
    block.out.value[:], block.out.bar[:] = best
    least -= np.abs(best[0]) * block.agreed
    return clean & is_sound & (least <= 0)
