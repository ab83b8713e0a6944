"""The scores that the section counts from."""

from functools import cache
from typing import Any

import pandas as pd

from experiments.league.adversaries import graded
from experiments.league.results import common, rows, summaries
from experiments.league.roster import OURS
from experiments.league.table import in_words
from numdiff.study.run import Measured

__all__ = ["HEAD", "NOISY", "answers", "column_of", "groups", "league", "named", "rivals"]

HEAD = ("float64", "none")
"""The column of the league that is read first."""
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


def column_of(frame: pd.DataFrame, half: str, column: tuple[str, str]) -> pd.DataFrame:
    """Return the rows of one half in one column of the league."""
    chosen = (frame["half"] == half) & (frame["format"] == column[0]) & (frame["noise"] == column[1])
    return frame[chosen].reset_index(drop=True)


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose contestants are named with what they were told."""
    words = [in_words(*pair) for pair in zip(frame["contestant"], frame["told"], strict=True)]
    return frame.assign(contestant=words)


def groups(scores: pd.DataFrame) -> list[tuple[str, str, str, pd.DataFrame]]:
    """Return the rows of each half, format and noise, in their order."""
    parts: list[Any] = list(scores.groupby(["half", "format", "noise"], sort=False))
    return [(*key, part) for key, part in parts]


def rivals(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the methods for black boxes that are not ours and were told nothing, the smallest median first."""
    others = frame[(frame["kind"] != OURS) & ~frame["complex"].astype(bool) & ~frame["told"].astype(bool)]
    return others.sort_values(["median", "p90"], kind="stable")
