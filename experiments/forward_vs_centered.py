"""True derivative, forward and centered difference in one picture; why O(h) against O(h²)?"""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from experiments.drawing import draw_geometry, geometry_data, straight
from experiments.experiment import Experiment
from experiments.frames import cells, exact_derivative, formats_of, optima
from experiments.words import listed, plain
from numdiff.analysis.orders import observed_order
from numdiff.arithmetic.rounded import rounded
from numdiff.floats.formats import FORMATS
from numdiff.formulas.differences import centered_difference, forward_difference
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.figures import (
    METHOD_STYLE,
    Figure,
    direct_labels,
    error_axes,
    mark_optimum,
    plot_errors,
    plot_groups,
    slope_guide,
)
from numdiff.report.styles import BLUE, INK, MUTED, VERMILLION
from numdiff.report.tables import Table
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

FUNCTIONS = ("exp", "composition", "ascher_greif_sin", "runge", "sigmoid", "martins_quotient")
SWEEP = Sweep("forward_vs_centered", FUNCTIONS, given_steps=(1e-4,), neighbourhood=True)


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


def tables(measured: Measured) -> list[Table]:
    return [
        Table(
            "halving",
            "What halving the step does to the error: exp at x = 0.5 in float64",
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
            "error_against_step",
            "Error against step in float64: exp at x = 0.5",
            "From the right truncation falls, with slope 1 or 2; to the left rounding rises, with slope −1 for both; "
            "the ring is the best compromise.",
            listed(f"{e.method}: best at h = {plain(e.step_value)}, {e.digits:.1f} digits" for e in best.itertuples()),
            curves,
            partial(draw_v, best=best[["method", "step_value", "rms_error"]]),
        ),
        Figure(
            "pure_truncation",
            "Truncation alone, in exact arithmetic",
            "Without rounding the errors fall for ever, as h and as h²; all below the dashed line is out of reach of "
            "float64.",
            listed(f"{e.method}: {plain(abs(e.truncation))} at h = {plain(e.step_value)}" for e in least.itertuples()),
            pure,
            draw_truncation,
        ),
    ]


def findings(measured: Measured) -> list[str]:
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


def draw_truncation(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the truncation error of each formula, and the level below which a format sees nothing."""
    ax, resolution = (
        error_axes(fig.subplots(), ylabel="absolute truncation error"),
        data["last_digit_in_float64"].iloc[0],
    )
    for name, part in data.groupby("method", sort=False):
        plot_errors(ax, part["step_value"], part["truncation"], METHOD_STYLE[str(name)], str(name))
    ax.axhline(resolution, color=MUTED, linewidth=1.1, linestyle=(0, (4, 2)), label="_slope")
    ax.annotate(
        "last digit of f′(x) in float64",
        (data["step_value"].max(), resolution),
        xytext=(0, -4),
        textcoords="offset points",
        color=MUTED,
        fontsize=9,
        ha="right",
        va="top",
    )
    direct_labels(ax)


def draw_v(fig: Canvas, data: pd.DataFrame, best: pd.DataFrame) -> None:
    """Draw total error against step for two formulas, with the slopes of theory and the best steps."""
    ax = error_axes(fig.subplots(), ylabel="RMS error over 33 points near x")
    plot_groups(ax, data, by="method", y="rms_error")
    for e, side in zip(best.itertuples(), ("above", "below"), strict=True):
        part = data[(data["method"] == e.method) & (data["step_value"] > 3e-4)].iloc[-1]
        order = METHODS[str(e.method)].accuracy_order
        slope_guide(ax, order, (part["step_value"], part["rms_error"]), side=side)
        color = METHOD_STYLE[str(e.method)].text_color
        mark_optimum(ax, e.step_value, e.rms_error, color=color)  # type: ignore[arg-type]
    small = data[data["step_value"] < 1e-13].iloc[0]
    slope_guide(ax, -1, (small["step_value"] / 100, small["rms_error"] * 100), decades=2, side="above")
    direct_labels(ax)


def chord_and_secant(h: float = 0.5) -> Figure:
    """Tangent, secant and chord at one point; their slopes come from the kernels."""
    f, x = rounded(PROBLEMS["exp"].f), 0.75
    ends = (x - h - 0.15, x + h + 0.15)
    forward, centered = (float(d(f, np.array(x), h)) for d in (forward_difference, centered_difference))
    lines = [
        straight(f, "centered", centered, (x - h, x + h), ends, BLUE, "2h"),
        straight(f, "forward", forward, (x, x + h), ends, VERMILLION, "h"),
        straight(f, "tangent", float(rounded(np.exp)(np.array([x]))[0]), (x,), ends, INK),
    ]
    data = geometry_data(f, lines, ends)
    return Figure(
        "chord_and_secant",
        "The centered chord is nearly parallel to the tangent",
        f"y = exp(x) at x = {x:g} with a big step, h = {h:g}: the secant to one side (forward) is too steep; the "
        "chord from x − h to x + h (centered) has nearly the slope of the tangent.",
        "Slopes: " + listed(f"{line.name} {line.slope:.3f}" for line in lines) + ".",
        data,
        partial(draw_geometry, lines=lines, bottom=0.0),
    )


def over_an_interval(h: float = 0.5) -> Figure:
    """f′ and both differences over a period of sin, computed by the kernels."""
    problem, x = PROBLEMS["ascher_greif_sin"], np.linspace(0.0, 2 * np.pi, 121)
    f, true = rounded(problem.f), rounded(np.cos)(x)
    forward, centered = forward_difference(f, x, h), centered_difference(f, x, h)
    data = pd.DataFrame({"x": x, "derivative": true, "forward": forward, "centered": centered})

    return Figure(
        "over_an_interval",
        "The forward difference runs half a step ahead",
        f"f = sin with h = {h:g}: the forward difference is a derivative half a step further on; the centered "
        "one stands in the right place, a little too flat.",
        f"Largest distance from f′: forward {plain(float(np.abs(forward - true).max()))}, centered "
        f"{plain(float(np.abs(centered - true).max()))}.",
        data,
        partial(draw_over_an_interval, h=h),
    )


def draw_over_an_interval(fig: Canvas, data: pd.DataFrame, h: float) -> None:
    """Draw the derivative broadly, before it both differences, and by how much the forward one runs ahead."""
    ax, x = fig.subplots(), data["x"].to_numpy()
    ax.plot(x, data["derivative"], color=INK, linewidth=5, alpha=0.3, label="true f′(x)")
    for name in ("forward", "centered"):
        ax.plot(x, data[name], color=METHOD_STYLE[name].color, linewidth=1.8, label=name)
    zero = np.pi / 2  # of f′; that of the forward difference lies h/2 before it
    ax.annotate("", (zero - h / 2, 0), (zero, 0), arrowprops={"arrowstyle": "->", "shrinkA": 0, "shrinkB": 0})
    ax.annotate("h/2", (zero - h / 2, 0), xytext=(-6, 0), textcoords="offset points", ha="right", va="center")
    ax.set(xlabel="x", ylabel="slope", xlim=(x[0], x[-1]))
    direct_labels(ax)


EXPERIMENT = Experiment(
    "forward_vs_centered",
    "Forward against centered",
    "True derivative, forward and centered difference in one picture: why O(h) against O(h²)?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
)
