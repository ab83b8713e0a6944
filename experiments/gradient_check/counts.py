"""Trials, counted: how often each verdict was given, on checks and on coordinates; rates with their intervals."""

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd

from experiments.gradient_check.claims import RIGHT
from experiments.gradient_check.functions import JUDGEMENT, LAST
from experiments.gradient_check.rules import Decision, Line
from experiments.gradient_check.trials import LEFT
from numdiff.analysis.statistics import binomial_interval, binomial_limit

__all__ = [
    "AT",
    "BY",
    "BY_FUNCTION",
    "DECIDED",
    "JUDGED",
    "LINES",
    "VERDICTS",
    "counts",
    "evaluations",
    "of_kind",
    "rates",
    "summed",
]

JUDGED = (JUDGEMENT, LAST)
"""The groups whose functions were used for no constant."""
DECIDED = tuple(
    verdict.value for verdict in (Decision.PASSED, Decision.REJECTED, Decision.INCONCLUSIVE, Decision.INEXACT)
)
"""The verdicts that answer the question."""
VERDICTS = (*(verdict.value for verdict in Decision), LEFT)
LINES = tuple(line.value for line in Line)
AT = tuple(f"at_{line}" for line in LINES)
"""Verdicts on the wrong coordinate."""
BY = ("checker", "mode", "group", "smooth", "format", "kind", "claim")
"""What trials are counted by."""
BY_FUNCTION = ("subject", "group", "checker", "mode", "format", "claim")
"""What those of our check on right gradients are counted by, too."""


def counts(trials: pd.DataFrame, by: Iterable[str] = BY) -> pd.DataFrame:
    """Return how often each verdict was given, by the given columns in order of first appearance.

    Parameters
    ----------
    trials : pandas.DataFrame
        From `experiments.gradient_check.trials.run_trials`.
    by : iterable of str

    Returns
    -------
    pandas.DataFrame
        The columns `by`; `VERDICTS` of checks; `open`: checks that are not rejected and in which a line is undecided;
        `LINES`: verdicts on lines; `AT`: verdicts on the wrong coordinate; `evaluations`: their sum, `most`: the
        largest number.
    """
    keys = list(by)
    known = trials[keys].assign(most=trials["evaluations"], evaluations=trials["evaluations"])
    known[list(LINES)] = trials[list(LINES)]
    known["open"] = ((trials["undecided"] > 0) & (trials["verdict"] != Decision.REJECTED.value)).astype(int)
    for verdict in VERDICTS:
        known[verdict] = (trials["verdict"] == verdict).astype(int)
    for line, name in zip(LINES, AT, strict=True):
        known[name] = (trials["at"] == line).astype(int)
    return summed(known, keys)


def summed(counted: pd.DataFrame, by: Iterable[str] = BY) -> pd.DataFrame:
    """Return the sums of counts by fewer columns, or of counts that were made in parts."""
    how = dict.fromkeys((*VERDICTS, "open", *LINES, *AT, "evaluations"), "sum") | {"most": "max"}
    return counted.groupby(list(by), sort=False, dropna=False).agg(how).reset_index()


def of_kind(counted: pd.DataFrame, *kinds: str, groups: Collection[str] = JUDGED) -> pd.DataFrame:
    """Return the counts of claims of some kinds, in some groups of functions."""
    return counted[counted["kind"].isin(kinds) & counted["group"].isin(groups)].reset_index(drop=True)


def rates(counted: pd.DataFrame, wrong: bool) -> pd.DataFrame:
    """Return counts with the rate of the error that a checker can make there, and its exact interval.

    Parameters
    ----------
    counted : pandas.DataFrame
        From `counts`.
    wrong : bool
        Whether the gradients were wrong: the error is to accept one then, else to reject one. What is undecided is
        counted beside it; what is called inexact is no error in either case.

    Returns
    -------
    pandas.DataFrame
        The counts, and `decided`, `errors`, `rate`, `low`, `high`; the one-sided `limit` at 95 %; `undecided_share`.
        NaN where there was no verdict.
    """
    table = counted.assign(decided=counted[list(DECIDED)].sum(axis=1))
    table["errors"] = table["passed"] if wrong else table["rejected"]
    trials = table["decided"].where(table["decided"] > 0)
    table["rate"], table["undecided_share"] = table["errors"] / trials, table["inconclusive"] / trials
    pairs = list(zip(table["errors"].astype(int), table["decided"].astype(int), strict=True))
    ends = [binomial_interval(hits, n) if n else (float("nan"), float("nan")) for hits, n in pairs]
    limits = [binomial_limit(hits, n) if n else float("nan") for hits, n in pairs]
    return table.assign(low=[low for low, _ in ends], high=[high for _, high in ends], limit=limits)


def evaluations(trials: pd.DataFrame) -> pd.DataFrame:
    """Return how many evaluations of f checks of right gradients take: a row for each checker and format.

    Parameters
    ----------
    trials : pandas.DataFrame
        From `experiments.gradient_check.trials.run_trials`.

    Returns
    -------
    pandas.DataFrame
        checker, mode, format, checks, median, p90, most; per coordinate where coordinates are compared.
    """
    right = trials[(trials["claim"] == RIGHT) & (trials["evaluations"] > 0)]
    each: Any = right["evaluations"] / np.where(right["mode"] == "coordinates", right["n"], 1)
    found = right.assign(each=each).groupby(["checker", "mode", "format"], sort=False)["each"]
    return found.agg(checks="size", median="median", p90=_ninth, most="max").reset_index()


def _ninth(values: pd.Series) -> float:
    return float(values.quantile(0.9, interpolation="higher"))
