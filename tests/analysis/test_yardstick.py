"""The yardstick is what a computation by hand gives, with quotients in mpmath where the format does not matter."""

import math
from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp

from numdiff.analysis.enclosures import split
from numdiff.analysis.reference import ExactFunction
from numdiff.analysis.yardstick import (
    NEIGHBOURS,
    TrueDerivatives,
    best_rms,
    errors_of,
    exact_points,
    foresee,
    neighbours,
    step_grid,
    yardstick,
)
from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import BACKWARD, CENTERED, FORWARD, centered

EVERYWHERE = (-math.inf, math.inf)
BY_HAND = {
    "exp": (np.exp, mp.exp, mp.exp, 1.0, EVERYWHERE),
    "log": (np.log, mp.log, lambda t: 1 / t, 0.25, (0.0, math.inf)),
    "sin50": (lambda x: np.sin(50.0 * x), lambda t: mp.sin(50 * t), lambda t: 50 * mp.cos(50 * t), 0.7, EVERYWHERE),
}


def truth_of(f):
    return TrueDerivatives(ExactFunction(f, engine="arb"))


def by_hand(f, prime, x, domain, quotient, binade=8):
    """Return the smallest mean over a binade of steps and the neighbours, each error formed with 60 digits."""
    with mp.workdps(60):
        near = [float(x + x * 2.0**-6 * d) for d in NEIGHBOURS]
        steps = [float(np.float64(1.2357 * 2.0**k * (1 + j / 8))) for k in range(-60, 7) for j in range(8)]
        steps = [
            h for h in steps if h <= 64 * max(1, abs(x)) and all(domain[0] < x - h and x + h < domain[1] for x in near)
        ]
        errors = [[mp.mpf(float(quotient(z, h))) - prime(mp.mpf(z)) for z in near] for h in steps]
        squares = [sum(e * e for e in row) / len(near) for row in errors]
        means = [mp.sqrt(sum(squares[i : i + binade]) / binade) for i in range(len(squares) - binade + 1)]
        return float(min(means))


@pytest.mark.parametrize("name", BY_HAND)
def test_the_yardstick_is_the_smallest_mean_over_a_binade_and_eight_neighbours(name):
    f, _, prime, x, domain = BY_HAND[name]
    found = yardstick(f, truth_of(f), FORMATS["float64"], np.float64(x), domain, (CENTERED, FORWARD))
    value = lambda z: f(np.array([z]))[0]
    centered = by_hand(f, prime, x, domain, lambda z, h: (value(z + h) - value(z - h)) / (2 * h))
    forward = by_hand(f, prime, x, domain, lambda z, h: (value(z + h) - value(z)) / h)
    # One element at a time may take another path through the library, by an ulp or two of f.
    assert found == pytest.approx((centered, forward), rel=0.02)


def test_without_a_truncation_error_a_rounding_or_two_of_the_derivative_are_left():
    f = lambda x: x * x
    best = yardstick(f, truth_of(f), FORMATS["float32"], np.float32(3.0))[0]
    assert 1 <= best / (2.0**-24 * 6.0) < 2


def test_where_x_and_the_derivative_are_zero_there_is_a_yardstick_nevertheless():
    """Of an even function every centered difference at 0 is exact: the neighbours say what the formula can do."""
    assert 1e-14 < yardstick(np.cos, truth_of(np.cos), FORMATS["float64"], np.float64(0.0))[0] < 1e-10


@pytest.mark.parametrize("name", FORMATS)
def test_no_yardstick_is_below_one_rounding_of_the_derivative(name):
    fmt = FORMATS[name]
    f = lambda x: 2.0 * x
    assert yardstick(f, truth_of(f), fmt, fmt.as_array(1.0)[()])[0] >= 2 * float(fmt.unit_roundoff)


def test_a_noisy_function_has_a_larger_yardstick():
    noisy = lambda x: np.exp(x) * (1 + 1e-6 * np.sin(1e12 * x))
    best = [yardstick(f, truth_of(np.exp), FORMATS["float64"], np.float64(1.0))[0] for f in (np.exp, noisy)]
    # Balance of noise and truncation: the error goes with the power 2/3 of the noise.
    assert 0.1 < best[1] / best[0] / (1e-6 / 2.0**-53) ** (2 / 3) < 10


def test_neighbours_are_within_a_64th_and_inside_the_domain():
    for name, fmt in FORMATS.items():
        for x, domain in ((0.5, EVERYWHERE), (-3.0, EVERYWHERE), (0.0, EVERYWHERE), (0.984375, (0.0, 0.9921875))):
            near = neighbours(fmt, fmt.as_array(x)[()], domain, abs(x) or 0.25).astype(np.float64)
            assert near.shape == (8,), name
            assert (np.abs(near - x) <= 2.0**-6 * (abs(x) or 0.25)).all()
            assert ((near > domain[0]) & (near < domain[1])).all()


@pytest.mark.parametrize("name", FORMATS)
def test_steps_are_distinct_ascending_and_nodes_inside_the_domain(name):
    fmt = FORMATS[name]
    steps = step_grid(fmt, CENTERED, fmt.as_array(0.5)[()], (0.0, 2.0)).astype(np.float64)
    assert (np.diff(steps) > 0).all()
    assert steps[-1] <= 0.5
    assert steps[0] >= 0.5 * float(fmt.unit_roundoff)
    assert not any(step.as_integer_ratio()[0] == 1 for step in steps[-16:])  # no powers of two


def test_the_grid_reaches_from_the_first_step_that_is_not_lost_to_64_times_the_size_of_x():
    fmt = FORMATS["float64"]
    for x, size in ((0.5, 1.0), (1e20, 1e20), (0.0, 1.0)):
        steps = step_grid(fmt, CENTERED, np.float64(x), EVERYWHERE)
        assert 32 * size < steps[-1] <= 64 * size
        assert steps[0] < (4 * 2.0**-53 * x if x else 2.0**-62)


def test_a_step_of_any_size_may_be_the_best():
    """exp(1e6 x) needs a small step at 0, sin(1e-9 x) a large one at 1e9."""
    fmt = FORMATS["float64"]
    steep = lambda x: np.exp(1e6 * x)
    assert yardstick(steep, truth_of(steep), fmt, np.float64(0.0))[0] < 1e6 * 1e-9
    slow = lambda x: np.sin(1e-9 * x)
    assert yardstick(slow, truth_of(slow), fmt, np.float64(1e9))[0] < 1e-9 * 1e-9


def test_windows_are_means_over_all_rows_and_neighbouring_columns():
    rng = np.random.default_rng(3)
    errors = rng.standard_normal((8, 40)) * np.logspace(-3, 3, 40)
    expected = min(math.sqrt((errors[:, i : i + 8] ** 2).mean()) for i in range(33))
    assert best_rms(errors) == pytest.approx(expected, rel=1e-14)


def test_errors_that_are_not_finite_spoil_their_windows_alone():
    errors = np.ones((2, 20))
    errors[0, 10], errors[1, 3] = np.nan, np.inf
    errors[:, 12:] = 0.5
    assert best_rms(errors) == 0.5
    assert best_rms(np.full((2, 9), np.nan)) == math.inf
    assert best_rms(np.empty((8, 0))) == math.inf


def test_squares_do_not_underflow():
    assert best_rms(np.full((8, 8), 1e-200)) == pytest.approx(1e-200, rel=1e-14)
    assert best_rms(np.full((8, 8), 1e200)) == pytest.approx(1e200, rel=1e-14)


@pytest.mark.parametrize("name", ["float32", "float64", "float80"])
def test_errors_are_exact_to_the_last_bits(name):
    fmt = FORMATS[name]
    value = fmt.as_array(1.0 / 3)
    high, low = truth_of(lambda x: x / 3.0)([(1, 0)])
    exact = fmt.lift(value) - Fraction(1, 3)
    assert errors_of(value, high, low) == pytest.approx([float(exact)], rel=1e-12)


@pytest.mark.skipif("float80" not in FORMATS, reason="no float80 here")
def test_a_wide_number_is_the_sum_of_two_doubles():
    x = FORMATS["float80"].as_array(np.longdouble(1) / 3)
    high, low = split(x.reshape(1))
    assert Fraction(float(high[0])) + Fraction(float(low[0])) == FORMATS["float80"].lift(x)


def test_truth_is_the_double_nearest_and_what_it_lacks():
    x = exact_points(FORMATS["float64"], np.array([0.1, 1.0, 30.0]))
    high, low = truth_of(np.exp)(x)
    with mp.workdps(50):
        for point, above, below in zip((0.1, 1.0, 30.0), high, low, strict=True):
            exact = mp.exp(mp.mpf(point))
            assert above == float(exact)
            assert abs(exact - above - below) < mp.mpf(2) ** -104 * exact


def test_there_is_no_truth_outside_the_domain_or_at_a_kink():
    high, low = truth_of(np.log)([(-1, 0), (1, 0)])
    assert np.isnan(high).tolist() == np.isnan(low).tolist() == [True, False]
    assert np.isnan(truth_of(np.abs)([(0, 0)])[0][0])


def test_points_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="x must be finite"):
        exact_points(FORMATS["float64"], np.array([1.0, np.inf]))


def test_the_truth_at_x_and_its_neighbours_is_asked_for_once_for_all_formulas():
    truth, fmt = TrueDerivatives(ExactFunction(np.exp, engine="arb")), FORMATS["float64"]
    asked = []

    def counted(points, order=1):
        asked.append(len(points))
        return truth(points, order)

    both = yardstick(np.exp, counted, fmt, np.float64(1.0), EVERYWHERE, (CENTERED, FORWARD))
    assert asked == [1 + 8]
    assert both == tuple(
        yardstick(np.exp, truth, fmt, np.float64(1.0), EVERYWHERE, (item,))[0] for item in (CENTERED, FORWARD)
    )


def test_where_no_step_has_room_the_yardstick_is_infinite():
    truth, fmt = TrueDerivatives(ExactFunction(np.exp, engine="arb")), FORMATS["float16"]
    beside = (1.0, float(np.nextafter(np.float16(1), np.float16(2))) + 2.0**-12)
    assert yardstick(np.exp, truth, fmt, np.float16(1.0009765625), beside, (CENTERED, FORWARD)) == (math.inf, math.inf)


@pytest.mark.parametrize(
    ("stencil", "quotient", "prime"),
    [
        (centered(derivative_order=2), lambda f, z, h: (f(z + h) + f(z - h) - 2 * f(z)) / h**2, lambda t: -mp.sin(t)),
        (
            centered(derivative_order=3),
            lambda f, z, h: (f(z + 2 * h) - 2 * f(z + h) + 2 * f(z - h) - f(z - 2 * h)) / (2 * h**3),
            lambda t: -mp.cos(t),
        ),
        (BACKWARD, lambda f, z, h: (f(z) - f(z - h)) / h, mp.cos),
    ],
)
def test_a_formula_is_compared_with_the_derivative_of_its_order(stencil, quotient, prime):
    (found,) = yardstick(np.sin, truth_of(np.sin), FORMATS["float64"], np.float64(0.5), EVERYWHERE, (stencil,))
    value = lambda z: np.sin(np.array([z]))[0]
    expected = by_hand(np.sin, prime, 0.5, EVERYWHERE, lambda z, h: quotient(value, z, h))
    # One element at a time as above; of f‴ the order of additions differs too, by some roundings of the quotient.
    assert found == pytest.approx(expected, rel=0.2)


def test_the_floor_is_one_rounding_of_the_derivative_that_is_asked_for():
    """The second difference of x² is exact but for rounding, which wide steps make small: u|f″| is 2u."""
    f = lambda x: x * x
    best = yardstick(f, truth_of(f), FORMATS["float32"], np.float32(0.5), EVERYWHERE, (centered(derivative_order=2),))
    assert best == (2.0**-24 * 2.0,)


def test_formulas_of_several_orders_keep_their_places():
    formulas = (centered(derivative_order=2), CENTERED, FORWARD)
    together = yardstick(np.exp, truth_of(np.exp), FORMATS["float64"], np.float64(1.0), EVERYWHERE, formulas)
    alone = [
        yardstick(np.exp, truth_of(np.exp), FORMATS["float64"], np.float64(1.0), EVERYWHERE, (formula,))[0]
        for formula in formulas
    ]
    assert list(together) == alone


def test_truths_that_were_foreseen_are_not_computed_again():
    fmt, asked = FORMATS["float32"], []

    class Watched(ExactFunction):
        def derivative(self, points, precision, order=1, direction=0):
            asked.append(set(points) - known)
            known.update(points)
            return super().derivative(points, precision, order, direction)

    known = set()
    truth, x = TrueDerivatives(Watched(np.exp, engine="arb")), fmt.as_array([0.5, 0.0, 3.0])
    foresee(truth, fmt, x, EVERYWHERE, (CENTERED, FORWARD))
    asked.clear()
    found = [yardstick(np.exp, truth, fmt, here, EVERYWHERE) for here in x]
    assert [len(new) for new in asked] == [0, 9, 0]
    assert found == [yardstick(np.exp, truth_of(np.exp), fmt, here, EVERYWHERE) for here in x]
    foresee(truth, fmt, fmt.as_array([0.0]), EVERYWHERE, (CENTERED,))
