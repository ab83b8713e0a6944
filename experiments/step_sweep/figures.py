"""The figures of the sweep: a V for each format, the digits of all functions, the V of other functions."""

from functools import partial

import numpy as np
import pandas as pd

from experiments.drawing import curves
from experiments.frames import RUN, cells, formats_of, log10, measured_of, optima
from experiments.step_sweep.drawing import draw_digits, draw_many_functions, draw_v_curves
from experiments.words import counted, listed, plain, written
from numdiff.floats.formats import FORMATS
from numdiff.problems import PROBLEMS
from numdiff.report.figures import Figure
from numdiff.study.run import Measured

SHOWCASE = ("composition", "exp")
PANELS = (
    "oscillation",
    "runge",
    "oliver_reciprocal",
    "nash_log_near_zero",
    "shi_flat",
    "kostyrka_line",
)
PANEL_FORMATS = ("float16", "float32", "float64")


def figures(measured: Measured) -> list[Figure]:
    """The figures of the section, the one that answers first."""
    records, best = measured.records, optima(measured.records)
    return [v_curves(records, best), digits_of_functions(best), many_functions(records, best)]


def v_curves(records: pd.DataFrame, best: pd.DataFrame) -> Figure:
    """One function, the centered difference, every format."""
    name = measured_of(records, SHOWCASE)[0]
    frame = curves(cells(records, method="centered"), best, [name])
    marks = cells(best, problem=name, method="centered")
    where = f"{written(PROBLEMS[name].formula)} at x = {PROBLEMS[name].points[0]:g}"

    return Figure(
        "v_curves",
        "A smaller step helps until rounding takes over; each format has its own best step",
        f"Relative error of the centered difference of {where} (RMS over 33 points near x). From the right "
        "all formats come down one line, "
        "the truncation error; each leaves it where its own rounding takes over. Dashed and ◆: error and best step as "
        "predicted without a difference quotient, from derivatives and rounding errors alone.",
        f"Curves in the shape of a V share their right arm, the truncation error. The wider the format, the lower and "
        f"farther left is its best step, from h = {plain(marks['step_value'].max())} with "
        f"{marks['digits'].min():.1f} correct digits down to h = {plain(marks['step_value'].min())} with "
        f"{marks['digits'].max():.1f}. The predicted curves lie on the measured ones.",
        frame,
        partial(draw_v_curves, drawn=f"Centered difference of {where}, in {len(formats_of(frame))} formats"),
        (7.6, 5.0),
    )


def digits_of_functions(best: pd.DataFrame) -> Figure:
    """The digits at the best step of every function, formula and format."""
    frame = best.loc[np.isfinite(best["digits"]), [*RUN, "step_value", "truncation", "digits"]].reset_index(drop=True)
    held = frame["format"].map({name: -log10(float(FORMATS[name].unit_roundoff)) for name in formats_of(frame)})
    frame = frame.assign(held=held, share=frame["digits"] / held)
    medians = frame.groupby(["method", "format"])["digits"].median()
    by_method = [
        f"{method} {medians[method].min():.1f} to {medians[method].max():.1f}" for method in ("forward", "centered")
    ]
    return Figure(
        "digits_of_functions",
        "At its best step the forward difference keeps half of a format's digits, the centered two thirds",
        f"{counted(frame['problem'].nunique(), 'function')}: correct digits at the best step of each, in each format "
        "and with each formula, over the digits that the format holds, −log₁₀ u with the unit roundoff u. "
        "Functions with f′ = 0, and exact results, have no number of digits and are left out.",
        "Lanes of dots, those of the forward difference above those of the centered one. In each lane the dots stand "
        "close together, around the line at one half for the forward and at two thirds for the centered one. "
        f"Medians over the formats: {listed(by_method)} digits.",
        frame,
        draw_digits,
        (7.6, 7.0),
        kinds={"*": "platform"},
    )


def many_functions(records: pd.DataFrame, best: pd.DataFrame) -> Figure:
    """Six functions, the centered difference, three formats."""
    names = measured_of(records, PANELS)
    chosen = cells(records, method="centered")
    chosen = chosen[chosen["format"].isin(PANEL_FORMATS)]
    frame = curves(chosen, best, names)
    rings = frame[frame["best"] & (frame["format"] == formats_of(frame)[-1])]

    return Figure(
        "many_functions",
        "The best step depends on the function, too",
        "Relative error of the centered difference. A function that varies fast needs a smaller step (the sine, and "
        "1/x and the logarithm close to 0); without a truncation error (the line) the largest step is best. ◆: the "
        "predicted best step, where its assumptions hold.",
        f"{len(names)} panels, each with a V for {listed(formats_of(frame))}; the lowest points lie at other steps "
        f"in each panel, in {formats_of(frame)[-1]} from h = {plain(rings['step_value'].min())} to "
        f"{plain(rings['step_value'].max())}.",
        frame,
        partial(draw_many_functions, names=tuple(names)),
        (7.6, 2.0 * -(-len(names) // 3) + 1.2),
    )
