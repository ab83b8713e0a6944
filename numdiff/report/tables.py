"""A table as data: all rows as CSV, a readable form for Markdown and for the page."""

import csv
import html
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from numdiff import latex
from numdiff.digits import sums_of
from numdiff.report import columns as column_kinds
from numdiff.report.cells import KINDS, OK, TEXT_KINDS, Cell, columns_of_cells, holds_text, is_missing, kind_of_values
from numdiff.report.figures import check_name

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$#])")
_INTRAWORD = re.compile(r"(?<=\w)\\_(?=\w)")
_NO_DISPLAY: Mapping[str, str] = MappingProxyType({})
_NO_SUMS: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_NO_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType({})
HEADINGS: Mapping[str, str] = MappingProxyType(
    {
        "problem": "function",
        "method": "formula",
        "step_value": "step h",
        "computed_value": "computed",
        "reference": "exact derivative",
        "reference_text": "exact derivative",
        "a_priori_bound": "a priori bound",
        "rms_error": "RMS error",
        "closed_form_step": "textbook step",
        "state": "exact side",
    }
)
"""What columns of records are called in tables."""
_BLANKS = "\u2007\u2008"
"""What aligns numbers: the widths of a digit and of a point."""


def escape_markdown(text: str, cell: bool = False) -> str:
    """Return text that Markdown shows as it is, in one line; ``code`` in backticks stays code.

    Inside code only the pipe is special, and only in a cell of a table.
    """
    pieces = re.split(r"(`[^`\n]+`)", text)
    for index, piece in enumerate(pieces):
        if index % 2:
            pieces[index] = piece.replace("|", "\\|") if cell else piece
        else:
            pieces[index] = _INTRAWORD.sub("_", _SPECIAL.sub(r"\\\1", piece)).replace("\n", " ")
    return "".join(pieces)


def exact_text(value: Any) -> str:
    """Return a cell for CSV: floats by repr, NaN as ``nan``, nothing as the empty text."""
    if is_missing(value):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, float):
        # np.float64 is a float, and its own repr names its type.
        return float.__repr__(value)
    return str(value)


def csv_text(frame: pd.DataFrame) -> str:
    """Return all rows of a frame as CSV, lines ended by a line feed; the index is not written."""
    columns = []
    for position in range(frame.shape[1]):
        column = frame.iloc[:, position]
        if holds_text(column):
            missing = column.isna().tolist()
            columns.append(["" if gap else str(v) for v, gap in zip(column.tolist(), missing, strict=True)])
        else:
            columns.append([exact_text(value) for value in column.tolist()])
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([str(name) for name in frame.columns])
    writer.writerows(zip(*columns, strict=True))
    return stream.getvalue()


def frame_from_csv(path: Path, comment: str | None = None) -> pd.DataFrame:
    """Return what `csv_text` wrote, digit by digit: integers, floats or texts by column; an empty number is NaN.

    Parameters
    ----------
    path : Path
    comment : str, optional
        What begins a line that is left out.
    """
    texts = pd.read_csv(path, dtype=str, keep_default_na=False, comment=comment)
    return pd.DataFrame({name: _typed(texts[name].tolist()) for name in texts.columns})


def _typed(texts: list[str]) -> pd.Series:
    # Python's float() inverts repr; pandas does by default in some versions, and by an option in others.
    try:
        return pd.Series([int(text) for text in texts], dtype="int64")
    except ValueError:
        pass
    try:
        if any(texts):
            return pd.Series([float(text) if text else math.nan for text in texts], dtype="float64")
    except ValueError:
        pass
    return pd.Series(texts, dtype="str")


def _plain(value: Any) -> Any:
    """Return a mapping, and those in it, as dicts."""
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, Mapping) else value


@dataclass(frozen=True, eq=False)
class Table:
    """A table of the report.

    Parameters
    ----------
    name : str
        Stem of its files: letters, digits, underscores; unique in its experiment.
    title : str
        The title that is shown.
    caption : str
        What the columns are, which step grid, which units.
    frame : pandas.DataFrame
        The rows, columns in the order of display; the index is ignored.
    display : mapping of str to str
        How the numbers of a column are shown on the page and in Markdown, never in the CSV: ``"g3"`` (3
        significant digits), ``"g6"`` (at most 6), ``"e2"`` and ``"e3"`` (2 and 3, always with a power of ten), ``"f1"``
        (1 decimal),
        ``"g17"`` (shortest exact), ``"step"`` (a step as it is defined: 2⁻⁵), ``"percent"``, ``"int"``, ``"hex"``,
        ``"text"``. By default floats are ``"g3"``, integers ``"int"``, and floats of a column ``h`` steps. All numbers
        of a column have one notation: a power of ten in all of them or in none.
    rows_shown : int or None
        The page shows at most so many rows and says how many there are; None: all.
    headings : mapping of str to str
        Column headings that differ from the names of the columns.
    kinds : mapping of str to str
        Kinds of columns that differ from those of their names: see `numdiff.report.columns`.
    where : mapping of str to str
        Keys that all cells of the table share and no column shows, such as the grid.
    sums : mapping of str to tuple of str
        Columns that are the sums of others: of each row they show so many digits that what is printed adds up
        (`numdiff.digits.adding_up`). No column is in two sums.
    words : mapping of str to mapping of str to str
        By column, what single values are called where the table is read: a function by its formula. The CSV keeps the
        values. Columns that there are not do no harm.

    Raises
    ------
    ValueError
        If the name is not the stem of a file, the title is empty, a column is repeated, or `display`,
        `headings`, `kinds`, `where` or `sums` name an unknown column, kind or key.
    """

    name: str
    title: str
    caption: str
    frame: pd.DataFrame
    display: Mapping[str, str] = field(default_factory=lambda: _NO_DISPLAY)
    rows_shown: int | None = 40
    headings: Mapping[str, str] = field(default_factory=lambda: _NO_DISPLAY)
    kinds: Mapping[str, str] = field(default_factory=lambda: column_kinds.NOTHING)
    where: Mapping[str, str] = field(default_factory=lambda: column_kinds.NOTHING)
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_SUMS)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: _NO_WORDS)

    def __post_init__(self) -> None:
        check_name(self.name, "table")
        if not self.title.strip():
            raise ValueError(f"title of table {self.name!r} must not be empty")
        if not self.frame.columns.is_unique:
            raise ValueError(f"columns of table {self.name!r} must be unique, got {list(self.frame.columns)}")
        summed = [name for total, parts in self.sums.items() for name in (total, *parts)]
        named = [*self.display, *self.headings, *summed]
        if unknown := [name for name in named if name not in self.frame.columns]:
            raise ValueError(f"display, headings and sums of table {self.name!r} must name its columns, got {unknown}")
        if twice := sorted({name for name in summed if summed.count(name) > 1}):
            raise ValueError(f"sums of table {self.name!r} must not share columns, got {twice}")
        for column, kind in self.display.items():
            if kind not in KINDS:
                raise ValueError(
                    f"display of column {column!r} of table {self.name!r} must be one of {', '.join(KINDS)}, "
                    f"got {kind!r}"
                )
        column_kinds.check(f"table {self.name!r}", list(self.frame.columns), self.kinds, self.where)

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping may be one that does not pickle.
        return partial(Table, **{field.name: _plain(getattr(self, field.name)) for field in fields(self)}), ()

    def to_csv(self) -> str:
        """Return all rows as CSV: floats by repr, NaN as ``nan``, None as the empty text."""
        return csv_text(self.frame)

    def to_markdown(self, rows: int | None = None) -> str:
        """Return the table in Markdown: all rows, or the first `rows`."""
        names = [str(name) for name in self.frame.columns]
        columns = self._cells(rows)
        sides = ["---:" if self._is_numeric(name) else ":---" for name in names]
        lines = [
            "| " + " | ".join(escape_markdown(self.heading(name), cell=True) for name in names) + " |",
            "| " + " | ".join(sides) + " |",
        ]
        for row in zip(*columns, strict=True):
            lines.append("| " + " | ".join(_markdown_cell(cell) for cell in row) + " |")
        return "\n".join(lines) + "\n"

    def to_html(self, rows: int | None = -1, caption: str | None = None) -> str:
        """Return the table as an HTML element: the first `rows` rows (None: all; by default `rows_shown`).

        `caption` is plain text that replaces the title as the caption of the table.
        """
        shown = self.rows_shown if rows == -1 else rows
        names = [str(name) for name in self.frame.columns]
        numeric = [self._is_numeric(name) for name in names]
        head = "".join(
            f'<th scope="col"{" class=number" if right else ""}>{html.escape(self.heading(name))}</th>'
            for name, right in zip(names, numeric, strict=True)
        )
        body = []
        for row in zip(*self._cells(shown), strict=True):
            first, *rest = row
            cells = [f'<th scope="row"{_class_of(first, numeric[0])}>{html.escape(first.text)}</th>']
            cells += [
                f"<td{_class_of(cell, right)}>{html.escape(cell.text)}</td>"
                for cell, right in zip(rest, numeric[1:], strict=True)
            ]
            body.append("<tr>" + "".join(cells) + "</tr>")
        label = html.escape(self.title if caption is None else caption)
        return (
            f"<table><caption>{label}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
            + "\n".join(body)
            + "\n</tbody></table>"
        )

    def to_latex(self, rows: int | None = latex.ROWS, label: str = "") -> str:
        r"""Return the table in LaTeX, a ``table`` that needs the package ``booktabs`` and fits the page of an article.

        Parameters
        ----------
        rows : int or None
            If there are more rows than this, every second, third, … is shown, and the caption says so. None: all.
        label : str
            For ``\ref``; empty for none.
        """
        stride = latex.evenly(len(self.frame), rows)
        chosen = replace(self, frame=self.frame.iloc[::stride])
        names = [str(name) for name in self.frame.columns]
        said = [self.title + ".", self.caption] + [f"One row in {stride} is shown."] * (stride > 1)
        cells = chosen._cells(None)
        columns = [_latex_column(column, self._is_numeric(name)) for name, column in zip(names, cells, strict=True)]
        sides = [side for side, _ in columns]
        printed = [[cell.text.rstrip(_BLANKS) for cell in column] for column in cells]
        settings, headings = latex.fitted([self.heading(name) for name in names], printed, sides)
        lines = [r"\begin{table}", settings, rf"\caption{{{latex.text(' '.join(said).replace('`', ''))}}}"]
        lines += [rf"\label{{{label}}}"] if label else []
        lines += [rf"\begin{{tabular}}{{{''.join(sides)}}}", r"\toprule", " & ".join(headings) + r" \\", r"\midrule"]
        lines += [" & ".join(row) + r" \\" for row in zip(*(column for _, column in columns), strict=True)]
        return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"]) + "\n"

    def widths(self, rows: int | None = -1) -> list[int]:
        """Return the characters of the widest cell of each column, with its heading broken between words.

        `rows` as in `to_html`. The sum, with two more for each column, says whether a table fits.
        """
        shown = self.rows_shown if rows == -1 else rows
        heads = [max(map(len, self.heading(str(name)).split()), default=0) for name in self.frame.columns]
        cells = [max((len(cell.text) for cell in column), default=0) for column in self._cells(shown)]
        return [max(pair) for pair in zip(heads, cells, strict=True)]

    def without(self, *columns: str) -> "Table":
        """Return the table without some columns that are in no sum."""
        left = {name: kept for name, kept in self.display.items() if name not in columns}
        named = {name: kept for name, kept in self.headings.items() if name not in columns}
        kinds = {name: kept for name, kept in self.kinds.items() if name not in columns}
        return replace(self, frame=self.frame.drop(columns=list(columns)), display=left, headings=named, kinds=kinds)

    def heading(self, column: str) -> str:
        """Return the heading of a column: its own, that of such records, or its name with spaces."""
        return self.headings.get(column, HEADINGS.get(column, column.replace("_", " ")))

    def _kind(self, column: str) -> str:
        return self.display.get(column) or kind_of_values(column, self.frame[column])

    def _is_numeric(self, column: str) -> bool:
        return self._kind(column) not in TEXT_KINDS

    def _called(self, column: str, values: list[Any]) -> list[Any]:
        known = self.words.get(column)
        return [known.get(v, v) if isinstance(v, str) else v for v in values] if known else values

    def _cells(self, rows: int | None) -> list[list[Cell]]:
        """Return the columns as they are shown."""
        frame = self.frame if rows is None else self.frame.iloc[:rows]
        words = [str(word) for word in frame["status"]] if "status" in frame else [""] * len(frame)
        columns = {str(name): self._called(str(name), frame[name].tolist()) for name in frame.columns}
        summed = [name for total, parts in self.sums.items() for name in (total, *parts)]
        texts = [
            sums_of(dict(zip(summed, row, strict=True)), self.sums)
            for row in zip(*(columns[name] for name in summed), strict=True)
        ]
        printed = {name: [row.get(name) for row in texts] for name in summed}
        return columns_of_cells(columns, {name: self._kind(name) for name in columns}, words, printed)


def _latex_column(column: list[Cell], is_numeric: bool) -> tuple[str, list[str]]:
    """Return the side of a column in LaTeX, and its cells, decimal points below each other.

    Numbers with powers of ten have one digit before the point and stand at the left, behind the room for a sign; the
    spaces that align others at the right become phantoms of what they stand for.
    """
    has_powers = any(cell.kind == "number" and "e" in cell.text for cell in column)
    has_signs = any(cell.kind == "number" and cell.text.startswith("-") for cell in column)
    written = []
    for cell in column:
        text = cell.text.rstrip(_BLANKS)
        phantom = cell.text[len(text) :].replace("\u2008", ".").replace("\u2007", "0")
        shown = latex.cell(text) if cell.kind in ("number", "status") else latex.text(text)
        if cell.kind == "number" and has_powers:
            shown = (r"\phantom{$-$}" if has_signs and not text.startswith("-") else "") + shown
        elif cell.kind == "number" and phantom:
            shown += rf"\phantom{{{phantom}}}"
        written.append(shown)
    return "l" if has_powers or not is_numeric else "r", written


def _class_of(cell: Cell, numeric: bool) -> str:
    if cell.kind in ("status", "hex"):
        return f' class="{cell.kind}"'
    return " class=number" if numeric else ""


def _markdown_cell(cell: Cell) -> str:
    if cell.kind == "hex" and cell.text:
        return f"`{cell.text}`"
    text = escape_markdown(cell.text, cell=True)
    return f"*{text}*" if cell.kind == "status" else text


def wide(
    frame: pd.DataFrame,
    rows: Sequence[str],
    column: str,
    value: str,
    status: str | None = "status",
    *,
    shown: Sequence[str] = ("ok",),
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return a table with one row for each combination of keys and one column for each value of a column.

    Parameters
    ----------
    frame : pandas.DataFrame
        Records, or a frame with the columns that are named here.
    rows : sequence of str
        The columns that name a row.
    column : str
        The column whose values become columns: the format.
    value : str
        The column that fills the cells.
    status : str or None
        The column of the status, if the frame has it. A cell whose status is not in `shown`, or whose value is
        NaN, shows the status instead.
    shown : sequence of str
        The statuses of cells whose value counts: ``("ok", "absorbed")`` for the truncation error, which does not
        depend on what the format did.
    columns : sequence of str, optional
        The columns and their order; by default in order of first appearance.

    Returns
    -------
    pandas.DataFrame
        The keys, then a column for each value of `column`: floats, status words, and ``""`` where there is no
        cell. Rows stand in order of first appearance.

    Raises
    ------
    ValueError
        If two cells have the same place.
    """
    keys = list(zip(*(frame[name].tolist() for name in rows), strict=True))
    names = frame[column].tolist()
    words = frame[status].tolist() if status is not None and status in frame else ["ok"] * len(frame)
    cells: dict[tuple[Any, ...], dict[str, Any]] = {}
    for key, name, number, word in zip(keys, names, frame[value].tolist(), words, strict=True):
        row = cells.setdefault(key, {})
        if name in row:
            raise ValueError(f"cells must be unique by {', '.join(rows)} and {column}, got {key} and {name!r} twice")
        failed = word not in shown or (isinstance(number, float) and math.isnan(number) and word not in OK)
        row[name] = str(word) if failed else number
    order = list(dict.fromkeys(names)) if columns is None else list(columns)
    table = {name: pd.Series([key[i] for key in cells]) for i, name in enumerate(rows)}
    for name in order:
        # Of type object: floats keep their type beside status words.
        table[name] = pd.Series([row.get(name, "") for row in cells.values()], dtype=object)
    return pd.DataFrame(table)
