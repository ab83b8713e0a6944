"""Contestants of the tests: a small honest estimator, and liars."""

from types import SimpleNamespace

import numpy as np

LADDER = 6


def richardson(call, x, fmt, *, lower, upper, noise=None):
    """Extrapolate centered differences at halving steps; the bar is the spread of the last two columns."""
    wide = np.longdouble if fmt.precision > 53 else np.float64
    start = np.maximum(np.abs(x.astype(np.float64)), 1) / 16
    start = np.minimum(start, np.minimum(x.astype(np.float64) - lower, upper - x.astype(np.float64)) / 2)
    rows = np.arange(len(x))
    table = []
    for level in range(LADDER):
        h = fmt.as_array(start * 0.7 * 2.0**-level)
        high, low = x + h, x - h
        width = high.astype(wide) - low.astype(wide)
        quotient = (call(high, rows).astype(wide) - call(low, rows).astype(wide)) / width
        row = [quotient]
        for order, before in enumerate(table[-1] if table else []):
            row.append(row[order] + (row[order] - before) / (4 ** (order + 1) - 1))
        table.append(row)
    spreads = np.array([np.abs(table[-1][j] - table[-2][j - 1]) for j in range(1, LADDER)]).astype(np.float64)
    spreads = np.where(np.isfinite(spreads), spreads, np.inf)
    best = spreads.argmin(axis=0)
    value = np.array([table[-1][j + 1][i] for i, j in enumerate(best)], dtype=wide)
    bar = 4 * spreads.min(axis=0)
    return answer(value, bar, np.where(np.isfinite(bar), 0, 1), 2 * LADDER)


def answer(value, bar, status, evaluations):
    size = len(value)
    return SimpleNamespace(
        value=value,
        error=np.broadcast_to(bar, size),
        status=np.broadcast_to(status, size),
        evaluations=np.broadcast_to(evaluations, size),
    )


def no_bar(call, x, fmt, *, lower, upper, noise=None):
    """Return the value of the small estimator with a bar of 0."""
    return answer(richardson(call, x, fmt, lower=lower, upper=upper).value, 0.0, 0, 12)


def no_commitment(call, x, fmt, *, lower, upper, noise=None):
    """Return the value of the small estimator with an infinite bar and the status ok."""
    return answer(richardson(call, x, fmt, lower=lower, upper=upper).value, np.inf, 0, 12)


def no_value(call, x, fmt, *, lower, upper, noise=None):
    """Return NaN everywhere, with the status ok."""
    return answer(np.full(len(x), np.nan), np.nan, 0, 0)
