r"""Jumps of f″ at x: there a centered difference is off by h, not by h², and noise hides it.

With D(h) = (f(x+h) − f(x−h))/(2h) and J the jump of f″ at x,

    D(h) = f′(x) + J·h/4 + O(h²),

where a smooth f has even powers of h alone. Where the levels of the last segment reach the noise, extrapolation in h²
leaves a third of J·h/4 or less, which may look like noise there. Two lines decide, V + c·h and V + c·h², fitted to the
innermost levels with the weights of their noise. Where the first one fits, and better than the second one, the bar
holds the V of the first one too, with its noise.
"""

import numpy as np

from numdiff.adaptive.ladder import SLOTS
from numdiff.adaptive.noise import TOLD
from numdiff.adaptive.state import State

__all__ = ["bends"]

LEAST_PRECISION = 11
"""In bfloat16, whose values have 8 bits, one in ten of the answers would lose its digits, for a bar in 700 that holds
more."""
FEWEST = 4
"""Levels that decide: two more than a line has parameters."""
FITS = 4.0
"""Mean squares of the residuals of a line, in those of the noise: two residuals of noise exceed it in one case of
fifty. With one, coverage at such jumps falls from 97 to 91 % under noise of 1e-4; with sixteen times as much, no figure
of the tests changes."""


def bends(state: State) -> np.ndarray:
    """Return how far the value of each point is from that of a line in h that fits better, and 0 elsewhere."""
    own, kept = state.setting, state.kept
    apart = np.zeros(state.start.size, own.wide)
    if own.side or own.scheme.order != 1 or own.fmt.precision < LEAST_PRECISION:
        return apart
    shape = state.outermost * SLOTS + state.innermost
    current = (kept.segment == state.segments) & np.isfinite(kept.value)
    for key in np.unique(shape[current]).tolist():
        rows, (outer, inner) = np.flatnonzero(current & (shape == key)), divmod(key, SLOTS)
        unsure = np.ones(rows.size, bool)
        for first in range(outer, inner + 2 - FEWEST):
            block, some = slice(first, inner + 1), rows[unsure]
            found, bent = _bent(state.numbers[block, some], state.t[block, some], kept.value[some], kept.sigma[some])
            apart[some[bent]] = found[bent]
            unsure[unsure] = ~bent
    return apart


def _bent(d: np.ndarray, t: np.ndarray, value: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the line in h is from the values, and where it fits better than a line in h²."""
    v, squares, variance = _line(d, t, np.sqrt(t))
    bent = (squares <= FITS * (len(d) - 2) / 2 * sigma * sigma) & (squares < _line(d, t, t)[1])
    return np.abs(v - value) + TOLD * sigma * np.sqrt(variance / 2), bent


def _line(d: np.ndarray, t: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return V of d = V + c·g with weights t, the weighted squares of the residuals, and the variance factor of V."""
    base, total, moment, second, ends, cross = d[-1], *[np.zeros_like(d[0]) for _ in range(5)]
    for part, weight, place in zip(d - base, t, g, strict=True):  # in one order on every machine
        total, moment, second = total + weight, moment + weight * place, second + weight * place * place
        ends, cross = ends + weight * part, cross + weight * place * part
    scale = total * second - moment * moment
    v, c = (second * ends - moment * cross) / scale, (total * cross - moment * ends) / scale
    squares = np.zeros_like(v)
    for part, weight, place in zip(d - base, t, g, strict=True):
        rest = part - v - c * place
        squares = squares + weight * rest * rest
    return v + base, squares, second / scale
