"""The core tables: for a function, a formula and a format the total error at each step, split into what it is made of.

Pure functions of records. Rows add up as they are printed: truncation + roundoff = total in `ledger_table`, and
abscissa + evaluation + combination = roundoff in `parts_table`.
"""

from typing import Any

import pandas as pd

from numdiff.digits import GENERIC
from numdiff.report.styles import label_of
from numdiff.report.tables import Table
from numdiff.step_table import digits_of, known_values

__all__ = ["LEDGER", "PARTS", "ledger_table", "parts_table", "run_of", "truncation_format", "truncation_table"]
__all__ += ["used_rows"]

LEDGER = ("total", "truncation", "roundoff")
"""The total error and its two parts."""
PARTS = ("roundoff", "abscissa", "evaluation", "combination")
"""Roundoff and its three parts."""
_GRIDS = {"generic": f"h = fl({GENERIC}·2⁻ᵏ)", "dyadic": "h = 2⁻ᵏ"}
_NO_RESULT = "A word: why there is no usable result."


def run_of(records: pd.DataFrame, method: str, format: str, grid: str = "generic") -> pd.DataFrame:
    """Return the cells of one formula, format and grid at the first point, largest step first.

    Parameters
    ----------
    records : DataFrame
        Of one function.

    Raises
    ------
    ValueError
        If there are none, or of several functions.
    """
    chosen = records[(records["method"] == method) & (records["format"] == format) & (records["grid"] == grid)]
    chosen = chosen[chosen["point"] == chosen["point"].min()]
    if chosen.empty:
        raise ValueError(f"records must have cells of {method}, {format} and the grid {grid}, got none")
    if len(names := chosen["problem"].unique()) > 1:
        raise ValueError(f"records must be those of one function, got {', '.join(names)}")
    return chosen.sort_values("k", kind="stable", ignore_index=True)


def used_rows(run: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return a run without its end, where no step has a usable result, and a sentence that says what was left out."""
    usable = run.index[run["status"] == "ok"]
    last = int(usable[-1]) + 1 if len(usable) else len(run)
    if last == len(run):
        return run, ""
    words = list(dict.fromkeys(run["status"][last:]))
    first, end = run["k"].iloc[last], run["k"].iloc[-1]
    return run.iloc[:last], f"From k = {first} to {end}: {' or '.join(words)}."


def ledger_table(records: pd.DataFrame, method: str, format: str, grid: str = "generic", label: str = "") -> Table:
    """Return total, truncation, roundoff, correct digits and a priori bound at every step.

    Parameters
    ----------
    records : DataFrame
        Of one function.
    method, format, grid : str
    label : str
        What the function is called in the title; by default its name.

    Raises
    ------
    ValueError
        As in `run_of`.
    """
    run, left_out = used_rows(run_of(records, method, format, grid))
    frame = _steps(run) | known_values(run, LEDGER, word_in="total")
    frame |= {"digits": digits_of(run), "a_priori_bound": run["a_priori_bound"].tolist()}
    return Table(
        f"{method}_{format}",
        _title(run, method, format, label, "Error"),
        f"{_where(run)} total = truncation + roundoff, and rows add up as printed. Digits: correct decimal digits, "
        f"−log₁₀|total/f′(x)|. Bound: on |total|, known without a run. {_NO_RESULT} {left_out}".strip(),
        pd.DataFrame(frame),
        {"step_value": "e3", "digits": "f1", "a_priori_bound": "e3"} | dict.fromkeys(LEDGER, "e3"),
        rows_shown=None,
        headings={"step_value": "h ≈", "digits": "correct digits"},
        where={"grid": grid, "problem": str(run["problem"].iloc[0]), "method": method, "format": format},
        sums={"total": ("truncation", "roundoff")},
    )


def parts_table(records: pd.DataFrame, method: str, format: str, grid: str = "generic", label: str = "") -> Table:
    """Return roundoff and its three parts at every step; parameters as in `ledger_table`."""
    run, left_out = used_rows(run_of(records, method, format, grid))
    return Table(
        f"{method}_{format}_roundoff",
        _title(run, method, format, label, "Roundoff in its parts"),
        f"{_where(run)} roundoff = abscissa (x ± h is rounded) + evaluation (f is rounded) + combination (the quotient "
        f"is rounded), and rows add up as printed. {_NO_RESULT} {left_out}".strip(),
        pd.DataFrame(_steps(run) | known_values(run, PARTS, word_in="roundoff")),
        {"step_value": "e3"} | dict.fromkeys(PARTS, "e3"),
        rows_shown=None,
        headings={"step_value": "h ≈"},
        where={"grid": grid, "problem": str(run["problem"].iloc[0]), "method": method, "format": format},
        sums={"roundoff": PARTS[1:]},
    )


def truncation_table(records: pd.DataFrame, methods: tuple[str, ...], label: str = "") -> Table:
    """Return the truncation error at dyadic steps, a column for each formula: the same in every format.

    Parameters
    ----------
    records : DataFrame
        Of one function.
    methods : tuple of str
    label : str
        What the function is called in the title; by default its name.
    """
    dyadic = records[(records["grid"] == "dyadic") & records["method"].isin(methods)]
    if dyadic.empty:
        raise ValueError(f"records must have cells of {', '.join(methods)} and the grid dyadic, got none")
    runs = {method: run_of(records, method, truncation_format(dyadic), "dyadic") for method in methods}
    first = runs[methods[0]]
    frame: dict[str, list[Any]] = {"k": first["k"].tolist(), "h": first["step_value"].tolist()}
    for method, run in runs.items():
        known = dict(zip(run["k"], known_values(run, ("truncation",), word_in="truncation")["truncation"], strict=True))
        frame[method] = [known.get(k, "") for k in frame["k"]]
    return Table(
        "truncation",
        f"Truncation error of {label or first['problem'].iloc[0]} at dyadic steps",
        f"h = 2⁻ᵏ, x = {first['x_value'].iloc[0]:.8g}. The error of the formula in exact arithmetic, with its sign: it "
        "belongs to function, formula and step, and is the same in every format. A word: f(x ± h) does not exist.",
        pd.DataFrame(frame),
        dict.fromkeys(methods, "e3"),
        rows_shown=None,
        kinds=dict.fromkeys((*methods, "h"), "portable"),
        where={"grid": "dyadic", "problem": str(first["problem"].iloc[0])},
    )


def truncation_format(cells: pd.DataFrame) -> str:
    """Return the format whose steps a table of truncation errors has: float64, which every machine has, or the longest.

    The numbers are those of every format, but only some machines have float80.
    """
    formats = cells.groupby("format", sort=False).size()
    return "float64" if "float64" in formats.index else str(formats.idxmax())


def _steps(run: pd.DataFrame) -> dict[str, list[Any]]:
    return {"k": run["k"].tolist(), "step_value": run["step_value"].tolist()}


def _where(run: pd.DataFrame) -> str:
    return f"{_GRIDS.get(str(run['grid'].iloc[0]), 'h as given')}, x = {run['x_value'].iloc[0]:.8g};"


def _title(run: pd.DataFrame, method: str, format: str, label: str, what: str) -> str:
    formula = label_of(method).replace(",", "")
    kind = "difference" if method in ("forward", "backward", "centered") else "formula"
    return f"{what}: {label or run['problem'].iloc[0]}, {formula} {kind} in {format}"
