"""Who takes part: our estimator, every registered rule with each formula that it is for, every peer that is installed.

Rules and peers that other packages register take part as well. Whoever makes something of the noise when told it has a
second row, in which it is.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from experiments.league.contestants import Contestant, Estimator, RuleContestant
from numdiff.extras import missing
from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil
from numdiff.problems.noise import Noisy
from numdiff.rules.base import RuleStatus
from numdiff.rules.peers import PEERS
from numdiff.rules.run import RULES, run_rule

__all__ = ["OURS", "PEER", "RULE", "Entry", "entry", "roster"]

OURS, RULE, PEER = "ours", "rule", "peer"
"""What a contestant is."""
FORMULAS = {"centered": CENTERED, "forward": FORWARD}
_INSIDE = "numdiff.rules.model"
"""The rules that know the derivatives of f are no methods for black boxes; they are scored with the best steps."""
_LINE = (-math.inf, math.inf)
_TRIALS = (0.5, 2.0)
"""Where it is tried whether a rule is for a formula and makes something of the noise."""


@dataclass(frozen=True)
class Entry:
    """A contestant, and what it is.

    Attributes
    ----------
    contestant : Contestant
    kind : str
        `OURS`, `RULE` or `PEER`.
    platform : bool
        Whether its figures hang on more of the machine than the values of f: on BLAS, LAPACK, the C library.
    bars : bool
        Whether it gives error bars.
    heeds_noise : bool
        Whether its answers are others when it is told the noise.
    needs_complex : bool
        Whether it evaluates f at complex numbers, which most black boxes do not take.
    """

    contestant: Contestant
    kind: str
    platform: bool = False
    bars: bool = False
    heeds_noise: bool = False
    needs_complex: bool = False

    @property
    def name(self) -> str:
        """The name of the contestant."""
        return self.contestant.name


@cache
def roster() -> dict[str, Entry]:
    """Return all entries by name, ours first, then rules and peers as they are registered."""
    found = [Entry(Estimator("numdiff"), OURS, bars=True, heeds_noise=True)]
    for rule in RULES.values():
        if type(rule).__module__ != _INSIDE:
            found += _entries(rule, RULE)
    for peer in PEERS.values():
        if not missing(*getattr(peer, "modules", ())):
            found += _entries(peer, PEER)
    return {item.name: item for item in found}


def entry(name: str) -> Entry:
    """Return an entry by name.

    Raises
    ------
    ValueError
        If nothing of that name takes part.
    """
    if name not in roster():
        raise ValueError(f"contestant must be one of {', '.join(roster())}, got {name!r}")
    return roster()[name]


def _entries(rule: Any, kind: str) -> list[Entry]:
    """Return the entries of a rule: one for each formula that it is for, or one where its derivative is its own."""
    trials = {name: _tried(rule, formula, kind == PEER) for name, formula in FORMULAS.items()}
    usable = {name: trial for name, trial in trials.items() if trial.usable}
    own = [name for name, trial in usable.items() if trial.own][:1]
    found = []
    for name in own or usable:
        trial = usable[name]
        module = type(rule).__module__
        title = rule.name if len(own or usable) == 1 else f"{rule.name} ({name})"
        contestant = RuleContestant(title, rule, FORMULAS[name], trial.own, ("numdiff.rules.run", module))
        found.append(
            Entry(
                contestant,
                kind,
                platform=bool(getattr(rule, "platform", False)),
                bars=trial.bars,
                heeds_noise=_heeds_noise(rule, FORMULAS[name]),
                needs_complex=trial.needs_complex,
            )
        )
    return found


@dataclass(frozen=True)
class _Trial:
    """What a rule did with a formula: whether it is for it, its derivative its own, and what else it does."""

    usable: bool
    own: bool
    bars: bool
    needs_complex: bool


def _tried(rule: Any, formula: Stencil, is_peer: bool) -> _Trial:
    seen: list[bool] = []

    def recorded(x: Any) -> Any:
        seen.append(np.iscomplexobj(x))
        return np.exp(x)

    own, usable, bars = is_peer, False, False
    for x in _TRIALS:
        whole = run_rule(rule, recorded, x, formula, "float64")
        usable |= whole.status is not RuleStatus.UNSUITABLE
        bars |= whole.error is not None
        if not is_peer and usable:
            with np.errstate(all="ignore"):
                own |= rule(np.exp, np.float64(x), FORMATS["float64"], formula, None, _LINE).derivative is not None
    return _Trial(usable, own, bars, any(seen))


def _heeds_noise(rule: Any, formula: Stencil) -> bool:
    """Return whether the answers are others when the noise is told."""
    level = 1e-5
    f = Noisy(np.exp, level)
    for x in _TRIALS:
        silent, told = (run_rule(rule, f, x, formula, "float64", noise=noise) for noise in (None, level * math.exp(x)))
        if repr(silent) != repr(told):
            return True
    return False
