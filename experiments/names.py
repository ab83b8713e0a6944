"""What functions, formulas and the like are called where a person reads: never by their identifiers.

The files of the report keep the identifiers, because programs need them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

import pandas as pd

from experiments.words import short_number, written
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS, general_problems
from numdiff.report.styles import label_of
from numdiff.report.tables import Table

SPACED = ("bug", "error", "loss", "network", "part", "table")
"""Columns of identifiers that read as words once their underscores are blanks."""


@cache
def function_name(problem: str) -> str:
    """Return the formula of a function; where other functions have the same one, with its point.

    Examples
    --------
    >>> function_name("composition"), function_name("higham_exp")
    ('exp(x²)²', 'exp(x) at x = 0')
    """
    subject = PROBLEMS[problem]
    text = written(subject.formula)
    known = Counter(written(other.formula) for other in general_problems().values())
    alone = known[text] == 1 and problem in general_problems()
    return text if alone else f"{text} at x = {short_number(subject.points[0])}"


def words_of(frame: pd.DataFrame) -> dict[str, Mapping[str, str]]:
    """Return what the identifiers in a table are called, by column."""
    found: dict[str, Mapping[str, str]] = {}
    for column in map(str, frame.columns):
        values = {value for value in frame[column] if isinstance(value, str)}
        if column == "problem":
            found[column] = {name: function_name(name) for name in values & set(PROBLEMS)}
        elif column == "method":
            found[column] = {name: label_of(name) for name in values & set(METHODS)}
        elif column in SPACED:
            found[column] = {name: name.replace("_", " ") for name in values}
    return found


def named(tables: Iterable[Table]) -> tuple[Table, ...]:
    """Return tables that show names in the place of identifiers; what a table says itself stays."""
    return tuple(replace(table, words=words_of(table.frame) | dict(table.words)) for table in tables)
