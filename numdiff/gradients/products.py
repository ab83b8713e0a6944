"""One product with a random vector, by which a matrix of derivatives is checked."""

from dataclasses import replace
from typing import Any

import numpy as np

from numdiff.gradients.asked import Asked, powers
from numdiff.gradients.lines import directions

__all__ = ["MISSED", "contradiction", "random_move", "wide_of"]

MISSED = 3.0
"""How many bars a product with a matrix may differ from that of f; beyond it the matrix is wrong. Bars of 99 % are
exceeded three times by 0.03 % of slopes."""


def wide_of(asked: Asked) -> Any:
    """Return the type in which products are formed."""
    return np.longdouble if asked.item.precision > 53 else np.float64


def random_move(asked: Asked) -> np.ndarray:
    """Return a direction that moves every coordinate, by about its length, away from the nearer bound."""
    shares = np.random.default_rng(0).uniform(0.5, 1, asked.x.size)
    return powers(asked.item, asked.inward()) * shares.astype(asked.item.dtype)


def contradiction(
    asked: Asked, move: np.ndarray, product: np.ndarray, doubt: np.ndarray
) -> tuple[int, np.generic, np.generic] | None:
    """Return where a product with the Jacobian is not the slope of f along the direction.

    Parameters
    ----------
    asked : Asked
    move : ndarray of the format, shape (n,)
    product, doubt : ndarray, shape (m,)
        The product, and how far it may be off.

    Returns
    -------
    tuple of int and two numbers, or None
        The first row of the first block, the slope of f, and the product.
    """
    lines = directions(asked.f, asked.x, move[None])
    lines.at_x()
    for rows, found in replace(asked, progress=False, side=None).search(lines):
        off = np.abs(found.value - product[rows]) > MISSED * (found.error + doubt[rows])
        if off.any():
            k = int(np.argmax(off))
            return int(rows[k]), found.value[k], product[rows[k]]
    return None
