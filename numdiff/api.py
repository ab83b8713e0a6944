"""`sweep`: the suite's measurement for a function of the user, in a notebook."""

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, overload

import pandas as pd
from tqdm import tqdm

from numdiff.analysis.reference import Engine
from numdiff.autodiff import Function
from numdiff.floats.call import pointwise
from numdiff.floats.callables import name_of, with_arguments
from numdiff.formulas.stencil import Method
from numdiff.largest_errors import LargestErrors
from numdiff.problems import PROBLEMS, Problem
from numdiff.problems.given import common_domain, function_of, interval
from numdiff.spellings import renamed
from numdiff.study.blocks import Block, stable_name
from numdiff.study.grids import Number
from numdiff.study.many_points import ManyPoints, PointsHere
from numdiff.study.measure import measure, skip_frame
from numdiff.study.subject import UserFunction
from numdiff.study.sweep import Sweep, plan
from numdiff.sweep_arguments import (
    check_function,
    check_run,
    file_of,
    formats_of,
    formulas_of,
    many_of,
    numbers_of,
    several,
    steps_of,
    twin_given,
)
from numdiff.sweep_file import SweepFile
from numdiff.sweep_result import SweepResult

__all__ = ["SweepFile", "SweepResult", "sweep"]


@overload
def sweep(
    f: Callable[..., Any] | Function | Problem,
    x: Any = None,
    h: Any = None,
    *,
    derivative: Callable[..., Any] | None = None,
    args: Sequence[Any] = (),
    dtype: Any = None,
    stencil: Any = ("forward", "centered"),
    grids: str | Sequence[str] = ("generic",),
    domain: tuple[float, float] = (-math.inf, math.inf),
    exact: Sequence[Callable[[Any], Any]] | None = None,
    elementwise: bool = True,
    arithmetic: str = "platform",
    engine: Engine = "mpmath",
    workers: int = 1,
    executor: Executor | None = None,
    out: None = None,
    progress: bool = False,
    name: str | None = None,
) -> SweepResult: ...


@overload
def sweep(
    f: Callable[..., Any] | Function | Problem,
    x: Any = None,
    h: Any = None,
    *,
    derivative: Callable[..., Any] | None = None,
    args: Sequence[Any] = (),
    dtype: Any = None,
    stencil: Any = ("forward", "centered"),
    grids: str | Sequence[str] = ("generic",),
    domain: tuple[float, float] = (-math.inf, math.inf),
    exact: Sequence[Callable[[Any], Any]] | None = None,
    elementwise: bool = True,
    arithmetic: str = "platform",
    engine: Engine = "mpmath",
    workers: int = 1,
    executor: Executor | None = None,
    out: str | PathLike[str],
    progress: bool = False,
    name: str | None = None,
) -> SweepFile: ...


@renamed(methods="stencil", formats="dtype")
def sweep(
    f: Callable[..., Any] | Function | Problem,
    x: Any = None,
    h: Any = None,
    *,
    derivative: Callable[..., Any] | None = None,
    args: Sequence[Any] = (),
    dtype: Any = None,
    stencil: Any = ("forward", "centered"),
    grids: str | Sequence[str] = ("generic",),
    domain: tuple[float, float] = (-math.inf, math.inf),
    exact: Sequence[Callable[[Any], Any]] | None = None,
    elementwise: bool = True,
    arithmetic: str = "platform",
    engine: Engine = "mpmath",
    workers: int = 1,
    executor: Executor | None = None,
    out: str | PathLike[str] | None = None,
    progress: bool = False,
    name: str | None = None,
) -> SweepResult | SweepFile:
    """Sweep a function of the user over steps and formats; no registry is needed.

    Parameters
    ----------
    f : callable, Function or Problem
        An elementwise NumPy callable with Python constants, a `Function` of `numdiff.autodiff`, or a `Problem`, which
        brings its derivative, its points and its domain.
    x : number or sequence of numbers
        The points; rounded to each format first, once: a longdouble, an int or a Fraction keeps all its digits. By
        default those of the problem.
    h : number or sequence of numbers, optional
        The steps, likewise. Without them, those of `grids` in each format: from about 0.6, or 0.6·2ᵉ where 2ᵉ ≥ 2 is
        the binade of the largest |x|, down to where every x but 0 absorbs the step.
    derivative : callable, optional
        f′ in closed form; without it, automatic differentiation is the reference.
    args : tuple
        What f takes after x, and `derivative` too: ``f(x, *args)``. Numbers should be Python numbers.
    dtype : str, dtype or FloatFormat, or several of them, optional
        The formats to compute in; by default all that are registered.
    stencil : Stencil, ComplexStep or str, or several of them
        The formulas: names in ``METHODS``, ``nd.centered(4)``, a `Stencil` of one's own, also mixed.
    grids : str or sequence of str
        Names of the step grids: ``"generic"``, ``"dyadic"``, or the decimal ones of `numdiff.study.sweep.Sweep`.
    domain : tuple of float
        The open interval in which f is smooth; beside a problem, what it has in common with the problem's.
    exact : tuple of callable, optional
        The twin (f, f′) of a function that cannot be traced, as `error_ledger` takes it: mpmath callables of one mpf,
        (f, f′, f″, …) for formulas of higher order. The state of the cells is `given` then, there are no bounds but
        those of the combination error and of exact nodes, and formats that f does not compute in are skipped.
    elementwise : bool
        False calls f point by point, each time with one number, as the kernels do: for functions with ``if`` or
        ``math.exp``. Such a function cannot be traced, so that `exact` has to be given.
    arithmetic : {"platform", "rounded"}
        Whose elementary functions f is computed with: with correctly rounded ones the records are the same bytes on
        every machine, whatever vector instructions it has.
    engine : {"mpmath", "arb"}
        The exact arithmetic.
    workers : int
        Processes. With more than one, `f` must be importable as module:function, or a problem whose functions are or
        that has its name in `PROBLEMS`, and a script must make the call under ``if __name__ == "__main__":``, because
        each process imports the script.
    executor : concurrent.futures.Executor, optional
        Measures instead of processes of its own, as `numdiff.study.run.run` has it: a pool, or the machines of a
        cluster. `f` must be importable as beside `workers`.
    out : path, optional
        A Parquet file, ``.parquet``, that the records are written to as they come, in place of memory: for 10⁵ cells
        and more. x may be an array of millions of points, of which no copy is made. Blocks of some 4,000 cells, all of
        some points, are measured one after the other, or by workers, and written in the order of the points.
        The bytes do not depend on `workers`. A file that is there is replaced when all is measured; a run that is
        interrupted leaves it as it was, and the next one starts from the beginning.
    progress : bool
        Whether to show a progress bar.
    name : str, optional
        What the function is called in records, tables and figures; by default its own name.

    Returns
    -------
    SweepResult or SweepFile
        The records, and what was skipped for which reason; if all was, there are no records and it says so. With `out`,
        what is known of the file: counts, largest errors by step, and the records as row groups.

    Raises
    ------
    TypeError
        If `f` is not callable or uses a function that the exact arithmetics do not know, x, h or `domain` does not
        hold numbers, a method is neither a name nor a formula, or `name` is no text.
    ValueError
        If a name is unknown or given twice, nothing is named, x is not finite, a step is not positive, `domain` is no
        interval, `workers` is no positive integer or is given beside an executor, `f` cannot go to workers, a formula
        has the name of another one, or a problem is given another derivative; if both `derivative` and `exact` are
        given, or a callable of `exact` is refused, as in `error_ledger`; if `elementwise` is False and there is no
        `exact`, or the arithmetic is rounded, or there are workers; if `out` is a folder, has another ending, or
        cannot be written.

    Examples
    --------
    >>> import numdiff as nd
    >>> result = nd.sweep(lambda x: x * x, 1.0, [0.5, 0.25], dtype="float32", stencil=["forward", nd.centered(4)])
    >>> result.records[["method", "step_value", "total"]].values.tolist()
    [['forward', 0.5, 0.5], ['forward', 0.25, 0.25], ['centered4', 0.5, 0.0], ['centered4', 0.25, 0.0]]
    """
    check_function(f, derivative, name)
    if isinstance(f, Problem):
        x = f.points if x is None else x
        exact = exact or f.exact or None
    path = None if out is None else file_of(out)
    points = numbers_of("x", x) if path is None else ()
    twin = twin_given(exact, derivative)
    formats, methods = formats_of(dtype), formulas_of(stencil)
    check_run(arithmetic, workers, executor, None if elementwise else twin)
    cells = _cells(methods, formats, grids, h, arithmetic)
    subject = _subject(f, derivative, args, points, interval(domain), twin, name)
    subject = subject if elementwise else replace(subject, f=pointwise(subject.f))
    block: Block | PointsHere = PointsHere(subject, cells, engine)
    if workers > 1 or executor is not None:
        block = _block(f, derivative, args, subject, cells, engine, twin)
    if path is None:
        return _in_memory(subject, block, progress, workers, executor)
    return _in_file(path, ManyPoints(subject, cells, many_of(x), block, numbers_of), progress, workers, executor)


def _in_memory(
    subject: UserFunction, block: Block | PointsHere, progress: bool, workers: int, executor: Executor | None
) -> SweepResult:
    """Measure in this process; or in others, a block for each format."""
    cells, points = block.sweep, subject.points
    if isinstance(block, PointsHere):
        planned = plan(subject, cells)
        with tqdm(total=planned.cells, unit="cell", disable=not progress) as bar:
            return SweepResult(*measure(planned, block.engine, bar.update), cells, points)
    from numdiff.study.run import joined, run_blocks  # and with them what other processes and stores take

    blocks = [replace(block, sweep=replace(cells, formats=(fmt,)), points=points) for fmt in cells.formats]
    done = joined(run_blocks(blocks, workers=workers, executor=executor, progress=progress))
    return SweepResult(done.records, done.skips, cells, points)


def _in_file(path: Path, many: ManyPoints, progress: bool, workers: int, executor: Executor | None) -> SweepFile:
    """Measure block by block into a file."""
    from numdiff.study.records_file import write_records  # these load pyarrow, and what other processes take
    from numdiff.study.stream import stream_blocks

    largest, lost = LargestErrors(), False

    def records_of(parts: Iterable[dict[str, pd.DataFrame]]) -> Iterator[pd.DataFrame]:
        nonlocal lost
        for frames in parts:
            largest.add(frames["records"])
            lost |= len(frames["skips"]) > 0
            yield frames["records"]

    with tqdm(total=many.cells, unit="cell", disable=not progress) as bar:
        parts = stream_blocks([many], workers=workers, executor=executor, done=bar.update)
        with contextlib.closing(parts):
            write_records(path, records_of(parts))
    if not lost:
        return SweepFile._made(path, many.sweep, largest, lambda: skip_frame([]))
    many = replace(many, points=many.points.copy())  # the caller may change his, and skips are planned again
    return SweepFile._made(path, many.sweep, largest, many.skips)


def _cells(methods: tuple[Method, ...], formats: tuple[str, ...], grids: Any, h: Any, arithmetic: str) -> Sweep:
    """Return a sweep of all points over the steps of grids, or over given ones."""
    ladders = several("grids", grids) if h is None else ()
    return Sweep(
        name="sweep",
        problems=(),
        methods=methods,
        formats=formats,
        grids=ladders,
        first_step=None,
        given_steps=() if h is None else steps_of(h),
        all_points=True,
        arithmetics=(arithmetic,),
    )


def _block(
    f: Any,
    derivative: Callable[..., Any] | None,
    args: Sequence[Any],
    subject: UserFunction,
    cells: Sweep,
    engine: Engine,
    twin: Sequence[Callable[[Any], Any]],
) -> Block:
    """Return what other processes measure, without its points: a block of functions that they can import."""
    source, slope = _importable(f, derivative, args)
    twins = tuple(stable_name(f"exact[{i}]", item) for i, item in enumerate(twin))
    if ":" not in source:
        twins = ()  # a problem brings its own
    return Block(cells, engine, source, slope, (), subject.domain, twins, subject.name)


def _subject(
    f: Any,
    derivative: Callable[..., Any] | None,
    args: Sequence[Any],
    points: tuple[Number, ...],
    domain: tuple[float, float],
    twin: tuple[Callable[[Any], Any], ...],
    name: str | None,
) -> UserFunction:
    """Return what is measured: a problem lends its function, its derivative and its domain."""
    interval = common_domain(f, domain)
    if isinstance(f, Problem):
        return UserFunction(name or f.name, function_of(f, args), f.derivative, points, interval, twin)
    target = function_of(f, args)
    slope = None if derivative is None else with_arguments(derivative, args, "derivative")
    return UserFunction(name or name_of(f), target, slope, points, interval, twin)


def _importable(f: Any, derivative: Callable[..., Any] | None, args: Sequence[Any]) -> tuple[str, str]:
    """Return the names by which another process finds f and its derivative, or say why it cannot."""
    if args:
        raise ValueError(
            f"args must be empty when workers > 1, got {args!r:.60}; write a function of x alone in a module, or use "
            "workers=1"
        )
    if isinstance(f, Problem):
        if PROBLEMS.get(f.name) == f:
            return f.name, ""
        slope = f.derivative
        return (
            stable_name(f"f of the problem {f.name!r}", f.f),
            "" if slope is None else stable_name(f"derivative of the problem {f.name!r}", slope),
        )
    if isinstance(f, Function):
        raise ValueError(
            f"f must be importable as module:function when workers > 1, got the Function {f!r}; write a function "
            "`return on_arrays(function)(x)` in a module, or use workers=1"
        )
    return stable_name("f", f), "" if derivative is None else stable_name("derivative", derivative)
