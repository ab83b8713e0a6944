"""NumPy's against correctly rounded elementary functions: what do ulps of exp cost?"""

from functools import cache

import numpy as np
import pandas as pd

from experiments.elementary_functions.ulps import HALF, SAMPLES, ULPS, draw_factors, draw_ulps, worst_errors
from experiments.experiment import Experiment
from experiments.frames import RUN, formats_of, in_order, optima, rounded_values
from experiments.words import listed, short_number, written
from numdiff.analysis.metrics import performance_ratio
from numdiff.problems import PROBLEMS
from numdiff.report.figures import Figure
from numdiff.report.tables import Table, wide
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

SWEEP = Sweep(
    "elementary_functions",
    tuple(
        """
        exp tanh composition sigmoid squire_trapp_power squire_trapp_quotient oliver_sin_of_square
        oliver_cos_log dumontet_vignes_arctan gsl_power_three_halves gsl_gaussian higham_exp nash_log_near_zero
        nash_tan_near_pole
    """.split()
    ),
    ("centered",),
    grids=("generic",),
    neighbourhood=True,
    arithmetics=("platform", "rounded"),
)
MEASURES = ULPS
KEYS = ["problem", "method", "format", "grid", "k"]
NEARLY_HALF = 0.52
"""Ulps up to which a function counts as correctly rounded in a figure: values are rounded twice in narrow formats."""
LIMITS = (
    "One platform: the library and the vector instructions that the provenance names. Another one may be off by more "
    "or by less, and the factors change with it.",
    "Fourteen functions, chosen so that most elementary functions occur and so that some of them err by much (powers, "
    "tan near a pole, log near 0). Centered differences, steps that are not powers of two.",
    "The ulps are those of a sample, so that the true maxima are larger. Exhaustive searches for float32, and searches "
    "for bad cases in float64, are in Innocente and Zimmermann, Accuracy of Mathematical Functions.",
    "Correctly rounded functions that are as fast as the usual ones are the aim of CORE-MATH (Sibidanov, Zimmermann, "
    "Glondu 2022); the GNU C library has begun to take them over. Ours are slow: they compute in higher precision.",
)
PLAIN = {"evaluation_ratio": "g3", "bits": "g3", "bits_at_best": "g3", "other": "percent"}


def pairs(records):
    """Return the cells of both arithmetics side by side, from the best step of the rounded one down, if both are ok."""
    platform, exact = (records[records["arithmetic"] == name] for name in SWEEP.arithmetics)
    both = exact.merge(platform, on=KEYS, suffixes=("", "_platform"), validate="one_to_one")
    fine = [(both[f"status{s}"] == "ok") & (both[f"failures{s}"] == 0) for s in ("", "_platform")]
    best = optima(exact).set_index(RUN)["step_value"].rename("best_step")
    both = both[fine[0] & fine[1]].join(best, on=RUN)
    return both[both["step_value"] <= both["best_step"]]


def noise(frame, column):
    """Return the root mean square of an error times its step: the error of a difference of two function values."""
    return float(np.sqrt(((frame[column] * frame["step_value"]) ** 2).mean()))


def costs(records):
    """Return for each function and format how much larger the errors are with the platform's functions.

    `bits` is over all steps below the best and the 33 neighbours, `bits_at_best` compares the two best steps,
    `evaluation_ratio` the evaluation parts at the point itself; `other` is the share of cells with another result.
    """
    best = [optima(records[records["arithmetic"] == name]).set_index(RUN)["rms_error"] for name in SWEEP.arithmetics]
    rows = []
    for key, group in pairs(records).groupby(RUN, sort=False):
        parts = [
            float(performance_ratio(noise(group, f"{name}_platform"), noise(group, name)))
            for name in ("evaluation", "rms_error")
        ]
        at_best = float(performance_ratio(best[0][key], best[1][key]))
        other = (group["computed"] != group["computed_platform"]).mean()
        bits = [rounded_values(np.log2, number) for number in (parts[1], at_best)]
        rows.append((*key, len(group), other, parts[0], *bits))
    columns = [*RUN, "cells", "other", "evaluation_ratio", "bits", "bits_at_best"]
    return in_order(pd.DataFrame(rows, columns=columns))


def summary(frame):
    """Return the costs of each format: medians over the functions, and the largest."""
    rows = []
    for name in formats_of(frame):
        part = frame[frame["format"] == name]
        worst = part.loc[part["bits"].idxmax()]
        other = (part["other"] * part["cells"]).sum() / part["cells"].sum()
        rows.append(
            (
                name,
                len(part),
                other,
                part["evaluation_ratio"].median(),
                part["bits"].median(),
                worst["bits"],
                worst["problem"] if worst["bits"] > 0 else "",
                part["bits_at_best"].median(),
                part["bits_at_best"].max(),
            )
        )
    return pd.DataFrame(
        rows,
        columns=[
            "format",
            "functions",
            "other",
            "evaluation_ratio",
            "bits",
            "most_bits",
            "most_in",
            "bits_at_best",
            "most_at_best",
        ],
    )


@cache
def digest(measured):
    """Return the errors of the functions themselves, and what they cost."""
    return worst_errors(measured), costs(measured.records)


def tables(measured: Measured) -> list[Table]:
    errors, frame = digest(measured)
    short = summary(frame)
    return [
        Table(
            "factor_by_format",
            "How many times larger the error is with NumPy's functions",
            "Than with correctly rounded ones: centered differences, RMS over 33 neighbours. Below: over all steps up "
            "to the best one. At best: between the two best steps. Other results: share of the cells in which the "
            "computed derivative differs at all.",
            factors(short),
            {"other": "percent"},
            headings={
                "other": "other results",
                "median": "below: median",
                "largest": "below: largest",
                "median_at_best": "at best: median",
                "largest_at_best": "at best: largest",
            },
        ),
        Table(
            "factor_by_function",
            "The factor of each function",
            "As above, at steps up to the best one. Below 1: the errors of NumPy's values happened to cancel.",
            wide(
                frame.assign(factor=2.0 ** frame["bits"], function=_formulas(frame)), ["function"], "format", "factor"
            ),
        ),
        *_ulp_tables(errors),
        Table(
            "costs",
            "All costs",
            "Other: share of cells with another result. Evaluation ratio: rounding inside f at x with NumPy's "
            "functions over that with rounded ones. Bits: binary logarithms of the factors above.",
            frame[["problem", "format", "bits", "bits_at_best", "evaluation_ratio", "other", "cells"]],
            PLAIN,
            headings={"problem": "function", "evaluation_ratio": "evaluation ratio", "bits_at_best": "bits at best"},
            rows_shown=20,
        ),
    ]


def _ulp_tables(errors: pd.DataFrame) -> list[Table]:
    """Return the tables of how far the functions themselves are off."""
    samples = f"{SAMPLES} arguments, spread evenly over the binades from 2⁻⁶ to 2³ (to 1 for arcsin, arccos, arctanh)"
    return [
        Table(
            "largest_errors",
            "Largest error of NumPy's functions, in ulps",
            f"In {samples}, against enclosures; a correctly rounded value is at most {HALF:g} ulp off.",
            wide(errors, ["function"], "format", "largest"),
        ),
        Table(
            "not_nearest",
            "Values of NumPy's functions that are not the nearest",
            f"Share of {samples}.",
            wide(errors, ["function"], "format", "not_nearest"),
            {name: "percent" for name in dict.fromkeys(errors["format"])},
        ),
    ]


def factors(short: pd.DataFrame) -> pd.DataFrame:
    """Return the summary with factors in the place of bits."""
    powers = {"median": "bits", "largest": "most_bits", "median_at_best": "bits_at_best"}
    table = short[["format", "functions", "other"]].copy()
    for name, bits in {**powers, "largest_at_best": "most_at_best"}.items():
        table[name] = 2.0 ** short[bits]
    return table


def _formulas(frame: pd.DataFrame) -> list[str]:
    """Return the problems of a frame as formula and point."""
    known = {name: PROBLEMS[name] for name in frame["problem"].unique()}
    words = {name: f"{written(p.formula)} at {short_number(p.points[0])}" for name, p in known.items()}
    return [words[name] for name in frame["problem"]]


def affected(short: pd.DataFrame) -> list[str]:
    """Return the formats in which any result differs; all where none does."""
    return list(short[short["other"] > 0]["format"]) or list(short["format"])


def figures(measured: Measured) -> list[Figure]:
    errors, frame = digest(measured)
    short = summary(frame)
    shown = affected(short)
    unchanged = [name for name in short["format"] if name not in shown]
    off = errors.groupby("format", sort=False)["largest"].max()
    inexact = [name for name, most in off.items() if most > NEARLY_HALF] or list(off.index)
    bars = frame[frame["format"].isin(shown)].assign(factor=lambda t: 2.0 ** t["bits"], function=_formulas)
    dots = errors[errors["format"].isin(inexact)]
    worst = errors.loc[errors.groupby("format", sort=False)["largest"].idxmax()]
    kept = f" In {listed(unchanged)} not one result changes." if unchanged else ""
    rounded_right = [name for name in off.index if name not in inexact]
    right = f" In {listed(rounded_right)} all are correctly rounded, or nearly." if rounded_right else ""
    return [
        Figure(
            "error_factor",
            "The error of the derivative with NumPy's functions, against correctly rounded ones",
            "How many times larger the error of the centered difference is, over all steps up to the best one. At 1 "
            f"there is no difference; below 1 errors of NumPy's values happened to cancel.{kept}",
            "A row of dots for each function, most of them near 1. The largest: "
            + listed(f"{2.0**e.most_bits:.2f} in {e.format}" for e in short.itertuples() if e.format in shown)
            + ".",
            ordered(bars, "function", "factor"),
            draw_factors,
            (7.6, 6.4),
            narrow=(3.8, 9.8),
            kinds={"*": "platform"},
        ),
        Figure(
            "ulps_of_numpy",
            "How many ulps NumPy's functions are off",
            f"The largest error of {SAMPLES} values of each function. Left of the dashed line lies what a correctly "
            f"rounded function may err.{right}",
            "A row of dots for each function, farther right where it errs by more. The farthest: "
            + listed(f"{e.function} with {e.largest:.2f} ulp in {e.format}" for e in worst.itertuples())
            + ".",
            ordered(dots.assign(function=dots["function"].map(written)), "function", "largest"),
            draw_ulps,
            (7.6, 6.6),
            kinds={"*": "platform"},
        ),
    ]


def ordered(frame: pd.DataFrame, rows: str, value: str) -> pd.DataFrame:
    """Return a frame with the rows of the largest values first."""
    ranked = list(frame.groupby(rows)[value].max().sort_values(ascending=False, kind="stable").index)
    return frame.sort_values(rows, key=lambda column: column.map(ranked.index), kind="stable", ignore_index=True)


def findings(measured: Measured) -> list[str]:
    errors, frame = digest(measured)
    short = summary(frame)
    shown, most = affected(short), short.loc[short["most_bits"].idxmax()]
    worst = errors.loc[errors["largest"].idxmax()]
    low = frame.loc[frame["bits_at_best"].idxmin()]
    unchanged = [name for name in short["format"] if name not in shown]
    exact = int((measured.records["arithmetic"] == "rounded").sum())
    larger = short[short["format"].isin(shown)]["bits"].max()
    said = [
        "Little: NumPy's functions, which are not correctly rounded, make the error at most "
        f"{2.0 ** most['most_bits']:.1f} times larger ({most['format']}), and no more than {2.0**larger:.2f} times in "
        "the median of any format.",
        f"The function that is farthest off is {worst['function']} in {worst['format']}, by {worst['largest']:.2f} "
        f"ulp; a correctly rounded value is within {HALF:g}.",
    ]
    if unchanged:
        said.append(
            f"In {listed(unchanged)} not one result changes: NumPy computes in float32 there and rounds the value."
        )
    if low["bits_at_best"] < 0:
        said.append(
            "Worse functions can even help by luck: at the best step the error of "
            f"{written(PROBLEMS[low['problem']].formula)} in {low['format']} is {2.0 ** -low['bits_at_best']:.2f} "
            "times smaller with NumPy's functions, whose errors happen to cancel."
        )
    said.append(
        f"What correct rounding gives for certain is the same bytes on every machine: that holds for {exact} cells "
        "here. The others hold for the library and the instructions that the provenance names."
    )
    return said


def advice(measured: Measured) -> list[str]:
    most = 2.0 ** summary(digest(measured)[1])["most_at_best"].max()
    return [
        f"Do not look for better elementary functions to improve a derivative: at the best steps they gain a factor of "
        f"{most:.1f} at most. The form of f, the step and the format matter more.",
        "Use correctly rounded functions where results must be the same on two machines, such as in tests that compare "
        "digits.",
    ]


EXPERIMENT = Experiment(
    "elementary_functions",
    "What errors of the library's functions cost",
    "NumPy's exp is not correctly rounded: how much larger does that make the error of a derivative?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
    measures=MEASURES,
    advice=advice,
    limits=LIMITS,
)
