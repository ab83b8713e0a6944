"""``--exact``: what a function that cannot be traced stands for exactly, its twin."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from numdiff.cli.subjects import Subject, imported_function, running

__all__ = ["Given", "exact_option", "given_twin"]

F = TypeVar("F", bound=Callable[..., Any])
_FUNCTIONS = re.compile(r"\s*[^\W\d][\w.]*:[^\W\d][\w.]*\s*(,\s*[^\W\d][\w.]*:[^\W\d][\w.]*\s*)*")


@dataclass(frozen=True)
class Given:
    """A twin, and how the function beside it is called.

    Parameters
    ----------
    formula : Expression or None
        The twin, where it is an expression.
    arguments : dict
        ``exact`` and ``elementwise``, as the library takes them; empty where no twin is given.
    """

    formula: Any
    arguments: dict[str, Any]

    def __bool__(self) -> bool:
        return bool(self.arguments)


def exact_option(function: F) -> F:
    """Add ``--exact``, a text or None in `exact`."""
    return click.option(
        "--exact",
        metavar="TWIN",
        help="What module:function is exactly, where its code cannot be followed: an expression in x, or mpmath "
        "functions module:f,module:df of f and its derivatives.",
    )(function)


def given_twin(exact: str | None, subject: Subject, points: Sequence[float], order: int) -> Given:
    """Return the twin that a call gives, with the derivatives up to some order; none where there is none.

    Raises
    ------
    click.UsageError
        If the subject is a problem, which brings its own truth, or f is named without its derivative.
    ValueError
        If an expression is refused.
    ImportError
        If a module or its function is not found, or an extra is missing.
    """
    if exact is None:
        return Given(None, {})
    from numdiff.extras import require_extra
    from numdiff.problems import Problem

    require_extra("--exact", "flint", "mpmath")
    if isinstance(subject.f, Problem):
        raise click.UsageError(f"--exact must stand beside EXPR, got the problem {subject.name}, which has its own")
    formula, functions = _read(exact.strip(), order)
    with running():
        takes_arrays = _is_elementwise(subject.f, points)
    return Given(formula, {"exact": functions, "elementwise": takes_arrays})


def _read(text: str, order: int) -> tuple[Any, tuple[Any, ...]]:
    """Return the expression, where it is one, and its functions."""
    if not _FUNCTIONS.fullmatch(text):
        from numdiff.arithmetic.as_twin import twin_functions
        from numdiff.expressions import parse_expression

        formula = parse_expression(text)
        return formula, twin_functions(formula, order)
    names = [name.strip() for name in text.split(",")]
    if len(names) <= order:
        wanted = ",".join(["module:f", *(f"module:{'d' * k}f" for k in range(1, order + 1))])
        raise click.UsageError(
            f"--exact must name f and its derivatives up to order {order}, as {wanted}, got {text}; or give an "
            "expression in x, whose derivatives are known"
        )
    return None, tuple(map(imported_function, names))


def _is_elementwise(f: Any, points: Sequence[float]) -> bool:
    """Say whether f takes arrays: False for a function of one number, with if, math.exp or a solver in it."""
    import numpy as np

    from numdiff.floats.call import evaluate, pointwise
    from numdiff.floats.formats import FORMATS

    fmt = FORMATS["float64"]
    pair = fmt.as_array(np.array([points[0], points[0]]))
    try:
        evaluate(fmt, f, pair)
    except (TypeError, ValueError):
        try:
            evaluate(fmt, pointwise(f), pair)
        except Exception:  # whatever f raises for a number too: the library says it of an array
            return True
        return False
    return True
