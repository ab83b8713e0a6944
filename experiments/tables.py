"""The core table of one function, for a paper, a page or a program: ``python -m experiments table NAME``."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from experiments.step_sweep.step_sweep import SWEEP
from experiments.words import written
from numdiff import latex
from numdiff.analysis.reference import Engine
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.registry import Registry, T, UnknownNameError
from numdiff.report.core_tables import ledger_table, parts_table, truncation_table
from numdiff.report.tables import Table
from numdiff.study.blocks import blocks_of
from numdiff.study.run import run_named
from numdiff.study.store import Store

COMMAND = "table"
"""The first argument that asks for a table; no experiment has this name."""
RECORDS = Path(__file__).resolve().parent.parent / ".cache" / "records"


def parser() -> argparse.ArgumentParser:
    """Return the command line of ``python -m experiments table``."""
    result = argparse.ArgumentParser(
        prog="python -m experiments table",
        description="Print total, truncation and roundoff error of one function at every step; rows add up as printed.",
    )
    result.add_argument("name", metavar="NAME", help="the function: a name of numdiff.PROBLEMS, such as exp")
    result.add_argument("--formula", default="centered", metavar="F", help=f"default centered; {', '.join(METHODS)}")
    result.add_argument("--format", default="float64", metavar="F", help=f"default float64; {', '.join(FORMATS)}")
    what = result.add_mutually_exclusive_group()
    what.add_argument("--parts", action="store_true", help="the three parts of roundoff")
    what.add_argument("--truncation", action="store_true", help="truncation at dyadic steps, the same in every format")
    form = result.add_mutually_exclusive_group()
    form.add_argument("--latex", action="store_true", help=f"for a paper: booktabs, at most {latex.ROWS} rows")
    form.add_argument("--markdown", action="store_true", help="the default")
    form.add_argument("--csv", action="store_true", help="all digits")
    result.add_argument(
        "--records", type=Path, default=RECORDS, metavar="DIR", help="where records are kept (default: .cache/records)"
    )
    result.add_argument("--engine", choices=("mpmath", "arb"), default="mpmath", help="exact arithmetic")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table; return the exit status."""
    options = parser().parse_args(arguments)
    try:
        table = core_table(options)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(printed(table, options), end="")
    return 0


def core_table(options: argparse.Namespace) -> Table:
    """Return the table that the options ask for.

    Raises
    ------
    ValueError
        If there is no such function, formula or format, or no such cell.
    """
    problem = _named(PROBLEMS, options.name, "NAME")
    formula, fmt = _named(METHODS, options.formula, "--formula"), _named(FORMATS, options.format, "--format")
    records = records_of(problem.name, formula.name, fmt.name, Store(options.records), options.engine)
    label = written(problem.formula)
    if options.truncation:
        return truncation_table(records, (formula.name,), label)
    return (parts_table if options.parts else ledger_table)(records, formula.name, fmt.name, label=label)


def _named(known: Registry[T], name: str, argument: str) -> T:
    try:
        return known[name]
    except UnknownNameError as error:
        raise ValueError(f"{argument}: {error}") from None


def records_of(problem: str, method: str, format: str, store: Store, engine: Engine) -> pd.DataFrame:
    """Return the records of a function, from the store or measured now.

    What belongs to the step sweep is measured as it is there, and found again by it; of anything else the one formula
    in the one format.
    """
    one = replace(SWEEP, problems=(problem,))
    sweep = one
    if problem not in SWEEP.problems or method not in SWEEP.methods:
        sweep = replace(one, methods=(method,), formats=(format,), neighbourhood=False, predictions=False)
    measured = run_named([(sweep.name, block) for block in blocks_of(sweep, engine)], store=store, progress=False)
    found = measured[sweep.name]
    chosen = found.records[(found.records["method"] == method) & (found.records["format"] == format)]
    if chosen.empty:
        reasons = found.skips[(found.skips["method"] == method) & (found.skips["format"] == format)]["reason"]
        raise ValueError(
            f"there is no table of {problem} with {method} in {format}: "
            + (", ".join(reasons) or "no cell was measured")
        )
    return found.records


def printed(table: Table, options: argparse.Namespace) -> str:
    """Return the table in the form that the options ask for."""
    if options.csv:
        return table.to_csv()
    if options.latex:
        return table.to_latex(label=f"tab:{options.name}-{table.name}".replace("_", "-"))
    return f"{table.title}. {table.caption}\n\n{table.to_markdown()}"
