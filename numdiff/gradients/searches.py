"""Searches along lines: where they start, how far they may go, and all of them in blocks of the estimator."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np

from numdiff.adaptive.ending import Estimates
from numdiff.adaptive.ends import CRAMPED
from numdiff.adaptive.engine import estimate
from numdiff.adaptive.ladder import Scheme
from numdiff.adaptive.outcome import OF_NO_POINTS
from numdiff.adaptive.plan import GENERIC, natural_start, plan
from numdiff.adaptive.state import among
from numdiff.adaptive.status import OK, Status
from numdiff.floats.formats import FloatFormat
from numdiff.gradients.lines import Lines

__all__ = ["BLOCK", "ends", "estimated", "gathered", "lengths", "refined", "searched", "starts"]

BLOCK = 1 << 14
"""Searches that run side by side, as in `numdiff.adaptive.blocks`: their working memory is some 8 MB."""

BETWEEN = 2.0**-2.5
"""The start of a second search, in that of the first one, whose five levels go from 1 to 1/16 of it, and whose restart
begins at 1/128. Five levels from 0.18 to 0.01 are half in this gap. Of 63 coordinates of float32 that a first search
leaves undecided (a weight decay far below the rounding of f apart) this decides 37; a start of 0.1 37, of 0.3 39."""
_FINAL = (Status.KINK, Status.JUMP, Status.NOT_FINITE, Status.TOUCHES_DOMAIN)
"""What a narrower start does not change."""


def starts(lines: Lines, fmt: FloatFormat, order: int, scale: np.ndarray | None) -> np.ndarray:
    """Return the start of the ladder on each line.

    For a coordinate with a scale s it is c·s, with the c of `numdiff.adaptive.plan`. A direction begins where the first
    of its coordinates would have its own first step: min c·Lᵢ/|dᵢ|, with Lᵢ the scale, or √|xᵢ| without one.

    Parameters
    ----------
    lines : Lines
    fmt : FloatFormat
    order : int
    scale : ndarray, shape (n,), or None
        The length over which f varies along each coordinate; 0 or NaN where it is not known.
    """
    own = plan(fmt, Scheme(order))
    length = natural_start(own, np.abs(lines.x.astype(_wide(fmt))))
    if scale is not None:
        length = np.where(scale > 0, scale.astype(length.dtype) * (own.scale * GENERIC), length)
    if lines.moves is None:
        return np.asarray(length[lines.places])
    with np.errstate(divide="ignore"):
        found = np.array([np.min(length / np.abs(move.astype(length.dtype))) for move in lines.moves[lines.places]])
    return np.where(np.isfinite(found), found, own.scale * GENERIC)  # along d = 0 any step will do


def lengths(x: np.ndarray, fmt: FloatFormat, scale: np.ndarray | None) -> np.ndarray:
    """Return the length over which f is taken to vary along each coordinate: the scale, or √|x|; 1 for x = 0.

    Examples
    --------
    >>> from numdiff.floats.formats import FORMATS
    >>> lengths(np.array([0.0, 100.0, 5.0]), FORMATS["float64"], np.array([np.nan, np.nan, 3.0])).tolist()
    [1.0, 10.0, 3.0]
    """
    own = plan(fmt, Scheme(1))
    natural = natural_start(own, np.abs(x.astype(_wide(fmt)))) / (own.scale * GENERIC)
    return natural if scale is None else np.where(scale > 0, scale.astype(natural.dtype), natural)


def _wide(fmt: FloatFormat) -> Any:
    return np.longdouble if fmt.precision > 53 else np.float64


def ends(lines: Lines, fmt: FloatFormat, lower: np.ndarray | None, upper: np.ndarray | None) -> tuple[Any, Any]:
    """Return the open interval of the nodes on each line, such that no argument of f leaves closed bounds.

    Parameters
    ----------
    lines : Lines
    fmt : FloatFormat
    lower, upper : ndarray of the format, shape (n,), or None
        lower ≤ x ≤ upper.
    """
    if lower is None or upper is None:
        return -np.inf, np.inf
    wide = _wide(fmt)
    if lines.moves is None:
        # The nodes of the estimator lie strictly inside: its ends are the numbers next to the bounds.
        down, up = (np.nextafter(b, b.dtype.type(end)) for b, end in ((lower, -np.inf), (upper, np.inf)))
        return down[lines.places].astype(wide), up[lines.places].astype(wide)
    x: Any = lines.x.astype(wide)
    low, high = lower.astype(wide), upper.astype(wide)
    # Rounding is monotone: fl(x + fl(t·d)) does not pass a bound if fl(t·d) does not pass its distance.
    margin = 1 - 4 * wide(2.0) ** -(fmt.precision - 1)
    found = []
    for move in lines.moves[lines.places].astype(wide):
        moving = move != 0
        a, b = (low - x)[moving] / move[moving], (high - x)[moving] / move[moving]
        least, most = np.minimum(a, b).max(initial=-np.inf), np.maximum(a, b).min(initial=np.inf)
        found.append((least * margin, most * margin))
    left, right = np.array(found, wide).reshape(-1, 2).T
    return left, right


def searched(
    lines: Lines,
    fmt: FloatFormat,
    *,
    order: int = 1,
    scale: np.ndarray | None = None,
    start: np.ndarray | None = None,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
    side: np.ndarray | None = None,
    rows: np.ndarray | None = None,
    block: int = BLOCK,
    **options: Any,
) -> Iterator[tuple[np.ndarray, Estimates]]:
    """Estimate the derivative of every value of f along every line, and yield the estimates block by block.

    Parameters
    ----------
    lines : Lines
    fmt : FloatFormat
    order : int
    scale, lower, upper : ndarray, shape (n,), or None
        The lengths of `starts`; closed bounds, which no argument of f leaves. On a bound the nodes are on one side.
    start : ndarray, shape (lines,), or None
        The first steps, instead of those of `starts`.
    side : ndarray of int, shape (lines,), or None
        −1 or 1 where nodes must lie on one side.
    rows : ndarray of int, or None
        Which searches are made, sorted; all by default. The k-th value of f along line l is row k + m·l.
    block : int
        Searches that run side by side, at most.
    **options
        As of `numdiff.adaptive.engine.estimate`: noise, budget, confidence.

    Yields
    ------
    ndarray of int
        The rows of the block.
    Estimates
        Of these.
    """
    m, last = lines.size, -1
    start = starts(lines, fmt, order, scale) if start is None else start
    low, high = ends(lines, fmt, lower, upper)
    sides = _sides(lines, low, high, start)
    if side is not None:
        sides = np.where(side != 0, side, sides)
    for number in np.unique(sides).tolist():
        for own in _blocks(np.flatnonzero(sides == number), m, max(1, block), rows):
            line = own // m
            if line[0] != last:
                lines.forget()
            last, interval = line[-1], {"lower": _at(low, line), "upper": _at(high, line)}
            run = partial(estimate, partial(among, lines, own), lines.at[line], fmt, order=order, side=number)
            yield own, run(start=start[line], **interval, **options)
    lines.forget()


def _blocks(chosen: np.ndarray, m: int, block: int, rows: np.ndarray | None) -> Iterator[np.ndarray]:
    """Yield the rows of some lines in blocks: of whole lines where a line has no more values than a block."""
    width, outputs = max(1, block // max(1, m)), np.arange(m)
    parts = (chosen[first : first + width, None] * m + outputs for first in range(0, chosen.size, width))
    if rows is not None:
        parts = (part for part in (rows[np.isin(rows // m, chosen)],))
    for part in parts:
        for first in range(0, part.size, block):
            yield part.reshape(-1)[first : first + block]


def estimated(lines: Lines, fmt: FloatFormat, **options: Any) -> Estimates:
    """Return the estimates of `searched` together, of shape (m·lines,)."""
    return gathered(searched(lines, fmt, **options), lines.at.size * lines.size)


def gathered(found: Iterable[tuple[np.ndarray, Estimates]], count: int) -> Estimates:
    """Return estimates that come in blocks together."""
    whole: dict[str, np.ndarray] = {}
    for rows, part in found:
        for field in fields(part):
            values = getattr(part, field.name)
            whole.setdefault(field.name, np.empty(count, values.dtype))[rows] = values
    return Estimates(**whole) if whole else OF_NO_POINTS


def _at(end: Any, rows: np.ndarray) -> Any:
    return end[rows] if isinstance(end, np.ndarray) else end


def _sides(lines: Lines, low: Any, high: Any, start: np.ndarray) -> np.ndarray:
    """Return on which side of x the nodes of each line are: on or near a bound, where there is room for the ladder."""
    if not isinstance(low, np.ndarray):
        return np.zeros(lines.at.size, np.intp)
    below, above = lines.at - low, high - lines.at
    right, left = (below < CRAMPED * start) & (above > start), (above < CRAMPED * start) & (below > start)
    # On a bound there is no other choice.
    ends = [np.nextafter(lines.at, lines.at.dtype.type(end)).astype(low.dtype) for end in (-np.inf, np.inf)]
    is_lowest, is_highest = low >= ends[0], high <= ends[1]
    right, left = right | (is_lowest & ~is_highest), left | (is_highest & ~is_lowest)
    return np.where(right, 1, np.where(left, -1, 0))


def refined(
    lines: Lines, fmt: FloatFormat, found: Estimates, resolution: float, scale: float, **options: Any
) -> Estimates:
    """Search once more, from a narrower start, where a bar is too wide for its slope, and return what is better.

    A ladder that begins beyond the length over which f varies begins again at an eighth of its narrowest step (see
    `numdiff.adaptive.decisions`), and what lies between is not seen: noise may hide the slope where the new one begins,
    but not there. So the start is `BETWEEN` of the first. The second value is taken where its bar is narrow enough and
    the two differ by no more than their bars. An f that is constant over its steps is left as it is.

    Parameters
    ----------
    lines : Lines
    fmt : FloatFormat
    found : Estimates
        Of all lines.
    resolution : float
        The part of its slope that a bar may be.
    scale : float
        The bars that are counted.
    **options
        As of `searched`.
    """
    with np.errstate(invalid="ignore"):
        is_wide = ~(scale * found.error <= resolution * np.abs(found.value))
        is_wide &= ~np.isin(found.status, _FINAL) & ((found.value != 0) | (found.noise > 0))
    rows = np.flatnonzero(is_wide)
    if not rows.size:
        return found
    part = lines.some(rows)
    second = estimated(part, fmt, start=BETWEEN * starts(part, fmt, 1, None), **options)
    lines.evaluations += part.evaluations
    first = found.rows(rows)
    with np.errstate(invalid="ignore"):
        is_better = (second.status == OK) & (scale * second.error <= resolution * np.abs(second.value))
        is_better &= ~(np.abs(second.value - first.value) > scale * (first.error + second.error))
    found.put(rows[is_better], second.rows(is_better))
    return found
