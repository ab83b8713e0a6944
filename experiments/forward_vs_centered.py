"""True derivative, forward and centered difference in one picture; why O(h) against O(h²)?"""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure as Canvas

from experiments.experiment import Experiment
from experiments.frames import cells, exact_derivative, formats_of, optima
from experiments.words import counted, listed, plain
from numdiff.analysis.orders import observed_order
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.report.figures import METHOD_STYLE, Figure, direct_labels, error_axes, order_text, plot_errors, subject
from numdiff.report.styles import MUTED
from numdiff.report.tables import Table
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

FUNCTIONS = ("exp", "composition", "ascher_greif_sin", "runge", "sigmoid", "martins_quotient")
SWEEP = Sweep("forward_vs_centered", FUNCTIONS, given_steps=(1e-4,), neighbourhood=True)
ANSWERED = "float64"
"""The format of the answer."""
LIMITS = (
    "Six smooth functions, each at one point where f″ and f‴ are not 0: eˣ, the course's composition, the sigmoid, and "
    "three that textbooks use (a sine, Runge's function, a quotient of Martins and others). Where f‴ does not exist, "
    "as for x·|x| at 0, the centered difference has a lower order.",
    "At the edge of a domain there is no value on the other side: one-sided formulas of higher order take its place.",
    "The best step is known to the factor of 2 between two steps of the grid, and it is found from the exact error: "
    "who has no reference does somewhat worse.",
    "These are the two simplest formulas. Fornberg (Mathematics of Computation 51, 1988) computes the weights for any "
    "set of points, also one-sided and uneven ones, and FiniteDifferences.jl does so for a grid of one's own.",
)


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
        rows.append(
            (
                problem,
                name,
                order.order,
                order.halfwidth,
                order.smallest_step,
                order.largest_step,
                measured,
                theory,
                abs(measured / theory - 1),
            )
        )
    columns = ["problem", "method", "order", "confidence", "from_h", "to_h", "constant", "theory", "deviation"]
    return pd.DataFrame(rows, columns=columns)


def best_of_formats(records):
    """Return, for each format, the median best step and digits of both formulas, and the digits gained."""
    best = optima(records)
    grouped: Any = best.groupby(["format", "method"])[["step_value", "digits"]].median()
    rows = []
    for name in formats_of(best):
        forward, centered = (grouped.loc[(name, str(method))] for method in SWEEP.methods)
        gain = centered["digits"] - forward["digits"]
        rows.append((name, forward["step_value"], forward["digits"], centered["step_value"], centered["digits"], gain))
    columns = ["format", "forward_h", "forward_digits", "centered_h", "centered_digits", "gain"]
    return pd.DataFrame(rows, columns=columns)


def tables(measured: Measured) -> list[Table]:
    return [
        Table(
            "digits",
            "What the second side buys: best step and correct digits of both formulas",
            f"Medians over {counted(measured.records['problem'].nunique(), 'function')} at generic steps; the best "
            "step "
            "has the smallest RMS error over 33 neighbouring points. Gain: digits of centered less those of forward.",
            best_of_formats(measured.records),
            headings={
                "forward_h": "forward: best h",
                "forward_digits": "digits",
                "centered_h": "centered: best h",
                "centered_digits": "digits",
            },
        ),
        Table(
            "halving",
            "What halving the step does to the error: eˣ at x = 0.5 in float64",
            "Total errors at dyadic steps. Factor: the error before over this one; theory says 2 and 4, until "
            "rounding takes over.",
            side_by_side(measured.records),
        ),
        Table(
            "orders",
            "Observed orders and leading constants",
            "Order: slope of log error over log h in float64 at generic steps, in the asymptotic window, ± its "
            "95 % confidence. Constant: truncation / hᵖ at the smallest dyadic step, in exact arithmetic; "
            "theory: f″(x)/2 for forward, f‴(x)/6 for centered, from certified derivatives.",
            orders(measured.records),
            {"order": "g6", "constant": "g6", "theory": "g6"},
            headings={"confidence": "±", "deviation": "relative deviation"},
        ),
    ]


def figures(measured: Measured) -> list[Figure]:
    pure = cells(measured.records, problem="exp", grid="dyadic").drop_duplicates(["method", "step_value"])
    last = float(FORMATS["float64"].unit_roundoff) * abs(pure["reference"].iloc[0])
    pure = pure[["method", "step_value", "truncation"]].assign(last_digit_in_float64=last)
    tenth: Any = pure[pure["step_value"] == 2.0**-10]
    return [
        Figure(
            "pure_truncation",
            "The formula's own error: a tenth of the step takes away one digit forward, two digits centered",
            "eˣ at x = 0.5 in exact arithmetic, where nothing is rounded: the errors go on falling as h and as h². "
            "What lies below the dashed line float64 cannot show.",
            "Two straight lines that fall to the left, the centered one twice as steep. At h = 2⁻¹⁰: "
            + listed(f"{e.method} {plain(abs(e.truncation))}" for e in tenth.itertuples())
            + ".",
            pure,
            draw_truncation,
        ),
    ]


def findings(measured: Measured) -> list[str]:
    table, best = orders(measured.records), best_of_formats(measured.records).set_index("format")
    span = {m: f"{g['order'].min():.3f} to {g['order'].max():.3f}" for m, g in table.groupby("method")}
    digits = best.loc[ANSWERED]
    return [
        "Symmetry cancels every second term of the error, for the same two function values: at its best step in "
        f"float64 the centered difference has {digits['centered_digits']:.1f} correct digits, the forward difference "
        f"{digits['forward_digits']:.1f}.",
        "By Taylor's theorem (f(x + h) − f(x))/h is f′(x) + hf″(x)/2 + …; in f(x + h) − f(x − h) the even powers "
        "cancel, and (f(x + h) − f(x − h))/(2h) is f′(x) + h²f‴(x)/6 + ….",
        f"So it is measured: over {counted(table['problem'].nunique(), 'function')} the observed order is "
        f"{span['forward']} forward and {span['centered']} centered.",
        f"The constants f″(x)/2 and f‴(x)/6 are met to a relative {plain(table['deviation'].max())} at the smallest "
        "step, in exact arithmetic.",
    ]


def advice(measured: Measured) -> list[str]:
    best = best_of_formats(measured.records).set_index("format").loc[ANSWERED]
    return [
        "Where f can be evaluated on both sides, take the centered difference: it costs the same two values.",
        f"Each formula needs its own step. In float64 the centered difference is best near "
        f"h = {plain(best['centered_h'])}, the forward difference near h = {plain(best['forward_h'])}; with the step "
        "of "
        "the other, either gives away digits.",
        "Take the forward difference where f(x) is known anyway and values are dear, or where there is no other side.",
    ]


def draw_truncation(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the truncation error of each formula, and the level below which float64 shows nothing."""
    ax = error_axes(fig.subplots(), ylabel="absolute truncation error")
    resolution = data["last_digit_in_float64"].iloc[0]
    for name, part in data.groupby("method", sort=False):
        label = f"{name}, {order_text(METHODS[str(name)].accuracy_order)}"
        plot_errors(ax, part["step_value"], part["truncation"], METHOD_STYLE[str(name)], label)
    ax.axhline(resolution, color=MUTED, linewidth=1.1, linestyle=(0, (4, 2)), label="_slope")
    ax.annotate(
        "last digit\nof float64",
        (data["step_value"].max(), resolution),
        xytext=(0, -4),
        textcoords="offset points",
        color=MUTED,
        fontsize=9,
        ha="right",
        va="top",
    )
    subject(fig, "eˣ at x = 0.5 in exact arithmetic, without any rounding:")
    direct_labels(ax)


EXPERIMENT = Experiment(
    "forward_vs_centered",
    "Forward against centered",
    "True derivative, forward and centered difference in one picture: why O(h) against O(h²)?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
    advice=advice,
    limits=LIMITS,
)
