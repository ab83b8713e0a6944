"""One product with a random vector, by which a matrix of derivatives is checked."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from numdiff.gradients.asked import Asked, powers
from numdiff.gradients.lines import coordinates, directions

__all__ = ["MISSED", "contradiction"]

MISSED = 3.0
"""How many bars a product with a matrix may differ from that of f; beyond it the matrix is wrong. Bars of 99 % are
exceeded three times by 0.03 % of slopes."""
LOOKS = 3
"""Directions along which a row has to be off: of 10⁶ right rows then 0.03 are, if the slopes do not depend."""


def contradiction(
    asked: Asked, multiplied: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], has_slopes: bool = False
) -> tuple[int, np.generic, np.generic] | None:
    """Return where products with a Jacobian are not the slopes of f along random directions: row, slope and product.

    A row is named if it is off along `LOOKS` directions, of which the second is taken only for the rows that are off
    along the first: of thousands of right rows some always are.

    Parameters
    ----------
    asked : Asked
    multiplied : callable
        Takes a direction, of shape (n,) and the type of products, and returns its product with the Jacobian and how far
        that may be off, of shape (m,).
    has_slopes : bool
        Whether a slope that is not finite contradicts, too.
    """
    quiet = replace(asked, progress=False, side=None)
    base = coordinates(asked.f, asked.x).at_x()
    rows: np.ndarray | None = None
    first = None
    for seed in range(LOOKS):
        move = _random_move(asked, seed)
        product, doubt = multiplied(move.astype(asked.item.wide))
        lines = directions(asked.f, asked.x, move[None])
        lines.base, lines.size = base, base.size
        off = []
        for own, found in quiet.search(lines, rows=rows):
            is_off = np.abs(found.value - product[own]) > MISSED * (found.error + doubt[own])
            far = np.flatnonzero(is_off | (has_slopes & ~np.isfinite(found.value)))
            off.append(own[far])
            if far.size:
                first = int(own[far[0]]), found.value[far[0]], product[own[far[0]]]
        rows = np.concatenate([*off, np.empty(0, np.intp)])
        if not rows.size:
            return None
    return first


def _random_move(asked: Asked, seed: int) -> np.ndarray:
    """Return a direction that moves every coordinate, by about its length, away from the nearer bound."""
    shares = np.random.default_rng(seed).uniform(0.5, 1, asked.x.size)
    return powers(asked.item, asked.inward()) * shares.astype(asked.item.dtype)
