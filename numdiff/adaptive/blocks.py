"""The estimator, run as often as needed: block by block, side by side, for the real and for the imaginary part.

A search keeps some hundred numbers for each of its points. Blocks keep them in the cache, and the memory beside input
and result flat in the number of points.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial

import numpy as np

from numdiff.adaptive import engine
from numdiff.adaptive.arguments import Question
from numdiff.adaptive.calls import Calls, ComplexValues
from numdiff.adaptive.state import among

__all__ = ["BLOCK", "estimated"]

BLOCK = 1 << 14
"""Points of a block: their working memory is some 8 MB, and 10⁴ points are one block, with one call of f a batch."""


def estimated(
    asked: Question, calls: Calls, order: int, budget: int | None, confidence: float
) -> list[engine.Estimates]:
    """Return the estimates for all points: one for a real f, those of the real and of the imaginary part otherwise."""
    ends = {"order": order, "lower": asked.lower, "upper": asked.upper, "budget": budget, "confidence": confidence}
    run = partial(engine.estimate, fmt=asked.fmt, **ends)
    if asked.x.size <= BLOCK and not isinstance(asked.side, np.ndarray):
        return _parts(calls, partial(run, calls, asked.x, noise=asked.noise, side=asked.side))
    found: list[dict[str, np.ndarray]] = []
    for side, own in _pieces(asked):
        noise = None if asked.noise is None else asked.noise[own]
        parts = _parts(calls, partial(run, partial(among, calls, own), asked.x[own], noise=noise, side=side))
        found = found or [{} for _ in parts]
        for whole, part in zip(found, parts, strict=True):
            for field in fields(part):
                values = getattr(part, field.name)
                whole.setdefault(field.name, np.empty(asked.x.shape, values.dtype))[own] = values
    return [engine.Estimates(**whole) for whole in found]


def _pieces(asked: Question) -> Iterator[tuple[int, np.ndarray]]:
    """Yield blocks of points that have their nodes on the same side."""
    sides = np.broadcast_to(asked.side, asked.x.shape)
    for side in np.unique(sides):
        own = np.flatnonzero(sides == side)
        for start in range(0, own.size, BLOCK):
            yield int(side), own[start : start + BLOCK]


def _parts(calls: Calls, run: Callable[[], engine.Estimates]) -> list[engine.Estimates]:
    """Return what a search gives; two of it once f is known to be complex."""
    if not calls.part:
        try:
            return [run()]
        except ComplexValues:
            pass
    found = []
    for part in ("real", "imag"):
        calls.part = part
        found.append(run())
    calls.forget()
    return found
