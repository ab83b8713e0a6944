"""The loss of a network and its gradient, timed in turns in a process of their own, in seconds of its processor.

    python -m bench.backward_candidates WIDTH ROUNDS

prints the median seconds of both and the median of their ratio as JSON. A gradient takes so much longer than
the loss that it would be interrupted more often on a busy machine; the time that the processor spends on this process
does not show that. The process matters: its environment decides
how many threads the matrix products take and whether freed memory goes back to the system. Where it does, each large
array is paid for with page faults, which are the system's and not those of back-propagation: with 10⁵ parameters they
were seen to cost more than all arithmetic.
"""

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from bench.interleave import in_turns, median_ratio
from experiments.gradient_cost.network import VariableNetwork
from experiments.gradient_cost.times import ENVIRONMENT, ONE_THREAD
from numdiff.autodiff import gradient_of, on_arrays

ROOT = Path(__file__).resolve().parents[1]


def measured(width: int, rounds: int, keeping: bool) -> dict[str, float]:
    """Return the medians that a new process found, with its freed memory kept or given back."""
    command = [sys.executable, "-m", "bench.backward_candidates", str(width), str(rounds)]
    environment = os.environ | (ENVIRONMENT if keeping else ONE_THREAD)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def processor_seconds(call: Callable[[], object], number: int) -> float:
    """Return the mean processor time of some calls in a row."""
    start = time.process_time()
    for _ in range(number):
        call()
    return (time.process_time() - start) / number


def main(width: str, rounds: str) -> None:
    network = VariableNetwork((int(width), int(width), 1))
    loss, gradient, theta = on_arrays(network), gradient_of(network), network.start()
    calls = max(1, 10_000 // network.parameters)
    candidates = {"loss": lambda: loss(theta), "gradient": lambda: gradient(theta)}
    gc.disable()
    times = in_turns({name: partial(processor_seconds, f, calls) for name, f in candidates.items()}, int(rounds))
    found = {name: median(seconds) for name, seconds in times.items()}
    print(json.dumps(found | {"ratio": median_ratio(times, "gradient", "loss")}))


if __name__ == "__main__":
    main(*sys.argv[1:])
