"""`sweep`: the suite's measurement for a function of the user, in a notebook."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from numdiff.analysis.reference import Engine
from numdiff.arithmetic.engine import twin_of
from numdiff.autodiff import Function, on_arrays
from numdiff.extras import require_extra
from numdiff.floats.callables import with_arguments
from numdiff.floats.formats import FORMATS, get_format
from numdiff.floats.masks import masked_count
from numdiff.formulas.arguments import method_of
from numdiff.formulas.table import METHODS
from numdiff.spellings import renamed
from numdiff.study.blocks import Block, stable_name
from numdiff.study.grids import Number
from numdiff.study.measure import measure
from numdiff.study.records import KEYS, PARTS
from numdiff.study.run import joined, run_blocks
from numdiff.study.sweep import Sweep, UserFunction, plan

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult:
    """The records of one function; equal only to itself, because frames have no single truth value.

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
        """Return a copy of the records."""
        return self.records.copy()

    @property
    def ledger(self) -> "pd.DataFrame":
        """The four parts, their total and the status of every cell."""
        names = [*KEYS, "step_value", *PARTS, "total", "roundoff", "status", "state"]
        return self.records[names].copy()

    def plot(self) -> "Figure":
        """Return a figure of |total| against the step: a panel for every method, a curve for every format.

        Raises
        ------
        ValueError
            If nothing could be measured; the message names a reason.
        """
        require_extra("SweepResult.plot", "jinja2", "matplotlib")
        from numdiff.report.figures import error_figure

        if self.records.empty:
            raise ValueError(f"there is nothing to plot: {self._nothing()}")
        return error_figure(self.records)

    def _nothing(self) -> str:
        first = f", the first {self.skips['reason'].iloc[0]!r}" if len(self.skips) else ""
        return f"no cell could be measured; .skips holds {len(self.skips)} reasons{first}"

    def __repr__(self) -> str:
        if self.records.empty:
            return f"<SweepResult: {self._nothing()}>"
        return f"<SweepResult: {len(self.records)} records, {len(self.skips)} skips>"

    def _repr_html_(self) -> str:
        if self.records.empty:
            return f"<p>No cell could be measured.</p>{self.skips.to_html(max_rows=20)}"
        return str(self.ledger.to_html(max_rows=20))


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
        raise TypeError(f"{argument} must be a number or a sequence of numbers, got {given!r}") from None
    finite = all(isinstance(number, Fraction) or math.isfinite(number) for number in numbers)
    if array.ndim > 1 or not numbers or not finite:
        raise ValueError(f"{argument} must hold at least one number, in one dimension, all finite, got {given!r}")
    return tuple(numbers)


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


def _method_name(given: Any) -> str:
    """Return the name of a registered formula, which is given as an object or by name."""
    method = method_of(given)
    if METHODS.get(method.name) != method:
        raise ValueError(
            f"stencil must hold registered formulas, got {method.name!r}; write nd.METHODS.register(…) first"
        )
    return method.name


@renamed(methods="stencil", formats="dtype")
def sweep(
    f: Callable[..., Any],
    x: Any,
    h: Any = None,
    *,
    derivative: Callable[..., Any] | None = None,
    args: Sequence[Any] = (),
    dtype: Any = None,
    stencil: Any = ("forward", "centered"),
    grids: Sequence[str] = ("generic",),
    domain: tuple[float, float] = (-math.inf, math.inf),
    exact: Sequence[Callable[[Any], Any]] | None = None,
    arithmetic: str = "platform",
    engine: Engine = "mpmath",
    workers: int = 1,
    progress: bool = False,
) -> SweepResult:
    """Sweep a function of the user over steps and formats; no registry is needed.

    Parameters
    ----------
    f : callable or Function
        An elementwise NumPy callable with Python constants, or a `Function` of `numdiff.autodiff`.
    x : number or sequence of numbers
        The points; rounded to each format first, once: a longdouble, an int or a Fraction keeps all its digits.
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
        The formulas, or their names in ``METHODS``.
    grids : sequence of str
        Names of the step grids: ``"generic"``, ``"dyadic"``, or the decimal ones of `numdiff.study.sweep.Sweep`.
    domain : tuple of float
        The open interval in which f is smooth.
    exact : tuple of callable, optional
        The twin (f, f′) of a function that cannot be traced, as `error_ledger` takes it: mpmath callables of one mpf,
        (f, f′, f″, …) for formulas of higher order. The state of the cells is `given` then, there are no bounds but
        those of the combination error and of exact nodes, and formats that f does not compute in are skipped.
    arithmetic : {"platform", "rounded"}
        Whose elementary functions f is computed with: with correctly rounded ones the records are the same bytes on
        every machine, whatever vector instructions it has.
    engine : {"mpmath", "arb"}
        The exact arithmetic.
    workers : int
        Processes. With more than one, `f`, `derivative` and `exact` must be importable as module:function, and a script
        must make the call under ``if __name__ == "__main__":``, because each process imports the script.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    SweepResult
        The records, and what was skipped for which reason; if all was, there are no records and it says so.

    Raises
    ------
    TypeError
        If `f` is not callable or uses a function that the exact arithmetics do not know, or x, h or `domain` does
        not hold numbers.
    ValueError
        If a name is unknown or given twice, nothing is named, x is not finite, a step is not positive, `domain` is no
        interval, `workers` is no positive integer, or `f` cannot go to workers; if both `derivative` and `exact` are
        given, or a callable of `exact` is refused, as in `error_ledger`.
    """
    if not callable(f):
        raise TypeError(f"f must be callable, got {type(f).__name__} {f!r}")
    points, twin = _numbers("x", x), twin_of(exact)
    if twin and derivative is not None:
        raise ValueError(f"derivative must be None where exact= is given, which holds f', got {derivative!r:.60}")
    chosen = tuple(FORMATS) if dtype is None else _several("dtype", dtype)
    formats = _names("dtype", [get_format(item).name for item in chosen])  # "longdouble" is float80 in the records
    methods = _names("stencil", [_method_name(item) for item in _several("stencil", stencil)])
    if isinstance(grids, str):
        raise TypeError(f"grids must be a sequence of names, got the string {grids!r}")
    if not len(grids) and h is None:
        raise ValueError("grids must name at least one grid, got none")
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
        raise ValueError(f"workers must be an integer of at least 1, got {workers!r}")
    given = () if h is None else _numbers("h", h)
    if any(step <= 0 for step in given):
        raise ValueError(f"h must be positive, got {h!r}")
    domain = _interval(domain)
    cells = Sweep(
        name="sweep",
        problems=(),
        methods=methods,
        formats=formats,
        grids=() if given else tuple(grids),
        first_step=None,
        given_steps=given,
        all_points=True,
        arithmetics=(arithmetic,),
    )
    if workers == 1:
        target = on_arrays(f) if isinstance(f, Function) else with_arguments(f, args)
        derivative = None if derivative is None else with_arguments(derivative, args, "derivative")
        name = getattr(f, "__name__", type(f).__name__)
        subject = UserFunction(name, target, derivative, points, domain, twin)
        planned = plan(subject, cells)
        with tqdm(total=planned.cells, unit="cell", disable=not progress) as bar:
            return SweepResult(*measure(planned, engine, bar.update))
    if isinstance(f, Function):
        raise ValueError(
            f"f must be importable as module:function when workers > 1, got the Function {f!r}; write a function "
            "`return on_arrays(function)(x)` in a module, or use workers=1"
        )
    if args:
        raise ValueError(
            f"args must be empty when workers > 1, got {args!r:.60}; write a function of x alone in a module, or use "
            "workers=1"
        )
    names = stable_name("f", f), "" if derivative is None else stable_name("derivative", derivative)
    twins = tuple(stable_name(f"exact[{i}]", item) for i, item in enumerate(twin))
    blocks = [Block(replace(cells, formats=(name,)), engine, *names, points, domain, twins) for name in formats]
    done = joined(run_blocks(blocks, workers=workers, progress=progress))
    return SweepResult(done.records, done.skips)
