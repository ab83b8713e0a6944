"""What a ledger and bounds show of themselves: a few cells, what happened how often, and the best cell."""

from collections import Counter
from typing import Any

import numpy as np

from numdiff.analysis import PARTS
from numdiff.display import ELLIPSIS, NO_CELL_OK, View, counted, few, number

_LEDGER = ("x", "h", "total", *PARTS)
_BOUNDS = ("total", *PARTS)
_DIGITS = {"x": 6}
_REASONS = 3
LEDGER_COLUMNS = (
    *("x", "h", "computed", "reference", "reference_radius", *PARTS, "total", "roundoff"),
    *("effective_step", "status", "state", "underflow"),
)
"""The columns of the frame of a ledger, after those of the format and the method."""


def ledger_view(ledger: Any) -> View:
    """Return what a `Ledger` shows: counts by status and state, some cells, and the smallest error."""
    size, statuses = ledger.total.size, np.ravel(ledger.status)
    title = f"Ledger of {ledger.method.name} in {ledger.format.name}: {_cells(ledger.total.shape)}"
    lines = [f"{title}; {counted(statuses)}; truth: {counted(np.ravel(ledger.state))}"] if size else [title]
    ok = np.flatnonzero(statuses == "ok")
    if size and not ok.size:
        lines.append(NO_CELL_OK)
    after: tuple[str, ...] = ()
    if ok.size > 1:
        best = ok[np.argmin(np.abs(ledger.total.ravel()[ok]))]
        x, h, total = (number(np.ravel(getattr(ledger, name))[best]) for name in ("x", "h", "total"))
        after = (f"smallest |total|: {total.lstrip('-')} at x = {x}, h = {h}",)
    rows = _rows(ledger, _LEDGER, statuses)
    return View(tuple(lines), (*_LEDGER, "status") if size else (), rows, after)


def bounds_view(bounds: Any) -> View:
    """Return what `Bounds` show: how many are finite, and why the others are not, by the frequency of the reason."""
    total, reasons = np.ravel(bounds.total), np.ravel(bounds.reasons)
    finite = int(np.isfinite(total).sum())
    lines = [f"Bounds on the parts of the error: {_cells(np.shape(bounds.total))}; {finite} with a bound on the total"]
    if total.size and not finite:
        lines.append("warning: no cell has a bound")
    counts = Counter(str(reason) for reason in reasons if reason).most_common()
    after = [f"no bound in {_count(count)}: {reason}" for reason, count in counts[:_REASONS]]
    after += [f"… {len(counts) - _REASONS} more reasons in .reasons"] if len(counts) > _REASONS else []
    words = np.array(["no " + str(reason).partition(":")[0] if reason else "" for reason in reasons])
    rows = [(str(index), *row) for index, row in zip(few(total.size), _rows(bounds, _BOUNDS, words), strict=True)]
    return View(tuple(lines), ("cell", *_BOUNDS, "") if total.size else (), rows, tuple(after))


def _cells(shape: tuple[int, ...]) -> str:
    size = int(np.prod(shape))
    return _count(size) + (f" of shape {shape}" if len(shape) > 1 else "")


def _count(size: int) -> str:
    return f"{size} cell{'' if size == 1 else 's'}"


def _rows(result: Any, names: tuple[str, ...], words: np.ndarray) -> list[tuple[str, ...]]:
    """Return the first and the last cells as texts; a row of dots stands for those between."""
    columns = {name: np.ravel(getattr(result, name)) for name in names}
    dots = (ELLIPSIS,) * (len(names) + 1)
    return [
        dots if i is None else (*(number(c[i], _DIGITS.get(n, 3)) for n, c in columns.items()), str(words[i]))
        for i in few(len(words))
    ]
