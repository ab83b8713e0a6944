"""jacobi as a peer: its own figures, the side that it chooses, and what it raises."""

import math

import numpy as np
import pytest

from numdiff.rules.base import RuleStatus
from numdiff.rules.peers.jacobi import JACOBI
from tests.rules.peers.asking import asked, far

jacobi = pytest.importorskip("jacobi", reason="jacobi is not installed")
DEFAULT, DIRECTED = JACOBI
every = pytest.mark.parametrize("peer", JACOBI, ids=lambda peer: peer.name)


@every
def test_derivative_error_and_evaluations_of_a_smooth_function(peer):
    choice, seen = asked(peer, np.exp, 0.5)
    assert (choice.status, choice.reason) == (RuleStatus.OK, "")
    assert far(choice.derivative) < 1e-12
    assert (choice.derivative, choice.error) == tuple(map(float, jacobi.jacobi(np.exp, 0.5)))
    assert choice.evaluations == len(seen.nodes)
    assert 6 < choice.evaluations < 30


@every
@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
def test_f_is_in_the_format_and_the_answer_says_that_the_library_is_not(peer, name):
    choice, seen = asked(peer, np.exp, 0.5, name)
    assert seen.dtypes == {name}
    assert choice.reason == f"computed in float64, with an f that rounds to {name}"
    assert far(choice.derivative) < {"float32": 1e-4}.get(name, 0.5)


@every
@pytest.mark.parametrize("x, low, high, slope", [(0.99, -1.0, 1.0, -2 * 0.99), (-0.99, -1.0, 1.0, 2 * 0.99)])
def test_near_an_end_of_the_domain_it_goes_to_the_other_side(peer, x, low, high, slope):
    """Both ends: at negative x the library counts its steps the other way."""
    choice, seen = asked(peer, lambda y: np.log1p(-y * y), x, domain=(low, high))
    assert abs(choice.derivative / (slope / (1 - x * x)) - 1) < 1e-6
    assert low < min(seen.nodes) <= max(seen.nodes) < high
    assert choice.evaluations == len(seen.nodes)
    if peer is DEFAULT:
        assert choice.reason == "asked for 1 points outside the domain (-1.0, 1.0), where it got NaN"
    else:
        assert choice.reason == ""
        assert max(seen.nodes) == 0.99 or min(seen.nodes) == -0.99


def test_the_middle_of_a_domain_has_central_differences_of_both():
    assert asked(DEFAULT, np.exp, 0.5, domain=(0.0, math.inf))[1].nodes == (
        asked(DIRECTED, np.exp, 0.5, domain=(0.0, math.inf))[1].nodes
    )


def test_what_it_raises_and_nan_are_recorded(monkeypatch):
    nan, _ = asked(DEFAULT, lambda x: x * np.nan, 0.5)
    assert nan.status in (RuleStatus.NOT_FINITE, RuleStatus.RAISED)
    assert nan.reason

    def fails(*arguments, **options):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(jacobi, "jacobi", fails)
    raised, _ = asked(DEFAULT, np.exp, 0.5)
    assert (raised.status, raised.reason) == (RuleStatus.RAISED, "LinAlgError: Singular matrix")
