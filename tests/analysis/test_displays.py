"""A ledger and bounds that a person reads: ten lines, counts, the best cell, and a word where none is ok."""

import math
import re

import numpy as np
import pytest

import numdiff as nd
from numdiff.analysis.bounded_function import BoundedFunction
from numdiff.analysis.bounds import Bounds, bounds_of
from numdiff.analysis.displays import LEDGER_COLUMNS
from numdiff.analysis.unbounded import NO_COMPLEX_LIMITS, reasons_of
from numdiff.floats.formats import FORMATS
from numdiff.formulas.kernels import observe


def bounds(f: object, h: list[float], at: float = 0.5, name: str = "float64", method: object = nd.CENTERED) -> Bounds:
    fmt = FORMATS[name]
    x, steps = np.array([at]).astype(fmt.dtype), np.array(h).astype(fmt.dtype)
    with np.errstate(all="ignore"):
        seen = observe(method, f, x, steps)
        return bounds_of(BoundedFunction(f), method, fmt, x, steps, seen.abscissae, seen.values)


def test_ledger_of_a_thousand_cells_is_read_in_ten_lines() -> None:
    ledger = nd.error_ledger(np.exp, [[0.5], [1.0]], 2.0 ** -np.arange(1, 61))
    lines = repr(ledger).splitlines()
    assert len(lines) <= 10
    assert lines[0].startswith("Ledger of centered in float64: 120 cells of shape (2, 60); ")
    assert lines[2].split() == "x h total truncation abscissa evaluation combination status".split()
    assert max(map(len, lines)) <= 80


def test_cells_are_counted_by_what_happened() -> None:
    ledger = nd.error_ledger(np.log, 0.5, [1.0, 0.5, 0.1, 1e-30])
    assert "1 ok, 1 absorbed, 1 outside-domain, 1 pole" in " ".join(repr(ledger).split())


def test_best_cell_is_named_with_its_step() -> None:
    steps = [1e-2, 1e-5, 1e-12, 1e-30]
    ledger = nd.error_ledger(np.exp, 0.5, steps)
    assert repr(ledger).splitlines()[-1].endswith("at x = 0.5, h = 1.00e-05")


@pytest.mark.parametrize("page", [repr, lambda ledger: ledger._repr_html_()])
def test_ledger_without_an_ok_cell_says_so(page: object) -> None:
    assert "warning: no cell is ok" in page(nd.error_ledger(np.log, -1.0, [1e-3, 1e-6]))  # type: ignore[operator]
    assert "warning" not in page(nd.error_ledger(np.log, 1.0, [1e-3, 1e-30]))  # type: ignore[operator]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("x", [0.5, [], [[0.5, 1.0]]], ids=str)
def test_ledger_shows_itself_in_every_format_and_shape(name: str, x: object) -> None:
    ledger = nd.error_ledger(np.exp, x, 0.125, dtype=name)
    assert 1 <= len(repr(ledger).splitlines()) <= 10
    assert name in ledger._repr_html_()
    assert len(ledger.to_pandas()) == ledger.total.size


def test_frame_of_a_ledger_has_its_columns_and_numbers() -> None:
    ledger = nd.error_ledger(np.exp, 0.5, [0.25, 0.125], nd.FORWARD, "bfloat16")
    frame = ledger.to_pandas()
    assert list(frame.columns) == ["format", "method", *LEDGER_COLUMNS]
    assert frame["total"].tolist() == ledger.total.tolist()
    assert frame["h"].tolist() == [0.25, 0.125]
    assert frame["status"].tolist() == ["ok", "ok"]
    assert set(frame["method"]) == {"forward"}


def test_bounds_say_why_there_is_none() -> None:
    found = bounds(np.log, [1e-3, 1.0])
    lines = repr(found).splitlines()
    assert lines[0] == "Bounds on the parts of the error: 2 cells; 1 with a bound on the total"
    assert lines[3].endswith("no truncation")
    assert " ".join(" ".join(lines[4:]).split()) == (
        "no bound in 1 cell: truncation: f^(3) has no finite enclosure between the nodes: f is NaN at a node, as "
        "outside its domain"
    )
    assert max(map(len, lines)) <= 80
    assert "warning: no cell has a bound" in repr(bounds(np.log, [1.0]))
    assert "warning" not in repr(bounds(np.log, [0.1]))


@pytest.mark.parametrize(
    ("f", "h", "at", "name", "reason"),
    [
        (np.exp, 1.0, 800.0, "float64", "truncation: .* f is infinite at a node"),
        (np.log, 0.25, 0.25, "float64", "truncation: .* f is infinite at a node: a pole"),
        (lambda x: np.exp(x) * np.exp(-2 * x), 1.0, 90.0, "float32", "evaluation: f is NaN at a node"),
        (lambda x: x * np.abs(x), 1.0, 0.25, "float64", "truncation: .*: a pole, a kink or the end of the domain"),
        (lambda x: 0.5 * x, 30000.0, 60000.0, "float16", "abscissa: a node overflows"),
        (np.sin, 0.25, 0.5, "float64", ""),
        (lambda x: 1e38 * np.sin(10 * x), 2.0**-6, 0.0, "float32", "combination: the sum or the quotient may overflow"),
    ],
    ids=["overflow", "pole", "nan", "kink", "node", "none", "quotient"],
)
def test_reason_is_that_of_the_cell(f: object, h: float, at: float, name: str, reason: str) -> None:
    found = bounds(f, [h], at, name).reasons.item()
    assert re.search(reason, found) if reason else not found, found


def test_function_without_a_limit_is_named() -> None:
    x, steps = np.array([0.5]), np.array([0.25])
    seen = observe(nd.CENTERED, np.exp, x, steps)
    columns = [[0.0], [0.0], [math.inf], [0.0]]
    assert reasons_of(columns, 3, seen.abscissae, seen.values, frozenset({"exp", "cosh"})) == [
        "evaluation: the rounding error of cosh, exp has no limit in this format"
    ]


def test_complex_step_says_what_is_not_derived_and_how_often() -> None:
    found = bounds(np.exp, [0.5, 0.25, 0.125], method=nd.COMPLEX_STEP)
    text = " ".join(repr(found).split())
    assert f"no bound in 3 cells: {NO_COMPLEX_LIMITS}" in text
    assert "warning: no cell has a bound" in text


def test_frame_of_bounds_has_its_numbers() -> None:
    found = bounds(np.log, [1e-3, 1.0])
    frame = found.to_pandas()
    assert frame["total"].tolist() == [found.total[0], math.inf]
    assert "<table>" in found._repr_html_()
    assert len(repr(bounds(np.exp, [0.1] * 100)).splitlines()) <= 10
