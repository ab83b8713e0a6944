"""The largest error of each part over all numbers of a format, proved, with the x where it is.

Every cell has an interval [|value| − bound, |value| + bound] of its error. The cells whose upper end reaches beyond
what is certified go to the ledger, until none does: then no cell of the step is above the maximum by more than 2⁻³⁹.
Among those that share it the x of smallest magnitude is named, the positive one first; its number is the ledger's.
"""

from dataclasses import dataclass

import numpy as np

from experiments.half_precision_atlas.cells import PARTS, Cells
from experiments.half_precision_atlas.settling import FLOOR, ledger_at

__all__ = ["MEASURES", "Maximum", "maxima_of", "scale_of"]

MEASURES = ("absolute", "relative")
"""|part|, and |part| over the larger of |f′(x)| and the smallest normal number of the format."""
TIE = 2.0**-40
_KNOWN = 2.0**-50
"""Relative to a part, a bound that the ledger would not improve: its numbers are rounded to doubles."""
_ROUNDING = 1 + 2.0**-50
"""For the division by |f′|, a double that is off by 2⁻⁵³ of itself, in the bounds of a quotient."""


@dataclass(frozen=True)
class Maximum:
    """The largest error of a part in a step.

    Attributes
    ----------
    part, measure : str
    value : float
        The ledger's, over the scale of the measure; 0 where no cell has an error above 2⁻⁹⁶⁰, NaN where none has parts.
    place : int
        The row of the cell; −1 where there is none to name.
    """

    part: str
    measure: str
    value: float
    place: int


def scale_of(cells: Cells) -> np.ndarray:
    """Return the larger of |f′(x)| and the smallest normal number of the format."""
    return np.fmax(np.abs(cells.slope), 2.0**cells.format.min_exponent)


def maxima_of(cells: Cells) -> list[Maximum]:
    """Return the maxima of a settled step; the cells that decide them are certified in `cells`."""
    scales = {"absolute": np.ones(cells.x.shape), "relative": scale_of(cells)}
    certified: dict[int, dict[str, float]] = {}
    while True:
        found, asked = [], set[int]()
        for part in PARTS:
            for measure in MEASURES:
                place, others = _candidates(cells, part, scales[measure])
                found.append((part, measure, place))
                asked.update([*others, *([place] if place >= 0 else [])])
        missing = np.array(sorted(asked - certified.keys()), dtype=np.intp)
        if not missing.size:
            break
        _certify(cells, missing, certified)
    results = []
    none = 0.0 if cells.given.any() else np.nan
    for part, measure, place in found:
        value = abs(certified[place][part]) / float(scales[measure][place]) if place >= 0 else none
        results.append(Maximum(part, measure, value, place))
    return results


def _candidates(cells: Cells, part: str, scale: np.ndarray) -> tuple[int, list[int]]:
    """Return the cell that a maximum is to be named after, and those whose bounds leave open whether they exceed it."""
    proved = cells.parts[part]
    with np.errstate(invalid="ignore"):
        size = np.where(cells.given, np.abs(proved.value), 0.0)
        bound = np.where(cells.given, proved.bound, 0.0)
        low, high = (size - bound) / scale / _ROUNDING, (size + bound) / scale * _ROUNDING
    best = low.max(initial=0.0)
    if (np.where(cells.given, size + bound, 0.0) <= FLOOR).all():
        return -1, []
    ties = np.flatnonzero(low >= best * (1 - TIE))
    place = min(ties.tolist(), key=lambda i: (abs(cells.x[i]), np.signbit(cells.x[i])))
    wide = (high > low[place] * (1 + TIE)) & (bound > _KNOWN * size)
    return place, np.flatnonzero(wide).tolist()


def _certify(cells: Cells, at: np.ndarray, certified: dict[int, dict[str, float]]) -> None:
    """Add the ledger's numbers of some cells, and put them in the place of those that are known less well."""
    ledger = ledger_at(cells, at)
    columns = {name: np.asarray(getattr(ledger, name)) for name in PARTS}
    for j, i in enumerate(at.tolist()):
        certified[i] = {name: float(column[j]) for name, column in columns.items()}
    for name, value in columns.items():
        known = cells.parts[name]
        worse = (known.bound[at] > _KNOWN * np.abs(known.value[at])) & (value != 0)
        known.value[at[worse]] = value[worse]
        known.bound[at[worse]] = 2.0**-53 * np.abs(value[worse]) + 2.0**-1074
