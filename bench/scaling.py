"""How much faster two processes are than one: a pool, and a cluster of this machine, in turns.

    python -m bench.scaling [--rounds 6] [--processes 2]

Each round measures the same blocks in this process, over a pool of `processes`, and over a Dask cluster of as many
workers, which has been started and has measured once before. What is printed are the fastest times of all rounds and
their ratios; on a machine that others use they say little, so nothing checks them. The pool starts its processes anew
in each round, as a run does.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from numdiff.study.blocks import Block, blocks_of
from numdiff.study.cluster import executor_at
from numdiff.study.run import Measured, run_blocks
from numdiff.study.sweep import Sweep

SWEEP = Sweep(
    "scaling",
    ("exp", "tanh", "composition", "sigmoid", "square", "runge", "oscillation", "higham_exp"),
    ("forward", "centered", "centered4"),
    all_points=True,
    neighbourhood=True,
    predictions=True,
)


def blocks(times: int) -> list[Block]:
    """Return what is measured: each function in each format is a block, several times over with other steps."""
    return [
        block
        for turn in range(times)
        for fmt in SWEEP.formats
        for block in blocks_of(replace(SWEEP, formats=(fmt,), last_step=30 + turn), "arb")
    ]


def digest_of(found: Sequence[Measured]) -> str:
    """Return the digest of all records."""
    return hashlib.sha256("".join(one.records.to_csv() for one in found).encode()).hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status: 1 where the records differ."""
    parser = argparse.ArgumentParser(description="Time one process, a pool and a cluster in turns.")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--times", type=int, default=3, help="how large the sweep is")
    options = parser.parse_args(arguments)
    import distributed

    chosen, number = blocks(options.times), options.processes
    cells = sum(block.cells for block in chosen)
    cluster = distributed.LocalCluster(
        n_workers=number, threads_per_worker=1, processes=True, dashboard_address=":0", scheduler_port=0
    )
    with cluster, executor_at(cluster.scheduler_address) as executor:
        ways: dict[str, Callable[[], Any]] = {
            "one process": lambda: run_blocks(chosen, progress=False),
            "pool": lambda: run_blocks(chosen, workers=number, progress=False),
            "Dask": lambda: run_blocks(chosen, executor=executor, progress=False),
        }
        digests = {digest_of(way()) for way in ways.values()}
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(options.rounds):
            for name in [*ways][turn % 3 :] + [*ways][: turn % 3]:
                start = time.perf_counter()
                ways[name]()
                seconds[name].append(time.perf_counter() - start)
    best = {name: min(found) for name, found in seconds.items()}
    for name, found in seconds.items():
        print(
            f"{name}: {best[name]:.2f} s at best, {max(found):.2f} at worst, {cells / best[name]:,.0f} cells a second"
        )
    print(f"{number} processes: {best['one process'] / best['pool']:.2f} times as fast as one")
    print(f"Dask: {best['pool'] / best['Dask']:.2f} times as fast as the pool")
    print("all gave the same bytes" if len(digests) == 1 else "THE RECORDS DIFFER")
    return int(len(digests) > 1)


if __name__ == "__main__":
    sys.exit(main())
