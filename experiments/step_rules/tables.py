"""The tables of the league."""

import numpy as np
import pandas as pd

from experiments.frames import blank
from experiments.league.adversaries import Verdict
from experiments.league.cases import JUDGEMENT, half_of, league_functions
from experiments.league.results import HEAD, KEYS, PORTABLE, blank_infinite, column_of, games, named, ours
from experiments.step_rules.scores import answers, league
from experiments.words import words_of
from numdiff.problems.adversarial import ADVERSARIAL
from numdiff.report.tables import Table
from numdiff.study.run import Measured

__all__ = ["details", "tables"]

_SAID = 110
"""Characters of a message that are shown."""


def tables(measured: Measured) -> list[Table]:
    """The tables of the section, the one to take away first."""
    scores = named(league(measured))
    return [take_away(scores)]


def details(measured: Measured) -> list[Table]:
    """The tables of the appendix: all columns of the league, what went wrong, and the problems."""
    scores = named(league(measured))
    return [
        regrets(scores),
        *adversarial_tables(measured),
        Table(
            "league",
            "The league in all formats, with noise and without, both halves",
            "Error over that of the best centered difference. Development: the half of the functions on which "
            "constants may be chosen. Judgement: the other.",
            blank_infinite(scores[[*KEYS, "median", "p90", "worst", "evaluations"]]),
            rows_shown=10,
            headings={"p90": "90 %"},
            kinds=PORTABLE,
        ),
        Table(
            "no_result",
            "Failures and refusals",
            "Of the cases: those without a finite result, and those with a status other than ok.",
            scores[[*KEYS, "cases", "no_result", "flagged"]],
            rows_shown=10,
            headings={"no_result": "no result"},
            kinds=PORTABLE,
        ),
        Table(
            "worst_inputs",
            "The worst inputs",
            "Where the ratio to the yardstick is largest, exactly. No result: the first case without one.",
            blank_infinite(scores[[*KEYS, "worst_function", "worst_x", "worst"]]),
            {"worst_x": "hex"},
            rows_shown=10,
            headings={"worst_function": "function", "worst_x": "x"},
            kinds=PORTABLE,
            words=words_of(scores[["worst_function"]]),
        ),
        *answers_tables(named(answers(measured))),
        problems_table(),
        *outcomes_tables(measured),
        halves_table(),
    ]


def regrets(scores: pd.DataFrame) -> Table:
    """Return the step regret of the rules that choose a step."""
    return Table(
        "step_regret",
        "Step regret",
        "Error over the best RMS error of the same formula: forward rules against the best forward step, centered "
        "ones against the best centered step.",
        blank_infinite(scores[scores["formula"] != ""][[*KEYS, "formula", "regret", "regret_p90", "regret_worst"]]),
        rows_shown=10,
        headings={"regret": "median", "regret_p90": "90 %", "regret_worst": "worst"},
        kinds=PORTABLE,
    )


def take_away(scores: pd.DataFrame) -> Table:
    """Return the league in float64 on the functions of the judgement half, the smallest median first."""
    frame = column_of(scores, JUDGEMENT, HEAD)
    frame = frame.sort_values(["median", "p90", "contestant"], kind="stable", ignore_index=True)
    shown = ["contestant", "kind", "median", "p90", "worst", "evaluations", "no_result", "regret"]
    frame = frame[shown].assign(kind=frame["kind"].where(~frame["complex"], "complex step"))
    return Table(
        "league_float64",
        "The league in float64",
        "Functions of the judgement half. Error over that of the best centered difference (the smallest RMS over a "
        "binade of steps and 8 neighbours): median, 90 %, worst; no result counts as the worst. Evaluations of f: "
        "median. Regret: median error over that of the best step of the same formula.",
        blank_infinite(frame),
        rows_shown=24,
        headings={"p90": "90 %", "no_result": "no result"},
        kinds={"*": "platform"},
    )


def adversarial_tables(measured: Measured) -> list[Table]:
    """Return how often each contestant gives a good answer to adversarial problems, and what ours says to each."""
    found = named(answers(measured))
    counts = found[~found["undecidable"]].groupby(["contestant", "format"], sort=False)["verdict"].value_counts()
    wide = counts.unstack(fill_value=0).reindex(columns=list(map(str, Verdict)), fill_value=0).reset_index()
    wide.columns.name = None
    return [
        Table(
            "adversarial",
            "Answers to adversarial problems",
            "Good: a small error, or an honest status, and a bar that holds. Useless: a bar that holds, no more. "
            "Wrong: a large error without a word, or a bar that does not hold. Silent failure: an error of more than 3 "
            "bars, a finite bar at a jump or no value, with the status ok. Undecidable problems are left out.",
            wide,
            rows_shown=16,
            kinds={"*": "platform", "contestant": "portable", "format": "portable"},
        ),
    ]


def problems_table() -> Table:
    """Return the adversarial problems."""
    return Table(
        "adversarial_problems",
        "The adversarial problems",
        "What goes wrong there, and who reported or published it. Undecidable: why values alone cannot tell.",
        pd.DataFrame(
            [(p.name, p.formula, p.reason, p.source, p.undecidable) for p in ADVERSARIAL.values()],
            columns=["problem", "formula", "reason", "source", "undecidable"],
        ),
        rows_shown=10,
        kinds={"*": "portable"},
    )


def answers_tables(found: pd.DataFrame) -> list[Table]:
    """Return what our estimator says to each adversarial problem, nothing where it does not take part."""
    mine = ours(found)[["problem", "format", "x", "contestant", "value", "bar", "status", "verdict"]]
    if mine.empty:
        return []
    return [
        Table(
            "adversarial_answers",
            "What numdiff says to each adversarial problem",
            "The undecidable ones included. An empty bar: infinite.",
            blank_bars(mine.reset_index(drop=True)),
            {"x": "hex", "value": "g6"},
            rows_shown=20,
            kinds={"*": "platform", **dict.fromkeys(("problem", "format", "x", "contestant"), "portable")},
        ),
    ]


def blank_bars(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame without bars and values that are not finite."""
    return blank(frame.assign(**{name: frame[name].where(np.isfinite(frame[name])) for name in ("value", "bar")}))


def outcomes_tables(measured: Measured) -> list[Table]:
    """Return how often each contestant met each status other than ok, with its first message; nothing if all is ok.

    There is a row for all that was played, also where all is ok: which statuses libraries meet is up to the platform.
    """
    found = named(games(measured))
    if found["ok"].astype(bool).all():
        return []
    keys = ["contestant", "set", "format", "noise"]
    frame = pd.DataFrame(
        [(*key, *_outcomes_of(part)) for key, part in found.groupby(keys, sort=False)],
        columns=[*keys, "cases", "statuses", "message"],
    )
    table = Table(
        "outcomes",
        "Statuses other than ok, with the first message",
        "Cases: how many have one. Sets: the functions of the league, their points of the coverage, and the "
        "adversarial problems.",
        frame,
        rows_shown=12,
        kinds={"*": "platform", **dict.fromkeys(keys, "portable")},
    )
    return [table]


def _outcomes_of(part: pd.DataFrame) -> tuple[int, str, str]:
    """Return how many cases are not ok, their statuses with counts, and the first message."""
    bad = part[~part["ok"].astype(bool)]
    counts = bad["status"].value_counts().sort_index()
    said = next((text for text in bad["message"].fillna("") if text), "")
    return len(bad), ", ".join(f"{status} {count}" for status, count in counts.items()).replace("_", " "), said[:_SAID]


def halves_table() -> Table:
    """Return the half of each function."""
    names = league_functions("float64")
    frame = pd.DataFrame({"problem": names, "half": [half_of(name) for name in names]})
    return Table(
        "halves",
        "The two halves",
        "Development: the first byte of the SHA-256 of the name is below 128. Constants are chosen on that half alone.",
        frame,
        rows_shown=10,
        kinds={"*": "portable"},
        words=words_of(frame),
    )
