"""What a sweep returns: its records, and what a person asks of them first."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from numdiff.analysis.metrics import observed_optimum
from numdiff.analysis.orders import observed_order
from numdiff.display import NO_CELL_OK, Shown, View, counted, number
from numdiff.extras import require_extra
from numdiff.floats.formats import get_format
from numdiff.formulas.stencil import Method
from numdiff.formulas.table import METHODS
from numdiff.step_table import StepTable, ledger_columns
from numdiff.study.grids import Number, grid_formula, nominal_step
from numdiff.study.records import FIELDS, KEYS, PARTS
from numdiff.study.sweep import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

_CASE = ("method", "point", "format")
_MOST = 3
"""The formulas that a prompt shows side by side."""
_QUANTITIES = tuple(name for name, field in FIELDS.items() if field.type is float and name != "x_value")
_WORDS = ("status", "state")
_LEDGERS: Mapping[str, tuple[str, ...]] = {
    "ledger": ("total", "truncation", "roundoff"),
    "parts": ("roundoff", "abscissa", "evaluation", "combination"),
}
"""Tables of several quantities: a sum, and what it is the sum of."""
_BEST = ("method", "x", "format", "cells", "ok", "step", "error", "relative_error", "grid", "k", "at_edge")
_ORDER = (
    *("method", "x", "format", "grid", "order", "halfwidth", "theory"),
    *("smallest_step", "largest_step", "points", "reason"),
)


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult(Shown):
    """The records of one function; equal only to itself, because frames have no single truth value.

    Attributes
    ----------
    records : DataFrame
        A row for every cell; the columns are those of `numdiff.study.records.Record`.
    skips : DataFrame
        What could not be run, and why.
    sweep : Sweep or None
        What was asked for: the formulas, and the steps as they were given.
    points : tuple of float or Fraction
        The points as they were given.

    Examples
    --------
    >>> import numdiff as nd
    >>> result = nd.sweep(lambda x: x * x, 1.0, [0.5, 0.25], dtype=["float64"], stencil=["forward"], name="square")
    >>> result.records["total"].tolist()
    [0.5, 0.25]
    >>> result
    Sweep of square at x = 1: 2 cells, 2 ok; no skips
    grid given: steps 0.5 to 0.25; truth: 2 exact
    smallest |total|           forward
    float64           0.25 at h = 0.25
    """

    records: pd.DataFrame
    skips: pd.DataFrame
    sweep: Sweep | None = None
    points: tuple[Number, ...] = ()

    def to_pandas(self) -> pd.DataFrame:
        """Return a copy of the records."""
        return self.records.copy()

    @property
    def ledger(self) -> pd.DataFrame:
        """The four parts, their total and the status of every cell."""
        names = [*KEYS, "step_value", *PARTS, "total", "roundoff", "status", "state"]
        return self.records[names].copy()

    @property
    def best(self) -> pd.DataFrame:
        """The smallest |total| of each formula, point and format, among the cells that are ok.

        Columns: method, x, format, cells, ok (how many), step, error, relative_error, grid, k, at_edge (whether the
        true optimum may lie beyond the steps of the sweep). NaN where no cell is ok. A single smallest error can be a
        lucky one.
        """
        rows, xs = [], self._xs()
        for (method, point, name), cells in self.records.groupby(list(_CASE), sort=False):
            ok = cells[cells["status"] == "ok"]
            found = observed_optimum(ok["step_value"].to_numpy(), ok["total"].to_numpy())
            row = {"method": method, "x": xs[point], "format": name, "cells": len(cells), "ok": len(ok)}
            row |= {"step": found.step, "error": found.error, "relative_error": np.nan, "grid": "", "k": -1}
            if found.index >= 0:
                cell = ok.iloc[found.index]
                row |= {key: cell[key] for key in ("relative_error", "grid", "k")}
                edges = (cells["step_value"].min(), cells["step_value"].max())
                row["at_edge"] = found.step in edges
            rows.append(row | {"at_edge": row.get("at_edge", False)})
        return pd.DataFrame(rows, columns=list(_BEST))

    @property
    def order(self) -> pd.DataFrame:
        """The order of accuracy that is observed of each formula, point, format and grid, and the one in theory.

        Columns: method, x, format, grid, order, halfwidth (of the 95 % confidence interval), theory, smallest_step and
        largest_step (the window of the fit), points (cells in it), reason (why there is no order). See
        `numdiff.observed_order`.
        """
        rows, xs = [], self._xs()
        for (method, point, name, grid), cells in self.records.groupby([*_CASE, "grid"], sort=False):
            errors = cells["total"].where(cells["status"] == "ok").to_numpy()
            found = observed_order(cells["step_value"].to_numpy(), errors, cells["roundoff"].to_numpy())
            formula = self._formula(str(method))
            row = {"method": method, "x": xs[point], "format": name, "grid": grid, "order": found.order}
            row |= {"halfwidth": found.halfwidth, "theory": np.nan if formula is None else formula.accuracy_order}
            row |= {key: getattr(found, key) for key in ("smallest_step", "largest_step", "points", "reason")}
            rows.append(row)
        return pd.DataFrame(rows, columns=list(_ORDER))

    def table(self, quantity: str = "total", *, formats: Any = None, methods: Any = None) -> StepTable:
        """Return one quantity by nominal step and format.

        Parameters
        ----------
        quantity : str
            A part of the error (``"truncation"``, ``"abscissa"``, ``"evaluation"``, ``"combination"``), ``"total"``,
            ``"roundoff"``, ``"relative_error"``, ``"ulps"``, a bound such as ``"total_bound"``, any other column of
            floats of `records`, ``"status"`` or ``"state"``; or several side by side whose rows add up as shown:
            ``"ledger"`` (total, truncation, roundoff, correct digits, a priori bound) or ``"parts"`` (of roundoff).
        formats, methods : str, object, or sequence of them, optional
            Those that are wanted; by default all.

        Returns
        -------
        StepTable
            A nominal step, 1.2357·2⁻ᵏ or one that was given, is one row in all formats, although it is rounded to
            another number in each. It has ``to_pandas``, ``to_csv``, ``to_markdown`` and ``to_latex``.

        Raises
        ------
        ValueError
            If there is no such quantity, format or method, or there are no records.

        Examples
        --------
        >>> import numdiff as nd
        >>> result = nd.sweep(lambda x: x * x, 1.0, [0.5, 0.25], dtype=["float64"], stencil=["forward"])
        >>> print(result.table("truncation").to_csv(), end="")
        function,quantity,method,x,grid,k,h,float64
        f,truncation,forward,1.0,given,0,0.5,0.5
        f,truncation,forward,1.0,given,1,0.25,0.25
        """
        known = (*_QUANTITIES, *_WORDS, *_LEDGERS)
        if quantity not in known:
            close = difflib.get_close_matches(str(quantity), known, n=1)
            advice = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"
            raise ValueError(f"quantity must be a column of the records, got {quantity!r}{advice}")
        chosen = self._chosen(formats, methods, "tabulate")
        return self._ledger_table(quantity, chosen) if quantity in _LEDGERS else self._tabulated(quantity, chosen)

    def plot(
        self,
        ax: Any = None,
        *,
        parts: str | Sequence[str] = ("total",),
        formats: Any = None,
        methods: Any = None,
        bounds: bool = True,
        title: str | None = None,
    ) -> "Axes | FigureBase | Sequence[Axes]":
        """Draw errors against the step, log-log; exact zeros are on a floor, failed cells at the top edge.

        Errors beyond 10**250 or below 10**-250 are drawn there.

        Parameters
        ----------
        ax : Axes, sequence of Axes, Figure or SubFigure, optional
            Where to draw: all curves into one axes, each panel into its own, or panels into a figure or a subfigure.
            By default a new figure of pyplot, which ``plt.show()`` shows; end the line with a semicolon in a notebook
            that would show it twice.
        parts : str or sequence of str
            ``"total"``, ``"roundoff"``, ``"truncation"``, ``"abscissa"``, ``"evaluation"``, ``"combination"``.
        formats, methods : str, object, or sequence of them, optional
            Those that are drawn; by default all.
        bounds : bool
            Whether to draw the bound on each part, dotted.
        title : str, optional
            In place of the one that names function, formula and point.

        Returns
        -------
        Figure, or what was given as `ax`
            A panel for each formula and point with a curve for each format; where there are several parts, a panel
            for each format as well, with a curve for each part.

        Raises
        ------
        ValueError
            If nothing could be measured (the message names a reason), a part, format or method is unknown, or `ax` has
            no room for what is asked.
        TypeError
            If `ax` is nothing that can be drawn into.
        """
        require_extra("SweepResult.plot", "jinja2", "matplotlib")
        from numdiff.report.error_plots import DRAWN, draw_errors, own_figure

        wanted = (parts,) if isinstance(parts, str) else tuple(parts)
        strange = next((part for part in wanted if part not in DRAWN), None)
        if strange is not None or not wanted or len(set(wanted)) < len(wanted):
            raise ValueError(f"parts must be distinct and among {', '.join(DRAWN)}, got {parts!r}")
        records = self._chosen(formats, methods, "plot")
        if ax is None:
            return own_figure(records, wanted, bounds, title)
        draw_errors(ax, records, wanted, bounds, title)
        drawn: Axes | FigureBase | Sequence[Axes] = ax
        return drawn

    # --- what is shown ---------------------------------------------------------------------------------------

    def _view(self) -> View:
        records = self.records
        if records.empty:
            return View((f"Sweep: {self._nothing()}",))
        skips = f"{len(self.skips)} skip{'' if len(self.skips) == 1 else 's'}" if len(self.skips) else "no skips"
        cells = f"{len(records)} cell{'' if len(records) == 1 else 's'}, {counted(records['status'])}; {skips}"
        title = f"Sweep of {_function(records)} at {self._places()}: {cells}"
        steps = f"steps {number(records['step_value'].max())} to {number(records['step_value'].min())}"
        grids = ", ".join(dict.fromkeys(records["grid"]))
        truth = f"grid{'s' if ',' in grids else ''} {grids}: {steps}; truth: {counted(records['state'])}"
        if not (records["status"] == "ok").any():
            return View((title, truth, NO_CELL_OK))
        head, rows = self._smallest()
        return View((title, truth), head, rows, words_last=False)

    def _places(self) -> str:
        first, *others = self._xs().values()
        return f"x = {first:.6g}" + (f" and {len(others)} more" if others else "")

    def _smallest(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return the best cells by format and formula, of the first point."""
        best = self.best
        best = best[best["x"] == best["x"].iloc[0]]
        names, formats = list(dict.fromkeys(best["method"])), list(dict.fromkeys(best["format"]))
        chosen = names[:_MOST]
        cells = {(row.format, row.method): _smallest_text(row) for row in best.itertuples()}
        rows = [(name, *(cells.get((name, method), "") for method in chosen)) for name in formats]
        if len(rows) > 7:
            rows = [*rows[:6], (f"… {len(rows) - 6} more", *[""] * len(chosen))]
        more = (f"… {len(names) - _MOST} more",) if len(names) > _MOST else ()
        return ("smallest |total|", *chosen, *more), [(*row, *[""] * len(more)) for row in rows]

    def _repr_html_(self) -> str:
        shown = self._view().html()
        table = self.skips if self.records.empty else self.ledger
        return f"{shown}\n{table.to_html(max_rows=20)}"

    def _nothing(self) -> str:
        first = f", the first {self.skips['reason'].iloc[0]!r}" if len(self.skips) else ""
        return f"no cell could be measured; .skips holds {len(self.skips)} reasons{first}"

    # --- what is asked for -----------------------------------------------------------------------------------

    def _chosen(self, formats: Any, methods: Any, verb: str) -> pd.DataFrame:
        """Return the records of some formats and methods, all by default."""
        if self.records.empty:
            raise ValueError(f"there is nothing to {verb}: {self._nothing()}")
        records = self.records
        for column, wanted in (("format", formats), ("method", methods)):
            if wanted is not None:
                known = list(dict.fromkeys(records[column]))
                names = _names(column, wanted)
                if strange := [name for name in names if name not in known]:
                    raise ValueError(f"{column}s must be among {', '.join(known)}, got {strange[0]!r}")
                if not names:
                    raise ValueError(f"{column}s must name at least one, got none")
                records = records[records[column].isin(names)]
        return records

    def _tabulated(self, quantity: str, records: pd.DataFrame) -> StepTable:
        """Return a row for each formula, point, grid and k, in the order of the records."""
        formats = list(dict.fromkeys(records["format"]))
        portable = FIELDS[quantity].metadata["kind"] == "portable" or quantity in _WORDS
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
        xs = self._xs()
        function = _function(records)
        keys = {
            "function": [function] * len(cells),
            "quantity": [quantity] * len(cells),
            "method": [row[0] for row in cells],
            "x": [xs[row[1]] for row in cells],
            "grid": [row[2] for row in cells],
            "k": [row[3] for row in cells],
            "h": [self._h(row[2], row[3], steps[row]) for row in cells],
        }
        varying = [name for name in ("method", "x", "grid") if len(set(keys[name])) > 1]
        caption = self._caption(quantity, function, {name: keys[name] for name in ("method", "x", "grid")}, varying)
        body = {name: [row.get(name, "") for row in cells.values()] for name in formats}
        return StepTable(caption, keys, (*varying, "h"), body)

    def _ledger_table(self, quantity: str, records: pd.DataFrame) -> StepTable:
        """Return the total error and its parts side by side: a row for each formula, point, grid, format and step."""
        total, *parts = _LEDGERS[quantity]
        function, xs = _function(records), self._xs()
        steps = zip(records["grid"], records["k"], records["step_value"], strict=True)
        keys = {
            **{name: [word] * len(records) for name, word in (("function", function), ("quantity", quantity))},
            "method": records["method"].tolist(),
            "x": [xs[point] for point in records["point"]],
            **{name: records[name].tolist() for name in ("grid", "format", "k")},
            "h": [self._h(str(grid), k, step) for grid, k, step in steps],
        }
        varying = [name for name in ("method", "x", "grid", "format") if len(set(keys[name])) > 1]
        said = [f"{total} = {' + '.join(parts)} of {function}: rows add up as shown"]
        said += [f"format {keys['format'][0]}"] if "format" not in varying else []
        caption = self._described(said, {name: keys[name] for name in ("method", "x", "grid")}, varying, "")
        columns = ledger_columns(records, _LEDGERS[quantity])
        return StepTable(caption, keys, (*varying, "h"), columns, {total: tuple(parts)})

    def _caption(self, quantity: str, function: str, keys: Mapping[str, list[Any]], varying: Sequence[str]) -> str:
        field = FIELDS[quantity].metadata
        name = quantity.replace("_", " ")
        said = [f"{name[0].upper()}{name[1:]} ({field['line']}) of {function}"]
        unit = _unit(quantity, {self._formula(method) for method in dict.fromkeys(keys["method"])})
        return self._described(said, keys, varying, unit)

    def _described(self, said: list[str], keys: Mapping[str, list[Any]], varying: Sequence[str], unit: str) -> str:
        """Return a caption with what all rows share: formula, point, unit, grid."""
        said += [f"formula {keys['method'][0]}"] if "method" not in varying else []
        said += [f"x = {keys['x'][0]:.6g}"] if "x" not in varying else []
        grids = " and ".join(f"{grid_formula(grid)} (grid {grid})" for grid in dict.fromkeys(keys["grid"]))
        return ", ".join([*said, *([unit] if unit else [])]) + f"; steps h {grids}, rounded once to each format."

    def _formula(self, name: str) -> Method | None:
        formulas = () if self.sweep is None else self.sweep.formulas
        return next((formula for formula in formulas if formula.name == name), METHODS.get(name))

    def _xs(self) -> dict[Any, float]:
        """Return the points by index as they were given; otherwise the last format has them most exactly."""
        nearest = dict(zip(self.records["point"].tolist(), self.records["x_value"].tolist(), strict=True))
        return {point: float(self.points[point]) if self.points else x for point, x in nearest.items()}

    def _h(self, grid: str, k: int, step: float) -> float:
        """Return the nominal step: as it was given, or as its grid defines it."""
        if grid != "given":
            return float(nominal_step(grid, k))
        return float(self.sweep.given_steps[k]) if self.sweep is not None and self.sweep.given_steps else step


def _function(records: pd.DataFrame) -> str:
    """Return the name of the function; that of a lambda says nothing."""
    name = str(records["problem"].iloc[0])
    return "f" if name == "<lambda>" else name


def _smallest_text(row: Any) -> str:
    return f"{number(row.error)} at h = {number(row.step)}" if row.ok else "no cell ok"


def _names(column: str, wanted: Any) -> list[str]:
    """Return the names of formats or methods that are given by name or object, one or several."""
    several: Iterable[Any] = wanted if isinstance(wanted, (list, tuple, set, frozenset)) else [wanted]
    if column == "format":
        return [get_format(item).name for item in several]
    return [item if isinstance(item, str) else getattr(item, "name", str(item)) for item in several]


def _unit(quantity: str, formulas: Iterable[Method | None]) -> str:
    """Return the unit of a quantity for a caption, empty where it has none."""
    if unit := FIELDS[quantity].metadata["unit"]:
        return f"in {unit}"
    if "step" in quantity:
        return "in units of x"
    if quantity in _WORDS or quantity == "relative_error":
        return ""
    orders = {1 if formula is None else formula.derivative_order for formula in formulas}
    power = {1: "", 2: "²", 3: "³"}.get(order := max(orders), f" to the power {order}")
    return f"in units of f per unit of x{power}" if len(orders) == 1 else ""
