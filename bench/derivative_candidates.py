"""`derivative` beside the libraries that differentiate a black box: what is called, times in turns, and errors.

It runs as a program of its own, with BLAS on one thread, and prints one JSON object: the environment decides on threads
when NumPy is loaded.
"""

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from bench.interleave import interleaved, median_ratio
from numdiff.adaptive.derivative import derivative

THREADS = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")}
PEERS = {"scipy": "scipy", "numdifftools": "numdifftools", "jacobi": "jacobi"}
MANY = 10_000
ROUNDS = {1: (50, 15), MANY: (12, 1)}
"""By the number of points: rounds, and calls a round."""
CHECKED = 200
"""Points at which a single point is differentiated to see how exact a library is there."""
U = 2.0**-53

Candidates = Mapping[str, Callable[[], Any]]


class Case(NamedTuple):
    """A function, its derivative, where it is differentiated, and the domain that `derivative` is told."""

    f: Callable[[Any], Any]
    slope: Callable[[Any], Any]
    low: float
    high: float
    domain: tuple[float, float] | None = None

    def points(self, n: int) -> np.ndarray:
        """Return n points of which none is a round number."""
        return np.random.default_rng(n).uniform(self.low, self.high, n)


def sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


CASES = {
    "exp(sin)": Case(lambda x: np.exp(np.sin(x)), lambda x: np.cos(x) * np.exp(np.sin(x)), 0.5, 2.5),
    "sigmoid": Case(sigmoid, lambda x: sigmoid(x) * sigmoid(-x), -3.0, 3.0),
    "log near its edge": Case(np.log, lambda x: 1.0 / x, 1e-3, 1.0, (0.0, np.inf)),
}


def scipy(f: Callable[[Any], Any], x: Any) -> Any:
    from scipy.differentiate import derivative as theirs

    return theirs(f, x, tolerances={"rtol": 1e-12}).df


def numdifftools(f: Callable[[Any], Any], x: Any) -> Any:
    from numdifftools import Derivative

    return Derivative(f)(x)


def jacobi(f: Callable[[Any], Any], x: Any) -> Any:
    from jacobi import jacobi as theirs

    return theirs(f, x, diagonal=np.ndim(x) > 0)[0]


LIBRARIES = {"scipy": scipy, "numdifftools": numdifftools, "jacobi": jacobi}


def candidates(case: Case, x: Any) -> dict[str, Callable[[], Any]]:
    """Return the calls that are compared: ours, and those of the libraries that are installed."""
    ours = {"derivative": lambda: derivative(case.f, x, domain=case.domain).df}
    return ours | {n: partial(LIBRARIES[n], case.f, x) for n, module in PEERS.items() if find_spec(module)}


def errors(found: Any, exact: np.ndarray) -> list[float]:
    """Return the median and the 90 % quantile of the relative error, not less than two roundings; NaN is infinite."""
    error = np.abs(np.asarray(found, dtype=np.longdouble) - exact) / np.abs(exact)
    error = np.sort(np.where(np.isnan(error), np.inf, np.maximum(error, 2 * U)))
    return [float(error[int(part * (error.size - 1))]) for part in (0.5, 0.9)]


def exactness(case: Case, n: int) -> dict[str, list[float]]:
    """Return how exact each candidate is: at all of n points, or at single points one after the other."""
    x = case.points(n if n > 1 else CHECKED)
    exact = case.slope(x.astype(np.longdouble))
    if n > 1:
        return {name: errors(call(), exact) for name, call in candidates(case, x).items()}
    found: dict[str, list[Any]] = {}
    for point in x:
        for name, call in candidates(case, float(point)).items():
            found.setdefault(name, []).append(call())
    return {name: errors(np.ravel(values), exact) for name, values in found.items()}


def measured(case: Case, n: int) -> dict[str, Any]:
    """Return, for a case and a number of points, times, errors, and the share of points off the shortest way."""
    rounds, number = ROUNDS[n]
    x = case.points(n) if n > 1 else float(case.points(1)[0])
    calls = candidates(case, x)
    floor = {"f": partial(case.f, np.asarray(x))}
    times = interleaved(calls | floor, rounds, number)
    result = derivative(case.f, case.points(MANY), domain=case.domain)
    return {
        "microseconds": {name: 1e6 * float(np.median(seconds)) for name, seconds in times.items()},
        "ratios": {name: median_ratio(times, name, "derivative") for name in calls if name != "derivative"},
        "errors": exactness(case, n),
        "beyond": float(np.mean(result.nfev > np.median(result.nfev))),
        "evaluations": float(np.median(result.nfev)),
    }


def main() -> None:
    """Measure all cases and print them."""
    warnings.simplefilter("ignore")  # SciPy and numdifftools meet NaN beyond the edge of log
    with np.errstate(all="ignore"):
        found = {name: {str(n): measured(case, n) for n in ROUNDS} for name, case in CASES.items()}
    json.dump(found, sys.stdout)


def in_a_process_of_its_own() -> dict[str, dict[str, dict[str, Any]]]:
    """Return what `main` prints where BLAS has one thread."""
    command = [sys.executable, "-m", "bench.derivative_candidates"]
    done = subprocess.run(command, env=os.environ | THREADS, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
