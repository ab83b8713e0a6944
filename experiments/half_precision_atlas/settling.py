"""What the tables leave open goes to the ledger: the same kernel call, in Arb.

A part is settled where its bound is at most 2⁻²⁰ of its magnitude, or at most 2⁻⁹⁶⁰. The other cells are handed to
`ledger_of`, with the values that the kernel captured.
"""

from functools import cache

import numpy as np

from experiments.half_precision_atlas.cells import PARTS, Cells
from numdiff.analysis.ledger import Ledger, ledger_of
from numdiff.analysis.reference import ExactFunction, State
from numdiff.formulas.kernels import Observation
from numdiff.problems import PROBLEMS

__all__ = ["FLOOR", "RELATIVE", "is_settled", "ledger_at", "settle"]

RELATIVE = 2.0**-20
FLOOR = 2.0**-960
"""Of an error; the smallest positive number of a format of 16 bits is 2⁻¹³³."""
_AT_ONCE = 200
"""Cells in one call of the ledger, sorted by |x|: it puts all of them on one binary scale."""


def is_settled(cells: Cells, part: str) -> np.ndarray:
    """Return in which cells a part is known; it need not be where there is none."""
    found = cells.parts[part]
    with np.errstate(invalid="ignore"):
        return ~cells.given | (found.bound <= np.maximum(RELATIVE * np.abs(found.value), FLOOR))


def settle(cells: Cells) -> dict[str, int]:
    """Put the ledger's numbers in the place of the unsettled ones; return how many there were of each part.

    Where the ledger says `unresolved`, what it does not tell from 0 is far below 2⁻⁹⁶⁰.
    """
    unsettled = {name: ~is_settled(cells, name) for name in PARTS}
    asked = np.flatnonzero(np.logical_or.reduce(list(unsettled.values())))
    for at in _groups(cells, asked):
        ledger = ledger_at(cells, at)
        cells.slope[at] = ledger.reference
        for name in PARTS:
            value = np.asarray(getattr(ledger, name))
            proved = np.where(value == 0, 0.0, 2.0**-53 * np.abs(value) + 2.0**-1074)
            cells.parts[name].value[at] = value
            cells.parts[name].bound[at] = proved + np.where(ledger.state == State.UNRESOLVED, FLOOR / 2, 0.0)
    return {name: int(open_.sum()) for name, open_ in unsettled.items()}


def _groups(cells: Cells, asked: np.ndarray) -> list[np.ndarray]:
    """Return cells in groups of similar |x|."""
    ordered = asked[np.argsort(np.abs(cells.x[asked]), kind="stable")]
    return [ordered[i : i + _AT_ONCE] for i in range(0, ordered.size, _AT_ONCE)]


def ledger_at(cells: Cells, at: np.ndarray) -> Ledger:
    """Return the ledger of some cells of a step: of the values that the kernel captured in the call of all of them."""
    seen = cells.observation
    chosen = Observation(
        [a[at] for a in seen.abscissae], [v[at] for v in seen.values], seen.result[at], seen.absorbed[at]
    )
    points = cells.points[at]
    step = np.array(cells.step, dtype=points.dtype)
    return ledger_of(_exact(cells.subject.problem), chosen, points, step, cells.method, cells.format)


@cache
def _exact(problem: str) -> ExactFunction:
    return ExactFunction(PROBLEMS[problem].f, PROBLEMS[problem].derivative, "arb")
