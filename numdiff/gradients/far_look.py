r"""What f shows farther away than the steps of a slope: how coarse a constant is, and slopes that wide steps see.

**The tread of a constant** (`tread_beyond`). Where f is the same number at all nodes, the claimed change may be lost in
its rounding: log(1 + exp(−40)) is 0, and the loss of an example that is classified with confidence is a few units of
2⁻⁵³ or none. How much f can hide is not seen from f(x) then, whose digits have cancelled. So steps of 4, 4², … 4⁸ times
the widest step of v are taken until f changes, and halved towards the place where it does: at a jump between two
numbers that f can return, the change tends to the distance of these, and at the end of a piece that is really constant
it tends to 0. 40 halvings leave at most 3h/2⁴⁰ of a slope that begins beyond h.

**Wide steps** (`is_seen_wide`). A ladder begins again farther inside where f seems to vary over less than its steps.
Beside a removable singularity, as of log(1 + x)/x, that may be the rounding of 1 + x: the quotient is a smooth k/x as
long as 1 + x is the same number, and v is the slope of that. So nothing is called wrong if v was found inside of
`INSIDE` of the natural first step, and two centered differences of three that begin there see the claim to a third of
it. A claim of 0 cannot be seen so, for it is what a fast wave looks like from afar.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.adaptive.ending import Estimates
from numdiff.floats.formats import FloatFormat
from numdiff.gradients.claims import Roundings
from numdiff.gradients.lines import Lines
from numdiff.gradients.rule import Slopes
from numdiff.gradients.searches import starts

__all__ = ["Hidden", "is_inside", "is_seen_wide", "of_lines", "tread_beyond"]

FARTHER, TIMES = 4.0, 8
"""The steps beyond those of v: the last one is 4⁸ = 65 536 times as wide, from where on f is what it is."""
HALVINGS = 40
INSIDE = 1 / 64
"""The part of the natural first step within which v was found by a ladder that began again: the five levels of a first
one go down to 1/16, and their restart begins at 1/128."""
WIDE = (4.3, 1.0, 1 / 4.3)
"""The wide steps, in natural first steps."""
SEEN = 1 / 3
"""The part of the claim to which a wide step sees it."""
GRAINS = 2.0
"""The claimed change of a constant f, in grains, from which it contradicts it: over ±h it is twice as many, and a stair
hides one."""
LEAST = 8
"""The evaluations that a second ladder takes, at least."""


def tread_beyond(lines: Lines, found: Estimates, low: Any, high: Any, most: float = np.inf) -> np.ndarray:
    """Return the smallest change of f seen beyond steps over which it is constant; infinite where there is none.

    Parameters
    ----------
    lines : Lines
        k lines, of an f with one value.
    found : Estimates
        Their slopes.
    low, high : float or ndarray, shape (k,)
        The open interval of the nodes.
    most : int
        The evaluations of all together, at most, if so many are left.

    Returns
    -------
    ndarray, shape (k,)
        0 where f is not constant over the widest step, infinite where it is wherever it was looked at, NaN where no
        evaluations are left to tell.
    """
    inner = found.step.astype(found.value.dtype)
    outer, tread = np.full(inner.shape, np.nan, inner.dtype), np.full(inner.shape, np.inf, inner.dtype)
    asked = np.isfinite(inner)
    for number in range(TIMES + 1):
        if lines.evaluations + 2 * asked.sum() > most:
            tread[asked] = np.nan
            break
        step = np.where(asked, inner * FARTHER ** min(number, 1), np.nan)
        changes = np.array([_change(lines, sign * step, low, high) for sign in (-1, 1)])
        if number == 0:
            asked &= (changes == 0).all(axis=0)
            tread[~asked] = 0
            continue
        side = np.argmax(changes > 0, axis=0)
        change = np.take_along_axis(changes, side[None], 0)[0]
        changed = asked & (change > 0)
        tread[changed], outer[changed] = change[changed], ((2 * side - 1) * step)[changed]
        asked &= ~changed
        inner = np.where(asked, step, inner)
    inner = np.copysign(inner, outer)
    for _ in range(HALVINGS):
        middle = (inner + outer) / 2
        if lines.evaluations + np.isfinite(middle).sum() > most:
            break
        change = _change(lines, middle, low, high)
        changed = change > 0
        tread = np.where(changed, np.minimum(tread, change), tread)
        inner, outer = np.where(changed, inner, middle), np.where(changed, middle, outer)
    return np.asarray(tread)


def is_inside(lines: Lines, fmt: FloatFormat, found: Estimates) -> np.ndarray:
    """Return where slopes were found far inside of the first step that they would usually have."""
    with np.errstate(invalid="ignore"):
        return np.asarray(found.step <= INSIDE * starts(lines, fmt, 1, None))


def is_seen_wide(lines: Lines, fmt: FloatFormat, slopes: Slopes, low: Any, high: Any) -> np.ndarray:
    """Return where a claim is seen by wide steps, and v was found far inside of these.

    Parameters
    ----------
    lines : Lines
        k lines, of an f with one value.
    fmt : FloatFormat
    slopes : Slopes, of shape (k,)
    low, high : float or ndarray, shape (k,)
        The open interval of the nodes.
    """
    claim, start = slopes.claim, starts(lines, fmt, 1, None).astype(slopes.found.value.dtype)
    start[~is_inside(lines, fmt, slopes.found)] = np.nan
    seen = []
    with np.errstate(invalid="ignore"):
        for factor in WIDE:
            left, right = (_nodes(lines, sign * factor * start, low, high) for sign in (-1, 1))
            slope = (_values(lines, right) - _values(lines, left)) / (right.astype(start.dtype) - left)
            off = np.abs(slope - claim)
            seen.append((off < SEEN * np.abs(claim)) & (off < SEEN * np.abs(slope - slopes.found.value)))
    return np.asarray((seen[0] & seen[1]) | (seen[1] & seen[2]))


def _nodes(lines: Lines, step: np.ndarray, low: Any, high: Any) -> np.ndarray:
    """Return x + step on each line, as the format has it; NaN outside of the interval, or where there is no step."""
    with np.errstate(invalid="ignore", over="ignore"):
        node = (lines.at.astype(step.dtype) + step).astype(lines.at.dtype)
        return np.where((node > low) & (node < high) & np.isfinite(node), node, np.nan)


def _values(lines: Lines, nodes: np.ndarray) -> np.ndarray:
    """Return f at one node of each line, NaN where there is none."""
    rows, found = np.flatnonzero(~np.isnan(nodes)), np.full(nodes.size, np.nan)
    if rows.size:
        values = lines(nodes[rows], rows)
        found = found.astype(values.dtype)
        found[rows] = values
    return found


def _change(lines: Lines, step: np.ndarray, low: Any, high: Any) -> np.ndarray:
    """Return by how much f changes over a step on each line; NaN where that is not known."""
    with np.errstate(invalid="ignore"):
        change = np.abs(_values(lines, _nodes(lines, step, low, high)) - lines.at_x()[0])
    return np.where(np.isfinite(change), change, np.nan)


@dataclass(frozen=True)
class Hidden:
    """What the rounding of f may hide.

    Parameters
    ----------
    coarse : float
        The part of |f(x)| that no useful stair hides.
    seen : Roundings
        What was seen beside x.
    is_coarse : bool
        Whether the format has 16 bits, in which a stair may hide anything.
    """

    coarse: float
    seen: Roundings
    is_coarse: bool

    def changes(
        self,
        lines: Lines,
        fmt: FloatFormat,
        slopes: Slopes,
        rows: np.ndarray,
        interval: tuple[Any, Any],
        budget: int | None,
    ) -> tuple[np.ndarray, np.ndarray, int | None]:
        """Look far away on some lines where f is constant.

        Returns
        -------
        ndarray, shape (k,)
            The changes that may be hidden.
        ndarray of int
            The lines for which evaluations are left.
        int or None
            How many are left.
        """
        grain = math.inf if self.is_coarse else GRAINS * self.seen.grain
        least = np.full(slopes.claim.shape, min(self.coarse, grain))
        if self.is_coarse:
            return least, rows, budget
        flat, most = rows[slopes.found.value[rows] == 0], math.inf
        if budget is not None:
            budget -= 2 * len(WIDE) * int(is_inside(lines, fmt, slopes.found).any())
            most = budget - LEAST
        if flat.size:
            among = lines.some(flat)
            tread = tread_beyond(among, slopes.found.rows(flat), *of_lines(interval, flat), most)
            beyond = np.where(np.isfinite(tread), GRAINS * tread, grain if grain < math.inf else self.coarse)
            beyond = np.fmax(beyond, GRAINS * self.seen.scatter)
            least[flat] = np.where(tread > 0, beyond, least[flat])
            least[flat[np.isnan(tread)]] = math.inf
            lines.evaluations += among.evaluations
            budget = None if budget is None else budget - among.evaluations
        if budget is not None:
            rows = rows[: max(0, budget - LEAST + 1)]
        return least, rows, budget


def of_lines(interval: tuple[Any, Any], rows: np.ndarray) -> tuple[Any, Any]:
    """Return the ends of the intervals of some lines."""
    low, high = (end[rows] if isinstance(end, np.ndarray) else end for end in interval)
    return low, high
