"""A step or a formula by name: the quotients of the kernels along the coordinates, and the complex step.

For a coordinate i of x with the step hᵢ, offsets cⱼ and weights wⱼ of a first-derivative stencil

    ∂f/∂xᵢ ≈ Σⱼ wⱼ f(x + cⱼhᵢeᵢ) / hᵢ.

Abscissae, order of operations and the nominal divisor fl(D·h) are those of `numdiff.formulas.kernels`, so that for a
separable function the gradient is what `numdiff.difference` gives for each coordinate, bit for bit. One more step, at a
few coordinates, shows whether the quotients can be what they seem (`_look`).
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from numdiff.adaptive.repeats import LOUD
from numdiff.floats.formats import FloatFormat
from numdiff.formulas import parts
from numdiff.formulas.arguments import method_of, steps_of
from numdiff.formulas.checks import StepAbsorbedWarning
from numdiff.formulas.stencil import Stencil
from numdiff.gradients.answer import NonFiniteGradientWarning, UncertainGradientWarning
from numdiff.gradients.asked import Asked, reported, spread
from numdiff.gradients.colouring import Pattern
from numdiff.gradients.lines import BATCH_BYTES, Lines, coordinates, directions, rows_of
from numdiff.gradients.products import MISSED, contradiction
from numdiff.rules.scale import scale_steps
from numdiff.spellings import warn_user

__all__ = ["CONTRADICTS", "by_complex_step", "by_stencil", "sparse_by_stencil"]

MOST_COORDINATES = 256
"""Coordinates whose values are held at once, at most, where f takes one point at a time. With workers or a progress
callback there are about as many parts as that, for short waits."""
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
ROOM = 1 / 8
"""The widest step at which a quotient that may be rounding is looked at, in |x|, or in 1 where x is 0."""
_CHECKED = 16384
"""Coordinates that are checked at once: what the check needs stays small beside x."""


def _given_steps(asked: Asked, h: Any, stencil: Stencil | None = None) -> np.ndarray:
    """Return the steps that were given, one for each coordinate."""
    return spread(steps_of(asked.item, asked.flat(h, "h"), "h", stencil), asked.shape, "h")


class _Steps:
    """The formula, and the step of each coordinate, made block by block: given, or those of `numdiff.rules.scale`."""

    def __init__(self, asked: Asked, h: Any, stencil: Any) -> None:
        self.asked, self.stencil = asked, _first_derivative("centered" if stencil is None else stencil)
        self.given = None if h is None else _given_steps(asked, h, self.stencil)
        self._check()

    def at(self, places: Any) -> np.ndarray:
        """Return the steps of some coordinates: of a slice, or of an array of places."""
        if self.given is not None:
            return self.given[places]
        return scale_steps(self.asked.item, self.stencil, self.asked.x[places])

    def _check(self) -> None:
        """Refuse nodes outside the format or the bounds, and warn of steps that are absorbed."""
        asked, absorbed, smallest = self.asked, 0, None
        for start in range(0, asked.x.size, _CHECKED):
            part = slice(start, start + _CHECKED)
            x, h = asked.x[part], self.at(part)
            with np.errstate(over="ignore"):
                nodes = parts.abscissae(self.stencil, x, h)
            for offset, at in zip(self.stencil.offsets, nodes, strict=True):
                self._refuse(np.isfinite(at), asked.item.name, start, offset)
                self._refuse(asked.holds(at, part), "the bounds", start, offset)
            found, enough = parts.absorbed_steps(self.stencil, x, h)
            if found:
                absorbed += found
                smallest = enough if smallest is None else np.maximum(smallest, enough)
        if absorbed:
            _warn_absorbed(asked.item, absorbed, asked.x.size, smallest)

    def _refuse(self, inside: np.ndarray, what: str, start: int, offset: Any) -> None:
        if inside.all():
            return
        place = start + int(np.argmin(inside))
        advice = "; leave out h and stencil, or take a smaller h or another stencil" if what == "the bounds" else ""
        raise ValueError(
            f"h must keep x + c*h within {what}, but x = {self.asked.x[place]!s} (coordinate {place} of the flat x), "
            f"h = {self.at(slice(place, place + 1))[0]!s} and c = {offset} do not{advice}"
        )


def _warn_absorbed(item: FloatFormat, absorbed: int, total: int, smallest: Any) -> None:
    advice = f"the smallest useful step is {smallest!s}" if np.isfinite(smallest) else "no step is useful"
    message = (
        f"h is absorbed in {absorbed} of {total} coordinates: two of x and the abscissae x + c*h are the same "
        f"{item.name} number there; {advice}"
    )
    warn_user(StepAbsorbedWarning(message, absorbed, total, smallest))


def by_stencil(asked: Asked, h: Any, stencil: Any) -> np.ndarray:
    """Return the quotients of a formula, of shape (m, n)."""
    steps = _Steps(asked, h, stencil)
    formula, n, lines = steps.stencil, asked.x.size, coordinates(asked.f, asked.x)
    base = lines.at_x()[None] if 0 in formula.offsets else None
    out, first = np.empty((0, n)), ""
    with np.errstate(all="ignore"), lines.running(asked.workers), reported(asked.progress, n) as report:
        for part in _spans(asked, formula):
            values = _values(lines, formula, np.arange(part.start, part.stop), steps.at(part), base)
            rows = parts.combine(formula, values, steps.at(part)[:, None])
            if not part.start:
                out = np.empty((rows.shape[1], n), rows.dtype)
            out[:, part] = rows.T
            first = first or _first_not_finite(asked, part.start, rows, values, formula)
            report(part.stop)
        if not first:
            _look(asked, lines, steps, base, out)
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


def sparse_by_stencil(asked: Asked, h: Any, stencil: Any, pattern: Pattern) -> np.ndarray:
    """Return the quotients of a formula at the entries of a pattern."""
    steps = _Steps(asked, h, stencil)
    formula, own = steps.stencil, steps.at(slice(0, asked.x.size))
    lines = directions(asked.f, asked.x, pattern.moves(own))
    base, groups = lines.at_x(), np.arange(pattern.count)
    with np.errstate(all="ignore"), lines.running(asked.workers), reported(asked.progress, asked.x.size) as report:
        values = []
        for offset in formula.offsets:
            nodes = np.full(pattern.count, asked.item.round(offset))
            values.append(pattern.entries(lines.evaluated(nodes, groups)) if offset else base[pattern.rows])
        report(asked.x.size)
        found = parts.combine(formula, values, own[pattern.columns])
    _warn_not_finite(found, "the derivative is not finite in {} of {} entries of the pattern")
    return found


def _warn_not_finite(found: np.ndarray, message: str) -> bool:
    """Warn of derivatives that are not finite, with their number and that of all in the message."""
    count = int(np.count_nonzero(~np.isfinite(found)))
    if count:
        warn_user(NonFiniteGradientWarning(message.format(count, found.size), count, found.size))
    return bool(count)


def _first_derivative(stencil: Any) -> Stencil:
    formula = method_of(stencil)
    if not isinstance(formula, Stencil):
        raise TypeError(f"stencil must be a difference stencil or the name of one, got {stencil!r:.60}")
    if formula.derivative_order != 1:
        raise ValueError(
            f"stencil must approximate the first derivative, got {formula.name!r} of order {formula.derivative_order}"
        )
    return formula


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


def _values(
    lines: Lines, formula: Stencil, places: np.ndarray, h: np.ndarray, base: np.ndarray | None
) -> list[np.ndarray]:
    """Return for each node of the formula the values at it, (coordinates, m)."""
    nodes = parts.abscissae(formula, lines.x[places], h)
    moved = [at for c, at in zip(formula.offsets, nodes, strict=True) if c]
    found = lines.evaluated(np.concatenate(moved), np.tile(places, len(moved)))
    rows = iter(found.reshape(len(moved), places.size, -1) if found.size else [found[: places.size]] * len(moved))
    zero = found[:0] if base is None else base
    return [next(rows) if c else zero for c in formula.offsets]


def _look(asked: Asked, lines: Lines, steps: _Steps, base: np.ndarray | None, out: np.ndarray) -> None:
    """Take another step at some coordinates, and warn where the quotient differs by more than rounding explains.

    The rounding of f is allowed `LOUD` units of roundoff of its largest value, as noise is in the estimator, and that
    of the abscissae one spacing of the format at x.
    """
    formula, places = steps.stencil, _most_doubtful(asked, steps, out)
    h = (steps.at(places) * asked.item.dtype.type(OTHER_STEP)).astype(asked.item.dtype)
    near = asked.x[places]
    fits = h > 0
    for at in parts.abscissae(formula, near, h):
        fits &= np.isfinite(at) & asked.holds(at, places)
    places, h, near = places[fits], h[fits], near[fits]
    if not places.size or not out.size:
        return
    values = _values(lines, formula, places, h, base)
    wide = asked.item.wide
    other: Any
    other, first = parts.combine(formula, values, h[:, None]).astype(wide), out[:, places].T.astype(wide)
    size = np.maximum(np.abs(other), np.abs(first))
    unit, step = float(asked.item.unit_roundoff), h.astype(wide)[:, None]
    rounding = LOUD * unit * float(formula.weight_sum) * lines.largest.astype(wide) / step
    abscissa = 2 * unit * np.abs(near.astype(wide))[:, None] / step * size
    wrong = (np.abs(other - first) > CONTRADICTS * size + rounding + abscissa).any(axis=1)
    if not wrong.any():
        wrong, h = _is_rounded_away(asked, lines, steps, places, out)
    if wrong.any():
        _warn_contradicted(asked, steps, places, h, wrong)


def _is_rounded_away(
    asked: Asked, lines: Lines, steps: _Steps, places: np.ndarray, out: np.ndarray
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
    after, before = np.split(lines.evaluated(nodes, moved).astype(wide), 2)
    width = (right[rows].astype(wide) - left[rows])[:, None]
    slope, bend = (after - before) / width, 2 * np.abs(after + before - 2 * lines.at_x().astype(wide)) / width
    off = CONTRADICTS * np.maximum(np.abs(slope), size) + 8 * rounding / width + bend
    wrong[rows] = (is_doubtful[rows] & (np.abs(slope - first[rows]) > off)).any(axis=1)
    return wrong, h


def _most_doubtful(asked: Asked, steps: _Steps, out: np.ndarray) -> np.ndarray:
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


def _warn_contradicted(asked: Asked, steps: _Steps, places: np.ndarray, h: np.ndarray, wrong: np.ndarray) -> None:
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


def by_complex_step(asked: Asked, h: Any, pattern: Pattern | None = None) -> np.ndarray:
    r"""Return Im f(x + ihe)/h, of shape (m, n), or of the entries of a pattern.

    h = u·L, with L = |xᵢ|, the scale, or 1 at 0: its truncation error h²f‴/6 is far below u, and nothing cancels.
    Where f(x) of real x is not finite, or not the real part of f(x + ih), there is no derivative.
    """
    item = asked.item
    if item.complex_dtype is None:
        raise TypeError(
            f"x must have a format with a complex dtype for method='complex', got {item.name}; leave out method, or "
            "write dtype='float32'"
        )
    steps = _complex_steps(asked) if h is None else _given_steps(asked, h)
    n, base = asked.x.size, coordinates(asked.f, asked.x).at_x()
    with np.errstate(all="ignore"), reported(asked.progress, n) as report:
        found = _complex_values(asked, steps, base.size, pattern)
        report(n)
        is_good = _is_analytic(found, base, item.precision)
        is_short = (steps <= 2.0 ** (-item.precision / 2) * _lengths(asked)).all()
        if is_short and not is_good.all():
            is_good |= _agrees(found, _complex_values(asked, steps / 4, base.size, pattern), base, item.precision)
        wrong = "f of the real x is not finite" if not np.isfinite(base).all() else _not_analytic(asked, h)
        found = np.where(np.isfinite(base) & np.isfinite(found) & is_good, found.imag, item.dtype.type(np.nan))
        out = found.T / steps if pattern is None else pattern.entries(found) / steps[pattern.columns]
    message = "the complex step gives no finite derivative in {} of {} entries: " + wrong
    if not _warn_not_finite(out, message) and pattern is None:
        _look_along(asked, out)
    return out.astype(item.dtype, copy=False)


def _complex_values(asked: Asked, steps: np.ndarray, size: int, pattern: Pattern | None) -> np.ndarray:
    """Return f(x + ihe), of shape (n, m), or along the groups of a pattern."""
    x = asked.x.astype(asked.item.complex_dtype)
    moves = None if pattern is None else pattern.moves(1j * steps)
    lines = Lines(asked.f, x, np.arange(x.size if pattern is None else pattern.count), moves, size)
    nodes = x + 1j * steps if pattern is None else np.ones(pattern.count, x.dtype)
    with lines.running(asked.workers):
        return lines.evaluated(nodes.astype(x.dtype), np.arange(nodes.size))


def _is_analytic(found: np.ndarray, base: np.ndarray, precision: int) -> np.ndarray:
    """Return where the real part of f(x + ih) is f(x), to half of the digits."""
    size = np.maximum(np.abs(base), np.abs(found.real))
    return np.asarray(np.abs(found.real - base) <= 2.0 ** (-precision / 2) * size)


def _agrees(found: np.ndarray, nearer: np.ndarray, base: np.ndarray, precision: int) -> np.ndarray:
    """Return where f(x + ih) and f(x + ih/4) are values of an analytic f, however far their real parts are from f(x).

    Where f(x) is 0, or what is left of larger numbers, neither the change of the real part, h²f″/2, nor the rounding of
    complex numbers is a small part of it. The quotients have to agree to half of the digits: those of √x do not at 0.
    Or they agree to what half a unit of roundoff of x changes the derivative by, f″h/2, and the change falls to 1/16,
    as that of xᵖ at 0 to 4⁻ᵖ: at least to 4^−1.75.
    """
    change, rest = np.abs(found.real - base), np.abs(nearer.real - base)
    differs = np.abs(found.imag - 4 * nearer.imag)
    is_same = differs <= 2.0 ** (-precision / 2) * np.abs(found.imag)
    return np.asarray(is_same | ((rest <= 4.0**-1.75 * change) & (differs <= change)))


def _not_analytic(asked: Asked, h: Any) -> str:
    """Return what is said where f(x + ih) is no f(x) + ihf'(x)."""
    differs = "f(x + ih) is not finite, or its real part is not f(x) to half of the digits: "
    if h is None:
        return f"{differs}f is not analytic there, or has a pole nearby; leave out method, or give scale="
    return (
        f"{differs}h is too wide, which costs the complex step its digits, or f is not analytic there; leave out h: "
        f"by itself it is {float(asked.item.unit_roundoff):.2g} of |x|"
    )


def _look_along(asked: Asked, out: np.ndarray) -> None:
    """Warn where f of real x contradicts along a random direction: not all that is not analytic can be refused."""
    entries = out.astype(asked.item.wide)

    def multiplied(move: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the product and its doubt, a row at a time: in one order on all machines, and in little memory."""
        product, doubt = np.empty(len(entries), move.dtype), np.empty(len(entries), move.dtype)
        for k, row in enumerate(entries):
            terms = row * move
            product[k], doubt[k] = np.sum(terms), np.sum(np.abs(terms))
        return product, CONTRADICTS / MISSED * doubt

    found = contradiction(asked, multiplied, has_slopes=True)
    if found is not None:
        warn_user(
            UncertainGradientWarning(
                f"f of real x contradicts the complex step: along a random direction it has the slope {found[1]!s}, "
                f"and the derivatives give {found[2]!s}; f is not analytic, or does not see the imaginary part of x "
                "(after np.asarray, in a cast), or its domain ends at x; leave out method",
                asked.x.size,
                asked.x.size,
            )
        )


def _complex_steps(asked: Asked) -> np.ndarray:
    item = asked.item
    unit = item.dtype.type(float(item.unit_roundoff))
    # Below that, f′·h would be subnormal.
    return np.maximum(_lengths(asked) * unit, np.finfo(item.dtype).tiny / unit)


def _lengths(asked: Asked) -> np.ndarray:
    """Return the scale, or |xᵢ| without one, and 1 at 0, in the format."""
    if asked.scale is not None:
        return asked.scale.astype(asked.item.dtype)
    length = np.abs(asked.x)
    return np.where(length > 0, length, asked.item.dtype.type(1))
