"""Higher-order stencils, Richardson, complex step: what does accuracy order buy in each format?"""

from functools import partial

import pandas as pd

from experiments.experiment import Experiment
from experiments.frames import blank, cells, formats_of, in_order, log10, measured_of, optima, step_kinds, step_table
from experiments.higher_order.drawing import draw_digits, draw_formulas
from experiments.words import ENDS, listed, plain, written
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.figures import Figure, label_of
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
ORDERS = ("centered", "centered4", "centered6", "centered8")
DRAWN = ("forward", "centered", "centered4", "centered8", "complex_step")
"""The formulas of the figure of curves."""
ANSWERED = "float64"
"""The format of the answer."""
LIMITS = (
    "Six smooth functions, each at one point; a formula of order p needs p + 1 derivatives, so that a kink, a pole or "
    "the end of the domain within the stencil spoils the high orders first.",
    "The best step is found from the exact error. A formula of high order has a steep right arm: with a step that is a "
    "few times too large it loses more than the centered difference does.",
    "The complex step needs a function that is analytic and computed in complex arithmetic: no abs, no maximum, no "
    "comparison, and a library that has complex versions. The 16-bit formats have no complex numbers.",
    "Richardson extrapolation of the centered difference is the centered formula of order 4 on paper, and no row of "
    "its own in the tables; a sentence above compares the two as they are computed.",
    "FiniteDifferences.jl adapts the step of such formulas to the function, numdifftools extrapolates and "
    "scipy.differentiate shrinks the step, both with an error estimate; automatic differentiation has neither "
    "truncation error nor step: where the source of f is at hand, it does better than everything here.",
)


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


def by_format(records) -> pd.DataFrame:
    """Return the median digits at the best step: a row for each formula, a column for each format."""
    frame = summary(records)
    digits = frame.pivot(index="method", columns="format", values="digits")[formats_of(records)]
    steps = frame[frame["format"] == ANSWERED].set_index("method")["step"]
    table = digits.reindex([name for name in SWEEP.methods if name in digits.index])
    table.insert(0, "values", [METHODS[name].evaluations for name in table.index])
    return blank(table.assign(step=steps.reindex(table.index)).reset_index())


def tables(measured: Measured) -> list[Table]:
    frame, names = best(measured.records), formats_of(measured.records)
    keys = ["problem", "method", "evaluations"]
    return [
        Table(
            "digits_by_format",
            "Correct digits at the best step, by formula and format",
            "Medians over the functions; values: function values that one derivative needs; best h: in float64. Empty: "
            "the format has no complex numbers.",
            by_format(measured.records),
            headings={"step": f"best h in {ANSWERED}"},
            kinds={"step": "platform"},
        ),
        Table(
            "digits",
            "Lowest and highest digits at the best step",
            "Digits are −log₁₀ of the RMS error over 33 neighbouring points relative to |f⁽ᵐ⁾(x)|, at the best step: "
            "median, lowest and highest over the functions; limit: −log₁₀ u; failed cells are counted, and are never "
            "the best.",
            summary(measured.records),
            kinds={"step": "platform"},
        ),
        Table(
            "best_errors",
            "Smallest relative error",
            "RMS over 33 neighbouring points. Empty: not available.",
            wide(frame, keys, "format", "relative", columns=names),
        ),
        Table(
            "best_steps",
            "Best step",
            "The step of the smallest error. Empty: not available.",
            wide(frame, keys, "format", "step_value", columns=names),
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
    """The figures of the section, the one that answers first."""
    return [digits_figure(measured.records), curves_figure(measured.records)]


def digits_figure(records) -> Figure:
    """The digits of every formula in every format."""
    frame = summary(records)
    median = frame.set_index(["format", "method"])["digits"]
    dots = frame.assign(row=[row_name(name) for name in frame["method"]])
    return Figure(
        "digits_by_format",
        "Higher orders buy digits in wide formats, hardly any in 16 bits; the complex step loses none",
        "Correct digits at the best step: dots are medians over six functions, thin lines run from the worst to the "
        "best of them. Dashed: −log₁₀ u, one rounding error at its largest; an RMS error can be a little smaller, as "
        "that of the complex step is.",
        "Going down the rows from order 1 to 8, the dots of each format move right towards its dashed line, far in the "
        "wide formats and hardly in the narrow ones, and those of the complex step lie on it. From order 2 to 8: "
        + listed(f"{f} {median[f, 'centered']:.1f} to {median[f, 'centered8']:.1f}" for f in formats_of(frame))
        + ".",
        dots,
        draw_digits,
        (7.2, 6.2),
        kinds={"step": "platform"},
    )


def curves_figure(records) -> Figure:
    """One function in float64, a curve for each of some formulas."""
    (shown,) = measured_of(records, ["martins_quotient"])
    chosen = cells(records, problem=shown, format=ANSWERED)
    present = [name for name in DRAWN if name in set(chosen["method"])]
    curves = pd.concat([chosen[chosen["method"] == name] for name in present])
    curves = curves[["method", "step_value", "rms_error", "status"]]
    rings = cells(best(records), problem=shown, format=ANSWERED)
    rings = rings[rings["method"].isin([name for name in DRAWN if name != "complex_step"])]
    steps = rings.set_index("method")["step_value"]
    return Figure(
        "all_formulas",
        "The higher the order, the steeper the fall and the larger the best step",
        "RMS error over 33 neighbouring points. Left of their best steps the differences have nearly the same rounding "
        "error, which grows like 1/h; the complex step subtracts nothing and has none of it. Order 6 lies between 4 "
        "and 8.",
        f"Curves of {listed(label_of(name) for name in present)}. Four of them fall from the right, steeper with the "
        "order, and rise to the left along one line; the complex step falls like the centered one and stays level at "
        f"the bottom. Best steps: {listed(f'{label_of(name)} {plain(steps[name])}' for name in steps.index)}.",
        curves,
        partial(
            draw_formulas,
            rings=rings[["method", "step_value", "rms_error"]],
            drawn=f"{written(PROBLEMS[shown].formula)} at x = {PROBLEMS[shown].points[0]:g}, {ANSWERED}:",
        ),
        (7.2, 5.0),
    )


def row_name(name):
    """Return the name of a formula with its number of function values, on two lines."""
    number = METHODS[name].evaluations
    return f"{label_of(name)}\n{number} value{'s' * (number > 1)}"


def findings(measured: Measured) -> list[str]:
    """The answer, and what else was found."""
    frame, records = summary(measured.records), measured.records
    digits, steps = (frame.set_index(["format", "method"])[name] for name in ("digits", "step"))
    one_node, second = (frame[frame["method"] == m] for m in ("complex_step", "second_centered"))
    name = ANSWERED if ANSWERED in set(frame["format"]) else formats_of(frame)[-1]
    return [
        answer(digits, name),
        gains(digits, formats_of(frame)),
        *complex_findings(records, one_node),
        "The best step grows with the order: its median in "
        f"{name} is {plain(steps[name, 'centered'])} at order 2 and {plain(steps[name, 'centered8'])} at order 8.",
        *richardson_finding(records, name),
        "For the second derivative the centered formula has, at its best step, "
        + listed(f"{e.digits:.1f} digits in {e.format}" for e in second.itertuples())
        + ".",
    ]


def answer(digits, name) -> str:
    """What the order buys in one format, and that it does not in the narrow ones."""
    gain = digits[name, "centered8"] - digits[name, "centered"]
    others = digits.unstack()
    narrow = [f for f in others.index if FORMATS[f].precision < 24]
    worst = max((others.loc[f, "centered8"] - others.loc[f, "centered"] for f in narrow), default=float("nan"))
    rest = f", but at most {worst:.1f} in the narrow formats" if narrow else ""
    exact = "; the complex step, where it can be used, loses none" if (name, "complex_step") in digits.index else ""
    return f"In {name} the highest order buys {gain:.1f} digits more than the centered difference{rest}{exact}."


def gains(digits, names) -> str:
    """The best order of each format."""
    table = digits.unstack()[[*ORDERS]]
    orders = {f: METHODS[str(table.loc[f].idxmax())].accuracy_order for f in names}
    change = table["centered8"] - table["centered6"]
    losers = [f for f in names if change[f] < 0]
    text = "The order with the most digits is " + listed(f"{order} in {f}" for f, order in orders.items())
    if losers:
        text += f"; from 6 to 8 the digits shrink in {listed(losers)}, by {-min(change[losers]):.2f} at most"
    return f"{text}."


def richardson_finding(records, name) -> list[str]:
    """Extrapolation as it is computed, (4D(h) − D(2h))/3, against the centered formula of order 4."""
    if name != "float64":
        return []  # only its results are doubles, which this file can compute with
    chosen = records[(records["format"] == name) & (records["status"] == "ok")].set_index(["problem", "k"])
    plain_, fourth = (chosen[chosen["method"] == m] for m in ("centered", "centered4"))
    wider = plain_["computed_value"].rename(lambda k: k + 1, level="k").reindex(plain_.index)
    extrapolated = ((4.0 * plain_["computed_value"] - wider) / 3.0).reindex(fourth.index).dropna()
    both = fourth.loc[extrapolated.index]
    same = int((extrapolated == both["computed_value"]).sum())
    errors = (extrapolated - both["reference"]).abs() / both["total"].abs().mask(both["total"] == 0)
    return [
        "Richardson extrapolation, (4D(h) − D(2h))/3 with the centered difference D, is the centered formula of order "
        f"4 on paper. Computed in {name} it is the same number in {same} of {len(both)} measurements, and its error is "
        f"in the median {errors.median():.2f} times as large."
    ]


def advice(measured: Measured) -> list[str]:
    """What to do."""
    table = summary(measured.records).set_index(["format", "method"])
    sentences = []
    if "complex_step" in table.index.get_level_values("method"):
        sentences.append(
            "If f can be evaluated at complex numbers, use the complex step, Im f(x + ih)/h, with h as small as you "
            "like."
        )
    if (ANSWERED, "centered4") in table.index:
        fourth, second = table.loc[(ANSWERED, "centered4")], table.loc[(ANSWERED, "centered")]
        sentences.append(
            f"In {ANSWERED}, for a smooth f, order 4 is the best bargain: two more values buy "
            f"{fourth['digits'] - second['digits']:.1f} digits, at h near {plain(fourth['step'])}. Never use the step "
            "of another order."
        )
    return [*sentences, "In 16 bits do not use more than order 4: convert to a wider format instead."]


def complex_findings(records, one_node):
    """Return the finding on the complex step, where it could be run."""
    if not len(one_node):
        return []
    kept = listed(f"{e.digits:.1f} of {e.limit:.1f} in {e.format}" for e in one_node.itertuples())
    fine = cells(records, method="complex_step", format="float64", status="ok")
    units = fine["rms_error"] / fine["reference"].abs() / float(FORMATS["float64"].unit_roundoff)
    flat = ~(fine["step_value"] >= fine["step_value"][units > NEARLY_EXACT].min())
    return [
        f"The complex step keeps {kept} of the digits that the format holds, with one complex function value.",
        f"Its step needs no choosing: in {ANSWERED} the error is at most {units[flat].max():.1f} units of roundoff for "
        f"every h of {plain(fine['step_value'][flat].max())} or less.",
    ]


EXPERIMENT = Experiment(
    "higher_order",
    "What accuracy order buys",
    "Higher-order stencils, Richardson, complex step: what does accuracy order buy in each format?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
    advice=advice,
    limits=LIMITS,
)
