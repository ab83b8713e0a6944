"""Runs: any number of workers, killed and resumed, shared and announced, and always the same records."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from numdiff.problems import PROBLEMS
from numdiff.study import blocks as blocks_module
from numdiff.study import progress
from numdiff.study import run as module
from numdiff.study.blocks import Block, blocks_of
from numdiff.study.progress import Progress
from numdiff.study.records import FIELDS
from numdiff.study.run import Measured, Tally, joined, run_blocks
from numdiff.study.store import Store
from numdiff.study.sweep import Sweep
from numdiff.study.values import unlike
from tests.study.sweeps import run_sweeps

NAMES = ("exp", "square", "runge")
TINY = Sweep("tiny", NAMES, ("forward", "centered"), ("float16", "float64"), last_step=3)


class Log:
    """Counts the blocks that are measured, and can fail in the middle."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail_at: int | None = None) -> None:
        self.names: list[str] = []
        self.fail_at = fail_at
        honest = blocks_module.measure

        def measure(planned: Any, *arguments: Any) -> Any:
            if len(self.names) == self.fail_at:
                raise KeyboardInterrupt
            self.names.append(planned.subject.name)
            return honest(planned, *arguments)

        monkeypatch.setattr(blocks_module, "measure", measure)


def same(left: list[Measured], right: list[Measured]) -> bool:
    return [(m.records.to_csv(), m.skips.to_csv()) for m in left] == [
        (m.records.to_csv(), m.skips.to_csv()) for m in right
    ]


def test_sweeps_of_one_name_are_joined_in_their_order() -> None:
    parts = [dataclasses.replace(TINY, problems=(name,)) for name in NAMES]
    assert same([run_sweeps(parts, "arb", progress=False)["tiny"]], [run_sweeps([TINY], "arb", progress=False)["tiny"]])


def test_two_workers_give_the_records_of_one(tmp_path: Path) -> None:
    blocks = blocks_of(TINY, "arb")
    serial = run_blocks(blocks, progress=False)
    parallel = run_blocks(blocks, workers=2, store=Store(tmp_path), progress=False)
    assert same(serial, parallel)
    assert same(run_blocks(blocks, store=Store(tmp_path), progress=False), serial)


# --- resume ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("killed_at", [0, 1, 2])
def test_killed_run_goes_on_where_it_stopped(tmp_path: Path, killed_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks, store = blocks_of(TINY, "arb"), Store(tmp_path)
    undisturbed = run_blocks(blocks, progress=False)
    log = Log(monkeypatch, fail_at=killed_at)
    with pytest.raises(KeyboardInterrupt):
        run_blocks(blocks, store=store, progress=False)
    assert log.names == list(NAMES[:killed_at])
    log.names, log.fail_at = [], None
    resumed = run_blocks(blocks, store=store, progress=False)
    assert log.names == list(NAMES[killed_at:])
    assert same(resumed, undisturbed)
    log.names = []
    assert same(run_blocks(blocks, store=store, progress=False), undisturbed)
    assert log.names == []


@pytest.mark.parametrize("part", ["records", "skips", "values"])
@pytest.mark.parametrize("damage", ["torn", "missing", "empty"])
def test_damaged_block_is_measured_again_and_only_that(
    tmp_path: Path, part: str, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks, store = blocks_of(TINY, "arb"), Store(tmp_path)
    whole = run_blocks(blocks, store=store, progress=False)
    path = store.path(f"measured/{blocks[1].key()}/{part}")
    data = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(data[: len(data) // 2] if damage == "torn" else b"")
    log = Log(monkeypatch)
    assert same(run_blocks(blocks, store=store, progress=False), whole)
    assert log.names == [NAMES[1]]
    assert path.read_bytes() == data


def test_without_a_store_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(monkeypatch)
    for _ in range(2):
        run_blocks(blocks_of(TINY, "arb"), progress=False)
    assert log.names == [*NAMES, *NAMES]


def test_changed_measuring_code_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    run_blocks(blocks_of(TINY, "arb"), store=store, progress=False)
    facts = blocks_module.conditions("numdiff.study.blocks")
    monkeypatch.setattr(blocks_module, "conditions", lambda module: {**facts, "code": "changed"})
    log = Log(monkeypatch)
    run_blocks(blocks_of(TINY, "arb"), store=store, progress=False)
    assert log.names == list(NAMES)


# --- values: what f returns decides whether stored frames are those of this machine -----------------------


def with_f(monkeypatch: pytest.MonkeyPatch, name: str, f: Any) -> None:
    """Let a problem have another f: what a change of the C library or of the processor does to it."""
    problem = dataclasses.replace(PROBLEMS[name], f=f)
    monkeypatch.setattr(Block, "subject", lambda self: problem if self.problem == name else PROBLEMS[self.problem])


def one_ulp_off(x: Any) -> Any:
    """exp, one unit in the last place off at arguments above 0.9, in float64 alone."""
    y = np.exp(x)
    return y if not isinstance(y, np.ndarray) or y.dtype != np.float64 else np.where(x > 0.9, np.nextafter(y, 9), y)


def test_stored_block_is_measured_anew_where_f_returns_other_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks, store, tally = blocks_of(TINY, "arb"), Store(tmp_path), Tally()
    before = run_blocks(blocks, store=store, progress=False)
    with_f(monkeypatch, "exp", one_ulp_off)
    log = Log(monkeypatch)
    blocks = blocks_of(TINY, "arb")  # as on another machine: a block keeps its plan
    after = run_blocks(blocks, store=store, progress=False, tally=tally)
    assert log.names == ["exp"]
    assert tally.outdated == 1
    assert before[0].records["computed"].tolist() != after[0].records["computed"].tolist()
    assert unlike(before[0].values, after[0].values) == [("exp", "float64")]
    log.names = []
    assert same(run_blocks(blocks, store=store, progress=False), after)
    assert log.names == []


def test_measured_values_are_those_that_the_block_tells_beforehand() -> None:
    for block, result in zip(blocks_of(TINY, "arb"), run_blocks(blocks_of(TINY, "arb"), progress=False), strict=True):
        pd.testing.assert_frame_equal(block.values(), result.values)
        assert result.values["subject"].tolist() == [block.problem] * 2
        assert result.values["format"].tolist() == ["float16", "float64"]


def test_fresh_run_measures_what_is_stored_and_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks, store = blocks_of(TINY, "arb"), Store(tmp_path)
    first = run_blocks(blocks, store=store, progress=False)
    log = Log(monkeypatch)
    assert same(run_blocks(blocks, store=store, fresh=True, progress=False), first)
    assert log.names == list(NAMES)
    assert same(run_blocks(blocks, store=store, progress=False), first)
    assert log.names == list(NAMES)


def test_killed_fresh_run_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks, store = blocks_of(TINY, "arb"), Store(tmp_path)
    run_blocks(blocks, store=store, progress=False)
    log = Log(monkeypatch, fail_at=1)
    with pytest.raises(KeyboardInterrupt):
        run_blocks(blocks, store=store, fresh=True, progress=False)
    log.names, log.fail_at = [], None
    run_blocks(blocks, store=store, progress=False)
    assert log.names == list(NAMES[1:])


def test_fresh_run_forgets_only_its_own_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks, store = blocks_of(TINY, "arb"), Store(tmp_path)
    run_blocks(blocks, store=store, progress=False)
    run_blocks(blocks[:1], store=store, fresh=True, progress=False)
    log = Log(monkeypatch)
    run_blocks(blocks, store=store, progress=False)
    assert log.names == []


def test_tally_counts_what_was_measured_and_what_was_reused_once(tmp_path: Path) -> None:
    other = Sweep("other", NAMES[1:], ("forward", "centered"), ("float16", "float64"), last_step=3)
    store, tallies = Store(tmp_path), [Tally(), Tally(), Tally()]
    records = len(run_sweeps([TINY], "arb", progress=False)["tiny"].records)
    run_sweeps([other], "arb", store=store, progress=False, tally=tallies[0])
    half = tallies[0].measured
    for tally in tallies[1:]:
        run_sweeps([TINY, other], "arb", store=store, progress=False, tally=tally)
    assert 0 < half < records
    assert tallies == [Tally(half, 0), Tally(records - half, half), Tally(0, records)]


def test_results_can_be_compared_and_hashed() -> None:
    one, two = (run_blocks(blocks_of(TINY, "arb")[:1], progress=False)[0] for _ in range(2))
    assert one == one
    assert one != two
    assert len({one, two}) == 2


# --- sharing ---------------------------------------------------------------------------------------------


def test_sweeps_with_the_same_cells_share_their_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Sweep("other", NAMES[1:], ("forward", "centered"), ("float16", "float64"), last_step=3)
    log = Log(monkeypatch)
    done = run_sweeps([TINY, other], "arb", progress=False)
    assert log.names == list(NAMES)
    tiny, shared = done["tiny"].records, done["other"].records
    assert shared.to_csv() == tiny[tiny["problem"].isin(NAMES[1:])].reset_index(drop=True).to_csv()


def test_records_come_in_the_order_of_the_sweep_whatever_was_stored(tmp_path: Path) -> None:
    store = Store(tmp_path)
    backwards = run_blocks(blocks_of(TINY, "arb")[::-1], store=store, progress=False)
    forwards = run_blocks(blocks_of(TINY, "arb"), store=store, progress=False)
    assert same(backwards[::-1], forwards)
    assert list(
        dict.fromkeys(run_sweeps([TINY], "arb", store=store, progress=False)["tiny"].records["problem"])
    ) == list(NAMES)


def test_both_engines_give_the_same_records_but_not_the_same_blocks() -> None:
    left, right = (run_sweeps([TINY], engine, progress=False)["tiny"] for engine in ("mpmath", "arb"))  # type: ignore[arg-type]
    assert left.records.to_csv() == right.records.to_csv()
    assert {b.key() for b in blocks_of(TINY, "arb")}.isdisjoint(b.key() for b in blocks_of(TINY, "mpmath"))


def test_joined_results_keep_their_order_and_count() -> None:
    one = run_blocks(blocks_of(TINY, "arb"), progress=False)
    both = joined(one)
    assert len(both.records) == sum(len(m.records) for m in one)
    assert list(both.records.index) == list(range(len(both.records)))
    assert both.records.dtypes.to_dict() == one[0].records.dtypes.to_dict()


def test_parts_of_a_block_are_stored_one_by_one_and_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = dataclasses.replace(TINY, problems=("exp",), all_points=True)
    (block,) = blocks_of(sweep, "arb")
    whole = run_blocks([block], progress=False)
    monkeypatch.setattr(blocks_module, "LARGEST", 10)
    monkeypatch.setattr(blocks_module, "PART", 10)
    number = len(block.parts())
    assert number > 1
    log, store, tally = Log(monkeypatch, fail_at=number - 1), Store(tmp_path), Tally()
    with pytest.raises(KeyboardInterrupt):
        run_blocks([block], store=store, progress=False, tally=tally)
    assert tally.cells == block.cells
    assert tally.done == sum(part.cells for part in block.parts()[:-1])
    log.names, log.fail_at = [], None
    for workers in (1, 2):
        again = run_blocks([block], store=store, workers=workers, progress=False)
        assert [m.records.to_csv() for m in again] == [m.records.to_csv() for m in whole]
    assert log.names == ["exp"]
    monkeypatch.undo()
    assert same(run_blocks([block], store=store, progress=False), whole)


def test_damage_is_told_and_only_the_damaged_block_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks, store = blocks_of(TINY, "arb"), Store(tmp_path)
    whole = run_blocks(blocks, store=store, progress=False)
    path = store.path(f"measured/{blocks[1].key()}/records")
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    log = Log(monkeypatch)
    assert same(run_blocks(blocks, store=store, progress=False), whole)
    assert log.names == [NAMES[1]]
    (line,) = capsys.readouterr().err.splitlines()
    said = r"stored measured/\w+ is damaged \(records.parquet: its checksum is wrong\); it is not used, kept as \w+"
    assert re.fullmatch(said + r"\.damaged", line)
    assert (path.parent.with_name(f"{path.parent.name}.damaged") / path.name).read_bytes() == data


# --- what the user sees ---------------------------------------------------------------------------------


def test_bar_counts_all_cells(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = blocks_of(TINY, "arb")
    total = sum(block.cells for block in blocks)
    run_blocks(blocks, progress=True)
    shown = capsys.readouterr().err
    assert f"{total} cells in 3 blocks" in shown
    assert f"{total}/{total}" in shown
    assert "cell/s" in shown


def test_bar_counts_only_what_is_left_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks, store = blocks_of(TINY, "arb"), Store(tmp_path)
    run_blocks(blocks[:2], store=store, progress=False)
    assert capsys.readouterr().err == ""
    run_blocks(blocks, store=store, progress=True)
    shown = capsys.readouterr().err
    assert f"{blocks[2].cells} cells in 1 blocks; 2 blocks are stored already" in shown
    assert f"{blocks[2].cells}/{blocks[2].cells}" in shown


def test_long_run_is_announced_with_cells_and_seconds_before_it_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LONG", 10)

    def stop(*_: Any) -> Any:
        raise KeyboardInterrupt

    blocks = blocks_of(TINY, "arb")
    monkeypatch.setattr(module, "_measured", stop)
    with pytest.raises(KeyboardInterrupt):
        run_blocks(blocks, progress=True)
    total = sum(block.cells for block in blocks)
    assert re.search(rf"{total} cells in 3 blocks, about \d+ s with 1 workers", capsys.readouterr().err)


@pytest.mark.parametrize(("cells", "estimated"), [(1999, False), (2000, True)])
def test_a_run_of_two_seconds_is_estimated_and_a_shorter_one_only_counted(
    cells: int, estimated: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    (block, *_) = blocks_of(TINY, "arb")
    vars(block)["plan"] = SimpleNamespace(cells=cells)
    Progress({"key": block}, 0, 1, True)._bar.close()
    assert ("about" in capsys.readouterr().err) is estimated


def announced(monkeypatch: pytest.MonkeyPatch, rate: float, first: float, second: float) -> None:
    """Announce three blocks by a rate, and finish two of them at some times."""
    clock = iter([0.0, first, second])
    blocks = {block.problem: block for block in blocks_of(TINY, "arb")}
    monkeypatch.setattr(progress, "LONG", 10)
    monkeypatch.setattr(progress, "sampled_rate", lambda block: rate)
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
    told = Progress(blocks, 0, 1, True)
    for name in NAMES[:2]:
        told.tell(told.cells[name])
        told.finish(name)
    told.finish(NAMES[2])  # the clock is not asked again
    told._bar.close()


@pytest.mark.parametrize(("factor", "told"), [(6.3, True), (1.6, True), (1.4, False), (0.7, False), (0.6, True)])
def test_first_blocks_correct_an_estimate_that_was_off_by_half(
    factor: float, told: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [block.cells for block in blocks_of(TINY, "arb")]
    pace = 100 * factor / sum(cells)  # seconds a cell, where 100 s were announced
    announced(monkeypatch, sum(cells) / 100, cells[0] * pace, sum(cells[:2]) * pace)
    shown = capsys.readouterr().err
    assert "about 100 s with 1 workers" in shown
    assert (f"about {cells[2] * pace:.0f} s left, as the first blocks show" in shown) is told


def test_start_of_the_first_block_is_no_part_of_the_pace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [block.cells for block in blocks_of(TINY, "arb")]
    announced(monkeypatch, sum(cells) / 10, 1000.0, 1000.0 + cells[1])
    assert f"about {cells[2]} s left" in capsys.readouterr().err


@pytest.mark.parametrize(
    "sweep",
    [
        Sweep("given only", ("exp",), ("forward",), ("float32",), (), given_steps=(1e-3,)),
        Sweep("far", ("exp",), ("complex_step",), ("float16", "float32"), first_step=30),
        Sweep("open", ("exp",), first_step=None, formats=("float64",)),
        Sweep("near", ("nash_tan_near_pole",), neighbourhood=True, last_step=2),
    ],
    ids=lambda sweep: sweep.name,
)
def test_any_sweep_can_be_announced(
    sweep: Sweep, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LONG", 0)
    run_blocks(blocks_of(sweep, "arb"), progress=True)
    assert "cells in 1 blocks, about" in capsys.readouterr().err


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2"])
def test_workers_must_be_a_positive_integer(workers: Any) -> None:
    with pytest.raises(ValueError, match="workers must be an integer of at least 1"):
        run_blocks(blocks_of(TINY, "arb"), workers=workers, progress=False)


def test_nothing_to_do_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_blocks([], progress=True) == []
    assert "0 cells" in capsys.readouterr().err


def test_unknown_problem_is_refused_before_anything_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(monkeypatch)
    with pytest.raises(ValueError, match="problem must be a registered name, got 'nope'"):
        run_blocks([*blocks_of(TINY, "arb"), Block(TINY, "arb", "nope")], progress=False)
    assert log.names == []


# --- bytes ---------------------------------------------------------------------------------------------

SCRIPT = """
import sys
from numdiff.study.blocks import blocks_of
from tests.study.sweeps import run_sweeps
from numdiff.study.sweep import Sweep
formats = ("float16", "float64")
sweep = Sweep("s", ("exp", "runge"), ("forward", "complex_step"), formats, last_step=4, neighbourhood=True)
done = run_sweeps([sweep], "mpmath", progress=False)["s"]
sys.stdout.write(done.records.to_csv() + done.skips.to_csv() + "".join(b.key() for b in blocks_of(sweep, "mpmath")))
"""


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    root = Path(module.__file__).parents[2]
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            stdout=subprocess.PIPE,
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
        )
        for seed in ("0", "4711")
    ]
    written = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert len(written[0]) > 1000
    assert written[0] == written[1]


def test_records_hold_no_clock_and_no_path() -> None:
    frame: pd.DataFrame = run_sweeps([TINY], "arb", progress=False)["tiny"].records
    texts = frame[[name for name, field in FIELDS.items() if field.type is str]]
    assert "method" in texts
    assert not texts.apply(lambda column: column.str.contains(r"/|\\|:", regex=True)).any(axis=None)
    assert np.isfinite(frame["step_value"]).all()
