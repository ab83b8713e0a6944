"""Where f is evaluated: steps that the format can represent, nodes inside the domain, and the numbers of the levels."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.adaptive.ladder import MULTIPLIERS, START
from numdiff.adaptive.plan import spacing
from numdiff.adaptive.state import State

__all__ = ["Values", "evaluate", "fresh", "misfit", "put"]


@dataclass(frozen=True)
class Values:
    """f at steps of shape (j, k).

    Attributes
    ----------
    y : ndarray, shape (2, j, k) or (1, j, k)
        f to the right and to the left, or on the one side.
    steps : ndarray, shape (j, k)
        The steps as they came out.
    outside : ndarray of bool, shape (j, k)
        Where a node would lie outside the domain: f is not evaluated for this step, and NaN.
    side : {-1, 0, 1}
    """

    y: np.ndarray
    steps: np.ndarray
    outside: np.ndarray
    side: int

    def rise(self, center: np.ndarray) -> np.ndarray:
        """Return half the difference of the two values, or that of the one and f(x): the slope times the step."""
        return (self.y[0] - center) * self.side if self.side else (self.y[0] - self.y[1]) / 2


def evaluate(state: State, rows: np.ndarray, steps: np.ndarray) -> Values:
    """Return f at about these steps, of shape (j, k) for k points."""
    own = state.setting
    at = own.at[rows]
    grain = spacing(own.fmt, own.size[rows] + steps)
    steps = np.maximum(np.rint(steps / grain), 1) * grain
    signs = (own.side,) if own.side else (1, -1)
    nodes = np.stack([(at + sign * steps).astype(own.fmt.dtype) for sign in signs])
    exact = nodes.astype(own.wide)
    inside = ((exact > own.lower[rows]) & (exact < own.upper[rows])).all(axis=0)
    owners = np.broadcast_to(rows, nodes.shape)
    if inside.all():
        y = own.call(nodes.reshape(-1), owners.reshape(-1)).astype(own.wide).reshape(nodes.shape)
    else:
        y = np.full(nodes.shape, np.nan, own.wide)
        if inside.any():
            y[:, inside] = own.call(nodes[:, inside].reshape(-1), owners[:, inside].reshape(-1)).reshape(len(y), -1)
    state.evaluations[rows] += len(nodes) * inside.sum(axis=0)
    steps = np.abs(exact[0] - at) if own.side else np.abs(exact[0] - exact[-1]) / 2
    return Values(y, steps, ~inside, own.side)


def put(state: State, rows: np.ndarray, slots: np.ndarray) -> None:
    """Evaluate levels: slots of shape (j, 1), the same for all points."""
    own, center = state.setting, state.center[rows]
    found = evaluate(state, rows, state.start[rows] * MULTIPLIERS[slots].astype(own.wide))
    y, h = found.y, found.steps
    if own.side:
        # (±1)ᵐ, so that the coefficient of tᵐ⁻¹ is that of f⁽ᵐ⁾ on either side.
        numbers = companions = (y[0] - center) / (h * own.side**own.scheme.order)
        t = h
    else:
        odd, mean, t = (y[0] - y[1]) / (2 * h), y[0] / 2 + y[1] / 2, h * h
        numbers, companions = (odd, mean) if own.scheme.order % 2 else ((mean - center) / t, odd)
    state.numbers[slots, rows], state.companions[slots, rows], state.t[slots, rows] = numbers, companions, t
    size = np.abs(y)
    size[~np.isfinite(size)] = 0
    state.sizes[slots, rows] = largest = size.max(axis=0)
    state.largest[rows] = np.maximum(state.largest[rows], largest.max(axis=0))


def fresh(state: State, rows: np.ndarray, start: np.ndarray, levels: int) -> None:
    """Begin a new segment."""
    state.start[rows] = start
    state.outermost[rows], state.innermost[rows] = START, START + levels - 1
    state.largest[rows] = np.abs(state.center[rows]) if state.setting.scheme.series.centered else 0
    state.segments[rows] += 1
    state.tested[rows] = False
    put(state, rows, np.arange(START, START + levels)[:, None])


def misfit(state: State, rows: np.ndarray, steps: Any) -> np.ndarray:
    """Return how far the difference of pairs is from that of the line that was found; steps of shape (j, k)."""
    found = evaluate(state, rows, steps)
    return np.abs(found.rise(state.center[rows]) - state.kept.value[rows] * found.steps)
