"""What a run says of itself: how much there is to do, how long it will take, how far it is."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from tqdm import tqdm

from numdiff.study.blocks import Block, Measurement

LONG = 2000
"""Cells from which a run is announced with an estimate of its time: two to three seconds, ten times as long as the
sample takes."""
START = 2.0
"""Seconds in which a worker process starts: it imports this package."""
ENOUGH = 0.1
"""The share of the cells after which the estimate is compared with what was seen, since the first block."""
OFF = 1.5
"""The factor between the two from which a new estimate is given."""


class _Bar(tqdm):
    """A bar that says nothing when it is interrupted while it is made: it starts no thread that would have to end."""

    monitor_interval = 0
    disable = True  # until it is made


class Progress:
    """The announcement, the bar and the estimates of a run, on standard error.

    Parameters
    ----------
    pending : mapping of str to Measurement
        What is to be measured, by key.
    stored : int
        How many measurements are stored already.
    workers : int
    shown : bool
        Whether anything is said.
    """

    def __init__(self, pending: Mapping[str, Measurement], stored: int, workers: int, shown: bool) -> None:
        self.cells = {key: item.cells for key, item in pending.items()}
        self.total = sum(self.cells.values())
        self._shown, self._workers, self._finished = shown, workers, 0
        self._guess = self._announce(pending, stored) if shown else None
        # The average over the whole run: blocks differ, and the last one says little of those that follow.
        silent = not shown or not pending
        # Without a thread that looks after it, each step asks for the time.
        self._bar = _Bar(
            total=self.total, unit="cell", disable=silent, mininterval=0.5, miniters=1, smoothing=0, delay=1
        )
        self._bar.delay = 0  # so it is shown on entry, from where on an interruption closes it
        self._start = time.perf_counter()
        self._first: tuple[float, int] | None = None

    def __enter__(self) -> Self:
        try:
            self._bar.refresh()
        except BaseException:
            self._bar.close()
            raise
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.close()

    def tell(self, cells: int) -> None:
        """Count cells that are measured, of a block that may not be finished."""
        self._bar.update(cells)

    def finish(self, key: str) -> None:
        """Count a block that is finished; the first ones correct the estimate."""
        self._finished += self.cells[key]
        if self._guess is None or self._finished == self.total:
            return
        now, measured = time.perf_counter() - self._start, max(self._finished, self._bar.n)
        if self._first is None:  # the start of the workers, and what is computed once, count for no later block
            self._first = now, measured
        elif self._finished >= ENOUGH * self.total:
            left = (now - self._first[0]) * (self.total - measured) / max(measured - self._first[1], 1)
            if not self._guess / OFF <= now + left <= self._guess * OFF:
                self._bar.write(f"about {left:.0f} s left, as the first blocks show", file=sys.stderr)
            self._guess = None

    def _announce(self, pending: Mapping[str, Measurement], stored: int) -> float | None:
        """Say how much there is to do and about how long it will take; return these seconds."""
        kept = f"; {stored} blocks are stored already" if stored else ""
        sweeps = [item for item in pending.values() if isinstance(item, Block)]
        if self.total < LONG or not sweeps:
            print(f"{self.total} cells in {len(pending)} blocks{kept}", file=sys.stderr)
            return None
        at_once = min(self._workers, len(pending), os.cpu_count() or 1)
        seconds = self.total / (sampled_rate(sweeps[len(sweeps) // 2]) * at_once) + START * (self._workers > 1)
        print(
            f"{self.total} cells in {len(pending)} blocks, about {seconds:.0f} s with {self._workers} workers{kept}",
            file=sys.stderr,
        )
        return seconds


def sampled_rate(block: Block) -> float:
    """Return cells a second on a thin slice of one block, measured twice."""
    sweep = block.sweep
    first = 1 if sweep.first_step is None else sweep.first_step
    thin = replace(
        sweep,
        methods=sweep.methods[:2],
        formats=("float64",),
        grids=sweep.grids[:1],
        first_step=first,
        last_step=first + 24,
        all_points=False,
    )
    times = []
    for _ in range(2):  # the first one also pays for what is computed once
        start = time.perf_counter()
        records = replace(block, sweep=thin, part=None).measure()["records"]
        times.append(time.perf_counter() - start)
    return max(len(records), 1) / min(times)
