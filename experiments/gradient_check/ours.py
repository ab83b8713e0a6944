"""numdiff's own `check_gradient` behind the protocol of a checker: in every coordinate, and along four directions."""

from functools import cache, partial
from hashlib import sha256
from pathlib import Path

import numpy as np

import numdiff
from experiments.gradient_check.rules import ALL_FORMATS, Checker, Decision, Function, Outcome
from numdiff.gradients import check_gradient

DIRECTIONS = 4
_VERDICTS = {"agree": Decision.PASSED, "disagree": Decision.REJECTED, "inconclusive": Decision.INCONCLUSIVE}


def checked(f: Function, gradient: Function, x: np.ndarray, seed: int, directions: int) -> Outcome:
    """Run `check_gradient` along some directions; 0 for every coordinate."""
    result = check_gradient(f, gradient, x, directions=directions, seed=seed)
    return Outcome(_VERDICTS[result.verdict], f"{result.evaluations} evaluations, tolerance {result.tolerance:.3g}")


@cache
def version() -> str:
    """Return the version of numdiff with the first digits of a digest of the code of the check."""
    digest = sha256()
    for path in sorted((Path(numdiff.__file__).parent / "gradients").glob("*.py")):
        digest.update(path.read_bytes())
    return f"{numdiff.__version__}+{digest.hexdigest()[:8]}"


def ours() -> tuple[Checker, ...]:
    """Return numdiff's checkers."""
    source = "numdiff/gradients/check.py: check_gradient"
    return (
        Checker(
            "numdiff",
            version(),
            "coordinates",
            ALL_FORMATS,
            partial(checked, directions=0),
            source,
            "centered of order 6, h chosen for each coordinate; derived from measured rounding and truncation",
        ),
        Checker(
            "numdiff, 4 directions",
            version(),
            "directions",
            ALL_FORMATS,
            partial(checked, directions=DIRECTIONS),
            source,
            "centered of order 4, h chosen, along 4 normal directions; derived in the same way",
        ),
    )
