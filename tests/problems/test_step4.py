"""The problems of the course are the course's functions."""

import pickle

import numpy as np
import pytest

from numdiff.autodiff import Exp, Sigmoid, Square, Tanh, Variable, numerical_diff
from numdiff.problems import PROBLEMS, STEP4

FUNCTIONS = {"square": Square(), "exp": Exp(), "sigmoid": Sigmoid(), "tanh": Tanh()}


def test_the_family_is_complete_and_in_the_order_of_the_course():
    assert [problem.name for problem in STEP4] == ["square", "exp", "sigmoid", "tanh", "composition"]
    assert {problem.family for problem in STEP4} == {"step4"}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_f_is_the_box_bit_for_bit(name, dtype):
    x = np.linspace(-3, 3, 61).astype(dtype)
    y = PROBLEMS[name].f(x)
    assert y.dtype == dtype
    assert np.array_equal(y, FUNCTIONS[name](Variable(x)).data)


def test_the_composition_is_square_of_exp_of_square_bit_for_bit():
    x = np.linspace(-1, 1, 61)
    assert np.array_equal(PROBLEMS["composition"].f(x), np.exp(x**2) ** 2)


@pytest.mark.parametrize("name, published", [("square", 4.000000000004), ("composition", 3.2974426293330694)])
def test_the_first_point_is_the_one_of_the_course(name, published):
    problem = PROBLEMS[name]

    def composed(x):
        return Variable(problem.f(x.data))

    assert numerical_diff(composed, Variable(np.array(problem.points[:1])))[0] == published


@pytest.mark.parametrize("problem", STEP4, ids=lambda problem: problem.name)
def test_a_box_problem_can_be_sent_to_another_process(problem):
    copy = pickle.loads(pickle.dumps(problem))
    x = np.array(problem.points)
    assert np.array_equal(copy.f(x), problem.f(x))
