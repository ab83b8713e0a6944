"""numdiff's own `check_gradient` behind the protocol of a checker: in every coordinate, and along directions."""

from functools import cache, partial
from hashlib import sha256

import numpy as np

import numdiff
from experiments.gradient_check.rules import Checker, Decision, Function, Line, Outcome
from numdiff.floats.formats import FORMATS
from numdiff.gradients import check_gradient
from numdiff.study.conditions import sources_of

COORDINATES, DIRECTIONS = "numdiff", "numdiff, directions"
"""The names of our checkers."""
USED = 4
"""Directions that are asked for."""
_VERDICTS = {"agree": Decision.PASSED, "disagree": Decision.REJECTED, "inconclusive": Decision.INCONCLUSIVE}


def checked(f: Function, gradient: Function, x: np.ndarray, seed: int, directions: int) -> Outcome:
    """Run `check_gradient` along some directions; 0 for every coordinate."""
    result = check_gradient(f, gradient, x, directions=directions, seed=seed)
    lines = tuple(Line(item.verdict.value) for item in result.comparisons)
    bars = tuple(item.error for item in result.comparisons)
    reasons = dict.fromkeys(item.reason for item in result.comparisons if item.reason)
    verdict = _VERDICTS[result.verdict.value]
    if verdict is not Decision.REJECTED and Line.INEXACT in lines:
        verdict = Decision.INEXACT
    return Outcome(verdict, "; ".join(reasons), lines, bars)


@cache
def version() -> str:
    """Return the version of numdiff with the first digits of a digest of the check and of its estimator."""
    digest = sha256()
    for _, path in sorted(sources_of(check_gradient.__module__, packages=False).items()):
        if path.parent.name in ("adaptive", "gradients"):
            digest.update(path.read_bytes())
    return f"{numdiff.__version__}+{digest.hexdigest()[:8]}"


def ours() -> tuple[Checker, ...]:
    """Return numdiff's checkers."""
    source = "numdiff/gradients/check.py: check_gradient"
    return tuple(
        Checker(
            name,
            version(),
            mode,
            tuple(FORMATS),
            partial(checked, directions=count),
            source,
            f"the estimator {where}; value ± its own error bar, in any format",
        )
        for name, mode, count, where in (
            (COORDINATES, "coordinates", 0, "in each coordinate"),
            (DIRECTIONS, "directions", USED, f"along {USED} directions"),
        )
    )
