"""The rounding error of a claim is measured, and directions show mistakes of every scale."""

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.gradients.claims import Claim, chosen_directions, claimed, roundings_of, scatter_along, scatter_of
from numdiff.gradients.functions import Function, Gradient
from numdiff.gradients.lines import coordinates
from numdiff.gradients.parameters import Parameters

U32 = 2.0**-24


def claim_at(gradient, x, seed=0, **bounds):
    return claimed(Gradient(gradient), Parameters(x), np.random.default_rng(seed), **bounds)


def test_rounding_of_a_common_mean_is_seen_by_most_and_by_nearly_all_with_more_rounds():
    """All components share the rounding error of the mean, an ulp of 800/8 at most, and it is far above u|g|."""
    covered = {1: 0, 4: 0}
    for seed in range(100):
        x = (100 + np.random.default_rng(seed).standard_normal(8)).astype(np.float32)
        gradient, point = Gradient(lambda x: 2 * (x - x.mean()) / np.float32(8)), Parameters(x)
        exact = 2 * (x.astype(float) - x.astype(float).mean()) / 8
        value = gradient.at(point, x)
        for rounds in covered:
            scatter = scatter_of(gradient, point, value, np.random.default_rng(seed), rounds=rounds)
            rounding = Claim(value, scatter, x.astype(float), U32).at(np.arange(8))[1]
            covered[rounds] += bool(np.all(np.abs(value - exact) <= 3 * rounding))
    assert covered[1] >= 70
    assert covered[4] >= 97


def test_rounding_of_a_smooth_gradient_is_near_that_of_its_last_operation():
    x = np.random.default_rng(0).uniform(0.5, 1, 50).astype(np.float32)
    value, rounding = claim_at(np.exp, x).at(np.arange(50))
    assert np.all(rounding >= 2 * U32 * np.abs(value))
    assert np.all(rounding <= 8 * U32 * np.abs(value))


def test_curvature_is_no_rounding_in_any_format():
    for name in ("bfloat16", "float16", "float32", "float64"):
        point = Parameters(np.linspace(0.5, 2, 20), name)
        unit = float(point.item.unit_roundoff)
        square = Gradient(lambda x: np.asarray(x, np.longdouble).astype(np.float64) ** 2)
        claim = claimed(square, point, np.random.default_rng(0))
        assert np.abs(claim.scatter).max() <= unit * np.abs(claim.value).max()


def test_array_has_no_scatter_and_a_random_gradient_is_noticed():
    assert claim_at(np.ones(3), np.ones(3)).at(np.arange(3))[1] == pytest.approx(2 * 2.0**-53, rel=1e-12)
    rng = np.random.default_rng(0)
    assert claim_at(lambda x: rng.standard_normal(3), np.ones(3)).is_random
    assert not claim_at(np.exp, np.ones(3)).is_random


def test_gradient_is_not_evaluated_outside_the_bounds():
    seen, x = [], np.array([1.0, 2.0])
    claim_at(lambda x: seen.append(x.copy()) or x, x, lower=x.copy(), upper=x + 1)
    assert len(seen) == 8
    assert np.min(seen, axis=0).tolist() == [1.0, 2.0]


def test_directions_are_two_halves_by_rank_one_by_root_mean_square_and_one_of_units():
    x, claim = np.array([1e-3, 1.0, 10.0, 1e3]), np.array([1.0, 0.0, 1e-2, 5.0])
    along = chosen_directions(Parameters(x), claim, 6, np.random.default_rng(0))
    size = np.abs(along.moves)
    assert size[0].tolist() == [1e-3, 1.0, 0, 0]
    assert size[1].tolist() == [0, 0, 10.0, 1e3]
    assert size[2] == pytest.approx(np.full(4, np.sqrt(np.mean(x * x))))
    assert size[3].tolist() == [1, 1, 1, 1]
    assert (size[4].tolist(), size[5].tolist()) == (size[0].tolist(), size[1].tolist())
    assert (along.start > 0).all()


@pytest.mark.parametrize("x", [[0.0, 0.0], [0.0, 2.0, 3.0], [1e-300, 1e300], [5.0], [0.0], [7.0, 7.0]])
def test_every_direction_moves_something_and_together_they_move_everything(x):
    along = chosen_directions(Parameters(x), np.ones(len(x)), 4, np.random.default_rng(0))
    assert np.isfinite(along.moves).all()
    assert np.isfinite(along.start).all()
    assert (along.start > 0).all()
    assert (np.abs(along.moves).max(axis=1) > 0).all()
    assert (np.abs(along.moves[:2]).max(axis=0) > 0).all()


def test_first_steps_do_not_leave_the_spread_of_an_offset():
    x = 1000 + np.random.default_rng(0).standard_normal(50)
    along = chosen_directions(Parameters(x), np.ones(50), 4, np.random.default_rng(0))
    assert (along.start * np.abs(along.moves).max(axis=1) < 1).all()


def along(f, x, noise=0.0, scatter=np.inf, interval=(-np.inf, np.inf)):
    lines = coordinates(Function(f, Parameters(x)), x)
    return scatter_along(lines, FORMATS["float32"], np.full(x.size, noise), scatter, interval)


def test_rounding_of_a_mean_is_seen_beside_all_x_and_along_each():
    """The mean of 16 numbers near 100 is rounded by some units of its last place, of 2⁻¹⁷ each."""
    for seed in range(20):
        x = (100 + np.random.default_rng(seed).standard_normal(16)).astype(np.float32)

        def f(v):
            return v.mean() - np.float32(100)

        point = Parameters(x)
        seen = roundings_of(Function(f, point), float(f(x)), np.random.default_rng(seed))
        assert 2.0**-20 < seen.scatter < 2.0**-15
        assert seen.evaluations == 24
        assert np.all((along(f, x) > 2.0**-20) & (along(f, x) < 2.0**-15))


def test_sum_of_many_terms_is_rounded_less_where_one_moves():
    x = np.random.default_rng(0).uniform(0.5, 1, 64).astype(np.float32)

    def f(v):
        return np.float32(np.exp(v[:32].astype(np.float32)).sum() * np.float32(1e-3) + np.square(v[32:]).sum())

    every = roundings_of(Function(f, Parameters(x)), float(f(x)), np.random.default_rng(0)).scatter
    assert np.median(along(f, x)) < every


def test_rounding_is_looked_at_only_where_a_slope_knows_of_much_less_and_inside_the_domain():
    seen, x = [], np.array([1.0, 2.0], np.float32)

    def f(v):
        seen.append(v.copy())
        return np.exp(v).sum()

    assert not along(f, x, noise=1.1, scatter=3.0).any()
    assert not seen
    assert along(f, x, scatter=3.0, interval=(x.astype(float), x.astype(float) + 1)).tolist() == [3, 3]
    assert not seen
    assert along(f, x).all()
    assert np.abs(np.array(seen) - x).max() <= 151 * 2.0**-22
