"""The same function written differently: the formula's error is the same, the error of the computation is not."""

from functools import cache, partial

import numpy as np
import pandas as pd

from experiments.experiment import Experiment
from experiments.formulation.drawing import draw_losses, draw_pairs
from experiments.frames import best_cells, blank, cells, formats_of, in_order, log10, rows_of
from experiments.words import counted, listed, plain, short_number, written
from numdiff.analysis.metrics import correct_digits, loss_of_accuracy
from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import CENTERED
from numdiff.problems import FORMULATIONS, PROBLEMS
from numdiff.report.figures import Figure
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
    "binomial_horner": "(x − 2)⁹ expanded (Horner's rule)",
    "log_goldberg": "x·log(w)/(w − 1), w = 1 + x",
    "exp_kahan": "x·(z − 1)/log(z), z = exp(x)",
    "ninth_product": "x·x·…·x, 8 products",
    "ninth_cubes": "c·c·c, c = x·x·x",
}
"""How members are shown whose formula is long."""
PLACE = ["formulation", "at", "format"]
LEDGER = ("truncation", "evaluation", "abscissa", "combination")
"""The parts of the error, those that tell more first."""
MATTERS = 1.0
"""Decades of rounding error, or digits, from which a difference is looked at."""
PANELS = 4
"""So many functions have a panel: those whose usual form loses most."""
LIMITS = (
    "Eight functions, chosen because textbooks (Goldberg 1991, Higham 2002, Demmel) print two or more forms of them, "
    "most of them as examples of cancellation. They show how much a form can matter, not how often it does.",
    "The points are ours. Figures and the first table show each function at the point where its forms differ most; the "
    "other points are in the second table.",
    "Centered differences only, with steps that are not powers of two. The best step is the one with the smallest RMS "
    "error over 33 neighbouring points; a form that has no result at any step counts as 0 digits.",
    "All forms were written by people. Herbie (Panchekha et al., PLDI 2015) searches for a more accurate form by "
    "itself: for a function that is not in the table it does more than this section.",
)


def label(problem: str) -> str:
    """Return a member as it is written."""
    return LABELS.get(problem, written(PROBLEMS[problem].formula))


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


def loss_table(here: pd.DataFrame) -> pd.DataFrame:
    """Return the digits lost by each form, a column for each format, at the points of the figures."""
    names = formats_of(here)
    table = here.pivot(index=["formulation", "at", "member", "problem"], columns="format", values="lost")[names]
    table = in_order(table.reset_index(), "formulation", "at", "member")
    table.insert(0, "function", table["formulation"].map(TITLES))
    table.insert(1, "form", table["problem"].map(label))
    return table.drop(columns=["formulation", "member", "problem"])


def tables(measured: Measured) -> list[Table]:
    frame, rows, ratios = digest(measured)
    parts = ledger(frame, rows)
    shown, parts, ratios = (
        table.assign(function=table["formulation"].map(TITLES), form=table["problem"].map(label))
        for table in (blank(rows), parts, ratios)
    )
    words = {"at": "x"}
    return [
        Table(
            "digits_lost",
            "Digits lost by each form, against the best form of the same function",
            "At the best step of each form, and at the point where the forms of a function differ most. The first form "
            "of each function is the usual one.",
            loss_table(at_telling(rows)),
            {"at": "g17"} | dict.fromkeys(formats_of(rows), "f1"),
            headings=words,
            kinds={"*": "platform", "at": "portable"},
        ),
        Table(
            "attained",
            "Correct digits of each form at every point",
            "At the best step of each form. Digits: between 0 and what the format holds; 0 and no step: no usable "
            "result at any step. Lost: digits fewer than those of the best form.",
            shown[["function", "form", "format", "at", "digits", "lost", "step_value", "error"]],
            {"at": "g17", "digits": "f1", "lost": "f1"},
            headings=words | {"step_value": "best h", "error": "relative error"},
            kinds={"step_value": "platform"},
        ),
        Table(
            "ledger",
            "The parts of the error at the best step of the usual form",
            "total = truncation (the formula's error) + evaluation (rounding inside f) + abscissa (rounding of x ± h) "
            "+ combination (rounding of difference and quotient). Truncation and abscissa are the same for all forms; "
            "evaluation is what a form changes.",
            parts[["format", "form", "total", *LEDGER, "at", "step_value", "status"]],
            {"at": "g17"},
            headings=words | {"step_value": "h"},
            kinds=dict.fromkeys(("step_value", *PARTS, "total"), "platform"),
            sums={"total": LEDGER},
        ),
        Table(
            "rounding_gained",
            "Less rounding error, more digits",
            "Against the usual form. Decades less: by how many powers of ten the rounding error is smaller (median of "
            "error times h, at steps below both best ones). Digits gained: at the best steps.",
            ratios[["function", "form", "format", "at", "noise_decades", "digits_gained"]],
            {"at": "g17", "noise_decades": "f1", "digits_gained": "f1"},
            headings=words | {"noise_decades": "decades less"},
            kinds={"*": "platform"},  # which rows there are depends on where results are
        ),
    ]


def at_telling(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows at the points where the forms differ most."""
    return rows[rows["at"] == rows["formulation"].map(telling(rows))]


def widest(rows: pd.DataFrame) -> str:
    """Return float64, or the widest format of the rows."""
    return "float64" if "float64" in formats_of(rows) else formats_of(rows)[-1]


def pair_curves(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the error curves of the usual and of the best form, in one format, of the functions that lose most."""
    here = at_telling(rows)
    one = here[here["format"] == widest(rows)]
    usual = one[one["member"] == 0].set_index("formulation")["lost"]
    chosen = usual[usual > 0].sort_values(ascending=False, kind="stable").index[:PANELS]
    best = one[one["lost"] == 0].groupby("formulation")["member"].first().rename("best")
    where, curves = telling(rows), frame[(frame["format"] == widest(rows)) & frame["formulation"].isin(chosen)]
    curves = curves[curves["at"] == curves["formulation"].map(where)]
    curves = curves[(curves["member"] == 0) | (curves["member"] == curves["formulation"].map(best))]
    curves = curves.assign(
        order=curves["formulation"].map(list(chosen).index),
        form=curves["problem"].map(label),
        error=curves["rms_error"] / curves["reference"].abs(),
        truncation=(curves["truncation"] / curves["reference"]).abs(),
        lost=curves["formulation"].map(usual),
    ).sort_values(["order", "member", "k"], kind="stable", ignore_index=True)
    columns = ["formulation", "at", "form", "member", "format", "step_value", "error", "truncation", "status", "lost"]
    return curves[columns]


def figures(measured: Measured) -> list[Figure]:
    frame, rows, _ = digest(measured)
    where, shown = telling(rows), widest(rows)
    dots = at_telling(rows).assign(row=lambda t: t["problem"].map(label))
    usual = cells(dots, member=0, format=shown).set_index("formulation")["lost"]
    order = sorted(where, key=lambda key: -usual[key])
    dots = pd.concat([dots[dots["formulation"] == key] for key in order], ignore_index=True)
    curves = pair_curves(frame, rows)
    titles = {key: f"{TITLES[key]} at x = {short_number(where[key])}" for key in dict.fromkeys(curves["formulation"])}
    return [
        Figure(
            "digits_lost",
            "Correct digits lost by the form of a function",
            "For each function, at the point where its forms differ most: how many correct digits fewer than the best "
            "form has in the same format, both at their best steps. The usual form is the first of each group.",
            f"Rows of bars, a row for each form. In {shown} the bar of the usual form reaches to "
            + usual_losses(dots)
            + "; nearly all other forms have none.",
            dots,
            partial(draw_losses, titles=TITLES, shown=shown),
            (7.6, 0.27 * len(dots["row"].unique()) + 2.4),
            narrow=(3.8, 0.5 * len(dots["row"].unique()) + 2.4),
            kinds={"*": "platform"},  # a loss is that against other forms: of all blocks
        ),
        Figure(
            "pairs",
            f"A better form lowers the left arm of the error curve, and only that: {shown}",
            "Relative RMS error over 33 neighbouring points. On the right both forms lie on the formula's error. On "
            "the left the form with less rounding error lies lower, and its best step (ring) is smaller.",
            f"{len(titles)} panels, each with a V for the usual form and one for the best. The right arms coincide; "
            "the left arms are apart, in " + " and ".join(list(titles.values())[:2]) + " by the most.",
            curves,
            partial(draw_pairs, titles=titles, losses=dict(zip(curves["formulation"], curves["lost"], strict=True))),
            (7.6, 1.2 + 2.75 * ((len(titles) + 1) // 2)),
            kinds={"*": "platform"},  # which form is the best one depends on the platform
        ),
    ]


def usual_losses(rows: pd.DataFrame) -> str:
    """Return what the usual form loses at the rows' points, for each function, the largest first."""
    usual = cells(rows, format=widest(rows), member=0).sort_values("lost", ascending=False, kind="stable")
    return listed(f"{e.lost:.1f} for {TITLES[e.formulation]}" for e in rows_of(usual))


def findings(measured: Measured) -> list[str]:
    _, rows, ratios = digest(measured)
    here = at_telling(rows)
    usual = cells(here, format=widest(rows), member=0)
    return [
        f"Another form of the same function can give up to {usual['lost'].max():.0f} more digits of its derivative in "
        f"{widest(rows)}: it changes the rounding error of f, not the error of the formula.",
        *two_thirds(ratios),
        *other_step(here),
        *no_cure(here),
        *without_result(rows),
        elsewhere(rows),
    ]


def advice(measured: Measured) -> list[str]:
    _, rows, _ = digest(measured)
    here = at_telling(rows)
    part = here[here["format"] == widest(rows)]
    best = part[part["lost"] == 0].groupby("formulation")["problem"].first()
    worse = part[(part["member"] == 0) & (part["lost"] >= MATTERS)].sort_values("lost", ascending=False, kind="stable")
    pairs = [f"`{label(best[e.formulation])}` instead of {_code(label(e.problem))}" for e in rows_of(worse)]
    sentences = [
        "Look for a difference of nearly equal numbers inside f, and for large terms that nearly cancel. Remove it "
        "before you tune the step.",
        "After rewriting f look for the step again: the best one is smaller, and the old one gives the gain away.",
    ]
    if pairs:
        sentences.insert(1, f"In {widest(rows)}, near the points of the table, write {'; '.join(pairs)}.")
    return sentences


def _code(formula: str) -> str:
    """Return a formula as code; what is described in words is no code."""
    return formula if "rule" in formula else f"`{formula}`"


def two_thirds(ratios: pd.DataFrame) -> list[str]:
    """How many of the digits that the function gains the derivative gains."""
    strong = ratios[ratios["noise_decades"] >= MATTERS]
    if strong.empty:
        return []
    share = (strong["digits_gained"] / strong["noise_decades"]).median()
    theory = CENTERED.accuracy_order / (CENTERED.accuracy_order + 1)
    return [
        f"Ten times less rounding error in f gives {share:.2f} more digits of the derivative (median of "
        f"{counted(len(strong), 'case')} in which it is at least ten times less).",
        f"The sum of an error ∝ h² and one ∝ 1/h predicts {theory:.2f} digits, because the best step shrinks with the "
        "rounding error.",
    ]


def other_step(here: pd.DataFrame) -> list[str]:
    """How far the best step of the usual form lies from that of the best form, where it loses a digit."""
    usual = here[here["member"] == 0].set_index(PLACE)
    best = here[here["lost"] == 0].groupby(PLACE).head(1).set_index(PLACE)
    ratio = (usual["step_value"] / best["step_value"])[usual["lost"] >= MATTERS].dropna()
    if ratio.empty:
        return []
    return [
        f"Where the usual form loses a digit or more, its best step is {plain(ratio.median())} times as large as that "
        f"of the best form (median; up to {plain(ratio.max())} times)."
    ]


def no_cure(here: pd.DataFrame) -> list[str]:
    """Forms that are meant to be better than the usual one, and are worse in some format."""
    usual = here[here["member"] == 0].set_index(PLACE)["lost"]
    others = here[here["member"] > 0].join(usual.rename("usual_lost"), on=PLACE)
    worse = others[others["lost"] > others["usual_lost"] + MATTERS].assign(more=lambda t: t["lost"] - t["usual_lost"])
    return [
        f"{label(str(name))} is no remedy at x = {short_number(part['at'].iloc[0])}: worse than the usual form in "
        f"{listed(in_order(part, 'format')['format'])}, by up to {part['more'].max():.1f} digits."
        for name, part in worse.groupby("problem", sort=False)
    ]


def without_result(rows: pd.DataFrame) -> list[str]:
    """Forms that have no usable result at any step, where another form has one."""
    lost = rows["k"].isna() & rows.groupby(PLACE)["k"].transform("count").gt(0)
    parts = [f"{label(e.problem)} at x = {short_number(e.at)} in {e.format}" for e in rows_of(rows[lost])]
    if not parts:
        return []
    return [f"No result at any step, where another form has one (it counts as 0 digits): {listed(parts)}."]


def elsewhere(rows: pd.DataFrame) -> str:
    """What the form costs at the other points."""
    other = rows[(rows["at"] != rows["formulation"].map(telling(rows))) & (rows["member"] == 0)]
    if other.empty:
        return "There is no other point to compare at."
    return (
        f"At the other points the form hardly matters: the usual one loses at most {other['lost'].max():.1f} digits in "
        f"{counted(len(other), 'case')}."
    )


EXPERIMENT = Experiment(
    "formulation",
    "The same function, written differently",
    "tanh from exponentials or np.tanh, log(1 + x) or log1p: what does the form of f cost its derivative?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
    advice=advice,
    limits=LIMITS,
)
