r"""The second look at a claim that is suspected: other values of f, before anything is called wrong.

**(a) A second value** v₂, from a ladder that begins at 3·√(3/2) = 3.67 times the widest step that v is made of. The
ratio of its steps to those of the first ladder is irrational, so that no node is a node of the first, and what is wrong
by a feature of f near the steps of v is wrong in another way here. With |v₂ − c| > |v − c|/2 and |v₂ − v| < |v − c|/3
it confirms the suspicion. A v₂ of which not even the sign is known says nothing (but at a kink, whose slopes are), for
an f that is constant over its steps may be a stair; unless the claimed change |c|h over the widest step is more than
`COARSE` of |f|, which no useful stair hides but those of formats of 16 bits. There its own bar must not hold the claim
either.

**(b) Plain steps**: centered and one-sided differences at the steps 1, 4.3 and 17 times 8u·max(|f|, |xv|)/|v − c|, at
the first of which rounding leaves an eighth of the deviation. If two neighbouring ones of a kind are three times nearer
to the claim than to v, the claim is the slope at x, or on one side of it, and v that of something farther out (a kink,
a wave that passed for noise), and the suspicion is withdrawn. Steps that are wider than those of v, narrower than two
spacings at x, or outside the domain are left out.

Where f is seen to be noisier than its rounding, that may be a stair, which is flat between its steps: there differences
of exactly 0 say nothing. Or it may be a kink beside x: so the same is done once more with the noise in the place of the
rounding.
"""

import math
from typing import Any

import numpy as np

from numdiff.adaptive.ending import Estimates
from numdiff.adaptive.plan import spacing
from numdiff.adaptive.status import Status
from numdiff.floats.formats import FloatFormat
from numdiff.gradients.lines import Lines
from numdiff.gradients.rule import Slopes, is_loud
from numdiff.gradients.searches import ends, estimated

__all__ = ["second_look"]

WIDER = 3 * math.sqrt(1.5)
"""From where a second ladder begins, in widest steps of v. From six times, of 360 deviations of ten bars 22 are not
confirmed in float64 instead of 11, for v₂ is less accurate; from one, twice as many kinks of float16 are confirmed."""
AWAY, NEAR = 1 / 2, 1 / 3
"""The parts of the deviation by which a second value is away from the claim, and near the first value."""
PLAIN = (1.0, 4.3, 17.0)
"""The plain steps: their ratios are no powers of two, and over a factor of 17 a wave does not stay in phase."""
ROOM = 8.0
"""The first plain step, in steps at which the rounding of f is as large as the deviation."""
NEARER = 3.0
"""How many times nearer to the claim than to the value plain differences withdraw a suspicion: errors of an eighth of
the deviation leave the slope that is right seven times nearer."""
SPACINGS = 2.0
"""The least plain step, in spacings of the format at x: with one, rounding makes it 0 or two."""
COARSE = 0.02
"""Numbers of three digits are apart by at most 1 % of themselves: any f that has as many shows twice this."""


def second_look(
    lines: Lines,
    fmt: FloatFormat,
    slopes: Slopes,
    size: float,
    *,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
    **options: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Look a second time at slopes that differ from their claims.

    Parameters
    ----------
    lines : Lines
        k lines, of an f with one value.
    fmt : FloatFormat
    slopes : Slopes, of shape (k,)
    size : float
        |f(x)|; along directions the norm of f(x) and of all x·g, for the rounding of x counts too.
    lower, upper : ndarray of the format, shape (n,), or None
        Closed bounds.
    **options
        As of `numdiff.adaptive.engine.estimate`: noise, budget, confidence.

    Returns
    -------
    confirmed, withdrawn : ndarray of bool, shape (k,)
        Where the claim is wrong, and where small steps see it.
    """
    withdrawn = _is_withdrawn(lines, slopes, size, *ends(lines, fmt, lower, upper), fmt)
    confirmed = np.zeros(withdrawn.shape, bool)
    rows = np.flatnonzero(~withdrawn)
    if rows.size:
        start, among = WIDER * slopes.found.step[rows], lines.some(rows)
        second = estimated(among, fmt, start=start, lower=lower, upper=upper, **options)
        lines.evaluations += among.evaluations
        confirmed[rows] = _is_confirmed(slopes.rows(rows), second, size)
    return confirmed, withdrawn


def _is_confirmed(slopes: Slopes, second: Estimates, size: float) -> np.ndarray:
    """Return where a second value is the first one rather than the claim."""
    claim, first, away = slopes.claim, slopes.found, np.abs(second.value - slopes.claim)
    with np.errstate(invalid="ignore"):
        is_same = (away > AWAY * slopes.deviation) & (np.abs(second.value - first.value) < NEAR * slopes.deviation)
        is_told = (np.abs(second.value) > second.error) | (second.status == Status.KINK)
        if slopes.is_coarse:
            is_same &= away > second.error + slopes.rounding
        else:
            is_told |= np.abs(claim) * np.fmax(first.step, second.step) > COARSE * size
    return np.asarray(is_same & is_told)


def _is_withdrawn(lines: Lines, slopes: Slopes, size: float, low: Any, high: Any, fmt: FloatFormat) -> np.ndarray:
    """Return where two neighbouring plain differences of a kind are nearer to the claim."""
    found, at, unit = slopes.found, lines.at.astype(slopes.found.value.dtype), float(fmt.unit_roundoff)
    scale, least = np.full(at.shape, size, at.dtype), np.zeros_like(at)
    if lines.moves is None:
        scale, least = np.maximum(scale, np.abs(at * found.value)), SPACINGS * spacing(fmt, np.abs(at))
    loud = is_loud(found, size, unit)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        first, wider = (np.fmax(ROOM * error / slopes.deviation, least) for error in (unit * scale, found.noise))
    withdrawn = np.zeros(at.shape, bool)
    for is_wide, widths, most in ((False, first, found.step), (True, wider, np.where(loud, PLAIN[-1] * found.step, 0))):
        around = [_plain(lines, factor * widths, low, high, most) for factor in PLAIN]
        for side in range(3):
            flat = [loud & (slopes_of[side] == 0) & (not is_wide) for slopes_of in around]
            near = [_is_nearer(slopes_of[side], slopes) & ~no for slopes_of, no in zip(around, flat, strict=True)]
            withdrawn |= (near[0] & near[1]) | (near[1] & near[2])
    return withdrawn


def _plain(
    lines: Lines, step: np.ndarray, low: Any, high: Any, most: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the centered difference at a step on each line, and those on the left and right; NaN if left out."""
    at, wide = lines.at, step.dtype
    found = np.full((3, step.size), np.nan, wide)
    with np.errstate(invalid="ignore", over="ignore"):
        left, right = ((at.astype(wide) + sign * step).astype(at.dtype) for sign in (-1, 1))
        x, a, b = (nodes.astype(wide) for nodes in (at, left, right))
        rows = np.flatnonzero((low < a) & (a < x) & (x < b) & (b < high) & (step <= most))
        if rows.size:
            values = lines(np.concatenate((left[rows], right[rows])), np.concatenate((rows, rows)))
            before, after, at_x = values[: rows.size], values[rows.size :], lines.at_x()[0]
            x, a, b = x[rows], a[rows], b[rows]
            found[:, rows] = (after - before) / (b - a), (at_x - before) / (x - a), (after - at_x) / (b - x)
    return found[0], found[1], found[2]


def _is_nearer(slope: np.ndarray, slopes: Slopes) -> np.ndarray:
    """Return where a slope is much nearer to the claim than to the value."""
    with np.errstate(invalid="ignore"):
        return np.asarray(NEARER * np.abs(slope - slopes.claim) < np.abs(slope - slopes.found.value))
