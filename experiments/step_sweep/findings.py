"""What the sweep over steps shows, in sentences."""

import numpy as np
import pandas as pd

from experiments.frames import RUN, cells, counting, formats_of, log10, optima
from experiments.words import counted, listed, plain
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.study.run import Measured

METHODS_SHOWN = ("forward", "centered")


def sentence_of_digits(best: pd.DataFrame) -> str:
    """The median of the correct digits by formula and format, in words."""
    finite = best[np.isfinite(best["digits"])]
    medians = finite.groupby(["method", "format"], sort=False)["digits"].median()
    parts = [
        f"{method} " + listed(f"{medians[method, name]:.1f} ({name})" for name in formats_of(best))
        for method in METHODS_SHOWN
    ]
    return " digits; ".join(parts) + " digits"


def findings(measured: Measured) -> list[str]:
    records, best = measured.records, optima(measured.records)
    finite = best[np.isfinite(best["digits"])]
    return [
        f"Even at the best step a difference quotient keeps only a part of the digits of its format. The median over "
        f"{counted(finite['problem'].nunique(), 'function')}: {sentence_of_digits(best)}.",
        *shares_of_digits(finite),
        *extremes(finite),
        price_of_small_steps(records, best),
        same_truncation(records),
    ]


def shares_of_digits(finite: pd.DataFrame) -> list[str]:
    """How much of a format's own precision is left."""
    own = finite["format"].map({name: -log10(float(FORMATS[name].unit_roundoff)) for name in formats_of(finite)})
    shares = (finite["digits"] / own).groupby(finite["method"], sort=False).median()
    theory = {name: METHODS[name].accuracy_order / (METHODS[name].accuracy_order + 1) for name in METHODS_SHOWN}
    return [
        f"As a share of the digits that the format holds, the median is {100 * shares['forward']:.0f} % with the "
        f"forward and {100 * shares['centered']:.0f} % with the centered difference; the textbook model, an error of "
        f"order h or h² against rounding of order u/h, predicts {100 * theory['forward']:.0f} % and "
        f"{100 * theory['centered']:.0f} %."
    ]


def extremes(finite: pd.DataFrame) -> list[str]:
    """The easiest and the hardest function, in the format that everybody uses."""
    chosen = cells(finite, method="centered", format="float64").sort_values("digits", kind="stable")
    if chosen.empty:
        return []
    low, high = chosen.iloc[0], chosen.iloc[-1]
    return [
        f"In float64 with the centered difference the functions differ by {high['digits'] - low['digits']:.1f} digits: "
        f"{low['problem']} allows {low['digits']:.1f}, {high['problem']} {high['digits']:.1f}."
    ]


def price_of_small_steps(records: pd.DataFrame, best: pd.DataFrame) -> str:
    """What it costs to take the smallest step that still changes x."""
    smallest = counting(records).groupby(RUN, sort=False).tail(1).set_index(RUN)["rms_error"]
    ratio = (smallest / best.set_index(RUN)["rms_error"]).groupby("format", sort=False).median()
    prices = listed(f"{plain(ratio[name])} in {name}" for name in formats_of(best))
    return (
        "“As small as possible” is the wrong rule: at the smallest step of the grid that still separates the nodes, "
        f"the median error is larger than at the best step by a factor of {prices}."
    )


def same_truncation(records: pd.DataFrame) -> str:
    """Whether the truncation error at dyadic steps is one number for all formats."""
    dyadic = records[(records["grid"] == "dyadic") & records["truncation"].notna()]
    rows = dyadic.groupby(["problem", "method", "k"], sort=False)["truncation"].agg(["nunique", "size"])
    shared = rows[rows["size"] > 1]
    return (
        f"At dyadic steps the truncation error is the same double in every format that has the step in "
        f"{int((shared['nunique'] == 1).sum())} of {len(shared)} rows of the truncation table."
    )
