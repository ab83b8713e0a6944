r"""The search for a derivative: which steps are taken, when it ends, and what is said of the result.

Each point has a *segment* of the ladder: neighbouring levels of one start. A search reads its segment (see `windows`)
and does one thing, until nothing helps or the budget ends (see `decisions`):

    test        the noise that is seen is new: a pair of nodes far inside the segment shows whether it is noise;
    restart     no digit is seen: a new segment inside the old one;
    inward      the truncation error dominates: one more level on the inner side;
    outward     noise dominates: one more level on the outer side;
    wider       f is a line as far as the noise lets see: a new segment, eight times as wide.

At the end, bars are widened where something else was seen: at the nearest nodes, between a restart and the segment
before it (see `pairs`), and at x itself (see `breaks` and `bends`).

Most first derivatives in float64 need none of it: `fast` takes the first levels, and the search goes on where that is
not enough.
"""

import math
from typing import Any

import numpy as np

from numdiff.adaptive import fast
from numdiff.adaptive.decisions import advance
from numdiff.adaptive.ending import Estimates, ended, has_digits, rounding
from numdiff.adaptive.ends import at_ends
from numdiff.adaptive.fast_many import take_many
from numdiff.adaptive.fast_one import take_one
from numdiff.adaptive.ladder import START, Scheme
from numdiff.adaptive.nodes import fresh
from numdiff.adaptive.pairs import connect, look_nearest
from numdiff.adaptive.plan import first_start, plan
from numdiff.adaptive.state import LIMIT, LOOK, Call, Request, State, new_state, room_of, setting_of
from numdiff.adaptive.status import OK, Status
from numdiff.floats.formats import FloatFormat

__all__ = [
    "FIRST_ORDER",
    "LIMIT",
    "LOOK",
    "ROUNDING",
    "Call",
    "Estimates",
    "estimate",
    "first_evaluations",
    "least_budget",
]


def estimate(
    call: Call,
    x: np.ndarray,
    fmt: FloatFormat,
    *,
    order: int = 1,
    lower: Any = -math.inf,
    upper: Any = math.inf,
    noise: Any = None,
    side: int = 0,
    budget: int | np.ndarray | None = None,
    confidence: float = 0.99,
    start: np.ndarray | None = None,
) -> Estimates:
    """Estimate a derivative of f at each point, with a bar.

    Parameters
    ----------
    call : callable
        ``call(nodes, rows)`` returns f at `nodes`, a contiguous 1-d array of the format; `rows` holds the index of the
        x to which each belongs.
    x : ndarray of the format, shape (n,)
        Finite, inside the domain.
    fmt : FloatFormat
    order : int
        m ≥ 1.
    lower, upper : float or ndarray, shape (n,)
        The ends of the domain. Nodes other than x lie strictly inside.
    noise : float or ndarray, shape (n,), optional
        The standard deviation of f, absolute: a floor of what is seen.
    side : {-1, 0, 1}
        Where nodes may lie: to the left of x, on both sides, to the right.
    budget : int or ndarray of int, shape (n,), optional
        The largest number of evaluations at a point, `LIMIT` + `LOOK` by default.
    confidence : float
        The probability that the bar covers the error.
    start : ndarray, shape (n,), optional
        The start of the ladder, positive: the first step is 13/16 of it. By default c√|x|, see
        `numdiff.adaptive.plan`. The resolution of the format at x and the domain limit it.

    Returns
    -------
    Estimates

    Raises
    ------
    ValueError
        If the budget is too small for one segment.

    Examples
    --------
    >>> from numdiff.floats.formats import FORMATS
    >>> found = estimate(lambda nodes, rows: np.exp(nodes), np.array([0.0, 1.0]), FORMATS["float64"])
    >>> found.value.round(9).tolist(), found.evaluations.tolist()
    ([1.0, 2.718281828], [12, 12])
    >>> bool((found.error < 1e-12).all())
    True
    """
    scheme, allowed = Scheme(order, side != 0), LIMIT + LOOK if budget is None else budget
    least = least_budget(fmt, scheme)
    fewest = int(np.min(allowed, initial=least))
    if fewest < least:
        raise ValueError(
            f"budget must be at least {least} for {fmt.name} and order {order}, got {fewest}: fewer values do not show "
            "their error; leave it out for the default"
        )
    request = Request(call, fmt, scheme, side, lower, upper, noise, allowed, confidence, start)
    is_open = np.ndim(lower) == 0 and np.ndim(upper) == 0 and lower == -math.inf and upper == math.inf
    # Infinities and NaN of f, and quotients by 0, are told apart by what comes of them.
    with np.errstate(all="ignore"):
        if scheme == FIRST_ORDER and fmt.precision == 53 and noise is None and np.min(allowed) >= 2 * fast.LEVELS:
            found = _fast_first(request, x)
        else:
            found = _searched(request, x)
        return found if is_open else at_ends(request, x, found, _searched)


FIRST_ORDER = Scheme(1)
ROUNDING = rounding(np.dtype(float), 2.0**-53)
"""The relative error of a result in float64 by what follows its bar."""


def least_budget(fmt: FloatFormat, scheme: Scheme) -> int:
    """Return the evaluations that no search goes without: one segment, and f(x) where the formula has it.

    Examples
    --------
    >>> from numdiff.floats.formats import FORMATS
    >>> least_budget(FORMATS["float64"], Scheme(1)), least_budget(FORMATS["float64"], Scheme(2, one_sided=True))
    (8, 6)
    """
    return plan(fmt, scheme).fewest * (1 if scheme.one_sided else 2) + scheme.series.centered


def first_evaluations(fmt: FloatFormat, scheme: Scheme) -> int:
    """Return the evaluations that every search begins with, at nodes that do not depend on f.

    Examples
    --------
    >>> from numdiff.floats.formats import FORMATS
    >>> first_evaluations(FORMATS["float64"], Scheme(1)), first_evaluations(FORMATS["float64"], Scheme(2))
    (10, 11)
    """
    return plan(fmt, scheme).first * (1 if scheme.one_sided else 2) + scheme.series.centered


def _searched(request: Request, x: np.ndarray) -> Estimates:
    """Search from the start."""
    state = new_state(setting_of(request, x))
    _begin(state)
    return _to_the_end(state)


def _begin(state: State) -> None:
    """Evaluate f at x if the formula has it, and the first levels."""
    own, rows = state.setting, np.arange(state.start.size)
    if own.scheme.series.centered:
        state.center[:] = own.call(own.x, rows).astype(own.wide)
        state.evaluations += 1
    most = (int(own.budget.min()) - own.scheme.series.centered) // own.cost(1) if rows.size else own.plan.first
    fresh(state, rows, state.start, min(own.plan.first, most))
    state.forget(rows)


def _resume(state: State, levels: fast.Levels) -> None:
    """Begin with levels that were taken."""
    block, taken = slice(START, START + fast.LEVELS), levels.taken
    state.numbers[block], state.companions[block] = levels.odd, levels.mean
    state.t[block] = levels.steps * levels.steps
    state.sizes[block] = np.abs(levels.mean) + np.abs(levels.odd) * levels.steps
    state.innermost[:], state.evaluations[:], state.segments[:] = START + taken - 1, 2 * taken, 1
    state.largest[:] = np.where(np.isfinite(levels.largest), levels.largest, 0)
    state.forget(np.arange(taken.size))
    begun = np.flatnonzero(taken == 0)
    if begun.size:
        state.segments[begun] = 0
        fresh(state, begun, state.start[begun], state.setting.plan.first)
        state.forget(begun)


def _to_the_end(state: State) -> Estimates:
    """Search to the end."""
    active = np.arange(state.start.size)
    while active.size:
        active = advance(state, active)
    if state.setting.scheme.order == 1:
        look_nearest(state)
        connect(state)
    return ended(state)


def _fast_first(request: Request, x: np.ndarray) -> Estimates:
    """Take the first levels in the fast way, and search on where that is not enough."""
    start = _first_start(request, x)
    limits = plan(request.fmt, FIRST_ORDER).agreed, request.confidence
    if x.size == 1:
        one = take_one(request.call, float(x[0]), float(start[0]), *limits)
        return _resumed(request, x, one) if isinstance(one, fast.Levels) else _estimates_of(one)
    smooth, levels = take_many(request.call, x, start, *limits)
    found = _estimates_of(smooth)
    if levels.rows.size:
        found.put(levels.rows, _resumed(request, x, levels))
    return found


def _first_start(request: Request, x: np.ndarray) -> np.ndarray:
    own, size = plan(request.fmt, FIRST_ORDER), np.abs(x)
    return first_start(request.fmt, own, size, room_of(x, request.lower, request.upper, 0), request.wanted(size))


def _resumed(request: Request, x: np.ndarray, levels: fast.Levels) -> Estimates:
    """Search on at the points whose levels are not enough."""
    state = new_state(setting_of(request.at(levels.rows), x[levels.rows]))
    _resume(state, levels)
    return _to_the_end(state)


def _estimates_of(smooth: fast.Smooth) -> Estimates:
    """Return what the fast way found, as if all of it were good."""
    size = smooth.value.size
    nan, error = np.full(size, np.nan), smooth.bar + ROUNDING * np.abs(smooth.value)
    return Estimates(
        value=smooth.value,
        error=error,
        # Of a confidence next to 1 the bar is any number of totals wide.
        status=np.where(has_digits(smooth.value, error), OK, int(Status.NO_DIGITS)),
        evaluations=np.full(size, 2 * fast.LEVELS),
        step=smooth.step,
        noise=smooth.sigma,
        freedom=smooth.freedom,
        left=nan,
        right=nan.copy(),
    )
