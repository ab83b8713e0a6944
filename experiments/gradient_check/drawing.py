"""How the trials of gradient checkers are drawn: verdicts, errors by their size, the smallest errors found."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from experiments.gradient_check.bugs import BUGS, FORMATS
from experiments.gradient_check.counts import DECIDED, JUDGED, of_kind, rates, summed
from experiments.gradient_check.libraries import SUFFIX
from experiments.gradient_check.subjects import CATALOGUE
from experiments.words import listed
from numdiff.report import figures as draw
from numdiff.report.figures import ROLE_STYLE
from numdiff.report.labels import named_lines, spread, text_color
from numdiff.report.styles import INK, MUTED, style_of

_FALSE, _MISSED, _UNDECIDED = (ROLE_STYLE[name].color for name in ("false positive", "missed", "undecided"))
_RIGHT = "#dfe4ea"
USABLE = 0.01
"""A checker can be used in a format if it rejects fewer of the correct gradients."""
KINDS = {"right": "right gradients", "one coordinate": "one coordinate wrong"}
"""What stands above the two columns of the picture of the verdicts."""


def short_name(checker: str) -> str:
    """Return the name of the library alone, for a picture: ``torch`` for ``torch gradcheck``.

    The library itself, beside its transcribed rule, keeps what tells it apart, in a line of its own.
    """
    if checker.startswith("numdiff"):
        return checker.replace(", ", ",\n")
    if checker.endswith("(repeated)"):
        return f"{checker.split()[0]}\n(repeated)"
    return checker.split()[0] + ("\n" + SUFFIX.strip() if checker.endswith(SUFFIX) else "")


def errors_by_size(counted: pd.DataFrame) -> pd.DataFrame:
    """Return the rate of false positives, and of misses at each relative error of the whole gradient.

    Parameters
    ----------
    counted : pandas.DataFrame
        From `experiments.gradient_check.counts.counts`. Right gradients are those of functions that were used for no
        constant; errors of known size are put into the gradients of the networks.

    Returns
    -------
    pandas.DataFrame
        checker, format, nominal (NaN for right gradients), error (``false positive`` or ``miss``), decided, errors,
        rate, undecided: the share of inconclusive verdicts, which are part of the misses.
    """
    sizes = {name: bug.size for name, bug in BUGS.items() if bug.kind == "relative"}
    errors = counted[counted["claim"].isin(list(sizes)) & (counted["group"] == CATALOGUE)]
    right = summed(of_kind(counted, "right"), ["checker", "format"]).assign(nominal=float("nan"))
    wrong = summed(errors.assign(nominal=errors["claim"].map(sizes)), ["checker", "format", "nominal"])
    false = rates(right, wrong=False).assign(error="false positive")
    missed = rates(wrong, wrong=True).assign(error="miss")
    missed["errors"] += missed["inconclusive"]
    missed["rate"] += missed["undecided_share"]
    table = pd.concat([false, missed], ignore_index=True).rename(columns={"undecided": "lines_undecided"})
    table = table.rename(columns={"undecided_share": "undecided"})
    return table[["checker", "format", "nominal", "error", "decided", "errors", "rate", "undecided"]]


def draw_errors_by_size(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a panel for each format: a row of cells for each checker that can be used, words for the others."""
    names = [name for name in FORMATS if name in set(data["format"])]
    sizes = sorted(data["nominal"].dropna().unique(), reverse=True)
    parts = {name: data[data["format"] == name] for name in names}
    usable = {name: [c for c in dict.fromkeys(data["checker"]) if is_usable(parts[name], c)] for name in names}
    useless = {name: _useless(parts[name], usable[name], draw.is_narrow(fig)) for name in names}
    heights = [len(usable[name]) + 0.62 * useless[name].count("\n") + 0.75 * bool(useless[name]) for name in names]
    height = fig.get_figheight()
    if draw.is_narrow(fig):
        draw.extend(fig, 0.34 * sum(heights) + 0.42 * len(names) + 2.0 - height)
        height = fig.get_figheight()
    left, below = (1.0, 1.3) if draw.is_narrow(fig) else (1.6, 0.9)
    width = fig.get_figwidth()
    margins = {"left": left / width, "right": 1 - 0.15 / width, "top": 1 - 0.28 / height, "bottom": below / height}
    grid = {"hspace": 0.42 * len(names) / (0.3 * sum(heights)), "height_ratios": heights}
    fig.subplots_adjust(**margins)
    panels = fig.subplots(len(names), 1, squeeze=False, gridspec_kw=grid)[:, 0]
    for ax, name, rows in zip(panels, names, heights, strict=True):
        _grid(ax, parts[name], usable[name], sizes)
        ax.set(xlim=(0, len(sizes)), ylim=(rows, 0))
        ax.set_title(name, weight="bold", fontsize=10)
        ax.text(0.05, rows, useless[name], va="bottom", fontsize=8.5, color=MUTED)
    labels = [f"10{draw.superscript(round(math.log10(size)))}" for size in sizes]
    panels[-1].set_xticks([column + 0.5 for column in range(len(sizes))], labels, fontsize=9)
    panels[-1].set_xlabel("relative error of the gradient", fontsize=10)
    _legend(fig, {"found": _RIGHT, "undecided": _UNDECIDED, "missed": _MISSED})
    draw.subject(fig, "Wrong gradients, by the size of their error: how many of them each checker finds")


def _panels(fig: Canvas, rows: int, columns: int = 2) -> Any:
    """Divide a figure into columns of panels, with room for the names of the checkers and for a legend."""
    height, width = fig.get_figheight(), fig.get_figwidth()
    left, below = (1.05, 1.6) if draw.is_narrow(fig) else (1.5, 0.85)
    margins = {"left": left / width, "right": 1 - 0.2 / width, "top": 1 - 0.55 / height, "bottom": below / height}
    grid = {**margins, "wspace": 0.1, "hspace": 0.22}
    return fig.subplots(rows, columns, sharex=True, sharey=True, squeeze=False, gridspec_kw=grid)


def is_usable(part: pd.DataFrame, checker: str) -> bool:
    """Return whether a checker rejects few of the correct gradients: what others find says nothing."""
    rate = part[(part["checker"] == checker) & (part["error"] == "false positive")]["rate"]
    return bool((rate < USABLE).any())


def _useless(part: pd.DataFrame, usable: Sequence[str], narrow: bool) -> str:
    """Say how many of the correct gradients the checkers reject that cannot be used, and which are not available."""
    false = part[(part["error"] == "false positive") & ~part["checker"].isin(usable)]
    rejecting = false.dropna(subset="rate").sort_values("rate", ascending=False, kind="stable")
    blind = [short_name(name) for name in false[false["rate"].isna()]["checker"]]
    pairs = zip(rejecting["checker"], rejecting["rate"], strict=True)
    shares = [(short_name(name), f"{_percent(rate)}\N{NO-BREAK SPACE}%") for name, rate in pairs]
    groups = {share: [name for name, other in shares if other == share] for _, share in shares}
    words = "; ".join(f"{listed(names)} {share}" for share, names in groups.items())
    lines = [f"reject right gradients: {words}"] if words else []
    lines += [f"not available: {listed(blind)}"] if blind else []
    width = 46 if narrow else 84
    return "\n".join(textwrap.fill(line, width) for line in lines)


def _grid(ax: Axes, part: pd.DataFrame, checkers: Sequence[str], sizes: Sequence[float]) -> None:
    """Draw the cells of a panel; where the errors are so small that they round away, it says so."""
    for row, checker in enumerate(checkers):
        mine = part[part["checker"] == checker]
        for column, size in enumerate(sizes):
            _cell(ax, column, row, mine[mine["nominal"] == size])
    tried = part[part["checker"].isin(checkers) & (part["decided"] > 0)]["nominal"].dropna().unique()
    lost = [column for column, size in enumerate(sizes) if size not in tried]
    if lost and checkers and not (len(lost) == 1 and draw.is_narrow(ax.figure)):
        text = "rounds\naway" if len(lost) == 1 else "smaller errors round away"
        middle = ((lost[0] + lost[-1] + 1) / 2, len(checkers) / 2)
        ax.text(*middle, text, ha="center", va="center", fontsize=8.5, color=MUTED)
    ax.set_xticks([])
    _checker_ticks(ax, checkers, 0.5)


def _checker_ticks(ax: Axes, checkers: Sequence[str], middle: float) -> None:
    """Write the names of the checkers beside their rows, and take the frame away."""
    names = [short_name(name) for name in checkers]
    if not draw.is_narrow(ax.figure):
        names = [name.replace("\n", " ") for name in names]
    ax.set_yticks([row + middle for row in range(len(checkers))], names, fontsize=9)
    ax.tick_params(length=0, labelcolor=INK)
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _cell(ax: Axes, left: float, row: int, found: pd.DataFrame) -> None:
    """Draw one cell as a small stack: missed at the bottom, undecided above it, the rest is found."""
    shares = [(one["rate"], one["undecided"]) for one in found.to_dict("records") if one["decided"]]
    x, top, width, height = left + 0.04, row + 0.08, 0.92, 0.84
    for rate, undecided in shares:
        missed, bottom = rate - undecided, top + height
        ax.add_patch(Rectangle((x, top), width, height, facecolor=_RIGHT, linewidth=0, zorder=2))
        ax.add_patch(Rectangle((x, bottom - missed * height), width, missed * height, facecolor=_MISSED, zorder=3))
        ax.add_patch(Rectangle((x, bottom - rate * height), width, undecided * height, facecolor=_UNDECIDED, zorder=3))


def _percent(share: float) -> str:
    """Return a share as a whole number of per cent; what is not nothing, or not all, does not read so."""
    if 0 < share < 0.005:
        return "<1"
    return ">99" if 0.995 < share < 1 else f"{100 * share:.0f}"


def _xlabel(fig: Canvas, text: str) -> None:
    """Write one label below all panels."""
    y = (1.1 if draw.is_narrow(fig) else 0.4) / fig.get_figheight()
    fig.supxlabel(text, x=0.58, y=y, fontsize=10, va="bottom")


def _legend(fig: Canvas, entries: Mapping[str, str]) -> None:
    """Say below the panels what the colours mean."""
    options: dict[str, Any] = {"linestyle": "none", "marker": "s", "markersize": 9}
    handles = [Line2D([], [], color=color, label=text, **options) for text, color in entries.items()]
    columns = 1 if draw.is_narrow(fig) else len(handles)
    fig.legend(handles=handles, loc="lower center", ncols=columns, fontsize=9, columnspacing=1.4, handletextpad=0.3)


# --- verdicts -------------------------------------------------------------------------------------------


def verdict_shares(counted: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of the verdicts on right gradients and on those with one wrong coordinate.

    Parameters
    ----------
    counted : pandas.DataFrame
        From `experiments.gradient_check.counts.counts`.

    Returns
    -------
    pandas.DataFrame
        checker, format, kind (of `KINDS`), trials, and the shares accepted, undecided and rejected; NaN where no
        verdict was given. What is called inexact counts as accepted where it is right, and as rejected where not.
    """
    part = counted[counted["kind"].isin(list(KINDS)) & counted["group"].isin(JUDGED) & counted["format"].isin(FORMATS)]
    table = part.groupby(["checker", "format", "kind"], sort=False)[list(DECIDED)].sum().reset_index()
    trials = table[list(DECIDED)].sum(axis=1)
    is_right = table["kind"] == "right"
    table["passed"] += table["called inexact"].where(is_right, 0)
    table["rejected"] += table["called inexact"].where(~is_right, 0)
    shares = {
        name: table[verdict] / trials.where(trials > 0)
        for name, verdict in (("accepted", "passed"), ("undecided", "inconclusive"), ("rejected", "rejected"))
    }
    return table[["checker", "format", "kind"]].assign(trials=trials, **shares)


def draw_verdicts(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw a row of panels for each format, correct gradients at the left, wrong ones at the right: stacked shares."""
    names = [name for name in FORMATS if name in set(data["format"])]
    checkers = list(dict.fromkeys(data["checker"]))
    panels = _panels(fig, len(names))
    for row, name in zip(panels, names, strict=True):
        for ax, kind in zip(row, KINDS, strict=True):
            part = data[(data["format"] == name) & (data["kind"] == kind)].set_index("checker")
            for level, checker in enumerate(checkers):
                _stack(ax, level, part.loc[checker], kind)
            ax.set(xlim=(0, 100), ylim=(len(checkers) - 0.45, -0.55))
            ticks = [0, 50] if draw.is_narrow(fig) else [0, 50, 100]
            ax.set_xticks(ticks, list(map(str, ticks)), fontsize=8.5)
            _checker_ticks(ax, checkers, 0)
        row[0].set_title(name, weight="bold", fontsize=10)
    for ax, text in zip(panels[0], KINDS.values(), strict=True):
        ax.annotate(
            text,
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 20),
            textcoords="offset points",
            fontsize=8.5 if draw.is_narrow(fig) else 10,
            weight="bold",
            color=MUTED,
        )
    _xlabel(fig, "share of the verdicts, in %")
    _legend(
        fig,
        {
            "right verdict": _RIGHT,
            "undecided": _UNDECIDED,
            "right, but rejected": _FALSE,
            "wrong, but accepted": _MISSED,
        },
    )


_ROOM = 0.3
"""A share is written into its part of a bar where that is wider."""


def _stack(ax: Axes, level: int, shares: pd.Series, kind: str) -> None:
    """Draw the bar of one checker: accepted, undecided, rejected."""
    if not shares["trials"]:
        ax.text(50, level, "not available", ha="center", va="center", fontsize=8.5, color=MUTED)
        return
    colors = (_RIGHT, _UNDECIDED, _FALSE) if kind == "right" else (_MISSED, _UNDECIDED, _RIGHT)
    start = 0.0
    for name, color in zip(("accepted", "undecided", "rejected"), colors, strict=True):
        ax.barh(level, 100 * shares[name], left=start, height=0.72, color=color, zorder=2)
        if color != _RIGHT and shares[name] > _ROOM:
            middle, text = start + 50 * shares[name], f"{_percent(shares[name])} %"
            ax.text(middle, level, text, ha="center", va="center", color="white", fontsize=8, zorder=3)
        start += 100 * shares[name]


# --- the smallest errors that are found -----------------------------------------------------------------


def draw_curve(fig: Canvas, data: pd.DataFrame) -> None:
    """Draw the smallest error found against the number of parameters: a panel for each mode of our check."""
    modes = {
        "along directions": data["checker"] != "numdiff",
        "in every coordinate": data["checker"] == "numdiff",
    }
    label = "smallest error found,\nrelative to the gradient"
    panels = draw.small_multiples(fig, list(modes), columns=2, xlabel="number n of parameters", ylabel=label)
    fig.subplots_adjust(left=fig.subplotpars.left + 0.18 / fig.get_figwidth())  # for the second line of the label
    for ax, chosen in zip(panels, modes.values(), strict=True):
        for name, rows in data[chosen].dropna(subset="median").groupby("format", sort=False):
            ax.plot(rows["n"], rows["median"], label=str(name), **style_of(str(name)).line_options(markersize=5))
        ends = data[chosen].dropna(subset="median")["n"]
        if len(ends) and ends.max() < data["n"].max():
            words: dict[str, Any] = {"transform": ax.transAxes, "ha": "right", "va": "center", "fontsize": 10}
            ax.text(0.97, 0.4, f"measured to n = {ends.max()}", color=MUTED, **words)
    _name_ends(panels[-1])
    draw.subject(fig, "The smallest error of a gradient that check_gradient finds, in four formats")


def _name_ends(ax: Axes) -> None:
    """Write the names of the curves beside their right ends."""
    lines = sorted(named_lines(ax), key=lambda line: float(np.asarray(line.get_ydata())[-1]))
    low, high = np.log10(ax.get_ylim())
    ends = [(np.log10(np.asarray(line.get_ydata(), dtype=float)[-1]) - low) / (high - low) for line in lines]
    gap = 13 / (ax.get_window_extent().height * 72 / ax.figure.dpi)
    for line, level in zip(lines, spread(ends, gap, 0.0, 1.0), strict=True):
        right: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "va": "center"}
        at = (float(np.asarray(line.get_xdata())[-1]), level)
        ax.annotate(str(line.get_label()), at, xytext=(9, 0), ha="left", fontsize=10, color=text_color(line), **right)
