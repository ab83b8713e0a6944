"""Blocks that are yielded as they are measured: what is taken is not held, however many there are."""

import contextlib
import gc
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeAlias

from numdiff.study import executors, workers
from numdiff.study.blocks import Block, Measurement
from numdiff.study.feed import Feed
from numdiff.study.many_points import ManyPoints
from numdiff.study.run import Frames, added_for, is_stable, place_of, register_added
from numdiff.study.run_arguments import check_measurements, check_workers
from numdiff.study.store import Store
from numdiff.study.values import unlike

__all__ = ["stream_blocks"]

EACH, MOST = 2, 32
"""Blocks that may be out for each worker, so that none waits while the first one is being taken; and for an executor,
whose workers are not counted. The frames of a block of 4,000 cells take 2 MB, and all but one of those that are out may
have to wait for it: 32 keep a process below 300 MB, of which 150 are its modules."""

Streamed: TypeAlias = "Block | ManyPoints"


def stream_blocks(
    blocks: Sequence[Streamed],
    *,
    workers: int = 1,
    executor: Executor | None = None,
    store: Store | None = None,
    fresh: bool = False,
    done: Callable[[int], Any] = lambda cells: None,
) -> Generator[Frames, None, None]:
    """Measure blocks in parts and yield the frames of each part, in the order of the parts; nothing is held.

    Parameters
    ----------
    blocks : sequence of Block or ManyPoints
        Of many cells are cut by points into parts of some 8,000; the cut does not depend on the workers.
    workers, executor, store, fresh
        As in `numdiff.study.run.run`. A block of the store is read when its turn comes; a new one is kept when it is
        yielded, so that a run that is killed loses those that were out.
    done : callable
        Is told how many cells are measured; less than 0, how many are lost with a worker that has died.

    Yields
    ------
    dict of DataFrame
        ``records`` and ``skips`` of a part, and with a store ``values``. The skips that hold for all points are those
        of each part.

    Raises
    ------
    ValueError, TypeError, WorkerDied, ForeignWorkerError
        As `numdiff.study.run.run` does.
    """
    check_workers(workers, executor)
    check_measurements("blocks", blocks, store, method="parts")
    added = added_for(map(_sample, blocks)) if workers > 1 or executor is not None else ([], [], [])
    order: deque[tuple[Measurement, bool]] = deque()
    function = _alone if store is None else _with_values

    def missing() -> Iterator[tuple[str, Measurement]]:
        for number, part in enumerate(part for block in blocks for part in block.parts()):
            found = store is not None and _is_stored(store, part, fresh)
            order.append((part, found))
            if not found:
                yield str(number), part

    def stored() -> Iterator[Frames]:
        while store is not None and order and order[0][1]:
            found = store.load_frames(place_of(order.popleft()[0]))
            if found is None:
                raise RuntimeError("a block of the store has changed during the run; repeat the run")
            yield found

    feed = Feed(missing(), MOST if executor is not None else EACH * workers)
    results = _results(function, feed, executor or workers, partial(register_added, *added), done)
    with contextlib.closing(results):
        for frames in feed.in_order(results):
            yield from stored()
            part, _ = order.popleft()
            if store is not None and is_stable(part):
                store.save_frames(place_of(part), frames)
            yield frames
        yield from stored()


def _results(
    function: Callable[..., Frames],
    feed: Feed[Measurement],
    workers_or_executor: Executor | int,
    setup: workers.Setup,
    done: Callable[[int], Any],
) -> Generator[tuple[str, Frames], None, None]:
    """Yield the frames as they come."""
    if workers_or_executor == 1:
        while (given := feed.take()) is not None:
            yield given[0], function(given[1], done)
    elif isinstance(workers_or_executor, int):
        yield from workers.results(function, feed, workers_or_executor, setup, done)
    else:
        for name, frames in executors.results(function, feed, workers_or_executor, setup):
            done(len(frames["records"]))
            yield name, frames


def _sample(block: Streamed) -> Measurement:
    """Return a part of a block: it names what the others name."""
    return next(iter(block.parts()))


def _is_stored(store: Store, part: Measurement, fresh: bool) -> bool:
    """Whether the store has a part, as this machine would measure it."""
    if fresh:
        store.remove_frames(place_of(part))
    if fresh or not is_stable(part) or (frames := store.load_frames(place_of(part))) is None:
        return False
    return not unlike(part.values(), frames["values"])


def _alone(item: Measurement, done: Callable[[int], Any] = lambda cells: None) -> Frames:
    """Measure, and leave no garbage behind.

    The collector is held during a measurement and runs rarely after it, since what it has not seen counts as old: what
    f leaves in cycles would grow with the blocks. To look for it takes one hundredth of the time of a block.
    """
    frames = item.measure(done)
    gc.collect()
    return frames


def _with_values(item: Measurement, done: Callable[[int], Any] = lambda cells: None) -> Frames:
    values = item.values()
    return {**_alone(item, done), "values": values}
