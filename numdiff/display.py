"""How a result shows itself: a few lines in a prompt, a table in a notebook, a frame of pandas on request."""

import html
import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from numdiff.extras import require_extra

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NO_CELL_OK", "WIDTH", "Shown", "View", "columns_of", "counted", "few", "number", "wrapped"]

NO_CELL_OK = "warning: no cell is ok"
"""What a result says of itself that has no measured error."""
ELLIPSIS = "…"
WIDTH = 80
"""The width of a terminal, which no line of a prompt exceeds if it can be wrapped."""
_NARROWEST = 20
"""The narrowest column of words that is wrapped."""
_FIRST, _LAST = 3, 2
"""The rows that a prompt shows of a long table, from either end."""


@dataclass(frozen=True)
class View:
    """What a person reads of a result.

    Parameters
    ----------
    lines : tuple of str
        What is said before the table.
    head : tuple of str
        The names of the columns; empty for no table.
    rows : sequence of tuple of str
        The first column is words, the others are numbers.
    after : tuple of str
        What is said behind the table.
    words_last : bool
        Whether the last column is words too.
    """

    lines: tuple[str, ...]
    head: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()
    after: tuple[str, ...] = ()
    words_last: bool = True

    def text(self) -> str:
        """Return the lines and the table for a prompt; what is wider than a terminal is wrapped where it has blanks."""
        return "\n".join([*map(wrapped, self.lines), *self._aligned(), *map(wrapped, self.after)])

    def width(self) -> int:
        """Return how many characters wide the table is."""
        return max(map(len, self._aligned()), default=0)

    def _aligned(self) -> list[str]:
        """Return the table as lines: columns of words to the left, of numbers to the right."""
        table = [self.head, *self.rows] if self.head else []
        widths = [max(len(row[i]) for row in table) for i in range(len(self.head))]
        words = (0, len(widths) - 1) if self.words_last else (0,)
        sides = [str.ljust if i in words else str.rjust for i in range(len(widths))]
        lines = [
            "  ".join(side(cell, width) for side, cell, width in zip(sides, row, widths, strict=True)).rstrip()
            for row in table
        ]
        if not self.words_last or len(widths) < 2:
            return lines
        before = sum(widths[:-1]) + 2 * (len(widths) - 1)
        return [wrapped(line, before) if before <= WIDTH - _NARROWEST else line for line in lines]

    def html(self) -> str:
        """Return the lines and the table for a notebook."""
        paragraphs = "<br>\n".join(map(html.escape, self.lines))
        pieces = [f"<p>{paragraphs}</p>"]
        if self.head:
            head = "".join(f"<th>{html.escape(name)}</th>" for name in self.head)
            body = "\n".join(
                "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows
            )
            pieces.append(f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>")
        pieces += [f"<p>{html.escape(line)}</p>" for line in self.after]
        return "\n".join(pieces)


class Shown:
    """A result that a person can read; it gives what is shown, and its columns."""

    def _view(self) -> View:
        """Return what a prompt and a notebook show."""
        raise NotImplementedError

    def _columns(self) -> Mapping[str, Any]:
        """Return the columns of the frame: arrays of one length."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._view().text()

    def _repr_html_(self) -> str:
        return self._view().html()

    def to_pandas(self) -> "pd.DataFrame":
        """Return all rows as a frame of pandas, numbers as doubles; the attributes have the exact ones.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        require_extra(f"{type(self).__name__}.to_pandas", "pandas")
        import pandas

        return pandas.DataFrame(dict(self._columns()))


def wrapped(line: str, indent: int = 2) -> str:
    """Return a line of text in as many lines of `WIDTH` characters as it needs, all but the first indented."""
    if len(line) <= WIDTH:
        return line
    head = line[:indent]  # not to be wrapped, and with its blanks
    rest = textwrap.wrap(line[indent:], WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    return head + ("\n" + " " * indent).join(rest)


def counted(words: Iterable[Any] | Mapping[str, int]) -> str:
    """Return how often each word occurs, ``ok`` first, then the most frequent: ``12 ok, 3 absorbed``.

    A mapping has the numbers already.
    """
    counts = Counter(words) if isinstance(words, Mapping) else Counter(map(str, words))
    ordered = sorted(counts.items(), key=lambda item: (item[0] != "ok", -item[1], item[0]))
    return ", ".join(f"{count} {word}" for word, count in ordered)


def number(value: Any, digits: int = 3) -> str:
    """Return a real number of any format with so many significant digits: ``1.24e-08``, ``0.5``, ``nan``, ``inf``."""
    with np.errstate(over="ignore", under="ignore"):
        nearest = float(value)
    if nearest == 0 or not math.isfinite(nearest):
        # A longdouble that is no double keeps its exponent.
        return np.format_float_scientific(value, precision=digits - 1) if nearest != value == value else f"{nearest:g}"
    plain = f"{nearest:.{digits}g}"
    return plain if 1e-3 <= abs(nearest) < 1e5 and "e" not in plain else f"{nearest:.{digits - 1}e}"


def few(count: int) -> list[int | None]:
    """Return the indices of the rows that are shown of so many; None stands for those that are left out."""
    if count <= _FIRST + _LAST + 1:
        return list(range(count))
    return [*range(_FIRST), None, *range(count - _LAST, count)]


def columns_of(result: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return arrays of a result by name, flat: numbers of any format as doubles, everything else as it is."""
    return {name: _plain(np.asarray(getattr(result, name)).ravel()) for name in names}


def _plain(array: np.ndarray) -> Any:
    if array.dtype.kind in "biuU":
        return array
    if array.dtype.kind == "O":
        return ["" if item is None else str(item) for item in array]
    with np.errstate(over="ignore", under="ignore"):
        return array.astype(np.float64)
