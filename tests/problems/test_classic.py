"""The classic problems are well described and run everywhere."""

import inspect
import math
import pickle
import re
import sys

import numpy as np
import pytest

from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS
from numdiff.problems import CLASSIC, FORMULATION, STEP4, general_problems

ALL_POINTS_FROM_SOURCE = {"gsl_power_three_halves"}

# Where a value or a slope leaves float16: kept on purpose, to show what the statuses are for.
OVERFLOWS_IN_FLOAT16 = {
    ("sigmoid", -12.0),
    ("tanh", 12.0),
    ("squire_trapp_power", 16.0),
    ("higham_exp", 12.0),
    ("nash_tan_near_pole", 1.57),
}


def test_there_are_at_least_24_classic_problems():
    assert len(CLASSIC) >= 24
    assert {problem.family for problem in CLASSIC} == {"classic"}


def test_the_registry_holds_all_families_under_unique_names():
    assert list(general_problems()) == [problem.name for problem in (*STEP4, *CLASSIC, *FORMULATION)]
    assert len(general_problems()) == len(STEP4) + len(CLASSIC) + len(FORMULATION)


def test_every_author_of_the_plan_is_cited():
    sources = " ".join(problem.source for problem in CLASSIC)
    for author in ("Squire", "Martins", "Oliver", "Dumontet", "Stepleman", "Gill", "Shi", "Runge"):
        assert author in sources


@pytest.mark.parametrize("problem", general_problems().values(), ids=general_problems())
def test_source_has_a_year_and_reason_is_a_short_sentence(problem):
    assert re.search(r"\b(1[89]|20)\d\d\b", problem.source)
    assert len(problem.reason) <= 110
    assert problem.reason.endswith(".")


@pytest.mark.parametrize("problem", general_problems().values(), ids=general_problems())
def test_the_source_says_which_points_are_ours(problem):
    assert ("ours" in problem.source) != (problem.name in ALL_POINTS_FROM_SOURCE)


@pytest.mark.parametrize("problem", general_problems().values(), ids=general_problems())
def test_there_are_two_or_three_points(problem):
    assert 2 <= len(problem.points) <= 3


@pytest.mark.parametrize("problem", CLASSIC, ids=lambda problem: problem.name)
def test_functions_are_named_module_level_functions(problem):
    for function in (problem.f, problem.derivative):
        assert inspect.isfunction(function)
        assert getattr(sys.modules[function.__module__], function.__name__) is function
    assert pickle.loads(pickle.dumps(problem)) == problem


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("problem", general_problems().values(), ids=general_problems())
def test_f_and_derivative_keep_dtype_and_shape_in_every_format(problem, name):
    working = FORMATS[name]
    x = working.as_array(np.array(problem.points))
    with np.errstate(all="ignore"):
        for function in (problem.f, problem.derivative):
            y = evaluate(working, function, x)
            assert (y.dtype, y.shape) == (working.dtype, x.shape)
            assert np.isfinite(y[0])


@pytest.mark.parametrize("problem", general_problems().values(), ids=general_problems())
def test_nothing_overflows_in_float64(problem):
    x = np.array(problem.points)
    with np.errstate(all="raise"):
        assert np.isfinite(problem.f(x)).all()
        assert np.isfinite(problem.derivative(x)).all()


def test_float16_overflows_exactly_where_it_is_meant_to():
    half, found = FORMATS["float16"], set()
    for problem in general_problems().values():
        x = half.as_array(np.array(problem.points))
        with np.errstate(all="ignore"):
            y, slope = evaluate(half, problem.f, x), evaluate(half, problem.derivative, x)
        lost = ~(np.isfinite(y) & np.isfinite(slope))
        found |= {(problem.name, point) for point, bad in zip(problem.points, lost, strict=True) if bad}
    assert found == OVERFLOWS_IN_FLOAT16


@pytest.mark.parametrize("problem", general_problems().values(), ids=general_problems())
def test_f_is_elementwise(problem):
    x = np.array(problem.points)
    apart = [problem.f(np.array([point]))[0] for point in problem.points]
    # One element at a time may take another path through SIMD code: 8 ulps, not equality.
    together = problem.f(x)
    assert np.abs(together - apart).max() <= 8 * np.spacing(np.abs(together)).max()


@pytest.mark.parametrize("problem", general_problems().values(), ids=general_problems())
def test_f_is_finite_in_the_domain_close_to_its_finite_ends(problem):
    lower, upper = problem.domain
    near = [x for x in (lower + 2.0**-20, upper - 2.0**-20) if math.isfinite(x)]
    assert np.isfinite(problem.f(np.array(near))).all()


@pytest.mark.parametrize("problem", general_problems().values(), ids=general_problems())
def test_a_finite_end_of_the_domain_is_a_singularity(problem):
    """A domain that is too small would forbid steps that are fine."""
    for end, inwards in zip(problem.domain, (1, -1), strict=True):
        if math.isfinite(end):
            far, near = np.abs(problem.derivative(end + inwards * np.array([2.0**-10, 2.0**-30])))
            with np.errstate(invalid="ignore"):
                beyond = problem.f(np.array([end - inwards * 2.0**-10]))
            assert near > 2 * far or np.isnan(beyond).all()
