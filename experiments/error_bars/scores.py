"""The scores of error bars that the section counts from."""

from functools import cache

import numpy as np
import pandas as pd

from experiments.league.results import GROUP, further, named, ordered, ours, rows, summaries
from experiments.league.tasks import FURTHER
from numdiff.study.run import Measured

__all__ = ["bars", "by_function", "ours_by_format", "ours_further"]


@cache
def bars(measured: Measured) -> pd.DataFrame:
    """Return the scores of all contestants with bars on the coverage set; what each was told is in its name."""
    found = rows(measured, "coverage")
    found = found[found["bars"].astype(bool)]
    if found.empty:
        numbers = ("bars", "covered", "coverage", "low", "high", "sharpness", "silent", "beyond", "refused")
        columns = {name: pd.Series(dtype="str") for name in (*GROUP, "kind")}
        return pd.DataFrame(columns | {name: pd.Series(dtype="float64") for name in numbers})
    return named(summaries(found))


@cache
def by_function(measured: Measured) -> pd.DataFrame:
    """Return the coverage of each contestant on each function, and how many bars were finite; NaN where none was."""
    found = rows(measured, "coverage")
    found = found[found["bars"].astype(bool)]
    finite = np.isfinite(found["error"]) & np.isfinite(found["bar"])
    counted = found.assign(finite=finite, held=finite & (found["error"] <= found["bar"]))
    groups = counted.groupby(["problem", *GROUP, "kind"], sort=False)
    frame = groups.agg(bars=("finite", "sum"), held=("held", "sum")).reset_index()
    frame["coverage"] = (frame["held"] / frame["bars"]).where(frame["bars"] > 0)
    return ordered(frame)[["problem", "contestant", "half", "format", "noise", "told", "kind", "bars", "coverage"]]


@cache
def ours_by_format(measured: Measured) -> pd.DataFrame:
    """Return accuracy on the league and trust on the coverage set of our estimator, both halves; empty without it."""
    league, trust = ours(rows(measured, "league")), ours(rows(measured, "coverage"))
    if league.empty or trust.empty:
        return pd.DataFrame()
    return _beside(league, trust)


@cache
def ours_further(measured: Measured) -> pd.DataFrame:
    """Return the same for other derivatives than f′, named in the column `task`; `useful` is that on the league."""
    league, trust = ours(further(measured, "league")), ours(further(measured, "coverage"))
    parts = []
    for task in FURTHER:
        met, held = league[league["task"] == task], trust[trust["task"] == task]
        if len(met) and len(held):
            useful = summaries(met)[[*GROUP, "useful"]]
            found = _beside(met, held).drop(columns="useful").merge(useful, on=GROUP, validate="one_to_one")
            parts.append(found.assign(task=task))
    return ordered(pd.concat(parts, ignore_index=True)) if parts else pd.DataFrame()


def _beside(league: pd.DataFrame, trust: pd.DataFrame) -> pd.DataFrame:
    """Return accuracy on the league beside trust on the coverage set."""
    accuracy = summaries(league)[[*GROUP, "cases", "median", "p90", "worst", "evaluations", "flat", "flat_good"]]
    scores = summaries(trust).rename(columns={"least_covered": "least"})
    scores["refused"] = scores["refused"].astype(float) / scores["cases"]
    kept = [*GROUP, "bars", "covered", "coverage", "low", "high", "least", "sharpness", "useful"]
    return accuracy.merge(scores[[*kept, "refused", "beyond", "silent"]], "inner", on=GROUP, validate="one_to_one")
