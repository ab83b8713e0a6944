"""The record: what measuring writes, what the store keeps, and all that the report ever sees.

A record is one cell: (problem, point, format, method, grid, step). Its fields are declared once, in
`Record`, each with a line, a unit and a kind:

- *key*: says which cell it is;
- *portable*: pure arithmetic, equal on every machine;
- *platform*: passed through the elementary functions of the platform at hand. Where `arithmetic` says that these are
  correctly rounded, the cell is equal on every machine as well.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from numdiff.analysis import PARTS as PARTS  # the report takes it from here

SUFFIX = ".parquet"
"""The ending of a file of records."""
SCHEMA_VERSION = 3
"""Version of `Record`, stored in every file; a reader refuses another one."""

Kind = Literal["key", "portable", "platform"]


def _field(line: str, unit: str, kind: Kind) -> Any:
    return dataclasses.field(metadata={"line": line, "unit": unit, "kind": kind})


@dataclass(frozen=True)
class Record:
    """One cell of a sweep.

    Floats are doubles, rounded once (bounds: upwards); NaN stands only where `status` or `state` says why.
    """

    problem: str = _field("name of the problem", "", "key")
    point: int = _field("index of the point among the problem's points", "", "key")
    format: str = _field("working format", "", "key")
    method: str = _field("difference formula", "", "key")
    arithmetic: str = _field("elementary functions: the platform's, or (correctly) rounded ones", "", "key")
    grid: str = _field(
        "step grid: dyadic 2**-k, generic fl(1.2357*2**-k), decimal 10**-k and its kin, or given", "", "key"
    )
    k: int = _field("index of the step in its grid", "", "key")
    x: str = _field("the point, rounded to the format, exactly", "hex", "portable")
    step: str = _field("the step, rounded to the format, exactly", "hex", "portable")
    x_value: float = _field("the double nearest to x", "", "portable")
    step_value: float = _field("the double nearest to the step", "", "portable")
    effective_step: float = _field("width of the rounded nodes over that of the offsets", "", "portable")
    reference: float = _field(
        "the double nearest to the exact derivative, at a kink to that from the side of the formula", "", "portable"
    )
    reference_radius: float = _field("certified radius of the exact derivative", "", "portable")
    reference_text: str = _field("30 significant digits of the exact derivative", "", "portable")
    truncation: float = _field("error of the formula in exact arithmetic", "", "portable")
    abscissa: float = _field("error of nodes that the format cannot represent", "", "portable")
    truncation_bound: float = _field("proved bound on |truncation|; infinite where there is none", "", "portable")
    abscissa_bound: float = _field("proved bound on |abscissa|; infinite where there is none", "", "portable")
    computed: str = _field("what the kernel returned, exactly", "hex", "platform")
    computed_value: float = _field("the double nearest to what the kernel returned", "", "platform")
    evaluation: float = _field("error of the computed function values", "", "platform")
    combination: float = _field("error of the sum and the division", "", "platform")
    total: float = _field("computed minus exact derivative", "", "platform")
    roundoff: float = _field("abscissa + evaluation + combination", "", "platform")
    evaluation_bound: float = _field(
        "bound on |evaluation|, proved given the limits of the functions; infinite where there is none", "", "platform"
    )
    combination_bound: float = _field("proved bound on |combination|; infinite where there is none", "", "platform")
    total_bound: float = _field("sum of the four bounds, on |total|; infinite where there is none", "", "platform")
    a_priori_bound: float = _field("bound on |total| that needs no run; infinite where there is none", "", "platform")
    relative_error: float = _field("|total| over |exact derivative|; NaN where that is 0", "", "platform")
    ulps: float = _field("|total| in ulps of the exact derivative", "ulp", "platform")
    status: str = _field(
        "what happened in the working format; kink, jump, unproved: the formula looks where f has no derivative",
        "",
        "platform",
    )
    state: str = _field("how far the exact side can be trusted, or why there is no derivative", "", "portable")
    underflow: bool = _field("a nonzero part was below the smallest double, stored as that", "", "platform")
    evaluations: int = _field("function values that the cell cost", "", "portable")
    neighbours: int = _field("points near x in the neighbourhood columns; 0: not measured", "", "portable")
    rms_error: float = _field("root mean square of the total over the neighbours", "", "platform")
    median_error: float = _field("median |total| over the neighbours", "", "platform")
    max_error: float = _field("largest |total| over the neighbours", "", "platform")
    failures: int = _field("neighbours whose result is not finite; they are not averaged", "", "platform")
    # The bounds of float16 that predictions scale depend on the half-precision instructions of the machine.
    model_error: float = _field("error that the model predicts for the step; NaN: none", "", "platform")
    predicted_step: float = _field("step of the smallest modelled error; NaN: none", "", "platform")
    predicted_error: float = _field("modelled error there", "", "platform")
    closed_form_step: float = _field("textbook optimum of two terms; NaN: none", "", "platform")
    prediction: str = _field("ok, not-asked, or the assumption of the prediction that fails", "", "platform")


FIELDS: Mapping[str, dataclasses.Field[Any]] = {field.name: field for field in dataclasses.fields(Record)}
KEYS = tuple(name for name, field in FIELDS.items() if field.metadata["kind"] == "key")
"""The columns that name a cell."""
BOUNDS = (*(f"{part}_bound" for part in PARTS), "total_bound")
"""The bounds on the parts and on their sum, with the rounded abscissae and the function values at hand."""


def meaning_of(name: str) -> dict[str, str]:
    """Return the unit, the description and the kind of a column; without a unit it is that of x, f or f′, or none."""
    metadata = FIELDS[name].metadata
    return {"unit": metadata["unit"], "description": metadata["line"], "kind": metadata["kind"]}


def frame_of(columns: Mapping[str, Iterable[Any]]) -> pd.DataFrame:
    """Return a frame with the columns of `Record`, in its order.

    Raises
    ------
    ValueError
        If a field is missing or unknown, or the columns differ in length.
    """
    missing, unknown = set(FIELDS) - set(columns), set(columns) - set(FIELDS)
    if missing or unknown:
        raise ValueError(f"columns must be those of Record; missing {sorted(missing)}, unknown {sorted(unknown)}")
    types = {str: "str", int: "int64", float: "float64", bool: "bool"}
    values = {name: list(columns[name]) for name in FIELDS}
    if len({len(column) for column in values.values()}) > 1:  # pandas would fill the shorter ones with NaN
        raise ValueError(f"columns must have one length, got { {name: len(v) for name, v in values.items()} }")
    # Arrays cost half of what series do, and a block has few rows for its many columns.
    arrays: dict[str, Any] = {}
    for name, field in FIELDS.items():
        dtype = types[field.type]  # type: ignore[index]
        arrays[name] = pd.array(values[name], dtype="str") if dtype == "str" else np.array(values[name], dtype=dtype)
    return pd.DataFrame(arrays, copy=False)


def schema_table() -> pd.DataFrame:
    """Return the schema as a table: field, type, unit, kind, meaning."""
    rows = [
        (name, getattr(f.type, "__name__", f.type), f.metadata["unit"], f.metadata["kind"], f.metadata["line"])
        for name, f in FIELDS.items()
    ]
    return pd.DataFrame(rows, columns=["field", "type", "unit", "kind", "meaning"])
