"""The tables of a sweep: one quantity by step and format, or several side by side whose rows add up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from numdiff.formulas.stencil import Method
from numdiff.step_table import StepTable, ledger_columns
from numdiff.study.grids import grid_formula
from numdiff.study.records import FIELDS

__all__ = ["LEDGERS", "QUANTITIES", "WORDS", "SweepTables", "function_of"]

QUANTITIES = tuple(name for name, field in FIELDS.items() if field.type is float and name != "x_value")
WORDS = ("status", "state")
LEDGERS: Mapping[str, tuple[str, ...]] = {
    "ledger": ("total", "truncation", "roundoff"),
    "parts": ("roundoff", "abscissa", "evaluation", "combination"),
}
"""Tables of several quantities: a sum, and what it is the sum of."""


@dataclass(frozen=True, eq=False)
class SweepTables:
    """Makes tables of records.

    Parameters
    ----------
    records : DataFrame
        Not empty. With a column ``place`` they are of all points together, which it names.
    xs : mapping
        The points by index.
    formula : callable
        Returns the formula of a name.
    nominal : callable
        Returns the nominal step of grid, k and rounded step.
    """

    records: pd.DataFrame
    xs: Mapping[Any, float]
    formula: Callable[[str], Method | None]
    nominal: Callable[[str, int, float], float]

    def by_format(self, quantity: str) -> StepTable:
        """Return a row for each formula, point, grid and k, in the order of the records."""
        records = self.records
        formats = list(dict.fromkeys(records["format"]))
        portable = FIELDS[quantity].metadata["kind"] == "portable" or quantity in WORDS
        cells: dict[tuple[Any, ...], dict[str, Any]] = {}
        steps: dict[tuple[Any, ...], float] = {}
        names = ["method", "point", "grid", "k", "format", "status", "step_value"]
        columns = [records[name].tolist() for name in (*names, quantity)]
        for *key, name, status, step, value in zip(*columns, strict=True):
            missing = (status != "ok" and not portable) or (isinstance(value, float) and np.isnan(value))
            row = tuple(key)
            cells.setdefault(row, {})[name] = status if missing and status != "ok" else value
            steps[row] = step  # the last format is the widest: its step is the nearest to the nominal one
        ranks = [{value: i for i, value in enumerate(dict.fromkeys(column))} for column in zip(*cells, strict=True)]
        cells = {row: cells[row] for row in sorted(cells, key=lambda row: [*map(dict.get, ranks[:3], row), row[3]])}
        xs = self.xs
        function = function_of(records)
        keys = {
            "function": [function] * len(cells),
            "quantity": [quantity] * len(cells),
            "method": [row[0] for row in cells],
            **({} if self._place else {"x": [xs[row[1]] for row in cells]}),
            "grid": [row[2] for row in cells],
            "k": [row[3] for row in cells],
            "h": [self.nominal(row[2], row[3], steps[row]) for row in cells],
        }
        varying = [name for name in ("method", "x", "grid") if len(set(keys.get(name, ()))) > 1]
        caption = self._caption(quantity, function, keys)
        body = {name: [row.get(name, "") for row in cells.values()] for name in formats}
        return StepTable(caption, keys, (*varying, "h"), body)

    def ledger(self, quantity: str) -> StepTable:
        """Return the total error and its parts side by side: a row for each formula, point, grid, format and step."""
        total, *parts = LEDGERS[quantity]
        records, xs = self.records, self.xs
        function = function_of(records)
        steps = zip(records["grid"], records["k"], records["step_value"], strict=True)
        keys = {
            **{name: [word] * len(records) for name, word in (("function", function), ("quantity", quantity))},
            "method": records["method"].tolist(),
            "x": [xs[point] for point in records["point"]],
            **{name: records[name].tolist() for name in ("grid", "format", "k")},
            "h": [self.nominal(str(grid), k, step) for grid, k, step in steps],
        }
        varying = [name for name in ("method", "x", "grid", "format") if len(set(keys[name])) > 1]
        said = [f"{total} = {' + '.join(parts)} of {function}: rows add up as shown"]
        said += [f"format {keys['format'][0]}"] if "format" not in varying else []
        caption = self._described(said, {name: keys[name] for name in ("method", "x", "grid")}, "")
        columns = ledger_columns(records, LEDGERS[quantity])
        return StepTable(caption, keys, (*varying, "h"), columns, {total: tuple(parts)})

    @property
    def _place(self) -> str:
        """What stands in the place of a point; empty where the records are those of points."""
        return str(self.records["place"].iloc[0]) if "place" in self.records else ""

    def _caption(self, quantity: str, function: str, keys: Mapping[str, list[Any]]) -> str:
        field = FIELDS[quantity].metadata
        name = quantity.replace("_", " ")
        said = [f"{name[0].upper()}{name[1:]} ({field['line']}) of {function}"]
        unit = _unit(quantity, {self.formula(method) for method in dict.fromkeys(keys["method"])})
        return self._described(said, keys, unit)

    def _described(self, said: list[str], keys: Mapping[str, list[Any]], unit: str) -> str:
        """Return a caption with the formulas, the points, the unit and the grids of the rows."""
        names, xs = dict.fromkeys(keys["method"]), dict.fromkeys(f"{x:.6g}" for x in keys.get("x", ()))
        said += [f"formula{'s' if len(names) > 1 else ''} {_listed(list(names))}"]
        said += [self._place or f"x = {_listed(list(xs))}"]
        grids = " and ".join(f"{grid_formula(grid)} (grid {grid})" for grid in dict.fromkeys(keys["grid"]))
        return ", ".join([*said, *([unit] if unit else [])]) + f"; steps h {grids}, rounded once to each format."


def function_of(records: pd.DataFrame) -> str:
    """Return the name of the function of some records."""
    return str(records["problem"].iloc[0])


def _listed(words: Sequence[str]) -> str:
    """Return words as a sentence has them, at most five."""
    *first, last = words if len(words) <= 5 else [*words[:4], f"{len(words) - 4} more"]
    return f"{', '.join(first)} and {last}" if first else last


def _unit(quantity: str, formulas: Iterable[Method | None]) -> str:
    """Return the unit of a quantity for a caption, empty where it has none."""
    if unit := FIELDS[quantity].metadata["unit"]:
        return f"in {unit}"
    if "step" in quantity:
        return "in units of x"
    if quantity in WORDS or quantity == "relative_error":
        return ""
    orders = {1 if formula is None else formula.derivative_order for formula in formulas}
    power = {1: "", 2: "²", 3: "³"}.get(order := max(orders), f" to the power {order}")
    return f"in units of f per unit of x{power}" if len(orders) == 1 else ""
