"""How numbers, lists, functions and formulas read in a sentence, a caption, a cell or the head of a column.

Nobody reads an identifier; the files of the report keep them, because programs need them.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS, general_problems
from numdiff.report.figures import superscript
from numdiff.report.styles import label_of
from numdiff.report.tables import Table

PROVED = "proved, given the limits of the elementary functions"
"""What a bound is, in captions: the limits exceed the largest error that a search found (`arithmetic.accuracy`)."""
ENDS = "An empty cell: the grid of the format ends before this step, about four halvings after x + h = x."
"""The note under a table of steps."""
EXACT_STEPS = {
    "representable": "(x + h) − x",
    "representable_outward": "(|x| + h) − |x|",
    "representable_at_1": "(h + 1) − 1",
}
"""The grids whose steps are representable differences, as they are written."""
SPACED = ("bug", "error", "loss", "network", "part", "table")
"""Columns of identifiers that read as words once their underscores are blanks."""


def listed(words: Iterable[str]) -> str:
    """Return words as a list in a sentence: ``a, b and c``."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 function``, ``2 functions``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def plain(value: float) -> str:
    """Return a positive number for a sentence: two digits, in powers of ten where it is far from 1."""
    if not np.isfinite(value) or 0.01 <= value < 1e5:
        return f"{float(f'{value:.2g}'):g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}·10{superscript(int(exponent))}"


def percent(share: float) -> str:
    """Return a share for a sentence; only all is 100 % and only nothing is 0 %."""
    if 0 < share < 0.005:
        return "less than 1 %"
    return "more than 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def short_number(value: float) -> str:
    """Return a point for a sentence; a small power of two as one, a minus sign as it is written."""
    mantissa, exponent = math.frexp(value)
    if mantissa == 0.5 and exponent < -2:
        return f"2{superscript(exponent - 1)}"
    return f"{value:g}".replace("-", "−")


def written(formula: str) -> str:
    """Return the formula of a problem as it is written by hand: x³ for x**3, 2·x for 2*x, − for -."""
    powers = re.sub(r"\*\*(\d+)(?![\d.])", lambda found: superscript(int(found[1])), formula)
    return powers.replace("**", "^").replace("*", "·").replace("-", "−")


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
        if column in ("problem", "worst_function"):
            found[column] = {name: function_name(name) for name in values & set(PROBLEMS)}
        elif column == "method":
            found[column] = {name: label_of(name) for name in values & set(METHODS)}
        elif column == "reason":
            found[column] = {reason: _with_grids(reason) for reason in values}
        elif column in SPACED:
            found[column] = {name: name.replace("_", " ") for name in values}
    return found


def _with_grids(reason: str) -> str:
    """Return a reason in which grids of steps are written as their steps are."""
    for name in sorted(EXACT_STEPS, key=len, reverse=True):
        reason = reason.replace(f"grid {name} ", f"grid {EXACT_STEPS[name]} ")
    return reason


def named(tables: Iterable[Table]) -> tuple[Table, ...]:
    """Return tables that show names in the place of identifiers; what a table says itself stays."""
    return tuple(replace(table, words=words_of(table.frame) | dict(table.words)) for table in tables)
