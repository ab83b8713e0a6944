"""How far the bounds lie above the errors that were observed: tables and a finding of the error ledger."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from experiments.frames import RUN, blank, formats_of, in_order
from experiments.words import PROVED, counted, listed, percent, plain
from numdiff.report.tables import Table
from numdiff.study.records import PARTS

QUANTITIES = (*PARTS, "total", "a_priori_bound")
"""What has a bound."""
RATIOS = ("median_ratio", "ratio_95_percent", "median_ratio_of_maxima")


def ratios(records: pd.DataFrame) -> pd.DataFrame:
    """A row for every bound on a generic cell of status ok: its run, the part, observed and bound.

    Of the complex step there are only two bounds; it is left out.
    """
    rows = records[(records["grid"] == "generic") & (records["status"] == "ok") & (records["method"] != "complex_step")]
    pieces = []
    for part in QUANTITIES:
        observed = rows["total" if part == "a_priori_bound" else part].abs()
        bound = rows[part if part == "a_priori_bound" else f"{part}_bound"]
        pieces.append(rows[RUN].assign(point=rows["point"], part=part, observed=observed, bound=bound))
    frame = pd.concat(pieces, ignore_index=True)
    frame["exceeded"] = frame["observed"] > frame["bound"]
    with np.errstate(divide="ignore", invalid="ignore"):
        frame["ratio"] = (frame["bound"] / frame["observed"]).where(
            (frame["observed"] > 0) & np.isfinite(frame["bound"])
        )
    return frame


def summary(frame: pd.DataFrame, by: Iterable[str]) -> pd.DataFrame:
    """Ratios of bound to observed error, by record and for the largest of each run; zeros observed are excluded."""
    keys = list(by)
    groups = frame.groupby(keys)
    finite = frame[np.isfinite(frame["bound"])]
    runs = finite.groupby([*dict.fromkeys([*RUN, "point", *keys])])[["observed", "bound"]].max()
    runs = runs[runs["observed"] > 0]
    of_maxima = (runs["bound"] / runs["observed"]).groupby(level=keys)
    table = pd.DataFrame(
        {
            "cells": groups.size(),
            "without_bound": groups["bound"].agg(lambda bound: int(np.isinf(bound).sum())),
            "exceeded": groups["exceeded"].sum(),
            "compared": groups["ratio"].count(),
            "median_ratio": groups["ratio"].median(),
            "ratio_95_percent": groups["ratio"].quantile(0.95),
            "median_ratio_of_maxima": of_maxima.median(),
        }
    ).reset_index()
    # Nothing to compare is an empty cell.
    return table.assign(**{name: blank(table[name]) for name in RATIOS})


def by_part(frame: pd.DataFrame) -> pd.DataFrame:
    """The summary by part and format, in the order of the ledger."""
    table = summary(frame, ("part", "format"))
    rank = table["part"].map(QUANTITIES.index)
    return in_order(table.assign(rank=rank), "rank", "format").drop(columns="rank")


def by_problem(frame: pd.DataFrame) -> pd.DataFrame:
    """The summary of the total by problem and format."""
    total = frame[frame["part"] == "total"].drop(columns="part")
    return in_order(summary(total, ("problem", "format")), "problem", "format")


def tables(records: pd.DataFrame) -> list[Table]:
    """The tables of the tightness of the bounds."""
    frame = ratios(records)
    return [
        Table(
            "tightness",
            "How far the bounds lie above the errors",
            f"Bound ({PROVED}) divided by observed error, by part and format; generic grid, status ok. Without bound: "
            "cells whose bound is infinite; exceeded: cells whose error is larger than its bound. The ratios are of "
            "compared cells, those with a bound and an error that is not 0: median and 95 % quantile of the cells, and "
            "the median over the runs of largest bound over largest error. A priori bound: the bound on the total "
            "before anything is computed.",
            by_part(frame),
        ),
        Table(
            "tightness_by_problem",
            "The bound on the total error, by function",
            "Columns as in the table before, for the bound on the total error.",
            by_problem(frame),
        ),
    ]


def finding(records: pd.DataFrame) -> str:
    """How many cells were checked against their bounds, and how tight these are, in a sentence."""
    frame = ratios(records)
    table = by_part(frame)
    total = table[table["part"] == "total"].set_index("format")
    medians = listed(
        f"{plain(total['median_ratio'][name])} in {name}" for name in formats_of(records) if name in total.index
    )
    exceeded, bounded = int(frame["exceeded"].sum()), frame[frame["part"] == "total"]
    missing = np.isinf(bounded["bound"]).mean()
    return (
        f"No part of any error exceeds its bound ({PROVED}) in {counted(len(bounded), 'cell')}"
        if not exceeded
        else f"{counted(exceeded, 'bound')} are exceeded in {counted(len(bounded), 'cell')}"
    ) + (
        f". The bound on the total is larger than the error by a median factor of {medians}; {percent(missing)} of the "
        "cells have none, for the most part because a pole, a kink or the end of the domain lies between the nodes."
    )
