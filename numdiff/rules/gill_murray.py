r"""Gill, Murray, Saunders and Wright 1983: the forward difference with a second derivative that is good enough.

For a trial step h, with the absolute error ε of a function value, φ₊ and φ₋ the forward and the backward difference and
Φ the second difference over h², the bounds on the relative condition errors are

    C(φ) = 2ε/(h|φ|),    C(Φ) = 4ε/(h²|Φ|).                                                                        (1)

Algorithm FD looks for an h at which both C(φ) are at most 0.1, and C(Φ) is in [0.001, 0.1]: it starts at 10·h̄,

    h̄ = 2(1 + |x|)·√(ε/(1 + |f(x)|)),                                                                              (2)

and multiplies h by 10 while an error is too large (until C(Φ) ≤ 0.1), or divides it by 10 while C(Φ) is below 0.001,
which says that h may be shorter; where that goes too far, the last h before is taken. Then

    h_F = 2√(ε/|Φ|),    with the error  h_F|Φ|/2 + 2ε/h_F.                                                         (3)

If no h is found in six moves: (a) C(φ) was always too large: f is nearly constant, the step is h̄; (b) C(Φ) was always
too large: f is nearly linear, or odd about x, the step is the first h with a good C(φ); (c) C(Φ) was always too small:
Φ grows as h falls, the step is the last h. That, and an error (3) of more than half of |f′|, is a doubt.

Sources: CHCORE of NPSOL, by the authors (read as distributed with other programs), which looks to one side only, with
x + h and x + 2h, and has ρ = 0.25·ε_R^(−0.16) for 10; and FDSTEP of QNMDIF (R. Kennelly, 1982), a transcription of the
algorithm as published, which is what is above. numericalderivative (Python) bisects log h between bounds that the user
gives, tests C(Φ) alone and raises where the cases (a) to (c) begin. In (2) ε is u(1 + |f|) where no noise is given, as
in NPSOL, and in (1) and (3) u times the largest value of the three, for f(x) may be 0. A node outside the domain is not
evaluated: h is at most what there is room for on both sides. Where f is not finite at the first h, that is divided by
100.

References
----------
P. E. Gill, W. Murray, M. A. Saunders and M. H. Wright, Computing forward-difference intervals for numerical
optimization, SIAM J. Sci. Stat. Comput. 4 (1983) 310-321, section 3.2 (Algorithm FD) and equations (8), (11).
P. E. Gill, W. Murray and M. H. Wright, Practical Optimization, Academic Press (1981) 341-344.
M. Baudin, numericalderivative, version 0.3 (2024), _GillMurraySaundersWright.py.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import BACKWARD, FORWARD, Method, Stencil
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.evaluation import Probe, no_step, not_finite, only_for_one_sided, settled

__all__ = ["GILL_MURRAY", "GillMurray", "Trial"]

LOW, HIGH = 0.001, 0.1
"""Between what C(Φ) should be, and C(φ) at most."""
RHO = 10.0
MOVES = 6
"""How often h is moved at most."""
RETREATS = 8
"""How often the first h is divided by 100 at most, until f is finite there: 1 + 2·(8 + 7) evaluations at most."""


@dataclass(frozen=True)
class Trial:
    """What (1) says of one h.

    Attributes
    ----------
    step, first, second : scalar
        h, half the sum of φ₊ and φ₋, and Φ.
    first_error, second_error : scalar
        The larger one of the two C(φ), and C(Φ).
    noise : scalar
        ε.
    """

    step: Any
    first: Any
    second: Any
    first_error: Any
    second_error: Any
    noise: Any


@dataclass(frozen=True)
class GillMurray:
    """Run Algorithm FD; for the forward and the backward difference of two points.

    Attributes
    ----------
    name : str
    """

    name: str

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step with the error (3)."""
        if refusal := only_for_one_sided(self.name, formula):
            return refusal
        near, stencil = Probe(f, x, fmt, domain), BACKWARD if formula.direction < 0 else FORWARD
        middle = near.at([0.0])
        if not np.isfinite(middle[0]):
            return not_finite(near, [0.0], middle)
        relative = near.u if noise is None else near.number(noise) / (1 + abs(middle[0]))
        well_scaled = 2 * (1 + abs(near.x)) * np.sqrt(relative)
        h = near.rounded(min(RHO * well_scaled, near.longest(1, 1)))
        outer = near.at([-h, h])
        for _ in range(RETREATS):
            if np.isfinite(outer).all() or h < near.spacing:
                break
            h = near.rounded(h / (RHO * RHO))
            outer = near.at([-h, h])
        trials: list[Trial] = []
        while np.isfinite(outer).all() and h >= near.spacing:
            trials.append(trial(near, middle[0], outer, h, noise))
            chosen, factor = _verdict(trials)
            if chosen is not None:
                return _answer(near, stencil, chosen)
            following = near.rounded(min(h * near.number(factor), near.longest(1, 1)))
            if following == h or len(trials) > MOVES:
                break
            h = following
            outer = near.at([-h, h])
        if not trials:
            return not_finite(near, [-h, h], outer) if h >= near.spacing else no_step("there is no room for a step")
        return _failed(near, stencil, trials, well_scaled)


def trial(near: Probe, middle: Any, outer: np.ndarray, h: Any, noise: float | None) -> Trial:
    """Return the differences of h and (1)."""
    error = near.noise(np.append(outer, middle), noise)
    right, left = outer[1] - middle, middle - outer[0]
    smaller, second = min(abs(right), abs(left)), right - left
    infinite = near.number(np.inf)
    first_error = 2 * error / smaller if smaller else infinite
    second_error = 4 * error / abs(second) if second else infinite
    return Trial(h, (right / h + left / h) / 2, second / h / h, first_error, second_error, error)


def _verdict(trials: list[Trial]) -> tuple[Trial | None, float]:
    """Return the trial to take, or what to multiply h with."""
    first, last = trials[0], trials[-1]
    falling = first.first_error <= HIGH and first.second_error < LOW
    too_short = last.first_error > HIGH or last.second_error > HIGH
    if falling:
        if too_short:
            return trials[-2], 1.0
        return (last, 1.0) if last.second_error >= LOW else (None, 1 / RHO)
    return (None, RHO) if too_short else (last, 1.0)


def _answer(near: Probe, formula: Stencil, found: Trial) -> Choice:
    """Return the step (3)."""
    size = abs(found.second)
    if not found.noise:
        return no_step("the values of f are 0: their error is unknown")
    h = 2 * np.sqrt(found.noise / size)
    error = h * size / 2 + 2 * found.noise / h
    doubt = "the error may be more than half of the derivative" if error > abs(found.first) / 2 else ""
    return settled(near, formula, h, error, doubt)


def _failed(near: Probe, formula: Stencil, trials: list[Trial], well_scaled: Any) -> Choice:
    """Return the answer of the cases (a), (b) and (c)."""
    good = [item for item in trials if item.first_error <= HIGH]
    if not good:
        return settled(near, formula, well_scaled, None, "f is nearly constant")
    if good[-1].second_error > HIGH:
        error = 2 * good[0].noise / good[0].step
        return settled(near, formula, good[0].step, error, "f is nearly linear, or odd about x")
    last = good[-1]
    error = last.step * abs(last.second) / 2 + 2 * last.noise / last.step
    return settled(near, formula, last.step, error, "the second derivative grows as h falls")


GILL_MURRAY = GillMurray("gill_murray")
