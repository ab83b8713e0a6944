"""True derivative, forward and centered difference in one picture; why O(h) against O(h²)?"""

from typing import Any

import pandas as pd

from experiments.experiment import Experiment
from experiments.frames import cells, exact_derivative, formats_of, optima
from experiments.pictures import chord_and_secant, draw_truncation, draw_v, over_an_interval
from experiments.words import listed, plain
from numdiff.analysis.metrics import observed_order
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.report.figures import Figure
from numdiff.report.tables import Table
from numdiff.study.sweep import Sweep

PROBLEMS = ("exp", "composition", "ascher_greif_sin", "runge", "sigmoid", "martins_quotient")
SWEEP = Sweep("forward_vs_centered", PROBLEMS, given_steps=(1e-4,), neighbourhood=True)


def side_by_side(records):
    """Return the errors for exp in float64, and the factor by which each halving of the step divides them."""
    columns: dict[str, Any] = {}
    for name in SWEEP.methods:
        frame = cells(records, problem="exp", format="float64", grid="dyadic", method=name).reset_index()
        error = frame["total"].abs()
        factor = (error.shift() / error).astype(object).where(error.index > 0, None)
        columns |= {"h": frame["step_value"], f"{name}_error": error, f"{name}_factor": factor}
    return pd.DataFrame(columns)


def orders(records):
    """Return observed order and leading constant of each function and formula, beside the theory."""
    rows = []
    for (problem, name), group in records.groupby(["problem", "method"], sort=False):
        p, seen = METHODS[name].accuracy_order, cells(group, format="float64", grid="generic")
        order = observed_order(*(seen[name].to_numpy() for name in ("step_value", "total", "roundoff")))
        exact = cells(group, grid="dyadic").query("state in ('certified', 'exact')").iloc[-1]
        measured = exact["truncation"] / exact["step_value"] ** p
        theory = float(METHODS[name].leading_error_constant) * exact_derivative(problem, p + 1)
        rows.append((problem, name, order.order, order.halfwidth, order.smallest_step, order.largest_step,
                     measured, theory, abs(measured / theory - 1)))  # fmt: skip
    columns = ["problem", "method", "order", "confidence", "from_h", "to_h", "constant", "theory", "deviation"]
    return pd.DataFrame(rows, columns=columns)


def tables(measured):
    return [
        Table(
            "halving", "What halving the step does to the error: exp at x = 0.5 in float64",
            "Total errors at dyadic steps. Factor: the error before over this one; theory says 2 and 4, until "
            "rounding takes over.", side_by_side(measured.records),
        ),
        Table(
            "orders", "Observed orders and leading constants",
            "Order: slope of log error over log h in float64 at generic steps, in the asymptotic window, ± its "
            "95 % confidence. Constant: truncation / hᵖ at the smallest dyadic step, in exact arithmetic; "
            "theory: f″(x)/2 for forward, f‴(x)/6 for centered, from certified derivatives.",
            orders(measured.records), {"order": "g6", "constant": "g6", "theory": "g6"},
            headings={"confidence": "±", "deviation": "relative deviation"},
        ),
    ]  # fmt: skip


def figures(measured):
    curves = cells(measured.records, problem="exp", format="float64", grid="generic")
    curves = curves[["method", "step_value", "rms_error", "status"]]
    best: Any = optima(measured.records).query("problem == 'exp' and format == 'float64'")
    pure = cells(measured.records, problem="exp", grid="dyadic").drop_duplicates(["method", "step_value"])
    last = float(FORMATS["float64"].unit_roundoff) * abs(pure["reference"].iloc[0])
    pure = pure[["method", "step_value", "truncation"]].assign(last_digit_in_float64=last)
    least: Any = pure.groupby("method", sort=False).tail(1)
    return [
        chord_and_secant(),
        over_an_interval(),
        Figure(
            "error_against_step", "Error against step in float64: exp at x = 0.5",
            "From the right truncation falls, with slope 1 or 2; to the left rounding rises, with slope −1 for both; "
            "the ring is the best compromise.",
            listed(f"{e.method}: best at h = {plain(e.step_value)}, {e.digits:.1f} digits" for e in best.itertuples()),
            curves, lambda fig: draw_v(fig, curves, best),
        ),
        Figure(
            "pure_truncation", "Truncation alone, in exact arithmetic",
            "Without rounding the errors fall for ever, as h and as h²; all below the dashed line is out of reach of "
            "float64.",
            listed(f"{e.method}: {plain(abs(e.truncation))} at h = {plain(e.step_value)}" for e in least.itertuples()),
            pure, lambda fig: draw_truncation(fig, pure, last),
        ),
    ]  # fmt: skip


def findings(measured):
    table, best = orders(measured.records), optima(measured.records)
    span = {m: f"{g['order'].min():.3f} to {g['order'].max():.3f}" for m, g in table.groupby("method")}
    digits = best.groupby(["format", "method"])["digits"].median()
    pure = cells(measured.records, problem="exp", grid="dyadic")
    exact = {m: abs(cells(pure, method=m)["truncation"].iloc[-1]) for m in SWEEP.methods}
    gains = listed(f"{digits[f, 'forward']:.1f} to {digits[f, 'centered']:.1f} in {f}" for f in formats_of(best))
    return [
        f"In the centered difference the even Taylor terms cancel by symmetry: over {table['problem'].nunique()} "
        f"functions its observed order is {span['centered']}, that of the forward difference {span['forward']}.",
        "Taylor: f(x ± h) = f(x) ± hf′(x) + h²f″(x)/2 ± h³f‴(x)/6 + …, so that (f(x + h) − f(x))/h keeps the error "
        "hf″(x)/2, while in f(x + h) − f(x − h) all even powers cancel and h²f‴(x)/6 remains; measured in exact "
        f"arithmetic, these constants deviate from theory by at most {plain(table['deviation'].max())} (relative).",
        f"At the best step the median number of correct digits goes, forward to centered, from {gains}; both take two "
        "function values.",
        f"Truncation itself has no floor: at h = {plain(pure['step_value'].min())} it is {plain(exact['forward'])} "
        f"(forward) and {plain(exact['centered'])} (centered) for exp; only rounding stops the error from falling.",
    ]


EXPERIMENT = Experiment(
    "forward_vs_centered",
    "Forward against centered",
    "True derivative, forward and centered difference in one picture: why O(h) against O(h²)?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
)
