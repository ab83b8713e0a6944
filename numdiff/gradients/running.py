"""Running the tasks of a gradient, serially, in threads or by a map of the user, and reporting progress."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any

from numdiff.extras import require_extra
from numdiff.floats.callables import Map
from numdiff.gradients.quotients import MOST_COORDINATES, Columns, Quotients, Span

__all__ = ["Map", "Progress", "check_progress", "reported", "results"]

Progress = bool | Callable[[int, int], object]


def check_progress(progress: Any) -> None:
    """Refuse progress that is neither a bool nor a callable."""
    if not isinstance(progress, bool) and not callable(progress):
        raise TypeError(f"progress must be a bool or a callable of (done, total), got {progress!r:.60}")


def results(columns: Columns, workers: int | Map, watched: bool) -> Iterator[Quotients]:
    """Yield the results of the tasks, as they become available.

    Parameters
    ----------
    columns : Columns
    workers : int or map-like callable
    watched : bool
        Whether progress is reported: then tasks are small.
    """
    start = 0
    if columns.shape is None:  # known after the first coordinate
        result = columns((0, 1))
        yield result
        columns, start = replace(columns, shape=result.shape), 1
    n, alone = columns.x.size, workers == 1
    most = max(1, min(MOST_COORDINATES, n // MOST_COORDINATES))
    if alone and not watched and not columns.vectorized:
        # Not with batches: f may give other last digits in another one, so they depend on nothing but memory.
        most = MOST_COORDINATES
    tasks = columns.tasks(start, most)
    if callable(workers):
        yield from workers(columns, tasks)
    elif alone:
        yield from map(columns, tasks)
    else:
        yield from _threaded(columns, tasks, int(workers))


def _threaded(columns: Columns, tasks: Iterator[Span], workers: int) -> Iterator[Quotients]:
    """Run tasks in threads, in order, with two of them submitted for each thread: the map of a pool submits all."""
    with ThreadPoolExecutor(workers) as pool:
        waiting = deque(pool.submit(columns, task) for task in islice(tasks, 2 * workers))
        try:
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(columns, task) for task in islice(tasks, 1))
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def reported(progress: Progress, total: int) -> Iterator[Callable[[int], object]]:
    """Give a callable that takes the number of coordinates done."""
    if callable(progress):
        yield lambda done: progress(done, total)
        return
    if not progress:
        yield lambda done: None
        return
    require_extra("progress=True", "tqdm")
    from tqdm import tqdm

    with tqdm(total=total, unit="coordinate", disable=None) as bar:
        yield lambda done: bar.update(done - bar.n)
