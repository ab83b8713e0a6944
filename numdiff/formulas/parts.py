"""The parts of a kernel, for code that calls f itself: nodes, quotient, lost steps (see `numdiff.formulas.kernels`)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from numdiff.floats.formats import format_of
from numdiff.formulas.kernels import plan_of
from numdiff.formulas.stencil import Stencil

__all__ = ["abscissae", "absorbed_steps", "combine"]


def abscissae(stencil: Stencil, x: np.ndarray, h: np.ndarray) -> list[np.ndarray]:
    """Return the rounded nodes of a stencil in its order, step 2 of the kernels; x itself where the offset is 0.

    Parameters
    ----------
    stencil : Stencil
    x, h : ndarray of one shape (of at least one dimension) and one format
    """
    return [term.argument(x, h) for term in plan_of(format_of(x), stencil).terms]


def combine(stencil: Stencil, values: Sequence[np.ndarray], h: np.ndarray) -> np.ndarray:
    """Return the quotient of the values at the nodes of a first-derivative stencil, steps 4 to 6 of the kernels.

    Parameters
    ----------
    stencil : Stencil
    values : sequence of ndarray
        One array for each node, in the order of the stencil; none of them is changed.
    h : ndarray of at least one dimension, of their format, broadcast against them
    """
    plan = plan_of(format_of(h), stencil)
    weighted = [term.weighted(y) for term, y in zip(plan.terms, values, strict=True)]
    total = weighted[0]
    for term, value in zip(plan.terms[1:], weighted[1:], strict=True):
        total = term.combine(total, value)
    return total / plan.divisor(h)


def absorbed_steps(stencil: Stencil, x: np.ndarray, h: np.ndarray) -> tuple[int, Any]:
    """Return at how many points a step is absorbed, and the smallest step that keeps the nodes apart at these.

    Parameters
    ----------
    stencil : Stencil
    x, h : ndarray of one shape (of at least one dimension) and one format, finite
    """
    lost = plan_of(format_of(x), stencil).lost
    hit = lost.at(x, h)
    found = int(np.count_nonzero(hit))
    return found, lost.smallest_step(x[hit]) if found else None
