"""How fast `derivative` is beside SciPy, numdifftools and jacobi, where it is at least as exact.

One run measures all in turns, and checks in the same run that the median and the 90 % quantile of the error are no
larger than those of the library, to a tenth. SciPy gets the tolerance that makes it as exact as it can be.
"""

from functools import partial
from statistics import median
from typing import Any

import numpy as np
import pytest

from bench.derivative_candidates import CASES, LIBRARIES, MANY, ROUNDS, candidates, in_a_process_of_its_own
from bench.interleave import interleaved, median_excess
from numdiff.adaptive import engine, single
from numdiff.adaptive.derivative import derivative
from numdiff.adaptive.fast_one import read_one
from numdiff.floats.formats import FORMATS
from numdiff.formulas.differences import centered_difference

FLOORS = {
    (1, "scipy"): 15.0,
    (1, "numdifftools"): 9.0,
    (1, "jacobi"): 8.0,
    (MANY, "scipy"): 0.6,
    (MANY, "numdifftools"): 3.0,
    (MANY, "jacobi"): 0.8,
}
"""How many times as fast it is at least, by the number of points and the library: about half of what was measured on
two busy cores (24 to 47, 15 to 20, 12 to 18; 0.85 to 2.3, 5 to 73, 1.1 to 2.0)."""
EQUAL = 1.1
"""Errors that differ by less than a tenth are equal: they do so from one set of points to the next."""
OVERHEAD = {1: 2.0, MANY: 2.0}
"""What `derivative` may cost beside the estimator and f, in units of a centered difference at the same points."""
BEYOND = 0.05
"""The share of points that may need more than the first batch of nodes."""


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, dict[str, Any]]]:
    return in_a_process_of_its_own()


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("n", ROUNDS)
@pytest.mark.parametrize("name", CASES)
def test_derivative_is_faster_than_a_library_that_is_no_more_exact(benchmark, measured, name, n, library):
    found = measured[name][str(n)]
    if library not in found["ratios"]:
        pytest.skip(f"{library} is not installed")
    ours, theirs = found["errors"]["derivative"], found["errors"][library]
    assert all(a <= EQUAL * b for a, b in zip(ours, theirs, strict=True)), (ours, theirs)
    case = CASES[name]
    x = case.points(n) if n > 1 else float(case.points(1)[0])
    benchmark.pedantic(candidates(case, x)["derivative"], rounds=3)
    for candidate, microseconds in found["microseconds"].items():
        benchmark.extra_info[f"median_microseconds_{candidate}"] = microseconds
    gate = f"derivative of {name}, n = {n}: {library}/derivative"
    ratio, limit = found["ratios"][library], FLOORS[n, library]
    benchmark.extra_info.update(gate=gate, ratio=ratio, limit=limit, sense=">=")


@pytest.mark.parametrize("n", OVERHEAD)
def test_arguments_and_result_cost_little(benchmark, monkeypatch, n):
    x = np.linspace(0.5, 1.0, n) if n > 1 else 0.5
    nodes, rows = np.tile(np.ravel(x), 12), np.tile(np.arange(n), 12)
    found = engine.estimate(lambda nodes, rows: np.exp(nodes), np.atleast_1d(x), FORMATS["float64"])
    at = nodes.tolist()
    one = read_one(lambda at: np.exp(at).tolist(), 0.5, 0.0625, 1e-7, 0.99)

    def estimate(call: Any, x: Any, fmt: Any, **options: Any) -> Any:
        call(nodes, rows)
        return found

    def read(values: Any, *limits: Any) -> Any:
        values(at)
        return one

    monkeypatch.setattr(engine, "estimate", estimate)
    monkeypatch.setattr(single, "read_one", read)
    calls = {
        "derivative": partial(derivative, np.exp, x),
        "f": partial(np.exp, nodes),
        "difference": partial(centered_difference, np.exp, x, 2.0**-17),
    }
    times = interleaved(calls, 200, 50 if n == 1 else 1)
    benchmark.pedantic(calls["derivative"], rounds=3)
    ratio = median_excess(times, "derivative", "f") / median(times["difference"])
    gate = f"derivative, n = {n}: beside the estimator and f/centered difference"
    benchmark.extra_info.update(gate=gate, ratio=ratio, limit=OVERHEAD[n], sense="<=")


@pytest.mark.parametrize("name", CASES)
def test_few_points_need_more_than_the_first_batch(benchmark, measured, name):
    case = CASES[name]
    benchmark.pedantic(candidates(case, case.points(MANY))["derivative"], rounds=3)
    gate = f"derivative of {name}: share of points beyond the first batch"
    ratio = measured[name][str(MANY)]["beyond"]
    benchmark.extra_info.update(gate=gate, ratio=ratio, limit=BEYOND, sense="<=")
