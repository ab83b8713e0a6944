"""The step of each coordinate: given, or chosen from the format, the stencil and the size of the coordinate."""

from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas import parts
from numdiff.formulas.arguments import steps_of
from numdiff.formulas.stencil import Stencil
from numdiff.rules.scale import scale_steps

__all__ = ["Steps"]

_CHECKED = 16384
"""Coordinates that are checked at once: what the check needs stays small beside x."""


def _given(step: Any, shape: tuple[int, ...], item: FloatFormat, stencil: Stencil) -> np.ndarray:
    """Return the steps that were given, flat: one, or one for each coordinate."""
    steps = steps_of(item, step, "h", stencil)
    if steps.shape not in ((), shape):
        raise ValueError(f"h must be one number or of the shape of x, {shape}, got shape {steps.shape}")
    return steps.reshape(-1)


class Steps:
    """The step of each coordinate, made block by block.

    Parameters
    ----------
    step : None, positive number, or array of the shape of x
        None chooses those of `numdiff.rules.scale.scale_steps`.
    x : ndarray, contiguous
    item : FloatFormat
        The format of x.
    stencil : Stencil

    Raises
    ------
    TypeError
        If step is not a real number or an array of them.
    ValueError
        If step has another shape than x, is not positive and finite, or 0 or too large in the format.
    """

    def __init__(self, step: Any, x: np.ndarray, item: FloatFormat, stencil: Stencil) -> None:
        self._x = x.reshape(-1)
        self._item, self._stencil = item, stencil
        self._given = None if step is None else _given(step, x.shape, item, stencil)

    def block(self, start: int, stop: int) -> np.ndarray:
        """Return the steps of some coordinates, in the order of the flat x."""
        if self._given is None:
            return scale_steps(self._item, self._stencil, self._x[start:stop])
        if self._given.size == 1:
            same = np.empty(stop - start, self._item.dtype)
            same.fill(self._given[0])
            return same
        return self._given[start:stop]

    def check(self) -> tuple[int, Any]:
        """Return how many steps are absorbed and the smallest that is not, after refusing nodes outside the format.

        Raises
        ------
        ValueError
            If x + c·h overflows for one of the offsets.
        """
        absorbed, smallest = 0, None
        for start in range(0, self._x.size, _CHECKED):
            x = self._x[start : start + _CHECKED]
            h = self.block(start, start + x.size)
            with np.errstate(over="ignore"):
                nodes = parts.abscissae(self._stencil, x, h)
            self._refuse_overflow(nodes, x, h, start)
            found, enough = parts.absorbed_steps(self._stencil, x, h)
            if found:
                absorbed += found
                smallest = enough if smallest is None else np.maximum(smallest, enough)
        return absorbed, smallest

    def _refuse_overflow(self, nodes: list[np.ndarray], x: np.ndarray, h: np.ndarray, start: int) -> None:
        for offset, at in zip(self._stencil.offsets, nodes, strict=True):
            finite = np.isfinite(at)
            if not finite.all():
                place = int(np.argmin(finite))
                raise ValueError(
                    f"step must keep x + c*h within {self._item.name}, but x = {x[place]!s} (coordinate "
                    f"{start + place} of the flat x), h = {h[place]!s} and c = {offset} do not"
                )
