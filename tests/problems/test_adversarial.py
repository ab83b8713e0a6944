"""Adversarial problems say what a good answer is, and do what they say of themselves."""

import math

import numpy as np
import pytest

from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS, dyadic
from numdiff.problems import PROBLEMS
from numdiff.problems.adversarial import ADVERSARIAL, Adversary

reference = pytest.importorskip("numdiff.analysis.reference")
NARROWEST = "float64"
CASES = [(problem, x) for problem in ADVERSARIAL.values() for x in problem.points]
SMOOTH = [(problem, x) for problem, x in CASES if problem.smooth]
STATUSES = {
    *("no_digits", "not_finite", "kink", "jump", "oscillates", "ambiguous", "touches_domain", "budget"),
}
REPORTED = {
    "huge arguments": "huge_argument_square huge_argument_log huge_argument_sine",
    "tiny arguments": "tiny_argument_exp tiny_argument_square reciprocal_near_zero",
    "the edge of a domain": "log_at_its_edge log_without_a_domain root_at_its_edge arcsine_at_its_edge",
    "f' = 0": "flat_cosine flat_quartic constant",
    "f''' = 0": "line parabola odd_quintic",
    "kinks": "absolute_value relu kink_of_a_curve kink_beside",
    "jumps": "unit_step jump_of_a_curve floor_between",
    "sin(1/x)": "sine_of_reciprocal",
    "oscillation": "fast_oscillation faster_oscillation alias_of_halving steep_front",
    "noise": "noise_of_1em12 noise_of_1em8 noise_of_1em4 noise_of_1em2 single_inside single_result rounded_output",
    "mixed scales": "mixed_scales slow_sine scaled_exponential steep_exponential",
    "subnormal numbers": "subnormal_values subnormal_argument",
    "huge offsets": "offset_million offset_trillion offset_hides_all",
}


def ids(item):
    return item.name if isinstance(item, Adversary) else repr(item)


def slope_of(problem, x):
    return reference.ExactFunction(problem.meant or problem.f, engine="arb").reference(dyadic(x)).value


@pytest.mark.parametrize("kind", REPORTED)
def test_every_reported_kind_of_failure_is_there(kind):
    assert set(REPORTED[kind].split()) <= set(ADVERSARIAL)


def test_no_adversarial_problem_is_in_the_registry_of_problems():
    """A sweep looks inside f: what is computed there is not what is meant."""
    assert not set(ADVERSARIAL) & set(PROBLEMS)


@pytest.mark.parametrize("problem", ADVERSARIAL.values(), ids=ADVERSARIAL)
def test_each_says_what_a_good_answer_is_in_known_words(problem):
    assert problem.within > 0 or problem.statuses
    assert set(problem.statuses) <= STATUSES
    assert problem.reason.endswith(".")
    assert len(problem.reason) <= 110
    assert set(problem.formats) <= {*FORMATS, "float80"}
    assert problem.slopes is None or not problem.jumps


@pytest.mark.parametrize("problem, x", CASES, ids=ids)
def test_f_is_finite_and_keeps_the_format_at_the_points(problem, x):
    for name in (problem.formats or FORMATS) & FORMATS.keys():
        fmt = FORMATS[name]
        value = evaluate(fmt, problem.f, fmt.as_array(np.array([x])))
        assert value.dtype == fmt.dtype
        assert np.isfinite(value).all()


@pytest.mark.parametrize("problem, x", SMOOTH, ids=ids)
def test_the_reference_knows_the_derivative_of_what_is_meant(problem, x):
    assert math.isfinite(slope_of(problem, x))


@pytest.mark.parametrize("problem, x", [case for case in CASES if case[0].slopes], ids=ids)
def test_slopes_at_a_kink_are_the_one_sided_derivatives(problem, x):
    exact = reference.ExactFunction(problem.f, engine="arb")
    left, right = (exact.reference(dyadic(x), 1, side).value for side in (-1, 1))
    assert (left, right) == pytest.approx(problem.slopes, rel=1e-15)
    assert math.isnan(slope_of(problem, x))


@pytest.mark.parametrize("problem, x", [case for case in CASES if case[0].jumps], ids=ids)
def test_f_jumps_where_it_says_so(problem, x):
    beside = problem.f(np.array([np.nextafter(x, -1), x]))
    assert abs(beside[1] - beside[0]) > 0.1


def test_the_derivative_is_zero_where_it_says_so():
    for name in REPORTED["f' = 0"].split():
        slopes = [slope_of(ADVERSARIAL[name], x) for x in ADVERSARIAL[name].points]
        assert slopes[0] == 0
        assert all(abs(slope) < 1e-15 for slope in slopes)


def test_the_third_derivative_is_zero_where_it_says_so():
    for name in REPORTED["f''' = 0"].split():
        problem = ADVERSARIAL[name]
        exact = reference.ExactFunction(problem.f, engine="arb")
        assert all(exact.reference(dyadic(x), 3).value == 0 for x in problem.points)


@pytest.mark.parametrize(
    "problem",
    [p for p in ADVERSARIAL.values() if p.deviation and not p.undecidable and "inside" not in p.name],
    ids=ids,
)
def test_the_deviation_is_that_of_computed_from_meant(problem):
    """Over 4,000 points around each point; stairs and roundings are uniform when they are many."""
    for x in problem.points:
        nodes = x * (1 + np.linspace(-1e-3, 1e-3, 4000))
        noise = problem.f(nodes) - problem.meant(nodes)
        assert np.sqrt((noise**2).mean()) == pytest.approx(problem.deviation(x), rel=0.5)


def test_a_narrower_format_inside_has_at_most_the_noise_that_it_says():
    problem = ADVERSARIAL["single_inside"]
    for x in problem.points:
        nodes = x * (1 + np.linspace(-1e-6, 1e-6, 4000))
        noise = problem.f(nodes) - problem.meant(nodes)
        assert 0.1 < np.sqrt((noise**2).mean()) / problem.deviation(x) < 1


def test_what_is_undecidable_is_a_smooth_function_with_another_slope_as_computed():
    quotient, offset = ADVERSARIAL["cancelled_quotient"], ADVERSARIAL["offset_hides_all"]
    x = quotient.points[0]
    between = quotient.f(x * (1 + np.linspace(-1e-4, 1e-4, 100)))
    computed = (between[-1] - between[0]) / (2e-4 * x)
    assert abs(computed) > 1e3 * abs(slope_of(quotient, x))
    assert len(set(offset.f(np.linspace(0.0, 2.0, 100)))) == 1


def test_paths_have_kinks_close_to_each_other_and_none_at_the_points():
    option = ADVERSARIAL["monte_carlo_option"]
    for x in option.points:
        nodes = x + np.array([-0.01, -1e-9, 0.0, 1e-9, 0.01])
        values = option.f(nodes)
        near, far = (values[3] - values[1]) / 2e-9, (values[4] - values[0]) / 0.02
        assert near == pytest.approx(slope_of(option, x), rel=1e-5)
        assert far == pytest.approx(near, rel=option.within)
        assert abs(far - near) > 1e-6 * near


def test_nothing_good_and_nothing_honest_is_refused():
    with pytest.raises(ValueError, match=r"within or statuses must say .* 'vague'"):
        Adversary("vague", "x", lambda x: x, (1.0,), "Vague.", "ours", within=0.0)
    with pytest.raises(ValueError, match=r"points of 'outside' must lie inside \(0.0, 1.0\), got 2.0"):
        Adversary("outside", "x", lambda x: x, (2.0,), "Outside.", "ours", domain=(0.0, 1.0))
