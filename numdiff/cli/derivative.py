"""``numdiff derivative``: the derivative of a black box, with an error bar."""

import contextlib
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import click

from numdiff.cli.arguments import AtLeast, EvaluatingCommand, at_option, domain_option, dtype_option, one_of
from numdiff.cli.machine import Columns, columns_help, machine_options, shows_rows
from numdiff.cli.program import NO
from numdiff.cli.screen import Bar, Page, as_options, exact_text, mark_of
from numdiff.cli.subjects import Subject, running, subject_options

__all__ = ["COLUMNS", "HIGHEST", "TRUSTED", "command"]

COLUMNS: Columns = {
    "function": "what is differentiated",
    "format": "the format computed in",
    "order": "of the derivative",
    "x, x_hex": "the point, rounded to the format",
    "df, df_hex": "the derivative",
    "error": "the bar: covers the error in the share of cases of --confidence",
    "digits": "decimal digits that hold",
    "evaluations": "points at which f was evaluated",
    "step": "the widest step of the formula",
    "noise": "standard deviation of the error of f",
    "status": "ok, or what is in the way",
    "message": "what that means, and what to do",
}
HIGHEST = 4
"""The highest derivative with an error bar, as `numdiff.derivative` has it."""
TRUSTED = ("OK", "BUDGET", "NO_DIGITS", "TOUCHES_DOMAIN")
"""The statuses in which value and bar hold, as their messages say; with the others the exit status is 1."""

_EPILOG = f"""\b
Examples:
  numdiff derivative "exp(sin(x))" --at 0.5
  numdiff derivative "sqrt(x)" --at 0.5,1,2 --domain 0:inf
  numdiff derivative "-x**3" --at -1 --derivative 2 --dtype float32
  numdiff derivative mymodule:simulate --at 1.5 --noise 1e-8 --json

{columns_help(COLUMNS)}

\b
Exit status: 0 where value and bar hold at all points (also where the bar is
as large as the value); 1 where one cannot be trusted: a kink, a jump, noise.
"""


@click.command(
    "derivative",
    cls=EvaluatingCommand,
    epilog=_EPILOG,
)
@subject_options
@at_option
@click.option(
    "--derivative",
    "order",
    type=AtLeast(1),
    metavar="M",
    default=1,
    show_default=True,
    help="Which derivative: 2 for f″; up to 4.",
)
@dtype_option
@domain_option
@click.option("--noise", type=float, metavar="SIGMA", help="The standard deviation of the error of f, if it is known.")
@click.option("--side", type=click.Choice(["left", "right"]), help="Take nodes from one side of x alone.")
@click.option("--max-evaluations", type=AtLeast(20), metavar="N", help="The budget for each point, at least 20.")
@click.option(
    "--confidence",
    type=float,
    default=0.99,
    show_default=True,
    metavar="SHARE",
    help="The share of cases in which the bar holds.",
)
@machine_options
def command(
    subject: Subject,
    at: Sequence[tuple[float, ...]],
    dtype: Sequence[tuple[str, ...]],
    as_json: bool,
    as_csv: bool,
    **options: Any,
) -> int:
    """Differentiate EXPR at the points, with an error bar, from values of f alone.

    EXPR is an expression in x, such as "exp(sin(x))", or module:function, which is imported; the working directory is
    looked in first. Steps and formula are chosen for each point. A function of one number (with if, math.exp, a solver)
    will do.
    """
    import numpy as np

    import numdiff as nd
    from numdiff.floats.formats import get_format

    if options["order"] > HIGHEST:
        raise click.UsageError(
            f"--derivative must be 1 to {HIGHEST} for a value with an error bar, got {options['order']}; for an "
            f"expression, numdiff advise --derivative {options['order']} finds a step, and shows the exact value"
        )
    fmt = get_format(one_of("dtype", dtype, "float64"), "--dtype")
    points = np.array(subject.at(at))
    options["domain"] = options["domain"] or subject.domain
    with running(), Bar("calls of f") as bar, _computed_in(fmt, subject):
        found = nd.derivative(bar.watched(subject.f), points, dtype=fmt.name, **options)
    if np.iscomplexobj(found.df):
        raise TypeError(f"{subject.name} must return real numbers, got complex ones; differentiate its real part")
    statuses = [nd.DerivativeStatus(code) for code in found.status.tolist()]
    bars = np.asarray(found.error).astype(np.float64)
    status = 0 if all(item.name in TRUSTED for item in statuses) and np.isfinite(bars).all() else NO
    rows = [_row(subject, fmt, options["order"], found, place) for place in range(points.size)]
    if shows_rows("derivative", rows[0], rows, as_json=as_json, as_csv=as_csv):
        return status
    _page(subject, fmt, options["order"], found, statuses).show()
    return status


@contextlib.contextmanager
def _computed_in(fmt: Any, subject: Subject) -> Iterator[None]:
    """Say of an expression with a function that a format lacks which has it; the library speaks of code."""
    try:
        yield
    except TypeError as error:
        if ":" in subject.name or "scipy.special" not in str(error):
            raise
        raise TypeError(
            f"{subject.name} has a function of scipy.special, which computes in float32 and float64 alone, not in "
            f"{fmt.name}; write --dtype float64"
        ) from error


def _message(found: Any, place: int) -> str:
    """Return what a status means and what to do; an infinite bar holds nothing."""
    import numpy as np

    said = as_options(found.message[place])
    return said if np.isfinite(found.error[place]) else _HOLDS.sub("; the bar is infinite: no digit holds", said)


_HOLDS = re.compile(r"; value and bar hold( as they stand)?(?=$|;)")


def _row(subject: Subject, fmt: Any, order: int, found: Any, place: int) -> dict[str, Any]:
    """Return what programs read of one point."""
    from numdiff import DerivativeStatus

    item = {name: getattr(found, name)[place] for name in ("x", "df", "error", "digits", "nfev", "step", "noise")}
    return {
        "function": subject.name,
        "format": fmt.name,
        "order": order,
        "x": item["x"],
        "x_hex": fmt.hex(item["x"]),
        "df": item["df"],
        "df_hex": fmt.hex(item["df"]),
        "error": item["error"],
        "digits": item["digits"],
        "evaluations": item["nfev"],
        "step": item["step"],
        "noise": item["noise"],
        "status": DerivativeStatus(int(found.status[place])).label,
        "message": _message(found, place),
    }


def _page(subject: Subject, fmt: Any, order: int, found: Any, statuses: Sequence[Any]) -> Page:
    """Return what people read: a line for one point, a table for several, and what the statuses mean."""
    page = Page()
    mark = mark_of(order)
    cells = [found._cells(place) for place in range(len(statuses))]
    page.line(f"{subject.said} in {fmt.name}", "dim")
    if len(statuses) == 1:
        _, value, digits, evaluations, label = cells[0]
        page.line(f"{mark}({exact_text(fmt, found.x[0])}) = {value}", "bold")
        step = float(found.step[0])
        used = f", step {step:.2g}" if math.isfinite(step) and step else ""
        page.line(f"{digits} digits, {evaluations} evaluations{used}; {label}")
    else:
        rows = [(exact_text(fmt, x), *row[1:]) for x, row in zip(found.x, cells, strict=True)]
        page.table(("x", f"{mark}(x) ± error", "digits", "evaluations", "status"), rows, words=(0, 1, 4))
    for item in dict.fromkeys(statuses):
        if item.name != "OK":
            place = statuses.index(item)
            page.line(f"{item.label}: {_message(found, place)}", "red" if item.name not in TRUSTED else "")
    return page
