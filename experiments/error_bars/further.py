"""Other derivatives than f′: what our estimator reaches on f″, f‴, f⁗ and f′ from one side, and what it is meant to."""

import pandas as pd

from experiments.error_bars.aims import AIMS, RATIO, most_evaluations, ratio_aim
from experiments.error_bars.scores import ours_further
from experiments.frames import blank, rows_of
from experiments.league.results import blank_infinite
from experiments.words import listed, percent, plain
from numdiff.analysis.scores import SLACK
from numdiff.report.tables import Table
from numdiff.study.run import Measured

__all__ = ["further_sentences", "further_tables", "with_aims"]

_KEYS = ["format", "half", "derivative"]


def with_aims(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `ours_further` with their aims, and in words which of them are missed."""
    rows = [
        {
            "aim": ratio_aim(row.format, row.task),
            "most": most_evaluations(row.format, row.task),
            "meant": AIMS[row.format, "none"],
        }
        for row in rows_of(frame)
    ]
    frame = pd.concat([frame.rename(columns={"task": "derivative"}), pd.DataFrame(rows, index=frame.index)], axis=1)
    is_missed = {
        "median": ~(frame["median"] <= frame["aim"]),
        "90 %": ~(frame["p90"] <= RATIO),
        "evaluations": ~(frame["evaluations"] <= frame["most"]),
    }
    missed = pd.DataFrame(is_missed).apply(lambda row: ", ".join(name for name in is_missed if row[name]), axis=1)
    return frame.assign(missed=missed, held=frame["coverage"] >= frame["meant"])


def further_tables(measured: Measured) -> list[Table]:
    """Return accuracy and error bars of our estimator on other derivatives; nothing where none were measured."""
    found = ours_further(measured)
    if found.empty:
        return []
    frame = with_aims(found)
    kinds = {"*": "platform", **dict.fromkeys(_KEYS, "portable")}
    accuracy = ["cases", "median", "aim", "p90", "evaluations", "most", "flat", "flat_good", "missed"]
    trust = ["bars", "coverage", "meant", "low", "high", "least", "sharpness", "useful", "refused"]
    return [
        Table(
            "further_accuracy",
            "Accuracy of numdiff on higher derivatives and on those from one side",
            "On all cases of the league: error over that of the best difference of the plainest formula for the same "
            "derivative (smallest RMS over a binade of steps and 8 neighbours). Aim: half of the digits that a formula "
            "of accuracy order p gains over the plainest in theory, by its error u^(p/(p + m)); 1 in 90 %. Most: the "
            "aim for evaluations, those of f′ and one more for each order. Flat: derivatives of 0, and those with "
            f"error ≤ bar ≤ {SLACK:g} yardsticks. Of a polynomial of low degree the plainest formula has no truncation "
            "error, and a wider step only lessens its rounding: no estimator that stays near x is as accurate.",
            blank_infinite(frame[[*_KEYS, *accuracy]]),
            rows_shown=None,
            headings={"p90": "90 %", "flat_good": "good"},
            kinds=kinds | {"most": "portable"},
        ),
        Table(
            "further_bars",
            "Error bars of numdiff on higher derivatives and on those from one side",
            "At the points of the coverage of f′. From, to: interval of the coverage at 95 %. Meant: its aim. Least: "
            "coverage of the worst function. Width: median of bar over error. Useful: share of bars of at most "
            f"{SLACK:g} yardsticks on the league. Refused: share without a finite bar.",
            blank(frame[[*_KEYS, *trust]]),
            dict.fromkeys(("coverage", "meant", "low", "high", "least", "useful", "refused"), "percent"),
            rows_shown=None,
            headings={"low": "from", "high": "to", "sharpness": "width"},
            kinds=kinds | {"meant": "portable"},
        ),
    ]


def further_sentences(measured: Measured) -> list[str]:
    """Say in how many rows the aims for other derivatives than f′ are met, and where bars hold least often."""
    found = ours_further(measured)
    if found.empty:
        return []
    frame = with_aims(found)
    head, least = frame[frame["format"] == frame["format"].iloc[0]], frame.nsmallest(1, "coverage").iloc[0]
    whole = [str(name) for name, part in frame.groupby("format", sort=False) if part["held"].all()]
    low, high = plain(head["median"].min()), plain(head["median"].max())
    held, good, few = (
        int(met.sum()) for met in (frame["held"], frame["median"] <= frame["aim"], frame["p90"] <= RATIO)
    )
    return [
        "Higher derivatives and those from one side: the bars of `numdiff` hold as often as they are meant to in "
        f"{held} of {len(frame)} rows of the appendix{f', all of {listed(whole)} among them' if whole else ''}; least "
        f"often in {least['format']} ({least['derivative']} derivative: {percent(least['coverage'])}).",
        f"In {head['format'].iloc[0]} their median error is {low} to {high} of that of the best plain difference; in "
        f"all formats it meets its aim in {good} rows, and the 90 % quantile in {few}.",
    ]
