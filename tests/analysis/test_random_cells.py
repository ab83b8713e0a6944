"""A small part of the search through random cells, in every run of the tests; `make campaign` takes more seeds."""

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from tests.analysis.random_cells import Composition, exceeded_cells


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("seed", [1])
def test_no_error_of_random_compositions_exceeds_its_bound(seed):
    found = list(exceeded_cells(2500, seed))
    assert {call[0] for call in found} == set(FORMATS)
    assert sum(call[2] for call in found) > sum(call[1] for call in found) / 4
    assert not [call for call in found if call[5]]


def test_a_composition_is_told_by_its_seed():
    x = np.linspace(0.5, 1, 5)
    with np.errstate(all="ignore"):
        assert np.array_equal(Composition(3)(x), Composition(3)(x), equal_nan=True)
        assert any(not np.array_equal(Composition(k)(x), Composition(3)(x), equal_nan=True) for k in range(4, 9))
