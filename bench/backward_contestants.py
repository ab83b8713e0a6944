"""The loss of a network and its gradient, timed in turns in a process of their own.

    python -m bench.backward_contestants WIDTH ROUNDS

prints the median seconds of both and the median of their ratio as JSON. The process matters: its environment decides
how many threads the matrix products take and whether freed memory goes back to the system. Where it does, each large
array is paid for with page faults, which are the system's and not those of back-propagation: with 10⁵ parameters they
were seen to cost more than all arithmetic.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from bench.interleave import interleaved, median_ratio
from experiments.network import Network
from numdiff.functions import gradient_of, on_arrays

ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
KEEPING = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 31),
           "MALLOC_TOP_PAD_": str(1 << 26)}  # fmt: skip
"""What the C library of Linux reads; elsewhere it has no effect."""


def measured(width: int, rounds: int, keeping: bool) -> dict[str, float]:
    """Return the medians that a new process found, with its freed memory kept or given back."""
    command = [sys.executable, "-m", "bench.backward_contestants", str(width), str(rounds)]
    environment = os.environ | ONE_THREAD | (KEEPING if keeping else {})
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def main(width: str, rounds: str) -> None:
    network = Network((int(width), int(width), 1))
    loss, gradient, theta = on_arrays(network), gradient_of(network), network.start()
    calls = max(1, 10_000 // network.parameters)
    times = interleaved({"loss": lambda: loss(theta), "gradient": lambda: gradient(theta)}, int(rounds), calls)
    found = {name: median(seconds) for name, seconds in times.items()}
    print(json.dumps(found | {"ratio": median_ratio(times, "gradient", "loss")}))


if __name__ == "__main__":
    main(*sys.argv[1:])
