"""``numdiff check``: a gradient against slopes of its function."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from numdiff.cli.arguments import AtLeast, EvaluatingCommand, Numbers, dtype_option, one_of
from numdiff.cli.machine import Columns, columns_help, machine_options, shows_rows
from numdiff.cli.program import NO
from numdiff.cli.screen import Bar, Page, as_options
from numdiff.cli.subjects import running, subject_of

__all__ = ["COLUMNS", "command"]

COLUMNS: Columns = {
    "function, gradient, format": "what is compared, and the format of f",
    "noise, evaluations": "of f: the standard deviation of its error, and points in all",
    "verdict": "of the whole: agree, disagree or inconclusive",
    "where": "the coordinate, x[3], or the direction",
    "numeric, error": "the slope that was measured, and its bar",
    "analytic": "the claim",
    "difference": "claim − slope",
    "rounding, tolerance": "of the claim; what is allowed",
    "excess": "|difference|/tolerance",
    "step": "the widest step",
    "verdict_here": "agree, disagree, zero, inexact or undecided",
    "reason": "why nothing is decided",
    "cause": "a likely cause of a disagreement",
}
_EPILOG = f"""\b
Examples:
  numdiff check mymodule:loss mymodule:gradient --at weights.npy
  numdiff check mymodule:loss mymodule:gradient --at 0.5,-1,2 --dtype float32
  numdiff check mymodule:loss gradient.npy --at weights.npy --directions 8
  numdiff check "x**3" "3*x**2" --at 2

{columns_help(COLUMNS)}

\b
Exit status: 0 where the gradient agrees; 1 where it disagrees, and where the
check is inconclusive: agreement is not shown.
"""
_ARRAYS = (".npy", ".npz")


class _Place(click.ParamType):
    """A file of NumPy, or numbers between commas."""

    name = "file or numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the array of a file, the arrays of an .npz by name, or a flat array; one number has no dimension."""
        import numpy as np

        if not isinstance(value, str):
            return value
        if value.endswith(_ARRAYS):
            return _loaded(value)
        numbers = np.array(self._numbers(value, param, ctx))
        return numbers if numbers.size > 1 else numbers[0]

    def _numbers(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        if not Path(value).is_file():
            try:
                return Numbers(finite=True).convert(value, param, ctx)
            except click.UsageError:
                if not Path(value).suffix[1:].isalpha():
                    raise
        self.fail(f"{value!r} must be a file of NumPy, {' or '.join(_ARRAYS)}, as numpy.save writes", param, ctx)


def _loaded(path: str) -> Any:
    import numpy as np

    try:
        found = np.load(path, allow_pickle=False)
        return found if path.endswith(".npy") else {name: found[name] for name in found.files}
    except FileNotFoundError:
        raise
    except (ValueError, EOFError, OSError) as error:
        # NumPy takes what it cannot read for a pickle, and says how to load one unsafely: no advice for here.
        reason = "its content is none, or holds Python objects" if "pickle" in str(error) else str(error)
        raise ValueError(f"{path} must be a file of numpy.save or numpy.savez: {reason}") from error


@click.command("check", cls=EvaluatingCommand, epilog=_EPILOG)
@click.argument("f", metavar="F")
@click.argument("gradient", metavar="GRADIENT")
@click.option(
    "--at",
    type=_Place(),
    required=True,
    multiple=True,
    metavar="FILE|X,…",
    help="x: numbers, a .npy file, or an .npz file, of which F gets a dict of its arrays.",
)
@functools.partial(dtype_option, default="that of x")
@click.option(
    "--directions",
    type=AtLeast(0),
    metavar="K",
    help="Random directions to check along, 4 or more; 0: each coordinate.  [default: 0 up to 100 coordinates, else 4]",
)
@click.option(
    "--resolution",
    type=float,
    metavar="PART",
    help="The part of a slope up to which a mistake may be overlooked.  [default: 0.1, in 16 bits 0.2]",
)
@click.option("--noise", type=float, metavar="SIGMA", help="The standard deviation of the error of f, if it is known.")
@click.option("--vectorized", is_flag=True, help="f takes many points at once, along a first axis.")
@click.option(
    "--seed",
    type=AtLeast(0),
    default=0,
    show_default=True,
    metavar="N",
    help="The seed of the random directions.",
)
@machine_options
def command(
    f: str,
    gradient: str,
    at: tuple[Any, ...],
    dtype: Sequence[tuple[str, ...]],
    as_json: bool,
    as_csv: bool,
    **options: Any,
) -> int:
    """Check the GRADIENT of F at x against slopes of F, which are measured without looking at it.

    F and GRADIENT are functions as module:function, looked for in the working directory first; GRADIENT may also be
    the file of an array, .npy. F returns one number, GRADIENT has the shape of x. No step and no tolerance is needed.
    Both may be expressions in x too: a derivative, at each of the numbers.
    """
    import numpy as np

    import numdiff as nd

    x = _the_only(at)
    function, claim = _function(f, total=np.size(x) > 1 and ":" not in f), _claim(gradient)
    name = one_of("dtype", dtype, "") or None
    with running(), _told(x), Bar("slopes") as bar:
        found = nd.check_gradient(function, claim, x, dtype=name, progress=bar.tell, **options)
    status = 0 if found.verdict == "agree" else NO
    rows = _rows(found, f, gradient)
    if shows_rows("check", rows[0], rows, as_json=as_json, as_csv=as_csv):
        return status
    page = Page()
    first, *others = str(found).splitlines()
    page.line(first, "bold green" if status == 0 else "bold red")
    for line in others:
        page.verbatim(as_options(line))
    page.show()
    return status


def _the_only(given: tuple[Any, ...]) -> Any:
    if len(given) > 1:
        raise click.UsageError(f"--at must be given once here, got {len(given)} of them; write --at 0.5,1 for an array")
    return given[0]


@contextlib.contextmanager
def _told(at: Any) -> Iterator[None]:
    """Say of a function that fails on the arrays of an .npz file what it is handed."""
    try:
        yield
    except (TypeError, AttributeError, LookupError) as error:
        if not isinstance(at, dict):
            raise
        held = ", ".join(map(repr, at))
        reason = f"{type(error).__name__}: {error}"
        raise TypeError(f"f must take a dict of the arrays of the .npz file, {held}, but failed ({reason})") from error


def _function(text: str, total: bool) -> Callable[[Any], Any]:
    """Return f; of an expression at several numbers the sum, whose gradient has the derivative at each."""
    f: Any = subject_of(text).f
    return _Sum(f) if total else f


class _Sum:
    """The sum of an elementwise function over its argument."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self._f = f

    def __call__(self, x: Any) -> Any:
        return self._f(x).sum()


def _claim(text: str) -> Any:
    """Return the gradient: the array of a file, or a function."""
    return _loaded(text) if text.endswith(_ARRAYS) else subject_of(text).f


def _rows(found: Any, f: str, gradient: str) -> list[dict[str, Any]]:
    """Return what programs read, a row for each comparison."""
    same = ("numeric", "error", "analytic", "difference", "rounding", "tolerance", "excess", "step")
    return [
        {
            "function": f.strip(),
            "gradient": gradient.strip(),
            "format": found.format,
            "noise": found.noise,
            "evaluations": found.evaluations,
            "verdict": str(found.verdict),
            "where": one.name,
            **{name: float(getattr(one, name)) for name in same},
            "verdict_here": str(one.verdict),
            "reason": one.reason,
            "cause": found.cause,
        }
        for one in found.comparisons
    ]
