"""A frame of pandas that a person can read in a terminal: its main columns, and the names of the others."""

import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd

from numdiff.display import ELLIPSIS, WIDTH, number

__all__ = ["ShownFrame"]

_ROWS = 20
"""The rows that are shown whole; of a longer frame the first and the last ones."""
_ENDS = 5
_NARROWEST = 14
"""The narrowest column of text that is wrapped."""


class ShownFrame(pd.DataFrame):
    """A frame whose columns stand in the order of their weight; a prompt shows as many as the width holds.

    What is the same in every row is said once where the columns do not fit. Long texts are wrapped, never cut. All else
    is a frame of pandas: ``to_string()`` shows every column, and so does a notebook. The width is that of
    ``pandas.get_option("display.width")``, 80 by default.

    Examples
    --------
    >>> ShownFrame({"formula": ["forward", "centered"], "error": [1.2345e-8, 2.5e-11], "grid": ["generic", "generic"]})
       formula   error     grid
    0  forward   1.23e-08  generic
    1  centered  2.50e-11  generic
    """

    @property
    def _constructor(self) -> Any:
        return ShownFrame

    def __repr__(self) -> str:
        if isinstance(self.index, pd.MultiIndex) or isinstance(self.columns, pd.MultiIndex):
            return super().__repr__()  # what a user has made of it: pandas knows how to show it
        if not self.columns.is_unique:
            return super().__repr__()
        if not len(self):
            return _wrapped(f"No rows; columns: {', '.join(map(str, self.columns))}")
        width = pd.get_option("display.width") or WIDTH
        chosen = _picked(len(self))
        index = ["" if i is None else str(self.index[i]) for i in chosen]
        columns = {str(name): _texts(self.iloc[:, i], chosen) for i, name in enumerate(self.columns)}
        room = width - max(map(len, [*index, ELLIPSIS]))
        same: dict[str, str] = {}
        if _widths(columns) > room and len(self) > 1:
            same = {str(n): columns[str(n)][0] for i, n in enumerate(self.columns) if _is_constant(self.iloc[:, i])}
            columns = {name: texts for name, texts in columns.items() if name not in same}
        shown = _fitting(columns, room)
        lines = [
            _wrapped("in every row: " + ", ".join(f"{name}={text or repr(text)}" for name, text in same.items()), width)
        ]
        left = [name for name in columns if name not in shown]
        after = [_wrapped(f"not shown: {', '.join(left)}; .to_string() shows all", width)]
        cut = [f"{len(self)} rows"] if None in chosen else []
        return "\n".join([*lines[: bool(same)], *_table(index, shown, room), *cut, *after[: bool(left)]])


def _picked(count: int) -> list[int | None]:
    """Return the positions of the rows that are shown; None stands for those between."""
    if count <= _ROWS:
        return list(range(count))
    return [*range(_ENDS), None, *range(count - _ENDS, count)]


def _texts(column: "pd.Series[Any]", chosen: Sequence[int | None]) -> list[str]:
    point = column.name == "x"
    return [ELLIPSIS if i is None else _text(column.iloc[i], point) for i in chosen]


def _text(value: Any, point: bool) -> str:
    """Return a cell; three digits of a number, but six of a point, which names a row."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.6g}" if point else number(value)


def _is_constant(column: "pd.Series[Any]") -> bool:
    try:
        return column.nunique(dropna=False) == 1
    except TypeError:  # lists, for example, cannot be counted
        return False


def _width(name: str, texts: Sequence[str]) -> int:
    return 2 + max(map(len, [name, *texts]))


def _widths(columns: dict[str, list[str]]) -> int:
    return sum(_width(name, texts) for name, texts in columns.items())


def _fitting(columns: dict[str, list[str]], room: int) -> dict[str, list[str]]:
    """Return the first columns that there is room for; the last of them may be a text that is wrapped."""
    shown: dict[str, list[str]] = {}
    for name, texts in columns.items():
        needed = _width(name, texts)
        if needed > room and (room < 2 + _NARROWEST or not any(" " in text for text in texts)):
            break
        shown[name] = texts
        room -= needed
        if room < 0:
            break
    return shown


def _table(index: Sequence[str], columns: dict[str, list[str]], room: int) -> list[str]:
    """Return the rows under their head, aligned to the left; the last column is wrapped where it does not fit."""
    names = list(columns)
    widths = {name: _width(name, columns[name]) - 2 for name in names}
    if names and (excess := _widths(columns) - room) > 0:
        widths[names[-1]] -= excess
    first = max(map(len, [*index, ""]))
    lines = ["  ".join([" " * first, *(name.ljust(widths[name]) for name in names)]).rstrip()]
    for i, label in enumerate(index):
        cells = [textwrap.wrap(columns[name][i], widths[name]) or [""] for name in names]
        for k in range(max(map(len, cells), default=1)):
            row = [(cell[k] if k < len(cell) else "").ljust(widths[n]) for n, cell in zip(names, cells, strict=True)]
            lines.append("  ".join([(label if k == 0 else "").ljust(first), *row]).rstrip())
    return lines


def _wrapped(line: str, width: int = WIDTH) -> str:
    return "\n".join(textwrap.wrap(line, width, subsequent_indent="  "))
