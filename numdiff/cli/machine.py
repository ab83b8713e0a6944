"""What programs read: rows of one schema, as JSON or CSV.

Every command has its columns, in its help. A row is complete in itself: function, format and formula are in each. CSV
has a line for each row under the names of the columns. JSON has the same rows in an object::

    {"numdiff": "0.1.0", "command": "derivative", "rows": [{"function": "exp(x)", "x": 0.5, …}, …]}

Numbers are doubles by repr. A column whose name ends in ``_hex`` has a number of the working format exactly, as text
like ``0x1.8p-1``: float80 holds numbers that no double is. What is not a number is null in JSON and ``nan`` in CSV;
infinities, for which JSON has no number, are the texts ``inf`` and ``-inf``; what does not apply is null and empty.
Both are UTF-8, in every locale.
"""

import csv
import io
import json
import math
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

import click

from numdiff import __version__

__all__ = ["Columns", "columns_help", "machine_options", "machine_text", "print_rows", "shows_rows"]

F = TypeVar("F", bound=Callable[..., Any])
Columns = Mapping[str, str]
"""The schema of a command: the meaning of each column."""


def machine_options(function: F) -> F:
    """Add ``--json`` and ``--csv``, which arrive as the arguments `as_json` and `as_csv`."""
    for option, name, form in (("--csv", "as_csv", "CSV"), ("--json", "as_json", "JSON")):
        text = f"Print rows for programs, as {form}."
        function = click.option(option, name, is_flag=True, callback=_not_both, help=text)(function)
    return function


def _not_both(context: click.Context, _: click.Parameter, value: bool) -> bool:
    """Refuse the second of both options, before anything is computed."""
    if value and (context.params.get("as_json") or context.params.get("as_csv")):
        raise click.UsageError("--json and --csv must not both be given")
    return value


def columns_help(columns: Columns) -> str:
    """Return the paragraph of a help page that says what the columns are."""
    lines = []
    for name, meaning in columns.items():
        lines += textwrap.wrap(f"{name}: {meaning}", 76, initial_indent="  ", subsequent_indent="      ")
    return "\n".join(["\b", "Columns of --json and --csv:", *lines])


def machine_text(
    command: str, columns: Iterable[str], rows: Iterable[Mapping[str, Any]], *, as_json: bool, as_csv: bool
) -> str | None:
    """Return rows as JSON or CSV, or None where neither is asked for.

    Parameters
    ----------
    command : str
        The command that made them.
    columns : iterable of str
        Their names in order; every row has all of them.
    rows : iterable of mapping
    as_json, as_csv : bool
        What is asked for; not both.
    """
    if not (as_json or as_csv):
        return None
    names = list(columns)
    plain = [[_plain(row[name]) for name in names] for row in rows]
    if as_csv:
        return _as_csv(names, plain)
    listed = [dict(zip(names, map(_for_json, row), strict=True)) for row in plain]
    return _as_json({"numdiff": __version__, "command": command, "rows": listed})


def shows_rows(
    command: str, columns: Iterable[str], rows: Iterable[Mapping[str, Any]], *, as_json: bool, as_csv: bool
) -> bool:
    """Print rows as `machine_text` makes them, and return whether they were asked for."""
    text = machine_text(command, columns, rows, as_json=as_json, as_csv=as_csv)
    if text is not None:
        print_rows(text)
    return text is not None


def print_rows(text: str) -> None:
    """Print what programs read in UTF-8, whatever the characters of the console are: JSON is defined so."""
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:  # an output in memory, or none
        print(text, end="")
        return
    sys.stdout.flush()
    buffer.write(text.encode("utf-8", "replace"))
    buffer.flush()


def _as_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _as_csv(names: list[str], rows: list[list[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([repr(value) if isinstance(value, float) else value for value in row] for row in rows)
    return stream.getvalue()


def _plain(value: Any) -> Any:
    """Return a value as Python has it: numbers of every format as the nearest double, names of enumerations as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (int, Fraction)):
        return int(value) if isinstance(value, int) else _double(value)
    if hasattr(value, "dtype"):
        if value.dtype.kind == "b":
            return bool(value)
        if value.dtype.kind in "iu":
            return int(value)
    return _double(value)


def _double(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # a Fraction beyond all doubles
        return math.inf if value > 0 else -math.inf


def _for_json(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
