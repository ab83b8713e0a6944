"""What a case is compared with: the true derivative, and the error of the best difference of a formula for it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from experiments.league.cases import (
    COVERAGE_POINTS,
    LEVELS,
    RANDOM_POINTS,
    adversaries,
    covered_functions,
    half_of,
    holds,
    league_functions,
    points_of,
    subject_of,
)
from experiments.league.tasks import FIRST, TASKS
from numdiff.analysis.yardstick import exact_points, foresee, step_grid, yardstick
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import CENTERED, FORWARD
from numdiff.problems import PROBLEMS
from numdiff.problems.adversarial import ADVERSARIAL
from numdiff.problems.noise import deviation
from numdiff.study.blocks import digest_of
from numdiff.study.conditions import conditions
from numdiff.study.values import Digests

__all__ = ["CASE", "Yardsticks", "x_of", "yardsticks_of"]

CASE = ["set", "problem", "format", "noise", "task", "x"]
"""What names a case."""
TOGETHER = 8
"""Functions of one measurement."""
_THINNED = 8
"""In the coverage set each point of so many has a yardstick, which costs a hundred times as much as the truth."""
_ALL = 1 << 16
"""The numbers of a format of 16 bits: f is evaluated at each of them for the digest of values."""


@dataclass(frozen=True)
class Yardsticks:
    """The cases of some functions in a format, as something that any process can measure and that is stored.

    Parameters
    ----------
    set : str
        One of `experiments.league.cases.SETS`.
    problems : tuple of str
    format : str
    noise : str
        One of `LEVELS`.
    task : str
        One of `experiments.league.tasks.TASKS`. Beside f′ the coverage set has no yardsticks.
    """

    set: str
    problems: tuple[str, ...]
    format: str
    noise: str
    task: str = FIRST

    @property
    def cells(self) -> int:
        """The number of functions."""
        return len(self.problems)

    def key(self) -> str:
        """Return the key under which the cases are stored."""
        facts = [type(self).__name__, self.set, list(self.problems), self.format, self.noise, self.task]
        return digest_of([facts, conditions(__name__)])

    @property
    def is_stable(self) -> bool:
        """Whether the key names all code: that of a problem of a plugin is not in it."""
        return all(name in ADVERSARIAL or PROBLEMS.has_own(name) for name in self.problems)

    def values(self) -> pd.DataFrame:
        """Return what the outcomes hang on: values of f.

        Yardsticks have nodes of their own, rules and libraries others. In 16 bits f is evaluated everywhere; in the
        other formats at the points, and at all steps of the grid from the first ones, which are some thousand nodes.
        """
        return pd.concat([_values_of(self.set, name, self.format) for name in self.problems], ignore_index=True)

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the frame ``cases``."""
        rows = []
        for name in self.problems:
            rows += list(self._rows(name))
            done(1)
        return {"cases": pd.DataFrame(rows)}

    def cases(self) -> Iterator[dict[str, Any]]:
        """Yield the cases without their yardsticks: all that a contestant may know, and the truth."""
        for name in self.problems:
            yield from self._cases_of(name)

    def _cases_of(self, name: str) -> Iterator[dict[str, Any]]:
        fmt, level = FORMATS[self.format], LEVELS[self.noise]
        points = _points(self.set, name, self.format)
        high, low = _truths(self.set, name, self.format, TASKS[self.task].order)
        values, _ = _truths(self.set, name, self.format, 0)
        held = np.full(len(points), True) if self.task == FIRST else holds(fmt, high)
        half = half_of(name)
        for x, value, above, below in zip(points[held], values[held], high[held], low[held], strict=True):
            absolute = bool(level) and value == 0
            yield {
                "set": self.set,
                "problem": name,
                "half": half,
                "format": self.format,
                "noise": self.noise,
                "task": self.task,
                "x": fmt.hex(x),
                "absolute": absolute,
                "deviation": self._deviation(name, float(x), float(value), absolute),
                "truth": above,
                "truth_low": below,
            }

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the cases of a function with their yardsticks; in the coverage set those of each point of so many."""
        fmt, subject = FORMATS[self.format], subject_of(name)
        stencils = (CENTERED, FORWARD) if self.task == FIRST else (TASKS[self.task].stencil,)
        cases = list(self._cases_of(name))
        thinned = [self.set == "coverage" and (i % _THINNED or self.task != FIRST) for i in range(len(cases))]
        wanted = [not few and not math.isnan(case["truth"]) for few, case in zip(thinned, cases, strict=True)]
        points = [fmt.from_hex(case["x"]) for case in cases]
        foresee(subject.truth, fmt, [x for x, is_ in zip(points, wanted, strict=True) if is_], subject.domain, stencils)
        for case, x, is_wanted in zip(cases, points, wanted, strict=True):
            best = [math.nan, math.nan]
            if is_wanted:
                f = subject.variant(LEVELS[self.noise], case["absolute"])
                best[: len(stencils)] = yardstick(f, subject.truth, fmt, x, subject.domain, stencils)
            yield {**case, "yardstick": best[0], "forward": best[1]}

    def _deviation(self, name: str, x: float, value: float, absolute: bool) -> float:
        """Return the standard deviation of f at a point: that of the variant, or of an adversary that has one."""
        own = ADVERSARIAL[name].deviation if self.set == "adversarial" else None
        return deviation(LEVELS[self.noise], value, absolute) if own is None else own(x)


def _points(set: str, name: str, format: str) -> np.ndarray:
    """Return the points of a function in a set and a format."""
    randoms = {"league": RANDOM_POINTS, "coverage": COVERAGE_POINTS, "adversarial": 0}
    return points_of(name, FORMATS[format], randoms[set])


# What follows depends neither on the noise nor, but for the order, on the task: up to eight measurements share it.


@cache
def _truths(set: str, name: str, format: str, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the true derivatives of some order at the points of a function, as sums of two doubles."""
    return subject_of(name).truth(exact_points(FORMATS[format], _points(set, name, format)), order)


@cache
def _values_of(set: str, name: str, format: str) -> pd.DataFrame:
    """Return the digest of the values of a function."""
    fmt, f, digests = FORMATS[format], subject_of(name).f, Digests()
    with np.errstate(all="ignore"):
        digests.add(name, format, (evaluate(fmt, f, nodes) for nodes in _probes(set, name, format)))
    return digests.frame()


def _probes(set: str, name: str, format: str) -> Iterator[np.ndarray]:
    """Yield the numbers at which f is evaluated for the digest."""
    fmt, domain = FORMATS[format], subject_of(name).domain
    if fmt.dtype.itemsize == 2:
        numbers = np.arange(_ALL, dtype=np.uint16).view(fmt.dtype)
        inside = (numbers > fmt.dtype.type(domain[0])) & (numbers < fmt.dtype.type(domain[1]))
        yield numbers[inside & np.isfinite(numbers)]
        return
    yield np.ascontiguousarray(_points(set, name, format))
    for x in points_of(name, fmt, 0 if set == "adversarial" else RANDOM_POINTS):
        steps = step_grid(fmt, CENTERED, x, domain)
        yield np.concatenate([x - steps, x + steps])


def yardsticks_of(set: str, format: str, noise: str = "none", task: str = FIRST) -> tuple[Yardsticks, ...]:
    """Cut a set in a format into measurements."""
    known = {"league": league_functions, "coverage": covered_functions, "adversarial": adversaries}
    names = known[set](format)
    return tuple(
        Yardsticks(set, names[start : start + TOGETHER], format, noise, task)
        for start in range(0, len(names), TOGETHER)
    )


def x_of(cases: pd.DataFrame) -> np.ndarray:
    """Return the points of cases that share a format, in it."""
    (name,) = set(cases["format"]) or {"float64"}
    fmt = FORMATS[name]
    return np.array([fmt.from_hex(text) for text in cases["x"]], dtype=fmt.dtype)
