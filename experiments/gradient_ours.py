"""numdiff's own `check_gradient` behind the protocol of a checker: at its defaults, and with four directions."""

from functools import partial

import numpy as np

import numdiff
from experiments.gradient_rules import ALL_FORMATS, Checker, Function, Outcome, Verdict
from numdiff.gradients import check_gradient

DIRECTIONS = 4
_VERDICTS = {"agree": Verdict.PASSED, "disagree": Verdict.ALARM, "inconclusive": Verdict.INCONCLUSIVE}


def judged(f: Function, gradient: Function, x: np.ndarray, seed: int, directions: int | None) -> Outcome:
    """Run `check_gradient`; of up to 100 parameters every coordinate is checked if no directions are asked for."""
    result = check_gradient(f, gradient, x, directions=directions, seed=seed)
    return Outcome(_VERDICTS[result.verdict], f"{result.evaluations} evaluations, tolerance {result.tolerance:.3g}")


def ours() -> tuple[Checker, ...]:
    """Return numdiff's checkers."""
    source = "numdiff/gradients/check.py: check_gradient"
    return (
        Checker(
            "numdiff", numdiff.__version__, "coordinates", ALL_FORMATS, partial(judged, directions=None), source,
            "centered of order 6, h chosen for each coordinate; derived from measured rounding and truncation",
        ),
        Checker(
            "numdiff, 4 directions", numdiff.__version__, "directions", ALL_FORMATS,
            partial(judged, directions=DIRECTIONS), source,
            "centered of order 4, h chosen, along 4 normal directions; derived in the same way",
        ),
    )  # fmt: skip
