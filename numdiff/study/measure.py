"""Measure the cells of one function: kernel calls, judged by the ledger, written as records."""

import math
from collections.abc import Callable
from dataclasses import astuple
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from numdiff.analysis.ledger import Ledger, ledger_of
from numdiff.analysis.reference import Engine, ExactFunction
from numdiff.analysis.totals import total_errors
from numdiff.formats import FloatFormat
from numdiff.kernels import apply, observe
from numdiff.rounding import dyadic
from numdiff.study.records import FIELDS, frame_of
from numdiff.study.sweep import NEIGHBOURS, Skip, Subject, Sweep, Task, neighbours, plan

SKIP_COLUMNS = ("problem", "point", "method", "format", "reason")


def measure(
    subject: Subject, sweep: Sweep, engine: Engine = "mpmath", done: Callable[[int], Any] = lambda cells: None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure all cells of one function in a sweep.

    Parameters
    ----------
    subject : Subject
        The function: a `Problem`, or one of the user's.
    sweep : Sweep
    engine : {"mpmath", "arb"}
    done : callable
        Called with the number of cells after each kernel call.

    Returns
    -------
    records, skips : DataFrame
        A row for every cell, in the order of the sweep, and a row for all that cannot be run.
    """
    todo = plan(subject, sweep)
    exact = ExactFunction(subject.f, subject.derivative, engine)
    columns: dict[str, list[Any]] = {name: [] for name in FIELDS}
    for task in todo.tasks:
        for name, values in _columns(task, exact).items():
            columns[name].extend(values)
        done(task.cells)
    return frame_of(columns), skip_frame(todo.skips)


def skip_frame(skips: list[Skip]) -> pd.DataFrame:
    """Return what was left out as a table."""
    return pd.DataFrame([astuple(skip) for skip in skips], columns=list(SKIP_COLUMNS), dtype="str")


def _columns(task: Task, exact: ExactFunction) -> dict[str, list[Any]]:
    """Run one task and return its records by column, points outermost."""
    x, h = task.points[:, np.newaxis], task.steps[np.newaxis, :]
    ledger = ledger_of(exact, observe(task.method, task.subject.f, x, h), x, h, task.method, task.format)
    cells = task.cells
    return {
        "problem": [task.subject.name] * cells,
        "point": np.repeat(task.point_indices, len(task.ks)).tolist(),
        "format": [task.format.name] * cells,
        "method": [task.method.name] * cells,
        "grid": [task.grid] * cells,
        "k": list(task.ks) * len(task.point_indices),
        **_ledger_columns(ledger),
        "evaluations": [task.method.evaluations] * cells,
        **_neighbourhood(task, exact),
    }


def _ledger_columns(ledger: Ledger) -> dict[str, list[Any]]:
    fmt = ledger.format
    with np.errstate(all="ignore"):
        relative = np.abs(ledger.total) / np.abs(ledger.reference)
    relative[(ledger.reference == 0) | (ledger.status == "stuck")] = np.nan
    doubles = {
        name: np.asarray(getattr(ledger, name), dtype=np.float64).ravel().tolist()
        for name in (
            "effective_step", "reference", "reference_radius", "truncation", "abscissa", "evaluation",
            "combination", "total", "roundoff",
        )
    }  # fmt: skip
    return {
        **doubles,
        "x": _hex(fmt, ledger.x),
        "step": _hex(fmt, ledger.h),
        "computed": _hex(fmt, ledger.computed),
        "x_value": _doubles(ledger.x),
        "step_value": _doubles(ledger.h),
        "computed_value": _doubles(ledger.computed),
        "reference_text": [reference.text for reference in ledger.references],
        "relative_error": relative.ravel().tolist(),
        "ulps": _ulps(ledger),
        "status": [str(status) for status in ledger.status.ravel()],
        "state": [str(state) for state in ledger.state.ravel()],
        "underflow": ledger.underflow.ravel().tolist(),
    }


def _hex(fmt: FloatFormat, array: np.ndarray) -> list[str]:
    """Return the exact text of every element; equal neighbours (a broadcast x) are written once."""
    known: dict[bytes, str] = {}
    texts = []
    for item in array.ravel():
        # The value, not its bytes, is the key for wide formats: the padding of longdouble is garbage.
        key = item.tobytes() if fmt.precision <= 53 else repr(item).encode()
        if key not in known:
            known[key] = fmt.hex(item)
        texts.append(known[key])
    return texts


def _doubles(array: np.ndarray) -> list[float]:
    with np.errstate(over="ignore"):
        return [float(value) for value in array.ravel().astype(np.float64)]


def _ulps(ledger: Ledger) -> list[float]:
    """Return |total| in units of the spacing of the format at the exact derivative."""
    exponents: dict[float, int] = {}
    ulps = []
    for total, reference in zip(ledger.total.ravel().tolist(), ledger.reference.ravel().tolist(), strict=True):
        if math.isnan(total) or math.isnan(reference):
            ulps.append(math.nan)
            continue
        if reference not in exponents:
            magnitude = max(abs(Fraction(reference)), ledger.format.smallest_normal)
            exponents[reference] = dyadic(ledger.format.spacing(magnitude))[1]
        # Scaling by a power of two is exact, wherever the result is a normal number.
        ulps.append(_scaled(abs(total), -exponents[reference]))
    return ulps


def _scaled(value: float, exponent: int) -> float:
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.inf


def _neighbourhood(task: Task, exact: ExactFunction) -> dict[str, list[Any]]:
    """Return the statistics of the total error over the neighbours of each point, for each step."""
    cells = task.cells
    names = ("rms_error", "median_error", "max_error")
    if not task.neighbourhood:
        return {"neighbours": [0] * cells, "failures": [0] * cells, **{name: [math.nan] * cells for name in names}}
    columns: dict[str, list[Any]] = {name: [] for name in ("neighbours", "failures", *names)}
    for x in task.points:
        near = neighbours(task.format, x)
        with np.errstate(all="ignore"):
            results = apply(task.method, task.subject.f, near[:, np.newaxis], task.steps, blocked=False)
        errors = total_errors(exact, near, results, task.method.derivative_order, task.format)
        for column in np.abs(errors).T.tolist():
            finite = sorted(error for error in column if math.isfinite(error))
            columns["neighbours"].append(NEIGHBOURS)
            columns["failures"].append(NEIGHBOURS - len(finite))
            # math.hypot neither overflows nor depends on the order of a SIMD sum.
            columns["rms_error"].append(math.hypot(*finite) / math.sqrt(len(finite)) if finite else math.nan)
            columns["median_error"].append(_median(finite))
            columns["max_error"].append(finite[-1] if finite else math.nan)
    return columns


def _median(ordered: list[float]) -> float:
    if not ordered:
        return math.nan
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
