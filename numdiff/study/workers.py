"""Worker processes: they end with the block that uses them, and with the process that started them, however it ends.

An interruption is a matter of the process that started them. Workers ignore Ctrl-C, which a terminal sends to all
processes; they are killed when the block is left, since nothing that they hold has to be saved; and each watches the
process that started it, so that none goes on alone.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

from numdiff.interruption import SIGNALS

Item = TypeVar("Item")
Result = TypeVar("Result")
Setup = tuple[Callable[..., Any], Sequence[Any]]
"""A function that each worker calls when it starts, and its arguments."""


class WorkerDied(RuntimeError):
    """A worker process has ended by itself: the system was out of memory, or somebody killed it."""


@dataclass(frozen=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection

    def receive(self) -> tuple[str, Any]:
        try:
            return self.pipe.recv()
        except (EOFError, ConnectionError) as error:
            self.process.join()
            raise WorkerDied(f"a worker process has ended (exit code {self.process.exitcode})") from error

    def send(self, item: Any) -> None:
        with contextlib.suppress(BrokenPipeError):  # its end is found when it is asked for the result
            self.pipe.send(item)


def results(
    function: Callable[[Item, Callable[[int], Any]], Result],
    items: Mapping[str, Item],
    number: int,
    setup: Setup,
    done: Callable[[int], Any],
) -> Iterator[tuple[str, Result]]:
    """Call a function of items in worker processes and yield the results as they come.

    Parameters
    ----------
    function : callable
        Of an item and of a function that it tells how much is done; importable, as it goes to other processes.
    items : mapping
        By name, in the order in which they are begun.
    number : int
        Of processes.
    setup : (callable, sequence)
        What each worker calls at its start.
    done : callable
        Is told what the workers tell.

    Yields
    ------
    str, result
        The name of an item, and what the function returned.

    Raises
    ------
    WorkerDied
        If a worker has ended by itself.
    Exception
        What the function raised, with the traceback of the worker as a note.
    """
    waiting = iter(items.items())
    busy: dict[Connection, tuple[_Worker, str]] = {}
    workers: list[_Worker] = []
    try:
        for name, item in islice(waiting, number):
            _start(workers, (function, setup))
            workers[-1].send(item)
            busy[workers[-1].pipe] = workers[-1], name
        while busy:
            for pipe in connection.wait(list(busy)):
                worker, name = busy[pipe]  # type: ignore[index]  # no handles or sockets are among them
                kind, content = worker.receive()
                if kind == "done":
                    done(content)
                    continue
                if kind == "error":
                    raise content
                del busy[worker.pipe]
                if (following := next(waiting, None)) is not None:
                    busy[worker.pipe] = worker, following[0]
                    worker.send(following[1])
                yield name, content
    finally:
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            worker.process.join()
            worker.pipe.close()


def _start(workers: list[_Worker], task: tuple[Callable[..., Any], Setup]) -> None:
    """Start a worker and add it to the list, without an interruption in between."""
    spawn = multiprocessing.get_context("spawn")
    resource_tracker.ensure_running()  # it lets signals through when it starts
    with _no_signals():
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=_work, args=(theirs, *task), daemon=True)
        process.start()
        theirs.close()
        workers.append(_Worker(process, ours))


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
    try:
        setup[0](*setup[1])
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
