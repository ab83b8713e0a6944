"""Near an end of the domain: nodes on the other side, and a status that says what the end costs."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from numdiff.adaptive.ending import Estimates
from numdiff.adaptive.ladder import Scheme
from numdiff.adaptive.plan import GENERIC, plan, spacing
from numdiff.adaptive.state import Request, setting_of
from numdiff.adaptive.status import Status

__all__ = ["CRAMPED", "at_ends"]

CRAMPED = 2.0**-6
"""A room of less than so much of the first step is looked at from the other side as well. Noise grows as the step
falls: by six bits here, which is what a one-sided formula loses by its power series in h instead of h². With much more
room it is the worse one nearly always, and costs its evaluations."""
AWAY = 8.0
"""The room on the other side, in rooms on this one: with less, there is nothing to gain."""
TIGHT = 16.0
"""The room in spacings of the format up to which a value that is not finite is the fault of the end: there are no
nodes, or so many steps are equal that no window is left. With a quarter, a second derivative on one side, five numbers
from an end, is blamed on f."""
_BREAKS = (int(Status.KINK), int(Status.JUMP))
_BLAMED = (int(Status.OK), int(Status.NO_DIGITS), int(Status.BUDGET))
"""What gives way to TOUCHES_DOMAIN: the others say more."""


def at_ends(
    request: Request, x: np.ndarray, found: Estimates, search: Callable[[Request, np.ndarray], Estimates]
) -> Estimates:
    """Return what was found, or near an end of the domain what a one-sided search finds, with the smaller bar.

    A centered first step is cut by the nearest end. Where the bar is large for that reason, the one-sided formula away
    from the end is tried with the evaluations that are left. Where the end cut the first step, or the value is
    one-sided, a bar that is large beside the value becomes TOUCHES_DOMAIN, and so does a point without room for nodes.

    Parameters
    ----------
    request : Request
    x : ndarray, shape (n,)
    found : Estimates
    search : callable
        ``search(request, x)`` searches from the start.
    """
    setting = setting_of(request, x)
    own, natural = setting.plan, setting.wanted
    cut = GENERIC * setting.room < natural
    if not cut.any():
        return found
    size = np.abs(found.value)
    if not request.side:
        below, above = setting.at - setting.lower, setting.upper - setting.at
        near = cut & (setting.room < CRAMPED * natural) & (np.maximum(below, above) >= AWAY * setting.room)
        near &= ~(found.error <= own.agreed * size) & ~np.isin(found.status, _BREAKS)
        for side in (1, -1):
            rows = np.flatnonzero(near & ((below < above) == (side > 0)))
            if rows.size:
                _look_away(request, x, found, search, rows, side)
    tight = (setting.room <= TIGHT * spacing(request.fmt, setting.size)) & (found.status == int(Status.NOT_FINITE))
    large = cut & ~(found.error <= own.near * np.abs(found.value)) & np.isin(found.status, _BLAMED)
    found.status[large | tight] = int(Status.TOUCHES_DOMAIN)
    return found


def _look_away(
    request: Request,
    x: np.ndarray,
    found: Estimates,
    search: Callable[[Request, np.ndarray], Estimates],
    rows: np.ndarray,
    side: int,
) -> None:
    """Search on one side, and keep what has the smaller bar."""
    scheme = Scheme(request.scheme.order, one_sided=True)
    budget = request.budget - found.evaluations
    rows = rows[budget[rows] >= plan(request.fmt, scheme).first + 1]
    if not rows.size:
        return
    late = search(replace(request, scheme=scheme, side=side, budget=budget).at(rows), x[rows])
    spent = found.evaluations[rows] + late.evaluations
    better = late.error < found.error[rows]
    found.put(rows[better], late.rows(better))
    found.evaluations[rows] = spent
