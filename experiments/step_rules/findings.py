"""The sentences of the league: who leads, where ours does not, what else was found."""

import pandas as pd

from experiments.frames import rows_of
from experiments.league.adversaries import Verdict
from experiments.league.cases import JUDGEMENT
from experiments.league.results import ours, title_of
from experiments.league.roster import OURS, PEER
from experiments.step_rules.scores import HEAD, answers, column_of, groups, league, rivals
from experiments.words import counted, listed, percent, plain
from numdiff.study.run import Measured

__all__ = ["advice", "findings"]


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
    own, others = ours(frame), rivals(frame)
    best = others.iloc[0]
    if own.empty:
        return (
            f"In float64 `{best.contestant}` has the smallest median error of all methods here, "
            f"{plain(best['median'])} times that of the best centered difference, with {plain(best.evaluations)} "
            "evaluations."
        )
    mine = own.iloc[0]
    first = mine["median"] <= best["median"]
    lead = "the smallest median error" if first else f"a larger median error than `{best.contestant}`"
    return (
        f"In float64 `numdiff.derivative` has {lead}, {plain(mine['median'])} times that of the best centered "
        f"difference, with {plain(mine.evaluations)} evaluations."
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
        if cheap.empty:
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
            "Among methods with at most as many evaluations `numdiff` is the most accurate in the median and at 90 % "
            f"in {'; '.join(leads)}."
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
    return [f"With more evaluations some have a smaller median on the judgement half: {listed(found)}."]


def thumb_sentence(scores: pd.DataFrame) -> list[str]:
    """What two evaluations at a step from the format alone are worth."""
    frame = column_of(scores, JUDGEMENT, HEAD)
    thumb = frame[frame["contestant"] == "scaled_thumb (centered)"]
    return [
        f"The centered difference with ∛u·max(1, |x|) is {plain(row.median)} times the yardstick in the median, and "
        f"more than {plain(row.p90)} times in one case of ten."
        for row in rows_of(thumb)
    ]


def rules_sentences(scores: pd.DataFrame) -> list[str]:
    """Which two-point rules choose their step best."""
    frame = column_of(scores, JUDGEMENT, HEAD)
    steps = frame[(frame["formula"] != "") & (frame["kind"] != PEER)]
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
        return ["In float64 every method has a result in every case of the judgement half."]
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
        said.append(f"Of {counted(len(mine), 'adversarial case')} `numdiff` answers {good} well; {failures}.")
    others = decidable[(decidable["kind"] != OURS) & (decidable["format"] == "float64")]
    if len(others):
        shares = (others["verdict"] == str(Verdict.GOOD)).groupby(others["contestant"], sort=False).mean()
        best = shares.idxmax()
        said.append(f"Of the others `{best}` does best there in float64: {percent(shares.max())} good answers.")
    return said


def advice(measured: Measured) -> list[str]:
    """What it means for somebody who writes such code."""
    own = ours(column_of(league(measured), JUDGEMENT, HEAD))
    said = ["For a black box take a method that chooses its step from values of f: a fixed step is a bet on its scale."]
    if len(own):
        said.append("`nd.derivative` is such a method; it returns an error bar and a status with each value.")
    return [
        *said,
        "Tell a method the noise and the domain of f where you know them: a rule that is not told takes noise for "
        "slope, or leaves the domain.",
        "Where two evaluations must do, use the centered difference with the step ∛u·max(1, |x|).",
    ]
