"""numdifftools as a peer: its own figures, higher orders, ends of a domain, warnings."""

import math
import warnings

import numpy as np
import pytest

from numdiff.formulas.stencil import CENTERED, centered
from numdiff.rules.base import RuleStatus
from numdiff.rules.peers.numdifftools import NUMDIFFTOOLS
from tests.rules.peers.asking import asked, far

numdifftools = pytest.importorskip("numdifftools", reason="numdifftools is not installed")
DEFAULT, FOURTH, SCALED, DIRECTED, COMPLEX = NUMDIFFTOOLS
every = pytest.mark.parametrize("peer", NUMDIFFTOOLS, ids=lambda peer: peer.name)


@every
def test_derivative_error_and_evaluations_of_a_smooth_function(peer):
    choice, seen = asked(peer, np.exp, 0.5)
    assert (choice.status, choice.reason) == (RuleStatus.OK, "")
    assert far(choice.derivative) < 1e-12
    assert choice.error is not None
    assert 0 < choice.error < 1e-11
    assert choice.evaluations == len(seen.nodes) == (2 if peer is COMPLEX else 31)


@pytest.mark.parametrize(
    "peer, options", [(DEFAULT, {}), (FOURTH, {"order": 4}), (COMPLEX, {"method": "complex"}), (DIRECTED, {})]
)
def test_the_figures_are_those_of_the_library_with_these_options(peer, options):
    choice, _ = asked(peer, np.exp, 0.5)
    found = numdifftools.Derivative(np.exp, full_output=True, **options)(0.5)
    assert choice.derivative == found.estimate
    assert choice.error == found.error_estimate
    assert choice.step == found.final_step


@pytest.mark.parametrize("peer", [DEFAULT, FOURTH, SCALED, DIRECTED], ids=lambda peer: peer.name)
def test_f_is_in_the_format_and_the_answer_says_that_the_library_is_not(peer):
    choice, seen = asked(peer, np.exp, 0.5, "float32")
    assert seen.dtypes == {"float32"}
    assert choice.reason == "computed in float64, with an f that rounds to float32"
    assert choice.derivative.dtype == np.float64
    assert far(choice.derivative) < 1e-5


@pytest.mark.parametrize("order", [2, 3, 4])
def test_higher_derivatives_are_computed(order):
    choice, seen = asked(DEFAULT, lambda x: np.exp(x * 2.0), 0.25, formula=centered(2, order))
    assert choice.status is RuleStatus.OK
    assert far(choice.derivative / 2**order) < 1e-6
    assert choice.evaluations == len(seen.nodes)


def test_near_an_end_of_the_domain_the_default_has_nothing_and_the_others_stay_inside():
    domain = (0.0, math.inf)
    outcome, seen = asked(DEFAULT, np.log, 1e-3, domain=domain)
    assert outcome.status is RuleStatus.OUTSIDE_DOMAIN
    assert "points outside the domain" in outcome.reason
    assert min(seen.nodes) > 0
    assert outcome.evaluations == len(seen.nodes) < 31
    for peer, most in ((SCALED, 1e-10), (DIRECTED, 1e-2), (COMPLEX, 1e-15)):
        choice, seen = asked(peer, np.log, 1e-3, domain=domain)
        assert choice.status is RuleStatus.OK, choice
        assert abs(choice.derivative * 1e-3 - 1) < most
        assert min(node.real for node in seen.nodes) > 0
    backward, seen = asked(DIRECTED, lambda x: np.log(1.0 - x), 0.5, domain=(-math.inf, 1.0))
    assert max(seen.nodes) == 0.5
    assert abs(backward.derivative / -2 - 1) < 1e-6


def test_the_scaled_row_follows_the_size_of_x():
    plain, _ = asked(DEFAULT, np.sqrt, 1e8)
    scaled, _ = asked(SCALED, np.sqrt, 1e8)
    assert abs(scaled.derivative / 5e-5 - 1) < 1e-12 < abs(plain.derivative / 5e-5 - 1)


def test_an_f_without_complex_numbers_is_unsuitable_for_the_complex_step():
    choice, _ = asked(COMPLEX, np.abs, 0.5)
    assert choice.status is RuleStatus.UNSUITABLE
    assert asked(COMPLEX, np.exp, 0.5, "float16")[0].status is RuleStatus.UNSUITABLE


@every
def test_nan_warnings_and_an_exception_of_the_library_are_recorded(peer, monkeypatch):
    nan, _ = asked(peer, lambda x: x * np.nan, 0.5)
    assert nan.status is RuleStatus.NOT_FINITE
    assert nan.reason.startswith("it returned nan")
    assert "Warning: " in nan.reason

    class Fails(numdifftools.Derivative):
        def __call__(self, *arguments):
            warnings.warn("hm", RuntimeWarning, stacklevel=1)
            raise ValueError("no")

    monkeypatch.setattr(numdifftools, "Derivative", Fails)
    raised, _ = asked(peer, np.exp, 0.5)
    assert (raised.status, raised.reason) == (RuleStatus.RAISED, "ValueError: no; RuntimeWarning: hm")
    assert asked(peer, np.exp, 0.5, formula=CENTERED)[1].nodes == []
