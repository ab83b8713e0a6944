"""Kill what measures, at random moments, and compare the bytes of what comes out with those of a quiet run.

``python -m tests.worker_kills [NUMBER] [SEED] [WAY ...]`` makes 50 kills in each of three ways, some minutes long:

- serial: the process itself is killed; the same call is made again, on the same store, until it gets to its end;
- pool: a worker of ``workers=2`` is killed, and the run goes on;
- Dask: a worker of a cluster of two is killed, and the run goes on; without ``distributed`` this way is left out.

A run that ends before its kill counts as none. The exit status is 1 where bytes differ, or a run failed.
"""

import contextlib
import hashlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from numdiff.study.blocks import Block, blocks_of
from numdiff.study.run import Measured, run_blocks
from numdiff.study.store import Store
from numdiff.study.sweep import Sweep

ROOT = Path(__file__).resolve().parents[1]
SWEEP = Sweep(
    "kills",
    ("exp", "tanh", "composition", "sigmoid", "square", "runge", "oscillation", "higham_exp"),
    grids=("generic",),
    formats=("float16", "float32", "float64"),
    neighbourhood=True,
    predictions=True,
)
"""Eight functions, some seconds of one processor."""


def blocks() -> list[Block]:
    """Return what is measured."""
    return list(blocks_of(SWEEP, "arb"))


def digest_of(found: Sequence[Measured]) -> str:
    """Return the digest of all that was measured."""
    text = "".join(frame.to_csv() for one in found for frame in (one.records, one.skips, one.values))
    return hashlib.sha256(text.encode()).hexdigest()


def alone(folder: str) -> None:
    """Measure in this process, with a store; print the digest."""
    print(digest_of(run_blocks(blocks(), store=Store(Path(folder)), progress=False)))


@contextlib.contextmanager
def first_worker_killed() -> Iterator[None]:
    """Kill the first process that this one starts meanwhile, and fail where it starts none."""
    killed, ended = threading.Event(), threading.Event()

    def kill() -> None:
        while not (killed.is_set() or ended.wait(0.01)):
            for process in multiprocessing.active_children():
                if process.pid is not None and not killed.is_set():
                    os.kill(process.pid, signal.SIGKILL)
                    killed.set()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if not killed.is_set():
        raise AssertionError("no worker was started")


class Killer(threading.Thread):
    """Kills one of some processes at a moment, unless the run has ended."""

    def __init__(self, moment: float, victims: Callable[[], Sequence[int]], chance: random.Random) -> None:
        super().__init__(daemon=True)
        self._moment, self._victims, self._chance = moment, victims, chance
        self._ended = threading.Event()
        self.killed = 0

    def run(self) -> None:
        """Wait, and kill."""
        if not self._ended.wait(self._moment) and (pids := self._victims()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._chance.choice(pids), signal.SIGKILL)
                self.killed = 1

    def end(self) -> int:
        """Stop waiting, and return how many processes were killed."""
        self._ended.set()
        self.join()
        return self.killed


def kill_while(run: Callable[[], str], victims: Callable[[], Sequence[int]], number: int, chance: random.Random) -> Any:
    """Make runs until so many processes were killed; return the digests and the kills."""
    digests, kills, length = set(), 0, 0.0
    while kills < number:
        killer = Killer(chance.uniform(0.0, max(length, 1.0)), victims, chance)
        start = time.perf_counter()
        killer.start()
        digests.add(run())
        kills += killer.end()
        length = max(length, time.perf_counter() - start)
    return digests, kills


def serial_kills(number: int, chance: random.Random) -> tuple[set[str], int]:
    """Kill the process that measures, and call it again."""
    digests, kills, length = set[str](), 0, 4.0
    while kills < number:
        with tempfile.TemporaryDirectory() as folder:
            while True:
                code = f"from tests.worker_kills import alone; alone({folder!r})"
                start = time.perf_counter()
                program = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
                moment = chance.uniform(0.0, length) if kills < number else None
                try:
                    said, _ = program.communicate(timeout=moment)
                except subprocess.TimeoutExpired:
                    program.kill()
                    program.communicate()
                    kills += 1
                    continue
                length = max(length, time.perf_counter() - start)
                digests.add(said.strip() if program.returncode == 0 else f"exit {program.returncode}")
                break
    return digests, kills


def pool_kills(number: int, chance: random.Random) -> tuple[set[str], int]:
    """Kill workers of the pool of this process."""

    def victims() -> list[int]:
        return [process.pid for process in multiprocessing.active_children() if process.pid is not None]

    return kill_while(lambda: digest_of(run_blocks(blocks(), workers=2, progress=False)), victims, number, chance)


@contextlib.contextmanager
def _cluster() -> Iterator[Any]:
    import distributed

    cluster = distributed.LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", scheduler_port=0, silence_logs=50
    )
    with cluster, cluster.get_client() as client:
        yield client


def dask_kills(number: int, chance: random.Random) -> tuple[set[str], int]:
    """Kill workers of a cluster of this machine, a new one for each run: a nanny gives up what dies at its start."""
    clients: list[Any] = []

    def run() -> str:
        with _cluster() as client:
            client.wait_for_workers(2)
            clients.append(client)
            with client.get_executor(pure=False) as executor:
                digest = digest_of(run_blocks(blocks(), executor=executor, progress=False))
            clients.clear()
            return digest

    def victims() -> list[int]:
        with contextlib.suppress(OSError, TimeoutError, IndexError):
            return list(clients[0].run(os.getpid).values())
        return []

    return kill_while(run, victims, number, chance)


def main() -> int:
    """Kill, print what came out, and return the exit status."""
    words = sys.argv[1:]
    number, seed = (int(word) for word in [*words[:2], *("50", "0")[len(words) :]])
    wanted = digest_of(run_blocks(blocks(), progress=False))
    ways = {"serial": serial_kills, "pool": pool_kills, "Dask": dask_kills}
    ways = {name: way for name, way in ways.items() if name in words[2:] or not words[2:]}
    failed = False
    for name, way in ways.items():
        try:
            digests, kills = way(number, random.Random(f"{seed} {name}"))
        except ImportError as error:
            print(f"{name}: left out ({error})")
            continue
        same = digests == {wanted}
        failed |= not same
        print(
            f"{name}: {kills} kills, {'all runs gave the bytes of the quiet run' if same else sorted(digests)}",
            flush=True,
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
