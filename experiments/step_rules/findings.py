"""The sentences of the league: who leads, where ours does not, what else was found."""

import numpy as np
import pandas as pd

from experiments.frames import rows_of
from experiments.league.adversaries import Verdict
from experiments.league.cases import JUDGEMENT
from experiments.league.results import HEAD, column_of, ours, title_of
from experiments.league.roster import OURS, PEER
from experiments.step_rules.scores import answers, groups, league, rivals
from experiments.words import counted, listed, percent, plain
from numdiff.study.run import Measured

__all__ = ["advice", "findings"]

THUMB = "scaled_thumb (centered)"
"""The centered difference with the step that textbooks advise."""


def findings(measured: Measured) -> list[str]:
    """The answer, and what else was found."""
    scores = league(measured)
    return [
        answer(scores),
        *lead_sentences(scores),
        *thumb_sentence(scores),
        *rules_sentences(scores),
        *failure_sentences(scores),
        *adversarial_sentences(answers(measured)),
    ]


def answer(scores: pd.DataFrame) -> str:
    """Who is the most accurate in float64, and what that costs."""
    frame = column_of(scores, JUDGEMENT, HEAD)
    own, others = ours(frame[~frame["told"].astype(bool)]), rivals(frame)
    if own.empty and others.empty:
        return "No method for black boxes takes part in this run."
    mine = (own if len(own) else others).iloc[0]
    ahead = others[others["median"] < mine["median"]]
    name = "numdiff.derivative" if len(own) else mine["contestant"]
    if not np.isfinite(mine["median"]):
        return f"In float64 `{name}` has no result in half of the cases."
    lead = "the smallest median error of all methods for black boxes"
    if len(ahead):
        lead = f"a larger median error than `{ahead['contestant'].iloc[0]}`"
    return (
        f"In float64 `{name}` has {lead}: {plain(mine['median'])} times that of the best centered difference, with "
        f"{plain(mine['evaluations'])} evaluations."
    )


def lead_sentences(scores: pd.DataFrame) -> list[str]:
    """In which columns and halves our estimator leads among those with at most as many evaluations, and where not."""
    leads: list[str] = []
    behind: list[str] = []
    for half, format, noise, frame in groups(scores):
        own, others = ours(frame[~frame["told"].astype(bool)]), rivals(frame)
        if own.empty:
            return []
        mine = own.iloc[0]
        cheap = others[others["evaluations"] <= mine["evaluations"]]
        if cheap.empty or np.isnan(mine["median"]):
            continue
        where = f"{title_of(format, noise)} ({half})"
        beaten: dict[str, list[str]] = {}
        for name, words in (("median", "median"), ("p90", "90 %")):
            if cheap[name].min() < mine[name]:
                beaten.setdefault(cheap.iloc[int(cheap[name].argmin())]["contestant"], []).append(words)
        who = [f"`{contestant}` ({listed(words)})" for contestant, words in beaten.items()]
        (behind if who else leads).append(f"{listed(who)} in {where}" if who else where)
    said = []
    if leads:
        said.append(
            "No method for black boxes with at most as many evaluations is more accurate than `numdiff`, in the median "
            f"or at 90 %, in {'; '.join(leads)}."
        )
    if behind:
        said.append(f"More accurate than `numdiff` with at most as many evaluations: {'; '.join(behind)}.")
    return [*said, *costly_sentence(scores)]


def costly_sentence(scores: pd.DataFrame) -> list[str]:
    """Where a method with more evaluations is more accurate than ours."""
    found = []
    for half, format, noise, frame in groups(scores):
        own, others = ours(frame[~frame["told"].astype(bool)]), rivals(frame)
        if half != JUDGEMENT or own.empty or others.empty:
            continue
        mine, best = own.iloc[0], others.iloc[0]
        if best["median"] < mine["median"] and best["evaluations"] > mine["evaluations"]:
            found.append(f"`{best['contestant']}` in {title_of(format, noise)} ({plain(best['evaluations'])})")
    if not found:
        return []
    return [f"Smaller medians on the judgement half, with more evaluations: {listed(found)}."]


def thumb_sentence(scores: pd.DataFrame) -> list[str]:
    """What two evaluations at a step from the format alone are worth."""
    frame = column_of(scores, JUDGEMENT, HEAD)
    thumb = frame[frame["contestant"] == THUMB]
    return [
        f"The error of the centered difference with ∛u·max(1, |x|) is {plain(row.median)} times the yardstick in the "
        f"median; in one case of ten {tenth(row.p90)}."
        for row in rows_of(thumb[np.isfinite(thumb["median"])])
    ]


def tenth(quantile: float) -> str:
    """Return what the worst tenth of cases has at least: a quantile is a value that so many reach."""
    return f"it is about {plain(quantile)} times that, or more" if np.isfinite(quantile) else "there is no result"


def rules_sentences(scores: pd.DataFrame) -> list[str]:
    """Which two-point rules choose their step best."""
    frame = column_of(scores, JUDGEMENT, HEAD)
    steps = frame[(frame["formula"] != "") & (frame["kind"] != PEER) & np.isfinite(frame["regret"])]
    said = []
    for formula in ("centered", "forward"):
        best = steps[steps["formula"] == formula].sort_values(["regret", "regret_p90"], kind="stable").head(1)
        said += [
            f"Of the {formula} rules `{row.contestant}` has the smallest median regret in float64: {plain(row.regret)} "
            f"times the error of the best step."
            for row in rows_of(best)
        ]
    return said


def failure_sentences(scores: pd.DataFrame) -> list[str]:
    """Who has no result how often in float64."""
    frame = column_of(scores, JUDGEMENT, HEAD)
    frame = frame[~frame["complex"].astype(bool)].assign(share=frame["no_result"] / frame["cases"])
    worst = frame[frame["share"] > 0].sort_values("share", ascending=False, kind="stable").head(3)
    if worst.empty:
        return ["In float64 every method for black boxes has a result in every case of the judgement half."]
    shares = listed([f"`{row.contestant}` ({percent(row.share)})" for row in rows_of(worst)])
    return [f"Most often without a result in float64, on the judgement half: {shares}."]


def adversarial_sentences(found: pd.DataFrame) -> list[str]:
    """How many adversarial problems get a good answer."""
    decidable = found[~found["undecidable"].astype(bool)]
    mine = ours(decidable[~decidable["told"].astype(bool)])
    said = []
    if len(mine):
        good, silent = (int((mine["verdict"] == str(name)).sum()) for name in (Verdict.GOOD, Verdict.SILENT))
        failures = counted(silent, "is a silent failure", "are silent failures") if silent else "none fails silently"
        said.append(f"Of {counted(len(mine), 'decidable adversarial case')} `numdiff` answers {good} well; {failures}.")
    others = decidable[(decidable["kind"] != OURS) & (decidable["format"] == "float64")]
    if len(others):
        shares = (others["verdict"] == str(Verdict.GOOD)).groupby(others["contestant"], sort=False).mean()
        best = shares.idxmax()
        said.append(f"No other has more good answers there in float64 than `{best}`: {percent(shares.max())}.")
    return said


def advice(measured: Measured) -> list[str]:
    """What it means for somebody who writes such code."""
    frame = column_of(league(measured), JUDGEMENT, HEAD)
    own = ours(frame)
    said = ["For a black box take a method that chooses its step from values of f: a fixed step is a bet on its scale."]
    if len(own):
        said.append("`nd.derivative` is such a method; it returns an error bar and a status with each value.")
    return [
        *said,
        "Tell a method the noise and the domain of f where you know them: a rule that is not told may take noise "
        "for slope, or leave the domain.",
        *cheapest_sentence(frame),
    ]


def cheapest_sentence(frame: pd.DataFrame) -> list[str]:
    """What to use where two evaluations must do."""
    cheap = rivals(frame[(frame["evaluations"] <= 2) & np.isfinite(frame["median"])])
    if cheap.empty:
        return []
    best = cheap.iloc[0]
    step = ", with the step ∛u·max(1, |x|)" if best["contestant"] == THUMB else ""
    return [f"Where two evaluations must do, `{best['contestant']}` has the smallest median error{step}."]
