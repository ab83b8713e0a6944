"""The members of a formulation are one function, and not one computation."""

import inspect
import math
import random
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from experiments.registry import EXPERIMENTS
from numdiff.arithmetic import balls, rational
from numdiff.arithmetic.ball import Ball
from numdiff.autodiff import StableSigmoid, StableTanh, Variable
from numdiff.floats.formats import FORMATS, dyadic
from numdiff.problems import CLASSIC, FORMULATION, FORMULATIONS, PROBLEMS, SPECIAL, STEP4
from numdiff.problems import formulations as module

BITS = 300
SPANS = {"log1p": (-0.999, 20.0), "sigmoid": (-30.0, 30.0), "tanh": (-30.0, 30.0)}
"""Where the random points lie; elsewhere (-12, 12)."""
PAIRS = [(group, a, b) for group, names in FORMULATIONS.items() for a, b in combinations(names, 2)]
RATIONAL = ("ninth_power", "binomial")


def random_points(group: str, number: int = 40) -> list[float]:
    """Return points of full significand over the span, and as many close to 0."""
    source = random.Random(f"formulation {group}")
    wide = [source.uniform(*SPANS.get(group, (-12.0, 12.0))) for _ in range(number)]
    return wide + [source.uniform(-1, 1) * 2.0 ** -source.randint(4, 30) for _ in range(number)]


def disjoint(a: Ball, b: Ball) -> bool:
    return abs(a.midpoint - b.midpoint) > a.radius + b.radius


def enclosures(f, points, bits=BITS):
    return balls.values(f, [dyadic(x) for x in points], bits)


def tight(ball: Ball) -> bool:
    return ball.radius <= abs(ball.midpoint) / 2**100


@pytest.mark.parametrize("group, one, other", PAIRS)
def test_the_members_of_a_formulation_are_one_function(group, one, other):
    """Their Arb enclosures overlap at random points, and are so tight that a last bit would separate them."""
    points = random_points(group)
    for x, a, b in zip(points, *(enclosures(PROBLEMS[name].f, points) for name in (one, other)), strict=True):
        assert tight(a), x
        assert tight(b), x
        assert not disjoint(a, b), x


@pytest.mark.parametrize("group, one, other", PAIRS)
def test_a_member_that_is_off_by_2_to_minus_52_would_be_another_function(group, one, other):
    points = random_points(group)
    wrong = enclosures(lambda x: PROBLEMS[other].f(x) * (1 + 2.0**-52), points)
    assert all(disjoint(a, b) for a, b in zip(enclosures(PROBLEMS[one].f, points), wrong, strict=True))


@pytest.mark.parametrize("group", RATIONAL)
def test_polynomials_are_one_function_exactly(group):
    """They agree at 10 points, and are of degree 9: they are the same polynomial."""
    points = [Fraction(k, 8) for k in range(-5, 5)]
    first, *others = (
        rational.values(PROBLEMS[name].f, [dyadic(float(x)) for x in points]) for name in FORMULATIONS[group]
    )
    assert len(set(first)) > 1
    assert all(values == first for values in others)


@pytest.mark.parametrize("name", FORMATS)
def test_the_coefficients_of_the_binomial_are_numbers_of_every_format(name):
    """Otherwise Horner's rule would be for another polynomial there."""
    coefficients = module._BINOMIAL
    assert list(coefficients) == [math.comb(9, k) * (-2.0) ** k for k in range(10)]
    assert [float(c) for c in FORMATS[name].as_array(np.array(coefficients))] == list(coefficients)


@pytest.mark.parametrize("group, one, other", PAIRS)
def test_the_members_of_a_formulation_are_not_one_computation(group, one, other):
    x = np.array(random_points(group), dtype=np.float32)
    with np.errstate(invalid="ignore"):
        assert (PROBLEMS[one].f(x) != PROBLEMS[other].f(x)).any()


@pytest.mark.parametrize("names", FORMULATIONS.values(), ids=FORMULATIONS)
def test_the_members_share_at_least_two_points_and_their_first(names):
    shared = set.intersection(*(set(PROBLEMS[name].points) for name in names))
    assert len(shared) >= 2
    assert {PROBLEMS[name].points[0] for name in names} <= shared
    assert len({PROBLEMS[name].domain for name in names}) == 1


def test_every_problem_of_the_family_is_in_one_formulation():
    placed = [name for names in FORMULATIONS.values() for name in names]
    assert len(placed) == len(set(placed))
    assert set(placed) - {"tanh", "sigmoid"} == {problem.name for problem in FORMULATION}
    assert {problem.family for problem in FORMULATION} == {"formulation"}
    assert all(len(names) >= 2 for names in FORMULATIONS.values())


@pytest.mark.parametrize("name", ["step_sweep", "error_ledger", "optimal_step"])
def test_the_family_is_in_no_sweep_over_all_functions(name):
    (sweep,) = EXPERIMENTS[name].sweeps
    assert sweep.problems == tuple(problem.name for problem in (*STEP4, *CLASSIC, *SPECIAL))


@pytest.mark.parametrize("name, function", [("tanh_library", StableTanh()), ("sigmoid_stable", StableSigmoid())])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_stable_problems_are_the_functions_bit_for_bit(name, function, dtype):
    x = np.linspace(-3, 3, 61).astype(dtype)
    assert np.array_equal(PROBLEMS[name].f(x), function(Variable(x)).data)


def test_functions_of_the_module_are_named():
    for problem in FORMULATION:
        if problem.name not in ("tanh_library", "sigmoid_stable"):
            assert inspect.isfunction(problem.f)
            assert getattr(module, problem.f.__name__) is problem.f
        assert getattr(module, problem.derivative.__name__) is problem.derivative


# --- what the sources promise ---------------------------------------------------------------------------------


def relative_errors(name, points):
    """Return the errors of the float64 function, in units of u, against Arb."""
    with np.errstate(invalid="ignore"):  # 0/0 in the branch that is not taken
        computed = PROBLEMS[name].f(np.array(points))
    exact = enclosures(PROBLEMS[name].f, points)
    return [abs(Fraction(float(y)) / ball.midpoint - 1) * 2**53 for y, ball in zip(computed, exact, strict=True)]


def test_theorem_4_of_goldberg():
    """The relative error is at most 5u for 0 ≤ x < 3/4, given a logarithm that is good to half an ulp.

    His ε is our u. NumPy's logarithm is good to an ulp: u more, and some of second order.
    """
    source = random.Random("Goldberg")
    points = [0.75 * source.random() * 2.0 ** -source.randint(0, 60) for _ in range(400)]
    assert max(relative_errors("log_goldberg", points)) <= 6.1
    assert max(relative_errors("log_of_sum", points)) > 1e6


def test_algorithm_2_of_higham():
    """(z − 1)/log z is good to 3.5u if exp and log are good to u; here to 2u each, and a product more: 8u."""
    source = random.Random("Higham")
    points = [source.uniform(-0.5, 0.5) * 2.0 ** -source.randint(0, 60) for _ in range(400)]
    assert max(relative_errors("exp_kahan", points)) <= 8
    assert max(relative_errors("exp_less_one", points)) > 1e6


@pytest.mark.parametrize("name", ["log_goldberg", "exp_kahan"])
def test_quotients_have_a_value_where_the_sum_absorbs_x(name):
    x = np.array([0.0, 1e-17, -1e-17, 1e-300])
    with np.errstate(invalid="ignore"):
        assert np.array_equal(PROBLEMS[name].f(x), x)
