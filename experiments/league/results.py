"""What was played, scored: one row for each contestant and case, and the tables that both experiments count from."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from experiments.frames import blank
from experiments.league.cases import HALVES
from experiments.league.roster import OURS, PEER
from experiments.league.schedule import COLUMNS, THINNED, quick_measures
from experiments.league.table import in_words, summary, with_errors
from experiments.league.tasks import FIRST
from experiments.league.yardsticks import CASE
from experiments.reproducibility.table_comparison import FIGURES
from numdiff.analysis.scores import ranked_quantile
from numdiff.study.run import Measured, run
from numdiff.study.values import Digests

__all__ = ["GROUP", "HEAD", "KEYS", "PORTABLE", "blank_infinite", "column_of", "common", "digests", "further", "games"]
__all__ += ["named", "ordered", "ours", "rows", "summaries", "title_of"]

GROUP = ["half", "format", "noise", "contestant", "told"]
"""What a row of the league table is for."""
HEAD = ("float64", "none")
"""The column of the league that is read first."""
KEYS = ["contestant", "half", "format", "noise"]
"""What names a row of a table of the league,"""
PORTABLE = {"*": "platform", **dict.fromkeys(KEYS, "portable")}
"""and the kinds of the columns of such a table."""
_NAMES = {"none": "", "1e-8": "noise 1e-8", "1e-4": "noise 1e-4"}


@cache
def games(measured: Measured) -> pd.DataFrame:
    """Return all outcomes beside their cases, with errors; a few are measured now if none were.

    The column `number` counts the cases of each function from 0.
    """
    frames = measured.frames
    if "matches" not in frames:
        frames = {}
        for found in run(list(quick_measures()), progress=False):
            for name, frame in found.items():
                frames[name] = frame if name not in frames else pd.concat([frames[name], frame], ignore_index=True)
    cases = frames["cases"].drop_duplicates(CASE)
    cases = cases.assign(number=cases.groupby(CASE[:-1], sort=False).cumcount())
    matches = frames["matches"].drop_duplicates([*CASE, "contestant", "told"])
    return with_errors(matches.merge(cases, "inner", on=CASE, validate="many_to_one"))


def rows(measured: Measured, set: str) -> pd.DataFrame:
    """Return the outcomes of one set for f′."""
    found = games(measured)
    return found[(found["set"] == set) & (found["task"] == FIRST)]


def further(measured: Measured, set: str) -> pd.DataFrame:
    """Return the outcomes of one set for all other tasks."""
    found = games(measured)
    return found[(found["set"] == set) & (found["task"] != FIRST)]


def common(found: pd.DataFrame) -> pd.DataFrame:
    """Return the outcomes of a set on the cases that all contestants met."""
    return found[found["number"] % THINNED == 0]


def summaries(found: pd.DataFrame) -> pd.DataFrame:
    """Return one row of scores for each half, format, noise and contestant, in a fixed order.

    The step regret is the ratio to the best error of the formula that the step was chosen for.
    """
    scores = []
    for key, part in found.groupby(GROUP, sort=False):
        first = part.iloc[0]
        known = dict(zip(GROUP, key, strict=True)) | {name: first[name] for name in ("kind", "formula", "complex")}
        scores.append({**known, **summary(part), **_regret(part, first["formula"])})
    return ordered(pd.DataFrame(scores))


def _regret(part: pd.DataFrame, formula: str) -> dict[str, float]:
    """Return the median, the 90 % quantile and the largest step regret; NaN where no step was chosen."""
    if not formula:
        return dict.fromkeys(("regret", "regret_p90", "regret_worst"), np.nan)
    ratios = part["forward_ratio" if formula == "forward" else "ratio"].dropna()
    shares = {"regret": 0.5, "regret_p90": 0.9, "regret_worst": 1.0}
    return {name: ranked_quantile(ratios, share) for name, share in shares.items()}


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows by column of the league, judgement half first, and contestants as they are registered."""
    if frame.empty:
        return frame
    places = {column: place for place, column in enumerate(COLUMNS)}
    column = [places[pair] for pair in zip(frame["format"], frame["noise"], strict=True)]
    half = [HALVES[::-1].index(name) for name in frame["half"]]
    names = {name: place for place, name in enumerate(dict.fromkeys(frame["contestant"]))}
    keys = pd.DataFrame({"c": column, "h": half, "n": frame["contestant"].map(names), "t": frame["told"]})
    return frame.iloc[keys.sort_values(["c", "h", "n", "t"], kind="stable").index].reset_index(drop=True)


def title_of(format: str, noise: str) -> str:
    """Return what a column of the league is called."""
    return ", ".join(filter(None, (format, _NAMES[noise])))


def column_of(frame: pd.DataFrame, half: str, column: tuple[str, str]) -> pd.DataFrame:
    """Return the rows of one half in one column of the league."""
    chosen = (frame["half"] == half) & (frame["format"] == column[0]) & (frame["noise"] == column[1])
    return frame[chosen].reset_index(drop=True)


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose contestants are named with what they were told."""
    words = [in_words(*pair) for pair in zip(frame["contestant"], frame["told"], strict=True)]
    return frame.assign(contestant=words)


def blank_infinite(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with words for infinite ratios, and nothing where there is no number."""
    frame = blank(frame)
    return frame.map(lambda value: "no result" if isinstance(value, float) and np.isinf(value) else value)


def ours(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of our estimator."""
    return frame[frame["kind"] == OURS]


def digests(measured: Measured) -> pd.DataFrame:
    """Return the digests of what the functions returned, and of all that each library answered.

    A library has paths of its own through BLAS, LAPACK and elementary functions: two machines on which all functions
    return the same values may still get other answers. So its answers are told apart by themselves.
    """
    if "matches" not in measured.frames:
        return measured.values
    found = measured.frames["matches"]
    own = Digests()
    groups: Any = found[found["kind"] == PEER].groupby(["contestant", "told", "format"], sort=False)
    for (name, told, format), part in groups:
        numbers = [part[column].to_numpy(dtype=np.float64) for column in ("value", "value_low", "bar", "evaluations")]
        words = "\n".join(part["status"].astype(str) + " " + part["message"].fillna("").astype(str))
        own.add(FIGURES + in_words(name, told), format, [*numbers, np.frombuffer(words.encode(), dtype=np.uint8)])
    return pd.concat([measured.values, own.frame()], ignore_index=True)
