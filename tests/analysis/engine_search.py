"""The ledgers of random functions in two engines: the search ``engines`` of ``make campaign``."""

import numpy as np

from numdiff.analysis.error_ledger import error_ledger
from numdiff.analysis.ledger import Ledger
from numdiff.analysis.reference import State
from numdiff.floats.formats import FORMATS
from tests.analysis.random_cells import STENCILS, Composition
from tests.campaign.found import Found

__all__ = ["COLUMNS", "search"]

FUNCTIONS = 3
"""Of one seed."""
PARTS = ("reference", "truncation", "abscissa", "evaluation", "combination", "total", "roundoff")
COLUMNS = (*PARTS, "status", "state", "underflow")
"""What must be the same, to the sign of 0."""
TINY = 5e-324
"""What a part reads that is not 0 and underflows."""


def different(ledgers: tuple[Ledger, Ledger]) -> list[str]:
    """Return the columns in which two ledgers differ.

    Where an engine leaves a part unresolved, 4096 bits do not tell it from 0 there, and the other engine, whose
    enclosures are of another width, may tell it: the state of the cell may differ, and parts that are not the same must
    be below the smallest double.
    """
    is_open = np.logical_or(*(ledger.state == State.UNRESOLVED for ledger in ledgers))
    found = []
    for name in COLUMNS:
        left, right = (np.asarray(getattr(ledger, name)) for ledger in ledgers)
        same = left == right
        if name in PARTS:
            same = (same & (np.signbit(left) == np.signbit(right))) | (np.isnan(left) & np.isnan(right))
            same |= is_open & (np.abs(left) <= TINY) & (np.abs(right) <= TINY)
        elif name != "status":
            same |= is_open
        if not same.all():
            found.append(name)
    return found


def search(seed: int) -> Found:
    """Compare the ledgers of some functions in all formats; a miss is a call in which a column differs."""
    rng, cases, misses = np.random.default_rng(seed), 0, []
    for _ in range(FUNCTIONS):
        f = Composition(int(rng.integers(2**40)))
        for fmt in FORMATS.values():
            x = fmt.as_array(rng.uniform(-2, 2, 4) * 2.0 ** rng.integers(-4, 5, 4))[:, np.newaxis]
            h = fmt.as_array(2.0 ** rng.uniform(-fmt.precision - 1, 1, 8))[np.newaxis, :]
            method = STENCILS[int(rng.integers(len(STENCILS)))]
            with np.errstate(all="ignore"):
                ledgers = tuple(error_ledger(f, x, h, method, fmt, engine) for engine in ("arb", "mpmath"))
            cases += x.size * h.size
            if found := different(ledgers):
                misses.append(f"Composition({f.seed}), {fmt.name}, {method.name}: {', '.join(found)}")
    return Found(cases, misses)
