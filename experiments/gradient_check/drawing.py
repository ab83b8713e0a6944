"""How the trials of gradient checkers are drawn: errors by size of the bug, and detections against false positives."""

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle

from experiments.gradient_check.bugs import FORMATS
from experiments.gradient_check.libraries import SUFFIX
from experiments.gradient_check.trials import VERDICTS, rates
from numdiff.report import figures as draw
from numdiff.report.figures import direct_labels, error_axes
from numdiff.report.styles import BLUE, FAINT, INK, MUTED, VERMILLION, style_of

_FALSE, _MISSED, _UNDECIDED = VERMILLION, BLUE, "#7b8794"
_NONE, _BAR, _PALE = "#eceff3", "#d3dbe4", "#b4bec9"


def short_name(checker: str) -> str:
    """Return the name of the library alone, for a picture: ``torch`` for ``torch gradcheck``.

    The library itself, beside its transcribed rule, keeps what tells it apart, in a line of its own.
    """
    if checker.startswith("numdiff"):
        return checker.replace(", ", ",\n")
    return checker.split()[0] + ("\n" + SUFFIX.strip() if checker.endswith(SUFFIX) else "")


def errors_by_size(counted: pd.DataFrame) -> pd.DataFrame:
    """Return the rate of false positives, and of misses at each relative error of the whole gradient.

    Parameters
    ----------
    counted : pandas.DataFrame
        From `experiments.gradient_check.trials.counts`, by `BY`.

    Returns
    -------
    pandas.DataFrame
        checker, format, nominal (NaN for correct gradients), error (``false positive`` or ``miss``), decided, errors,
        rate, low, high, undecided: the share of inconclusive verdicts, which are part of the misses.
    """
    parts = []
    for kind, error in (("correct", "false positive"), ("relative", "miss")):
        part = counted[counted["kind"] == kind].reset_index(drop=True)
        parts.append(rates(part, wrong=error == "miss").assign(error=error))
    table = pd.concat(parts, ignore_index=True)
    table["undecided"] = table["inconclusive"] / table["decided"].where(table["decided"] > 0)
    columns = ["checker", "format", "nominal", "error", "decided", "errors", "rate", "low", "high", "undecided"]
    return table[columns]


def draw_errors_by_size(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a panel for each format: a row for each checker, a cell for the false positives and one for each size."""
    names = [name for name in FORMATS if name in set(data["format"])]
    checkers = list(dict.fromkeys(data["checker"]))
    sizes = sorted(data["nominal"].dropna().unique(), reverse=True)
    panels = _panels(fig)
    for ax, name in zip(panels, names, strict=False):
        _grid(ax, data[data["format"] == name], checkers, sizes)
        ax.set_title(name, weight="bold", fontsize=10)
    for ax in panels[len(names) :]:
        ax.set_visible(False)
    _legend(
        fig,
        "relative error of the gradient",
        (
            (0.15, _FALSE, "false positives, %"),
            (0.37, _MISSED, "bugs missed, %"),
            (0.59, _UNDECIDED, "mostly undecided, %"),
            (0.85, _NONE, "no trial"),
        ),
    )


def _panels(fig: Canvas) -> list[Axes]:
    """Divide a figure into two by two panels, with room for the names of the checkers and a legend below."""
    height, width = fig.get_figheight(), fig.get_figwidth()
    margins = {"left": 1.05 / width, "right": 1 - 0.3 / width, "top": 1 - 0.32 / height, "bottom": 0.92 / height}
    grid = {**margins, "wspace": 0.1, "hspace": 0.2}
    return list(fig.subplots(2, 2, sharex=True, sharey=True, squeeze=False, gridspec_kw=grid).ravel())


def _grid(ax: Axes, part: pd.DataFrame, checkers: Sequence[str], sizes: Sequence[float]) -> None:
    """Draw the cells of a panel; the misses of a checker that rejects every correct gradient say nothing: pale."""
    for row, checker in enumerate(checkers):
        mine = part[part["checker"] == checker]
        wrongly = mine[mine["error"] == "false positive"]
        useless = bool((wrongly["rate"] == 1).any())
        _cell(ax, 0.0, row, wrongly, useless=False)
        for column, size in enumerate(sizes):
            _cell(ax, column + 1.35, row, mine[mine["nominal"] == size], useless)
    ax.set(xlim=(-0.05, len(sizes) + 1.4), ylim=(len(checkers) + 0.02, -0.02))
    labels = ["none", *(f"10{draw.superscript(round(math.log10(size)))}" for size in sizes)]
    ax.set_xticks([0.5, *(column + 1.85 for column in range(len(sizes)))], labels, fontsize=8.5)
    ax.set_yticks([row + 0.5 for row in range(len(checkers))], [short_name(name) for name in checkers], fontsize=9)
    ax.tick_params(length=0, labelcolor=INK)
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _cell(ax: Axes, left: float, row: int, found: pd.DataFrame, useless: bool) -> None:
    """Draw one cell: white for no error, full colour for nothing but errors, light grey where nothing was decided.

    Where most of what is not an answer was undecided, the colour says so: that a checker does not know is no mistake.
    """
    shares = [(one["rate"], one["undecided"], one["error"]) for one in found.to_dict("records") if one["decided"]]
    box = (left + 0.04, row + 0.06), 0.92, 0.88
    if not shares:
        ax.add_patch(Rectangle(*box, facecolor=_NONE, edgecolor=FAINT, linewidth=0.7, zorder=2))
        return
    ((rate, undecided, error),) = shares
    decided = rate - undecided if error == "miss" else rate
    color = _UNDECIDED if undecided > decided else _MISSED if error == "miss" else _FALSE
    shown = max(rate, undecided)
    ax.add_patch(Rectangle(*box, facecolor=color, alpha=0.88 * shown, linewidth=0, zorder=2))
    ax.add_patch(Rectangle(*box, facecolor="none", edgecolor=FAINT, linewidth=0.7, zorder=3))
    ink = _PALE if useless else "white" if shown > 0.55 else MUTED if shown == 0 else INK
    ax.text(left + 0.5, row + 0.52, _percent(shown), ha="center", va="center", fontsize=7, color=ink, zorder=4)


def _percent(share: float) -> str:
    """Return a share as a whole number of per cent; what is not nothing, or not all, does not read so."""
    if 0 < share < 0.005:
        return "<1"
    return ">99" if 0.995 < share < 1 else f"{100 * share:.0f}"


def _legend(fig: Canvas, label: str, entries: Sequence[tuple[float, str, str]]) -> None:
    """Write the label of the abscissa below the panels, and what the colours mean."""
    height = fig.get_figheight()
    fig.text(0.55, 0.5 / height, label, ha="center", va="center", fontsize=10)
    for x, color, text in entries:
        ax = fig.add_axes((x, 0.12 / height, 0.025, 0.16 / height))
        ax.set_axis_off()
        ax.add_patch(Rectangle((0, 0), 1, 1, facecolor=color))
        fig.text(x + 0.035, 0.2 / height, text, ha="left", va="center", fontsize=9)


# --- detections against false positives -----------------------------------------------------------------


def found_and_rejected(counted: pd.DataFrame) -> pd.DataFrame:
    """Return the share of correct gradients rejected and of the mistakes found; NaN where nothing was decided.

    Parameters
    ----------
    counted : pandas.DataFrame
        From `experiments.gradient_check.trials.counts`, by `BY`.
    """
    by = ["checker", "format"]
    summed = counted.groupby([*by, "kind"], sort=False)[list(VERDICTS)].sum().reset_index()
    right = rates(summed[summed["kind"] == "correct"].reset_index(drop=True), wrong=False)
    wrong = rates(summed[summed["kind"] == "mistake"].reset_index(drop=True), wrong=True)
    table = right[[*by, "decided", "rate", "low", "high"]].rename(columns={"decided": "correct", "rate": "rejected"})
    found = wrong[[*by, "decided"]].assign(found=1 - wrong["rate"]).rename(columns={"decided": "wrong"})
    return table.merge(found, on=by)


def draw_found_and_rejected(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a panel for each format and a row for each checker: the share called wrong of correct and of wrong ones.

    The two numbers of a row are the coordinates of a point in a receiver operating characteristic; the bar between
    them is its height above the diagonal. In one such picture most checkers would lie on top of each other.
    """
    names = [name for name in FORMATS if name in set(data["format"])]
    checkers = list(dict.fromkeys(data["checker"]))
    for ax, name in zip(_panels(fig), names, strict=False):
        part = data[data["format"] == name].set_index("checker")
        for row, checker in enumerate(checkers):
            one = part.loc[checker]
            if not one["correct"] or not one["wrong"]:
                ax.text(0.5, row, "not decided", ha="center", va="center", fontsize=8.5, color=MUTED)
                continue
            ax.plot(
                [one["rejected"], one["found"]], [row, row], color=_BAR, linewidth=5, solid_capstyle="butt", zorder=1
            )
            ax.plot([one["low"], one["high"]], [row, row], color=_FALSE, linewidth=1.3, zorder=3)
            ax.plot([one["found"]], [row], marker="s", color=_MISSED, markersize=6.5, clip_on=False, zorder=4)
            ax.plot(
                [one["rejected"]],
                [row],
                marker="o",
                markersize=8.5,
                markerfacecolor="none",
                markeredgewidth=1.8,
                markeredgecolor=_FALSE,
                clip_on=False,
                zorder=5,
            )
        ax.set_title(name, weight="bold", fontsize=10)
        ax.set(xlim=(-0.01, 1.01), ylim=(len(checkers) - 0.4, -0.6))
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"], fontsize=8.5)
        ax.set_yticks(range(len(checkers)), [short_name(name) for name in checkers], fontsize=9)
        ax.tick_params(axis="y", length=0, labelcolor=INK)
        ax.spines["left"].set_visible(False)
    _legend(
        fig,
        "gradients called wrong",
        ((0.2, _FALSE, "of the correct ones (line: 95 % interval)"), (0.68, _MISSED, "of the mistakes")),
    )


# --- the smallest errors that are found -----------------------------------------------------------------


def draw_curve(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the smallest error found against the number of parameters: a curve for each format.

    Directions are drawn in the style of the format, coordinates as a thin line with hollow markers below them.
    """
    ax = fig.subplots()
    error_axes(ax, xlabel="number n of parameters", ylabel="smallest error found, ‖δ‖/‖g‖")
    for (checker, name), rows in data.dropna(subset="median").groupby(["checker", "format"], sort=False):
        style, by_coordinates = style_of(str(name)), checker == "numdiff"
        options = style.line_options()
        if by_coordinates:
            options |= {
                "linewidth": 1.0,
                "markerfacecolor": "white",
                "markeredgecolor": style.color,
                "markeredgewidth": 1.0,
            }
        label = "_coordinates" if by_coordinates else str(name)
        ax.plot(rows["n"], rows["median"], label=label, **options)
    legend = "filled: four directions, 20 evaluations\nhollow: every coordinate"
    ax.annotate(legend, (0.98, 0.04), xycoords="axes fraction", ha="right", va="bottom", fontsize=9)
    direct_labels(ax)
