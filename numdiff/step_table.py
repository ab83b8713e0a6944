"""A table by nominal step and format: for a prompt, a notebook, a paper or a program."""

import csv
import html
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from numdiff.digits import scientific, sums_of

__all__ = ["FORMULA_ONLY", "StepTable", "digits_of", "known_values", "latex_cell", "latex_text", "ledger_columns"]

FORMULA_ONLY = ("ok", "absorbed", "overflow", "nan")
"""The statuses in which the truncation error is known: it does not depend on what the format did."""

_SUPERSCRIPTS = dict(zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹ᵏ", "-0123456789k", strict=True))
_LATEX = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$"},
    **{"·": r"$\cdot$", "−": "$-$", "≤": r"$\le$", "′": "$'$", "∞": r"$\infty$", "…": r"\ldots{}"},
    **{subscript: f"$_{digit}$" for digit, subscript in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **{
        "–": "--",
        "→": r"$\to$",
        "’": "'",
        "“": "``",
        "”": "''",
        "±": r"$\pm$",
        "≥": r"$\ge$",
        "≈": r"$\approx$",
        "√": r"$\sqrt{}$",
    },
}
_MARKDOWN = re.compile(r"([\\`*_<>|])")
_SHOWN = 20
"""The rows that a prompt and a notebook show."""
_MEASURED = 3
"""The significant digits of a measured number."""


@dataclass(frozen=True, eq=False, repr=False)
class StepTable:
    """One quantity of a sweep: a row for each nominal step, a column for each format.

    A nominal step is one row although it is rounded to another number in each format. A cell is a number, or the word
    that says why there is none: what happened in the working format, or nothing where the format has no such step.

    Parameters
    ----------
    caption : str
        The quantity, its unit, function, formula, point and grid.
    keys : mapping of str to list
        The columns that name a row, for programs: function, quantity, method, x, grid, k, h.
    shown : tuple of str
        Those of them that a person needs; the caption has the others.
    columns : mapping of str to list
        The cells of each format: floats, words, or ``""``.
    sums : mapping of str to tuple of str
        Columns that are the sums of others, where the columns are no formats: rows add up as they are shown.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> table = nd.sweep(lambda x: x * x, 1.0, [0.5, 0.25], dtype=["float16", "float64"], stencil=["forward"]).table()
    >>> table.to_markdown().splitlines()[-1]
    '| 0.25 | 0.250 | 0.250 |'
    >>> table.to_pandas()["float16"].tolist()
    [0.5, 0.25]
    """

    caption: str
    keys: Mapping[str, list[Any]]
    shown: tuple[str, ...]
    columns: Mapping[str, list[Any]] = field(default_factory=dict)
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys["h"])

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and of formats."""
        return len(self), len(self.columns)

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a frame: floats, NaN where there is no number; the index has the keys that vary."""
        values = {name: [_as_number(value) for value in column] for name, column in self.columns.items()}
        index = [self.keys[name] for name in self.shown]
        labels = pd.Index(index[0], name=self.shown[0]) if len(index) == 1 else _levels(index, self.shown)
        return pd.DataFrame(values, index=labels)

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return the table as CSV: all keys, floats by repr, words where there is no number.

        Parameters
        ----------
        path : path, optional
            A file to write as well.
        """
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        columns = {**self.keys, **self.columns}
        writer.writerow(columns)
        writer.writerows([_exact(value) for value in row] for row in zip(*columns.values(), strict=True))
        return _written(stream.getvalue(), path)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Return the table in Markdown, under its caption; `path` is a file to write as well."""
        head, rows, words = self._texts()
        sides = [":---" if column in words else "---:" for column in range(len(head))]
        table = [[*map(_escaped, head)], sides, *([*map(_escaped, row)] for row in rows)]
        lines = ["| " + " | ".join(row) + " |" for row in table]
        return _written("\n".join([_escaped(self.caption), "", *lines]) + "\n", path)

    def to_latex(self, path: str | Path | None = None, label: str = "") -> str:
        r"""Return the table in LaTeX, a ``table`` that needs no package.

        Parameters
        ----------
        path : path, optional
            A file to write as well.
        label : str
            For ``\ref``; empty for none.
        """
        head, rows, words = self._texts()
        lines = [r"\begin{table}", r"\centering", rf"\caption{{{latex_text(self.caption)}}}"]
        lines += [rf"\label{{{label}}}"] if label else []
        columns = "".join("l" if column in words else "r" for column in range(len(head)))
        lines += [rf"\begin{{tabular}}{{{columns}}}", r"\hline", " & ".join(map(latex_text, head)) + r" \\", r"\hline"]
        lines += [" & ".join(map(latex_cell, row)) + r" \\" for row in rows]
        return _written("\n".join([*lines, r"\hline", r"\end{tabular}", r"\end{table}"]) + "\n", path)

    def __repr__(self) -> str:
        head, rows, words = self._texts(_SHOWN)
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
        sides = [str.ljust if i in words else str.rjust for i in range(len(head))]
        lines = [
            "  ".join(side(cell, width) for side, cell, width in zip(sides, row, widths, strict=True))
            for row in [head, *rows]
        ]
        return "\n".join([self.caption, *(line.rstrip() for line in lines), *self._left_out()])

    def _repr_html_(self) -> str:
        head, rows, _ = self._texts(_SHOWN)
        titles = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        body = "\n".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        after = "".join(f"<p>{line}</p>" for line in self._left_out())
        return (
            f"<table>\n<caption>{html.escape(self.caption)}</caption>\n<thead><tr>{titles}</tr></thead>\n"
            f"<tbody>\n{body}\n</tbody>\n</table>{after}"
        )

    def _left_out(self) -> list[str]:
        left = len(self) - _SHOWN
        return [f"… and {left} more rows; .to_pandas() has all"] if left > 0 else []

    def _texts(self, most: int | None = None) -> tuple[list[str], list[list[str]], set[int]]:
        """Return the head, the rows as a person reads them, and the positions of the columns of words."""
        columns = [self.keys[name][:most] for name in self.shown] + [list(c)[:most] for c in self.columns.values()]
        names = [*self.shown, *self.columns]
        head = [{"h": "step h"}.get(name, name.replace("_", " ") if self.sums else name) for name in names]
        digits = [{"x": 6, "h": 5}.get(name, 3) for name in self.shown] + [_MEASURED] * len(self.columns)
        rows = [[_text(v, d) for v, d in zip(row, digits, strict=True)] for row in zip(*columns, strict=True)]
        for row, values in zip(rows, zip(*columns, strict=True), strict=True):
            texts = self._ledger_texts(dict(zip(names, values, strict=True)))
            row[:] = [texts.get(name, text) for name, text in zip(names, row, strict=True)]
        return head, rows, {i for i, name in enumerate(self.shown) if name in ("method", "grid", "format")}

    def _ledger_texts(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the numbers of a table of sums: digits have a decimal, bounds powers of ten."""
        if not self.sums:
            return {}
        others = {name: row[name] for name in self.columns if isinstance(row[name], float) and math.isfinite(row[name])}
        texts = {name: f"{v:.1f}" if name == "digits" else scientific(v, _MEASURED) for name, v in others.items()}
        return texts | sums_of(row, self.sums)


def known_values(cells: pd.DataFrame, columns: Sequence[str], word_in: str) -> dict[str, list[Any]]:
    """Return columns of cells as numbers; where there is no usable result, None, and in one column the word for that.

    Parameters
    ----------
    cells : DataFrame
        Records.
    columns : sequence of str
        The total error and its parts. The truncation error does not depend on what the format did, and stays.
    word_in : str
        The column that has the status in the place of a number.
    """
    statuses = cells["status"].tolist()
    known: dict[str, list[Any]] = {}
    for column in columns:
        counts = FORMULA_ONLY if column == "truncation" else ("ok",)
        known[column] = [
            value if status in counts and not math.isnan(value) else status if column == word_in else None
            for value, status in zip(cells[column].tolist(), statuses, strict=True)
        ]
    return known


def digits_of(cells: pd.DataFrame) -> list[float | None]:
    """Return the correct digits: infinitely many of an exact result, None where there is no result or f′ is 0."""
    return [
        None if status != "ok" or math.isnan(error) else math.inf if error == 0 else -math.log10(error)
        for status, error in zip(cells["status"].tolist(), cells["relative_error"].tolist(), strict=True)
    ]


def ledger_columns(cells: pd.DataFrame, quantities: Sequence[str]) -> dict[str, list[Any]]:
    """Return a sum and its parts as the columns of a `StepTable`; beside the total, correct digits and bound."""
    columns = known_values(cells, quantities, quantities[0])
    if quantities[0] == "total":
        columns |= {"digits": digits_of(cells), "a_priori_bound": cells["a_priori_bound"].tolist()}
    return {name: ["" if value is None else value for value in column] for name, column in columns.items()}


def _levels(columns: Sequence[list[Any]], names: Sequence[str]) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays(columns, names=list(names))


def _as_number(value: Any) -> float:
    return value if isinstance(value, float) else math.nan


def _exact(value: Any) -> str:
    return float.__repr__(value) if isinstance(value, float) else str(value)


def _text(value: Any, digits: int) -> str:
    """Return a cell as a person reads it: three significant digits; of a step or a point up to `digits`, if there are.

    A number far from 1 has a power of ten.
    """
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "–")
    if value == 0:
        return "0"
    measured = digits == _MEASURED
    if 1e-3 <= abs(value) < 10**digits:
        return (f"{value:#.{digits}g}" if measured else f"{value:.{digits}g}").rstrip(".")
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa if measured else mantissa.rstrip('0').rstrip('.')}e{int(exponent):+03d}"


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is; an underscore inside a word needs no escape."""
    return re.sub(r"(?<=\w)\\_(?=\w)", "_", _MARKDOWN.sub(r"\\\1", text))


def latex_text(text: str) -> str:
    """Return text for LaTeX; superscripts and the product with a power become mathematics."""
    pieces = re.split(rf"([\d.]*·?\w?[{''.join(_SUPERSCRIPTS)}]+)", text)
    return "".join(_mathematics(p) if i % 2 else "".join(_LATEX.get(c, c) for c in p) for i, p in enumerate(pieces))


def _mathematics(text: str) -> str:
    base = text.rstrip("".join(_SUPERSCRIPTS))
    power = "".join(_SUPERSCRIPTS[character] for character in text[len(base) :])
    return "$" + base.replace("·", r" \cdot ") + f"^{{{power}}}$"


def latex_cell(text: str) -> str:
    """Return a cell for LaTeX: numbers and powers as mathematics, words emphasised."""
    number = re.fullmatch(r"(-?[\d.]+)e([+-]\d+)", text)
    if number:
        factor = "" if number[1] == "1" else rf"{number[1]} \cdot "
        return f"${factor}10^{{{int(number[2])}}}$"
    if re.fullmatch(r"-?[\d.]+", text):
        return f"${text}$"
    return latex_text(text) if not re.fullmatch(r"[a-z]+(-[a-z]+)*", text) else rf"\emph{{{text}}}"


def _written(text: str, path: str | Path | None) -> str:
    if path is not None:
        Path(path).write_text(text, encoding="utf-8", newline="\n")
    return text
