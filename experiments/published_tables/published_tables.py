"""Textbooks, lectures and manuals print tables of difference quotients: does the suite give their digits?"""

import math
import re
from functools import cache, partial

import pandas as pd

from experiments.experiment import Experiment
from experiments.frames import blank
from experiments.published_tables.reproductions import (
    Reproductions,
    counts,
    deviations,
    draw_tables,
    drawn,
    rows_of_tables,
)
from experiments.words import counted, listed, percent, plain, written
from numdiff.problems.published import TABLES, acceptance_rule
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

PANELS = {
    "Ascher & Greif: sin at 1.2": ("ascher_greif", "ascher_greif_ex1_1_central"),
    "Higham: exp at 0": ("higham_table_1_2",),
    "Cheney & Kincaid: sin at 0.5": ("cheney_kincaid_first",),
    "Driscoll & Braun: exp(−1.3x) at 0": ("fnc_round_fd1", "fnc_round_fd2", "fnc_round_fd4"),
    "Martins: eˣ/√(sin³x + cos³x) at 1.5": (
        "martins_julia_forward",
        "martins_julia_central",
        "martins_julia_complex_step",
    ),
    "MIT 6.837: sin at 0.1 in float32": ("mit6837_java_float32",),
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


LIMITS = (
    "The tables are those that could be found in full, with function, point, steps, format and digits: textbooks, "
    "lectures, manuals and programs. Most are in float64, and of functions that are easy to differentiate.",
    "That digits agree shows that the program computes what the source computed, not that either is right: errors are "
    "measured against certified derivatives.",
    "An assumption about a program that nobody can run again (the registers of an x87, cut digits) makes the digits "
    "come out; it is not proved.",
    "For statistics there is something better than printed tables: the Statistical Reference Datasets of NIST, whose "
    "certified values programs are compared with. Our references are such values for the functions of this report.",
)
SWEEPS = tuple(map(sweep_of, TABLES.values()))
MEASURES = (Reproductions(tuple(TABLES)),)


def facts_of(names):
    """Return what is known of some tables: a row for each."""
    keys = ("formula", "x", "format", "method", "error", "rows", "note", "source")
    found = [
        (written(t.formula), repr(t.point), t.format, t.method, t.error_kind, len(t.rows), t.note, t.source)
        for t in map(TABLES.__getitem__, names)
    ]
    return pd.DataFrame([(name, *row) for name, row in zip(names, found, strict=True)], columns=["table", *keys])


BOOK = 60
"""So many letters of the name of a source are shown."""


def book(source: str) -> str:
    """Return the book or program of a source: what stands before the place in it."""
    name = re.split(r" *(?:\(|: | / )", source)[0]
    return name if len(name) <= BOOK else f"{name[:BOOK].rsplit(' ', 1)[0]} …"


@cache
def digest(measured):
    """Return the rows of all tables, theirs and ours."""
    return rows_of_tables(measured)


def tables(measured: Measured) -> list[Table]:
    rows = digest(measured)
    rows = rows.assign(book=rows["source"].map(book))
    by_book, facts = counts(rows, "book"), facts_of(dict.fromkeys(rows["table"]))
    return [
        Table(
            "by_source",
            "Published rows that come out again, by source",
            "Exact: the same printed digits, in the order of operations of the source. Explained: the same digits "
            "under one more assumption. One ulp: within what one unit in the last place of a function value can do.",
            by_book[["book", "rows", "exact", "explained", "one ulp", "not reproduced"]],
            headings={"book": "source"},
            rows_shown=None,
        ),
        Table(
            "parts_by_source",
            "What the published errors are made of",
            "In how many rows the larger part of our error is truncation (the formula's error), and in how many it is "
            "rounding.",
            by_book[["book", "rows", "mostly truncation", "mostly roundoff"]],
            headings={"book": "source", "mostly roundoff": "mostly rounding"},
            rows_shown=None,
        ),
        *_row_tables(rows),
        Table(
            "published",
            "The published tables",
            "Formula: the one with the nodes and weights of the source.",
            facts[["table", "x", "method", "rows", "formula"]],
            headings={"formula": "f(x)"},
            rows_shown=None,
        ),
        Table(
            "sources",
            "The sources, and what is noted of them",
            "Where each table is printed. Printed error: what the source calls its error, if it prints one.",
            facts[["table", "format", "source", "error", "note"]],
            headings={"error": "printed error"},
        ),
        Table(
            "orders",
            "Orders of operations that are not those of our kernel",
            "Exact: rows with the printed digits in the order of the source; in ours: by our kernel, from the same "
            "nodes and weights.",
            counts(rows[rows["order_of_the_source"] != ""], "order_of_the_source")[
                ["order_of_the_source", "rows", "exact", "kernel exact"]
            ],
            headings={"order_of_the_source": "order of the source", "kernel exact": "exact in ours"},
            rows_shown=None,
        ),
    ]


DIGITS = dict.fromkeys(("h", "published", "ours", "published_error", "our_error", "kernel_value"), "hex")
"""Columns of numbers as they are printed."""
COLUMNS = {
    "not_exact": ["table", "h", "published", "ours", "reason", "our_ulps", "their_ulps"],
    "rows": ["table", "h", "published", "ours", "agreement"],
    "errors": ["table", "h", "published_error", "our_error", "agreement"],
    "ledger": ["table", "h", "truncation", "roundoff", "total", "published_total", "status"],
    "kernel": ["table", "h", "kernel_value", "kernel_agreement", "order_of_the_source"],
}
"""The columns of the tables with a row for each published row."""
HEADINGS = {
    "our_ulps": "ours off by",
    "their_ulps": "theirs",
    "published_error": "published error",
    "our_error": "our error",
    "published_total": "published",
    "kernel_value": "value",
    "kernel_agreement": "agreement",
    "order_of_the_source": "order of the source",
}
TITLES = {
    "not_exact": (
        "Rows that match only under an extra assumption, or within one ulp",
        "Reason: the assumption, or the function value that gives the printed digits when it is moved by an ulp. "
        f"Off by: its distance from the exact value in ulps, ours and theirs. The rule: {acceptance_rule()}",
    ),
    "rows": ("All rows: values", "As text. Empty where the source prints errors only."),
    "errors": ("All rows: errors that the sources print", "As text, by the definition of the source."),
    "ledger": (
        "All rows: the parts of the error",
        "truncation + roundoff = total, by our kernel. Published: the error of the published number against the "
        "certified derivative.",
    ),
    "kernel": ("All rows: by our kernel", "In our order of operations. Empty: the source has the same."),
}
"""Title and caption of each."""


def _row_tables(rows: pd.DataFrame) -> list[Table]:
    """Return the tables that have a row for each published row."""
    inexact = rows[rows["agreement"] != "exact"]
    inexact = inexact.assign(
        published=inexact["published"].where(inexact["published"] != "", inexact["published_error"]),
        ours=inexact["ours"].where(inexact["ours"] != "", inexact["our_error"]),
    )
    frames = {name: rows[columns] for name, columns in COLUMNS.items() if name != "not_exact"}
    frames["not_exact"] = blank(inexact[COLUMNS["not_exact"]])
    frames["errors"] = frames["errors"][rows["published_error"] != ""]
    return [
        Table(
            name,
            *TITLES[name],
            frames[name],
            {key: kind for key, kind in DIGITS.items() if key in columns},
            headings={key: text for key, text in HEADINGS.items() if key in columns},
            rows_shown=None if name == "not_exact" else 40,
            sums={"total": ("truncation", "roundoff")} if name == "ledger" else {},
        )
        for name, columns in COLUMNS.items()
        if len(frames[name])
    ]


def figures(measured: Measured) -> list[Figure]:
    rows = digest(measured)
    present = {title: names for title, names in PANELS.items() if set(names) <= set(rows["table"])}
    if not present:
        return []
    data = drawn(measured.records, rows, present)
    points = data[data["kind"] == "published"]
    there = rows[rows["table"].isin([name for names in present.values() for name in names])]
    hidden = len(there) - len(points)
    return [
        Figure(
            "published_on_our_curves",
            "Published errors (rings) lie on ours (dots)",
            "Errors against the certified derivative: rings are those of the published numbers, the dots in them are "
            "ours at the same step. Lines: our RMS error over 33 neighbouring points; single errors scatter about it."
            + (f" {hidden} further rows print too few digits to show their error." if hidden else ""),
            f"{counted(len(present), 'panel')} with V-shaped curves. Each of the {counted(len(points), 'ring')} has a "
            "dot in it; those on the left arms scatter about the line.",
            data,
            partial(draw_tables, notes=deviations(rows, present)),
            (7.6, 0.9 + 2.2 * ((len(present) + 1) // 2)),
        )
    ]


def findings(measured: Measured) -> list[str]:
    rows = digest(measured)
    kinds = rows["agreement"].value_counts()
    number = {kind: int(kinds.get(kind, 0)) for kind in ("exact", "explained", "one ulp", "not reproduced")}
    rest = "the others do within one ulp of a function value or under one more assumption"
    if number["not reproduced"]:
        rest = f"{number['not reproduced']} do not come out at all"
    elif number["exact"] == len(rows):
        rest = "no other one is left"
    return [
        f"{number['exact']} of {len(rows)} published rows come out in every printed digit; {rest}.",
        f"{number['explained']} rows need one more assumption about the program, {number['one ulp']} one ulp of a "
        f"function value.",
        *explanations(rows),
        *ulps(rows),
        *orders(rows),
        *larger_parts(rows),
        *lucky(rows),
    ]


def advice(measured: Measured) -> list[str]:
    rows = digest(measured)
    lost = only_by_source(rows)
    return [
        "Before you take a printed table for the error of a formula, look at which part it is: to the left of the best "
        "step it is rounding, which another library or another order of operations changes.",
        f"To reproduce digits, keep the order of operations of the source: {lost} of the rows here come out only so.",
        "Do not choose a step by one row of a table: a single error can be small because truncation and rounding "
        "cancel by luck.",
    ]


def explanations(rows):
    """What had to be assumed, and for which rows."""
    found = rows[rows["agreement"] == "explained"].groupby(["source", "reason"], sort=False)["h"].agg(list)
    return [
        f"{book(source)}, h = {listed(steps)}: the printed digits come out if {reason}."
        for (source, reason), steps in found.items()
    ]


def ulps(rows):
    """Whose elementary functions are off where an ulp is needed."""
    moved = rows[(rows["agreement"] == "one ulp") & rows["our_ulps"].notna()]
    if moved.empty:
        return []
    nearer = moved[moved["their_ulps"] < moved["our_ulps"]]
    whose = "None of them lies nearer to the exact value than ours"
    if len(nearer):
        whose = (
            f"{len(nearer)} of them lie nearer to the exact value than ours: there the library of the source was the "
            "better one"
        )
    return [
        f"In {counted(len(moved), 'row')} function values that are moved by one ulp give all the printed digits.",
        f"{whose}.",
    ]


def only_by_source(rows):
    """Return how many rows have the printed digits only in the order of operations of the source."""
    return int(((rows["agreement"] == "exact") & (rows["kernel_agreement"] != "exact")).sum())


def orders(rows):
    """What the order of operations decides."""
    other = rows[rows["order_of_the_source"] != ""]
    if other.empty:
        return []
    lost = other[(other["agreement"] == "exact") & (other["kernel_agreement"] != "exact")]
    return [
        f"{counted(len(other), 'row')} were computed in another order than ours, or with f in a wider format; "
        f"{len(lost)} of them have the printed digits only in the order of the source."
    ]


def larger_parts(rows):
    """What the published errors are made of, which no table says."""
    printed, parts = rows[rows["published_total"].abs() > rows["resolution"]], rows["larger_part"].value_counts()
    return [
        f"The larger part of the error is truncation in {parts.get('truncation', 0)} rows and rounding in "
        f"{parts.get('roundoff', 0)}.",
        f"{percent(len(printed) / len(rows))} of the published numbers have digits enough to show their error.",
    ]


def lucky(rows):
    """Published errors that are small because two large ones cancel."""
    smaller = rows[["truncation", "roundoff"]].abs().min(axis=1)
    cancelling = rows[(rows["published_total"].abs() > rows["resolution"]) & (rows["total"].abs() < smaller / 10)]
    return [
        f"{book(row.source)}, h = {row.h}: the printed error is small by luck. Truncation, "
        f"{plain(abs(row.truncation))}, and rounding cancel; {plain(abs(row.published_total))} is left."
        for row in cancelling.itertuples()
    ]


EXPERIMENT = Experiment(
    "published_tables",
    "Published tables, digit by digit",
    "Does the suite give the digits that textbooks print, and what are the errors in their tables made of?",
    tables,
    figures,
    findings,
    sweeps=SWEEPS,
    measures=MEASURES,
    advice=advice,
    limits=LIMITS,
)
