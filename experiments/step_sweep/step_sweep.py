"""The core of the suite: error against step for every function, formula and format."""

from functools import partial

import numpy as np
import pandas as pd

from experiments.drawing import curves
from experiments.experiment import Experiment
from experiments.frames import (
    RUN,
    cells,
    formats_of,
    measured_of,
    of_grid,
    optima,
)
from experiments.step_sweep.drawing import (
    draw_both_formulas,
    draw_bounds,
    draw_digits_map,
    draw_many_functions,
    draw_v_curves,
)
from experiments.step_sweep.findings import METHODS_SHOWN, findings, sentence_of_digits
from experiments.words import PROVED, listed, plain, written
from numdiff.problems import CLASSIC, PROBLEMS, SPECIAL, STEP4
from numdiff.report.figures import Figure
from numdiff.report.tables import Table, wide
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

FUNCTIONS = tuple(problem.name for problem in (*STEP4, *CLASSIC, *SPECIAL))
"""Other families are the matter of their own experiments."""
SWEEP = Sweep("step_sweep", FUNCTIONS, METHODS_SHOWN, given_steps=(1e-4,), neighbourhood=True, predictions=True)

SHOWCASE = ("composition", "exp")
PANELS = (
    "shi_flat",
    "oliver_reciprocal",
    "nash_log_near_zero",
    "oscillation",
    "runge",
    "arctan_wave_front",
    "signed_square",
    "saito_parabola",
    "kostyrka_line",
)


def tables(measured: Measured) -> list[Table]:
    floats = dict.fromkeys(formats_of(measured.records), "g3")
    return [
        Table(
            "attained_accuracy",
            "The best accuracy that any step gives",
            "Smallest RMS error over the 33 points x(1 + 2⁻⁸r) on the generic grid, relative to |f′(x)|. Where "
            "f′(x) = 0 there is no relative error; the absolute one is shown.",
            attained(measured.records),
            floats,
        ),
    ]


def attained(records: pd.DataFrame) -> pd.DataFrame:
    """One row for each function and formula: the error at the observed optimum."""
    best = optima(records)
    zero = best["reference"] == 0
    best["error"] = (best["rms_error"] / best["reference"].abs().mask(zero)).mask(zero, best["rms_error"])
    best["measure"] = np.where(zero, "absolute", "relative")
    return wide(best, ["problem", "method", "measure"], "format", "error", None, columns=formats_of(records))


def figures(measured: Measured) -> list[Figure]:
    records, best = measured.records, optima(measured.records)
    return [
        v_curves(records, best),
        both_formulas(records, best),
        bounds_figure(records),
        many_functions(records, best),
        digits_map(best),
    ]


def v_curves(records: pd.DataFrame, best: pd.DataFrame) -> Figure:
    name = measured_of(records, SHOWCASE)[0]
    frame = curves(cells(records, method="centered"), best, [name])
    marks = cells(best, problem=name, method="centered")

    return Figure(
        "v_curves",
        f"One truncation error, a V for each format: centered difference of {name}",
        f"The derivative of {written(PROBLEMS[name].formula)} at x = {PROBLEMS[name].points[0]:g}. From the right, all "
        "formats come down the same line, the truncation error of the formula (grey). Each leaves it where its own "
        "rounding error takes over; from there a smaller step only makes things worse. RMS error over 33 neighbouring "
        "points, generic steps; a ring marks the best step of each format, with the correct digits there. Thin black "
        "lines and diamonds: error and best step as predicted, from derivatives and the bound of the rounding error "
        "alone.",
        f"Curves in the shape of a V share their right arm, the truncation error. The wider the format, the later its "
        f"rounding error takes over: the best step goes from {plain(marks['step_value'].max())} down to "
        f"{plain(marks['step_value'].min())}, and the accuracy there from {marks['digits'].min():.1f} up to "
        f"{marks['digits'].max():.1f} digits.",
        frame,
        draw_v_curves,
        (7.6, 5.0),
    )


def both_formulas(records: pd.DataFrame, best: pd.DataFrame) -> Figure:
    name = measured_of(records, SHOWCASE)[0]
    frame = curves(records, best, [name])

    return Figure(
        "forward_and_centered",
        f"Forward against centered difference in every format: {name}",
        "The centered difference has the steeper truncation line (two decades for one of h, against one), so that the "
        "same rounding error meets it lower and at a larger step. Otherwise as in the figure before.",
        "With the steeper truncation line of the centered difference the best point of each V lies lower and further "
        f"right: {sentence_of_digits(best[best['problem'] == name])}.",
        frame,
        draw_both_formulas,
        (7.6, 4.0),
    )


def bounds_figure(records: pd.DataFrame) -> Figure:
    name = measured_of(records, SHOWCASE)[0]
    chosen = of_grid(cells(records, problem=name), "generic")
    frame = chosen[["format", "method", "step_value", "status", "a_priori_bound"]].assign(error=chosen["total"].abs())
    usable = frame[(frame["status"] == "ok") & np.isfinite(frame["a_priori_bound"]) & (frame["error"] > 0)]
    above = int((usable["error"] > usable["a_priori_bound"]).sum())
    ratio = (usable["a_priori_bound"] / usable["error"]).median()

    return Figure(
        "a_priori_bounds",
        f"No error exceeds its a priori bound: {name}",
        "Absolute error at the point itself, generic steps; dashed, in the colour of the formula, the a priori bound "
        f"on the total error, known from function, point, step and format, without a run; {PROVED}. "
        "Where a line ends there is no finite one, because a function value may overflow. Each "
        "panel has its own scales.",
        f"{above} of {len(usable)} errors lie above their a priori bounds; in the median a bound is {plain(ratio)} "
        "times the error.",
        frame,
        draw_bounds,
        (7.6, 5.2),
    )


def many_functions(records: pd.DataFrame, best: pd.DataFrame) -> Figure:
    names = measured_of(records, PANELS)
    frame = curves(cells(records, method="centered"), best, names, relative=False)

    return Figure(
        "many_functions",
        "The V is a matter of the function, too: centered differences",
        "Absolute RMS error over 33 neighbouring points, generic steps; the truncation error at x is grey and absent "
        "where it is exactly 0 (line, parabola): there the largest step is the best one. Functions that vary fast "
        "need small steps; x|x| has a kink at 0, where the truncation error is O(h) and larger than at the neighbours. "
        "Diamonds are the predicted optima; x|x| has none at its kink. Crosses: at the left the step is absorbed, "
        "x + h = x; at the right x − h is outside of the domain.",
        f"Panels for {listed(names)}: where the truncation error is not 0, each format has its V, at other steps and "
        "heights for each function.",
        frame,
        partial(draw_many_functions, names=tuple(names)),
        (7.6, 1.9 * -(-len(names) // 3) + 1.2),
    )


def digits_map(best: pd.DataFrame) -> Figure:
    """A map of function and format, the functions with the most digits on top."""
    frame = best[[*RUN, "step_value", "digits"]]
    table = frame[frame["method"] == "centered"].pivot(index="problem", columns="format", values="digits")
    table = table.loc[frame["problem"].unique(), formats_of(frame)]
    common = table.notna().sum().iloc[::-1].idxmax()  # the widest format among those that most functions have
    names = list(table[common].sort_values(ascending=False, kind="stable").index)
    return Figure(
        "digits_map",
        "Correct digits at the best step, for every function and format",
        "Correct decimal digits, −log₁₀ of the relative RMS error at the best generic step. The functions are sorted "
        f"by their digits with the centered difference in {common}. Where f′ = 0 there is no relative error. A dash: "
        "SciPy does not compute the function in the format.",
        f"Every function gains digits with the width of the format; in the median {sentence_of_digits(best)}.",
        frame,
        partial(draw_digits_map, names=tuple(names)),
        (7.6, 0.2 * len(names) + 0.7),
        kinds={"step_value": "platform"},
    )


EXPERIMENT = Experiment(
    "step_sweep",
    "Error against step: every function, formula and format",
    "How large is the error of a difference quotient at each step, in each format, and how small can it get?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
)
