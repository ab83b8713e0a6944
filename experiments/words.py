"""How numbers, lists and formulas read in a sentence, a caption or the head of a column."""

import math
import re
from collections.abc import Iterable

import numpy as np

from numdiff.report.figures import superscript

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
