"""The explorer of the report: every curve of a sweep, drawn by the page itself from the records that it carries.

The page is complete without the script: it then has a table of one run. The script is inline, so a page with a content
security policy has to name its digest, `Explorer.policy`.
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import jinja2
import pandas as pd
from markupsafe import Markup

from numdiff.report.axes import superscript
from numdiff.report.explorer_data import GRIDS, Subject, bound_kept, explorer_data, scientific
from numdiff.report.styles import FORMAT_STYLE, METHOD_STYLE, PART_STYLE, Style, label_of
from numdiff.step_table import FORMULA_ONLY

__all__ = ["PARTS", "Explorer", "Subject", "bound_text", "correct_digits", "explorer", "on_dark"]

PARTS: Mapping[str, str] = {
    "total": "total: computed − exact",
    "truncation": "truncation: the formula’s error",
    "roundoff": "roundoff: all the rest",
    "abscissa": "abscissa: rounding of x ± h",
    "evaluation": "evaluation: rounding inside f",
    "combination": "combination: rounding of the quotient",
}
"""The parts of the error, with what they are."""
_DARK = (0x14, 0x18, 0x1D)
"""The ground of the page in dark mode."""
_DASHES = {"-": "", "--": "6 3", ":": "1.5 2.5", "-.": "7 2.5 1.5 2.5"}


@dataclass(frozen=True)
class Explorer:
    """The pieces of the explorer, for a page to put in their places.

    Parameters
    ----------
    html : Markup
        The section ``#explorer``, with its heading: complete without the script.
    end : Markup
        Data and script: at the end of the body, so that the page is painted before they are read.
    css : Markup
        Its style sheet; it uses the variables of the page (``--ink``, ``--rule``, …).
    policy : str
        The source that ``script-src`` of the content security policy has to name.
    """

    html: Markup
    end: Markup
    css: Markup
    policy: str


class _Row(NamedTuple):
    """A row of the table without the script: the step, about how large it is, texts and classes of the cells."""

    step: str
    about: str
    cells: list[tuple[str, str]]


def explorer(
    records: pd.DataFrame,
    best: pd.DataFrame,
    subjects: Mapping[str, Subject],
    formulas: Mapping[str, str],
    formats: Sequence[str],
    default: tuple[str, str, str] = ("", "", ""),
) -> Explorer:
    """Return the explorer of a sweep.

    Parameters
    ----------
    records : DataFrame
        Records of the grids of `GRIDS`, others are left out. Steps of a run are consecutive, points one a function.
    best : DataFrame
        Columns problem, method, format, k: the best step of each run on the generic grid.
    subjects : mapping of str to Subject
        Of each problem.
    formulas : mapping of str to str
        Each method as it is written by hand.
    formats : sequence of str
        The formats in the order in which they are listed.
    default : (str, str, str)
        Problem, method and format of the table without the script; by default the first there are.

    Raises
    ------
    ValueError
        If a run is not as described, or a problem or method is not.
    """
    data = explorer_data(records, best, subjects, formulas, formats)
    first = [name if name in data[key] else next(iter(data[key])) for key, name in _named(default)]
    data["looks"] = {name: _look(style) for styles in _styles() for name, style in styles.items()}
    data["default"] = dict(zip(("function", "formula", "format", "part"), (*first, "total"), strict=True))
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    script = _template_text("explorer.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    end = Markup('<script type="application/json" id="explorer-data">{}</script>\n<script>{}</script>')
    rows = _static_rows(records, *first)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    html = environment.from_string(_template_text("explorer.html")).render(
        data=data, parts=PARTS, grids=GRIDS, first=first, rows=rows, label=label_of
    )
    return Explorer(
        Markup(html),
        end.format(Markup(text), Markup(script)),
        Markup(_template_text("explorer.css") + _series_rules()),
        f"'sha256-{digest}'",
    )


def _named(default: tuple[str, str, str]) -> list[tuple[str, str]]:
    return list(zip(("functions", "formulas", "formats"), default, strict=True))


def _styles() -> tuple[Mapping[str, Style], ...]:
    return FORMAT_STYLE, METHOD_STYLE, PART_STYLE


# --- the table without the script, and the style sheet ----------------------------------------------------


def bound_text(value: float) -> str:
    """Return a bound with three significant digits, rounded up, as the script writes it."""
    if not math.isfinite(value):
        return "none"
    kept = bound_kept(value)
    digits = Decimal(kept).normalize(Context(prec=3, rounding=ROUND_CEILING))
    if not digits:
        return "0"
    mantissa, exponent = f"{digits:.2e}".split("e")
    return f"{mantissa}·10{superscript(int(exponent))}"


def correct_digits(total: float, reference: float) -> str:
    """Return the correct decimal digits as the script writes them: at least 0, a dash where the derivative is 0."""
    if reference == 0:
        return "–"
    if total == 0:
        return "all"
    return f"{max(0.0, -math.log10(abs(total / reference))):.1f}"


def _static_rows(records: pd.DataFrame, function: str, formula: str, name: str) -> list[_Row]:
    """Return the rows of the table without the script, of one run at generic steps."""
    chosen = records[(records["problem"] == function) & (records["method"] == formula) & (records["format"] == name)]
    rows = []
    cells: list[Any] = list(chosen[chosen["grid"] == "generic"].sort_values("k", kind="stable").itertuples())
    for cell in cells:
        usable, known = cell.status == "ok", cell.status in FORMULA_ONLY
        texts = [
            scientific(cell.total) if usable else cell.status,
            scientific(cell.truncation) if known else cell.status,
            scientific(cell.roundoff) if usable else cell.status,
            correct_digits(cell.total, cell.reference) if usable else cell.status,
            bound_text(cell.a_priori_bound),
        ]
        step = 1.2357 * 2.0**-cell.k
        rows.append(
            _Row(
                f"1.2357·2{superscript(-cell.k)}",
                f" ≈ {scientific(step, 3)}",
                [(text, _kind(text, cell.status)) for text in texts],
            )
        )
    return rows


def _kind(text: str, status: str) -> str:
    """Return the class of a cell: a word, or a number that leaves room for a sign."""
    if text == status:
        return "status"
    return "x-plus" if text[0].isdigit() and "·" in text else ""


def _look(style: Style) -> dict[str, str]:
    return {"marker": style.marker, "dash": _dash(style.line)}


def _dash(line: Any) -> str:
    if isinstance(line, str):
        return _DASHES.get(line, "")
    return " ".join(f"{1.5 * length:g}" for length in line[1])


def _series_rules() -> str:
    """Return a rule a series: its colour on white, and one as light as is needed to be seen on the dark ground."""
    colours = {name: style.color for styles in _styles() for name, style in styles.items()}
    light = "".join(f"#explorer .s-{name} {{ --c: {colour}; }}\n" for name, colour in colours.items())
    dark = "".join(f"  #explorer .s-{name} {{ --c: {on_dark(colour)}; }}\n" for name, colour in colours.items())
    return f"{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"


def on_dark(colour: str) -> str:
    """Return a colour, mixed with white until its contrast with the dark ground is 4.5 (WCAG 2.2, 1.4.3)."""
    own = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    for share in range(21):
        mixed = [round(c + (255 - c) * share / 20) for c in own]
        if (_luminance(mixed) + 0.05) / (_luminance(_DARK) + 0.05) >= 4.5:
            break
    return "#" + "".join(f"{c:02x}" for c in mixed)


def _luminance(channels: Any) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in channels)]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


@cache
def _template_text(name: str) -> str:
    return resources.files("numdiff.report").joinpath("templates", name).read_text(encoding="utf-8")
