"""Published tables of difference quotients: the digits as they were printed, and the functions behind them.

The tables are data (``published_tables.json`` beside this module); what a table says in words is here as code:
its function as an elementwise NumPy callable that computes in the order of the source, the method of
`numdiff.formulas.table.METHODS` that it uses, and how its numbers were printed. A table becomes a `Problem` of the
family ``"published"``, of its own point. These problems belong to their tables and are not among the
`general_problems` that sweeps run over.

Values and errors stay text: "4.0539" and "4.05390" are not the same statement.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import numpy as np

from numdiff.problems.printing import Print
from numdiff.problems.problem import Problem
from numdiff.registry import Registry

FILE = "published_tables.json"
"""The data, beside this module."""

ErrorKind = Literal["", "abs", "abs rel", "percent rel", "approx - exact"]
"""What the source calls the error of its approximation d of t: nothing, |d − t|, |(d − t)/t|, 100(d − t)/t, d − t."""


@dataclass(frozen=True)
class PublishedRow:
    """One line of a table.

    Parameters
    ----------
    step : float
        h as the program used it: the double, or the float32 as a decimal number that rounds to it.
    step_text : str
        h as it is printed.
    value, error : str
        The difference quotient and its error, as printed; empty where the table has none.
    """

    step: float
    step_text: str
    value: str
    error: str


@dataclass(frozen=True)
class PublishedTable:
    """A table of a book, a lecture or a program's documentation.

    Parameters
    ----------
    name : str
        Its own, which is also that of its problem and of its records.
    source, note : str
        Where it is from; what is known about how it came about.
    formula : str
        f(x) in Python notation, in the order of operations of the source.
    derivative_order : int
    point : float
    format : str
        The working format of the source.
    kernel : str
        How the source combines the function values: ``"central"``, ``"central_vals_over_h"``.
    error_kind : str
        See `ErrorKind`.
    value_print, error_print : Print
    rows : tuple of PublishedRow

    Raises
    ------
    ValueError
        If the kernel or the error kind is unknown, there are no rows, or a row has neither value nor error, or an
        error whose kind is not known.
    """

    name: str
    source: str
    note: str
    formula: str
    derivative_order: int
    point: float
    format: str
    kernel: str
    error_kind: ErrorKind
    value_print: Print
    error_print: Print
    rows: tuple[PublishedRow, ...]

    def __post_init__(self) -> None:
        if self.kernel not in KERNELS:
            raise ValueError(f"kernel of {self.name} must be among {', '.join(KERNELS)}, got {self.kernel!r}")
        if self.error_kind not in ErrorKind.__args__:  # type: ignore[attr-defined]
            raise ValueError(f"error_kind of {self.name} must be one of {ErrorKind}, got {self.error_kind!r}")
        if not self.rows:
            raise ValueError(f"rows of {self.name} must hold at least one row, got ()")
        for row in self.rows:
            if not (row.value or row.error) or (row.error and not self.error_kind):
                raise ValueError(f"rows of {self.name} must have a value, or an error of a known kind, got {row!r}")

    @property
    def method(self) -> str:
        """The method of `numdiff.formulas.table.METHODS` with the source's nodes and weights."""
        return KERNELS[self.kernel]

    @property
    def steps(self) -> tuple[float, ...]:
        """The steps, in the order of the rows."""
        return tuple(row.step for row in self.rows)


KERNELS = {
    "forward": "forward",
    "backward": "backward",
    "central": "centered",
    "forward3": "forward2",
    "complex_step": "complex_step",
    "second_central": "second_centered",
    "forward_vals_over_h": "forward",
    "central_vals_over_h": "centered",
    "central4_vals_over_h": "centered4",
}
"""The kernels of the tables, and the methods whose nodes and weights they have."""

_SHORTEST = ("dezero", "dlscratch1", "fnc_round", "mit6837")
_FIXED = ("cheney_kincaid", "hjorth_jensen", "chapra_ex23_1")


def _prints(name: str, digits: int) -> tuple[Print, Print]:
    """Return how the values and the errors of a table are printed."""
    if name.startswith("chapra_ex23_1"):  # %.10f and %.10e
        return Print("fixed", digits), Print("significant", digits + 1)
    kind: Any = "shortest" if name.startswith(_SHORTEST) else "fixed" if name.startswith(_FIXED) else "significant"
    return Print(kind, digits), Print(kind, digits)


# --- the functions, each as its source computes it -------------------------------------------------------


def _square(x: Any) -> Any:
    return x**2


def _square_prime(x: Any) -> Any:
    return 2.0 * x


def _composite(x: Any) -> Any:
    return np.exp(x**2) ** 2


def _composite_prime(x: Any) -> Any:
    return 4.0 * x * np.exp(x**2) ** 2


def _parabola(x: Any) -> Any:
    return 0.01 * x**2 + 0.1 * x


def _parabola_prime(x: Any) -> Any:
    return 0.02 * x + 0.1


def _sum_of_squares(x: Any) -> Any:
    return x * x + 3.0**2


def _exp(x: Any) -> Any:
    return np.exp(x)


def _sin(x: Any) -> Any:
    return np.sin(x)


def _cos(x: Any) -> Any:
    return np.cos(x)


def _cos_prime(x: Any) -> Any:
    return -np.sin(x)


def _decay(x: Any) -> Any:
    return np.exp(-1.3 * x)


def _decay_prime(x: Any) -> Any:
    return -1.3 * np.exp(-1.3 * x)


def _quartic(x: Any) -> Any:
    return -0.1 * x**4 - 0.15 * x**3 - 0.5 * x**2 - 0.25 * x + 1.2


# 3·0.15 is not the double 0.45.
def _quartic_prime(x: Any) -> Any:
    return -0.4 * x**3 - 0.15 * (3.0 * x**2) - x - 0.25


# The cubes are products: a power routine changes several printed digits.
def _martins(x: Any) -> Any:
    return np.exp(x) / np.sqrt(np.sin(x) * np.sin(x) * np.sin(x) + np.cos(x) * np.cos(x) * np.cos(x))


def _martins_prime(x: Any) -> Any:
    s, c = np.sin(x), np.cos(x)
    value, slope = s * s * s + c * c * c, 3.0 * s * c * (s - c)
    return np.exp(x) * (2.0 * value - slope) / (2.0 * value * np.sqrt(value))


Function = Callable[[Any], Any]
_LINE = (-math.inf, math.inf)
_CUBES_POSITIVE = (-math.pi / 4, 3 * math.pi / 4)

FUNCTIONS: dict[str, tuple[Function, Function, tuple[float, float]]] = {
    "x**2": (_square, _square_prime, _LINE),
    "exp(x**2)**2": (_composite, _composite_prime, _LINE),
    "0.01*x**2+0.1*x": (_parabola, _parabola_prime, _LINE),
    "x*x+3.0**2": (_sum_of_squares, _square_prime, _LINE),
    "exp(x)": (_exp, _exp, _LINE),
    "sin(x)": (_sin, _cos, _LINE),
    "cos(x)": (_cos, _cos_prime, _LINE),
    "exp(-1.3*x)": (_decay, _decay_prime, _LINE),
    "-0.1*x**4-0.15*x**3-0.5*x**2-0.25*x+1.2": (_quartic, _quartic_prime, _LINE),
    "exp(x)/sqrt(sin(x)*sin(x)*sin(x)+cos(x)*cos(x)*cos(x))": (_martins, _martins_prime, _CUBES_POSITIVE),
}
"""f, f′ and the domain, by the formula in the data."""


# --- the tables ------------------------------------------------------------------------------------------


def _table(facts: dict[str, Any]) -> PublishedTable:
    value_print, error_print = _prints(facts["id"], facts["digits_printed"])
    return PublishedTable(
        name=facts["id"].replace(".", "_").lower(),
        source=facts["source"],
        note=facts["note"],
        formula=facts["function"],
        derivative_order=facts["derivative_order"],
        point=float(facts["x"]),
        format=facts["dtype"],
        kernel=facts["kernel"],
        error_kind=facts["error_definition"] or "",
        value_print=value_print,
        error_print=error_print,
        rows=tuple(
            PublishedRow(float(row["h"]), row["h_text"], row["value"] or "", row["error"] or "")
            for row in facts["rows"]
        ),
    )


def _problem(table: PublishedTable) -> Problem:
    f, derivative, domain = FUNCTIONS[table.formula]
    return Problem(
        name=table.name,
        formula=table.formula,
        f=f,
        derivative=derivative,
        points=(table.point,),
        domain=domain,
        source=table.source,
        reason=f"A published table of {len(table.rows)} rows to reproduce.",
        family="published",
        any_point=True,
    )


def acceptance_rule() -> str:
    """Return the rule of the data by which a published digit counts as reproduced, in its own words."""
    return str(_data()["about"])


def _data() -> dict[str, Any]:
    return dict(json.loads(resources.files("numdiff.problems").joinpath(FILE).read_text(encoding="utf-8")))


TABLES: Registry[PublishedTable] = Registry("published table", map(_table, _data()["tables"]))
"""All published tables, by name."""
PUBLISHED: tuple[Problem, ...] = tuple(_problem(table) for table in TABLES.values())
"""Their problems, of the same names."""
