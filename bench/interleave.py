"""Timing several callables in turns, so that a change of the machine's speed hits all of them alike.

On a shared machine the same code may take twice as long a second later. A quotient of two times is only
meaningful if both were measured side by side, over and over, and summarised by a median.
"""

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median

Times = dict[str, list[float]]


def interleaved(functions: Mapping[str, Callable[[], object]], rounds: int, number: int = 1) -> Times:
    """Return seconds per call of each function, one entry a round.

    Parameters
    ----------
    functions : mapping from name to callable without arguments
    rounds : int
        How often all of them are measured; the order rotates, so that nobody always finds a warm cache.
    number : int
        Calls per measurement.
    """
    names = list(functions)
    for name in names:
        functions[name]()
    times: Times = {name: [] for name in names}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for turn in range(rounds):
            for k in range(len(names)):
                name = names[(turn + k) % len(names)]
                call = functions[name]
                start = time.perf_counter()
                for _ in range(number):
                    call()
                times[name].append((time.perf_counter() - start) / number)
    finally:
        if collecting:
            gc.enable()
    return times


def median_ratio(times: Times, numerator: str, denominator: str) -> float:
    """Return the median over the rounds of one time divided by another of the same round."""
    return median(a / b for a, b in zip(times[numerator], times[denominator], strict=True))


def median_excess(times: Times, minuend: str, subtrahend: str) -> float:
    """Return by how many seconds one is slower than another: the median over the rounds of the difference."""
    return median(a - b for a, b in zip(times[minuend], times[subtrahend], strict=True))
