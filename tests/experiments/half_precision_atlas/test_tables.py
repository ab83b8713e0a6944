"""What the atlas knows of a function beforehand: sums with bounds, tables, suprema."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.half_precision_atlas.certified import ORDER, table_of
from experiments.half_precision_atlas.formats import eight_bits
from experiments.half_precision_atlas.forms import FORMS
from experiments.half_precision_atlas.numbers import numbers_of
from experiments.half_precision_atlas.sums import Enclosed, Sum, two_sum
from experiments.half_precision_atlas.suprema import Suprema, suprema_of
from numdiff.analysis.enclosures import as_ball
from numdiff.analysis.reference import ExactFunction
from numdiff.arithmetic import balls
from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import FORMATS
from numdiff.problems import PROBLEMS

DOUBLES = st.floats(-1e30, 1e30, allow_subnormal=True)


@given(DOUBLES, DOUBLES)
def test_two_sum_has_no_error(a, b):
    total, error = two_sum(np.float64(a), np.float64(b))
    assert Fraction(float(total)) + Fraction(float(error)) == Fraction(a) + Fraction(b)


@given(st.lists(DOUBLES, min_size=2, max_size=10))
def test_a_sum_is_within_its_bound(terms):
    found = Sum(np.array([terms[0]])).add(*(np.array([t]) for t in terms[1:])).enclosed()
    exact = sum(map(Fraction, terms))
    assert abs(exact - Fraction(float(found.value[0]))) <= Fraction(float(found.bound[0]))


def test_a_sum_that_cancels_exactly_has_no_bound():
    found = Sum(np.array([1.0])).add(np.array([2.0**-80]), np.array([-1.0]), np.array([-(2.0**-80)])).enclosed()
    assert (found.value[0], found.bound[0]) == (0.0, 0.0)


def test_scaling_allows_for_underflow():
    found = Enclosed(np.array([2.0**-1060 * 3, 1.0]), np.array([0.0, 0.0])).scaled(2.0**-20)
    assert found.bound[0] > 0
    assert found.bound[1] == 0


def sampled(fmt, form, seed=0):
    numbers = numbers_of(FORMATS[fmt])
    table = table_of(form, numbers)
    known = np.flatnonzero(np.isfinite(table.high) & (table.tail == 0))
    return numbers, table, np.random.default_rng(seed).choice(known, 60)


@pytest.mark.parametrize("function", FORMS)
def test_tables_hold_what_the_code_of_the_course_means(function):
    """Against f and f′ of the problem itself, not the form of the atlas."""
    problem = PROBLEMS[function]
    with eight_bits():
        numbers, table, at = sampled("float8_e5m2", FORMS[function])
    exact = ExactFunction(problem.f, problem.derivative, "arb")
    for i in at.tolist():
        point = dyadic(float(numbers.values[i]))
        columns = (table.base, table.high, table.low), (table.slope_high, table.slope_low)
        errors = table.error[i], table.slope_error[i]
        found = exact.values([point], 2048)[point], exact.derivative([point], 2048)[point]
        for value, parts, error in zip(found, columns, errors, strict=True):
            ball = as_ball(value, 2048)
            given_ = sum(Fraction(float(part[i])) for part in parts)
            assert abs(ball.midpoint - given_) <= Fraction(float(error)) + ball.radius
            assert error <= 2.0**-104 * abs(float(parts[-2][i])) + 2.0**-1074


@pytest.mark.parametrize("function", [name for name in FORMS if name != "square"])
def test_coefficients_are_those_of_the_course(function):
    with eight_bits():
        numbers, table, at = sampled("float8_e4m3fn", FORMS[function])
    points = [dyadic(float(numbers.values[i])) for i in at.tolist()]
    for i, series in zip(
        at.tolist(), balls.taylor_coefficients(PROBLEMS[function].f, points, ORDER, 2048), strict=True
    ):
        for k in range(2, ORDER + 1):
            value = Fraction(float(table.coefficients[k - 2][i]))
            allowed = abs(value) / 2**52 + series[k].radius + Fraction(1, 2**1070)
            assert abs(series[k].midpoint - value) <= allowed


@pytest.mark.parametrize("function", [name for name in FORMS if name != "square"])
@pytest.mark.parametrize("order", [ORDER + 1, ORDER + 2])
def test_suprema_bound_the_derivative_at_every_point(function, order):
    bounds = suprema_of(function, order)
    generator = np.random.default_rng(order)
    low = generator.uniform(-6, 5, 20)
    high = low + generator.uniform(0, 1, 20)
    inside = low + generator.uniform(0, 1, 20) * (high - low)
    points = [dyadic(float(x)) for x in inside]
    series = balls.taylor_coefficients(PROBLEMS[function].f, points, order, 512)
    for found, bound in zip(series, bounds.over(low, high), strict=True):
        assert abs(float(found[order].midpoint)) <= bound


@pytest.mark.parametrize("function", ["sigmoid", "tanh"])
def test_suprema_near_poles_are_not_wide(function):
    """The series of tanh at 0 has the radius π/2, that of sigmoid π."""
    radius = np.pi if function == "sigmoid" else np.pi / 2
    assert suprema_of(function, ORDER + 1).over(np.array([0.0]), np.array([0.25]))[0] < 500 * radius ** -(ORDER + 1)


def test_the_maximum_over_a_run_of_intervals_is_found():
    bounds = np.random.default_rng(0).uniform(0, 1, 37)
    table = Suprema(-8.0, 0.5, bounds)
    for first in range(1, 36):
        for last in range(first, 36):
            low, high = -8.0 + 0.5 * first + 0.1, -8.0 + 0.5 * last + 0.2
            found = table.over(np.array([low]), np.array([high]))
            assert found[0] == bounds[first - 1 : last + 2].max()
    assert table.over(np.array([-9.0]), np.array([0.0]))[0] == np.inf
