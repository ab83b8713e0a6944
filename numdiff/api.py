"""`sweep`: the suite's measurement for a function of the user, in a notebook."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from tqdm import tqdm

from numdiff.analysis.reference import Engine
from numdiff.autodiff import Function, on_arrays
from numdiff.floats.formats import FORMATS, get_format
from numdiff.formulas.stencil import Method
from numdiff.problems import PROBLEMS, Problem
from numdiff.study.blocks import Block, stable_name
from numdiff.study.grids import Number
from numdiff.study.measure import measure
from numdiff.study.run import joined, run_blocks
from numdiff.study.sweep import Sweep, UserFunction, plan
from numdiff.sweep_result import SweepResult

__all__ = ["SweepResult", "sweep"]


def _numbers(argument: str, given: Any) -> tuple[Number, ...]:
    """Return a number or a sequence of numbers exactly: as floats, or as Fractions where no double holds them."""
    try:
        array = np.atleast_1d(np.asarray(given))
        # float() would read a text, drop an imaginary part, take truth for 1 and what is masked for a number
        if array.dtype.kind in "USbc" or np.ma.is_masked(given):
            raise TypeError
        numbers = [_carried(item) for item in array.ravel().tolist()]
    except (TypeError, ValueError):
        raise TypeError(f"{argument} must be a number or a sequence of numbers, got {given!r}") from None
    finite = all(isinstance(number, Fraction) or math.isfinite(number) for number in numbers)
    if array.ndim > 1 or not numbers or not finite:
        raise ValueError(f"{argument} must hold at least one number, in one dimension, all finite, got {given!r}")
    return tuple(numbers)


def _steps(h: Any) -> tuple[Number, ...]:
    """Return steps exactly, as `_numbers` does; refuse one that is not positive."""
    steps = _numbers("h", h)
    if any(step <= 0 for step in steps):
        raise ValueError(f"h must be positive, got {h!r}")
    return steps


def _carried(item: Any) -> Number:
    """Return a number as a float if that is exact (or it is not finite), else as a Fraction."""
    try:
        with np.errstate(over="ignore"):
            nearest = float(item)
    except OverflowError:  # a large integer or Fraction; longdouble gives infinity
        nearest = math.inf
    if nearest == item or math.isnan(nearest):
        return nearest
    return Fraction(*item.as_integer_ratio())


def _interval(domain: Any) -> tuple[float, float]:
    """Return the two ends of a domain as floats; refuse anything else."""
    rule = "domain must be a pair of ends (low, high) with low < high"
    try:
        ends = tuple(domain)
        low, high = map(float, ends) if len(ends) == 2 else (math.nan, math.nan)
    except (TypeError, ValueError):
        raise TypeError(f"{rule}, got {domain!r}") from None
    if not low < high:
        raise ValueError(f"{rule}, got {domain!r}")
    if (low, high) != ends:
        raise ValueError(f"domain must have ends that are doubles, got {domain!r}")
    return low, high


def sweep(
    f: Callable[[Any], Any] | Problem,
    x: Any = None,
    h: Any = None,
    *,
    derivative: Callable[[Any], Any] | None = None,
    formats: Sequence[str] | None = None,
    methods: Sequence[str | Method] = ("forward", "centered"),
    grids: Sequence[str] = ("generic",),
    domain: tuple[float, float] = (-math.inf, math.inf),
    arithmetic: str = "platform",
    engine: Engine = "mpmath",
    workers: int = 1,
    progress: bool = False,
    name: str | None = None,
) -> SweepResult:
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
    formats : sequence of str, optional
        Names of formats, by default all that are registered.
    methods : sequence of str, Stencil or ComplexStep
        Names of `METHODS`, formulas such as ``nd.centered(4)`` or a `Stencil` of one's own, also mixed.
    grids : sequence of str
        Names of step grids: ``"generic"`` and ``"dyadic"``, or the decimal ones of `numdiff.study.sweep.Sweep`.
    domain : tuple of float
        The open interval in which f is smooth; beside a problem, what it has in common with the problem's.
    arithmetic : {"platform", "rounded"}
        Whose elementary functions f is computed with: with correctly rounded ones the records are the same bytes on
        every machine, whatever vector instructions it has.
    engine : {"mpmath", "arb"}
        The exact arithmetic.
    workers : int
        Processes. With more than one, `f` must be importable as module:function, or a problem whose functions are or
        that has its name in `PROBLEMS`, and a script must make the call under ``if __name__ == "__main__":``, because
        each process imports the script.
    progress : bool
        Whether to show a progress bar.
    name : str, optional
        What the function is called in records, tables and figures; by default its own name.

    Returns
    -------
    SweepResult
        The records, and what was skipped for which reason; if all was, there are no records and it says so.

    Raises
    ------
    TypeError
        If `f` is not callable or uses a function that the exact arithmetics do not know, x, h or `domain` does not
        hold numbers, a method is neither a name nor a formula, or `name` is no text.
    ValueError
        If a name is unknown or given twice, nothing is named, x is not finite, a step is not positive, `domain` is no
        interval, `workers` is no positive integer, `f` cannot go to workers, a formula has the name of another one, or
        a problem is given another derivative.

    Examples
    --------
    >>> import numdiff as nd
    >>> result = nd.sweep(lambda x: x * x, 1.0, [0.5, 0.25], formats=["float32"], methods=["forward", nd.centered(4)])
    >>> result.records[["method", "step_value", "total"]].values.tolist()
    [['forward', 0.5, 0.5], ['forward', 0.25, 0.25], ['centered4', 0.5, 0.0], ['centered4', 0.25, 0.0]]
    """
    if not callable(f) and not isinstance(f, Problem):
        raise TypeError(f"f must be callable, got {type(f).__name__} {f!r}")
    _check_name(name)
    if isinstance(f, Problem):
        if derivative is not None:
            raise ValueError(f"derivative must be left out where f is a Problem, which has its own, got {derivative!r}")
        x = f.points if x is None else x
    points = _numbers("x", x)
    formats = tuple(FORMATS) if formats is None else formats
    _check_names(formats=formats, methods=methods)
    if h is None or isinstance(grids, str):
        _check_names(grids=grids)
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
        raise ValueError(f"workers must be an integer of at least 1, got {workers!r}")
    formats = [get_format(name).name for name in formats]  # "longdouble" is float80 in the records
    given = () if h is None else _steps(h)
    cells = Sweep(
        name="sweep",
        problems=(),
        methods=tuple(methods),
        formats=tuple(formats),
        grids=() if given else tuple(grids),
        first_step=None,
        given_steps=given,
        all_points=True,
        arithmetics=(arithmetic,),
    )
    subject = _subject(f, derivative, points, _interval(domain), name)
    if workers == 1:
        planned = plan(subject, cells)
        with tqdm(total=planned.cells, unit="cell", disable=not progress) as bar:
            return SweepResult(*measure(planned, engine, bar.update), cells, points)
    source, slope = _importable(f, derivative)
    blocks = [
        Block(replace(cells, formats=(fmt,)), engine, source, slope, points, subject.domain, subject.name)
        for fmt in formats
    ]
    done = joined(run_blocks(blocks, workers=workers, progress=progress))
    return SweepResult(done.records, done.skips, cells, points)


def _check_name(name: Any) -> None:
    """Refuse what cannot be the name of a function; None is its own."""
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name must be a text, got {type(name).__name__} {name!r}")
    if name is not None and not name.strip():
        raise ValueError(f"name must not be empty, got {name!r}")


def _check_names(**given: Any) -> None:
    """Refuse what is no sequence of names, or an empty one."""
    for argument, names in given.items():
        if isinstance(names, (str, Method)):
            raise TypeError(f"{argument} must be a sequence of names, got {_one(names)}")
        if not len(names):
            raise ValueError(f"{argument} must name at least one {argument[:-1]}, got none")


def _one(given: Any) -> str:
    return f"the string {given!r}" if isinstance(given, str) else f"the formula {given.name!r}; write [formula]"


def _subject(
    f: Any,
    derivative: Callable[[Any], Any] | None,
    points: tuple[Number, ...],
    domain: tuple[float, float],
    name: str | None,
) -> UserFunction:
    """Return what is measured: a problem lends its function, its derivative and its domain."""
    if isinstance(f, Problem):
        low, high = max(domain[0], f.domain[0]), min(domain[1], f.domain[1])
        if not low < high:
            raise ValueError(f"domain must overlap that of the problem {f.name!r}, {f.domain!r}, got {domain!r}")
        return UserFunction(name or f.name, f.f, f.derivative, points, (low, high))
    target = on_arrays(f) if isinstance(f, Function) else f
    return UserFunction(name or str(getattr(f, "__name__", type(f).__name__)), target, derivative, points, domain)


def _importable(f: Any, derivative: Callable[[Any], Any] | None) -> tuple[str, str]:
    """Return the names by which another process finds f and its derivative, or say why it cannot."""
    if isinstance(f, Problem):
        if PROBLEMS.get(f.name) == f:
            return f.name, ""
        return stable_name(f"f of the problem {f.name!r}", f.f), stable_name(
            f"derivative of the problem {f.name!r}", f.derivative
        )
    if isinstance(f, Function):
        raise ValueError(
            f"f must be importable as module:function when workers > 1, got the Function {f!r}; write a function "
            "`return on_arrays(function)(x)` in a module, or use workers=1"
        )
    return stable_name("f", f), "" if derivative is None else stable_name("derivative", derivative)
