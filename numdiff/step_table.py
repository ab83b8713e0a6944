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

from numdiff import latex
from numdiff.digits import scientific, sums_of
from numdiff.display import WIDTH, wrapped

__all__ = ["FORMULA_ONLY", "StepTable", "digits_of", "known_values", "ledger_columns"]

FORMULA_ONLY = ("ok", "absorbed", "overflow", "nan")
"""The statuses in which the truncation error is known: it does not depend on what the format did."""

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

    def to_latex(self, path: str | Path | None = None, label: str = "", rows: int | None = latex.ROWS) -> str:
        r"""Return the table in LaTeX, a ``table`` that needs no package and fits the page of an article.

        Parameters
        ----------
        path : path, optional
            A file to write as well.
        label : str
            For ``\ref``; empty for none.
        rows : int or None
            If there are more rows than this, every second, third, … is shown, and the caption says so. None: all.
        """
        stride = latex.evenly(len(self), rows)
        head, body, words = self._texts(range(0, len(self), stride))
        sides = ["l" if column in words else "r" for column in range(len(head))]
        settings, headings = latex.fitted(head, list(zip(*body, strict=True)) or [()] * len(head), sides)
        caption = self.caption + f" One row in {stride} is shown." * (stride > 1)
        lines = [r"\begin{table}", settings, rf"\caption{{{latex.text(caption)}}}"]
        lines += [rf"\label{{{label}}}"] if label else []
        lines += [rf"\begin{{tabular}}{{{''.join(sides)}}}", r"\hline", " & ".join(headings) + r" \\", r"\hline"]
        for row in body:
            cells = (latex.text(c) if column in words else latex.cell(c) for column, c in enumerate(row))
            lines.append(" & ".join(cells) + r" \\")
        return _written("\n".join([*lines, r"\hline", r"\end{tabular}", r"\end{table}"]) + "\n", path)

    def __repr__(self) -> str:
        head, rows, words = self._texts(self._chosen())
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
        shown = len(head)
        while shown > len(self.shown) + 1 and sum(widths[:shown]) + 2 * (shown - 1) > WIDTH:
            shown -= 1
        sides = [str.ljust if i in words else str.rjust for i in range(shown)]
        lines = [
            "  ".join(side(cell, width) for side, cell, width in zip(sides, row, widths, strict=False))
            for row in [head, *rows]
        ]
        hidden = [f"not shown: {', '.join(head[shown:])}; .to_pandas() has all"] if head[shown:] else []
        texts = [wrapped(self.caption), *(line.rstrip() for line in lines), *self._left_out(), *hidden]
        return "\n".join(texts)

    def _repr_html_(self) -> str:
        head, rows, _ = self._texts(self._chosen())
        titles = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        body = "\n".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        after = "".join(f"<p>{line}</p>" for line in self._left_out())
        return (
            f"<table>\n<caption>{html.escape(self.caption)}</caption>\n<thead><tr>{titles}</tr></thead>\n"
            f"<tbody>\n{body}\n</tbody>\n</table>{after}"
        )

    def _left_out(self) -> list[str]:
        left = len(self) - len(self._chosen())
        if len(self.shown) > 1 and left > 0:
            names = ", ".join(name for name in self.shown if name != "h")
            return [f"{len(self) - left} of {len(self)} rows, some for each {names}; .to_pandas() has all"]
        return [f"… and {left} more rows; .to_pandas() has all"] if left > 0 else []

    def _chosen(self) -> list[int]:
        """Return the rows that a prompt shows: the first ones, or as many of each formula, point and grid."""
        groups: dict[tuple[Any, ...], list[int]] = {}
        for i, key in enumerate(zip(*(self.keys[name] for name in self.shown if name != "h"), strict=True)):
            groups.setdefault(key, []).append(i)
        if len(self) <= _SHOWN or len(groups) < 2:
            return list(range(min(len(self), _SHOWN)))
        each = max(1, _SHOWN // len(groups))
        return [rows[i] for rows in list(groups.values())[:_SHOWN] for i in _spread(len(rows), each)]

    def _texts(self, chosen: Sequence[int] | None = None) -> tuple[list[str], list[list[str]], set[int]]:
        """Return the head, the rows as a person reads them, and the positions of the columns of words."""
        columns = [*(self.keys[name] for name in self.shown), *self.columns.values()]
        columns = columns if chosen is None else [[column[i] for i in chosen] for column in columns]
        names = [*self.shown, *self.columns]
        head = [{"h": "step h"}.get(name, name.replace("_", " ") if self.sums else name) for name in names]
        digits = [{"x": 6, "h": 5}.get(name, 3) for name in self.shown] + [_MEASURED] * len(self.columns)
        rows = [[_text(v, d) for v, d in zip(row, digits, strict=True)] for row in zip(*columns, strict=True)]
        for row, values in zip(rows, zip(*columns, strict=True), strict=True):
            texts = self._ledger_texts(dict(zip(names, values, strict=True)))
            row[:] = [texts.get(name, text) for name, text in zip(names, row, strict=True)]
        return head, rows, {i for i, name in enumerate(self.shown) if name in ("method", "grid", "format")}

    def _ledger_texts(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the numbers of a table of sums: those that add up, digits with a decimal, bounds as powers of ten."""
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


def _spread(count: int, most: int) -> list[int]:
    """Return at most so many of the indices below `count`, evenly from the first to the last."""
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / max(1, most - 1)) for i in range(most)]


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


def _written(text: str, path: str | Path | None) -> str:
    if path is not None:
        Path(path).write_text(text, encoding="utf-8", newline="\n")
    return text
