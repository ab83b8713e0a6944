"""The atlas against `error_ledger`: the same status, the same numbers within the proved bounds.

``python -m experiments.half_precision_atlas.verify --cells 100000``
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from experiments.half_precision_atlas.atlas import FORMULAS, FUNCTIONS
from experiments.half_precision_atlas.cells import PARTS, Cells, Subject, measured
from experiments.half_precision_atlas.formats import NAMES, eight_bits
from experiments.half_precision_atlas.steps import steps_of
from numdiff.analysis.error_ledger import error_ledger
from numdiff.analysis.ledger import Ledger
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
    cells, parts : int
        How many cells, and how many numbers of theirs.
    differences : list of str
        What is off by more than its bound, or has another status.
    """

    cells: int = 0
    parts: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, other: "Comparison") -> None:
        """Add what another comparison found."""
        self.cells += other.cells
        self.parts += other.parts
        self.differences += other.differences

    def __str__(self) -> str:
        return f"{self.cells} cells, {self.parts} parts, {len(self.differences)} differences"


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
    found = _other_events(cells, ledger)
    parts = 0
    for name in PARTS:
        number, proved = np.asarray(getattr(ledger, name)), cells.parts[name]
        asked = cells.given & np.isfinite(proved.bound)
        parts += int(asked.sum())
        with np.errstate(invalid="ignore"):
            allowed = proved.bound * (1 + 2.0**-40) + _HALF_ULP * np.abs(number) + _SMALLEST
            off = asked & ~(np.abs(number - proved.value) <= allowed)
        found += [
            f"{_name(cells, i)}: {name} {number[i]!r} in the ledger, {proved.value[i]!r} ± {proved.bound[i]:.3g} here"
            for i in np.flatnonzero(off).tolist()
        ]
    return Comparison(len(at), parts, found)


def _other_events(cells: Cells, ledger: Ledger) -> list[str]:
    """Return where the kernel computed something else, the status is another, or only one of both has all parts."""
    numbers = cells.subject.numbers
    mine, others = cells.observation.result, np.asarray(ledger.computed)
    same = (numbers.patterns(mine) == numbers.patterns(others)) | (np.isnan(mine) & np.isnan(others))
    status = np.array([str(s) for s in ledger.status])
    found = [f"{_name(cells, i)}: other value" for i in np.flatnonzero(~same).tolist()]
    found += [
        f"{_name(cells, i)}: {status[i]} in the ledger, {cells.status[i]} here"
        for i in np.flatnonzero(status != cells.status).tolist()
    ]
    complete = np.logical_and.reduce([np.isfinite(getattr(ledger, name)) for name in PARTS])
    other = np.flatnonzero(cells.given != complete).tolist()
    return found + [f"{_name(cells, i)}: all parts in one of both" for i in other]


def _name(cells: Cells, i: int) -> str:
    subject = cells.subject
    return f"{subject.problem} {subject.format} {cells.method.name} x = {cells.x[i]!r} h = {cells.step!r}"


def random_cells(
    subject: Subject, method: str, cells: int, special: int, seed: int
) -> Iterator[tuple[float, np.ndarray]]:
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
    poles = [np.log(2 + np.sqrt(3)), np.log(2 + np.sqrt(3)) / 2, np.sqrt(3) / 2, 0.5493, 2.2924, 1.317]
    ends = [2.35, 5.55, 6.66, 8.3, 9.01, 10.4, np.log(65504.0), 16.6, 17.3, 88.7, 103.0, 150.7, 181.0, 256.0, 354.0]
    tails = [700.0, 708.0, 720.0, 745.0, 45426.0, 65504.0, 1.8e19, 1e30, 3.3e38]
    small = [0.0, 0.25, 0.5, 1.0, 1e-3, 2.0**-12, 2.0**-24, 2.0**-60, 2.0**-126, 2.0**-133]
    found: set[int] = set()
    for number in (*poles, *ends, *tails, *small):
        for sign in (-1.0, 1.0):
            place = int(np.searchsorted(ordered, sign * number))
            found.update(range(max(place - 3, 0), min(place + 4, ordered.size)))
    return numbers.finite[sorted(found)]


def everything(
    cells: int, seed: int, engine: Engine, functions: Sequence[str], formats: Sequence[str]
) -> Iterator[tuple[str, str, str, Comparison]]:
    """Yield comparisons, of so many random cells for each function, format and kernel, and of difficult ones."""
    for problem in functions:
        for fmt in formats:
            subject = Subject.of(problem, fmt)
            for method in FORMULAS:
                comparison = Comparison()
                for step, at in random_cells(subject, method, cells, SPECIAL, seed):
                    if at.size:
                        comparison.add(compared(subject, method, step, at, engine))
                yield problem, fmt, method, comparison


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was compared; 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="python -m experiments.half_precision_atlas.verify", description=__doc__)
    parser.add_argument("--cells", type=int, default=5000, help="of each function, format and kernel (default: 5000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=("arb", "mpmath"), default="arb")
    parser.add_argument("--functions", nargs="+", choices=FUNCTIONS, default=FUNCTIONS)
    parser.add_argument("--formats", nargs="+", choices=NAMES, default=NAMES)
    options = parser.parse_args(arguments)
    total = Comparison()
    with eight_bits():
        for *names, found in everything(
            options.cells, options.seed, options.engine, options.functions, options.formats
        ):
            print(*names, found, flush=True)
            for text in found.differences[:5]:
                print("   ", text)
            total.add(found)
    print(total)
    return int(bool(total.differences))


if __name__ == "__main__":
    sys.exit(main())
