"""What is said of a search, and the order of the statuses."""

import math

import numpy as np
import pytest

from numdiff.adaptive.ending import ended
from numdiff.adaptive.ladder import MULTIPLIERS, START, Scheme
from numdiff.adaptive.state import Request, State, new_state, setting_of
from numdiff.adaptive.status import Status
from numdiff.floats.formats import FORMATS

LEVELS = 5


def state_of(f, start: float = 1e-3, order: int = 1) -> State:
    """Return the state after five levels of f at 0, with a reading that has digits."""
    item = FORMATS["float64"]
    request = Request(lambda nodes, rows: f(nodes), item, Scheme(order), 0, -math.inf, math.inf, None, 60, 0.99)
    state = new_state(setting_of(request, np.zeros(1)))
    h = (start * MULTIPLIERS[START : START + LEVELS])[:, None]
    block = slice(START, START + LEVELS)
    state.start[:], state.innermost[:], state.evaluations[:] = start, START + LEVELS - 1, 2 * LEVELS
    state.numbers[block], state.companions[block] = (f(h) - f(-h)) / (2 * h), (f(h) + f(-h)) / 2
    state.t[block] = h * h
    state.largest[:] = np.abs(f(np.concatenate([h, -h]))).max()
    state.kept.rank[:], state.kept.value[:], state.kept.bar[:] = 2, state.numbers[START + LEVELS - 1], 1e-9
    return state


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, Status.OK),
        ({"rank": 1}, Status.NO_DIGITS),
        ({"rank": 0}, Status.NO_DIGITS),
        ({"rank": 1, "evaluations": 48}, Status.BUDGET),
        ({"rank": 1, "evaluations": 48, "dominated": True}, Status.NO_DIGITS),
        ({"rank": 2, "evaluations": 48}, Status.OK),
        ({"rank": 0, "evaluations": 48}, Status.BUDGET),
        ({"rank": 0, "swamped": True, "evaluations": 48}, Status.OSCILLATES),
        ({"rank": 0, "kind": Status.OSCILLATES}, Status.OSCILLATES),
        ({"rank": 1, "kind": Status.OSCILLATES}, Status.NO_DIGITS),
        ({"rank": 2, "kind": Status.OSCILLATES}, Status.OK),
        ({"rank": 1, "kind": Status.AMBIGUOUS}, Status.AMBIGUOUS),
        ({"rank": 0, "value": math.nan, "evaluations": 48}, Status.NOT_FINITE),
        ({"rank": 2, "value": math.inf}, Status.NOT_FINITE),
    ],
    ids=str,
)
def test_of_what_applies_the_gravest_is_said(changes, status):
    state = state_of(np.exp)
    for name, value in changes.items():
        owner = state if name in ("evaluations", "kind") else state.kept
        getattr(owner, name)[:] = value
    with np.errstate(all="ignore"):
        found = ended(state)
    assert Status(int(found.status[0])) == status
    unknown = changes.get("rank") == 0 or not np.isfinite(found.value[0])
    assert (found.error[0] == math.inf) == unknown


@pytest.mark.parametrize("bar", [1e-9, math.nan, 10.0])
def test_the_bar_of_a_kink_holds_both_slopes_whatever_was_read(bar):
    state = state_of(lambda h: 2 * np.abs(h) + 5 * h + 1)
    state.kept.bar[:] = bar
    found = ended(state)
    assert found.status[0] == Status.KINK
    assert found.error[0] >= 2 - 1e-12
    assert found.error[0] == pytest.approx(10.0 if bar == 10 else 2)


def test_a_bar_that_is_no_number_is_infinite():
    state = state_of(np.exp)
    state.kept.bar[:] = math.nan
    assert ended(state).error[0] == math.inf
