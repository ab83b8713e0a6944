"""The script that one would write without this project: a plain mpmath loop over the cells.

It is honest work: right function values, the same four parts, enough digits. What it lacks is sharing (every cell
evaluates f and f′ anew), proof (no enclosure; the precision is a guess) and exact text of what it found.
"""

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np

from numdiff.study.sweep import Task

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

_OFFSETS = {"forward": ((1, 0), 1), "centered": ((1, -1), 2)}
"""The nodes of the two-point formulas, and the factor of h in the denominator."""


def exactly(value: Any) -> Any:
    """Return a NumPy scalar as an mpf."""
    numerator, denominator = (value if value.dtype == np.longdouble else np.float64(value)).as_integer_ratio()
    return _mp.mpf(int(numerator)) / int(denominator)


def parts(tasks: Sequence[Task]) -> list[tuple[float, ...]]:
    """Return truncation, abscissa, evaluation, combination and total of every cell of some tasks."""
    rows = []
    for task in tasks:
        f, derivative = FUNCTIONS[task.subject.name]
        (first, second), divisor = _OFFSETS[task.method.name]
        for x in task.points:
            for h in task.steps:
                nodes = [x + h if c == 1 else x - h if c == -1 else x for c in (first, second)]
                values = [task.format.evaluate(task.subject.f, np.array([node]))[0] for node in nodes]
                computed = (values[0] - values[1]) / (task.format.round(divisor) * h)
                point, step = exactly(x), exactly(h)
                t = derivative(point)
                a = (f(point + first * step) - f(point + second * step)) / (divisor * step)
                b = (f(exactly(nodes[0])) - f(exactly(nodes[1]))) / (divisor * step)
                c = (exactly(values[0]) - exactly(values[1])) / (divisor * step)
                d = exactly(computed)
                rows.append(tuple(map(float, (a - t, b - a, c - b, d - c, d - t))))
    return rows
