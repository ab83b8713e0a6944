"""The work of a kernel in pieces that fit the cache."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

__all__ = ["BLOCK_BYTES", "PointBlock", "blocks"]

BLOCK_BYTES = 524288
"""Bytes of one buffer: few enough that what a block needs stays in the cache, many enough that the fixed cost
of the calls (some 10 µs a block) vanishes beside the work. From half of this to twice as much, a million points of
exp take within 8 % of the same time; half of it cost 7 % more."""


class PointBlock(NamedTuple):
    """A piece of the work."""

    start: int
    """Its place among all points."""
    x: np.ndarray
    h: np.ndarray
    """Without a dimension, or like x."""
    out: np.ndarray | None = None
    """The array of the result; None for a new one."""
    buffer: np.ndarray | None = None
    other: np.ndarray | None = None
    """Two arrays for abscissae; None for new ones."""


def blocks(x: np.ndarray, h: np.ndarray, out: np.ndarray, dtype: np.dtype, blocked: bool) -> Iterator[PointBlock]:
    """Cut the work into blocks: of one dimension in C order, or one in its own shape (at least 1-d).

    Parameters
    ----------
    x, h : ndarray
        Points and steps; they broadcast to the shape of `out`.
    out : ndarray
        For the result.
    dtype : dtype
        Of the abscissae.
    blocked : bool
        False: one block, the whole.
    """
    total, shape = out.size, out.shape
    size = BLOCK_BYTES // dtype.itemsize
    if not total:
        return
    if not blocked or total <= size:
        whole = (total,) if blocked else shape or (1,)
        results = out if shape == whole else out.reshape(whole)
        # Nothing to use again: every abscissa may have an array of its own.
        yield PointBlock(0, _laid_out(x, shape, whole), _laid_out(h, shape, whole) if h.ndim else h, results)
        return
    left, right = np.empty(size, dtype), np.empty(size, dtype)
    points, results = _slices(x, shape), out.reshape(-1)
    steps = _slices(h, shape) if h.ndim else None
    for start in range(0, total, size):
        stop = min(start + size, total)
        n = stop - start
        some = h if steps is None else steps[start:stop]
        yield PointBlock(start, points[start:stop], some, results[start:stop], left[:n], right[:n])


def _laid_out(array: np.ndarray, shape: tuple[int, ...], whole: tuple[int, ...]) -> np.ndarray:
    """Return the array broadcast to `shape`, contiguous, in the shape `whole`: a view where there is one."""
    if not _is_plain(array, shape):
        array = np.array(np.broadcast_to(array, shape), order="C")
    return array if array.shape == whole else array.reshape(whole)


def _slices(array: np.ndarray, shape: tuple[int, ...]) -> Any:
    """Return something with contiguous slices: views where possible, else copies of a block at a time."""
    return array.reshape(-1) if _is_plain(array, shape) else np.broadcast_to(array, shape).flat


def _is_plain(array: np.ndarray, shape: tuple[int, ...]) -> bool:
    flags = array.flags
    return array.shape == shape and flags.c_contiguous and flags.aligned
