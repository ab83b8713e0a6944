"""What `numdiff.sweep` is given: points and steps as exact numbers, names, formulas, and where the records go."""

import math
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from numdiff.arithmetic.engine import require_twin, twin_of
from numdiff.autodiff import Variable
from numdiff.files import unwritable
from numdiff.floats.callables import require_callable
from numdiff.floats.formats import FORMATS
from numdiff.floats.masks import masked_count
from numdiff.formulas.arguments import format_named, method_of
from numdiff.formulas.stencil import Method
from numdiff.problems.given import refuse_derivative
from numdiff.study.grids import Number, shown
from numdiff.study.records import SUFFIX
from numdiff.study.sweep import ARITHMETICS

__all__ = [
    "check_function",
    "check_run",
    "file_of",
    "formats_of",
    "formulas_of",
    "many_of",
    "numbers_of",
    "several",
    "steps_of",
    "twin_given",
]

_SHOWN = 60
"""Characters of something that was given, in a message."""


def numbers_of(argument: str, given: Any) -> tuple[Number, ...]:
    """Return a number or a sequence of numbers exactly: as floats, or as Fractions where no double holds them."""
    try:
        if masked_count(given):
            raise TypeError
        array = np.asarray(given)
        # float() would read a text, drop an imaginary part and take truth for 1
        if array.dtype.kind in "USbc":
            raise TypeError
        numbers = [_carried(item) for item in array.ravel().tolist()]
    except (TypeError, ValueError):
        advice = "; only a Problem brings points of its own: write sweep(f, x)" if given is None else ""
        if isinstance(given, Variable):
            advice = "; write .data"
        raise TypeError(f"{argument} must be a number or a sequence of numbers, got {_short(given)}{advice}") from None
    if array.ndim > 1 or not numbers:
        what = f"an array of shape {array.shape}" if array.ndim > 1 else _short(given)
        raise ValueError(f"{argument} must hold at least one number, in one dimension, got {what}")
    for place, number in enumerate(numbers):
        if not (isinstance(number, Fraction) or math.isfinite(number)):
            raise ValueError(f"{argument} must hold finite numbers, got {number!r}{_at(place, array)}")
    return tuple(numbers)


def _short(given: Any) -> str:
    """Return something that was given as the line of a message shows it."""
    text = " ".join(repr(given).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _at(place: int, array: np.ndarray) -> str:
    return f" at index {place}" if array.ndim else ""


def steps_of(h: Any) -> tuple[Number, ...]:
    """Return steps exactly, as `numbers_of` does; refuse one that is not positive."""
    steps = numbers_of("h", h)
    for place, step in enumerate(steps):
        if step <= 0:
            raise ValueError(f"h must be positive, got {shown(step)}{_at(place, np.asarray(h))}")
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


def several(argument: str, given: Any) -> tuple[Any, ...]:
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


def many_of(x: Any) -> np.ndarray:
    """Return points in one dimension, all finite: an array as it is, anything else as one of exact numbers."""
    if type(x) is np.ndarray and x.ndim == 1 and x.size and x.dtype.kind in "fiu" and np.isfinite(x).all():
        return x
    numbers = numbers_of("x", x)
    return np.array(numbers, dtype=np.float64 if all(type(number) is float for number in numbers) else object)


def file_of(out: Any) -> Path:
    """Return the file that records go to; refuse, before anything is measured, what cannot be one."""
    if not isinstance(out, (str, os.PathLike)) or isinstance(os.fspath(out), bytes):
        raise TypeError(f"out must be the path of a file, got {type(out).__name__} {out!r:.60}")
    path = Path(out)
    if path.suffix != SUFFIX:
        raise ValueError(f"out must be the path of a Parquet file, with the ending {SUFFIX}, got {str(path)!r}")
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            kind = "the folder" if path.is_dir() else "what is no file"
            raise ValueError(f"out must be the path of a file, got {kind} {str(path)!r}")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ValueError(f"out must be a file that can be written, got {str(path)!r}: {error.strerror}") from error
    if reason := unwritable(path.resolve().parent):
        raise ValueError(f"out must be a file that can be written, got {str(path)!r}: {reason}")
    return path


def formats_of(dtype: Any) -> tuple[str, ...]:
    """Return the names of the formats that are asked for: longdouble is float80 in the records."""
    chosen = tuple(FORMATS) if dtype is None else several("dtype", dtype)
    return _names("dtype", [format_named(item).name for item in chosen])


def formulas_of(stencil: Any) -> tuple[Method, ...]:
    """Return the formulas that are asked for."""
    methods = tuple(map(method_of, several("stencil", stencil)))
    _names("stencil", [method.name for method in methods])
    return methods


def twin_given(exact: Any, derivative: Any) -> tuple[Callable[[Any], Any], ...]:
    """Return the twin of a function that cannot be traced; refuse a derivative beside it."""
    twin = twin_of(exact)
    if twin and derivative is not None:
        raise ValueError(f"derivative must be None where exact= is given, which holds f', got {derivative!r:.60}")
    return twin


def check_run(arithmetic: Any, workers: Any, executor: Any, twin: Sequence[Any] | None) -> None:
    """Refuse an arithmetic that there is not, what cannot measure, and what a function of one number does not go with.

    The twin of such a function is given here; None stands for an elementwise function.
    """
    if arithmetic not in ARITHMETICS:
        raise ValueError(f"arithmetic must be {' or '.join(map(repr, ARITHMETICS))}, got {arithmetic!r}")
    if type(workers) is not int or workers != 1 or executor is not None:  # else all is well, and nothing is loaded
        from numdiff.study.run_arguments import check_workers

        check_workers(workers, executor)
    if twin is not None:
        _check_pointwise(twin, arithmetic, workers, executor)


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


def check_function(f: Any, derivative: Any, name: Any) -> None:
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
