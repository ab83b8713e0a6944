import math
import random

import pytest

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
