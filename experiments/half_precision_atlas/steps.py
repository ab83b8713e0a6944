"""The steps of the atlas: all powers of two that are steps of float16, for every format that takes them."""

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import largest_step
from numdiff.formulas.stencil import Method

__all__ = ["FIRST", "LAST", "steps_of"]

FIRST, LAST = -24, 15
"""Exponents: the smallest subnormal number of float16 and its largest power of two. bfloat16 has the same ones."""


def steps_of(item: FloatFormat, method: Method) -> list[float]:
    """Return the steps of a formula in a format: D·h has to be finite, so that centered ends at 2¹⁴ in float16."""
    smallest, largest = float(item.smallest_subnormal), float(largest_step(method, item))
    return [2.0**k for k in range(FIRST, LAST + 1) if smallest <= 2.0**k <= largest]
