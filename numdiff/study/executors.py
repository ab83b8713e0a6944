"""Measurements on any executor: threads, other processes, or the machines that a cluster reaches.

What arrives at a worker is an item that carries names, and a proof of who sent it. The worker makes the same proof of
itself before it measures: the key of the item, which is a digest of the code that answers and of its libraries, and
digests of NumPy's elementary functions. Where one is another, the records would be those of another program or of
another machine, and the worker refuses. It answers with the frames as bytes of Arrow, which are the same wherever they
were made; one measurement at a time is made in a process, for the exact engines have one precision a process.
"""

import functools
import hashlib
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from numdiff.study.blocks import Measurement
from numdiff.study.conditions import conditions
from numdiff.study.feed import Feed
from numdiff.study.values import fingerprints
from numdiff.study.workers import Setup, WorkerDied

__all__ = ["ForeignWorkerError", "Proof", "proof_of", "results"]

SENT = 512
"""Items that are sent and not yet answered, at most: enough for as many workers, and few beside the items of a large
run, each of which would lie in the memory of the scheduler."""

_ONE_AT_A_TIME = threading.Lock()


class ForeignWorkerError(RuntimeError):
    """A worker runs other code, other versions, or on a machine whose elementary functions return other values."""


@dataclass(frozen=True)
class Proof:
    """What has to be the same where an item is measured.

    Parameters
    ----------
    key : str
        Of the item, as it is made of code and versions where the proof is made.
    facts : dict of str to str
        Versions, and a digest of the elementary functions, by name: they say what differs.
    """

    key: str
    facts: Mapping[str, str]


@functools.cache
def _facts() -> Mapping[str, str]:
    """Return what all items of a process have in common."""
    version = ".".join(map(str, sys.version_info[:3]))
    known = conditions("numdiff.study.blocks")
    functions = hashlib.sha256(json.dumps(fingerprints(), sort_keys=True).encode()).hexdigest()
    return {
        "python": version,
        **known["libraries"],
        "the code of numdiff": known["code"][:12],
        "the elementary functions": functions[:12],
    }


def proof_of(item: Measurement) -> Proof:
    """Return the proof of this process for an item."""
    return Proof(item.key(), _facts())


def _check(item: Measurement, proof: Proof) -> None:
    """Compare a proof with that of this process.

    Raises
    ------
    ForeignWorkerError
        If it is another one; what differs is named.
    """
    here = proof_of(item)
    if here == proof:
        return
    names = dict.fromkeys([*proof.facts, *here.facts])
    other = [name for name in names if proof.facts.get(name) != here.facts.get(name)]
    said = ", ".join(f"{name} {here.facts.get(name)} instead of {proof.facts.get(name)}" for name in other)
    raise ForeignWorkerError(
        f"a worker on {socket.gethostname()} is refused: it has {said or 'other code of the measurement'}"
    )


def _measured_there(
    function: Callable[..., Mapping[str, pd.DataFrame]], item: Measurement, proof: Proof, setup: Setup
) -> dict[str, bytes]:
    """Be a worker: check the proof, measure, and return the frames as bytes."""
    with _ONE_AT_A_TIME:
        setup()
        _check(item, proof)
        return {name: _bytes_of(frame) for name, frame in function(item).items()}


def _bytes_of(frame: pd.DataFrame) -> bytes:
    table, stream = pa.Table.from_pandas(frame, preserve_index=False), pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return bytes(stream.getvalue().to_pybytes())


def _frame_of(data: bytes) -> pd.DataFrame:
    return pa.ipc.open_stream(data).read_all().to_pandas()


def results(
    function: Callable[..., Mapping[str, pd.DataFrame]],
    items: Mapping[str, Measurement] | Feed[Any],
    executor: Executor,
    setup: Setup,
) -> Iterator[tuple[str, dict[str, pd.DataFrame]]]:
    """Call a function of items on an executor and yield the frames as they come.

    Parameters
    ----------
    function : callable
        Of an item; importable, as it goes to other processes.
    items : mapping or Feed
        By name, in the order in which they are sent.
    executor : concurrent.futures.Executor
        It is not shut down. What is still waiting is cancelled when the iteration is left.
    setup : callable
        What is called before each item; a `functools.partial`, as Dask once took a tuple of a callable and what it is
        given for a task of its own.

    Yields
    ------
    str, dict of DataFrame
        The name of an item, and its frames by name.

    Raises
    ------
    ValueError
        If the executor was shut down before.
    WorkerDied
        If the executor has lost its workers for good: a pool whose process was killed is broken and says so; a
        cluster sends an item again, as often as it is configured to.
    ForeignWorkerError
        If a worker is refused.
    Exception
        What the function raised.
    """
    feed, sent = items if isinstance(items, Feed) else Feed(items), dict[Future[dict[str, bytes]], str]()
    try:
        while True:
            while len(sent) < SENT and (given := feed.take()) is not None:
                name, item = given
                sent[_submitted(executor, function, item, setup)] = name
            if not sent:
                return
            done = wait(sent, return_when=FIRST_COMPLETED).done
            while done:
                future = done.pop()
                name = sent.pop(future)
                answer = _answer(future)
                del future  # it holds the answer, and others may have to wait for their turn
                yield name, {part: _frame_of(data) for part, data in answer.items()}
    finally:
        for future in sent:
            future.cancel()


def _submitted(executor: Executor, function: Callable[..., Any], item: Measurement, setup: Setup) -> Future[Any]:
    try:
        return executor.submit(_measured_there, function, item, proof_of(item), setup)
    except BrokenExecutor as error:
        raise WorkerDied(_lost(error)) from error
    except RuntimeError as error:
        if "shutdown" not in str(error) and "closed" not in str(error):
            raise
        raise ValueError(f"executor must be open, got {executor!r:.60}, which was shut down") from error


def _answer(future: Future[dict[str, bytes]]) -> dict[str, bytes]:
    lost: tuple[type[BaseException], ...] = (BrokenExecutor, CancelledError, *_killed())
    try:
        return future.result()
    except lost as error:
        raise WorkerDied(_lost(error)) from error


def _killed() -> Sequence[type[BaseException]]:
    """Return what Dask raises where workers died over one item as often as it tries, if Dask is loaded."""
    distributed = sys.modules.get("distributed")
    return () if distributed is None else (distributed.KilledWorker,)


def _lost(error: BaseException) -> str:
    said = str(error).strip().partition("\n")[0]
    return f"the executor has lost its workers ({type(error).__name__}{': ' * bool(said)}{said})"
