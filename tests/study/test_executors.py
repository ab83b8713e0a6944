"""Executors: threads, processes and a cluster give the bytes of a serial run, also when their workers are killed."""

import asyncio
import contextlib
import dataclasses
import functools
import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import numdiff as nd
from numdiff.study import cluster as cluster_module
from numdiff.study import executors
from numdiff.study.blocks import Block, blocks_of
from numdiff.study.cluster import executor_at
from numdiff.study.executors import ForeignWorkerError, Proof, proof_of
from numdiff.study.run import Measured, run, run_blocks
from numdiff.study.store import Store
from numdiff.study.sweep import Sweep
from numdiff.study.workers import WorkerDied

NAMES = ("exp", "square", "runge", "tanh", "sigmoid", "composition")
SWEEP = Sweep("small", NAMES, ("forward", "centered"), ("float16", "float64", "float80"), last_step=12)


def csv_of(found: list[Measured]) -> list[tuple[str, str, str]]:
    return [(m.records.to_csv(), m.skips.to_csv(), m.values.to_csv()) for m in found]


@pytest.fixture(scope="module")
def blocks() -> list[Block]:
    return blocks_of(SWEEP, "arb")


@pytest.fixture(scope="module")
def serial(blocks: list[Block]) -> list[tuple[str, str, str]]:
    return csv_of(run_blocks(blocks, progress=False))


def processes(number: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(number, mp_context=get_context("spawn"))


@pytest.mark.parametrize("make", [functools.partial(ThreadPoolExecutor, 4), functools.partial(processes, 2)])
def test_an_executor_gives_the_bytes_of_a_serial_run(
    make: Any, blocks: list[Block], serial: list[tuple[str, str, str]]
) -> None:
    with make() as executor:
        assert csv_of(run_blocks(blocks, executor=executor, progress=False)) == serial


def test_frames_of_an_executor_are_stored_and_found_again(
    tmp_path: Path, blocks: list[Block], serial: list[tuple[str, str, str]]
) -> None:
    store = Store(tmp_path)
    with ThreadPoolExecutor(2) as executor:
        run_blocks(blocks, executor=executor, store=store, progress=False)
    with ThreadPoolExecutor(1) as executor:
        executor.shutdown()
        assert csv_of(run_blocks(blocks, executor=executor, store=store, progress=False)) == serial


def test_one_measurement_at_a_time_is_made_in_a_process() -> None:
    inside: list[int] = []
    at_once: list[int] = []

    class Watched(Nothing):
        def measure(self, done: Any) -> dict[str, pd.DataFrame]:
            inside.append(1)
            at_once.append(len(inside))
            time.sleep(0.01)
            inside.pop()
            return super().measure(done)

    with ThreadPoolExecutor(4) as executor:
        run([Watched(name) for name in "abcdefgh"], executor=executor, progress=False)
    assert at_once == [1] * 8


@dataclasses.dataclass(frozen=True)
class Nothing:
    """Something to measure that takes no time."""

    name: str

    cells = 1

    def key(self) -> str:
        return self.name

    def values(self) -> pd.DataFrame:
        return pd.DataFrame({"subject": [self.name], "format": ["float64"], "digest": ["0"]})

    def measure(self, done: Any) -> dict[str, pd.DataFrame]:
        return {"found": pd.DataFrame({"name": [self.name], "value": [np.float32(0.1)], "word": ["ä"]})}


def test_frames_come_back_as_they_were() -> None:
    here = run([Nothing("a")], progress=False)[0]["found"]
    with ThreadPoolExecutor(1) as executor:
        there = run([Nothing("a")], executor=executor, progress=False)[0]["found"]
    pd.testing.assert_frame_equal(there, here)


def test_no_more_than_some_items_lie_in_the_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "SENT", 3)
    most, sent = [0], [0]

    class Counting(ThreadPoolExecutor):
        def submit(self, *args: Any, **kwargs: Any) -> Any:
            future = super().submit(*args, **kwargs)
            sent[0] += 1
            most[0] = max(most[0], sent[0])
            future.add_done_callback(lambda _: sent.__setitem__(0, sent[0] - 1))
            return future

    with Counting(1) as executor:
        found = run([Nothing(str(k)) for k in range(20)], executor=executor, progress=False)
    assert [frames["found"]["name"][0] for frames in found] == [str(k) for k in range(20)]
    assert most[0] <= 3


# --- what is refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [("numpy", "numpy .* instead of 0"), ("the elementary functions", "the elementary functions .* instead of 0")],
)
def test_worker_that_is_not_like_the_sender_is_refused(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch, blocks: list[Block]
) -> None:
    honest = proof_of

    def other(item: Any) -> Proof:
        proof = honest(item)
        inside = threading.current_thread() is not threading.main_thread()
        return proof if inside else Proof(proof.key, {**proof.facts, name: "0"})

    monkeypatch.setattr(executors, "proof_of", other)
    with ThreadPoolExecutor(1) as executor, pytest.raises(ForeignWorkerError, match=f"is refused: it has {said}$"):
        run_blocks(blocks, executor=executor, progress=False)


def test_worker_with_other_code_of_the_measurement_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Changed(Nothing):
        def key(self) -> str:
            return self.name + ("" if threading.current_thread() is threading.main_thread() else " there")

    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(ForeignWorkerError, match="it has other code of the measurement"),
    ):
        run([Changed("a")], executor=executor, progress=False)


def test_executor_that_was_shut_down_is_refused(blocks: list[Block]) -> None:
    for make in (functools.partial(ThreadPoolExecutor, 1), functools.partial(processes, 1)):
        executor = make()
        executor.shutdown()
        with pytest.raises(ValueError, match="executor must be open, got <concurrent"):
            run_blocks(blocks, executor=executor, progress=False)


@pytest.mark.parametrize("executor", [2, "threads", ThreadPoolExecutor])
def test_what_is_no_executor_is_refused(executor: Any) -> None:
    with pytest.raises(TypeError, match=r"executor must be a concurrent\.futures\.Executor, got .*get_executor"):
        run([Nothing("a")], executor=executor, progress=False)


def test_workers_beside_an_executor_are_refused() -> None:
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="workers must be 1 beside an executor"):
        run([Nothing("a")], workers=2, executor=executor, progress=False)


class Deadly(Nothing):
    def measure(self, done: Any) -> dict[str, pd.DataFrame]:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def test_pool_that_broke_is_told_in_one_line() -> None:
    with processes(1) as executor, pytest.raises(WorkerDied, match=r"lost its workers \(BrokenProcessPool") as caught:
        run([Deadly("a"), Nothing("b")], executor=executor, progress=False)
    assert "\n" not in str(caught.value)
    with pytest.raises(WorkerDied, match="lost its workers"):  # and so is the next call
        run([Nothing("b")], executor=executor, progress=False)


class Failing(Nothing):
    def measure(self, done: Any) -> dict[str, pd.DataFrame]:
        raise ZeroDivisionError("the second one")


def test_error_of_a_measurement_comes_back_and_what_waits_is_cancelled() -> None:
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(ZeroDivisionError, match="the second one"):
            run([Nothing("a"), Failing("b"), *map(Nothing, "cdefgh")], executor=executor, progress=False)
        assert executor.submit(int).result(timeout=10) == 0


# --- a cluster -------------------------------------------------------------------------------------------------


def cluster_of(workers: int, threads: int) -> Any:
    """Return a running scheduler with workers, each a process of its own."""
    distributed = pytest.importorskip("distributed", reason="needs the extra [cluster]")
    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=threads, processes=True, dashboard_address=":0", scheduler_port=0
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with cluster_of(2, 1) as started:
        yield started


@pytest.fixture
def client(cluster: Any) -> Iterator[Any]:
    with cluster.get_client() as connected:
        yield connected


def test_a_cluster_gives_the_bytes_of_a_serial_run(
    client: Any, blocks: list[Block], serial: list[tuple[str, str, str]]
) -> None:
    with client.get_executor(pure=False) as executor:
        assert isinstance(executor, Executor)
        assert csv_of(run_blocks(blocks, executor=executor, progress=False)) == serial


def test_a_cluster_writes_the_file_of_a_serial_sweep(client: Any, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"dtype": ["float16", "float64"], "h": [2.0**-4, 2.0**-8], "engine": "arb"}
    x = np.linspace(0.25, 2.0, 1500)  # cut into several blocks
    with client.get_executor(pure=False) as executor:
        found = nd.sweep(np.exp, x, **asked, out=tmp_path / "exp.parquet", executor=executor).path.read_bytes()
    alone = nd.sweep(np.exp, x, **asked, out=tmp_path / "exp.parquet")
    assert alone.path.read_bytes() == found
    assert pd.read_parquet(alone.path)["point"].nunique() == 1500


def test_worker_of_a_cluster_that_is_killed_changes_no_byte(
    client: Any, blocks: list[Block], serial: list[tuple[str, str, str]]
) -> None:
    victims = iter([info["pid"] for info in client.run(lambda: {"pid": os.getpid()}).values()])

    class Killing(Store):
        """Kills a worker when the second result is kept."""

        saved = 0

        def save_frames(self, name: str, frames: Mapping[str, pd.DataFrame]) -> Path:
            self.saved += 1
            if self.saved == 2:
                os.kill(next(victims), signal.SIGKILL)
            return self.root

    with client.get_executor(pure=False) as executor:
        found = run_blocks(blocks, executor=executor, store=Killing(Path("nowhere")), progress=False)
    assert csv_of(found) == serial


def test_workers_of_a_cluster_with_four_threads_give_the_same_bytes(
    blocks: list[Block], serial: list[tuple[str, str, str]]
) -> None:
    with (
        cluster_of(1, 4) as started,
        started.get_client() as connected,
        connected.get_executor(pure=False) as executor,
    ):
        assert csv_of(run_blocks(blocks, executor=executor, progress=False)) == serial


def test_scheduler_is_reached_by_its_address(
    cluster: Any, blocks: list[Block], serial: list[tuple[str, str, str]]
) -> None:
    with executor_at(cluster.scheduler_address) as executor:
        assert csv_of(run_blocks(blocks, executor=executor, progress=False)) == serial
    with executor_at(None) as executor:
        assert executor is None


def test_scheduler_is_reached_from_a_notebook_whose_event_loop_runs(cluster: Any) -> None:
    async def cell() -> int:
        with executor_at(cluster.scheduler_address) as executor:
            assert executor is not None
            return executor.submit(abs, -1).result(60)

    assert asyncio.run(cell()) == 1


@pytest.mark.parametrize(
    ("address", "error", "said"),
    [
        ("tcp://127.0.0.1:1", OSError, "no Dask scheduler answers at tcp://127.0.0.1:1 within 1 s"),
        ("nowhere", ValueError, "scheduler must be an address as tcp://.*, got 'nowhere'"),
        ("smoke://here:1", ValueError, "scheduler must be an address as tcp://.*, got 'smoke://here:1'"),
    ],
)
def test_scheduler_that_does_not_answer_is_told(
    address: str, error: Any, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed", reason="needs the extra [cluster]")
    monkeypatch.setattr(cluster_module, "PATIENCE", 1.0)
    with pytest.raises(error, match=said) as caught, executor_at(address):
        raise AssertionError("not reached")
    assert "\n" not in str(caught.value)
    gc.collect()  # a half-made client would print a traceback
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "greeting", [b"", b"HTTP/1.1 400 Bad Request, and enough bytes to be the head of a message" * 9]
)
def test_what_listens_but_is_no_scheduler_leaves_no_client_behind(
    greeting: bytes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    distributed = pytest.importorskip("distributed", reason="needs the extra [cluster]")
    monkeypatch.setattr(cluster_module, "PATIENCE", 1.0)
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: pytest.fail("a client was made"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_greet, args=(server, greeting), daemon=True)
        thread.start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(OSError, match=f"no Dask scheduler answers at {address}"), executor_at(address):
            raise AssertionError("not reached")
    gc.collect()
    assert capfd.readouterr().err == ""


def _greet(server: socket.socket, greeting: bytes) -> None:
    """Accept who comes, say something, and no more."""
    kept = []
    with contextlib.suppress(OSError):  # until the server is closed
        while True:
            kept.append(server.accept()[0])
            kept[-1].sendall(greeting)


def test_a_worker_is_no_scheduler(cluster: Any) -> None:
    address = next(iter(cluster.workers.values())).worker_address
    with pytest.raises(OSError, match=f"no Dask scheduler answers at {address}, but a Worker"), executor_at(address):
        raise AssertionError("not reached")
