"""The kernel and what it is compared with; run as a script it is one candidate, alone in its process.

    python -m bench.kernel_candidates CANDIDATE POINTS NUMBER FORMAT [freed]

(centered differences of np.exp; POINTS may be "scalar": a Python float in place of an array; with ``freed`` the process
has made and freed other large arrays before). For every line that it reads it makes NUMBER calls and prints the seconds
of one. The process matters: what one candidate frees,
the C library keeps for the next, and whether the temporaries of the one-liner cost page faults would depend on who
ran before. Turns matter too, because the machine changes its speed: `times_in_turns` lets the processes go round.
"""

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from bench.interleave import Times, in_turns, seconds_per_call
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.blocks import BLOCK_BYTES
from numdiff.formulas.differences import difference
from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil

ROOT = Path(__file__).resolve().parents[1]


def points(item: FloatFormat, n: int) -> np.ndarray:
    return np.random.default_rng(n).uniform(-1, 1, n).astype(item.dtype)


def step(item: FloatFormat) -> Any:
    """Return a step that is no power of two and that no point of [-1, 1] absorbs."""
    return item.dtype.type(1.2357 * 2.0 ** -min(item.precision // 2, 16))


def kernel(stencil: Stencil, x: Any, h: Any) -> Any:
    return difference(np.exp, x, h, stencil)


def one_liner(stencil: Stencil, x: Any, h: Any) -> Any:
    if stencil is FORWARD:
        return (np.exp(x + h) - np.exp(x)) / h
    return (np.exp(x + h) - np.exp(x - h)) / (h + h)


def floor(stencil: Stencil, x: np.ndarray, h: Any) -> Any:
    """Return the same by two evaluations and the unavoidable passes, inlined in the blocks of the kernel."""
    out = np.empty_like(x)
    size = min(x.size, BLOCK_BYTES // x.dtype.itemsize)
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
    size = min(x.size, BLOCK_BYTES // x.dtype.itemsize)
    out = np.empty(size, x.dtype)
    for start in range(0, x.size, size):
        block = x[start : start + size]
        np.exp(block, out[: block.size])
        np.exp(block, out[: block.size])


CANDIDATES: dict[str, Callable[[Stencil, np.ndarray, Any], Any]] = {
    "kernel": kernel,
    "one-liner": one_liner,
    "floor": floor,
}


PROCESSES = 5
"""Processes of each candidate: where its memory lies, and so what it costs, differs from one to the next."""


def times_in_turns(
    names: Sequence[str], n: int | str, rounds: int, number: int, dtype: str = "float64", freed: bool = False
) -> Times:
    """Return the seconds per call of some candidates, each in processes of its own, measured in turns."""
    last = [str(n), str(number), dtype, *(["freed"] if freed else [])]
    command = [sys.executable, "-m", "bench.kernel_candidates"]
    options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with ExitStack() as stack:
        turns: dict[str, Callable[[], float]] = {}
        for name in names:
            processes = [
                stack.enter_context(subprocess.Popen([*command, name, *last], cwd=ROOT, **options))
                for _ in range(PROCESSES)
            ]
            turns[name] = partial(_turn, cycle(processes))
        return in_turns(turns, rounds)


def _turn(processes: "Iterator[subprocess.Popen[str]]") -> float:
    """Let the next process of a candidate make its calls, and return what it measured."""
    process = next(processes)
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a candidate is spoken to through pipes")
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def free_other_arrays() -> None:
    """Leave the memory of the process as work on other large arrays leaves it: freed, in pieces of several sizes."""
    kept = [np.ones(megabytes << 17) for megabytes in (1, 64, 3, 32, 8, 16)]
    while kept:
        kept.pop(len(kept) // 2)


def main(name: str, n: str, number: str, dtype: str, freed: str = "") -> None:
    if freed:
        free_other_arrays()
    item = FORMATS[dtype]
    x: Any = points(item, 1 if n == "scalar" else int(n))
    h: Any = step(item)
    if n == "scalar":
        x, h = x.item(), h.item()
    call = partial(CANDIDATES.get(name, two_evaluations), CENTERED, x, h)
    gc.disable()
    call()
    for _ in sys.stdin:
        print(repr(seconds_per_call(call, int(number))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
