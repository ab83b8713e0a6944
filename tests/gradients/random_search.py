"""The gradient check: ``right_gradients``, ``wrong_gradients`` and ``dropout`` of ``make campaign``.

The first two take realistic functions, and make the trials of `experiments.gradient_check` with other seeds.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from experiments.gradient_check.claims import FACTORS, RIGHT
from experiments.gradient_check.functions import FUNCTIONS
from experiments.gradient_check.ours import ours
from experiments.gradient_check.rules import Decision, Line
from experiments.gradient_check.trials import TrialPlan, trials_of
from tests.campaign.found import Found
from tests.gradients import dropout

__all__ = ["left_out", "right", "wrong"]

DRAWN = 4
"""Functions of one seed."""
RATES = ((0.5, 0), (0.1, 0), (0.02, 0), (0.5, 4), (0.1, 4))
"""Shares of terms that are left out, with the number of directions (0: every coordinate)."""
CALLS = 20
"""Checks of one seed with each of them: fifty seeds are a thousand."""


def _trials(seed: int, modes: Sequence[str], claims: Sequence[str]) -> Iterator[Any]:
    """Yield the trials of some functions in all their formats."""
    names = np.random.default_rng(seed).choice(sorted(FUNCTIONS), DRAWN, replace=False)
    plan = TrialPlan(tuple(map(str, names)), modes=modes, seeds=(seed,), claims=claims, checkers=ours())
    for item in trials_of(plan):
        yield from item.measure()["trials"].itertuples()


def _name(trial: Any) -> str:
    return f"{trial.subject}, {trial.format}, {trial.checker}, seed {trial.seed}, {trial.claim}"


def right(seed: int) -> Found:
    """Check right gradients in every coordinate and along directions; a miss is one that is called wrong."""
    found = list(_trials(seed, ("coordinates", "directions"), (RIGHT,)))
    return Found(len(found), [_name(trial) for trial in found if trial.verdict == Decision.REJECTED.value])


def wrong(seed: int) -> Found:
    """Check gradients with a wrong coordinate; a miss is one in which that coordinate is called right."""
    found = [trial for trial in _trials(seed, ("coordinates",), tuple(FACTORS)) if trial.at]
    return Found(len(found), [_name(trial) for trial in found if trial.at == Line.AGREE.value])


def left_out(seed: int) -> Found:
    """Check functions with dropout; a miss is one that is not refused."""
    asked = [(*chosen, number) for chosen in RATES for number in range(seed * CALLS, (seed + 1) * CALLS)]
    misses = [call for call in asked if not dropout.is_refused(*call)]
    return Found(len(asked), [f"is_refused{call}" for call in misses])
