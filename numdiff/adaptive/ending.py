"""The end of a search: the Estimates, and what is said of them."""

from dataclasses import dataclass, fields

import numpy as np

from numdiff.adaptive.bends import bends
from numdiff.adaptive.breaks import Breaks, breaks
from numdiff.adaptive.decisions import DIGIT
from numdiff.adaptive.rows import Rows
from numdiff.adaptive.state import State
from numdiff.adaptive.status import Status

__all__ = ["Estimates", "ended", "has_digits", "rounding"]


@dataclass(frozen=True)
class Estimates(Rows):
    """What was found at each point; all arrays have the shape (n,).

    Attributes
    ----------
    value : ndarray of float64, or of longdouble for a wider format
    error : ndarray, likewise
        The bar: at the wanted confidence the error of `value`, rounded to the format, is at most that; infinite where
        nothing is known.
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
        The one-sided derivatives at a kink; NaN elsewhere.
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

    def put(self, rows: np.ndarray, other: "Estimates") -> None:
        """Overwrite some of the points."""
        for item in fields(self):
            getattr(self, item.name)[rows] = getattr(other, item.name)


def rounding(wide: np.dtype, unit_roundoff: float) -> float:
    """Return the relative error of a result by its rounding to the format, and of four operations that made it."""
    return max(unit_roundoff, 2.0**-64) + 4 * float(np.finfo(wide).eps)


def ended(state: State) -> Estimates:
    """Return what a search has found."""
    kept, at_x = state.kept, breaks(state)
    value, has_value = kept.value, np.isfinite(kept.value)
    apart = bends(state)
    bar = np.maximum(kept.bar, apart) + rounding(state.setting.wide, state.setting.unit_roundoff) * np.abs(value)
    bar[(kept.rank <= 0) | np.isnan(bar)] = np.inf
    if at_x.kink.any():
        slopes = np.maximum(np.abs(at_x.left - value), np.abs(at_x.right - value)) + at_x.doubt
        held = np.where(np.isfinite(bar), np.maximum(bar, slopes), slopes)
        bar = np.where(at_x.kink, held, bar)
    bar[at_x.jump | ~has_value] = np.inf
    return Estimates(
        value=value,
        error=bar,
        status=_status(state, at_x, value, bar, apart),
        evaluations=state.evaluations,
        step=kept.step,
        noise=kept.sigma,
        freedom=kept.freedom,
        left=np.where(at_x.kink, at_x.left, np.nan),
        right=np.where(at_x.kink, at_x.right, np.nan),
    )


def has_digits(value: np.ndarray, bar: np.ndarray) -> np.ndarray:
    """Return where a bar leaves the value something: its sign, at least."""
    return np.asarray(bar < np.abs(value))


def _status(state: State, at_x: Breaks, value: np.ndarray, bar: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Return what is said of each point: of what applies, the last line."""
    kept, rank, has_value = state.kept, state.kept.rank, np.isfinite(value)
    ran_out = ~state.left(slice(None), state.setting.cost(state.setting.plan.fewest))
    unresolved = kept.swamped | (state.kind == int(Status.OSCILLATES))
    status = np.full(rank.shape, int(Status.NO_DIGITS))
    status[ran_out & ((rank == 0) | ~kept.dominated)] = int(Status.BUDGET)
    status[unresolved & (rank == 0)] = int(Status.OSCILLATES)
    # A total with digits has none where the noise is known from so few residuals that its bar is much wider.
    sure = has_digits(value, bar) & (apart < DIGIT * np.abs(value))
    status[rank == 2] = np.where(sure, int(Status.OK), int(Status.NO_DIGITS))[rank == 2]
    status[state.kind == int(Status.AMBIGUOUS)] = int(Status.AMBIGUOUS)
    status[~has_value] = int(Status.NOT_FINITE)
    status[at_x.kink & has_value] = int(Status.KINK)
    status[at_x.jump] = int(Status.JUMP)
    return status
