"""The gradient check: no false positive, no missed bug above ten tolerances, and an answer that a person can use."""

import re
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numdiff.floats.formats import FORMATS, get_format
from numdiff.gradients import Verdict, WrongGradientError, check_gradient

CHECKED = ("float16", "bfloat16", "float32", "float64")
each_format = pytest.mark.parametrize("name", CHECKED)
each_mode = pytest.mark.parametrize("directions", [0, 4], ids=["coordinates", "directions"])

MATRIX = np.random.default_rng(7).standard_normal((5, 5))


def layer(w):
    """A layer of a network and a squared loss: its arguments cannot be told apart by symmetry."""
    return np.sum(np.tanh(MATRIX.astype(w.dtype) @ w) ** 2)


def layer_gradient(w):
    matrix = MATRIX.astype(w.dtype)
    y = np.tanh(matrix @ w)
    return matrix.T @ (2 * y * (1 - y**2))


def weights(dtype=np.float64, seed=0):
    return (np.random.default_rng(seed).standard_normal((5, 5)) / 2).astype(dtype)


def bumps(x):
    return np.sum(np.exp(x) * np.sin(3 * x))


def bumps_gradient(x):
    return np.exp(x) * (np.sin(3 * x) + 3 * np.cos(3 * x))


def point(name, n=6, seed=1):
    return get_format(name).as_array(np.random.default_rng(seed).uniform(-1, 1, n))


# --- correct gradients -------------------------------------------------------------------------------


@each_format
@each_mode
def test_a_correct_gradient_is_not_called_wrong(name, directions):
    for seed in range(20):
        check = check_gradient(bumps, bumps_gradient, point(name, seed=seed), directions=directions, seed=seed)
        assert check.verdict is not Verdict.DISAGREE, str(check)
        assert check.format == name


@pytest.mark.parametrize("name", ["float32", "float64"])
@each_mode
def test_wide_formats_agree(name, directions):
    check = check_gradient(layer, layer_gradient, weights(name), directions=directions)
    assert check.verdict is Verdict.AGREE
    assert check.raise_if_wrong(inconclusive=True) is check


def test_tolerance_of_a_coordinate_is_near_what_the_format_allows():
    """The best of a formula of order six is about u^(6/7); the tolerance is within 10⁴ of it, and far below u^(1/2)."""
    for name in ("float32", "float64"):
        u = float(FORMATS[name].unit_roundoff)
        check = check_gradient(layer, layer_gradient, weights(name))
        assert check.tolerance < 1e4 * u ** (6 / 7)
        assert check.tolerance < 4 * u**0.5


def test_both_slopes_are_right_to_the_tolerance():
    x = point("float64")
    check = check_gradient(bumps, bumps_gradient, x)
    for comparison, exact in zip(check.comparisons, bumps_gradient(x), strict=True):
        assert abs(comparison.numeric - exact) <= comparison.tolerance
        assert comparison.tolerance == pytest.approx(3 * comparison.error, rel=1e-12)
        assert comparison.rounding <= comparison.error


def test_the_slopes_do_not_depend_on_the_claim():
    x = point("float32")
    right, wrong = (check_gradient(bumps, bumps_gradient(x) * factor, x) for factor in (1, -7))
    for one, other in zip(right.comparisons, wrong.comparisons, strict=True):
        assert (one.numeric, one.step) == (other.numeric, other.step)
        assert one.error - one.rounding == pytest.approx(other.error - other.rounding, rel=1e-9)


def test_coordinates_of_very_different_sizes_each_get_their_step():
    x = np.array([1e-6, 1.0, 1e5])
    check = check_gradient(lambda x: np.sum(np.log(x)), lambda x: 1 / x, x, domain=(0, np.inf))
    assert check.verdict is Verdict.AGREE
    assert [comparison.step for comparison in check.comparisons] == sorted(c.step for c in check.comparisons)


def test_an_array_serves_as_gradient():
    x = point("float32")
    assert check_gradient(bumps, bumps_gradient(x), x).verdict is Verdict.AGREE
    assert check_gradient(bumps, 2 * bumps_gradient(x), x).verdict is Verdict.DISAGREE


def test_0d_x_and_lists_are_points_too():
    assert check_gradient(np.exp, np.exp, 0.5).verdict is Verdict.AGREE
    assert check_gradient(np.sum, np.ones_like, [0.5, 1.5]).verdict is Verdict.AGREE
    assert check_gradient(np.exp, np.exp, np.longdouble(0.5)).verdict is Verdict.AGREE


def test_the_result_does_not_depend_on_batches_workers_or_progress():
    x, told = point("float64", n=120), []
    for directions in (0, 4):
        one = check_gradient(bumps, bumps_gradient, x, directions=directions)
        many = check_gradient(
            lambda x: np.array([bumps(row) for row in x]), bumps_gradient, x, directions=directions, vectorized=True
        )
        threads = check_gradient(bumps, bumps_gradient, x, directions=directions, workers=2)
        mapped = check_gradient(bumps, bumps_gradient, x, directions=directions, workers=map)
        watched = check_gradient(
            bumps, bumps_gradient, x, directions=directions, progress=lambda *done: told.append(done)
        )
        assert many.evaluations == one.evaluations + 2  # a batch of two tells whether its points are on their own
        many = replace(many, evaluations=one.evaluations)
        assert repr(one) == repr(many) == repr(threads) == repr(mapped) == repr(watched)
        assert one.comparisons == many.comparisons == threads.comparisons == mapped.comparisons == watched.comparisons
    assert told[:2] == [(64, 120), (120, 120)]
    assert told[-1] == (4, 4)


# --- wrong gradients ---------------------------------------------------------------------------------


@given(st.integers(0, 24), st.sampled_from((-1, 1)), st.sampled_from(("float32", "float64")), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_every_coordinate_that_is_ten_bars_off_is_found(where, sign, name, seed):
    x = weights(get_format(name).dtype, seed)
    bar = check_gradient(layer, layer_gradient, x, directions=0).comparisons[where].error
    wrong = layer_gradient(x).astype(np.float64)
    wrong.flat[where] += sign * 10 * bar
    check = check_gradient(layer, wrong, x, directions=0)
    assert check.comparisons[where].verdict in (Verdict.DISAGREE, Verdict.INEXACT)
    with pytest.raises(WrongGradientError):
        check.raise_if_wrong(inexact=True)


@given(st.integers(0, 24), st.sampled_from((2, 0.5, -1, 0, 1.25, 0.75)), st.sampled_from(CHECKED), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_no_component_that_is_a_quarter_off_is_called_right(where, factor, name, seed):
    x = weights(get_format(name).dtype, seed)
    if name == "bfloat16":

        def f(w):
            return layer(np.asarray(w, np.float32)).astype(w.dtype)

        wrong = layer_gradient(np.asarray(x, np.float32))
    else:
        f, wrong = layer, layer_gradient(x).astype(np.float64)
    wrong.flat[where] *= factor
    check = check_gradient(f, wrong, x, directions=0)
    assert check.comparisons[where].verdict is not Verdict.AGREE
    assert check.verdict is not Verdict.AGREE
    if name == "float64":
        assert check.comparisons[where].verdict is Verdict.DISAGREE


def test_single_component_that_is_off_by_more_than_is_said_to_be_visible_is_seen():
    x = weights().ravel()
    f, gradient = (lambda x: layer(x.reshape(5, 5))), (lambda x: layer_gradient(x.reshape(5, 5)).ravel())
    for seed in range(25):
        check = check_gradient(f, gradient, x, directions=4, seed=seed)
        assert f"a single coordinate wrong by more than {check.visible:.1e} would have been seen" in str(check)
        claim = gradient(x)
        claim[seed] += 3 * check.visible
        wrong = check_gradient(f, claim, x, directions=4, seed=seed)
        assert wrong.verdict is Verdict.DISAGREE, str(wrong)


def test_two_swapped_components_are_found_along_directions():
    """Directions of ±1 would miss the swap in half of the cases each."""
    x = np.linspace(0.1, 0.7, 7)
    wrong = bumps_gradient(x)
    wrong[[2, 5]] = wrong[[5, 2]]
    assert all(
        check_gradient(bumps, wrong, x, directions=4, seed=seed).verdict is Verdict.DISAGREE for seed in range(50)
    )


@pytest.mark.parametrize(
    "bug, cause",
    [
        (lambda g: -g, "sign"),
        (lambda g: g / 2, "multiplied by 2"),
        (lambda g: 3 * g, "multiplied by 1/3"),
        (lambda g: g.T, "transposed"),
        (lambda g: np.roll(g, 1, axis=1), "off by one along axis 1"),
        (lambda g: g[::-1], "reversed order along axis 0"),
        (lambda g: g - 0.25, "add 1/4 to every component"),
        (lambda g: g - weights() / 100, "add 1/100·x"),
    ],
)
@each_mode
def test_the_likely_cause_is_named(bug, cause, directions):
    if cause == "add 1/100·x":
        cause = "proportional to x"
    check = check_gradient(layer, bug(layer_gradient(weights())), weights(), directions=directions)
    assert check.verdict is Verdict.DISAGREE
    assert cause in check.cause


def put(where, value):
    def bug(gradient):
        wrong = gradient.copy()
        wrong[where] = value(wrong[where]) if callable(value) else value
        return wrong

    return bug


@pytest.mark.parametrize(
    "bug, cause",
    [
        (put((1, 2), 0), "in one coordinate only, x[1, 2]; a missing term: the gradient is 0 there"),
        (put(3, 0), "only at index 3 of axis 0; a missing term"),
        (put((slice(None), 2), lambda g: 2 * g), "only at index 2 of axis 1; a factor: it has to be multiplied by 1/2"),
        (put((slice(None), 2), lambda g: -g), "sign: the gradient points the other way there"),
        (put(([0, 3], [1, 2]), lambda g: g[::-1]), "swapped: x[0, 1] and x[3, 2]"),
        (lambda g: np.where(weights() < 0, 0, g), "exactly where x is negative; a missing term"),
        (lambda g: np.where(weights() > 0, 0.3 * g, g), "exactly where x is positive; a factor"),
    ],
)
def test_a_local_bug_is_located(bug, cause):
    check = check_gradient(layer, bug(layer_gradient(weights())), weights())
    assert cause in check.cause


def test_the_table_shows_the_worst_first():
    wrong = put(([0, 4], [0, 4]), lambda g: g * np.array([1.1, 1.001]))(layer_gradient(weights()))
    check = check_gradient(layer, wrong, weights())
    lines = check.table().splitlines()
    assert " ".join(lines[0].split()) == "where numeric analytic difference tolerance diff/tol verdict"
    assert lines[1].startswith("x[0, 0]")
    assert lines[2].startswith("x[4, 4]")
    assert check.worst.where == (0, 0)
    assert len(lines) == 26
    assert check.table(3).splitlines()[-1] == "… and 22 more"
    with pytest.raises(WrongGradientError, match=r"DISAGREE \(25 coordinates: 23 agree, 1 inexact, 1 disagree\)"):
        check.raise_if_wrong()


# --- what cannot be decided --------------------------------------------------------------------------


def test_a_kink_is_inconclusive_and_named():
    x = np.array([0.5, 0.0, -1.0])
    check = check_gradient(lambda x: np.sum(np.abs(x)), np.sign, x)
    assert [comparison.verdict for comparison in check.comparisons] == ["agree", "undecided", "agree"]
    assert re.fullmatch(
        r"kink: the slope is -(1|0\.9999\d+) from the left and (1|0\.9999\d+) from the right",
        check.comparisons[1].reason,
    )
    assert check.verdict is Verdict.INCONCLUSIVE
    assert check.raise_if_wrong() is check
    with pytest.raises(WrongGradientError, match="INCONCLUSIVE"):
        check.raise_if_wrong(inconclusive=True)


def test_a_kink_does_not_excuse_a_gradient_outside_its_slopes():
    x = np.array([0.5, 0.0, -1.0])
    check = check_gradient(lambda x: np.sum(np.abs(x)), np.sign(x) + 100 * (x == 0), x)
    assert check.verdict is Verdict.DISAGREE


def test_rounding_that_hides_a_slope_is_said():
    check = check_gradient(bumps, bumps_gradient, point("bfloat16", n=60), directions=0)
    reasons = {comparison.reason for comparison in check.comparisons if comparison.verdict == "undecided"}
    assert "rounding hides a slope of this size: the format is too coarse" in reasons


def test_vanishing_gradient_is_zero_to_within_a_tolerance_and_a_missing_neighbourhood_is_said():
    flat = check_gradient(lambda x: np.sum(x**2), lambda x: 2 * x, np.zeros(3))
    assert {comparison.verdict for comparison in flat.comparisons} == {Verdict.ZERO}
    assert flat.verdict is Verdict.INCONCLUSIVE

    def lonely(x):
        return np.sum(np.where(x == 0.5, x, np.nan))

    isolated = check_gradient(lonely, np.ones_like, np.array([0.5]))
    assert isolated.comparisons[0].reason.startswith("f is infinite or NaN near x")
    assert np.isinf(isolated.tolerance)


@each_mode
def test_gradient_that_jumps_is_not_called_right(directions):
    """Neighbouring numbers get another gradient; what it is wrong by is within what it jumps by."""

    def jumps(x):
        wrong = bumps_gradient(x)
        wrong[2] *= 2 if x[0].view(np.int64) % 2 else 1.0
        return wrong

    x = point("float64")
    x[:1].view(np.int64)[0] |= 1
    check = check_gradient(bumps, jumps, x, directions=directions)
    assert check.verdict is not Verdict.AGREE
    assert "the gradient jumps by about" in str(check)


def test_a_random_gradient_is_named():
    rng = np.random.default_rng(0)
    check = check_gradient(bumps, lambda x: bumps_gradient(x) + 1e-12 * rng.standard_normal(x.shape), point("float64"))
    assert "not deterministic" in str(check)


# --- evaluations and formats ------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 101, 5000])
@pytest.mark.parametrize("directions", [4, 7])
def test_directions_take_25_evaluations_each_at_most(n, directions):
    calls = []

    def f(x):
        calls.append(x.copy())
        return bumps(x)

    for factor in (1, 2):
        calls.clear()
        check = check_gradient(f, lambda x, c=factor: c * bumps_gradient(x), point("float64", n), directions=directions)
        assert len(calls) == check.evaluations <= 25 * directions
    right = check_gradient(bumps, bumps_gradient, point("float64", n), directions=4)
    assert right.evaluations <= 60


def test_no_function_takes_more_than_a_hundred_evaluations_along_four_directions():
    rng = np.random.default_rng(0)
    for f in (
        lambda x: np.sum(np.sin(1e7 * x)),
        lambda x: np.sum(np.abs(x)) + np.floor(1e3 * x[0]),
        lambda x: float(f"{np.sum(x * x):.3g}"),
        lambda x: np.nan if x[0] != 0.5 else 1.0,
    ):
        for claim in (np.ones(6), np.zeros(6), rng.standard_normal(6)):
            assert check_gradient(f, claim, np.full(6, 0.5), directions=4).evaluations <= 100


@pytest.mark.parametrize("name, most", [("float64", 15), ("float32", 13)])
def test_a_coordinate_takes_a_dozen_evaluations(name, most):
    check = check_gradient(layer, layer_gradient, weights(name))
    assert check.evaluations <= most * 25


def test_large_x_takes_directions_by_default():
    assert check_gradient(bumps, bumps_gradient, point("float64", 101)).mode == "directions"
    assert check_gradient(bumps, bumps_gradient, point("float64", 100)).mode == "coordinates"


@each_format
@each_mode
def test_f_sees_nothing_but_the_format(name, directions):
    seen = set()

    def f(x):
        seen.add(x.dtype.name)
        return bumps(x)

    check_gradient(f, bumps_gradient, np.linspace(0.1, 0.9, 5), dtype=name, directions=directions)
    assert seen == {name}


def test_a_function_that_computes_in_less_is_checked_in_less():
    def f(x):
        return bumps(np.asarray(x, np.float32))

    x = np.linspace(0.1, 0.9, 5)
    for directions in (0, 4):
        check = check_gradient(f, bumps_gradient, x, directions=directions)
        assert (check.format, check.verdict) == ("float32", "agree")
        assert "f computes in float32 though x is float64" in str(check)
        assert not directions or check.evaluations <= 60
    with pytest.raises(TypeError, match="f must compute in float64, the dtype that was asked for, got float32"):
        check_gradient(f, bumps_gradient, x, dtype="float64")


def test_a_wider_result_is_noted():
    check = check_gradient(lambda x: bumps(x.astype(np.float64)), bumps_gradient, point("float32"))
    assert check.notes == ("f returns float64 for x of float32",)
    assert check.verdict is Verdict.AGREE


def test_measured_noise_is_near_the_noise_that_there_is():
    """A sum with terms of 10⁶ that cancel is 10⁶ times as noisy as its last rounding."""

    def f(x):
        return np.sum(np.sin(x) + 1e6) - x.size * 1e6

    check = check_gradient(f, np.cos, np.linspace(0.1, 0.9, 8))
    ulp = 2.0**-53 * 8e6
    assert ulp / 30 < check.noise < 10 * ulp
    assert check.verdict is not Verdict.DISAGREE


def test_known_noise_allows_a_function_of_chance():
    rng = np.random.default_rng(0)
    x = np.linspace(0.1, 0.9, 5)

    def f(x):
        return bumps(x) + 1e-6 * rng.standard_normal()

    for directions in (0, 4):
        check = check_gradient(f, bumps_gradient, x, noise=1e-6, directions=directions)
        assert check.verdict is not Verdict.DISAGREE
    wrong = check_gradient(f, lambda x: 1.1 * bumps_gradient(x), x, noise=1e-6)
    assert wrong.verdict is Verdict.DISAGREE


# --- bad input ---------------------------------------------------------------------------------------


def test_bad_x_is_refused():
    for x, error, text in [
        (np.array([True]), TypeError, "x must be a real number or an array of them, got .* of dtype bool"),
        (np.array([1j]), TypeError, "x must be a real number or an array of them, got .* of dtype complex128"),
        (np.array([]), ValueError, r"x must have at least one coordinate, got shape \(0,\)"),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), TypeError, "x must not be masked anywhere"),
        ({}, ValueError, "x must have at least one coordinate, got no numbers in it"),
        ({"a": "b"}, TypeError, "x at a must hold arrays and numbers"),
        (np.array([[1.0, np.nan]]), ValueError, r"x must be finite in float64, got nan at index \(0, 1\)"),
    ]:
        with pytest.raises(error, match=text):
            check_gradient(bumps, bumps_gradient, x)
    with pytest.raises(ValueError, match="x must be finite in float16"):
        check_gradient(bumps, bumps_gradient, np.array([1e6]), dtype="float16")


def test_bad_gradients_are_refused():
    x = point("float64", 3)
    for gradient, error, text in [
        (np.ones(4), ValueError, r"gradient must have the shape of x, \(3,\), got \(4,\)"),
        (np.ones((3, 1)), ValueError, r"gradient must have the shape of x"),
        (np.array([1, np.nan, np.inf]), ValueError, r"gradient must be finite, got nan at x\[1\] and 1 more"),
        (np.ma.array(np.ones(3), mask=[0, 1, 0]), TypeError, "gradient must not hold masked values, got 1 of 3"),
        (np.ones(3) * 1j, TypeError, "gradient must be an array of real numbers, got dtype complex128"),
        ("text", TypeError, "gradient must be an array of real numbers"),
    ]:
        with pytest.raises(error, match=text):
            check_gradient(bumps, gradient, x)

    def spoils(x):
        x[0] = 0
        return np.ones_like(x)

    with pytest.raises(TypeError, match="gradient must not write into its argument"):
        check_gradient(bumps, spoils, x)
    with pytest.raises(ValueError, match=r"gradient must be an array, got list \[1.0, \[2.0, 3.0\]\]"):
        check_gradient(bumps, [1.0, [2.0, 3.0]], x)


@each_mode
def test_bad_functions_are_refused(directions):
    x = point("float64", 3)

    def spoils(x):
        x *= 2
        return x.sum()

    rng = np.random.default_rng(0)
    calls = iter(range(10**6))
    for f, error, text in [
        (3, TypeError, "f must be callable, got int 3"),
        (np.exp, ValueError, r"f must return one number for every point \(shape \(\)\), got shape \(3,\)"),
        (lambda x: x.sum() * 1j, TypeError, "f must return a real number, got dtype complex128"),
        (lambda x: np.nan, ValueError, "f must be finite at x, got nan"),
        (spoils, TypeError, "f must not write into its argument"),
        (lambda x: [1.0, [2.0]], ValueError, r"f\(x\) must be an array, got list"),
        (lambda x: x.sum() + rng.random(), ValueError, "f must be deterministic"),
        (lambda x: x.sum() + next(calls), ValueError, "f must be deterministic"),
    ]:
        with pytest.raises(error, match=text):
            check_gradient(f, np.ones_like, x, directions=directions)
    with pytest.raises(ValueError, match=r"shape \(3,\)\), got shape \(\)|shape \(1,\)\), got shape \(\)"):
        check_gradient(np.sum, np.ones_like, x, vectorized=True, directions=directions)


@pytest.mark.parametrize("directions", [1, 3, -1, 4.0, True, "all"])
def test_bad_directions_are_refused(directions):
    with pytest.raises(ValueError, match=r"directions must be None, 0 .every coordinate. or an integer of at least 4"):
        check_gradient(bumps, bumps_gradient, point("float64"), directions=directions)


@pytest.mark.parametrize(
    "option, value, text",
    [
        ("resolution", 0, "resolution must be a part of each slope, between 0 and 1, got 0"),
        ("resolution", 1.0, "resolution must be a part of each slope"),
        ("confidence", 1.0, "confidence must be the probability"),
        ("coordinates", [7], r"coordinates must be coordinates of x, x\[0\] to x\[5\], got 7"),
        ("coordinates", ["y"], "coordinates must be coordinates of x"),
        ("coordinates", [], "coordinates must choose at least one"),
        ("coordinates", 3, "coordinates must be a sequence of places"),
        ("directions", np.ones((2, 5)), r"directions must have the shape \(k, 6\), got \(2, 5\)"),
        ("domain", (0, np.inf), r"x must lie within its open domain \(0.0, inf\)"),
        ("workers", 0, "workers must be an integer of at least 1"),
    ],
)
def test_bad_options_are_refused(option, value, text):
    with pytest.raises(ValueError, match=text):
        check_gradient(bumps, bumps_gradient, point("float64"), **{option: value})


def test_coordinates_and_directions_exclude_each_other_and_progress_is_a_callable():
    with pytest.raises(ValueError, match="coordinates and directions must not both be given"):
        check_gradient(bumps, bumps_gradient, point("float64"), coordinates=[1], directions=4)
    with pytest.raises(TypeError, match="progress must be a bool or a callable"):
        check_gradient(bumps, bumps_gradient, point("float64"), progress=3)


# --- options -----------------------------------------------------------------------------------------


def test_chosen_coordinates_alone_are_checked():
    x = point("float64")
    for chosen in ([1, -2], [(1,), (4,)], ["x[1]", "x[4]"], np.isin(np.arange(6), (1, 4)), np.array([4, 1])):
        check = check_gradient(bumps, bumps_gradient, x, coordinates=chosen)
        assert [one.name for one in check.comparisons] == ["x[1]", "x[4]"]
        assert check.mode == "coordinates"
    claim = bumps_gradient(x)
    claim[0] = 0
    assert check_gradient(bumps, claim, x, coordinates=[1, 2]).verdict is Verdict.AGREE
    claim[2] *= 2
    wrong = check_gradient(bumps, claim, x, coordinates=[1, 2])
    assert wrong.verdict is Verdict.DISAGREE
    assert "in one coordinate only, x[2]" in wrong.cause


def test_given_directions_are_taken():
    x = point("float64")
    check = check_gradient(bumps, bumps_gradient, x, directions=np.eye(6)[:2])
    assert check.mode == "directions"
    for one, exact in zip(check.comparisons, bumps_gradient(x), strict=False):
        assert one.numeric == pytest.approx(exact, rel=1e-9)


@each_mode
def test_domain_is_never_left(directions):
    seen = []

    def f(x):
        seen.append(x.copy())
        return np.sum(np.log(x)) + np.sum(np.sqrt(2 - x))

    x, ends = np.array([1e-6, 0.5, 2 - 1e-6]), (np.zeros(3), 2.0)
    check = check_gradient(f, lambda x: 1 / x - 0.5 / np.sqrt(2 - x), x, domain=ends, directions=directions)
    assert check.verdict is not Verdict.DISAGREE
    assert np.min(seen) > 0
    assert np.max(seen) < 2
    assert directions or [one.verdict for one in check.comparisons[:2]] == 2 * [Verdict.AGREE]


def test_resolution_is_what_a_slope_is_checked_to():
    x = point("float32")
    sharp, usual = (check_gradient(bumps, bumps_gradient, x, resolution=part) for part in (1e-7, 0.1))
    assert usual.verdict is Verdict.AGREE
    assert sharp.verdict is Verdict.INCONCLUSIVE
    assert (sharp.resolution, usual.resolution) == (1e-7, 0.1)
    assert check_gradient(bumps, bumps_gradient, point("float16")).resolution == 0.2


def test_parameters_are_trees():
    def f(p):
        return np.sum(np.tanh(p["layers"][0]["W"] @ p["x"]) ** 2) * p["scale"]

    def gradient(p):
        w, x, scale = p["layers"][0]["W"], p["x"], p["scale"]
        y = np.tanh(w @ x)
        back = 2 * y * (1 - y**2) * scale
        return {"scale": np.sum(y**2), "x": w.T @ back, "layers": [{"W": np.outer(back, x)}]}

    rng = np.random.default_rng(0)
    p = {"layers": [{"W": rng.standard_normal((2, 3))}], "x": rng.standard_normal(3), "scale": 2.0}
    check = check_gradient(f, gradient, p)
    assert check.verdict is Verdict.AGREE
    assert [one.name for one in check.comparisons][4:8] == ["layers[0].W[1, 1]", "layers[0].W[1, 2]", "x[0]", "x[1]"]
    assert check.shape == (10,)
    wrong = check_gradient(f, lambda p: {**gradient(p), "scale": 0.0}, p)
    assert "in one coordinate only, scale" in wrong.cause
    assert [one.name for one in check_gradient(f, gradient, p, coordinates=["x"]).comparisons] == [
        "x[0]",
        "x[1]",
        "x[2]",
    ]
    ends = {"layers": [{"W": np.full((2, 3), -np.inf)}], "x": np.full(3, -np.inf), "scale": 0.0}
    assert check_gradient(f, gradient, p, domain=(ends, np.inf)).verdict is Verdict.AGREE
    assert check_gradient(f, gradient, p, directions=4).verdict is Verdict.AGREE
    with pytest.raises(
        ValueError, match=r"gradient must have the structure of x, 3 items, got another: scale is in one"
    ):
        check_gradient(f, {"layers": [{"W": np.ones((2, 3))}], "x": np.ones(3)}, p)


@pytest.mark.parametrize("seed", [-1, 0.5, "a", None, True])
def test_bad_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="seed must be an integer of at least 0, got"):
        check_gradient(bumps, bumps_gradient, point("float64"), seed=seed)


@pytest.mark.parametrize("noise", [-1.0, np.nan, np.inf, "small", True])
def test_bad_noise_is_refused(noise):
    with pytest.raises(ValueError, match="noise must be a finite standard deviation"):
        check_gradient(bumps, bumps_gradient, point("float64"), noise=noise)


def test_the_byte_order_of_x_does_not_matter():
    x = point("float64")
    assert check_gradient(bumps, bumps_gradient, x.astype(">f8")) == check_gradient(bumps, bumps_gradient, x)


# --- other libraries ---------------------------------------------------------------------------------


class Tensor:
    """What the check needs of a PyTorch tensor: dtype, detach, cpu, numpy, new_tensor."""

    def __init__(self, data):
        self.data = np.asarray(data)
        self.dtype = f"torch.{self.data.dtype.name}"

    def detach(self):
        return self

    cpu = detach

    def float(self):
        return Tensor(self.data.astype(np.float32))

    def numpy(self):
        if self.data.dtype == ml_dtypes.bfloat16:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.data

    def new_tensor(self, data, dtype):
        assert data.dtype != ml_dtypes.bfloat16
        return Tensor(data.astype(dtype))


@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_tensors_go_in_and_out(name, monkeypatch):
    import sys
    from types import SimpleNamespace

    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(float32=np.float32, bfloat16=ml_dtypes.bfloat16))

    def f(x):
        assert isinstance(x, Tensor)
        return Tensor(np.sum(np.exp(x.data)).astype(x.data.dtype))

    x = Tensor(point(name))
    check = check_gradient(f, lambda x: Tensor(np.exp(x.data)), x)
    assert check.format == name
    assert check.verdict is not Verdict.DISAGREE


def test_a_tensor_that_f_writes_into_is_seen(monkeypatch):
    import sys
    from types import SimpleNamespace

    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(float64=np.float64))

    def f(x):
        x.data *= 2
        return Tensor(np.sum(x.data))

    with pytest.raises(TypeError, match="f must not write into its argument"):
        check_gradient(f, np.full(6, 2.0), Tensor(point("float64")))


class Namespaced:
    """An array of the array API standard that is no ndarray."""

    def __init__(self, data):
        self.data = np.asarray(data)

    def __array_namespace__(self):
        from types import SimpleNamespace

        return SimpleNamespace(asarray=Namespaced)

    def __array__(self, dtype=None, copy=None):
        return self.data


def test_arrays_of_the_standard_go_in_and_out():
    def f(x):
        assert isinstance(x, Namespaced)
        return Namespaced(np.sum(np.exp(x.data)))

    check = check_gradient(f, lambda x: Namespaced(np.exp(x.data)), Namespaced(point("float64")))
    assert check.verdict is Verdict.AGREE


def test_noise_that_is_given_is_named_as_what_hides_a_slope():
    check = check_gradient(lambda v: np.sum(v**2), lambda v: 2 * v, np.array([1.0, 2.0]), noise=1e3)
    assert {one.reason for one in check.comparisons} == {"noise=1e+03, as it was given, hides a slope of this size"}


def test_overflow_beside_x_is_no_coarse_format():
    check = check_gradient(np.sum, np.ones_like, np.array([1e300, 1.0]))
    assert check.comparisons[0].reason == "f or its steps overflow beside x: scale x and f"


@pytest.mark.parametrize(
    "f, gradient, x",
    [
        (lambda v: np.maximum(v, 0).sum(), lambda v: 1.0 * (v > 0), [0.0, 1.0]),
        (lambda v: np.sum((v - 1) ** 2), lambda v: 2 * (v - 1), [1.0, 1.0]),
        (lambda v: 1e-310 * np.exp(v[0]), lambda v: 1e-310 * np.exp(v), [1.0]),
    ],
)
def test_exact_function_is_not_said_to_scatter(f, gradient, x):
    assert not any("scatters" in note for note in check_gradient(f, gradient, np.array(x)).notes)


def test_function_that_scatters_is_said_to():
    check = check_gradient(lambda v: np.sum(np.round(np.exp(v), 6)), np.exp, np.array([0.5, 1.0]))
    assert any("scatters" in note for note in check.notes)


def test_coordinates_that_no_direction_moves_are_named():
    x = np.array([1.0, 2.0, 3.0])
    check = check_gradient(np.sum, lambda v: np.array([1.0, 1.0, 9.0]), x, directions=np.eye(3)[:2])
    assert "no direction goes along 1 of 3 coordinates (x[2]): nothing is said of them" in check.notes
    assert not check_gradient(np.sum, np.ones_like, x, directions=np.eye(3)).notes


def test_direction_of_zeros_is_refused():
    with pytest.raises(ValueError, match="directions must not be 0, got one that is: row 1"):
        check_gradient(np.sum, np.ones_like, np.ones(2), directions=[[1.0, 0.0], [0.0, 0.0]])


def test_end_of_a_domain_is_answered_with_domain():
    f, gradient, x = (lambda v: np.sum(np.arcsin(v))), (lambda v: 1 / np.sqrt(1 - v * v)), np.array([1 - 1e-9])
    assert "give domain=" in check_gradient(f, gradient, x).comparisons[0].reason
    assert check_gradient(f, gradient, x, domain=(-1, 1)).comparisons[0].verdict != "disagree"


def test_slopes_of_zero_are_told_with_what_to_do():
    def f(v):
        return np.sum(np.maximum(v, 0) ** 2)

    def gradient(v):
        return 2 * np.maximum(v, 0)

    x = np.array([1.0, -2.0, 3.0])
    check = check_gradient(f, gradient, x)
    assert check.verdict is Verdict.INCONCLUSIVE
    assert "slopes of 0, which raise_if_wrong() accepts" in str(check)
    assert check.raise_if_wrong() is check
    assert "slopes of 0" not in str(check_gradient(f, gradient, x, coordinates=[0, 2]))


@pytest.mark.parametrize("is_array", [False, True])
def test_deviation_that_is_said_to_be_seen_is_seen(is_array):
    """In any coordinate, whatever its size, and whether the gradient was a callable or an array."""

    def f(v):
        return np.sum(np.sin(v) + 1e3 * v**2)

    def gradient(v):
        return np.cos(v) + 2e3 * v

    for seed in range(8):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=200) * 10.0 ** rng.uniform(-8, 2, 200)
        right = check_gradient(f, gradient(x) if is_array else gradient, x, seed=seed)
        for place in rng.integers(0, 200, 4):
            wrong = gradient(x)
            wrong[place] += 1.05 * right.visible
            check = check_gradient(f, wrong, x, seed=seed)
            assert any(one.verdict is not Verdict.AGREE for one in check.comparisons)
