"""The exact side: the engines, the ledger in cells a second against the obvious script, a whole sweep."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bench.interleave import interleaved, median_ratio
from bench.obvious_script import FUNCTIONS, parts
from numdiff.analysis.ledger import ledger_of
from numdiff.analysis.reference import Engine, ExactFunction
from numdiff.arithmetic import balls, multiprecision
from numdiff.floats.formats import dyadic
from numdiff.formulas.kernels import observe
from numdiff.problems import PROBLEMS
from numdiff.study.measure import measure
from numdiff.study.sweep import Batch, Sweep, plan

SWEEP = Sweep("bench", tuple(FUNCTIONS), ("forward", "centered", "centered4"))
LIMIT = 7.0
"""How many times as many cells a second the Arb engine gives as the obvious script.

The mpmath of the script computes with gmpy2, and 8.0 was measured. Without gmpy2 the script is slower by a seventh, and
the ratio was 9.1."""


def tasks() -> list[Batch]:
    """Return the kernel calls of the sweep."""
    return [task for name in FUNCTIONS for task in plan(PROBLEMS[name], SWEEP).batches]


def ledgers(chosen: list[Batch], engine: Engine) -> list[Any]:
    """Decompose every cell of the tasks; the abscissae of a function are shared, as in a sweep."""
    exact = {name: ExactFunction(PROBLEMS[name].f, PROBLEMS[name].derivative, engine) for name in FUNCTIONS}
    done = []
    for task in chosen:
        x, h = task.points[:, np.newaxis], task.steps[np.newaxis, :]
        observation = observe(task.method, task.subject.f, x, h)
        done.append(ledger_of(exact[task.subject.name], observation, x, h, task.method, task.format))
    return done


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_obvious_script_finds_the_same_parts() -> None:
    """What is compared is the same work: the script's parts agree with the ledger's to its own rounding."""
    chosen = tasks()
    rows = np.array(parts(chosen))
    ours = ledgers(chosen, "arb")
    names = ("truncation", "abscissa", "evaluation", "combination", "total")
    stacked = np.stack([np.concatenate([getattr(one, name).ravel() for one in ours]) for name in names], axis=1)
    finite = np.isfinite(stacked)
    np.testing.assert_allclose(rows[finite], stacked[finite], rtol=1e-15, atol=1e-60)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_ledger_throughput(benchmark: Any) -> None:
    """Cells a second: Arb, mpmath and the obvious script in turns; the gate is Arb over the script."""
    chosen = tasks()
    cells = sum(task.cells for task in chosen)
    contenders: dict[str, Callable[[], Any]] = {
        "arb": lambda: ledgers(chosen, "arb"),
        "mpmath": lambda: ledgers(chosen, "mpmath"),
        "script": lambda: parts(chosen),
    }
    times = interleaved(contenders, rounds=11)
    for name, seconds in times.items():
        benchmark.extra_info[f"cells_per_second_{name}"] = round(cells / sorted(seconds)[len(seconds) // 2])
    ratio = median_ratio(times, "script", "arb")
    benchmark.extra_info.update(
        gate="ledger: cells per second, Arb over the script", ratio=ratio, limit=LIMIT, sense=">="
    )
    benchmark.extra_info["mpmath_over_script"] = median_ratio(times, "script", "mpmath")
    benchmark.pedantic(contenders["arb"], rounds=3)


@pytest.mark.parametrize("engine", [balls, multiprecision], ids=["arb", "mpmath"])
@pytest.mark.parametrize("precision", [256, 1024])
def test_engine(benchmark: Any, engine: Any, precision: int) -> None:
    """One callable at 200 points."""
    f = PROBLEMS["martins_quotient"].f
    points = [dyadic(1 + k / 256) for k in range(200)]
    benchmark.extra_info["points"] = len(points)
    benchmark(engine.values, f, points, precision)


def test_automatic_differentiation(benchmark: Any) -> None:
    """The first derivative at 200 points by Arb's power series."""
    points = [dyadic(1 + k / 256) for k in range(200)]
    benchmark(balls.derivatives, PROBLEMS["martins_quotient"].f, points, 1, 256)


@pytest.mark.parametrize("engine", ["mpmath", "arb"])
def test_sweep_throughput(benchmark: Any, engine: Engine) -> None:
    """One problem from the kernel to the records, neighbourhood statistics included."""
    sweep = Sweep("bench", ("martins_quotient",), given_steps=(1e-4,), neighbourhood=True)
    problem = PROBLEMS["martins_quotient"]
    records, _ = measure(plan(problem, sweep), engine)
    file = io.BytesIO()
    records.to_parquet(file)
    benchmark.extra_info.update(cells=len(records), bytes_per_cell=len(file.getvalue()) / len(records))
    benchmark.pedantic(measure, args=(plan(problem, sweep), engine), rounds=3, warmup_rounds=1)
