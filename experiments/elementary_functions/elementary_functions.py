"""NumPy's against correctly rounded elementary functions: what do ulps of exp cost?"""

from functools import cache

import numpy as np
import pandas as pd

from experiments.elementary_functions.ulps import HALF, SAMPLES, ULPS, draw_bits, draw_ulps, worst_errors
from experiments.experiment import Experiment
from experiments.frames import RUN, formats_of, in_order, optima, rounded_values
from experiments.words import listed, percent, written
from numdiff.analysis.metrics import performance_ratio
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
    (errors, frame), names = digest(measured), formats_of(measured.records)
    samples = f"{SAMPLES} arguments, spread evenly over the binades from 2⁻⁶ to 2³ (to 1 for arcsin, arccos, arctanh)"
    return [
        Table(
            "bits_by_format",
            "What NumPy's functions cost, by format",
            "Centered difference, generic steps up to the best one. other: cells with another result than with "
            "correctly rounded functions; evaluation ratio: evaluation part at x with NumPy's functions over that with "
            "rounded ones, median over the functions; bits: binary logarithm of the same ratio for the RMS error over "
            "33 neighbours at all these steps, median and largest; at best: likewise for the two smallest errors.",
            summary(frame),
            {"other": "percent"},
        ),
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
        Table(
            "bits_by_function",
            "Bits of the derivative that are owed to the library",
            "bits and bits at best as above. Negative: NumPy's errors happened to cancel better.",
            wide(frame, ["problem"], "format", "bits", columns=names),
        ),
        Table("costs", "All costs", "Columns as above, for each function and format.", frame, PLAIN, rows_shown=20),
    ]


def figures(measured: Measured) -> list[Figure]:
    errors, frame = digest(measured)
    order = errors.groupby("function")["largest"].max().sort_values(ascending=False, kind="stable").index
    dots = errors.sort_values("function", key=lambda c: c.map(list(order).index), kind="stable", ignore_index=True)
    dots["function"] = dots["function"].map(written)
    ranked = frame.groupby("problem")["bits"].max().sort_values(ascending=False, kind="stable").index
    bits = frame.sort_values("problem", key=lambda c: c.map(list(ranked).index), kind="stable", ignore_index=True)
    bits["problem"] = bits["problem"].str.replace("_", " ")
    worst = errors.loc[errors.groupby("format", sort=False)["largest"].idxmax()]
    most = summary(frame)
    return [
        Figure(
            "ulps_of_numpy",
            "How many ulps NumPy's functions are off",
            "On the dashed line nothing can be gained: there the functions of the 16-bit formats are, computed in "
            "float32 and rounded. What lies farther right is owed to the library.",
            listed(f"{e.format}: at most {e.largest:.2f} ulp ({e.function})" for e in worst.itertuples()) + ".",
            dots,
            draw_ulps,
            (7.6, 8.2),
            kinds={"*": "platform"},
        ),
        Figure(
            "bits_owed",
            "Bits of the derivative that NumPy's functions cost",
            "How many times larger, as a power of two, the error of the centered difference is than with correctly "
            "rounded functions, at all steps up to the best: a whole bit would be twice the error.",
            listed(f"{e.format}: at most {e.most_bits:.2f} bits" for e in most.itertuples()) + ".",
            bits,
            draw_bits,
            (7.6, 6.6),
            kinds={"*": "platform"},
        ),
    ]


def signed(value):
    """Return bits with two digits and a true minus sign; never minus zero."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def findings(measured: Measured) -> list[str]:
    errors, frame = digest(measured)
    short = summary(frame)
    worst = errors.loc[errors.groupby("format", sort=False)["largest"].idxmax()]
    missed = errors.groupby("format", sort=False)["not_nearest"].mean()
    most, low = short.loc[short["most_bits"].idxmax()], frame.loc[frame["bits_at_best"].idxmin()]
    same = short[short["other"] == 0]
    others = short[short["other"] > 0] if len(same) < len(short) else short
    loss = (
        f" It can be a loss: {signed(low['bits_at_best'])} bits for {low['problem']} in {low['format']}, where the "
        "errors of NumPy's values happen to cancel."
    )
    unchanged = f"; not one result changes in {listed(same['format'])}" if len(same) else ""
    exact = int((measured.records["arithmetic"] == "rounded").sum())
    return [
        f"At most {signed(most['most_bits'])} bits of the derivative ({most['most_in'] or 'any function'} in "
        f"{most['format']}), where one bit is twice the error{unchanged}.",
        "The largest cost is "
        + listed(f"{signed(e.most_bits)} bits in {e.format}" for e in others.itertuples())
        + ", the median over the functions "
        + listed(f"{signed(e.bits)} in {e.format}" for e in others.itertuples())
        + ".",
        "The functions themselves are off by at most "
        + listed(f"{e.largest:.2f} ulp in {e.format} ({e.function})" for e in worst.itertuples())
        + f", where {HALF:g} ulp would be correctly rounded. The share of values that are not the nearest is, on "
        "average over the functions, " + listed(f"{percent(share)} in {name}" for name, share in missed.items()) + ".",
        "Correctly rounded functions change the computed derivative in "
        + listed(f"{percent(e.other)} of the cells in {e.format}" for e in others.itertuples())
        + "; the evaluation part at x is larger with NumPy's functions by a median factor of "
        + listed(f"{e.evaluation_ratio:.2f} in {e.format}" for e in others.itertuples())
        + ".",
        "Between the best steps of both the gain is at most "
        + listed(f"{signed(e.most_at_best)} bits in {e.format}" for e in others.itertuples())
        + "."
        + loss * bool(low["bits_at_best"] < 0),
        f"What correct rounding buys for certain is reproducibility: the {exact} cells that were measured with it are "
        "the same bytes on every machine and under every set of vector instructions; the others hold for the library "
        "and the instructions that the provenance names.",
    ]


EXPERIMENT = Experiment(
    "elementary_functions",
    "What the library's ulps cost",
    "NumPy's against correctly rounded functions: what do ulps of exp cost?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
    measures=MEASURES,
)
