"""``numdiff ledger``: the error at one x and h, with its digits one below the other."""

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from numdiff.cli.arguments import (
    EvaluatingCommand,
    Numbers,
    at_option,
    dtype_option,
    flat,
    formula_of,
    formula_options,
    one_of,
)
from numdiff.cli.machine import Columns, columns_help, machine_options, shows_rows
from numdiff.cli.program import NO
from numdiff.cli.screen import Bar, Page, exact_text, mark_of
from numdiff.cli.subjects import Subject, running, subject_options, traced
from numdiff.cli.twins import exact_option, given_twin

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["COLUMNS", "command", "digits_in_line"]

PARTS = ("truncation", "abscissa", "evaluation", "combination")
LETTERS = ("t", "a", "b", "c", "d")
COLUMNS: Columns = {
    "function, format, formula": "what is differentiated, and how",
    "x, x_hex, step, step_hex": "point and step, rounded to the format",
    "t": "the exact derivative",
    "a": "the formula in exact arithmetic",
    "b": "… at the nodes x ± h that the format holds",
    "c": "… with the values of f that the format computed",
    "d, d_hex": "what the formula returned",
    "truncation, abscissa": "a − t, b − a",
    "evaluation, combination": "c − b, d − c",
    "roundoff, total": "d − a, d − t",
    "status, state": "what happened; how far truth is certain",
}
_EPILOG = f"""\b
Examples:
  numdiff ledger "exp(x**2)**2" --at 0.5 --step 1e-4
  numdiff ledger "sin(x)" --at 1 --step 1e-8,1e-4 --dtype float32
  numdiff ledger --problem exp --at 0.5 --step 0x1p-10 --formula forward --csv
  numdiff ledger mymodule:solve --at 1 --step 1e-4 --exact "exp(-x)"

{columns_help(COLUMNS)}

\b
Exit status: 0; 1 where a cell has no error: no derivative there, an overflow.
"""
_MEANINGS: Mapping[str, str] = {
    "t": "exact derivative",
    "a": "truncation",
    "b": "abscissa",
    "c": "evaluation",
    "d": "combination",
}
_NOTES = (
    "truncation: the formula's own error; abscissa: x ± h is rounded; evaluation: f is computed with rounding; "
    "combination: difference and quotient are rounded. ^ marks the first digit that differs from the line above."
)
_MORE = 2
"""Digits that are shown beyond the first one of the smallest part."""
_BESIDE = 29
"""Characters beside a number: its letter, and the part with its size."""
_MOST = 60
"""The most digits that are shown, where a part is very small."""


@click.command("ledger", cls=EvaluatingCommand, epilog=_EPILOG)
@subject_options
@at_option
@click.option("--step", type=Numbers(finite=True), multiple=True, required=True, metavar="H,…", help="The steps h.")
@dtype_option
@formula_options
@exact_option
@machine_options
def command(
    subject: Subject,
    at: Sequence[tuple[float, ...]],
    step: Sequence[tuple[float, ...]],
    dtype: Sequence[tuple[str, ...]],
    formula: Sequence[tuple[str, ...]],
    order: int | None,
    derivative: int | None,
    exact: str | None,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Split the error of a difference quotient of EXPR at x and h into its parts, exactly.

    EXPR is an expression in x, such as "exp(sin(x))", or module:function, an elementwise function of NumPy. From the
    exact derivative t to the computed one, d, one thing at a time is done as the format does it; the digits show where
    the numbers part.
    """
    import numpy as np

    import numdiff as nd
    from numdiff.floats.formats import get_format

    fmt = get_format(one_of("dtype", dtype, "float64"), "--dtype")
    stencil = formula_of(one_of("formula", formula, "centered"), order, derivative)
    points, steps = np.array(subject.at(at)), np.array(flat(step))
    twin = given_twin(exact, subject, subject.at(at), stencil.derivative_order)
    grid = points[:, None], steps[None, :]
    with running(), traced(subject, twin), Bar("calls of f") as bar:
        found = nd.error_ledger(bar.watched(subject.f), *grid, stencil, fmt.name, **twin.arguments)
    rows = list(_rows(subject, fmt, found))
    status = NO if any(math.isnan(row["total"]) for row in rows) else 0
    if shows_rows("ledger", rows[0], rows, as_json=as_json, as_csv=as_csv):
        return status
    page = Page()
    for place, row in enumerate(rows):
        if place:
            page.line()
        _write(page, subject, fmt, stencil, row, _parts_of(found, place))
    if not all(math.isnan(row["total"]) for row in rows):
        page.line()
        page.line(_NOTES, "dim", hang=0)
    page.show()
    return status


def _rows(subject: Subject, fmt: Any, found: Any) -> Iterator[dict[str, Any]]:
    """Return what programs read, for each point and step."""
    for place, index in enumerate((i, j) for i in range(found.shape[0]) for j in range(found.shape[1])):
        chain = _chain(fmt, found.computed[index], _parts_of(found, place))
        yield {
            "function": subject.name,
            "format": fmt.name,
            "formula": found.method.name,
            "x": found.x[index],
            "x_hex": fmt.hex(found.x[index]),
            "step": found.h[index],
            "step_hex": fmt.hex(found.h[index]),
            **{**dict.fromkeys(LETTERS, float("nan")), **chain, "d": found.computed[index]},
            "d_hex": fmt.hex(found.computed[index]),
            **{part: getattr(found, part)[index] for part in (*PARTS, "roundoff", "total")},
            "status": str(found.status[index]),
            "state": str(found.state[index]),
        }


def _parts_of(found: Any, place: int) -> dict[str, Fraction | None]:
    """Return the exact parts of a cell; 0 for one that reads 0, of which it is only known how small it is."""
    exact = found.exact_parts(place)
    return {name: part if getattr(found, name).ravel()[place] else Fraction(0) for name, part in exact.items()}


def _chain(fmt: Any, computed: Any, parts: Mapping[str, Fraction | None]) -> dict[str, Fraction]:
    """Return t, a, b, c and d as exact numbers; nothing where one of them is missing."""
    values = [parts[part] for part in PARTS]
    total = parts["total"]
    if total is None or any(value is None for value in values):
        return {}
    numbers = [fmt.lift(computed) - total]
    for value in values:
        numbers.append(numbers[-1] + (value or 0))
    return dict(zip(LETTERS, numbers, strict=True))


def _write(
    page: Page, subject: Subject, fmt: Any, stencil: Any, row: Mapping[str, Any], parts: Mapping[str, Fraction | None]
) -> None:
    """Write what people read of one cell."""
    mark, x, h = mark_of(stencil.derivative_order), exact_text(fmt, row["x"]), exact_text(fmt, row["step"])
    page.line(f"{subject.said}, {stencil.name} in {fmt.name}", "dim")
    page.line(f"{mark}({x}) with h = {h}", "bold")
    page.line()
    chain = _chain(fmt, row["d"], parts)
    if not chain:
        status, state = row["status"], row["state"]
        page.line(f"no parts to show: {status} (numdiff explain {status}); truth: {state}", "red")
        return
    page.verbatim(_aligned(chain, row, page.width))
    page.line()
    from numdiff.display import number

    total, truncation, roundoff = (number(row[part]) for part in ("total", "truncation", "roundoff"))
    if row["status"] != "ok":
        page.line(f"{row['status']}: numdiff explain {row['status']} says what that is", "red")
    page.line(f"error d − t = {total} = truncation {truncation} + roundoff {roundoff}")


def _aligned(chain: Mapping[str, Fraction], row: Mapping[str, Any], width: int) -> "Text":
    """Return the numbers one below the other, each with a mark under the digit where it parts from the one above."""
    from rich.text import Text

    from numdiff.display import number

    room = min(width - _BESIDE, _MOST)
    lines = digits_in_line(list(chain.values()), room)
    text = Text()
    before = ""
    for letter, line in zip(chain, lines, strict=True):
        first = _first_other(before, line)
        text.append(f"{letter}  ", "bold")
        text.append(line[:first], "dim" if before else "")
        text.append(line[first:], "bold magenta" if before else "")
        part = _MEANINGS[letter]
        said = part if letter == "t" else f"{part:<12}{number(row[part]):>10}"
        text.append(" " * (max(map(len, lines)) - len(line)) + f"  {said}\n", "" if before else "dim")
        if before and first < len(line):
            text.append(" " * (3 + first) + "^\n", "bold magenta")
        before = line
    text.rstrip()
    return text


def _first_other(before: str, line: str) -> int:
    """Return the place of the first character in which a line differs from the one before; its length if none does."""
    pairs = enumerate(zip(before, line, strict=False))
    return next((place for place, (left, right) in pairs if left != right), len(line))


def digits_in_line(numbers: Sequence[Fraction], room: int) -> list[str]:
    """Return decimal numbers that end at the same place, so that their digits stand one below the other.

    They end two places behind the first digit of the smallest difference of neighbours, or where the room does. Each
    is rounded once, half to even. A power of ten that all have is behind each number.

    Parameters
    ----------
    numbers : sequence of Fraction
    room : int
        Characters for a number, at least 12.

    Examples
    --------
    >>> digits_in_line([Fraction(1, 3), Fraction(1, 3) + Fraction(1, 10**4)], 40)
    ['0.333333', '0.333433']
    >>> digits_in_line([Fraction(2, 3 * 10**9), Fraction(0)], 40)
    ['6.67e-10', '0.00e-10']
    """
    largest = max(map(abs, numbers))
    steps = [abs(right - left) for left, right in pairwise(numbers) if right != left]
    top = _exponent(largest) if largest else 0
    power = top if largest and not -5 <= top < 12 else 0
    tail = f"e{power:+03d}" if power else ""
    last = min([*map(_exponent, steps), top]) - _MORE
    lead = max(top - power, 0) + 1
    places = max(min(power - last, room - lead - 2 - len(tail)), 1)
    context = Context(prec=10_000, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999)
    lines = []
    for number in numbers:
        scaled = number / Fraction(10) ** power
        whole = round(scaled * 10**places)  # half to even
        lines.append(f"{Decimal(whole).scaleb(-places, context):.{places}f}{tail}")
    widest = max(map(len, lines))
    return [line.rjust(widest) for line in lines]


def _exponent(value: Fraction) -> int:
    """Return the exponent of the first digit: 10**e ≤ |value| < 10**(e + 1)."""
    size = abs(value)
    # From the bits: Python refuses to write integers of more than 4300 digits.
    guess = math.floor((size.numerator.bit_length() - size.denominator.bit_length()) * math.log10(2))
    while Fraction(10) ** guess > size:
        guess -= 1
    while Fraction(10) ** (guess + 1) <= size:
        guess += 1
    return guess
