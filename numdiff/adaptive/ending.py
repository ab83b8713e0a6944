"""The end of a search: kinks and jumps at x, statuses, and the Estimates."""

from dataclasses import dataclass

import numpy as np

from numdiff.adaptive.plan import FEWEST
from numdiff.adaptive.state import State
from numdiff.adaptive.status import Status

__all__ = ["Breaks", "Estimates", "breaks", "ended", "rounding"]

STEADY = 1.2
"""Second differences over h that agree to this factor from level to level are those of a kink: those of a smooth f
fall as h does, by 1.2 and more from each level to the next."""
RISE = 0.05
"""Differences f(x+h) − f(x−h) that agree to so much at all levels are a jump; those of a slope fall as h does."""
SEEN = 100.0
"""A kink and a jump are larger than so many unit roundoffs of f: else they may be its rounding."""
_OK, _NO_DIGITS, _BUDGET = int(Status.OK), int(Status.NO_DIGITS), int(Status.BUDGET)


@dataclass(frozen=True)
class Estimates:
    """What was found at each point; all arrays have the shape (n,).

    Attributes
    ----------
    value : ndarray of float64, or of longdouble for a wider format
    error : ndarray, likewise
        The bar: at the wanted confidence the error of `value`, rounded to the format, is at most that. Infinite: unknown.
    status : ndarray of int
        Codes of `numdiff.adaptive.status.Status`.
    evaluations : ndarray of int
        The points at which f was evaluated.
    step : ndarray
        The widest step that the value is made of.
    noise : ndarray
        The standard deviation of f, as seen.
    freedom : ndarray of int
        The degrees of freedom of `noise`.
    left, right : ndarray
        The one-sided slopes at a kink; NaN elsewhere.
    """

    value: np.ndarray
    error: np.ndarray
    status: np.ndarray
    evaluations: np.ndarray
    step: np.ndarray
    noise: np.ndarray
    freedom: np.ndarray
    left: np.ndarray
    right: np.ndarray


@dataclass(frozen=True)
class Breaks:
    """Where f has a kink or a jump at x, and the slopes on both sides; arrays of shape (n,)."""

    kink: np.ndarray
    jump: np.ndarray
    left: np.ndarray
    right: np.ndarray


def breaks(state: State) -> Breaks:
    """Return where f has a kink or a jump at x, by the innermost four levels of a centered first derivative."""
    own, n = state.setting, state.start.size
    if own.side or own.scheme.order != 1:
        none, nan = np.zeros(n, bool), np.full(n, np.nan, own.wide)
        return Breaks(none, none, nan, nan)
    k = np.arange(n)
    slots = state.inner - np.arange(FEWEST)[::-1, None]
    h, odd, mean = np.sqrt(state.t[slots, k]), state.numbers[slots, k], state.companions[slots, k]
    least = SEEN * own.unit_roundoff * state.largest
    with np.errstate(all="ignore"):
        gap = np.abs(mean[:-1] - mean[1:]) / (h[:-1] - h[1:])
        steady = (gap[:-1] <= STEADY * gap[1:]) & (gap[1:] <= STEADY * gap[:-1])
        kink = steady.all(axis=0) & (gap[-1] * h[-1] > least)
        rise = odd * h
        jump = (rise.max(axis=0) - rise.min(axis=0) <= RISE * np.abs(rise).max(axis=0)) & (rise[-1] != 0)
        jump &= np.abs(rise[-1]) > least
        half = (mean[0] - mean[-1]) / (h[0] - h[-1])
    return Breaks(kink & ~jump, jump, odd[-1] - half, odd[-1] + half)


def rounding(wide: np.dtype, unit_roundoff: float) -> float:
    """Return the relative error of a result by its rounding to the format, and of four operations that made it."""
    return max(unit_roundoff, 2.0**-64) + 4 * float(np.finfo(wide).eps)


def ended(state: State) -> Estimates:
    """Return what a search has found."""
    kept, at_x, wide = state.kept, breaks(state), state.setting.wide
    value, rank, kind = kept.value, kept.rank, state.kind
    kink, jump, left, right = at_x.kink, at_x.jump, at_x.left, at_x.right
    bar = kept.bar + rounding(wide, state.setting.unit_roundoff) * np.abs(value)
    bar = np.where(rank > 0, bar, np.inf)
    bar = np.where(kink, np.maximum(np.where(np.isfinite(bar), bar, 0), np.abs(right - left) / 2), bar)
    bar = np.where(jump | ~np.isfinite(value), np.inf, bar)
    status = np.where(rank == 2, _OK, np.where((rank == 1) & (kind != int(Status.AMBIGUOUS)), _NO_DIGITS, kind))
    status = np.where((rank == 0) & (status == _OK), _BUDGET, status)
    status = np.where(~np.isfinite(value), int(Status.NOT_FINITE), status)
    status = np.where(kink, int(Status.KINK), np.where(jump, int(Status.JUMP), status))
    return Estimates(
        value=value,
        error=bar,
        status=status,
        evaluations=state.evaluations,
        step=kept.step,
        noise=kept.sigma,
        freedom=kept.freedom,
        left=np.where(kink, left, np.nan),
        right=np.where(kink, right, np.nan),
    )
