"""Textbooks, lectures and manuals print tables of difference quotients: does the suite give their digits?"""

import math
from functools import cache

import pandas as pd

from experiments.experiment import Experiment
from experiments.published_tables.reproductions import Reproductions, counts, draw_tables, drawn, rows_of_tables
from experiments.words import counted, listed, percent, plain
from numdiff.problems.published import TABLES, acceptance_rule
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

PANELS = {
    "Ascher & Greif: sin at 1.2": ("ascher_greif", "ascher_greif_ex1_1_central"),
    "Higham: exp at 0": ("higham_table_1_2",),
    "Cheney & Kincaid: sin at 0.5": ("cheney_kincaid_first",),
    "Driscoll & Braun: exp(−1.3x)": ("fnc_round_fd1", "fnc_round_fd2", "fnc_round_fd4"),
    "Martins et al., at 1.5": ("martins_julia_forward", "martins_julia_central", "martins_julia_complex_step"),
    "MIT 6.837: sin in float32": ("mit6837_java_float32",),
}
"""The tables that the figure shows."""


def sweep_of(table):
    """Return the cells of a table; where the figure shows it, also its curve."""
    shown = any(table.name in names for names in PANELS.values())
    return Sweep(
        "published_tables",
        (table.name,),
        (table.method,),
        (table.format,),
        ("generic",) if shown else (),
        first_step=min(1, 1 - math.frexp(math.nextafter(max(table.steps), 0))[1]),
        given_steps=table.steps,
        neighbourhood=shown,
    )


SWEEPS = tuple(map(sweep_of, TABLES.values()))
MEASURES = (Reproductions(tuple(TABLES)),)


def facts_of(names):
    """Return what is known of some tables: a row for each."""
    keys = ("formula", "x", "format", "method", "error", "rows", "note", "source")
    found = [
        (t.formula, repr(t.point), t.format, t.method, t.error_kind, len(t.rows), t.note, t.source)
        for t in map(TABLES.__getitem__, names)
    ]
    return pd.DataFrame([(name, *row) for name, row in zip(names, found, strict=True)], columns=["table", *keys])


@cache
def digest(measured):
    """Return the rows of all tables, theirs and ours."""
    return rows_of_tables(measured)


def tables(measured: Measured) -> list[Table]:
    rows = digest(measured)
    said = ["table", "h", "published", "ours", "published_error", "our_error", "agreement", "reason"]
    ledger = ["kernel_value", "kernel_agreement", "truncation", "roundoff", "total", "published_total", "status"]
    short = {"published_error": "error", "kernel_value": "our kernel", "kernel_agreement": "kernel agreement"}
    inexact = rows[rows["agreement"] != "exact"][[*said, "our_ulps", "their_ulps"]].astype(object)
    words = dict.fromkeys(("h", "published", "ours", "published_error", "our_error"), "hex")
    return [
        Table(
            "by_source",
            "Rows by source",
            "Exact: the same printed digits, computed in the order of operations of the source. Explained: the same "
            "digits under one more assumption, named below. One ulp: within what one unit in the last place of a "
            "function value can do. Kernel exact: the same digits in the order of our kernel. Mostly: which part of "
            "our error is the larger one.",
            counts(rows, "source"),
            rows_shown=None,
        ),
        Table(
            "not_exact",
            "The rows that need a word",
            "Reason: the assumption under which the digits are the printed ones, or the function value that gives "
            "them when it is moved by an ulp; our ulps, their ulps: its distance from the exact value before and "
            f"after. The rule of the data: {acceptance_rule()}",
            inexact.where(inexact.notna(), None),
            words,
            rows_shown=None,
        ),
        Table(
            "published",
            "The published tables",
            "x: the point; method: the formula with the nodes and weights of the source; error: what the source calls "
            "its error, if it prints one.",
            facts_of(dict.fromkeys(rows["table"])),
            headings={"error": "printed error"},
            rows_shown=None,
        ),
        Table(
            "orders",
            "Orders of operations that are not those of our kernel",
            "Exact: by the order of the source; kernel exact: by ours, from the same nodes and weights.",
            counts(rows[rows["order_of_the_source"] != ""], "order_of_the_source").drop(columns="tables"),
            rows_shown=None,
        ),
        Table(
            "rows",
            "All rows",
            "Published and ours as text; the kernel's value and the exact ledger of its error; published total: the "
            "error of the published number against the certified derivative.",
            rows[[*said, "order_of_the_source", *ledger, "published_roundoff"]],
            words | {"kernel_value": "hex"},
            headings=short,
        ),
    ]


def figures(measured: Measured) -> list[Figure]:
    rows = digest(measured)
    present = {title: names for title, names in PANELS.items() if set(names) <= set(rows["table"])}
    if not present:
        return []
    data = drawn(measured.records, rows, present)
    points = data[data["kind"] == "published"]
    seen = points["error"] > points["resolution"]
    return [
        Figure(
            "published_on_our_curves",
            "Published errors lie on our curves",
            "Rings: errors of the published numbers against the certified derivative; dots in them: ours at the same "
            "step, in the order of operations of the source. Triangles: half a unit of the last printed digit, where "
            "the error is smaller. Lines: our RMS error over 33 neighbouring points at generic steps; grey: the exact "
            "truncation error.",
            f"{counted(len(points), 'published row')} in {counted(len(present), 'panel')}: {int(seen.sum())} errors as "
            f"rings around our dots, {int((~seen).sum())} below the printed digits.",
            data,
            draw_tables,
            (7.6, 5.2),
        )
    ]


def findings(measured: Measured) -> list[str]:
    rows = digest(measured)
    kinds = rows["agreement"].value_counts()
    number = {kind: int(kinds.get(kind, 0)) for kind in ("exact", "explained", "one ulp", "not reproduced")}
    return [
        f"Of {counted(len(rows), 'row')} in {counted(rows['table'].nunique(), 'published table')}, {number['exact']} "
        f"come out in every printed digit, {number['explained']} do under one more assumption about the program, "
        f"{number['one ulp']} need one ulp of a function value, and {number['not reproduced']} cannot be reproduced.",
        *explanations(rows),
        *ulps(rows),
        *orders(rows),
        larger_parts(rows),
        *lucky(rows),
    ]


def explanations(rows):
    """What had to be assumed, and for which rows."""
    found = rows[rows["agreement"] == "explained"].groupby(["table", "reason"], sort=False)["h"].agg(list)
    return [
        f"{table} at h = {listed(steps)}: the printed digits come out if {reason}."
        for (table, reason), steps in found.items()
    ]


def ulps(rows):
    """Whose elementary functions are off where an ulp is needed."""
    moved = rows[(rows["agreement"] == "one ulp") & rows["our_ulps"].notna()]
    if moved.empty:
        return []
    nearer = moved[moved["their_ulps"] < moved["our_ulps"]]
    whose = "in none of them does that lead nearer to the exact value"
    if len(nearer):
        whose = (
            f"in {len(nearer)} of them that leads nearer to the exact value, from which ours is up to "
            f"{plain(nearer['our_ulps'].max())} ulp away: there the library of the source was the better one"
        )
    return [
        f"In {counted(len(moved), 'row')} the function values that the table names, moved by one ulp, give all the "
        f"printed digits; {whose}."
    ]


def orders(rows):
    """What the order of operations decides."""
    other = rows[rows["order_of_the_source"] != ""]
    if other.empty:
        return []
    lost = other[(other["agreement"] == "exact") & (other["kernel_agreement"] != "exact")]
    return [
        f"{counted(len(other), 'row')} were not computed as our kernel does, but in another order or with f in a wider "
        f"format; {len(lost)} of those that are exact in the source's way are not in that of our kernel."
    ]


def larger_parts(rows):
    """What the published errors are made of, which no table says."""
    printed, parts = rows[rows["published_total"].abs() > rows["resolution"]], rows["larger_part"].value_counts()
    return (
        f"By the exact ledger the larger part of the error is truncation in {parts.get('truncation', 0)} rows and "
        f"rounding in {parts.get('roundoff', 0)}; {percent(len(printed) / len(rows))} of the published numbers have "
        "digits enough to show their error at all."
    )


def lucky(rows):
    """Published errors that are small because two large ones cancel."""
    smaller = rows[["truncation", "roundoff"]].abs().min(axis=1)
    cancelling = rows[(rows["published_total"].abs() > rows["resolution"]) & (rows["total"].abs() < smaller / 10)]
    return [
        f"The error of {plain(abs(row.published_total))} that {row.table} prints at h = {row.h} is luck: a truncation "
        f"error of {plain(abs(row.truncation))} and a rounding error of {plain(abs(row.roundoff))} cancel."
        for row in cancelling.itertuples()
    ]


EXPERIMENT = Experiment(
    "published_tables",
    "Published tables, digit by digit",
    "Does the suite reproduce the tables in the textbooks, digit by digit, and what are their errors made of?",
    tables,
    figures,
    findings,
    sweeps=SWEEPS,
    measures=MEASURES,
)
