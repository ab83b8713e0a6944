"""``numdiff list``: what is known by name."""

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

import click

from numdiff.cli.machine import Columns, columns_help, machine_options, shows_rows
from numdiff.cli.screen import Page

__all__ = ["COLUMNS", "command", "rows_of"]

Row = Mapping[str, Any]

COLUMNS: Mapping[str, Columns] = {
    "problems": {
        "name, family": "of the problem",
        "formula": "f(x) in Python notation",
        "points": "where it is differentiated, between blanks",
        "low, high": "the ends of the domain",
        "reason, source": "why it is there, and where it comes from",
    },
    "formats": {
        "name, precision": "of the format, and its bits",
        "unit_roundoff, smallest_subnormal, smallest_normal, largest_finite": "its limits, as doubles",
        "smallest_subnormal_hex, smallest_normal_hex, largest_finite_hex": "exactly",
        "unavailable": "why this machine lacks it, or null",
    },
    "formulas": {
        "name": "of the formula",
        "derivative_order, accuracy_order": "m and p: f⁽ᵐ⁾ with an error of order hᵖ",
        "offsets, weights": "in units of h, between blanks",
        "formula": "as it is written",
    },
    "rules": {
        "name": "of the rule",
        "summary": "what it does",
        "options": "its own",
        "reference": "the first of its sources",
    },
    "peers": {"name": "of the peer", "library": "the package", "installed": "whether it is here", "options": "its own"},
}
_EPILOG = "\n\n".join(
    [
        "\b\nExamples:\n  numdiff list formulas\n  numdiff list problems --csv\n  numdiff list formats --json",
        columns_help(
            {kind: "; ".join(f"{names} ({said})" for names, said in COLUMNS[kind].items()) for kind in COLUMNS}
        ),
    ]
)


@click.command("list", epilog=_EPILOG)
@click.argument("kind", type=click.Choice(list(COLUMNS)), metavar="KIND")
@machine_options
def command(kind: str, as_json: bool, as_csv: bool) -> int:
    """List what is known by name: problems, formats, formulas, step rules, or peers (libraries that are compared)."""
    rows = rows_of(kind)
    if shows_rows("list", rows[0], rows, as_json=as_json, as_csv=as_csv):
        return 0
    page = Page()
    _PAGES[kind](page, rows)
    page.show()
    return 0


def rows_of(kind: str) -> list[Row]:
    """Return a list as rows: one of `COLUMNS`."""
    return list(_ROWS[kind]())


# --- problems ------------------------------------------------------------------------------------------------


def _problems() -> Iterator[Row]:
    from numdiff.problems import PROBLEMS

    for problem in PROBLEMS.values():
        yield {
            "name": problem.name,
            "family": problem.family,
            "formula": problem.formula,
            "points": " ".join(map(repr, problem.points)),
            "low": problem.domain[0],
            "high": problem.domain[1],
            "reason": problem.reason,
            "source": problem.source,
        }


def _write_problems(page: Page, rows: Sequence[Row]) -> None:
    """Write them by family: each with its formula, and below it why it is there."""
    for family in dict.fromkeys(row["family"] for row in rows):
        members = [row for row in rows if row["family"] == family]
        page.line(f"{family}: {len(members)} problem{'' if len(members) == 1 else 's'}", "bold")
        for row in members:
            page.line(f"{row['name']}: {row['formula']}", indent=2, hang=4)
            page.line(row["reason"], "dim", indent=6, hang=0)


# --- formats -------------------------------------------------------------------------------------------------

_LIMITS = ("unit_roundoff", "smallest_subnormal", "smallest_normal", "largest_finite")


def _formats() -> Iterator[Row]:
    from numdiff.floats import formats

    for name, known in formats.FORMATS.items():
        limits = {limit: getattr(known, limit) for limit in _LIMITS}
        exact = {f"{limit}_hex": known.hex(known.round(limits[limit])) for limit in _LIMITS[1:]}
        yield {"name": name, "precision": known.precision, **limits, **exact, "unavailable": None}
    nothing = dict.fromkeys([*_LIMITS, *(f"{limit}_hex" for limit in _LIMITS[1:])])
    for name, reason in formats.UNAVAILABLE.items():
        yield {"name": name, "precision": None, **nothing, "unavailable": reason}


def _write_formats(page: Page, rows: Sequence[Row]) -> None:
    there = [row for row in rows if row["unavailable"] is None]
    head = ("format", "precision", "unit roundoff", "subnormal from", "normal from", "finite up to")
    page.table(
        head,
        [(row["name"], f"{row['precision']} bits", *(_scientific(row[limit]) for limit in _LIMITS)) for row in there],
    )
    for row in rows:
        if row["unavailable"] is not None:
            page.line(f"{row['name']} is not available: {row['unavailable']}")


def _scientific(value: Fraction) -> str:
    """Return three significant digits, also of numbers outside the range of a double."""
    digits = Context(prec=3, Emin=-99999, Emax=99999)
    return f"{digits.divide(Decimal(value.numerator), Decimal(value.denominator)):.2e}"


# --- formulas ------------------------------------------------------------------------------------------------


def _formulas() -> Iterator[Row]:
    from numdiff.formulas.stencil import Stencil
    from numdiff.formulas.table import METHODS

    for known in METHODS.values():
        nodes, weights, text = "i", "1", "f'(x) ≈ Im f(x + ih) / h"
        if isinstance(known, Stencil):
            nodes, weights = (" ".join(map(str, row)) for row in (known.offsets, known.weights))
            text = repr(known).partition(": ")[2].rstrip(">")
        yield {
            "name": known.name,
            "derivative_order": known.derivative_order,
            "accuracy_order": known.accuracy_order,
            "offsets": nodes,
            "weights": weights,
            "formula": " ".join(text.split()),
        }


def _write_formulas(page: Page, rows: Sequence[Row]) -> None:
    head = ("name", "error", "formula")
    cells = [(row["name"], f"O(h{_superscript(row['accuracy_order'])})", row["formula"]) for row in rows]
    room = page.width - 2 * 2 - max(len(row["name"]) for row in rows) - 5
    page.table(head, [(*cell[:2], _filled(cell[2], room)) for cell in cells], words=3)
    page.line()
    page.line(
        "--order and --derivative make others: --formula centered --order 10, --formula forward --derivative 2", "dim"
    )


def _filled(formula: str, room: int) -> str:
    """Return a formula in lines that do not break inside of f(x + h)."""
    whole = re.sub(r"f\([^()]*\)", lambda match: match[0].replace(" ", "\N{NO-BREAK SPACE}"), formula)
    filled = textwrap.fill(whole, room, break_long_words=False, break_on_hyphens=False)
    return filled.replace("\N{NO-BREAK SPACE}", " ")


def _superscript(number: int) -> str:
    from numdiff.digits import superscript

    return "" if number == 1 else superscript(number)


# --- rules and peers -----------------------------------------------------------------------------------------


def _rules() -> Iterator[Row]:
    import sys

    from numdiff.extras import require_extra

    require_extra("numdiff list rules", "flint", "gmpy2", "mpmath", "scipy")
    from numdiff.rules.table import RULES

    for rule in RULES.values():
        home = sys.modules[type(rule).__module__].__doc__ or ""
        _, _, sources = home.partition("References\n----------\n")
        yield {
            "name": rule.name,
            "summary": " ".join(home.strip().partition("\n\n")[0].split()),
            "options": _options(rule),
            "reference": " ".join(sources.split("\n\n")[0].split()),
        }


def _write_rules(page: Page, rows: Sequence[Row]) -> None:
    """Write them with their sources; those that stand in one module, one after the other, together."""
    for (summary, reference), group in groupby(rows, key=lambda row: (row["summary"], row["reference"])):
        names = [f"{row['name']} ({row['options']})" if row["options"] else row["name"] for row in group]
        page.line(", ".join(names), "bold")
        page.line(summary, indent=4, hang=0)
        if reference:
            page.line(reference, "dim", indent=4, hang=2)


def _peers() -> Iterator[Row]:
    from numdiff.extras import missing
    from numdiff.rules.peers import PEERS

    for peer in PEERS.values():
        module = type(peer).__module__.rpartition(".")[2]
        library = module.partition("_")[0] if module.startswith("scipy") else module
        yield {
            "name": peer.name,
            "library": library,
            "installed": not missing(library),
            "options": _options(peer),
        }


def _write_peers(page: Page, rows: Sequence[Row]) -> None:
    head = ("name", "library", "here", "options")
    cells = [(row["name"], row["library"], "yes" if row["installed"] else "no", row["options"]) for row in rows]
    page.table(head, cells, words=4)


def _options(rule: Any) -> str:
    """Return what tells a rule from others of its class: ``order=4, scaled=True``."""
    import dataclasses

    options = dataclasses.fields(rule) if dataclasses.is_dataclass(rule) else ()
    given = [(field.name, getattr(rule, field.name)) for field in options if field.name != "name"]
    return ", ".join(f"{name}={value}" for name, value in given if value is not False and value is not None)


_ROWS: Mapping[str, Callable[[], Iterator[Row]]] = {
    "problems": _problems,
    "formats": _formats,
    "formulas": _formulas,
    "rules": _rules,
    "peers": _peers,
}
_PAGES: Mapping[str, Callable[[Page, Sequence[Row]], None]] = {
    "problems": _write_problems,
    "formats": _write_formats,
    "formulas": _write_formulas,
    "rules": _write_rules,
    "peers": _write_peers,
}
