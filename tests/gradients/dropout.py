"""Functions with dropout, as networks have them: each call leaves out other terms, and a check has to refuse them."""

import numpy as np

from numdiff.gradients import check_gradient

__all__ = ["is_refused"]


def is_refused(rate: float, directions: int, seed: int) -> bool:
    """Return whether a function whose terms are left out at a rate is refused, with the words that say why."""
    chance, x = np.random.default_rng(1000 + seed), np.random.default_rng(seed).standard_normal(8)

    def f(v: np.ndarray) -> np.floating:
        return (v * v * (chance.random(8) >= rate) / (1 - rate)).sum() + (v**3).sum()

    try:
        check_gradient(f, lambda v: 2 * v + 3 * v * v, x, seed=seed, directions=directions)
    except ValueError as error:
        if "f must be deterministic" not in str(error):
            raise
        return True
    return False
