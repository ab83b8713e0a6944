"""How far a figure of one cell may be on another platform: the proved bounds that the records of a run carry.

A bound that was found after the measurement holds for the measurement at hand, that of the rebuilt run. A value of
another platform is checked against what holds on all of them: the bound on the evaluation error, which depends on the
abscissae alone, and the a priori bound E of the total, which needs no run. With the bound T of the truncation error,
E ≥ T + R, where R bounds the roundoff on every platform, so that

    |total| ≤ E,   |roundoff| ≤ E − T,   |combination| ≤ (E − T) + |abscissa| + |evaluation bound|.

Both rest on the limits of the elementary functions (`numdiff.arithmetic.accuracy`), which do not depend on the machine.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from numdiff.report.tables import exact_text
from numdiff.study.store import Store

Limits = tuple[float, float]
"""The largest size that a figure may have in the rebuilt run, and on any platform."""


class CellBounds:
    """The bounds of the cells of all experiments.

    Parameters
    ----------
    folder : Path
        The records that the rebuilt run left.
    """

    def __init__(self, folder: Path) -> None:
        self._store = Store(folder)
        self._records: dict[str, pd.DataFrame] = {}
        self._places: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[int]]] = {}

    def of(
        self, source: str, keys: Mapping[str, Sequence[str]], field: str, shown: Sequence[str]
    ) -> list[tuple[Limits, float] | None]:
        """Return limits and centre for each row of a column; None where no single cell has these keys and this value.

        Parameters
        ----------
        source : str
            The sweep of whose records they are.
        keys : mapping of str to sequence of str
            The fields of `Record` that say which cells they are, as texts of the rows.
        field : str
            The field that the column shows.
        shown : sequence of str
            What the column of the rebuilt run shows: a record with another value is not the cell of the row.
        """
        records = self._load(source)
        if records is None or not keys:
            return [None] * len(shown)
        places = self._index(source, records, tuple(keys))
        texts, found = records[field].tolist(), []
        limits = [column.tolist() for column in difference_limits(records, field)]
        for key, text in zip(zip(*keys.values(), strict=True), shown, strict=True):
            cell, *more = places.get(key, [-1])
            known = cell >= 0 and not more and exact_text(texts[cell]) == text
            found.append(((limits[0][cell], limits[1][cell]), limits[2][cell]) if known else None)
        return found

    def _load(self, source: str) -> pd.DataFrame | None:
        if source not in self._records:
            records = self._store.load(source)
            if records is None:
                return None
            self._records[source] = records
        return self._records[source]

    def _index(self, source: str, records: pd.DataFrame, names: tuple[str, ...]) -> dict[tuple[str, ...], list[int]]:
        if (source, names) not in self._places:
            places: dict[tuple[str, ...], list[int]] = {}
            columns = [[exact_text(value) for value in records[name].tolist()] for name in names]
            for cell, key in enumerate(zip(*columns, strict=True)):
                places.setdefault(key, []).append(cell)
            self._places[source, names] = places
        return self._places[source, names]


_USED = (
    "truncation_bound",
    "abscissa",
    "abscissa_bound",
    "evaluation_bound",
    "combination_bound",
    "total_bound",
    "a_priori_bound",
    "reference",
    "reference_radius",
    "computed_value",
)
"""The fields that the limits are computed from."""


def difference_limits(records: pd.DataFrame, field: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, for every record, the limit of a field in its own run and on any platform, and the centre of both.

    Infinite where there is no bound. The centre is the reference for the computed value, and 0 for an error.
    """
    get = {name: records[name].to_numpy(dtype=np.float64) for name in _USED}
    zero = np.zeros(len(records))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        rounding = _above(get["a_priori_bound"] - get["truncation_bound"])
        if field == "evaluation":
            own, other = get["evaluation_bound"], get["evaluation_bound"]
        elif field == "combination":
            own = get["combination_bound"]
            other = _above(_above(rounding + np.abs(get["abscissa"])) + get["evaluation_bound"])
        elif field == "roundoff":
            own = _above(_above(get["abscissa_bound"] + get["evaluation_bound"]) + get["combination_bound"])
            other = rounding
        else:
            own, other = get["total_bound"], get["a_priori_bound"]
        if field == "relative_error":  # the bound is rounded up, the quotient to nearest: one more step up each
            size = np.abs(get["reference"]) * (1 - 2.0**-50) - get["reference_radius"]
            own, other = (np.where(size > 0, _above(_above(limit / size)), math.inf) for limit in (own, other))
        elif field == "computed_value":
            # Value and reference are rounded to doubles, the reference within its radius.
            slack = np.spacing(np.abs(get["reference"])) + get["reference_radius"]
            own, other = (_above(_above(limit + slack)) * (1 + 2.0**-50) for limit in (own, other))
            slack_of_value = np.spacing(np.abs(get["reference"]) + np.maximum(own, other))
            own, other = own + slack_of_value, other + slack_of_value
    centre = get["reference"] if field == "computed_value" else zero
    own, other = (np.where(np.isnan(limit), math.inf, limit) for limit in (own, other))
    return own, other, centre


def _above(limit: np.ndarray) -> np.ndarray:
    return np.where(limit == 0, 0.0, np.nextafter(limit, math.inf))
