"""The first screen of the report: what to do, with numbers that are taken from the records of the sweeps."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.error_bars.findings import exact_percent
from experiments.error_bars.scores import ours_by_format
from experiments.frames import blank, counting, formats_of, optima
from experiments.higher_order import higher_order
from experiments.league.cases import JUDGEMENT
from experiments.optimal_step.optimal_step import verdict
from experiments.words import listed, plain
from numdiff.analysis.metrics import correct_digits
from numdiff.report.figures import superscript
from numdiff.report.sections import Advice, Opening
from numdiff.report.tables import Table
from numdiff.study.run import Measured

QUESTION = "Which step, formula and format should a numerical derivative use, and how many digits are then correct?"
KEY = (
    "From right to left the step shrinks; down is better. Each curve is a floating-point format, named beside it. All "
    "come down the same line, the error of the formula; where rounding takes over, a smaller step makes the result "
    "worse. A ring marks the best step."
)
HERO = ("step_sweep", "v_curves")
"""The figure at the top of the report."""
NEEDED = ("step_sweep", "optimal_step", "higher_order", "gradient_check")
"""The sections that the advice leads to: a report without one of them has no opening."""
FORMULAS = ("centered", "forward")
CENTERED = "(f(x + h) − f(x − h))/(2h)".replace(" ", "\N{NO-BREAK SPACE}")
ORDERS = ("centered4", "centered6")
"""What is advised where two evaluations are not enough."""
NARROW = ("float16", "bfloat16")


def opening(measured: Mapping[str, Measured]) -> Opening:
    """Return the opening of a report of all experiments."""
    records, higher = measured["step_sweep"].records, measured["higher_order"].records
    best = best_steps(records)
    return Opening(
        question=QUESTION,
        advice=(
            Advice(f"{usual_case(records, best)} {usual_default(records)}", "optimal_step"),
            Advice(more_digits(higher), "higher_order"),
            Advice(sixteen_bits(best), "step_sweep"),
            *black_box(measured),
            Advice(
                "Check a gradient with `nd.check_gradient`: it compares along a few directions and needs no tolerance. "
                "An undecided verdict is no verdict: check again in a wider format.",
                "gradient_check",
            ),
        ),
        hero=HERO,
        key=KEY,
        table=Table(
            "best_steps",
            "The best step in each format, and the correct digits there",
            "Medians over the functions of the step sweep, for x of order 1; digits are decimal.",
            best_table(records),
            dict.fromkeys(("centered_step", "forward_step"), "e2"),
            headings={
                "centered_step": "centered: best h",
                "centered_digits": "digits",
                "forward_step": "forward: best h",
                "forward_digits": "digits",
            },
            kinds={"*": "platform"},
        ),
        source="step_sweep",
    )


def best_steps(records: pd.DataFrame) -> pd.DataFrame:
    """Return the median over the functions of the best step and of the digits there, by formula and format."""
    found = optima(records)
    found = found[np.isfinite(found["digits"])]
    return found.groupby(["method", "format"], sort=False)[["step_value", "digits"]].median()


def best_table(records: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each format, with the best step and its digits for each formula, rounded for readers."""
    best = best_steps(records)
    table = pd.DataFrame({"format": formats_of(records)})
    for name in FORMULAS:
        of_formula = best.loc[name].reindex(table["format"])
        table[f"{name}_step"] = [float(f"{step:.1e}") for step in of_formula["step_value"]]
        table[f"{name}_digits"] = of_formula["digits"].round(1).to_list()
    return table.apply(blank)


def usual_case(records: pd.DataFrame, best: pd.DataFrame) -> str:
    """Return what to do in float64."""
    step = one_digit(float(best["step_value"].loc[("centered", "float64")]))
    digits = digits_at(records, step)
    low, high = int(np.floor(digits.quantile(0.25))), int(np.ceil(digits.quantile(0.75)))
    return (
        f"In float64 use the centered difference, {CENTERED}, with h ≈ {power(step)}·max(1, |x|): usually {low} to "
        f"{high} digits are correct."
    )


def digits_at(records: pd.DataFrame, step: float) -> pd.Series:
    """Return the correct digits of the centered difference in float64, at the step nearest to step·max(1, |x|)."""
    cells = counting(records)
    cells = cells[(cells["method"] == "centered") & (cells["format"] == "float64") & (cells["reference"] != 0)]
    wanted = step * np.maximum(1.0, cells["x_value"].abs())
    ratio = cells["step_value"] / wanted
    distance = ratio.where(ratio > 1, 1 / ratio)
    nearest = cells.loc[distance.groupby(cells["problem"], sort=False).idxmin()]
    return pd.Series(correct_digits(nearest["rms_error"], nearest["reference"]))


def usual_default(records: pd.DataFrame) -> str:
    """Return what h = 1e-4 costs in float64."""
    verdicts = verdict(records)
    lost = verdicts[verdicts["format"] == "float64"].set_index("method")["digits_lost"]
    return f"The habit h = 1e-4 costs about {lost['centered']:.0f} of them."


def more_digits(records: pd.DataFrame) -> str:
    """Return when another formula than the centered difference pays."""
    summary = higher_order.summary(records)
    digits = summary[summary["format"] == "float64"].set_index("method")["digits"]
    gains = [digits[name] - digits["centered"] for name in ORDERS]
    orders = listed([name.removeprefix("centered") for name in ORDERS])
    return (
        f"For more digits, and where f is smooth, centered differences of order {orders} gain about "
        f"{gains[0]:.0f} and {gains[1]:.0f} digits in float64; where f takes complex numbers, the complex step loses "
        "none."
    )


def sixteen_bits(best: pd.DataFrame) -> str:
    """Return what to do in float16 and bfloat16."""
    narrow = best.loc[[("centered", name) for name in NARROW]].max()
    most, step = float(narrow["digits"]), float(narrow["step_value"])
    return (
        f"In 16 bits no step gives much more than {most:.0f} digits. Take h ≈ {plain(one_digit(step))}, or better: "
        "compute the difference in float32 or float64."
    )


def black_box(measured: Mapping[str, Measured]) -> tuple[Advice, ...]:
    """Return what to do with a function that nothing is known of, where that was measured."""
    found = measured.get("error_bars")
    if found is None or "matches" not in found.frames:
        return ()
    frame = ours_by_format(found)
    if frame.empty:
        return ()
    head = frame[(frame["half"] == JUDGEMENT) & (frame["format"] == "float64") & (frame["noise"] == "none")].iloc[0]
    text = (
        "For a black box call `nd.derivative`: it chooses its steps from values of f, and in float64 its error bar "
        f"holds in {exact_percent(head['coverage'])} of the cases."
    )
    return (Advice(text, "error_bars"),)


def one_digit(value: float) -> float:
    """Return a positive number rounded to one significant digit."""
    return float(f"{value:.0e}")


def power(value: float) -> str:
    """Return a number of one significant digit with a power of ten: 5·10⁻⁶."""
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}·10{superscript(int(exponent))}"
