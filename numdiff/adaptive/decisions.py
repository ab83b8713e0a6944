"""What a search does next at each point: it reads the levels, keeps what is best, and does what helps first."""

import math
from dataclasses import dataclass

import numpy as np

from numdiff.adaptive.ladder import MULTIPLIERS, SLOTS, START
from numdiff.adaptive.nodes import fresh, put
from numdiff.adaptive.noise import UNSEEN, Known
from numdiff.adaptive.pairs import test_noise
from numdiff.adaptive.plan import GRAINS, grains, spacing
from numdiff.adaptive.state import State
from numdiff.adaptive.status import Status
from numdiff.adaptive.windows import Reading, read
from numdiff.floats.fixed_order import power

__all__ = ["DIGIT", "SWAMPED", "Look", "advance"]

FAILS = 4
"""How often a search restarts inside because noise was none. With one, three times as many unsmooth points are refused
(0.3 %); above four the budget ends first."""
SWAMPED = 0.05
"""Noise of more than so much of |f| is an oscillation that is not resolved. No useful f is as noisy; residuals of an
oscillation are of the size of f itself. Above, OSCILLATES would be said of nothing but f that is noise; far below, of
honest noise of some per cent, which has a derivative."""
DIGIT = 0.1
"""An error of so much of the value leaves no digit: it is worth a restart, and is no success."""
LOST = 0.5
"""With an error of so much of the value, a segment of the fewest levels is left; with less, after two levels more. It
only trades evaluations, 0.1 of them a point in float16 for a factor of four, which no test can hold."""
WIDER, WIDEST = 8.0, 1024.0
"""By how much a segment is widened where f is a line as far as the noise lets see, and where f is constant at steps
that are narrow beside x. Noise falls by as much. A quarter gains too little for its evaluations (error half as large
again under noise of 1e-4), four times as much overshoots and takes more of them."""
JUMPS = 3
"""How often a segment is widened at most."""
NARROW = 1e-3
"""A step of less than so much of |x| says little of f where all values are equal: f is rounded, and looked at wider."""
EDGE = 0.875
"""The widest step of a segment that the domain limits, of the room."""
NARROWER = 8.0
"""By how much the start of a restart is inside the narrowest step: the new segment has no level in common with the old
one. A quarter has, and repeats what was seen; four times as much skips lengths of f."""
SHRINK = 16.0
"""By how much a start is narrowed where f is not finite. A quarter needs more segments where f ends near x, four times
as much costs two digits where it ends farther away."""
DEEP = 16.0
"""Noise is tested where the narrowest step is so many times the least first step: nearer, pairs inside would have the
same nodes."""
SATISFIED = 2.0
"""A total of so many unit roundoffs of the value cannot be bettered: the value is rounded to one. No total of the tests
is between a quarter of it and four times as much, so that they do not hold it."""
WORTH = 16.0
"""A total of so many unit roundoffs is worth an outward level: it gains a factor of two to four. As SATISFIED, it is so
far below the totals at which noise dominates that no test holds it."""
FALLS = 0.5
"""A series whose errors fall by this from one degree to the next is one: its sum is at most twice its first term. With
two everything is one, and a third more unsmooth functions fail in silence; with a quarter of it, more points restart
than need to (0.3 evaluations under noise), which no test holds."""
HELD = 2.0
"""By how many truncation errors more the bar is wider where the series does not fall, but noise forbids smaller steps:
with none, coverage of third derivatives on one side falls in float32 from 97.8 to 95.9 %, of fourth ones from 97.2 to
95.0 %. Its effect on other orders is below what a test can hold."""
FALLING = 0.3
"""A series that falls by this from one degree to the next lets another level on the outer side be used. With four times
as much, wider levels leave the radius of convergence: 0.7 % refused under noise of 1e-4, and coverage falls from 98.8
to 98.5 %. A quarter forgoes 0.1 evaluations a point, which no test holds."""
HARD = 1e-3
"""A relative error above which a noisy point may have half as many levels again: three digits. Four times as much saves
0.4 evaluations under noise of 1e-4, for errors 4 % larger; no test holds so little."""
LINE = 3.0
"""Deviations by which the numbers of a line may differ from its slope. With less than one, noise hides the line, and
errors under noise of 1e-4 are 40 % larger; with twelve, curves are widened too, at 1.6 evaluations a point, which no
test holds."""


@dataclass(frozen=True)
class Look:
    """A reading of points with the same levels; arrays of shape (k,).

    Attributes
    ----------
    rows : ndarray of int
        The points.
    outermost, innermost : int
        The slots of the widest and of the narrowest step.
    numbers : ndarray, shape (n, k)
        The numbers of the series.
    seen : Reading
    noisy, swamped : ndarray of bool
        Whether there is more noise than the rounding of f and than the user said; whether it is nearly as large as f.
    rank : ndarray of int
        2 for a value with digits, 1 for a sound one without, 0 for one that nothing supports.
    """

    rows: np.ndarray
    outermost: int
    innermost: int
    numbers: np.ndarray
    seen: Reading
    noisy: np.ndarray
    swamped: np.ndarray
    rank: np.ndarray

    @property
    def levels(self) -> int:
        """The number of levels."""
        return self.innermost - self.outermost + 1

    def at(self, chosen: np.ndarray) -> "Look":
        """Return some of the points."""
        return Look(
            self.rows[chosen],
            self.outermost,
            self.innermost,
            self.numbers[:, chosen],
            self.seen.rows(chosen),
            self.noisy[chosen],
            self.swamped[chosen],
            self.rank[chosen],
        )


def advance(state: State, active: np.ndarray) -> np.ndarray:
    """Read the segments of all active points, do for each what helps, and return the points that go on."""
    shape = state.outermost[active] * SLOTS + state.innermost[active]
    going: list[np.ndarray] = []
    for key in [int(shape[0])] if (shape == shape[0]).all() else np.unique(shape).tolist():
        rows, (outer, inner) = active[shape == key], divmod(key, SLOTS)
        finite = np.isfinite(state.numbers[outer : inner + 1, rows]).all(axis=0)
        if not finite.all():
            going.append(_shrink(state, rows[~finite]))
            rows = rows[finite]
        if rows.size:
            going += _go_on(state, rows, outer, inner)
    return np.concatenate(going) if going else active[:0]


def _shrink(state: State, rows: np.ndarray) -> np.ndarray:
    """Restart further inside where f is not finite or the domain ends; return the points at which there is room."""
    own = state.setting
    rows = rows[state.left(rows, own.cost(own.plan.fewest))]
    start, size = state.start[rows], own.size[rows]
    # A function that ends at 0 is the commonest: then |x| is its length.
    crossed = (size > 0) & (start * 2 > size)
    start = np.where(crossed, np.minimum(start / SHRINK, size / 4), start / SHRINK)
    # Below a spacing all steps are one.
    has_room = start >= spacing(own.fmt, size)
    rows, start = rows[has_room], start[has_room]
    if rows.size:
        fresh(state, rows, start, own.plan.fewest)
        state.forget(rows)
    return rows


def _go_on(state: State, rows: np.ndarray, outer: int, inner: int) -> list[np.ndarray]:
    """Read one group of points with the same levels, keep what was read, and go on; return the points that do."""
    look = _look(state, rows, outer, inner)
    _keep(state, look)
    going = []
    if look.noisy.any():
        untested = (
            look.noisy & _is_deep(state, look) & ~state.tested[rows] & state.left(rows, 2 * state.setting.cost(1))
        )
        if untested.any():
            going.append(_test(state, look.at(untested)))
            look = look.at(~untested)
    if look.rows.size:
        choice = _choose(state, look)
        going += [
            _inward(state, look, choice.inward),
            _outward(state, look, choice.outward),
            _widen(state, look, choice.wider, choice.narrow),
            _lost(state, look, choice.again),
        ]
    return going


def _is_deep(state: State, look: Look) -> np.ndarray:
    """Return whether the format has room for pairs inside the narrowest step."""
    own, rows = state.setting, look.rows
    return state.start[rows] * MULTIPLIERS[look.innermost] > DEEP * GRAINS * spacing(own.fmt, own.size[rows])


def _look(state: State, rows: np.ndarray, outer: int, inner: int) -> Look:
    own, block, floor = state.setting, slice(outer, inner + 1), state.floor(rows)
    known = Known(floor, own.given[rows], state.squares[rows], state.freedom[rows], state.unit[rows])
    numbers = state.numbers[block, rows]
    seen = read(
        own.scheme,
        outer,
        numbers,
        state.companions[block, rows],
        state.t[block, rows],
        np.vstack((state.sizes[block, rows], np.abs(state.center[rows]))),
        state.start[rows],
        known,
        own.confidence,
    )
    noisy = seen.flat & (seen.sigma > UNSEEN * floor) & (seen.sigma > 3 * own.given[rows])
    swamped = noisy & (seen.used > SWAMPED * state.largest[rows])
    total = seen.total
    supported = seen.noise_dominates | (seen.ratio < FALLS)
    if own.scheme.order > 1:
        # Inside, noise would be larger than all that is wrong here: this is as good as it gets.
        held = ~supported & (seen.noise * power(NARROWER / MULTIPLIERS[inner], own.scheme.order) > total)
        seen.bar[held] += HELD * seen.truncation[held]
        supported |= held
    sound = supported & np.isfinite(total + seen.bar) & ~swamped
    # Inside a segment in which f was not constant, equal values show that f is rounded to few digits.
    sound &= (numbers != 0).any(axis=0) | (state.segments[rows] == state.jumps[rows] + 1)
    rank = np.where(sound, np.where(total < DIGIT * np.abs(seen.value), 2, 1), 0)
    return Look(rows, outer, inner, numbers, seen, noisy, swamped, rank)


def _keep(state: State, look: Look) -> None:
    """Keep a reading if it is of the same segment as the one that is kept, or better."""
    kept, seen, rows = state.kept, look.seen, look.rows
    rank, segment = kept.rank[rows], state.segments[rows]
    better = (look.rank > rank) | ((look.rank == rank) & ~(seen.total >= kept.total[rows]))
    better |= kept.segment[rows] == segment
    rows = rows[better]
    kept.rank[rows] = look.rank[better]
    kept.segment[rows] = segment[better]
    kept.value[rows] = seen.value[better]
    kept.bar[rows] = seen.bar[better]
    kept.total[rows] = seen.total[better]
    kept.step[rows] = seen.step[better]
    kept.sigma[rows] = seen.sigma[better]
    kept.freedom[rows] = seen.freedom[better]
    kept.dominated[rows] = seen.noise_dominates[better]
    kept.swamped[rows] = look.swamped[better]


@dataclass(frozen=True)
class _Choice:
    """What each point does next: at most one of inward, outward, wider, again; narrow is a kind of wider."""

    inward: np.ndarray
    outward: np.ndarray
    wider: np.ndarray
    narrow: np.ndarray
    again: np.ndarray


def _choose(state: State, look: Look) -> _Choice:
    """Return for each point of a group the first thing that helps."""
    own, seen, rows, levels = state.setting, look.seen, look.rows, look.levels
    size, total, u, most = np.abs(seen.value), seen.total, own.unit_roundoff, own.plan.most
    dominated, resolved = seen.noise_dominates & seen.visible, look.rank == 2
    deeper = look.innermost + 1 < SLOTS and levels < most
    more = seen.doubtful & (deeper and levels <= own.plan.levels)
    constant = (look.numbers == 0).all(axis=0)
    narrow = constant & (state.start[rows] * MULTIPLIERS[look.outermost] < NARROW * own.size[rows])
    done = ~more & (resolved & seen.visible & (total <= SATISFIED * u * size)) | (constant & ~narrow)
    done |= ~state.left(rows, own.cost(1))
    soft = _soft(state, look)
    poor = resolved & seen.visible & (total > own.plan.agreed * size)
    wider = ~done & (poor | narrow)
    if wider.any():
        wider &= (narrow | _is_line(state, look)) & _has_room(state, look)
    free = ~done & ~wider
    lost = free & ~resolved & ~(dominated & (look.rank > 0)) & (total > DIGIT * size)
    again = lost & ((levels >= own.plan.fewest + 2) | (total > LOST * size))
    again |= free & (look.rank == 0) & ~dominated & ~soft
    again &= state.left(rows, own.cost(own.plan.fewest))
    free &= ~again
    inward = free & (more | (deeper & ~dominated & (~resolved | soft)))
    outward = free & ~inward & dominated & soft & (seen.ratio < FALLING) & (total > WORTH * u * size)
    outward &= look.outermost > 0 and levels < most
    outward &= state.start[rows] * MULTIPLIERS[look.outermost - 1] < own.room[rows]
    return _Choice(inward, outward, wider, narrow, again)


def _soft(state: State, look: Look) -> np.ndarray:
    """Return whether one level more is within what a point takes that is not difficult; noisy ones get half again."""
    own, rows, levels = state.setting, look.rows, state.setting.plan.levels
    budget = np.where(look.noisy & (look.seen.total > HARD * np.abs(look.seen.value)), levels * 3 // 2, levels)
    return state.evaluations[rows] + own.cost(1) <= own.cost(budget) + own.scheme.series.centered


def _has_room(state: State, look: Look) -> np.ndarray:
    """Return whether there is room for a wider segment, in the domain and in the budget."""
    own, rows = state.setting, look.rows
    widest = state.start[rows] * MULTIPLIERS[look.outermost]
    room = (state.jumps[rows] < JUMPS) & (own.room[rows] > WIDER * widest)
    return room & state.left(rows, own.cost(own.plan.fewest))


def _is_line(state: State, look: Look) -> np.ndarray:
    """Return whether f is a line as far as the noise lets see."""
    if state.setting.scheme.order != 1:
        return np.zeros(look.rows.shape, bool)
    steps = state.start[look.rows] * MULTIPLIERS[look.outermost : look.innermost + 1, None]
    scatter = LINE * look.seen.used / (math.sqrt(2) * steps)
    return (np.abs(look.numbers - look.seen.value) <= scatter).all(axis=0)


def _inward(state: State, look: Look, chosen: np.ndarray) -> np.ndarray:
    """Take the levels that the plan still has, one at least, on the inner side."""
    own, rows = state.setting, look.rows[chosen]
    if rows.size:
        count = max(own.plan.levels - look.levels, 1)
        count = min(count, SLOTS - 1 - look.innermost, own.plan.most - look.levels)
        enough = state.left(rows, own.cost(count))
        for part, levels in ((rows[enough], count), (rows[~enough], 1)):
            if part.size:
                put(state, part, np.arange(look.innermost + 1, look.innermost + 1 + levels)[:, None])
                state.innermost[part] += levels
    return rows


def _outward(state: State, look: Look, chosen: np.ndarray) -> np.ndarray:
    """Take one level on the outer side."""
    rows = look.rows[chosen]
    if rows.size:
        put(state, rows, np.array([[look.outermost - 1]]))
        state.outermost[rows] -= 1
    return rows


def _widen(state: State, look: Look, chosen: np.ndarray, narrow: np.ndarray) -> np.ndarray:
    """Begin a wider segment, with the noise that was seen."""
    rows = look.rows[chosen]
    if not rows.size:
        return rows
    own, seen = state.setting, look.seen.rows(chosen)
    state.jumps[rows] += 1
    tested = state.tested[rows]
    state.squares[rows] = np.where(seen.flat, seen.squares, state.squares[rows])
    state.freedom[rows] = np.where(seen.flat, seen.freedom, state.freedom[rows])
    start, room = state.start[rows] * np.where(narrow[chosen], WIDEST, WIDER), own.room[rows]
    fresh(state, rows, np.where(start * MULTIPLIERS[START] >= room, room * EDGE, start), own.plan.fewest)
    state.tested[rows] = tested
    return rows


def _lost(state: State, look: Look, chosen: np.ndarray) -> np.ndarray:
    """Restart inside where no digit was seen."""
    rows = look.rows[chosen]
    if not rows.size:
        return rows
    size = state.setting.size[rows]
    start = state.start[rows] * MULTIPLIERS[look.innermost] / NARROWER
    swamped = (size > 0) & (look.seen.used[chosen] > SWAMPED * state.largest[rows])
    return _restart(state, rows, np.where(swamped, np.minimum(start, size / NARROWER), start))


def _test(state: State, look: Look) -> np.ndarray:
    """Test whether noise is there; where it is none, restart inside. Return the points that go on."""
    own, seen = state.setting, look.seen
    tested = test_noise(state, look.rows, seen.value, seen.sigma, state.start[look.rows] * MULTIPLIERS[look.innermost])
    rows = tested.smooth
    if not rows.size:
        return tested.stands
    kept, doubted = state.kept, state.doubted
    state.fails[rows] += 1
    state.kind[rows] = int(Status.OSCILLATES)
    doubted.value[rows], doubted.bar[rows], doubted.sigma[rows] = kept.value[rows], kept.bar[rows], kept.sigma[rows]
    doubted.step[rows], doubted.freedom[rows], doubted.narrowest[rows] = (
        kept.step[rows],
        kept.freedom[rows],
        tested.narrowest,
    )
    kept.rank[rows] = np.minimum(kept.rank[rows], 0)
    kept.bar[rows] = np.inf
    go = (state.fails[rows] <= FAILS) & state.left(rows, own.cost(own.plan.fewest))
    return np.concatenate([tested.stands, _restart(state, rows[go], tested.start[go])])


def _restart(state: State, rows: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Begin a segment further inside; return the points at which the format has room for narrower steps."""
    own = state.setting
    start = np.maximum(start, grains(own.fmt, own.plan.fewest) * spacing(own.fmt, own.size[rows]))
    has_room = start < state.start[rows] / 2
    rows, start = rows[has_room], start[has_room]
    if rows.size:
        fresh(state, rows, start, own.plan.fewest)
        state.forget(rows)
    return rows
