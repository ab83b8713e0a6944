"""`sweep`: the suite's measurement for one's own function, in a notebook."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from numdiff.analysis.reference import Engine
from numdiff.formats import FORMATS, get_format
from numdiff.functions import Function, on_arrays
from numdiff.stencils import METHODS
from numdiff.study.blocks import Block, UserFunction, stable_name
from numdiff.study.measure import measure
from numdiff.study.records import KEYS, PARTS
from numdiff.study.run import joined, run_blocks
from numdiff.study.sweep import Sweep, plan

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class SweepResult:
    """The records of one function.

    Attributes
    ----------
    records : DataFrame
        A row for every cell; the columns are those of `numdiff.study.records.Record`.
    skips : DataFrame
        What could not be run, and why.
    """

    records: "pd.DataFrame"
    skips: "pd.DataFrame"

    def to_pandas(self) -> "pd.DataFrame":
        """Return the records as a frame of one's own."""
        return self.records.copy()

    @property
    def ledger(self) -> "pd.DataFrame":
        """The four parts, their total and the status of every cell."""
        names = [*KEYS, "step_value", *PARTS, "total", "roundoff", "status", "state"]
        return self.records[names].copy()

    def plot(self) -> "Figure":
        """Return a figure of |total| against the step: a panel for every method, a curve for every format."""
        from numdiff.report.quick import error_figure

        return error_figure(self.records)

    def _repr_html_(self) -> str:
        return str(self.ledger.to_html(max_rows=20))


def _numbers(argument: str, given: Any) -> tuple[float, ...]:
    """Return a number or a sequence of numbers as a tuple of floats; refuse anything else."""
    try:
        array = np.atleast_1d(np.asarray(given, dtype=float))
    except (TypeError, ValueError):
        raise TypeError(f"{argument} must be a number or a sequence of numbers, got {given!r}") from None
    if array.ndim > 1 or not array.size or not np.isfinite(array).all():
        raise ValueError(f"{argument} must hold at least one number, in one dimension, all finite, got {given!r}")
    return tuple(array.tolist())


def sweep(
    f: Callable[[Any], Any],
    x: Any,
    h: Any = None,
    *,
    derivative: Callable[[Any], Any] | None = None,
    formats: Sequence[str] = tuple(FORMATS),
    methods: Sequence[str] = ("forward", "centered"),
    grids: Sequence[str] = ("generic",),
    domain: tuple[float, float] = (-math.inf, math.inf),
    engine: Engine = "mpmath",
    workers: int = 1,
    progress: bool = False,
) -> SweepResult:
    """Sweep one's own function over steps and formats; no registry is needed.

    Parameters
    ----------
    f : callable or Function
        An elementwise NumPy callable with Python constants, or a box of `numdiff.functions`.
    x : float or sequence of float
        The points; rounded to each format first.
    h : float or sequence of float, optional
        The steps. Without them, those of `grids` in each format.
    derivative : callable, optional
        f′ in closed form; without it, automatic differentiation is the truth.
    formats, methods, grids : sequence of str
        Names of formats, of `METHODS`, and of the step grids ``"generic"`` and ``"dyadic"``.
    domain : tuple of float
        The open interval in which f is smooth.
    engine : {"mpmath", "arb"}
        The exact arithmetic.
    workers : int
        Processes. With more than one, `f` must be importable as module:function.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    SweepResult

    Raises
    ------
    TypeError
        If `f` is not callable or uses a function that the exact arithmetics do not know.
    ValueError
        If a name is unknown, x is not finite, a step is not positive, or `f` cannot go to workers.
    """
    if not callable(f):
        raise TypeError(f"f must be callable, got {type(f).__name__} {f!r}")
    points = _numbers("x", x)
    for argument, names in (("formats", formats), ("methods", methods), ("grids", grids)):
        if isinstance(names, str):
            raise TypeError(f"{argument} must be a sequence of names, got the string {names!r}")
    formats = [get_format(name).name for name in formats]  # "longdouble" is float80 in the records
    if not formats:
        raise ValueError("formats must name at least one format, got none")
    for name in methods:
        METHODS[name]
    given = () if h is None else _numbers("h", h)
    if any(step <= 0 for step in given):
        raise ValueError(f"h must be positive, got {h!r}")
    if not domain[0] < domain[1]:
        raise ValueError(f"domain must be a pair of ends (low, high) with low < high, got {domain!r}")
    cells = Sweep(
        "sweep", (), tuple(methods), tuple(formats), () if given else tuple(grids), given_steps=given, all_points=True
    )
    if workers == 1:
        target = on_arrays(f) if isinstance(f, Function) else f
        name = getattr(f, "__name__", type(f).__name__)
        subject = UserFunction(name, target, derivative, points, domain)
        with tqdm(total=plan(subject, cells).cells, unit="cell", disable=not progress) as bar:
            return SweepResult(*measure(subject, cells, engine, bar.update))
    names = stable_name("f", f), "" if derivative is None else stable_name("derivative", derivative)
    blocks = [Block(replace(cells, formats=(name,)), engine, *names, points, domain) for name in formats]
    done = joined(run_blocks(blocks, workers=workers, progress=progress))
    return SweepResult(done.records, done.skips)
