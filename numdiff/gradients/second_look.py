r"""The second look at a claim that is suspected: other values of f, before anything is called wrong.

**(a) A second value** v₂, from a ladder that begins at 3·√(3/2) = 3.67 times the widest step that v is made of. The
ratio of its steps to those of the first ladder is irrational, so that no node is a node of the first, and what is wrong
by a feature of f near the steps of v is wrong in another way here. With |v₂ − c| > |v − c|/2 and |v₂ − v| < |v − c|/3
it confirms the suspicion. A v₂ of which not even the sign is known says nothing (but at a kink, whose slopes are), nor
does one beside a v of a constant, for an f that is constant over its steps may be a stair; unless the claimed change
|c|h over the widest step is more than twice the grain of f, or `COARSE` of |f|, which no useful stair hides but those
of formats of 16 bits. There its own bar must not hold the claim either. The *grain* is the smallest change of f that is
seen over a few units in the last place of all x: no tread of a stair of values is lower.

Where v₂ is away from the claim, and not near v, because the wider steps show less than the deviation or v itself is off
by a few bars, a third value is taken from a ladder that begins at √(3/2) times the widest step of v, and any two of the
three that confirm each other are enough; not in 16 bits, where this confirms kinks. A v₂ that is nearer to the claim
than to v has no successor, unless its bar is more than the deviation: the third steps may be nearly those of v, and
then their errors are alike.

**(b) Plain steps**: centered and one-sided differences at the steps 1, 4.3 and 17 times 8u·max(|f|, |xv|)/|v − c|, at
the first of which rounding leaves an eighth of the deviation. If two neighbouring ones of a kind are three times nearer
to the claim than to v, the claim is the slope at x, or on one side of it, and v that of something farther out (a kink,
a wave that passed for noise), and the suspicion is withdrawn. Steps that are wider than those of v, narrower than two
spacings at x, or outside the domain are left out. Two differences of a kind may be near the claim by chance, where the
noise of f is some of its roundings in one case of thirty: so it is done again at `BETWEEN` times the steps, and counts
if the same kind is near once more. The error of f(x) is common to all differences on one side, which count only where
the noise leaves at most a quarter of the deviation.

**(c) The rounding of f beside x.** What v knows of the noise of f it has from a few residuals, which are small by luck
where f is rounded alike at all nodes, as the mean in a layer norm of 1000 ± 1 is. So s is looked at as the rounding of
the claim is (`numdiff.gradients.rule`), as f(x + δ) + f(x − δ) − 2f(x) over units in the last place of all x, and of
the one coordinate where that is much more than v knows. If v knows of less than s/`LUCK`, the wider ladders take s for
the noise of f, and their own three bars have to exclude the claim.

Noise of more than `WAVE` roundings, max(u·max(|f|, |xv|), s), is no rounding, and may be a wave whose slope at x is the
one claimed. Then steps of ROOM·s/|v − c|, and of half as much, extrapolated, have to be away from the claim too. Noise
counts if it is seen in three residuals at least: fewer may be truncation errors. Differences of exactly 0 say nothing.

Where f is seen to be noisier than its rounding, that may be a stair, which is flat between its steps: there differences
of exactly 0 say nothing. Or it may be a kink beside x: so the same is done once more with the noise in the place of the
rounding.

**(d) Far away** (`numdiff.gradients.far_look`). A constant f says nothing about changes that its rounding hides: twice
the tread that is seen beyond its steps, in place of the grain, and twice s. And what wide steps see is not called wrong
where v was found far inside of them.

**Before a claim is called right** (`contradicted`), f beside x has its say. All steps of v may be longer than a narrow
peak at x, or a wave that passes for noise. A forward difference at h = 8s/d, with s the noise of f and d what the
verdict allows the slope to be off, takes one evaluation. Rounding leaves an eighth of d there. If it is off by more,
the centered differences at h, 4.3h and 17h are taken too. They contradict the claim if all are off by more than d, and
differ among themselves by less than a quarter of that, which errors of f do not, divided by such different lengths.
Where all are at the claim, and yet f(x) lies off the three chords by the same amount, and by more than 64s, f(x) itself
is a value apart. Differences of exactly 0 of an f that is noisier than its rounding say nothing: it may be a stair.
Steps longer than those of v, narrower than two spacings, or outside the domain are left out, and where fewer than two
remain nothing is contradicted.
"""

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from numdiff.adaptive.ending import Estimates
from numdiff.adaptive.plan import spacing
from numdiff.adaptive.status import Status
from numdiff.floats.formats import FloatFormat
from numdiff.gradients.claims import LUCK, Roundings, scatter_along
from numdiff.gradients.far_look import Hidden, is_seen_wide, of_lines
from numdiff.gradients.lines import Lines
from numdiff.gradients.rule import LOUD, Slopes, is_loud
from numdiff.gradients.searches import ends, estimated

__all__ = ["Looks", "contradicted", "second_look"]

WIDER = 3 * math.sqrt(1.5)
"""From where a second ladder begins, in widest steps of v. From six times, of 360 deviations of ten bars 22 are not
confirmed in float64 instead of 11, for v₂ is less accurate; from one, twice as many kinks of float16 are confirmed."""
AWAY, NEAR = 1 / 2, 1 / 3
"""The parts of the deviation by which a second value is away from the claim, and near the first value."""
NARROWER = math.sqrt(1.5)
"""From where a third ladder begins, in widest steps of v: nearly those of v, where that has found a good bar; the ratio
is irrational too."""
PLAIN = (1.0, 4.3, 17.0)
"""The plain steps: their ratios are no powers of two, and over a factor of 17 a wave does not stay in phase."""
BETWEEN = 0.76
"""Plain steps that are looked at again, in the former ones: other nodes, of other rounding errors. They are smaller, as
a kink may be next to the former ones."""
ROOM = 8.0
"""The first plain step, in steps at which the rounding of f is as large as the deviation."""
NEARER = 3.0
"""How many times nearer to the claim than to the value plain differences withdraw a suspicion: errors of an eighth of
the deviation leave the slope that is right seven times nearer."""
FLAT = 4
"""Degrees of freedom above which noise is that of three residuals or more: truncation errors fall from one to the next,
and the last one alone, of two degrees beside the two of the prior, is often one of them."""
WAVE = 2.0
"""Noise of more than so many roundings of f may be a wave: that of ten additions is √(10/3) = 1.8 units of roundoff. A
wave that is rounded to f counts from an amplitude of three units on, one and a half units in the last place."""
SPACINGS = 2.0
"""The least plain step, in spacings of the format at x: with one, rounding makes it 0 or two."""
COARSE = 0.02
"""Numbers of three digits are apart by at most 1 % of themselves: any f that has as many shows twice this."""

ALIKE = 1 / 4
"""The part of their deviation by which small steps that contradict a claim may differ. An error of f in the first of
them is 4.3 times smaller in the second, which differs by 3/4 of it."""


@dataclass(frozen=True)
class Looks:
    """What a second look has found; arrays of bool, shape (k,).

    Parameters
    ----------
    confirmed : ndarray
        Where the claim is wrong.
    withdrawn : ndarray
        Where small steps see the claim.
    held : ndarray
        Where another ladder of steps sees it.
    """

    confirmed: np.ndarray
    withdrawn: np.ndarray
    held: np.ndarray


def second_look(
    lines: Lines,
    fmt: FloatFormat,
    slopes: Slopes,
    size: float,
    *,
    roundings: Roundings | None = None,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
    **options: Any,
) -> Looks:
    """Look a second time at slopes that differ from their claims.

    Parameters
    ----------
    lines : Lines
        k lines, of an f with one value.
    fmt : FloatFormat
    slopes : Slopes, of shape (k,)
    size : float
        |f(x)|; along directions the norm of f(x) and of all x·g, for the rounding of x counts too.
    roundings : Roundings, optional
        What f is rounded by, where it was looked at.
    lower, upper : ndarray of the format, shape (n,), or None
        Closed bounds.
    **options
        As of `numdiff.adaptive.engine.estimate`: noise, budget, confidence. With a budget there is no third value.
    """
    interval, seen = ends(lines, fmt, lower, upper), roundings or Roundings()
    withdrawn = _is_withdrawn(lines, slopes, size, *interval, fmt)
    confirmed, held = np.zeros((2, withdrawn.size), bool)
    scatter = scatter_along(lines, fmt, slopes.found.noise, seen.scatter, interval)
    lucky = slopes.found.noise < scatter / LUCK
    if lucky.any():
        options["noise"] = max(options.get("noise") or 0.0, float(scatter[lucky].max()))
    rows, noise = np.flatnonzero(~withdrawn), _flat_noise(slopes.found)
    least, rows, options["budget"] = Hidden(COARSE * size, seen, slopes.is_coarse).changes(
        lines, fmt, slopes, rows, interval, options.get("budget")
    )
    look = partial(_looked, lines, fmt, slopes, noise, {"lower": lower, "upper": upper, **options})
    if rows.size:
        first, second = slopes.rows(rows), look(rows, WIDER)
        confirmed[rows] = _is_confirmed(first, second, least[rows]) & (~lucky[rows] | second.is_suspect)
        held[rows] = _is_held(first, second)
        again = (second.deviation > AWAY * first.deviation) | (second.found.error > first.deviation)
        again &= ~confirmed[rows] & ~held[rows] & (not slopes.is_coarse and options["budget"] is None)
        if again.any():
            first, second, rows = first.rows(again), second.rows(again), rows[again]
            third = look(rows, NARROWER)
            told = _is_confirmed(first, third, least[rows])
            told |= second.is_suspect & _is_confirmed(second, third, least[rows])
            confirmed[rows] = told & (~lucky[rows] | third.is_suspect)
    noise = np.where(confirmed & (not slopes.is_coarse), noise, 0)
    confirmed &= ~_may_be_wave(lines, fmt, slopes, size, noise, seen.scatter, interval)
    held |= _is_seen_wide(lines, fmt, slopes, confirmed, interval)
    return Looks(confirmed & ~held, withdrawn, held)


def _looked(
    lines: Lines,
    fmt: FloatFormat,
    slopes: Slopes,
    noise: np.ndarray,
    options: dict[str, Any],
    rows: np.ndarray,
    factor: float,
) -> Slopes:
    """Return some slopes as another ladder sees them, from so many widest steps of v on, and keep its noise."""
    among, part = lines.some(rows), slopes.rows(rows)
    found = estimated(among, fmt, start=factor * part.found.step, **options)
    lines.evaluations += among.evaluations
    noise[rows] = np.fmax(noise[rows], _flat_noise(found))
    return replace(part, found=found)


def contradicted(
    lines: Lines,
    fmt: FloatFormat,
    slopes: Slopes,
    size: float,
    allowed: np.ndarray,
    *,
    noise: float | None = None,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the slope that small steps see where it is not the one claimed, and how far f(x) is off its neighbours.

    Parameters
    ----------
    lines : Lines
        k lines, of an f with one value.
    fmt : FloatFormat
    slopes : Slopes, of shape (k,)
    size : float
        As in `second_look`.
    allowed : ndarray, shape (k,)
        By what a claim may be off.
    noise : float, optional
        The standard deviation of f, if it is known.
    lower, upper : ndarray of the format, shape (n,), or None
        Closed bounds.

    Returns
    -------
    slope, apart : ndarray, shape (k,)
        NaN where nothing contradicts the claim.
    """
    found, claim, (low, high) = slopes.found, slopes.claim, ends(lines, fmt, lower, upper)
    slope, apart = np.full((2, claim.size), np.nan, found.value.dtype)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scatter, loud = _scatter(lines, fmt, found, size, noise or 0.0)
        first = np.fmax(ROOM * scatter / allowed, _narrowest(lines, fmt))
        rows, seen = _forward(lines, first, low, high, found.step / PLAIN[1])
        rows = rows[~(np.abs(seen - claim[rows]) <= allowed[rows]) & ~(loud[rows] & (seen == 0))]
        if not rows.size:
            return slope, apart
        most = np.full(claim.size, -np.inf, slope.dtype)
        most[rows] = found.step[rows]
        sides = [_plain(lines, factor * first, low, high, most) for factor in PLAIN]
        centered, left, right = np.moveaxis(np.array(sides), 1, 0)
        off = np.multiply.outer(PLAIN, first).astype(slope.dtype) * (right - left) / 2
    told, away = np.isfinite(centered).sum(axis=0) >= 2, np.abs(centered - claim)
    other = told & np.all(~(away <= allowed), axis=0) & (_extent(centered) <= ALIKE * _least(away))
    lone = told & ~loud & np.all(~(away > allowed), axis=0)
    lone &= (_least(np.abs(off)) > LOUD * scatter) & (_extent(off) <= ALIKE * _least(np.abs(off)))
    slope[other], apart[lone] = centered[0, other], off[0, lone]
    return slope, apart


def _scatter(
    lines: Lines, fmt: FloatFormat, found: Estimates, size: float, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the noise of f over the smallest steps, and where more than that was seen: a stair or a wave."""
    reach = np.fmax(np.abs(lines.at.astype(found.value.dtype)), found.step)
    rounding = float(fmt.unit_roundoff) * np.fmax(size, reach * np.abs(found.value))
    loud = np.asarray(found.noise > LOUD * rounding)
    return np.fmax(np.where(loud, rounding, np.fmax(rounding, found.noise)), noise), loud


def _narrowest(lines: Lines, fmt: FloatFormat) -> np.ndarray:
    """Return the least plain step on each line."""
    if lines.moves is not None:
        return np.zeros(lines.at.size)
    return np.asarray(
        SPACINGS * spacing(fmt, np.abs(lines.at.astype(np.longdouble if fmt.precision > 53 else np.float64)))
    )


def _forward(lines: Lines, step: np.ndarray, low: Any, high: Any, most: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lines on which a one-sided difference at a step is possible, and the differences: on the right."""
    x = lines.at.astype(step.dtype)
    right, left = ((x + sign * step).astype(lines.at.dtype) for sign in (1, -1))
    node = np.where(right < high, right, left)
    rows = np.flatnonzero((step <= most) & (node > low) & (node < high) & (node != lines.at))
    if not rows.size:
        return rows, np.empty(0)
    return rows, (lines(node[rows], rows) - lines.at_x()[0]) / (node[rows].astype(step.dtype) - x[rows])


def _least(values: np.ndarray) -> np.ndarray:
    """Return the least of each column, NaN left out."""
    return np.asarray(np.fmin.reduce(values, axis=0))


def _extent(values: np.ndarray) -> np.ndarray:
    """Return what the values of each column differ by at most, NaN left out."""
    return np.asarray(np.fmax.reduce(values, axis=0) - np.fmin.reduce(values, axis=0))


def _is_confirmed(first: Slopes, second: Slopes, least: np.ndarray) -> np.ndarray:
    """Return where a second value is the first one rather than the claim; `least` is a change that nothing hides."""
    claim, deviation, away = first.claim, first.deviation, second.deviation
    one, other = first.found, second.found
    with np.errstate(invalid="ignore"):
        is_same = (away > AWAY * deviation) & (np.abs(other.value - one.value) < NEAR * deviation)
        is_told = (np.abs(other.value) > other.error) & ((one.value != 0) | (one.noise > 0))
        is_told |= other.status == Status.KINK
        if first.is_coarse:
            is_same &= away > other.error + second.rounding
        else:
            is_told |= np.abs(claim) * np.fmax(one.step, other.step) > least
    return np.asarray(is_same & is_told)


def _is_seen_wide(
    lines: Lines, fmt: FloatFormat, slopes: Slopes, chosen: np.ndarray, interval: tuple[Any, Any]
) -> np.ndarray:
    """Return where wide steps see the claim, among some lines; not in 16 bits."""
    rows, seen = np.flatnonzero(chosen), np.zeros(chosen.shape, bool)
    if rows.size and not slopes.is_coarse:
        among = lines.some(rows)
        seen[rows] = is_seen_wide(among, fmt, slopes.rows(rows), *of_lines(interval, rows))
        lines.evaluations += among.evaluations
    return seen


def _is_held(first: Slopes, second: Slopes) -> np.ndarray:
    """Return where a second value that tells the claim from the first one is at the claim."""
    with np.errstate(invalid="ignore"):
        return np.asarray((second.deviation <= second.tolerance) & (second.tolerance < first.deviation))


def _is_withdrawn(lines: Lines, slopes: Slopes, size: float, low: Any, high: Any, fmt: FloatFormat) -> np.ndarray:
    """Return where two neighbouring plain differences of a kind are nearer to the claim."""
    found, at, unit = slopes.found, lines.at.astype(slopes.found.value.dtype), float(fmt.unit_roundoff)
    scale, least = np.full(at.shape, size, at.dtype), _narrowest(lines, fmt)
    if lines.moves is None:
        scale = np.maximum(scale, np.abs(at * found.value))
    loud, noisy = is_loud(found, size, unit), found.noise > unit * scale
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        first, wider = (np.fmax(ROOM * error / slopes.deviation, least) for error in (unit * scale, found.noise))

    def near(widths: np.ndarray, most: np.ndarray, flat: np.ndarray) -> np.ndarray:
        close = []
        for factor in PLAIN:
            centered, *sides = _plain(lines, factor * widths, low, high, most)
            told = loud | (factor * widths * slopes.deviation >= ROOM / 2 * found.noise)
            counts = [(centered, True), *((side, told) for side in sides)]
            close.append([_is_nearer(one, slopes) & counted & ~(flat & (one == 0)) for one, counted in counts])
        return np.array([(a & b) | (b & c) for a, b, c in zip(*close, strict=True)])

    def seen(widths: np.ndarray, most: np.ndarray, flat: np.ndarray) -> np.ndarray:
        kinds = near(widths, most, flat)
        found = kinds.any(axis=0)
        if lines.moves is None and found.any():
            kinds &= near(BETWEEN * widths, np.where(found, most, 0), flat)
        return np.asarray(kinds.any(axis=0))

    withdrawn = seen(first, found.step, loud)
    again = ~withdrawn & noisy & (loud | (lines.moves is None))
    if again.any():
        withdrawn |= seen(wider, np.where(again, PLAIN[-1] * found.step, 0), np.zeros_like(loud))
    return np.asarray(withdrawn)


def _flat_noise(found: Estimates) -> np.ndarray:
    """Return the noise that several residuals show; 0 where it may be a truncation error."""
    return np.where(found.freedom > FLAT, found.noise, 0)


def _may_be_wave(
    lines: Lines,
    fmt: FloatFormat,
    slopes: Slopes,
    size: float,
    noise: np.ndarray,
    scatter: float,
    interval: tuple[Any, Any],
) -> np.ndarray:
    """Return where the noise may be a wave with the slope that is claimed: small steps do not see that it is wrong."""
    found, at = slopes.found, lines.at.astype(slopes.found.value.dtype)
    scale = np.full(at.shape, size, at.dtype)
    if lines.moves is None:
        scale = np.maximum(scale, np.abs(at * found.value))
    rounding = np.maximum(float(fmt.unit_roundoff) * scale, scatter)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        step = np.fmax(ROOM * rounding / slopes.deviation, 2 * _narrowest(lines, fmt))
        most = np.where(noise > WAVE * rounding, found.step, -np.inf)
        wide, narrow = (_plain(lines, part * step, *interval, part * most)[0] for part in (1.0, 0.5))
        seen = narrow + (narrow - wide) / 3
        return np.asarray((np.abs(seen - slopes.claim) <= AWAY * slopes.deviation) & (seen != 0))


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
