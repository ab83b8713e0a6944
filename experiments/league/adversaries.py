"""What a contestant says of adversarial problems, and whether that is a good answer."""

from enum import StrEnum

import numpy as np
import pandas as pd

from numdiff.analysis.scores import SILENT
from numdiff.problems.adversarial import ADVERSARIAL, Adversary

__all__ = ["Verdict", "graded", "verdict"]


class Verdict(StrEnum):
    """What an answer is worth."""

    GOOD = "good"
    """A small error, or an honest status, and a bar that holds where there is one."""
    USELESS = "useless"
    """A bar that holds, but neither a small error nor a status that says why not."""
    WRONG = "wrong"
    """A large error without a bar that says so, or a bar that does not hold beside a status that warns."""
    SILENT = "silent failure"
    """An error of more than three bars, a finite bar at a jump, or no value, and the status ok."""


def verdict(
    adversary: Adversary, truth: float, value: float, error: float, bar: float, ok: bool, status: str, named: bool
) -> Verdict:
    """Return what an answer is worth.

    Parameters
    ----------
    adversary : Adversary
    truth : float
        f′; NaN where there is none.
    value : float
    error : float
        |value − f′|, from more digits than the two have here.
    bar : float
        NaN or infinite where there is none.
    ok : bool
        Whether the method says that all is well.
    status : str
    named : bool
        Whether its statuses are those of `numdiff.derivative`; else each but ok is honest.
    """
    has_bar, has_value = bool(np.isfinite(bar)), bool(np.isfinite(value))
    honest = not ok and bool(adversary.statuses) and (not named or status in adversary.statuses)
    if adversary.jumps:
        if honest and not has_bar:
            return Verdict.GOOD
        return Verdict.SILENT if ok and (has_bar or not has_value) else Verdict.WRONG
    small = False
    if adversary.slopes is not None:  # a bar that covers both slopes is honest without a status
        error = max(abs(value - slope) for slope in adversary.slopes)
        small = has_bar and error <= bar
    if not has_value:
        return Verdict.GOOD if honest else Verdict.SILENT if ok else Verdict.WRONG
    if has_bar and not error <= bar:
        return Verdict.SILENT if ok and not error <= SILENT * bar else Verdict.WRONG
    if small or honest or error <= adversary.within * max(abs(truth), adversary.scale):
        return Verdict.GOOD
    return Verdict.USELESS if has_bar or np.isposinf(bar) else Verdict.WRONG


def graded(frame: pd.DataFrame, named: bool) -> pd.DataFrame:
    """Return scored outcomes with the verdict, and whether nobody can do better than be wrong.

    Parameters
    ----------
    frame : DataFrame
        Of `experiments.league.table.scored`, on the adversarial set.
    named : bool
        As for `verdict`.
    """
    columns = ["problem", "truth", "value", "error", "bar", "ok", "status"]
    verdicts = [
        str(verdict(ADVERSARIAL[name], truth, value, error, bar, bool(ok), str(status), named))
        for name, truth, value, error, bar, ok, status in frame[columns].itertuples(index=False)
    ]
    undecidable = [bool(ADVERSARIAL[name].undecidable) for name in frame["problem"]]
    return frame.assign(verdict=verdicts, undecidable=undecidable)
