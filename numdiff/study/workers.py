"""Worker processes: they end with the block that uses them, and with the process that started them, however it ends.

An interruption is a matter of the process that started them. Workers ignore Ctrl-C, which a terminal sends to all
processes; they are killed when the block is left, since nothing that they hold has to be saved; and each watches the
process that started it, so that none goes on alone. A worker that dies is replaced, and what it was at is done again.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

from numdiff.interruption import SIGNALS
from numdiff.study.feed import Feed

Item = TypeVar("Item")
Result = TypeVar("Result")
Setup = Callable[[], Any]
"""A function that each worker calls when it starts."""

ATTEMPTS = 3
"""Workers that may die over one item. Somebody who kills one, or a system that is out of memory for a moment, does not
take three over the same item; an item that takes all memory does, and is not tried for ever."""


class WorkerDied(RuntimeError):
    """Worker processes have ended by themselves: the system was out of memory, or somebody killed them."""


@dataclass(eq=False)
class _Worker:
    """A process, and what it is at: an item by name, and how much of it is done as it has told."""

    process: SpawnProcess
    pipe: Connection
    name: str = ""
    item: Any = None
    told: int = 0

    def receive(self) -> tuple[str, Any]:
        try:
            return self.pipe.recv()
        except (EOFError, OSError) as error:  # at the end of a message, or in the middle of one
            self.process.join()
            raise WorkerDied(f"a worker process has ended (exit code {self.process.exitcode})") from error

    def begin(self, name: str, item: Any) -> None:
        self.name, self.item, self.told = name, item, 0
        with contextlib.suppress(BrokenPipeError):  # its end is found when it is asked for the result
            self.pipe.send(item)


def results(
    function: Callable[[Item, Callable[[int], Any]], Result],
    items: Mapping[str, Item] | Feed[Item],
    number: int,
    setup: Setup,
    done: Callable[[int], Any],
) -> Iterator[tuple[str, Result]]:
    """Call a function of items in worker processes and yield the results as they come.

    Parameters
    ----------
    function : callable
        Of an item and of a function that it tells how much is done; importable, as it goes to other processes.
    items : mapping or Feed
        By name, in the order in which they are begun.
    number : int
        Of processes, at most; no more are started than there are items.
    setup : callable
        What each worker calls at its start; importable, or a `functools.partial`.
    done : callable
        Is told what the workers tell; and, less than 0, how much is lost with a worker that has died.

    Yields
    ------
    str, result
        The name of an item, and what the function returned.

    Raises
    ------
    WorkerDied
        If `ATTEMPTS` workers have ended by themselves over the same item.
    Exception
        What the function raised, with the traceback of the worker as a note.
    """
    feed = items if isinstance(items, Feed) else Feed(items)
    pool = _Pool(function, setup, number)
    try:
        pool.fill(feed)
        while pool.busy:
            for worker in pool.ready():
                name = worker.name
                try:
                    kind, content = worker.receive()
                except WorkerDied as error:
                    pool.replace(worker, error)
                    kind, content = "done", -worker.told
                if kind == "error":
                    raise content
                if kind == "done":
                    worker.told += content
                    done(content)
                    continue
                pool.release(worker)
                pool.fill(feed)
                yield name, content
                del content  # before the next one comes
                pool.fill(feed)  # now that this one is taken, there may be more to do
    finally:
        pool.end()


class _Pool:
    """Workers, and which of them are at an item."""

    def __init__(self, function: Callable[..., Any], setup: Setup, number: int) -> None:
        self._task, self._number = (function, setup), number
        self._workers: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._deaths = Counter[str]()
        self.busy: dict[Connection, _Worker] = {}

    def start(self) -> _Worker:
        """Start a worker, without an interruption before it is known."""
        spawn = multiprocessing.get_context("spawn")
        resource_tracker.ensure_running()  # it lets signals through when it starts
        with _no_signals():
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_work, args=(theirs, *self._task), daemon=True)
            process.start()
            theirs.close()
            self._workers.append(_Worker(process, ours))
        return self._workers[-1]

    def fill(self, feed: Feed[Any]) -> None:
        """Send items to workers as long as there are both; workers are started when there is an item for them."""
        while (self._idle or len(self.busy) < self._number) and (given := feed.take()) is not None:
            self._begin(self._idle.pop() if self._idle else self.start(), *given)

    def release(self, worker: _Worker) -> None:
        """Note that a worker has done its item."""
        del self.busy[worker.pipe]
        worker.item = None
        self._idle.append(worker)

    def _begin(self, worker: _Worker, name: str, item: Any) -> None:
        worker.begin(name, item)
        self.busy[worker.pipe] = worker

    def ready(self) -> list[_Worker]:
        """Wait until workers have something to say, or have died, and return them."""
        return [self.busy[pipe] for pipe in connection.wait(list(self.busy))]  # type: ignore[index]  # only pipes

    def replace(self, worker: _Worker, error: WorkerDied) -> None:
        """Let another worker do what one was at when it died."""
        self._deaths[worker.name] += 1
        if self._deaths[worker.name] == ATTEMPTS:
            raise WorkerDied(f"{error}, and so have {ATTEMPTS - 1} before it over the same item") from error
        del self.busy[worker.pipe]
        self._begin(self.start(), worker.name, worker.item)

    def end(self) -> None:
        """Kill all workers."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()


@contextlib.contextmanager
def _no_signals() -> Iterator[None]:
    """Hold back the signals that interrupt; a process that is started inherits that."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: Connection, function: Callable[..., Any], setup: Setup) -> None:
    """Be a worker: answer one item after another, until the process that started this one is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    sys.stdout = sys.stderr  # what a function prints is no output of the process that asks for its values
    try:
        setup()
        while True:
            item = pipe.recv()
            pipe.send(("result", function(item, lambda cells: pipe.send(("done", cells)))))
    except (EOFError, ConnectionError):  # nobody listens any more
        return
    except Exception as error:
        pipe.send(("error", _portable(error)))


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _portable(error: Exception) -> Exception:
    """Return an error that another process can raise, with its traceback as a note."""
    note = f"In a worker process:\n{''.join(traceback.format_exception(error)).rstrip()}"
    try:
        error.add_note(note)
        again = pickle.loads(pickle.dumps(error))
        return again if isinstance(again, Exception) else error
    except Exception:
        lost = RuntimeError(f"{type(error).__name__}: {error}")
        lost.add_note(note)
        return lost
