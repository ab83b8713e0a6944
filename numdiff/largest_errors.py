"""The largest errors over the points of a sweep, step by step: what can be said of records that are seen once."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from numdiff.study.records import FIELDS

__all__ = ["LARGEST", "NEEDED", "PLATFORM", "LargestErrors"]

LARGEST = tuple(name for name, field in FIELDS.items() if field.type is float and name not in ("x_value", "step_value"))
"""The columns of which the largest magnitude over the points is kept."""
_KEYS = ["problem", "arithmetic", "method", "format", "grid", "k"]
NEEDED = (*_KEYS, "point", "status", "state", "step_value", *LARGEST)
"""The columns that are looked at."""
PLATFORM = tuple(name for name in LARGEST if FIELDS[name].metadata["kind"] == "platform")
"""Those that say something where the cell is ok."""


class LargestErrors:
    """The largest magnitudes of columns by formula, format, grid and k, and counts of cells by status.

    A part of the error that does not depend on the working format counts in every cell that has it, all others in the
    cells that are ok. Records can be added in any order, and in any pieces.
    """

    def __init__(self) -> None:
        self._largest = pd.DataFrame()
        self._counts: dict[str, pd.Series] = {}
        self.points = 0
        self.states: dict[str, int] = {}

    def add(self, records: pd.DataFrame) -> None:
        """Count records, all of some points."""
        if records.empty:
            return
        ok = (records["status"] == "ok").to_numpy()
        columns = {name: records[name] for name in _KEYS}
        columns |= {"step_value": records["step_value"]}
        columns |= {name: records[name].abs() for name in LARGEST if name not in PLATFORM}
        columns |= {name: records[name].abs().where(ok) for name in PLATFORM}
        own = pd.DataFrame(columns).groupby(_KEYS, sort=False).max()
        self._largest = pd.concat([self._largest, own]).groupby(level=_KEYS, sort=False).max()
        for status, rows in records.groupby("status", sort=False):
            counted = rows.groupby(_KEYS, sort=False).size()
            before = self._counts.get(str(status))
            self._counts[str(status)] = counted if before is None else before.add(counted, fill_value=0).astype(int)
        self.points += records["point"].nunique()
        for state, number in records["state"].value_counts().items():
            self.states[str(state)] = self.states.get(str(state), 0) + int(number)

    def add_all(self, frames: Iterable[pd.DataFrame]) -> "LargestErrors":
        """Count the records of frames and return what is known of all."""
        for frame in frames:
            self.add(frame)
        return self

    @property
    def statuses(self) -> dict[str, int]:
        """How many cells there are of each status."""
        return {status: int(counts.sum()) for status, counts in self._counts.items()}

    def frame(self) -> pd.DataFrame:
        """Return a row for each formula, format, grid and k: the keys, cells, ok, failed, step_value and `LARGEST`."""
        if self._largest.empty:
            return pd.DataFrame(columns=[*_KEYS, "cells", "ok", "failed", "step_value", *LARGEST])
        frame = self._largest
        counts = {s: n.reindex(frame.index, fill_value=0).to_numpy() for s, n in self._counts.items()}
        cells = np.sum(list(counts.values()), axis=0)
        ok = counts.get("ok", np.zeros(len(frame), dtype=int))
        words = [{s: int(n[i]) for s, n in sorted(counts.items()) if s != "ok" and n[i]} for i in range(len(frame))]
        failed = [", ".join(f"{number} {status}" for status, number in word.items()) for word in words]
        frame = frame.reset_index()
        for place, (name, values) in enumerate((("cells", cells), ("ok", ok), ("failed", failed)), start=len(_KEYS)):
            frame.insert(place, name, values)
        return frame
