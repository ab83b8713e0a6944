"""Square∘Exp∘Square at 0.5: the course's number, and where its error comes from."""

import textwrap
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from experiments.drawing import dot_rows
from experiments.experiment import Experiment
from experiments.frames import cells, in_order, optima
from experiments.words import listed, plain
from numdiff.analysis.metrics import correct_digits
from numdiff.report.figures import (
    PART_STYLE,
    Figure,
    Style,
    decade_ticks,
    direct_labels,
    error_axes,
    is_narrow,
    outside_legend,
    plot_errors,
    zero_floor,
)
from numdiff.report.styles import MUTED
from numdiff.report.tables import Table
from numdiff.study.records import PARTS
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

EPS = 1e-4
SWEEP = Sweep("composition", ("composition",), given_steps=(EPS,), neighbourhood=True)
NEGLIGIBLE = 1e-5
"""A part that is smaller, beside the smallest total error of any step, is not drawn."""
ANSWERED = "float64"
"""The format of the answer."""
LIMITS = (
    "One function at one point, that of the course. Its derivatives are large (f‴ is 32 times f), so that truncation "
    "counts for more than it does for a flat function.",
    "The factors between eps and the best step are RMS errors over 33 neighbouring points: at a single point an error "
    "can be small by luck.",
    "Back-propagation gives all digits of this derivative, without a step: see the section on the cost of a gradient.",
    "CADNA and Verrou estimate the rounding part of such an error in a whole program, where no exact derivative is "
    "known; truncation, which decides here, they do not see.",
)


CAUSES = {
    "truncation": "truncation, the formula's own error",
    "abscissa": "the rounding of x ± h",
    "evaluation": "rounding inside f",
    "combination": "the rounding of difference and quotient",
}
"""The parts of an error as a sentence names them."""
LABELS = {
    "truncation": "the formula (truncation)",
    "abscissa": "rounding of x ± h",
    "evaluation": "rounding inside f",
    "combination": "rounding of the quotient",
}
"""The parts of an error as a figure names them."""
LOOKS: dict[str, dict[str, Any]] = {
    "abscissa": {"linewidth": 0.9, "linestyle": ":", "markersize": 6, "markerfacecolor": "white"},
    "evaluation": {"linewidth": 1.8, "linestyle": "-"},
}
"""What tells two parts apart that are nearly as large: one is thin and hollow, the other solid."""


def at_eps(records):
    """Return the cells at the course's step, narrow formats first, with the name of the largest part."""
    frame = in_order(cells(records, grid="given"), "method", "format")
    return frame.assign(largest=frame[list(PARTS)].abs().idxmax(axis=1))


def best_steps(records):
    """Return the best step of each formula and format beside the course's."""
    given = at_eps(records).set_index(["method", "format"])[["rms_error", "reference"]]
    best = in_order(optima(records), "method", "format").set_index(["method", "format"])
    best = best[["step_value", "rms_error", "digits"]].join(given.rename(columns={"rms_error": "rms_error_eps"}))
    best["digits_eps"] = np.maximum(correct_digits(best["rms_error_eps"], best.pop("reference")), 0.0)
    return best.assign(times=best["rms_error_eps"] / best["rms_error"]).reset_index()


def tables(measured: Measured) -> list[Table]:
    ledger = at_eps(measured.records)[["method", "format", "computed_value", "total", *PARTS, "largest", "status"]]
    return [
        Table(
            "ledger",
            "The derivative at 0.5 with eps = 1e-4, and the four parts of its error",
            "eps is rounded once to each format. truncation (of the formula) + abscissa (rounding of x ± h) + "
            "evaluation "
            "(rounding inside f) + combination (rounding of difference and quotient) = total. Absorbed: x + h or x − h "
            "rounds to x.",
            ledger,
            {"computed_value": "g17"},
            headings={"computed_value": "computed"},
            where={"grid": "given"},
        ),
        Table(
            "best_steps",
            "How good is eps = 1e-4 here?",
            "RMS errors over 33 neighbouring points: at the best generic step h, and at eps; times: how many times "
            "larger the error at eps is. 0 digits: an error as large as the derivative.",
            best_steps(measured.records),
            headings={
                "step_value": "best h",
                "rms_error": "error at best h",
                "rms_error_eps": "error at eps",
                "digits_eps": "digits at eps",
            },
            kinds={"step_value": "platform"},
        ),
    ]


def figures(measured: Measured) -> list[Figure]:
    curves = parts_against_step(measured.records)
    cell = at_eps(measured.records).query("method == 'centered'").set_index("format").loc[ANSWERED]
    dots = parts_of_formats(measured.records)
    rows: Any = dots.drop_duplicates("format")
    return [
        Figure(
            "parts_against_step",
            "At eps = 10⁻⁴ truncation is far above the three parts of rounding",
            "The parts of the error of the centered difference in float64. Farther left, where truncation meets the "
            "rounding inside f (evaluation), lies the best step. The broad band is the total. Parts of 10⁻⁵ of the "
            "smallest total and less are left out.",
            "Truncation falls steeply to the left and evaluation rises, they cross at the best step; the other two "
            "parts lie "
            "lower. Sizes at eps: " + listed(f"{name} {plain(abs(cell[name]))}" for name in PARTS) + ".",
            curves,
            partial(draw_ledger, marked=EPS, text="h = 10⁻⁴\n(eps of the course)"),
            kinds={"step_value": "platform"},  # which steps are drawn depends on the sizes of the parts
        ),
        Figure(
            "parts_by_format",
            "Which part decides the error at eps = 10⁻⁴ depends on the format",
            "Centered difference. The rightmost mark of a row is the part that decides. "
            "Where x + h rounds to x, the quotient is 0 and the whole derivative is lost.",
            "A row of marks for each format; the rightmost is "
            + listed(f"{e.largest} in {e.format} ({plain(e.largest_size)})" for e in rows.itertuples())
            + ".",
            dots,
            draw_parts_by_format,
            narrow=(3.8, 5.2),
        ),
    ]


def parts_against_step(records) -> pd.DataFrame:
    """Return total and parts at generic steps, without parts that are NEGLIGIBLE beside the smallest total."""
    curves = cells(records, method="centered", format=ANSWERED, grid="generic")
    curves = curves.melt(["step_value", "status"], [*PARTS, "total"], "part", "error")
    # The parts of a cell whose step is lost are known; only the total is the failure.
    curves["status"] = curves["status"].where(curves["part"] == "total", "ok")
    size = curves["error"].abs()
    return curves[(curves["part"] == "total") | (size >= NEGLIGIBLE * size[curves["part"] == "total"].min())]


def parts_of_formats(records) -> pd.DataFrame:
    """Return the size of each part of the centered difference at eps for each format, narrow formats first."""
    parts = at_eps(records).query("method == 'centered'")
    sizes = parts[list(PARTS)].abs()
    parts = parts.assign(**sizes.to_dict("series"), largest_size=sizes.max(axis=1))
    dots = parts.melt(["format", "status", "largest", "largest_size"], [*PARTS], "part", "size")
    dots["row"] = dots["format"] + dots["status"].map(lambda word: "" if word == "ok" else "\nx + h = x")
    return dots


def findings(measured: Measured) -> list[str]:
    frame, best = at_eps(measured.records), best_steps(measured.records)
    given = frame[frame["format"] == ANSWERED].set_index("method")
    cell, forward = given.loc["centered"], given.loc["forward"]
    rest = sum(cell[name] for name in PARTS if name != cell["largest"])
    parts = frame[frame["method"] == "centered"].groupby("largest", sort=False)["format"].agg(list)
    times = best[best["method"] == "centered"].set_index("format")["times"]
    return [
        f"The number of the course, {float(cell['computed_value'])!r}, is {plain(abs(cell['total']))} too "
        f"{'large' if cell['total'] > 0 else 'small'}, and in float64 nearly all of that is "
        f"{CAUSES[cell['largest']]}.",
        f"The derivative is {cell['reference_text'][:18]}…. The {cell['largest']} part of the error is "
        f"{plain(abs(cell[cell['largest']]))}; the other three add up to {plain(abs(rest))}.",
        f"The forward difference returns {float(forward['computed_value'])!r} at the same step: its error is "
        f"{plain(abs(forward['total'] / cell['total']))} times as large.",
        "Which part decides the error of the centered difference at this step depends on the format: "
        + listed(f"{name} in {listed(formats)}" for name, formats in parts.items())
        + ".",
        f"The best step would make the error in float64 {plain(times[ANSWERED])} times smaller; the table has the "
        "other "
        "formats.",
    ]


def advice(measured: Measured) -> list[str]:
    best = best_steps(measured.records)
    row = best[best["method"] == "centered"].set_index("format").loc[ANSWERED]
    lost = at_eps(measured.records).query("method == 'centered' and status == 'absorbed'")["format"]
    sentences = [
        f"eps = 1e-4 is a safe choice in float64 with the centered difference: about {row['digits_eps']:.1f} digits "
        "here. "
        f"A step near {plain(row['step_value'])} gives {row['digits']:.1f}.",
        "Where the error is truncation, a formula of higher order or a smaller step helps; where it is rounding inside "
        "f, "
        "only a larger step or a better way to compute f does.",
    ]
    if len(lost):
        sentences.append(
            f"Never use eps = 1e-4 in {listed(lost)}: x + eps rounds to x, and the derivative reads 0. Compute in "
            "float32 "
            "or float64, or take a step that the format can see."
        )
    return sentences


def draw_ledger(fig: Canvas, data: pd.DataFrame, marked: float, text: str) -> None:
    """Draw the total error as a broad band, the parts before it, and a marked step."""
    ax = error_axes(fig.subplots(), ylabel="size of the error and of its parts")
    total = data[data["part"] == "total"]
    band = Style("#c3ccd6", "")
    plot_errors(ax, total["step_value"], total["error"], band, "total", status=total["status"], linewidth=7)
    floor = zero_floor(data["error"])
    for name in PARTS:
        part, look = data[data["part"] == name], LOOKS.get(name, {})
        options = look | {"markeredgecolor": PART_STYLE[name].color, "markeredgewidth": 0.9} if look else {}
        plot_errors(ax, part["step_value"], part["error"], PART_STYLE[name], LABELS[name], floor=floor, **options)
    ax.axvline(marked, color=MUTED, linewidth=1, linestyle=(0, (4, 2)), zorder=1, label="_marked")
    ax.annotate(
        text,
        (marked, 1),
        xycoords=ax.get_xaxis_transform(),
        xytext=(-5, -2),
        textcoords="offset points",
        ha="right",
        va="top",
        color=MUTED,
    )
    if set(data["status"]) == {"ok", "absorbed"}:
        ax.set_title("×: no result, x + h = x", loc="right", fontsize=9, color=MUTED)
    if is_narrow(fig):
        outside_legend(fig, ax)
    else:
        direct_labels(ax)


def draw_parts_by_format(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the sizes of the parts of an error, one row for each format; exact zeros are named below their row."""
    ax = fig.subplots()
    styles = {LABELS[name]: PART_STYLE[name] for name in dict.fromkeys(data["part"])}
    placed = data.assign(size=data["size"].mask(data["size"] == 0), part=data["part"].map(LABELS))
    dot_rows(ax, placed, styles, row="row", series="part", x="size", apart=0)
    for line in ax.lines:
        if line.get_label() == LABELS["truncation"]:
            line.set_markersize(10)  # seen behind a part that is as large
    for level, row in enumerate(dict.fromkeys(data["row"])):
        zeros = data[(data["row"] == row) & (data["size"] == 0)]["part"]
        if len(zeros):
            text = f"exactly 0: {listed(LABELS[name] for name in zeros)}"
            ax.annotate(
                textwrap.fill(text, 28) if is_narrow(fig) else text,
                (0, level),
                xycoords=ax.get_yaxis_transform(),
                xytext=(5, -5),
                textcoords="offset points",
                va="top",
                fontsize=9,
                color=MUTED,
            )
    decade_ticks(ax, "x")
    ax.set_xlabel("size of the part at h = 10⁻⁴")
    outside_legend(fig, ax)


EXPERIMENT = Experiment(
    "composition",
    "The course's composition",
    "Square∘Exp∘Square at 0.5 gives 3.2974426293330694 at eps = 1e-4: where does its error come from?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
    advice=advice,
    limits=LIMITS,
)
