"""The steps of a formula at the coordinates of a point, and f at its nodes.

For a coordinate i of x with the step hᵢ, offsets cⱼ and weights wⱼ of a first-derivative stencil

    ∂f/∂xᵢ ≈ Σⱼ wⱼ f(x + cⱼhᵢeᵢ) / hᵢ.

Abscissae, order of operations and the nominal divisor fl(D·h) are those of `numdiff.formulas.kernels`, so that for a
separable function the gradient is what `numdiff.difference` gives for each coordinate, bit for bit.
"""

from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas import parts
from numdiff.formulas.arguments import method_of, steps_of
from numdiff.formulas.checks import StepAbsorbedWarning
from numdiff.formulas.stencil import Stencil
from numdiff.gradients.asked import Asked, spread
from numdiff.gradients.lines import Lines
from numdiff.rules.scale import scale_steps
from numdiff.spellings import warn_user

__all__ = ["Steps", "given_steps", "values_at"]

_CHECKED = 16384
"""Coordinates that are checked at once: what the check needs stays small beside x."""


def given_steps(asked: Asked, h: Any, stencil: Stencil | None = None) -> np.ndarray:
    """Return the steps that were given, one for each coordinate."""
    return spread(steps_of(asked.item, asked.flat(h, "h"), "h", stencil), asked.shape, "h")


class Steps:
    """The formula, and the step of each coordinate, made block by block: given, or those of `numdiff.rules.scale`."""

    def __init__(self, asked: Asked, h: Any, stencil: Any) -> None:
        self.asked, self.stencil = asked, _first_derivative("centered" if stencil is None else stencil)
        self.given = None if h is None else given_steps(asked, h, self.stencil)
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


def _first_derivative(stencil: Any) -> Stencil:
    formula = method_of(stencil)
    if not isinstance(formula, Stencil):
        raise TypeError(f"stencil must be a difference stencil or the name of one, got {stencil!r:.60}")
    if formula.derivative_order != 1:
        raise ValueError(
            f"stencil must approximate the first derivative, got {formula.name!r} of order {formula.derivative_order}"
        )
    return formula


def values_at(
    lines: Lines, formula: Stencil, places: np.ndarray, h: np.ndarray, base: np.ndarray | None, and_x: bool = False
) -> list[np.ndarray]:
    """Return for each node of the formula the values at it, (coordinates, m).

    With `and_x` the lines learn f(x) in the same call of a batch.
    """
    nodes = parts.abscissae(formula, lines.x[places], h)
    moved = [at for c, at in zip(formula.offsets, nodes, strict=True) if c]
    beside = places[:1] if and_x else places[:0]
    found = lines.evaluated(np.concatenate((*moved, lines.x[beside])), np.append(np.tile(places, len(moved)), beside))
    if and_x:
        found, lines.base = found[:-1], found[-1]
    rows = iter(found.reshape(len(moved), places.size, -1) if found.size else [found[: places.size]] * len(moved))
    zero = found[:0] if base is None else base
    return [next(rows) if c else zero for c in formula.offsets]
