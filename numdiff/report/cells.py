"""The cells of a table as a person reads them: one notation a column, decimal points below each other."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from numdiff.digits import aligned, fixed, has_exact_text, is_moderate, scientific, step_text

__all__ = ["KINDS", "MISSING", "TEXT_KINDS", "Cell", "columns_of_cells", "holds_text", "is_missing", "kind_of_values"]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "g3": "3 significant digits",
        "g6": "at most 6 significant digits",
        "e2": "2 significant digits and a power of ten",
        "e3": "3 significant digits and a power of ten",
        "f1": "1 decimal",
        "g17": "shortest exact",
        "step": "steps as they are defined (2⁻⁵, 10⁻⁴, 0.3, 1.2357·2⁻⁵), or all of them like e3",
        "percent": "with a decimal",
        "int": "an integer",
        "hex": "a code",
        "text": "a text",
    }
)
"""How a value is shown, by the kind of its column."""
TEXT_KINDS = ("hex", "text")
MISSING = "–"
"""A number that there is not; the caption of the table says why."""
OK = ("ok", "")
_STEPS = re.compile(r"(^|_)(h|step|step_value)$")
_DIGITS = re.compile(r"(^|_)digits$")
"""What columns of steps and of correct digits are called."""
_POWERS: Mapping[str, Callable[[list[float]], bool]] = {
    "g3": is_moderate,
    "g6": lambda values: all(1e-4 <= abs(value) < 1e6 for value in values if value),
}
"""Whether a column is read best without powers of ten."""


@dataclass(frozen=True)
class Cell:
    """A cell as it is shown: its text and its class (``number``, ``text``, ``hex``, ``status`` or ``empty``)."""

    text: str
    kind: str


def is_missing(value: Any) -> bool:
    """Whether there is no value, not even NaN."""
    return value is None or value is pd.NA or value is pd.NaT


def holds_text(column: pd.Series) -> bool:
    """Whether a column is text with gaps; before pandas 3 its dtype was object and a gap a NaN."""
    if isinstance(column.dtype, (pd.StringDtype, pd.CategoricalDtype)):
        return True
    return column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) == "string"


def kind_of_values(name: str, values: pd.Series) -> str:
    """Return how a column is shown unless its table says otherwise, by its name and its values.

    Steps are shown as they are defined, correct digits with a decimal, other floats with three digits.
    """
    if pd.api.types.is_bool_dtype(values) or holds_text(values):
        return "text"
    if pd.api.types.is_integer_dtype(values):
        return "int"
    found = {type(v) for v in values.tolist()} if values.dtype == object else {float}
    if any(issubclass(t, (float, np.floating)) for t in found):
        return "step" if _STEPS.search(name) else "f1" if _DIGITS.search(name) else "g3"
    return "int" if any(issubclass(t, (int, np.integer)) and t is not bool for t in found) else "text"


def columns_of_cells(
    columns: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, str],
    statuses: Sequence[str],
    printed: Mapping[str, Sequence[str | None]],
) -> list[list[Cell]]:
    """Return columns as they are shown.

    Parameters
    ----------
    columns : mapping of str to sequence
        The values.
    kinds : mapping of str to str
        Of each column, one of `KINDS`.
    statuses : sequence of str
        For each row what a number that is missing is replaced by.
    printed : mapping of str to sequence of str or None
        Texts of single numbers that are given, by column.
    """
    shown = []
    for name, values in columns.items():
        given = printed.get(name, [None] * len(values))
        write = _writer(kinds[name], values)
        cells = [
            Cell(text, "number") if text is not None else _shown(value, kinds[name], write, status)
            for value, status, text in zip(values, statuses, given, strict=True)
        ]
        shown.append(cells if kinds[name] in TEXT_KINDS else _aligned(cells))
    return shown


def _aligned(cells: list[Cell]) -> list[Cell]:
    return [replace(cell, text=text) for cell, text in zip(cells, aligned([c.text for c in cells]), strict=True)]


def _writer(kind: str, values: Sequence[Any]) -> Callable[[Any], str]:
    """Return the function that writes the numbers of a column, all of them in one notation."""
    numbers = [float(v) for v in values if isinstance(v, (int, float, np.floating)) and math.isfinite(v)]
    if kind in _POWERS:
        digits, keep_zeros, notation = int(kind[1:]), kind == "g3", fixed if _POWERS[kind](numbers) else scientific
        return lambda value: notation(float(value), digits, keep_zeros)
    writers: Mapping[str, Callable[[Any], str]] = {
        "e2": lambda value: scientific(float(value), 2),
        "e3": lambda value: scientific(float(value), 3),
        "f1": lambda value: f"{round(float(value), 1) + 0.0:.1f}",
        "g17": lambda value: float.__repr__(float(value)),
        "step": step_text if all(has_exact_text(number) for number in numbers) else lambda v: scientific(float(v), 3),
        "percent": lambda value: f"{100 * value:.1f} %",
        "int": lambda value: f"{round(value):d}",
    }
    return writers.get(kind, str)


def _shown(value: Any, kind: str, write: Callable[[Any], str], status: str) -> Cell:
    is_text = kind in TEXT_KINDS
    nothing = Cell("" if is_text else MISSING, "empty")
    if is_missing(value) or (isinstance(value, float) and math.isnan(value) and is_text):
        return nothing
    if isinstance(value, (bool, np.bool_)):
        return Cell("yes" if value else "no", "text")
    if isinstance(value, str):
        # A word among numbers is the status of a missing number.
        return Cell(value, kind if is_text else "status") if value else nothing
    if isinstance(value, (float, np.floating)) and not math.isfinite(value):
        if math.isnan(value):
            return Cell(status, "status") if status not in OK else nothing
        return Cell("∞" if value > 0 else "−∞", "number")
    return Cell(write(value), kind if is_text else "number")
