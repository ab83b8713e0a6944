"""Every peer in every format, as `run_rule` runs it: counted, inside the domain, and always with an outcome."""

import math
from typing import Any

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.rules.base import Choice, Rule, RuleStatus
from numdiff.rules.peers import PEERS
from numdiff.rules.run import RULES, run_rule
from tests.core_environment import needs_everything
from tests.rules.peers.asking import Seen

pytestmark = needs_everything
every_peer = pytest.mark.parametrize("peer", PEERS.values(), ids=lambda peer: peer.name)
every_format = pytest.mark.parametrize("name", FORMATS)


def is_an_outcome(choice: Choice, seen: Seen) -> bool:
    """Return whether an answer is complete: a finite value, or a reason, and the right count."""
    value = choice.derivative is not None and bool(np.isfinite(choice.derivative))
    if choice.status in (RuleStatus.OK, RuleStatus.NOT_CONVERGED) and not value:
        return False
    if choice.error is not None and not choice.error >= 0:
        return False
    return choice.evaluations == len(seen.nodes) and (choice.status is RuleStatus.OK or bool(choice.reason))


@every_peer
@every_format
def test_points_are_counted_and_what_is_wrong_has_a_reason(peer: Rule, name: str) -> None:
    for x in (0.5, -3.0, 0.0):
        seen = Seen(np.exp)
        choice = run_rule(peer, seen, x, dtype=name)
        assert is_an_outcome(choice, seen), choice
        if choice.status is RuleStatus.OK and FORMATS[name].precision >= 24 and "scaled" in peer.name:
            assert abs(float(choice.derivative) / math.exp(x) - 1) < 0.05


@every_peer
@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("x", [1e20, -1e20, 1e-20, -1e-20, 0.0])
def test_points_of_all_sizes_have_an_outcome(peer: Rule, name: str, x: float) -> None:
    for f in (np.sin, lambda x: x * 0.0 + 1.5, lambda x: x * 0.0, lambda x: x * x, np.abs):
        seen = Seen(f)
        choice = run_rule(peer, seen, x, dtype=name)
        assert is_an_outcome(choice, seen), choice


@every_peer
@pytest.mark.parametrize("name", ["bfloat16", "float32", "float64"])
def test_f_is_never_evaluated_outside_the_domain(peer: Rule, name: str) -> None:
    for x in (2.0**-20, 2.0**-6, 0.5, 0.984375):
        seen = Seen(lambda x: np.log(x) + np.sqrt(1.0 - x))
        choice = run_rule(peer, seen, x, dtype=name, domain=(0.0, 1.0))
        assert is_an_outcome(choice, seen), choice
        assert all(0 < np.real(node) < 1 for node in seen.nodes)
        if "nan" in choice.reason and choice.status is not RuleStatus.RAISED:
            assert choice.status in (RuleStatus.OUTSIDE_DOMAIN, RuleStatus.NOT_FINITE, RuleStatus.NOT_CONVERGED)
    assert run_rule(peer, np.log, -1.0, dtype=name, domain=(0.0, 1.0)).status is RuleStatus.OUTSIDE_DOMAIN


def _raises(x: Any) -> Any:
    raise ZeroDivisionError("1/0")


@every_peer
@pytest.mark.parametrize("f", [_raises, lambda x: x * np.nan, lambda x: x * 0 + np.inf])
def test_what_f_cannot_compute_is_a_status(peer: Rule, f: Any) -> None:
    choice = run_rule(peer, f, 0.5)
    if peer.name in ("scipy_cs", "numdifftools_complex") and choice.status is RuleStatus.OK:
        assert choice.derivative == 0  # the imaginary part of a constant, be it infinite
        return
    assert choice.status in (RuleStatus.NOT_FINITE, RuleStatus.RAISED)
    assert choice.reason
    if f is _raises:
        assert choice.reason == "ZeroDivisionError in f or in the rule: 1/0"


@every_peer
def test_what_f_does_wrong_raises_its_own_error(peer: Rule) -> None:
    with pytest.raises(TypeError, match="f must keep the dtype"):
        run_rule(peer, lambda x: x.astype(np.float64), 0.5, dtype="float32")


@every_peer
def test_two_runs_give_the_same_bytes(peer: Rule) -> None:
    first, second = (run_rule(peer, np.sqrt, 0.3) for _ in range(2))
    assert repr(first) == repr(second)


def test_a_peer_has_a_name_in_its_own_table_and_is_no_rule() -> None:
    assert run_rule("scipy_3_point", np.exp, 0.5) == run_rule(PEERS["scipy_3_point"], np.exp, 0.5)
    assert not set(PEERS) & set(RULES)
    with pytest.raises(ValueError, match="rule must be a registered name, got 'scipy'"):
        run_rule("scipy", np.exp, 0.5)


def test_second_derivatives_are_those_of_numdifftools_alone() -> None:
    able = {name for name in PEERS if run_rule(name, np.exp, 0.5, METHODS["second_centered"]).status is RuleStatus.OK}
    assert able == {name for name in PEERS if name.startswith("numdifftools")}
