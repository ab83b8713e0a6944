"""The step of each coordinate: given, or chosen from the format, the stencil and the size of the coordinate."""

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas import kernels
from numdiff.formulas.arguments import largest_step, steps_of
from numdiff.formulas.stencil import Stencil

__all__ = ["Steps", "step_exponent"]

_CHECKED = 16384
"""Coordinates that are checked at once: what the check needs stays small beside x."""


@lru_cache(maxsize=256)
def step_exponent(item: FloatFormat, stencil: Stencil) -> int:
    """Return e for which 2**e is the power of two nearest (in its logarithm) to the step for a function of scale 1.

    The error of a first-derivative stencil of order p with constant C and W = Σ|wⱼ| is, if f is computed to a relative
    accuracy u and changes over a length L, so that |f⁽ᵖ⁺¹⁾| ≈ |f|/Lᵖ⁺¹, about

        E(h) = |C|·|f|·hᵖ/Lᵖ⁺¹ + W·u·|f|/h,    with its minimum at    h = L·(W·u / (p·|C|))^(1/(p + 1)).

    For the forward difference (p = 1, C = 1/2, W = 2) that is 2√u·L, for the centered one (p = 2, C = 1/6, W = 1)
    (3u)^⅓·L. Rounding h to a power of two moves it by a factor of at most √2, by which the rounding part of E may grow,
    or its truncation part by at most 2^(p/2).

    References
    ----------
    W. H. Press, S. A. Teukolsky, W. T. Vetterling, B. P. Flannery, Numerical Recipes in C, 2nd ed., Cambridge 1992,
    section 5.7, equation (5.7.5), h ~ √ε_f·x_c with the curvature scale x_c, and for the centered formula (5.7.7) what
    follows it; there x_c is x, here max(1, |x|).
    """
    p = stencil.accuracy_order
    ratio = stencil.weight_sum * item.unit_roundoff / (p * abs(stencil.leading_error_constant))
    # e = ⌊log₂(ratio)/(p + 1) + ½⌋ in integers, so that ties (2√u with an odd precision) go up everywhere.
    return (_floor_log2(ratio**2) + p + 1) // (2 * (p + 1))


def _floor_log2(number: Fraction) -> int:
    """Return ⌊log₂(number)⌋ exactly."""
    n, d = number.as_integer_ratio()
    top = n.bit_length() - d.bit_length()
    return top if Fraction(2) ** top <= number else top - 1


def _given(step: Any, shape: tuple[int, ...], item: FloatFormat, stencil: Stencil) -> np.ndarray:
    """Return the steps that were given, flat: one, or one for each coordinate."""
    steps = steps_of(item, step, "step", stencil)
    if steps.shape not in ((), shape):
        raise ValueError(f"step must be one number or of the shape of x, {shape}, got shape {steps.shape}")
    return steps.reshape(-1)


class Steps:
    """The step of each coordinate, made block by block.

    Parameters
    ----------
    step : None, positive number, or array of the shape of x
        None chooses h = 2**(e + k) with `step_exponent` e and 2**k = max(1, 2**⌊log₂|x|⌋), but not more than the
        largest power of two for which the formula does not overflow.
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
        self._limit = largest_step(stencil, item)
        self._given = None if step is None else _given(step, x.shape, item, stencil)

    def block(self, start: int, stop: int) -> np.ndarray:
        """Return the steps of some coordinates, in the order of the flat x."""
        if self._given is None:
            return self._chosen(self._x[start:stop])
        if self._given.size == 1:
            same = np.empty(stop - start, self._item.dtype)
            same.fill(self._given[0])
            return same
        return self._given[start:stop]

    def _chosen(self, x: np.ndarray) -> np.ndarray:
        wide = x if self._item.precision > 53 else x.astype(np.float64)
        binade = np.frexp(wide)[1] - 1  # 0 gives -1, which the maximum hides
        highest = np.frexp(self._limit if self._item.precision > 53 else np.float64(self._limit))[1] - 1
        exponents = np.minimum(np.maximum(binade, 0) + step_exponent(self._item, self._stencil), highest)
        return np.ldexp(wide.dtype.type(1), exponents).astype(self._item.dtype, copy=False)

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
                nodes = kernels.abscissae(self._stencil, x, h)
            self._refuse_overflow(nodes, x, h, start)
            found, enough = kernels.absorbed_steps(self._stencil, x, h)
            if found:
                absorbed += found
                smallest = enough if smallest is None else max(smallest, enough)
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
