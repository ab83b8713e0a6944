"""numdiff's own `check_gradient` behind the protocol of a checker, by coordinates and with four directions."""

import importlib.util

import numpy as np

from experiments.gradient_rules import ALL_FORMATS, Checker, Function, Outcome, Verdict

DIRECTIONS = 4
_VERDICTS = {"agree": Verdict.PASSED, "disagree": Verdict.ALARM, "inconclusive": Verdict.INCONCLUSIVE}


def numdiff_coordinates(f: Function, gradient: Function, x: np.ndarray, seed: int) -> Outcome:
    """Run `numdiff.gradients.check_gradient` on every coordinate."""
    return _run(f, gradient, x, seed, None)


def numdiff_directions(f: Function, gradient: Function, x: np.ndarray, seed: int) -> Outcome:
    """Run `numdiff.gradients.check_gradient` in four random directions."""
    return _run(f, gradient, x, seed, DIRECTIONS)


def _run(f: Function, gradient: Function, x: np.ndarray, seed: int, directions: int | None) -> Outcome:
    gradients = importlib.import_module("numdiff.gradients")
    result = gradients.check_gradient(f, gradient, x, directions=directions, seed=seed)
    note = f"{result.evaluations} evaluations, tolerance {float(result.tolerance):.3g}"
    return Outcome(_VERDICTS[str(result.verdict)], note)


def ours() -> tuple[Checker, ...]:
    """Return numdiff's checkers, where the library has them."""
    if importlib.util.find_spec("numdiff.gradients") is None:
        return ()
    version = importlib.import_module("numdiff").__version__
    return (
        Checker("numdiff", version, "coordinates", ALL_FORMATS, numdiff_coordinates),
        Checker("numdiff, 4 directions", version, "directions", ALL_FORMATS, numdiff_directions),
    )
