"""How often the true error is inside a reported error bar, and how wide the bar is."""

import numpy as np
import pandas as pd

from experiments.error_bars.drawing import draw_coverage, draw_functions
from experiments.error_bars.findings import HELD, advice, findings
from experiments.error_bars.further import further_tables
from experiments.error_bars.scores import bars, by_function, ours_by_format
from experiments.experiment import Experiment, Later
from experiments.frames import blank, rows_of
from experiments.league.cases import COVERAGE_FUNCTIONS, COVERAGE_POINTS, DEVELOPMENT, JUDGEMENT
from experiments.league.results import KEYS, PORTABLE, blank_infinite, digests, ours, title_of
from experiments.league.schedule import BARRED, SPARSE, bar_measures, quick_measures
from experiments.words import counted, function_name, listed, percent, words_of
from numdiff.analysis.scores import SILENT, SLACK
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.run import Measured

LIMITS = (
    f"Coverage is that of {COVERAGE_FUNCTIONS} smooth functions of each half, {COVERAGE_POINTS} points each, chosen by "
    "a fixed rule. `numdiff` meets all, the others those of the judgement half; with noise one in "
    f"{BARRED['float64', '1e-8']}, and one in {SPARSE} of the other half.",
    "A computed function that is smooth and wrong, as (1 − cos x)/x² near 0, shows no method its error: `noise=` is "
    "the cure. Kinks along a sample path are another such class.",
    "The bars of libraries are measured as what a user takes them for, whatever their documentation promises.",
    "Bars that are proved, from interval arithmetic or Taylor models, need the source of f; a method for black boxes "
    "can only be right most of the time.",
)


# --- tables -----------------------------------------------------------------------------------------------


def tables(measured: Measured) -> list[Table]:
    """The tables of the section, the one to take away first."""
    scores = bars(measured)
    if scores.empty:
        return []
    head = scores[scores["half"] == JUDGEMENT].reset_index(drop=True)
    shown = ["contestant", "format", "noise", "coverage", "low", "high", "sharpness", "bars"]
    return [
        Table(
            "coverage",
            "How often the bar holds, and how wide it is",
            "Functions of the judgement half. Coverage: share of the finite bars that hold, with its interval at 95 % "
            "(from, to). Width: median of bar over error. Bars: how many were finite.",
            blank(widths(head[shown])),
            dict.fromkeys(("coverage", "low", "high"), "percent"),
            rows_shown=20,
            headings={"low": "from", "high": "to", "sharpness": "width"},
            kinds={"*": "platform", **dict.fromkeys(("contestant", "format", "noise"), "portable")},
        ),
    ]


def details(measured: Measured) -> list[Table]:
    """The tables of the appendix: errors beyond the bars, and each function."""
    scores = bars(measured)
    if scores.empty:
        return []
    return [
        *own_tables(measured),
        *further_tables(measured),
        Table(
            "excesses",
            "Errors beyond the bar, both halves",
            f"Silent: errors beyond {SILENT:g} bars with the status ok. Far: errors beyond {SLACK:g} bars. Refused: no "
            "value, or an infinite bar, which is never counted as covered.",
            scores[[*KEYS, "bars", "covered", "silent", "beyond", "refused"]],
            rows_shown=10,
            headings={"beyond": "far"},
            kinds=PORTABLE,
        ),
        functions_table(measured),
    ]


def widths(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame without widths that are infinite: all errors in the middle are 0."""
    return frame.assign(sharpness=frame["sharpness"].where(np.isfinite(frame["sharpness"])))


def own_tables(measured: Measured) -> list[Table]:
    """Return what our estimator reaches in each format, nothing where it does not take part."""
    frame = ours_by_format(measured)
    if frame.empty:
        return []
    accuracy = ["format", "noise", "half", "told", "cases", "median", "p90", "evaluations", "flat", "flat_good"]
    trust = ["format", "noise", "half", "told", "coverage", "low", "least", "sharpness", "useful", "refused"]
    keys = {"*": "platform", **dict.fromkeys(("format", "noise", "half", "told"), "portable")}
    return [
        Table(
            "own_accuracy",
            "Accuracy of numdiff in each format",
            "On all cases of the league: error over that of the best centered difference, evaluations in the median. "
            "Flat: cases with f′ = 0, and those with error ≤ bar ≤ 10 yardsticks.",
            blank_infinite(frame[accuracy]),
            rows_shown=None,
            headings={"p90": "90 %", "flat_good": "good"},
            kinds=keys,
        ),
        Table(
            "own_bars",
            "Error bars of numdiff in each format",
            f"Least: coverage of the worst function. Width: median of bar over error. Useful: share of bars of at most "
            f"{SLACK:g} yardsticks. Refused: share without a finite bar.",
            blank(widths(frame[trust].rename(columns={"low": "from"}))),
            dict.fromkeys(("coverage", "from", "least", "useful", "refused"), "percent"),
            rows_shown=None,
            headings={"sharpness": "width"},
            kinds=keys,
        ),
    ]


def functions_table(measured: Measured) -> Table:
    """Return the coverage of each contestant on each function."""
    columns = ["contestant", "problem", "half", "format", "noise", "told", "bars", "coverage"]
    frame = blank(by_function(measured)[columns])
    return Table(
        "coverage_by_function",
        "Coverage of each function",
        "Share of the finite bars that hold, and how many there were.",
        frame,
        {"coverage": "percent"},
        rows_shown=10,
        kinds={"*": "platform", **dict.fromkeys(("problem", *KEYS, "told"), "portable")},
        words=words_of(frame),
    )


# --- figures ----------------------------------------------------------------------------------------------


def figures(measured: Measured) -> list[Figure]:
    """The figures of the section, the one that answers first."""
    first = coverage_figure(bars(measured))
    own = ours(by_function(measured))
    own = own[own["bars"] > 0]
    return [first] if own.empty else [first, functions_figure(own)]


def coverage_figure(scores: pd.DataFrame) -> Figure:
    """Coverage against width."""
    columns = ["format", "noise", "contestant", "kind", "bars", "coverage", "low", "high", "sharpness"]
    data = scores[(scores["half"] == JUDGEMENT) & ~scores["told"].astype(bool)][columns]
    barred = everybody(data)
    shown = [pair in barred for pair in zip(data["format"], data["noise"], strict=True)]
    data = data[np.array(shown, dtype=bool)].reset_index(drop=True)
    data["title"] = [title_of(*pair) for pair in zip(data["format"], data["noise"], strict=True)]
    good = data[data["coverage"] >= HELD]
    names = listed([f"{row.contestant} in {row.title} ({percent(row.coverage)})" for row in rows_of(good)] or ["none"])
    return Figure(
        "coverage_and_width",
        "Coverage against width of the error bars",
        "Share of the bars that do not hold, with its interval at 95 %, against the median of bar over error; "
        "functions of the judgement half. Bars at 99 % lie on the line or below; at the lower edge all held.",
        f"Dots in {counted(data['title'].nunique(), 'panel')}; lower is safer, farther left is sharper. At least "
        f"{percent(HELD)} hold of {names}.",
        data,
        draw_coverage,
        (7.6, 6.4),
        kinds={"*": "platform"},
    )


def everybody(data: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the columns in which others than ours have bars; all where there are no others."""
    others = data[data["kind"] != "ours"]
    part = others if len(others) else data
    return list(dict.fromkeys(zip(part["format"], part["noise"], strict=True)))


def functions_figure(own: pd.DataFrame) -> Figure:
    """Coverage of our bars on each function."""
    data = own[~own["told"].astype(bool)][["problem", "half", "format", "noise", "bars", "coverage"]]
    data = data.reset_index(drop=True)
    data["title"] = [title_of(*pair) for pair in zip(data["format"], data["noise"], strict=True)]
    worst = data.iloc[int(np.argmin(data["coverage"].to_numpy()))]
    above = int((data["coverage"] >= 0.99).sum())
    return Figure(
        "own_coverage",
        "Coverage of the bars of numdiff, function by function",
        "A dot for each function, the two halves beside each other; the lines are at 99 % and 95 %.",
        f"Columns of dots, {above} of {len(data)} at 99 % or above. The lowest is {function_name(worst['problem'])} in "
        f"{worst['title']}: {percent(worst['coverage'])}.",
        data,
        draw_functions,
        (7.6, 4.6),
        kinds={"*": "platform"},
    )


EXPERIMENT = Experiment(
    "error_bars",
    "Error bars",
    "How often is the true error inside the error bar that a method reports, and how wide is the bar?",
    tables,
    figures,
    findings,
    measures=Later(bar_measures),
    quick_measures=Later(quick_measures),
    advice=advice,
    note=(
        "Every finite bar counts, whatever its status; an infinite bar or no value is a refusal and is never counted "
        "as covered. The error is that against the derivative that Arb encloses, or, of a function with an exact twin, "
        "that of the twin in mpmath. Functions belong to two halves by a fixed rule; "
        f"constants are chosen on the {DEVELOPMENT} half alone."
    ),
    limits=LIMITS,
    details=details,
    digests=digests,
)
