"""A small report on synthetic records: the subject of the tests, and a program that writes it.

``python sample_report.py OUT`` writes it in a process of its own.
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from markupsafe import Markup

from numdiff.report import FORMAT_STYLE, Advice, Figure, Opening, Section, Table, wide, write_report
from numdiff.report.figures import (
    direct_labels,
    draw_panels,
    error_axes,
    mark_optimum,
    outside_legend,
    plot_groups,
    slope_guide,
)

UNIT_ROUNDOFF = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}
PROVENANCE = {"command": "make experiments", "packages": {"numpy": "2.4", "a|b": "<1>"}, "simd": {"found": ["AVX2"]}}
TITLE = "A report | with <marks> & `code`"


def records() -> pd.DataFrame:
    """Return a sweep with V-shaped errors, exact zeros and two kinds of failure."""
    rng = np.random.default_rng(4)
    rows = []
    for problem in ("exp", "x_abs_x", "sin50x"):
        for name, u in UNIT_ROUNDOFF.items():
            for k in range(40):
                step = 1.2357 * 2.0**-k
                error, status = step**2 / 6 + u / step * rng.normal(), "ok"
                if step < u:
                    error, status = -1.0, "absorbed"
                elif k == 0 and name == "float16":
                    error, status = np.nan, "overflow"
                elif k % 9 == 4:
                    error = 0.0
                rows.append((problem, "centered", name, k, step, error, status))
    columns = ["problem", "method", "format", "k", "step_value", "total", "status"]
    return pd.DataFrame(rows, columns=columns)


def draw_one(fig, data):
    ax = error_axes(fig.subplots())
    plot_groups(ax, data)
    slope_guide(ax, 2, (1e-3, 2e-7))
    for name, style in FORMAT_STYLE.items():
        rows = data[(data["format"] == name) & (data["status"] == "ok") & (data["total"] != 0)]
        if len(rows):
            best = rows.loc[rows["total"].abs().idxmin()]
            mark_optimum(ax, best["step_value"], best["total"], color=style.text_color)
    direct_labels(ax)


def draw_all(fig, data):
    draw_panels(fig, data.groupby("problem"), plot_groups)
    outside_legend(fig)


def figures() -> tuple[Figure, Figure]:
    """Return a figure with all marks there are, and one with panels."""
    data = records()
    one = data[data["problem"] == "exp"]
    drawn = ["problem", "format", "step_value", "total", "status"]
    return (
        Figure("core", "Error of | exp", "See the V <here>.", 'Four curves, "V" & all.', one[drawn], draw_one),
        Figure("panels", "All problems?", "The same shape.", "Three panels.", data[drawn], draw_all, (7.6, 5.4)),
    )


def sections() -> tuple[Section, Section]:
    """Return two sections that use everything."""
    data = records()
    core, panels = figures()
    table = wide(data, ["problem", "method", "k"], "format", "total")
    optima = pd.DataFrame(
        {
            "format": ["float16", "float32"],
            "step": ["0x1.4p-4", "0x1p-7"],
            "error": [np.nan, 1.5e-6],
            "share": [0.25, 1.0],
            "cells": [40, 39],
            "status": ["overflow", "ok"],
        }
    )
    return (
        Section(
            "step_sweep",
            "Error | against step",
            "How large is <it>?",
            "It is 3·10⁻⁶ for `x|x|`.",
            ("One *finding* with_underscores.", "$5 and [brackets]."),
            (core,),
            (
                Table("total", "Total error", "Generic grid; `x|x|`.", table),
                Table("optima", "Observed optima", "", optima, {"step": "hex", "share": "percent"}),
            ),
            advice=("Take a generic step.",),
            method_note="240 cells.",
            limits=("Three functions only.",),
            appendix=(cells_by_status({"format": ["float16", "float32"], "cells": [40, 39]}),),
        ),
        Section(
            "ledger",
            "The ledger",
            "Which part?",
            "Evaluation.",
            (),
            (panels,),
            appendix=(cells_by_status({"format": ["float64"], "cells": [7]}),),
        ),
    )


def cells_by_status(columns: dict[str, list]) -> Table:
    """Return a table of the appendix."""
    return Table("cells_by_status", "Cells by status", "", pd.DataFrame(columns))


def opening() -> Opening:
    """Return the first screen of the report."""
    best = pd.DataFrame({"format": ["float32", "float64"], "digits": [4.9, 10.7]})
    return Opening(
        "What should one do?",
        (Advice("Use `float64`.", "step_sweep"), Advice("Read the ledger.", "ledger")),
        ("step_sweep", "core"),
        "Rings are best steps.",
        Table("best", "Best digits", "Decimal digits.", best),
        "step_sweep",
    )


def draw_line(fig, data):
    fig.subplots().plot(data["x"], data["x"])


class Lesson:
    """A chapter with everything that one can have."""

    name, title = "lesson", "A lesson"
    headings = (SimpleNamespace(id="lesson-limit", text="The limit"),)
    figures = (Figure("line", "A line", "It is straight.", "A line.", pd.DataFrame({"x": [0.0, 1.0]}), draw_line),)
    tables = (Table("steps", "Steps", "", pd.DataFrame({"h": [0.5, 0.25]})),)

    def source_of(self, item):
        return ""

    def to_html(self, figure_html, table_html):
        shown = figure_html(self.figures[0]) + table_html(self.tables[0])
        return Markup('<h3 id="lesson-limit">The limit</h3>\n') + shown

    def to_markdown(self, figure_markdown, table_markdown):
        return "### The limit\n\n" + figure_markdown(self.figures[0]) + table_markdown(self.tables[0])


def write(out: Path, chapters: tuple = ()) -> list[Path]:
    """Write the report."""
    formats = Table(
        "formats", "Formats", "u: unit roundoff.", pd.DataFrame(UNIT_ROUNDOFF.items(), columns=["name", "u"])
    )
    return write_report(
        sections(),
        PROVENANCE,
        out,
        title=TITLE,
        lead="A lead with `code`.",
        command="make experiments",
        opening=opening(),
        chapters=chapters,
        overview=(formats,),
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
