import math
import random

import numpy as np
import pytest

import numdiff as nd
from numdiff.analysis import ENTRIES, cells
from numdiff.analysis.cells import _decided
from numdiff.floats.dyadic import decided_double


def columns(seed, exponent, radius):
    draw = random.Random(seed)
    middles = [draw.getrandbits(200) - (1 << 199) for _ in range(200)]
    radii = [draw.getrandbits(radius) if radius else 0 for _ in middles]
    return middles, radii, [(draw.getrandbits(53) | 1) << max(200 - exponent, 0) for _ in middles]


@pytest.mark.parametrize("exponent", [0, -1050, -1400], ids=["moderate", "subnormal", "vanishing"])
@pytest.mark.parametrize("radius", [0, 40, 146, 190], ids=["exact", "narrow", "at the last bit", "wide"])
def test_a_column_is_decided_as_its_cells_are(exponent, radius):
    middles, radii, denominators = columns(7, exponent, radius)
    expected = [decided_double(*cell) for cell in zip(middles, radii, denominators, strict=True)]
    # A zero is looked at again, as what is undecided is.
    assert [value or None for value in _decided(middles, radii, denominators)] == [value or None for value in expected]


def test_a_column_with_an_overflow_or_without_a_number_is_decided_cell_by_cell():
    middles, radii, denominators = columns(8, 0, 40)
    middles[3], denominators[3] = 1 << 1100, 1
    found = _decided(middles, radii, denominators)
    assert found[3] == math.inf
    assert found[4] == decided_double(middles[4], radii[4], denominators[4])
    middles[5] = None
    assert math.isnan(_decided(middles, radii, denominators)[5])


# --- scales -------------------------------------------------------------------------------------------


def _told(ledger):
    """Return all that a ledger says of each cell; numbers as text, which tells NaN and the sign of zero."""
    columns = [getattr(ledger, name).tolist() for name in (*ENTRIES, "status", "state", "underflow", "reference")]
    exact = [ledger.exact_parts(i) for i in range(ledger.total.size)]
    return [(list(map(repr, row)), parts) for *row, parts in zip(*columns, exact, strict=True)]


@pytest.mark.parametrize("f", [lambda x: x**20, lambda x: x**20 * np.exp(x), lambda x: 1 / x, np.sin])
@pytest.mark.parametrize("span", [cells._SPAN, 16])
def test_cells_have_the_same_parts_whatever_scale_they_share(monkeypatch, f, span):
    x = np.array([0.5, 2.0**-1000, 1.0, 0.0, 3e100, 2.0**-500, 1e-310, 1.5])
    alone = [row for value in x for row in _told(nd.error_ledger(f, np.array([value]), 2.0**-40))]
    monkeypatch.setattr(cells, "_SPAN", span)
    assert _told(nd.error_ledger(f, x, 2.0**-40)) == alone


def test_one_cell_of_a_fine_scale_does_not_lengthen_the_numbers_of_the_others():
    x = np.linspace(0.5, 1.0, 50)
    x[7] = 2.0**-1000
    found = nd.error_ledger(lambda x: x**20, x, 2.0**-10).exact
    bits = [
        max(abs(number).bit_length() for number in row) for row in zip(*found.mids, found.denominators, strict=True)
    ]
    assert bits.pop(7) > 15_000
    assert max(bits) < cells._SPAN
