"""What wide steps say before a claim is called wrong: treads of a constant, and slopes from afar."""

import numpy as np
import pytest

from numdiff import check_gradient
from numdiff.floats.formats import FORMATS
from numdiff.gradients.far_look import tread_beyond
from numdiff.gradients.functions import Function
from numdiff.gradients.lines import coordinates
from numdiff.gradients.parameters import Parameters
from numdiff.gradients.rule import Verdict
from numdiff.gradients.searches import estimated


def entropy(z):
    """The cross-entropy of the first class."""
    return np.log(np.sum(np.exp(z - z.max()))) + z.max() - z[0]


def entropy_gradient(z):
    part = np.exp(z - z.max())
    part /= part.sum()
    return np.concatenate(([-part[1:].sum()], part[1:]))


def softplus(z):
    return np.log(1 + np.exp(-z)).sum()


def softplus_gradient(z):
    return -1 / (1 + np.exp(z))


def squared(z):
    return np.sum((1 - 1 / (1 + np.exp(-z))) ** 2)


def squared_gradient(z):
    rest = 1 / (1 + np.exp(z))
    return -2 * rest**2 / (1 + np.exp(-z))


@pytest.mark.parametrize("directions", [0, 4])
@pytest.mark.parametrize(
    ("f", "gradient"),
    [(entropy, entropy_gradient), (softplus, softplus_gradient), (squared, squared_gradient)],
    ids=["entropy", "softplus", "squared"],
)
@pytest.mark.parametrize(("name", "sizes"), [("float32", (14, 16, 17.5, 30)), ("float64", (34, 36, 37.5, 60))])
def test_right_gradient_of_a_loss_that_rounds_to_nothing_is_not_called_wrong(name, sizes, f, gradient, directions):
    """Caught: f is 0 or a few units of 1 − u at all steps, and was taken for a constant that refutes any claim."""
    for size in sizes:
        for seed in range(3):
            rng = np.random.default_rng(seed)
            x = rng.normal(size=4)
            x[: 1 if f is entropy else 4] = size + 0.3 * rng.normal(size=1 if f is entropy else 4)
            x = x.astype(name)
            check = check_gradient(f, gradient, x, directions=directions, seed=seed)
            assert check.verdict is not Verdict.DISAGREE, (size, seed, str(check))


@pytest.mark.parametrize("directions", [0, 4])
@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("slope", [1.0, -1.0, 0.01, 0.001])
def test_slope_that_is_claimed_of_a_dead_unit_is_called_wrong(name, slope, directions):
    """The other side: f is 0 in a whole neighbourhood, and rises beyond it."""
    wrong = 0
    for seed in range(5):
        x = (-0.01 - np.abs(np.random.default_rng(seed).normal(size=4))).astype(name)
        claim = np.zeros(4, name)
        claim[1] = slope
        check = check_gradient(lambda v: np.maximum(v, 0).sum(), claim, x, directions=directions, seed=seed)
        assert check.verdict is not Verdict.AGREE
        wrong += check.verdict is Verdict.DISAGREE
    assert wrong >= (4 if directions else 5)


def tread(f, x):
    vector = np.array([x])
    lines = coordinates(Function(f, Parameters(vector)), vector)
    return tread_beyond(lines, estimated(lines, FORMATS["float64"]), -np.inf, np.inf)[0]


def test_tread_is_the_distance_of_two_values_or_nothing():
    assert tread(lambda v: v[0] ** 2, 0.5) == 0
    assert tread(lambda v: np.float64(3.0), 0.5) == np.inf
    assert tread(lambda v: np.log(1 + np.exp(-v[0])), 40.0) == pytest.approx(2.0**-52)
    assert tread(lambda v: np.round(v[0], 1), 0.52) == pytest.approx(0.1)
    assert 0 < tread(lambda v: np.maximum(v[0] - 1, 0), 0.5) < 1e-4


@pytest.mark.parametrize("claimed", [1.0, 1.25])
def test_wide_steps_that_see_the_claim_beside_a_removable_singularity_leave_it_undecided(claimed):
    """Caught: below the spacing of 1 + x the quotient is k/x, smooth and wrong."""
    x, seen = np.float32(1.327e-5), check_gradient
    check = seen(lambda v: np.log(1 + v) / v, np.float32(-0.5 * claimed), x)
    assert check.verdict is Verdict.INCONCLUSIVE
    assert "another ladder of steps sees the claim" in str(check)


@pytest.mark.parametrize("claim", [0.0, 1.5, -1.0])
def test_wide_steps_do_not_excuse_a_wrong_claim_of_a_fast_wave(claim):
    check = check_gradient(lambda v: np.sin(1e7 * v[0]), np.array([claim * 1e7 * np.cos(7e6)]), np.array([0.7]))
    assert check.verdict is Verdict.DISAGREE


@pytest.mark.parametrize("directions", [0, 4])
def test_function_that_couples_the_points_of_a_batch_is_refused(directions):
    x = np.array([0.5, -1.0, 2.0])
    with pytest.raises(ValueError, match="for each point of a batch what it returns for that point alone"):
        check_gradient(
            lambda v: np.sin(v).sum(axis=1) + v.mean(),
            lambda v: np.cos(v) + 1 / 3,
            x,
            vectorized=True,
            directions=directions,
        )


def test_small_mistake_beside_large_slopes_is_called_wrong_from_what_is_said_to_be_visible_on():
    """Caught: what leaves a direction right to three digits is inexact, and was said to be seen."""

    def f(v):
        return 1e4 * np.sin(v[:7]).sum() + np.sin(v[7])

    def gradient(v):
        return np.concatenate((1e4 * np.cos(v[:7]), np.cos(v[7:])))

    for seed in range(10):
        x = np.random.default_rng(seed).normal(size=8)
        right = check_gradient(f, gradient, x, directions=4, seed=seed)
        assert right.verdict is Verdict.AGREE
        assert right.visible > 1e-3
        wrong = gradient(x)
        wrong[7] += 1.5 * right.visible
        assert check_gradient(f, wrong, x, directions=4, seed=seed).verdict is Verdict.DISAGREE


@pytest.mark.parametrize("seed", range(5))
def test_gradient_in_a_narrower_format_is_inexact_along_directions_too(seed):
    """Caught: one direction was inexact, and the others undecided."""
    x = np.random.default_rng(seed).normal(size=12)
    check = check_gradient(
        lambda v: np.sum(np.sin(v)), lambda v: np.cos(v.astype(np.float32)).astype(float), x, directions=4, seed=seed
    )
    assert check.verdict is Verdict.AGREE
    assert Verdict.INEXACT in {one.verdict for one in check.comparisons}
    assert Verdict.UNDECIDED not in {one.verdict for one in check.comparisons}
