"""A formula in rational arithmetic."""

from collections.abc import Sequence
from fractions import Fraction

from numdiff.formulas.stencil import Stencil


def applied_exactly(stencil: Stencil, values: Sequence[Fraction], step: Fraction) -> Fraction:
    """Return Σ wⱼ·valuesⱼ / hᵐ."""
    total = sum((w * v for w, v in zip(stencil.weights, values, strict=True)), Fraction(0))
    return total / step**stencil.derivative_order
