"""The kernel and what it is compared with; run as a script it times them in a process of its own.

    python -m bench.kernel_contestants POINTS ROUNDS NUMBER

(POINTS may be "scalar": a Python float in place of an array) prints, as JSON, the seconds per call of each
contestant in each round (centered differences of np.exp in float64).
The process matters: once a program has freed arrays of 16 MB the C library keeps so much memory that the
temporaries of the one-liner cost no page faults any more, and whichever benchmark ran before decides the ratio.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.interleave import Times, interleaved
from numdiff import kernels
from numdiff.formats import FORMATS, FloatFormat
from numdiff.stencils import CENTERED, FORWARD, Stencil


def points(item: FloatFormat, n: int) -> np.ndarray:
    return np.random.default_rng(n).uniform(-1, 1, n).astype(item.dtype)


def step(item: FloatFormat) -> Any:
    """Return a step that is no power of two and that no point of [-1, 1] absorbs."""
    return item.dtype.type(1.2357 * 2.0 ** -min(item.precision // 2, 16))


def kernel(stencil: Stencil, x: Any, h: Any) -> Any:
    return kernels.difference(np.exp, x, h, stencil)


def one_liner(stencil: Stencil, x: Any, h: Any) -> Any:
    if stencil is FORWARD:
        return (np.exp(x + h) - np.exp(x)) / h
    return (np.exp(x + h) - np.exp(x - h)) / (h + h)


def floor(stencil: Stencil, x: np.ndarray, h: Any) -> Any:
    """Return the same by two evaluations and the unavoidable passes, inlined in the blocks of the kernel."""
    out = np.empty_like(x)
    size = min(x.size, kernels.BLOCK_BYTES // x.dtype.itemsize)
    left, right = np.empty(size, x.dtype), np.empty(size, x.dtype)
    shift = np.asarray(h)
    divisor = shift if stencil is FORWARD else np.asarray(h + h)
    for start in range(0, x.size, size):
        block, result = x[start : start + size], out[start : start + size]
        plus, minus = left[: block.size], right[: block.size]
        np.add(block, shift, plus)
        if stencil is FORWARD:
            y, z = np.exp(plus), np.exp(block)
        else:
            np.subtract(block, shift, minus)
            y, z = np.exp(plus), np.exp(minus)
        np.subtract(y, z, result)
        np.divide(result, divisor, result)
    return out


def two_evaluations(stencil: Stencil, x: np.ndarray, h: Any) -> None:
    """Evaluate f twice at every point, in the blocks of the kernel, and do nothing else."""
    size = min(x.size, kernels.BLOCK_BYTES // x.dtype.itemsize)
    out = np.empty(size, x.dtype)
    for start in range(0, x.size, size):
        block = x[start : start + size]
        np.exp(block, out[: block.size])
        np.exp(block, out[: block.size])


CONTESTANTS: dict[str, Callable[[Stencil, np.ndarray, Any], Any]] = {
    "kernel": kernel,
    "one-liner": one_liner,
    "floor": floor,
}


def times_in_a_fresh_process(n: int | str, rounds: int, number: int) -> Times:
    """Return the times that this script prints."""
    command = [sys.executable, "-m", "bench.kernel_contestants", str(n), str(rounds), str(number)]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    times: Times = json.loads(done.stdout)
    return times


def main(n: str, rounds: str, number: str) -> None:
    item = FORMATS["float64"]
    calls = {**CONTESTANTS, "two evaluations": two_evaluations}
    x: Any = points(item, 1 if n == "scalar" else int(n))
    h: Any = step(item)
    if n == "scalar":
        calls = {"kernel": kernel, "one-liner": one_liner}
        x, h = x.item(), h.item()
    bound = {name: partial(call, CENTERED, x, h) for name, call in calls.items()}
    json.dump(interleaved(bound, int(rounds), int(number)), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
