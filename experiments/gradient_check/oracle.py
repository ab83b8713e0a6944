"""What two values of f can tell at all: the share of coordinates that perfect steps would leave undecided.

For each coordinate the centered difference is taken at many steps, and at a few more near each of them; the step of the
smallest root mean square of the error is the best that anybody could choose who knows the derivative. Three of these
errors are taken for the bar. Where they are more than the resolution of the slope, two values of f cannot decide it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments.gradient_check.functions import FUNCTIONS, RealisticFunction, group_of
from experiments.gradient_check.functions.case import Case
from experiments.gradient_check.trials import values_near
from numdiff.floats.formats import FORMATS
from numdiff.gradients.rule import resolution_of
from numdiff.study.blocks import digest_of
from numdiff.study.conditions import conditions

__all__ = ["DEVIATIONS", "Oracle", "best_errors", "oracles"]

DEVIATIONS = 3.0
"""Root mean square errors that are taken for the bar."""
NEAR = 2.0 ** (np.arange(5) / 8)
"""Factors of the steps near each other."""
LARGEST_STEP = 0.5


def best_errors(case: Case) -> np.ndarray:
    """Return, for each coordinate, the smallest root mean square error of a centered difference over all steps."""
    x, fmt = case.x, FORMATS[case.format_name]
    steps = LARGEST_STEP * 2.0 ** -np.arange(fmt.precision + 1.0)
    found = np.full(x.size, np.inf)
    for i in range(x.size):
        length = max(abs(float(x[i])), 1e-3)
        for step in steps * length:
            errors = [_error(case, i, float(h)) for h in step * NEAR]
            found[i] = min(found[i], float(np.sqrt(np.mean(np.square(errors)))))
    return found


def _error(case: Case, i: int, step: float) -> float:
    """Return the error of a centered difference; infinite where f is not finite or the step is lost."""
    above, below = case.x.copy(), case.x.copy()
    above[i] += case.dtype.type(step)
    below[i] -= case.dtype.type(step)
    wide = np.longdouble
    apart = above[i].astype(wide) - below[i].astype(wide)
    with np.errstate(all="ignore"):
        slope = (np.asarray(case.f(above)).astype(wide) - np.asarray(case.f(below)).astype(wide)) / apart
        error = abs(float(slope - case.truth[i]))
    return error if np.isfinite(error) else np.inf


@dataclass(frozen=True)
class Oracle:
    """The undecided coordinates of one function in one format, as something that is measured and stored."""

    name: str
    format_name: str
    seeds: tuple[int, ...]

    @property
    def cells(self) -> int:
        """The number of cases."""
        return len(self.seeds)

    def key(self) -> str:
        """Return the key under which the counts are stored."""
        return digest_of([[type(self).__name__, self.name, self.format_name, list(self.seeds)], conditions(__name__)])

    def values(self) -> pd.DataFrame:
        """Return digests of what f and its gradient return near x."""
        return values_near((self.name,), (self.format_name,), self.seeds)

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the frame ``oracle``."""
        item: RealisticFunction = FUNCTIONS[self.name]
        coordinates, undecided = 0, 0
        for seed in self.seeds:
            case = item.case(self.format_name, seed)
            bars = DEVIATIONS * best_errors(case)
            coordinates += bars.size
            slopes = np.abs(case.truth).astype(np.float64)
            undecided += int(np.sum((bars > resolution_of(FORMATS[self.format_name]) * slopes) & (slopes > 0)))
            done(1)
        row = (self.name, group_of(self.name), self.format_name, coordinates, undecided)
        return {"oracle": pd.DataFrame([row], columns=["subject", "group", "format", "coordinates", "undecided"])}


def oracles(names: Sequence[str], formats: Sequence[str], seeds: Sequence[int]) -> Iterator[Oracle]:
    """Yield the measurements of some functions in some formats."""
    for name, format_name in product(names, formats):
        if format_name in FUNCTIONS[name].formats:
            yield Oracle(name, format_name, tuple(seeds))
