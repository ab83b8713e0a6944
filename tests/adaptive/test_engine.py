"""The search as a whole: what it finds, what it says of what it cannot find, and what it never does."""

import math

import numpy as np
import pytest

from numdiff.adaptive import decisions, engine
from numdiff.adaptive.engine import LIMIT, LOOK, estimate, least_budget
from numdiff.adaptive.ladder import MULTIPLIERS, START, Scheme
from numdiff.adaptive.status import Status
from numdiff.floats.formats import FORMATS
from tests.adaptive.estimating import Asked, estimated, same

F64 = FORMATS["float64"]
NAMES = [name for name in ("float16", "bfloat16", "float32", "float64", "float80") if name in FORMATS]


def hashed(x: np.ndarray) -> np.ndarray:
    """Return a number in (−1, 1) for each float64, the same for the same one, without a pattern."""
    bits = np.ascontiguousarray(x, float).view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    bits ^= bits >> np.uint64(31)
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(29)
    return (bits >> np.uint64(11)).astype(float) * 2.0**-52 - 1


def noisy(f, size: float):
    """Return f with independent errors, relative, uniform up to a size."""
    return lambda x: f(x) * (1 + size * hashed(x))


# --- what it finds ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("side", [-1, 0, 1])
def test_derivatives_of_every_order_side_and_format_are_within_their_bars(name, order, side):
    fmt = FORMATS[name]
    x = fmt.as_array(np.linspace(-1.5, 2, 36))
    found = estimated(np.exp, x, name, order=order, side=side)
    exact = np.exp(x.astype(np.longdouble))
    covered = np.abs(found.value - exact) <= found.error
    held = covered[np.isfinite(found.error)]
    assert held.mean() >= (0.9 if fmt.precision >= 53 or not side else 0.75)
    if fmt.precision >= 53:
        assert (np.abs(found.value - exact) <= 0.02 * exact).all()
        assert (found.status == Status.OK).mean() > 0.8


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [1, 4])
def test_the_first_step_can_be_given(name, n):
    fmt = FORMATS[name]
    x, start = fmt.as_array(np.full(n, 1.0)), np.linspace(0.25, 0.5, n)
    asked = Asked(np.exp, fmt)
    found = estimate(asked, x, fmt, start=start)
    first = np.abs(asked.nodes[0].astype(float) - 1).max()
    grain = 2.0 ** (1 - fmt.precision)
    assert first >= MULTIPLIERS[START] * min(start) / 1.1
    assert fmt.precision < 16 or first == pytest.approx(MULTIPLIERS[START] * start.max(), rel=8 * grain)
    assert (np.abs(found.value - np.exp(np.longdouble(1))) <= found.error).all()


def test_a_given_start_finds_a_length_that_x_does_not_tell_of():
    lengths = np.array([1e-6, 1e-3, 1.0, 1e3, 1e6])
    found = estimate(lambda nodes, rows: np.sin(nodes / lengths[rows]), np.zeros(5), F64, start=0.125 * lengths)
    assert found.evaluations.max() <= 14
    assert (np.abs(found.value * lengths - 1) <= np.minimum(found.error * lengths, 1e-12)).all()
    far = estimate(lambda nodes, rows: np.sin(nodes), np.array([0.7]), F64, start=np.array([1e3]))
    assert abs(far.value[0] - math.cos(0.7)) <= far.error[0]


@pytest.mark.parametrize("side", [-1, 1])
def test_one_sided_nodes_are_on_their_side(side):
    asked = Asked(np.exp, F64)
    estimate(asked, np.array([0.5, -2.0]), F64, side=side)
    nodes, at = asked.all_nodes(), np.array([0.5, -2.0])[np.concatenate(asked.rows)]
    assert ((nodes - at) * side >= 0).all()


@pytest.mark.parametrize("side", [-1, 1])
def test_one_sided_slopes_at_a_kink_are_those_of_the_sides(side):
    found = estimated(lambda x: np.abs(x - 1) + np.exp(x), [1.0], side=side)
    assert abs(found.value[0] - (math.e + side)) <= found.error[0] < 1e-9
    assert found.status[0] == Status.OK


@pytest.mark.parametrize("x", [0.0, -0.0, 1e20, -1e20, 1e-20, -1e-20])
def test_points_of_any_size_have_bars_that_cover(x):
    for f, df in ((np.exp, np.exp), (lambda t: t * t, lambda t: 2 * t), (lambda t: 3 * t - 1, lambda t: 3 + 0 * t)):
        if f is np.exp and abs(x) > 1:
            continue
        found = estimated(f, [x])
        assert abs(found.value[0] - df(x)) <= found.error[0] < math.inf


@pytest.mark.parametrize("x", [1e-20, -1e-20])
def test_a_function_on_the_scale_of_a_small_x_is_resolved(x):
    found = estimated(lambda t: np.sin(1e20 * t), [x])
    assert found.status[0] == Status.OK
    assert abs(found.value[0] - 1e20 * math.cos(1)) <= found.error[0] < 1e-5 * 1e20


def test_subnormal_values_have_a_bar_of_their_spacing_at_least():
    found = estimated(lambda x: np.exp(x) * 1e-310, [0.5])
    assert abs(found.value[0] - 1.6487212707001282e-310) <= found.error[0] < 1e-320
    found = estimated(lambda x: np.exp(x), [1e-310])
    assert abs(found.value[0] - 1) <= found.error[0]


def test_values_near_overflow_are_used():
    found = estimated(lambda x: x * 1.7e308, [0.9999])
    assert abs(found.value[0] / 1.7e308 - 1) <= found.error[0] / 1.7e308 < 1e-10


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_a_function_of_length_1_has_its_derivatives_beside_0_too(order):
    x = 10.0 ** -np.arange(9.0, 31)
    found = estimated(np.exp, x, order=order)
    error = np.abs(found.value - np.exp(x))
    assert (error <= found.error).all()
    assert (error < 1e-2).all()
    assert np.median(found.error) < 1e-6


@pytest.mark.parametrize(("name", "x"), [("float64", 10.0 ** np.arange(26, 40)), ("float32", 10.0 ** np.arange(8, 20))])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_one_sided_steps_at_the_grain_of_a_large_x_are_apart(name, x, order):
    for at in FORMATS[name].as_array(x):
        asked = Asked(lambda t, at=at: np.exp(t / at), FORMATS[name])
        found = estimate(asked, np.array([at]), FORMATS[name], order=order, side=1)
        first = asked.nodes[1]
        assert np.unique(first).size == first.size
        exact = np.exp(1.0) / float(at) ** order
        assert abs(found.value[0] - exact) <= found.error[0] < np.inf
        assert order > 1 or found.status[0] == Status.OK


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("exponent", [10, 14, 20])
def test_a_function_of_the_length_x_has_its_derivatives_there_too(order, exponent):
    scale = 10.0**exponent
    x = np.linspace(0.5, 2, 16) / scale
    sine = (scale**order) * np.sin(scale * x + order * np.pi / 2)
    log = (-1.0) ** (order - 1) * math.factorial(order - 1) / x**order
    for f, exact in ((lambda t: np.sin(scale * t), sine), (np.log, log)):
        with np.errstate(all="ignore"):
            found = estimated(f, x, order=order)
        error = np.abs(found.value - exact)
        assert (error <= found.error).all()
        assert (error < 1e-5 * np.abs(exact)).all()
        assert (found.status == Status.OK).all()


SERIES = (
    (np.exp, lambda m, x: np.exp(x)),
    (lambda t: np.sin(3 * t), lambda m, x: 3.0**m * np.sin(3 * x + m * np.pi / 2)),
    (lambda t: 1 / (1 + t), lambda m, x: (-1.0) ** m * math.factorial(m) / (1 + x) ** (m + 1)),
    (np.log, lambda m, x: (-1.0) ** (m - 1) * math.factorial(m - 1) / x**m),
)


@pytest.mark.parametrize("order", [2, 3, 4])
@pytest.mark.parametrize("side", [-1, 0, 1])
def test_bars_of_higher_orders_hold_in_float32(order, side, rng):
    """Where noise leaves the windows of the lowest degree alone, a change that is small by chance is no small error."""
    x = rng.uniform(0.5, 3, 2000).astype(np.float32)
    covered = []
    for f, exact in SERIES:
        found = estimated(f, x, "float32", order=order, side=side)
        covered.append(np.abs(found.value - exact(order, x.astype(float))) <= found.error)
    assert np.mean(covered) >= 0.993


@pytest.mark.parametrize("exponent", [-880, -600, 600, 950])
@pytest.mark.parametrize(("order", "side"), [(1, 1), (2, 0), (2, 1), (3, 0), (3, -1), (4, 0)])
def test_f_in_other_units_has_the_same_derivative_and_bar_in_them(order, side, exponent):
    x = np.linspace(0.5, 3, 60)
    for f in (np.exp, lambda t: np.sin(3 * t)):
        plain = estimated(f, x, order=order, side=side)
        scaled = estimated(lambda t, f=f: np.ldexp(f(t), exponent), x, order=order, side=side)
        assert scaled.value.tolist() == np.ldexp(plain.value, exponent).tolist()
        assert scaled.error.tolist() == np.ldexp(plain.error, exponent).tolist()


# --- what it says -----------------------------------------------------------------------------------------------------


def test_a_kink_at_x_has_both_slopes_and_a_bar_that_holds_them():
    found = estimated(lambda x: np.abs(x - 0.3) + x, [0.3])
    assert found.status[0] == Status.KINK
    assert found.left[0] == pytest.approx(0, abs=1e-9)
    assert found.right[0] == pytest.approx(2, abs=1e-9)
    assert max(abs(found.value[0] - found.left[0]), abs(found.value[0] - found.right[0])) <= found.error[0] < 1.1


@pytest.mark.parametrize("shift", [1e-3, 1e-5, -1e-2])
def test_a_kink_beside_x_leaves_the_slope_at_x(shift):
    found = estimated(lambda x: np.abs(x - 0.3 - shift), [0.3])
    assert abs(found.value[0] + np.sign(shift)) <= found.error[0] < 0.1


@pytest.mark.parametrize("f", [np.sign, lambda x: np.where(x >= 0, 2.0, 1.0) + x])
def test_a_jump_at_x_has_an_infinite_bar(f):
    found = estimated(f, [0.0])
    assert found.status[0] == Status.JUMP
    assert found.error[0] == math.inf
    assert np.isnan(found.left[0])


def test_an_oscillation_that_noise_allows_to_resolve_is_resolved():
    x = np.linspace(0.5, 3, 40)
    found = estimated(lambda t: np.sin(1e7 * t), x)
    exact = (1e7 * np.cos(1e7 * x.astype(np.longdouble))).astype(float)
    covered = np.abs(found.value - exact) <= found.error
    assert covered[np.isfinite(found.error)].mean() > 0.9
    assert (found.status == Status.OK).mean() > 0.8


def test_an_oscillation_below_every_step_has_an_infinite_bar():
    found = estimated(lambda t: np.sin(1e12 * t), np.linspace(0.5, 3, 20))
    refused = found.error == math.inf
    assert refused.mean() >= 0.9
    assert np.isin(found.status[refused], (Status.OSCILLATES, Status.BUDGET)).all()
    assert (found.status[refused] == Status.OSCILLATES).mean() > 0.8


def test_a_constant_has_a_small_bar_and_no_digits():
    for side in (-1, 0, 1):
        found = estimated(lambda x: 0 * x + 7, [0.5, -3.0, 0.0], side=side)
        assert (found.value == 0).all()
        assert (found.error < 1e-13).all()
        assert (found.status == Status.NO_DIGITS).all()


def test_a_derivative_of_zero_has_no_digits_and_a_bar_that_covers():
    found = estimated(np.cos, [0.0])
    assert abs(found.value[0]) <= found.error[0] < 1e-12
    assert found.status[0] == Status.NO_DIGITS


def test_no_value_at_all_is_not_finite():
    found = estimated(lambda x: np.full_like(x, np.nan), [0.5])
    assert found.status[0] == Status.NOT_FINITE
    assert found.error[0] == math.inf


def test_f_that_is_not_finite_far_away_is_found_near_x():
    for f, x, df in ((np.sqrt, 1e-3, 0.5 / math.sqrt(1e-3)), (np.log, 1e-9, 1e9), (lambda t: 1 / t, 1e-5, -1e10)):
        found = estimated(f, [x])
        assert found.status[0] == Status.OK
        assert abs(found.value[0] - df) <= found.error[0] < 1e-4 * abs(df)


def test_f_that_is_not_finite_in_a_strip_is_found_beside_it():
    found = estimated(lambda x: np.where(np.abs(x - 0.8) < 0.05, np.nan, np.exp(x)), [0.7, 0.74, 0.5])
    assert (np.abs(found.value - np.exp([0.7, 0.74, 0.5])) <= found.error).all()
    assert (found.error < 1e-9).all()


def test_smooth_pieces_between_stairs_are_ambiguous_and_the_bar_holds_both_slopes():
    """A staircase with sloping steps: at large steps the slope is 2, at small ones 1."""

    def f(x):
        return x + np.floor(x * 64) / 64

    found = estimated(f, np.linspace(0.5, 2, 30) + 0.0047)
    ambiguous = found.status == Status.AMBIGUOUS
    assert ambiguous.mean() > 0.7
    assert (np.abs(found.value - 1) <= found.error).all()
    assert (found.error[ambiguous] < 1.5).all()
    assert (np.abs(found.value - 2) <= found.error)[ambiguous].all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("confidence", [0.99, 1 - 1e-9])
def test_a_success_has_a_bar_below_its_value(name, order, side, confidence, rng):
    x = FORMATS[name].as_array(rng.uniform(-3, 3, 500))
    for f in (np.sin, noisy(np.sin, 1e-4)) if name == "float64" else (np.sin,):
        found = estimated(f, x, name, order=order, side=side, confidence=confidence)
        assert (found.error < np.abs(found.value))[found.status == Status.OK].all()


def test_a_value_that_the_fast_way_finds_has_no_digits_either_if_its_bar_is_larger():
    x = np.pi * np.array([85.0, 87.0, 89.0, 91.0]) / 100 + 6e-5  # next to zeros of the derivative
    for at in (x, x[1:2]):
        found = estimated(lambda t: np.sin(50 * t), at)
        assert (found.evaluations == 12).all()
        assert (found.error > np.abs(found.value)).all()
        assert (found.status == Status.NO_DIGITS).all()


# --- noise ------------------------------------------------------------------------------------------------------------


def test_rounded_output_is_seen_as_noise_of_its_size():
    x = np.linspace(-2, 2, 101) + 0.003
    found = estimated(lambda t: np.round(np.sin(t), 6), x)
    assert (np.abs(found.value - np.cos(x)) <= found.error).mean() > 0.97
    assert np.median(found.error) < 1e-3
    assert 1e-7 < np.median(found.noise) < 1e-6


def test_float32_behind_float64_is_seen_as_noise_of_its_size():
    x = np.linspace(-2, 2, 101) + 0.003
    found = estimated(lambda t: np.exp(t.astype(np.float32)).astype(float), x)
    assert (np.abs(found.value - np.exp(x)) <= found.error).mean() > 0.97
    assert np.median(found.error / np.exp(x)) < 1e-4


@pytest.mark.parametrize(("size", "least"), [(1e-8, 0.985), (1e-4, 0.97)])
def test_noise_of_a_known_size_is_covered(size, least):
    rng = np.random.default_rng(1)
    x = rng.uniform(0.3, 3, 1500)
    for f, df in ((np.exp, np.exp), (lambda t: np.sin(t) + 2, np.cos), (lambda t: 1 / t, lambda t: -1 / t**2)):
        found = estimated(noisy(f, size), x)
        finite = np.isfinite(found.error)
        assert finite.mean() > 0.98
        assert (np.abs(found.value - df(x)) <= found.error)[finite].mean() > least


def test_a_given_noise_is_a_floor_of_the_bar_and_replaces_no_larger_one():
    quiet = estimated(np.exp, [0.5])
    floored = estimated(np.exp, [0.5], noise=1e-6)
    assert floored.error[0] > 1e3 * quiet.error[0]
    assert floored.noise[0] >= 0.7e-6
    x = np.linspace(0.5, 2, 200)
    loud = estimated(noisy(np.exp, 1e-4), x, noise=1e-9)
    assert (np.abs(loud.value - np.exp(x)) <= loud.error).mean() > 0.96


def test_a_given_noise_is_not_tested_away():
    """An oscillation of known size is noise if the user says so."""
    x = np.linspace(0.5, 2, 40)
    found = estimated(lambda t: np.exp(t) + 1e-6 * np.sin(1e5 * t), x, noise=1e-6)
    assert (np.abs(found.value - np.exp(x)) <= found.error).mean() > 0.9


@pytest.mark.skipif("float80" not in FORMATS, reason="the platform has no wider format")
@pytest.mark.parametrize("given", ["1e-400", "1e400"])
def test_noise_beyond_float64_is_heard_in_a_wider_format(given):
    sigma = np.longdouble(given)
    found = estimated(lambda t: np.exp(t) * sigma * 1000, [np.longdouble(0.5)], "float80", noise=sigma)
    plain = estimated(lambda t: np.exp(t) * 1000, [np.longdouble(0.5)], "float80", noise=1.0)
    assert found.error[0] / sigma == pytest.approx(float(plain.error[0]), rel=1e-9)
    assert found.noise[0] / sigma == pytest.approx(float(plain.noise[0]), rel=1e-9)


# --- what it never does -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", [1, 2])
def test_the_domain_is_never_left(name, order):
    fmt = FORMATS[name]
    tiny = float(fmt.smallest_subnormal)
    x = fmt.as_array(np.array([0.5, 0.01, 1e-3, 0.99, 6e-5, 64 * tiny, tiny]))
    x = x[(x > 0) & (x < 1)]

    def f(t):
        t = np.asarray(t)
        assert (t.astype(np.longdouble) > 0).all()
        assert (t.astype(np.longdouble) < 1).all()
        return t * (1 - t) + t

    for side in (-1, 0, 1):
        estimated(f, x, name, lower=0.0, upper=1.0, order=order, side=side)
        for point in x:
            estimated(f, point, name, lower=0.0, upper=1.0, order=order, side=side)


def test_a_domain_of_a_few_numbers_is_not_left():
    one = np.nextafter(1.0, 2)
    for count in (2, 3, 10, 100):
        low, high = 1 - count * 2.0**-53, 1 + count * 2.0**-52

        def f(t, low=low, high=high):
            assert (t > low).all()
            assert (t < high).all()
            return np.exp(t)

        found = estimated(f, [1.0, one], lower=low, upper=high)
        assert found.evaluations.max() <= LIMIT + LOOK


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("side", [0, 1])
def test_the_budget_is_respected_to_the_evaluation(name, order, side):
    fmt = FORMATS[name]
    x = fmt.as_array(np.linspace(0.3, 3, 12))
    least = least_budget(fmt, Scheme(order, side != 0))
    for f in (np.exp, lambda t: np.sin(t * 1000), lambda t: np.round(t * 8), lambda t: np.sqrt(t - 0.3)):
        for budget in (*range(least, least + 9), 31, 48, 55):
            found = estimated(f, x, name, order=order, side=side, budget=budget, lower=0.2)
            assert found.evaluations.max() <= budget


def test_the_default_budget_is_respected_by_every_function():
    x = np.linspace(0.31, 2, 200)
    for f in (
        lambda t: t * t + 1e-6 * np.sin(1e4 * t),
        lambda t: np.sin(1 / (t - 0.3)),
        noisy(np.exp, 1e-2),
        lambda t: np.floor(t * 100) + t,
        lambda t: np.sin(1e7 * t),
    ):
        assert estimated(f, x).evaluations.max() <= LIMIT + LOOK


def test_a_budget_below_the_least_is_refused_with_the_least():
    with pytest.raises(ValueError, match="budget must be at least 8 for float64 and order 1, got 7"):
        estimated(np.exp, [0.5], budget=7)


def test_what_ran_out_is_called_so():
    found = estimated(lambda t: np.sin(1e4 * t) + t, np.linspace(0.5, 2, 30), budget=14)
    assert np.isin(found.status, (Status.BUDGET, Status.OSCILLATES, Status.OK)).all()
    few = estimated(np.exp, [0.5], order=4, budget=least_budget(F64, Scheme(4)))
    assert few.evaluations[0] <= least_budget(F64, Scheme(4))


def test_no_points_are_no_estimates():
    assert estimate(lambda nodes, rows: nodes, np.empty(0), F64).value.shape == (0,)
    assert estimate(lambda nodes, rows: nodes, np.empty(0), F64, side=1).value.shape == (0,)


def test_no_warning_is_raised_whatever_f_returns():
    for f in (lambda x: 1 / x, np.log, lambda x: np.full_like(x, np.inf), lambda x: 0 * x, np.sign):
        with np.errstate(all="ignore"):
            estimated(f, [0.0, 1.0, -1.0])


@pytest.mark.parametrize("name", ["float32", "float16", "float64"])
@pytest.mark.parametrize("options", [{}, {"order": 2}, {"side": 1}, {"noise": 1e-4}], ids=str)
def test_points_do_not_know_of_each_other(name, options, rng):
    x = FORMATS[name].as_array(rng.uniform(0.1, 3, 40))

    def f(t):
        return np.where(t > 2, np.abs(t - 2.5), np.sin(t * 20) + (t > 1) * np.round(t * 99))

    whole = estimated(f, x, name, **options)
    order = rng.permutation(x.size)
    assert same(whole.rows(order), estimated(f, x[order], name, **options))
    for k in (0, 7, 20, 39):
        assert same(whole.rows(slice(k, k + 1)), estimated(f, x[k], name, **options))


# --- constants, each on both sides of its value -----------------------------------------------------------------------


def segments(f, x: float, **options) -> list[float]:
    """Return the widest distance from x of the nodes of each call."""
    asked = Asked(f, F64)
    estimate(asked, np.array([x]), F64, **options)
    return [float(np.abs(nodes - x).max()) for nodes in asked.nodes]


def test_a_line_under_noise_is_looked_at_eight_times_as_wide():
    widths = segments(noisy(lambda t: 3 * t + 5, 1e-6), 0.7)
    wide = np.unique([width for width in widths if width >= 0.9 * widths[0]])
    assert wide[1:] / wide[:-1] == pytest.approx(8, rel=0.01)
    assert wide.size >= 3


def test_a_segment_is_widened_three_times_at_most():
    widths = segments(lambda t: 0 * t + 1, 1e200, noise=1e-300)
    ratios = np.array(widths[1:]) / np.array(widths[:-1])
    assert (ratios > 500).sum() == 3


def test_a_constant_at_steps_that_are_narrow_beside_x_is_looked_at_a_thousand_times_as_wide():
    widths = segments(lambda t: np.round(t / 2.0**40), 1e15)
    assert 500 < widths[1] / widths[0] < 3000 or 500 < widths[2] / widths[0] < 3000


@pytest.mark.parametrize(("x", "is_wider"), [(2.5e4, True), (2.5e3, False)])
def test_steps_are_narrow_beside_x_below_a_thousandth_of_it(x, is_wider):
    # The widest step is 0.087·√x.
    widths = segments(lambda t: 0 * t + 1, x, noise=1e-300)
    assert (max(widths) > 100 * widths[0]) == is_wider


def test_a_restart_is_eight_times_inside_the_narrowest_step():
    widths = segments(lambda t: np.exp(200 * t), 0.7)
    assert widths[2] / widths[0] == pytest.approx(MULTIPLIERS[START + 5] / 8, rel=1e-6)


def test_a_node_that_is_not_finite_narrows_the_start_sixteen_times():
    widths = segments(lambda t: np.where(np.abs(t - 1) > 0.05, np.nan, np.exp(t)), 1.0)
    assert 8 < widths[0] / widths[1] < 32


@pytest.mark.parametrize(("size", "is_refused"), [(0.05, False), (0.4, True)])
def test_noise_of_more_than_a_twentieth_of_f_is_an_oscillation(size, is_refused):
    x = np.linspace(1, 2, 200)
    found = estimated(lambda t: 1 + size * 1.73 * hashed(t) + t, x)
    assert ((found.error == math.inf).mean() > 0.5) == is_refused


def test_an_error_of_a_tenth_of_the_value_is_no_success():
    x = np.linspace(1, 2, 400)
    found = estimated(noisy(np.exp, 2e-2), x)
    ok = found.status == Status.OK
    assert (found.error[ok] < 0.25 * np.abs(found.value[ok])).all()
    assert 0.02 < ok.mean() < 0.98
    assert np.median(found.error[ok] / np.abs(found.value[ok])) > 0.03


def test_the_default_budget_is_that_of_four_segments_and_a_look():
    assert LIMIT == 48
    assert LOOK == 12
    assert decisions.FAILS * 2 * 4 <= LIMIT
    assert engine.least_budget(F64, Scheme(1)) == 8
    assert MULTIPLIERS[START] < 1


@pytest.mark.parametrize("name", ["bfloat16", "float16", "float32", "float64", "float80"])
def test_values_that_are_all_0_may_be_what_is_left_of_numbers_that_cancel(name):
    fmt = FORMATS[name]
    smallest = 2.0 ** (fmt.precision / 2 + 1)
    x = np.asarray(fmt.as_array(smallest * np.linspace(1, 2, 50))).astype(fmt.as_array([1.0]).dtype)
    found = estimated(lambda t: np.sqrt(t * t + 1) - t, x, name)
    wide = x.astype(np.longdouble)
    truth = -1 / (np.sqrt(wide * wide + 1) * (wide + np.sqrt(wide * wide + 1)))
    zero = found.value == 0
    assert zero.mean() > 0.5
    assert (np.abs(found.value - truth) <= found.error)[zero].all()
    assert (found.error[zero] <= 8 * 2.0**-fmt.precision * wide[zero]).all()
