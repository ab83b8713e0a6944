r"""The noise of f: what the residuals of a few levels show, with what is known beforehand.

The residuals c₁, …, cₙ₋₁ of the series and of its companion (see `ladder`) give mean squares s₁, …, sₙ₋₁ of one or two
degrees of freedom each. The tail that can be one noise is read from the last on: sₚ belongs to it as long as it is
below the 97.5 % quantile of the F distribution times the mean of the tail. Then

    noise        σ² = mean of the tail, with the degrees of freedom of its members;
    flat         the tail is long, or begins with a fall that truncation does not make: noise is seen;
    reach        t(ν)·σ, t(ν) the quantile of Student's distribution: the deviation that the bar counts.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from numdiff.adaptive.student import MOST, quantile, quantiles
from numdiff.floats.fixed_order import power

__all__ = ["FLAT", "KNEE", "LUCK", "POOLED", "PRIOR", "PRIOR_RATIO", "SLOWER", "TOLD", "UNSEEN", "VISIBLE"]
__all__ += ["Known", "Seen", "growth", "seen_in"]

VISIBLE = 6.0
"""Noise of at most so many times its floor is taken for the rounding of f. Above, the size of noise is known only where
the tail is flat: one small residual may be a truncation error. A quarter makes bars of float64 wider by a third; with
four times as much, truncation errors pass for rounding, and coverage of unseen functions falls."""
UNSEEN = 8.0
"""Noise of more than so many floors is no rounding of f as it stands, and tested: above VISIBLE, where rounding ends. A
quarter tests rounding, at two evaluations a point of float32 in ten; with four times as much, no figure of the tests
changes, but an oscillation of that size is not looked at."""
KNEE = 50.0
"""A fall of mean squares by so much, and by KNEE_AFTER times what follows, is no fall of truncation errors: noise
begins. Two mean squares of one noise do so in one case of fifty; truncation errors fall by as much from level to level,
but then they go on to fall. It saves evaluations: four times as much takes 0.4 more of them under noise of 1e-8."""
KNEE_AFTER = 10.0
"""How much more than what follows: see KNEE."""
FLAT = 3
"""A tail of so many residuals is noise, whatever comes before: truncation errors fall. With one, every last residual is
noise, and float32 takes a quarter more evaluations; without it, 8 % of the points are refused under noise of 1e-4, and
twice as many functions that are not smooth fail in silence."""
LUCK = 400.0
"""A mean square of two numbers is smaller than others of one noise by this factor in one case of 400: below, the last
residual may be small by chance, and one level more shows whether it is."""
SLOWER = 10.0
"""Mean squares of truncation errors fall at least as fast as before, to this factor: if the last but one does not, it
is no truncation error, and the last one is smaller than its noise."""
PRIOR = 2
"""Degrees of freedom with which the floor of the noise is weighed. With one, quantiles of few degrees of freedom make
bars wider by a tenth; with eight, the prior outvotes two residuals where f is noisier: coverage in float64 falls from
99.85 to 99.63 %."""
PRIOR_RATIO = 2.0
"""The noise that is expected beforehand, in floors: f is computed by a few operations of an error of half a unit
roundoff each. A quarter takes coverage in float64 from 99.85 to 99.2 %, four times as much makes bars 2.7 times as
wide."""
POOLED = 6.0
"""Mean squares that differ by at most so much are of one noise: two of four degrees of freedom differ by more in one
case of twenty. A quarter forgets noise that was seen (bars 5 % wider); four times as much mixes noises."""
TOLD = 3.0
"""Deviations for the bar where the noise was given and nothing else is seen: 99.7 %, one in 370."""


@dataclass(frozen=True)
class Known:
    """What is known of the noise of f before a reading; arrays of shape (k,).

    Attributes
    ----------
    floor : ndarray
        Half a unit roundoff of the largest value of f.
    given : ndarray
        The standard deviation that the user gave; 0: none.
    squares, freedom : ndarray
        The sum of squares of residuals seen elsewhere, in units of `unit`², and their number.
    unit : ndarray
        The size of f.
    """

    floor: np.ndarray
    given: np.ndarray
    squares: np.ndarray
    freedom: np.ndarray
    unit: np.ndarray


@dataclass(frozen=True)
class Seen:
    """What is known of the noise of f afterwards; arrays of shape (k,).

    Attributes
    ----------
    sigma : ndarray
        The standard deviation of f, as seen.
    used : ndarray
        σ for decisions: the floor where no noise is seen.
    reach : ndarray
        σ for the bar, times the quantile of its freedom.
    flat, visible : ndarray of bool
        Whether noise is seen in the values alone; whether its size is known.
    squares, freedom : ndarray
        The sum of squares behind σ, in units of `Known.unit`², and its degrees of freedom, without those of the floor.
    doubtful : ndarray of bool
        Whether the last residual may be small by chance: the one before is too large for a truncation error.
    """

    sigma: np.ndarray
    used: np.ndarray
    reach: np.ndarray
    flat: np.ndarray
    visible: np.ndarray
    squares: np.ndarray
    freedom: np.ndarray
    doubtful: np.ndarray


@cache
def growth(freedom: int) -> tuple[float, ...]:
    """Return the 97.5 % quantiles of F(d, d·k), k = 1, 2, …, for residuals of d degrees of freedom.

    F(2, 2k) has the quantile k((1 − P)^(−1/k) − 1), and F(1, k) is the square of t(k).
    """
    if freedom == 2:
        return tuple(k * (float(f"{40 ** (1 / k):.6g}") - 1) for k in range(1, 13))
    return tuple(power(quantile(k, 0.975), 2) for k in range(1, 13))


def seen_in(squares: np.ndarray, known: Known, each: int, confidence: float) -> Seen:
    """Return the noise that the tail of the mean squares shows, with what is known of it beforehand.

    Parameters
    ----------
    squares : ndarray, shape (n − 1, k)
        s₁, …, in units of `Known.unit`².
    known : Known
    each : int
        The degrees of freedom of a mean square: 1 or 2.
    confidence : float
    """
    tail = _tail(squares, each)
    freedom, total = each * tail.count, each * tail.total
    pooled = (known.freedom > 0) & (total * known.freedom <= POOLED * known.squares * freedom)
    flat = (tail.count >= FLAT) | tail.knee | pooled
    own = total + np.where(pooled, known.squares, 0)
    own_freedom = freedom + np.where(pooled, known.freedom, 0)
    floor = np.maximum(known.floor, known.given)
    limit = VISIBLE * floor / known.unit
    near = (~flat | (tail.count <= 2)) & (own <= limit * limit * own_freedom)
    total = np.where(near, own + PRIOR * power(PRIOR_RATIO * floor / known.unit, 2), own)
    freedom = np.where(near, own_freedom + PRIOR, own_freedom)
    sigma = np.sqrt(total / freedom) * known.unit
    visible = flat | (sigma <= VISIBLE * floor)
    reach = quantiles(confidence)[np.minimum(freedom, MOST)] * sigma
    told = (known.given > 0) & (sigma <= 2 * known.given)
    if told.any():
        reach = np.where(told, np.minimum(reach, TOLD * np.maximum(sigma, known.given)), reach)
    return Seen(
        sigma=sigma,
        used=np.where(visible, np.maximum(floor, sigma), floor),
        reach=np.maximum(reach, TOLD * floor),
        flat=flat,
        visible=visible,
        squares=own,
        freedom=own_freedom,
        doubtful=_doubtful(squares, tail.count),
    )


@dataclass(frozen=True)
class _Tail:
    """The mean squares from the last on that can be one noise; arrays of shape (k,).

    Attributes
    ----------
    total : ndarray
        Their sum.
    count : ndarray of int
        Their number.
    knee : ndarray of bool
        Whether truncation errors do not fall as the one before does.
    """

    total: np.ndarray
    count: np.ndarray
    knee: np.ndarray


def _tail(squares: np.ndarray, each: int) -> _Tail:
    last, n = len(squares) - 1, squares.shape[1]
    total, count, growing = squares[last].copy(), np.ones(n, np.intp), np.ones(n, bool)
    limits = growth(each)
    for p in range(last - 1, -1, -1):
        growing &= squares[p] * count <= limits[last - 1 - p] * total
        total += np.where(growing, squares[p], 0)
        count += growing
    before, k = np.maximum(last - count, 0), np.arange(n)
    fall = squares[before, k] / squares[np.minimum(before + 1, last), k]
    knee = (count >= 2) & (count <= last) & (fall > KNEE)
    knee &= fall > KNEE_AFTER * squares[last - 1] / squares[last]
    return _Tail(total, count, knee)


def _doubtful(squares: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return where the last residual may be small by chance: the one before is too large for a truncation error."""
    if len(squares) < 4:
        return np.zeros(count.shape, bool)
    first, second, third, last = squares[-4:]
    doubtful = (count == 1) & (third < LUCK * last)
    doubtful &= third * first > SLOWER * second * second
    return doubtful
