"""Higher-order stencils, Richardson, complex step: what does accuracy order buy in each format?"""

from functools import partial

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from experiments.drawing import dot_rows
from experiments.experiment import Experiment
from experiments.frames import cells, formats_of, in_order, log10, measured_of, optima, step_kinds, step_table
from experiments.words import ENDS, listed, plain
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.report.figures import (
    FORMAT_STYLE,
    METHOD_STYLE,
    Figure,
    direct_labels,
    error_axes,
    label_of,
    mark_optimum,
    plot_groups,
)
from numdiff.report.tables import Table, wide
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

SWEEP = Sweep(
    "higher_order",
    ("exp", "composition", "martins_quotient", "runge", "oscillation", "ascher_greif_sin"),
    (
        "forward",
        "forward2",
        "centered",
        "centered4",
        "centered_richardson2",
        "centered6",
        "centered8",
        "complex_step",
        "second_centered",
    ),
    grids=("generic",),
    neighbourhood=True,
)
NEARLY_EXACT = 10
"""Units of roundoff up to which the complex step counts as exact."""
EXTRAPOLATED = ("centered4", "centered_richardson2")
ORDERS = ("centered", "centered4", "centered6", "centered8")


def best(records):
    """Return the best cell of each function, formula and format, with its error relative to the derivative."""
    frame = optima(records)
    return frame.assign(relative=frame["rms_error"] / frame["reference"].abs())


def summary(records):
    """Return medians over the functions for each formula and format, and what the format could hold."""
    rows = []
    failed = records.assign(failed=(records["status"] != "ok") | (records["failures"] > 0))
    lost = failed.groupby(["method", "format"])["failed"].sum()
    for (name, format_), group in best(records).groupby(["method", "format"], sort=False):
        digits, limit = group["digits"], -float(log10(float(FORMATS[format_].unit_roundoff)))
        rows.append(
            (
                name,
                format_,
                METHODS[name].evaluations,
                digits.median(),
                digits.min(),
                digits.max(),
                limit,
                group["step_value"].median(),
                len(group),
                lost[name, format_],
            )
        )
    columns = ["method", "format", "evaluations", "digits", "low", "high", "limit", "step", "functions", "failed_cells"]
    frame = in_order(pd.DataFrame(rows, columns=columns), "format")
    return frame.sort_values("method", key=lambda m: m.map(SWEEP.methods.index), kind="stable", ignore_index=True)


def tables(measured: Measured) -> list[Table]:
    frame, names = best(measured.records), formats_of(measured.records)
    keys = ["problem", "method", "evaluations"]
    return [
        Table(
            "digits",
            "Correct digits at the best step, by formula and format",
            "Generic steps. Digits are −log₁₀ of the RMS error over 33 neighbouring points relative to |f⁽ᵐ⁾(x)|, at "
            "the best step: median, lowest and highest over the functions; limit: −log₁₀ u, what the format holds; "
            "failed cells are counted and take no part.",
            summary(measured.records),
            rows_shown=60,
            kinds={"step": "platform"},
        ),
        Table(
            "best_errors",
            "Smallest relative error",
            "Generic steps, RMS over 33 neighbouring points. Empty: not available.",
            wide(frame, keys, "format", "relative", columns=names),
            rows_shown=60,
        ),
        Table(
            "best_steps",
            "Best step",
            "The generic step of the smallest error. Empty: not available.",
            wide(frame, keys, "format", "step_value", columns=names),
            rows_shown=60,
        ),
        *(
            Table(
                part,
                f"{part.capitalize()} error of every formula",
                f"{what}, with its sign, at generic steps "
                f"h = fl(1.2357·2⁻ᵏ), shown before rounding. A word: why there is no number. {ENDS}",
                step_table(measured.records, "generic", part),
                dict.fromkeys(names, "g3"),
                kinds=step_kinds(measured.records, part),
                where={"grid": "generic"},
            )
            for part, what in (
                ("truncation", "Error of the formula in exact arithmetic"),
                ("roundoff", "All that is not truncation"),
            )
        ),
    ]


def figures(measured: Measured) -> list[Figure]:
    (shown,), frame = measured_of(measured.records, ["martins_quotient"]), summary(measured.records)
    curves = cells(measured.records, problem=shown, format="float64")
    curves = curves[~curves["method"].isin(["second_centered", "centered_richardson2"])]
    curves = curves[["method", "step_value", "rms_error", "status"]]
    curves = pd.concat([curves[curves["method"] == name] for name in SWEEP.methods])
    rings = cells(best(measured.records), problem=shown, format="float64")
    rings = rings[rings["method"].isin(["forward", *ORDERS])]
    median = frame.set_index(["format", "method"])["digits"]
    dots = frame.assign(row=[row_name(name) for name in frame["method"]])

    return [
        Figure(
            "all_formulas",
            f"Error against step in float64: {shown}",
            "The higher the order, the steeper the fall from the right and the larger the best step (ring); to the "
            "left all differences share one rounding error, which the complex step does not have.",
            "Median digits in float64: "
            + listed(f"{m} {median['float64', m]:.1f}" for m in SWEEP.methods if ("float64", m) in median.index)
            + ".",
            curves,
            partial(draw_formulas, rings=rings[["method", "step_value", "rms_error"]]),
            (7.2, 5.4),
        ),
        Figure(
            "digits_by_format",
            "Correct digits at the best step, by formula and format",
            "Dots are medians over the functions, thin lines run from the worst to the best function, dashed lines "
            "show what each format can hold: the distance to it is what the formula loses.",
            listed(
                f"{f}: {median[f, 'centered']:.1f} digits at order 2, {median[f, 'centered8']:.1f} at order 8"
                for f in formats_of(frame)
            )
            + ".",
            dots,
            draw_digits,
            (7.2, 6.4),
            kinds={"step": "platform"},
        ),
    ]


def row_name(name):
    """Return the name of a formula with its number of function values, on two lines."""
    number = METHODS[name].evaluations
    return f"{label_of(name)}\n{number} value{'s' * (number > 1)}"


def change(digits, low, high):
    """Return how the digits change between two formulas, in every format, as words."""
    by_format = digits.unstack()
    gains = {f: round(by_format.loc[f, high] - by_format.loc[f, low], 1) + 0.0 for f in digits.index.levels[0]}
    return gains, listed(f"{gain:+.1f} in {f}".replace("-", "−") for f, gain in gains.items())


def findings(measured: Measured) -> list[str]:
    frame, records = summary(measured.records), measured.records
    digits, steps = (frame.set_index(["format", "method"])[name] for name in ("digits", "step"))
    gains, all_orders = change(digits, "centered", "centered8")
    _, last_order = change(digits, "centered6", "centered8")
    one_node, second = (frame[frame["method"] == m] for m in ("complex_step", "second_centered"))
    pair = [cells(records, method=m).set_index(["problem", "format", "k"])["computed"] for m in EXTRAPOLATED]
    return [
        f"Order buys most in {max(gains, key=gains.get)} and least in {min(gains, key=gains.get)}: from order 2 to "
        f"order 8 the median number of correct digits at the best step changes by {all_orders}, for "
        f"{METHODS['centered8'].evaluations} function values instead of {METHODS['centered'].evaluations}.",
        f"The last two orders, from 6 to 8, change it by {last_order}.",
        *complex_findings(records, one_node),
        "The best step depends on the order: its median in float64 is "
        + listed(f"{plain(steps['float64', m])} at order {METHODS[m].accuracy_order}" for m in ("forward", *ORDERS))
        + ".",
        "Richardson extrapolation of the centered difference is the centered formula of order 4: the results are the "
        f"same bits in {int((pair[0] == pair[1]).sum())} of {len(pair[0])} cells.",
        "For the second derivative the centered formula has, at its best step, "
        + listed(f"{e.digits:.1f} digits in {e.format}" for e in second.itertuples())
        + ".",
    ]


def complex_findings(records, one_node):
    """Return the finding on the complex step, where it could be run."""
    if not len(one_node):
        return []
    kept = listed(f"{e.digits:.1f} of {e.limit:.1f} in {e.format}" for e in one_node.itertuples())
    fine = cells(records, method="complex_step", format="float64", status="ok")
    units = fine["rms_error"] / fine["reference"].abs() / float(FORMATS["float64"].unit_roundoff)
    flat = ~(fine["step_value"] >= fine["step_value"][units > NEARLY_EXACT].min())
    return [
        f"The complex step keeps {kept} of the digits that the format holds, with one complex function value. Its "
        f"step needs no choosing: in float64 the error is at most {units[flat].max():.1f} units of roundoff in all "
        f"{int(flat.sum())} cells with h of {plain(fine['step_value'][flat].max())} or less."
    ]


def draw_digits(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw correct digits, one row for each formula, and as lines what the formats can hold."""
    ax, limits = fig.subplots(), dict(zip(data["format"], data["limit"], strict=True))
    styles = {name: FORMAT_STYLE[name] for name in limits}
    dot_rows(ax, data, styles, row="row", series="format", x="digits", apart=0.13)
    for number, (name, limit) in enumerate(limits.items()):
        ax.axvline(limit, color=styles[name].color, linewidth=1.2, linestyle=(0, (4, 2)), zorder=1)
        ax.annotate(
            f"{name}\n{limit:.1f}",
            (limit, 1),
            xycoords=ax.get_xaxis_transform(),
            xytext=(-1 if number else -6, 4),
            textcoords="offset points",
            ha="right" if not number else "left" if number == 1 else "center",
            fontsize=8.5,
            color=styles[name].text_color,
        )
    ax.set_xlabel("correct decimal digits at the best step")
    ax.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    ax.set_xlim(left=min(0.0, data["low"].min() - 0.3))
    fig.subplots_adjust(left=0.26, top=0.9)


def draw_formulas(fig: Canvas, data: pd.DataFrame, rings: pd.DataFrame) -> None:
    """Draw total error against step for many formulas; those with a ring are named at it."""
    ax = error_axes(fig.subplots(), ylabel="RMS error over 33 points near x")
    lines = dict(zip(dict.fromkeys(data["method"]), plot_groups(ax, data, by="method", y="rms_error"), strict=True))
    for ring in rings.to_dict("records"):
        name = ring["method"]
        lines[name].set_label(f"_{name}")
        color = METHOD_STYLE[name].text_color
        mark_optimum(ax, ring["step_value"], ring["rms_error"], label_of(name), color=color)
    direct_labels(ax, margin=False)


EXPERIMENT = Experiment(
    "higher_order",
    "What accuracy order buys",
    "Higher-order stencils, Richardson, complex step: what does accuracy order buy in each format?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
)
