"""Which formula a rule is for."""

import numpy as np

from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil
from numdiff.rules.base import Rule, RuleStatus
from numdiff.rules.run import run_rule


def formula_of(rule: str | Rule) -> Stencil:
    """Return the centered formula unless the rule refuses that, and then the forward one."""
    choice = run_rule(rule, np.exp, 0.5, CENTERED)
    return FORWARD if choice.status is RuleStatus.UNSUITABLE else CENTERED
