"""A page for each function: what it is, its derivative, its best steps, and its core tables by format.

Pages are Markdown for a code host, ``functions/NAME.md`` beside ``tables``. They are pure functions of records and of
what `FunctionFacts` says of the function.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation

import pandas as pd

from numdiff.definitions import DEFINITIONS
from numdiff.report.core_tables import ledger_table, parts_table, truncation_table
from numdiff.report.tables import Table, escape_markdown

__all__ = ["FunctionFacts", "function_index", "function_page", "function_pages"]

_HOW_TO_READ = (
    "Steps are h = fl(1.2357·2⁻ᵏ), no powers of two, because these hide the error of x ± h. In each row "
    "truncation + roundoff = total, as printed. Digits are the correct decimal digits of the result, "
    "−log₁₀|total/f′(x)|; the a priori bound on |total| is known without a run. A word says why there is no usable "
    "result: *absorbed* means that x + h or x − h is rounded to x. A dash stands for a number that there is not, 0 for "
    "exactly zero, 0.00e-17 for less than half a unit of the last digit, ∞ for a bound that is not finite and for the "
    "digits of an exact result."
)


@dataclass(frozen=True, eq=False)
class FunctionFacts:
    """What a page says of a function before its tables.

    Parameters
    ----------
    name : str
        Its name in the records, and the stem of its page.
    formula : str
        f(x) as it is written by hand.
    reason, source : str
        Why it is there and where it comes from.
    x : float
        The point.
    derivative : str
        30 digits of the exact derivative there.
    radius : float
        Proved radius of the derivative.
    steps : Table
        The steps by formula and format: textbook, predicted, best.
    """

    name: str
    formula: str
    reason: str
    source: str
    x: float
    derivative: str
    radius: float
    steps: Table


def function_pages(
    records: pd.DataFrame, facts: Sequence[FunctionFacts], methods: Sequence[str], formats: Sequence[str]
) -> dict[str, str]:
    """Return the pages by name of file: ``functions/README.md``, and one for each function.

    They are what ``write_report(files=…)`` takes.

    Parameters
    ----------
    records : DataFrame
        Of all functions.
    facts : sequence of FunctionFacts
    methods, formats : sequence of str
        In the order of the page.
    """
    by_name: Mapping[str, pd.DataFrame] = {str(name): cells for name, cells in records.groupby("problem", sort=False)}
    pages = {f"functions/{fact.name}.md": function_page(by_name[fact.name], fact, methods, formats) for fact in facts}
    return {"functions/README.md": function_index(facts), **pages}


def function_index(facts: Sequence[FunctionFacts]) -> str:
    """Return the list of all functions, with links to their pages."""
    lines = ["# The functions", "", "Each has a page with its tables of truncation and roundoff error.", ""]
    lines += ["## How the tables are read", "", _HOW_TO_READ, "", DEFINITIONS, "", "## All functions", ""]
    lines += ["| function | f(x) | x | f′(x) |", "| :--- | :--- | ---: | :--- |"]
    for fact in facts:
        formula = escape_markdown(fact.formula, cell=True)
        lines.append(f"| [{fact.name}]({fact.name}.md) | {formula} | {fact.x:.8g} | {_plain(fact.derivative, 16)} |")
    return "\n".join(lines) + "\n"


def function_page(records: pd.DataFrame, facts: FunctionFacts, methods: Sequence[str], formats: Sequence[str]) -> str:
    """Return the page of one function from its records."""
    present = set(records["format"])
    measured = [name for name in formats if name in present]
    parts = [
        f"# {escape_markdown(facts.name)}: f(x) = {escape_markdown(facts.formula)}",
        escape_markdown(facts.reason),
        f"- Point: x = {facts.x:.8g}\n- Exact derivative: f′(x) = {_plain(facts.derivative, 30)} (30 digits; "
        f"{_certified(facts.radius)})\n- Source: {escape_markdown(facts.source)}",
        "## Steps",
        _tabulated(facts.steps),
        escape_markdown(facts.steps.caption),
        "## Error at every step",
        "In each row truncation + roundoff = total, as printed, at steps h = fl(1.2357·2⁻ᵏ). "
        "[How the tables are read, and all functions](README.md).",
    ]
    for method in methods:
        for name in measured:
            parts += _run(records, facts, method, name)
    truncation = truncation_table(records, tuple(methods), facts.formula)
    parts += ["## Truncation error at dyadic steps", escape_markdown(truncation.caption), _tabulated(truncation)]
    parts += [
        "## Elsewhere",
        "All digits: [truncation.csv](../tables/step_sweep/truncation.csv) (dyadic steps), "
        "[generic_truncation.csv](../tables/step_sweep/generic_truncation.csv) and "
        "[roundoff.csv](../tables/step_sweep/roundoff.csv) (generic steps). For a paper: "
        f"`python -m experiments table {facts.name} --formula centered --format float16 --latex`, with `--parts` for "
        "the three parts of roundoff.",
    ]
    return "\n\n".join(parts) + "\n"


def _run(records: pd.DataFrame, facts: FunctionFacts, method: str, name: str) -> list[str]:
    """Return the tables of one formula and format."""
    ledger = ledger_table(records, method, name, label=facts.formula)
    blocks = [f"### {method.replace('_', ' ').capitalize()} difference, {name}", _tabulated(ledger)]
    if "From k" in ledger.caption:
        blocks.append(ledger.caption[ledger.caption.index("From k") :])
    summary = "<summary>Roundoff in its three parts: abscissa + evaluation + combination = roundoff</summary>"
    parts = parts_table(records, method, name, label=facts.formula)
    return [*blocks, f"<details>{summary}", _tabulated(parts.without("step_value")), "</details>"]


def _tabulated(table: Table) -> str:
    """Return a table in Markdown without any blanks around and in its cells: the pages have 30 000 rows."""
    return re.sub("[\u2007\u2008]| ?(\\|) ?", r"\1", table.to_markdown()).rstrip("\n")


def _certified(radius: float) -> str:
    return f"mpmath, certified by Arb with a radius of {radius:.2g}" if radius else "computed exactly, as a fraction"


def _plain(number: str, digits: int) -> str:
    """Return a decimal rounded to some digits, without a power of ten where that is short.

    Zeros at the end of more than half of the digits are left out: the number is short.
    """
    try:
        exact = Decimal(number)
    except InvalidOperation:
        return number
    rounded = Context(prec=digits).plus(exact)
    short = rounded.normalize(Context(prec=digits))
    if len(short.as_tuple().digits) <= digits // 2:
        rounded = short
    return f"{rounded:f}" if rounded.is_zero() or -5 <= rounded.adjusted() < digits // 2 else f"{rounded:e}"
