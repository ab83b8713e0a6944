"""The records that the page of the report carries for its explorer, in compact form.

A number is the upper half of a double in base64: 21 significant bits, more than six decimal digits, in the whole range
of doubles. Zeros that a column begins with are left out. Roundoff and total are the sums of their parts; where these
cancel, the sum is kept beside them. What a kernel returned is kept as a double, and the steps as exact texts.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from numdiff.report.axes import superscript
from numdiff.report.styles import label_of
from numdiff.step_table import FORMULA_ONLY
from numdiff.study.records import FIELDS

__all__ = ["COLUMNS", "GRIDS", "SIZES", "SUMS", "SUM_ACCURACY", "Subject", "bound_kept"]
__all__ += ["computed_text", "explorer_data", "packed", "scientific"]

COLUMNS = ("total", "truncation", "roundoff", "abscissa", "evaluation", "combination", "a_priori_bound")
"""What a run has, in the order of its CSV."""
SIZES: Mapping[str, int] = {"truncation": 4, "abscissa": 4, "evaluation": 4, "combination": 4, "a_priori_bound": 3}
"""The columns that are kept, and the bytes of a double that are kept of each: 21 or 13 significant bits."""
SUMS: Mapping[str, tuple[str, ...]] = {
    "roundoff": ("abscissa", "evaluation", "combination"),
    "total": ("truncation", "roundoff"),
}
"""The columns that are sums of others, in the order in which they are formed."""
SUM_ACCURACY = 2.0**-18
"""A sum that is further off than this, because its parts cancel, is kept beside them."""
SAME = "="
"""In the place of a column that is the beginning of that of the longest run of its function, formula and grid."""
GRIDS: Mapping[str, tuple[str, str]] = {
    "generic": ("generic, h = 1.2357·2⁻ᵏ", "1.2357·"),
    "dyadic": ("dyadic, h = 2⁻ᵏ", ""),
}
"""The grids that can be chosen: label, and the factor of the power of two."""
_DOUBLE_DIGITS = 13
"""The hexadecimal digits of a double behind the point."""


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
    label : str
        How it is chosen, where the formula does not tell it from another one.
    """

    formula: str
    family: str
    reason: str
    label: str = ""


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
    runs, steps = _runs(cells, best, statuses)
    return {
        "functions": {name: _function(name, cells, subjects) for name in cells["problem"].unique()},
        "formulas": {name: {"label": label_of(name), "text": formulas[name]} for name in formulas},
        "formats": {name: {"label": label_of(name)} for name in formats},
        "statuses": statuses,
        "formula_only": FORMULA_ONLY,
        "wide": _wider_than_double(cells),
        "columns": COLUMNS,
        "sizes": SIZES,
        "sums": SUMS,
        "platform": [name for name in (*COLUMNS, "computed") if FIELDS[name].metadata["kind"] == "platform"],
        "steps": steps,
        "runs": {grid: runs[grid] for grid in GRIDS if grid in runs},
    }


def _runs(cells: pd.DataFrame, best: pd.DataFrame, statuses: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the runs by grid, function, formula and format, and the steps by grid and format."""
    marks = {(row.problem, row.method, row.format): row.k for row in best.itertuples()}
    runs: dict[str, Any] = {}
    steps: dict[str, dict[str, list[str]]] = {}
    families: Any = cells.groupby(["grid", "problem", "method"], sort=False)
    for (grid, problem, method), family in families:
        by_format: Any = {
            name: run.sort_values("k", kind="stable") for name, run in family.groupby("format", sort=False)
        }
        longest = _all_words(max(by_format.values(), key=len))
        entries = runs.setdefault(grid, {}).setdefault(problem, {}).setdefault(method, {})
        for name, run in by_format.items():
            _check_run(run, steps.setdefault(grid, {}).setdefault(name, []), f"{problem}, {method}, {name}, {grid}")
            best_k = marks.get((problem, method, name)) if grid == "generic" else None
            entries[name] = _run(run, statuses, longest) | {"best": _plain(best_k)}
    return runs, steps


def _wider_than_double(cells: pd.DataFrame) -> list[str]:
    """Return the formats of which a double does not hold every value that was computed."""
    digits = cells["computed"].str.extract(r"\.([0-9a-f]+)p")[0].str.len().fillna(0)
    return sorted(cells["format"][digits > _DOUBLE_DIGITS].unique())


def _check_run(run: pd.DataFrame, steps: list[str], what: str) -> None:
    """Add the steps of a run to those of its grid and format, and refuse a run that does not fit them."""
    own = run["step"].tolist()
    common = min(len(steps), len(own))
    if run["k"].tolist() != list(range(1, len(own) + 1)) or own[:common] != steps[:common]:
        raise ValueError(f"records must have one cell for each k = 1, 2, … of a run, at the steps of its grid: {what}")
    steps.extend(own[common:])


def _run(run: pd.DataFrame, statuses: list[str], longest: Mapping[str, NDArray[np.uint64]]) -> dict[str, Any]:
    first, n, words = run.iloc[0], len(run), _all_words(run)
    predicted = [float(f"{first[name]:.6g}") for name in ("predicted_step", "predicted_error")]
    # Truncation at dyadic steps is the same in every format, for instance.
    shared = {name: len(longest[name]) > n and np.array_equal(words[name], longest[name][:n]) for name in SIZES}
    return {
        "status": "".join(np.base_repr(statuses.index(word), 36) for word in run["status"]),
        "predicted": predicted if all(map(math.isfinite, predicted)) else None,
        "prediction": first["prediction"],
        "columns": [SAME if shared[name] else _text(words[name], size) for name, size in SIZES.items()],
        "cancelled": _cancelled(run, words),
        "computed": computed_text(run["computed_value"].to_numpy("<f8")),
    }


def _all_words(run: pd.DataFrame) -> dict[str, NDArray[np.uint64]]:
    return {name: _words(run[name], size, up=name == "a_priori_bound") for name, size in SIZES.items()}


def _cancelled(run: pd.DataFrame, words: Mapping[str, NDArray[np.uint64]]) -> list[list[Any]]:
    """Return for each column that is a sum where the sum of what is kept is off: indices and values in turns."""
    kept = {name: _numbers(words[name], size) for name, size in SIZES.items()}
    found = []
    for name, parts in SUMS.items():
        exact = run[name].to_numpy(float)
        total = np.sum([kept[part] for part in parts], axis=0)
        off = ~(np.abs(total - exact) <= SUM_ACCURACY * np.abs(exact)) & ~(np.isnan(total) & np.isnan(exact))
        found.append([value for i in np.flatnonzero(off) for value in (int(i), _plain(float(f"{exact[i]:.7g}")))])
        kept[name] = np.where(off, exact, total)
    return found


def computed_text(values: NDArray[np.float64]) -> str:
    """Return values exactly: as floats of four bytes where they are such, as doubles elsewhere; NaN has one form."""
    values = np.where(np.isnan(values), np.nan, values)  # its sign depends on the operation that made it
    with np.errstate(over="ignore", under="ignore"):
        short = values.astype("<f4")
    exact = np.array_equal(short.astype("<f8"), values, equal_nan=True)
    return base64.b64encode((short if exact else values).tobytes()).decode()


def _function(name: str, cells: pd.DataFrame, subjects: Mapping[str, Subject]) -> dict[str, Any]:
    own = cells[cells["problem"] == name]
    if own["x"].nunique() > 1:
        raise ValueError(f"records must have one point a function, got {own['x'].nunique()} of {name!r}")
    row, subject = own.iloc[0], subjects[name]
    point = f"x = {_written(repr(float(row['x_value'])))}"
    radius = f" ± {scientific(row['reference_radius'], 2)}" if row["reference_radius"] else ""
    known = f"{_written(row['reference_text'])}{radius}"
    return {
        "formula": subject.formula,
        "label": subject.label or subject.formula,
        "family": subject.family,
        "about": f"at {point}; f′(x) = {known} ({subject.family}). {subject.reason}",
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
    return _text(_words(values, size, up), size)


def _text(words: NDArray[np.uint64], size: int) -> str:
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


def _numbers(words: NDArray[np.uint64], size: int) -> NDArray[np.float64]:
    """Return the doubles that begin with these bytes; the others are 0."""
    return (words << np.uint64(64 - 8 * size)).view(np.float64)


def bound_kept(value: float) -> float:
    """Return a bound as it is kept: rounded up to the bytes that `packed` leaves of it."""
    size = SIZES["a_priori_bound"]
    return float(_numbers(_words([value], size, up=True), size)[0])


def scientific(value: float, digits: int = 4) -> str:
    """Return a number with so many significant digits, as the script writes it: ``−6.431·10⁻¹²``."""
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return mantissa.replace("-", "−") + f"·10{superscript(int(exponent))}"
