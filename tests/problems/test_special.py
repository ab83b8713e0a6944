"""The special problems are well described, run where SciPy computes them, and are right."""

import inspect
import math
import pickle
import re
import sys

import numpy as np
import pytest

from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS, dyadic
from numdiff.problems import PROBLEMS, SPECIAL

balls = pytest.importorskip("numdiff.arithmetic.balls")
pytest.importorskip("scipy")
FORMATS_OF = {"lambert_w": ("float64",)}  # everything else computes in float32 too
BOTH = [(problem, name) for problem in SPECIAL for name in FORMATS_OF.get(problem.name, ("float32", "float64"))]


def test_there_are_at_least_10_special_problems():
    assert len(SPECIAL) >= 10
    assert {problem.family for problem in SPECIAL} == {"special"}
    assert {problem.name for problem in SPECIAL} <= PROBLEMS.keys()


@pytest.mark.parametrize("problem", SPECIAL, ids=lambda problem: problem.name)
def test_problem_is_described_as_the_classic_ones_are(problem):
    assert re.search(r"\b(1[89]|20)\d\d\b", problem.source)
    assert "ours" in problem.source
    assert len(problem.reason) <= 110
    assert problem.reason.endswith(".")
    assert 2 <= len(problem.points) <= 3
    for function in (problem.f, problem.derivative):
        assert inspect.isfunction(function)
        assert getattr(sys.modules[function.__module__], function.__name__) is function
    assert pickle.loads(pickle.dumps(problem)) == problem


@pytest.mark.parametrize("problem", SPECIAL, ids=lambda problem: problem.name)
def test_derivative_is_certified_by_automatic_differentiation(problem):
    for x in problem.points:
        (slope,) = balls.derivatives(problem.f, [dyadic(x)], 1, 400)
        (given,) = balls.values(problem.derivative, [dyadic(x)], 400)
        assert abs(slope.midpoint - given.midpoint) <= slope.radius + given.radius
        assert slope.radius + given.radius <= abs(slope.midpoint) / 2**200


@pytest.mark.parametrize("problem, name", BOTH, ids=lambda item: getattr(item, "name", item))
def test_f_and_derivative_keep_the_formats_of_scipy(problem, name):
    fmt = FORMATS[name]
    x = fmt.as_array(np.array(problem.points))
    for function in (problem.f, problem.derivative):
        y = evaluate(fmt, function, x)
        assert (y.dtype, y.shape) == (fmt.dtype, x.shape)
        assert np.isfinite(y).all()


@pytest.mark.parametrize("problem", SPECIAL, ids=lambda problem: problem.name)
def test_other_formats_are_refused(problem):
    fmt = FORMATS["float16"]
    with pytest.raises(TypeError, match="keep the dtype of its argument, float16, got float"):
        evaluate(fmt, problem.f, fmt.as_array(np.array(problem.points)))


@pytest.mark.parametrize("problem", SPECIAL, ids=lambda problem: problem.name)
def test_the_domain_is_as_large_as_f_allows(problem):
    for end, inwards in zip(problem.domain, (1, -1), strict=True):
        if math.isfinite(end):
            with np.errstate(all="ignore"):
                assert np.isfinite(problem.f(np.array([end + inwards * 2.0**-20]))).all()
                far, near = np.abs(problem.derivative(end + inwards * np.array([2.0**-6, 2.0**-24])))
                beyond = problem.f(np.array([end - inwards * 2.0**-10]))
            assert near > 2 * far or not np.isfinite(beyond).all() or problem.name == "von_mises_normalizer"
