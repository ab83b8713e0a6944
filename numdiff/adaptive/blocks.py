"""The estimator, run as often as needed: block by block, side by side, for the real and for the imaginary part.

A search keeps some hundred numbers for each of its points. Blocks keep them in the cache, and the memory beside input
and result flat in the number of points.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np

from numdiff.adaptive import engine
from numdiff.adaptive.arguments import Question
from numdiff.adaptive.calls import Calls, ComplexValues
from numdiff.adaptive.ladder import Scheme
from numdiff.adaptive.state import among

__all__ = ["BLOCK", "estimated"]

BLOCK = 1 << 14
"""Points of a block: their working memory is some 8 MB, and 10⁴ points are one block, with one call of f a batch."""


def estimated(
    asked: Question, calls: Calls, order: int, budget: int | None, confidence: float
) -> list[engine.Estimates]:
    """Return the estimates for all points: one for a real f, those of the real and of the imaginary part otherwise."""
    ends = {"order": order, "lower": asked.lower, "upper": asked.upper, "confidence": confidence}
    run = partial(engine.estimate, fmt=asked.fmt, **ends)

    def parts_of(side: int, **options: Any) -> list[engine.Estimates]:
        shared = engine.first_evaluations(asked.fmt, Scheme(order, side != 0))
        return _parts(calls, partial(run, side=side, **options), budget, shared)

    if asked.x.size <= BLOCK and not isinstance(asked.side, np.ndarray):
        return parts_of(asked.side, call=calls, x=asked.x, noise=asked.noise)
    found: list[dict[str, np.ndarray]] = []
    for side, own in _pieces(asked):
        noise = None if asked.noise is None else asked.noise[own]
        parts = parts_of(side, call=partial(among, calls, own), x=asked.x[own], noise=noise)
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


def _parts(
    calls: Calls, run: Callable[..., engine.Estimates], budget: int | None, shared: int
) -> list[engine.Estimates]:
    """Return what a search gives; two of it once f is known to be complex.

    Nodes of both parts are evaluated once, and the first ones, `shared` of them, are nodes of both. The real part may
    take half of the others, and the imaginary part what is left of the budget.
    """
    if not calls.part:
        try:
            return [run(budget=budget)]
        except ComplexValues:
            pass
    calls.part = "real"
    real = run(budget=None if budget is None else (budget + shared) // 2)
    calls.part = "imag"
    imaginary = run(budget=None if budget is None else budget + shared - real.evaluations)
    calls.forget()
    return [real, imaginary]
