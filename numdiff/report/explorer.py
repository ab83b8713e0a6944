"""The explorer of the report: every curve of a sweep, drawn by the page itself from the records that it carries.

The records travel with the page as JSON. A number is the upper half of a double in base64: 21 significant bits, more
than six decimal digits, in the whole range of doubles. Zeros that a column begins with are left out. What a kernel
returned is kept as a double. The page is complete without the script: it then has a table of one run.

The script is inline, so a page with a content security policy has to name its digest: `Explorer.policy`.
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
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from numdiff.report.axes import superscript
from numdiff.report.styles import FORMAT_STYLE, METHOD_STYLE, PART_STYLE, Style, label_of
from numdiff.study.records import FIELDS

__all__ = ["COLUMNS", "GRIDS", "Explorer", "Subject", "explorer", "explorer_data", "on_dark", "packed"]

COLUMNS = ("total", "truncation", "roundoff", "abscissa", "evaluation", "combination", "a_priori_bound")
"""The columns of a run that are packed, in their order; the last one is a bound."""
SIZE, BOUND_SIZE = 4, 3
"""The bytes that are kept of a part of the error, and of a bound: 21 and 13 significant bits."""
SIZES = (*[SIZE] * (len(COLUMNS) - 1), BOUND_SIZE)
SAME = "="
"""In the place of a column that is the beginning of that of the longest run of its function, formula and grid."""
GRIDS: Mapping[str, tuple[str, str]] = {
    "generic": ("generic, h = 1.2357·2⁻ᵏ", "1.2357·"),
    "dyadic": ("dyadic, h = 2⁻ᵏ", ""),
}
"""The grids that can be chosen: label, and the factor of the power of two."""
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
_FORMULA_ONLY = ("ok", "absorbed", "overflow", "nan")
"""The statuses in which the truncation error is known: it does not depend on what the format did."""
_DOUBLE_DIGITS = 13
"""The hexadecimal digits of a double behind the point."""
_DASHES = {"-": "", "--": "6 3", ":": "1.5 2.5", "-.": "7 2.5 1.5 2.5"}


@dataclass(frozen=True)
class Subject:
    """What a reader is told of a function.

    Parameters
    ----------
    formula : str
        f(x) as it is written by hand.
    family : str
        The collection that it belongs to.
    reason : str
        Why it is there, in a line.
    """

    formula: str
    family: str
    reason: str


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


def explorer_data(
    records: pd.DataFrame,
    best: pd.DataFrame,
    subjects: Mapping[str, Subject],
    formulas: Mapping[str, str],
    formats: Sequence[str],
) -> dict[str, Any]:
    """Return what the page carries, as it stands in its JSON; see `explorer`.

    Steps are the exact hexadecimal numbers of the records, by grid and format, for k = 1, 2, …
    """
    cells = records[records["grid"].isin(list(GRIDS))]
    if not len(cells):
        raise ValueError(f"records must have cells of a grid of {', '.join(GRIDS)}, got none")
    for what, known, column in (
        ("subjects", subjects, "problem"),
        ("formulas", formulas, "method"),
        ("formats", formats, "format"),
    ):
        if missing := sorted(set(cells[column]) - set(known)):
            raise ValueError(f"{what} must name every {column} of records, got none for {missing[0]!r}")
    statuses = list(dict.fromkeys(["ok", *sorted(set(cells["status"]))]))
    marks = {(row.problem, row.method, row.format): row.k for row in best.itertuples()}
    runs: dict[str, Any] = {}
    steps: dict[str, dict[str, list[str]]] = {}
    for (grid, problem, method), group in cells.groupby(["grid", "problem", "method"], sort=False):
        by_format = {name: run.sort_values("k", kind="stable") for name, run in group.groupby("format", sort=False)}
        longest = _all_words(max(by_format.values(), key=len))
        entries = runs.setdefault(grid, {}).setdefault(problem, {}).setdefault(method, {})
        for name, run in by_format.items():
            _check_run(run, steps.setdefault(grid, {}).setdefault(name, []), f"{problem}, {method}, {name}, {grid}")
            best_k = marks.get((problem, method, name)) if grid == "generic" else None
            entries[name] = _run(run, statuses, longest) | {"best": _plain(best_k)}
    return {
        "functions": {name: _function(name, cells, subjects) for name in cells["problem"].unique()},
        "formulas": {name: {"label": label_of(name), "text": formulas[name]} for name in formulas},
        "formats": {name: {"label": label_of(name)} for name in formats},
        "looks": {name: _look(styles[name]) for styles in _styles() for name in styles},
        "statuses": statuses,
        "formula_only": _FORMULA_ONLY,
        "wide": _wider_than_double(cells),
        "columns": COLUMNS,
        "sizes": SIZES,
        "platform": [name for name in (*COLUMNS, "computed") if FIELDS[name].metadata["kind"] == "platform"],
        "steps": steps,
        "runs": {grid: runs[grid] for grid in GRIDS if grid in runs},
    }


def _wider_than_double(cells: pd.DataFrame) -> list[str]:
    """Return the formats of which a double does not hold every value that was computed."""
    digits = cells["computed"].str.extract(r"\.([0-9a-f]+)p")[0].str.len().fillna(0)
    return sorted(cells["format"][digits > _DOUBLE_DIGITS].unique())


def _styles() -> tuple[Mapping[str, Style], ...]:
    return FORMAT_STYLE, METHOD_STYLE, PART_STYLE


def _check_run(run: pd.DataFrame, steps: list[str], what: str) -> None:
    """Add the steps of a run to those of its grid and format, and refuse a run that does not fit them."""
    own = run["step"].tolist()
    common = min(len(steps), len(own))
    if run["k"].tolist() != list(range(1, len(own) + 1)) or own[:common] != steps[:common]:
        raise ValueError(f"records must have one cell for each k = 1, 2, … of a run, at the steps of its grid: {what}")
    steps.extend(own[common:])


def _run(run: pd.DataFrame, statuses: list[str], longest: list[NDArray[np.uint64]]) -> dict[str, Any]:
    first, n = run.iloc[0], len(run)
    predicted = [float(f"{first[name]:.6g}") for name in ("predicted_step", "predicted_error")]
    # Truncation at dyadic steps is the same in every format, for instance.
    shared = [len(like) > n and np.array_equal(own, like[:n]) for own, like in zip(_all_words(run), longest, strict=True)]
    return {
        "status": "".join(np.base_repr(statuses.index(word), 36) for word in run["status"]),
        "predicted": predicted if all(map(math.isfinite, predicted)) else None,
        "prediction": first["prediction"],
        "columns": [
            SAME if same else packed(run[name], size=size, up=size == BOUND_SIZE)
            for name, size, same in zip(COLUMNS, SIZES, shared, strict=True)
        ],
        "computed": _computed(run["computed_value"].to_numpy("<f8")),
    }


def _all_words(run: pd.DataFrame) -> list[NDArray[np.uint64]]:
    return [_words(run[name], size, size == BOUND_SIZE) for name, size in zip(COLUMNS, SIZES, strict=True)]


def _computed(values: NDArray[np.float64]) -> str:
    """Return values exactly: as floats of four bytes where they are such, as doubles elsewhere."""
    with np.errstate(over="ignore", under="ignore"):
        short = values.astype("<f4")
    exact = np.array_equal(short.astype("<f8"), values, equal_nan=True)
    return base64.b64encode((short if exact else values).tobytes()).decode()


def _function(name: str, cells: pd.DataFrame, subjects: Mapping[str, Subject]) -> dict[str, Any]:
    own = cells[cells["problem"] == name]
    if own["x"].nunique() > 1:
        raise ValueError(f"records must have one point a function, got {own['x'].nunique()} of {name!r}")
    row, subject = own.iloc[0], subjects[name]
    radius = f" ± {scientific(row['reference_radius'], 2)}" if row["reference_radius"] else ""
    known = f"{_written(row['reference_text'])}{radius}"
    return {
        "formula": subject.formula,
        "family": subject.family,
        "about": f"at x = {_written(repr(float(row['x_value'])))}; f′(x) = {known} ({subject.family}). {subject.reason}",
        "x": _plain(row["x_value"]),
        "reference": _plain(row["reference"]),
        "text": row["reference_text"],
    }


def _written(text: str, digits: int = 20) -> str:
    """Return a decimal number as it is written by hand: so many digits, and an ellipsis where there are more."""
    mantissa, _, exponent = text.removesuffix(".0").partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    kept = ".".join(filter(None, [whole, fraction[: digits - 1]])).replace("-", "−")
    power = f"·10{superscript(int(exponent))}" if exponent and int(exponent) else ""
    return f"{kept}{'…' if len(fraction) >= digits else ''}{power}"


def _plain(value: Any) -> Any:
    """Return a number as JSON has it, None for one that is not finite or absent."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if isinstance(value, (int, np.integer)) else float(value)


def packed(values: ArrayLike, *, size: int = 4, up: bool = False) -> str:
    """Return numbers as base64 text: the first bytes of doubles, least first, without the zeros at the beginning.

    Parameters
    ----------
    values : array of float
    size : int
        How many of the eight bytes are kept.
    up : bool
        Round up, as a bound has to be; else to nearest. What is not 0 does not become 0.

    Returns
    -------
    str
        A reader who knows how many numbers there are puts the zeros before them.

    Examples
    --------
    >>> packed([0.0, 0.0, 1.0])
    'AADwPw=='
    """
    words = _words(values, size, up)
    filled = np.flatnonzero(words)
    kept = words[filled[0] if filled.size else len(words) :]
    return base64.b64encode(kept.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :size].tobytes()).decode()


def _words(values: ArrayLike, size: int, up: bool) -> NDArray[np.uint64]:
    """Return the first bytes of doubles as integers, rounded."""
    numbers = np.asarray(values, dtype=np.float64)
    bits = np.where(np.isnan(numbers), np.nan, numbers).view(np.uint64)
    shift, one = np.uint64(64 - 8 * size), np.uint64(1)
    last = (one << shift) - one
    # Half of the last place, to even; or all of it but one bit, which carries unless nothing is lost.
    added = last * (numbers > 0) if up else (last >> one) + (bits >> shift & one)
    words = np.where(np.isfinite(numbers), bits + added, bits) >> shift
    sign = one << np.uint64(8 * size - 1)
    return words | ((numbers != 0) & (words & (sign - one) == 0)).astype(np.uint64)


def bound_kept(value: float) -> float:
    """Return a bound as it is kept: rounded up to the bytes that `packed` leaves of it."""
    word = _words([value], BOUND_SIZE, True) << np.uint64(64 - 8 * BOUND_SIZE)
    return float(word.view(np.float64)[0])


# --- the table without the script, and the style sheet ----------------------------------------------------


def scientific(value: float, digits: int = 4) -> str:
    """Return a number with so many significant digits, as the script writes it: ``−6.431·10⁻¹²``."""
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return mantissa.replace("-", "−") + f"·10{superscript(int(exponent))}"


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


def _static_rows(records: pd.DataFrame, function: str, formula: str, name: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return the rows of the table without the script: the step, and of each cell its text and its class."""
    chosen = records[(records["problem"] == function) & (records["method"] == formula) & (records["format"] == name)]
    rows = []
    for cell in chosen[chosen["grid"] == "generic"].sort_values("k", kind="stable").itertuples():
        known = [cell.status == "ok", cell.status in _FORMULA_ONLY, cell.status == "ok"]
        numbers = zip((cell.total, cell.truncation, cell.roundoff), known, strict=True)
        texts = [scientific(number) if usable else cell.status for number, usable in numbers]
        digits = correct_digits(cell.total, cell.reference) if known[0] else cell.status
        texts += [digits, bound_text(cell.a_priori_bound)]
        kinds = ["status" if text == cell.status else "x-plus" if text[0].isdigit() and "·" in text else "" for text in texts]
        step = f"1.2357·2{superscript(-cell.k)}"
        rows.append((step, f" ≈ {scientific(1.2357 * 2.0**-cell.k, 3)}", list(zip(texts, kinds, strict=True))))
    return rows


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
