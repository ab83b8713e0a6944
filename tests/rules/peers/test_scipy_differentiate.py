"""`scipy.differentiate.derivative` as a peer: its own figures, its own status, its format."""

import math

import numpy as np
import pytest

from numdiff.rules.base import RuleStatus
from numdiff.rules.peers.scipy_differentiate import SCIPY_DIFFERENTIATE
from tests.rules.peers.asking import asked, far

scipy_differentiate = pytest.importorskip("scipy.differentiate", reason="SciPy is not installed")
DEFAULT, TIGHT, SCALED, DIRECTED = SCIPY_DIFFERENTIATE
every = pytest.mark.parametrize("peer", SCIPY_DIFFERENTIATE, ids=lambda peer: peer.name)


@every
@pytest.mark.parametrize("name, most", [("float64", 1e-12), ("float32", 1e-5), ("float16", 2e-2)])
def test_derivative_error_and_evaluations_of_a_smooth_function(peer, name, most):
    choice, seen = asked(peer, np.exp, 0.5, name)
    assert choice.status is RuleStatus.OK
    assert far(choice.derivative) < most
    assert choice.error is not None
    assert 0 < choice.error < most * 10
    assert choice.evaluations == len(seen.nodes) >= 11


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_the_defaults_are_those_of_the_library_and_the_format_is_kept(name):
    choice, seen = asked(DEFAULT, np.exp, 0.5, name)
    found = scipy_differentiate.derivative(np.exp, np.dtype(name).type(0.5))
    assert choice.derivative == found.df
    assert choice.derivative.dtype == np.dtype(name)
    assert choice.error == found.error
    assert choice.evaluations == found.nfev
    assert seen.dtypes == {name}
    assert choice.reason == ""


@every
def test_a_format_that_scipy_does_not_know_is_computed_in_float64_and_said_so(peer):
    """It halves its steps until they are lost, says that it did not converge, and its error covers that."""
    choice, seen = asked(peer, np.exp, 0.5, "bfloat16")
    assert seen.dtypes == {"bfloat16"}
    assert choice.status is RuleStatus.NOT_CONVERGED
    assert choice.reason.endswith("computed in float64, with an f that rounds to bfloat16")
    assert abs(choice.derivative - math.exp(0.5)) < choice.error
    assert choice.evaluations == len(seen.nodes)


def test_the_tight_row_has_more_digits_for_more_evaluations():
    (loose, _), (tight, _) = asked(DEFAULT, np.sqrt, 1.0), asked(TIGHT, np.sqrt, 1.0)
    assert tight.evaluations > loose.evaluations
    assert abs(tight.derivative - 0.5) < abs(loose.derivative - 0.5) / 10
    assert tight.error < 2.0 ** (-52 * 0.75) * 0.5


def test_the_scaled_row_follows_the_size_of_x():
    loose, _ = asked(DEFAULT, np.log, 1e20, domain=(0.0, math.inf))
    scaled, _ = asked(SCALED, np.log, 1e20, domain=(0.0, math.inf))
    assert loose.status is RuleStatus.NOT_CONVERGED
    assert "maximum number of iterations" in loose.reason
    assert loose.derivative is not None
    assert scaled.status is RuleStatus.OK
    assert abs(scaled.derivative * 1e20 - 1) < 1e-10


def test_near_an_end_of_the_domain_the_default_has_nothing_and_the_others_stay_inside():
    domain = (0.0, math.inf)
    outcome, seen = asked(DEFAULT, np.log, 0.125, domain=domain)
    assert outcome.status is RuleStatus.OUTSIDE_DOMAIN
    assert "it met a value that is not finite" in outcome.reason
    assert "points outside the domain (0.0, inf)" in outcome.reason
    assert min(seen.nodes) > 0
    assert outcome.evaluations == len(seen.nodes)
    for peer, most in ((SCALED, 1e-11), (DIRECTED, 1e-9)):
        choice, seen = asked(peer, np.log, 0.125, domain=domain)
        assert choice.derivative is not None, choice
        assert abs(choice.derivative / 8 - 1) < most
        assert min(seen.nodes) > 0
        assert "outside" not in choice.reason
    directed, seen = asked(DIRECTED, lambda x: np.log(1.0 - x), 0.875, domain=(-math.inf, 1.0))
    assert abs(directed.derivative / -8 - 1) < 1e-9
    assert max(seen.nodes) == 0.875


@every
def test_nan_and_an_exception_of_the_library_are_recorded(peer, monkeypatch):
    nan, _ = asked(peer, lambda x: x * np.nan, 0.5)
    assert nan.status is RuleStatus.NOT_FINITE
    assert nan.reason.startswith("it returned nan; it met a value that is not finite")

    def fails(*arguments, **options):
        raise ValueError("no such thing")

    monkeypatch.setattr(scipy_differentiate, "derivative", fails)
    raised, _ = asked(peer, np.exp, 0.5)
    assert (raised.status, raised.reason) == (RuleStatus.RAISED, "ValueError: no such thing")


def test_noise_that_makes_the_error_grow_is_a_missed_tolerance():
    choice, _ = asked(TIGHT, lambda x: np.round(np.sin(x), 5), 0.5)
    assert choice.status is RuleStatus.NOT_CONVERGED
    assert choice.reason == "its error estimate increased before the tolerance was met"
    assert 1e-7 < choice.error < 1
