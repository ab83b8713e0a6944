"""One product with a random vector, by which a matrix of derivatives is checked."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from numdiff.gradients.asked import Asked, powers
from numdiff.gradients.lines import coordinates, directions

__all__ = ["MISSED", "Multiplied", "Products"]

Multiplied = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Takes a direction, of shape (n,); returns its product with a matrix and how far that may be off, of shape (m,)."""

MISSED = 3.0
"""How many bars a product with a matrix may differ from that of f; beyond it the matrix is wrong. Bars of 99 % are
exceeded three times by 0.03 % of slopes."""
LOOKS = 3
"""Directions along which a row has to be off: of 10⁶ right rows then 0.03 are, if the slopes do not depend."""


class Products:
    """The slopes of f along random directions, for products with matrices that are to be its Jacobian.

    A row of a matrix is wrong if it is off along `LOOKS` directions, of which the second is taken only for the rows
    that are off along the first: of thousands of right rows some always are. Slopes are looked for once, for as many
    matrices and doubts as they are asked about.

    Parameters
    ----------
    asked : Asked
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = replace(asked, progress=False, side=None)
        self._base = coordinates(asked.f, asked.x).at_x()
        self._known: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def contradiction(
        self, multiplied: Multiplied, looks: int = LOOKS, has_slopes: bool = False
    ) -> tuple[int, np.generic, np.generic] | None:
        """Return where products with a matrix are not the slopes of f: row, slope and product.

        Parameters
        ----------
        multiplied : callable
            Takes a direction of the type of products.
        looks : int
            Along how many directions a row has to be off.
        has_slopes : bool
            Whether a slope that is not finite contradicts, too.
        """
        rows, first = np.arange(self._base.size), None
        for seed in range(looks):
            move = _random_move(self.asked, seed)
            product, doubt = multiplied(move.astype(self.asked.item.wide))
            slopes, errors = self._slopes(seed, move, rows)
            is_off = np.abs(slopes - product[rows]) > MISSED * (errors + doubt[rows])
            far = np.flatnonzero(is_off | (has_slopes & ~np.isfinite(slopes)))
            if not far.size:
                return None
            first = int(rows[far[0]]), slopes[far[0]], product[rows[far[0]]]
            rows = rows[far]
        return first

    def _slopes(self, seed: int, move: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the slopes of some rows along a direction, and their bars."""
        known, slopes, errors = self._known.get(seed, (np.empty(0, np.intp),) * 3)
        if not np.isin(rows, known).all():
            lines = directions(self.asked.f, self.asked.x, move[None])
            lines.base, lines.size = self._base, self._base.size
            found = list(self.asked.search(lines, rows=None if rows.size == self._base.size else rows))
            known = np.concatenate([own for own, _ in found])
            slopes, errors = (np.concatenate([getattr(part, name) for _, part in found]) for name in ("value", "error"))
            order = np.argsort(known)
            known, slopes, errors = known[order], slopes[order], errors[order]
            self._known[seed] = known, slopes, errors
        places = np.searchsorted(known, rows)
        return slopes[places], errors[places]


def _random_move(asked: Asked, seed: int) -> np.ndarray:
    """Return a direction that moves every coordinate, by about its length, away from the nearer bound."""
    shares = np.random.default_rng(seed).uniform(0.5, 1, asked.x.size)
    return powers(asked.item, asked.inward()) * shares.astype(asked.item.dtype)
