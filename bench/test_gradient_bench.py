"""How fast `gradient` is, beside the functions that people use for the same formula.

The same f, the same point, the same step and the same formula for all: the forward difference against
scipy.optimize.approx_fprime, the centered one against Gradient of numdifftools with one fixed step and without
extrapolation. At a step that is a power of two all of them return the same numbers, which is checked. A third
candidate evaluates f in batches, which neither of the two can. Ratios are medians over rounds taken in turns.
"""

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import pytest

from bench.interleave import Times, interleaved, median_ratio
from numdiff.gradients import gradient

ROUNDS = {10: (200, 20), 1000: (40, 1)}  # n: rounds and calls a round
STEPS = {"forward": 2.0**-26, "centered": 2.0**-17}
PEERS = {"forward": "approx_fprime", "centered": "numdifftools"}
LIMITS = {
    ("forward", 10): {"points": 3.5, "batches": 3.0},
    ("forward", 1000): {"points": 1.0, "batches": 0.8},
    ("centered", 10): {"points": 1.9, "batches": 1.4},
    ("centered", 1000): {"points": 1.5, "batches": 1.1},
}
"""Of the time of the peer: a third above what was measured on a busy machine, at least. The peer takes the formula
at its word: of ten coordinates, eight are evaluated twice here, to see whether another step contradicts. A batch
saves the cost of calls, not the arithmetic: of 1000 numbers, about a half."""

Candidates = dict[str, Callable[[], Any]]


def rosenbrock(x: np.ndarray) -> Any:
    """Return Σ 100·(xₖ₊₁ − xₖ²)² + (1 − xₖ)², at a point or at every point of a batch."""
    a, b = x[..., 1:] - x[..., :-1] ** 2, 1.0 - x[..., :-1]
    return 100.0 * np.vecdot(a, a) + np.vecdot(b, b)


def start(n: int) -> np.ndarray:
    return np.random.default_rng(n).uniform(0.5, 0.9, n)  # x + h stays in the binade: exact


def approx_fprime(x: np.ndarray, h: float) -> np.ndarray:
    from scipy.optimize import approx_fprime

    return approx_fprime(x, rosenbrock, h)


def numdifftools(x: np.ndarray, h: float) -> np.ndarray:
    from numdifftools import Gradient

    return Gradient(rosenbrock, step=h, num_steps=1, richardson_terms=0, method="central", order=2)(x)


def candidates(stencil: str, n: int) -> Candidates:
    x, h = start(n), STEPS[stencil]
    peer = {"approx_fprime": approx_fprime, "numdifftools": numdifftools}[PEERS[stencil]]
    return {
        "points": partial(gradient, rosenbrock, x, h=h, stencil=stencil),
        "batches": partial(gradient, rosenbrock, x, h=h, stencil=stencil, vectorized=True),
        PEERS[stencil]: partial(peer, x, h),
    }


def evaluations(stencil: str, n: int) -> Callable[[], Any]:
    """Return the evaluations of f that no candidate can do without."""
    x, count = start(n), n + 1 if stencil == "forward" else 2 * n
    return lambda: [rosenbrock(x) for _ in range(count)]


@pytest.fixture(scope="module")
def measured() -> dict[tuple[str, int], Times]:
    """Keep what was measured: the two gates of a formula and size share their rounds."""
    return {}


@pytest.mark.parametrize("candidate", ["points", "batches"])
@pytest.mark.parametrize("n", ROUNDS)
@pytest.mark.parametrize("stencil", PEERS)
def test_gradient_is_not_slower_than_its_peer(benchmark, measured, stencil, n, candidate):
    running, peer = candidates(stencil, n), PEERS[stencil]
    expected = running[peer]()
    assert np.array_equal(running["points"](), expected)
    # In a batch np.vecdot may sum in another order: n roundings of f, of the size of the sum of its terms, over h.
    scatter = 4 * n * 2.0**-53 * float(rosenbrock(start(n))) / STEPS[stencil]
    assert np.all(np.abs(running["batches"]() - expected) <= scatter)
    if (stencil, n) not in measured:
        rounds, number = ROUNDS[n]
        measured[stencil, n] = interleaved(running | {"evaluations": evaluations(stencil, n)}, rounds, number)
    times = measured[stencil, n]
    benchmark.pedantic(running[candidate], rounds=3)
    for name, seconds in times.items():
        benchmark.extra_info[f"median_microseconds_{name}"] = 1e6 * median(seconds)
    gate = f"gradient of Rosenbrock, {stencil}, n = {n}: {candidate}/{peer}"
    ratio, limit = median_ratio(times, candidate, peer), LIMITS[stencil, n][candidate]
    benchmark.extra_info.update(gate=gate, ratio=ratio, limit=limit, sense="<=")
