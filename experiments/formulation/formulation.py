"""The same function written differently: the formula's error is the same, the error of the computation is not."""

import math
from functools import cache, partial

import numpy as np
import pandas as pd

from experiments.experiment import Experiment
from experiments.formulation.drawing import draw_losses, draw_pairs
from experiments.frames import best_cells, blank, cells, formats_of, in_order, log10, rows_of
from experiments.words import counted, listed, plain, written
from numdiff.analysis.metrics import correct_digits, loss_of_accuracy
from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import CENTERED
from numdiff.problems import FORMULATIONS, PROBLEMS
from numdiff.report.figures import Figure, superscript
from numdiff.report.tables import Table
from numdiff.study.records import PARTS
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

SWEEP = Sweep(
    "formulation",
    tuple(name for names in FORMULATIONS.values() for name in names),
    ("centered",),
    grids=("generic",),
    first_step=None,
    all_points=True,
    neighbourhood=True,
)
TITLES = {
    "tanh": "tanh x",
    "sigmoid": "1/(1 + e⁻ˣ)",
    "cosine_quotient": "(1 − cos x)/x²",
    "log1p": "log(1 + x)",
    "expm1": "eˣ − 1",
    "quadratic_root": "−x + √(x² + 1)",
    "ninth_power": "x⁹",
    "binomial": "(x − 2)⁹",
}
LABELS = {
    "binomial_horner": "expanded, by Horner's rule",
    "log_goldberg": "x·log(w)/(w − 1), w = 1 + x",
    "exp_kahan": "x·(z − 1)/log(z), z = exp(x)",
    "ninth_product": "x·x·…·x, 8 products",
    "ninth_cubes": "c·c·c, c = x·x·x",
}
"""How members are shown whose formula is long."""
PLACE = ["formulation", "at", "format"]
MATTERS = 1.0
"""Decades of noise from which the rule of two thirds is looked at."""


def label(problem: str) -> str:
    """Return a member as it is written."""
    return LABELS.get(problem, written(PROBLEMS[problem].formula))


def point(value: float) -> str:
    """Return a point for a sentence; a small power of two as one."""
    mantissa, exponent = math.frexp(abs(value))
    return f"2{superscript(exponent - 1)}" if mantissa == 0.5 and exponent < -2 else f"{value:g}".replace("-", "−")


def of_members(records: pd.DataFrame) -> pd.DataFrame:
    """Return the cells at the points that all measured members of a formulation share.

    `at` is the point as it was written, `member` the place in the formulation: 0 is the usual way.
    """
    group = {name: key for key, names in FORMULATIONS.items() for name in names}
    member = {name: i for names in FORMULATIONS.values() for i, name in enumerate(names)}
    at = [PROBLEMS[name].points[index] for name, index in zip(records["problem"], records["point"], strict=True)]
    frame = records.assign(
        formulation=records["problem"].map(group), member=records["problem"].map(member), at=np.array(at, dtype=float)
    )
    members = frame.groupby("formulation")["problem"].transform("nunique")
    sharing = frame.groupby(["formulation", "at"])["problem"].transform("nunique")
    return frame[(sharing == members) & (members > 1)].reset_index(drop=True)


def attained(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the best step of every member, point and format, its digits, and how many the best member has more.

    Digits lie between 0 and −log₁₀ u: beyond what the format holds they are luck. A member without any result has 0.
    """
    best = best_cells(frame, [*PLACE, "problem"]).set_index([*PLACE, "problem"])
    limit = {name: -log10(float(FORMATS[name].unit_roundoff)) for name in formats_of(frame)}
    every = frame.groupby([*PLACE, "problem", "member"], sort=False).size().reset_index().drop(columns=0)
    rows = every.join(best[["step_value", "k", "rms_error", "reference"]], on=[*PLACE, "problem"])
    rows["error"] = rows["rms_error"] / rows["reference"].abs()
    held = pd.Series(correct_digits(rows["rms_error"], rows["reference"]), rows.index).fillna(0.0)
    rows["digits"] = held.clip(0.0, rows["format"].map(limit))
    rows["lost"] = rows.groupby(PLACE)["digits"].transform("max") - rows["digits"]
    return in_order(rows, "formulation", "at", "format", "member")


def noise_ratios(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return for every other member how many decades less noise it has than the usual way, and the digits it gains.

    The noise is the median of RMS error times h over the steps below the best steps of both, where both have results.
    """
    usable = frame[(frame["status"] == "ok") & (frame["failures"] == 0) & (frame["rms_error"] > 0)]
    noise = usable.assign(noise=usable["rms_error"] * usable["step_value"])
    curves = {key: part.set_index("k")["noise"] for key, part in noise.groupby([*PLACE, "member"])}
    found = []
    for key, part in rows.dropna(subset="k").groupby(PLACE, sort=False):
        best = part.set_index("member")
        for member in best.index[best.index > 0] if 0 in best.index else []:
            both = pd.concat([curves[(*key, 0)], curves[(*key, member)]], axis=1, keys=["usual", "other"]).dropna()
            both = both[both.index > max(best.loc[0, "k"], best.loc[member, "k"])]
            if len(both):
                decades = loss_of_accuracy(both["usual"].median(), both["other"].median())
                gain = loss_of_accuracy(best["error"][0], best["error"][member])
                found.append((*key, best.loc[member, "problem"], float(decades), float(gain)))
    return pd.DataFrame(found, columns=[*PLACE, "problem", "noise_decades", "digits_gained"])


@cache
def digest(measured: Measured) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the cells of the members, what each attains, and their noise."""
    frame = of_members(measured.records)
    rows = attained(frame)
    return frame, rows, noise_ratios(frame, rows)


def telling(rows: pd.DataFrame) -> dict[str, float]:
    """Return for each formulation the point at which its members differ most, over all formats."""
    total = rows.groupby(["formulation", "at"])["lost"].sum()
    return {key: total[key].idxmax() for key in FORMULATIONS if key in total.index}


def ledger(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the parts of the error of all members at the best step of the usual way (or of the first that has one)."""
    first = rows.dropna(subset="k").groupby(PLACE, sort=False).head(1)
    steps = first[[*PLACE, "k"]].astype({"k": "int64"})
    chosen = steps.merge(frame, on=[*PLACE, "k"])
    return in_order(chosen, "formulation", "at", "format", "member")


def tables(measured: Measured) -> list[Table]:
    frame, rows, ratios = digest(measured)
    parts = ledger(frame, rows)
    shown = rows.merge(ratios, on=[*PLACE, "problem"], how="left")
    shown = blank(shown)
    shown["written"] = shown["problem"].map(label)
    parts["written"] = parts["problem"].map(label)
    return [
        Table(
            "attained",
            "What each way of writing attains",
            "Centered differences, generic steps, RMS over 33 neighbouring points, at the best step of each. Digits "
            "lie between 0 and what the format holds; lost: against the best member. Noise decades: how much less "
            "noise (median of error times h, below both best steps) than the usual way, which is the first of each "
            "function. Empty: no result, or no step to compare.",
            shown[[*PLACE, "written", "step_value", "error", "digits", "lost", "noise_decades", "digits_gained"]],
            {"at": "g6"},
            headings={"at": "x", "step_value": "best h"},
            kinds={"step_value": "platform"},
        ),
        Table(
            "ledger",
            "The four parts of the error at the best step of the usual way",
            "Truncation and abscissa belong to the function and the step; evaluation and combination to the way of "
            "writing. At x itself, generic steps.",
            parts[[*PLACE, "written", "step_value", *PARTS, "total", "status"]],
            {"at": "g6"},
            headings={"at": "x", "step_value": "h"},
            kinds=dict.fromkeys(("step_value", *PARTS, "total"), "platform"),
        ),
    ]


def figures(measured: Measured) -> list[Figure]:
    frame, rows, _ = digest(measured)
    where = telling(rows)
    here = frame[frame["at"] == frame["formulation"].map(where)]
    two = [name for name in ("float32", "float64") if name in formats_of(frame)] or formats_of(frame)[:1]
    curves = here[here["format"].isin(two)]
    curves = curves.assign(
        error=curves["rms_error"] / curves["reference"].abs(),
        truncation=(curves["truncation"] / curves["reference"]).abs(),
    )
    curves = curves[["formulation", "at", "problem", "member", "format", "step_value", "error", "truncation", "status"]]
    titles = {key: f"{TITLES[key]}, x = {point(x)}" for key, x in where.items()}
    dots = rows[rows["at"] == rows["formulation"].map(where)].assign(row=lambda t: t["problem"].map(label))
    usual = dots[dots["member"] == 0].groupby("formulation")["lost"].sum()
    order = sorted(where, key=lambda key: -usual[key])
    dots = pd.concat([dots[dots["formulation"] == key] for key in order], ignore_index=True)
    worst = usual_losses(dots)
    return [
        Figure(
            "pairs",
            "Same function, other computation: error against step",
            "Relative RMS error over 33 neighbouring points, centered differences, generic steps; the grey line is the "
            "truncation error, which all ways of writing share. Where the usual way (red) cancels, its left arm lies "
            "higher, and so does the lowest point of its V, further right. A row of crosses: no usable result.",
            "Digits that the usual way loses: " + worst + ".",
            curves,
            partial(draw_pairs, titles=titles),
            (7.6, 7.4),
        ),
        Figure(
            "digits_lost",
            "Correct digits lost by the way of writing",
            "For each function, at the point where its ways of writing differ most: correct digits at the best step, "
            "less than those of the best way in the same format. The usual way is in red.",
            "Digits that the usual way loses: " + worst + ".",
            dots,
            partial(draw_losses, titles=titles),
            (7.6, 0.27 * len(dots["row"].unique()) + 2.4),
            kinds={"*": "platform"},  # a loss is that against other ways of writing: of all blocks
        ),
    ]


def usual_losses(rows: pd.DataFrame) -> str:
    """What the usual way loses at the rows' points, for each function, in the widest of the common formats."""
    shown = next(name for name in ("float64", *reversed(formats_of(rows))) if name in formats_of(rows))
    usual = cells(rows, format=shown, member=0).sort_values("lost", ascending=False, kind="stable")
    return listed(f"{e.lost:.1f} for {TITLES[e.formulation]} at {point(e.at)}" for e in rows_of(usual)) + (
        f" ({shown})"
    )


def findings(measured: Measured) -> list[str]:
    frame, rows, ratios = digest(measured)
    where = telling(rows)
    here = rows[rows["at"] == rows["formulation"].map(where)]
    return [
        "Up to whole digits, and only through the rounding errors of the function values. At the point where its ways "
        f"of writing differ most, the usual one loses, of the digits that the best one has, {usual_losses(here)}.",
        *by_format(here),
        same_formula(frame),
        *two_thirds(ratios),
        *other_step(here),
        *no_cure(here),
        *without_result(rows),
        elsewhere(rows),
    ]


def by_format(here: pd.DataFrame) -> list[str]:
    usual = here[here["member"] == 0]
    worst = usual.sort_values("lost", ascending=False, kind="stable").groupby("format").head(1)
    parts = [f"{e.lost:.1f} digits in {e.format} ({TITLES[e.formulation]})" for e in rows_of(in_order(worst, "format"))]
    return ["The largest loss by format: " + listed(parts) + "."]


def same_formula(frame: pd.DataFrame) -> str:
    """Whether truncation and abscissa error are the same doubles for all ways of writing."""
    groups = frame.groupby([*PLACE, "k"], sort=False)
    known = groups["truncation"].agg("count") > 1
    same = ((groups["truncation"].nunique() == 1) & (groups["abscissa"].nunique() == 1))[known]
    moved = (groups["evaluation"].nunique() > 1)[known]
    return (
        f"Truncation and abscissa error are the same doubles for all ways of writing in {int(same.sum())} of "
        f"{counted(len(same), 'step')}; the evaluation error is another one in {int(moved.sum())}."
    )


def two_thirds(ratios: pd.DataFrame) -> list[str]:
    """How many of the digits that the function gains the derivative gains."""
    strong = ratios[ratios["noise_decades"] >= MATTERS]
    if strong.empty:
        return []
    share = (strong["digits_gained"] / strong["noise_decades"]).median()
    theory = CENTERED.accuracy_order / (CENTERED.accuracy_order + 1)
    return [
        f"A decade less noise in the function is worth {share:.2f} digits of the derivative (median over "
        f"{counted(len(strong), 'case')} with at least {MATTERS:g} decade less); the model of h² against noise over h "
        f"says {theory:.2f}, because the best step moves with the noise."
    ]


def other_step(here: pd.DataFrame) -> list[str]:
    """How far the best step of the usual way lies from that of the best way, where it loses a digit."""
    usual = here[here["member"] == 0].set_index(PLACE)
    best = here[here["lost"] == 0].groupby(PLACE).head(1).set_index(PLACE)
    ratio = (usual["step_value"] / best["step_value"])[usual["lost"] >= MATTERS].dropna()
    if ratio.empty:
        return []
    return [
        f"Where the usual way loses a digit or more, its best step is larger by a factor of {plain(ratio.median())} in "
        f"the median (up to {plain(ratio.max())}): the best step belongs to the computation, not to the function."
    ]


def no_cure(here: pd.DataFrame) -> list[str]:
    """Ways of writing that are meant to be better than the usual one, and are worse in some format."""
    usual = here[here["member"] == 0].set_index(PLACE)["lost"]
    others = here[here["member"] > 0].join(usual.rename("usual_lost"), on=PLACE)
    worse = others[others["lost"] > others["usual_lost"] + MATTERS]
    return [
        f"{label(str(name))} is no cure at x = {point(part['at'].iloc[0])}: against the usual way it loses "
        + listed(f"{e.lost - e.usual_lost:.1f} digits in {e.format}" for e in rows_of(in_order(part, "format")))
        + "."
        for name, part in worse.groupby("problem", sort=False)
    ]


def without_result(rows: pd.DataFrame) -> list[str]:
    """Ways of writing that have no usable result at any step, where another way has one."""
    lost = rows["k"].isna() & rows.groupby(PLACE)["k"].transform("count").gt(0)
    parts = [f"{label(e.problem)} at x = {point(e.at)} in {e.format}" for e in rows_of(rows[lost])]
    return [f"No result at any step, where another way of writing has one: {listed(parts)}."] if parts else []


def elsewhere(rows: pd.DataFrame) -> str:
    """What the way of writing costs at the other points."""
    where = telling(rows)
    other = rows[(rows["at"] != rows["formulation"].map(where)) & (rows["member"] == 0)]
    if other.empty:
        return "There is no other point to compare at."
    return (
        f"At the other points it hardly matters: the usual way loses {other['lost'].median():.1f} digits in the median "
        f"of {counted(len(other), 'case')}, and {other['lost'].max():.1f} at most."
    )


EXPERIMENT = Experiment(
    "formulation",
    "The same function, written differently",
    "tanh from exponentials or np.tanh, log(1 + x) or log1p: what does the way of writing cost the derivative?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
)
