"""Searches of many values of f along lines on which most of them are constant, as those of a sparse Jacobian are.

Constants differ in their size alone: what the estimator says of 1 along a line, times the size, it says of all of them
but 0. One search along each line, which evaluates nothing, gives these estimates and the nodes at which a value has to
be the same. The other values are searched on, from memory where they are known.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from numdiff.adaptive.ending import Estimates
from numdiff.adaptive.engine import estimate
from numdiff.adaptive.state import among
from numdiff.floats.formats import FloatFormat
from numdiff.gradients.lines import Lines

__all__ = ["MANY", "searched_apart"]

_SIZES = (2.0**-400, 2.0**400)
"""Between these no product of a size and an error overflows or loses digits."""
_VALUES = 1 << 17
"""Values that are compared at once: 1 MB, or those of one node."""
MANY = 1024
"""Values of f on all lines from which it is worth while: a search takes 1 ms for its calls of NumPy, and some 7 µs for
each value that is constant."""


def searched_apart(
    lines: Lines, fmt: FloatFormat, start: np.ndarray, block: int, **options: Any
) -> Iterator[tuple[np.ndarray, Estimates]]:
    """Estimate the first derivatives as `numdiff.gradients.searches.searched` does where there are no bounds.

    Parameters
    ----------
    lines : Lines
    fmt : FloatFormat
    start : ndarray, shape (lines,)
    block : int
        Searches that run side by side, at most.
    **options
        As of `numdiff.adaptive.engine.estimate`.

    Yields
    ------
    ndarray of int
        The rows: the k-th value of f along line l is row k + m·l.
    Estimates
        Of these.
    """
    m = lines.size
    width = max(1, block // m)
    for first in range(0, lines.at.size, width):
        own = np.arange(first, min(first + width, lines.at.size))
        lines.forget()
        of_one, nodes, at = _of_constant(1, lines, fmt, own, start[own], options)
        same = _constant(lines, fmt, own, nodes, at)
        is_zero = lines.at_x() == 0
        others, constant, zero = (
            first * m + np.flatnonzero(which) for which in (~same, same & ~is_zero, same & is_zero)
        )
        if constant.size:
            yield constant, _sized(of_one.rows(constant // m - first), np.abs(lines.at_x()[constant % m]))
        if zero.size:
            of_zero = _of_constant(0, lines, fmt, own, start[own], options)[0]
            yield zero, of_zero.rows(zero // m - first)
        for begin in range(0, others.size, block):
            rows = others[begin : begin + block]
            line = rows // m
            yield rows, estimate(partial(among, lines, rows), lines.at[line], fmt, start=start[line], **options)
    lines.forget()


def _of_constant(
    value: int, lines: Lines, fmt: FloatFormat, own: np.ndarray, start: np.ndarray, options: dict[str, Any]
) -> tuple[Estimates, np.ndarray, np.ndarray]:
    """Return the estimates of a constant along some lines, and the nodes that they need with their lines."""
    nodes: list[np.ndarray] = []
    at: list[np.ndarray] = []

    def constant(asked: np.ndarray, rows: np.ndarray) -> np.ndarray:
        nodes.append(asked)
        at.append(own[rows])
        return np.full(asked.size, value, asked.dtype)

    found = estimate(constant, lines.at[own], fmt, start=start, **options)
    return found, np.concatenate(nodes), np.concatenate(at)


def _constant(lines: Lines, fmt: FloatFormat, own: np.ndarray, nodes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return whether each value of f is the same at all nodes of its line as at x; of shape (lines, m)."""
    m, base = lines.size, lines.at_x()
    sizes = np.abs(base.astype(np.longdouble))
    # Below the normal numbers their spacing is not in proportion to them.
    fits = (sizes == 0) | ((sizes >= max(_SIZES[0], float(fmt.smallest_normal))) & (sizes <= _SIZES[1]))
    same = np.tile(fits, (own.size, 1))
    number, width = 0, max(1, _VALUES // m)
    order = np.argsort(at, kind="stable")
    rank = np.arange(at.size) - np.searchsorted(at[order], at[order])  # the number of each node on its line
    while same.any():
        chosen = order[rank == number]
        if not chosen.size:
            break
        for first in range(0, chosen.size, width):
            places = chosen[first : first + width]
            rows = (at[places, None] * m + np.arange(m)).reshape(-1)
            same[at[places] - own[0]] &= lines(np.repeat(nodes[places], m), rows).reshape(-1, m) == base
        number += 1
    return same


def _sized(of_one: Estimates, sizes: np.ndarray) -> Estimates:
    """Return the estimates of constants of some sizes."""
    error = of_one.error * sizes.astype(of_one.error.dtype)
    return Estimates(
        value=of_one.value * 0,
        error=error,
        status=of_one.status,
        evaluations=of_one.evaluations,
        step=of_one.step,
        noise=of_one.noise * sizes.astype(of_one.noise.dtype),
        freedom=of_one.freedom,
        left=of_one.left,
        right=of_one.right,
    )
