"""The sentences on error bars."""

import numpy as np
import pandas as pd

from experiments.error_bars.aims import AIMS, TOLD
from experiments.error_bars.further import further_sentences
from experiments.error_bars.scores import bars, ours_by_format
from experiments.frames import rows_of
from experiments.league.cases import JUDGEMENT
from experiments.league.results import HEAD, column_of, ours, rows, title_of
from experiments.league.roster import OURS
from experiments.words import counted, function_name, listed, percent, plain
from numdiff.analysis.scores import SLACK
from numdiff.study.run import Measured

__all__ = ["HELD", "advice", "findings"]

HELD = 0.98
"""Sharpness is compared among those that cover at least so much."""


def findings(measured: Measured) -> list[str]:
    """The answer, and what else was found."""
    scores = bars(measured)
    if scores.empty:
        return ["No method that reports an error bar takes part in this run."]
    return [
        answer(scores),
        *others_sentence(scores),
        *library_sentence(scores),
        *width_sentence(scores),
        *aims_sentence(ours_by_format(measured)),
        *far_sentence(measured),
        *further_sentences(measured),
    ]


def untold(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of who was told nothing."""
    return scores[~scores["told"].astype(bool)]


def answer(scores: pd.DataFrame) -> str:
    """How far bars can be trusted in float64."""
    frame = column_of(untold(scores), JUDGEMENT, HEAD)
    own, others = ours(frame), frame[frame["kind"] != OURS]
    held = int((others["coverage"] >= HELD).sum())
    share = how_many(held, len(others))
    if own.empty:
        return f"In float64 {share} of the methods cover the error in at least {percent(HELD)} of the cases."
    mine = own.iloc[0]["coverage"]
    said = "has no finite error bar" if np.isnan(mine) else f"covers the error in {exact_percent(mine)} of the cases"
    rest = f"; {share} of the others do in at least {percent(HELD)}" if len(others) else ""
    return f"In float64 `numdiff.derivative` {said}{rest}."


def how_many(some: int, all: int) -> str:
    """Return a share in words: few are less than a third, most are two thirds at least."""
    if some in (0, all):
        return "all" if some else "none"
    return "few" if 3 * some < all else "some" if 3 * some < 2 * all else "most"


def others_sentence(scores: pd.DataFrame) -> list[str]:
    """How many of the others cover enough."""
    frame = column_of(untold(scores), JUDGEMENT, HEAD)
    others = frame[frame["kind"] != OURS]
    held = others[others["coverage"] >= HELD]
    if others.empty:
        return []
    who = f": {listed(shares(held))}" if len(held) else ""
    return [
        f"Of the {counted(len(others), 'other method')} with bars in float64, {len(held) or 'none'} cover at least "
        f"{percent(HELD)}{who}."
    ]


def exact_percent(share: float) -> str:
    """Return a share with one decimal: between 99 and 100 % it matters. Only all is 100 %."""
    return "100 %" if share == 1 else f"{min(100 * share, 99.9):.1f} %"


def library_sentence(scores: pd.DataFrame) -> list[str]:
    """How often the bars of libraries hold."""
    frame = column_of(untold(scores), JUDGEMENT, HEAD)
    frame = frame[frame["kind"] == "peer"].sort_values("coverage", kind="stable")
    if frame.empty:
        return []
    return [f"Bars of libraries in float64 hold in: {listed(shares(frame))}."]


def shares(frame: pd.DataFrame) -> list[str]:
    """Return the coverage of each contestant in words."""
    return [f"`{row.contestant}` {percent(row.coverage)}" for row in rows_of(frame)]


def width_sentence(scores: pd.DataFrame) -> list[str]:
    """Who is sharpest among those whose bars hold, in each column on the judgement half."""
    said = []
    chosen = untold(scores[scores["half"] == JUDGEMENT])
    for column, frame in chosen.groupby(["format", "noise"], sort=False):
        format, noise = map(str, column) if isinstance(column, tuple) else (str(column), "none")
        held = frame[(frame["coverage"] >= HELD) & np.isfinite(frame["sharpness"])].sort_values(
            "sharpness", kind="stable"
        )
        if len(frame) < 2 or held.empty:
            continue
        best = held.iloc[0]
        said.append(f"`{best['contestant']}` in {title_of(format, noise)} ({plain(best['sharpness'])})")
    if not said:
        return []
    return [
        f"Of those that cover at least {percent(HELD)} the sharpest, with its median of bar over error, is "
        f"{listed(said)}."
    ]


def aims_sentence(frame: pd.DataFrame) -> list[str]:
    """Where our bars miss the coverage that they are for."""
    if frame.empty or (frame := frame[frame["coverage"].notna()]).empty:
        return []
    missed = [
        f"{title_of(row.format, row.noise)}, {row.half}{', noise told' if row.told else ''} "
        f"({exact_percent(row.coverage)})"
        for row in rows_of(frame)
        if row.coverage < (TOLD if row.told else AIMS.get((row.format, row.noise), HELD))
    ]
    if missed:
        return [f"The bars of `numdiff` hold less often than they are meant to in: {'; '.join(missed)}."]
    return [
        "The bars of `numdiff` hold as often as they are meant to in each format, with each noise and on each half "
        "that was measured."
    ]


def far_sentence(measured: Measured) -> list[str]:
    """Errors of ours beyond ten bars, and the function that has most of them."""
    own = ours(rows(measured, "coverage"))
    there = own[np.isfinite(own["error"]) & np.isfinite(own["bar"])]
    if there.empty:
        return []
    far = there[there["error"] > SLACK * there["bar"]]
    said = f"Errors of `numdiff` beyond {SLACK:g} bars, over all formats and both halves: "
    if far.empty:
        return [f"{said}none of {len(there)}."]
    counts = far["problem"].value_counts(sort=False)
    return [f"{said}{len(far)} of {len(there)}, {counts.max()} of them with {function_name(str(counts.idxmax()))}."]


def advice(measured: Measured) -> list[str]:
    """What it means for somebody who reads error bars."""
    said = [
        "Before an error estimate decides anything, see here how often it holds: an estimate is no bound.",
        "Give the noise of f where you know it: the difference of two values does not tell it from slope.",
    ]
    if len(ours_by_format(measured)):
        least, most = (percent(end([*AIMS.values(), TOLD])) for end in (min, max))
        said.append(
            f"`nd.derivative` gives a bar that is meant to hold in {least} to {most} of the cases, by format and "
            "noise, and an infinite one with a status where it cannot."
        )
    return said
