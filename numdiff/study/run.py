"""Run blocks: serially or over processes, with a store behind them and a progress bar before them."""

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

import pandas as pd
from tqdm import tqdm

from numdiff.analysis.reference import Engine
from numdiff.study.blocks import Block, blocks_of
from numdiff.study.measure import measure
from numdiff.study.store import Store
from numdiff.study.sweep import Sweep

_LONG = 2000
"""Cells from which a run is announced."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What a sweep gave; equal only to itself, because frames have no single truth value.

    Attributes
    ----------
    records : DataFrame
        The columns of `Record`, blocks in the order of the sweep.
    skips : DataFrame
        What could not be run, and why.
    """

    records: pd.DataFrame
    skips: pd.DataFrame


@dataclass
class Tally:
    """How many records a run measured and how many it took from the store; those that sweeps share count once."""

    measured: int = 0
    reused: int = 0


def run_blocks(
    blocks: Sequence[Block],
    *,
    workers: int = 1,
    store: Store | None = None,
    fresh: bool = False,
    progress: bool = True,
    tally: Tally | None = None,
) -> list[Measured]:
    """Measure blocks and return their results in the order given.

    Parameters
    ----------
    blocks : sequence of Block
    workers : int
        Processes; 1 measures in this one.
    store : Store, optional
        Blocks that it holds are not measured again; new ones are kept as soon as they are done.
    fresh : bool
        Whether the store first forgets these blocks, so that all are measured. A run that is killed then goes on
        where it stopped when it is repeated without `fresh`.
    progress : bool
        Whether to announce a long run and show a bar (cells done, rate, time left) on standard error.
    tally : Tally, optional
        Is added to.

    Returns
    -------
    list of Measured
        One for each block; equal blocks are measured once.

    Raises
    ------
    ValueError
        If `workers` is not a positive integer.
    """
    if not isinstance(workers, int) or workers < 1:
        raise ValueError(f"workers must be an integer of at least 1, got {workers!r}")
    keys = [block.key() for block in blocks]
    if store is not None and fresh:
        for key in keys:
            _forget(store, key)
    results: dict[str, Measured] = {}
    for key in keys:
        if store is not None and key not in results and (found := _load(store, key)) is not None:
            results[key] = found
    reused = sum(len(result.records) for result in results.values())
    pending = {key: block for key, block in zip(keys, blocks, strict=True) if key not in results}
    cells = {key: block.cells for key, block in pending.items()}
    if progress:
        _announce(sum(cells.values()), len(pending), len(results), workers, list(pending.values()))
    with tqdm(total=sum(cells.values()), unit="cell", disable=not progress or not pending, mininterval=0.5) as bar:
        for key, result in _measured(pending, cells, min(workers, len(pending)), bar.update):
            results[key] = result
            if store is not None:
                store.save(f"blocks/{key}", result.records)
                store.save(f"blocks/{key}-skips", result.skips)
    if tally is not None:
        tally.reused += reused
        tally.measured += sum(len(result.records) for result in results.values()) - reused
    return [results[key] for key in keys]


def run_sweeps(
    sweeps: Sequence[Sweep],
    engine: Engine,
    *,
    workers: int = 1,
    store: Store | None = None,
    fresh: bool = False,
    progress: bool = True,
    tally: Tally | None = None,
) -> dict[str, Measured]:
    """Measure sweeps over registered problems, all blocks in one run.

    Parameters
    ----------
    sweeps : sequence of Sweep
        Sweeps of one name are parts of one experiment.
    engine : {"mpmath", "arb"}
    workers, store, fresh, progress, tally
        As in `run_blocks`.

    Returns
    -------
    dict
        What the sweeps of each name gave, in the order of `sweeps`.

    Raises
    ------
    ValueError
        If `workers` is not a positive integer or a problem is unknown.
    """
    blocks = [(sweep.name, block) for sweep in sweeps for block in blocks_of(sweep, engine)]
    done = run_blocks(
        [block for _, block in blocks], workers=workers, store=store, fresh=fresh, progress=progress, tally=tally
    )
    gathered: dict[str, list[Measured]] = {sweep.name: [] for sweep in sweeps}
    for (name, _), result in zip(blocks, done, strict=True):
        gathered[name].append(result)
    return {name: joined(results) for name, results in gathered.items()}


def joined(results: list[Measured]) -> Measured:
    """Return several results as one, in their order."""
    return Measured(
        pd.concat([r.records for r in results], ignore_index=True),
        pd.concat([r.skips for r in results], ignore_index=True),
    )


def _measured(
    pending: dict[str, Block], cells: dict[str, int], workers: int, done: Callable[[int], Any]
) -> Iterator[tuple[str, Measured]]:
    """Yield the results as they come."""
    if workers <= 1:
        for key, block in pending.items():
            yield key, Measured(*measure(block.subject(), block.sweep, block.engine, done))
        return
    # The largest blocks first, so that no worker is left with one at the end.
    order = sorted(pending, key=cells.__getitem__, reverse=True)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(_measure_block, pending[key]): key for key in order}
        for future in as_completed(futures):
            key = futures[future]
            yield key, Measured(*future.result())
            done(cells[key])


def _measure_block(block: Block) -> tuple[pd.DataFrame, pd.DataFrame]:
    return measure(block.subject(), block.sweep, block.engine)


def _load(store: Store, key: str) -> Measured | None:
    records, skips = store.load(f"blocks/{key}"), store.load(f"blocks/{key}-skips")
    return None if records is None or skips is None else Measured(records, skips)


def _forget(store: Store, key: str) -> None:
    for name in (f"blocks/{key}", f"blocks/{key}-skips"):
        store.remove(name)


def _announce(cells: int, pending: int, stored: int, workers: int, blocks: list[Block]) -> None:
    """Say how much there is to do and about how long it will take."""
    kept = f"; {stored} blocks are stored already" if stored else ""
    if cells < _LONG:
        print(f"{cells} cells in {pending} blocks{kept}", file=sys.stderr)
        return
    seconds = cells / (_sampled_rate(blocks[len(blocks) // 2]) * workers)
    print(f"{cells} cells in {pending} blocks, about {seconds:.0f} s with {workers} workers{kept}", file=sys.stderr)


def _sampled_rate(block: Block) -> float:
    """Return cells a second on a thin slice of one block."""
    sweep = block.sweep
    first = 1 if sweep.first_step is None else sweep.first_step
    thin = Sweep(
        sweep.name, sweep.problems, sweep.methods[:2], ("float64",), sweep.grids[:1], first, first + 24,
        sweep.given_steps, sweep.all_points, sweep.neighbourhood, sweep.arithmetics,
    )  # fmt: skip
    start = time.perf_counter()
    records, _ = measure(block.subject(), thin, block.engine)
    return max(len(records), 1) / (time.perf_counter() - start)
