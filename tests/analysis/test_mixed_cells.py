"""A small part of the search through functions of mixed types, in every run; `make campaign` takes more seeds."""

from itertools import islice

import numpy as np
import pytest

from tests.analysis.mixed_cells import Mixed, calls


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("seed", [1])
def test_what_is_accepted_of_mixed_types_has_the_truth_of_the_oracle_and_keeps_its_bounds(seed):
    found = list(islice(calls(10**9, seed), 60))
    accepted = [call for call in found if "refused" not in call]
    assert 0.2 < len(accepted) / len(found) < 0.8
    assert sum(call["compared"] for call in accepted) > 60
    assert not [call for call in accepted if call["exceeded"] or call["wrong"]]


def test_a_function_is_told_by_its_seed():
    tree = Mixed(0).tree()
    assert tree == Mixed(0).tree()
    assert any(tree != Mixed(k).tree() for k in range(1, 4))
    with np.errstate(all="ignore"):
        assert np.array_equal(tree(np.array([0.5])), Mixed(0)(np.array([0.5])), equal_nan=True)
