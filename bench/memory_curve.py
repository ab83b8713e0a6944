"""Seconds and peak memory of `nd.sweep(out=)` against the number of its cells: flat in memory, linear in time.

The cheapest honest cells: float32, exp, one formula, ten steps a point, with all bounds, the engine Arb. Each number of
cells is measured in a process of its own, whose peak is that of the kernel (``VmHWM``); those of workers are theirs.

Usage: ``python bench/memory_curve.py [--workers N] [CELLS ...]``, by default 10⁵ and 10⁶ cells.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

import numdiff as nd

STEPS = tuple(2.0**-k for k in range(1, 11))
POLL = 0.2
"""Seconds between two looks at the peaks of the workers, which are gone with them."""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cells", type=int, nargs="*", default=[10**5, 10**6])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--alone", action="store_true", help="measure in this process, and print JSON")
    asked = parser.parse_args(arguments)
    if asked.alone:
        print(json.dumps(measured(asked.cells[0], asked.workers)))
        return
    print("cells seconds cells/s peak_MB workers_peak_MB bytes/cell")
    for cells in asked.cells:
        command = [sys.executable, __file__, str(cells), "--workers", str(asked.workers), "--alone"]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        found = json.loads(done.stdout)
        workers = " ".join(f"{peak:.0f}" for peak in found["workers"]) or "-"
        rate, size = found["cells"] / found["seconds"], found["bytes"] / found["cells"]
        print(
            f"{found['cells']} {found['seconds']:.0f} {rate:.0f} {found['peak']:.0f} {workers} {size:.0f}", flush=True
        )


def measured(cells: int, workers: int) -> dict[str, object]:
    """Sweep so many cells into a file that is removed, and return the seconds, the peaks in MB and the size."""
    x = np.random.default_rng(14).uniform(0.1, 2.0, cells // len(STEPS))
    peaks: dict[int, float] = {}
    watch = threading.Thread(target=watched, args=(peaks,), daemon=True)
    watch.start()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "curve.parquet"
        start = time.perf_counter()
        result = nd.sweep(
            np.exp, x, STEPS, dtype="float32", stencil="centered", engine="arb", workers=workers, out=path
        )
        seconds, size = time.perf_counter() - start, path.stat().st_size
    own = peak(os.getpid())
    return {
        "cells": len(result),
        "seconds": seconds,
        "bytes": size,
        "peak": own,
        "workers": list(peaks.values()),
    }


def watched(peaks: dict[int, float]) -> None:
    """Keep the peaks of the child processes by their numbers."""
    while True:
        for process in multiprocessing.active_children():
            if process.pid is not None and (seen := peak(process.pid)):
                peaks[process.pid] = seen
        time.sleep(POLL)


def peak(process: int) -> float:
    """Return the peak resident memory of a process in MB (10⁶ bytes); 0 where it is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM")), 0.0)


if __name__ == "__main__":
    main()
