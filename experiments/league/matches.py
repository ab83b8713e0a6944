"""Matches: one contestant on the cases of one set, format and noise, measured once and stored."""

import pandas as pd

from experiments.league.cases import LEVELS, subject_of
from experiments.league.contestants import Contestant
from experiments.league.table import scored
from experiments.league.yardsticks import x_of, yardsticks_of
from numdiff.floats.formats import FORMATS
from numdiff.study.run import run
from numdiff.study.store import Store

__all__ = ["cases_of", "play"]


def cases_of(set: str, format: str, noise: str = "none", store: Store | None = None, workers: int = 1) -> pd.DataFrame:
    """Return the cases of a set in a format, measured or from the store."""
    found = run(yardsticks_of(set, format, noise), store=store, workers=workers, progress=False)
    return pd.concat([frames["cases"] for frames in found], ignore_index=True)


def play(contestant: Contestant, cases: pd.DataFrame, told: bool = False) -> pd.DataFrame:
    """Return cases with what a contestant makes of them, scored.

    Parameters
    ----------
    contestant : Contestant
    cases : DataFrame
        Of one format and one noise.
    told : bool
        Whether it is told the standard deviation of f.
    """
    parts = [_outcomes(contestant, part, told) for _, part in cases.groupby(["problem", "absolute"], sort=False)]
    return pd.concat(parts, ignore_index=True)


def _outcomes(contestant: Contestant, cases: pd.DataFrame, told: bool) -> pd.DataFrame:
    first = cases.iloc[0]
    fmt, subject = FORMATS[first["format"]], subject_of(first["problem"])
    f = subject.variant(LEVELS[first["noise"]], bool(first["absolute"]))
    noise = cases["deviation"].to_numpy() if told and cases["deviation"].any() else None
    return scored(cases, contestant.run(f, x_of(cases), fmt, noise, subject.domain))
