"""How small an error does a gradient check find? Searched for by halving, for several checkers and growing networks.

The error δ has a random direction, or is in one coordinate, with ‖δ‖ = s·‖g‖. s is halved from where it is found until
it is found no more: the last one found is recorded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments.gradient_check.rules import Checker
from experiments.gradient_check.subjects import SUBJECTS, Case, Remembered
from experiments.gradient_check.trials import key_of, mode_of, values_near
from numdiff.floats.fixed_order import norm

__all__ = ["FACTOR", "LARGEST", "SHAPES", "SMALLEST", "Search", "Wrong", "searches", "smallest_found"]

LARGEST = 8.0
"""The relative error from which the search starts: what is not found there is not found at all."""
FACTOR = 0.5
SMALLEST = 2.0**-50
COORDINATES = 100
"""Up to so many parameters all coordinates are compared."""


@dataclass(frozen=True)
class Wrong:
    """A gradient with an error that is the same at every point."""

    case: Case
    right: np.ndarray
    error: np.ndarray

    def __call__(self, point: np.ndarray) -> np.ndarray:
        """Return the correct gradient at a point plus the error, in the format of x."""
        point = np.asarray(point).astype(self.right.dtype, copy=False)
        right = self.right if np.array_equal(point, self.case.x) else self.case.gradient(point)
        return (right.astype(np.float64) + self.error).astype(self.right.dtype)


def random_direction(gradient: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an error of the length of the gradient in a random direction."""
    drawn = rng.standard_normal(gradient.size)
    return drawn * (norm(gradient) / norm(drawn))


def one_coordinate(gradient: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an error of the length of the gradient in one coordinate, drawn at random."""
    error = np.zeros(gradient.size)
    error[int(rng.integers(gradient.size))] = norm(gradient)
    return error


SHAPES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "random direction": random_direction,
    "one coordinate": one_coordinate,
}


def smallest_found(
    checker: Checker, case: Case, shape: str, seed: int, f: Remembered | None = None, evaluations: int = 0
) -> float:
    """Return the smallest relative error that a checker rejects or calls inexact; NaN if it misses the largest."""
    right, f = case.gradient(case.x), f or Remembered(case)
    error = SHAPES[shape](right.astype(np.float64), np.random.default_rng(seed))
    size, found = LARGEST, float("nan")
    while size > SMALLEST:
        wrong = Wrong(case, right, size * error)
        if not checker.check(f, wrong, case.x, seed, evaluations).noticed:
            return found
        size, found = size * FACTOR, size
    return found


@dataclass(frozen=True)
class Search:
    """The smallest errors that checkers find in one subject and format, as something that is measured and stored."""

    subject: str
    format_name: str
    seeds: tuple[int, ...]
    shapes: tuple[str, ...]
    checkers: tuple[Checker, ...]

    @property
    def cells(self) -> int:
        """The number of searches."""
        return len(self.seeds) * len(self.shapes) * len(self.checkers)

    def key(self) -> str:
        """Return the key under which the errors are stored."""
        asked = [type(self).__name__, self.subject, self.format_name, list(self.seeds), list(self.shapes)]
        return key_of(asked, self.checkers, __name__)

    def values(self) -> pd.DataFrame:
        """Return digests of what f and its gradient return near x."""
        return values_near((self.subject,), (self.format_name,), self.seeds)

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the frame ``smallest``."""
        rows: list[tuple[Any, ...]] = []
        for seed in self.seeds:
            case = SUBJECTS[self.subject].case(self.format_name, seed)
            f, used = Remembered(case), dict.fromkeys(("coordinates", "directions"), 0)
            for checker in self.checkers:
                f.calls = 0
                right = checker.check(f, case.gradient, case.x, seed, used[mode_of(checker)])
                used[mode_of(checker)] = used[mode_of(checker)] or f.calls
                for shape in self.shapes:
                    found = float("nan")  # who objects to the right gradient finds nothing
                    if not right.noticed:
                        found = smallest_found(checker, case, shape, seed, f, used[mode_of(checker)])
                    known = (self.subject, self.format_name, case.x.size, seed, shape)
                    rows.append((*known, checker.name, mode_of(checker), int(right.noticed), found))
                    done(1)
        columns = ["subject", "format", "n", "seed", "shape", "checker", "mode", "objects", "smallest"]
        return {"smallest": pd.DataFrame(rows, columns=columns)}


def searches(
    checkers: Sequence[Checker],
    subjects: Sequence[str],
    formats: Sequence[str],
    seeds: Sequence[int],
    shapes: Sequence[str] = tuple(SHAPES),
) -> Iterator[Search]:
    """Yield the searches of some checkers; coordinates are compared where they are few. Ours come first."""
    for name, format_name in product(subjects, formats):
        if format_name in SUBJECTS[name].formats:
            few = SUBJECTS[name].case(format_name, 0).x.size <= COORDINATES
            chosen = tuple(item for item in checkers if few or mode_of(item) == "directions")
            if chosen:
                yield Search(name, format_name, tuple(seeds), tuple(shapes), chosen)
