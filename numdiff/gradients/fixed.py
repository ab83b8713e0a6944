"""A step or a formula by name: the quotients of the kernels along the coordinates, or along groups of them.

One more step, at a few coordinates or in one product, shows whether the quotients can be what they seem
(`numdiff.gradients.fixed_looks`).
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from numdiff.formulas import parts
from numdiff.formulas.stencil import Stencil
from numdiff.gradients.answer import NonFiniteGradientWarning, warn_not_finite
from numdiff.gradients.asked import Asked, reported
from numdiff.gradients.colouring import Pattern
from numdiff.gradients.fixed_looks import OTHER_STEP, look, rounding_of
from numdiff.gradients.lines import BATCH_BYTES, coordinates, directions, rows_of
from numdiff.gradients.steps import Steps, values_at
from numdiff.spellings import warn_user

__all__ = ["SparseQuotients", "by_stencil"]

MOST_COORDINATES = 256
"""Coordinates whose values are held at once, at most, where f takes one point at a time. With workers or a progress
callback there are about as many parts as that, for short waits."""


def by_stencil(asked: Asked, h: Any, stencil: Any) -> np.ndarray:
    """Return the quotients of a formula, of shape (m, n)."""
    steps = Steps(asked, h, stencil)
    formula, n, lines = steps.stencil, asked.x.size, coordinates(asked.f, asked.x)
    base = lines.at_x()[None] if 0 in formula.offsets else None
    out, first = np.empty((0, n)), ""
    with np.errstate(all="ignore"), lines.running(asked.workers), reported(asked.progress, n) as report:
        for part in _spans(asked, formula):
            values = values_at(lines, formula, np.arange(part.start, part.stop), steps.at(part), base)
            rows = parts.combine(formula, values, steps.at(part)[:, None])
            if not part.start:
                out = np.empty((rows.shape[1], n), rows.dtype)
            out[:, part] = rows.T
            first = first or _first_not_finite(asked, part.start, rows, values, formula)
            report(part.stop)
        if not first:
            look(asked, lines, steps, base, out)
    if first:
        count = int(np.count_nonzero(~np.isfinite(out).all(axis=0)))
        message = f"the derivative is not finite in {count} of {n} coordinates, first {first}"
        warn_user(NonFiniteGradientWarning(message, count, n))
    return out


def _first_not_finite(asked: Asked, start: int, rows: np.ndarray, values: list[np.ndarray], formula: Stencil) -> str:
    """Return what happened at the first coordinate of a part whose quotient is not finite; nothing if all are."""
    finite = np.isfinite(rows).all(axis=1)
    if finite.all():
        return ""
    place = int(np.argmin(finite))
    where = asked.entry(start + place, asked.shape)
    for offset, y in zip(formula.offsets, values, strict=True):
        row = y[place if len(y) > 1 else 0]
        if not np.isfinite(row).all():
            return f"at {where}, where f(x + c*h) with c = {offset} is {row[~np.isfinite(row)][0]!s}"
    return f"at {where}, where the quotient of finite values overflows {asked.item.name}"


class SparseQuotients:
    """The quotients of a formula at the entries of a pattern, and how far each of them may be off.

    Parameters
    ----------
    asked : Asked
    h : float, array or None
    stencil : Stencil, str or None
    pattern : Pattern

    Attributes
    ----------
    entries : ndarray of the format, shape (entries,)
    """

    def __init__(self, asked: Asked, h: Any, stencil: Any, pattern: Pattern) -> None:
        self.asked, self.pattern, self._steps = asked, pattern, Steps(asked, h, stencil)
        self._own = self._steps.at(slice(0, asked.x.size))
        self._base: np.ndarray | None = None
        with reported(asked.progress, asked.x.size) as report:
            self.entries, self._largest = self._at(self._own)
            report(asked.x.size)
        warn_not_finite(self.entries, "the derivative is not finite in {} of {} entries of the pattern")

    def _at(self, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the quotients at steps of the coordinates, and the largest |f| in the row of each."""
        asked, pattern, formula = self.asked, self.pattern, self._steps.stencil
        lines = directions(asked.f, asked.x, pattern.moves(h))
        lines.base = self._base
        self._base, groups = lines.at_x(), np.arange(pattern.count)
        with np.errstate(all="ignore"), lines.running(asked.workers):
            values = []
            for offset in formula.offsets:
                nodes = np.full(pattern.count, asked.item.round(offset))
                at_x = self._base[pattern.rows]
                values.append(pattern.entries(lines.evaluated(nodes, groups)) if offset else at_x)
            found = parts.combine(formula, values, h[pattern.columns])
        return found, lines.largest[pattern.rows].astype(asked.item.wide)

    def rounding(self) -> np.ndarray:
        """Return by how much rounding may change the entries, in the widest type of the format."""
        columns = self.pattern.columns
        h, x = self._own[columns].astype(self.asked.item.wide), self.asked.x[columns]
        return rounding_of(self.asked.item, self._steps.stencil, self._largest, x, h, self.entries)

    def truncation(self) -> np.ndarray:
        """Return what the entries are off by for the length of their steps, as another step shows it.

        Infinite where that step shows nothing.
        """
        item, order = self.asked.item, self._steps.stencil.accuracy_order
        h = (self._own * item.dtype.type(OTHER_STEP)).astype(item.dtype)
        with np.errstate(all="ignore"):
            change = np.abs(self._at(h)[0].astype(item.wide) - self.entries)
        return np.where(np.isfinite(change), change / (1 - OTHER_STEP**order), np.inf)


def _spans(asked: Asked, formula: Stencil) -> Iterator[slice]:
    """Cut the coordinates into parts of bounded memory for the values; the first alone if their size is not known."""
    n, points, start = asked.x.size, sum(c != 0 for c in formula.offsets), 0
    is_plain = asked.workers == 1 and asked.progress is False and not asked.f.vectorized
    most = MOST_COORDINATES if is_plain else max(1, min(MOST_COORDINATES, n // MOST_COORDINATES))
    if asked.f.vectorized:  # of batches a full one at least: its points are what the caller may not divide
        most = max(most, rows_of(asked.x) // points)
    while start < n:
        shape = asked.f.shape
        size = points * asked.x.itemsize * (1 if shape is None else max(1, math.prod(shape)))
        width = 1 if shape is None else max(1, min(most, BATCH_BYTES // size))
        yield slice(start, min(start + width, n))
        start += width
