"""The script that one would write without this project: a plain mpmath loop over the cells.

It is honest work: right function values, the same four parts, enough digits. What it lacks is sharing (every cell
evaluates f and f′ anew), proof (no enclosure; the precision is a guess) and exact text of what it found.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np

from numdiff.floats.call import evaluate
from numdiff.study.sweep import Batch

BITS = 320
"""Enough for a centered difference with steps down to 2⁻⁷⁰ in float80."""

_mp = mpmath.mp.clone()
_mp.prec = BITS


def _cubes(x: Any) -> Any:
    return _mp.sin(x) ** 3 + _mp.cos(x) ** 3


def _cubes_derivative(x: Any) -> Any:
    return 3 * _mp.sin(x) * _mp.cos(x) * (_mp.sin(x) - _mp.cos(x))


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "composition": (lambda x: _mp.exp(x * x) ** 2, lambda x: 4 * x * _mp.exp(x * x) ** 2),
    "sigmoid": (lambda x: 1 / (1 + _mp.exp(-x)), lambda x: _mp.exp(-x) / (1 + _mp.exp(-x)) ** 2),
    "tanh": (
        lambda x: (_mp.exp(x) - _mp.exp(-x)) / (_mp.exp(x) + _mp.exp(-x)),
        lambda x: 4 / (_mp.exp(x) + _mp.exp(-x)) ** 2,
    ),
    "ascher_greif_sin": (_mp.sin, _mp.cos),
    "squire_trapp_quotient": (
        lambda x: _mp.exp(x) / _cubes(x),
        lambda x: _mp.exp(x) * (_cubes(x) - _cubes_derivative(x)) / _cubes(x) ** 2,
    ),
    "martins_quotient": (
        lambda x: _mp.exp(x) / _mp.sqrt(_cubes(x)),
        lambda x: _mp.exp(x) * (2 * _cubes(x) - _cubes_derivative(x)) / (2 * _cubes(x) * _mp.sqrt(_cubes(x))),
    ),
}
"""f and f′ of the course's functions and of those that every complex-step paper uses, written again for mpmath."""

_FORMULAS: dict[str, tuple[tuple[tuple[int, int], ...], int]] = {
    "forward": (((1, 1), (0, -1)), 1),
    "centered": (((1, 1), (-1, -1)), 2),
    "centered4": (((2, -1), (-2, 1), (1, 8), (-1, -8)), 12),
}
"""Offsets with their weights, and the factor of h in the denominator, as a textbook prints them."""


def exactly(value: Any) -> Any:
    """Return a NumPy scalar as an mpf, NaN where it is not finite."""
    if not np.isfinite(value):
        return _mp.nan
    numerator, denominator = (value if value.dtype == np.longdouble else np.float64(value)).as_integer_ratio()
    return _mp.mpf(int(numerator)) / int(denominator)


def _double(part: Any) -> float:
    """Return a part as a double; beyond the domain of f, where mpmath turns complex, there is none."""
    return float(part) if isinstance(part, _mp.mpf) else math.nan


def parts(batches: Sequence[Batch]) -> list[tuple[float, ...]]:
    """Return truncation, abscissa, evaluation, combination and total of every cell of some batches."""
    rows = []
    for batch in batches:
        f, derivative = FUNCTIONS[batch.subject.name]
        formula, divisor = _FORMULAS[batch.method.name]
        for x in batch.points:
            for h in batch.steps:
                number = batch.format.dtype.type
                nodes = [x + number(c) * h for c, _ in formula]
                values = [evaluate(batch.format, batch.subject.f, np.array([node]))[0] for node in nodes]
                terms = [number(w) * value for (_, w), value in zip(formula, values, strict=True)]
                computed = sum(terms[1:], terms[0]) / (number(divisor) * h)
                point, step = exactly(x), exactly(h)
                t = derivative(point)
                scale = divisor * step
                a = sum(w * f(point + c * step) for c, w in formula) / scale
                b = sum(w * f(exactly(node)) for (_, w), node in zip(formula, nodes, strict=True)) / scale
                c = sum(w * exactly(value) for (_, w), value in zip(formula, values, strict=True)) / scale
                d = exactly(computed)
                rows.append(tuple(map(_double, (a - t, b - a, c - b, d - c, d - t))))
    return rows
