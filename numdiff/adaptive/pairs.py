"""Pairs of near nodes: whether what looks like noise is noise, and whether f jumps where a search restarted inside.

A kink, a peak or an oscillation that the levels do not resolve leaves residuals that look like noise. But noise does
not care how near two nodes are. With a pair at h/4096, if the difference of its values is that of a line, to a tenth of
the noise, and so is that of a pair at h/1024, then f is smooth there and the noise was none; the search restarts
inside. Where the two values are equal although the slope is not 0, f is rounded to few digits, and the noise stands.

A cusp can be nearer than these pairs. Noise that leaves no digit is tested once more, at the nearest nodes of the
format; where f is smooth there, the bar holds their slope too.
"""

import math
from dataclasses import dataclass

import numpy as np

from numdiff.adaptive.ladder import MULTIPLIERS
from numdiff.adaptive.nodes import evaluate, misfit
from numdiff.adaptive.noise import UNSEEN
from numdiff.adaptive.plan import spacing
from numdiff.adaptive.rows import Rows
from numdiff.adaptive.state import State
from numdiff.adaptive.status import Status
from numdiff.floats.fixed_order import power, root

__all__ = ["Tested", "connect", "look_nearest", "test_noise"]

DOUBTED, SHRINKS = 0.2, 0.1
"""A residual below 0.2σ is looked at again: noise has one in a sixth of the cases, and pays two evaluations for it. Two
residuals that differ by less than 0.1σ, of means that do so by 0.15σ, are none: noise passes in one case of 700. A
quarter of DOUBTED lets a third more peaks pass for noise; four times as much tests most noise twice."""
NEAR, FAR = 4096, 1024
"""How far inside the innermost step the pairs of a test are: an f that varies over the innermost step differs from a
line by 1/NEAR of what it varies there, which is far below 0.1σ; four times as far, the residual of a slope shows."""
PAIR_GRAINS = 16.0
"""The least step of a pair in spacings of the format: nodes that are nearer see the rounding of x inside f alike. It
acts in the last bits of narrow formats alone, where DEEP leaves few tests; none holds it."""
ALIKE = 0.1
"""Slopes of the two pairs that agree to so much: f is a line between them, and the restart begins there. Slopes of a
resolved f agree to 1e-3, of an unresolved one to no digit: any limit between will do, and no test holds it."""
LENGTH = 8.0
"""|x| over this is the next step to try where f is shorter still than the pairs: sin(1/x) near 0. It only has to be
some; no test holds it."""
PLACES = 6
"""The steps, evenly spaced on a logarithmic scale from the restart to the segment before, at which the line is looked
for: five of them cost ten evaluations."""
NONE = -1
"""The number of a segment that is not there."""
HALVINGS = 5
"""How often the place is halved at which f leaves the line: to 1/32 of a factor of some hundred, a step of 1.15."""


@dataclass(frozen=True)
class _Pair(Rows):
    """What pairs of near nodes say; arrays of shape (k,).

    Attributes
    ----------
    residual : ndarray
        The difference of the values less that of a line: of the deviation of f if it is noise.
    mean : ndarray
        Of the two values.
    equal : ndarray of bool
        Whether the values say nothing: they are equal though the line is not flat, or the domain has no room for them.
    slope, step : ndarray
    """

    residual: np.ndarray
    mean: np.ndarray
    equal: np.ndarray
    slope: np.ndarray
    step: np.ndarray


@dataclass(frozen=True)
class Tested:
    """What a test of noise found.

    Attributes
    ----------
    stands : ndarray of int
        The points whose noise is noise.
    smooth : ndarray of int, shape (k,)
        The points at which it is none.
    narrowest, start : ndarray, shape (k,)
        Of the latter, the narrowest step that was read, and a start inside.
    """

    stands: np.ndarray
    smooth: np.ndarray
    narrowest: np.ndarray
    start: np.ndarray


def test_noise(state: State, rows: np.ndarray, value: np.ndarray, sigma: np.ndarray, narrowest: np.ndarray) -> Tested:
    """Look whether noise is there at pairs of near nodes.

    Parameters
    ----------
    state : State
    rows : ndarray of int, shape (k,)
    value, sigma, narrowest : ndarray, shape (k,)
        The slope and the noise that were seen, and the narrowest step that was read.
    """
    state.tested[rows] = True
    own = state.setting
    step = np.maximum(narrowest / NEAR, PAIR_GRAINS * spacing(own.fmt, own.size[rows]))
    smooth, near, far = _smooth(state, rows, value, sigma, step)
    start = _start_inside(state, rows[smooth], narrowest[smooth], near, far)
    return Tested(rows[~smooth], rows[smooth], narrowest[smooth], start)


def look_nearest(state: State) -> None:
    """Test noise that leaves no digit at the nearest nodes of the format; where a slope is there, hold it too.

    A cusp and a formula in which digits cancel look alike: both are smooth there, with a slope that no wider step sees.
    """
    own, kept = state.setting, state.kept
    rows = np.flatnonzero(kept.rank == 1)
    rows = rows[(kept.sigma[rows] > UNSEEN * state.floor(rows)) & (kept.sigma[rows] > 3 * own.given[rows])]
    step = PAIR_GRAINS * spacing(own.fmt, own.size[rows])
    room = state.start[rows] * MULTIPLIERS[state.innermost[rows]] > NEAR * step
    room &= state.evaluations[rows] + 2 * own.cost(1) <= own.allowed[rows]
    rows, step = rows[room], step[room]
    if rows.size:
        _hold_slopes(state, rows, step)


def _hold_slopes(state: State, rows: np.ndarray, step: np.ndarray) -> None:
    """Let the bar hold the slopes of two pairs, where these agree and rounding and noise do not explain them."""
    own, kept = state.setting, state.kept
    smooth, near, far = _smooth(state, rows, kept.value[rows], kept.sigma[rows], step)
    rows = rows[smooth]
    apart = np.maximum(np.abs(near.slope - kept.value[rows]), np.abs(far.slope - kept.value[rows]))
    differ, unsure = np.abs(near.slope - far.slope), 4 * np.maximum(state.floor(rows), own.given[rows])
    is_slope = (differ <= ALIKE * np.abs(near.slope)) & (apart > np.maximum(kept.bar[rows], unsure / near.step))
    rows, apart = rows[is_slope], (apart + differ + unsure / far.step)[is_slope]
    kept.bar[rows], state.kind[rows] = apart, int(Status.AMBIGUOUS)


def _smooth(
    state: State, rows: np.ndarray, value: np.ndarray, sigma: np.ndarray, step: np.ndarray
) -> tuple[np.ndarray, _Pair, _Pair]:
    """Return where pairs at a step, and at one that is NEAR/FAR as large, show no noise, and these pairs there."""
    near = _pair(state, rows, value, step)
    smooth = ~near.equal & (np.abs(near.residual) <= DOUBTED * sigma)
    _count(state, rows, near, ~smooth)
    doubted, near = np.flatnonzero(smooth), near.rows(smooth)
    if not doubted.size:
        return smooth, near, near
    rows, limit = rows[doubted], SHRINKS * sigma[doubted]
    far = _pair(state, rows, value[doubted], step[doubted] * (NEAR / FAR))
    # Of a smooth f the residual is that of a slope: it grows as the step does.
    is_line = np.abs(far.residual - near.residual * (far.step / near.step)) <= limit
    is_line &= ~far.equal & (np.abs(far.mean - near.mean) <= 1.5 * limit)
    _count(state, rows, far, ~is_line)
    smooth[doubted] = is_line
    return smooth, near.rows(is_line), far.rows(is_line)


def _pair(state: State, rows: np.ndarray, slope: np.ndarray, step: np.ndarray) -> _Pair:
    """Return what a pair of near nodes says."""
    own, center = state.setting, state.center[rows]
    found = evaluate(state, rows, step[None])
    first, last, h = found.y[0, 0], center if own.side else found.y[-1, 0], found.steps[0]
    rise = found.rise(center)[0]
    slope = slope if own.scheme.order == 1 else np.zeros_like(rise)
    equal = ((first == last) & (np.abs(slope) * h > 4 * state.floor(rows))) | found.outside[0]
    return _Pair((rise - slope * h) * math.sqrt(2), first / 2 + last / 2, equal, rise / h, h)


def _count(state: State, rows: np.ndarray, pair: _Pair, chosen: np.ndarray) -> None:
    """Add what pairs say of a noise that stands."""
    counted = chosen & ~pair.equal
    rows = rows[counted]
    state.squares[rows] += power(pair.residual[counted] / state.unit[rows], 2)
    state.freedom[rows] += 1


def _start_inside(state: State, rows: np.ndarray, narrowest: np.ndarray, near: _Pair, far: _Pair) -> np.ndarray:
    """Return where to restart: at the scale at which two slopes agree."""
    size = state.setting.size[rows]
    alike = np.abs(near.slope - far.slope) <= ALIKE * np.abs(near.slope)
    start = narrowest * np.where(alike, 4.0 / FAR, 2.0 / NEAR)
    # |x| is the next length to try where it is shorter still.
    return np.where((size > 0) & ~alike, np.minimum(start, size / LENGTH), start)


def connect(state: State) -> None:
    """Look where f leaves the line that was found inside of what looked like noise: gradually, or with a jump.

    A computed function can be smooth in pieces between jumps, as (1 − cos x)/x² is in a narrow format, where 1 − cos x
    is a multiple of u. Then the jumps are the noise after all, and the bar has to hold both slopes. So it has where no
    sign was found inside: between the steps of a stair, with a little noise on them, there is no slope.
    """
    kept = state.kept
    restarted = (state.fails > 0) & np.isfinite(state.doubted.bar)
    _hold(state, np.flatnonzero(restarted & (kept.rank == 1) & (kept.bar >= np.abs(kept.value))))
    restarted = np.flatnonzero(restarted & (kept.rank == 2))
    if not restarted.size:
        return
    first = state.start[restarted] * MULTIPLIERS[state.outermost[restarted]]
    apart = (state.doubted.narrowest[restarted] > 4 * first) & state.left(restarted, state.setting.cost(PLACES - 1))
    rows, first = restarted[apart], first[apart]
    if not rows.size:
        return
    ratio = root(state.doubted.narrowest[rows] / first, PLACES - 1)
    steps = np.stack([first * power(ratio, place) for place in range(PLACES)])
    off = np.zeros_like(steps)
    off[1:] = misfit(state, rows, steps[1:])
    away = off > SHRINKS * state.doubted.sigma[rows]
    k, j = away.argmax(axis=0), np.arange(rows.size)
    inside = np.maximum(k - 1, 0)
    before = np.maximum(off[inside, j], 8 * state.floor(rows))
    # A smooth f leaves its line with the square of the step at least; six powers are a step.
    sudden = (k > 0) & (before * power(ratio, 6) < off[k, j])
    if sudden.any():
        part = (steps[inside, j][sudden], steps[k, j][sudden], off[k, j][sudden])
        _hold_both(state, rows[sudden], *part)


def _hold_both(state: State, rows: np.ndarray, low: np.ndarray, high: np.ndarray, size: np.ndarray) -> None:
    """Let the bar hold the slope across the jumps too, where f leaves the line between low and high with a jump.

    Where the budget has no room to narrow the place down, the bar holds both.
    """
    own = state.setting
    jump = np.ones(rows.shape, bool)
    afford = state.evaluations[rows] + own.cost(HALVINGS + 1) <= own.allowed[rows]
    if afford.any():
        jump[afford] = _is_jump(state, rows[afford], low[afford], high[afford], size[afford])
    _hold(state, rows[jump])


def _hold(state: State, rows: np.ndarray) -> None:
    """Let the bar hold the slope that was found before the restart, and give that as the value."""
    kept, doubted = state.kept, state.doubted
    value, bar = doubted.value[rows], doubted.bar[rows]
    kept.bar[rows] = np.maximum(bar, np.abs(value - kept.value[rows]) + kept.bar[rows])
    kept.value[rows], kept.rank[rows], state.kind[rows] = value, 1, int(Status.AMBIGUOUS)
    kept.step[rows], kept.segment[rows] = doubted.step[rows], NONE
    kept.sigma[rows], kept.freedom[rows] = doubted.sigma[rows], doubted.freedom[rows]


def _is_jump(state: State, rows: np.ndarray, low: np.ndarray, high: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Narrow down where f leaves the line, and return whether it does so with a jump."""
    last, top = size, high
    for _ in range(HALVINGS):
        middle = np.sqrt(low * high)
        found = misfit(state, rows, middle[None])[0]
        away = found > SHRINKS * state.doubted.sigma[rows]
        low, high, last = np.where(away, low, middle), np.where(away, middle, high), np.where(away, found, last)
    beyond = misfit(state, rows, 1.5 * top[None])[0]
    return np.where(high < top, last > 0.3 * size, beyond < 1.3 * size)
