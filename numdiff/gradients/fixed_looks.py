"""Whether a quotient at a step that was given can be what it seems: one more step, or one more product, tells."""

import math
from typing import Any

import numpy as np

from numdiff.adaptive.repeats import LOUD
from numdiff.floats.formats import FloatFormat
from numdiff.formulas import parts
from numdiff.formulas.stencil import Stencil
from numdiff.gradients.answer import UncertainGradientWarning
from numdiff.gradients.asked import Asked
from numdiff.gradients.lines import Lines
from numdiff.gradients.steps import Steps, values_at
from numdiff.spellings import warn_user

__all__ = ["CONTRADICTS", "LOOKED_AT", "OTHER_STEP", "is_symmetric", "look", "rounding_of"]

LOOKED_AT = 8
"""Coordinates at which another step is looked at: all of x where it has no more. What it costs does not grow with n."""
OTHER_STEP = (3 - math.sqrt(5)) / 2
"""The other step, in terms of the step. An error of order p falls to its 0.38ᵖ; a quantised function may lie on a line
by accident at a step, and then at all simple fractions of it, but not at an irrational one."""
CONTRADICTS = 0.1
"""The part of a quotient by which another step may differ: then one digit may be wrong. It is an error of 12 % of a
centered difference, of 16 % of a forward one."""
DOUBTFUL = CONTRADICTS / 2
"""The part of a quotient from which on one rounding of each value of f may change a digit."""
STAYS = 0.8
"""The part of a bend that stays at a kink, at least: that of |x|^(3/2) falls to 0.62, and that of f″ to 0.38."""
ROOM = 1 / 8
"""The widest step at which a quotient that may be rounding is looked at, in |x|, or in 1 where x is 0."""


def rounding_of(
    item: FloatFormat, formula: Stencil, largest: np.ndarray, x: np.ndarray, h: np.ndarray, size: np.ndarray
) -> np.ndarray:
    """Return by how much rounding may change quotients at steps h, of the widest type of the format.

    That of f is allowed `LOUD` units of roundoff of its largest value, as noise is in the estimator, and that of the
    abscissae one spacing of the format at x.
    """
    unit = float(item.unit_roundoff)
    values = LOUD * unit * float(formula.weight_sum) * largest / h
    return np.asarray(values + 2 * unit * np.abs(x.astype(item.wide)) / h * np.abs(size))


def is_symmetric(formula: Stencil) -> bool:
    """Return whether a formula has a node on either side, at the same distance."""
    return any(-c in formula.offsets for c in formula.offsets if c)


def look(asked: Asked, lines: Lines, steps: Steps, base: np.ndarray | None, out: np.ndarray) -> None:
    """Take another step at some coordinates, and warn where the quotient differs by more than rounding explains."""
    formula, places = steps.stencil, _most_doubtful(asked, steps, out)
    h = (steps.at(places) * asked.item.dtype.type(OTHER_STEP)).astype(asked.item.dtype)
    near = asked.x[places]
    fits = h > 0
    for at in parts.abscissae(formula, near, h):
        fits &= np.isfinite(at) & asked.holds(at, places)
    places, h, near = places[fits], h[fits], near[fits]
    if not places.size or not out.size:
        return
    values = values_at(lines, formula, places, h, base, base is None and is_symmetric(formula))
    wide = asked.item.wide
    other: Any
    other, first = parts.combine(formula, values, h[:, None]).astype(wide), out[:, places].T.astype(wide)
    size, step = np.maximum(np.abs(other), np.abs(first)), h.astype(wide)[:, None]
    steepest = size if lines.base is None else _steepest(formula, values, lines.base.astype(wide), step)
    rounding = rounding_of(asked.item, formula, lines.largest.astype(wide), near[:, None], step, steepest)
    wrong = (np.abs(other - first) > CONTRADICTS * size + rounding).any(axis=1)
    if not wrong.any():
        wrong = _is_straddled(asked, lines, steps.stencil, places, h, (values, first))
        if wrong.any():
            _warn_straddled(asked, places[wrong], places.size)
            return
        wrong, h = _is_rounded_away(asked, lines, steps, places, out)
    if wrong.any():
        _warn_contradicted(asked, steps, places, h, wrong)


def _steepest(formula: Stencil, values: list[np.ndarray], base: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return the largest slope between x and a node: that of the quotient, or more, as at a minimum."""
    slopes = [np.abs(y - base) / (abs(float(c)) * step) for c, y in zip(formula.offsets, values, strict=True) if c]
    return np.asarray(np.max(slopes, axis=0))


def _is_straddled(
    asked: Asked, lines: Lines, formula: Stencil, places: np.ndarray, h: np.ndarray, known: tuple[list[np.ndarray], Any]
) -> np.ndarray:
    """Return where a formula goes symmetrically over a kink: its quotient, a mean of both slopes, is that of no side.

    No step tells, for all give the same mean. But the difference of the slopes on the right and on the left, the bend,
    falls with the step where f is smooth. Where at the other step it is `CONTRADICTS` of the quotient, it is taken at
    a third one, which is shorter by the same factor; at a kink it stays as it is, and falls to 0.62 of itself where f
    is |x|^(3/2), which has a derivative.
    """
    values, first = known
    wrong, wide = np.zeros(places.size, bool), asked.item.wide
    if not is_symmetric(formula):
        return wrong
    after = min((c, k) for k, c in enumerate(formula.offsets) if c > 0 and -c in formula.offsets)[1]
    before = formula.offsets.index(-formula.offsets[after])
    item, c, base = asked.item, asked.item.round(formula.offsets[after]), lines.at_x().astype(wide)

    def bends(right: np.ndarray, left: np.ndarray, step: np.ndarray, rows: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the bend of f over some steps, and how much of it may be rounding."""
        width, x = step.astype(wide)[:, None], asked.x[places[rows]][:, None]
        size = np.maximum(np.abs(right - base), np.abs(base - left)) / width
        rounding = 4 * rounding_of(item, formula, lines.largest.astype(wide), x, width, size)
        return np.abs(right + left - 2 * base) / width, rounding

    bend, rounding = bends(values[after].astype(wide), values[before].astype(wide), c * h, slice(None))
    is_bent = bend > CONTRADICTS * np.abs(first) + rounding
    rows, nearer = np.flatnonzero(is_bent.any(axis=1)), (h * item.dtype.type(OTHER_STEP)).astype(item.dtype)
    rows = rows[nearer[rows] > 0]
    if rows.size:
        x, step = asked.x[places[rows]], (c * nearer[rows]).astype(item.dtype)
        found = lines.evaluated(np.concatenate((x + step, x - step)), np.tile(places[rows], 2)).astype(wide)
        right, left = np.split(found, 2)
        again, rounding = bends(right, left, step, rows)
        wrong[rows] = (is_bent[rows] & (again > STAYS * bend[rows] + rounding)).any(axis=1)
    return wrong


def _warn_straddled(asked: Asked, places: np.ndarray, looked_at: int) -> None:
    text = (
        f"f has a kink at x in {places.size} of {looked_at} coordinates that were looked at, first at "
        f"{asked.entry(int(places[0]), asked.shape)}: the slopes on its left and right differ however short the step "
        "is, and the quotient is their mean; leave out h and stencil, which with full=True gives both, or choose one "
        "with side="
    )
    warn_user(UncertainGradientWarning(text, int(places.size), asked.x.size))


def _is_rounded_away(
    asked: Asked, lines: Lines, steps: Steps, places: np.ndarray, out: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return where a quotient is the rounding of f rather than a slope, and the steps at which that was seen.

    Where one rounding of each value may be `DOUBTFUL` of the largest quotient, no narrower step tells. A centered
    difference at the step H where it would be a hundredth does, if it is off by a tenth, by eight roundings there,
    and by more than the slope changes over H: at a minimum of f, where it does, no digit is missed.
    """
    wide, wrong = asked.item.wide, np.zeros(places.size, bool)
    own, first, x = steps.at(places).astype(wide)[:, None], out[:, places].T.astype(wide), asked.x[places]
    size = np.abs(out).max(axis=1).astype(wide)
    rounding = float(asked.item.unit_roundoff) * lines.largest.astype(wide)
    with np.errstate(all="ignore"):
        is_doubtful = float(steps.stencil.weight_sum) * rounding / own > DOUBTFUL * size
        length = np.where(x == 0, 1, np.abs(x.astype(wide))) * ROOM
        if asked.lower is not None and asked.upper is not None:
            ends = np.array((asked.lower[places], x, asked.upper[places]), wide)
            length = np.minimum(length, np.diff(ends, axis=0).min(axis=0) / 2)
        h = np.minimum(np.where(is_doubtful, 4 * rounding / (DOUBTFUL * size / 5), 0).max(axis=1), length)
        h = h.astype(asked.item.dtype)
        right, left = x + h, x - h
    rows = np.flatnonzero((h > 2 * own[:, 0]) & np.isfinite(right) & np.isfinite(left))
    rows = rows[asked.holds(right[rows], places[rows]) & asked.holds(left[rows], places[rows])]
    if not rows.size:
        return wrong, h
    nodes, moved = np.concatenate((right[rows], left[rows])), np.concatenate((places[rows], places[rows]))
    try:
        after, before = np.split(lines.evaluated(nodes, moved).astype(wide), 2)
    except Exception:  # f may be defined for steps as short as the ones asked for, and no longer ones
        return wrong, h
    width = (right[rows].astype(wide) - left[rows])[:, None]
    slope, bend = (after - before) / width, 2 * np.abs(after + before - 2 * lines.at_x().astype(wide)) / width
    off = CONTRADICTS * np.maximum(np.abs(slope), size) + 8 * rounding / width + bend
    wrong[rows] = (is_doubtful[rows] & (np.abs(slope - first[rows]) > off)).any(axis=1)
    return wrong, h


def _most_doubtful(asked: Asked, steps: Steps, out: np.ndarray) -> np.ndarray:
    """Return the coordinates to look at: those with the widest steps, beside |x| and at all, and the steepest."""
    n = asked.x.size
    if n <= LOOKED_AT:
        return np.arange(n)
    h, x = steps.at(slice(0, n)).astype(np.float64), np.abs(asked.x.astype(np.float64))
    relative = np.where(x > 0, h / x, 0)
    slopes = np.abs(out).max(axis=0, initial=0).astype(np.float64)
    third = LOOKED_AT // 3
    chosen: dict[int, None] = {}
    for key, count in ((relative, third), (h, third), (slopes, LOOKED_AT)):
        order = np.argpartition(-key, LOOKED_AT - 1)[:LOOKED_AT]
        for place in order[np.argsort(-key[order], kind="stable")][:count].tolist():
            chosen.setdefault(place)
    return np.array(list(chosen)[:LOOKED_AT])


def _warn_contradicted(asked: Asked, steps: Steps, places: np.ndarray, h: np.ndarray, wrong: np.ndarray) -> None:
    k, n = int(np.argmax(wrong)), asked.x.size
    said = f"{int(wrong.sum())} of {places.size} coordinates that were looked at"
    warn_user(
        UncertainGradientWarning(
            f"another step contradicts the quotient in {said}, first at {asked.entry(places[k], asked.shape)}: with "
            f"h = {h[k]!s} instead of "
            f"{steps.at(places[k : k + 1])[0]!s} it differs by more than a tenth; leave out h and stencil, which takes "
            "steps that fit and gives a bar for each with full=True",
            int(wrong.sum()),
            n,
        )
    )
