"""`approx_derivative` of SciPy as a peer: two and three points, bounds, the complex step."""

import math

import numpy as np
import pytest

from numdiff.rules.base import RuleStatus
from numdiff.rules.peers.scipy_optimize import SCIPY_OPTIMIZE
from tests.rules.peers.asking import asked, far

numdiff_of_scipy = pytest.importorskip("scipy.optimize._numdiff", reason="SciPy is not installed")
TWO, TWO_BOUNDED, THREE, THREE_BOUNDED, CS = SCIPY_OPTIMIZE
every = pytest.mark.parametrize("peer", SCIPY_OPTIMIZE, ids=lambda peer: peer.name)


@every
def test_derivative_and_evaluations_of_a_smooth_function_without_an_error(peer):
    choice, seen = asked(peer, np.exp, 0.5)
    assert (choice.status, choice.error, choice.reason) == (RuleStatus.OK, None, "")
    assert far(choice.derivative) < {"2-point": 1e-7, "3-point": 1e-9, "cs": 1e-15}[peer.method]
    assert choice.evaluations == len(seen.nodes) == (3 if peer.method == "3-point" else 2)


@every
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_the_figures_are_those_of_the_library_and_f_keeps_the_format(peer, name):
    choice, seen = asked(peer, np.exp, 0.5, name)
    x = np.dtype(name).type(0.5)
    if peer is not CS:
        assert choice.derivative == numdiff_of_scipy.approx_derivative(np.exp, x, method=peer.method)[0]
        assert seen.dtypes == {name}
    else:
        assert seen.dtypes == {name, {"float32": "complex64", "float64": "complex128"}[name]}


def test_the_step_is_that_of_the_format():
    _, wide = asked(TWO, np.exp, 1.0)
    _, narrow = asked(TWO, np.exp, 1.0, "float32")
    assert max(wide.nodes) == 1 + 2.0**-26
    assert 2.0**-12 < max(narrow.nodes) - 1 < 2.0**-11


@pytest.mark.parametrize("peer", [THREE, THREE_BOUNDED], ids=lambda peer: peer.name)
def test_bounds_keep_the_nodes_inside(peer):
    choice, seen = asked(peer, np.sqrt, 1e-6, domain=(0.0, math.inf))
    assert min(seen.nodes) > 0
    if peer is THREE:
        assert choice.status is RuleStatus.OUTSIDE_DOMAIN
        assert "asked for 1 points outside the domain (0.0, inf)" in choice.reason
        assert choice.evaluations == 2
    else:
        assert choice.status is RuleStatus.OK
        assert choice.evaluations == 3
        assert "outside" not in choice.reason


def test_two_points_step_away_from_a_bound():
    (plain, _), (bounded, seen) = (asked(peer, np.arcsin, 1 - 1e-9, domain=(-1.0, 1.0)) for peer in (TWO, TWO_BOUNDED))
    assert plain.status is RuleStatus.OUTSIDE_DOMAIN
    assert bounded.status is RuleStatus.OK
    assert max(seen.nodes) == 1 - 1e-9


@pytest.mark.parametrize("f, name", [(np.abs, "float64"), (np.exp, "float16"), (np.exp, "bfloat16")])
def test_the_complex_step_is_unsuitable_where_f_or_the_format_has_no_complex_numbers(f, name):
    choice, seen = asked(CS, f, 0.5, name)
    assert choice.status is RuleStatus.UNSUITABLE
    assert choice.reason.startswith("f takes no complex numbers: ")
    assert choice.evaluations == len(seen.nodes)


@every
def test_nan_and_an_exception_of_the_library_are_recorded(peer, monkeypatch):
    nan, _ = asked(peer, lambda x: x * np.nan, 0.5)
    assert nan.status is RuleStatus.NOT_FINITE

    def fails(*arguments, **options):
        raise ValueError("`x0` violates bound constraints.")

    monkeypatch.setattr(numdiff_of_scipy, "approx_derivative", fails)
    raised, _ = asked(peer, np.exp, 0.5)
    assert raised.status is RuleStatus.RAISED
    assert raised.reason == "ValueError: `x0` violates bound constraints."
