"""The unseen sets are what they say: independent, deterministic, with true derivatives; the command counts right.

No test runs the estimator of the suite.
"""

import hashlib
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.problems import PROBLEMS
from tests.adaptive.unseen import SETS, contestant, main
from tests.adaptive.unseen_function import CONTEXT, EXACT, Dual, Unseen, formula
from tests.adaptive.unseen_models import misra1a_squares
from tests.adaptive.unseen_scoring import (
    best_centered,
    exact,
    figures,
    neighbours,
    noisy,
    outcome_of,
    run,
    signed_error,
    truths,
    unit_noise,
)

ROOT = Path(__file__).resolve().parents[2]
U = 2.0**-53
KINDS = ("smooth", "pole", "flat", "narrow", "kinked", "noisy", "solver", "rounded")
ALL = tuple(function for functions in SETS.values() for function in functions)
each_function = pytest.mark.parametrize("function", ALL, ids=lambda function: function.name)
each_set = pytest.mark.parametrize("functions", SETS.values(), ids=SETS)


def by_name(name: str) -> Unseen:
    return next(function for function in ALL if function.name == name)


@each_set
def test_set_has_at_least_36_functions_of_its_own(functions):
    assert len(functions) >= 36
    assert {function.kind for function in functions} == set(KINDS)
    assert all(function.source for function in functions)


def test_no_function_is_in_two_sets_or_a_problem():
    names = [function.name for function in ALL]
    assert len(names) == len(set(names))
    assert set(names).isdisjoint(PROBLEMS)


@each_set
def test_set_has_enough_functions_in_every_format(functions):
    counts = {name: sum(name in function.formats for function in functions) for name in FORMATS}
    assert counts["float64"] == len(functions)
    assert counts["float32"] >= 20
    assert counts["float16"] >= 8


@each_function
def test_points_lie_in_the_domain_and_f_is_finite_there(function):
    assert function.points().size == 100
    for name in set(function.formats) & set(FORMATS):
        x = function.points(FORMATS[name].dtype)
        assert x.size >= 90
        assert ((x > function.domain[0]) & (x < function.domain[1])).all()
        value = function.f(x)
        assert value.dtype == x.dtype
        assert value.shape == x.shape
        assert np.isfinite(value).all()


@each_function
def test_twin_is_f_up_to_rounding(function):
    """The error of f: 2¹¹ units of roundoff of f and of x·f′, and the level and size of its noise.

    Where the values of f are differences of larger numbers, those are about the largest |f| nearby.
    """
    x = function.points()[:20]
    f, slope = function.f(x), truths(function, x)[0]
    twin = np.array([float(function.twin(exact(t))) for t in x])
    nearby = np.abs(function.f(neighbours(function, x).ravel())).reshape(x.size, -1).max(axis=1)
    allowed = (2**11 * U + 4 * function.noise) * np.maximum(nearby, np.abs(f)) + 2**11 * U * np.abs(x * slope)
    allowed += 4 * function.noise_size
    assert (np.abs(f - twin) <= allowed).all(), (np.abs(f - twin) / allowed).max()


@each_function
def test_derivative_agrees_with_a_difference_of_the_twin_in_50_digits(function):
    for number in function.points()[::12]:
        x = exact(number)
        derivative, difference = function.derivative(x), CONTEXT.diff(function.twin, x)
        assert abs(derivative - difference) <= 1e-12 * abs(derivative), (number, derivative, difference)


@each_function
def test_derivative_has_25_digits(function):
    for number in function.points()[::40]:
        derivative = function.derivative(exact(number))
        with CONTEXT.workdps(90):
            finer = function.derivative(exact(number))
        assert abs(derivative - finer) <= 1e-25 * abs(finer)


DIGEST = """
import hashlib
import numpy as np
from tests.adaptive.unseen import SETS
from tests.adaptive.unseen_scoring import noisy, truths
digest = hashlib.sha256()
for function in (*SETS["third"], *SETS["fourth"]):
    x = function.points()
    for part in (x, noisy(function, 1e-8)(x), truths(function, x[:3])):
        digest.update(np.ascontiguousarray(part, np.float64).tobytes())
print(digest.hexdigest())
"""


def digest(seed: str) -> str:
    environment = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", DIGEST], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_points_values_and_derivatives_are_the_same_in_every_process():
    first = digest("1")
    assert len(first.strip()) == hashlib.sha256().digest_size * 2
    assert first == digest("2")


def test_data_of_misra1a_give_the_certified_sum_of_squares():
    squares = misra1a_squares(CONTEXT.mpf("5.5015643181e-4"), EXACT)
    assert float(squares) == pytest.approx(1.2455138894e-1, rel=1e-9)


def test_dual_numbers_know_the_chain_rule():
    x = Dual(3, 1)
    assert (x * x * x / (x - 1.0)).slope == Fraction(27, 4)
    assert (2.0**x).slope == 8 * CONTEXT.log(2)
    assert abs(EXACT.tanh(x * x) - 1.0).slope == -6 * CONTEXT.sech(9) ** 2
    assert (x**0.5).slope == 1 / (2 * CONTEXT.sqrt(3))
    assert (1.0 - 4.0 / Dual(4, 1)).slope == Fraction(1, 4)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_noise_is_uniform_and_a_function_of_the_node(rng, dtype):
    x = np.unique(rng.uniform(1.0, 2.0, 2000).astype(dtype))
    noise = unit_noise(x, 5)
    assert (np.abs(noise) < 1).all()
    assert np.array_equal(noise[::-1], unit_noise(x[::-1].copy(), 5))
    assert not np.array_equal(noise, unit_noise(x, 6))
    # Five standard deviations of the mean of ξ and of ξ², whose variances are 1/3 and 4/45.
    assert abs(noise.mean()) < 5 * np.sqrt(1 / 3 / x.size)
    assert abs((noise**2).mean() - 1 / 3) < 5 * np.sqrt(4 / 45 / x.size)
    steps = unit_noise(np.nextafter(x, x + x), 5)
    assert abs(np.mean(noise * steps)) < 5 / 3 / np.sqrt(x.size)


def test_noise_is_relative_to_f():
    function = by_name("antoine_water")
    x = function.points()
    relative = noisy(function, 1e-3)(x) / function.f(x) - 1
    assert 0.9e-3 < np.abs(relative).max() <= 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_error_is_exact_next_to_the_truth(dtype):
    function = formula(lambda x, m: x / 3.0, "third", "test", (0.0, 1.0), (0.1, 0.9))
    nearest = np.array([1], dtype) / np.array([3], dtype)
    difference = signed_error(nearest, truths(function, np.array([0.5])))[0]
    assert float(difference) == pytest.approx(float(exact(nearest[0]) - CONTEXT.mpf(1) / 3), rel=1e-15, abs=0)


def test_yardstick_is_the_smallest_mean_square_over_a_binade():
    """The same number from plain loops, for one point of one function."""
    function = by_name("gompertz_flat")
    x, fmt = function.points()[:1], FORMATS["float64"]
    near = neighbours(function, x)[0]
    slopes = [float(function.derivative(exact(t))) for t in near]
    best = np.inf
    for k in range(-10, 53):
        squares = []
        for j in range(8):
            for t, slope in zip(near, slopes, strict=True):
                h = abs(t) * 2.0 ** -(k + j / 8)
                with np.errstate(all="ignore"):
                    right, left = function.f(np.array([t + h])), function.f(np.array([t - h]))
                squares.append(((right - left)[0] / (2 * h) - slope) ** 2)
        best = min(best, np.sqrt(np.mean(squares)))
    assert best_centered(function, noisy(function, 0.0), x, fmt)[0] == pytest.approx(best, rel=1e-3)


def test_yardstick_is_at_least_a_rounding_of_the_derivative():
    line = formula(lambda x, m: 0.5 * x, "line", "test", (-np.inf, np.inf), (1.0, 2.0))
    x = line.points(size=8)
    assert np.array_equal(best_centered(line, noisy(line, 0.0), x, FORMATS["float64"]), np.full(8, U * 0.5))


@each_function
def test_neighbours_stay_in_the_domain(function):
    near = neighbours(function, function.points())
    assert ((near > function.domain[0]) & (near < function.domain[1])).all()


def test_figures_count_what_they_say():
    """Errors 0, 0.5, 1, 2.5, 3.5, 9.5, 12 bars, and one refusal without a value; status 0 but for that of 9.5."""
    truth = np.zeros((3, 8))
    truth[0] = 2.0
    answer = SimpleNamespace(
        value=2.0 + np.array([0.0, 0.25, 0.5, 5.0, 7.0, 19.0, 24.0, np.nan]),
        error=np.array([0.5, 0.5, 0.5, 2.0, 2.0, 2.0, 2.0, np.inf]),
        status=np.array([0, 0, 0, 0, 0, 1, 0, 0]),
        evaluations=np.array([4, 4, 4, 6, 6, 8, 8, 10]),
    )
    best = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0])
    row = figures([outcome_of(by_name("mish"), answer, truth, best, (80, 3))])
    assert (row["points"], row["answered"], row["refused"]) == (8, 7, 1)
    assert row["coverage"] == 3 / 7
    assert row["interval"][0] < 3 / 7 < row["interval"][1]
    assert (row["beyond_3"], row["beyond_10"]) == (2, 1)
    assert (row["evaluations"], row["called"], row["outside"]) == (6.0, 10.0, 3)
    assert row["bar_ratio"] == 1 / 2.5
    assert row["relative"] == (2.5, np.inf)
    assert row["rival"] == (5.0, np.inf)


def test_points_where_the_derivative_is_zero_have_no_relative_error():
    truth = np.zeros((3, 2))
    truth[0, 0] = 4.0
    answer = SimpleNamespace(value=np.array([5.0, 3.0]), error=np.ones(2), status=0, evaluations=1)
    row = figures([outcome_of(by_name("mish"), answer, truth, np.array([0.5, 0.0]), (2, 0))])
    assert row["relative"] == (0.25, 0.25)
    assert row["rival"] == (2.0, 2.0)
    assert row["coverage"] == 0.5


@pytest.mark.parametrize("name", ["mish", "clipped_wave", "brent_crossing", "clock"])
def test_a_contestant_that_knows_the_truth_gets_full_marks(name):
    function = by_name(name)

    def oracle(call, x, fmt, lower, upper, noise=None):
        value = truths(function, x)[0]
        return SimpleNamespace(value=value, error=U * np.abs(value), status=0, evaluations=0)

    row = figures([run(oracle, function, "float64")])
    assert (row["coverage"], row["refused"], row["beyond_3"], row["called"]) == (1.0, 0, 0, 0.0)
    assert row["relative"][1] <= U
    assert row["rival"][1] <= 1


def test_a_contestant_is_told_the_noise_only_on_request():
    seen = []

    def listener(call, x, fmt, lower, upper, noise=None):
        seen.append((fmt.name, lower, upper, noise, call(np.stack([x, x]), np.zeros((2, x.size), int)).shape))
        return SimpleNamespace(value=x, error=x, status=0, evaluations=2)

    for told in (False, True):
        assert run(listener, by_name("mish"), "float32", 1e-3, told, yardstick=False).called == 200
    assert seen == [("float32", -np.inf, np.inf, level, (2, 100)) for level in (None, 1e-3)]


def test_nodes_of_another_format_are_refused():
    def widened(call, x, fmt, lower, upper, noise=None):
        return call(x.astype(np.float64), np.arange(x.size))

    with pytest.raises(TypeError, match="nodes must have the dtype float32, got float64"):
        run(widened, by_name("mish"), "float32")


def test_command_prints_functions_and_pools(capsys):
    trivial = "tests.adaptive.trivial_contestant:centered"
    main(["--contestant", trivial, "--only", "mish", "relu_net", "bisection", "--format", "float32", "--noise", "1e-3"])
    lines = capsys.readouterr().out.splitlines()
    assert [row.split()[:3] for row in lines[1:]] == [
        ["mish", "smooth", "100"],
        ["relu_net", "kinked", "100"],
        ["pooled", "smooth", "100"],
        ["pooled", "kinked", "100"],
        ["pooled", "all", "200"],
    ]


def test_command_takes_the_set_that_it_is_told(capsys):
    main(["--contestant", "tests.adaptive.trivial_contestant:centered", "--set", "fourth", "--only", "selu"])
    assert [row.split()[0] for row in capsys.readouterr().out.splitlines()[1:]] == ["selu", "pooled", "pooled"]
    with pytest.raises(ValueError, match=r"--only must name functions of the set, got \['selu'\]"):
        main(["--contestant", "tests.adaptive.trivial_contestant:centered", "--only", "selu"])


def test_command_refuses_unknown_names():
    with pytest.raises(ValueError, match=r"--only must name functions of the set, got \['nothing'\]"):
        main(["--contestant", "tests.adaptive.trivial_contestant:centered", "--only", "nothing"])
    with pytest.raises(ValueError, match="--contestant must be module:function, got 'centered'"):
        contestant("centered")


@each_function
def test_f_takes_any_node(function):
    """An estimator may try nodes far away or at an end: f then returns something, and raises nothing."""
    low, high = function.domain
    size = max(abs(function.points()[0]), 1e-300)
    nodes = np.array([np.nan, np.inf, -np.inf, 0.0, low, high, size * 1e-9, size * 2.0**8, -size * 2.0**8])
    with np.errstate(all="ignore"):
        assert function.f(nodes).shape == nodes.shape


def test_nodes_outside_the_domain_are_counted():
    def careless(call, x, fmt, lower, upper, noise=None):
        call(np.stack([x, 0.5 + x, 0 * x]), None)
        return SimpleNamespace(value=x, error=x, status=0, evaluations=3)

    function = by_name("logistic_map")
    expected = 100 + int((function.points() >= 0.5).sum())
    assert run(careless, function, "float64", yardstick=False).outside == expected
