"""Tables that belong to no single experiment: the formats, the problems, the references, the record."""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pandas as pd

from experiments.words import words_of, written
from numdiff.analysis.reference import STATES, State
from numdiff.floats.formats import FORMATS, UNAVAILABLE, dyadic
from numdiff.formulas.stencil import ordinal
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS, general_problems
from numdiff.report.figures import superscript
from numdiff.report.tables import Table
from numdiff.study.records import schema_table
from numdiff.study.run import Measured


def overview(measured: Mapping[str, Measured]) -> list[Table]:
    """Return the tables at the top of the report."""
    if not measured:
        return [formats_table()]
    records = pd.concat([result.records for result in measured.values()], ignore_index=True)
    problems = problems_table(set(records["problem"]))
    # The problems of published tables are described where the tables are.
    listed = [problems] if len(problems.frame) else []
    return [formats_table(), *listed, references_table(records), record_table()]


def formats_table() -> Table:
    """Return what each format of this machine can hold, and why others are missing."""
    rows: list[tuple[object, ...]] = []
    for name, known in sorted(FORMATS.items(), key=lambda item: item[1].precision):
        bounds = map(_power, (known.smallest_subnormal, known.smallest_normal, known.largest_finite))
        rows.append((name, known.precision, float(known.unit_roundoff), *bounds, ""))
    rows += [(name, None, None, "", "", "", reason) for name, reason in UNAVAILABLE.items()]
    columns = ["format", "precision", "unit_roundoff", "smallest_subnormal", "smallest_normal", "largest", "note"]
    frame = pd.DataFrame(rows, columns=columns)
    # A gap would make floats of the bits.
    frame = frame.astype({"precision": "Int64"}) if UNAVAILABLE else frame.drop(columns="note")
    return Table(
        name="formats",
        title="The formats",
        caption="Precision in bits, the leading one included; unit roundoff u = 2⁻ᵖ for p bits; else powers of two.",
        frame=frame,
        kinds={"*": "portable"},
    )


def _power(value: Fraction) -> str:
    """Return a positive number as a power of two, as the power that it is just below, or as a product with one."""
    mantissa, exponent = dyadic(value)
    bits = mantissa.bit_length()
    if mantissa == 1:
        return f"2{superscript(exponent)}"
    if mantissa == (1 << bits) - 1 and bits >= 8:
        return f"just below 2{superscript(exponent + bits)}"
    return f"{mantissa}·2{superscript(exponent)}"


def problems_table(present: set[str]) -> Table:
    """Return the functions, why they are there, and where they come from."""
    rows = [
        (name, problem.formula, ", ".join(map(repr, problem.points)), problem.reason, problem.source)
        for name, problem in general_problems().items()
        if name in present
    ]
    return Table(
        name="problems",
        title="The functions",
        caption="The experiments use the first point, which is the same number in every format.",
        frame=pd.DataFrame(rows, columns=["function", "formula", "points", "why_it_is_there", "source"]),
        headings={"function": "name in numdiff.PROBLEMS", "formula": "f(x)"},
        words={"formula": {problem.formula: written(problem.formula) for problem in PROBLEMS.values()}},
        rows_shown=None,
        kinds={"*": "portable"},
    )


def references_table(records: pd.DataFrame) -> Table:
    """Return every exact derivative that a cell was compared with, with the radius that Arb certifies."""
    orders = records["method"].map(lambda name: METHODS[name].derivative_order)
    known = records.assign(order=orders).drop_duplicates(["problem", "x", "order"])
    known["derivative"] = known["order"].map(ordinal)
    known["state"] = [str(reference_state(row)) for row in known.itertuples()]
    known = known.sort_values(["problem", "order", "x_value"], kind="stable", ignore_index=True)
    columns = ["problem", "derivative", "x", "reference_text", "reference_radius", "state"]
    return Table(
        name="references",
        title="The exact derivatives",
        caption="To 30 significant digits, at the point exactly as given in hexadecimal; the radius is that of Arb's "
        "enclosure, by automatic differentiation or, where a series has no value, of a proved closed form; 0 where the "
        "value is exact. A state `given` rests on the function's own exact twin.",
        frame=known[columns],
        words=words_of(known[columns]),
        display={"x": "hex", "reference_text": "hex"},
        rows_shown=20,
        kinds={"*": "portable"},
    )


def reference_state(row: Any) -> State:
    """Return how far the reference of a record can be trusted: the state of the record is that of the whole cell."""
    if math.isnan(row.reference):
        return next(
            (state for reason, state in STATES.items() if reason.value == row.reference_text), State.OUT_OF_DOMAIN
        )
    if not row.reference_radius:
        return State.EXACT
    if row.reference_text == "0":
        return State.UNRESOLVED
    return State.GIVEN if PROBLEMS[row.problem].exact else State.CERTIFIED


def record_table() -> Table:
    """Return the fields of a record."""
    return Table(
        name="record",
        title="The fields of a record",
        caption="What is kept of every cell. Portable fields are equal on every machine; platform fields passed "
        "through the elementary functions of the machine.",
        frame=schema_table(),
        kinds={"*": "portable"},
    )
