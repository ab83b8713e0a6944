"""The atlas against `error_ledger`: the same status, the same numbers within the proved bounds.

``python -m experiments.half_precision_atlas.verify --cells 100000``
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.half_precision_atlas.cells import PARTS, Cells, Subject, measured
from experiments.half_precision_atlas.steps import steps_of
from numdiff.analysis.error_ledger import error_ledger
from numdiff.analysis.reference import Engine
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS

__all__ = ["Comparison", "compared", "difficult", "random_cells"]

_HALF_ULP = 2.0**-53
_SMALLEST = 2.0**-1074
FAR_FROM = 2000.0
FAR_CELLS = 1
SPECIAL = 60
"""Difficult numbers for each step."""


@dataclass
class Comparison:
    """How many cells were compared, and what differed.

    Attributes
    ----------
    cells : int
    parts : int
        Numbers that were compared.
    differences : list of str
        What is off by more than its bound, or has another status.
    """

    cells: int = 0
    parts: int = 0
    differences: list[str] | None = None

    def add(self, cells: int, parts: int, differences: list[str]) -> None:
        """Add what another comparison found."""
        self.cells += cells
        self.parts += parts
        self.differences = [*(self.differences or []), *differences]


def compared(subject: Subject, method: str, step: float, at: np.ndarray, engine: Engine = "arb") -> Comparison:
    """Compare the cells of one step at some numbers with the ledger.

    Parameters
    ----------
    subject : Subject
    method : str
    step : float
    at : ndarray of int
        Bit patterns.
    engine : {"mpmath", "arb"}
    """
    cells = measured(subject, method, step, at)
    points = subject.numbers.points(at)
    ledger = error_ledger(PROBLEMS[subject.problem], points, points.dtype.type(step), method, engine=engine)
    same = subject.numbers.patterns(ledger.computed) == subject.numbers.patterns(cells.observation.result)
    both_nan = np.isnan(ledger.computed) & np.isnan(cells.observation.result)
    found = [f"{_name(cells, i)}: other value" for i in np.flatnonzero(~(same | both_nan))]
    found += [
        f"{_name(cells, i)}: {ledger.status[i]} in the ledger, {cells.status[i]} here"
        for i in np.flatnonzero(np.array([str(s) for s in ledger.status]) != cells.status)
    ]
    missing = cells.given == ~np.isfinite(ledger.total)
    found += [f"{_name(cells, i)}: a total here or there" for i in np.flatnonzero(missing)]
    parts = 0
    for name in PARTS:
        number, proved = getattr(ledger, name), cells.parts[name]
        asked = cells.given & np.isfinite(proved.bound)
        parts += int(asked.sum())
        with np.errstate(invalid="ignore"):
            allowed = proved.bound * (1 + 2.0**-40) + _HALF_ULP * np.abs(number) + _SMALLEST
            off = asked & ~(np.abs(number - proved.value) <= allowed)
        found += [
            f"{_name(cells, i)}: {name} is {number[i]!r} in the ledger, {proved.value[i]!r} ± {proved.bound[i]:.3g} here"
            for i in np.flatnonzero(off)
        ]
    return Comparison(len(at), parts, found)


def _name(cells: Cells, i: int) -> str:
    subject = cells.subject
    return f"{subject.problem} {subject.format} {cells.method.name} x = {cells.x[i]!r} h = {cells.step!r}"


def random_cells(subject: Subject, method: str, cells: int, special: int, seed: int) -> Iterator[tuple[float, np.ndarray]]:
    """Yield steps with bit patterns: of finite numbers, all equally likely, and of difficult ones.

    Where a node is far out the ledger computes with numbers of a hundred thousand bits, 80 ms a cell: there a step has
    `FAR_CELLS` cells.
    """
    generator = np.random.default_rng(seed)
    steps = steps_of(subject.numbers.format, METHODS[method])
    hard = difficult(subject)
    for step, share in zip(steps, _shares(cells, len(steps)), strict=True):
        at = generator.permutation(subject.numbers.finite)
        others = generator.permutation(hard)[:special]
        far = [is_far(subject, step, group) for group in (at, others)]
        yield step, np.unique(np.concatenate([at[~far[0]][:share], others[~far[1]]]))
        yield step, np.unique(np.concatenate([at[far[0]][:FAR_CELLS], others[far[1]][:FAR_CELLS]]))


def is_far(subject: Subject, step: float, at: np.ndarray) -> np.ndarray:
    """Return where the ledger takes long: a value is e to the power of thousands."""
    if subject.form.exact:
        return np.zeros(at.shape, dtype=bool)
    return np.abs(subject.numbers.values[at]) + step > FAR_FROM


def _shares(total: int, parts: int) -> list[int]:
    return [total // parts + (i < total % parts) for i in range(parts)]


def difficult(subject: Subject) -> np.ndarray:
    """Return bit patterns at which something is special: ends, subnormals, saturation, zeros of f″ and f‴."""
    numbers = subject.numbers
    ordered = numbers.values[numbers.finite]
    special: list[Any] = [0.0, 0.25, 0.5, 1.0, np.log(2 + np.sqrt(3)), np.log(2 + np.sqrt(3)) / 2, np.sqrt(3) / 2]
    special += [0.5493, 2.2924, 1.317, np.log(65504.0), 10.4, 16.6, 88.7, 103.0, 354.0, 700.0, 708.0, 720.0, 745.0, 45426.0]
    special += [2.35, 6.66, 150.7, 5.55, 8.3, 9.01, 17.3, 1e-3, 2.0**-12, 2.0**-24, 2.0**-60, 2.0**-126, 2.0**-133]
    special += [256.0, 181.0, 1.8e19, 65504.0, 1e30, 3.3e38]
    found: set[int] = set()
    for number in special:
        for sign in (-1.0, 1.0):
            place = int(np.searchsorted(ordered, sign * number))
            found.update(range(max(place - 3, 0), min(place + 4, ordered.size)))
    return numbers.finite[sorted(found)]


def everything(cells: int, seed: int, engine: Engine = "arb", formats: tuple[str, ...] = ("float16", "bfloat16")) -> Any:
    """Yield comparisons of random and of difficult cells of every function, format and kernel."""
    for problem in ("square", "exp", "sigmoid", "tanh", "composition"):
        for fmt in formats:
            subject = Subject.of(problem, fmt)
            for method in ("forward", "centered"):
                comparison = Comparison()
                for step, at in random_cells(subject, method, cells // (10 * len(formats)), SPECIAL, seed):
                    if at.size:
                        one = compared(subject, method, step, at, engine)
                        comparison.add(one.cells, one.parts, one.differences or [])
                yield problem, fmt, method, comparison


def main() -> int:
    """Print what was compared; 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=("arb", "mpmath"), default="arb")
    arguments = parser.parse_args()
    wrong = cells = parts = 0
    for problem, fmt, method, found in everything(arguments.cells, arguments.seed, arguments.engine):
        differences = found.differences or []
        print(problem, fmt, method, f"{found.cells} cells, {found.parts} parts, {len(differences)} differences", flush=True)
        for text in differences[:5]:
            print("   ", text)
        wrong, cells, parts = wrong + len(differences), cells + found.cells, parts + found.parts
    print(f"{cells} cells, {parts} parts, {wrong} differences")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
