"""The scores of error bars that the section counts from."""

from functools import cache

import numpy as np
import pandas as pd

from experiments.league.results import GROUP, named, ordered, ours, rows, summaries
from numdiff.study.run import Measured

__all__ = ["bars", "by_function", "ours_by_format"]


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
    accuracy = summaries(league)[[*GROUP, "cases", "median", "p90", "worst", "evaluations", "flat", "flat_good"]]
    scores = summaries(trust).rename(columns={"least_covered": "least"})
    scores["refused"] = scores["refused"].astype(float) / scores["cases"]
    kept = [*GROUP, "bars", "covered", "coverage", "low", "high", "least", "sharpness", "useful"]
    return accuracy.merge(scores[[*kept, "refused", "beyond", "silent"]], "inner", on=GROUP, validate="one_to_one")
