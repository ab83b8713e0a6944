"""What a sweep returns: its records, and what a person asks of them first."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from numdiff.analysis.metrics import observed_optimum
from numdiff.analysis.orders import observed_order
from numdiff.display import NO_CELL_OK, WIDTH, Shown, View, counted, number, wrapped
from numdiff.extras import require_extra
from numdiff.floats.formats import get_format
from numdiff.formulas.stencil import Method
from numdiff.formulas.table import METHODS
from numdiff.frames import ShownFrame
from numdiff.step_table import StepTable
from numdiff.study.grids import Number, nominal_step
from numdiff.study.sweep import Sweep
from numdiff.sweep_tables import LEDGERS, QUANTITIES, WORDS, SweepTables, function_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

_CASE = ("method", "point", "format")
_LINES = 10
"""The lines of a prompt."""
_LAYOUTS = ((3, " at h = "), (3, " at "), (2, " at h = "), (2, " at "), (1, " at "))
"""How many formulas a prompt shows side by side, and how their cells are written: the first that is not too wide."""
_BEST = ("method", "x", "format", "step", "error", "relative_error", "ok", "cells", "at_edge", "grid", "k")
_ORDER = (
    *("method", "x", "format", "order", "theory", "halfwidth", "reason"),
    *("points", "smallest_step", "largest_step", "grid"),
)
_LEDGER = (
    *("method", "format", "point", "step_value", "total", "status", "truncation", "roundoff"),
    *("abscissa", "evaluation", "combination", "state", "problem", "arithmetic", "grid", "k"),
)
"""The columns of the ledger: a narrow prompt shows the first ones."""


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "skips", ShownFrame(self.skips))

    def to_pandas(self) -> pd.DataFrame:
        """Return a copy of the records."""
        return self.records.copy()

    @property
    def ledger(self) -> pd.DataFrame:
        """The total, its four parts and the status of every cell."""
        return ShownFrame(self.records[list(_LEDGER)])

    @property
    def best(self) -> pd.DataFrame:
        """The smallest |total| of each formula, point and format, among the cells that are ok.

        Columns: method, x, format, step, error, relative_error, ok (how many cells are) of cells, at_edge (whether the
        true optimum may lie beyond the steps of the sweep), grid, k. NaN where no cell is ok. A single smallest error
        can be a lucky one.
        """
        rows, xs = [], self._xs()
        for (method, point, name), cells in self.records.groupby(list(_CASE), sort=False):
            ok = cells[(cells["status"] == "ok") & (cells["step_value"] > 0)]  # 0: too short a step for a double
            found = observed_optimum(ok["step_value"].to_numpy(), ok["total"].to_numpy())
            row = {"method": method, "x": xs[point], "format": name, "cells": len(cells), "ok": len(ok)}
            row |= {"step": found.step, "error": found.error, "relative_error": np.nan, "grid": "", "k": -1}
            if found.index >= 0:
                cell = ok.iloc[found.index]
                row |= {key: cell[key] for key in ("relative_error", "grid", "k")}
                edges = (cells["step_value"].min(), cells["step_value"].max())
                row["at_edge"] = found.step in edges
            rows.append(row | {"at_edge": row.get("at_edge", False)})
        return ShownFrame(rows, columns=list(_BEST))

    @property
    def order(self) -> pd.DataFrame:
        """The order of accuracy that is observed of each formula, point, format and grid, and the one in theory.

        Columns: method, x, format, order, theory, halfwidth (of the 95 % confidence interval), reason (why there is no
        order), points (cells in the window of the fit), smallest_step and largest_step (its ends), grid. See
        `numdiff.observed_order`.
        """
        rows, xs = [], self._xs()
        for (method, point, name, grid), cells in self.records.groupby([*_CASE, "grid"], sort=False):
            cells = cells[cells["step_value"] > 0]
            errors = cells["total"].where(cells["status"] == "ok").to_numpy()
            found = observed_order(cells["step_value"].to_numpy(), errors, cells["roundoff"].to_numpy())
            formula = self._formula(str(method))
            row = {"method": method, "x": xs[point], "format": name, "grid": grid, "order": found.order}
            row |= {"halfwidth": found.halfwidth, "theory": np.nan if formula is None else formula.accuracy_order}
            row |= {key: getattr(found, key) for key in ("smallest_step", "largest_step", "points", "reason")}
            rows.append(row)
        return ShownFrame(rows, columns=list(_ORDER))

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
        check_quantity(quantity)
        chosen = self._chosen(formats, methods, "tabulate")
        tables = SweepTables(chosen, self._xs(), self._formula, self._h)
        return tables.ledger(quantity) if quantity in LEDGERS else tables.by_format(quantity)

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
        count = len(self.skips)
        skips = f"{count} skip{'' if count == 1 else 's'} in .skips" if count else "no skips"
        cells = f"{len(records)} cell{'' if len(records) == 1 else 's'}, {counted(records['status'])}; {skips}"
        title = f"Sweep of {function_of(records)} at {self._places()}: {cells}"
        steps = f"steps {number(records['step_value'].max())} to {number(records['step_value'].min())}"
        grids = ", ".join(dict.fromkeys(records["grid"]))
        truth = f"grid{'s' if ',' in grids else ''} {grids}: {steps}; truth: {counted(records['state'])}"
        if not (records["status"] == "ok").any():
            return View((title, truth, NO_CELL_OK))
        room = _LINES - 1 - sum(wrapped(line).count("\n") + 1 for line in (title, truth))
        for most, at in _LAYOUTS:
            view = View((title, truth), *self._smallest(room, most, at), words_last=False)
            if view.width() <= WIDTH:
                break
        return view

    def _places(self) -> str:
        first, *others = self._xs().values()
        return f"x = {first:.6g}" + (f" and {len(others)} more" if others else "")

    def _smallest(self, room: int, most: int, at: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return the best cells: a row for each point and format, a column for each of the first formulas."""
        best = self.best
        names, xs = list(dict.fromkeys(best["method"])), list(dict.fromkeys(best["x"]))
        chosen, more = names[:most], len(names) - most
        cells = {(row.x, row.format, row.method): _smallest_text(row, at) for row in best.itertuples()}
        kinds = [(x, name) for x in xs for name in dict.fromkeys(best["format"]) if _measured(best, x, name)]
        rows = [
            (f"{x:.6g} {name}" if len(xs) > 1 else name, *(cells.get((x, name, method), "") for method in chosen))
            for x, name in kinds
        ]
        if len(rows) > room:
            rows = [*rows[: room - 1], (f"… {len(rows) - room + 1} more in .best", *[""] * len(chosen))]
        head = ("x, smallest |total|" if len(xs) > 1 else "smallest |total|", *chosen)
        return (*head, *([f"… {more} more"] if more > 0 else [])), [(*row, *[""] * (more > 0)) for row in rows]

    def _repr_html_(self) -> str:
        shown = self._view().html()
        table = self.skips if self.records.empty else self.ledger
        return f"{shown}\n{table.to_html(max_rows=20)}"

    def _nothing(self) -> str:
        reasons = list(self.skips["reason"])
        if len(reasons) < 2:
            return "no cell could be measured" + (f": {reasons[0]}" if reasons else "")
        return f"no cell could be measured; .skips holds {len(reasons)} reasons, the first {reasons[0]!r}"

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


def check_quantity(quantity: str) -> None:
    """Refuse a quantity that `SweepResult.table` does not have.

    Raises
    ------
    ValueError
        If it is neither a column of numbers or words, nor ``"ledger"`` or ``"parts"``.
    """
    known = (*QUANTITIES, *WORDS, *LEDGERS)
    if quantity not in known:
        close = difflib.get_close_matches(str(quantity), known, n=1)
        advice = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"
        raise ValueError(f"quantity must be a column of the records, got {quantity!r}{advice}")


def _smallest_text(row: Any, at: str) -> str:
    return f"{number(row.error)}{at}{number(row.step)}" if row.ok else "no cell ok"


def _measured(best: pd.DataFrame, x: float, name: str) -> bool:
    return bool(((best["x"] == x) & (best["format"] == name)).any())


def _names(column: str, wanted: Any) -> list[str]:
    """Return the names of formats or methods that are given by name or object, one or several."""
    several: Iterable[Any] = wanted if isinstance(wanted, (list, tuple, set, frozenset)) else [wanted]
    if column == "format":
        return [get_format(item, "formats").name for item in several]
    return [item if isinstance(item, str) else getattr(item, "name", str(item)) for item in several]
