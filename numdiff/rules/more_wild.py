r"""Moré and Wild (2012): the step of a forward difference of a noisy function, from a coarse second derivative.

If the errors of two values are independent, with standard deviation σ, the mean square error of (f(x + h) − f(x))/h is
at most h²μ²/4 + 2σ²/h² with μ ≥ |f″|, and smallest for

    h = 8^(1/4)·√(σ/μ),        where its root is 2^(1/4)·√(σμ).                                                     (1)

μ comes from a second difference Δ = |f(x + k) − 2f(x) + f(x − k)| as Δ/k², first with k = σ^(1/4), which is accepted if

    Δ ≥ 100σ      and      |f(x ± k) − f(x)| ≤ 0.1·max(|f(x)|, |f(x ± k)|);                                         (2)

otherwise once more with k = (σ/μ)^(1/4). That one is accepted if it satisfies (2), or differs from the first μ by at
most half of itself; else the rule has no answer. So it has none for a straight line (μ = 0).

σ is what the user knows, or else is found by ECnoise (`numdiff.rules.ecnoise`); where that fails there is no answer.
The backward difference is the same with f mirrored. The rule takes 6 evaluations at most, up to 70 more for the noise,
and 2 for the difference.

References
----------
J. J. Moré and S. M. Wild, Estimating derivatives of noisy simulations, ACM Trans. Math. Softw. 38 (2012) 19:1-19:21.
J. J. Moré and S. M. Wild, f2est_simple.m (2010), the authors' code of (2): 100, 0.1, σ^(1/4) and the half, there of the
larger of both estimates; (max|f| − min|f|)/max|f| ≤ 0.1 in place of the second of (2).
J. J. Moré, dnest.f (MINPACK-2, 1997), and S. M. Wild, a script (2016): the factor 1.68 of (1).
A public port to Python for the method of Berahas, Byrd and Nocedal (SIAM J. Optim. 29 (2019) 965-993) has 8^(1/4), (2)
as it stands here, and the half of the second estimate. The article itself was not at hand; (1) follows from its model.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import BACKWARD, FORWARD, Method
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.ecnoise import noise_near
from numdiff.rules.evaluation import Probe, no_step, not_finite, only_for_one_sided, root, settled
from numdiff.rules.working import first_step

__all__ = ["MORE_WILD", "MoreWild"]

_SIGNAL = 100
_RANGE = Fraction(1, 10)


@dataclass(frozen=True)
class MoreWild:
    """Balance noise and curvature in the mean square; for the forward and the backward first difference.

    Attributes
    ----------
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff.rules.run import run_rule
    >>> from numdiff.formulas.stencil import FORWARD
    >>> choice = run_rule("more_wild", np.exp, 0.0, FORWARD, noise=1e-6)
    >>> f"{choice.step:.5f}, error about {choice.error:.5f}"
    '0.00168, error about 0.00119'
    """

    name: str

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step, and the root mean square error there."""
        if (refusal := only_for_one_sided(self.name, formula)) is not None:
            return refusal
        near = Probe(f, x, fmt, domain)
        sigma = noise_near(near).value if noise is None else near.number(noise)
        if not sigma:
            return no_step("ECnoise finds no noise of f around x; give noise")
        curvature = _curvature(near, sigma)
        if isinstance(curvature, Choice):
            return curvature
        length = root(near.number(8), 4) * np.sqrt(sigma / curvature)
        stencil = BACKWARD if formula.direction < 0 else FORWARD
        return settled(near, stencil, length, root(near.number(2), 4) * np.sqrt(sigma * curvature))


@dataclass(frozen=True)
class _Second:
    """A second difference: its quotient, and whether (2) holds."""

    quotient: Any
    holds: bool


def _curvature(near: Probe, sigma: Any) -> Any:
    """Return μ, or the reason why there is none."""
    first = _second_difference(near, root(sigma, 4), sigma)
    if isinstance(first, Choice):
        return first
    if not first.quotient:
        return no_step("the second difference is 0: f is a straight line, as far as it can be seen")
    if first.holds:
        return first.quotient
    second = _second_difference(near, root(sigma / first.quotient, 4), sigma)
    if isinstance(second, Choice):
        return second
    if second.holds or 2 * abs(second.quotient - first.quotient) <= second.quotient:
        return second.quotient
    return no_step(f"two estimates of |f″| disagree: {first.quotient!s} and {second.quotient!s}")


def _second_difference(near: Probe, length: Any, sigma: Any) -> Any:
    """Return the second difference with a step of about a length, or the reason why there is none."""
    step = first_step(near, length, 1, 1)
    if isinstance(step, Choice):
        return step
    k = near.number(step)
    values = near.at((k, 0, -k))
    if not np.isfinite(values).all():
        return not_finite(near, (k, 0, -k), values)
    right, middle, left = values
    difference = abs(right - 2 * middle + left)
    ends = ((right, abs(right - middle)), (left, abs(left - middle)))
    short = all(change <= near.number(_RANGE) * max(abs(middle), abs(end)) for end, change in ends)
    return _Second(difference / (k * k), bool(difference >= _SIGNAL * sigma and short))


MORE_WILD = MoreWild("more_wild")
