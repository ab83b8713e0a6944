"""Correct gradients of functions that deceive a difference formula, and wrong ones of functions that hide them."""

import numpy as np
import pytest

from numdiff.floats.formats import get_format
from numdiff.gradients import Verdict, check_gradient

each_mode = pytest.mark.parametrize("directions", [0, 4], ids=["coordinates", "directions"])
each_format = pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])


def rejected_products(seeds):
    """Check Π(aᵢx + b): three roundings of the same kind, whose errors at evenly spaced points are odd in k."""
    rejected = 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        x, (a, b) = rng.uniform(-2, 2, 3), rng.uniform(-2, 2, 2).astype(np.float16).astype(float)

        def f(x, a=a, b=b):
            return np.prod(x * a + b)

        def gradient(x, a=a, b=b):
            factors = x * a + b
            return np.array([a * np.prod(np.delete(factors, i)) for i in range(3)])

        rejected += check_gradient(f, gradient, x, directions=4, seed=seed).verdict is Verdict.DISAGREE
    return rejected


def test_rounding_errors_that_are_odd_around_x_are_no_bug():
    assert rejected_products(range(400)) == 0


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_waves_far_shorter_than_x_are_no_bug(name):
    """The first steps fit the size of x; at smaller ones the gradient is seen to be right."""
    x = (np.random.default_rng(4).uniform(-1, 1, 8) * 10 ** np.linspace(0, 4, 8)).astype(name)
    check = check_gradient(lambda x: np.sum(np.cos(x)), lambda x: -np.sin(x), x, directions=0)
    assert check.verdict is not Verdict.DISAGREE, str(check)


@each_mode
def test_a_feature_between_the_points_of_a_line_is_no_bug(directions):
    x = np.random.default_rng(5).uniform(-2, 2, 6)
    center = x + 1e-5

    def gradient(x):
        return 3000 * (1 - np.tanh(3000 * (x - center)) ** 2)

    check = check_gradient(lambda x: np.sum(np.tanh(3000 * (x - center))), gradient, x, directions=directions)
    assert check.verdict is not Verdict.DISAGREE, str(check)


@each_format
def test_coordinates_that_f_does_not_see_here_are_zero(name):
    """Of the largest of some numbers only one counts, but farther out it may be another."""
    x = get_format(name).as_array([0.5, 4.0, -0.25, 1.0])

    def gradient(x):
        return np.where(x == x.max(), np.ones_like(x), np.zeros_like(x))

    check = check_gradient(np.max, gradient, x, directions=0)
    expected = [Verdict.ZERO, Verdict.AGREE, Verdict.ZERO, Verdict.ZERO]
    assert [comparison.verdict for comparison in check.comparisons] == expected, str(check)


def printed(digits):
    return lambda x: float(f"{np.max(x):.{digits}g}")


@pytest.mark.parametrize(
    "f, claim, verdict",
    [
        (np.max, 1e-9, Verdict.DISAGREE),
        (np.max, 1e-15, Verdict.UNDECIDED),
        (printed(6), 1e-9, Verdict.UNDECIDED),
        (printed(6), 1e-6, Verdict.UNDECIDED),
        (printed(6), 0.5, Verdict.DISAGREE),
        (lambda x: 4.0, 1e-9, Verdict.UNDECIDED),
        (lambda x: 4.0, 0.5, Verdict.DISAGREE),
    ],
)
def test_claim_for_a_coordinate_that_f_does_not_see_is_wrong_if_it_were_seen(f, claim, verdict):
    """f is constant: it may be a stair, but not one of which the claim would be several steps."""
    x = np.array([0.5, 4.0, -0.25, 1.0])
    check = check_gradient(f, lambda x: np.array([claim, 1, 0, 0]), x, directions=0, coordinates=[0])
    assert check.comparisons[0].verdict is verdict
    assert ("may be a stair" in check.comparisons[0].reason) == (verdict is Verdict.UNDECIDED and claim > 1e-14)


@each_format
@pytest.mark.parametrize("wrong", [False, True])
def test_a_function_too_coarse_for_the_first_steps(name, wrong):
    """A large intermediate result swallows what small steps change; a claim of 0 fits only these."""
    item = get_format(name)
    large = item.dtype.type(float(2 / item.machine_epsilon) ** 0.5 * 16)
    x = item.as_array([1.0, -1.5, 2.0])

    def f(x):
        return np.sum((x + large) - large)

    check = check_gradient(f, lambda x: np.full_like(x, 0 if wrong else 1), x, directions=0)
    assert check.verdict is not (Verdict.AGREE if wrong else Verdict.DISAGREE), str(check)


@each_mode
@pytest.mark.parametrize("given", [None, 1e-7])
def test_a_function_that_answers_in_fewer_digits_than_it_uses(directions, given):
    """It takes one evaluation more to know f(x) in its format."""
    x = np.random.default_rng(6).standard_normal(50)

    def f(x):
        return np.float32(np.sum(np.sin(np.asarray(x, np.float64))))

    check = check_gradient(f, np.cos, x, directions=directions, noise=given)
    assert check.verdict is Verdict.AGREE, str(check)
    assert check.format == "float32"
    if directions:
        assert check.evaluations <= 100
