"""The chapter of the course: its text is `course.md`; here are its numbers, figures and tables, from what was measured.

It is a part of every report that has all sections that it quotes or leads to (`SECTIONS`).
"""

from collections.abc import Collection, Mapping
from functools import partial
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from experiments.course.drawing import (
    draw_geometry,
    draw_graph,
    draw_over_an_interval,
    draw_rate,
    draw_v,
    geometry_data,
    straight,
)
from experiments.frames import best_cells, blank, cells, counting, exact_derivative, optima, rounded_values
from experiments.gradient_cost.network import network_of
from experiments.words import listed, plain, written
from numdiff.analysis.metrics import correct_digits
from numdiff.arithmetic.rounded import rounded
from numdiff.autodiff import Exp, Function, Sigmoid, Square, Tanh, Variable, numerical_diff
from numdiff.floats.formats import FORMATS
from numdiff.formulas.differences import centered_difference, forward_difference
from numdiff.problems import PROBLEMS
from numdiff.report.chapters import Chapter
from numdiff.report.figures import METHOD_STYLE, Figure
from numdiff.report.styles import BLUE, GREEN, INK, VERMILLION
from numdiff.report.tables import Table
from numdiff.study.records import PARTS
from numdiff.study.run import Measured

NAME = "course"
SOURCES = ("secant_to_tangent", "forward_vs_centered", "composition", "formulation")
"""What its numbers are made of."""
SECTIONS = (*SOURCES, "higher_order", "gradient_cost", "gradient_check")
"""The sections that it quotes or leads to."""
X, EPS = 0.5, 1e-4
"""The point and the step of the course."""
SECANTS = {1.0: ("h = 1", VERMILLION), 0.5: ("h = ½", BLUE), 0.25: ("h = ¼", GREEN)}
"""The steps of the secants in the picture, with their names and colours."""
CAUSES = {
    "truncation": "the formula itself, in exact arithmetic",
    "abscissa": "x + h and x − h are rounded",
    "evaluation": "rounding inside f",
    "combination": "rounding of the difference and of the quotient",
    "total": "the error: their sum",
}
"""The parts of an error in the words of the chapter."""
WAYS = (
    ("tanh", "tanh_library", 0.001, "0.001"),
    ("exp_less_one", "exp_expm1", 2.0**-10, "2⁻¹⁰"),
    ("log_of_sum", "log_log1p", 2.0**-10, "2⁻¹⁰"),
    ("binomial_horner", "binomial_factored", 2.5, "2.5"),
)
"""Two programs for one function, the usual one first, and a point at which they differ, also as it is written."""
WRITTEN = {"binomial_horner": "(x − 2)⁹ expanded, by Horner's rule"}
"""How a program is shown whose formula is long."""
WIDTHS = (3, 31, 1000)
"""Hidden units of the networks in the table of costs."""


def chapters(measured: Mapping[str, Measured], sections: Collection[str]) -> list[Chapter]:
    """Return the chapters of a report with these sections: the course, if all are there that it quotes or leads to."""
    return [chapter(measured)] if set(SECTIONS) <= set(sections) else []


def chapter(measured: Mapping[str, Measured]) -> Chapter:
    """Return the chapter with what was measured for the experiments in `SOURCES`."""
    records = {name: measured[name].records for name in SOURCES}
    v = error_against_step(records["forward_vs_centered"])
    return Chapter(
        NAME,
        "The course: from the secant to gradient checking",
        resources.files("experiments.course").joinpath("course.md").read_text(encoding="utf-8"),
        values(records),
        (
            turning_secants(records["secant_to_tangent"]),
            rate_of_change(),
            chord_and_secant(),
            over_an_interval(),
            v,
            backward_graph(),
        ),
        (
            secants_table(records["secant_to_tangent"]),
            parts_table(records["composition"]),
            ways_table(records["formulation"]),
            cost_table(),
        ),
        sources={
            "turning_secants": "secant_to_tangent",
            "secants": "secant_to_tangent",
            v.name: "forward_vs_centered",
            "composition_parts": "composition",
            "ways_of_writing": "formulation",
        },
    )


# --- numbers ---------------------------------------------------------------------------------------------


def given(records: pd.DataFrame, method: str) -> Any:
    """Return the cell of the composition at the course's step in float64."""
    return cells(records, grid="given", format="float64", method=method).iloc[0]


def values(records: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Return the numbers of the text by the names of their placeholders."""
    cell, forward = (given(records["composition"], name) for name in ("centered", "forward"))
    lines = {str(line): slope for line, slope in slopes(chord_and_secant()).items()}
    best = best_of_composition(records["forward_vs_centered"]).set_index("method")
    f, third = float(composition()(np.array([X]))[0]), exact_derivative("composition", 3)
    u = float(FORMATS["float64"].unit_roundoff)
    return {
        "slope": f"{cell['reference']:.3f}",
        "moved": f"{0.01 * cell['reference']:.3f}",
        "true_slope": f"{lines['tangent']:.3f}",
        "forward_slope": f"{lines['forward']:.3f}",
        "centered_slope": f"{lines['centered']:.3f}",
        "digits_forward": f"{best['digits']['forward']:.1f}",
        "digits_centered": f"{best['digits']['centered']:.1f}",
        "best_forward": plain(best["step_value"]["forward"]),
        "best_centered": plain(best["step_value"]["centered"]),
        "sigmoid_slope": f"{numerical_diff(Sigmoid(), Variable(np.array(X))):.6f}",
        "tanh_slope": f"{numerical_diff(Tanh(), Variable(np.array(X))):.6f}",
        "computed": repr(float(cell["computed_value"])),
        "exact": cell["reference_text"][:18],
        "error": plain(cell["total"]),
        "rest": plain(abs(sum(cell[name] for name in PARTS if name != "truncation"))),
        "taylor": plain(EPS**2 * third / 6),
        "forward_computed": repr(float(forward["computed_value"])),
        "forward_error": plain(forward["total"]),
        "ratio": f"{cost_ratio() / 1e6:.1f} million",
        "backpropagated": repr(float(chain().iloc[0]["derivative"])),
        "relative": plain(abs(cell["total"] / cell["reference"])),
        "exercise_error": plain(1e-3**2 * third / 6),
        "exercise_step": plain(float(rounded_values(np.cbrt, 3 * u * abs(f / third)))),
    }


def composition() -> Any:
    """Return the function of the course, correctly rounded."""
    return rounded(PROBLEMS["composition"].f)


def best_of_composition(records: pd.DataFrame) -> pd.DataFrame:
    """Return the best step of the forward and of the centered difference in float64."""
    own = records[(records["problem"] == "composition") & (records["format"] == "float64")]
    return optima(own)


def cost_ratio() -> float:
    """Return how many gradients by back-propagation a centered one costs in the largest network, in multiplications."""
    network = network_of(WIDTHS[-1])
    return 2 * network.parameters * network.products / (network.products + network.products_back)


def slopes(figure: Figure) -> dict[str, float]:
    """Return the slope of each line of a figure of lines."""
    return dict(figure.data.dropna(subset="slope").groupby("line", sort=False)["slope"].first())


def chain() -> pd.DataFrame:
    """Return the variables of the composition, their values, and the derivatives that back-propagation leaves there."""
    functions: tuple[Function, ...] = (Square(), Exp(), Square())
    variables = [Variable(np.array(X))]
    for function in functions:
        variables.append(function(variables[-1]))
    variables[-1].backward(keep_all=True)
    return pd.DataFrame(
        {
            "variable": ["x", "a", "b", "y"],
            "function": ["", "A: square", "B: exp", "C: square"],
            "rule": ["", "2x", "b", "2b"],
            "value": [float(variable.data) for variable in variables],
            "derivative": [float(np.asarray(variable.grad)) for variable in variables],
        }
    )


# --- tables ----------------------------------------------------------------------------------------------


def secants_table(records: pd.DataFrame) -> Table:
    frame = cells(records, format="float64", grid="dyadic").head(7).reset_index(drop=True)
    gain = blank((frame["total"].shift() / frame["total"]).abs())
    return Table(
        "secants",
        f"The secant of eˣ at x = {X:g}, h halved again and again",
        "Measured in float64. Gain: the error before over this one.",
        frame.assign(gain=gain)[["step_value", "computed_value", "total", "gain"]],
        {"step_value": "g6", "computed_value": "g6"},
        headings={"step_value": "h", "computed_value": "slope", "total": "error"},
        where={"format": "float64", "grid": "dyadic", "method": "forward", "problem": "exp"},
    )


def parts_table(records: pd.DataFrame) -> Table:
    cell = given(records, "centered")
    rows = [(name, cause, float(cell[name])) for name, cause in CAUSES.items()]
    return Table(
        "composition_parts",
        "The four parts of the error at h = 10⁻⁴, in float64",
        "The signed parts of the centered difference of the composition at 0.5.",
        pd.DataFrame(rows, columns=["part", "cause", "error"]),
        {"error": "g6"},
        kinds={"part": "portable", "cause": "portable"},
    )


def ways_table(records: pd.DataFrame) -> Table:
    rows, present = [], set(records["problem"])
    for usual, better, x, place in WAYS:
        if not {usual, better} <= present:  # in a quick run
            continue
        shown, digits = [], []
        for name in (usual, better):
            point = PROBLEMS[name].points.index(x)
            own = cells(records, problem=name, point=point, format="float64", grid="generic").reset_index(drop=True)
            best = best_cells(counting(own), ["problem"])
            shown.append(WRITTEN.get(name, written(PROBLEMS[name].formula)))
            digits.append(float(np.asarray(correct_digits(best["rms_error"], best["reference"]))[0]))
        rows.append((shown[0], digits[0], shown[1], digits[1], place))
    columns = ["usual", "digits", "better", "digits_better", "x"]
    return Table(
        "ways_of_writing",
        "The same function, computed in two ways: correct digits of its derivative",
        "Centered difference at the best step of each, in float64.",
        pd.DataFrame(rows, columns=columns).round({"digits": 1, "digits_better": 1}),
        headings={"usual": "computed as", "better": "or as", "digits_better": "digits", "x": "at x"},
        kinds={"usual": "portable", "better": "portable", "x": "portable"},
    )


def cost_table() -> Table:
    rows = []
    for network in map(network_of, WIDTHS):
        n, one = network.parameters, network.products
        rows.append((n, n + 1, 2 * n, (one + network.products_back) / one))
    return Table(
        "cost",
        "What one gradient costs, in evaluations of f",
        "Networks with one hidden layer. Back-propagation in multiplications, those of one evaluation being 1.",
        pd.DataFrame(rows, columns=["parameters", "forward", "centered", "back-propagation"]),
        {"back-propagation": "g3"},
        headings={"parameters": "parameters n", "forward": "forward, n + 1", "centered": "centered, 2n"},
        kinds={"*": "portable"},
    )


# --- figures ---------------------------------------------------------------------------------------------


def turning_secants(records: pd.DataFrame) -> Figure:
    curve, frame = rounded(PROBLEMS["exp"].f), cells(records, format="float64", grid="dyadic")
    frame = frame[frame["step_value"].isin(SECANTS)]
    ends = (0.2, 1.7)
    lines = [
        straight(curve, SECANTS[h][0], slope, (X, X + h), ends, SECANTS[h][1], SECANTS[h][0])
        for h, slope in zip(frame["step_value"], frame["computed_value"], strict=True)
    ]
    lines.append(straight(curve, "tangent", frame["reference"].iloc[0], (X,), ends, INK))
    return Figure(
        "turning_secants",
        "The secant turns into the tangent",
        f"Each secant of eˣ runs through the black point at x = {X:g} and a second point at distance h. The closer "
        "that is, the closer is its slope to the slope of the tangent.",
        f"A rising curve with three secants through its point at x = {X:g}, which turn towards the tangent: "
        + listed(f"{line.name}, slope {line.slope:.3f}" for line in lines)
        + ".",
        geometry_data(curve, lines, (0.0, ends[1])),
        partial(draw_geometry, lines=lines, bottom=-0.1),
    )


def rate_of_change() -> Figure:
    curve, dx, span = composition(), 0.15, (0.0, 0.82)
    slope, grid = exact_derivative("composition", 1), np.linspace(*span, 83)
    ends = np.array([0.1, 0.8])
    line = float(curve(np.array([X]))[0]) + slope * (ends - X)
    parts = [
        pd.DataFrame({"line": "curve", "x": grid, "y": curve(grid)}),
        pd.DataFrame({"line": "tangent", "x": ends, "y": line}),
    ]
    return Figure(
        "rate_of_change",
        f"At {X:g} a small change of x changes y {slope:.3f} times as much",
        "The tangent climbs by that many parts while it goes one part to the right. The curve follows it as long as "
        "the change is small.",
        f"The curve of the composition with its tangent at x = {X:g}: a triangle under the tangent is one part wide "
        f"and {slope:.3f} parts high; farther away the curve bends upwards and leaves the tangent.",
        pd.concat(parts, ignore_index=True),
        partial(draw_rate, x=X, dx=dx, slope=slope),
        kinds={"*": "portable"},
    )


def chord_and_secant(h: float = 0.5) -> Figure:
    """Tangent, secant and chord at one point; their slopes come from the kernels."""
    f, x = rounded(PROBLEMS["exp"].f), 0.75
    ends = (x - h - 0.15, x + h + 0.15)
    forward, centered = (float(d(f, np.array(x), h)) for d in (forward_difference, centered_difference))
    lines = [
        straight(f, "centered", centered, (x - h, x + h), ends, METHOD_STYLE["centered"].text_color, "2h"),
        straight(f, "forward", forward, (x, x + h), ends, METHOD_STYLE["forward"].text_color, "h"),
        straight(f, "tangent", float(rounded(np.exp)(np.array([x]))[0]), (x,), ends, INK),
    ]
    return Figure(
        "chord_and_secant",
        "The centered chord is nearly parallel to the tangent",
        f"eˣ at x = {x:g} with a big step, h = {h:g}: the secant to one side (forward) is too steep; the "
        "chord from x − h to x + h (centered) has nearly the slope of the tangent.",
        "Three lines at one point of a rising curve; the chord runs beside the tangent, the secant leaves it. Slopes: "
        + listed(f"{line.name} {line.slope:.3f}" for line in lines)
        + ".",
        geometry_data(f, lines, ends),
        partial(draw_geometry, lines=lines, bottom=0.0),
    )


def over_an_interval(h: float = 0.5) -> Figure:
    """f′ and both differences over a period of sin, computed by the kernels."""
    problem, x = PROBLEMS["ascher_greif_sin"], np.linspace(0.0, 2 * np.pi, 121)
    f, true = rounded(problem.f), rounded(np.cos)(x)
    forward, centered = forward_difference(f, x, h), centered_difference(f, x, h)
    away = [float(np.abs(found - true).max()) for found in (forward, centered)]
    return Figure(
        "over_an_interval",
        "The forward difference runs half a step ahead",
        f"f = sin with h = {h:g}: the forward difference is the derivative half a step further on; the centered "
        "one stands in the right place, a little too flat.",
        "Three waves over a period of the sine: the forward difference is shifted to the left by half a step, the "
        f"centered one lies on the derivative. Largest distance: forward {plain(away[0])}, centered {plain(away[1])}.",
        pd.DataFrame({"x": x, "derivative": true, "forward": forward, "centered": centered}),
        partial(draw_over_an_interval, h=h),
    )


def error_against_step(records: pd.DataFrame) -> Figure:
    curves = cells(records, problem="composition", format="float64", grid="generic", status="ok")
    best: Any = best_of_composition(records)
    return Figure(
        "error_against_step",
        f"Error against step in float64: the composition at x = {X:g}",
        "From the right truncation falls, with slope 1 or 2; to the left rounding rises, with slope −1 for both. "
        "A ring is the best step. Where the curves end, at the left, x + h rounds to x.",
        "Two V-shaped curves, that of the centered difference deeper and farther right: "
        + listed(f"{e.method} best at h = {plain(e.step_value)}, {e.digits:.1f} digits" for e in best.itertuples())
        + ".",
        curves[["method", "step_value", "rms_error"]],
        partial(draw_v, best=best[["method", "step_value", "rms_error"]], eps=EPS),
        kinds={"*": "platform"},  # which cells have a result depends on the platform
    )


def backward_graph() -> Figure:
    data = chain()
    first = data.iloc[0]
    return Figure(
        "backward_graph",
        "Values flow forward, derivatives flow back",
        "Each node multiplies the derivative that comes from the right by its own, and passes it on. The last number, "
        f"at x, is the derivative of the whole: {first['derivative']:.4g}.",
        "A chain of three nodes, square, exp, square, from x to y. Values to the right: "
        + listed(f"{e.variable} = {e.value:.4g}" for e in data.itertuples())
        + ". Derivatives to the left: "
        + listed(f"{e.derivative:.4g} at {e.variable}" for e in data[::-1].itertuples())
        + ".",
        data,
        draw_graph,
        (7.2, 2.6),
        kinds={"variable": "portable", "function": "portable", "rule": "portable"},
    )
