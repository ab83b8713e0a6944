r"""Curtis and Reid 1974: a step at which the truncation error is about a hundred times the rounding error.

From f at x and x ± h, with the error ε of a function value,

    T = |forward − centered difference| = |f(x + h) − 2f(x) + f(x − h)| / 2h,      R = ε/h,      q = T/R.          (1)

T is the truncation error of the forward difference, far above that of the centered one, which is why q is aimed at
100 and not at ½. A step is accepted if q is in [10, 1000]; otherwise

    h ← h·√(100/max(q, 1)),                                                                                        (2)

which grows by 10 at most, and shrinks by 1000 at most. The step is for the centered difference.

Where the second difference is 0 to rounding, q < ε_M^(4/5) with the machine epsilon ε_M, f is linear, or odd about x,
and (2) would run away: then the step is 16h, as in pnd. The search begins at ∛u·|x|, keeps within a factor of 10⁵ of
its start, and ends after 20 steps. A step at which f is not finite is divided by 100, as in CasADi; the search begins
again there, stays below half of that step, and takes no 16h.

The paper was not to be had. Sources of (1), (2), 100 and [10, 1000]: pnd (R, step.CR, and its vignette on the selection
of steps, whose numbers the test reproduces), and CasADi (FiniteDiff), which has |f(x + h) − 2f(x) + f(x − h)|/ε for q,
twice (1), and takes one step of (2). pnd's ε is ε_M^(7/8)|f|, that of its vignette u|f|, as here. The bound of 1000 on
how much h shrinks has no second source; a test shows where it matters.

References
----------
A. R. Curtis and J. K. Reid, The choice of step lengths when using differences to approximate Jacobian matrices, J.
Inst. Maths Applics 13 (1974) 121-126.
A. Kostyrka, pnd: parallel numerical derivatives in R, version 0.1.1 (2025), R/stepCR.R.
J. Andersson et al., CasADi, casadi/core/finite_differences.cpp.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.floats.fixed_order import power
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import CENTERED, Method
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.evaluation import Probe, no_step, not_finite, only_for_centered, root, settled

__all__ = ["CURTIS_REID", "CurtisReid"]

AIM = 100.0
"""The ratio that (2) aims at."""
ACCEPTED = (10.0, 1000.0)
SHRINK = 1000.0
"""How much one step of (2) shrinks h at most."""
LARGE = 16.0
"""What h is multiplied by where the second difference is 0."""
RANGE = 1e5
STEPS = 20
"""How often f is evaluated at x ± h at most: 41 evaluations with that at x."""


@dataclass(frozen=True)
class CurtisReid:
    """Search for the step by (2); for the centered difference of two points.

    Attributes
    ----------
    name : str
    start : float, optional
        The first step; by default ∛u·|x|, with 1 for |x| near 0.
    """

    name: str
    start: float | None = None

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step; its error is T + R, for which T is too large by far."""
        if refusal := only_for_centered(self.name, formula):
            return refusal
        near = Probe(f, x, fmt, domain)
        middle = near.at([0.0])[0]
        if not np.isfinite(middle):
            return not_finite(near, [0.0], np.array([middle]))
        h = near.number(self.start) if self.start is not None else root(near.u, 3) * near.scale
        h = near.rounded(min(h, near.longest(1, 1)))
        low, high = h / RANGE, h * RANGE
        largest, retreated = high, False
        last: Choice | None = None
        linear = root(power(2 * near.u, 4), 5)  # ε_M^(4/5)
        for _ in range(STEPS):
            high = min(largest, near.longest(1, 1))
            outer = near.at([-h, h])
            if not np.isfinite(outer).all():
                last = not_finite(near, [-h, h], outer)
                h = near.rounded(h / AIM)
                low, largest, retreated = h / RANGE, h * AIM / 2, True
                if h < near.spacing:
                    return last
                continue
            error, q = ratio(near, middle, outer, h, noise)
            last = settled(near, CENTERED, h, error, "" if ACCEPTED[0] <= q <= ACCEPTED[1] else f"T/R is {q:.3g}")
            if ACCEPTED[0] <= q <= ACCEPTED[1]:
                return last
            if q < linear:
                doubt = "the second difference is 0: f is linear, or odd about x"
                return settled(near, CENTERED, h if retreated else min(LARGE * h, high), None, doubt)
            following = near.rounded(min(max(moved(h, q), low, near.spacing), high))
            if following == h:
                return last
            h = following
        return last or no_step(f"no step of {STEPS} has finite values of f")


def ratio(near: Probe, middle: Any, outer: np.ndarray, h: Any, noise: float | None) -> tuple[Any, Any]:
    """Return T + R and q of (1); q is 0 where T is, and ∞ where R alone is 0."""
    error = near.noise(np.append(outer, middle), noise)
    difference = abs((outer[1] - middle) - (middle - outer[0])) / 2
    q = difference / error if error else near.number(np.inf if difference else 0)
    return (difference + error) / h, q


def moved(h: Any, q: Any) -> Any:
    """Return the step after (2)."""
    return h / SHRINK if not q < AIM * SHRINK * SHRINK else h * root(AIM / max(q, type(h)(1)), 2)


CURTIS_REID = CurtisReid("curtis_reid")
