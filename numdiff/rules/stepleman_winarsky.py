r"""Stepleman and Winarsky 1979: shorten the step as long as the differences of the quotients shrink.

Let D(h) be the centered difference and h₀, h₁ = h₀/β, h₂ = h₁/β, … with β = 4. In exact arithmetic, and for h small
enough, the differences of neighbouring quotients shrink,

    |D(hᵢ₊₁) − D(hᵢ)| ≤ |D(hᵢ) − D(hᵢ₋₁)|.                                                                        (1)

The first i for which that fails is where rounding takes over, and hᵢ is the step; a difference of 0 counts as failing.
So does it if there is no difference to compare with.

The first step should cost some digits, but not more than the truncation error at the optimum would: with e the relative
error of a function value, and δ(h) = |2h·D(h)/f(x)| (the digits lost are −log₁₀δ, equations 3.10 and 3.11),

    β·∛e ≤ δ(h₀) < 1,    equations 3.15 and 3.16.                                                                  (2)

A step with too small a δ is multiplied by 2β∛e/δ, which is what makes δ large enough if it is proportional to h; for
too large a δ the interval is bisected. Where f(x) = 0, δ is |2h·D(h)|, as in numericalderivative.

Sources: pnd (R, step.SW) and numericalderivative (Python, SteplemanWinarsky); they agree in (1) and (2). pnd shortens
by 2 unless told otherwise, stops also where two differences differ in sign, and multiplies by 2β∛e/δ;
numericalderivative shortens by 4, as the authors recommend, takes a difference of 0 for the end, and bisects between
bounds that the user gives. Neither says what follows where no step satisfies (2), as near a zero of f: then h₀ is |x|/4
here (1/4 for x near 0), with a doubt. The search for h₀ begins there too.

The error is |D(hᵢ) − D(hᵢ₋₁)|/(β² − 1) + ε/hᵢ, the first term by Richardson as in pnd.

References
----------
R. S. Stepleman and N. D. Winarsky, Adaptive numerical differentiation, Math. Comp. 33 (1979) 1257-1264, equations (2.3)
and (3.9) to (3.16).
A. Kostyrka, pnd: parallel numerical derivatives in R, version 0.1.1 (2025), R/stepSW.R.
M. Baudin, numericalderivative, version 0.3 (2024), _SteplemanWinarsky.py.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.floats.fixed_order import power
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import CENTERED, Method
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.evaluation import Probe, no_step, not_finite, only_for_centered, root, settled

__all__ = ["STEPLEMAN_WINARSKY", "Stage", "SteplemanWinarsky"]

BETA = 4.0
FIRST = 0.25
"""The first h, over |x|."""
TRIALS = 12
"""How many h₀ are tried at most."""
STEPS = 40
"""How often h is shortened at most: 1 + 2·(12 + 40) evaluations."""


@dataclass(frozen=True)
class SteplemanWinarsky:
    """Shorten the step until (1) fails; for the centered difference of two points.

    Attributes
    ----------
    name : str
    start : float, optional
        h₀; by default that of (2).
    """

    name: str
    start: float | None = None

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step and its error."""
        if refusal := only_for_centered(self.name, formula):
            return refusal
        near = Probe(f, x, fmt, domain)
        doubt = ""
        h = near.number(self.start) if self.start is not None else near.number(FIRST) * near.scale
        h = near.rounded(min(h, near.longest(1, 1)))
        if self.start is None:
            middle = near.at([0.0])
            if not np.isfinite(middle[0]):
                return not_finite(near, [0.0], middle)
            found = searched_start(near, abs(middle[0]), h, noise)
            doubt = "" if found is not None else "no first step loses as many digits as it should"
            h = h if found is None else found
        return shortened(near, h, noise, doubt)


def searched_start(near: Probe, size: Any, h: Any, noise: float | None) -> Any | None:
    """Return an h₀ of (2) for |f(x)|, or None."""
    error = near.noise(np.array([size]), noise)
    reference = size or near.number(1)
    least = near.number(BETA) * root(error / reference if error else near.u, 3)
    low, high = near.number(0), near.longest(1, 1)
    for _ in range(TRIALS):
        if h <= low or h < near.spacing:
            return None
        values = near.at([-h, h])
        difference = abs(values[1] - values[0]) / reference
        if not np.isfinite(difference) or difference >= 1:
            high = h
            h = root(low, 2) * root(high, 2) if low else h / BETA
        elif difference < least:
            low = h
            # Where the difference is 0, or the interval has an upper end, by no more than is known.
            wanted = h * 2 * least / difference if difference else h * BETA
            h = min(wanted, h * power(BETA, 5)) if wanted < high else root(low, 2) * root(high, 2)
        else:
            return h
        h = near.rounded(h)
    return None


@dataclass(frozen=True)
class Stage:
    """One step of the sequence: h, D(h), its distance from the quotient before (∞ for the first), and ε."""

    step: Any
    quotient: Any
    change: Any
    noise: Any


def shortened(near: Probe, h: Any, noise: float | None, doubt: str) -> Choice:
    """Return the last step of the sequence h, h/β, … that (1) lets pass; it begins anew where f is not finite."""
    last: Stage | None = None
    missing: Choice | None = None
    for _ in range(STEPS):
        if h < near.spacing:
            break
        values = near.at([-h, h])
        if np.isfinite(values).all():
            quotient = (values[1] - values[0]) / 2 / h
            change = near.number(np.inf) if last is None else abs(quotient - last.quotient)
            if last is not None and (not change or change > last.change):
                return _answer(near, last, doubt)
            last = Stage(h, quotient, change, near.noise(values, noise))
        else:
            last, missing = None, not_finite(near, [-h, h], values)
        h = near.rounded(h / near.number(BETA))
    if last is None:
        return missing or no_step("there is no room for a step of at least one ulp of x")
    return _answer(near, last, "the differences of the quotients shrink down to the shortest step that was tried")


def _answer(near: Probe, stage: Stage, doubt: str) -> Choice:
    truncation = stage.change / (BETA * BETA - 1) if np.isfinite(stage.change) else 0
    return settled(near, CENTERED, stage.step, truncation + stage.noise / stage.step, doubt)


STEPLEMAN_WINARSKY = SteplemanWinarsky("stepleman_winarsky")
