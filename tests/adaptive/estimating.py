"""Calls of the estimator as the tests make them, with what it asked f for."""

from collections.abc import Callable
from typing import Any

import numpy as np

from numdiff.adaptive.engine import Estimates, estimate
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS


class Asked:
    """A function that keeps its nodes and the rows of their points.

    Parameters
    ----------
    f : callable
    fmt : FloatFormat
    """

    def __init__(self, f: Callable[..., Any], fmt: Any) -> None:
        self.f, self.fmt = f, fmt
        self.nodes: list[np.ndarray] = []
        self.rows: list[np.ndarray] = []

    def __call__(self, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        assert nodes.dtype == self.fmt.dtype
        assert nodes.ndim == 1
        assert nodes.flags.c_contiguous
        assert rows.shape == nodes.shape
        self.nodes.append(nodes.copy())
        self.rows.append(rows.copy())
        return evaluate(self.fmt, self.f, nodes)

    def counts(self, n: int) -> np.ndarray:
        """Return how often f was evaluated for each point."""
        return np.bincount(np.concatenate([np.empty(0, int), *self.rows]), minlength=n)

    def all_nodes(self) -> np.ndarray:
        """Return all nodes."""
        return np.concatenate(self.nodes)


def estimated(f: Callable[..., Any], x: Any, name: str = "float64", **options: Any) -> Estimates:
    """Return the estimates of f at points x of a format, with the evaluations counted."""
    fmt = FORMATS[name]
    at = fmt.as_array(np.atleast_1d(np.asarray(x)))
    asked = Asked(f, fmt)
    found = estimate(asked, at, fmt, **options)
    assert found.evaluations.tolist() == asked.counts(at.size).tolist()
    return found


def same(left: Estimates, right: Estimates) -> bool:
    """Return whether two estimates are equal to the last bit."""
    return all(np.array_equal(getattr(left, k), getattr(right, k), equal_nan=True) for k in vars(left))
