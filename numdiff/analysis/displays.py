"""What a ledger and bounds show of themselves: a few cells, what happened how often, and the best cell."""

from typing import Any

import numpy as np

from numdiff.analysis import PARTS
from numdiff.display import ELLIPSIS, NO_CELL_OK, View, counted, few, number

_LEDGER = ("x", "h", "total", *PARTS)
_BOUNDS = ("total", *PARTS)
_DIGITS = {"x": 6}
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
    """Return what `Bounds` show: how many are finite, and why the first of the others is not."""
    total, reasons = bounds.total.ravel(), bounds.reasons.ravel()
    finite = int(np.isfinite(total).sum())
    lines = [f"Bounds on the parts of the error: {_cells(bounds.total.shape)}; {finite} with a bound on the total"]
    if total.size and not finite:
        lines.append("warning: no cell has a bound")
    missing = next((reason for reason in reasons if reason), "")
    after = (f"the first reason: {missing}",) if missing else ()
    words = np.array([str(reason).partition(":")[0] and "no " + str(reason).partition(":")[0] for reason in reasons])
    rows = [(str(index), *row) for index, row in zip(few(total.size), _rows(bounds, _BOUNDS, words), strict=True)]
    return View(tuple(lines), ("cell", *_BOUNDS, "") if total.size else (), rows, after)


def _cells(shape: tuple[int, ...]) -> str:
    size = int(np.prod(shape))
    return f"{size} cell{'' if size == 1 else 's'}" + (f" of shape {shape}" if len(shape) > 1 else "")


def _rows(result: Any, names: tuple[str, ...], words: np.ndarray) -> list[tuple[str, ...]]:
    """Return the first and the last cells as texts; a row of dots stands for those between."""
    columns = {name: np.ravel(getattr(result, name)) for name in names}
    dots = (ELLIPSIS,) * (len(names) + 1)
    return [
        dots if i is None else (*(number(c[i], _DIGITS.get(n, 3)) for n, c in columns.items()), str(words[i]))
        for i in few(len(words))
    ]
