"""What people bring to a gradient check: offsets, mixed scales, stairs, oscillation, kinks, solvers, and chance.

Each case was answered wrongly once, by one that took its steps from the claim; others of the same kind stand beside it.
"""

from collections import Counter

import numpy as np
import pytest

from numdiff.gradients import Verdict, WrongGradientError, check_gradient
from tests.gradients.dropout import is_refused

EACH_MODE = pytest.mark.parametrize("directions", [0, 4], ids=["coordinates", "directions"])


def verdicts(case, seeds, **options):
    """Return how often a check ends with each verdict."""
    found = Counter()
    for seed in range(seeds):
        f, gradient, x = case(np.random.default_rng(seed))
        found[check_gradient(f, gradient, x, seed=seed, **options).verdict] += 1
    return found


# --- the claim does not choose the steps -------------------------------------------------------------


@pytest.mark.parametrize("wave", [50, 20])
def test_zeroed_component_of_an_oscillation_is_found(wave):
    def case(rng):
        x = rng.standard_normal(6).astype(np.float32)
        claim = (wave * np.cos(wave * x)).astype(np.float32)
        claim[np.argmax(np.abs(claim))] = 0
        return (lambda v: np.sin(wave * v).sum()), claim, x

    found = verdicts(case, 60)
    assert found[Verdict.AGREE] == 0
    assert found[Verdict.DISAGREE] >= 57


@pytest.mark.parametrize("factor", [1.5, -1.0, 0.5])
def test_fast_oscillation_is_resolved_or_undecided_but_no_wrong_slope_of_it_is_called_right(factor):
    def case(rng):
        x = rng.uniform(0.1, 2, 1)
        return (lambda v: np.sin(1e7 * v[0])), factor * 1e7 * np.cos(1e7 * x), x

    found = verdicts(case, 60)
    assert found[Verdict.AGREE] == 0
    assert found[Verdict.DISAGREE] >= 40


def test_right_slope_of_a_fast_oscillation_is_not_called_wrong():
    def case(rng):
        return (lambda v: np.sin(1e7 * v[0])), (lambda v: 1e7 * np.cos(1e7 * v)), rng.uniform(0.1, 2, 1)

    assert verdicts(case, 60)[Verdict.DISAGREE] == 0


# --- offsets: the rounding error of the gradient is larger than it looks -----------------------------


def layer_norm(offset, dtype):
    def case(rng):
        x, w = (offset + rng.standard_normal(6)).astype(dtype), rng.standard_normal(6).astype(dtype)

        def parts(x):
            away = x - x.mean()
            scale = 1 / np.sqrt((away * away).mean() + dtype(1e-5))
            return away * scale, scale

        def gradient(x):
            y, scale = parts(x)
            return scale * (w - w.mean() - y * (w * y).mean())

        return (lambda x: (w * parts(x)[0]).sum()), gradient, x

    return case


@pytest.mark.parametrize("offset, dtype", [(1000, np.float32), (100, np.float32), (1e6, np.float64)])
@EACH_MODE
def test_right_gradient_of_layer_norm_with_an_offset_is_not_called_wrong(offset, dtype, directions):
    found = verdicts(layer_norm(offset, dtype), 60, directions=directions)
    assert found[Verdict.DISAGREE] == 0
    assert directions or found[Verdict.AGREE] >= 20


@pytest.mark.parametrize("offset, dtype", [(100, np.float64), (1e4, np.float64), (100, np.float32)])
@EACH_MODE
def test_right_gradient_of_a_variance_with_an_offset_is_not_called_wrong(offset, dtype, directions):
    def case(rng):
        x = (offset + rng.standard_normal(6)).astype(dtype)
        return (lambda v: ((v - v.mean()) ** 2).mean()), (lambda v: 2 * (v - v.mean()) / dtype(v.size)), x

    found = verdicts(case, 60, directions=directions)
    assert found[Verdict.DISAGREE] == 0
    assert found[Verdict.AGREE] >= 40


# --- scales ------------------------------------------------------------------------------------------


def weight_decay(rng):
    """A loss of 10⁴ beside a decay of 10⁻⁴, whose sign is wrong."""
    x = rng.standard_normal(8).astype(np.float32)
    one, other = np.float32(1e4), np.float32(1e-4)
    claim = np.concatenate([2e4 / 3 * (x[:3] - 1), -2e-4 * x[3:]]).astype(np.float32)
    return (lambda p: one * np.mean((p[:3] - 1) ** 2) + other * np.sum(p[3:] ** 2)), claim, x


def test_slope_far_below_the_rounding_of_f_is_undecided_and_the_others_are_resolved():
    for seed in range(20):
        f, claim, x = weight_decay(np.random.default_rng(seed))
        check = check_gradient(f, claim, x)
        assert [one.verdict for one in check.comparisons] == 3 * [Verdict.AGREE] + 5 * [Verdict.UNDECIDED]
        assert "resolved 3 of 8" in str(check)
        with pytest.raises(WrongGradientError, match="INCONCLUSIVE"):
            check.raise_if_wrong(inconclusive=True)


def mixed_scales(dtype):
    def case(rng):
        scales = (10.0 ** np.arange(10)).astype(dtype)
        x = (scales * rng.standard_normal(10)).astype(dtype)
        return (lambda v: np.sin(v / scales).sum()), (lambda v: np.cos(v / scales) / scales), x

    return case


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scales_from_1_to_1e9_agree_along_directions(dtype):
    found = verdicts(mixed_scales(dtype), 40, directions=4)
    assert found[Verdict.DISAGREE] == 0
    assert found[Verdict.AGREE] >= 36


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mistake_at_any_scale_is_found_along_directions(dtype):
    right, found = mixed_scales(dtype), 0
    for seed in range(40):
        f, gradient, x = right(np.random.default_rng(seed))
        claim = gradient(x)
        claim[seed % 10] *= 2
        found += check_gradient(f, claim, x, directions=4, seed=seed).verdict is Verdict.DISAGREE
    # A component next to 0 is no mistake when it is doubled.
    assert found >= 38


# --- stairs, solvers, kinks --------------------------------------------------------------------------


def stair(factor, digits=6):
    def case(rng):
        x = rng.uniform(-1, 1, 1)
        return (lambda v: float(f"{np.exp(v[0]):.{digits}g}")), factor * np.exp(x), x

    return case


def test_printed_number_has_a_slope():
    for digits in (6, 4):
        assert verdicts(stair(1.0, digits), 60)[Verdict.DISAGREE] == 0
    assert verdicts(stair(1.0), 60)[Verdict.AGREE] >= 57
    f, claim, x = stair(1.0)(np.random.default_rng(0))
    assert "more than float64 rounds" in str(check_gradient(f, claim, x))
    assert "noise=" in str(check_gradient(f, claim, x))


@pytest.mark.parametrize("factor", [1.5, 0.0, -1.0])
def test_wrong_slope_of_a_printed_number_is_found(factor):
    assert verdicts(stair(factor), 60)[Verdict.DISAGREE] >= 57


def solved(steps):
    """exp(−p₀)p₁ as so many steps of a method of order 2 give it: accurate to their error alone."""

    def f(p):
        y, h = p[1], 1 / steps
        for _ in range(steps):
            middle = y - h / 2 * p[0] * y
            y = y - h * p[0] * middle
        return y

    return f


@pytest.mark.parametrize("steps", [30, 200])
def test_slope_of_a_solver_is_right_to_some_digits_and_no_cause_of_1_is_named(steps):
    def exact(p):
        return np.array([-p[1] * np.exp(-p[0]), np.exp(-p[0])])

    for seed in range(10):
        x = np.random.default_rng(seed).uniform(0.5, 1, 2)
        check = check_gradient(solved(steps), exact, x)
        assert {one.verdict for one in check.comparisons} == {Verdict.INEXACT}
        assert check.verdict is Verdict.AGREE
        assert "give noise=" in str(check)
        assert check.cause == ""
        with pytest.raises(WrongGradientError):
            check.raise_if_wrong(inexact=True)


def test_a_disagreement_that_may_be_the_solver_is_said_and_has_no_cause_that_prints_as_1():
    check = check_gradient(solved(6), lambda p: np.array([-p[1] * np.exp(-p[0]), np.exp(-p[0])]), np.array([1.0, 2.0]))
    assert check.verdict is Verdict.DISAGREE
    assert "multiplied by 1 " not in str(check) + " "
    assert "or f is not more accurate (the tolerance of a solver, a table): then give noise=" in str(check)


@pytest.mark.parametrize("distance", [1e-2, 1e-4, 1e-7, 1e-10])
@EACH_MODE
def test_right_gradient_beside_a_kink_is_not_called_wrong(distance, directions):
    def case(rng):
        x = rng.standard_normal(6)
        x[::2] *= distance
        slopes = np.arange(1, 7)
        return (lambda v: (np.maximum(v, 0) * slopes).sum() + (v**2).sum()), (lambda v: (v > 0) * slopes + 2 * v), x

    assert verdicts(case, 40, directions=directions)[Verdict.DISAGREE] == 0


def test_dead_unit_is_zero_to_within_a_tolerance_and_no_agreement():
    x = np.array([0.5, -1.0, 2.0])
    check = check_gradient(lambda v: np.maximum(v, 0).sum(), lambda v: 1.0 * (v > 0), x)
    assert [one.verdict for one in check.comparisons] == [Verdict.AGREE, Verdict.ZERO, Verdict.AGREE]
    assert check.verdict is Verdict.INCONCLUSIVE
    assert check.raise_if_wrong() is check
    assert "0 to within" in str(check)


# --- chance ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rate, directions, seeds, least",
    [(0.5, 0, 200, 200), (0.1, 0, 200, 199), (0.02, 0, 100, 99), (0.5, 4, 100, 100), (0.1, 4, 100, 99)],
)
def test_dropout_is_refused(rate, directions, seeds, least):
    """The first of the seeds that `make campaign` takes."""
    assert sum(is_refused(rate, directions, seed) for seed in range(seeds)) >= least


def test_slow_drift_is_refused():
    calls = iter(range(10**6))
    with pytest.raises(ValueError, match=r"f must be deterministic, got .* and later"):
        check_gradient(lambda v: (v * v).sum() + 1e-15 * next(calls), lambda v: 2 * v, np.ones(3))


# --- a check is no truth value -----------------------------------------------------------------------


def test_check_has_no_truth_value():
    check = check_gradient(lambda v: (v * v).sum(), lambda v: 3 * v, np.ones(2))
    with pytest.raises(TypeError, match=r"truth of a GradientCheck is not defined: write check.raise_if_wrong\(\)"):
        assert check
