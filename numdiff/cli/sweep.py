"""``numdiff sweep``: errors over steps, formats, formulas and points."""

import functools
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from numdiff.cli.arguments import (
    AtLeast,
    EvaluatingCommand,
    Names,
    Numbers,
    at_option,
    domain_option,
    dtype_option,
    flat,
    formula_of,
    formula_options,
    several_of,
)
from numdiff.cli.figures import plot_option, refuse_other_endings, save_figure
from numdiff.cli.machine import machine_options, machine_text, print_rows
from numdiff.cli.program import NO
from numdiff.cli.screen import Page, as_options, shows_progress
from numdiff.cli.subjects import Subject, running, subject_options, traced
from numdiff.cli.twins import Given, exact_option, given_twin

__all__ = ["command"]

_REASONS = 5
"""The reasons of skips that are printed."""
_ENDINGS = (".parquet", ".csv", ".tex")
_ADDRESS = re.compile(r"(\w+://)?\S+:\d+")
_GRID_HELP = "Steps by rules: dyadic, decimal, …  [default: generic]"
_EPILOG = """\b
Examples:
  numdiff sweep "exp(sin(x))" --at 0.5
  numdiff sweep "exp(x)" --at 0.5 --dtype float32,float64 --formula centered4
  numdiff sweep --problem composition --step 1e-4,1e-6 --quantity ledger
  numdiff sweep mymodule:wave --at 1 --out errors.parquet --workers 2
  numdiff sweep mymodule:solve --at 1 --exact "exp(-x)"
  numdiff sweep mymodule:solve --at 1 --exact mymodule:f,mymodule:df
  numdiff sweep "sin(x)" --at 1 --dtype float64 --latex
  numdiff sweep "sin(x)" --at 1 --plot errors.pdf

\b
--json, --csv and --out FILE.csv have the columns of the records: a row for
each cell. numdiff explain COLUMN says what one is. x, step and computed are
exact, as hex text.

\b
Exit status: 0; 1 where no cell is ok: none is measured, or none has an error.
"""


def _grids() -> Iterable[str]:
    from numdiff.study.grids import KNOWN_GRIDS

    return KNOWN_GRIDS


@click.command("sweep", cls=EvaluatingCommand, epilog=_EPILOG)
@subject_options
@at_option
@click.option(
    "--step", type=Numbers(finite=True), multiple=True, metavar="H,…", help="The steps h, in place of a grid."
)
@click.option("--grid", type=Names("grid", _grids), multiple=True, metavar="NAME", help=_GRID_HELP)
@dtype_option
@functools.partial(formula_options, default="forward,centered")
@domain_option
@exact_option
@click.option(
    "--arithmetic",
    type=click.Choice(["platform", "rounded"]),
    default="platform",
    show_default=True,
    help="The elementary functions that f is computed with.",
)
@click.option(
    "--engine",
    type=click.Choice(["mpmath", "arb"]),
    default="mpmath",
    show_default=True,
    help="What computes the truth.",
)
@click.option("--workers", type=AtLeast(1), default=1, show_default=True, metavar="N", help="Processes that measure.")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, tcp://HOST:8786, in place of --workers.")
@click.option("--quantity", metavar="NAME", help="Show a table of total, truncation, ulps, …, ledger or parts.")
@click.option("--latex", is_flag=True, help="Print that table in LaTeX.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write .parquet, .csv or .tex.")
@plot_option
@machine_options
def command(
    subject: Subject,
    at: Sequence[tuple[float, ...]],
    step: Sequence[tuple[float, ...]],
    formula: Sequence[tuple[str, ...]],
    dtype: Sequence[tuple[str, ...]],
    order: int | None,
    derivative: int | None,
    domain: tuple[float, float] | None,
    exact: str | None,
    plot: Path | None,
    **options: Any,
) -> int:
    """Measure the error of difference formulas of EXPR over steps, formats, formulas and points.

    EXPR is an expression in x, such as "exp(sin(x))", or module:function, an elementwise function of NumPy. Every cell
    is compared with a certified reference, and its error is split. Several formats and formulas are given between
    commas. With --out FILE.parquet the records are written as they come, in place of memory.
    """
    _check(options, plot, step)
    points = list(subject.at(at))
    stencils = [formula_of(item, order, derivative) for item in _formulas(formula, order, derivative)]
    twin = given_twin(exact, subject, points, max(item.derivative_order for item in stencils))
    _check_workers(twin, options)
    asked = {
        "x": points,
        "h": list(flat(step)) or None,
        "dtype": list(several_of("dtype", dtype, "float64")),
        "stencil": stencils,
        "grids": list(several_of("grid", options["grid"], "generic")),
        "domain": domain or subject.domain or (-math.inf, math.inf),
        "arithmetic": options["arithmetic"],
        "engine": options["engine"],
        "progress": shows_progress(),
        "name": subject.name,
        **twin.arguments,
    }
    with running(), traced(subject, twin):
        result = _swept(subject.f, asked, options)
    return _delivered(result, options, plot)


def _check(options: dict[str, Any], plot: Path | None, step: Sequence[tuple[float, ...]]) -> None:
    """Refuse what does not go together, before anything is measured."""
    refuse_other_endings(plot)
    out = options["out"]
    if out is not None and out.suffix not in _ENDINGS:
        raise click.UsageError(f"--out must end in {', '.join(_ENDINGS)}, got {str(out)!r}")
    scheduler = options["scheduler"]
    if scheduler is not None and options["workers"] != 1:
        raise click.UsageError("--workers must be left out beside --scheduler, which has its own")
    if scheduler is not None and not _ADDRESS.fullmatch(scheduler):
        raise click.UsageError(f"--scheduler must be an address such as tcp://10.0.0.1:8786, got {scheduler!r}")
    if step and options["grid"]:
        raise click.UsageError("--grid must be left out beside --step, which stands in place of a grid")
    if options["latex"] and (options["as_json"] or options["as_csv"]):
        raise click.UsageError("--json, --csv and --latex must not be given together")
    if options["quantity"] and (options["as_json"] or options["as_csv"]) and (out is None or out.suffix != ".tex"):
        raise click.UsageError("--quantity must be left out beside --json and --csv, which have all columns")


def _check_workers(twin: Given, options: dict[str, Any]) -> None:
    """Refuse workers beside a twin that they cannot import, or a function that is called point by point."""
    if not twin or (options["workers"] == 1 and options["scheduler"] is None):
        return
    if twin.formula is not None:
        raise click.UsageError(
            "--workers and --scheduler must stand beside --exact module:f,module:df, which processes import, got "
            f"--exact {str(twin.formula)!r}"
        )
    if not twin.arguments["elementwise"]:
        raise click.UsageError("--workers and --scheduler must be left out: f is a function of one number")


def _formulas(given: Sequence[tuple[str, ...]], order: int | None, derivative: int | None) -> tuple[str, ...]:
    if given or (order is None and derivative is None):
        return several_of("formula", given, "centered") if given else ("forward", "centered")
    return ("centered",)


def _swept(f: Any, asked: dict[str, Any], options: dict[str, Any]) -> Any:
    """Measure: into a Parquet file where one is asked for, else into memory."""
    import numdiff as nd

    sweep, out = nd.sweep, options["out"]  # says what is missing, before a scheduler is asked
    if options["quantity"] is not None:
        from numdiff.sweep_result import check_quantity

        check_quantity(options["quantity"])
    if out is not None and out.suffix == ".parquet":
        asked = {**asked, "out": out}
    if options["scheduler"] is None:
        return sweep(f, workers=options["workers"], **asked)
    from numdiff.study.cluster import executor_at

    with executor_at(options["scheduler"]) as executor:
        return sweep(f, executor=executor, **asked)


def _delivered(result: Any, options: dict[str, Any], plot: Path | None) -> int:
    """Write and print what is asked for, and return the exit status."""
    out: Path | None = options["out"]
    as_json, as_csv, is_streamed = options["as_json"], options["as_csv"], not hasattr(result, "records")
    records = (
        result.read() if is_streamed and (as_json or as_csv or options["latex"] or options["quantity"]) else result
    )
    empty = len(result) == 0 if is_streamed else result.records.empty
    is_ok = bool(result.summary["ok"].any() if is_streamed else (result.records["status"] == "ok").any())
    written = [out] if out is not None and is_streamed else []
    if out is not None and not is_streamed and not empty:
        from numdiff.files import write_file

        write_file(out, _file(records, out.suffix, options["quantity"]).encode())
        written.append(out)
    if plot is not None and not empty:
        _draw(result, plot)
        written.append(plot)
    if as_json or as_csv:
        print_rows(_rows(records, as_json, as_csv))
    elif options["latex"] and not empty:
        click.echo(records.table(options["quantity"] or "total").to_latex(), nl=False)
    else:
        _write(result, records, options["quantity"] if not empty else None, written)
    return 0 if is_ok else NO


def _file(result: Any, ending: str, quantity: str | None) -> str:
    if ending == ".csv":
        return _rows(result, False, True)
    return str(result.table(quantity or "total").to_latex())


def _rows(result: Any, as_json: bool, as_csv: bool) -> str:
    records = result.records
    rows = (dict(zip(records.columns, row, strict=True)) for row in records.itertuples(index=False, name=None))
    return machine_text("sweep", records.columns, rows, as_json=as_json, as_csv=as_csv) or ""


def _write(result: Any, records: Any, quantity: str | None, files: Sequence[Path]) -> None:
    """Print what people read: what the result says of itself, a table, and the files."""
    page = Page()
    first, *others = as_options(repr(result)).splitlines()
    page.verbatim(first, "bold")
    for line in others:
        page.verbatim(line)
    reasons = list(dict.fromkeys(result.skips["reason"]))
    for reason in reasons[:_REASONS]:
        page.line(f"skipped: {reason}")
    if len(reasons) > _REASONS:
        page.line(f"skipped: {len(reasons) - _REASONS} more reasons")
    if quantity is not None:
        page.line()
        page.verbatim(as_options(repr(records.table(quantity))))
    for path in files:
        page.line(f"written: {path}", "dim")
    page.show()


def _draw(result: Any, path: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    save_figure(result.plot(), path)
