"""Streamed blocks are those of a run, in their order, for any number of workers, and few of them are out at a time."""

import weakref
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from numdiff.study import blocks as blocks_module
from numdiff.study import stream
from numdiff.study.blocks import Block, blocks_of
from numdiff.study.run import run_blocks
from numdiff.study.store import Store
from numdiff.study.stream import stream_blocks
from numdiff.study.sweep import Sweep
from tests.worker_kills import first_worker_killed

SWEEP = Sweep("small", ("exp", "tanh", "square"), ("forward", "centered"), ("float32", "float64"), last_step=8)


@pytest.fixture(scope="module")
def blocks() -> list[Block]:
    return blocks_of(SWEEP, "arb")


@pytest.fixture(scope="module")
def whole(blocks: list[Block]) -> str:
    return pd.concat([found.records for found in run_blocks(blocks, progress=False)]).to_csv()


def streamed(blocks: list[Block], **options: Any) -> str:
    return pd.concat([frames["records"] for frames in stream_blocks(blocks, **options)]).to_csv()


def test_streamed_records_are_those_of_a_run(blocks: list[Block], whole: str) -> None:
    told: list[int] = []
    assert streamed(blocks, done=told.append) == whole
    assert sum(told) == sum(block.cells for block in blocks)


def test_blocks_of_many_cells_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_module, "LARGEST", 40)
    monkeypatch.setattr(blocks_module, "PART", 30)
    block = blocks_of(Sweep("cut", ("exp",), ("centered",), ("float64",), last_step=8, all_points=True), "arb")
    frames = [frames["records"] for frames in stream_blocks(block)]
    assert len(frames) == len(block[0].parts()) > 1
    assert [frame["point"].min() for frame in frames] == sorted(frame["point"].min() for frame in frames)


@pytest.mark.parametrize("make", [lambda: ThreadPoolExecutor(3), None], ids=["threads", "workers"])
def test_workers_give_the_same_in_the_same_order(blocks: list[Block], whole: str, make: Any) -> None:
    if make is None:
        assert streamed(blocks, workers=2) == whole
        return
    told: list[int] = []
    with make() as executor:
        assert streamed(blocks, executor=executor, done=told.append) == whole
    assert sum(told) == sum(block.cells for block in blocks)


def test_worker_that_is_killed_changes_nothing(blocks: list[Block], whole: str) -> None:
    with first_worker_killed():
        assert streamed(blocks, workers=2) == whole


def test_frames_that_were_taken_are_not_held(blocks: list[Block]) -> None:
    seen: list[weakref.ref[pd.DataFrame]] = []
    for frames in stream_blocks(blocks):
        seen.append(weakref.ref(frames["records"]))
        del frames
        assert sum(reference() is not None for reference in seen[:-1]) == 0
    assert len(seen) == 3


class Counting(ThreadPoolExecutor):
    """Threads that count how many items were sent."""

    sent = 0

    def submit(self, *args: Any, **options: Any) -> Any:
        self.sent += 1
        return super().submit(*args, **options)


def test_no_more_blocks_are_out_than_the_window_has(
    blocks: list[Block], monkeypatch: pytest.MonkeyPatch, whole: str
) -> None:
    monkeypatch.setattr(stream, "MOST", 2)
    with Counting(2) as executor:
        frames = stream_blocks(blocks, executor=executor)
        next(frames)
        assert executor.sent <= 3
        assert len(list(frames)) == 2
        assert executor.sent == 3


def test_generator_that_is_closed_ends_its_workers(blocks: list[Block]) -> None:
    frames = stream_blocks(blocks, workers=2)
    next(frames)
    frames.close()
    assert active_children() == []


def test_store_keeps_what_is_yielded_and_gives_it_again(
    tmp_path: Path, blocks: list[Block], whole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    frames = stream_blocks(blocks, store=store)
    next(frames)
    next(frames)
    frames.close()
    measured: list[str] = []
    measure = Block.measure

    def counted(block: Block, *done: Any) -> Any:
        measured.append(block.problem)
        return measure(block, *done)

    monkeypatch.setattr(Block, "measure", counted)
    assert streamed(blocks, store=store) == whole
    assert measured == ["square"]  # the first two were kept when they were yielded
    assert streamed([blocks[2], blocks[0]], store=store, fresh=True) != whole
    assert measured == ["square", "square", "exp"]
    assert streamed(blocks, store=store) == whole
    assert len(measured) == 3


def test_pool_that_is_broken_is_said_to_be(blocks: list[Block]) -> None:
    executor: Executor = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    executor.shutdown()
    with pytest.raises(ValueError, match="executor must be open"):
        next(stream_blocks(blocks, executor=executor))
