"""The state of a search: arrays with a number for each point, and what follows from them alone."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from numdiff.adaptive.ladder import SLOTS, START, Scheme
from numdiff.adaptive.plan import Plan, first_start, natural_start, plan
from numdiff.adaptive.status import Status
from numdiff.floats.formats import FloatFormat

__all__ = [
    "LIMIT",
    "LOOK",
    "Call",
    "Doubted",
    "Kept",
    "Request",
    "Setting",
    "State",
    "among",
    "new_state",
    "room_of",
    "setting_of",
]

Call = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""``call(nodes, rows)`` returns f at nodes; rows holds the index of the x to which each belongs."""


LEAST_UNIT = 2.0**122
"""The least size of f in which squares are measured, in the smallest normal number: no quotient by it overflows."""
LIMIT = 48
"""The evaluations of a search if nothing is said: four segments of a first derivative in float64 and some pairs. With
half, peaks and oscillations are not resolved; with twice as many, points that have no derivative cost twice as much."""
LOOK = 12
"""The evaluations beyond that which the looks for jumps, kinks and cusps at the end may take: six pairs, to narrow down
the place of a jump. A larger budget is for the search."""


@dataclass(frozen=True)
class Request:
    """What is asked for; numbers, or arrays of shape (n,).

    Attributes
    ----------
    call : callable
    fmt : FloatFormat
    scheme : Scheme
    side : {-1, 0, 1}
    lower, upper : number or ndarray
        The ends of the domain.
    noise : number, ndarray or None
        The standard deviation of f that the user gave.
    budget : int or ndarray
        The largest number of evaluations.
    confidence : float
    start : ndarray or None
        The start of the ladder, instead of that which follows from |x|.
    """

    call: Call
    fmt: FloatFormat
    scheme: Scheme
    side: int
    lower: Any
    upper: Any
    noise: Any
    budget: Any
    confidence: float
    start: np.ndarray | None = None

    def wanted(self, size: np.ndarray) -> np.ndarray:
        """Return the starts that are wanted at points of the size |x|, before anything limits them."""
        if self.start is None:
            return natural_start(plan(self.fmt, self.scheme), size)
        return self.start.astype(size.dtype, copy=False)

    def at(self, rows: np.ndarray) -> "Request":
        """Return the same for some of the points."""
        ends = {"lower": _part(self.lower, rows), "upper": _part(self.upper, rows)}
        own = {"noise": _part(self.noise, rows), "budget": _part(self.budget, rows), "start": _part(self.start, rows)}
        return replace(self, call=partial(among, self.call, rows), **own, **ends)


def _part(value: Any, rows: np.ndarray) -> Any:
    return value[rows] if isinstance(value, np.ndarray) and value.ndim else value


def among(call: Call, own: np.ndarray, nodes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Call f where the points have their places among more of them."""
    return call(nodes, own[rows])


@dataclass(frozen=True)
class Setting:
    """What a search is given; arrays of shape (n,).

    Attributes
    ----------
    call : callable
    x : ndarray of the format
    fmt : FloatFormat
    scheme : Scheme
    side : {-1, 0, 1}
    lower, upper : ndarray
        The ends of the domain.
    given : ndarray
        The standard deviation of f that the user gave; 0: none.
    budget : ndarray of int
        The evaluations that the search may take.
    allowed : ndarray of int
        The evaluations that the look for jumps afterwards may take as well.
    confidence : float
    plan : Plan
    wide : dtype
        In what is computed: float64, or longdouble for a wider format.
    at, size : ndarray
        x and |x|, wide.
    wanted : ndarray
        The start of the ladder, if nothing limits it.
    room : ndarray
        The distance of the nearest end of the domain, on the side of the nodes.
    unit_roundoff : float
    tiny : number
        The smallest subnormal number of the format.
    """

    call: Call
    x: np.ndarray
    fmt: FloatFormat
    scheme: Scheme
    side: int
    lower: np.ndarray
    upper: np.ndarray
    given: np.ndarray
    budget: np.ndarray
    allowed: np.ndarray
    confidence: float
    plan: Plan
    wide: np.dtype
    at: np.ndarray
    size: np.ndarray
    wanted: np.ndarray
    room: np.ndarray
    unit_roundoff: float
    tiny: Any

    def cost(self, levels: Any) -> Any:
        """Return the evaluations of so many levels."""
        return levels if self.side else 2 * levels


def room_of(at: np.ndarray, lower: Any, upper: Any, side: int) -> np.ndarray:
    """Return the distance of the nearest end of the domain, on the side of the nodes."""
    if side:
        return upper - at if side > 0 else at - lower
    return np.minimum(at - lower, upper - at)


def setting_of(request: Request, x: np.ndarray) -> Setting:
    """Return the setting of a search; numbers become arrays."""
    fmt, side = request.fmt, request.side
    wide: np.dtype = np.dtype(np.longdouble if fmt.precision > 53 else np.float64)
    at = x.astype(wide)
    low, high = (np.broadcast_to(np.asarray(end, wide), x.shape) for end in (request.lower, request.upper))
    allowed = np.broadcast_to(np.asarray(request.budget), x.shape)
    return Setting(
        call=request.call,
        x=x,
        fmt=fmt,
        scheme=request.scheme,
        side=side,
        lower=low,
        upper=high,
        given=np.broadcast_to(np.asarray(0.0 if request.noise is None else request.noise, wide), x.shape),
        budget=np.minimum(allowed, np.maximum(LIMIT, allowed - LOOK)),
        allowed=allowed,
        confidence=request.confidence,
        plan=plan(fmt, request.scheme),
        wide=wide,
        at=at,
        size=np.abs(at),
        wanted=request.wanted(np.abs(at)),
        room=room_of(at, low, high, side),
        unit_roundoff=float(fmt.unit_roundoff),
        tiny=wide.type(fmt.round(fmt.smallest_subnormal)),
    )


@dataclass
class Kept:
    """The best reading so far; arrays of shape (n,).

    Attributes
    ----------
    rank : ndarray of int
        2 for a value with digits, 1 for a sound one without, 0 for one that nothing supports, −1 for none.
    segment : ndarray of int
        The number of the segment that was read.
    value, bar, total, step, sigma, freedom : ndarray
        As in `numdiff.adaptive.windows.Reading`.
    dominated, swamped : ndarray of bool
        Whether noise is the larger part of the total; whether it is nearly of the size of f.
    """

    rank: np.ndarray
    segment: np.ndarray
    value: np.ndarray
    bar: np.ndarray
    total: np.ndarray
    step: np.ndarray
    sigma: np.ndarray
    freedom: np.ndarray
    dominated: np.ndarray
    swamped: np.ndarray


def _nothing_kept(n: int, wide: np.dtype) -> Kept:
    return Kept(
        rank=np.full(n, -1),
        segment=np.full(n, -1),
        value=np.full(n, np.nan, wide),
        bar=np.full(n, np.nan, wide),
        total=np.full(n, np.nan, wide),
        step=np.full(n, np.nan, wide),
        sigma=np.zeros(n, wide),
        freedom=np.zeros(n, np.intp),
        dominated=np.zeros(n, bool),
        swamped=np.zeros(n, bool),
    )


@dataclass
class Doubted:
    """The reading whose noise was none, where a search restarted inside; arrays of shape (n,).

    Attributes
    ----------
    value, bar, step, sigma, freedom : ndarray
        As in `numdiff.adaptive.windows.Reading`.
    narrowest : ndarray
        The narrowest step that was read.
    """

    value: np.ndarray
    bar: np.ndarray
    step: np.ndarray
    sigma: np.ndarray
    freedom: np.ndarray
    narrowest: np.ndarray


@dataclass
class State:
    """All points of a search; arrays of shape (n,) where nothing else is said.

    Attributes
    ----------
    setting : Setting
    numbers, companions, t : ndarray, shape (SLOTS, n)
        The numbers of the series and of its companion on the levels of the segment, and the variable t; NaN: not taken.
    sizes : ndarray, shape (SLOTS, n)
        The largest finite |f| of each level.
    start : ndarray
        The start of the ladder.
    outermost, innermost : ndarray of int
        The slots of the widest and of the narrowest step.
    largest : ndarray
        The largest finite |f| of the segment.
    center : ndarray
        f(x), if the series has it.
    evaluations : ndarray of int
    segments, jumps, fails : ndarray of int
        How many segments were begun, how many of them wider, and how often noise was none.
    tested : ndarray of bool
        Whether the noise of this segment was tested.
    unit : ndarray
        The size of f in which `squares` is measured.
    squares, freedom : ndarray
        The sum of squares of residuals seen elsewhere, and their number.
    kept : Kept
    doubted : Doubted
    kind : ndarray of int
        The code of `Status` that the search has found out; 0: none.
    """

    setting: Setting
    numbers: np.ndarray
    companions: np.ndarray
    t: np.ndarray
    sizes: np.ndarray
    start: np.ndarray
    outermost: np.ndarray
    innermost: np.ndarray
    largest: np.ndarray
    center: np.ndarray
    evaluations: np.ndarray
    segments: np.ndarray
    jumps: np.ndarray
    fails: np.ndarray
    tested: np.ndarray
    unit: np.ndarray
    squares: np.ndarray
    freedom: np.ndarray
    kept: Kept
    doubted: Doubted
    kind: np.ndarray

    def left(self, rows: Any, needed: Any) -> np.ndarray:
        """Return for which points the budget has so many evaluations left."""
        return self.evaluations[rows] + needed <= self.setting.budget[rows]

    def floor(self, rows: np.ndarray) -> np.ndarray:
        """Return the least deviation that values of this size have: half a unit roundoff, or a subnormal number.

        Values that are all 0 have no size. They may be what is left of numbers that cancel, √(x² + 1) − x: for a first
        derivative they count as rounded where x is. For higher ones that would be more than f can have.
        """
        own, size = self.setting, self.largest[rows]
        if own.scheme.order == 1:
            size = np.where(size == 0, own.size[rows], size)
        return np.maximum(0.5 * own.unit_roundoff * size, own.tiny)

    def forget(self, rows: np.ndarray) -> None:
        """Forget the noise that was seen elsewhere."""
        self.squares[rows], self.freedom[rows] = 0, 0
        self.unit[rows] = np.maximum(self.largest[rows], np.finfo(self.setting.wide).tiny * LEAST_UNIT)


def new_state(setting: Setting) -> State:
    """Return the state before the first evaluation."""
    n, wide = setting.x.size, setting.wide

    def wides(value: float = 0.0) -> np.ndarray:
        return np.full(n, value, wide)

    def counts(value: int = 0) -> np.ndarray:
        return np.full(n, value, np.intp)

    numbers, companions, t, sizes = (np.full((SLOTS, n), np.nan, wide) for _ in range(4))
    nan = float("nan")
    return State(
        setting=setting,
        numbers=numbers,
        companions=companions,
        t=t,
        sizes=sizes,
        start=first_start(setting.fmt, setting.plan, setting.size, setting.room, setting.wanted),
        outermost=counts(START),
        innermost=counts(START - 1),
        largest=wides(),
        center=wides(),
        evaluations=counts(),
        segments=counts(),
        jumps=counts(),
        fails=counts(),
        tested=np.zeros(n, bool),
        unit=wides(),
        squares=wides(),
        freedom=counts(),
        kept=_nothing_kept(n, wide),
        doubted=Doubted(wides(nan), wides(nan), wides(nan), wides(nan), counts(), wides(nan)),
        kind=counts(int(Status.OK)),
    )
