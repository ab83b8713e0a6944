"""What `derivative` is asked: wrong arguments are named with what is required, right ones reach the estimator."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import numdiff as nd
from numdiff.adaptive.arguments import LEAST, ORDERS, RESERVE, question
from numdiff.floats.formats import FORMATS
from tests.adaptive.canned import Canned, answer_with
from tests.extra_rows import EXTRA_FORMATS

FORMAT = pytest.mark.parametrize("fmt", FORMATS)


@pytest.fixture
def asked(monkeypatch):
    """Return what the estimator was asked, call by call."""
    estimator = Canned()
    answer_with(monkeypatch, estimator)
    return estimator.asked


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"f": 3}, TypeError, "f must be callable, got int 3"),
        ({"f": "exp"}, TypeError, r"f must be callable, got str 'exp'; a problem of the suite is nd\.PROBLEMS"),
        ({"f": nd.Exp}, TypeError, r"f must be a function, got the class Exp; write Exp\(\)"),
        ({"x": math.nan}, ValueError, "x must be finite in float64, got nan"),
        ({"x": [1.0, math.inf]}, ValueError, r"x must be finite in float64, got inf at index \(1,\)"),
        ({"x": 1e300, "dtype": "float32"}, ValueError, r"x must be finite in float32, got 1e\+300"),
        ({"x": 1j}, TypeError, "x must"),
        ({"x": "one"}, TypeError, "x must"),
        ({"x": True}, TypeError, "x must"),
        ({"x": None}, TypeError, "x must"),
        ({"x": np.ma.masked_less([1.0, 2.0], 1.5)}, TypeError, "x must not be masked anywhere"),
        ({"dtype": "float12"}, ValueError, "dtype must be one of float16"),
        ({"domain": (2.0, 1.0)}, ValueError, r"domain must be a pair of ends \(low, high\) with low < high, got \(2"),
        ({"domain": (1.0, 1.0)}, ValueError, "domain must be a pair of ends"),
        ({"domain": 3.0}, TypeError, "domain must be a pair of ends"),
        ({"domain": (0.0, math.nan)}, ValueError, "domain must be a pair of ends"),
        ({"domain": (1.0, 2.0)}, ValueError, r"x must lie inside the open domain \(1\.0, 2\.0\), got 0\.5$"),
        ({"x": [1.5, 3.0], "domain": (1.0, 2.0)}, ValueError, r"got 3\.0 at index \(1,\)$"),
        ({"noise": -1e-3}, ValueError, r"noise must be finite and at least 0, the standard deviation.*got -0\.001"),
        ({"noise": math.nan}, ValueError, "noise must be finite and at least 0"),
        ({"noise": math.inf}, ValueError, "noise must be finite and at least 0"),
        ({"noise": "small"}, TypeError, "noise must be a real number"),
        ({"x": [1.0, 2.0], "noise": [0.1, 0.1, 0.1]}, ValueError, r"noise must broadcast with x, of shape \(2,\), got"),
        ({"order": 0}, ValueError, "order must be the order of the derivative, an integer from 1 to 4, got 0"),
        ({"order": 8}, ValueError, "order must be.*got 8; the accuracy order.*scipy.differentiate.*leave it out"),
        ({"order": -1}, ValueError, "order must be"),
        ({"order": 1.0}, ValueError, r"order must be.*got 1\.0"),
        ({"order": True}, ValueError, "order must be.*got True"),
        ({"order": None}, ValueError, "order must be.*got None"),
        ({"side": "up"}, ValueError, "side must be None, 'left', 'right', -1, 0 or 1.*got 'up'"),
        ({"side": 2}, ValueError, "side must be.*got 2"),
        ({"side": 1.0}, ValueError, r"side must be.*got 1\.0"),
        ({"side": True}, ValueError, "side must be.*got True"),
        ({"side": math.nan}, ValueError, "side must be.*got nan"),
        ({"side": [1, 2]}, ValueError, r"side must be.*got \[1, 2\]"),
        ({"side": [1, [2]]}, ValueError, "side must be"),
        ({"side": [[1, 0], [-1, 1]], "x": [1.0] * 3}, ValueError, "side must broadcast with x"),
        ({"max_evaluations": LEAST - 1}, ValueError, f"max_evaluations must be an integer of at least {LEAST}.*got 19"),
        ({"max_evaluations": 24.0}, ValueError, r"max_evaluations must be.*got 24\.0"),
        ({"confidence": 1.0}, ValueError, r"confidence must be the probability.*got 1\.0"),
        ({"confidence": 99}, ValueError, "confidence must be the probability.*got 99"),
        ({"max_evaluations": True}, ValueError, "max_evaluations must be.*got True"),
        ({"workers": 0}, ValueError, "workers must be an integer of at least 1 or a callable like map, got 0"),
    ],
    ids=repr,
)
def test_a_wrong_argument_is_named_with_what_is_required(arguments, error, match):
    def f(x):
        raise AssertionError("f is not called")

    given_arguments = {"f": f, "x": 0.5} | arguments
    with pytest.raises(error, match=match):
        nd.derivative(given_arguments.pop("f"), given_arguments.pop("x"), **given_arguments)


@pytest.mark.parametrize(
    ("habit", "advice"),
    [
        ("step_direction", r"write side='left' or side='right'"),
        ("tolerances", r"leave it out: every value.*\.error"),
        ("rtol", r"leave it out: every value.*\.error"),
        ("initial_step", r"steps are chosen for each point; leave it out.*nd\.difference"),
        ("step_factor", r"steps are chosen for each point"),
        ("step", r"steps are chosen for each point"),
        ("maxiter", r"write max_evaluations, the points at which f may be evaluated"),
        ("preserve_shape", r"leave it out.*nd\.jacobian"),
        ("callback", r"leave it out.*\.status"),
        ("n", r"write order, which is that of the derivative"),
        ("method", r"the formula is chosen for each point; nd\.difference takes one as stencil="),
        ("stencil", r"the formula is chosen for each point"),
        ("h", r"steps are chosen for each point"),
        ("bounds", r"write domain$"),
        ("n_jobs", r"write workers$"),
        ("vectorized", r"write elementwise$"),
    ],
)
def test_a_habit_of_scipy_and_of_others_is_answered(habit, advice):
    with pytest.raises(TypeError, match=rf"derivative\(\) has no argument {habit}; {advice}"):
        nd.derivative(np.exp, 0.5, **{habit: 1})


def test_an_end_that_f_has_too_can_be_moved_out_as_the_message_says():
    with pytest.raises(ValueError, match=r"got 0\.0; if f is.*at np\.nextafter\(0\.0, -np\.inf\), with side='right'$"):
        nd.derivative(np.exp, 0.0, domain=(0.0, 1.0))
    with pytest.raises(ValueError, match=r"end the domain at np\.nextafter\(1\.0, np\.inf\), with side='left'$"):
        nd.derivative(np.exp, 1.0, domain=(0.0, 1.0))
    seen = []

    def f(x):
        seen.extend(x.tolist())
        return np.exp(x)

    result = nd.derivative(f, 0.0, domain=(np.nextafter(0.0, -np.inf), 1.0), side="right")
    assert abs(result.df - 1.0) <= result.error < 1e-3
    assert min(seen) >= 0.0


# --- what reaches the estimator ------------------------------------------------------------------------------


def test_the_estimator_is_asked_for_what_was_asked(asked):
    nd.derivative(np.exp, 0.5, order=3, noise=1e-3, side="left", max_evaluations=30, domain=(0.0, 2.0))
    (options,) = asked
    assert (options["order"], options["side"], options["budget"]) == (3, -1, 30 - RESERVE)
    assert (options["lower"], options["upper"], options["noise"].tolist()) == (0.0, 2.0, [1e-3])
    assert options["x"].tolist() == [0.5]


def test_by_default_the_estimator_chooses(asked):
    nd.derivative(np.exp, [0.5, 1.0])
    (options,) = asked
    assert (options["order"], options["side"], options["budget"], options["noise"]) == (1, 0, None, None)
    assert (options["lower"], options["upper"]) == (-math.inf, math.inf)


@pytest.mark.parametrize(("side", "code"), [(None, 0), ("left", -1), ("right", 1), (-1, -1), (0, 0), (np.int8(1), 1)])
def test_a_side_has_a_name_or_a_sign(asked, side, code):
    nd.derivative(np.exp, 0.5, side=side)
    assert asked[0]["side"] == code


def test_points_of_each_side_are_a_search_of_their_own(asked):
    x = np.array([1.0, 2.0, 3.0, 4.0])
    result = nd.derivative(lambda x: x * x, x, side=[1, -1, 1, 0], noise=[0.1, 0.2, 0.3, 0.4])
    found = {options["side"]: (options["x"].tolist(), options["noise"].tolist()) for options in asked}
    assert found == {-1: ([2.0], [0.2]), 0: ([4.0], [0.4]), 1: ([1.0, 3.0], [0.1, 0.3])}
    np.testing.assert_allclose(result.df, 2 * x)


def test_everything_broadcasts_with_x(asked):
    result = nd.derivative(
        lambda x, p: x**p,
        np.array([1.0, 2.0]).reshape(2, 1, 1),
        args=(np.array([2, 3]).reshape(1, 2, 1),),
        side=np.array([-1, 1]),
        noise=np.full((1, 2, 2), 0.25),
    )
    assert result.df.shape == result.x.shape == (2, 2, 2)
    np.testing.assert_allclose(result.df[1, 1], [12.0, 12.0], rtol=1e-6)
    assert all(options["noise"].shape == options["x"].shape == (4,) for options in asked)


@pytest.mark.parametrize("x", [7, np.int32(7), Fraction(7), [7], np.array([7], dtype=">f8"), np.float64(7.0)], ids=repr)
def test_numbers_of_any_kind_become_numbers_of_a_format(asked, x):
    result = nd.derivative(lambda x: x * x, x)
    assert np.asarray(result.df).dtype == np.float64
    assert np.ravel(result.df).tolist() == [14.0]


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_is_taken(order):
    result = nd.derivative(np.exp, 0.0, order=np.int64(order))
    assert abs(result.df - 1.0) <= result.error < 0.1


def test_no_points_are_no_question(asked):
    result = nd.derivative(lambda x: 1 / 0, np.empty((2, 0)))
    assert not asked
    assert result.df.shape == result.status.shape == (2, 0)
    assert result.success.all()


# --- functions of the house ----------------------------------------------------------------------------------


def test_a_problem_brings_its_domain(asked):
    log = next(p for p in nd.PROBLEMS.values() if p.domain[0] == 0.0 and p.domain[1] == math.inf)
    nd.derivative(log, 2.0)
    nd.derivative(log, 2.0, domain=(-1.0, 5.0))
    assert [(options["lower"], options["upper"]) for options in asked] == [(0.0, math.inf), (0.0, 5.0)]
    with pytest.raises(ValueError, match="domain must overlap that of the problem"):
        nd.derivative(log, 2.0, domain=(-2.0, -1.0))
    with pytest.raises(ValueError, match="x must lie inside the open domain"):
        nd.derivative(log, -2.0)


def test_a_function_of_variables_is_taken():
    result = nd.derivative(nd.Square(), 3.0)
    assert abs(result.df - 6.0) <= result.error < 1e-6


@pytest.mark.parametrize("name", ["exp", "composition"])
def test_a_problem_is_taken(name):
    problem = nd.PROBLEMS[name]
    result = nd.derivative(problem, problem.points[0])
    assert abs(result.df - problem.derivative(problem.points[0])) <= result.error


# --- ends of the domain in a format --------------------------------------------------------------------------


@FORMAT
@given(ends=st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=2, unique=True).map(sorted), data=st.data())
def test_a_number_of_the_format_is_between_the_ends_exactly_if_it_is_inside_the_domain(fmt, ends, data):
    item = FORMATS[fmt]
    middle = item.as_array(np.array((ends[0] + ends[1]) / 2))
    low, high = ends
    try:
        asked = question(np.exp, middle, (), None, (low, high), None, None)
    except ValueError:  # no number of the format is near the middle
        return
    with np.errstate(all="ignore"):
        for end in ends:
            near = item.as_array(np.array(end))
            below, above = (np.nextafter(near, item.dtype.type(way)) for way in (-np.inf, np.inf))
            for number in (below, near, above):
                if np.isfinite(number):
                    inside = Fraction(low) < item.lift(number) < Fraction(high)
                    assert inside == bool(asked.lower < number.astype(np.longdouble) < asked.upper)


@pytest.mark.parametrize("item", EXTRA_FORMATS, ids=lambda item: item.name)
@pytest.mark.parametrize("end", [0.1, 447.0, 460.0, 1e30])
def test_ends_are_those_of_the_domain_in_formats_of_8_bits_too(item, end):
    with FORMATS.holding(item):
        with np.errstate(all="ignore"):
            every = np.arange(256, dtype=np.uint8).view(item.dtype)
            every = every[np.isfinite(every)].astype(float)
        asked = question(np.exp, 0.0625, (), item, (-end, end), None, None)
        np.testing.assert_array_equal((every > asked.lower) & (every < asked.upper), (every > -end) & (every < end))


def test_an_end_beyond_the_format_is_no_end():
    asked = question(np.exp, np.float16(1.0), (), None, (-1e30, 1e30), None, None)
    assert (asked.lower, asked.upper) == (-math.inf, math.inf)
