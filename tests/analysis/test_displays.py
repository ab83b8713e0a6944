"""A ledger and bounds that a person reads: ten lines, counts, the best cell, and a word where none is ok."""

import math

import numpy as np
import pytest

import numdiff as nd
from numdiff.analysis.bounds import BoundedFunction, Bounds, bounds_of
from numdiff.analysis.displays import LEDGER_COLUMNS
from numdiff.floats.formats import FORMATS
from numdiff.formulas.kernels import observe


def bounds(f: object, h: list[float]) -> Bounds:
    x, steps = np.array([0.5]), np.array(h)
    seen = observe(nd.CENTERED, f, x, steps)
    return bounds_of(BoundedFunction(f), nd.CENTERED, FORMATS["float64"], x, steps, seen.abscissae, seen.values)


def test_ledger_of_a_thousand_cells_is_read_in_ten_lines() -> None:
    ledger = nd.error_ledger(np.exp, [[0.5], [1.0]], 2.0 ** -np.arange(1, 61))
    lines = repr(ledger).splitlines()
    assert len(lines) <= 10
    assert lines[0].startswith("Ledger of centered in float64: 120 cells of shape (2, 60); ")
    assert lines[1].split() == "x h total truncation abscissa evaluation combination status".split()
    assert max(map(len, lines)) < 140


def test_cells_are_counted_by_what_happened() -> None:
    ledger = nd.error_ledger(np.log, 0.5, [1.0, 0.5, 0.1, 1e-30])
    assert "1 ok, 1 absorbed, 1 outside-domain, 1 pole" in repr(ledger).splitlines()[0]


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
    assert lines[-1].startswith("the first reason: truncation: f^(3) has no finite enclosure")
    assert lines[-2].endswith("no truncation")
    assert "warning: no cell has a bound" in repr(bounds(np.log, [1.0]))
    assert "warning" not in repr(bounds(np.log, [0.1]))


def test_frame_of_bounds_has_its_numbers() -> None:
    found = bounds(np.log, [1e-3, 1.0])
    frame = found.to_pandas()
    assert frame["total"].tolist() == [found.total[0], math.inf]
    assert "<table>" in found._repr_html_()
    assert len(repr(bounds(np.exp, [0.1] * 100)).splitlines()) <= 10
