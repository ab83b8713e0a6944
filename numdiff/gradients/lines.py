r"""Lines through one point: f of many variables as a function of one, for the estimator.

A line is a coordinate, along which xᵢ is replaced by the node, so that the argument of f is exact; or a direction d,
along which the argument is x + t·d, rounded, and x itself is the node t = 0. If f has m values, each of them has
searches of its own on every line, and these share their nodes: f is evaluated once at each.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from numdiff.floats.callables import Map

__all__ = ["BATCH_BYTES", "Lines", "Values", "coordinates", "directions", "rows_of"]

BATCH_BYTES = 126976
"""Bytes of the points that are held at once; of one point, if that has more.

124 KiB, just below the size (128 KiB) from which the usual C library takes an array (the batch, and what f makes of it)
from the system each time and gives it back, so that every page of it faults: with twice as many bytes the Rosenbrock
function of 1000 numbers took up to 2.8 times as long.
"""
_TASKS = 64
"""Pieces of one batch, at most, for a map of the user: how many workers it has is not known."""
_PIECES = 4
"""Pieces of one batch for each thread: calls of f need not take equally long."""


class Values(Protocol):
    """f at some points, as lines call it."""

    @property
    def vectorized(self) -> bool:
        """Whether f takes batches, which are cut by memory alone; otherwise it is given one point at a time."""

    def values(self, points: np.ndarray) -> np.ndarray:
        """Return f at points, an array of shape (b, n) that is f's own to keep; the result has shape (b, m)."""


@dataclass(frozen=True, eq=False)
class _Task:
    """A call of f that can go to a worker: from nodes and the places of their lines to values."""

    f: Values
    x: np.ndarray
    directions: np.ndarray | None

    def __call__(self, work: tuple[int, np.ndarray, np.ndarray]) -> tuple[int, np.ndarray]:
        number, nodes, places = work
        with np.errstate(all="ignore"):  # a thread does not inherit it
            found = [self.f.values(points) for points in self.batches(nodes, places)]
        return number, found[0] if len(found) == 1 else np.concatenate(found)

    def batches(self, nodes: np.ndarray, places: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the points in arrays of shape (b, n): one at a time, or as many as memory allows."""
        rows = rows_of(self.x) if self.f.vectorized else 1
        if rows > 1 or self.directions is not None:
            for first in range(0, nodes.size, rows):
                yield self.points(nodes[first : first + rows], places[first : first + rows])
            return
        copy = self.x[None].copy
        for node, place in zip(nodes.tolist(), places.tolist(), strict=True):  # numbers of Python, or longdoubles
            point = copy()
            point[0, place] = node
            yield point

    def points(self, nodes: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return the points of the nodes, as rows."""
        if self.directions is None:
            points = np.empty((nodes.size, self.x.size), self.x.dtype)
            points[...] = self.x
            points[np.arange(nodes.size), places] = nodes
            return points
        points = nodes[:, None] * self.directions[places]
        points += self.x
        return points


def rows_of(x: np.ndarray) -> int:
    """Return how many points a batch has at most."""
    return max(1, BATCH_BYTES // x.nbytes)


class Lines:
    """Lines through x, as ``numdiff.adaptive.engine.estimate`` calls them.

    Use `coordinates` or `directions`.

    Parameters
    ----------
    f : Values
    x : ndarray of the format, shape (n,)
    places : ndarray of int, shape (lines,)
        The coordinates, or the rows of `moves`.
    moves : ndarray of the format, shape (r, n), or None
        The directions.
    size : int
        m, the number of values of f.

    Attributes
    ----------
    at : ndarray of the format, shape (lines,)
        Where x is on each line.
    evaluations : int
        The points at which f was evaluated.
    largest : ndarray, shape (m,)
        The largest finite size of each value of f that was seen.
    """

    def __init__(
        self, f: Values, x: np.ndarray, places: np.ndarray, moves: np.ndarray | None = None, size: int = 1
    ) -> None:
        self.f, self.x, self.places, self.moves, self.size = f, x, places, moves, size
        self.at = x[places] if moves is None else np.zeros(places.size, x.dtype)
        self.evaluations = 0
        self.largest = np.zeros(size)
        self.base: np.ndarray | None = None
        self._run: Callable[..., Any] = map
        self._pieces = 1
        self._known: dict[tuple[int, Any], int] = {}
        self._rows = np.empty((0, size))

    def at_x(self) -> np.ndarray:
        """Return f at x, of shape (m,); evaluated once."""
        if self.base is None:
            with np.errstate(all="ignore"):
                self.base = self.f.values(self.x[None].copy())[0]
            self.size = self.base.size
            self.evaluations += 1
        return self.base

    def some(self, rows: np.ndarray) -> "Lines":
        """Return some of the lines, with f at x where it is known, and the same workers; their nodes count apart."""
        other = Lines(self.f, self.x, self.places[rows], self.moves, self.size)
        other.base, other._run, other._pieces = self.base, self._run, self._pieces
        return other

    @contextmanager
    def running(self, workers: int | Map) -> Iterator[None]:
        """Evaluate f in threads, or by a map of the user."""
        if not callable(workers) and workers == 1:
            yield
        elif callable(workers):
            self._run, self._pieces = workers, _TASKS
            yield
        else:
            with ThreadPoolExecutor(int(workers)) as pool:
                self._run, self._pieces = pool.map, _PIECES * int(workers)
                yield

    def __call__(self, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return f at nodes; row k + m·l is the k-th value of f on line l."""
        if self.size == 1:
            return self._fresh(nodes, rows)[:, 0]
        lines, outputs = np.divmod(rows, self.size)
        # Searches of one line stand side by side: most of the nodes that are equal are neighbours.
        is_head = np.ones(nodes.size, bool)
        is_head[1:] = (lines[1:] != lines[:-1]) | (nodes[1:] != nodes[:-1])
        heads = np.flatnonzero(is_head)
        slots = self._slots(nodes[heads], lines[heads])
        return np.ascontiguousarray(self._rows[slots[np.cumsum(is_head) - 1], outputs])

    def _slots(self, nodes: np.ndarray, lines: np.ndarray) -> np.ndarray:
        """Return where the values at nodes are kept, after evaluating f at those that are not known."""
        known, keys = self._known, list(zip(lines.tolist(), nodes.tolist(), strict=True))
        new: dict[tuple[int, Any], int] = {}  # the first place of each
        for place, key in enumerate(keys):
            if key not in known:
                new.setdefault(key, place)
        if new:
            places = np.fromiter(new.values(), np.intp, len(new))
            found = self._fresh(nodes[places], lines[places])
            first, last = len(known), len(known) + len(new)
            if last > len(self._rows):
                grown = np.empty((max(last, 2 * first), self.size), found.dtype)
                grown[:first] = self._rows[:first]
                self._rows = grown
            self._rows[first:last] = found
            known.update(zip(new, range(first, last), strict=True))
        return np.fromiter((known[key] for key in keys), np.intp, len(keys))

    def points(self, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the points of nodes on lines, as rows."""
        return _Task(self.f, self.x, self.moves).points(nodes, self.places[rows])

    def forget(self) -> None:
        """Forget all values but that at x."""
        self._known, self._rows = {}, np.empty((0, self.size))

    def _fresh(self, nodes: np.ndarray, lines: np.ndarray) -> np.ndarray:
        """Return f at nodes, of shape (k, m): at x from memory, elsewhere evaluated."""
        is_x = nodes == self.at[lines]
        if not is_x.any():
            return self.evaluated(nodes, lines)
        at_x = self.at_x()
        found = np.empty((nodes.size, self.size), at_x.dtype)
        found[is_x] = at_x
        if not is_x.all():
            found[~is_x] = self.evaluated(nodes[~is_x], lines[~is_x])
        return found

    def evaluated(self, nodes: np.ndarray, lines: np.ndarray) -> np.ndarray:
        """Return f at nodes, of shape (k, m), with all calls that this needs."""
        task, places = _Task(self.f, self.x, self.moves), self.places[lines]
        if not nodes.size:
            return np.empty((0, self.size), self.x.dtype)
        self.evaluations += nodes.size
        if self._pieces == 1:
            return self._seen(task((0, nodes, places))[1])
        works = [(number, nodes[part], places[part]) for number, part in enumerate(self._spans(nodes.size))]
        found: dict[int, np.ndarray] = {}
        for result in self._run(task, works):
            if not (isinstance(result, tuple) and len(result) == 2):
                raise TypeError(f"workers must return what the mapped callable returns, got {result!r:.60}")
            found[result[0]] = result[1]
        if len(found) != len(works):
            raise ValueError(
                f"workers must return one result for each task, got results for {len(found)} of {len(works)}"
            )
        return self._seen(np.concatenate([found[number] for number in range(len(works))]))

    def _seen(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            size = np.abs(values).max(axis=0, initial=0)
            if not np.isfinite(size).all():
                size = np.where(np.isfinite(values), np.abs(values), 0).max(axis=0, initial=0)
            self.largest = np.maximum(self.largest, size)
        return values

    def _spans(self, count: int) -> list[slice]:
        """Cut a batch into pieces: of batches of f only between them."""
        least = rows_of(self.x) if self.f.vectorized else 1
        width = least * max(1, -(-count // (least * self._pieces)))
        return [slice(first, first + width) for first in range(0, count, width)]


def coordinates(f: Values, x: np.ndarray, chosen: Sequence[int] | np.ndarray | None = None) -> Lines:
    """Return the lines along coordinates, all of them by default.

    Parameters
    ----------
    f : Values
    x : ndarray of the format, shape (n,)
    chosen : sequence of int, optional

    Examples
    --------
    >>> class Products:
    ...     vectorized = False
    ...     def values(self, points):
    ...         return points.prod(axis=1, keepdims=True)
    >>> lines = coordinates(Products(), np.array([2.0, 3.0, 4.0]))
    >>> lines(np.array([1.0, 1.0]), np.array([0, 2])).tolist()
    [12.0, 6.0]
    """
    return Lines(f, x, np.arange(x.size) if chosen is None else np.asarray(chosen, np.intp))


def directions(f: Values, x: np.ndarray, moves: np.ndarray) -> Lines:
    """Return the lines x + t·d.

    Parameters
    ----------
    f : Values
    x : ndarray of the format, shape (n,)
    moves : ndarray of the format, shape (r, n)
    """
    return Lines(f, x, np.arange(len(moves)), moves)
