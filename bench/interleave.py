"""Timing several callables in turns, so that a change of the machine's speed hits all of them alike.

On a shared machine the same code may take twice as long a second later. A quotient of two times is only
meaningful if both were measured side by side, over and over, and summarised by a median.
"""

import gc
import time
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median

Times = dict[str, list[float]]


def seconds_per_call(call: Callable[[], object], number: int) -> float:
    """Return the mean time of some calls in a row."""
    start = time.perf_counter()
    for _ in range(number):
        call()
    return (time.perf_counter() - start) / number


def in_turns(measurements: Mapping[str, Callable[[], float]], rounds: int) -> Times:
    """Return what each measurement gives, one entry a round.

    Parameters
    ----------
    measurements : mapping from name to callable without arguments
        Each returns seconds per call. The first round is not counted.
    rounds : int
        How often all of them are taken; the order rotates, so that nobody always finds a warm cache.
    """
    names = list(measurements)
    times: Times = {name: [] for name in names}
    for name in names:
        measurements[name]()
    for turn in range(rounds):
        for k in range(len(names)):
            name = names[(turn + k) % len(names)]
            times[name].append(measurements[name]())
    return times


def interleaved(functions: Mapping[str, Callable[[], object]], rounds: int, number: int = 1) -> Times:
    """Return seconds per call of functions of this process, measured in turns.

    Parameters
    ----------
    functions : mapping from name to callable without arguments
    rounds : int
    number : int
        Calls per measurement.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return in_turns({name: partial(seconds_per_call, call, number) for name, call in functions.items()}, rounds)
    finally:
        if collecting:
            gc.enable()


def median_ratio(times: Times, numerator: str, denominator: str) -> float:
    """Return the median over the rounds of one time divided by another of the same round."""
    return median(a / b for a, b in zip(times[numerator], times[denominator], strict=True))


def median_excess(times: Times, minuend: str, subtrahend: str) -> float:
    """Return by how many seconds one is slower than another: the median over the rounds of the difference."""
    return median(a - b for a, b in zip(times[minuend], times[subtrahend], strict=True))
