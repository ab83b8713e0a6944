"""h = 10⁻ᵏ against h = 2⁻ᵏ, and the tricks that make a step exact."""

import re
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from experiments.decimal_steps.drawing import draw_exact, draw_grids
from experiments.decimal_steps.gains import CURVE, GAINS, WRITTEN, at_points, exactness, gains, within
from experiments.experiment import Experiment
from experiments.frames import blank, cells, formats_of, in_order, rows_of
from experiments.words import counted, listed, plain, written
from numdiff.floats.formats import FORMATS
from numdiff.problems import PROBLEMS
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.grids import DECIMAL_GRIDS
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

SWEEP = Sweep(
    "decimal_steps",
    ("exp", "dumontet_vignes_log", "squire_trapp_power", "oliver_arsinh", "oscillation"),
    ("forward", "centered"),
    grids=DECIMAL_GRIDS,
    all_points=True,
    neighbourhood=True,
    given_steps=tuple(Fraction(1, 10**k) for k in range(5, 9)),
)
NAMES = WRITTEN | {"decimal": "h = 10⁻ᵏ", "representable": "h = (x + 10⁻ᵏ) − x", "nearest_power": "h = nearest 2⁻ʲ"}
"""What a figure calls the steps."""
SHOWN = (("dumontet_vignes_log", 1.0), ("squire_trapp_power", 1.5), ("exp", 0.5), ("oscillation", 1.0))
"""The functions and points of the figure: the condition falls from the first to the third."""
LIMITS = (
    "Five functions: one that is ill-conditioned at 1 (log), one that is well-conditioned (exp), three from papers on "
    "steps. They were chosen to show both cases; the medians are those of this choice.",
    "Forward and centered differences only. A power of two is the one nearest to 10⁻ᵏ, so that the steps themselves "
    "differ by up to a factor of √2.",
    "The trick is old: Numerical Recipes, section 5.7, has temp = x + h, h = temp − x. SciPy's approx_derivative "
    "divides by the step that x took; numdifftools rounds h with (h + 1) − 1. New here is only what it is worth.",
)
WORDS = {"at": "x", "method": "formula"}
"""Headings of the tables."""
CAST = 8
"""The casting table goes down to 10 to the power of minus this."""


def casting(records: pd.DataFrame) -> pd.DataFrame:
    """Return by how much the cast to each format moves 10⁻ᵏ, relative to it; where it becomes 0 there is no cell."""
    chosen = records[records["grid"].isin(("decimal", "given"))].drop_duplicates(["format", "step"])
    moved: dict[tuple[int, str], object] = {}
    for row in rows_of(chosen):
        k = row.k if row.grid == "decimal" else -round(np.log10(float(SWEEP.given_steps[row.k])))
        fmt = FORMATS[row.format]
        shift = fmt.lift(fmt.from_hex(row.step)) * Fraction(10) ** k - 1
        moved[k, row.format] = abs(float(shift))
    ks = range(1, CAST + 1)
    columns = {
        name: pd.Series([moved.get((k, name), "becomes 0") for k in ks], dtype=object) for name in formats_of(records)
    }
    return pd.DataFrame({"h": [f"1e-{k}" for k in ks], **columns})


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return for each format what the representable step gains with centered differences over the points."""
    part = rows[rows["method"] == "centered"]
    found = []
    for name in formats_of(part):
        one = part[part["format"] == name]
        left, best = one["left_representable"].dropna(), one["best_representable"].dropna()
        found.append((name, len(one), *(float(v) for g in (left, best) for v in (g.median(), g.max()))))
    columns = ["format", "points", "left_median", "left_largest", "best_median", "best_largest"]
    return pd.DataFrame(found, columns=columns)


def tables(measured: Measured) -> list[Table]:
    frame, rows = at_points(measured.records), gains(measured)
    names = formats_of(frame)
    return [
        Table(
            "by_format",
            "Digits gained by (x + h) − x over h = 10⁻ᵏ, by format",
            "Centered differences. Below: at steps below the best decimal one, where rounding dominates. At best: at "
            "the best step of each. Median and largest over the points.",
            summary(rows),
            dict.fromkeys(("left_median", "left_largest", "best_median", "best_largest"), "f1"),
            headings={
                "left_median": "below: median",
                "left_largest": "below: largest",
                "best_median": "at best: median",
                "best_largest": "at best: largest",
            },
            kinds={"*": "platform", "format": "portable", "points": "portable"},
        ),
        *_gain_tables(rows),
        Table(
            "exactness",
            "How often x ± h is exact",
            "Share of the cells in which all nodes are exact, by function, point and formula; steps h ≤ |x| with x + h "
            "≠ x. Empty: no such step.",
            exactness(frame),
            dict.fromkeys(names, "percent") | {"at": "g6"},
            headings=WORDS | {"grid": "step"},
        ),
        Table(
            "casting",
            "What rounding to a format does to 10⁻ᵏ",
            "|fl(10⁻ᵏ)/10⁻ᵏ − 1|: harmless as long as the same h is in the numerator and in the divisor.",
            casting(measured.records),
            dict.fromkeys(names, "g3"),
        ),
    ]


def _gain_tables(rows: pd.DataFrame) -> list[Table]:
    """Return the tables of what each kind of step gains, a row for each function, point, formula and format."""
    rows = rows.assign(function=[written(PROBLEMS[name].formula) for name in rows["problem"]])
    keys = ["function", "at", "method", "format"]
    main = ["condition", "left_representable", "best_representable", "right_representable"]
    others = ["left_nearest_power", "left_representable_outward", "left_representable_at_1"]
    return [
        Table(
            "gains",
            "Digits gained by (x + h) − x over h = 10⁻ᵏ, by function and point",
            "Below the best decimal step: medians of RMS error times h. Above it: medians of the RMS error. RMS over "
            "33 neighbouring points, each with its own step. Condition: |x f′/f|. A step without a result counts as "
            "the worst; −∞: most have none. Empty: no such step.",
            blank(rows[[*keys, *main]]),
            {"at": "g6", "left_representable": "f1", "best_representable": "f1"},
            headings=WORDS
            | {"left_representable": "below", "best_representable": "at best", "right_representable": "above"},
        ),
        Table(
            "gains_of_other_steps",
            "Digits gained by other steps over h = 10⁻ᵏ, below the best step",
            "As above. Steps: so many decimal steps lie below the best one.",
            blank(rows[[*keys, *others, "best_h", "left_steps"]]),
            {"at": "g6"} | dict.fromkeys(others, "f1"),
            headings=WORDS
            | {f"left_{name}": WRITTEN[name] for name in GAINS if f"left_{name}" in others}
            | {"best_h": "best 10⁻ᵏ", "left_steps": "steps"},
        ),
    ]


def panel(frame: pd.DataFrame, problem: str, at: float, fmt: str) -> pd.DataFrame:
    """Return the centered cells of one function at one point in one format, relative to the derivative."""
    part = cells(frame[frame["grid"].isin(DECIMAL_GRIDS)], problem=problem, at=at, format=fmt, method="centered")
    part = part.assign(error=part["rms_error"] / part["reference"].abs(), panel=title(problem, at))
    return part[["panel", "problem", "at", "format", "grid", "k", "step_value", "error", "status"]]


def title(problem: str, at: float) -> str:
    """Return what stands above the panel of a function."""
    return f"{written(PROBLEMS[problem].formula)} at x = {at:g}".replace("x = -", "x = −")


def note(row: Any) -> str:
    """Return what stands in the panel of a function: the gain, the condition, an argument that f rounds itself."""
    condition = "∞" if np.isinf(row.condition) else plain(row.condition)
    words = f"{max(0.0, round(row.left_representable, 1)):.1f} digits gained\ncondition |x f′/f| = {condition}"
    inner = rounded_argument(row.problem) if rounds_inside(row) else ""
    return f"{words}; f rounds {inner}" if inner else words


def rounds_inside(row: Any) -> bool:
    """Whether powers of two gain below the best step what exact nodes do not: f rounds its own argument."""
    return bool(row.left_nearest_power > row.left_representable + 0.3)


def rounded_argument(problem: str) -> str:
    """Return the argument of a function such as sin(50·x) as it is written; empty where that is x, or there is none."""
    inner = re.fullmatch(r"\w+\(([^()]+)\)", written(PROBLEMS[problem].formula))
    return inner[1] if inner and inner[1] != "x" else ""


def figures(measured: Measured) -> list[Figure]:
    frame = at_points(measured.records)
    exact = exact_nodes(frame)
    return [
        curves_figure(frame, gains(measured)),
        Figure(
            "exact_nodes",
            "How often both x + h and x − h are exact",
            "Centered differences at steps h ≤ |x| with x + h ≠ x, over all functions, points and formats.",
            "A bar for each kind of step: "
            + listed(f"{row.step} is exact in {row.exact} of {row.cells} differences" for row in rows_of(exact))
            + ".",
            exact,
            draw_exact,
            (7.2, 3.0),
            kinds={"*": "platform"},
        ),
    ]


def curves_figure(frame: pd.DataFrame, rows: pd.DataFrame) -> Figure:
    """Return the picture of what an exact x ± h gains, a panel for each of some functions."""
    shown = widest(frame)
    present = {(row.problem, row.at) for row in rows_of(frame.drop_duplicates(["problem", "at"]))}
    points = [p for p in SHOWN if p in present] or sorted(present)[:1]
    curves = pd.concat([panel(frame, name, at, shown) for name, at in points], ignore_index=True)
    known = {(row.problem, row.at): row for row in rows_of(centered_rows(rows, shown))}
    notes = {title(*p): note(known[p]) for p in points}
    inside = curves["panel"].isin([title(*p) for p in points if rounds_inside(known[p])])
    curves = curves[curves["grid"].isin(("decimal", "representable")) | (inside & (curves["grid"] == "nearest_power"))]
    drawn = f"Centered difference in {shown}, with h = 10⁻ᵏ and with the h that the format takes:"
    return Figure(
        "error_against_step",
        f"An exact x ± h helps at small steps, and where |x f′/f| is large: {shown}",
        "Relative RMS error over 33 neighbouring points; grey: what (x + h) − x gains at steps below the best one. "
        "Where f rounds its own argument (50·x), only powers of two help: they keep 50·h exact, too.",
        f"{counted(len(notes), 'panel')}. The right arms coincide everywhere. On the left the curve of (x + h) − x "
        "lies below that of h = 10⁻ᵏ by "
        + listed(f"{max(0.0, round(known[p].left_representable, 1)):.1f} digits for {title(*p)}" for p in points)
        + ".",
        curves.reset_index(drop=True),
        partial(draw_grids, names=NAMES, gains=notes, subject=drawn),
        (7.6, 5.8),
    )


def exact_nodes(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how often all nodes of the centered difference are exact, for each grid."""
    part = cells(within(frame), method="centered")
    counts = part.groupby("grid")["exact"].agg(["sum", "size"]).reindex(list(DECIMAL_GRIDS)).dropna().astype(int)
    return pd.DataFrame(
        {
            "step": [WRITTEN[str(grid)] for grid in counts.index],
            "exact": counts["sum"].to_list(),
            "cells": counts["size"].to_list(),
            "share": (100 * counts["sum"] / counts["size"]).to_list(),
        }
    )


def widest(frame: pd.DataFrame) -> str:
    """Return float64, or the widest format that was measured."""
    return "float64" if "float64" in formats_of(frame) else formats_of(frame)[-1]


def centered_rows(rows: pd.DataFrame, fmt: str) -> pd.DataFrame:
    """Return the rows of the centered difference in a format."""
    return rows[(rows["method"] == "centered") & (rows["format"] == fmt)]


def findings(measured: Measured) -> list[str]:
    frame, rows = at_points(measured.records), gains(measured)
    near, shown = within(frame), widest(frame)
    part = centered_rows(rows, shown)
    (top,) = rows_of(part.nlargest(1, "left_representable"))
    left, right, best = (part[f"{where}_representable"] for where in ("left", "right", "best"))
    return [
        "An h that makes x ± h exact helps only at steps below the best one, and only where |x f′/f| is large: at the "
        f"best steps of {shown} it gains {best.median():.1f} digits in the median.",
        f"At steps below the best one (x + h) − x gains {left.median():.1f} digits in the median of "
        f"{counted(len(part), 'point')}, and {top.left_representable:.1f} for {title(top.problem, top.at)}.",
        f"At steps above the best one it changes the error by at most {plain(right.abs().max())} digits.",
        sizes(near),
        *one_sided(near),
        *trick_at_1(frame, near),
        *inner_rounding(part, shown),
        *casts(measured.records),
    ]


def advice(measured: Measured) -> list[str]:
    part = centered_rows(gains(measured), widest(at_points(measured.records)))
    best = part["best_representable"]
    return [
        f"Choose h near the best step first: there an exact x ± h gains only {best.median():.1f} digits in the median.",
        "If you must take a smaller step, or |x f′/f| is large, divide by the step that the format took: `h = (x + h) "
        "- x`. For a centered difference of negative x take `h = (abs(x) + h) - abs(x)`.",
        "Do not round h with `(h + 1) - 1`: it ignores x, and gives 0 for small h.",
    ]


def sizes(near: pd.DataFrame) -> str:
    """How large the error of rounding x ± h is for decimal steps, in its natural unit u|x f′|/h."""
    part = near[(near["grid"] == "decimal") & (near["reference"] != 0)]
    u = part["format"].map({name: float(FORMATS[name].unit_roundoff) for name in formats_of(part)})
    unit = part["abscissa"].abs() * part["step_value"] / (u * (part["x_value"] * part["reference"]).abs())
    return (
        f"With h = 10⁻ᵏ the rounding of x ± h adds an error of {unit.median():.2f}·u|x f′|/h in the median; the "
        "rounding inside a correctly rounded f adds up to u|f|/h. Their ratio is |x f′/f|."
    )


def one_sided(near: pd.DataFrame) -> list[str]:
    """Where x + h is exact and x − h is not."""
    sides = near[(near["grid"] == "representable") & (near["method"] == "centered")]
    part = sides[~sides["exact"]]
    if part.empty:
        return []
    points = listed(f"{value:g}".replace("-", "−") for value in sorted(part["at"].unique()))
    tried = sides[sides["at"].isin(part["at"])]
    outward = near[(near["grid"] == "representable_outward") & (near["method"] == "centered")]
    missed = outward[outward["at"].isin(part["at"]) & ~outward["exact"]]
    with_size = f"it is not in {len(missed)}" if len(missed) else "it always is"
    return [
        f"(x + h) − x looks at one side only: at x = {points} the other node is not exact in {len(part)} of "
        f"{counted(len(tried), 'cell')}. With (|x| + h) − |x| {with_size}."
    ]


def trick_at_1(frame: pd.DataFrame, near: pd.DataFrame) -> list[str]:
    """What (h + 1) − 1 misses and loses, because it ignores x."""
    part = near[(near["grid"] == "representable_at_1") & (near["method"] == "centered")]
    missed = part[~part["exact"]]
    keys = [*CURVE, "k"]
    alive = frame[(frame["grid"] == "representable") & (frame["status"] == "ok")]
    kept = pd.MultiIndex.from_frame(frame[frame["grid"] == "representable_at_1"][keys])
    lost = alive[~pd.MultiIndex.from_frame(alive[keys]).isin(kept)]
    sentences = []
    if len(missed):
        sentences.append(
            f"Rounding h with (h + 1) − 1 ignores x: x ± h is then inexact in {len(missed)} of "
            f"{counted(len(part), 'cell')}."
        )
    if len(lost):
        example = in_order(lost, "format").iloc[-1]
        sentences.append(
            f"It gives h = 0 in {counted(len(lost), 'cell')} where x + h ≠ x, such as h = 1e-{example['k']} at "
            f"x = {example['at']:g} in {example['format']}."
        )
    return sentences


def inner_rounding(part: pd.DataFrame, shown: str) -> list[str]:
    """Where powers of two gain what exact nodes do not: f rounds its own argument."""
    return [
        f"{title(row.problem, row.at)} rounds its own argument: below the best step of {shown} the nearest power of "
        f"two gains {row.left_nearest_power:.1f} digits, and (x + h) − x gains {max(0.0, row.left_representable):.1f}."
        for row in rows_of(part)
        if rounds_inside(row)
    ]


def casts(records: pd.DataFrame) -> list[str]:
    """Which decimal steps the cast makes 0."""
    table = casting(records).set_index("h")
    zeros = {name: list(table.index[table[name] == "becomes 0"]) for name in table}
    return [f"In {name} the step {listed(steps)} becomes 0." for name, steps in zeros.items() if steps]


EXPERIMENT = Experiment(
    "decimal_steps",
    "Decimal steps, powers of two, and the representable step",
    "Is h = 2⁻ᵏ better than h = 10⁻ᵏ, and what does it help to divide by (x + h) − x?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
    advice=advice,
    limits=LIMITS,
)
