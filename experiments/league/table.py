"""Outcomes beside their cases, and the rows of the league table that they give."""

import math
from typing import Any

import numpy as np
import pandas as pd

from numdiff.analysis.scores import bar_scores, error_ratio, is_good_where_flat, ranked_quantile

__all__ = ["coverage_by_function", "in_words", "scored", "summary", "with_errors", "worst_functions"]


def scored(cases: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return cases with their outcomes, row beside row, and the errors as `with_errors` adds them."""
    return with_errors(pd.concat([cases.reset_index(drop=True), outcomes.reset_index(drop=True)], axis=1))


def with_errors(frame: pd.DataFrame) -> pd.DataFrame:
    """Return outcomes beside their cases with the error, and its ratios to the best centered and forward errors."""
    high, low = (frame[name] - frame[truth] for name, truth in (("value", "truth"), ("value_low", "truth_low")))
    with np.errstate(invalid="ignore", over="ignore"):
        frame = frame.assign(error=(high + low).abs())
    flat = frame["truth"] == 0
    return frame.assign(
        ratio=np.where(flat, math.nan, error_ratio(frame["error"], frame.get("yardstick", math.nan))),
        forward_ratio=np.where(flat, math.nan, error_ratio(frame["error"], frame.get("forward", math.nan))),
    )


def in_words(contestant: str, told: bool) -> str:
    """Return the name of a contestant with what it was told."""
    return f"{contestant}, noise told" if told else contestant


def summary(frame: pd.DataFrame) -> dict[str, Any]:
    """Return one row of the league table.

    Parameters
    ----------
    frame : DataFrame
        Of `scored`: the outcomes of one contestant, in one format and with one noise.
    """
    ratio = frame["ratio"].dropna()
    known = frame["yardstick"].notna()
    flat = frame[(frame["truth"] == 0) & known]
    bars = bar_scores(frame["error"], frame["bar"], frame["ok"], frame["yardstick"].where(frame["truth"] != 0))
    has_bars = bool(frame["bar"].notna().any())
    good = is_good_where_flat(flat["error"], flat["bar"], flat["yardstick"])
    worst = frame.iloc[int(np.argmax(frame["ratio"].fillna(-1.0).to_numpy()))] if len(ratio) else None
    each = coverage_by_function(frame)
    return {
        "cases": len(frame),
        "median": ranked_quantile(ratio, 0.5),
        "p90": ranked_quantile(ratio, 0.9),
        "worst": ranked_quantile(ratio, 1.0),
        "worst_function": "" if worst is None else worst["problem"],
        "worst_x": "" if worst is None else worst["x"],
        "evaluations": ranked_quantile(frame["evaluations"], 0.5),
        "no_result": int((~np.isfinite(frame["error"])).sum()),
        "flagged": int((~frame["ok"].astype(bool)).sum()),
        "bars": bars.bars,
        "covered": bars.covered,
        "coverage": bars.coverage,
        "low": bars.low,
        "high": bars.high,
        "least_covered": each.min() if len(each) else math.nan,
        "sharpness": bars.sharpness,
        "refused": bars.refused if has_bars else None,
        "useful": bars.useful if has_bars else math.nan,
        "beyond": bars.beyond if has_bars else None,
        "silent": bars.silent,
        "flat": len(flat),
        "flat_good": int(good.sum()),
    }


def coverage_by_function(frame: pd.DataFrame) -> pd.Series:
    """Return the share of finite bars that cover the truth, for each function that has any, the worst first."""
    there = frame[np.isfinite(frame["error"]) & np.isfinite(frame["bar"])]
    return (there["error"] <= there["bar"]).groupby(there["problem"], sort=False).mean().sort_values(kind="stable")


def worst_functions(frame: pd.DataFrame, number: int = 5) -> pd.DataFrame:
    """Return the functions whose bars cover least, with what they are worth there."""
    rows = []
    for name in coverage_by_function(frame).index[:number]:
        rows.append({"problem": name, **summary(frame[frame["problem"] == name])})
    return pd.DataFrame(rows)
