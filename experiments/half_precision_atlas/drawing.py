"""The maps as a picture: x to the right, h upwards, colour for correct digits."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline

from experiments.half_precision_atlas.atlas import FORMULAS, FUNCTIONS, Sheet
from experiments.half_precision_atlas.formats import EIGHT_BITS
from experiments.half_precision_atlas.maps import COARSE, EXACT, NOTHING, PER_DIGIT, SMALL
from experiments.half_precision_atlas.numbers import numbers_of
from experiments.words import written
from numdiff.floats.formats import FORMATS
from numdiff.problems import PROBLEMS
from numdiff.report.panels import outside_legend, small_multiples
from numdiff.report.styles import rc_settings

__all__ = ["draw", "draw_map", "draw_shares", "palette"]

SIZE = 11.0, 13.0
LIMITS = {
    EXACT: ("#e0521b", "error 0"),
    SMALL: ("#a8bede", "f′ and error below the smallest normal number"),
    NOTHING: ("#d9d9d9", "no finite derivative"),
}
"""The codes that are no number of digits: their colours and what they are."""
_DOTS = 120


def palette(digits: float) -> ListedColormap:
    """Return a colour for every code: dark is 0 digits, light is as many as the format has."""
    scale = matplotlib.colormaps["viridis"]
    colours = [scale(min(code / (PER_DIGIT * digits), 1.0)) for code in range(NOTHING + 1)]
    for code, (colour, _) in LIMITS.items():
        colours[code] = matplotlib.colors.to_rgba(colour)
    return ListedColormap(colours)


def draw(sheets: Sequence[Sheet], file: Path) -> None:
    """Draw the sheets of one format: a row for each function, a column for each formula."""
    fmt = FORMATS[sheets[0].format]
    digits = float(fmt.precision * np.log10(2.0))
    colours = palette(digits)
    rows = [name for name in FUNCTIONS if any(s.function == name for s in sheets)]
    settings: Any = rc_settings(SIZE) | {"axes.grid": False}
    with matplotlib.rc_context(settings):
        figure = Figure(SIZE, layout="constrained")
        axes = figure.subplots(len(rows), len(FORMULAS), sharex=True, sharey=True, squeeze=False)
        for sheet in sheets:
            panel = axes[rows.index(sheet.function), FORMULAS.index(sheet.formula)]
            _draw_panel(panel, sheet, colours)
            panel.set_title(f"{written(PROBLEMS[sheet.function].formula)}, {sheet.formula}")
        for panel in axes[-1]:
            panel.set_xlabel(f"x: all finite numbers of {fmt.name}, in order")
        for panel in axes[:, 0]:
            panel.set_ylabel("step h")
        _legend(figure, axes, digits, fmt.name)
        figure.savefig(file, dpi=_DOTS, metadata={"Software": None})


def _draw_panel(axes: Any, sheet: Sheet, colours: ListedColormap) -> None:
    steps, columns = sheet.digits.shape
    first = int(sheet.counts["k"].iloc[0])
    extent = (0, columns, first - 0.5, first + steps - 0.5)
    axes.imshow(
        sheet.digits, cmap=colours, vmin=0, vmax=NOTHING, origin="lower", aspect="auto", extent=extent,
        interpolation="nearest",
    )  # fmt: skip
    places, names = _ticks(sheet.format, columns)
    axes.set_xticks(places, names)
    ks = [k for k in range(-24, 16) if k % (4 if steps < 30 else 8) == 0 and first <= k < first + steps]
    axes.set_yticks(ks, [_power(k) for k in ks])
    axes.spines[:].set_visible(True)


def _ticks(name: str, columns: int) -> tuple[list[float], list[str]]:
    """Return where some powers of two lie among the numbers of a format."""
    numbers = numbers_of(FORMATS[name])
    ordered = numbers.values[numbers.finite]
    k = {"float16": 8, "bfloat16": 64, "float8_e5m2": 8, "float8_e4m3fn": 4}[name]
    marks = [(-(2.0**j), f"−{_power(j)}") for j in (k, 0, -k)] + [(0.0, "0")]
    marks += [(2.0**j, _power(j)) for j in (-k, 0, k)]
    places = [(np.searchsorted(ordered, value) + 0.5) * columns / ordered.size for value, _ in marks]
    return places, [text for _, text in marks]


def _power(k: int) -> str:
    digits = str(k).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return "1" if k == 0 else f"2{digits}"


def _legend(figure: Figure, axes: Any, digits: float, name: str) -> None:
    """Draw the bar of colours and name those that are none of it."""
    scale = matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(0.0, digits), matplotlib.colormaps["viridis"])
    bar = figure.colorbar(scale, ax=axes, location="right", shrink=0.5, aspect=40)
    worst = "" if name in EIGHT_BITS else ", the fewest of some 60 neighbours"
    bar.set_label(f"correct digits{worst}")
    handles = [Patch(color=colour, label=text) for colour, text in LIMITS.values()]
    figure.legend(handles=handles, loc="outside upper right", ncols=3, frameon=False)


_LINES = {
    "square": ("#1b5fb4", "-"),
    "exp": ("#c2410c", "--"),
    "sigmoid": ("#00857a", "-."),
    "tanh": ("#8038b4", (0, (6, 2))),
    "composition": ("#6b3d0c", ":"),
}
"""The colour and the dashes of each function."""


def draw_shares(canvas: Figure, frame: pd.DataFrame) -> None:
    """Draw the share of numbers with a digit against the step: a panel for each format and formula."""
    panels = list(frame.groupby(["format", "formula"], sort=False))
    titles = [f"{fmt}, {formula}" for (fmt, formula), _ in panels]
    axes = small_multiples(canvas, titles, ylabel="% of numbers with a digit", log=False)
    for panel, (_, group) in zip(axes, panels, strict=True):
        for function, rows in group.groupby("function", sort=False):
            colour, dashes = _LINES[str(function)]
            label = written(PROBLEMS[str(function)].formula)
            panel.plot(rows["k"], 100 * rows["share"], color=colour, linestyle=dashes, label=label)
        panel.set_xticks(range(-24, 16, 8), [_power(k) for k in range(-24, 16, 8)])
        panel.set_ylim(0, 104)
    outside_legend(canvas, axes, where="bottom")


_GROUNDS = {"no finite derivative": "#e3e3e3", "below the smallest normal number": "#a8bede", "error 0": "#e0521b"}
"""The colours of what is no number of digits."""


def draw_map(canvas: Figure, frame: pd.DataFrame) -> None:
    """Draw regions of equal correct digits: a panel for each format and function, x to the right and h upwards."""
    keys = frame[["function", "format"]].drop_duplicates().itertuples(index=False)
    panels: list[Any] = sorted(keys, key=lambda key: FUNCTIONS.index(key.function))
    titles = [f"{written(PROBLEMS[function].formula)}, {fmt}" for function, fmt in panels]
    axes = small_multiples(canvas, titles, xlabel="x: all finite numbers, in order", log=False, share=False)
    canvas.supylabel("")
    levels = sorted({float(d) for d in frame["digits"] if d not in _GROUNDS})
    scale = matplotlib.colormaps["viridis"]
    colours = _GROUNDS | {f"{level:g}": matplotlib.colors.to_hex(scale(level / levels[-1])) for level in levels}
    for panel, (function, fmt) in zip(axes, panels, strict=True):
        group = frame[(frame["function"] == function) & (frame["format"] == fmt)]
        for digits, rows in group.groupby("digits", sort=True):
            boxes = zip(rows["first"], rows["last"], rows["k"], strict=True)
            outline = Outline.make_compound_path(*(_box(*box) for box in boxes))
            panel.add_patch(PathPatch(outline, facecolor=colours[str(digits)], linewidth=0, antialiased=False))
        panel.set_xlim(0, COARSE)
        panel.set_ylim(group["k"].min() - 0.5, group["k"].max() + 0.5)
        panel.set_ylabel("step h")
        places, names = _ticks(fmt, COARSE)
        panel.set_xticks(places, names)
        panel.set_yticks(range(-24, 16, 8), [_power(k) for k in range(-24, 16, 8)])
        panel.grid(visible=False)
    shown = set(frame["digits"])
    whole = [f"{level:g}" for level in levels if level == int(level)]
    named = {name: f"{name} digit{'' if name == '1' else 's'}" for name in whole}
    named[whole[-1]] += " or more"
    named |= {name: name for name in _GROUNDS if name in shown}
    handles = [Line2D([], [], color=colours[name], linewidth=7, label=text) for name, text in named.items()]
    outside_legend(canvas, axes, where="bottom", handles=handles)


def _box(first: int, last: int, k: int) -> Outline:
    left, right, low, high = first, last + 1, k - 0.5, k + 0.5
    return Outline([(left, low), (right, low), (right, high), (left, high), (left, low)], closed=True)
