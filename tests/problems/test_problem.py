"""A Problem refuses what is not a well-posed problem."""

import math
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from numdiff.problems import Problem


def cube(x):
    return x * x * x


def cube_prime(x):
    return 3.0 * x * x


GOOD = Problem(
    name="cube",
    formula="x**3",
    f=cube,
    derivative=cube_prime,
    points=(1.5, 0.1),
    domain=(-math.inf, math.inf),
    source="Nobody (2020)",
    reason="An example.",
    family="example",
)


def test_a_well_posed_problem_is_accepted_as_it_is():
    assert (GOOD.points, GOOD.domain) == ((1.5, 0.1), (-math.inf, math.inf))


def test_a_problem_is_immutable():
    with pytest.raises(FrozenInstanceError):
        GOOD.name = "other"


def test_points_and_domain_become_plain_floats():
    problem = replace(GOOD, points=(np.float64(1.5), 2), domain=[0, np.float32(3)])
    assert [type(x) for x in (*problem.points, *problem.domain)] == [float] * 4
    assert isinstance(problem.points, tuple)
    assert isinstance(problem.domain, tuple)


@pytest.mark.parametrize("field", ["name", "formula", "source", "reason", "family"])
@pytest.mark.parametrize("text", ["", "   ", "two\nlines"])
def test_texts_are_one_non_empty_line(field, text):
    with pytest.raises(ValueError, match=f"{field} must"):
        replace(GOOD, **{field: text})


@pytest.mark.parametrize("field", ["name", "formula", "source", "reason", "family"])
def test_texts_are_strings(field):
    with pytest.raises(TypeError, match=f"{field} must be a string, got int 3"):
        replace(GOOD, **{field: 3})


@pytest.mark.parametrize("field", ["name", "family"])
@pytest.mark.parametrize("text", ["Cube", "2cube", "a cube", "cube-root", "würfel", "cube "])
def test_names_are_identifiers_in_lower_case(field, text):
    with pytest.raises(ValueError, match=f"{field} must be lower-case letters"):
        replace(GOOD, **{field: text})


@pytest.mark.parametrize("field", ["f", "derivative"])
def test_functions_are_callable(field):
    with pytest.raises(TypeError, match=f"{field} must be callable, got 'x'"):
        replace(GOOD, **{field: "x"})


def test_twin_stands_in_the_place_of_the_derivative():
    problem = replace(GOOD, derivative=None, exact=[cube, cube_prime])
    assert problem.exact == (cube, cube_prime)
    assert GOOD.exact == ()
    with pytest.raises(ValueError, match="derivative must be None beside exact, which holds f', got <function"):
        replace(GOOD, exact=(cube, cube_prime))
    with pytest.raises(TypeError, match="derivative must be callable, got None"):
        replace(GOOD, derivative=None)
    for pair in (cube, (cube,), (cube, 3.0)):
        with pytest.raises(TypeError, match=r"exact must be a pair \(f, f'\) of mpmath callables"):
            replace(GOOD, derivative=None, exact=pair)


@pytest.mark.parametrize("domain", [(1.0, 1.0), (2.0, 1.0), (0.0, math.nan), (math.nan, 4.0), (0.0,), (0.0, 1.0, 2.0)])
def test_a_domain_is_a_non_empty_open_interval(domain):
    with pytest.raises(ValueError, match="domain must be an open interval"):
        replace(GOOD, domain=domain)


@pytest.mark.parametrize("value", ["1.5", 1j, None])
def test_points_and_domain_are_real_numbers(value):
    with pytest.raises(TypeError, match="points must hold real numbers"):
        replace(GOOD, points=(value,))
    with pytest.raises(TypeError, match="domain must hold real numbers"):
        replace(GOOD, domain=(value, 3.0))


def test_there_is_at_least_one_point():
    with pytest.raises(ValueError, match="at least one point"):
        replace(GOOD, points=())


def test_points_are_distinct():
    with pytest.raises(ValueError, match="distinct"):
        replace(GOOD, points=(0.0, -0.0))


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("place", [0, 1])
def test_points_are_finite(x, place):
    points = [1.5, 0.5]
    points[place] = x
    with pytest.raises(ValueError, match="points must be finite"):
        replace(GOOD, points=tuple(points))


@pytest.mark.parametrize("x", [-1.0, 0.0, 2.0, 3.0])
@pytest.mark.parametrize("place", [0, 1])
def test_points_lie_inside_the_open_domain(x, place):
    points = [1.5, 0.5]
    points[place] = x
    with pytest.raises(ValueError, match=r"points must lie inside the open domain \(0.0, 2.0\)"):
        replace(GOOD, points=tuple(points), domain=(0.0, 2.0))


@pytest.mark.parametrize("x, bits", [(0.1, 52), (1 + 2**-8, 9), (-(2**9 + 1.0), 10), (257.0, 9)])
def test_the_first_point_has_at_most_8_bits(x, bits):
    with pytest.raises(ValueError, match=rf"points\[0\] must have at most 8 .* with {bits}$"):
        replace(GOOD, points=(x,))
    assert replace(GOOD, points=(1.0, x)).points[1] == x


@pytest.mark.parametrize("x", [2.0**-14, -(2.0**-20), 2.0**15, -(2.0**16)])
def test_the_first_point_leaves_room_around_it_in_float16(x):
    with pytest.raises(ValueError, match=r"points\[0\] must be 0 or lie a factor of two inside"):
        replace(GOOD, points=(x,))
    assert replace(GOOD, points=(1.0, x)).points[1] == x


@pytest.mark.parametrize("x", [0.0, 2.0**-13, -(2.0**14), 255.0, 1 + 2**-7])
def test_the_first_point_may_go_up_to_the_limits(x):
    assert replace(GOOD, points=(x,)).points == (x,)
    # The purpose: x, and the numbers half and twice as large, are normal numbers of float16, and exact.
    with np.errstate(all="raise"):
        for near in (x / 2, x, 2 * x):
            assert float(np.float16(near)) == near
            assert near == 0 or abs(near) >= np.finfo(np.float16).smallest_normal
