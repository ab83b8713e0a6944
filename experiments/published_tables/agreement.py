"""Does the suite give the digits that others printed? Each row of a published table is computed again.

For each row of a `PublishedTable` the number is computed twice: by the kernel of the suite, and in the order of
operations of the source where that is another one. The latter is printed as the source prints:

- *exact*: the same digits;
- *explained*: the same digits under one more assumption about the source, which is named and computed
  (`experiments.published_tables.sources.ASSUMPTIONS`);
- *one ulp*: not the same digits, but within the rule |published − ours| ≤ half a unit of the last printed digit +
  w·ulp(f)/hᵐ, w = Σ|wⱼ|: what one unit in the last place of the function values can do, by which the elementary
  functions of two platforms differ. It is then looked for which value has to move by an ulp to give the printed
  digits, and how far it and ours are from the exact value;
- *not reproduced*: anything else.

The error of a row is computed as the source does, d against the exact derivative rounded to the format.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from experiments.published_tables.sources import ASSUMPTIONS, Assumption, Source
from numdiff.analysis.reference import START_PRECISION
from numdiff.arithmetic.ball import Undefined
from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method
from numdiff.problems.printing import Print, half_unit, printed
from numdiff.problems.published import PublishedRow, PublishedTable


class Agreement(StrEnum):
    """How a published row relates to ours, the best first."""

    EXACT = "exact"
    EXPLAINED = "explained"
    ONE_ULP = "one ulp"
    NOT_REPRODUCED = "not reproduced"


@dataclass(frozen=True)
class Reproduction:
    """One row of a table, computed again.

    Attributes
    ----------
    row : PublishedRow
    kernel_value : scalar of the format
        What the kernel of the suite gives.
    value, error : scalar of the format
        The difference quotient in the order of operations of the source, and its error as the source defines it
        (d − t where the source prints none).
    kernel_agreement, agreement : Agreement
        Of the kernel's value, without assumptions; of the source's way.
    assumption : str
        What explains the row; empty unless `agreement` is ``EXPLAINED``.
    moves : str
        Which function values, moved by an ulp, give the printed digits: ``"f(x+h) −1"``; empty if none is needed
        or none is found.
    our_ulps, their_ulps : float
        The largest distance of these values from the exact ones in ulps, before and after; NaN without moves.
    """

    row: PublishedRow
    kernel_value: Any
    value: Any
    error: Any
    kernel_agreement: Agreement
    agreement: Agreement
    assumption: str
    moves: str
    our_ulps: float
    their_ulps: float


# --- the rule --------------------------------------------------------------------------------------------


def agreement(
    text: str, number: Any, how: Print, fmt: FloatFormat, allowance: Fraction = Fraction(0), truncate: bool = False
) -> Agreement:
    """Return how a printed number agrees with ours.

    Parameters
    ----------
    text : str
        As printed; a table's empty cell agrees with anything.
    number : scalar of the format
        Ours.
    how : Print
    fmt : FloatFormat
    allowance : Fraction
        What an ulp of the function values can do to the number.
    truncate : bool
        Whether the source cuts digits off.

    Returns
    -------
    Agreement
        ``EXACT``, ``ONE_ULP`` or ``NOT_REPRODUCED``.
    """
    if not text:
        return Agreement.EXACT
    if not np.isfinite(number):
        return Agreement.NOT_REPRODUCED
    if printed(number, how, truncate=truncate) == Fraction(text):
        return Agreement.EXACT
    near = abs(Fraction(text) - fmt.lift(number)) <= half_unit(text, how, fmt.spacing(Fraction(text))) + allowance
    return Agreement.ONE_ULP if near else Agreement.NOT_REPRODUCED


def worst(agreements: Sequence[Agreement]) -> Agreement:
    """Return the last of some in the order of `Agreement`."""
    return max(agreements, key=list(Agreement).index)


def _agreement(source: Source, index: int, value: Any) -> Agreement:
    """Compare both numbers of a row."""
    table, row, fmt, allowance = source.table, source.table.rows[index], source.format, source.allowance(index)
    error, by_error = source.error(value), allowance * source.scale()
    return worst(
        [
            agreement(row.value, value, table.value_print, fmt, allowance, source.truncate),
            agreement(row.error, error, table.error_print, fmt, by_error, source.truncate),
        ]
    )


def reproduce(table: PublishedTable) -> list[Reproduction]:
    """Compute all rows of a table again and compare them.

    Parameters
    ----------
    table : PublishedTable

    Returns
    -------
    list of Reproduction
        One for each row, in their order.
    """
    source, assumption = Source(table), ASSUMPTIONS.get(table.name)
    with np.errstate(all="ignore"):
        values = source.combine(source.values)
        plain = [_plain(source, i, values[i]) for i in range(len(table.rows))]
        return plain if assumption is None else _explained(plain, Source(table, assumption), assumption)


def _plain(source: Source, index: int, value: Any) -> Reproduction:
    """Compare a row without assumptions, and look for the ulp that it needs."""
    row = source.table.rows[index]
    kernel = source.kernel[index]
    result = Reproduction(
        row,
        kernel,
        value,
        source.error(value),
        _agreement(source, index, kernel),
        _agreement(source, index, value),
        "",
        "",
        math.nan,
        math.nan,
    )
    return result if result.agreement is Agreement.EXACT else _moved(result, source, index)


def _explained(plain: list[Reproduction], source: Source, assumption: Assumption) -> list[Reproduction]:
    """Compare the rows that need it again, as the source computes under an assumption."""
    result = []
    for index, (row, value) in enumerate(zip(plain, source.combine(source.values), strict=True)):
        needed = row.agreement is not Agreement.EXACT and (not assumption.only or row.row.step_text in assumption.only)
        helps = needed and _agreement(source, index, value) is Agreement.EXACT
        changes: dict[str, Any] = {
            "value": value,
            "error": source.error(value),
            "agreement": Agreement.EXPLAINED,
            "assumption": assumption.words,
            "moves": "",
            "our_ulps": math.nan,
            "their_ulps": math.nan,
        }
        result.append(replace(row, **changes) if helps else row)
    return result


def _moved(result: Reproduction, source: Source, index: int) -> Reproduction:
    """Find the fewest function values that, moved by one ulp each, give the printed digits.

    Of several ways the one whose values stay nearest to the exact ones: exp(0) is not 1 − u anywhere.
    """
    values = [y[index : index + 1] for y in source.values]
    if any(np.iscomplexobj(y) for y in values):
        return result
    found: list[tuple[int, float, Reproduction]] = []
    for moves in sorted(product((0, -1, 1), repeat=len(values)), key=lambda m: sum(map(abs, m))):
        places = [j for j, m in enumerate(moves) if m]
        if found and len(places) > found[0][0]:
            break
        changed = [np.nextafter(y, y.dtype.type(m * np.inf)) if m else y for y, m in zip(values, moves, strict=True)]
        value = source.combine(changed, [index])[0]
        if places and _agreement(source, index, value) is Agreement.EXACT:
            words = ", ".join(f"{_node_name(source.method, j)} {'+' if moves[j] > 0 else '−'}1" for j in places)
            before, after = (max(_distance(source, j, index, ys[j][0]) for j in places) for ys in (values, changed))
            found.append((len(places), after, replace(result, moves=words, our_ulps=before, their_ulps=after)))
    return min(found, key=lambda item: item[1])[2] if found else result


def _node_name(method: Method, node: int) -> str:
    """Return a node as f(x), f(x+h), f(x−2h)."""
    offset = method.offsets[node]  # type: ignore[union-attr]
    size = "" if abs(offset) == 1 else str(abs(offset))
    return "f(x)" if not offset else f"f(x{'+' if offset > 0 else '−'}{size}h)"


def _distance(source: Source, node: int, index: int, value: Any) -> float:
    """Return how far a function value is from the exact one, in ulps of the format; NaN where there is none."""
    point = dyadic(source.format.lift(source.abscissae[node][index]))
    exact = source.exact.values([point], START_PRECISION)[point]
    if isinstance(exact, Undefined):
        return math.nan
    truth = exact if isinstance(exact, Fraction) else exact.midpoint
    return float(abs(source.format.lift(value) - truth) / source.format.spacing(truth))
