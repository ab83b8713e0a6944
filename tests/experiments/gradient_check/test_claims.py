"""Claims are right, or wrong where and as they say; values of f are remembered and calls of it counted."""

import numpy as np
import pytest

from experiments.gradient_check.bugs import BUGS
from experiments.gradient_check.claims import FACTORS, RIGHT, TEN_BARS, claim_of, kind_of
from experiments.gradient_check.networks import NumpyNetwork
from experiments.gradient_check.subjects import NETWORKS, REMEMBERED, SMALL, SUBJECTS, Remembered

FUNCTION, NETWORK = SUBJECTS["attention"], SUBJECTS["tanh_squared"]


@pytest.mark.parametrize("subject", [FUNCTION, NETWORK], ids=lambda subject: subject.name)
@pytest.mark.parametrize("format_name", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", FACTORS)
def test_one_coordinate_is_multiplied_here_and_elsewhere(subject, format_name, name):
    case = subject.case(format_name, 2)
    claim = claim_of(case, name, 2)
    others = np.arange(case.x.size) != claim.at
    for point in (case.x, case.x * case.x.dtype.type(1.25)):
        right, wrong = case.gradient(point), claim(point)
        assert wrong.dtype == right.dtype
        np.testing.assert_array_equal(wrong[others], right[others])
        assert wrong[claim.at] == right[claim.at : claim.at + 1].astype(np.longdouble) * FACTORS[name] or (
            name == "times_1.25" and abs(float(wrong[claim.at] / right[claim.at]) - 1.25) < 2e-3
        )
    assert claim(case.x)[claim.at] != case.gradient(case.x)[claim.at]


def test_the_wrong_coordinate_is_another_one_for_another_seed_and_never_one_of_0():
    case = SUBJECTS["relu_5"].case("float64", 1)
    zeros = np.flatnonzero(case.gradient(case.x) == 0)
    places = {claim_of(case, "zero", seed).at for seed in range(40)}
    assert len(zeros) > 5
    assert len(places) > 5
    assert not places & set(zeros)


def test_ten_bars_are_ten_bars_and_bars_that_are_not_finite_are_left():
    case = FUNCTION.case("float64", 0)
    bars = np.full(case.x.size, np.inf)
    assert claim_of(case, TEN_BARS, 0, bars) is None
    bars[3] = 1e-3
    claim = claim_of(case, TEN_BARS, 0, bars)
    assert claim.at == 3
    assert abs(claim(case.x)[3] - case.gradient(case.x)[3]) == pytest.approx(1e-2)


def test_ten_bars_that_round_away_are_left():
    case = FUNCTION.case("float16", 0)
    assert claim_of(case, TEN_BARS, 0, np.full(case.x.size, 1e-9)) is None


def test_the_right_gradient_is_no_claim_that_is_wrong():
    assert claim_of(FUNCTION.case("float64", 0), RIGHT, 0).size == 0
    assert claim_of(FUNCTION.case("float64", 0), "sign", 0) is None  # no place for a mistake of the catalogue
    assert claim_of(SUBJECTS["relu_1"].case("bfloat16", 0), "narrower_format", 0) is None
    case = NETWORK.case("float16", 0)
    assert claim_of(case, "relative_1e-08", 0) is None  # rounds away


@pytest.mark.parametrize("subject", [FUNCTION, NETWORK], ids=lambda subject: subject.name)
def test_a_gradient_of_the_narrower_format_is_right_to_that_format(subject):
    case = subject.case("float64", 0)
    claim = claim_of(case, "narrower_format", 0)
    assert 1e-9 < claim.size < 1e-5
    other = case.x * 1.5
    assert 0 < np.abs(claim(other) - case.gradient(other)).max() < 1e-5 * np.abs(case.gradient(other)).max()


def test_mistakes_of_the_catalogue_are_made_at_other_points_too():
    case = NETWORK.case("float32", 0)
    claim = claim_of(case, "sign", 0)
    other = case.x + np.float32(1)
    np.testing.assert_array_equal(claim(other), BUGS["sign"].wrong(case.network, other))
    claim(case.x)[:] = 0
    assert claim(case.x).any()


def test_every_claim_has_a_kind():
    kinds = {kind_of(name) for name in (RIGHT, TEN_BARS, *FACTORS, *BUGS)}
    assert kinds == {"right", "ten bars", "one coordinate", "mistake", "error", "contested"}


@pytest.mark.parametrize("name", ["attention", "tanh_squared"])
def test_remembered_values_are_those_of_the_function_and_every_call_counts(name):
    case = SUBJECTS[name].case("float16", 0)
    f = Remembered(case)
    assert f(case.x) == f(case.x.copy()) == case.f(case.x)
    assert f(case.x.astype(np.float64) * (1 + 1e-6)) == case.f(case.x)  # rounds back to the same point
    assert type(f(case.x)) is np.float16
    other = case.x.copy()
    other[0] += 1
    assert f(other) == case.f(other) != f(case.x)
    assert f.calls == 6


def test_large_points_are_not_remembered():
    case = SUBJECTS["large"].case("float32", 0)
    f = Remembered(case)
    f(case.x)
    assert case.x.size > REMEMBERED
    assert not f._known


def test_growing_networks_have_about_as_many_parameters_as_they_are_asked_for():
    for name, shape in NETWORKS.items():
        if name.startswith("growing"):
            assert 0.7 < NumpyNetwork(*shape, 0).n / int(name.split("_")[1]) < 1.3
    assert set(SMALL) < set(SUBJECTS)
