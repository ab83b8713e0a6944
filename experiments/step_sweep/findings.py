"""What the sweep over steps shows, in sentences and small tables."""

from typing import Any

import numpy as np
import pandas as pd

from experiments.frames import RUN, cells, counting, formats_of, in_order, log10, optima
from experiments.step_sweep import sensitivity
from experiments.words import listed, percent, plain, written
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.study.run import Measured

METHODS_SHOWN = ("forward", "centered")
SHOWN = 5
"""How many functions stand at each end of the table of extremes."""
LIMITS = (
    "The functions were collected, not drawn at random: those of the course, of textbooks and papers on numerical "
    "differentiation (the source of each is in the appendix), and SciPy's special functions. Each is taken at one "
    "point. Medians say what is usual among them, not what is usual in the world.",
    "The best step is found from the exact error, on a grid of factor 2. Nobody has the exact error in practice: these "
    "digits are what a rule for the step can hope for, not what it reaches.",
    "Errors are root mean squares over 33 points x(1 + 2⁻⁸r), since a single error can be small by luck. A function "
    "with a feature narrower than that is described by its neighbourhood. How much the factor of the grid and the "
    "number of points matter is measured: see the table.",
    "The truth comes from mpmath and, independently, from Arb's enclosures; the two make the same tables. Functions "
    "that neither can follow (a simulation, a table of data) are not here.",
    "Others do better at other things. FiniteDifferences.jl, numdifftools and scipy.differentiate estimate step and "
    "error for a black box, which this section does not try. Herbie searches for a better way to write an expression, "
    "FPBench is the larger collection of expressions, and CADNA and Verrou find the rounding errors of whole programs.",
)


def digits_by_format(best: pd.DataFrame) -> pd.DataFrame:
    """A row for each format and formula: the median best step, the digits there, and their share of the format's."""
    groups = best[np.isfinite(best["digits"])].groupby(["format", "method"])
    table = pd.DataFrame(
        {
            "functions": groups.size(),
            "step": groups["step_value"].median(),
            "digits": groups["digits"].median(),
            "low": groups["digits"].quantile(0.1),
            "high": groups["digits"].quantile(0.9),
        }
    ).reset_index()
    holds = table["format"].map({name: held_by(name) for name in formats_of(best)})
    return in_order(table.assign(share=table["digits"] / holds), "format", "method")


def held_by(name: str) -> float:
    """The decimal digits that a format holds."""
    return float(-log10(float(FORMATS[name].unit_roundoff)))


def extremes(best: pd.DataFrame) -> pd.DataFrame:
    """The functions with the fewest and with the most digits, centered, in the format that most functions have."""
    finite = cells(best[np.isfinite(best["digits"])], method="centered")
    common = finite.groupby("format")["problem"].nunique().reindex(formats_of(finite)).iloc[::-1].idxmax()
    ordered = finite[finite["format"] == common].sort_values("digits", kind="stable", ignore_index=True)
    chosen = ordered[(ordered.index < SHOWN) | (ordered.index >= len(ordered) - SHOWN)]
    return pd.DataFrame(
        {
            "problem": chosen["problem"],
            "x": chosen["x_value"],
            "format": chosen["format"],
            "step": chosen["step_value"],
            "digits": chosen["digits"],
        }
    ).reset_index(drop=True)


def findings(measured: Measured) -> list[str]:
    """The answer, and what else was found."""
    records, best = measured.records, optima(measured.records)
    table = digits_by_format(best)
    return [
        answer(table),
        *theory(best),
        *spread_of_functions(best),
        price_of_small_steps(records, best),
        sensitivity.finding(measured),
    ]


def answer(table: pd.DataFrame) -> str:
    """How small the error gets, in the format that everybody uses."""
    name = "float64" if "float64" in set(table["format"]) else table["format"].iloc[-1]
    digits = table[table["format"] == name].set_index("method")["digits"]
    return (
        f"At its best step the centered difference usually has {digits['centered']:.1f} correct digits in {name}, the "
        f"forward difference {digits['forward']:.1f}; a larger step has more truncation error, a smaller one more "
        "rounding."
    )


def theory(best: pd.DataFrame) -> list[str]:
    """How much of a format's own precision is left, beside the theory."""
    finite = best[np.isfinite(best["digits"])]
    own = finite["format"].map({name: held_by(name) for name in formats_of(finite)})
    shares = (finite["digits"] / own).groupby(finite["method"], sort=False).median()
    powers = {name: METHODS[name].accuracy_order for name in METHODS_SHOWN}
    predicted = {name: p / (p + 1) for name, p in powers.items()}
    return [
        "An error of hᵖ from the formula against u/h from rounding leaves the share p/(p + 1) of the digits: "
        f"{percent(predicted['forward'])} forward and {percent(predicted['centered'])} centered. Measured, as the "
        f"median over functions and formats: {percent(shares['forward'])} and {percent(shares['centered'])}."
    ]


def spread_of_functions(best: pd.DataFrame) -> list[str]:
    """The easiest and the hardest function, in the format that most have."""
    table = extremes(best)
    if len(table) < 2:
        return []
    low, high = table.iloc[0], table.iloc[-1]
    hard, easy = (written(PROBLEMS[end["problem"]].formula) for end in (low, high))
    return [
        f"Functions differ: with the centered difference in {low['format']}, {hard} at x = {signed(low['x'])} has only "
        f"{low['digits']:.1f} digits at its best step, {easy} at x = {signed(high['x'])} has {high['digits']:.1f}."
    ]


def signed(value: float) -> str:
    """A number of either sign for a sentence."""
    return f"{value:.2g}".replace("-", "−")


def price_of_small_steps(records: pd.DataFrame, best: pd.DataFrame) -> str:
    """What it costs to take the smallest step that still changes x."""
    smallest: Any = counting(records).groupby(RUN, sort=False).tail(1).set_index(RUN)["rms_error"]
    ratio = (smallest / best.set_index(RUN)["rms_error"]).groupby("format", sort=False).median()
    prices = listed(f"{plain(ratio[name])} in {name}" for name in formats_of(best))
    return (
        "“As small as possible” is the wrong rule for h: at the smallest step that still changes x, the error is "
        f"larger than at the best step by a median factor of {prices}."
    )


def advice(measured: Measured) -> list[str]:
    """What to do."""
    table: Any = digits_by_format(optima(measured.records)).set_index(["format", "method"])
    sentences = []
    if "float64" in table.index.get_level_values(0):
        centered, forward = table.loc[("float64", "centered")], table.loc[("float64", "forward")]
        sentences.append(
            f"In float64, for x of order 1, take the centered difference with h near {plain(centered['step'])}, or the "
            f"forward difference with h near {plain(forward['step'])}; for large |x| multiply h by |x|."
        )
    narrow = [name for name in formats_of(table.reset_index()) if FORMATS[name].precision < 24]
    if narrow:
        most = table.loc[[(name, "centered") for name in narrow], "digits"].max()
        sentences.append(
            f"Do not differentiate in {listed(narrow)}: the usual result has {most:.1f} digits at most. Convert x to "
            "float32 or float64 first, and evaluate f there."
        )
    return [*sentences, "If you do not know the scale of f, try a few steps a factor of 10 apart and compare."]
