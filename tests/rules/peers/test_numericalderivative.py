"""numericalderivative as a peer: four rules, their steps and errors, the example of the library, what it raises."""

import math

import numpy as np
import pytest

from numdiff.rules.base import RuleStatus
from numdiff.rules.peers.numericalderivative import NUMERICALDERIVATIVE
from tests.rules.peers.asking import asked, far

numericalderivative = pytest.importorskip("numericalderivative", reason="numericalderivative is not installed")
ROWS = {peer.name.removeprefix("numericalderivative_"): peer for peer in NUMERICALDERIVATIVE}
SCALED = [peer for peer in NUMERICALDERIVATIVE if peer.scaled]
every = pytest.mark.parametrize("peer", NUMERICALDERIVATIVE, ids=lambda peer: peer.name)
scaled = pytest.mark.parametrize("peer", SCALED, ids=lambda peer: peer.name)


def scaled_exp(x):
    """Return the function of the examples of the library."""
    return np.exp(-x / 1e6)


def test_each_rule_has_two_rows():
    names = ["dv", "gmsw", "sw", "sxxn", "sxxn_central"]
    assert list(ROWS) == [row for name in names for row in (name, f"{name}_scaled")]


@every
def test_derivative_step_error_and_evaluations_of_a_smooth_function(peer):
    choice, seen = asked(peer, np.exp, 0.5)
    if choice.status is RuleStatus.RAISED:
        assert peer.name == "numericalderivative_dv"  # its range of k is x·2^∓52: exp overflows at its upper end
        assert choice.reason.startswith("ValueError: Cannot evaluate L(kmax). Please update kmax.")
    else:
        forward = peer.rule in ("GMSW", "SXXN")
        assert choice.status is RuleStatus.OK
        assert far(choice.derivative) < (1e-6 if forward else 1e-8)
        assert 1e-9 < choice.step < 1e-3
    assert choice.evaluations == len(seen.nodes) > 4
    if peer.rule in ("DV", "GMSW") and choice.derivative is not None:
        assert choice.error is not None
        assert abs(choice.derivative - math.exp(0.5)) < choice.error < 1e-6
    else:
        assert choice.error is None


@pytest.mark.parametrize("rule", ["gmsw", "sw", "sxxn", "sxxn_central"])
def test_steps_are_those_that_the_classes_of_the_library_find(rule):
    """Called as the example of each class calls it, where a step of the first search is not left to a default."""
    nd, f, x = numericalderivative, scaled_exp, 0.01
    choice, _ = asked(ROWS[rule], f, x)
    if rule == "gmsw":
        search = nd.GillMurraySaundersWright(f, x)
        step, _ = search.find_step(kmin=1e-8, kmax=1e8)
    elif rule == "sw":
        search = nd.SteplemanWinarsky(f, x)
        first, _ = nd.SteplemanWinarskyInitialize(search).find_initial_step(1e-5, 1e7)
        step, _ = search.find_step(first)
    elif rule == "sxxn":
        search = nd.ShiXieXuanNocedalForward(f, x)
        step, _ = search.find_step(2 * math.sqrt(1e-15))
    else:
        search = nd.ShiXieXuanNocedalGeneral(nd.GeneralFiniteDifference(f, x, 1, 2))
        step, _ = search.find_step()
    assert choice.step == step
    slope = getattr(search, "compute_first_derivative", None) or search.compute_derivative
    assert choice.derivative == slope(step)
    assert abs(choice.derivative / (-1e-6 * math.exp(-1e-8)) - 1) < 1e-4


def test_dumontet_vignes_is_that_of_the_library_in_the_range_of_the_scaled_row():
    choice, seen = asked(ROWS["dv_scaled"], scaled_exp, 0.01)
    epsilon = 2.0**-52
    value = float(scaled_exp(0.01))
    search = numericalderivative.DumontetVignes(scaled_exp, 0.01, epsilon, epsilon * value)
    with pytest.raises(ValueError) as caught:
        search.find_step(epsilon ** (2 / 3), 0.5, logscale=True)
    assert choice.status is RuleStatus.RAISED  # f varies over 1e6, which no range around max(|x|, 1) holds
    assert choice.reason.startswith(f"ValueError: {caught.value}")
    assert choice.evaluations == len(seen.nodes)


def test_the_step_and_error_of_dumontet_vignes_are_those_of_the_library():
    choice, _ = asked(ROWS["dv_scaled"], np.exp, 0.5)
    epsilon = 2.0**-52
    search = numericalderivative.DumontetVignes(np.exp, 0.5, epsilon, epsilon * float(np.exp(0.5)))
    step, _ = search.find_step(epsilon ** (2 / 3), 0.5, logscale=True)
    assert choice.step == step
    assert choice.derivative == search.compute_first_derivative(step)
    error = numericalderivative.FirstDerivativeCentral.compute_error(step, math.exp(0.5), epsilon * math.exp(0.5))
    assert 0.5 < choice.error / error < 2


def test_negative_x_gives_dumontet_vignes_a_negative_range_which_it_refuses_or_survives():
    choice, _ = asked(ROWS["dv"], np.exp, -3.0)
    assert choice.status is RuleStatus.RAISED
    assert choice.reason.startswith("ValueError: ")


@scaled
def test_scaled_rows_know_the_format_and_stay_in_the_domain(peer):
    for f, x, slope, domain in [(np.log, 1e-3, 1e3, (0.0, math.inf)), (np.sqrt, 1e8, 5e-5, (0.0, math.inf))]:
        choice, seen = asked(peer, f, x, domain=domain)
        assert choice.status is RuleStatus.OK, choice
        assert abs(choice.derivative / slope - 1) < 1e-6
        assert min(seen.nodes) > 0
        assert "outside" not in choice.reason
    narrow, seen = asked(peer, np.log, 2.0, "float32", (0.0, math.inf))
    assert seen.dtypes == {"float32"}
    assert "computed in float64, with an f that rounds to float32" in narrow.reason
    assert narrow.status is RuleStatus.RAISED or abs(narrow.derivative / 0.5 - 1) < 0.05


@pytest.mark.parametrize("rule", ["sxxn", "sxxn_central"])
def test_the_first_step_of_a_scaled_row_stays_in_the_domain(rule):
    """√ε is longer than the way to the end of the domain."""
    x = 1 - 2.0**-27
    choice, _ = asked(ROWS[f"{rule}_scaled"], lambda x: np.log1p(-x), x, domain=(-math.inf, 1.0))
    assert choice.status is RuleStatus.OK, choice
    assert abs(choice.derivative * 2.0**-27 + 1) < 1e-3
    assert "outside" not in choice.reason
    assert "outside" in asked(ROWS[rule], lambda x: np.log1p(-x), x, domain=(-math.inf, 1.0))[0].reason


@scaled
def test_the_noise_moves_the_step(peer):
    quiet, _ = asked(peer, np.exp, 0.5)
    told, _ = asked(peer, np.exp, 0.5, noise=1e-6)
    if peer.rule != "SW":  # it looks for the first step where the differences grow
        assert told.step > 5 * quiet.step


@scaled
def test_f_of_0_leaves_the_default_precision(peer):
    choice, _ = asked(peer, np.expm1, 0.0)
    assert choice.status in (RuleStatus.OK, RuleStatus.RAISED)
    assert "precision must be > 0" not in choice.reason


def test_a_straight_line_is_an_outcome_with_the_message_of_the_library():
    for name in ("gmsw", "sxxn", "sxxn_central"):
        choice, seen = asked(ROWS[name], lambda x: x * 2.0, 0.5)
        assert choice.status is RuleStatus.RAISED
        assert choice.reason.startswith("ValueError: ")
        assert choice.evaluations == len(seen.nodes)


@every
def test_nan_is_an_outcome_with_its_reason(peer):
    choice, _ = asked(peer, lambda x: x * np.nan, 0.5)
    assert choice.status in (RuleStatus.NOT_FINITE, RuleStatus.RAISED)
    assert choice.reason


def test_a_warning_of_the_library_is_kept_beside_the_value():
    choice, _ = asked(ROWS["sw"], np.sqrt, 1e8, "float32")
    assert choice.status is RuleStatus.OK
    assert choice.reason.startswith("RuntimeWarning: divide by zero encountered in log10; computed in float64")
