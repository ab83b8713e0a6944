"""The section of the report on the atlas, from what `make atlas` wrote to ``results/atlas/``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.experiment import Experiment
from experiments.half_precision_atlas.atlas import FORMULAS, FUNCTIONS
from experiments.half_precision_atlas.cells import PARTS
from experiments.half_precision_atlas.drawing import draw_map, draw_shares
from experiments.half_precision_atlas.formats import SIXTEEN_BITS
from experiments.half_precision_atlas.maps import runs_of
from experiments.words import counted, listed, percent, plain, written
from numdiff.problems import PROBLEMS
from numdiff.report.figures import Figure, superscript
from numdiff.report.tables import Table, frame_from_csv
from numdiff.study.run import Measured

__all__ = ["EXPERIMENT", "HOME", "Written", "advice", "figures", "findings", "tables", "written_atlas"]

HOME = Path(__file__).resolve().parents[2] / "results" / "atlas"
TITLE = "Every 16-bit number and every dyadic step"
QUESTION = "How far is a derivative off in 16 bits, at any number and with any power of two as step?"
NOTE = (
    "make atlas computes all cells with proved bounds and writes results/atlas/, from which this section is made; it "
    "is not made again when the results are rebuilt. Parts are given where the kernel returned a finite number from "
    "finite values. Each has a bound of at most 2⁻²⁰ of it, or 2⁻⁹⁶⁰; what tables leave open comes from the ledger. "
    "No cell of a step exceeds a largest error by more than 2⁻³⁹ of it. The maps themselves, also those of 8 bits, "
    "are in that folder as pictures and as numbers."
)
LIMITS = (
    "Five functions, as the course writes them, forward and centered differences, and steps that are powers of two "
    "from 2⁻²⁴ to 2¹⁵ in every format: those of float16. bfloat16 has more of them.",
    "A relative error is relative to the larger of |f′| and the smallest normal number of the format. The values "
    "passed through NumPy's exp on one machine.",
)
KEYS = ["format", "function", "formula"]
MAPPED = ("square", "exp")
"""The functions of the map: one whose scale is x, and one whose scale is 1."""
COVERED = 0.99
"""The share of the numbers with a derivative at some step that a step must serve, to count as safe."""
_NAMES = {name: written(PROBLEMS[name].formula) for name in FUNCTIONS}
_WORDS = {"function": _NAMES}


@dataclass(frozen=True, eq=False)
class Written:
    """What `make atlas` wrote: the tables of maxima and of counts, and the maps by format."""

    maxima: pd.DataFrame
    counts: pd.DataFrame
    maps: Mapping[str, np.ndarray]


@cache
def written_atlas(home: Path = HOME) -> Written:
    """Return what is committed: the tables, and the maps in 16 bits.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    maxima, counts = (frame_from_csv(home / name) for name in ("maxima.csv", "cells.csv"))
    return Written(maxima, counts, {fmt: np.load(home / f"digits_{fmt}.npy") for fmt in SIXTEEN_BITS})


@cache
def best_steps(atlas: Written) -> pd.DataFrame:
    """Return for each function, format and formula the step at which most numbers have a digit."""
    rows = []
    totals = _by_step(atlas, "total")
    for key, group in atlas.counts.groupby(KEYS, sort=False):
        best = group.iloc[int(group["digits_1"].argmax())]
        most, row = group["normal"].max(), totals.loc[(*key, best["k"])]
        shares = best["digits_1"] / most, best["digits_2"] / most
        rows.append((*key, _step(best["k"]), *shares, row["relative"], row["relative_at"]))
    columns = [*KEYS, "step", "one_digit", "two_digits", "largest", "at"]
    return pd.DataFrame(rows, columns=columns)


def _by_step(atlas: Written, part: str) -> pd.DataFrame:
    """Return the maxima of a part by format, function, formula and step."""
    return atlas.maxima[atlas.maxima["part"] == part].set_index([*KEYS, "k"])


def _step(k: int) -> str:
    return "1" if k == 0 else f"2{superscript(int(k))}"


@cache
def safest_steps(atlas: Written) -> pd.DataFrame:
    """Return the step with the smallest largest error, and the largest error of each part there, in 16 bits.

    Steps with which hardly any derivative overflows: of the numbers that have one with some step, `COVERED` have one.
    """
    frame = atlas.counts.set_index([*KEYS, "k"])[["normal"]].copy()
    for part in PARTS:
        frame[part] = _by_step(atlas, part)["relative"]
    frame["at"] = _by_step(atlas, "total")["relative_at"]
    frame = frame.reset_index()
    most = frame.groupby(KEYS)["normal"].transform("max")
    frame = frame[frame["format"].isin(SIXTEEN_BITS) & (frame["normal"] >= COVERED * most)]
    best = frame.loc[frame.groupby(KEYS, sort=False)["total"].idxmin()]
    return best.assign(step=best["k"].map(_step))[[*KEYS, "step", *PARTS, "at"]].reset_index(drop=True)


def counts_by_format(atlas: Written) -> pd.DataFrame:
    """Return how many cells there are of each format, how they ended, and how many parts came from the ledger."""
    sums = atlas.counts.groupby("format", sort=False).sum(numeric_only=True).reset_index()
    sums["from_ledger"] = sums.filter(like="ledger_").sum(axis=1)
    return sums[["format", "cells", "ok", "absorbed", "overflow", "nan", "with_parts", "from_ledger"]]


def tables(measured: Measured) -> list[Table]:
    """Return the table of the section."""
    best = best_steps(written_atlas())
    chosen = best[best["format"].isin(SIXTEEN_BITS) & (best["formula"] == "centered")]
    return [_steps_table("most_digits", ", centered", chosen.drop(columns="formula").reset_index(drop=True))]


def _steps_table(name: str, which: str, frame: pd.DataFrame) -> Table:
    """Return best steps as a table."""
    return Table(
        name,
        f"The step with which most numbers have a correct digit{which}",
        "Shares of the numbers at which f′ is normal and some step gives a derivative. Largest: the largest "
        "relative error of all numbers at that step, proved, and where it is.",
        frame,
        {"one_digit": "percent", "two_digits": "percent", "largest": "g3"},
        headings={"one_digit": "one digit", "two_digits": "two digits", "at": "at x ="},
        kinds={"*": "platform"},
        words=_WORDS,
    )


def details(measured: Measured) -> list[Table]:
    """Return the tables of the appendix."""
    atlas = written_atlas()
    return [
        _steps_table("most_digits_everywhere", ", all formats and formulas", best_steps(atlas)),
        Table(
            "smallest_maxima",
            "The step with the smallest largest error",
            "The largest error of each part over all numbers, relative to the derivative; proved. Steps with which "
            "hardly any derivative overflows.",
            safest_steps(atlas),
            headings={"at": "total at x ="},
            kinds={"*": "platform"},
            words=_WORDS,
        ),
        Table(
            "cells",
            "All cells, and how they ended",
            "Two formulas, five functions, all finite numbers, all steps. From the ledger: parts that the tables of "
            "the atlas left open.",
            counts_by_format(atlas),
            headings={"nan": "no number", "with_parts": "with parts", "from_ledger": "from the ledger"},
            kinds={"*": "platform"},
        ),
    ]


def shares(atlas: Written) -> pd.DataFrame:
    """Return the share of numbers with at least one correct digit, for each step in 16 bits."""
    frame = atlas.counts[atlas.counts["format"].isin(SIXTEEN_BITS)].copy()
    frame["share"] = frame["digits_1"] / frame.groupby(KEYS)["normal"].transform("max")
    return frame[["format", "formula", "function", "k", "share"]].reset_index(drop=True)


def regions(atlas: Written) -> pd.DataFrame:
    """Return what the map of the section shows: of each step, runs of neighbouring numbers with as many digits."""
    first = atlas.counts.groupby(KEYS)["k"].min()
    formula = "centered"
    rows = [
        {"format": fmt, "function": function, "k": int(first[fmt, function, formula]) + row, **run}
        for fmt in SIXTEEN_BITS
        for function in MAPPED
        for row, codes in enumerate(atlas.maps[fmt][FUNCTIONS.index(function), FORMULAS.index(formula)])
        for run in runs_of(codes, fmt)
    ]
    return pd.DataFrame(rows)


def figures(measured: Measured) -> list[Figure]:
    """Return the figures of the section."""
    atlas = written_atlas()
    return [_map(atlas), _shares(atlas)]


def _map(atlas: Written) -> Figure:
    """Return the map."""
    return Figure(
        "map_of_digits",
        "Correct digits lie along a diagonal for x², and on a shelf for exp(x)",
        "Correct digits of the centered difference at all numbers and steps; each column is some 500 neighbours and "
        "shows the fewest digits of them, rounded down to halves.",
        "Four maps, x to the right and h upwards. For x² a bright diagonal on each side of zero: h has to grow with x. "
        "For exp(x) a level shelf of steps around x = 0. Everywhere else no digit is right, or nothing finite comes "
        "out. In bfloat16 the bright regions are narrower and less bright.",
        regions(atlas),
        draw_map,
        (7.6, 6.0),
        kinds={"*": "platform"},
    )


def _shares(atlas: Written) -> Figure:
    """Return the shares of numbers with a digit."""
    frame = shares(atlas)
    tops = frame.groupby(["format", "formula", "function"], sort=False)["share"].max().reset_index()
    ends = [
        f"{fmt}, {formula}: from {percent(part['share'].min())} to {percent(part['share'].max())}"
        for (fmt, formula), part in tops.groupby(["format", "formula"], sort=False)
    ]
    return Figure(
        "share_with_a_digit",
        "One step can suit nearly all numbers for exp(x), and none does for exp(x²)²",
        "Share of the numbers of the format at which the difference quotient has at least one correct digit, "
        "against the step. Only numbers at which f′ is normal and some step gives a derivative count.",
        f"Panels for formats and formulas, a hill in each for every function. Heights: {listed(ends)}.",
        frame,
        draw_shares,
        (7.6, 6.2),
        kinds={"*": "platform"},
    )


def findings(measured: Measured) -> list[str]:
    """Return the answer and what else was found."""
    atlas = written_atlas()
    best, safest, counts = best_steps(atlas), safest_steps(atlas), counts_by_format(atlas)
    narrow: Any = best[best["format"].isin(SIXTEEN_BITS)]
    top: Any = safest.iloc[int(safest["total"].argmin())]
    low = narrow.loc[narrow["one_digit"].idxmin()]
    right = safest.loc[safest["total"] <= 0.1, "function"].unique()
    return [
        f"With a fixed power of two as step, {_right(list(right))} right to one digit at all numbers of a 16-bit "
        f"format: in {top.format}, {top.formula}, the largest relative error is {plain(top.total)}.",
        f"That largest error is at x = {float.fromhex(top['at']):g}, with h = {top.step}.".replace("= -", "= −"),
        f"For {_NAMES[low.function]} in {low.format} the best fixed step of the {low.formula} difference gives a digit "
        f"at {percent(low.one_digit)} of the numbers.",
        f"All {counted(int(counts['cells'].sum()), 'cell')} were computed, none was sampled.",
    ]


def _right(functions: list[str]) -> str:
    """Return the subject of the answer."""
    if not functions:
        return "no derivative of the course is"
    return f"{'only ' if len(functions) < len(FUNCTIONS) else ''}that of {listed(_NAMES[f] for f in functions)} is"


def advice(measured: Measured) -> list[str]:
    """Return what it means for somebody who writes such code."""
    atlas = written_atlas()
    best: Any = best_steps(atlas)
    row = best[(best["format"] == "float16") & (best["formula"] == "centered") & (best["function"] == "exp")].iloc[0]
    return [
        "In 16 bits choose h relative to x: a fixed step is lost at large x, where x + h = x, and too wide at small x.",
        f"If it has to be fixed, take centered differences: h = {row.step} for {_NAMES['exp']} in float16.",
        "Compute the values of f in float32 and difference those, if you can.",
    ]


EXPERIMENT = Experiment(
    "half_precision_atlas",
    TITLE,
    QUESTION,
    tables,
    figures,
    findings,
    note=NOTE,
    advice=advice,
    limits=LIMITS,
    details=details,
)
