"""Difference quotients of some coordinates: calls of f near x, one point or a batch at a time, and their combination.

A point is a new copy of x in which one coordinate is another number. A working copy that is changed and restored
would save the copying, which costs O(n) like every f that reads its argument; but an f that keeps its argument (to
compare the next one with it, or in a list) would see it modified in place, and be wrong without a word.
The copy is read-only, like every array that this project hands to a function under test.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from numdiff.floats.call import explain, handed, numbers_of
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas import parts
from numdiff.formulas.stencil import Stencil
from numdiff.gradients.steps import Steps

__all__ = ["BATCH_BYTES", "Columns", "Quotients", "Span"]

BATCH_BYTES = 126976
"""Bytes of the points, and of the values, that are held at once; of one point, if that has more.

124 KiB, just below the size (128 KiB) from which the usual C library takes an array (the batch, and what f makes of it)
from the system each time and gives it back, so that every page of it faults: with twice as many bytes the Rosenbrock
function of 1000 numbers took up to 2.8 times as long.
"""

MOST_COORDINATES = 256
"""Coordinates of one task, at most, where f takes one point at a time. With workers or a progress callback there are
about as many tasks as that, for short waits and equal shares."""

Span = tuple[int, int]
"""The coordinates of one task: from the first number to before the second, in the order of the flat x."""


class Quotients(NamedTuple):
    """The result of a task."""

    start: int
    stop: int
    shape: tuple[int, ...]  # of f(x)
    rows: np.ndarray  # (coordinates, size of f(x))
    failures: int  # coordinates whose quotient is not finite
    first: str  # what happened at the first of them


@dataclass(frozen=True, eq=False)
class Columns:
    """The difference quotients of some coordinates: a callable of a task that pickles if f does.

    Parameters
    ----------
    f : callable
    format_name : str
    x : ndarray, contiguous, of the format
    steps : Steps
    stencil : Stencil
    shape : tuple of int or None
        The shape of f(x), as far as it is known.
    scalar : bool
        Whether f has to return a scalar.
    vectorized : bool
    base : ndarray of shape (1, size of f(x)) or None
        f(x), for a stencil with the offset 0.
    """

    f: Callable[[Any], Any]
    format_name: str
    x: np.ndarray
    steps: Steps
    stencil: Stencil
    shape: tuple[int, ...] | None
    scalar: bool
    vectorized: bool
    base: np.ndarray | None = None

    def __call__(self, task: Span) -> Quotients:
        """Evaluate f at the nodes of the coordinates of a task and combine the values."""
        start, stop = task
        h = self.steps.block(start, stop)
        with np.errstate(over="ignore", under="ignore"):
            nodes = parts.abscissae(self.stencil, self.x.reshape(-1)[start:stop], h)
        shape, values = self._values(start, nodes)
        with np.errstate(all="ignore"):  # values that are not finite are reported once, with the coordinate
            rows = parts.combine(self.stencil, values, h[:, None])
            finite = np.isfinite(rows)
        if finite.all():
            return Quotients(start, stop, shape, rows, 0, "")
        finite = finite.all(axis=1)
        return Quotients(start, stop, shape, rows, int(np.count_nonzero(~finite)), self._failure(start, finite, values))

    def tasks(self, start: int, most: int) -> Iterator[Span]:
        """Cut the coordinates from `start` on into tasks of at most `most`, and of bounded memory for the values.

        Of batches a task is a full one at least: its points are what the caller may not divide.
        """
        points = sum(c != 0 for c in self.stencil.offsets)
        if self.vectorized:
            most = max(most, self._batch_size() // points)
        value_bytes = self.x.itemsize * (1 if self.shape is None else max(1, math.prod(self.shape)))
        width = max(1, min(most, BATCH_BYTES // (points * value_bytes)))
        return ((k, min(k + width, self.x.size)) for k in range(start, self.x.size, width))

    def _batch_size(self) -> int:
        """Return how many points a batch has at most."""
        return max(1, BATCH_BYTES // self.x.nbytes)

    def at_x(self) -> tuple[tuple[int, ...], np.ndarray]:
        """Evaluate f at x itself, and return the shape of f(x) and f(x) as one row."""
        first = self.x.reshape(-1)[:1]
        return (self._batches if self.vectorized else self._each)(0, [first])

    def _values(self, start: int, nodes: Sequence[np.ndarray]) -> tuple[tuple[int, ...], list[np.ndarray]]:
        """Return the shape of f(x) and for each node the values, (coordinates, size)."""
        moved = [at for c, at in zip(self.stencil.offsets, nodes, strict=True) if c]
        shape, found = (self._batches if self.vectorized else self._each)(start, moved)
        rows = iter(found.reshape(len(moved), moved[0].size, found.shape[1]))
        zero = self.base if self.base is not None else found[:0]
        return shape, [next(rows) if c else zero for c in self.stencil.offsets]

    def _each(self, start: int, nodes: Sequence[np.ndarray]) -> tuple[tuple[int, ...], np.ndarray]:
        """Call f once for each node of each coordinate; every value is taken out before f is called again."""
        item = FORMATS[self.format_name]
        shape, results = self.shape, self._results(item, start, nodes)
        count = sum(at.size for at in nodes)
        if shape is None:
            rows: list[np.ndarray] = []
            for y in results:
                rows.append(self._accepted(y, item, shape).copy())
                shape = rows[0].shape
            return rows[0].shape, np.stack(rows).reshape(count, rows[0].size)
        out: np.ndarray = np.empty((count, *shape), item.dtype)
        quick = item.dtype.type if self.scalar else None
        for row, y in enumerate(results):
            out[row] = y if type(y) is quick else self._accepted(y, item, shape)
        return shape, out.reshape(count, math.prod(shape))

    def _results(self, item: FloatFormat, start: int, nodes: Sequence[np.ndarray]) -> Iterator[Any]:
        """Yield what f returns for each node of each coordinate."""
        f, copy = self.f, self.x.copy
        one_dimension = self.x.ndim == 1
        try:
            for at in nodes:
                for place, number in enumerate(at.tolist(), start):  # numbers of Python, or longdoubles: exact
                    point = copy()
                    if one_dimension:
                        point[place] = number
                    else:
                        point.flat[place] = number
                    yield f(handed(item, point))
        except (ValueError, TypeError) as error:
            explain(error, f)
            raise

    def _batches(self, start: int, nodes: Sequence[np.ndarray]) -> tuple[tuple[int, ...], np.ndarray]:
        """Call f with batches of the nodes of all coordinates."""
        width, shape = nodes[0].size, self.shape
        numbers, places = np.concatenate(nodes), np.tile(np.arange(start, start + width), len(nodes))
        found, first = [], 0
        while first < numbers.size:
            part = slice(first, first + self._batch_size())
            shape, values = self._batch(places[part], numbers[part], shape)
            found.append(values)
            first += len(values)
        return shape or (), found[0] if len(found) == 1 else np.concatenate(found)

    def _batch(
        self, places: np.ndarray, numbers: np.ndarray, shape: tuple[int, ...] | None
    ) -> tuple[tuple[int, ...], np.ndarray]:
        """Call f with one batch: in its k-th point the coordinate places[k] is numbers[k]."""
        item, count = FORMATS[self.format_name], numbers.size
        points = np.empty((count, self.x.size), item.dtype)
        points[...] = self.x.reshape(-1)
        points[np.arange(count), places] = numbers
        batch = points.reshape(count, *self.x.shape)
        try:
            y = self.f(handed(item, batch))
        except (ValueError, TypeError) as error:
            explain(error, self.f)
            raise
        y = self._accepted(y, item, None if shape is None else (count, *shape))
        if y.shape[:1] != (count,):
            raise ValueError(
                f"f must return {count} values for {count} points (vectorized=True), got an array of shape {y.shape}"
            )
        return y.shape[1:], y.reshape(count, math.prod(y.shape[1:])).copy()

    def _accepted(self, y: Any, item: FloatFormat, shape: tuple[int, ...] | None) -> np.ndarray:
        """Return what f returned as an array of the format, or say what is wrong with it."""
        array = numbers_of(item, y)
        if shape is None or array.shape == shape:
            return array
        if self.scalar:
            each = f" of {shape[0]} values, one for each point," if shape else ""
            wanted = f"an array{each}" if self.vectorized else "a scalar"
            raise ValueError(
                f"f must return {wanted} for a gradient, got an array of shape {array.shape}; use jacobian for a "
                "function with several values"
            )
        raise ValueError(f"f must return the same shape for every point, {shape}, got {array.shape}")

    def _failure(self, start: int, finite: np.ndarray, values: Sequence[np.ndarray]) -> str:
        """Say what happened at the first coordinate whose quotient is not finite."""
        place = int(np.argmin(finite))
        index = tuple(map(int, np.unravel_index(start + place, self.x.shape)))
        for offset, y in zip(self.stencil.offsets, values, strict=True):
            row = y[place if len(y) > 1 else 0]
            bad = ~np.isfinite(row)
            if bad.any():
                return f"at index {index}, where f(x + c*h) with c = {offset} is {row[bad][0]!s}"
        return f"at index {index}, where the quotient of finite values overflows {self.format_name}"
