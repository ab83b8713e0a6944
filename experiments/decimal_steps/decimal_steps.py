"""h = 10⁻ᵏ against h = 2⁻ᵏ, and the tricks that make a step exact."""

from fractions import Fraction
from functools import partial

import numpy as np
import pandas as pd

from experiments.decimal_steps.drawing import draw_grids
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


def tables(measured: Measured) -> list[Table]:
    frame = at_points(measured.records)
    shares, rows = exactness(frame), gains(measured)
    headings = {f"left_{name}": f"left: {WRITTEN[name]}" for name in GAINS} | {
        "at": "x",
        "right_representable": "right: (x + h) − x",
        "right_representable_outward": "right: (|x| + h) − |x|",
        "best_representable": "at the best steps: (x + h) − x",
        "best_h": "best 10⁻ᵏ",
    }
    return [
        Table(
            "exactness",
            "How often all nodes are exact",
            "Share of the cells without abscissa error, by function, point and formula; steps h ≤ |x| that are not "
            "absorbed. Empty: no such step.",
            shares,
            dict.fromkeys(formats_of(frame), "percent") | {"at": "g6"},
            headings={"at": "x", "grid": "step"},
        ),
        Table(
            "gains",
            "Digits gained over h = 10⁻ᵏ",
            "Left of the best decimal step (rounding): median of RMS error times h over the steps. Right of it "
            "(truncation): median RMS error. RMS over 33 neighbouring points, each with its own representable step. "
            "Condition: |x f′/f|, the size of abscissa errors against those of a correctly rounded f. Empty: no such "
            "step.",
            blank(rows),
            {"at": "g6"},
            headings=headings,
        ),
        Table(
            "casting",
            "What the cast does to 10⁻ᵏ",
            "|fl(10⁻ᵏ)/10⁻ᵏ − 1|: harmless as long as the same h is in the numerator and in the divisor.",
            casting(measured.records),
            dict.fromkeys(formats_of(frame), "g3"),
        ),
    ]


def panel(frame: pd.DataFrame, problem: str, at: float, fmt: str) -> pd.DataFrame:
    """Return the centered cells of one function at one point in one format, relative to the derivative."""
    part = cells(frame[frame["grid"].isin(DECIMAL_GRIDS)], problem=problem, at=at, format=fmt, method="centered")
    title = f"{written(PROBLEMS[problem].formula)}, x = {at:g}, {fmt}".replace("x = -", "x = −")
    part = part.assign(
        error=part["rms_error"] / part["reference"].abs(),
        abscissa=(part["abscissa"] / part["reference"]).abs(),
        panel=title,
    )
    return part[["panel", "problem", "at", "format", "grid", "k", "step_value", "abscissa", "error", "status"]]


def figures(measured: Measured) -> list[Figure]:
    frame = at_points(measured.records)
    wide = "float64" if "float64" in formats_of(frame) else formats_of(frame)[-1]
    narrow = "float32" if "float32" in formats_of(frame) else formats_of(frame)[0]
    present = {(row.problem, row.at) for row in rows_of(frame.drop_duplicates(["problem", "at"]))}
    exact = [p for p in (("exp", 0.1), ("oliver_arsinh", -2.0)) if p in present] or sorted(present)[:1]
    gaining = [
        p
        for p in (("dumontet_vignes_log", 1.0), ("squire_trapp_power", 1.5), ("exp", 0.5), ("oscillation", 1.0))
        if p in present
    ] or sorted(present)[:1]
    nodes = pd.concat(
        [panel(within(frame), name, at, fmt) for fmt in (wide, narrow) for name, at in exact], ignore_index=True
    )
    nodes = nodes[nodes["grid"].isin(("decimal", "nearest_power", "representable", "representable_outward"))]
    curves = pd.concat([panel(frame, name, at, wide) for name, at in gaining], ignore_index=True)
    curves = curves[curves["grid"].isin(("decimal", "nearest_power", "representable"))]
    rows = gains(measured)
    return [
        Figure(
            "abscissa_against_step",
            "The error of nodes that the format does not have",
            "Abscissa part of the error of the centered difference, relative to f′(x), for steps h ≤ |x| that are not "
            "absorbed. With decimal steps it grows as 1/h. Powers of two and steps rounded away from 0 have none; the "
            "representable step (x + h) − x makes one node exact, and below 0 it may miss the other.",
            nodes_in_words(frame),
            nodes.drop(columns="error"),
            partial(draw_grids, names=WRITTEN, column="abscissa", ylabel="abscissa error, relative"),
            (7.6, 5.8),
            kinds={"*": "platform"},
        ),
        Figure(
            "error_against_step",
            f"What exact nodes are worth: total error in {wide}",
            "Relative RMS error of the centered difference over 33 neighbouring points. Exact nodes lower the left arm "
            "where f is ill-conditioned (log near 1), not where it is well-conditioned (exp); where f rounds its own "
            "argument (50x), only powers of two help, because they keep 50h exact, too. On the right nothing changes.",
            "Digits gained left of the best step by (x + h) − x: " + gains_in_words(rows, wide, gaining) + ".",
            curves.drop(columns="abscissa"),
            partial(draw_grids, names=WRITTEN, column="error", ylabel="relative error"),
            (7.6, 5.8),
        ),
    ]


def nodes_in_words(frame: pd.DataFrame) -> str:
    """Say how often the nodes of the centered difference are exact, for each grid."""
    part = cells(within(frame), method="centered")
    groups = {grid: part[part["grid"] == grid]["exact"] for grid in DECIMAL_GRIDS}
    words = [
        f"{WRITTEN[grid]} in {int(exact.sum())} of {counted(len(exact), 'cell')}" for grid, exact in groups.items()
    ]
    return f"All nodes of the centered difference are exact with {listed(words)} (h ≤ |x|, not absorbed)."


def gains_in_words(rows: pd.DataFrame, fmt: str, points) -> str:
    part = centered_rows(rows, fmt)
    known = {(row.problem, row.at): row for row in rows_of(part)}
    return listed(
        f"{known[p].left_representable:.1f} for {p[0]} at {p[1]:g}".replace("-", "−") for p in points if p in known
    )


def centered_rows(rows: pd.DataFrame, fmt: str) -> pd.DataFrame:
    """Return the rows of the centered difference in a format."""
    return rows[(rows["method"] == "centered") & (rows["format"] == fmt)]


def findings(measured: Measured) -> list[str]:
    frame = at_points(measured.records)
    rows, near = gains(measured), within(frame)
    shown = "float64" if "float64" in formats_of(frame) else formats_of(frame)[-1]
    part = centered_rows(rows, shown)
    (top,) = rows_of(part.nlargest(1, "left_representable"))
    left, right, best = (part[f"{where}_representable"] for where in ("left", "right", "best"))
    return [
        f"Exact nodes pay left of the best step, and only where f is ill-conditioned: in {shown} the representable "
        f"step lowers the noise of the centered difference by {left.median():.1f} digits in the median of "
        f"{counted(len(part), 'point')}, and by {top.left_representable:.1f} for {top.problem} at x = {top.at:g}; "
        f"right of it the change is at most {right.abs().max():.1g} digits. At the best steps it is "
        f"worth {best.median():.1f} digits in the median, {best.max():.1f} at most.",
        *by_format(rows),
        sizes(near),
        nodes_in_words(frame),
        *one_sided(near),
        *trick_at_1(frame, near),
        *inner_rounding(part, shown),
        *casts(measured.records),
    ]


def by_format(rows: pd.DataFrame) -> list[str]:
    """The gain of the representable step left of the optimum, by format."""
    part = rows[rows["method"] == "centered"].dropna(subset="left_representable")
    groups = part.groupby("format")["left_representable"]
    words = [f"{groups.median()[n]:.1f} and {groups.max()[n]:.1f} in {n}" for n in formats_of(part)]
    return [f"Median and largest gain left of the best step, in digits: {listed(words)}.".replace("-", "−")]


def sizes(near: pd.DataFrame) -> str:
    """How large the abscissa error of decimal steps is, in its natural unit u|x f′|/h."""
    part = near[(near["grid"] == "decimal") & (near["reference"] != 0)]
    u = part["format"].map({name: float(FORMATS[name].unit_roundoff) for name in formats_of(part)})
    unit = part["abscissa"].abs() * part["step_value"] / (u * (part["x_value"] * part["reference"]).abs())
    return (
        f"With h = 10⁻ᵏ the abscissa error is {unit.median():.2f} u|x f′|/h in the median of {len(unit)} cells, beside "
        "up to u|f|/h from a correctly rounded f: their ratio is the condition |x f′/f|."
    )


def one_sided(near: pd.DataFrame) -> list[str]:
    """Where x + h is exact and x − h is not."""
    part = near[(near["grid"] == "representable") & ~near["exact"]]
    sides = near[(near["grid"] == "representable") & (near["method"] == "centered")]
    forward = part[part["method"] == "forward"]
    if part.empty:
        return []
    points = listed(f"{value:g}".replace("-", "−") for value in sorted(part["at"].unique()))
    tried = sides[sides["at"].isin(part["at"])]
    outward = near[
        (near["grid"] == "representable_outward") & (near["method"] == "centered") & near["at"].isin(part["at"])
    ]
    return [
        f"(x + h) − x looks at one side only: x − h is missed in {counted(int((~tried['exact']).sum()), 'cell')} of "
        f"{len(tried)} at x = {points}, in none at the other points, and x + h in {len(forward)}; "
        f"(|x| + h) − |x| misses {int((~outward['exact']).sum())} of {len(outward)} there."
    ]


def trick_at_1(frame: pd.DataFrame, near: pd.DataFrame) -> list[str]:
    """What (h + 1) − 1 misses and loses, because it ignores x."""
    part = near[(near["grid"] == "representable_at_1") & (near["method"] == "centered")]
    missed = part[~part["exact"]].groupby("at").size()
    keys = [*CURVE, "k"]
    alive = frame[(frame["grid"] == "representable") & (frame["status"] == "ok")]
    kept = pd.MultiIndex.from_frame(frame[frame["grid"] == "representable_at_1"][keys])
    lost = alive[~pd.MultiIndex.from_frame(alive[keys]).isin(kept)]
    sentences = []
    if len(missed):
        where = listed(f"{at:g} ({number})" for at, number in missed.items()).replace("-", "−")
        sentences.append(
            f"(h + 1) − 1 knows nothing of x: the nodes miss in {int(missed.sum())} of {counted(len(part), 'cell')}, "
            f"at x = {where}."
        )
    if len(lost):
        widest = in_order(lost, "format").iloc[-1]
        sentences.append(
            f"It is 0 in {counted(len(lost), 'cell')} in which x still moves, such as h = 1e-{widest['k']} at "
            f"x = {widest['at']:g} in {widest['format']}."
        )
    return sentences


def inner_rounding(part: pd.DataFrame, shown: str) -> list[str]:
    """Where powers of two gain what exact nodes do not: f rounds its own argument."""
    more = part[part["left_nearest_power"] > part["left_representable"] + 0.3]
    return [
        f"{PROBLEMS[row.problem].formula} at x = {row.at:g} rounds its own argument: in {shown} the nearest power of "
        f"two gains {row.left_nearest_power:.1f} digits left of the best step, the representable step "
        f"{row.left_representable:.1f}."
        for row in rows_of(more)
    ]


def casts(records: pd.DataFrame) -> list[str]:
    """What the cast does to decimal steps."""
    table = casting(records).set_index("h")
    words = []
    for name in table:
        column = table[name]
        numbers = pd.to_numeric(column, errors="coerce")
        zero = column.index[numbers.isna()]
        words.append(
            f"{name} by up to {plain(numbers.max())} (h = {numbers.idxmax()})"
            + (f", and {listed(zero)} become{'s' if len(zero) == 1 else ''} 0" if len(zero) else "")
        )
    return [f"The cast moves h = 10⁻ᵏ, k up to {CAST}: {'; '.join(words)}."]


EXPERIMENT = Experiment(
    "decimal_steps",
    "Decimal steps, powers of two, and the representable step",
    "Is h = 2⁻ᵏ better than h = 10⁻ᵏ, and what is (x + h) − x as the divisor good for?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
)
