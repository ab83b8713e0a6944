"""Worker processes: results and errors come back, and no process outlives its use or the one that started it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from numdiff.study.workers import WorkerDied, results

ROOT = Path(__file__).resolve().parents[2]


def nothing() -> None:
    """Set nothing up."""


def doubled(item: Any, done: Any) -> Any:
    done(3)
    return 2 * item, os.getpid()


def failing(item: Any, done: Any) -> Any:
    if item == 2:
        raise ZeroDivisionError("the second one")
    return item


class Stubborn(Exception):
    """An error that does not pickle."""

    def __init__(self, left: int, right: int) -> None:
        super().__init__(f"{left} and {right}")


def stubborn(item: Any, done: Any) -> Any:
    raise Stubborn(1, item)


def dying(item: Any, done: Any) -> Any:
    os._exit(7)


def dying_at_first(item: Any, done: Any) -> Any:
    """Die over an item, a folder to count in and a number, so many times, after telling of some work."""
    folder, times = item
    done(2)
    for number in range(times):
        try:
            (Path(folder) / str(number)).touch(exist_ok=False)
        except FileExistsError:
            continue
        os.kill(os.getpid(), signal.SIGKILL)
    done(3)
    return folder


def sleeping(item: Any, done: Any) -> Any:
    time.sleep(60)


def children() -> list[Any]:
    return multiprocessing.active_children()


@pytest.mark.parametrize(("items", "number"), [(0, 2), (1, 1), (2, 2), (7, 3)])
def test_every_item_is_done_once_and_what_is_told_arrives(items: int, number: int) -> None:
    told: list[int] = []
    found = list(results(doubled, {str(i): i for i in range(items)}, number, nothing, told.append))
    assert sorted((name, double) for name, (double, _) in found) == [(str(i), 2 * i) for i in range(items)]
    assert told == [3] * items
    assert len({process for _, (_, process) in found}) <= min(items, number)
    assert children() == []


def test_error_comes_back_with_its_traceback_and_ends_all_workers() -> None:
    with pytest.raises(ZeroDivisionError, match="the second one") as caught:
        list(results(failing, {str(i): i for i in range(5)}, 2, nothing, print))
    assert any("in failing" in note for note in caught.value.__notes__)
    assert children() == []


def test_error_that_cannot_be_sent_is_named() -> None:
    with pytest.raises(RuntimeError, match="Stubborn: 1 and 0"):
        list(results(stubborn, {"a": 0}, 1, nothing, print))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_item_of_a_worker_that_was_killed_is_done_again(tmp_path: Path, number: int) -> None:
    items, told = {}, []
    for name, times in {"a": 0, "b": 1, "c": 2, "d": 1, "e": 0}.items():
        (tmp_path / name).mkdir()
        items[name] = str(tmp_path / name), times
    found = dict(results(dying_at_first, items, number, nothing, told.append))
    assert found == {name: folder for name, (folder, _) in items.items()}
    assert sum(told) == 5 * len(items)
    assert sorted(told) == [-2] * 4 + [2] * 9 + [3] * 5
    assert children() == []


def test_worker_that_ends_by_itself_is_an_error_and_not_a_wait() -> None:
    with pytest.raises(WorkerDied, match=r"a worker process has ended \(exit code 7\), and so have 2 before it"):
        list(results(dying, {"a": 0, "b": 1}, 2, nothing, print))
    assert children() == []


def test_leaving_early_kills_the_workers() -> None:
    found = results(sleeping, {"a": 0, "b": 1}, 2, nothing, print)
    start = time.perf_counter()

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            next(found)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert time.perf_counter() - start < 2
    assert children() == []


PARENT = """
import os, sys
from numdiff.study import workers
from tests.study.test_workers import nothing, sleeping
start = workers._Pool.start
def started(pool):
    worker = start(pool)
    print(worker.process.pid, flush=True)
    return worker
workers._Pool.start = started
if __name__ == "__main__":
    list(workers.results(sleeping, {"a": 0, "b": 1}, 2, nothing, print))
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc to see processes")
@pytest.mark.parametrize("wait", [0.0, 3.0], ids=["starting", "working"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_the_process_that_started_them(tmp_path: Path, number: int, wait: float) -> None:
    program = tmp_path / "parent.py"
    program.write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    workers = [int(parent.stdout.readline()) for _ in range(2)]
    time.sleep(wait)
    parent.send_signal(number)
    parent.communicate()
    deadline = time.perf_counter() + 20  # in which a starting one has imported what it works with
    while any(map(alive, workers)) and time.perf_counter() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, workers))


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
