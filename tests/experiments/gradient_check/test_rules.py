"""The rules do what the sources say, worked out by hand on functions whose differences are known."""

import importlib.util
import re
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from experiments.gradient_check import rules
from experiments.gradient_check.bugs import BUGS
from experiments.gradient_check.claims import FACTORS, RIGHT
from experiments.gradient_check.libraries import SUFFIX, installed
from experiments.gradient_check.rules import RULES, Checker, Decision, Outcome
from experiments.gradient_check.subjects import SMALL
from experiments.gradient_check.trials import TrialPlan, run_trials

BY_NAME = {rule.name: rule for rule in RULES}
X = np.array([0.5, -1.25, 2.0])


def linear(weights):
    """A linear function of exact values: its difference quotient is its slope, up to rounding."""
    return lambda x: np.dot(np.asarray(x, np.float64), weights)


def verdicts(name, errors, x=X, weights=(1.0, 2.0, -3.0)):
    """Return the verdicts on gradients that are wrong by absolute errors in the first element."""
    weights = np.array(weights)
    found = []
    for error in errors:
        wrong = weights + np.array([error, *[0.0] * (len(weights) - 1)])
        found.append(BY_NAME[name].check(linear(weights), lambda p, w=wrong: w.copy(), x, 3).verdict)
    return found


def test_every_rule_names_its_source_and_a_release():
    lock = (Path(__file__).parents[3] / "requirements.lock").read_text(encoding="utf-8")
    (scipy,) = re.findall(r"^scipy==([\d.]+)", lock, re.MULTILINE)  # it is run and not transcribed: as it is installed
    for rule in RULES:
        assert "https://github.com/" in rule.source
        assert (scipy if rule.name == "scipy check_grad" else rule.version) in rule.source
        assert rule.mode in ("coordinates", "directions" if rule.repeats else "direction")


@pytest.mark.parametrize("name", BY_NAME)
def test_the_gradient_of_a_linear_function_passes_and_its_negative_does_not(name):
    weights = np.array([1.0, 2.0, -3.0])
    rule = BY_NAME[name]
    assert rule.check(linear(weights), lambda p: weights.copy(), X, 0).verdict is Decision.PASSED
    assert rule.check(linear(weights), lambda p: -weights, X, 0).rejected


def test_torch_allows_atol_and_rtol_of_the_numeric_value():
    allowed = 1e-5 + 1e-3 * 1.0  # the first slope is 1
    assert verdicts("torch gradcheck", [0.99 * allowed, 1.01 * allowed]) == [Decision.PASSED, Decision.REJECTED]
    small = verdicts("torch gradcheck", [0.99e-5, 1.01e-5], weights=(0.0, 2.0, -3.0))
    assert small == [Decision.PASSED, Decision.REJECTED]


def test_scipy_rejects_above_the_limit_of_the_distance():
    limit = rules.SCIPY_LIMIT
    assert verdicts("scipy check_grad", [0.9 * limit, 1.1 * limit]) == [Decision.PASSED, Decision.REJECTED]


def test_jax_compares_the_projection_on_the_direction_of_seed_zero():
    tangent, cotangent = rules.jax_direction(X)
    state = np.random.RandomState(0)
    np.testing.assert_array_equal(tangent, state.randn(3))
    assert cotangent == state.randn()
    numeric = cotangent * np.dot(tangent, [1.0, 2.0, -3.0])
    allowed = 1e-5 + 1e-5 * abs(numeric)
    error = allowed / abs(cotangent * tangent[0])
    assert verdicts("jax check_grads", [0.99 * error, 1.01 * error]) == [Decision.PASSED, Decision.REJECTED]


def test_autograd_allows_either_tolerance():
    state = np.random.RandomState(3)
    direction, scale = state.randn(3), state.randn()
    slope = scale * np.dot(direction, [1.0, 2.0, -3.0])
    allowed = max(1e-6, 1e-6 * 2 * abs(slope))
    error = allowed / abs(scale * direction[0])
    assert verdicts("autograd check_grads", [0.98 * error, 1.02 * error]) == [Decision.PASSED, Decision.REJECTED]


def test_chainer_allows_atol_and_rtol_in_a_unit_direction():
    normal = np.random.RandomState(3).normal(size=3)
    direction = np.sign(normal) * np.sqrt(0.99 * normal**2 / np.sum(normal**2) + 0.01 / 3)
    assert np.linalg.norm(direction) == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(rules.chainer_direction(3, 3), direction, rtol=1e-15)
    claimed = abs(np.dot(direction, [1.0, 2.0, -3.0]))
    error = (1e-5 + 1e-4 * claimed) / abs(direction[0])
    assert verdicts("chainer check_backward", [0.999 * error, 1.001 * error]) == [Decision.PASSED, Decision.REJECTED]


@pytest.mark.parametrize("name", ["autograd check_grads", "chainer check_backward"])
def test_a_format_that_a_checker_does_not_take_is_said(name):
    x = X.astype(ml_dtypes.bfloat16)
    outcome = BY_NAME[name].check(lambda p: p[0], lambda p: p, x, 0)
    assert outcome == Outcome(Decision.UNAVAILABLE, "does not take bfloat16")
    assert not outcome.rejected


def test_an_error_in_the_rule_is_an_outcome_of_its_own():
    def broken(f, gradient, x, seed):
        raise ZeroDivisionError("so it is\nin two lines")

    outcome = Checker("broken", "1", "direction", ("float64",), broken).check(np.sum, np.ones_like, X, 0)
    assert outcome == Outcome(Decision.FAILED, "ZeroDivisionError: so it is")


@pytest.mark.parametrize("name", BY_NAME)
def test_nan_is_never_passed(name):
    nan = np.full(3, np.nan)
    assert BY_NAME[name].check(linear(np.ones(3)), lambda p: nan.copy(), X, 0).rejected
    assert BY_NAME[name].check(lambda p: np.float64(np.nan), lambda p: np.ones(3), X, 0).rejected


@pytest.mark.parametrize("library", installed(), ids=lambda checker: checker.name)
def test_library_and_rule_give_the_same_verdict(library):
    """Where the library is there (make experiments-ml has them all)."""
    rule = BY_NAME[library.name.removesuffix(SUFFIX)]
    assert library.version == rule.version
    claims = (RIGHT, *FACTORS, *BUGS)
    subjects = ("attention", "gru", "relu_1", *SMALL[:1])
    trials = run_trials(TrialPlan(subjects, rule.formats, claims=claims, checkers=(library, rule)))
    table = trials.pivot(index=["format", "subject", "claim"], columns="checker", values="verdict")
    assert (table[library.name] == table[rule.name]).all()


def test_libraries_are_found_by_what_is_installed():
    here = {name.split()[0] for name in (checker.name for checker in installed())}
    assert here == {name for name in ("torch", "jax", "autograd") if importlib.util.find_spec(name)}


def test_the_repeated_rule_begins_with_the_source_and_takes_two_evaluations_a_direction():
    calls = []
    weights = np.array([1.0, 2.0, -3.0])

    def f(x):
        calls.append(x)
        return linear(weights)(x)

    rule = BY_NAME["jax check_grads (repeated)"]
    outcome = rule.check(f, lambda p: weights.copy(), X, 5, 21)
    assert len(calls) == 20 == 2 * len(outcome.lines)
    tangent, _ = rules.jax_direction(X)
    np.testing.assert_array_equal(calls[0], X + tangent * rules.JAX_EPS)
    assert len({point.tobytes() for point in calls}) == 20
    wrong = weights + np.array([0.0, 0.0, 1e-4])
    assert rule.check(f, lambda p: wrong.copy(), X, 5, 21).rejected


def test_torch_says_which_coordinate_is_wrong():
    wrong = np.array([1.0, 2.1, -3.0])
    outcome = BY_NAME["torch gradcheck"].check(linear(np.array([1.0, 2.0, -3.0])), lambda p: wrong.copy(), X, 0)
    assert outcome.lines == (rules.Line.AGREE, rules.Line.DISAGREE, rules.Line.AGREE)
