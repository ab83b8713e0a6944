"""The second look confirms what is wrong, and withdraws what a kink, a wave or a stair has made."""

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.gradients import second_look as module
from numdiff.gradients.functions import Function
from numdiff.gradients.lines import coordinates
from numdiff.gradients.parameters import Parameters
from numdiff.gradients.rule import Slopes
from numdiff.gradients.searches import estimated
from numdiff.gradients.second_look import second_look

FLOAT64 = FORMATS["float64"]


def looked(f, x, claim, value=None):
    """Return whether a claim is called wrong and whether small steps see it; `value` replaces the first value."""
    lines = coordinates(Function(lambda v: f(v[0]), Parameters([x])), np.array([x]))
    found = estimated(lines, FLOAT64)
    if value is not None:
        found.value[:] = value
        found.error[:] = abs(value) * 1e-9
    slopes = Slopes(np.array([claim]), np.array([0.0]), found)
    confirmed, withdrawn = second_look(lines, FLOAT64, slopes, abs(f(x)))
    return bool(confirmed[0]), bool(withdrawn[0])


@pytest.mark.parametrize("factor", [2, 0.5, -1, 0, 1 + 1e-6, 1 - 1e-8])
def test_wrong_claim_is_confirmed(factor):
    assert looked(np.exp, 0.5, factor * np.exp(0.5)) == (True, False)


def test_value_that_is_wrong_is_not_confirmed():
    """Small steps see the right claim; without them the second ladder does not see the wrong value."""
    assert looked(np.exp, 0.5, np.exp(0.5), value=1.8) == (False, True)


def test_second_ladder_alone_does_not_confirm_a_wrong_value(monkeypatch):
    monkeypatch.setattr(module, "_is_withdrawn", lambda *arguments: np.zeros(1, bool))
    assert looked(np.exp, 0.5, np.exp(0.5), value=1.8) == (False, False)
    assert looked(np.exp, 0.5, 2 * np.exp(0.5)) == (True, False)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9])
def test_slope_on_one_side_of_a_kink_is_no_mistake(side, distance):
    """v is that of the steps beyond the kink, which are all that was taken."""
    x = side * distance
    assert looked(lambda v: max(v, 0.0) + v * v + 1, x, (side > 0) + 2 * x, value=0.5) == (False, True)


def test_constant_says_nothing_about_a_small_claim_and_enough_about_a_large_one():
    assert looked(lambda v: 1.0, 0.5, 1e-6, value=0.0)[0] is False
    assert looked(lambda v: 1.0, 0.5, 1.0, value=0.0) == (True, False)


def test_nodes_of_the_second_ladder_are_not_those_of_the_first():
    seen = []

    def f(v):
        seen.append(float(v))
        return np.exp(v)

    looked(f, 0.5, 3.0)
    visited = [node for node in seen if node != 0.5]
    assert len(set(visited)) == len(visited)


def test_domain_is_not_left():
    seen = []

    def f(v):
        seen.append(float(v[0]))
        return np.log(v[0])

    x, ends = np.array([1e-3]), {"lower": np.array([1e-4]), "upper": np.array([1.0])}
    lines = coordinates(Function(f, Parameters(x)), x)
    found = estimated(lines, FLOAT64, **ends)
    slopes = Slopes(np.array([500.0]), np.array([0.0]), found)
    assert second_look(lines, FLOAT64, slopes, 7.0, **ends)[0].all()
    assert min(seen) >= 1e-4
