"""The estimator on random functions: the search ``estimator`` of ``make campaign``."""

from fractions import Fraction

import numpy as np

from numdiff.adaptive.derivative import derivative
from numdiff.adaptive.status import DerivativeStatus
from numdiff.analysis.reference import ExactFunction, State
from numdiff.floats.formats import FORMATS
from tests.analysis.random_cells import Composition
from tests.campaign.found import Found

__all__ = ["search"]

FUNCTIONS, POINTS = 12, 4
"""Of one seed."""


def search(seed: int) -> Found:
    """Differentiate random functions at random points in all formats; a miss is an error beyond the bar.

    Where f has a certified derivative and the answer a finite bar and the status OK.
    """
    rng, cases, misses = np.random.default_rng(seed), 0, []
    for _ in range(FUNCTIONS):
        f = Composition(int(rng.integers(2**40)))
        numbers = rng.uniform(-2, 2, POINTS) * 2.0 ** rng.integers(-2, 3, POINTS)
        for fmt in FORMATS.values():
            x = fmt.as_array(numbers)
            exact = ExactFunction(f, None, "arb")
            found = derivative(f, x, dtype=fmt)
            for i, point in enumerate(x):
                status, bar = found.status[i], found.error[i]
                if status != DerivativeStatus.OK or not np.isfinite(bar):
                    continue
                reference = exact.reference(fmt.lift_array(x[i : i + 1])[0], 1)
                if reference.state not in (State.CERTIFIED, State.EXACT):
                    continue
                cases += 1
                error = abs(fmt.lift(found.df[i]) - Fraction(reference.text))
                if error > fmt.lift(bar):
                    off = float(error / fmt.lift(bar)) if bar else np.inf
                    misses.append(f"Composition({f.seed}), {fmt.name}, x = {point}: off by {off:.3g} bars")
    return Found(cases, misses)
