"""Every bug of the catalogue is wrong, and by what it says."""

import re

import numpy as np
import pytest

from experiments.gradient_check.bugs import BUGS, FORMATS, MANY, NARROWER, SIZES, deviation
from experiments.gradient_check.networks import NumpyNetwork
from experiments.gradient_check.subjects import NETWORKS, SMALL
from numdiff.floats.formats import FORMATS as KNOWN

CASES = [
    (bug, name) for bug in BUGS for name in SMALL if BUGS[bug].fits(NumpyNetwork(*NETWORKS[name], 0), np.dtype(float))
]


def test_there_are_at_least_twelve_mistakes_each_with_its_source():
    mistakes = [bug for bug in BUGS.values() if bug.kind == "mistake"]
    assert len(mistakes) >= 12
    for bug in mistakes:
        if bug.name != "one_in_ten_thousand":
            assert re.search(r": https://github\.com/\S+/(issues|pull)/\d+$", bug.source), bug.name
    assert len({bug.description for bug in BUGS.values()}) == len(BUGS)


@pytest.mark.parametrize("bug, name", CASES)
def test_a_bug_changes_the_gradient_in_float64(bug, name):
    for seed in range(3):
        network = NumpyNetwork(*NETWORKS[name], seed)
        theta = network.theta()
        wrong, right = BUGS[bug].wrong(network, theta), network.gradient(theta)
        assert wrong.dtype == right.dtype
        assert deviation(wrong, right) > 0
        np.testing.assert_array_equal(network.gradient(theta), right)  # and leaves the correct one alone


def test_every_bug_but_the_large_one_fits_a_small_network():
    assert {bug for bug, _ in CASES} == set(BUGS) - {"one_in_ten_thousand"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("format_name", FORMATS)
def test_a_relative_error_has_its_size_up_to_the_rounding_of_the_format(size, format_name):
    u = float(KNOWN[format_name].unit_roundoff) + 4 * 2.0**-53  # 1 + size, the product and the norms are of float64
    for name in SMALL:
        network = NumpyNetwork(*NETWORKS[name], 0)
        theta = network.theta(FORMATS[format_name])
        right = network.gradient(theta)
        found = deviation(BUGS[f"relative_{size:.0e}"].wrong(network, theta), right)
        assert abs(found - size) <= (1 + size) * u
        one = BUGS[f"coordinate_{size:.0e}"].wrong(network, theta)
        exact = right.astype(float)
        (changed,) = np.nonzero(one != right)
        assert len(changed) <= 1
        share = np.abs(exact).max() / np.linalg.norm(exact)
        assert abs(deviation(one, right) - size * share) <= (1 + size) * u * share


def test_a_small_relative_error_rounds_away_in_a_narrow_format():
    network = NumpyNetwork(*NETWORKS["tanh_squared"], 0)
    for format_name, size in (("float32", 1e-8), ("float16", 1e-4), ("bfloat16", 1e-3)):
        theta = network.theta(FORMATS[format_name])
        assert deviation(BUGS[f"relative_{size:.0e}"].wrong(network, theta), network.gradient(theta)) == 0


@pytest.mark.parametrize("wide, narrow", [("float64", "float32"), ("float32", "float16")])
def test_the_narrower_format_leaves_an_error_of_its_size(wide, narrow):
    u = float(KNOWN[narrow].unit_roundoff)
    for name in SMALL:
        network = NumpyNetwork(*NETWORKS[name], 1)
        theta = network.theta(FORMATS[wide])
        found = deviation(BUGS["narrower_format"].wrong(network, theta), network.gradient(theta))
        assert u / 100 < found < 100 * u
    assert not any(dtype in NARROWER for dtype in (FORMATS["float16"], FORMATS["bfloat16"]))


def test_one_element_of_ten_thousand_is_wrong_by_its_sign():
    network = NumpyNetwork(*NETWORKS["large"], 0)
    theta = network.theta()
    right = network.gradient(theta)
    wrong = BUGS["one_in_ten_thousand"].wrong(network, theta)
    (changed,) = np.nonzero(wrong != right)
    assert network.n >= MANY
    assert len(changed) == 1
    assert wrong[changed] == -right[changed]
    below = np.mean(np.abs(right) < np.abs(right[changed]))
    assert 0.49 < below < 0.51


def test_swapped_elements_are_the_first_two():
    network = NumpyNetwork(*NETWORKS["tanh_squared"], 0)
    theta = network.theta()
    right, wrong = network.gradient(theta), BUGS["swapped"].wrong(network, theta)
    assert wrong[0] == right[1]
    assert wrong[1] == right[0]
    np.testing.assert_array_equal(wrong[2:], right[2:])
