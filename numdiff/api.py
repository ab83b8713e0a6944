"""`sweep`: the suite's measurement for a function of the user, in a notebook."""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from numdiff.analysis.reference import Engine
from numdiff.arithmetic.engine import require_twin, twin_of
from numdiff.autodiff import Function, Variable
from numdiff.floats.call import pointwise
from numdiff.floats.callables import name_of, require_callable, with_arguments
from numdiff.floats.formats import FORMATS
from numdiff.floats.masks import masked_count
from numdiff.formulas.arguments import format_named, method_of
from numdiff.formulas.stencil import Method
from numdiff.problems import PROBLEMS, Problem
from numdiff.problems.given import common_domain, function_of, interval, refuse_derivative
from numdiff.spellings import renamed
from numdiff.study.grids import Number
from numdiff.study.measure import measure
from numdiff.study.subject import UserFunction
from numdiff.study.sweep import ARITHMETICS, Sweep, plan
from numdiff.sweep_result import SweepResult

if TYPE_CHECKING:
    from numdiff.study.blocks import Block

__all__ = ["SweepResult", "sweep"]


def _numbers(argument: str, given: Any) -> tuple[Number, ...]:
    """Return a number or a sequence of numbers exactly: as floats, or as Fractions where no double holds them."""
    try:
        if masked_count(given):
            raise TypeError
        array = np.atleast_1d(np.asarray(given))
        # float() would read a text, drop an imaginary part and take truth for 1
        if array.dtype.kind in "USbc":
            raise TypeError
        numbers = [_carried(item) for item in array.ravel().tolist()]
    except (TypeError, ValueError):
        advice = "; only a Problem brings points of its own: write sweep(f, x)" if given is None else ""
        if isinstance(given, Variable):
            advice = "; write .data"
        raise TypeError(f"{argument} must be a number or a sequence of numbers, got {given!r}{advice}") from None
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


def _several(argument: str, given: Any) -> tuple[Any, ...]:
    """Return one or several given things as a tuple; refuse none."""
    items = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    if not items:
        raise ValueError(f"{argument} must name at least one, got none")
    return items


def _names(argument: str, items: Sequence[str]) -> tuple[str, ...]:
    """Return names, each of which may be given once."""
    twice = next((name for i, name in enumerate(items) if name in items[:i]), None)
    if twice is not None:
        raise ValueError(f"{argument} must name each only once, got {twice!r} twice")
    return tuple(items)


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
        interval, `workers` is no positive integer or is given beside an executor, `f` cannot go to workers, a formula
        has the name of another one, or a problem is given another derivative; if both `derivative` and `exact` are
        given, or a callable of `exact` is refused, as in `error_ledger`; if `elementwise` is False and there is no
        `exact`, or the arithmetic is rounded, or there are workers.

    Examples
    --------
    >>> import numdiff as nd
    >>> result = nd.sweep(lambda x: x * x, 1.0, [0.5, 0.25], dtype="float32", stencil=["forward", nd.centered(4)])
    >>> result.records[["method", "step_value", "total"]].values.tolist()
    [['forward', 0.5, 0.5], ['forward', 0.25, 0.25], ['centered4', 0.5, 0.0], ['centered4', 0.25, 0.0]]
    """
    _check_function(f, derivative, name)
    if isinstance(f, Problem):
        x = f.points if x is None else x
        exact = exact or f.exact or None
    points, twin = _numbers("x", x), _twin(exact, derivative)
    formats, methods = _formats(dtype), _formulas(stencil)
    _check_run(arithmetic, workers, executor)
    if not elementwise:
        _check_pointwise(twin, arithmetic, workers, executor)
    ladders = _several("grids", grids) if h is None else ()
    cells = _cells(methods, formats, ladders, () if h is None else _steps(h), arithmetic)
    subject = _subject(f, derivative, args, points, interval(domain), twin, name)
    subject = subject if elementwise else replace(subject, f=pointwise(subject.f))
    if workers == 1 and executor is None:
        return _measured_here(subject, cells, engine, points, progress)
    blocks = _blocks(f, derivative, args, subject, cells, engine, twin)
    return _measured_elsewhere(blocks, workers, executor, progress, cells, points)


def _measured_here(
    subject: UserFunction, cells: Sweep, engine: Engine, points: tuple[Number, ...], progress: bool
) -> SweepResult:
    """Measure in this process."""
    planned = plan(subject, cells)
    with tqdm(total=planned.cells, unit="cell", disable=not progress) as bar:
        return SweepResult(*measure(planned, engine, bar.update), cells, points)


def _measured_elsewhere(
    blocks: "list[Block]",
    workers: int,
    executor: Executor | None,
    progress: bool,
    cells: Sweep,
    points: tuple[Number, ...],
) -> SweepResult:
    """Measure in other processes."""
    from numdiff.study.run import joined, run_blocks  # and with them what other processes and stores take

    done = joined(run_blocks(blocks, workers=workers, executor=executor, progress=progress))
    return SweepResult(done.records, done.skips, cells, points)


def _cells(
    methods: tuple[Method, ...], formats: tuple[str, ...], grids: tuple[str, ...], steps: Any, arithmetic: str
) -> Sweep:
    """Return a sweep of all points over the steps of grids, or over given ones."""
    return Sweep(
        name="sweep",
        problems=(),
        methods=methods,
        formats=formats,
        grids=grids,
        first_step=None,
        given_steps=steps,
        all_points=True,
        arithmetics=(arithmetic,),
    )


def _blocks(
    f: Any,
    derivative: Callable[..., Any] | None,
    args: Sequence[Any],
    subject: UserFunction,
    cells: Sweep,
    engine: Engine,
    twin: Sequence[Callable[[Any], Any]],
) -> "list[Block]":
    """Return what other processes measure: a block for each format, with functions that they can import."""
    from numdiff.study.blocks import Block, stable_name

    source, slope = _importable(f, derivative, args)
    twins = tuple(stable_name(f"exact[{i}]", item) for i, item in enumerate(twin))
    if ":" not in source:
        twins = ()  # a problem brings its own
    return [
        Block(
            replace(cells, formats=(fmt,)), engine, source, slope, subject.points, subject.domain, twins, subject.name
        )
        for fmt in cells.formats
    ]


def _formats(dtype: Any) -> tuple[str, ...]:
    """Return the names of the formats that are asked for: longdouble is float80 in the records."""
    chosen = tuple(FORMATS) if dtype is None else _several("dtype", dtype)
    return _names("dtype", [format_named(item).name for item in chosen])


def _formulas(stencil: Any) -> tuple[Method, ...]:
    """Return the formulas that are asked for."""
    methods = tuple(map(method_of, _several("stencil", stencil)))
    _names("stencil", [method.name for method in methods])
    return methods


def _twin(exact: Any, derivative: Any) -> tuple[Callable[[Any], Any], ...]:
    """Return the twin of a function that cannot be traced; refuse a derivative beside it."""
    twin = twin_of(exact)
    if twin and derivative is not None:
        raise ValueError(f"derivative must be None where exact= is given, which holds f', got {derivative!r:.60}")
    return twin


def _check_run(arithmetic: Any, workers: Any, executor: Any) -> None:
    """Refuse an arithmetic that there is not, and what cannot measure."""
    if arithmetic not in ARITHMETICS:
        raise ValueError(f"arithmetic must be {' or '.join(map(repr, ARITHMETICS))}, got {arithmetic!r}")
    if type(workers) is int and workers == 1 and executor is None:
        return  # the usual case, which loads nothing
    from numdiff.study.run import check_workers

    check_workers(workers, executor)


def _check_pointwise(twin: Sequence[Any], arithmetic: str, workers: int, executor: Executor | None) -> None:
    """Refuse what a function that is called point by point does not go with."""
    require_twin(twin)
    if arithmetic != "platform":
        raise ValueError(
            f"arithmetic must be 'platform' where elementwise=False, got {arithmetic!r}: a function of one number may "
            "compute with math.exp, which is the platform's; write f with NumPy"
        )
    if workers != 1:
        raise ValueError(f"workers must be 1 where elementwise=False, got {workers}: leave workers out")
    if executor is not None:
        raise ValueError(f"executor must be None where elementwise=False, got {executor!r:.60}: leave executor out")


def _check_function(f: Any, derivative: Any, name: Any) -> None:
    """Refuse what is no function, another derivative than that of a problem, and what is no name."""
    require_callable(f)
    _check_name(name)
    if derivative is not None:
        refuse_derivative(f, derivative)


def _check_name(name: Any) -> None:
    """Refuse what cannot be the name of a function; None is its own."""
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name must be a text, got {type(name).__name__} {name!r}")
    if name is not None and not name.strip():
        raise ValueError(f"name must not be empty, got {name!r}")


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
    from numdiff.study.blocks import stable_name

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
