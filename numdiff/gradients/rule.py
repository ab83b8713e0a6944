r"""The decision rule of a gradient check: from a claim, a value with a bar, and a second look to a verdict.

A claim c is compared with a slope v and its bar b, which `numdiff.adaptive` measures without looking at the claim. The
*bar of a coordinate* is b + R, with R the rounding of the claim: ``error`` in the report, a third of the tolerance.
That the error of v is within b in 99 of 100 cases is not enough: of n right coordinates n/100 would be called wrong.
Nor does a wider bar help by itself, for the errors that exceed it fall like a power: of right coordinates of functions
on which nothing was tuned, in float64, 0.44, 0.11, 0.033, 0.009 and 0.002 % were off by more than 1, 2, 3, 5 and 10
bars. So three things come together, and of 10⁴ checks of right gradients "|v − c| > b" called 632 wrong in float64
(835 in float32), three bars 47 (145), three bars and a second look 2 (4), all of them right to three digits or more:

1. *The claim is rounded too*, by R = 2r + 2u|c|. r is the largest |g(x + δ) + g(x − δ) − 2g(x)|/√6 over three δ of
   k/2 to 3k/2 whole units in the last place and of random signs, k = 2, 16, 128. g is linear over them, so that three
   rounding errors remain, with the weights 1, 1 and −2, of which √6 is the norm; the largest of three falls below half
   of the deviation in 6 % of the cases, hence 2r. Points within one unit do not differ; with equal numbers of units a
   sum of 8 components is often rounded alike; and farther out curvature counts, as (2ku)²x²g″, so k is at most
   √(1/(16u)), with which it is u/4 of x²g″. 2u|c| is the last rounding of g, and what f′ changes by within the rounding
   of x. For a claim that is given as an array r is 0: nothing more is known of it. Along directions the arguments
   x + td are rounded, and R has u‖x∘g‖/t as well, with t the widest step of v.
2. *Three bars*: B = 3(b + R). A deviation |v − c| > B is a suspicion. In formats of 16 bits it is one from 8(b + R) on:
   there the steps have the length of f, and its kinks lie between them, which nothing tells from noise.
3. *A second look* at every suspicion, from other values of f (`numdiff.gradients.second_look`) and more δ: a sum may be
   rounded alike over three of them, and shares its error with all components. The rounding of f is looked at over such
   δ too: v may know of less noise than f has, by luck, or take a wave for noise.

Each coordinate, or direction, then has the first verdict that applies:

    undecided   b is infinite; f jumps or is not finite
    disagree    |v − c| > B, and the second look confirms it
    inexact     the same, but |v − c| ≤ 10⁻³|v|: right to three digits or more
    undecided   |v − c| > B, and it is no suspicion, or the second look does not confirm it
    zero        c = 0 and |v| ≤ B: nothing above B is seen, and no kink or wave either
    agree       |v − c| + B ≤ resolution·|v|
    undecided   B is too wide for a slope of this size

Before one is called right, small steps are asked once more: where they see another slope, or f(x) itself lies off the
values beside it, the coordinate is undecided (`numdiff.gradients.second_look.contradicted`; one more evaluation).

*Inexact* is what a float32 gradient in a float64 program looks like, and the right gradient of an f that is less
accurate than its format, such as the solution of an ODE: only the user knows which it is. At tolerances of 10⁻⁵ to 10⁻⁸
of the solver most right gradients are called inexact, and none of a coordinate more than that. At 10⁻³ and 10⁻⁴ the
slope of what the solver returns is itself off by more than 10⁻³, and is smooth over all steps that show it: the right
gradient is called wrong, as one that is off by as much would be, with the note that f may be to blame, and `noise=`.

*Zero* is a verdict of its own, and no agreement: had a zeroed component been called right where |v| ≤ B, 2 % of them in
float32 would have been.

*Agree* speaks of that slope and not of the largest one: a slope of 10⁻⁴ beside one of 10⁴ is not checked by a bar of
10⁻². A claim off by the resolution or more is therefore never called agree as long as B holds the error of v.

**Error rates.** A right gradient is called wrong if v is off by more than B, and the second look by as much in the same
direction: the measured rates are above. A deviation of ten bars of a coordinate is a suspicion, as v is off by one, and
nine are more than three. Of 1000 of them on functions of development all were found in float64, and 999 in float32,
where v itself was off by more than three bars in the last. What the second look does not confirm is undecided, for one
of four reasons: small steps see the claim; another ladder does; f is constant, and its grain is too coarse; no two
ladders agree. A component times 2, ½, −1 or 0 was found in 99.5 % (float64) and 97.4 % (float32) of the cases, and
never called agree.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from numdiff.adaptive.ending import Estimates
from numdiff.adaptive.status import Status
from numdiff.digits import is_moderate
from numdiff.display import number
from numdiff.floats.formats import FloatFormat

__all__ = ["BARS", "INEXACT", "LOUD", "Slopes", "Verdict", "is_loud", "resolution_of"]

BARS = 3.0
"""B in bars: with one, ten times as many right gradients are suspected, and 15 times as many called wrong. Three leave
0.2 (float64) and 1.0 (float32) of 100 right coordinates more undecided."""
COARSE_BARS = 8.0
"""The bars of a suspicion in 16 bits, where of 800 right gradients of functions with kinks 40 have a confirmed
deviation of three bars, and one has one of eight."""
INEXACT = 1e-3
"""The relative deviation up to which a gradient is right to some digits: a mistake in a derivation is larger."""
LOUD = 64.0
"""Noise of so many units of roundoff of f is more than its rounding, as in `numdiff.adaptive.repeats`."""
SAME = 4.0
"""The noise that is seen is the one that was given if it is not more than so many times that."""

_SPLIT = (Status.KINK, Status.AMBIGUOUS, Status.OSCILLATES)
"""What f does where different steps see different slopes."""


class Verdict(StrEnum):
    """The outcome of a check, or of the comparison of one slope with its claim.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> x = np.array([0.5, -1.0])
    >>> nd.check_gradient(lambda x: np.sum(x * x), lambda x: 2 * x, x).verdict
    <Verdict.AGREE: 'agree'>
    """

    AGREE = "agree"
    """The claim is right to within the resolution."""
    ZERO = "zero"
    """0 is claimed, and nothing above the tolerance is seen."""
    INEXACT = "inexact"
    """The claim is right to three digits or more, but not to those of the format."""
    DISAGREE = "disagree"
    """The claim is wrong."""
    UNDECIDED = "undecided"
    """Nothing can be said of this slope, for the reason that stands beside it."""
    INCONCLUSIVE = "inconclusive"
    """Of a whole check: nothing is wrong, but not all is resolved."""


def resolution_of(item: FloatFormat) -> float:
    """Return the part of a slope to which it is checked, if nothing is said: 0.1, and 0.2 in formats of 16 bits.

    There even perfect steps leave 31 % (float16) and 69 % (bfloat16) of the slopes of usual functions with three
    standard deviations of more than a tenth of them. 0.2 is the most with which a component that is a quarter too large
    is never called right while B holds the error of v: v = 1.25 f′ would need B = 0.25 f′ = 0.2 v.
    """
    return 0.1 if item.precision >= 16 else 0.2


def is_loud(found: Estimates, size: float, unit: float) -> np.ndarray:
    """Return where f is seen to be noisier than its rounding, beside |f(x)|; `unit` is the unit roundoff."""
    return np.asarray(found.noise > LOUD * unit * size)


@dataclass(frozen=True)
class Slopes:
    """Claims beside slopes; arrays of shape (k,).

    Parameters
    ----------
    claim : ndarray
        c.
    rounding : ndarray
        R.
    found : Estimates
        v and b.
    is_coarse : bool
        Whether the format has 16 bits.
    """

    claim: np.ndarray
    rounding: np.ndarray
    found: Estimates
    is_coarse: bool = False

    def rows(self, chosen: np.ndarray) -> "Slopes":
        """Return some of them."""
        return Slopes(self.claim[chosen], self.rounding[chosen], self.found.rows(chosen), self.is_coarse)

    @property
    def deviation(self) -> np.ndarray:
        """|v − c|; NaN where there is no value."""
        return np.asarray(np.abs(self.found.value - self.claim))

    @property
    def tolerance(self) -> np.ndarray:
        """B = 3(b + R); infinite where nothing is known."""
        return BARS * (self.found.error + self.rounding)

    @property
    def is_small(self) -> np.ndarray:
        """Whether a deviation leaves the claim right to three digits or more."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.deviation <= INEXACT * np.abs(self.found.value))

    @property
    def is_open(self) -> np.ndarray:
        """Whether there is a slope to compare with."""
        status = self.found.status
        broken = (status == Status.JUMP) | (status == Status.NOT_FINITE)
        return np.isfinite(self.found.value) & np.isfinite(self.tolerance) & ~broken

    @property
    def is_suspect(self) -> np.ndarray:
        """Whether the claim is so far away that it gets a second look."""
        part = COARSE_BARS / BARS if self.is_coarse else 1.0
        with np.errstate(invalid="ignore"):
            return np.asarray(self.is_open & (self.deviation > part * self.tolerance))

    def verdicts(self, confirmed: np.ndarray, resolution: float) -> list[Verdict]:
        """Return the verdict on every slope.

        Parameters
        ----------
        confirmed : ndarray of bool, shape (k,)
            Where a second look has confirmed a suspicion.
        resolution : float
        """
        size, deviation, tolerance, suspect = (
            np.abs(self.found.value),
            self.deviation,
            self.tolerance,
            self.is_suspect,
        )
        with np.errstate(invalid="ignore"):
            cases = [
                (~self.is_open, Verdict.UNDECIDED),
                ((deviation > tolerance) & ~confirmed, Verdict.UNDECIDED),
                (suspect & self.is_small, Verdict.INEXACT),
                (suspect, Verdict.DISAGREE),
                ((self.claim == 0) & (size <= tolerance) & ~np.isin(self.found.status, _SPLIT), Verdict.ZERO),
                (deviation + tolerance <= resolution * size, Verdict.AGREE),
            ]
        chosen = np.select([case for case, _ in cases], list(range(len(cases))), len(cases))
        return [
            [verdict for _, verdict in cases][place] if place < len(cases) else Verdict.UNDECIDED for place in chosen
        ]

    def reason(self, row: int, size: float, unit: float, given: float | None = None) -> str:
        """Return why nothing can be said of a slope that is no suspicion.

        Parameters
        ----------
        row : int
        size : float
            |f(x)|.
        unit : float
            The unit roundoff.
        given : float, optional
            The noise of f, as it was given.
        """
        found = self.found
        if self.deviation[row] > self.tolerance[row]:
            return "claim and slope differ, but f may have kinks between the steps of so coarse a format"
        status, noise = Status(int(found.status[row])), float(found.noise[row])
        if status is Status.KINK:
            slopes = (_short(side[row]) for side in (found.left, found.right))
            return "kink: the slope is {} from the left and {} from the right".format(*slopes)
        if status is Status.NOT_FINITE:
            return status.message
        if status in (Status.JUMP, *_SPLIT):
            return status.meaning
        if status is Status.TOUCHES_DOMAIN and not self._is_claim(row):
            return status.meaning
        if self._is_claim(row):
            return "the rounding error of the gradient hides a slope of this size"
        if given and given >= max(unit * size, noise / SAME):
            return f"noise={given:.3g}, as it was given, hides a slope of this size"
        if not np.isfinite(noise):
            return "f or its steps overflow beside x: scale x and f"
        if is_loud(found, size, unit)[row]:
            return f"noise of f, about {noise:.1e}, hides a slope of this size"
        if status is Status.BUDGET:
            return status.meaning
        return "rounding hides a slope of this size: the format is too coarse"

    def _is_claim(self, row: int) -> bool:
        """Whether the tolerance is that of the claim, not of the value."""
        return bool(np.isfinite(self.found.error[row]) and self.rounding[row] > self.found.error[row])


def _short(slope: Any) -> str:
    return f"{float(slope):.6g}" if is_moderate([float(slope)]) else number(slope, 6)
