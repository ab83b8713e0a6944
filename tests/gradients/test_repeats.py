"""f(x) is asked for again where something is in doubt."""

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.gradients import check_gradient
from numdiff.gradients.functions import Function
from numdiff.gradients.lines import coordinates
from numdiff.gradients.parameters import Parameters
from numdiff.gradients.repeats import is_doubtful, refuse_random, repeats_of
from numdiff.gradients.searches import estimated


def doubtful(f, x):
    x = np.asarray(x, float)
    found = estimated(coordinates(Function(f, Parameters(x)), x), FORMATS["float64"])
    return is_doubtful(found, abs(float(f(x))), 2.0**-53)


def test_smooth_functions_are_not_doubtful_and_noisy_ones_are():
    assert not doubtful(lambda x: np.sum(np.exp(x)), [0.5, -1.0])
    assert not doubtful(lambda x: np.sum(x[:1] ** 2), [0.5, -1.0])
    assert doubtful(lambda x: np.sum(np.exp(x)) + 1e-9 * np.sin(1e12 * x[0]), [0.5, -1.0])
    assert doubtful(lambda x: np.sum(np.abs(x)), [0.5, 0.0])


def test_first_value_that_differs_ends_it():
    values = iter([1.0, 1.0, 2.0])
    with pytest.raises(ValueError, match=r"f must be deterministic, got 1.0 and later 2.0 for the same x"):
        refuse_random(lambda: next(values), 1.0, 10)
    assert refuse_random(lambda: 1.0, 1.0, 7) == 7


def test_smooth_function_is_asked_once_more_and_a_noisy_one_as_often_as_said():
    x = np.array([0.5, -1.0])
    for f, count in ((lambda v: np.sum(np.exp(v)), 2), (lambda v: float(f"{np.sum(np.exp(v)):.5g}"), None)):
        calls = []
        check = check_gradient(lambda v, f=f, calls=calls: calls.append(np.array_equal(v, x)) or f(v), np.exp, x)
        assert len(calls) == check.evaluations
        assert sum(calls) == count if count else sum(calls) >= 1 + repeats_of(0)
