"""The scores that the section counts from."""

from functools import cache
from typing import Any

import pandas as pd

from experiments.league.adversaries import graded
from experiments.league.results import common, rows, summaries
from experiments.league.roster import OURS
from numdiff.study.run import Measured

__all__ = ["NOISY", "answers", "groups", "league", "rivals"]

NOISY = ("float64", "1e-8")


@cache
def league(measured: Measured) -> pd.DataFrame:
    """Return the scores of all contestants on the cases that all of them met."""
    return summaries(common(rows(measured, "league")))


@cache
def answers(measured: Measured) -> pd.DataFrame:
    """Return all answers to adversarial problems with their verdicts."""
    found = rows(measured, "adversarial")
    parts = [graded(part, named=kind == OURS) for kind, part in found.groupby("kind", sort=False)]
    return pd.concat(parts, ignore_index=True) if parts else found.assign(verdict="", undecidable=False)


def groups(scores: pd.DataFrame) -> list[tuple[str, str, str, pd.DataFrame]]:
    """Return the rows of each half, format and noise, in their order."""
    parts: list[Any] = list(scores.groupby(["half", "format", "noise"], sort=False))
    return [(*key, part) for key, part in parts]


def rivals(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the methods for black boxes that are not ours and were told nothing, the smallest median first."""
    others = frame[(frame["kind"] != OURS) & ~frame["complex"].astype(bool) & ~frame["told"].astype(bool)]
    return others.sort_values(["median", "p90"], kind="stable")
