"""What a sweep into a file returns: what can be said without its records, and these a row group at a time."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from numdiff.display import NO_CELL_OK, View, counted, number
from numdiff.frames import ShownFrame
from numdiff.largest_errors import LARGEST, NEEDED, LargestErrors
from numdiff.step_table import StepTable
from numdiff.study.measure import skip_frame
from numdiff.study.records import FIELDS, frame_of
from numdiff.study.sweep import Sweep
from numdiff.sweep_result import SweepResult, check_quantity
from numdiff.sweep_tables import LEDGERS, WORDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    from numdiff.study.records_file import RecordsFile

__all__ = ["SweepFile"]

_IN_MEMORY = ("records", "ledger", "best", "order", "to_pandas")
"""What a `SweepResult` has and needs all records for."""
_SHOWN = ("method", "format", "grid", "k", "step_value", "cells", "ok", "failed", "total", "truncation", "roundoff")
_FORMULAS = 3
"""How many formulas a prompt shows side by side."""


def _opened(path: Path) -> "RecordsFile":
    """Return the file of a path; this loads pyarrow."""
    from numdiff.study.records_file import RecordsFile

    return RecordsFile(path)


class SweepFile:
    """A Parquet file of the records of one function, of which no more than a row group is in memory.

    Parameters
    ----------
    path : path
        A file that ``nd.sweep(..., out=path)`` has written. It is read once for what is said of it.

    Attributes
    ----------
    path : Path
        The file, also for ``pandas.read_parquet``.
    sweep : Sweep or None
        What was asked for, where the sweep was made in this program.

    Raises
    ------
    TypeError
        If `path` is no path.
    OSError
        If there is no such file.
    ValueError
        If it is no file of records.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import numdiff as nd
    >>> x = np.linspace(0.5, 1.5, 300)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     swept = nd.sweep(np.exp, x, [2.0**-4, 2.0**-8], dtype="float32", out=f"{folder}/exp.parquet")
    ...     again = nd.SweepFile(f"{folder}/exp.parquet")
    ...     len(swept), len(again), sum(len(frame) for frame in again.frames())
    (1200, 1200, 1200)
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"path must be the path of a file, got {type(path).__name__} {path!r:.60}")
        records = _opened(Path(path))
        self._keep(Path(path), LargestErrors().add_all(records.frames(NEEDED)))

    @classmethod
    def _made(cls, path: Path, sweep: Sweep, largest: LargestErrors, skips: Callable[[], pd.DataFrame]) -> "SweepFile":
        """Return what is known of a file that was just written."""
        made = cls.__new__(cls)
        made._keep(path, largest, sweep, skips)
        return made

    def _keep(
        self,
        path: Path,
        largest: LargestErrors,
        sweep: Sweep | None = None,
        skips: Callable[[], pd.DataFrame] | None = None,
    ) -> None:
        self.path, self.sweep = path, sweep
        self._largest, self._skips = largest, skips

    def __len__(self) -> int:
        """How many cells there are."""
        return sum(self._largest.statuses.values())

    def __getattr__(self, name: str) -> Any:
        if name in _IN_MEMORY:
            raise AttributeError(
                f".{name} needs all records in memory, and those of a sweep with out= are in a file: "
                f"pandas.read_parquet({str(self.__dict__.get('path'))!r}) reads them all, .read(points=range(10)) "
                f"those of some points as a SweepResult, which has .{name}, and .frames() one row group after the other"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # --- records -----------------------------------------------------------------------------------------------

    def frames(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield the records a row group at a time: all cells of some points, in the order of the points.

        Parameters
        ----------
        columns : sequence of str, optional
            Those that are read; by default all.
        """
        return _opened(self.path).frames(columns)

    def read(self, points: int | range | None = None) -> SweepResult:
        """Return the records of some points as a sweep in memory.

        Parameters
        ----------
        points : int or range, optional
            The index of a point, or those of several in a row; by default of all: then memory grows with the file, by
            some 500 bytes a cell.

        Raises
        ------
        ValueError
            If `points` is no index, or a range with a step other than 1.
        """
        wanted = range(points, points + 1) if isinstance(points, (int, np.integer)) else points
        if wanted is not None and (not isinstance(wanted, range) or wanted.step != 1 or wanted.start < 0):
            raise ValueError(f"points must be an index or a range of indices in a row, got {points!r}")
        frames = list(_opened(self.path).frames(points=wanted))
        if wanted is not None:
            inside = [frame["point"].between(wanted.start, wanted.stop - 1) for frame in frames]
            frames = [frame[rows] for frame, rows in zip(frames, inside, strict=True)]
        records = pd.concat(frames, ignore_index=True) if frames else frame_of({name: [] for name in FIELDS})
        return SweepResult(records, self._known_skips(), self.sweep)

    @property
    def skips(self) -> pd.DataFrame:
        """What could not be run, and why: planned again when it is asked for.

        Raises
        ------
        ValueError
            If the file was written by another program.
        """
        if self._skips is None:
            raise ValueError("skips are known to the program that has made the sweep, and are not in the file")
        return ShownFrame(self._skips())

    # --- what is known of all points ---------------------------------------------------------------------------

    @property
    def summary(self) -> pd.DataFrame:
        """The largest magnitudes over the points, by formula, format, grid and step, and counts of cells.

        Columns: method, format, grid, k, step_value, cells, ok (how many are), failed (the others by status), total,
        truncation, roundoff, and after them all other columns of floats of the records. What the working format did
        not give (a step that is lost, an overflow) has no error and is counted, not averaged.
        """
        frame = self._largest.frame()
        return ShownFrame(frame[[*_SHOWN, *(name for name in frame.columns if name not in _SHOWN)]])

    def table(self, quantity: str = "total", *, formats: Any = None, methods: Any = None) -> StepTable:
        """Return the largest magnitude of one quantity over the points, by nominal step and format.

        Parameters
        ----------
        quantity, formats, methods
            As in `SweepResult.table`.

        Raises
        ------
        ValueError
            If there is no such quantity, format or method, there are no records, or the quantity is ``"ledger"`` or
            ``"parts"``: largest errors do not add up.
        """
        check_quantity(quantity)
        if quantity in LEDGERS or quantity in WORDS:
            why = "largest errors do not add up" if quantity in LEDGERS else ".summary has the counts by status"
            raise ValueError(
                f"quantity must be a column of numbers for a sweep with out=, got {quantity!r}: {why}; "
                f".read(points=0).table({quantity!r}) has the rows of a point"
            )
        return self._worst().table(quantity, formats=formats, methods=methods)

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
        """Draw the largest errors over the points against the step, as `SweepResult.plot` draws those of one point.

        Where cells have failed at some of the points, there is a mark at the top edge. The bounds are the largest ones.

        Parameters
        ----------
        ax, parts, formats, methods, bounds, title
            As in `SweepResult.plot`.
        """
        return self._worst(failures=True).plot(
            ax, parts=parts, formats=formats, methods=methods, bounds=bounds, title=title
        )

    def _worst(self, failures: bool = False) -> SweepResult:
        """Return the largest errors in place of the records of one point, and rows for cells that failed at some."""
        largest = self._largest.frame()
        place = f"largest of {self._largest.points} points"
        word = largest["failed"].str.partition(", ")[0].str.partition(" ")[2]
        status = word.where(largest["ok"] == 0, "ok")
        rows = largest.assign(point=0, x_value=np.nan, place=place, status=status, state="")
        if failures:
            some = (largest["ok"] > 0) & (largest["ok"] < largest["cells"])
            failed = rows[some].assign(status=word[some], **dict.fromkeys(LARGEST, np.nan))
            rows = pd.concat([rows, failed], ignore_index=True) if len(failed) else rows
        return SweepResult(rows, self._known_skips(), self.sweep)

    def _known_skips(self) -> pd.DataFrame:
        """Return the skips where they are asked for in a message: of a sweep without a cell."""
        return skip_frame([]) if self._skips is None or len(self) else self.skips

    # --- what is shown -----------------------------------------------------------------------------------------

    def _view(self) -> View:
        if not len(self):
            return View((f"Sweep into {self.path}: no cell could be measured; .skips holds the reasons",))
        frame, counts = self._largest.frame(), self._largest.statuses
        points = self._largest.points
        title = (
            f"Sweep of {frame['problem'].iloc[0]} over {points} point{'' if points == 1 else 's'}: {len(self)} cells, "
            f"{counted(counts)}; in {self.path}"
        )
        grids = ", ".join(dict.fromkeys(frame["grid"]))
        steps = f"steps {number(frame['step_value'].max())} to {number(frame['step_value'].min())}"
        truth = f"grid{'s' if ',' in grids else ''} {grids}: {steps}; truth: {counted(self._largest.states)}"
        ok = frame[frame["ok"] == frame["cells"]]
        if ok.empty:
            return View((title, truth, *([NO_CELL_OK] if "ok" not in counts else [])))
        best = ok.loc[ok.groupby(["format", "method"], sort=False)["total"].idxmin().dropna()]
        names = list(dict.fromkeys(best["method"]))[:_FORMULAS]
        cells = {
            (row.format, row.method): f"{number(row.total)} at h = {number(row.step_value)}"
            for row in best.itertuples()
        }
        rows = [(name, *(cells.get((name, m), "") for m in names)) for name in dict.fromkeys(best["format"])]
        return View((title, truth), ("largest |total|, best h", *names), rows, words_last=False)

    def __repr__(self) -> str:
        return self._view().text()

    def _repr_html_(self) -> str:
        return f"{self._view().html()}\n{self.summary.to_html(max_rows=20)}"
