"""The maps as a picture: x to the right, h upwards, colour for correct digits."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from experiments.half_precision_atlas.atlas import FORMULAS, FUNCTIONS, Sheet
from experiments.half_precision_atlas.formats import EIGHT_BITS
from experiments.half_precision_atlas.maps import EXACT, NOTHING, PER_DIGIT
from experiments.half_precision_atlas.numbers import numbers_of
from experiments.words import written
from numdiff.floats.formats import FORMATS
from numdiff.problems import PROBLEMS
from numdiff.report.styles import rc_settings

__all__ = ["draw", "palette"]

SIZE = 11.0, 13.0
MISSING, ZERO = "#d9d9d9", "#e0521b"
"""The colours of no derivative and of an exact one."""
_DOTS = 120


def palette(digits: float) -> ListedColormap:
    """Return a colour for every code: dark is 0 digits, light is as many as the format has."""
    scale = matplotlib.colormaps["viridis"]
    colours = [scale(min(code / (PER_DIGIT * digits), 1.0)) for code in range(NOTHING + 1)]
    colours[EXACT], colours[NOTHING] = matplotlib.colors.to_rgba(ZERO), matplotlib.colors.to_rgba(MISSING)
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
    """Draw the bar of colours and name the two that are none of it."""
    scale = matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(0.0, digits), matplotlib.colormaps["viridis"])
    bar = figure.colorbar(scale, ax=axes, location="right", shrink=0.5, aspect=40)
    worst = "" if name in EIGHT_BITS else ", the worst of neighbours"
    bar.set_label(f"correct digits{worst}")
    figure.legend(
        handles=[Patch(color=ZERO, label="error 0"), Patch(color=MISSING, label="no finite derivative")],
        loc="outside upper right", ncols=2, frameon=False,
    )  # fmt: skip
