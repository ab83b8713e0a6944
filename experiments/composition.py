"""Square∘Exp∘Square at 0.5: the course's number, and where its error comes from."""

from functools import partial

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
    outside_legend,
    plot_errors,
    plot_groups,
    zero_floor,
)
from numdiff.report.styles import MUTED
from numdiff.report.tables import Table
from numdiff.study.records import PARTS
from numdiff.study.run import Measured
from numdiff.study.sweep import Sweep

EPS = 1e-4
SWEEP = Sweep("composition", ("composition",), given_steps=(EPS,), neighbourhood=True)


def at_eps(records):
    """Return the cells at the course's step, narrow formats first, with the name of the largest part."""
    frame = in_order(cells(records, grid="given"), "method", "format")
    return frame.assign(largest=frame[list(PARTS)].abs().idxmax(axis=1))


def best_steps(records):
    """Return the best step of each formula and format beside the course's."""
    given = at_eps(records).set_index(["method", "format"])[["rms_error", "reference"]]
    best = in_order(optima(records), "method", "format").set_index(["method", "format"])
    best = best[["step_value", "rms_error", "digits"]].join(given.rename(columns={"rms_error": "rms_error_eps"}))
    best["digits_eps"] = correct_digits(best["rms_error_eps"], best.pop("reference"))
    return best.assign(times=best["rms_error_eps"] / best["rms_error"]).reset_index()


def tables(measured: Measured) -> list[Table]:
    ledger = at_eps(measured.records)[["method", "format", "computed_value", "total", *PARTS, "largest", "status"]]
    return [
        Table(
            "ledger",
            "The derivative at 0.5 with eps = 1e-4, and the four parts of its error",
            "eps is rounded once to each format. truncation + abscissa + evaluation + combination = total. Absorbed: "
            "x + h or x − h rounds to x.",
            ledger,
            {"computed_value": "g17"},
            headings={"computed_value": "computed"},
            where={"grid": "given"},
        ),
        Table(
            "best_steps",
            "How good is eps = 1e-4 here?",
            "RMS errors over 33 neighbouring points: at the best generic step h, and at eps; times: how many times "
            "larger the error at eps is.",
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
    curves = cells(measured.records, method="centered", format="float64", grid="generic")
    curves = curves.melt(["step_value", "status"], [*PARTS, "total"], "part", "error")
    # The parts of a cell whose step is lost are known; only the total is the failure.
    curves["status"] = curves["status"].where(curves["part"] == "total", "ok")
    parts = at_eps(measured.records).query("method == 'centered'")
    dots = parts.melt(["format", "status"], [*PARTS], "part", "size")
    dots["size"] = dots["size"].abs()
    dots["row"] = dots["format"] + dots["status"].map(lambda word: "" if word == "ok" else f"\n{word}")

    return [
        Figure(
            "parts_against_step",
            "The four parts of the error in float64, centered difference",
            "At eps = 10⁻⁴ truncation is far above the rest; where the falling and the rising parts meet, farther "
            "left, lies the best step.",
            "Sizes of the parts at eps in float64: "
            + listed(f"{name} {plain(abs(parts.set_index('format').loc['float64', name]))}" for name in PARTS)
            + ".",
            curves,
            partial(draw_ledger, marked=EPS, text="eps = 10⁻⁴"),
        ),
        Figure(
            "parts_by_format",
            "The parts of the error at eps = 1e-4 in every format, centered difference",
            "The rightmost dot of a row is the part that decides the error of that format.",
            listed(f"{e.format}: {e.largest}, {plain(abs(getattr(e, e.largest)))}" for e in parts.itertuples()) + ".",
            dots,
            draw_parts_by_format,
        ),
    ]


def findings(measured: Measured) -> list[str]:
    frame, best = at_eps(measured.records), best_steps(measured.records)
    given = frame[frame["format"] == "float64"].set_index("method")
    cell, forward = given.loc["centered"], given.loc["forward"]
    rest = sum(abs(cell[name]) for name in PARTS if name != cell["largest"])
    parts = frame[frame["method"] == "centered"].groupby("largest", sort=False)["format"].agg(list)
    times = best[best["method"] == "centered"]
    wrong = (frame[list(PARTS)].sum(axis=1) - frame["total"]).abs() / frame["total"].abs()
    return [
        f"In float64 the centered difference returns {float(cell['computed_value'])!r}, the derivative is "
        f"{cell['reference_text'][:18]}…; of the error {plain(abs(cell['total']))} the {cell['largest']} part is "
        f"{plain(abs(cell[cell['largest']]))}, and the other three together are {plain(rest)}.",
        f"The forward difference returns {float(forward['computed_value'])!r} at the same step, an error of "
        f"{plain(abs(forward['total']))}.",
        "The part that decides the error of the centered difference at this step is "
        + listed(f"{name} in {listed(formats)}" for name, formats in parts.items())
        + ".",
        "The error there is, against the best step of each format, larger "
        + listed(f"{plain(e.times)} times in {e.format} (best h = {plain(e.step_value)})" for e in times.itertuples())
        + ".",
        f"In all {len(frame)} cells at this step the four parts add up to the total error, to within "
        f"{plain(wrong.max())} of it.",
    ]


def draw_ledger(fig: Canvas, data: pd.DataFrame, marked: float, text: str) -> None:
    """Draw the total error as a broad band, the parts before it, and a marked step."""
    ax = error_axes(fig.subplots(), ylabel="size of the error and of its parts")
    total = data[data["part"] == "total"]
    band = Style("#c3ccd6", "")
    plot_errors(ax, total["step_value"], total["error"], band, "total", status=total["status"], linewidth=7)
    plot_groups(ax, data[data["part"] != "total"], by="part", y="error")
    ax.axvline(marked, color=MUTED, linewidth=1, linestyle=(0, (4, 2)), zorder=1, label="_marked")
    ax.annotate(
        text,
        (marked, 1),
        xycoords=ax.get_xaxis_transform(),
        xytext=(4, -2),
        textcoords="offset points",
        va="top",
        color=MUTED,
    )
    direct_labels(ax)


def draw_parts_by_format(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the parts of an error, one row for each format; exact zeros stand on their own line at the left."""
    ax = fig.subplots()
    zero, floor = data["size"] == 0, zero_floor(data["size"]) / 10
    styles = {name: PART_STYLE[name] for name in dict.fromkeys(data["part"])}
    placed = data.assign(place=data["size"].mask(zero, floor), hollow=zero)
    dot_rows(ax, placed, styles, row="row", series="part", x="place", apart=0.15)
    decade_ticks(ax, "x")
    if zero.any():
        ax.set_xticks([tick for tick in ax.get_xticks() if tick > 3 * floor])
        ax.axvline(floor, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), label="_floor")
        ax.text(floor, -0.53, "exact zero", color=MUTED, fontsize=8, ha="center", va="bottom")
    ax.set_xlabel("size of the part")
    outside_legend(fig, ax)


EXPERIMENT = Experiment(
    "composition",
    "The course's composition",
    "Square∘Exp∘Square at 0.5 gives 3.2974426293330694 at eps = 1e-4: where does its error come from?",
    tables,
    figures,
    findings,
    sweeps=(SWEEP,),
)
