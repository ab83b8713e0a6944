"""The atlas: every finite number of a narrow format, every dyadic step, both kernels, the functions of the course.

A sheet is one function in one format with one kernel. Of each step it keeps how the cells ended, what went to the
ledger, the maxima with their x, and the map of correct digits.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.half_precision_atlas.cells import PARTS, Cells, Subject, measured
from experiments.half_precision_atlas.formats import EIGHT_BITS
from experiments.half_precision_atlas.maps import PER_DIGIT, codes_of, worst_in_groups
from experiments.half_precision_atlas.maxima import MEASURES, maxima_of
from experiments.half_precision_atlas.settling import settle
from experiments.half_precision_atlas.steps import steps_of
from numdiff.formulas.table import METHODS

__all__ = ["FORMULAS", "FUNCTIONS", "GROUPS", "STATUSES", "Sheet", "sheet_of", "sheets"]

FUNCTIONS = ("square", "exp", "sigmoid", "tanh", "composition")
FORMULAS = ("forward", "centered")
STATUSES = ("ok", "absorbed", "overflow", "nan")
DIGITS = (1, 2, 3)
GROUPS = 1024
"""Columns of a map in 16 bits, each of some 62 neighbouring numbers; in 8 bits every number has its own."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """What is kept of one function, format and kernel.

    Attributes
    ----------
    maxima : DataFrame
        A row for each step and part: the largest absolute and relative error, and the x of each.
    counts : DataFrame
        A row for each step: cells by status, how many have parts, how many parts of each kind went to the ledger, and
        how many have 1, 2, 3 correct digits.
    digits : ndarray of uint8, shape (steps, columns)
        The codes of `experiments.half_precision_atlas.maps`, a row for each step.
    """

    format: str
    function: str
    formula: str
    maxima: pd.DataFrame
    counts: pd.DataFrame
    digits: np.ndarray


def sheets(
    formats: Iterable[str], functions: Iterable[str] = FUNCTIONS, done: Callable[[Sheet], Any] = lambda sheet: None
) -> Iterator[Sheet]:
    """Yield the sheets of some formats, and tell `done` of each."""
    for fmt in formats:
        for function in functions:
            subject = Subject.of(function, fmt)
            for formula in FORMULAS:
                sheet = sheet_of(subject, formula)
                done(sheet)
                yield sheet


def sheet_of(subject: Subject, formula: str) -> Sheet:
    """Return one sheet."""
    maxima, counts, digits = [], [], []
    groups = subject.numbers.finite.size if subject.format in EIGHT_BITS else GROUPS
    for step in steps_of(subject.numbers.format, METHODS[formula]):
        cells = measured(subject, formula, step)
        key = {"format": subject.format, "function": subject.problem, "formula": formula, "k": int(np.log2(step))}
        counts.append(key | _counts(cells, settle(cells)))
        maxima += [key | row for row in _maxima_rows(cells)]
        digits.append(worst_in_groups(codes_of(cells), groups))
    names = subject.format, subject.problem, formula
    return Sheet(*names, pd.DataFrame(maxima), pd.DataFrame(counts), np.array(digits))


def _counts(cells: Cells, unsettled: dict[str, int]) -> dict[str, int]:
    """Return how many cells ended in which way, what the tables left open, and where digits are proved.

    `normal` cells have parts and an |f′| of at least the smallest normal number; `digits_n` of these have a derivative
    with n digits proved.
    """
    row = {"cells": cells.x.size} | {name: int((cells.status == name).sum()) for name in STATUSES}
    row |= {"with_parts": int(cells.given.sum())} | {f"ledger_{name}": unsettled[name] for name in PARTS}
    normal = cells.given & (np.abs(cells.slope) >= 2.0**cells.format.min_exponent)
    codes = codes_of(cells)[normal]
    return row | {"normal": codes.size} | {f"digits_{n}": int((codes >= n * PER_DIGIT).sum()) for n in DIGITS}


def _maxima_rows(cells: Cells) -> Iterator[dict[str, Any]]:
    """Yield a row for each part."""
    found = {(m.part, m.measure): m for m in maxima_of(cells)}
    for part in PARTS:
        row: dict[str, Any] = {"part": part}
        for measure in MEASURES:
            best = found[part, measure]
            row[measure] = best.value
            row[f"{measure}_at"] = "" if best.place < 0 else cells.format.hex(cells.points[best.place])
        yield row
